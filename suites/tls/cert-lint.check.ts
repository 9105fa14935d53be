import { defineCheck, hostOf } from '../../helpers/check.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { certificateLine, leafOf, noHosts, seenAt, showCertificate, tlsHosts } from './shared.ts'

export default defineCheck({
  id: 'tls/cert-lint',
  title: 'The certificate is well made',
  failureTitle: 'The certificate is not well made',
  why: 'A client must refuse a critical extension it does not know, and short or odd serial numbers are the mark of home-made authorities.',
  source: 'RFC 5280 §4.1.2.2, §4.2; CA/Browser Forum BR §7.1 (64 bits of serial entropy)',
  severity: 'low',
  codes: {
    'tls.serial.invalid': {
      meaning: 'The serial number is zero, negative, or longer than 20 bytes.',
      fix: 'Let the CA use positive random serial numbers of 16 bytes.',
    },
    'tls.serial.short': {
      meaning: 'The serial number is shorter than 8 bytes: it can be guessed.',
      fix: 'Let the CA use random serial numbers of at least 8 bytes.',
    },
    'tls.certificate.malformed': {
      meaning:
        'The certificate departs from the standard in a way that clients read differently: NUL or foreign letters in a name, old string types, an extension twice.',
      fix: 'Have it issued again with ordinary tools; international names as A-labels (xn--).',
    },
    'tls.extension.unknown-critical': {
      meaning: 'A critical extension is one that TLS clients do not know.',
      fix: 'Issue it without that extension, or not critical.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: tlsHandshake({ host: hostOf(subject).fqdn }) }),
  judge: ({ tls }) => {
    const leaf = leafOf(tls)
    if (leaf === undefined) return inconclusive('unobserved', 'the handshake brought no readable certificate')
    const serial = leaf.serialHex
    const bytes = serial.replace(/^00(?=.)/, '').length / 2
    const negative = Number.parseInt(serial.slice(0, 2), 16) >= 0x80
    const evidence = seenAt(tls, `serial number of ${certificateLine(leaf)}`, 'positive, 8 to 20 bytes', serial === '' ? '(empty)' : serial)
    const findings: Finding[] = [
      /^0*$/.test(serial) || negative || bytes > 20
        ? { grade: 'warn', code: 'tls.serial.invalid', evidence }
        : bytes < 8
          ? { grade: 'warn', code: 'tls.serial.short', evidence }
          : { grade: 'pass', evidence },
    ]
    for (const certificate of tls.chain) {
      // What is in a root is nobody's concern: it is trusted by decision.
      if (certificate !== leaf && certificate.subject === certificate.issuer) continue
      for (const oid of certificate.unknownCriticalExtensions) {
        findings.push({
          grade: 'fail',
          code: 'tls.extension.unknown-critical',
          evidence: seenAt(tls, `critical extension of ${certificateLine(certificate)}`, 'one that clients know', oid),
          severity: 'high',
        })
      }
    }
    for (const oddity of leaf.oddities ?? []) {
      findings.push({ grade: 'warn', code: 'tls.certificate.malformed', evidence: seenAt(tls, certificateLine(leaf), 'as RFC 5280 has it', oddity) })
    }
    return worst(findings)
  },
  reproduce: showCertificate,
})
