/** What probes see: plain data, no opinion. Bytes of the target are hostile and capped by the probe that read them. */

/** Raw header list as received: order and duplicates kept, names as sent. Never a merged map. */
export type RawHeaders = readonly (readonly [name: string, value: string])[]

export interface ResolvedAddress {
  readonly address: string
  readonly family: 4 | 6
}
export interface ResolvedHost {
  readonly fqdn: string
  /** `pin`: network.addresses of the target; `dns`: asked the resolver. */
  readonly source: 'pin' | 'dns'
  /** Never empty (an empty answer is a failure of the probe: NXDOMAIN, NODATA, SERVFAIL…); IPv4 first. */
  readonly addresses: readonly ResolvedAddress[]
  /** CNAME chain that was followed, in order, without the name itself. */
  readonly cnames: readonly string[]
  readonly durationMs: number
}

/** Milliseconds of each phase of one exchange; a phase that did not happen (reused connection, pinned address) is absent. */
export interface PhaseTimings {
  readonly dnsMs?: number
  readonly connectMs?: number
  readonly tlsMs?: number
  /** From the last byte of the request to the first byte of the answer. */
  readonly ttfbMs: number
  readonly transferMs: number
  readonly totalMs: number
  /** Worst event-loop delay seen meanwhile: timings are ours to distrust when it is large. */
  readonly loopDelayMs: number
}

export interface HttpObservation {
  /** Canonical URL asked for (logical ports). */
  readonly url: string
  readonly method: string
  readonly status: number
  readonly statusText: string
  readonly httpVersion: '1.0' | '1.1' | '2'
  readonly headers: RawHeaders
  /** Content-decoded, at most the asked `maxBodyBytes` (default 256 KiB). */
  readonly body: Uint8Array
  /** Bytes of the body on the wire, before decoding; as far as read. */
  readonly wireBytes: number
  /** The body was longer than the cap. */
  readonly truncated: boolean
  /** The body could not be decoded as its Content-Encoding says (gzip bomb cut, garbage). */
  readonly decodeFailed: boolean
  /** Address and real port of the peer. */
  readonly peer: string
  /** The connection had served a request before. */
  readonly reused: boolean
  /** ISO 8601 UTC. */
  readonly at: string
  readonly timings: PhaseTimings
  /** The lenient reader was needed: the message broke HTTP's grammar as said here. */
  readonly malformed?: string
}

/** Hop by hop, redirects followed by hand (at most 10); the last hop is the final answer. */
export interface HttpChain {
  readonly hops: readonly HttpObservation[]
  /** Why following ended: an answer that is no redirect, a URL seen before, too many hops, a Location that must not or cannot be followed. */
  readonly end: 'final' | 'loop' | 'too-many' | 'unfollowable' | 'failed'
  /** For `unfollowable` and `failed`: what the Location or the failure was. */
  readonly reason?: string
}

/** Bytes in, bytes out, for requests no library would send. */
export interface RawHttpObservation {
  readonly peer: string
  /** Parsed leniently; undefined when no status line came back. */
  readonly status?: number
  readonly headers: RawHeaders
  /** At most 64 KiB. */
  readonly body: Uint8Array
  readonly closed: 'kept-open' | 'fin' | 'reset'
  readonly at: string
}

export interface CertificateFacts {
  /** DER. */
  readonly raw: Uint8Array
  readonly sha256: string
  readonly serialHex: string
  readonly subject: string
  readonly issuer: string
  readonly subjectCommonName?: string
  readonly issuerCommonName?: string
  readonly issuerOrganization?: string
  /** ISO 8601 UTC. */
  readonly notBefore: string
  readonly notAfter: string
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly key: {
    readonly type: 'rsa' | 'ec' | 'ed25519' | 'ed448' | 'dsa' | 'other'
    readonly bits: number
    readonly curve?: string
    readonly exponent?: string
  }
  /** OID of the signature algorithm and its usual name. */
  readonly signature: { readonly oid: string; readonly name: string; readonly hash: string }
  readonly isCa: boolean
  readonly pathLength?: number
  readonly extendedKeyUsage?: readonly string[]
  readonly keyUsage?: readonly string[]
  readonly ocspUrls: readonly string[]
  readonly caIssuerUrls: readonly string[]
  readonly crlUrls: readonly string[]
  readonly mustStaple: boolean
  /** Log ids (hex) of embedded SCTs. */
  readonly sctLogIds: readonly string[]
  readonly unknownCriticalExtensions: readonly string[]
  /** keyIdentifier of authorityKeyIdentifier, hex. */
  readonly authorityKeyId?: string
  /** Of an authority: for which names and networks it may certify; what is absent is not limited. */
  readonly nameConstraints?: {
    readonly permittedNames?: readonly string[]
    readonly excludedNames: readonly string[]
    readonly permittedNetworks?: readonly string[]
    readonly excludedNetworks: readonly string[]
  }
  /** Departures from RFC 5280 that do not keep it from being read, one line each. */
  readonly oddities?: readonly string[]
}

