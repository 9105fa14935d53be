/** The same request at every address of a host, one dead address staying visible beside the others. */
import type { HttpObservation } from '../observations.ts'
import { type Observed, type Probe, ProbeError } from '../probe.ts'
import type { Host } from '../target.ts'
import { documentOf, httpRequest, splitUrl } from './http.ts'
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

/**
 * Where the host's path redirects within the host: what each address answers where the redirects of the first end, so that the page behind them is
 * compared and not the redirect alone. Empty where the first answer is the document, or the chain ends nowhere.
 */
export function documentEveryAddress(host: Host): Probe<readonly AtAddress[]> {
  const chain = documentOf(host)
  return {
    kind: 'documentEveryAddress',
    key: `documentEveryAddress https://${host.fqdn}${host.path}`,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    host: host.fqdn,
    timeoutMs: 60_000,
    async run(context) {
      const seen = await context.observe(chain)
      if (!seen.ok) throw new ProbeError(seen.failure)
      const { hops, end } = seen.value
      const url = end === 'final' && hops.length > 1 ? splitUrl(hops.at(-1)?.url ?? '') : undefined
      if (url?.scheme !== 'https' || url.host !== host.fqdn || url.port !== undefined) return []
      const all = await context.observe(everyAddress(host.fqdn, url.path))
      if (!all.ok) throw new ProbeError(all.failure)
      return all.value
    },
  }
}
