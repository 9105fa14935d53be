import { defineCheck, hostOf } from '../../helpers/check.ts'
import { authoritativeAnswers } from '../../helpers/probes/dns-zone.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { digServers, dnsHosts, isAnswer, lookLine, looked, noDns } from './shared.ts'

export default defineCheck({
  id: 'dns/family-rcode',
  title: 'Name servers answer the AAAA question as they answer the A question',
  failureTitle: 'A name server answers the AAAA question wrongly',
  why: 'Browsers ask for both families: NXDOMAIN or silence for one of them hides the other, or costs seconds, and only some resolvers show it.',
  source: 'RFC 4074 §4; RFC 2308 §2.2 (no such type is NOERROR without an answer)',
  severity: 'medium',
  codes: {
    'dns.family.rcode': {
      meaning: 'One family is answered and the other with NXDOMAIN, an error or silence.',
      fix: 'Answer NOERROR with an empty answer where there is no record; old load balancers that act as name servers need an update.',
    },
  },
  options: {},
  subjects: dnsHosts((host, target) => host.fqdn === target.domain || host.fqdn.endsWith(`.${target.domain}`)),
  unless: noDns,
  needs: (subject, target) => ({
    a: authoritativeAnswers(target.domain, { name: hostOf(subject).fqdn, type: 'A' }),
    aaaa: authoritativeAnswers(target.domain, { name: hostOf(subject).fqdn, type: 'AAAA' }),
  }),
  judge: ({ a, aaaa }) => {
    const findings: Finding[] = []
    for (const { name, server, seen } of a) {
      const other = aaaa.find((one) => one.name === name && one.server === server)?.seen
      if (other === undefined) continue
      // The side that works proves that the server can be reached; then the silence of the other one means something.
      for (const [one, two, type] of [
        [seen, other, 'AAAA'],
        [other, seen, 'A'],
      ] as const) {
        if (!one.ok || !isAnswer(one.value)) continue
        const expected = one.value.rcode === 'NXDOMAIN' ? 'NXDOMAIN, as for the other family' : 'NOERROR, with or without a record'
        const evidence = { ...looked(`${one.value.name} ${type} at ${name}`, two, expected, `@${server}`), received: lookLine(two) }
        findings.push(two.ok && two.value.rcode === one.value.rcode ? { grade: 'pass', evidence } : { grade: 'fail', code: 'dns.family.rcode', evidence })
      }
    }
    return findings.length === 0 ? inconclusive('unobserved', 'no server of the zone answered for either family') : worst(findings)
  },
  reproduce: digServers('AAAA'),
})
