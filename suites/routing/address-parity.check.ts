import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { titleOf } from '../../helpers/headers.ts'
import { isUnroutable } from '../../helpers/probe.ts'
import { everyAddress } from '../../helpers/probes/every-address.ts'
import { type Evidence, type Finding, inconclusive, skip, type Verdict, worst } from '../../helpers/verdict.ts'
import { curlHttps, evidenceOf, noHosts, obstacle, readMarker } from './shared.ts'

export default defineCheck({
  id: 'routing/address-parity',
  title: 'Every address of the host answers alike',
  failureTitle: 'The addresses of the host answer differently',
  why: 'Browsers choose among the addresses: one that is dead or stale fails for some visitors only, and for no test that asks the first.',
  source: 'RFC 8305 (clients race the families); rules of the target: status and marker',
  severity: 'high',
  codes: {
    'routing.address.dead': {
      meaning: 'One address of the host does not answer.',
      fix: 'Start the server there, open its firewall for both families, or take the record away.',
    },
    'routing.address.differs': {
      meaning: 'One address answers with another status, title or marker than the first.',
      fix: 'Bring every server behind the name to the same release and configuration.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ all: everyAddress(hostOf(subject).fqdn, hostOf(subject).path) }),
  judge: ({ all }, { subject }) => {
    const { marker } = hostOf(subject).declared
    const first = all.find((one) => one.seen.ok)?.seen
    if (first?.ok !== true) return inconclusive('unobserved', `none of the ${all.length} addresses answered`)
    const findings: Finding[] = []
    const unseen: Evidence[] = []
    let unclear: Verdict | undefined
    for (const { address, seen } of all) {
      const what = `https://${subject.name}${hostOf(subject).path} at ${address}`
      if (!seen.ok) {
        if (isUnroutable(seen.failure, address)) {
          unseen.push({ what, expected: 'an answer to compare', received: `${seen.failure.phase}: ${seen.failure.message} (${seen.failure.code})` })
          continue
        }
        findings.push({
          grade: 'fail',
          code: 'routing.address.dead',
          evidence: { what, expected: 'the same answer as at the others', received: `${seen.failure.phase}: ${seen.failure.message} (${seen.failure.code})` },
        })
        continue
      }
      const blocked = obstacle(seen.value)
      if (blocked !== undefined) {
        unclear ??= blocked
        continue
      }
      const alike =
        seen.value.status === first.value.status &&
        titleOf(seen.value) === titleOf(first.value) &&
        (marker === undefined || readMarker(marker, seen.value).ok === readMarker(marker, first.value).ok)
      const evidence = evidenceOf(seen.value, `status ${first.value.status} and the same title and marker everywhere`, undefined, what)
      findings.push(alike ? { grade: 'pass', evidence } : { grade: 'fail', code: 'routing.address.differs', evidence })
    }
    const verdict = worst(findings)
    if (verdict.outcome === 'fail') return verdict
    if (unclear !== undefined) return unclear
    return unseen.length === 0
      ? verdict
      : skip('no-access', `this machine has no way to ${unseen.length} of ${all.length} addresses; network.ipv6: false judges the others alone`, [
          ...unseen,
          ...verdict.evidence,
        ])
  },
  reproduce: curlHttps(),
  covers: ['A7'],
})
