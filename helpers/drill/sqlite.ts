/** Restores a SQLite file (a copy of it, with its log where one lies beside it) and asks it, in a thread of its own. */
import { existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import type { DrillFile } from '../target/drill.ts'
import { type Contents, digestedTables } from './contents.ts'
import { EngineError } from './engines/place.ts'
import type { NewestRow, QueryAnswer, RestoredTable, SqliteRestored } from './observation.ts'
import { answersQuery, type Ask, type DeclaredFiles, expectation, type NamedFiles, type Piece } from './postgres.ts'
import { writeDecoded } from './unpack.ts'

type Answer = { readonly rows: readonly (readonly (string | number | null)[])[] } | { readonly error: string }

const ASK = `(() => {
const { parentPort, workerData } = require('node:worker_threads')
process.removeAllListeners('warning')
const { DatabaseSync } = require('node:sqlite')
const { createHash } = require('node:crypto')
const answers = []
let db
try { db = new DatabaseSync(workerData.path, { allowExtension: false, enableForeignKeyConstraints: true }) } catch (error) { parentPort.postMessage({ fatal: String(error && error.errcode || error) }); return }
for (const { sql, undo, digest } of workerData.questions) {
  try {
    if (undo) {
      db.exec('BEGIN')
      try { db.exec(sql) } finally { db.exec('ROLLBACK') }
      answers.push({ rows: [] })
    } else if (digest) {
      const statement = db.prepare(sql)
      statement.setReadBigInts(true)
      let rows = 0, sum = 0n
      for (const row of statement.iterate()) {
        const text = JSON.stringify(Object.values(row).map((one) => typeof one === 'bigint' ? one.toString() : ArrayBuffer.isView(one) ? 'blob ' + Buffer.from(one.buffer, one.byteOffset, one.byteLength).toString('hex') : one === null || typeof one === 'number' ? one : 'text ' + one))
        sum += BigInt('0x' + createHash('md5').update(text).digest('hex').slice(0, 15))
        rows += 1
      }
      answers.push({ rows: [[rows + ':' + sum]] })
    } else {
      const statement = db.prepare(sql)
      statement.setReadBigInts(true)
      answers.push({ rows: statement.all().slice(0, 200000).map((row) => Object.values(row).map((one) => one === null ? null : typeof one === 'bigint' ? one.toString() : ArrayBuffer.isView(one) ? 'blob' : one)) })
    }
  } catch (error) { answers.push({ error: 'SQLITE ' + String(error && error.errcode || 'error') }) }
}
db.close()
parentPort.postMessage({ answers })
})()`

interface Question {
  readonly sql: string
  /** A write: undone at once. */
  readonly undo?: true
  /** Not its rows but their digest. */
  readonly digest?: true
}
function ask(path: string, questions: readonly Question[], signal: AbortSignal): Promise<readonly Answer[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(ASK, { eval: true, workerData: { path, questions }, stderr: true })
    const end = (work: () => void): void => {
      signal.removeEventListener('abort', abort)
      void worker.terminate()
      work()
    }
    const abort = (): void => end(() => reject(signal.reason as Error))
    signal.addEventListener('abort', abort, { once: true })
    worker.once('message', (message: { answers?: readonly Answer[]; fatal?: string }) =>
      end(() =>
        message.answers === undefined
          ? reject(new EngineError('died', `SQLite does not open the restored file (${message.fatal ?? ''})`))
          : resolve(message.answers),
      ),
    )
    worker.once('error', (error) => end(() => reject(error)))
    worker.once('exit', () => end(() => reject(new EngineError('died', 'SQLite ended without an answer'))))
  })
}

export const sqliteVersion = (): string => process.versions.sqlite ?? ''

