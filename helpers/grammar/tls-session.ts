/** What an SSL_SESSION in DER (OpenSSL's own format, as Node's `session` event gives it) says of tickets and early data. Never throws. */
import { derChildren, derInteger, readDer } from './der.ts'

export interface TlsSessionFacts {
  /** ticket_lifetime (RFC 8446 §4.6.1) or ticket_lifetime_hint (RFC 5077), in seconds; absent where no ticket came. */
  readonly lifetimeHintSeconds?: number
  readonly maxEarlyData?: number
}
export type TlsSessionReading = { readonly ok: true; readonly value: TlsSessionFacts } | { readonly ok: false; readonly error: string }

/** Explicit context tags of ssl/ssl_asn1.c. */
const LIFETIME_HINT = 9
const TICKET = 10
const MAX_EARLY_DATA = 15

/** Newer Node puts the name it was connected to in front of the DER: NUL, the marker, NUL, a two-byte length, the name. */
const MARKER = Buffer.from('\0nodejs:tls:session:1\0', 'latin1')
function withoutName(bytes: Uint8Array): Uint8Array {
  if (!Buffer.from(bytes.subarray(0, MARKER.length)).equals(MARKER)) return bytes
  const at = MARKER.length
  return bytes.subarray(at + 2 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)))
}

/** Reads the bytes of Node's `session` event or `getSession()`. */
export function readTlsSession(bytes: Uint8Array): TlsSessionReading {
  const outer = readDer(withoutName(bytes))
  if (!outer.ok) return outer
  const fields = derChildren(outer.value)
  if (!fields.ok) return fields
  const number = (tag: number): number | undefined => {
    const field = fields.value.find((one) => one.tagClass === 2 && one.tag === tag)
    if (field === undefined) return undefined
    const inner = readDer(field.content)
    const value = inner.ok ? derInteger(inner.value) : undefined
    return value === undefined || value < 0n || value > 0xffff_ffffn ? undefined : Number(value)
  }
  const hasTicket = fields.value.some((one) => one.tagClass === 2 && one.tag === TICKET)
  const lifetime = number(LIFETIME_HINT)
  const early = number(MAX_EARLY_DATA)
  return {
    ok: true,
    value: {
      ...(hasTicket && lifetime !== undefined ? { lifetimeHintSeconds: lifetime } : {}),
      ...(early === undefined ? {} : { maxEarlyData: early }),
    },
  }
}
