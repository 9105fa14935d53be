import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { issueCertificate } from '../../fixtures/certificates.ts'
import { type Script, type ScriptedHello, type ScriptedTls, startScriptedTls, type Step } from '../../fixtures/servers/scripted-tls.ts'
import { alert, derOf, type KeyExchange, record, serverFlight, serverHello } from '../../fixtures/servers/server-flight.ts'
import { CIPHER_SUITES, suiteById, suiteClass, suiteNamed } from '../grammar/tls-names.ts'
import { Observer } from '../observer.ts'
import type { Observed, Probe } from '../probe.ts'
import { normaliseTarget, type Target } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { look, valueOf } from '../testing/look.ts'
import { otherKeyLook, type OtherKeyLook } from './other-key.ts'
import { everyGroup } from './tls-behaviour.ts'
import { acceptedSuites, groupsAsked, oldVersion, oldVersionLook, refuses, ssl2, ssl3Look, tls12Look, WEAK_SUITES, weakSuites } from './tls-plan.ts'

const servers: ScriptedTls[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})
async function serving(script: Script): Promise<ScriptedTls> {
  const server = await startScriptedTls(script)
  servers.push(server)
  return server
}
const targetOf = (port: number, depth: 'default' | 'full' = 'default'): Target =>
  normaliseTarget(
    targetSchema.parse({
      domain: 'example.com',
      hosts: { '@': {} },
      network: { addresses: { 'example.com': '127.0.0.1' }, ports: { https: port } },
      limits: { probeSeconds: 1 },
      ...(depth === 'full' ? { depth } : {}),
    }),
    { sha256: '0'.repeat(64) },
  )
const ASKED = { host: 'example.com' }
async function see<T>(server: ScriptedTls, probe: Probe<T>, depth?: 'full'): Promise<Observed<T>> {
  const [seen] = await look(targetOf(server.port, depth), probe)
  await server.idle()
  return seen as Observed<T>
}
const id = (name: string): number => {
  const suite = suiteNamed(name)
  if (suite === undefined) throw new Error(name)
  return suite.id
}
const MODERN = id('ECDHE-ECDSA-AES128-GCM-SHA256')
const flight = (version: number, cipher: number): Buffer => serverFlight({ version, cipher, keyExchange: { kind: 'ecdhe', signature: 0x0403 } })
/** A server of this century: TLS 1.2 with these suites, the client's first of them; alerts for all else. `deaf`: it knows no lists of versions. */
const offering =
  (suites: readonly number[], versions: readonly number[] = [0x0303], deaf = false): Script =>
  (hello) => {
    const isOffered = (one: number): boolean => (deaf || hello.supportedVersions.length === 0 ? one <= hello.version : hello.supportedVersions.includes(one))
    const version = versions.filter(isOffered).toSorted((one, other) => other - one)[0]
    if (version === undefined) return [alert(70)]
    const cipher = hello.ciphers.find((one) => suites.includes(one))
    return [cipher === undefined ? alert(40) : flight(version, cipher)]
  }
const isLarge = ({ bytes }: ScriptedHello): boolean => bytes.length >= 1_600
const isGrease = (value: number): boolean => (value & 0x0f0f) === 0x0a0a

