/**
 * Families of limiters, a hundred looks each through a network that is late, busy and out of order (in virtual time, the same each time): of a
 * hundred, ninety-five give the rate within 5 %, the burst within 1 and the kind; what is said to be open contains the truth, always.
 */
import { expect, test } from 'vitest'
import { BUSY, FAR, fixedWindow, type Limiter, looked, nginxBucket, type Random, seeded, slidingWindow, tokenBucket } from '../../bench/limiter-simulation.ts'
import { limiterPlan } from '../probes/limiter.ts'
import { normaliseTarget, type TargetInput } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { zonesOf } from '../zones.ts'
import { inferLimiter, type LimiterKind } from './limiter.ts'

type Limit = NonNullable<TargetInput['rateLimits']>[number]['limit']
interface Setting {
  readonly limit: Limit
  readonly perSecond: number
  readonly atOnce: number
  readonly kind: LimiterKind
  make(random: Random): Limiter
}
const buckets = (
  kind: 'bucket' | 'delaying-bucket',
  rates: readonly number[],
  bursts: readonly number[],
  make: (rate: number, burst: number, random: Random) => Limiter,
) =>
  rates.flatMap((perSecond) =>
    bursts.map(
      (burst): Setting => ({
        limit: { rate: `${perSecond}r/s`, burst, nodelay: kind === 'bucket' },
        perSecond,
        atOnce: burst + 1,
        kind,
        make: (random) => make(perSecond, burst, random),
      }),
    ),
  )
const windows = (kind: 'fixed' | 'sliding', make: (limit: number, windowMs: number, random: Random) => Limiter) =>
  [
    [5, 1_000],
    [10, 1_000],
    [20, 2_000],
    [60, 2_000],
    [10, 5_000],
  ].map(
    ([limit = 0, windowMs = 0]): Setting => ({
      limit: `${limit}/${windowMs}ms`,
      perSecond: (limit * 1_000) / windowMs,
      atOnce: limit,
      kind,
      make: (random) => make(limit, windowMs, random),
    }),
  )
const FAMILIES: readonly (readonly [string, readonly Setting[]])[] = [
  ['nginx', buckets('bucket', [5, 20, 50, 100, 200], [0, 1, 5, 20, 50], (perSecond, burst, random) => nginxBucket({ perSecond, burst }, false, random()))],
  ['nginx with delay', buckets('delaying-bucket', [5, 20], [3, 10], (perSecond, burst, random) => nginxBucket({ perSecond, burst }, true, random()))],
  ['token bucket', buckets('bucket', [5, 10, 50, 200], [0, 5, 20, 50], (perSecond, burst) => tokenBucket({ perSecond, burst }))],
  // Where a moment counts most.
  ['without a burst', buckets('bucket', [20, 50, 100, 200], [0], (perSecond, burst) => tokenBucket({ perSecond, burst }))],
  ['fixed window', windows('fixed', (limit, windowMs, random) => fixedWindow(limit, windowMs, random()))],
  ['sliding window', windows('sliding', (limit, windowMs) => slidingWindow(limit, windowMs))],
]
const LOOKS = 100

test.each(FAMILIES)('%s', { timeout: 60_000 }, (_, settings) => {
  expect(settings.length).toBeGreaterThan(0)
  const planned = settings.map((setting) => {
    const file: TargetInput = { domain: 'example.com', hosts: { '@': {} }, rateLimits: [{ name: 'zone', limit: setting.limit }] }
    const target = normaliseTarget(targetSchema.parse(file), { sha256: '' })
    const zone = zonesOf(target)[0]
    if (zone?.limit === undefined) throw new Error('no zone')
    return { ...setting, plan: limiterPlan(zone, target), windowMs: zone.limit.windowMs }
  })
  let hits = 0
  const wrong: string[] = []
  for (let run = 0; run < LOOKS; run += 1) {
    const { plan, windowMs, kind, perSecond, atOnce, make, limit } = planned[run % planned.length] as (typeof planned)[number]
    const random = seeded(7 + run)
    const arrivals = looked(plan, make(random), random, BUSY, kind === 'delaying-bucket')
    expect(arrivals.length).toBeLessThanOrEqual(3 * (atOnce + 19))
    const fit = inferLimiter(arrivals, { ...(windowMs === undefined ? {} : { windowMs }), ...(windowMs === undefined ? { kind: 'bucket' as const } : {}) })
    const rate = fit.perSecond
    const near = rate !== undefined && Math.abs(rate.value / perSecond - 1) <= 0.05
    if (near && Math.abs((fit.atOnce?.value ?? Number.NaN) - atOnce) <= 1 && fit.kind === kind) hits += 1
    else if (!near && fit.misfits === 0 && rate !== undefined && (rate.low > perSecond || rate.high < perSecond))
      wrong.push(`${JSON.stringify(limit)}: ${rate.value} (${rate.low} to ${rate.high})`)
  }
  expect(wrong).toEqual([])
  expect(hits).toBeGreaterThanOrEqual(95)
})
test('from another continent less is certain, and nothing is certain that is wrong', { timeout: 60_000 }, () => {
  const target = normaliseTarget(
    targetSchema.parse({ domain: 'example.com', hosts: { '@': {} }, rateLimits: [{ name: 'zone', limit: { rate: '50r/s', burst: 0, nodelay: true } }] }),
    { sha256: '' },
  )
  const zone = zonesOf(target)[0]
  if (zone === undefined) throw new Error('no zone')
  const plan = limiterPlan(zone, target)
  for (let run = 0; run < 10; run += 1) {
    const random = seeded(run)
    const { perSecond, misfits } = inferLimiter(looked(plan, tokenBucket({ perSecond: 50, burst: 0 }), random, FAR), { kind: 'bucket' })
    expect(misfits > 0 || perSecond === undefined || (perSecond.low <= 50 && perSecond.high >= 50)).toBe(true)
  }
})
