/** The user's description of the deployment, normalised: every host carries its own merged expectations, so that checks never look up defaults. */
import type { HostFile, LiveChannel, TargetFile, TargetInput } from './target/schema.ts'

export type { BackupEntry, LiveChannel, Marker, Matcher, TargetFile, TargetInput } from './target/schema.ts'

/** A host with everything that holds for it, defaults and profiles merged in. */
export interface Host {
  /** `@` or the labels below the domain. */
  readonly name: string
  /** `api.example.com`, lower case, no trailing dot. */
  readonly fqdn: string
  readonly kind: NonNullable<HostFile['kind']>
  /** Path of the judged document. */
  readonly path: string
  /** Statuses of GET {@link path} that are right. */
  readonly status: readonly number[]
  readonly access: NonNullable<HostFile['access']>
  readonly tls: NonNullable<HostFile['tls']>
  readonly redirect: { readonly status: readonly (number | 'closed')[]; readonly to: string; readonly maxHops: number }
  /** Declared headers, lower-case names: defaults, then profile, then the host's own. */
  readonly headers: NonNullable<HostFile['headers']>
  readonly live: readonly LiveChannel[]
  /** The rest as declared. */
  readonly declared: HostFile
}

export interface Target {
  readonly name: string
  readonly domain: string
  readonly environment: 'production' | 'staging' | 'local'
  readonly hosts: readonly Host[]
  readonly file: TargetFile
  /** Hosts were not declared but found (bare-domain mode). */
  readonly discovered: boolean
  /** PEM of the extra roots of `network.trust`. */
  readonly trust: readonly string[]
  /** Values behind `secrets`, by name: for probes alone, never for evidence, keys, logs or command lines. */
  readonly secrets?: ReadonlyMap<string, string>
  /** Folder that relative paths start from; where the user's own `*.check.ts` are looked for. Undefined for a bare domain. */
  readonly folder?: string
  /** SHA-256 of the file's bytes, hex; of the canonical JSON for a bare domain. */
  readonly sha256: string
}

const lower = <T>(record: Readonly<Record<string, T>> | undefined): Record<string, T> =>
  Object.fromEntries(Object.entries(record ?? {}).map(([name, value]) => [name.toLowerCase(), value]))

const fqdnOf = (name: string, domain: string): string => (name === '@' ? domain : `${name}.${domain}`).toLowerCase()

/**
 * Merges defaults, profiles and hosts of a validated file.
 * @throws RangeError when a host names a header profile that does not exist (the loader reports it with its line before this can happen).
 */
export function normaliseTarget(
  file: TargetFile,
  meta: { trust?: readonly string[]; secrets?: ReadonlyMap<string, string>; folder?: string; sha256: string; discovered?: boolean },
): Target {
  const domain = file.domain.toLowerCase()
  const defaults = file.defaults ?? {}
  const baseTls = (file.network?.trust?.length ?? 0) > 0 ? { trust: 'private' as const } : {}
  const entries = Object.entries(file.hosts ?? { '@': {}, www: {} })
  const hosts = entries.map(([name, declared]): Host => {
    const profile = declared.profile === undefined ? {} : file.headerProfiles?.[declared.profile]
    if (profile === undefined) throw new RangeError(`hosts.${name}.profile names ${JSON.stringify(declared.profile)}, which headerProfiles does not have`)
    const redirect = { ...defaults.redirect, ...declared.redirect }
    return {
      name,
      fqdn: fqdnOf(name, domain),
      kind: declared.kind ?? 'page',
      path: declared.path ?? '/',
      status: declared.status === undefined ? [200] : [declared.status].flat(),
      access: declared.access ?? 'public',
      tls: { ...baseTls, ...defaults.tls, ...declared.tls },
      redirect: {
        status: redirect.status ?? [301, 308],
        to: redirect.to ?? 'https://{host}{request_uri}',
        maxHops: redirect.maxHops ?? file.redirects?.maxHops ?? 2,
      },
      headers: { ...lower(defaults.headers), ...lower(profile), ...lower(declared.headers) },
      live: declared.live === undefined ? [] : [declared.live].flat(),
      declared,
    }
  })
  return {
    name: file.name ?? domain,
    domain,
    environment: file.environment ?? 'production',
    hosts,
    file,
    discovered: meta.discovered ?? false,
    trust: meta.trust ?? [],
    ...(meta.secrets === undefined ? {} : { secrets: meta.secrets }),
    ...(meta.folder === undefined ? {} : { folder: meta.folder }),
    sha256: meta.sha256,
  }
}

/** Types a target written in TypeScript: `export default defineTarget({ domain: 'example.com' })`. */
export const defineTarget = (input: TargetInput): TargetInput => input

/** How long one look may take, in milliseconds: limits.probeSeconds. */
export const probeMs = (target: Target): number => (target.file.limits?.probeSeconds ?? 10) * 1000

/** `--depth full`: asks also what takes many connections or odd bytes. */
export const isFullDepth = (target: Target): boolean => target.file.depth === 'full'

const LOGICAL: Readonly<Record<string, number>> = { http: 80, https: 443, smtp: 25, submission: 587, smtps: 465, imaps: 993 }

/**
 * Where a logical port really is. Without `network.ports` every port is itself; with it, a port that has no entry does not exist for this
 * vantage: undefined (never a guess at somebody else's port on loopback).
 */
export function realPort(target: Target, logical: number): number | undefined {
  const ports = target.file.network?.ports
  if (ports === undefined) return logical
  let real = realPorts.get(ports)
  if (real === undefined) {
    // The first entry of a port counts, be it by name or by number.
    real = new Map(
      Object.entries(ports)
        .reverse()
        .map(([name, port]) => [LOGICAL[name] ?? Number(name), port]),
    )
    realPorts.set(ports, real)
  }
  return real.get(logical)
}
/** Asked for every command line that a report shows: read once per target. */
const realPorts = new WeakMap<object, ReadonlyMap<number, number>>()

/** Addresses pinned for a name by `network.addresses` (exact name first, then the longest `*.` suffix, then `*`); undefined where it must be resolved. */
export function pinnedAddresses(target: Target, fqdn: string): readonly string[] | undefined {
  const pins = target.file.network?.addresses
  if (pins === undefined) return undefined
  const exact = pins[fqdn] ?? pins[fqdn.toLowerCase()]
  if (exact !== undefined) return [exact].flat()
  let best: string | undefined
  for (const pattern of Object.keys(pins)) {
    if (
      pattern === '*' ? best === undefined : pattern.startsWith('*.') && fqdn.endsWith(pattern.slice(1).toLowerCase()) && pattern.length > (best?.length ?? 0)
    )
      best = pattern
  }
  return best === undefined ? undefined : [pins[best] as string | string[]].flat()
}
