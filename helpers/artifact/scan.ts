/**
 * Reads one backup artifact once, from its first byte to its last: what it is by its bytes, through every layer of compression and into archives,
 * in bounded memory. What the bytes do is a fact, never a throw.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, readdir, rm, stat, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { dataFiles, describe, readCustom, readTableOfContents, rowCounter, type TableOfContents } from './archive.ts'
import { ByteReader, type Chunks } from './bytes.ts'
import { contentDigest } from './digest.ts'
import type { ArtifactFacts, ArtifactFormat, DumpFacts, Layer, Reading, SqliteFacts, UndigestedFacts } from './facts.ts'
import { fileSource } from './file.ts'
import { DECOMPRESSORS } from './layers.ts'
import { AppendFolder, readAof, readRdb } from './redis.ts'
import { sqlScanner } from './sql.ts'
import { askSqlite, sqliteHeader } from './sqlite.ts'
import { type Keys, openAge, type Opened } from './unlock.ts'
import { isTarHeader, readTar, type TarEntry } from './tar.ts'

export interface ScanOptions {
  readonly signal: AbortSignal
  /** Which files of an archive are read as artifacts themselves. @default those that are databases or dumps by their bytes */
  readonly wants?: (name: string) => boolean
  /** Decoded bytes per stored byte beyond which it counts as a bomb, once {@link freeBytes} have come. @default 1100: deflate itself gives at most 1032 */
  readonly maxRatio?: number
  /** Decoded bytes that are always allowed. @default 64 MiB */
  readonly freeBytes?: number
  /** Databases of SQLite up to this size are copied and asked. @default 2 GiB */
  readonly maxCopyBytes?: number
  /** What files of age open with. @default they stay closed */
  readonly keys?: Keys
  /** What is read was locked: copies of it stay in memory. */
  readonly secret?: boolean
}

/** Archives within archives are read this deep. */
const DEPTH = 3
const HEAD = 4096
/** Bytes of the list of large objects that are read: some three hundred thousand of them. */
const LARGE_OBJECT_LIST = 8 * 1024 * 1024
const GIBIBYTE = 1024 ** 3

type Detected = ArtifactFormat | Layer

const starts = (head: Buffer, ...bytes: readonly number[]): boolean => bytes.every((byte, index) => head[index] === byte)
/** Control bytes that no text has. */
const isText = (head: Buffer): boolean => !head.some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27))

