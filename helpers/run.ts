/**
 * Check + target -> results. A plain library: it knows no runner, no report format. Every fact is looked at once (memo by probe key); a throw of
 * ours becomes an inconclusive result with blame `defect`, never an exception and never a pass.
 */
import type { Check, Need, Subject } from './check.ts'
import { consentFor, ownershipProof } from './consent.ts'
import { ConnectionLimits } from './limits.ts'
import { type Observed, type Probe, type ProbeContext, ProbeError, RETRYABLE } from './probe.ts'
import { resolveHost } from './probes/resolve.ts'
import type { Target } from './target.ts'
import { clockSkewSeconds, dateSample, type DateSample, type Vantage, vantageOf } from './vantage.ts'
import { type Evidence, inconclusive, type Outcome, type Severity, type SkipReason, skip, type Blame, type Verdict } from './verdict.ts'

export interface Result {
  readonly check: string
  readonly suite: string
  readonly subject: string
  /** Fully qualified name of the host it belongs to, where it belongs to one. */
  readonly host?: string
  readonly outcome: Outcome
  readonly severity: Severity
  /** Of a warn, fail or inconclusive. */
  readonly code?: string
  readonly blame?: Blame
  readonly skip?: SkipReason
  /** Why inconclusive or skipped. */
  readonly reason?: string
  /** The probe whose failure left the check blind, so that one dead host reads as one cause. */
  readonly because?: string
  readonly evidence: readonly Evidence[]
  readonly reproduce: string
  readonly startedAt: string
  readonly durationMs: number
  /** Most tries that any observation behind it took. */
  readonly attempts: number
  readonly waiver?: { readonly reason: string; readonly owner: string; readonly expires: string }
}

export interface Selection {
  readonly suites?: readonly string[]
  readonly checks?: readonly string[]
  readonly hosts?: readonly string[]
  readonly tags?: readonly string[]
}

export interface RunOptions extends Selection {
  /** Every check there is; the selection narrows it. */
  readonly catalogue: readonly Check[]
  /** The run's clock. @default the time of the start */
  readonly now?: Date
  readonly signal?: AbortSignal
  /** Each result as soon as it is known, in order of arrival. */
  readonly onResult?: (result: Result) => void
  /** Wire log, one line at a time. */
  readonly onLog?: (probe: string, line: string) => void
  /** Every observation as it settles, for timings and saved evidence. */
  readonly onObservation?: (probe: Probe<unknown>, observed: Observed<unknown>) => void
}

export interface RunFacts {
  readonly startedAt: string
  readonly finishedAt: string
  readonly probes: number
  readonly connections: number
  readonly retries: number
  /** Why it ended early; undefined when every case was judged in time. */
  readonly aborted?: string
}

export interface RunResult {
  readonly target: Target
  readonly checks: readonly Check[]
  /** Sorted by check id, then subject. */
  readonly results: readonly Result[]
  readonly vantage: Vantage
  readonly facts: RunFacts
  readonly observations: ReadonlyMap<string, Observed<unknown>>
}

/** One verdict to come: a check and one of its subjects. */
export interface Case {
  readonly check: Check
  readonly subject: Subject
  readonly options: object
  readonly needs: Readonly<Record<string, Need>>
  /** Set when it was decided without looking (off, nothing of the kind declared, or its own needs() threw). */
  readonly settled?: Verdict
}

const MAX_TEXT = 2_000
const cap = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text)
const probeOf = (need: Need): Probe<unknown> => ('attempt' in need ? need.attempt : need)

