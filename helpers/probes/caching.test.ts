/** Second looks against a small server on loopback: what is asked, how often, with what. */
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { issueCertificate } from '../../fixtures/certificates.ts'
import type { Observed, Probe } from '../probe.ts'
import { type Host, normaliseTarget, type TargetInput } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { look as lookAll, valueOf } from '../testing/look.ts'
import { codings, missingAsset, revalidations } from './caching.ts'
import { firstPartyAssets } from './page.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

const DOCUMENT = '<!doctype html><script src="/a-0a1b2c3d.js"></script><link rel=stylesheet href="/b.css"><script src="https://elsewhere.test/x.js"></script>'

async function served(respond: (path: string, request: IncomingMessage) => { status?: number; headers?: Record<string, string>; body?: string | Buffer }) {
  const requests: string[] = []
  const { key, chain } = await issueCertificate({ names: ['example.com'] })
  const handler: Parameters<typeof createServer>[1] = (request, reply) => {
    const asked = ['if-none-match', 'if-modified-since', 'accept-encoding'].flatMap((name) =>
      request.headers[name] === undefined ? [] : [`${name}: ${String(request.headers[name])}`],
    )
    requests.push([request.url, ...asked].join(' '))
    const { status = 200, headers = {}, body = '' } = respond(request.url ?? '', request)
    reply.writeHead(status, headers).end(body)
  }
  const server = createHttps({ key, cert: chain }, handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { requests, port: (server.address() as AddressInfo).port }
}

async function look<T>(port: number, probe: (host: Host) => Probe<T>, host: NonNullable<TargetInput['hosts']>[string] = {}): Promise<Observed<T>> {
  const target = normaliseTarget(
    targetSchema.parse({
      domain: 'example.com',
      environment: 'local',
      hosts: { '@': host },
      network: { addresses: { 'example.com': '127.0.0.1' }, ports: { https: port } },
      limits: { probeSeconds: 2 },
    }),
    { sha256: '0'.repeat(64) },
  )
  return (await lookAll(target, probe(target.hosts[0] as Host)))[0] as Observed<T>
}
const html = { 'Content-Type': 'text/html' }

test('assets: the own ones, once each; foreign ones never', async () => {
  const { requests, port } = await served((path) => (path === '/' ? { headers: html, body: DOCUMENT } : { body: 'x' }))
  const { assets, found } = valueOf(await look(port, firstPartyAssets))
  expect(assets.map((one) => [one.url, one.seen.ok, one.reference?.tag])).toEqual([
    ['https://example.com/a-0a1b2c3d.js', true, 'script'],
    ['https://example.com/b.css', true, 'link'],
  ])
  expect(found).toBe(2)
  expect(requests.sort()).toEqual(['/', '/a-0a1b2c3d.js', '/b.css'])
})

test('declared assets instead of those the document names', async () => {
  const { requests, port } = await served((path) => (path === '/' ? { headers: html, body: DOCUMENT } : { status: 404 }))
  const { assets } = valueOf(await look(port, firstPartyAssets, { assets: ['/c.js', '/b.css'] }))
  expect(assets.map((one) => [one.url, one.reference?.tag])).toEqual([
    ['https://example.com/c.js', undefined],
    ['https://example.com/b.css', 'link'],
  ])
  expect(requests).not.toContain('/a-0a1b2c3d.js')
})

test('revalidation: ETag first, else Last-Modified, only of status 200', async () => {
  const modified = 'Sun, 06 Nov 1994 08:49:37 GMT'
  const { requests, port } = await served((path, request) => {
    if (request.headers['if-none-match'] !== undefined || request.headers['if-modified-since'] !== undefined) return { status: 304 }
    if (path === '/') return { headers: { ...html, ETag: 'W/"1"', 'Last-Modified': modified }, body: DOCUMENT }
    return path === '/b.css' ? { headers: { 'Last-Modified': modified }, body: 'x' } : { status: 404, headers: { ETag: '"2"' } }
  })
  const seen = valueOf(await look(port, revalidations))
  expect(seen.map((one) => [one.kind, one.sent, one.again?.ok === true ? one.again.value.status : undefined])).toEqual([
    ['document', ['if-none-match', 'W/"1"'], 304],
    ['asset', ['if-modified-since', modified], 304],
  ])
  expect(requests.sort()).toEqual(['/', '/ if-none-match: W/"1"', '/a-0a1b2c3d.js', '/b.css', `/b.css if-modified-since: ${modified}`])
})

test('codings: without an offer, then with gzip; API routes too', async () => {
  const { requests, port } = await served((path, request) => {
    const gzip = request.headers['accept-encoding'] === 'gzip'
    const headers = { 'Content-Type': path === '/' ? 'text/html' : 'text/plain', ...(gzip ? { 'Content-Encoding': 'gzip' } : {}) }
    const body = path === '/' ? DOCUMENT : 'x'
    return { headers, body: gzip ? gzipSync(body) : body }
  })
  const seen = valueOf(await look(port, codings, { apiPaths: ['/api'] }))
  expect(seen.map((one) => [one.url.slice('https://example.com'.length), one.kind, one.gzip.ok])).toEqual([
    ['/', 'document', true],
    ['/a-0a1b2c3d.js', 'asset', true],
    ['/b.css', 'asset', true],
    ['/api', 'api', true],
  ])
  for (const one of seen) if (one.gzip.ok) expect(Buffer.from(one.gzip.value.body)).toEqual(Buffer.from(one.first.body))
  expect(requests).toHaveLength(8)
  expect(requests.filter((one) => one.includes('accept-encoding'))).toHaveLength(4)
})

test('an API host has no document', async () => {
  const { requests, port } = await served(() => ({ body: '{}' }))
  expect(valueOf(await look(port, codings, { kind: 'api', apiPaths: ['/v1'] })).map((one) => one.kind)).toEqual(['api'])
  expect(requests).not.toContain('/')
})

test('the missing asset lies beside the first script', async () => {
  const { requests, port } = await served((path) => (path === '/' ? { headers: html, body: DOCUMENT } : { status: 404 }))
  expect(valueOf(await look(port, missingAsset))).toMatchObject({ status: 404, url: 'https://example.com/postproof-missing-0a1b2c3d.js' })
  expect(requests).toContain('/postproof-missing-0a1b2c3d.js')
})

test('no document: what it failed with', async () => {
  const { port } = await served(() => ({}))
  await Promise.all(closers.splice(0).map((close) => close()))
  for (const probe of [revalidations, codings, missingAsset, firstPartyAssets] as ((host: Host) => Probe<unknown>)[]) {
    const one = await look(port, probe)
    expect(one.ok ? 'seen' : one.failure.code).toBe('ECONNREFUSED')
  }
})
