import { describe, expect, test } from 'vitest'
import { normaliseTarget, type TargetInput } from './target.ts'
import { readRate, spanMs } from './target/rate-limit.ts'
import { targetSchema } from './target/schema.ts'
import { limitOf, waitWithin, zoneCosts, ZoneLedger, zonesFor } from './zones.ts'

const targetOf = (rateLimits: TargetInput['rateLimits']) =>
  normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': {}, api: {} }, rateLimits }), { sha256: '' })

describe('rates as people write them', () => {
  test.each([
    ['10/min', 10, 60_000],
    ['10r/m', 10, 60_000],
    ['100 r/s', 100, 1_000],
    ['5/500ms', 5, 500],
    ['1000/day', 1_000, 86_400_000],
    ['10/10minutes', 10, 600_000],
    ['0.5/s', 0.5, 1_000],
  ])('%s', (text, count, perMs) => {
    expect(readRate(text)).toEqual({ count, perMs })
  })
  test.each([['10'], ['0/s'], ['/s'], ['10/fortnight'], ['-1/s'], ['1e3/s'], ['10/0s'], ['']])('%j is no rate', (text) => {
    expect(readRate(text)).toBeUndefined()
  })
  test('spans', () => {
    expect([spanMs('min'), spanMs('60s'), spanMs('250ms'), spanMs('x')]).toEqual([60_000, 60_000, 250, undefined])
  })
})

describe('what a zone admits', () => {
  test('a bucket takes one more than its burst at once', () => {
    expect(limitOf({ limit: { rate: '10r/m', burst: 20, nodelay: true } })).toMatchObject({ kind: 'bucket', atOnce: 21, recoveryMs: 126_000, nodelay: true })
    expect(limitOf({ limit: { rate: 5, per: 's', burst: 5 } })).toMatchObject({ kind: 'bucket', atOnce: 6, perSecond: 5 })
    expect(limitOf({ limit: { rate: '5r/s', nodelay: false } })).toMatchObject({ kind: 'bucket', atOnce: 1, burst: 0 })
  })
  test('a number in a window takes all of it', () => {
    expect(limitOf({ limit: '10/min' })).toMatchObject({ kind: 'window', atOnce: 10, windowMs: 60_000 })
    expect(limitOf({ limit: { rate: '10/min', kind: 'sliding' } })).toMatchObject({ kind: 'sliding', windowMs: 60_000 })
    expect(limitOf({})).toBeUndefined()
  })
})

test('a request falls in every zone that means it', () => {
  const target = targetOf([
    { name: 'api', hosts: ['api'], paths: ['/api/*'], limit: '100/s' },
    { name: 'auth', hosts: ['api'], paths: ['/api/auth/*'], methods: ['POST'], limit: '10/min', request: { method: 'POST' } },
    { name: 'all', limit: '1000/s', exempt: ['/health'] },
  ])
  const names = (host: string, path: string, method?: string) =>
    zonesFor(target, { host, path, ...(method === undefined ? {} : { method }) }).map(({ name }) => name)
  expect(names('api.example.com', '/api/auth/login?x=/y', 'POST')).toEqual(['api', 'auth', 'all'])
  expect(names('API.example.com', '/api/auth/login')).toEqual(['api', 'all'])
  expect(names('example.com', '/api/auth/login', 'POST')).toEqual(['all'])
  expect(names('example.com', '/health')).toEqual([])
  expect(
    zoneCosts(target, [
      { host: 'api.example.com', path: '/api/x', times: 3 },
      { host: 'example.com', path: '/' },
    ]),
  ).toEqual({ api: 3, all: 4 })
})

