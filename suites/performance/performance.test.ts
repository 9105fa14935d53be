/** Judgement of the suite: a healthy observation, then one thing wrong per case, and the traps that must not alarm. Plain objects, no sockets, no clock. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import type { DnsObservation, HttpChain, HttpObservation, PhaseTimings, ResolvedHost, TlsObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import type { LoadObservation } from '../../helpers/probes/load.ts'
import type { DocumentSample, PageLoad } from '../../helpers/probes/timing.ts'
import { normaliseTarget, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import { median, percentile, readUpTo, samplesOf, withinBudget } from './shared.ts'

const AT = '2026-11-21T12:00:00.000Z'
const HTML = [['Content-Type', 'text/html; charset=utf-8']] as const
const GZIP = [...HTML, ['Content-Encoding', 'gzip']] as const
const CALM = { ttfbMs: 20, transferMs: 5, totalMs: 25, loopDelayMs: 0 }

type More = Partial<Omit<HttpObservation, 'timings'>> & { timings?: Partial<PhaseTimings> }
const answer = ({ timings, ...more }: More = {}): HttpObservation => ({
  url: 'https://example.com/',
  method: 'GET',
  status: 200,
  statusText: '',
  httpVersion: '2',
  headers: HTML,
  body: new Uint8Array(10),
  wireBytes: 1_000,
  truncated: false,
  decodeFailed: false,
  peer: '192.0.2.1:443',
  reused: true,
  at: AT,
  timings: { ...CALM, ...timings },
  ...more,
})
const slow = (ttfbMs: number, loopDelayMs = 0): HttpObservation => answer({ timings: { ttfbMs, loopDelayMs } })
const sample = (...hops: HttpObservation[]): DocumentSample => ({ hops })
const timedOut: DocumentSample = { hops: [], failed: { code: 'TIMEOUT', message: 'nothing within 10 s' } }
const broken: DocumentSample = { hops: [], failed: { code: 'ECONNRESET', message: 'reset' } }
const handshake = (more: Partial<TlsObservation> = {}): TlsObservation => ({
  peer: '192.0.2.1:443',
  address: '192.0.2.1',
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  authorized: true,
  store: 'bundled',
  chain: [],
  handshakeMs: 30,
  connectMs: 10,
  loopDelayMs: 0,
  at: AT,
  ...more,
})
const seen = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: AT, durationMs: 1, attempts: 1 })
const failed = (code: string): Observed<never> => ({
  ok: false,
  failure: { code, message: code.toLowerCase(), phase: 'response' },
  startedAt: AT,
  durationMs: 1,
  attempts: 1,
})
const dns = (durationMs: number, more: Partial<DnsObservation> = {}): Observed<DnsObservation> =>
  seen({
    name: 'example.com',
    type: 'A',
    server: '192.0.2.53:53',
    rcode: 'NOERROR' as const,
    noData: false,
    answers: [],
    authority: [],
    authoritative: false,
    recursionAvailable: true,
    authenticated: false,
    transport: 'udp' as const,
    truncated: false,
    durationMs,
    at: AT,
    ...more,
  })
const resolved = (more: Partial<ResolvedHost> = {}): ResolvedHost => ({
  fqdn: 'example.com',
  source: 'dns',
  addresses: [],
  cnames: [],
  durationMs: 15,
  ...more,
})
const chain = (...hops: HttpObservation[]): HttpChain => ({ hops, end: 'final' })
const asset = (more: More = {}) => ({ url: 'https://example.com/app.js', seen: seen(answer({ headers: [['Content-Type', 'text/javascript']], ...more })) })
const page = (more: Partial<PageLoad> = {}): { page: PageLoad } => ({
  page: { document: answer({ headers: GZIP }), assets: [asset()], redirects: 0, foreign: 0, cut: false, ...more },
})
const run = (more: Partial<LoadObservation> = {}): { run: Observed<LoadObservation> } => ({
  run: seen({
    url: 'https://example.com/api/health',
    peer: '192.0.2.1:443',
    at: AT,
    sent: 1000,
    statuses: { 200: 1000 },
    failures: {},
    meanMs: 50,
    p95Ms: 80,
    perSecond: 200,
    durationMs: 5_000,
    beforeMs: 20,
    afterMs: 25,
    busy: 0.2,
    ...more,
  }),
})
const twenty = (change: (index: number) => Observed<HttpObservation> | undefined = () => undefined): { samples: readonly Observed<HttpObservation>[] } => ({
  samples: Array.from({ length: 20 }, (_, index) => change(index) ?? seen(answer())),
})

const ERROR = answer({ status: 500, timings: { ttfbMs: 1 } })
const LIMITED = answer({ status: 429, timings: { ttfbMs: 1 } })
const CHALLENGE = answer({ status: 403, headers: [['cf-mitigated', 'challenge']] })

const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.check.ts'))
const checks = new Map<string, Check>()
for (const file of files) {
  const { default: check } = (await import(/* @vite-ignore */ `${import.meta.dirname}/${file}`)) as { default: Check }
  checks.set(check.id.slice('performance/'.length), check)
}

