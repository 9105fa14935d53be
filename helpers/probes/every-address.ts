/** The same request at every address of a host, one dead address staying visible beside the others. */
import type { HttpObservation } from '../observations.ts'
import { type Observed, type Probe, ProbeError } from '../probe.ts'
import type { Host } from '../target.ts'
import { documentOf, httpRequest, splitUrl } from './http.ts'
import { siblingOf } from './sweep.ts'
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
export function documentEveryAddress(host: Host, addresses = 2): Probe<readonly AtAddress[]> {
  const chain = documentOf(host)
  return {
    kind: 'documentEveryAddress',
    key: `documentEveryAddress https://${host.fqdn}${host.path}`,
    impact: 'read',
    cost: { connections: 0, requests: addresses - 1 },
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

export interface PathAtAddress {
  readonly address: string
  readonly path: string
  readonly seen: Observed<HttpObservation>
  /** The answer to a path beside it that cannot exist; asked only where {@link seen} is a success with a body. */
  readonly sibling?: Observed<HttpObservation>
}

/** A few paths at each address of a host but the first, one after the other: what the sweeps of the host, which go to the first, do not see. */
export function pathsElsewhere(fqdn: string, paths: readonly string[], addresses = 2): Probe<readonly PathAtAddress[]> {
  return {
    kind: 'pathsElsewhere',
    key: `pathsElsewhere https://${fqdn} ${paths.join(' ')}`,
    impact: 'read',
    cost: { connections: 0, requests: paths.length * (addresses - 1) },
    host: fqdn,
    timeoutMs: 120_000,
    async run(context) {
      const resolved = await context.observe(resolveHost(fqdn))
      if (!resolved.ok) throw new ProbeError(resolved.failure)
      const [, ...further] = usableAddresses(context.target, resolved.value)
      const look = (address: string, path: string): Promise<Observed<HttpObservation>> =>
        context.observe(httpRequest({ scheme: 'https', host: fqdn, address, path, maxBodyBytes: 65_536, readMs: 3_000 }))
      const at = async (address: string): Promise<readonly PathAtAddress[]> => {
        const seen: PathAtAddress[] = []
        for (const path of paths) {
          const one = await look(address, path)
          const { status, body } = one.ok ? one.value : { status: 0, body: '' }
          const sibling = status >= 200 && status < 300 && body.length > 0 ? await look(address, siblingOf(path)) : undefined
          seen.push({ address, path, seen: one, ...(sibling === undefined ? {} : { sibling }) })
          if (!one.ok) break
        }
        return seen
      }
      return (await Promise.all(further.map(({ address }) => at(address)))).flat()
    },
  }
}
