/**
 * Requests whose moment of arrival matters: prepared bytes on warm connections, each sent when its time has come. One request at a time on an
 * HTTP/1.1 connection, streams side by side on an HTTP/2 one. Knows no limiter and has no opinion.
 */
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { isIP, type Socket } from 'node:net'
import type { RawHeaders } from '../observations.ts'
import { type ProbeContext, ProbeError } from '../probe.ts'
import { connectionFailure, openTcp, openTls, stillOpen, connecting } from './connection.ts'

export interface PacedOrigin {
  readonly scheme: 'https' | 'http'
  readonly host: string
  /** Logical. */
  readonly port?: number
  readonly address: string
  readonly localAddress?: string
}

export interface PacedRequest {
  readonly method: string
  readonly path: string
  readonly headers: RawHeaders
  readonly body?: string
}

export interface PacedAnswer {
  /** Milliseconds since the sender was made: when it was due, when it was written, when its answer was complete. */
  readonly dueMs: number
  readonly sentMs: number
  readonly doneMs: number
  /** 0: no answer; `failure` says why. */
  readonly status: number
  readonly headers: RawHeaders
  /** Beginning of the body. */
  readonly body: string
  readonly failure?: string
}

const MOST_BODY = 2_048
const MOST_HEAD = 64 * 1024

type Heard = Pick<PacedAnswer, 'status' | 'headers' | 'body' | 'failure'>
const failed = (failure: string): Heard => ({ status: 0, headers: [], body: '', failure })

/** Reads one answer after the other off a connection; `undefined`: more bytes are needed. */
class AnswerReader {
  #bytes: Buffer = Buffer.alloc(0)
  #head: { readonly status: number; readonly headers: RawHeaders } | undefined
  #body: Buffer[] = []
  #kept = 0
  #left: number | 'chunked' | 'end' = 0
  /** No further answer can come on this connection. */
  last = false
  /** What is read next answers HEAD: it has no body, whatever it says of its length (RFC 9112 §6.3). */
  bodiless = false

  push(chunk: Buffer): Heard | undefined {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    return this.#read()
  }
  /** The peer ended. */
  end(): Heard {
    if (this.#head === undefined) return failed('EOF')
    return this.#left === 'end' ? this.#take() : { ...this.#take(), failure: 'EOF' }
  }
  #take(): Heard {
    const head = this.#head
    const body = Buffer.concat(this.#body).toString('utf8')
    this.#head = undefined
    this.#body = []
    this.#kept = 0
    return { status: head?.status ?? 0, headers: head?.headers ?? [], body }
  }
  #keep(bytes: Buffer): void {
    if (this.#kept >= MOST_BODY) return
    this.#body.push(bytes.subarray(0, MOST_BODY - this.#kept))
    this.#kept += bytes.length
  }
  #read(): Heard | undefined {
    while (this.#head === undefined) {
      const end = this.#bytes.indexOf('\r\n\r\n')
      if (end < 0) return this.#bytes.length > MOST_HEAD ? this.#broken('the head does not end') : undefined
      const [first = '', ...lines] = this.#bytes.subarray(0, end).toString('latin1').split('\r\n')
      this.#bytes = this.#bytes.subarray(end + 4)
      const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1] ?? Number.NaN)
      if (Number.isNaN(status)) return this.#broken('no HTTP/1.1 answer')
      if (status >= 100 && status < 200 && status !== 101) continue
      const headers = lines.map((line): readonly [string, string] => {
        const colon = line.indexOf(':')
        return colon < 0 ? [line.toLowerCase(), ''] : [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      })
      const value = (name: string): string | undefined => headers.find(([key]) => key === name)?.[1]
      this.#head = { status, headers }
      if (/\bclose\b/i.test(value('connection') ?? '') || (first.startsWith('HTTP/1.0') && !/keep-alive/i.test(value('connection') ?? ''))) this.last = true
      const length = value('content-length')
      if (this.bodiless || status === 204 || status === 304) this.#left = 0
      else if (/\bchunked\b/i.test(value('transfer-encoding') ?? '')) this.#left = 'chunked'
      else if (length !== undefined) {
        if (!/^\d{1,12}$/.test(length)) return this.#broken('a Content-Length that is no number')
        this.#left = Number(length)
      } else {
        this.#left = 'end'
        this.last = true
      }
    }
    if (this.#left === 'end') {
      this.#keep(this.#bytes)
      this.#bytes = Buffer.alloc(0)
      return undefined
    }
    if (this.#left === 'chunked') {
      for (;;) {
        const end = this.#bytes.indexOf('\r\n')
        if (end < 0) return undefined
        const size = Number.parseInt(this.#bytes.subarray(0, Math.min(end, 16)).toString('latin1'), 16)
        if (!(size >= 0)) return this.#broken('a chunk without a size')
        if (this.#bytes.length < end + 2 + size + 2) return undefined
        this.#keep(this.#bytes.subarray(end + 2, end + 2 + size))
        this.#bytes = this.#bytes.subarray(end + 2 + size + 2)
        if (size === 0) return this.#take()
      }
    }
    const part = this.#bytes.subarray(0, this.#left)
    this.#keep(part)
    this.#left -= part.length
    this.#bytes = this.#bytes.subarray(part.length)
    return this.#left === 0 ? this.#take() : undefined
  }
  #broken(why: string): Heard {
    this.last = true
    return failed(why)
  }
}

