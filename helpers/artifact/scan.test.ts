/** Whole files of every kind, and what is seen of them when they are cut, bent or made to harm. Files in a folder of their own. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync, gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { customArchive, lz4Of, rdbOf, shopDump, sqliteOf, tarOf } from '../../fixtures/backups.ts'
import { healthyWorld } from '../../fixtures/healthy.ts'
import type { ArtifactFacts } from './facts.ts'
import { crc64 } from './redis.ts'
import { detect, scanArtifact, type ScanOptions } from './scan.ts'

const folder = mkdtempSync(join(tmpdir(), 'postproof-scan-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let number = 0
const scan = async (bytes: Buffer | string, options: Partial<ScanOptions> = {}, name = `artifact-${(number += 1)}`): Promise<ArtifactFacts> => {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return await scanArtifact(path, { signal: new AbortController().signal, ...options })
}
const files = healthyWorld().files
const newest = (prefix: string): Buffer => {
  const path = Object.keys(files)
    .filter((one) => one.startsWith(prefix) && !one.endsWith('.sha256'))
    .sort()
    .at(-1)
  return files[path ?? '']?.bytes ?? Buffer.alloc(0)
}
const GOOD: Readonly<Record<string, Buffer>> = {
  'plain.sql': Buffer.from(shopDump(50)),
  'plain.sql.gz': gzipSync(shopDump(50)),
  'custom.dump': customArchive('shop', 120),
  'uploads.tar.gz': newest('nightly/uploads-'),
  'compound.tar.gz': newest('compound/'),
  'wiki.sql.zst': newest('other/wiki-'),
  'app.db': newest('other/gantry-'),
  'cache.rdb': newest('other/cache-'),
  'queue.aof': newest('other/queue-'),
}
/** Nothing at all speaks against this artifact. */
const whole = (facts: ArtifactFacts): boolean => {
  const { dump, reading, stream, sqlite, redis, format } = facts
  if (!reading.complete || reading.kind !== undefined || (stream !== undefined && (!stream.complete || stream.kind !== undefined))) return false
  if (dump !== undefined && (dump.open !== undefined || !dump.endMark || dump.restrict?.closed === false)) return false
  if (sqlite !== undefined && (sqlite.expectedBytes !== facts.decodedBytes || sqlite.integrity?.ok !== true)) return false
  if (redis !== undefined && redis.checksum !== 'right') return false
  return format !== 'unknown' && format !== 'empty' && format !== 'text' && facts.members.every((member) => member.format === 'text' || whole(member))
}

test('a dump compressed with LZ4: whole, cut, and with more after it', async () => {
  const bytes = lz4Of(shopDump(50))
  const facts = await scan(bytes)
  expect([whole(facts), facts.layers, facts.dump?.rows]).toEqual([true, ['lz4'], 250])
  expect((await scan(bytes.subarray(0, -5))).stream).toMatchObject({ complete: false, kind: 'cut' })
  expect((await scan(Buffer.concat([bytes, Buffer.from('more')]))).stream).toMatchObject({ complete: true, kind: 'trailing' })
})

describe('the data of an archive', () => {
  const KINDS = [
    ['none', 0, (text: string) => Buffer.from(text)],
    ['gzip', 1, (text: string) => deflateSync(text)],
    ['lz4', 2, lz4Of],
    ['zstd', 3, (text: string) => zstdCompressSync(text)],
  ] as const
  test.for(KINDS)('compressed with %s', async ([, kind, compress]) => {
    const facts = await scan(customArchive('shop', 120, { number: kind, compress }))
    expect([whole(facts), facts.dump?.rows, facts.dump?.dumperVersion]).toEqual([true, 240, '16.10'])
  })
  test.for(KINDS.slice(1))('compressed with %s: nothing, too little and too much is not whole', async ([, kind, compress]) => {
    const edits = [() => Buffer.alloc(0), (bytes: Buffer) => bytes.subarray(0, -3), (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('more')])]
    for (const edit of edits) {
      const facts = await scan(customArchive('shop', 120, { number: kind, compress: (text) => edit(compress(text)) }))
      expect([whole(facts), facts.reading.complete]).toEqual([false, false])
      // The table of contents stays known.
      expect(facts.dump?.tables.map(({ name }) => name)).toEqual(['public.users', 'public.orders'])
    }
  })
})

