/**
 * Reads a dump made of SQL statements as it comes, byte by byte, in bounded memory: which tables, how many rows, whether it is whole. It follows
 * the quoting of PostgreSQL (dollar quotes, COPY blocks, psql commands) and of MySQL (backslashes, backquotes, conditional comments, DELIMITER),
 * so that text inside a function body or a value is never taken for a statement. Never throws.
 */
import { createHash } from 'node:crypto'
import { type Danger, type DumpFacts, noObjects, type TableFacts } from './facts.ts'

/** Of each statement only its beginning is kept: enough for every name in it. */
const KEPT = 16_384
/** Tables, roles and the like beyond this many are counted as one more problem of whoever wrote the dump. */
const NAMES = 50_000
const LF = 0x0a
const BACKSLASH = 0x5c

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
  const hash = createHash('sha256')
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
  let kept: number[] = []
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
        if (engine === 'mysql') objects.indexes += text.match(/^\s*(?:UNIQUE |FULLTEXT |SPATIAL )?KEY\b/gim)?.length ?? 0
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
    if (kept.length < KEPT) kept.push(byte)
  }
  const text = (bytes: readonly number[]): string => Buffer.from(bytes).toString('utf8')
  /** Bytes of a quote are kept as far as there is room, so that quoted names can be read. */
  const keepAll = (chunk: Buffer, from: number, to: number): void => {
    const end = Math.min(to, from + KEPT - kept.length)
    for (let index = from; index < end; index += 1) kept.push(chunk[index] as number)
  }
  const lines = (chunk: Buffer, from: number, to: number): void => {
    for (let at = chunk.indexOf(LF, from); at !== -1 && at < to; at = chunk.indexOf(LF, at + 1)) line += 1
  }

  const endStatement = (): void => {
    // Of rows only the name of their table is asked for.
    const whole = text(insert ? kept.slice(0, 512) : kept)
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
    kept = []
    state = 'start'
    depth = 0
    groups = 0
    insert = false
    values = false
  }

  /** @returns where reading goes on: after the block's end, or the end of the chunk */
  const readCopy = (chunk: Buffer, from: number): number => {
    let at = from
    while (at < chunk.length) {
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
      const next = chunk.indexOf(LF, at)
      if (next === -1) return chunk.length
      if (copy !== undefined) copy.rows = (copy.rows ?? 0) + 1
      line += 1
      atLineStart = true
      at = next + 1
    }
    return at
  }

  const letter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a

  /** One byte of a statement, outside quotes and comments. */
  const step = (byte: number): void => {
    if (byte === 0x28) {
      if (depth === 0 && insert) {
        if (!values) values = /\bVALUES\s*$/i.test(text(kept.slice(-32)))
        if (values) groups += 1
      }
      depth += 1
    } else if (byte === 0x29) depth -= 1
    keep(byte)
  }

  const readStatement = (chunk: Buffer, from: number): number => {
    let at = from
    while (at < chunk.length) {
      const byte = chunk[at] as number
      if (byte === LF) line += 1
      if (awaitCopy) {
        at += 1
        if (byte === LF) {
          awaitCopy = false
          state = 'copy'
          atLineStart = true
          copyHead = 0
          previous = byte
          return at
        }
        continue
      }
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
      }
      // A second dash, slash-star or dollar may come with the next chunk: the first waits in `previous`.
      if (byte === 0x2d && previous === 0x2d) {
        kept.pop()
        outer = kept.length === 0 || text(kept).trim() === '' ? 'start' : 'statement'
        if (outer === 'start') kept = []
        state = 'comment'
        comment = []
        previous = 0
        return at + 1
      }
      if (byte === 0x2a && previous === 0x2f) {
        kept.pop()
        outer = kept.length === 0 || text(kept).trim() === '' ? 'start' : 'statement'
        if (outer === 'start') kept = []
        state = 'block'
        blockDepth = 1
        conditional = false
        comment = []
        previous = 0
        return at + 1
      }
      if (state === 'start') {
        state = 'statement'
        kept = []
        outer = 'statement'
      }
      if (byte === 0x27) {
        escapes = engine === 'mysql' || previous === 0x45 || previous === 0x65
        state = 'single'
        outer = 'statement'
        keep(byte)
        previous = 0
        return at + 1
      }
      if (byte === 0x22) {
        escapes = engine === 'mysql'
        state = 'double'
        outer = 'statement'
        keep(byte)
        previous = 0
        return at + 1
      }
      if (byte === 0x60) {
        state = 'backquote'
        outer = 'statement'
        keep(byte)
        previous = 0
        return at + 1
      }
      if (byte === 0x24 && engine !== 'mysql') {
        // $tag$ : letters, digits and underscores between two dollars, not right after a name.
        const tail = text(kept.slice(-70))
        const opening = /(?:^|[^\w$])(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?)$/.exec(tail)?.[1]
        if (opening !== undefined) {
          dollar = `${opening}$`
          matched = 0
          state = 'dollar'
          outer = 'statement'
          keep(byte)
          previous = 0
          return at + 1
        }
      }
      if (byte === (delimiter.charCodeAt(delimiter.length - 1) || 0x3b) && depth <= 0) {
        if (delimiter.length === 1) {
          // CREATE FUNCTION … BEGIN ATOMIC …; …; END (PostgreSQL 14): its semicolons end nothing.
          if (kept[0] !== undefined && (kept[0] | 0x20) === 0x63 && kept.length < KEPT && kept.length > 30 && engine !== 'mysql') {
            const so = text(kept)
            if (/^\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\b/i.test(so) && /\bBEGIN\s+ATOMIC\b/i.test(so) && !/\bEND\s*$/i.test(so)) {
              keep(byte)
              previous = byte
              at += 1
              continue
            }
          }
          previous = 0
          endStatement()
          return at + 1
        }
        keep(byte)
        if (text(kept.slice(-delimiter.length)) === delimiter) {
          kept.length -= delimiter.length
          previous = 0
          endStatement()
          return at + 1
        }
        previous = byte
        at += 1
        continue
      }
      if (byte === LF && kept.length < 64 && engine === 'mysql') {
        const words = /^DELIMITER\s+(\S+)\s*$/i.exec(text(kept))
        if (words !== null) {
          delimiter = (words[1] as string).slice(0, 16)
          kept = []
          state = 'start'
          depth = 0
          previous = byte
          return at + 1
        }
      }
      step(byte)
      if (!insert && kept.length <= 16 && kept.length >= 7 && !letter(byte)) insert = /^\s*(?:INSERT|REPLACE)\s$/i.test(text(kept))
      previous = byte
      at += 1
    }
    return at
  }

  /** To the closing quote; doubled quotes reopen at once, which comes to the same. */
  const readQuote = (chunk: Buffer, from: number, quote: number): number => {
    let at = from
    while (at < chunk.length) {
      let next = chunk.indexOf(quote, at)
      if (escapes) {
        // previous = 0x5c: the last byte of the chunk before was a backslash that takes the next byte with it.
        if (previous === BACKSLASH) {
          previous = 0
          at += 1
          continue
        }
        const slash = chunk.subarray(at, next === -1 ? chunk.length : next).indexOf(BACKSLASH)
        if (slash !== -1) {
          if (at + slash + 1 >= chunk.length) {
            previous = BACKSLASH
            next = -1
          } else {
            at += slash + 2
            continue
          }
        }
      }
      const end = next === -1 ? chunk.length : next + 1
      keepAll(chunk, from, end)
      lines(chunk, from, end)
      if (next !== -1) {
        state = outer
        previous = quote
      }
      return end
    }
    keepAll(chunk, from, chunk.length)
    lines(chunk, from, chunk.length)
    return chunk.length
  }

  const readDollar = (chunk: Buffer, from: number): number => {
    const tag = Buffer.from(dollar)
    if (matched === 0) {
      const next = chunk.indexOf(0x24, from)
      const end = next === -1 ? chunk.length : next
      keepAll(chunk, from, end)
      lines(chunk, from, end)
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
              kept = [...Buffer.from(inner)].slice(0, KEPT)
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
    if (from > digestFrom) hash.update(chunk.subarray(digestFrom, from))
    digestFrom = Math.max(digestFrom, to)
  }

  return {
    write(chunk) {
      let at = 0
      digestFrom = 0
      while (at < chunk.length) {
        const from = at
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
      }
      if (digestFrom < chunk.length) hash.update(chunk.subarray(digestFrom))
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
      else if (state === 'statement' && text(kept).trim() !== '') open = 'statement'
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
        endMark: endMark && statements > 0,
        ...(open === undefined ? {} : { open }),
        ...(restrict === undefined ? {} : { restrict: { closed: restrict.closed } }),
        contentSha256: hash.digest('hex'),
      }
    },
  }
}
