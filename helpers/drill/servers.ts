/** Which engine and which image a database of a set is restored into, and the server itself. */
import type { BackupEntry } from '../target.ts'
import type { DrillFile } from '../target/drill.ts'
import { type Container, hasImage } from './engines/container.ts'
import { type ServerKind, startDocker } from './engines/docker.ts'
import { findPrograms, startNative } from './engines/native.ts'
import { EngineError, type Place } from './engines/place.ts'
import type { Lease } from './lease.ts'
import { startMysql } from './mysql.ts'
import type { Piece } from './postgres.ts'
import { type LaidOut, layOut, startRedis } from './redis.ts'

export interface Started {
  readonly place: Place
  /** Absent: it is not in a container. */
  readonly container?: Container
  /** Of a log: what it had to load. */
  readonly logBytes?: number
}

/** The official image of the version that runs live, or else of the one that the dump was taken from; undefined: the artifact does not tell. */
export function defaultImage(kind: ServerKind, { facts }: Pick<Piece, 'facts'>, live?: string): string | undefined {
  const version = live ?? facts.dump?.serverVersion ?? facts.dump?.dumperVersion
  if (kind === 'redis' || version === undefined) return undefined
  const [major = '', minor] = version.split('.')
  if (kind === 'postgres') return `postgres:${major}`
  return `${facts.dump?.dumper === 'mysqldump' && Number(major) < 10 ? 'mysql' : 'mariadb'}:${minor === undefined ? major : `${major}.${minor}`}`
}

/** @param kinds of all servers of the set: `image` is that of its SQL database */
export function declaredImage(drill: DrillFile, kind: ServerKind, kinds: ReadonlySet<ServerKind>): string | undefined {
  const main = (['postgres', 'mysql', 'redis'] as const).find((one) => kinds.has(one))
  return drill.images?.[kind] ?? (kind === main ? drill.image : undefined)
}

interface Setting {
  readonly drill: DrillFile
  readonly entry: BackupEntry
  readonly lease: Lease
  readonly kinds: ReadonlySet<ServerKind>
  readonly label: string
  /** What it may read beside the piece. */
  readonly files: readonly string[]
  readonly wanted: number
  readonly deadlineSeconds: number
  readonly listening?: number
  readonly beside?: Container
  readonly signal: AbortSignal
}

const logOf = (laid: LaidOut | undefined): Pick<Started, 'logBytes'> => (laid?.bytes === undefined ? {} : { logBytes: laid.bytes })

/** With programs of this machine. */
async function startHere(kind: ServerKind, piece: Piece, setting: Setting): Promise<Started> {
  const { drill, entry, lease, label, signal, deadlineSeconds } = setting
  const options = { deadlineSeconds, signal, label }
  switch (kind) {
    case 'redis': {
      const laid = await layOut(lease, piece, label, signal)
      return { place: await startRedis(lease, laid, options), ...logOf(laid) }
    }
    case 'mysql':
      return { place: await startMysql(lease, options) }
    case 'postgres': {
      const engine = drill.engine ?? 'auto'
      const embedded = engine === 'embedded' || (engine === 'auto' && findPrograms('native') === undefined && findPrograms('embedded') !== undefined)
      const version = entry.restoreVersion === undefined ? {} : { restoreVersion: entry.restoreVersion }
      return { place: await startNative(lease, { ...options, ...version, kind: embedded ? 'embedded' : 'native' }) }
    }
    default: {
      const never: never = kind
      throw new TypeError(`no such server ${String(never)}`)
    }
  }
}

/** @throws EngineError where there is no engine for it, or it does not come up */
export async function startFor(kind: ServerKind, piece: Piece, setting: Setting): Promise<Started> {
  const { drill, entry, lease, label, signal } = setting
  const engine = drill.engine ?? 'auto'
  const declared = declaredImage(drill, kind, setting.kinds)
  const image = declared ?? defaultImage(kind, piece, entry.restoreVersion)
  const contained = engine === 'docker' || (engine === 'auto' && (declared !== undefined || (image !== undefined && (await hasImage(image)) === true)))
  const { wanted: _wanted, ...common } = setting
  if (contained) {
    if (image === undefined)
      throw new EngineError('missing', `the engine docker needs an image for ${piece.label}, which does not tell its version: declare images.${kind}`)
    const laid = kind === 'redis' ? await layOut(lease, piece, label, signal) : undefined
    const started = await startDocker(lease, kind, {
      ...common,
      image,
      pull: drill.pull ?? 'never',
      wanted: setting.wanted,
      memory: drill.memory ?? '2g',
      ...(drill.cpus === undefined ? {} : { cpus: drill.cpus }),
      files: laid === undefined ? [piece.path, ...setting.files] : [laid.path],
      ...(entry.restoreVersion === undefined ? {} : { restoreVersion: entry.restoreVersion }),
    })
    return { place: started, container: started.container, ...logOf(laid) }
  }
  try {
    return await startHere(kind, piece, setting)
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'missing' && engine === 'auto' && image !== undefined)
      throw new EngineError('missing', `${error.message}, nor is the image ${image} (docker pull ${image})`, { cause: error })
    throw error
  }
}
