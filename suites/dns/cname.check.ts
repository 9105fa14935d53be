import { defineCheck, hostOf } from '../../helpers/check.ts'
import type { DnsObservation } from '../../helpers/observations.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import type { Host, Target } from '../../helpers/target.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { addressesIn, dig, dnsHosts, isAnswer, listed, seenAt, within } from './shared.ts'

/** The apex can have no CNAME (RFC 1912 §2.4): dns/apex compares its addresses instead. */
const targetOf = (host: Host, target: Target): string | undefined =>
  (host.declared.cname ?? (host.name === '@' ? undefined : target.file.dns?.cnameTarget))?.toLowerCase().replace(/\.$/, '')
const ok = (value: DnsObservation) => ({ ok: true as const, value, startedAt: '', durationMs: 0, attempts: 1 })

export default defineCheck({
  id: 'dns/cname',
  title: 'The name is a CNAME to the declared target',
  failureTitle: 'The name is no CNAME to the declared target',
  why: 'The target moves with the edge; a name that points to its old place, or straight to an address, stays behind at the next move.',
  source: 'dns.cnameTarget and hosts.<name>.cname of the target; RFC 1034 §3.6.2',
  severity: 'high',
  codes: {
    'dns.cname.missing': {
      meaning: 'The name has an address of its own instead of a CNAME.',
      fix: 'Replace the address record by a CNAME to the declared target.',
    },
    'dns.cname.other': { meaning: 'The CNAME leads to another target than declared.', fix: 'Change the CNAME, or the declaration if the edge has moved.' },
    'dns.cname.addresses': {
      meaning: 'The name ends at other addresses than its target.',
      fix: 'One of the two answers is old or comes from another view: compare the name servers.',
    },
  },
  options: {},
  subjects: (target) => dnsHosts((host) => targetOf(host, target) !== undefined)(target),
  unless: { skip: 'not-declared', reason: 'the target declares no CNAME target (dns.cnameTarget, hosts.<name>.cname)' },
  needs: (subject, target) => {
    const { fqdn } = hostOf(subject)
    const to = targetOf(hostOf(subject), target) ?? fqdn
    return {
      a: dnsQuery({ name: fqdn, type: 'A' }),
      aaaa: dnsQuery({ name: fqdn, type: 'AAAA' }),
      targetA: dnsQuery({ name: to, type: 'A' }),
      targetAaaa: dnsQuery({ name: to, type: 'AAAA' }),
    }
  },
  judge: ({ a, aaaa, targetA, targetAaaa }, { subject, target }) => {
    const to = targetOf(hostOf(subject), target) ?? ''
    const chain = [...a.answers, ...aaaa.answers].filter((record) => record.type === 'CNAME').map((record) => record.value)
    const mine = addressesIn(ok(a), ok(aaaa))
    const theirs = addressesIn(ok(targetA), ok(targetAaaa))
    const evidence = [seenAt(a, `CNAME ${to}`), seenAt(targetA, `the addresses of ${subject.name}`)]
    const unread = [a, aaaa, targetA, targetAaaa].find((seen) => !isAnswer(seen))
    if (unread !== undefined) return inconclusive('unobserved', `${unread.name} ${unread.type} was answered with ${unread.rcode}`, evidence)
    if (mine.length === 0 && chain.length === 0) return inconclusive('unobserved', 'the name has neither CNAME nor address', evidence)
    if (!chain.includes(to)) {
      if (chain.length > 0) return fail('dns.cname.other', evidence)
      // A CDN answers with its own addresses in place of the CNAME it was given (flattening); that is its way, as long as they are its own.
      const edge = target.file.edge
      const flattened = edge?.kind === 'cdn' && mine.every((address) => within(address, edge.addresses ?? []) || theirs.includes(address))
      return flattened ? pass(seenAt(a, `CNAME ${to}, or addresses of the CDN in its place`)) : fail('dns.cname.missing', evidence)
    }
    if (theirs.length === 0 && mine.length === 0) return inconclusive('unobserved', `${to} has no address`, evidence)
    // Edges answer with some of their addresses at a time: one in common is enough, none is another place.
    return mine.some((address) => theirs.includes(address))
      ? pass(evidence)
      : fail('dns.cname.addresses', seenAt(a, `addresses of ${to}: ${listed(theirs)}`, listed(mine)))
  },
  reproduce: dig('A'),
  covers: ['A1'],
})