export async function restoreSqlite(piece: Piece, to: string, signal: AbortSignal): Promise<void> {
  await writeDecoded(piece.path, piece.facts.layers, to, signal)
  if (piece.facts.layers.length === 0 && existsSync(`${piece.path}-wal`)) await copyFile(`${piece.path}-wal`, `${to}-wal`)
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
const cell = (answer: Answer | undefined): string | undefined =>
  answer === undefined || 'error' in answer || answer.rows.length !== 1 ? undefined : String(answer.rows[0]?.[0] ?? '')

export interface InspectedSqlite {
  readonly tables: readonly RestoredTable[]
  readonly sqlite: SqliteRestored
  readonly queries: readonly QueryAnswer[]
  readonly writes: readonly QueryAnswer[]
  readonly newest: readonly NewestRow[]
}

/** Times in SQLite are text (UTC where they do not say otherwise), seconds or milliseconds. */
const instant = (text: string): string | undefined => {
  const parts = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i.exec(text)
  const [, day, time = '00:00', zone = 'Z'] = parts ?? []
  const offset = /^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')
  const at = /^\d{9,11}(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : /^\d{12,14}$/.test(text) ? Number(text) : Date.parse(`${day ?? ''}T${time}${offset}`)
  return Number.isFinite(at) ? new Date(at).toISOString() : undefined
}

export async function inspectSqlite(piece: Piece, path: string, drill: DrillFile, signal: AbortSignal): Promise<InspectedSqlite> {
  const [integrity, foreign, names] = await ask(
    path,
    [
      { sql: 'PRAGMA integrity_check(20)' },
      { sql: 'PRAGMA foreign_key_check' },
      { sql: "select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\' and rootpage > 0 limit 2000" },
    ],
    signal,
  )
  const tables = names === undefined || 'error' in names ? [] : names.rows.map((row) => String(row[0]))
  const mine = <T extends { readonly database?: string | undefined }>(all: readonly T[] | undefined): readonly T[] =>
    (all ?? []).filter(({ database }) => database === undefined || database === piece.role)
  const queries = mine(drill.queries)
  const writes = mine(drill.writes)
  const heartbeats = (drill.heartbeat ?? []).map((column) => ({
    column,
    table: column.slice(0, column.lastIndexOf('.')).replace(/^public\./, ''),
    name: column.slice(column.lastIndexOf('.') + 1),
  }))
  const answers = await ask(
    path,
    [
      ...tables.map((name) => ({ sql: `select count(*) from ${quoted(name)}` })),
      ...heartbeats.map(({ table, name }) => ({ sql: `select max(${quoted(name)}) from ${quoted(table)}` })),
      ...queries.map(({ sql }) => ({ sql })),
      ...writes.map(({ sql }) => ({ sql, undo: true as const })),
    ],
    signal,
  )
  const part = (from: number, length: number): readonly (Answer | undefined)[] => Array.from({ length }, (_, index) => answers[from + index])
  const counts = part(0, tables.length)
  const newest = part(tables.length, heartbeats.length)
  const told = part(tables.length + heartbeats.length, queries.length)
  const written = part(tables.length + heartbeats.length + queries.length, writes.length)
  const promised = new Map((piece.facts.sqlite?.integrity?.tables ?? []).map(({ name, rows }) => [name, rows]))
  const held = new Map(tables.map((name, index) => [name, Number(cell(counts[index]) ?? Number.NaN)]))
  return {
    tables: [...new Set([...promised.keys(), ...held.keys()])].map((name) => {
      const rows = held.get(name)
      const expected = promised.get(name)
      return { name, ...(expected === undefined ? {} : { expected }), ...(rows === undefined || Number.isNaN(rows) ? {} : { rows }) }
    }),
    sqlite: {
      integrity:
        integrity === undefined || 'error' in integrity
          ? [integrity === undefined ? 'no answer' : integrity.error]
          : integrity.rows.map((row) => String(row[0])).filter((text) => text !== 'ok'),
      foreignKeyProblems: foreign === undefined || 'error' in foreign ? -1 : foreign.rows.length,
      wal: piece.facts.sqlite?.wal === true,
    },
    newest: heartbeats.map(({ column }, index) => {
      const answer = newest[index]
      if (answer === undefined || 'error' in answer) return { column, unread: 'there is no such column' }
      const text = cell(answer) ?? ''
      const at = instant(text)
      return text === '' ? { column } : at === undefined ? { column, unread: 'it holds no time' } : { column, at }
    }),
    queries: queries.map((query, index) => {
      const answer = told[index]
      const text = cell(answer)
      return {
        id: query.id,
        expected: expectation(query),
        received: text?.slice(0, 200) ?? (answer !== undefined && 'error' in answer ? `error ${answer.error}` : 'not one row'),
        right: text !== undefined && answersQuery(query, text),
      }
    }),
    writes: writes.map(({ id }, index) => {
      const answer = written[index]
      const right = answer !== undefined && !('error' in answer)
      return {
        id,
        expected: 'accepted, and rolled back',
        received: right ? 'accepted' : `error ${answer === undefined ? '' : (answer as { error: string }).error}`,
        right,
      }
    }),
  }
}

export const sqliteAsk =
  (path: string, signal: AbortSignal): Ask =>
  async (sql) => {
    const [answer] = await ask(path, [{ sql }], signal)
    return answer === undefined ? 'no answer' : 'error' in answer ? answer.error : answer.rows.map((row) => String(row[0]))
  }

export async function sqliteFileRows(path: string, file: DeclaredFiles, signal: AbortSignal): Promise<NamedFiles | string> {
  const column = (name: string | undefined): string => (name === undefined ? 'null' : quoted(name))
  const [rows, all] = await ask(
    path,
    [
      {
        sql: `select ${column(file.path)}, ${column(file.bytes)}, ${column(file.sha256)}, ${column(file.createdAt)} from ${quoted(file.table)} where ${quoted(file.path)} is not null limit ${file.sample ?? 2000}`,
      },
      { sql: `select distinct ${quoted(file.path)} from ${quoted(file.table)} where ${quoted(file.path)} is not null` },
    ],
    signal,
  )
  if (rows === undefined || 'error' in rows) return rows === undefined ? 'no answer' : rows.error
  if (all === undefined || 'error' in all) return 'no answer'
  return {
    rows: rows.rows.map(([path_, bytes, sha256, created]) => {
      const at = created === null || created === undefined ? undefined : instant(String(created))
      return [
        String(path_),
        bytes === null || bytes === undefined ? null : String(bytes),
        sha256 === null || sha256 === undefined ? null : String(sha256),
        at === undefined ? null : Date.parse(at) / 1000,
      ] as const
    }),
    all: new Set(all.rows.map((row) => String(row[0]))),
  }
}

/** As the digests of PostgreSQL: the sum of 60 bits of each row's MD5, here of its values as JSON. */
export async function sqliteContents(path: string, drill: DrillFile, signal: AbortSignal): Promise<Contents> {
  const tables = digestedTables(drill)
  const answers =
    tables.length === 0
      ? []
      : await ask(
          path,
          tables.map((table) => ({ sql: `select * from ${quoted(table)}`, digest: true as const })),
          signal,
        )
  return {
    digests: tables.map((table, index) => {
      const answer = answers[index]
      const digest = cell(answer)
      return digest === undefined ? { table, unread: answer !== undefined && 'error' in answer ? answer.error : 'no answer' } : { table, digest }
    }),
    extensions: {},
  }
}
