/** Files of age as the library locks them, opened piece by piece; whatever is cut, bent or locked for somebody else is said. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { armor, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { shopDump, sqliteOf, tarOf } from '../../fixtures/backups.ts'
import type { ArtifactFacts } from './facts.ts'
import { scanArtifact } from './scan.ts'
import type { Keys } from './unlock.ts'

const folder = mkdtempSync(join(tmpdir(), 'postproof-unlock-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let identity = ''
let recipient = ''
beforeAll(async () => {
  identity = await generateX25519Identity()
  recipient = await identityToRecipient(identity)
})
const lock = async (content: Buffer | string): Promise<Buffer> => {
  const encrypter = new Encrypter()
  encrypter.addRecipient(recipient)
  return Buffer.from(await encrypter.encrypt(Buffer.from(content as string)))
}
const scan = async (bytes: Buffer | string, keys?: Keys, name = 'shop.sql.age'): Promise<ArtifactFacts> => {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return await scanArtifact(path, { signal: AbortSignal.timeout(20_000), ...(keys === undefined ? {} : { keys }) })
}
const PIECE = 65_536
const text = (length: number): string => `${shopDump(10)}${'-- x\n'.repeat(Math.ceil(length / 5))}`.slice(0, length)

test.for([0, 1, 5000, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 400_000])('a content of %i bytes comes out whole', async (length) => {
  const facts = await scan(await lock(text(length)), { identity })
  expect(facts).toMatchObject({ sealed: { kind: 'age', opened: true }, stream: { complete: true }, decodedBytes: length, name: 'shop.sql' })
})
test('an identity file with comments and several keys, and armor', async () => {
  const keys = { identity: `# created: 2026\n# public key: ${recipient}\n${await generateX25519Identity()}\n${identity}\n` }
  const bytes = await lock(shopDump(300))
  for (const one of [bytes, armor.encode(bytes)]) expect(await scan(one, keys)).toMatchObject({ sealed: { opened: true }, dump: { rows: 500, endMark: true } })
})
test('a passphrase', async () => {
  const encrypter = new Encrypter()
  encrypter.setScryptWorkFactor(10)
  encrypter.setPassphrase('correct horse')
  const bytes = Buffer.from(await encrypter.encrypt(shopDump(10)))
  expect(await scan(bytes, { passphrase: 'correct horse' })).toMatchObject({ sealed: { opened: true }, dump: { rows: 210 } })
  expect((await scan(bytes, { passphrase: 'wrong' })).sealed?.opened).toBe(false)
})

test('cut anywhere, it is never whole', async () => {
  const bytes = await lock(text(3 * PIECE))
  const header = bytes.indexOf('\n', bytes.indexOf('\n---') + 1) + 1
  for (const length of [
    header - 1,
    header,
    header + 15,
    header + 16,
    header + 16 + PIECE + 16,
    header + 16 + 2 * (PIECE + 16),
    header + 100_000,
    bytes.length - 1,
  ]) {
    const { sealed, stream } = await scan(bytes.subarray(0, length), { identity })
    expect([length - header, sealed?.opened === true && stream?.complete === true]).toEqual([length - header, false])
  }
})
test('a bit that turned over is found wherever it is', async () => {
  const bytes = await lock(text(2 * PIECE))
  for (let index = 0; index < 40; index += 1) {
    const bent = Buffer.from(bytes)
    const at = 22 + Math.floor(((bytes.length - 22) * index) / 40)
    bent.writeUInt8((bytes[at] as number) ^ 0x10, at)
    const { sealed, stream } = await scan(bent, { identity })
    expect([at, sealed?.opened === true && stream?.complete === true]).toEqual([at, false])
  }
})
test('pieces that changed places, or one twice', async () => {
  const bytes = await lock(text(4 * PIECE))
  const from = bytes.indexOf('\n', bytes.indexOf('\n---') + 1) + 1 + 16
  const piece = (index: number): Buffer => bytes.subarray(from + index * (PIECE + 16), from + (index + 1) * (PIECE + 16))
  const head = bytes.subarray(0, from)
  for (const order of [
    [1, 0, 2, 3],
    [0, 1, 1, 2, 3],
    [0, 1, 3],
    [0, 1, 2, 3, 3],
  ]) // prettier-ignore
    expect((await scan(Buffer.concat([head, ...order.map(piece)]), { identity })).stream?.complete).toBe(false)
})
test.for<[string, () => Promise<Keys> | Keys, string]>([
  ['another key', async () => ({ identity: await generateX25519Identity() }), 'the key does not fit: it is locked for another one'],
  ['the public key', () => ({ identity: recipient }), 'the declared identity is no private key of age'],
  ['nothing but comments', () => ({ identity: '# nothing\n' }), 'the declared identity holds no private key of age'],
])('closed: %s', async ([, keys, error]) => {
  const facts = await scan(await lock(shopDump(10)), await keys())
  expect(facts).toMatchObject({ format: 'age', sealed: { kind: 'age', opened: false, error } })
  expect(facts.dump).toBeUndefined()
  expect(JSON.stringify(facts)).not.toContain('AGE-SECRET')
})
test('without a key it stays what it is', async () => {
  const facts = await scan(await lock(shopDump(10)))
  expect([facts.format, facts.sealed]).toEqual(['age', undefined])
})
test('a database that was locked is asked in memory, and nothing of it stays', async (context) => {
  if (!existsSync('/dev/shm')) context.skip('this machine has no file system in memory')
  const before = readdirSync('/dev/shm')
  expect(await scan(await lock(sqliteOf(40)), { identity }, 'app.db.age')).toMatchObject({ name: 'app.db', sqlite: { integrity: { ok: true } } })
  expect(readdirSync('/dev/shm')).toEqual(before)
})
test('an archive that was locked', async () => {
  expect(await scan(await lock(tarOf([{ name: 'db/x.sql', body: shopDump(5) }])), { identity })).toMatchObject({
    format: 'tar',
    members: [{ dump: { rows: 205 } }],
  })
})
