import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import type { Observed, Probe } from './probe.ts'
import { normaliseTarget } from './target.ts'
import { targetSchema } from './target/schema.ts'
import { clockSkewSeconds, dateSample, vantageOf } from './vantage.ts'

const target = (network = {}) => normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': {} }, network }), { sha256: '0'.repeat(64) })
const ok = (value: unknown): Observed<unknown> => ({ ok: true, value, startedAt: '', durationMs: 0, attempts: 1 })
const failed: Observed<unknown> = { ok: false, failure: { code: 'TIMEOUT', message: '', phase: 'resolve' }, startedAt: '', durationMs: 0, attempts: 1 }
const probe = (kind: string) => ({ kind }) as Probe<unknown>
const answer = (headers: [string, string][], url = 'https://api.example.com/') => ok({ url, peer: '192.0.2.1:443', at: '2026-11-21T12:00:10.000Z', headers })

describe('the clock', () => {
  test('ours minus theirs, by host', () => {
    expect(dateSample(probe('httpRequest'), answer([['Date', 'Sat, 21 Nov 2026 12:00:00 GMT']]))).toEqual({ peer: 'api.example.com', skewSeconds: 10 })
  })
  test.each<[string, string, Observed<unknown>]>([
    ['another probe', 'tlsHandshake', answer([['Date', 'Sat, 21 Nov 2026 12:00:00 GMT']])],
    ['a failure', 'httpRequest', failed],
    ['no date', 'httpRequest', answer([])],
    [
      'out of a cache',
      'httpRequest',
      answer([
        ['Date', 'Sat, 21 Nov 2026 11:00:00 GMT'],
        ['age', '3600'],
      ]),
    ],
    ['another form of date', 'httpRequest', answer([['Date', 'Saturday, 21-Nov-26 12:00:00 GMT']])],
    ['no date at all', 'httpRequest', answer([['Date', 'now']])],
    ['another zone', 'httpRequest', answer([['Date', 'Sat, 21 Nov 2026 12:00:00 CET']])],
  ])('%s says nothing', (_name, kind, observed) => {
    expect(dateSample(probe(kind), observed)).toBeUndefined()
  })
  test('three hosts at least, one sample each, the median', () => {
    const sample = (peer: string, skewSeconds: number) => ({ peer, skewSeconds })
    expect(clockSkewSeconds([])).toBeUndefined()
    expect(clockSkewSeconds([sample('a', 1), sample('b', 1)])).toBeUndefined()
    // Many answers of one host are one voice.
    expect(clockSkewSeconds([sample('a', 1), sample('a', 2), sample('a', 3), sample('b', 1)])).toBeUndefined()
    // One host with a wrong clock does not make ours wrong.
    expect(clockSkewSeconds([sample('a', 0), sample('b', 0.24), sample('c', 86_400)])).toBe(0.2)
    expect(clockSkewSeconds([sample('a', -400), sample('b', -410), sample('c', 0)])).toBe(-400)
  })
})

describe('the network', () => {
  test.each([
    ['nothing asked', { asked: 0, answered: 0 }, 'none'],
    ['all failed', { asked: 2, answered: 0 }, 'failing'],
    ['one of many answered', { asked: 3, answered: 1 }, 'ok'],
  ] as const)('the resolver: %s', (_name, questions, expected) => {
    expect(vantageOf(target(), questions).resolver).toBe(expected)
  })
  test('families as the interfaces have them; the target may deny IPv6', () => {
    const outside = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).filter((one) => !one.internal))
    const seen = vantageOf(target(), { asked: 0, answered: 0 })
    expect(seen.ipv4).toBe(outside.some((one) => one.family === 'IPv4'))
    expect(vantageOf(target({ ipv6: false }), { asked: 0, answered: 0 }).ipv6).toBe(false)
    expect(seen).not.toHaveProperty('clockSkewSeconds')
  })
})
