import { defineCheck } from '../../helpers/check.ts'
import { gatewaySession } from '../../helpers/probes/forward-auth.ts'
import { type Finding, inconclusive } from '../../helpers/verdict.ts'
import { concluded, curlSignIn, eachGateway, evidence, guardedOf, sameBody, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/forged-cookie',
  title: 'A cookie that nobody was given opens nothing',
  failureTitle: 'A cookie that nobody was given opens the host',
  why: 'A guard that asks whether there is a cookie and not whose it is keeps out only honest people.',
  source: 'WSTG-SESS-01',
  severity: 'critical',
  codes: {
    'forward-auth.cookie.forged': {
      meaning: 'A made-up, changed or empty cookie opens the host.',
      fix: 'Check the signature or look the session up at the provider.',
    },
  },
  options: {},
  subjects: eachGateway(({ gateway }) => gateway.signIn !== undefined),
  unless: undeclared('signIn'),
  needs: (subject, target) => ({ seen: gatewaySession(guardedOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = unanswered(seen.forged)
    if (blind !== undefined) return blind
    const right = seen.opened[0]?.answer
    const without = seen.anonymous[0]?.answer
    if (right === undefined || without === undefined || !succeeded(right) || succeeded(without))
      return inconclusive('unobserved', 'there is no login to compare with: forward-auth/session says how', evidence(seen.signIn, 'a session'))
    return concluded(
      seen.forged.map(
        (answer): Finding =>
          succeeded(answer) && sameBody(answer, right)
            ? { grade: 'fail', code: 'forward-auth.cookie.forged', evidence: evidence(answer, 'kept out') }
            : { grade: 'pass', evidence: evidence(answer, 'kept out') },
      ),
    )
  },
  reproduce: curlSignIn,
  covers: ['B28'],
})
