import { backupRoles, roleOf } from '../../helpers/artifact/subjects.ts'
import { chosenSet } from '../../helpers/artifact/sets.ts'
import { defineCheck } from '../../helpers/check.ts'
import { fail, pass, skip } from '../../helpers/verdict.ts'
import { at, listCommand, look, noBackups, nothing, sizeOf } from './shared.ts'

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

export default defineCheck({
  id: 'backup/size-anomaly',
  title: 'The newest backup is about as large as those before it',
  failureTitle: 'The newest backup differs much in size from those before it',
  why: 'A dump that shrank to a tenth lost nine tenths of the data, or was made of another database; both end without an error.',
  source: 'garrytan/gbrain 1361 (13 KB instead of 11 MB); ratio to the median of the seven before it',
  severity: 'high',
  codes: {
    'backup.size-collapsed': {
      meaning: 'The newest file is less than half as large as usual.',
      fix: 'Compare its tables and rows with the one before; look for options that leave data out.',
    },
    'backup.size-exploded': {
      meaning: 'The newest file is more than three times as large as usual.',
      fix: 'Look for what grew: logs in the database, temporary files among the uploads.',
    },
  },
  options: { samples: 7, collapsed: 0.1, least: 0.5, most: 3 },
  subjects: backupRoles(),
  unless: noBackups,
  needs: (subject) => ({ folder: look({ name: subject.name, item: roleOf(subject).entry }) }),
  judge: ({ folder }, { subject, options }) => {
    const { role } = roleOf(subject)
    const file = chosenSet(folder)?.files.find((one) => one.role === role)
    if (file === undefined) return nothing(folder)
    const earlier = folder.sets
      .flatMap(({ files }) => files)
      .filter((one) => one.role === role && one !== file && !one.growing)
      .slice(0, options.samples)
    if (earlier.length < 3) return skip('not-applicable', `${earlier.length} earlier files are too few to compare with`)
    const usual = median(earlier.map(({ bytes }) => bytes))
    const ratio = file.bytes / usual
    const evidence = at(folder, file.name, `${options.least} to ${options.most} times the usual ${usual} bytes`, `${sizeOf(file)}, ${ratio.toFixed(2)} times`)
    if (ratio >= options.least && ratio <= options.most) return pass(evidence)
    if (ratio > options.most) return fail('backup.size-exploded', evidence)
    return fail('backup.size-collapsed', evidence, ratio < options.collapsed ? 'critical' : 'high')
  },
  reproduce: (subject, target) => listCommand({ name: subject.name, item: roleOf(subject).entry }, target),
  covers: ['A150'],
})
