import { defineCheck } from '../../helpers/check.ts'
import { jwtAttacks } from '../../helpers/probes/auth.ts'
import { attackVerdict, curlRoute, eachFlow, flowOf, hasReadable, hasToken, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/jwt-aud-iss-enforced',
  title: 'Tokens for another audience are refused',
  failureTitle: 'A token for another audience is accepted',
  why: 'One issuer signs for many services; a token of the least of them must not open the others.',
  source: 'RFC 8725 §3.9',
  severity: 'high',
  codes: { 'auth.jwt.foreign-accepted': { meaning: 'A valid token for another audience is accepted.', fix: 'Check aud and iss where tokens are verified.' } },
  options: {},
  subjects: eachFlow((flow) => hasToken(flow) && hasReadable(flow) && flow.token?.foreign !== undefined),
  unless: undeclared('token.foreign'),
  needs: (subject, target) => ({ seen: jwtAttacks(flowOf(subject), target) }),
  judge: ({ seen }) => attackVerdict(seen, 'foreign', 'auth.jwt.foreign-accepted'),
  reproduce: (subject, target) => curlRoute(target, subject),
})
