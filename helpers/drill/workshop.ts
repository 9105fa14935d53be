/** A place of the drill's own in which declared programs run: a copy of a folder, a port, an environment, and nothing of whoever drills. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { chmod, chown, copyFile, lstat, mkdir, readdir, readlink, symlink, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { createServer } from 'node:net'
import { delimiter, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ACT_BEYOND, type RollbackStep } from '../target/rollback.ts'
import { endingAfter, unprivileged } from './engines/native.ts'
import { EngineError } from './engines/place.ts'
import { type Lease, MARK } from './lease.ts'

const OUTPUT_BYTES = 64 * 1024
const COPY_BYTES = 2 * 1024 ** 3
const COPY_ENTRIES = 200_000
/** Found first in PATH, in place of each program that acts beyond a folder. */
const REFUSAL = '#!/bin/sh\necho "refused: a rehearsal acts on its own folder alone" >&2\nexit 126\n'

type Account = NonNullable<ReturnType<typeof unprivileged>>

/** A copy that nothing in it leads out of. @returns links that were left out */
async function copyTree(from: string, to: string, account: Account | undefined): Promise<readonly string[]> {
  const leftOut: string[] = []
  let bytes = 0
  let entries = 0
  const copy = async (path: string): Promise<void> => {
    const [source, target] = [join(from, path), join(to, path)]
    const found = await lstat(source)
    entries += 1
    if (entries > COPY_ENTRIES) throw new EngineError('missing', `the folder of the rollback holds more than ${COPY_ENTRIES} entries: declare a smaller one`)
    if (found.isSymbolicLink()) {
      const leads = await readlink(source)
      const end = relative(from, resolve(dirname(source), leads))
      if (isAbsolute(leads) || end === '..' || end.startsWith('../')) leftOut.push(path)
      else await symlink(leads, target)
      return
    }
    if (found.isDirectory()) {
      if (path !== '') await mkdir(target, { mode: 0o700 })
      for (const name of (await readdir(source)).sort()) await copy(join(path, name))
    } else if (found.isFile()) {
      bytes += found.size
      if (bytes > COPY_BYTES) throw new EngineError('missing', 'the folder of the rollback holds more than 2 GiB: declare a smaller one')
      await copyFile(source, target)
    } else return
    await chmod(target, (found.mode & 0o777) | 0o600 | (found.isDirectory() ? 0o100 : 0))
    if (account !== undefined) await chown(target, account.uid, account.gid)
  }
  await copy('')
  return leftOut
}

/** Below the range that systems hand out by themselves, so that no connection takes it before the declared program listens there. */
const [LOWEST_PORT, PORTS] = [22_000, 10_000]
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const port = randomInt(LOWEST_PORT, LOWEST_PORT + PORTS)
    const free = await new Promise<boolean>((done) => {
      const server = createServer()
      server.once('error', () => done(false))
      server.listen(port, '127.0.0.1', () => server.close(() => done(true)))
    })
    if (free) return port
  }
  throw new EngineError('missing', `fifty ports between ${LOWEST_PORT} and ${LOWEST_PORT + PORTS} were tried for the rehearsal, and all are taken`)
}

interface Answer {
  readonly right: boolean
  readonly received: string
}
type Asked = NonNullable<RollbackStep['request']>

export class Workshop {
  readonly began = performance.now()
  readonly #servers: ChildProcess[] = []
  readonly folder: string
  readonly port: number
  readonly #env: Readonly<Record<string, string>>
  readonly #account: Account | undefined
  readonly #signal: AbortSignal
  readonly #deadlineSeconds: number

