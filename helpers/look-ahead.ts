/**
 * The first looks of a run that judges everything: started as soon as the target is read, so that the network answers while the checks are
 * still being loaded. Asks nothing that the checks would not ask: the same keys, shared through the observer's memo.
 */
import type { Observer } from './observer.ts'
import { httpRequest } from './probes/http.ts'
import { tlsHandshake } from './probes/tls.ts'

/** As many hosts as a run looks at side by side. */
const MOST_HOSTS = 32

/** Returns at once; what the looks saw is for whoever asks the observer later. */
export function lookAhead(observer: Observer): void {
  // Whoever has a live channel will lie in wait on it: such hosts are connected to first.
  const hosts = [...observer.target.hosts].sort((a, b) => Number(b.live.length > 0) - Number(a.live.length > 0))
  for (const { fqdn } of hosts.slice(0, MOST_HOSTS)) {
    void observer.observe(tlsHandshake({ host: fqdn }))
    void observer.observe(httpRequest({ scheme: 'http', host: fqdn }))
  }
}
