/** Loads a Redis snapshot or append-only file into a server of its own: no port, a socket in the work folder, no network. */
import { spawn } from 'node:child_process'
import { chown } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { asUser, endingAfter, execute, unprivileged, withoutNetwork } from './engines/native.ts'
import { EngineError, type Reach, reachOf } from './engines/place.ts'
import type { Lease } from './lease.ts'
import type { RedisRestored } from './observation.ts'
import type { Piece } from './postgres.ts'
import { writeDecoded } from './unpack.ts'
import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

/** One command, one simple or bulk answer or an array of them, flat. */
function command(socket: string, ...words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const peer = connect(socket)
    let text = ''
    peer.setTimeout(10_000, () => peer.destroy(new Error('no answer')))
    peer.once('error', reject)
    peer.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    peer.once('close', () => resolve(text))
    peer.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}*1\r\n$4\r\nQUIT\r\n`)
  })
}

export interface RestoredRedis {
  readonly version: string
  readonly redis: RedisRestored
  readonly reach: Reach
  readonly exit: number
  readonly error?: string
  stop(): Promise<void>
}

export async function restoreRedis(lease: Lease, piece: Piece, label: string, deadlineSeconds: number, signal: AbortSignal): Promise<RestoredRedis> {
  const asked = await execute(['redis-server', '--version'], { signal }).catch(() => undefined)
  if (asked === undefined || asked.exit !== 0) throw new EngineError('missing', 'redis-server is not installed on this machine')
  const version = /v=([\d.]+)/.exec(asked.stdout)?.[1] ?? ''
  const folder = await lease.makeFolder(label)
  const aof = piece.facts.format === 'aof'
  const file = join(folder, aof ? 'appendonly.aof' : 'dump.rdb')
  await writeDecoded(piece.path, piece.facts.layers, file, signal)
  const user = unprivileged()
  if (user !== undefined) for (const one of [folder, file]) await chown(one, user.uid, user.gid)
  const isolating = await withoutNetwork(user)
  const socket = join(folder, 's')
  const args = [
    '--port',
    '0',
    '--unixsocket',
    socket,
    '--unixsocketperm',
    '777',
    '--dir',
    folder,
    '--dbfilename',
    'dump.rdb',
    '--save',
    '',
    '--appendonly',
    aof ? 'yes' : 'no',
    '--appendfilename',
    'appendonly.aof',
    '--daemonize',
    'no',
    '--logfile',
    '',
  ]
  const [program = '', ...words] = [...endingAfter(deadlineSeconds), ...isolating, ...asUser(user), 'redis-server', ...args]
  const server = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder })
  lease.made.push(`redis-server ${label}`)
  let said = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk: Buffer) => (said += said.length < 20_000 ? chunk.toString('latin1') : ''))
  let exit: number | undefined
  const gone = new Promise<void>((resolve) => server.once('close', (code) => ((exit = code ?? 255), resolve())))
  const stop = async (): Promise<void> => {
    if (exit !== undefined) return
    await command(socket, 'SHUTDOWN', 'NOSAVE').catch(() => '')
    await Promise.race([gone, wait(3_000)])
    if (exit === undefined) server.kill('SIGKILL')
  }
  for (const until = performance.now() + deadlineSeconds * 1000; ; ) {
    if (exit !== undefined) {
      // Its own words name offsets and versions, no values; the time and the process before them are of no use.
      const why = said.split('\n').find((line) => / # /.test(line) && /rror|Bad|wrong|format|CRC|Unexpected|Fatal|corrupt/.test(line)) ?? 'it ended at once'
      return {
        version,
        exit: exit || 1,
        error: why.replace(/^.*? # /, '').slice(0, 160),
        redis: { keys: 0, types: [] },
        reach: { interfaces: [], routes: 0, unread: 'the server ended' },
        stop,
      }
    }
    signal.throwIfAborted()
    const answer = await command(socket, 'PING').catch(() => '')
    if (answer.includes('+PONG')) break
    if (performance.now() > until) throw new EngineError('died', 'redis-server did not come up')
    await wait(15)
  }
  const info = await command(socket, 'INFO', 'keyspace')
  const keys = [...info.matchAll(/keys=(\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0)
  const expired = Number(/rdb_last_load_keys_expired:(\d+)/.exec(await command(socket, 'INFO', 'persistence'))?.[1] ?? 0)
  const types = new Set<string>()
  for (let turn = 0; turn < Math.min(keys, 5); turn += 1) {
    const key = /^\$\d+\r\n([^]*?)\r\n/.exec(await command(socket, 'RANDOMKEY'))?.[1]
    if (key !== undefined) types.add(/^\+(\w+)/.exec(await command(socket, 'TYPE', key))?.[1] ?? 'unknown')
  }
  const pid = Number(/process_id:(\d+)/.exec(await command(socket, 'INFO', 'server'))?.[1] ?? 0)
  const reach: Reach =
    isolating.length === 0
      ? { interfaces: [], routes: 0, unread: 'this system does not let the drill take the network away from a server (unshare --net)' }
      : reachOf(await readFile(`/proc/${pid}/net/dev`, 'utf8').catch(() => ''), await readFile(`/proc/${pid}/net/route`, 'utf8').catch(() => ''))
  return { version, exit: 0, redis: { keys, types: [...types], ...(expired > 0 ? { expiredAtLoad: expired } : {}) }, reach, stop }
}
