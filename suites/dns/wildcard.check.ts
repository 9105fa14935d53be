import { defineCheck } from '../../helpers/check.ts'
import type { DnsObservation } from '../../helpers/observations.ts'
import { attempt } from '../../helpers/probe.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { authoritativeAnswers } from '../../helpers/probes/dns-zone.ts'
import type { Target } from '../../helpers/target.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { answered, dnsDomain, isAnswer, lookLine, looked, noDns, valuesOf } from './shared.ts'

const leadsSomewhere = (seen: DnsObservation): boolean => ['CNAME', 'A', 'AAAA'].some((type) => valuesOf(seen, type).length > 0)

/** A label that no deployment has: fixed for a target, so that a second run asks the same. */
const nobody = (target: Target): string => `postproof-${target.sha256.slice(0, 12)}.${target.domain}`

export default defineCheck({
  id: 'dns/wildcard',
  title: 'Names that nobody declared are as declared: absent, or covered by a wildcard',
  failureTitle: 'A wildcard record answers for every name',
  why: 'A wildcard hides a missing record, gives every typing error a home, and makes every name found by guessing look real.',
  source: 'dns.wildcard of the target; RFC 4592 §2; rules G2 (control probe)',
  severity: 'medium',
  codes: {
    'dns.wildcard.present': {
      meaning: 'A random label below the domain has records, though the target forbids wildcards.',
      fix: 'Replace the wildcard by one record per host, or declare dns.wildcard: allowed.',
    },
  },
  options: {},
  subjects: dnsDomain(),
  unless: noDns,
  needs: (_subject, target) => ({
    a: attempt(dnsQuery({ name: nobody(target), type: 'A' })),
    aaaa: attempt(dnsQuery({ name: nobody(target), type: 'AAAA' })),
    zone: attempt(authoritativeAnswers(target.domain, { name: nobody(target), type: 'A' })),
  }),
  judge: ({ a, aaaa, zone }, { target }) => {
    const rule = target.file.dns?.wildcard
    const expected = rule === 'forbidden' ? 'NXDOMAIN' : rule === 'allowed' ? 'a wildcard may answer' : 'either: the target does not say'
    const evidence = [looked(`${nobody(target)} A (a name nobody has)`, a, expected), looked(`${nobody(target)} AAAA`, aaaa, expected)]
    const there = [a, aaaa].some((seen) => seen.ok && leadsSomewhere(seen.value))
    // Some providers answer for every missing name with an address of their own: the zone itself denies the name then.
    const own = zone.ok ? answered(zone.value).filter(({ value }) => value.authoritative) : []
    if (there && own.length > 0 && own.every(({ value }) => value.rcode === 'NXDOMAIN'))
      return inconclusive('unobserved', 'the resolver makes up answers for names that the zone denies; ask another one (network.resolver)', evidence)
    if (there) return rule === 'forbidden' ? fail('dns.wildcard.present', evidence) : pass(evidence)
    if (!a.ok || !aaaa.ok || !isAnswer(a.value) || !isAnswer(aaaa.value))
      return inconclusive('unobserved', `no usable answer: A ${lookLine(a)}; AAAA ${lookLine(aaaa)}`, evidence)
    return pass(evidence)
  },
  reproduce: (_subject, target) => digFor(target, nobody(target), 'A'),
  covers: ['A3'],
})
