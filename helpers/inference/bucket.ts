/**
 * The bucket that explains requests best: what they prove (bounds that hold whenever each request was met between being sent and being answered),
 * and what they make likely within it. Pure.
 */

export interface Event {
  /** Earliest and latest moment of arrival. */
  readonly early: number
  readonly late: number
  readonly at: number
  readonly admitted: boolean
  /** It took much longer than its like: nothing tells when it was met. */
  readonly stray: boolean
}
export interface Bucket {
  readonly capacity: number
  /** Milliseconds a token: what is likeliest, and what is possible. */
  readonly periodMs: number
  readonly leastMs: number
  readonly mostMs: number
  /** After whatever it let in, it opens again most likely between these. */
  readonly opensMs: readonly [number, number]
  readonly fewest: number
  readonly most: number
  readonly misfits: number
}

/** Clocks of servers tick in milliseconds: a moment may count as one that was so much earlier. */
const TICK_MS = 1.05
/** What is ordinary between two requests on the same way. */
const JITTER_MS = 0.08
const SHORTEST_MS = 0.001
const LONGEST_MS = 86_400_000
/** One answer in so many is none of the limiter's. */
const STRANGE = 0.005
/** Clocks of two machines do not run alike. */
const LEEWAY = 1.005
/** Above it, a tick is nothing. */
const COARSE_MS = 64

type Asked = 'admitted' | 'refused'
/** When the soonest of what was let in there or later was sent. */
function soonestAfter(events: readonly Event[]): Float64Array {
  const soonest = new Float64Array(events.length)
  let least = Number.POSITIVE_INFINITY
  for (let place = events.length - 1; place >= 0; place -= 1) {
    const { early, admitted } = events[place] as Event
    if (admitted) least = Math.min(least, early)
    soonest[place] = least
  }
  return soonest
}

/** Requests as they are gone through to ask about admissions, or about refusals. */
interface Ordered {
  readonly asked: Asked
  readonly events: readonly Event[]
  /** Where admissions are asked about: {@link soonestAfter}. */
  readonly soonest?: Float64Array
}
/** Requests that overtake each other: what was let in came as late as it can have where admissions count, and as early as it can have where refusals do. */
function inOrder(given: readonly Event[], asked: Asked): Ordered {
  const events = given
    .map((event) => ({ event, at: asked === 'admitted' || !event.admitted ? event.late : event.early }))
    .sort((a, b) => a.at - b.at)
    .map(({ event }) => event)
  return { asked, events, ...(asked === 'admitted' ? { soonest: soonestAfter(events) } : {}) }
}

/**
 * Requests that a bucket cannot explain, of those that are asked about. A bucket is the moment at which it was empty last, had it filled without
 * end since: what each request leaves open of that moment is kept.
 */
function contradictions({ asked, events, soonest }: Ordered, capacity: number, periodMs: number): number {
  let least = Number.NEGATIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  let latest = Number.NEGATIVE_INFINITY
  let count = 0
  // A refusal says that little was left; of what comes while it is on its way, nothing tells which was first: it waits until all of that is counted.
  let pending: Event[] = []
  for (const [place, { early, late, admitted, stray }] of events.entries()) {
    const from = early - TICK_MS
    if (soonest !== undefined && pending.length > 0) {
      const next = soonest[place] as number
      for (const refusal of pending) if (refusal.late < next) least = Math.max(least, Math.min(most, refusal.early - TICK_MS - periodMs))
      pending = pending.filter((refusal) => refusal.late >= next)
    }
    if (admitted) {
      latest = Math.max(latest, late)
      if (stray) {
        // Counted, whenever it came.
        least += periodMs
        most = Math.max(most, late - capacity * periodMs) + periodMs
        continue
      }
      if (least > late - periodMs + 1e-6) {
        if (asked === 'admitted') count += 1
        least = from - periodMs
      }
      most = Math.max(least, Math.min(most, latest - periodMs))
      least = Math.max(least, from - capacity * periodMs) + periodMs
      most = Math.max(most, late - capacity * periodMs) + periodMs
    } else if (!stray) {
      if (most <= from - periodMs - 1e-6) {
        if (asked === 'refused') count += 1
        most = late - periodMs
      }
      if (asked === 'admitted') pending.push({ early, late, at: late, admitted, stray })
      else least = Math.min(most, Math.max(least, from - periodMs))
    }
  }
  return count
}

