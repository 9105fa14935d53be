import { defineCheck } from '../../helpers/check.ts'
import { originGrant, readCors } from '../../helpers/grammar/cors.ts'
import { isChallenge } from '../../helpers/headers.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { at, curl, entryOf, FOREIGN, real, routes, shown, welcome } from './shared.ts'

export default defineCheck({
  id: 'cors/error-responses',
  title: 'Errors carry the CORS headers too',
  failureTitle: 'Errors lack the CORS headers',
  why: 'The browser hides an answer without them: the application shows "network error" instead of "please sign in" or "too many requests".',
  source: 'Fetch, CORS check; nginx add_header without always',
  severity: 'medium',
  codes: {
    'cors.error-without-policy': {
      meaning: 'The policy is on successes only.',
      fix: 'nginx: add_header … always; put the CORS layer in front of limiter and authentication.',
    },
    'cors.error-duplicated': { meaning: 'An error carries the policy twice.', fix: 'Set the policy in one place.' },
  },
  options: {},
  subjects: routes((entry) => entry.errorPath !== undefined),
  unless: { skip: 'not-declared', reason: 'no CORS route declares an errorPath' },
  needs: (subject, target) => ({ seen: real(subject, welcome(subject, target)[0] ?? FOREIGN, entryOf(subject).errorPath ?? '/') }),
  judge: ({ seen }, { subject, target }) => {
    if (isChallenge(seen)) return inconclusive('unobserved', 'a challenge page stood before the interface')
    if (seen.status < 400) return inconclusive('misused', `errorPath answered ${seen.status}, no error`, at(seen, 'status', '4xx or 5xx', String(seen.status)))
    const origin = welcome(subject, target)[0] ?? FOREIGN
    const cors = readCors(seen.headers)
    const grant = originGrant(cors, origin)
    const evidence = at(seen, `answer ${seen.status} with Origin: ${origin}`, `Access-Control-Allow-Origin: ${origin}`, shown(cors))
    if (grant === 'list') return fail('cors.error-duplicated', evidence)
    return grant === 'exact' || (grant === 'any' && entryOf(subject).credentials !== true) ? pass(evidence) : warn('cors.error-without-policy', evidence)
  },
  reproduce: curl(
    (subject, target) => welcome(subject, target)[0] ?? FOREIGN,
    'GET',
    [],
    (entry) => entry.errorPath,
  ),
  covers: ['B18'],
})
