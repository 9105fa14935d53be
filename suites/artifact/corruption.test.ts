/**
 * Random damage of good backups of every format: cut, flip, drop, double. No damaged file may leave every artifact check content, unless what it decodes to
 * is the same, or the format itself has nothing that could tell: what that is stands in the table, and a digest beside the file then tells.
 * POSTPROOF_CORRUPTIONS says how many of each format are tried.
 */
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { backupFiles, customArchive, lz4Of, shopDump, tarOf } from '../../fixtures/backups.ts'
import { scanArtifact } from '../../helpers/artifact/scan.ts'
import { loadChecks } from '../../helpers/discover.ts'
import { roleOf } from '../../helpers/artifact/subjects.ts'
import type { SeenArtifact } from '../../helpers/probes/backups.ts'
import { type BackupEntry, normaliseTarget } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'

const RUNS = Number(process.env.POSTPROOF_CORRUPTIONS ?? 40)
const folder = mkdtempSync(join(tmpdir(), 'postproof-corruption-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const CHECKS = (await loadChecks(import.meta.dirname, { idsFromPath: false })).checks.map(({ check }) => check)

interface Damage {
  readonly kind: 'cut' | 'flip' | 'drop' | 'double'
  readonly from: number
  readonly size: number
}
interface Format {
  readonly name: string
  readonly kind: NonNullable<Exclude<BackupEntry['files'][string], string>['kind']>
  readonly bytes: Buffer
  /** The content, read by another reader than ours; throws where it cannot. */
  readonly decode?: (bytes: Buffer) => Buffer
  /** Damage that nothing in the format can tell, and why. */
  readonly blind?: { readonly why: string; readonly to: (damage: Damage, bytes: Buffer) => boolean }
}

const files = backupFiles()
const file = (prefix: string): Buffer =>
  Object.entries(files).find(([path]) => path.startsWith(prefix) && !path.endsWith('.sha256'))?.[1].bytes ?? Buffer.alloc(0)
const dump = Buffer.from(shopDump(60))
const wiki = zstdDecompressSync(file('other/wiki-'))
const archive = customArchive('shop', 200)
const uploads = gunzipSync(file('nightly/uploads-'))
const aof = file('other/queue-')
/** Where the first data block of an archive begins: its type, then the number of the first entry with data. */
const contentsOf = (bytes: Buffer): number => bytes.indexOf(Buffer.from([1, 0, 6, 0, 0, 0, 0]))
const contents = contentsOf(archive)
const fast = customArchive('shop', 200, { number: 2, compress: lz4Of })
const fastContents = contentsOf(fast)
const notCut = { why: 'text carries no checksum; what ends it, and whether all is closed, is all that can be seen', to: ({ kind }: Damage) => kind !== 'cut' }
/** Empty lines at the end of a text mean nothing. */
const lastLines = (bytes: Buffer): Buffer => Buffer.from(bytes.toString('latin1').trimEnd(), 'latin1')
/** Nor do zeros at the end of an archive. */
const lastZeros = (bytes: Buffer): Buffer => Buffer.from(bytes.toString('latin1').replace(/\0+$/, ''), 'latin1')
const checked = (bytes: Buffer): Buffer => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })

const FORMATS: readonly Format[] = [
  { name: 'plain.sql', kind: 'postgres', bytes: dump, decode: lastLines, blind: notCut },
  { name: 'plain.sql.gz', kind: 'postgres', bytes: gzipSync(dump), decode: gunzipSync },
  { name: 'plain.sql.zst', kind: 'postgres', bytes: checked(dump), decode: zstdDecompressSync },
  {
    name: 'custom.dump',
    kind: 'postgres',
    bytes: archive,
    blind: { why: 'the table of contents has no checksum', to: ({ kind, from }) => kind !== 'cut' && from < contents },
  },
  {
    name: 'lz4.dump',
    kind: 'postgres',
    bytes: fast,
    blind: {
      why: 'neither the table of contents has a checksum nor what pg_dump compresses with LZ4; but nothing can go missing',
      to: ({ kind, from }) => kind === 'flip' || (kind !== 'cut' && from < fastContents),
    },
  },
  {
    name: 'app.db',
    kind: 'sqlite',
    bytes: file('other/gantry-'),
    blind: { why: 'pages have no checksum: values may change within a page that stays well-formed', to: ({ kind }) => kind === 'flip' },
  },
  { name: 'wiki.sql', kind: 'mysql', bytes: wiki, decode: lastLines, blind: notCut },
  { name: 'wiki.sql.gz', kind: 'mysql', bytes: gzipSync(wiki), decode: gunzipSync },
  { name: 'cache.rdb', kind: 'redis', bytes: file('other/cache-') },
  {
    name: 'queue.aof',
    kind: 'redis',
    bytes: aof,
    blind: {
      why: 'commands carry no checksum, and a log may end after any of them',
      to: ({ kind, from }) => kind !== 'cut' || aof.subarray(from, from + 4).toString() === '*3\r\n',
    },
  },
  {
    name: 'uploads.tar',
    kind: 'archive',
    bytes: uploads,
    decode: lastZeros,
    blind: {
      why: 'only the headers of a tar have checksums, not its files; blocks of zeros at its end may be any number',
      to: ({ kind, from, size }, bytes) => kind === 'flip' || ((kind === 'drop' || kind === 'double') && size % 512 === 0) || from >= bytes.length - 1024,
    },
  },
  { name: 'uploads.tar.gz', kind: 'archive', bytes: gzipSync(uploads), decode: gunzipSync },
  { name: 'compound.tar.gz', kind: 'archive', bytes: gzipSync(tarOf([{ name: 'db/shop.dump', body: archive }])), decode: gunzipSync },
]

/** The same numbers for the same seed. */
function random(seed: string): () => number {
  let counter = 0
  return () =>
    createHash('sha256')
      .update(`${seed} ${(counter += 1)}`)
      .digest()
      .readUInt32LE(0) /
    2 ** 32
}
function damageOf(next: () => number, length: number): Damage {
  const kind = (['cut', 'flip', 'drop', 'double'] as const)[Math.floor(next() * 4)] as Damage['kind']
  return { kind, from: Math.floor(next() * length), size: kind === 'flip' ? Math.floor(next() * 8) : 1 + Math.floor(next() ** 3 * Math.min(4096, length)) }
}
function apply(bytes: Buffer, { kind, from, size }: Damage): Buffer {
  if (kind === 'cut') return Buffer.from(bytes.subarray(0, from))
  if (kind === 'drop') return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + size)])
  if (kind === 'double') return Buffer.concat([bytes.subarray(0, from + size), bytes.subarray(from)])
  const flipped = Buffer.from(bytes)
  flipped.writeUInt8((flipped[from] as number) ^ (1 << size), from)
  return flipped
}
function same(format: Format, bytes: Buffer): boolean {
  if (bytes.equals(format.bytes)) return true
  if (format.decode === undefined) return false
  try {
    return format.decode(bytes).equals(format.decode(format.bytes))
  } catch {
    return false
  }
}

/** What the artifact checks say of one file, all of them: `check outcome`. Skips are left out. */
async function verdicts(path: string, name: string, kind: Format['kind']): Promise<readonly string[]> {
  const entry: BackupEntry = { id: 'x', dir: folder, files: { it: { name: name.replace(/^[a-z]+/, '{stamp}'), kind } } }
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', backups: [entry] }), { sha256: '0'.repeat(64), folder })
  const facts = { ...(await scanArtifact(path, { signal: AbortSignal.timeout(20_000), wants: () => true })), name }
  const seen: SeenArtifact = {
    file: {
      role: 'it',
      name,
      path,
      bytes: facts.bytes,
      modifiedAt: '2026-01-01T00:00:00.000Z',
      mode: 0o640,
      folder: facts.format === 'pg-directory',
      growing: false,
    },
    set: { at: '2026-01-01T00:00:00.000Z', basis: 'name' },
    facts,
  }
  return CHECKS.flatMap((check) =>
    check.subjects(target).flatMap((subject) => {
      // Roles are compared across the whole set: nothing about one file's bytes.
      if (roleOf(subject).role !== 'it') return []
      const needs = Object.entries(check.needs(subject, target, check.options))
      expect(needs.every(([, need]) => 'key' in need && need.kind === 'backupArtifact')).toBe(true)
      const observed = Object.fromEntries(needs.map(([key, need]) => [key, 'key' in need && need.key.endsWith(' 0') ? seen : undefined]))
      const { outcome } = check.judge(observed as never, { target, subject, now: new Date('2026-01-01T12:00:00Z'), options: check.options })
      return outcome === 'skip' ? [] : [`${check.id} ${outcome}`]
    }),
  )
}
const content = (all: readonly string[]): boolean => all.every((one) => one.endsWith(' pass'))

