/**
 * The declared rate-limit zones: which of them a request falls in, what each admits, and who has used how much of it in this run. One visitor's
 * requests share a zone, whichever look sends them.
 */
import { sleep } from './sleep.ts'
import { type RateLimitZone, pathMatches, readRate, spanMs } from './target/rate-limit.ts'
import type { Target } from './target.ts'

export type { RateLimitZone } from './target/rate-limit.ts'

/** What a zone lets through, in one form. */
export interface ZoneLimit {
  /** Requests per second in the long run. */
  readonly perSecond: number
  /** Admitted at once by a zone that nobody used: burst + 1 of a bucket, the limit of a window. */
  readonly atOnce: number
  readonly kind: 'bucket' | 'fixed' | 'sliding' | 'window'
  /** Of a window. */
  readonly windowMs?: number
  readonly burst?: number
  readonly nodelay?: boolean
  /** After so long without a request it is as if nobody had used it. */
  readonly recoveryMs: number
  /** As declared: `10/min, burst 20`. */
  readonly text: string
}

/** @returns undefined where the zone has no number */
export function limitOf({ limit }: Pick<RateLimitZone, 'limit'>): ZoneLimit | undefined {
  if (limit === undefined) return undefined
  const given: Exclude<RateLimitZone['limit'], string | undefined> = typeof limit === 'string' ? { rate: limit } : limit
  const read = typeof given.rate === 'string' ? readRate(given.rate) : { count: given.rate, perMs: spanMs(given.per ?? 's') ?? Number.NaN }
  if (read === undefined || Number.isNaN(read.perMs)) return undefined
  const { burst, nodelay, kind } = given
  const perSecond = (read.count * 1_000) / read.perMs
  const plain = `${read.count} in ${read.perMs >= 1_000 ? `${read.perMs / 1_000} s` : `${read.perMs} ms`}`
  if (kind === 'bucket' || burst !== undefined || nodelay !== undefined) {
    const most = burst ?? (kind === 'bucket' && nodelay === undefined ? read.count - 1 : 0)
    return {
      perSecond,
      atOnce: Math.floor(most) + 1,
      kind: 'bucket',
      burst: Math.floor(most),
      ...(nodelay === undefined ? {} : { nodelay }),
      recoveryMs: ((Math.floor(most) + 1) * 1_000) / perSecond,
      text: `${plain}, burst ${Math.floor(most)}${nodelay === true ? ' nodelay' : nodelay === false ? ' with delay' : ''}`,
    }
  }
  return { perSecond, atOnce: Math.max(1, Math.floor(read.count)), kind: kind ?? 'window', windowMs: read.perMs, recoveryMs: read.perMs, text: plain }
}

export interface ZoneRequest {
  /** Fully qualified. */
  readonly host: string
  readonly path: string
  /** @default 'GET' */
  readonly method?: string
}

export interface Zone {
  readonly name: string
  readonly declared: RateLimitZone
  readonly limit?: ZoneLimit
  matches(request: ZoneRequest): boolean
}

const known = new WeakMap<object, readonly Zone[]>()
/** Every declared zone. */
export function zonesOf(target: Target): readonly Zone[] {
  const file = target.file.rateLimits
  if (file === undefined) return []
  let zones = known.get(file)
  if (zones === undefined) {
    zones = file.map((declared): Zone => {
      const hosts = declared.hosts?.map((name) => (name === '@' ? target.domain : `${name}.${target.domain}`).toLowerCase())
      const limit = limitOf(declared)
      return {
        name: declared.name,
        declared,
        ...(limit === undefined ? {} : { limit }),
        matches: ({ host, path, method = 'GET' }) =>
          (hosts === undefined || hosts.includes(host.toLowerCase())) &&
          (declared.methods === undefined || declared.methods.includes(method)) &&
          (declared.paths ?? ['/*']).some((pattern) => pathMatches(pattern, path)) &&
          !(declared.exempt ?? []).some((pattern) => pathMatches(pattern, path)),
      }
    })
    known.set(file, zones)
  }
  return zones
}

/** The zones that a request is counted in. */
export const zonesFor = (target: Target, request: ZoneRequest): readonly Zone[] => zonesOf(target).filter((zone) => zone.matches(request))

/** For `Probe.cost.zones`: how many of these requests each declared zone counts. */
export function zoneCosts(target: Target, requests: readonly (ZoneRequest & { readonly times?: number })[]): Readonly<Record<string, number>> {
  const costs: Record<string, number> = {}
  for (const request of requests) for (const { name } of zonesFor(target, request)) costs[name] = (costs[name] ?? 0) + (request.times ?? 1)
  return costs
}

/** Where a zone without a number stands again as if unused. */
const UNKNOWN_RECOVERY_MS = 10_000
/** Nobody waits longer for a turn: what the limiter says then is what there is to see. */
const LONGEST_TURN_MS = 130_000

