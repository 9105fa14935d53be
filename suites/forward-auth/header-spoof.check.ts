import { defineCheck, hostOf } from '../../helpers/check.ts'
import { gatewayAnonymous } from '../../helpers/probes/forward-auth.ts'
import { type Finding, inconclusive } from '../../helpers/verdict.ts'
import { concluded, curlHost, eachGuarded, evidence, guardedOf, kept, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/header-spoof',
  title: 'Nobody says by a header who he is',
  failureTitle: 'Whoever sends the right header is believed',
  why: 'The application trusts a header because only the proxy sets it; a proxy that lets the visitor’s own through hands out every account.',
  source: 'GHSA-7r4p-vjf4-gxv4; GHSA-f59h-q822-g45g; OWASP ASVS 4.1.3',
  severity: 'critical',
  codes: {
    'forward-auth.identity.login': {
      meaning: 'Identity headers alone open the host.',
      fix: 'Delete these headers from every request before the guard, underscores included.',
    },
    'forward-auth.identity.public': {
      meaning: 'Identity headers reach the application on a public path.',
      fix: 'Delete them there too: request_header -X-Authentik-*, proxy_set_header X-… "".',
    },
  },
  options: {},
  subjects: eachGuarded(),
  unless: undeclared('host behind a login'),
  needs: (subject, target) => ({ seen: gatewayAnonymous(guardedOf(subject), hostOf(subject), target) }),
  judge: ({ seen }) => {
    const claims = seen.tricks.filter(({ kind }) => kind === 'identity')
    const blind = unanswered(claims.map(({ answer }) => answer))
    if (blind !== undefined) return blind
    // Where the host is open anyway, a header proves nothing.
    if (succeeded(seen.paths[0]?.answer ?? seen.document.answer) && seen.paths[0]?.loginPage !== true)
      return inconclusive(
        'unobserved',
        'the host answers without any header: forward-auth/unauth-redirect judges that',
        evidence(seen.document.answer, 'kept out'),
      )
    const shown = seen.echoed.map(({ answer, shown: came }): Finding => {
      const item = evidence(answer, 'not shown by the application', came ? 'the application shows our value' : 'not shown')
      return came ? { grade: 'fail', code: 'forward-auth.identity.public', evidence: item } : { grade: 'pass', evidence: item }
    })
    return concluded([...kept(claims, { open: 'forward-auth.identity.login' }), ...shown])
  },
  reproduce: (subject, target) =>
    curlHost(subject, target, {
      headers: [
        ['X-authentik-username', 'admin'],
        ['Remote-User', 'admin'],
      ],
    }),
  covers: ['B26'],
})
