import { createSocket, type RemoteInfo } from 'node:dgram'
import { createServer, type Socket } from 'node:net'
import packet from 'dns-packet'
import { afterAll, describe, expect, test } from 'vitest'
import type { DnsObservation, ResolvedHost } from '../observations.ts'
import { type Observed, type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { Observer } from '../observer.ts'
import { normaliseTarget, type Target, type TargetInput } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { caaClimb, cnameChain, delegationOf, authoritativeAnswers, recordTargets, resolverAnswers, zoneOf } from './dns-zone.ts'
import { dnsQuery, serverOf } from './dns.ts'
import { Turnstile } from './turnstile.ts'
import { resolveHost } from './resolve.ts'

const closers: (() => void)[] = []
afterAll(() => {
  for (const close of closers.splice(0)) close()
})

type Query = packet.DecodedPacket
interface Server {
  readonly address: string
  /** Questions seen, `udp example.com A`, letters as they came. */
  readonly asked: string[]
}
interface Behaviour {
  /** Datagrams sent in answer to one; undefined stays silent. */
  readonly udp?: (query: Query, bytes: Buffer) => readonly Buffer[] | undefined
  /** Bytes written on the connection (without length prefix they are as given); `close` ends it. */
  readonly tcp?: (query: Query, bytes: Buffer, socket: Socket) => void
}
async function server(behaviour: Behaviour): Promise<Server> {
  const asked: string[] = []
  for (;;) {
    const udp = createSocket('udp4')
    await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve))
    const { port } = udp.address()
    udp.on('error', () => {})
    udp.on('message', (bytes: Buffer, peer: RemoteInfo) => {
      const query = packet.decode(bytes)
      asked.push(`udp ${query.questions?.[0]?.name} ${query.questions?.[0]?.type}`)
      for (const one of behaviour.udp?.(query, bytes) ?? []) udp.send(one, peer.port, peer.address, () => {})
    })
    const tcp = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (chunk: Buffer) => {
        const bytes = chunk.subarray(2)
        const query = packet.decode(bytes)
        asked.push(`tcp ${query.questions?.[0]?.name} ${query.questions?.[0]?.type}`)
        behaviour.tcp?.(query, bytes, socket)
      })
      closers.push(() => socket.destroy())
    })
    const listening = await new Promise<boolean>((resolve) => {
      if (behaviour.tcp === undefined) resolve(true)
      tcp.once('error', () => resolve(false))
      if (behaviour.tcp !== undefined) tcp.listen(port, '127.0.0.1', () => resolve(true))
    })
    closers.push(
      () => udp.close(),
      () => tcp.close(),
    )
    if (listening) return { address: `127.0.0.1:${port}`, asked }
  }
}

type Records = readonly Record<string, unknown>[]
const a = (name: string, data: string, ttl = 300) => ({ name, type: 'A', ttl, data })
const cname = (name: string, data: string) => ({ name, type: 'CNAME', ttl: 300, data })
function reply(
  query: Query,
  more: { rcode?: number; flags?: number; answers?: Records; authorities?: Records; id?: number; questions?: readonly object[] } = {},
): Buffer {
  return packet.encode({
    type: 'response',
    id: more.id ?? query.id ?? 0,
    flags: (more.flags ?? packet.RECURSION_AVAILABLE) | (more.rcode ?? 0),
    questions: (more.questions ?? query.questions ?? []) as packet.Question[],
    answers: (more.answers ?? []) as unknown as packet.Answer[],
    authorities: (more.authorities ?? []) as unknown as packet.Answer[],
  })
}
const framed = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])

const targetOf = (resolver: string, more: Partial<NonNullable<TargetInput['network']>> = {}): Target =>
  normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': {} }, network: { resolver, ...more } }), { sha256: '0'.repeat(64) })
