/** A bucket by the S3 protocol: listed page by page, asked for one object, read as a stream that goes on where it broke off. Reads, changes nothing. */
import { rootCertificates } from 'node:tls'
import { setTimeout as wait } from 'node:timers/promises'
import { AwsV4Signer } from 'aws4fetch'
import type { Dispatcher } from 'undici'
import { type ListedObject, readObjectError, readObjectPage, readUploads, type UnfinishedUpload } from '../grammar/object-list.ts'
import { ProbeError, type ProbeFailure } from '../probe.ts'
import { pinnedAddresses, type Target } from '../target.ts'
import type { BucketAccess } from '../target/storage.ts'
import { withoutTrailing } from '../grammar/linear.ts'

/** A thousand keys each: a folder of backups with more is not one. */
const PAGES = 50
const ATTEMPTS = 3
/** A body that breaks off more often than this is not worth the wait. */
const PARTS = 20
const PAUSE_MS = 200
/** What a list with the unfinished uploads, and the body of an object, cost at most. */
export const LIST_REQUESTS = PAGES + 1
export const BODY_REQUESTS = PARTS
/** Answers that are lists or errors. */
const MAX_TEXT = 8 * 1024 * 1024
const SILENCE_MS = 30_000

export interface StoredObject {
  readonly bytes: number
  readonly etag: string
  readonly modifiedAt: string
  /** SHA-256 of the whole object as the service keeps it, hex; absent where it keeps none, or one of parts. */
  readonly sha256?: string
  /** The tag may be anything: encrypted with a key of the customer or of the service's key store. */
  readonly tagIsNoDigest: boolean
}

export interface Bucket {
  /** Objects right below the prefix. */
  list(prefix: string, signal: AbortSignal): Promise<readonly ListedObject[]>
  head(key: string, signal: AbortSignal): Promise<StoredObject>
  /** The object's bytes, in order, whole or not at all. */
  read(key: string, bytes: number, etag: string, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined>
  /** Uploads right below the prefix that were begun and not ended. undefined: this key may not ask, or this service does not say. */
  unfinished(prefix: string, signal: AbortSignal): Promise<readonly UnfinishedUpload[] | undefined>
  /** Are earlier versions kept, and may locked ones not be deleted? undefined: this key may not ask. */
  protection(signal: AbortSignal): Promise<{ readonly versioned?: boolean; readonly locked?: boolean }>
  close(): Promise<void>
}

/** Network errors after which the same request may go through. */
const AGAIN: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
])
const HINTS: Readonly<Record<string, string>> = {
  AccessDenied: 'the key may not do that here',
  InvalidAccessKeyId: 'the service does not know this key id',
  SignatureDoesNotMatch: 'the secret does not fit the key id',
  NoSuchBucket: 'there is no such bucket',
  NoSuchKey: 'there is no such object',
  ExpiredToken: 'the temporary credentials have expired',
  PreconditionFailed: 'the object was replaced while it was read',
}
/** Status to code where an answer has no body. */
const BARE: Readonly<Record<number, string>> = { 301: 'PermanentRedirect', 403: 'AccessDenied', 404: 'NoSuchKey', 412: 'PreconditionFailed', 503: 'SlowDown' }

/** This key may not ask that, or this service does not know the question. */
const UNASKED = /AccessDenied|NotImplemented|MethodNotAllowed|HTTP_|NotSupported|NOT_S3/

