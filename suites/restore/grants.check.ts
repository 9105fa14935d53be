import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeDeclarations } from './shared.ts'

export default defineCheck({
  id: 'restore/grants',
  title: 'Rights are granted as in the dump',
  failureTitle: 'Rights of the dump were not granted',
  why: 'A role without its rights is an application that answers 500; a role with more is a leak.',
  source: 'the dump beside pg_dump --schema-only of the restored database',
  severity: 'high',
  codes: {
    'restore.grants-missing': {
      meaning: 'A right of the dump is not granted.',
      fix: 'Do not restore with --no-privileges; look for errors at GRANT and for missing roles.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) => judgeDeclarations(drill, (facts) => facts.grants, { what: 'rights', code: 'restore.grants-missing' }),
  reproduce: (subject, target) => restoreCommand(subject, target, '\\dp'),
})
