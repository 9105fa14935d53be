/** Counting four bytes at a time counts as one byte at a time does; a content has one digest, wherever its chunks end. */
import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { contentDigest, countLineFeeds } from './digest.ts'

test('line feeds, at every alignment, next to every byte', () => {
  const text = Buffer.from('\n\n\u0000\u000b\n\t\u000a\u008a\n'.repeat(300), 'latin1')
  for (let from = 0; from < 9; from += 1)
    for (let to = text.length - 9; to <= text.length; to += 1)
      expect(countLineFeeds(text, from, to)).toBe(text.subarray(from, to).filter((byte) => byte === 10).length)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(20), (bytes, from) => {
      const buffer = Buffer.from(bytes.map((byte) => (byte < 60 ? 10 : byte)))
      expect(countLineFeeds(buffer, Math.min(from, buffer.length), buffer.length)).toBe(buffer.subarray(from).filter((byte) => byte === 10).length)
    }),
  )
})
test('nothing but line feeds, more than a lane counts to', () => {
  expect(countLineFeeds(Buffer.alloc(100_003, 10), 0, 100_003)).toBe(100_003)
})

const digest = (...chunks: readonly Buffer[]): string => {
  const one = contentDigest()
  for (const chunk of chunks) one.update(chunk)
  return one.end()
}
test('the digest does not depend on chunks, and on every byte', () => {
  const bytes = randomBytes(200_000)
  const whole = digest(bytes)
  for (const at of [0, 1, 65_535, 65_536, 65_537, 131_072, 199_999]) {
    expect(digest(bytes.subarray(0, at), bytes.subarray(at))).toBe(whole)
    const other = Buffer.from(bytes)
    other.writeUInt8((bytes[at] as number) ^ 1, at)
    expect(digest(other)).not.toBe(whole)
  }
  expect(digest(bytes.subarray(0, 65_536))).not.toBe(digest(bytes.subarray(0, 65_536), Buffer.from([0])))
  expect(digest()).toBe(digest(Buffer.alloc(0)))
})
