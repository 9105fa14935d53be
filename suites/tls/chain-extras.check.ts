import { defineCheck, hostOf } from '../../helpers/check.ts'
import { certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { certificateLine, noHosts, openssl, seenAt, tlsHosts, usedPath } from './shared.ts'

export default defineCheck({
  id: 'tls/chain-extras',
  title: 'Nothing but the path is served',
  failureTitle: 'More certificates are served than the path needs',
  why: 'Roots, duplicates and unrelated certificates make every handshake larger; above some 10 kB it takes another round trip for every visitor.',
  source: 'RFC 8446 §4.4.2 (the root may be omitted); RFC 9000 §8.1 and initial congestion window of 10 segments for the size',
  severity: 'low',
  codes: {
    'tls.chain.duplicate': { meaning: 'A certificate is served twice.', fix: 'Take the second copy out of the chain file.' },
    'tls.chain.root-served': { meaning: 'The root itself is served; clients have it or do not trust it.', fix: 'Take the root out of the chain file.' },
    'tls.chain.unrelated': {
      meaning: 'A served certificate is not on the path.',
      fix: 'Take it out of the chain file; an old cross-signed one may be expired already.',
    },
    'tls.chain.unreadable': {
      meaning: 'Something is served among the certificates that is none.',
      fix: 'Take it out of the chain file; strict clients end the handshake over it.',
    },
    'tls.chain.large': {
      meaning: 'The served certificates are larger than 10 kB together.',
      fix: 'Use an ECDSA certificate with fewer names, and serve only the path.',
    },
  },
  options: { maxBytes: 10_240 },
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ paths: certificatePaths(hostOf(subject).fqdn) }),
  judge: ({ paths }, { now, options }) => {
    if (paths.servedSource !== 'wire') {
      return inconclusive(
        'unobserved',
        `the served list is encrypted in TLS 1.3, and a TLS 1.2 handshake gave none (${paths.wireFailure ?? 'nothing readable'})`,
      )
    }
    const path = usedPath(paths, now)
    const useful = new Set(path.map(({ sha256 }) => sha256))
    const anchor = paths.paths.length > 0 && path.length > 1 ? path.at(-1)?.sha256 : undefined
    const findings: Finding[] = []
    const seen = new Set<string>()
    for (const one of paths.served) {
      const evidence = seenAt(paths.tls, 'served certificate', 'on the path, once', certificateLine(one))
      if (seen.has(one.sha256)) findings.push({ grade: 'warn', code: 'tls.chain.duplicate', evidence })
      else if (one.sha256 === anchor) findings.push({ grade: 'warn', code: 'tls.chain.root-served', evidence })
      else if (!useful.has(one.sha256)) findings.push({ grade: 'warn', code: 'tls.chain.unrelated', evidence })
      seen.add(one.sha256)
    }
    if (paths.unreadable > 0) {
      const evidence = seenAt(paths.tls, 'served list', 'certificates alone', `${paths.unreadable} of ${paths.servedCount} entries cannot be read`)
      findings.push({ grade: 'warn', code: 'tls.chain.unreadable', evidence })
    }
    const bytes = paths.servedBytes
    const size = seenAt(paths.tls, 'size of the served certificates', `≤ ${options.maxBytes} bytes`, `${bytes} bytes in ${paths.servedCount} certificates`)
    findings.push(bytes <= options.maxBytes ? { grade: 'pass', evidence: size } : { grade: 'warn', code: 'tls.chain.large', evidence: size })
    return worst(findings)
  },
  reproduce: openssl(['-showcerts', '-tls1_2']),
})