export interface TlsObservation {
  readonly peer: string
  readonly address: string
  readonly servername?: string
  readonly protocol: string
  readonly cipher: string
  /** Named group of the key exchange, where the library tells it (`X25519MLKEM768`, `X25519`, `prime256v1`). */
  readonly group?: string
  /** Size of the Diffie-Hellman prime, where a DHE suite was negotiated. */
  readonly dhBits?: number
  readonly alpn?: string
  /** What the library's own verification said with the roots named in `store`; recorded, never obeyed. */
  readonly authorized: boolean
  readonly authorizationError?: string
  readonly store: 'bundled' | 'declared' | 'bundled+declared'
  /** Leaf first, as the library kept it: it drops what it does not need and adds the root. What was really served: certificatePaths. */
  readonly chain: readonly CertificateFacts[]
  readonly ocspStaple?: Uint8Array
  /** Seconds; from the session ticket where one came. */
  readonly ticketLifetimeSeconds?: number
  readonly maxEarlyData?: number
  /** The ordinary hello, with ML-KEM and longer than one segment, got no answer at all (reset, end of stream, silence); one with classical groups did. */
  readonly classicalOnly?: true
  readonly handshakeMs: number
  readonly connectMs: number
  readonly loopDelayMs: number
  readonly at: string
}

/** What a TLS server says in plain text before anything is encrypted (RFC 5246 §7.4, RFC 8446 §4.1.3). */
export interface ServerHello {
  /** legacy_version, or supported_versions where it is given: 0x0300 to 0x0304. */
  readonly version: number
  readonly cipher: number
  readonly compression: number
  readonly sessionId: Uint8Array
  readonly extensions: readonly { readonly type: number; readonly data: Uint8Array }[]
  /** A HelloRetryRequest (RFC 8446 §4.1.4): it wants a share of `group` and nothing else has been decided. */
  readonly retry: boolean
  /** Group of key_share (TLS 1.3). */
  readonly group?: number
}
export type ServerKeyExchange =
  | { readonly kind: 'ecdhe'; readonly group: number; readonly signature?: number }
  | {
      readonly kind: 'dhe'
      readonly prime: Uint8Array
      readonly generator: Uint8Array
      readonly publicValue: Uint8Array
      readonly signature?: number
    }
  /** A temporary RSA key of the export suites; bits of its modulus. */
  | { readonly kind: 'rsa-export'; readonly bits: number }
  | { readonly kind: 'unread' }
export interface ServerFlight {
  readonly hello?: ServerHello
  /** DER as served, the first hundred; empty when no Certificate message was in plain text. */
  readonly certificates: readonly Uint8Array[]
  /** How many were served. */
  readonly certificateCount: number
  /** Bytes of the Certificate message. */
  readonly certificateBytes: number
  /** OCSPResponse of CertificateStatus (RFC 6066 §8). */
  readonly ocspStaple?: Uint8Array
  readonly keyExchange?: ServerKeyExchange
  /** A client certificate is asked for; names of authorities it accepts are not kept. */
  readonly certificateRequest?: { readonly types: readonly number[]; readonly authorities: number }
  /** ServerHelloDone, or the end of what TLS 1.3 shows: nothing more is to be waited for. */
  readonly complete: boolean
  /** The last alert; warnings do not end the reading, a fatal one does, also after a ServerHello. */
  readonly alert?: { readonly level: number; readonly description: number }
  /** SSL 2.0: its SERVER-HELLO. */
  readonly ssl2?: { readonly kinds: readonly number[]; readonly certificateBytes: number }
}

