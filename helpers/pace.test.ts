/** The pace of an address. Times are lower bounds of real waits: a busy machine may be slower, never faster. */
import { expect, test } from 'vitest'
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
  pace.slower(200)
  pace.slower(150)
  expect(pace.perSecond).toBe(20)
  const seen = await times(pace, 4)
  expect(seen[0]).toBeGreaterThan(190)
  expect((seen[3] as number) - (seen[0] as number)).toBeGreaterThan(3 * 50 - 30)
})

test('without a limit a refusal sets one; it never falls to nothing', async () => {
  const pace = new Pace(0)
  pace.slower(1)
  expect(pace.perSecond).toBe(20)
  const low = new Pace(0.6)
  low.slower(1)
  expect(low.perSecond).toBe(0.5)
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
