import { defineCheck, hostOf } from '../../helpers/check.ts'
import { isAddress } from '../../helpers/grammar/address.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { digBoth, dnsHosts, isAnswer, isInternal, isV6, listed, seenAt, usesDns, valuesOf, within } from './shared.ts'

export default defineCheck({
  id: 'dns/addresses',
  title: 'The name leads to the declared addresses, A and AAAA each',
  failureTitle: 'The name leads to another address than declared',
  why: 'After a server is replaced, a record that still names the old one sends visitors to a stranger, or to nothing; the AAAA record is the one forgotten.',
  source: 'dns.addresses of the target; RFC 1035 §3.4.1, RFC 3596 §2.1',
  severity: 'critical',
  codes: {
    'dns.addresses.unexpected': {
      meaning: 'The name has an address that the target does not declare.',
      fix: 'Point the record to the present server, or declare the address.',
    },
    'dns.addresses.missing': { meaning: 'A declared address is not among the answers.', fix: 'Add the record, or take the address out of dns.addresses.' },
  },
  options: {},
  subjects: (target) => dnsHosts((host) => target.file.dns?.addresses !== undefined && !isInternal(target, host) && usesDns(target, host.fqdn))(target),
  unless: { skip: 'not-declared', reason: 'the target declares no dns.addresses' },
  needs: (subject) => ({ a: dnsQuery({ name: hostOf(subject).fqdn, type: 'A' }), aaaa: dnsQuery({ name: hostOf(subject).fqdn, type: 'AAAA' }) }),
  judge: ({ a, aaaa }, { target }) => {
    const declared = target.file.dns?.addresses ?? []
    const findings: Finding[] = []
    for (const seen of [a, aaaa]) {
      const mine = declared.filter((one) => isV6(one) === (seen.type === 'AAAA'))
      const expected = mine.length === 0 ? `no ${seen.type} record` : `only ${listed(mine)}`
      if (!isAnswer(seen)) return inconclusive('unobserved', `${seen.name} ${seen.type} was answered with ${seen.rcode}`, seenAt(seen, expected))
      const values = valuesOf(seen, seen.type)
      if (values.some((address) => !within(address, mine))) findings.push({ grade: 'fail', code: 'dns.addresses.unexpected', evidence: seenAt(seen, expected) })
      // Networks say where an address may be, single addresses say which must be there; one of several is enough for a name to work.
      else if (values.length > 0 && mine.some((one) => isAddress(one) && !values.some((value) => within(value, [one]))))
        findings.push({ grade: 'warn', code: 'dns.addresses.missing', evidence: seenAt(seen, `all of ${listed(mine)}`) })
      // Whether a family must be there at all is asked by dns/resolves and dns/ipv6.
      else findings.push({ grade: 'pass', evidence: seenAt(seen, expected) })
    }
    if (valuesOf(a, 'A').length + valuesOf(aaaa, 'AAAA').length === 0)
      return inconclusive(
        'unobserved',
        'the name has no address to compare',
        findings.map((one) => one.evidence),
      )
    return worst(findings)
  },
  reproduce: digBoth,
  covers: ['B1', 'C25', 'D63', 'E89'],
})
