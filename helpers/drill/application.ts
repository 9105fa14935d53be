/** The application of a set, booted beside its restored databases, where it reaches nothing else; and the keys without which stored data cannot be read. */
import { randomBytes } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { request } from 'node:http'
import { dirname } from 'node:path'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { DrillFile } from '../target/drill.ts'
import { type Container, imageCommand, prepareImage, startContainer } from './engines/container.ts'
import type { ServerKind } from './engines/docker.ts'
import { SUPERUSER } from './engines/native.ts'
import { EngineError, type Place, type Reach, reachOf } from './engines/place.ts'
import { mysqlErrors, postgresErrors } from './errors.ts'
import type { Lease } from './lease.ts'
import type { QueryAnswer, RestoredApplication } from './observation.ts'

type Application = NonNullable<DrillFile['application']>

/** A restored database that waits for whoever uses it. */
export type Served =
  | { readonly kind: ServerKind; readonly role: string; readonly database: string; readonly place: Place; readonly container?: Container }
  /** `database` is its file, alone in its folder. */
  | { readonly kind: 'sqlite'; readonly role: string; readonly database: string; readonly container?: undefined }

export interface Surroundings {
  readonly drill: DrillFile
  readonly served: readonly Served[]
  /** Values of `secrets` of the target. */
  readonly secrets: ReadonlyMap<string, string>
  /** Values of the restored .env. */
  readonly values: ReadonlyMap<string, string>
  readonly lease: Lease
  readonly deadlineSeconds: number
  readonly signal: AbortSignal
}

/** Something without which the application is not started: whose fault that is. */
class NotBooted extends Error {
  override readonly name = 'NotBooted'
  readonly blame: 'misused' | 'artifact'
  constructor(blame: 'misused' | 'artifact', message: string) {
    super(message)
    this.blame = blame
  }
}

const LOG_LINES = 8
/** Of which the different ones are kept. */
const LOG_READ = 200
const LOG_WIDTH = 200
const BODY_BYTES = 1024 * 1024
const REQUEST_MS = 10_000
const ROOM_BYTES = 256 * 1024 * 1024
const URLS: Readonly<Record<ServerKind, string>> = { postgres: 'postgresql', mysql: 'mysql', redis: 'redis' }
/** What an image needs that begins as root, owns its folders and then runs as somebody else. */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'NET_BIND_SERVICE', 'SETGID', 'SETUID']
/** Ends by itself where the image has the means. */
const ENDING = 'if command -v timeout >/dev/null 2>&1; then exec timeout -s TERM "$DRILL_SECONDS" "$@"; fi; exec "$@"'

/** Fills in what the target refers to. @throws NotBooted where something of it is not there */
function fill(text: string, around: Surroundings, password: string): string {
  return text.replaceAll(/\{(?:(secret|backup):([\w.-]+)|([a-z0-9-]+)\.(url|host|port|user|password|name|path))\}/g, (_whole, source, name, role, field) => {
    if (source === 'secret') {
      const value = around.secrets.get(String(name))
      if (value === undefined) throw new NotBooted('misused', `secrets has no ${String(name)}`)
      return value
    }
    if (source === 'backup') {
      const value = around.values.get(String(name))
      if (value === undefined) throw new NotBooted('artifact', `the restored configuration does not set ${String(name)}`)
      return value
    }
    const one = around.served.find((other) => other.role === role)
    if (one === undefined) throw new NotBooted('artifact', `${String(role)} was not restored`)
    if (one.kind === 'sqlite') {
      if (field !== 'path') throw new NotBooted('misused', `${String(role)} is a file: it has a path and no ${String(field)}`)
      return `/restored/${one.role}/restored.db`
    }
    if (one.container === undefined || one.place.port === undefined)
      throw new NotBooted(
        'misused',
        `${String(role)} was restored into ${one.place.name}: the application is booted beside a database in a container; declare an image for it`,
      )
    const user = one.kind === 'postgres' ? SUPERUSER : one.kind === 'mysql' ? 'restored' : ''
    const port = String(one.place.port)
    const login = user === '' ? '' : `${user}:${password}@`
    const parts: Readonly<Record<string, string>> = {
      url: `${URLS[one.kind]}://${login}127.0.0.1:${port}/${encodeURIComponent(one.database)}`,
      host: '127.0.0.1',
      port,
      user,
      password,
      name: one.database,
    }
    const value = parts[String(field)]
    if (value === undefined) throw new NotBooted('misused', `${String(role)} is a server: it has no ${String(field)}`)
    return value
  })
}

