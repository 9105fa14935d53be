import { defineCheck, hostOf } from '../../helpers/check.ts'
import { certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { certificateLine, isPublic, lifetimeDays, noHosts, seenAt, showCertificate, tlsHosts } from './shared.ts'

export default defineCheck({
  id: 'tls/sct',
  title: 'The certificate is in enough Certificate Transparency logs',
  failureTitle: 'The certificate is in too few Certificate Transparency logs',
  why: 'Chrome, Safari and Firefox refuse publicly trusted certificates without enough signed timestamps of logs.',
  source: 'Chrome CT policy: 2 logs up to 180 days of lifetime, 3 above; embedded timestamps counted, operators not (no log list is bundled)',
  severity: 'medium',
  codes: {
    'tls.sct.too-few': {
      meaning: 'Fewer embedded timestamps of distinct logs than browsers demand.',
      fix: 'Have it issued again by a public CA that embeds SCTs; all of today’s do.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ paths: certificatePaths(hostOf(subject).fqdn) }),
  judge: ({ paths }, { subject, target }) => {
    const leaf = paths.served[0]
    if (leaf === undefined) return inconclusive('unobserved', 'no certificate was served')
    if (!isPublic(paths, hostOf(subject), target)) return skip('not-applicable', 'a private CA: its certificates belong in no public log')
    const logs = new Set(leaf.sctLogIds)
    const wanted = lifetimeDays(leaf) <= 180 ? 2 : 3
    const evidence = seenAt(
      paths.tls,
      `timestamps embedded in ${certificateLine(leaf)}`,
      `${wanted} distinct logs (lifetime ${lifetimeDays(leaf).toFixed(1)} days)`,
      logs.size === 0 ? 'none' : `${logs.size}: ${[...logs].map((id) => id.slice(0, 16)).join(', ')}`,
    )
    return logs.size >= wanted ? pass(evidence) : fail('tls.sct.too-few', evidence)
  },
  reproduce: showCertificate,
})
