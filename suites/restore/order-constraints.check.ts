import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/order-constraints',
  title: 'Rows satisfy the constraints while they are loaded',
  failureTitle: 'Rows of the dump break its own constraints',
  why: 'A dump that holds the same key twice, or a child without its parent, was not taken from one moment, or not by pg_dump.',
  source: 'SQLSTATE 23505, 23503, 23514, 23502 (MySQL: 23000) during the restore',
  severity: 'critical',
  codes: {
    'restore.constraint-violated': {
      meaning: 'Rows were refused or a constraint could not be made.',
      fix: 'Take the dump in one transaction (pg_dump does; a home-made loop over tables does not), and restore data before constraints.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) =>
    judgeRestored(
      drill,
      ['postgres', 'mysql'],
      (database) => {
        const broken = database.errors.filter(({ sqlstate }) => ['23505', '23503', '23514', '23502', '23P01', '23000'].includes(sqlstate))
        if (broken.length === 0)
          return [
            {
              grade: 'pass',
              evidence: { what: `constraints while ${database.label} was loaded`, expected: 'none broken', received: 'none broken', where: where(database) },
            },
          ]
        return broken.map(({ sqlstate, message, count }) => ({
          grade: 'fail' as const,
          code: 'restore.constraint-violated',
          evidence: {
            what: `error ${sqlstate} while ${database.label} was loaded`,
            expected: 'no constraint broken',
            received: `${message}${count > 1 ? ` (${count} times)` : ''}`,
            where: where(database),
          },
        }))
      },
      'the set holds no database that is restored by statements',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target),
})
