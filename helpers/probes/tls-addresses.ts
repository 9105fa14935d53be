/** The old versions and weak suites of a host at each of its addresses: the one that was forgotten is not the first. Facts only. */
import type { TlsHelloObservation } from '../observations.ts'
import { type Observed, type Probe, ProbeError } from '../probe.ts'
import { resolveHost, usableAddresses } from './resolve.ts'
import { oldVersionLook, type SuiteLook, weakSuites } from './tls-plan.ts'

export interface AddressLook {
  readonly address: string
  readonly tls11: Observed<TlsHelloObservation>
  readonly tls10: Observed<TlsHelloObservation>
  readonly weak: Observed<SuiteLook>
}

/** At most 8 addresses, as for the ordinary handshakes; IPv6 only where this vantage has it. One after the other at each address. */
export function oldTlsEveryAddress(host: string): Probe<readonly AddressLook[]> {
  return {
    kind: 'oldTlsEveryAddress',
    key: `oldTlsEveryAddress ${host}`,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    host,
    timeoutMs: 120_000,
    async run(context) {
      const resolved = await context.observe(resolveHost(host))
      if (!resolved.ok) throw new ProbeError(resolved.failure)
      const usable = usableAddresses(context.target, resolved.value)
      return await Promise.all(
        usable.map(async ({ address }, index): Promise<AddressLook> => {
          // The first address is the one that every other question about the host goes to: the same looks.
          const asked = index === 0 ? { host } : { host, address }
          const [tls11, tls10, weak] = await Promise.all([
            context.observe(oldVersionLook(asked, 0x0302)),
            context.observe(oldVersionLook(asked, 0x0301)),
            context.observe(weakSuites(asked)),
          ])
          return { address, tls11, tls10, weak }
        }),
      )
    },
  }
}
