import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { issueCertificate } from '../../fixtures/certificates.ts'
import { freePort } from '../../fixtures/servers/tcp.ts'
import type { ServerFlight } from '../observations.ts'
import { type ClientHelloSpec, encodeClientHello, encodeSsl2ClientHello } from './tls-client-hello.ts'
import { FlightReader } from './tls-records.ts'

/** A strict reader of ClientHellos that shares nothing with the writer: every byte must be accounted for. */
class Cursor {
  readonly #bytes: Buffer
  #at = 0
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }
  get left(): number {
    return this.#bytes.length - this.#at
  }
  bytes(size: number): Buffer {
    if (size > this.left) throw new Error(`${size} bytes wanted, ${this.left} left`)
    this.#at += size
    return this.#bytes.subarray(this.#at - size, this.#at)
  }
  number(size: number): number {
    return this.bytes(size).readUIntBE(0, size)
  }
  vector(size: number): Cursor {
    return new Cursor(this.bytes(this.number(size)))
  }
  rest(): Buffer {
    return this.bytes(this.left)
  }
  numbers(size: number): number[] {
    const list: number[] = []
    while (this.left > 0) list.push(this.number(size))
    return list
  }
}
interface ReadHello {
  readonly records: readonly number[]
  readonly recordVersion: number
  readonly version: number
  readonly random: Buffer
  readonly sessionId: Buffer
  readonly suites: readonly number[]
  readonly compression: readonly number[]
  readonly extensions?: readonly { readonly type: number; readonly data: Buffer }[]
}
function read(bytes: Uint8Array): ReadHello {
  const wire = new Cursor(Buffer.from(bytes))
  const parts: Buffer[] = []
  const versions = new Set<number>()
  while (wire.left > 0) {
    expect(wire.number(1)).toBe(22)
    versions.add(wire.number(2))
    const part = wire.vector(2).rest()
    expect(part.length).toBeGreaterThan(0)
    expect(part.length).toBeLessThanOrEqual(16_384)
    parts.push(part)
  }
  expect(versions.size).toBe(1)
  const message = new Cursor(Buffer.concat(parts))
  expect(message.number(1)).toBe(1)
  const body = message.vector(3)
  expect(message.left).toBe(0)
  const version = body.number(2)
  const random = body.bytes(32)
  const sessionId = body.vector(1).rest()
  const suites = body.vector(2).numbers(2)
  const compression = body.vector(1).numbers(1)
  const hello = { records: parts.map(({ length }) => length), recordVersion: [...versions][0] as number, version, random, sessionId, suites, compression }
  if (body.left === 0) return hello
  const list = body.vector(2)
  expect(body.left).toBe(0)
  const extensions: { type: number; data: Buffer }[] = []
  while (list.left > 0) extensions.push({ type: list.number(2), data: list.vector(2).rest() })
  expect(new Set(extensions.map(({ type }) => type)).size).toBe(extensions.length)
  return { ...hello, extensions }
}
const types = (hello: ReadHello): readonly number[] => hello.extensions?.map(({ type }) => type) ?? []
const dataOf = (hello: ReadHello, type: number): Cursor => {
  const found = hello.extensions?.find((one) => one.type === type)
  if (found === undefined) throw new Error(`no extension ${type}`)
  return new Cursor(found.data)
}
const isGrease = (value: number | undefined): boolean => value !== undefined && (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff)
const MINIMAL: ClientHelloSpec = { version: 0x0303, suites: [0xc02b, 0x009c] }
/** With every extension of TLS 1.2. */
const FULL_12: ClientHelloSpec = {
  version: 0x0303,
  suites: [0x1301, 0xc02b, 0xc02f],
  compression: [1, 0],
  serverName: 'example.com',
  alpn: ['h2', 'http/1.1'],
  groups: [29, 23],
  signatureAlgorithms: [0x0403, 0x0804],
  extendedMasterSecret: true,
  renegotiationInfo: true,
  statusRequest: true,
  signedTimestamps: true,
  heartbeat: true,
  sessionTicket: Buffer.from([7, 7]),
  more: [{ type: 0x3374, data: Buffer.alloc(0) }],
}
const FULL: ClientHelloSpec = { ...FULL_12, supportedVersions: [0x0304, 0x0303], keyShares: [{ group: 29, key: Buffer.alloc(32, 9) }] }

