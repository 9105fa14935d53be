import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Arrival, inferLimiter } from './limiter.ts'
import { unevenly } from './pacing.ts'

type Limiter = (atMs: number) => boolean
/** Limiters as their authors describe them; none shares a line with what infers them. */
const leaky = (perSecond: number, burst: number): Limiter => {
  let excess: number | undefined
  let last = 0
  return (at) => {
    const next = excess === undefined ? 0 : Math.max(0, excess - ((at - last) * perSecond) / 1_000 + 1)
    if (next > burst + 1e-9) return false
    excess = next
    last = at
    return true
  }
}
const fixed = (limit: number, windowMs: number): Limiter => {
  let end = Number.NEGATIVE_INFINITY
  let count = 0
  return (at) => {
    if (at >= end) {
      end = at + windowMs
      count = 0
    }
    count += 1
    return count <= limit
  }
}
const aligned = (limit: number, windowMs: number, phase: number): Limiter => {
  let window = Number.NaN
  let count = 0
  return (at) => {
    const now = Math.floor((at + phase) / windowMs)
    if (now !== window) {
      window = now
      count = 0
    }
    count += 1
    return count <= limit
  }
}
const sliding = (limit: number, windowMs: number): Limiter => {
  let taken: number[] = []
  return (at) => {
    taken = taken.filter((one) => one > at - windowMs)
    if (taken.length >= limit) return false
    taken.push(at)
    return true
  }
}
/** Each arrives somewhere between being sent and being answered. */
const ask = (limiter: Limiter, times: readonly number[], jitter: readonly number[] = []): readonly Arrival[] => {
  const sent = times.map((at, index) => ({ at, arrives: at + 0.4 + (jitter[index % Math.max(1, jitter.length)] ?? 0) }))
  const order = [...sent.keys()].sort((a, b) => (sent[a]?.arrives ?? 0) - (sent[b]?.arrives ?? 0))
  const admitted: boolean[] = []
  for (const index of order) admitted[index] = limiter(sent[index]?.arrives ?? 0)
  return sent.map(({ at, arrives }, index) => ({ sentMs: at, doneMs: arrives + 0.4, admitted: admitted[index] === true }))
}
/** A flood, then evenly spaced requests: as a zone with a burst is asked. */
const flooded = (flood: number, paced: number, spanMs: number): readonly number[] => [
  ...Array.from({ length: flood }, (_, index) => index * 0.3),
  ...unevenly(paced, spanMs).map((at) => flood * 0.3 + at),
]
/** Some, the rest half a window later, then evenly until it opens again: as a window is asked. */
const halved = (limit: number, windowMs: number, paced: number): readonly number[] => [
  ...Array.from({ length: Math.min(12, Math.max(2, Math.floor(limit / 3))) }, (_, index) => index * 0.3),
  ...Array.from({ length: limit + 4 }, (_, index) => windowMs / 2 + index * 0.3),
  ...Array.from({ length: paced }, (_, index) => windowMs / 2 + (limit + 4) * 0.3 + ((index + 1) * windowMs * 1.06) / paced),
]
const jitters = fc.array(fc.double({ min: 0, max: 0.4, noNaN: true }), { minLength: 1, maxLength: 20 })

