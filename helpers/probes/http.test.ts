import { execFile } from 'node:child_process'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createHttps } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { issueCertificate } from '../../fixtures/certificates.ts'
import { defineCheck } from '../check.ts'
import { headerValues } from '../headers.ts'
import type { Observed, Probe } from '../probe.ts'
import { curlFor, digFor, opensslFor, shellQuote } from '../reproduce.ts'
import { runTarget } from '../run.ts'
import { normaliseTarget, type Target, type TargetInput } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { look, valueOf } from '../testing/look.ts'
import { pass } from '../verdict.ts'
import { decodeBody, readLeniently } from './http-message.ts'
import { documentOf, httpChain, httpGet, rawHttp, splitUrl } from './http.ts'
import { tlsHandshake } from './tls.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

interface Started {
  readonly port: number
  /** TCP connections accepted. */
  readonly connections: () => number
}
async function started(server: Server): Promise<Started> {
  let count = 0
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    count += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, connections: () => count }
}
const tcp = (on: (socket: Socket) => void): Promise<Started> => started(createServer(on))
const http = (on: RequestListener): Promise<Started> => started(createHttp(on))
/** Answers every request on a raw socket with the same bytes. */
const answering = (bytes: string | Buffer, after: 'keep' | 'end' = 'keep'): Promise<Started> =>
  tcp((socket) =>
    socket.on('data', () => {
      socket.write(bytes)
      if (after === 'end') socket.end()
    }),
  )

const targetOf = (ports: Record<string, number>, more: Partial<TargetInput> = {}, pins: Record<string, string> = {}): Target =>
  normaliseTarget(
    targetSchema.parse({
      domain: 'example.com',
      environment: 'local',
      hosts: { '@': {} },
      network: { addresses: { 'example.com': '127.0.0.1', '*.example.com': '127.0.0.1', ...pins }, ports },
      limits: { probeSeconds: 0.6 },
      ...more,
    }),
    { sha256: '0'.repeat(64) },
  )

const failureOf = (observed: Observed<unknown> | undefined) => {
  if (observed?.ok !== false) throw new Error(`seen: ${JSON.stringify(observed).slice(0, 300)}`)
  return observed.failure
}
const get = (path = '/', more = {}) => httpGet(`http://example.com${path}`, more)

