/** Judgement of the suite: a healthy observation, then one thing wrong per case, and the traps that must not alarm. Plain objects, no sockets. */
import { describe, expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import type { HttpObservation, WebSocketObservation, WebSocketOverHttp2Observation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import { normaliseTarget, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import authRequired from './auth-required.check.ts'
import close from './close.check.ts'
import eventStream from './event-stream.check.ts'
import h2Connect from './h2-connect.check.ts'
import healthClaim, { claims } from './health-claim.check.ts'
import idleSurvival from './idle-survival.check.ts'
import liveness from './liveness.check.ts'
import longPoll from './long-poll.check.ts'
import originCheck from './origin-check.check.ts'
import plainRequest from './plain-request.check.ts'
import subprotocol from './subprotocol.check.ts'
import upgrade from './upgrade.check.ts'
import version from './version.check.ts'
import wssOnly from './wss-only.check.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
type Live = NonNullable<NonNullable<TargetInput['hosts']>[string]['live']>
const targetOf = (live: Live, more: Partial<TargetInput> = {}) =>
  normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { draw: { live } }, ...more }), { sha256: '0'.repeat(64) })
const channel = { mode: 'websocket', path: '/socket' } as const

const RIGHT: readonly (readonly [string, string])[] = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Accept', 'good='],
]
const socket = (more: Partial<WebSocketObservation> = {}): WebSocketObservation => ({
  url: 'wss://draw.example.com/socket',
  peer: '192.0.2.1:443',
  status: 101,
  headers: RIGHT,
  accept: 'good=',
  expectedAccept: 'good=',
  acceptValid: true,
  offered: [],
  extensions: [],
  body: new Uint8Array(0),
  pong: true,
  pongMs: 3,
  messages: [],
  messageCount: 0,
  closeEchoed: true,
  cut: false,
  openMs: 4,
  at: NOW.toISOString(),
  ...more,
})
const refusal = (status: number, headers: readonly (readonly [string, string])[] = [], body = ''): WebSocketObservation =>
  socket({ status, headers, body: Buffer.from(body), acceptValid: false, pong: false, closeEchoed: false })
const http = (status: number, headers: readonly (readonly [string, string])[] = [], body = ''): HttpObservation => ({
  url: 'https://draw.example.com/socket',
  method: 'GET',
  status,
  statusText: '',
  httpVersion: '2',
  headers,
  body: Buffer.from(body),
  wireBytes: body.length,
  truncated: false,
  decodeFailed: false,
  peer: '192.0.2.1:443',
  reused: true,
  at: NOW.toISOString(),
  timings: { ttfbMs: 1, transferMs: 1, totalMs: 2, loopDelayMs: 0 },
})
const ok = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: NOW.toISOString(), durationMs: 1, attempts: 1 })
const no = (code: string): Observed<never> => ({
  ok: false,
  failure: { code, message: 'told by the system', phase: 'connect' },
  startedAt: NOW.toISOString(),
  durationMs: 1,
  attempts: 1,
})

function judge(check: Check, live: Live, seen: Record<string, unknown>, more: Partial<TargetInput> = {}): Verdict {
  const target = targetOf(live, more)
  const [subject] = check.subjects(target)
  if (subject === undefined) throw new Error(`${check.id} does not apply`)
  // Needs must be buildable for every subject, and their names are what the judge reads.
  for (const name of Object.keys(check.needs(subject, target, check.options))) if (!(name in seen)) throw new Error(`${check.id} needs ${name}`)
  expect(check.reproduce(subject, target)).toMatch(/^(?:curl|node) /)
  const verdict = check.judge(seen as never, { target, subject, now: NOW, options: check.options })
  if (verdict.outcome === 'warn' || verdict.outcome === 'fail') expect(Object.keys(check.codes)).toContain(verdict.code)
  return verdict
}
const told = (verdict: Verdict): string => (verdict.outcome === 'warn' || verdict.outcome === 'fail' ? `${verdict.outcome} ${verdict.code}` : verdict.outcome)
const evidence = (verdict: Verdict): string => verdict.evidence.map((one) => one.received).join(' | ')
const html = [['Content-Type', 'text/html']] as const
const guardedChannel = { ...channel, auth: 'required' } as const