type Budgets = NonNullable<TargetInput['performance']>
const BUDGETS: Budgets = {
  dnsMs: 100,
  connectMs: 100,
  tlsHandshakeMs: 100,
  ttfbMs: 100,
  serverMs: 50,
  totalMs: 300,
  bodyBytes: 10_000,
  pageBytes: 20_000,
  throttled: { loadMs: 2_000 },
  urls: [{ url: 'https://{domain}/', p95Ms: 100, totalMs: 100, bodyBytes: 10_000 }],
  load: [{ url: 'https://{domain}/api/health', perSecond: 100, meanMs: 100 }],
}
interface Described {
  readonly budgets?: Budgets
  readonly host?: NonNullable<TargetInput['hosts']>[string]
}
const targetOf = ({ budgets = BUDGETS, host = { tls: { alpn: ['h2', 'http/1.1'] } } }: Described = {}) =>
  normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': host }, performance: budgets }), { sha256: '0' })
function judge(name: string, looked: object, described?: Described): Verdict {
  const check = checks.get(name)
  if (check === undefined) throw new RangeError(`no check ${name}`)
  const target = targetOf(described)
  const subject = check.subjects(target)[0]
  if (subject === undefined) throw new RangeError(`${name} has no subject in this target`)
  return check.judge(looked as never, { target, subject, now: new Date(AT), options: check.options })
}
const shown = (verdict: Verdict): string => {
  if (verdict.outcome === 'warn' || verdict.outcome === 'fail') return `${verdict.outcome} ${verdict.code}`
  if (verdict.outcome === 'skip') return `skip ${verdict.skip}`
  return verdict.outcome === 'inconclusive' ? `inconclusive ${verdict.blame}` : verdict.outcome
}

type Case = readonly [what: string, looked: object, expected: string, described?: Described]
/** What holds for every check that times a document. */
const timed = (code: string, more: object = {}): readonly Case[] => {
  const looked = (...samples: DocumentSample[]) => ({ samples, tls: handshake(), resolved: resolved(), ...more })
  return [
    ['fast', looked(sample(slow(20)), sample(slow(25)), sample(slow(15))), 'pass'],
    ['slow every time', looked(sample(slow(900)), sample(slow(900)), sample(slow(900))), `fail ${code}`],
    ['one slow look of three, a cold start', looked(sample(slow(900)), sample(slow(20)), sample(slow(20))), 'pass'],
    ['one slow look of two', looked(sample(slow(900)), sample(slow(20))), 'pass'],
    ['two slow looks of three', looked(sample(slow(20)), sample(slow(900)), sample(slow(900))), `fail ${code}`],
    ['slow because this process was late', looked(sample(slow(400, 390)), sample(slow(400, 390))), 'inconclusive unobserved'],
    ['slow beyond our own lateness', looked(sample(slow(900, 200)), sample(slow(900, 200))), `fail ${code}`],
    ['a fast error page', looked(sample(ERROR), sample(ERROR)), 'inconclusive unobserved'],
    ['a fast limiter', looked(sample(slow(20)), sample(LIMITED)), 'inconclusive unobserved'],
    ['a challenge', looked(sample(CHALLENGE)), 'inconclusive unobserved'],
    ['a declared 404', looked(sample(answer({ status: 404 })), sample(answer({ status: 404 }))), 'pass', { host: { kind: 'api', status: 404 } }],
    ['a 404 that is not declared', looked(sample(answer({ status: 404 }))), 'inconclusive unobserved'],
    ['no answer in time, twice of three', looked(sample(slow(20)), timedOut, timedOut), `fail ${code}`],
    ['no answer in time, once of three', looked(sample(slow(20)), timedOut, sample(slow(20))), 'pass'],
    ['a sample that broke', looked(sample(slow(20)), broken), 'inconclusive unobserved'],
    ['times that are no numbers', looked(sample(slow(Number.NaN)), sample(slow(Number.NaN))), `fail ${code}`],
    ['nothing at all', looked(), 'inconclusive unobserved'],
  ]
}
const url = (...answers: HttpObservation[]) => ({ samples: answers.map((one) => seen(one)) })

