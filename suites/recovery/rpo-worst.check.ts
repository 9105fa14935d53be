import { secretWord, shellQuote } from '../../helpers/reproduce.ts'
import { defineCheck } from '../../helpers/check.ts'
import { withoutTrailing } from '../../helpers/grammar/linear.ts'
import { offsiteCopies } from '../../helpers/probes/offsite.ts'
import type { BackupEntry } from '../../helpers/target.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const hours = (milliseconds: number): string => `${(milliseconds / HOUR).toFixed(1)} h`

export default defineCheck({
  id: 'recovery/rpo-worst',
  title: 'Even just before the next copy lands, no more than declared would be lost',
  failureTitle: 'Just before a copy landed, more than declared would have been lost',
  why: 'A nightly dump that takes 40 minutes and uploads for 20 loses 25 hours, not 24: until the next copy is there, only the one before counts.',
  source: 'backups.offsite.maxLossHours of the target; for every two sets that follow each other: arrival of the later one less recovery point of the earlier',
  severity: 'high',
  codes: {
    'recovery.rpo-window': {
      meaning: 'Between two copies more time passed than may be lost.',
      fix: 'Back up more often, make dump and upload faster, or correct maxLossHours to what was agreed.',
    },
  },
  options: {},
  subjects: (target) =>
    (target.file.backups ?? []).filter(({ offsite }) => offsite?.maxLossHours !== undefined).map((entry) => ({ name: entry.id, item: entry })),
  unless: { skip: 'not-declared', reason: 'no entry of `backups` says how much may be lost at most (offsite.maxLossHours)' },
  needs: (subject) => ({ copies: offsiteCopies(subject.item as BackupEntry) }),
  judge: ({ copies }, { subject }) => {
    const entry = subject.item as BackupEntry
    const most = (entry.offsite?.maxLossHours ?? Number.NaN) * HOUR
    const since = Date.parse(copies.at) - (entry.lookbackDays ?? 14) * DAY
    const arrivals = (copies.arrivals ?? []).filter(({ at, whole }) => whole && Date.parse(at) >= since)
    if (arrivals.length === 0) return inconclusive('unobserved', 'no whole set is at the second place')
    if (arrivals.length === 1) return skip('not-applicable', 'one set alone shows no window; the next run may')
    const windows = arrivals.slice(1).map((earlier, index) => {
      const later = arrivals[index] as typeof earlier
      return { earlier, later, lost: Date.parse(later.arrivedAt) - Date.parse(earlier.at) }
    })
    const worst = windows.reduce((one, other) => (other.lost > one.lost ? other : one))
    const evidence = {
      what: `longest of ${windows.length} windows`,
      expected: `≤ ${hours(most)}`,
      received: `${hours(worst.lost)}: from ${worst.earlier.at} until ${worst.later.arrivedAt} (${worst.later.basis === 'upload' ? 'time of the upload' : 'time of the file, the copy may be later'})`,
      where: entry.offsite?.dir ?? '',
      at: copies.at,
    }
    return worst.lost <= most ? pass(evidence) : fail('recovery.rpo-window', evidence)
  },
  reproduce: (subject, target) => {
    const { offsite } = subject.item as BackupEntry
    return offsite?.s3 === undefined
      ? `ls -lt --time-style=full-iso ${shellQuote(offsite?.dir ?? '')}`
      : `AWS_ACCESS_KEY_ID=${secretWord(target, offsite.s3.accessKeyId, 'AWS_ACCESS_KEY_ID')} AWS_SECRET_ACCESS_KEY=${secretWord(target, offsite.s3.secretAccessKey, 'AWS_SECRET_ACCESS_KEY')} aws --endpoint-url ${shellQuote(offsite.s3.endpoint)} --region ${shellQuote(offsite.s3.region ?? 'us-east-1')} s3 ls ${shellQuote(`${withoutTrailing(offsite.dir, '/')}/`)}`
  },
})