describe('TLS 1.2', () => {
  test('a large hello that is answered is all there is', async () => {
    const server = await serving(offering([MODERN]))
    const seen = valueOf(await see(server, tls12Look(ASKED)))
    expect(seen.best.flight.hello?.cipher).toBe(MODERN)
    expect(seen).not.toHaveProperty('small')
    expect(seen).toMatchObject({ readsLongLists: true, takesVersionLists: true })
    expect(server.hellos.map(({ bytes, version, ciphers, sni }) => [bytes.length, version, isGrease(ciphers[0] ?? 0), sni])).toEqual([
      [1_600, 0x0303, true, 'example.com'],
    ])
  })
  test('the list of the large one is longer than any other of ours, and nobody knows what stands before the real suites', async () => {
    const server = await serving(offering([MODERN]))
    await see(server, weakSuites(ASKED))
    const [large, ...others] = server.hellos
    const first = large?.ciphers.findIndex((one) => suiteById(one) !== undefined) ?? 0
    expect(first).toBeGreaterThan(Math.max(...others.map(({ ciphers }) => ciphers.length)))
    expect(new Set(large?.ciphers).size).toBe(large?.ciphers.length)
    expect(large?.supportedVersions.filter((one) => !isGrease(one))).toEqual([0x0303])
  })
  test.each<[string, Script]>([
    ['reads the first 64 suites only', (hello) => offering([MODERN])({ ...hello, ciphers: hello.ciphers.slice(0, 64) })],
    ['chooses what nobody knows', (hello) => [flight(0x0303, isLarge(hello) ? (hello.ciphers[1] ?? 0) : MODERN)]],
    ['takes its choice back', (hello) => [record(22, 0x0303, serverHello({ version: 0x0303, cipher: MODERN })), ...(isLarge(hello) ? [alert(40)] : [])]],
  ])('one that %s has not read a long list', async (_, script) => {
    const server = await serving(script)
    expect(valueOf(await see(server, tls12Look(ASKED)))).toMatchObject({ readsLongLists: false })
  })
  test.each<[string, Script, number]>([
    ['refuses lists without TLS 1.3', (hello) => (hello.supportedVersions.length > 0 ? [alert(70)] : offering([MODERN])(hello)), MODERN],
    ['speaks an older version and knows no lists', offering([id('AES128-SHA')], [0x0302], true), id('AES128-SHA')],
  ])('one that %s is asked without a list', async (_, script, cipher) => {
    const server = await serving(script)
    const seen = valueOf(await see(server, tls12Look(ASKED)))
    expect([seen.takesVersionLists, seen.best.flight.hello?.cipher, seen.best.unoffered, server.hellos.at(-1)?.supportedVersions]).toEqual([
      false,
      cipher,
      undefined,
      [],
    ])
  })
  test('TLS 1.2 itself refused, in a list and without one: all there is', async () => {
    const server = await serving(() => [alert(70)])
    const seen = valueOf(await see(server, tls12Look(ASKED)))
    expect(seen.best).toMatchObject({ answer: 'alert', flight: { alert: { description: 70 } } })
    expect(server.counts.connections).toBe(2)
  })
  test.each<[string, readonly Step[], number]>([
    ['refused', [alert(40)], 2],
    ['not answered', [], 3],
    ['ended', ['fin'], 3],
    ['reset', ['reset'], 3],
    ['answered with a remark', [alert(112, { level: 1 }), 'fin'], 3],
    ['answered with rubbish', [Buffer.from('rubbish')], 2],
  ])('a large hello that is %s: the small one decides', async (_, steps, connections) => {
    const server = await serving((hello) => (isLarge(hello) ? steps : offering([MODERN])(hello)))
    const { large, small, best } = valueOf(await see(server, tls12Look(ASKED)))
    expect(large.ok && large.value.answer === 'server-hello').toBe(false)
    expect([small?.ok, best.flight.hello?.cipher, best.helloBytes < 1_000, server.counts.connections]).toEqual([true, MODERN, true, connections])
    expect(server.hellos.at(-1)?.ciphers.some(isGrease)).toBe(false)
  })
  test('both refused: what was said first stands', async () => {
    const server = await serving((hello) => [alert(isLarge(hello) ? 40 : 80)])
    const { best, small } = valueOf(await see(server, tls12Look(ASKED)))
    expect([best.flight.alert?.description, small?.ok]).toEqual([40, true])
  })
  test('neither answered is no answer, in four connections at most', async () => {
    for (const [steps, code] of [
      [[], 'TIMEOUT'],
      [['fin'], 'EOF'],
      [['reset'], 'ECONNRESET'],
    ] as const) {
      const server = await serving(() => steps)
      expect(await see(server, tls12Look(ASKED))).toMatchObject({ ok: false, failure: { code } })
      expect(server.counts.connections).toBe(4)
    }
  })
  test('an address where nobody listens is asked once', async () => {
    const server = await serving(() => [])
    await server.stop()
    expect(await see(server, tls12Look(ASKED))).toMatchObject({ ok: false, failure: { code: 'ECONNREFUSED', phase: 'connect' } })
  })
})

