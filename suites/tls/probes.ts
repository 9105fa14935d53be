/** Handshakes that several checks of this suite ask for, so that each is made once. */
import type { TlsObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { atFirstAddress } from '../../helpers/probes/default-server.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import type { Host } from '../../helpers/target.ts'

export const ordinary = (host: Host): Probe<TlsObservation> => tlsHandshake({ host: host.fqdn })
/** Whom no name was said to cannot tell the hosts of an address apart. */
export const withoutServerName = (host: Host): Probe<TlsObservation> =>
  atFirstAddress(host.fqdn, 'no server name', (address) => tlsHandshake({ host: address, servername: false }))