describe('over HTTP/1.1', () => {
  test('many requests share one connection; order, case and duplicates of headers are kept', async () => {
    const server = await answering('HTTP/1.1 200 Fine\r\nX-b: 1\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-B: 2\r\nContent-Length: 2\r\n\r\nok')
    const seen = await look(targetOf({ http: server.port }), get('/1'), get('/2'), get('/3'), get('/4'), get('/3'))
    for (const one of seen) {
      const value = valueOf(one)
      expect(value.headers.map(([name, text]) => `${name}=${text}`)).toEqual(['X-b=1', 'Set-Cookie=a=1', 'set-cookie=b=2', 'X-B=2', 'Content-Length=2'])
      expect(headerValues(value.headers, 'SET-COOKIE')).toEqual(['a=1', 'b=2'])
      expect(value).toMatchObject({ status: 200, statusText: 'Fine', httpVersion: '1.1', truncated: false, decodeFailed: false, wireBytes: 2 })
      expect(value.peer).toBe(`127.0.0.1:${server.port}`)
    }
    expect(seen.filter((one) => one.ok && one.value.reused)).toHaveLength(4 - 1 + 1)
    expect(server.connections()).toBe(1)
  })

  test('the request target goes out byte for byte, the Host header is canonical and can be replaced', async () => {
    const lines: string[] = []
    const server = await tcp((socket) =>
      socket.on('data', (data) => {
        lines.push(...data.toString('latin1').split('\r\n').slice(0, 2))
        socket.write('HTTP/1.1 204 No Content\r\n\r\n')
      }),
    )
    await look(targetOf({ http: server.port }), get('/a/../%2e%2E//b?x=1%26b'), get('/other', { headers: [['Host', 'evil.example']] }))
    expect(lines).toEqual(['GET /a/../%2e%2E//b?x=1%26b HTTP/1.1', 'host: example.com', 'GET /other HTTP/1.1', 'host: evil.example'])
  })

  test('HEAD keeps the connection, and POST sends its body', async () => {
    const bodies: string[] = []
    const server = await http((request, response) => {
      request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()))
      request.on('end', () => response.writeHead(200, { connection: 'keep-alive', 'content-length': '5' }).end(request.method === 'HEAD' ? undefined : 'hello'))
    })
    const seen = await look(
      targetOf({ http: server.port }),
      get('/', { method: 'HEAD' }),
      get('/', { method: 'POST', body: 'x=1', headers: [['content-type', 'text/plain']] }),
      get('/'),
    )
    expect(seen.map((one) => valueOf(one).body.length)).toEqual([0, 5, 5])
    expect(bodies).toEqual(['x=1'])
    expect(server.connections()).toBe(1)
  })

  test('a connection closed between requests is opened again once, silently', async () => {
    const server = await answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'end')
    const seen = await look(targetOf({ http: server.port }), get('/1'), get('/2'), get('/3'))
    expect(seen.map((one) => [valueOf(one).status, one.attempts])).toEqual([
      [200, 1],
      [200, 1],
      [200, 1],
    ])
    expect(server.connections()).toBe(3)
  })

  test('what never left is sent on another connection, whatever its method', async () => {
    const server = await answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok', 'end')
    const post = (path: string): Probe<unknown> => get(path, { method: 'POST', body: 'x', headers: [['content-type', 'text/plain']] })
    const seen = await look(targetOf({ http: server.port }), post('/1'), post('/2'), post('/3'), post('/4'))
    expect(seen.map((one) => (one.ok ? one.attempts : one.failure))).toEqual([1, 1, 1, 1])
    expect(server.connections()).toBe(4)
  })

  test('what may be done once only is not sent again behind a lost answer', async () => {
    let asked = 0
    const server = await http((_, response) => {
      asked += 1
      if (asked === 2) response.socket?.destroy()
      else response.end('ok')
    })
    const [first, link] = await look(targetOf({ http: server.port }), get('/'), get('/confirm/1', { once: true }))
    expect(valueOf(first).status).toBe(200)
    // The run asks a second time, and says so.
    expect([link?.attempts, asked]).toEqual([2, 3])
  })

  test('closing and resetting instead of answering are failures with their code', async () => {
    const closing = await tcp((socket) => socket.on('data', () => socket.end()))
    const resetting = await tcp((socket) => socket.on('data', () => socket.resetAndDestroy()))
    const [closed] = await look(targetOf({ http: closing.port }), get())
    expect(failureOf(closed)).toMatchObject({ phase: 'response', code: 'UND_ERR_SOCKET' })
    const [reset] = await look(targetOf({ http: resetting.port }), get())
    expect(failureOf(reset)).toMatchObject({ phase: 'response', code: 'ECONNRESET' })
    expect(closing.connections()).toBe(2)
  })

  test('refusal and unmapped ports keep their names', async () => {
    const server = await answering('')
    await closers.pop()?.()
    expect(failureOf((await look(targetOf({ http: server.port }), get()))[0])).toMatchObject({ code: 'ECONNREFUSED', phase: 'connect' })
    expect(failureOf((await look(targetOf({ https: 1 }), get()))[0])).toMatchObject({ code: 'UNMAPPED' })
  })

  test('a silent server costs two deadlines, not one per request', async () => {
    const server = await tcp(() => {})
    const start = performance.now()
    const seen = await look(targetOf({ http: server.port }), ...Array.from({ length: 20 }, (_, index) => get(`/${index}`)))
    expect(new Set(seen.map((one) => failureOf(one).code))).toEqual(new Set(['TIMEOUT']))
    expect(performance.now() - start).toBeLessThan(4_000)
  })

  test('one slow path does not silence the others', async () => {
    const server = await http((request, response) => {
      if (request.url !== '/slow') response.end('ok')
    })
    const seen = await look(targetOf({ http: server.port }), get('/slow'), ...Array.from({ length: 8 }, (_, index) => get(`/${index}`)))
    expect(failureOf(seen[0])).toMatchObject({ code: 'TIMEOUT', phase: 'deadline' })
    expect(seen.slice(1).map((one) => valueOf(one).status)).toEqual(Array(8).fill(200))
  })

  test('a body that drips ends at the deadline; with readMs it is taken as far as it came', async () => {
    const server = await tcp((socket) =>
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n')
        const timer = setInterval(() => socket.write('x'), 50)
        socket.on('close', () => clearInterval(timer))
      }),
    )
    const [whole, part] = await look(targetOf({ http: server.port }), get('/whole'), get('/part', { readMs: 120 }))
    expect(failureOf(whole)).toMatchObject({ code: 'TIMEOUT', phase: 'deadline' })
    expect(valueOf(part)).toMatchObject({ status: 200, truncated: true })
    expect(valueOf(part).body.length).toBeGreaterThan(0)
  })

  test('with readUntil a stream is left as soon as that has come, be it in two pieces', async () => {
    const server = await http((_request, response) => {
      response.write('event: hel')
      setTimeout(() => response.write('lo\ndata: 1\n\n'), 20)
    })
    const [found, never] = await look(
      targetOf({ http: server.port }),
      get('/found', { readMs: 20_000, readUntil: /hello/ }),
      get('/never', { readMs: 200, readUntil: /farewell/ }),
    )
    expect(valueOf(found)).toMatchObject({ status: 200, truncated: true })
    expect(valueOf(found).timings.totalMs).toBeLessThan(10_000)
    expect(valueOf(never).timings.totalMs).toBeGreaterThanOrEqual(200)
    expect(Buffer.from(valueOf(never).body).toString()).toContain('hello')
  })

  test('an endless body is read to the cap and left', async () => {
    let sent = 0
    const server = await tcp((socket) =>
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
        const chunk = Buffer.alloc(65_536, 'x')
        const pump = (): void => {
          if (socket.destroyed || sent > 64 * 1024 * 1024) return
          sent += chunk.length
          socket.write('10000\r\n')
          socket.write(chunk)
          if (socket.write('\r\n')) setImmediate(pump)
          else socket.once('drain', pump)
        }
        pump()
      }),
    )
    const [seen] = await look(targetOf({ http: server.port }), get())
    expect(valueOf(seen)).toMatchObject({ status: 200, truncated: true })
    expect(valueOf(seen).body.length).toBe(256 * 1024)
    expect(sent).toBeLessThan(32 * 1024 * 1024)
  })

  test('a megabyte of headers is an observation, marked', async () => {
    const line = `X-Filler: ${'f'.repeat(1000)}\r\n`
    const server = await answering(`HTTP/1.1 200 OK\r\n${line.repeat(1040)}Content-Length: 2\r\n\r\nok`, 'end')
    const value = valueOf((await look(targetOf({ http: server.port }), get()))[0])
    expect(value.malformed).toContain('HEADERS_OVERFLOW')
    expect(headerValues(value.headers, 'x-filler')).toHaveLength(1040)
    expect(Buffer.from(value.body).toString()).toBe('ok')
    const small = await answering(`HTTP/1.1 200 OK\r\n${line.repeat(200)}Content-Length: 2\r\n\r\nok`, 'end')
    expect(valueOf((await look(targetOf({ http: small.port }), get()))[0]).malformed).toBeUndefined()
  })

  test('broken grammar is read leniently and said', async () => {
    const server = await answering('HTTP/1.1 200 OK\r\nGood: yes\r\nBad Name: x\r\nno colon\r\nContent-Length: 2\r\n\r\nok', 'end')
    const value = valueOf((await look(targetOf({ http: server.port }), get()))[0])
    expect(value.malformed).toMatch(/^HPE_.*Bad Name/)
    expect(headerValues(value.headers, 'good')).toEqual(['yes'])
    const rubbish = await answering('SSH-2.0-OpenSSH_9.2\r\n', 'end')
    expect(failureOf((await look(targetOf({ http: rubbish.port }), get()))[0]).code).toMatch(/^HPE_/)
  })

  test('a gzip bomb is cut with bounded memory, garbage is said to be none', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    const server = await http((request, response) => {
      const body = request.url === '/bomb' ? bomb : request.url === '/bad' ? Buffer.from('not gzip') : gzipSync('fine')
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length }).end(body)
    })
    const before = process.memoryUsage().rss
    const [bombed, bad, good] = await look(targetOf({ http: server.port }), get('/bomb'), get('/bad'), get('/good'))
    expect(valueOf(bombed)).toMatchObject({ truncated: true, decodeFailed: false })
    expect(valueOf(bombed).body.length).toBe(256 * 1024)
    expect(valueOf(bad)).toMatchObject({ truncated: false, decodeFailed: true })
    expect(Buffer.from(valueOf(good).body).toString()).toBe('fine')
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024)
  })

  test('limits.requestsPerSecond paces', async () => {
    const server = await http((_, response) => response.end('ok'))
    const start = performance.now()
    await look(
      targetOf({ http: server.port }, { limits: { requestsPerSecond: 10, probeSeconds: 5 } }),
      ...Array.from({ length: 14 }, (_, index) => get(`/${index}`)),
    )
    expect(performance.now() - start).toBeGreaterThan(350)
  })

  test('429 is asked again, more slowly, for the time it says; what stays 429 is told as it is', async () => {
    const seen: Record<string, number[]> = {}
    const server = await http((request, response) => {
      const path = request.url ?? ''
      const times = (seen[path] ??= [])
      times.push(performance.now())
      if (path === '/never' || (path === '/once' && times.length === 1)) response.writeHead(429, { 'retry-after': '1' }).end('slow down')
      else response.end('ok')
    })
    const [once, written, never] = await look(
      targetOf({ http: server.port }, { limits: { probeSeconds: 5 } }),
      get('/once'),
      get('/once-more', { method: 'POST' }),
      get('/never'),
    )
    expect(valueOf(once).status).toBe(200)
    expect((seen['/once']?.[1] ?? 0) - (seen['/once']?.[0] ?? 0)).toBeGreaterThan(950)
    expect(valueOf(written).status).toBe(200)
    expect(valueOf(never).status).toBe(429)
    expect(seen['/never']).toHaveLength(3)
  })
  test('what may not be repeated is not, whatever it is answered', async () => {
    let asked = 0
    const server = await http((_, response) => {
      asked += 1
      response.writeHead(429).end()
    })
    const [seen] = await look(targetOf({ http: server.port }), get('/', { method: 'POST', body: 'x' }))
    expect(valueOf(seen).status).toBe(429)
    expect(asked).toBe(1)
  })

  test('no secret reaches the wire log or a key', async () => {
    const server = await http((_, response) => response.end('ok'))
    const probe = get('/x?token=hunter2&a=1', {
      headers: [
        ['authorization', 'Bearer hunter2'],
        ['cookie', 'sid=hunter2'],
      ],
      method: 'POST',
      body: 'password=hunter2',
    })
    const lines: string[] = [probe.key]
    const check = defineCheck({
      id: 'look/log',
      title: 't',
      failureTitle: 'f',
      why: 'w',
      source: 's',
      severity: 'info',
      codes: {},
      options: {},
      subjects: (one) => [{ name: one.domain }],
      unless: { skip: 'not-declared', reason: 'r' },
      needs: () => ({ probe }),
      judge: () => pass({ what: 'w', expected: 'e', received: 'r' }),
      reproduce: () => 'true',
    })
    await runTarget(targetOf({ http: server.port }), { catalogue: [check], onLog: (key, line) => lines.push(key, line) })
    expect(lines.length).toBeGreaterThan(2)
    expect(lines.join('\n')).not.toContain('hunter2')
  })
})

