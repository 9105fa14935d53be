/**
 * Writes ClientHellos byte by byte: SSL 2.0 (draft-hickman-netscape-ssl), SSL 3.0 (RFC 6101) to TLS 1.3 (RFC 8446 §4.1.2). A library's hello is
 * bent by its own policy; this one offers exactly what it is told. No cryptography: a key share is bytes from the caller, or none.
 */
import { randomBytes } from 'node:crypto'

export interface ClientHelloSpec {
  /** legacy_version of the message: 0x0300 to 0x0303; the highest version offered where `supportedVersions` is absent. */
  readonly version: number
  /** Offers these by the extension (TLS 1.3 is 0x0304), preferred first. */
  readonly supportedVersions?: readonly number[]
  /** Preferred first. */
  readonly suites: readonly number[]
  /** Written before them; nobody knows them, and whoever chooses one has chosen what was not offered. */
  readonly unassignedSuites?: readonly number[]
  /** @default [0]; 1 is DEFLATE (RFC 3749) */
  readonly compression?: readonly number[]
  /** @default none */
  readonly serverName?: string
  /** @default none, as for an empty list */
  readonly alpn?: readonly string[]
  readonly groups?: readonly number[]
  readonly signatureAlgorithms?: readonly number[]
  /** An empty list sends the extension without a share: a server that knows a group of ours answers HelloRetryRequest. */
  readonly keyShares?: readonly { readonly group: number; readonly key: Uint8Array }[]
  /** Empty extensions that say we can: RFC 7627, 5746, 6066 §8, 6962 §3.3.1, 6520, 5077 (a ticket, or none yet). */
  readonly extendedMasterSecret?: boolean
  readonly renegotiationInfo?: boolean
  readonly statusRequest?: boolean
  readonly signedTimestamps?: boolean
  readonly heartbeat?: boolean
  readonly sessionTicket?: Uint8Array
  readonly sessionId?: Uint8Array
  /** Values that every server must ignore (RFC 8701), in suites, groups, versions and extensions. */
  readonly grease?: boolean
  readonly more?: readonly { readonly type: number; readonly data: Uint8Array }[]
  /**
   * Pads the message (RFC 7685) to so many bytes, record headers included. A hello that is longer stays as it is; one that lacks fewer bytes than an
   * extension's own four (six, where it has no extension) gets an empty one, and where one byte more begins another record that record's header comes along.
   */
  readonly padTo?: number
  /** 32 bytes. @default drawn at random */
  readonly random?: Uint8Array
}

const GREASE_SUITE = 0x1a1a
const GREASE_GROUP = 0x2a2a
const GREASE_VERSION = 0x3a3a
const GREASE_FIRST = 0x4a4a
const GREASE_LAST = 0x5a5a

