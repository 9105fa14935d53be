/**
 * When the requests go out that time a limiter. A bucket for several shows its rate by how many it lets in; a bucket for one by nothing but the
 * moments at which it opens, so that these are looked for ever more closely. Pure.
 */
import { type Arrival, inferLimiter } from './limiter.ts'

export interface Pace {
  readonly paced: number
  /** How long those at the beginning are spread over. */
  readonly pacedMs: number
  /** So many of them; the others are sent where the limiter opens. */
  readonly broad: number
}

/** Linear congruential: the same moments each time, on no rhythm. */
const scattered = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 0x1_0000_0000
  }
}

/**
 * Moments that fall on no rhythm, for requests whose gaps must be of every length: what a limiter lets in is bounded as finely as the gaps differ.
 * @returns so many, ascending, above 0 and up to `spanMs`
 */
export function unevenly(count: number, spanMs: number): readonly number[] {
  const random = scattered(0x2545f491)
  const moments: number[] = []
  let sum = 0
  for (let index = 0; index < count; index += 1) {
    sum += 0.15 + 1.7 * random()
    moments.push(sum)
  }
  return moments.map((moment) => (moment * spanMs) / sum)
}

/** Around the moment at which it opens, each time. */
const CLOSELY = 2
/** Moments are sure to so much at best; a bucket is as full again a little later than it must be. */
const SURE_MS = 1.5
const MARGIN_MS = 0.2
/** Longest for all that is looked at closely. */
const MOST_MS = 2_500

/**
 * @param seen everything that the limiter counted so far
 * @param asked how many of the paced ones were sent
 * @returns milliseconds from `nowMs` on, ascending; none: enough was seen
 */
export function nextMoments({ paced, pacedMs, broad }: Pace, seen: readonly Arrival[], asked: number, nowMs: number): readonly number[] {
  const left = paced - asked
  if (left <= 0) return []
  if (asked === 0) return unevenly(Math.min(broad, paced), pacedMs)
  const { kind, atOnce, perSecond, opensMs } = inferLimiter(seen, { kind: 'bucket' })
  const mostMs = 1_000 / (perSecond?.low ?? Number.NaN)
  const rounds = Math.ceil(left / (CLOSELY + 1))
  if (kind !== 'bucket' || atOnce?.value !== 1 || opensMs === undefined || !(2 * mostMs * rounds <= MOST_MS)) return unevenly(left, (pacedMs * left) / broad)
  // Once it is full for certain, one that is let in; then close to where it opens again. Twice, before anything is concluded.
  const random = scattered(Math.imul(asked, 0x9e3779b1))
  const from = Math.max(0, opensMs[0] - MARGIN_MS)
  const span = opensMs[1] + MARGIN_MS - from
  const last = Math.max(...seen.filter(({ admitted }) => admitted).map(({ doneMs }) => doneMs))
  let full = Math.max(0, last + mostMs + SURE_MS - nowMs)
  const moments: number[] = []
  for (let round = 0; round < 2; round += 1) {
    const start = full
    const shift = random()
    moments.push(start, ...Array.from({ length: CLOSELY }, (_, index) => start + from + (span * (index + shift)) / CLOSELY))
    full = start + from + span + mostMs + SURE_MS
  }
  return moments.slice(0, left)
}
