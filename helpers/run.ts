/**
 * Check + target -> results. A plain library: it knows no runner, no report format. Every fact is looked at once (memo by probe key); a throw of
 * ours becomes an inconclusive result with blame `defect`, never an exception and never a pass.
 */
import type { Check, Need, Subject } from './check.ts'
import { capFigure, type Figure } from './figure.ts'
import { Observer, type ObserverOptions } from './observer.ts'
import { type CleanedUp, IMPACTS, type Observed, type Probe, type Used } from './probe.ts'
import type { Seen } from './seen.ts'
import type { Target } from './target.ts'
import { clockSkewSeconds, type Vantage, vantageOf } from './vantage.ts'
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
  readonly figures?: readonly Figure[]
  /** Empty where nothing was looked at: switched off, or nothing of the kind declared. */
  readonly reproduce: string
  readonly startedAt: string
  readonly durationMs: number
  /** Most tries that any observation behind it took. */
  readonly attempts: number
  readonly waiver?: { readonly reason: string; readonly owner: string; readonly expires: string }
  /** Where evidence and reproduce lie, in place of here: in the log of results. */
  readonly stored?: Stored
}

/** A line of the log: where it begins and how long it is, in bytes. */
export interface Stored {
  readonly at: number
  readonly bytes: number
}

export interface Selection {
  readonly suites?: readonly string[]
  readonly checks?: readonly string[]
  readonly hosts?: readonly string[]
  readonly tags?: readonly string[]
}

export interface RunOptions extends Selection, ObserverOptions {
  /** Every check there is; the selection narrows it. */
  readonly catalogue: readonly Check[]
  /** The run's clock. @default the time of the start */
  readonly now?: Date
  readonly signal?: AbortSignal
  /** Each result as soon as it is known, in order of arrival. */
  readonly onResult?: (result: Result) => void
  /** What of a result stays in memory until the end. @default all of it */
  readonly keep?: (result: Result) => Result
  /** Looks that are under way already. @default its own */
  readonly observer?: Observer
}

export interface RunFacts {
  readonly startedAt: string
  readonly finishedAt: string
  readonly probes: number
  readonly connections: number
  readonly retries: number
  /** Why it ended early; undefined when every case was judged in time. */
  readonly aborted?: string
  /** By probes that act; left out where none did. */
  readonly used?: Used
  /** What had to be removed at the end; left out where nothing was left to remove. */
  readonly cleanedUp?: readonly CleanedUp[]
}

export interface RunResult {
  readonly target: Target
  readonly checks: readonly Check[]
  /** Sorted by check id, then subject. */
  readonly results: readonly Result[]
  readonly vantage: Vantage
  readonly facts: RunFacts
  readonly seen: Seen
}

/** One verdict to come: a check and one of its subjects. */
export interface Case {
  readonly check: Check
  readonly subject: Subject
  readonly options: object
  /** Set when it was decided without looking (off, or nothing of the kind declared). */
  readonly settled?: Verdict
}

type Needs = Readonly<Record<string, Need>>

/** How the line to reproduce begins where the check could not say it: a defect that costs no verdict. */
export const NO_REPRODUCTION = '(reproduce() threw'

const MAX_TEXT = 2_000
const cap = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text)
const probeOf = (need: Need): Probe<unknown> => ('attempt' in need ? need.attempt : need)
const waitOf = (needs: Needs): number => Math.max(0, ...Object.values(needs).map((need) => probeOf(need).waitsMs ?? 0))
/** Order of what acts on the target (design §5): reading first, then login, write, mail, then load and drill. */
const rankOf = (needs: Needs): number => Math.max(0, ...Object.values(needs).map((need) => IMPACTS.indexOf(probeOf(need).impact)))
/** What exhausts a limiter leaves nothing for others: it goes last, what recovers soonest first. */
const exhaustsOf = (needs: Needs): number => Math.max(0, ...Object.values(needs).map((need) => probeOf(need).exhaustsMs ?? 0))

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
      cases.push({ check, subject: none, options, settled: skip('not-selected', `switched off in the target: ${own.off}`) })
      continue
    }
    let subjects: readonly Subject[]
    try {
      subjects = check.subjects(target)
    } catch (error) {
      cases.push({ check, subject: none, options, settled: inconclusive('defect', `subjects() threw: ${String(error)}`) })
      continue
    }
    if (subjects.length === 0) {
      cases.push({ check, subject: none, options, settled: skip(check.unless.skip, check.unless.reason) })
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
          settled: inconclusive('defect', `two subjects are both named ${subject.name}`),
        })
        continue
      }
      seen.add(subject.name)
      cases.push({ check, subject, options })
    }
  }
  return cases
}

/** What a case asks for, or its verdict where that cannot be said. Made when its turn comes: all at once, thousands of hosts would not fit in memory. */
function needsOf({ check, subject, options, settled }: Case, target: Target): { readonly needs: Needs; readonly settled?: Verdict } {
  if (settled !== undefined) return { needs: {}, settled }
  try {
    return { needs: check.needs(subject, target, options) }
  } catch (error) {
    return { needs: {}, settled: inconclusive('defect', `needs() threw: ${String(error)}`) }
  }
}

