/** The same checks against servers that behave oddly without being wrong in the way that is asked about, and against some that are wrong in an unusual way. */
import { constants, privateDecrypt } from 'node:crypto'
import { expect, test } from 'vitest'
import { issueCertificate } from '../../fixtures/certificates.ts'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { newestOffered } from '../../fixtures/hello.ts'
import { outcomesOf } from '../../fixtures/proof.ts'
import { alert, derOf, EXTENDED_MASTER_SECRET, record, RENEGOTIATION_INFO, serverFlight } from '../../fixtures/servers/server-flight.ts'
import type { HostSpec, TlsSpec, WorldSpec } from '../../fixtures/world.ts'
import type { Check } from '../../helpers/check.ts'
import ccsInjection from './ccs-injection.check.ts'
import clientRenegotiation from './client-renegotiation.check.ts'
import fallbackScsv from './fallback-scsv.check.ts'
import heartbleed from './heartbleed.check.ts'
import largeClientHello from './large-clienthello.check.ts'
import pqKex from './pq-kex.check.ts'
import reachable from './reachable.check.ts'
import robot from './robot.check.ts'
import tls13 from './tls13.check.ts'
import versionIntolerance from './version-intolerance.check.ts'

interface Scenario {
  readonly what: string
  readonly check: Check
  readonly tls: Partial<TlsSpec> | ((host: HostSpec) => Promise<Partial<TlsSpec>>)
  readonly rsa?: true
  readonly outcome: string
  readonly code?: string
  readonly says?: RegExp
}

/** On one host each: a scenario is seen by its own check, and by `besides`. */
async function prove(scenarios: readonly Scenario[], depth: 'full' | undefined, besides: readonly Check[] = []): Promise<void> {
  const world: WorldSpec = healthyWorld()
  if (depth !== undefined) world.target = { ...world.target, depth }
  world.target = { ...world.target, limits: { ...world.target.limits, probeSeconds: 3 } }
  const names = Object.keys(world.hosts).filter((name) => name !== '@' && name !== 'www')
  const used = names.slice(0, scenarios.length)
  expect(used.length).toBe(scenarios.length)
  for (const [index, scenario] of scenarios.entries()) {
    const host = world.hosts[used[index] as string]
    if (host === undefined) throw new RangeError('no host')
    if (scenario.rsa === true) host.certificate = { ...host.certificate, key: 'rsa2048' }
    host.tls = { ...host.tls, ...(typeof scenario.tls === 'function' ? await scenario.tls(host) : scenario.tls) }
  }
  const checks = [...new Set([...scenarios.map(({ check }) => check), ...besides])]
  const { byKey } = await outcomesOf(world, checks, { hosts: new Set(used) })
  for (const [index, { what, check, outcome, code, says }] of scenarios.entries()) {
    const fqdn = `${used[index] as string}.example.com`
    const result = byKey.get(`${check.id} ${fqdn}`)
    expect([what, result?.outcome, ...(code === undefined ? [] : [result?.code])]).toEqual([what, outcome, ...(code === undefined ? [] : [code])])
    if (says !== undefined) expect(`${result?.reason ?? ''} ${result?.evidence.map(({ received }) => received).join(' ') ?? ''}`).toMatch(says)
    for (const other of besides) expect([what, other.id, byKey.get(`${other.id} ${fqdn}`)?.outcome]).toEqual([what, other.id, 'pass'])
  }
}

const LONG = 1_400
const OLD = 0xc009
const STATIC_RSA = 0x009c
const isGrease = (value: number): boolean => (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff)
const every = (number: number): (() => boolean) => {
  let count = 0
  return () => {
    count += 1
    return count % number === 0
  }
}

test('a host that loses long hellos in any way is reached all the same', { timeout: 60_000 }, async () => {
  const lost = { check: largeClientHello, outcome: 'fail', code: 'tls.hello.large-lost' } as const
  await prove(
    [
      { ...lost, what: 'reset', tls: { hello: ({ bytes }) => (bytes.length > LONG ? 'reset' : undefined) } },
      { ...lost, what: 'closed', tls: { hello: ({ bytes }) => (bytes.length > LONG ? 'close' : undefined) } },
      { ...lost, what: 'silence', tls: { hello: ({ bytes }) => (bytes.length > LONG ? 'hang' : undefined) } },
    ],
    undefined,
    [reachable, tls13, pqKex, versionIntolerance],
  )
})

