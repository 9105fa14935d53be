import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { inconclusive } from '../../helpers/verdict.ts'
import { budgetedHosts, budgetOf, noBudget, withinBudget } from './shared.ts'

export default defineCheck({
  id: 'performance/dns',
  title: 'The name is resolved within the declared time',
  failureTitle: 'Resolving the name takes too long',
  why: 'Before anything else a visitor waits for the name; long chains of CNAMEs and slow name servers cost seconds on every first visit.',
  source: 'performance.dnsMs of the target; the faster of the questions for A and AAAA, so that one cold cache is no verdict',
  severity: 'low',
  codes: {
    'performance.dns.slow': {
      meaning: 'Both questions for addresses took longer than declared.',
      fix: 'Look at the name servers and at the chain of CNAMEs; raise the TTL of records that hardly change.',
    },
  },
  options: {},
  subjects: budgetedHosts('dnsMs'),
  unless: noBudget('dnsMs'),
  needs: (subject) => {
    const name = hostOf(subject).fqdn
    return { a: attempt(dnsQuery({ name, type: 'A' })), aaaa: attempt(dnsQuery({ name, type: 'AAAA' })) }
  },
  judge: ({ a, aaaa }, { target, subject }) => {
    const looks = [a, aaaa].flatMap((one) => (one.ok && one.value.rcode === 'NOERROR' ? [one.value] : []))
    const [first] = looks
    if (first === undefined) return inconclusive('unobserved', `the resolver gave no answer about ${subject.name}`)
    return withinBudget(
      looks.map((look) => ({ ms: look.durationMs, loopDelayMs: look.loopDelayMs ?? 0 })),
      budgetOf(target, 'dnsMs'),
      {
        code: 'performance.dns.slow',
        by: (values) => Math.min(...values),
        name: 'fastest',
        evidence: { what: `addresses of ${subject.name}`, where: first.server, at: first.at },
      },
    )
  },
  reproduce: (subject, target) => digFor(target, hostOf(subject).fqdn, 'A'),
  covers: [],
})
