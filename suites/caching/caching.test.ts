/** Judgement of the suite: a healthy observation, then one thing wrong per case, and the traps that must not alarm. Plain objects, no sockets. */
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import { missingAssetUrl, type Coding, type Revalidation } from '../../helpers/probes/caching.ts'
import { type Asset, type Assets, readPage } from '../../helpers/probes/page.ts'
import { normaliseTarget, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import api from './api.check.ts'
import compression from './compression.check.ts'
import deception from './deception.check.ts'
import directives from './directives.check.ts'
import errors from './errors.check.ts'
import html from './html.check.ts'
import revalidation from './revalidation.check.ts'
import sensitive from './sensitive.check.ts'
import serviceWorker from './service-worker.check.ts'
import setCookie from './set-cookie.check.ts'
import { policyOf, reusable, sharedHit } from './shared.ts'
import productionBuild from './production-build.check.ts'
import staticAssets from './static-assets.check.ts'
import varyEncoding from './vary-encoding.check.ts'
import { isVersioned } from './versioned.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
const DATE = NOW.toUTCString()
const later = (seconds: number): string => new Date(NOW.getTime() + seconds * 1000).toUTCString()
type Headers = readonly (readonly [string, string])[]
type Host = NonNullable<TargetInput['hosts']>[string]

const answer = (headers: Headers = [], more: Partial<HttpObservation> = {}): HttpObservation => ({
  url: 'https://www.example.com/',
  method: 'GET',
  status: 200,
  statusText: 'OK',
  httpVersion: '2',
  headers: [['Date', DATE], ...headers],
  body: Buffer.from('x'),
  wireBytes: 1,
  truncated: false,
  decodeFailed: false,
  peer: '192.0.2.1:443',
  reused: true,
  at: NOW.toISOString(),
  timings: { ttfbMs: 1, transferMs: 1, totalMs: 2, loopDelayMs: 0 },
  ...more,
})
const HTML = ['Content-Type', 'text/html; charset=utf-8'] as const
const JS = ['Content-Type', 'text/javascript'] as const
const JSON_TYPE = ['Content-Type', 'application/json'] as const
const control = (value: string) => ['Cache-Control', value] as const
const modified = ['Last-Modified', later(-86_400 * 30)] as const
const YEAR = control('public, max-age=31536000, immutable')
const ok = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: NOW.toISOString(), durationMs: 1, attempts: 1 })
const no: Observed<never> = {
  ok: false,
  failure: { code: 'TIMEOUT', message: 'no answer', phase: 'deadline' },
  startedAt: NOW.toISOString(),
  durationMs: 1,
  attempts: 1,
}
const page = (headers: Headers = [control('no-cache')], more: Partial<HttpObservation> = {}) =>
  readPage(answer([HTML, ...headers], { body: Buffer.from('<!doctype html><title>x</title>'), ...more }))
const assets = (list: readonly (readonly [url: string, seen: Observed<HttpObservation>])[], document = page()): Assets => ({
  page: document,
  found: list.length,
  assets: list.map(([url, seen]): Asset => ({ url, seen })),
})
const asset = (headers: Headers, url = 'https://www.example.com/assets/app-3f9a1c2e.js', more: Partial<HttpObservation> = {}) =>
  [url, ok(answer([JS, ...headers], { url, ...more }))] as const

function judge(check: Check, seen: Record<string, unknown>, host: Host = {}, more: Partial<TargetInput> = {}): Verdict {
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { www: host }, ...more }), { sha256: '0'.repeat(64) })
  const [subject] = check.subjects(target)
  if (subject === undefined) throw new Error(`${check.id} does not apply`)
  for (const name of Object.keys(check.needs(subject, target, check.options))) if (!(name in seen)) throw new Error(`${check.id} needs ${name}`)
  expect(check.reproduce(subject, target)).toMatch(/^curl /)
  const verdict = check.judge(seen as never, { target, subject, now: NOW, options: check.options })
  if (verdict.outcome === 'warn' || verdict.outcome === 'fail') expect(Object.keys(check.codes)).toContain(verdict.code)
  if (verdict.outcome === 'pass') expect(verdict.evidence.length).toBeGreaterThan(0)
  return verdict
}
const told = (verdict: Verdict): string => (verdict.outcome === 'warn' || verdict.outcome === 'fail' ? `${verdict.outcome} ${verdict.code}` : verdict.outcome)

