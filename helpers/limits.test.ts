import { expect, test } from 'vitest'
import { ConnectionLimits } from './limits.ts'

const never = new AbortController().signal

test('so many at once per address and in all; every slot given back lets the next one in', async () => {
  const limits = new ConnectionLimits(2, 3)
  const order: string[] = []
  const take = async (address: string, name: string): Promise<{ release(): void }> => {
    const slot = await limits.acquire(address, never)
    order.push(name)
    return slot
  }
  const [one] = await Promise.all([take('a', 'a1'), take('a', 'a2')])
  const third = take('a', 'a3')
  const other = await take('b', 'b1')
  const second = take('b', 'b2')
  expect(order).toEqual(['a1', 'a2', 'b1'])
  one.release()
  // Twice is once.
  one.release()
  await third
  expect(order).toEqual(['a1', 'a2', 'b1', 'a3'])
  other.release()
  await second
  expect(order.at(-1)).toBe('b2')
  expect(limits.opened).toBe(5)
})

test('what lies in wait longest goes first, the others as they came', async () => {
  const limits = new ConnectionLimits(1, 1)
  const order: string[] = []
  const first = await limits.acquire('a', never)
  const waiting = (
    [
      ['plain', 0],
      ['idle', 1_000],
      ['plain too', 0],
      ['stream', 2_000],
      ['idle too', 1_000],
    ] as const
  ).map(async ([name, waitsMs]) => {
    const slot = await limits.acquire('a', never, waitsMs)
    order.push(name)
    slot.release()
  })
  first.release()
  await Promise.all(waiting)
  expect(order).toEqual(['stream', 'idle', 'idle too', 'plain', 'plain too'])
})

test('who is aborted leaves the line', async () => {
  const limits = new ConnectionLimits(1, 1)
  const controller = new AbortController()
  const first = await limits.acquire('a', never)
  const left = limits.acquire('a', controller.signal)
  const stays = limits.acquire('a', never)
  controller.abort(new Error('enough'))
  await expect(left).rejects.toThrow('enough')
  first.release()
  await expect(stays).resolves.toHaveProperty('release')
})
