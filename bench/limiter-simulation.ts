/**
 * Limiters as their authors describe them, and a network between, in virtual time: hundreds of looks in a second, the same ones from the same seed.
 * Requests leave late and overtake each other, servers count in milliseconds, both ends pause at times. Knows when to ask, and shares no line with what infers.
 */
import type { Arrival } from '../helpers/inference/limiter.ts'
import { nextMoments, type Pace } from '../helpers/inference/pacing.ts'

export type Random = () => number
/** Mulberry32. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}
const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random())

/** What becomes of a request that comes then: refused (undefined), or answered after so many milliseconds. */
export type Limiter = (atMs: number) => number | undefined

interface Bucket {
  readonly perSecond: number
  readonly burst: number
}
/** ngx_http_limit_req_module: an excess in thousandths, and the difference of two clocks that tick in milliseconds. */
export const nginxBucket = ({ perSecond, burst }: Bucket, delays: boolean, phase: number): Limiter => {
  const rate = Math.floor(perSecond * 1_000)
  let excess: number | undefined
  let last = 0
  return (at) => {
    const now = Math.floor(at + phase)
    const next = excess === undefined ? 0 : Math.max(0, excess - Math.floor((rate * (now - last)) / 1_000) + 1_000)
    if (next > burst * 1_000) return undefined
    excess = next
    last = now
    return delays ? (next * 1_000) / rate : 0
  }
}
export const tokenBucket = ({ perSecond, burst }: Bucket): Limiter => {
  let tokens = burst + 1
  let last = 0
  return (at) => {
    tokens = Math.min(burst + 1, tokens + ((at - last) * perSecond) / 1_000)
    last = at
    if (tokens < 1) return undefined
    tokens -= 1
    return 0
  }
}
/** Begins with its first request, on a clock of milliseconds. */
export const fixedWindow = (limit: number, windowMs: number, phase: number): Limiter => {
  let end = Number.NEGATIVE_INFINITY
  let count = 0
  return (at) => {
    const now = Math.floor(at + phase)
    if (now >= end) {
      end = now + windowMs
      count = 0
    }
    count += 1
    return count <= limit ? 0 : undefined
  }
}
export const slidingWindow = (limit: number, windowMs: number): Limiter => {
  let taken: number[] = []
  return (at) => {
    taken = taken.filter((one) => one > at - windowMs)
    if (taken.length >= limit) return undefined
    taken.push(at)
    return 0
  }
}

/** How far away the server is, and how busy both ends are. */
interface Weather {
  /** One way at least. */
  readonly wayMs: number
  /** Beyond it: mostly so much. */
  readonly jitterMs: number
  /** A request in so many is held up far longer. */
  readonly strayOneIn: number
  readonly strayMs: number
  readonly lateMs: number
  readonly latestMs: number
  /** Pauses of either end, a second: for other work, and to collect garbage. */
  readonly pauses: number
  readonly pauseMs: number
  readonly collections: number
  readonly collectionMs: number
}
/** Loopback of a machine with other work: as recorded with two of them per core. */
export const BUSY: Weather = {
  wayMs: 0.06,
  jitterMs: 0.12,
  strayOneIn: 60,
  strayMs: 1.6,
  lateMs: 0.3,
  latestMs: 5,
  pauses: 25,
  pauseMs: 1.5,
  collections: 0.6,
  collectionMs: 20,
}
/** Another continent. */
export const FAR: Weather = { ...BUSY, wayMs: 40, jitterMs: 0.4, strayOneIn: 40, strayMs: 8 }

/** Moments at which an end does nothing, drawn as time goes on. */
function pausesOf(random: Random, { pauses, pauseMs, collections, collectionMs }: Weather): (at: number) => number {
  const known: { readonly from: number; readonly to: number }[] = []
  const gap = (): number => exponential(random, 1_000 / (pauses + collections))
  let next = gap()
  return (at) => {
    while (next <= at) {
      const to = next + (random() * (pauses + collections) < collections ? collectionMs * (0.25 + 0.75 * random()) : exponential(random, pauseMs))
      known.push({ from: next, to })
      next = to + gap()
    }
    return known.findLast(({ from, to }) => at >= from && at < to)?.to ?? at
  }
}

