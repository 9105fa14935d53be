/**
 * Which limiter is it? From requests with their times and what became of each: a bucket (leaky or token: from outside they are one), with or
 * without delay, a fixed or sliding window; and its numbers, each with the interval that the requests leave open. Pure.
 */

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
  /** Requests that the model does not explain. */
  readonly misfits: number
  readonly requests: number
}

/**
 * Moments that fall on no rhythm, for requests whose gaps must be of every length: what a limiter lets in is bounded as finely as the gaps differ.
 * @returns so many, ascending, above 0 and up to `spanMs`
 */
export function unevenly(count: number, spanMs: number): readonly number[] {
  let state = 0x2545f491
  const moments: number[] = []
  let sum = 0
  for (let index = 0; index < count; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    sum += 0.15 + (1.7 * state) / 0x1_0000_0000
    moments.push(sum)
  }
  return moments.map((moment) => (moment * spanMs) / sum)
}

/** Of what explains the requests so nearly alike, none is the better explanation. */
const TIE = 0.1
const MARGIN = 1
/** Clocks of servers tick in milliseconds, and both ends are late at times. */
const SLACK_MS = 1.2
/** A day; no look lasts longer. */
const LONGEST_MS = 86_400_000

interface Event {
  /** Earliest and latest moment of arrival. */
  readonly early: number
  readonly late: number
  readonly at: number
  readonly admitted: boolean
}

/**
 * On its way as long as the fastest answer took there and back. What took longer waited before the limiter (a busy machine) or behind it (a slow
 * application): nothing tells which, so both are tried.
 */
function eventsOf(arrivals: readonly Arrival[], waited: 'before' | 'behind'): readonly Event[] {
  const fastest = Math.min(...arrivals.map(({ sentMs, doneMs }) => doneMs - sentMs))
  const events = [...arrivals]
    .sort((a, b) => a.sentMs - b.sentMs)
    .map(
      ({ sentMs, doneMs, admitted }): Event => ({
        early: sentMs,
        late: Math.max(sentMs, doneMs),
        at: waited === 'behind' ? sentMs + fastest / 2 : Math.max(sentMs, doneMs - fastest / 2),
        admitted,
      }),
    )
  // Of requests that were under way at once, those that got in before the limiter was exhausted came first.
  const first = events.findIndex(({ admitted }) => !admitted)
  const refusal = events[first]
  if (refusal === undefined) return events
  const mixed = events.filter((event, index) => index >= first && event.early <= refusal.late)
  return [
    ...events.slice(0, first),
    ...mixed.filter(({ admitted }) => admitted),
    ...mixed.filter(({ admitted }) => !admitted),
    ...events.slice(first + mixed.length),
  ]
}

interface Candidate {
  readonly kind: LimiterKind
  readonly misfits: number
  readonly perSecond: Estimate
  readonly atOnce: Estimate
  readonly windowMs?: Estimate
  /** Numbers that it needed. */
  readonly parameters: number
}

const point = (value: number): Estimate => ({ value, low: value, high: value })

/** Requests that a bucket does not explain; `asked` says which count. After a surprise it goes on from what really happened. */
function replay(events: readonly Event[], capacity: number, perMs: number, asked?: 'admitted' | 'refused', doubtful = 1): number {
  let tokens = capacity
  let last = events[0]?.at ?? 0
  let misfits = 0
  // How uncertain the moment of the one before was: an answer that took long says little of when it was asked.
  let earlier = 0
  for (const { at, early, late, admitted } of events) {
    const now = tokens + Math.max(0, at - last) * perMs
    const doubt = doubtful * ((late - early) / 2 + SLACK_MS + earlier) * perMs
    if (admitted ? asked !== 'refused' && Math.min(capacity, now + doubt) < 1 - 1e-9 : asked !== 'admitted' && Math.min(capacity, now - doubt) >= 1)
      misfits += 1
    last = Math.max(last, at)
    earlier = Math.max(0, (late - early) / 2 - 3)
    tokens = admitted ? Math.max(0, Math.min(capacity, now) - 1) : Math.min(now, 1 - 1e-9)
  }
  return misfits
}
/** Least and most: the more tokens come in, the more is admitted, so each admission says "at least" and each refusal "at most". */
const LEAST_PER_MS = 1 / 86_400_000
const MOST_PER_MS = 1_000
function border(fits: (perMs: number) => boolean): number {
  let low = Math.log(LEAST_PER_MS)
  let high = Math.log(MOST_PER_MS)
  for (let step = 0; step < 34; step += 1) {
    const middle = (low + high) / 2
    if (fits(Math.exp(middle))) high = middle
    else low = middle
  }
  return Math.exp((low + high) / 2)
}