describe('over TLS', () => {
  const secure = async (alpn: 'h2' | 'http/1.1', on: RequestListener): Promise<Started> => {
    const { key, chain } = await issueCertificate({ names: ['example.com'] })
    if (alpn === 'h2') {
      const server = createSecureServer({ key, cert: chain }, on as never)
      return await started(server)
    }
    return await started(createHttps({ key, cert: chain }, on))
  }
  const https = (path: string, more = {}) => httpGet(`https://example.com${path}`, more)

  test.each(['h2', 'http/1.1'] as const)('the TLS look and the requests share one connection (%s); duplicates keep their order', async (alpn) => {
    const server = await secure(alpn, (request, response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2'])
      response.setHeader('x-frame-options', ['DENY', 'SAMEORIGIN'])
      response.end(request.url)
    })
    const target = targetOf({ https: server.port })
    const seen = await look<unknown>(target, tlsHandshake({ host: 'example.com' }), ...['/a', '/b', '/c', '/d', '/e', '/f'].map((path) => https(path)))
    expect(seen[0]?.ok).toBe(true)
    for (const one of seen.slice(1)) {
      const value = valueOf(one) as Awaited<ReturnType<ReturnType<typeof https>['run']>>
      expect(value.httpVersion).toBe(alpn === 'h2' ? '2' : '1.1')
      expect(headerValues(value.headers, 'x-frame-options')).toEqual(['DENY', 'SAMEORIGIN'])
      expect(headerValues(value.headers, 'set-cookie')).toEqual(['a=1', 'b=2'])
      expect(value.headers.some(([name]) => name.startsWith(':'))).toBe(false)
      expect(Buffer.from(value.body).toString()).toBe(new URL(value.url).pathname)
    }
    expect(server.connections()).toBe(1)
  })

  test('h2: HEAD, body, Host, caps, and the connection survives a cancelled body', async () => {
    const hosts: string[] = []
    const server = await secure('h2', (request, response) => {
      hosts.push(String((request as { authority?: string }).authority))
      request.resume()
      request.on('end', () => response.end(request.url === '/big' ? Buffer.alloc(4_000_000, 'x') : request.method))
    })
    const seen = await look(
      targetOf({ https: server.port }),
      https('/', { method: 'HEAD' }),
      https('/big'),
      https('/', { method: 'POST', body: 'x' }),
      https('/host', { headers: [['host', 'evil.example']] }),
    )
    expect(seen.map((one) => valueOf(one).body.length)).toEqual([0, 256 * 1024, 4, 3])
    expect(seen.map((one) => valueOf(one).truncated)).toEqual([false, true, false, false])
    expect(hosts).toContain('evil.example')
    expect(server.connections()).toBe(1)
  })

  test('h2: a GOAWAY between requests is normal life; a stream reset is a failure', async () => {
    const { key, chain } = await issueCertificate({ names: ['example.com'] })
    const server = createSecureServer({ key, cert: chain })
    let requests = 0
    server.on('stream', (stream, headers) => {
      requests += 1
      stream.on('error', () => {})
      if (headers[':path'] === '/reset') {
        stream.close(11)
        return
      }
      stream.respond({ ':status': 200 })
      stream.end('ok')
      const { session } = stream
      stream.on('close', () => session?.close())
    })
    const one = await started(server)
    const target = targetOf({ https: one.port })
    const first = https('/1')
    const chained: Probe<unknown> = {
      kind: 'two',
      key: 'two',
      impact: 'read',
      cost: { connections: 1, requests: 2 },
      host: 'example.com',
      run: async (context) => {
        valueOf(await context.observe(first))
        await new Promise((resolve) => setTimeout(resolve, 50))
        return valueOf(await context.observe(https('/2'))).status
      },
    }
    expect(valueOf((await look(target, chained))[0])).toBe(200)
    expect(one.connections()).toBe(2)
    expect(requests).toBe(2)
    expect(failureOf((await look(target, https('/reset')))[0]).phase).toBe('response')
  })

  test('h2: what a GOAWAY leaves undone is sent on another connection, whatever its method', async () => {
    const { key, chain } = await issueCertificate({ names: ['example.com'] })
    const server = createSecureServer({ key, cert: chain })
    const bodies: string[] = []
    const counts = new WeakMap<object, number>()
    server.on('stream', (stream) => {
      stream.on('error', () => {})
      const { session } = stream
      if (session === undefined) return
      const count = (counts.get(session) ?? 0) + 1
      counts.set(session, count)
      stream.on('data', (chunk: Buffer) => bodies.push(chunk.toString()))
      stream.on('end', () => {
        stream.respond({ ':status': 200 })
        stream.end('ok')
      })
      if (count === 2) stream.on('close', () => session.close())
    })
    const one = await started(server)
    const posts = Array.from({ length: 9 }, (_, index) =>
      https(`/${index}`, { method: 'POST', body: `body ${index}`, headers: [['content-type', 'text/plain']] }),
    )
    const inTurn: Probe<unknown> = {
      kind: 'inTurn',
      key: 'inTurn',
      impact: 'read',
      cost: { connections: 1, requests: 9 },
      host: 'example.com',
      run: async (context) => {
        const statuses: number[] = []
        for (const post of posts) statuses.push(valueOf(await context.observe(post)).status)
        return statuses
      },
    }
    expect(valueOf((await look(targetOf({ https: one.port }), inTurn))[0])).toEqual(Array.from({ length: 9 }, () => 200))
    expect(bodies.sort()).toEqual(Array.from({ length: 9 }, (_, index) => `body ${index}`))
  })

  test('h2: a server that refuses every stream is left soon', async () => {
    const { key, chain } = await issueCertificate({ names: ['example.com'] })
    const server = createSecureServer({ key, cert: chain })
    let asked = 0
    server.on('stream', (stream) => {
      asked += 1
      stream.on('error', () => {})
      stream.close(7)
    })
    const one = await started(server)
    expect((await look(targetOf({ https: one.port }), https('/')))[0]?.ok).toBe(false)
    expect(asked).toBeLessThanOrEqual(4)
  })

  test('protocol asks for one of them on a connection of its own', async () => {
    const server = await secure('h2', (_, response) => response.end('ok'))
    const seen = await look(targetOf({ https: server.port }), https('/'), https('/', { protocol: 'h2' }), https('/', { protocol: 'http/1.1' }))
    expect(valueOf(seen[0]).httpVersion).toBe('2')
    expect(valueOf(seen[1]).httpVersion).toBe('2')
    expect(failureOf(seen[2]).phase).toBe('tls')
  })
})

