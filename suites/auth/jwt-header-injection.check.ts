import { defineCheck } from '../../helpers/check.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { jwtAttacks } from '../../helpers/probes/auth.ts'
import { attackVerdict, curlRoute, eachFlow, evidence, flowOf, hasReadable, hasToken, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/jwt-header-injection',
  title: 'Keys are not taken from the token',
  failureTitle: 'A token brings its own key',
  why: 'A header that names the key is written by whoever wrote the token: a key inside it, a file, a row of a table.',
  source: 'RFC 8725 §3.10; OWASP ASVS 9.1.3',
  severity: 'critical',
  codes: {
    'auth.jwt.key-from-token': {
      meaning: 'A token is accepted that is signed with a key that it brings along, or that its kid makes empty.',
      fix: 'Take keys from a list of your own; look kid up in it and refuse what is not there; ignore jwk, jku, x5u and x5c.',
    },
    'auth.jwt.header-error': {
      meaning: 'A kid with a quote or a path ends in a server error: it reaches a database or a file system.',
      fix: 'Look kid up in a fixed list before anything else is done with it.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasToken(flow) && hasReadable(flow)),
  unless: undeclared('login with access tokens and a protected route'),
  needs: (subject, target) => ({ seen: jwtAttacks(flowOf(subject), target) }),
  judge: ({ seen }) => {
    const verdict = attackVerdict(seen, 'injection', 'auth.jwt.key-from-token')
    const errors = seen.attacks.filter(({ group, answer }) => group === 'injection' && answer.status >= 500)
    if (verdict.outcome !== 'pass' || errors.length === 0) return verdict
    return worst(errors.map(({ answer }): Finding => ({ grade: 'fail', code: 'auth.jwt.header-error', evidence: evidence(answer, '401'), severity: 'medium' })))
  },
  reproduce: (subject, target) => curlRoute(target, subject),
})
