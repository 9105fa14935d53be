/** The same request at every address of a host, one dead address staying visible beside the others. */
import type { HttpObservation } from '../observations.ts'
import { type Observed, type Probe, ProbeError } from '../probe.ts'
import { httpRequest } from './http.ts'
import { resolveHost, usableAddresses } from './resolve.ts'

export interface AtAddress {
  readonly address: string
  readonly seen: Observed<HttpObservation>
}

/** GET https://fqdn/path at each address (at most 8; IPv6 only where this vantage has it). Fails only where the name has no address. */
export function everyAddress(fqdn: string, path: string, scheme: 'https' | 'http' = 'https'): Probe<readonly AtAddress[]> {
  return {
    kind: 'everyAddress',
    key: `everyAddress ${scheme}://${fqdn}${path}`,
    impact: 'read',
    cost: { connections: 0, requests: 1 },
    host: fqdn,
    timeoutMs: 60_000,
    async run(context) {
      const resolved = await context.observe(resolveHost(fqdn))
      if (!resolved.ok) throw new ProbeError(resolved.failure)
      const usable = usableAddresses(context.target, resolved.value)
      return await Promise.all(
        usable.map(async ({ address }, index) => ({
          address,
          // The first address is the one that every other question about the host goes to: the same look.
          seen: await context.observe(httpRequest({ scheme, host: fqdn, path, ...(index === 0 ? {} : { address }) })),
        })),
      )
    },
  }
}
