/** Addresses of a host: pinned by the target, or asked of its resolver, A and AAAA as two questions. */
import { isIP } from 'node:net'
import type { DnsObservation, ResolvedAddress, ResolvedHost } from '../observations.ts'
import { type Observed, type Probe, ProbeError } from '../probe.ts'
import { pinnedAddresses, type Target } from '../target.ts'
import { dnsQuery } from './dns.ts'

const familyOf = (address: string): 4 | 6 => (isIP(address) === 6 ? 6 : 4)

function why(seen: Observed<DnsObservation>): { readonly code: string; readonly message: string } {
  if (!seen.ok) return seen.failure
  if (seen.value.rcode !== 'NOERROR') return { code: seen.value.rcode, message: `${seen.value.name} ${seen.value.type}: ${seen.value.rcode}` }
  return { code: 'NODATA', message: `${seen.value.name} has no ${seen.value.type} record` }
}

/**
 * Never happy eyeballs: every address is told, IPv4 first.
 * @throws ProbeError `NXDOMAIN`, `NODATA`, `SERVFAIL`, `REFUSED`, `TIMEOUT`… when neither family gave an address
 */
export function resolveHost(fqdn: string): Probe<ResolvedHost> {
  return {
    kind: 'resolveHost',
    key: `resolveHost ${fqdn}`,
    impact: 'read',
    cost: { connections: 0, requests: 2 },
    run: async (context) => {
      const pins = isIP(fqdn) === 0 ? pinnedAddresses(context.target, fqdn) : [fqdn]
      if (pins !== undefined) {
        const addresses = pins.map((address): ResolvedAddress => ({ address, family: familyOf(address) })).sort((a, b) => a.family - b.family)
        return { fqdn, source: 'pin', addresses, cnames: [], durationMs: 0 }
      }
      const start = performance.now()
      const seen = await Promise.all([context.observe(dnsQuery({ name: fqdn, type: 'A' })), context.observe(dnsQuery({ name: fqdn, type: 'AAAA' }))])
      const addresses: ResolvedAddress[] = []
      const cnames: string[] = []
      for (const answer of seen) {
        if (!answer.ok) continue
        for (const record of answer.value.answers) {
          if (record.type === 'A' || record.type === 'AAAA') {
            if (isIP(record.value) !== 0 && !addresses.some(({ address }) => address === record.value))
              addresses.push({ address: record.value, family: familyOf(record.value) })
          } else if (record.type === 'CNAME' && !cnames.includes(record.value)) cnames.push(record.value)
        }
      }
      if (addresses.length === 0) {
        // An answer beats a silence, a broken zone beats an empty one: the cause that explains most is told.
        const reasons = seen.map(why)
        const order = ['NXDOMAIN', 'SERVFAIL', 'REFUSED', 'TIMEOUT']
        const worst = [...reasons].sort((a, b) => ((order.indexOf(a.code) + 99) % 99) - ((order.indexOf(b.code) + 99) % 99))[0] ?? {
          code: 'NODATA',
          message: `${fqdn} has no address`,
        }
        throw new ProbeError({ code: worst.code, message: worst.message, phase: 'resolve' })
      }
      return {
        fqdn,
        source: 'dns',
        addresses: addresses.slice(0, 16).sort((a, b) => a.family - b.family),
        cnames,
        durationMs: Math.round((performance.now() - start) * 1000) / 1000,
      }
    },
  }
}

const MOST_ADDRESSES = 8
/** Those that a look at every address goes to: at most 8, IPv6 only where this vantage has it. */
export const usableAddresses = (target: Target, { addresses }: ResolvedHost): readonly ResolvedAddress[] =>
  addresses.filter(({ family }) => family === 4 || target.file.network?.ipv6 !== false).slice(0, MOST_ADDRESSES)
