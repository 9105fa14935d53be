/** Requests that a host must refuse, harmless ones, and what it says to each; with the document and an ordinary missing page to compare with. Facts only. */
import type { HttpObservation } from '../observations.ts'
import { type Observed, type Probe, ProbeError } from '../probe.ts'
import type { Host } from '../target.ts'
import { documentOf, type HttpRequest, httpRequest } from './http.ts'

interface Provocation {
  /** What was wrong with the request. */
  readonly how: string
  readonly seen: Observed<HttpObservation>
}
interface Provoked {
  /** The last hop of the document. */
  readonly document?: HttpObservation
  /** A path that does not exist. */
  readonly missing: Observed<HttpObservation>
  readonly provocations: readonly Provocation[]
}

const NOWHERE = '/postproof-3f9c0d1e'
const MOST_ROUTES = 2

/**
 * A missing page, broken escapes, a method that does not exist, and for declared API paths a body that is no JSON and an identifier far too long.
 * Nothing of it can change anything: no request is one that an application could carry out.
 * @throws ProbeError when not even the missing page is answered
 */
export function provoked(host: Host): Probe<Provoked> {
  const routes = (host.declared.apiPaths ?? []).slice(0, MOST_ROUTES)
  const requests: readonly (readonly [how: string, request: Partial<HttpRequest>])[] = [
    ['a broken escape', { path: '/%ZZ' }],
    ['an escaped NUL', { path: '/%00' }],
    ['a method that does not exist', { method: 'POSTPROOF' }],
    ...routes.flatMap((path): readonly (readonly [string, Partial<HttpRequest>])[] => [
      [`a body that is no JSON, to ${path}`, { path, method: 'POST', headers: [['content-type', 'application/json']], body: '{"postproof":' }],
      [`an identifier far too long, below ${path}`, { path: `${path.replace(/\/$/, '')}/${'9'.repeat(300)}` }],
    ]),
  ]
  return {
    kind: 'provoked',
    key: `provoked https://${host.fqdn}`,
    impact: 'read',
    cost: { connections: 0, requests: requests.length + 1 },
    host: host.fqdn,
    timeoutMs: 120_000,
    async run(context): Promise<Provoked> {
      const missing = await context.observe(httpRequest({ scheme: 'https', host: host.fqdn, path: NOWHERE }))
      if (!missing.ok) throw new ProbeError(missing.failure)
      const chain = await context.observe(documentOf(host))
      const document = chain.ok ? chain.value.hops.at(-1) : undefined
      const provocations: Provocation[] = []
      for (const [how, request] of requests)
        provocations.push({ how, seen: await context.observe(httpRequest({ scheme: 'https', host: host.fqdn, maxBodyBytes: 65_536, ...request })) })
      return { ...(document === undefined ? {} : { document }), missing, provocations }
    },
  }
}
