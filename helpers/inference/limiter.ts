/**
 * Which limiter is it? From requests with their times and what became of each: a bucket (leaky or token: from outside they are one), with or
 * without delay, a fixed or sliding window; and its numbers, each with the interval that the requests leave open. Pure.
 */

import { bucketOf, type Event } from './bucket.ts'

export interface Arrival {
  /** Milliseconds: it was written then, and its answer was complete then; it arrived somewhere between. */
  readonly sentMs: number
  readonly doneMs: number
  readonly admitted: boolean
}

export type LimiterKind = 'bucket' | 'delaying-bucket' | 'fixed' | 'sliding' | 'none' | 'never-recovers' | 'unknown'

export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
}

export interface FittedLimiter {
  readonly kind: LimiterKind
  /** Kinds that explain the requests as well. */
  readonly alsoPossible: readonly LimiterKind[]
  /** Requests per second in the long run. */
  readonly perSecond?: Estimate
  /** Admitted at once by an unused limiter: burst + 1 of a bucket, the limit of a window. */
  readonly atOnce?: Estimate
  readonly windowMs?: Estimate
  /** Of a bucket: after whatever it let in last, it lets in again most likely between these. */
  readonly opensMs?: readonly [number, number]
  /** Requests that the model does not explain. */
  readonly misfits: number
  readonly requests: number
}

/** What two ways that are alike may differ by. */
const EVEN_MS = 0.2
/** Longer than twice what is usual, by so much: held up on the way. */
const STRAY_MS = 2
/** Clocks of servers tick in milliseconds, and both ends are late at times. */
const SLACK_MS = 1.2
/** A day; no look lasts longer. */
const LONGEST_MS = 86_400_000

/**
 * Where what took longer than the fastest answer waited: before the limiter (a busy machine), behind it (a slow application), or behind it as far as
 * refusals, which never get there, were quicker (a slow application behind a quick limiter).
 */
type Waited = 'before' | 'behind' | 'application'

/** How long requests of one fate took, in order. */
const tookOf = (arrivals: readonly Arrival[], admitted: boolean): readonly number[] =>
  arrivals
    .filter((one) => one.admitted === admitted)
    .map(({ sentMs, doneMs }) => doneMs - sentMs)
    .sort((a, b) => a - b)
const medianOf = (took: readonly number[]): number => took[Math.floor(took.length / 2)] ?? 0
/** A refusal passes all that comes before the limiter: what is let in was met after as long. */
const reachOf = (arrivals: readonly Arrival[]): number => {
  const refused = tookOf(arrivals, false)
  return STRAY_MS + 2 * (refused[Math.floor(refused.length * 0.95)] ?? Number.POSITIVE_INFINITY)
}

/** On its way as long as the fastest answer took there and back. Of what took longer nothing tells where it waited, so each is tried. */
function eventsOf(arrivals: readonly Arrival[], waited: Waited): readonly Event[] {
  const fastest = Math.min(...arrivals.map(({ sentMs, doneMs }) => doneMs - sentMs))
  // What is let in may take long behind the limiter: told from its own kind.
  const [letIn, turnedAway] = [medianOf(tookOf(arrivals, true)), medianOf(tookOf(arrivals, false))]
  const reach = waited === 'application' ? reachOf(arrivals) : Number.POSITIVE_INFINITY
  const events = arrivals
    .map(({ sentMs, doneMs, admitted }): Event => {
      const took = Math.min(doneMs - sentMs, admitted ? reach : Number.POSITIVE_INFINITY)
      return {
        early: sentMs,
        // The way there and back takes about as long as the fastest did: left out, for it is the same for all.
        late: Math.max(sentMs, sentMs + took - Math.max(0, 0.95 * fastest - EVEN_MS)),
        at: waited === 'before' ? Math.max(sentMs, doneMs - fastest) : sentMs,
        admitted,
        stray: took > STRAY_MS + 2 * (admitted ? letIn : turnedAway),
      }
    })
    // Alone on its way, it was overtaken by none and overtook none.
    .map((event, _, all) => ({
      ...event,
      stray: event.stray && all.some((one) => one.admitted && one.at !== event.at && one.early <= event.late && event.early <= one.late),
    }))
    .sort((a, b) => a.at - b.at)
  // Of requests that were under way at once, those that got in before the limiter was exhausted came first.
  const exhausted = Math.min(...events.filter(({ admitted }) => !admitted).map(({ late }) => late))
  const before = events.filter(({ admitted, early }) => admitted && early <= exhausted)
  return [...before, ...events.filter((event) => !before.includes(event))]
}

