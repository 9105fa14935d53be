/** Loads a Redis snapshot or append-only file into a server of its own, and asks it how much it holds: numbers and kinds, no key and no value. */
import { constants } from 'node:fs'
import { chmod, chown, copyFile, lstat, mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { manifest } from '../artifact/redis.ts'
import { REDIS_CLIENT, REDIS_READY } from './engines/docker.ts'
import { execute, startServer, unprivileged } from './engines/native.ts'
import { EngineError, type Place } from './engines/place.ts'
import type { Lease } from './lease.ts'
import type { RedisRestored } from './observation.ts'
import type { Piece } from './postgres.ts'
import { writeDecoded } from './unpack.ts'

/** A word that a server takes for a name, and no more than that. */
const NAME = /^\w[\w.-]{0,80}$/

/** What a server loads, in a folder of the drill. */
export interface LaidOut {
  /** File, or folder of a log in several files. */
  readonly path: string
  /** How the server is told of a log; absent: it is a snapshot. */
  readonly log?: readonly string[]
  /** Bytes of the log. */
  readonly bytes?: number
}
const FOLDER = 'appendonlydir'

/** The artifact under the name by which a server loads it: a file, or of a log in several files (Redis 7) those that its list names. */
export async function layOut(lease: Lease, piece: Piece, label: string, signal: AbortSignal): Promise<LaidOut> {
  const folder = await lease.makeFolder(label)
  if (!(await stat(piece.path)).isDirectory()) {
    const log = piece.facts.format === 'aof'
    const path = join(folder, log ? 'appendonly.aof' : 'dump.rdb')
    const bytes = await writeDecoded(piece.path, piece.facts.layers, path, signal)
    // Nobody else gets into the folder; the server, which is somebody else, is given the file.
    await chmod(path, 0o644)
    return { path, ...(log ? { log: ['--appendonly', 'yes', '--appendfilename', 'appendonly.aof'], bytes } : {}) }
  }
  const list = (await readdir(piece.path)).sort().find((name) => name.endsWith('.aof.manifest'))
  const listed = list === undefined ? undefined : manifest(await readFile(join(piece.path, list), 'utf8'))
  const names = [list ?? '', ...(listed ?? []).filter(({ type }) => type !== 'h').map(({ file }) => file)]
  const odd = names.find((name) => !NAME.test(name))
  if (list === undefined || listed === undefined || odd !== undefined)
    throw new EngineError('missing', `the files of the log have names that no server is told (${JSON.stringify((odd ?? '').slice(0, 40))})`)
  const path = join(folder, FOLDER)
  await mkdir(path, { mode: 0o700 })
  let bytes = 0
  for (const name of names) {
    signal.throwIfAborted()
    const from = join(piece.path, name)
    const found = await lstat(from)
    if (!found.isFile()) throw new EngineError('missing', `${name} of the log is no file`)
    await copyFile(from, join(path, name), constants.COPYFILE_EXCL)
    await chmod(join(path, name), 0o644)
    if (name !== list) bytes += found.size
  }
  await chmod(path, 0o755)
  return { path, bytes, log: ['--appendonly', 'yes', '--appenddirname', FOLDER, '--appendfilename', list.replace(/\.manifest$/, '')] }
}

/** Redis of this machine. @throws EngineError where there is none, or where it does not take the file, with what it said */
export async function startRedis(
  lease: Lease,
  { path, log }: LaidOut,
  options: { readonly deadlineSeconds: number; readonly signal: AbortSignal },
): Promise<Place> {
  const asked = await execute(['redis-server', '--version'], { signal: options.signal }).catch(() => undefined)
  if (asked === undefined || asked.exit !== 0) throw new EngineError('missing', 'redis-server is not installed on this machine')
  const folder = join(path, '..')
  const user = unprivileged()
  const within = path.endsWith(FOLDER) ? (await readdir(path)).map((name) => join(path, name)) : []
  if (user !== undefined) for (const one of [folder, path, ...within]) await chown(one, user.uid, user.gid)
  const socket = join(folder, 's')
  const words: Readonly<Record<string, string>> = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '777',
    dir: folder,
    dbfilename: 'dump.rdb',
    save: '',
    // Of a log that is cut it must not load what is left and call that all.
    'aof-load-truncated': 'no',
    daemonize: 'no',
    logfile: '',
  }
  return await startServer(
    lease,
    {
      what: 'Redis',
      folder,
      argv: ['redis-server', ...Object.entries(words).flatMap(([name, value]) => [`--${name}`, value]), ...(log ?? ['--appendonly', 'no'])],
      prefix: `DRILL_SOCKET=${socket}; ${REDIS_CLIENT}`,
      ready: REDIS_READY,
      pid: "cli INFO server | tr -d '\\r' | sed -n 's/^process_id://p'",
      basis: { kind: 'optimistic', why: 'a Redis of this machine is not the one that runs live' },
    },
    options,
  )
}

/** Why a server that did start did not take the file, in its own words, which name offsets and versions and no values; undefined: it never came to that. */
export function refusal(error: EngineError): string | undefined {
  const own = error.said.filter((line) => /^\d+:[A-Z] .* [#*] /.test(line))
  if (own.length === 0) return undefined
  const why = own.find((line) => / # /.test(line) && /rror|Bad|wrong|format|CRC|Unexpected|Unknown|Fatal|corrupt/.test(line)) ?? '# it ended at once'
  return why
    .replace(/^.*?# /, '')
    .replaceAll(/(?<=\s)'[^']*'?/g, (name) => (/^'[\w.]{1,30}'$/.test(name) ? name : "'…'"))
    .slice(0, 160)
}

const KINDS =
  "local r = {} for i = 1, 5 do local k = redis.call('RANDOMKEY') if k then local t = redis.call('TYPE', k) r[#r + 1] = type(t) == 'table' and t.ok or t end end return r"

/** @param logBytes of a log: how much there was to load */
export async function inspectRedis(place: Place, logBytes: number | undefined, signal: AbortSignal): Promise<RedisRestored> {
  const told = await place.sh(`cli INFO keyspace && cli INFO persistence && cli --raw EVAL "$1" 0 | sed 's/^/kind:/'`, [KINDS], { signal })
  if (told.exit !== 0) throw new EngineError('died', 'Redis did not answer any more')
  const databases = Object.fromEntries([...told.stdout.matchAll(/^db(\d+):keys=(\d+)/gm)].map((match) => [match[1] as string, Number(match[2])]))
  const keys = Object.values(databases).reduce((sum, count) => sum + count, 0)
  const expired = Number(/rdb_last_load_keys_expired:(\d+)/.exec(told.stdout)?.[1] ?? 0)
  const types = new Set([...told.stdout.matchAll(/^kind:(\w+)/gm)].map((match) => match[1] as string))
  const loaded = Number(/^aof_current_size:(\d+)/m.exec(told.stdout)?.[1] ?? Number.NaN)
  const log = logBytes === undefined ? {} : { log: { read: logBytes, loaded } }
  return { keys, databases, ...log, types: keys === 0 ? [] : [...types], ...(expired > 0 ? { expiredAtLoad: expired } : {}) }
}