describe('chains', () => {
  const redirecting = (to: (url: string) => string | undefined) =>
    http((request, response) => {
      const location = to(request.url ?? '')
      if (location === undefined) response.end('there')
      else response.writeHead(301, { location }).end()
    })
  const chain = async (to: (url: string) => string | undefined, url = 'http://example.com/', target?: Target) => {
    const server = await redirecting(to)
    return { server, chain: valueOf((await look(target ?? targetOf({ http: server.port }), httpChain(url)))[0]) }
  }

  test('follows within the domain, relative Locations too', async () => {
    const { chain: seen, server } = await chain((url) => ({ '/': '/a?x=1', '/a?x=1': 'http://www.example.com/b' })[url])
    expect(seen.end).toBe('final')
    expect(seen.hops.map((hop) => hop.url)).toEqual(['http://example.com/', 'http://example.com/a?x=1', 'http://www.example.com/b'])
    expect(server.connections()).toBe(2)
  })
  test.each([
    ['a loop', (url: string) => (url === '/' ? '/b' : '/'), 'loop', 2],
    ['a redirect to itself', () => 'http://example.com/', 'loop', 1],
    ['an endless chain', (url: string) => `/${Number(url.slice(1)) + 1}`, 'too-many', 11],
    ['a file', () => 'file:///etc/passwd', 'unfollowable', 1],
    ['another scheme', () => 'javascript:alert(1)', 'unfollowable', 1],
    ['another domain', () => 'https://evil.example/', 'unfollowable', 1],
    ['a literal private address', () => 'http://127.0.0.1/', 'unfollowable', 1],
    ['no URL', () => 'http://[', 'unfollowable', 1],
    ['a port that is not mapped', () => 'http://example.com:8080/', 'failed', 1],
  ] as const)('%s ends it', async (_, to, end, hops) => {
    const { chain: seen } = await chain(to)
    expect(seen.end).toBe(end)
    expect(seen.hops).toHaveLength(hops)
    expect(seen.reason).not.toBe('')
  })
  test('a public name is never followed to a private address', async () => {
    const target = targetOf({ http: 9 }, {}, { 'public.example.com': '192.0.2.1', 'inside.example.com': '127.0.0.1' })
    const asked = httpChain('http://public.example.com/')
    const hop = { status: 301, headers: [['location', 'http://inside.example.com/']], url: 'http://public.example.com/' }
    const seen = await asked.run({
      target,
      signal: AbortSignal.timeout(1000),
      observe: (async (probe: Probe<unknown>) =>
        probe.kind === 'httpRequest'
          ? { ok: true, value: hop }
          : { ok: true, value: { source: 'pin', addresses: [{ address: probe.key.includes('inside') ? '127.0.0.1' : '192.0.2.1', family: 4 }] } }) as never,
      connection: async () => ({ release: () => {} }),
      pace: () => ({ turn: () => Promise.resolve(), refused: () => false, accepted: () => {} }),
      log: () => {},
      resource: (_, open) => open(),
    })
    expect(seen).toMatchObject({ end: 'unfollowable', reason: expect.stringContaining('private address') })
  })
  test('documentOf stays on the host', async () => {
    const target = targetOf({ http: 9, https: 9 })
    expect(documentOf(target.hosts[0] as never).key).toContain('same-host')
  })
})

