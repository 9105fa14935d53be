/** What the CORS checks share: declared routes as subjects, the origins tried, and the looks at them. */
import { hostOf, type Subject } from '../../helpers/check.ts'
import { type CorsHeaders, originGrant, readCors } from '../../helpers/grammar/cors.ts'
import { isObstacle } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target, TargetFile } from '../../helpers/target.ts'
import { type Evidence, inconclusive, type Severity, type Verdict, worst } from '../../helpers/verdict.ts'

export type CorsEntry = NonNullable<TargetFile['cors']>[number]
export const noCors = { skip: 'not-declared', reason: 'the target declares no such CORS policy (cors:)' } as const

/** One subject per declared route, named by its URL. */
export const routes =
  (keep: (entry: CorsEntry) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    (target.file.cors ?? []).filter(keep).flatMap((entry) => {
      const host = target.hosts.find((one) => one.name === entry.host)
      return host === undefined ? [] : [{ name: `https://${host.fqdn}${entry.path ?? '/'}`, host, item: entry }]
    })
export const entryOf = (subject: Subject): CorsEntry => subject.item as CorsEntry

/** A name no owner has; `.test` is reserved (RFC 6761). */
export const FOREIGN = 'https://postproof-foreign.test'
export const originsOf = (entry: CorsEntry, target: Target): readonly string[] => entry.origins.map((one) => one.replaceAll('{domain}', target.domain))
export const declares = (subject: Subject, target: Target, origin: string): boolean => originsOf(entryOf(subject), target).includes(origin)

const withHost = (origin: string, change: (host: string) => string): string | undefined => {
  const parts = /^(https?):\/\/([^/:]+)(:\d+)?$/.exec(origin)
  return parts === null ? undefined : `${parts[1]}://${change(parts[2] as string)}${parts[3] ?? ''}`
}
/** Look-alikes of every declared origin and of the host itself that broken comparisons accept. */
export function lookAlikes(subject: Subject, target: Target): readonly string[] {
  const seeds = [...new Set([...originsOf(entryOf(subject), target), `https://${hostOf(subject).fqdn}`])].slice(0, 3)
  const changes: readonly ((host: string) => string)[] = [
    (host) => `${host}.evil.test`,
    (host) => `evil${host}`,
    (host) => host.replace('.', 'x'),
    (host) => `${host}_.evil.test`,
  ]
  const all = seeds.flatMap((seed) => changes.flatMap((change) => withHost(seed, change) ?? []))
  return [...new Set(all)].filter((origin) => !declares(subject, target, origin))
}
export const plainOrigins = (subject: Subject, target: Target): readonly string[] =>
  [...new Set([...originsOf(entryOf(subject), target), `https://${hostOf(subject).fqdn}`])]
    .filter((origin) => origin.startsWith('https://'))
    .map((origin) => origin.replace('https:', 'http:'))
    .filter((origin) => !declares(subject, target, origin))
    .slice(0, 3)

/** The real request of a page at `origin`. */
export const real = (subject: Subject, origin?: string, path?: string): Probe<HttpObservation> =>
  httpRequest({
    scheme: 'https',
    host: hostOf(subject).fqdn,
    path: path ?? entryOf(subject).path ?? '/',
    ...(origin === undefined ? {} : { headers: [['origin', origin]] }),
  })
/** What a browser asks first. It carries no credentials. */
export const preflight = (subject: Subject, origin: string, method: string): Probe<HttpObservation> => {
  const headers = [...(entryOf(subject).headers ?? [])].map((one) => one.toLowerCase()).sort()
  return httpRequest({
    scheme: 'https',
    host: hostOf(subject).fqdn,
    path: entryOf(subject).path ?? '/',
    method: 'OPTIONS',
    headers: [
      ['origin', origin],
      ['access-control-request-method', method],
      ...(headers.length === 0 ? [] : ([['access-control-request-headers', headers.join(',')]] as const)),
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

/**
 * Judges origins that must not be let in. With credentials it is `code`, without it a deviation only; a lone `*` belongs to
 * cors/reflect-credentials and is no grant of one origin here.
 */
export function refusedOrigins(seen: Readonly<Record<string, HttpObservation>>, code: string, severity?: Severity): Verdict {
  const findings = []
  for (const [name, answer] of Object.entries(seen)) {
    const [method, origin] = name.split(' ') as [string, string]
    if (isObstacle(answer))
      return inconclusive(
        'unobserved',
        `${method} of ${answer.url} answered ${answer.status}`,
        at(answer, 'answer', 'an answer of the application', String(answer.status)),
      )
    const cors = readCors(answer.headers)
    const grant = originGrant(cors, origin)
    const allowed = grant === 'exact' || (grant === 'list' && !cors.origins.every((line) => line.split(/[\s,]+/).every((one) => one === '*')))
    findings.push({
      grade: allowed ? (cors.credentials ? ('fail' as const) : ('warn' as const)) : ('pass' as const),
      code,
      ...(severity === undefined || !allowed ? {} : { severity }),
      evidence: at(answer, `${method} with Origin: ${origin}`, 'the origin is not allowed', shown(cors)),
    })
  }
  return worst(findings)
}
export const curl =
  (origin: (subject: Subject, target: Target) => string, method = 'GET') =>
  (subject: Subject, target: Target): string =>
    curlFor(target, subject.name, {
      method,
      headers: [
        ['Origin', origin(subject, target)],
        ...(method === 'OPTIONS' ? ([['Access-Control-Request-Method', entryOf(subject).methods?.at(-1) ?? 'GET']] as const) : []),
      ],
    })
