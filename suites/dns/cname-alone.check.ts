import { defineCheck, hostOf } from '../../helpers/check.ts'
import { authoritativeAnswers } from '../../helpers/probes/dns-zone.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { answered, answerLine, digServers, dnsHosts, noDns } from './shared.ts'

const TYPES = ['CNAME', 'A', 'TXT', 'MX', 'NS'] as const

export default defineCheck({
  id: 'dns/cname-alone',
  title: 'A CNAME stands alone at its name, and never at the apex',
  failureTitle: 'A CNAME stands beside other records',
  why: 'Resolvers may follow the CNAME for every type: at the apex that takes mail and name servers away, elsewhere it hides the other records by chance.',
  source: 'RFC 1034 §3.6.2; RFC 2181 §10.1; RFC 1912 §2.4',
  severity: 'medium',
  codes: {
    'dns.cname.at-apex': {
      meaning: 'The apex of the zone, which has SOA and NS, is a CNAME as well.',
      fix: 'Use A and AAAA, or ALIAS/ANAME (flattening) of the provider.',
    },
    'dns.cname.beside': { meaning: 'Records of other types stand beside a CNAME.', fix: 'Remove the others, or replace the CNAME by address records.' },
  },
  options: {},
  subjects: dnsHosts((host, target) => host.fqdn === target.domain || host.fqdn.endsWith(`.${target.domain}`)),
  unless: noDns,
  needs: (subject, target) => {
    const ask = (type: string) => authoritativeAnswers(target.domain, { name: hostOf(subject).fqdn, type })
    return { cname: ask('CNAME'), a: ask('A'), txt: ask('TXT'), mx: ask('MX'), ns: ask('NS'), soa: ask('SOA') }
  },
  judge: ({ cname, a, txt, mx, ns, soa }, { subject }) => {
    const name = subject.name
    const findings: Finding[] = []
    for (const { name: server, value } of answered(cname)) {
      if (value.rcode !== 'NOERROR' && value.rcode !== 'NXDOMAIN') continue
      const alias = value.answers.find((record) => record.type === 'CNAME' && record.name === name)
      const all = [a, txt, mx, ns].flatMap((one) =>
        answered(one)
          .filter((other) => other.name === server)
          .map((other) => other.value),
      )
      const beside = all.filter((other) => other.answers.some((record) => record.name === name && record.type === other.type))
      const apex = answered(soa).some((other) => other.name === server && other.value.answers.some((record) => record.type === 'SOA' && record.name === name))
      const evidence = {
        what: `${name} at ${server}: ${TYPES.join(', ')}`,
        expected: 'a CNAME alone, or none',
        received:
          alias === undefined
            ? `no CNAME${apex ? ' (apex)' : ''}`
            : `CNAME ${alias.value}${apex ? ' at the apex' : ''}${beside.length === 0 ? ', alone' : ` beside ${beside.map(answerLine).join('; ')}`}`,
        where: `@${value.server}`,
        at: value.at,
      }
      if (alias === undefined) findings.push({ grade: 'pass', evidence })
      else if (apex) findings.push({ grade: 'fail', code: 'dns.cname.at-apex', evidence })
      else if (beside.length > 0) findings.push({ grade: 'fail', code: 'dns.cname.beside', evidence })
      else findings.push({ grade: 'pass', evidence })
    }
    return findings.length === 0 ? inconclusive('unobserved', 'no server of the zone answered for the name') : worst(findings)
  },
  reproduce: digServers('CNAME'),
})
