/**
 * Reads a dump made of SQL statements as it comes, byte by byte, in bounded memory: which tables, how many rows, whether it is whole. It follows
 * the quoting of PostgreSQL (dollar quotes, COPY blocks, psql commands) and of MySQL (backslashes, backquotes, conditional comments, DELIMITER),
 * so that text inside a function body or a value is never taken for a statement. Never throws.
 */
import { declarationReader } from './declarations.ts'
import { contentDigest } from './digest.ts'
import { type Danger, type DumpFacts, noObjects, type TableFacts } from './facts.ts'
import { countLineFeeds, feedsWithin } from './lines.ts'

/** Of each statement only its beginning is kept: enough for every name in it. */
const KEPT = 16_384
/** Tables, roles and the like beyond this many are counted as one more problem of whoever wrote the dump. */
const NAMES = 50_000
const LF = 0x0a
const BACKSLASH = 0x5c
/** What closes a COPY block, less the line's end. */
const CLOSING = Buffer.from('\\.')
/** Bytes that mean something inside a statement; all others are only kept. */
const SPECIAL = [LF, 0x22, 0x24, 0x27, 0x28, 0x29, 0x2a, 0x2d, 0x3b, 0x60]
/** Bytes that may mean something inside quotes. */
const QUOTED = new Uint8Array(256)
for (const byte of [LF, 0x22, 0x27, BACKSLASH, 0x60]) QUOTED[byte] = 1
/** Bytes of what came before a chunk that a dollar quote may begin in. */
const TAIL = 80

type State = 'start' | 'statement' | 'copy' | 'single' | 'double' | 'backquote' | 'dollar' | 'comment' | 'block' | 'command'

const NAME = '((?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|[\\w$]+)(?:\\.(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|[\\w$]+))*)'
const pattern = (text: string): RegExp => new RegExp(`^${text.replaceAll(' ', '\\s+').replaceAll('NAME', NAME)}`, 'i')

const COPY = pattern('COPY NAME(?:\\s*\\(.*?\\))? FROM stdin')
const CREATE_TABLE = pattern('CREATE (?:(?:UNLOGGED|FOREIGN|TEMPORARY|GLOBAL) )?TABLE (?:IF NOT EXISTS )?NAME')
const INSERT = pattern('(?:INSERT(?: IGNORE)?|REPLACE) INTO NAME')
const DATABASE = pattern('CREATE DATABASE (?:/\\*.*?\\*/\\s*)?(?:IF NOT EXISTS )?NAME')
const USE = pattern('USE NAME')
const ROLE = pattern('CREATE (?:ROLE|USER|GROUP) NAME')
const EXTENSION = pattern('CREATE EXTENSION (?:IF NOT EXISTS )?NAME')
const OWNER = new RegExp(`\\bOWNER\\s+TO\\s+${NAME}`, 'i')
const AUTHORIZATION = new RegExp(`^(?:CREATE\\s+SCHEMA\\b.*?\\bAUTHORIZATION|SET\\s+(?:SESSION\\s+AUTHORIZATION|ROLE))\\s+${NAME}`, 'is')
const GRANTED = new RegExp(`^(?:GRANT\\b.*?\\bTO|REVOKE\\b.*?\\bFROM)\\s+(?:GROUP\\s+)?${NAME}`, 'is')
const FOR_ROLE = new RegExp(`^ALTER\\s+DEFAULT\\s+PRIVILEGES\\s+FOR\\s+(?:ROLE|USER)\\s+${NAME}`, 'i')
const POLICY_TO = new RegExp(`^CREATE\\s+POLICY\\b.*?\\bTO\\s+${NAME}`, 'is')
const NOBODY: ReadonlySet<string> = new Set(['public', 'current_user', 'session_user', 'default', 'none', 'current_role'])