const CASES: Record<string, readonly Case[]> = {
  'body-size': [
    ['small', page(), 'pass'],
    ['large', page({ document: answer({ wireBytes: 10_001 }) }), 'fail performance.body.large'],
    ['exactly the budget', page({ document: answer({ wireBytes: 10_000 }) }), 'pass'],
    ['not read to its end', page({ document: answer({ wireBytes: 9_000, truncated: true }) }), 'inconclusive unobserved'],
    ['an error page is small', page({ document: ERROR }), 'inconclusive unobserved'],
    ['bytes that are no number', page({ document: answer({ wireBytes: Number.NaN }) }), 'fail performance.body.large'],
  ],
  compression: [
    ['compressed', page(), 'pass'],
    ['large and not compressed', page({ document: answer({ wireBytes: 60_000 }) }), 'fail performance.compression.off'],
    ['a large asset, not compressed', page({ assets: [asset({ wireBytes: 60_000 })] }), 'fail performance.compression.off'],
    [
      'a large asset in brotli',
      page({
        assets: [
          asset({
            wireBytes: 60_000,
            headers: [
              ['Content-Type', 'text/javascript'],
              ['Content-Encoding', 'br'],
            ],
          }),
        ],
      }),
      'pass',
    ],
    ['a large image', page({ assets: [asset({ wireBytes: 60_000, headers: [['Content-Type', 'image/png']] })] }), 'pass'],
    ['a small text', page({ document: answer({ wireBytes: 14_600 }) }), 'pass'],
    ['forbidden to transform', page({ document: answer({ wireBytes: 60_000, headers: [...HTML, ['Cache-Control', 'no-cache, no-transform']] }) }), 'pass'],
    [
      'a coding named identity',
      page({ document: answer({ wireBytes: 60_000, headers: [...HTML, ['Content-Encoding', 'identity']] }) }),
      'fail performance.compression.off',
    ],
    ['a limiter', page({ document: LIMITED }), 'inconclusive unobserved'],
  ],
  connect: [
    ['fast', { looks: [handshake()] }, 'pass'],
    ['slow every time', { looks: [900, 900, 900].map((connectMs) => handshake({ connectMs })) }, 'fail performance.connect.slow'],
    ['slow once, a lost packet', { looks: [1_030, 12, 11].map((connectMs) => handshake({ connectMs })) }, 'pass'],
    ['this process was late', { looks: [handshake({ connectMs: 150, loopDelayMs: 120 })] }, 'inconclusive unobserved'],
    ['no look', { looks: [] }, 'inconclusive unobserved'],
  ],
  dns: [
    ['fast', { a: dns(20), aaaa: dns(30) }, 'pass'],
    ['both slow', { a: dns(400), aaaa: dns(500) }, 'fail performance.dns.slow'],
    ['the first question with a cold cache', { a: dns(400), aaaa: dns(10) }, 'pass'],
    ['one unanswered', { a: dns(20), aaaa: failed('TIMEOUT') }, 'pass'],
    ['a fast NXDOMAIN is no answer', { a: dns(1, { rcode: 'NXDOMAIN' }), aaaa: dns(1, { rcode: 'NXDOMAIN' }) }, 'inconclusive unobserved'],
    ['a fast SERVFAIL beside a slow answer', { a: dns(1, { rcode: 'SERVFAIL' }), aaaa: dns(500) }, 'fail performance.dns.slow'],
    ['this process was late', { a: dns(400, { loopDelayMs: 350 }), aaaa: dns(400, { loopDelayMs: 350 }) }, 'inconclusive unobserved'],
    ['none answered', { a: failed('TIMEOUT'), aaaa: failed('TIMEOUT') }, 'inconclusive unobserved'],
  ],
  'http-version': [
    ['HTTP/2', { document: chain(answer()) }, 'pass'],
    ['HTTP/1.1', { document: chain(answer({ httpVersion: '1.1' })) }, 'fail performance.http-version.old'],
    ['HTTP/2 though an error', { document: chain(ERROR) }, 'pass'],
    ['no hop', { document: chain() }, 'inconclusive defect'],
  ],
  'keep-alive': [
    ['shared', { samples: [sample(answer({ reused: false })), sample(answer()), sample(answer())] }, 'pass'],
    [
      'never shared',
      { samples: [1, 2, 3].map(() => sample(answer({ reused: false, httpVersion: '1.1', headers: [['Connection', 'close']] }))) },
      'fail performance.keep-alive.off',
    ],
    ['closed once in the series', { samples: [sample(answer({ reused: false })), sample(answer({ reused: false })), sample(answer())] }, 'pass'],
    ['one request only', { samples: [sample(answer({ reused: false }))] }, 'inconclusive unobserved'],
    ['errors', { samples: [sample(ERROR), sample(ERROR)] }, 'inconclusive unobserved'],
    [
      'read leniently, each on a connection of its own',
      { samples: [1, 2, 3].map(() => sample(answer({ reused: false, malformed: 'HPE_INVALID_HEADER_TOKEN' }))) },
      'inconclusive unobserved',
    ],
  ],
  load: [
    ['enough', run(), 'pass'],
    ['errors, fast', run({ statuses: { 200: 900, 503: 100 } }), 'fail performance.load.errors'],
    ['requests without an answer', run({ statuses: { 200: 990 }, failures: { ECONNRESET: 10 } }), 'fail performance.load.errors'],
    ['a limiter', run({ sent: 40, statuses: { 200: 39, 429: 1 }, stopped: 'limited' }), 'inconclusive unobserved'],
    ['too few per second', run({ perSecond: 60 }), 'fail performance.load.rate'],
    ['too slow on the mean', run({ meanMs: 180 }), 'fail performance.load.mean'],
    ['still slow afterwards', run({ afterMs: 900 }), 'fail performance.load.recovery'],
    ['no answer afterwards', { run: seen({ ...(run().run as { value: LoadObservation }).value, afterMs: undefined }) }, 'fail performance.load.recovery'],
    ['a little slower afterwards', run({ beforeMs: 2, afterMs: 120 }), 'pass'],
    ['we ourselves were the brake', run({ perSecond: 60, busy: 0.9 }), 'inconclusive unobserved'],
    ['slower than our being busy explains', run({ perSecond: 5, busy: 0.9 }), 'fail performance.load.rate'],
    ['errors while we were busy', run({ perSecond: 60, busy: 0.99, statuses: { 200: 1, 500: 999 } }), 'fail performance.load.errors'],
    ['nobody there', { run: failed('ECONNREFUSED') }, 'inconclusive unobserved'],
    ['nothing sent', run({ sent: 0, statuses: {}, meanMs: Number.NaN, perSecond: 0 }), 'fail performance.load.errors'],
  ],
  'page-weight': [
    ['light', page(), 'pass'],
    ['heavy together', page({ document: answer({ wireBytes: 11_000 }), assets: [asset({ wireBytes: 11_000 })] }), 'fail performance.page.heavy'],
    ['an asset failed', page({ assets: [{ url: 'https://example.com/app.js', seen: failed('ECONNRESET') }] }), 'inconclusive unobserved'],
    ['an asset is an error of the server', page({ assets: [asset({ status: 503 })] }), 'inconclusive unobserved'],
    ['a missing icon weighs what its 404 weighs', page({ assets: [asset({ status: 404 })] }), 'pass'],
    [
      'an asset failed, the rest is too heavy anyway',
      page({ assets: [asset({ wireBytes: 30_000 }), { url: 'https://example.com/b.js', seen: failed('ECONNRESET') }] }),
      'fail performance.page.heavy',
    ],
    ['more than was looked at', page({ cut: true }), 'inconclusive unobserved'],
    ['other hosts are named, not judged', page({ foreign: 3 }), 'pass'],
    ['no assets', page({ assets: [] }), 'pass'],
    ['an error page is light', page({ document: ERROR }), 'inconclusive unobserved'],
  ],
  'server-time': [
    ...timed('performance.server.slow'),
    ['far away', { samples: [sample(slow(230)), sample(slow(225))], tls: handshake({ connectMs: 200 }) }, 'pass'],
    [
      'a round trip that our lateness made long',
      { samples: [sample(slow(120)), sample(slow(120))], tls: handshake({ connectMs: 100, loopDelayMs: 95 }) },
      'inconclusive unobserved',
    ],
    [
      'slow whatever the round trip was',
      { samples: [sample(slow(420)), sample(slow(420))], tls: handshake({ connectMs: 100, loopDelayMs: 95 }) },
      'fail performance.server.slow',
    ],
    ['a round trip that is not known', { samples: [sample(slow(20))], tls: handshake({ connectMs: Number.NaN }) }, 'inconclusive unobserved'],
  ],
  'throttled-load': [
    ['light', page(), 'pass'],
    ['heavy', page({ assets: [asset({ wireBytes: 400_000 })] }), 'fail performance.throttled.slow'],
    ['many redirects', page({ redirects: 10 }), 'fail performance.throttled.slow'],
    [
      'a fast line is declared',
      page({ assets: [asset({ wireBytes: 400_000 })] }),
      'pass',
      { budgets: { throttled: { loadMs: 2_000, bytesPerSecond: 2_000_000, roundTripMs: 40 } } },
    ],
    ['an asset failed', page({ assets: [{ url: 'https://example.com/app.js', seen: failed('ECONNRESET') }] }), 'inconclusive unobserved'],
    ['an error page is fast', page({ document: ERROR }), 'inconclusive unobserved'],
  ],
  'tls-handshake': [
    ['fast', { looks: [handshake()] }, 'pass'],
    ['slow every time', { looks: [900, 900, 900].map((handshakeMs) => handshake({ handshakeMs })) }, 'fail performance.tls.slow'],
    ['slow once', { looks: [900, 30, 30].map((handshakeMs) => handshake({ handshakeMs })) }, 'pass'],
    ['slow, and later ones failed', { looks: [handshake({ handshakeMs: 900 })] }, 'fail performance.tls.slow'],
    ['this process was late', { looks: [handshake({ handshakeMs: 150, loopDelayMs: 120 })] }, 'inconclusive unobserved'],
    ['no number', { looks: [handshake({ handshakeMs: Number.NaN })] }, 'fail performance.tls.slow'],
  ],
  total: [
    ...timed('performance.total.slow'),
    [
      'the sum of tolerable hops',
      { samples: [1, 2].map(() => sample(slow(90), slow(90), slow(90))), tls: handshake(), resolved: resolved() },
      'fail performance.total.slow',
    ],
    [
      'the name alone takes too long',
      { samples: [1, 2].map(() => sample(slow(20))), tls: handshake(), resolved: resolved({ durationMs: 400 }) },
      'fail performance.total.slow',
    ],
    [
      'a pinned name was not asked for',
      { samples: [1, 2].map(() => sample(slow(20))), tls: handshake(), resolved: resolved({ source: 'pin', durationMs: 400 }) },
      'pass',
    ],
  ],
  ttfb: [
    ...timed('performance.ttfb.slow'),
    ['the second hop is the slow one', { samples: [1, 2].map(() => sample(slow(10), slow(900))) }, 'fail performance.ttfb.slow'],
  ],
  'url-budget': [
    ['within', url(answer(), answer(), answer()), 'pass'],
    ['slow', url(slow(300), slow(300), slow(300)), 'fail performance.url.total'],
    ['slow once', url(slow(300), slow(20), slow(20)), 'pass'],
    ['large once', url(answer(), answer({ wireBytes: 20_000 }), answer()), 'fail performance.url.bytes'],
    [
      'large while this process was late',
      url(...[1, 2, 3].map(() => answer({ wireBytes: 20_000, timings: { ttfbMs: 150, loopDelayMs: 140 } }))),
      'fail performance.url.bytes',
    ],
    ['this process was late', url(slow(150, 140), slow(150, 140), slow(150, 140)), 'inconclusive unobserved'],
    ['not read to its end', url(...[1, 2, 3].map(() => answer({ truncated: true }))), 'inconclusive unobserved'],
    ['a fast error', url(ERROR, ERROR, ERROR), 'inconclusive unobserved'],
    ['unanswered once', { samples: [seen(answer()), failed('TIMEOUT')] }, 'inconclusive unobserved'],
  ],
  'url-latency': [
    ['fast', twenty(), 'pass'],
    ['two of twenty slow', twenty((index) => (index % 10 === 0 ? seen(slow(900)) : undefined)), 'fail performance.url.slow'],
    ['one outlier', twenty((index) => (index === 3 ? seen(slow(9_000)) : undefined)), 'pass'],
    ['one replica answers with errors, fast', twenty((index) => (index % 3 === 0 ? seen(ERROR) : undefined)), 'fail performance.url.errors'],
    ['every answer an error', twenty(() => seen(ERROR)), 'inconclusive unobserved'],
    ['a limiter ended it', { samples: [...twenty().samples.slice(0, 8), seen(LIMITED)] }, 'inconclusive unobserved'],
    ['a 404 is fast', twenty(() => seen(answer({ status: 404 }))), 'inconclusive unobserved'],
    ['one did not come', { samples: [...twenty().samples.slice(0, 8), failed('TIMEOUT')] }, 'fail performance.url.errors'],
    ['fewer than twenty', { samples: twenty().samples.slice(0, 19) }, 'inconclusive unobserved'],
    ['the first did not come', { samples: [failed('ECONNREFUSED')] }, 'inconclusive unobserved'],
    ['this process was late', twenty(() => seen(slow(150, 140))), 'inconclusive unobserved'],
  ],
}