describe('a log of Redis in several files', () => {
  const command = (key: string): string => `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$1\r\nv\r\n`
  const LOG: Readonly<Record<string, Buffer | string>> = {
    'appendonly.aof.manifest':
      'file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.1.incr.aof seq 1 type h\nfile appendonly.aof.2.incr.aof seq 2 type i\nfile appendonly.aof.3.incr.aof seq 3 type i startoffset 12\n',
    'appendonly.aof.2.base.rdb': rdbOf(5),
    'appendonly.aof.2.incr.aof': command('a') + command('b'),
    'appendonly.aof.3.incr.aof': '',
  }
  const log = async (change: Readonly<Record<string, Buffer | string | undefined>>): Promise<ArtifactFacts> => {
    const path = join(folder, `log-${(number += 1)}`)
    mkdirSync(path)
    for (const [name, bytes] of Object.entries({ ...LOG, ...change })) if (bytes !== undefined) writeFileSync(join(path, name), bytes)
    return await scanArtifact(path, { signal: AbortSignal.timeout(10_000) })
  }
  test('whole, with what is only history left out', async () => {
    const facts = await log({})
    expect(whole(facts)).toBe(true)
    expect(facts).toMatchObject({ format: 'aof', redis: { kind: 'aof', commands: 2, after: 'rdb', checksum: 'right' } })
  })
  test('commands alone, in quoted names', async () => {
    const facts = await log({ 'appendonly.aof.manifest': 'file "appendonly.aof.2.incr.aof" seq 2 type i\n' })
    expect([whole(facts), facts.redis]).toEqual([true, { kind: 'aof', commands: 2, checksum: 'right' }])
  })
  const base = rdbOf(5)
  const flipped = Buffer.from(base)
  flipped.writeUInt8((flipped[20] as number) ^ 1, 20)
  test.for([
    ['a file of it is missing', { 'appendonly.aof.3.incr.aof': undefined }, 'cut', 'appendonly.aof.3.incr.aof is missing'],
    ['the base is missing', { 'appendonly.aof.2.base.rdb': undefined }, 'cut', 'base.rdb is missing'],
    ['the base is cut', { 'appendonly.aof.2.base.rdb': base.subarray(0, -4) }, 'cut', 'base.rdb'],
    ['the base is damaged', { 'appendonly.aof.2.base.rdb': flipped }, 'corrupt', 'base.rdb'],
    ['a command is cut', { 'appendonly.aof.2.incr.aof': command('a').slice(0, -5) }, 'cut', '2.incr.aof: command 1'],
    ['a snapshot where commands should be', { 'appendonly.aof.2.incr.aof': base }, 'corrupt', 'a snapshot'],
    ['an empty list', { 'appendonly.aof.manifest': '' }, 'corrupt', 'manifest'],
    ['a list that is cut', { 'appendonly.aof.manifest': 'file appendonly.aof.2.base.rdb seq 2 type b\nfile append' }, 'corrupt', 'manifest'],
    ['a list that leads elsewhere', { 'appendonly.aof.manifest': 'file ../appendonly.aof seq 2 type i\n' }, 'corrupt', 'manifest'],
    [
      'two bases',
      { 'appendonly.aof.manifest': 'file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type b\n' },
      'corrupt',
      'manifest',
    ],
  ] as const)('%s', async ([, change, kind, error]) => {
    const { reading, redis } = await log(change)
    expect(reading).toMatchObject({ complete: false, kind, error: expect.stringContaining(error) as string })
    expect(redis?.checksum).toBe('wrong')
  })
})