describe('what a response lets caches do', () => {
  test.each<[string, Headers, object, boolean]>([
    ['nothing said', [], { sharable: true, heuristic: false }, false],
    ['a guess from Last-Modified', [modified], { heuristic: true }, false],
    ['no-store', [control('no-store'), ['Expires', later(60)]], { browserSeconds: 0, sharedSeconds: 0, sharable: false }, false],
    [
      'no-store for browsers, a life in the operator’s own cache',
      [control('no-store'), ['CDN-Cache-Control', 'max-age=600']],
      { browserSeconds: 0, sharedSeconds: 600, sharable: true },
      true,
    ],
    ['no-store there too', [control('no-store'), ['CDN-Cache-Control', 'no-store']], { sharedSeconds: 0, sharable: false }, false],
    ['Vary: * is never taken again', [control('public, max-age=60'), ['Vary', '*']], { sharable: false }, false],
    ['private', [control('private, max-age=60')], { browserSeconds: 60, sharedSeconds: 0, sharable: false }, false],
    ['no-cache', [control('public, no-cache')], { browserSeconds: 0, sharedSeconds: 0 }, false],
    ['s-maxage wins for shared caches', [control('max-age=0, s-maxage=60')], { browserSeconds: 0, sharedSeconds: 60 }, true],
    ['s-maxage=0', [control('max-age=60, s-maxage=0')], { sharedSeconds: 0 }, false],
    ['public alone', [control('public')], { heuristic: true }, true],
    ['Expires alone', [['Expires', later(120)]], { browserSeconds: 120 }, true],
    ['Expires: 0', [['Expires', '0'], modified], { browserSeconds: 0, heuristic: false }, false],
    ['max-age before Expires', [control('max-age=5'), ['Expires', later(500)]], { browserSeconds: 5 }, true],
    ['max-age that is no number counts as stale', [control('max-age=banana'), ['Expires', later(500)]], { browserSeconds: 0 }, false],
    ['a qualified private does not hold for the response', [control('private="x", max-age=9')], { sharable: true, sharedSeconds: 9 }, true],
  ])('%s', (_name, headers, expected, others) => {
    const policy = policyOf(answer(headers))
    expect(policy).toMatchObject(expected)
    expect(reusable(policy)).toBe(others)
  })
  test.each<[Headers, boolean]>([
    [[['Age', '0']], false],
    [[['Age', '57']], true],
    [[['Age', 'x']], false],
    [[['X-Cache', 'Miss from cloudfront']], false],
    [[['X-Cache', 'Hit from cloudfront']], true],
    [[['CF-Cache-Status', 'DYNAMIC']], false],
    [[['CF-Cache-Status', 'REVALIDATED']], true],
    [[['Cache-Status', '"edge"; hit; ttl=30']], true],
    [[['Cache-Status', '"edge"; fwd=uri-miss; stored']], false],
    [[['X-Cache', 'white-list']], false],
  ])('shared hit: %j', (headers, expected) => expect(sharedHit(answer(headers)) !== undefined).toBe(expected))
})

describe('html', () => {
  test.each<[string, string, Headers, Partial<HttpObservation>?]>([
    ['no-cache', 'pass', [control('no-cache')]],
    ['no-store', 'pass', [control('no-store')]],
    ['max-age=0', 'pass', [control('public, max-age=0, must-revalidate')]],
    ['ten minutes, as static hosts do', 'pass', [control('max-age=600')]],
    ['nothing said and nothing to guess from', 'pass', []],
    ['Expires in the past', 'pass', [['Expires', later(-60)]]],
    ['a guess', 'warn caching.html.heuristic', [modified]],
    ['a year', 'fail caching.html.long', [YEAR]],
    ['a year at an edge that may be emptied', 'pass', [control('max-age=0, s-maxage=31536000')]],
    ['four hours', 'warn caching.html.long', [control('max-age=14400')]],
    ['two days', 'fail caching.html.long', [control('max-age=172800')]],
    ['Expires next year', 'fail caching.html.long', [['Expires', later(31_536_000)]]],
    ['immutable for a minute', 'fail caching.html.immutable', [control('max-age=60, immutable')]],
    ['immutable without a life does nothing', 'pass', [control('no-cache, immutable')]],
    ['502', 'inconclusive', [YEAR], { status: 502 }],
    ['429', 'inconclusive', [YEAR], { status: 429 }],
    ['a login in between', 'skip', [], { status: 302 }],
    ['no page', 'skip', [], { headers: [JSON_TYPE] }],
  ])('%s', (_name, expected, headers, more = {}) => expect(told(judge(html, { page: page(headers, more) }))).toBe(expected))
  test('the shell of a single-page application counts wherever it is served', () => {
    const deep = answer([HTML, YEAR])
    expect(told(judge(html, { page: page(), deep }, { kind: 'spa' }))).toBe('fail caching.html.long')
    expect(told(judge(html, { page: page(), deep: answer([HTML, YEAR], { status: 404 }) }, { kind: 'spa' }))).toBe('pass')
  })
  test('declared', () => {
    const seen = { page: page([control('no-cache')]) }
    expect(told(judge(html, seen, {}, { caching: { html: 'noStore' } }))).toBe('fail caching.html.stored')
    const strict = { caching: { html: 'noLongCache' as const } }
    expect(told(judge(html, seen, {}, strict))).toBe('pass')
    expect(told(judge(html, { page: page([control('max-age=14400')]) }, {}, strict))).toBe('fail caching.html.long')
    expect(told(judge(html, { page: page([control('max-age=0, s-maxage=86400')]) }, {}, strict))).toBe('warn caching.html.shared')
    expect(() => judge(html, seen, {}, { caching: { html: 'any' } })).toThrow('does not apply')
    expect(() => judge(html, seen, { kind: 'redirect' })).toThrow('does not apply')
  })
})

