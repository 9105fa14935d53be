/** The WebSocket probe against small servers on loopback: right ones, wrong ones, hostile ones. */
import { createHash } from 'node:crypto'
import { createServer as createHttp } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { deflateRawSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { headerValues } from '../headers.ts'
import type { WebSocketObservation } from '../observations.ts'
import type { Observed } from '../probe.ts'
import { normaliseTarget } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { Observer } from '../observer.ts'
import { look as lookAll } from '../testing/look.ts'
import { shownPath, websocketHandshake, type WebSocketRequest } from './websocket.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

async function started(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}
/** Reads the request head, then does as told. */
const raw = (on: (socket: Socket, request: string) => void): Promise<number> =>
  started(
    createServer((socket) => {
      socket.once('data', (chunk: Buffer) => on(socket, chunk.toString('latin1')))
    }),
  )
const acceptOf = (request: string): string =>
  createHash('sha1')
    .update(`${/^sec-websocket-key: *(.+)$/im.exec(request)?.[1]?.trim()}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
const switching = (request: string, more = ''): string =>
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptOf(request)}\r\n${more}\r\n`
const frame = (opcode: number, payload: Buffer | string, bits = 0x80): Buffer => {
  const bytes = Buffer.from(payload)
  const head =
    bytes.length < 126 ? [bits | opcode, bytes.length] : bytes.length < 65_536 ? [bits | opcode, 126, bytes.length >> 8, bytes.length & 255] : undefined
  if (head !== undefined) return Buffer.concat([Buffer.from(head), bytes])
  const long = Buffer.alloc(10)
  long[0] = bits | opcode
  long[1] = 127
  long.writeBigUInt64BE(BigInt(bytes.length), 2)
  return Buffer.concat([long, bytes])
}

async function look(port: number, more: Partial<WebSocketRequest> = {}, probeSeconds = 0.8): Promise<Observed<WebSocketObservation>> {
  const target = normaliseTarget(
    targetSchema.parse({
      domain: 'example.com',
      environment: 'local',
      hosts: { '@': {} },
      network: { addresses: { 'example.com': '127.0.0.1' }, ports: { http: port } },
      limits: { probeSeconds },
    }),
    { sha256: '0'.repeat(64) },
  )
  return (await lookAll(target, websocketHandshake({ host: 'example.com', path: '/socket', scheme: 'ws', ...more })))[0] as Observed<WebSocketObservation>
}
const seen = async (port: number, more: Partial<WebSocketRequest> = {}): Promise<WebSocketObservation> => {
  const one = await look(port, more)
  if (!one.ok) throw new Error(`not seen: ${JSON.stringify(one.failure)}`)
  return one.value
}
const failed = async (port: number, more: Partial<WebSocketRequest> = {}) => {
  const one = await look(port, more)
  if (one.ok) throw new Error(`seen: ${one.value.status}`)
  return one.failure
}

describe('a right server', () => {
  const right = async (options: ConstructorParameters<typeof WebSocketServer>[0] = {}): Promise<number> => {
    const server = createHttp((_request, answer) => answer.writeHead(426).end('upgrade'))
    const sockets = new WebSocketServer({ server, path: '/socket', ...options })
    sockets.on('connection', (socket) => {
      socket.send('welcome')
      socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`))
    })
    return await started(server)
  }
  test('handshake, message, ping and close', async () => {
    const port = await right({ handleProtocols: (offered) => (offered.has('chat.v1') ? 'chat.v1' : false) })
    const value = await seen(port, { subprotocols: ['other', 'chat.v1'], send: 'hello', expect: 'echo hello', origin: 'https://example.com' })
    expect(value).toMatchObject({
      url: 'ws://example.com/socket',
      peer: `127.0.0.1:${port}`,
      status: 101,
      acceptValid: true,
      offered: ['other', 'chat.v1'],
      subprotocol: 'chat.v1',
      extensions: [],
      pong: true,
      messages: ['welcome', 'echo hello'],
      messageCount: 2,
      matched: true,
      closeEchoed: true,
      cut: false,
    })
    expect(value.accept).toBe(value.expectedAccept)
    expect(value).not.toHaveProperty('closeCode')
    expect(value).not.toHaveProperty('violation')
    expect(headerValues(value.headers, 'upgrade')).toEqual(['websocket'])
  })
  test('compression as agreed', async () => {
    const port = await right({ perMessageDeflate: { threshold: 0 } })
    const value = await seen(port, { send: 'hello', expect: 'echo hello' })
    expect(value.extensions[0]).toMatch(/^permessage-deflate/)
    expect(value).toMatchObject({ matched: true, pong: true, closeEchoed: true, messages: ['welcome', 'echo hello'] })
  })
  test('survives silence', async () => {
    const value = await seen(await right(), { idleMs: 150 })
    expect(value.idle).toMatchObject({ askedMs: 150, alive: true, serverPings: 0 })
    expect(value.idle?.survivedMs).toBeGreaterThanOrEqual(145)
  })
  test('a refusal is an observation with the start of its body', async () => {
    const value = await seen(await right({ path: '/elsewhere' }))
    expect(value).toMatchObject({ status: 400, acceptValid: false, pong: false, messageCount: 0, closeEchoed: false })
    expect(Buffer.from(value.body).toString()).toContain('Bad Request')
  })
  test('the request is what RFC 6455 §4.1 says, with a fresh key each time', async () => {
    const requests: string[] = []
    const port = await raw((socket, request) => {
      requests.push(request)
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
    })
    await seen(port, { origin: 'null', version: '99', headers: [['Cookie', 'a=b']], compression: false })
    await seen(port)
    expect(requests[0]).toMatch(/^GET \/socket HTTP\/1\.1\r\nHost: example\.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 99\r\n/)
    expect(requests[0]).toContain('\r\nOrigin: null\r\n')
    expect(requests[0]).toContain('\r\nCookie: a=b\r\n')
    expect(requests[0]).not.toMatch(/extensions|protocol:/i)
    const keys = requests.map((one) => /^Sec-WebSocket-Key: (.*)\r$/m.exec(one)?.[1])
    expect(new Set(keys).size).toBe(2)
    expect(Buffer.from(keys[0] as string, 'base64')).toHaveLength(16)
  })
})

describe('a wrong server', () => {
  test.each([
    ['another accept value', 'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n'],
    ['no accept value', ''],
    ['an empty accept value', 'Sec-WebSocket-Accept:\r\n'],
  ])(
    '%s is recorded',
    async (_name, line) => {
      const port = await raw((socket) => socket.end(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${line}\r\n`))
      const value = await seen(port, { listenMs: 1 })
      expect(value).toMatchObject({ status: 101, acceptValid: false })
    },
    20_000,
  )
  test('two accept values are not one right one', async () => {
    const port = await raw((socket, request) => {
      socket.end(switching(request, 'Sec-WebSocket-Accept: x\r\n'))
    })
    expect(await seen(port)).toMatchObject({ acceptValid: false, closeCode: 1006, pong: false })
  })
  test.each<[string, (request: string) => (string | Buffer)[], Partial<WebSocketObservation>]>([
    [
      'frames in the same segment as the 101',
      (r) => [Buffer.concat([Buffer.from(switching(r)), frame(1, 'early'), frame(8, Buffer.from([0x10, 0x01]))])],
      { messages: ['early'], closeCode: 4097 },
    ],
    ['closed with a code', (r) => [switching(r), frame(8, Buffer.from([0x11, 0x31]))], { closeCode: 4401, pong: false }],
    ['closed without a code', (r) => [switching(r), frame(8, '')], { closeCode: 1005 }],
    ['a masked frame', (r) => [switching(r), Buffer.from([0x81, 0x81, 1, 2, 3, 4, 0x41])], { violation: expect.stringContaining('MASK') }],
    ['a reserved bit', (r) => [switching(r), frame(1, 'x', 0xc0)], { violation: expect.stringContaining('RSV') }],
    ['text that is no UTF-8', (r) => [switching(r), frame(1, Buffer.from([0xff, 0xfe]))], { violation: expect.stringContaining('UTF') }],
    ['a close code that is none', (r) => [switching(r), frame(8, Buffer.from([0, 1]))], { violation: expect.stringContaining('CLOSE_CODE') }],
    ['HTML after the 101', (r) => [`${switching(r)}<!doctype html><title>x</title>`], { pong: false, violation: expect.any(String) }],
    [
      'an extension that was not offered',
      (r) => [switching(r, 'Sec-WebSocket-Extensions: x-turbo\r\n'), frame(8, '')],
      { violation: expect.stringContaining('x-turbo') },
    ],
    [
      'broken extension parameters',
      (r) => [switching(r, 'Sec-WebSocket-Extensions: permessage-deflate; what=1\r\n'), frame(8, '')],
      { violation: expect.stringContaining('what') },
    ],
    [
      'a bomb behind compression',
      (r) => [switching(r, 'Sec-WebSocket-Extensions: permessage-deflate\r\n'), frame(1, deflateRawSync(Buffer.alloc(8 * 1024 * 1024)), 0xc0)],
      { cut: true, messageCount: 0 },
    ],
    ['a frame of one megabyte', (r) => [switching(r), frame(1, Buffer.alloc(1024 * 1024, 0x61))], { cut: true, messageCount: 0 }],
    ['a flood of messages', (r) => [switching(r), ...Array.from({ length: 40 }, () => frame(1, 'y'.repeat(60_000)))], { cut: true }],
  ])('%s', async (_name, parts, expected) => {
    const port = await raw((socket, request) => {
      for (const part of parts(request)) socket.write(part)
    })
    const value = await seen(port)
    expect(value).toMatchObject({ status: 101, acceptValid: true, closeEchoed: false, ...expected })
    expect(value.messages.length).toBeLessThanOrEqual(16)
    for (const message of value.messages) expect(message.length).toBeLessThanOrEqual(4096)
  })
  test('dropped while idle', async () => {
    const port = await raw((socket, request) => {
      socket.write(switching(request))
      socket.on('data', (chunk: Buffer) => {
        const ping = chunk[0] === 0x89 ? chunk : undefined
        if (ping === undefined) return
        const mask = ping.subarray(2, 6)
        socket.write(frame(10, Buffer.from(ping.subarray(6, 14).map((byte, index) => byte ^ (mask[index % 4] as number)))))
        setTimeout(() => socket.destroy(), 60)
      })
    })
    const value = await seen(port, { idleMs: 2_000 })
    expect(value).toMatchObject({ pong: true, idle: { alive: false, askedMs: 2_000 }, closeCode: 1006 })
    expect(value.idle?.survivedMs).toBeLessThan(1_500)
  })
  test('a pong with another payload is none', async () => {
    const port = await raw((socket, request) => {
      socket.write(switching(request))
      socket.on('data', () => {
        socket.write(frame(10, 'other'))
        socket.end()
      })
    })
    expect(await seen(port)).toMatchObject({ pong: false, closeCode: 1006 })
  })
})

describe('no usable answer', () => {
  test.each<[string, (socket: Socket) => void, string]>([
    ['silence', () => {}, 'TIMEOUT'],
    ['closed without a word', (socket) => socket.end(), 'EOF'],
    ['half a head', (socket) => socket.end('HTTP/1.1 101 Switching'), 'EOF'],
    ['no HTTP', (socket) => socket.write('SSH-2.0-OpenSSH\r\n\r\n'), 'NO_HTTP'],
    ['a reset', (socket) => socket.resetAndDestroy(), 'ECONNRESET'],
  ])('%s', async (_name, act, code) => {
    expect((await failed(await raw(act))).code).toBe(code)
  })
  test('headers without end', async () => {
    const port = await raw((socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n')
      const drip = (): void => {
        if (!socket.destroyed) socket.write(`X-Filler: ${'z'.repeat(8_000)}\r\n`, () => setImmediate(drip))
      }
      drip()
    })
    expect((await failed(port)).code).toBe('TOO_LARGE')
  })
  test('interim answers are passed over, an endless body of a refusal is cut', async () => {
    const port = await raw((socket) => {
      socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!doctype html>')
      const more = (): void => {
        if (!socket.destroyed) socket.write('q'.repeat(8_000), () => setImmediate(more))
      }
      more()
    })
    const value = await seen(port)
    expect(value.status).toBe(200)
    expect(value.body).toHaveLength(16 * 1024)
  })
  test('nothing listens', async () => {
    const port = await started(createServer())
    await Promise.all(closers.splice(0).map((close) => close()))
    expect((await failed(port)).code).toBe('ECONNREFUSED')
  })
})

test('headers, messages and query of the request are not in the key', () => {
  const probe = websocketHandshake({
    host: 'example.com',
    path: '/s?token=hush-1',
    headers: [['Authorization', 'hush-2']],
    send: 'hush-3',
    expect: 'hush-4',
    subprotocols: ['a'],
  })
  expect(probe.key).not.toContain('hush')
  expect(shownPath('/s?room=1&token=hush&x=2')).toBe('/s?room=1&token=<secret>&x=2')
  expect(probe.key).toContain('wss://example.com/s')
  expect(probe.key).not.toBe(websocketHandshake({ host: 'example.com', path: '/s?token=other', subprotocols: ['a'] }).key)
})

test('an interrupt ends a connection that is still being made', async () => {
  let closed: (() => void) | undefined
  const gone = new Promise<void>((resolve) => (closed = resolve))
  const target = (port: number) =>
    normaliseTarget(
      targetSchema.parse({
        domain: 'example.com',
        environment: 'local',
        hosts: { '@': {} },
        network: { addresses: { 'example.com': '127.0.0.1' }, ports: { https: port } },
        limits: { probeSeconds: 60 },
      }),
      { sha256: '0'.repeat(64) },
    )
  let observer: Observer | undefined
  const port = await started(
    createServer((socket) => {
      socket.on('close', () => closed?.())
      // The hello is here: from now on it would wait for an answer for a minute.
      socket.once('data', () => observer?.abort('interrupted by SIGINT'))
    }),
  )
  observer = new Observer(target(port))
  const observed = await observer.observe(websocketHandshake({ host: 'example.com', path: '/socket', scheme: 'wss' }))
  expect(observed).toMatchObject({ ok: false, failure: { code: 'ABORTED' } })
  await gone
  await observer.close()
})