test.for(FORMATS.map((format) => [format.name, format] as const))('%s', { timeout: 600_000 }, async ([name, format]) => {
  const path = join(folder, name)
  writeFileSync(path, format.bytes)
  const good = await verdicts(path, name, format.kind)
  expect(good.length).toBeGreaterThan(0)
  expect(good.filter((one) => !one.endsWith(' pass'))).toEqual([])
  const next = random(name)
  const missed: Damage[] = []
  let harmless = 0
  for (let index = 0; index < RUNS; index += 1) {
    const damage = damageOf(next, format.bytes.length)
    const bytes = apply(format.bytes, damage)
    writeFileSync(path, bytes)
    if (!content(await verdicts(path, name, format.kind))) continue
    if (same(format, bytes) || format.blind?.to(damage, format.bytes) === true) harmless += 1
    else missed.push(damage)
  }
  expect(missed).toEqual([])
  // Something must have been seen, or the checks look at nothing.
  expect(harmless).toBeLessThan(RUNS)
})

test('a directory dump: a damaged, missing or swapped file of it', { timeout: 600_000 }, async () => {
  const good = join(folder, 'good')
  mkdirSync(good)
  const table = (name: string, id: number): readonly (string | number)[] => ['TABLE DATA', name, id]
  writeFileSync(join(good, 'toc.dat'), directoryContents([table('users', 1), table('orders', 2)]))
  for (const id of [1, 2]) writeFileSync(join(good, `${id}.dat.gz`), gzipSync(`${'1\tabc\n'.repeat(100 * id)}\\.\n\n\n`))
  const before = await verdicts(good, 'shop-20260101-000000', 'postgres')
  expect(before.filter((one) => !one.endsWith(' pass') && !one.startsWith('artifact/has-data') && !one.startsWith('artifact/scope'))).toEqual([])
  expect(before).toContain('artifact/archive-decodes pass')
  const next = random('directory')
  const missed: string[] = []
  for (let index = 0; index < RUNS; index += 1) {
    const bad = join(folder, 'bad')
    cpSync(good, bad, { recursive: true })
    const victim = readdirSync(bad).filter((one) => one !== 'toc.dat')[Math.floor(next() * 2)] as string
    const bytes = readFileSync(join(bad, victim))
    const damage = damageOf(next, bytes.length)
    const damaged = apply(bytes, damage)
    if (index % 10 === 0) rmSync(join(bad, victim))
    else writeFileSync(join(bad, victim), damaged)
    const decodes = (await verdicts(bad, 'shop-20260101-000000', 'postgres')).includes('artifact/archive-decodes pass')
    if (decodes && !same({ name: '', kind: 'postgres', bytes, decode: gunzipSync }, damaged)) missed.push(`${victim} ${JSON.stringify(damage)}`)
    rmSync(bad, { recursive: true })
  }
  expect(missed).toEqual([])
})

/** `toc.dat` of a dump in directory format (archive version 1.14) whose tables are named. */
function directoryContents(entries: readonly (readonly (string | number)[])[]): Buffer {
  const parts: Buffer[] = [Buffer.from('PGDMP'), Buffer.from([1, 14, 0, 4, 8, 5])]
  const integer = (value: number): void => {
    const bytes = Buffer.alloc(5)
    bytes[0] = value < 0 ? 1 : 0
    bytes.writeUInt32LE(Math.abs(value), 1)
    parts.push(bytes)
  }
  const string = (text: string | undefined): void => {
    integer(text === undefined ? -1 : Buffer.byteLength(text))
    if (text !== undefined) parts.push(Buffer.from(text))
  }
  integer(-1)
  for (const value of [0, 0, 0, 1, 0, 126, 0]) integer(value)
  for (const text of ['shop', '15.18', '15.18']) string(text)
  integer(entries.length * 2)
  for (const [, name, id] of entries)
    for (const data of [false, true]) {
      integer(Number(id) + (data ? 0 : 10))
      integer(data ? 1 : 0)
      for (const text of ['0', '0', String(name), data ? 'TABLE DATA' : 'TABLE']) string(text)
      integer(data ? 3 : 2)
      const [definition, copy] = data ? ['', `COPY public.${name} (a, b) FROM stdin;\n`] : [`CREATE TABLE public.${name} (a int, b text);\n`, '']
      for (const text of [definition, '', copy, 'public', '', '', 'shop', 'false', undefined]) string(text)
      string(data ? `${id}.dat` : '')
    }
  return Buffer.concat(parts)
}
