/** Where drills are heading. */
import { expect, test } from 'vitest'
import type { EarlierDrill } from '../../helpers/drill/record.ts'
import { type BackupEntry, normaliseTarget } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import rpo from './rpo-trend.check.ts'
import rto from './rto-trend.check.ts'
import { lineThrough } from './trend.ts'

const day = (number: number): string => new Date(Date.UTC(2026, 10, number, 3)).toISOString()
const entry: BackupEntry = {
  id: 'nightly',
  dir: '/b',
  files: { database: 'shop-{stamp}.sql' },
  drill: { history: './reports', objectives: { rtoMinutes: 10, rpoHours: 24, humanOverheadMinutes: 1 } },
}
const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', backups: [entry] }), { sha256: '0'.repeat(64) })
const earlier = (minutes: readonly number[], more: Partial<EarlierDrill> = {}): readonly EarlierDrill[] =>
  minutes.map((value, index) => ({ startedAt: day(index + 1), usableMs: (value - 1) * 60_000, humanMinutes: 1, basis: 'measured', rpoHours: value, ...more }))

function judge(
  check: typeof rto,
  now: number | undefined,
  drills: readonly EarlierDrill[],
  more: { readonly basis?: 'optimistic'; readonly notRestored?: readonly unknown[]; readonly unread?: string } = {},
): string {
  const [subject] = check.subjects(target)
  if (subject === undefined) throw new Error('nothing to judge')
  const drill = {
    entry: 'nightly',
    startedAt: day(20),
    set: { at: new Date(Date.parse(day(20)) - (now ?? 0) * 3_600_000).toISOString() },
    ...(now === undefined ? {} : { usableMs: (now - 1) * 60_000 }),
    notRestored: more.notRestored ?? [],
    databases: [{ basis: { kind: more.basis ?? 'measured' } }],
  }
  const seen = { drill, earlier: { drills, passedOver: 0, ...(more.unread === undefined ? {} : { unread: more.unread }) } }
  const verdict = check.judge(seen as never, { target, subject, now: new Date(), options: check.options })
  if (verdict.outcome === 'pass' || verdict.outcome === 'warn') expect(verdict.figures?.[0]).toMatchObject({ kind: 'series', limit: { label: 'objective' } })
  return verdict.outcome === 'pass' || verdict.outcome === 'skip' ? verdict.outcome : `${verdict.outcome} ${verdict.code}`
}

test.each<[string, readonly number[], number, string, string]>([
  ['even', [5, 5, 5], 5, 'pass', 'pass'],
  ['growing, and far from the objective', [2, 2.2, 2.4], 2.6, 'pass', 'pass'],
  ['growing beyond the objective within five drills', [5, 6, 7], 8, 'warn recovery.rto-trend', 'pass'],
  ['falling, from beyond it', [14, 13, 12], 9, 'pass', 'pass'],
  ['missed already', [5, 6, 7], 25, 'skip', 'skip'],
  ['one odd drill', [5, 30, 5, 5, 5], 5, 'pass', 'pass'],
  ['growing fast, one objective missed already', [3, 10, 17], 23, 'skip', 'warn recovery.rpo-trend'],
  ['too few', [5, 9], 9.9, 'skip', 'skip'],
])('%s', (_name, before, now, expectedRto, expectedRpo) => {
  expect(judge(rto, now, earlier(before))).toBe(expectedRto)
  expect(judge(rpo, now, earlier(before))).toBe(expectedRpo)
})

test('times of another basis are not compared', () => {
  expect(judge(rto, 8, earlier([5, 6, 7], { basis: 'optimistic' }))).toBe('skip')
  expect(judge(rto, 8, earlier([5, 6, 7], { basis: 'optimistic' }), { basis: 'optimistic' })).toBe('warn recovery.rto-trend')
})
test('a drill that began later than this one is not before it', () => {
  expect(judge(rto, 5, earlier([5, 6, 7], { startedAt: day(25) }))).toBe('skip')
})
test('what could not be seen is no pass', () => {
  expect(judge(rto, undefined, earlier([5, 5, 5]))).toBe('inconclusive run.unobserved')
  expect(judge(rto, 5, earlier([5, 5, 5]), { notRestored: [{}] })).toBe('inconclusive run.unobserved')
  expect(judge(rto, 5, earlier([5, 5, 5]), { unread: 'EACCES' })).toBe('inconclusive run.misused')
})
test('the line of Theil and Sen', () => {
  expect(lineThrough([1, 2, 3]).slope).toBe(1)
  expect(lineThrough([1, 2, 3]).at(4)).toBe(5)
  expect(lineThrough([1, 100, 3, 4, 5]).slope).toBeCloseTo(1, 0)
  expect(lineThrough([7]).at(3)).toBe(7)
})
