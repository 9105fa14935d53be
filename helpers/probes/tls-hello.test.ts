import { setTimeout as wait } from 'node:timers/promises'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { hugeMessage, recut, type Script, type ScriptedTls, startScriptedTls, type Step } from '../../fixtures/servers/scripted-tls.ts'
import { alert, message, record, serverFlight, serverHello, ssl2ServerHello } from '../../fixtures/servers/server-flight.ts'
import { readServerFlight } from '../grammar/tls-records.ts'
import type { TlsHelloObservation } from '../observations.ts'
import { Observer } from '../observer.ts'
import type { Observed, ProbeContext } from '../probe.ts'
import { normaliseTarget, type Target } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { look, valueOf } from '../testing/look.ts'
import { sayHello, tlsHello, type TlsHelloRequest } from './tls-hello.ts'

const servers: ScriptedTls[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})
async function serving(script: Script): Promise<ScriptedTls> {
  const server = await startScriptedTls(script)
  servers.push(server)
  return server
}
/** The silence that ends a reading is six tenths of a probe's time. */
const PROBE_SECONDS = 1
const SILENCE_MS = 600
const targetOf = (port: number, probeSeconds = PROBE_SECONDS): Target =>
  normaliseTarget(
    targetSchema.parse({
      domain: 'example.com',
      hosts: { '@': {} },
      network: { addresses: { 'example.com': '127.0.0.1' }, ports: { https: port } },
      limits: { probeSeconds },
    }),
    { sha256: '0'.repeat(64) },
  )
const SUITE = 0xc02b
const REQUEST: TlsHelloRequest = { host: 'example.com', ask: 'a test', hello: { version: 0x0303, suites: [SUITE, 0x009c], groups: [29] } }
async function ask(server: ScriptedTls, more: Partial<TlsHelloRequest> = {}, probeSeconds?: number): Promise<Observed<TlsHelloObservation>> {
  const [seen] = await look(targetOf(server.port, probeSeconds), tlsHello({ ...REQUEST, ...more }))
  return seen as Observed<TlsHelloObservation>
}
const CERTIFICATE = Buffer.concat([Buffer.from([0x30]), Buffer.alloc(900, 7)])
const FLIGHT = serverFlight({ version: 0x0303, cipher: SUITE, certificates: [CERTIFICATE, CERTIFICATE], keyExchange: { kind: 'ecdhe', signature: 0x0403 } })
const HELLO = record(22, 0x0303, serverHello({ version: 0x0303, cipher: SUITE }))
const warning = (description: number): Buffer => alert(description, { level: 1 })

