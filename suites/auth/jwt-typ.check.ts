import { defineCheck } from '../../helpers/check.ts'
import { jwtAttacks } from '../../helpers/probes/auth.ts'
import { attackVerdict, curlRoute, eachFlow, flowOf, hasReadable, hasToken, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/jwt-typ',
  title: 'ID tokens do not open protected routes',
  failureTitle: 'An ID token opens a protected route',
  why: 'An ID token tells a page who is there; it is handed around and lives longer than an access token.',
  source: 'RFC 9068 §4; RFC 8725 §3.11',
  severity: 'high',
  codes: {
    'auth.jwt.id-token-accepted': {
      meaning: 'The ID token of the login is accepted as access token.',
      fix: 'Check typ (at+jwt) and aud where tokens are verified.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasToken(flow) && hasReadable(flow) && flow.token?.idToken !== undefined),
  unless: undeclared('token.idToken'),
  needs: (subject, target) => ({ seen: jwtAttacks(flowOf(subject), target) }),
  judge: ({ seen }) => attackVerdict(seen, 'id-token', 'auth.jwt.id-token-accepted'),
  reproduce: (subject, target) => curlRoute(target, subject),
})
