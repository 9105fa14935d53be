import { newestWord, roleOf } from '../../helpers/artifact/subjects.ts'
import type { SnapshotKeys } from '../../helpers/artifact/facts.ts'
import { defineCheck } from '../../helpers/check.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { judgeParts, look, mayHold, noBackups, say } from './shared.ts'

const counted = ({ total, expiring }: SnapshotKeys): string =>
  `${total} ${total === 1 ? 'key' : 'keys'}${expiring === 0 ? '' : `, ${expiring} of them for a time`}`

export default defineCheck({
  id: 'artifact/redis-decodes',
  title: 'A Redis snapshot or log is whole and holds something',
  failureTitle: 'A Redis snapshot or log is damaged, cut off or empty',
  why: 'Redis refuses to start with a damaged file: the cache that should help after a restore keeps it down.',
  source:
    'RDB version 5 and later: end mark and CRC-64 over the whole file; AOF: every command whole; appendonlydir (Redis 7): every file that its manifest names; keys by the structure of the snapshot (rdb.h), minKeys of the target',
  severity: 'high',
  codes: {
    'artifact.redis.cut': {
      meaning: 'The file ends too early, or a file of the log is missing.',
      fix: 'Copy dump.rdb only after BGSAVE is done (LASTSAVE), or use redis-cli --rdb.',
    },
    'artifact.redis.corrupt': { meaning: 'The checksum or a command is wrong.', fix: 'Take another copy; redis-check-rdb and redis-check-aof say where.' },
    'artifact.redis.unchecked': {
      meaning: 'The snapshot carries no checksum: nothing proves that it is undamaged.',
      fix: 'Set rdbchecksum yes, which is the default.',
    },
    'artifact.redis.few-keys': {
      meaning: 'The snapshot holds no key, or fewer than minKeys declares.',
      fix: 'Look whether the job saves the server that is in use, and whether that one came up empty before the snapshot was taken.',
    },
    'artifact.redis.empty': { meaning: 'The log holds no command.', fix: 'Look which folder and which file of the log the job copies (appendonlydir).' },
  },
  options: {},
  subjects: mayHold('redis'),
  unless: noBackups,
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) =>
    judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const { redis, reading } = part.facts
        if (redis === undefined) return []
        const evidence = say(
          part,
          redis.kind,
          'whole',
          reading.error ??
            (redis.kind === 'rdb'
              ? `version ${redis.version ?? '?'}, checksum ${redis.checksum}${redis.keys === undefined ? '' : `, ${counted(redis.keys)}`}`
              : `${redis.commands ?? 0} commands${redis.after === undefined ? '' : ` after a snapshot, checksum ${redis.checksum}`}`),
        )
        if (!reading.complete) return [{ grade: 'fail', code: reading.kind === 'cut' ? 'artifact.redis.cut' : 'artifact.redis.corrupt', evidence }]
        if (redis.kind === 'aof' && redis.after === undefined)
          return [{ grade: (redis.commands ?? 0) > 0 ? 'pass' : 'fail', code: 'artifact.redis.empty', evidence }]
        const least = roleOf(subject).entry.drill?.minKeys
        const few: Finding[] =
          redis.keys === undefined || redis.keys.total >= (least ?? 1)
            ? []
            : [
                {
                  grade: least === undefined ? 'warn' : 'fail',
                  code: 'artifact.redis.few-keys',
                  evidence: say(part, 'keys', `at least ${least ?? 1}`, counted(redis.keys)),
                },
              ]
        return [{ grade: redis.checksum === 'right' ? 'pass' : 'warn', code: 'artifact.redis.unchecked', evidence }, ...few]
      },
      'it is no file of Redis',
      false,
    ),
  reproduce: (subject, target) => `redis-check-rdb ${newestWord(roleOf(subject), target)} || redis-check-aof ${newestWord(roleOf(subject), target)}`,
  covers: ['A151'],
})
