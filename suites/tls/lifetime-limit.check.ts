import { defineCheck, hostOf } from '../../helpers/check.ts'
import { certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { fail, pass, skip, warn } from '../../helpers/verdict.ts'
import { certificateLine, isPublic, lifetimeDays, noHosts, seenAt, showCertificate, tlsHosts } from './shared.ts'

/** CA/Browser Forum BR §6.3.2 (ballot SC-081v3), by the day of issue. */
const LIMITS = [
  { from: '2029-03-15T00:00:00Z', days: 47 },
  { from: '2027-03-15T00:00:00Z', days: 100 },
  { from: '2026-03-15T00:00:00Z', days: 200 },
  { from: '2020-09-01T00:00:00Z', days: 398 },
] as const
export const limitFor = (notBefore: string): number => LIMITS.find(({ from }) => Date.parse(notBefore) >= Date.parse(from))?.days ?? 825

export default defineCheck({
  id: 'tls/lifetime-limit',
  title: 'The certificate lives no longer than browsers allow',
  failureTitle: 'The certificate lives longer than browsers allow',
  why: 'Browsers refuse publicly trusted certificates whose lifetime is above the limit of their day of issue.',
  source: 'CA/Browser Forum BR §6.3.2 (SC-081v3)',
  severity: 'medium',
  codes: {
    'tls.lifetime.too-long': { meaning: 'notBefore to notAfter is longer than the limit of the day of issue.', fix: 'Issue it again with a shorter lifetime.' },
    'tls.lifetime.at-limit': { meaning: 'The lifetime is within a day of the limit.', fix: 'Ask the CA for a day less; rounding may put it over the limit.' },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ paths: certificatePaths(hostOf(subject).fqdn) }),
  judge: ({ paths }, { subject, target }) => {
    const leaf = paths.longest[0] ?? paths.served[0]
    if (leaf === undefined || !isPublic(paths, hostOf(subject), target))
      return skip('not-applicable', 'a private CA: limits of the browser programmes do not hold')
    const limit = limitFor(leaf.notBefore)
    const days = lifetimeDays(leaf)
    const evidence = seenAt(
      paths.tls,
      `lifetime of ${certificateLine(leaf)}`,
      `≤ ${limit} days (issued ${leaf.notBefore.slice(0, 10)})`,
      `${days.toFixed(2)} days`,
    )
    if (!(days <= limit)) return fail('tls.lifetime.too-long', evidence)
    return days > limit - 1 ? warn('tls.lifetime.at-limit', evidence) : pass(evidence)
  },
  reproduce: showCertificate,
})