/** Runs a probe without the memo and the retries of a run, so that every question is counted. */
async function look<T>(target: Target, probe: Probe<T>): Promise<Observed<T>> {
  const kept = new Map<string, unknown>()
  const stop = new AbortController()
  const context: ProbeContext = {
    target,
    signal: stop.signal,
    observe: (other) => observed(other),
    connection: () => Promise.resolve({ release: () => {} }),
    pace: () => ({ turn: () => Promise.resolve(), refused: () => false, accepted: () => {} }),
    log: () => {},
    resource: <R>(key: string, open: () => R): R => {
      if (!kept.has(key)) kept.set(key, open())
      return kept.get(key) as R
    },
  }
  async function observed<R>(one: Probe<R>): Promise<Observed<R>> {
    const common = { startedAt: '', durationMs: 0, attempts: 1 }
    try {
      return { ok: true, value: await one.run(context), ...common }
    } catch (error) {
      if (error instanceof ProbeError) return { ok: false, failure: error.failure, ...common }
      throw error
    }
  }
  return await observed(probe)
}
const ask = async (
  behaviour: Behaviour,
  question: Partial<Parameters<typeof dnsQuery>[0]> = {},
): Promise<{ seen: Observed<DnsObservation>; asked: string[] }> => {
  const { address, asked } = await server(behaviour)
  return { seen: await look(targetOf(address), dnsQuery({ name: 'example.com', type: 'A', ...question })), asked }
}
const value = <T>(seen: Observed<T>): T => {
  if (!seen.ok) throw new Error(`${seen.failure.code}: ${seen.failure.message}`)
  return seen.value
}
const code = (seen: Observed<unknown>): string => (seen.ok ? 'ok' : seen.failure.code)