describe('upgrade', () => {
  const headers = (...changes: (readonly [string, string])[]) => socket({ headers: changes })
  test.each<[string, string, WebSocketObservation, Observed<HttpObservation>?]>([
    ['right', 'pass', socket()],
    [
      'names and tokens in any case, more tokens',
      'pass',
      headers(['upgrade', 'WebSocket'], ['connection', 'keep-alive, UPGRADE'], ['Sec-WebSocket-Accept', 'good=']),
    ],
    ['more headers than needed', 'pass', headers(...RIGHT, ['Server', 'x'])],
    ['right whatever a plain request gets', 'pass', socket(), no('TIMEOUT')],
    ['wrong accept', 'fail websocket.accept', socket({ acceptValid: false, headers: [...RIGHT.slice(0, 2), ['Sec-WebSocket-Accept', 'bad=']] })],
    ['no accept', 'fail websocket.accept', socket({ acceptValid: false, headers: RIGHT.slice(0, 2) })],
    ['no Connection', 'fail websocket.upgrade.headers', headers(['Upgrade', 'websocket'], ['Sec-WebSocket-Accept', 'good='])],
    ['no Upgrade', 'fail websocket.upgrade.headers', headers(['Connection', 'Upgrade'])],
    ['Upgrade to something else', 'fail websocket.upgrade.headers', headers(['Upgrade', 'h2c'], ['Connection', 'Upgrade'])],
    ['426', 'fail websocket.upgrade.stripped', refusal(426)],
    ['400 like a plain request', 'fail websocket.upgrade.stripped', refusal(400), ok(http(400))],
    ['400 unlike a plain request', 'fail websocket.upgrade.refused', refusal(400), ok(http(426))],
    ['a page', 'fail websocket.upgrade.page', refusal(200, html, '<title>Draw</title>')],
    ['an event stream', 'fail websocket.upgrade.other-kind', refusal(200, [['Content-Type', 'text/event-stream']])],
    ['502', 'fail websocket.upgrade.gateway', refusal(502)],
    ['429', 'fail websocket.upgrade.limited', refusal(429)],
    ['403', 'fail websocket.upgrade.refused', refusal(403)],
  ])('%s', (_name, expected, seen, plain = ok(http(426))) => expect(told(judge(upgrade, channel, { seen, plain }))).toBe(expected))
  test('names the page that answered', () =>
    expect(evidence(judge(upgrade, channel, { seen: refusal(200, html, '<title>Draw</title>'), plain: no('EOF') }))).toContain('a page titled "Draw"'))
  test('applies to channels that anybody may open', () => {
    expect(upgrade.subjects(targetOf(guardedChannel))).toEqual([])
    expect(upgrade.subjects(targetOf({ mode: 'sse', path: '/events' }))).toEqual([])
    const restricted = normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { a: { access: 'forwardAuth', live: channel } } }), { sha256: '0' })
    expect(upgrade.subjects(restricted)).toEqual([])
    expect(authRequired.subjects(restricted)).toHaveLength(1)
  })
})

describe('liveness', () => {
  const talking = { ...channel, send: 'a', expect: 'b' } as const
  test.each<[string, string, WebSocketObservation, Live?]>([
    ['pong', 'pass', socket()],
    ['pong and message', 'pass', socket({ matched: true, messageCount: 1, messages: ['b'] }), talking],
    ['closed by the peer after its pong', 'pass', socket({ closeCode: 1000 })],
    ['nothing', 'fail websocket.silent', socket({ pong: false })],
    ['nothing at all where a message is declared', 'fail websocket.silent', socket({ pong: false, matched: false }), talking],
    ['message missing', 'fail websocket.message-missing', socket({ matched: false, messageCount: 1, messages: ['c'] }), talking],
    ['message but no pong', 'fail websocket.pong-missing', socket({ pong: false, matched: true }), talking],
    ['dropped', 'fail websocket.dropped', socket({ pong: false, closeCode: 1006, closedAfterMs: 2 })],
    ['violation', 'fail websocket.violation', socket({ pong: false, violation: 'masked' })],
    ['violation after a pong', 'fail websocket.violation', socket({ violation: 'masked' })],
    ['more than we read', 'inconclusive', socket({ pong: false, cut: true })],
    ['no upgrade', 'inconclusive', refusal(502)],
  ])('%s', (_name, expected, seen, live = channel) => expect(told(judge(liveness, live, { seen }))).toBe(expected))
})

test.each<[string, string, WebSocketObservation]>([
  ['echoed', 'pass', socket()],
  ['not echoed', 'warn websocket.close', socket({ closeEchoed: false })],
  ['over before', 'inconclusive', socket({ closeEchoed: false, closeCode: 1001 })],
  ['no upgrade', 'inconclusive', refusal(404)],
])('close: %s', (_name, expected, seen) => expect(told(judge(close, channel, { seen }))).toBe(expected))

