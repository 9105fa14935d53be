import { defineCheck } from '../../helpers/check.ts'
import { jwtAttacks } from '../../helpers/probes/auth.ts'
import { attackVerdict, curlRoute, eachFlow, flowOf, hasReadable, hasToken, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/jwt-psychic-signature',
  title: 'A signature of zeros is refused',
  failureTitle: 'A signature of zeros is accepted',
  why: 'Some releases of Java accept an ECDSA signature of zeros for every content.',
  source: 'CVE-2022-21449; WSTG-SESS-10',
  severity: 'critical',
  codes: {
    'auth.jwt.psychic': {
      meaning: 'An ECDSA signature with r = s = 0 is accepted.',
      fix: 'Update the runtime of whoever verifies (Java 17.0.3, 18.0.1 or later).',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasToken(flow) && hasReadable(flow)),
  unless: undeclared('login with access tokens and a protected route'),
  needs: (subject, target) => ({ seen: jwtAttacks(flowOf(subject), target) }),
  judge: ({ seen }) => attackVerdict(seen, 'psychic', 'auth.jwt.psychic'),
  reproduce: (subject, target) => curlRoute(target, subject),
})
