import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { few, judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/matviews-populated',
  title: 'Materialized views are filled',
  failureTitle: 'A materialized view is empty',
  why: 'A query of an unpopulated materialized view is an error: the page that uses it is down after the recovery.',
  source: 'pg_class.relispopulated',
  severity: 'high',
  codes: {
    'restore.matview-empty': {
      meaning: 'A materialized view was not refreshed by the restore.',
      fix: 'Look for the error at its REFRESH; refresh it after the recovery.',
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
      (database) => {
        const facts = database.postgres?.matviews
        if (facts === undefined || facts.checked === 0) return []
        return [
          {
            grade: facts.empty.length === 0 ? 'pass' : 'fail',
            code: 'restore.matview-empty',
            evidence: {
              what: `materialized views of ${database.label}`,
              expected: 'filled',
              received: facts.empty.length === 0 ? `${facts.checked} filled` : `empty: ${few(facts.empty)}`,
              where: where(database),
            },
          },
        ]
      },
      'no restored database has materialized views',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target, 'select matviewname from pg_matviews where not ispopulated'),
})
