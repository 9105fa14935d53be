import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { headerValues } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { lookAt } from './probes.ts'
import { errorLooks, usableOf } from './responses.ts'
import { answerOf, CSP, curlDocument, evidenceOf, noHosts, shownValues } from './shared.ts'

/** Fields that may come once; `words`: the value is one word, so a comma joins two fields. */
const ONCE: readonly { readonly name: string; readonly words?: true; readonly mayDiffer?: true }[] = [
  { name: 'strict-transport-security' },
  { name: 'x-frame-options', words: true },
  { name: 'x-content-type-options', words: true },
  { name: 'referrer-policy' },
  { name: 'x-xss-protection' },
  { name: 'cross-origin-opener-policy' },
  { name: 'cross-origin-embedder-policy' },
  { name: 'cross-origin-resource-policy', words: true },
  { name: 'content-type' },
  { name: 'content-length', words: true },
  { name: 'location' },
  { name: 'etag' },
  { name: 'last-modified' },
  { name: 'expires' },
  { name: 'date' },
  { name: 'age', words: true },
  { name: 'retry-after' },
  { name: 'server' },
  // Several policies are meant to be possible; the same one twice is not meant.
  { name: CSP, mayDiffer: true },
]

function repeatedIn(seen: HttpObservation): Finding[] {
  return ONCE.flatMap(({ name, words, mayDiffer }): Finding[] => {
    const fields = headerValues(seen.headers, name).map((value) => value.trim())
    const values = words === true ? fields.flatMap((value) => value.split(',').map((one) => one.trim().toLowerCase())) : fields
    if (values.length < 2) return []
    const evidence = evidenceOf(seen, name, 'once', shownValues(fields))
    const distinct = new Set(values).size
    if (distinct > 1) return mayDiffer === true ? [] : [{ grade: 'fail', code: 'headers.duplicates.conflict', evidence }]
    return [{ grade: 'warn', code: 'headers.duplicates.repeated', evidence }]
  })
}

export default defineCheck({
  id: 'headers/duplicates',
  title: 'Every header is said once',
  failureTitle: 'A header is said twice',
  why: 'Proxy and application both set it: one reader takes the first, another the last, a third joins them, and the next change is made in the wrong place.',
  source: 'RFC 9110 §5.3',
  severity: 'low',
  codes: {
    'headers.duplicates.repeated': {
      meaning: 'A header comes twice with the same value.',
      fix: 'Set it in one place (nginx: proxy_hide_header Name; before add_header).',
    },
    'headers.duplicates.conflict': {
      meaning: 'A header comes twice with different values.',
      fix: 'Decide which one holds and remove the other (nginx: proxy_hide_header Name;).',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject, target) => ({ chain: documentOf(hostOf(subject)), errors: lookAt(hostOf(subject), errorLooks(hostOf(subject), target)) }),
  judge: ({ chain, errors }, { subject }) => {
    const basis = answerOf(chain, hostOf(subject))
    if (basis.verdict !== undefined) return basis.verdict
    const answers = [...chain.hops.filter((hop) => hop.url.startsWith('https:')), ...usableOf(errors)]
    return worst([
      ...answers.flatMap(repeatedIn),
      { grade: 'pass', evidence: evidenceOf(basis.seen, 'headers', 'each once', `${basis.seen.headers.length} fields here, ${answers.length} answers read`) },
    ])
  },
  reproduce: curlDocument,
  covers: ['A32', 'C9'],
})