describe('idle survival', () => {
  const idle = (survivedMs: number, alive: boolean, more: Partial<WebSocketObservation> = {}) =>
    socket({ idle: { askedMs: 60_000, survivedMs, alive, serverPings: 0 }, ...more })
  test.each<[string, string, WebSocketObservation]>([
    ['alive', 'pass', idle(60_001, true)],
    ['timers end a moment early', 'pass', idle(59_990, true)],
    ['cut at 10 s', 'fail websocket.idle.cut', idle(10_000, false, { closeCode: 1006 })],
    ['cut at 45 s of 60', 'warn websocket.idle.short', idle(45_000, false, { closeCode: 1001 })],
    ['open but dead', 'fail websocket.idle.dead', idle(60_000, false)],
    ['our cap ended it', 'inconclusive', idle(20_000, false, { cut: true })],
    ['no idle time was had', 'inconclusive', socket()],
    ['no upgrade', 'inconclusive', refusal(426)],
  ])('%s', (_name, expected, seen) => expect(told(judge(idleSurvival, { ...channel, idleSeconds: 60 }, { seen }))).toBe(expected))
})

test.each<[string, string, WebSocketObservation, Live?]>([
  ['401', 'pass', refusal(401)],
  ['403', 'pass', refusal(403)],
  ['closed with 4401', 'pass', socket({ pong: false, closeCode: 4401 })],
  ['closed with 1008', 'pass', socket({ pong: false, closeCode: 1008 })],
  ['data, then closed with 4401', 'fail websocket.auth.data', socket({ closeCode: 4401, messageCount: 1 })],
  ['data', 'fail websocket.auth.data', socket({ messageCount: 3 })],
  ['open and silent', 'fail websocket.auth.open', socket()],
  ['open and silent, where the token may come in the first message', 'warn websocket.auth.open', socket(), { ...channel, auth: 'token' }],
  ['data before any token', 'fail websocket.auth.data', socket({ messageCount: 1 }), { ...channel, auth: 'token' }],
  ['closed for another reason', 'fail websocket.auth.open', socket({ closeCode: 1011 })],
  ['redirect', 'warn websocket.auth.redirected', refusal(302, [['Location', '/login']])],
  ['400', 'warn websocket.auth.unclear', refusal(400)],
  ['404', 'warn websocket.auth.unclear', refusal(404)],
  ['426', 'fail websocket.auth.unreachable', refusal(426)],
  ['a page', 'fail websocket.auth.unreachable', refusal(200, html)],
  ['502', 'fail websocket.auth.unreachable', refusal(502)],
  ['token in the path', 'warn websocket.auth.token-in-url', refusal(401), { ...channel, path: '/socket?room=1&token=abc', auth: 'token' }],
  ['another parameter', 'pass', refusal(401), { ...channel, path: '/socket?tokenless=1', auth: 'token' }],
])('auth-required: %s', (_name, expected, seen, live = guardedChannel) => {
  const verdict = judge(authRequired, live, { seen })
  expect(told(verdict)).toBe(expected)
  const target = targetOf(live)
  const subject = authRequired.subjects(target)[0]
  expect(JSON.stringify([verdict, subject?.name, authRequired.reproduce(subject as never, target)])).not.toContain('abc')
})

