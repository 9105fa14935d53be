import { defineCheck } from '../../helpers/check.ts'
import { fail, pass } from '../../helpers/verdict.ts'
import { at, backups, entryOf, listCommand, look, nothing, undeclared, whenOf } from './shared.ts'

export default defineCheck({
  id: 'backup/complete',
  title: 'The newest set has all its files',
  failureTitle: 'Files are missing from the newest set',
  why: 'A database without its uploads, or without its roles, is half a restore; it is noticed when the other half is needed.',
  source: 'backups.files of the target; files whose times are within ten minutes are one set',
  severity: 'critical',
  codes: {
    'backup.file-missing': {
      meaning: 'The newest set lacks a file that belongs to it.',
      fix: 'Look which step of the script failed; let it end at the first error (set -e).',
    },
  },
  options: {},
  subjects: backups((entry) => Object.keys(entry.files).length > 1),
  unless: undeclared('has more than one file'),
  needs: (subject) => ({ folder: look(subject) }),
  judge: ({ folder }, { subject }) => {
    const entry = entryOf(subject)
    // A set that is being made now is not judged before its time is up.
    const due = Date.parse(folder.at) - (entry.toleranceMinutes ?? 60) * 60_000
    const set = folder.sets.find((one) => one.missing.length === 0 || Date.parse(one.at) < due)
    if (set === undefined) return nothing(folder)
    const evidence = at(folder, `files of the set of ${whenOf(set)}`, Object.keys(entry.files).join(', '), set.files.map(({ role }) => role).join(', '))
    return set.missing.length === 0
      ? pass(evidence)
      : fail('backup.file-missing', { ...evidence, received: `${evidence.received}; missing: ${set.missing.join(', ')}` })
  },
  reproduce: listCommand,
  covers: ['A143', 'A151', 'B74', 'E77'],
})