/** Stands for connections to a server: what is sent comes back with its times. */
class SimulatedSender {
  readonly #limiter: Limiter
  readonly #random: Random
  readonly #weather: Weather
  readonly #here: (at: number) => number
  readonly #there: (at: number) => number
  readonly #holds: boolean
  #free: number[] = []
  #now = 5
  #served = 0

  /** @param holds answers wait for the limiter: each request has a connection of its own */
  constructor(limiter: Limiter, random: Random, weather: Weather, holds = false) {
    this.#limiter = limiter
    this.#random = random
    this.#weather = weather
    this.#holds = holds
    this.#here = pausesOf(random, weather)
    this.#there = pausesOf(random, weather)
  }
  get nowMs(): number {
    return this.#now
  }
  #way(): number {
    const { wayMs, jitterMs, strayOneIn, strayMs } = this.#weather
    const random = this.#random
    return wayMs + exponential(random, jitterMs) + (random() * strayOneIn < 1 ? exponential(random, strayMs) : 0)
  }
  send(moments: readonly number[], pool: number): readonly Arrival[] {
    const { lateMs, latestMs } = this.#weather
    const random = this.#random
    while (this.#free.length < pool) this.#free.push(0)
    const flights: { sentMs: number; meetsMs: number; doneMs: number; admitted: boolean }[] = []
    for (const due of moments) {
      let sent = Math.max(due, this.#now)
      if (!this.#holds) sent = Math.max(sent, Math.min(...this.#free.slice(0, pool)))
      // Whoever is in a hurry is not late: the loop turns already.
      if (due > this.#now) sent += random() < 0.75 ? 0.03 : Math.min(latestMs, exponential(random, 4 * lateMs))
      sent = this.#here(sent)
      this.#now = sent + 0.02 + 0.08 * random()
      const meetsMs = this.#there(sent + this.#way())
      const doneMs = this.#here(meetsMs + 0.05 + this.#way())
      const wire = this.#free.indexOf(Math.min(...this.#free.slice(0, pool)))
      this.#free[wire] = doneMs
      flights.push({ sentMs: sent, meetsMs, doneMs, admitted: false })
    }
    for (const flight of [...flights].sort((a, b) => a.meetsMs - b.meetsMs)) {
      // One after the other.
      this.#served = Math.max(this.#served + 0.01, flight.meetsMs)
      const answer = this.#limiter(this.#served)
      flight.admitted = answer !== undefined
      flight.doneMs = this.#here(Math.max(flight.doneMs, this.#served + 0.05) + (answer ?? 0))
    }
    this.#now = Math.max(this.#now, ...flights.map(({ doneMs }) => doneMs))
    return flights.map(({ sentMs, doneMs, admitted }) => ({ sentMs, doneMs, admitted }))
  }
}

/** What a look sees of a limiter that nobody used: as the probe asks, but for the ways around. */
export function looked(
  plan: Pace & { readonly first: number; readonly flood: number; readonly floodAtMs: number },
  limiter: Limiter,
  random: Random,
  weather: Weather,
  holds = false,
): readonly Arrival[] {
  const sender = new SimulatedSender(limiter, random, weather, holds)
  const at = (count: number, moment: number): readonly number[] => Array.from({ length: count }, () => moment)
  const pool = holds ? 64 : 4
  const all = [...sender.send(at(plan.first, sender.nowMs), pool)]
  all.push(...sender.send(at(plan.flood, (all[0]?.sentMs ?? 0) + plan.floodAtMs), pool))
  for (let asked = 0; ; ) {
    const from = sender.nowMs
    const moments = nextMoments(plan, all, asked, from)
    if (moments.length === 0) return all
    asked += moments.length
    all.push(
      ...sender.send(
        moments.map((moment) => from + moment),
        pool,
      ),
    )
  }
}
