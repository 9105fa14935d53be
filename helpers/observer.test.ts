import { expect, test } from 'vitest'
import { Observer } from './observer.ts'
import { type Probe, type ProbeContext, ProbeError } from './probe.ts'
import { normaliseTarget } from './target.ts'
import { targetSchema } from './target/schema.ts'

const LOST = { code: 'TIMEOUT', message: 'no answer', phase: 'tls' } as const
/** On loopback, where the pause before a second try is short. */
const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': {} }, network: { addresses: { 'example.com': '127.0.0.1' } } }), {
  sha256: '0'.repeat(64),
})
function counted<T>(key: string, run: (context: ProbeContext) => Promise<T>): { readonly probe: Probe<T>; readonly runs: () => number } {
  let runs = 0
  const probe: Probe<T> = {
    kind: key,
    key,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    run: (context) => {
      runs += 1
      return run(context)
    },
  }
  return { probe, runs: () => runs }
}

test('what fails for the failure of another look is not tried again: that was tried twice', async () => {
  const inner = counted('inner', () => Promise.reject(new ProbeError(LOST)))
  const passing = (from: Probe<unknown>) => async (context: ProbeContext) => {
    const seen = await context.observe(from)
    if (!seen.ok) throw new ProbeError(seen.failure)
    return seen.value
  }
  const middle = counted('middle', passing(inner.probe))
  const outer = counted('outer', passing(middle.probe))
  const observer = new Observer(target)
  expect(await observer.observe(outer.probe)).toMatchObject({ ok: false, failure: LOST, attempts: 2 })
  expect([inner.runs(), middle.runs(), outer.runs(), observer.facts.retries]).toEqual([2, 1, 1, 1])
  await observer.close()
})

test('a failure of its own is tried again, also where another look failed before', async () => {
  const inner = counted('inner', () => Promise.reject(new ProbeError(LOST)))
  const outer = counted('outer', async (context) => {
    await context.observe(inner.probe)
    if (outer.runs() === 1) throw new ProbeError({ ...LOST })
    return 'answered'
  })
  const observer = new Observer(target)
  expect(await observer.observe(outer.probe)).toMatchObject({ ok: true, value: 'answered', attempts: 2 })
  expect([inner.runs(), outer.runs(), observer.facts.retries]).toEqual([2, 2, 2])
  await observer.close()
})
