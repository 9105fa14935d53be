import { defineCheck } from '../../helpers/check.ts'
import { bootCommand, drilled, looks, notDeclared } from '../../helpers/drill/subjects.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { notUsed } from './shared.ts'

export default defineCheck({
  id: 'restore/app-boots',
  title: 'The application boots on the restored data',
  failureTitle: 'The application does not boot on the restored data',
  why: 'A database that is whole is no use to an application that cannot start on it: a migration too few or too many, a role or a secret that the set does not hold.',
  source: '`application` of the target: the deployed image, started beside the restored database',
  severity: 'critical',
  codes: {
    'restore.app-not-healthy': {
      meaning: 'The application ended, or its health path did not answer 200 to 399 in time.',
      fix: 'Read its last lines in the evidence: what it misses in the restored data, or in `application.env`, is what a recovery would miss.',
    },
    'restore.app-migrations-pending': {
      meaning: "The application's own look at migrations says that the restored database is not where the code is.",
      fix: 'Keep the image with the backup that belongs to it, or plan the migration as a step of the recovery.',
    },
  },
  options: {},
  subjects: drilled((drill) => drill.application !== undefined),
  unless: notDeclared('application'),
  needs: looks,
  judge: ({ drill }) => {
    const { application } = drill
    if (application === undefined || application.notBooted !== undefined) return notUsed(drill)
    const logs = application.logs.map((line, index) => ({
      what: `its words, ${index + 1} of the last ${application.logs.length}`,
      expected: 'no failure',
      received: line,
    }))
    const health = {
      what: `${application.health} of ${application.image}`,
      expected: 'status 200 to 399',
      received: application.bootedMs === undefined ? application.received : `${application.received} after ${(application.bootedMs / 1000).toFixed(1)} s`,
    }
    if (application.bootedMs === undefined) return fail('restore.app-not-healthy', [health, ...logs])
    if (application.migrations === undefined) return pass(health)
    const migrations = { what: `migrations as ${application.image} sees them`, expected: 'exit 0: none is pending', received: `exit ${application.migrations}` }
    if (application.migrations === 0) return pass([health, migrations])
    // 126 and 127 are the shell's for what it cannot run; it looked at nothing.
    return application.migrations === 126 || application.migrations === 127
      ? inconclusive('misused', 'the declared look at migrations cannot be run in the image', [migrations, health])
      : fail('restore.app-migrations-pending', [migrations, health, ...logs])
  },
  reproduce: (subject, target) => bootCommand(subject, target),
  covers: ['A152', 'E80'],
})
