import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive } from '../../helpers/verdict.ts'
import { type Answer, authGate } from '../../helpers/probes/auth.ts'
import { concluded, curlRoute, eachFlow, evidence, flowOf, hasLogin, noLogin, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/roles',
  title: 'Routes answer each role as declared',
  failureTitle: 'A route answers a role otherwise than declared',
  why: 'A menu that hides the administration protects nothing: its routes must ask who is there.',
  source: 'OWASP ASVS 8.2; OWASP API5:2023',
  severity: 'critical',
  codes: {
    'auth.roles.open': { meaning: 'A role gets what the target keeps from it.', fix: 'Check the role on the server, on that route.' },
    'auth.roles.refused': { meaning: 'A role is refused what the target gives it.', fix: 'Look at the role of the account and at the rule of the route.' },
    'auth.roles.status': {
      meaning: 'A role is refused with another status than declared.',
      fix: 'Answer 403 to whom is known and may not; 401 asks for another login.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasLogin(flow) && (flow.protected ?? []).some(({ roles }) => roles !== undefined)),
  unless: undeclared('protected route with `roles`'),
  needs: (subject, target) => ({ seen: authGate(flowOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = noLogin(seen.login)
    if (blind !== undefined) return blind
    const unasked: string[] = []
    const unheard: Answer[] = []
    const findings = seen.routes.flatMap(({ route, roles }) =>
      Object.entries(route.roles ?? {}).flatMap(([role, status]): Finding[] => {
        const answer = roles.find((one) => one.role === role)?.answer
        if (answer === undefined) {
          unasked.push(role)
          return []
        }
        if (unanswered([answer]) !== undefined) {
          unheard.push(answer)
          return []
        }
        const wanted = [status].flat()
        const expected = `status ${wanted.join(', ')} as ${role}`
        if (wanted.includes(answer.status)) return [{ grade: 'pass', evidence: evidence(answer, expected, String(answer.status)) }]
        const granted = wanted.some((one) => one >= 200 && one < 300)
        if (succeeded(answer) && !granted) return [{ grade: 'fail', code: 'auth.roles.open', evidence: evidence(answer, expected) }]
        if (!succeeded(answer) && granted) return [{ grade: 'fail', code: 'auth.roles.refused', evidence: evidence(answer, expected), severity: 'high' }]
        return [{ grade: 'warn', code: 'auth.roles.status', evidence: evidence(answer, expected), severity: 'low' }]
      }),
    )
    // What nobody was asked as may be open to them.
    if (findings.every(({ grade }) => grade === 'pass')) {
      const blinded = unanswered(unheard)
      if (blinded !== undefined) return blinded
      if (unasked.length > 0)
        return inconclusive(
          'misused',
          `no account is declared with the role ${[...new Set(unasked)].join(', ')}, which the routes name`,
          findings.map((one) => one.evidence),
        )
    }
    return concluded(findings, inconclusive('misused', 'no account is declared with a role that the routes name'))
  },
  reproduce: (subject, target) => curlRoute(target, subject),
  covers: ['A51', 'E18'],
})
