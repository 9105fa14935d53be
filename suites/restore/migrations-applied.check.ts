import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { few, judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/migrations-applied',
  title: 'Every migration is applied, and no other',
  failureTitle: 'Migrations of the restored database are not those of the code',
  why: 'The restored database must fit the code that will run on it: a half-applied migration stops the next deployment, a missing one breaks queries.',
  source: 'table of the migration tool beside the declared folder',
  severity: 'critical',
  codes: {
    'restore.migration-unfinished': {
      meaning: 'A migration was begun and neither finished nor rolled back.',
      fix: 'Resolve it on the live system (prisma migrate resolve, flyway repair).',
    },
    'restore.migration-missing': {
      meaning: 'A migration of the repository is not applied in the restored database.',
      fix: 'The backup is older than the deployment: plan to run the migrations after a recovery, or take a backup after each deployment.',
    },
    'restore.migration-unknown': {
      meaning: 'A migration is applied that the repository does not have.',
      fix: 'The code is older than the backup: recover with the code of that moment.',
    },
    'restore.migration-changed': {
      meaning: 'A migration was edited after it had been applied.',
      fix: 'Put the file back as it was applied, and change the schema in a new migration.',
    },
    'restore.migrations-unread': {
      meaning: 'The table of the migration tool, or the declared folder, could not be read.',
      fix: 'Look whether the right tool and folder are declared and whether the table is in the dump.',
    },
  },
  options: {},
  subjects: drilled((drill) => drill.migrations !== undefined),
  unless: notDeclared('migrations'),
  needs: looks,
  judge: ({ drill }) =>
    judgeRestored(
      drill,
      ['postgres', 'mysql', 'sqlite'],
      (database) => {
        const facts = database.migrations
        if (facts === undefined) return []
        const what = `${facts.tool} migrations of ${database.label}`
        if (facts.unread !== undefined)
          return [
            {
              grade: 'fail',
              code: 'restore.migrations-unread',
              evidence: { what, expected: 'a table of applied migrations', received: facts.unread, where: where(database) },
            },
          ]
        return [
          {
            grade: facts.unfinished.length === 0 ? 'pass' : 'fail',
            code: 'restore.migration-unfinished',
            evidence: {
              what,
              expected: 'all finished',
              received: facts.unfinished.length === 0 ? `${facts.applied} applied` : `unfinished: ${few(facts.unfinished)}`,
              where: where(database),
            },
          },
          ...(facts.changed.length === 0
            ? []
            : [
                {
                  grade: 'fail' as const,
                  code: 'restore.migration-changed',
                  evidence: { what, expected: 'files as they were applied', received: `edited since: ${few(facts.changed)}`, where: where(database) },
                },
              ]),
          ...(facts.compared === undefined
            ? []
            : [
                {
                  grade: facts.compared.missing.length === 0 ? ('pass' as const) : ('fail' as const),
                  code: 'restore.migration-missing',
                  evidence: {
                    what,
                    expected: `the ${facts.compared.expected} of the repository`,
                    received: facts.compared.missing.length === 0 ? 'all applied' : `not applied: ${few(facts.compared.missing)}`,
                    where: where(database),
                  },
                },
                {
                  grade: facts.compared.unexpected.length === 0 ? ('pass' as const) : ('fail' as const),
                  code: 'restore.migration-unknown',
                  evidence: {
                    what,
                    expected: 'none that the repository does not have',
                    received: facts.compared.unexpected.length === 0 ? 'none' : few(facts.compared.unexpected),
                    where: where(database),
                  },
                },
              ]),
        ]
      },
      'no database whose migrations could be read was restored',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target),
  covers: ['A152'],
})
