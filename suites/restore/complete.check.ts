import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { fail, illustrated, inconclusive, pass } from '../../helpers/verdict.ts'
import { where } from './shared.ts'

export default defineCheck({
  id: 'restore/complete',
  title: 'Every database of the set was restored',
  failureTitle: 'A database of the set could not be restored',
  why: 'A backup is what comes back, and nothing else. What no engine could take in was not proven, whatever its file looks like.',
  source: 'NIST SP 800-53 CP-9(1): backup information is tested by restoring it',
  severity: 'critical',
  codes: {
    'restore.not-restorable': {
      meaning: 'A file of the set could not be restored because of what is in it.',
      fix: 'Look at the artifact checks of the same set: they name what is cut, damaged or missing. Then look at the job that makes it.',
    },
    'restore.nothing-restored': {
      meaning: 'The set holds nothing that could be restored.',
      fix: 'Declare which files the set is made of, and that one of them is a database, an archive or a snapshot.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) => {
    const spans = drill.phases.map(({ name, detail, startMs, endMs, done }) => ({
      label: `${name} ${detail}`,
      startMs,
      endMs,
      outcome: done ? ('pass' as const) : ('inconclusive' as const),
    }))
    const figure = { kind: 'timeline', title: `Phases of the drill of ${drill.entry}`, spans } as const
    const restored = drill.databases.map((database) => ({
      what: database.label,
      expected: 'restored',
      received: `into ${where(database)} in ${Math.round(database.restoreMs)} ms`,
    }))
    const refused = drill.notRestored.map(({ label, why }) => ({ what: label, expected: 'restored', received: why }))
    const broken = drill.notRestored.filter(({ blame }) => blame === 'artifact')
    if (broken.length > 0) return illustrated(fail('restore.not-restorable', [...refused, ...restored]), figure)
    if (refused.length > 0)
      return illustrated(inconclusive('misused', refused.map(({ what, received }) => `${what}: ${received}`).join('; '), [...refused, ...restored]), figure)
    if (restored.length === 0)
      return fail('restore.nothing-restored', { what: drill.entry, expected: 'a database that is restored', received: 'no file of the set is one' })
    return illustrated(pass(restored), figure)
  },
  reproduce: (subject, target) => restoreCommand(subject, target),
  covers: ['A152', 'C70', 'E76'],
})
