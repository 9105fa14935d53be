import { defineCheck } from '../../helpers/check.ts'
import { fail, pass, skip } from '../../helpers/verdict.ts'
import { at, backups, DAY, entryOf, HOUR, hours, listCommand, look, nothing, undeclared } from './shared.ts'

export default defineCheck({
  id: 'backup/schedule-gaps',
  title: 'No backup of the schedule is missing',
  failureTitle: 'Backups of the schedule are missing',
  why: 'Nights without a backup are the sign of a job that sometimes fails; the next failure may be the one that matters.',
  source: 'backups.everyHours, toleranceMinutes and lookbackDays of the target',
  severity: 'high',
  codes: {
    'backup.gap': { meaning: 'Between two backups more time passed than the schedule allows.', fix: 'Look into the log of the job for the missing times.' },
  },
  options: {},
  subjects: backups((entry) => entry.everyHours !== undefined),
  unless: undeclared('says how often it is made (everyHours)'),
  needs: (subject) => ({ folder: look(subject) }),
  judge: ({ folder }, { subject }) => {
    const entry = entryOf(subject)
    if (folder.sets.length === 0) return nothing(folder)
    const every = (entry.everyHours ?? Number.NaN) * HOUR
    const most = every + (entry.toleranceMinutes ?? 60) * 60_000
    const since = Date.parse(folder.at) - (entry.lookbackDays ?? 14) * DAY
    const times = folder.sets.map((set) => Date.parse(set.at)).filter((time) => time >= since)
    // How old the newest may be is judged by backup/fresh, where that is declared.
    if (entry.maxAgeHours === undefined) times.unshift(Date.parse(folder.at))
    if (times.length < 2) return skip('not-applicable', 'fewer than two backups within the time looked back')
    const gaps = times.slice(1).flatMap((time, index) => {
      const gap = (times[index] as number) - time
      return gap <= most ? [] : [{ from: time, gap, missing: Math.max(1, Math.round(gap / every) - 1) }]
    })
    const worst = gaps.toSorted((a, b) => b.gap - a.gap)
    const first = worst[0]
    if (first === undefined) return pass(at(folder, 'time between two backups', `≤ ${hours(most)}`, `${times.length} backups without a gap`))
    const evidence = worst
      .slice(0, 10)
      .map(({ from, gap, missing }) =>
        at(folder, 'time between two backups', `≤ ${hours(most)}`, `${hours(gap)} after ${new Date(from).toISOString()}: ${missing} missing`),
      )
    return fail('backup.gap', evidence, first.missing > 1 ? 'critical' : 'high')
  },
  reproduce: listCommand,
  covers: ['A144', 'C65', 'D65', 'E72'],
})