describe('origin check', () => {
  const foreign = 'https://draw.example.com.postproof-foreign.test'
  const ending = 'https://postproofexample.com'
  const cookie = { ...channel, auth: 'cookie' } as const
  const token = { ...channel, auth: 'token' as const, origins: ['https://draw.example.com'] }
  const open = { ...channel, auth: 'none' as const, origins: ['https://draw.example.com'] }
  test.each<[string, string, Live, WebSocketObservation, WebSocketObservation, WebSocketObservation]>([
    ['refused', 'pass', open, socket(), refusal(403), refusal(403)],
    ['closed with 1008', 'pass', open, socket(), socket({ closeCode: 1008 }), refusal(403)],
    ['accepted', 'fail websocket.origin.accepted', open, socket(), socket(), refusal(403)],
    ['null accepted', 'fail websocket.origin.accepted', open, socket(), refusal(403), socket()],
    ['accepted, data, then closed', 'fail websocket.origin.accepted', open, socket(), socket({ closeCode: 1008, messageCount: 1 }), refusal(403)],
    ['accepted where a token is needed', 'warn websocket.origin.token-only', token, refusal(401), socket(), socket()],
    ['cookie session: another refusal than without a session', 'pass', cookie, refusal(401), refusal(403), refusal(403)],
    ['cookie session: refused alike', 'skip', cookie, refusal(401), refusal(401), refusal(401)],
    ['cookie session: accepted', 'fail websocket.origin.accepted', cookie, refusal(401), socket(), refusal(401)],
    ['the upgrade fails anyway', 'inconclusive', open, refusal(502), refusal(403), refusal(403)],
    ['a limiter answers', 'inconclusive', open, socket(), refusal(429), refusal(403)],
    ['the backend fails', 'inconclusive', open, socket(), refusal(403), refusal(502)],
  ])('%s', (_name, expected, live, own, first, second) =>
    expect(told(judge(originCheck, live, { own, [foreign]: first, [ending]: first.status === 101 ? refusal(403) : first, null: second }))).toBe(expected),
  )
  test('compared by its end alone', () =>
    expect(told(judge(originCheck, open, { own: socket(), [foreign]: refusal(403), [ending]: socket(), null: refusal(403) }))).toBe(
      'fail websocket.origin.accepted',
    ))
  test('what is declared is not foreign', () => {
    const target = targetOf({ ...open, origins: ['https://draw.example.com', 'null'] })
    const [subject] = originCheck.subjects(target)
    expect(Object.keys(originCheck.needs(subject as never, target, {}))).toEqual(['own', foreign, ending])
  })
  test('without declared origins or cookies nobody is foreign', () => expect(originCheck.subjects(targetOf({ ...channel, auth: 'token' }))).toEqual([]))
})

test.each<[string, string, Observed<WebSocketObservation>]>([
  ['redirected', 'pass', ok(refusal(301, [['Location', 'https://draw.example.com/socket']]))],
  ['426', 'pass', ok(refusal(426))],
  ['refused', 'pass', no('ECONNREFUSED')],
  ['accepted', 'fail websocket.clear', ok(socket())],
  ['accepted with a wrong accept', 'fail websocket.clear', ok(socket({ acceptValid: false }))],
  ['silence', 'inconclusive', no('TIMEOUT')],
  ['reset', 'inconclusive', no('ECONNRESET')],
  ['gateway error', 'inconclusive', ok(refusal(502))],
  ['a limiter', 'inconclusive', ok(refusal(429))],
  ['no such port here', 'skip', no('UNMAPPED')],
])('wss-only: %s', (_name, expected, clear) => expect(told(judge(wssOnly, channel, { clear }))).toBe(expected))

test.each<[string, string, WebSocketObservation, WebSocketObservation]>([
  ['426 with 13', 'pass', socket(), refusal(426, [['Sec-WebSocket-Version', '13']])],
  ['426 with a list', 'pass', socket(), refusal(426, [['sec-websocket-version', '8, 13']])],
  ['426 without', 'warn websocket.version.unnamed', socket(), refusal(426)],
  ['426 with 130', 'warn websocket.version.unnamed', socket(), refusal(426, [['Sec-WebSocket-Version', '130']])],
  ['400', 'warn websocket.version.status', socket(), refusal(400)],
  ['accepted', 'fail websocket.version.accepted', socket(), socket()],
  ['401 first', 'skip', refusal(401), refusal(401)],
  ['426 for every version: the proxy says it', 'inconclusive', refusal(426), refusal(426, [['Sec-WebSocket-Version', '13']])],
  ['403 first', 'skip', refusal(403), refusal(403)],
  ['502', 'inconclusive', refusal(502), refusal(502)],
  ['404 for both', 'inconclusive', refusal(404), refusal(404)],
])('version: %s', (_name, expected, right, odd) => expect(told(judge(version, channel, { right, odd }))).toBe(expected))

