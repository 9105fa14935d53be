import { backupRoles, newestWord, roleOf } from '../../helpers/artifact/subjects.ts'
import { defineCheck } from '../../helpers/check.ts'
import { backupArtifact, type SeenArtifact } from '../../helpers/probes/backups.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { undeclared } from './shared.ts'

const DATABASES: ReadonlySet<string> = new Set(['postgres', 'mysql', 'sqlite', 'redis'])
/** What was dumped, without what differs between two dumps of the same data. */
const contentOf = (seen: SeenArtifact): string => seen.facts.dump?.contentDigest ?? seen.facts.sha256

export default defineCheck({
  id: 'backup/content-frozen',
  title: 'The data in the backups move on',
  failureTitle: 'The backups hold the same data again and again',
  why: 'A dump of a replica that stands still, of a forgotten copy, or yesterday’s file under a new name looks fresh and is not.',
  source: 'backups.expectWrites of the target; digest of the decoded dump without tokens and times',
  severity: 'high',
  codes: {
    'backup.frozen': {
      meaning: 'Three backups in a row hold the same data, although writes are expected.',
      fix: 'Look which server and database the job reads; a replica may have stopped following.',
    },
    'backup.copy-of-previous': {
      meaning: 'The newest file is byte for byte the one before it, which two runs of the dump tool never write.',
      fix: 'Look whether the script copies an old file when the dump fails.',
    },
  },
  options: {},
  subjects: backupRoles((entry, role) => {
    const declared = entry.files[role]
    const kind = typeof declared === 'object' ? declared.kind : undefined
    return entry.expectWrites === true && (kind === undefined || DATABASES.has(kind))
  }),
  unless: undeclared('expects writes between two backups (expectWrites)'),
  needs: (subject) => {
    const { entry, role } = roleOf(subject)
    return { newest: backupArtifact(entry, role), second: backupArtifact(entry, role, 1), third: backupArtifact(entry, role, 2) }
  },
  judge: ({ newest, second, third }) => {
    if (newest === undefined) return inconclusive('unobserved', 'there is no backup to judge')
    if (second === undefined) return skip('not-applicable', 'there is no earlier backup to compare with')
    const evidence = {
      what: `data in ${newest.file.name}`,
      expected: 'other than in the backups before it',
      received: `${contentOf(newest).slice(0, 16)}…, before it ${[second, third].flatMap((one) => (one === undefined ? [] : [`${contentOf(one).slice(0, 16)}…`])).join(' and ')}`,
      where: newest.file.path,
    }
    // Each run of pg_dump writes a new token or a new time: equal bytes were copied.
    const unique = newest.facts.dump?.restrict !== undefined || newest.facts.format === 'pg-custom'
    if (unique && newest.facts.sha256 === second.facts.sha256) return fail('backup.copy-of-previous', evidence)
    if (third === undefined)
      return contentOf(newest) === contentOf(second)
        ? skip('not-applicable', 'two equal backups may be chance; there is no third to compare with', evidence)
        : pass(evidence)
    return contentOf(newest) === contentOf(second) && contentOf(second) === contentOf(third) ? fail('backup.frozen', evidence) : pass(evidence)
  },
  reproduce: (subject, target) => {
    return `sha256sum ${newestWord(roleOf(subject), target)}`
  },
  covers: ['A150'],
})
