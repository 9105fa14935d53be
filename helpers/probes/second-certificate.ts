/** The certificate of the other kind of key that a server may have beside the one everybody sees, and the paths it gives. Facts only. */
import { findPaths, type PathFindings } from '../grammar/certificate-path.ts'
import type { CertificateFacts, TlsObservation } from '../observations.ts'
import { type Probe, ProbeError } from '../probe.ts'
import { anchorsOf } from './certificate-path.ts'
import { storeFor } from './connection.ts'
import { type OtherKeyLook, otherKeyLook } from './other-key.ts'
import type { Asked } from './tls-plan.ts'

export interface SecondCertificate {
  readonly look: OtherKeyLook
  readonly second?: PathFindings & { readonly leaf: CertificateFacts; readonly served: readonly CertificateFacts[]; readonly store: TlsObservation['store'] }
}

/** Composes otherKeyLook; a missing issuer is not fetched. @throws ProbeError as otherKeyLook */
export function secondCertificate({ host, address }: Asked): Probe<SecondCertificate> {
  return {
    kind: 'secondCertificate',
    key: `secondCertificate ${host}${address === undefined ? '' : ` @${address}`}`,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    host,
    timeoutMs: 60_000,
    async run(context) {
      const seen = await context.observe(otherKeyLook({ host, ...(address === undefined ? {} : { address }) }))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const served = seen.value.other ?? []
      const [leaf] = served
      if (leaf === undefined) return { look: seen.value }
      const { target } = context
      const store = storeFor(
        target,
        target.hosts.find(({ fqdn }) => fqdn === host),
      )
      return { look: seen.value, second: { leaf, served, store, ...findPaths(leaf, served.slice(1), anchorsOf(store, target.trust)) } }
    },
  }
}