describe('production build', () => {
  const VITE = '<script type="module" src="/assets/index-3f9a1c2e.js"></script><link rel="stylesheet" href="/assets/index-9b8c7d6e.css">'
  test.each<[string, string, string, Partial<HttpObservation>?]>([
    ['hashed names', 'pass', VITE],
    ['hashed names and the settings of the place', 'pass', `${VITE}<script src="/config.js"></script>`],
    ['names that may be versioned', 'pass', '<script src="/assets/index-DiwrgTda.js"></script>'],
    ['a version in the query', 'pass', '<script src="/app.js?v=3.1.0"></script>'],
    [
      'the client of Vite',
      'fail caching.build.development',
      '<script type="module" src="/@vite/client"></script><script type="module" src="/src/main.tsx"></script>',
    ],
    ['a source beside a build', 'fail caching.build.development', `${VITE}<script type="module" src="/src/main.ts?t=17"></script>`],
    ['hot reload in the document', 'fail caching.build.development', `<script type="module">import RefreshRuntime from "/@react-refresh"</script>${VITE}`],
    ['names that never change', 'warn caching.build.unversioned', '<script src="/js/app.js"></script><link rel="stylesheet" href="/css/app.css">'],
    ['scripts of somebody else alone', 'skip', '<script src="https://cdn.example.net/app.js"></script>'],
    ['an article about it', 'pass', `${VITE}<p>Put &lt;script src="/@vite/client"&gt; into it</p>`],
    ['no document', 'inconclusive', VITE, { status: 502 }],
  ])('%s', (_name, expected, markup, more = {}) => {
    const document = page([control('no-cache')], { body: Buffer.from(`<!doctype html><title>x</title>${markup}`), ...more })
    expect(told(judge(productionBuild, { seen: assets([], document) }, { kind: 'spa' }))).toBe(expected)
  })
  test('an API or a page of another kind is no application', () => {
    expect(() => judge(productionBuild, { seen: assets([]) }, { kind: 'page' })).toThrow('does not apply')
  })
})

