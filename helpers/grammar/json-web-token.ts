/** Reads a JSON Web Token in compact form (RFC 7519 §7.2, RFC 7515 §7.1) without believing it: nothing is verified here. */

/** What a server has to do with a token that is longer is its own affair. */
export const MOST_TOKEN_BYTES = 16_384

export interface JsonWebToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
  /** As they stand, still encoded. */
  readonly segments: readonly [header: string, payload: string, signature: string]
}

export type ReadToken =
  | { readonly ok: true; readonly token: JsonWebToken }
  | { readonly ok: false; readonly error: 'too-long' | 'opaque' | 'encrypted' | 'not-base64url' | 'not-json' }

const BASE64URL = /^[A-Za-z0-9_-]*$/

function objectOf(segment: string): Readonly<Record<string, unknown>> | 'not-json' {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(segment, 'base64url'))
  } catch {
    return 'not-json'
  }
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : 'not-json'
  } catch {
    return 'not-json'
  }
}

/** Never throws. A token of one segment, or of segments that are no JSON objects at all, is `opaque`: nothing is wrong with it. */
export function readJsonWebToken(text: string): ReadToken {
  if (text.length > MOST_TOKEN_BYTES) return { ok: false, error: 'too-long' }
  const segments = text.split('.')
  if (segments.length === 5 && segments[0]?.startsWith('eyJ') === true) return { ok: false, error: 'encrypted' }
  if (segments.length !== 3) return { ok: false, error: 'opaque' }
  const [header = '', payload = '', signature = ''] = segments
  if (!header.startsWith('ey')) return { ok: false, error: 'opaque' }
  if (!segments.every((segment) => BASE64URL.test(segment) && segment.length % 4 !== 1)) return { ok: false, error: 'not-base64url' }
  const [head, body] = [objectOf(header), objectOf(payload)]
  if (head === 'not-json' || body === 'not-json') return { ok: false, error: 'not-json' }
  return { ok: true, token: { header: head, payload: body, segments: [header, payload, signature] } }
}

/** A NumericDate (RFC 7519 §2): seconds since 1970, no text, no NaN; undefined for anything else. */
export const numericDate = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 && value < 1e11 ? value : undefined
