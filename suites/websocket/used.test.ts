/** Judgement of the checks that use a channel: a healthy look, one thing wrong per case, and the traps. Then a peer that floods, and one that never closes. */
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { issueCertificate, trustedRoot } from '../../fixtures/certificates.ts'
import type { Check } from '../../helpers/check.ts'
import type { ChannelLook, LimitsLook, ManyLook, SessionChannelLook, SocketIoLook, StreamLook } from '../../helpers/probes/live.ts'
import { runTarget } from '../../helpers/run.ts'
import { normaliseTarget, type Target, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import concurrent from './concurrent.check.ts'
import eventHeartbeat from './event-heartbeat.check.ts'
import eventResume from './event-resume.check.ts'
import garbledSession from './garbled-session.check.ts'
import signedInOrigin from './signed-in-origin.check.ts'
import limits from './limits.check.ts'
import sessionEnd from './session-end.check.ts'
import signedIn from './signed-in.check.ts'
import socketIoUpgrade from './socket-io-upgrade.check.ts'
import socketIo from './socket-io.check.ts'

const AT = '2026-11-21T12:00:00.000Z'
type Live = NonNullable<NonNullable<TargetInput['hosts']>[string]['live']>
const CHANNEL = {
  mode: 'websocket',
  path: '/ws',
  auth: 'cookie',
  session: { cookie: 'sid', from: 'sid' },
  logout: { url: 'https://{domain}/logout' },
  maxMessageBytes: 1_000,
  connections: 4,
} as const
const targetOf = (live: Live, more: Partial<TargetInput> = {}, trust?: string): Target =>
  normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': { live } }, ...more }), {
    sha256: '0'.repeat(64),
    secrets: new Map([['sid', 'session-of-the-test']]),
    ...(trust === undefined ? {} : { trust: [trust] }),
  })
function judged(check: Check, live: Live, seen: object): Verdict {
  const target = targetOf(live)
  const [subject] = check.subjects(target)
  if (subject === undefined) throw new Error('no subject')
  return check.judge(seen as never, { target, subject, now: new Date(AT), options: check.options })
}
const channel = (more: Partial<ChannelLook> = {}): ChannelLook => ({
  what: 'a channel',
  url: 'wss://example.com/ws',
  at: AT,
  status: 101,
  openMs: 3,
  messageCount: 0,
  messages: [],
  pong: true,
  flooded: false,
  ...more,
})
const shut = (status = 401): ChannelLook => ({ what: 'a channel', url: 'wss://example.com/ws', at: AT, status, messageCount: 0, messages: [], flooded: false })
const session: SessionChannelLook = {
  signedIn: channel(),
  foreign: shut(403),
  garbled: shut(),
  expired: shut(403),
  beyond: { how: 'logout', logoutStatus: 204, channel: channel({ closeCode: 4401, closedAfterMs: 20 }), waitedMs: 20 },
  again: shut(),
}
const full: LimitsLook = {
  longest: channel(),
  tooLong: channel({ closeCode: 1009 }),
  badText: channel({ closeCode: 1007 }),
  unmasked: channel({ closeCode: 1002 }),
  afterwards: channel(),
}
const many: ManyLook = { asked: 4, opened: 4, alive: 4, openedMs: [1, 2, 3, 4], others: [], flooded: 0 }
const engine: SocketIoLook = {
  polling: { status: 200, type: 'text/plain', body: '0{}', at: AT },
  sid: 'abc',
  upgrades: ['websocket'],
  pingIntervalMs: 100,
  secondPoll: { status: 200, body: 'ok' },
  upgrade: { channel: channel(), probed: true, upgradedMs: 9 },
  direct: { channel: channel(), opened: true, connected: true, heartbeat: true, waitedMs: 100 },
}
const stream = (more: Partial<StreamLook> = {}): StreamLook => ({
  status: 200,
  type: 'text/event-stream',
  peer: '192.0.2.1:443',
  at: AT,
  ids: ['1', '2', '3'],
  bytes: 99,
  parts: [10, 900, 1_800],
  listenedMs: 2_700,
  ended: false,
  ...more,
})