describe('static assets', () => {
  const rule = { caching: { static: { maxAge: 604_800, directives: ['public'] } } }
  const exact = { caching: { static: { maxAge: 604_800, exact: true } } }
  const plain = 'https://www.example.com/js/app.js'
  test.each<[string, string, readonly (readonly [string, Observed<HttpObservation>])[], Partial<TargetInput>?]>([
    ['a year for a versioned name', 'pass', [asset([YEAR])]],
    ['an hour for a versioned name', 'warn caching.static.short', [asset([control('max-age=3600')])]],
    ['nothing for a versioned name', 'warn caching.static.short', [asset([])]],
    ['no-store for a versioned name', 'warn caching.static.uncached', [asset([control('no-store')])]],
    ['asked anew for a plain name', 'pass', [asset([control('no-cache')], plain)]],
    ['an hour for a plain name', 'pass', [asset([control('max-age=3600')], plain)]],
    ['a year for a plain name', 'warn caching.static.unversioned', [asset([YEAR], plain)]],
    ['a year for a name that may be versioned', 'pass', [asset([YEAR], 'https://www.example.com/assets/index-DiwrgTda.js')]],
    ['nothing for a name that may be versioned', 'pass', [asset([], 'https://www.example.com/assets/index-DiwrgTda.js')]],
    ['as declared', 'pass', [asset([control('public, max-age=604800')], plain)], rule],
    ['as declared, in two lines', 'pass', [asset([control('max-age=604800'), control('public')], plain)], rule],
    ['longer than declared at least', 'pass', [asset([YEAR])], rule],
    ['longer than declared exactly', 'fail caching.static.long', [asset([YEAR])], exact],
    ['a day instead of seven', 'fail caching.static.short', [asset([control('public, max-age=86400')])], rule],
    ['a life that is no number', 'fail caching.static.short', [asset([control('public, max-age=banana')])], rule],
    ['Expires only', 'pass', [asset([['Expires', later(604_800)]])], { caching: { static: { maxAge: 604_800 } } }],
    ['a directive missing', 'fail caching.static.directive', [asset([control('max-age=604800')])], rule],
    ['forbidden to keep', 'fail caching.static.uncached', [asset([control('public, no-cache')])], rule],
    ['another extension than declared', 'pass', [asset([control('no-cache')], 'https://www.example.com/site.webmanifest')], rule],
    ['not there', 'warn caching.static.missing', [asset([], plain, { status: 404 })]],
    ['the gateway fails', 'inconclusive', [asset([], plain, { status: 502 })]],
    ['no answer', 'inconclusive', [[plain, no]]],
    ['none', 'skip', []],
  ])('%s', (_name, expected, list, more = {}) => expect(told(judge(staticAssets, { seen: assets(list) }, {}, more))).toBe(expected))
  test('no document, no assets: nothing is known', () =>
    expect(told(judge(staticAssets, { seen: assets([], page([], { status: 503 })) }))).toBe('inconclusive'))

  test.each<[string, boolean | undefined]>([
    ['https://e.com/assets/app-3f9a1c2e.js', true],
    ['https://e.com/app.3f9a1c2e4d5b6a79.min.css', true],
    ['https://e.com/static/js/main.8d1f0c3a.chunk.js', true],
    ['https://e.com/assets/index-B2x9_Kq1.js', true],
    ['https://e.com/0123456789abcdef/app.js', true],
    ['https://e.com/app.js?v=1.2.3', true],
    ['https://e.com/app.css?0a1b2c3d', true],
    ['https://e.com/assets/index-DiwrgTda.js', undefined],
    ['https://e.com/_next/static/chunks/main.js', undefined],
    ['https://e.com/app.js', false],
    ['https://e.com/jquery-3.7.1.min.js', false],
    ['https://e.com/favicon.ico', false],
    ['https://e.com/bootstrap.bundle.min.js', false],
    ['https://e.com/style.css?theme=dark', false],
    ['https://e.com/2026/photo.jpg', false],
    ['https://e.com/site.webmanifest', false],
  ])('%s versioned: %s', (url, expected) => expect(isVersioned(url)).toBe(expected))
})

describe('directives', () => {
  test.each<[string, string, Headers]>([
    ['none', 'pass', []],
    ['two lines that add up', 'pass', [control('max-age=31536000'), control('public, immutable')]],
    ['the usual belt and braces', 'pass', [control('no-store, no-cache, must-revalidate, max-age=0'), ['Expires', '0'], ['Pragma', 'no-cache']]],
    ['identical duplicates', 'pass', [control('max-age=60'), control('max-age=60')]],
    ['private with no-store', 'pass', [control('private, no-store')]],
    ['extensions', 'pass', [control('max-age=60, stale-while-revalidate=30, x-edge="a, b"')]],
    ['Expires in step', 'pass', [control('max-age=3600'), ['Expires', later(3600)]]],
    ['Expires out of step', 'warn caching.expires', [control('max-age=31536000'), ['Expires', later(3600)]]],
    ['Expires of a past date beside no-store', 'pass', [control('no-store'), ['Expires', later(-9)]]],
    ['two lives', 'fail caching.contradiction', [control('max-age=60'), control('max-age=3600')]],
    ['public and private', 'fail caching.contradiction', [control('public, private')]],
    ['private and s-maxage', 'warn caching.contradiction', [control('private, s-maxage=60')]],
    ['no-cache and immutable', 'warn caching.contradiction', [control('no-cache, immutable')]],
    ['a qualified private beside public', 'pass', [control('public, private="set-cookie"')]],
    ['a life beside no-store', 'warn caching.mixed', [control('no-store, max-age=3600')]],
    ['a word for a number', 'fail caching.value', [control('max-age=banana')]],
    ['a quoted number', 'warn caching.value', [control('max-age="60"')]],
    ['semicolons', 'fail caching.unreadable', [control('public; max-age=60')]],
    ['control characters', 'fail caching.unreadable', [control('no-\u0001store')]],
  ])('%s', (_name, expected, headers) => expect(told(judge(directives, { assets: assets([], page(headers)) }))).toBe(expected))
  test('judges assets and API routes, passes over obstacles', () => {
    const host = { apiPaths: ['/api'] }
    expect(told(judge(directives, { assets: assets([asset([control('public, private')])]), '/api': answer([control('no-store')]) }, host))).toBe(
      'fail caching.contradiction',
    )
    expect(told(judge(directives, { assets: assets([]), '/api': answer([control('a b')]) }, host))).toBe('fail caching.unreadable')
    expect(told(judge(directives, { assets: assets([]), '/api': answer([control('a b')], { status: 502 }) }, host))).toBe('pass')
    expect(told(judge(directives, { assets: assets([], page([], { status: 503 })) }))).toBe('inconclusive')
  })
})