/** Distinct probes that the cases ask for, and those that these ask for: what `plan` prints. Derived probes count with their declared cost. */
export function plannedProbes(cases: readonly Case[], target: Target): readonly Probe<unknown>[] {
  const probes = new Map<string, Probe<unknown>>()
  const add = (probe: Probe<unknown>): void => {
    if (probes.has(probe.key)) return
    probes.set(probe.key, probe)
    for (const other of probe.asks ?? []) add(other)
  }
  for (const one of cases) for (const need of Object.values(needsOf(one, target).needs)) add(probeOf(need))
  return [...probes.values()]
}

/** What the probes that act cost together. */
export interface PlannedCosts extends Used {
  /** Further requests at most, where the target does not do as declared. */
  readonly unexpected: number
  /** Of which what the target answers decides: the rest is exact. */
  readonly atMost: Used
}

const noUse = (): { -readonly [K in keyof Used]: Used[K] extends number ? number : Record<string, number> } => ({
  requests: 0,
  zones: {},
  logins: {},
  registrations: 0,
  mails: 0,
  bytes: 0,
  sockets: 0,
  frames: 0,
})

export function plannedCosts(probes: readonly Probe<unknown>[]): PlannedCosts {
  const [all, atMost] = [noUse(), noUse()]
  let unexpected = 0
  for (const { cost, impact } of probes) {
    if (impact === 'read') continue
    for (const sums of cost.atMost === true ? [all, atMost] : [all]) {
      for (const [name, count] of Object.entries(cost.zones ?? {})) sums.zones[name] = (sums.zones[name] ?? 0) + count
      for (const [name, count] of Object.entries(cost.logins ?? {})) sums.logins[name] = (sums.logins[name] ?? 0) + count
      sums.requests += cost.requests
      sums.registrations += cost.registrations ?? 0
      sums.mails += cost.mails ?? 0
      sums.bytes += cost.bytes ?? 0
      sums.sockets += cost.sockets ?? 0
      sums.frames += cost.frames ?? 0
    }
    unexpected += cost.unexpected ?? 0
  }
  return { ...all, unexpected, atMost }
}

/** Of the default run deadline, which is at least 300 s: hundreds of requests to a host, at the pace of an address that all hosts share. */
const SECONDS_PER_HOST = 20
/** Hosts whose cases are looked at side by side; the others wait, so that sockets and memory stay bounded however many hosts there are. */
const HOSTS_AT_ONCE = 32
const HOSTS_AT_FIRST = 16
const HOSTS_WHEN_BUSY = 8
/** Shares of the time in which this process has something to do. */
const BUSY = 0.9
const IDLE = 0.6

const DELIVERED = (): void => {}

/** A run of one target. Create, `start()`, await `finish()`; each case's result may be awaited on its own. */
export class Run {
  readonly target: Target
  readonly cases: readonly Case[]
  readonly now: Date
  readonly #options: RunOptions
  readonly #observer: Observer
  readonly #results: Promise<Result>[]
  readonly #deliver: ((result: Result) => void)[] = []
  #startedAt = ''
  #readsDone!: Promise<void>
  #timer: NodeJS.Timeout | undefined

