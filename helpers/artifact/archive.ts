/**
 * Reads the archives of pg_dump (`-Fc`; the `toc.dat` of `-Fd` and `-Ft`): header, table of contents, and every data block, each decompressed to
 * its end. PostgreSQL `pg_backup_archiver.c` and `pg_backup_custom.c`, archive versions 1.10 to 1.16. Never throws for what the bytes are.
 */
import { ByteReader } from './bytes.ts'
import { inflated } from './decompress.ts'
import { type ContentDigest, contentDigest } from './digest.ts'
import { type Danger, type DumpFacts, type Layer, noObjects, type ObjectCounts, type Reading, type TableFacts } from './facts.ts'
import { DECOMPRESSORS } from './layers.ts'
import { countLineFeeds } from './lines.ts'
import { bareName } from './sql.ts'

interface Entry {
  readonly id: number
  readonly tag: string
  readonly kind: string
  readonly definition: string
  readonly copy: string
  readonly schema: string
  readonly owner: string
  /** Its data were dumped too, and are somewhere in the archive. */
  readonly data: boolean
  /** Directory and tar: name of the file with the data. Empty: none. */
  readonly file: string
  /** Custom: where the block with the data begins, where whoever wrote the archive could go back and say so. */
  readonly offset?: number
}

export interface TableOfContents {
  readonly format: 'custom' | 'tar' | 'directory' | 'null'
  readonly version: string
  readonly compression: 'none' | Layer
  readonly createdAt?: string
  readonly database: string
  readonly serverVersion?: string
  readonly dumperVersion?: string
  readonly entries: readonly Entry[]
  readonly intSize: number
}

/** Entries of a table of contents that anybody has; a damaged count must not make us wait. */
const ENTRIES = 1_000_000

class Damaged extends Error {
  override readonly name = 'Damaged'
  readonly kind: 'cut' | 'corrupt' | 'unreadable'
  constructor(kind: 'cut' | 'corrupt' | 'unreadable', message: string) {
    super(message)
    this.kind = kind
  }
}
const reading = (error: unknown): Reading => {
  if (error instanceof Damaged) return { complete: false, kind: error.kind, error: error.message }
  throw error
}

async function byte(reader: ByteReader): Promise<number> {
  const one = await reader.take(1)
  if (one === undefined) throw new Damaged('cut', 'unexpected end of file')
  return one[0] as number
}
/** A sign byte, then so many bytes, lowest first. */
async function integer(reader: ByteReader, size: number): Promise<number> {
  const bytes = await reader.take(size + 1)
  if (bytes === undefined) throw new Damaged('cut', 'unexpected end of file')
  if ((bytes[0] as number) > 1) throw new Damaged('corrupt', 'a number has no sign')
  let value = 0
  for (let index = size; index >= 1; index -= 1) value = value * 256 + (bytes[index] as number)
  // pg_restore keeps them in 32 bits.
  if (value > 2 ** 31) throw new Damaged('corrupt', `a number of ${value}`)
  return bytes[0] === 1 ? -value : value
}
async function string(reader: ByteReader, size: number): Promise<string | undefined> {
  const length = await integer(reader, size)
  if (length === -1) return undefined
  if (length < 0) throw new Damaged('corrupt', `a text of ${length} bytes in the table of contents`)
  if (length > 16 * 1024 * 1024) throw new Damaged('corrupt', `a text of ${length} bytes in the table of contents`)
  const bytes = await reader.take(length)
  if (bytes === undefined) throw new Damaged('cut', 'unexpected end of file')
  return bytes.toString('utf8')
}

/** An object's number, which is written as text. */
async function number(reader: ByteReader, size: number): Promise<void> {
  const text = await string(reader, size)
  if (text === undefined || !/^\d+$/.test(text)) throw new Damaged('corrupt', 'the number of an object is none')
}

