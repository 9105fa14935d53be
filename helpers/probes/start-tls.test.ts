import { createConnection } from 'node:net'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { installed } from '../../fixtures/real/process.ts'
import { startDovecot } from '../../fixtures/real/tls/dovecot.ts'
import { startPostfix } from '../../fixtures/real/tls/postfix.ts'
import { type Plain, type ScriptedTls, startScriptedTls, type Step } from '../../fixtures/servers/scripted-tls.ts'
import { alert, serverFlight } from '../../fixtures/servers/server-flight.ts'
import type { TlsHelloObservation } from '../observations.ts'
import { Observer } from '../observer.ts'
import type { Observed } from '../probe.ts'
import { normaliseTarget, type Target } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { look, valueOf } from '../testing/look.ts'
import type { StartTls } from './start-tls.ts'
import { tlsHello } from './tls-hello.ts'

const undo: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one()
})
const targetOf = (port: number, probeSeconds = 1): Target =>
  normaliseTarget(
    targetSchema.parse({
      domain: 'example.com',
      hosts: { '@': {} },
      network: { addresses: { 'example.com': '127.0.0.1' }, ports: { 25: port } },
      limits: { probeSeconds },
    }),
    { sha256: '0'.repeat(64) },
  )
const SUITE = 0xc02b
const HELLO = { version: 0x0303, suites: [SUITE, 0xc02f, 0x009c], groups: [29, 23], signatureAlgorithms: [0x0403, 0x0804, 0x0401] } as const
const probe = (startTls: StartTls) => tlsHello({ host: 'example.com', port: 25, ask: 'a test', hello: HELLO, startTls })
async function ask(port: number, startTls: StartTls, probeSeconds = 1): Promise<Observed<TlsHelloObservation>> {
  const [seen] = await look(targetOf(port, probeSeconds), probe(startTls))
  return seen as Observed<TlsHelloObservation>
}
const FLIGHT = serverFlight({ version: 0x0303, cipher: SUITE, keyExchange: { kind: 'ecdhe', signature: 0x0403 } })
async function serving(plain: Plain): Promise<ScriptedTls> {
  const server = await startScriptedTls(() => [FLIGHT], plain)
  undo.push(() => server.stop())
  return server
}
const say = (...lines: readonly string[]): Step => Buffer.from(lines.map((line) => `${line}\r\n`).join(''))

/** Answers to words, the first that fits the line; `tls` where the answer begins with a star. */
const dialogue = (greeting: readonly Step[], answers: Readonly<Record<string, readonly Step[]>>): Plain => ({
  greeting,
  answer: (line) => {
    const [word = '', steps = [say('500 what?')]] = Object.entries(answers).find(([one]) => line.includes(one.replace('*', ''))) ?? []
    return { say: steps, tls: word.startsWith('*') }
  },
})
const GREETING = [say('220-mail.example.com ESMTP', '220 at your service')]
const EHLO = [say('250-mail.example.com', '250-SIZE 10240000', '250-STARTTLS', '250 8BITMIME')]
const smtp = (starttls: readonly Step[], greeting: readonly Step[] = GREETING, ehlo: readonly Step[] = EHLO): Plain =>
  dialogue(greeting, { EHLO: ehlo, '*STARTTLS': starttls })
const imap = (starttls: readonly Step[], greeting: readonly Step[] = [say('* OK ready')]): Plain => dialogue(greeting, { '*STARTTLS': starttls })
const pop3 = (stls: readonly Step[], greeting: readonly Step[] = [say('+OK ready')]): Plain => dialogue(greeting, { '*STLS': stls })
const connect = (answer: readonly Step[]): Plain => ({
  answer: (line) => (line === '' ? { say: answer, tls: true } : { say: [] }),
})
const CONNECT: StartTls = { protocol: 'connect', to: 'example.com:443' }

