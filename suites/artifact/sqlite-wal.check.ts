import { fileCommand, roleOf } from '../../helpers/artifact/subjects.ts'
import { defineCheck } from '../../helpers/check.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { judgeParts, look, mayHold, noBackups, say } from './shared.ts'

export default defineCheck({
  id: 'artifact/sqlite-wal',
  title: 'A SQLite file was not copied away from its write-ahead log',
  failureTitle: 'A SQLite file was copied without its write-ahead log',
  why: 'In WAL mode committed rows stay in app.db-wal for a long time. The file alone passes integrity_check without one of them.',
  source: 'SQLite, Write-Ahead Logging §4; file format version 2 in the header and no -wal file beside it',
  severity: 'high',
  codes: {
    'artifact.sqlite.without-wal': {
      meaning: 'The database is in WAL mode and its log is not in the backup: newer rows may be missing.',
      fix: 'Back up with sqlite3 app.db ".backup copy.db" or VACUUM INTO, never with cp.',
    },
  },
  options: {},
  subjects: mayHold('sqlite'),
  unless: noBackups,
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) =>
    judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const { sqlite } = part.facts
        if (sqlite === undefined) return []
        const alone = sqlite.wal && sqlite.walBeside !== true
        // Inside an archive the log may lie under the same name.
        const beside = artifact?.facts.tar?.names.includes(`${part.facts.name}-wal`) === true
        return [
          {
            grade: alone && !beside ? 'fail' : 'pass',
            code: 'artifact.sqlite.without-wal',
            evidence: say(
              part,
              'journal',
              'no WAL mode, or the -wal file beside it',
              sqlite.wal ? (alone && !beside ? 'WAL mode, alone' : 'WAL mode, with its log') : 'no WAL mode',
            ),
          },
        ]
      },
      'it is no SQLite file',
      false,
    ),
  reproduce: (subject, target) => fileCommand('od -A n -t u1 -j 18 -N 2', roleOf(subject), target, ''),
  covers: ['E68'],
})
