/** Sets that lie in a bucket, or locked, restored: fetched and opened into the drill's own folder, of which nothing is left. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { sqliteOf } from '../../fixtures/backups.ts'
import { startBucket } from '../../fixtures/servers/s3.ts'
import type { BackupEntry } from '../target.ts'
import { normaliseTarget } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { look, valueOf } from '../testing/look.ts'
import { restoreDrill } from './drill.ts'

const folder = mkdtempSync(join(tmpdir(), 'postproof-drill-sources-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function drilled(backup: BackupEntry, secrets: Readonly<Record<string, string>>) {
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', allow: ['drill'], backups: [backup] }), {
    sha256: '0'.repeat(64),
    folder,
    secrets: new Map(Object.entries(secrets)),
  })
  const [seen] = await look(target, restoreDrill(backup))
  return valueOf(seen)
}
const lock = async (bytes: Buffer, recipient: string): Promise<Buffer> => {
  const encrypter = new Encrypter()
  encrypter.addRecipient(recipient)
  return Buffer.from(await encrypter.encrypt(bytes))
}

test('locked, compressed, in a bucket', { timeout: 60_000 }, async () => {
  const identity = await generateX25519Identity()
  const bytes = await lock(gzipSync(sqliteOf(70)), await identityToRecipient(identity))
  const server = await startBucket({
    name: 'b',
    region: 'us-east-1',
    keys: { READER: 'river-otter-7731' },
    objects: { 'x/app-20261120-020000.db.gz.age': { bytes, modifiedAt: new Date() } },
  })
  onTestFinished(() => server.stop())
  const drill = await drilled(
    {
      id: 'x',
      dir: 's3://b/x',
      s3: { endpoint: `http://127.0.0.1:${server.port}`, accessKeyId: 'id', secretAccessKey: 'secret' },
      files: { app: { name: 'app-{stamp}.db.gz.age', kind: 'sqlite' } },
      encryption: { kind: 'age', identity: 'key' },
    },
    { id: 'READER', secret: 'river-otter-7731', key: identity },
  )
  expect(drill.notRestored).toEqual([])
  expect(drill.databases[0]?.tables.find(({ name }) => name === 'users')).toMatchObject({ expected: 70, rows: 70 })
  expect(drill.phases.map(({ name }) => name)).toContain('fetch')
  expect(drill.cleanup.left).toEqual([])
  expect(JSON.stringify(drill)).not.toMatch(/AGE-SECRET|river-otter/)
})

test('locked for another key', { timeout: 60_000 }, async () => {
  const [identity, other] = [await generateX25519Identity(), await generateX25519Identity()]
  writeFileSync(join(folder, 'app-20261120-020000.db.age'), await lock(sqliteOf(5), await identityToRecipient(other)))
  const drill = await drilled(
    { id: 'y', dir: folder, files: { app: { name: 'app-{stamp}.db.age', kind: 'sqlite' } }, encryption: { kind: 'age', identity: 'key' } },
    { key: identity },
  )
  expect(drill.databases).toEqual([])
  expect(drill.notRestored).toEqual([
    { label: 'app-20261120-020000.db.age', why: 'it cannot be opened: the key does not fit: it is locked for another one', blame: 'artifact' },
  ])
})