describe('a turn is within the declared limits', () => {
  test('a window', () => {
    const limit = limitOf({ limit: '3/1000ms' })
    if (limit === undefined) throw new Error('no limit')
    expect(waitWithin(limit, [0, 10], 20)).toBe(0)
    expect(waitWithin(limit, [0, 10, 20], 30)).toBe(970)
    expect(waitWithin(limit, [0, 10, 20], 1_001)).toBe(0)
  })
  test('a bucket', () => {
    const limit = limitOf({ limit: { rate: '10/s', burst: 1 } })
    if (limit === undefined) throw new Error('no limit')
    expect(waitWithin(limit, [0], 0)).toBe(0)
    expect(waitWithin(limit, [0, 0], 0)).toBeCloseTo(100)
    expect(waitWithin(limit, [0, 0], 100)).toBe(0)
  })
  test('the ledger counts, waits, and knows when a zone is fresh', async () => {
    const target = targetOf([{ name: 'a', limit: '2/60ms' }])
    const ledger = new ZoneLedger(target)
    const request = { host: 'example.com', path: '/' }
    const start = performance.now()
    for (let turn = 0; turn < 5; turn += 1) await ledger.turn(request, new AbortController().signal)
    expect(performance.now() - start).toBeGreaterThan(100)
    expect(ledger.counts).toEqual({ a: 5 })
    const [zone] = zonesFor(target, request)
    if (zone === undefined) throw new Error('no zone')
    expect(ledger.settleMs(zone)).toBeGreaterThan(40)
    const controller = new AbortController()
    controller.abort(new Error('over'))
    ledger.note(request, 2)
    await expect(ledger.turn(request, controller.signal)).rejects.toThrow('over')
  })
  test('what somebody else used up is left to recover, once a run', async () => {
    const target = targetOf([{ name: 'a', limit: '2/60ms' }])
    const ledger = new ZoneLedger(target)
    const request = { host: 'example.com', path: '/' }
    const { signal } = new AbortController()
    const sentAt = performance.now()
    await ledger.turn(request, signal)
    // Two that were refused together wait together.
    expect(await Promise.all([ledger.recovered(request, sentAt, signal), ledger.recovered(request, sentAt, signal)])).toEqual([true, true])
    expect(performance.now() - sentAt).toBeGreaterThan(55)
    // Refused again although it is within the limits: that is the limiter's own word.
    expect(await ledger.recovered(request, performance.now(), signal)).toBe(false)
  })
})

describe('rateLimits in a target', () => {
  const read = (rateLimits: unknown): string =>
    targetSchema
      .safeParse({ domain: 'example.com', rateLimits })
      .error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      .join('; ') ?? ''
  test.each([
    [[{ name: 'a', limit: '10/min' }]],
    [[{ name: 'auth_limit', layer: 'edge', hosts: ['api'], paths: ['/api/auth/*'], limit: { rate: '10r/m', burst: 20, nodelay: true }, status: [429, 503] }]],
    [[{ name: 'connections', concurrency: 10 }]],
    [[{ name: 'open', retryAfter: 'required', headers: 'draft', secondAddress: '127.0.0.2', exempt: ['/health'] }]],
  ])('%j is right', (rateLimits) => {
    expect(read(rateLimits)).toBe('')
  })
  test.each([
    [[{ name: 'a', limit: '10' }], 'rateLimits.0.limit'],
    [[{ name: 'a' }, { name: 'a' }], 'rateLimits.1.name: two zones are named a'],
    [[{ name: 'a', key: 'header' }], 'rateLimits.0.key: key: header needs keyHeader'],
    [[{ name: 'a', limit: { rate: 10 } }], 'rateLimits.0.limit: a number as rate needs `per`'],
    [[{ name: 'a', methods: ['POST'], request: { method: 'GET' } }], 'rateLimits.0.request: the zone does not count GET'],
    [[{ name: 'a', paths: ['/api/*'], request: { path: '/login' } }], 'rateLimits.0.request: /login is not in paths'],
    [[{ name: 'a', request: { json: {}, body: '' } }], 'rateLimits.0.request: json and body are both given'],
  ])('%j is not', (rateLimits, problem) => {
    expect(read(rateLimits)).toContain(problem)
  })
})

test('zones that were left used up recover together, and once', async () => {
  const ledger = new ZoneLedger(
    targetOf([
      { name: 'short', hosts: ['api'], limit: '5/200ms' },
      { name: 'long', hosts: ['api'], limit: '5/300ms' },
      { name: 'unnumbered', hosts: ['api'] },
    ]),
  )
  const request = { host: 'api.example.com', path: '/' }
  const signal = new AbortController().signal
  ledger.note(request)
  const sentAt = performance.now()
  expect(await Promise.all([ledger.recovered(request, sentAt, signal), ledger.recovered(request, sentAt, signal)])).toEqual([true, true])
  const waited = performance.now() - sentAt
  expect(waited).toBeGreaterThan(290)
  expect(waited).toBeLessThan(480)
  // What is refused by a zone that has recovered is refused for good.
  expect(await ledger.recovered(request, performance.now(), signal)).toBe(false)
})
