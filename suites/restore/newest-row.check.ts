import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/newest-row',
  title: 'The newest row is close to the backup',
  failureTitle: 'The newest row is much older than the backup',
  why: 'A frozen replica, a SQLite file without its log, a dump of the wrong host: all restore well, and the last days are not in them.',
  source: 'newest value of the heartbeat columns beside the recovery point; heartbeatMinutes (default 60)',
  severity: 'critical',
  codes: {
    'restore.newest-row-old': {
      meaning: 'The newest row is older than the backup by more than heartbeatMinutes.',
      fix: 'Look which server the dump is taken from, and whether a replica has stopped; SQLite: copy with .backup, not with cp.',
    },
    'restore.newest-row-missing': { meaning: 'A heartbeat column holds no row, or is not there.', fix: 'Correct `heartbeat`, or look why the table is empty.' },
    'restore.newest-row-later': {
      meaning: 'The newest row is newer than the backup claims to be.',
      fix: 'The name of the file or the clock of one side is wrong.',
    },
  },
  options: {},
  subjects: drilled((drill) => drill.heartbeat !== undefined),
  unless: notDeclared('heartbeat'),
  needs: looks,
  judge: ({ drill }, { subject }) =>
    judgeRestored(
      drill,
      ['postgres', 'sqlite'],
      (database) =>
        database.newest.flatMap(({ column, at, unread }) => {
          // Of several databases, the one that has the column answers for it.
          if (unread !== undefined && drill.databases.some(({ newest }) => newest.some((one) => one.column === column && one.unread === undefined))) return []
          const limit = declaredDrill(subject).heartbeatMinutes ?? 60
          const lagMinutes = at === undefined ? Number.NaN : (Date.parse(drill.set.at) - Date.parse(at)) / 60_000
          const later = lagMinutes < -15
          const right = lagMinutes <= limit && !later
          return [
            {
              grade: right ? ('pass' as const) : ('fail' as const),
              code: at === undefined ? 'restore.newest-row-missing' : later ? 'restore.newest-row-later' : 'restore.newest-row-old',
              evidence: {
                what: `newest ${column} in ${database.label}`,
                expected: `at most ${limit} min before ${drill.set.at} (${drill.set.basis})`,
                received: at === undefined ? (unread ?? 'no row') : `${at}, ${Math.round(lagMinutes)} min before`,
                where: where(database),
              },
            },
          ]
        }),
      'no database with heartbeat columns was restored',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target),
})
