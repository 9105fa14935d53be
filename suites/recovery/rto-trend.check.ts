import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, entryOf, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { earlierDrills } from '../../helpers/probes/earlier-drills.ts'
import { inconclusive } from '../../helpers/verdict.ts'
import { judgeTrend } from './trend.ts'

export default defineCheck({
  id: 'recovery/rto-trend',
  title: 'Recovery stays within its objective in the next drills too',
  failureTitle: 'Recovery takes longer from drill to drill and will miss its objective',
  why: 'Data grow and the promise does not. The drill that misses the objective should not be the first that tells.',
  source: 'the line of Theil and Sen through the drills in `history` of the same basis, and this one; objectives.rtoMinutes within `drills` more drills',
  severity: 'medium',
  codes: {
    'recovery.rto-trend': {
      meaning: 'At this pace recovery takes longer than rtoMinutes within the next drills.',
      fix: 'Restore in parallel, move old data out, give the server more, or agree on another objective before it is missed.',
    },
  },
  options: { drills: 5 },
  subjects: drilled((drill) => drill.history !== undefined && drill.objectives?.rtoMinutes !== undefined),
  unless: notDeclared('history and objectives.rtoMinutes'),
  needs: (subject) => ({ ...looks(subject), earlier: earlierDrills(entryOf(subject)) }),
  judge: ({ drill, earlier }, { subject, options }) => {
    const objectives = declaredDrill(subject).objectives
    if (earlier.unread !== undefined) return inconclusive('misused', earlier.unread)
    if (drill.usableMs === undefined || drill.notRestored.length > 0)
      return inconclusive('unobserved', 'the set was not restored whole, so that nobody knows how long it takes')
    const basis = drill.databases.every(({ basis: { kind } }) => kind === 'measured') ? 'measured' : 'optimistic'
    const people = objectives?.humanOverheadMinutes ?? 0
    const before = earlier.drills.flatMap(({ startedAt, usableMs, humanMinutes, basis: other }) =>
      usableMs === undefined || other !== basis || Date.parse(startedAt) >= Date.parse(drill.startedAt)
        ? []
        : [{ startedAt, value: usableMs / 60_000 + humanMinutes }],
    )
    return judgeTrend({
      what: `time to usable data of ${drill.entry}`,
      unit: 'min',
      limit: objectives?.rtoMinutes ?? Number.NaN,
      code: 'recovery.rto-trend',
      points: [...before, { startedAt: drill.startedAt, value: drill.usableMs / 60_000 + people }],
      ahead: options.drills,
    })
  },
  reproduce: (subject, target) => restoreCommand(subject, target),
})
