import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'

export default defineCheck({
  id: 'performance/http-version',
  title: 'The document comes over HTTP/2 where it is declared',
  failureTitle: 'The document comes over an older HTTP than declared',
  why: 'Over HTTP/1.1 the parts of a page queue up behind each other; the protocol can be negotiated and still not be used.',
  source: 'RFC 9113; tls.alpn of the target, its first entry',
  severity: 'low',
  codes: {
    'performance.http-version.old': {
      meaning: 'The answer came over another version than the one declared first.',
      fix: 'nginx: http2 on in the server block that answers for this name; look at what stands in front of it.',
    },
  },
  options: {},
  subjects: eachHost((host) => host.tls.alpn?.[0] === 'h2'),
  unless: { skip: 'not-declared', reason: 'no host declares h2 first in tls.alpn' },
  needs: (subject) => ({ document: documentOf(hostOf(subject)) }),
  judge: ({ document }) => {
    const seen = document.hops[0]
    if (seen === undefined) return inconclusive('defect', 'the chain has no hop')
    const evidence = { what: `GET ${seen.url}`, expected: 'HTTP/2', received: `HTTP/${seen.httpVersion}, status ${seen.status}`, where: seen.peer, at: seen.at }
    return seen.httpVersion === '2' ? pass(evidence) : fail('performance.http-version.old', evidence)
  },
  reproduce: (subject, target) =>
    curlFor(target, `https://${hostOf(subject).fqdn}${hostOf(subject).path}`, {
      flags: ['-sS', '--http2', '-o', '/dev/null', '-w', 'HTTP/%{http_version}\\n'],
    }),
  covers: ['A7'],
})
