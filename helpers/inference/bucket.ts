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
/** Above it, a tick is nothing. */
const COARSE_MS = 64

type Asked = 'admitted' | 'refused'
/** Requests that overtake each other: what was let in came as late as it can have where admissions count, and as early as it can have where refusals do. */
const inOrder = (events: readonly Event[], asked: Asked): readonly Event[] =>
  events
    .map((event) => ({ event, at: asked === 'admitted' || !event.admitted ? event.late : event.early }))
    .sort((a, b) => a.at - b.at)
    .map(({ event }) => event)

/**
 * Requests that a bucket cannot explain, of those that are asked about. A bucket is the moment at which it was empty last, had it filled without
 * end since: what each request leaves open of that moment is kept.
 * @param events in the order for it
 */
function contradictions(events: readonly Event[], capacity: number, periodMs: number, asked: Asked): number {
  let least = Number.NEGATIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  let latest = Number.NEGATIVE_INFINITY
  let count = 0
  for (const { early, late, admitted, stray } of events) {
    const from = early - TICK_MS
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
      least = Math.min(most, Math.max(least, from - periodMs))
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
  let opens: readonly number[] = [Number.NEGATIVE_INFINITY]
  let weights: number[] = [1]
  let sum = 0
  for (const event of events) {
    const { at, admitted } = event
    const own = doubtOf(event)
    const chances = opens.map((open) => after(at - open, own))
    let total = 0
    for (const [index, chance] of chances.entries()) {
      const got = STRANGE + (1 - 2 * STRANGE) * (admitted ? chance : 1 - chance)
      weights[index] = (weights[index] as number) * got
      total += weights[index] as number
    }
    sum += Math.log(total)
    if (!admitted) {
      weights = weights.map((weight) => weight / total)
      continue
    }
    const moments = PLACES.map((place) => at + place * own)
    opens = moments.map((moment) => (phase === undefined ? moment : Math.floor(moment + phase) - phase) + periodMs)
    weights = [...WEIGHTS]
  }
  return sum
}

interface Likely {
  readonly periodMs: number
  /** Logarithm of the mean likelihood over what is possible. */
  readonly evidence: number
}
const PHASES = Array.from({ length: 12 }, (_, index) => (index + 0.5) / 12)
const logMean = (logs: readonly number[], weights?: readonly number[]): number => {
  const most = Math.max(...logs)
  const total = weights === undefined ? logs.length : weights.reduce((sum, one) => sum + one, 0)
  return most + Math.log(logs.reduce((sum, one, index) => sum + (weights?.[index] ?? 1) * Math.exp(one - most), 0) / total)
}

/** The middle of what is likely between two bounds. */
function likeliest(events: readonly Event[], capacity: number, leastMs: number, mostMs: number): Likely {
  const steps = 80
  const ratio = mostMs / leastMs
  const periods = Array.from({ length: steps + 1 }, (_, step) => leastMs * ratio ** (step / steps))
  const logs = periods.map((period) => (capacity === 1 ? likelihoodOfOne(events, period) : likelihood(events, capacity, period)))
  const best = Math.max(...logs)
  const weights = logs.map((log) => Math.exp(log - best))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const periodMs = Math.exp(weights.reduce((sum, weight, index) => sum + weight * Math.log(periods[index] as number), 0) / total)
  const even: Likely = { periodMs, evidence: logMean(logs) }
  if (capacity > 1 || leastMs > COARSE_MS) return even
  // Counted in whole milliseconds, a period is as long as the next whole one.
  const wholes: number[] = []
  for (let whole = Math.max(1, Math.ceil(leastMs)); whole <= Math.ceil(mostMs) && whole <= 2 * COARSE_MS; whole += 1) wholes.push(whole)
  const ticking = wholes.map((whole): Likely => ({ periodMs: whole, evidence: logMean(PHASES.map((phase) => likelihoodOfOne(events, whole, phase))) }))
  if (ticking.length === 0) return even
  const evidence = logMean(ticking.map((one) => one.evidence))
  if (evidence <= even.evidence) return even
  return { ...ticking.reduce((a, b) => (b.evidence > a.evidence ? b : a)), evidence }
}

/** Of answers so nearly alike in likelihood, none is the better explanation. */
const ALIKE = 3

/**
 * Of each whole capacity, the periods that explain every request; what is likeliest of them.
 * @param counts requests let in before the first refusal, from where the bucket may have been full
 */
export function bucketOf(events: readonly Event[], counts: readonly number[]): Bucket | undefined {
  const capacities = [...new Set(counts.flatMap((count) => Array.from({ length: 6 + Math.ceil(count * 0.25) }, (_, less) => count - less)))].filter(
    (capacity) => capacity >= 1,
  )
  const [ofAdmitted, ofRefused] = [inOrder(events, 'admitted'), inOrder(events, 'refused')]
  const admissions = (capacity: number, periodMs: number): number => contradictions(ofAdmitted, capacity, periodMs, 'admitted')
  const refusals = (capacity: number, periodMs: number): number => contradictions(ofRefused, capacity, periodMs, 'refused')
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
    leastMs: Math.min(...near.map(({ leastMs }) => leastMs)),
    mostMs: Math.max(...near.map(({ mostMs }) => mostMs)),
    fewest: Math.min(...near.map(({ capacity }) => capacity)),
    most: Math.max(...near.map(({ capacity }) => capacity)),
    misfits,
  }
}