const SSE = { mode: 'sse', path: '/events', heartbeatSeconds: 1, resume: true } as const
const IO = { mode: 'socketio', path: '/socket.io/' } as const
describe('judgement', () => {
  test.each<[string, Check, Live, object, Verdict['outcome'], string?]>([
    ['a session works', signedIn, CHANNEL, { look: session }, 'pass'],
    ['a session is refused', signedIn, CHANNEL, { look: { ...session, signedIn: shut(403) } }, 'fail', 'websocket.session.refused'],
    ['a limiter', signedIn, CHANNEL, { look: { ...session, signedIn: shut(429) } }, 'inconclusive'],
    ['ended at once', signedIn, CHANNEL, { look: { ...session, signedIn: channel({ pong: false, closeCode: 1011 }) } }, 'fail', 'websocket.session.ended'],
    ['the declared message stays away', signedIn, { ...CHANNEL, expect: 'welcome' }, { look: session }, 'fail', 'websocket.session.silent'],
    ['another origin is refused', signedInOrigin, CHANNEL, { look: session }, 'pass'],
    ['another origin is closed with 1008', signedInOrigin, CHANNEL, { look: { ...session, foreign: channel({ closeCode: 1008 }) } }, 'pass'],
    ['another origin is let in', signedInOrigin, CHANNEL, { look: { ...session, foreign: channel() } }, 'fail', 'websocket.session.foreign-origin'],
    ['another origin met a broken gateway', signedInOrigin, CHANNEL, { look: { ...session, foreign: shut(502) } }, 'inconclusive'],
    ['another origin is answered with a page', signedInOrigin, CHANNEL, { look: { ...session, foreign: shut(200) } }, 'inconclusive'],
    ['nobody is let in', signedInOrigin, CHANNEL, { look: { ...session, signedIn: shut() } }, 'inconclusive'],
    ['the channel was over before another origin could ask', signedInOrigin, CHANNEL, { look: { signedIn: channel(), garbled: shut() } }, 'inconclusive'],
    ['garbled is refused', garbledSession, CHANNEL, { look: session }, 'pass'],
    ['garbled is closed with 4401', garbledSession, CHANNEL, { look: { ...session, garbled: channel({ closeCode: 4401 }) } }, 'pass'],
    ['garbled is taken', garbledSession, CHANNEL, { look: { ...session, garbled: channel() } }, 'fail', 'websocket.garbled.accepted'],
    [
      'garbled is told something before the Close',
      garbledSession,
      CHANNEL,
      { look: { ...session, garbled: channel({ messageCount: 1, closeCode: 4401 }) } },
      'fail',
      'websocket.garbled.accepted',
    ],
    ['expired is taken', garbledSession, CHANNEL, { look: { ...session, expired: channel() } }, 'fail', 'websocket.expired.accepted'],
    ['everybody is refused', garbledSession, CHANNEL, { look: { ...session, signedIn: shut() } }, 'inconclusive'],
    ['refused by a broken gateway', garbledSession, CHANNEL, { look: { ...session, garbled: shut(502) } }, 'inconclusive'],
    ['ends with its session', sessionEnd, CHANNEL, { look: session }, 'pass'],
    [
      'outlives it',
      sessionEnd,
      CHANNEL,
      { look: { ...session, beyond: { how: 'logout', channel: channel(), waitedMs: 5_000 } } },
      'fail',
      'websocket.session.outlived',
    ],
    ['opens again', sessionEnd, CHANNEL, { look: { ...session, again: channel() } }, 'fail', 'websocket.session.reopened'],
    ['a broken gateway afterwards', sessionEnd, CHANNEL, { look: { ...session, again: shut(502) } }, 'inconclusive'],
    ['turned away at once', sessionEnd, CHANNEL, { look: { ...session, again: channel({ closeCode: 4401 }) } }, 'pass'],
    ['sent elsewhere afterwards', sessionEnd, CHANNEL, { look: { ...session, again: shut(302) } }, 'pass'],
    [
      'nothing afterwards',
      sessionEnd,
      CHANNEL,
      { look: { ...session, again: { ...shut(), status: undefined as never, failure: { code: 'EOF', message: 'closed', phase: 'response' } } } },
      'inconclusive',
    ],
    ['no session to end', sessionEnd, CHANNEL, { look: { signedIn: shut(), garbled: shut() } }, 'inconclusive'],
    [
      'the sign-out fails',
      sessionEnd,
      CHANNEL,
      { look: { ...session, beyond: { how: 'logout', logoutStatus: 500, channel: channel(), waitedMs: 1 } } },
      'inconclusive',
    ],
    ['all refused with a code', limits, CHANNEL, { look: full }, 'pass'],
    ['too long is taken', limits, CHANNEL, { look: { ...full, tooLong: channel() } }, 'fail', 'websocket.limits.too-long'],
    ['the longest is not', limits, CHANNEL, { look: { ...full, longest: channel({ closeCode: 1009, pong: false }) } }, 'fail', 'websocket.limits.too-short'],
    ['broken text', limits, CHANNEL, { look: { ...full, badText: channel() } }, 'fail', 'websocket.limits.text'],
    ['no mask', limits, CHANNEL, { look: { ...full, unmasked: channel() } }, 'fail', 'websocket.limits.mask'],
    ['dropped without a word', limits, CHANNEL, { look: { ...full, tooLong: channel({ closeCode: 1006 }) } }, 'warn', 'websocket.limits.code'],
    ['gone', limits, CHANNEL, { look: { ...full, afterwards: shut(502) } }, 'fail', 'websocket.limits.gone'],
    ['deaf afterwards', limits, CHANNEL, { look: { ...full, afterwards: channel({ pong: false }) } }, 'fail', 'websocket.limits.gone'],
    ['a limiter afterwards', limits, CHANNEL, { look: { ...full, afterwards: shut(429) } }, 'inconclusive'],
    ['never open', limits, CHANNEL, { look: { ...full, tooLong: shut() } }, 'inconclusive'],
    ['all at once', concurrent, CHANNEL, { look: many }, 'pass'],
    ['one too many', concurrent, CHANNEL, { look: { ...many, opened: 3, alive: 3, others: [shut(503)] } }, 'fail', 'websocket.concurrent.refused'],
    ['one is deaf', concurrent, CHANNEL, { look: { ...many, alive: 3 } }, 'fail', 'websocket.concurrent.silent'],
    ['none', concurrent, CHANNEL, { look: { ...many, opened: 0, alive: 0 } }, 'inconclusive'],
    ['Socket.IO', socketIo, IO, { look: engine }, 'pass'],
    ['a page', socketIo, IO, { look: { polling: { status: 200, type: 'text/html', body: '<!doctype html>', at: AT } } }, 'fail', 'websocket.socket-io.page'],
    ['not there', socketIo, IO, { look: { polling: { status: 404, body: '', at: AT } } }, 'fail', 'websocket.socket-io.status'],
    ['a limiter', socketIo, IO, { look: { polling: { status: 429, body: '', at: AT } } }, 'inconclusive'],
    [
      'nothing',
      socketIo,
      IO,
      { look: { polling: { failure: { code: 'ECONNREFUSED', message: 'refused', phase: 'connect' }, body: '', at: AT } } },
      'inconclusive',
    ],
    ['nothing next time', socketIo, IO, { look: { ...engine, secondPoll: { body: '' } } }, 'inconclusive'],
    ['a limiter next time', socketIo, IO, { look: { ...engine, secondPoll: { status: 429, body: '' } } }, 'inconclusive'],
    ['a broken gateway next time', socketIo, IO, { look: { ...engine, secondPoll: { status: 502, body: '' } } }, 'inconclusive'],
    ['unknown next time', socketIo, IO, { look: { ...engine, secondPoll: { status: 400, body: '{"code":1}' } } }, 'fail', 'websocket.socket-io.sticky'],
    ['goes over', socketIoUpgrade, IO, { look: engine }, 'pass'],
    ['does not', socketIoUpgrade, IO, { look: { ...engine, upgrade: { channel: shut(400), probed: false } } }, 'fail', 'websocket.socket-io.upgrade'],
    ['no heartbeat', socketIoUpgrade, IO, { look: { ...engine, direct: { ...engine.direct, heartbeat: false } } }, 'fail', 'websocket.socket-io.heartbeat'],
    ['no session, no upgrade', socketIoUpgrade, IO, { look: { polling: engine.polling } }, 'inconclusive'],
    ['a heart', eventHeartbeat, SSE, { seen: stream() }, 'pass'],
    ['a long silence', eventHeartbeat, SSE, { seen: stream({ parts: [10] }) }, 'fail', 'websocket.sse.no-heartbeat'],
    ['nothing at all', eventHeartbeat, SSE, { seen: stream({ parts: [], listenedMs: 10 }) }, 'fail', 'websocket.sse.no-heartbeat'],
    ['ended', eventHeartbeat, SSE, { seen: stream({ ended: true }) }, 'fail', 'websocket.sse.ended'],
    ['no stream', eventHeartbeat, SSE, { seen: stream({ status: 502 }) }, 'inconclusive'],
    ['goes on', eventResume, SSE, { look: { first: stream(), after: '1', second: stream({ ids: ['2', '3'] }) } }, 'pass'],
    ['begins anew', eventResume, SSE, { look: { first: stream(), after: '1', second: stream() } }, 'fail', 'websocket.sse.lost'],
    ['refuses', eventResume, SSE, { look: { first: stream(), after: '1', second: stream({ status: 400 }) } }, 'fail', 'websocket.sse.resume-refused'],
    ['a limiter when it is opened again', eventResume, SSE, { look: { first: stream(), after: '1', second: stream({ status: 429 }) } }, 'inconclusive'],
    [
      'a crash when it is opened again',
      eventResume,
      SSE,
      { look: { first: stream(), after: '1', second: stream({ status: 500 }) } },
      'fail',
      'websocket.sse.resume-refused',
    ],
    ['nothing came after opening again', eventResume, SSE, { look: { first: stream(), after: '1', second: stream({ ids: [] }) } }, 'inconclusive'],
    ['one event, and another one next', eventResume, SSE, { look: { first: stream({ ids: ['1'] }), after: '1', second: stream({ ids: ['2'] }) } }, 'pass'],
    [
      'one event, and the same again',
      eventResume,
      SSE,
      { look: { first: stream({ ids: ['1'] }), after: '1', second: stream({ ids: ['1'] }) } },
      'fail',
      'websocket.sse.lost',
    ],
    ['a session is needed to go on', eventResume, SSE, { look: { first: stream({ status: 401, ids: [] }) } }, 'skip'],
    ['forbidden to go on', eventResume, SSE, { look: { first: stream({ status: 403, ids: [] }) } }, 'skip'],
    ['no stream to go on with', eventResume, SSE, { look: { first: stream({ status: 502, ids: [] }) } }, 'inconclusive'],
    ['a session is needed to listen', eventHeartbeat, SSE, { seen: stream({ status: 401 }) }, 'skip'],
    ['forbidden to listen', eventHeartbeat, SSE, { seen: stream({ status: 403 }) }, 'skip'],
    ['no ids', eventResume, SSE, { look: { first: stream({ ids: [] }) } }, 'fail', 'websocket.sse.without-ids'],
    ['no events', eventResume, SSE, { look: { first: stream({ ids: [], bytes: 0 }) } }, 'inconclusive'],
  ])('%s', (_name, check, live, seen, outcome, code) => {
    const verdict = judged(check, live, seen)
    expect(verdict).toMatchObject({ outcome, ...(code === undefined ? {} : { code }) })
    if (outcome === 'pass') expect(verdict.evidence.length).toBeGreaterThan(0)
  })
})

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})
describe('peers that know no end', () => {
  test('a flood is cut, a channel that never closes is left, both in bounded time', { timeout: 60_000 }, async () => {
    const { key, chain } = await issueCertificate({ names: ['example.com'] })
    const server = createServer({ key, cert: chain })
    const sockets = new WebSocketServer({ server, path: '/ws' })
    let sent = 0
    sockets.on('connection', (socket) => {
      socket.on('error', () => {})
      const timer = setInterval(() => {
        for (let index = 0; index < 50; index += 1) {
          socket.send('x'.repeat(8_192))
          sent += 8_192
        }
      }, 1)
      socket.on('close', () => clearInterval(timer))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(async () => {
      for (const socket of sockets.clients) socket.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })
    const target = targetOf(
      { mode: 'websocket', path: '/ws', maxMessageBytes: 1_000, connections: 2 },
      {
        allow: ['write', 'load'],
        limits: { probeSeconds: 2 },
        network: { addresses: { 'example.com': '127.0.0.1' }, ports: { https: (server.address() as AddressInfo).port } },
      },
      await trustedRoot(),
    )
    const start = performance.now()
    const { results } = await runTarget(target, { catalogue: [limits, concurrent] })
    expect(performance.now() - start).toBeLessThan(30_000)
    expect(results).toHaveLength(2)
    expect(results.find(({ check }) => check === limits.id)?.outcome).not.toBe('pass')
    expect(results.filter(({ blame }) => blame === 'defect')).toEqual([])
    expect(sent).toBeLessThan(200 * 1024 * 1024)
  })
})
