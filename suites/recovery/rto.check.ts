import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, entryOf, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { earlierDrills } from '../../helpers/probes/earlier-drills.ts'
import { fail, illustrated, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { earlierFigure } from './trend.ts'

export default defineCheck({
  id: 'recovery/rto',
  title: 'Recovery takes no longer than the objective',
  failureTitle: 'Recovery takes longer than the objective',
  why: 'The time to usable data, measured on this backup, beside what was promised. Only a restore on what runs live proves it.',
  source: 'sum of unpacking, starting, restoring and the first answered query, and humanOverheadMinutes; objectives.rtoMinutes',
  severity: 'critical',
  codes: {
    'recovery.rto-exceeded': {
      meaning: 'Recovery takes longer than rtoMinutes.',
      fix: 'Restore in parallel (custom or directory format, pg_restore -j), give the server more memory, leave out what can be rebuilt, or promise less.',
    },
  },
  options: {},
  subjects: drilled((drill) => drill.objectives?.rtoMinutes !== undefined),
  unless: notDeclared('objectives.rtoMinutes'),
  needs: (subject) => ({ ...looks(subject), earlier: earlierDrills(entryOf(subject)) }),
  judge: ({ drill, earlier }, { subject }) => {
    const objectives = declaredDrill(subject).objectives
    const limit = objectives?.rtoMinutes
    if (limit === undefined) return skip('not-declared', 'objectives.rtoMinutes is not declared')
    const spans = drill.phases.map(({ name, detail, startMs, endMs, done }) => ({
      label: `${name} ${detail}`,
      startMs,
      endMs,
      outcome: done ? ('pass' as const) : ('inconclusive' as const),
    }))
    const before = earlierFigure(drill.entry, earlier.drills)
    const timeline = { kind: 'timeline', title: `Recovery of ${drill.entry}`, spans } as const
    const people = objectives?.humanOverheadMinutes ?? 0
    if (drill.usableMs === undefined || drill.databases.length === 0 || drill.notRestored.length > 0)
      return inconclusive(
        'unobserved',
        'the set was not restored whole, so that nobody knows how long it takes',
        drill.notRestored.map(({ label, why }) => ({ what: label, expected: 'restored', received: why })),
      )
    const minutes = drill.usableMs / 60_000 + people
    const weak = drill.databases.find(({ basis }) => basis.kind !== 'measured')?.basis
    const evidence = {
      what: `time to usable data of ${drill.entry}`,
      expected: `at most ${limit} min`,
      received: `${minutes.toFixed(2)} min (${(drill.usableMs / 1000).toFixed(1)} s by machines, ${people} min by people), ${weak === undefined ? `measured: ${drill.databases[0]?.basis.why ?? ''}` : `optimistic: ${weak.why}`}; headroom ${(limit / minutes).toFixed(1)} times`,
    }
    const figures = before === undefined ? [timeline] : [timeline, before]
    if (!(minutes <= limit)) return illustrated(fail('recovery.rto-exceeded', evidence), ...figures)
    return weak === undefined
      ? illustrated(pass(evidence), ...figures)
      : illustrated(inconclusive('misused', `the time is optimistic: ${weak.why}`, evidence), ...figures)
  },
  reproduce: (subject, target) => restoreCommand(subject, target),
  covers: ['E79', 'A153', 'A155'],
})
