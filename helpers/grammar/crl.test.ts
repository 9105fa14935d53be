import { performance } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import { der, intermediate } from '../../fixtures/certificates.ts'
import { crl, type CrlSpec } from '../../fixtures/revocation.ts'
import { findInCrl, readCrl } from './crl.ts'
import { checkSignature } from './signed.ts'

const read = async (spec: CrlSpec) => {
  const reading = readCrl(await crl(spec))
  if (!reading.ok) throw new RangeError(reading.error)
  return reading.value
}
const lookup = async (spec: CrlSpec, serialHex: string) => {
  const found = findInCrl(await read(spec), serialHex)
  if (!found.ok) throw new RangeError(found.error)
  return found.value
}
const HOUR_MS = 3_600_000

test('dates, number, signature', async () => {
  const list = await read({ revoked: [{ serialHex: '0a' }] })
  const { certificate } = await intermediate()
  expect(Math.abs(Date.parse(list.thisUpdate) - (Date.now() - HOUR_MS))).toBeLessThan(5_000)
  expect(Math.abs(Date.parse(list.nextUpdate ?? '') - (Date.now() + 167 * HOUR_MS))).toBeLessThan(5_000)
  expect(list.number).toBe('1234')
  expect(list.deltaOf).toBeUndefined()
  expect(list.issuerDer).toBe(Buffer.from(certificate.subjectName.toArrayBuffer()).toString('hex'))
  expect(checkSignature(list.signature, { raw: new Uint8Array(certificate.rawData) })).toBe('verified')
})

test('a signature of another key, or of other bytes, is wrong', async () => {
  const { certificate } = await intermediate()
  const raw = new Uint8Array(certificate.rawData)
  expect(checkSignature((await read({ forged: true })).signature, { raw })).toBe('wrong')
  const bytes = await crl({ revoked: [{ serialHex: '0a0b0c' }] })
  bytes[bytes.indexOf(Buffer.from('02030a0b0c', 'hex')) + 4] = 0x0d
  const changed = readCrl(bytes)
  expect(changed.ok && checkSignature(changed.value.signature, { raw })).toBe('wrong')
  expect(changed.ok && checkSignature(changed.value.signature, { raw: new Uint8Array([0x30, 0]) })).toBe('unsupported')
})

test('an entry, its date and its reason', async () => {
  const revoked = [{ serialHex: '01' }, { serialHex: '0102', reason: 1 }, { serialHex: '0103', reason: 6 }, { serialHex: '0104', reason: 8 }]
  expect((await lookup({ revoked }, '01')).found.map(({ reason }) => reason)).toEqual(['unspecified'])
  expect((await lookup({ revoked }, '0102')).found.map(({ reason }) => reason)).toEqual(['keyCompromise'])
  expect((await lookup({ revoked }, '0103')).found.map(({ reason }) => reason)).toEqual(['certificateHold'])
  expect((await lookup({ revoked }, '0104')).found.map(({ reason }) => reason)).toEqual(['removeFromCRL'])
  expect(Date.parse((await lookup({ revoked }, '0102')).found[0]?.revokedAt ?? '')).toBeLessThan(Date.now() - 23 * HOUR_MS)
  // Neither a part of a number, nor one that begins alike.
  for (const other of ['02', '0105', '010203', '', '00']) expect((await lookup({ revoked }, other)).found).toEqual([])
  expect((await lookup({ revoked }, '02')).entries).toBe(4)
  expect(await lookup({}, '02')).toEqual({ entries: 0, found: [], unknownCritical: [] })
})

test('what limits a list is noticed', async () => {
  expect((await read({ delta: true })).deltaOf).toBe('1200')
  const url = 'http://crl.example.net/7.crl'
  expect((await read({ scope: { url, only: 'user' } })).scope).toMatchObject({ urls: [url], onlyUserCertificates: true, indirect: false })
  expect((await read({ scope: { only: 'authority' } })).scope).toMatchObject({ onlyAuthorityCertificates: true })
  expect((await read({ scope: { only: 'attribute' } })).scope).toMatchObject({ onlyAttributeCertificates: true })
  expect((await read({ scope: { someReasons: true, indirect: true } })).scope).toMatchObject({ onlySomeReasons: true, indirect: true })
  expect((await read({ unknownCritical: true })).unknownCritical).toHaveLength(1)
  expect((await read({ to: undefined })).nextUpdate).toBeUndefined()
})

