/** The pace of an address. Times are lower bounds of real waits: a busy machine may be slower, never faster. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Pace } from './pace.ts'

const never = new AbortController().signal
async function times(pace: Pace, count: number): Promise<readonly number[]> {
  const start = performance.now()
  const seen: number[] = []
  await Promise.all(Array.from({ length: count }, () => pace.turn(never).then(() => seen.push(performance.now() - start))))
  return seen
}

test('without a limit nobody waits', async () => {
  const seen = await times(new Pace(0), 500)
  expect(seen).toHaveLength(500)
})

test('one second of the limit at once, the rest in its time, first come, first served', async () => {
  const pace = new Pace(20)
  const order: number[] = []
  const start = performance.now()
  await Promise.all(Array.from({ length: 28 }, (_, index) => pace.turn(never).then(() => order.push(index))))
  expect(performance.now() - start).toBeGreaterThan(8 * 50 - 60)
  expect(order).toEqual([...order].sort((a, b) => a - b))
})

test('a refusal: nobody goes for the asked time, then one by one at half the pace; refusals of one moment count once', async () => {
  const pace = new Pace(40)
  expect(pace.refused(200)).toBe(true)
  expect(pace.refused(150)).toBe(true)
  expect(pace.perSecond).toBe(20)
  const seen = await times(pace, 4)
  expect(seen[0]).toBeGreaterThan(190)
  expect((seen[3] as number) - (seen[0] as number)).toBeGreaterThan(3 * 50 - 30)
})

test('without a limit a refusal sets one', () => {
  const pace = new Pace(0)
  expect(pace.refused(1)).toBe(true)
  expect(pace.perSecond).toBe(20)
})

describe('refusals one after the other', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())
  const refusals = (pace: Pace, count: number): readonly boolean[] =>
    Array.from({ length: count }, () => {
      vi.advanceTimersByTime(2_000)
      return pace.refused(1_000)
    })
  test('whatever the pace: no pace will help, and it is the asked one again', () => {
    const pace = new Pace(5)
    expect(refusals(pace, 6)).toEqual([true, true, true, false, false, false])
    expect(pace.perSecond).toBe(5)
  })
  test('with an answer between them: ever slower, and never hopeless', () => {
    const pace = new Pace(10)
    for (let round = 0; round < 8; round++) {
      expect(refusals(pace, 1)).toEqual([true])
      pace.accepted()
    }
    expect(pace.perSecond).toBe(2)
  })
})

test('when the last one leaves the line, no timer keeps the process', async () => {
  const pace = new Pace(10)
  const controller = new AbortController()
  pace.refused(60_000)
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  const waiting = pace.turn(controller.signal)
  expect(timers()).toBe(before + 1)
  controller.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  expect(timers()).toBe(before)
})

test('who is aborted while waiting leaves the line, and the others go on', async () => {
  const pace = new Pace(10)
  const controller = new AbortController()
  await times(pace, 10)
  const first = pace.turn(controller.signal)
  const second = pace.turn(never)
  controller.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  await expect(second).resolves.toBeUndefined()
  await expect(pace.turn(controller.signal)).rejects.toThrow('enough')
})
