/** Reads a tar archive (ustar, with the long names of GNU and pax) entry by entry. Never throws for what the bytes are. */
import type { ByteReader } from './bytes.ts'
import type { Reading, TarFacts } from './facts.ts'

const BLOCK = 512
/** Names that are remembered; hostile ones are counted beyond it. */
const NAMES = 10_000

export interface TarEntry {
  readonly name: string
  readonly size: number
  /** Permission bits. */
  readonly mode: number
  /** Of a regular file; it must be read or left before the next entry is asked for. */
  body(): AsyncGenerator<Buffer, void, undefined>
}

const text = (bytes: Buffer): string => {
  const end = bytes.indexOf(0)
  return bytes.subarray(0, end === -1 ? bytes.length : end).toString('utf8')
}
/** Octal, or base 256 with the highest bit set (GNU). NaN: neither. */
const number = (bytes: Buffer): number => {
  if (((bytes[0] as number) & 0x80) !== 0) {
    let value = (bytes[0] as number) & 0x7f
    for (const one of bytes.subarray(1)) value = value * 256 + one
    return value
  }
  const digits = bytes
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trim()
  return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN
}
const checksumRight = (header: Buffer): boolean => {
  let unsigned = 0
  let signed = 0
  for (let index = 0; index < BLOCK; index += 1) {
    const byte = index >= 148 && index < 156 ? 0x20 : (header[index] as number)
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  const written = number(header.subarray(148, 156))
  return written === unsigned || written === signed
}

const ZEROS = Buffer.alloc(65_536)
/** Nothing but zeros, compared in large pieces. */
export function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const piece = bytes.subarray(at, at + ZEROS.length)
    if (!piece.equals(ZEROS.subarray(0, piece.length))) return false
  }
  return true
}

/** Is the block at the beginning of a file the header of a tar entry? */
export const isTarHeader = (head: Buffer): boolean => head.length >= BLOCK && head[0] !== 0 && checksumRight(head.subarray(0, BLOCK))

/** Where a link leads, from the folder the archive is unpacked into: outside? */
const climbs = (path: string): boolean => {
  let depth = 0
  for (const part of path.split('/')) {
    if (part === '..') depth -= 1
    else if (part !== '' && part !== '.') depth += 1
    if (depth < 0) return true
  }
  return false
}

/** @param onFile is given every regular file, in order; what it leaves of the body is skipped */
export async function readTar(
  reader: ByteReader,
  onFile: (entry: TarEntry) => Promise<void>,
  limits: { readonly entries: number } = { entries: 5_000_000 },
): Promise<{ readonly tar: TarFacts; readonly reading: Reading }> {
  const names: string[] = []
  const emptyNames: string[] = []
  const hostile: TarFacts['hostile'][number][] = []
  let hostileCount = 0
  let entries = 0
  let files = 0
  let fileBytes = 0
  let endBlocks = false
  let longName: string | undefined
  let longLink: string | undefined
  let pax: Record<string, string> = {}
  let result: Reading = { complete: true }
  const suspicious = (name: string, kind: TarFacts['hostile'][number]['kind']): void => {
    hostileCount += 1
    if (hostile.length < 100) hostile.push({ name, kind })
  }
  for (;;) {
    const header = await reader.take(BLOCK)
    if (header === undefined) {
      if (!endBlocks) result = { complete: false, kind: 'cut', error: 'the two closing blocks are missing' }
      break
    }
    if (isZero(header)) {
      const second = await reader.peek(BLOCK)
      endBlocks = second.length === BLOCK && isZero(second)
      if (!endBlocks) result = { complete: false, kind: 'cut', error: 'the second closing block is missing' }
      // What pads the last record is zeros; anything else was added.
      for await (const chunk of reader.chunks())
        if (endBlocks && result.complete && !isZero(chunk)) result = { complete: true, kind: 'trailing', error: 'bytes after the end of the archive' }
      break
    }
    const size = number(header.subarray(124, 136))
    if (!checksumRight(header) || !Number.isSafeInteger(size) || size < 0) {
      result = { complete: false, kind: 'corrupt', error: `the header of entry ${entries + 1} is damaged` }
      break
    }
    entries += 1
    if (entries > limits.entries) {
      result = { complete: false, kind: 'bomb', error: `more than ${limits.entries} entries` }
      break
    }
    const type = String.fromCharCode(header[156] as number)
    const prefix = header.subarray(257, 262).toString('latin1') === 'ustar' && header[263] === 0x30 ? text(header.subarray(345, 500)) : ''
    const own = text(header.subarray(0, 100))
    const name = pax.path ?? longName ?? (prefix === '' ? own : `${prefix}/${own}`)
    const link = pax.linkpath ?? longLink ?? text(header.subarray(157, 257))
    const real = pax.size !== undefined && /^\d{1,15}$/.test(pax.size) ? Number(pax.size) : size
    const padded = Math.ceil(real / BLOCK) * BLOCK
    if (type === 'L' || type === 'K' || type === 'x' || type === 'g') {
      const body = real <= 1024 * 1024 ? await reader.take(padded) : undefined
      if (body === undefined) {
        result =
          real <= 1024 * 1024
            ? { complete: false, kind: 'cut', error: 'unexpected end of file' }
            : { complete: false, kind: 'corrupt', error: 'a name of more than 1 MiB' }
        break
      }
      if (type === 'L') longName = text(body.subarray(0, real))
      else if (type === 'K') longLink = text(body.subarray(0, real))
      else if (type === 'x')
        for (const match of body
          .subarray(0, real)
          .toString('utf8')
          .matchAll(/\d (path|linkpath|size)=([^\n]*)(?:(\n)|$)/g))
          if (match[3] !== undefined) pax = { ...pax, [match[1] as string]: match[2] as string }
      continue
    }
    longName = undefined
    longLink = undefined
    pax = {}
    if (name.startsWith('/') || /^[A-Za-z]:[\\/]/.test(name)) suspicious(name, 'absolute')
    else if (climbs(name)) suspicious(name, 'climbing')
    if (type === '2' && (link.startsWith('/') || climbs(`${name.slice(0, name.lastIndexOf('/') + 1)}${link}`))) suspicious(name, 'link')
    if (type === '1' && (link.startsWith('/') || climbs(link))) suspicious(name, 'link')
    if (type === '3' || type === '4' || type === '6') suspicious(name, 'device')
    const regular = type === '0' || type === '\0' || type === '7'
    // Links, folders and devices have no body, whatever their size says.
    if (!regular) {
      if (type !== '1' && type !== '2' && type !== '3' && type !== '4' && type !== '5' && type !== '6') {
        if ((await reader.skip(padded)) < padded) {
          result = { complete: false, kind: 'cut', error: 'unexpected end of file' }
          break
        }
      }
      continue
    }
    files += 1
    fileBytes += real
    if (names.length < NAMES) {
      names.push(name)
      if (real === 0) emptyNames.push(name)
    }
    const end = reader.position + real
    await onFile({ name, size: real, mode: number(header.subarray(100, 108)) & 0o7777, body: () => reader.chunks(end - reader.position) })
    const left = end - reader.position
    if ((await reader.skip(left)) < left || (await reader.skip(padded - real)) < padded - real) {
      result = { complete: false, kind: 'cut', error: `unexpected end of file inside ${name}` }
      break
    }
  }
  return { tar: { entries, files, fileBytes, endBlocks, hostile, hostileCount, names, emptyNames }, reading: result }
}
