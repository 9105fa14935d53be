/** What a report shows of each host beside its verdicts: the phases of an exchange, the fastest look of each, and its certificate. Taken as the looks come in. */
import type { DrillObservation } from './drill/observation.ts'
import type { Rehearsal } from './drill/rehearsal.ts'
import type { HttpChain, HttpObservation, TlsObservation } from './observations.ts'
import type { Observed } from './probe.ts'
import type { EarlierDrills } from './probes/earlier-drills.ts'

/**
 * What an HTTPS exchange with a host takes, phase by phase, milliseconds: of each phase the fastest of all looks, since a run asks many things at
 * once and its own haste only ever adds. Connecting and TLS at the address of the first exchange; waiting and transfer for its URL.
 */
export interface HostTiming {
  readonly host: string
  readonly url: string
  readonly peer: string
  readonly dnsMs?: number
  readonly connectMs?: number
  readonly tlsMs?: number
  readonly ttfbMs: number
  readonly transferMs: number
  readonly totalMs: number
  readonly status: number
  readonly httpVersion: string
}

export interface HostCertificate {
  readonly host: string
  readonly subject: string
  readonly issuer: string
  /** ISO 8601 UTC. */
  readonly notBefore: string
  readonly notAfter: string
  /** Earliest end among the served certificates. */
  readonly chainNotAfter: string
  readonly sha256: string
  readonly serialHex: string
  readonly protocol: string
  readonly cipher: string
  readonly alpn?: string
  readonly group?: string
}

export interface Seen {
  readonly timings: readonly HostTiming[]
  readonly certificates: readonly HostCertificate[]
  /** Restores, the earlier ones of their backups, and rehearsals of rollbacks; absent: there was none. */
  readonly drills?: readonly DrillObservation[]
  readonly earlier?: readonly EarlierDrills[]
  readonly rehearsals?: readonly Rehearsal[]
}

interface Opening {
  readonly dnsMs?: number | undefined
  readonly connectMs?: number | undefined
  readonly tlsMs?: number | undefined
}
type Exchanged = Omit<HostTiming, 'dnsMs' | 'connectMs' | 'tlsMs' | 'totalMs'>

/** Names and texts are the target's bytes: whoever shows them makes them harmless. */
export class SeenHosts {
  readonly #hosts: ReadonlySet<string>
  readonly #timings = new Map<string, Exchanged>()
  /** By host and peer. */
  readonly #openings = new Map<string, Opening>()
  readonly #certificates = new Map<string, HostCertificate>()
  readonly #drills: DrillObservation[] = []
  readonly #earlier: EarlierDrills[] = []
  readonly #rehearsals: Rehearsal[] = []

  constructor(hosts: ReadonlySet<string>) {
    this.#hosts = hosts
  }

  note(observed: Observed<unknown>): void {
    if (!observed.ok || typeof observed.value !== 'object' || observed.value === null) return
    const value = observed.value as Partial<HttpObservation & HttpChain & TlsObservation & DrillObservation & Rehearsal & EarlierDrills>
    if (value.runId !== undefined && Array.isArray(value.databases)) this.#drills.push(observed.value as DrillObservation)
    if (value.rolledBack !== undefined) this.#rehearsals.push(observed.value as Rehearsal)
    if (Array.isArray(value.drills) && value.entry !== undefined) this.#earlier.push(observed.value as EarlierDrills)
    if (Array.isArray(value.hops)) for (const hop of value.hops) this.#timing(hop)
    else if (value.timings !== undefined && value.url !== undefined) this.#timing(observed.value as HttpObservation)
    else if (Array.isArray(value.chain) && value.protocol !== undefined && value.servername !== undefined) this.#certificate(observed.value as TlsObservation)
  }

  /** By host, in alphabetical order. */
  get all(): Seen {
    const byHost = <T extends { readonly host: string }>(map: ReadonlyMap<string, T>): readonly T[] =>
      [...map.values()].sort((a, b) => (a.host < b.host ? -1 : 1))
    const timings = byHost(this.#timings).map((one): HostTiming => {
      const { dnsMs, connectMs, tlsMs } = this.#openings.get(`${one.host} ${one.peer}`) ?? {}
      const total = (dnsMs ?? 0) + (connectMs ?? 0) + (tlsMs ?? 0) + one.ttfbMs + one.transferMs
      return {
        ...one,
        ...(dnsMs === undefined ? {} : { dnsMs }),
        ...(connectMs === undefined ? {} : { connectMs }),
        ...(tlsMs === undefined ? {} : { tlsMs }),
        totalMs: Math.round(total * 1000) / 1000,
      }
    })
    return {
      timings,
      certificates: byHost(this.#certificates),
      ...(this.#drills.length === 0 ? {} : { drills: [...this.#drills], earlier: [...this.#earlier] }),
      ...(this.#rehearsals.length === 0 ? {} : { rehearsals: [...this.#rehearsals] }),
    }
  }

  #timing(seen: HttpObservation): void {
    const host = /^https:\/\/([^/:?#]+)/.exec(seen.url)?.[1]
    if (host === undefined || !this.#hosts.has(host)) return
    const { dnsMs, connectMs, tlsMs, ttfbMs, transferMs } = seen.timings
    this.#opened(host, seen.peer, { dnsMs, connectMs, tlsMs })
    const known = this.#timings.get(host)
    if (known !== undefined && (known.url !== seen.url || known.peer !== seen.peer || known.ttfbMs + known.transferMs <= ttfbMs + transferMs)) return
    this.#timings.set(host, { host, url: seen.url, peer: seen.peer, ttfbMs, transferMs, status: seen.status, httpVersion: seen.httpVersion })
  }

  /** Notes the fastest of each phase of connecting. */
  #opened(host: string, peer: string, phases: Opening): void {
    const key = `${host} ${peer}`
    const known = this.#openings.get(key) ?? {}
    const faster = (a: number | undefined, b: number | undefined): number | undefined => (a === undefined ? b : b === undefined ? a : Math.min(a, b))
    this.#openings.set(key, {
      dnsMs: faster(known.dnsMs, phases.dnsMs),
      connectMs: faster(known.connectMs, phases.connectMs),
      tlsMs: faster(known.tlsMs, phases.tlsMs),
    })
  }

  #certificate({ servername: host, chain, protocol, cipher, alpn, group, peer, connectMs, handshakeMs }: TlsObservation): void {
    const [leaf] = chain
    if (host === undefined || leaf === undefined || !this.#hosts.has(host)) return
    this.#opened(host, peer, { connectMs, tlsMs: handshakeMs })
    const known = this.#certificates.get(host)
    // A host is looked at with several settings; the highest protocol negotiated is how visitors meet it.
    if (known !== undefined && known.protocol >= protocol) return
    this.#certificates.set(host, {
      host,
      subject: leaf.subject,
      issuer: leaf.issuer,
      notBefore: leaf.notBefore,
      notAfter: leaf.notAfter,
      chainNotAfter: chain.reduce((first, one) => (one.notAfter < first ? one.notAfter : first), leaf.notAfter),
      sha256: leaf.sha256,
      serialHex: leaf.serialHex,
      protocol,
      cipher,
      ...(alpn === undefined ? {} : { alpn }),
      ...(group === undefined ? {} : { group }),
    })
  }
}
