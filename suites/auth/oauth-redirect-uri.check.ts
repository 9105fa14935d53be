import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { authAuthorize } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, unanswered, undeclared, sameBody } from './shared.ts'

export default defineCheck({
  id: 'auth/oauth-redirect-uri',
  title: 'The provider sends nobody elsewhere',
  failureTitle: 'The provider sends codes where they were not asked for',
  why: 'A redirect URI that is compared loosely sends the code of the login to whoever wrote the link.',
  source: 'RFC 9700 §4.1.3; OWASP ASVS 10.4.1',
  severity: 'high',
  codes: {
    'auth.oauth.redirect-open': { meaning: 'A redirect URI that is not the registered one is followed.', fix: 'Compare redirect URIs as strings, whole.' },
    'auth.oauth.redirect-late': {
      meaning: 'A redirect URI that is not the registered one is carried on to the login instead of being refused.',
      fix: 'Refuse it before anybody logs in; and see that it is refused afterwards.',
    },
    'auth.oauth.client-unknown': { meaning: 'A client that nobody registered is let in.', fix: 'Refuse unknown clients with an error page.' },
  },
  options: {},
  subjects: eachFlow((flow) => flow.client?.authorizeUrl !== undefined && flow.client.redirectUri !== undefined),
  unless: undeclared('client with authorizeUrl and redirectUri'),
  needs: (subject, target) => ({ seen: authAuthorize(flowOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = unanswered([seen.good, ...seen.redirects.map(({ answer }) => answer), seen.unknownClient])
    if (blind !== undefined) return blind
    if (seen.good.status >= 400 || /[?&#]error=/.test(seen.good.location ?? ''))
      return inconclusive('misused', 'the registered request is refused, so the others show nothing', evidence(seen.good, 'the login'))
    const findings = seen.redirects.map(({ uri, answer, goes }): Finding => {
      const item = { ...evidence(answer, 'an error page, no redirect'), what: `redirect_uri ${uri}` }
      // Another client's page that answers 200 is the login itself only if it is the page that the right request gets.
      const shownLogin = answer.status === 200 && seen.good.status === 200 && sameBody(answer, seen.good)
      if (goes === 'there') return { grade: 'fail', code: 'auth.oauth.redirect-open', evidence: item }
      if (goes === 'onwards' || shownLogin) return { grade: 'warn', code: 'auth.oauth.redirect-late', evidence: item }
      return { grade: 'pass', evidence: item }
    })
    const stranger = seen.unknownClient
    findings.push(
      stranger.status > 0 &&
        stranger.status < 400 &&
        !/[?&#]error=/.test(stranger.location ?? '') &&
        !(stranger.status === 200 && !sameBody(stranger, seen.good))
        ? { grade: 'fail', code: 'auth.oauth.client-unknown', evidence: evidence(stranger, 'an error page') }
        : { grade: 'pass', evidence: evidence(stranger, 'an error page') },
    )
    return worst(findings)
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, {
      url: `${flow.client?.authorizeUrl ?? ''}?response_type=code&client_id={CLIENT_ID}&redirect_uri=https%3A%2F%2Fother.example.net%2Fcallback`,
    })
  },
})