/** Where the data of an entry are, as custom archives say it. pg_restore goes there, and takes nothing else for it. */
async function offsetOf(reader: ByteReader, size: number): Promise<{ readonly data: boolean; readonly offset?: number }> {
  const bytes = await reader.take(size + 1)
  if (bytes === undefined) throw new Damaged('cut', 'unexpected end of file')
  let offset = 0
  for (let index = size; index >= 1; index -= 1) offset = offset * 256 + (bytes[index] as number)
  switch (bytes[0]) {
    case 1:
      return { data: true }
    case 2:
      return { data: true, offset }
    case 3:
      return { data: false }
    default:
      throw new Damaged('corrupt', `the place of an entry's data is of kind ${bytes[0] ?? ''}`)
  }
}

async function tableOfContents(reader: ByteReader): Promise<TableOfContents> {
  const magic = await reader.take(5)
  if (magic?.toString('latin1') !== 'PGDMP') throw new Damaged('corrupt', 'it does not begin with PGDMP')
  const major = await byte(reader)
  const minor = await byte(reader)
  const revision = await byte(reader)
  const version = minor
  if (major !== 1 || minor < 10 || minor > 16) throw new Damaged('unreadable', `archive version ${major}.${minor}.${revision} is not known`)
  const size = await byte(reader)
  const offsetSize = await byte(reader)
  if (size < 2 || size > 8 || offsetSize < 4 || offsetSize > 8) throw new Damaged('corrupt', `numbers of ${size} and ${offsetSize} bytes`)
  const formats: Readonly<Record<number, TableOfContents['format']>> = { 1: 'custom', 3: 'tar', 4: 'null', 5: 'directory' }
  const format = formats[await byte(reader)]
  if (format === undefined) throw new Damaged('corrupt', 'the archive has no known format')
  let compression: TableOfContents['compression']
  if (version >= 15) {
    const named = (['none', 'gzip', 'lz4', 'zstd'] as const)[await byte(reader)]
    if (named === undefined) throw new Damaged('corrupt', 'the compression is not known')
    compression = named
  } else {
    const level = await integer(reader, size)
    if (level < -1 || level > 9) throw new Damaged('corrupt', `compression of level ${level}`)
    compression = level === 0 ? 'none' : 'gzip'
  }
  const [second, minute, hour, day, month, year] = [
    await integer(reader, size),
    await integer(reader, size),
    await integer(reader, size),
    await integer(reader, size),
    await integer(reader, size),
    await integer(reader, size),
  ] as const
  await integer(reader, size) // daylight saving
  const database = (await string(reader, size)) ?? ''
  const serverVersion = await string(reader, size)
  const dumperVersion = await string(reader, size)
  const count = await integer(reader, size)
  if (count < 0 || count > ENTRIES) throw new Damaged('corrupt', `${count} entries announced`)
  const entries: Entry[] = []
  const ids = new Set<number>()
  for (let index = 0; index < count; index += 1) {
    const id = await integer(reader, size)
    if (id <= 0 || ids.has(id)) throw new Damaged('corrupt', `an entry has the number ${id}${ids.has(id) ? ', as another has' : ''}`)
    ids.add(id)
    const dumped = await integer(reader, size)
    if (dumped !== 0 && dumped !== 1) throw new Damaged('corrupt', 'an entry does not say whether it has data')
    await number(reader, size) // of its kind of object
    await number(reader, size) // of the object
    const tag = (await string(reader, size)) ?? ''
    const kind = (await string(reader, size)) ?? ''
    if (version >= 11) {
      const section = await integer(reader, size)
      if (section < 1 || section > 4) throw new Damaged('corrupt', `${kind} ${tag} is of section ${section}`)
    }
    const definition = (await string(reader, size)) ?? ''
    await string(reader, size) // drop statement
    const copy = (await string(reader, size)) ?? ''
    const schema = (await string(reader, size)) ?? ''
    await string(reader, size) // tablespace
    if (version >= 14) await string(reader, size) // access method
    if (version >= 16) await integer(reader, size) // kind of relation
    const owner = (await string(reader, size)) ?? ''
    await string(reader, size) // with oids
    for (let dependency = 0; ; dependency += 1) {
      const on = await string(reader, size)
      if (on === undefined) break
      if (dependency > ENTRIES || !/^\d+$/.test(on)) throw new Damaged('corrupt', `${kind} ${tag} depends on what is no number`)
    }
    const file = format === 'custom' ? '' : ((await string(reader, size)) ?? '')
    const place = format === 'custom' ? await offsetOf(reader, offsetSize) : { data: file !== '' }
    const data = dumped === 1
    if (data !== place.data || (kind === 'TABLE DATA' && !data)) throw new Damaged('corrupt', `${kind} ${tag} says both that it has data and that it has none`)
    // pg_restore ends at these two where it cannot read them.
    if (kind === 'ENCODING' && !/'[^']*'/.test(definition)) throw new Damaged('corrupt', 'the encoding cannot be read')
    if (kind === 'STDSTRINGS' && !/'(?:on|off)'/.test(definition)) throw new Damaged('corrupt', 'the kind of its strings cannot be read')
    entries.push({ id, tag, kind, definition: definition.slice(0, 16_384), copy: copy.slice(0, 4_096), schema, owner, file, ...place })
  }
  // Local time of whoever dumped, without its zone: good for comparing with a stamp of the same clock, read as UTC.
  const at = Date.UTC(year + 1900, month, day, hour, minute, second)
  return {
    format,
    version: `${major}.${minor}`,
    compression,
    ...(Number.isNaN(at) || year < 70 ? {} : { createdAt: new Date(at).toISOString() }),
    database,
    ...(serverVersion === undefined ? {} : { serverVersion: /\d+(?:\.\d+)*/.exec(serverVersion)?.[0] ?? serverVersion }),
    ...(dumperVersion === undefined ? {} : { dumperVersion: /\d+(?:\.\d+)*/.exec(dumperVersion)?.[0] ?? dumperVersion }),
    entries,
    intSize: size,
  }
}

