import { fileCommand, roleOf } from '../../helpers/artifact/subjects.ts'
import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive } from '../../helpers/verdict.ts'
import { judgeParts, look, mayHold, noBackups, parts, say } from './shared.ts'

export default defineCheck({
  id: 'artifact/sqlite-integrity',
  title: 'SQLite finds its own file in order',
  failureTitle: 'SQLite finds its own file damaged',
  why: 'A copy made while somebody wrote mixes old and new pages; the header looks well.',
  source: 'PRAGMA integrity_check and foreign_key_check on a private copy',
  severity: 'critical',
  codes: {
    'artifact.sqlite.damaged': {
      meaning: 'integrity_check finds damage.',
      fix: 'Copy it again with ".backup"; if the live file is damaged too, use .recover and an older backup.',
    },
    'artifact.sqlite.orphans': {
      meaning: 'Rows refer to rows that are not there.',
      fix: 'Look whether the live database has them too; PRAGMA foreign_keys is off by default.',
    },
  },
  options: {},
  subjects: mayHold('sqlite'),
  unless: noBackups,
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) => {
    const unread =
      artifact === undefined
        ? []
        : parts(artifact, roleOf(subject)).filter(
            ({ facts }) =>
              facts.sqlite !== undefined && facts.sqlite.integrityError !== undefined && !/malformed|not a database|corrupt/i.test(facts.sqlite.integrityError),
          )
    const first = unread[0]
    if (first !== undefined)
      return inconclusive(
        'unobserved',
        `SQLite could not be asked: ${first.facts.sqlite?.integrityError ?? ''}`,
        say(first, 'integrity_check', 'ok', 'not asked'),
      )
    return judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const { sqlite } = part.facts
        // A file of the wrong length is not asked: artifact/sqlite-length says so.
        if (sqlite === undefined || (sqlite.integrity === undefined && sqlite.integrityError === undefined)) return []
        const { integrity } = sqlite
        const evidence = say(
          part,
          'integrity_check',
          'ok',
          integrity === undefined ? (sqlite.integrityError ?? '') : integrity.ok ? `ok, ${integrity.tables.length} tables` : `${integrity.problems} problems`,
        )
        if (integrity?.ok !== true) return [{ grade: 'fail', code: 'artifact.sqlite.damaged', evidence }]
        const orphans = integrity.foreignKeyProblems
        return [
          { grade: 'pass', evidence },
          {
            grade: orphans === 0 ? 'pass' : 'warn',
            code: 'artifact.sqlite.orphans',
            evidence: say(part, 'foreign_key_check', 'no row', `${orphans} rows`),
            severity: 'medium',
          },
        ]
      },
      'it is no SQLite file that can be asked',
      false,
    )
  },
  reproduce: (subject, target) => fileCommand('sqlite3', roleOf(subject), target, "'PRAGMA integrity_check; PRAGMA foreign_key_check'"),
  covers: ['E68', 'E76'],
})
