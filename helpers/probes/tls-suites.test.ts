/** Further questions about suites, against servers that count: nothing is asked that an answer before has told. */
import { afterEach, describe, expect, test } from 'vitest'
import { answerHellos, isTls12 } from '../../fixtures/hello.ts'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { type RunningWorld, startWorld, type WorldSpec } from '../../fixtures/world.ts'
import { CIPHER_SUITES, suiteName, suiteNamed } from '../grammar/tls-names.ts'
import { look, valueOf } from '../testing/look.ts'
import { everySuite, modernTls12, outsideSuites, suiteOrder } from './tls-suites.ts'
import { tlsHandshake } from './tls.ts'

const HOST = 'home.example.com'
const asked = { host: HOST }
const id = (name: string): number => suiteNamed(name)?.id ?? -1
const ALL = CIPHER_SUITES.filter(({ keyExchange }) => keyExchange !== 'any').map((suite) => suite.id)
const outsideOf = (...names: readonly string[]): readonly number[] => ALL.filter((one) => !names.includes(suiteName(one)))
const GCM = 'ECDHE-ECDSA-AES128-GCM-SHA256'

let running: RunningWorld | undefined
afterEach(async () => {
  await running?.stop()
  running = undefined
})
async function world(tls: object, change?: (spec: WorldSpec) => Promise<void>): Promise<RunningWorld> {
  const spec = healthyWorld()
  const { home } = spec.hosts
  if (home === undefined) throw new RangeError('no host')
  home.tls = { ...home.tls, ...tls }
  await change?.(spec)
  running = await startWorld(spec)
  return running
}
const counted = ({ connections }: RunningWorld): number => connections[`443 ${HOST}`] ?? 0

describe('suites outside a list', () => {
  test('what was refused among the weak ones is not asked again', async () => {
    const server = await world({ ciphers: `TLS_AES_128_GCM_SHA256:${GCM}` })
    const [seen] = await look(
      server.target,
      outsideSuites({
        ...asked,
        suites: outsideOf(GCM, ...CIPHER_SUITES.filter(({ openssl }) => /ECDHE.*(?:GCM|CHACHA)/.test(openssl)).map(({ openssl }) => openssl)),
      }),
    )
    const { more, weak, left } = valueOf(seen)
    expect([more, weak.accepted]).toEqual([[], []])
    expect(left.map(suiteName)).toContain('EXP-DH-DSS-DES-CBC-SHA')
    // TLS 1.2, old versions, weak suites.
    expect(counted(server)).toBeLessThanOrEqual(3)
  })
  test('a sound one that is not in the list is found', async () => {
    const server = await world({ ciphers: `TLS_AES_128_GCM_SHA256:${GCM}:ECDHE-ECDSA-CHACHA20-POLY1305` })
    const { more } = valueOf((await look(server.target, outsideSuites({ ...asked, suites: outsideOf(GCM) })))[0])
    expect(more.map(({ seen }) => seen.ok && seen.value.flight.hello?.cipher)).toEqual([id('ECDHE-ECDSA-CHACHA20-POLY1305')])
  })
  test('TLS 1.3 alone: nothing more is asked', async () => {
    const server = await world({ minVersion: 'TLSv1.3' })
    const { more, weak } = valueOf((await look(server.target, outsideSuites({ ...asked, suites: outsideOf(GCM) })))[0])
    expect([more, weak.accepted]).toEqual([[], []])
    // TLS 1.2, in a list and without one.
    expect(counted(server)).toBe(2)
  })
})

describe('whose order decides', () => {
  const TWO = [id('ECDHE-ECDSA-AES256-GCM-SHA384'), id(GCM)]
  test('the client', async () => {
    const server = await world({ honorCipherOrder: false })
    const { offered, last, without } = valueOf((await look(server.target, suiteOrder({ ...asked, suites: TWO })))[0])
    expect(offered.map(suiteName)).toEqual(['ECDHE-ECDSA-AES256-GCM-SHA384', GCM])
    expect(last?.ok === true && suiteName(last.value.flight.hello?.cipher ?? 0)).toBe('ECDHE-ECDSA-AES256-GCM-SHA384')
    expect([without, counted(server)]).toEqual([undefined, 2])
  })
  test('the server', async () => {
    const server = await world({ honorCipherOrder: true })
    const { last, without } = valueOf((await look(server.target, suiteOrder({ ...asked, suites: TWO })))[0])
    expect([last, without].map((one) => one?.ok === true && suiteName(one.value.flight.hello?.cipher ?? 0))).toEqual([GCM, 'ECDHE-ECDSA-AES256-GCM-SHA384'])
    expect(counted(server)).toBe(3)
  })
  test('the server, which gives ChaCha20 to clients that do not begin with AES', async () => {
    const chacha = id('ECDHE-ECDSA-CHACHA20-POLY1305')
    const server = await world({}, async (spec) => answerHellos(spec, 'home', (hello) => (isTls12(hello) && hello.ciphers[0] === chacha ? 'reset' : undefined)))
    const { last } = valueOf((await look(server.target, suiteOrder({ ...asked, suites: [id(GCM), ...TWO, chacha] })))[0])
    expect(last?.ok).toBe(true)
  })
  test('nothing is asked where no weak suite is accepted', async () => {
    const server = await world({})
    const { offered, last } = valueOf((await look(server.target, suiteOrder(asked)))[0])
    expect([offered, last]).toEqual([[], undefined])
  })
})

test('modern suites are asked for alone only where nothing else chose one', async () => {
  const server = await world({})
  const suites = [id(GCM)]
  const seen = valueOf((await look(server.target, modernTls12({ ...asked, suites, unless: tlsHandshake(asked) })))[0])
  expect(suiteName(seen.flight.hello?.cipher ?? 0)).toBe(GCM)
  expect(counted(server)).toBe(2)
})

test('every suite by name', async () => {
  const server = await world({ ciphers: `TLS_AES_128_GCM_SHA256:${GCM}:ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-CCM` })
  const looks = valueOf((await look(server.target, everySuite(asked)))[0])
  const found = looks.flatMap((one) => valueOf(one).accepted.map(({ suite }) => suiteName(suite)))
  expect(found.sort()).toEqual(['TLS_AES_128_GCM_SHA256', GCM, 'ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES128-CCM'].sort())
  expect(looks.flatMap((one) => valueOf(one).offered).length).toBe(CIPHER_SUITES.length)
  // TLS 1.2 itself, one for each suite, one for the end of each chunk.
  expect(counted(server)).toBe(1 + 4 + looks.length)
})
