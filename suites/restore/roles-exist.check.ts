import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { few, judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/roles-exist',
  title: 'The roles that the dump names come with the set',
  failureTitle: 'Roles had to be invented for the restore',
  why: 'Without the roles nobody can log in and every OWNER TO fails. The drill made them without a login, so that the rest could be judged; a real recovery would stop here.',
  source: 'pg_dumpall --globals-only; roles of the target',
  severity: 'high',
  codes: {
    'restore.roles-invented': {
      meaning: 'Roles that the dump names are neither in the set nor declared.',
      fix: 'Add pg_dumpall --globals-only to the set, or declare in `roles` what exists wherever it is restored.',
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
        const invented = database.postgres?.rolesInvented ?? []
        return [
          {
            grade: invented.length === 0 ? 'pass' : 'fail',
            code: 'restore.roles-invented',
            evidence: {
              what: `roles of ${database.label}`,
              expected: 'made by the set, or declared',
              received: invented.length === 0 ? 'all of them' : `nothing makes ${few(invented)}`,
              where: where(database),
            },
          },
        ]
      },
      'the set holds no PostgreSQL database',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target, '\\du'),
})
