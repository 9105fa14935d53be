import { defineCheck } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { delegationOf, zoneOf } from '../../helpers/probes/dns-zone.ts'
import { inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { digServers, dnsDomain, listed, noDns } from './shared.ts'

export default defineCheck({
  id: 'dns/delegation',
  title: 'The parent delegates to the servers that the zone names',
  failureTitle: 'Parent and zone name different servers',
  why: 'A server that only the parent names is asked for ever although nobody keeps it; one that only the zone names is never found from above.',
  source: 'RFC 1034 §4.2.2 (both sets must be the same)',
  severity: 'medium',
  codes: {
    'dns.delegation.differs': {
      meaning: 'The NS set at the parent is not that of the zone.',
      fix: 'Correct the name servers at the registrar, or the NS records of the zone.',
    },
  },
  options: {},
  subjects: dnsDomain(),
  unless: noDns,
  needs: (_subject, target) => ({ zone: zoneOf(target.domain), parent: attempt(delegationOf(target.domain)) }),
  judge: ({ zone, parent }) => {
    const own = zone.servers.map(({ name }) => name).sort()
    if (!parent.ok) return inconclusive('unobserved', `the parent could not be asked: ${parent.failure.message}`)
    const above = [...parent.value.names].sort()
    const evidence = {
      what: `delegation of ${zone.apex} in ${parent.value.parent}`,
      expected: `as the zone says: ${listed(own)}`,
      received: listed(above),
      where: `@${parent.value.from}`,
    }
    return own.join(' ') === above.join(' ') ? pass(evidence) : warn('dns.delegation.differs', evidence)
  },
  reproduce: (subject, target) => (target.file.network?.nameservers === undefined ? `dig +trace NS ${target.domain}` : digServers('NS')(subject, target)),
})
