/**
 * The rehearsal of a rollback: the declared deployment and the way back from it, on a copy of the declared folder, each step timed, with the application
 * asked all the while. It works in a folder of its own, with a port and an environment of its own; where the drill runs as root, its steps do not.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, chown, copyFile, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { createServer } from 'node:net'
import { delimiter, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { endingAfter, unprivileged } from '../drill/engines/native.ts'
import { EngineError } from '../drill/engines/place.ts'
import { Lease, MARK, sweep } from '../drill/lease.ts'
import { drillProgress } from '../drill/progress.ts'
import type { Downtime, EnvironmentSeen, PartSeen, ProofSeen, Rehearsal, StepSeen } from '../drill/rehearsal.ts'
import { readDotenv } from '../grammar/dotenv.ts'
import { type Probe, ProbeError } from '../probe.ts'
import type { Target } from '../target.ts'
import type { RollbackFile, RollbackProof, RollbackStep } from '../target/rollback.ts'

export type RollbackLevel = RollbackFile['levels'][number]
const MINUTE = 60_000
const OUTPUT_BYTES = 64 * 1024
const COPY_BYTES = 2 * 1024 ** 3
const COPY_ENTRIES = 200_000
/** What acts beyond a folder: found first in PATH, each says no. */
const REFUSED = [
  'docker',
  'docker-compose',
  'podman',
  'nerdctl',
  'kubectl',
  'helm',
  'ssh',
  'scp',
  'sftp',
  'rsync',
  'systemctl',
  'service',
  'sudo',
  'su',
  'doas',
  'crontab',
]
const REFUSAL = '#!/bin/sh\necho "refused: a rehearsal acts on its own folder alone" >&2\nexit 126\n'

interface Account {
  readonly uid: number
  readonly gid: number
}

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

