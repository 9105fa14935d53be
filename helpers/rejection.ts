/** What an answer says of a limiter: let through, refused, refused by another layer, or neither. Pure. */
import { headerValue } from './headers.ts'
import type { PacedAnswer } from './probes/paced.ts'
import type { Target } from './target.ts'
import { type RateLimitZone, type Zone, type ZoneRequest, zonesFor } from './zones.ts'

export type Fate = 'admitted' | 'refused' | 'refused elsewhere' | 'broken'

/** Statuses that servers refuse with when there is too much: nginx's default is 503; 420 and 509 are older habits. */
const REFUSALS: ReadonlySet<number> = new Set([429, 503, 420, 509])

export const statusesOf = ({ status }: Pick<RateLimitZone, 'status'>): readonly number[] => [status ?? 429].flat()

/** Whether an answer carries what is declared of a zone's rejections; undefined where nothing is. */
export function fitsMarker({ rejection }: Pick<RateLimitZone, 'rejection'>, answer: Pick<PacedAnswer, 'headers' | 'body'>): boolean | undefined {
  if (rejection === undefined) return undefined
  const { body, header, contentType } = rejection
  if (body !== undefined && !answer.body.includes(body)) return false
  for (const [name, text] of Object.entries(header ?? {})) if (!(headerValue(answer.headers, name) ?? '').includes(text)) return false
  const type = (headerValue(answer.headers, 'content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase()
  return contentType === undefined || type === contentType.toLowerCase()
}

/** The host, path and method that a zone is asked with. */
export function zoneRequest(zone: RateLimitZone, target: Target): Required<ZoneRequest> {
  const host = zone.request?.host ?? zone.hosts?.[0] ?? target.hosts[0]?.name ?? '@'
  const pattern = zone.request?.path ?? zone.paths?.[0] ?? '/'
  return {
    host: (host === '@' ? target.domain : `${host}.${target.domain}`).toLowerCase(),
    path: pattern.endsWith('*') ? pattern.slice(0, -1) : pattern,
    method: zone.request?.method ?? zone.methods?.[0] ?? 'GET',
  }
}

/** Zones in which the request of a zone is counted as well. */
export const beside = (zone: Zone, target: Target): readonly Zone[] =>
  zonesFor(target, zoneRequest(zone.declared, target)).filter((one) => one !== zone && (one.limit !== undefined || one.declared.concurrency === undefined))

/**
 * @param usual status of a request that the limiter let through
 * @param others zones that count the same request
 */
export function fateOf(
  zone: RateLimitZone,
  answer: Pick<PacedAnswer, 'status' | 'headers' | 'body'>,
  usual: number | undefined,
  others: readonly Zone[],
): Fate {
  const { status } = answer
  if (status === 0) return 'broken'
  const fits = fitsMarker(zone, answer)
  const refusal = REFUSALS.has(status) || (statusesOf(zone).includes(status) && status !== usual)
  // Error pages of a proxy look alike whatever went wrong.
  if (fits === true && (refusal || (usual !== undefined && status < 500))) return 'refused'
  if (others.some(({ declared }) => fitsMarker(declared, answer) === true)) return 'refused elsewhere'
  // What does not look like ours while another layer limits too is that one's.
  if (refusal) return fits === false && others.some(({ declared }) => declared.layer !== zone.layer) ? 'refused elsewhere' : 'refused'
  if (zone.request?.accept?.includes(status) === true) return 'admitted'
  if (status >= 500) return 'broken'
  return status === 403 && usual !== undefined && usual !== 403 ? 'refused' : 'admitted'
}

/** RFC 9110 §10.2.3: seconds or a date. @returns seconds from the answer's own Date (or `atMs`); undefined: absent, NaN: neither */
export function retryAfterSeconds(headers: PacedAnswer['headers'], atMs: number): number | undefined {
  const value = headerValue(headers, 'retry-after')?.trim()
  if (value === undefined) return undefined
  if (/^\d{1,10}$/.test(value)) return Number(value)
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(value)) return Number.NaN
  const now = Date.parse(headerValue(headers, 'date') ?? '')
  return (Date.parse(value) - (Number.isNaN(now) ? atMs : now)) / 1_000
}