const uint8 = (value: number): Buffer => Buffer.from([value & 0xff])
const uint16 = (value: number): Buffer => Buffer.from([(value >> 8) & 0xff, value & 0xff])
const uint24 = (value: number): Buffer => Buffer.from([(value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff])
const vector8 = (...parts: readonly Uint8Array[]): Buffer => prefixed(uint8, 0xff, parts)
const vector16 = (...parts: readonly Uint8Array[]): Buffer => prefixed(uint16, 0xffff, parts)
function prefixed(length: (value: number) => Buffer, most: number, parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  if (body.length > most) throw new RangeError(`${body.length} bytes do not fit a vector of at most ${most}`)
  return Buffer.concat([length(body.length), body])
}
const uint16s = (values: readonly number[]): Buffer => Buffer.concat(values.map(uint16))
const extension = (type: number, ...parts: readonly Uint8Array[]): Buffer => Buffer.concat([uint16(type), vector16(...parts)])

function extensionsOf(spec: ClientHelloSpec): Buffer[] {
  const { grease = false } = spec
  const list: Buffer[] = []
  if (grease) list.push(extension(GREASE_FIRST))
  if (spec.serverName !== undefined) list.push(extension(0, vector16(uint8(0), vector16(Buffer.from(spec.serverName, 'latin1')))))
  if (spec.extendedMasterSecret === true) list.push(extension(23))
  if (spec.renegotiationInfo === true) list.push(extension(0xff01, uint8(0)))
  if (spec.groups !== undefined) {
    list.push(extension(10, vector16(uint16s(grease ? [GREASE_GROUP, ...spec.groups] : spec.groups))))
    // Uncompressed points only (RFC 8422 §5.1.2).
    if (spec.version < 0x0304) list.push(extension(11, vector8(uint8(0))))
  }
  if (spec.sessionTicket !== undefined) list.push(extension(35, spec.sessionTicket))
  if (spec.alpn !== undefined && spec.alpn.length > 0) list.push(extension(16, vector16(...spec.alpn.map((name) => vector8(Buffer.from(name, 'latin1'))))))
  if (spec.statusRequest === true) list.push(extension(5, Buffer.from([1, 0, 0, 0, 0])))
  if (spec.signatureAlgorithms !== undefined) list.push(extension(13, vector16(uint16s(spec.signatureAlgorithms))))
  if (spec.signedTimestamps === true) list.push(extension(18))
  if (spec.heartbeat === true) list.push(extension(15, uint8(1)))
  if (spec.supportedVersions !== undefined) {
    list.push(extension(43, vector8(uint16s(grease ? [GREASE_VERSION, ...spec.supportedVersions] : spec.supportedVersions))))
    list.push(extension(45, vector8(uint8(1))))
  }
  if (spec.keyShares !== undefined) {
    list.push(extension(51, vector16(...spec.keyShares.map(({ group, key }) => Buffer.concat([uint16(group), vector16(key)])))))
  }
  for (const { type, data } of spec.more ?? []) list.push(extension(type, data))
  if (grease) list.push(extension(GREASE_LAST, uint8(0)))
  return list
}

const MOST_RECORD = 16_384
/** Of a message with the headers of the records it takes. */
const sizeOf = (message: number): number => message + 5 * Math.ceil(message / MOST_RECORD)

/**
 * The whole first flight: one handshake message in as many records as it takes (16,384 bytes each), ready to be sent.
 * @throws RangeError where a vector would not fit its length: a defect of the caller, never of the peer
 */
export function encodeClientHello(spec: ClientHelloSpec): Uint8Array {
  const suites = [...(spec.grease === true ? [GREASE_SUITE] : []), ...(spec.unassignedSuites ?? []), ...spec.suites]
  if (spec.random !== undefined && spec.random.length !== 32) throw new RangeError('a random of other than 32 bytes')
  if (spec.sessionId !== undefined && spec.sessionId.length > 32) throw new RangeError('a session id of more than 32 bytes')
  // TLS 1.3 in compatibility mode (RFC 8446 §D.4) carries a session id that means nothing.
  const sessionId = spec.sessionId ?? (spec.supportedVersions === undefined ? Buffer.alloc(0) : randomBytes(32))
  const head = Buffer.concat([
    uint16(spec.version),
    spec.random ?? randomBytes(32),
    vector8(sessionId),
    vector16(uint16s(suites)),
    vector8(Buffer.from(spec.compression ?? [0])),
  ])
  const list = extensionsOf(spec)
  const bare = 4 + head.length + (list.length === 0 ? 0 : 2 + Buffer.concat(list).length)
  if (spec.padTo !== undefined && sizeOf(bare) < spec.padTo) {
    const begin = bare + 4 + (list.length === 0 ? 2 : 0)
    let padding = Math.max(0, spec.padTo - begin - 5 * Math.ceil(spec.padTo / MOST_RECORD))
    while (sizeOf(begin + padding) < spec.padTo) padding += 1
    list.push(extension(21, Buffer.alloc(padding)))
  }
  const body = Buffer.concat(list.length === 0 ? [head] : [head, vector16(...list)])
  const message = Buffer.concat([uint8(1), uint24(body.length), body])
  // The record version of a first hello is TLS 1.0 for everything newer (RFC 8446 §5.1): old servers look at it.
  const recordVersion = spec.version === 0x0300 ? 0x0300 : 0x0301
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += MOST_RECORD) {
    records.push(Buffer.concat([uint8(22), uint16(recordVersion), vector16(message.subarray(at, at + MOST_RECORD))]))
  }
  return Buffer.concat(records)
}

/** CLIENT-HELLO of SSL 2.0 with its seven cipher kinds. Its answer is read by `readServerFlight`. */
export function encodeSsl2ClientHello(challenge: Uint8Array = randomBytes(16)): Uint8Array {
  const kinds = [0x010080, 0x020080, 0x030080, 0x040080, 0x050080, 0x060040, 0x0700c0]
  const body = Buffer.concat([uint8(1), uint16(2), uint16(kinds.length * 3), uint16(0), uint16(challenge.length), ...kinds.map(uint24), challenge])
  return Buffer.concat([uint16(0x8000 | body.length), body])
}
