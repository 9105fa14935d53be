import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/sequences-ahead',
  title: 'Every sequence is ahead of its column',
  failureTitle: 'A sequence is behind its column',
  why: 'The first insert after the recovery takes a number that is there already, and fails: the application is up and nobody can order.',
  source: 'pg_sequences beside max() of the column that owns it',
  severity: 'critical',
  codes: {
    'restore.sequence-behind': {
      meaning: 'The next number of a sequence is in use already.',
      fix: "Dump with pg_dump (it sets sequences); repair with select setval('seq', (select max(id) from t)).",
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) =>
    judgeRestored(
      drill,
      ['postgres'],
      (database) =>
        (database.postgres?.sequences ?? []).map(({ name, column, next, highest, ahead }) => ({
          grade: ahead ? ('pass' as const) : ('fail' as const),
          code: 'restore.sequence-behind',
          evidence: {
            what: `sequence ${name} of ${database.label}`,
            expected: highest === '' ? 'any number: the table is empty' : `beyond ${highest}, the last of ${column}`,
            received: next === '' ? 'it could not be read' : `next is ${next}`,
            where: where(database),
          },
        })),
      'no restored database has sequences that belong to a column',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target, 'select * from pg_sequences'),
})
