import { defineCheck } from '../../helpers/check.ts'
import { offsiteIndependence } from '../../helpers/probes/offsite.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { backups, copyCommand, entryOf, undeclared } from './shared.ts'

export default defineCheck({
  id: 'backup/offsite-independent',
  title: 'The second place survives whoever holds the first',
  failureTitle: 'Whoever holds the first place can destroy the second',
  why: 'Ransom begins with the backups that the server itself can delete. A copy counts when the server’s own credentials cannot take it away.',
  source: 'backups.offsite.independent of the target; GetBucketVersioning, GetObjectLockConfiguration; st_dev of both folders',
  severity: 'medium',
  codes: {
    'backup.offsite.same-disk': { meaning: 'Both places are on one file system.', fix: 'Copy to another machine or a bucket.' },
    'backup.offsite.same-credentials': {
      meaning: 'Both buckets are reached with one key.',
      fix: 'Give the second place an account of its own, and the server no more than the right to add.',
    },
    'backup.offsite.overwritable': {
      meaning: 'The bucket keeps no earlier versions and locks nothing: one command empties it.',
      fix: 'Switch on versioning, better object lock (retention in compliance mode).',
    },
  },
  options: {},
  subjects: backups((entry) => entry.offsite?.independent === true),
  unless: undeclared('asks for an independent second place (offsite.independent)'),
  needs: (subject) => ({ seen: offsiteIndependence(entryOf(subject)) }),
  judge: ({ seen }, { subject }) => {
    const where = entryOf(subject).offsite?.dir ?? ''
    const findings: Finding[] = []
    const add = (code: string, wrong: boolean, what: string, expected: string, received: string): void =>
      void findings.push({ grade: wrong ? 'fail' : 'pass', code, evidence: { what, expected, received, where } })
    if (seen.sameDisk !== undefined) add('backup.offsite.same-disk', seen.sameDisk, 'file system', 'another one', seen.sameDisk ? 'the same' : 'another one')
    if (seen.sameKey !== undefined) add('backup.offsite.same-credentials', seen.sameKey, 'key id', 'another one', seen.sameKey ? 'the same' : 'another one')
    if (seen.versioned !== undefined || seen.locked !== undefined) {
      const kept = seen.versioned === true || seen.locked === true
      // One of the two unknown, the other off: nobody can tell.
      if (kept || (seen.versioned !== undefined && seen.locked !== undefined))
        add(
          'backup.offsite.overwritable',
          !kept,
          'earlier versions, locks',
          'versioning or object lock',
          `versioning ${seen.versioned === true ? 'on' : 'off'}, object lock ${seen.locked === true ? 'on' : 'off'}`,
        )
    }
    const told = seen.sameDisk !== undefined || findings.some(({ code }) => code === 'backup.offsite.overwritable')
    if (findings.some(({ grade }) => grade === 'fail') || told) return worst(findings)
    return inconclusive('unobserved', 'the key may not ask whether earlier versions are kept', {
      what: 'versioning and object lock',
      expected: 'readable (s3:GetBucketVersioning, s3:GetBucketObjectLockConfiguration)',
      received: 'AccessDenied',
      where,
    })
  },
  reproduce: copyCommand,
})
