/** A content has one digest, wherever its chunks end. */
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { contentDigest } from './digest.ts'

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
  expect(digest(Buffer.alloc(64))).not.toBe(digest(Buffer.alloc(128)))
  const swapped = Buffer.concat([bytes.subarray(64, 128), bytes.subarray(0, 64), bytes.subarray(128)])
  expect(digest(swapped)).not.toBe(whole)
})

test('with vectors and without, it is the same', () => {
  for (const length of [0, 1, 63, 64, 65, 65_535, 65_536, 65_600, 200_001]) {
    const bytes = randomBytes(length)
    const words = contentDigest(true)
    words.update(bytes)
    expect(words.end()).toBe(digest(bytes))
  }
})