describe('the bytes', () => {
  test('what is not asked for is not there', () => {
    const hello = read(encodeClientHello(MINIMAL))
    expect(hello).toMatchObject({ recordVersion: 0x0301, version: 0x0303, suites: [0xc02b, 0x009c], compression: [0] })
    expect(hello).not.toHaveProperty('extensions')
    expect(hello.sessionId).toHaveLength(0)
    expect(read(encodeClientHello(MINIMAL)).random).not.toEqual(hello.random)
  })
  test.each([0x0300, 0x0301, 0x0302, 0x0303])('version %i and that of its record', (version) => {
    expect(read(encodeClientHello({ ...MINIMAL, version }))).toMatchObject({ version, recordVersion: version === 0x0300 ? 0x0300 : 0x0301 })
  })
  test('every extension, byte by byte', () => {
    const hello = read(encodeClientHello(FULL))
    expect(hello.compression).toEqual([1, 0])
    expect(hello.sessionId).toHaveLength(32)
    expect([...types(hello)].toSorted((one, other) => one - other)).toEqual([0, 5, 10, 11, 13, 15, 16, 18, 23, 35, 43, 45, 51, 0x3374, 0xff01])
    const names = dataOf(hello, 0).vector(2)
    expect([names.number(1), names.vector(2).rest().toString(), names.left]).toEqual([0, 'example.com', 0])
    expect(dataOf(hello, 5).rest()).toEqual(Buffer.from([1, 0, 0, 0, 0]))
    expect(dataOf(hello, 10).vector(2).numbers(2)).toEqual([29, 23])
    expect(dataOf(hello, 11).vector(1).numbers(1)).toEqual([0])
    expect(dataOf(hello, 13).vector(2).numbers(2)).toEqual([0x0403, 0x0804])
    expect(dataOf(hello, 15).rest()).toEqual(Buffer.from([1]))
    const protocols = dataOf(hello, 16).vector(2)
    expect([protocols.vector(1).rest().toString(), protocols.vector(1).rest().toString(), protocols.left]).toEqual(['h2', 'http/1.1', 0])
    expect(dataOf(hello, 43).vector(1).numbers(2)).toEqual([0x0304, 0x0303])
    expect(dataOf(hello, 45).vector(1).numbers(1)).toEqual([1])
    const shares = dataOf(hello, 51).vector(2)
    expect([shares.number(2), shares.vector(2).rest(), shares.left]).toEqual([29, Buffer.alloc(32, 9), 0])
    expect(dataOf(hello, 35).rest()).toEqual(Buffer.from([7, 7]))
    expect(dataOf(hello, 0xff01).rest()).toEqual(Buffer.from([0]))
    for (const empty of [18, 23, 0x3374]) expect(dataOf(hello, empty).left).toBe(0)
  })
  test('a share of no group is an extension all the same', () => {
    expect(dataOf(read(encodeClientHello({ ...FULL, keyShares: [] })), 51).vector(2).left).toBe(0)
  })
  test('an empty list of protocols is none', () => {
    expect(types(read(encodeClientHello({ ...FULL, alpn: [] })))).not.toContain(16)
  })
  test('GREASE: first of the suites, groups and versions, first and last of the extensions', () => {
    const hello = read(encodeClientHello({ ...FULL, grease: true }))
    expect(isGrease(hello.suites[0])).toBe(true)
    expect(hello.suites.slice(1)).toEqual(FULL.suites)
    expect(isGrease(types(hello)[0]) && isGrease(types(hello).at(-1))).toBe(true)
    const groups = dataOf(hello, 10).vector(2).numbers(2)
    expect([isGrease(groups[0]), ...groups.slice(1)]).toEqual([true, 29, 23])
    const versions = dataOf(hello, 43).vector(1).numbers(2)
    expect([isGrease(versions[0]), ...versions.slice(1)]).toEqual([true, 0x0304, 0x0303])
    const values = [hello.suites[0], groups[0], versions[0], types(hello)[0], types(hello).at(-1)]
    expect(new Set(values).size).toBe(values.length)
  })
  test('random and session id are what they are told to be', () => {
    const random = Buffer.alloc(32, 5)
    expect(read(encodeClientHello({ ...MINIMAL, random, sessionId: Buffer.alloc(32, 6) }))).toMatchObject({ random, sessionId: Buffer.alloc(32, 6) })
  })
  test('more than one record', () => {
    const hello = read(encodeClientHello({ ...FULL, more: [{ type: 0x3374, data: Buffer.alloc(40_000, 3) }] }))
    expect(hello.records.slice(0, 2)).toEqual([16_384, 16_384])
    expect(hello.records).toHaveLength(3)
    expect(dataOf(hello, 0x3374).rest()).toEqual(Buffer.alloc(40_000, 3))
  })
  test('what fits no vector is our own defect', () => {
    for (const more of [
      { suites: Array.from({ length: 32_768 }, () => 5) },
      { more: [{ type: 1, data: Buffer.alloc(65_536) }] },
      {
        more: [
          { type: 1, data: Buffer.alloc(40_000) },
          { type: 2, data: Buffer.alloc(40_000) },
        ],
      },
      { alpn: ['x'.repeat(256)] },
      { serverName: 'x'.repeat(65_536) },
      { supportedVersions: Array.from({ length: 128 }, () => 0x0304) },
      { random: Buffer.alloc(31) },
      { sessionId: Buffer.alloc(33) },
      { padTo: 70_000 },
    ] satisfies readonly Partial<ClientHelloSpec>[])
      expect(() => encodeClientHello({ ...MINIMAL, ...more }), Object.keys(more).join()).toThrow(RangeError)
  })
  test('SSL 2.0', () => {
    const hello = new Cursor(Buffer.from(encodeSsl2ClientHello(Buffer.alloc(16, 9))))
    const body = new Cursor(hello.bytes(hello.number(2) & 0x7fff))
    expect([hello.left, body.number(1), body.number(2)]).toEqual([0, 1, 2])
    const [kinds, session, challenge] = [body.number(2), body.number(2), body.number(2)]
    expect([kinds, session, challenge]).toEqual([21, 0, 16])
    expect(new Cursor(body.bytes(kinds)).numbers(3)).toEqual([0x010080, 0x020080, 0x030080, 0x040080, 0x050080, 0x060040, 0x0700c0])
    expect([body.rest().equals(Buffer.alloc(16, 9)), encodeSsl2ClientHello()[0]]).toEqual([true, 0x80])
  })
})

