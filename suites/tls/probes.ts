/** Handshakes that several checks of this suite ask for, so that each is made once. */
import type { TlsObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import type { Host } from '../../helpers/target.ts'

export const ordinary = (host: Host): Probe<TlsObservation> => tlsHandshake({ host: host.fqdn })
export const withoutServerName = (host: Host): Probe<TlsObservation> => tlsHandshake({ host: host.fqdn, servername: false })
