/** LZ4 frames as the reference tool writes them, with every kind of checksum; then one thing broken. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { lz4Of } from '../../fixtures/backups.ts'
import type { Reading } from './facts.ts'
import { unlz4, XxHash32 } from './lz4.ts'

const TEXT = `${Array.from({ length: 8 }, (_, index) => `${index + 1}\tuser number ${index + 1}\tit's a row\n`).join('')}${'x'.repeat(300)}${[0, 1]
  .map((byte) =>
    createHash('sha256')
      .update(Buffer.from([byte]))
      .digest('hex'),
  )
  .join('')}`
const BODY =
  '3AAAAPkNMQl1c2VyIG51bWJlciAxCWl0J3MgYSByb3cKMhsAGDIbABkzGwAYMxsAGTQbABg0GwAZNRsAGDUbABk2GwAYNhsAGTcbABg3GwAZOBsAGDgbAB94AQD/GfBxNmUzNDBiOWNmZmIzN2E5ODljYTU0NGU2YmI3ODBhMmM3ODkwMWQzZmIzMzczODc2ODUxMWEzMDYxN2FmYTAxZDRiZjUxMjJmMzQ0NTU0YzUzYmRlMmViYjhjZDJiN2UzZDE2MDBhZDYzMWMzODVhNWQ3Y2NlMjNjNzc4NTQ1OWE='
const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const BLOCK = Buffer.from(BODY, 'base64')
/** What `lz4` 1.9.4 makes of the same text: header, block, then what differs. */
const FRAMES: Readonly<Record<string, Buffer>> = {
  'no checksum': Buffer.concat([hex('04224d18604082'), BLOCK, hex('00000000')]),
  'of the content': Buffer.concat([hex('04224d186440a7'), BLOCK, hex('000000003e5a51a9')]),
  'of the block and the content': Buffer.concat([hex('04224d187440bd'), BLOCK, hex('76be0ccb000000003e5a51a9')]),
  'of the block and the content, and the length': Buffer.concat([hex('04224d187c40840200000000000090'), BLOCK, hex('76be0ccb000000003e5a51a9')]),
}

async function read(bytes: Buffer, step = 1000): Promise<{ readonly text: string; readonly reading: Reading }> {
  const result: { reading: Reading } = { reading: { complete: true } }
  const parts: Buffer[] = []
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
  }
  for await (const part of unlz4(pieces(), result)) parts.push(part)
  return { text: Buffer.concat(parts).toString(), reading: result.reading }
}

test.for([
  ['', 0x02cc5d05],
  ['a', 0x550d7456],
  ['abc', 0x32d153ff],
  ['Nobody inspects the spammish repetition', 0xe2293b2f],
] as const)('xxHash32 of "%s", in one piece and byte by byte', ([text, hash]) => {
  expect(new XxHash32().update(Buffer.from(text)).digest()).toBe(hash)
  const slow = new XxHash32()
  for (const byte of Buffer.from(text)) slow.update(Buffer.from([byte]))
  expect(slow.digest()).toBe(hash)
})

test.for(Object.entries(FRAMES))('checksums: %s', async ([, frame]) => {
  for (const step of [1, 7, 100, 10_000]) expect(await read(frame, step)).toEqual({ text: TEXT, reading: { complete: true } })
})

test('frames one after the other, one that is skipped, and zeros that fill the last block of a tape', async () => {
  const frame = FRAMES['of the content'] as Buffer
  const skipped = Buffer.concat([hex('5f2a4d1803000000'), Buffer.from('abc')])
  expect(await read(Buffer.concat([skipped, frame, skipped, frame, Buffer.alloc(1000)]))).toEqual({ text: TEXT + TEXT, reading: { complete: true } })
})

test('many linked blocks refer to what came before them', async () => {
  const text = Array.from({ length: 20_000 }, (_, index) => `${index}\tuser number ${index}\n`).join('')
  const frame = lz4Of(text)
  expect(frame.length).toBeLessThan(text.length / 2)
  expect(await read(frame)).toEqual({ text, reading: { complete: true } })
})

test.for(Object.entries(FRAMES))('cut anywhere, it is not whole: %s', async ([, frame]) => {
  for (let length = 0; length < frame.length; length += 1) expect([length, (await read(frame.subarray(0, length))).reading.complete]).toEqual([length, false])
})

test.for(Object.entries(FRAMES).slice(1))('a bit turned over anywhere is seen: %s', async ([, frame]) => {
  for (let bit = 0; bit < frame.length * 8; bit += 1) {
    const bytes = Buffer.from(frame)
    bytes.writeUInt8((bytes[bit >> 3] as number) ^ (1 << (bit & 7)), bit >> 3)
    const { reading, text } = await read(bytes)
    // Whatever comes out is either said to be damaged or the same.
    expect([bit, reading.complete && reading.kind === undefined && text !== TEXT]).toEqual([bit, false])
  }
})

test.for([
  ['nothing', Buffer.alloc(0), 'cut'],
  ['another format', Buffer.from('-- PostgreSQL database dump'), 'corrupt'],
  ['the old format of the tool', hex('02214c1800000000'), 'corrupt'],
  ['a dictionary that nobody has', withCheck('61400000000a'), 'unreadable'],
  ['another version', withCheck('2040'), 'corrupt'],
  ['reserved bits', withCheck('6041'), 'corrupt'],
  ['a block larger than any', Buffer.concat([withCheck('6040'), hex('ffffff7f')]), 'corrupt'],
  ['a match before the beginning', Buffer.concat([withCheck('6040'), hex('0500000010610500'), hex('00')]), 'corrupt'],
  ['a match of nothing back', Buffer.concat([withCheck('6040'), hex('0500000010610000'), hex('00')]), 'corrupt'],
  ['literals beyond the block', Buffer.concat([withCheck('6040'), hex('02000000f0ff')]), 'corrupt'],
  ['a block of no bytes at all that is not stored', Buffer.concat([withCheck('6040'), hex('01000000'), hex('1f')]), 'corrupt'],
] as const)('%s', async ([, bytes, kind]) => {
  expect((await read(Buffer.from(bytes))).reading).toMatchObject({ complete: false, kind })
})

test('more out of a block than it may hold', async () => {
  // One literal, then a match of 70 000 bytes.
  const length = 70_000 - 19
  const long = Buffer.concat([hex('1f610100'), Buffer.alloc(Math.floor(length / 255), 255), Buffer.from([length % 255]), hex('5061626364')])
  const size = Buffer.alloc(4)
  size.writeUInt32LE(long.length)
  expect((await read(Buffer.concat([withCheck('6040'), size, long, hex('00000000')]))).reading).toMatchObject({ complete: false, kind: 'corrupt' })
})

test('rubbish after the end is said, and what came before is given out', async () => {
  const { reading, text } = await read(Buffer.concat([FRAMES['of the content'] as Buffer, Buffer.from('rubbish')]))
  expect([text, reading]).toMatchObject([TEXT, { complete: true, kind: 'trailing' }])
})

/** A header with its right check. */
function withCheck(descriptor: string): Buffer {
  const check = (new XxHash32().update(hex(descriptor)).digest() >>> 8) & 255
  return Buffer.concat([hex('04224d18'), hex(descriptor), Buffer.from([check])])
}
