import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/sqlite-integrity',
  title: 'The restored SQLite file is sound',
  failureTitle: 'The restored SQLite file is not sound',
  why: 'A copy that was taken while the application wrote may be torn; integrity_check finds that, foreign_key_check finds rows without their parents.',
  source: 'PRAGMA integrity_check and foreign_key_check of the restored copy',
  severity: 'critical',
  codes: {
    'restore.sqlite-damaged': { meaning: 'integrity_check found damage.', fix: 'Copy with .backup or VACUUM INTO, never with cp while it is in use.' },
    'restore.sqlite-orphans': {
      meaning: 'foreign_key_check found rows without their parents.',
      fix: 'Look whether the application switches foreign keys on (PRAGMA foreign_keys).',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) =>
    judgeRestored(
      drill,
      ['sqlite'],
      (database) => {
        const facts = database.sqlite
        if (facts === undefined) return []
        return [
          {
            grade: facts.integrity.length === 0 ? 'pass' : 'fail',
            code: 'restore.sqlite-damaged',
            evidence: {
              what: `PRAGMA integrity_check of ${database.label}`,
              expected: 'ok',
              received: facts.integrity.length === 0 ? 'ok' : `${facts.integrity.length} problems`,
              where: where(database),
            },
          },
          {
            grade: facts.foreignKeyProblems === 0 ? 'pass' : 'fail',
            code: 'restore.sqlite-orphans',
            evidence: {
              what: `PRAGMA foreign_key_check of ${database.label}`,
              expected: 'no row',
              received: facts.foreignKeyProblems < 0 ? 'it could not be asked' : `${facts.foreignKeyProblems} rows`,
              where: where(database),
            },
          },
        ]
      },
      'the set holds no SQLite file',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target, 'PRAGMA integrity_check; PRAGMA foreign_key_check'),
  covers: ['E76', 'E80'],
})
