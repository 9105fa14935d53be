import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/redis-loads',
  title: 'Redis loads the snapshot, and the keys are there',
  failureTitle: 'Redis does not load the snapshot, or keys are missing',
  why: 'Redis refuses a damaged snapshot and does not start at all; of a cut append-only file it silently loads what is left, unless told not to.',
  source: 'INFO of a Redis started on the file (keyspace, aof_current_size); keys by the structure of the snapshot; minKeys of the target',
  severity: 'high',
  codes: {
    'restore.redis-refused': {
      meaning: 'Redis does not start on the file.',
      fix: 'Take the file after BGSAVE has ended (LASTSAVE), or the rewritten append-only file.',
    },
    'restore.redis-log-part': {
      meaning: 'Redis loaded only a part of the append-only file.',
      fix: 'Copy the log while nothing is written (CONFIG SET appendonly no, or a snapshot of the disk), all files that its manifest names.',
    },
    'restore.redis-keys-missing': {
      meaning: 'Fewer keys than minKeys were loaded, or fewer than the snapshot holds.',
      fix: 'Look at the moment of the snapshot, at expiry (keys that expired meanwhile are not loaded) and at maxmemory of the server: what does not fit is evicted.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }, { subject }) =>
    judgeRestored(
      drill,
      ['redis'],
      (database) => {
        const exit = database.stages.find(({ exit: one }) => one !== 0)
        const held = database.redis?.held
        // What ends by itself may have ended since; everything else of the snapshot must be there.
        const least = Math.max(declaredDrill(subject).minKeys ?? 1, held === undefined ? 0 : held.total - held.expiring)
        const keys = database.redis?.keys ?? 0
        const log = database.redis?.log
        const each = Object.entries(database.redis?.databases ?? {})
        const expired = database.redis?.expiredAtLoad ?? 0
        return [
          {
            grade: exit === undefined ? 'pass' : 'fail',
            code: 'restore.redis-refused',
            evidence: {
              what: `start of Redis on ${database.label}`,
              expected: 'it loads',
              received: exit === undefined ? 'it loaded' : (database.errors[0]?.message ?? 'it ended'),
              where: where(database),
            },
          },
          ...(exit !== undefined || log === undefined
            ? []
            : [
                {
                  grade: log.loaded === log.read ? ('pass' as const) : ('fail' as const),
                  code: 'restore.redis-log-part',
                  evidence: {
                    what: `log of ${database.label}`,
                    expected: `${log.read} bytes loaded`,
                    received: Number.isNaN(log.loaded) ? 'the server does not tell' : `${log.loaded}`,
                    where: where(database),
                  },
                },
              ]),
          ...(exit !== undefined
            ? []
            : [
                {
                  grade: keys + expired >= least ? ('pass' as const) : ('fail' as const),
                  code: 'restore.redis-keys-missing',
                  evidence: {
                    what: `keys of ${database.label}`,
                    expected: `at least ${least}${held === undefined ? '' : `; the snapshot holds ${held.total}${held.expiring === 0 ? '' : `, ${held.expiring} of them for a time`}`}`,
                    received: `${keys}${each.length > 1 ? ` (${each.map(([number, count]) => `${count} in database ${number}`).join(', ')})` : ''}${expired > 0 ? `, and ${expired} that expired meanwhile` : ''}`,
                    where: where(database),
                  },
                },
              ]),
        ]
      },
      'the set holds no Redis snapshot',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target),
})
