/**
 * The plaintext part of what a TLS server says first (RFC 5246 §6–7, RFC 8446 §4–6, SSL 2.0's SERVER-HELLO): everything up to and with TLS 1.2 says
 * who it is and what it chose in the clear. Hostile bytes: bounded, never throws, and what cannot be read is said.
 */
import type { ServerFlight, ServerHello, ServerKeyExchange } from '../observations.ts'
import { suiteById } from './tls-names.ts'

export type ServerFlightReading = { readonly ok: true; readonly value: ServerFlight } | { readonly ok: false; readonly error: string }

const MOST_CERTIFICATES = 100
const MOST_ALERTS = 16
/** A flight that is longer is no longer read; a thousand ordinary certificates fit. */
const MOST_FLIGHT = 4 * 1024 * 1024
const CHANGE_CIPHER_SPEC = 20
const ALERT = 21
const HANDSHAKE = 22
/** SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3). */
const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c'

const uint24 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
const uint16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
const NOTHING: ServerFlight = { certificates: [], certificateCount: 0, certificateBytes: 0, complete: false }

/**
 * Reads the records up to the first that is encrypted (after ChangeCipherSpec, or application data), a fatal alert, or ServerHelloDone; a record
 * cut off at the end leaves `complete` false.
 */
export function readServerFlight(bytes: Uint8Array): ServerFlightReading {
  if (isSsl2(bytes)) return readSsl2(bytes)
  const reader = new FlightReader()
  reader.add(bytes)
  return reader.reading()
}

/** Reads a flight as it arrives: `add` what came, until `done`. Work is linear in the bytes, however they are cut. */
export class FlightReader {
  #pending: Uint8Array = new Uint8Array(0)
  /** Handshake bytes not read yet, and how many it takes to read on: joined only then, so that a message in a million records costs no more than one. */
  #parts: Uint8Array[] = []
  #have = 0
  #need = 4
  #size = 0
  #alerts = 0
  #first = true
  #flight: Mutable<ServerFlight> = { ...NOTHING }
  #error: string | undefined
  #done = false

  /** Nothing that could still come would change the reading. */
  get done(): boolean {
    return this.#done || this.#error !== undefined
  }

