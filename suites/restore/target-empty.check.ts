import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/target-empty',
  title: 'It was restored into a new, empty database',
  failureTitle: 'The database that was restored into was not empty',
  why: 'What lies in the target already mixes with what comes from the backup, and a drill in the live cluster would be the disaster itself.',
  source: 'restored into a cluster of the drill alone; pg_control_system() names it',
  severity: 'critical',
  codes: {
    'restore.target-not-empty': { meaning: 'There were relations before anything was restored.', fix: 'Nothing of the target can cause this; report it.' },
    'restore.live-cluster': {
      meaning: 'The cluster restored into is the live one.',
      fix: 'Stop. Look at who reached the live cluster, and compare liveIdentifier with pg_controldata of the live server.',
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
        const declared = declaredDrill(subject).liveIdentifier
        const live = declared !== undefined && declared === facts.systemIdentifier
        return [
          {
            grade: facts.relationsBefore === 0 ? 'pass' : 'fail',
            code: 'restore.target-not-empty',
            evidence: {
              what: `relations before the restore of ${database.label}`,
              expected: '0',
              received: String(facts.relationsBefore),
              where: where(database),
            },
          },
          {
            grade: live ? 'fail' : 'pass',
            code: 'restore.live-cluster',
            evidence: {
              what: 'system identifier of the cluster',
              expected: declared === undefined ? 'one of a cluster made by this drill' : `not ${declared}`,
              received: facts.systemIdentifier,
            },
          },
        ]
      },
      'the set holds no PostgreSQL database',
    ),
  reproduce: (subject, target) => restoreCommand(subject, target, 'select system_identifier from pg_control_system()'),
})
