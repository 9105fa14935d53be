import { defineCheck } from '../../helpers/check.ts'
import { gatewaySession } from '../../helpers/probes/forward-auth.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { curlSignIn, eachGateway, evidence, guardedOf, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/sso',
  title: 'One login is good for every host',
  failureTitle: 'Each host asks for a login of its own',
  why: 'People who must log in twice choose the shorter password, and one host is forgotten when the account is closed.',
  source: 'authentik: domain level forward auth',
  severity: 'medium',
  codes: {
    'forward-auth.sso.again': {
      meaning: 'A further host does not know the login.',
      fix: 'Set the cookie for the common domain (Domain=.example.com), or sign in at a provider that all of them ask.',
    },
  },
  options: {},
  subjects: eachGateway(({ gateway, hosts }) => gateway.signIn !== undefined && hosts.length > 1),
  unless: undeclared('signIn for several hosts'),
  needs: (subject, target) => ({ seen: gatewaySession(guardedOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = unanswered([seen.signIn, ...seen.opened.map(({ answer }) => answer)])
    if (blind !== undefined) return blind
    if (!seen.signedIn || !seen.opened.some(({ answer }) => succeeded(answer)))
      return inconclusive('unobserved', 'the login opens no host: forward-auth/session says how', evidence(seen.signIn, 'a session'))
    // A browser sends the cookie to the hosts of its Domain alone.
    const shared = seen.cookie?.domain !== undefined
    return worst(
      seen.opened.map(({ host, answer }): Finding => {
        const reaches = succeeded(answer) && (shared || host === new URL(seen.signIn.url).hostname)
        const item = evidence(
          answer,
          '2xx with the one login',
          shared ? String(answer.status) : `the cookie has no Domain, so that browsers do not send it to ${host}`,
        )
        return reaches ? { grade: 'pass', evidence: item } : { grade: 'fail', code: 'forward-auth.sso.again', evidence: item }
      }),
    )
  },
  reproduce: curlSignIn,
  covers: ['B23'],
})