const failure = (code: string, message: string, phase: ProbeFailure['phase'] = 'response', cause?: unknown): ProbeError =>
  new ProbeError({ code, message, phase }, cause === undefined ? undefined : { cause })

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of body) {
    length += part.length
    if (length > MAX_TEXT) throw failure('TOO_LARGE', `an answer of more than ${MAX_TEXT} bytes where a list was asked for`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** What the service refused, by its own code, in words that say what to do. */
function refusal(status: number, headers: Readonly<Record<string, string | string[] | undefined>>, text: string, what: string, region: string): ProbeError {
  const said = readObjectError(text)
  if (said === undefined && text.trim() !== '') return failure('NOT_S3', `${what}: status ${status} and no answer of the S3 protocol; is the endpoint right?`)
  const code = said?.code ?? BARE[status] ?? `HTTP_${status}`
  const right = said?.region ?? headers['x-amz-bucket-region']
  if (code === 'RequestTimeTooSkewed') {
    const apart = Math.round((Date.now() - Date.parse(String(headers.date))) / 1000)
    return failure(code, `${what}: this machine's clock and the service's are ${Number.isNaN(apart) ? 'too far' : `${Math.abs(apart)} s`} apart`)
  }
  if (code === 'PermanentRedirect' || code === 'AuthorizationHeaderMalformed' || code === 'IllegalLocationConstraintException')
    return failure('WRONG_REGION', `${what}: the bucket is in ${typeof right === 'string' ? right : 'another region'}, and requests are signed for ${region}`)
  return failure(code, `${what}: ${HINTS[code] ?? (said?.message === undefined || said.message === '' ? `status ${status}` : said.message)}`)
}

/** @throws ProbeError with `NO_CREDENTIALS` where a named secret has no value */
export async function openBucket(target: Target, access: BucketAccess, bucket: string): Promise<Bucket> {
  const { Agent, request } = await import('undici')
  const secret = (name: string): string => {
    const value = target.secrets?.get(name)
    if (value === undefined || value === '') throw failure('NO_CREDENTIALS', `the secret ${name} has no value`, 'internal')
    return value
  }
  const region = access.region ?? 'us-east-1'
  const credentials = {
    accessKeyId: secret(access.accessKeyId),
    secretAccessKey: secret(access.secretAccessKey),
    ...(access.sessionToken === undefined ? {} : { sessionToken: secret(access.sessionToken) }),
  }
  const base = new URL(access.endpoint)
  const inPath = access.pathStyle ?? !base.hostname.endsWith('.amazonaws.com')
  if (!inPath) base.hostname = `${bucket}.${base.hostname}`
  const root = `${base.origin}${withoutTrailing(base.pathname, '/')}${inPath ? `/${bucket}` : ''}`
  const pinned = pinnedAddresses(target, base.hostname)?.[0]
  const agent = new Agent({
    connections: 4,
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
    connect: {
      timeout: 10_000,
      ...(target.trust.length === 0 ? {} : { ca: [...rootCertificates, ...target.trust] }),
      ...(pinned === undefined
        ? {}
        : {
            lookup: (_name, options, done) => {
              const family = pinned.includes(':') ? 6 : 4
              if (options.all === true) done(null, [{ address: pinned, family }])
              else done(null, pinned, family)
            },
          }),
    },
  })

  const once = async (
    signal: AbortSignal,
    method: 'GET' | 'HEAD',
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<Dispatcher.ResponseData> => {
    const signed = await new AwsV4Signer({ method, url: `${root}${path}`, headers, service: 's3', region, ...credentials }).sign()
    return await request(signed.url, { method, headers: Object.fromEntries(signed.headers), dispatcher: agent, signal })
  }
  /** Asks again, a few times, where the service is busy or the network broke. */
  const ask = async (
    signal: AbortSignal,
    method: 'GET' | 'HEAD',
    path: string,
    what: string,
    headers: Readonly<Record<string, string>> = {},
    right: readonly number[] = [200],
  ): Promise<Dispatcher.ResponseData> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await once(signal, method, path, headers)
        if (right.includes(answer.statusCode)) return answer
        const text = await textOf(answer.body)
        if (attempt < ATTEMPTS && (answer.statusCode === 500 || answer.statusCode === 503)) await wait(PAUSE_MS * 2 ** attempt, undefined, { signal })
        else throw refusal(answer.statusCode, answer.headers, text, what, region)
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (error instanceof ProbeError) throw error
        const { code = 'UNKNOWN', message } = error as NodeJS.ErrnoException
        if (attempt >= ATTEMPTS || !AGAIN.has(code)) throw failure(code, `${what}: ${message}`, code === 'ENOTFOUND' ? 'resolve' : 'connect', error)
        await wait(PAUSE_MS * 2 ** attempt, undefined, { signal })
      }
    }
  }
  const keyPath = (key: string): string => `/${key.split('/').map(encodeURIComponent).join('/')}`
  const named = (key: string): string => `s3://${bucket}/${key}`

  return {
    async list(prefix, signal) {
      const objects: ListedObject[] = []
      const tokens = new Set<string>()
      let token: string | undefined
      for (let page = 0; page < PAGES; page += 1) {
        const query = new URLSearchParams({
          'list-type': '2',
          'encoding-type': 'url',
          delimiter: '/',
          prefix,
          ...(token === undefined ? {} : { 'continuation-token': token }),
        })
        const answer = await ask(signal, 'GET', `/?${query.toString()}`, `list of ${named(prefix)}`)
        const read = readObjectPage(await textOf(answer.body))
        if (!read.ok) throw failure('BAD_LIST', `list of ${named(prefix)}: ${read.error}`)
        for (const one of read.value.objects) if (one.key !== prefix) objects.push(one)
        token = read.value.next
        if (token === undefined) return objects
        if (tokens.has(token)) break
        tokens.add(token)
      }
      throw failure('ENDLESS_LIST', `list of ${named(prefix)}: it never ends (${objects.length} objects so far)`)
    },
    async head(key, signal) {
      const { headers, body } = await ask(signal, 'HEAD', keyPath(key), named(key), { 'x-amz-checksum-mode': 'ENABLED' })
      await body.dump()
      const header = (name: string): string | undefined => (typeof headers[name] === 'string' ? headers[name] : undefined)
      const checksum = header('x-amz-checksum-sha256')
      const length = header('content-length') ?? ''
      const modified = Date.parse(header('last-modified') ?? '')
      if (!/^\d+$/.test(length) || Number.isNaN(modified)) throw failure('BAD_ANSWER', `${named(key)}: no size or time in the answer`)
      const encryption = header('x-amz-server-side-encryption')
      return {
        bytes: Number(length),
        etag: (header('etag') ?? '').replaceAll('"', ''),
        modifiedAt: new Date(modified).toISOString(),
        // `…=-3`, or a type that says so: the digest of the digests of parts.
        ...(checksum !== undefined && /^[A-Za-z0-9+/]{43}=$/.test(checksum) && header('x-amz-checksum-type') !== 'COMPOSITE'
          ? { sha256: Buffer.from(checksum, 'base64').toString('hex') }
          : {}),
        tagIsNoDigest: (encryption !== undefined && encryption !== 'AES256') || header('x-amz-server-side-encryption-customer-algorithm') !== undefined,
      }
    },
    async *read(key, bytes, etag, signal) {
      let from = 0
      let idle = 0
      for (let part = 1; from < bytes; part += 1) {
        const before = from
        const answer = await ask(
          signal,
          'GET',
          keyPath(key),
          named(key),
          { ...(etag === '' ? {} : { 'if-match': `"${etag}"` }), ...(from === 0 ? {} : { range: `bytes=${from}-` }) },
          from === 0 ? [200] : [206],
        )
        if (from > 0 && !String(answer.headers['content-range']).startsWith(`bytes ${from}-`))
          throw failure('BAD_ANSWER', `${named(key)}: another part than asked for`)
        try {
          for await (const chunk of answer.body as AsyncIterable<Buffer>) {
            from += chunk.length
            if (from > bytes) throw failure('BAD_ANSWER', `${named(key)}: more bytes than the ${bytes} that were announced`)
            yield chunk
          }
        } catch (error) {
          if (signal.aborted) throw signal.reason
          if (error instanceof ProbeError) throw error
        }
        if (from >= bytes) return
        idle = from > before ? 0 : idle + 1
        if (idle >= ATTEMPTS || part >= PARTS) throw failure('TRUNCATED_BODY', `${named(key)}: the body ends after ${from} of ${bytes} bytes, again and again`)
        await wait(PAUSE_MS, undefined, { signal })
      }
    },
    async unfinished(prefix, signal) {
      const query = new URLSearchParams({ uploads: '', 'encoding-type': 'url', delimiter: '/', prefix })
      try {
        const answer = await ask(signal, 'GET', `/?${query.toString()}`, `unfinished uploads below ${named(prefix)}`)
        const read = readUploads(await textOf(answer.body))
        return read.ok ? read.value : undefined
      } catch (error) {
        if (error instanceof ProbeError && UNASKED.test(error.failure.code)) return undefined
        throw error
      }
    },
    async protection(signal) {
      const part = async (query: string, right: RegExp, none: string): Promise<boolean | undefined> => {
        try {
          return right.test(await textOf((await ask(signal, 'GET', `/?${query}`, `${query} of ${bucket}`)).body))
        } catch (error) {
          if (error instanceof ProbeError && error.failure.code === none) return false
          if (error instanceof ProbeError && UNASKED.test(error.failure.code)) return undefined
          throw error
        }
      }
      const versioned = await part('versioning', /<Status>Enabled<\/Status>/, 'NoSuchVersioningConfiguration')
      const locked = await part('object-lock', /<ObjectLockEnabled>Enabled<\/ObjectLockEnabled>/, 'ObjectLockConfigurationNotFoundError')
      return { ...(versioned === undefined ? {} : { versioned }), ...(locked === undefined ? {} : { locked }) }
    },
    close: () => agent.destroy(),
  }
}