  constructor(options: {
    readonly folder: string
    readonly lease: Lease
    readonly port: number
    readonly account: Account | undefined
    readonly env: Readonly<Record<string, string>>
    readonly bin: string
    readonly signal: AbortSignal
    readonly deadlineSeconds: number
  }) {
    this.folder = options.folder
    this.port = options.port
    this.#account = options.account
    this.#signal = options.signal
    this.#deadlineSeconds = options.deadlineSeconds
    this.#env = {
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      ...Object.fromEntries(Object.entries(options.env).map(([name, value]) => [name, this.filled(value)])),
      PATH: [options.bin, ...new Set([...(process.env.PATH ?? '').split(delimiter), '/usr/local/bin', '/usr/bin', '/bin'])].join(delimiter),
      HOME: options.folder,
      PORT: String(options.port),
      DOCKER_HOST: 'unix:///nonexistent',
      KUBECONFIG: '/dev/null',
      [MARK]: `${options.lease.folder}/`,
    }
  }
  at(): number {
    return performance.now() - this.began
  }
  filled(text: string): string {
    return text.replaceAll('{port}', String(this.port)).replaceAll('{folder}', this.folder)
  }

  /** Runs a program to its end, or leaves it running. */
  run(
    argv: readonly string[],
    timeoutMs: number,
    background = false,
  ): Promise<{ readonly exit: number | undefined; readonly received: string; readonly output: string }> {
    this.#signal.throwIfAborted()
    const words = argv.map((word) => this.filled(word))
    const [program = '', ...rest] = [...(background ? endingAfter(this.#deadlineSeconds) : []), ...words]
    return new Promise((done) => {
      const child = spawn(program, rest, {
        cwd: this.folder,
        env: this.#env,
        detached: true,
        stdio: ['ignore', background ? 'ignore' : 'pipe', 'ignore'],
        ...(this.#account === undefined ? {} : this.#account),
      })
      let output = ''
      let late = false
      child.stdout?.on('data', (chunk: Buffer) => {
        if (output.length < OUTPUT_BYTES) output += chunk.toString('utf8')
      })
      const stop = (): void => endGroup(child, 'SIGKILL')
      const timer = background
        ? undefined
        : setTimeout(() => {
            late = true
            stop()
          }, timeoutMs)
      this.#signal.addEventListener('abort', stop, { once: true })
      const end = (exit: number | undefined, received: string): void => {
        clearTimeout(timer)
        this.#signal.removeEventListener('abort', stop)
        done({ exit, received, output })
      }
      child.once('error', (error: NodeJS.ErrnoException) => end(undefined, `it cannot be started (${error.code ?? 'error'})`))
      child.once('spawn', () => {
        if (!background) return
        this.#servers.push(child)
        end(0, 'started')
      })
      // What it left in its group would hold its output open, and outlive it.
      child.once('exit', () => {
        if (!background) stop()
      })
      child.once('close', (code, signal) => {
        if (background) return
        end(
          late ? undefined : (code ?? undefined),
          late ? `ended after ${(timeoutMs / 1000).toFixed(1)} s` : code === null ? `ended by ${signal ?? ''}` : `exit ${code}`,
        )
      })
    })
  }

  ask(asked: Asked, timeoutMs: number): Promise<Answer> {
    const wanted = [asked.status ?? 200].flat()
    return new Promise((done) => {
      const body = asked.json === undefined ? undefined : JSON.stringify(asked.json)
      const sent = httpRequest(
        {
          host: '127.0.0.1',
          port: this.port,
          path: asked.path,
          method: asked.method ?? 'GET',
          agent: false,
          headers: body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
          signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#signal]),
        },
        (answer) => {
          let text = ''
          answer.on('data', (chunk: Buffer) => {
            if (text.length < OUTPUT_BYTES) text += chunk.toString('utf8')
          })
          answer.once('error', (error: NodeJS.ErrnoException) => done({ right: false, received: `the answer was cut (${error.code ?? 'error'})` }))
          answer.once('end', () => {
            const status = answer.statusCode ?? 0
            const said = asked.contains === undefined || text.includes(asked.contains)
            done({ right: wanted.includes(status) && said, received: said ? String(status) : `${status} without the text` })
          })
        },
      )
      sent.once('error', (error: NodeJS.ErrnoException) => done({ right: false, received: error.code ?? 'no answer' }))
      sent.end(body)
    })
  }

  async end(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const running = this.#servers.filter((child) => child.exitCode === null && child.signalCode === null)
      if (running.length === 0) return
      for (const child of running) endGroup(child, signal)
      for (let turn = 0; turn < 100 && running.some((child) => child.exitCode === null && child.signalCode === null); turn += 1) await wait(10)
    }
  }
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Nobody is left in it.
  }
}

/**
 * Copies the folder and makes everything ready. Where the drill runs as root, what runs in it does not.
 * @param from absolute; undefined: it begins empty
 */
export async function openWorkshop(options: {
  readonly lease: Lease
  readonly from: string | undefined
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly deadlineSeconds: number
}): Promise<{ readonly place: Workshop; readonly leftOut: readonly string[] }> {
  const { lease } = options
  const account = unprivileged()
  const folder = await lease.makeFolder('place')
  const bin = await lease.makeFolder('refused')
  await writeFile(join(bin, 'refused'), REFUSAL)
  await Promise.all([chmod(bin, 0o755), chmod(join(bin, 'refused'), 0o755), ...ACT_BEYOND.map((name) => symlink('refused', join(bin, name)))])
  if (account !== undefined) await chown(folder, account.uid, account.gid)
  const leftOut = options.from === undefined ? [] : await copyTree(options.from, folder, account)
  return { place: new Workshop({ ...options, folder, account, bin, port: await freePort() }), leftOut }
}
