import { afterEach, expect, test, vi } from 'vitest'
import { Interrupt } from './interrupt.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

test('one Ctrl-C that arrives twice, as under npm, ends the run; a second one later ends the process', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never)
  let now = 1_000
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  const interrupt = new Interrupt()
  try {
    process.emit('SIGINT', 'SIGINT')
    expect(interrupt.interrupted).toBe(true)
    now += 40
    process.emit('SIGINT', 'SIGINT')
    expect(exit).not.toHaveBeenCalled()
    now += 600
    process.emit('SIGTERM', 'SIGTERM')
    expect(exit).toHaveBeenCalledExactlyOnceWith(130)
  } finally {
    interrupt.stop()
  }
})
