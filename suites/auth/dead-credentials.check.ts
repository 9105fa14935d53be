import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { authDead } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/dead-credentials',
  title: 'Credentials that were revoked are refused',
  failureTitle: 'Credentials that were revoked still work',
  why: 'The token that set a system up is in shell histories and tickets; it must not open anything afterwards.',
  source: 'OWASP ASVS 13.2.4; CWE-613',
  severity: 'critical',
  codes: {
    'auth.dead.alive': { meaning: 'A declared dead credential still opens a route.', fix: 'Revoke or rotate it, and look for what was done with it.' },
    'auth.dead.open': {
      meaning: 'The route answers without credentials, so it cannot show whether they are dead.',
      fix: 'Protect the route, or name another one.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => flow.dead !== undefined),
  unless: undeclared('dead credentials'),
  needs: (subject, target) => ({ seen: authDead(flowOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = unanswered(seen.pairs.flatMap(({ answer, without }) => [answer, without]))
    if (blind !== undefined) return blind
    const findings = seen.pairs.map(({ answer, without }): Finding => {
      if (succeeded(without)) return { grade: 'fail', code: 'auth.dead.open', evidence: evidence(without, 'refused'), severity: 'high' }
      return succeeded(answer)
        ? { grade: 'fail', code: 'auth.dead.alive', evidence: evidence(answer, 'refused') }
        : { grade: 'pass', evidence: evidence(answer, 'refused') }
    })
    return findings.length === 0 ? inconclusive('unobserved', 'no credential was tried') : worst(findings)
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, { url: flow.dead?.[0]?.url ?? '' }, { headers: [['Authorization', 'Bearer {DEAD_TOKEN}']] })
  },
  covers: ['B38'],
})
