import { defineCheck, hostOf } from '../../helpers/check.ts'
import { gatewayAnonymous } from '../../helpers/probes/forward-auth.ts'
import { inconclusive } from '../../helpers/verdict.ts'
import { concluded, curlHost, eachGuarded, evidence, guardedOf, kept, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/forwarded-uri-bypass',
  title: 'The provider is not told by visitors where they go',
  failureTitle: 'Visitors tell the provider where they go',
  why: 'The provider decides by X-Forwarded-Uri; a proxy that passes the visitor’s own on lets everybody say: to the public page.',
  source: 'traefik #7923; oauth2-proxy: reverse-proxy',
  severity: 'critical',
  codes: {
    'forward-auth.forwarded.believed': {
      meaning: 'A forwarding header of the visitor opens the host.',
      fix: 'Let the proxy set X-Forwarded-* itself, and delete what comes from outside.',
    },
  },
  options: {},
  subjects: eachGuarded(),
  unless: undeclared('host behind a login'),
  needs: (subject, target) => ({ seen: gatewayAnonymous(guardedOf(subject), hostOf(subject), target) }),
  judge: ({ seen }) => {
    const claims = seen.tricks.filter(({ kind }) => kind === 'forwarded')
    const blind = unanswered(claims.map(({ answer }) => answer))
    if (blind !== undefined) return blind
    if (succeeded(seen.paths[0]?.answer ?? seen.document.answer) && seen.paths[0]?.loginPage !== true)
      return inconclusive(
        'unobserved',
        'the host answers without any header: forward-auth/unauth-redirect judges that',
        evidence(seen.document.answer, 'kept out'),
      )
    return concluded(kept(claims, { open: 'forward-auth.forwarded.believed' }))
  },
  reproduce: (subject, target) => curlHost(subject, target, { headers: [['X-Forwarded-Uri', '/favicon.ico']] }),
})
