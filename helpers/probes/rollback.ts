/**
 * The rehearsal of a rollback: the declared deployment and the way back from it, on a copy of the declared folder, each step timed, with the application
 * asked all the while. It works in a folder of its own, with a port and an environment of its own; where the drill runs as root, its steps do not.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { EngineError } from '../drill/engines/place.ts'
import { Lease, sweep } from '../drill/lease.ts'
import { openWorkshop, type Workshop } from '../drill/workshop.ts'
import { drillProgress } from '../drill/progress.ts'
import type { Downtime, EnvironmentSeen, PartSeen, ProofSeen, Rehearsal, StepSeen } from '../drill/rehearsal.ts'
import { readDotenv } from '../grammar/dotenv.ts'
import { type Probe, ProbeError } from '../probe.ts'
import type { Target } from '../target.ts'
import type { RollbackFile, RollbackProof, RollbackStep } from '../target/rollback.ts'

export type RollbackLevel = RollbackFile['levels'][number]
const MINUTE = 60_000
/** Asks all the time, and remembers when an answer was right. */
class Pulse {
  readonly #asks: { readonly atMs: number; readonly right: boolean }[] = []
  readonly #place: Workshop
  readonly #probe: NonNullable<RollbackFile['probe']> | undefined
  #stopped = false
  readonly #loop: Promise<void>
  constructor(place: Workshop, probe: NonNullable<RollbackFile['probe']> | undefined) {
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

async function stepsOf(place: Workshop, steps: readonly RollbackStep[], database: readonly string[] | undefined): Promise<Pick<PartSeen, 'steps' | 'untried'>> {
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

async function proofOf(place: Workshop, proof: RollbackProof): Promise<ProofSeen> {
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
  place: Workshop,
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

async function environmentOf(place: Workshop, declared: NonNullable<RollbackFile['environment']>): Promise<EnvironmentSeen> {
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
  const from = rollback.folder === undefined ? undefined : resolve(target.folder ?? '.', rollback.folder)
  const deadlineSeconds = (rollback.deadlineMinutes ?? 15) * 60 + 60
  const { place, leftOut } = await openWorkshop({ lease, from, env: rollback.env ?? {}, signal, deadlineSeconds })
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
