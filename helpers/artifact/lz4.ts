/**
 * Reads LZ4 frames (lz4_Frame_format.md 1.6.4) with every checksum that they carry. What pg_dump writes carries that of the header alone: of its blocks
 * only the structure can be wrong.
 */
import { ByteReader, type Chunks } from './bytes.ts'
import { rest } from './decompress.ts'
import type { Reading } from './facts.ts'
import { isZero } from './tar.ts'

const MAGIC = 0x184d2204
/** And the fifteen after it. */
const SKIPPABLE = 0x184d2a50
/** Bytes before a block that it may refer to. */
const WINDOW = 65_536
const BLOCK_BYTES: Readonly<Record<number, number>> = { 4: 65_536, 5: 262_144, 6: 1_048_576, 7: 4_194_304 }

const P1 = 0x9e3779b1 | 0
const P2 = 0x85ebca77 | 0
const P3 = 0xc2b2ae3d | 0
const P4 = 0x27d4eb2f
const P5 = 0x165667b1
const turned = (value: number, by: number): number => (value << by) | (value >>> (32 - by))
const round = (lane: number, word: number): number => Math.imul(turned((lane + Math.imul(word, P2)) | 0, 13), P1)

/** xxHash32 with seed 0 (xxhash_spec.md). */
export class XxHash32 {
  #a = (P1 + P2) | 0
  #b = P2
  #c = 0
  #d = -P1 | 0
  readonly #held = Buffer.alloc(16)
  #heldLength = 0
  #total = 0

