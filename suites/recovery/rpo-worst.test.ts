/** The longest time between two copies: from the recovery point of one until the next has landed. */
import { expect, test } from 'vitest'
import type { OffsiteCopies } from '../../helpers/probes/offsite.ts'
import { type BackupEntry, normaliseTarget } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import check from './rpo-worst.check.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
const ago = (hours: number): string => new Date(NOW.getTime() - hours * 3_600_000).toISOString()
type Arrival = NonNullable<OffsiteCopies['arrivals']>[number]
const arrival = (hours: number, took = 1, more: Partial<Arrival> = {}): Arrival => ({
  at: ago(hours),
  arrivedAt: ago(hours - took),
  basis: 'upload',
  whole: true,
  ...more,
})
const entry: BackupEntry = { id: 'x', dir: '/b', files: { db: 'db-{stamp}.sql' }, lookbackDays: 5, offsite: { dir: '/o', maxLossHours: 25 } }
const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', backups: [entry] }), { sha256: '0'.repeat(64) })

test.each<[string, readonly Arrival[], string]>([
  ['every night, an hour for dump and upload', [arrival(2), arrival(26), arrival(50)], 'pass'],
  ['an upload of two hours', [arrival(2), arrival(26, 2), arrival(50)], 'fail recovery.rpo-window'],
  ['a night that is missing', [arrival(2), arrival(50)], 'fail recovery.rpo-window'],
  ['a night of which only half came', [arrival(2), arrival(26, 1, { whole: false }), arrival(50)], 'fail recovery.rpo-window'],
  ['a gap before the time looked back', [arrival(2), arrival(26), arrival(400)], 'pass'],
  ['only one', [arrival(2)], 'skip'],
  ['none', [], 'inconclusive run.unobserved'],
])('%s', (_name, arrivals, expected) => {
  const copies: OffsiteCopies = { compared: [], arrivals, at: NOW.toISOString() }
  const [subject] = check.subjects(target)
  if (subject === undefined) throw new Error('nothing to judge')
  const verdict = check.judge({ copies } as never, { target, subject, now: NOW, options: {} })
  expect(verdict.outcome === 'skip' || verdict.outcome === 'pass' ? verdict.outcome : `${verdict.outcome} ${verdict.code}`).toBe(expected)
  if (verdict.outcome === 'pass' || verdict.outcome === 'fail') expect(verdict.evidence[0]?.received).toMatch(/^\d+\.\d h: from 2026-/)
})
