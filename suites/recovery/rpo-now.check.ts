import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'

export default defineCheck({
  id: 'recovery/rpo-now',
  title: 'What would be lost now is within the objective',
  failureTitle: 'More would be lost now than the objective allows',
  why: 'Everything since the newest backup that was proven restorable is gone if disaster hits now. The moment that counts is when the dump began.',
  source: 'start of the drill minus the recovery point of the set that was restored; objectives.rpoHours',
  severity: 'critical',
  codes: {
    'recovery.rpo-exceeded': {
      meaning: 'The newest backup that restores is older than rpoHours.',
      fix: 'Back up more often, or look why the newest sets are missing or not whole.',
    },
  },
  options: {},
  subjects: drilled((drill) => drill.objectives?.rpoHours !== undefined),
  unless: notDeclared('objectives.rpoHours'),
  needs: looks,
  judge: ({ drill }, { subject }) => {
    const limit = declaredDrill(subject).objectives?.rpoHours ?? Number.NaN
    if (drill.databases.length === 0 || drill.notRestored.some(({ blame }) => blame === 'artifact'))
      return inconclusive(
        'unobserved',
        'the newest set does not restore, so that nobody knows what would be left',
        drill.notRestored.map(({ label, why }) => ({ what: label, expected: 'restored', received: why })),
      )
    const hours = (Date.parse(drill.startedAt) - Date.parse(drill.set.at)) / 3_600_000
    const evidence = {
      what: `data of ${drill.entry} that would be lost now`,
      expected: `at most ${limit} h`,
      received: `${hours.toFixed(2)} h: restored as of ${drill.set.at} (${drill.set.basis === 'dump' ? 'the dump says so' : drill.set.basis === 'name' ? 'by its name' : 'by the time of its file'})`,
    }
    if (!(hours >= -0.25)) return inconclusive('unobserved', 'the backup is of a moment that has not come yet', evidence)
    return hours <= limit ? pass(evidence) : fail('recovery.rpo-exceeded', evidence)
  },
  reproduce: (subject, target) => restoreCommand(subject, target),
  covers: ['E79'],
})
