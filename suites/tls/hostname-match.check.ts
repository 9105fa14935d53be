import { defineCheck, hostOf } from '../../helpers/check.ts'
import { matchServerName } from '../../helpers/grammar/server-name.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { leafOf, noHosts, seenAt, showCertificate, tlsHosts } from './shared.ts'

const REASONS = {
  'no-names': 'it has no names in subjectAltName; a common name counts for nothing',
  'no-match': 'no name in it is this one',
  'partial-wildcard': 'only a partial wildcard would match, and no browser accepts one',
  'public-suffix-wildcard': 'only a wildcard over a public suffix would match, and no browser accepts one',
  'deep-wildcard': 'its wildcard covers one label, not two',
} as const

export default defineCheck({
  id: 'tls/hostname-match',
  title: 'The certificate names the host',
  failureTitle: 'The certificate does not name the host',
  why: 'Every client refuses a certificate for another name. It is judged apart from dates and trust, because a library reports only the first error.',
  source: 'RFC 9525 §6.3',
  severity: 'critical',
  codes: {
    'tls.hostname.mismatch': {
      meaning: 'No subjectAltName entry of the served certificate matches the host.',
      fix: 'Issue a certificate that names the host, and let the virtual host of this name serve it (nginx: server_name and ssl_certificate of the same server block).',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: tlsHandshake({ host: hostOf(subject).fqdn }) }),
  judge: ({ tls }, { subject }) => {
    const { fqdn } = hostOf(subject)
    const leaf = leafOf(tls)
    if (leaf === undefined) return inconclusive('unobserved', 'the handshake brought no readable certificate')
    const match = matchServerName(fqdn, leaf)
    const names = [...leaf.dnsNames, ...leaf.ipAddresses]
    const listed = names.length === 0 ? '(none)' : `${names.slice(0, 20).join(', ')}${names.length > 20 ? ` and ${names.length - 20} more` : ''}`
    return match.matches
      ? pass(seenAt(tls, `names of the certificate (SHA-256 ${leaf.sha256.slice(0, 16)}…)`, `one matches ${fqdn}`, `${match.by} matches`))
      : fail(
          'tls.hostname.mismatch',
          seenAt(tls, `names of the certificate (SHA-256 ${leaf.sha256.slice(0, 16)}…)`, `one matches ${fqdn}`, `${listed}: ${REASONS[match.reason]}`),
        )
  },
  reproduce: showCertificate,
  covers: ['A14', 'B9', 'D3', 'E21', 'C4'],
})
