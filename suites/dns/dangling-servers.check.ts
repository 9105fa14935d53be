import { attempt } from '../../helpers/probe.ts'
import { defineCheck } from '../../helpers/check.ts'
import { type NameAddresses, recordTargets } from '../../helpers/probes/dns-zone.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { addressesIn, dig, dnsDomain, lookLine, noDns } from './shared.ts'

export default defineCheck({
  id: 'dns/dangling-servers',
  title: 'Every name server and mail server that is named exists',
  failureTitle: 'A named name server or mail server does not exist',
  why: 'Whoever registers the missing name answers for the domain, or gets its mail; until then a part of both is lost.',
  source: 'RFC 1912 §2.8; RFC 2181 §10.3 (names in NS and MX are no aliases); OWASP WSTG-CONF-10',
  severity: 'high',
  codes: {
    'dns.server.missing': { meaning: 'The name in an NS or MX record does not exist or has no address.', fix: 'Remove the record, or create the name.' },
    'dns.server.alias': { meaning: 'The name in an NS or MX record is a CNAME.', fix: 'Name the host itself: many servers do not follow the alias.' },
  },
  options: {},
  subjects: dnsDomain(),
  unless: noDns,
  needs: (_subject, target) => ({ ns: recordTargets(target.domain, 'NS'), mx: attempt(recordTargets(target.domain, 'MX')) }),
  judge: ({ ns, mx }) => {
    const findings: Finding[] = []
    const unknown: string[] = []
    const look = (kind: string, { name, a, aaaa }: NameAddresses): void => {
      const evidence = { what: `${kind} ${name}`, expected: 'a name with an address, no alias', received: `A ${lookLine(a)}; AAAA ${lookLine(aaaa)}` }
      const alias = [a, aaaa].some((seen) => seen.ok && seen.value.answers.some((record) => record.type === 'CNAME' && record.name === name))
      if (addressesIn(a, aaaa).length > 0) findings.push(alias ? { grade: 'warn', code: 'dns.server.alias', evidence } : { grade: 'pass', evidence })
      else if ([a, aaaa].every((seen) => seen.ok && (seen.value.rcode === 'NOERROR' || seen.value.rcode === 'NXDOMAIN')))
        findings.push({ grade: 'fail', code: 'dns.server.missing', evidence })
      else unknown.push(`${name}: A ${lookLine(a)}; AAAA ${lookLine(aaaa)}`)
    }
    for (const one of ns.targets) look('name server', one)
    if (mx.ok) for (const one of mx.value.targets) look('mail server', one)
    else unknown.push(`MX: ${mx.failure.message}`)
    if (findings.some(({ grade }) => grade === 'fail')) return worst(findings)
    if (unknown.length > 0 || findings.length === 0)
      return inconclusive(
        'unobserved',
        unknown.join('; ') || 'no name server is named',
        findings.map((one) => one.evidence),
      )
    return worst(findings)
  },
  reproduce: (subject, target) => `${dig('NS')(subject, target)}; ${dig('MX')(subject, target)}`,
})
