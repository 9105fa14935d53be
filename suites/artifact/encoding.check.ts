import { roleOf } from '../../helpers/artifact/subjects.ts'
import { defineCheck } from '../../helpers/check.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { contentCommand, judgeParts, look, mayHold, noBackups, say } from './shared.ts'

const same = (a: string, b: string): boolean => a.replaceAll(/[-_]/g, '').toLowerCase() === b.replaceAll(/[-_]/g, '').toLowerCase()

export default defineCheck({
  id: 'artifact/encoding',
  title: 'The dump is in the encoding of the live database',
  failureTitle: 'The dump is in another encoding',
  why: 'A dump in SQL_ASCII loads bytes into a UTF8 database that no client can read afterwards, without an error.',
  source: 'client_encoding of the dump; encoding of the target',
  severity: 'high',
  codes: {
    'artifact.sql-ascii': {
      meaning: 'The dump has no encoding at all (SQL_ASCII).',
      fix: 'Dump with --encoding=UTF8; look whether the database itself is SQL_ASCII.',
    },
    'artifact.encoding-differs': {
      meaning: 'The dump is in another encoding than declared.',
      fix: 'Dump with the encoding of the database, or correct `encoding`.',
    },
  },
  options: {},
  subjects: mayHold('postgres', 'globals', 'mysql'),
  unless: noBackups,
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) => {
    const declared = roleOf(subject).entry.encoding
    return judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const { dump } = part.facts
        if (dump?.engine !== 'postgres' || dump.encoding === undefined) return []
        if (same(dump.encoding, 'SQL_ASCII'))
          return [{ grade: 'fail', code: 'artifact.sql-ascii', evidence: say(part, 'encoding', declared ?? 'UTF8', dump.encoding) }]
        const right = declared === undefined || same(declared, dump.encoding)
        return [
          {
            grade: right ? 'pass' : 'fail',
            code: 'artifact.encoding-differs',
            evidence: say(part, 'encoding', declared ?? 'any but SQL_ASCII', dump.encoding),
          },
        ]
      },
      'nothing in it names its encoding',
    )
  },
  reproduce: (subject, target) => `${contentCommand(subject, target)} | grep -a -m 1 client_encoding`,
  covers: ['A150'],
})