test.each<[string, string, Headers, number?]>([
  ['no-store', 'pass', [control('no-store')]],
  ['private for a minute', 'pass', [control('private, max-age=60')]],
  ['nothing said, nothing to guess from', 'pass', []],
  ['a 404 with no-store', 'pass', [control('no-store')], 404],
  ['a guess', 'warn caching.api.heuristic', [modified]],
  ['public', 'fail caching.api.public', [control('public, max-age=60')]],
  ['a life without private', 'fail caching.api.public', [control('max-age=60')]],
  ['from a shared cache', 'fail caching.api.shared-hit', [control('no-store'), ['Age', '9']]],
  ['gateway error', 'inconclusive', [control('public, max-age=60')], 502],
  ['challenge', 'inconclusive', [['cf-mitigated', 'challenge']], 403],
])('api: %s', (_name, expected, headers, status = 200) =>
  expect(told(judge(api, { seen: answer(headers, { status }) }, { apiPaths: ['/api'] }))).toBe(expected),
)

test.each<[string, string, Headers, number?, Host?]>([
  ['no-store', 'pass', [control('no-store')]],
  ['no-store on the refusal', 'pass', [control('no-store')], 401],
  ['private, no-cache', 'warn caching.sensitive.private', [control('private, no-cache')]],
  ['public', 'fail caching.sensitive.public', [control('public, max-age=60')]],
  ['public without a life', 'fail caching.sensitive.public', [control('public')]],
  ['s-maxage', 'fail caching.sensitive.public', [control('s-maxage=60')]],
  ['public on the refusal', 'fail caching.sensitive.public', [control('public, max-age=60')], 401],
  ['from a shared cache in spite of no-store', 'fail caching.sensitive.shared-hit', [control('no-store'), ['X-Cache', 'HIT']]],
  ['nothing said', 'fail caching.sensitive.unsaid', []],
  ['nothing said on the refusal', 'skip', [], 401],
  ['nothing said on a temporary redirect', 'skip', [], 302],
  ['a permanent redirect', 'warn caching.sensitive.redirect', [['Location', '/login']], 301],
  ['a document of a restricted host', 'fail caching.sensitive.public', [control('public, max-age=60')], 200, { access: 'private' }],
  ['public, asked anew', 'fail caching.sensitive.public', [control('public, max-age=0, must-revalidate')]],
  ['no-cache', 'warn caching.sensitive.private', [control('no-cache')]],
  ['429', 'inconclusive', [], 429],
  ['503', 'inconclusive', [], 503],
])('sensitive: %s', (_name, expected, headers, status = 200, host = { sensitivePaths: ['/me'] }) =>
  expect(told(judge(sensitive, { seen: answer(headers, { status }) }, host))).toBe(expected),
)

describe('deception', () => {
  const real = answer([JSON_TYPE, control('no-store')], { status: 401 })
  const all = (one: HttpObservation) => ({ real, '/postproof-none.css': one, ';postproof-none.css': one, '%2fpostproof-none.css': one })
  test.each<[string, string, HttpObservation]>([
    ['404, whatever its life', 'pass', answer([JSON_TYPE, control('public, max-age=60')], { status: 404 })],
    ['like the personal one, not stored', 'pass', answer([JSON_TYPE, control('no-store')], { status: 401 })],
    ['like the personal one, stored', 'fail caching.deception', answer([JSON_TYPE, control('public, max-age=60')], { status: 401 })],
    ['like the personal one, from a cache', 'fail caching.deception.hit', answer([JSON_TYPE, control('no-store'), ['Age', '3']], { status: 401 })],
    ['refused alike without a word to caches', 'skip', answer([JSON_TYPE], { status: 401 })],
    [
      'refused alike, kept by the operator’s own cache',
      'fail caching.deception',
      answer([JSON_TYPE, control('no-store'), ['CDN-Cache-Control', 'max-age=60']], { status: 401 }),
    ],
    ['another type', 'pass', answer([HTML, YEAR], { status: 401 })],
    ['a firewall', 'inconclusive', answer([], { status: 503 })],
    ['a limiter', 'inconclusive', answer([], { status: 429 })],
    ['an error', 'inconclusive', answer([], { status: 500 })],
  ])('%s', (_name, expected, one) => expect(told(judge(deception, all(one), { sensitivePaths: ['/me'] }))).toBe(expected))
  test('a firewall on one disguise hides nothing of the others', () => {
    const kept = answer([JSON_TYPE, control('no-store'), ['Age', '3']], { status: 401 })
    const seen = { ...all(kept), '/postproof-none.css': answer([], { status: 503 }) }
    expect(told(judge(deception, seen, { sensitivePaths: ['/me'] }))).toBe('fail caching.deception.hit')
  })
  test.each([429, 500])('a personal path that answers %i tells nothing', (status) => {
    const none = answer([], { status: 404 })
    expect(told(judge(deception, { ...all(none), real: answer([], { status }) }, { sensitivePaths: ['/me'] }))).toBe('inconclusive')
  })
})