describe('an answer, however it comes', () => {
  const DRIP: Step = { drip: FLIGHT, everyMs: 0, size: 1 }
  test.each<[string, readonly Step[]]>([
    ['at once', [FLIGHT]],
    ['in single bytes', [DRIP]],
    ['in pieces with pauses', [{ drip: FLIGHT, everyMs: 20, size: 400 }]],
    ['handshake messages cut over records of five bytes', [recut(FLIGHT, 5)]],
    ['all messages in one record', [recut(FLIGHT, 16_384)]],
    ['after sixteen warnings', [...Array.from({ length: 16 }, () => warning(112)), FLIGHT]],
    ['after thirty empty records', [...Array.from({ length: 30 }, () => record(22, 0x0303, Buffer.alloc(0))), FLIGHT]],
    ['with the end right behind it', [FLIGHT, 'fin']],
    ['with more behind it', [Buffer.concat([FLIGHT, Buffer.alloc(100_000, 0x16)])]],
  ])('%s', async (_, steps) => {
    const server = await serving(() => steps)
    const seen = valueOf(await ask(server))
    expect(seen).toMatchObject({ answer: 'server-hello', closed: 'open', address: '127.0.0.1', peer: `127.0.0.1:${server.port}` })
    expect(seen.flight).toMatchObject({ hello: { version: 0x0303, cipher: SUITE }, certificateCount: 2, complete: true, keyExchange: { signature: 0x0403 } })
    expect(seen).not.toHaveProperty('unoffered')
    // The same in one record lacks three headers.
    expect(seen.receivedBytes).toBeGreaterThanOrEqual(FLIGHT.length - 15)
    await server.idle()
    expect(server.counts).toMatchObject({ connections: 1, open: 0 })
  })
  test('the hello leaves whole, or in two segments, and is counted', async () => {
    const server = await serving(() => [FLIGHT])
    const seen = valueOf(await ask(server, { hello: { ...(REQUEST.hello as object), version: 0x0303, suites: [SUITE], padTo: 1_600 }, cutAfter: 1_200 }))
    expect([seen.helloBytes, server.hellos[0]?.bytes.length, server.hellos[0]?.sni]).toEqual([1_600, 1_600, 'example.com'])
    await ask(server, { withoutName: true, ask: 'no name' })
    expect(server.hellos[1]).not.toHaveProperty('sni')
  })
  test('any alert that is fatal, one that claims to be a warning and ends every handshake too', async () => {
    for (const one of [alert(40), alert(70), alert(86), alert(10), alert(255), alert(70, { version: 0x0300 })]) {
      const server = await serving(() => [one, 'fin'])
      expect(valueOf(await ask(server))).toMatchObject({ answer: 'alert', flight: { alert: { level: 2, description: one.at(-1) }, complete: false } })
      expect(server.counts.connections).toBe(1)
    }
    const server = await serving(() => [warning(40), 'fin'])
    expect(valueOf(await ask(server))).toMatchObject({ answer: 'alert', flight: { alert: { level: 1, description: 40 } }, closed: 'fin' })
  })
  test('SSL 2.0', async () => {
    const server = await serving(() => [ssl2ServerHello([0x010080], CERTIFICATE)])
    expect(valueOf(await ask(server, { hello: 'ssl2' }))).toMatchObject({ answer: 'ssl2-server-hello', flight: { ssl2: { kinds: [0x010080] } } })
    const refusing = await serving(() => [Buffer.from([0x80, 3, 0, 0, 1])])
    expect(valueOf(await ask(refusing, { hello: 'ssl2' }))).toMatchObject({ answer: 'alert', flight: { alert: { description: 40 } } })
  })
  test('a retry of TLS 1.3 is one', async () => {
    const random = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex')
    const retry = record(22, 0x0303, serverHello({ version: 0x0304, cipher: 0x1301, random, extensions: [{ type: 51, data: Buffer.from([0, 23]) }] }))
    const server = await serving(() => [retry, record(20, 0x0303, Buffer.from([1]))])
    const seen = valueOf(await ask(server, { hello: { version: 0x0303, supportedVersions: [0x0304], suites: [0x1301], groups: [23], keyShares: [] } }))
    expect(seen).toMatchObject({ answer: 'hello-retry-request', flight: { hello: { group: 23, version: 0x0304 }, complete: true } })
  })
  test('half an answer is told apart: what came, and how it ended', async () => {
    const half = FLIGHT.subarray(0, HELLO.length + 300)
    for (const [closed, steps] of [
      ['fin', [half, 'fin']],
      ['reset', [half, { waitMs: 50 }, 'reset']],
      ['silence', [half]],
      [
        'silence',
        [
          { drip: FLIGHT.subarray(0, HELLO.length + 20), everyMs: 0 },
          { drip: FLIGHT.subarray(HELLO.length + 20), everyMs: 100 },
        ],
      ],
    ] as const) {
      const server = await serving(() => steps)
      expect(valueOf(await ask(server))).toMatchObject({ answer: 'server-hello', closed, flight: { complete: false, certificateCount: 0 } })
    }
  })
  test('a ServerHello that an alert takes back shows both', async () => {
    const server = await serving(() => [HELLO, alert(40)])
    expect(valueOf(await ask(server))).toMatchObject({
      answer: 'server-hello',
      flight: { hello: { cipher: SUITE }, alert: { level: 2, description: 40 }, complete: false },
    })
  })
  test('what was not offered is named', async () => {
    const answering = async (
      spec: Parameters<typeof serverHello>[0],
      hello: TlsHelloRequest['hello'] = REQUEST.hello,
    ): Promise<TlsHelloObservation['unoffered']> => {
      const server = await serving(() => [record(22, 0x0303, serverHello(spec)), alert(0)])
      return valueOf(await ask(server, { hello })).unoffered
    }
    expect(await answering({ version: 0x0303, cipher: 0x0005 })).toEqual(['suite'])
    expect(await answering({ version: 0x0304, cipher: 0x1301 })).toEqual(['version', 'suite'])
    expect(await answering({ version: 0x0303, cipher: SUITE, compression: 1 })).toEqual(['compression'])
    expect(await answering({ version: 0x0301, cipher: SUITE })).toBeUndefined()
    expect(await answering({ version: 0x0303, cipher: SUITE }, { version: 0x0301, suites: [SUITE] })).toEqual(['version'])
    expect(await answering({ version: 0x0303, cipher: 0x00ff }, { version: 0x0303, suites: [SUITE, 0x00ff] })).toEqual(['suite'])
    expect(await answering({ version: 0x0303, cipher: SUITE, compression: 1 }, { version: 0x0303, suites: [SUITE], compression: [1, 0] })).toBeUndefined()
    expect(await answering({ version: 0x0303, cipher: 0x1301 }, { version: 0x0303, suites: [0x1301], supportedVersions: [0x0304] })).toEqual(['version'])
    expect(await answering({ version: 0x0303, cipher: SUITE }, 'ssl2')).toEqual(['version', 'suite'])
  })
})