/** Bounded, without control characters, and without what the drill itself put into its surroundings, addresses of people and passwords in URLs. */
export function readable(lines: readonly string[], hidden: readonly string[]): readonly string[] {
  const known = hidden.filter((value) => value.length >= 4).sort((a, b) => b.length - a.length)
  return [...new Set(lines)].slice(-LOG_LINES).map((line) => {
    let text = line
    for (const value of known)
      for (const form of [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), Buffer.from(value).toString('base64')])
        text = text.replaceAll(form, '<secret>')
    return text
      .replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
      .replaceAll(/(:\/\/)[^\s/@]+@/g, '$1<secret>@')
      .replaceAll(/((?:password|passwd|secret|token|api[-_]?key)["']?\s*[=:]\s*)\S+/gi, '$1<secret>')
      .replaceAll(/[\w.+-]+(@[\w-]+(?:\.[\w-]+)+)?/g, (word, at: string | undefined) => (at === undefined ? word : '<address>'))
      .trim()
      .slice(0, LOG_WIDTH)
  })
}

/** Programs by which a stream reaches a port from within: whichever a container has. */
const TUNNELS: readonly { readonly there: readonly string[]; readonly open: (port: number) => readonly string[] }[] = [
  {
    there: ['bash', '-c', 'exit 0'],
    open: (port) => ['bash', '-c', `exec 3<>/dev/tcp/127.0.0.1/${port} || exit 7; cat <&0 >&3 & cat <&3; kill $! 2>/dev/null; exit 0`],
  },
  {
    there: ['node', '-e', ''],
    open: (port) => [
      'node',
      '-e',
      `const s=require('net').connect(${port},'127.0.0.1',()=>{process.stdin.pipe(s);s.pipe(process.stdout)});s.on('error',()=>process.exit(7));s.on('close',()=>process.exit(0))`,
    ],
  },
  {
    there: ['python3', '-c', ''],
    open: (port) => [
      'python3',
      '-c',
      `import os,socket,threading
s=socket.create_connection(('127.0.0.1',${port}))
def up():
  while True:
    b=os.read(0,65536)
    if not b: return
    s.sendall(b)
threading.Thread(target=up,daemon=True).start()
while True:
  b=s.recv(65536)
  if not b: break
  os.write(1,b)`,
    ],
  },
  { there: ['perl', '-MIO::Socket::INET', '-e', '1'], open: (port) => ['perl', '-MIO::Socket::INET', '-e', PERL, String(port)] },
  { there: ['sh', '-c', 'command -v nc'], open: (port) => ['nc', '127.0.0.1', String(port)] },
]
const PERL =
  '$s=IO::Socket::INET->new(PeerAddr=>"127.0.0.1",PeerPort=>$ARGV[0]) or exit 7; $p=fork; if($p==0){while(sysread(STDIN,$b,65536)){syswrite($s,$b)} exit} while(sysread($s,$b,65536)){syswrite(STDOUT,$b)} kill 9,$p'

type Open = () => Promise<Duplex>
/** undefined: no container has such a program */
async function tunnel(containers: readonly Container[], port: number): Promise<Open | undefined> {
  for (const container of containers)
    for (const { there, open } of TUNNELS) {
      const ran = await container.run(there).catch(() => undefined)
      if (ran?.exit === 0) return () => container.open(open(port))
    }
  return undefined
}

type Answer = { readonly status: number; readonly body: string } | { readonly error: string }
async function ask(open: Open, path: string, host: string, signal: AbortSignal): Promise<Answer> {
  const stream = await open()
  const limit = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)])
  try {
    return await new Promise<Answer>((resolve) => {
      const asked = request(
        { createConnection: () => stream, path, method: 'GET', headers: { host, connection: 'close', 'user-agent': 'postproof-drill' }, signal: limit },
        (answer) => {
          const parts: Buffer[] = []
          let bytes = 0
          answer.on('data', (chunk: Buffer) => {
            if (bytes < BODY_BYTES) parts.push(chunk)
            bytes += chunk.length
          })
          const done = (): void => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') })
          answer.once('end', done)
          answer.once('error', done)
        },
      )
      asked.once('error', (error: NodeJS.ErrnoException) =>
        resolve({ error: limit.aborted ? 'no answer in time' : error.code === 'ECONNRESET' ? 'nobody listens' : (error.code ?? error.message) }),
      )
      asked.end()
    })
  } finally {
    stream.destroy()
  }
}