describe.concurrent('answers', () => {
  test('records, flags, transport and the question as it came back', async () => {
    const { seen, asked } = await ask({
      udp: (query) => [
        reply(query, { answers: [a('Example.COM', '192.0.2.1', 60)], flags: packet.AUTHORITATIVE_ANSWER | packet.AUTHENTIC_DATA | packet.RECURSION_AVAILABLE }),
      ],
    })
    expect(value(seen)).toMatchObject({
      rcode: 'NOERROR',
      noData: false,
      answers: [{ name: 'example.com', type: 'A', ttl: 60, value: '192.0.2.1' }],
      authoritative: true,
      authenticated: true,
      recursionAvailable: true,
      transport: 'udp',
      truncated: false,
      echoedName: 'example.com',
    })
    expect(asked).toEqual(['udp example.com A'])
  })

  test.each<[string, number]>([
    ['SERVFAIL', 2],
    ['NXDOMAIN', 3],
    ['NOTIMP', 4],
    ['REFUSED', 5],
    ['FORMERR', 1],
    ['OTHER', 9],
  ])('%s is an observation, not a failure', async (rcode, number) => {
    const { seen } = await ask({ udp: (query) => [reply(query, { rcode: number })] })
    expect(value(seen)).toMatchObject({ rcode, noData: false, answers: [] })
  })

  test('NODATA is NOERROR without the asked type, also behind a CNAME', async () => {
    expect(value((await ask({ udp: (query) => [reply(query)] })).seen)).toMatchObject({ rcode: 'NOERROR', noData: true })
    expect(value((await ask({ udp: (query) => [reply(query, { answers: [cname('example.com', 'x.example.net')] })] })).seen).noData).toBe(true)
  })

  test('an empty question section is taken from a refusal only', async () => {
    expect(value((await ask({ udp: (query) => [reply(query, { questions: [], rcode: 5 })] })).seen).rcode).toBe('REFUSED')
    expect(code((await ask({ udp: (query) => [reply(query, { questions: [], answers: [a('example.com', '192.0.2.66')] })] })).seen)).toBe('TIMEOUT')
  })

  test('letters are sent and told as they are, and make another look', async () => {
    const { address, asked } = await server({ udp: (query) => [reply(query, { answers: [a('example.com', '192.0.2.1')] })] })
    const observer = new Observer(targetOf(address))
    const one = await observer.observe(dnsQuery({ name: 'eXaMpLe.com', type: 'A' }))
    await observer.observe(dnsQuery({ name: 'example.com', type: 'A' }))
    await observer.observe(dnsQuery({ name: 'example.com.', type: 'A' }))
    await observer.close()
    expect(value(one)).toMatchObject({ name: 'example.com', echoedName: 'eXaMpLe.com' })
    expect(asked).toEqual(['udp eXaMpLe.com A', 'udp example.com A'])
  })

  test('the bits of the question are set as asked', async () => {
    const flags: number[] = []
    const opt: number[] = []
    const keep = (query: Query): readonly Buffer[] => {
      flags.push(query.flags ?? 0)
      opt.push((query.additionals?.[0] as { flags?: number } | undefined)?.flags ?? 0)
      return [reply(query)]
    }
    await ask({ udp: keep })
    await ask({ udp: keep }, { recursionDesired: false, checkingDisabled: true, dnssecOk: true })
    expect(flags.map((one) => [(one & packet.RECURSION_DESIRED) !== 0, (one & packet.CHECKING_DISABLED) !== 0])).toEqual([
      [true, false],
      [false, true],
    ])
    expect(opt.map((one) => (one & packet.DNSSEC_OK) !== 0)).toEqual([false, true])
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['MX', { data: { preference: 10, exchange: 'MX.Example.com' } }, '10 mx.example.com'],
    ['MX', { data: { preference: 0, exchange: '.' } }, '0 .'],
    ['TXT', { data: ['v=spf1 ', '-all'] }, 'v=spf1 -all'],
    ['CAA', { data: { flags: 0, tag: 'issue', value: 'ca.example; a=b', issuerCritical: false } }, '0 issue "ca.example; a=b"'],
    ['TLSA', { data: { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.alloc(2, 171) } }, '3 1 1 abab'],
    ['DS', { data: { keyTag: 7, algorithm: 13, digestType: 2, digest: Buffer.alloc(2, 1) } }, '7 13 2 0101'],
    ['NS', { data: 'NS1.example.com' }, 'ns1.example.com'],
    ['AAAA', { data: '2001:DB8::1' }, '2001:db8::1'],
    ['SRV', { data: { priority: 1, weight: 2, port: 443, target: 'A.example.com' } }, '1 2 443 a.example.com'],
    [
      'SOA',
      { data: { mname: 'a.example', rname: 'b.example', serial: 4_294_967_295, refresh: 1, retry: 2, expire: 3, minimum: 4 } },
      'a.example b.example 4294967295 1 2 3 4',
    ],
  ])('%s in presentation form', async (type, record, expected) => {
    const { seen } = await ask({ udp: (query) => [reply(query, { answers: [{ name: 'example.com', type, ttl: 5, ...record }] })] }, { type })
    expect(value(seen).answers.map((one) => one.value)).toEqual([expected])
  })

  test('HTTPS records are read, also where the library does not know the type', async () => {
    const data = Buffer.concat([Buffer.from([0, 1, 0, 0, 1, 0, 3, 2, 104, 50])])
    const { seen, asked } = await ask(
      { udp: (query) => [reply(query, { answers: [{ name: 'example.com', type: 'UNKNOWN_65', ttl: 5, data }] })] },
      { type: 'https' },
    )
    expect(value(seen).answers).toEqual([{ name: 'example.com', type: 'HTTPS', ttl: 5, value: '1 . alpn=h2' }])
    expect(asked).toEqual(['udp example.com UNKNOWN_65'])
  })
})

