/** Names of a served certificate that the target does not declare: where they lead, and what answers there. Facts only. */
import { isPublic } from '../grammar/address.ts'
import { headerValues } from '../headers.ts'
import type { ResolvedHost, TlsObservation } from '../observations.ts'
import { type Observed, type Probe, ProbeError } from '../probe.ts'
import { type CertificatePaths, certificatePaths } from './certificate-path.ts'
import { httpRequest } from './http.ts'
import { resolveHost } from './resolve.ts'
import { tlsHandshake } from './tls.ts'

export interface FoundName {
  readonly name: string
  readonly resolved: Observed<ResolvedHost>
  /** A name that nobody can have chosen leads to the same addresses: this one may exist by a wildcard record alone. */
  readonly wildcard: boolean
  /** Not connected to: its addresses are of the inside, while the host that led us here is public. */
  readonly inside: boolean
  /** Undefined where nothing was asked of it. */
  readonly paths?: Observed<CertificatePaths>
}
export interface Subdomains {
  readonly tls: TlsObservation
  /** Single names below the domain in the served certificate, those of the target included. */
  readonly inCertificate: number
  readonly found: readonly FoundName[]
  /** More than were looked at. */
  readonly left: number
  /** Strict-Transport-Security of the domain itself; asked only where a name was connected to. */
  readonly domainPolicy?: Observed<readonly string[]>
}

const MOST_NAMES = 50
/** Nobody names a host like this: what it resolves to is what a wildcard record says. */
const CONTROL = 'no-such-name-2f7c41e09ab3'

/** @param declared names of the target, which are judged as hosts of their own */
export function subdomains(host: string, domain: string, declared: readonly string[]): Probe<Subdomains> {
  return {
    kind: 'subdomains',
    key: `subdomains ${host}`,
    impact: 'read',
    cost: { connections: 2, requests: 2 },
    host,
    timeoutMs: 120_000,
    async run(context) {
      const seen = await context.observe(tlsHandshake({ host }))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const tls = seen.value
      const names = [...new Set((tls.chain[0]?.dnsNames ?? []).map((name) => name.toLowerCase().replace(/\.$/, '')))].filter(
        (name) => (name === domain || name.endsWith(`.${domain}`)) && name.length <= 253 && /^[a-z0-9_][a-z0-9_.-]*$/.test(name),
      )
      const own = new Set(declared)
      const others = names.filter((name) => !own.has(name))
      const found = await Promise.all(
        others.slice(0, MOST_NAMES).map(async (name): Promise<FoundName> => {
          const parent = name === domain ? name : name.slice(name.indexOf('.') + 1)
          const [resolved, control] = await Promise.all([context.observe(resolveHost(name)), context.observe(resolveHost(`${CONTROL}.${parent}`))])
          if (!resolved.ok) return { name, resolved, wildcard: false, inside: false }
          const addresses = resolved.value.addresses.map(({ address }) => address)
          const same = control.ok && control.value.addresses.some(({ address }) => addresses.includes(address))
          const inside = resolved.value.source === 'dns' && isPublic(tls.address) && !addresses.every(isPublic)
          if (inside || same) return { name, resolved, wildcard: same, inside }
          return { name, resolved, wildcard: false, inside, paths: await context.observe(certificatePaths(name)) }
        }),
      )
      const base = { tls, inCertificate: names.length, found, left: Math.max(0, others.length - MOST_NAMES) }
      if (!found.some(({ paths }) => paths !== undefined)) return base
      const policy = await context.observe(httpRequest({ scheme: 'https', host: domain }))
      return { ...base, domainPolicy: policy.ok ? { ...policy, value: headerValues(policy.value.headers, 'strict-transport-security') } : policy }
    },
  }
}
