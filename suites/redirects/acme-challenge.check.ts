import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { isHtml } from '../../helpers/headers.ts'
import { attempt } from '../../helpers/probe.ts'
import { httpChain } from '../../helpers/probes/http.ts'
import { fail, pass } from '../../helpers/verdict.ts'
import { ACME_PATH, answered, curlPlain, isClosed, noHosts, obstacle } from './shared.ts'

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
    'redirects.acme.content': {
      meaning: 'A token that does not exist is answered with content, as if every path existed.',
      fix: 'Put a location for /.well-known/acme-challenge/ before the catch-all or the login.',
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
    if (seen.value.end !== 'final' || last === undefined) return fail('redirects.acme.dead', evidence)
    if (last.status >= 500 && last.status !== 503) return fail('redirects.acme.error', evidence)
    const blocked = obstacle(last)
    if (blocked !== undefined) return blocked
    if (last.status >= 200 && last.status < 300)
      return fail('redirects.acme.content', { ...evidence, received: `${evidence.received}${isHtml(last) ? ' (an HTML page)' : ''}` })
    return pass(evidence)
  },
  reproduce: curlPlain(ACME_PATH),
  covers: ['C7'],
})
