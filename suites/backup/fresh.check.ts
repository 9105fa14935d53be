import { isWhole } from '../../helpers/artifact/sets.ts'
import { defineCheck } from '../../helpers/check.ts'
import { fail, pass } from '../../helpers/verdict.ts'
import { at, backups, entryOf, HOUR, hours, listCommand, look, nothing, undeclared, whenOf } from './shared.ts'

export default defineCheck({
  id: 'backup/fresh',
  title: 'The newest backup is within the recovery point objective',
  failureTitle: 'The newest backup is older than the recovery point objective',
  why: 'Everything written since the newest backup is lost with the server.',
  source: 'backups.maxAgeHours of the target; age counts from the time in the name, because a copied file has a new time of its own',
  severity: 'critical',
  clockSensitive: true,
  codes: {
    'backup.stale': {
      meaning: 'The newest whole backup is older than declared.',
      fix: 'Look why the job stopped (cron, disk, credentials), run it by hand, and let a missed run raise an alarm.',
    },
    'backup.future': {
      meaning: 'The name of the newest backup is a time that is yet to come.',
      fix: 'Declare the time zone of the names (`timeZone`), or let the script use date -u.',
    },
  },
  options: {},
  subjects: backups((entry) => entry.maxAgeHours !== undefined),
  unless: undeclared('says how old the newest one may be (maxAgeHours)'),
  needs: (subject) => ({ folder: look(subject) }),
  judge: ({ folder }, { subject }) => {
    const most = (entryOf(subject).maxAgeHours ?? Number.NaN) * HOUR
    const newest = folder.sets.find(isWhole)
    if (newest === undefined)
      return folder.sets[0] === undefined
        ? nothing(folder)
        : fail('backup.stale', at(folder, 'newest whole backup', `≤ ${hours(most)} old`, 'none of the sets is whole'))
    const age = Date.parse(folder.at) - Date.parse(newest.at)
    const evidence = at(folder, 'newest whole backup', `≤ ${hours(most)} old`, `${hours(age)} old: ${whenOf(newest)}`)
    if (age < -15 * 60_000) return fail('backup.future', evidence)
    return age <= most ? pass(evidence) : fail('backup.stale', evidence)
  },
  reproduce: listCommand,
  covers: ['A144', 'A146', 'C65', 'D65', 'E68', 'E78'],
})
