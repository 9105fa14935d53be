/** Judgement of the suite with plain objects, and the look itself: a gigabyte in bounded memory, servers that say no early, never or nothing. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import type { Sent, Served, UploadLook } from '../../helpers/probes/upload.ts'
import { runTarget } from '../../helpers/run.ts'
import { normaliseTarget, type Target, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import accepted from './accepted.check.ts'
import anonymous from './anonymous.check.ts'
import earlyRefusal from './early-refusal.check.ts'
import fileName from './file-name.check.ts'
import overwrite from './overwrite.check.ts'
import removal from './removal.check.ts'
import servedSafely from './served-safely.check.ts'
import sizeLimitChunked from './size-limit-chunked.check.ts'
import sizeLimit from './size-limit.check.ts'
import slow from './slow.check.ts'
import typeCheck from './type-check.check.ts'

const AT = '2026-11-21T12:00:00.000Z'
type Entry = NonNullable<TargetInput['uploads']>[number]
const ENTRY: Entry = {
  id: 'picture',
  url: 'http://{domain}/upload',
  auth: { bearerFrom: 'uploader' },
  types: ['image/png'],
  maxBytes: 65_536,
  slowSeconds: 1,
  idPath: '$.id',
  download: 'http://{domain}/files/{id}',
  delete: { url: 'http://{domain}/files/{id}' },
}
const targetOf = (entry: Partial<Entry> = {}, port = 1): Target =>
  normaliseTarget(
    targetSchema.parse({
      domain: 'example.com',
      hosts: { '@': {} },
      allow: ['write'],
      network: { addresses: { 'example.com': '127.0.0.1' }, ports: { http: port } },
      uploads: [{ ...ENTRY, ...entry }],
    } satisfies TargetInput),
    { sha256: '0'.repeat(64), secrets: new Map([['uploader', 'token-of-the-test']]) },
  )
const sent = (status: number | undefined, more: Partial<Sent> = {}): Sent => ({
  what: 'a file',
  fileName: 'postproof-1.png',
  type: 'image/png',
  fileBytes: 4_096,
  bodyBytes: 4_300,
  chunked: false,
  ...(status === undefined ? { failure: { code: 'ECONNRESET', message: 'reset', phase: 'response' } } : { status }),
  at: AT,
  ms: 5,
  early: false,
  sentBytes: 4_300,
  namesPath: false,
  ...(status === 201 ? { id: '7', url: 'http://example.com/files/7' } : {}),
  ...more,
})
const served = (more: Partial<Served> = {}): Served => ({
  url: 'http://example.com/files/7',
  status: 200,
  same: true,
  bytes: 4_096,
  type: 'image/png',
  nosniff: true,
  disposition: 'attachment',
  otherHost: false,
  ...more,
})
const healthy: UploadLook = {
  url: 'http://example.com/upload',
  anonymous: sent(401),
  garbled: sent(401),
  allowed: sent(201),
  served: served(),
  largest: sent(201),
  largestServed: served(),
  above: sent(413),
  aboveChunked: sent(413, { chunked: true }),
  farAbove: sent(413, { early: true, sentBytes: 9, bodyBytes: 99 }),
  slow: sent(201),
  foreign: [{ sent: sent(415, { type: 'text/html' }) }, { sent: sent(415) }],
  names: [{ sent: sent(201) }, { sent: sent(400) }],
  again: { first: sent(201), second: sent(201, { id: '8' }), firstServed: served() },
  removed: [{ id: '7', status: 204, readAfter: 404 }],
  left: 0,
}
function judged(check: Check, look: UploadLook, entry: Partial<Entry> = {}): Verdict {
  const target = targetOf(entry)
  const [subject] = check.subjects(target)
  if (subject === undefined) throw new Error('no subject')
  return check.judge({ look } as never, { target, subject, now: new Date(AT), options: check.options })
}

describe('judgement', () => {
  const all = [accepted, anonymous, earlyRefusal, fileName, overwrite, removal, servedSafely, sizeLimitChunked, sizeLimit, slow, typeCheck]
  test.each(all.map((check) => [check.id, check] as const))('%s: passes on a healthy look, with evidence', (_id, check) => {
    const verdict = judged(check, healthy)
    expect(verdict.outcome).toBe('pass')
    expect(verdict.evidence.length).toBeGreaterThan(0)
  })
  test.each<[string, Check, Partial<UploadLook>, Verdict['outcome'], string?]>([
    ['taken from strangers', anonymous, { anonymous: sent(201) }, 'fail', 'upload.anonymous.accepted'],
    ['taken with any token', anonymous, { garbled: sent(201) }, 'fail', 'upload.anonymous.accepted'],
    ['refused for another reason', anonymous, { anonymous: sent(400) }, 'warn', 'upload.anonymous.unclear'],
    ['a limiter', anonymous, { anonymous: sent(429) }, 'inconclusive'],
    ['nobody may', anonymous, { allowed: sent(401) }, 'inconclusive'],
    ['no answer', anonymous, { anonymous: sent(undefined) }, 'inconclusive'],
    ['refused', accepted, { allowed: sent(500) }, 'fail', 'upload.accepted.refused'],
    ['an overloaded gateway', accepted, { allowed: sent(503) }, 'inconclusive'],
    ['not what was sent', accepted, { served: served({ same: false }) }, 'fail', 'upload.accepted.changed'],
    ['not there', accepted, { served: served({ status: 404, same: false }) }, 'fail', 'upload.accepted.not-served'],
    ['a proxy that knows less', sizeLimit, { largest: sent(413) }, 'fail', 'upload.limit.too-low'],
    ['a proxy that gives up', sizeLimit, { largest: sent(504) }, 'fail', 'upload.limit.cut'],
    ['no limit', sizeLimit, { above: sent(201) }, 'fail', 'upload.limit.missing'],
    ['an error', sizeLimit, { above: sent(500) }, 'fail', 'upload.limit.reset'],
    ['a reset', sizeLimit, { above: sent(undefined) }, 'fail', 'upload.limit.reset'],
    ['not 413', sizeLimit, { above: sent(400) }, 'warn', 'upload.limit.status'],
    ['no limit in chunks', sizeLimitChunked, { aboveChunked: sent(201) }, 'fail', 'upload.limit.chunked'],
    ['411 for chunks', sizeLimitChunked, { aboveChunked: sent(411) }, 'pass'],
    ['read to the end', earlyRefusal, { farAbove: sent(413) }, 'warn', 'upload.limit.read-all'],
    ['cut while slow', slow, { slow: sent(undefined) }, 'fail', 'upload.slow.cut'],
    ['a page', typeCheck, { foreign: [{ sent: sent(201, { type: 'text/html' }) }] }, 'fail', 'upload.type.taken'],
    ['refused in words', typeCheck, { foreign: [{ sent: sent(200) }] }, 'warn', 'upload.type.status'],
    ['strangers refused in words', anonymous, { anonymous: sent(200) }, 'warn', 'upload.anonymous.unclear'],
    ['taken from strangers under an address', anonymous, { anonymous: sent(200, { url: 'http://example.com/files/9' }) }, 'fail', 'upload.anonymous.accepted'],
    ['a page called a picture', typeCheck, { foreign: [{ sent: sent(201) }] }, 'fail', 'upload.type.disguised'],
    ['a crash', typeCheck, { foreign: [{ sent: sent(500) }] }, 'fail', 'upload.type.error'],
    ['nothing tried', typeCheck, { foreign: [] }, 'inconclusive'],
    [
      'a page inline',
      servedSafely,
      { foreign: [{ sent: sent(201), served: served({ type: 'text/html', disposition: 'inline' }) }] },
      'fail',
      'upload.served.active',
    ],
    ['a page as an attachment', servedSafely, { foreign: [{ sent: sent(201), served: served({ type: 'text/html' }) }] }, 'pass'],
    [
      'a page in a sandbox',
      servedSafely,
      { foreign: [{ sent: sent(201), served: served({ type: 'text/html', disposition: 'inline', policy: "default-src 'none'; sandbox" }) }] },
      'pass',
    ],
    [
      'a drawing of another host',
      servedSafely,
      { foreign: [{ sent: sent(201), served: served({ type: 'image/svg+xml', disposition: 'inline', otherHost: true }) }] },
      'pass',
    ],
    ['a picture inline', servedSafely, { served: served({ disposition: 'inline' }) }, 'pass'],
    ['no type', servedSafely, { served: { ...served(), type: undefined as never, disposition: undefined as never } }, 'fail', 'upload.served.sniffable'],
    ['outside', fileName, { names: [{ sent: sent(201), escaped: '/x.png' }] }, 'fail', 'upload.name.escaped'],
    ['a path kept', fileName, { names: [{ sent: sent(201, { namesPath: true }) }] }, 'fail', 'upload.name.kept'],
    ['replaced', overwrite, { again: { first: sent(201), second: sent(201), firstServed: served({ same: false }) } }, 'fail', 'upload.overwrite.replaced'],
    ['the second is refused', overwrite, { again: { first: sent(201), second: sent(409) } }, 'pass'],
    ['still there', removal, { removed: [{ id: '7', status: 204, readAfter: 200 }] }, 'fail', 'upload.removal.still-served'],
    ['cannot be deleted', removal, { removed: [{ id: '7', status: 403 }] }, 'fail', 'upload.removal.refused'],
    ['cannot be named', removal, { removed: [], left: 3 }, 'warn', 'upload.removal.nameless'],
  ])('%s', (_name, check, change, outcome, code) => {
    expect(judged(check, { ...healthy, ...change })).toMatchObject({ outcome, ...(code === undefined ? {} : { code }) })
  })
  test('where the simplest file is refused, nothing else is judged', () => {
    for (const check of all.filter((one) => one !== accepted && one !== anonymous))
      expect(judged(check, { ...healthy, allowed: sent(403) }).outcome, check.id).toBe('inconclusive')
  })
  const address: Partial<Entry> = { urlPath: '$.url', download: undefined, idPath: undefined, delete: undefined }
  const nameless: Partial<Sent> = { id: undefined as never, url: undefined as never }
  const limited = served({ status: 429, same: false })
  test.each<[string, Check, Partial<UploadLook>, Verdict['outcome'], (string | undefined)?, Partial<Entry>?]>([
    ['an answer without the id', accepted, { allowed: sent(201, nameless), served: undefined as never }, 'fail', 'upload.accepted.no-id'],
    ['an answer without the address', accepted, { allowed: sent(201, nameless), served: undefined as never }, 'fail', 'upload.accepted.not-served', address],
    ['an address that cannot be asked', accepted, { allowed: sent(201, { url: 'data:,x' }), served: undefined as never }, 'fail', 'upload.accepted.not-served'],
    ['an address is all that is promised', accepted, {}, 'pass', undefined, address],
    ['nothing is promised', accepted, { allowed: sent(201, nameless), served: undefined as never }, 'pass', undefined, { ...address, urlPath: undefined }],
    ['a limiter when the file is read', accepted, { served: limited }, 'inconclusive'],
    [
      'a limiter when the file is read, and no id',
      accepted,
      { allowed: sent(201, { id: undefined as never }), served: limited },
      'fail',
      'upload.accepted.no-id',
    ],
    ['a limiter when the largest file is read', sizeLimit, { largestServed: limited }, 'inconclusive'],
    ['the largest file comes back cut', sizeLimit, { largestServed: served({ same: false }) }, 'fail', 'upload.limit.cut'],
    ['a limiter on what is above', sizeLimit, { above: sent(429) }, 'inconclusive'],
    ['nothing of the largest size', sizeLimit, { largest: undefined as never }, 'inconclusive'],
    ['nothing in chunks', sizeLimitChunked, { aboveChunked: undefined as never }, 'inconclusive'],
    ['a limiter in chunks', sizeLimitChunked, { aboveChunked: sent(503) }, 'inconclusive'],
    ['an error for chunks', sizeLimitChunked, { aboveChunked: sent(500) }, 'fail', 'upload.limit.chunked-reset'],
    ['a reset for chunks', sizeLimitChunked, { aboveChunked: sent(undefined) }, 'fail', 'upload.limit.chunked-reset'],
    ['another refusal of chunks', sizeLimitChunked, { aboveChunked: sent(400) }, 'warn', 'upload.limit.chunked-status'],
    ['nothing far above', earlyRefusal, { farAbove: undefined as never }, 'inconclusive'],
    ['far above, taken', earlyRefusal, { farAbove: sent(201) }, 'fail', 'upload.limit.far-taken'],
    ['far above, cut off', earlyRefusal, { farAbove: sent(undefined) }, 'warn', 'upload.limit.far-reset'],
    ['a limiter far above', earlyRefusal, { farAbove: sent(429) }, 'inconclusive'],
    ['nothing slow', slow, { slow: undefined as never }, 'inconclusive'],
    ['a limiter while slow', slow, { slow: sent(503) }, 'inconclusive'],
    ['given up while slow', slow, { slow: sent(408) }, 'fail', 'upload.slow.cut'],
    ['given up by the gateway while slow', slow, { slow: sent(502) }, 'fail', 'upload.slow.cut'],
    ['refused while slow', slow, { slow: sent(400) }, 'fail', 'upload.slow.refused'],
    ['a limiter on one type', typeCheck, { foreign: [{ sent: sent(415) }, { sent: sent(429) }] }, 'inconclusive'],
    ['a limiter hides no page that is taken', typeCheck, { foreign: [{ sent: sent(429) }, { sent: sent(201) }] }, 'fail', 'upload.type.disguised'],
    ['unprocessable', typeCheck, { foreign: [{ sent: sent(422) }] }, 'pass'],
    ['another refusal of a type', typeCheck, { foreign: [{ sent: sent(403) }] }, 'warn', 'upload.type.status'],
    ['a limiter on one name', fileName, { names: [{ sent: sent(201) }, { sent: sent(429) }] }, 'inconclusive'],
    ['a limiter hides no file outside', fileName, { names: [{ sent: sent(429) }, { sent: sent(201), escaped: '/x.png' }] }, 'fail', 'upload.name.escaped'],
    ['a name that breaks the service', fileName, { names: [{ sent: sent(500) }] }, 'fail', 'upload.name.error'],
    ['a name that is cut off', fileName, { names: [{ sent: sent(undefined) }] }, 'fail', 'upload.name.error'],
    ['no second file', overwrite, { again: undefined as never }, 'inconclusive'],
    ['the first of two is refused', overwrite, { again: { first: sent(400), second: sent(201) } }, 'inconclusive'],
    ['a limiter on the second is no refusal of its name', overwrite, { again: { first: sent(201), second: sent(429), firstServed: served() } }, 'inconclusive'],
    ['an error for the second', overwrite, { again: { first: sent(201), second: sent(500), firstServed: served() } }, 'inconclusive'],
    ['no address of the first', overwrite, { again: { first: sent(201), second: sent(201) } }, 'skip'],
    ['a limiter when the first is read', overwrite, { again: { first: sent(201), second: sent(201), firstServed: limited } }, 'inconclusive'],
    [
      'an error when the first is read',
      overwrite,
      { again: { first: sent(201), second: sent(201), firstServed: served({ status: 500, same: false }) } },
      'inconclusive',
    ],
    [
      'files that never come back as they were',
      overwrite,
      { served: served({ same: false }), again: { first: sent(201), second: sent(201), firstServed: served({ same: false }) } },
      'inconclusive',
    ],
    ['no file comes back', servedSafely, { served: served({ status: 404 }) }, 'skip'],
    ['a type that browsers guess', servedSafely, { served: served({ nosniff: false }) }, 'fail', 'upload.served.sniffable'],
    ['guessed by browsers, but of another host and an attachment', servedSafely, { served: served({ nosniff: false, otherHost: true }) }, 'pass'],
    ['a limiter on the deletion', removal, { removed: [{ id: '7', status: 429 }] }, 'inconclusive'],
    ['a limiter after the deletion', removal, { removed: [{ id: '7', status: 204, readAfter: 429 }] }, 'inconclusive'],
    ['an error after the deletion', removal, { removed: [{ id: '7', status: 204, readAfter: 500 }] }, 'inconclusive'],
    [
      'a limiter hides no file that stays',
      removal,
      {
        removed: [
          { id: '7', status: 429 },
          { id: '8', status: 204, readAfter: 200 },
        ],
      },
      'fail',
      'upload.removal.still-served',
    ],
    ['a redirect instead of a deletion', removal, { removed: [{ id: '7', status: 302 }] }, 'fail', 'upload.removal.refused'],
    ['nothing to delete', removal, { removed: [] }, 'inconclusive'],
    ['no stranger was tried', anonymous, { garbled: undefined as never }, 'inconclusive'],
    ['a limiter hides no stranger who got in', anonymous, { anonymous: sent(429), garbled: sent(201) }, 'fail', 'upload.anonymous.accepted'],
    ['forbidden', anonymous, { anonymous: sent(403) }, 'pass'],
    ['a success that is not declared', anonymous, { anonymous: sent(204) }, 'fail', 'upload.anonymous.accepted'],
  ])('%s', (_name, check, change, outcome, code, entry) => {
    expect(judged(check, { ...healthy, ...change }, entry)).toMatchObject({ outcome, ...(code === undefined ? {} : { code }) })
  })
  test('what is declared decides what is judged', () => {
    const applies = (check: Check, entry: Partial<Entry>): boolean => check.subjects(targetOf(entry)).length > 0
    expect(applies(overwrite, { urlPath: '$.url', download: undefined })).toBe(true)
    expect(applies(overwrite, { download: undefined })).toBe(false)
    expect(applies(servedSafely, { urlPath: '$.url', download: undefined })).toBe(true)
    expect(applies(sizeLimitChunked, { maxBytes: 65_536, tryBytes: 65_536 })).toBe(true)
    expect(applies(sizeLimitChunked, { maxBytes: 65_537, tryBytes: 65_536 })).toBe(false)
    expect(accepted.subjects(targetOf())[0]?.host?.fqdn).toBe('example.com')
    expect(accepted.subjects(targetOf({ url: 'http://elsewhere.{domain}/upload' }))[0]).not.toHaveProperty('host')
  })
  test('a limit above what may be tried is not called proven', () => {
    const { above: _above, ...rest } = healthy
    expect(judged(sizeLimit, rest)).toMatchObject({ outcome: 'inconclusive', blame: 'misused' })
  })
})

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})
async function serverWith(on: (message: IncomingMessage, reply: ServerResponse) => void): Promise<number> {
  const server = createServer(on)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(resolve)
      }),
  )
  return (server.address() as AddressInfo).port
}

describe('against servers', () => {
  test('a file of a gigabyte goes out and comes back in bounded memory', { timeout: 120_000 }, async () => {
    const GIGABYTE = 1024 ** 3
    let largest = 0
    let most = 0
    const sums: string[] = []
    const measured = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss)
    }, 20)
    closers.push(async () => clearInterval(measured))
    const port = await serverWith((message, reply) => {
      if (message.method !== 'POST') {
        message.resume()
        reply.writeHead(message.method === 'DELETE' ? 204 : 404).end()
        return
      }
      const digest = createHash('sha256')
      let size = 0
      message.on('data', (chunk: Buffer) => {
        size += chunk.length
        digest.update(chunk)
      })
      message.on('end', () => {
        largest = Math.max(largest, size)
        sums.push(digest.digest('hex'))
        if (!reply.headersSent) reply.writeHead(201, { 'Content-Type': 'application/json' }).end(JSON.stringify({ id: String(sums.length) }))
      })
      message.on('error', () => {})
    })
    const before = process.memoryUsage().rss
    const { results } = await runTarget(
      targetOf(
        {
          maxBytes: 4 * GIGABYTE,
          tryBytes: GIGABYTE,
          auth: undefined as never,
          types: undefined as never,
          slowSeconds: undefined as never,
          download: undefined,
        },
        port,
      ),
      {
        catalogue: [accepted, sizeLimit],
      },
    )
    expect(largest).toBeGreaterThanOrEqual(GIGABYTE)
    expect(results.find(({ check }) => check === 'upload/accepted')?.outcome).toBe('pass')
    expect(results.find(({ check }) => check === 'upload/size-limit')).toMatchObject({ outcome: 'inconclusive', blame: 'misused' })
    expect((most - before) / 1024 ** 2).toBeLessThan(250)
  })
  test('a file that is handed out by a redirect to a store comes back whole', async () => {
    const files: Buffer[] = []
    const port = await serverWith((message, reply) => {
      const [, place, number] = (message.url ?? '').split('/')
      const parts: Buffer[] = []
      message.on('data', (chunk: Buffer) => parts.push(chunk))
      message.on('end', () => {
        if (message.method === 'DELETE') reply.writeHead(204).end()
        else if (place === 'files') reply.writeHead(302, { Location: `/store/${number}?signature=x` }).end()
        else if (place === 'store') reply.writeHead(200, { 'Content-Type': 'image/png' }).end(files[Number(number?.split('?')[0])])
        else {
          const whole = Buffer.concat(parts)
          const body = whole.subarray(whole.indexOf('\r\n\r\n') + 4, whole.lastIndexOf('\r\n--'))
          reply.writeHead(201, { 'Content-Type': 'application/json' }).end(JSON.stringify({ id: String(files.push(body) - 1) }))
        }
      })
    })
    const { results } = await runTarget(targetOf({ maxBytes: undefined as never, slowSeconds: undefined as never, types: undefined as never }, port), {
      catalogue: [accepted],
    })
    expect(results[0], JSON.stringify(results[0])).toMatchObject({ outcome: 'pass' })
  })
  test('without consent nothing is sent', async () => {
    let requests = 0
    const port = await serverWith((_message, reply) => {
      requests += 1
      reply.end()
    })
    const target = targetOf({}, port)
    const { allow: _allow, ...file } = target.file
    const { results } = await runTarget({ ...target, file }, { catalogue: [accepted] })
    expect(results[0]).toMatchObject({ outcome: 'skip', skip: 'not-authorised' })
    expect(requests).toBe(0)
  })
  test('without the secret nothing is sent, and nobody calls it green', async () => {
    const { secrets: _secrets, ...target } = targetOf()
    const { results } = await runTarget(target, { catalogue: [accepted] })
    expect(results[0]).toMatchObject({ outcome: 'skip', skip: 'no-access' })
  })
  test('what was brought is deleted, also when the service fails half way', async () => {
    const kept = new Set<string>()
    let number = 0
    const port = await serverWith((message, reply) => {
      message.resume()
      message.on('error', () => {})
      message.on('end', () => {
        if (message.method === 'DELETE') {
          kept.delete((message.url ?? '').split('/').at(-1) ?? '')
          reply.writeHead(204).end()
        } else if (message.method === 'POST') {
          number += 1
          if (number > 6) {
            message.socket.destroy()
            return
          }
          kept.add(String(number))
          reply.writeHead(201, { 'Content-Type': 'application/json' }).end(JSON.stringify({ id: String(number) }))
        } else reply.writeHead(404).end()
      })
    })
    await runTarget(targetOf({}, port), { catalogue: [accepted] })
    expect(number).toBeGreaterThan(6)
    expect([...kept]).toEqual([])
  })
})