/** The answer to one ClientHello of our own making, as far as it was in plain text. */
export interface TlsHelloObservation {
  readonly peer: string
  readonly address: string
  /** `alert`: nothing but an alert came. */
  readonly answer: 'server-hello' | 'hello-retry-request' | 'ssl2-server-hello' | 'alert'
  readonly flight: ServerFlight
  /** What the ServerHello chose although the hello had not offered it: no client goes on, and nothing is proven by it. Absent: nothing. */
  readonly unoffered?: readonly ('version' | 'suite' | 'compression')[]
  /** How the reading ended: the answer was whole (`open`), or the peer ended it, or fell silent in the middle. */
  readonly closed: 'open' | 'fin' | 'reset' | 'silence'
  /** Bytes sent, record header included, and received. */
  readonly helloBytes: number
  readonly receivedBytes: number
  /** From the first byte sent to the whole answer. */
  readonly answerMs: number
  readonly at: string
}

export interface TcpObservation {
  readonly address: string
  readonly port: number
  readonly state: 'open' | 'refused' | 'filtered' | 'unreachable'
  /** What the peer said first or answered to the asked greeting, at most 4 KiB. */
  readonly banner?: Uint8Array
  readonly at: string
}

export interface DnsRecord {
  readonly name: string
  readonly type: string
  readonly ttl: number
  /** Presentation form, lower-cased names without trailing dot: `192.0.2.1`, `10 mail.example.com`, `0 issue "ca.example"`. */
  readonly value: string
}
export interface DnsObservation {
  readonly name: string
  readonly type: string
  readonly server: string
  readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED' | 'NOTIMP' | 'FORMERR' | 'OTHER'
  /** NOERROR without a record of the asked type. */
  readonly noData: boolean
  readonly answers: readonly DnsRecord[]
  readonly authority: readonly DnsRecord[]
  readonly authoritative: boolean
  readonly recursionAvailable: boolean
  readonly authenticated: boolean
  readonly transport: 'udp' | 'tcp'
  readonly truncated: boolean
  /** The name in the question section of the answer, letters as they came back. */
  readonly echoedName?: string
  readonly durationMs: number
  /** Worst event-loop delay seen meanwhile. */
  readonly loopDelayMs?: number
  readonly at: string
}

export interface WebSocketObservation {
  /** Canonical URL asked for: `wss://host/path`. */
  readonly url: string
  readonly peer: string
  /** 101, or the status the upgrade was answered with. */
  readonly status: number
  readonly headers: RawHeaders
  /** Sec-WebSocket-Accept as received, and what RFC 6455 §4.2.2 makes of our key. */
  readonly accept?: string
  readonly expectedAccept: string
  readonly acceptValid: boolean
  /** What we offered; what was chosen (first Sec-WebSocket-Protocol). */
  readonly offered: readonly string[]
  readonly subprotocol?: string
  /** Sec-WebSocket-Extensions as received, all lines. */
  readonly extensions: readonly string[]
  /** Of an answer other than 101: the start of its body, at most 16 KiB, not decoded. */
  readonly body: Uint8Array
  /** Answered our Ping with the same payload. */
  readonly pong: boolean
  readonly pongMs?: number
  /** First messages received, each at most 4 KiB, at most 16. */
  readonly messages: readonly string[]
  /** All messages received, kept or not. */
  readonly messageCount: number
  /** A message contained the text that was waited for; absent: none was. */
  readonly matched?: boolean
  /** After the asked idle time: how long the connection was silent on our side, and whether it answered a Ping afterwards; absent: not asked. */
  readonly idle?: { readonly askedMs: number; readonly survivedMs: number; readonly alive: boolean; readonly serverPings: number }
  /** Close code received before our own Close (1006: dropped without one, 1005: Close without a code); undefined: still open when we closed. */
  readonly closeCode?: number
  /** Milliseconds from the upgrade to the peer's own end of the connection. */
  readonly closedAfterMs?: number
  /** The peer echoed our Close. */
  readonly closeEchoed: boolean
  /** Peer broke the protocol (masked frame, reserved bits…). */
  readonly violation?: string
  /** Reading stopped at our cap of bytes or message size; what comes after is unknown. */
  readonly cut: boolean
  readonly openMs: number
  readonly at: string
}

/** What a peer says about WebSockets over HTTP/2 (RFC 8441), and what it does. */
export interface WebSocketOverHttp2Observation {
  /** `https://host/path`. */
  readonly url: string
  readonly peer: string
  /** false: ALPN chose something else, the rest was not asked. */
  readonly h2: boolean
  /** SETTINGS_ENABLE_CONNECT_PROTOCOL of the peer's first SETTINGS frame. */
  readonly advertised: boolean
  /** Answer to the extended CONNECT; absent where it was not sent (not advertised). */
  readonly status?: number
  readonly headers: RawHeaders
  /** The stream or connection was ended instead of an answer: the error's code. */
  readonly ended?: string
  readonly at: string
}
