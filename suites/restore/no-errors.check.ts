import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/no-errors',
  title: 'It restores without an error',
  failureTitle: 'Errors while it was restored',
  why: 'psql goes on after an error and ends with 0; pg_restore counts them and goes on. What an error skipped is missing from the restored data.',
  source: 'psql(1) ON_ERROR_STOP; SQLSTATE of PostgreSQL appendix A; allowErrors of the target',
  severity: 'critical',
  codes: {
    'restore.errors': {
      meaning: 'The server refused part of the dump.',
      fix: 'Look at the SQLSTATE: 42704 a missing role or type, 42P01 a missing relation, 23505 rows twice. Restore with ON_ERROR_STOP=1 and repair the dump job. Known and harmless: allowErrors.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) =>
    judgeRestored(
      drill,
      ['postgres', 'mysql', 'redis'],
      (database) => {
        const total = database.errors.reduce((sum, { count }) => sum + count, 0)
        if (total === 0)
          return [
            { grade: 'pass', evidence: { what: `errors of the restore of ${database.label}`, expected: 'none', received: 'none', where: where(database) } },
          ]
        return database.errors.map(({ sqlstate, message, count }) => ({
          grade: 'fail' as const,
          code: 'restore.errors',
          evidence: {
            what: `error ${sqlstate} while ${database.label} was restored`,
            expected: 'none',
            received: `${message}${count > 1 ? ` (${count} times)` : ''}`,
            where: where(database),
          },
        }))
      },
      'nothing of the set was restored by statements',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target),
  covers: ['A153', 'C70'],
})