describe.concurrent('what is no answer', () => {
  test.each<[string, (query: Query, bytes: Buffer) => readonly Buffer[]]>([
    ['another id', (query) => [reply(query, { id: ((query.id ?? 0) + 1) % 65_536, answers: [a('example.com', '192.0.2.66')] })]],
    [
      'another question',
      (query) => [reply(query, { questions: [{ name: 'evil.example', type: 'A', class: 'IN' }], answers: [a('example.com', '192.0.2.66')] })],
    ],
    ['another type', (query) => [reply(query, { questions: [{ name: 'example.com', type: 'AAAA', class: 'IN' }], answers: [a('example.com', '192.0.2.66')] })]],
    ['the question sent back', (_query, bytes) => [bytes]],
    ['garbage with the right id', (_query, bytes) => [Buffer.concat([bytes.subarray(0, 2), Buffer.from('not a message at all, not at all')])]],
    ['an empty datagram and a short one', (_query, bytes) => [Buffer.alloc(0), bytes.subarray(0, 5)]],
    // A pointer to itself: the name never ends.
    [
      'a loop of compression',
      (query, bytes) => [
        Buffer.concat([
          reply(query).subarray(0, 6),
          Buffer.from([0, 1, 0, 0, 0, 0]),
          bytes.subarray(12, 29),
          Buffer.from([0xc0, 29, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 1, 2, 3, 4]),
        ]),
      ],
    ],
    // An answer count of 65535 with one record there.
    ['a count beyond the message', (query) => [Buffer.concat([reply(query).subarray(0, 6), Buffer.from([0xff, 0xff]), reply(query).subarray(8)])]],
  ])('%s is passed over', async (_name, bad) => {
    const right = (query: Query): Buffer => reply(query, { answers: [a('example.com', '192.0.2.1')] })
    // First the bad datagram, then the right one: a probe that took the first would tell another address.
    const { seen } = await ask({ udp: (query, bytes) => [...bad(query, bytes), right(query)] })
    expect(value(seen).answers).toMatchObject([{ value: '192.0.2.1' }])
    expect(code((await ask({ udp: (query, bytes) => [...bad(query, bytes)] })).seen)).toBe('TIMEOUT')
  })

  test('an answer from another port is not heard', async () => {
    const stranger = createSocket('udp4')
    closers.push(() => stranger.close())
    const { address } = await server({})
    const port = Number(address.split(':')[1])
    const seen = look(targetOf(address), dnsQuery({ name: 'example.com', type: 'A' }))
    stranger.send(reply({ id: 1, questions: [{ name: 'example.com', type: 'A' }] } as Query), port + 1 > 65_535 ? port - 1 : port + 1, '127.0.0.1', () => {})
    expect(code(await seen)).toBe('TIMEOUT')
  })

  test('silence is asked once more, then TIMEOUT', async () => {
    const { seen, asked } = await ask({ udp: () => undefined })
    expect(code(seen)).toBe('TIMEOUT')
    expect(asked).toEqual(['udp example.com A', 'udp example.com A'])
  })

  test('a lost datagram is no failure', async () => {
    let lost = 0
    const { seen } = await ask({ udp: (query) => (lost++ === 0 ? undefined : [reply(query, { answers: [a('example.com', '192.0.2.1')] })]) })
    expect(value(seen).rcode).toBe('NOERROR')
  })

  test('nobody listens: ECONNREFUSED, over both transports', async () => {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    const { port } = socket.address()
    socket.close()
    for (const transport of ['udp', 'tcp'] as const)
      expect(code(await look(targetOf(`127.0.0.1:${port}`), dnsQuery({ name: 'example.com', type: 'A', transport })))).toBe('ECONNREFUSED')
  })

  test('no way to the server, as on a machine without network: the code of the system, and nothing is thrown elsewhere', async () => {
    // The kernel lets no ordinary socket connect to the broadcast address: it refuses at once and sends nothing.
    expect(code(await look(targetOf('255.255.255.255:53'), dnsQuery({ name: 'example.com', type: 'A' })))).toBe('EACCES')
  })
  test('a server that is no address is refused before anything is sent', async () => {
    expect(code(await look(targetOf('127.0.0.1:5353'), dnsQuery({ name: 'example.com', type: 'A', server: 'localhost:53' })))).toBe('BADSERVER')
    expect(serverOf('[::1]:5353')).toEqual({ address: '::1', port: 5353 })
    expect(serverOf('::1')).toEqual({ address: '::1', port: 53 })
    expect(serverOf('192.0.2.1')).toEqual({ address: '192.0.2.1', port: 53 })
    for (const bad of ['', '192.0.2.1:0', '192.0.2.1:65536', 'a:53', '[::1', '192.0.2.1:']) expect(() => serverOf(bad)).toThrow(/address/)
  })
})