/** The cases of a target: pure, opens nothing. Sorted by host so that a host's probes run together. */
export function planCases(target: Target, checks: readonly Check[], selection: Selection = {}): readonly Case[] {
  const cases: Case[] = []
  const tagged = selection.tags === undefined ? undefined : new Set(selection.tags)
  for (const check of checks) {
    if (selection.suites !== undefined && !selection.suites.includes(check.suite)) continue
    if (selection.checks !== undefined && !selection.checks.includes(check.id)) continue
    const own = target.file.checks?.[check.id]
    const options = { ...check.options, ...own?.options }
    const none: Subject = { name: target.domain }
    if (own?.off !== undefined) {
      cases.push({ check, subject: none, options, needs: {}, settled: skip('not-selected', `switched off in the target: ${own.off}`) })
      continue
    }
    let subjects: readonly Subject[]
    try {
      subjects = check.subjects(target)
    } catch (error) {
      cases.push({ check, subject: none, options, needs: {}, settled: inconclusive('defect', `subjects() threw: ${String(error)}`) })
      continue
    }
    if (subjects.length === 0) {
      cases.push({ check, subject: none, options, needs: {}, settled: skip(check.unless.skip, check.unless.reason) })
      continue
    }
    const seen = new Set<string>()
    for (const subject of subjects) {
      if (
        selection.hosts !== undefined &&
        (subject.host === undefined || !selection.hosts.some((name) => name === subject.host?.fqdn || name === subject.host?.name))
      )
        continue
      if (tagged !== undefined && !(subject.host?.declared.tags ?? []).some((tag) => tagged.has(tag))) continue
      if (seen.has(subject.name)) {
        cases.push({
          check,
          subject: { ...subject, name: `${subject.name} #${seen.size}` },
          options,
          needs: {},
          settled: inconclusive('defect', `two subjects are both named ${subject.name}`),
        })
        continue
      }
      seen.add(subject.name)
      try {
        cases.push({ check, subject, options, needs: check.needs(subject, target, options) })
      } catch (error) {
        cases.push({ check, subject, options, needs: {}, settled: inconclusive('defect', `needs() threw: ${String(error)}`) })
      }
    }
  }
  return cases
}

/** Distinct probes that the cases ask for, as declared: what `plan` prints. Derived probes count with their declared cost. */
export function plannedProbes(cases: readonly Case[]): readonly Probe<unknown>[] {
  const probes = new Map<string, Probe<unknown>>()
  for (const one of cases) for (const need of Object.values(one.needs)) probes.set(probeOf(need).key, probeOf(need))
  return [...probes.values()]
}