describe('padding', () => {
  test.each([300, 511, 512, 1_600, 16_384, 16_389, 20_000, 40_000])('to exactly %i bytes', (padTo) => {
    for (const spec of [MINIMAL, FULL, { ...FULL, grease: true }] as const) {
      if (encodeClientHello(spec).length + 6 > padTo) continue
      const bytes = encodeClientHello({ ...spec, random: Buffer.alloc(32), padTo })
      expect(bytes).toHaveLength(padTo)
      const { extensions } = read(bytes)
      expect(extensions?.at(-1)).toMatchObject({ type: 21 })
      expect(extensions?.at(-1)?.data.every((byte) => byte === 0)).toBe(true)
    }
  })
  test('every size is exact, but those that an extension or a record header cannot hit: then the next one', () => {
    const bare = encodeClientHello({ ...FULL, sessionId: Buffer.alloc(32) }).length
    for (let padTo = bare - 3; padTo < bare + 20; padTo += 1) {
      const { length } = encodeClientHello({ ...FULL, padTo })
      expect([padTo, length]).toEqual([padTo, padTo <= bare ? bare : Math.max(padTo, bare + 4)])
    }
    for (let padTo = 16_380; padTo < 16_400; padTo += 1) {
      const { length } = encodeClientHello({ ...FULL, padTo })
      // A 16,385th byte of message brings the header of a second record along.
      expect([padTo, length]).toEqual([padTo, padTo <= 16_389 ? padTo : Math.max(padTo, 16_395)])
    }
  })
})

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 2_000)
test('anything that can be asked for is read back as it was asked', { timeout: 60_000 + numRuns * 5 }, () => {
  const uint16 = fc.integer({ min: 0, max: 0xffff })
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((list) => Buffer.from(list))
  const spec = fc.record(
    {
      version: fc.integer({ min: 0x0300, max: 0x0303 }),
      suites: fc.array(uint16, { minLength: 1, maxLength: 300 }),
      compression: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 3 }),
      supportedVersions: fc.array(uint16, { minLength: 1, maxLength: 5 }),
      groups: fc.array(uint16, { maxLength: 20 }),
      signatureAlgorithms: fc.array(uint16, { maxLength: 20 }),
      keyShares: fc.array(fc.record({ group: uint16, key: bytes(50) }), { maxLength: 3 }),
      grease: fc.boolean(),
      sessionTicket: bytes(300),
      sessionId: bytes(32),
      padTo: fc.integer({ min: 0, max: 20_000 }),
    },
    { requiredKeys: ['version', 'suites'] },
  )
  fc.assert(
    fc.property(spec, (asked) => {
      const hello = read(encodeClientHello(asked))
      const from = asked.grease === true ? 1 : 0
      expect(hello.version).toBe(asked.version)
      expect(hello.suites.slice(from)).toEqual(asked.suites)
      expect(hello.compression).toEqual(asked.compression ?? [0])
      if (asked.sessionId !== undefined) expect(hello.sessionId).toEqual(asked.sessionId)
      if (asked.groups !== undefined) expect(dataOf(hello, 10).vector(2).numbers(2).slice(from)).toEqual(asked.groups)
      if (asked.signatureAlgorithms !== undefined) expect(dataOf(hello, 13).vector(2).numbers(2)).toEqual(asked.signatureAlgorithms)
      if (asked.supportedVersions !== undefined) expect(dataOf(hello, 43).vector(1).numbers(2).slice(from)).toEqual(asked.supportedVersions)
      if (asked.sessionTicket !== undefined) expect(dataOf(hello, 35).rest()).toEqual(asked.sessionTicket)
    }),
    { numRuns },
  )
})

