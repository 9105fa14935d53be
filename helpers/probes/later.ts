/** A further look at something that answered the same twice: clocks in answers often count whole seconds. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { HttpObservation } from '../observations.ts'
import { type Probe, ProbeError } from '../probe.ts'

/** Longer than a second, so that a value of whole seconds must have changed. */
const WAIT_MS = 1_100

/**
 * What `second` saw; where its body is that of `first`, byte for byte, what `third` sees 1.1 s later. Each is looked at once, in order.
 * @throws ProbeError of the look that failed
 */
export function laterIfSame(first: Probe<HttpObservation>, second: Probe<HttpObservation>, third: Probe<HttpObservation>): Probe<HttpObservation> {
  return {
    kind: 'laterIfSame',
    key: `laterIfSame ${third.key}`,
    impact: third.impact,
    cost: { connections: 0, requests: 1 },
    ...(third.host === undefined ? {} : { host: third.host }),
    timeoutMs: 60_000,
    async run(context) {
      const before = await context.observe(first)
      if (!before.ok) throw new ProbeError(before.failure)
      const after = await context.observe(second)
      if (!after.ok) throw new ProbeError(after.failure)
      if (Buffer.compare(before.value.body, after.value.body) !== 0) return after.value
      await sleep(WAIT_MS, undefined, { signal: context.signal }).catch((error: unknown) => {
        throw new ProbeError({ code: 'TIMEOUT', message: 'the run ended before the further look', phase: 'deadline' }, { cause: error })
      })
      const last = await context.observe(third)
      if (!last.ok) throw new ProbeError(last.failure)
      return last.value
    },
  }
}
