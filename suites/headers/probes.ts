/** Several looks at one host gathered under their names, so that a check may ask for as many as the target declares. */
import type { HttpObservation } from '../../helpers/observations.ts'
import { type Observed, type Probe, ProbeError } from '../../helpers/probe.ts'
import { documentOf, httpGet, httpRequest } from '../../helpers/probes/http.ts'
import { type Page, pageOf, readPage } from '../../helpers/probes/page.ts'
import type { Host } from '../../helpers/target.ts'

export interface Look {
  /** Path on the host. */
  readonly path: string
  readonly method?: string
  /** Statuses that are right there beyond the usual, for answers that would else count as an obstacle. */
  readonly right?: readonly number[]
}
export interface Looked extends Look {
  readonly seen: Observed<HttpObservation>
}

/** Each path once, in order; a failed one is an observation of its own. The requests are shared with every check that asks the same. */
export function lookAt(host: Host, looks: readonly Look[]): Probe<readonly Looked[]> {
  const requests = looks.map(({ path, method }) => httpRequest({ scheme: 'https', host: host.fqdn, path, ...(method === undefined ? {} : { method }) }))
  return {
    kind: 'lookAt',
    key: `lookAt ${host.fqdn} ${looks.map(({ method, path }) => `${method ?? 'GET'} ${path}`).join(' ')}`,
    impact: 'read',
    cost: {
      connections: requests.reduce((sum, request) => sum + request.cost.connections, 0),
      requests: requests.reduce((sum, request) => sum + request.cost.requests, 0),
    },
    host: host.fqdn,
    timeoutMs: 120_000,
    async run(context): Promise<readonly Looked[]> {
      const looked: Looked[] = []
      // One after the other: a path that makes the host hang up takes the requests beside it on the same connection along.
      for (const [index, look] of looks.entries()) looked.push({ ...look, seen: await context.observe(requests[index] as Probe<HttpObservation>) })
      return looked
    },
  }
}

export interface Repeated {
  readonly first: HttpObservation
  /** The same URL once more, on a connection of its own, over HTTP/1.1 where that is spoken. */
  readonly again: Observed<HttpObservation>
  /** The same path with a parameter that no cache has seen. */
  readonly fresh: Observed<HttpObservation>
}

/**
 * The document of a host, the same once more, and once past every cache. A kept connection leads to the same machine and the same listener each time, so the
 * second look has one of its own, and speaks the older protocol.
 * @throws ProbeError of the document's first look
 */
export function documentAgain(host: Host): Probe<Repeated> {
  const chain = documentOf(host)
  return {
    kind: 'documentAgain',
    key: `documentAgain https://${host.fqdn}${host.path}`,
    impact: 'read',
    cost: { connections: 1, requests: 2 },
    host: host.fqdn,
    timeoutMs: 60_000,
    async run(context): Promise<Repeated> {
      const seen = await context.observe(chain)
      if (!seen.ok) throw new ProbeError(seen.failure)
      const first = seen.value.hops.at(-1)
      if (first === undefined) throw new ProbeError({ code: 'EOF', message: `${host.fqdn} answered nothing`, phase: 'response' })
      const older = await context.observe(httpGet(first.url, { tag: 'again', freshConnection: true, protocol: 'http/1.1' }))
      const again = older.ok ? older : await context.observe(httpGet(first.url, { tag: 'again' }))
      const fresh = await context.observe(httpGet(`${first.url}${first.url.includes('?') ? '&' : '?'}postproof=${Date.now().toString(36)}`, { tag: 'fresh' }))
      return { first, again, fresh }
    },
  }
}

/** More than any page a person reads. */
const WHOLE = 4 * 1024 * 1024

/**
 * The page of a host with all its references: where the document was cut, it is fetched once more as a whole (at most 4 MiB).
 * @throws ProbeError of {@link pageOf}
 */
export function wholePage(host: Host): Probe<Page> {
  const page = pageOf(host)
  return {
    kind: 'wholePage',
    key: `wholePage https://${host.fqdn}${host.path}`,
    impact: 'read',
    cost: { connections: 0, requests: 1 },
    host: host.fqdn,
    timeoutMs: 60_000,
    async run(context): Promise<Page> {
      const seen = await context.observe(page)
      if (!seen.ok) throw new ProbeError(seen.failure)
      if (!seen.value.document.truncated) return seen.value
      const whole = await context.observe(httpGet(seen.value.document.url, { maxBodyBytes: WHOLE, tag: 'whole' }))
      return whole.ok ? readPage(whole.value) : seen.value
    },
  }
}
