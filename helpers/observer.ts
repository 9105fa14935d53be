/**
 * Looks at a target: every fact once (memo by probe key), within the limits on connections, each look with its deadline, one retry of what a
 * network may do by accident, and consent for what is more than reading. Knows no check and has no opinion.
 */
import { consentFor, ownershipProof } from './consent.ts'
import { isLoopback, isPublic } from './grammar/address.ts'
import { ConnectionLimits } from './limits.ts'
import { Pace } from './pace.ts'
import { type CleanedUp, type Observed, type Probe, type ProbeContext, ProbeError, RETRYABLE, type Used, type Waiting } from './probe.ts'
import { resolveHost } from './probes/resolve.ts'
import { type Seen, SeenHosts } from './seen.ts'
import { probeMs, type Target } from './target.ts'
import { zonesFor, zonesOf, ZoneLedger, type ZoneRequest } from './zones.ts'
import { dateSample, type DateSample, type Questions } from './vantage.ts'

/** Requests per second to a public address that the owner set no limit for: what one busy visitor of a page does. */
const PUBLIC_PER_SECOND = 20

export interface ObserverOptions {
  /** Wire log, one line at a time. */
  readonly onLog?: (probe: string, line: string) => void
  readonly onWait?: (wait: Waiting) => void
  /** Every observation as it settles, for timings and saved evidence. */
  readonly onObservation?: (probe: Probe<unknown>, observed: Observed<unknown>) => void
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

/** For what is removed at the end of a run, all of it together: whoever pressed Ctrl-C waits for it. */
const CLEAN_UP_MS = 5_000

/** A promise of a probe to take something away again. */
interface Promised {
  readonly what: string
  readonly probe: Probe<unknown>
  readonly act: (context: ProbeContext) => Promise<boolean>
}

interface Resource {
  readonly value: unknown
  readonly close: (value: never) => void | Promise<void>
}

export class Observer {
  readonly target: Target
  readonly #options: ObserverOptions
  readonly #memo = new Map<string, Promise<Observed<unknown>>>()
  /** Keys of the memo by host. */
  readonly #keys = new Map<string, string[]>()
  readonly #seen: SeenHosts
  readonly #resources = new Map<string, Map<string, Resource>>()
  readonly #limits: ConnectionLimits
  readonly #zones: ZoneLedger
  readonly #paces = new Map<string, Pace>()
  readonly #stop = new AbortController()
  /** Of the probes under way. Not AbortSignal.any(): Node keeps each combined signal that has listeners for as long as the process lives. */
  readonly #deadlines = new Set<Deadline>()
  readonly #dates: DateSample[] = []
  readonly #questions = { asked: 0, answered: 0 }
  readonly #promised = new Set<Promised>()
  readonly #cleanedUp: CleanedUp[] = []
  readonly #used = {
    requests: 0,
    zones: {} as Record<string, number>,
    logins: {} as Record<string, number>,
    registrations: 0,
    mails: 0,
    bytes: 0,
    sockets: 0,
    frames: 0,
  }
  #acted = false
  #probes = 0
  #retries = 0
  /** Failures that another look was told of, and their attempts: where it fails for the same, the memory would only give it the same again. */
  readonly #passedOn = new WeakMap<object, number>()
  #answered = 0
  #aborted: string | undefined
  #startedAt: string | undefined
  #acting: Promise<unknown> = Promise.resolve()

  constructor(target: Target, options: ObserverOptions = {}) {
    this.target = target
    this.#options = options
    this.#seen = new SeenHosts(new Set(target.hosts.map(({ fqdn }) => fqdn)))
    this.#zones = new ZoneLedger(target)
    const limits = target.file.limits
    this.#limits = new ConnectionLimits(limits?.connectionsPerAddress ?? 16, limits?.connections ?? 64)
  }

