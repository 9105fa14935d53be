/** What the caching checks share: who shows documents, what a response lets caches do with it, how that is told. */
import type { Subject } from '../../helpers/check.ts'
import { type CacheControl, readCacheControl, readHttpDate, readVary } from '../../helpers/grammar/cache-control.ts'
import { sharedHit as readSharedHit, targetedControls, targetedSeconds } from '../../helpers/grammar/shared-cache.ts'
import { headerValue, headerValues } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { curlFor, curlForSeen } from '../../helpers/reproduce.ts'
import type { Host, Target } from '../../helpers/target.ts'
import { type Evidence, inconclusive, skip, type Verdict } from '../../helpers/verdict.ts'

/** What caches may do with a response (RFC 9111 §3, §4.2). */
export interface Policy {
  readonly control: CacheControl
  /** Grammar of Cache-Control was broken. */
  readonly error?: string
  /** Seconds that a browser takes it without asking; 0: always asks (or stores nothing); undefined: nothing said. */
  readonly browserSeconds?: number
  /** The same for shared caches. */
  readonly sharedSeconds?: number
  /** Caches may store it for everybody: neither no-store nor private. */
  readonly sharable: boolean
  /** Nothing said about its life, and caches may guess one from Last-Modified (RFC 9111 §4.2.2). */
  readonly heuristic: boolean
  /** Cache-Control and Expires as received. */
  readonly shown: string
}

/** Statuses that may be stored without being told so (RFC 9110 §15.1). */
const HEURISTIC: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501])

export function policyOf(seen: HttpObservation): Policy {
  const lines = headerValues(seen.headers, 'cache-control')
  const read = readCacheControl(lines)
  const control = read.value
  const expires = headerValue(seen.headers, 'expires')
  const date = readHttpDate(headerValue(seen.headers, 'date') ?? '') ?? Date.parse(seen.at)
  const until = expires === undefined ? undefined : readHttpDate(expires)
  // An unreadable Expires (`0`, `-1`) means expired; so does a max-age that is no number.
  const fromExpires = expires === undefined ? undefined : until === undefined ? 0 : Math.max(0, Math.round((until - date) / 1000))
  const brokenAge = control.maxAge === undefined && control.directives.some((one) => one.name === 'max-age')
  const plain = control.noStore || control.noCache ? 0 : (control.maxAge ?? (brokenAge ? 0 : fromExpires))
  const targeted = targetedControls(seen.headers)
  // What is said to the operator's own caches replaces Cache-Control there (RFC 9213 §2.1); every other shared cache goes by Cache-Control.
  const kept = Math.max(0, ...targeted.map((one) => targetedSeconds(one.control)))
  const general = control.noStore || control.noCache || control.private ? 0 : (control.sMaxage ?? plain)
  const shared = kept > 0 ? Math.max(kept, general ?? 0) : general
  // Nothing that varies by everything is ever taken again (RFC 9111 §4.1).
  const unique = readVary(headerValues(seen.headers, 'vary')).includes('*')
  const shown = [
    lines.length === 0 ? 'no Cache-Control' : lines.map((line) => `Cache-Control: ${line}`).join(' and '),
    ...(expires === undefined ? [] : [`Expires: ${expires}`]),
    ...targeted.map(({ name, line }) => `${name}: ${line}`),
    ...(unique ? ['Vary: *'] : []),
  ].join('; ')
  return {
    control,
    ...(read.ok ? {} : { error: read.error }),
    ...(plain === undefined ? {} : { browserSeconds: plain }),
    ...(shared === undefined ? {} : { sharedSeconds: shared }),
    sharable: !unique && (kept > 0 || (!control.noStore && !control.private)),
    heuristic: plain === undefined && (control.public || (HEURISTIC.has(seen.status) && headerValue(seen.headers, 'last-modified') !== undefined)),
    shown,
  }
}

/** A shared cache may hand this very response to somebody else without asking. */
export const reusable = (policy: Policy): boolean =>
  policy.sharable && ((policy.sharedSeconds ?? 0) > 0 || (policy.sharedSeconds === undefined && policy.control.public))
/** Longest time anybody takes it without asking. */
export const longest = (policy: Policy): number => Math.max(policy.browserSeconds ?? 0, policy.sharedSeconds ?? 0)

/** What shows that a shared cache answered: Age above zero, or a cache status that says hit. Undefined: nothing does. */
export const sharedHit = (seen: HttpObservation): string | undefined => readSharedHit(seen.headers)

/** `31536000 s (365 days)`. */
export const duration = (seconds: number): string =>
  seconds < 3600 ? `${seconds} s` : `${seconds} s (${seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`})`

export const at = (seen: HttpObservation, what: string, expected: string, received: string): Evidence => ({
  what,
  expected,
  received,
  where: `${seen.url} (${seen.peer})`,
  at: seen.at,
})

/** Hosts that show documents. */
export const showsPages = (host: Host): boolean => host.kind === 'page' || host.kind === 'spa' || host.kind === 'static'
export const noPages = { skip: 'not-applicable', reason: 'no host of the target shows pages' } as const

/** Why a document is no basis for a verdict; undefined when it is one. */
export function noDocument(document: HttpObservation, html: boolean): Verdict | undefined {
  const evidence = at(
    document,
    'document',
    'an HTML page with status 200',
    `${document.status} ${headerValue(document.headers, 'content-type') ?? 'without Content-Type'}`,
  )
  if (document.status >= 500 || document.status === 429) return inconclusive('unobserved', 'no document: an obstacle or an error answered', evidence)
  if (document.status !== 200) return skip('not-applicable', 'anonymous visitors get no document here', evidence)
  return html ? undefined : skip('not-applicable', 'the answer is no HTML document', evidence)
}

/** One subject per declared path of a host, named by its URL. */
export const paths =
  (of: (host: Host) => readonly string[]) =>
  (target: Target): readonly Subject[] =>
    target.hosts.flatMap((host) => [...new Set(of(host))].map((path) => ({ name: `https://${host.fqdn}${path}`, host, item: path })))

export const curlUrl = (subject: Subject, target: Target): string => curlFor(target, subject.name)
export const curlHost =
  (path?: string, headers?: readonly (readonly [string, string])[]) =>
  (subject: Subject, target: Target, evidence?: readonly Evidence[]): string =>
    curlForSeen(target, `https://${subject.host?.fqdn ?? subject.name}${path ?? subject.host?.path ?? '/'}`, evidence, headers === undefined ? {} : { headers })