test('what is no proof of intolerance', { timeout: 60_000 }, async () => {
  await prove(
    [
      {
        what: 'closed on a fallback',
        check: fallbackScsv,
        tls: {
          hello: ({ ciphers, ...hello }) => {
            const version = newestOffered(hello)
            if (version >= 0x0303) return undefined
            if (version !== 0x0302) return alert(70)
            if (ciphers.includes(0x5600)) return 'close'
            return ciphers.includes(OLD) ? serverFlight({ version, cipher: OLD, certificates: [], keyExchange: { kind: 'ecdhe' } }) : alert(40)
          },
        },
        outcome: 'inconclusive',
      },
      {
        what: 'a fallback that is noticed',
        check: fallbackScsv,
        tls: {
          hello: ({ ciphers, ...hello }) => {
            const version = newestOffered(hello)
            if (version >= 0x0303) return undefined
            if (version !== 0x0302) return alert(70)
            if (ciphers.includes(0x5600)) return alert(86)
            return ciphers.includes(OLD) ? serverFlight({ version, cipher: OLD, certificates: [], keyExchange: { kind: 'ecdhe' } }) : alert(40)
          },
        },
        outcome: 'pass',
        says: /inappropriate_fallback/,
      },
      { what: 'TLS 1.3 alone', check: versionIntolerance, tls: { minVersion: 'TLSv1.3' }, outcome: 'pass', says: /HelloRetryRequest/ },
      { what: 'TLS 1.3 alone cannot be renegotiated', check: clientRenegotiation, tls: { minVersion: 'TLSv1.3' }, outcome: 'skip' },
      {
        what: 'silence to unknown values',
        check: versionIntolerance,
        tls: { hello: ({ groups }) => (groups.some(isGrease) ? 'hang' : undefined) },
        outcome: 'fail',
        code: 'tls.hello.unknown-values',
      },
      {
        what: 'silence to unknown values is not for their length',
        check: largeClientHello,
        tls: { hello: ({ groups }) => (groups.some(isGrease) ? 'hang' : undefined) },
        outcome: 'pass',
      },
    ],
    undefined,
    [reachable],
  )
})

test('a bad line, which loses every seventh hello', { timeout: 60_000 }, async () => {
  const seventh = every(7)
  const tls: Partial<TlsSpec> = { hello: () => (seventh() ? 'reset' : undefined) }
  await prove([{ what: 'long or short', check: largeClientHello, tls, outcome: 'inconclusive', says: /short hellos get lost/ }], 'full')
})

test('old defects that are not there', { timeout: 90_000 }, async () => {
  const flightOf = async (host: HostSpec, more: Partial<Parameters<typeof serverFlight>[0]> = {}): Promise<Buffer> =>
    serverFlight({
      version: 0x0303,
      cipher: 0xc02b,
      certificates: derOf((await issueCertificate(host.certificate)).chain),
      keyExchange: { kind: 'ecdhe', signature: 0x0403 },
      ...more,
    })
  const heartbeats = (hear: (heard: Buffer) => Buffer | 'close' | undefined) => async (host: HostSpec) => {
    const say = await flightOf(host, { extensions: [RENEGOTIATION_INFO, EXTENDED_MASTER_SECRET, { type: 15, data: Buffer.from([1]) }] })
    return { hello: ({ bytes }: { readonly bytes: Buffer }) => (bytes.includes(Buffer.from([0, 15, 0, 1, 1])) ? { say, hear } : undefined) }
  }
  const interrupted = (hear: (heard: Buffer) => Buffer | 'close' | undefined) => async (host: HostSpec) => {
    const say = await flightOf(host)
    return { hello: ({ ciphers }: { readonly ciphers: readonly number[] }) => (ciphers.length === 15 && ciphers.includes(0x000a) ? { say, hear } : undefined) }
  }
  const oracle = (answer: (right: boolean) => Buffer | 'close' | undefined) => async (host: HostSpec) => {
    const { key } = await issueCertificate(host.certificate)
    const say = await flightOf(host, { cipher: STATIC_RSA, keyExchange: { kind: 'ecdhe' } })
    return {
      ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256',
      hello: ({ ciphers }: { readonly ciphers: readonly number[] }) =>
        ciphers.length === 1 && ciphers[0] === STATIC_RSA
          ? {
              say,
              hear: (heard: Buffer) => {
                const block = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, heard.subarray(11, 11 + heard.readUInt16BE(9)))
                return answer(block[0] === 0 && block[1] === 2)
              },
            }
          : undefined,
    }
  }
  const third = every(3)
  await prove(
    [
      {
        what: 'heartbeats as the standard wants them',
        check: heartbleed,
        tls: heartbeats((heard) => (heard.length > 30 ? record(24, 0x0303, Buffer.concat([Buffer.from([2, 0, 16]), heard.subarray(8)])) : undefined)),
        outcome: 'pass',
        says: /honest heartbeat was answered/,
      },
      { what: 'heartbeats that are never answered', check: heartbleed, tls: heartbeats(() => undefined), outcome: 'inconclusive' },
      { what: 'closed on an early ChangeCipherSpec', check: ccsInjection, tls: interrupted(() => 'close'), outcome: 'pass' },
      { what: 'silence to ChangeCipherSpec', check: ccsInjection, tls: interrupted(() => undefined), outcome: 'inconclusive' },
      {
        what: 'RSA key exchange of a library of today',
        check: robot,
        rsa: true,
        tls: { ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256' },
        outcome: 'pass',
        says: /bad_record_mac/,
      },
      { what: 'alerts that flap', check: robot, rsa: true, tls: oracle(() => alert(third() ? 47 : 20)), outcome: 'inconclusive', says: /not in the same way/ },
      {
        what: 'an oracle that closes instead of saying anything',
        check: robot,
        rsa: true,
        tls: oracle((right) => (right ? alert(20) : 'close')),
        outcome: 'fail',
        code: 'tls.robot',
      },
    ],
    'full',
  )
})
