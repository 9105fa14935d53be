import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeDeclarations } from './shared.ts'

export default defineCheck({
  id: 'restore/ownership',
  title: 'Objects belong to whom the dump gives them',
  failureTitle: 'Objects belong to somebody else than the dump says',
  why: 'With everything owned by the restorer, the application may read and not migrate, or the other way round.',
  source: 'the dump beside pg_dump --schema-only of the restored database',
  severity: 'high',
  codes: {
    'restore.owner-differs': {
      meaning: 'An object has another owner than in the dump.',
      fix: 'Do not restore with --no-owner; look for REASSIGN OWNED and for errors at OWNER TO.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) => judgeDeclarations(drill, (facts) => facts.owners, { what: 'owners', code: 'restore.owner-differs' }),
  reproduce: (subject, target) => restoreCommand(subject, target, '\\dt'),
})
