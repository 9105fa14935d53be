import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/app-queries',
  title: 'The declared queries hold',
  failureTitle: 'A declared query does not hold',
  why: 'What must be true of the data only their owner knows: that every order has a line, that the administrator exists.',
  source: '`queries` of the target',
  severity: 'critical',
  codes: {
    'restore.query-wrong': {
      meaning: 'A declared query failed or gave another answer.',
      fix: 'Ask the live database the same. With the same answer the data are at fault, otherwise the backup.',
    },
  },
  options: {},
  subjects: drilled((drill) => drill.queries !== undefined),
  unless: notDeclared('queries'),
  needs: looks,
  judge: ({ drill }) =>
    judgeRestored(
      drill,
      ['postgres', 'mysql', 'sqlite'],
      (database) =>
        database.queries.map(({ id, expected, received, right }) => ({
          grade: right ? ('pass' as const) : ('fail' as const),
          code: 'restore.query-wrong',
          evidence: { what: `${id} on ${database.label}`, expected, received, where: where(database) },
        })),
      'no database for the queries was restored',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target),
  covers: ['A152', 'E76'],
})
