/** Restored data beside what the source or an earlier drill held. */
import { expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import { digestSql } from '../../helpers/drill/contents.ts'
import type { RestoredDatabase } from '../../helpers/drill/observation.ts'
import type { EarlierDrills } from '../../helpers/probes/earlier-drills.ts'
import { type BackupEntry, normaliseTarget } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import extensions from './extensions-match.check.ts'
import rows from './rows-vs-baseline.check.ts'
import checksum from './table-checksum.check.ts'

type Drill = NonNullable<BackupEntry['drill']>
const database: RestoredDatabase = {
  label: 'shop.sql',
  role: 'database',
  kind: 'postgres',
  engine: { name: 'native', version: '15.18' },
  basis: { kind: 'measured', why: '' },
  bytes: 1,
  decodedBytes: 1,
  restoreMs: 1,
  stages: [],
  errors: [],
  tables: [
    { name: 'public.users', rows: 100 },
    { name: 'public.plans', rows: 3 },
  ],
  contents: { digests: [{ table: 'plans', digest: '3:77' }], extensions: { citext: '1.6' } },
  queries: [],
  writes: [],
  newest: [],
  references: [],
}
const before: NonNullable<EarlierDrills['baseline']> = {
  startedAt: '2026-11-20T02:00:00.000Z',
  rows: { 'public.users': 100, 'public.plans': 3 },
  digests: { plans: '3:77' },
  extensions: { citext: '1.6' },
}
const unread = { unread: 'reports/report.json: it is no report with a drill in it' }

function judge(
  check: Check,
  drill: Drill,
  seen: { readonly database?: Partial<RestoredDatabase>; readonly baseline?: EarlierDrills['baseline']; readonly none?: true } = {},
): string {
  const entry: BackupEntry = { id: 'nightly', dir: '/b', files: { database: 'shop-{stamp}.sql' }, drill }
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', backups: [entry] }), { sha256: '0'.repeat(64) })
  const [subject] = check.subjects(target)
  if (subject === undefined) return 'nothing to judge'
  expect(check.reproduce(subject, target)).not.toContain('\n')
  const observed = {
    drill: {
      databases: seen.none === true ? [] : [{ ...database, ...seen.database }],
      notRestored: seen.none === true ? [{ label: 'shop.sql', why: 'no image', blame: 'misused' }] : [],
    },
    earlier: { drills: [], passedOver: 0, ...(seen.baseline === undefined ? {} : { baseline: seen.baseline }) },
  }
  const verdict = check.judge(observed as never, { target, subject, now: new Date(), options: check.options })
  if (verdict.outcome === 'pass' || verdict.outcome === 'fail') expect(verdict.evidence.length).toBeGreaterThan(0)
  return verdict.outcome === 'pass' || verdict.outcome === 'skip' ? verdict.outcome : `${verdict.outcome} ${verdict.code}`
}
const users = (count: number | undefined): { readonly database: Partial<RestoredDatabase> } => ({
  database: { tables: [count === undefined ? { name: 'public.users' } : { name: 'public.users', rows: count }, { name: 'public.plans', rows: 3 }] },
})
const report = { baseline: { report: 'reports/report.json' } }

test.each<[string, Drill, Parameters<typeof judge>[2], string]>([
  ['as declared', { baseline: { rows: { users: 100 } } }, {}, 'pass'],
  ['5 % less', { baseline: { rows: { users: 100 } } }, users(95), 'pass'],
  ['more than 5 % less', { baseline: { rows: { users: 100 } } }, users(94), 'fail restore.rows-below-baseline'],
  ['more than 5 % more', { baseline: { rows: { users: 100 } } }, users(106), 'fail restore.rows-above-baseline'],
  ['exactly, where that is wanted', { baseline: { rows: { users: 100 }, tolerancePercent: 0 } }, users(101), 'fail restore.rows-above-baseline'],
  ['another tolerance for one table', { baseline: { rows: { users: 100 }, tolerances: { users: 20 } } }, users(81), 'pass'],
  ['empty is never right', { baseline: { rows: { users: 100 }, tolerancePercent: 100 } }, users(0), 'fail restore.rows-below-baseline'],
  ['empty as at the source', { baseline: { rows: { users: 0 } } }, users(0), 'pass'],
  ['a table that could not be counted', { baseline: { rows: { users: 100 } } }, users(undefined), 'fail restore.rows-below-baseline'],
  ['a table that is nowhere', { baseline: { rows: { invoices: 10 } } }, {}, 'fail restore.rows-below-baseline'],
  ['a schema is part of the name', { baseline: { rows: { 'audit.users': 10 } } }, {}, 'fail restore.rows-below-baseline'],
  ['as the drill before', report, { baseline: before }, 'pass'],
  ['grown since the drill before', report, { ...users(500), baseline: before }, 'pass'],
  ['shrunk since the drill before', report, { ...users(50), baseline: before }, 'fail restore.rows-below-baseline'],
  [
    'what is declared counts more than the drill before',
    { baseline: { ...report.baseline, rows: { 'public.users': 50 } } },
    { ...users(50), baseline: before },
    'pass',
  ],
  ['no report', report, { baseline: unread }, 'inconclusive run.misused'],
  ['nothing restored', { baseline: { rows: { users: 1 } } }, { none: true }, 'inconclusive run.misused'],
  ['not declared', {}, {}, 'nothing to judge'],
])('rows: %s', (_name, drill, seen, expected) => {
  expect(judge(rows, drill, seen)).toBe(expected)
})

const contents = (change: Partial<NonNullable<RestoredDatabase['contents']>>): { readonly database: Partial<RestoredDatabase> } => ({
  database: { contents: { digests: [], extensions: {}, ...change } },
})
test.each<[string, Drill, Parameters<typeof judge>[2], string]>([
  ['the same', { baseline: { checksums: { plans: '3:77' } } }, {}, 'pass'],
  ['other content', { baseline: { checksums: { plans: '3:78' } } }, {}, 'fail restore.content-differs'],
  ['a row more', { baseline: { checksums: { plans: '2:77' } } }, {}, 'fail restore.content-differs'],
  ['unread', { baseline: { checksums: { plans: '3:77' } } }, contents({ digests: [{ table: 'plans', unread: '42P01' }] }), 'fail restore.content-unread'],
  ['as the drill before', { ...report, checksum: ['plans'] }, { baseline: before }, 'pass'],
  [
    'other than the drill before',
    { ...report, checksum: ['plans'] },
    { ...contents({ digests: [{ table: 'plans', digest: '3:1' }] }), baseline: before },
    'fail restore.content-differs',
  ],
  ['the drill before did not digest it', { ...report, checksum: ['plans'] }, { baseline: { ...before, digests: {} } }, 'inconclusive run.misused'],
  [
    'one of two is not in the baseline',
    { baseline: { checksums: { plans: '3:77' } }, checksum: ['users'] },
    contents({
      digests: [
        { table: 'plans', digest: '3:77' },
        { table: 'users', digest: '1:1' },
      ],
    }),
    'inconclusive run.misused',
  ],
  ['no report', { ...report, checksum: ['plans'] }, { baseline: unread }, 'inconclusive run.misused'],
  ['digests for the drills to come are no comparison', { checksum: ['plans'] }, {}, 'nothing to judge'],
])('content: %s', (_name, drill, seen, expected) => {
  expect(judge(checksum, drill, seen)).toBe(expected)
})

test.each<[string, Drill, Parameters<typeof judge>[2], string]>([
  ['the same', { baseline: { extensions: { citext: '1.6' } } }, {}, 'pass'],
  ['another version', { baseline: { extensions: { citext: '1.5' } } }, {}, 'fail restore.extension-version'],
  ['not there', { baseline: { extensions: { vector: '0.7.0' } } }, {}, 'fail restore.extension-absent'],
  ['as the drill before', report, { baseline: before }, 'pass'],
  ['the drill before had none', report, { baseline: { ...before, extensions: {} } }, 'skip'],
  ['no report', report, { baseline: unread }, 'inconclusive run.misused'],
  ['not declared', { baseline: { rows: { users: 1 } } }, {}, 'nothing to judge'],
])('extensions: %s', (_name, drill, seen, expected) => {
  expect(judge(extensions, drill, seen)).toBe(expected)
})

test('the name of a table is never SQL', () => {
  expect(digestSql('x"; drop table y; --')).toContain('from "x""; drop table y; --" t')
  expect(digestSql('audit.plans')).toContain('from "audit"."plans" t')
})
