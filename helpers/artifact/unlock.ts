/**
 * Opens files of age (age-encryption.org/v1) as they are read: the header by the age library, the payload (STREAM, 64 KiB pieces of ChaCha20-Poly1305) by
 * node:crypto, so that what is inside never touches a disk and never waits for its end.
 */
import { createDecipheriv, hkdfSync } from 'node:crypto'
import { ByteReader, type Chunks } from './bytes.ts'
import type { Reading } from './facts.ts'

export interface Keys {
  /** Text of an identity file: lines of AGE-SECRET-KEY-…, comments between them. */
  readonly identity?: string
  readonly passphrase?: string
}

const PIECE = 64 * 1024
const TAG = 16
/** Headers with hundreds of recipients are smaller. */
const HEADER = 256 * 1024
const MARK = '\n---'
const ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----'

/** The bytes within the armor of RFC 7468. */
async function* unarmored(chunks: Chunks): AsyncGenerator<Buffer, void, undefined> {
  let pending = ''
  for await (const chunk of chunks) {
    pending += chunk.toString('latin1')
    if (pending.startsWith(ARMOR)) pending = pending.slice(ARMOR.length)
    const end = pending.indexOf('-')
    const body = (end === -1 ? pending : pending.slice(0, end)).replaceAll(/\s+/g, '')
    const whole = end === -1 ? body.length - (body.length % 4) : body.length
    if (whole > 0) yield Buffer.from(body.slice(0, whole), 'base64')
    if (end !== -1) return
    pending = body.slice(whole)
  }
}

export type Opened =
  | { readonly ok: true; content(result: { reading: Reading }): AsyncGenerator<Buffer, void, undefined> }
  | { readonly ok: false; readonly error: string }

/** @returns why no key fits; else the content, whose end is told in `result` */
export async function openAge(source: ByteReader, keys: Keys): Promise<Opened> {
  const armored = (await source.peek(ARMOR.length)).toString('latin1') === ARMOR
  const reader = armored ? new ByteReader(unarmored(source.chunks())) : source
  const head = await reader.peek(HEADER)
  const mark = head.indexOf(MARK)
  const end = mark === -1 ? -1 : head.indexOf(0x0a, mark + 1)
  if (end === -1) return { ok: false, error: 'its header is cut off or damaged' }
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  const identities = (keys.identity ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  try {
    for (const one of identities) decrypter.addIdentity(one)
    if (keys.passphrase !== undefined) decrypter.addPassphrase(keys.passphrase)
  } catch {
    // The library quotes what it cannot read.
    return { ok: false, error: 'the declared identity is no private key of age' }
  }
  if (identities.length === 0 && keys.passphrase === undefined) return { ok: false, error: 'the declared identity holds no private key of age' }
  let fileKey: Uint8Array
  try {
    fileKey = await decrypter.decryptHeader(head.subarray(0, end + 1))
  } catch (error) {
    const text = error instanceof Error ? error.message : ''
    return { ok: false, error: /no identity|passphrase/i.test(text) ? 'the key does not fit: it is locked for another one' : 'its header is damaged' }
  }
  await reader.take(end + 1)
  return { ok: true, content: (result) => pieces(reader, fileKey, result) }
}

async function* pieces(reader: ByteReader, fileKey: Uint8Array, result: { reading: Reading }): AsyncGenerator<Buffer, void, undefined> {
  const salt = await reader.take(16)
  if (salt === undefined) {
    result.reading = { complete: false, kind: 'cut', error: 'unexpected end of file' }
    return
  }
  const key = Buffer.from(hkdfSync('sha256', fileKey, salt, 'payload', 32))
  const nonce = Buffer.alloc(12)
  const opened = (piece: Buffer, last: boolean): Buffer | undefined => {
    nonce[11] = last ? 1 : 0
    const cipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG })
    cipher.setAuthTag(piece.subarray(-TAG))
    const text = cipher.update(piece.subarray(0, -TAG))
    try {
      cipher.final()
      return text
    } catch {
      return undefined
    }
  }
  for (let index = 0; ; index += 1) {
    nonce.writeUIntBE(index, 5, 6)
    const ahead = await reader.peek(PIECE + TAG + 1)
    const last = ahead.length <= PIECE + TAG
    if (ahead.length < TAG || (ahead.length === TAG && index > 0)) {
      result.reading = { complete: false, kind: 'cut', error: 'the last piece is missing' }
      return
    }
    const piece = (await reader.take(Math.min(ahead.length, PIECE + TAG))) as Buffer
    const text = opened(piece, last)
    if (text === undefined) {
      // A piece that is whole and not the last, with nothing after it: the rest is gone.
      const more = last && opened(piece, false) !== undefined
      result.reading = more
        ? { complete: false, kind: 'cut', error: 'unexpected end of file' }
        : { complete: false, kind: last ? 'cut' : 'corrupt', error: last ? 'its end is cut off or damaged' : `piece ${index + 1} is damaged` }
      return
    }
    if (text.length > 0) yield text
    if (last) return
  }
}
