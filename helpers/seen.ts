/** What a report shows of each host beside its verdicts: the phases of its first exchange, and its certificate. Taken as the looks come in. */
import type { HttpChain, HttpObservation, TlsObservation } from './observations.ts'
import type { Observed } from './probe.ts'

/** First HTTPS exchange of a host, phase by phase, milliseconds. */
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
}

/** Names and texts are the target's bytes: whoever shows them makes them harmless. */
export class SeenHosts {
  readonly #hosts: ReadonlySet<string>
  readonly #timings = new Map<string, HostTiming>()
  readonly #certificates = new Map<string, HostCertificate>()

  constructor(hosts: ReadonlySet<string>) {
    this.#hosts = hosts
  }

  note(observed: Observed<unknown>): void {
    if (!observed.ok || typeof observed.value !== 'object' || observed.value === null) return
    const value = observed.value as Partial<HttpObservation & HttpChain & TlsObservation>
    if (Array.isArray(value.hops)) for (const hop of value.hops) this.#timing(hop)
    else if (value.timings !== undefined && value.url !== undefined) this.#timing(observed.value as HttpObservation)
    else if (Array.isArray(value.chain) && value.protocol !== undefined && value.servername !== undefined) this.#certificate(observed.value as TlsObservation)
  }

  /** By host, in alphabetical order. */
  get all(): Seen {
    const byHost = <T extends { readonly host: string }>(map: ReadonlyMap<string, T>): readonly T[] =>
      [...map.values()].sort((a, b) => (a.host < b.host ? -1 : 1))
    return { timings: byHost(this.#timings), certificates: byHost(this.#certificates) }
  }

  #timing(seen: HttpObservation): void {
    const host = /^https:\/\/([^/:?#]+)/.exec(seen.url)?.[1]
    if (host === undefined || !this.#hosts.has(host)) return
    const known = this.#timings.get(host)
    // The exchange that opened the connection shows every phase; a later one only its own.
    if (known !== undefined && (known.tlsMs !== undefined || seen.timings.tlsMs === undefined)) return
    const { loopDelayMs: _loop, ...phases } = seen.timings
    this.#timings.set(host, { host, url: seen.url, peer: seen.peer, ...phases, status: seen.status, httpVersion: seen.httpVersion })
  }

  #certificate({ servername: host, chain, protocol, cipher, alpn, group }: TlsObservation): void {
    const [leaf] = chain
    if (host === undefined || leaf === undefined || !this.#hosts.has(host)) return
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