  constructor(target: Target, options: RunOptions) {
    this.target = target
    this.#options = options
    this.now = options.now ?? new Date()
    this.cases = planCases(target, options.catalogue, options)
    this.#observer = options.observer ?? new Observer(target, options)
    this.#results = this.cases.map(
      () =>
        new Promise<Result>((resolve) => {
          this.#deliver.push(resolve)
        }),
    )
    const { signal } = options
    const end = (): void => this.abort(String(signal?.reason ?? 'interrupted'))
    if (signal?.aborted === true) end()
    else signal?.addEventListener('abort', end, { once: true })
  }

  /** The result of case `index`; never rejects. */
  result(index: number): Promise<Result> {
    return this.#results[index] as Promise<Result>
  }

  /** Resolves when every case has its result. */
  async settled(): Promise<void> {
    await Promise.all(this.#results)
  }

  /** Ends everything under way; what is not judged yet becomes inconclusive with this reason. */
  abort(reason: string): void {
    this.#observer.abort(reason)
  }

  start(): void {
    if (this.#startedAt !== '') throw new TypeError('a run starts once')
    this.#startedAt = this.#observer.startedAt ?? new Date().toISOString()
    const seconds = this.target.file.limits?.runSeconds ?? Math.max(300, this.target.hosts.length * SECONDS_PER_HOST)
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
    const acting: { readonly index: number; readonly rank: number; readonly exhausts: number }[] = []
    // Whose facts are let go when its verdicts are there: what concerns no host may ask for them, so it is judged before.
    const many = groups.length > HOSTS_AT_ONCE
    const reading = async ([host, indexes]: readonly [string, readonly number[]]): Promise<void> => {
      const asked = indexes.map((index) => ({ index, ...needsOf(this.cases[index] as Case, this.target) }))
      const read = asked.filter(({ index, needs }) => {
        const rank = rankOf(needs)
        if (rank > 0) acting.push({ index, rank, exhausts: exhaustsOf(needs) })
        return rank === 0
      })
      const waits = new Map(read.map((one) => [one, waitOf(one.needs)]))
      read.sort((a, b) => (waits.get(b) ?? 0) - (waits.get(a) ?? 0))
      await Promise.all(read.map(({ index, needs, settled }) => this.#judgeCase(index, needs, settled)))
      if (host === '') return
      await this.#observer.closeHost(host)
      if (many) this.#observer.forget(host)
    }
    const queue = [...groups].sort(([a], [b]) => (a === '' ? -1 : b === '' ? 1 : 0))
    if (many && queue[0]?.[0] === '') await reading(queue.shift() as (typeof queue)[number])
    // Where this process is the bottleneck and not the network, more hosts side by side only take memory.
    let used = performance.eventLoopUtilization()
    let active = 0
    const worker = async (): Promise<void> => {
      active += 1
      for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
        await reading(group)
        const { utilization } = performance.eventLoopUtilization(used)
        used = performance.eventLoopUtilization()
        if (utilization > BUSY && active > HOSTS_WHEN_BUSY) break
        if (utilization < IDLE && active < HOSTS_AT_ONCE && queue.length > 0) more.push(worker())
      }
      active -= 1
    }
    const more = Array.from({ length: Math.min(many ? HOSTS_AT_FIRST : HOSTS_AT_ONCE, queue.length) }, worker)
    while (more.length > 0) await more.pop()
    for (const { index } of acting.sort((a, b) => Number(a.exhausts > 0) - Number(b.exhausts > 0) || a.rank - b.rank || a.exhausts - b.exhausts)) {
      const { needs, settled } = needsOf(this.cases[index] as Case, this.target)
      await this.#judgeCase(index, needs, settled)
    }
  }

  async finish(): Promise<RunResult> {
    await this.#readsDone
    let results = await Promise.all(this.#results)
    clearTimeout(this.#timer)
    await this.#observer.cleanUp()
    await this.#observer.close()
    const skew = clockSkewSeconds(this.#observer.dates)
    const vantage = { ...vantageOf(this.target, this.#observer.questions), ...(skew === undefined ? {} : { clockSkewSeconds: skew }) }
    results = results
      .map((result) => this.#judgedFrom(vantage, result))
      .sort((a, b) => (a.check < b.check ? -1 : a.check > b.check ? 1 : a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : 0))
    return {
      target: this.target,
      checks: this.#options.catalogue,
      results,
      vantage,
      seen: this.#observer.seen,
      facts: {
        startedAt: this.#startedAt,
        finishedAt: new Date().toISOString(),
        ...this.#observer.facts,
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
    if (result.outcome === 'fail' && !this.#observer.answered && vantage.resolver === 'failing')
      return blind('nothing answered at all: this machine has no working network')
    return result
  }

  async #judgeCase(index: number, needs: Needs, settled: Verdict | undefined): Promise<void> {
    const one = this.cases[index] as Case
    const startedAt = new Date().toISOString()
    const start = performance.now()
    let verdict: Verdict
    let attempts = 1
    // What failed both times is as steady as what answered at once: only an answer that took two tries is doubtful.
    let answeredAt = 1
    let because: string | undefined
    if (settled !== undefined) verdict = settled
    else {
      const seen: Record<string, unknown> = {}
      const failures: { readonly probe: Probe<unknown>; readonly failure: Extract<Observed<unknown>, { ok: false }>['failure'] }[] = []
      await Promise.all(
        Object.entries(needs).map(async ([name, need]) => {
          const observed = await this.#observer.observe(probeOf(need))
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
          verdict = inconclusive(
            'misused',
            first.failure.message.includes('network.')
              ? `${first.failure.message}; add it there`
              : `network.ports has no entry for this: ${first.failure.message}; add it there`,
            evidence,
          )
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
    this.#options.onResult?.(result)
    this.#deliver[index]?.(this.#options.keep?.(result) ?? result)
    this.#deliver[index] = DELIVERED
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
    let reproduce = ''
    try {
      if (one.settled === undefined) reproduce = one.check.reproduce(one.subject, this.target, verdict.evidence)
    } catch (error) {
      reproduce = `${NO_REPRODUCTION}: ${String(error)})`
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
      ...(verdict.figures === undefined || verdict.figures.length === 0 ? {} : { figures: verdict.figures.slice(0, 8).map(capFigure) }),
      reproduce,
      startedAt: run.startedAt,
      durationMs: Math.round(run.durationMs * 1000) / 1000,
      attempts: run.attempts,
    }
  }
}

/** Everything in one call: for tests, selftest and embedding. */
export async function runTarget(target: Target, options: RunOptions): Promise<RunResult> {
  const run = new Run(target, options)
  run.start()
  return await run.finish()
}
