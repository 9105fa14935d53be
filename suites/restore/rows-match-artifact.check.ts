import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/rows-match-artifact',
  title: 'Every table has exactly the rows that the artifact holds',
  failureTitle: 'Rows are missing, or there are more than the artifact holds',
  why: 'COPY is all or nothing per table, a trigger or row security may swallow rows, and psql ends with 0 all the same. Counting is the only proof.',
  source: 'count(*) of every table = rows of its COPY block or INSERT statements, exactly',
  severity: 'critical',
  codes: {
    'restore.rows-missing': {
      meaning: 'A restored table has fewer rows than the artifact.',
      fix: 'Look at the errors of the restore and at triggers of the table.',
    },
    'restore.rows-added': {
      meaning: 'A restored table has more rows than the artifact.',
      fix: 'Look for a trigger that writes while data are loaded (audit tables), and for data that is restored twice.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) =>
    judgeRestored(
      drill,
      ['postgres', 'mysql', 'sqlite'],
      (database) =>
        database.tables.flatMap(({ name, expected, rows }) =>
          expected === undefined
            ? []
            : [
                {
                  grade: rows === expected ? ('pass' as const) : ('fail' as const),
                  code: (rows ?? 0) < expected ? 'restore.rows-missing' : 'restore.rows-added',
                  evidence: {
                    what: `rows of ${name} in ${database.label}`,
                    expected: String(expected),
                    received: rows === undefined ? 'there is no such table' : String(rows),
                    where: where(database),
                  },
                },
              ],
        ),
      'the artifact does not tell how many rows it holds',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target, 'select count(*) from …'),
  covers: ['D69', 'C70', 'B77', 'E76'],
})
