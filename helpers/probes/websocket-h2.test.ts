/** Extended CONNECT against small HTTP/2 servers on loopback. */
import { createSecureServer, type SecureServerOptions, type ServerHttp2Stream } from 'node:http2'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { issueCertificate } from '../../fixtures/certificates.ts'
import type { WebSocketOverHttp2Observation } from '../observations.ts'
import type { Observed } from '../probe.ts'
import { normaliseTarget } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { look as lookAll } from '../testing/look.ts'
import { websocketOverHttp2 } from './websocket-h2.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})
async function started(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}
const certificate = async () => {
  const { key, chain } = await issueCertificate({ names: ['example.com'] })
  return { key, cert: chain }
}
const h2 = async (settings: SecureServerOptions['settings'], on: (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void): Promise<number> => {
  const server = createSecureServer({ ...(await certificate()), ...(settings === undefined ? {} : { settings }) })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    on(stream, headers)
  })
  server.on('sessionError', () => {})
  return await started(server)
}

async function look(port: number): Promise<Observed<WebSocketOverHttp2Observation>> {
  const target = normaliseTarget(
    targetSchema.parse({
      domain: 'example.com',
      environment: 'local',
      hosts: { '@': {} },
      network: { addresses: { 'example.com': '127.0.0.1' }, ports: { https: port } },
      limits: { probeSeconds: 0.8 },
    }),
    { sha256: '0'.repeat(64) },
  )
  return (
    await lookAll(target, websocketOverHttp2({ host: 'example.com', path: '/socket', origin: 'https://example.com' }))
  )[0] as Observed<WebSocketOverHttp2Observation>
}
const seen = async (port: number): Promise<WebSocketOverHttp2Observation> => {
  const one = await look(port)
  if (!one.ok) throw new Error(`not seen: ${JSON.stringify(one.failure)}`)
  return one.value
}

test('advertised and served: the request is that of RFC 8441 §5', async () => {
  const asked: Record<string, unknown>[] = []
  const port = await h2({ enableConnectProtocol: true }, (stream, headers) => {
    asked.push(headers)
    stream.respond({ ':status': 200, 'sec-websocket-protocol': 'a' })
  })
  expect(await seen(port)).toMatchObject({
    url: 'https://example.com/socket',
    h2: true,
    advertised: true,
    status: 200,
  })
  expect(asked).toHaveLength(1)
  expect(asked[0]).toMatchObject({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'https',
    ':path': '/socket',
    ':authority': 'example.com',
    'sec-websocket-version': '13',
    origin: 'https://example.com',
  })
})

test('not advertised: nothing is asked', async () => {
  let streams = 0
  const port = await h2({}, () => {
    streams += 1
  })
  expect(await seen(port)).toMatchObject({ h2: true, advertised: false })
  expect(streams).toBe(0)
})

test('advertised and refused', async () => {
  const port = await h2({ enableConnectProtocol: true }, (stream) => stream.respond({ ':status': 405 }, { endStream: true }))
  expect(await seen(port)).toMatchObject({ advertised: true, status: 405 })
})

test('advertised, and the stream is reset', async () => {
  const port = await h2({ enableConnectProtocol: true }, (stream) => stream.close(7))
  const value = await seen(port)
  expect(value).toMatchObject({ advertised: true })
  expect(value.status).toBeUndefined()
  expect(value.ended).toBeDefined()
})

test('advertised, and no answer comes', async () => {
  const port = await h2({ enableConnectProtocol: true }, () => {})
  expect(await seen(port)).toMatchObject({ advertised: true, ended: 'TIMEOUT' })
})

test('no HTTP/2', async () => {
  const port = await started(createHttps(await certificate()))
  expect(await seen(port)).toMatchObject({ h2: false, advertised: false })
})

test('a peer that agrees on h2 and says nothing', async () => {
  const { createServer } = await import('node:tls')
  const port = await started(createServer({ ...(await certificate()), ALPNProtocols: ['h2'] }))
  const one = await look(port)
  expect(one.ok ? one.value : one.failure.code).toBe('TIMEOUT')
})
