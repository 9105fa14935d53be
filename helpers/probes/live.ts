/**
 * Live channels that are used, not only opened: with a session and beyond its end, beyond their limits, many at once, and as Socket.IO speaks over
 * both its transports. Every wait and every byte is bounded, whatever the peer does. Facts only.
 */
import { createHash, randomBytes } from 'node:crypto'
import { WebSocket } from 'ws'
import { headerValue } from '../headers.ts'
import type { RawHeaders } from '../observations.ts'
import { type Impact, type Probe, type ProbeContext, type ProbeCost, ProbeError, type ProbeFailure } from '../probe.ts'
import { type LiveChannel, probeMs, type Target } from '../target.ts'
import { type Asked, askedCost } from './asked.ts'
import { connectionFailure, openTls, round, stillOpen, connecting } from './connection.ts'
import { type ExchangeAnswer, secretOf } from './exchange.ts'
import { Session, signInCost } from './sign-in.ts'
import { firstAddress } from './tls.ts'

/** What one connection did, from the handshake to its end. */
export interface ChannelLook {
  readonly what: string
  readonly url: string
  readonly at: string
  /** Of the handshake; 101 where it opened. */
  readonly status?: number
  readonly failure?: ProbeFailure
  readonly openMs?: number
  /** Messages until its end, at most counted 10000; the first ones, cut. */
  readonly messageCount: number
  readonly messages: readonly string[]
  /** Answered a Ping after it was open. */
  readonly pong?: boolean
  /** Close code of the peer; 1006: dropped. Absent: still open when we closed. */
  readonly closeCode?: number
  readonly closedAfterMs?: number
  /** The peer sent more than we take. */
  readonly flooded: boolean
}

const MOST_BYTES = 2 * 1024 * 1024
const MOST_MESSAGES = 10_000
const KEPT = 16
/** Longest waits for an answer, a Close and a refusal behind the upgrade; a hurried run (limits.probeSeconds) waits a share of its own patience. */
const ANSWER_MS = 5_000
const answerMs = (context: ProbeContext): number => Math.min(ANSWER_MS, probeMs(context.target) / 2)
const refusalMs = (context: ProbeContext): number => Math.min(REFUSAL_MS, probeMs(context.target) / 4)

interface Handshake {
  readonly what: string
  readonly host: string
  readonly path: string
  readonly origin: string
  readonly headers?: RawHeaders
  readonly subprotocols?: readonly string[]
  readonly secret?: boolean
  /** Opened whatever the declared limits say: load that the owner allowed. */
  readonly regardless?: true
}

/** An open channel, bounded in what it takes in. */
class Channel {
  readonly #socket: WebSocket
  readonly #used: ProbeContext['used']
  readonly #asked: Handshake
  readonly #start: number
  readonly #at: string
  readonly #messages: string[] = []
  readonly #waiting = new Set<() => void>()
  #count = 0
  #bytes = 0
  #flooded = false
  #closeCode: number | undefined
  #closedAt: number | undefined
  #ours = false
  #pong: boolean | undefined
  openMs = 0