/** The shorter the period, the more is let in: each admission says "at most", each refusal "at least". */
function border(shorter: (periodMs: number) => boolean): number {
  let low = Math.log(SHORTEST_MS)
  let high = Math.log(LONGEST_MS)
  for (let step = 0; step < 36; step += 1) {
    const middle = (low + high) / 2
    if (shorter(Math.exp(middle))) low = middle
    else high = middle
  }
  return Math.exp((low + high) / 2)
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
/** That something happened after it should, by so much, as sure as the moments are. */
const after = (ms: number, doubtMs: number): number => sigmoid((1.7 * ms) / doubtMs)
const plausible = (chance: number): number => Math.log(STRANGE + (1 - 2 * STRANGE) * chance)
const doubtOf = ({ early, late, at }: Event): number => JITTER_MS + Math.max(late - at, at - early) / 3

/** Logarithm of how likely the answers are, of a bucket for several. */
function likelihood(events: readonly Event[], capacity: number, periodMs: number): number {
  let empty = (events[0]?.at ?? 0) - capacity * periodMs
  let doubt = 0
  let sum = 0
  for (const event of events) {
    const { at, admitted } = event
    const own = doubtOf(event)
    const chance = after(at - empty - periodMs, Math.hypot(own, doubt))
    sum += plausible(admitted ? chance : 1 - chance)
    if (admitted) {
      empty = Math.min(empty, at - periodMs)
      if (at - capacity * periodMs > empty) {
        empty = at - capacity * periodMs
        doubt = own
      }
      empty += periodMs
    } else if (at - periodMs > empty) {
      empty = at - periodMs
      doubt = own
    }
  }
  return sum
}

/** Where the last admission may really have been, in parts of its doubt, and how likely each is. */
const PLACES = [-1.6, -0.8, 0, 0.8, 1.6]
const WEIGHTS = [0.09, 0.24, 0.34, 0.24, 0.09]
/**
 * The same of a bucket for one, which opens a period after whatever it let in last.
 * @param phase of a clock that ticks in milliseconds; undefined: one that does not
 */
function likelihoodOfOne(events: readonly Event[], periodMs: number, phase?: number): number {
  const opens = new Float64Array(PLACES.length).fill(Number.NEGATIVE_INFINITY)
  const weights = Float64Array.from(WEIGHTS)
  let sum = 0
  for (const event of events) {
    const { at, admitted } = event
    const own = doubtOf(event)
    let total = 0
    for (let place = 0; place < PLACES.length; place += 1) {
      const chance = after(at - (opens[place] as number), own)
      const weight = (weights[place] as number) * (STRANGE + (1 - 2 * STRANGE) * (admitted ? chance : 1 - chance))
      weights[place] = weight
      total += weight
    }
    sum += Math.log(total)
    for (let place = 0; place < PLACES.length; place += 1) {
      if (!admitted) {
        weights[place] = (weights[place] as number) / total
        continue
      }
      const moment = at + (PLACES[place] as number) * own
      opens[place] = (phase === undefined ? moment : Math.floor(moment + phase) - phase) + periodMs
      weights[place] = WEIGHTS[place] as number
    }
  }
  return sum
}

/** Of answers so nearly alike in likelihood, none is the better explanation. */
const ALIKE = 3

/** Who sets a limit writes such a number, times a power of ten, a second or a minute. */
const WRITTEN = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8]
/** As often as not; of the others, each is as likely as the next. */
const BY_HAND = 0.5
const ROUND_MS: readonly number[] = [
  ...new Set(
    WRITTEN.flatMap((number) => [0.1, 1, 10, 100, 1_000].map((scale) => 1_000 / (number * scale))).concat(
      WRITTEN.flatMap((number) => [1, 10, 100].map((scale) => 60_000 / (number * scale))).filter((periodMs) => periodMs > 500),
    ),
  ),
]
/** How much of what limits are set to lies there; of a whole decade as much as one. */
const roundOnes = (fromMs: number, toMs: number): number =>
  (BY_HAND * ROUND_MS.filter((periodMs) => periodMs > fromMs * (1 + 1e-9) && periodMs <= toMs * (1 + 1e-9)).length) / WRITTEN.length
const shareOf = (fromMs: number, toMs: number): number => (1 - BY_HAND) * Math.log10(toMs / fromMs) + roundOnes(fromMs, toMs)

interface Likely {
  readonly periodMs: number
  /** Logarithm of how likely the answers are, whatever the period. */
  readonly evidence: number
  readonly opensMs: readonly [number, number]
}
const STEPS = 80
const PHASES = Array.from({ length: 12 }, (_, index) => (index + 0.5) / 12)
const logSum = (logs: readonly number[], weights: readonly number[]): number => {
  const most = Math.max(...logs)
  return most + Math.log(logs.reduce((sum, one, index) => sum + (weights[index] as number) * Math.exp(one - most), 0))
}

