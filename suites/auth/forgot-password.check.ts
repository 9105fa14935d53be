import { defineCheck } from '../../helpers/check.ts'
import { fail, inconclusive } from '../../helpers/verdict.ts'
import { authForgot } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, isOneOf, sameAnswers, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/forgot-password',
  title: 'Asking for a new password does not tell whether the account exists',
  failureTitle: 'Asking for a new password tells whether the account exists',
  why: 'A careful login is of no use when the page beside it answers the question.',
  source: 'OWASP ASVS 6.3.8; OWASP Forgot Password Cheat Sheet',
  severity: 'medium',
  codes: {
    'auth.forgot.refused': { meaning: 'Asking for a new password fails for an account that exists.', fix: 'Look at the application and at its mail.' },
    'auth.forgot.status': { meaning: 'Unknown names are answered with another status.', fix: 'Answer both alike, whether a message is sent or not.' },
    'auth.forgot.body': { meaning: 'Unknown names are answered in other words.', fix: 'Say the same to both: if there is an account, a message was sent.' },
    'auth.forgot.timing': { meaning: 'Existing accounts are answered in another time.', fix: 'Send the message from a queue, after the answer.' },
  },
  options: {},
  subjects: eachFlow((flow) => flow.forgot !== undefined && flow.accounts !== undefined),
  unless: undeclared('`forgot` with an account'),
  needs: (subject, target) => ({ seen: authForgot(flowOf(subject), target) }),
  judge: ({ seen }, { subject }) => {
    const { flow } = flowOf(subject)
    const usable = (answers: typeof seen.known) => answers.filter(({ failure, obstacle }) => failure === undefined && obstacle === undefined)
    const [known, unknown] = [usable(seen.known), usable(seen.unknown)]
    const first = known[0]
    if (first === undefined || unknown.length === 0) return unanswered([...seen.known, ...seen.unknown]) ?? inconclusive('unobserved', 'nothing was answered')
    const works = flow.forgot?.status === undefined ? succeeded(first) || (first.status >= 300 && first.status < 400) : isOneOf(flow.forgot.status, first, [])
    if (!works) return fail('auth.forgot.refused', evidence(first, 'accepted'))
    return sameAnswers(known, unknown, { status: 'auth.forgot.status', body: 'auth.forgot.body', timing: 'auth.forgot.timing' })
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, flow.forgot ?? { url: '' })
  },
  covers: ['A50'],
})