/** A deadline that stands still while its probe waits for a connection slot or for another probe. */
class Deadline {
  readonly controller = new AbortController()
  #left: number
  #since = 0
  #timer: NodeJS.Timeout | undefined
  #holds = 0
  constructor(milliseconds: number) {
    this.#left = milliseconds
    this.#arm()
  }
  #arm(): void {
    this.#since = performance.now()
    this.#timer = setTimeout(
      () => this.controller.abort(new ProbeError({ code: 'TIMEOUT', message: 'no answer within the probe deadline', phase: 'deadline' })),
      Math.max(1, this.#left),
    )
  }
  async hold<T>(work: Promise<T>): Promise<T> {
    if (this.#holds++ === 0 && this.#timer !== undefined) {
      clearTimeout(this.#timer)
      this.#left -= performance.now() - this.#since
    }
    try {
      return await work
    } finally {
      if (--this.#holds === 0 && this.#timer !== undefined && !this.controller.signal.aborted) this.#arm()
    }
  }
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}

interface Resource {
  readonly value: unknown
  readonly close: (value: never) => void | Promise<void>
}

/** Hosts whose cases are looked at side by side; the others wait, so that sockets and memory stay bounded however many hosts there are. */
const HOSTS_AT_ONCE = 32

/** A run of one target. Create, `start()`, await `finish()`; each case's result may be awaited on its own. */
export class Run {
  readonly target: Target
  readonly cases: readonly Case[]
  readonly now: Date
  readonly #options: RunOptions
  readonly #memo = new Map<string, Promise<Observed<unknown>>>()
  readonly #observations = new Map<string, Observed<unknown>>()
  readonly #resources = new Map<string, Map<string, Resource>>()
  readonly #limits: ConnectionLimits
  readonly #stop = new AbortController()
  /** Of the probes under way. Not AbortSignal.any(): Node keeps each combined signal that has listeners for as long as the process lives. */
  readonly #deadlines = new Set<Deadline>()
  readonly #results: Promise<Result>[]
  readonly #deliver: ((result: Result) => void)[] = []
  readonly #dates: DateSample[] = []
  #startedAt = ''
  #probes = 0
  #retries = 0
  #answered = 0
  #aborted: string | undefined
  #acting: Promise<unknown> = Promise.resolve()
  #readsDone!: Promise<void>
  #timer: NodeJS.Timeout | undefined

  constructor(target: Target, options: RunOptions) {
    this.target = target
    this.#options = options
    this.now = options.now ?? new Date()
    this.cases = planCases(target, options.catalogue, options)
    const limits = target.file.limits
    this.#limits = new ConnectionLimits(limits?.connectionsPerAddress ?? 16, limits?.connections ?? 64)
    this.#results = this.cases.map(
      () =>
        new Promise<Result>((resolve) => {
          this.#deliver.push(resolve)
        }),
    )
    options.signal?.addEventListener('abort', () => this.abort(String(options.signal?.reason ?? 'interrupted')), { once: true })
  }

  /** The result of case `index`; never rejects. */
  result(index: number): Promise<Result> {
    return this.#results[index] as Promise<Result>
  }

  /** Observes one probe outside any check, through the run's memo: for finding out what there is to judge. */
  async look<T>(probe: Probe<T>): Promise<Observed<T>> {
    return (await this.#observe(probe)) as Observed<T>
  }

  /** Closes what the looks left open, for a run that is never started. */
  async close(): Promise<void> {
    await Promise.all([...this.#resources.keys()].map((host) => this.#closeResources(host)))
  }

  /** Resolves when every case has its result. */
  async settled(): Promise<void> {
    await Promise.all(this.#results)
  }

  /** Ends everything under way; what is not judged yet becomes inconclusive with this reason. */
  abort(reason: string): void {
    if (this.#aborted !== undefined) return
    this.#aborted = reason
    const error = new ProbeError({ code: 'ABORTED', message: reason, phase: 'deadline' })
    this.#stop.abort(error)
    for (const deadline of this.#deadlines) deadline.controller.abort(error)
  }

  start(): void {
    if (this.#startedAt !== '') throw new TypeError('a run starts once')
    this.#startedAt = new Date().toISOString()
    const seconds = this.target.file.limits?.runSeconds ?? Math.max(300, this.target.hosts.length * 2)
    this.#timer = setTimeout(() => this.abort(`the run deadline of ${seconds} s passed`), seconds * 1000)
    this.#timer.unref()
    const groups = new Map<string, number[]>()
    this.cases.forEach((one, index) => {
      const host = one.subject.host?.fqdn ?? ''
      const group = groups.get(host)
      if (group === undefined) groups.set(host, [index])
      else group.push(index)
    })
    this.#readsDone = this.#runGroups([...groups])
  }

  async #runGroups(groups: readonly (readonly [string, readonly number[]])[]): Promise<void> {
    const acting: number[] = []
    const reading = async ([host, indexes]: readonly [string, readonly number[]]): Promise<void> => {
      await Promise.all(
        indexes.map(async (index) => {
          const one = this.cases[index] as Case
          if (Object.values(one.needs).some((need) => probeOf(need).impact !== 'read')) acting.push(index)
          else await this.#judgeCase(index)
        }),
      )
      if (host !== '') await this.#closeResources(host)
    }
    const queue = [...groups].sort(([a], [b]) => (a === '' ? -1 : b === '' ? 1 : 0))
    const workers = Array.from({ length: Math.min(HOSTS_AT_ONCE, queue.length) }, async () => {
      for (let group = queue.shift(); group !== undefined; group = queue.shift()) await reading(group)
    })
    await Promise.all(workers)
    // What acts on the target comes last and one by one (design §5): login, write, mail, then load and drill.
    const order = ['login', 'write', 'mail', 'load', 'drill']
    const rank = (index: number): number => Math.max(...Object.values((this.cases[index] as Case).needs).map((need) => order.indexOf(probeOf(need).impact)))
    for (const index of acting.sort((a, b) => rank(a) - rank(b))) await this.#judgeCase(index)
  }

  async finish(): Promise<RunResult> {
    await this.#readsDone
    let results = await Promise.all(this.#results)
    clearTimeout(this.#timer)
    await this.close()
    const skew = clockSkewSeconds(this.#dates)
    const vantage = { ...(await vantageOf(this.target, this.#observations)), ...(skew === undefined ? {} : { clockSkewSeconds: skew }) }
    results = results
      .map((result) => this.#judgedFrom(vantage, result))
      .sort((a, b) => (a.check < b.check ? -1 : a.check > b.check ? 1 : a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : 0))
    return {
      target: this.target,
      checks: this.#options.catalogue,
      results,
      vantage,
      observations: this.#observations,
      facts: {
        startedAt: this.#startedAt,
        finishedAt: new Date().toISOString(),
        probes: this.#probes,
        connections: this.#limits.opened,
        retries: this.#retries,
        ...(this.#aborted === undefined ? {} : { aborted: this.#aborted }),
      },
    }
  }

  /** What only this vantage's own trouble can explain is not held against the target: a wrong clock, or no network at all. */
  #judgedFrom(vantage: Vantage, result: Result): Result {
    const blind = (reason: string): Result => {
      const { code: _code, ...rest } = result
      return { ...rest, outcome: 'inconclusive', code: 'run.unobserved', blame: 'unobserved', reason }
    }
    if (
      vantage.clockSkewSeconds !== undefined &&
      Math.abs(vantage.clockSkewSeconds) > 300 &&
      this.#options.catalogue.find((one) => one.id === result.check)?.clockSensitive === true &&
      (result.outcome === 'fail' || result.outcome === 'pass' || result.outcome === 'warn')
    ) {
      return blind(`this machine's clock is ${Math.round(vantage.clockSkewSeconds)} s off the servers' clocks`)
    }
    if (result.outcome === 'fail' && this.#answered === 0 && vantage.resolver === 'failing')
      return blind('nothing answered at all: this machine has no working network')
    return result
  }

  async #judgeCase(index: number): Promise<void> {
    const one = this.cases[index] as Case
    const startedAt = new Date().toISOString()
    const start = performance.now()
    let verdict: Verdict
    let attempts = 1
    // What failed both times is as steady as what answered at once: only an answer that took two tries is doubtful.
    let answeredAt = 1
    let because: string | undefined
    if (one.settled !== undefined) verdict = one.settled
    else {
      const seen: Record<string, unknown> = {}
      const failures: { readonly probe: Probe<unknown>; readonly failure: Extract<Observed<unknown>, { ok: false }>['failure'] }[] = []
      await Promise.all(
        Object.entries(one.needs).map(async ([name, need]) => {
          const observed = await this.#observe(probeOf(need))
          attempts = Math.max(attempts, observed.attempts)
          if (observed.ok) answeredAt = Math.max(answeredAt, observed.attempts)
          if ('attempt' in need) {
            seen[name] = observed
            // Consent is not an observation: a check that asks for both sides must still not judge a probe that never ran.
            if (!observed.ok && (observed.failure.code === 'NOT_AUTHORISED' || observed.failure.code === 'ABORTED' || observed.failure.phase === 'internal'))
              failures.push({ probe: need.attempt, failure: observed.failure })
          } else if (observed.ok) seen[name] = observed.value
          else failures.push({ probe: need, failure: observed.failure })
        }),
      )
      const first = failures.find(({ failure }) => failure.phase === 'internal') ?? failures[0]
      if (first === undefined) verdict = this.#judge(one, seen)
      else {
        because = first.probe.key
        const evidence = failures.map(({ probe, failure }) => ({
          what: probe.key,
          expected: 'an answer to judge',
          received: `${failure.phase}: ${failure.message} (${failure.code})`,
        }))
        if (first.failure.code === 'NOT_AUTHORISED') verdict = skip('not-authorised', first.failure.message, evidence)
        else if (first.failure.code === 'NO_ACCESS') verdict = skip('no-access', first.failure.message, evidence)
        else if (first.failure.code === 'UNMAPPED')
          verdict = inconclusive('misused', `network.ports has no entry for this port: ${first.failure.message}`, evidence)
        else if (first.failure.phase === 'internal') verdict = inconclusive('defect', first.failure.message, evidence)
        else verdict = inconclusive('unobserved', `${first.failure.phase}: ${first.failure.message} (${first.failure.code})`, evidence)
      }
    }
    if (answeredAt > 1 && verdict.outcome === 'pass') {
      verdict = {
        outcome: 'warn',
        code: 'run.second-try',
        evidence: [{ what: 'tries', expected: 'an answer at the first try', received: `answered at try ${answeredAt}` }, ...verdict.evidence],
      }
    }
    const result = this.#resultOf(one, verdict, { startedAt, durationMs: performance.now() - start, attempts, because })
    this.#deliver[index]?.(result)
    this.#options.onResult?.(result)
  }

  #judge(one: Case, seen: Readonly<Record<string, unknown>>): Verdict {
    try {
      const verdict = one.check.judge(seen as never, { target: this.target, subject: one.subject, now: this.now, options: one.options })
      if (verdict.outcome === 'pass' && verdict.evidence.length === 0) return inconclusive('defect', 'the check passed without evidence')
      if ((verdict.outcome === 'warn' || verdict.outcome === 'fail') && !Object.hasOwn(one.check.codes, verdict.code))
        return inconclusive('defect', `the check returned the undeclared code ${verdict.code}`, verdict.evidence)
      return verdict
    } catch (error) {
      return inconclusive('defect', `judge() threw: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`)
    }
  }

  #resultOf(one: Case, verdict: Verdict, run: { startedAt: string; durationMs: number; attempts: number; because: string | undefined }): Result {
    let reproduce: string
    try {
      reproduce = one.check.reproduce(one.subject, this.target)
    } catch (error) {
      reproduce = `(reproduce() threw: ${String(error)})`
    }
    const own = this.target.file.checks?.[one.check.id]?.severity
    const graded = verdict.outcome === 'fail' || verdict.outcome === 'warn' ? verdict.severity : undefined
    return {
      check: one.check.id,
      suite: one.check.suite,
      subject: one.subject.name,
      ...(one.subject.host === undefined ? {} : { host: one.subject.host.fqdn }),
      outcome: verdict.outcome,
      severity: own ?? graded ?? one.check.severity,
      ...(verdict.outcome === 'pass' || verdict.outcome === 'skip' ? {} : { code: verdict.code }),
      ...(verdict.outcome === 'inconclusive' ? { blame: verdict.blame, reason: cap(verdict.reason) } : {}),
      ...(verdict.outcome === 'skip' ? { skip: verdict.skip, reason: cap(verdict.reason) } : {}),
      ...(run.because === undefined ? {} : { because: run.because }),
      evidence: verdict.evidence.map((item) => ({ ...item, what: cap(item.what), expected: cap(item.expected), received: cap(item.received) })),
      reproduce,
      startedAt: run.startedAt,
      durationMs: Math.round(run.durationMs * 1000) / 1000,
      attempts: run.attempts,
    }
  }

  #observe(probe: Probe<unknown>): Promise<Observed<unknown>> {
    const known = this.#memo.get(probe.key)
    if (known !== undefined) return known
    const looking = this.#look(probe).then((observed) => {
      this.#observations.set(probe.key, observed)
      if (observed.ok && probe.kind !== 'resolveHost') this.#answered += 1
      const sample = dateSample(probe, observed)
      if (sample !== undefined && this.#dates.length < 64) this.#dates.push(sample)
      this.#options.onObservation?.(probe, observed)
      return observed
    })
    this.#memo.set(probe.key, looking)
    return looking
  }

  async #look(probe: Probe<unknown>): Promise<Observed<unknown>> {
    if (probe.impact !== 'read') {
      const refusal = await this.#refusal(probe)
      if (refusal !== undefined) return this.#failed({ code: 'NOT_AUTHORISED', message: refusal, phase: 'request' })
      const turn = this.#acting.then(() => this.#tries(probe, 1))
      this.#acting = turn
      return await turn
    }
    return await this.#tries(probe, 2)
  }

  async #tries(probe: Probe<unknown>, most: number): Promise<Observed<unknown>> {
    let observed = await this.#once(probe, 1)
    if (!observed.ok && most > 1 && RETRYABLE.has(observed.failure.code) && !this.#stop.signal.aborted) {
      this.#retries += 1
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#local() ? 50 : 2_000)
        this.#stop.signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
      })
      if (!this.#stop.signal.aborted) observed = await this.#once(probe, 2)
    }
    return observed
  }

  /** Loopback answers at once or never: the pause that lets a rate-limited edge recover is not needed there. */
  #local(): boolean {
    const pins = this.target.file.network?.addresses
    return (
      pins !== undefined &&
      Object.values(pins)
        .flat()
        .every((address) => address === '::1' || address.startsWith('127.'))
    )
  }

  async #once(probe: Probe<unknown>, attempt: number): Promise<Observed<unknown>> {
    if (this.#stop.signal.aborted) return this.#failed({ code: 'ABORTED', message: this.#aborted ?? 'interrupted', phase: 'deadline' })
    this.#probes += 1
    const startedAt = new Date().toISOString()
    const start = performance.now()
    const deadline = new Deadline(probe.timeoutMs ?? (this.target.file.limits?.probeSeconds ?? 10) * 1000)
    const { signal } = deadline.controller
    this.#deadlines.add(deadline)
    let attempts = attempt
    const context: ProbeContext = {
      target: this.target,
      signal,
      observe: async <T>(inner: Probe<T>): Promise<Observed<T>> => {
        const observed = (await deadline.hold(this.#observe(inner as Probe<unknown>))) as Observed<T>
        if (observed.ok) attempts = Math.max(attempts, observed.attempts)
        return observed
      },
      connection: (address) => deadline.hold(this.#limits.acquire(address, signal)),
      log: (line) => this.#options.onLog?.(probe.key, line),
      resource: (key, open, close) => this.#resource(probe.host ?? '', key, open, close),
    }
    const done = (): { startedAt: string; durationMs: number; attempts: number } => ({ startedAt, durationMs: performance.now() - start, attempts })
    try {
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
      aborted.catch(() => {})
      const value = await Promise.race([probe.run(context), aborted])
      return { ok: true, value, ...done() }
    } catch (error) {
      if (error instanceof ProbeError) return { ok: false, failure: error.failure, ...done() }
      const message = error instanceof Error ? `${probe.kind} threw ${error.name}: ${error.message}` : `${probe.kind} threw ${String(error)}`
      this.#options.onLog?.(probe.key, error instanceof Error && error.stack !== undefined ? error.stack : message)
      return { ok: false, failure: { code: 'DEFECT', message, phase: 'internal' }, ...done() }
    } finally {
      deadline.stop()
      this.#deadlines.delete(deadline)
    }
  }

  #failed(failure: Extract<Observed<unknown>, { ok: false }>['failure']): Observed<unknown> {
    return { ok: false, failure, startedAt: new Date().toISOString(), durationMs: 0, attempts: 1 }
  }

  /** Why this probe may not run, or undefined when the owner consented (design §4). */
  async #refusal(probe: Probe<unknown>): Promise<string | undefined> {
    const host = probe.host ?? this.target.domain
    const resolved = await this.#observe(resolveHost(host))
    const addresses = resolved.ok ? (resolved.value as { addresses: readonly { address: string }[] }).addresses.map(({ address }) => address) : []
    const word = consentFor(probe.impact, this.target, addresses, undefined)
    if (word.allowed) return undefined
    if (!(this.target.file.allow as readonly string[] | undefined)?.includes(probe.impact)) return word.reason
    const proof = await this.#observe(ownershipProof(this.target))
    const judged = consentFor(probe.impact, this.target, addresses, proof.ok ? (proof.value as never) : undefined)
    return judged.allowed ? undefined : judged.reason
  }

  #resource<R>(host: string, key: string, open: () => R, close: (resource: R) => void | Promise<void>): R {
    let own = this.#resources.get(host)
    if (own === undefined) {
      own = new Map()
      this.#resources.set(host, own)
    }
    const known = own.get(key)
    if (known !== undefined) return known.value as R
    const value = open()
    own.set(key, { value, close: close })
    return value
  }

  async #closeResources(host: string): Promise<void> {
    const own = this.#resources.get(host)
    if (own === undefined) return
    this.#resources.delete(host)
    await Promise.all(
      [...own.values()].map(async ({ value, close }) => {
        try {
          await close(value as never)
        } catch {
          // Closing is a courtesy: the observation it served is made, and a peer that resets meanwhile changes no verdict.
        }
      }),
    )
  }
}

/** Everything in one call: for tests, selftest and embedding. */
export async function runTarget(target: Target, options: RunOptions): Promise<RunResult> {
  const run = new Run(target, options)
  run.start()
  return await run.finish()
}
