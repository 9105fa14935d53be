import { defineCheck, hostOf } from '../../helpers/check.ts'
import { constraintsText, nameOutside } from '../../helpers/grammar/name-constraints.ts'
import { certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { certificateLine, noHosts, seenAt, showCertificate, tlsHosts, usedPath } from './shared.ts'

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const ANY = '2.5.29.37.0'
/** Any of these lets an intermediate certify servers: the old "server gated" ones count too, as in every library. */
const SERVER_AUTHORITY: ReadonlySet<string> = new Set([SERVER_AUTH, ANY, '1.3.6.1.4.1.311.10.3.3', '2.16.840.1.113730.4.1'])

export default defineCheck({
  id: 'tls/eku-ku',
  title: 'Certificates are made for what they are used for',
  failureTitle: 'A certificate is used for what it was not made for',
  why: 'Clients refuse a server certificate made for clients only, an issuer that is no CA, and a path longer than its CA allows; a leaf that is a CA could sign for anybody.',
  source: 'RFC 5280 §4.2.1.3, §4.2.1.9, §4.2.1.10, §4.2.1.12; RFC 8446 §4.4.2.2 (digitalSignature); CA/Browser Forum BR §7.1.2.7',
  severity: 'high',
  codes: {
    'tls.eku.no-server-auth': { meaning: 'extKeyUsage of the leaf lacks serverAuth.', fix: 'Issue it for TLS servers (extendedKeyUsage = serverAuth).' },
    'tls.eku.absent': { meaning: 'The leaf has no extKeyUsage; public CAs must set it.', fix: 'Issue it with extendedKeyUsage = serverAuth.' },
    'tls.ku.no-signature': {
      meaning: 'keyUsage of the leaf lacks digitalSignature: browsers refuse it for TLS 1.3 and for every suite with forward secrecy.',
      fix: 'Issue it with keyUsage = digitalSignature (for RSA keys keyEncipherment beside it, if at all).',
    },
    'tls.ca.no-server-auth': {
      meaning: 'extKeyUsage of an intermediate does not let it certify servers.',
      fix: 'Have the leaf issued by an intermediate whose extKeyUsage holds serverAuth, or that has none.',
    },
    'tls.ca.name-outside': {
      meaning: 'The leaf holds a name or address that nameConstraints of an authority above it shut out; clients refuse the whole certificate.',
      fix: 'Issue it for names within the constraints only, or from an authority without them.',
    },
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
    if (leaf.keyUsage !== undefined && !leaf.keyUsage.includes('digitalSignature')) {
      const evidence = seenAt(paths.tls, `keyUsage of ${certificateLine(leaf)}`, 'digitalSignature', leaf.keyUsage.join(', ') || 'none')
      findings.push({ grade: 'fail', code: 'tls.ku.no-signature', evidence })
    }
    // A root is trusted for servers by whoever put it into the store, whatever it says of itself.
    for (const issuer of path.slice(1, paths.paths.length > 0 ? -1 : undefined)) {
      if (issuer.extendedKeyUsage === undefined || issuer.extendedKeyUsage.some((one) => SERVER_AUTHORITY.has(one))) continue
      const evidence = seenAt(paths.tls, `extKeyUsage of ${certificateLine(issuer)}`, 'absent, or serverAuth', issuer.extendedKeyUsage.join(', '))
      findings.push({ grade: 'fail', code: 'tls.ca.no-server-auth', evidence })
    }
    path.slice(1).forEach((issuer, index) => {
      const outside = issuer.nameConstraints === undefined ? undefined : nameOutside(issuer.nameConstraints, leaf)
      if (issuer.nameConstraints !== undefined && outside !== undefined) {
        const evidence = seenAt(
          paths.tls,
          `names that ${certificateLine(issuer)} may certify`,
          `all names of the leaf: ${constraintsText(issuer.nameConstraints)}`,
          `${outside} is outside`,
        )
        findings.push({ grade: 'fail', code: 'tls.ca.name-outside', evidence })
      }
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
