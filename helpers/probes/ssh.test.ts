import { afterEach, expect, test } from 'vitest'
import { sshServer } from '../../fixtures/servers/ssh.ts'
import { type Started, startTcp, type TcpService } from '../../fixtures/servers/tcp.ts'
import { ProbeError, type ProbeContext } from '../probe.ts'
import { normaliseTarget } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { sshMethods } from './ssh.ts'

const started: Started[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.stop()))
})

async function ask(service: TcpService, signal = AbortSignal.timeout(5_000)): Promise<unknown> {
  const server = await startTcp(service, ['127.0.0.1'])
  started.push(server)
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', network: { ports: { '22': server.port } } }), { sha256: '0' })
  const context = { target, signal, connection: async () => ({ release: () => {} }), log: () => {} } as unknown as ProbeContext
  return await sshMethods('127.0.0.1').run(context)
}

test.each([
  ['publickey', ['publickey']],
  ['publickey,password', ['publickey', 'password']],
])('the list %s is read through the key exchange, banners passed over', async (list, methods) => {
  expect(await ask(sshServer(list))).toMatchObject({ identification: 'SSH-2.0-OpenSSH_9.9', methods, admitted: false })
})

test('a server that lets everybody in is told', async () => {
  expect(await ask(sshServer(''))).toMatchObject({ admitted: true, methods: [] })
})

test.each<readonly [what: string, service: TcpService, code: string]>([
  ['closes at once', { serve: (socket) => void socket.end() }, 'EOF'],
  ['speaks another protocol and closes', { serve: (socket) => void socket.end('220 mail ESMTP\r\n') }, 'EOF'],
  ['never ends its first line', { banner: 'x'.repeat(2_000) }, 'EPROTO'],
  ['promises a packet of four gigabytes', { banner: Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), Buffer.alloc(8, 0xff)]) }, 'EPROTO'],
  ['cuts its lists', { banner: Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), Buffer.from([0, 0, 0, 12, 4, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9])]) }, 'EPROTO'],
  [
    'ends the conversation',
    { banner: Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), Buffer.from([0, 0, 0, 12, 10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])]) },
    'DISCONNECTED',
  ],
])('a server that %s', async (_what, service, code) => {
  const error = await ask(service).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ProbeError)
  expect((error as ProbeError).failure.code).toBe(code)
})

test('a silent server costs no more than the deadline', async () => {
  const start = performance.now()
  await expect(ask({}, AbortSignal.timeout(200))).rejects.toThrow(ProbeError)
  expect(performance.now() - start).toBeLessThan(3_000)
})
