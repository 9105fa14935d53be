/** What a backup script tells, and how it ends. */
import { expect, test } from 'vitest'
import type { Told } from '../../helpers/probes/notifications.ts'
import { type BackupEntry, normaliseTarget } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import check from './notifies.check.ts'

const entry: BackupEntry = {
  id: 'nightly',
  dir: '/b',
  files: { db: 'db-{stamp}.sql' },
  notifications: { native: true, run: ['./backup.sh', '--all files'], failing: { DATABASE_URL: 'postgres://127.0.0.1:1/none' } },
}
const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', backups: [entry] }), { sha256: '0'.repeat(64) })
const well: Told = { exit: 0, received: 'exit 0', messages: ['aa'] }
const badly: Told = { exit: 1, received: 'exit 1', messages: ['bb'] }
const ended: Told = { received: 'ended after 60.0 s', messages: ['bb'] }

test.each<[string, Told, Told, string]>([
  ['told both times', well, badly, 'pass'],
  ['a start that is told both times, and an end that differs', { ...well, messages: ['start', 'aa'] }, { ...badly, messages: ['start', 'bb'] }, 'pass'],
  ['it fails as it is', { ...well, exit: 2, received: 'exit 2' }, badly, 'fail backup.script-failed'],
  ['it never ends', { received: 'ended after 60.0 s', messages: ['aa'] }, badly, 'fail backup.script-failed'],
  ['success is not told', { ...well, messages: [] }, badly, 'fail backup.success-untold'],
  ['failure ends with 0', well, { ...badly, exit: 0, received: 'exit 0' }, 'fail backup.failure-ends-well'],
  ['failure never ends', well, ended, 'fail backup.failure-ends-well'],
  ['failure is not told', well, { ...badly, messages: [] }, 'fail backup.failure-untold'],
  ['the same words', well, { ...badly, messages: ['aa'] }, 'fail backup.failure-told-as-success'],
  ['only the start is told on failure', { ...well, messages: ['start', 'aa'] }, { ...badly, messages: ['start'] }, 'fail backup.failure-told-as-success'],
])('%s', (_name, success, failure, expected) => {
  const [subject] = check.subjects(target)
  if (subject === undefined) throw new Error('nothing to judge')
  const verdict = check.judge({ told: { success, failure } } as never, { target, subject, now: new Date(), options: {} })
  expect(verdict.outcome === 'fail' ? `fail ${verdict.code}` : verdict.outcome).toBe(expected)
  expect(verdict.evidence.length).toBeGreaterThan(3)
})
test('by hand, and only where it is declared', () => {
  const [subject] = check.subjects(target)
  if (subject === undefined) throw new Error('nothing to judge')
  expect(check.reproduce(subject, target)).toBe(`env DATABASE_URL=postgres://127.0.0.1:1/none ./backup.sh '--all files'; echo "exit $?"`)
  const { notifications: _notifications, ...silent } = entry
  expect(check.subjects(normaliseTarget(targetSchema.parse({ domain: 'example.com', backups: [silent] }), { sha256: '0'.repeat(64) }))).toEqual([])
})