describe('subprotocol', () => {
  const named = { ...channel, subprotocols: ['draw.v1', 'draw.v0'] }
  const chose = (offered: readonly string[], ...values: string[]) =>
    socket({ offered, headers: [...RIGHT, ...values.map((value) => ['Sec-WebSocket-Protocol', value] as const)] })
  const alien = ['postproof.undeclared.v0']
  test.each<[string, string, Live, WebSocketObservation, WebSocketObservation?]>([
    ['none offered, none chosen', 'pass', channel, chose([])],
    ['none offered, one chosen', 'fail websocket.subprotocol.unoffered', channel, chose([], 'x')],
    ['one of those offered', 'pass', named, chose(named.subprotocols, 'draw.v0'), chose(alien)],
    ['the alien one refused', 'pass', named, chose(named.subprotocols, 'draw.v1'), refusal(400)],
    ['none of those offered', 'fail websocket.subprotocol.ignored', named, chose(named.subprotocols), chose(alien)],
    ['another case is another name', 'fail websocket.subprotocol.unoffered', named, chose(named.subprotocols, 'DRAW.V1'), chose(alien)],
    ['two', 'fail websocket.subprotocol.malformed', named, chose(named.subprotocols, 'draw.v1, draw.v0'), chose(alien)],
    ['two lines', 'fail websocket.subprotocol.malformed', named, chose(named.subprotocols, 'draw.v1', 'draw.v0'), chose(alien)],
    ['whatever is offered', 'warn websocket.subprotocol.blind', named, chose(named.subprotocols, 'draw.v1'), chose(alien, alien[0] as string)],
    ['the own one although not offered', 'fail websocket.subprotocol.unoffered', named, chose(named.subprotocols, 'draw.v1'), chose(alien, 'draw.v1')],
    ['no upgrade', 'inconclusive', channel, refusal(404)],
  ])('%s', (_name, expected, live, seen, other) =>
    expect(told(judge(subprotocol, live, { seen, ...(other === undefined ? {} : { alien: other }) }))).toBe(expected),
  )
})

test.each<[string, string, Partial<WebSocketOverHttp2Observation>, Live?]>([
  ['not advertised', 'pass', { advertised: false }],
  ['no HTTP/2', 'pass', { h2: false, advertised: false }],
  ['works', 'pass', { status: 200 }],
  ['405', 'fail websocket.h2.broken', { status: 405 }],
  ['stream refused', 'fail websocket.h2.broken', { ended: 'ERR_HTTP2_STREAM_ERROR' }],
  ['401 where a session is needed', 'pass', { status: 401 }, guardedChannel],
  ['401 where none is', 'fail websocket.h2.broken', { status: 401 }],
  ['limited', 'inconclusive', { status: 429 }],
  ['silence', 'inconclusive', { ended: 'TIMEOUT' }],
])('h2-connect: %s', (_name, expected, more, live = channel) => {
  const seen = { url: 'https://draw.example.com/socket', peer: '192.0.2.1:443', h2: true, advertised: true, headers: [], at: NOW.toISOString(), ...more }
  expect(told(judge(h2Connect, live, { seen }))).toBe(expected)
})

test.each<[string, string, HttpObservation]>([
  ['426', 'pass', http(426)],
  ['a page', 'pass', http(200, html)],
  ['404', 'pass', http(404)],
  ['500', 'warn websocket.plain.error', http(500)],
  ['limited', 'inconclusive', http(429)],
  ['challenge', 'inconclusive', http(503, [['cf-mitigated', 'challenge']])],
])('plain-request: %s', (_name, expected, seen) => expect(told(judge(plainRequest, channel, { seen }))).toBe(expected))

describe('event stream', () => {
  const sse = { mode: 'sse', path: '/events' } as const
  const type = ['Content-Type', 'text/event-stream; charset=utf-8'] as const
  const fresh = ['Cache-Control', 'no-cache'] as const
  test.each<[string, string, HttpObservation, Live?]>([
    ['an event', 'pass', http(200, [type, fresh], 'data: x\n\n')],
    ['only a comment', 'pass', http(200, [type, fresh], ': hello\n\n')],
    ['the declared event', 'pass', http(200, [type, fresh], 'data: hello\n\n'), { ...sse, expect: 'hello' }],
    ['quiet, nothing declared', 'warn websocket.sse.silent', http(200, [type, fresh])],
    ['the declared event stays away', 'fail websocket.sse.buffered', http(200, [type, fresh]), { ...sse, expect: 'hello' }],
    ['a page', 'fail websocket.sse.type', http(200, html, '<p>data: x')],
    ['404', 'fail websocket.sse.status', http(404)],
    ['502', 'fail websocket.sse.status', http(502)],
    ['cacheable', 'warn websocket.sse.cacheable', http(200, [type], 'data: x\n\n')],
    ['a session is needed', 'skip', http(401), { ...sse, auth: 'cookie' }],
    ['events without the session that is needed', 'fail websocket.sse.open', http(200, [type, fresh], 'data: x\n\n'), { ...sse, auth: 'cookie' }],
    ['open and quiet without the session that is needed', 'fail websocket.sse.open', http(200, [type, fresh]), { ...sse, auth: 'required' }],
    ['a login page in its place', 'fail websocket.sse.type', http(200, html, '<p>Log in'), { ...sse, auth: 'cookie' }],
    ['401 where none is needed', 'fail websocket.sse.status', http(401)],
    ['limited', 'inconclusive', http(429)],
  ])('%s', (_name, expected, seen, live = sse) => expect(told(judge(eventStream, live, { seen }))).toBe(expected))
})