describe('old versions', () => {
  const CBC = id('ECDHE-ECDSA-AES128-SHA')
  test('each asks for its own version at most', async () => {
    const server = await serving(offering([CBC], [0x0300, 0x0301, 0x0302, 0x0303]))
    for (const version of [0x0302, 0x0301] as const) expect(valueOf(await see(server, oldVersion(ASKED, version))).flight.hello?.version).toBe(version)
    expect(server.hellos.map(({ version, supportedVersions, sni }) => [version, supportedVersions, sni])).toEqual([
      [0x0302, [], 'example.com'],
      [0x0301, [], 'example.com'],
    ])
  })
  test('SSL 3.0 is known from a TLS 1.0 hello that was answered protocol_version, or with it', async () => {
    for (const answer of [alert(70), alert(70, { version: 0x0300 }), flight(0x0300, id('RC4-SHA'))]) {
      const server = await serving(() => [answer])
      const seen = valueOf(await see(server, ssl3Look(ASKED)))
      expect(seen.flight.hello?.version ?? seen.flight.alert?.description).toBe(answer[0] === 21 ? 70 : 0x0300)
      expect(server.hellos.slice(2).map(({ version, supportedVersions }) => [version, supportedVersions])).toEqual([[0x0301, []]])
    }
  })
  test.each<[string, readonly Step[], number]>([
    ['accepted', [flight(0x0301, id('AES128-SHA'))], 4],
    ['refused for another reason', [alert(40)], 4],
    ['not answered', [], 5],
    ['ended', ['fin'], 5],
    ['answered with a warning of the same number', [alert(0, { level: 1 })], 5],
  ])('SSL 3.0 is asked for by itself where TLS 1.0 was %s', async (_, steps, connections) => {
    const server = await serving(({ version }) => (version === 0x0300 ? [alert(40)] : version === 0x0303 ? [alert(70)] : steps))
    const seen = valueOf(await see(server, ssl3Look(ASKED)))
    expect([seen.flight.alert?.description, server.hellos.at(-1)?.version, server.counts.connections]).toEqual([40, 0x0300, connections])
    const last = server.hellos.at(-1)
    expect([last?.sni, last?.groups, last?.ciphers.some((one) => suiteById(one)?.keyExchange === 'ECDHE')]).toEqual([undefined, [], false])
  })
  test('in full depth nothing is derived', async () => {
    const server = await serving(() => [alert(70)])
    await see(server, ssl3Look(ASKED), 'full')
    expect(server.hellos.map(({ version }) => version)).toEqual([0x0300])
  })
  test('SSL 3.0 that is not answered is not known', async () => {
    const server = await serving(({ version }) => (version === 0x0300 ? ['fin'] : [alert(40)]))
    expect(await see(server, ssl3Look(ASKED))).toMatchObject({ ok: false, failure: { code: 'EOF' } })
  })
  /** What is said of TLS 1.1, TLS 1.0 and SSL 3.0, and in how many connections beside that of TLS 1.2. */
  async function old(script: Script, depth?: 'full'): Promise<{ readonly said: readonly (number | string | undefined)[]; readonly connections: number }> {
    const server = await serving(script)
    const seen = await look(targetOf(server.port, depth), oldVersionLook(ASKED, 0x0302), oldVersionLook(ASKED, 0x0301), ssl3Look(ASKED))
    await server.idle()
    const said = seen.map((one) => (one.ok ? (one.value.flight.hello?.version ?? one.value.flight.alert?.description) : one.failure.code))
    return { said, connections: server.hellos.filter((hello) => !isLarge(hello)).length }
  }
  const ALL = [MODERN, CBC, id('AES128-SHA')]
  test('a list of all three that is refused for its versions says so of each', async () => {
    expect(await old(offering(ALL))).toEqual({ said: [70, 70, 70], connections: 1 })
  })
  test.each<[string, readonly number[], readonly number[], number]>([
    ['TLS 1.1', [0x0302], [0x0302, 70, 70], 2],
    ['TLS 1.0', [0x0301], [0x0301, 0x0301, 70], 3],
    ['both', [0x0302, 0x0301], [0x0302, 0x0301, 70], 3],
    ['SSL 3.0', [0x0300], [0x0300, 0x0300, 0x0300], 3],
    ['all', [0x0302, 0x0301, 0x0300], [0x0302, 0x0301, 0x0300], 3],
  ])('what is chosen from the list is spoken, and the others are asked for by themselves: %s', async (_, versions, said, connections) => {
    expect(await old(offering(ALL, [0x0303, ...versions]))).toEqual({ said, connections })
  })
  test('a server that refuses TLS 1.1 at most, and takes TLS 1.0 from a list, as GnuTLS does', async () => {
    const { said } = await old((hello) => (hello.version === 0x0302 ? [alert(70)] : offering(ALL, [0x0303, 0x0301])(hello)))
    expect(said.slice(0, 2)).toEqual([70, 0x0301])
  })
  test('one that knows no lists is asked for each by itself', async () => {
    for (const suites of [ALL, [MODERN]]) {
      const { said, connections } = await old(offering(suites, [0x0303, 0x0301], true))
      expect(said.slice(0, 2)).toEqual(suites === ALL ? [0x0301, 0x0301] : [40, 40])
      expect(connections).toBeGreaterThanOrEqual(3)
    }
  })
  test('one that refuses every list without TLS 1.3 has not been asked by one', async () => {
    const { said } = await old((hello) => (hello.supportedVersions.length > 0 ? [alert(70)] : offering(ALL, [0x0303, 0x0301])(hello)))
    expect(said.slice(0, 2)).toEqual([0x0301, 0x0301])
  })
  test.each<[string, readonly Step[]]>([
    ['silence', []],
    ['an end', ['fin']],
    ['a reset', ['reset']],
    ['another alert', [alert(40)]],
    ['a complaint of our bytes', [alert(50)]],
    ['a warning', [alert(70, { level: 1 })]],
    ['TLS 1.2', [flight(0x0303, MODERN)]],
    ['a suite that was not offered', [flight(0x0301, MODERN)]],
    ['a choice that is taken back', [record(22, 0x0303, serverHello({ version: 0x0301, cipher: id('AES128-SHA') })), alert(40)]],
  ])('%s to the list settles nothing', async (what, steps) => {
    const { said } = await old((hello) => (hello.supportedVersions.includes(0x0301) ? steps : offering(ALL, [0x0303, 0x0301])(hello)))
    expect([what, ...said.slice(0, 2)]).toEqual([what, 0x0301, 0x0301])
  })
  test('in full depth each is asked for by itself', async () => {
    expect(await old(offering(ALL), 'full')).toEqual({ said: [70, 70, 70], connections: 3 })
  })
  test('SSL 2.0', async () => {
    const server = await serving(() => [alert(70)])
    expect(valueOf(await see(server, ssl2(ASKED)))).toMatchObject({ answer: 'alert' })
    expect(server.hellos[0]?.version).toBe(2)
  })
})

