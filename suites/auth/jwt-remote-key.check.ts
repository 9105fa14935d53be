import { defineCheck } from '../../helpers/check.ts'
import { jwtAttacks } from '../../helpers/probes/auth.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { attackVerdict, curlRoute, eachFlow, evidence, flowOf, hasReadable, hasToken, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/jwt-remote-key',
  title: 'No key is fetched from where a token says',
  failureTitle: 'A key is fetched from where a token says',
  why: 'Whoever writes a token writes jku and x5u too: a server that follows them asks any address in its own network, and may believe the key it finds.',
  source: 'RFC 8725 §3.10; OWASP ASVS 9.1.3',
  severity: 'critical',
  codes: {
    'auth.jwt.remote-key-accepted': {
      meaning: 'A token is accepted that is signed with a key at an address which it names itself (jku, x5u).',
      fix: 'Ignore jku and x5u; take keys from an address that you configured.',
    },
    'auth.jwt.remote-key-fetched': {
      meaning: 'The address that a token names (jku, x5u) is asked for a key, though the token is refused: requests of a stranger from inside.',
      fix: 'Ignore jku and x5u, or compare them with a fixed list before anything is asked.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasToken(flow) && hasReadable(flow) && flow.token?.canary !== undefined),
  unless: undeclared('token.canary (an address of this machine that the target can reach) beside a login with access tokens and a protected route'),
  needs: (subject, target) => ({ seen: jwtAttacks(flowOf(subject), target) }),
  judge: ({ seen }) => {
    const verdict = attackVerdict(seen, 'remote-key', 'auth.jwt.remote-key-accepted')
    if (verdict.outcome !== 'pass' && verdict.outcome !== 'inconclusive') return verdict
    const fetched = seen.fetched ?? []
    const tried = seen.attacks.filter(({ group }) => group === 'remote-key')
    const told = (received: string): Finding['evidence'] => ({
      what: 'requests for the key that the tokens name',
      expected: 'none',
      received,
      at: seen.before.at,
    })
    if (fetched.length > 0) return worst([{ grade: 'fail', code: 'auth.jwt.remote-key-fetched', evidence: told(fetched.join(', ')), severity: 'high' }])
    if (verdict.outcome !== 'pass') return verdict
    return worst([{ grade: 'pass', evidence: told('none') }, ...tried.map(({ answer }): Finding => ({ grade: 'pass', evidence: evidence(answer, 'refused') }))])
  },
  reproduce: (subject, target) => curlRoute(target, subject),
})
