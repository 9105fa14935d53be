import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/write-probe',
  title: 'The restored database takes writes',
  failureTitle: 'A declared write is refused',
  why: 'A sequence behind its column, a broken trigger, a missing right: reading works and the first write fails.',
  source: '`writes` of the target',
  severity: 'high',
  codes: {
    'restore.write-refused': { meaning: 'A declared write failed on the restored data.', fix: 'Look at the SQLSTATE: 23505 is a sequence that is behind.' },
  },
  options: {},
  subjects: drilled((drill) => drill.writes !== undefined),
  unless: notDeclared('writes'),
  needs: looks,
  judge: ({ drill }) =>
    judgeRestored(
      drill,
      ['postgres', 'sqlite'],
      (database) =>
        database.writes.map(({ id, expected, received, right }) => ({
          grade: right ? ('pass' as const) : ('fail' as const),
          code: 'restore.write-refused',
          evidence: { what: `${id} on ${database.label}`, expected, received, where: where(database) },
        })),
      'no database for the writes was restored',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target),
})
