import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/large-objects',
  title: 'Large objects are there, and every reference to one resolves',
  failureTitle: 'Large objects are missing',
  why: 'pg_dump leaves large objects out when asked for single tables or with --no-blobs; the rows then point at nothing, and no error says so.',
  source: 'pg_largeobject_metadata beside the columns of type oid and lo',
  severity: 'high',
  codes: {
    'restore.large-objects-missing': {
      meaning: 'Rows refer to large objects that are not there, or fewer came back than the dump holds.',
      fix: 'Dump with --large-objects (--blobs), or the whole database.',
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
        const facts = database.postgres
        const promised = facts?.objectsExpected?.largeObjects ?? 0
        if (facts === undefined || (promised === 0 && facts.largeObjects.count === 0 && facts.largeObjects.dangling === 0)) return []
        return [
          {
            grade: facts.largeObjects.dangling === 0 ? 'pass' : 'fail',
            code: 'restore.large-objects-missing',
            evidence: {
              what: `references to large objects in ${database.label}`,
              expected: 'all resolve',
              received: `${facts.largeObjects.dangling} point nowhere`,
              where: where(database),
            },
          },
          {
            grade: facts.largeObjects.count >= promised ? 'pass' : 'fail',
            code: 'restore.large-objects-missing',
            evidence: {
              what: `large objects of ${database.label}`,
              expected: `${promised}`,
              received: String(facts.largeObjects.count),
              where: where(database),
            },
          },
        ]
      },
      'no restored database has large objects or refers to one',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target, 'select count(*) from pg_largeobject_metadata'),
})
