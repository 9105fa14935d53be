import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { authoritativeAnswers } from '../../helpers/probes/dns-zone.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { answered, digServers, dnsHosts, isAnswer, noDns, recordLine } from './shared.ts'

export default defineCheck({
  id: 'dns/ttl',
  title: 'The records of the name are kept no longer than declared',
  failureTitle: 'The records of the name are kept too long, or not at all',
  why: 'When a server has to be replaced, the TTL is how long visitors are still sent to the old one; without any, every visit waits for DNS.',
  source: 'dns.maxTtlSeconds of the target; RFC 1912 §2.2 (a day at most for what may move); RFC 1035 §3.2.1 (0: not kept)',
  severity: 'medium',
  codes: {
    'dns.ttl.long': { meaning: 'A record may be kept longer than declared.', fix: 'Lower the TTL, a full old TTL before the next move.' },
    'dns.ttl.zero': { meaning: 'A record must not be kept at all (TTL 0).', fix: 'Give it some minutes: every visit asks the name servers now.' },
  },
  /** Without dns.maxTtlSeconds longer than this is a warning. */
  options: { usualSeconds: 86_400 },
  subjects: dnsHosts(),
  unless: noDns,
  needs: (subject, target) => ({
    seen: dnsQuery({ name: hostOf(subject).fqdn, type: 'A' }),
    zone: attempt(authoritativeAnswers(target.domain, { name: hostOf(subject).fqdn, type: 'A' })),
  }),
  judge: ({ seen, zone }, { target, subject, options }) => {
    // Servers of the zone tell the whole TTL; a resolver tells what is left of it.
    const own = zone.ok ? answered(zone.value).map(({ value }) => value) : []
    const records = [...own, ...(isAnswer(seen) ? [seen] : [])].flatMap((one) => one.answers.filter(({ name }) => name === subject.name || one !== seen))
    const whole = own.some((one) => one.answers.length > 0)
    if (records.length === 0) return inconclusive('unobserved', 'the name has no record whose TTL could be read')
    const declared = target.file.dns?.maxTtlSeconds
    const limit = declared ?? options.usualSeconds
    const longest = records.reduce((most, one) => (one.ttl > most.ttl ? one : most))
    const evidence = {
      what: `longest TTL of ${subject.name}`,
      expected: `1 to ${limit} seconds${declared === undefined ? ' (usual limit)' : ''}`,
      received: `${recordLine(longest)}${whole ? '' : ' (what is left of it at the resolver)'}`,
      where: `@${seen.server}`,
      at: seen.at,
    }
    if (!(longest.ttl <= limit)) return declared === undefined ? warn('dns.ttl.long', evidence) : fail('dns.ttl.long', evidence)
    const zero = whole ? own.flatMap((one) => one.answers).find(({ ttl }) => ttl === 0) : undefined
    if (zero !== undefined) return warn('dns.ttl.zero', { ...evidence, received: recordLine(zero) })
    return pass(evidence)
  },
  reproduce: digServers('A'),
})
