/** A bucket as services keep it: pages, odd keys, bodies that break off, and every refusal by its name. The server checks signatures on its own. */
import { createHash } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { type BucketObject, type BucketSpec, startBucket } from '../../fixtures/servers/s3.ts'
import { ProbeError } from '../probe.ts'
import { normaliseTarget } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { type Bucket, openBucket } from './bucket.ts'

const signal = AbortSignal.timeout(20_000)
const object = (bytes: Buffer | string, more: Partial<BucketObject> = {}): BucketObject => ({
  bytes: Buffer.from(bytes as string),
  modifiedAt: new Date('2026-11-20T02:31:00Z'),
  ...more,
})

async function opened(
  spec: Partial<BucketSpec>,
  access: { region?: string; bucket?: string; secret?: string; id?: string; pathStyle?: boolean } = {},
): Promise<{ readonly bucket: Bucket; readonly requests: readonly string[] }> {
  const server = await startBucket({ name: 'backups', region: 'eu-central-1', keys: { READER: 'shh-reader' }, objects: {}, ...spec })
  const target = normaliseTarget(
    targetSchema.parse({ domain: 'example.com', network: { addresses: { '*.example.com': '127.0.0.1' } } }),
    {
      sha256: '0'.repeat(64),
      secrets: new Map([
        ['id', access.id ?? 'READER'],
        ['key', access.secret ?? 'shh-reader'],
      ]),
    }, // prettier-ignore
  )
  const host = spec.inHost === true ? 's3.example.com' : '127.0.0.1'
  const bucket = await openBucket(
    target,
    {
      endpoint: `http://${host}:${server.port}`,
      region: access.region ?? 'eu-central-1',
      accessKeyId: 'id',
      secretAccessKey: 'key',
      ...(access.pathStyle === undefined ? {} : { pathStyle: access.pathStyle }),
    },
    access.bucket ?? 'backups',
  )
  onTestFinished(async () => {
    await bucket.close()
    await server.stop()
  })
  return { bucket, requests: server.requests }
}
async function read(bucket: Bucket, key: string, bytes: number, etag = ''): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of bucket.read(key, bytes, etag, signal)) parts.push(part)
  return Buffer.concat(parts)
}
const failed = async (work: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> => {
  const error = await work.then(
    () => new Error('nothing failed'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof ProbeError)) throw error
  return { code: error.failure.code, message: error.failure.message }
}
const BIG = Buffer.from(Array.from({ length: 40_000 }, (_, index) => `row ${index}\n`).join(''))

test('every page of a list, only what lies right below the prefix, keys as odd as they are', async () => {
  const names = ['a.sql', 'ä ö+&<>%25.sql', "it's (1)*!.sql", ...Array.from({ length: 20 }, (_, index) => `db-${String(index).padStart(3, '0')}.sql`)]
  const objects = Object.fromEntries([...names.map((name) => [`nightly/${name}`, object(name)]), ['nightly/deeper/x', object('x')], ['other', object('x')]])
  const { bucket, requests } = await opened({ objects, page: 7 })
  const found = await bucket.list('nightly/', signal)
  expect(found.map(({ key }) => key.slice(8)).sort()).toEqual([...names].sort())
  expect(requests).toHaveLength(4)
  for (const name of names) expect((await read(bucket, `nightly/${name}`, Buffer.byteLength(name))).toString()).toBe(name)
})

test('uploads that were begun and not ended; a key that may not ask is told nothing', async () => {
  const begun = new Date('2026-01-02T03:04:05.000Z')
  const spec = { objects: {}, uploads: { 'nightly/a b.sql': begun, 'other/x': begun } }
  const { bucket } = await opened(spec)
  expect(await bucket.unfinished('nightly/', signal)).toEqual([{ key: 'nightly/a b.sql', begunAt: begun.toISOString() }])
  const closed = await opened({ ...spec, denies: ['uploads'] })
  expect(await closed.bucket.unfinished('nightly/', signal)).toBeUndefined()
  // A service that does not know the question.
  expect(await (await opened({ page404: true })).bucket.unfinished('nightly/', signal)).toBeUndefined()
})

test('the bucket in the host name', async () => {
  const { bucket } = await opened({ inHost: true, objects: { 'x.sql': object('x') } }, { pathStyle: false })
  expect((await bucket.list('', signal)).map(({ key }) => key)).toEqual(['x.sql'])
  expect((await read(bucket, 'x.sql', 1)).toString()).toBe('x')
})

test('what the service keeps of an object', async () => {
  const { bucket } = await opened({
    objects: { a: object('abc', { checksum: true }), b: object(BIG, { partBytes: 100_000 }), c: object('c', { keyStore: true }) },
  })
  const [a, b, c] = [await bucket.head('a', signal), await bucket.head('b', signal), await bucket.head('c', signal)]
  expect(a).toEqual({
    bytes: 3,
    etag: createHash('md5').update('abc').digest('hex'),
    modifiedAt: '2026-11-20T02:31:00.000Z',
    sha256: createHash('sha256').update('abc').digest('hex'),
    tagIsNoDigest: false,
  })
  expect(b.etag).toMatch(/^[0-9a-f]{32}-\d$/)
  expect([b.sha256, b.tagIsNoDigest, c.tagIsNoDigest]).toEqual([undefined, false, true])
})

test('a body that breaks off is gone on with where it broke', async () => {
  const { bucket, requests } = await opened({ objects: { big: object(BIG) }, breaksOff: 3 })
  expect((await read(bucket, 'big', BIG.length)).equals(BIG)).toBe(true)
  expect(requests).toHaveLength(4)
})
test('a busy service is asked again, a few times', async () => {
  const { bucket, requests } = await opened({ objects: { a: object('a') }, busy: 2 })
  expect(await bucket.list('', signal)).toHaveLength(1)
  expect(requests).toHaveLength(3)
  const more = await opened({ busy: 9 })
  expect((await failed(more.bucket.list('', signal))).code).toBe('SlowDown')
  expect(more.requests).toHaveLength(3)
})

test.for<[string, Partial<BucketSpec>, Parameters<typeof opened>[1], string, RegExp]>([
  ['a key that may not list', { denies: ['list'] }, {}, 'AccessDenied', /may not do that/],
  ['a key id that nobody knows', {}, { id: 'NOBODY' }, 'InvalidAccessKeyId', /does not know this key id/],
  ['a wrong secret', {}, { secret: 'wrong-secret' }, 'SignatureDoesNotMatch', /secret does not fit/],
  ['another region', {}, { region: 'us-east-1' }, 'WRONG_REGION', /is in eu-central-1, and requests are signed for us-east-1/],
  ['another bucket', {}, { bucket: 'backup' }, 'NoSuchBucket', /no such bucket/],
  ['a clock that is wrong', { clockMs: 3_600_000 }, {}, 'RequestTimeTooSkewed', /(?:3599|3600) s apart/],
  ['a list without end', { endless: true, objects: { a: object('a') } }, {}, 'ENDLESS_LIST', /never ends/],
  ['a page instead of a service', { page404: true }, {}, 'NOT_S3', /is the endpoint right/],
])('a list: %s', async ([, spec, access, code, message]) => {
  const { bucket } = await opened(spec, access)
  const seen = await failed(bucket.list('nightly/', signal))
  expect(seen.code).toBe(code)
  expect(seen.message).toMatch(message)
  expect(seen.message).not.toContain('shh-')
})

test.for<[string, Partial<BucketSpec>, string, string]>([
  ['an object that is gone', { objects: {} }, '', 'NoSuchKey'],
  ['a key that may not read', { denies: ['read'] }, '', 'AccessDenied'],
  ['a body that always ends early', { cutAfter: 1000 }, '', 'TRUNCATED_BODY'],
  ['an object that was replaced', {}, '0'.repeat(32), 'PreconditionFailed'], // prettier-ignore
  ['an object that is replaced while it is read', { replaces: true, breaksOff: 1 }, createHash('md5').update(BIG).digest('hex'), 'PreconditionFailed'],
])('a body: %s', async ([, spec, etag, code]) => {
  const { bucket } = await opened({ objects: { big: object(BIG) }, ...spec })
  expect((await failed(read(bucket, 'big', BIG.length, etag))).code).toBe(code)
})
test('an object that is longer than announced', async () => {
  const { bucket } = await opened({ objects: { big: object(BIG) } })
  expect((await failed(read(bucket, 'big', 10))).code).toBe('BAD_ANSWER')
})

test('whether earlier versions are kept, as far as the key may ask', async () => {
  const protection = async (spec: Partial<BucketSpec>) => await (await opened(spec)).bucket.protection(signal)
  expect(await protection({})).toEqual({ versioned: false, locked: false })
  expect(await protection({ versioned: true, locked: true })).toEqual({ versioned: true, locked: true })
  expect(await protection({ denies: ['settings'] })).toEqual({})
})

test('a secret without a value, and nobody who listens', async () => {
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com' }), { sha256: '0'.repeat(64), secrets: new Map([['id', 'x']]) })
  const access = { endpoint: 'http://127.0.0.1:9', accessKeyId: 'id', secretAccessKey: 'key' }
  expect((await failed(openBucket(target, access, 'b'))).code).toBe('NO_CREDENTIALS')
  const bucket = await openBucket(target, { ...access, secretAccessKey: 'id' }, 'b')
  onTestFinished(() => bucket.close())
  expect((await failed(bucket.list('', signal))).code).toBe('ECONNREFUSED')
})
