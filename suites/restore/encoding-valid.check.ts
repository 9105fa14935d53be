import { defineCheck } from '../../helpers/check.ts'
import { drilled, entryOf, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { few, judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/encoding-valid',
  title: 'Text is valid in its encoding',
  failureTitle: 'Text of the restored database is not valid',
  why: 'A dump in SQL_ASCII carries bytes that are no text; a database that takes them hands them on until the first driver that looks fails.',
  source: "convert_from(convert_to(column, 'UTF8'), 'UTF8') over 2000 rows of each table",
  severity: 'high',
  codes: {
    'restore.text-invalid': {
      meaning: 'Text columns hold bytes that are not valid in their encoding.',
      fix: 'Find and repair them in the live database; dump with --encoding=UTF8.',
    },
    'restore.encoding-differs': {
      meaning: 'The restored database has another encoding than declared.',
      fix: 'Create the database with the declared encoding, or correct `encoding`.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }, { subject }) =>
    judgeRestored(
      drill,
      ['postgres'],
      (database) => {
        const facts = database.postgres
        if (facts === undefined) return []
        const declared = entryOf(subject).encoding
        const same = declared === undefined || declared.replace(/[-_]/g, '').toUpperCase() === facts.encoding.replace(/[-_]/g, '').toUpperCase()
        return [
          ...(facts.text.columns === 0
            ? []
            : [
                {
                  grade: facts.text.invalid.length === 0 ? ('pass' as const) : ('fail' as const),
                  code: 'restore.text-invalid',
                  evidence: {
                    what: `text columns of ${database.label}`,
                    expected: 'valid',
                    received: facts.text.invalid.length === 0 ? `${facts.text.columns} columns, sampled` : `not valid in ${few(facts.text.invalid)}`,
                    where: where(database),
                  },
                },
              ]),
          {
            grade: same ? 'pass' : 'fail',
            code: 'restore.encoding-differs',
            evidence: { what: `encoding of the restored ${database.label}`, expected: declared ?? 'any', received: facts.encoding, where: where(database) },
          },
        ]
      },
      'the set holds no PostgreSQL database',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target, 'show server_encoding'),
})
