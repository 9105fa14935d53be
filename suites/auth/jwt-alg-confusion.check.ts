import { defineCheck } from '../../helpers/check.ts'
import { jwtAttacks } from '../../helpers/probes/auth.ts'
import { attackVerdict, curlRoute, eachFlow, flowOf, hasReadable, hasToken, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/jwt-alg-confusion',
  title: 'The public key is no secret to sign with',
  failureTitle: 'A token signed with the public key is accepted',
  why: 'A verifier that takes the algorithm from the token checks an HMAC with the public key, which everybody has.',
  source: 'RFC 8725 §2.1, §3.1',
  severity: 'critical',
  codes: {
    'auth.jwt.alg-confusion': {
      meaning: 'A token signed as HS256 with the public key of the issuer is accepted.',
      fix: 'Pin the algorithm to that of the key.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasToken(flow) && hasReadable(flow)),
  unless: undeclared('login with access tokens and a protected route'),
  needs: (subject, target) => ({ seen: jwtAttacks(flowOf(subject), target) }),
  judge: ({ seen }) => attackVerdict(seen, 'confusion', 'auth.jwt.alg-confusion'),
  reproduce: (subject, target) => curlRoute(target, subject),
})
