/** Judgement of the suite: a healthy observation, then one thing wrong per case, and the traps that must not alarm. Plain objects, no sockets. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { replacePath } from '../../fixtures/edit.ts'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { outcomesOf } from '../../fixtures/proof.ts'
import type { Check } from '../../helpers/check.ts'
import type { HttpObservation, RawHeaders } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import { normaliseTarget, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import { jsonOf, valueAt } from './shared.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
const URL_OF_HEALTH = 'https://api.example.com/health'
const JSON_TYPE: RawHeaders = [['Content-Type', 'application/json; charset=utf-8']]
const HTML: RawHeaders = [['Content-Type', 'text/html; charset=utf-8']]

type More = Partial<Omit<HttpObservation, 'body' | 'timings'>> & { ms?: number; loopDelayMs?: number }
const answer = (body: unknown, more: More = {}): HttpObservation => {
  const { ms = 10, loopDelayMs = 0, ...rest } = more
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return {
    url: URL_OF_HEALTH,
    method: 'GET',
    status: 200,
    statusText: '',
    httpVersion: '2',
    headers: JSON_TYPE,
    body: Buffer.from(text),
    wireBytes: text.length,
    truncated: false,
    decodeFailed: false,
    peer: '192.0.2.1:443',
    reused: true,
    at: NOW.toISOString(),
    timings: { ttfbMs: ms, transferMs: 0, totalMs: ms, loopDelayMs },
    ...rest,
  }
}
const seen = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: NOW.toISOString(), durationMs: 1, attempts: 1 })
const failed = (code: string, phase: 'connect' | 'resolve' = 'connect'): Observed<never> => ({
  ok: false,
  failure: { code, message: code.toLowerCase(), phase },
  startedAt: NOW.toISOString(),
  durationMs: 1,
  attempts: 2,
})
const GOOD = { status: 'OK', database: 'healthy', redis: 'healthy', timestamp: 1 }
const CHALLENGE = answer('<title>Just a moment...</title>', { status: 403, headers: [['cf-mitigated', 'challenge'], ...HTML] })
const with_ = (...headers: RawHeaders): HttpObservation => answer(GOOD, { headers: [...JSON_TYPE, ...headers] })

const checks = new Map<string, Check>()
for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.check.ts'))) {
  const { default: check } = (await import(`./${file}`)) as { default: Check }
  checks.set(check.id.slice('health/'.length), check)
}
const checkNamed = (name: string): Check => {
  const check = checks.get(name)
  if (check === undefined) throw new RangeError(`no check ${name}`)
  return check
}

type Entry = NonNullable<TargetInput['health']>[number]
type HostDeclaration = NonNullable<TargetInput['hosts']>[string]
interface Setting {
  readonly entry?: Partial<Entry>
  readonly host?: HostDeclaration
}
const targetOf = ({ entry = {}, host = {} }: Setting) =>
  normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { api: host }, health: [{ url: 'https://api.{domain}/health', ...entry }] }), {
    sha256: '0',
  })
function judge(name: string, looked: object, setting: Setting = {}): Verdict {
  const check = checkNamed(name)
  const target = targetOf(setting)
  const subject = check.subjects(target)[0]
  if (subject === undefined) throw new RangeError(`${name} has no subject`)
  return check.judge(looked as never, { target, subject, now: NOW, options: check.options })
}
const shown = (verdict: Verdict): string => (verdict.outcome === 'warn' || verdict.outcome === 'fail' ? `${verdict.outcome} ${verdict.code}` : verdict.outcome)

type Case = readonly [what: string, looked: object, expected: string, setting?: Setting]
const FIELDS: Setting = { entry: { json: { '$.database': 'healthy', '$.redis': 'healthy' } } }
const SLOW: Setting = { entry: { maxMs: 50 } }
const FRESH: Setting = { entry: { fresh: '$.timestamp' } }
const release = (expected: string, where: { readonly json?: string } = { json: '$.commit' }): Setting => ({
  host: { release: { path: '/version', ...where, expect: expected } },
})
const three = (a: HttpObservation, b = a, later = b): object => ({ first: a, second: b, later })
const stamped = (timestamp: unknown): HttpObservation => answer({ ...GOOD, timestamp })
const calls = (...words: readonly (number | string)[]): object =>
  Object.fromEntries(words.map((word, index) => [`sample${index}`, typeof word === 'number' ? seen(answer(GOOD, { status: word })) : failed(word)]))
const leaks = (body: unknown, expected: string, setting?: Setting): Case =>
  [
    typeof body === 'string' ? body.slice(0, 60) : JSON.stringify(body),
    { seen: answer(body) },
    expected,
    ...(setting === undefined ? [] : [setting]),
  ] as unknown as Case

const CASES: Record<string, readonly Case[]> = {
  endpoint: [
    ['200 JSON', { answer: seen(answer(GOOD)) }, 'pass', FIELDS],
    ['a word of text', { answer: seen(answer('ok', { headers: [['Content-Type', 'text/plain']] })) }, 'pass', { entry: { body: 'ok' } }],
    ['one of several declared statuses', { answer: seen(answer('', { status: 204, headers: [] })) }, 'pass', { entry: { status: [200, 204] } }],
    ['a page that is declared', { answer: seen(answer('<!doctype html>', { headers: HTML })) }, 'pass', { entry: { contentType: 'text/html' } }],
    [
      'application/health+json is JSON',
      { answer: seen(answer(GOOD, { headers: [['content-type', 'application/health+json']] })) },
      'pass',
      { entry: { contentType: 'application/json' } },
    ],
    ['HEAD has no body to judge', { answer: seen(answer('', { headers: HTML })) }, 'pass', { entry: { method: 'HEAD', json: { '$.a': 1 } } }],
    ['its own word for the whole', { answer: seen(answer({ status: 'DOWN' })) }, 'fail health.says-sick'],
    ['not well, told by a flag', { answer: seen(answer({ ok: false, version: '1' })) }, 'fail health.says-sick'],
    ['an error with 200', { answer: seen(answer({ status: 'error', message: 'no database' })) }, 'fail health.says-sick'],
    ['a word of text that says so', { answer: seen(answer('UNHEALTHY\n', { headers: [['Content-Type', 'text/plain']] })) }, 'fail health.says-sick'],
    ['a part is down', { answer: seen(answer({ status: 'UP', components: { db: { status: 'DOWN' }, disk: { status: 'UP' } } })) }, 'warn health.part-sick'],
    [
      'a part in a list is disconnected',
      { answer: seen(answer({ status: 'ok', checks: [{ name: 'redis', status: 'disconnected' }] })) },
      'warn health.part-sick',
    ],
    ['a part by its name alone', { answer: seen(answer({ status: 'ok', database: 'disconnected' })) }, 'warn health.part-sick'],
    [
      'a part that the target declares is the matter of health/fields',
      { answer: seen(answer({ status: 'ok', database: 'disconnected' })) },
      'pass',
      { entry: { json: { '$.database': 'connected' } } },
    ],
    ['parts in good order', { answer: seen(answer({ status: 'UP', components: { db: { status: 'UP', details: { database: 'PostgreSQL' } } } })) }, 'pass'],
    [
      'words that are no state',
      { answer: seen(answer({ status: 'ok', logLevel: 'error', errors: [], failed: 0, lastError: null, maintenance: false })) },
      'pass',
    ],
    ['a failing answer that is declared', { answer: seen(answer({ status: 'DOWN' }, { status: 503 })) }, 'pass', { entry: { status: 503 } }],
    ['503', { answer: seen(answer(GOOD, { status: 503 })) }, 'fail health.status'],
    ['404', { answer: seen(answer('', { status: 404 })) }, 'fail health.status'],
    ['401', { answer: seen(answer('', { status: 401 })) }, 'fail health.status'],
    ['429', { answer: seen(answer('', { status: 429 })) }, 'fail health.rate-limited'],
    ['301', { answer: seen(answer('', { status: 301, headers: [['Location', '/api/health']] })) }, 'fail health.redirected'],
    ['the page that answers every path', { answer: seen(answer('<!DOCTYPE html><div id="root">', { headers: HTML })) }, 'fail health.html-fallback', FIELDS],
    ['a page under another type', { answer: seen(answer('\n<html><div id="root">')) }, 'fail health.html-fallback'],
    ['no JSON', { answer: seen(answer('ok')) }, 'fail health.not-json', FIELDS],
    ['cut JSON', { answer: seen(answer('{"database":"hea')) }, 'fail health.not-json', FIELDS],
    [
      'another type',
      { answer: seen(answer(GOOD, { headers: [['Content-Type', 'text/plain']] })) },
      'fail health.content-type',
      { entry: { contentType: 'application/json' } },
    ],
    ['no type', { answer: seen(answer(GOOD, { headers: [] })) }, 'fail health.content-type', { entry: { contentType: 'application/json' } }],
    ['another word', { answer: seen(answer('degraded', { headers: [['Content-Type', 'text/plain']] })) }, 'fail health.body', { entry: { body: 'ok' } }],
    ['nothing listens', { answer: failed('ECONNREFUSED') }, 'fail health.unreachable'],
    ['silence', { answer: failed('TIMEOUT') }, 'inconclusive'],
    ['a resolver that refuses says nothing about the port', { answer: failed('ECONNREFUSED', 'resolve') }, 'inconclusive'],
    ['reset', { answer: failed('ECONNRESET') }, 'inconclusive'],
    ['no such port for this vantage', { answer: failed('UNMAPPED') }, 'inconclusive'],
    ['a challenge', { answer: seen(CHALLENGE) }, 'inconclusive'],
  ],
  fields: [
    ['as declared', { seen: answer(GOOD) }, 'pass', FIELDS],
    ['deep', { seen: answer({ databases: { postgresql: 'connected' } }) }, 'pass', { entry: { json: { '$.databases.postgresql': 'connected' } } }],
    ['an object is wanted and there', { seen: answer({ websocket: { clients: 3 } }) }, 'pass', { entry: { json: { '$.websocket': { type: 'object' } } } }],
    ['a path that cannot be read', { seen: answer(GOOD) }, 'inconclusive', { entry: { json: { '$..[?': 1 } } }],
    ['an expression that cannot be read', { seen: answer(GOOD) }, 'inconclusive', { entry: { json: { '$.database': { regex: '(' } } } }],
    ['fields of a 503 are read as well', { seen: answer({ ...GOOD, database: 'down' }, { status: 503 }) }, 'fail health.field.wrong', FIELDS],
    ['sick', { seen: answer({ ...GOOD, database: 'unhealthy' }) }, 'fail health.field.wrong', FIELDS],
    ['another case', { seen: answer({ ...GOOD, database: 'Healthy' }) }, 'fail health.field.wrong', FIELDS],
    ['null', { seen: answer({ ...GOOD, database: null }) }, 'fail health.field.wrong', FIELDS],
    ['a word with a space behind it', { seen: answer({ ...GOOD, database: 'healthy ' }) }, 'fail health.field.wrong', FIELDS],
    ['the text "true" is not true', { seen: answer({ up: 'true' }) }, 'fail health.field.wrong', { entry: { json: { '$.up': true } } }],
    [
      'an object is wanted, a word is there',
      { seen: answer({ websocket: 'connected' }) },
      'fail health.field.wrong',
      { entry: { json: { '$.websocket': { type: 'object' } } } },
    ],
    [
      'status OK, a dependency disconnected',
      { seen: answer({ status: 'OK', blockchain: 'disconnected' }) },
      'fail health.field.wrong',
      { entry: { json: { '$.status': 'OK', '$.blockchain': 'connected' } } },
    ],
    ['missing', { seen: answer({ database: 'healthy' }) }, 'fail health.field.missing', FIELDS],
    ['an array where an object should be', { seen: answer([GOOD]) }, 'fail health.field.missing', FIELDS],
    ['JSON null', { seen: answer('null') }, 'fail health.field.missing', FIELDS],
    ['a page', { seen: answer('<html>', { headers: HTML }) }, 'inconclusive', FIELDS],
    ['limited', { seen: answer({}, { status: 429 }) }, 'inconclusive', FIELDS],
    ['a challenge', { seen: CHALLENGE }, 'inconclusive', FIELDS],
  ],
  freshness: [
    ['two timestamps', three(stamped(1), stamped(2)), 'pass', FRESH],
    ['whole seconds: the same at once, another a second later', three(stamped('12:00:00Z'), stamped('12:00:00Z'), stamped('12:00:01Z')), 'pass', FRESH],
    ['nothing declared to differ', three(answer(GOOD)), 'pass'],
    ['Age 0', three(with_(['Age', '0'])), 'pass'],
    ['a miss', three(with_(['X-Cache', 'Miss from edge'])), 'pass'],
    ['a miss in structured words', three(with_(['Cache-Status', 'edge; hit=?0; fwd=miss'])), 'pass'],
    ['max-age for browsers alone', three(with_(['Cache-Control', 'private, max-age=60'])), 'pass'],
    ['no-cache', three(with_(['Cache-Control', 'max-age=60, no-cache'])), 'pass'],
    ['max-age=0', three(with_(['Cache-Control', 'public, max-age=0'])), 'pass'],
    ['Age', three(answer(GOOD), with_(['Age', '12'])), 'fail health.cached'],
    ['a hit', three(answer(GOOD), with_(['cf-cache-status', 'HIT'])), 'fail health.cached'],
    ['a hit behind a miss', three(answer(GOOD), with_(['X-Cache', 'MISS, HIT'])), 'fail health.cached'],
    ['stale, from a cache whose service is gone', three(with_(['X-Cache-Status', 'STALE'])), 'fail health.cached'],
    ['a hit in the second header of that name', three(with_(['X-Cache', 'MISS'], ['X-Cache', 'TCP_MEM_HIT'])), 'fail health.cached'],
    ['a hit of Varnish', three(with_(['X-Varnish', '32770 3'])), 'fail health.cached'],
    ['no hit of Varnish', three(with_(['X-Varnish', '32770'])), 'pass'],
    ['asked after', three(with_(['X-Cache', 'RefreshHit from cloudfront'])), 'pass'],
    ['dynamic', three(with_(['cf-cache-status', 'DYNAMIC'], ['x-vercel-cache', 'MISS'])), 'pass'],
    ['the same timestamp', three(stamped(1)), 'fail health.stale', FRESH],
    ['the timestamp is not there', three(answer({ a: 1 })), 'fail health.stale', FRESH],
    ['storable', three(with_(['Cache-Control', 'public, max-age=60'])), 'warn health.cacheable'],
    ['storable by its second header', three(with_(['Cache-Control', 'public'], ['cache-control', 's-maxage="5"'])), 'warn health.cacheable'],
    ['no health to compare', three(answer(GOOD, { status: 503 })), 'inconclusive'],
    ['no JSON', three(answer('ok')), 'inconclusive', FRESH],
    ['a challenge', three(CHALLENGE), 'inconclusive'],
  ],
  duration: [
    ['fast', { first: answer(GOOD), second: answer(GOOD) }, 'pass', SLOW],
    ['one hiccup', { first: answer(GOOD, { ms: 900 }), second: answer(GOOD, { ms: 49 }) }, 'pass', SLOW],
    ['exactly as declared', { first: answer(GOOD, { ms: 50 }), second: answer(GOOD, { ms: 50 }) }, 'pass', SLOW],
    ['slow', { first: answer(GOOD, { ms: 90 }), second: answer(GOOD, { ms: 80 }) }, 'fail health.slow', SLOW],
    ['not a number', { first: answer(GOOD, { ms: Number.NaN }), second: answer(GOOD, { ms: Number.NaN }) }, 'fail health.slow', SLOW],
    ['this machine was busy', { first: answer(GOOD, { ms: 90, loopDelayMs: 60 }), second: answer(GOOD, { ms: 80 }) }, 'inconclusive', SLOW],
    ['fast because it failed', { first: answer('', { status: 502 }), second: answer('', { status: 502 }) }, 'inconclusive', SLOW],
  ],
  leak: [
    leaks(GOOD, 'pass'),
    // Made to keep an expression busy.
    ...['\n', 'eyJ-', 'a://', 'eyJaaaaaaaaaa. ', '1', 'password', 'at '].map(
      (piece): Case => [`${JSON.stringify(piece)} over and over`, { seen: answer(piece.repeat(Math.ceil(262_144 / piece.length))) }, 'pass'],
    ),
    leaks({ env: { JWT_SECRET: 'set', DATABASE_URL_PASSWORD: 'present', API_KEY: 'loaded' } }, 'pass'),
    leaks({ password_policy: 'strict', secretRotation: '2026-01-01', secretsManager: 'connected' }, 'pass'),
    leaks({ database: 'postgresql://app:***@db/app' }, 'pass'),
    leaks({ docs: 'https://docs.example.com/health:details' }, 'pass'),
    leaks({ token: null, resetPassword: true, uptime: 12345.6 }, 'pass'),
    leaks({ error: 'could not connect to postgresql://app:hunter22@db:5432/app' }, 'fail health.leak.secret'),
    leaks({ redis: 'redis://:hunter22@cache:6379' }, 'fail health.leak.secret'),
    leaks('-----BEGIN RSA PRIVATE KEY-----\nMIIE', 'fail health.leak.secret'),
    leaks({ key: `AKIA${'A'.repeat(16)}` }, 'fail health.leak.secret'),
    leaks({ t: `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.${'c'.repeat(20)}` }, 'fail health.leak.secret'),
    leaks({ JWT_SECRET: 'correct horse' }, 'fail health.leak.secret'),
    leaks('SMTP_PASSWORD=hunter22', 'fail health.leak.secret'),
    leaks({ env: { HOME: '/srv/app', HOSTNAME: 'web-1' } }, 'fail health.leak.environment'),
    leaks({ database: '10.0.3.7:5432' }, 'warn health.leak.internal'),
    leaks('Error: no\n    at connect (/srv/app/db.js:12:7)', 'warn health.leak.internal'),
    leaks({ runtime: { nodeVersion: 'v20.11.1' } }, 'warn health.leak.version'),
    leaks({ version: '1.2.3' }, 'pass', { entry: { json: { '$.version': { present: true } } } }),
    leaks({ version: '1.2.3' }, 'pass', release('1.2.3')),
    leaks({ apiVersion: 'v1', schemaVersion: 3 }, 'pass'),
    ['secrets of an error count', { seen: answer({ error: 'mysql://a:hunter22@b' }, { status: 503 }) }, 'fail health.leak.secret'],
    ['an answer that is not the health answer', { seen: answer('<html>', { status: 502, headers: HTML }) }, 'inconclusive'],
    ['cut', { seen: answer(GOOD, { truncated: true }) }, 'inconclusive'],
    ['a challenge', { seen: CHALLENGE }, 'inconclusive'],
  ],
  release: [
    ['the commit', { seen: answer({ commit: '4f2d9c1a7e60' }) }, 'pass', release('4f2d9c1a7e60')],
    ['the short form of the commit', { seen: answer({ commit: '4f2d9c1a7e60b7a1' }) }, 'pass', release('4f2d9c1')],
    ['a number', { seen: answer({ commit: 42 }) }, 'pass', release('42')],
    ['in text', { seen: answer('release 1.4.2\n') }, 'pass', release('1.4.2', {})],
    ['in text, with a v and a full stop', { seen: answer('This is v1.4.2.') }, 'pass', release('1.4.2', {})],
    ['in text behind a longer one', { seen: answer('1.4.21 after 1.4.2') }, 'pass', release('1.4.2', {})],
    ['a commit in full', { seen: answer('build 4f2d9c1a7e60b7a1') }, 'pass', release('4f2d9c1', {})],
    ['a commit as git describes it', { seen: answer('v1.4-3-g4f2d9c1') }, 'pass', release('4f2d9c1', {})],
    ['a commit within another', { seen: answer('build a4f2d9c1e') }, 'fail health.release.other', release('4f2d9c1', {})],
    ['a commit and a version', { seen: answer({ commit: '1.4.2' }) }, 'fail health.release.other', release('4f2d9c1')],
    ['a path that cannot be read', { seen: answer({ commit: '1' }) }, 'inconclusive', release('1', { json: '$..[?' })],
    ...['1.4.21', '11.4.2', '1.4.2-rc1', '1.4.2.1'].map(
      (text): Case => [`${text} is another`, { seen: answer(text) }, 'fail health.release.other', release('1.4.2', {})],
    ),
    ['another', { seen: answer({ commit: '4f2d9c1a7e61' }) }, 'fail health.release.other', release('4f2d9c1a7e60')],
    ['a version that begins alike is another', { seen: answer({ commit: '1.4.21' }) }, 'fail health.release.other', release('1.4.2')],
    ['not in text', { seen: answer('release 1.4.1\n') }, 'fail health.release.other', release('1.4.2', {})],
    ['none', { seen: answer({}) }, 'fail health.release.unknown', release('1')],
    ['empty', { seen: answer({ commit: '' }) }, 'fail health.release.unknown', release('1')],
    ['an object', { seen: answer({ commit: { id: 1 } }) }, 'fail health.release.unknown', release('1')],
    ['404', { seen: answer({ commit: '1' }, { status: 404 }) }, 'fail health.release.unknown', release('1')],
    ['no JSON', { seen: answer('<html>') }, 'fail health.release.unknown', release('1')],
    ['a broken gateway', { seen: answer('', { status: 502 }) }, 'inconclusive', release('1')],
    ['limited', { seen: answer('', { status: 429 }) }, 'inconclusive', release('1')],
  ],
  stability: [
    ['steady', calls(200, 200, 200), 'pass'],
    ['a declared status', calls(200, 204), 'pass', { entry: { status: [200, 204] } }],
    ['once', calls(200, 502, 200), 'warn health.unstable.once'],
    ['once, by a reset', calls(200, 'ECONNRESET', 200), 'warn health.unstable.once'],
    ['twice', calls(200, 502, 200, 502), 'fail health.unstable'],
    ['caught by a limit on the way', calls(200, 429, 429), 'fail health.unstable'],
    ['never: the endpoint itself is judged elsewhere', calls(502, 502), 'inconclusive'],
    ['no call', {}, 'inconclusive'],
    ['a challenge in between', { sample0: seen(answer(GOOD)), sample1: seen(CHALLENGE) }, 'inconclusive'],
  ],
}

test('every check of the suite has cases in both directions, and every code a case', () => {
  expect(checks.size).toBe(7)
  expect(Object.keys(CASES).sort()).toEqual([...checks.keys()].sort())
  for (const [name, cases] of Object.entries(CASES)) {
    const outcomes = cases.map(([, , expected]) => expected)
    expect(outcomes, name).toContain('pass')
    const codes = new Set(outcomes.flatMap((one) => one.split(' ').slice(1)))
    expect([...codes].sort(), name).toEqual(Object.keys(checkNamed(name).codes).sort())
  }
})

describe.each(Object.entries(CASES))('health/%s', (name, cases) => {
  test.each(cases.map((each) => ({ what: each[0], each })))('$what', ({ each: [, looked, expected, setting] }) => {
    const verdict = judge(name, looked, setting)
    expect(shown(verdict)).toBe(expected)
    if (verdict.outcome === 'pass' || verdict.outcome === 'warn' || verdict.outcome === 'fail') {
      expect(verdict.evidence.length).toBeGreaterThan(0)
      for (const item of verdict.evidence) expect([item.what, item.expected, item.received].every((text) => text.length > 0)).toBe(true)
    }
  })
})

test('what is secret never gets into the evidence', () => {
  for (const body of ['postgresql://app:hunter22@db/app', '{"JWT_SECRET":"hunter22"}', 'SMTP_PASSWORD=hunter22', '{"env":{"HOME":"hunter22"}}'])
    expect(JSON.stringify(judge('leak', { seen: answer(body) })), body).not.toContain('hunter22')
})

describe('who is judged', () => {
  const names = (check: string, setting: Setting): readonly string[] =>
    checkNamed(check)
      .subjects(targetOf(setting))
      .map(({ name }) => name)
  test('an endpoint by its URL', () => expect(names('endpoint', {})).toEqual([URL_OF_HEALTH]))
  test('fields only where some are declared and there is a body', () => {
    expect(names('fields', {})).toEqual([])
    expect(names('fields', { entry: { json: { '$.a': 1 }, method: 'HEAD' } })).toEqual([])
    expect(names('fields', FIELDS)).toEqual([URL_OF_HEALTH])
  })
  test('time only where one is declared', () => expect(names('duration', {})).toEqual([]))
  test('one call alone has no steadiness', () => expect(names('stability', { entry: { samples: 1 } })).toEqual([]))
  test('a release only where one is expected', () => {
    expect(names('release', {})).toEqual([])
    expect(names('release', release('1'))).toEqual(['api.example.com'])
  })
})

test('paths and bodies that cannot be read are results', () => {
  expect(valueAt({ a: 1 }, '$.a')).toEqual({ value: 1 })
  expect(valueAt({ a: 1 }, '$.b')).toEqual({ value: undefined })
  expect(valueAt({ a: 1 }, '$..[?')).toHaveProperty('misused')
  expect(jsonOf('null')).toEqual({ value: null })
  expect(jsonOf('{')).toBeUndefined()
})

describe('a clock of whole seconds', () => {
  const freshness = async (timestamp: () => unknown) => {
    const world = healthyWorld()
    let asked = 0
    replacePath(world, 'api', '/api/health', (healthy) => {
      asked += 1
      return { ...healthy, body: JSON.stringify({ database: 'healthy', redis: 'healthy', timestamp: timestamp() }) }
    })
    const outcomes = await outcomesOf(world, [checkNamed('freshness')], { hosts: new Set(['api']) })
    return { asked, outcome: [...outcomes.byKey].find(([key]) => key.includes('api.'))?.[1].outcome }
  }
  test('is asked again a second later, and found to go', async () => {
    expect(await freshness(() => Math.floor(performance.now() / 1000))).toMatchObject({ outcome: 'pass' })
  })
  test('that stands still is asked three times', async () => {
    expect(await freshness(() => 1_763_726_400)).toEqual({ outcome: 'fail', asked: 3 })
  })
  test('one that counts finer is asked twice', async () => {
    expect(await freshness(() => performance.now())).toEqual({ outcome: 'pass', asked: 2 })
  })
})
