import { defineCheck, hostOf } from '../../helpers/check.ts'
import { cnameChain } from '../../helpers/probes/dns-zone.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { dig, dnsHosts, lookLine, noDns } from './shared.ts'

export default defineCheck({
  id: 'dns/cname-chain',
  title: 'The chain of CNAMEs is short and has an end',
  failureTitle: 'The chain of CNAMEs is a loop, or too long',
  why: 'Resolvers give up on loops and on long chains, some sooner than others; every step is one more name that can break or be taken over.',
  source: 'RFC 1034 §3.6.2, §5.2.2; the limits of resolvers (BIND 16, Unbound 11 steps)',
  severity: 'medium',
  codes: {
    'dns.cname.loop': { meaning: 'The chain comes back to a name it has been at.', fix: 'Break the circle: the last name needs an address.' },
    'dns.cname.long': { meaning: 'The chain has more steps than allowed.', fix: 'Point the name straight to the last target that you do not run yourself.' },
    'dns.cname.several': { meaning: 'More than one CNAME stands at one name.', fix: 'Keep one: resolvers take any of them, or none (RFC 2181 §10.1).' },
  },
  /** Steps; public resolvers and browsers manage eight without trouble. */
  options: { maxSteps: 8 },
  subjects: dnsHosts(),
  unless: noDns,
  needs: (subject) => ({ chain: cnameChain(hostOf(subject).fqdn) }),
  judge: ({ chain }, { subject, options }) => {
    const evidence = {
      what: `chain of CNAMEs of ${subject.name}`,
      expected: `at most ${options.maxSteps} steps, and an end`,
      received: `${[subject.name, ...chain.hops].join(' -> ')}${chain.reason === undefined ? '' : ` (${chain.reason})`}${chain.last === undefined ? '' : `: ${lookLine(chain.last)}`}`,
    }
    if (chain.several !== undefined) return fail('dns.cname.several', { ...evidence, received: chain.several })
    if (chain.end === 'loop') return fail('dns.cname.loop', evidence)
    if (chain.end === 'too-long') return fail('dns.cname.long', evidence)
    if (!(chain.hops.length <= options.maxSteps)) return warn('dns.cname.long', evidence)
    if (chain.end === 'failed') return inconclusive('unobserved', chain.reason ?? 'a question was not answered', evidence)
    return pass(evidence)
  },
  reproduce: dig('A'),
})
