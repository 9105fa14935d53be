/** Reads HTTP/1 bytes that a strict parser refused, and undoes content codings with bounded memory. Facts only: what broke the grammar is said, not judged. */
import {
  brotliDecompressSync,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib'
import { headerValues } from '../headers.ts'
import type { RawHeaders } from '../observations.ts'
import { withoutBlanks } from '../grammar/linear.ts'

const NOTHING = new Uint8Array(0)

export interface LenientMessage {
  readonly status: number | undefined
  readonly statusText: string
  readonly httpVersion: '1.0' | '1.1'
  readonly headers: RawHeaders
  readonly body: Buffer
  /** The message says where it ends and that end was reached. */
  readonly complete: boolean
  /** What broke the grammar, empty when nothing did. */
  readonly faults: readonly string[]
}

const STATUS_LINE = /^HTTP\/([0-9](?:\.[0-9])?)[ \t]+([0-9]{3})(?:[ \t]+(?![ \t])(.*))?$/i

/** Reads what there is: LF line ends, missing reason, folded and colon-less lines are taken and noted. Interim (1xx) answers are skipped. */
export function readLeniently(bytes: Buffer, method = 'GET'): LenientMessage {
  const faults: string[] = []
  let at = 0
  const line = (): string | undefined => {
    const end = bytes.indexOf(0x0a, at)
    if (end === -1) return undefined
    const bare = end === at || bytes[end - 1] !== 0x0d
    if (bare && !faults.includes('line ends without CR')) faults.push('line ends without CR')
    const text = bytes.toString('latin1', at, bare ? end : end - 1)
    at = end + 1
    return text
  }
  for (;;) {
    let first = line()
    while (first === '') first = line()
    const match = first === undefined ? null : STATUS_LINE.exec(first)
    if (first === undefined || match === null) {
      const shown = (first ?? bytes.toString('latin1', 0, 80)).slice(0, 80)
      return {
        status: undefined,
        statusText: '',
        httpVersion: '1.1',
        headers: [],
        body: bytes.subarray(0),
        complete: false,
        faults: [bytes.length === 0 ? 'nothing was answered' : `the status line is ${JSON.stringify(shown)}`],
      }
    }
    const status = Number(match[2])
    const headers: [string, string][] = []
    let ended = false
    for (let text = line(); text !== undefined; text = line()) {
      if (text === '') {
        ended = true
        break
      }
      const last = headers.at(-1)
      if (/^[ \t]/.test(text) && last !== undefined) {
        last[1] = `${last[1]} ${text.trim()}`
        faults.push(`folded header ${last[0]}`)
        continue
      }
      const colon = text.indexOf(':')
      if (colon < 1) {
        faults.push(`header line ${JSON.stringify(text.slice(0, 80))}`)
        continue
      }
      const name = text.slice(0, colon)
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) faults.push(`header name ${JSON.stringify(name.slice(0, 80))}`)
      headers.push([name.trim(), withoutBlanks(text.slice(colon + 1))])
    }
    if (!ended) faults.push('the header block did not end')
    if (ended && status >= 100 && status < 200 && status !== 101 && at < bytes.length) continue
    const rest = bytes.subarray(at)
    const base = { status, statusText: match[3] ?? '', httpVersion: match[1] === '1.0' ? ('1.0' as const) : ('1.1' as const), headers }
    if (method === 'HEAD' || status === 204 || status === 304) return { ...base, body: Buffer.alloc(0), complete: ended, faults }
    if (headerValues(headers, 'transfer-encoding').some((value) => /chunked/i.test(value))) {
      const { body, complete } = dechunk(rest)
      return { ...base, body, complete: ended && complete, faults }
    }
    const lengths = headerValues(headers, 'content-length')
    if (new Set(lengths).size > 1) faults.push(`differing Content-Length: ${lengths.join(', ')}`)
    const length = lengths[0] !== undefined && /^[0-9]{1,15}$/.test(lengths[0]) ? Number(lengths[0]) : undefined
    if (length === undefined && lengths.length > 0) faults.push(`Content-Length ${JSON.stringify(lengths[0])}`)
    return { ...base, body: length === undefined ? rest : rest.subarray(0, length), complete: ended && length !== undefined && rest.length >= length, faults }
  }
}

