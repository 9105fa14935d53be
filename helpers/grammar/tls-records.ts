/**
 * The plaintext part of what a TLS server says first (RFC 5246 §6–7, RFC 8446 §4–6, SSL 2.0's SERVER-HELLO): everything up to and with TLS 1.2 says
 * who it is and what it chose in the clear. Hostile bytes: bounded, never throws, and what cannot be read is said.
 */
import type { ServerFlight, ServerHello, ServerKeyExchange } from '../observations.ts'
import { bitLength } from './der.ts'
import { suiteById } from './tls-names.ts'

export type ServerFlightReading = { readonly ok: true; readonly value: ServerFlight } | { readonly ok: false; readonly error: string }

const MOST_CERTIFICATES = 100
const MOST_WARNINGS = 16
/** Records without a byte in them are forbidden for handshakes (RFC 5246 §6.2.1); OpenSSL bears 32 of them. */
const MOST_EMPTY = 32
/** A flight that is longer is no longer read; a thousand ordinary certificates fit. */
const MOST_FLIGHT = 4 * 1024 * 1024
const MOST_RECORD = 16_384 + 2_048
/** So much is looked at in one go: what is not needed any more is never copied. */
const STEP = 65_536
const CHANGE_CIPHER_SPEC = 20
const ALERT = 21
const HANDSHAKE = 22
const HEARTBEAT = 24
/** SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3). */
const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c'
const NOT_TLS = 'the answer is not TLS'

const uint24 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
const uint16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
const NOTHING: ServerFlight = { certificates: [], certificateCount: 0, certificateBytes: 0, complete: false }

/** What a {@link FlightReader} makes of these bytes: the same, however they are cut. A record cut off at the end leaves `complete` false. */
export function readServerFlight(bytes: Uint8Array): ServerFlightReading {
  const reader = new FlightReader()
  reader.add(bytes)
  return reader.reading()
}

/** Bytes that came and are not used up. Each is copied a few times at most, however small the pieces it came in. */
class ByteQueue {
  #held = new Uint8Array(0)
  #start = 0
  #end = 0
  get length(): number {
    return this.#end - this.#start
  }
  add(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#held.length) {
      const left = this.#held.subarray(this.#start, this.#end)
      const size = left.length + piece.length
      // With as much room again as is used, the next move is paid for by what came since this one.
      if (2 * size > this.#held.length) this.#held = new Uint8Array(2 * size)
      this.#held.set(left)
      this.#start = 0
      this.#end = left.length
    }
    this.#held.set(piece, this.#end)
    this.#end += piece.length
  }
  /** All there is; valid until something is added. */
  view(): Uint8Array {
    return this.#held.subarray(this.#start, this.#end)
  }
  drop(count: number): void {
    this.#start += count
  }
}

/**
 * Reads a flight as it arrives: `add` what came, until `done`. It reads the records up to the first that is encrypted (after ChangeCipherSpec, or
 * application data), a fatal alert, or ServerHelloDone. What no client would go on with (a record that is none, a broken message, one that must not
 * come here or not twice, more than 4 MiB) makes the whole reading an error. Work is linear in the bytes, however they are cut.
 */
export class FlightReader {
  readonly #records = new ByteQueue()
  readonly #messages = new ByteQueue()
  readonly #seen = new Set<number>()
  #level: number | undefined
  #size = 0
  #warnings = 0
  #empty = 0
  #first = true
  #flight: Mutable<ServerFlight> = { ...NOTHING }
  #error: string | undefined
  #done = false