/** One connection. */
class Wire {
  busy = false
  dead = false
  readonly socket: Socket
  readonly #reader = new AnswerReader()
  #waiting: ((heard: Heard) => void) | undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      const heard = this.#reader.push(chunk)
      if (heard !== undefined) this.#settle(heard)
    })
    socket.on('error', (error) => this.#end(connectionFailure(error, 'response').code))
    socket.on('close', () => this.#end())
    socket.on('end', () => this.#end())
  }
  #end(code?: string): void {
    if (this.dead) return
    this.dead = true
    const last = this.#reader.end()
    this.#settle(code === undefined || last.status !== 0 ? last : failed(code))
  }
  #settle(heard: Heard): void {
    const settle = this.#waiting
    this.#waiting = undefined
    this.busy = false
    if (this.#reader.last) {
      this.dead = true
      this.socket.destroy()
    }
    settle?.(heard)
  }
  exchange(bytes: Buffer, bodiless: boolean): Promise<Heard> {
    if (this.dead) return Promise.resolve(failed('EOF'))
    this.busy = true
    this.#reader.bodiless = bodiless
    return new Promise((resolve) => {
      this.#waiting = resolve
      this.socket.write(bytes)
    })
  }
  /** Gives up waiting. */
  abandon(code: string): void {
    this.dead = true
    this.socket.destroy()
    this.#settle(failed(code))
  }
}

/** Waits until `at` (performance.now()): a timer, and the last moment by turns of the event loop. */
async function until(at: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    const left = at - performance.now()
    if (left <= 0) return
    if (signal.aborted) throw signal.reason as Error
    if (left > 2) await new Promise<void>((resolve) => setTimeout(resolve, Math.min(left - 1.5, 1_000)))
    else await new Promise<void>((resolve) => setImmediate(resolve))
  }
}

export interface Step {
  /** Milliseconds since the sender was made; at once where that is past. */
  readonly atMs: number
  readonly request: PacedRequest
}

export class PacedSender {
  readonly #context: ProbeContext
  readonly #origin: PacedOrigin
  readonly #limitMs: number
  readonly #start = performance.now()
  readonly #wires: Wire[] = []
  readonly #bytes = new WeakMap<PacedRequest, Buffer>()
  opened = 0
  /** Longest handshake of TCP: a way there and back. */
  slowestConnectMs = 0
  sent = 0
  peer = ''

  /** @param limitMs how long an answer is waited for */
  constructor(context: ProbeContext, origin: PacedOrigin, limitMs: number) {
    this.#context = context
    this.#origin = origin
    this.#limitMs = limitMs
  }

  /** Milliseconds since the sender was made. */
  get nowMs(): number {
    return performance.now() - this.#start
  }

