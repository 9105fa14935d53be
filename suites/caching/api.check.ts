import { defineCheck } from '../../helpers/check.ts'
import { headerValue, isChallenge } from '../../helpers/headers.ts'
import { assetLook } from '../../helpers/probes/page.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { at, curlUrl, duration, paths, policyOf, reusable, sharedHit } from './shared.ts'

export default defineCheck({
  id: 'caching/api',
  title: 'Answers of the API are not kept for everybody',
  failureTitle: 'Answers of the API are kept for everybody',
  why: 'A shared cache hands an answer made for one caller to the next, and yesterday’s data to both.',
  source: 'RFC 9111 §3, §4.2.2; OWASP ASVS 14.3.2',
  severity: 'medium',
  codes: {
    'caching.api.public': {
      meaning: 'Shared caches may hand the answer to others without asking.',
      fix: 'Send Cache-Control: no-store (or private, no-cache) on API routes.',
    },
    'caching.api.shared-hit': {
      meaning: 'The answer came out of a shared cache.',
      fix: 'Take API routes out of the cache of the edge; send Cache-Control: no-store.',
    },
    'caching.api.heuristic': {
      meaning: 'Nothing is said about its life: caches guess one from Last-Modified.',
      fix: 'Send Cache-Control: no-store on API routes.',
    },
  },
  options: {},
  subjects: paths((host) => host.declared.apiPaths ?? []),
  unless: { skip: 'not-declared', reason: 'no host declares API routes (apiPaths)' },
  needs: (subject) => ({ seen: assetLook(subject.name) }),
  judge: ({ seen }) => {
    const policy = policyOf(seen)
    const evidence = at(seen, `caching of status ${seen.status}`, 'no-store, private or no-cache', policy.shown)
    if (isChallenge(seen) || seen.status === 429 || seen.status >= 500) return inconclusive('unobserved', `the route answered ${seen.status}`, evidence)
    const hit = sharedHit(seen)
    if (hit !== undefined) return fail('caching.api.shared-hit', [at(seen, 'sign of a shared cache', 'none', hit), evidence])
    if (reusable(policy))
      return fail('caching.api.public', { ...evidence, received: `${evidence.received}: everybody for ${duration(policy.sharedSeconds ?? 0)}` })
    if (policy.heuristic && policy.sharable)
      return warn('caching.api.heuristic', {
        ...evidence,
        received: `${evidence.received}; Last-Modified: ${headerValue(seen.headers, 'last-modified') ?? 'absent'}`,
      })
    return pass(evidence)
  },
  reproduce: curlUrl,
  covers: ['D36'],
})
