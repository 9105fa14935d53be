import { expect, test } from 'vitest'
import type { CertificateFacts, HttpObservation, TlsObservation } from './observations.ts'
import type { Observed } from './probe.ts'
import { SeenHosts } from './seen.ts'

const looked = { startedAt: '2026-01-01T00:00:00.000Z', durationMs: 1, attempts: 1 }
const ok = (value: unknown): Observed<unknown> => ({ ok: true, value, ...looked })
const exchange = (url: string, more: Partial<HttpObservation['timings']> = {}): HttpObservation => ({
  url,
  method: 'GET',
  status: 200,
  statusText: '',
  httpVersion: '2',
  headers: [],
  body: new Uint8Array(0),
  wireBytes: 0,
  truncated: false,
  decodeFailed: false,
  peer: '127.0.0.1:443',
  reused: false,
  at: looked.startedAt,
  timings: { ttfbMs: 1, transferMs: 1, totalMs: 2, loopDelayMs: 9, ...more },
})
const certificate = (notAfter: string): CertificateFacts =>
  ({ subject: 'CN=x', issuer: 'CN=y', notBefore: '2026-01-01', notAfter, sha256: 'aa', serialHex: '01' }) as CertificateFacts
const handshake = (servername: string, protocol: string): TlsObservation =>
  ({ servername, protocol, cipher: 'c', chain: [certificate('2027-01-01'), certificate('2026-06-01')] }) as unknown as TlsObservation

test('of each host the exchange that opened the connection, else the first', () => {
  const seen = new SeenHosts(new Set(['a.example.com', 'b.example.com']))
  seen.note(ok(exchange('https://b.example.com/first')))
  seen.note(ok(exchange('https://b.example.com/second')))
  seen.note(ok({ hops: [exchange('https://a.example.com/'), exchange('https://a.example.com/opened', { connectMs: 3, tlsMs: 4 })], end: 'final' }))
  seen.note(ok(exchange('https://a.example.com/later', { tlsMs: 5 })))
  seen.note(ok(exchange('https://stranger.example.net/')))
  seen.note(ok(exchange('http://a.example.com/')))
  const { timings } = seen.all
  expect(timings.map(({ host, url, tlsMs }) => [host, url, tlsMs])).toEqual([
    ['a.example.com', 'https://a.example.com/opened', 4],
    ['b.example.com', 'https://b.example.com/first', undefined],
  ])
  expect(timings[0]).not.toHaveProperty('loopDelayMs')
})

test('the certificate of the highest protocol, and the earliest end of its chain', () => {
  const seen = new SeenHosts(new Set(['a.example.com']))
  seen.note(ok(handshake('a.example.com', 'TLSv1.2')))
  seen.note(ok(handshake('a.example.com', 'TLSv1.3')))
  seen.note(ok(handshake('a.example.com', 'TLSv1.2')))
  seen.note(ok(handshake('stranger.example.net', 'TLSv1.3')))
  expect(seen.all.certificates).toMatchObject([{ host: 'a.example.com', protocol: 'TLSv1.3', notAfter: '2027-01-01', chainNotAfter: '2026-06-01' }])
})

test('failures and facts of other kinds are passed over', () => {
  const seen = new SeenHosts(new Set(['a.example.com']))
  seen.note({ ok: false, failure: { code: 'TIMEOUT', message: 'm', phase: 'connect' }, ...looked })
  for (const value of [null, 'text', 7, {}, { chain: [] }]) seen.note(ok(value))
  expect(seen.all).toEqual({ timings: [], certificates: [] })
})