describe.concurrent('TCP', () => {
  const large = Array.from({ length: 200 }, (_, index) => a('example.com', `192.0.2.${index}`))
  test('a truncated answer is fetched whole', async () => {
    const { seen, asked } = await ask({
      udp: (query) => [reply(query, { flags: packet.TRUNCATED_RESPONSE })],
      tcp: (query, _bytes, socket) => socket.write(framed(reply(query, { answers: large }))),
    })
    expect(value(seen)).toMatchObject({ transport: 'tcp', truncated: true })
    expect(value(seen).answers).toHaveLength(200)
    expect(asked).toEqual(['udp example.com A', 'tcp example.com A'])
  })

  test('in drips and in one piece with the next one', async () => {
    const { seen } = await ask(
      {
        tcp: (query, _bytes, socket) => {
          const bytes = framed(reply(query, { answers: large.slice(0, 3) }))
          socket.write(bytes.subarray(0, 1))
          setTimeout(() => socket.write(bytes.subarray(1, 20)), 20)
          setTimeout(() => socket.write(Buffer.concat([bytes.subarray(20), framed(Buffer.from('more'))])), 40)
        },
      },
      { transport: 'tcp' },
    )
    expect(value(seen).answers).toHaveLength(3)
  })

  test('records are capped', async () => {
    const many = Array.from({ length: 2_000 }, (_, index) => a('example.com', `10.0.${index >> 8}.${index & 255}`))
    const { seen } = await ask({ tcp: (query, _bytes, socket) => socket.write(framed(reply(query, { answers: many }))) }, { transport: 'tcp' })
    expect(value(seen).answers).toHaveLength(512)
  })

  test.each<[string, string, (query: Query, bytes: Buffer, socket: Socket) => void]>([
    ['closes at once', 'EOF', (_query, _bytes, socket) => socket.end()],
    ['closes in the middle', 'EOF', (query, _bytes, socket) => socket.end(framed(reply(query)).subarray(0, 10))],
    ['resets', 'ECONNRESET', (_query, _bytes, socket) => void socket.resetAndDestroy()],
    ['answers another question', 'EBADRESP', (query, _bytes, socket) => void socket.write(framed(reply(query, { id: ((query.id ?? 0) + 1) % 65_536 })))],
    [
      'speaks HTTP',
      'EBADRESP',
      (_query, _bytes, socket) => void socket.write(Buffer.concat([Buffer.from([0, 60]), Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'.padEnd(60))])),
    ],
    ['stays silent', 'TIMEOUT', () => {}],
  ])('%s: %s', async (_name, expected, tcp) => {
    expect(code((await ask({ tcp }, { transport: 'tcp' })).seen)).toBe(expected)
  })
})

describe.concurrent('a host', () => {
  test('pins come first and ask nobody; families are sorted', async () => {
    const { address, asked } = await server({})
    const seen = value(await look(targetOf(address, { addresses: { 'example.com': ['::1', '127.0.0.1'] } }), resolveHost('example.com')))
    expect(seen).toMatchObject({ source: 'pin', addresses: [{ family: 4 }, { family: 6 }] })
    expect(asked).toEqual([])
  })

  const answering = async (byType: Record<string, (query: Query) => Buffer | undefined>): Promise<Observed<ResolvedHost>> => {
    const { address } = await server({
      udp: (query) => {
        const one = byType[query.questions?.[0]?.type ?? '']?.(query)
        return one === undefined ? undefined : [one]
      },
    })
    return await look(targetOf(address), resolveHost('www.example.com'))
  }
  test('both families and the chain', async () => {
    const chain = cname('www.example.com', 'Edge.example.net')
    const seen = value(
      await answering({
        A: (query) => reply(query, { answers: [chain, a('edge.example.net', '192.0.2.1'), a('edge.example.net', '192.0.2.2')] }),
        AAAA: (query) => reply(query, { answers: [chain, { name: 'edge.example.net', type: 'AAAA', ttl: 1, data: '2001:db8::1' }] }),
      }),
    )
    expect(seen).toMatchObject({ source: 'dns', cnames: ['edge.example.net'] })
    expect(seen.addresses.map(({ address }) => address)).toEqual(['192.0.2.1', '192.0.2.2', '2001:db8::1'])
  })
  test.each<[string, string, Record<string, (query: Query) => Buffer | undefined>]>([
    ['neither exists', 'NXDOMAIN', { A: (query) => reply(query, { rcode: 3 }), AAAA: (query) => reply(query, { rcode: 3 }) }],
    ['neither has data', 'NODATA', { A: (query) => reply(query), AAAA: (query) => reply(query) }],
    ['broken', 'SERVFAIL', { A: (query) => reply(query, { rcode: 2 }), AAAA: (query) => reply(query, { rcode: 2 }) }],
    ['broken and empty', 'SERVFAIL', { A: (query) => reply(query), AAAA: (query) => reply(query, { rcode: 2 }) }],
    ['refused', 'REFUSED', { A: (query) => reply(query, { rcode: 5 }), AAAA: (query) => reply(query, { rcode: 5 }) }],
    ['silent', 'TIMEOUT', {}],
  ])('%s: %s', async (_name, expected, byType) => {
    expect(code(await answering(byType))).toBe(expected)
  })
  test('one family is enough, though the other fails', async () => {
    const seen = value(
      await answering({ A: (query) => reply(query, { answers: [a('www.example.com', '192.0.2.1')] }), AAAA: (query) => reply(query, { rcode: 2 }) }),
    )
    expect(seen.addresses).toEqual([{ address: '192.0.2.1', family: 4 }])
  })
})

/** A little internet: records by `<name> <TYPE>`; anything else is NXDOMAIN with the SOA of example.com. */
const zone = (records: Record<string, Records>, more: Behaviour = {}): Promise<Server> =>
  server({
    udp: (query) => {
      const { name = '', type = '' } = query.questions?.[0] ?? {}
      const found = records[`${name} ${type}`]
      const exists = found !== undefined || Object.keys(records).some((key) => key.startsWith(`${name} `))
      return [reply(query, { rcode: exists ? 0 : 3, answers: found ?? [] })]
    },
    ...more,
  })
const soa = (name: string) => ({
  name,
  type: 'SOA',
  ttl: 5,
  data: { mname: 'a.example', rname: 'b.example', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 1 },
})
const ns = (name: string, ...data: string[]): Records => data.map((one) => ({ name, type: 'NS', ttl: 5, data: one }))

describe('zones', () => {
  test('the zone of a name is found upwards, its servers by the map', async () => {
    const { address } = await zone({ 'example.com SOA': [soa('example.com')], 'example.com NS': ns('example.com', 'NS1.example.net', 'ns2.example.net') })
    const target = targetOf(address, { nameservers: { 'ns1.example.net': '127.0.0.1:5301' } })
    expect(value(await look(target, zoneOf('a.b.example.com')))).toEqual({
      apex: 'example.com',
      servers: [
        { name: 'ns1.example.net', server: '127.0.0.1:5301' },
        { name: 'ns2.example.net', failure: { code: 'UNMAPPED', message: 'ns2.example.net is not in network.nameservers', phase: 'resolve' } },
      ],
    })
  })
  test('without a map the servers are found by their addresses', async () => {
    const { address } = await zone({
      'example.com SOA': [soa('example.com')],
      'example.com NS': ns('example.com', 'ns1.example.net', 'ns2.example.net', 'ns3.example.net'),
      'ns1.example.net A': [a('ns1.example.net', '192.0.2.53')],
      'ns2.example.net AAAA': [{ name: 'ns2.example.net', type: 'AAAA', ttl: 1, data: '2001:db8::53' }],
    })
    const { servers } = value(await look(targetOf(address), zoneOf('example.com')))
    expect(servers.map(({ server: at, failure }) => at ?? failure?.code)).toEqual(['192.0.2.53', '[2001:db8::53]:53', 'NXDOMAIN'])
  })
  test('a zone above the registrable domain is never taken for ours', async () => {
    const { address, asked } = await zone({ 'com SOA': [soa('com')], 'com NS': ns('com', 'a.registry.example') })
    expect(code(await look(targetOf(address), zoneOf('www.example.com')))).toBe('NOZONE')
    expect(asked.some((line) => / com /.test(line))).toBe(false)
  })
  test('a resolver that fails is told as such', async () => {
    const { address } = await server({ udp: (query) => [reply(query, { rcode: 2 })] })
    expect(code(await look(targetOf(address), zoneOf('example.com')))).toBe('SERVFAIL')
  })

  test('every server of the zone is asked without recursion, failures stay beside answers', async () => {
    const good = await zone({ 'www.example.com A': [a('www.example.com', '192.0.2.1')] })
    const { address } = await zone({ 'example.com SOA': [soa('example.com')], 'example.com NS': ns('example.com', 'ns1.example.net', 'ns2.example.net') })
    const target = targetOf(address, { nameservers: { 'ns1.example.net': good.address, 'ns2.example.net': '127.0.0.1:1' } })
    const all = value(await look(target, authoritativeAnswers('example.com', { name: 'www.example.com', type: 'A' })))
    expect(all.map(({ name, seen }) => `${name} ${code(seen)}`)).toEqual(['ns1.example.net ok', 'ns2.example.net ECONNREFUSED'])
  })

  test('the delegation is read from a referral', async () => {
    const parent = await server({ udp: (query) => [reply(query, { authorities: ns('example.com', 'ns1.example.net', 'old.example.net') })] })
    const { address } = await zone({
      'example.com SOA': [soa('example.com')],
      'example.com NS': ns('example.com', 'ns1.example.net'),
      'com NS': ns('com', 'silent.registry.example', 'a.registry.example'),
    })
    const target = targetOf(address, {
      nameservers: { 'ns1.example.net': '127.0.0.1:1', 'silent.registry.example': '127.0.0.1:1', 'a.registry.example': parent.address },
    })
    expect(value(await look(target, delegationOf('example.com')))).toMatchObject({
      apex: 'example.com',
      parent: 'com',
      names: ['ns1.example.net', 'old.example.net'],
    })
    const without = targetOf(address, { nameservers: { 'ns1.example.net': '127.0.0.1:1' } })
    expect(code(await look(without, delegationOf('example.com')))).toBe('NOPARENT')
  })

  test('all resolvers, the first one first, each once', async () => {
    const one = await zone({ 'example.com A': [a('example.com', '192.0.2.1')] })
    const two = await zone({ 'example.com A': [a('example.com', '192.0.2.2')] })
    const all = value(await look(targetOf(one.address, { resolvers: [two.address, one.address] }), resolverAnswers({ name: 'example.com', type: 'A' })))
    expect(all.map(({ seen }) => value(seen).answers[0]?.value)).toEqual(['192.0.2.1', '192.0.2.2'])
    expect(one.asked).toHaveLength(1)
  })

  test('a null MX names nobody; the others are followed', async () => {
    const mx = (preference: number, exchange: string) => ({ name: 'example.com', type: 'MX', ttl: 1, data: { preference, exchange } })
    const { address } = await zone({ 'example.com MX': [mx(0, '.'), mx(10, 'mx.example.net')], 'mx.example.net A': [a('mx.example.net', '192.0.2.25')] })
    const seen = value(await look(targetOf(address), recordTargets('example.com', 'MX')))
    expect(seen.targets.map(({ name }) => name)).toEqual(['mx.example.net'])
  })

  test('CAA is looked for upwards until a set is found', async () => {
    const { address, asked } = await zone({
      'a.b.example.com A': [],
      'example.com CAA': [{ name: 'example.com', type: 'CAA', ttl: 1, data: { flags: 0, tag: 'issue', value: 'ca.example', issuerCritical: false } }],
    })
    const steps = value(await look(targetOf(address), caaClimb('a.b.example.com')))
    expect(steps.map(({ name }) => name)).toEqual(['a.b.example.com', 'b.example.com', 'example.com'])
    expect(asked).toHaveLength(3)
  })
})

describe('chains', () => {
  const follow = async (records: Record<string, Records>) => {
    const { address, asked } = await zone(records)
    return { chain: value(await look(targetOf(address), cnameChain('a.example.com'))), asked }
  }
  const link = (from: string, ...to: string[]): Record<string, Records> => ({ [`${from} CNAME`]: to.map((one) => cname(from, one)) })
  test('to its end', async () => {
    const { chain } = await follow({
      ...link('a.example.com', 'b.example.com'),
      ...link('b.example.com', 'c.example.net'),
      'c.example.net A': [a('c.example.net', '192.0.2.1')],
    })
    expect(chain).toMatchObject({ hops: ['b.example.com', 'c.example.net'], end: 'end' })
    expect(chain.last?.ok).toBe(true)
  })
  test('no chain at all', async () => {
    expect((await follow({ 'a.example.com A': [a('a.example.com', '192.0.2.1')] })).chain).toMatchObject({ hops: [], end: 'end' })
  })
  test('round in a circle, also of one', async () => {
    const { chain, asked } = await follow({ ...link('a.example.com', 'b.example.com'), ...link('b.example.com', 'a.example.com') })
    expect(chain).toMatchObject({ hops: ['b.example.com'], end: 'loop' })
    expect(asked).toHaveLength(2)
    expect((await follow(link('a.example.com', 'a.example.com'))).chain).toMatchObject({ hops: [], end: 'loop' })
  })
  test('without end: sixteen steps and no more', async () => {
    const names = Array.from({ length: 40 }, (_, index) => (index === 0 ? 'a.example.com' : `n${index}.example.com`))
    const { chain, asked } = await follow(
      Object.assign({}, ...names.slice(0, -1).map((name, index) => link(name, names[index + 1] ?? ''))) as Record<string, Records>,
    )
    expect(chain).toMatchObject({ end: 'too-long' })
    expect(asked).toHaveLength(16)
  })
  test('two CNAMEs at one name', async () => {
    expect((await follow(link('a.example.com', 'b.example.com', 'c.example.com'))).chain.several).toBe('a.example.com: b.example.com, c.example.com')
  })
  test('a step that is not answered', async () => {
    const { address } = await server({ udp: (query) => [reply(query, { rcode: 2 })] })
    expect(value(await look(targetOf(address), cnameChain('a.example.com')))).toMatchObject({ end: 'failed', reason: 'a.example.com CNAME: SERVFAIL' })
  })
})

describe('the pace', () => {
  test('so many at once, in order, and a place is given back once', async () => {
    const pace = new Turnstile(2)
    const order: number[] = []
    const first = await pace.turn()
    await pace.turn()
    const third = pace.turn().then(() => order.push(3))
    const fourth = pace.turn().then(() => order.push(4))
    await Promise.resolve()
    expect(order).toEqual([])
    first()
    first()
    await third
    expect(order).toEqual([3])
    await fourth
    expect(order).toEqual([3, 4])
  })
  test('one that is never answered holds the others up for a moment only', async () => {
    const pace = new Turnstile(1)
    await pace.turn()
    const start = performance.now()
    await pace.turn()
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})