  get #authority(): string {
    const { host, port, scheme } = this.#origin
    const name = isIP(host) === 6 ? `[${host}]` : host
    return port === undefined || port === (scheme === 'https' ? 443 : 80) ? name : `${name}:${port}`
  }

  #written(request: PacedRequest): Buffer {
    let bytes = this.#bytes.get(request)
    if (bytes === undefined) {
      const body = request.body === undefined ? '' : request.body
      const length = request.body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`
      const fields = request.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
      bytes = Buffer.from(`${request.method} ${request.path} HTTP/1.1\r\nHost: ${this.#authority}\r\n${fields}${length}\r\n${body}`, 'utf8')
      this.#bytes.set(request, bytes)
    }
    return bytes
  }

  async #open(localAddress = this.#origin.localAddress, alpn = 'http/1.1'): Promise<Socket> {
    const { scheme, host, address } = this.#origin
    const port = this.#origin.port ?? (scheme === 'https' ? 443 : 80)
    const from = localAddress === undefined ? {} : { localAddress }
    this.opened += 1
    // A look of minutes does not wait for minutes on a server that is silent from the start.
    if (scheme === 'http') {
      const tcp = await connecting(this.#context, 'probe', (near) => openTcp(near, { address, port, ...from }))
      tcp.release()
      this.peer = tcp.peer
      this.slowestConnectMs = Math.max(this.slowestConnectMs, tcp.connectMs)
      return tcp.socket
    }
    const opened = stillOpen(await connecting(this.#context, 'probe', (near) => openTls(near, { address, port, servername: host, alpn: [alpn], ...from })))
    opened.tcp.release()
    this.peer = opened.tcp.peer
    this.slowestConnectMs = Math.max(this.slowestConnectMs, opened.tcp.connectMs)
    if (alpn === 'h2' && opened.socket.alpnProtocol !== 'h2') {
      opened.socket.destroy()
      throw new ProbeError({ code: 'NO_H2', message: `${opened.tcp.peer} does not speak HTTP/2`, phase: 'tls' })
    }
    return opened.socket
  }

  /** Opens connections until so many are idle. */
  async warm(count: number): Promise<void> {
    const idle = this.#wires.filter((wire) => !wire.busy && !wire.dead).length
    await Promise.all(
      Array.from({ length: Math.max(0, count - idle) }, async () => {
        const wire = new Wire(await this.#open())
        this.#wires.push(wire)
      }),
    )
  }

  #idle(): Wire | undefined {
    return this.#wires.find((wire) => !wire.busy && !wire.dead)
  }

  async #exchange(wire: Wire, request: PacedRequest, dueMs: number): Promise<PacedAnswer> {
    const bytes = this.#written(request)
    this.#context.zones?.note({ host: this.#origin.host, path: request.path, method: request.method })
    this.sent += 1
    const sentMs = this.nowMs
    const timer = setTimeout(() => wire.abandon('TIMEOUT'), this.#limitMs)
    const abort = (): void => wire.abandon('ABORTED')
    this.#context.signal.addEventListener('abort', abort, { once: true })
    const heard = await wire.exchange(bytes, request.method === 'HEAD')
    clearTimeout(timer)
    this.#context.signal.removeEventListener('abort', abort)
    return { dueMs, sentMs, doneMs: this.nowMs, ...heard }
  }

  /**
   * Sends each step when its time has come, in order, on a pool of kept-alive connections; twice as many where all of them wait for answers.
   * @param pool connections to begin with
   * @param most connections that may wait for answers at once; beyond it, a step waits
   * @param stop asked after every answer: true ends it, and what was not sent yet never is
   * @returns answers in the order of the steps
   */
  async send(
    steps: readonly Step[],
    { pool, most }: { readonly pool: number; readonly most: number },
    stop: (answer: PacedAnswer) => boolean = () => false,
  ): Promise<readonly PacedAnswer[]> {
    const answers: (PacedAnswer | undefined)[] = []
    const pending = new Set<Promise<void>>()
    const end = { over: false }
    let allowed = pool
    const usable = (): Wire | undefined => {
      const live = this.#wires.filter((wire) => !wire.dead).slice(0, allowed)
      return live.find((wire) => !wire.busy)
    }
    for (const [index, { atMs, request }] of steps.entries()) {
      await until(this.#start + atMs, this.#context.signal)
      let wire = usable()
      while (wire === undefined && !end.over) {
        const live = this.#wires.filter((one) => !one.dead).length
        if (live < allowed) this.#wires.push(new Wire(await this.#open()))
        else if (allowed < most && (await this.#stalled(pending))) allowed = Math.min(most, 2 * allowed)
        else if (allowed >= most) await Promise.race(pending)
        wire = usable()
      }
      if (end.over || wire === undefined) break
      const work = this.#exchange(wire, request, atMs).then((answer) => {
        answers[index] = answer
        if (stop(answer)) end.over = true
        pending.delete(work)
      })
      pending.add(work)
      // Let answers in between two writes, or the first of them would be told late.
      if (index % 8 === 7) await new Promise<void>((resolve) => setImmediate(resolve))
    }
    await Promise.all(pending)
    return answers.filter((answer) => answer !== undefined)
  }

  /** Nothing came back for a while: whoever asks next needs a connection of his own. */
  async #stalled(pending: ReadonlySet<Promise<void>>): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(true), STALL_MS)
    })
    const came = Promise.race(pending).then(() => false)
    const stalled = await Promise.race([came, late])
    clearTimeout(timer)
    return stalled
  }

  /** All at once, each on a connection that waits already. Answers in the order of the requests. */
  async volley(requests: readonly PacedRequest[]): Promise<readonly PacedAnswer[]> {
    // Nothing may come between where connections wait already: whoever is asked first, goes first.
    if (this.#wires.filter((wire) => !wire.busy && !wire.dead).length < requests.length) await this.warm(requests.length)
    const dueMs = this.nowMs
    return await Promise.all(
      requests.map((request) => {
        const wire = this.#idle()
        return wire === undefined ? Promise.resolve({ dueMs, sentMs: dueMs, doneMs: dueMs, ...failed('EOF') }) : this.#exchange(wire, request, dueMs)
      }),
    )
  }

  /** Connections of their own that are open and wait; {@link on} sends on them, `close` ends them. */
  async fresh(count: number, localAddress?: string): Promise<{ on(requests: readonly PacedRequest[]): Promise<readonly PacedAnswer[]>; close(): void }> {
    const wires = await Promise.all(Array.from({ length: count }, async () => new Wire(await this.#open(localAddress))))
    return {
      on: async (requests) => {
        const dueMs = this.nowMs
        return await Promise.all(requests.map((request, index) => this.#exchange(wires[index % count] as Wire, request, dueMs)))
      },
      close: () => {
        for (const wire of wires) wire.socket.destroy()
      },
    }
  }

  /**
   * Connections of their own, each with the head of a request and the first byte of its body: the rest does not come. `answers` holds what was
   * answered all the same; `close` goes away.
   */
  async held(count: number, request: PacedRequest): Promise<{ readonly answers: readonly PacedAnswer[]; close(): void }> {
    const wires = await Promise.all(Array.from({ length: count }, async () => new Wire(await this.#open())))
    const body = '{'
    const bytes = this.#written({ ...request, body: body.repeat(HELD_BYTES) })
    const answers: PacedAnswer[] = []
    for (const wire of wires) {
      this.#context.zones?.note({ host: this.#origin.host, path: request.path, method: request.method })
      this.sent += 1
      const sentMs = this.nowMs
      void wire
        .exchange(bytes.subarray(0, bytes.length - HELD_BYTES + 1), false)
        .then((heard) => answers.push({ dueMs: sentMs, sentMs, doneMs: this.nowMs, ...heard }))
    }
    return {
      answers,
      close: () => {
        for (const wire of wires) wire.socket.destroy()
      },
    }
  }

  /** An HTTP/2 connection: all requests as streams side by side. @throws ProbeError `NO_H2` where it is not spoken */
  async streams(): Promise<{ on(requests: readonly PacedRequest[]): Promise<readonly PacedAnswer[]>; close(): void }> {
    const socket = await this.#open(undefined, 'h2')
    const session = connectHttp2(`https://${this.#authority}`, { createConnection: () => socket })
    session.on('error', () => {})
    return {
      on: async (requests) => await Promise.all(requests.map((request) => this.#stream(session, request))),
      close: () => session.destroy(),
    }
  }

  #stream(session: ClientHttp2Session, request: PacedRequest): Promise<PacedAnswer> {
    this.#context.zones?.note({ host: this.#origin.host, path: request.path, method: request.method })
    this.sent += 1
    const dueMs = this.nowMs
    return new Promise((resolve) => {
      let status = 0
      let headers: RawHeaders = []
      let body = ''
      const done = (failure?: string): void => {
        clearTimeout(timer)
        resolve({ dueMs, sentMs: dueMs, doneMs: this.nowMs, status, headers, body, ...(failure === undefined ? {} : { failure }) })
      }
      const timer = setTimeout(() => {
        stream.close()
        done('TIMEOUT')
      }, this.#limitMs)
      const stream = session.request(
        {
          ':method': request.method,
          ':path': request.path,
          ':authority': this.#authority,
          ':scheme': 'https',
          ...Object.fromEntries(request.headers.map(([name, value]) => [name.toLowerCase(), value])),
        },
        { endStream: request.body === undefined },
      )
      stream.setEncoding('utf8')
      stream.on('response', (fields) => {
        status = fields[':status'] ?? 0
        headers = Object.entries(fields).flatMap(([name, value]) =>
          name.startsWith(':') ? [] : [value].flat().map((one): readonly [string, string] => [name, String(one)]),
        )
      })
      stream.on('data', (chunk: string) => {
        if (body.length < MOST_BODY) body += chunk.slice(0, MOST_BODY - body.length)
      })
      stream.on('error', () => {})
      stream.on('close', () => done(status === 0 ? (stream.rstCode === 0 ? 'EOF' : `RST_STREAM_${stream.rstCode}`) : undefined))
      if (request.body !== undefined) stream.end(request.body)
    })
  }

  close(): void {
    for (const wire of this.#wires) wire.socket.destroy()
  }
}

/** Length of a body of which the first byte comes. */
const HELD_BYTES = 1_024
/** Every connection waits for longer than an ordinary answer takes. */
const STALL_MS = 60