/** The first question of the weak suites. */
const COMMON = acceptedSuites({ ...ASKED, suites: WEAK_SUITES, ask: 'weak suites' })

describe('which suites are accepted', () => {
  test('the list of weak ones: each once, none strong, no more than some servers read', () => {
    expect(new Set(WEAK_SUITES).size).toBe(WEAK_SUITES.length)
    expect(WEAK_SUITES.length).toBeLessThan(64)
    const classes = WEAK_SUITES.map((one) => suiteClass(suiteById(one) as never))
    expect(classes).not.toContain('strong')
    // Of every weak class that was ever spoken something is asked for.
    for (const one of ['null', 'export', 'anonymous', 'broken', '3des', 'static-rsa', 'dhe', 'cbc'] as const) expect(classes, one).toContain(one)
  })
  test('all refused: one connection beside that of TLS 1.2', async () => {
    const server = await serving(offering([MODERN]))
    const seen = valueOf(await see(server, COMMON))
    expect(seen).toMatchObject({ accepted: [], unasked: [], rest: WEAK_SUITES, offered: WEAK_SUITES, end: { ok: true, value: { answer: 'alert' } } })
    expect(server.counts.connections).toBe(2)
    expect(server.hellos[1]?.ciphers).toEqual([...WEAK_SUITES, 0x00ff])
  })
  test('N classes in N + 1 connections, in the order the server likes', async () => {
    const has = ['AES128-SHA', 'AES256-SHA', 'RC4-SHA', 'DES-CBC3-SHA', 'ADH-AES128-SHA'].map(id)
    const server = await serving((hello) => {
      const cipher = [MODERN, ...has].find((one) => hello.ciphers.includes(one))
      return [cipher === undefined ? alert(40) : flight(0x0303, cipher)]
    })
    const seen = valueOf(await see(server, COMMON))
    expect(seen.accepted.map(({ suite }) => suite)).toEqual([id('AES128-SHA'), id('RC4-SHA'), id('DES-CBC3-SHA'), id('ADH-AES128-SHA')])
    expect(server.counts.connections).toBe(1 + 4 + 1)
    expect(seen.unasked).toContain(id('AES256-SHA'))
    expect(seen.unasked).not.toContain(id('AES128-SHA'))
    expect(seen.rest.length + seen.unasked.length + seen.accepted.length).toBe(WEAK_SUITES.length)
    expect(seen.end).toMatchObject({ ok: true, value: { answer: 'alert' } })
  })
  test('by name: every suite, one connection more', async () => {
    const has = ['AES128-SHA', 'AES256-SHA', 'RC4-SHA'].map(id)
    const server = await serving(offering([MODERN, ...has]))
    const seen = valueOf(await see(server, acceptedSuites({ ...ASKED, suites: WEAK_SUITES, ask: 'each', by: 'suite' })))
    expect(seen.accepted.map(({ suite }) => suite).toSorted((one, other) => one - other)).toEqual(has.toSorted((one, other) => one - other))
    expect([seen.unasked, server.counts.connections]).toEqual([[], 1 + 3 + 1])
  })
  test('a server that accepts everything comes to an end', async () => {
    const server = await serving(({ ciphers }) => [flight(0x0303, ciphers.find((one) => !isGrease(one)) ?? 0)])
    const seen = valueOf(await see(server, COMMON))
    expect(new Set(seen.accepted.map(({ suite }) => suiteClass(suiteById(suite) as never))).size).toBe(seen.accepted.length)
    expect(seen.rest).toEqual([])
    expect(seen).not.toHaveProperty('end')
    expect(server.counts.connections).toBe(1 + seen.accepted.length)
    const other = await serving(({ ciphers }) => [flight(0x0303, ciphers.find((one) => !isGrease(one)) ?? 0)])
    const all = CIPHER_SUITES.filter(({ keyExchange }) => keyExchange !== 'any').map((suite) => suite.id)
    const each = valueOf(await see(other, acceptedSuites({ ...ASKED, suites: all, ask: 'each', by: 'suite' })))
    expect([each.accepted.length, each.rest, other.counts.connections]).toEqual([all.length, [], 1 + all.length])
  })
  const retry = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex')
  test.each<[string, (hello: ScriptedHello) => readonly Step[], number]>([
    ['a suite not offered, always the same', () => [flight(0x0303, MODERN)], 2],
    ['the signalling suite', () => [flight(0x0303, 0x00ff)], 2],
    [
      'what was offered, uncompressed it is not',
      ({ ciphers }) => [record(22, 0x0303, serverHello({ version: 0x0303, cipher: ciphers[0] as number, compression: 1 }))],
      2,
    ],
    ['a version not offered', ({ ciphers }) => [flight(0x0304, ciphers[0] as number)], 2],
    ['a retry', ({ ciphers }) => [record(22, 0x0303, serverHello({ version: 0x0304, cipher: ciphers[0] as number, random: retry, extensions: [] }))], 2],
    ['a choice and a fatal alert', ({ ciphers }) => [record(22, 0x0303, serverHello({ version: 0x0303, cipher: ciphers[0] as number })), alert(40)], 2],
    ['silence', () => [], 3],
    ['an end', () => ['fin'], 3],
    ['a reset', () => ['reset'], 3],
    ['a remark and an end', () => [alert(112, { level: 1 }), 'fin'], 3],
    ['a polite close', () => [alert(0, { level: 1 }), 'fin'], 3],
    ['rubbish', () => [Buffer.from('rubbish')], 2],
  ])('%s is neither consent nor refusal', async (_, script, connections) => {
    const server = await serving((hello) => (isLarge(hello) ? offering([MODERN])(hello) : script(hello)))
    const seen = valueOf(await see(server, COMMON))
    expect(seen).toMatchObject({ accepted: [], unasked: [], rest: WEAK_SUITES })
    expect(seen.end?.ok === true && refuses(seen.end.value)).toBe(false)
    expect(server.counts.connections).toBe(connections)
  })
  test('what was accepted before an end stays accepted, the rest unknown', async () => {
    const server = await serving((hello) => (isLarge(hello) ? offering([MODERN])(hello) : hello.index === 1 ? [flight(0x0303, id('AES128-SHA'))] : ['fin']))
    const seen = valueOf(await see(server, COMMON))
    expect(seen.accepted.map(({ suite }) => suite)).toEqual([id('AES128-SHA')])
    expect(seen.end).toMatchObject({ ok: false, failure: { code: 'EOF' } })
  })
  test('nothing is asked where TLS 1.2 itself is refused', async () => {
    const server = await serving(() => [alert(70)])
    expect(valueOf(await see(server, COMMON))).toMatchObject({ accepted: [], rest: WEAK_SUITES, end: { ok: true, value: { answer: 'alert' } } })
    expect(server.counts.connections).toBe(2)
  })
  test('an older version with the suite counts, and is named', async () => {
    const server = await serving(offering([id('AES128-SHA')], [0x0301]))
    const seen = valueOf(await see(server, COMMON))
    expect(seen.accepted.map(({ suite, version }) => [suite, version])).toEqual([[id('AES128-SHA'), 0x0301]])
  })
  test('only fatal alerts that mean it refuse', async () => {
    for (const description of [40, 47, 70, 71, 80, 86, 112, 120, 0, 10, 20, 42, 50, 90, 100, 255]) {
      const server = await serving(() => [alert(description), 'fin'])
      const seen = await see(server, oldVersion(ASKED, 0x0302))
      expect([description, seen.ok && refuses(seen.value)]).toEqual([description, [40, 47, 70, 71, 80, 86, 112, 120].includes(description)])
    }
  })
})

