import { defineCheck, hostOf } from '../../helpers/check.ts'
import { fail, pass, warn } from '../../helpers/verdict.ts'
import { ordinary } from './probes.ts'
import { noHosts, openssl, seenAt, tlsHosts } from './shared.ts'

export default defineCheck({
  id: 'tls/alpn',
  title: 'The declared application protocol is negotiated',
  failureTitle: 'Another application protocol is negotiated than declared',
  why: 'Without h2 every page load opens more connections and waits longer; a host that lost it usually lost its whole TLS configuration.',
  source: 'RFC 7301; tls.alpn of the target',
  severity: 'low',
  codes: {
    'tls.alpn.not-as-declared': {
      meaning: 'With h2 and http/1.1 offered, the server did not choose the first declared protocol.',
      fix: 'nginx: http2 on; in this server block; behind a CDN: turn HTTP/2 on there.',
    },
    'tls.alpn.absent': { meaning: 'The server chose no protocol at all.', fix: 'Turn HTTP/2 on, or at least ALPN, at the server that terminates TLS.' },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: ordinary(hostOf(subject)) }),
  judge: ({ tls }, { subject }) => {
    const wanted = hostOf(subject).tls.alpn?.[0]
    const evidence = seenAt(tls, 'protocol chosen when h2 and http/1.1 are offered', wanted ?? 'h2 or http/1.1', tls.alpn ?? 'none')
    if (wanted !== undefined) return tls.alpn === wanted ? pass(evidence) : fail('tls.alpn.not-as-declared', evidence, 'high')
    return tls.alpn === undefined ? warn('tls.alpn.absent', evidence) : pass(evidence)
  },
  reproduce: openssl(['-alpn', 'h2,http/1.1']),
  covers: ['A16', 'D2', 'B14'],
})
