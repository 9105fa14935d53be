import { attempt, type Observed } from '../../helpers/probe.ts'
import { defineCheck, hostOf } from '../../helpers/check.ts'
import type { DnsObservation } from '../../helpers/observations.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { addressesIn, digBoth, dnsHosts, lookLine, looked, noDns } from './shared.ts'

const saying = (rcode: string, ...seen: readonly Observed<DnsObservation>[]): boolean => seen.some((one) => one.ok && one.value.rcode === rcode)

export default defineCheck({
  id: 'dns/resolves',
  title: 'The name resolves',
  failureTitle: 'The name does not resolve',
  why: 'A name without an address is down for everybody, whatever its server does; a missing record is the usual slip when a host is added.',
  source: 'RFC 1034 §3.7, §4.3.1; RFC 2308 (NXDOMAIN, NODATA and failures are different answers)',
  severity: 'critical',
  codes: {
    'dns.nxdomain': { meaning: 'The name does not exist.', fix: 'Create its record; mind that resolvers remember the absence for the minimum of the SOA.' },
    'dns.nodata': { meaning: 'The name exists without an A or AAAA record.', fix: 'Add the address or CNAME record; look where the CNAME ends.' },
    'dns.servfail': {
      meaning: 'The resolver could not find an answer: servers of the zone do not answer, or the signatures are broken.',
      fix: 'Ask each name server directly, then with dig +cd: an answer only with +cd means broken DNSSEC.',
    },
  },
  options: {},
  subjects: dnsHosts(),
  unless: noDns,
  needs: (subject) => ({
    a: attempt(dnsQuery({ name: hostOf(subject).fqdn, type: 'A' })),
    aaaa: attempt(dnsQuery({ name: hostOf(subject).fqdn, type: 'AAAA' })),
  }),
  judge: ({ a, aaaa }, { subject }) => {
    const expected = 'an address of at least one family'
    const evidence = [looked(`${subject.name} A`, a, expected), looked(`${subject.name} AAAA`, aaaa, expected)]
    if (addressesIn(a, aaaa).length > 0) return pass(evidence)
    if (saying('SERVFAIL', a, aaaa)) return fail('dns.servfail', evidence)
    if (saying('NXDOMAIN', a, aaaa)) return fail('dns.nxdomain', evidence)
    // Silence, or a resolver that refuses us, says nothing about the name: never "does not exist" (rules G1).
    if (!a.ok || !aaaa.ok || saying('REFUSED', a, aaaa) || a.value.rcode !== 'NOERROR' || aaaa.value.rcode !== 'NOERROR')
      return inconclusive('unobserved', `the resolver gave no usable answer: A ${lookLine(a)}; AAAA ${lookLine(aaaa)}`, evidence)
    return fail('dns.nodata', evidence)
  },
  reproduce: digBoth,
  covers: ['A1', 'B1', 'C25', 'D63', 'E89'],
})