/** Rows of one table's data in COPY text: its lines, less the closing mark that plain blocks of old archives carry. */
export interface RowCounter {
  write(chunk: Buffer): void
  readonly rows: number
}
export function rowCounter(): RowCounter {
  let rows = 0
  // The closing "\." and the empty line after it belong to the block; only the last few bytes can hold them.
  let tail = Buffer.alloc(0)
  return {
    write(chunk) {
      rows += countLineFeeds(chunk, 0, chunk.length)
      tail = chunk.length >= 8 ? Buffer.from(chunk.subarray(-8)) : Buffer.concat([tail, chunk]).subarray(-8)
    },
    get rows() {
      const end = tail.toString('latin1')
      const marks = /(?:^|\n)\\\.(\n+)$/.exec(end)
      return marks === null ? rows : rows - (marks[1] as string).length
    },
  }
}

/** Blocks compressed with gzip are so in name only: they are zlib streams. */
const READERS = { ...DECOMPRESSORS, gzip: inflated }

/** Gives out what one block holds. @returns why it is not whole */
async function drain(
  chunks: AsyncGenerator<Buffer, void, undefined>,
  compression: TableOfContents['compression'],
  onData: (chunk: Buffer) => void,
): Promise<string | undefined> {
  if (compression === 'none') {
    for await (const chunk of chunks) onData(chunk)
    return undefined
  }
  const result: { reading: Reading } = { reading: { complete: true } }
  for await (const chunk of READERS[compression](chunks, result)) onData(chunk)
  // Damaged blocks are read on to their end, so that the next one is found.
  for await (const _ of chunks);
  return result.reading.error
}

async function* block(reader: ByteReader, size: number, budget: { left: number }): AsyncGenerator<Buffer, void, undefined> {
  for (;;) {
    const length = await integer(reader, size)
    if (length === 0) return
    if (length < 0) throw new Damaged('corrupt', 'a piece of data has a negative length')
    let got = 0
    for await (const chunk of reader.chunks(length)) {
      got += chunk.length
      budget.left -= chunk.length
      yield chunk
    }
    if (got < length) throw new Damaged('cut', 'unexpected end of file inside the data')
  }
}