  /** ISO 8601 UTC of the first look; undefined before it. */
  get startedAt(): string | undefined {
    return this.#startedAt
  }
  /** What a report shows of each host. */
  get seen(): Seen {
    return this.#seen.all
  }
  /** Questions to resolvers and name servers. */
  get questions(): Questions {
    return this.#questions
  }
  get facts(): {
    readonly probes: number
    readonly connections: number
    readonly retries: number
    readonly aborted?: string
    readonly used?: Used
    readonly cleanedUp?: readonly CleanedUp[]
  } {
    return {
      probes: this.#probes,
      connections: this.#limits.opened,
      retries: this.#retries,
      ...(this.#aborted === undefined ? {} : { aborted: this.#aborted }),
      ...(this.#acted ? { used: this.#used } : {}),
      ...(this.#cleanedUp.length === 0 ? {} : { cleanedUp: this.#cleanedUp }),
    }
  }
  /** Requests into each declared rate-limit zone so far. */
  get zoneCounts(): Readonly<Record<string, number>> {
    return this.#zones.counts
  }
  /** Something of the target or its resolvers answered, beyond pinned addresses. */
  get answered(): boolean {
    return this.#answered > 0
  }
  /** `Date` headers beside our own clock, at most 64. */
  get dates(): readonly DateSample[] {
    return this.#dates
  }

  /** Never rejects; the same key gives the same look. */
  observe<T>(probe: Probe<T>): Promise<Observed<T>> {
    return this.#observe(probe) as Promise<Observed<T>>
  }

  /** Ends everything under way and lets nothing begin: every further look fails with `ABORTED`. */
  abort(reason: string): void {
    if (this.#aborted !== undefined) return
    this.#aborted = reason
    const error = new ProbeError({ code: 'ABORTED', message: reason, phase: 'deadline' })
    this.#stop.abort(error)
    for (const deadline of this.#deadlines) deadline.controller.abort(error)
  }

  /** Does what probes promised and did not come to, within seconds and whatever ended the run. */
  async cleanUp(): Promise<void> {
    if (this.#promised.size === 0) return
    const controller = new AbortController()
    const late = new ProbeError({ code: 'TIMEOUT', message: `no time was left to remove it (${CLEAN_UP_MS / 1_000} s)`, phase: 'deadline' })
    const timer = setTimeout(() => controller.abort(late), CLEAN_UP_MS)
    const ended = new Promise<never>((_, reject) => {
      controller.signal.addEventListener('abort', () => reject(late), { once: true })
    })
    ended.catch(() => {})
    const now = <T>(work: Promise<T>): Promise<T> => work
    await Promise.all(
      [...this.#promised].map(async ({ what, probe, act }) => {
        const base = { what, ...(probe.host === undefined ? {} : { host: probe.host }) }
        try {
          const removed = await Promise.race([act(this.#contextFor(probe, controller.signal, now)), ended])
          this.#cleanedUp.push({ ...base, removed, ...(removed ? {} : { reason: 'the target did not remove it' }) })
        } catch (error) {
          this.#cleanedUp.push({ ...base, removed: false, reason: error instanceof Error ? error.message : String(error) })
        }
      }),
    )
    clearTimeout(timer)
    this.#promised.clear()
  }

  /** Lets go of what was seen of a host whose verdicts are all there: asked again, it would be looked at again. */
  forget(host: string): void {
    for (const key of this.#keys.get(host) ?? []) this.#memo.delete(key)
    this.#keys.delete(host)
  }

  /** Closes the connections kept for a host. */
  async closeHost(host: string): Promise<void> {
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

  /** Closes every connection that is kept. */
  async close(): Promise<void> {
    await Promise.all([...this.#resources.keys()].map((host) => this.closeHost(host)))
  }

  /** @param inside a probe that acts asked for it: the turn is its already */
  #observe(probe: Probe<unknown>, inside = false): Promise<Observed<unknown>> {
    const known = this.#memo.get(probe.key)
    if (known !== undefined) return known
    const looking = this.#look(probe, inside).then((observed) => {
      this.#seen.note(observed)
      if (probe.kind === 'dnsQuery') {
        this.#questions.asked += 1
        if (observed.ok) this.#questions.answered += 1
      }
      if (observed.ok && probe.kind !== 'resolveHost') this.#answered += 1
      const sample = dateSample(probe, observed)
      if (sample !== undefined && this.#dates.length < 64) this.#dates.push(sample)
      this.#options.onObservation?.(probe, observed)
      return observed
    })
    this.#memo.set(probe.key, looking)
    if (probe.host !== undefined) {
      const keys = this.#keys.get(probe.host)
      if (keys === undefined) this.#keys.set(probe.host, [probe.key])
      else keys.push(probe.key)
    }
    return looking
  }

  async #look(probe: Probe<unknown>, inside: boolean): Promise<Observed<unknown>> {
    if (probe.impact !== 'read') {
      const refusal = await this.#refusal(probe)
      if (refusal !== undefined) return this.#failed({ code: 'NOT_AUTHORISED', message: refusal, phase: 'request' })
      // Who waits for a look of his own cannot wait for his own end as well.
      if (inside) return await this.#tries(probe, 1)
      const turn = this.#acting.then(() => this.#tries(probe, 1))
      this.#acting = turn
      return await turn
    }
    return await this.#tries(probe, 2)
  }

  async #tries(probe: Probe<unknown>, most: number): Promise<Observed<unknown>> {
    let observed = await this.#once(probe, 1)
    if (!observed.ok && most > 1 && RETRYABLE.has(observed.failure.code) && !this.#passedOn.has(observed.failure) && !this.#stop.signal.aborted) {
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
    return pins !== undefined && Object.values(pins).flat().every(isLoopback)
  }

  async #once(probe: Probe<unknown>, attempt: number): Promise<Observed<unknown>> {
    if (this.#stop.signal.aborted) return this.#failed({ code: 'ABORTED', message: this.#aborted ?? 'interrupted', phase: 'deadline' })
    this.#probes += 1
    const startedAt = new Date().toISOString()
    this.#startedAt ??= startedAt
    const start = performance.now()
    const deadline = new Deadline(probe.timeoutMs ?? probeMs(this.target))
    const { signal } = deadline.controller
    this.#deadlines.add(deadline)
    let attempts = attempt
    const context: ProbeContext = {
      ...this.#contextFor(probe, signal, (work) => deadline.hold(work)),
      observe: async <T>(inner: Probe<T>): Promise<Observed<T>> => {
        const observed = (await deadline.hold(this.#observe(inner as Probe<unknown>, probe.impact !== 'read'))) as Observed<T>
        if (observed.ok) attempts = Math.max(attempts, observed.attempts)
        else this.#passedOn.set(observed.failure, observed.attempts)
        return observed
      },
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
      if (error instanceof ProbeError) {
        attempts = this.#passedOn.get(error.failure) ?? attempts
        return { ok: false, failure: error.failure, ...done() }
      }
      const message = error instanceof Error ? `${probe.kind} threw ${error.name}: ${error.message}` : `${probe.kind} threw ${String(error)}`
      this.#options.onLog?.(probe.key, error instanceof Error && error.stack !== undefined ? error.stack : message)
      return { ok: false, failure: { code: 'DEFECT', message, phase: 'internal' }, ...done() }
    } finally {
      deadline.stop()
      this.#deadlines.delete(deadline)
    }
  }

  /** @param hold lets a deadline stand still while it waits */
  #contextFor(probe: Probe<unknown>, signal: AbortSignal, hold: <T>(work: Promise<T>) => Promise<T>): ProbeContext {
    const acts = probe.impact !== 'read'
    const declared = zonesOf(this.target).length > 0
    if (acts) this.#acted = true
    const count = (request: ZoneRequest, times = 1): void => {
      if (!acts) return
      this.#used.requests += times
      for (const { name } of zonesFor(this.target, request)) this.#used.zones[name] = (this.#used.zones[name] ?? 0) + times
    }
    return {
      target: this.target,
      signal,
      observe: <T>(inner: Probe<T>): Promise<Observed<T>> => hold(this.#observe(inner as Probe<unknown>, acts)) as Promise<Observed<T>>,
      connection: (address) => hold(this.#limits.acquire(address, signal, probe.waitsMs)),
      pace: (address) => {
        const pace = this.#pace(address)
        return { turn: () => hold(pace.turn(signal)), refused: (milliseconds) => pace.refused(milliseconds), accepted: () => pace.accepted() }
      },
      zones: {
        turn: async (request) => {
          if (declared) await hold(this.#zones.turn(request, signal))
          count(request)
        },
        note: (request, times) => {
          this.#zones.note(request, times)
          count(request, times)
        },
        recovered: (request, sentAt) => (declared ? hold(this.#zones.recovered(request, sentAt, signal)) : Promise.resolve(false)),
        settleMs: (name) => Math.max(0, ...zonesOf(this.target).flatMap((zone) => (zone.name === name ? [this.#zones.settleMs(zone)] : []))),
      },
      used: ({ logins, registrations = 0, mails = 0, bytes = 0, sockets = 0, frames = 0 }) => {
        if (!acts) return
        for (const [name, times] of Object.entries(logins ?? {})) this.#used.logins[name] = (this.#used.logins[name] ?? 0) + times
        this.#used.registrations += registrations
        this.#used.mails += mails
        this.#used.bytes += bytes
        this.#used.sockets += sockets
        this.#used.frames += frames
      },
      undo: (what, act) => {
        const promised: Promised = { what, probe, act }
        this.#promised.add(promised)
        return { done: () => void this.#promised.delete(promised) }
      },
      log: (line) => this.#options.onLog?.(probe.key, line),
      waiting: (wait) => this.#options.onWait?.(wait),
      resource: (key, open, close) => this.#resource(probe.host ?? '', key, open, close),
    }
  }

  #pace(address: string): Pace {
    let pace = this.#paces.get(address)
    if (pace === undefined) {
      pace = new Pace(this.target.file.limits?.requestsPerSecond ?? (isPublic(address) ? PUBLIC_PER_SECOND : 0))
      this.#paces.set(address, pace)
    }
    return pace
  }

  #failed(failure: Extract<Observed<unknown>, { ok: false }>['failure']): Observed<unknown> {
    return { ok: false, failure, startedAt: new Date().toISOString(), durationMs: 0, attempts: 1 }
  }

  /** Why this probe may not run, or undefined when the owner consented (design §4). */
  async #refusal(probe: Probe<unknown>): Promise<string | undefined> {
    // Of no address: it acts on what it makes itself.
    if (probe.impact === 'drill') {
      const drill = consentFor('drill', this.target, [], undefined)
      return drill.allowed ? undefined : drill.reason
    }
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
}
