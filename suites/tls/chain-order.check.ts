import { defineCheck, hostOf } from '../../helpers/check.ts'
import { matchServerName } from '../../helpers/grammar/server-name.ts'
import { certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { fail, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { certificateLine, noHosts, openssl, seenAt, tlsHosts, usedPath } from './shared.ts'

export default defineCheck({
  id: 'tls/chain-order',
  title: 'Certificates are served leaf first, each followed by its issuer',
  failureTitle: 'Certificates are served out of order',
  why: 'TLS 1.2 demands that each certificate certifies the one before it; strict clients and some appliances refuse another order.',
  source: 'RFC 5246 §7.4.2; RFC 8446 §4.4.2 (any order after the leaf)',
  severity: 'low',
  codes: {
    'tls.chain.unordered': {
      meaning: 'The path builds, but the certificates are not in the order of the path.',
      fix: 'Concatenate leaf, then its issuer, then that one’s issuer.',
    },
    'tls.chain.leaf-not-first': { meaning: 'The first certificate is not the one of the host.', fix: 'Put the leaf on top of the file.' },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ paths: certificatePaths(hostOf(subject).fqdn) }),
  judge: ({ paths }, { subject, now }) => {
    if (paths.servedSource !== 'wire') {
      if (paths.wireFailure === 'ALERT_PROTOCOL_VERSION') return skip('not-applicable', 'the host speaks TLS 1.3 alone, which allows any order behind the leaf')
      return inconclusive(
        'unobserved',
        `the served order is encrypted in TLS 1.3, and a TLS 1.2 handshake gave none (${paths.wireFailure ?? 'nothing readable'})`,
      )
    }
    const { fqdn } = hostOf(subject)
    const order = paths.served.map(certificateLine).join(', ')
    const first = paths.served[0]
    if (first !== undefined && first.isCa && !matchServerName(fqdn, first).matches && paths.served.slice(1).some((one) => matchServerName(fqdn, one).matches)) {
      return fail('tls.chain.leaf-not-first', seenAt(paths.tls, 'order on the wire', 'the leaf first', order), 'critical')
    }
    const path = usedPath(paths, now)
    const places = path.map(({ sha256 }) => paths.served.findIndex((one) => one.sha256 === sha256)).filter((place) => place >= 0)
    const rising = places.every((place, index) => index === 0 || place > (places[index - 1] as number))
    const evidence = seenAt(paths.tls, 'order on the wire', 'leaf, its issuer, and so on', order)
    return rising ? pass(evidence) : warn('tls.chain.unordered', evidence)
  },
  reproduce: openssl(['-showcerts', '-tls1_2']),
})