/** The middle of what is likely between two bounds. */
function likeliest(events: readonly Event[], capacity: number, leastMs: number, mostMs: number): Likely {
  const ratio = Math.max(1, mostMs / leastMs)
  const even = Array.from({ length: STEPS + 1 }, (_, step) => ({
    periodMs: leastMs * ratio ** (step / STEPS),
    weight: Math.max(1e-9, ((1 - BY_HAND) * Math.log10(ratio)) / (STEPS + 1)),
  }))
  const round = ROUND_MS.filter((periodMs) => periodMs >= leastMs && periodMs <= mostMs).map((periodMs) => ({ periodMs, weight: BY_HAND / WRITTEN.length }))
  const tried = [...even, ...round].map(({ periodMs, weight }) => ({
    periodMs,
    weight,
    log: capacity === 1 ? likelihoodOfOne(events, periodMs) : likelihood(events, capacity, periodMs),
  }))
  const best = Math.max(...tried.map(({ log }) => log))
  const shares = tried.map(({ log, weight }) => weight * Math.exp(log - best))
  const total = shares.reduce((sum, share) => sum + share, 0)
  const likely = tried.filter(({ log }) => log > best - ALIKE).map(({ periodMs }) => periodMs)
  const flowing: Likely = {
    periodMs: Math.exp(tried.reduce((sum, { periodMs }, index) => sum + (shares[index] as number) * Math.log(periodMs), 0) / total),
    evidence: best + Math.log(total),
    opensMs: [Math.min(...likely), Math.max(...likely)],
  }
  if (capacity > 1 || leastMs > COARSE_MS) return flowing
  // Counted in whole milliseconds, a period is as long as the next whole one.
  const ticking: Likely[] = []
  for (let whole = Math.max(1, Math.ceil(leastMs)); whole <= Math.ceil(mostMs) && whole <= 2 * COARSE_MS; whole += 1) {
    const share = whole === 1 ? 1 - BY_HAND : shareOf(whole - 1, whole)
    const evidence = logSum(
      PHASES.map((phase) => likelihoodOfOne(events, whole, phase)),
      PHASES.map(() => share / PHASES.length),
    )
    ticking.push({ periodMs: whole, evidence, opensMs: [whole - 1, whole] })
  }
  if (ticking.length === 0) return flowing
  const evidence = logSum(
    ticking.map((one) => one.evidence),
    ticking.map(() => 1),
  )
  const most = Math.max(evidence, flowing.evidence)
  const open = [flowing, ...ticking].filter((one) => one.evidence > most - ALIKE).map((one) => one.opensMs)
  const opensMs = [Math.min(...open.map(([from]) => from)), Math.max(...open.map(([, to]) => to))] as const
  if (evidence <= flowing.evidence) return { ...flowing, opensMs }
  return { ...ticking.reduce((a, b) => (b.evidence > a.evidence ? b : a)), evidence, opensMs }
}

/**
 * Of each whole capacity, the periods that explain every request; what is likeliest of them.
 * @param counts requests let in before the first refusal, from where the bucket may have been full
 */
export function bucketOf(events: readonly Event[], counts: readonly number[]): Bucket | undefined {
  const capacities = [...new Set(counts.flatMap((count) => Array.from({ length: 6 + Math.ceil(count * 0.25) }, (_, less) => count - less)))].filter(
    (capacity) => capacity >= 1,
  )
  const [ofAdmitted, ofRefused] = [inOrder(events, 'admitted'), inOrder(events, 'refused')]
  const admissions = (capacity: number, periodMs: number): number => contradictions(ofAdmitted, capacity, periodMs)
  const refusals = (capacity: number, periodMs: number): number => contradictions(ofRefused, capacity, periodMs)
  const rangeOf = (capacity: number, amiss: number): { readonly capacity: number; readonly leastMs: number; readonly mostMs: number } => ({
    capacity,
    leastMs: border((periodMs) => refusals(capacity, periodMs) > amiss),
    mostMs: border((periodMs) => admissions(capacity, periodMs) <= amiss),
  })
  const ranges = capacities.map((capacity) => rangeOf(capacity, 0))
  let misfits = 0
  let possible = ranges.filter(({ leastMs, mostMs }) => leastMs <= mostMs)
  if (possible.length === 0) {
    // Something cannot be true of what was seen; the periods that explain the rest.
    const tries = ranges.flatMap(({ capacity, leastMs, mostMs }) =>
      [leastMs, mostMs, Math.sqrt(leastMs * mostMs)].map((periodMs) => ({
        capacity,
        misfits: admissions(capacity, periodMs) + refusals(capacity, periodMs),
      })),
    )
    if (tries.length === 0) return undefined
    const nearest = tries.reduce((a, b) => (b.misfits < a.misfits ? b : a))
    misfits = nearest.misfits
    const { leastMs, mostMs } = rangeOf(nearest.capacity, misfits)
    possible = [{ capacity: nearest.capacity, leastMs: Math.min(leastMs, mostMs), mostMs: Math.max(leastMs, mostMs) }]
  }
  const judged = possible.map((one) => ({ ...one, ...likeliest(events, one.capacity, one.leastMs, one.mostMs) }))
  const best = judged.reduce((a, b) => (b.evidence > a.evidence ? b : a))
  const near = judged.filter(({ evidence }) => evidence >= best.evidence - ALIKE)
  return {
    capacity: best.capacity,
    periodMs: best.periodMs,
    leastMs: Math.min(best.periodMs, ...near.map(({ leastMs }) => leastMs / LEEWAY)),
    mostMs: Math.max(best.periodMs, ...near.map(({ mostMs }) => mostMs * LEEWAY)),
    fewest: Math.min(...near.map(({ capacity }) => capacity)),
    most: Math.max(...near.map(({ capacity }) => capacity)),
    opensMs: best.opensMs,
    misfits,
  }
}
