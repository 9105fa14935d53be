/** What the cookie checks share: which cookies a host sets, what each is for, and how findings become a verdict. */
import { eachHost, hostOf, type Subject } from '../../helpers/check.ts'
import { type CookieExpiry, expiryOf, parseSetCookie, pathOfCookie, type SetCookie } from '../../helpers/grammar/set-cookie.ts'
import { headerValues, isObstacle } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { type CookieLooks, cookieLooks, type CookieSample, cookieSamples } from '../../helpers/probes/cookies.ts'
import { curlForSeen } from '../../helpers/reproduce.ts'
import type { Host, Target, TargetFile } from '../../helpers/target.ts'
import { type Evidence, type Finding, inconclusive, skip, type Verdict, worst } from '../../helpers/verdict.ts'

export type CookieEntry = NonNullable<TargetFile['cookies']>[number]
export const noHosts = { skip: 'not-declared', reason: 'the target has no hosts' } as const

/** Whether a declared entry speaks of a host. */
export const concerns = (entry: CookieEntry, host: Host): boolean => entry.hosts === undefined || entry.hosts === 'all' || entry.hosts.includes(host.name)
const entriesFor = (target: Target, host: Host): readonly CookieEntry[] => (target.file.cookies ?? []).filter((entry) => concerns(entry, host))
/** Paths of a host whose answers are declared to set cookies. */
const pathsOf = (target: Target, host: Host): readonly string[] => entriesFor(target, host).flatMap((entry) => entry.path ?? [])

/** One subject per host: every one may set cookies. */
export const everyHost = eachHost()
export const looksOf = (target: Target, host: Host): Probe<CookieLooks> => cookieLooks(host, pathsOf(target, host))
export const looks = (subject: Subject, target: Target): { readonly looks: Probe<CookieLooks> } => ({ looks: looksOf(target, hostOf(subject)) })
export const samples = (subject: Subject, target: Target): { readonly looks: Probe<CookieLooks>; readonly samples: Probe<readonly CookieSample[]> } => ({
  ...looks(subject, target),
  samples: cookieSamples(hostOf(subject), pathsOf(target, hostOf(subject))),
})

/**
 * What a cookie is for. `session`: it carries a login; `csrf`: a token that scripts must read (double submit); `edge`: set by a load balancer or
 * CDN for itself, no matter of the application; `other`.
 */
type Role = 'session' | 'csrf' | 'edge' | 'other'

const EDGE =
  /^(?:AWSALB(?:TG|APP-\d)?(?:CORS)?|AWSELB(?:CORS)?|BIGip.*|__cf_bm|__cflb|__cfruid|_cfuvid|cf_clearance|ARRAffinity(?:SameSite)?|heroku-session-affinity|INGRESSCOOKIE|SERVERID|ROUTEID|GCLB|GCILB|visid_incap_\d+|incap_ses_.*|nlbi_.*|ak_bmsc|bm_s[vz]|_abck|datadome|DYN_AFFINITY|sticky|lb|affinity)$/i
const CSRF = /csrf|xsrf/i
/**
 * `sid` only as a word or an ending (`connect.sid`, `PHPSESSID`): not in "consider" or "aside". Beside words the names that some give theirs: Gitea
 * (`i_like_gitea`), ASP.NET (`.AspNetCore.Identity.Application`).
 */
const SESSION =
  /sess|(?:^|[^a-z])sid(?:$|[^a-z])|[a-z]sid$|login|(?:^|[^a-z])log(?:ged)?[_-]in(?:$|[^a-z])|auth(?!or)|token|jwt|remember|^__(?:host|secure)-|^i_like_|^\.aspnet(?:core)?\.(?:cookies|identity|applicationcookie)/i

/** `logged_in=no` tells scripts something; it carries no login. */
const FLAG = /^(?:true|false|yes|no|on|off|null|none|undefined|[01])?$/i

/** By declaration first, then by name, then by what it can hold. */
export function roleOf(name: string, value: string, entries: readonly CookieEntry[]): Role {
  const declared = entries.find((entry) => entry.name === name)?.session
  if (declared !== undefined) return declared ? 'session' : CSRF.test(name) ? 'csrf' : 'other'
  if (EDGE.test(name)) return 'edge'
  if (CSRF.test(name)) return 'csrf'
  return SESSION.test(name) && !FLAG.test(value) ? 'session' : 'other'
}

