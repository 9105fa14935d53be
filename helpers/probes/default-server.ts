/** What an address answers to a name that nobody has, or to none: the same for all hosts that live there, so one look an address serves them all. */
import type { Probe } from '../probe.ts'
import { ProbeError } from '../probe.ts'
import { firstAddress } from './tls.ts'

/**
 * The probe that `make` builds for the first address of the host. Nothing in it may name the host.
 * @param ask what is asked, for the key
 * @throws ProbeError of the resolution, or of that probe
 */
export function atFirstAddress<T>(host: string, ask: string, make: (address: string) => Probe<T>): Probe<T> {
  return {
    kind: 'atFirstAddress',
    key: `atFirstAddress ${host} ${ask}`,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    host,
    timeoutMs: 40_000,
    async run(context) {
      const seen = await context.observe(make(await firstAddress(context, host)))
      if (!seen.ok) throw new ProbeError(seen.failure)
      return seen.value
    },
  }
}