interface Candidate {
  readonly kind: LimiterKind
  readonly misfits: number
  readonly perSecond: Estimate
  readonly atOnce: Estimate
  readonly windowMs?: Estimate
  readonly opensMs?: readonly [number, number]
  /** Numbers that it needed. */
  readonly parameters: number
}

const point = (value: number): Estimate => ({ value, low: value, high: value })

const bucketCandidate = (events: readonly Event[], counts: readonly number[]): Candidate | undefined => {
  const found = bucketOf(events, counts)
  if (found === undefined) return undefined
  const { capacity, periodMs, leastMs, mostMs, opensMs, fewest, most, misfits } = found
  return {
    kind: 'bucket',
    misfits,
    perSecond: { value: 1_000 / periodMs, low: 1_000 / mostMs, high: 1_000 / leastMs },
    atOnce: { value: capacity, low: fewest, high: most },
    opensMs,
    parameters: 2,
  }
}

/** Length of a window whose first request was event `first` and that let the next one in between two events. */
const spanOf = (events: readonly Event[], first: number, refused: number, admitted: number): Estimate | undefined => {
  const [a, r, b] = [events[first], events[refused], events[admitted]]
  if (a === undefined || r === undefined || b === undefined) return undefined
  const low = Math.max(1, r.early - a.late - SLACK_MS)
  const high = b.late - a.early + SLACK_MS
  const value = (r.at + b.at) / 2 - a.at
  return high > low ? { value: Math.max(value, 1), low, high } : undefined
}

function fixedMisfits(events: readonly Event[], limit: number, value: number, boundary?: number): number {
  let start: number | undefined = boundary
  let count = 0
  let misfits = 0
  for (const event of events) {
    const width = Math.min((event.late - event.early) / 2 + SLACK_MS, value / 10)
    if (start === undefined) start = event.at
    if (event.at >= start + value) {
      // Anchored at the first request after its end, or at the clock.
      start = boundary === undefined ? event.at : start + value * Math.floor((event.at - start) / value)
      count = 0
    }
    const nearEnd = Math.abs(event.at - (start + value)) <= width || (boundary !== undefined && Math.abs(event.at - start) <= width)
    if (event.admitted) {
      if (count >= limit) {
        if (nearEnd) {
          start = boundary === undefined ? event.at : start + (event.at - start > value / 2 ? value : 0)
          count = 0
        } else misfits += 1
      }
      count += 1
    } else if (count < limit && !(nearEnd || (boundary === undefined && event.at - start <= width))) misfits += 1
    else if (count < limit && nearEnd && boundary === undefined && event.at === start) {
      // Refused a moment before the end that the model saw a moment too early.
      start = event.at - value
      count = limit
    }
  }
  return misfits
}

function slidingMisfits(events: readonly Event[], limit: number, value: number): number {
  const taken: Event[] = []
  let misfits = 0
  for (const event of events) {
    const width = Math.min((event.late - event.early) / 2 + SLACK_MS, value / 10)
    const surely = taken.filter(({ at }) => at > event.at - value + width).length
    const perhaps = taken.filter(({ at }) => at > event.at - value - width).length
    if (event.admitted) {
      if (surely >= limit) misfits += 1
      taken.push(event)
    } else if (perhaps < limit) misfits += 1
  }
  return misfits
}

