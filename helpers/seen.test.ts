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

test('of each phase the fastest look: waiting for the URL of the first exchange, connecting at its address', () => {
  const seen = new SeenHosts(new Set(['a.example.com', 'b.example.com']))
  seen.note(ok(exchange('https://b.example.com/first', { ttfbMs: 9 })))
  seen.note(ok(exchange('https://b.example.com/second', { ttfbMs: 1 })))
  seen.note(ok(exchange('https://b.example.com/first', { ttfbMs: 4, transferMs: 3 })))
  seen.note(ok({ ...handshake('a.example.com', 'TLSv1.3'), peer: '127.0.0.1:443', connectMs: 2, handshakeMs: 70 }))
  seen.note(ok({ hops: [exchange('https://a.example.com/', { connectMs: 30, tlsMs: 40, dnsMs: 5 }), exchange('https://a.example.com/next')], end: 'final' }))
  seen.note(ok({ ...exchange('https://a.example.com/', { connectMs: 1, tlsMs: 1 }), peer: '127.0.0.2:443' }))
  seen.note(ok(exchange('https://stranger.example.net/')))
  seen.note(ok(exchange('http://a.example.com/')))
  expect(seen.all.timings).toEqual([
    {
      host: 'a.example.com',
      url: 'https://a.example.com/',
      peer: '127.0.0.1:443',
      dnsMs: 5,
      connectMs: 2,
      tlsMs: 40,
      ttfbMs: 1,
      transferMs: 1,
      totalMs: 49,
      status: 200,
      httpVersion: '2',
    },
    { host: 'b.example.com', url: 'https://b.example.com/first', peer: '127.0.0.1:443', ttfbMs: 4, transferMs: 3, totalMs: 7, status: 200, httpVersion: '2' },
  ])
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
