/** Loads a Redis snapshot or append-only file into a server of its own, and asks it how much it holds: numbers and kinds, no key and no value. */
import { chmod, chown, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { REDIS_CLIENT, REDIS_READY } from './engines/docker.ts'
import { execute, startServer, unprivileged } from './engines/native.ts'
import { EngineError, type Place } from './engines/place.ts'
import type { Lease } from './lease.ts'
import type { RedisRestored } from './observation.ts'
import type { Piece } from './postgres.ts'
import { writeDecoded } from './unpack.ts'

/** The file under the name by which a server loads it, in a folder of the drill. @returns the file */
export async function layOut(lease: Lease, piece: Piece, label: string, signal: AbortSignal): Promise<string> {
  if ((await stat(piece.path)).isDirectory())
    throw new EngineError('missing', 'a log in several files (appendonlydir) is read and not restored here: back up dump.rdb beside it, and declare that')
  const file = join(await lease.makeFolder(label), piece.facts.format === 'aof' ? 'appendonly.aof' : 'dump.rdb')
  await writeDecoded(piece.path, piece.facts.layers, file, signal)
  // Nobody else gets into the folder; the server, which is somebody else, is given the file.
  await chmod(file, 0o644)
  return file
}

/** Redis of this machine. @throws EngineError where there is none, or where it does not take the file, with what it said */
export async function startRedis(lease: Lease, file: string, options: { readonly deadlineSeconds: number; readonly signal: AbortSignal }): Promise<Place> {
  const asked = await execute(['redis-server', '--version'], { signal: options.signal }).catch(() => undefined)
  if (asked === undefined || asked.exit !== 0) throw new EngineError('missing', 'redis-server is not installed on this machine')
  const folder = join(file, '..')
  const user = unprivileged()
  if (user !== undefined) for (const one of [folder, file]) await chown(one, user.uid, user.gid)
  const socket = join(folder, 's')
  const words: Readonly<Record<string, string>> = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '777',
    dir: folder,
    dbfilename: 'dump.rdb',
    save: '',
    appendonly: file.endsWith('.aof') ? 'yes' : 'no',
    appendfilename: 'appendonly.aof',
    daemonize: 'no',
    logfile: '',
  }
  return await startServer(
    lease,
    {
      what: 'Redis',
      folder,
      argv: ['redis-server', ...Object.entries(words).flatMap(([name, value]) => [`--${name}`, value])],
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
  const why = own.find((line) => / # /.test(line) && /rror|Bad|wrong|format|CRC|Unexpected|Fatal|corrupt/.test(line)) ?? '# it ended at once'
  return why.replace(/^.*?# /, '').slice(0, 160)
}

const KINDS =
  "local r = {} for i = 1, 5 do local k = redis.call('RANDOMKEY') if k then local t = redis.call('TYPE', k) r[#r + 1] = type(t) == 'table' and t.ok or t end end return r"

export async function inspectRedis(place: Place, signal: AbortSignal): Promise<RedisRestored> {
  const told = await place.sh(`cli INFO keyspace && cli INFO persistence && cli --raw EVAL "$1" 0 | sed 's/^/kind:/'`, [KINDS], { signal })
  if (told.exit !== 0) throw new EngineError('died', 'Redis did not answer any more')
  const keys = [...told.stdout.matchAll(/keys=(\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0)
  const expired = Number(/rdb_last_load_keys_expired:(\d+)/.exec(told.stdout)?.[1] ?? 0)
  const types = new Set([...told.stdout.matchAll(/^kind:(\w+)/gm)].map((match) => match[1] as string))
  return { keys, types: keys === 0 ? [] : [...types], ...(expired > 0 ? { expiredAtLoad: expired } : {}) }
}