const entry = (serial: number, ...more: Buffer[]): Buffer => {
  const bytes = Buffer.alloc(16, 0x41)
  bytes.writeUInt32BE(serial, 12)
  return der(0x30, der(2, bytes), der(0x17, Buffer.from('260101000000Z')), ...more)
}

test('an unknown critical extension of any entry is told: the list then says nothing', () => {
  const odd = der(0x30, der(0x30, der(6, Buffer.from('2a0304', 'hex')), der(1, Buffer.from([0xff])), der(4, der(5))))
  const harmless = der(0x30, der(0x30, der(6, Buffer.from('2a0304', 'hex')), der(4, der(5))))
  const found = findInCrl({ revoked: Buffer.concat([entry(1), entry(2, odd), entry(3)]) }, '00')
  expect(found).toEqual({ ok: true, value: { entries: 3, found: [], unknownCritical: ['1.2.3.4'] } })
  expect(findInCrl({ revoked: entry(2, harmless) }, '00')).toEqual({ ok: true, value: { entries: 1, found: [], unknownCritical: [] } })
})

test('the issuer named in an indirect list holds until another is named', () => {
  const issuer = (name: string) =>
    der(0x30, der(0x30, Buffer.from('0603551d1d', 'hex'), der(1, Buffer.from([0xff])), der(4, der(0x30, der(0x86, Buffer.from(name))))))
  const revoked = Buffer.concat([entry(1), entry(2, issuer('a')), entry(3), entry(4, issuer('b'))])
  const of = (serial: number): string | undefined => {
    const found = findInCrl({ revoked }, entry(serial).toString('hex', 4, 20))
    return found.ok ? found.value.found[0]?.certificateIssuer : 'unreadable'
  }
  expect(of(1)).toBeUndefined()
  expect(of(2)).toBe('3003860161')
  expect(of(3)).toBe('3003860161')
  expect(of(4)).toBe('3003860162')
})

test.each([
  ['nothing', ''],
  ['an empty sequence', '3000'],
  ['a certificate-like thing', '300a3003020101300302010103'],
  ['an indefinite length', '3080'],
  ['a web page', Buffer.from('<!doctype html>').toString('hex')],
])('%s is no list', (_what, hex) => {
  expect(readCrl(Buffer.from(hex, 'hex')).ok).toBe(false)
})

test('bytes behind the list, and a malformed entry anywhere, make it unreadable', async () => {
  expect(readCrl(Buffer.concat([await crl({}), Buffer.from([0])]))).toEqual({ ok: false, error: 'bytes after the list' })
  for (const broken of [
    Buffer.from([0x30]),
    Buffer.from([0x30, 5, 2, 1, 1, 0x17, 0]),
    der(0x30, der(2, Buffer.from([1]))),
    der(0x31),
    Buffer.from([0x30, 0x84, 1, 0, 0, 0]),
  ])
    expect(findInCrl({ revoked: Buffer.concat([entry(1), broken]) }, '00').ok).toBe(false)
})

test('half a million entries are walked in a moment and in place', () => {
  const one = entry(0)
  const count = 500_000
  const revoked = Buffer.alloc(one.length * count)
  for (let index = 0; index < count; index += 1) {
    one.copy(revoked, index * one.length)
    revoked.writeUInt32BE(index, index * one.length + 16)
  }
  expect(revoked.length).toBeGreaterThan(15_000_000)
  const before = process.memoryUsage().heapUsed
  const start = performance.now()
  const last = findInCrl({ revoked }, entry(count - 1).toString('hex', 4, 20))
  const ms = performance.now() - start
  expect(last.ok && last.value.entries).toBe(count)
  expect(last.ok && last.value.found).toHaveLength(1)
  expect(ms).toBeLessThan(3_000)
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(30_000_000)
})

test('a list larger than its limit is not read at all', () => {
  expect(readCrl(new Uint8Array(33 * 1024 * 1024))).toMatchObject({ ok: false, error: expect.stringMatching(/larger than/) })
})