/** How far a bucket is from explaining the requests, without any doubt about their moments: what contradicts it by less than a moment is uncertain counts in part. */
function strain(events: readonly Event[], capacity: number, perMs: number): number {
  let tokens = capacity
  let last = events[0]?.at ?? 0
  let sum = 0
  for (const { at, early, late, admitted } of events) {
    const now = Math.min(capacity, tokens + Math.max(0, at - last) * perMs)
    const amiss = (admitted ? 1 - now : now - 1) / perMs
    if (amiss > 0) sum += Math.min(1, amiss / ((late - early) / 2 + SLACK_MS))
    last = Math.max(last, at)
    tokens = admitted ? Math.max(0, now - 1) : Math.min(now, 1 - 1e-9)
  }
  return sum
}
/** How many a bucket would have let through, left to itself: moments that are uncertain, one way and the other, make up for each other. */
function admittedOf(events: readonly Event[], capacity: number, perMs: number): number {
  let tokens = capacity
  let last = events[0]?.at ?? 0
  let count = 0
  for (const { at } of events) {
    tokens = Math.min(capacity, tokens + Math.max(0, at - last) * perMs)
    last = Math.max(last, at)
    if (tokens >= 1) {
      tokens -= 1
      count += 1
    }
  }
  return count
}
/** Of the possible rates, the one that explains most without any doubt about the moments. */
function likeliest(events: readonly Event[], capacity: number, low: number, high: number): { readonly perMs: number; readonly strain: number } {
  const steps = 60
  const seen = events.filter(({ admitted }) => admitted).length
  const strains = Array.from({ length: steps + 1 }, (_, step) => {
    const period = 1 / high + ((1 / low - 1 / high) * step) / steps
    return { period, strain: strain(events, capacity, 1 / period) + Math.abs(admittedOf(events, capacity, 1 / period) - seen) }
  })
  const least = Math.min(...strains.map((one) => one.strain))
  const best = strains.filter((one) => one.strain <= least + TIE)
  return { perMs: best.length / best.reduce((sum, { period }) => sum + period, 0), strain: least }
}

/** Of each whole capacity, the rates that explain every request; the capacity that leaves most room counts. */
function bucketOf(events: readonly Event[], counts: readonly number[]): Candidate | undefined {
  const feasible: { readonly capacity: number; readonly low: number; readonly high: number }[] = []
  let nearest: { readonly capacity: number; readonly perMs: number; readonly misfits: number } | undefined
  const capacities = new Set(counts.flatMap((count) => Array.from({ length: 6 + Math.ceil(count * 0.25) }, (_, less) => count - less)))
  for (const capacity of capacities) {
    if (capacity < 1) continue
    const low = border((perMs) => replay(events, capacity, perMs, 'admitted') === 0)
    const high = border((perMs) => replay(events, capacity, perMs, 'refused') > 0)
    if (low <= high) feasible.push({ capacity, low: low * 1_000, high: high * 1_000 })
    for (const perMs of [low, high, Math.sqrt(low * high)]) {
      const misfits = replay(events, capacity, perMs)
      if (nearest === undefined || misfits < nearest.misfits) nearest = { capacity, perMs, misfits }
    }
  }
  if (feasible.length === 0) {
    if (nearest === undefined) return undefined
    // Something cannot be true of what was seen; the rates that explain the rest.
    const { capacity, misfits } = nearest
    const low = border((perMs) => replay(events, capacity, perMs, 'admitted') <= misfits) * 1_000
    const high = border((perMs) => replay(events, capacity, perMs, 'refused') > misfits) * 1_000
    const value = likeliest(events, capacity, low / 1_000, high / 1_000).perMs * 1_000
    return { kind: 'bucket', misfits, perSecond: { value, low, high }, atOnce: point(capacity), parameters: 2 }
  }
  // What asks least of the doubt about moments; of those that ask as little, the one that leaves most room.
  const judged = feasible.map((one) => ({ ...one, ...likeliest(events, one.capacity, one.low / 1_000, one.high / 1_000) }))
  const least = Math.min(...judged.map(({ strain: one }) => one))
  const near = judged.filter(({ strain: one }) => one <= least + MARGIN)
  const best = near.reduce((a, b) => (b.high / b.low > (a.high / a.low) * 1.0001 ? b : a))
  return {
    kind: 'bucket',
    misfits: 0,
    perSecond: { value: best.perMs * 1_000, low: Math.min(...near.map(({ low }) => low)), high: Math.max(...near.map(({ high }) => high)) },
    atOnce: { value: best.capacity, low: Math.min(...near.map(({ capacity }) => capacity)), high: Math.max(...near.map(({ capacity }) => capacity)) },
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
  const held = arrivals.filter(({ sentMs, doneMs, admitted }) => admitted && doneMs - sentMs > 3 * fastest + 8).sort((a, b) => a.doneMs - b.doneMs)
  if (held.length < 3) return undefined
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
    longestMs: Math.max(...took),
  }
}

/**
 * The limiter that explains the requests with the fewest contradictions.
 * @param given of one key, the limiter unused before the first
 * @param hint what was declared: decides only where several explain them equally well
 */
export function inferLimiter(given: readonly Arrival[], hint: Hint = {}): FittedLimiter {
  const behind = inferFrom(given, hint, 'behind')
  // Where answers are held back on purpose, that is why they took long.
  if (behind.misfits === 0 || behind.kind === 'delaying-bucket') return behind
  const before = inferFrom(given, hint, 'before')
  return before.misfits < behind.misfits ? before : behind
}

interface Hint {
  readonly windowMs?: number
  readonly kind?: LimiterKind
}

function inferFrom(given: readonly Arrival[], hint: Hint, waited: 'before' | 'behind'): FittedLimiter {
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
  const bucket = bucketOf(
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
    perSecond: kind === 'delaying-bucket' && delay !== undefined ? delay.perSecond : best.perSecond,
    atOnce: best.atOnce,
    ...(best.windowMs === undefined ? {} : { windowMs: best.windowMs }),
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
