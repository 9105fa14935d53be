import { isWhole } from '../../helpers/artifact/sets.ts'
import { defineCheck } from '../../helpers/check.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { at, backups, DAY, entryOf, hours, listCommand, look, nothing, undeclared } from './shared.ts'

export default defineCheck({
  id: 'backup/retention',
  title: 'As many backups are kept as declared',
  failureTitle: 'Too few or too old backups are kept',
  why: 'Damage is often noticed days later: then yesterday is too new. And what should be deleted after a time must be.',
  source: 'backups.retention of the target',
  severity: 'high',
  clockSensitive: true,
  codes: {
    'backup.too-few': { meaning: 'Fewer whole backups are there than declared.', fix: 'Look whether the clean-up deletes too much, or the job fails.' },
    'backup.history-short': {
      meaning: 'The oldest backup does not reach back as far as declared.',
      fix: 'Keep backups longer; a new schedule needs that many days before this passes.',
    },
    'backup.too-old': {
      meaning: 'Backups are kept longer than declared.',
      fix: 'Repair the clean-up job (find -mtime +N -delete), and see that it looks into this folder.',
    },
  },
  options: {},
  subjects: backups((entry) => entry.retention !== undefined && Object.keys(entry.retention).length > 0),
  unless: undeclared('says how many are kept (retention)'),
  needs: (subject) => ({ folder: look(subject) }),
  judge: ({ folder }, { subject }) => {
    const { min, days, maxDays } = entryOf(subject).retention ?? {}
    const oldest = folder.sets.at(-1)
    if (oldest === undefined) return nothing(folder)
    const age = Date.parse(folder.at) - Date.parse(oldest.at)
    const whole = folder.sets.filter(isWhole).length
    const findings: Finding[] = []
    if (min !== undefined)
      findings.push({ grade: whole >= min ? 'pass' : 'fail', code: 'backup.too-few', evidence: at(folder, 'whole backups', `≥ ${min}`, String(whole)) })
    if (days !== undefined)
      findings.push({
        grade: age >= days * DAY ? 'pass' : 'fail',
        code: 'backup.history-short',
        evidence: at(folder, 'age of the oldest backup', `≥ ${days} days`, hours(age)),
      })
    if (maxDays !== undefined)
      findings.push({
        grade: age <= maxDays * DAY ? 'pass' : 'fail',
        code: 'backup.too-old',
        evidence: at(folder, 'age of the oldest backup', `≤ ${maxDays} days`, hours(age)),
      })
    return worst(findings)
  },
  reproduce: listCommand,
  covers: ['A145', 'C66', 'D66', 'E72'],
})