/** What a real server says to it. */
function answer(port: number, hello: Uint8Array): Promise<ServerFlight> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(hello))
    const reader = new FlightReader()
    const done = (): void => {
      socket.destroy()
      const reading = reader.reading()
      if (reading.ok) resolve(reading.value)
      else reject(new Error(reading.error))
    }
    socket.on('data', (chunk) => {
      reader.add(chunk)
      if (reader.done) done()
    })
    socket.on('end', done)
    socket.on('error', reject)
  })
}
const P256 = Buffer.from(
  '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  'hex',
)
/** Each of these must bring a server that knows the version to its ServerHello. */
const ASKED: readonly (readonly [string, ClientHelloSpec, Partial<NonNullable<ServerFlight['hello']>>])[] = [
  ['TLS 1.0', { version: 0x0301, suites: [0xc009, 0xc013], groups: [29, 23] }, { version: 0x0301, cipher: 0xc009 }],
  ['TLS 1.1', { version: 0x0302, suites: [0xc009, 0xc013], groups: [29, 23], renegotiationInfo: true }, { version: 0x0302, cipher: 0xc009 }],
  ['TLS 1.2, groups alone', { version: 0x0303, suites: [0xc02b], groups: [29, 23] }, { version: 0x0303, cipher: 0xc02b }],
  ['TLS 1.2, everything', FULL_12, { version: 0x0303, cipher: 0xc02b, compression: 0 }],
  [
    'TLS 1.2, GREASE and padding',
    { ...MINIMAL, groups: [29, 23], signatureAlgorithms: [0x0403], grease: true, padTo: 1_600 },
    { version: 0x0303, cipher: 0xc02b },
  ],
  ['TLS 1.2 in two records', { ...MINIMAL, groups: [29, 23], signatureAlgorithms: [0x0403], padTo: 17_500 }, { version: 0x0303, cipher: 0xc02b }],
  [
    'TLS 1.3, a share of P-256',
    { ...FULL, groups: [23, 29], keyShares: [{ group: 23, key: P256 }], heartbeat: false, compression: [0] },
    { version: 0x0304, retry: false, group: 23 },
  ],
  [
    'TLS 1.3, GREASE',
    { ...FULL, keyShares: [{ group: 23, key: P256 }], groups: [23], heartbeat: false, grease: true, compression: [0] },
    { version: 0x0304, retry: false, group: 23 },
  ],
  ['TLS 1.3 without a share', { ...FULL, keyShares: [], compression: [0] }, { version: 0x0304, retry: true, group: 29 }],
]

