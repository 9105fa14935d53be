import { defineCheck, hostOf } from '../../helpers/check.ts'
import { isAddress } from '../../helpers/grammar/address.ts'
import { isPartialWildcard, isPublicSuffixWildcard } from '../../helpers/grammar/server-name.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { leafOf, noHosts, ownName, seenAt, showCertificate, tlsHosts } from './shared.ts'

/** Names that no public CA may certify (BR §7.1.4.2): not fully qualified, or under a suffix kept for inside use. */
const INTERNAL = /^(?:[^.]+|.*\.(?:local|localhost|internal|intranet|lan|corp|home|home\.arpa|localdomain|invalid))$/i

export default defineCheck({
  id: 'tls/san-identity',
  title: 'The certificate names nothing it should not',
  failureTitle: 'The certificate carries names that clients refuse or that tell of the inside',
  why: 'Partial wildcards and wildcards over a public suffix are refused by browsers though TLS libraries accept them; internal names tell the world how the inside is called.',
  source: 'RFC 9525 §6.3; CA/Browser Forum BR §7.1.4.2',
  severity: 'medium',
  codes: {
    'tls.san.partial-wildcard': {
      meaning: 'A name has an asterisk inside or beside a label.',
      fix: 'Use the whole left-most label (*.example.com) or list the names.',
    },
    'tls.san.address-as-name': {
      meaning: 'An IP address stands where a name belongs (dNSName); no client matches it there.',
      fix: 'Put addresses into iPAddress entries (openssl: subjectAltName=IP:…).',
    },
    'tls.san.public-suffix': { meaning: 'A wildcard stands directly over a public suffix.', fix: 'Issue a certificate for your own names only.' },
    'tls.san.internal-name': {
      meaning: 'A name is an internal one (localhost, .local, a single label).',
      fix: 'Take internal names out of the certificate that the public sees.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: tlsHandshake({ host: hostOf(subject).fqdn }) }),
  judge: ({ tls }, { target }) => {
    const leaf = leafOf(tls)
    if (leaf === undefined) return inconclusive('unobserved', 'the handshake brought no readable certificate')
    const odd = leaf.dnsNames.flatMap((name): Finding[] => {
      const evidence = seenAt(tls, 'a name in subjectAltName', 'a full name, or * as the whole left-most label below a registrable domain', name)
      if (isAddress(name)) return [{ grade: 'warn', code: 'tls.san.address-as-name', evidence }]
      if (isPartialWildcard(name)) return [{ grade: 'warn', code: 'tls.san.partial-wildcard', evidence }]
      if (isPublicSuffixWildcard(name)) return [{ grade: 'warn', code: 'tls.san.public-suffix', evidence }]
      if (INTERNAL.test(name) && !ownName(name, target)) return [{ grade: 'warn', code: 'tls.san.internal-name', evidence }]
      return []
    })
    const large = leaf.dnsNames.length > 100 ? ': a certificate this large makes every handshake larger' : ''
    return worst([
      ...odd.slice(0, 20),
      ...(odd.length > 0
        ? []
        : [
            {
              grade: 'pass' as const,
              evidence: seenAt(tls, 'names in subjectAltName', 'nothing odd among them', `${leaf.dnsNames.length + leaf.ipAddresses.length} names${large}`),
            },
          ]),
    ])
  },
  reproduce: showCertificate,
})
