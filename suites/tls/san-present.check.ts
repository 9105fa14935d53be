import { defineCheck, hostOf } from '../../helpers/check.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { leafOf, noHosts, seenAt, showCertificate, tlsHosts } from './shared.ts'

export default defineCheck({
  id: 'tls/san-present',
  title: 'The certificate carries its names where clients read them',
  failureTitle: 'The certificate has no subjectAltName',
  why: 'Browsers ignore the common name since 2017; TLS libraries and command-line tools may still accept it and hide the fault.',
  source: 'RFC 9525 §2; RFC 6125 appendix B',
  severity: 'high',
  codes: {
    'tls.san.missing': {
      meaning: 'The certificate has neither a dNSName nor an iPAddress in subjectAltName.',
      fix: 'Issue it again with subjectAltName (openssl req -addext subjectAltName=DNS:…); every public CA does so by itself.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: tlsHandshake({ host: hostOf(subject).fqdn }) }),
  judge: ({ tls }) => {
    const leaf = leafOf(tls)
    if (leaf === undefined) return inconclusive('unobserved', 'the handshake brought no readable certificate')
    const count = leaf.dnsNames.length + leaf.ipAddresses.length
    const evidence = seenAt(
      tls,
      'subjectAltName of the leaf',
      'at least one dNSName or iPAddress',
      count === 0 ? `none (subject ${leaf.subject === '' ? 'empty' : leaf.subject})` : `${count}`,
    )
    return count > 0 ? pass(evidence) : fail('tls.san.missing', evidence)
  },
  reproduce: showCertificate,
})