interface Use {
  count: number
  lastAt: number
  /** When requests were sent, as far back as matters. */
  times: number[]
}

/** Who used how much of which zone, in this run. */
export class ZoneLedger {
  readonly #target: Target
  readonly #uses = new Map<string, Use>()
  /** Zones that were found used up by somebody before this run, and when they had been left to recover. */
  readonly #recovering = new Map<string, { readonly done: Promise<void>; doneAt: number }>()
  readonly #startedAt = performance.now()

  constructor(target: Target) {
    this.#target = target
  }

  /** Requests sent into each zone so far. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#uses].map(([name, { count }]) => [name, count]))
  }

  /** Notes requests that go out now. */
  note(request: ZoneRequest, times = 1): void {
    for (const zone of zonesFor(this.#target, request)) this.noteIn(zone, times)
  }
  noteIn(zone: Zone, times = 1): void {
    const now = performance.now()
    let use = this.#uses.get(zone.name)
    if (use === undefined) {
      use = { count: 0, lastAt: now, times: [] }
      this.#uses.set(zone.name, use)
    }
    use.count += times
    use.lastAt = now
    const { limit } = zone
    if (limit === undefined) return
    for (let time = 0; time < times; time += 1) use.times.push(now)
    // Twice the time to recover is all that the next turn asks about.
    const old = now - 2 * limit.recoveryMs
    if ((use.times[0] ?? now) < old) use.times = use.times.filter((at) => at >= old)
  }

  /** Milliseconds until a request would be within the declared limits of all its zones. */
  waitFor(request: ZoneRequest): number {
    let wait = 0
    for (const { name, limit } of zonesFor(this.#target, request)) {
      const times = this.#uses.get(name)?.times
      if (limit === undefined || times === undefined) continue
      wait = Math.max(wait, waitWithin(limit, times, performance.now()))
    }
    return Math.min(LONGEST_TURN_MS, wait)
  }

  /** Waits until a request is within the declared limits, and notes it. Rejects with the signal's reason when it aborts meanwhile. */
  async turn(request: ZoneRequest, signal: AbortSignal): Promise<void> {
    if (zonesFor(this.#target, request).length === 0) return
    for (let wait = this.waitFor(request); wait > 0; wait = this.waitFor(request)) {
      await sleep(Math.ceil(wait), signal)
      if (wait >= LONGEST_TURN_MS) break
    }
    this.note(request)
  }

  /**
   * A request within the declared limits was refused: whoever came before this run left its zones used up. Leaves each of them alone once, until it has recovered.
   * @param sentAt of the refused request, on the clock of `performance`
   * @returns whether it is worth another try: not where a limiter refuses what it is declared to admit
   */
  async recovered(request: ZoneRequest, sentAt: number, signal: AbortSignal): Promise<boolean> {
    const waits: Promise<void>[] = []
    for (const zone of zonesFor(this.#target, request)) {
      if (zone.limit === undefined) continue
      let recovering = this.#recovering.get(zone.name)
      if (recovering === undefined) {
        const started = { done: sleep(Math.min(LONGEST_TURN_MS, Math.ceil(this.settleMs(zone))), signal), doneAt: Number.POSITIVE_INFINITY }
        started.done = started.done.then(() => {
          started.doneAt = performance.now()
        })
        recovering = started
        this.#recovering.set(zone.name, recovering)
      }
      if (sentAt < recovering.doneAt) waits.push(recovering.done)
    }
    await Promise.all(waits)
    return waits.length > 0
  }

  /**
   * Milliseconds until a zone is surely as if nobody had used it: neither this run nor one that ended just before it began.
   */
  settleMs(zone: Zone): number {
    const recoveryMs = zone.limit?.recoveryMs ?? UNKNOWN_RECOVERY_MS
    const since = Math.max(this.#startedAt, this.#uses.get(zone.name)?.lastAt ?? this.#startedAt)
    return Math.max(0, since + recoveryMs * 1.02 + 5 - performance.now())
  }
}

/** Pure. @param times of earlier requests, ascending */
export function waitWithin(limit: ZoneLimit, times: readonly number[], now: number): number {
  if (limit.windowMs !== undefined) {
    const inside = times.filter((at) => at > now - (limit.windowMs as number))
    return inside.length < limit.atOnce ? 0 : (inside[inside.length - limit.atOnce] as number) + limit.windowMs - now
  }
  let level = 0
  let last = times[0] ?? now
  for (const at of times) {
    level = Math.max(0, level - ((at - last) * limit.perSecond) / 1_000) + 1
    last = at
  }
  level = Math.max(0, level - ((now - last) * limit.perSecond) / 1_000)
  return level + 1 <= limit.atOnce + 1e-9 ? 0 : ((level + 1 - limit.atOnce) * 1_000) / limit.perSecond
}
