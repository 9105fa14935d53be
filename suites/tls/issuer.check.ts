import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { leafOf, seenAt, showCertificate } from './shared.ts'

export default defineCheck({
  id: 'tls/issuer',
  title: 'The certificate comes from a declared issuer',
  failureTitle: 'The certificate comes from another issuer than declared',
  why: 'A staging issuer left in place, an origin-only certificate or a tunnel that serves its own show first in who issued the certificate.',
  source: 'tls.issuers of the target',
  severity: 'high',
  codes: {
    'tls.issuer.unexpected': {
      meaning: 'Neither organisation nor common name of the issuer contains a declared text.',
      fix: 'Find out who terminates TLS for this name; correct the ACME directory, or declare the issuer.',
    },
  },
  options: {},
  subjects: eachHost((host) => host.tls.issuers !== undefined),
  unless: { skip: 'not-declared', reason: 'the target declares no tls.issuers' },
  needs: (subject) => ({ tls: tlsHandshake({ host: hostOf(subject).fqdn }) }),
  judge: ({ tls }, { subject }) => {
    const leaf = leafOf(tls)
    if (leaf === undefined) return inconclusive('unobserved', 'the handshake brought no readable certificate')
    const allowed = hostOf(subject).tls.issuers ?? []
    const names = [leaf.issuerOrganization, leaf.issuerCommonName].filter((one) => one !== undefined)
    const found = allowed.find((text) => text !== '' && names.some((name) => name.toLowerCase().includes(text.toLowerCase())))
    const evidence = seenAt(
      tls,
      'issuer of the leaf',
      allowed.join(' or '),
      `${leaf.issuer} (serial ${leaf.serialHex}, ${leaf.notBefore.slice(0, 10)} to ${leaf.notAfter.slice(0, 10)}, names ${leaf.dnsNames.slice(0, 10).join(', ')})`,
    )
    return found === undefined ? fail('tls.issuer.unexpected', evidence) : pass(evidence)
  },
  reproduce: showCertificate,
  covers: ['A15'],
})
