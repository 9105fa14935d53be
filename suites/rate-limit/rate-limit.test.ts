/** What the checks say of a limiter, by plain observations: a healthy one, then one thing wrong at a time. */
import { describe, expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import type { ConcurrentObservation } from '../../helpers/probes/concurrent.ts'
import type { HeldBodiesObservation } from '../../helpers/probes/held-bodies.ts'
import type { LimiterObservation, LimiterSample, Tried } from '../../helpers/probes/limiter.ts'
import type { VolumeObservation } from '../../helpers/probes/volume.ts'
import type { Fate } from '../../helpers/rejection.ts'
import { normaliseTarget, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import accountBypass from './account-bypass.check.ts'
import backend from './backend.check.ts'
import bruteForce from './brute-force.check.ts'
import clientIsolation from './client-isolation.check.ts'
import concurrency from './concurrency.check.ts'
import connectionBypass from './connection-bypass.check.ts'
import delay from './delay.check.ts'
import enforced from './enforced.check.ts'
import headerBypass from './header-bypass.check.ts'
import headers from './headers.check.ts'
import heldBodies from './held-bodies.check.ts'
import layer from './layer.check.ts'
import methodBypass from './method-bypass.check.ts'
import networkBypass from './network-bypass.check.ts'
import notTooEarly from './not-too-early.check.ts'
import pathBypass from './path-bypass.check.ts'
import rate from './rate.check.ts'
import recovery from './recovery.check.ts'
import retryAfter from './retry-after.check.ts'
import scope from './scope.check.ts'
import stability from './stability.check.ts'
import status from './status.check.ts'
import uncached from './uncached.check.ts'
import volume from './volume.check.ts'

type Entry = NonNullable<TargetInput['rateLimits']>[number]
const ENTRY: Entry = {
  name: 'api',
  paths: ['/api/*'],
  limit: { rate: '10/s', burst: 4, nodelay: true },
  exempt: ['/health'],
  secondAddress: '127.0.0.2',
  rejection: { body: 'nginx' },
  backend: { port: 3000 },
}
const targetOf = (entry: Entry) => normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': {} }, rateLimits: [entry] }), { sha256: '' })

const sample = (phase: LimiterSample['phase'], sentMs: number, admitted: boolean, more: Partial<LimiterSample> = {}): LimiterSample => ({
  phase,
  dueMs: sentMs,
  sentMs,
  doneMs: sentMs + 1,
  status: admitted ? 200 : 429,
  headers: [],
  body: admitted ? 'ok' : '<center>nginx</center>',
  fate: admitted ? 'admitted' : 'refused',
  ...more,
})
/** Ten a second and five at once, as a bucket answers: a flood of twelve, then one request each 31 ms. */
const bucket = (perSecond = 10, capacity = 5): LimiterSample[] => {
  let tokens = capacity
  let last = 0
  const at = [...Array.from({ length: 12 }, (_, index) => index * 0.5), ...Array.from({ length: 30 }, (_, index) => 30 + index * 31)]
  return at.map((sentMs, index) => {
    tokens = Math.min(capacity, tokens + ((sentMs - last) * perSecond) / 1_000)
    last = sentMs
    const admitted = tokens >= 1
    if (admitted) tokens -= 1
    return sample(index === 0 ? 'first' : index < 12 ? 'flood' : 'paced', sentMs, admitted)
  })
}
/** Few answers, and some requests on their way for long: nothing tells where. */
const wavering = (samples: LimiterSample[]): LimiterSample[] =>
  samples
    .slice(0, 18)
    .map((one, index) =>
      index < 12 || index % 4 === 0
        ? one
        : { ...one, sentMs: one.sentMs - 20 * (index % 3), dueMs: one.dueMs - 20 * (index % 3), doneMs: one.doneMs + 40 * (index % 2) },
    )
const tried = (kind: Tried['kind'], name: string, fate: Fate = 'refused', more: Partial<Tried> = {}): Tried => ({
  kind,
  name,
  fate,
  answer: sample('screen', 20, fate === 'admitted'),
  ...more,
})
const HEALTHY: LimiterObservation = {
  zone: 'api',
  url: 'https://example.com/api/',
  method: 'GET',
  peer: '127.0.0.1:443',
  at: '2026-01-01T00:00:00.000Z',
  samples: bucket(),
  usual: 200,
  baselineMs: 1,
  tried: [
    tried('header', 'X-Forwarded-For'),
    tried('path', '/API/'),
    tried('method', 'HEAD'),
    tried('fresh', 'fresh connection 1'),
    tried('h2', 'HTTP/2'),
    tried('address', '127.0.0.2', 'admitted'),
    tried('exempt', '/health', 'admitted'),
    tried('zone', 'login', 'admitted'),
  ],
  recovery: { quietMs: 150, fate: 'admitted', status: 200 },
  sent: 60,
  startedMs: Date.parse('2026-01-01T00:00:00Z'),
}
const judge = (check: Check, look: unknown, entry: Entry = ENTRY): Verdict => {
  const target = targetOf(entry)
  const [subject] = check.subjects(target)
  if (subject === undefined) throw new Error(`${check.id} has no subject`)
  return check.judge({ look, port: look } as never, { target, subject, now: new Date('2026-01-01T00:00:00Z'), options: check.options })
}
const told = (verdict: Verdict): string => (verdict.outcome === 'fail' || verdict.outcome === 'warn' ? `${verdict.outcome} ${verdict.code}` : verdict.outcome)
/** The refusals changed. */
const refusals = (change: (one: LimiterSample) => Partial<LimiterSample>): LimiterObservation => ({
  ...HEALTHY,
  samples: HEALTHY.samples.map((one) => (one.fate === 'refused' ? { ...one, ...change(one) } : one)),
})
const withTried = (...changed: readonly Tried[]): LimiterObservation => ({
  ...HEALTHY,
  tried: [...HEALTHY.tried.filter((one) => !changed.some(({ kind }) => kind === one.kind)), ...changed],
})
const again = (admitted: number, ordinaryRefused = 4, tookMs = 5): Partial<Tried> => ({ again: { times: 4, admitted, ordinary: 4, ordinaryRefused, tookMs } })
const header = (name: string, value: string) => () => ({ headers: [[name, value]] as const })
const samples = (list: readonly LimiterSample[]): LimiterObservation => ({ ...HEALTHY, samples: list })
const open = (count: number): LimiterObservation => samples(Array.from({ length: count }, (_, index) => sample('flood', index, true)))
/** What remains, told with each answer. */
const remaining = (...quotas: readonly (readonly [atMs: number, remaining: number])[]): LimiterObservation =>
  samples(quotas.map(([at, left]) => sample('paced', at, true, { headers: [['ratelimit', `"api";r=${left};t=1`]] })))
const WINDOW: Entry = { ...ENTRY, limit: { rate: '9/s', kind: 'fixed' }, headers: 'draft' }
const REQUIRED: Entry = { ...ENTRY, retryAfter: 'required' }
const DRAFT: Entry = { ...ENTRY, headers: 'draft' }
const quota = (refused: string, policy = '"api";q=5;w=1'): LimiterObservation => ({
  ...HEALTHY,
  samples: HEALTHY.samples.map((one) => ({
    ...one,
    headers: [
      ['ratelimit-policy', policy],
      ['ratelimit', one.fate === 'refused' ? refused : '"api";r=0;t=1'],
    ] as const,
  })),
})

describe('a healthy limit', () => {
  test.each(
    [
      enforced,
      notTooEarly,
      status,
      recovery,
      rate,
      stability,
      connectionBypass,
      headerBypass,
      pathBypass,
      methodBypass,
      clientIsolation,
      scope,
      layer,
      delay,
      uncached,
    ].map((check) => [check.id, check] as const),
  )('%s passes, with evidence', (_, check) => {
    const verdict = judge(check, HEALTHY)
    expect(told(verdict)).toBe('pass')
    expect(verdict.evidence.length).toBeGreaterThan(0)
    for (const item of verdict.evidence) expect([item.expected, item.received].every((text) => text.length > 0)).toBe(true)
  })
  test('enforced and rate show the requests and the limiter fitted to them', () => {
    for (const check of [enforced, rate])
      expect(judge(check, HEALTHY).figures?.[0]).toMatchObject({ kind: 'requests', points: { length: 42 }, model: { line: expect.any(Array) } })
  })
})

/** Eight in 400 ms, as a sliding window answers to one request each 45 ms and then to one each 20 ms. */
function windowed(most: number): LimiterObservation {
  const passed: number[] = []
  return samples(
    Array.from({ length: 60 }, (_, index) => {
      const sentMs = index < 14 ? index * 45 : 630 + (index - 14) * 20
      const admitted = passed.filter((at) => at > sentMs - 400).length < most
      if (admitted) passed.push(sentMs)
      return sample(index === 0 ? 'first' : 'flood', sentMs, admitted)
    }),
  )
}
const SLIDING: Entry = { name: 'api', paths: ['/api/*'], limit: { rate: '8/400ms', kind: 'sliding' } }

describe('one thing wrong', () => {
  test('a window that ends while it is filled tells by all requests together', () => {
    expect(told(judge(enforced, windowed(8), SLIDING))).toBe('pass')
    expect(told(judge(enforced, windowed(30), SLIDING))).not.toBe('pass')
    expect(told(judge(enforced, windowed(60), SLIDING))).toBe('fail rate-limit.not-enforced')
  })
  test.each<[string, Check, LimiterObservation, string, Entry?]>([
    ['nothing is refused', enforced, open(60), 'fail rate-limit.not-enforced'],
    [
      'refused after far too many',
      enforced,
      samples([
        ...Array.from({ length: 30 }, (_, index) => sample('flood', index * 0.1, true)),
        ...Array.from({ length: 9 }, (_, index) => sample('flood', 4 + index, false)),
      ]),
      'fail rate-limit.too-late',
    ],
    [
      'four processes',
      enforced,
      samples([
        ...Array.from({ length: 20 }, (_, index) => sample('flood', index * 0.1, true)),
        ...Array.from({ length: 9 }, (_, index) => sample('flood', 4 + index, false)),
      ]),
      'fail rate-limit.per-process',
      { ...ENTRY, workers: 4 },
    ],
    ['no number is declared and nothing is refused', enforced, open(300), 'fail rate-limit.not-enforced', { name: 'api' }],
    ['too few requests reached it', enforced, open(3), 'inconclusive'],
    [
      'only another layer refuses',
      enforced,
      samples([
        ...Array.from({ length: 10 }, (_, index) => sample('flood', index, true)),
        ...Array.from({ length: 40 }, (_, index) => sample('flood', 20 + index * 0.1, false, { fate: 'refused elsewhere' })),
      ]),
      'fail rate-limit.not-enforced',
    ],
    [
      'three of five get through',
      notTooEarly,
      samples([...Array.from({ length: 3 }, (_, index) => sample('flood', index, true)), sample('flood', 9, false)]),
      'fail rate-limit.too-early',
    ],
    ['used by somebody else', notTooEarly, { ...HEALTHY, used: true }, 'fail rate-limit.in-use'],
    ['503 instead of 429', status, refusals(() => ({ status: 503 })), 'fail rate-limit.status'],
    ['one of them with 503', status, samples([...HEALTHY.samples, sample('paced', 2_000, false, { status: 503 })]), 'fail rate-limit.status'],
    ['a page with 200', status, refusals(() => ({ status: 200 })), 'fail rate-limit.status-success'],
    ['no Retry-After, declared', retryAfter, HEALTHY, 'fail rate-limit.retry-after.missing', REQUIRED],
    ['no Retry-After, nothing declared', retryAfter, HEALTHY, 'warn rate-limit.retry-after.missing'],
    ['no Retry-After, which may be missing', retryAfter, HEALTHY, 'pass', { ...ENTRY, retryAfter: 'optional' }],
    ['a second', retryAfter, refusals(header('Retry-After', '1')), 'pass', REQUIRED],
    ['an hour', retryAfter, refusals(header('retry-after', '3600')), 'fail rate-limit.retry-after.too-long', REQUIRED],
    ['a fraction', retryAfter, refusals(header('retry-after', '0.5')), 'fail rate-limit.retry-after.malformed', REQUIRED],
    ['words', retryAfter, refusals(header('retry-after', 'soon')), 'fail rate-limit.retry-after.malformed', REQUIRED],
    ['a date gone by', retryAfter, refusals(header('retry-after', 'Wed, 31 Dec 2025 23:00:00 GMT')), 'fail rate-limit.retry-after.past', REQUIRED],
    [
      'a date by a server whose clock is an hour behind',
      retryAfter,
      refusals(() => ({
        headers: [
          ['retry-after', 'Wed, 31 Dec 2025 23:00:01 GMT'],
          ['date', 'Wed, 31 Dec 2025 23:00:00 GMT'],
        ],
      })),
      'pass',
      REQUIRED,
    ],
    ['always 0', retryAfter, refusals(header('retry-after', '0')), 'fail rate-limit.retry-after.past', REQUIRED],
    [
      'there although declared absent',
      retryAfter,
      refusals(header('retry-after', '1')),
      'warn rate-limit.retry-after.unwanted',
      { ...ENTRY, retryAfter: 'absent' },
    ],
    [
      'never opens',
      recovery,
      {
        ...samples(HEALTHY.samples.filter(({ phase, fate }) => phase !== 'paced' || fate === 'refused')),
        recovery: { quietMs: 150, fate: 'refused', status: 429 },
      },
      'fail rate-limit.never-recovers',
    ],
    [
      'opens after quiet alone',
      recovery,
      samples(HEALTHY.samples.filter(({ phase, fate }) => phase !== 'paced' || fate === 'refused')),
      'fail rate-limit.restarts',
    ],
    ['a ban', recovery, { ...HEALTHY, bannedSeconds: 3_600 }, 'fail rate-limit.banned'],
    ['twice the rate', rate, samples(bucket(20)), 'fail rate-limit.rate-high'],
    ['half the rate', rate, samples(bucket(5)), 'fail rate-limit.rate-low'],
    ['a rate that may be the declared one, two thirds of it or twice as much', rate, samples(wavering(bucket(8))), 'inconclusive'],
    [
      'held back on the way, too long to time it',
      rate,
      samples(bucket().map((one) => ({ ...one, doneMs: one.sentMs + (one.phase === 'paced' && one.fate === 'admitted' ? 200 : 1) }))),
      'inconclusive',
    ],
    [
      'a way whose length wavers holds nothing back',
      rate,
      samples(bucket().map((one, index) => ({ ...one, doneMs: one.sentMs + (index % 4 === 0 ? 1 : 60) }))),
      'pass',
    ],
    ['one failed', stability, samples([...HEALTHY.samples, sample('paced', 2_000, true, { status: 502, fate: 'broken' })]), 'fail rate-limit.errors'],
    ['the load was ended', stability, { ...HEALTHY, aborted: '5 of 9 requests failed' }, 'fail rate-limit.aborted'],
    [
      'a fresh connection gets around',
      connectionBypass,
      withTried(tried('fresh', 'fresh connection 1', 'admitted', again(4))),
      'fail rate-limit.connection-bypass',
    ],
    ['HTTP/2 gets around', connectionBypass, withTried(tried('h2', 'HTTP/2', 'admitted', again(4))), 'fail rate-limit.connection-bypass'],
    ['one got what had come in meanwhile', connectionBypass, withTried(tried('fresh', 'fresh connection 1', 'admitted', again(1))), 'pass'],
    ['all get through, ordinary ones too', connectionBypass, withTried(tried('fresh', 'fresh connection 1', 'admitted', again(4, 0))), 'inconclusive'],
    ['it refills faster than requests travel', headerBypass, withTried(tried('header', 'X-Forwarded-For', 'admitted', again(4, 1, 2_000))), 'inconclusive'],
    ['most ordinary ones got through beside it', headerBypass, withTried(tried('header', 'X-Forwarded-For', 'admitted', again(4, 1, 300))), 'inconclusive'],
    ['a forged header gets around', headerBypass, withTried(tried('header', 'X-Forwarded-For', 'admitted', again(4))), 'fail rate-limit.header-bypass'],
    ['the limit was not empty: ordinary ones got through, too', methodBypass, withTried(tried('method', 'HEAD', 'admitted', again(4, 1))), 'inconclusive'],
    ['HEAD gets around', methodBypass, withTried(tried('method', 'HEAD', 'admitted', again(4))), 'fail rate-limit.method-bypass'],
    ['HEAD is not known there', methodBypass, withTried(tried('method', 'HEAD', 'admitted')), 'pass'],
    [
      'a page with 200, which HEAD cannot show',
      methodBypass,
      { ...refusals(() => ({ status: 200 })), tried: [tried('method', 'HEAD', 'admitted', again(4))] },
      'inconclusive',
    ],
    [
      'a window opened meanwhile, for all',
      connectionBypass,
      withTried(tried('h2', 'HTTP/2', 'admitted', again(4, 2))),
      'inconclusive',
      { ...ENTRY, limit: { rate: '5/s', kind: 'fixed' } },
    ],
    [
      'in one window a fresh connection gets around',
      connectionBypass,
      withTried(tried('h2', 'HTTP/2', 'admitted', again(4))),
      'fail rate-limit.connection-bypass',
      { ...ENTRY, limit: { rate: '5/s', kind: 'fixed' } },
    ],
    [
      'late together, as on a busy machine',
      delay,
      samples(HEALTHY.samples.map((one) => (one.phase === 'flood' && one.fate === 'admitted' ? { ...one, doneMs: 400 } : one))),
      'inconclusive',
    ],
    ['another spelling gets around', pathBypass, withTried(tried('path', '/API/', 'admitted', again(4))), 'fail rate-limit.path-bypass'],
    ['another spelling is another page', pathBypass, withTried(tried('path', '/API/', 'admitted')), 'pass'],
    ['nothing was tried', pathBypass, { ...HEALTHY, tried: [] }, 'inconclusive'],
    ['another client is refused', clientIsolation, withTried(tried('address', '127.0.0.2')), 'fail rate-limit.shared-key'],
    ['another client gets no answer', clientIsolation, withTried(tried('address', '127.0.0.2', 'broken')), 'inconclusive'],
    ['health checks are refused', scope, withTried(tried('exempt', '/health')), 'fail rate-limit.exempt-refused'],
    ['another zone is exhausted', scope, withTried(tried('zone', 'login')), 'fail rate-limit.zones-shared'],
    ['refused by JSON', layer, refusals(() => ({ body: '{"error":"Too many"}' })), 'fail rate-limit.layer'],
    ['refused elsewhere alone', layer, refusals(() => ({ fate: 'refused elsewhere', body: '{}' })), 'fail rate-limit.layer'],
    [
      'held back',
      delay,
      samples(HEALTHY.samples.map((one, index) => (one.phase === 'flood' && one.fate === 'admitted' ? { ...one, doneMs: one.sentMs + index * 100 } : one))),
      'fail rate-limit.delayed',
    ],
    ['not held back', delay, HEALTHY, 'fail rate-limit.undelayed', { ...ENTRY, limit: { rate: '10/s', burst: 4, nodelay: false } }],
    ['may be stored', uncached, refusals(header('cache-control', 'public, max-age=60')), 'fail rate-limit.cacheable'],
    ['came out of a cache', uncached, refusals(header('age', '12')), 'fail rate-limit.cacheable'],
    ['max-age=0', uncached, refusals(header('cache-control', 'max-age=0')), 'pass'],
    ['nothing said of a quota', headers, HEALTHY, 'skip'],
    ['nothing said, though declared', headers, HEALTHY, 'fail rate-limit.headers.missing', DRAFT],
    ['a true quota', headers, quota('"api";r=0;t=1'), 'pass', DRAFT],
    ['requests remain on a refusal', headers, quota('"api";r=3;t=1'), 'fail rate-limit.headers.remaining', DRAFT],
    ['a reset in an hour', headers, quota('"api";r=0;t=3600'), 'fail rate-limit.headers.reset', DRAFT],
    ['cannot be read', headers, quota('"api";r=x'), 'fail rate-limit.headers.malformed', DRAFT],
    ['another limit', headers, quota('"api";r=0;t=1', '"api";q=100;w=1'), 'fail rate-limit.headers.limit', DRAFT],
    ['a window begins anew between two requests', headers, remaining([0, 8], [500, 3], [501.5, 2], [503, 8]), 'pass', WINDOW],
    [
      'a window begins anew twice within its time',
      headers,
      remaining([0, 8], [501, 2], [503, 8], [540, 2], [543, 8]),
      'fail rate-limit.headers.remaining',
      WINDOW,
    ],
    ['X-RateLimit alone', headers, refusals(header('x-ratelimit-remaining', '0')), 'warn rate-limit.headers.legacy'],
  ])('%s (%#)', (_, check, look, wanted, entry) => {
    const verdict = judge(check, look, entry)
    expect(told(verdict)).toBe(wanted)
    if (verdict.outcome === 'fail' || verdict.outcome === 'warn') expect(Object.keys(check.codes)).toContain(verdict.code)
  })
  test.each(
    [
      enforced,
      notTooEarly,
      status,
      retryAfter,
      recovery,
      rate,
      connectionBypass,
      headerBypass,
      pathBypass,
      methodBypass,
      clientIsolation,
      scope,
      layer,
      delay,
      uncached,
      headers,
    ].map((check) => [check.id, check] as const),
  )('%s never passes on a look that was ended, or that began with an error', (_, check) => {
    expect(told(judge(check, { ...HEALTHY, aborted: 'answers take 900 ms' }))).toBe('inconclusive')
    const { usual: _usual, ...rest } = HEALTHY
    expect(told(judge(check, { ...rest, samples: [sample('first', 0, false, { status: 0, fate: 'broken', failure: 'ECONNRESET' })], tried: [] }))).toBe(
      'inconclusive',
    )
  })
})

describe('requests under way at once', () => {
  const ENTRY4: Entry = { name: 'api', concurrency: 4, status: 503, secondAddress: '127.0.0.2' }
  const crowd = (admitted: number, together = admitted, refusedStatus = 503) => ({
    asked: 7,
    answers: Array.from({ length: 7 }, (_, index) => ({ ...sample('flood', 0, index < admitted), status: index < admitted ? 200 : refusedStatus })),
    together,
  })
  const look: ConcurrentObservation = {
    zone: 'api',
    url: 'https://example.com/',
    method: 'GET',
    peer: '127.0.0.1:443',
    at: '2026-01-01T00:00:00.000Z',
    usual: 200,
    http1: crowd(4),
    http2: crowd(4),
    second: sample('flood', 0, true),
    after: sample('flood', 9, true),
    sent: 17,
  }
  test.each<[string, Partial<ConcurrentObservation>, string]>([
    ['healthy', {}, 'pass'],
    ['all at once', { http1: crowd(7) }, 'fail rate-limit.concurrency.unlimited'],
    ['all as streams', { http2: crowd(7) }, 'fail rate-limit.concurrency.h2'],
    ['answered one after the other', { http1: crowd(7, 2), http2: crowd(7, 2) }, 'inconclusive'],
    ['more seen from here at once, yet not surely over there', { http1: { ...crowd(5), surely: 3 } }, 'inconclusive'],
    ['surely more at once', { http1: { ...crowd(6), surely: 5 } }, 'fail rate-limit.concurrency.unlimited'],
    ['two alone', { http1: crowd(2) }, 'fail rate-limit.concurrency.early'],
    ['429', { http1: crowd(4, 4, 429) }, 'fail rate-limit.concurrency.status'],
    ['another client is refused', { second: sample('flood', 0, false) }, 'fail rate-limit.concurrency.shared'],
    ['refused afterwards', { after: sample('flood', 9, false) }, 'fail rate-limit.concurrency.stuck'],
  ])('%s', (_, change, wanted) => {
    expect(told(judge(concurrency, { ...look, ...change }, ENTRY4))).toBe(wanted)
  })
  test('nothing to compare with', () => {
    const { usual: _usual, ...rest } = look
    expect(told(judge(concurrency, rest, ENTRY4))).toBe('inconclusive')
  })
})

test.each([
  ['open', 'fail rate-limit.backend-open'],
  ['refused', 'pass'],
  ['filtered', 'pass'],
  ['unreachable', 'inconclusive'],
])('a port behind the limit that is %s', (state, wanted) => {
  expect(told(judge(backend, { address: '127.0.0.1', port: 3000, state, at: '' }))).toBe(wanted)
})

describe('a sign-in', () => {
  const SIGN_IN: Entry = { ...ENTRY, methods: ['POST'], request: { method: 'POST', json: { email: 'a@example.com' } }, accountField: 'email' }
  const away = (fate: Fate = 'refused', more: Partial<Tried> = {}): Tried => tried('account-away', '127.0.0.2', fate, more)
  const look = withTried(tried('account', 'another account'), away())
  const { secondAddress: _second, ...alone } = SIGN_IN
  test.each<[string, Check, LimiterObservation, string, Entry?]>([
    ['healthy', accountBypass, look, 'pass'],
    ['healthy', bruteForce, look, 'pass'],
    ['healthy', methodBypass, look, 'pass'],
    [
      'counted by account, another one is let through',
      clientIsolation,
      { ...HEALTHY, tried: [tried('other-key', 'another account', 'admitted')] },
      'pass',
      { ...SIGN_IN, key: 'account' },
    ],
    [
      'counted by account, and for all together',
      clientIsolation,
      { ...HEALTHY, tried: [tried('other-key', 'another account')] },
      'fail rate-limit.shared-key',
      { ...SIGN_IN, key: 'account' },
    ],
    ['another account gets around', accountBypass, withTried(tried('account', 'another account', 'admitted', again(4))), 'fail rate-limit.account-bypass'],
    ['another account got what had come in', accountBypass, withTried(tried('account', 'another account', 'admitted', again(1))), 'pass'],
    ['no attempt is refused', bruteForce, open(60), 'fail rate-limit.brute-force.unlimited'],
    ['too few attempts', bruteForce, open(4), 'inconclusive'],
    ['from another address it goes on', bruteForce, withTried(away('admitted', again(4))), 'warn rate-limit.brute-force.address-only'],
    ['from another address it got what had come in', bruteForce, withTried(away('admitted', again(1))), 'pass'],
    ['it refills faster than requests travel', bruteForce, withTried(away('admitted', again(4, 4, 2_000))), 'inconclusive'],
    ['let through once, and the look ended', bruteForce, withTried(away('admitted')), 'inconclusive'],
    ['the second address gets no answer', bruteForce, withTried(away('broken')), 'inconclusive'],
    ['locked for an hour', bruteForce, { ...HEALTHY, bannedSeconds: 3_600 }, 'pass'],
    ['no second address', bruteForce, HEALTHY, 'pass', alone],
  ])('%s (%#)', (_, check, seen, wanted, entry = SIGN_IN) => {
    const verdict = judge(check, seen, entry)
    expect(told(verdict)).toBe(wanted)
    if (verdict.outcome !== 'inconclusive') expect(verdict.evidence.length).toBeGreaterThan(0)
  })
  test('without a second address it says that it did not look from one', () => {
    expect(JSON.stringify(judge(bruteForce, HEALTHY, alone).evidence)).toContain('not looked at')
  })
  test('what may change of the answer to another method is asked of nobody who only counts GET', () => {
    expect(methodBypass.subjects(targetOf({ ...ENTRY, methods: ['GET'] }))).toEqual([])
    expect(methodBypass.subjects(targetOf(ENTRY))).toHaveLength(1)
  })
})

describe('requests whose body does not come', () => {
  const UPLOADS: Entry = { name: 'api', methods: ['POST'], request: { method: 'POST' }, concurrency: 3, status: 503, secondAddress: '127.0.0.2' }
  const one = (fate: Fate, code = fate === 'admitted' ? 200 : 503) => ({ ...sample('flood', 0, fate === 'admitted'), status: code, fate })
  const silent = { ...one('broken', 0), failure: 'TIMEOUT' }
  const look: HeldBodiesObservation = {
    zone: 'api',
    url: 'https://example.com/',
    method: 'POST',
    peer: '127.0.0.1:443',
    at: '2026-01-01T00:00:00.000Z',
    usual: 200,
    held: 3,
    answered: [],
    meanwhile: [one('refused'), one('refused')],
    second: one('admitted'),
    after: one('admitted'),
  }
  test.each<[string, Partial<HeldBodiesObservation>, string]>([
    ['healthy', {}, 'pass'],
    ['further ones are let through', { meanwhile: [one('admitted'), one('admitted')] }, 'fail rate-limit.held-bodies.uncounted'],
    ['one of them is let through', { meanwhile: [one('refused'), one('admitted')] }, 'fail rate-limit.held-bodies.uncounted'],
    ['nothing is answered any more', { meanwhile: [silent, silent] }, 'fail rate-limit.held-bodies.blocks'],
    ['another client is refused', { second: one('refused') }, 'fail rate-limit.held-bodies.blocks'],
    ['another client gets no answer', { second: silent }, 'fail rate-limit.held-bodies.blocks'],
    ['refused afterwards', { after: one('refused') }, 'fail rate-limit.held-bodies.stuck'],
    ['answered before their bodies', { answered: [one('admitted')] }, 'inconclusive'],
    ['ended at once', { answered: [{ ...one('broken', 0), failure: 'EOF' }] }, 'inconclusive'],
  ])('%s', (_, change, wanted) => {
    const verdict = judge(heldBodies, { ...look, ...change }, UPLOADS)
    expect(told(verdict)).toBe(wanted)
    expect(verdict.evidence.length).toBeGreaterThan(0)
  })
  test('is asked of the edge alone, and of requests with a body', () => {
    expect(heldBodies.subjects(targetOf({ ...UPLOADS, layer: 'app' }))).toEqual([])
    expect(heldBodies.subjects(targetOf({ name: 'api', concurrency: 3 }))).toEqual([])
    expect(heldBodies.subjects(targetOf(UPLOADS))).toHaveLength(1)
  })
  test('nothing to compare with', () => {
    const { usual: _usual, ...rest } = look
    expect(told(judge(heldBodies, rest, UPLOADS))).toBe('inconclusive')
  })
})

describe('another address of the same network', () => {
  const NEAR: Entry = { ...ENTRY, sameNetwork: ['fd00::1', 'fd00::2'] }
  const near = (fate: Fate, more: Partial<Tried> = {}) => ({ ...HEALTHY, tried: [tried('network', 'fd00::2 beside fd00::1', fate, more)] })
  test.each<[string, LimiterObservation, string]>([
    ['is refused', near('refused'), 'pass'],
    ['got what had come in', near('admitted', again(1)), 'pass'],
    ['gets around', near('admitted', again(4)), 'fail rate-limit.network-bypass'],
    ['gets around, as everybody does', near('admitted', again(4, 0)), 'inconclusive'],
    ['gets no answer', near('broken'), 'inconclusive'],
    ['was not asked', { ...HEALTHY, tried: [] }, 'inconclusive'],
    ['nothing was refused', open(60), 'inconclusive'],
  ])('%s', (_, look, wanted) => {
    expect(told(judge(networkBypass, look, NEAR))).toBe(wanted)
  })
  test('is asked of limits by address alone', () => {
    expect(networkBypass.subjects(targetOf({ ...NEAR, key: 'global' }))).toEqual([])
    expect(networkBypass.subjects(targetOf(ENTRY))).toEqual([])
  })
})

describe('sustained volume', () => {
  const VOLUME: Entry = { ...ENTRY, volume: { requests: 1_000 } }
  const answer = (fate: Fate, code = 200) => ({ ...sample('flood', 0, fate === 'admitted'), status: code, fate })
  // Ten a second and five at once, for two seconds.
  const look: VolumeObservation = {
    zone: 'api',
    url: 'https://example.com/api/',
    method: 'GET',
    peer: '127.0.0.1:443',
    at: '2026-01-01T00:00:00.000Z',
    usual: 200,
    baselineMs: 2,
    sent: 1_000,
    durationMs: 2_000,
    fates: { admitted: 25, refused: 975, 'refused elsewhere': 0, broken: 0 },
    statuses: { 'admitted 200': 25, 'refused 429': 975 },
    points: [{ atMs: 0, fate: 'admitted', status: 200 }],
    neighbours: [{ kind: 'exempt', name: '/health', before: answer('admitted'), meanwhile: [answer('admitted'), answer('admitted')] }],
    busy: 0.4,
  }
  const fates = (admitted: number, refused: number, elsewhere = 0, broken = 0) => ({
    fates: { admitted, refused, 'refused elsewhere': elsewhere, broken },
    statuses: { 'admitted 200': admitted, 'refused 429': refused, ...(broken === 0 ? {} : { 'broken 502': broken }) },
  })
  const meanwhile = (...fate: readonly Fate[]) => ({
    neighbours: [{ kind: 'address' as const, name: '127.0.0.2', before: answer('admitted'), meanwhile: fate.map((one) => answer(one, 503)) }],
  })
  test.each<[string, Partial<VolumeObservation>, string, Entry?]>([
    ['healthy', {}, 'pass'],
    ['a tenth more than allowed', fates(27, 973), 'pass'],
    ['nobody beside it', { neighbours: [] }, 'pass'],
    [
      'a neighbour that was refused before',
      { neighbours: [{ kind: 'exempt', name: '/health', before: answer('refused', 429), meanwhile: [answer('refused', 429)] }] },
      'pass',
    ],
    ['twice as much as allowed', fates(50, 950), 'fail rate-limit.volume.opens'],
    ['everything', fates(1_000, 0), 'fail rate-limit.volume.opens'],
    ['half of what is allowed', fates(12, 988), 'fail rate-limit.volume.starves'],
    [
      'half of what is allowed, as nothing was asked half of the time',
      {
        ...fates(12, 988),
        points: [0, 400, 1_600, 2_000].map((atMs) => ({ atMs, fate: 'refused', status: 429 })),
      },
      'pass',
    ],
    [
      'half of what is allowed, asked all the time',
      { ...fates(12, 988), points: [0, 400, 800, 1_200, 1_600, 2_000].map((atMs) => ({ atMs, fate: 'refused', status: 429 })) },
      'fail rate-limit.volume.starves',
    ],
    ['another layer took most of it', fates(8, 400, 592), 'pass'],
    ['one failed', fates(25, 974, 0, 1), 'fail rate-limit.volume.errors'],
    ['ended early', { aborted: '9 of 30 requests failed (the last with 502)' }, 'fail rate-limit.volume.aborted'],
    ['refused with 503', { statuses: { 'admitted 200': 25, 'refused 429': 900, 'refused 503': 75 } }, 'fail rate-limit.volume.status'],
    ['503, which is declared', { statuses: { 'admitted 200': 25, 'refused 503': 975 } }, 'pass', { ...VOLUME, status: [429, 503] }],
    ['the second client is refused', meanwhile('admitted', 'refused'), 'fail rate-limit.volume.neighbours'],
    ['the second client gets no answer', meanwhile('broken', 'admitted'), 'fail rate-limit.volume.neighbours'],
    ['too few to exceed it', { sent: 20, ...fates(20, 0) }, 'inconclusive'],
    ['a window twice', { ...fates(20, 980), durationMs: 900 }, 'pass', { ...VOLUME, limit: { rate: '10/s', kind: 'fixed' } }],
    ['a sliding window twice', { ...fates(24, 976), durationMs: 900 }, 'fail rate-limit.volume.opens', { ...VOLUME, limit: { rate: '10/s', kind: 'sliding' } }],
  ])('%s', (_, change, wanted, entry = VOLUME) => {
    const verdict = judge(volume, { ...look, ...change }, entry)
    expect(told(verdict)).toBe(wanted)
    expect(verdict.evidence.length).toBeGreaterThan(0)
    if (verdict.outcome === 'fail') expect(Object.keys(volume.codes)).toContain(verdict.code)
  })
  test('nothing to compare with', () => {
    const { usual: _usual, ...rest } = look
    expect(told(judge(volume, rest, VOLUME))).toBe('inconclusive')
  })
  test('shows what came and the most that the limit allows', () => {
    expect(judge(volume, look, VOLUME).figures?.[0]).toMatchObject({ kind: 'requests', model: { line: { length: 41, 40: { atMs: 2_000, total: 25 } } } })
  })
})

describe('two limits that count the same requests', () => {
  const EDGE: Entry = { ...ENTRY, limit: { rate: '10/s', burst: 20, nodelay: true }, rejection: { body: 'nginx' } }
  const APP: Entry = { name: 'app', layer: 'app', paths: ['/api/*'], limit: { rate: '5/s', kind: 'fixed' }, rejection: { body: 'slow down' } }
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': {} }, rateLimits: [EDGE, APP] }), { sha256: '' })
  const of = (check: Check, look: LimiterObservation): Verdict => {
    const subject = check.subjects(target).find(({ name }) => name === 'api')
    if (subject === undefined) throw new Error(`${check.id} has no subject`)
    return check.judge({ look } as never, { target, subject, now: new Date('2026-01-01T00:00:00Z'), options: check.options })
  }
  const behind = { fate: 'refused elsewhere', body: '{"error":"slow down"}' } as const
  const answers = (...counts: readonly (readonly [number, Partial<LimiterSample>])[]): LimiterObservation => {
    const kinds = counts.flatMap(([count, more]) => Array.from({ length: count }, () => more))
    return samples(kinds.map((more, index) => sample('flood', index, more.fate === undefined, more)))
  }
  const own = { fate: 'refused' } as const
  test.each<[string, LimiterObservation, string, string]>([
    ['the application first', answers([5, {}], [16, behind], [10, own]), 'pass', 'app after 5 requests, api after 21 requests'],
    ['the application alone', answers([5, {}], [16, behind]), 'fail rate-limit.layer', 'app after 5 requests, api is not reached in 21 requests'],
    ['the edge alone', answers([21, {}], [10, own]), 'pass', 'api after 21 requests, app is not reached in 31 requests'],
    ['the edge first', answers([4, {}], [1, own], [2, behind]), 'pass', 'api after 4 requests, app after 5 requests'],
  ])('says which is reached first: %s', (_, look, wanted, order) => {
    const verdict = of(layer, look)
    expect(told(verdict)).toBe(wanted)
    expect(verdict.evidence[1]).toMatchObject({ what: 'which limit refuses first', expected: 'admitted at once: api 21, app 5', received: order })
  })
  test('one limit alone is reached first: nothing is said of it', () => {
    expect(judge(layer, HEALTHY).evidence).toHaveLength(1)
  })
  const saying = [['ratelimit-policy', '"app";q=5;w=1'] as const]
  test.each<[string, LimiterObservation, string]>([
    ['numbers of the one behind', answers([5, { headers: saying }], [16, { ...behind, headers: saying }], [10, own]), 'skip'],
    ['wrong numbers of its own', answers([21, { headers: saying }], [10, { ...own, headers: saying }]), 'fail rate-limit.headers.limit'],
    ['wrong numbers where it never refused', answers([21, { headers: saying }]), 'fail rate-limit.headers.limit'],
  ])('the quota that is told: %s', (_, look, wanted) => {
    expect(told(of(headers, look))).toBe(wanted)
  })
})
