import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, entryOf, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { earlierDrills } from '../../helpers/probes/earlier-drills.ts'
import { type Finding, inconclusive } from '../../helpers/verdict.ts'
import { judgeRestored, sameTable, where } from './shared.ts'

const TOLERANCE_PERCENT = 5

export default defineCheck({
  id: 'restore/rows-vs-baseline',
  title: 'Every table has about as many rows as the source had',
  failureTitle: 'A table has other row counts than the source had',
  why: 'A dump of half a database is whole in itself: what it promises is restored to the last row. Only counts from elsewhere show what it left out.',
  source:
    'baseline.rows: within tolerancePercent (default 5) either way; an earlier drill (baseline.report): no fewer rows than it found, less the tolerance; a table that had rows and is empty is never right',
  severity: 'high',
  codes: {
    'restore.rows-below-baseline': {
      meaning: 'A table has fewer rows than the source or the drill before, beyond the tolerance.',
      fix: 'Look what the dump leaves out (-t, -n, --exclude-table-data, row security), whether rows were deleted on purpose, and correct the baseline if so.',
    },
    'restore.rows-above-baseline': {
      meaning: 'A table has more rows than the source, beyond the tolerance.',
      fix: 'Take the counts of the baseline at the time of the backup; look for data that is restored twice.',
    },
  },
  options: {},
  subjects: drilled((drill) => drill.baseline?.rows !== undefined || drill.baseline?.report !== undefined),
  unless: notDeclared('baseline.rows or baseline.report'),
  needs: (subject) => ({ ...looks(subject), earlier: earlierDrills(entryOf(subject)) }),
  judge: ({ drill, earlier }, { subject }) => {
    const baseline = declaredDrill(subject).baseline ?? {}
    const found = earlier.baseline
    if (baseline.rows === undefined && found !== undefined && 'unread' in found) return inconclusive('misused', `nothing to compare with: ${found.unread}`)
    const before = found === undefined || 'unread' in found ? undefined : found
    const wanted = Object.entries({ ...before?.rows, ...baseline.rows }).map(([table, rows]) => ({
      table,
      rows,
      declared: baseline.rows?.[table] !== undefined,
    }))
    const tables = drill.databases.flatMap((database) => database.tables.map((one) => ({ ...one, database })))
    const nowhere = wanted.filter(({ table }) => !tables.some(({ name }) => sameTable(table, name)))
    const first = drill.databases.find(({ kind }) => kind !== 'redis')
    return judgeRestored(
      drill,
      ['postgres', 'mysql', 'sqlite'],
      (database) => [
        ...wanted.flatMap(({ table, rows: expected, declared }): readonly Finding[] => {
          const one = database.tables.find(({ name }) => sameTable(table, name))
          if (one === undefined) return []
          const percent =
            Object.entries(baseline.tolerances ?? {}).find(([name]) => sameTable(name, one.name) || name === table)?.[1] ??
            baseline.tolerancePercent ??
            TOLERANCE_PERCENT
          const room = (expected * percent) / 100
          const rows = one.rows ?? Number.NaN
          const low = !(rows >= expected - room) || (expected > 0 && rows === 0)
          const high = declared && !(rows <= expected + room)
          return [
            {
              grade: low || high ? 'fail' : 'pass',
              code: low ? 'restore.rows-below-baseline' : 'restore.rows-above-baseline',
              evidence: {
                what: `rows of ${one.name} in ${database.label}`,
                expected: declared ? `${expected} ± ${percent} %` : `at least ${expected} less ${percent} %, as the drill of ${before?.startedAt ?? ''} found`,
                received: one.rows === undefined ? 'there is no such table' : String(one.rows),
                where: where(database),
              },
            },
          ]
        }),
        ...(database === first
          ? nowhere.map(
              ({ table, rows }): Finding => ({
                grade: 'fail',
                code: 'restore.rows-below-baseline',
                evidence: { what: `rows of ${table}`, expected: String(rows), received: 'there is no such table' },
              }),
            )
          : []),
      ],
      'nothing that has tables was restored',
    )
  },
  reproduce: (subject, target) => restoreCommand(subject, target, 'select count(*) from …'),
  covers: ['E76'],
})
