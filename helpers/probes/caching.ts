/** Second looks that depend on first ones: conditional requests, content codings, a missing asset beside the real ones. Facts only. */
import { headerValue } from '../headers.ts'
import type { HttpObservation, RawHeaders } from '../observations.ts'
import { type Observed, type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import type { Host } from '../target.ts'
import { httpGet } from './http.ts'
import { type Assets, assetLook, firstPartyAssets } from './page.ts'

const BACKSTOP_MS = 120_000
/** Document and at most so many assets are asked again. */
const MOST_ASSETS = 4

interface Looked {
  readonly url: string
  readonly kind: 'document' | 'asset' | 'api'
  readonly first: HttpObservation
}

/** The document, its assets and the declared API routes of a host, as far as they answered. */
async function looked(context: ProbeContext, host: Host): Promise<readonly Looked[]> {
  const apis = await Promise.all(
    (host.declared.apiPaths ?? []).map(async (path): Promise<Looked[]> => {
      const url = `https://${host.fqdn}${path}`
      const seen = await context.observe(assetLook(url))
      return seen.ok ? [{ url, kind: 'api', first: seen.value }] : []
    }),
  )
  if (host.kind === 'api') return apis.flat()
  const seen = await context.observe(firstPartyAssets(host))
  if (!seen.ok) throw new ProbeError(seen.failure)
  const { page, assets } = seen.value
  return [
    { url: page.document.url, kind: 'document', first: page.document },
    ...assets.slice(0, MOST_ASSETS).flatMap((one): Looked[] => (one.seen.ok ? [{ url: one.url, kind: 'asset', first: one.seen.value }] : [])),
    ...apis.flat(),
  ]
}

const derived = <T>(kind: string, host: Host, requests: number, run: (context: ProbeContext) => Promise<T>): Probe<T> => ({
  kind,
  key: `${kind} https://${host.fqdn}${host.path}`,
  impact: 'read',
  cost: { connections: 0, requests },
  host: host.fqdn,
  timeoutMs: BACKSTOP_MS,
  run,
})

export interface Revalidation extends Looked {
  /** What was sent back; absent where the first answer carried no validator. */
  readonly sent?: RawHeaders[number]
  readonly again?: Observed<HttpObservation>
}

/**
 * Asks for the document and its assets once more with the validator they came with: If-None-Match where there is an ETag, else
 * If-Modified-Since. Only answers with status 200 are asked again.
 * @throws ProbeError of the document
 */
export const revalidations = (host: Host): Probe<readonly Revalidation[]> =>
  derived('revalidations', host, 1 + MOST_ASSETS, async (context) => {
    const all = await looked(context, host)
    return await Promise.all(
      all
        .filter((one) => one.first.status === 200 && one.kind !== 'api')
        .map(async (one): Promise<Revalidation> => {
          const etag = headerValue(one.first.headers, 'etag')
          const modified = headerValue(one.first.headers, 'last-modified')
          const sent = etag !== undefined ? (['if-none-match', etag] as const) : modified === undefined ? undefined : (['if-modified-since', modified] as const)
          return sent === undefined ? one : { ...one, sent, again: await context.observe(assetLook(one.url, [sent])) }
        }),
    )
  })

export interface Coding extends Looked {
  /** The same with `Accept-Encoding: gzip`. {@link Looked.first} was asked without that header. */
  readonly gzip: Observed<HttpObservation>
}

/**
 * Asks for the document, its assets and the declared API routes once more with gzip offered.
 * @throws ProbeError of the document
 */
export const codings = (host: Host): Probe<readonly Coding[]> =>
  derived('codings', host, 1 + MOST_ASSETS + (host.declared.apiPaths?.length ?? 0), async (context) => {
    const all = await looked(context, host)
    return await Promise.all(
      all
        .filter((one) => one.first.status === 200)
        .map(async (one) => ({ ...one, gzip: await context.observe(assetLook(one.url, [['accept-encoding', 'gzip']])) })),
    )
  })

const MISSING = 'postproof-missing-0a1b2c3d'
/** Where an asset would be that does not exist: beside the first script of the host, with its extension. */
export function missingAssetUrl(host: Host, assets: Pick<Assets, 'assets'>): string {
  const own = assets.assets.map((one) => one.url.replace(/[?#].*$/s, '')).filter((url) => url.startsWith(`https://${host.fqdn}/`))
  const beside = own.find((url) => /\.m?js$/.test(url)) ?? own[0]
  const parts = beside === undefined ? null : /^(.*\/)[^/]*?(\.[A-Za-z0-9]{1,8})?$/.exec(beside)
  return parts === null ? `https://${host.fqdn}/assets/${MISSING}.js` : `${parts[1]}${MISSING}${parts[2] ?? '.js'}`
}

/**
 * GET of an asset that does not exist.
 * @throws ProbeError of the document, or of this request
 */
export const missingAsset = (host: Host): Probe<HttpObservation> =>
  derived('missingAsset', host, 1, async (context) => {
    const seen = await context.observe(firstPartyAssets(host))
    if (!seen.ok) throw new ProbeError(seen.failure)
    const answer = await context.observe(httpGet(missingAssetUrl(host, seen.value)))
    if (!answer.ok) throw new ProbeError(answer.failure)
    return answer.value
  })