async function start(application: Application, around: Surroundings, environment: Readonly<Record<string, string>>): Promise<Container> {
  const { lease, signal, served, drill } = around
  const beside = served.find(({ container }) => container !== undefined)?.container
  await prepareImage(application.image, drill.pull ?? 'never', ROOM_BYTES)
  const files = served.filter((one) => one.kind === 'sqlite')
  // Whoever the image runs as is to write there; the folder above lets nobody else in.
  for (const { database } of files) for (const path of [database, dirname(database)]) await chmod(path, 0o777)
  const common = {
    image: application.image,
    environment: { ...environment, DRILL_SECONDS: String(Math.ceil(around.deadlineSeconds)) },
    memory: application.memory ?? '1g',
    capabilities: CAPABILITIES,
    mounts: files.map(({ role, database }) => ({ source: dirname(database), target: `/restored/${role}`, writable: true as const })),
    deadlineSeconds: around.deadlineSeconds,
    ...(beside === undefined ? {} : { beside }),
    signal,
  }
  const argv = application.command ?? (await imageCommand(application.image))
  if (application.ownInit !== true && argv.length > 0) {
    try {
      return await startContainer(lease, { ...common, command: ['sh', '-c', ENDING, 'sh', ...argv] })
    } catch (error) {
      // An image of one program has no shell: then only the lease ends it.
      if (!(error instanceof EngineError) || !/"sh"/.test(error.message)) throw error
    }
  }
  return await startContainer(lease, { ...common, ...(application.command === undefined ? {} : { command: application.command }) })
}

/** MariaDB lets nobody in over the network but whom it was told of; the restored accounts are not the drill's to use. */
async function letIn(served: readonly Served[], password: string, signal: AbortSignal): Promise<void> {
  for (const one of served)
    if (one.kind === 'mysql') {
      const sql = `flush privileges; create user 'restored'@'%' identified by '${password}'; grant all on *.* to 'restored'@'%'; create user 'restored'@'localhost' identified by '${password}'; grant all on *.* to 'restored'@'localhost';`
      const made = await one.place.sh('sql', [], { input: sql, signal })
      if (made.exit !== 0)
        throw new EngineError('died', `the application could not be let into the restored database (${mysqlErrors(made.stderr)[0]?.sqlstate ?? made.exit})`)
    }
}

/**
 * Boots the declared application and asks it what is declared. What it says is told of a failure alone.
 * @param finish is called while it runs
 */
