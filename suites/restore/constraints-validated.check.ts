import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { few, judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/constraints-validated',
  title: 'Constraints are validated',
  failureTitle: 'A constraint of the restored database is not validated',
  why: 'NOT VALID keeps what breaks the rule: nobody knows whether the rows satisfy it.',
  source: 'pg_constraint.convalidated beside the dump',
  severity: 'low',
  codes: {
    'restore.constraint-not-validated': {
      meaning: 'A constraint is not validated.',
      fix: 'ALTER TABLE … VALIDATE CONSTRAINT on the live system, and repair the rows that break it.',
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
        const facts = database.postgres?.constraintsNotValidated
        if (facts === undefined) return []
        const known = facts.expected
        const open = [...facts.unexpected]
        const all = known - facts.missing.length + open.length
        return [
          {
            grade: all === 0 ? 'pass' : 'warn',
            code: 'restore.constraint-not-validated',
            evidence: {
              what: `constraints of ${database.label}`,
              expected: 'all validated',
              received:
                all === 0
                  ? 'all of them'
                  : `${all} not validated${open.length > 0 ? `, and not declared so by the dump: ${few(open)}` : ', as in the live database'}`,
              where: where(database),
            },
          },
        ]
      },
      'the set holds no PostgreSQL database',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target, 'select conrelid::regclass, conname from pg_constraint where not convalidated'),
})
