/** Counting and comparing in large pieces: what every byte of a backup passes through must cost next to nothing. */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

const LF = 0x0a

/** Line feeds from one place to before another, four bytes at a time: a zero byte of `word ^ 0a0a0a0a` sets the highest bit of its lane. */
export function countLineFeeds(bytes: Buffer, from: number, to: number): number {
  let count = 0
  let at = from
  while (at < to && ((bytes.byteOffset + at) & 3) !== 0) {
    if (bytes[at] === LF) count += 1
    at += 1
  }
  const length = (to - at) >> 2
  if (length > 0) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, length)
    for (let index = 0; index < length; ) {
      // A lane counts to 255.
      const end = Math.min(length, index + 255)
      let lanes = 0
      for (; index < end; index += 1) {
        const word = (words[index] as number) ^ 0x0a0a0a0a
        lanes += ~(((word & 0x7f7f7f7f) + 0x7f7f7f7f) | word | 0x7f7f7f7f) >>> 7
      }
      count += (lanes & 255) + ((lanes >>> 8) & 255) + ((lanes >>> 16) & 255) + (lanes >>> 24)
    }
    at += length * 4
  }
  for (; at < to; at += 1) if (bytes[at] === LF) count += 1
  return count
}

const BLOCK = 65_536

export interface ContentDigest {
  update(bytes: Buffer): void
  end(): string
}
/**
 * Tells two contents apart, wherever their chunks end: SHA-256 over the CRC-32 of every 64 KiB. It finds what stood still, no forgery; for that there is
 * the SHA-256 of the file, which costs ten times as much.
 */
export function contentDigest(): ContentDigest {
  const hash = createHash('sha256')
  let checksum = 0
  let filled = 0
  let total = 0
  const close = (): void => {
    const four = Buffer.alloc(4)
    four.writeUInt32LE(checksum)
    hash.update(four)
    checksum = 0
    filled = 0
  }
  return {
    update(bytes) {
      total += bytes.length
      for (let at = 0; at < bytes.length; ) {
        const piece = bytes.subarray(at, at + BLOCK - filled)
        checksum = crc32(piece, checksum)
        filled += piece.length
        at += piece.length
        if (filled === BLOCK) close()
      }
    },
    end() {
      if (filled > 0) close()
      return hash.update(String(total)).digest('hex')
    },
  }
}
