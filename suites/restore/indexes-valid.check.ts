import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { few, judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/indexes-valid',
  title: 'Every index is valid',
  failureTitle: 'An index is not valid',
  why: 'An invalid index is kept up and never used, and a unique one guards nothing.',
  source: 'pg_index.indisvalid and indisready',
  severity: 'high',
  codes: {
    'restore.index-invalid': {
      meaning: 'An index of the restored database is invalid or not ready.',
      fix: 'REINDEX it on the live system; a failed CREATE INDEX CONCURRENTLY leaves one behind.',
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
        const invalid = database.postgres?.indexesInvalid ?? []
        return [
          {
            grade: invalid.length === 0 ? 'pass' : 'fail',
            code: 'restore.index-invalid',
            evidence: {
              what: `indexes of ${database.label}`,
              expected: 'valid and ready',
              received: invalid.length === 0 ? 'all of them' : few(invalid),
              where: where(database),
            },
          },
        ]
      },
      'the set holds no PostgreSQL database',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target, 'select indexrelid::regclass from pg_index where not indisvalid or not indisready'),
})
