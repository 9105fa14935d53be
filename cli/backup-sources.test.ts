/** Backups in a bucket and behind a lock, as a user has them judged: exit codes, what is said, and that no credential is in any of it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { shopDump, stampOf } from '../fixtures/backups.ts'
import { type BucketSpec, type RunningBucket, startBucket } from '../fixtures/servers/s3.ts'
import { type Ended, postproof, yaml } from './testing/postproof.ts'

const folder = mkdtempSync(join(tmpdir(), 'postproof-sources-'))
const SECRET = 'river-otter-7731-of-the-store'
let identity = ''
let server: RunningBucket
const spec: BucketSpec = { name: 'store', region: 'eu-central-1', keys: { STOREREADER: SECRET }, objects: {} }
beforeAll(async () => {
  identity = await generateX25519Identity()
  const encrypter = new Encrypter()
  encrypter.addRecipient(await identityToRecipient(identity))
  const at = new Date(Date.now() - 3_600_000)
  spec.objects[`shop/shop-${stampOf(at)}.sql.gz.age`] = {
    bytes: Buffer.from(await encrypter.encrypt(gzipSync(shopDump(100)))),
    modifiedAt: new Date(at.getTime() + 60_000),
  }
  server = await startBucket(spec)
  writeFileSync(
    join(folder, 'target.yaml'),
    yaml({
      domain: 'example.com',
      secrets: { id: 'env:STORE_ID', secret: 'env:STORE_SECRET', key: 'env:RECOVERY_KEY' },
      network: { addresses: { '*.example.com': '127.0.0.1' } },
      backups: [
        {
          id: 'shop',
          dir: 's3://store/shop',
          s3: { endpoint: `http://127.0.0.1:${server.port}`, region: 'eu-central-1', accessKeyId: 'id', secretAccessKey: 'secret' },
          files: { database: { name: 'shop-{stamp}.sql.gz.age', kind: 'postgres', nonEmpty: ['users'], largeObjects: true } },
          maxAgeHours: 26,
          roles: ['shop', 'reader'],
          encryption: { kind: 'age', identity: 'key' },
        },
      ],
    }),
  )
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})
let runs = 0
async function verify(env: Readonly<Record<string, string>> = {}, ...args: readonly string[]): Promise<Ended & { readonly report: string }> {
  const report = join(folder, `report-${(runs += 1)}`)
  const ended = await postproof(['verify', 'target.yaml', '--suite', 'backup,artifact', '--report', report, ...args], {
    cwd: folder,
    env: { STORE_ID: 'STOREREADER', STORE_SECRET: SECRET, RECOVERY_KEY: identity, ...env },
    timeoutMs: 230_000,
  })
  const written = readdirSync(folder).includes(`report-${runs}`) ? readdirSync(report).map((name) => readFileSync(join(report, name), 'utf8')) : []
  const said = [ended.stdout, ended.stderr, ...written].join('\n')
  for (const one of [SECRET, identity, env.RECOVERY_KEY ?? identity]) expect(said).not.toContain(one)
  return { ...ended, report: written.join('\n') }
}

test('green: listed, read, opened, and judged inside', { timeout: 240_000 }, async () => {
  const ended = await verify({}, '--debug')
  expect(ended.status, ended.stdout + ended.stderr).toBe(0)
  const { results } = JSON.parse(readFileSync(join(folder, `report-${runs}`, 'report.json'), 'utf8')) as {
    results: { check: string; outcome: string; reproduce: string }[]
  }
  const outcomeOf = (check: string): string | undefined => results.find((one) => one.check === check)?.outcome
  for (const check of [
    'backup/exists',
    'backup/fresh',
    'backup/encrypted',
    'backup/key-available',
    'artifact/plain-complete',
    'artifact/has-data',
    'artifact/stream-decodes',
  ])
    expect([check, outcomeOf(check)]).toEqual([check, 'pass'])
  expect(results.find(({ check }) => check === 'backup/exists')?.reproduce).toContain('s3 ls')
})
test.for<[string, Readonly<Record<string, string>>, Partial<BucketSpec>, number, RegExp]>([
  ['a wrong secret: nobody can tell', { STORE_SECRET: 'a-secret-of-somebody-else' }, {}, 2, /the secret does not fit the key id/],
  ['a key that may not list: nobody can tell', {}, { denies: ['list'] }, 2, /the key may not do that here/],
  ['a body that ends early: nobody can tell', {}, { cutAfter: 900 }, 2, /the body ends after 900 of/],
  ['the bucket is gone', {}, { name: 'stores' }, 1, /backup\.folder-missing/],
])('%s', { timeout: 240_000 }, async ([, env, change, status, said]) => {
  const before = { ...spec }
  Object.assign(spec, change)
  try {
    const ended = await verify(env)
    expect(ended.status, ended.stdout).toBe(status)
    expect(ended.stdout + ended.report).toMatch(said)
  } finally {
    for (const key of Object.keys(change)) delete spec[key as 'denies']
    Object.assign(spec, before)
  }
})
test('another recovery key is a failure', { timeout: 240_000 }, async () => {
  const ended = await verify({ RECOVERY_KEY: await generateX25519Identity() })
  expect(ended.status).toBe(1)
  expect(ended.report).toContain('backup.key.wrong')
})
test('a secret without a value: nothing is sent', { timeout: 240_000 }, async () => {
  const before = server.requests.length
  const ended = await postproof(['verify', 'target.yaml', '--suite', 'backup', '--report', join(folder, 'none')], {
    cwd: folder,
    env: { STORE_ID: 'STOREREADER' },
  })
  expect(ended.status, ended.stdout).toBe(3)
  expect(ended.stderr).toMatch(/STORE_SECRET/)
  expect(server.requests.length).toBe(before)
})
