import { defineCheck } from '../../helpers/check.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { contentCommand, isStatements, judgeParts, look, mayHold, noBackups, say } from './shared.ts'

export default defineCheck({
  id: 'artifact/known-dumper',
  title: 'The dump was written by the database’s own tool',
  failureTitle: 'The dump was written by an unknown tool',
  why: 'A home-made dumper wrote 5 349 of 10 275 rows and 40 of 115 foreign keys, and psql loaded them with exit status 0.',
  source: 'nfrastack/db-backup 572; header of pg_dump, pg_dumpall, mysqldump and mariadb-dump',
  severity: 'medium',
  codes: {
    'artifact.unknown-tool': {
      meaning: 'No header of a known tool stands at the beginning.',
      fix: 'Dump with pg_dump or mysqldump; with another tool compare every row after a restore.',
    },
  },
  options: {},
  subjects: mayHold('postgres', 'globals', 'mysql'),
  unless: noBackups,
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) =>
    judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const { dump } = part.facts
        if (dump === undefined || !isStatements(part.facts)) return []
        return [
          {
            grade: dump.dumper === undefined ? 'warn' : 'pass',
            code: 'artifact.unknown-tool',
            evidence: say(part, 'tool', 'pg_dump, pg_dumpall, mysqldump or mariadb-dump', dump.dumper ?? 'not named'),
          },
        ]
      },
      'it is no dump of statements',
    ),
  reproduce: (subject, target) => `${contentCommand(subject, target)} | head -n 12`,
  covers: ['A150'],
})
