import { attempt } from '../../helpers/probe.ts'
import { defineCheck, hostOf } from '../../helpers/check.ts'
import { isLoopback, isPrivateAddress, isReserved } from '../../helpers/grammar/address.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { addressesIn, digBoth, dnsHosts, isInternal, looked, noDns, within } from './shared.ts'

export default defineCheck({
  id: 'dns/private-ip',
  title: 'A public name has public addresses only',
  failureTitle: 'A public name has a private address',
  why: 'Private addresses in public DNS lead visitors into their own network, tell attackers the inside, and make rebinding attacks easy.',
  source: 'RFC 1918 §5; RFC 6890; RFC 4193 §4.4',
  severity: 'medium',
  codes: {
    'dns.private.address': {
      meaning: 'The name has an address of a private network (RFC 1918, carrier NAT, link-local, unique local).',
      fix: 'Remove the record from public DNS, or list the host in dns.internalHosts.',
    },
    'dns.private.loopback': { meaning: 'The name has a loopback address.', fix: 'Remove the record: it leads every visitor to their own machine.' },
    'dns.private.reserved': {
      meaning: 'The name has an address that nobody can have (unspecified, documentation, benchmarking, reserved).',
      fix: 'Replace the placeholder by the real address.',
    },
  },
  options: {},
  subjects: dnsHosts(),
  unless: noDns,
  needs: (subject) => ({
    a: attempt(dnsQuery({ name: hostOf(subject).fqdn, type: 'A' })),
    aaaa: attempt(dnsQuery({ name: hostOf(subject).fqdn, type: 'AAAA' })),
  }),
  judge: ({ a, aaaa }, { subject, target }) => {
    const host = hostOf(subject)
    const inside = isInternal(target, host)
    const addresses = addressesIn(a, aaaa)
    if (addresses.length === 0) return inconclusive('unobserved', 'the name has no address to look at', [looked(`${host.fqdn} A`, a, 'an address')])
    // What the target itself declares is meant: a test network, a deployment that lives inside. Only what nobody meant is a finding.
    const declared = [...(target.file.dns?.addresses ?? []), ...(target.file.edge?.addresses ?? [])]
    const findings = addresses.map((address): Finding => {
      const place = isLoopback(address) ? 'loopback' : isPrivateAddress(address) ? 'private network' : isReserved(address) ? 'reserved' : 'public'
      const evidence = {
        what: `address of ${host.fqdn}`,
        expected: inside ? 'any: the target lists the host as internal' : 'a public address, or one that the target declares',
        received: `${address} (${place})`,
        ...(a.ok ? { where: `@${a.value.server}`, at: a.value.at } : {}),
      }
      if (inside || place === 'public' || within(address, declared)) return { grade: 'pass', evidence }
      if (place === 'loopback') return { grade: 'fail', code: 'dns.private.loopback', evidence }
      if (place === 'private network') return { grade: 'fail', code: 'dns.private.address', evidence }
      return { grade: 'fail', code: 'dns.private.reserved', evidence }
    })
    // What was seen is enough to fail; half an answer is not enough to pass.
    return findings.every(({ grade }) => grade === 'pass') && !(a.ok && aaaa.ok)
      ? inconclusive(
          'unobserved',
          'one of the two families was not answered',
          findings.map((one) => one.evidence),
        )
      : worst(findings)
  },
  reproduce: digBoth,
})
