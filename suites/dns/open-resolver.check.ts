import { defineCheck } from '../../helpers/check.ts'
import { authoritativeAnswers } from '../../helpers/probes/dns-zone.ts'
import type { Target } from '../../helpers/target.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { intercepted, answerLine, dnsDomain, lookLine } from './shared.ts'

/** A name of the documentation domains (RFC 2606) that is not the target's own. */
const foreign = (target: Target): string => (target.domain === 'example.org' || target.domain.endsWith('.example.org') ? 'example.net' : 'example.org')

export default defineCheck({
  id: 'dns/open-resolver',
  title: 'The name servers answer for their own zones only',
  failureTitle: 'A name server resolves foreign names for anybody',
  why: 'An open resolver is used to flood others in its owner’s name, and its cache can be poisoned with answers for the zone it serves.',
  source: 'RFC 5358 §4',
  severity: 'medium',
  codes: {
    'dns.recursion.open': {
      meaning: 'A name server of the zone looked up a foreign name for us.',
      fix: 'Switch recursion off on authoritative servers (recursion no), or limit it to own networks.',
    },
  },
  options: {},
  subjects: dnsDomain((target) => target.file.dns?.zoneTransfer === false || target.file.network?.nameservers !== undefined),
  unless: { skip: 'not-declared', reason: 'the name servers are not declared as the target’s own (network.nameservers, dns.zoneTransfer)' },
  needs: (_subject, target) => ({
    all: authoritativeAnswers(target.domain, { name: foreign(target), type: 'A', recursionDesired: true }),
    own: authoritativeAnswers(target.domain, { type: 'SOA' }),
  }),
  judge: ({ all, own }, { target }) => {
    if (intercepted(own))
      return inconclusive('unobserved', 'every server answers like a resolver (ra, no aa): port 53 seems to be intercepted between here and there')
    const findings: Finding[] = []
    const unknown: string[] = []
    for (const { name, server, seen } of all) {
      const base = { what: `${foreign(target)} A at ${name}`, expected: 'REFUSED, or a referral without recursion', where: server === '' ? name : `@${server}` }
      if (!seen.ok) {
        // Many servers drop what they do not serve. From one that answers for its own zone, that is as good as a refusal.
        if (own.some((one) => one.name === name && one.seen.ok))
          findings.push({ grade: 'pass', evidence: { ...base, received: `no answer (${seen.failure.code}), though it answers for its own zone` } })
        else unknown.push(`${name}: ${lookLine(seen)}`)
        continue
      }
      const { value } = seen
      // A made-up answer with authority is a parking server's way, not recursion.
      const looked =
        !value.authoritative && ((value.rcode === 'NOERROR' && value.answers.length > 0) || (value.rcode === 'NXDOMAIN' && value.recursionAvailable))
      const evidence = { ...base, received: `${answerLine(value)}${value.recursionAvailable ? ' (ra)' : ''}`, at: value.at }
      findings.push(looked ? { grade: 'fail', code: 'dns.recursion.open', evidence } : { grade: 'pass', evidence })
    }
    if (findings.length === 0) return inconclusive('unobserved', `no server of the zone answered: ${unknown.join('; ') || 'it lists none'}`)
    return worst(findings)
  },
  reproduce: (_subject, target) =>
    digFor(target, foreign(target), 'A', Object.values(target.file.network?.nameservers ?? {})[0] ?? target.file.network?.resolver),
})