describe('gzip', () => {
  const dump = shopDump(20)
  test('several members are one file', async () => {
    const facts = await scan(Buffer.concat([gzipSync(dump.slice(0, 700)), gzipSync(''), gzipSync(dump.slice(700))]))
    expect(facts).toMatchObject({ layers: ['gzip'], stream: { complete: true }, dump: { rows: 220, endMark: true } })
  })
  test('a header with every optional field', async () => {
    const plain = gzipSync(dump)
    const header = Buffer.concat([
      Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 3, 0, 1, 2, 3]),
      Buffer.from('name\0comment\0'),
      Buffer.from([1, 2]),
    ])
    expect(await scan(Buffer.concat([header, plain.subarray(10)]))).toMatchObject({ stream: { complete: true }, dump: { rows: 220 } })
  })
  test.each<[string, (bytes: Buffer) => Buffer, { complete: boolean; kind?: string }]>([
    ['zeros at the end', (bytes) => Buffer.concat([bytes, Buffer.alloc(512)]), { complete: true }],
    ['rubbish at the end', (bytes) => Buffer.concat([bytes, Buffer.from('rubbish')]), { complete: true, kind: 'trailing' }],
    ['without its last byte', (bytes) => bytes.subarray(0, -1), { complete: false, kind: 'cut' }],
    ['half of it', (bytes) => bytes.subarray(0, bytes.length >> 1), { complete: false, kind: 'cut' }],
    ['only its header', (bytes) => bytes.subarray(0, 10), { complete: false, kind: 'cut' }],
    [
      'another checksum',
      (bytes) => Buffer.concat([bytes.subarray(0, -8), Buffer.from([1, 2, 3, 4]), bytes.subarray(-4)]),
      { complete: false, kind: 'corrupt' },
    ],
    ['another length', (bytes) => Buffer.concat([bytes.subarray(0, -4), Buffer.from([1, 0, 0, 0])]), { complete: false, kind: 'corrupt' }],
  ])('%s', async (_name, change, expected) => {
    const { stream } = await scan(change(gzipSync(dump)))
    expect({ complete: stream?.complete, ...(stream?.kind === undefined ? {} : { kind: stream.kind }) }).toEqual(expected)
  })
  test('rubbish at the end hides nothing of what came before', async () => {
    expect((await scan(Buffer.concat([gzipSync(dump), Buffer.from('x')]))).dump).toMatchObject({ rows: 220, endMark: true })
  })
  test('a bomb is left after what is always allowed, within a second', async () => {
    const bomb = gzipSync(gzipSync(Buffer.alloc(64 * 1024 * 1024)))
    const start = performance.now()
    const facts = await scan(bomb, { freeBytes: 4 * 1024 * 1024 })
    expect(facts.stream).toMatchObject({ complete: false, kind: 'bomb' })
    expect(facts.decodedBytes).toBeLessThan(16 * 1024 * 1024)
    expect(performance.now() - start).toBeLessThan(5000)
  })
  test('layers without end', async () => {
    let bytes = Buffer.from(shopDump(2))
    for (let layer = 0; layer < 6; layer += 1) bytes = gzipSync(bytes)
    expect(whole(await scan(bytes))).toBe(false)
  })
})

describe('tar', () => {
  const long = `${'a/'.repeat(60)}name.txt`
  test('long names of GNU and pax, base-256 sizes are not needed for them', async () => {
    const gnu = tarOf([
      { name: '././@LongLink', type: 'L', body: `${long}\0` },
      { name: 'a', body: 'x' },
    ])
    const record = ` path=${long}\n`
    const pax = tarOf([
      { name: 'pax', type: 'x', body: `${record.length + 3}${record}` },
      { name: 'a', body: 'x' },
    ])
    expect((await scan(gnu)).tar?.names).toEqual([long])
    expect((await scan(pax)).tar?.names).toEqual([long])
  })
  test.each<[string, Parameters<typeof tarOf>[0][number], string | undefined]>([
    ['an absolute name', { name: '/etc/passwd' }, 'absolute'],
    ['a name that climbs', { name: 'a/../../b' }, 'climbing'],
    ['a name that climbs and stays', { name: 'a/../b' }, undefined],
    ['a link to an absolute path', { name: 'a', type: '2', link: '/etc/passwd' }, 'link'],
    ['a link that climbs', { name: 'a/b', type: '2', link: '../../c' }, 'link'],
    ['a link that climbs and stays', { name: 'a/b/c', type: '2', link: '../d' }, undefined],
    ['a hard link out', { name: 'a', type: '1', link: '../b' }, 'link'],
    ['a device', { name: 'a', type: '3' }, 'device'],
    ['a pipe', { name: 'a', type: '6' }, 'device'],
  ])('%s', async (_name, item, kind) => {
    expect((await scan(tarOf([item]))).tar?.hostile.map((one) => one.kind)).toEqual(kind === undefined ? [] : [kind])
  })
  test('bytes after the end, one closing block, none', async () => {
    const good = tarOf([{ name: 'a', body: 'x' }])
    expect((await scan(Buffer.concat([good, Buffer.from('more')]))).reading).toMatchObject({ complete: true, kind: 'trailing' })
    expect((await scan(good.subarray(0, -512))).reading).toMatchObject({ complete: false, kind: 'cut' })
    expect((await scan(good.subarray(0, -1024))).reading).toMatchObject({ complete: false, kind: 'cut' })
    expect((await scan(Buffer.alloc(10_240))).tar).toMatchObject({ files: 0, endBlocks: true })
  })
})

