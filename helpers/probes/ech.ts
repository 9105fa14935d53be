/** Encrypted Client Hello as a name publishes it (RFC 9848), and the certificate behind the name that outsiders see. Facts only. */
import { type EchConfigReading, readEchConfigList } from '../grammar/ech-config.ts'
import { readServiceBindingText } from '../grammar/service-binding.ts'
import type { DnsObservation, TlsObservation } from '../observations.ts'
import { type Observed, type Probe, ProbeError } from '../probe.ts'
import { dnsQuery } from './dns.ts'
import { tlsHandshake } from './tls.ts'

export interface EchLook {
  readonly dns: DnsObservation
  /** One for each HTTPS record in service mode that has the parameter. */
  readonly published: readonly {
    readonly text: string
    readonly reading: EchConfigReading /** The record leads to this host itself. */
    readonly here: boolean
  }[]
  /** Handshakes with this host under the public names of what is published for it. */
  readonly publicNames: readonly { readonly name: string; readonly seen: Observed<TlsObservation> }[]
}

const MOST_NAMES = 2

/** @throws ProbeError of the DNS question */
export function echLook(host: string): Probe<EchLook> {
  return {
    kind: 'echLook',
    key: `echLook ${host}`,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    host,
    timeoutMs: 60_000,
    async run(context) {
      const seen = await context.observe(dnsQuery({ name: host, type: 'HTTPS' }))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const published = seen.value.answers.flatMap(({ type, value }) => {
        const record = type === 'HTTPS' ? readServiceBindingText(value) : undefined
        if (record?.ok !== true || record.value.echConfigs === undefined) return []
        const { echConfigs, target, text } = record.value
        return [{ text, reading: readEchConfigList(Buffer.from(echConfigs, 'base64')), here: target === '' || target === host }]
      })
      const names = published.flatMap(({ reading, here }) => (reading.ok && here ? reading.value.flatMap(({ contents }) => contents?.publicName ?? []) : []))
      const publicNames = []
      for (const name of [...new Set(names)].slice(0, MOST_NAMES)) {
        publicNames.push({ name, seen: await context.observe(name === host ? tlsHandshake({ host }) : tlsHandshake({ host, servername: name })) })
      }
      return { dns: seen.value, published, publicNames }
    },
  }
}
