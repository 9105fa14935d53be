import { backupRoles, newestWord, roleOf } from '../../helpers/artifact/subjects.ts'
import { chosenSet } from '../../helpers/artifact/sets.ts'
import { defineCheck } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { backupArtifact } from '../../helpers/probes/backups.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { at, hours, look, noBackups } from './shared.ts'

const MINUTE = 60_000

export default defineCheck({
  id: 'backup/timestamps-agree',
  title: 'Name, content and file agree on when the backup was made',
  failureTitle: 'Name, content and file do not agree on when the backup was made',
  why: 'An old file under a new name passes every test of age. The dump itself often says when it began.',
  source: 'time in the name, creation time inside the dump, modification time of the file; 15 minutes, whole zones aside',
  severity: 'medium',
  codes: {
    'backup.name-newer-than-file': {
      meaning: 'The file was last written before the time in its name.',
      fix: 'Look whether old files are renamed or copied; the name must be the time at which the dump begins.',
    },
    'backup.content-older': {
      meaning: 'The dump says that it began at another time than its name does.',
      fix: 'The name must be made when the dump is made; look whether an old dump was uploaded again.',
    },
  },
  options: { minutes: 15 },
  subjects: backupRoles(),
  unless: noBackups,
  needs: (subject) => {
    const { entry, role } = roleOf(subject)
    return { folder: look({ name: subject.name, item: entry }), artifact: attempt(backupArtifact(entry, role)) }
  },
  judge: ({ folder, artifact }, { subject, options }) => {
    const { role } = roleOf(subject)
    const set = chosenSet(folder)
    const file = set?.files.find((one) => one.role === role)
    if (set === undefined || file === undefined) return inconclusive('unobserved', 'there is no backup to judge')
    if (set.basis === 'mtime') return skip('not-applicable', 'its name has no time in it')
    const most = options.minutes * MINUTE
    const late = Date.parse(set.at) - Date.parse(file.modifiedAt)
    const findings: Finding[] = [
      {
        grade: late <= most ? 'pass' : 'warn',
        code: 'backup.name-newer-than-file',
        evidence: at(
          folder,
          `${file.name}, last written`,
          `not before ${set.at}`,
          late <= most ? file.modifiedAt : `${file.modifiedAt}, ${hours(late)} before`,
        ),
      },
    ]
    const seen = artifact.ok ? artifact.value : undefined
    const made = seen?.facts.dump?.createdAt
    if (made !== undefined && seen?.facts.dump?.engine === 'postgres') {
      const distance = Math.abs(Date.parse(made) - Date.parse(set.at))
      // The time inside has no zone: up to 14 hours, a whole number of quarter hours apart is the same instant told elsewhere.
      const zoned = distance <= 14 * 60 * MINUTE + most && Math.min(distance % most, most - (distance % most)) <= 5 * MINUTE
      findings.push({
        grade: distance <= most || zoned ? 'pass' : 'warn',
        code: 'backup.content-older',
        evidence: at(folder, `${file.name}, time inside`, `within ${options.minutes} minutes of ${set.at}`, made),
      })
    }
    return worst(findings)
  },
  reproduce: (subject, target) => {
    return `stat ${newestWord(roleOf(subject), target)}`
  },
  covers: ['A145'],
})
