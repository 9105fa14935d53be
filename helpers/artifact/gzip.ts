/**
 * Reads gzip (RFC 1952) member by member, each with its checksum and length. Unlike the stream of Node it gives out what came before rubbish at the
 * end, and says exactly how the file ends.
 */
import { createInflateRaw, crc32 } from 'node:zlib'
import { ByteReader, type Chunks } from './bytes.ts'
import type { Reading } from './facts.ts'
import { isZero } from './tar.ts'

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

/** One member's data; what comes after it is given back to the reader. */
async function* member(reader: ByteReader, end: { reading: Reading | undefined }): AsyncGenerator<Buffer, void, undefined> {
  const stream = createInflateRaw({ chunkSize: 256 * 1024 })
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
  // Awaited below; until then a failure of the source must not count as unhandled.
  feeding.catch((error: unknown) => stream.destroy(error instanceof Error ? error : new Error(String(error))))
  let checksum = 0
  let length = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      checksum = crc32(chunk, checksum)
      length = (length + chunk.length) % 2 ** 32
      yield chunk
    }
  } catch (error) {
    if (problem === undefined) throw error
  } finally {
    left = true
    stream.destroy()
    await feeding.catch((error: unknown) => {
      if (problem === undefined) throw error
    })
  }
  if (problem !== undefined) {
    // What the source itself reports (a disk that cannot be read) is no property of the data.
    const { code, message } = problem as NodeJS.ErrnoException
    if (code === undefined || !/^Z_|^ERR_/.test(code)) throw problem
    end.reading = { complete: false, kind: /unexpected end/.test(message) ? 'cut' : 'corrupt', error: message }
    return
  }
  const trailer = await reader.take(8)
  if (trailer === undefined) end.reading = { complete: false, kind: 'cut', error: 'unexpected end of file' }
  else if (trailer.readUInt32LE(0) !== checksum) end.reading = { complete: false, kind: 'corrupt', error: 'incorrect data check' }
  else if (trailer.readUInt32LE(4) !== length) end.reading = { complete: false, kind: 'corrupt', error: 'incorrect length check' }
}

/** The decompressed data of all members. How it ended is in `result`; only a source that cannot be read throws. */
export async function* gunzipped(chunks: Chunks, result: { reading: Reading }): AsyncGenerator<Buffer, void, undefined> {
  const reader = new ByteReader(chunks)
  for (let members = 0; ; members += 1) {
    const next = await reader.peek(2)
    if (members > 0 && !next.equals(MAGIC)) {
      // Zeros fill the last block of a tape; anything else is rubbish.
      let rubbish = false
      for await (const chunk of reader.chunks()) rubbish ||= !isZero(chunk)
      if (rubbish) result.reading = { complete: true, kind: 'trailing', error: 'bytes after the end of the compressed data' }
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
