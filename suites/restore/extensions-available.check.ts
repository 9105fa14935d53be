import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { inconclusive } from '../../helpers/verdict.ts'
import { few, judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/extensions-available',
  title: 'Every extension of the dump is there to be restored',
  failureTitle: 'An extension of the dump is not where it was restored',
  why: 'Without the extension its types, functions and indexes do not come back. Whether the backup is good cannot be said then: the place to restore into lacks something.',
  source: 'pg_available_extensions of the restored server',
  severity: 'high',
  codes: {
    'restore.extension-not-restored': {
      meaning: 'The extension is available and was not made by the restore.',
      fix: 'Look at the errors of the restore: CREATE EXTENSION failed.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) => {
    const all = drill.databases.flatMap((database) =>
      database.postgres === undefined ? [] : [{ database, facts: database.postgres, wanted: database.extensionsExpected ?? [] }],
    )
    const missing = all.flatMap(({ database, facts }) =>
      facts.extensionsMissing.map((name) => ({
        what: `extension ${name} of ${database.label}`,
        expected: 'available',
        received: 'not in pg_available_extensions',
        where: where(database),
      })),
    )
    if (missing.length > 0)
      return inconclusive('misused', `${few(missing.map(({ what }) => what))} is not where it was restored: declare an image that has it`, missing)
    return judgeRestored(
      drill,
      ['postgres'],
      (database) =>
        (database.extensionsExpected ?? []).map((name) => {
          const made = database.postgres?.extensions.includes(name) === true || name === 'plpgsql'
          return {
            grade: made ? 'pass' : 'fail',
            code: 'restore.extension-not-restored',
            evidence: {
              what: `extension ${name} of ${database.label}`,
              expected: 'made by the restore',
              received: made ? 'it is there' : 'it is not there',
              where: where(database),
            },
          }
        }),
      'no dump of the set asks for an extension',
    )
  },
  reproduce: (subject, target) => restoreCommand(subject, target, '\\dx'),
  covers: ['B77'],
})