/** By magic numbers and by the first words of text. */
export function detect(head: Buffer): Detected {
  if (head.length === 0) return 'empty'
  const text = head.toString('latin1')
  if (starts(head, 0x1f, 0x8b)) return 'gzip'
  if (starts(head, 0x28, 0xb5, 0x2f, 0xfd)) return 'zstd'
  if (text.startsWith('PGDMP')) return 'pg-custom'
  if (text.startsWith('SQLite format 3\0')) return 'sqlite'
  if (/^REDIS\d{4}/.test(text)) return 'rdb'
  if (/^(?:#TS:\d+\r\n)?\*\d+\r\n\$\d+\r\n/.test(text)) return 'aof'
  if (text.startsWith('age-encryption.org/v1\n') || text.startsWith('-----BEGIN AGE ENCRYPTED FILE-----')) return 'age'
  if (text.startsWith('Salted__')) return 'openssl'
  if (text.startsWith('-----BEGIN PGP MESSAGE-----')) return 'openpgp'
  if (starts(head, 0x04, 0x22, 0x4d, 0x18)) return 'lz4'
  if (starts(head, 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return 'xz'
  if (text.startsWith('BZh')) return 'bzip2'
  if (starts(head, 0x50, 0x4b, 0x03, 0x04)) return 'zip'
  if (isTarHeader(head)) return text.startsWith('toc.dat\0') ? 'pg-tar' : 'tar'
  if (isOpenPgp(head)) return 'openpgp'
  if (isText(head)) {
    if (/^--\s*\n?-- PostgreSQL database (?:cluster )?dump\b/m.test(text)) return 'pg-plain'
    if (/^-- (?:MySQL|MariaDB) dump /m.test(text)) return 'mysql-plain'
    // A comment, a setting or a definition at the beginning: SQL of some other tool.
    if (
      /^\s*(?:(?:--[^\n]*\n|\/\*[^]*?\*\/;?)\s*)*(?:\\restrict|\\connect|SET\s|BEGIN\b|PRAGMA\s|CREATE\s|INSERT\s|DROP\s|COPY\s|USE\s|START\s+TRANSACTION)/i.test(
        text,
      )
    )
      return 'sql'
    return 'text'
  }
  // Two blocks of zeros alone: an archive of nothing.
  if (head.length >= 1024 && head.subarray(0, 1024).every((byte) => byte === 0)) return 'tar'
  return 'unknown'
}

/** A public-key or symmetrically encrypted session key packet, version 3, 4, 5 or 6, of a believable length (RFC 9580 §4.2, §5.1, §5.3). */
function isOpenPgp(head: Buffer): boolean {
  const tag = head[0] ?? 0
  if ((tag & 0x80) === 0) return false
  const modern = (tag & 0x40) !== 0
  const type = modern ? tag & 0x3f : (tag >> 2) & 0x0f
  if (type !== 1 && type !== 3) return false
  const lengthBytes = modern ? ((head[1] ?? 0) < 192 ? 1 : (head[1] ?? 0) < 224 ? 2 : 5) : [1, 2, 4, 0][tag & 3]
  if (lengthBytes === undefined || lengthBytes === 0) return false
  const version = head[1 + lengthBytes] ?? 0
  return type === 1 ? version === 3 || version === 6 : version >= 4 && version <= 6
}

interface Budget {
  /** Stored bytes that came so far. */
  stored: number
  /** Decoded bytes that came so far, of all layers together. */
  decoded: number
}

/** By the endings that pg_dump gives the files of a directory. */
const BY_ENDING: Readonly<Record<string, Layer>> = { gz: 'gzip', lz4: 'lz4', zst: 'zstd' }

/** Passes chunks through a decompressor. How it ended is in `result`, never thrown; what came before is given out. */
async function* decompressed(
  chunks: Chunks,
  layer: Layer,
  budget: Budget,
  options: ScanOptions,
  result: { reading: Reading },
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of DECOMPRESSORS[layer](chunks, result)) {
    budget.decoded += chunk.length
    if (budget.decoded > (options.freeBytes ?? 64 * 1024 * 1024) && budget.decoded > budget.stored * (options.maxRatio ?? 1100)) {
      result.reading = { complete: false, kind: 'bomb', error: `${budget.decoded} bytes out of the first ${budget.stored}` }
      return
    }
    yield chunk
  }
}

const COPYABLE = (options: ScanOptions): number => options.maxCopyBytes ?? 2 * GIBIBYTE

/** A file system that lives in memory; undefined where this machine has none. */
async function memoryFolder(): Promise<string | undefined> {
  const TMPFS = 0x01021994
  return await statfs('/dev/shm').then(
    ({ type }) => (type === TMPFS ? '/dev/shm' : undefined),
    () => undefined,
  )
}

/** A folder that nobody else may look into, gone afterwards whatever happens. */
async function inPrivate<T>(root: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(root, 'postproof-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** @param wal bytes of the write-ahead log beside the file, where there is one */
async function readSqlite(
  reader: ByteReader,
  options: ScanOptions,
  wal: string | undefined,
  beside: boolean | undefined,
): Promise<{ readonly sqlite?: SqliteFacts; readonly reading: Reading; readonly bytes: number }> {
  const header = sqliteHeader(await reader.peek(100))
  if (header === undefined) {
    const bytes = await reader.skip(Number.POSITIVE_INFINITY)
    return { reading: { complete: false, kind: 'cut', error: 'the header is not whole' }, bytes }
  }
  const root = options.secret === true ? await memoryFolder() : tmpdir()
  if (root === undefined) {
    const bytes = await reader.skip(Number.POSITIVE_INFINITY)
    return {
      sqlite: { ...header, integrityError: 'what was locked is not written to a disk, and there is no file system in memory' },
      reading: { complete: true },
      bytes,
    }
  }
  return await inPrivate(root, async (folder) => {
    const copy = join(folder, `${randomBytes(6).toString('hex')}.db`)
    const file = await open(copy, 'wx', 0o600)
    let bytes = 0
    let fits = true
    try {
      for await (const chunk of reader.chunks()) {
        bytes += chunk.length
        fits &&= bytes <= COPYABLE(options)
        if (fits) await file.writeFile(chunk)
      }
    } finally {
      await file.close()
    }
    const whole = header.expectedBytes === 0 || header.expectedBytes === bytes
    const facts: SqliteFacts = { ...header, ...(beside === undefined ? {} : { walBeside: beside }) }
    if (!whole) return { sqlite: facts, reading: { complete: true }, bytes }
    if (!fits) return { sqlite: { ...facts, integrityError: `larger than ${COPYABLE(options)} bytes` }, reading: { complete: true }, bytes }
    if (wal !== undefined) {
      const log = await open(`${copy}-wal`, 'wx', 0o600)
      try {
        for await (const chunk of createReadStream(wal)) await log.writeFile(chunk as Buffer)
      } finally {
        await log.close()
      }
    }
    return { sqlite: { ...facts, ...(await askSqlite(copy, options.signal)) }, reading: { complete: true }, bytes }
  })
}

type Content = Pick<ArtifactFacts, 'format' | 'layers' | 'decodedBytes' | 'reading' | 'members'> &
  Partial<Pick<ArtifactFacts, 'stream' | 'sealed' | 'dump' | 'tar' | 'sqlite' | 'redis'>>

/**
 * @param beside the write-ahead log of a SQLite file; null: there is none beside it; undefined: nobody could look
 * @param lend tells the source that no chunk is kept
 */
async function content(
  chunks: Chunks,
  options: ScanOptions,
  budget: Budget,
  depth: number,
  beside: string | null | undefined,
  lend?: () => void,
): Promise<Content> {
  const reader = new ByteReader(chunks)
  const head = await reader.peek(HEAD)
  const format = detect(head)
  const rest = async (): Promise<number> => {
    await reader.skip(Number.POSITIVE_INFINITY)
    return reader.position
  }
  switch (format) {
    case 'gzip':
    case 'lz4':
    case 'zstd': {
      const result: { reading: Reading } = { reading: { complete: true } }
      if (depth >= DEPTH)
        return {
          format: 'unknown',
          layers: [format],
          decodedBytes: await rest(),
          reading: { complete: false, kind: 'unreadable', error: 'too many layers' },
          members: [],
        }
      const inner = await content(decompressed(reader.chunks(), format, budget, options, result), options, budget, depth + 1, undefined)
      // What the decompressor left is read, so that sizes and digests are those of the whole file.
      await rest()
      // The outer layer decides first: with it cut, nothing inside can be whole.
      const stream = inner.stream === undefined || !result.reading.complete ? result.reading : inner.stream
      return { ...inner, layers: [format, ...inner.layers], stream }
    }
    case 'pg-plain':
    case 'mysql-plain':
    case 'sql': {
      const scanner = sqlScanner()
      lend?.()
      for await (const chunk of reader.chunks()) scanner.write(chunk)
      const dump = scanner.end()
      return { format, layers: [], decodedBytes: reader.position, reading: { complete: true }, dump, members: [] }
    }
    case 'pg-custom': {
      const left = { left: Math.max(options.freeBytes ?? 64 * 1024 * 1024, budget.stored) + 4096 * GIBIBYTE }
      const { dump, reading } = await readCustom(reader, left)
      return { format, layers: [], decodedBytes: await rest(), reading, ...(dump === undefined ? {} : { dump }), members: [] }
    }
    case 'tar':
    case 'pg-tar': {
      const members: ArtifactFacts[] = []
      const archive = format === 'pg-tar' ? new Gathered() : undefined
      const { tar, reading } = await readTar(reader, async (entry) => {
        if (archive !== undefined) return await archive.take(entry.name, entry.body())
        if (depth >= DEPTH || members.length >= 1000) return
        const member = await inside(entry, options, budget, depth)
        if (member !== undefined) members.push(member)
      })
      await rest()
      const decodedBytes = reader.position
      if (archive === undefined) return { format, layers: [], decodedBytes, reading, tar, members }
      const { dump, reading: whole } = archive.end()
      return { format, layers: [], decodedBytes, reading: reading.complete ? whole : reading, tar, ...(dump === undefined ? {} : { dump }), members }
    }
    case 'sqlite': {
      const { sqlite, reading, bytes } = await readSqlite(reader, options, beside ?? undefined, beside === undefined ? undefined : beside !== null)
      return { format, layers: [], decodedBytes: bytes, reading, ...(sqlite === undefined ? {} : { sqlite }), members: [] }
    }
    case 'rdb': {
      const { redis, reading } = await readRdb(reader)
      return { format, layers: [], decodedBytes: reader.position, reading, redis, members: [] }
    }
    case 'aof': {
      const { redis, reading } = await readAof(reader)
      return { format, layers: [], decodedBytes: await rest(), reading, redis, members: [] }
    }
    case 'xz':
    case 'bzip2':
    case 'zip':
      return {
        format,
        layers: [],
        decodedBytes: await rest(),
        reading: { complete: false, kind: 'unreadable', error: `${format} is not read here` },
        members: [],
      }
    case 'age': {
      const opened: Opened = options.keys === undefined || depth >= DEPTH ? { ok: false, error: '' } : await openAge(reader, options.keys)
      if (!opened.ok) {
        const sealed = options.keys === undefined ? {} : { sealed: { kind: 'age', opened: false, error: opened.error } as const }
        return { format, layers: [], decodedBytes: await rest(), reading: { complete: true }, members: [], ...sealed }
      }
      const result: { reading: Reading } = { reading: { complete: true } }
      const inner = await content(opened.content(result), { ...options, secret: true }, budget, depth + 1, undefined)
      await rest()
      const stream = inner.stream === undefined || !result.reading.complete ? result.reading : inner.stream
      return { ...inner, stream, sealed: { kind: 'age', opened: true } }
    }
    case 'openpgp':
    case 'openssl':
    case 'text':
    case 'empty':
    case 'unknown':
    case 'pg-directory':
      return { format, layers: [], decodedBytes: await rest(), reading: { complete: true }, members: [] }
    default: {
      const never: never = format
      throw new TypeError(`no such format ${String(never)}`)
    }
  }
}

/** A file inside an archive, where it is one that is wanted or that is a database by its bytes. */
async function inside(entry: TarEntry, options: ScanOptions, budget: Budget, depth: number): Promise<ArtifactFacts | undefined> {
  const hash = createHash('sha256')
  let bytes = 0
  async function* counted(): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of entry.body()) {
      hash.update(chunk)
      bytes += chunk.length
      yield chunk
    }
  }
  const wanted = options.wants?.(entry.name)
  const reader = new ByteReader(counted())
  if (wanted !== true) {
    const format = detect(await reader.peek(HEAD))
    const database =
      format === 'pg-plain' ||
      format === 'mysql-plain' ||
      format === 'pg-custom' ||
      format === 'sqlite' ||
      format === 'rdb' ||
      ((format === 'gzip' || format === 'lz4' || format === 'zstd') && /\.(?:sql|dump)\.(?:gz|lz4|zst)$/.test(entry.name))
    if (!database || wanted === false) return undefined
  }
  const found = await content(reader.chunks(), options, budget, depth + 1, undefined)
  return { name: entry.name, bytes, sha256: hash.digest('hex'), ...found }
}

/** The files of a directory or tar archive of pg_dump, read one after the other, the table of contents first. */
class Gathered {
  #toc: TableOfContents | undefined
  #reading: Reading = { complete: true }
  readonly #rows = new Map<number, number>()
  readonly #came = new Set<string>()
  readonly #digest = contentDigest()
  /** Files of large objects, by their list. */
  readonly #objects: string[] = []
  #byFile = new Map<string, { readonly id: number; readonly table: boolean }>()

  #damage(next: Reading): void {
    if (this.#reading.complete) this.#reading = next
  }
  async take(name: string, chunks: Chunks): Promise<void> {
    if (name === 'toc.dat') {
      const reader = new ByteReader(chunks)
      const { toc, reading } = await readTableOfContents(reader)
      await reader.skip(Number.POSITIVE_INFINITY)
      this.#toc = toc
      if (!reading.complete) this.#damage(reading)
      if (toc !== undefined) this.#byFile = new Map(dataFiles(toc).map((one) => [one.file, one]))
      return
    }
    if (/^blobs(?:_\d+)?\.toc$/.test(name)) {
      // A line for each large object: its number and its file.
      const reader = new ByteReader(chunks)
      const list = await reader.peek(LARGE_OBJECT_LIST)
      const lines = list.toString('latin1').split('\n')
      if (lines.pop() !== '' && list.length < LARGE_OBJECT_LIST) this.#damage({ complete: false, kind: 'cut', error: `${name} is cut off` })
      for (const line of lines) {
        const file = /^\d+ (blob_\d+\.dat)$/.exec(line)?.[1]
        if (file === undefined) this.#damage({ complete: false, kind: 'corrupt', error: `${name} is damaged` })
        else this.#objects.push(file)
      }
      await reader.skip(Number.POSITIVE_INFINITY)
      this.#came.add(name)
      return
    }
    const ending = /\.(gz|lz4|zst)$/.exec(name)?.[1]
    const layer = ending === undefined ? undefined : BY_ENDING[ending]
    const plain = layer === undefined ? name : name.slice(0, -1 - (ending ?? '').length)
    const counter = rowCounter()
    if (layer === undefined)
      for await (const chunk of chunks) {
        counter.write(chunk)
        this.#digest.update(chunk)
      }
    else {
      const result: { reading: Reading } = { reading: { complete: true } }
      const budget: Budget = { stored: Number.POSITIVE_INFINITY, decoded: 0 }
      for await (const chunk of decompressed(chunks, layer, budget, { signal: new AbortController().signal }, result)) {
        counter.write(chunk)
        this.#digest.update(chunk)
      }
      if (!result.reading.complete || result.reading.kind !== undefined)
        this.#damage({ ...result.reading, complete: false, error: `${name}: ${result.reading.error ?? ''}` })
    }
    this.#came.add(plain)
    const of = this.#byFile.get(plain)
    if (of?.table === true) this.#rows.set(of.id, counter.rows)
  }
  end(): { readonly dump?: DumpFacts; readonly reading: Reading } {
    if (this.#toc === undefined) return { reading: this.#reading.complete ? { complete: false, kind: 'cut', error: 'toc.dat is missing' } : this.#reading }
    const missing = dataFiles(this.#toc)
      .filter(({ file }) => !this.#came.has(file))
      .map(({ label }) => label)
    const object = this.#objects.find((file) => !this.#came.has(file))
    if (object !== undefined) this.#damage({ complete: false, kind: 'cut', error: `the large object ${object} is missing` })
    if (missing[0] !== undefined) this.#damage({ complete: false, kind: 'cut', error: `the file with the data of ${missing[0]} is missing` })
    return { dump: describe(this.#toc, this.#rows, this.#digest, missing), reading: this.#reading }
  }
}

/**
 * Reads what comes from anywhere: a bucket, a pipe.
 * @param bytes how many are announced
 * @throws what the chunks throw
 */
export async function scanChunks(name: string, bytes: number, chunks: Chunks, options: ScanOptions): Promise<ArtifactFacts> {
  const hash = createHash('sha256')
  const budget: Budget = { stored: 0, decoded: 0 }
  async function* counted(): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of chunks) {
      hash.update(chunk)
      budget.stored += chunk.length
      yield chunk
    }
  }
  const read = await content(counted(), options, budget, 0, undefined)
  return { ...factsOf(name, bytes, read, budget.stored), sha256: hash.digest('hex') }
}

function factsOf(name: string, bytes: number, read: Content, stored: number): UndigestedFacts {
  // A bomb is not read to its end.
  const partly = stored < bytes ? { partly: true as const } : {}
  // Endings are those of what is inside.
  const inner = read.sealed?.opened === true ? name.replace(/\.age$/, '') : name
  return { name: inner, bytes, ...partly, ...read }
}

/**
 * Reads a file, or the folder of a directory-format dump.
 * @throws the system's error where the file itself cannot be read (ENOENT, EACCES, EIO), and on abort
 */
export async function scanArtifact(path: string, options: ScanOptions): Promise<ArtifactFacts> {
  const { facts, sha256 } = await readArtifact(path, options)
  return { ...facts, sha256: await sha256 }
}

export interface ArtifactReading {
  readonly facts: UndigestedFacts
  /** Of a large file it comes later than the facts: taking it costs most. It ends with the signal, too. */
  readonly sha256: Promise<string>
}

/** As {@link scanArtifact}, for whoever has something to do in the meantime. */
export async function readArtifact(path: string, options: ScanOptions): Promise<ArtifactReading> {
  const found = await stat(path)
  if (found.isDirectory()) {
    const { sha256, ...facts } = await scanFolder(path, options)
    return { facts, sha256: Promise.resolve(sha256) }
  }
  const wal = await stat(`${path}-wal`).then(
    (log) => (log.isFile() && log.size > 0 ? `${path}-wal` : null),
    () => null,
  )
  const source = await fileSource(path, found.size, options.signal)
  const budget: Budget = {
    get stored() {
      return source.read
    },
    decoded: 0,
  }
  try {
    const read = await content(source.chunks(), options, budget, 0, wal, () => source.lend())
    const digested = async (): Promise<string> => {
      try {
        return await source.sha256()
      } finally {
        await source.close()
      }
    }
    const sha256 = digested()
    // Whoever wants it hears of its failure.
    sha256.catch(() => {})
    return { facts: factsOf(basename(path), found.size, read, source.read), sha256 }
  } catch (error) {
    await source.close()
    throw error
  }
}

async function scanFolder(path: string, options: ScanOptions): Promise<ArtifactFacts> {
  const names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort()
  const log = names.find((name) => name.endsWith('.aof.manifest'))
  const first = names.includes('toc.dat') ? 'toc.dat' : log
  const dump = first === 'toc.dat' ? new Gathered() : undefined
  const append = first !== undefined && dump === undefined ? new AppendFolder() : undefined
  const hash = createHash('sha256')
  let bytes = 0
  for (const name of [...(first === undefined ? [] : [first]), ...names.filter((one) => one !== first)]) {
    const file = join(path, name)
    const { size, isFile } = await stat(file).then((one) => ({ size: one.size, isFile: one.isFile() }))
    if (!isFile) continue
    bytes += size
    if (first === undefined) continue
    const source = await fileSource(file, size, options.signal)
    try {
      if (append === undefined) await dump?.take(name, source.chunks())
      else await append.take(name, new ByteReader(source.chunks()))
      hash.update(`${name} ${await source.sha256()}\n`)
    } finally {
      await source.close()
    }
  }
  const common = { name: basename(path), bytes, layers: [], decodedBytes: bytes, sha256: hash.digest('hex'), members: [] }
  if (append !== undefined) return { ...common, format: 'aof', ...append.end() }
  if (dump !== undefined) return { ...common, format: 'pg-directory', ...dump.end() }
  return {
    ...common,
    format: 'unknown',
    reading: { complete: false, kind: 'unreadable', error: 'a folder without toc.dat is no dump, and one without a manifest no log of Redis' },
  }
}