describe('dialogues that end in TLS', () => {
  test.each<[string, StartTls, Plain, readonly string[]]>([
    ['SMTP', { protocol: 'smtp' }, smtp([say('220 go on')]), ['EHLO postproof.invalid', 'STARTTLS']],
    ['SMTP with a name of ours', { protocol: 'smtp', name: 'probe.example.com' }, smtp([say('220 go on')]), ['EHLO probe.example.com', 'STARTTLS']],
    ['SMTP, a consent of two lines', { protocol: 'smtp' }, smtp([say('220-well', '220 go on')]), ['EHLO postproof.invalid', 'STARTTLS']],
    ['SMTP in numbers alone', { protocol: 'smtp' }, smtp([say('220')], [say('220')], [say('250')]), ['EHLO postproof.invalid', 'STARTTLS']],
    ['SMTP in single bytes', { protocol: 'smtp' }, smtp([{ drip: Buffer.from('220 go on\r\n'), everyMs: 1 }]), ['EHLO postproof.invalid', 'STARTTLS']],
    ['SMTP without carriage returns', { protocol: 'smtp' }, smtp([Buffer.from('220 go on\n')]), ['EHLO postproof.invalid', 'STARTTLS']],
    ['IMAP', { protocol: 'imap' }, imap([say('a1 OK begin')]), ['a1 STARTTLS']],
    ['IMAP with untagged lines before', { protocol: 'imap' }, imap([say('* CAPABILITY IMAP4rev1', '* OK still here', 'a1 ok begin')]), ['a1 STARTTLS']],
    ['POP3', { protocol: 'pop3' }, pop3([say('+OK begin')]), ['STLS']],
    [
      'HTTP CONNECT',
      CONNECT,
      connect([say('HTTP/1.1 200 Connection established', 'Via: 1.1 proxy', '')]),
      ['CONNECT example.com:443 HTTP/1.1', 'Host: example.com:443', ''],
    ],
    ['HTTP CONNECT without a reason', CONNECT, connect([say('HTTP/1.0 200', '')]), ['CONNECT example.com:443 HTTP/1.1', 'Host: example.com:443', '']],
  ])('%s', async (_, how, plain, lines) => {
    const server = await serving(plain)
    const seen = valueOf(await ask(server.port, how))
    expect(seen).toMatchObject({ answer: 'server-hello', flight: { hello: { cipher: SUITE }, complete: true } })
    expect(server.lines).toEqual(lines)
    await server.idle()
    expect(server.counts).toMatchObject({ connections: 1, open: 0 })
    expect(server.hellos[0]?.sni).toBe('example.com')
  })
  test('the answer to the hello is judged as anywhere else', async () => {
    const server = await startScriptedTls(() => [alert(70)], smtp([say('220 go on')]))
    undo.push(() => server.stop())
    expect(valueOf(await ask(server.port, { protocol: 'smtp' }))).toMatchObject({ answer: 'alert', flight: { alert: { description: 70 } } })
  })
})