/** A name without its quotes where it needs none. */
export const bareName = (written: string): string =>
  written
    .match(/"(?:[^"]|"")*"|`(?:[^`]|``)*`|[^.]+/g)
    ?.map((part) => (/^["`]/.test(part) ? part.slice(1, -1).replaceAll(part[0] === '"' ? '""' : '``', part[0] as string) : part))
    .join('.') ?? written

const versionOf = (text: string): string | undefined => /\d+(?:\.\d+)*/.exec(text)?.[0]
/** `2026-11-20 02:30:01 UTC` and `2026-11-20  2:30:01` as ISO 8601; undefined where the zone is only an abbreviation that nobody can read. */
const instant = (text: string): string | undefined => {
  const match = /^(\d{4}-\d\d-\d\d)\s+(\d{1,2}):(\d\d):(\d\d)(?:\s+(\S+))?/.exec(text.trim())
  if (match === null || (match[5] !== undefined && !/^(?:UTC|GMT|Z)$/.test(match[5]))) return undefined
  const at = new Date(`${match[1]}T${(match[2] as string).padStart(2, '0')}:${match[3]}:${match[4]}Z`)
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString()
}

export interface SqlScanner {
  write(chunk: Buffer): void
  end(): DumpFacts
}

export function sqlScanner(): SqlScanner {
  const digest = contentDigest()
  const declarations = declarationReader()
  const tables = new Map<string, TableFacts>()
  const objects = noObjects()
  const databases = new Set<string>()
  const extensions = new Set<string>()
  const created = new Set<string>()
  const named = new Set<string>()
  const dangers: Danger[] = []
  let state: State = 'start'
  /** The state that a quote or comment returns to. */
  let outer: 'start' | 'statement' = 'start'
  const kept = Buffer.alloc(KEPT)
  let keptLength = 0
  const special = new Uint8Array(256)
  for (const byte of SPECIAL) special[byte] = 1
  /** The last bytes of the chunk before. */
  let carried: Buffer = Buffer.alloc(0)
  /** How an INSERT of rows begins, and its table: the next one mostly begins the same. */
  let prefix: Buffer | undefined
  let prefixTable: TableFacts | undefined
  let line = 1
  let depth = 0
  let groups = 0
  let insert = false
  let values = false
  let blockDepth = 0
  let conditional = false
  let dollar = ''
  let matched = 0
  let escapes = false
  let previous = 0
  let copy: TableFacts | undefined
  let awaitCopy = false
  let copies = false
  /** Bytes at the start of a COPY line that the chunk before ended with: 0 none, 1 a backslash, 2 a backslash and a dot. */
  let copyHead = 0
  let atLineStart = true
  let comment: number[] = []
  let command: number[] = []
  let delimiter = ';'
  /** Bytes of a longer delimiter that came so far. */
  let delimited = 0
  let engine: DumpFacts['engine'] = 'unknown'
  let cluster = false
  let endMark = false
  let statements = 0
  let dumper: string | undefined
  let dumperVersion: string | undefined
  let serverVersion: string | undefined
  let createdAt: string | undefined
  let database: string | undefined
  let encoding: string | undefined
  let rowSecurity: 'on' | 'off' | undefined
  let restrict: { word: string; closed: boolean } | undefined

  const add = (set: Set<string>, name: string | undefined): void => {
    if (name !== undefined && set.size < NAMES) set.add(bareName(name))
  }
  const danger = (kind: Danger['kind']): void => {
    if (dangers.length < 100) dangers.push({ kind, line })
  }
  const role = (text: string | undefined): void => {
    if (text !== undefined && !NOBODY.has(text.toLowerCase())) add(named, text)
  }
  const table = (written: string): TableFacts => {
    const name = bareName(written)
    let found = tables.get(name)
    if (found === undefined) {
      found = { name, defined: false, data: false, rows: undefined }
      if (tables.size < NAMES) tables.set(name, found)
    }
    return found
  }

  const readComment = (text: string): void => {
    if (/^PostgreSQL database (?:cluster )?dump complete/.test(text)) endMark = true
    else if (/^Dump completed\b/.test(text)) {
      endMark = true
      createdAt ??= instant(text.replace(/^Dump completed(?: on)?\s*/, ''))
    } else if (/^PostgreSQL database (cluster )?dump$/.test(text)) {
      engine = 'postgres'
      if (/cluster/.test(text)) cluster = true
    } else if (/^(?:MySQL|MariaDB) dump /.test(text)) {
      engine = 'mysql'
      dumper = text.startsWith('Maria') ? 'mariadb-dump' : 'mysqldump'
      dumperVersion = versionOf(/Distrib ([\d.]+)/.exec(text)?.[1] ?? text)
      const host = /Database:\s*(\S+)/.exec(text)?.[1]
      if (host !== undefined) database ??= host
    } else if (text.startsWith('Dumped from database version ')) serverVersion ??= versionOf(text.slice(29))
    else if (text.startsWith('Dumped by pg_dump')) {
      dumperVersion ??= versionOf(text)
      dumper ??= `pg_dump ${dumperVersion ?? ''}`.trim()
    } else if (text.startsWith('Started on ')) createdAt ??= instant(text.slice(11))
    else if (text.startsWith('Server version')) serverVersion ??= versionOf(text)
    else if (/^Host:.*Database:\s*\S+/.test(text) && engine === 'mysql') database ??= /Database:\s*(\S+)/.exec(text)?.[1]
  }

  const readCommand = (text: string): void => {
    const [word, rest] = [/^\S+/.exec(text)?.[0] ?? '', text.replace(/^\S+\s*/, '').trim()]
    if (word === '\\restrict') restrict = { word: rest, closed: false }
    else if (word === '\\unrestrict') {
      if (restrict !== undefined && restrict.word === rest) restrict.closed = true
    } else if (word === '\\connect' || word === '\\c') {
      const to = /dbname='?([^'\s]+)/.exec(rest)?.[1] ?? /^(?:-reuse-previous=\S+\s+)?"?([^"\s]+)/.exec(rest)?.[1]
      add(databases, to)
      danger('connect')
    } else if (word.startsWith('\\!') || word === '\\copy' || word === '\\i' || word === '\\ir' || word === '\\o' || word === '\\g' || word === '\\gexec')
      danger('shell')
  }

  const classify = (raw: string): void => {
    const text = raw.trim()
    if (text === '') return
    statements += 1
    // What comes after the closing comment was not written by the tool that dumped.
    endMark = false
    const head = text.slice(0, 40).toUpperCase()
    if (insert) {
      const into = INSERT.exec(text)?.[1]
      if (into !== undefined) {
        const facts = table(into)
        facts.data = true
        facts.rows = (facts.rows ?? 0) + groups
      }
      return
    }
    if (head.startsWith('CREATE')) {
      const made = CREATE_TABLE.exec(text)?.[1]
      if (made !== undefined) {
        const facts = table(made)
        if (!facts.defined) objects.tables += 1
        facts.defined = true
        // A partitioned table and a foreign one keep nothing themselves.
        if (/\)\s*PARTITION\s+BY\b/i.test(text) || /^CREATE\s+FOREIGN\b/i.test(text)) facts.data = true
        if (/\bPRIMARY\s+KEY\b/i.test(text)) objects.primaryKeys += 1
        objects.foreignKeys += text.match(/\bFOREIGN\s+KEY\b/gi)?.length ?? 0
        if (engine === 'mysql') objects.indexes += text.match(/^[^\S\r\n\u2028\u2029]*(?:UNIQUE |FULLTEXT |SPATIAL )?KEY\b/gim)?.length ?? 0
      } else if (/^CREATE\s+(?:UNIQUE\s+)?INDEX\b/i.test(text)) objects.indexes += 1
      else if (/^CREATE\s+SEQUENCE\b/i.test(text)) objects.sequences += 1
      else if (/^CREATE\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:FUNCTION|PROCEDURE|AGGREGATE)\b/i.test(text)) objects.functions += 1
      else if (/^CREATE\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:CONSTRAINT\s+)?TRIGGER\b/i.test(text)) objects.triggers += 1
      else if (/^CREATE\s+(?:OR\s+REPLACE\s+)?(?:\w+\s*=\s*\S+\s+|SQL\s+SECURITY\s+\w+\s+|TEMPORARY\s+|RECURSIVE\s+|MATERIALIZED\s+)*VIEW\b/i.test(text))
        objects.views += 1
      else if (/^CREATE\s+POLICY\b/i.test(text)) {
        objects.policies += 1
        role(POLICY_TO.exec(text)?.[1])
      } else if (EXTENSION.test(text)) add(extensions, EXTENSION.exec(text)?.[1])
      else if (ROLE.test(text)) add(created, ROLE.exec(text)?.[1])
      else if (DATABASE.test(text)) {
        const name = DATABASE.exec(text)?.[1]
        add(databases, name)
        if (name !== undefined && !cluster) database ??= bareName(name)
      } else if (/^CREATE\s+SUBSCRIPTION\b/i.test(text)) danger('subscription')
      else if (/^CREATE\s+(?:SERVER|USER\s+MAPPING)\b/i.test(text)) danger('foreign-server')
      else if (/^CREATE\s+(?:DEFINER\s*=\s*\S+\s+)?EVENT\b/i.test(text) && engine === 'mysql') danger('job')
      else if (AUTHORIZATION.test(text)) role(AUTHORIZATION.exec(text)?.[1])
      return
    }
    if (head.startsWith('ALTER')) {
      if (/\bFOREIGN\s+KEY\b/i.test(text)) objects.foreignKeys += 1
      else if (/\bPRIMARY\s+KEY\b/i.test(text)) objects.primaryKeys += 1
      else if (/^ALTER\s+SYSTEM\b/i.test(text)) danger('server-setting')
      role(OWNER.exec(text)?.[1])
      role(FOR_ROLE.exec(text)?.[1])
      const granted = /\bTO\s+("(?:[^"]|"")*"|[\w$]+)\s*$/i.exec(text)?.[1]
      if (/^ALTER\s+DEFAULT\s+PRIVILEGES\b/i.test(text)) role(granted)
      return
    }
    if (head.startsWith('GRANT') || head.startsWith('REVOKE')) return role(GRANTED.exec(text)?.[1])
    if (head.startsWith('SELECT')) {
      if (/^SELECT\s+(?:pg_catalog\.)?setval\s*\(/i.test(text)) objects.sequenceSets += 1
      else if (/^SELECT\s+(?:pg_catalog\.)?lo_create\s*\(/i.test(text)) objects.largeObjects += 1
      else if (/^SELECT\s+cron\.schedule/i.test(text)) danger('job')
      return
    }
    if (head.startsWith('SET')) {
      encoding ??= /^SET\s+client_encoding\s*=\s*'([^']*)'/i.exec(text)?.[1]
      const security = /^SET\s+row_security\s*=\s*(on|off)/i.exec(text)?.[1]?.toLowerCase()
      if (security === 'on' || security === 'off') rowSecurity ??= security
      if (engine === 'mysql') encoding ??= /^SET\s+NAMES\s+'?(\w+)/i.exec(text)?.[1]
      role(AUTHORIZATION.exec(text)?.[1])
      return
    }
    if (head.startsWith('DROP') && /^DROP\s+DATABASE\b/i.test(text)) return danger('drop-database')
    if (head.startsWith('USE')) {
      const name = USE.exec(text)?.[1]
      add(databases, name)
      return
    }
    if (head.startsWith('COPY') && /\bPROGRAM\b/i.test(text)) return danger('program')
    if (head.startsWith('DO') && /\bcron\.schedule/i.test(text)) danger('job')
  }

  const keep = (byte: number): void => {
    if (keptLength < KEPT) kept[keptLength++] = byte
  }
  const text = (bytes: readonly number[]): string => Buffer.from(bytes).toString('utf8')
  /** What is kept of the statement, from a place on. */
  const soFar = (from = 0, to = keptLength): string => kept.toString('utf8', Math.max(0, from), to)
  const blank = (): boolean => soFar().trim() === ''
  /** Bytes are kept as far as there is room, so that quoted names can be read; of rows nobody asks for more. */
  const keepAll = (chunk: Buffer, from: number, to: number): void => {
    if (values || keptLength >= KEPT) return
    const end = Math.min(to, from + KEPT - keptLength)
    if (end - from > 48) keptLength += chunk.copy(kept, keptLength, from, end)
    else for (let index = from; index < end; index += 1) kept[keptLength++] = chunk[index] as number
  }
  /** The bytes before a place, be they of the chunk before. */
  const before = (chunk: Buffer, at: number): string =>
    at >= TAIL ? chunk.toString('utf8', at - TAIL, at) : Buffer.concat([carried, chunk.subarray(0, at)]).toString('utf8')

  const endStatement = (): void => {
    if (insert && values && prefixTable !== undefined) {
      statements += 1
      endMark = false
      prefixTable.data = true
      prefixTable.rows = (prefixTable.rows ?? 0) + groups
    } else {
      // Of rows only the name of their table is asked for.
      const whole = soFar(0, insert ? Math.min(512, keptLength) : keptLength)
      const target = COPY.exec(whole.trimStart())?.[1]
      if (target !== undefined && engine !== 'mysql') {
        copy = table(target)
        copy.data = true
        copy.rows ??= 0
        copies = true
        awaitCopy = true
        endMark = false
        statements += 1
      } else classify(whole)
    }
    keptLength = 0
    state = 'start'
    depth = 0
    groups = 0
    insert = false
    values = false
  }

  /** @returns where reading goes on: after the block's end, or the end of the chunk */
  const readCopy = (chunk: Buffer, from: number): number => {
    let at = from
    if (atLineStart) {
      // "\." alone on its line closes the block; its bytes may be spread over two chunks.
      if (copyHead === 0 && chunk[at] === BACKSLASH) {
        copyHead = 1
        at += 1
        if (at >= chunk.length) return at
      }
      if (copyHead === 1) {
        if (chunk[at] === 0x2e) {
          copyHead = 2
          at += 1
          if (at >= chunk.length) return at
        } else copyHead = 0
      }
      if (copyHead === 2) {
        copyHead = 0
        const end = chunk[at] === 0x0d ? at + 1 : at
        if (chunk[end] === LF || end >= chunk.length) {
          copy = undefined
          state = 'start'
          return end
        }
      }
      atLineStart = false
    }
    const count = (lines: number): void => {
      if (copy !== undefined) copy.rows = (copy.rows ?? 0) + lines
      line += lines
    }
    const feeds = feedsWithin(chunk, at, chunk.length)
    for (let mark = feeds === undefined ? chunk.indexOf(CLOSING, at) : -1; mark !== -1; mark = chunk.indexOf(CLOSING, mark + 2)) {
      if (mark <= at || chunk[mark - 1] !== LF) continue
      if (mark + 2 >= chunk.length) {
        count(countLineFeeds(chunk, at, mark))
        copyHead = 2
        atLineStart = true
        return chunk.length
      }
      const end = chunk[mark + 2] === 0x0d ? mark + 3 : mark + 2
      if (end < chunk.length && chunk[end] !== LF) continue
      count(countLineFeeds(chunk, at, mark))
      copy = undefined
      state = 'start'
      return end
    }
    count(feeds ?? countLineFeeds(chunk, at, chunk.length))
    const last = chunk.length - 1
    atLineStart = last >= at && chunk[last] === LF
    if (last > at && chunk[last] === BACKSLASH && chunk[last - 1] === LF) {
      atLineStart = true
      copyHead = 1
    }
    return chunk.length
  }

  const letter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a

  /** The first parenthesis of an INSERT outside others: do its rows begin here, and of which table are they? */
  const beginsRows = (): boolean => {
    const head = kept.subarray(0, keptLength)
    if (prefix !== undefined && prefix.equals(head)) return true
    if (!/\bVALUES\s*$/i.test(soFar(keptLength - 32))) return false
    const into = INSERT.exec(soFar(0, Math.min(512, keptLength)).trimStart())?.[1]
    prefix = keptLength < KEPT ? Buffer.from(head) : undefined
    prefixTable = into === undefined ? undefined : table(into)
    return true
  }

  /** One byte of a statement, outside quotes and comments. */
  const step = (byte: number): void => {
    if (byte === 0x28) {
      if (depth === 0 && insert) {
        if (!values) values = beginsRows()
        if (values) groups += 1
      }
      depth += 1
    } else if (byte === 0x29) depth -= 1
    if (!values) keep(byte)
  }

  const setDelimiter = (next: string): void => {
    special.fill(0)
    for (const byte of SPECIAL) special[byte] = 1
    for (const byte of Buffer.from(next)) special[byte] = 1
    delimiter = next
    delimited = 0
  }

  /** Does the statement that begins here begin as the rows before did? Then it is read as far as their first parenthesis. */
  const skipPrefix = (chunk: Buffer, from: number): number => {
    if (prefix === undefined || prefixTable === undefined || delimiter.length > 1) return from
    const end = from + prefix.length
    if (end >= chunk.length || chunk[end] !== 0x28) return from
    for (let index = 0; index < prefix.length; index += 1) if (chunk[from + index] !== prefix[index]) return from
    keptLength = prefix.copy(kept)
    line += countLineFeeds(prefix, 0, prefix.length)
    state = 'statement'
    outer = 'statement'
    insert = true
    values = true
    previous = 0x20
    return end
  }

  /** The rows of an INSERT, whole quotes at a time. @returns where something begins that is read byte by byte, or the end of the chunk */
  const readRows = (chunk: Buffer, from: number): number => {
    const { length } = chunk
    const mysql = engine === 'mysql'
    const ends = delimiter.charCodeAt(0) || 0x3b
    let at = from
    let feeds = 0
    let open = depth
    let rows = groups
    let last = previous
    scan: while (at < length) {
      const byte = chunk[at] as number
      if (special[byte] === 0) {
        at += 1
        continue
      }
      if (at > from) last = chunk[at - 1] as number
      switch (byte) {
        case 0x28:
          if (open === 0) rows += 1
          open += 1
          break
        case 0x29:
          open -= 1
          break
        case LF:
          feeds += 1
          break
        case 0x22:
        case 0x27:
        case 0x60: {
          const escaped = byte !== 0x60 && (mysql || (byte === 0x27 && (last === 0x45 || last === 0x65)))
          let inside = 0
          let end = at + 1
          for (; end < length; end += 1) {
            const one = chunk[end] as number
            if (QUOTED[one] === 0) continue
            if (one === byte) break
            if (one === LF) inside += 1
            else if (escaped && one === BACKSLASH) {
              end += 1
              if (chunk[end] === LF) inside += 1
            }
          }
          // It ends in the next chunk.
          if (end >= length) break scan
          feeds += inside
          at = end
          break
        }
        case 0x2d:
          if (last === 0x2d) break scan
          break
        case 0x2a:
          if (last === 0x2f) break scan
          break
        case 0x24:
          if (!mysql) break scan
          break
        default:
          if (byte === ends && open <= 0) break scan
      }
      at += 1
    }
    if (at > from) last = chunk[at - 1] as number
    depth = open
    groups = rows
    previous = last
    line += feeds
    return at
  }

  const readStatement = (chunk: Buffer, from: number): number => {
    let at = from
    while (at < chunk.length) {
      if (values && state === 'statement' && delimiter.length === 1) {
        at = readRows(chunk, at)
        if (at >= chunk.length) break
      }
      if (awaitCopy) {
        const next = chunk.indexOf(LF, at)
        if (next === -1) return chunk.length
        line += 1
        awaitCopy = false
        state = 'copy'
        atLineStart = true
        copyHead = 0
        previous = LF
        return next + 1
      }
      if (state === 'statement' && (insert || keptLength > 16)) {
        let end = at
        while (end < chunk.length && special[chunk[end] as number] === 0) end += 1
        if (end > at) {
          keepAll(chunk, at, end)
          previous = chunk[end - 1] as number
          delimited = 0
          at = end
          if (at >= chunk.length) break
        }
      }
      const byte = chunk[at] as number
      if (byte === LF) line += 1
      if (state === 'start') {
        if (byte <= 0x20) {
          at += 1
          previous = byte
          continue
        }
        if (byte === BACKSLASH && engine !== 'mysql') {
          state = 'command'
          command = []
          return at
        }
        if (engine === 'mysql' && byte === 0x23) {
          state = 'comment'
          outer = 'start'
          comment = []
          return at + 1
        }
        const after = skipPrefix(chunk, at)
        if (after > at) {
          at = after
          continue
        }
      }
      // A second dash, slash-star or dollar may come with the next chunk: the first waits in `previous`.
      if (byte === 0x2d && previous === 0x2d) {
        if (keptLength > 0 && !values) keptLength -= 1
        outer = blank() ? 'start' : 'statement'
        if (outer === 'start') keptLength = 0
        state = 'comment'
        comment = []
        previous = 0
        return at + 1
      }
      if (byte === 0x2a && previous === 0x2f) {
        if (keptLength > 0 && !values) keptLength -= 1
        outer = blank() ? 'start' : 'statement'
        if (outer === 'start') keptLength = 0
        state = 'block'
        blockDepth = 1
        conditional = false
        comment = []
        previous = 0
        return at + 1
      }
      if (state === 'start') {
        state = 'statement'
        keptLength = 0
        delimited = 0
        outer = 'statement'
      }
      if (byte === 0x27) {
        escapes = engine === 'mysql' || previous === 0x45 || previous === 0x65
        state = 'single'
        outer = 'statement'
        if (!values) keep(byte)
        previous = 0
        return at + 1
      }
      if (byte === 0x22) {
        escapes = engine === 'mysql'
        state = 'double'
        outer = 'statement'
        if (!values) keep(byte)
        previous = 0
        return at + 1
      }
      if (byte === 0x60) {
        state = 'backquote'
        outer = 'statement'
        if (!values) keep(byte)
        previous = 0
        return at + 1
      }
      if (byte === 0x24 && engine !== 'mysql') {
        // $tag$ : letters, digits and underscores between two dollars, not right after a name.
        const opening = /(?:^|[^\w$])(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?)$/.exec(before(chunk, at))?.[1]
        if (opening !== undefined) {
          dollar = `${opening}$`
          matched = 0
          state = 'dollar'
          outer = 'statement'
          if (!values) keep(byte)
          previous = 0
          return at + 1
        }
      }
      if (delimiter.length === 1 && byte === (delimiter.charCodeAt(0) || 0x3b) && depth <= 0) {
        // CREATE FUNCTION … BEGIN ATOMIC …; …; END (PostgreSQL 14): its semicolons end nothing.
        if (keptLength > 30 && keptLength < KEPT && ((kept[0] as number) | 0x20) === 0x63 && engine !== 'mysql') {
          const so = soFar()
          if (/^\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\b/i.test(so) && /\bBEGIN\s+ATOMIC\b/i.test(so) && !/\bEND\s*$/i.test(so)) {
            keep(byte)
            previous = byte
            at += 1
            continue
          }
        }
        // DELIMITER ;; is not ended by what it names.
        if (engine === 'mysql' && keptLength < 64 && /^DELIMITER\s/i.test(soFar())) {
          keep(byte)
          previous = byte
          at += 1
          continue
        }
        previous = 0
        endStatement()
        return at + 1
      }
      if (delimiter.length > 1) {
        delimited = byte === delimiter.charCodeAt(delimited) ? delimited + 1 : byte === delimiter.charCodeAt(0) ? 1 : 0
        if (delimited === delimiter.length && depth <= 0) {
          // The bytes of the delimiter before this one were kept, as far as there was room.
          keptLength = keptLength >= KEPT ? KEPT : Math.max(0, keptLength - (delimiter.length - 1))
          delimited = 0
          previous = 0
          endStatement()
          return at + 1
        }
      }
      if (byte === LF && keptLength < 64 && engine === 'mysql') {
        const words = /^DELIMITER\s+(\S+)\s*$/i.exec(soFar())
        if (words !== null) {
          setDelimiter((words[1] as string).slice(0, 16))
          keptLength = 0
          state = 'start'
          depth = 0
          previous = byte
          return at + 1
        }
      }
      step(byte)
      if (!insert && keptLength <= 16 && keptLength >= 7 && !letter(byte)) insert = /^\s*(?:INSERT|REPLACE)\s$/i.test(soFar())
      previous = byte
      at += 1
    }
    return at
  }

  /** To the closing quote; doubled quotes reopen at once, which comes to the same. */
  const readQuote = (chunk: Buffer, from: number, quote: number): number => {
    let at = from
    let feeds = 0
    // The last byte of the chunk before was a backslash that takes the next byte with it.
    if (escapes && previous === BACKSLASH) {
      previous = 0
      if (chunk[at] === LF) feeds += 1
      at += 1
    }
    while (at < chunk.length) {
      const byte = chunk[at] as number
      if (byte === quote) {
        at += 1
        state = outer
        previous = quote
        break
      }
      if (byte === LF) feeds += 1
      else if (byte === BACKSLASH && escapes) {
        at += 1
        if (at >= chunk.length) {
          previous = BACKSLASH
          break
        }
        if (chunk[at] === LF) feeds += 1
      }
      at += 1
    }
    line += feeds
    keepAll(chunk, from, at)
    return at
  }

  const readDollar = (chunk: Buffer, from: number): number => {
    const tag = Buffer.from(dollar)
    if (matched === 0) {
      const next = chunk.indexOf(0x24, from)
      const end = next === -1 ? chunk.length : next
      keepAll(chunk, from, end)
      line += countLineFeeds(chunk, from, end)
      if (next === -1) return chunk.length
      matched = 1
      return next + 1
    }
    let at = from
    while (at < chunk.length) {
      const byte = chunk[at] as number
      if (byte === tag[matched]) {
        matched += 1
        at += 1
        if (matched === tag.length) {
          state = 'statement'
          previous = 0
          return at
        }
      } else {
        // Another dollar may open the real end.
        matched = byte === 0x24 ? 1 : 0
        return byte === 0x24 ? at + 1 : at
      }
    }
    return at
  }

  const toLineEnd = (chunk: Buffer, from: number, into: number[]): number => {
    const next = chunk.indexOf(LF, from)
    const end = next === -1 ? chunk.length : next
    const room = Math.min(end, from + 1024 - into.length)
    for (let index = from; index < room; index += 1) into.push(chunk[index] as number)
    if (next === -1) return chunk.length
    return end
  }

  const readBlock = (chunk: Buffer, from: number): number => {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at] as number
      if (byte === LF) line += 1
      if (comment.length < KEPT) comment.push(byte)
      if (comment.length === 1 && byte === 0x21) conditional = true
      if (previous === 0x2a && byte === 0x2f) {
        blockDepth -= 1
        previous = 0
        // MySQL does not nest comments.
        if (blockDepth === 0 || engine === 'mysql') {
          state = outer
          if (conditional && engine === 'mysql') {
            // /*!40101 SET NAMES utf8mb4 */ is a statement to MySQL; the version number is none of it.
            const inner = text(comment.slice(1, -2)).replace(/^M?!?\d*\s?/, ' ')
            if (inner.includes('enable the sandbox mode')) return at + 1
            if (outer === 'start') {
              keptLength = kept.write(inner)
              state = 'statement'
            } else for (const one of Buffer.from(inner)) keep(one)
          }
          return at + 1
        }
        continue
      }
      if (previous === 0x2f && byte === 0x2a && engine !== 'mysql') {
        blockDepth += 1
        previous = 0
        continue
      }
      previous = byte
    }
    return chunk.length
  }

  /** Bytes that differ between two dumps of the same data are left out of the digest: found by line, only where such lines can stand. */
  let digestFrom = 0
  const skipDigest = (chunk: Buffer, from: number, to: number): void => {
    if (from > digestFrom) digest.update(chunk.subarray(digestFrom, from))
    digestFrom = Math.max(digestFrom, to)
  }

  return {
    write(chunk) {
      let at = 0
      digestFrom = 0
      // Declarations are statements: rows of COPY blocks are passed over here.
      let statementsFrom = 0
      while (at < chunk.length) {
        const from = at
        const rows = state === 'copy'
        switch (state) {
          case 'copy':
            at = readCopy(chunk, at)
            break
          case 'start':
          case 'statement':
            at = readStatement(chunk, at)
            break
          case 'single':
            at = readQuote(chunk, at, 0x27)
            break
          case 'double':
            at = readQuote(chunk, at, 0x22)
            break
          case 'backquote':
            escapes = false
            at = readQuote(chunk, at, 0x60)
            break
          case 'dollar':
            at = readDollar(chunk, at)
            break
          case 'block':
            at = readBlock(chunk, at)
            break
          case 'comment':
            at = toLineEnd(chunk, at, comment)
            skipDigest(chunk, from, at)
            if (at < chunk.length) {
              readComment(text(comment).replace(/\r$/, '').trim())
              state = outer
            }
            break
          case 'command':
            at = toLineEnd(chunk, at, command)
            skipDigest(chunk, from, at)
            if (at < chunk.length) {
              readCommand(text(command).replace(/\r$/, ''))
              state = 'start'
            }
            break
          default: {
            const never: never = state
            throw new TypeError(`no such state ${String(never)}`)
          }
        }
        if (rows) {
          statementsFrom = at
          if (state !== 'copy') declarations.write(CLOSING)
        } else if (state === 'copy') declarations.write(chunk.subarray(statementsFrom, at))
      }
      if (state !== 'copy') declarations.write(chunk.subarray(statementsFrom))
      if (digestFrom < chunk.length) digest.update(digestFrom === 0 ? chunk : chunk.subarray(digestFrom))
      carried = Buffer.from(chunk.length >= TAIL ? chunk.subarray(-TAIL) : Buffer.concat([carried, chunk]).subarray(-TAIL))
    },
    end() {
      if (state === 'comment') {
        readComment(text(comment).trim())
        state = outer
      } else if (state === 'command') {
        readCommand(text(command))
        state = 'start'
      }
      // The block's end without a newline after it.
      if (state === 'copy' && copyHead === 2) {
        state = 'start'
        copy = undefined
      }
      let open: string | undefined
      if (copy !== undefined || state === 'copy' || awaitCopy) open = `COPY ${copy?.name ?? ''}`.trim()
      else if (state === 'statement' && !blank()) open = 'statement'
      else if (state !== 'start' && state !== 'statement') open = state === 'block' ? 'comment' : 'quote'
      const globals = cluster && tables.size === 0 && databases.size === 0
      return {
        engine,
        scope: globals ? 'globals' : cluster ? 'cluster' : 'database',
        ...(dumper === undefined ? (cluster ? { dumper: 'pg_dumpall' } : {}) : { dumper }),
        ...(dumperVersion === undefined ? {} : { dumperVersion }),
        ...(serverVersion === undefined ? {} : { serverVersion }),
        ...(createdAt === undefined ? {} : { createdAt }),
        ...(database === undefined ? {} : { database }),
        databases: [...databases],
        tables: [...tables.values()],
        rows: [...tables.values()].reduce((sum, one) => sum + (one.rows ?? 0), 0),
        copies,
        objects,
        extensions: [...extensions],
        rolesCreated: [...created],
        rolesNamed: [...named],
        ...(encoding === undefined ? {} : { encoding }),
        ...(rowSecurity === undefined ? {} : { rowSecurity }),
        dangers,
        ...(engine === 'postgres' ? { declarations: declarations.end() } : {}),
        endMark: endMark && statements > 0,
        ...(open === undefined ? {} : { open }),
        ...(restrict === undefined ? {} : { restrict: { closed: restrict.closed } }),
        contentDigest: digest.end(),
      }
    },
  }
}
