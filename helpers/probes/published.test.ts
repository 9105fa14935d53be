/** What certificates point to, fetched: every way a server can answer, and every way a URL can lure us elsewhere. */
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { startDns } from '../../fixtures/servers/dns.ts'
import { Observer } from '../observer.ts'
import type { Probe } from '../probe.ts'
import { normaliseTarget } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { fetchPublished, type Published, type PublishedRequest, reachOf } from './published.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})
type Serve = (socket: Socket, path: string) => void
async function serving(serve: Serve): Promise<{ readonly port: number; readonly asked: string[] }> {
  const sockets = new Set<Socket>()
  const asked: string[] = []
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', (chunk: Buffer) => {
      const path = chunk.toString('latin1').split(' ', 2)[1] ?? ''
      asked.push(path)
      serve(socket, path)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, asked }
}

interface Given {
  readonly ports?: Record<string, number>
  readonly resolver?: string
}
async function fetched(given: Given, request: Partial<PublishedRequest> = {}): Promise<Published> {
  const file = {
    domain: 'example.com',
    hosts: { '@': {} },
    network: {
      addresses: { 'pki.example.net': '127.0.0.1' },
      ...(given.ports === undefined ? {} : { ports: given.ports }),
      resolver: given.resolver ?? '127.0.0.1:1',
    },
  }
  const observer = new Observer(normaliseTarget(targetSchema.parse(file), { sha256: '0'.repeat(64) }))
  const probe: Probe<Published> = {
    kind: 'test',
    key: 'test',
    impact: 'read',
    cost: { connections: 1, requests: 1 },
    timeoutMs: 20_000,
    run: (context) =>
      fetchPublished(context, { url: 'http://pki.example.net/a.crl', reach: 'pinned', limit: 1000, milliseconds: 4_000, accept: '*/*', ...request }),
  }
  try {
    const seen = await observer.observe(probe)
    if (!seen.ok) throw new Error(seen.failure.message)
    return seen.value
  } finally {
    await observer.close()
  }
}
const answer =
  (head: string, body = ''): Serve =>
  (socket) =>
    void socket.end(`HTTP/1.1 ${head}\r\n\r\n${body}`)
const from = async (serve: Serve, request: Partial<PublishedRequest> = {}): Promise<Published> =>
  fetched({ ports: { http: (await serving(serve)).port } }, request)

