import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/fk-valid',
  title: 'Every reference points to a row',
  failureTitle: 'Rows point to rows that are not there',
  why: 'Foreign keys say nothing of rows that were written while they were switched off, and of columns that refer without one.',
  source: 'anti-join of every foreign key and of every declared reference',
  severity: 'high',
  codes: {
    'restore.orphans': {
      meaning: 'Rows refer to rows that do not exist.',
      fix: 'Look in the live database too: with the same orphans the fault is there. Otherwise a table of the dump is from another moment.',
    },
    'restore.reference-unread': {
      meaning: 'A declared reference could not be asked: its table or column is not there.',
      fix: 'Correct `references` in the target, or look why the table is missing.',
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
        const facts = database.postgres?.references
        if (facts === undefined || facts.checked === 0) return []
        if (facts.orphans.length === 0 && facts.unread.length === 0)
          return [
            {
              grade: 'pass',
              evidence: {
                what: `references of ${database.label}`,
                expected: 'each points to a row',
                received: `${facts.checked} references, no orphan${(facts.sampled ?? 0) > 0 ? ` (${facts.sampled} of large tables by a tenth of the rows)` : ''}`,
                where: where(database),
              },
            },
          ]
        return [
          ...facts.orphans.map(({ name, rows }) => ({
            grade: 'fail' as const,
            code: 'restore.orphans',
            evidence: { what: `${name} in ${database.label}`, expected: 'no row that points nowhere', received: `${rows} rows`, where: where(database) },
          })),
          ...facts.unread.map((name) => ({
            grade: 'fail' as const,
            code: 'restore.reference-unread',
            evidence: { what: `${name} in ${database.label}`, expected: 'asked', received: 'there is no such table or column', where: where(database) },
          })),
        ]
      },
      'no restored database has references',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target),
  covers: ['E77'],
})
