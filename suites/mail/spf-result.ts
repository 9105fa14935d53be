/** What a result of SPF means for mail that must come through, wherever it was found. */
import type { SpfEvaluation } from '../../helpers/probes/spf.ts'
import { type Evidence, fail, inconclusive, pass, type Verdict, warn } from '../../helpers/verdict.ts'

/** @param codes beginning of the codes: `<codes>.fail`, `.softfail`, `.neutral`, `.none`, `.permerror` */
export function judgeSpf(spf: SpfEvaluation, codes: 'mail.received.spf' | 'mail.spf.sender', found: Omit<Evidence, 'expected' | 'received'>): Verdict {
  const { result, reason, lookups, voids } = spf
  const evidence: Evidence = { ...found, expected: 'pass', received: `${result}: ${reason} (${lookups} lookups, ${voids} of them void)` }
  switch (result) {
    case 'pass':
      return pass(evidence)
    case 'softfail':
      return warn(`${codes}.softfail`, evidence)
    case 'fail':
    case 'neutral':
    case 'none':
    case 'permerror':
      return fail(`${codes}.${result}`, evidence)
    case 'temperror':
      return inconclusive('unobserved', reason, evidence)
    default:
      return result satisfies never
  }
}
