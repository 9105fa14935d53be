import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { few, judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/amcheck',
  title: 'Indexes agree with their tables',
  failureTitle: 'An index does not agree with its table',
  why: 'An index over a function that is called immutable and is not gives other answers than the table: rows that are there are not found, and doubles get in.',
  source: 'amcheck: bt_index_check with heapallindexed',
  severity: 'high',
  codes: {
    'restore.index-damaged': {
      meaning: 'A B-tree index does not hold what its table holds.',
      fix: 'Look whether its expression is really immutable (collation, time zone, tables); REINDEX on the live system.',
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
        const facts = database.postgres?.btree
        if (facts === undefined || facts.unavailable !== undefined || facts.checked === 0) return []
        return [
          {
            grade: facts.damaged.length === 0 ? 'pass' : 'fail',
            code: 'restore.index-damaged',
            evidence: {
              what: `B-tree indexes of ${database.label}`,
              expected: 'agree with their tables',
              received:
                facts.damaged.length === 0
                  ? `${facts.checked} checked${(facts.structureOnly ?? 0) > 0 ? `, ${facts.structureOnly} of large tables in their structure alone` : ''}`
                  : few(facts.damaged),
              where: where(database),
            },
          },
        ]
      },
      'there is no index to check, or amcheck is not where it was restored',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target, 'create extension amcheck; select bt_index_check(indexrelid, true) from pg_index'),
})
