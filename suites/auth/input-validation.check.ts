import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { authInvalid, mainLogin } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, hasLogin, isOneOf, noLogin, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/input-validation',
  title: 'Malformed requests are refused as such',
  failureTitle: 'Malformed requests are not refused as such',
  why: 'What is not refused at the door breaks something behind it, or is shown to somebody else.',
  source: 'OWASP ASVS 2.2; RFC 9110 §15.5.21',
  severity: 'medium',
  codes: {
    'auth.input.error': { meaning: 'A malformed request ends in a server error.', fix: 'Validate before anything is done with it, and answer 400 or 422.' },
    'auth.input.accepted': { meaning: 'A malformed request is accepted.', fix: 'Validate on the server.' },
    'auth.input.echoed': {
      meaning: 'Markup from the request stands in an HTML answer as markup.',
      fix: 'Escape what comes from outside where it is written out.',
    },
    'auth.input.status': { meaning: 'A malformed request is refused with a status that says something else.', fix: 'Answer 400 or 422.' },
  },
  options: {},
  subjects: eachFlow((flow) => flow.invalid !== undefined),
  unless: undeclared('invalid'),
  needs: (subject, target) => ({
    seen: authInvalid(flowOf(subject), target),
    ...(hasLogin(flowOf(subject).flow) ? { login: mainLogin(flowOf(subject), target) } : {}),
  }),
  judge: ({ seen, login }, { subject }) => {
    const { flow } = flowOf(subject)
    const blind = (login === undefined ? undefined : noLogin(login)) ?? unanswered(seen.answers)
    if (blind !== undefined) return blind
    const findings = seen.answers.map((answer, index): Finding => {
      const wanted = flow.invalid?.[index]?.status
      const item = evidence(answer, `status ${[wanted ?? [400, 422]].flat().join(', ')}`)
      if (answer.html && /<script>postproof/i.test(answer.shape)) return { grade: 'fail', code: 'auth.input.echoed', evidence: item, severity: 'high' }
      if (isOneOf(wanted, answer, [400, 422])) return { grade: 'pass', evidence: item }
      if (succeeded(answer)) return { grade: 'fail', code: 'auth.input.accepted', evidence: item }
      if (answer.status >= 500) return { grade: 'fail', code: 'auth.input.error', evidence: item }
      return { grade: 'warn', code: 'auth.input.status', evidence: item }
    })
    return findings.length === 0 ? inconclusive('unobserved', 'nothing was sent') : worst(findings)
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, flow.invalid?.[0] ?? { url: '' }, { bearer: true })
  },
  covers: ['D33', 'E19'],
})
