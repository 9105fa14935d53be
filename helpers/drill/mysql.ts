/** Loads a dump of MySQL or MariaDB into a MariaDB of its own: no port, a socket in the work folder, no network. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chown, readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { DrillFile } from '../target/drill.ts'
import { asUser, endingAfter, execute, unprivileged, withoutNetwork } from './engines/native.ts'
import { EngineError, type Ran, type Reach, reachOf } from './engines/place.ts'
import { mysqlErrors } from './errors.ts'
import type { Lease } from './lease.ts'
import type { QueryAnswer, RestoredTable, RestoreError, StageExit } from './observation.ts'
import { answersQuery, expectation, type Piece } from './postgres.ts'

const DATABASE = 'restored'

export interface RestoredMysql {
  readonly version: string
  readonly stages: readonly StageExit[]
  readonly errors: readonly RestoreError[]
  readonly reach: Reach
  inspect(): Promise<{ readonly tables: readonly RestoredTable[]; readonly queries: readonly QueryAnswer[] }>
  stop(): Promise<void>
}

export async function restoreMysql(
  lease: Lease,
  piece: Piece,
  options: { readonly label: string; readonly deadlineSeconds: number; readonly drill: DrillFile; readonly signal: AbortSignal },
): Promise<RestoredMysql> {
  const { signal } = options
  const asked = await execute(['mariadbd', '--version'], { signal }).catch(() => undefined)
  if (asked === undefined || asked.exit !== 0) throw new EngineError('missing', 'MariaDB is not installed on this machine (mariadbd)')
  const version = /Ver ([\d.]+)/.exec(asked.stdout)?.[1] ?? ''
  if ((piece.facts.dump?.dangers ?? []).some(({ kind }) => kind === 'shell' || kind === 'program'))
    throw new EngineError('missing', 'the dump starts programs, and MariaDB is restored on this machine only')
  const folder = await lease.makeFolder(options.label)
  const user = unprivileged()
  if (user !== undefined) await chown(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const made = await execute(
    ['mariadb-install-db', '--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', `--tmpdir=${folder}`],
    {
      cwd: folder,
      user,
      signal,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: folder, TMPDIR: folder },
    },
  )
  if (made.exit !== 0) throw new EngineError('died', 'mariadb-install-db failed')
  const isolating = await withoutNetwork(user)
  const socket = join(folder, 's')
  const pidFile = join(folder, 'pid')
  const words: readonly string[] = [
    ...endingAfter(options.deadlineSeconds),
    ...isolating,
    ...asUser(user),
    'mariadbd',
    '--no-defaults',
    `--datadir=${data}`,
    `--socket=${socket}`,
    '--skip-networking',
    `--pid-file=${pidFile}`,
    `--tmpdir=${folder}`,
    '--event-scheduler=OFF',
    '--secure-file-priv=/dev/null',
    '--local-infile=0',
  ]
  const server: ChildProcess = spawn(words[0] ?? '', words.slice(1), {
    cwd: folder,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: folder, TMPDIR: folder },
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  lease.made.push(`MariaDB ${options.label}`)
  let ended = false
  const gone = new Promise<void>((resolve) => server.once('close', () => ((ended = true), resolve())))
  const client = (args: readonly string[], more: { readonly file?: string; readonly input?: string } = {}): Promise<Ran> =>
    execute(['mariadb', '--no-defaults', `--socket=${socket}`, '-u', 'root', ...args], {
      cwd: folder,
      user,
      signal,
      env: { PATH: '/usr/bin:/bin', HOME: folder, TMPDIR: folder },
      ...more,
    })
  const stop = async (): Promise<void> => {
    if (ended) return
    const pid = Number(await readFile(pidFile, 'utf8').catch(() => '0'))
    // Nobody needs these data again.
    if (pid > 1) process.kill(pid, 'SIGKILL')
    await Promise.race([gone, wait(5_000)])
    if (!ended) server.kill('SIGKILL')
  }
  for (const until = performance.now() + 60_000; ; ) {
    if (ended) throw new EngineError('died', 'MariaDB did not start')
    signal.throwIfAborted()
    if (existsSync(socket) && (await client(['-N', '-e', 'select 1'])).exit === 0) break
    if (performance.now() > until) throw new EngineError('died', 'MariaDB did not start within a minute')
    await wait(20)
  }
  await client(['-e', `create database ${DATABASE}`])
  const pipe = [
    ...piece.facts.layers.map((layer) => ({ tool: layer as string, command: layer === 'gzip' ? 'gzip -dc' : 'zstd -dc' })),
    { tool: 'mariadb', command: `mariadb --no-defaults --socket="$1" -u root --force ${DATABASE} >/dev/null` },
  ]
  const loaded = await execute(
    ['sh', '-c', `exec 3>&1; ${pipe.map(({ tool, command }) => `{ ${command}; echo "stage ${tool} $?" >&3; }`).join(' | ')}`, 'sh', socket],
    {
      cwd: folder,
      user,
      signal,
      file: piece.path,
      env: { PATH: '/usr/bin:/bin', HOME: folder, TMPDIR: folder },
    },
  )
  const stages = [...loaded.stdout.matchAll(/^stage (\S+) (\d+)$/gm)].map((match) => ({ tool: match[1] as string, exit: Number(match[2]) }))
  const own = piece.facts.dump?.databases.find((name) => name !== 'mysql')
  const names = (await client(['-N', '-e', 'show databases'])).stdout.split('\n')
  const database = own !== undefined && names.includes(own) ? own : DATABASE
  const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => '0'))
  const reach: Reach =
    isolating.length === 0
      ? { interfaces: [], routes: 0, unread: 'this system does not let the drill take the network away from a server (unshare --net)' }
      : reachOf(await readFile(`/proc/${pid}/net/dev`, 'utf8').catch(() => ''), await readFile(`/proc/${pid}/net/route`, 'utf8').catch(() => ''))
  return {
    version,
    stages,
    errors: mysqlErrors(loaded.stderr),
    reach,
    inspect: async () => {
      const listed = (
        await client([
          '-N',
          '-e',
          `select table_name from information_schema.tables where table_schema = '${database.replaceAll("'", "''")}' and table_type = 'BASE TABLE'`,
        ])
      ).stdout
        .split('\n')
        .filter((name) => name !== '')
      const held = new Map<string, number>()
      for (const name of listed) {
        const counted = await client(['-N', '-D', database, '-e', `select count(*) from ${quoted(name)}`])
        if (counted.exit === 0) held.set(name, Number(counted.stdout.trim()))
      }
      const bare = (name: string): string => name.replaceAll('`', '').replace(/^.*\./, '')
      const promised = new Map((piece.facts.dump?.tables ?? []).map(({ name, rows }) => [bare(name), rows]))
      const queries: QueryAnswer[] = []
      for (const query of options.drill.queries ?? []) {
        if (query.database !== undefined && query.database !== piece.role) continue
        const ran = await client(['-N', '-D', database, '-e', `set session transaction read only; ${query.sql}`])
        const text = ran.stdout.replace(/\n$/, '')
        const one = ran.exit === 0 && !text.includes('\n')
        queries.push({
          id: query.id,
          expected: expectation(query),
          received: ran.exit !== 0 ? `error ${mysqlErrors(ran.stderr)[0]?.sqlstate ?? ran.exit}` : one ? text.slice(0, 200) : 'more than one row',
          right: one && answersQuery(query, text),
        })
      }
      return {
        tables: [...new Set([...promised.keys(), ...held.keys()])].map((name) => {
          const expected = promised.get(name)
          const rows = held.get(name)
          return { name, ...(expected === undefined ? {} : { expected }), ...(rows === undefined ? {} : { rows }) }
        }),
        queries,
      }
    },
    stop,
  }
}
