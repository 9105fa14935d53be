import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { bodyText, isHtml } from '../../helpers/headers.ts'
import { attempt } from '../../helpers/probe.ts'
import { httpChain } from '../../helpers/probes/http.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { ACME_PATH, answered, curlPlain, isClosed, noHosts, obstacle, SILENCE } from './shared.ts'

const LOGIN_URL = /[/.](?:log-?in|sign-?in|auth|sso|oauth2?|outpost\.goauthentik\.io)(?:[/?#."]|$)/i

export default defineCheck({
  id: 'redirects/acme-challenge',
  title: 'The renewal path of ACME stays reachable over http',
  failureTitle: 'The renewal path of ACME leads nowhere',
  why: 'A CA that validates by HTTP asks here over port 80; a login page, an error or a dead redirect lets the certificate run out silently.',
  source: 'RFC 8555 §8.3',
  severity: 'low',
  codes: {
    'redirects.acme.error': {
      meaning: 'An unknown token is answered with a server error.',
      fix: 'Serve /.well-known/acme-challenge/ from the folder or client that renews; unknown tokens are 404.',
    },
    'redirects.acme.dead': {
      meaning: 'The path is redirected to where nothing answers.',
      fix: 'Exempt /.well-known/acme-challenge/ from the redirect, or repair the host it leads to.',
    },
    'redirects.acme.login': {
      meaning: 'The path leads to a login.',
      fix: 'Exempt /.well-known/acme-challenge/ from the login (forward auth, basic auth).',
    },
    'redirects.acme.refused': {
      meaning: 'The path is refused with 403, so a token that exists may be refused too.',
      fix: 'Allow /.well-known/acme-challenge/ where dot folders are denied, and see that the folder is readable; unknown tokens are 404.',
    },
    'redirects.acme.content': {
      meaning: 'A token that does not exist is answered with content, as if every path existed.',
      fix: 'Put a location for /.well-known/acme-challenge/ before the catch-all; harmless where the server answers tokens itself (Caddy, Traefik).',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ chain: attempt(httpChain(`http://${hostOf(subject).fqdn}${ACME_PATH}`)) }),
  judge: ({ chain }, { subject }) => {
    if (isClosed(chain))
      return pass({
        what: `port 80 of ${subject.name}`,
        expected: '404, a redirect to a 404 over https, or closed',
        received: 'connection refused: renewal must use DNS or TLS-ALPN',
      })
    const seen = answered(chain)
    if ('verdict' in seen) return seen.verdict
    const last = seen.value.hops.at(-1)
    const evidence = {
      what: `GET http://${hostOf(subject).fqdn}${ACME_PATH}`,
      expected: '404 for a token that does not exist, at once or behind a redirect',
      received: [...seen.value.hops.map((hop) => `${hop.status} ${hop.url}`), ...(seen.value.reason === undefined ? [] : [seen.value.reason])].join(' → '),
    }
    // Some send all renewals to one central host on purpose; a CA follows there, we do not.
    if (seen.value.end === 'unfollowable' && seen.value.reason?.startsWith('leaves the domain') === true)
      return LOGIN_URL.test(seen.value.reason ?? '') ? fail('redirects.acme.login', evidence) : inconclusive('unobserved', seen.value.reason ?? '', evidence)
    if (seen.value.end === 'failed' && SILENCE.test(seen.value.reason ?? '')) return inconclusive('unobserved', seen.value.reason ?? '', evidence)
    if (seen.value.end !== 'final' || last === undefined) return fail('redirects.acme.dead', evidence)
    const blocked = obstacle(last)
    if (blocked !== undefined) return blocked
    if (last.status >= 500) return fail('redirects.acme.error', evidence)
    if (last.status === 401 || LOGIN_URL.test(last.url) || (isHtml(last) && /type\s*=\s*["']?password/i.test(bodyText(last).slice(0, 65_536))))
      return fail('redirects.acme.login', { ...evidence, received: `${evidence.received} (a login)` })
    if (last.status === 403) return warn('redirects.acme.refused', evidence)
    if (last.status < 200 || last.status >= 300) return pass(evidence)
    // The one page of such an application answers every path, this one too; servers that hold the tokens answer before it.
    if (hostOf(subject).kind === 'spa' && isHtml(last)) return pass({ ...evidence, received: `${evidence.received} (the page that answers every path)` })
    return warn('redirects.acme.content', { ...evidence, received: `${evidence.received}${isHtml(last) ? ' (an HTML page)' : ''}` })
  },
  reproduce: curlPlain(ACME_PATH),
  covers: ['C7'],
})
