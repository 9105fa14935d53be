/** Conversations with servers that do everything but what they should: always an end, within bounds, and no word more than was seen. */
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { normaliseTarget, type Target } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import type { Probe } from '../probe.ts'
import { look, valueOf } from '../testing/look.ts'
import { imapLook } from './imap.ts'
import { smtpEnvelopes, smtpInjection, smtpLogin, smtpLook, smtpOldTls, type SmtpPlace } from './smtp.ts'

const undo: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one()
})
const HOST = 'mx.example.net'
const PLACE: SmtpPlace = { host: HOST, port: 587, mode: 'plain' }
const SECRET = 'ranch-lantern-41'
const targetOf = (port: number, probeSeconds = 0.4): Target =>
  normaliseTarget(
    targetSchema.parse({
      domain: 'example.com',
      hosts: { '@': {} },
      allow: ['login', 'mail'],
      secrets: { appPassword: 'env:APP_PASSWORD' },
      network: { addresses: { [HOST]: '127.0.0.1' }, ports: { 25: port, 587: port, 143: port } },
      limits: { probeSeconds },
    }),
    { sha256: '0'.repeat(64), secrets: new Map([['appPassword', SECRET]]) },
  )
/** One server; `heard` is everything said to it, `connections` how often it was called. */
async function serving(serve: (socket: Socket) => void): Promise<{ port: number; heard: string[]; readonly connections: number }> {
  let connections = 0
  const heard: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => heard.push(chunk.toString('latin1')))
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  undo.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    port: (server.address() as AddressInfo).port,
    heard,
    get connections() {
      return connections
    },
  }
}
/** Greets, then answers by the first word of what it hears; null closes. */
const answering =
  (greeting: string, answers: Readonly<Record<string, string | null>>, otherwise: string | null = '250 2.0.0 Ok') =>
  (socket: Socket): void => {
    socket.write(greeting)
    socket.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString('latin1').split('\r\n').slice(0, -1)) {
        const word = line.split(/[ :]/, 1)[0]?.toUpperCase() ?? ''
        const answer = word in answers ? (answers[word] as string | null) : otherwise
        if (answer === null) socket.destroy()
        else socket.write(`${answer}\r\n`)
      }
    })
  }
const EHLO = '250-mx.example.net\r\n250-STARTTLS\r\n250 AUTH PLAIN'
const plain = async (serve: (socket: Socket) => void, probeSeconds?: number) => {
  const server = await serving(serve)
  const start = performance.now()
  const [seen] = await look(targetOf(server.port, probeSeconds), smtpLook(PLACE, { vrfy: true }))
  return { server, seen: valueOf(seen), ms: performance.now() - start }
}

describe('a greeting that is none', () => {
  test('silence', async () => {
    const { seen, ms } = await plain(() => {})
    expect(seen).toMatchObject({ ended: { after: 'the connection', failure: { code: 'TIMEOUT' } } })
    expect(seen.greeting).toBeUndefined()
    expect(ms).toBeLessThan(2_500)
  })
  test('other servers are waited for longer, and clients are not', async () => {
    const late = (socket: Socket): void => void setTimeout(() => answering('220 mx.example.net\r\n', { EHLO, STARTTLS: '454 no' })(socket), 900)
    const server = await serving(late)
    const [mx, post] = await look(targetOf(server.port), smtpLook({ ...PLACE, port: 25 }), smtpLook(PLACE))
    expect(valueOf(mx).greeting?.code).toBe(220)
    expect(valueOf(post).ended?.failure.code).toBe('TIMEOUT')
  })
  test.each([
    ['closes at once', (socket: Socket) => void socket.end(), 'EOF'],
    ['resets', (socket: Socket) => void setTimeout(() => socket.resetAndDestroy(), 50), 'ECONNRESET'],
    ['speaks HTTP', (socket: Socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), 'UNREADABLE'],
    ['sends NULs', (socket: Socket) => void socket.write(Buffer.alloc(5_000)), 'TIMEOUT'],
    ['sends NULs in lines', (socket: Socket) => void socket.write('\0\0\0\r\n'), 'UNREADABLE'],
    ['never ends its line', (socket: Socket) => void socket.write(`220 ${'x'.repeat(10_000_000)}`), 'UNREADABLE'],
    ['never ends its reply', (socket: Socket) => void socket.write('220-and more\r\n'.repeat(100_000)), 'UNREADABLE'],
    ['mixes codes', (socket: Socket) => void socket.write('220-a\r\n554 b\r\n'), 'UNREADABLE'],
    ['begins with a TLS alert', (socket: Socket) => void socket.write(Buffer.from([0x15, 3, 1, 0, 2, 2, 70, 13, 10])), 'UNREADABLE'],
  ])('%s', async (_, serve, code) => {
    const { seen, ms } = await plain(serve)
    expect(seen.greeting).toBeUndefined()
    expect(seen.ended?.failure.code).toBe(code)
    expect(ms).toBeLessThan(3_000)
  })
  test('one line every now and then, for ever', async () => {
    const { seen, ms } = await plain((socket) => {
      const timer = setInterval(() => socket.write('220-patience\r\n'), 50)
      socket.on('close', () => clearInterval(timer))
    })
    expect(seen.ended?.failure.code).toBe('TIMEOUT')
    expect(ms).toBeLessThan(2_500)
  })
  test('an endless banner is cut, whatever is in it', async () => {
    const { seen, server } = await plain((socket) => {
      const more = (): void => {
        if (socket.destroyed) return
        socket.write(`220-${'y'.repeat(4_000)}\r\n`.repeat(50), () => setImmediate(more))
      }
      more()
    })
    expect(seen.ended?.failure.code).toBe('UNREADABLE')
    expect(server.connections).toBe(1)
  })
  test.each([[421], [450], [554]])('%i is told and nothing more is said', async (code) => {
    const { seen, server } = await plain(answering(`${code} go away\r\n`, {}))
    expect(seen.greeting?.code).toBe(code)
    expect(seen.ehlo).toBeUndefined()
    expect(server.heard.join('')).not.toContain('EHLO')
  })
})