describe('SQLite', () => {
  test('in a copy: nothing is written beside the file, nothing is left behind', async () => {
    const before = readdirSync(tmpdir()).filter(
      (name) => name.startsWith('postproof-') && !name.startsWith('postproof-scan') && name.length === 'postproof-'.length + 6,
    )
    const facts = await scan(sqliteOf(10), {}, 'app.db')
    expect(facts.sqlite?.integrity).toMatchObject({ ok: true, foreignKeyProblems: 0 })
    expect(facts.sqlite?.integrity?.tables.find(({ name }) => name === 'users')?.rows).toBe(10)
    expect(readdirSync(folder).filter((name) => name.startsWith('app.db'))).toEqual(['app.db'])
    const after = readdirSync(tmpdir()).filter(
      (name) => before.includes(name) || (name.startsWith('postproof-') && !name.startsWith('postproof-scan') && name.length === 'postproof-'.length + 6),
    )
    expect(after.length).toBeLessThanOrEqual(before.length + 1)
  })
  test('without its log nothing of what was committed is there, and it is still in order', async () => {
    const facts = await scan(sqliteOf(1000, true), {}, 'wal.db')
    expect(facts.sqlite).toMatchObject({ wal: true, walBeside: false, integrity: { ok: true } })
    expect(facts.sqlite?.integrity?.tables.reduce((sum, table) => sum + (table.rows ?? 0), 0)).toBe(0)
  })
  test('larger than what is copied: not asked, and that is said', async () => {
    expect((await scan(sqliteOf(10), { maxCopyBytes: 4096 })).sqlite?.integrityError).toContain('larger than 4096')
  })
})

test('the checksum of Redis, of its own test', () => {
  const crc = { high: 0, low: 0 }
  crc64(crc, Buffer.from('12345'))
  crc64(crc, Buffer.from('6789'))
  expect([crc.high.toString(16), crc.low.toString(16)]).toEqual(['e9c6d914', 'c4b8d9ca'])
})

test.each<[string, Buffer | string]>([
  ['empty', ''],
  ['unknown', Buffer.from([0, 1, 2, 3])],
  ['text', 'hello'],
  ['text', '<!doctype html><title>502</title>'],
  ['sql', '-- mine\nCREATE TABLE t (a int);'],
  ['sql', 'BEGIN;\nINSERT INTO t VALUES (1);'],
  ['age', 'age-encryption.org/v1\n-> X25519'],
  ['openssl', 'Salted__12345678'],
  ['openpgp', '-----BEGIN PGP MESSAGE-----\n'],
  ['openpgp', Buffer.from([0x85, 0x01, 0x8c, 0x03, 0xaa])],
  ['openpgp', Buffer.from([0xc1, 0xc0, 0x4c, 0x03, 0xaa])],
  ['openpgp', Buffer.from([0x8c, 0x0d, 0x04, 0x09])],
  ['zip', Buffer.from([0x50, 0x4b, 3, 4])],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])],
  ['pg-plain', '--\n-- PostgreSQL database cluster dump\n--'],
  ['mysql-plain', '/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19'],
])('%s by its bytes', (format, bytes) => {
  expect(detect(Buffer.from(bytes as string))).toBe(format)
})

