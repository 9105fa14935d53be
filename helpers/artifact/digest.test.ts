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
})
