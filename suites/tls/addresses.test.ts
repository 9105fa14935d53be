import { describe, expect, it } from 'vitest'
import { suiteNamed } from '../../helpers/grammar/tls-names.ts'
import type { TlsHelloObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import type { AddressLook } from '../../helpers/probes/tls-addresses.ts'
import { normaliseTarget } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import check from './ip-protocols.check.ts'

const NOW = new Date('2026-11-01T00:00:00Z')
const observed = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: NOW.toISOString(), durationMs: 1, attempts: 1 })
const failed = (code: string, phase: 'tls' | 'connect'): Observed<never> => ({
  ok: false,
  failure: { code, message: code, phase },
  startedAt: NOW.toISOString(),
  durationMs: 1,
  attempts: 1,
})
const id = (name: string): number => suiteNamed(name)?.id ?? Number.NaN
const answer = (flight: Partial<TlsHelloObservation['flight']>): TlsHelloObservation => ({
  peer: '127.0.0.1:443',
  address: '127.0.0.1',
  answer: flight.hello === undefined ? 'alert' : 'server-hello',
  flight: { certificates: [], certificateCount: 0, certificateBytes: 0, complete: true, ...flight },
  closed: 'open',
  helloBytes: 200,
  receivedBytes: 100,
  answerMs: 1,
  at: NOW.toISOString(),
})
const alert = (description = 70) => observed(answer({ alert: { level: 2, description } }))
const agrees = (version: number, suite: string) =>
  observed(answer({ hello: { version, cipher: id(suite), compression: 0, sessionId: new Uint8Array(), extensions: [], retry: false } }))
const weak = (...names: readonly string[]): AddressLook['weak'] =>
  observed({
    offered: [id('AES128-SHA'), id('RC4-SHA')],
    accepted: names.map((name) => ({ suite: id(name), version: 0x0303, answer: answer({}) })),
    unasked: [],
    rest: [id('RC4-SHA')],
    end: alert(40),
  })
const look = (address: string, more: Partial<AddressLook> = {}): AddressLook => ({ address, tls11: alert(), tls10: alert(), weak: weak(), ...more })
const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { api: {} } }), { sha256: '0'.repeat(64) })
const judge = (...looks: readonly AddressLook[]) =>
  check.judge({ looks } as never, { target, subject: { name: 'api.example.com', host: target.hosts[0] as never }, now: NOW, options: {} })

const old = { tls10: agrees(0x0301, 'AES128-SHA'), tls11: agrees(0x0302, 'AES128-SHA') }
describe('tls/ip-protocols', () => {
  it.each<readonly [string, readonly AddressLook[], string]>([
    ['both refuse', [look('192.0.2.1'), look('2001:db8::1')], 'pass'],
    ['both accept the same: other checks say so', [look('192.0.2.1', old), look('192.0.2.2', old)], 'pass'],
    ['the second accepts TLS 1.0', [look('192.0.2.1'), look('192.0.2.2', { tls10: old.tls10 })], 'fail'],
    ['the first accepts what the second refuses', [look('192.0.2.1', old), look('192.0.2.2')], 'fail'],
    ['a weak class more', [look('192.0.2.1', { weak: weak('AES128-SHA') }), look('192.0.2.2', { weak: weak('RC4-SHA', 'AES128-SHA') })], 'fail'],
    ['another suite of the same class', [look('192.0.2.1', { weak: weak('AES128-SHA') }), look('192.0.2.2', { weak: weak('AES256-SHA') })], 'pass'],
    ['silence at one', [look('192.0.2.1'), look('192.0.2.2', { tls10: failed('TIMEOUT', 'tls') })], 'inconclusive'],
    ['silence to the weak hello', [look('192.0.2.1'), look('192.0.2.2', { weak: failed('ECONNRESET', 'tls') })], 'inconclusive'],
    ['silence at one, and the other is weaker', [look('192.0.2.1', old), look('192.0.2.2', { weak: failed('ECONNRESET', 'tls') })], 'fail'],
    ['one address', [look('192.0.2.1')], 'skip'],
    ['one of two refuses connections', [look('192.0.2.1'), look('192.0.2.2', { tls10: failed('ECONNREFUSED', 'connect') })], 'inconclusive'],
    ['no way to IPv6 from here', [look('192.0.2.1'), look('2001:db8::1', { tls10: failed('ENETUNREACH', 'connect') })], 'skip'],
  ])('%s: %#', (_, looks, outcome) => {
    expect(judge(...looks).outcome).toBe(outcome)
  })
  it('names the address and what it accepts', () => {
    const verdict = judge(look('192.0.2.1'), look('192.0.2.2', old))
    expect(verdict).toMatchObject({ code: 'tls.addresses.weaker' })
    expect(verdict.evidence[0]).toMatchObject({ where: '192.0.2.2', received: 'accepted: TLS 1.1, TLS 1.0' })
  })
})
