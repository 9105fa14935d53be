import { defineCheck } from '../../helpers/check.ts'
import { jwtAttacks } from '../../helpers/probes/auth.ts'
import { attackVerdict, curlRoute, eachFlow, flowOf, hasReadable, hasToken, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/jwt-signature-checked',
  title: 'Changed tokens are refused',
  failureTitle: 'A changed token is accepted',
  why: 'A token whose signature nobody checks is a form that visitors fill in themselves.',
  source: 'RFC 8725 §3.3',
  severity: 'critical',
  codes: {
    'auth.jwt.signature-unchecked': {
      meaning: 'A token with changed content, or with a changed or missing signature, is accepted.',
      fix: 'Verify where tokens are read; decoding is not verifying.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasToken(flow) && hasReadable(flow)),
  unless: undeclared('login with access tokens and a protected route'),
  needs: (subject, target) => ({ seen: jwtAttacks(flowOf(subject), target) }),
  judge: ({ seen }) => attackVerdict(seen, 'signature', 'auth.jwt.signature-unchecked'),
  reproduce: (subject, target) => curlRoute(target, subject),
  covers: ['A48'],
})
