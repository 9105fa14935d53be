import { defineCheck, hostOf } from '../../helpers/check.ts'
import { certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { certificateLine, isPublic, lifetimeDays, noHosts, seenAt, showCertificate, tlsHosts } from './shared.ts'

/** Short-lived in the sense of BR §4.9.7 / §7.1.2.11.2: 10 days when issued before 2026-03-15, 7 days since. */
/** Longest lifetime, in days, that needs no revocation, by the day of issue; none before the rule was made. */
const shortLivedDays = (notBefore: string): number => {
  const issued = Date.parse(notBefore)
  return issued >= Date.parse('2026-03-15T00:00:00Z') ? 7 : issued >= Date.parse('2024-03-15T00:00:00Z') ? 10 : 0
}

export default defineCheck({
  id: 'tls/revocation-info',
  title: 'The certificate says where its revocation is published',
  failureTitle: 'The certificate says nowhere where its revocation is published',
  why: 'Without a revocation list a stolen key stays good until the certificate expires. An absent OCSP URL alone is right: large CAs have turned OCSP off.',
  source: 'CA/Browser Forum BR §7.1.2.7, §7.1.2.11',
  severity: 'info',
  codes: {
    'tls.revocation.none': {
      meaning: 'Neither CRL nor OCSP location, and the certificate is not short-lived.',
      fix: 'Have it issued by a CA that publishes a CRL, or use short-lived certificates.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ paths: certificatePaths(hostOf(subject).fqdn) }),
  judge: ({ paths }, { subject, target }) => {
    const leaf = paths.served[0]
    if (leaf === undefined) return inconclusive('unobserved', 'no certificate was served')
    if (!isPublic(paths, hostOf(subject), target)) return skip('not-applicable', 'a private CA: how it publishes revocation is its own affair')
    const days = lifetimeDays(leaf)
    const places = [...leaf.crlUrls, ...leaf.ocspUrls]
    const evidence = seenAt(
      paths.tls,
      `revocation of ${certificateLine(leaf)}`,
      `a CRL or OCSP location, or a lifetime of at most ${shortLivedDays(leaf.notBefore)} days`,
      places.length > 0 ? places.slice(0, 4).join(', ') : `none; lifetime ${days.toFixed(1)} days`,
    )
    return places.length > 0 || days <= shortLivedDays(leaf.notBefore) ? pass(evidence) : warn('tls.revocation.none', evidence, 'medium')
  },
  reproduce: showCertificate,
})