describe('long poll', () => {
  const poll = { mode: 'longpoll', path: '/livereload/1' } as const
  const fresh = [['Cache-Control', 'no-store']] as const
  test.each<[string, string, Observed<HttpObservation>, Live?]>([
    ['answers', 'pass', ok(http(200, fresh, '1'))],
    ['204', 'pass', ok(http(204, fresh))],
    ['without the session that is needed', 'fail websocket.poll.open', ok(http(200, fresh, '1')), { ...poll, auth: 'cookie' }],
    ['cacheable', 'warn websocket.poll.cacheable', ok(http(200, [], '1'))],
    ['a page', 'fail websocket.poll.page', ok(http(200, html))],
    ['404', 'fail websocket.poll.status', ok(http(404))],
    ['502', 'fail websocket.poll.status', ok(http(502))],
    ['waits longer than we do', 'inconclusive', no('TIMEOUT')],
    ['limited', 'inconclusive', ok(http(429))],
    ['a session is needed', 'skip', ok(http(403)), { ...poll, auth: 'required' }],
  ])('%s', (_name, expected, seen, live = poll) => expect(told(judge(longPoll, live, { seen }))).toBe(expected))
})

describe('health claim', () => {
  const declared = { health: [{ url: 'https://draw.{domain}/healthz', websocket: '$.ws' }] } satisfies Partial<TargetInput>
  const name = 'wss://draw.example.com/socket'
  const health = (value: unknown) => http(200, [['Content-Type', 'application/json']], JSON.stringify({ ws: value }))
  test.each<[string, string, HttpObservation, Observed<WebSocketObservation>, Live?]>([
    ['true and true', 'pass', health('connected'), ok(socket())],
    ['an object', 'pass', health({ connected: true, clients: 0 }), ok(socket())],
    ['nobody is connected just now', 'pass', health({ connections: 0 }), ok(socket())],
    ['refused for want of a session', 'pass', health(true), ok(refusal(401)), guardedChannel],
    ['claimed, and the upgrade fails', 'fail websocket.claim.false', health('ok'), ok(refusal(426))],
    ['claimed, and the port is closed', 'fail websocket.claim.false', health('ok'), no('ECONNREFUSED')],
    ['claimed, and the backend is dead behind the 101', 'fail websocket.claim.false', health(true), ok(socket({ pong: false }))],
    ['down', 'fail websocket.claim.down', health('disconnected'), ok(socket())],
    ['missing', 'warn websocket.claim.unreadable', http(200, [], '{}'), ok(socket())],
    ['neither yes nor no while it fails', 'warn websocket.claim.unreadable', health('purple'), ok(refusal(426))],
    ['no JSON', 'inconclusive', http(200, [], 'ok'), ok(socket())],
    ['health is down', 'inconclusive', http(503), ok(socket())],
  ])('%s', (_name, expected, seen, upgraded, live = channel) =>
    expect(told(judge(healthClaim, live, { health: seen, [name]: upgraded }, declared))).toBe(expected),
  )
  test('no channel to compare with, a path that cannot be read', () => {
    expect(judge(healthClaim, [], { health: health(true) }, declared)).toMatchObject({ outcome: 'inconclusive', blame: 'misused' })
    const wrong = { health: [{ url: 'https://draw.{domain}/healthz', websocket: 'ws[' }] }
    expect(judge(healthClaim, channel, { health: health(true), [name]: ok(socket()) }, wrong)).toMatchObject({ outcome: 'inconclusive', blame: 'misused' })
  })
  test.each<[unknown, boolean | undefined]>([
    [true, true],
    [false, false],
    [3, true],
    [0, undefined],
    [Number.NaN, undefined],
    [' Connected ', true],
    ['unhealthy', false],
    ['not connected', undefined],
    [null, undefined],
    [[], undefined],
    [{ status: 'up' }, true],
    [{ state: 'closed' }, false],
    [{ other: true }, undefined],
  ])('%j says %s', (value, expected) => expect(claims(value)).toBe(expected))
})