  add(chunk: Uint8Array): void {
    if (this.done) return
    this.#size += chunk.length
    if (this.#size > MOST_FLIGHT) {
      this.#error = `the first flight is longer than ${MOST_FLIGHT / 1024 / 1024} MiB`
      return
    }
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    if (this.#first && isSsl2(bytes)) {
      const size = (uint16(bytes, 0) & 0x7fff) + 2
      this.#pending = bytes
      if (bytes.length < size) return
      const read = readSsl2(bytes)
      if (read.ok) this.#flight = { ...read.value }
      else this.#error = read.error
      this.#done = true
      return
    }
    let at = 0
    while (at + 5 <= bytes.length && !this.done) {
      const type = bytes[at] as number
      const size = uint16(bytes, at + 3)
      if (bytes[at + 1] !== 3 || type < CHANGE_CIPHER_SPEC || type > 24 || size > 16_384 + 2_048) {
        if (this.#first) this.#error = 'the answer is not TLS'
        else this.#done = true
        break
      }
      if (at + 5 + size > bytes.length) break
      const body = bytes.subarray(at + 5, at + 5 + size)
      at += 5 + size
      this.#first = false
      if (type === HANDSHAKE) this.#readHandshake(body)
      else if (type === ALERT) this.#readAlert(body)
      // Encrypted from here on. A server may send ChangeCipherSpec after a HelloRetryRequest; nothing of interest follows there either.
      else this.#done = true
    }
    // A record that is not whole yet, and can only be the start of one.
    this.#pending = bytes.subarray(at)
    if (this.#first && this.#pending.length >= 1 && !this.done) {
      const type = this.#pending[0] as number
      if ((type < CHANGE_CIPHER_SPEC || type > 24 || (this.#pending.length > 1 && this.#pending[1] !== 3)) && !mayBeSsl2(this.#pending))
        this.#error = 'the answer is not TLS'
    }
  }

  /** What has been read so far. */
  reading(): ServerFlightReading {
    return this.#error === undefined ? { ok: true, value: this.#flight } : { ok: false, error: this.#error }
  }

  #readAlert(body: Uint8Array): void {
    this.#alerts += 1
    if (body.length === 2) this.#flight.alert = { level: body[0] as number, description: body[1] as number }
    // A warning (unrecognized_name, say) is followed by the ServerHello; close_notify (0) by nothing.
    const warning = body.length === 2 && body[0] === 1 && body[1] !== 0
    if (!warning || this.#alerts >= MOST_ALERTS) this.#done = true
  }

  #readHandshake(part: Uint8Array): void {
    this.#parts.push(part)
    this.#have += part.length
    if (this.#have < this.#need) return
    const all = this.#parts.length === 1 ? part : Buffer.concat(this.#parts)
    let at = 0
    this.#need = 4
    while (at + 4 <= all.length && this.#error === undefined && !this.#flight.complete) {
      const size = uint24(all, at + 1)
      if (size > MOST_FLIGHT) {
        this.#error = `a handshake message says it has ${size} bytes`
        return
      }
      if (at + 4 + size > all.length) {
        this.#need = 4 + size
        break
      }
      this.#readMessage(all[at] as number, all.subarray(at + 4, at + 4 + size))
      at += 4 + size
    }
    this.#parts = at === all.length ? [] : [all.subarray(at)]
    this.#have = all.length - at
    if (this.#flight.complete) this.#done = true
  }

  #readMessage(type: number, body: Uint8Array): void {
    const flight = this.#flight
    switch (type) {
      case 2: {
        const hello = readServerHello(body)
        if (hello === undefined) this.#error = 'ServerHello is malformed'
        else {
          flight.hello = hello
          // TLS 1.3 encrypts all that follows.
          if (hello.retry || hello.version === 0x0304) flight.complete = true
        }
        return
      }
      case 11: {
        const read = readCertificates(body)
        if (read === undefined) this.#error = 'the Certificate message is malformed'
        else {
          flight.certificates = read.kept
          flight.certificateCount = read.count
          flight.certificateBytes = body.length
        }
        return
      }
      case 12:
        flight.keyExchange = readKeyExchange(body, flight.hello)
        return
      case 13:
        flight.certificateRequest = readCertificateRequest(body, flight.hello)
        return
      case 14:
        flight.complete = true
        return
      case 22: {
        const length = uint24(body, 1)
        if (body[0] === 1 && 4 + length === body.length) flight.ocspStaple = body.subarray(4)
        return
      }
      default:
    }
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** A two-byte record header of SSL 2.0 whose message is SERVER-HELLO (4) or ERROR (0). */
const isSsl2 = (bytes: Uint8Array): boolean => bytes.length >= 3 && ((bytes[0] as number) & 0x80) !== 0 && (bytes[2] === 4 || bytes[2] === 0)
const mayBeSsl2 = (bytes: Uint8Array): boolean => ((bytes[0] as number) & 0x80) !== 0 && bytes.length < 3

function readSsl2(bytes: Uint8Array): ServerFlightReading {
  const size = uint16(bytes, 0) & 0x7fff
  if (bytes[2] === 0) return { ok: true, value: { ...NOTHING, complete: true, alert: { level: 2, description: 40 } } }
  const body = bytes.subarray(2, 2 + size)
  const certificate = uint16(body, 5)
  const kinds = uint16(body, 7)
  if (body.length < 11 || kinds % 3 !== 0 || 11 + certificate + kinds + uint16(body, 9) !== size)
    return { ok: false, error: 'the SSL 2.0 SERVER-HELLO is malformed' }
  const list: number[] = []
  for (let at = 11 + certificate; at + 3 <= 11 + certificate + kinds && at + 3 <= body.length; at += 3) list.push(uint24(body, at))
  return { ok: true, value: { ...NOTHING, complete: body.length === size, ssl2: { kinds: list, certificateBytes: certificate } } }
}

function readServerHello(body: Uint8Array): ServerHello | undefined {
  const session = body[34]
  if (session === undefined || session > 32 || body.length < 38 + session) return undefined
  let version = uint16(body, 0)
  const retry = Buffer.from(body.subarray(2, 34)).toString('hex') === RETRY_RANDOM
  const extensions: { type: number; data: Uint8Array }[] = []
  const base = { cipher: uint16(body, 35 + session), compression: body[37 + session] as number, sessionId: body.subarray(35, 35 + session), extensions, retry }
  let at = 38 + session
  if (at === body.length) return { ...base, version }
  const end = at + 2 + uint16(body, at)
  if (end !== body.length) return undefined
  at += 2
  let group: number | undefined
  while (at < end) {
    const size = uint16(body, at + 2)
    if (at + 4 + size > end) return undefined
    const data = body.subarray(at + 4, at + 4 + size)
    const type = uint16(body, at)
    extensions.push({ type, data })
    if (type === 43 && size === 2) version = uint16(data, 0)
    if (type === 51 && size >= 2) group = uint16(data, 0)
    at += 4 + size
  }
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
  const signed = (at: number): { signature?: number } =>
    suite.authentication !== 'anonymous' && hello.version >= 0x0303 && at + 4 <= body.length ? { signature: uint16(body, at) } : {}
  if (suite.keyExchange === 'ECDHE' || (suite.keyExchange === 'ECDH' && suite.authentication === 'anonymous')) {
    // 3: a named curve; explicit ones (1, 2) nobody sends any more.
    const point = body[3]
    return body[0] === 3 && point !== undefined && 4 + point <= body.length
      ? { kind: 'ecdhe', group: uint16(body, 1), ...signed(4 + point) }
      : { kind: 'unread' }
  }
  const fields: Uint8Array[] = []
  let at = 0
  while (fields.length < (suite.keyExchange === 'RSA' ? 2 : 3)) {
    const size = uint16(body, at)
    if (at + 2 + size > body.length || size === 0) return { kind: 'unread' }
    fields.push(body.subarray(at + 2, at + 2 + size))
    at += 2 + size
  }
  const [first, second, third] = fields as [Uint8Array, Uint8Array, Uint8Array]
  if (suite.keyExchange === 'RSA') return { kind: 'rsa-export', bits: bitsOf(first) }
  return { kind: 'dhe', prime: first, generator: second, publicValue: third, ...signed(at) }
}

function bitsOf(integer: Uint8Array): number {
  const at = integer.findIndex((byte) => byte !== 0)
  return at < 0 ? 0 : (integer.length - at - 1) * 8 + (32 - Math.clz32(integer[at] as number))
}

function readCertificateRequest(body: Uint8Array, hello: ServerHello | undefined): { types: readonly number[]; authorities: number } {
  const count = body[0] ?? 0
  let at = 1 + count
  if (hello !== undefined && hello.version >= 0x0303) at += 2 + uint16(body, at)
  const end = Math.min(body.length, at + 2 + uint16(body, at))
  at += 2
  let authorities = 0
  while (at + 2 <= end) {
    authorities += 1
    at += 2 + uint16(body, at)
  }
  return { types: [...body.subarray(1, 1 + count)], authorities }
}
