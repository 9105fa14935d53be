/** Counting many bytes at a time counts as one byte at a time does, with vectors and without. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { countLineFeeds, feedsByWords, feedsWithin, feedsWithinByWords, vectorised } from './lines.ts'

const slowly = (bytes: Buffer, from: number, to: number): number => bytes.subarray(from, to).filter((byte) => byte === 10).length
const within = (bytes: Buffer, from: number, to: number): number | undefined =>
  bytes.toString('latin1', from, to).includes('\n\\.') ? undefined : slowly(bytes, from, to)
const READERS = { vectors: feedsWithin, words: feedsWithinByWords }

test('the processors that these tests run on have vectors', () => {
  expect(vectorised).toBe(true)
})
test.for(Object.entries(READERS))('line feeds by %s, at every alignment, next to every byte', ([, read]) => {
  const text = Buffer.from('\n\n\u0000\u000b\n\t\u000a\u008a\n'.repeat(300), 'latin1')
  for (let from = 0; from < 9; from += 1)
    for (let to = text.length - 9; to <= text.length; to += 1) {
      const expected = slowly(text, from, to)
      expect([read(text, from, to), countLineFeeds(text, from, to), feedsByWords(text, from, to)]).toStrictEqual([expected, expected, expected])
    }
})

test.for(Object.entries(READERS))('any bytes in any memory, by %s', ([, read]) => {
  const byte = fc.oneof(fc.constantFrom(10, 0x5c, 0x2e), fc.nat(255))
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 3000 }), fc.nat(20), fc.nat(20), fc.boolean(), (values, before, less, shared) => {
      const buffer = Buffer.from(shared ? new SharedArrayBuffer(values.length) : new ArrayBuffer(values.length))
      buffer.set(values)
      const from = Math.min(before, buffer.length)
      const to = Math.max(from, buffer.length - less)
      expect([read(buffer, from, to), countLineFeeds(buffer, from, to)]).toStrictEqual([within(buffer, from, to), slowly(buffer, from, to)])
    }),
    { numRuns: 500 },
  )
})

test.for(Object.entries(READERS))('what closes a block is seen wherever it is, by %s', ([, read]) => {
  const size = 65_536 * 2 + 100
  for (const at of [
    0,
    1,
    14,
    15,
    16,
    61,
    62,
    63,
    64,
    4093,
    4094,
    4095,
    4096,
    65_532,
    65_533,
    65_534,
    65_535,
    65_536,
    69_629,
    69_630,
    69_631,
    69_632,
    131_070,
    131_071,
    size - 4,
    size - 3,
  ]) {
    const bytes = Buffer.alloc(size, 'a')
    bytes.write('\n\\.', at, 'latin1')
    expect([read(bytes, 0, size), countLineFeeds(bytes, 0, size)], String(at)).toStrictEqual([undefined, 1])
    // Not where it is not whole, whatever was looked at before.
    expect(read(bytes, at + 1, size), String(at)).toBe(0)
    expect(read(bytes, 0, at + 2), String(at)).toBe(1)
  }
})

test('nothing but line feeds, more than a lane counts to', () => {
  const bytes = Buffer.alloc(200_003, 10)
  expect([feedsWithin(bytes, 0, bytes.length), countLineFeeds(bytes, 0, bytes.length), feedsByWords(bytes, 0, bytes.length)]).toStrictEqual([
    200_003, 200_003, 200_003,
  ])
})
