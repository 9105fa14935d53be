/** Unpacks a tar archive into the private folder of a drill. Names in the archive never become paths: every file gets a number. */
import { createHash } from 'node:crypto'
import { createReadStream, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { ByteReader } from '../artifact/bytes.ts'
import type { Layer, Reading } from '../artifact/facts.ts'
import { DECOMPRESSORS } from '../artifact/layers.ts'
import { readTar } from '../artifact/tar.ts'

/** Files up to this size are written at once: of many small ones the turns between opening, writing and closing take longer than the writing. */
const SMALL = 64 * 1024

export interface UnpackedFile {
  /** As the archive has it. */
  readonly name: string
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  readonly mode: number
}

/** The content of a file with the compression around it taken off. */
function decoded(path: string, layers: readonly Layer[], signal: AbortSignal): AsyncIterable<Buffer> {
  let chunks: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 1024 * 1024, signal })
  for (const layer of layers) {
    const result: { reading: Reading } = { reading: { complete: true } }
    chunks = DECOMPRESSORS[layer](chunks, result)
  }
  return chunks
}

/** Writes one file with the compression around it taken off, readable by its owner alone. */
export async function writeDecoded(from: string, layers: readonly Layer[], to: string, signal: AbortSignal): Promise<number> {
  const file = await open(to, 'wx', 0o600)
  let bytes = 0
  try {
    for await (const chunk of decoded(from, layers, signal)) {
      bytes += chunk.length
      await file.writeFile(chunk)
    }
  } finally {
    await file.close()
  }
  return bytes
}

/** @param most bytes that may come out: what the scan of the same archive counted */
export async function unpack(path: string, layers: readonly Layer[], folder: string, most: number, signal: AbortSignal): Promise<readonly UnpackedFile[]> {
  const files: UnpackedFile[] = []
  let total = 0
  await readTar(new ByteReader(decoded(path, layers, signal)), async (entry) => {
    const place = join(folder, String(files.length))
    const hash = createHash('sha256')
    let bytes = 0
    async function* body(): AsyncGenerator<Buffer, void, undefined> {
      for await (const chunk of entry.body()) {
        bytes += chunk.length
        total += chunk.length
        if (total > most) throw new RangeError('the archive gives more than it did when it was read before')
        hash.update(chunk)
        yield chunk
      }
    }
    if (entry.size <= SMALL) {
      const chunks: Buffer[] = []
      for await (const chunk of body()) chunks.push(chunk)
      writeFileSync(place, Buffer.concat(chunks), { flag: 'wx', mode: 0o600 })
    } else {
      const file = await open(place, 'wx', 0o600)
      try {
        for await (const chunk of body()) await file.writeFile(chunk)
      } finally {
        await file.close()
      }
    }
    files.push({ name: entry.name, path: place, bytes, sha256: hash.digest('hex'), mode: entry.mode })
  })
  return files
}
