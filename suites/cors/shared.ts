/** What the CORS checks share: declared routes as subjects, the origins tried, and the looks at them. */
import { hostOf, type Subject } from '../../helpers/check.ts'
import { type CorsHeaders, originGrant, readCors } from '../../helpers/grammar/cors.ts'
import { isObstacle } from '../../helpers/headers.ts'
import type { HttpObservation, RawHeaders } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target, TargetFile } from '../../helpers/target.ts'
import { type Evidence, type Finding, inconclusive, type Verdict, worst } from '../../helpers/verdict.ts'

export type CorsEntry = NonNullable<TargetFile['cors']>[number] & {
  /** Nobody described a policy here: only what is wrong under every policy is judged. */
  readonly undeclared?: true
}
export const noCors = { skip: 'not-declared', reason: 'the target declares no such CORS policy (cors:)' } as const
export const noHosts = { skip: 'not-declared', reason: 'the target has no host to ask' } as const

/** One subject per declared route, named by its URL; `item` is the declared entry. */
export const routes =
  (keep: (entry: CorsEntry) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    (target.file.cors ?? []).filter(keep).flatMap((entry) => {
      const host = target.hosts.find((one) => one.name === entry.host)
      return host === undefined ? [] : [{ name: `https://${host.fqdn}${entry.path ?? '/'}`, host, item: entry }]
    })

/** The declared routes, and beside them the document and the API paths of every host that no entry describes. */
export const routesAndDocuments =
  (keep: (entry: CorsEntry) => boolean = () => true) =>
  (target: Target): readonly Subject[] => {
    const declared = routes()(target)
    const rest = target.hosts
      .filter((host) => host.kind !== 'redirect')
      .flatMap((host) =>
        [...new Set([host.path, ...(host.declared.apiPaths ?? [])])].map((path): Subject => {
          const item: CorsEntry = { host: host.name, path, origins: [], undeclared: true }
          return { name: `https://${host.fqdn}${path}`, host, item }
        }),
      )
      .filter((subject) => !declared.some((other) => other.name === subject.name))
    return [...declared, ...rest].filter((subject) => keep(entryOf(subject)))
  }
export const entryOf = (subject: Subject): CorsEntry => subject.item as CorsEntry

/** A name no owner has; `.test` is reserved (RFC 6761). */
export const FOREIGN = 'https://postproof-foreign.test'
/** Asked for where any request header is declared to be fine (`headers: ['*']`), and by cors/undeclared-header where it is not. */
export const UNDECLARED_HEADER = 'x-postproof-undeclared'
/** Origins that are declared to work, `{domain}` filled in; may hold `*`. */
const originsOf = (entry: CorsEntry, target: Target): readonly string[] => entry.origins.map((one) => one.replaceAll('{domain}', target.domain))
/** Origins that are declared refused. */
export const refusedOf = (entry: CorsEntry, target: Target): readonly string[] => (entry.refused ?? []).map((one) => one.replaceAll('{domain}', target.domain))
/** The origins to ask with as a welcome visitor: the declared ones, and for `*` one that nobody has named. */
export const welcome = (subject: Subject, target: Target): readonly string[] => [
  ...new Set(originsOf(entryOf(subject), target).map((origin) => (origin === '*' ? FOREIGN : origin))),
]
export const isOpen = (entry: CorsEntry): boolean => entry.origins.includes('*')
export const declares = (subject: Subject, target: Target, origin: string): boolean => originsOf(entryOf(subject), target).includes(origin)

const withHost = (origin: string, change: (host: string) => string): string | undefined => {
  const parts = /^(https?):\/\/([^/:]+)(:\d+)?$/.exec(origin)
  return parts === null ? undefined : `${parts[1]}://${change(parts[2] as string)}${parts[3] ?? ''}`
}
/** Look-alikes of the domain, of declared origins and of the host itself that broken comparisons accept; names below the domain are the owner's. */
export function lookAlikes(subject: Subject, target: Target): readonly string[] {
  const seeds = [...new Set([`https://${target.domain}`, ...originsOf(entryOf(subject), target), `https://${hostOf(subject).fqdn}`])].slice(0, 4)
  const changes: readonly ((host: string) => string)[] = [
    (host) => `${host}.evil.test`,
    (host) => `evil${host}`,
    (host) => host.replace('.', 'x'),
    (host) => `${host}_.evil.test`,
  ]
  const all = seeds.flatMap((seed) => changes.flatMap((change) => withHost(seed, change) ?? []))
  return [...new Set(all)].filter((origin) => !declares(subject, target, origin) && !origin.endsWith(`.${target.domain}`))
}
/** A sub-domain that nobody has declared, of the domain and of every declared origin. */
export const subDomains = (subject: Subject, target: Target): readonly string[] =>
  [`https://${target.domain}`, ...originsOf(entryOf(subject), target)].slice(0, 3).flatMap((origin) => withHost(origin, (host) => `postproof-x7.${host}`) ?? [])
/** The http variants of the declared origins and of the host itself, and the http origins that are declared refused. */
export const plainOrigins = (subject: Subject, target: Target): readonly string[] =>
  [
    ...new Set(
      [...originsOf(entryOf(subject), target), `https://${hostOf(subject).fqdn}`]
        .filter((origin) => origin.startsWith('https://'))
        .map((origin) => origin.replace('https:', 'http:'))
        .concat(refusedOf(entryOf(subject), target).filter((origin) => origin.startsWith('http://')))
        .filter((origin) => !declares(subject, target, origin)),
    ),
  ].slice(0, 3)

/** The real request of a page at `origin`. */
export const real = (subject: Subject, origin?: string, path?: string): Probe<HttpObservation> =>
  httpRequest({
    scheme: 'https',
    host: hostOf(subject).fqdn,
    path: path ?? entryOf(subject).path ?? '/',
    ...(origin === undefined ? {} : { headers: [['origin', origin]] }),
  })
/** What a browser asks first. It carries no credentials. `asked`: request headers, default the declared ones. */
export const preflight = (subject: Subject, origin: string, method: string, asked?: readonly string[], privateNetwork = false): Probe<HttpObservation> => {
  const headers = [...new Set((asked ?? entryOf(subject).headers ?? []).map((one) => (one === '*' ? UNDECLARED_HEADER : one.toLowerCase())))].sort()
  return httpRequest({
    scheme: 'https',
    host: hostOf(subject).fqdn,
    path: entryOf(subject).path ?? '/',
    method: 'OPTIONS',
    headers: [
      ['origin', origin],
      ['access-control-request-method', method],
      ...(headers.length === 0 ? [] : ([['access-control-request-headers', headers.join(',')]] as const)),
      ...(privateNetwork ? ([['access-control-request-private-network', 'true']] as const) : []),
    ],
  })
}

export const at = (seen: HttpObservation, what: string, expected: string, received: string): Evidence => ({
  what,
  expected,
  received,
  where: `${seen.url} (${seen.peer})`,
  at: seen.at,
})
export const shown = (cors: CorsHeaders): string =>
  `Access-Control-Allow-Origin ${cors.origins.length === 0 ? 'absent' : cors.origins.join(' and ')}${cors.credentialsRaw.length === 0 ? '' : `, Access-Control-Allow-Credentials ${cors.credentialsRaw.join(' and ')}`}`

/** Looks that tell how each origin is treated: a real GET and a preflight each. */
export const bothLooks = (subject: Subject, origins: readonly string[]): Record<string, Probe<HttpObservation>> =>
  Object.fromEntries(
    origins.flatMap((origin) => [
      [`GET ${origin}`, real(subject, origin)],
      [`OPTIONS ${origin}`, preflight(subject, origin, 'GET')],
    ]),
  )

/** The verdict of findings where some looks met an obstacle: what did fail still fails, but with a look missing nothing passes or merely warns. */
export function conclude(findings: readonly Finding[], obstacles: readonly HttpObservation[]): Verdict {
  const [first] = obstacles
  if (first === undefined || findings.some((finding) => finding.grade === 'fail')) return worst(findings)
  return inconclusive(
    'unobserved',
    `${first.method} of ${first.url} answered ${first.status}: no answer of the interface itself`,
    obstacles.map((one) => at(one, `${one.method} of ${one.url}`, 'an answer of the interface', String(one.status))),
  )
}

/** Whether an answer lets in exactly this origin; a lone `*` is no grant of one origin and belongs to cors/reflect-credentials. */
export function letsIn(cors: CorsHeaders, origin: string): boolean {
  const grant = originGrant(cors, origin)
  return grant === 'exact' || (grant === 'list' && !cors.origins.every((line) => line.split(/[\s,]+/).every((one) => one === '*')))
}

/** No answer of the interface itself. 501 is one: this server knows no OPTIONS, and so lets nobody in by it. */
export const isBlocked = (answer: HttpObservation): boolean => answer.status !== 501 && isObstacle(answer)

/** Judges origins that must not be let in. With credentials it is `code`, without it a deviation only, unless `always` says otherwise. */
export function refusedOrigins(seen: Readonly<Record<string, HttpObservation>>, code: string, always = false): Verdict {
  const findings: Finding[] = []
  const obstacles: HttpObservation[] = []
  for (const [name, answer] of Object.entries(seen)) {
    const [method, origin] = name.split(' ') as [string, string]
    if (isBlocked(answer)) {
      obstacles.push(answer)
      continue
    }
    const cors = readCors(answer.headers)
    const allowed = letsIn(cors, origin)
    findings.push({
      grade: allowed ? (cors.credentials || always ? 'fail' : 'warn') : 'pass',
      code,
      ...(allowed && !cors.credentials ? { severity: 'medium' as const } : {}),
      evidence: at(answer, `${method} with Origin: ${origin}`, 'the origin is not allowed', shown(cors)),
    })
  }
  return conclude(findings, obstacles)
}
/** The request that the evidence names: `GET with Origin: https://…`, `preflight for GET from https://…`. */
function askedWith(what: string): { readonly method: string; readonly origin: string } | undefined {
  const plain = /^(GET|HEAD|OPTIONS) with Origin: (\S+)$/.exec(what)
  if (plain !== null) return { method: plain[1] as string, origin: plain[2] as string }
  const before = /^preflight for [A-Z]+ from (\S+)$/.exec(what)
  return before === null ? undefined : { method: 'OPTIONS', origin: before[1] as string }
}
export const curl =
  (origin: (subject: Subject, target: Target) => string, method = 'GET', more: RawHeaders = [], path?: (entry: CorsEntry) => string | undefined) =>
  (subject: Subject, target: Target, evidence?: readonly Evidence[]): string => {
    const seen = askedWith(evidence?.[0]?.what ?? '')
    const asked = seen?.method ?? method
    return curlFor(target, new URL(path?.(entryOf(subject)) ?? subject.name, subject.name).href, {
      method: asked,
      headers: [
        ['Origin', seen?.origin ?? origin(subject, target)],
        ...(asked === 'OPTIONS' ? ([['Access-Control-Request-Method', entryOf(subject).methods?.at(-1) ?? 'GET']] as const) : []),
        ...more,
      ],
    })
  }
