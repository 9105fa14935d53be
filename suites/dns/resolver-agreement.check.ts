import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { authoritativeAnswers, resolverAnswers } from '../../helpers/probes/dns-zone.ts'
import type { DnsObservation } from '../../helpers/observations.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { answered, answerLine, digResolvers, dnsHosts, isAnswer, noDns, silentOnes, lookLine, valuesOf, within } from './shared.ts'

const addresses = (seen: DnsObservation): readonly string[] => valuesOf(seen, seen.type)
const lastName = (seen: DnsObservation): string => seen.answers.filter(({ type }) => type === 'CNAME').at(-1)?.value ?? seen.name

export default defineCheck({
  id: 'dns/resolver-agreement',
  title: 'Every resolver gives the answer of the zone',
  failureTitle: 'A resolver gives another answer than the zone',
  why: 'A resolver with an old answer keeps sending its users to the old place; one without any shows a site that is down for half the world.',
  source: 'RFC 1034 §4.3.1, RFC 2308 §5 (how long answers and absences may be kept)',
  severity: 'high',
  codes: {
    'dns.resolver.propagating': {
      meaning: 'A resolver still has another answer, which its TTL lets it keep.',
      fix: 'Wait as long as the TTL shown; lower the TTL before the next move.',
    },
    'dns.resolver.absent': {
      meaning: 'A resolver says that the name does not exist, or fails, while others answer.',
      fix: 'Wait for the negative TTL (SOA minimum); then look for DNSSEC faults and for split views.',
    },
    'dns.resolver.differs': {
      meaning: 'Resolvers give addresses that have nothing in common.',
      fix: 'Look for split views, filters, and a forgotten old zone.',
    },
    'dns.resolver.denied': {
      meaning: 'A resolver gives an address for a name that every server of the zone denies.',
      fix: 'The record was removed and is still remembered, or the resolver makes up answers for missing names: create the record, or ask another resolver.',
    },
  },
  options: {},
  subjects: dnsHosts(),
  unless: noDns,
  needs: (subject, target) => ({
    a: resolverAnswers({ name: hostOf(subject).fqdn, type: 'A' }),
    aaaa: resolverAnswers({ name: hostOf(subject).fqdn, type: 'AAAA' }),
    zoneA: attempt(authoritativeAnswers(target.domain, { name: hostOf(subject).fqdn, type: 'A' })),
    zoneAaaa: attempt(authoritativeAnswers(target.domain, { name: hostOf(subject).fqdn, type: 'AAAA' })),
  }),
  judge: ({ a, aaaa, zoneA, zoneAaaa }, { target }) => {
    const declared = [...(target.file.dns?.addresses ?? []), ...(target.file.edge?.addresses ?? [])]
    const findings: Finding[] = []
    const unread: string[] = []
    let witnesses = 0
    const zoneSays = [zoneA, zoneAaaa].flatMap((zone) => (zone.ok ? answered(zone.value) : [])).filter(({ value }) => isAnswer(value) && value.authoritative)
    const denied = zoneA.ok && zoneAaaa.ok && zoneSays.length > 0 && zoneSays.every(({ value }) => value.rcode === 'NXDOMAIN')
    for (const [all, zone] of [
      [a, zoneA],
      [aaaa, zoneAaaa],
    ] as const) {
      const seen = answered(all)
      const own = zone.ok ? answered(zone.value).filter(({ value }) => isAnswer(value) && value.authoritative) : []
      witnesses = Math.max(witnesses, own.length + seen.length)
      const some = [...own, ...seen].find(({ value }) => addresses(value).length > 0)?.value
      for (const { name, value } of seen) {
        const mine = addresses(value)
        const base = { what: `${value.name} ${value.type} at resolver ${name}`, where: `@${value.server}`, at: value.at, received: answerLine(value) }
        // A resolver that refuses us says nothing about the name, nor does a failure where nobody answers.
        if (value.rcode === 'REFUSED' || (some === undefined && !isAnswer(value))) {
          unread.push(`${name} ${answerLine(value)}`)
          continue
        }
        if (some === undefined) {
          findings.push({ grade: 'pass', evidence: { ...base, expected: `no ${value.type} record, as everywhere` } })
          continue
        }
        if (denied && mine.length > 0) {
          findings.push({ grade: 'fail', code: 'dns.resolver.denied', evidence: { ...base, expected: 'NXDOMAIN, as every server of the zone says' } })
          continue
        }
        const evidence = { ...base, expected: `as @${some.server}: ${answerLine(some)}` }
        if (mine.length === 0) {
          findings.push({ grade: 'fail', code: 'dns.resolver.absent', evidence })
          continue
        }
        // CDNs answer by place: the same final name, something in common, or nothing but declared addresses is agreement (rules §12).
        const theirs = [...own, ...seen].filter((one) => one.value !== value).map((one) => one.value)
        const alike = (other: DnsObservation): boolean =>
          addresses(other).some((address) => mine.includes(address)) ||
          (other.answers.some(({ type }) => type === 'CNAME') && lastName(other) === lastName(value)) ||
          (mine.every((address) => within(address, declared)) && addresses(other).every((address) => within(address, declared)))
        const compared = (own.length > 0 ? own.map((one) => one.value) : theirs).filter((other) => other !== value && other.answers.length > 0)
        if (compared.length === 0 || compared.some(alike)) findings.push({ grade: 'pass', evidence })
        // An old answer may be kept for its TTL; one that nobody could still have from a server of the zone is another matter.
        else if (own.length > 0) findings.push({ grade: 'warn', code: 'dns.resolver.propagating', evidence })
        else findings.push({ grade: 'fail', code: 'dns.resolver.differs', evidence })
      }
    }
    for (const { name, seen } of [...silentOnes(a), ...silentOnes(aaaa)]) unread.push(`${name} ${lookLine(seen)}`)
    // Not every resolver answered: what the others said may fail the name, but cannot clear it.
    if (findings.length === 0 || (unread.length > 0 && findings.every(({ grade }) => grade === 'pass')))
      return inconclusive(
        'unobserved',
        `resolvers without an answer: ${unread.join('; ')}`,
        findings.map((one) => one.evidence),
      )
    const verdict = worst(findings)
    // One voice agrees with nobody.
    return verdict.outcome === 'pass' && witnesses < 2
      ? skip('no-access', 'one resolver was asked and no server of the zone answered: nothing to compare (network.resolvers names more)', verdict.evidence)
      : verdict
  },
  reproduce: digResolvers('A'),
})
