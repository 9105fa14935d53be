import { attempt } from '../../helpers/probe.ts'
import { defineCheck, hostOf } from '../../helpers/check.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { addressesIn, digBoth, dnsHosts, isInternal, listed, looked, within } from './shared.ts'

export default defineCheck({
  id: 'dns/origin-disclosed',
  title: 'The name leads to the edge, not to the origin behind it',
  failureTitle: 'The name discloses the origin behind the edge',
  why: 'One record that names the origin lets anybody go round the CDN, its filter and its limits.',
  source: 'edge.addresses and edge.origin of the target; OWASP WSTG-CONF-01',
  severity: 'high',
  codes: {
    'dns.origin.disclosed': {
      meaning: 'The name has the address of the origin.',
      fix: 'Let the record go through the edge (proxied, CNAME to it), and change the origin’s address: the old one is known now.',
    },
    'dns.origin.outside-edge': {
      meaning: 'The name has an address outside the networks of the edge.',
      fix: 'Send the name through the edge, or declare the network.',
    },
  },
  options: {},
  subjects: dnsHosts((host, target) => !isInternal(target, host) && (target.file.edge?.addresses !== undefined || target.file.edge?.origin !== undefined)),
  unless: { skip: 'not-declared', reason: 'the target declares no addresses of the edge or its origin (edge.addresses, edge.origin)' },
  needs: (subject) => ({
    a: attempt(dnsQuery({ name: hostOf(subject).fqdn, type: 'A' })),
    aaaa: attempt(dnsQuery({ name: hostOf(subject).fqdn, type: 'AAAA' })),
  }),
  judge: ({ a, aaaa }, { subject, target }) => {
    const edge = target.file.edge
    const addresses = addressesIn(a, aaaa)
    const networks = edge?.addresses
    const origin = edge?.origin?.address
    const expected = [
      ...(networks === undefined ? [] : [`only addresses in ${listed(networks)}`]),
      ...(origin === undefined ? [] : [`not the origin ${origin}`]),
    ].join(', ')
    const evidence = [looked(`${subject.name} A`, a, expected), looked(`${subject.name} AAAA`, aaaa, expected)]
    if (origin !== undefined && addresses.some((address) => within(address, [origin]))) return fail('dns.origin.disclosed', evidence)
    if (networks !== undefined && addresses.some((address) => !within(address, networks))) return fail('dns.origin.outside-edge', evidence)
    // Half an answer can hide the record that matters.
    if (addresses.length === 0 || !a.ok || !aaaa.ok) return inconclusive('unobserved', 'not both families were answered with something to compare', evidence)
    return pass(evidence)
  },
  reproduce: digBoth,
  covers: ['B1'],
})