/** The dump that a table of contents describes. */
export function describe(toc: TableOfContents, rows: ReadonlyMap<number, number>, digest: ContentDigest, missing: readonly string[]): DumpFacts {
  const objects: ObjectCounts = noObjects()
  const tables = new Map<string, TableFacts>()
  const roles = new Set<string>()
  const extensions: string[] = []
  const dangers: Danger[] = []
  let encoding: string | undefined
  let rowSecurity: 'on' | 'off' | undefined
  const nameOf = (entry: Entry): string => (entry.schema === '' ? entry.tag : `${entry.schema}.${entry.tag}`)
  const table = (entry: Entry): TableFacts => {
    const name = nameOf(entry)
    let found = tables.get(name)
    if (found === undefined) tables.set(name, (found = { name, defined: false, data: false, rows: undefined }))
    return found
  }
  for (const entry of toc.entries) {
    if (entry.owner !== '') roles.add(entry.owner)
    digest.update(Buffer.from(`${entry.kind} ${nameOf(entry)}\n${entry.definition}\n`))
    if (entry.kind === 'TABLE') {
      objects.tables += 1
      const facts = table(entry)
      facts.defined = true
      // A partitioned table keeps nothing itself.
      if (/\)\s*PARTITION\s+BY\b/i.test(entry.definition)) facts.data = true
    } else if (entry.kind === 'TABLE DATA') {
      const facts = table(entry)
      facts.data = true
      facts.rows = rows.get(entry.id)
    } else if (entry.kind === 'INDEX') objects.indexes += 1
    else if (entry.kind === 'FK CONSTRAINT') objects.foreignKeys += 1
    else if (entry.kind === 'CONSTRAINT') {
      if (/\bPRIMARY\s+KEY\b/i.test(entry.definition)) objects.primaryKeys += 1
    } else if (entry.kind === 'SEQUENCE') objects.sequences += 1
    else if (entry.kind === 'SEQUENCE SET') objects.sequenceSets += 1
    else if (entry.kind === 'VIEW' || entry.kind === 'MATERIALIZED VIEW') objects.views += 1
    else if (entry.kind === 'TRIGGER') objects.triggers += 1
    else if (entry.kind === 'FUNCTION' || entry.kind === 'PROCEDURE' || entry.kind === 'AGGREGATE') objects.functions += 1
    else if (entry.kind === 'POLICY') objects.policies += 1
    else if (entry.kind === 'BLOB' || entry.kind === 'BLOB METADATA') objects.largeObjects += 1
    else if (entry.kind === 'EXTENSION') extensions.push(entry.tag)
    else if (entry.kind === 'SUBSCRIPTION') dangers.push({ kind: 'subscription' })
    else if (entry.kind === 'SERVER' || entry.kind === 'USER MAPPING') dangers.push({ kind: 'foreign-server' })
    else if (entry.kind === 'ENCODING') encoding = /'([^']*)'/.exec(entry.definition)?.[1]
    else if (entry.kind === 'ACL' || entry.kind === 'DEFAULT ACL')
      for (const match of entry.definition.matchAll(/\bTO\s+("(?:[^"]|"")*"|[\w$]+)/gi)) {
        const name = bareName(match[1] as string)
        if (name.toLowerCase() !== 'public') roles.add(name)
      }
    const security = /\brow_security\s*=\s*(on|off)/i.exec(entry.definition)?.[1]?.toLowerCase()
    if (security === 'on' || security === 'off') rowSecurity ??= security
  }
  const all = [...tables.values()]
  return {
    engine: 'postgres',
    scope: 'database',
    dumper: `pg_dump ${toc.dumperVersion ?? ''}`.trim(),
    ...(toc.dumperVersion === undefined ? {} : { dumperVersion: toc.dumperVersion }),
    ...(toc.serverVersion === undefined ? {} : { serverVersion: toc.serverVersion }),
    ...(toc.createdAt === undefined ? {} : { createdAt: toc.createdAt }),
    database: toc.database,
    databases: [toc.database],
    tables: all,
    rows: all.reduce((sum, one) => sum + (one.rows ?? 0), 0),
    copies: toc.entries.some((entry) => entry.copy !== ''),
    objects,
    extensions,
    rolesCreated: [],
    rolesNamed: [...roles],
    ...(encoding === undefined ? {} : { encoding }),
    ...(rowSecurity === undefined ? {} : { rowSecurity }),
    dangers,
    endMark: missing.length === 0,
    ...(missing[0] === undefined ? {} : { open: `data of ${missing[0]}` }),
    contentDigest: digest.end(),
  }
}

