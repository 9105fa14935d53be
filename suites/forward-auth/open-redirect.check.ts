import { defineCheck } from '../../helpers/check.ts'
import { gatewaySession, leadsAway } from '../../helpers/probes/forward-auth.ts'
import { type Finding, inconclusive } from '../../helpers/verdict.ts'
import { concluded, curlSignIn, eachGateway, evidence, guardedOf, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/open-redirect',
  title: 'The login sends nobody to strangers',
  failureTitle: 'The login sends its visitors wherever a link says',
  why: 'A link to the real login that ends at a copied one is the best bait there is.',
  source: 'WSTG-CLNT-04; oauth2-proxy #784, #2635',
  severity: 'high',
  codes: {
    'forward-auth.return.foreign': {
      meaning: 'The way back may lead to a foreign host.',
      fix: 'Compare host and scheme of the way back with a list, after parsing it as browsers do.',
    },
  },
  options: {},
  subjects: eachGateway(({ gateway }) => gateway.signIn !== undefined),
  unless: undeclared('signIn'),
  needs: (subject, target) => ({ seen: gatewaySession(guardedOf(subject), target) }),
  judge: ({ seen }, { subject }) => {
    const blind = unanswered([seen.signIn])
    if (blind !== undefined) return blind
    if (!seen.signedIn) return inconclusive('unobserved', 'nobody could sign in: forward-auth/session says how', evidence(seen.signIn, 'a session'))
    const base = guardedOf(subject).gateway.signIn?.url.replaceAll('{domain}', 'example.invalid') ?? ''
    return concluded(
      seen.redirects
        .filter(({ answer }) => answer.failure === undefined && answer.obstacle === undefined)
        .map(({ answer, location }): Finding => {
          const item = evidence(answer, 'no way to a foreign host', location ?? String(answer.status))
          return leadsAway(location, base) ? { grade: 'fail', code: 'forward-auth.return.foreign', evidence: item } : { grade: 'pass', evidence: item }
        }),
    )
  },
  reproduce: curlSignIn,
  covers: ['B29'],
})
