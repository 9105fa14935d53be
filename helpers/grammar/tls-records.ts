/**
 * The plaintext part of what a TLS server says first (RFC 5246 §6–7): ServerHello, Certificate, CertificateStatus, or an alert. For TLS 1.2 and
 * below the served certificates are all there, order and extras kept. Hostile bytes: bounded, never throws.
 */
export interface ServerFlight {
  /** From ServerHello: legacy_version, or supported_versions where it is given. */
  readonly version?: number
  readonly cipher?: number
  readonly extensions: readonly { readonly type: number; readonly data: Uint8Array }[]
  /** DER as served; empty when no Certificate message was in plain text. */
  readonly certificates: readonly Uint8Array[]
  /** OCSPResponse of CertificateStatus. */
  readonly ocspStaple?: Uint8Array
  readonly alert?: { readonly level: number; readonly description: number }
}
export type ServerFlightReading = { readonly ok: true; readonly value: ServerFlight } | { readonly ok: false; readonly error: string }

const MOST_CERTIFICATES = 64
const CHANGE_CIPHER_SPEC = 20
const ALERT = 21
const HANDSHAKE = 22

const uint24 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
const uint16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)

/** Reads the records up to the first that is encrypted (after ChangeCipherSpec, or application data); a record cut off at the end ends the reading. */
export function readServerFlight(bytes: Uint8Array): ServerFlightReading {
  const handshake: Uint8Array[] = []
  let alert: ServerFlight['alert']
  let at = 0
  while (at + 5 <= bytes.length) {
    const type = bytes[at] as number
    const size = uint16(bytes, at + 3)
    if (bytes[at + 1] !== 3 || type < CHANGE_CIPHER_SPEC || type > 24 || size > 16_384 + 2_048) {
      return at === 0 ? { ok: false, error: 'the answer is not TLS' } : finish(handshake, alert)
    }
    if (at + 5 + size > bytes.length) break
    const body = bytes.subarray(at + 5, at + 5 + size)
    at += 5 + size
    if (type === HANDSHAKE) handshake.push(body)
    else if (type === ALERT) {
      if (body.length === 2) alert = { level: body[0] as number, description: body[1] as number }
      break
    } else break
  }
  return finish(handshake, alert)
}

function finish(parts: readonly Uint8Array[], alert: ServerFlight['alert']): ServerFlightReading {
  const all = Buffer.concat(parts)
  let version: number | undefined
  let cipher: number | undefined
  let extensions: { type: number; data: Uint8Array }[] = []
  let certificates: Uint8Array[] = []
  let ocspStaple: Uint8Array | undefined
  let at = 0
  while (at + 4 <= all.length) {
    const type = all[at] as number
    const size = uint24(all, at + 1)
    if (at + 4 + size > all.length) break
    const body = all.subarray(at + 4, at + 4 + size)
    at += 4 + size
    if (type === 2) {
      const read = readServerHello(body)
      if (read === undefined) return { ok: false, error: 'ServerHello is malformed' }
      version = read.version
      cipher = read.cipher
      extensions = read.extensions
    } else if (type === 11) {
      const read = readCertificates(body)
      if (read === undefined) return { ok: false, error: 'the Certificate message is malformed' }
      certificates = read
    } else if (type === 22 && body[0] === 1) {
      const length = uint24(body, 1)
      if (4 + length === body.length) ocspStaple = body.subarray(4)
    }
  }
  return {
    ok: true,
    value: {
      ...(version === undefined ? {} : { version }),
      ...(cipher === undefined ? {} : { cipher }),
      extensions,
      certificates,
      ...(ocspStaple === undefined ? {} : { ocspStaple }),
      ...(alert === undefined ? {} : { alert }),
    },
  }
}

function readServerHello(body: Uint8Array): { version: number; cipher: number; extensions: { type: number; data: Uint8Array }[] } | undefined {
  const session = body[34]
  if (session === undefined || session > 32 || body.length < 38 + session) return undefined
  const cipher = uint16(body, 35 + session)
  let version = uint16(body, 0)
  const extensions: { type: number; data: Uint8Array }[] = []
  let at = 38 + session
  if (at === body.length) return { version, cipher, extensions }
  const end = at + 2 + uint16(body, at)
  if (end !== body.length) return undefined
  at += 2
  while (at < end) {
    const size = uint16(body, at + 2)
    if (at + 4 + size > end) return undefined
    const data = body.subarray(at + 4, at + 4 + size)
    const type = uint16(body, at)
    extensions.push({ type, data })
    if (type === 43 && size === 2) version = uint16(data, 0)
    at += 4 + size
  }
  return { version, cipher, extensions }
}

function readCertificates(body: Uint8Array): Uint8Array[] | undefined {
  if (body.length < 3 || uint24(body, 0) !== body.length - 3) return undefined
  const found: Uint8Array[] = []
  let at = 3
  while (at < body.length) {
    if (at + 3 > body.length || found.length >= MOST_CERTIFICATES) return undefined
    const size = uint24(body, at)
    if (size === 0 || at + 3 + size > body.length) return undefined
    found.push(body.subarray(at + 3, at + 3 + size))
    at += 3 + size
  }
  return found
}
