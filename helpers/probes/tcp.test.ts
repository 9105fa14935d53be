import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { TcpObservation } from '../observations.ts'
import type { Observed } from '../probe.ts'
import { Observer } from '../observer.ts'
import { normaliseTarget, type Target } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { tcpConnect, type TcpRequest } from './tcp.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})
async function listening(on: (socket: Socket) => void, backlog?: number): Promise<{ port: number; connections: () => number; server: Server }> {
  let count = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    count += 1
    sockets.add(socket)
    socket.on('error', () => {})
    on(socket)
  })
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog }, resolve))
  closers.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, connections: () => count, server }
}
const targetOf = (ports: Record<string, number>): Target =>
  normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': {} }, network: { addresses: { 'example.com': '127.0.0.1' }, ports } }), {
    sha256: '0'.repeat(64),
  })
async function look(ports: Record<string, number>, request: Partial<TcpRequest> = {}): Promise<Observed<TcpObservation>> {
  const observer = new Observer(targetOf(ports))
  try {
    return await observer.observe(tcpConnect({ host: 'example.com', port: 6379, ...request }))
  } finally {
    await observer.close()
  }
}
const value = <T>(seen: Observed<T>): T => {
  if (!seen.ok) throw new Error(`${seen.failure.code}: ${seen.failure.message}`)
  return seen.value
}
const text = (seen: TcpObservation): string => Buffer.from(seen.banner ?? []).toString('latin1')

describe('the state of a port', () => {
  test('open, on the real port, told by the logical one', async () => {
    const { port, connections } = await listening(() => {})
    expect(value(await look({ 6379: port }))).toMatchObject({ address: '127.0.0.1', port: 6379, state: 'open' })
    expect(connections()).toBe(1)
  })

  test('refused', async () => {
    const { port, server } = await listening(() => {})
    await new Promise((resolve) => server.close(resolve))
    expect(value(await look({ 6379: port })).state).toBe('refused')
  })

  test('a port without an entry is not guessed at', async () => {
    const seen = await look({ http: 1 })
    expect(seen).toMatchObject({ ok: false, failure: { code: 'UNMAPPED' } })
  })

  test('open also when the peer closes or resets at once', async () => {
    const closing = await listening((socket) => socket.end())
    expect(value(await look({ 6379: closing.port }, { readMs: 300 })).state).toBe('open')
    const resetting = await listening((socket) => void socket.resetAndDestroy())
    expect(value(await look({ 6379: resetting.port }, { readMs: 300 })).state).toBe('open')
  })

  test('an address that no connection can go to is unreachable, never refused', async () => {
    // The system refuses a stream to the broadcast address by itself: no packet leaves.
    expect(value(await look({ 6379: 9 }, { address: '255.255.255.255', connectMs: 300 })).state).toBe('unreachable')
  })
})

describe('what it says', () => {
  test('a greeting, at most 4 KiB of it', async () => {
    const { port } = await listening((socket) => socket.write(`220 hello\r\n${'x'.repeat(100_000)}`))
    const seen = value(await look({ 6379: port }, { readMs: 1_000 }))
    expect(text(seen).startsWith('220 hello')).toBe(true)
    expect(seen.banner).toHaveLength(4_096)
  })

  test('nothing within the time is no banner, and costs that time only', async () => {
    const { port } = await listening(() => {})
    const start = performance.now()
    expect(value(await look({ 6379: port }, { readMs: 100 })).banner).toBeUndefined()
    expect(performance.now() - start).toBeLessThan(5_000)
  })

  test('without reading asked for, no greeting is waited for', async () => {
    const { port } = await listening((socket) => setTimeout(() => socket.write('late'), 200))
    expect(value(await look({ 6379: port })).banner).toBeUndefined()
  })

  test('a silent protocol is made to answer', async () => {
    const heard: string[] = []
    const { port } = await listening((socket) =>
      socket.on('data', (chunk: Buffer) => {
        heard.push(chunk.toString())
        socket.write('+PONG\r\n')
      }),
    )
    expect(text(value(await look({ 6379: port }, { send: Buffer.from('PING\r\n') })))).toBe('+PONG\r\n')
    expect(heard).toEqual(['PING\r\n'])
  })

  test('an answer in drips is read whole, up to a pause', async () => {
    const { port } = await listening((socket) => {
      for (const [index, part] of ['a', 'b', 'c'].entries()) setTimeout(() => socket.write(part), index * 15)
    })
    expect(text(value(await look({ 6379: port }, { readMs: 1_000 })))).toBe('abc')
  })

  test('bytes are kept as they are, zeros and all', async () => {
    const { port } = await listening((socket) => socket.write(Buffer.from([0, 255, 13, 10, 27])))
    expect([...(value(await look({ 6379: port }, { readMs: 500 })).banner ?? [])]).toEqual([0, 255, 13, 10, 27])
  })
})

test('the same question is one look, another greeting another', async () => {
  const { port, connections } = await listening((socket) => socket.write('hi'))
  const observer = new Observer(targetOf({ 6379: port }))
  const ask = (more: Partial<TcpRequest> = {}) => observer.observe(tcpConnect({ host: 'example.com', port: 6379, ...more }))
  await Promise.all([ask(), ask(), ask({ send: Buffer.from('PING') })])
  await observer.close()
  expect(connections()).toBe(2)
})
