import { defineCheck } from '../../helpers/check.ts'
import type { Target } from '../../helpers/target.ts'
import { authoritativeAnswers } from '../../helpers/probes/dns-zone.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { answerLine, dnsDomain, noDns, recordSet } from './shared.ts'

/** Every second letter in upper case: `eXaMpLe.CoM`. */
const mixed = (name: string): string => name.replace(/([^])([^])/g, (_pair, first: string, second: string) => first + second.toUpperCase())
const hostAsked = (target: Target): string => target.hosts.find((host) => host.fqdn === target.domain)?.fqdn ?? target.hosts[0]?.fqdn ?? target.domain

export default defineCheck({
  id: 'dns/case',
  title: 'Name servers do not mind the case of letters, and echo it',
  failureTitle: 'A name server minds the case of letters',
  why: 'Resolvers vary the case of their questions against forged answers; a server that answers otherwise then, or changes the letters, is not reached by them.',
  source: 'RFC 1034 §3.1, RFC 4343 §3 (case-insensitive); RFC 1035 §4.1.2 and the 0x20 practice of resolvers (echo of the question)',
  severity: 'low',
  codes: {
    'dns.case.other': {
      meaning: 'The same name in other letters is answered otherwise.',
      fix: 'Update or replace the server software, or the filter in front of it.',
    },
    'dns.case.not-echoed': {
      meaning: 'The answer repeats the question in other letters.',
      fix: 'Update the server software, or the proxy that rewrites the questions.',
    },
  },
  options: {},
  subjects: dnsDomain(),
  unless: noDns,
  needs: (_subject, target) => ({
    plain: authoritativeAnswers(target.domain, { name: hostAsked(target), type: 'A' }),
    mixed: authoritativeAnswers(target.domain, { name: mixed(hostAsked(target)), type: 'A' }),
  }),
  judge: ({ plain, mixed: other }, { target }) => {
    const findings: Finding[] = []
    const asked = mixed(hostAsked(target))
    for (const { name, server, seen } of plain) {
      const again = other.find((one) => one.name === name && one.server === server)?.seen
      if (!seen.ok) continue
      const base = { what: `${asked} A at ${name}`, expected: `as ${hostAsked(target)}, with the question as asked`, where: `@${server}` }
      if (again?.ok !== true) {
        if (again !== undefined && again.failure.code === 'TIMEOUT')
          findings.push({ grade: 'fail', code: 'dns.case.other', evidence: { ...base, received: 'no answer, though the plain question was answered' } })
        continue
      }
      const { value } = again
      const evidence = { ...base, received: `${answerLine(value)}; question ${value.echoedName ?? 'absent'}`, at: value.at }
      const sizes = [seen.value, value].map((one) => one.answers.filter(({ type }) => type === 'A' || type === 'CNAME').length)
      // Servers that rotate answer with other addresses each time: the same kind of answer is what counts then.
      const alike = value.rcode === seen.value.rcode && (recordSet(value) === recordSet(seen.value) || sizes[0] === sizes[1])
      if (!alike) findings.push({ grade: 'fail', code: 'dns.case.other', evidence })
      else if (value.echoedName !== undefined && value.echoedName !== asked) findings.push({ grade: 'warn', code: 'dns.case.not-echoed', evidence })
      else findings.push({ grade: 'pass', evidence })
    }
    return findings.length === 0 ? inconclusive('unobserved', 'no server of the zone answered') : worst(findings)
  },
  reproduce: (_subject, target) => {
    const server = Object.values(target.file.network?.nameservers ?? {})[0]
    return `${digFor(target, mixed(hostAsked(target)), 'A', server ?? target.file.network?.resolver)} +norecurse`
  },
})
