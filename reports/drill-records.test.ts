/** What a report keeps of drills, where a report contradicts its own drills, and what a signature says of them. */
import { expect, test } from 'vitest'
import type { DrillObservation } from '../helpers/drill/observation.ts'
import { drillsIn, drillsInReceipts } from '../helpers/drill/record.ts'
import type { RunResult } from '../helpers/run.ts'
import { normaliseTarget } from '../helpers/target.ts'
import { targetSchema } from '../helpers/target/schema.ts'
import { contradictions } from './attestation/contradictions.ts'
import { readChain, receiptLine } from './attestation/receipts.ts'
import { drilledOf, statementOf, statementSchema } from './attestation/statement.ts'
import { drillRecords } from './drill-records.ts'
import type { Report, ReportResult } from './report.ts'
import { reportSchema } from './schema.ts'
import { sampleReport } from './testing/sample.ts'

const target = normaliseTarget(
  targetSchema.parse({
    name: 'shop',
    domain: 'example.com',
    backups: [{ id: 'nightly', dir: '/b', files: { db: 'db-{stamp}.sql' }, drill: { objectives: { rtoMinutes: 30, rpoHours: 24, humanOverheadMinutes: 10 } } }],
  }),
  { sha256: 'ab'.repeat(32) },
)
const observed: DrillObservation = {
  entry: 'nightly',
  runId: 'r',
  startedAt: '2026-03-01T10:00:00.000Z',
  set: { at: '2026-03-01T04:00:00.000Z', basis: 'name' },
  artifacts: [{ role: 'db', name: 'db-1.sql', bytes: 5, sha256: 'cd'.repeat(32), format: 'pg-plain' }],
  phases: [{ name: 'restore', detail: 'db-1.sql', startMs: 0, endMs: 120_000, done: true }],
  usableMs: 120_000,
  databases: [
    {
      label: 'db-1.sql',
      role: 'db',
      kind: 'postgres',
      engine: { name: 'native', version: '15.18' },
      basis: { kind: 'optimistic', why: 'another machine' },
      bytes: 5,
      decodedBytes: 5,
      restoreMs: 120_000,
      stages: [],
      errors: [],
      tables: [{ name: 'public.users', expected: 3, rows: 3 }],
      queries: [],
      writes: [],
      newest: [],
      references: [],
      contents: {
        digests: [
          { table: 'plans', digest: '3:7' },
          { table: 'gone', unread: '42P01' },
        ],
        extensions: { citext: '1.6' },
      },
    },
  ],
  configs: [],
  certificates: [],
  notRestored: [{ label: 'cache.rdb', why: 'no redis-server', blame: 'misused' }],
  keys: [],
  isolation: [{ label: 'db-1.sql', interfaces: [], routes: 0, unread: 'not to be read' }],
  live: { reached: [] },
  cleanup: { made: ['a', 'b'], left: [], swept: [] },
}
const [sample] = sampleReport().results
if (sample === undefined) throw new TypeError('the sample is empty')
const result = (check: string, outcome: ReportResult['outcome'], more: Partial<ReportResult> = {}): ReportResult => {
  const { host: _host, code: _code, ...rest } = sample
  return {
    ...rest,
    check,
    suite: check.split('/')[0] ?? '',
    subject: 'nightly',
    outcome,
    ...(outcome === 'pass' || outcome === 'skip' ? {} : { code: 'x.y' }),
    ...more,
  }
}
const run = {
  target,
  seen: { timings: [], certificates: [], drills: [observed], earlier: [{ entry: 'nightly', drills: [], passedOver: 0 }] },
} as unknown as RunResult

test('objectives, headroom, digests and what is not proven', () => {
  const results = [
    result('restore/app-boots', 'inconclusive', { reason: 'no image' }),
    result('restore/grants', 'skip', { skip: 'not-applicable', reason: 'no dump of the set declares grants' }),
    result('restore/app-queries', 'skip', { skip: 'not-declared', subject: 'shop', reason: 'no backup that is drilled declares queries' }),
    result('tls/validity', 'inconclusive', { reason: 'elsewhere' }),
  ]
  const { drills: [record] = [], rollbacks } = drillRecords(run, results, (text) => text.replace('machine', '***'))
  expect(rollbacks).toBeUndefined()
  expect(record).toMatchObject({
    entry: 'nightly',
    artifacts: observed.artifacts,
    rto: { usableMs: 120_000, humanMinutes: 10, objectiveMinutes: 30, headroom: 2.5, basis: { kind: 'optimistic', why: 'another ***' } },
    rpo: { hours: 6, objectiveHours: 24, headroom: 4 },
    notRestored: ['cache.rdb: no redis-server'],
    cleanup: { made: 2, left: [], swept: [] },
  })
  expect(record?.databases[0]).toMatchObject({ digests: { plans: '3:7' }, extensions: { citext: '1.6' } })
  expect(record?.notProven).toEqual([
    'how long db-1.sql takes where it would run: another ***',
    'that db-1.sql could reach nothing: not to be read',
    'restore/app-boots: could not be told: no image',
    'restore/grants: no dump of the set declares grants',
    'restore/app-queries: no backup that is drilled declares queries',
  ])
})

const whole = sampleReport()
const [drill] = whole.drills ?? []
const [rollback] = whole.rollbacks ?? []
if (drill === undefined || rollback === undefined) throw new TypeError('the sample was not drilled')
const withDrill = (change: Partial<typeof drill>, check: string): Report =>
  sampleReport({ results: [...whole.results, result(check, 'pass')], drills: [{ ...drill, ...change }] })

