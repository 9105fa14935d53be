/** Judgement of the suite: healthy folders, then one thing wrong per case, and the traps that must not alarm. Plain objects, no disk. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ArtifactFacts } from '../../helpers/artifact/facts.ts'
import type { BackupFile, BackupFolder, BackupSet } from '../../helpers/artifact/sets.ts'
import type { Check } from '../../helpers/check.ts'
import type { Observed } from '../../helpers/probe.ts'
import type { SeenArtifact } from '../../helpers/probes/backups.ts'
import { type BackupEntry, normaliseTarget } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
const HOUR = 3_600_000
const ago = (hours: number): string => new Date(NOW.getTime() - hours * HOUR).toISOString()

const checks = new Map<string, Check>()
for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.check.ts'))) {
  const { default: check } = (await import(`./${file}`)) as { default: Check }
  checks.set(check.id.slice('backup/'.length), check)
}

const entry = (more: Partial<BackupEntry> = {}): BackupEntry => ({
  id: 'nightly',
  dir: '/backups',
  files: { database: 'db-{stamp}.sql', uploads: 'up-{stamp}.tar' },
  ...more,
})
const file = (role: string, hours: number, more: Partial<BackupFile> = {}): BackupFile => ({
  role,
  name: `${role}-${hours}`,
  path: `/backups/${role}-${hours}`,
  bytes: 100_000,
  modifiedAt: ago(hours),
  mode: 0o640,
  folder: false,
  growing: false,
  ...more,
})
const set = (hours: number, more: Partial<BackupSet> = {}, change: Partial<BackupFile> = {}): BackupSet => ({
  at: ago(hours),
  basis: 'name',
  files: [file('database', hours, change), file('uploads', hours)],
  missing: [],
  ...more,
})
const NIGHTS = [2, 26, 50, 74, 98, 122, 146, 170]
const folder = (more: Partial<BackupFolder> = {}): BackupFolder => ({
  dir: '/backups',
  mode: 0o750,
  sets: NIGHTS.map((hours) => set(hours)),
  partial: [],
  others: 0,
  at: NOW.toISOString(),
  ...more,
})
const nights = (...hours: readonly number[]): BackupFolder => folder({ sets: hours.map((one) => set(one)) })
const newestIs = (change: Partial<BackupFile>): BackupFolder => folder({ sets: [set(2, {}, change), ...NIGHTS.slice(1).map((hours) => set(hours))] })
const seen = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: NOW.toISOString(), durationMs: 1, attempts: 1 })
const failed = (code: string): Observed<never> => ({
  ok: false,
  failure: { code, message: code, phase: 'response' },
  startedAt: NOW.toISOString(),
  durationMs: 1,
  attempts: 1,
})
const artifact = (facts: Partial<ArtifactFacts> = {}, hours = 2): SeenArtifact => ({
  file: file('database', hours),
  set: { at: ago(hours), basis: 'name' },
  facts: {
    name: 'db.sql',
    bytes: 1,
    layers: [],
    decodedBytes: 1,
    format: 'pg-plain',
    sha256: 'a'.repeat(64),
    reading: { complete: true },
    members: [],
    ...facts,
  },
})

function judge(name: string, looked: Record<string, unknown>, declared: Partial<BackupEntry> = {}, role = 'database'): Verdict {
  const check = checks.get(name)
  if (check === undefined) throw new Error(`no check ${name}`)
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', backups: [entry(declared)] }), { sha256: '0'.repeat(64) })
  const subjects = check.subjects(target)
  const subject = subjects.find(({ name: one }) => one.endsWith(`/${role}`)) ?? subjects[0]
  if (subject === undefined) throw new Error(`${name} has no subject`)
  expect(check.reproduce(subject, target)).toMatch(/\S/)
  const verdict = check.judge(looked as never, { target, subject, now: NOW, options: check.options })
  if ('code' in verdict && !verdict.code.startsWith('run.')) expect(Object.keys(check.codes)).toContain(verdict.code)
  if (verdict.outcome === 'pass') expect(verdict.evidence.length).toBeGreaterThan(0)
  return verdict
}
const outcome = (verdict: Verdict): string => ('code' in verdict ? `${verdict.outcome} ${verdict.code}` : verdict.outcome)

test('there are checks, and without `backups` each says so', () => {
  expect(checks.size).toBe(19)
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com' }), { sha256: '0'.repeat(64) })
  for (const check of checks.values()) {
    expect(check.subjects(target)).toEqual([])
    expect(check.unless.skip).toBe('not-declared')
  }
})

describe.each<[string, Partial<BackupEntry>, readonly (readonly [string, unknown, string])[]]>([
  [
    'exists',
    {},
    [
      ['eight sets', seen(folder()), 'pass'],
      ['no set', seen(folder({ sets: [], others: 3 })), 'fail backup.none'],
      ['no folder', failed('ENOENT'), 'fail backup.folder-missing'],
      ['a folder that cannot be read', failed('EACCES'), 'inconclusive run.unobserved'],
    ],
  ],
  [
    'fresh',
    { maxAgeHours: 26 },
    [
      ['two hours', folder(), 'pass'],
      ['exactly 26 hours', nights(26), 'pass'],
      ['27 hours', nights(27), 'fail backup.stale'],
      ['the newest is being written: the one before counts', folder({ sets: [set(0, {}, { growing: true }), set(20)] }), 'pass'],
      ['only half sets', folder({ sets: [set(2, { missing: ['uploads'] })] }), 'fail backup.stale'],
      ['a name from the future', nights(-3), 'fail backup.future'],
      ['a clock that is a minute ahead', nights(-0.02), 'pass'],
      ['nothing', nights(), 'inconclusive run.unobserved'],
      ['a time that is none', folder({ sets: [set(2, { at: 'x' })] }), 'fail backup.stale'],
    ],
  ],
  [
    'schedule-gaps',
    { everyHours: 24, maxAgeHours: 26 },
    [
      ['every night', folder(), 'pass'],
      ['half an hour late', nights(2, 26.5, 50), 'pass'],
      ['one missing', nights(2, 50, 74), 'fail backup.gap'],
      ['one missing before what is looked back', nights(2, 26, 50, 2000, 2100), 'pass'],
      ['only one', nights(2), 'skip'],
      ['nothing', nights(), 'inconclusive run.unobserved'],
    ],
  ],
  [
    'retention',
    { retention: { min: 3, days: 5, maxDays: 10 } },
    [
      ['eight nights', folder(), 'pass'],
      ['two', nights(2, 170), 'fail backup.too-few'],
      ['three of two days', nights(2, 26, 50), 'fail backup.history-short'],
      ['one of a month', nights(2, 26, 50, 720), 'fail backup.too-old'],
      ['nothing', nights(), 'inconclusive run.unobserved'],
    ],
  ],
  [
    'complete',
    {},
    [
      ['both files', folder(), 'pass'],
      ['one missing', folder({ sets: [set(2, { missing: ['uploads'], files: [file('database', 2)] }), set(26)] }), 'fail backup.file-missing'],
      ['one not there yet, begun ten minutes ago', folder({ sets: [set(0.2, { missing: ['uploads'] }), set(24)] }), 'pass'],
      ['nothing', nights(), 'inconclusive run.unobserved'],
    ],
  ],
  [
    'size-floor',
    { files: { database: 'db-{stamp}.sql', uploads: { name: 'up-{stamp}.tar', minBytes: 10 } } },
    [
      ['large enough', folder(), 'pass'],
      ['no byte', newestIs({ bytes: 0 }), 'fail backup.empty'],
      ['an empty gzip file', newestIs({ bytes: 20 }), 'fail backup.empty'],
      ['300 bytes', newestIs({ bytes: 300 }), 'fail backup.too-small'],
      ['300 bytes, declared', folder({ sets: [set(2, { files: [file('database', 2), file('uploads', 2, { bytes: 300 })] })] }), 'pass'],
      [
        'the digest of nothing',
        newestIs({ sidecar: { name: 'x.md5', algorithm: 'md5', digest: 'd41d8cd98f00b204e9800998ecf8427e' } }),
        'fail backup.digest-of-nothing',
      ],
      ['nothing', nights(), 'inconclusive run.unobserved'],
    ],
  ],
  [
    'half-written',
    {},
    [
      ['finished', folder(), 'pass'],
      ['an old temporary file', folder({ partial: [{ name: 'x.part', bytes: 1, modifiedAt: ago(300) }] }), 'pass'],
      ['a new temporary file', folder({ partial: [{ name: 'x.part', bytes: 1, modifiedAt: ago(1) }] }), 'warn backup.unfinished'],
      ['the newest grows', newestIs({ growing: true }), 'warn backup.growing'],
      ['a bucket, no upload under way', folder({ bucket: true }), 'pass'],
      ['a bucket that does not tell of uploads', folder({ bucket: true, uploadsUnread: true }), 'pass'],
      ['an old upload', folder({ bucket: true, partial: [{ name: 'x', modifiedAt: ago(300) }] }), 'pass'],
      ['a new upload', folder({ bucket: true, partial: [{ name: 'x', modifiedAt: ago(1) }] }), 'warn backup.unfinished'],
    ],
  ],
  [
    'permissions',
    { mode: '750' },
    [
      ['closed', folder(), 'pass'],
      ['a readable file in a closed folder', newestIs({ mode: 0o644 }), 'pass'],
      ['a readable file in an open folder', folder({ ...newestIs({ mode: 0o644 }), mode: 0o755 }), 'fail backup.folder-mode'],
      ['less than declared', folder({ mode: 0o700 }), 'pass'],
      ['nothing', nights(), 'inconclusive run.unobserved'],
    ],
  ],
  [
    'permissions',
    {},
    [
      ['a readable file in an open folder', folder({ ...newestIs({ mode: 0o644 }), mode: 0o755 }), 'warn backup.world-readable'],
      ['a file for its group in an open folder', folder({ ...newestIs({ mode: 0o640 }), mode: 0o755 }), 'pass'],
      ['a readable file in a folder that others may list, but not enter', folder({ ...newestIs({ mode: 0o644 }), mode: 0o754 }), 'pass'],
    ],
  ],
  [
    'size-anomaly',
    {},
    [
      ['as usual', folder(), 'pass'],
      ['a third of it', newestIs({ bytes: 33_000 }), 'fail backup.size-collapsed'],
      ['a twentieth of it', newestIs({ bytes: 5000 }), 'fail backup.size-collapsed'],
      ['four times', newestIs({ bytes: 400_000 }), 'fail backup.size-exploded'],
      ['twice', newestIs({ bytes: 200_000 }), 'pass'],
      ['too few to compare', nights(2, 26), 'skip'],
    ],
  ],
])('%s', (name, declared, cases) => {
  test.each(cases)('%s', (_case, looked, expected) => {
    expect(outcome(judge(name, { folder: looked }, declared))).toBe(expected)
  })
})

test('the gap of several nights is critical, that of one high', () => {
  const severity = (...hours: readonly number[]) => {
    const verdict = judge('schedule-gaps', { folder: nights(...hours) }, { everyHours: 24, maxAgeHours: 26 })
    return verdict.outcome === 'fail' ? verdict.severity : undefined
  }
  expect([severity(2, 50), severity(2, 74)]).toEqual(['high', 'critical'])
})

test('without an objective of age, the time since the newest counts as a gap', () => {
  expect(outcome(judge('schedule-gaps', { folder: nights(60, 84) }, { everyHours: 24 }))).toBe('fail backup.gap')
})

describe('content-frozen', () => {
  const declared: Partial<BackupEntry> = { expectWrites: true }
  const same = (restrict = true, contentDigest = 'c', sha256 = 'x'): SeenArtifact => {
    const dump = { contentDigest, ...(restrict ? { restrict: { closed: true } } : {}) } as ArtifactFacts['dump']
    return artifact({ sha256, ...(dump === undefined ? {} : { dump }) })
  }
  test.each<[string, readonly (SeenArtifact | undefined)[], string]>([
    ['three that differ', [same(true, 'a', '1'), same(true, 'b', '2'), same(true, 'c', '3')], 'pass'],
    ['two equal ones, then another', [same(true, 'a', '1'), same(true, 'a', '2'), same(true, 'c', '3')], 'pass'],
    ['three equal ones', [same(true, 'a', '1'), same(true, 'a', '2'), same(true, 'a', '3')], 'fail backup.frozen'],
    ['the same bytes with a token', [same(true, 'a', '1'), same(true, 'a', '1'), same(true, 'c', '3')], 'fail backup.copy-of-previous'],
    ['the same bytes of a tool without tokens', [same(false, 'a', '1'), same(false, 'a', '1'), same(false, 'c', '3')], 'pass'],
    ['only one', [same(), undefined, undefined], 'skip'],
    ['two equal ones and no third', [same(true, 'a', '1'), same(true, 'a', '2'), undefined], 'skip'],
    ['none', [undefined, undefined, undefined], 'inconclusive run.unobserved'],
  ])('%s', (_name, [newest, second, third], expected) => {
    expect(outcome(judge('content-frozen', { newest, second, third }, declared))).toBe(expected)
  })
})

describe('sidecar-checksum', () => {
  const with_ = (digest: string | undefined, actual = 'abc') => [
    { file: file('database', 2, { sidecar: { name: 'x.md5', algorithm: 'md5', ...(digest === undefined ? {} : { digest }) } }), actual },
  ]
  test.each<[string, unknown, string]>([
    ['equal', with_('abc'), 'pass'],
    ['another', with_('abd'), 'fail backup.digest-differs'],
    ['unreadable', with_(undefined), 'warn backup.digest-unreadable'],
    ['none', [], 'skip'],
  ])('%s', (_name, digests, expected) => {
    expect(outcome(judge('sidecar-checksum', { digests }))).toBe(expected)
  })
})

describe('timestamps-agree', () => {
  const made = (createdAt: string): Observed<SeenArtifact> => seen(artifact({ dump: { createdAt, engine: 'postgres' } as NonNullable<ArtifactFacts['dump']> }))
  test.each<[string, BackupFolder, Observed<unknown>, string]>([
    ['all agree', folder(), made(ago(2)), 'pass'],
    ['a dump that took five hours', newestIs({ modifiedAt: ago(-3) }), made(ago(2)), 'pass'],
    ['a file of last week under the name of today', newestIs({ modifiedAt: ago(170) }), made(ago(2)), 'warn backup.name-newer-than-file'],
    ['content of two days before', folder(), made(ago(50.1)), 'warn backup.content-older'],
    ['the same instant in another zone', folder(), made(ago(0)), 'pass'],
    ['seven hours and twenty minutes apart: no zone', folder(), made(ago(9.37)), 'warn backup.content-older'],
    ['the content could not be read', folder(), failed('EIO'), 'pass'],
    ['no time in the name', folder({ sets: [set(2, { basis: 'mtime' })] }), made(ago(2)), 'skip'],
    ['nothing', nights(), made(ago(2)), 'inconclusive run.unobserved'],
  ])('%s', (_name, looked, content, expected) => {
    expect(outcome(judge('timestamps-agree', { folder: looked, artifact: content }))).toBe(expected)
  })
})

describe('offsite-copy', () => {
  const declared: Partial<BackupEntry> = { offsite: { dir: '/offsite', maxAgeHours: 26 } }
  const one = (there: string, here?: string) => ({
    name: 'db',
    there: { bytes: 1, sha256: there },
    ...(here === undefined ? {} : { here: { bytes: 1, sha256: here } }),
  })
  const copies = (newest: BackupSet | undefined, ...compared: readonly unknown[]) =>
    seen({ ...(newest === undefined ? {} : { set: newest }), compared, at: NOW.toISOString() })
  test.each<[string, Observed<unknown>, string]>([
    ['the same bytes', copies(set(2), one('a', 'a')), 'pass'],
    ['other bytes', copies(set(2), one('a', 'b')), 'fail backup.offsite.differs'],
    ['the original is gone', copies(set(2), one('a')), 'pass'],
    ['a set of three days', copies(set(72), one('a', 'a')), 'fail backup.offsite.stale'],
    ['a set without its uploads', copies(set(2, { missing: ['uploads'] }), one('a', 'a')), 'fail backup.offsite.missing'],
    ['no set', copies(undefined), 'fail backup.offsite.missing'],
    ['no folder', failed('ENOENT'), 'fail backup.offsite.missing'],
    ['a mount that hangs', failed('TIMEOUT'), 'inconclusive run.unobserved'],
  ])('%s', (_name, looked, expected) => {
    expect(outcome(judge('offsite-copy', { copies: looked }, declared))).toBe(expected)
  })
})

test.each<[string, SeenArtifact | undefined, string]>([
  ['age', artifact({ format: 'age' }), 'pass'],
  ['OpenPGP', artifact({ format: 'openpgp' }), 'pass'],
  ['bytes that nobody knows are no proof', artifact({ format: 'unknown' }), 'fail backup.plain'],
  ['a dump', artifact(), 'fail backup.plain'],
  ['none', undefined, 'inconclusive run.unobserved'],
])('encrypted: %s', (_name, looked, expected) => {
  expect(outcome(judge('encrypted', { artifact: looked }, { encryption: 'required' }))).toBe(expected)
})

test.each<[string, string, string]>([
  ['bash, strict', '#!/bin/bash\nset -euo pipefail\npg_dump x | gzip > y\npg_dumpall -g > z\n', 'pass'],
  ['options apart', '#!/bin/bash\nset -e\nset -o pipefail\nmysqldump x | gzip > y\n', 'pass'],
  ['no pipe', '#!/bin/sh -e\npg_dump x > y\npg_dumpall -g > z\n', 'pass'],
  ['or instead of a pipe', 'set -e\nmysqldump x > y || exit 1\n', 'pass'],
  ['a pipe over two lines', 'set -e\npg_dump x \\\n  | gzip > y\npg_dumpall -g > z\n', 'warn backup.script.pipefail'],
  ['in a comment', 'set -e\n# pg_dump x | gzip\ncp a b\n', 'pass'],
  ['errors thrown away', 'set -e\nmysqldump x 2>/dev/null > y\n', 'warn backup.script.errors-discarded'],
  ['a star', 'set -e\ntar -czf x.tgz uploads/*\n', 'warn backup.script.dotfiles'],
  ['no roles', 'set -e\npg_dump x > y\n', 'warn backup.script.roles'],
  ['goes on', 'pg_dump x > y\npg_dumpall -g > z\n', 'warn backup.script.goes-on'],
  ['does nothing', 'set -e\necho hello\n', 'warn backup.script.empty'],
  ['spaces without end', `set -e\n set${' '.repeat(65_536)}x\nmysqldump x > y\n`, 'pass'],
  ['an option without end', `set -${'e'.repeat(65_536)}1\nmysqldump x > y\n`, 'warn backup.script.goes-on'],
  ['tar again and again', `set -e\n${'tar '.repeat(16_384)}\n`, 'pass'],
])('script-lint: %s', (_name, script, expected) => {
  expect(outcome(judge('script-lint', { script }, { script: 'backup.sh' }))).toBe(expected)
})

describe('key-available', () => {
  const age = { kind: 'age' as const, identity: 'recoveryKey' }
  const none = seen({ found: [], looked: 3 })
  const beside = seen({ found: [{ place: '/backups', name: 'age.key' }], looked: 4 })
  const opened = artifact({ sealed: { kind: 'age', opened: true } })
  const closed = artifact({ format: 'age', sealed: { kind: 'age', opened: false, error: 'the key does not fit' } })
  test.each<[string, Observed<unknown>, Observed<unknown>, BackupEntry['encryption'], string]>([
    ['opened', seen(opened), none, age, 'pass'],
    ['another key', seen(closed), none, age, 'fail backup.key.wrong'],
    ['opened, with the key beside it', seen(opened), beside, age, 'fail backup.key.beside'],
    ['the key beside it, whatever else', failed('EIO'), beside, age, 'fail backup.key.beside'],
    ['gpg', seen(artifact({ format: 'openpgp' })), none, age, 'fail backup.key.kind'],
    ['openssl', seen(artifact({ format: 'openssl' })), none, age, 'fail backup.key.kind'],
    ['no key given', seen(artifact({ format: 'age' })), none, { kind: 'age' }, 'skip'],
    ['a secret without a value', failed('NO_KEY'), none, age, 'inconclusive run.misused'],
    ['a disk that cannot be read', failed('EIO'), none, age, 'inconclusive run.unobserved'],
    ['a folder that cannot be read', seen(opened), failed('EACCES'), age, 'inconclusive run.unobserved'],
    ['in clear, and must not be', seen(artifact()), none, age, 'inconclusive run.unobserved'],
    ['in clear, and may be', seen(artifact()), none, { ...age, required: false }, 'pass'],
    ['none', seen(undefined), none, age, 'inconclusive run.unobserved'],
  ])('%s', (_name, looked, keys, encryption, expected) => {
    expect(outcome(judge('key-available', { artifact: looked, beside: keys }, encryption === undefined ? {} : { encryption }))).toBe(expected)
  })
})

test.each<[string, object, string]>([
  ['versions', { versioned: true, locked: false }, 'pass'],
  ['locks, and nobody may ask for versions', { locked: true }, 'pass'],
  ['neither', { versioned: false, locked: false }, 'fail backup.offsite.overwritable'],
  ['nobody may ask', {}, 'inconclusive run.unobserved'],
  ['one off, the other unknown', { versioned: false }, 'inconclusive run.unobserved'],
  ['nobody may ask, but the key is another', { sameKey: false }, 'inconclusive run.unobserved'],
  ['one key for both', { versioned: true, sameKey: true }, 'fail backup.offsite.same-credentials'],
  ['another disk', { sameDisk: false }, 'pass'],
  ['the same disk', { sameDisk: true }, 'fail backup.offsite.same-disk'],
])('offsite-independent: %s', (_name, looked, expected) => {
  expect(outcome(judge('offsite-independent', { seen: looked }, { offsite: { dir: '/offsite', independent: true } }))).toBe(expected)
})
test('encrypted with age and opened is encrypted; a bucket has no permissions', () => {
  expect(outcome(judge('encrypted', { artifact: artifact({ sealed: { kind: 'age', opened: true } }) }, { encryption: { kind: 'age' } }))).toBe('pass')
  expect(outcome(judge('permissions', { folder: folder({ bucket: true, mode: 0 }) }))).toBe('skip')
})

test.each<[string, string, string]>([
  ['after the dump, and a failure stops it', 'set -euo pipefail\npg_dump x | gzip > y\nfind . -mtime +14 -delete\n', 'pass'],
  ['with && after the dump', 'pg_dump x > y && find . -mtime +14 -delete\n', 'pass'],
  ['a number of files instead of an age', 'pg_dump x > y\nls -t | tail -n +8 | xargs rm\n', 'skip'],
  ['in a comment', 'pg_dump x > y\n# find . -mtime +14 -delete\n', 'skip'],
  ['before the dump', 'set -e\nfind . -mtime +14 -exec rm {} +\npg_dump x > y\n', 'warn backup.prune.first'],
  ['and makes none', 'set -e\nfind /backups -mtime +14 | xargs -r rm\n', 'warn backup.prune.first'],
  ['whatever became of the dump', 'pg_dump x > y\nfind . -type f \\\n  -mtime +14 -delete\n', 'warn backup.prune.regardless'],
])('retention-newest-safe: %s', (_name, script, expected) => {
  expect(outcome(judge('retention-newest-safe', { script }, { script: 'backup.sh' }))).toBe(expected)
})
