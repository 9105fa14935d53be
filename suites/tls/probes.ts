/** Handshakes that several checks of this suite ask for, so that each is made once. */
import type { TlsObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { tlsHandshake, tlsSuites } from '../../helpers/probes/tls.ts'
import type { Host } from '../../helpers/target.ts'
import { CBC_SUITES, FS_AEAD_SUITES, STATIC_RSA_SUITES, suitesOutside } from './shared.ts'

export const ordinary = (host: Host): Probe<TlsObservation> => tlsHandshake({ host: host.fqdn })
/** Capped at TLS 1.2. */
export const upToTls12 = (host: Host): Probe<TlsObservation> => tlsHandshake({ host: host.fqdn, wireChain: true })
/** Exactly one old version, everything offered, our own security level out of the way. */
export const onlyVersion = (host: Host, version: 'TLSv1' | 'TLSv1.1'): Probe<TlsObservation> =>
  tlsHandshake({ host: host.fqdn, minVersion: version, maxVersion: version, ciphers: 'ALL:!aNULL:@SECLEVEL=0' })
export const withoutServerName = (host: Host): Probe<TlsObservation> => tlsHandshake({ host: host.fqdn, servername: false })

/** Everything that the target does not allow; undefined where it declares no list. */
export function undeclared(host: Host): Probe<TlsObservation> | undefined {
  const suites = suitesOutside(host.tls.ciphersTls12)
  return suites === undefined || suites.length === 0 ? undefined : tlsSuites({ host: host.fqdn, suites })
}
/** The wider hello answers for these suites only where it offered all of them. */
const within = (host: Host, suites: readonly string[]) => {
  const outside = new Set(suitesOutside(host.tls.ciphersTls12))
  const wider = undeclared(host)
  return wider !== undefined && suites.every((suite) => outside.has(suite)) ? { within: wider } : {}
}
export const cbcOnly = (host: Host): Probe<TlsObservation> => tlsSuites({ host: host.fqdn, suites: CBC_SUITES, ...within(host, CBC_SUITES) })
export const staticRsaOnly = (host: Host): Probe<TlsObservation> =>
  tlsSuites({ host: host.fqdn, suites: STATIC_RSA_SUITES, ...within(host, STATIC_RSA_SUITES) })
/** A modern suite of TLS 1.2; asked for alone only where the ordinary 1.2 handshake did not choose one. */
export const modernTls12 = (host: Host): Probe<TlsObservation> => tlsSuites({ host: host.fqdn, suites: FS_AEAD_SUITES, unlessChosenIn: upToTls12(host) })
