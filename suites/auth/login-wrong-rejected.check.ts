import { defineCheck } from '../../helpers/check.ts'
import { inconclusive } from '../../helpers/verdict.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { authFailures } from '../../helpers/probes/auth.ts'
import { concluded, curlLogin, eachFlow, evidence, flowOf, hasLogin, isOneOf, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/login-wrong-rejected',
  title: 'A wrong password is refused',
  failureTitle: 'A wrong password is not refused',
  why: 'A login that lets anybody in looks exactly like one that works.',
  source: 'OWASP ASVS 6.3; RFC 9110 §15.5.2',
  severity: 'critical',
  codes: {
    'auth.login.wrong-accepted': {
      meaning: 'A wrong password, or a name that nobody has, opens a session.',
      fix: 'Take the application off the network until the comparison of passwords is repaired.',
    },
    'auth.login.refusal-broken': { meaning: 'A wrong password ends in a server error.', fix: 'Look at the error behind it; a refusal is an ordinary answer.' },
    'auth.login.refusal-status': {
      meaning: 'A wrong password is refused in words, but with a status that says success or another than declared.',
      fix: 'Answer 401; monitoring, limiters and clients go by the status.',
    },
  },
  options: {},
  subjects: eachFlow(hasLogin),
  unless: undeclared('login'),
  needs: (subject, target) => ({ seen: authFailures(flowOf(subject), target) }),
  judge: ({ seen }, { subject }) => {
    const { flow } = flowOf(subject)
    const answers = [...seen.wrong.slice(0, 1), ...seen.unknown.slice(0, 1)]
    const first = seen.wrong[0]
    if (first === undefined) return inconclusive('unobserved', seen.stopped ?? 'no wrong password was tried')
    const findings = answers.flatMap((answer, index): Finding[] => {
      if (answer.failure !== undefined || answer.obstacle !== undefined) return []
      const works = index === 0 ? seen.wrongUsable : seen.unknownUsable
      if (works) return [{ grade: 'fail', code: 'auth.login.wrong-accepted', evidence: evidence(answer, 'refused') }]
      if (answer.status >= 500) return [{ grade: 'fail', code: 'auth.login.refusal-broken', evidence: evidence(answer, '401'), severity: 'medium' }]
      // A form is shown again with 200, or redirects back to itself: that is how forms refuse.
      if (flow.login?.form !== undefined && flow.failureStatus === undefined && (succeeded(answer) || (answer.status >= 300 && answer.status < 400)))
        return [{ grade: 'pass', evidence: evidence(answer, 'no session') }]
      if (!isOneOf(flow.failureStatus, answer, [400, 401, 403, 422]) && !(flow.failureStatus !== undefined && answer.status === 404))
        return [
          {
            grade: 'fail',
            code: 'auth.login.refusal-status',
            evidence: evidence(answer, `refused with ${[flow.failureStatus ?? [400, 401, 403, 422]].flat().join(', ')}`),
            severity: 'medium',
          },
        ]
      return [{ grade: 'pass', evidence: evidence(answer, 'refused') }]
    })
    return concluded(findings, unanswered([first]) ?? inconclusive('unobserved', 'nothing was answered'))
  },
  reproduce: curlLogin,
  covers: ['E6'],
})