describe('set-cookie', () => {
  const cookie = ['Set-Cookie', 'sid=secret-value; Secure'] as const
  test.each<[string, string, Headers]>([
    ['none', 'pass', [YEAR]],
    ['with no-store', 'pass', [cookie, control('no-store')]],
    ['with private', 'pass', [cookie, control('private, max-age=60')]],
    ['with no-cache', 'pass', [cookie, control('no-cache')]],
    ['nothing said, nothing to guess from', 'pass', [cookie]],
    ['a guess', 'warn caching.set-cookie.heuristic', [cookie, modified]],
    ['public', 'fail caching.set-cookie.public', [cookie, control('public, max-age=60')]],
    ['s-maxage', 'fail caching.set-cookie.public', [cookie, control('s-maxage=1')]],
    ['a cookie of the edge', 'pass', [['Set-Cookie', '__cf_bm=x'], YEAR, ['Age', '9']]],
    ['one of the edge and one of the application', 'fail caching.set-cookie.public', [['Set-Cookie', '__cf_bm=x'], cookie, YEAR]],
    ['from a shared cache', 'fail caching.set-cookie.shared-hit', [cookie, control('private'), ['Age', '5']]],
  ])('%s', (_name, expected, headers) => {
    const verdict = judge(setCookie, { assets: assets([], page(headers)) })
    expect(told(verdict)).toBe(expected)
    expect(JSON.stringify(verdict)).not.toContain('secret-value')
  })
  test('asks what is declared', () => {
    const host: Host = { kind: 'api', apiPaths: ['/a'], sensitivePaths: ['/b'] }
    const seen = { '/a': answer(), '/b': answer([cookie, YEAR]), '/c': answer(), '/': answer() }
    const cookies = [{ name: 'sid', hosts: ['www'], path: '/c' }]
    expect(told(judge(setCookie, seen, host, { cookies }))).toBe('fail caching.set-cookie.public')
  })
  test('obstacles are no basis', () => expect(told(judge(setCookie, { assets: assets([], page([cookie, YEAR], { status: 502 })) }))).toBe('inconclusive'))
})

describe('revalidation', () => {
  const etag = ['ETag', '"1"'] as const
  const sent = ['if-none-match', '"1"'] as const
  const one = (first: HttpObservation, again?: Observed<HttpObservation>, kind: 'asset' | 'document' = 'asset'): Revalidation => ({
    url: first.url,
    kind,
    first,
    ...(again === undefined ? {} : { sent, again }),
  })
  const declared = { caching: { conditional: true } }
  test.each<[string, string, readonly Revalidation[], Partial<TargetInput>?]>([
    ['304', 'pass', [one(answer([etag]), ok(answer([etag], { status: 304 })))]],
    ['200', 'warn caching.revalidation.ignored', [one(answer([etag]), ok(answer([etag])))]],
    ['200 where declared', 'fail caching.revalidation.ignored', [one(answer([etag]), ok(answer([etag])))], declared],
    ['another ETag', 'fail caching.revalidation.unstable', [one(answer([etag]), ok(answer([['ETag', '"2"']])))], declared],
    ['an asset without validator', 'fail caching.validator.missing', [one(answer())], declared],
    ['a document without validator', 'skip', [one(answer(), undefined, 'document')], declared],
    ['a document made afresh each time', 'skip', [one(answer([etag]), ok(answer([['ETag', '"2"']], { body: Buffer.from('y') })), 'document')], declared],
    ['what is not stored', 'skip', [one(answer([control('no-store')]))], declared],
    ['no answer the second time', 'inconclusive', [one(answer([etag]), no)]],
    ['a limiter the second time', 'inconclusive', [one(answer([etag]), ok(answer([], { status: 429 })))]],
    ['nothing', 'skip', []],
  ])('%s', (_name, expected, seen, more = {}) => expect(told(judge(revalidation, { seen }, {}, more))).toBe(expected))
})

