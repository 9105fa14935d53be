import { defineCheck } from '../../helpers/check.ts'
import { drilled, entryOf, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, sameTable, where } from './shared.ts'

export default defineCheck({
  id: 'restore/rows-present',
  title: 'Tables that had rows have rows',
  failureTitle: 'A table that had rows is empty',
  why: 'An empty table looks healthy: the application starts, and the orders of last year are gone.',
  source: 'count(*) of every table beside the rows in the artifact; nonEmpty of the target',
  severity: 'critical',
  codes: {
    'restore.table-empty': {
      meaning: 'A table with rows in the artifact has none after the restore.',
      fix: 'Look at the errors of the restore, and for triggers or row security that swallow rows.',
    },
    'restore.table-missing': { meaning: 'A table of the artifact is not in the restored database.', fix: 'Look at the errors of the restore.' },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }, { subject }) =>
    judgeRestored(
      drill,
      ['postgres', 'mysql', 'sqlite'],
      (database) => {
        const full = database.tables.filter(({ expected }) => (expected ?? 0) > 0)
        const entry = entryOf(subject)
        const file = entry.files[database.role]
        const members = Object.values(entry.files).flatMap((one) => (typeof one === 'object' ? Object.entries(one.members ?? {}) : []))
        const member = members.find(([name]) => name === database.role)?.[1]
        const declared = [file, member].flatMap((one) => (typeof one === 'object' ? (one.nonEmpty ?? []) : []))
        const named = database.tables.filter(({ name, expected }) => expected === undefined && declared.some((one) => sameTable(one, name)))
        return [...full, ...named].map(({ name, expected, rows }) => ({
          grade: (rows ?? 0) > 0 ? ('pass' as const) : ('fail' as const),
          code: rows === undefined ? 'restore.table-missing' : 'restore.table-empty',
          evidence: {
            what: `rows of ${name} in ${database.label}`,
            expected: expected === undefined ? 'some' : `more than 0 (the artifact holds ${expected})`,
            received: rows === undefined ? 'there is no such table' : String(rows),
            where: where(database),
          },
        }))
      },
      'the artifact does not tell of a table with rows',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target, 'select relname, n_live_tup from pg_stat_user_tables'),
  covers: ['A152', 'C70', 'E76'],
})
