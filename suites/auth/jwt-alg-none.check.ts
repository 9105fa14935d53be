import { defineCheck } from '../../helpers/check.ts'
import { jwtAttacks } from '../../helpers/probes/auth.ts'
import { attackVerdict, curlRoute, eachFlow, flowOf, hasReadable, hasToken, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/jwt-alg-none',
  title: 'Tokens without a signature are refused',
  failureTitle: 'A token without a signature is accepted',
  why: 'Whoever may choose the algorithm chooses none, and writes any name into the token.',
  source: 'RFC 8725 §3.1; WSTG-SESS-10',
  severity: 'critical',
  codes: {
    'auth.jwt.alg-none': {
      meaning: 'A token whose header says alg none is accepted.',
      fix: 'Pin the algorithm where tokens are verified; never take it from the token.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasToken(flow) && hasReadable(flow)),
  unless: undeclared('login with access tokens and a protected route'),
  needs: (subject, target) => ({ seen: jwtAttacks(flowOf(subject), target) }),
  judge: ({ seen }) => attackVerdict(seen, 'alg-none', 'auth.jwt.alg-none'),
  reproduce: (subject, target) => curlRoute(target, subject),
  covers: ['A48'],
})
