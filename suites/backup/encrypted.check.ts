import { backupRoles, newestWord, roleOf } from '../../helpers/artifact/subjects.ts'
import { ENCRYPTED } from '../../helpers/artifact/facts.ts'
import { defineCheck } from '../../helpers/check.ts'
import { backupArtifact } from '../../helpers/probes/backups.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { mustBeLocked, undeclared } from './shared.ts'

export default defineCheck({
  id: 'backup/encrypted',
  title: 'The backup is encrypted',
  failureTitle: 'The backup lies there in clear',
  why: 'A backup is the whole database in one file, and it travels: to buckets, disks and people.',
  source: 'backups.encryption: required; headers of age, OpenPGP (RFC 9580 §4) and openssl enc',
  severity: 'high',
  codes: {
    'backup.plain': {
      meaning: 'A file that must be encrypted can be read by anybody.',
      fix: 'Pipe it through age -r RECIPIENT or gpg --encrypt before it is written; keep the key elsewhere.',
    },
  },
  options: {},
  subjects: backupRoles(mustBeLocked),
  unless: undeclared('must be encrypted (encryption: required)'),
  needs: (subject) => ({ artifact: backupArtifact(roleOf(subject).entry, roleOf(subject).role) }),
  judge: ({ artifact }) => {
    if (artifact === undefined) return inconclusive('unobserved', 'there is no backup to judge')
    const { facts, file } = artifact
    const evidence = {
      what: file.name,
      expected: 'age, OpenPGP or openssl',
      received: [...(facts.sealed === undefined ? [] : [facts.sealed.kind]), ...facts.layers, facts.format].join(', within it '),
      where: file.path,
    }
    // Compressed data without any structure may be anything; only a known header is proof.
    return ENCRYPTED.has(facts.format) || facts.sealed !== undefined ? pass(evidence) : fail('backup.plain', evidence)
  },
  reproduce: (subject, target) => `head -c 64 ${newestWord(roleOf(subject), target)} | file -`,
  covers: ['B76', 'C69'],
})