describe('a conversation that breaks off', () => {
  test.each(['EHLO', 'AUTH', 'VRFY', 'EXPN', 'STARTTLS'])('closed at %s: what was said before is kept', async (word) => {
    const { seen } = await plain(answering('220 mx\r\n', { EHLO, AUTH: '530 first TLS', [word]: null }))
    expect(seen.greeting?.code).toBe(220)
    expect(seen.ended?.after).toContain(word)
    expect(seen.ended?.failure.code).toMatch(/EOF|ECONNRESET/)
  })
  test.each(['EHLO', 'AUTH', 'VRFY', 'EXPN', 'STARTTLS'])('451 at %s is told', async (word) => {
    const { seen } = await plain(answering('220 mx\r\n', { EHLO, AUTH: '530 first TLS', STARTTLS: '454 not now', [word]: '451 4.3.0 try again' }))
    expect(seen.ended).toBeUndefined()
    expect([seen.ehlo, seen.plainAuth, seen.vrfy?.nobody, seen.expn, seen.startTls].some((reply) => reply?.code === 451)).toBe(true)
    expect(seen.tls).toBeUndefined()
  })
  test('two answers to one command are not taken for the answer to the next', async () => {
    const { seen } = await plain(answering('220 mx\r\n', { EHLO: `${EHLO}\r\n220 and now TLS` }))
    expect(seen.ended?.failure).toMatchObject({ code: 'UNREADABLE' })
    expect(seen.plainAuth).toBeUndefined()
  })
  test('rubbish instead of TLS', async () => {
    const { seen } = await plain(answering('220 mx\r\n', { EHLO, AUTH: '530 x', STARTTLS: '220 go\r\nthis is no TLS at all, and there is more of it' }))
    expect(seen.startTls?.code).toBe(220)
    expect(seen.tls).toBeUndefined()
    expect(seen.ended?.after).toBe('the TLS handshake')
  })
  test('AUTH in plain text is broken off with a star, and no credential is said', async () => {
    const { seen, server } = await plain(answering('220 mx\r\n', { EHLO, AUTH: '334 ', '*': '501 aborted', STARTTLS: '454 no' }))
    expect(seen.plainAuth?.code).toBe(334)
    const said = server.heard.join('')
    expect(said).toContain('AUTH PLAIN\r\n*\r\n')
    expect(said).not.toMatch(/DATA|MAIL FROM|RCPT/)
  })
})

