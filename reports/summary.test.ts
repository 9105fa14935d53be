import { expect, test } from 'vitest'
import { comesFirst, scope, subjectsInWords, unseen } from './summary.ts'
import { sampleReport } from './testing/sample.ts'
import type { ReportResult } from './report.ts'

const sample = sampleReport()
const [base] = sample.results
if (base === undefined) throw new TypeError('the sample is empty')
const { code: _code, waiver: _waiver, reason: _reason, skip: _skip, ...plain } = base
const one = (more: Partial<ReportResult> & Pick<ReportResult, 'check' | 'subject' | 'outcome'>): ReportResult => ({
  ...plain,
  suite: more.check.split('/')[0] as string,
  title: `title of ${more.check}`,
  fix: `mend ${more.check}`,
  ...more,
})
const reportOf = (results: readonly ReportResult[], blocking: readonly string[]) =>
  sampleReport({ results, gate: { passed: false, exitCode: 1, block: 'high', blocking } })

test('what comes first: failures before what could not be told, one entry for each check, the rest counted, waived ones left out', () => {
  const results = [
    one({ check: 'tls/a', subject: 'x', outcome: 'inconclusive', severity: 'critical', reason: 'no answer' }),
    one({ check: 'tls/b', subject: 'x', outcome: 'fail', severity: 'high' }),
    one({ check: 'tls/b', subject: 'y', outcome: 'fail', severity: 'high' }),
    one({ check: 'tls/c', subject: 'x', outcome: 'fail', severity: 'critical' }),
    one({ check: 'tls/d', subject: 'waived', outcome: 'fail', severity: 'critical' }),
  ]
  const report = reportOf(results, ['tls/a x', 'tls/b x', 'tls/b y', 'tls/c x'])
  expect(comesFirst(report).things).toEqual([
    { title: 'title of tls/c', check: 'tls/c', subjects: ['x'], fix: 'mend tls/c' },
    { title: 'title of tls/b', check: 'tls/b', subjects: ['x', 'y'], fix: 'mend tls/b' },
    { title: 'Could not be told: title of tls/a', check: 'tls/a', subjects: ['x'], reason: 'no answer' },
  ])
  expect(comesFirst(report, 1).more).toBe(3)
  const long = one({ check: 'tls/e', subject: 'x', outcome: 'inconclusive', reason: 'r'.repeat(500) })
  expect(comesFirst(reportOf([long], ['tls/e x'])).things[0]?.reason).toBe(`${'r'.repeat(160)}…`)
  expect(comesFirst(reportOf(results, []))).toEqual({ things: [], more: 0 })
})

test('subjects are named while they are few', () => {
  expect([['a'], ['a', 'b'], ['a', 'b', 'c']].map(subjectsInWords)).toEqual(['a', 'a, b', 'a and 2 more'])
})

test('what was not looked at, by suite: those of which nothing was seen first, the most frequent reason first', () => {
  const skipped = (check: string, skip: NonNullable<ReportResult['skip']>, reason: string) => one({ check, subject: check, outcome: 'skip', skip, reason })
  const report = reportOf(
    [
      one({ check: 'tls/a', subject: 'x', outcome: 'pass' }),
      skipped('tls/b', 'not-applicable', 'no key'),
      skipped('auth/a', 'not-declared', 'no login'),
      skipped('auth/b', 'not-declared', 'no login'),
      skipped('auth/c', 'not-authorised', 'load is not allowed'),
    ],
    [],
  )
  expect(unseen(report)).toEqual([
    {
      suite: 'auth',
      whole: true,
      count: 3,
      kinds: '2 not declared, 1 not allowed',
      reasons: [
        { reason: 'no login', count: 2, checks: ['auth/a', 'auth/b'] },
        { reason: 'load is not allowed', count: 1, checks: ['auth/c'] },
      ],
    },
    { suite: 'tls', whole: false, count: 1, kinds: '1 not applicable', reasons: [{ reason: 'no key', count: 1, checks: ['tls/b'] }] },
  ])
  expect(scope(report)).toEqual({ seen: ['tls'], unseen: ['auth'] })
  expect(scope(reportOf([], []))).toEqual({ seen: [], unseen: [] })
})