describe('damage of good artifacts', () => {
  test.each(Object.keys(GOOD))('%s is whole', async (name) => {
    expect(whole(await scan(GOOD[name] as Buffer, { wants: () => true }))).toBe(true)
  })
  test.each(Object.keys(GOOD).filter((name) => name !== 'queue.aof'))('%s cut anywhere is not whole', { timeout: 60_000 }, async (name) => {
    const bytes = GOOD[name] as Buffer
    // The last words of a plain dump are empty lines.
    const last = name === 'plain.sql' ? bytes.length - 2 : bytes.length
    const step = Math.max(1, Math.floor(last / 60))
    for (let length = 0; length < last; length += step) {
      const facts = await scan(bytes.subarray(0, length), { wants: () => true }, 'cut')
      expect({ length, whole: whole(facts) }).toEqual({ length, whole: false })
    }
  })
  test('a flipped bit is seen wherever a checksum covers it', { timeout: 60_000 }, async () => {
    for (const name of ['plain.sql.gz', 'cache.rdb', 'wiki.sql.zst'])
      for (let index = 0; index < 60; index += 1) {
        const bytes = Buffer.from(GOOD[name] as Buffer)
        const at = Math.floor((bytes.length * index) / 60)
        // The ten bytes at the head of gzip (time, system) are covered by nothing, nor is the version of a snapshot's writer.
        if (name === 'plain.sql.gz' && at < 10) continue
        bytes.writeUInt8((bytes[at] as number) ^ 0x08, at)
        const facts = await scan(bytes, {}, 'flipped')
        // zstd without a checksum of its own may decode to other text; then its words decide.
        if (name !== 'wiki.sql.zst') expect({ name, at, whole: whole(facts) }).toEqual({ name, at, whole: false })
      }
  })
  test('never throws, never hangs, whatever the damage', { timeout: 120_000 }, async () => {
    const names = Object.keys(GOOD).filter((name) => name !== 'app.db')
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.array(fc.tuple(fc.constantFrom('flip', 'cut', 'drop', 'double', 'insert', 'fill'), fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(700)), {
          minLength: 1,
          maxLength: 4,
        }),
        async (name, damages) => {
          let bytes: Buffer = name === 'compound.tar.gz' ? gunzipSync(GOOD[name] as Buffer) : Buffer.from(GOOD[name] as Buffer)
          for (const [kind, place, size] of damages) {
            const at = Math.floor(bytes.length * place)
            if (kind === 'flip' && at < bytes.length) bytes.writeUInt8((bytes[at] as number) ^ (1 << (size % 8)), at)
            else if (kind === 'cut') bytes = Buffer.from(bytes.subarray(0, at))
            else if (kind === 'drop') bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)])
            else if (kind === 'double') bytes = Buffer.concat([bytes.subarray(0, at + size), bytes.subarray(at)])
            else if (kind === 'insert') bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(size, 0xff), bytes.subarray(at)])
            else bytes.fill(0, at, Math.min(bytes.length, at + size))
          }
          const facts = await scan(bytes, { wants: () => true, signal: AbortSignal.timeout(5000) }, 'damaged')
          expect(facts.bytes).toBe(bytes.length)
          expect(facts.sha256).toMatch(/^[0-9a-f]{64}$/)
        },
      ),
      { numRuns: 500 },
    )
  })
  test('nor for bytes that were never a backup', async () => {
    const heads = [
      Buffer.alloc(0),
      Buffer.from('PGDMP'),
      Buffer.from([0x1f, 0x8b, 8, 0]),
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
      Buffer.from('REDIS0011'),
      Buffer.from('*3\r\n$3\r\n'),
      Buffer.from('SQLite format 3\0'),
      Buffer.from('PGDMP\u0001\u000e\0\u0004\u0008\u0001'),
    ]
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 600 }), async (head, rest) => {
        await scan(Buffer.concat([head, rest]), { signal: AbortSignal.timeout(5000) }, 'random')
      }),
      { numRuns: 400 },
    )
  })
})

test('a large dump is read in little memory', { timeout: 60_000 }, async () => {
  // 96 MB of rows behind gzip, and a line of 64 MB without an end.
  const rows = Buffer.from(`1\t${'x'.repeat(97)}\n`.repeat(10_000))
  const bytes = gzipSync(
    Buffer.concat([
      Buffer.from('--\n-- PostgreSQL database dump\n--\nCOPY t (a, b) FROM stdin;\n'),
      ...Array.from({ length: 96 }, () => rows),
      Buffer.from('\\.\n--\n-- PostgreSQL database dump complete\n--\n'),
    ]),
    { level: 1 },
  )
  const before = process.memoryUsage().rss
  const facts = await scan(bytes)
  expect(facts.dump).toMatchObject({ rows: 960_000, endMark: true })
  await scan(Buffer.concat([Buffer.from('-- PostgreSQL database dump\n'), Buffer.from(`INSERT INTO t VALUES ('${'y'.repeat(8 * 1024 * 1024)}`)]))
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024)
})

test('zstd of several frames', async () => {
  const dump = shopDump(20)
  expect(await scan(Buffer.concat([zstdCompressSync(dump.slice(0, 900)), zstdCompressSync(dump.slice(900))]))).toMatchObject({
    layers: ['zstd'],
    stream: { complete: true },
    dump: { rows: 220 },
  })
})
