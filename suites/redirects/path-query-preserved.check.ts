import { defineCheck, hostOf } from '../../helpers/check.ts'

import { attempt } from '../../helpers/probe.ts'
import { fail, pass } from '../../helpers/verdict.ts'
import { curlPlain, DEEP_PATH, evidenceOf, expectedLocation, firstHop, isClosed, isRedirect, noHosts, plainRequest, redirecting } from './shared.ts'

const afterHost = (url: string): string => /^(?:[a-z]+:)?\/\/[^/?#]*(.*)$/is.exec(url)?.[1] ?? url
/** RFC 3986 §6.2.2.1: the two digits of an escape mean the same in either case; Apache httpd writes them small. */
const sameEscapes = (text: string): string => text.replace(/%[0-9a-f]{2}/gi, (escape) => escape.toUpperCase())
/** Bytes beyond ASCII stand in a header as they came; those of UTF-8 are letters again. */
const letters = (text: string): string => {
  const read = Buffer.from(text, 'latin1').toString()
  return read.includes('\ufffd') ? text : read
}
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
  source: 'RFC 3986 §2.4 (decode or encode once), §6.2.2.1 (case of escapes); redirect.to of the target',
  severity: 'high',
  codes: {
    'redirects.path.dropped': {
      meaning: 'The path is not in the Location any more.',
      fix: 'nginx: $request_uri; Caddy: {uri}; Apache: Redirect permanent / https://the-host/.',
    },
    'redirects.query.dropped': {
      meaning: 'The query is not in the Location any more.',
      fix: 'nginx: $request_uri instead of $uri; Caddy: {uri} instead of {path}.',
    },
    'redirects.path.not-redirected': {
      meaning: 'The front page is redirected, a deep path is answered over plain http.',
      fix: 'Redirect at server level: nginx return 301 outside of location = /.',
    },
    'redirects.path.altered': {
      meaning: 'Path or query came back decoded, encoded twice, or in another case.',
      fix: 'Use the raw request target: nginx $request_uri, never $uri or a rewrite; Apache: no NE flag behind %{REQUEST_URI}.',
    },
  },
  options: {},
  subjects: redirecting,
  unless: noHosts,
  needs: (subject) => ({ plain: attempt(plainRequest(hostOf(subject), DEEP_PATH)), root: attempt(plainRequest(hostOf(subject))) }),
  judge: ({ plain, root }, { subject, target }) => {
    const host = hostOf(subject)
    const wanted = sameEscapes(afterHost(expectedLocation(host, DEEP_PATH)))
    if (isClosed(plain)) return pass({ what: `port 80 of ${host.fqdn}`, expected: 'path and query kept', received: 'connection refused: nothing to keep' })
    const hop = firstHop(plain, host, target)
    if ('verdict' in hop) {
      const served = plain.ok && (plain.value.status < 300 || plain.value.status === 404)
      return served && root.ok && isRedirect(root.value) && host.kind !== 'api'
        ? fail('redirects.path.not-redirected', evidenceOf(plain.value, `a Location that ends in ${wanted}, as / is redirected`))
        : hop.verdict
    }
    const evidence = evidenceOf(hop.answer, `a Location that ends in ${wanted}`)
    const received = sameEscapes(afterHost(hop.location))
    if (received === wanted) return pass(evidence)
    const [path = '', query] = received.split('?', 2)
    const [wantedPath = '', wantedQuery] = wanted.split('?', 2)
    if (path === wantedPath && wantedQuery !== undefined && (query === undefined || query === '')) return fail('redirects.query.dropped', evidence)
    const alike = letters(decoded(decoded(path))).toLowerCase() === decoded(wantedPath).toLowerCase()
    return fail(alike ? 'redirects.path.altered' : 'redirects.path.dropped', evidence)
  },
  reproduce: curlPlain(DEEP_PATH),
  covers: ['A21', 'C7', 'D7'],
})