describe('weak suites', () => {
  const RARE = id('ECDHE-RSA-CAMELLIA128-SHA256')
  const sorted = (list: readonly number[]): readonly number[] => list.toSorted((one, other) => one - other)
  const lists = (server: ScriptedTls): readonly (readonly number[])[] =>
    server.hellos
      .filter((hello) => hello.version === 0x0303 && !isLarge(hello) && hello.supportedVersions.length === 0)
      .map(({ ciphers }) => ciphers.filter((one) => one !== 0x00ff))
  test('all refused: one hello, every class in it', async () => {
    const server = await serving(offering([MODERN]))
    const seen = valueOf(await see(server, weakSuites(ASKED)))
    expect(seen).toMatchObject({ accepted: [], unasked: [], end: { ok: true, value: { answer: 'alert' } } })
    expect(sorted(seen.rest)).toEqual(sorted(seen.offered))
    // TLS 1.2, old versions, weak suites.
    expect(server.counts.connections).toBe(3)
    expect(lists(server).map(sorted)).toEqual([sorted(seen.offered)])
    expect(server.hellos.every(({ ciphers }) => !ciphers.some((one) => suiteById(one)?.keyExchange === 'any'))).toBe(true)
  })
  /** Reads no more than 64 suites of any list. */
  const shortSighted =
    (suites: readonly number[]): Script =>
    (hello) =>
      offering(suites)({ ...hello, ciphers: hello.ciphers.slice(0, 64) })
  test('who has not read a long list gets none: two hellos of at most 64 suites', async () => {
    const server = await serving(shortSighted([MODERN]))
    const seen = valueOf(await see(server, weakSuites(ASKED)))
    expect(seen).toMatchObject({ accepted: [], unasked: [], end: { ok: true, value: { answer: 'alert' } } })
    const [, ...weak] = lists(server)
    expect(weak.length).toBe(2)
    for (const list of weak) expect(list.length).toBeLessThan(64)
    expect(sorted(weak.flat())).toEqual(sorted(seen.offered))
    const found = await serving(shortSighted([MODERN, RARE]))
    expect(valueOf(await see(found, weakSuites(ASKED))).accepted.map(({ suite }) => suite)).toEqual([RARE])
  })
  test.each<[string, readonly Step[]]>([
    ['silence', []],
    ['an end', ['fin']],
    ['a complaint of our bytes', [alert(50)]],
    ['a suite that was not offered', [flight(0x0303, 0xdada)]],
  ])('after %s to the long list they are asked for in two short ones', async (_, steps) => {
    for (const has of [[MODERN], [MODERN, RARE], [MODERN, id('RC4-SHA')]]) {
      const server = await serving((hello) => (!isLarge(hello) && hello.ciphers.length > 64 ? steps : offering(has)(hello)))
      const seen = valueOf(await see(server, weakSuites(ASKED)))
      expect(seen.accepted.map(({ suite }) => suite)).toEqual(has.slice(1))
      expect(seen.end?.ok === true && refuses(seen.end.value)).toBe(true)
    }
  })
  test('what the long list brought before it ended is kept, and its class not asked for again', async () => {
    const server = await serving((hello) => {
      if (isLarge(hello) || hello.ciphers.length <= 64) return offering([MODERN, RARE])(hello)
      return hello.ciphers.includes(id('RC4-SHA')) ? [flight(0x0303, id('RC4-SHA'))] : ['fin']
    })
    const seen = valueOf(await see(server, weakSuites(ASKED)))
    expect(seen.accepted.map(({ suite }) => suite)).toEqual([id('RC4-SHA'), RARE])
    expect(
      lists(server)
        .filter(({ length }) => length <= 64)
        .flat(),
    ).not.toContain(id('RC4-MD5'))
    expect(sorted([...seen.rest, ...seen.unasked, ...seen.accepted.map(({ suite }) => suite)])).toEqual(sorted(seen.offered))
  })
  test('a rare one is found behind the refusal of the common ones', async () => {
    const server = await serving(offering([MODERN, RARE]))
    const seen = valueOf(await see(server, weakSuites(ASKED)))
    expect(seen.accepted.map(({ suite }) => suite)).toEqual([RARE])
    expect(seen.end).toMatchObject({ ok: true, value: { answer: 'alert' } })
    expect(seen.rest.some((one) => suiteClass(suiteById(one) as never) === 'cbc')).toBe(false)
  })
  test('one that only TLS 1.0 gets is found there', async () => {
    const EXPORT = id('EXP-RC4-MD5')
    const server = await serving((hello) => {
      const isOld = hello.version <= 0x0301 || hello.supportedVersions.includes(0x0301)
      const suites = isOld ? [EXPORT, id('AES128-SHA')] : [MODERN]
      return offering(isOld && hello.ciphers.includes(EXPORT) ? [EXPORT] : suites, [0x0301, 0x0303])(hello)
    })
    const seen = valueOf(await see(server, weakSuites(ASKED)))
    expect(seen.accepted.map(({ suite, version }) => [suite, version])).toEqual([[EXPORT, 0x0301]])
  })
  test.each<[string, readonly Step[]]>([
    ['silence', []],
    ['an end', ['fin']],
    ['a suite that was not offered', [flight(0x0303, 0xdada)]],
    ['rubbish', [Buffer.from('rubbish')]],
    ['a complaint of our bytes', [alert(50)]],
  ])('after %s to either list nothing is refused', async (_, steps) => {
    for (const hit of [(hello: ScriptedHello) => hello.ciphers.includes(id('RC4-SHA')), (hello: ScriptedHello) => hello.ciphers.includes(RARE)]) {
      const server = await serving((hello) => (hello.version === 0x0303 && !isLarge(hello) && hit(hello) ? steps : offering([MODERN])(hello)))
      const seen = valueOf(await see(server, weakSuites(ASKED)))
      expect(seen.accepted).toEqual([])
      expect(seen.end?.ok === true && refuses(seen.end.value)).toBe(false)
      expect(seen.rest.toSorted((one, other) => one - other)).toEqual(seen.offered.toSorted((one, other) => one - other))
    }
  })
  test('a server that accepts everything comes to an end', async () => {
    const server = await serving(({ ciphers, version }) => [flight(version, ciphers.find((one) => !isGrease(one)) ?? 0)])
    const seen = valueOf(await see(server, weakSuites(ASKED)))
    expect(seen.rest).toEqual([])
    expect(server.counts.connections).toBeLessThan(16)
  })
})

