import { defineCheck } from '../../helpers/check.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { dig, dnsDomain, isAnswer, isV6, listed, seenAt, valuesOf, within } from './shared.ts'

export default defineCheck({
  id: 'dns/apex',
  title: 'The domain itself leads to the same place as its sub-domains',
  failureTitle: 'The domain itself leads elsewhere than its sub-domains',
  why: 'The apex cannot be a CNAME, so it is the record that is copied by hand and forgotten when the edge moves.',
  source: 'dns.apex of the target; RFC 1912 §2.4',
  severity: 'high',
  codes: {
    'dns.apex.missing': { meaning: 'The domain itself has no address.', fix: 'Add A and AAAA records (or ALIAS/ANAME) for the domain itself.' },
    'dns.apex.elsewhere': {
      meaning: 'The domain itself has an address that the sub-domains do not lead to.',
      fix: 'Give it the addresses of the CNAME target; an ALIAS/ANAME record keeps them in step.',
    },
    'dns.apex.partial': { meaning: 'A family of addresses is at the sub-domains and not at the domain itself.', fix: 'Add the missing A or AAAA records.' },
  },
  options: {},
  subjects: dnsDomain((target) => target.file.dns?.apex !== undefined),
  unless: { skip: 'not-declared', reason: 'the target does not say where the apex leads (dns.apex)' },
  needs: (_subject, target) => {
    const to = target.file.dns?.cnameTarget?.toLowerCase() ?? target.domain
    return {
      a: dnsQuery({ name: target.domain, type: 'A' }),
      aaaa: dnsQuery({ name: target.domain, type: 'AAAA' }),
      targetA: dnsQuery({ name: to, type: 'A' }),
      targetAaaa: dnsQuery({ name: to, type: 'AAAA' }),
    }
  },
  judge: ({ a, aaaa, targetA, targetAaaa }, { target }) => {
    const dns = target.file.dns
    const compared = dns?.apex === 'sameAddressesAsCnameTarget'
    if (compared && dns?.cnameTarget === undefined) return inconclusive('misused', 'dns.apex is sameAddressesAsCnameTarget, but there is no dns.cnameTarget')
    if (!compared && dns?.addresses === undefined) return inconclusive('misused', 'dns.apex is addresses, but there are no dns.addresses')
    const findings: Finding[] = []
    let addresses = 0
    for (const [seen, wanted] of [
      [a, targetA],
      [aaaa, targetAaaa],
    ] as const) {
      if (!isAnswer(seen) || (compared && !isAnswer(wanted)))
        return inconclusive('unobserved', `${seen.type} was answered with ${seen.rcode} and ${wanted.rcode}`, seenAt(seen, 'an answer'))
      const right = compared ? valuesOf(wanted, wanted.type) : (dns?.addresses ?? []).filter((one) => isV6(one) === (seen.type === 'AAAA'))
      const mine = valuesOf(seen, seen.type)
      addresses += mine.length
      const evidence = seenAt(seen, right.length === 0 ? `no ${seen.type} record` : `${listed(right)}${compared ? ` as ${wanted.name}` : ''}`)
      if (mine.length === 0 && right.length > 0) findings.push({ grade: 'warn', code: 'dns.apex.partial', evidence })
      else if (mine.some((address) => !within(address, right))) findings.push({ grade: 'fail', code: 'dns.apex.elsewhere', evidence })
      else findings.push({ grade: 'pass', evidence })
    }
    if (addresses === 0) return worst([{ grade: 'fail', code: 'dns.apex.missing', evidence: seenAt(a, 'an address') }])
    return worst(findings)
  },
  reproduce: dig('A'),
  covers: ['A2'],
})
