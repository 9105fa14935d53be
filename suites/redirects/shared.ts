/** What the redirect checks share: the questions they ask of a host, and how they read what came back. */
import { eachHost, type Subject } from '../../helpers/check.ts'
import { isAddress, isLoopback, isPrivateAddress } from '../../helpers/grammar/address.ts'
import { headerValue, headerValues, isChallenge } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { isRefused, type Observed, type Probe } from '../../helpers/probe.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlForSeen, type CurlOptions } from '../../helpers/reproduce.ts'
import type { Host, Target } from '../../helpers/target.ts'
import { type Evidence, inconclusive, type SkipReason, skip, type Verdict } from '../../helpers/verdict.ts'

/** No deployment has it; upper case, escapes and an escaped ampersand show what a proxy rewrites. */
export const DEEP_PATH = '/postproof-3f9c/Deep%20Path/%C3%A9?a=1%26b&B=%2F&c=d+e'
export const ACME_PATH = '/.well-known/acme-challenge/postproof-3f9c0d1e'

export const plainRequest = (host: Host, path = '/', more: Partial<Parameters<typeof httpRequest>[0]> = {}): Probe<HttpObservation> =>
  httpRequest({ scheme: 'http', host: host.fqdn, path, ...more })

export const noHosts = { skip: 'not-declared' as SkipReason, reason: 'the target has no hosts' }
export const curlPlain =
  (path = '/', more: CurlOptions = {}) =>
  (subject: Subject, target: Target, evidence?: readonly Evidence[]): string =>
    curlForSeen(target, `http://${subject.host?.fqdn ?? subject.name}${path}`, evidence, more)

/** Shown as one line: status and where it points. */
const shown = (seen: HttpObservation): string => {
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

/** Hosts whose front page must lead to https: all but those whose `/` is declared to answer over plain http. */
export const redirecting = eachHost((host, target) => !excepted(target, host, '/'))

/** Only a refused connection proves that nothing listens; silence and resets prove nothing (rules G1). */
export const isClosed = isRefused

/** Reasons of a chain that ended in silence or a reset, which proves nothing (rules G1). */
export const SILENCE = /\((?:TIMEOUT|ETIMEDOUT|ECONNRESET|EPIPE|EOF|EAI_AGAIN|SERVFAIL|UND_ERR_[A-Z_]+)\)$/

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
/** Why a host name in a URL can only mean something inside; undefined when it is public. */
export function internalName(hostname: string): string | undefined {
  const name = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  // A public name may begin like an address: 10.example.net.
  if (isAddress(name)) return isLoopback(name) || isPrivateAddress(name) || name === '0.0.0.0' ? 'a private address' : undefined
  if (!name.includes('.')) return 'a name without a domain'
  return INTERNAL_SUFFIX.test(name) ? 'an internal name' : undefined
}

type Exception = NonNullable<NonNullable<Target['file']['redirects']>['exceptions']>[number]
/** Exceptions from the redirect that the target declares for a host. */
export const exceptionsOf = (target: Target, host: Host): readonly Exception[] =>
  (target.file.redirects?.exceptions ?? []).filter((one) => one.hosts === undefined || one.hosts === 'all' || one.hosts.includes(host.name))
/** The path answers over plain http on purpose; an exception stands for its path alone unless it says `exact: false`. */
export const excepted = (target: Target, host: Host, path: string): boolean =>
  exceptionsOf(target, host).some((one) => one.path === path || (one.exact === false && path.startsWith(one.path)))

/** An interface that refuses plain http does what it should (OWASP ASVS 4.1.2): there is nothing to redirect. Not where a redirect is declared. */
export const refusedInterface = (seen: HttpObservation, host: Host, target: Target): boolean =>
  host.kind === 'api' && declaredStatuses(host, target) === undefined && REFUSALS.has(seen.status)
/** Statuses that refuse without asking for anything to be sent again in clear (401 and 407 would). */
export const REFUSALS: ReadonlySet<number> = new Set([400, 403, 404, 405, 410, 421, 426, 451])

/**
 * Where the first hop goes, for checks that judge a redirect and have nothing to say where there is none. `url` is undefined where the Location
 * is no URL.
 */
export function firstHop(
  seen: Observed<HttpObservation>,
  host: Host,
  target: Target,
): { readonly answer: HttpObservation; readonly location: string; readonly url: URL | undefined } | { readonly verdict: Verdict } {
  const got = answered(seen)
  if ('verdict' in got) return got
  const answer = got.value
  const blocked = obstacle(answer)
  if (blocked !== undefined) return { verdict: blocked }
  const evidence = evidenceOf(answer, 'a redirect')
  if (refusedInterface(answer, host, target)) return { verdict: skip('not-applicable', 'the interface refuses plain http instead of redirecting', evidence) }
  const locations = [...new Set(headerValues(answer.headers, 'location'))]
  const location = locations[0]
  if (!isRedirect(answer) || location === undefined) return { verdict: inconclusive('unobserved', 'there is no redirect to judge', evidence) }
  if (locations.length > 1) return { verdict: inconclusive('unobserved', 'several different Locations: which one counts cannot be told', evidence) }
  return { answer, location, url: urlOf(location, answer.url) }
}