describe('the other kind of key, and SHA-1', () => {
  const SHA1 = { rsa: 0x0201, ec: 0x0203 } as const
  async function certificates(): Promise<{ readonly rsa: readonly Buffer[]; readonly ec: readonly Buffer[] }> {
    const [rsa, ec] = await Promise.all([issueCertificate({ names: ['example.com'], key: 'rsa2048' }), issueCertificate({ names: ['example.com'] })])
    return { rsa: derOf(rsa.chain), ec: derOf(ec.chain) }
  }
  const signing = (signature: number): KeyExchange => ({ kind: 'ecdhe', signature })
  /**
   * Answers the first hello with `first`, the one that offers both with `second`, the one for SHA-1 alone with `third`, and that of the library, whose
   * handshake might have shown the other certificate, with an alert.
   */
  async function looking(first: readonly Step[], second: readonly Step[], third: readonly Step[] = ['fin']): Promise<[Observed<OtherKeyLook>, number]> {
    const server = await serving((hello) => {
      const schemes = hello.signatureAlgorithms.length
      return isLarge(hello) ? first : schemes === 1 ? third : schemes < 8 ? second : [alert(40)]
    })
    const seen = await see(server, otherKeyLook(ASKED))
    return [seen, server.counts.connections]
  }
  const RSA_SUITE = id('ECDHE-RSA-AES128-GCM-SHA256')

  test('what each answer says', async () => {
    const { rsa, ec } = await certificates()
    const rsaFlight = (signature: number): Buffer => serverFlight({ version: 0x0303, cipher: RSA_SUITE, certificates: rsa, keyExchange: signing(signature) })
    const ecFlight = (signature: number): Buffer => serverFlight({ version: 0x0303, cipher: MODERN, certificates: ec, keyExchange: signing(signature) })
    const rubbish = serverFlight({ version: 0x0303, cipher: MODERN, certificates: [Buffer.alloc(9, 1), ...ec], keyExchange: signing(0x0403) })
    const stray = serverFlight({ version: 0x0303, cipher: 0x0005, certificates: ec, keyExchange: signing(0x0403) })
    const cases: readonly [string, readonly Step[], readonly Step[], readonly Step[], Partial<OtherKeyLook>, number][] = [
      ['an alert: neither', [rsaFlight(0x0804)], [alert(40)], [], { first: 'rsa', sha1: false }, 3],
      ['the same, signed with SHA-1', [rsaFlight(0x0804)], [rsaFlight(SHA1.rsa)], [], { first: 'rsa', sha1: true }, 3],
      ['the same of the other kind', [ecFlight(0x0403)], [ecFlight(SHA1.ec)], [], { first: 'ecdsa', sha1: true }, 3],
      ['the same, signed with what was not offered', [rsaFlight(0x0804)], [rsaFlight(0x0804)], [], { first: 'rsa', sha1: false }, 3],
      ['the other, then no SHA-1', [rsaFlight(0x0804)], [ecFlight(0x0403)], [alert(40)], { first: 'rsa', sha1: false }, 4],
      ['the other, then SHA-1', [rsaFlight(0x0804)], [ecFlight(0x0403)], [rsaFlight(SHA1.rsa)], { first: 'rsa', sha1: true }, 4],
      ['the other, then nothing', [rsaFlight(0x0804)], [ecFlight(0x0403)], ['fin'], { first: 'rsa' }, 5],
      ['the other, then a polite close', [rsaFlight(0x0804)], [ecFlight(0x0403)], [alert(0, { level: 1 })], { first: 'rsa' }, 5],
      ['the other, then a complaint of our bytes', [rsaFlight(0x0804)], [ecFlight(0x0403)], [alert(50)], { first: 'rsa' }, 4],
      ['a complaint of our bytes', [rsaFlight(0x0804)], [alert(50)], [], { first: 'rsa' }, 3],
      ['rubbish before the certificate', [rsaFlight(0x0804)], [rubbish], [], { first: 'rsa' }, 3],
      ['a suite that was not offered', [rsaFlight(0x0804)], [stray], [], { first: 'rsa' }, 3],
    ]
    for (const [name, first, second, third, expected, connections] of cases) {
      const [seen, count] = await looking(first, second, third)
      const { answer: _, other, ...facts } = valueOf(seen)
      expect([name, facts, count]).toEqual([name, expected, connections])
      expect([name, other?.length]).toEqual([name, name.startsWith('the other') ? ec.length : undefined])
    }
  })
  test('without a certificate that can be read nothing is known', async () => {
    for (const first of [[alert(70)], [serverFlight({ version: 0x0303, cipher: MODERN, certificates: [Buffer.alloc(9, 1)], keyExchange: signing(0x0403) })]]) {
      const [seen] = await looking(first, [alert(40)])
      expect(seen).toMatchObject({ ok: false, failure: { code: 'NO_TLS12' } })
    }
    const [seen] = await looking([flight(0x0303, MODERN)], ['fin'])
    expect(seen).toMatchObject({ ok: false, failure: { code: 'NO_TLS12' } })
  })
  test('silence about it is not known', async () => {
    const { rsa } = await certificates()
    const [seen, count] = await looking([serverFlight({ version: 0x0303, cipher: RSA_SUITE, certificates: rsa, keyExchange: signing(0x0804) })], ['fin'])
    expect([seen.ok, count]).toEqual([false, 4])
  })
})