describe('every check of the suite is judged here, in both directions', () => {
  test('the table names exactly the checks there are', () => {
    expect(files.length).toBeGreaterThan(0)
    expect(Object.keys(CASES).sort()).toEqual([...checks.keys()].sort())
    for (const cases of Object.values(CASES)) {
      expect(cases.some(([, , expected]) => expected === 'pass')).toBe(true)
      expect(cases.some(([, , expected]) => /^(?:warn|fail) /.test(expected))).toBe(true)
    }
  })
})

for (const [name, cases] of Object.entries(CASES)) {
  describe(`performance/${name}`, () => {
    test.each(cases.map(([what, looked, expected, described]) => ({ what, looked, expected, described })))('$what', ({ looked, expected, described }) => {
      const verdict = judge(name, looked, described)
      expect(shown(verdict)).toBe(expected)
      if (verdict.outcome === 'pass' || verdict.outcome === 'fail') expect(verdict.evidence.length).toBeGreaterThan(0)
      if (verdict.outcome === 'warn' || verdict.outcome === 'fail') expect(Object.keys(checks.get(name)?.codes ?? {})).toContain(verdict.code)
    })
  })
}

describe('what the checks are about', () => {
  test('without a declared budget there is nothing to judge, and nothing is asked', () => {
    const target = targetOf({ budgets: {}, host: {} })
    const asked = [...checks].filter(([, check]) => check.subjects(target).length > 0).map(([name]) => name)
    expect(asked.sort()).toEqual(['compression', 'keep-alive'])
  })
  test('hosts that only redirect show no documents', () => {
    const target = targetOf({ host: { kind: 'redirect' } })
    expect(checks.get('ttfb')?.subjects(target)).toEqual([])
    expect(checks.get('connect')?.subjects(target)).toHaveLength(1)
  })
  test('the domain is filled into declared URLs', () => {
    expect(
      checks
        .get('url-latency')
        ?.subjects(targetOf())
        .map((subject) => subject.name),
    ).toEqual(['https://example.com/'])
  })
  test('a load run asks for the consent of that name', () => {
    const check = checks.get('load')
    const target = targetOf()
    const needs = check?.needs(check.subjects(target)[0] as never, target, {})
    expect(needs).toMatchObject({ run: { attempt: { impact: 'load', cost: { connections: 11, requests: 1_006 } } } })
  })
})

