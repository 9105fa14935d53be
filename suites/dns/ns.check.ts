import { defineCheck } from '../../helpers/check.ts'
import { recordTargets, zoneOf } from '../../helpers/probes/dns-zone.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { addressesIn, dig, dnsDomain, isV6, listed, noDns } from './shared.ts'

/** /24 and /48: what one site is usually given. */
const networkOf = (address: string): string => (isV6(address) ? address.split(':').slice(0, 3).join(':') : address.split('.').slice(0, 3).join('.'))

export default defineCheck({
  id: 'dns/ns',
  title: 'At least two name servers, in more than one network',
  failureTitle: 'Too few name servers, or all in one place',
  why: 'With one name server, or all in one network, one outage takes every name of the domain down, mail included.',
  source: 'RFC 1034 §4.1 (two servers at least); RFC 2182 §3.1 (apart from each other)',
  severity: 'medium',
  codes: {
    'dns.ns.too-few': { meaning: 'The zone has fewer than two name servers.', fix: 'Add a secondary name server in another network.' },
    'dns.ns.one-network': {
      meaning: 'All name servers are in one /24 (IPv6: /48) network.',
      fix: 'Add a secondary elsewhere; anycast networks are one place on paper only and may be waived.',
    },
  },
  options: {},
  subjects: dnsDomain(),
  unless: noDns,
  needs: (_subject, target) => ({ zone: zoneOf(target.domain), where: recordTargets(target.domain, 'NS') }),
  judge: ({ zone, where }) => {
    const names = zone.servers.map(({ name }) => name)
    const evidence = { what: `name servers of ${zone.apex}`, expected: 'two or more', received: names.length === 0 ? 'none' : listed(names) }
    if (names.length < 2) return fail('dns.ns.too-few', evidence)
    const addresses = where.targets.flatMap(({ a, aaaa }) => addressesIn(a, aaaa))
    if (addresses.length === 0) return inconclusive('unobserved', 'no name server has an address that the resolver tells', evidence)
    const networks = [...new Set(addresses.map(networkOf))]
    const spread = { what: `addresses of the name servers of ${zone.apex}`, expected: 'more than one network', received: listed(addresses) }
    return networks.length < 2 ? warn('dns.ns.one-network', [spread, evidence]) : pass([evidence, spread])
  },
  reproduce: dig('NS'),
})
