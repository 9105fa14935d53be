import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, entryOf, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { earlierDrills } from '../../helpers/probes/earlier-drills.ts'
import { inconclusive } from '../../helpers/verdict.ts'
import { judgeTrend } from './trend.ts'

export default defineCheck({
  id: 'recovery/rpo-trend',
  title: 'What would be lost stays within its objective in the next drills too',
  failureTitle: 'From drill to drill more would be lost, and soon more than allowed',
  why: 'A backup job that begins later, takes longer and is skipped now and then shows as a newest set that is older each time somebody looks.',
  source: 'the line of Theil and Sen through the drills in `history`, and this one; objectives.rpoHours within `drills` more drills',
  severity: 'low',
  codes: {
    'recovery.rpo-trend': {
      meaning: 'At this pace more than rpoHours would be lost within the next drills.',
      fix: 'Look when the job begins, how long it takes and whether runs are missing (backup/schedule-gaps).',
    },
  },
  options: { drills: 5 },
  subjects: drilled((drill) => drill.history !== undefined && drill.objectives?.rpoHours !== undefined),
  unless: notDeclared('history and objectives.rpoHours'),
  needs: (subject) => ({ ...looks(subject), earlier: earlierDrills(entryOf(subject)) }),
  judge: ({ drill, earlier }, { subject, options }) => {
    if (earlier.unread !== undefined) return inconclusive('misused', earlier.unread)
    const before = earlier.drills.flatMap(({ startedAt, rpoHours }) =>
      Date.parse(startedAt) >= Date.parse(drill.startedAt) ? [] : [{ startedAt, value: rpoHours }],
    )
    return judgeTrend({
      what: `data of ${drill.entry} that would be lost`,
      unit: 'h',
      limit: declaredDrill(subject).objectives?.rpoHours ?? Number.NaN,
      code: 'recovery.rpo-trend',
      points: [...before, { startedAt: drill.startedAt, value: (Date.parse(drill.startedAt) - Date.parse(drill.set.at)) / 3_600_000 }],
      ahead: options.drills,
    })
  },
  reproduce: (subject, target) => restoreCommand(subject, target),
})
