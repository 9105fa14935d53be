/**
 * One kept-alive HTTP connection to one address of one host, HTTP/1.1 (undici) or HTTP/2 (node:http2, because it alone gives the raw header
 * list: order and duplicates kept). Bounded requests in flight, each with its own deadline that starts when its turn comes.
 */
import { connect as connectHttp2, constants, type ClientHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Client } from 'undici'
import type { RawHeaders } from '../observations.ts'
import { ProbeError } from '../probe.ts'
import { loopDelaySince, round } from './connection.ts'

/** Largest header block the strict parser takes; what is larger is read leniently. */
const MAX_HEADER_BYTES = 256 * 1024
/** A host that let this many requests in a row time out is not asked again until {@link SILENCE_MS} later. */
const SILENT_AFTER = 2
const SILENCE_MS = 15_000
/** How long a failed connection attempt stands for the requests that wait behind it; shorter than the run's pause before its one retry. */
const FAILURE_STANDS_MS = 40
/** Requests under way at once on one HTTP/2 connection: well below the 100 streams that RFC 9113 §6.5.2 asks servers to allow. */
const H2_AT_ONCE = 16
/** Connections that one request is tried on where each of them ended before it was taken up: some servers end theirs after a few requests. */
const MOST_UNDONE = 8
/** Tries where the connection ended before it served anything at all. */
const MOST_UNSERVED = 2
/** A body's rest of at most this size is read and dropped to keep an HTTP/1.1 connection; beyond it, closing is cheaper. */
const DRAIN_BYTES = 128 * 1024

export interface Line {
  readonly socket: Socket
  readonly h2: boolean
  readonly peer: string
  readonly connectMs?: number
  readonly tlsMs?: number
}

export interface Exchange {
  readonly method: string
  readonly path: string
  /** Sent in order; `Host` (or `:authority`) comes from {@link authority} unless given here. */
  readonly headers: RawHeaders
  readonly authority: string
  readonly body?: string | Uint8Array
  readonly maxBodyBytes: number
  /** Stop reading the body so long after its head, and take what came. */
  readonly readMs?: number
  /** Stop reading earlier, as soon as this stands in the first 64 KiB of the body as it came. */
  readonly readUntil?: RegExp
  readonly limitMs: number
  readonly signal: AbortSignal
  /** Not sent again where it may have been taken up, even if its method allows that. */
  readonly once?: boolean
}

export interface Answer {
  readonly status: number
  readonly statusText: string
  readonly httpVersion: '1.0' | '1.1' | '2'
  readonly headers: RawHeaders
  readonly body: Buffer
  /** The body was not read to its end. */
  readonly cut: boolean
  readonly peer: string
  readonly reused: boolean
  readonly at: string
  readonly connectMs?: number
  readonly tlsMs?: number
  readonly ttfbMs: number
  readonly transferMs: number
  readonly totalMs: number
  readonly loopDelayMs: number
}

/** What the strict parser refused; the caller reads the same answer again, leniently. */
export class GrammarError extends Error {
  override readonly name = 'GrammarError'
  readonly code: string
  constructor(code: string, options?: { cause?: unknown }) {
    super(`the answer breaks HTTP's grammar (${code})`, options)
    this.code = code
  }
}
/** The connection ended before any byte of this answer; on a connection that had served before, that is HTTP's normal life. */
class LineClosed extends Error {
  override readonly name = 'LineClosed'
  /** The request never left, or the peer said that nothing was done about it (RFC 9113 §8.7): it may be sent again, whatever its method. */
  readonly undone: boolean
  constructor(message: string, options: { readonly cause?: unknown; readonly undone?: boolean } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.undone = options.undone === true
  }
}

interface Live {
  readonly line: Line
  readonly h2?: ClientHttp2Session
  readonly h1?: Client
  served: number
  dead: boolean
}

type Settled = { readonly ok: true; readonly answer: Answer } | { readonly ok: false; readonly error: unknown }

const failure = (code: string, message: string, phase: 'connect' | 'request' | 'response' | 'deadline'): ProbeError => new ProbeError({ code, message, phase })