describe('dialogues that do not', () => {
  const SMTP: StartTls = { protocol: 'smtp' }
  const again = (line: string): Step => ({ endless: Buffer.from(`${line}\r\n`.repeat(1_000)), mostBytes: 8 * 1024 * 1024 })
  const endless = again('250-and another thing')
  test.each<[string, StartTls, Plain, string, number, string?]>([
    ['SMTP: busy from the start', SMTP, smtp([], [say('421 too many connections')]), 'STARTTLS_REFUSED', 1, '421 too many'],
    ['SMTP: not for us', SMTP, smtp([], [say('554-go', '554 away')]), 'STARTTLS_REFUSED', 1, '554 away'],
    ['SMTP: EHLO refused', SMTP, smtp([], GREETING, [say('502 what?')]), 'STARTTLS_REFUSED', 1, '502'],
    ['SMTP: no STARTTLS here', SMTP, smtp([say('502 unknown')]), 'STARTTLS_REFUSED', 1, '502'],
    ['SMTP: not now', SMTP, smtp([say('454 TLS not available')]), 'STARTTLS_REFUSED', 1, '454'],
    ['SMTP: a consent that turns', SMTP, smtp([say('220-well', '454 no')]), 'STARTTLS_REFUSED', 1, '454'],
    ['SMTP: more right behind the consent', SMTP, smtp([say('220 go on', '250 injected')]), 'STARTTLS_EARLY_DATA', 1],
    ['SMTP: one byte behind the consent', SMTP, smtp([Buffer.from('220 go on\r\nX')]), 'STARTTLS_EARLY_DATA', 1],
    ['SMTP: more a moment later', SMTP, smtp([say('220 go on'), { waitMs: 30 }, say('250 injected')]), 'NOT_TLS', 1],
    ['SMTP: endless lines', SMTP, smtp([endless]), 'UNREADABLE', 1],
    ['SMTP: one endless line', SMTP, smtp([{ endless: Buffer.alloc(50_000, 0x61), mostBytes: 8 * 1024 * 1024 }]), 'UNREADABLE', 1],
    ['SMTP: endless greeting', SMTP, smtp([], [endless]), 'UNREADABLE', 1],
    ['SMTP: silence', SMTP, smtp([], []), 'TIMEOUT', 2],
    ['SMTP: a greeting that never ends', SMTP, smtp([], [say('220-wait')]), 'TIMEOUT', 2],
    ['SMTP: a byte at a time', SMTP, smtp([], [{ drip: Buffer.from('220 mail.example.com ready\r\n'), everyMs: 100 }]), 'TIMEOUT', 2],
    ['SMTP: an end', SMTP, smtp(['fin']), 'EOF', 2],
    ['SMTP: half a line and an end', SMTP, smtp([Buffer.from('220 go'), 'fin']), 'EOF', 2],
    ['SMTP: a reset', SMTP, smtp(['reset']), 'ECONNRESET', 2],
    ['IMAP: already in', { protocol: 'imap' }, imap([], [say('* PREAUTH welcome')]), 'STARTTLS_REFUSED', 1, 'PREAUTH'],
    ['IMAP: goodbye', { protocol: 'imap' }, imap([], [say('* BYE')]), 'STARTTLS_REFUSED', 1],
    ['IMAP: no', { protocol: 'imap' }, imap([say('a1 NO not here')]), 'STARTTLS_REFUSED', 1],
    ['IMAP: what?', { protocol: 'imap' }, imap([say('a1 BAD what?')]), 'STARTTLS_REFUSED', 1],
    ['IMAP: more behind the consent', { protocol: 'imap' }, imap([say('a1 OK begin', '* OK injected')]), 'STARTTLS_EARLY_DATA', 1],
    ['POP3: no', { protocol: 'pop3' }, pop3([say('-ERR no')]), 'STARTTLS_REFUSED', 1],
    ['POP3: more behind the consent', { protocol: 'pop3' }, pop3([say('+OK begin', '+OK injected')]), 'STARTTLS_EARLY_DATA', 1],
    ['CONNECT: 407', CONNECT, connect([say('HTTP/1.1 407 Proxy Authentication Required', '')]), 'STARTTLS_REFUSED', 1, '407'],
    ['CONNECT: 502', CONNECT, connect([say('HTTP/1.1 502 Bad Gateway', '')]), 'STARTTLS_REFUSED', 1, '502'],
    ['CONNECT: a status of four digits', CONNECT, connect([say('HTTP/1.1 2000 well', '')]), 'STARTTLS_REFUSED', 1],
    ['CONNECT: no HTTP', CONNECT, connect([say('SSH-2.0-OpenSSH_9.2')]), 'STARTTLS_REFUSED', 1],
    ['CONNECT: endless headers', CONNECT, connect([say('HTTP/1.1 200 OK'), again('X-More: 1')]), 'UNREADABLE', 1],
    ['CONNECT: headers and an end', CONNECT, connect([say('HTTP/1.1 200 OK'), 'fin']), 'EOF', 2],
    ['CONNECT: more behind the headers', CONNECT, connect([say('HTTP/1.1 200 OK', '', 'hello')]), 'STARTTLS_EARLY_DATA', 1],
  ])('%s', async (_, how, plain, code, connections, message = '') => {
    const server = await serving(plain)
    const began = performance.now()
    // What is ended by its size must not be ended by the clock of a busy machine.
    const seen = await ask(server.port, how, code === 'UNREADABLE' ? 20 : 1)
    expect(seen).toMatchObject({ ok: false, failure: { code, phase: 'tls' } })
    expect(!seen.ok && seen.failure.message).toContain(message)
    expect(performance.now() - began).toBeLessThan(9_000)
    await server.idle()
    expect(server.counts).toMatchObject({ connections, open: 0 })
    expect(server.counts.sentBytes).toBeLessThan(8 * 1024 * 1024)
  })
  test('an interrupted run closes the connection at once', async () => {
    const server = await serving(smtp([], []))
    const observer = new Observer(targetOf(server.port, 60))
    const looking = observer.observe(probe({ protocol: 'smtp' }))
    await expect.poll(() => server.counts.open).toBe(1)
    await wait(30)
    const began = performance.now()
    observer.abort('interrupted')
    expect(await looking).toMatchObject({ ok: false, failure: { code: 'ABORTED' } })
    await server.idle()
    expect(performance.now() - began).toBeLessThan(1_000)
    await observer.close()
  })
})