const freePort = (): Promise<number> =>
  new Promise((done, failed) => {
    const server = createServer()
    server.once('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

interface Answer {
  readonly right: boolean
  readonly received: string
}
type Asked = NonNullable<RollbackStep['request']>

class Place {
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

/** Asks all the time, and remembers when an answer was right. */
class Pulse {
  readonly #asks: { readonly atMs: number; readonly right: boolean }[] = []
  readonly #place: Place
  readonly #probe: NonNullable<RollbackFile['probe']> | undefined
  #stopped = false
  readonly #loop: Promise<void>
  constructor(place: Place, probe: NonNullable<RollbackFile['probe']> | undefined) {
    this.#place = place
    this.#probe = probe
    this.#loop = probe === undefined ? Promise.resolve() : this.#run(probe)
  }
  async #run(probe: NonNullable<RollbackFile['probe']>): Promise<void> {
    const every = probe.everyMs ?? 250
    while (!this.#stopped) {
      const atMs = this.#place.at()
      const { right } = await this.#place.ask(probe.request, Math.max(1000, every))
      this.#asks.push({ atMs: right ? this.#place.at() : atMs, right })
      const rest = every - (this.#place.at() - atMs)
      if (rest > 0 && !this.#stopped) await wait(rest)
    }
  }
  /** Waits until it has asked once more. */
  async once(): Promise<void> {
    if (this.#probe === undefined) return
    const before = this.#asks.length
    const until = performance.now() + 5_000
    while (!this.#stopped && this.#asks.length === before && performance.now() < until) await wait(5)
  }
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#loop
  }
  between(fromMs: number, toMs: number): Downtime | undefined {
    if (this.#probe === undefined) return undefined
    const right = this.#asks.filter((one) => one.right).map(({ atMs }) => atMs)
    const during = this.#asks.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
    const counts = { asked: during.length, right: during.filter((one) => one.right).length }
    const before = right.findLast((at) => at <= fromMs)
    if (before === undefined) return { ...counts, missing: 'before' }
    const after = right.find((at) => at >= toMs)
    if (after === undefined) return { ...counts, missing: 'after' }
    const marks = [before, ...right.filter((at) => at > fromMs && at < toMs), after]
    let [longestMs, beganMs] = [0, before]
    for (let index = 1; index < marks.length; index += 1) {
      const gap = (marks[index] as number) - (marks[index - 1] as number)
      if (gap > longestMs) [longestMs, beganMs] = [gap, marks[index - 1] as number]
    }
    return { ...counts, longestMs: Math.round(longestMs), beganMs: Math.round(beganMs) }
  }
}

async function stepsOf(place: Place, steps: readonly RollbackStep[], database: readonly string[] | undefined): Promise<Pick<PartSeen, 'steps' | 'untried'>> {
  const seen: StepSeen[] = []
  for (const [index, step] of steps.entries()) {
    const timeoutMs = (step.timeoutSeconds ?? 60) * 1000
    const databaseDown = step.needs === undefined || database === undefined ? undefined : (await place.run(database, 10_000)).exit !== 0
    const startMs = place.at()
    let done: boolean
    let received: string
    if (step.run !== undefined) {
      const ran = await place.run(step.run, timeoutMs, step.background === true)
      ;[done, received] = [ran.exit === 0, ran.received]
    } else {
      const answer = await place.ask(step.request ?? { path: '/' }, timeoutMs)
      ;[done, received] = [answer.right, answer.received]
    }
    seen.push({
      name: step.name,
      startMs: Math.round(startMs),
      endMs: Math.round(place.at()),
      done,
      received,
      ...(databaseDown === undefined ? {} : { databaseDown }),
    })
    if (!done) return { steps: seen, untried: steps.slice(index + 1).map(({ name }) => name) }
  }
  return { steps: seen, untried: [] }
}

async function proofOf(place: Place, proof: RollbackProof): Promise<ProofSeen> {
  const began = place.at()
  const timeoutMs = (proof.timeoutSeconds ?? 60) * 1000
  const until = began + (proof.withinSeconds ?? 10) * 1000
  const expected =
    proof.request === undefined
      ? `exit 0${proof.contains === undefined ? '' : `, with ${JSON.stringify(proof.contains)} in its output`}`
      : `${proof.request.method ?? 'GET'} ${proof.request.path}: ${[proof.request.status ?? 200].flat().join(' or ')}${proof.request.contains === undefined ? '' : `, with ${JSON.stringify(proof.request.contains)}`}`
  for (;;) {
    let [held, received] = [false, '']
    if (proof.run === undefined) {
      const answer = await place.ask(proof.request ?? { path: '/' }, timeoutMs)
      ;[held, received] = [answer.right, answer.received]
    } else {
      const ran = await place.run(proof.run, timeoutMs)
      const said = proof.contains === undefined || ran.output.includes(proof.contains)
      ;[held, received] = [ran.exit === 0 && said, ran.exit === 0 && !said ? 'exit 0 without the text' : ran.received]
    }
    const afterMs = Math.round(place.at() - began)
    if (held || place.at() >= until) return { name: proof.name, held, expected, received, afterMs }
    await wait(Math.min(100, Math.max(10, afterMs / 4)))
  }
}

async function partOf(
  place: Place,
  pulse: Pulse,
  part: { readonly steps: readonly RollbackStep[]; readonly verify?: readonly RollbackProof[] },
  database: readonly string[] | undefined,
): Promise<PartSeen> {
  await pulse.once()
  const startMs = place.at()
  const { steps, untried } = await stepsOf(place, part.steps, database)
  const proofs: ProofSeen[] = []
  for (const proof of part.verify ?? []) proofs.push(await proofOf(place, proof))
  const endMs = place.at()
  await pulse.once()
  const downtime = pulse.between(startMs, endMs)
  return { steps, untried, proofs, tookMs: Math.round(endMs - startMs), ...(downtime === undefined ? {} : { downtime }) }
}

async function environmentOf(place: Place, declared: NonNullable<RollbackFile['environment']>): Promise<EnvironmentSeen> {
  const file = declared.file ?? '.env.backup'
  const read = async (name: string): Promise<string | undefined> => await readFile(join(place.folder, name), 'utf8').catch(() => undefined)
  const text = await read(file)
  if (text === undefined) return { file, exists: false, problems: [], keys: 0, missing: [], empty: [] }
  const parsed = readDotenv(text)
  if (!parsed.ok) return { file, exists: true, problems: [parsed.error], keys: 0, missing: [], empty: [] }
  const like = declared.like === undefined ? undefined : await read(declared.like)
  const example = like === undefined ? undefined : readDotenv(like)
  const problems =
    declared.like === undefined
      ? []
      : like === undefined
        ? [`${declared.like} is not there`]
        : example?.ok === false
          ? [`${declared.like}: ${example.error}`]
          : []
  const keys = new Map(parsed.entries.map(({ name, empty }) => [name, empty]))
  const wanted = [...new Set([...(declared.requiredKeys ?? []), ...(example?.ok === true ? example.entries.map(({ name }) => name) : [])])]
  return {
    file,
    exists: true,
    problems,
    keys: keys.size,
    missing: wanted.filter((name) => !keys.has(name)),
    empty: (declared.requiredKeys ?? []).filter((name) => keys.get(name) === true),
  }
}

async function rehearse(target: Target, rollback: RollbackFile, level: RollbackLevel, lease: Lease, signal: AbortSignal): Promise<Omit<Rehearsal, 'cleanup'>> {
  const startedAt = new Date().toISOString()
  const entry = `rollback ${level.level}`
  const account = unprivileged()
  const folder = await lease.makeFolder('place')
  const bin = await lease.makeFolder('refused')
  await writeFile(join(bin, 'refused'), REFUSAL)
  await Promise.all([chmod(bin, 0o755), chmod(join(bin, 'refused'), 0o755), ...REFUSED.map((name) => symlink('refused', join(bin, name)))])
  if (account !== undefined) await chown(folder, account.uid, account.gid)
  const from = rollback.folder === undefined ? undefined : resolve(target.folder ?? '.', rollback.folder)
  const leftOut = from === undefined ? [] : await copyTree(from, folder, account)
  const deadlineSeconds = (rollback.deadlineMinutes ?? 15) * 60 + 60
  const place = new Place({ folder, lease, port: await freePort(), account, env: rollback.env ?? {}, bin, signal, deadlineSeconds })
  const database = rollback.database?.up
  const phase = async <T>(name: 'provision' | 'restore' | 'verify', detail: string, work: () => Promise<T>): Promise<T> => {
    drillProgress({ entry, phase: name, detail, state: 'begun', elapsedMs: place.at() })
    const value = await work()
    drillProgress({ entry, phase: name, detail, state: 'ended', elapsedMs: place.at() })
    return value
  }
  let pulse: Pulse | undefined
  try {
    const quiet = new Pulse(place, undefined)
    const prepared =
      rollback.prepare === undefined
        ? undefined
        : await phase('provision', 'previous version', () => partOf(place, quiet, { steps: rollback.prepare ?? [] }, database))
    if (rollback.probe !== undefined && prepared !== undefined && prepared.untried.length === 0)
      await proofOf(place, { name: 'up', request: rollback.probe.request, withinSeconds: 10 })
    pulse = new Pulse(place, rollback.probe)
    const beating = pulse
    const deployed = await phase('restore', 'deployment', () => partOf(place, beating, rollback.deploy, database))
    const environment = rollback.environment === undefined ? undefined : await environmentOf(place, rollback.environment)
    const rolledBack = await phase('restore', 'the way back', () => partOf(place, beating, level, database))
    return {
      level: level.level,
      startedAt,
      ...(prepared === undefined ? {} : { prepared }),
      deployed,
      rolledBack,
      ...(environment === undefined ? {} : { environment }),
      leftOut,
    }
  } finally {
    await pulse?.stop()
    await place.end()
  }
}

/** Rehearses one level. Never fails for what the steps do. */
export function rollbackRehearsal(rollback: RollbackFile, level: RollbackLevel): Probe<Rehearsal> {
  const deadlineMs = (rollback.deadlineMinutes ?? 15) * MINUTE
  return {
    kind: 'rollbackRehearsal',
    key: `rollbackRehearsal ${level.level} ${createHash('sha256').update(JSON.stringify(rollback)).digest('hex').slice(0, 12)}`,
    impact: 'drill',
    cost: { connections: 0, requests: 0 },
    timeoutMs: deadlineMs + MINUTE,
    run: async (context) => {
      const swept = await sweep()
      const lease = await Lease.take()
      context.resource(
        `rollback ${lease.runId}`,
        () => lease,
        async (one) => void (await one.end()),
      )
      lease.made.push(`rehearsal of ${level.level}`)
      const late = AbortSignal.timeout(deadlineMs)
      try {
        const seen = await rehearse(context.target, rollback, level, lease, AbortSignal.any([context.signal, late]))
        return { ...seen, cleanup: { made: [...lease.made], left: await lease.end(), swept } }
      } catch (error) {
        if (context.signal.aborted) throw context.signal.reason
        if (late.aborted)
          throw new ProbeError({ code: 'TIMEOUT', message: `the rehearsal was not done within ${rollback.deadlineMinutes ?? 15} minutes`, phase: 'deadline' })
        if (error instanceof EngineError) throw new ProbeError({ code: 'NO_ENGINE', message: error.message, phase: 'request' }, { cause: error })
        const { code } = error as NodeJS.ErrnoException
        if (typeof code === 'string') throw new ProbeError({ code, message: `the rehearsal could not go on (${code})`, phase: 'request' }, { cause: error })
        throw error
      } finally {
        await lease.end()
      }
    },
  }
}
