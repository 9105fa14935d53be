/** What is not held in memory is read back from the log, word for word. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Result, RunResult } from '../helpers/run.ts'
import { normaliseTarget } from '../helpers/target.ts'
import { targetSchema } from '../helpers/target/schema.ts'
import { jsonPieces } from './json.ts'
import { redactor } from './redact.ts'
import { type ReportMeta, toReport, wholeFrom } from './report.ts'
import { openResultLog, ReportFolderError, type ResultLog } from './result-log.ts'
import { writeReport } from './write.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
const folderOf = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'postproof-log-'))
  folders.push(folder)
  return folder
}

const OUTCOMES = ['pass', 'skip', 'fail', 'warn', 'inconclusive'] as const
const RESULTS: readonly Result[] = Array.from({ length: 300 }, (_, index): Result => {
  const outcome = OUTCOMES[index % OUTCOMES.length] ?? 'pass'
  return {
    check: `mine/check-${index % 7}`,
    suite: 'mine',
    subject: `host-${index}.example.com`,
    outcome,
    severity: 'low',
    ...(outcome === 'skip' ? { skip: 'not-declared', reason: 'none' } : {}),
    evidence: [
      { what: `é “${index}”`, expected: 'line\nline', received: `\u001b[31m\u202e"\\ hunter2hunter2 ${'x'.repeat(index * 10)}`, where: '127.0.0.1:443' },
    ],
    reproduce: `curl -sS 'https://host-${index}.example.com/?a="b"'`,
    startedAt: '2026-01-01T00:00:00.000Z',
    durationMs: index,
    attempts: 1,
  }
})
const SECRETS = new Map([['PASSWORD', 'hunter2hunter2']])

const runOf = (results: readonly Result[]): RunResult => ({
  target: normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': {} } }), { sha256: '0'.repeat(64) }),
  checks: [],
  results,
  vantage: {} as RunResult['vantage'],
  seen: { timings: [], certificates: [] },
  facts: { startedAt: '2026-01-01T00:00:00.000Z', finishedAt: '2026-01-01T00:00:01.000Z', probes: 0, connections: 0, retries: 0 },
})
const META: ReportMeta = { version: '1.0.0', gate: { passed: false, exitCode: 1, block: 'high', blocking: [] }, exitCode: 1, secrets: SECRETS }

async function logged(folder: string): Promise<{ readonly log: ResultLog; readonly kept: readonly Result[] }> {
  const log = await openResultLog(folder, redactor(SECRETS))
  const kept = RESULTS.map((result) => {
    const stored = log.add(result)
    return stored === undefined ? result : { ...result, evidence: [], reproduce: '', stored }
  })
  expect(await log.close()).toBeUndefined()
  return { log, kept }
}

test('a report whose evidence lay on disk is the report whose evidence lay in memory', async () => {
  const { log, kept } = await logged(folderOf())
  const report = toReport(runOf(kept), { ...META, read: log.read })
  const pieces = [...jsonPieces(report, wholeFrom(log.read, SECRETS))].join('')
  await log.done()
  expect(pieces).toBe([...jsonPieces(toReport(runOf(RESULTS), META))].join(''))
  expect(pieces).not.toContain('hunter2')
  expect(pieces).not.toContain('"stored"')
  // Only what needs no attention stays away: the other formats show the rest.
  for (const one of report.results) expect(one.evidence.length).toBe(one.outcome === 'pass' || one.outcome === 'skip' ? 0 : 1)
})

test('a log that cannot be read back is an error of report.json alone, never a report without evidence', async () => {
  const folder = folderOf()
  const { log, kept } = await logged(folder)
  const gone = (): never => {
    throw new Error('gone')
  }
  const errors = await writeReport(folder, toReport(runOf(kept), { ...META, read: gone }), wholeFrom(gone, SECRETS))
  await log.done()
  expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('report.json')])
  expect(() => readFileSync(join(folder, 'report.json'))).toThrow('ENOENT')
  expect(readFileSync(join(folder, 'junit.xml'), 'utf8')).toContain('host-299.example.com')
})

test('a second run in the same folder takes it: each reads back its own, and the first leaves no report beside the other', async () => {
  const folder = folderOf()
  const [one, other] = RESULTS as readonly [Result, Result]
  const first = await openResultLog(folder, redactor(SECRETS))
  const early = first.add(one)
  const second = await openResultLog(folder, redactor(SECRETS))
  const late = first.add({ ...one, subject: 'later.example.com' })
  const theirs = second.add(other)
  expect(await first.close()).toMatchObject({ taken: true, error: { code: 'EBUSY' } })
  expect(await second.close()).toBeUndefined()
  if (early === undefined || late === undefined || theirs === undefined) throw new Error('not logged')
  expect([first.read(early).subject, first.read(late).subject, second.read(theirs).subject]).toEqual([one.subject, 'later.example.com', other.subject])
  await first.done()
  await second.done()
  expect(readFileSync(join(folder, 'results.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1)
  expect(new ReportFolderError(folder, Object.assign(new Error(), { code: 'EBUSY' })).message).toBe(
    `the report cannot be written to ${folder}: EBUSY: another run has begun to write there; give each run a folder of its own`,
  )
})