export async function bootApplication(
  application: Application,
  around: Surroundings,
  finish: (container: Container) => Promise<void>,
): Promise<RestoredApplication & { readonly reach?: Reach }> {
  const { signal } = around
  const password = randomBytes(18).toString('hex')
  const path = application.health ?? '/'
  const host = application.host ?? 'localhost'
  const base = { image: application.image, health: path, smoke: [], logs: [] }
  let container: Container | undefined
  try {
    const environment = Object.fromEntries(Object.entries(application.env ?? {}).map(([name, text]) => [name, fill(text, around, password)]))
    const hidden = [password, ...around.secrets.values(), ...around.values.values()]
    await letIn(around.served, password, signal)
    const began = performance.now()
    const running = (container = await start(application, around, environment))
    const logs = async (): Promise<readonly string[]> => readable(await running.said(LOG_READ), hidden)
    let open: Open | undefined
    let last: Answer = { error: 'nobody listens' }
    for (const until = began + (application.bootSeconds ?? 60) * 1000; ; ) {
      signal.throwIfAborted()
      const why = await running.ended()
      if (why !== undefined) {
        if (running.foreign !== undefined) throw new NotBooted('misused', `${running.foreign}: it ended at once`)
        return { ...base, received: why, logs: await logs() }
      }
      open ??= await tunnel([...around.served.flatMap(({ container: one }) => one ?? []), running], application.port)
      if (open === undefined) {
        // Nothing can be run in what has just ended: that is said above, in the next turn.
        if ((await running.ended()) !== undefined) continue
        throw new NotBooted('misused', 'no container of the drill has a program to send a request with (bash, node, python3, perl or nc)')
      }
      const answer = await ask(open, path, host, AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, Math.ceil(until - performance.now())))]))
      // Of the last moment nobody expects an answer.
      if ('status' in answer || performance.now() < until) last = answer
      if ('status' in last && last.status >= 200 && last.status < 400) break
      if (performance.now() > until)
        return { ...base, received: `${'status' in last ? `status ${last.status}` : last.error} after ${application.bootSeconds ?? 60} s`, logs: await logs() }
      await wait(100)
    }
    const bootedMs = performance.now() - began
    const migrations = application.migrations === undefined ? undefined : (await running.run(application.migrations)).exit
    const smoke: QueryAnswer[] = []
    for (const { id, path: page, status, contains } of application.smoke ?? []) {
      if (open === undefined) {
        // Nothing can be run in what has just ended: that is said above, in the next turn.
        if ((await running.ended()) !== undefined) continue
        throw new NotBooted('misused', 'no container of the drill has a program to send a request with (bash, node, python3, perl or nc)')
      }
      const answer = await ask(open, page, host, signal)
      const right = [status ?? 200].flat()
      const holds = 'status' in answer && (contains === undefined || answer.body.includes(contains))
      smoke.push({
        id,
        expected: `${right.join(' or ')} of ${page}${contains === undefined ? '' : ` with ${JSON.stringify(contains)}`}`,
        received: 'error' in answer ? answer.error : `${answer.status}${holds ? '' : ' without that text'}`,
        right: 'status' in answer && right.includes(answer.status) && holds,
      })
    }
    await finish(running)
    const devices = around.served.some(({ container: one }) => one !== undefined) ? undefined : await running.run(['cat', '/proc/net/dev'])
    const failed = smoke.some(({ right }) => !right) || (migrations ?? 0) !== 0
    return {
      ...base,
      received: 'status' in last ? `status ${last.status}` : '',
      bootedMs,
      smoke,
      logs: failed ? await logs() : [],
      ...(migrations === undefined ? {} : { migrations }),
      // Beside a database it has the network of the database, which was looked at.
      ...(devices === undefined ? {} : { reach: reachOf(devices.stdout, '') }),
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof NotBooted) return { ...base, received: '', notBooted: { why: error.message, blame: error.blame } }
    if (error instanceof EngineError) return { ...base, received: '', notBooted: { why: error.message, blame: 'misused' } }
    throw error
  } finally {
    await container?.remove()
  }
}

/** Whether the declared keys open what is stored; no value, no answer of a query and no word of a program is kept. */
export async function keysMatch(around: Surroundings, application: Container | undefined): Promise<readonly QueryAnswer[]> {
  const answers: QueryAnswer[] = []
  for (const { id, sql, command, secret, backup, database } of around.drill.secretsMatch ?? []) {
    const add = (received: string, right: boolean): void => void answers.push({ id, expected: 'it opens what is stored', received, right })
    if (command !== undefined) {
      // Told where the application runs; without it nobody asked.
      if (application === undefined) continue
      const { exit } = await application.run(command)
      add(exit === 0 ? 'it opens it' : `it does not (exit ${exit})`, exit === 0)
      continue
    }
    if (sql === undefined) continue
    const key = secret === undefined ? around.values.get(backup ?? '') : around.secrets.get(secret)
    if (key === undefined) {
      add(`the key is not there: ${secret === undefined ? `the restored configuration does not set ${backup ?? ''}` : `secrets has no ${secret}`}`, false)
      continue
    }
    for (const one of around.served) {
      if ((one.kind !== 'postgres' && one.kind !== 'mysql') || (database !== undefined && one.role !== database)) continue
      const escaped = key.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')
      const ran =
        one.kind === 'postgres'
          ? await one.place.sh('psql -X -q -A -t -v VERBOSITY=verbose -v ON_ERROR_STOP=1 -d "$1" -f -', [one.database], {
              input: `\\set secret '${escaped}'\nset default_transaction_read_only = on; set search_path = public;\n${sql};`,
              signal: around.signal,
            })
          : await one.place.sh('sql -N -D "$1"', [one.database], {
              input: `set @secret = '${escaped}'; set session transaction read only; ${sql};`,
              signal: around.signal,
            })
      const state = one.kind === 'postgres' ? postgresErrors(ran.stderr)[0]?.sqlstate : mysqlErrors(ran.stderr)[0]?.sqlstate
      const right = ran.exit === 0 && /^(?:t|true|1)\n?$/.test(ran.stdout)
      add(ran.exit === 0 ? (right ? 'it opens it' : 'it does not') : `it does not (error ${state ?? ran.exit})`, right)
    }
  }
  return answers
}