describe('envelopes', () => {
  const asked = [
    { label: 'a', from: '', to: 'a@example.org' },
    { label: 'b', from: 'b@example.com', to: '{nobody}@example.com' },
    { label: 'c', from: '', to: 'c@example.com' },
  ]
  const envelopes = async (serve: (socket: Socket) => void) => {
    const server = await serving(serve)
    const [seen] = await look(targetOf(server.port), smtpEnvelopes(PLACE, asked, { tls: 'never' }))
    return { server, seen: valueOf(seen) }
  }
  test('MAIL, RCPT, RSET and never DATA', async () => {
    const { server, seen } = await envelopes(answering('220 mx\r\n', { EHLO: '250 mx', RCPT: '554 5.7.1 Relay access denied' }))
    expect(seen.envelopes.map(({ rcpt }) => rcpt?.code)).toEqual([554, 554, 554])
    const said = server.heard.join('')
    expect(said).toMatch(/RCPT TO:<postproof-[0-9a-f]{12}@example\.com>/)
    expect(said).not.toContain('DATA')
    expect(said.match(/RSET/g)).toHaveLength(3)
    expect(server.connections).toBe(1)
  })
  test('greylisting is told as it is', async () => {
    const { seen } = await envelopes(answering('220 mx\r\n', { EHLO: '250 mx', RCPT: '450 4.2.0 Greylisted' }))
    expect(seen.envelopes.map(({ rcpt }) => rcpt?.code)).toEqual([450, 450, 450])
  })
  test('421 and an end: asked again on another connection, at most twice', async () => {
    const { server, seen } = await envelopes(answering('220 mx\r\n', { EHLO: '250 mx', RCPT: null }))
    expect(server.connections).toBeLessThanOrEqual(3)
    expect(seen.envelopes.every(({ rcpt, ended }) => rcpt === undefined && ended !== undefined)).toBe(true)
  })
  test('a server that hangs up after every envelope is asked to the end', async () => {
    const { server, seen } = await envelopes(answering('220 mx\r\n', { EHLO: '250 mx', RCPT: '554 5.7.1 no', RSET: null }))
    expect(seen.envelopes.map(({ rcpt }) => rcpt?.code)).toEqual([554, 554, 554])
    expect(server.connections).toBe(3)
  })
  test('who answers nothing but a greeting is asked nothing', async () => {
    const { seen } = await envelopes(answering('554 not you\r\n', {}))
    expect(seen.without).toContain('554')
    expect(seen.envelopes.every(({ mail }) => mail === undefined)).toBe(true)
  })
  test('without consent nothing is sent', async () => {
    const server = await serving(answering('220 mx\r\n', { EHLO: '250 mx' }))
    const target = targetOf(server.port)
    const refusing = { ...target, file: { ...target.file, allow: [] } }
    const seen = await look<unknown>(refusing, smtpEnvelopes(PLACE, asked, { tls: 'never' }), smtpLogin(PLACE, { user: 'app' }))
    expect(seen.map((one) => !one.ok && one.failure.code)).toEqual(['NOT_AUTHORISED', 'NOT_AUTHORISED'])
    expect(server.connections).toBe(0)
  })
})

describe('passwords', () => {
  test('are not said without TLS', async () => {
    const server = await serving(answering('220 mx\r\n', { EHLO, STARTTLS: '454 no', AUTH: '235 ok' }))
    const [seen] = await look(targetOf(server.port), smtpLogin(PLACE, { user: 'app', password: 'appPassword' }))
    expect(valueOf(seen)).toMatchObject({ withheld: 'there was no TLS to say it in' })
    expect(server.heard.join('')).not.toContain('AUTH')
  })
})

describe('other conversations', () => {
  test.each([
    ['silence', () => {}],
    ['an end', (socket: Socket) => void socket.end()],
    ['an endless line', (socket: Socket) => void socket.write('z'.repeat(1_000_000))],
  ])('%s bounds them all', async (_, serve) => {
    const server = await serving(serve)
    const start = performance.now()
    const seen = await look<{ readonly tls?: unknown }>(
      targetOf(server.port),
      smtpInjection(PLACE),
      smtpOldTls(PLACE) as Probe<{ readonly tls?: unknown }>,
      imapLook({ ...PLACE, port: 143 }),
      imapLook({ ...PLACE, port: 143 }, { inject: true }),
    )
    expect(seen.every((one) => one.ok)).toBe(true)
    expect(seen.map((one) => (one.ok && 'tls' in one.value ? one.value.tls : undefined))).toEqual([undefined, undefined, undefined, undefined])
    expect(performance.now() - start).toBeLessThan(5_000)
  })
  test('IMAP that never ends its untagged lines', async () => {
    const server = await serving((socket) => {
      socket.write('* OK ready\r\n')
      socket.on('data', () => socket.write('* 1 EXISTS\r\n'.repeat(50_000)))
    })
    const [seen] = await look(targetOf(server.port), imapLook({ ...PLACE, port: 143 }))
    expect(valueOf(seen)).toMatchObject({ greeting: '* OK ready', ended: { after: 'CAPABILITY', failure: { code: 'UNREADABLE' } } })
  })
  test('a port that is not mapped is our matter', async () => {
    const [seen] = await look(targetOf(1), smtpLook({ ...PLACE, port: 2525 }))
    expect(seen).toMatchObject({ ok: false, failure: { code: 'UNMAPPED' } })
  })
  test('a port that refuses is a failure of the connection', async () => {
    const server = await serving(() => {})
    for (const one of undo.splice(0).reverse()) await one()
    const [seen] = await look(targetOf(server.port), smtpLook(PLACE))
    expect(seen).toMatchObject({ ok: false, failure: { code: 'ECONNREFUSED', phase: 'connect' } })
  })
})