describe('compression', () => {
  const long = Buffer.from('text '.repeat(1000))
  const gz = ['Content-Encoding', 'gzip'] as const
  const pair = (first: HttpObservation, gzip: Observed<HttpObservation>): Coding => ({ url: first.url, kind: 'asset', first, gzip })
  const plain = (more: Partial<HttpObservation> = {}, headers: Headers = []) => answer([JS, ...headers], { body: long, wireBytes: long.length, ...more })
  const packed = plain({ wireBytes: 200 }, [gz])
  const declared = { caching: { compression: { minimumSize: 1000 } } }
  test.each<[string, string, readonly Coding[], Partial<TargetInput>?]>([
    ['when asked', 'pass', [pair(plain(), ok(packed))]],
    ['never', 'warn caching.coding.missing', [pair(plain(), ok(plain()))]],
    ['never, though declared', 'fail caching.coding.missing', [pair(plain(), ok(plain()))], declared],
    ['identity is none', 'fail caching.coding.missing', [pair(plain(), ok(plain({}, [['Content-Encoding', 'identity']])))], declared],
    ['small text as it is', 'pass', [pair(answer([JS]), ok(answer([JS])))], declared],
    ['small text compressed', 'warn caching.coding.small', [pair(answer([JS]), ok(answer([JS, gz])))], declared],
    ['small text compressed, no threshold declared', 'pass', [pair(answer([JS]), ok(answer([JS, gz])))]],
    ['always', 'fail caching.coding.unasked', [pair(packed, ok(packed))], declared],
    ['always, not declared', 'warn caching.coding.unasked', [pair(packed, ok(packed))]],
    ['twice', 'fail caching.coding.double', [pair(plain(), ok(plain({ body: gzipSync(long) }, [gz])))]],
    ['twice, said so', 'fail caching.coding.double', [pair(plain(), ok(plain({}, [['Content-Encoding', 'gzip, gzip']])))]],
    [
      'an archive is no double coding',
      'pass',
      [
        pair(
          answer([['Content-Type', 'application/octet-stream']], { body: gzipSync(long) }),
          ok(answer([['Content-Type', 'application/octet-stream'], gz], { body: gzipSync(long) })),
        ),
      ],
    ],
    ['not what it says', 'fail caching.coding.broken', [pair(plain(), ok(plain({ decodeFailed: true }, [gz])))]],
    ['cut by our cap', 'pass', [pair(plain({ truncated: true }), ok(plain({ decodeFailed: true, truncated: true }, [gz])))]],
    ['a coding that was not offered', 'fail caching.coding.broken', [pair(plain(), ok(plain({}, [['Content-Encoding', 'br']])))]],
    [
      'an image again',
      'warn caching.coding.needless',
      [pair(answer([['Content-Type', 'image/png']], { body: long }), ok(answer([['Content-Type', 'image/png'], gz], { body: long })))],
    ],
    [
      'an image as it is',
      'pass',
      [pair(answer([['Content-Type', 'image/png']], { body: long }), ok(answer([['Content-Type', 'image/png']], { body: long })))],
      declared,
    ],
    ['a type that is not declared', 'pass', [pair(plain(), ok(plain()))], { caching: { compression: { types: ['text/css'] } } }],
    ['no answer', 'inconclusive', [pair(plain(), no)]],
    ['a limiter', 'inconclusive', [pair(plain(), ok(answer([], { status: 429 })))]],
    ['nothing', 'skip', []],
  ])('%s', (_name, expected, seen, more = {}) => expect(told(judge(compression, { seen }, {}, more))).toBe(expected))
})

describe('vary', () => {
  const gz = ['Content-Encoding', 'gzip'] as const
  const vary = ['Vary', 'Origin, accept-encoding'] as const
  const pair = (first: Headers, gzip: Headers): Coding => ({ url: 'https://www.example.com/', kind: 'document', first: answer(first), gzip: ok(answer(gzip)) })
  test.each<[string, string, readonly Coding[]]>([
    ['on both', 'pass', [pair([vary], [gz, vary])]],
    ['everything', 'pass', [pair([['Vary', '*']], [gz, ['Vary', '*']])]],
    ['in a second line', 'pass', [pair([['Vary', 'Origin'], vary], [gz, ['Vary', 'Origin'], vary])]],
    ['on none', 'fail caching.vary.missing', [pair([], [gz])]],
    ['on the compressed one only: bytes, no more', 'warn caching.vary.missing', [pair([], [gz, vary])]],
    ['a name that only contains it', 'fail caching.vary.missing', [pair([vary], [gz, ['Vary', 'X-Accept-Encoding']])]],
    ['stored nowhere', 'pass', [pair([control('no-store')], [gz, control('no-store')])]],
    ['not compressed', 'skip', [pair([], [])]],
    ['no answer', 'inconclusive', [{ ...pair([], []), gzip: no }]],
    ['a limiter', 'inconclusive', [{ ...pair([], []), gzip: ok(answer([], { status: 429 })) }]],
  ])('%s', (_name, expected, seen) => expect(told(judge(varyEncoding, { seen }))).toBe(expected))
})

