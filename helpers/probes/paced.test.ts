import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { Observer } from '../observer.ts'
import type { Probe } from '../probe.ts'
import { normaliseTarget } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { PacedSender } from './paced.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})
const GET = { method: 'GET', path: '/', headers: [['User-Agent', 'postproof']] } as const

/** Sends with a sender of its own to a server that answers like this. */
async function sending<T>(
  answer: Parameters<typeof createServer>[1],
  use: (sender: PacedSender) => Promise<T>,
): Promise<{ readonly value: T; readonly seen: number; readonly connections: number }> {
  let seen = 0
  let connections = 0
  const server = createServer((request, reply) => {
    seen += 1
    ;(answer as (...both: unknown[]) => void)(request, reply)
  })
  server.on('connection', () => (connections += 1))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': {} } }), { sha256: '' })
  const observer = new Observer(target)
  const probe: Probe<T> = {
    kind: 'sending',
    key: 'sending',
    impact: 'read',
    cost: { connections: 1, requests: 1 },
    run: async (context) => {
      const sender = new PacedSender(context, { scheme: 'http', host: 'example.com', address: '127.0.0.1', port }, 300)
      try {
        return await use(sender)
      } finally {
        sender.close()
      }
    },
  }
  const observed = await observer.observe(probe)
  await observer.close()
  if (!observed.ok) throw new Error(observed.failure.message)
  return { value: observed.value, seen, connections }
}
const steps = (count: number, everyMs: number, from = 0) => Array.from({ length: count }, (_, index) => ({ atMs: from + index * everyMs, request: GET }))

test('nothing is sent early, all of it once, on one pool', async () => {
  const { value, seen, connections } = await sending(
    (_request, reply) => reply.end('ok'),
    async (sender) => {
      await sender.warm(4)
      return await sender.send(steps(40, 5, sender.nowMs + 20), { pool: 4, most: 4 })
    },
  )
  expect([seen, connections, value.length]).toEqual([40, 4, 40])
  for (const { dueMs, sentMs, doneMs, status, body } of value) {
    expect(sentMs).toBeGreaterThanOrEqual(dueMs)
    expect(doneMs).toBeGreaterThan(sentMs)
    expect([status, body]).toEqual([200, 'ok'])
  }
})
test('answers in pieces, without a length, without a body, and of connections that end', async () => {
  let number = 0
  const { value } = await sending(
    (_request, reply) => {
      number += 1
      if (number === 1) {
        reply.write('one ')
        setTimeout(() => reply.end('two'), 10)
      } else if (number === 2) reply.writeHead(204).end()
      else if (number === 3) reply.writeHead(429, { Connection: 'close', 'Retry-After': '1' }).end('slow down')
      else if (number === 4) reply.socket?.destroy()
      else reply.end('again')
    },
    async (sender) => await sender.send(steps(5, 30), { pool: 1, most: 1 }),
  )
  expect(value.map(({ status, body, failure }) => [status, body, failure])).toEqual([
    [200, 'one two', undefined],
    [204, '', undefined],
    [429, 'slow down', undefined],
    [0, '', 'EOF'],
    [200, 'again', undefined],
  ])
})
test('silence ends, and stopping stops', async () => {
  const silent = await sending(
    () => {},
    async (sender) => await sender.send(steps(1, 0), { pool: 1, most: 1 }),
  )
  expect(silent.value.map(({ status, failure }) => [status, failure])).toEqual([[0, 'TIMEOUT']])
  const stopped = await sending(
    (_request, reply) => reply.writeHead(503).end(),
    async (sender) => await sender.send(steps(50, 5), { pool: 1, most: 1 }, ({ status }) => status === 503),
  )
  expect(stopped.seen).toBe(1)
})
