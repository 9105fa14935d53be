import { attempt } from '../../helpers/probe.ts'
import { defineCheck, hostOf } from '../../helpers/check.ts'
import { authoritativeAnswers, caaClimb } from '../../helpers/probes/dns-zone.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { answered, answerLine, dig, dnsHosts, isAnswer, lookLine, looked, noDns } from './shared.ts'

export default defineCheck({
  id: 'dns/caa-dnssec-failure',
  title: 'The CAA question is answered at every level',
  failureTitle: 'The CAA question fails, so authorities must refuse to issue',
  why: 'An authority that gets no answer to CAA must not issue (unless the zone is unsigned, and it may try anew): the renewal fails while the site looks well.',
  source: 'CA/Browser Forum Baseline Requirements §3.2.2.8 and ballot SC-085 (DNSSEC validation from 2026-03-15); RFC 8659 §6.3, §6.4',
  severity: 'high',
  codes: {
    'dns.caa.lookup-failed': {
      meaning: 'A CAA lookup ends in SERVFAIL, an error or silence, though other questions are answered.',
      fix: 'Repair the DNSSEC signatures, or the name server that does not know the type CAA (it must answer NOERROR).',
    },
  },
  options: {},
  subjects: dnsHosts(),
  unless: noDns,
  needs: (subject, target) => ({
    climb: caaClimb(hostOf(subject).fqdn),
    a: attempt(dnsQuery({ name: hostOf(subject).fqdn, type: 'A' })),
    zone: attempt(authoritativeAnswers(target.domain, { name: hostOf(subject).fqdn, type: 'CAA' })),
    zoneA: attempt(authoritativeAnswers(target.domain, { name: hostOf(subject).fqdn, type: 'A' })),
  }),
  judge: ({ climb, a, zone, zoneA }) => {
    const findings: Finding[] = []
    const expected = 'NOERROR or NXDOMAIN'
    const works = a.ok && isAnswer(a.value)
    const doubtful: string[] = []
    for (const { name, seen } of climb) {
      const evidence = looked(`CAA of ${name}`, seen, expected)
      if (seen.ok && isAnswer(seen.value)) findings.push({ grade: 'pass', evidence })
      // Silence and "not implemented" count only from a resolver that answers other questions about the name; SERVFAIL is about the zone.
      else if (works ? !(seen.ok && seen.value.rcode === 'REFUSED') : seen.ok && seen.value.rcode === 'SERVFAIL')
        findings.push({ grade: 'fail', code: 'dns.caa.lookup-failed', evidence })
      else doubtful.push(`${name}: ${lookLine(seen)}`)
    }
    const well = new Set(
      zoneA.ok
        ? answered(zoneA.value)
            .filter(({ value }) => isAnswer(value))
            .map(({ name }) => name)
        : [],
    )
    for (const { name, server, seen } of zone.ok ? zone.value : []) {
      // Servers that answer for nothing are lame or silent: dns/ns-authoritative.
      if (!well.has(name)) continue
      const evidence = looked(`CAA at ${name}`, seen, expected, `@${server}`)
      findings.push(
        seen.ok && isAnswer(seen.value)
          ? { grade: 'pass', evidence: { ...evidence, received: answerLine(seen.value) } }
          : { grade: 'fail', code: 'dns.caa.lookup-failed', evidence },
      )
    }
    if (findings.some(({ grade }) => grade === 'fail')) return worst(findings)
    if (doubtful.length > 0 || findings.length === 0)
      return inconclusive(
        'unobserved',
        `not answered: ${doubtful.join('; ')}`,
        findings.map((one) => one.evidence),
      )
    return worst(findings)
  },
  reproduce: dig('CAA'),
})
