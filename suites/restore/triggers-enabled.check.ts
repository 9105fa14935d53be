import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeDeclarations } from './shared.ts'

export default defineCheck({
  id: 'restore/triggers-enabled',
  title: 'Triggers are there and in the state of the dump',
  failureTitle: 'A trigger of the dump is missing or in another state',
  why: 'A disabled trigger writes no history and checks no rule, and no error says so.',
  source: 'the dump beside pg_dump --schema-only of the restored database',
  severity: 'high',
  codes: {
    'restore.trigger-differs': {
      meaning: 'A trigger is missing or its state differs.',
      fix: 'Look for DISABLE TRIGGER in the restore (--disable-triggers without its end) and for errors at CREATE TRIGGER.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) => judgeDeclarations(drill, (facts) => facts.triggers, { what: 'triggers', code: 'restore.trigger-differs', exact: true }),
  reproduce: (subject, target) => restoreCommand(subject, target, 'select tgrelid::regclass, tgname, tgenabled from pg_trigger where not tgisinternal'),
})
