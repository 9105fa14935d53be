import { defineCheck, hostOf } from '../../helpers/check.ts'
import { gatewayAnonymous } from '../../helpers/probes/forward-auth.ts'
import { fail, pass, skip } from '../../helpers/verdict.ts'
import { curlHost, eachGuarded, evidence, guardedOf, isLogin, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/redirect-target',
  title: 'The login is told where the visitor came from',
  failureTitle: 'The login is not told where the visitor came from',
  why: 'Whoever lands on the portal after logging in has lost the link that somebody sent; a way back over plain http loses the cookie.',
  source: 'authentik: forward auth; oauth2-proxy: rd',
  severity: 'high',
  codes: {
    'forward-auth.return.lost': {
      meaning: 'The way back does not name the page that was asked for: its path or its query is missing, or all of it.',
      fix: 'Hand the original address on: X-Forwarded-Uri and X-Forwarded-Host, {scheme}://{host}{uri}.',
    },
    'forward-auth.return.scheme': { meaning: 'The way back goes over plain http.', fix: 'Hand X-Forwarded-Proto: https on, and trust the proxy that sets it.' },
    'forward-auth.return.host': {
      meaning: 'The login or the way back names a host that visitors cannot reach, or another one.',
      fix: 'Set the external address of the provider; hand the original Host on.',
    },
    'forward-auth.return.loop': {
      meaning: 'The redirect leads back to the page itself.',
      fix: 'Leave the paths of the login itself unguarded, and set the cookie for the common domain.',
    },
  },
  options: {},
  subjects: eachGuarded(),
  unless: undeclared('host behind a login'),
  needs: (subject, target) => ({ seen: gatewayAnonymous(guardedOf(subject), hostOf(subject), target) }),
  judge: ({ seen }, { subject, target }) => {
    const guarded = guardedOf(subject)
    const { document, asked } = seen
    const { answer, location } = document
    const blind = unanswered([answer])
    if (blind !== undefined) return blind
    if (answer.status < 300 || answer.status >= 400 || location === undefined)
      return skip('not-applicable', 'there is no redirect; forward-auth/unauth-redirect judges that', evidence(answer, 'a redirect'))
    const item = evidence(answer, `a login that is told ${asked}`, location)
    const url = new URL(location)
    if (location === asked) return fail('forward-auth.return.loop', item)
    if (/^(?:localhost|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|\[::1\])/.test(url.host) || !url.hostname.includes('.'))
      return fail('forward-auth.return.host', item)
    if (url.protocol !== 'https:') return fail('forward-auth.return.scheme', item)
    // The provider may keep the address in a state of its own: then only the whole way shows it (forward-auth/session).
    const named = [...url.searchParams.values()].filter((value) => /^(?:https?:)?\/\//.test(value) || value.startsWith('/'))
    const state = url.searchParams.has('state') && url.searchParams.has('client_id')
    if (named.includes(asked)) return pass(item)
    if (named.some((value) => value === asked.replace(/^https:/, 'http:'))) return fail('forward-auth.return.scheme', item)
    if (state) return pass({ ...item, expected: 'a login with client_id and state', received: `${url.origin}${url.pathname} with client_id and state` })
    if (named.some((value) => /^https?:/.test(value) && URL.canParse(value) && new URL(value).host !== new URL(asked).host && !isLogin(value, guarded, target)))
      return fail('forward-auth.return.host', item)
    return fail('forward-auth.return.lost', item)
  },
  reproduce: (subject, target) => curlHost(subject, target, {}, '/postproof?view=1'),
  covers: ['B20'],
})