  #stripes(bytes: Buffer, from: number): number {
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    let at = from
    let a = this.#a
    let b = this.#b
    let c = this.#c
    let d = this.#d
    for (; at + 16 <= bytes.length; at += 16) {
      a = round(a, words.getInt32(at, true))
      b = round(b, words.getInt32(at + 4, true))
      c = round(c, words.getInt32(at + 8, true))
      d = round(d, words.getInt32(at + 12, true))
    }
    this.#a = a
    this.#b = b
    this.#c = c
    this.#d = d
    return at
  }

  update(bytes: Buffer): this {
    this.#total += bytes.length
    let at = 0
    if (this.#heldLength > 0) {
      at = bytes.copy(this.#held, this.#heldLength)
      this.#heldLength += at
      if (this.#heldLength < 16) return this
      this.#stripes(this.#held, 0)
    }
    at = this.#stripes(bytes, at)
    this.#heldLength = bytes.copy(this.#held, 0, at)
    return this
  }

  digest(): number {
    let hash = this.#total < 16 ? P5 : (turned(this.#a, 1) + turned(this.#b, 7) + turned(this.#c, 12) + turned(this.#d, 18)) | 0
    hash = (hash + this.#total) | 0
    let at = 0
    for (; at + 4 <= this.#heldLength; at += 4) hash = Math.imul(turned((hash + Math.imul(this.#held.readInt32LE(at), P3)) | 0, 17), P4)
    for (; at < this.#heldLength; at += 1) hash = Math.imul(turned((hash + Math.imul(this.#held[at] as number, P5)) | 0, 11), P1)
    hash = Math.imul(hash ^ (hash >>> 15), P2)
    hash = Math.imul(hash ^ (hash >>> 13), P3)
    return (hash ^ (hash >>> 16)) >>> 0
  }
}
const xxHash32 = (bytes: Buffer): number => new XxHash32().update(bytes).digest()

/**
 * One compressed block (lz4_Block_format.md).
 * @param to what stands before {@link at} may be referred to; from there on it comes out
 * @param end no byte may be written here or behind
 * @returns where what came out ends; -1: the block is damaged
 */
function unblock(block: Buffer, to: Buffer, at: number, end: number): number {
  let from = 0
  let out = at
  for (;;) {
    if (from >= block.length) return -1
    const token = block[from++] as number
    let literals = token >>> 4
    if (literals === 15)
      for (let more = 255; more === 255; literals += more) {
        if (from >= block.length) return -1
        more = block[from++] as number
      }
    if (literals > block.length - from || literals > end - out) return -1
    if (literals > 32) block.copy(to, out, from, from + literals)
    else for (let index = 0; index < literals; index += 1) to[out + index] = block[from + index] as number
    from += literals
    out += literals
    // The last sequence is literals alone.
    if (from === block.length) return (token & 15) === 0 ? out : -1
    if (from + 2 > block.length) return -1
    const back = (block[from] as number) | ((block[from + 1] as number) << 8)
    from += 2
    if (back === 0 || back > out) return -1
    let length = (token & 15) + 4
    if (length === 19)
      for (let more = 255; more === 255; length += more) {
        if (from >= block.length) return -1
        more = block[from++] as number
      }
    if (length > end - out) return -1
    if (back >= length && length > 32) to.copyWithin(out, out - back, out - back + length)
    else for (let index = 0; index < length; index += 1) to[out + index] = to[out + index - back] as number
    out += length
  }
}

class Broken extends Error {
  override readonly name = 'Broken'
  readonly kind: 'cut' | 'corrupt' | 'unreadable'
  constructor(kind: 'cut' | 'corrupt' | 'unreadable', message: string) {
    super(message)
    this.kind = kind
  }
}
async function taken(reader: ByteReader, length: number): Promise<Buffer> {
  const bytes = await reader.take(length)
  if (bytes === undefined) throw new Broken('cut', 'unexpected end of file')
  return bytes
}

/** One frame, after its magic number. */
async function* frame(reader: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  const start = Buffer.from(await taken(reader, 2))
  const [flags, sizes] = [start[0] as number, start[1] as number]
  const more = Buffer.from(await taken(reader, ((flags & 8) === 0 ? 0 : 8) + ((flags & 1) === 0 ? 0 : 4)))
  const check = (await taken(reader, 1))[0]
  if (check !== ((xxHash32(Buffer.concat([start, more])) >>> 8) & 255)) throw new Broken('corrupt', 'incorrect header check')
  const largest = BLOCK_BYTES[sizes >>> 4]
  if (flags >>> 6 !== 1 || (flags & 2) !== 0 || (sizes & 0x8f) !== 0 || largest === undefined) throw new Broken('corrupt', 'the header is none of LZ4')
  if ((flags & 1) !== 0) throw new Broken('unreadable', 'it needs a dictionary')
  const [linked, blockCheck, contentCheck] = [(flags & 0x20) === 0, (flags & 0x10) !== 0, (flags & 4) !== 0]
  const announced = (flags & 8) === 0 ? undefined : more.readBigUInt64LE(0)
  const content = new XxHash32()
  let total = 0n
  // What earlier blocks held, as far back as may be referred to, and room for one more.
  const room = Buffer.alloc(WINDOW + largest)
  let held = 0
  for (;;) {
    const size = (await taken(reader, 4)).readUInt32LE(0)
    if (size === 0) break
    const length = size & 0x7fffffff
    if (length > largest) throw new Broken('corrupt', `a block of ${length} bytes`)
    const block = await taken(reader, length)
    const sum = blockCheck ? xxHash32(block) : 0
    const end = size >>> 31 === 1 ? held + block.copy(room, held) : unblock(block, room, held, held + largest)
    if (blockCheck && (await taken(reader, 4)).readUInt32LE(0) !== sum) throw new Broken('corrupt', 'incorrect block check')
    if (end === -1) throw new Broken('corrupt', 'a damaged block')
    const piece = Buffer.from(room.subarray(held, end))
    total += BigInt(piece.length)
    if (contentCheck) content.update(piece)
    yield piece
    held = linked ? Math.min(WINDOW, end) : 0
    room.copyWithin(0, end - held, end)
  }
  if (contentCheck && (await taken(reader, 4)).readUInt32LE(0) !== content.digest()) throw new Broken('corrupt', 'incorrect data check')
  if (announced !== undefined && announced !== total) throw new Broken('corrupt', 'incorrect length check')
}

/** The decompressed data of all frames; skippable ones are stepped over. How it ended is in `result`; only a source that cannot be read throws. */
export async function* unlz4(chunks: Chunks, result: { reading: Reading }): AsyncGenerator<Buffer, void, undefined> {
  const reader = new ByteReader(chunks)
  try {
    for (let frames = 0; ; frames += 1) {
      const next = await reader.peek(4)
      if (frames > 0 && isZero(next)) break
      if (next.length < 4) throw new Broken('cut', 'unexpected end of file')
      const magic = next.readUInt32LE(0)
      if (magic !== MAGIC && (magic & 0xfffffff0) >>> 0 !== SKIPPABLE) {
        if (frames === 0) throw new Broken('corrupt', 'it does not begin as LZ4 does')
        break
      }
      await reader.take(4)
      if (magic === MAGIC) yield* frame(reader)
      else {
        const length = (await taken(reader, 4)).readUInt32LE(0)
        if ((await reader.skip(length)) < length) throw new Broken('cut', 'unexpected end of file')
      }
    }
    await rest(reader, result)
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    result.reading = { complete: false, kind: error.kind, error: error.message }
  }
}