  constructor(socket: WebSocket, asked: Handshake, start: number, at: string, used: ProbeContext['used']) {
    this.#socket = socket
    this.#used = used
    this.#asked = asked
    this.#start = start
    this.#at = at
    socket.on('message', (data: Buffer) => {
      this.#count = Math.min(MOST_MESSAGES, this.#count + 1)
      this.#bytes += data.length
      if (this.#messages.length < KEPT) this.#messages.push(data.toString('utf8', 0, 512))
      if (this.#bytes > MOST_BYTES || this.#count >= MOST_MESSAGES) {
        this.#flooded = true
        socket.terminate()
      }
      this.#wake()
    })
    socket.on('pong', () => {
      this.#pong = true
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', (code: number) => {
      if (!this.#ours && !this.#flooded) {
        this.#closeCode = code
        this.#closedAt = round(performance.now() - this.#start)
      }
      this.#wake()
    })
  }
  #wake(): void {
    for (const one of this.#waiting) one()
  }
  get over(): boolean {
    return this.#socket.readyState === WebSocket.CLOSED || this.#flooded
  }
  get texts(): readonly string[] {
    return this.#messages
  }
  async until(reached: () => boolean, milliseconds: number): Promise<boolean> {
    const deadline = performance.now() + milliseconds
    while (!reached() && !this.over) {
      const left = deadline - performance.now()
      if (left <= 0) break
      await new Promise<void>((resolve) => {
        const again = (): void => {
          clearTimeout(timer)
          this.#waiting.delete(again)
          resolve()
        }
        const timer = setTimeout(again, left)
        this.#waiting.add(again)
      })
    }
    return reached()
  }
  send(data: string | Buffer, options: { readonly binary?: boolean; readonly mask?: boolean } = {}): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    this.#used?.({ frames: 1 })
    this.#socket.send(data, options)
  }
  async ping(waitMs: number): Promise<boolean> {
    this.#pong = false
    if (this.#socket.readyState !== WebSocket.OPEN) return false
    this.#used?.({ frames: 1 })
    this.#socket.ping(randomBytes(8))
    return await this.until(() => this.#pong === true, waitMs)
  }
  end(): ChannelLook {
    const closed = this.over
    this.#ours = true
    if (!closed) this.#socket.close(1000)
    setTimeout(() => this.#socket.terminate(), 500).unref()
    const url = `wss://${this.#asked.host}${this.#asked.path.split('?')[0]}`
    return {
      what: this.#asked.what,
      url,
      at: this.#at,
      status: 101,
      openMs: this.openMs,
      messageCount: this.#count,
      messages: [...this.#messages],
      ...(this.#pong === undefined ? {} : { pong: this.#pong }),
      ...(this.#closeCode === undefined ? {} : { closeCode: this.#closeCode }),
      ...(this.#closedAt === undefined ? {} : { closedAfterMs: this.#closedAt }),
      flooded: this.#flooded,
    }
  }
}

/** @returns the channel, or what the handshake came to. Never throws for what the peer does. */
async function open(context: ProbeContext, asked: Handshake): Promise<Channel | ChannelLook> {
  const at = new Date().toISOString()
  const start = performance.now()
  const base = { what: asked.what, url: `wss://${asked.host}${asked.path.split('?')[0]}`, at, messageCount: 0, messages: [], flooded: false }
  try {
    const opening = { host: asked.host, path: asked.path, method: 'GET' }
    if (asked.regardless === true) context.zones?.note(opening)
    else await context.zones?.turn(opening)
    const address = await firstAddress(context, asked.host)
    const opened = stillOpen(await connecting(context, 'probe', (near) => openTls(near, { address, servername: asked.host, alpn: ['http/1.1'] })))
    opened.tcp.release()
    if (asked.secret === true && !opened.observation.authorized) {
      opened.socket.destroy()
      throw new ProbeError({ code: 'UNTRUSTED', message: `credentials are not sent to ${asked.host}: its certificate does not stand`, phase: 'request' })
    }
    context.used?.({ sockets: 1 })
    return await new Promise<Channel | ChannelLook>((resolve) => {
      const socket = new WebSocket(`wss://${asked.host}${asked.path}`, asked.subprotocols === undefined ? [] : [...asked.subprotocols], {
        createConnection: (() => opened.socket) as never,
        origin: asked.origin,
        headers: Object.fromEntries([['User-Agent', 'postproof'], ...(asked.headers ?? [])]),
        handshakeTimeout: 10_000,
        maxPayload: MOST_BYTES,
        perMessageDeflate: false,
        autoPong: true,
      })
      const channel = new Channel(socket, asked, start, at, context.used)
      let settled = false
      const settle = (result: Channel | ChannelLook): void => {
        if (settled) return
        settled = true
        resolve(result)
      }
      socket.on('open', () => {
        channel.openMs = round(performance.now() - start)
        settle(channel)
      })
      socket.on('unexpected-response', (request: { destroy(): void }, response: { statusCode?: number }) => {
        settle({ ...base, status: response.statusCode ?? 0 })
        request.destroy()
        opened.socket.destroy()
      })
      socket.on('error', (error: Error & { code?: string }) => {
        settle({ ...base, failure: { code: error.code ?? 'WEBSOCKET', message: error.message.slice(0, 200), phase: 'response' } })
        opened.socket.destroy()
      })
      context.signal.addEventListener('abort', () => socket.terminate(), { once: true })
    })
  } catch (error) {
    if (error instanceof ProbeError && (error.failure.code === 'UNTRUSTED' || error.failure.code === 'UNMAPPED')) throw error
    return { ...base, failure: connectionFailure(error, 'connect') }
  }
}

export interface ChannelAsked {
  readonly host: string
  readonly channel: LiveChannel
  readonly origin: string
  readonly target: Target
}
const keyOf = (kind: string, { host, channel, origin }: ChannelAsked): string =>
  `${kind} ${host}${channel.path.split('?')[0]} ${createHash('sha256')
    .update(JSON.stringify([channel, origin]))
    .digest('hex')
    .slice(0, 12)}`
/** @param requests beside opening the session */
const probe = <T>(
  kind: string,
  asked: ChannelAsked,
  impact: Impact,
  requests: readonly Asked[],
  waitsMs: number,
  over: Pick<ProbeCost, 'sockets' | 'frames'>,
  run: (context: ProbeContext) => Promise<T>,
): Probe<T> => ({
  kind,
  key: keyOf(kind, asked),
  impact,
  cost: { ...costOf(asked, requests), ...over },
  host: asked.host,
  waitsMs,
  timeoutMs: 60_000 + waitsMs,
  run,
})
function costOf({ target, channel }: ChannelAsked, requests: readonly Asked[]): ProbeCost {
  const { asked, logins } = signInCost(channel.session)
  const { requests: sum, zones } = askedCost(target, [...asked, ...requests])
  return { connections: sum, requests: sum, zones, logins }
}
/** Opening it so many times. */
const handshakes = ({ host, channel }: ChannelAsked, times: number, path = channel.path): readonly Asked[] => [{ url: `https://${host}${path}`, times }]
const askedOf = ({ host, channel, origin }: ChannelAsked, what: string, more: Partial<Handshake> = {}): Handshake => ({
  what,
  host,
  path: channel.path,
  origin,
  ...(channel.subprotocols === undefined || channel.subprotocols.length === 0 ? {} : { subprotocols: channel.subprotocols }),
  ...more,
})

export interface SessionChannelLook {
  /** With the session. */
  readonly signedIn: ChannelLook
  /** With the session, from a page of another origin; where browsers send the session by themselves. */
  readonly foreign?: ChannelLook
  /** With a token that nobody gave out, and one that has expired. */
  readonly garbled: ChannelLook
  readonly expired?: ChannelLook
  /** Left open beyond the end of its session: by logging out, by time. */
  readonly beyond?: { readonly how: 'logout' | 'time'; readonly logoutStatus?: number; readonly channel: ChannelLook; readonly waitedMs: number }
  /** Opened again with what the session was. */
  readonly again?: ChannelLook
}
/** `.test` belongs to nobody (RFC 6761); the host's own name in front finds comparisons that look at the start only. */
export const foreignOrigin = (host: string): string => `https://${host}.postproof-foreign.test`
/** Longest wait for a refusal that comes as Close behind the upgrade. */
const REFUSAL_MS = 2_000

/** Browsers send it by themselves, whichever page opens the channel. */
export const isCookieSession = ({ session }: Pick<ChannelAsked['channel'], 'session'>): boolean =>
  session !== undefined && ('cookie' in session || ('login' in session && session.login.bearer === undefined))

export function sessionChannel(asked: ChannelAsked, closesWithinMs: number): Probe<SessionChannelLook> {
  const { session, logout, sessionSeconds, expiredTokenFrom, send, expect } = asked.channel
  const waitsMs = closesWithinMs + (sessionSeconds ?? 0) * 1_000 + 3 * REFUSAL_MS
  const ends = logout !== undefined || sessionSeconds !== undefined
  const cookie = isCookieSession(asked.channel)
  const sockets = 2 + (ends ? 1 : 0) + (cookie ? 1 : 0) + (expiredTokenFrom === undefined ? 0 : 1)
  const requests = [...handshakes(asked, sockets), ...(logout === undefined ? [] : [{ url: logout.url, method: logout.method ?? 'POST' }])]
  return probe('sessionChannel', asked, 'login', requests, waitsMs, { sockets, frames: send === undefined ? 1 : 2 }, async (context) => {
    const signed = await Session.open(context, session)
    const { headers } = signed
    const refused = async (what: string, tried: RawHeaders, more: Partial<Handshake> = {}): Promise<ChannelLook> => {
      const channel = await open(context, askedOf(asked, what, { headers: tried, ...more }))
      if (!(channel instanceof Channel)) return channel
      await channel.until(() => false, refusalMs(context))
      return channel.end()
    }
    const garbledHeaders: RawHeaders = headers.map(([name]) => [
      name,
      /^cookie$/i.test(name) && cookie ? signed.cookies.garbled() : `Bearer ${randomBytes(18).toString('base64url')}`,
    ])
    const channel = await open(context, askedOf(asked, 'with the session', { headers, secret: true }))
    let signedIn: ChannelLook
    let beyond: SessionChannelLook['beyond']
    let again: ChannelLook | undefined
    let foreign: ChannelLook | undefined
    if (channel instanceof Channel) {
      if (send !== undefined) channel.send(send)
      if (expect !== undefined) await channel.until(() => channel.texts.some((one) => one.includes(expect)), answerMs(context))
      await channel.ping(answerMs(context))
      if (!channel.over && cookie)
        foreign = await refused('with the session, from another origin', headers, { origin: foreignOrigin(asked.host), secret: true })
      const start = performance.now()
      if (!channel.over && logout !== undefined) {
        const answer = await signed.send({ url: logout.url.replaceAll('{domain}', context.target.domain), method: logout.method ?? 'POST' })
        await channel.until(() => false, closesWithinMs)
        signedIn = channel.end()
        beyond = { how: 'logout', logoutStatus: answer.status, channel: signedIn, waitedMs: round(performance.now() - start) }
      } else if (!channel.over && sessionSeconds !== undefined) {
        await channel.until(() => false, sessionSeconds * 1_000 + closesWithinMs)
        signedIn = channel.end()
        beyond = { how: 'time', channel: signedIn, waitedMs: round(performance.now() - start) }
      } else signedIn = channel.end()
      if (beyond !== undefined) again = await refused('with a session that has ended', headers)
    } else signedIn = channel
    const garbled = await refused('with credentials that nobody gave out', garbledHeaders)
    const expired =
      expiredTokenFrom === undefined
        ? undefined
        : await refused('with a token that has expired', [['Authorization', `Bearer ${secretOf(context, expiredTokenFrom)}`]])
    return {
      signedIn,
      garbled,
      ...(foreign === undefined ? {} : { foreign }),
      ...(expired === undefined ? {} : { expired }),
      ...(beyond === undefined ? {} : { beyond }),
      ...(again === undefined ? {} : { again }),
    }
  })
}

export interface LimitsLook {
  /** As long as declared: must pass. Left out where no length is declared. */
  readonly longest?: ChannelLook
  readonly tooLong?: ChannelLook
  readonly badText: ChannelLook
  readonly unmasked: ChannelLook
  /** Opened afterwards: is the service still there? */
  readonly afterwards: ChannelLook
}
/** Sends what a channel must refuse, each on a connection of its own. */
export function channelLimits(asked: ChannelAsked): Probe<LimitsLook> {
  const { maxMessageBytes } = asked.channel
  const over = maxMessageBytes === undefined ? { sockets: 3, frames: 3 } : { sockets: 5, frames: 6 }
  return probe('channelLimits', asked, 'write', handshakes(asked, over.sockets), 4 * ANSWER_MS, over, async (context) => {
    const session = asked.channel.session === undefined ? undefined : await Session.open(context, asked.channel.session)
    const headers = session?.headers ?? []
    const tried = async (what: string, act: (channel: Channel) => void, waitMs = answerMs(context)): Promise<ChannelLook> => {
      const channel = await open(context, askedOf(asked, what, { headers, ...(session === undefined ? {} : { secret: true }) }))
      if (!(channel instanceof Channel)) return channel
      act(channel)
      await channel.until(() => false, waitMs)
      return channel.end()
    }
    const size = maxMessageBytes
    const sizes =
      size === undefined
        ? {}
        : {
            longest: await (async (): Promise<ChannelLook> => {
              const channel = await open(context, askedOf(asked, `a message of ${size} bytes`, { headers, ...(session === undefined ? {} : { secret: true }) }))
              if (!(channel instanceof Channel)) return channel
              channel.send('x'.repeat(size))
              await channel.ping(answerMs(context))
              return channel.end()
            })(),
            tooLong: await tried(`a message of ${size + 1} bytes`, (one) => one.send('x'.repeat(size + 1))),
          }
    const badText = await tried('text that is no UTF-8', (one) => one.send(Buffer.from([0x68, 0xc3, 0x28, 0xff]), { binary: false }))
    const unmasked = await tried('a frame without a mask', (one) => one.send('postproof', { mask: false }))
    const after = await open(context, askedOf(asked, 'an ordinary connection afterwards', { headers, ...(session === undefined ? {} : { secret: true }) }))
    let afterwards: ChannelLook
    if (after instanceof Channel) {
      await after.ping(answerMs(context))
      afterwards = after.end()
    } else afterwards = after
    return { ...sizes, badText, unmasked, afterwards }
  })
}

export interface ManyLook {
  readonly asked: number
  readonly opened: number
  /** Open and answering when all were. */
  readonly alive: number
  readonly openedMs: readonly number[]
  readonly others: readonly ChannelLook[]
  readonly flooded: number
}
/** So many connections at once, each answering a Ping, then closed. */
export function manyChannels(asked: ChannelAsked, count: number): Probe<ManyLook> {
  return probe('manyChannels', asked, 'load', handshakes(asked, count), 0, { sockets: count, frames: count }, async (context) => {
    const session = asked.channel.session === undefined ? undefined : await Session.open(context, asked.channel.session)
    const tried = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        open(
          context,
          askedOf(asked, `connection ${index + 1} of ${count}`, {
            regardless: true,
            ...(session === undefined ? {} : { headers: session.headers, secret: true }),
          }),
        ),
      ),
    )
    const channels = tried.filter((one) => one instanceof Channel)
    const pongs = await Promise.all(channels.map((one) => one.ping(answerMs(context))))
    const openedMs = channels.map((one) => one.openMs).sort((a, b) => a - b)
    const ended = channels.map((one) => one.end())
    const silent = ended.filter((_one, index) => pongs[index] !== true)
    return {
      asked: count,
      opened: channels.length,
      alive: pongs.filter(Boolean).length,
      openedMs,
      others: [...tried.filter((one): one is ChannelLook => !(one instanceof Channel)), ...silent].slice(0, 20),
      flooded: ended.filter(({ flooded }) => flooded).length,
    }
  })
}

export interface SocketIoLook {
  readonly polling: {
    readonly status?: number
    readonly failure?: ProbeFailure
    readonly type?: string
    readonly body: string
    readonly at: string
    readonly peer?: string
  }
  readonly sid?: string
  readonly upgrades?: readonly string[]
  readonly pingIntervalMs?: number
  /** Asked again with the same session: another process answers that it does not know it. */
  readonly secondPoll?: { readonly status?: number; readonly body: string }
  /** From polling to WebSocket. */
  readonly upgrade?: { readonly channel: ChannelLook; readonly probed: boolean; readonly upgradedMs?: number }
  /** Straight to WebSocket. */
  readonly direct?: {
    readonly channel: ChannelLook
    readonly opened: boolean
    readonly connected: boolean
    readonly heartbeat: boolean
    readonly waitedMs: number
  }
}
const HEARTBEAT_MOST_MS = 30_000
/** How long a heartbeat of that interval may take. */
export const heartbeatWaitMs = (intervalMs: number): number => intervalMs + Math.min(5_000, intervalMs * 2 + 1_000)

/** Engine.IO 4 as Socket.IO 3 and 4 use it: a session by polling, its second request, the upgrade; then a connection that begins with WebSocket. */
export function socketIo(asked: ChannelAsked): Probe<SocketIoLook> {
  const base = asked.channel.path.replace(/\/?$/, '/')
  const requests = [...handshakes(asked, 3, `${base}?EIO=4`), { url: `https://${asked.host}${base}?EIO=4`, method: 'POST' }]
  return probe('socketIo', asked, asked.channel.session === undefined ? 'read' : 'login', requests, 2_000, { sockets: 2, frames: 3 }, async (context) => {
    const session = await Session.open(context, asked.channel.session)
    const at = new Date().toISOString()
    const url = (query: string): string => `https://${asked.host}${base}?EIO=4&${query}`
    const body = (answer: ExchangeAnswer): string => new TextDecoder().decode(answer.body.subarray(0, 4_096))
    const poll = async (query: string, post?: string): Promise<ExchangeAnswer | ProbeFailure> => {
      try {
        return await session.send({
          url: url(query),
          headers: [['Origin', asked.origin], ...(post === undefined ? [] : [['Content-Type', 'text/plain;charset=UTF-8'] as const])],
          ...(post === undefined ? {} : { method: 'POST', body: post }),
        })
      } catch (error) {
        if (!(error instanceof ProbeError) || error.failure.code === 'UNTRUSTED') throw error
        return error.failure
      }
    }
    const first = await poll('transport=polling')
    if ('phase' in first) return { polling: { failure: first, body: '', at } }
    const type = headerValue(first.headers, 'content-type')
    const text = body(first)
    const polling = { status: first.status, ...(type === undefined ? {} : { type }), body: text.slice(0, 300), at, peer: first.peer }
    const opened = ((): { sid?: unknown; upgrades?: unknown; pingInterval?: unknown } => {
      try {
        return text.startsWith('0') ? (JSON.parse(text.slice(1)) as object) : {}
      } catch {
        return {}
      }
    })()
    const sid = typeof opened.sid === 'string' && opened.sid !== '' && opened.sid.length < 200 ? opened.sid : undefined
    if (first.status !== 200 || sid === undefined) return { polling }
    const upgrades = Array.isArray(opened.upgrades) ? opened.upgrades.filter((one): one is string => typeof one === 'string') : []
    const pingIntervalMs = typeof opened.pingInterval === 'number' && opened.pingInterval > 0 ? opened.pingInterval : undefined
    const posted = await poll(`transport=polling&sid=${encodeURIComponent(sid)}`, '40')
    const secondPoll = 'phase' in posted ? { body: posted.message } : { status: posted.status, body: body(posted).slice(0, 300) }
    const carried = session.headers
    const more = { headers: carried, ...(carried.length === 0 ? {} : { secret: asked.channel.session !== undefined }) }
    let upgrade: SocketIoLook['upgrade']
    if (upgrades.includes('websocket')) {
      const start = performance.now()
      const channel = await open(
        context,
        askedOf(asked, 'the upgrade of a polling session', { ...more, path: `${base}?EIO=4&transport=websocket&sid=${encodeURIComponent(sid)}` }),
      )
      if (channel instanceof Channel) {
        channel.send('2probe')
        const probed = await channel.until(() => channel.texts.includes('3probe'), answerMs(context))
        if (probed) channel.send('5')
        upgrade = { channel: channel.end(), probed, ...(probed ? { upgradedMs: round(performance.now() - start) } : {}) }
      } else upgrade = { channel, probed: false }
    }
    const channel = await open(context, askedOf(asked, 'a connection that begins with WebSocket', { ...more, path: `${base}?EIO=4&transport=websocket` }))
    let direct: SocketIoLook['direct']
    if (channel instanceof Channel) {
      const start = performance.now()
      const isOpen = await channel.until(() => channel.texts.some((one) => one.startsWith('0{')), answerMs(context))
      let connected = false
      let heartbeat = false
      if (isOpen) {
        channel.send('40')
        connected = await channel.until(() => channel.texts.some((one) => one.startsWith('40')), answerMs(context))
        // The server asks first (Engine.IO 4); longer intervals than we wait for are not judged.
        if (pingIntervalMs !== undefined && pingIntervalMs <= HEARTBEAT_MOST_MS)
          heartbeat = await channel.until(() => channel.texts.includes('2'), heartbeatWaitMs(pingIntervalMs))
      }
      direct = { channel: channel.end(), opened: isOpen, connected, heartbeat, waitedMs: round(performance.now() - start) }
    } else direct = { channel, opened: false, connected: false, heartbeat: false, waitedMs: 0 }
    return {
      polling,
      sid,
      upgrades,
      ...(pingIntervalMs === undefined ? {} : { pingIntervalMs }),
      secondPoll,
      ...(upgrade === undefined ? {} : { upgrade }),
      direct,
    }
  })
}

export interface StreamLook {
  readonly status: number
  readonly type?: string
  readonly peer: string
  readonly at: string
  /** Ids of the events that came, at most 50. */
  readonly ids: readonly string[]
  readonly bytes: number
  /** Milliseconds of each part that came. */
  readonly parts: readonly number[]
  readonly listenedMs: number
  /** The peer ended it. */
  readonly ended: boolean
}
/** Listens to an event stream for so long. */
export function listen(asked: ChannelAsked, listenMs: number, after?: string): Probe<StreamLook> {
  return {
    ...probe(
      'listen',
      asked,
      asked.channel.session === undefined ? 'read' : 'login',
      handshakes(asked, 1),
      listenMs,
      {},
      async (context): Promise<StreamLook> => {
        const session = await Session.open(context, asked.channel.session)
        const answer = await session.send({
          url: `https://${asked.host}${asked.channel.path}`,
          headers: [['Accept', 'text/event-stream'], ['Cache-Control', 'no-store'], ...(after === undefined ? [] : [['Last-Event-ID', after] as const])],
          limitMs: listenMs,
          keepBytes: 64 * 1024,
          mostBytes: MOST_BYTES,
        })
        const type = headerValue(answer.headers, 'content-type')
        return {
          status: answer.status,
          ...(type === undefined ? {} : { type }),
          peer: answer.peer,
          at: answer.at,
          ids: [...new TextDecoder().decode(answer.body).matchAll(/(?:^|\n)id: ?([^\r\n]*)/g)].slice(0, 50).map((match) => match[1] ?? ''),
          bytes: answer.bytes,
          parts: answer.parts.map(({ atMs }) => atMs),
          listenedMs: answer.totalMs,
          ended: !answer.truncated,
        }
      },
    ),
    key: `${keyOf('listen', asked)} ${listenMs} ${after === undefined ? '' : createHash('sha256').update(after).digest('hex').slice(0, 8)}`,
  }
}
export interface ResumeLook {
  readonly first: StreamLook
  /** The id that the second connection named. */
  readonly after?: string
  readonly second?: StreamLook
}
/** Listens, goes away, and comes back with the id of the first event it saw. */
export function resumeStream(asked: ChannelAsked, listenMs: number): Probe<ResumeLook> {
  const once = listen(asked, listenMs)
  const run = async (context: ProbeContext): Promise<ResumeLook> => {
    const first = await context.observe(once)
    if (!first.ok) throw new ProbeError(first.failure)
    const after = first.value.ids[0]
    if (after === undefined) return { first: first.value }
    const second = await context.observe(listen(asked, listenMs, after))
    if (!second.ok) throw new ProbeError(second.failure)
    return { first: first.value, after, second: second.value }
  }
  // The first time is a look of its own, and so is the second, whose name only the first can tell.
  return { ...probe('resumeStream', asked, once.impact, handshakes(asked, 1), listenMs * 2, {}, run), asks: [once] }
}