describe('real servers', () => {
  const undo: (() => Promise<void>)[] = []
  let certificate: Awaited<ReturnType<typeof issueCertificate>>
  let node = 0
  let openssl = 0
  let trace = ''
  beforeAll(async () => {
    certificate = await issueCertificate({ names: ['example.com'] })
    const server = createServer({ key: certificate.key, cert: certificate.chain, minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0', ALPNProtocols: ['h2'] })
    server.on('tlsClientError', () => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    undo.push(async () => void server.close())
    node = (server.address() as AddressInfo).port
    const folder = await mkdtemp(join(tmpdir(), 'postproof-hello-'))
    undo.push(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'both.pem'), certificate.chain + certificate.key)
    openssl = await freePort()
    const command = ['s_server', '-accept', `127.0.0.1:${openssl}`, '-cert', join(folder, 'both.pem'), '-cipher', 'ALL:@SECLEVEL=0', '-trace']
    const child = spawn('openssl', command, { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdout.on('data', (chunk: Buffer) => {
      trace += chunk.toString('latin1')
    })
    undo.push(async () => void child.kill('SIGKILL'))
    while (!trace.includes('ACCEPT')) await once(child.stdout, 'data')
  })
  afterAll(async () => {
    for (const one of undo) await one()
  })
  test.each(ASKED)('Node and OpenSSL both go on: %s', async (_, spec, expected) => {
    const hello = encodeClientHello({ ...spec, serverName: 'example.com' })
    for (const port of [node, openssl]) expect((await answer(port, hello)).hello).toMatchObject(expected)
  })
  test('OpenSSL reads every extension as it was meant', async () => {
    await answer(openssl, encodeClientHello({ ...FULL, compression: [0], random: Buffer.alloc(32, 0x70) }))
    // From our random to what it says itself.
    const received = (): string => /7070707070[^]*?Sent Record/.exec(trace)?.[0] ?? ''
    await expect.poll(received).not.toBe('')
    const sent = received()
    for (const line of [
      /TLS_AES_128_GCM_SHA256/,
      /TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256/,
      /extension_type=server_name\(0\), length=16/,
      /extension_type=extended_master_secret\(23\), length=0/,
      /extension_type=renegotiate\(65281\), length=1/,
      /ecdh_x25519 \(29\)/,
      /secp256r1 \(P-256\) \(23\)/,
      /uncompressed \(0\)/,
      /extension_type=session_ticket\(35\), length=2/,
      /h2\s+http\/1\.1/,
      /extension_type=status_request\(5\), length=5/,
      /ecdsa_secp256r1_sha256 \(0x0403\)/,
      /rsa_pss_rsae_sha256 \(0x0804\)/,
      /TLS 1\.3 \(772\)/,
      /psk_dhe_ke \(1\)/,
      /NamedGroup: ecdh_x25519 \(29\)/,
    ])
      expect(sent).toMatch(line)
  })
})