const labelOf = (entry: Entry | undefined): string =>
  entry === undefined ? 'an unknown entry' : entry.schema === '' ? entry.tag : `${entry.schema}.${entry.tag}`

/** A custom-format archive (`-Fc`), to its last byte. */
export async function readCustom(reader: ByteReader, budget: { left: number }): Promise<{ readonly dump?: DumpFacts; readonly reading: Reading }> {
  let toc: TableOfContents
  try {
    toc = await tableOfContents(reader)
  } catch (error) {
    return { reading: reading(error) }
  }
  const digest = contentDigest()
  const rows = new Map<number, number>()
  const came = new Set<number>()
  const byId = new Map(toc.entries.map((entry) => [entry.id, entry]))
  let result: Reading = { complete: true }
  const damage = (next: Reading): void => {
    if (result.complete) result = next
  }
  try {
    for (;;) {
      const at = reader.position
      if ((await reader.peek(1)).length === 0) break
      const type = await byte(reader)
      if (type !== 1 && type !== 3) throw new Damaged('corrupt', `a block of type ${type}`)
      const id = await integer(reader, toc.intSize)
      const entry = byId.get(id)
      if (entry === undefined) throw new Damaged('corrupt', 'a block of data that the table of contents does not announce')
      if (came.has(id)) throw new Damaged('corrupt', `data of ${labelOf(entry)} come twice`)
      if (!entry.data) throw new Damaged('corrupt', `data of ${labelOf(entry)}, which has none by the table of contents`)
      if (entry.offset !== undefined && entry.offset !== at)
        throw new Damaged('corrupt', `data of ${labelOf(entry)} are at ${at}, and by the table of contents at ${entry.offset}`)
      if (type === 3) {
        // Large objects: each with its number, closed by 0.
        while ((await integer(reader, toc.intSize)) !== 0) {
          const problem = await drain(block(reader, toc.intSize, budget), toc.compression, (chunk) => {
            digest.update(chunk)
          })
          if (problem !== undefined) damage({ complete: false, kind: 'corrupt', error: `large object: ${problem}` })
        }
      } else {
        const counter = rowCounter()
        let decoded = 0
        const problem = await drain(block(reader, toc.intSize, budget), toc.compression, (chunk) => {
          decoded += chunk.length
          counter.write(chunk)
          digest.update(chunk)
        })
        budget.left -= decoded
        if (problem !== undefined) damage({ complete: false, kind: 'corrupt', error: `data of ${labelOf(entry)}: ${problem}` })
        else if (entry.copy !== '') rows.set(id, counter.rows)
      }
      came.add(id)
      if (budget.left < 0) throw new Damaged('corrupt', 'more data than any dump of that size holds')
    }
  } catch (error) {
    damage(reading(error))
  }
  const missing = toc.entries.filter((entry) => entry.data && !came.has(entry.id)).map(labelOf)
  if (missing[0] !== undefined) damage({ complete: false, kind: 'cut', error: `no data of ${missing[0]}` })
  return { dump: describe(toc, rows, digest, missing), reading: result }
}

/** The `toc.dat` of a directory or tar archive alone; the data are files of their own, named by the entries. */
export async function readTableOfContents(reader: ByteReader): Promise<{ readonly toc?: TableOfContents; readonly reading: Reading }> {
  try {
    return { toc: await tableOfContents(reader), reading: { complete: true } }
  } catch (error) {
    return { reading: reading(error) }
  }
}

/** The files that a table of contents names, with the entry's id for the tables among them. */
export const dataFiles = (toc: TableOfContents): readonly { readonly file: string; readonly id: number; readonly label: string; readonly table: boolean }[] =>
  toc.entries
    .filter((entry) => entry.file !== '')
    // The list of large objects of a tar archive has one name, whatever the entry says of it.
    .map((entry) => ({
      file: entry.kind === 'BLOBS' && !entry.file.endsWith('.toc') ? 'blobs.toc' : entry.file,
      id: entry.id,
      label: labelOf(entry),
      table: entry.kind === 'TABLE DATA' && entry.copy !== '',
    }))
