import { defineCheck } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { delegationOf, zoneOf } from '../../helpers/probes/dns-zone.ts'
import { type Evidence, fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { digServers, dnsDomain, listed, looked, noDns } from './shared.ts'

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
    'dns.delegation.lame': {
      meaning: 'The parent sends a part of all questions to a server that does not serve the zone; whoever gets hold of its name answers for the domain.',
      fix: 'Take it off the list at the registrar today.',
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
    const lame = parent.value.strangers.flatMap(({ name, server, seen }): readonly Evidence[] => {
      // Silence proves nothing (rules G1); what is told elsewhere as a difference stays one.
      const proven = seen.ok
        ? !(seen.value.authoritative && seen.value.rcode === 'NOERROR')
        : seen.failure.code === 'NXDOMAIN' || seen.failure.code === 'NODATA'
      if (!proven) return []
      return [looked(`${zone.apex} SOA at ${name}, which the parent alone names`, seen, 'an authoritative answer', ...(server === '' ? [] : [`@${server}`]))]
    })
    if (lame.length > 0) return fail('dns.delegation.lame', [...lame, evidence], 'high')
    return own.join(' ') === above.join(' ') ? pass(evidence) : warn('dns.delegation.differs', evidence)
  },
  reproduce: (subject, target) => (target.file.network?.nameservers === undefined ? `dig +trace NS ${target.domain}` : digServers('NS')(subject, target)),
})