describe('raw bytes', () => {
  test('go out exactly, and the answer is read to its end', async () => {
    let got = ''
    const server = await tcp((socket) =>
      socket.on('data', (data) => {
        got += data.toString('latin1')
        socket.write('HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\nbad')
      }),
    )
    const bytes = 'GET /\\..\x01 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'
    const value = valueOf((await look(targetOf({ http: server.port }), rawHttp({ scheme: 'http', host: 'example.com', bytes })))[0])
    expect(got).toBe(bytes)
    expect(value).toMatchObject({ status: 400, closed: 'kept-open' })
    expect(Buffer.from(value.body).toString()).toBe('bad')
  })
  test('an end and a reset without a word are told apart', async () => {
    const ending = await tcp((socket) => socket.on('data', () => socket.end()))
    const resetting = await tcp((socket) => socket.on('data', () => socket.resetAndDestroy()))
    const raw = (port: number) => look(targetOf({ http: port }), rawHttp({ scheme: 'http', host: 'example.com', bytes: 'x\r\n\r\n' }))
    const ended = valueOf((await raw(ending.port))[0])
    expect(ended.closed).toBe('fin')
    expect(ended.status).toBeUndefined()
    expect(valueOf((await raw(resetting.port))[0]).closed).toBe('reset')
  })
})