function dechunk(bytes: Buffer): { body: Buffer; complete: boolean } {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const end = bytes.indexOf(0x0a, at)
    if (end === -1) return { body: Buffer.concat(parts), complete: false }
    const size = /^\s*([0-9A-Fa-f]{1,8})/.exec(bytes.toString('latin1', at, end))
    if (size === null) return { body: Buffer.concat([...parts, bytes.subarray(at)]), complete: false }
    const length = Number.parseInt(size[1] as string, 16)
    at = end + 1
    if (length === 0) return { body: Buffer.concat(parts), complete: bytes.indexOf(0x0a, at) !== -1 }
    parts.push(bytes.subarray(at, at + length))
    if (at + length > bytes.length) return { body: Buffer.concat(parts), complete: false }
    at += length
    if (bytes[at] === 0x0d) at += 1
    if (bytes[at] === 0x0a) at += 1
  }
}

export interface DecodedBody {
  readonly body: Uint8Array
  readonly truncated: boolean
  readonly decodeFailed: boolean
}

type Coding = 'gzip' | 'deflate' | 'br' | 'zstd'
const CODINGS: Readonly<Record<string, Coding>> = { gzip: 'gzip', 'x-gzip': 'gzip', deflate: 'deflate', br: 'br', zstd: 'zstd' }

function decodeWhole(coding: Coding, bytes: Buffer, most: number): Buffer {
  switch (coding) {
    case 'gzip':
      return gunzipSync(bytes, { maxOutputLength: most })
    case 'br':
      return brotliDecompressSync(bytes, { maxOutputLength: most })
    case 'zstd':
      return zstdDecompressSync(bytes, { maxOutputLength: most })
    case 'deflate':
      // RFC 9110 §8.4.1.2 means zlib; bare deflate is sent by old servers and understood by every browser.
      return ((bytes[0] ?? 0) & 0x0f) === 8 ? inflateSync(bytes, { maxOutputLength: most }) : inflateRawSync(bytes, { maxOutputLength: most })
    default:
      return coding satisfies never
  }
}

/** First `most` bytes of a stream that is cut off or expands beyond them; memory stays near `most`. */
function decodeStart(coding: Coding, bytes: Buffer, most: number): Promise<{ body: Buffer; full: boolean; failed: boolean }> {
  const stream =
    coding === 'gzip'
      ? createGunzip({ finishFlush: constants.Z_SYNC_FLUSH })
      : coding === 'br'
        ? createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH })
        : coding === 'zstd'
          ? createZstdDecompress({ finishFlush: constants.ZSTD_e_flush })
          : createInflate({ finishFlush: constants.Z_SYNC_FLUSH })
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let size = 0
    const end = (full: boolean, failed: boolean): void => {
      stream.removeAllListeners()
      stream.on('error', () => {})
      stream.destroy()
      resolve({ body: Buffer.concat(parts), full, failed })
    }
    stream.on('data', (chunk: Buffer) => {
      const room = most - size
      parts.push(chunk.length > room ? chunk.subarray(0, room) : chunk)
      size += chunk.length
      if (size > most) end(true, false)
    })
    stream.on('end', () => end(false, false))
    stream.on('error', () => end(false, true))
    stream.end(bytes)
  })
}

/**
 * Undoes Content-Encoding. `cut`: the wire bytes stop before the body's end. Never throws: what cannot be decoded comes back as received with
 * `decodeFailed`; what expands beyond `most` bytes comes back cut with `truncated`.
 */
export async function decodeBody(headers: RawHeaders, wire: Buffer, most: number, cut: boolean): Promise<DecodedBody> {
  const named = headerValues(headers, 'content-encoding')
    .flatMap((value) => value.split(','))
    .map((value) => value.trim().toLowerCase())
    .filter((value) => value !== '' && value !== 'identity')
  if (named.length === 0 || wire.length === 0)
    return { body: wire.length > most ? wire.subarray(0, most) : wire, truncated: cut || wire.length > most, decodeFailed: false }
  let bytes = wire
  let truncated = cut
  if (named.length > 4) return { body: bytes.subarray(0, most), truncated: truncated || bytes.length > most, decodeFailed: true }
  for (const name of named.reverse()) {
    const coding = CODINGS[name]
    if (coding === undefined) return { body: bytes.subarray(0, most), truncated: truncated || bytes.length > most, decodeFailed: true }
    if (!truncated) {
      try {
        bytes = decodeWhole(coding, bytes, most)
        continue
      } catch (error) {
        if ((error as { code?: string }).code !== 'ERR_BUFFER_TOO_LARGE') return { body: bytes.subarray(0, most), truncated: false, decodeFailed: true }
      }
    }
    const start = await decodeStart(coding, bytes, most)
    truncated = true
    if (start.failed && start.body.length === 0) return { body: NOTHING, truncated, decodeFailed: true }
    bytes = start.body
    if (start.failed) return { body: bytes, truncated, decodeFailed: true }
  }
  return { body: bytes, truncated, decodeFailed: false }
}
