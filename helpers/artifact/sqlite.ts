/** Judges nothing about a SQLite file, but reads its header and asks SQLite itself on a copy. */
import { Worker } from 'node:worker_threads'
import type { SqliteFacts, TableFacts } from './facts.ts'

/** The first 100 bytes (https://www.sqlite.org/fileformat.html §1.3). undefined: no header of SQLite. */
export function sqliteHeader(head: Buffer): SqliteFacts | undefined {
  if (head.length < 100 || head.toString('latin1', 0, 16) !== 'SQLite format 3\0') return undefined
  const written = head.readUInt16BE(16)
  const pageSize = written === 1 ? 65_536 : written
  const pages = head.readUInt32BE(28)
  // The page count is only kept by writers that also keep the version number beside it (since 3.7.0).
  const kept = head.readUInt32BE(24) === head.readUInt32BE(92) && pages > 0
  return { pageSize, pages: kept ? pages : 0, expectedBytes: kept ? pages * pageSize : 0, wal: head[18] === 2 && head[19] === 2 }
}

/** In a thread of its own: SQLite reads a whole file before it answers, and nothing else may wait for that. */
const ASK = `
const { parentPort, workerData } = require('node:worker_threads')
process.removeAllListeners('warning')
try {
  const { DatabaseSync } = require('node:sqlite')
  const db = new DatabaseSync(workerData, { readOnly: false, allowExtension: false, enableForeignKeyConstraints: false })
  const problems = db.prepare('PRAGMA integrity_check(100)').all().map((row) => Object.values(row)[0])
  const ok = problems.length === 1 && problems[0] === 'ok'
  const quote = (name) => '"' + String(name).replaceAll('"', '""') + '"'
  const tables = []
  let foreign = 0
  if (ok) {
    const names = db.prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite\\\\_%' escape '\\\\' and rootpage > 0 limit 2000").all()
    for (const { name } of names) tables.push({ name: String(name), defined: true, data: true, rows: Number(db.prepare('select count(*) as n from ' + quote(name)).get().n) })
    for (const _ of db.prepare('PRAGMA foreign_key_check').iterate()) if (++foreign >= 1000) break
  }
  db.close()
  parentPort.postMessage({ integrity: { ok, problems: ok ? 0 : problems.length, tables, foreignKeyProblems: foreign } })
} catch (error) {
  parentPort.postMessage({ error: String(error && error.message || error).slice(0, 200) })
}`

/**
 * `PRAGMA integrity_check` and the rows of every table. SQLite may write beside the file, so it must be a copy.
 * @returns what it said; never throws
 */
export function askSqlite(copy: string, signal: AbortSignal): Promise<Pick<SqliteFacts, 'integrity' | 'integrityError'>> {
  return new Promise((resolve) => {
    const worker = new Worker(ASK, { eval: true, workerData: copy, stderr: true, resourceLimits: { maxOldGenerationSizeMb: 256 } })
    let settled = false
    const end = (facts: Pick<SqliteFacts, 'integrity' | 'integrityError'>): void => {
      if (settled) return
      settled = true
      signal.removeEventListener('abort', abort)
      void worker.terminate()
      resolve(facts)
    }
    const abort = (): void => end({ integrityError: 'it took too long' })
    signal.addEventListener('abort', abort, { once: true })
    worker.once('message', (message: { integrity?: { ok: boolean; problems: number; tables: TableFacts[]; foreignKeyProblems: number }; error?: string }) =>
      end(message.integrity === undefined ? { integrityError: message.error ?? 'no answer' } : { integrity: message.integrity }),
    )
    worker.once('error', (error) => end({ integrityError: error instanceof Error ? error.message : String(error) }))
    worker.once('exit', () => end({ integrityError: 'SQLite ended without an answer' }))
  })
}