describe('messages', () => {
  test.each([
    ['LF only', 'HTTP/1.1 200 OK\nA: 1\nContent-Length: 1\n\nx', 200, 'x', true],
    ['no reason', 'HTTP/1.1 302\r\nLocation: /\r\nContent-Length: 0\r\n\r\n', 302, '', true],
    ['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n', 200, 'abc', true],
    ['interim first', 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n', 404, '', true],
    ['until close', 'HTTP/1.0 200 OK\r\n\r\nrest', 200, 'rest', false],
    ['nothing', '', undefined, '', false],
  ] as const)('%s', (_, text, status, body, complete) => {
    const read = readLeniently(Buffer.from(text))
    expect([read.status, read.body.toString(), read.complete]).toEqual([status, body, complete])
  })
  test('an unknown coding is not decoded and said so', async () => {
    expect(await decodeBody([['content-encoding', 'xz']], Buffer.from('x'), 10, false)).toMatchObject({ decodeFailed: true })
    expect(await decodeBody([['content-encoding', 'gzip']], gzipSync('hello world').subarray(0, 20), 100, true)).toMatchObject({ truncated: true })
  })
  test('URLs are split, never normalised', () => {
    expect(splitUrl('https://Example.com:443/a/../b?c#d')).toEqual({ scheme: 'https', host: 'example.com', path: '/a/../b?c' })
    expect(splitUrl('http://[::1]:8080')).toEqual({ scheme: 'http', host: '::1', port: 8080, path: '/' })
    expect(splitUrl('file:///etc/passwd')).toBeUndefined()
  })
})

describe('commands that reproduce', () => {
  const target = targetOf(
    { http: 8080, https: 8443 },
    { network: { addresses: { 'example.com': '::1' }, ports: { http: 8080, https: 8443 }, trust: ['ca.pem'], resolver: '127.0.0.1:5353' } },
  )
  test('name pins, ports and roots', () => {
    expect(curlFor(target, 'https://example.com/')).toMatch(/--connect-to '\[?example.com\]?:443:\[::1\]:8443' --cacert \S+ca.pem https:\/\/example.com\/$/)
    expect(opensslFor(target, 'example.com')).toMatch(/^openssl s_client -connect '\[::1\]:8443' -servername example.com -CAfile \S+ -showcerts <\/dev\/null$/)
    expect(digFor(target, 'example.com', 'MX')).toBe('dig @127.0.0.1 -p 5353 MX example.com')
    expect(curlFor(target, 'https://example.com/', { method: 'HEAD' })).toContain(' -I ')
  })
  test('hostile words cannot leave their quotes', async () => {
    const words = ["it's", '$(id)', '`id`', 'a\nb', 'tab\t%s\\', '"; rm', 'é', '!x', '']
    const { stdout } = await promisify(execFile)('sh', ['-c', `printf '%s|' ${words.map(shellQuote).join(' ')}`])
    expect(stdout).toBe(`${words.join('|')}|`)
  })
  test('curl really goes there', async ({ skip }) => {
    const curl = promisify(execFile)
    if (
      await curl('curl', ['--version']).then(
        () => false,
        () => true,
      )
    )
      skip('curl is not installed')
    const seen: string[] = []
    const server = await http((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.host} ${String(request.headers['x-it'] ?? '')}`)
      response.end('ok')
    })
    const one = targetOf({ http: server.port })
    const { stdout } = await curl('sh', ['-c', curlFor(one, "http://example.com/a/../b?q='x'&[1]", { headers: [['X-It', "'; echo no"]] })])
    expect(stdout).toContain('200 OK')
    expect(seen).toEqual(["GET /a/../b?q='x'&[1] example.com '; echo no"])
  })
})
