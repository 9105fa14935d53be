import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/exit-status',
  title: 'Every program of the restore ended well',
  failureTitle: 'A program of the restore failed',
  why: 'A pipe hides the status of all but its last program: gunzip fails, psql reads less and ends with 0. Each one is asked.',
  source: 'psql(1) exit status; pg_restore(1); status of every stage of a pipe',
  severity: 'critical',
  codes: {
    'restore.exit-status': {
      meaning: 'A program of the restore ended with an error.',
      fix: 'Run the command below; with pipes use set -o pipefail. See restore/no-errors for what went wrong.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) =>
    judgeRestored(
      drill,
      ['postgres', 'mysql', 'sqlite', 'redis'],
      (database) =>
        database.stages.map(({ tool, exit }) => ({
          grade: exit === 0 ? 'pass' : 'fail',
          code: 'restore.exit-status',
          evidence: { what: `exit status of ${tool} for ${database.label}`, expected: '0', received: String(exit), where: where(database) },
        })),
      'the set holds no database',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target),
  covers: ['A153'],
})