describe('real servers', () => {
  test.skipIf(!installed('postfix'))('Postfix', async () => {
    const { port, stop } = await startPostfix({ settings: ['smtpd_tls_wrappermode = no'] })
    undo.push(stop)
    const seen = valueOf(await ask(port, { protocol: 'smtp' }, 10))
    expect(seen).toMatchObject({ answer: 'server-hello', flight: { hello: { version: 0x0303, cipher: 0xc02f }, complete: true } })
    expect(seen.flight.certificateCount).toBeGreaterThan(0)
    expect(await ask(port, { protocol: 'imap' }, 2)).toMatchObject({ ok: false, failure: { code: 'STARTTLS_REFUSED' } })
  })
  test.skipIf(!installed('postfix'))('Postfix without TLS', async () => {
    const { port, stop } = await startPostfix({ settings: ['smtpd_tls_wrappermode = no', 'smtpd_tls_security_level = none'] })
    undo.push(stop)
    expect(await ask(port, { protocol: 'smtp' }, 10)).toMatchObject({
      ok: false,
      failure: { code: 'STARTTLS_REFUSED', message: expect.stringMatching(/50[0-9]/) },
    })
  })
  test.skipIf(!installed('dovecot'))('Dovecot, IMAP and POP3', async () => {
    const { port, pop3Port, stop } = await startDovecot()
    undo.push(stop)
    for (const [real, protocol] of [
      [port, 'imap'],
      [pop3Port, 'pop3'],
    ] as const) {
      const seen = valueOf(await ask(real, { protocol }, 10))
      expect(seen).toMatchObject({ answer: 'server-hello', flight: { hello: { version: 0x0303, cipher: 0xc02f }, complete: true } })
    }
  })
  test.skipIf(!installed('dovecot'))('Dovecot without TLS', async () => {
    const { port, pop3Port, stop } = await startDovecot({ settings: ['ssl = no'] })
    undo.push(stop)
    for (const [real, protocol] of [
      [port, 'imap'],
      [pop3Port, 'pop3'],
    ] as const)
      expect(await ask(real, { protocol }, 10)).toMatchObject({ ok: false, failure: { code: 'STARTTLS_REFUSED' } })
  })
  test('a proxy of Node that tunnels', async () => {
    const behind = await startScriptedTls(() => [FLIGHT])
    undo.push(() => behind.stop())
    const asked: (string | undefined)[] = []
    const proxy: Server = createServer()
    proxy.on('connect', (request, client) => {
      asked.push(request.url, request.headers.host)
      const through = createConnection(behind.port, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
        through.pipe(client).pipe(through)
      })
      for (const socket of [through, client]) socket.on('error', () => {})
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    undo.push(() => new Promise((resolve) => proxy.close(resolve)))
    const seen = valueOf(await ask((proxy.address() as AddressInfo).port, { protocol: 'connect', to: 'example.com:443' }))
    expect(seen.flight.hello?.cipher).toBe(SUITE)
    expect(asked).toEqual(['example.com:443', 'example.com:443'])
  })
})
