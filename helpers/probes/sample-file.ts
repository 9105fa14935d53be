/** Small valid files of any size, made as they are sent: nothing is held in memory. */
import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

export interface Sample {
  readonly bytes: number
  /** Hex; known when it was read to its end. */
  sha256(): string
  read(): AsyncIterable<Uint8Array>
}

const BLOCK = 64 * 1024
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
const chunk = (type: string, data: Uint8Array): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  return Buffer.concat([u32(data.length), body, u32(crc32(body))])
}
const PNG_HEAD = Buffer.concat([
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
  chunk('IHDR', Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])),
  chunk('IDAT', Buffer.from('789c636000000002000148afa471', 'hex')),
])
const PNG_END = chunk('IEND', Buffer.alloc(0))
const JPEG = Buffer.from(
  'ffd8ffe000104a46494600010100000100010000ffdb004300080606070605080707070909080a0c140d0c0b0b0c1912130f141d1a1f1e1d1a1c1c20242e2720222c231c1c2837292c30313434341f27393d38323c2e333432ffc0000b080001000101011100ffc4001400010000000000000000000000000000000affc40014100100000000000000000000000000000000ffda0008010100003f0057ffd9',
  'hex',
)
const GIF = Buffer.from('47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b', 'hex')
const PDF_HEAD = Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n')
const PDF_END = Buffer.from('\ntrailer<</Root 1 0 R>>\n%%EOF\n')
const MP4_HEAD = Buffer.concat([u32(24), Buffer.from('ftypisom\0\0\x02\0isommp41', 'latin1')])

type Filler = 'noise' | 'text'
/** What stands before and behind the filling of `fill` bytes. */
function frameOf(type: string): { readonly overhead: number; readonly filler: Filler; head(fill: number): Buffer; tail(crc: number): Buffer } {
  const none = (): Buffer => Buffer.alloc(0)
  switch (type) {
    case 'image/png':
      // An ancillary chunk that no reader knows: it may have any content (PNG §4.7).
      return {
        overhead: PNG_HEAD.length + 12 + PNG_END.length,
        filler: 'noise',
        head: (fill) => Buffer.concat([PNG_HEAD, u32(fill), Buffer.from('prVt', 'latin1')]),
        tail: (crc) => Buffer.concat([u32(crc), PNG_END]),
      }
    case 'image/jpeg':
      return { overhead: JPEG.length, filler: 'noise', head: () => JPEG, tail: none }
    case 'image/gif':
      return { overhead: GIF.length, filler: 'noise', head: () => GIF, tail: none }
    case 'application/pdf':
      return { overhead: PDF_HEAD.length + 1 + PDF_END.length, filler: 'text', head: () => Buffer.concat([PDF_HEAD, Buffer.from('%')]), tail: () => PDF_END }
    case 'video/mp4':
      return {
        overhead: MP4_HEAD.length + 8,
        filler: 'noise',
        head: (fill) => Buffer.concat([MP4_HEAD, u32(fill + 8), Buffer.from('free', 'latin1')]),
        tail: none,
      }
    default:
      return { overhead: 0, filler: 'text', head: none, tail: none }
  }
}

const ENDINGS: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
  'application/pdf': 'pdf',
  'video/mp4': 'mp4',
  'text/plain': 'txt',
  'text/csv': 'csv',
}
export const endingOf = (type: string): string => ENDINGS[type] ?? 'bin'

/** A valid file of a type, of so many bytes (at least what the type needs), unlike every other one. */
export function sampleFile(type: string, wanted: number): Sample {
  const frame = frameOf(type)
  const fill = Math.max(wanted - frame.overhead, 32)
  const noise = randomBytes(BLOCK)
  const block =
    frame.filler === 'noise'
      ? noise
      : Buffer.from(
          noise
            .toString('hex')
            .slice(0, BLOCK - 1)
            .replaceAll(/(.{79})./g, '$1\n'),
          'latin1',
        )
  const digest = createHash('sha256')
  let done: string | undefined
  async function* read(): AsyncGenerator<Uint8Array> {
    const head = frame.head(fill)
    digest.update(head)
    yield head
    let crc = crc32('prVt')
    for (let left = fill; left > 0; left -= block.length) {
      const part = left < block.length ? block.subarray(0, left) : block
      if (type === 'image/png') crc = crc32(part, crc)
      digest.update(part)
      yield part
    }
    const tail = frame.tail(crc)
    digest.update(tail)
    yield tail
    done = digest.digest('hex')
  }
  return { bytes: frame.overhead + fill, sha256: () => done ?? '', read }
}
/** Bytes as they are. */
export function literalFile(content: Uint8Array): Sample {
  return {
    bytes: content.length,
    sha256: () => createHash('sha256').update(content).digest('hex'),
    async *read() {
      yield content
    },
  }
}
