import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { dig, dnsHosts, isAnswer, isInternal, noDns, seenAt, valuesOf } from './shared.ts'

export default defineCheck({
  id: 'dns/ipv6',
  title: 'AAAA records are there, or absent, as declared',
  failureTitle: 'AAAA records are not as declared',
  why: 'Visitors with IPv6 try it first: a record nobody keeps sends them nowhere, a missing one shuts networks out that have IPv6 alone.',
  source: 'dns.ipv6 of the target; RFC 3596; RFC 8305 §4',
  severity: 'medium',
  codes: {
    'dns.ipv6.missing': { meaning: 'IPv6 is declared as required, and the name has no AAAA record.', fix: 'Add the AAAA record of the server or the edge.' },
    'dns.ipv6.present': { meaning: 'IPv6 is declared as absent, and the name has an AAAA record.', fix: 'Remove the record, or serve IPv6 and declare it.' },
  },
  options: {},
  subjects: dnsHosts((host, target) => !isInternal(target, host)),
  unless: noDns,
  needs: (subject) => ({
    aaaa: dnsQuery({ name: hostOf(subject).fqdn, type: 'AAAA' }),
    a: attempt(dnsQuery({ name: hostOf(subject).fqdn, type: 'A' })),
  }),
  judge: ({ aaaa, a }, { target }) => {
    const rule = target.file.dns?.ipv6 ?? 'optional'
    const there = valuesOf(aaaa, 'AAAA').length > 0
    const expected = { required: 'an AAAA record', absent: 'no AAAA record', optional: 'either: the target does not say' }[rule]
    const evidence = seenAt(aaaa, expected)
    if (!isAnswer(aaaa)) return inconclusive('unobserved', `${aaaa.name} AAAA was answered with ${aaaa.rcode}`, evidence)
    // A name without any address is told by dns/resolves.
    if (!there && a.ok && valuesOf(a.value, 'A').length === 0) return inconclusive('unobserved', 'the name has no address of either family', evidence)
    if (rule === 'required' && !there) return fail('dns.ipv6.missing', evidence)
    if (rule === 'absent' && there) return fail('dns.ipv6.present', evidence)
    return pass(evidence)
  },
  reproduce: dig('AAAA'),
  covers: ['B1'],
})