describe('errors', () => {
  test.each<[string, string, HttpObservation]>([
    ['404, nothing said', 'pass', answer([], { status: 404 })],
    ['404 for a minute', 'pass', answer([control('max-age=60')], { status: 404 })],
    ['404 for five minutes, as edges do', 'pass', answer([control('max-age=300')], { status: 404 })],
    ['404 that never changes', 'fail caching.errors.long', answer([control('max-age=60, immutable')], { status: 404 })],
    ['404 that never changes, asked anew', 'pass', answer([control('no-cache, immutable')], { status: 404 })],
    ['400 for a year', 'fail caching.errors.long', answer([YEAR], { status: 400 })],
    ['404 for a year', 'fail caching.errors.long', answer([YEAR], { status: 404 })],
    ['404 for a year by Expires', 'fail caching.errors.long', answer([['Expires', later(31_536_000)]], { status: 404 })],
    ['the fallback page, asked anew', 'pass', answer([HTML, control('no-cache')])],
    ['the fallback page for a year', 'fail caching.errors.fallback', answer([HTML, YEAR])],
    ['500 for a minute', 'fail caching.errors.server', answer([control('max-age=60')], { status: 500 })],
    ['500', 'pass', answer([control('no-store')], { status: 500 })],
    ['429', 'inconclusive', answer([YEAR], { status: 429 })],
    ['a challenge', 'inconclusive', answer([['cf-mitigated', 'challenge']], { status: 403 })],
  ])('%s', (_name, expected, missing) => expect(told(judge(errors, { missing }))).toBe(expected))
  test('provoked errors', () => {
    const more = { errorPages: [{ host: 'www', status: 502, page: '/5xx.html', probe: '/broken' }] }
    const missing = answer([], { status: 404 })
    const judged = (one: HttpObservation): string => told(judge(errors, { missing, 'provoked /broken': one }, {}, more))
    expect(judged(answer([], { status: 502 }))).toBe('pass')
    expect(judged(answer([control('public, max-age=60')], { status: 503 }))).toBe('fail caching.errors.server')
    expect(judged(answer())).toBe('inconclusive')
  })
  test.each<[readonly string[], string]>([
    [[], 'https://www.example.com/assets/postproof-missing-0a1b2c3d.js'],
    [
      ['https://www.example.com/a/b.css', 'https://www.example.com/static/js/main.1a2b.js?x=/y.png'],
      'https://www.example.com/static/js/postproof-missing-0a1b2c3d.js',
    ],
    [['https://cdn.example.com/x.js'], 'https://www.example.com/assets/postproof-missing-0a1b2c3d.js'],
    [['https://www.example.com/logo'], 'https://www.example.com/postproof-missing-0a1b2c3d.js'],
  ])('beside %j', (urls, expected) => {
    const host = normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { www: {} } }), { sha256: '0' }).hosts[0]
    expect(missingAssetUrl(host as never, assets(urls.map((url) => [url, ok(answer())])))).toBe(expected)
  })
})

test.each<[string, string, HttpObservation]>([
  ['no-cache', 'pass', answer([JS, control('no-cache')])],
  ['nothing said', 'pass', answer([JS])],
  ['an hour', 'warn caching.worker.cached', answer([JS, control('max-age=3600')])],
  ['a year', 'fail caching.worker.long', answer([['Content-Type', 'application/javascript; charset=utf-8'], YEAR])],
  ['immutable', 'fail caching.worker.long', answer([JS, control('max-age=60, immutable')])],
  ['not there', 'skip', answer([], { status: 404 })],
  ['the fallback page', 'skip', answer([HTML, YEAR])],
  ['text that is no script', 'skip', answer([['Content-Type', 'text/plain'], YEAR])],
  ['a day', 'warn caching.worker.cached', answer([JS, control('max-age=86400')])],
  ['immutable without a life does nothing', 'pass', answer([JS, control('no-cache, immutable')])],
  ['429', 'inconclusive', answer([], { status: 429 })],
  ['500', 'inconclusive', answer([], { status: 500 })],
  ['502', 'inconclusive', answer([], { status: 502 })],
])('service-worker: %s', (_name, expected, one) =>
  expect(told(judge(serviceWorker, { '/sw.js': one, '/service-worker.js': answer([], { status: 404 }) }))).toBe(expected),
)