describe('answers', () => {
  test('a body with its length, on a connection that stays open', async () => {
    const seen = await from((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/pkix-crl\r\nContent-Length: 4\r\n\r\nlist'))
    expect(seen).toMatchObject({ ok: true, contentType: 'application/pkix-crl', url: 'http://pki.example.net/a.crl' })
    expect(seen.ok && seen.body.toString()).toBe('list')
  })

  test('in chunks, and until the connection ends', async () => {
    const chunked = await from((socket) => void socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nli\r\n2\r\nst\r\n0\r\n\r\n'))
    expect(chunked.ok && chunked.body.toString()).toBe('list')
    const plain = await from(answer('200 OK', 'list'))
    expect(plain.ok && plain.body.toString()).toBe('list')
  })

  test.each([
    ['not there', answer('404 Not Found\r\nContent-Length: 0'), 'refused', /answered 404/],
    ['cut off', answer('200 OK\r\nContent-Length: 400', 'half'), 'unreachable', /cut off after 4 of 400/],
    ['larger than it may be, by its length', answer('200 OK\r\nContent-Length: 104857600', 'x'), 'too-large', /larger than 1000/],
    ['no HTTP', ((socket) => void socket.end('220 mail.example.net ESMTP\r\n')) satisfies Serve, 'unreachable', /no HTTP/],
    ['a head without end', ((socket) => void socket.end(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(10_000)}`)) satisfies Serve, 'too-large', /larger than 1000/],
    ['closed at once', ((socket) => void socket.end()) satisfies Serve, 'unreachable', /without an answer/],
    ['silence', (() => {}) satisfies Serve, 'unreachable', /in time/],
    ['a redirect to nowhere', answer('302 Found\r\nContent-Length: 0'), 'refused', /without a place/],
    ['a redirect inside', answer('302 Found\r\nLocation: http://127.0.0.1:9000/x\r\nContent-Length: 0'), 'not-asked', /not pinned/],
    ['a redirect to a file', answer('302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0'), 'not-asked', /plain http/],
  ] as const)('%s', async (_what, serve, result, detail) => {
    expect(await from(serve)).toMatchObject({ ok: false, result, detail: expect.stringMatching(detail) })
  })

  test('a flood without a length stops at the limit', async () => {
    let sent = 0
    const seen = await from((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      const more = (): void => {
        while (!socket.destroyed && sent < 100 * 1024 * 1024) {
          sent += 65_536
          if (!socket.write(Buffer.alloc(65_536))) {
            socket.once('drain', more)
            return
          }
        }
        socket.end()
      }
      more()
    })
    expect(seen).toMatchObject({ ok: false, result: 'too-large' })
    expect(sent).toBeLessThan(30 * 1024 * 1024)
  })

  test('redirects are followed three times and no further', async () => {
    const { port, asked } = await serving((socket, path) => void socket.end(`HTTP/1.1 301 Moved\r\nLocation: ${path}x\r\nContent-Length: 0\r\n\r\n`))
    expect(await fetched({ ports: { http: port } })).toMatchObject({ ok: false, result: 'refused' })
    expect(asked).toEqual(['/a.crl', '/a.crlx', '/a.crlxx', '/a.crlxxx'])
  })
})

describe('the way there', () => {
  test.each([
    ['another scheme', 'https://pki.example.net/a.crl', /plain http/],
    ['a login in it', 'http://root:secret@pki.example.net/a.crl', /login/],
    ['no URL', 'http://', /not a URL/],
    ['a name that nobody pinned', 'http://crl.example.org/a.crl', /not public/],
    ['loopback', 'http://127.0.0.1/a.crl', /not public/],
    ['loopback, written otherwise', 'http://0x7f000001/a.crl', /not public/],
    ['IPv6 loopback', 'http://[::1]/a.crl', /not public/],
  ])('not asked: %s', async (_what, url, detail) => {
    const { port, asked } = await serving(answer('200 OK', 'list'))
    expect(await fetched({ ports: { http: port } }, { url })).toMatchObject({ ok: false, result: 'not-asked', detail: expect.stringMatching(detail) })
    expect(asked).toEqual([])
  })

  test.each([
    ['loopback', 'http://127.0.0.1/a.crl'],
    ['loopback, mapped', 'http://[::ffff:127.0.0.1]/a.crl'],
    ['the address of the cloud’s metadata', 'http://169.254.169.254/latest/'],
    ['a name that leads inside', 'http://inside.example.org/a.crl'],
    ['a name that leads inside by one of its addresses', 'http://mixed.example.org/a.crl'],
    ['a name that does not exist', 'http://nobody.example.org/a.crl'],
    ['another port', 'http://crl.example.org:8080/a.crl'],
  ])('not asked on behalf of a public host either: %s', async (_what, url) => {
    const { port, asked } = await serving(answer('200 OK', 'list'))
    const { zone } = healthyWorld()
    zone.apexes = [...zone.apexes, 'example.org']
    zone.records = [
      ...zone.records,
      { name: 'inside.example.org', type: 'A', data: '127.0.0.1' },
      { name: 'mixed.example.org', type: 'A', data: '203.0.114.1' },
      { name: 'mixed.example.org', type: 'AAAA', data: '::1' },
    ]
    const dns = await startDns(zone)
    closers.push(dns.stop)
    const seen = await fetched({ ports: { http: port }, resolver: dns.servers[zone.resolver] ?? '' }, { url, reach: 'public' })
    expect(seen).toMatchObject({ ok: false, result: 'not-asked' })
    expect(asked).toEqual([])
  })

  test.each([
    ['loopback', 'http://127.0.0.1/a.crl'],
    ['the metadata of a cloud', 'http://169.254.169.254/latest/'],
    ['a link-local address', 'http://[fe80::1]/a.crl'],
    ['a name that leads to loopback', 'http://inside.example.org:8080/a.crl'],
  ])('not asked on behalf of a host inside: %s', async (_what, url) => {
    const { zone } = healthyWorld()
    zone.apexes = [...zone.apexes, 'example.org']
    zone.records = [...zone.records, { name: 'inside.example.org', type: 'A', data: '127.0.0.1' }]
    const dns = await startDns(zone)
    closers.push(dns.stop)
    const seen = await fetched({ resolver: dns.servers[zone.resolver] ?? '' }, { url, reach: 'inside' })
    expect(seen).toMatchObject({ ok: false, result: 'not-asked' })
  })

  test.each([
    ['203.0.114.9', undefined, 'public'],
    ['203.0.114.9', 'declared', 'public'],
    ['10.0.0.9', 'bundled', 'public'],
    ['127.0.0.1', 'bundled', 'public'],
    ['10.0.0.9', 'declared', 'inside'],
    ['fd00::9', 'declared', 'inside'],
    ['10.0.0.9', undefined, 'pinned'],
    ['127.0.0.1', 'declared', 'pinned'],
    ['169.254.169.254', 'declared', 'pinned'],
    ['::1', undefined, 'pinned'],
  ] as const)('from %s, vouched for by %s: %s', (address, anchor, reach) => {
    expect(reachOf(address, anchor)).toBe(reach)
  })
})
