import { defineCheck, hostOf } from '../../helpers/check.ts'
import { certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { certificateLine, noHosts, seenAt, showCertificate, tlsHosts, usedPath } from './shared.ts'

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const ANY = '2.5.29.37.0'

export default defineCheck({
  id: 'tls/eku-ku',
  title: 'Certificates are made for what they are used for',
  failureTitle: 'A certificate is used for what it was not made for',
  why: 'Clients refuse a server certificate made for clients only, an issuer that is no CA, and a path longer than its CA allows; a leaf that is a CA could sign for anybody.',
  source: 'RFC 5280 §4.2.1.3, §4.2.1.9, §4.2.1.12; CA/Browser Forum BR §7.1.2.7',
  severity: 'high',
  codes: {
    'tls.eku.no-server-auth': { meaning: 'extKeyUsage of the leaf lacks serverAuth.', fix: 'Issue it for TLS servers (extendedKeyUsage = serverAuth).' },
    'tls.eku.absent': { meaning: 'The leaf has no extKeyUsage; public CAs must set it.', fix: 'Issue it with extendedKeyUsage = serverAuth.' },
    'tls.ca.leaf-is-ca': { meaning: 'The leaf says CA:TRUE.', fix: 'Issue a leaf with basicConstraints CA:FALSE; never serve with a CA key.' },
    'tls.ca.issuer-not-ca': {
      meaning: 'A certificate on the path was issued by one that is no CA.',
      fix: 'Have it issued by a CA certificate (CA:TRUE, keyCertSign).',
    },
    'tls.ca.path-length': {
      meaning: 'The path is longer than pathLenConstraint of a CA on it allows.',
      fix: 'Issue the leaf from the CA directly, or raise the constraint.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ paths: certificatePaths(hostOf(subject).fqdn) }),
  judge: ({ paths }, { now }) => {
    const path = usedPath(paths, now)
    const leaf = path[0]
    if (leaf === undefined) return inconclusive('unobserved', 'no certificate was served')
    const usages = leaf.extendedKeyUsage
    const findings: Finding[] = []
    const usage = seenAt(
      paths.tls,
      `extKeyUsage of ${certificateLine(leaf)}`,
      `serverAuth (${SERVER_AUTH})`,
      usages === undefined ? 'absent' : usages.join(', '),
    )
    if (usages === undefined) findings.push({ grade: 'warn', code: 'tls.eku.absent', evidence: usage })
    else
      findings.push(
        usages.includes(SERVER_AUTH) || usages.includes(ANY)
          ? { grade: 'pass', evidence: usage }
          : { grade: 'fail', code: 'tls.eku.no-server-auth', evidence: usage },
      )
    if (leaf.isCa && path.length > 1) {
      findings.push({
        grade: 'warn',
        code: 'tls.ca.leaf-is-ca',
        evidence: seenAt(paths.tls, `basicConstraints of ${certificateLine(leaf)}`, 'CA:FALSE', 'CA:TRUE'),
      })
    }
    path.slice(1).forEach((issuer, index) => {
      const what = `${certificateLine(issuer)} as an issuer`
      if (!issuer.isCa || (issuer.keyUsage !== undefined && !issuer.keyUsage.includes('keyCertSign'))) {
        const received = `CA:${issuer.isCa ? 'TRUE' : 'FALSE'}, keyUsage ${issuer.keyUsage?.join(', ') ?? 'absent'}`
        findings.push({ grade: 'fail', code: 'tls.ca.issuer-not-ca', evidence: seenAt(paths.tls, what, 'CA:TRUE with keyCertSign', received) })
      }
      // pathLenConstraint counts the intermediates between this CA and the leaf.
      if (issuer.pathLength !== undefined && index > issuer.pathLength) {
        findings.push({
          grade: 'fail',
          code: 'tls.ca.path-length',
          evidence: seenAt(paths.tls, what, `at most ${issuer.pathLength} intermediates below it`, `${index}`),
        })
      }
    })
    return worst(findings)
  },
  reproduce: showCertificate,
})
