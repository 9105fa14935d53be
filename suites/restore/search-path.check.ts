import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/search-path',
  title: 'Nothing in the dump depends on the search path',
  failureTitle: 'Indexes or views call functions that the restore does not find',
  why: 'pg_dump restores with an empty search_path: an index, a generated column or a materialized view whose function calls another without its schema fails then, and the index is silently not there.',
  source: 'SQLSTATE 42P01 and 42883 while definitions are made; CVE-2018-1058 and its note on pg_dump',
  severity: 'critical',
  codes: {
    'restore.search-path': {
      meaning: 'A relation or function was not found while definitions were made.',
      fix: 'Qualify the names inside the function, or set search_path on it: ALTER FUNCTION f SET search_path = public.',
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
        const lost = database.errors.filter(({ sqlstate }) => sqlstate === '42P01' || sqlstate === '42883')
        if (lost.length === 0)
          return [
            {
              grade: 'pass',
              evidence: { what: `names used while ${database.label} was restored`, expected: 'all found', received: 'all found', where: where(database) },
            },
          ]
        return lost.map(({ sqlstate, message, count }) => ({
          grade: 'fail' as const,
          code: 'restore.search-path',
          evidence: {
            what: `error ${sqlstate} while ${database.label} was restored`,
            expected: 'every name found',
            received: `${message}${count > 1 ? ` (${count} times)` : ''}`,
            where: where(database),
          },
        }))
      },
      'the set holds no PostgreSQL database',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target),
})