describe('the figures', () => {
  test('median: the lower one of an even number, NaN of none', () => {
    expect(median([5])).toBe(5)
    expect(median([9, 1])).toBe(1)
    expect(median([9, 1, 5])).toBe(5)
    expect(median([4, 1, 3, 2])).toBe(2)
    expect(median([])).toBeNaN()
  })
  test('percentile: nearest rank', () => {
    const twentyNumbers = Array.from({ length: 20 }, (_, index) => index + 1)
    expect(percentile(twentyNumbers, 0.95)).toBe(19)
    expect(percentile([7], 0.95)).toBe(7)
    expect(percentile([], 0.95)).toBeNaN()
  })
  test('a budget that is no number is never kept', () => {
    expect(withinBudget([{ ms: 1, loopDelayMs: 0 }], Number.NaN, { code: 'performance.x', evidence: { what: 'x' } }).outcome).toBe('fail')
  })
  test('never fewer than two looks, three unless said', () => {
    expect(samplesOf(targetOf({ budgets: { samples: 1 } }))).toBe(2)
    expect(samplesOf(targetOf({ budgets: {} }))).toBe(3)
    expect(samplesOf(targetOf({ budgets: { samples: 7 } }))).toBe(7)
  })
  test('what is read is bounded whatever is declared', () => {
    expect(readUpTo(targetOf({ budgets: { bodyBytes: 1_000_000_000 } }))).toBe(16 * 1024 * 1024)
    expect(readUpTo(targetOf({ budgets: {} }))).toBe(2 * 1024 * 1024)
  })
})