/** Sixteen megabytes and more, of which no reader may want more than a few. */
const ENDLESS_MOST = 40 * 1024 * 1024
describe('what is no answer never looks like one', () => {
  const endless = (bytes: Buffer): Step => ({
    endless: Buffer.concat(Array.from({ length: Math.ceil(20_000 / bytes.length) }, () => bytes)),
    mostBytes: ENDLESS_MOST,
  })
  test.each<[string, readonly Step[], string, number]>([
    // Tried once more, as networks do such things by accident: two connections.
    ['silence', [], 'TIMEOUT', 2],
    ['an end', ['fin'], 'EOF', 2],
    ['a reset', ['reset'], 'ECONNRESET', 2],
    ['half a record and an end', [FLIGHT.subarray(0, 40), 'fin'], 'EOF', 2],
    ['half a record and a reset', [FLIGHT.subarray(0, 40), { waitMs: 30 }, 'reset'], 'ECONNRESET', 2],
    ['half an alert and silence', [alert(40).subarray(0, 6)], 'TIMEOUT', 2],
    ['a byte at a time', [{ drip: FLIGHT, everyMs: 100 }], 'TIMEOUT', 2],
    ['a polite close', [warning(0), 'fin'], 'EOF', 2],
    ['a polite close that leaves the line open', [warning(0)], 'EOF', 2],
    ['a remark on the name and silence', [warning(112)], 'TIMEOUT', 2],
    ['a remark on the name and an end', [warning(112), 'fin'], 'EOF', 2],
    ['a remark on the name and a reset', [warning(112), { waitMs: 30 }, 'reset'], 'ECONNRESET', 2],
    ['HTTP', [Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'), 'fin'], 'NOT_TLS', 1],
    ['the greeting of a mail server', [Buffer.from('220 mail.example.com ESMTP\r\n')], 'NOT_TLS', 1],
    ['zeroes', [Buffer.alloc(2_000)], 'NOT_TLS', 1],
    ['ones', [Buffer.alloc(2_000, 0xff)], 'NOT_TLS', 1],
    ['our own hello', [record(22, 0x0301, message(1, Buffer.alloc(60)))], 'UNREADABLE', 1],
    ['a remark and rubbish', [Buffer.concat([warning(112), Buffer.from('rubbish')])], 'UNREADABLE', 1],
    ['ChangeCipherSpec', [record(20, 0x0303, Buffer.from([1]))], 'UNREADABLE', 1],
    ['a heartbeat', [record(24, 0x0303, Buffer.alloc(20))], 'UNREADABLE', 1],
    ['an alert with a level that is none', [alert(40, { level: 9 })], 'UNREADABLE', 1],
    ['a record of more than 18 kB', [Buffer.from([22, 3, 3, 0xff, 0xff])], 'NOT_TLS', 1],
    ['a ServerHello cut short', [record(22, 0x0303, message(2, Buffer.alloc(37, 3)))], 'UNREADABLE', 1],
    ['a list of certificates that says more than it has', [HELLO, record(22, 0x0303, message(11, Buffer.from([0, 0, 9, 0, 0, 1])))], 'UNREADABLE', 1],
    ['a message that says it has 16 MB', [Buffer.concat([HELLO, hugeMessage(16_777_215, 100)])], 'UNREADABLE', 1],
    ['16 MB that are sent', [HELLO, hugeMessage(16_000_000, 16_000_000)], 'UNREADABLE', 1],
    ['a message of 4 MB that never ends', [HELLO, hugeMessage(4_194_000, 0), endless(record(22, 0x0303, Buffer.alloc(3)))], 'UNREADABLE', 1],
    ['endless warnings', [endless(warning(112))], 'UNREADABLE', 1],
    ['endless empty records', [endless(record(22, 0x0303, Buffer.alloc(0)))], 'UNREADABLE', 1],
    ['endless requests for a hello', [endless(record(22, 0x0303, message(0, Buffer.alloc(0))))], 'UNREADABLE', 1],
    ['endless messages nobody knows', [HELLO, endless(record(22, 0x0303, message(99, Buffer.alloc(1_000))))], 'UNREADABLE', 1],
    ['two different hellos', [HELLO, record(22, 0x0303, serverHello({ version: 0x0300, cipher: 5 }))], 'UNREADABLE', 1],
    ['an SSL 2.0 answer that does not add up', [Buffer.from([0x80, 12, 4, 0, 1, 0, 2, 0, 9, 0, 3, 0, 0, 0])], 'UNREADABLE', 1],
  ])('%s', async (_, steps, code, connections) => {
    const server = await serving(() => steps)
    const began = performance.now()
    // What is ended by its size must not be ended by the clock of a busy machine.
    const seen = await ask(server, {}, code === 'UNREADABLE' ? 20 : PROBE_SECONDS)
    expect(seen).toMatchObject({ ok: false, failure: { code, phase: 'tls' } })
    // Two silences and the pause between them at most, or what it takes to read a few megabytes.
    expect(performance.now() - began).toBeLessThan(2 * SILENCE_MS + 8_000)
    await server.idle()
    expect(server.counts).toMatchObject({ connections, open: 0 })
    expect(server.counts.sentBytes).toBeLessThan(ENDLESS_MOST)
  })
  test('a thousand certificates are counted, a hundred kept', async () => {
    const certificates = Array.from({ length: 1_000 }, () => CERTIFICATE)
    const server = await serving(() => [serverFlight({ version: 0x0303, cipher: SUITE, certificates })])
    expect(valueOf(await ask(server)).flight).toMatchObject({ certificateCount: 1_000, complete: true })
  })
  test('every fifth hello reset: tried once more, and said so', async () => {
    const server = await serving(({ index }) => (index % 5 === 0 ? ['reset'] : [FLIGHT]))
    const seen = await ask(server)
    expect([valueOf(seen).answer, seen.attempts, server.counts.connections]).toEqual(['server-hello', 2, 2])
  })
  test('nobody listens', async () => {
    const server = await serving(() => [])
    await server.stop()
    expect(await ask(server)).toMatchObject({ ok: false, failure: { code: 'ECONNREFUSED', phase: 'connect' } })
  })
})

describe('one look', () => {
  test('the same question is asked once, another one again', async () => {
    const server = await serving(() => [FLIGHT])
    const same = Array.from({ length: 5 }, () => tlsHello(REQUEST))
    await look(targetOf(server.port), ...same, tlsHello({ ...REQUEST, ask: 'another' }), tlsHello({ ...REQUEST, hello: { version: 0x0302, suites: [SUITE] } }))
    expect(server.counts.connections).toBe(3)
  })
  test('an interrupted run closes the connection at once', async () => {
    for (const steps of [[], [HELLO], [{ endless: warning(112), mostBytes: 50 }]] as const) {
      const server = await serving(() => steps)
      const observer = new Observer(targetOf(server.port, 60))
      const looking = observer.observe(tlsHello(REQUEST))
      await expect.poll(() => server.hellos.length).toBe(1)
      await wait(30)
      const began = performance.now()
      observer.abort('interrupted')
      expect(await looking).toMatchObject({ ok: false, failure: { code: 'ABORTED' } })
      await server.idle()
      expect(performance.now() - began).toBeLessThan(1_000)
      expect(server.counts.connections).toBe(1)
      await observer.close()
    }
  })
  test('a deadline that is shorter than the silence closes it too', async () => {
    const server = await serving(() => [])
    const [seen] = await look(targetOf(server.port), { ...tlsHello(REQUEST), timeoutMs: 100 })
    expect(seen).toMatchObject({ ok: false, failure: { code: 'TIMEOUT', phase: 'deadline' } })
    await server.idle()
    expect(server.counts.open).toBe(0)
  })
  test('a conversation stays open for its caller', async () => {
    const server = await serving(() => [FLIGHT])
    const [seen] = await look(targetOf(server.port), {
      kind: 'test',
      key: 'test',
      impact: 'read',
      cost: { connections: 1, requests: 0 },
      async run(context: ProbeContext) {
        const { tcp, observation } = await sayHello(context, REQUEST)
        const open = server.counts.open
        tcp.socket.destroy()
        return [observation.answer, open]
      },
    })
    expect(valueOf(seen)).toEqual(['server-hello', 1])
    await server.idle()
  })
})

/** How many; `FUZZ_RUNS=200000` makes it a hundredth of that, since each is a connection. */
const numRuns = Math.max(150, Number(process.env['FUZZ_RUNS'] ?? 0) / 100)
test('whatever a server sends, in whatever pieces, before it ends: an answer only where the bytes hold one', { timeout: 60_000 + numRuns * 100 }, async () => {
  let bytes: Buffer = FLIGHT
  let sizes: readonly number[] = []
  const server = await serving(() => {
    const steps: Step[] = []
    let at = 0
    for (const size of sizes) {
      steps.push(bytes.subarray(at, at + size))
      at += size
    }
    return [...steps, bytes.subarray(at), 'fin']
  })
  const target = targetOf(server.port, 10)
  const corpus = [
    FLIGHT,
    recut(FLIGHT, 30),
    alert(40),
    Buffer.concat([warning(112), FLIGHT]),
    ssl2ServerHello([0x010080], CERTIFICATE),
    Buffer.concat([HELLO, alert(40)]),
  ]
  const change = fc.tuple(
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom('set', 'cut', 'insert'),
  )
  const changed = (from: Buffer, [where, value, how]: readonly [number, number, string]): Buffer => {
    const at = Math.floor(where * where * from.length)
    if (how === 'cut') return from.subarray(0, at)
    if (how === 'insert') return Buffer.concat([from.subarray(0, at), Buffer.from([value]), from.subarray(at)])
    const copy = Buffer.from(from)
    copy[at] = value
    return copy
  }
  const outcomes = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...corpus),
      fc.array(change, { maxLength: 3 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 4 }),
      async (from, changes, cuts) => {
        bytes = changes.reduce(changed, from)
        sizes = cuts
        const [seen] = await look(target, tlsHello(REQUEST))
        const whole = readServerFlight(bytes)
        const answers = whole.ok && (whole.value.hello !== undefined || whole.value.ssl2 !== undefined || whole.value.alert !== undefined)
        if (seen?.ok === true) {
          expect(answers).toBe(true)
          expect(seen.value.flight).toEqual(whole.ok && whole.value)
        } else if (seen?.ok === false) {
          expect(['NOT_TLS', 'UNREADABLE', 'EOF', 'ECONNRESET']).toContain(seen.failure.code)
          // What the bytes hold is never lost, but for remarks, a polite close, and a reset that came before they were read.
          if (answers && seen.failure.code !== 'ECONNRESET') expect([0, 41, 90, 100, 112]).toContain(whole.ok && whole.value.alert?.description)
        }
        const word = seen?.ok === true ? seen.value.answer : (seen?.failure.code ?? '')
        outcomes.set(word, (outcomes.get(word) ?? 0) + 1)
      },
    ),
    {
      numRuns,
      // Each outcome at least once.
      examples: [...corpus, Buffer.alloc(0), Buffer.from('HTTP/1.1 400'), Buffer.concat([warning(112), Buffer.from('rubbish')])].map(
        (one): [Buffer, [], []] => [one, [], []],
      ),
    },
  )
  for (const word of ['server-hello', 'EOF', 'UNREADABLE', 'NOT_TLS', 'alert', 'ssl2-server-hello']) expect(outcomes.get(word), word).toBeGreaterThan(0)
})