/** Answers that were held back: the admitted ones leave one behind the other, so many a second. */
function delayOf(arrivals: readonly Arrival[]): { readonly perSecond: Estimate; readonly delayed: number; readonly longestMs: number } | undefined {
  const took = arrivals.map(({ sentMs, doneMs }) => doneMs - sentMs)
  const fastest = Math.min(...took)
  // What the application takes for each of them holds nobody back behind another.
  const atOnce = tookOf(arrivals, true)[0] ?? 0
  const ordinaryMs = atOnce + 2 * fastest + 8
  const letIn = arrivals.filter(({ admitted }) => admitted)
  const held = letIn.filter(({ sentMs, doneMs }) => doneMs - sentMs > ordinaryMs).sort((a, b) => a.doneMs - b.doneMs)
  if (held.length < 3) return undefined
  // Nobody goes past a queue: where others do, it is the application that takes longer for some.
  const passed = held.filter((one) =>
    letIn.some(({ sentMs, doneMs }) => doneMs - sentMs <= ordinaryMs && sentMs > one.sentMs + SLACK_MS && sentMs < one.doneMs - ordinaryMs),
  )
  if (passed.length > 0.2 * held.length) return undefined
  // Only answers that a queue stood behind follow one another at its pace.
  const gaps = held.slice(1).map(({ doneMs }, index) => doneMs - (held[index] as Arrival).doneMs)
  const sorted = [...gaps].sort((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] as number
  // Shorter ones are a busy machine's.
  if (!(median > 4 + fastest)) return undefined
  const even = gaps.filter((gap) => Math.abs(gap - median) <= 0.35 * median + SLACK_MS)
  if (even.length < 2 || even.length < gaps.length * 0.7) return undefined
  const mean = even.reduce((sum, gap) => sum + gap, 0) / even.length
  const error = SLACK_MS / Math.sqrt(even.length)
  return {
    perSecond: { value: 1_000 / mean, low: 1_000 / (mean + error), high: 1_000 / Math.max(mean - error, 0.01) },
    delayed: held.length,
    longestMs: Math.max(...took) - atOnce,
  }
}

/** The pace at which answers leave, unless what was let in proves another. */
function leavingAt(pace: Estimate, { perSecond, misfits }: Candidate): Estimate {
  if (misfits > 0) return pace
  if (pace.value < perSecond.low || pace.value > perSecond.high) return perSecond
  return { value: pace.value, low: Math.min(pace.low, perSecond.low), high: Math.max(pace.high, Math.min(perSecond.high, 1.2 * pace.high)) }
}

/**
 * The limiter that explains the requests with the fewest contradictions.
 * @param given of one key, the limiter unused before the first
 * @param hint what was declared: decides only where several explain them equally well
 */
export function inferLimiter(given: readonly Arrival[], hint: Hint = {}): FittedLimiter {
  // What says most of the moments, where the requests allow it.
  const slow = medianOf(tookOf(given, true)) > reachOf(given)
  let best: FittedLimiter | undefined
  for (const waited of slow ? (['application', 'behind', 'before'] as const) : (['behind', 'before'] as const)) {
    const found = inferFrom(given, hint, waited)
    if (best === undefined || found.misfits < best.misfits) best = found
    // Where answers are held back on purpose, that is why they took long.
    if (best.misfits === 0 || best.kind === 'delaying-bucket') break
  }
  return best as FittedLimiter
}

interface Hint {
  readonly windowMs?: number
  readonly kind?: LimiterKind
}

function inferFrom(given: readonly Arrival[], hint: Hint, waited: Waited): FittedLimiter {
  const requests = given.length
  const arrivals = given.filter(({ sentMs, doneMs }) => Math.abs(sentMs) <= LONGEST_MS && Math.abs(doneMs) <= LONGEST_MS)
  const none = { alsoPossible: [], misfits: 0, requests } as const
  if (arrivals.length === 0) return { kind: 'unknown', ...none }
  const delay = delayOf(arrivals)
  // A queue that leaves at an even pace is the limiter's own: it was met at once, and held back behind.
  const queued = delay !== undefined && delay.longestMs > 1_800 / delay.perSecond.value
  const fastest = Math.min(...arrivals.map(({ sentMs, doneMs }) => doneMs - sentMs))
  const events = eventsOf(
    queued ? arrivals.map((one) => (one.admitted ? { ...one, doneMs: Math.min(one.doneMs, one.sentMs + fastest) } : one)) : arrivals,
    waited,
  )
  const firstRefusal = events.findIndex(({ admitted }) => !admitted)
  if (firstRefusal < 0) {
    if (delay === undefined) return { kind: 'none', ...none }
    return { kind: 'delaying-bucket', perSecond: delay.perSecond, ...none }
  }
  if (firstRefusal === 0) return { kind: 'unknown', ...none }
  if (!events.some(({ admitted }, index) => admitted && index > firstRefusal))
    return {
      kind: 'never-recovers',
      ...none,
      atOnce: point(firstRefusal),
      ...(delay === undefined ? {} : { kind: 'delaying-bucket', perSecond: delay.perSecond }),
    }
  const candidates: Candidate[] = []
  // A pause before the first refusal is where a bucket may have filled again.
  const starts = [0]
  for (let index = 1; index <= firstRefusal && starts.length < 6; index += 1)
    if ((events[index] as Event).at - (events[index - 1] as Event).at > 20) starts.push(index)
  const bucket = bucketCandidate(
    events,
    starts.map((from) => firstRefusal - from),
  )
  if (bucket !== undefined) candidates.push(bucket)
  // Windows: how many until the first refusal, or since a pause before it.
  const counts = starts.map((from) => firstRefusal - from).filter((count) => count > 0)
  const reopened = events.findIndex(({ admitted }, index) => index > firstRefusal && admitted)
  if (reopened > 0) {
    for (const [place, limit] of counts.entries()) {
      const from = starts[place] as number
      for (const first of new Set([0, from])) {
        const span = spanOf(events, first, reopened - 1, reopened)
        // Windows hardly longer than moments are uncertain explain anything.
        if (span === undefined || span.low < 0.3 * span.high) continue
        const lengths = hint.windowMs !== undefined && hint.windowMs >= span.low && hint.windowMs <= span.high ? [hint.windowMs, span.value] : [span.value]
        for (let step = 0; step <= 16; step += 1) lengths.push(span.low + ((span.high - span.low) * step) / 16)
        for (const [kind, misfitsOf] of [
          ['fixed', fixedMisfits],
          ['sliding', slidingMisfits],
        ] as const) {
          let best = Number.POSITIVE_INFINITY
          let value = span.value
          for (const length of lengths) {
            const misfits = misfitsOf(events, limit, length)
            if (misfits < best) {
              best = misfits
              value = length
            }
          }
          candidates.push({
            kind,
            misfits: best,
            perSecond: { value: (limit * 1_000) / value, low: (limit * 1_000) / span.high, high: (limit * 1_000) / span.low },
            atOnce: point(limit),
            windowMs: { ...span, value },
            parameters: 2,
          })
        }
      }
      // By the clock: the boundary lies before the first request, and one more where it let in again.
      const open = events[reopened] as Event
      const width = hint.windowMs
      if (width !== undefined) {
        const windowMs = { value: width, low: width * 0.98, high: width * 1.02 }
        const boundary = open.at - width * Math.ceil((open.at - (events[0] as Event).at) / width)
        candidates.push({
          kind: 'fixed',
          misfits: fixedMisfits(events, limit, width, boundary),
          perSecond: point((limit * 1_000) / width),
          atOnce: point(limit),
          windowMs,
          parameters: 3,
        })
      }
    }
  }
  if (candidates.length === 0) return { kind: 'unknown', ...none, atOnce: point(firstRefusal) }
  const score = (one: Candidate): number => one.misfits + (one.parameters - 2) * 0.5 + (hint.kind === one.kind ? -0.25 : 0)
  const openness = ({ perSecond }: Candidate): number => (perSecond.high - perSecond.low) / perSecond.value
  const best = candidates.reduce((a, b) => (score(b) < score(a) || (a.kind === b.kind && score(b) === score(a) && openness(b) < openness(a)) ? b : a))
  const kind = best.kind === 'bucket' && queued ? 'delaying-bucket' : best.kind
  const alsoPossible = [...new Set(candidates.filter((one) => one.kind !== best.kind && one.misfits <= best.misfits).map((one) => one.kind))]
  return {
    kind,
    alsoPossible,
    perSecond: kind === 'delaying-bucket' && delay !== undefined ? leavingAt(delay.perSecond, best) : best.perSecond,
    atOnce: best.atOnce,
    ...(best.windowMs === undefined ? {} : { windowMs: best.windowMs }),
    ...(best.opensMs === undefined ? {} : { opensMs: best.opensMs }),
    misfits: best.misfits,
    requests,
  }
}

/** Most requests that a fitted limiter would have let through, from an unused start: for pictures. */
export function admittedBy(fitted: FittedLimiter, atMs: number): number | undefined {
  const { atOnce, perSecond, windowMs, kind } = fitted
  if (atOnce === undefined) return undefined
  if (kind === 'fixed' || kind === 'sliding') return atOnce.value * (1 + Math.floor(atMs / (windowMs?.value ?? Number.POSITIVE_INFINITY)))
  return atOnce.value + (atMs * (perSecond?.value ?? 0)) / 1_000
}
