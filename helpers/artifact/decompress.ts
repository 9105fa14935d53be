/**
 * Reads gzip (RFC 1952) member by member and zstd (RFC 8878) frame by frame. Unlike the streams of Node it gives out what came before rubbish at the
 * end, reads on after the first frame, and says exactly how the file ends.
 */
import type { Transform } from 'node:stream'
import { createInflate, createInflateRaw, createZstdDecompress, crc32 } from 'node:zlib'
import { ByteReader, type Chunks } from './bytes.ts'
import type { Reading } from './facts.ts'
import { isZero } from './tar.ts'

const CHUNK = 256 * 1024
/** Of what may be many: an archive has one stream for each table and each large object. */
const SMALL_CHUNK = 64 * 1024
const MAGIC = Buffer.from([0x1f, 0x8b])

/** The bytes up to and with the next zero: a name or comment. */
async function zeroEnded(reader: ByteReader): Promise<boolean> {
  for (let length = 0; length < 65_536; length += 1) {
    const one = await reader.take(1)
    if (one === undefined) return false
    if (one[0] === 0) return true
  }
  return false
}

/** @returns why it is no header; undefined: the compressed data follow */
async function header(reader: ByteReader): Promise<Reading | undefined> {
  const cut: Reading = { complete: false, kind: 'cut', error: 'unexpected end of file' }
  const fixed = await reader.take(10)
  if (fixed === undefined) return cut
  if (!fixed.subarray(0, 2).equals(MAGIC)) return { complete: false, kind: 'corrupt', error: 'it does not begin as gzip does' }
  if (fixed[2] !== 8) return { complete: false, kind: 'corrupt', error: `compression method ${fixed[2] ?? ''}` }
  const flags = fixed[3] as number
  if ((flags & 0xe0) !== 0) return { complete: false, kind: 'corrupt', error: 'reserved flags are set' }
  if ((flags & 4) !== 0) {
    const length = await reader.take(2)
    if (length === undefined || (await reader.take(length.readUInt16LE(0))) === undefined) return cut
  }
  if ((flags & 8) !== 0 && !(await zeroEnded(reader))) return cut
  if ((flags & 16) !== 0 && !(await zeroEnded(reader))) return cut
  if ((flags & 2) !== 0 && (await reader.take(2)) === undefined) return cut
  return undefined
}

/** Passes bytes through a decompressor until it says that its data end; what comes after is given back to the reader. */
async function* until(
  reader: ByteReader,
  stream: Transform & { readonly bytesWritten: number },
  end: { reading: Reading | undefined },
): AsyncGenerator<Buffer, void, undefined> {
  let left = false
  let problem: Error | undefined
  const ended = new Promise<void>((resolve) => stream.once('close', resolve))
  stream.once('error', (error) => (problem = error))
  const feeding = (async () => {
    for await (const chunk of reader.chunks()) {
      const before = stream.bytesWritten
      await Promise.race([new Promise((resolve) => stream.write(chunk, resolve)), ended])
      if (left || problem !== undefined) return
      const used = stream.bytesWritten - before
      if (used < chunk.length) {
        // The data ended within this chunk.
        reader.unread(chunk.subarray(used))
        return
      }
    }
    stream.end()
  })()
  // What the source itself reports (a disk that cannot be read) is no property of the data.
  let unread: { readonly error: unknown } | undefined
  const fed = feeding.catch((error: unknown) => {
    unread = { error }
    stream.destroy()
  })
  try {
    yield* stream as AsyncIterable<Buffer>
  } catch (error) {
    if (problem === undefined && unread === undefined) throw error
  } finally {
    left = true
    stream.destroy()
    await fed
  }
  if (unread !== undefined) throw unread.error
  if (problem !== undefined) {
    const { message } = problem
    const kind = /unexpected end/.test(message) ? 'cut' : /memory|unsupported/i.test(message) ? 'unreadable' : 'corrupt'
    end.reading = { complete: false, kind, error: message }
  }
}

