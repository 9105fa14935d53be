import { defineCheck } from '../../helpers/check.ts'
import { isChallenge, mediaType } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { assetLook } from '../../helpers/probes/page.ts'
import { type Evidence, type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { at, curlUrl, paths, policyOf, reusable, sharedHit } from './shared.ts'

/** Ways to make a personal page look like a style sheet to a cache that goes by the end of the path. */
const DISGUISES: readonly string[] = ['/postproof-none.css', ';postproof-none.css', '%2fpostproof-none.css']
const disguised = (url: string, end: string): string => `${url.split('?', 1)[0]?.replace(/\/$/, '')}${end}`

export default defineCheck({
  id: 'caching/deception',
  title: 'Personal pages cannot be disguised as assets',
  failureTitle: 'A personal page can be disguised as an asset',
  why: 'A cache that stores by file ending keeps /account/x.css, the application answers it with the account: whoever lures a user there reads it afterwards.',
  source: 'OWASP WSTG (web cache deception), ASVS 14.2.5',
  severity: 'medium',
  codes: {
    'caching.deception': {
      meaning: 'The disguised path gets the answer of the personal one and may be stored for everybody.',
      fix: 'Answer 404 for unknown paths below personal routes; let the edge store only what says so itself.',
    },
    'caching.deception.hit': {
      meaning: 'The disguised path was answered out of a shared cache.',
      fix: 'Let the edge follow Cache-Control instead of file endings; empty the cache now.',
    },
  },
  options: {},
  subjects: paths((host) => host.declared.sensitivePaths ?? []),
  unless: { skip: 'not-declared', reason: 'no host declares personal paths (sensitivePaths)' },
  needs: (subject): Record<string, Probe<HttpObservation>> => ({
    real: assetLook(subject.name),
    ...Object.fromEntries(DISGUISES.map((end) => [end, assetLook(disguised(subject.name, end))])),
  }),
  judge: (seen) => {
    const { real, ...others } = seen as Record<string, HttpObservation> & { real: HttpObservation }
    const obstacle = (one: HttpObservation): boolean => isChallenge(one) || one.status === 429 || one.status >= 500
    if (obstacle(real)) return inconclusive('unobserved', `the personal path answered ${real.status}`)
    const findings: Finding[] = []
    let refused = 0
    let blind: { readonly status: number; readonly evidence: Evidence } | undefined
    for (const answer of Object.values(others)) {
      const policy = policyOf(answer)
      const alike = answer.status === real.status && mediaType(answer.headers) === mediaType(real.headers)
      const hit = sharedHit(answer)
      const evidence = at(
        answer,
        'disguised path',
        'another answer than the personal one, or not stored',
        `${answer.status}${alike ? ' like the personal one' : ''}, ${policy.shown}${hit === undefined ? '' : `, ${hit}`}`,
      )
      // An obstacle (a firewall that dislikes the path) keeps the attack away as well, but shows nothing of what is behind it.
      if (obstacle(answer)) {
        blind ??= { status: answer.status, evidence }
        continue
      }
      // Both are refused alike and nothing is said to caches: what a signed-in visitor would get, and who would keep it, is not seen.
      const said = policy.control.noStore || policy.control.private
      if (alike && (real.status < 200 || real.status >= 300) && !said) refused += 1
      if (alike && hit !== undefined) findings.push({ grade: 'fail', code: 'caching.deception.hit', evidence })
      else findings.push({ grade: alike && (reusable(policy) || (policy.heuristic && policy.sharable)) ? 'fail' : 'pass', code: 'caching.deception', evidence })
    }
    // It hides nothing that another disguise has shown.
    if (blind !== undefined && findings.every(({ grade }) => grade !== 'fail'))
      return inconclusive('unobserved', `a disguised path answered ${blind.status}`, blind.evidence)
    const verdict = worst(findings)
    return verdict.outcome === 'pass' && refused > 0
      ? skip(
          'no-access',
          `anonymous visitors get ${real.status} for the personal path and for a disguised one alike, with no rule for caches`,
          verdict.evidence,
        )
      : verdict
  },
  reproduce: (subject, target) => curlUrl({ ...subject, name: disguised(subject.name, DISGUISES[0] as string) }, target),
})
