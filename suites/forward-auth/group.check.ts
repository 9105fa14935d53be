import { defineCheck } from '../../helpers/check.ts'
import { gatewaySession } from '../../helpers/probes/forward-auth.ts'
import { type Finding, inconclusive } from '../../helpers/verdict.ts'
import { concluded, curlSignIn, eachGateway, evidence, guardedOf, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/group',
  title: 'Accounts without the group are kept out',
  failureTitle: 'Accounts without the group are let in',
  why: 'A login says who it is; whether that one may is another question, which somebody has to ask.',
  source: 'OWASP ASVS 8.2.1',
  severity: 'high',
  codes: {
    'forward-auth.group.open': { meaning: 'An account without the group is served.', fix: 'Bind the group to the application at the provider.' },
    'forward-auth.group.status': {
      meaning: 'An account without the group is kept out by something else than 403.',
      fix: 'Answer 403: sent to the login again, people try again for ever.',
    },
  },
  options: {},
  subjects: eachGateway(({ gateway }) => gateway.signIn !== undefined && gateway.outsider !== undefined),
  unless: undeclared('outsider'),
  needs: (subject, target) => ({ seen: gatewaySession(guardedOf(subject), target) }),
  judge: ({ seen }) => {
    if (seen.outsider === undefined || !seen.outsider.signedIn)
      return inconclusive('unobserved', 'the account without the group cannot sign in', evidence(seen.signIn, 'a session'))
    const blind = unanswered(seen.outsider.answers)
    if (blind !== undefined) return blind
    return concluded(
      seen.outsider.answers.map((answer): Finding => {
        const item = evidence(answer, '403')
        if (succeeded(answer)) return { grade: 'fail', code: 'forward-auth.group.open', evidence: item }
        return answer.status === 403 ? { grade: 'pass', evidence: item } : { grade: 'warn', code: 'forward-auth.group.status', evidence: item }
      }),
    )
  },
  reproduce: curlSignIn,
  covers: ['B33'],
})