describe('what the requests tell', () => {
  test('a bucket: rate within 5 %, burst within 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 200 }), fc.integer({ min: 0, max: 200 }), jitters, (perSecond, burst, jitter) => {
        const flood = Math.ceil(1.15 * (burst + 1) + 0.06 * perSecond) + 6
        const spanMs = Math.max(1_300 / perSecond, 500)
        const arrivals = ask(leaky(perSecond, burst), flooded(flood, Math.max(40, Math.ceil((1.3 * perSecond * spanMs) / 1_000)), spanMs), jitter)
        const found = inferLimiter(arrivals, { kind: 'bucket' })
        expect(found.kind).toBe('bucket')
        expect(Math.abs((found.perSecond?.value ?? 0) / perSecond - 1)).toBeLessThan(0.065)
        expect(Math.abs((found.atOnce?.value ?? 0) - burst - 1)).toBeLessThanOrEqual(1)
        expect(found.misfits).toBeLessThanOrEqual(1)
      }),
      { numRuns: 50 },
    )
  })
  describe.each([
    [1, 6],
    [50, 120],
    [200, 600],
  ])('before an application that takes %i to %i ms', (least, most) => {
    // What is let in is answered later than what came after it and was refused.
    const waits = fc.array(fc.double({ min: least, max: most, noNaN: true }), { minLength: 1, maxLength: 20 })
    const slowly = (arrivals: readonly Arrival[], own: readonly number[]): readonly Arrival[] =>
      arrivals.map((one, index) => (one.admitted ? { ...one, doneMs: one.doneMs + (own[index % own.length] as number) } : one))
    test('a bucket', () => {
      fc.assert(
        fc.property(fc.integer({ min: 5, max: 50 }), fc.integer({ min: 3, max: 40 }), waits, (perSecond, burst, own) => {
          const spanMs = Math.max(1_300 / perSecond, 500)
          const times = flooded(burst + 12, Math.max(40, Math.ceil((1.3 * perSecond * spanMs) / 1_000)), spanMs)
          const found = inferLimiter(slowly(ask(leaky(perSecond, burst), times), own), { kind: 'bucket' })
          expect(found).toMatchObject({ kind: 'bucket', misfits: 0, atOnce: { value: burst + 1 } })
          expect(Math.abs((found.perSecond?.value ?? 0) / perSecond - 1)).toBeLessThan(0.05)
        }),
        { numRuns: 40 },
      )
    })
    test.each([
      ['fixed', fixed],
      ['sliding', sliding],
    ] as const)('a %s window', (kind, limiter) => {
      fc.assert(
        fc.property(fc.integer({ min: 4, max: 60 }), fc.integer({ min: 300, max: 5_000 }), waits, (limit, windowMs, own) => {
          const found = inferLimiter(slowly(ask(limiter(limit, windowMs), halved(limit, windowMs, 48)), own), { windowMs, kind })
          expect(found).toMatchObject({ kind, misfits: 0, atOnce: { value: limit } })
          expect(Math.abs((found.perSecond?.value ?? 0) / ((limit * 1_000) / windowMs) - 1)).toBeLessThan(0.05)
        }),
        { numRuns: 40 },
      )
    })
  })
  test('a slow bucket: ten a minute', () => {
    const found = inferLimiter(ask(leaky(1 / 6, 20), flooded(31, 40, 7_800)))
    expect(found).toMatchObject({ kind: 'bucket', atOnce: { value: 21 }, misfits: 0 })
    expect(Math.abs((found.perSecond?.value ?? 0) * 6 - 1)).toBeLessThan(0.05)
  })
  test('a window that begins with its first request', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 60 }), fc.integer({ min: 300, max: 5_000 }), jitters, (limit, windowMs, jitter) => {
        const found = inferLimiter(ask(fixed(limit, windowMs), halved(limit, windowMs, 48), jitter))
        expect(found.kind).toBe('fixed')
        expect(found.atOnce?.value).toBe(limit)
        expect(Math.abs((found.windowMs?.value ?? 0) / windowMs - 1)).toBeLessThan(0.05)
      }),
      { numRuns: 50 },
    )
  })
  test('a sliding window', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 60 }), fc.integer({ min: 300, max: 5_000 }), jitters, (limit, windowMs, jitter) => {
        const found = inferLimiter(ask(sliding(limit, windowMs), halved(limit, windowMs, 48), jitter))
        expect(found.kind).toBe('sliding')
        expect(found.atOnce?.value).toBe(limit)
        expect(Math.abs((found.windowMs?.value ?? 0) / windowMs - 1)).toBeLessThan(0.05)
      }),
      { numRuns: 50 },
    )
  })
  test('a window by the clock, whose length was declared', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 6, max: 40 }),
        fc.integer({ min: 400, max: 3_000 }),
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        (limit, windowMs, phase) => {
          const found = inferLimiter(ask(aligned(limit, windowMs, phase * windowMs), halved(limit, windowMs, 48)), { windowMs })
          expect(['fixed', 'sliding', 'bucket']).toContain(found.kind)
        },
      ),
      { numRuns: 40 },
    )
  })
  test('no limit, never again, refused from the start, nothing asked', () => {
    expect(inferLimiter(ask(() => true, flooded(30, 20, 500)))).toMatchObject({ kind: 'none' })
    let count = 0
    expect(inferLimiter(ask(() => ++count <= 5, flooded(30, 20, 500)))).toMatchObject({ kind: 'never-recovers', atOnce: { value: 5 } })
    expect(inferLimiter(ask(() => false, flooded(3, 0, 500)))).toMatchObject({ kind: 'unknown' })
    expect(inferLimiter([])).toMatchObject({ kind: 'unknown', requests: 0 })
  })
  test('answers that are held back', () => {
    // One each 50 ms; six wait.
    const arrivals = Array.from({ length: 12 }, (_, index) => ({
      sentMs: index * 0.3,
      doneMs: index < 6 ? index * 50 + 1 : index * 0.3 + 1,
      admitted: index < 6,
    }))
    const found = inferLimiter([
      ...arrivals,
      ...Array.from({ length: 20 }, (_, index) => ({ sentMs: 260 + index * 20, doneMs: 261 + index * 20, admitted: false })),
    ])
    expect(['delaying-bucket', 'never-recovers']).toContain(found.kind)
    const open = inferLimiter(arrivals.slice(0, 6))
    expect(open.kind).toBe('delaying-bucket')
    expect(Math.abs((open.perSecond?.value ?? 0) / 20 - 1)).toBeLessThan(0.1)
  })
  test('rubbish never throws', () => {
    const number = fc.double()
    fc.assert(
      fc.property(fc.array(fc.record({ sentMs: number, doneMs: number, admitted: fc.boolean() }), { maxLength: 40 }), (arrivals) => {
        expect(inferLimiter(arrivals).requests).toBe(arrivals.length)
      }),
    )
  })
})
