import { defineCheck } from '../../helpers/check.ts'
import { authoritativeAnswers } from '../../helpers/probes/dns-zone.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { intercepted, answerLine, digServers, dnsDomain, lookLine, noDns } from './shared.ts'

export default defineCheck({
  id: 'dns/ns-authoritative',
  title: 'Every name server answers for the zone with authority',
  failureTitle: 'A name server does not answer for the zone',
  why: 'Resolvers choose among the servers: a lame one costs every visitor seconds, and all of them when the good one is away.',
  source: 'RFC 1912 §2.8 (lame delegations); RFC 1035 §4.1.1 (AA)',
  severity: 'medium',
  codes: {
    'dns.ns.lame': {
      meaning: 'A listed server answers without authority for the zone, or refuses it.',
      fix: 'Load the zone on that server (look for a failed transfer), or remove it from NS records and delegation.',
    },
    'dns.ns.silent': { meaning: 'A listed server does not answer while others do.', fix: 'Start it, open port 53 for UDP and TCP, or remove it.' },
    'dns.ns.unresolvable': { meaning: 'The name of a listed server has no address.', fix: 'Correct the name, or add its address (and glue at the parent).' },
  },
  options: {},
  subjects: dnsDomain(),
  unless: noDns,
  needs: (_subject, target) => ({ all: authoritativeAnswers(target.domain, { type: 'SOA' }) }),
  judge: ({ all }) => {
    // When nobody answers, it may be us who cannot reach port 53 (rules G1).
    if (!all.some(({ seen }) => seen.ok))
      return inconclusive(
        'unobserved',
        all.length === 0 ? 'the zone lists no server' : `none of the servers answered: ${all.map(({ name, seen }) => `${name} ${lookLine(seen)}`).join('; ')}`,
      )
    if (intercepted(all))
      return inconclusive('unobserved', 'every server answers like a resolver (ra, no aa): port 53 seems to be intercepted between here and there')
    const findings: Finding[] = []
    for (const { name, server, seen } of all) {
      const base = { what: `SOA at ${name}`, expected: 'an authoritative answer (aa)', ...(server === '' ? {} : { where: `@${server}` }) }
      if (!seen.ok) {
        if (seen.failure.code === 'UNMAPPED') return inconclusive('misused', seen.failure.message)
        const gone = seen.failure.code === 'NXDOMAIN' || seen.failure.code === 'NODATA'
        findings.push({ grade: 'fail', code: gone ? 'dns.ns.unresolvable' : 'dns.ns.silent', evidence: { ...base, received: lookLine(seen) } })
        continue
      }
      const { value } = seen
      const good = value.rcode === 'NOERROR' && value.authoritative && value.answers.some((record) => record.type === 'SOA')
      const evidence = { ...base, received: `${value.authoritative ? 'aa' : 'without aa'}: ${answerLine(value)}`, at: value.at }
      findings.push(good ? { grade: 'pass', evidence } : { grade: 'fail', code: 'dns.ns.lame', evidence })
    }
    return worst(findings)
  },
  reproduce: digServers('SOA'),
})
