import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeDeclarations } from './shared.ts'

export default defineCheck({
  id: 'restore/schema-objects',
  title: 'Every object of the dump is in the restored database',
  failureTitle: 'Objects of the dump are not in the restored database',
  why: 'Tables without their indexes are slow, without their constraints wrong, without their functions and triggers silent. Each name of the dump is looked for.',
  source: 'the dump beside pg_dump --schema-only of the restored database',
  severity: 'critical',
  codes: {
    'restore.objects-missing': {
      meaning: 'Tables, columns, indexes, constraints, views, functions or types of the dump are not there.',
      fix: 'Look at the errors of the restore: each missing object was refused by one.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) => judgeDeclarations(drill, (facts) => facts.definitions, { what: 'objects', code: 'restore.objects-missing' }),
  reproduce: (subject, target) => restoreCommand(subject, target, '\\d'),
  covers: ['B77', 'A152'],
})