test('groups are asked for without a share of any', async () => {
  const server = await serving(() => [alert(40)])
  await see(server, groupsAsked(ASKED, [0x11ec, 24], 'groups'))
  expect(server.hellos[0]).toMatchObject({ groups: [0x11ec, 24], supportedVersions: [0x0304], ciphers: [0x1301, 0x1302, 0x1303] })
})

test('all looks of the plan share their hellos: a healthy server sees four connections', async () => {
  const server = await serving(offering([MODERN]))
  const target = targetOf(server.port)
  const probes: readonly Probe<unknown>[] = [
    tls12Look(ASKED),
    tls12Look(ASKED),
    oldVersionLook(ASKED, 0x0302),
    oldVersionLook(ASKED, 0x0301),
    ssl3Look(ASKED),
    weakSuites(ASKED),
    weakSuites(ASKED),
    ssl2(ASKED),
  ]
  const seen = await look(target, ...probes)
  expect(seen.every(({ ok }) => ok)).toBe(true)
  // TLS 1.2, old versions, weak suites, SSL 2.0 (of full depth).
  expect(server.counts.connections).toBe(4)
})

test('every group by name comes to an end with a server that swings between two curves', async () => {
  const server = await serving((hello) => {
    if (hello.supportedVersions.length > 0) return [alert(40)]
    const curve = [23, 24].find((group) => hello.groups.includes(group) && hello.groups.at(-1) !== group)
    return [serverFlight({ version: 0x0303, cipher: MODERN, keyExchange: { kind: 'ecdhe', group: curve ?? 25, signature: 0x0403 } })]
  })
  const seen = valueOf(await see(server, everyGroup(ASKED)))
  expect(new Set(seen.accepted.map(({ group }) => group))).toEqual(new Set([23, 24, 25]))
  expect(server.counts.connections).toBeLessThan(12)
})

test('an interrupted run asks nothing more and leaves nothing open', async () => {
  const server = await serving((hello) => (hello.index < 2 ? [flight(0x0303, hello.ciphers.find((one) => !isGrease(one)) ?? 0)] : []))
  const observer = new Observer(targetOf(server.port))
  const looking = observer.observe(weakSuites(ASKED))
  await expect.poll(() => server.hellos.length).toBe(3)
  observer.abort('interrupted')
  expect(await looking).toMatchObject({ ok: false, failure: { code: 'ABORTED' } })
  await server.idle()
  await wait(100)
  expect(server.counts).toMatchObject({ connections: 3, open: 0 })
  await observer.close()
})
