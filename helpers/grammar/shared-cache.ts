/** What an answer tells of shared caches on its way: that one of them answered (Age, Cache-Status and its forerunners), and what is said to them alone. */
import { type CacheControl, readAge, readCacheControl } from './cache-control.ts'

type RawHeaders = readonly (readonly [name: string, value: string])[]

const linesOf = (raw: RawHeaders, name: string): readonly string[] => raw.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)

/**
 * RFC 9211, and what Cloudflare, CloudFront, Fastly, Akamai, Vercel, Bunny, Sucuri, LiteSpeed, Kinsta, Squid, Next.js, Drupal and the usual
 * configurations of nginx and Varnish write instead. Caches of an application's data (`X-Object-Cache`) are not among them.
 */
const STATUS: ReadonlySet<string> = new Set([
  'cache-status',
  'cf-cache-status',
  'x-cache',
  'x-cache-status',
  'x-proxy-cache',
  'x-proxy-cache-status',
  'x-nginx-cache',
  'x-nginx-cache-status',
  'x-fastcgi-cache',
  'x-varnish-cache',
  'x-vercel-cache',
  'x-nextjs-cache',
  'x-drupal-cache',
  'x-litespeed-cache',
  'x-kinsta-cache',
  'x-sucuri-cache',
  'x-edge-cache',
  'x-cdn-cache',
  'x-cdn-cache-status',
  'akamai-cache-status',
  'cdn-cache',
])
/** `HIT`, `TCP_MEM_HIT`, `RefreshHit from cloudfront`, `edge; hit; ttl=30`. Not `fwd=stale`, which was asked for anew, nor `hit=?0`. */
const HIT = /(?:^|[^a-z=])(?:refresh)?(?:hit|stale|updating|revalidated)(?:=\?1|(?![a-z=]))/i

/** What shows that a shared cache answered; undefined: nothing does. */
export function sharedHit(raw: RawHeaders): string | undefined {
  const age = readAge(linesOf(raw, 'age'))
  if (age !== undefined && age > 0) return `Age: ${age}`
  for (const [key, value] of raw) {
    const name = key.toLowerCase()
    if (STATUS.has(name) && HIT.test(value)) return `${name}: ${value}`
    // Varnish names the request that filled the cache behind its own; Fastly counts, one number for each place.
    if (name === 'x-varnish' && /^\s*\d+\s+\d+\s*$/.test(value)) return `${name}: ${value}`
    if (name === 'x-cache-hits' && /(?:^|[\s,])0*[1-9]\d*(?:$|[\s,])/.test(value)) return `${name}: ${value}`
  }
  return undefined
}

/** RFC 9213 §3.1, its forms of single makers, and Surrogate-Control before it. Such a cache then ignores Cache-Control. */
const TARGETED: readonly string[] = [
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'vercel-cdn-cache-control',
  'netlify-cdn-cache-control',
  'surrogate-control',
]

/** What is said to caches of the operator alone, field by field in the order of {@link TARGETED}. */
export function targetedControls(raw: RawHeaders): readonly { readonly name: string; readonly line: string; readonly control: CacheControl }[] {
  return TARGETED.flatMap((name) => {
    const lines = linesOf(raw, name)
    return lines.length === 0 ? [] : [{ name, line: lines.join(', '), control: readCacheControl(lines).value }]
  })
}

/** Seconds that a cache so told keeps the answer for everybody; 0: it does not, or not without asking. */
export const targetedSeconds = ({ noStore, noCache, private: personal, sMaxage, maxAge }: CacheControl): number =>
  noStore || noCache || personal ? 0 : (sMaxage ?? maxAge ?? 0)