/** One member's data, then its checksum and length. */
async function* member(reader: ByteReader, end: { reading: Reading | undefined }): AsyncGenerator<Buffer, void, undefined> {
  let checksum = 0
  let length = 0
  for await (const chunk of until(reader, createInflateRaw({ chunkSize: CHUNK }), end)) {
    checksum = crc32(chunk, checksum)
    length = (length + chunk.length) % 2 ** 32
    yield chunk
  }
  if (end.reading !== undefined) return
  const trailer = await reader.take(8)
  if (trailer === undefined) end.reading = { complete: false, kind: 'cut', error: 'unexpected end of file' }
  else if (trailer.readUInt32LE(0) !== checksum) end.reading = { complete: false, kind: 'corrupt', error: 'incorrect data check' }
  else if (trailer.readUInt32LE(4) !== length) end.reading = { complete: false, kind: 'corrupt', error: 'incorrect length check' }
}

const TRAILING: Reading = { complete: true, kind: 'trailing', error: 'bytes after the end of the compressed data' }

/** Reads to the end what is no data. Zeros fill the last block of a tape; anything else is rubbish. */
export async function rest(reader: ByteReader, result: { reading: Reading }): Promise<void> {
  let rubbish = false
  for await (const chunk of reader.chunks()) rubbish ||= !isZero(chunk)
  if (rubbish) result.reading = TRAILING
}

/** The decompressed data of all members. How it ended is in `result`; only a source that cannot be read throws. */
export async function* gunzipped(chunks: Chunks, result: { reading: Reading }): AsyncGenerator<Buffer, void, undefined> {
  const reader = new ByteReader(chunks)
  for (let members = 0; ; members += 1) {
    const next = await reader.peek(2)
    if (members > 0 && !next.equals(MAGIC)) {
      await rest(reader, result)
      return
    }
    const wrong = await header(reader)
    if (wrong !== undefined) {
      result.reading = wrong
      return
    }
    const end: { reading: Reading | undefined } = { reading: undefined }
    yield* member(reader, end)
    if (end.reading !== undefined) {
      result.reading = end.reading
      return
    }
  }
}

/** The decompressed data of one zlib stream (RFC 1950), after which nothing may come. How it ended is in `result`. */
export async function* inflated(chunks: Chunks, result: { reading: Reading }): AsyncGenerator<Buffer, void, undefined> {
  const reader = new ByteReader(chunks)
  const end: { reading: Reading | undefined } = { reading: undefined }
  if ((await reader.peek(1)).length === 0) end.reading = { complete: false, kind: 'cut', error: 'unexpected end of file' }
  else yield* until(reader, createInflate({ chunkSize: SMALL_CHUNK }), end)
  if (end.reading !== undefined) result.reading = end.reading
  else if ((await reader.skip(Number.POSITIVE_INFINITY)) > 0) result.reading = TRAILING
}

/** The decompressed data of all frames; skippable ones are stepped over. How it ended is in `result`; only a source that cannot be read throws. */
export async function* unzstd(chunks: Chunks, result: { reading: Reading }): AsyncGenerator<Buffer, void, undefined> {
  const reader = new ByteReader(chunks)
  for (let frames = 0; ; frames += 1) {
    const next = await reader.peek(4)
    const magic = next.length === 4 ? next.readUInt32LE(0) : 0
    // 0x184D2A50 to 5F: frames that hold no data (RFC 8878 §3.1.2).
    if (magic !== 0xfd2fb528 && (magic & 0xfffffff0) !== 0x184d2a50) {
      if (frames === 0) result.reading = { complete: false, kind: 'cut', error: 'unexpected end of file' }
      else await rest(reader, result)
      return
    }
    const end: { reading: Reading | undefined } = { reading: undefined }
    yield* until(reader, createZstdDecompress({ chunkSize: CHUNK }), end)
    if (end.reading !== undefined) {
      result.reading = end.reading
      return
    }
  }
}
