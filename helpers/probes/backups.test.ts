/** Folders as they are on disks: sets, temporary names, digests, files that grow. */
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { shopDump } from '../../fixtures/backups.ts'
import { type BackupEntry, normaliseTarget } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { look, valueOf } from '../testing/look.ts'
import { backupArtifact, backupFolder, backupScript, sidecarDigests } from './backups.ts'
import { offsiteCopies } from './offsite.ts'

const root = mkdtempSync(join(tmpdir(), 'postproof-backups-test-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const OLD = new Date('2026-01-01T00:00:00Z')

const folder = (name: string, files: Readonly<Record<string, string | Buffer>>): string => {
  const dir = join(root, name)
  mkdirSync(dir, { mode: 0o750 })
  chmodSync(dir, 0o750)
  for (const [file, content] of Object.entries(files)) {
    writeFileSync(join(dir, file), content)
    chmodSync(join(dir, file), 0o640)
    utimesSync(join(dir, file), OLD, OLD)
  }
  return dir
}
const entryIn = (dir: string, more: Partial<BackupEntry> = {}): BackupEntry => ({
  id: 'x',
  dir,
  files: { db: 'db-{stamp}.sql', up: 'up-{stamp}.tar' },
  ...more,
})
const target = normaliseTarget(targetSchema.parse({ domain: 'example.com' }), { sha256: '0'.repeat(64), folder: root })

test('files of one run are a set, in names a little apart too; neighbours and digests are none', async () => {
  const dir = folder('sets', {
    'db-20260101-020000.sql': 'a',
    'up-20260101-020412.tar': 'b',
    'db-20260102-020000.sql': 'c',
    'db-20260102-020000.sql.sha256': `${'AB'.repeat(32)}  db\n`,
    'db-test-20260103-020000.sql': 'no',
    'notes.txt': 'no',
    '.up-20260102-020000.tar.part': 'half',
  })
  const [seen] = await look(target, backupFolder(entryIn(dir)))
  const value = valueOf(seen)
  expect(value.sets.map((set) => [set.at, set.basis, set.files.map(({ role }) => role), set.missing])).toEqual([
    ['2026-01-02T02:00:00.000Z', 'name', ['db'], ['up']],
    ['2026-01-01T02:00:00.000Z', 'name', ['db', 'up'], []],
  ])
  expect(value.sets[0]?.files[0]).toMatchObject({
    bytes: 1,
    mode: 0o640,
    growing: false,
    folder: false,
    sidecar: { algorithm: 'sha256', digest: 'ab'.repeat(32) },
  })
  expect(value.partial.map(({ name }) => name)).toEqual(['.up-20260102-020000.tar.part'])
  expect([value.others, value.mode]).toEqual([2, 0o750])
})

test('names without a time: one set, of the oldest of its files', async () => {
  const dir = folder('plain', { 'latest.sql': 'a', 'latest.tar': 'b' })
  const [seen] = await look(target, backupFolder(entryIn(dir, { files: { db: 'latest.sql', up: 'latest.tar' } })))
  expect(valueOf(seen).sets).toMatchObject([{ at: OLD.toISOString(), basis: 'mtime', missing: [] }])
})

test('a file that grows is seen to; a lock beside a file counts as well', async () => {
  const dir = folder('growing', { 'db-20260101-020000.sql': 'a', 'up-20260101-020000.tar': 'b', 'up-20260101-020000.tar.lock': '' })
  const path = join(dir, 'db-20260101-020000.sql')
  const timer = setInterval(() => appendFileSync(path, 'x'), 100)
  writeFileSync(path, 'b')
  const [seen] = await look(target, backupFolder(entryIn(dir)))
  clearInterval(timer)
  expect(valueOf(seen).sets[0]?.files.map(({ growing }) => growing)).toEqual([true, true])
})

test('what is not there keeps the word of the system', async () => {
  const nowhere = join(root, 'nowhere')
  const [folders] = await look(target, backupFolder(entryIn(nowhere)))
  const [script] = await look(target, backupScript(entryIn(root, { script: 'no.sh' })))
  const [copies] = await look(target, offsiteCopies(entryIn(root, { offsite: { dir: nowhere } })))
  expect([folders, script, copies].map((one) => (one?.ok === false ? one.failure.code : 'seen'))).toEqual(['ENOENT', 'ENOENT', 'ENOENT'])
})

test('the artifact of the newest whole set, of the one before, and of none', async () => {
  const dir = folder('artifacts', {
    'db-20260103-020000.sql': 'half a set',
    'db-20260102-020000.sql': shopDump(7),
    'up-20260102-020000.tar': 'x',
    'db-20260101-020000.sql': shopDump(5),
    'up-20260101-020000.tar': 'x',
  })
  const entry = entryIn(dir)
  const seen = await look(target, backupArtifact(entry, 'db'), backupArtifact(entry, 'db', 1), backupArtifact(entry, 'db', 2))
  expect(seen.map((one) => valueOf(one)?.facts.dump?.tables.find(({ name }) => name === 'public.users')?.rows)).toEqual([7, 5, undefined])
  expect(valueOf(seen[2])).toBeUndefined()
})

test('digests beside files and copies elsewhere are compared by what the files are', async () => {
  const dir = folder('here', {
    'db-20260101-020000.sql': 'abc',
    'db-20260101-020000.sql.md5': '900150983cd24fb0d6963f7d28e17f72  db\n',
    'up-20260101-020000.tar': 'x',
  })
  const there = folder('there', { 'db-20260101-020000.sql': 'abd', 'up-20260101-020000.tar': 'x' })
  const entry = entryIn(dir, { offsite: { dir: there } })
  const [digests] = await look(target, sidecarDigests(entry))
  const [copies] = await look(target, offsiteCopies(entry))
  expect(valueOf(digests).map(({ file, actual }) => file.sidecar?.digest === actual)).toEqual([true])
  expect(valueOf(copies).compared.map((one) => one.here?.sha256 === one.there.sha256)).toEqual([false, true])
})