/** Collects one answer whatever the protocol: caps, clocks, one end. */
class Collector {
  status = 0
  statusText = ''
  headers: RawHeaders = []
  #chunks: Buffer[] = []
  #size = 0
  #drained = 0
  #cut = false
  readonly #exchange: Exchange
  readonly #live: Live
  readonly #done: (settled: Settled) => void
  readonly #cancel: (why: Error) => void
  readonly #timer: NodeJS.Timeout
  #reader: NodeJS.Timeout | undefined
  readonly at = new Date().toISOString()
  readonly #start = performance.now()
  #sent = this.#start
  #first = 0
  settled = false
  readonly reused: boolean

  constructor(exchange: Exchange, live: Live, cancel: (why: Error) => void, done: (settled: Settled) => void) {
    this.#exchange = exchange
    this.#live = live
    this.#cancel = cancel
    this.#done = done
    this.reused = live.served > 0
    loopDelaySince(this.#start)
    this.#timer = setTimeout(() => {
      this.fail(
        failure(
          'TIMEOUT',
          this.status === 0
            ? `${live.line.peer} did not answer ${exchange.method} ${exchange.path.slice(0, 80)} within ${exchange.limitMs} ms`
            : `the body of ${exchange.method} ${exchange.path.slice(0, 80)} did not end within ${exchange.limitMs} ms (status ${this.status}, ${this.#size} bytes)`,
          'deadline',
        ),
      )
      this.#cancel(new Error('deadline'))
    }, exchange.limitMs)
    exchange.signal.addEventListener('abort', this.#abort, { once: true })
  }
  readonly #abort = (): void => {
    this.fail(this.#exchange.signal.reason)
    this.#cancel(new Error('aborted'))
  }
  sent(): void {
    this.#sent = performance.now()
  }
  head(status: number, statusText: string, headers: RawHeaders): void {
    this.#first = performance.now()
    this.status = status
    this.statusText = statusText
    this.headers = headers
    if (this.#exchange.readMs !== undefined) this.#reader = setTimeout(() => this.#stop(), this.#exchange.readMs)
  }
  data(chunk: Buffer): void {
    if (this.settled) return
    const room = this.#exchange.maxBodyBytes - this.#size
    if (!this.#cut && chunk.length <= room) {
      this.#chunks.push(chunk)
      this.#size += chunk.length
      const { readUntil } = this.#exchange
      if (readUntil !== undefined && this.#size <= 65_536 && readUntil.test(Buffer.concat(this.#chunks).toString())) this.#stop()
      return
    }
    if (room > 0) {
      this.#chunks.push(chunk.subarray(0, room))
      this.#size += room
    }
    this.#cut = true
    this.#drained += chunk.length - Math.max(0, room)
    if (this.#live.h2 !== undefined || this.#drained > DRAIN_BYTES) this.#stop()
  }
  /** Takes what came so far as the answer and gives up the rest. */
  #stop(): void {
    this.#cut = true
    this.end()
    this.#cancel(new Error('enough'))
  }
  end(): void {
    if (this.settled) return
    const now = performance.now()
    this.#settle({
      ok: true,
      answer: {
        status: this.status,
        statusText: this.statusText,
        httpVersion: this.#live.h2 === undefined ? '1.1' : '2',
        headers: this.headers,
        body: this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks),
        cut: this.#cut,
        peer: this.#live.line.peer,
        reused: this.reused,
        at: this.at,
        ...(this.reused || this.#live.line.connectMs === undefined ? {} : { connectMs: this.#live.line.connectMs }),
        ...(this.reused || this.#live.line.tlsMs === undefined ? {} : { tlsMs: this.#live.line.tlsMs }),
        ttfbMs: round(Math.max(0, this.#first - this.#sent)),
        transferMs: round(now - this.#first),
        totalMs: round(now - this.#start),
        loopDelayMs: loopDelaySince(this.#start),
      },
    })
  }
  fail(error: unknown): void {
    if (!this.settled) this.#settle({ ok: false, error })
  }
  #settle(settled: Settled): void {
    this.settled = true
    clearTimeout(this.#timer)
    if (this.#reader !== undefined) clearTimeout(this.#reader)
    this.#exchange.signal.removeEventListener('abort', this.#abort)
    this.#done(settled)
  }
}

const pairsOf = (flat: unknown): RawHeaders => {
  const headers: [string, string][] = []
  if (!Array.isArray(flat)) return headers
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name: unknown = flat[index]
    const value: unknown = flat[index + 1]
    headers.push([
      typeof name === 'string' ? name : (name as Buffer).toString('latin1'),
      typeof value === 'string' ? value : Array.isArray(value) ? value.join(', ') : (value as Buffer).toString('latin1'),
    ])
  }
  return headers
}

const { NGHTTP2_REFUSED_STREAM } = constants
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

export class Transport {
  readonly #origin: string
  readonly #open: (again: boolean) => Promise<Line>
  #live: Promise<Live> | undefined
  #failed: { readonly error: unknown; readonly at: number } | undefined
  #opened = 0
  #inFlight = 0
  #waiting: (() => void)[] = []
  #most = 1
  #silent = 0
  #silentSince = 0
  #closed = false

  /**
   * @param origin `https://example.com` or `http://example.com:8080`, logical port
   * @param open connects; `again` is false the first time
   */
  constructor(origin: string, open: (again: boolean) => Promise<Line>) {
    this.#origin = origin
    this.#open = open
  }

  /** @throws ProbeError, {@link GrammarError} */
  async request(exchange: Exchange): Promise<Answer> {
    if (this.#inFlight < this.#most) this.#inFlight += 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await this.#attempts(exchange)
    } finally {
      this.#inFlight -= 1
      this.#wake()
    }
  }

  /** Hands free places to those that wait; the place is counted here, so that nobody slips in between. */
  #wake(): void {
    while (this.#waiting.length > 0 && this.#inFlight < this.#most) {
      this.#inFlight += 1
      this.#waiting.shift()?.()
    }
  }

  async #attempts(exchange: Exchange): Promise<Answer> {
    if (this.#silent >= SILENT_AFTER) {
      if (performance.now() - this.#silentSince < SILENCE_MS)
        throw failure('TIMEOUT', `${this.#origin} left the last ${this.#silent} requests unanswered; not asked again`, 'deadline')
    }
    for (let attempt = 1; ; attempt += 1) {
      if (exchange.signal.aborted) throw exchange.signal.reason
      const live = await this.#connection()
      const settled = await this.#exchangeOn(live, exchange)
      if (settled.ok) {
        this.#silent = 0
        return settled.answer
      }
      const { error } = settled
      if (error instanceof LineClosed) {
        live.dead = true
        if (error.undone && attempt < (live.served > 0 ? MOST_UNDONE : MOST_UNSERVED)) continue
        if (attempt === 1 && live.served > 0 && IDEMPOTENT.has(exchange.method) && exchange.once !== true) continue
        const { code = 'ECONNRESET', message } = (error.cause ?? {}) as { code?: string; message?: string }
        throw new ProbeError({ code, message: `${live.line.peer}: ${message ?? 'closed without an answer'}`, phase: 'response' }, { cause: error })
      }
      if (error instanceof ProbeError && error.failure.code === 'TIMEOUT' && error.failure.message.includes('did not answer')) {
        this.#silent += 1
        this.#silentSince = performance.now()
      }
      throw error
    }
  }

  async #connection(): Promise<Live> {
    if (this.#live !== undefined) {
      const live = await this.#live
      if (!live.dead && !live.line.socket.destroyed) return live
      if (this.#live !== undefined && (await this.#live) === live) this.#live = undefined
      if (this.#live !== undefined) return await this.#connection()
    }
    if (this.#closed) throw failure('CLOSED', 'the connection was put away', 'connect')
    if (this.#failed !== undefined && performance.now() - this.#failed.at < FAILURE_STANDS_MS) throw this.#failed.error
    const opening = this.#begin()
    this.#live = opening
    try {
      return await opening
    } catch (error) {
      if (this.#live === opening) this.#live = undefined
      this.#failed = { error, at: performance.now() }
      throw error
    }
  }

  async #begin(): Promise<Live> {
    const line = await this.#open(this.#opened++ > 0)
    const { socket } = line
    this.#most = line.h2 ? H2_AT_ONCE : 1
    this.#wake()
    if (line.h2) {
      const h2 = connectHttp2(this.#origin, {
        createConnection: () => socket,
        settings: { enablePush: false, maxHeaderListSize: 1024 * 1024, initialWindowSize: 1024 * 1024 },
        maxHeaderListPairs: 16_384,
      })
      const live: Live = { line, h2, served: 0, dead: false }
      const end = (): void => {
        live.dead = true
      }
      h2.on('error', end)
      h2.on('goaway', end)
      h2.on('close', end)
      return live
    }
    // Loaded when it is first needed: most hosts speak HTTP/2, and the first packet should not wait for it.
    const { Client } = await import('undici')
    let given = false
    // The socket is ready, TLS or not: told `https`, undici would close it whenever a request names another Host.
    const h1 = new Client(this.#origin.replace('https://', 'http://'), {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 120_000,
      keepAliveMaxTimeout: 600_000,
      keepAliveTimeoutThreshold: 500,
      maxHeaderSize: MAX_HEADER_BYTES,
      allowH2: false,
      // One socket, opened by us: undici must not open another behind our back, the count of connections is part of what we promise.
      // Answered a moment later: undici does not look again when its connector calls back while it is still asking.
      connect: (_options, callback) =>
        queueMicrotask(() => {
          if (given || socket.destroyed) callback(new LineClosed('closed between requests', { undone: true }), null)
          else {
            given = true
            callback(null, socket)
          }
        }),
    })
    return { line, h1, served: 0, dead: false }
  }

  #exchangeOn(live: Live, exchange: Exchange): Promise<Settled> {
    return live.h2 === undefined ? this.#overH1(live, live.h1 as Client, exchange) : this.#overH2(live, live.h2, exchange)
  }

  #overH1(live: Live, client: Client, exchange: Exchange): Promise<Settled> {
    return new Promise((resolve) => {
      let control: { abort(reason: Error): void } | undefined
      const collector = new Collector(exchange, live, (why) => (control === undefined ? (live.dead = true) : control.abort(why)), resolve)
      const headers: string[] = []
      let named = false
      for (const [name, value] of exchange.headers) {
        if (name.length === 4 && name.toLowerCase() === 'host') named = true
        headers.push(name, value)
      }
      if (!named) headers.push('host', exchange.authority)
      try {
        client.dispatch(
          {
            method: exchange.method,
            path: exchange.path,
            headers,
            reset: false,
            ...(exchange.body === undefined ? {} : { body: exchange.body }),
          },
          {
            onRequestStart: (controller) => {
              control = controller
              if (collector.settled) controller.abort(new Error('settled'))
              collector.sent()
            },
            onResponseStart: (controller, status, _headers, statusText) => {
              if (status < 200 && status !== 101) return
              collector.head(status, statusText ?? '', pairsOf(controller.rawHeaders))
            },
            onRequestUpgrade: (controller, status, _headers, socket) => {
              collector.head(status, 'Switching Protocols', pairsOf(controller.rawHeaders))
              live.served += 1
              live.dead = true
              socket.destroy()
              collector.end()
            },
            onResponseData: (_controller, chunk) => collector.data(chunk),
            onResponseEnd: () => {
              live.served += 1
              collector.end()
            },
            onResponseError: (_controller, error) => collector.fail(this.#h1Error(live, collector, error, control !== undefined)),
          },
        )
      } catch (error) {
        collector.fail(error)
      }
    })
  }

  #h1Error(live: Live, collector: Collector, error: Error, begun: boolean): unknown {
    const { code } = error as { code?: string }
    const before = collector.status === 0
    if (error instanceof LineClosed) return error
    if (code?.startsWith('HPE_') === true || code === 'UND_ERR_HEADERS_OVERFLOW' || error.name === 'HTTPParserError') {
      live.dead = true
      return new GrammarError(code ?? `HPE_${/\(([^()]*)\)/.exec(error.message)?.[1]?.toUpperCase().replaceAll(' ', '_') ?? 'INVALID'}`, { cause: error })
    }
    if (code === 'UND_ERR_INVALID_ARG') return error
    live.dead = true
    if (before) return new LineClosed('closed before the answer', { cause: error, undone: !begun })
    return new ProbeError(
      {
        code: code ?? 'UND_ERR_SOCKET',
        message: `${live.line.peer} broke off the body: ${error.message} (status ${collector.status})`,
        phase: 'response',
      },
      { cause: error },
    )
  }

  #overH2(live: Live, session: ClientHttp2Session, exchange: Exchange): Promise<Settled> {
    return new Promise((resolve) => {
      const headers: Record<string, string | string[]> = {
        ':method': exchange.method,
        ':path': exchange.path,
        ':authority': exchange.authority,
        ':scheme': 'https',
      }
      for (const [name, value] of exchange.headers) {
        const lower = name.toLowerCase()
        if (lower === 'host') headers[':authority'] = value
        else if (lower === 'connection' || lower === 'keep-alive' || lower === 'transfer-encoding' || lower === 'upgrade') continue
        else {
          const known = headers[lower]
          headers[lower] = known === undefined ? value : lower === 'cookie' ? `${String(known)}; ${value}` : [known, value].flat()
        }
      }
      let stream: ReturnType<ClientHttp2Session['request']>
      try {
        stream = session.request(headers, { endStream: exchange.body === undefined })
      } catch (error) {
        live.dead = true
        resolve({ ok: false, error: new LineClosed('closed between requests', { cause: error, undone: true }) })
        return
      }
      const collector = new Collector(exchange, live, () => stream.close(8), resolve)
      collector.sent()
      let problem: unknown
      stream.on('response', (seen, _flags, raw?: string[]) => {
        const pairs =
          raw === undefined
            ? (Object.entries(seen).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)])) as [string, string][])
            : pairsOf(raw)
        collector.head(
          Number(seen[':status']),
          '',
          pairs.filter(([name]) => !name.startsWith(':')),
        )
      })
      stream.on('data', (chunk: Buffer) => collector.data(chunk))
      stream.on('end', () => {
        if (collector.status !== 0 && problem === undefined && stream.rstCode === 0) {
          live.served += 1
          collector.end()
        }
      })
      stream.on('error', (error) => {
        problem = error
      })
      stream.on('close', () => {
        if (collector.settled) return
        const code = (problem as { code?: string } | undefined)?.code
        if (collector.status !== 0 && problem === undefined && stream.rstCode === 0) {
          live.served += 1
          collector.end()
          return
        }
        if (collector.status === 0 && (live.dead || session.closed || session.destroyed)) {
          live.dead = true
          const cause = problem ?? Object.assign(new Error('closed without an answer'), { code: 'ECONNRESET' })
          // Streams beyond the last one that a GOAWAY names end so.
          collector.fail(new LineClosed('closed before the answer', { cause, undone: stream.rstCode === NGHTTP2_REFUSED_STREAM }))
          return
        }
        collector.fail(
          new ProbeError(
            {
              code: code ?? 'ECONNRESET',
              message: `${live.line.peer}: ${problem instanceof Error ? problem.message : 'stream closed'} (stream error ${stream.rstCode})`,
              phase: 'response',
            },
            { cause: problem },
          ),
        )
      })
      if (exchange.body !== undefined) stream.end(exchange.body)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    const live = await this.#live?.catch(() => undefined)
    if (live === undefined) return
    live.dead = true
    live.h2?.destroy()
    void live.h1?.destroy().catch(() => {})
    live.line.socket.destroy()
  }
}
