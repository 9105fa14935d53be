import { assert, property, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readEchConfigList } from './ech-config.ts'

/** As a large provider publishes it. */
const REAL = Buffer.from('AEX+DQBBrAAgACCInfIgdvp+4xqPkMYvPt1Rv7zxtllWm3SjIjWxBoEgfAAEAAEAAQASY2xvdWRmbGFyZS1lY2guY29tAAA=', 'base64')
const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255])
const vector16 = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat([uint16(Buffer.concat(parts).length), ...parts])
const contents = ({
  key = 32,
  kem = 0x20,
  name = 'public.example.com',
  suites = Buffer.from([0, 1, 0, 1]),
  extensions = Buffer.alloc(0),
  after = Buffer.alloc(0),
} = {}): Buffer =>
  Buffer.concat([
    Buffer.from([7]),
    uint16(kem),
    vector16(Buffer.alloc(key, 1)),
    vector16(suites),
    Buffer.from([32, name.length]),
    Buffer.from(name, 'latin1'),
    vector16(extensions),
    after,
  ])
const config = (inside: Buffer, version = 0xfe0d): Buffer => Buffer.concat([uint16(version), vector16(inside)])

test('a list as it is published', () => {
  expect(readEchConfigList(REAL)).toEqual({
    ok: true,
    value: [
      {
        version: 0xfe0d,
        contents: {
          configId: 172,
          kem: 0x20,
          publicKeyBytes: 32,
          suites: [{ kdf: 1, aead: 1 }],
          maximumNameLength: 0,
          publicName: 'cloudflare-ech.com',
          extensions: [],
        },
      },
    ],
  })
})

test('several, and versions of drafts beside that of the RFC', () => {
  const read = readEchConfigList(vector16(config(Buffer.from([1, 2, 3]), 0xfe0a), config(contents({ extensions: Buffer.from([0xff, 1, 0, 1, 9]) }))))
  expect(read.ok && read.value.map(({ version, contents: inside }) => [version, inside?.publicName, inside?.extensions])).toEqual([
    [0xfe0a, undefined, undefined],
    [0xfe0d, 'public.example.com', [0xff01]],
  ])
})

describe('what breaks the format', () => {
  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from([0])],
    ['an empty list', vector16()],
    ['cut', REAL.subarray(0, 40)],
    ['bytes after it', Buffer.concat([REAL, Buffer.from([0])])],
    ['a configuration without the list around it', REAL.subarray(2)],
    ['a key of the wrong length', vector16(config(contents({ key: 31 })))],
    ['an empty key', vector16(config(contents({ key: 0, kem: 0x99 })))],
    ['no suites', vector16(config(contents({ suites: Buffer.alloc(0) })))],
    ['half a suite', vector16(config(contents({ suites: Buffer.alloc(6) })))],
    ['no public name', vector16(config(contents({ name: '' })))],
    ['an address for a name', vector16(config(contents({ name: '192.0.2.1' })))],
    ['one label', vector16(config(contents({ name: 'localhost' })))],
    ['control characters', vector16(config(contents({ name: 'a\0b.example' })))],
    ['bytes after the extensions', vector16(config(contents({ after: Buffer.from([0]) })))],
    ['half an extension', vector16(config(contents({ extensions: Buffer.from([0, 1, 0]) })))],
  ])('%s', (_name, bytes) => {
    const read = readEchConfigList(bytes)
    expect(read.ok).toBe(false)
    expect(!read.ok && read.error.length).toBeGreaterThan(3)
  })
  test('rubbish never throws', () => {
    assert(property(uint8Array({ maxLength: 300 }), (bytes) => typeof readEchConfigList(bytes).ok === 'boolean'))
  })
  test('64 kB are read in time', () => {
    const start = performance.now()
    readEchConfigList(vector16(Buffer.concat(Array.from({ length: 16_000 }, () => Buffer.from([1, 2, 0, 0])))))
    expect(performance.now() - start).toBeLessThan(500)
  })
})