test('a report with a drill fits the published schema, and does not contradict itself', () => {
  expect(reportSchema.parse(JSON.parse(JSON.stringify(whole)))).toMatchObject({ drills: [{ entry: 'nightly' }], rollbacks: [{ level: 'immediate' }] })
  for (const check of ['recovery/rto', 'recovery/rpo-now', 'restore/rows-match-artifact', 'restore/complete', 'drill/cleanup'])
    expect(contradictions(withDrill({}, check)).filter((line) => line.includes('nightly'))).toEqual([])
})
test.each<[string, Partial<typeof drill>, string, RegExp]>([
  ['an objective missed', { rto: { ...drill.rto, objectiveMinutes: 11 } }, 'recovery/rto', /passes beyond its objective/],
  ['no objective', { rto: { usableMs: 63_010, humanMinutes: 10 } }, 'recovery/rto', /passes beyond its objective/],
  ['never usable', { rto: { humanMinutes: 10, objectiveMinutes: 30 } }, 'recovery/rto', /passes beyond its objective/],
  ['an optimistic time', { databases: drill.databases.map((one) => ({ ...one, basis: { kind: 'optimistic', why: '' } })) }, 'recovery/rto', /optimistic/],
  ['a time shorter than its phases', { rto: { ...drill.rto, usableMs: 10 } }, 'recovery/rto', /took longer until usable data/],
  ['too old', { rpo: { hours: 25, objectiveHours: 24 } }, 'recovery/rpo-now', /passes beyond its objective/],
  [
    'rows missing',
    { databases: drill.databases.map((one) => ({ ...one, tables: [{ name: 't', expected: 2, rows: 1 }] })) },
    'restore/rows-match-artifact',
    /other rows/,
  ],
  ['something not restored', { notRestored: ['cache'] }, 'restore/complete', /without cache/],
  ['something left', { cleanup: { made: 1, left: ['x'], swept: [] } }, 'drill/cleanup', /something left/],
])('contradiction: %s', (_name, change, check, expected) => {
  expect(contradictions(withDrill(change, check)).join('\n')).toMatch(expected)
})
test.each<[string, string, RegExp]>([
  ['a failed step', 'rollback/steps-succeed', /a step that failed/],
  ['a proof that did not hold', 'rollback/verified', /did not hold/],
  ['too slow', 'rollback/in-time', /beyond its time/],
])('contradiction of a rehearsal: %s', (_name, check, expected) => {
  const results = [...whole.results, result(check, 'pass', { subject: 'rollback immediate' })]
  expect(contradictions(sampleReport({ results, rollbacks: [{ ...rollback, rollbackMs: 400_000 }] })).join('\n')).toMatch(expected)
})

const SIGNED = { performedBy: 'A', decision: 'reject', signedAt: '2026-03-01T11:00:00.000Z' } as const
test('what is signed names the artifact that was restored', () => {
  const statement = statementSchema.parse(JSON.parse(JSON.stringify(statementOf(whole, [{ name: 'report.json', sha256: 'ab'.repeat(32) }], SIGNED, null))))
  expect(statement.predicate.drills).toEqual([
    {
      entry: 'nightly',
      startedAt: drill.startedAt,
      recoveryPoint: '2026-03-01T02:30:00.000Z',
      artifacts: [{ name: 'shop-20260301-023000.sql.gz', bytes: 41_943_040, digest: { sha256: 'ef'.repeat(32) } }],
      usableMs: 63_010,
      humanMinutes: 10,
      basis: 'measured',
      rpoHours: 7.5,
    },
  ])
  const { drills: _drills, ...without } = whole
  expect(statementOf(without, [], SIGNED, null).predicate).not.toHaveProperty('drills')
})

test('a receipt names the drill, and a later drill reads it again', () => {
  const line = receiptLine({
    schemaVersion: 1,
    number: 1,
    signedAt: SIGNED.signedAt,
    target: 'shop',
    domain: 'example.com',
    startedAt: whole.startedAt,
    passed: false,
    decision: 'reject',
    keyid: 'ab'.repeat(32),
    drills: [...drilledOf(whole)],
    attestation: 'ab'.repeat(32),
    previous: null,
  })
  expect(readChain(`${line}\n`)).toMatchObject({ problems: [], receipts: [{ drills: [{ entry: 'nightly' }] }] })
  const expected = [{ startedAt: drill.startedAt, usableMs: 63_010, humanMinutes: 10, basis: 'measured', rpoHours: 7.5 }]
  expect(drillsInReceipts(`${line}\nrubbish\n{}\n`, 'shop', 'nightly')).toEqual(expected)
  expect(drillsInReceipts(`${line}\n`, 'another', 'nightly')).toEqual([])
  expect(drillsInReceipts(`${line}\n`, 'shop', 'weekly')).toEqual([])
})

test('a later drill reads the report itself', () => {
  const text = JSON.stringify(whole)
  expect(drillsIn(text, 'shop', 'nightly')).toMatchObject([{ entry: 'nightly', databases: [{ digests: { plans: '3:77' } }] }])
  expect(drillsIn(text, 'another', 'nightly')).toMatch(/a report of shop/)
  expect(drillsIn(text, 'shop', 'weekly')).toMatch(/no drill of weekly/)
  expect(drillsIn('{', 'shop', 'nightly')).toMatch(/no JSON/)
  expect(drillsIn('{"schemaVersion":1}', 'shop', 'nightly')).toMatch(/no report/)
})
