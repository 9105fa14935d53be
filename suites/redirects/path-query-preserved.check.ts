import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { headerValue } from '../../helpers/headers.ts'
import { attempt } from '../../helpers/probe.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { answered, curlPlain, DEEP_PATH, evidenceOf, expectedLocation, isClosed, isRedirect, noHosts, obstacle, plainRequest } from './shared.ts'

const afterHost = (url: string): string => /^(?:[a-z]+:)?\/\/[^/?#]*(.*)$/is.exec(url)?.[1] ?? url
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export default defineCheck({
  id: 'redirects/path-query-preserved',
  title: 'The redirect keeps path and query byte for byte',
  failureTitle: 'The redirect changes path or query',
  why: 'Deep links, password resets and payment returns arrive over http; a redirect that drops or re-encodes them sends people to the front page.',
  source: 'RFC 3986 §2.4 (decode or encode once); redirect.to of the target',
  severity: 'high',
  codes: {
    'redirects.path.dropped': { meaning: 'The path is not in the Location any more.', fix: 'nginx: $request_uri; Caddy: {uri}.' },
    'redirects.query.dropped': {
      meaning: 'The query is not in the Location any more.',
      fix: 'nginx: $request_uri instead of $uri; Caddy: {uri} instead of {path}.',
    },
    'redirects.path.altered': {
      meaning: 'Path or query came back decoded, encoded twice, or in another case.',
      fix: 'Use the raw request target: nginx $request_uri, never $uri or a rewrite.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ plain: attempt(plainRequest(hostOf(subject), DEEP_PATH)) }),
  judge: ({ plain }, { subject }) => {
    const host = hostOf(subject)
    const wanted = afterHost(expectedLocation(host, DEEP_PATH))
    if (isClosed(plain)) return pass({ what: `port 80 of ${host.fqdn}`, expected: 'path and query kept', received: 'connection refused: nothing to keep' })
    const seen = answered(plain)
    if ('verdict' in seen) return seen.verdict
    const blocked = obstacle(seen.value)
    if (blocked !== undefined) return blocked
    const evidence = evidenceOf(seen.value, `a Location that ends in ${wanted}`)
    const location = headerValue(seen.value.headers, 'location')
    if (!isRedirect(seen.value) || location === undefined) return inconclusive('unobserved', 'there is no redirect to judge', evidence)
    const received = afterHost(location)
    if (received === wanted) return pass(evidence)
    const [path = '', query] = received.split('?', 2)
    const [wantedPath = '', wantedQuery] = wanted.split('?', 2)
    if (path === wantedPath && wantedQuery !== undefined && (query === undefined || query === '')) return fail('redirects.query.dropped', evidence)
    const alike = decoded(decoded(path)).toLowerCase() === decoded(wantedPath).toLowerCase()
    return fail(alike ? 'redirects.path.altered' : 'redirects.path.dropped', evidence)
  },
  reproduce: curlPlain(DEEP_PATH),
  covers: ['A21', 'C7', 'D7'],
})
