import { defineCheck, hostOf } from '../../helpers/check.ts'
import { readTimestampList } from '../../helpers/grammar/certificate.ts'
import { attempt } from '../../helpers/probe.ts'
import { certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { tls12Look } from '../../helpers/probes/tls-plan.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { certificateLine, isPublic, lifetimeDays, noHosts, seenAt, showCertificate, tlsHosts } from './shared.ts'

const SIGNED_CERTIFICATE_TIMESTAMP = 18
const shown = (logs: ReadonlySet<string>): string => (logs.size === 0 ? 'none' : `${logs.size}: ${[...logs].map((id) => id.slice(0, 16)).join(', ')}`)

export default defineCheck({
  id: 'tls/sct',
  title: 'The certificate is in enough Certificate Transparency logs',
  failureTitle: 'The certificate is in too few Certificate Transparency logs',
  why: 'Chrome, Safari and Firefox refuse publicly trusted certificates without enough signed timestamps of logs.',
  source:
    'Chrome CT policy: 2 logs up to 180 days of lifetime, 3 above, or 2 in the handshake; logs are counted, not their operators (no log list is bundled); those in OCSP answers no longer count',
  severity: 'medium',
  codes: {
    'tls.sct.too-few': {
      meaning: 'Fewer timestamps of distinct logs than browsers demand, in the certificate and in the handshake.',
      fix: 'Have it issued again by a public CA that embeds SCTs; all of today’s do.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ paths: certificatePaths(hostOf(subject).fqdn), flight: attempt(tls12Look({ host: hostOf(subject).fqdn })) }),
  judge: ({ paths, flight }, { subject, target }) => {
    const leaf = paths.served[0]
    if (leaf === undefined) return inconclusive('unobserved', 'no certificate was served')
    if (!isPublic(paths, hostOf(subject), target)) return skip('not-applicable', 'a private CA: its certificates belong in no public log')
    const wanted = lifetimeDays(leaf) <= 180 ? 2 : 3
    const logs = new Set(leaf.sctLogIds)
    const evidence = [
      seenAt(
        paths.tls,
        `timestamps embedded in ${certificateLine(leaf)}`,
        `${wanted} distinct logs (lifetime ${lifetimeDays(leaf).toFixed(1)} days)`,
        shown(logs),
      ),
    ]
    if (logs.size >= wanted) return pass(evidence)
    const list = flight.ok ? flight.value.best.flight.hello?.extensions.find(({ type }) => type === SIGNED_CERTIFICATE_TIMESTAMP) : undefined
    const delivered = new Set(list === undefined ? [] : readTimestampList(list.data))
    if (list !== undefined) evidence.push(seenAt(paths.tls, 'timestamps that came in the handshake', '2 distinct logs', shown(delivered)))
    return delivered.size >= 2 ? pass(evidence.reverse()) : fail('tls.sct.too-few', evidence)
  },
  reproduce: showCertificate,
})