/** One cookie as one answer set it. */
export interface Found {
  readonly cookie: SetCookie
  readonly seen: HttpObservation
  readonly expiry: CookieExpiry
  readonly role: Role
  /** Declared entries that speak of this cookie, those by name first. */
  readonly declared: readonly CookieEntry[]
}

/** Every readable cookie that the answers set, in order; those that clear one too. */
export function cookiesOf(responses: readonly HttpObservation[], host: Host, target: Target): readonly Found[] {
  const entries = entriesFor(target, host)
  return responses.flatMap((seen) =>
    headerValues(seen.headers, 'set-cookie').flatMap((field): Found[] => {
      const parsed = parseSetCookie(field)
      if (!parsed.ok) return []
      const { cookie } = parsed
      const declared = [...entries.filter((entry) => entry.name === cookie.name), ...entries.filter((entry) => entry.name === '*')]
      return [{ cookie, seen, expiry: expiryOf(cookie, Date.parse(seen.at)), role: roleOf(cookie.name, cookie.value, entries), declared }]
    }),
  )
}

/** The path a cookie holds for: its own, or the default path of the URL that set it (RFC 6265bis §5.1.4). */
export const pathOf = ({ cookie, seen }: Pick<Found, 'cookie' | 'seen'>): string => pathOfCookie(cookie, seen.url)

/** Name and attributes; never the value. */
export function shown({ cookie }: Pick<Found, 'cookie'>): string {
  const attributes = cookie.attributes.map((one) => (one.value === undefined ? one.name : `${one.name}=${one.value}`))
  return [cookie.name === '' ? '(no name)' : cookie.name, ...(attributes.length === 0 ? ['no attributes'] : attributes)].join('; ').slice(0, 400)
}

export const evidenceOf = (found: Pick<Found, 'cookie' | 'seen'>, expected: string, received = shown(found)): Evidence => ({
  what: `cookie ${found.cookie.name === '' ? '(no name)' : found.cookie.name.slice(0, 80)}`,
  expected,
  received,
  where: `${found.seen.url} (${found.seen.peer})`,
  at: found.seen.at,
})

/** Where was looked, for a verdict about what is not there. */
export const lookedAt = ({ responses }: CookieLooks): Evidence => ({
  what: 'Set-Cookie',
  expected: 'cookies, if the host sets any',
  received: 'none that this check is about',
  where: responses
    .map((one) => one.url)
    .slice(0, 8)
    .join(' '),
  ...(responses[0] === undefined ? {} : { at: responses[0].at }),
})

/**
 * The verdict about a host's cookies: failures stand whatever else was seen; an obstacle instead of the document leaves the rest open; without
 * any cookie of the kind there is nothing to judge.
 */
export function conclude(findings: readonly Finding[], looked: CookieLooks): Verdict {
  if (findings.some((finding) => finding.grade === 'fail')) return worst(findings)
  if (isObstacle(looked.document))
    return inconclusive('unobserved', `the document answered ${looked.document.status}: its cookies were not seen`, [
      { ...lookedAt(looked), expected: 'the document', received: String(looked.document.status) },
      ...findings.map((finding) => finding.evidence),
    ])
  return findings.length === 0 ? skip('not-applicable', 'the host sets no cookie that this check is about', lookedAt(looked)) : worst(findings)
}

/** `rule` judges one cookie; undefined where it does not concern it. */
export const perCookie = (looked: CookieLooks, host: Host, target: Target, rule: (found: Found) => Finding | readonly Finding[] | undefined): Verdict =>
  conclude(
    cookiesOf(looked.responses, host, target).flatMap((found) => rule(found) ?? []),
    looked,
  )

const SHOWS = ['-sS', '-D', '-', '-o', '/dev/null']
/** Shows the Set-Cookie lines of the page in question, of the document, or of the declared path. */
export const curl = (subject: Subject, target: Target, evidence?: readonly Evidence[]): string => {
  const host = hostOf(subject)
  return curlForSeen(target, `https://${host.fqdn}${pathsOf(target, host)[0] ?? host.path}`, evidence, { flags: SHOWS })
}
