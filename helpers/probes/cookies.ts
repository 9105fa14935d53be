/** Where a host sets cookies without anybody signing in: the document and its redirects, robots.txt, an error page, and paths that are named. */
import { type CookieExpiry, expiryOf, parseSetCookie } from '../grammar/set-cookie.ts'
import { headerValues } from '../headers.ts'
import type { HttpObservation } from '../observations.ts'
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import type { Host } from '../target.ts'
import { documentOf, httpChain, httpGet } from './http.ts'

/** The path nobody has, asked by other suites too. */
const NOWHERE = '/postproof-3f9c0d1e'
/** More addresses of a host than these are not asked again. */
const MOST_SAMPLED = 4
const SAMPLES = 5
const BACKSTOP_MS = 120_000

export interface CookieLooks {
  /** The last hop of the document's chain. */
  readonly document: HttpObservation
  /** Every answer looked at, each URL once, in the order asked. */
  readonly responses: readonly HttpObservation[]
  /** Named paths that gave no answer, with the failure's code. */
  readonly silent: readonly string[]
}

/**
 * @param paths of the host, beside those asked always; redirects are followed within the host
 * @throws ProbeError what the document failed with
 */
export function cookieLooks(host: Host, paths: readonly string[] = []): Probe<CookieLooks> {
  const asked = [...new Set(['/robots.txt', NOWHERE, ...paths])].sort()
  return {
    kind: 'cookieLooks',
    key: `cookieLooks ${host.fqdn}${host.path} ${asked.join(' ')}`,
    impact: 'read',
    cost: { connections: 0, requests: 1 + asked.length },
    host: host.fqdn,
    timeoutMs: BACKSTOP_MS,
    async run(context): Promise<CookieLooks> {
      const document = await context.observe(documentOf(host))
      if (!document.ok) throw new ProbeError(document.failure)
      const responses = new Map(document.value.hops.map((hop) => [hop.url, hop]))
      const silent: string[] = []
      for (const path of asked) {
        const seen = await context.observe(httpChain(`https://${host.fqdn}${path}`, { sameHost: true }))
        if (seen.ok) for (const hop of seen.value.hops) responses.set(hop.url, responses.get(hop.url) ?? hop)
        else silent.push(`${path}: ${seen.failure.code}`)
      }
      return { document: document.value.hops.at(-1) as HttpObservation, responses: [...responses.values()], silent }
    },
  }
}

export interface CookieSample {
  readonly url: string
  /** Fresh visits, none with a cookie; the first is the look everybody shares. Fewer than asked where some gave no answer. */
  readonly visits: readonly HttpObservation[]
  /** One more visit with cookies of our own making under the names seen: name to value as sent. */
  readonly chosen?: { readonly sent: Readonly<Record<string, string>>; readonly answer: HttpObservation }
}

/** Of the same letters and length, and never issued: the value backwards. */
function otherValue(value: string): string {
  const reversed = Array.from(value).reverse().join('')
  return reversed === value ? `${value}0` : reversed
}

const lives = (expiry: CookieExpiry): boolean => expiry.kind !== 'deletion'

async function sampleOf(context: ProbeContext, first: HttpObservation): Promise<CookieSample> {
  const visits = [first]
  for (let turn = 2; turn <= SAMPLES; turn += 1) {
    const seen = await context.observe(httpGet(first.url, { tag: `cookie visit ${turn}` }))
    if (seen.ok) visits.push(seen.value)
  }
  const sent: Record<string, string> = {}
  for (const field of headerValues(first.headers, 'set-cookie')) {
    const parsed = parseSetCookie(field)
    if (parsed.ok && parsed.cookie.name !== '' && parsed.cookie.value !== '' && lives(expiryOf(parsed.cookie, Date.parse(first.at))))
      sent[parsed.cookie.name] = otherValue(parsed.cookie.value)
  }
  if (Object.keys(sent).length === 0) return { url: first.url, visits }
  const cookie = Object.entries(sent)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ')
  const answer = await context.observe(httpGet(first.url, { headers: [['cookie', cookie]] }))
  return answer.ok ? { url: first.url, visits, chosen: { sent, answer: answer.value } } : { url: first.url, visits }
}

/**
 * Visits the URLs of {@link cookieLooks} that set cookies several times, each time as a new visitor, and once with cookies made up. A host that
 * sets none is asked nothing more. At most 4 URLs.
 * @throws ProbeError as cookieLooks
 */
export function cookieSamples(host: Host, paths: readonly string[] = []): Probe<readonly CookieSample[]> {
  const looks = cookieLooks(host, paths)
  return {
    kind: 'cookieSamples',
    key: looks.key.replace('cookieLooks', 'cookieSamples'),
    impact: 'read',
    cost: { connections: 0, requests: looks.cost.requests + MOST_SAMPLED * SAMPLES },
    host: host.fqdn,
    timeoutMs: BACKSTOP_MS,
    async run(context): Promise<readonly CookieSample[]> {
      const seen = await context.observe(looks)
      if (!seen.ok) throw new ProbeError(seen.failure)
      const setting = seen.value.responses.filter((one) => headerValues(one.headers, 'set-cookie').length > 0).slice(0, MOST_SAMPLED)
      const samples: CookieSample[] = []
      for (const one of setting) samples.push(await sampleOf(context, one))
      return samples
    },
  }
}
