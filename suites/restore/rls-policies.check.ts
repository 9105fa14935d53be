import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeDeclarations } from './shared.ts'

export default defineCheck({
  id: 'restore/rls-policies',
  title: 'Row security and its policies are as in the dump',
  failureTitle: 'Row security or a policy of the dump is missing',
  why: 'Row security that did not come back shows every tenant the rows of all the others, and nothing looks broken.',
  source: 'the dump beside pg_dump --schema-only of the restored database',
  severity: 'critical',
  codes: {
    'restore.policy-missing': {
      meaning: 'A policy or the switch of row security is missing.',
      fix: 'Look for errors at CREATE POLICY and ENABLE ROW LEVEL SECURITY (missing roles, missing functions).',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) => judgeDeclarations(drill, (facts) => facts.policies, { what: 'row security and policies', code: 'restore.policy-missing' }),
  reproduce: (subject, target) => restoreCommand(subject, target, 'select * from pg_policies'),
})
