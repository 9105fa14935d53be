import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { scriptNonces } from '../../helpers/grammar/content-security-policy.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { documentAgain } from './probes.ts'
import { curlDocument, evidenceOf, noPages, pageOr, policiesOf, showsPages, tagsOf, usable } from './shared.ts'

const noncesOf = (seen: HttpObservation): readonly string[] => scriptNonces(policiesOf(seen).enforced).map(({ value }) => value)
/** Enough to compare, too little to use. */
const short = (nonces: readonly string[]): string => (nonces.length === 0 ? 'none' : nonces.map((nonce) => `${nonce.slice(0, 6)}…`).join(' '))

export default defineCheck({
  id: 'headers/csp-nonce-fresh',
  title: 'Every answer has its own nonce',
  failureTitle: 'The nonce is the same in several answers',
  why: 'A nonce that can be read beforehand protects nothing; one frozen in a cache is known to everybody.',
  source: 'CSP3 §7.1',
  severity: 'high',
  codes: {
    'headers.csp.nonce-constant': { meaning: 'The nonce does not change from answer to answer.', fix: 'Make a new one of 16 random bytes for every answer.' },
    'headers.csp.nonce-cached': {
      meaning: 'A cache serves the same nonce again.',
      fix: 'Do not cache pages with a nonce (Cache-Control: no-store), or use hashes.',
    },
    'headers.csp.nonce-mismatch': {
      meaning: 'Scripts of the page carry a nonce that the policy does not name: browsers block them.',
      fix: 'Header and document must come from the same rendering.',
    },
  },
  options: {},
  subjects: eachHost(showsPages),
  unless: noPages,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)), repeated: documentAgain(hostOf(subject)) }),
  judge: ({ chain, repeated }, { subject }) => {
    const basis = pageOr(chain, hostOf(subject))
    if (basis.verdict !== undefined) return basis.verdict
    const nonces = noncesOf(basis.seen)
    if (nonces.length === 0) return skip('not-applicable', 'the policy uses no nonce')
    const again = usable(repeated.again)
    const fresh = usable(repeated.fresh)
    if (again === undefined || fresh === undefined) return inconclusive('unobserved', 'the document did not come a second time')
    if (noncesOf(again).length === 0 && noncesOf(fresh).length === 0)
      return inconclusive('unobserved', `neither of two further answers (${again.status}, ${fresh.status}) had a nonce to compare with`)
    const same = (other: HttpObservation): boolean => noncesOf(other).some((nonce) => nonces.includes(nonce))
    const received = `${short(nonces)}, then ${short(noncesOf(again))}, past caches ${short(noncesOf(fresh))}`
    const evidence = evidenceOf(again, 'nonce', 'another one in every answer', received)
    const findings: Finding[] = []
    if (same(fresh)) findings.push({ grade: 'fail', code: 'headers.csp.nonce-constant', evidence })
    else if (same(again)) findings.push({ grade: 'fail', code: 'headers.csp.nonce-cached', evidence })
    else findings.push({ grade: 'pass', evidence })
    // Only inline code hangs on the nonce alone: a file may be let in by its host.
    const wrong = tagsOf(basis.seen).filter(
      ({ name, attributes }) =>
        name === 'script' &&
        !attributes.has('src') &&
        /^(?:|module|text\/javascript|application\/javascript)$/i.test(attributes.get('type')?.trim() ?? '') &&
        attributes.has('nonce') &&
        !nonces.includes(attributes.get('nonce') ?? ''),
    )
    if (wrong.length > 0)
      findings.push({
        grade: 'fail',
        code: 'headers.csp.nonce-mismatch',
        evidence: evidenceOf(basis.seen, 'nonces of scripts', 'those of the policy', `${wrong.length} scripts with another`),
      })
    return worst(findings)
  },
  reproduce: curlDocument,
  covers: [],
})