  /** Nothing that could still come would change the reading. */
  get done(): boolean {
    return this.#done || this.#error !== undefined
  }

  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.done; at += STEP) {
      this.#records.add(chunk.subarray(at, at + STEP))
      this.#readRecords()
    }
  }

  /** What has been read so far. */
  reading(): ServerFlightReading {
    return this.#error === undefined ? { ok: true, value: this.#flight } : { ok: false, error: this.#error }
  }

  #readRecords(): void {
    const bytes = this.#records.view()
    if (this.#first && ((bytes[0] as number) & 0x80) !== 0) {
      this.#readSsl2(bytes)
      return
    }
    let at = 0
    while (at < bytes.length && !this.done) {
      const type = bytes[at] as number
      const major = bytes[at + 1] ?? 3
      const size = uint16(bytes, at + 3)
      if (type < CHANGE_CIPHER_SPEC || type > HEARTBEAT || major !== 3 || (at + 5 <= bytes.length && size > MOST_RECORD)) {
        this.#error = this.#first ? NOT_TLS : 'what follows the first records is not TLS'
        return
      }
      if (at + 5 + size > bytes.length) break
      this.#first = false
      this.#readRecord(type, bytes.subarray(at + 5, at + 5 + size))
      at += 5 + size
    }
    this.#records.drop(at)
  }

  #readRecord(type: number, body: Uint8Array): void {
    this.#size += 5 + body.length
    if (this.#size > MOST_FLIGHT) this.#error = `the first flight is longer than ${MOST_FLIGHT / 1024 / 1024} MiB`
    else if (type !== HANDSHAKE && type !== ALERT) {
      // Encrypted from here on: a session that is resumed, or ChangeCipherSpec after a HelloRetryRequest. Nothing of interest follows.
      if (this.#flight.hello === undefined) this.#error = `the flight begins with a record of type ${type}`
      else this.#done = true
    } else if (body.length === 0) {
      this.#empty += 1
      if (this.#empty > MOST_EMPTY) this.#error = 'endless empty records'
    } else if (type === HANDSHAKE) this.#readHandshake(body)
    else this.#readAlerts(body)
  }

  /** Two bytes each, which may be cut and joined like anything else (RFC 5246 §6.2.1). */
  #readAlerts(body: Uint8Array): void {
    for (const byte of body) {
      if (this.done) return
      if (this.#level === undefined) {
        this.#level = byte
        if (byte !== 1 && byte !== 2) this.#error = `an alert has the level ${byte}`
        continue
      }
      const alert = { level: this.#level, description: byte }
      this.#level = undefined
      this.#flight.alert = alert
      // A warning (unrecognized_name, say) is followed by the ServerHello; close_notify (0) by nothing.
      if (alert.level === 2 || byte === 0) this.#done = true
      else {
        this.#warnings += 1
        if (this.#warnings > MOST_WARNINGS) this.#error = 'endless warning alerts'
      }
    }
  }

  #readHandshake(part: Uint8Array): void {
    this.#messages.add(part)
    const bytes = this.#messages.view()
    let at = 0
    while (at + 4 <= bytes.length && !this.done) {
      const size = uint24(bytes, at + 1)
      if (size > MOST_FLIGHT) {
        this.#error = `a handshake message says it has ${size} bytes`
        return
      }
      if (at + 4 + size > bytes.length) break
      // A copy, since the queue moves on.
      this.#readMessage(bytes[at] as number, bytes.slice(at + 4, at + 4 + size))
      at += 4 + size
    }
    this.#messages.drop(at)
  }

  #readMessage(type: number, body: Uint8Array): void {
    const flight = this.#flight
    // HelloRequest may come at any time and says nothing (RFC 5246 §7.4.1.1).
    if (type === 0) return
    if (flight.hello === undefined && type !== 2) this.#error = `handshake message ${type} came before ServerHello`
    else if (this.#seen.has(type)) this.#error = `handshake message ${type} came twice`
    else this.#error = this.#take(type, body)
    if (ONCE.has(type)) this.#seen.add(type)
    if (flight.complete) this.#done = true
  }

  /** @returns what is wrong with it */
  #take(type: number, body: Uint8Array): string | undefined {
    const flight = this.#flight
    switch (type) {
      case 2: {
        const hello = readServerHello(body)
        if (hello === undefined) return 'ServerHello is malformed'
        flight.hello = hello
        // TLS 1.3 encrypts all that follows.
        if (hello.version > 0x0303) flight.complete = true
        return undefined
      }
      case 11: {
        const read = readCertificates(body)
        if (read === undefined) return 'the Certificate message is malformed'
        flight.certificates = read.kept
        flight.certificateCount = read.count
        flight.certificateBytes = body.length
        return undefined
      }
      case 12:
        flight.keyExchange = readKeyExchange(body, flight.hello)
        return undefined
      case 13: {
        const request = readCertificateRequest(body, flight.hello)
        if (request === undefined) return 'CertificateRequest is malformed'
        flight.certificateRequest = request
        return undefined
      }
      case 14:
        if (body.length > 0) return 'ServerHelloDone is malformed'
        flight.complete = true
        return undefined
      case 22: {
        const size = uint24(body, 1)
        if (body[0] === 1 && size > 0 && 4 + size === body.length) flight.ocspStaple = body.subarray(4)
        return undefined
      }
      default:
        return undefined
    }
  }

  /** A two-byte record header of SSL 2.0 whose message is SERVER-HELLO (4) or ERROR (0). */
  #readSsl2(bytes: Uint8Array): void {
    const type = bytes[2]
    if (type === undefined) return
    if (type !== 4 && type !== 0) {
      this.#error = NOT_TLS
      return
    }
    const size = uint16(bytes, 0) & 0x7fff
    // An ERROR is three bytes: NO-CIPHER, NO-CERTIFICATE, BAD-CERTIFICATE, UNSUPPORTED-CERTIFICATE-TYPE are all there are.
    if (type === 0 && size !== 3) this.#error = NOT_TLS
    if (this.done || bytes.length < 2 + size) return
    this.#done = true
    const body = bytes.slice(2, 2 + size)
    if (type === 0) {
      if ([1, 2, 4, 6].includes(uint16(body, 1))) this.#flight = { ...NOTHING, complete: true, alert: { level: 2, description: 40 } }
      else this.#error = NOT_TLS
      return
    }
    const ssl2 = readSsl2Hello(body)
    if (ssl2 === undefined) this.#error = 'the SSL 2.0 SERVER-HELLO is malformed'
    else this.#flight = { ...NOTHING, complete: true, ssl2 }
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
/** ServerHello, Certificate, ServerKeyExchange, CertificateRequest, CertificateStatus. */
const ONCE: ReadonlySet<number> = new Set([2, 11, 12, 13, 22])

function readSsl2Hello(body: Uint8Array): ServerFlight['ssl2'] {
  const certificate = uint16(body, 5)
  const kinds = uint16(body, 7)
  if (body.length < 11 || uint16(body, 3) !== 2 || kinds % 3 !== 0 || 11 + certificate + kinds + uint16(body, 9) !== body.length) return undefined
  const list: number[] = []
  for (let at = 11 + certificate; at < 11 + certificate + kinds; at += 3) list.push(uint24(body, at))
  return { kinds: list, certificateBytes: certificate }
}

function readServerHello(body: Uint8Array): ServerHello | undefined {
  const session = body[34]
  if (session === undefined || session > 32 || body.length < 38 + session) return undefined
  let version = uint16(body, 0)
  // Versions above are said in supported_versions alone (RFC 8446 §4.1.3).
  if (version < 0x0300 || version > 0x0303) return undefined
  const retry = Buffer.from(body.subarray(2, 34)).toString('hex') === RETRY_RANDOM
  const extensions: { type: number; data: Uint8Array }[] = []
  const base = { cipher: uint16(body, 35 + session), compression: body[37 + session] as number, sessionId: body.subarray(35, 35 + session), extensions, retry }
  let at = 38 + session
  if (at === body.length) return retry ? undefined : { ...base, version }
  const end = at + 2 + uint16(body, at)
  if (end !== body.length) return undefined
  at += 2
  let group: number | undefined
  let selected: number | undefined
  const types = new Set<number>()
  while (at < end) {
    const size = uint16(body, at + 2)
    if (at + 4 + size > end) return undefined
    const data = body.subarray(at + 4, at + 4 + size)
    const type = uint16(body, at)
    // Not twice (RFC 8446 §4.2, RFC 5246 §7.4.1.4).
    if (types.has(type)) return undefined
    types.add(type)
    extensions.push({ type, data })
    if (type === 43) {
      if (size !== 2 || version !== 0x0303 || uint16(data, 0) < 0x0304) return undefined
      selected = uint16(data, 0)
    }
    if (type === 51 && size >= 2) group = uint16(data, 0)
    at += 4 + size
  }
  version = selected ?? version
  // Nothing before TLS 1.3 can ask for another hello.
  if (retry && version < 0x0304) return undefined
  return { ...base, version, ...(group === undefined ? {} : { group }) }
}

function readCertificates(body: Uint8Array): { readonly kept: readonly Uint8Array[]; readonly count: number } | undefined {
  if (body.length < 3 || uint24(body, 0) !== body.length - 3) return undefined
  const kept: Uint8Array[] = []
  let count = 0
  let at = 3
  while (at < body.length) {
    if (at + 3 > body.length) return undefined
    const size = uint24(body, at)
    if (size === 0 || at + 3 + size > body.length) return undefined
    if (kept.length < MOST_CERTIFICATES) kept.push(body.subarray(at + 3, at + 3 + size))
    count += 1
    at += 3 + size
  }
  return { kept, count }
}

/** RFC 5246 §7.4.3, RFC 8422 §5.4. What the suite says decides how it is read; a suite we do not know leaves it unread. */
function readKeyExchange(body: Uint8Array, hello: ServerHello | undefined): ServerKeyExchange {
  const suite = hello === undefined ? undefined : suiteById(hello.cipher)
  if (hello === undefined || suite === undefined) return { kind: 'unread' }
  // A signature ends the message, or (where nobody signs) the parameters do.
  const named = suite.authentication !== 'anonymous' && hello.version >= 0x0303 ? 2 : 0
  const ends = (at: number): boolean =>
    at === body.length || (suite.authentication !== 'anonymous' && at + named + 2 <= body.length && at + named + 2 + uint16(body, at + named) === body.length)
  const signature = (at: number): { signature?: number } => (named > 0 && at < body.length ? { signature: uint16(body, at) } : {})
  if (suite.keyExchange === 'ECDHE' || (suite.keyExchange === 'ECDH' && suite.authentication === 'anonymous')) {
    // 3: a named curve; explicit ones (1, 2) nobody sends any more.
    const at = 4 + (body[3] ?? 0)
    return body[0] === 3 && at > 4 && ends(at) ? { kind: 'ecdhe', group: uint16(body, 1), ...signature(at) } : { kind: 'unread' }
  }
  const fields: Uint8Array[] = []
  let at = 0
  while (fields.length < (suite.keyExchange === 'RSA' ? 2 : 3)) {
    const size = uint16(body, at)
    if (at + 2 + size > body.length || size === 0) return { kind: 'unread' }
    fields.push(body.subarray(at + 2, at + 2 + size))
    at += 2 + size
  }
  if (!ends(at)) return { kind: 'unread' }
  const [first, second, third] = fields as [Uint8Array, Uint8Array, Uint8Array]
  if (suite.keyExchange === 'RSA') return { kind: 'rsa-export', bits: bitLength(first) }
  return { kind: 'dhe', prime: first, generator: second, publicValue: third, ...signature(at) }
}

/** RFC 5246 §7.4.4: kinds of certificates, from TLS 1.2 on signature schemes, names of authorities. */
function readCertificateRequest(
  body: Uint8Array,
  hello: ServerHello | undefined,
): { readonly types: readonly number[]; readonly authorities: number } | undefined {
  const count = body[0] ?? 0
  let at = 1 + count
  if (hello !== undefined && hello.version >= 0x0303) at += 2 + uint16(body, at)
  if (at + 2 > body.length || at + 2 + uint16(body, at) !== body.length) return undefined
  at += 2
  let authorities = 0
  while (at < body.length) {
    if (at + 2 > body.length) return undefined
    authorities += 1
    at += 2 + uint16(body, at)
  }
  return at === body.length ? { types: [...body.subarray(1, 1 + count)], authorities } : undefined
}
