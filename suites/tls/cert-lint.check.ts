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
    for (const oid of leaf.unknownCriticalExtensions) {
      findings.push({
        grade: 'fail',
        code: 'tls.extension.unknown-critical',
        evidence: seenAt(tls, 'critical extension', 'one that clients know', oid),
        severity: 'high',
      })
    }
    return worst(findings)
  },
  reproduce: showCertificate,
})
