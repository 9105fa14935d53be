import { defineCheck } from '../../helpers/check.ts'
import { authoritativeAnswers } from '../../helpers/probes/dns-zone.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { digServers, dnsDomain, lookLine, noDns, silentOnes } from './shared.ts'

export default defineCheck({
  id: 'dns/tcp-fallback',
  title: 'Every name server answers over TCP too',
  failureTitle: 'A name server does not answer over TCP',
  why: 'Answers that are too large for one datagram are fetched over TCP; with port 53 closed for TCP they fail for some names and some resolvers only.',
  source: 'RFC 7766 §5 (TCP is required); RFC 9210 §3',
  severity: 'medium',
  codes: {
    'dns.tcp.refused': { meaning: 'A server that answers over UDP refuses or drops TCP.', fix: 'Open port 53 for TCP on the server and in its firewall.' },
    'dns.tcp.other': {
      meaning: 'A server answers the same question otherwise over TCP.',
      fix: 'Look for two servers behind the port (load balancer, redirect of one protocol).',
    },
  },
  options: {},
  subjects: dnsDomain(),
  unless: noDns,
  needs: (_subject, target) => ({
    udp: authoritativeAnswers(target.domain, { type: 'SOA' }),
    tcp: authoritativeAnswers(target.domain, { type: 'SOA', transport: 'tcp' }),
  }),
  judge: ({ udp, tcp }) => {
    const findings: Finding[] = []
    for (const { name, server, seen: first } of udp) {
      const second = tcp.find((one) => one.name === name && one.server === server)?.seen
      // A server that is silent over UDP too is told by dns/ns-authoritative.
      if (!first.ok || second === undefined) continue
      const base = { what: `SOA at ${name} over TCP`, expected: 'an answer with the rcode of UDP', received: lookLine(second), where: `@${server}` }
      if (!second.ok) findings.push({ grade: 'fail', code: 'dns.tcp.refused', evidence: base })
      else if (second.value.rcode !== first.value.rcode) findings.push({ grade: 'fail', code: 'dns.tcp.other', evidence: base })
      else findings.push({ grade: 'pass', evidence: { ...base, at: second.value.at } })
    }
    // When no server at all speaks TCP with us, a firewall near us explains it as well as theirs (rules G1): refusal alone is theirs.
    const down = tcp.filter(({ seen }) => !seen.ok)
    const refused = down.every(({ seen }) => !seen.ok && seen.failure.code === 'ECONNREFUSED')
    if (findings.length === 0)
      return inconclusive(
        'unobserved',
        `no server answered over UDP: ${silentOnes(udp)
          .map(({ name }) => name)
          .join(', ')}`,
      )
    if (down.length === tcp.length && !refused)
      return inconclusive(
        'unobserved',
        'no server answered over TCP; a firewall on our side would look the same',
        findings.map((one) => one.evidence),
      )
    return worst(findings)
  },
  reproduce: digServers('SOA', '+tcp +norecurse'),
})
