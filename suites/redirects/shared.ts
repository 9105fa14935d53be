/** What the redirect checks share: the questions they ask of a host, and how they read what came back. */
import type { Subject } from '../../helpers/check.ts'
import { headerValue, isChallenge } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Observed, Probe } from '../../helpers/probe.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { type CurlOptions, curlFor } from '../../helpers/reproduce.ts'
import type { Host, Target } from '../../helpers/target.ts'
import { type Evidence, inconclusive, type SkipReason, type Verdict } from '../../helpers/verdict.ts'

/** No deployment has it; upper case, escapes and an escaped ampersand show what a proxy rewrites. */
export const DEEP_PATH = '/postproof-3f9c/Deep%20Path/%C3%A9?a=1%26b&B=%2F&c=d+e'
export const ACME_PATH = '/.well-known/acme-challenge/postproof-3f9c0d1e'

export const plainRequest = (host: Host, path = '/', more: Partial<Parameters<typeof httpRequest>[0]> = {}): Probe<HttpObservation> =>
  httpRequest({ scheme: 'http', host: host.fqdn, path, ...more })

export const noHosts = { skip: 'not-declared' as SkipReason, reason: 'the target has no hosts' }
export const curlPlain =
  (path = '/', more: CurlOptions = {}) =>
  (subject: Subject, target: Target): string =>
    curlFor(target, `http://${subject.host?.fqdn ?? subject.name}${path}`, more)

/** Shown as one line: status and where it points. */
export const shown = (seen: HttpObservation): string => {
  const location = headerValue(seen.headers, 'location')
  return `${seen.status}${location === undefined ? `, ${seen.body.length} bytes` : ` to ${location}`}`
}
export const evidenceOf = (seen: HttpObservation, expected: string, received = shown(seen), what = `${seen.method} ${seen.url}`): Evidence => ({
  what,
  expected,
  received,
  where: seen.peer,
  at: seen.at,
})

export const isRedirect = (seen: HttpObservation): boolean => [301, 302, 303, 307, 308].includes(seen.status)

/** Only a refused connection proves that nothing listens; silence and resets prove nothing (rules G1). */
export const isClosed = (seen: Observed<unknown>): boolean => !seen.ok && seen.failure.code === 'ECONNREFUSED'

/** The answer, or why there is no judging without one. */
export function answered<T>(seen: Observed<T>): { readonly value: T } | { readonly verdict: Verdict } {
  if (seen.ok) return { value: seen.value }
  const { failure } = seen
  if (failure.code === 'UNMAPPED') return { verdict: inconclusive('misused', `network.ports has no entry for this port: ${failure.message}`) }
  return {
    verdict: inconclusive('unobserved', `${failure.phase}: ${failure.message} (${failure.code})`, {
      what: 'answer on port 80',
      expected: 'an answer to judge',
      received: failure.code,
    }),
  }
}

/** A challenge or a limiter answered instead of the host: no basis for a verdict (rules G4). */
export const obstacle = (seen: HttpObservation): Verdict | undefined =>
  seen.status === 429 || seen.status === 503 || isChallenge(seen)
    ? inconclusive('unobserved', `an obstacle answered ${seen.method} ${seen.url}: status ${seen.status}`, evidenceOf(seen, 'the answer of the host itself'))
    : undefined

/** Statuses as the user wrote them; undefined where only the product's default holds. */
export const declaredStatuses = (host: Host, target: Target): readonly (number | 'closed')[] | undefined =>
  host.declared.redirect?.status ?? target.file.defaults?.redirect?.status

/** Where plain http must point for a request target, by `redirect.to`. */
export function expectedLocation(host: Host, path: string): string {
  const pattern = host.redirect.to.includes('://') ? host.redirect.to : `https://${host.redirect.to}{request_uri}`
  return pattern.replaceAll('{host}', host.fqdn).replaceAll('{request_uri}', path)
}
/** The user sends this host's plain http to another name on purpose. */
export const elsewhere = (host: Host): boolean => urlOf(expectedLocation(host, '/'))?.hostname !== host.fqdn

/** Resolves a Location as a browser does; undefined when it is no URL. */
export function urlOf(location: string | undefined, base?: string): URL | undefined {
  if (location === undefined) return undefined
  return URL.canParse(location, base) ? new URL(location, base) : undefined
}
export const locationOf = (seen: HttpObservation): URL | undefined => urlOf(headerValue(seen.headers, 'location'), seen.url)

const INTERNAL_SUFFIX = /\.(?:local|localhost|internal|intranet|lan|home|corp|docker|svc|cluster\.local)$/
const PRIVATE_V4 = /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|0\.0\.0\.0$)/
/** Why a host name in a URL can only mean something inside; undefined when it is public. */
export function internalName(hostname: string): string | undefined {
  const name = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  if (PRIVATE_V4.test(name)) return 'a private address'
  if (name.includes(':')) return /^(?:::1$|f[cd]|fe[89ab])/.test(name) ? 'a private address' : undefined
  if (!name.includes('.')) return 'a name without a domain'
  return INTERNAL_SUFFIX.test(name) ? 'an internal name' : undefined
}

/** `/health` over http answers instead of redirecting, where the target says so. */
export const excepted = (target: Target, host: Host, path: string): boolean =>
  (target.file.redirects?.exceptions ?? []).some(
    (one) =>
      (one.hosts === undefined || one.hosts === 'all' || one.hosts.includes(host.name)) &&
      (one.path === path || (one.exact !== true && path.startsWith(one.path))),
  )
