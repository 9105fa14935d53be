/**
 * WebSocket handshakes at byte level (RFC 6455 §4) on connections of their own, and a short dialogue behind the upgrade. HTTP/1.1 is the only
 * protocol offered in ALPN: a peer that chose h2 would refuse the classic upgrade. Nothing is verified here, everything is recorded.
 */
import { createHash, hash, randomBytes } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import type { Writable } from 'node:stream'
import * as ws from 'ws'
import { headerValue, headerValues } from '../headers.ts'
import type { RawHeaders, WebSocketObservation } from '../observations.ts'
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { probeMs } from '../target.ts'
import { openTcp, openTls, round, connecting } from './connection.ts'
import { readLeniently } from './http-message.ts'
import { firstAddress } from './tls.ts'

export interface WebSocketRequest {
  /** Fully qualified name, or an address. */
  readonly host: string
  /** @default the first address of the host */
  readonly address?: string
  readonly path: string
  /** @default 'wss' */
  readonly scheme?: 'wss' | 'ws'
  /** Origin header, as sent. @default none */
  readonly origin?: string
  /** More headers, in order, after those of the handshake. */
  readonly headers?: RawHeaders
  readonly subprotocols?: readonly string[]
  /** Sec-WebSocket-Version. @default '13' */
  readonly version?: string
  /** Offers permessage-deflate, as browsers do. @default true */
  readonly compression?: boolean
  /** Text message sent after the upgrade. */
  readonly send?: string
  /** Text that one of the messages received within 5 s must contain. */
  readonly expect?: string
  /** Only listens so long after the upgrade (or until the first message), before anything is sent: to see what a peer does on its own. @default 0 */
  readonly listenMs?: number
  /** Silence on our side for so long, then a Ping. @default none */
  readonly idleMs?: number
  /** The only one there is over this probe. */
  readonly protocol?: 'http/1.1'
}

/** The path as it may be shown: values of parameters that carry credentials are cut out. */
export const shownPath = (path: string): string =>
  path.replace(/([?&](?:access_token|id_token|refresh_token|token|jwt|auth|password|secret|api_?key|key|code|session|sid)=)[^&#]+/gi, '$1<secret>')

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const HEAD_BYTES = 64 * 1024
const BODY_BYTES = 16 * 1024
const MESSAGE_BYTES = 4 * 1024
const MESSAGES = 16
/** Longest message taken in, and all bytes behind the upgrade: what is larger ends the look. */
const MAX_MESSAGE_BYTES = 512 * 1024
const MAX_BYTES = 2 * 1024 * 1024
/** Waits for an answer, a pong (rules: at most 5 s) and the echo of our Close. */
const ANSWER_MS = 5_000
const CLOSE_MS = 2_000

/** The frame reader and writer of `ws`, which its type package leaves out. */
interface Receiver extends Writable {
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): this
  on(event: 'ping' | 'pong', listener: (data: Buffer) => void): this
  on(event: 'conclude', listener: (code: number) => void): this
  on(event: 'error', listener: (error: Error & { code?: string }) => void): this
  on(event: string, listener: (...values: never[]) => void): this
}
interface Deflate {
  accept(offers: unknown): unknown
  cleanup(): void
}
const frames = ws as unknown as {
  readonly Receiver: new (options: { maxPayload: number; extensions: Record<string, Deflate>; isServer: false }) => Receiver
  readonly Sender: {
    frame(data: Buffer, options: { fin: true; rsv1: false; opcode: number; mask: true; readOnly: true }): readonly Buffer[]
  }
  readonly PerMessageDeflate: new (options: { maxPayload: number }) => Deflate
  readonly extension: { parse(header: string): Readonly<Record<string, unknown>> }
}
const TEXT = 1
const CLOSE = 8
const PING = 9
const PONG = 10

interface Head {
  readonly status: number
  readonly headers: RawHeaders
  readonly rest: Buffer
}

/** Reads the answer's head, at most 64 KiB. @throws ProbeError `EOF`, `TIMEOUT`, `TOO_LARGE`, `NO_HTTP`, the system's code */
function readHead(socket: Socket, peer: string, signal: AbortSignal, limitMs: number): Promise<Head> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0)
    const failed = (code: string, message: string): void => done(() => reject(new ProbeError({ code, message: `${peer}: ${message}`, phase: 'response' })))
    const onData = (chunk: Buffer): void => {
      const from = Math.max(0, bytes.length - 3)
      bytes = Buffer.concat([bytes, chunk])
      for (;;) {
        const end = endOfHead(bytes, from)
        if (end === undefined) {
          if (bytes.length > HEAD_BYTES) failed('TOO_LARGE', `no end of the headers within ${HEAD_BYTES} bytes`)
          return
        }
        const read = readLeniently(bytes.subarray(0, end), 'HEAD')
        if (read.status === undefined) {
          failed('NO_HTTP', read.faults.join('; ').slice(0, 200))
          return
        }
        if (read.status >= 200 || read.status === 101) {
          const head = { status: read.status, headers: read.headers, rest: bytes.subarray(end) }
          done(() => resolve(head))
          return
        }
        // An interim answer (100, 103): the real one follows.
        bytes = bytes.subarray(end)
        if (bytes.length === 0) return
      }
    }
    const onEnd = (): void => failed('EOF', 'closed without an answer to the upgrade')
    const onError = (error: NodeJS.ErrnoException): void => failed(error.code ?? 'UNKNOWN', error.message)
    const onAbort = (): void => done(() => reject(signal.reason as Error))
    const timer = setTimeout(
      () => done(() => reject(new ProbeError({ code: 'TIMEOUT', message: `${peer} did not answer the upgrade within ${limitMs} ms`, phase: 'deadline' }))),
      limitMs,
    )
    function done(act: () => void): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.pause()
      socket.removeListener('data', onData)
      socket.removeListener('end', onEnd)
      socket.removeListener('close', onEnd)
      socket.removeListener('error', onError)
      act()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('error', onError)
    socket.on('end', onEnd)
    socket.on('close', onEnd)
    socket.on('data', onData)
    if (signal.aborted) onAbort()
  })
}

/** Offset behind the empty line, CRLF or bare LF; undefined while it has not come. */
function endOfHead(bytes: Buffer, from: number): number | undefined {
  const start = Math.max(0, from - 3)
  const crlf = bytes.indexOf('\r\n\r\n', start)
  const lf = bytes.indexOf('\n\n', start)
  if (crlf === -1 && lf === -1) return undefined
  return crlf !== -1 && (lf === -1 || crlf < lf) ? crlf + 4 : lf + 2
}

/** The start of a refusal's body: what came with the head, and what comes within a moment. */
function readBody(socket: Socket, head: Head, limitMs: number): Promise<Buffer> {
  const chunks = [head.rest]
  let size = head.rest.length
  const declared = headerValue(head.headers, 'content-length')
  const wanted = Math.min(BODY_BYTES, declared !== undefined && /^[0-9]{1,9}$/.test(declared) ? Number(declared) : BODY_BYTES)
  return new Promise((resolve) => {
    const timer = setTimeout(end, limitMs)
    function end(): void {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).subarray(0, BODY_BYTES))
    }
    if (size >= wanted || socket.destroyed || socket.readableEnded) {
      end()
      return
    }
    socket.on('error', end)
    socket.on('close', end)
    socket.on('end', end)
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size >= wanted) end()
    })
    socket.resume()
  })
}

type Dialogue = Pick<WebSocketObservation, 'pong' | 'messages' | 'messageCount' | 'closeEchoed' | 'cut'> &
  Partial<Pick<WebSocketObservation, 'pongMs' | 'matched' | 'idle' | 'closeCode' | 'closedAfterMs' | 'violation'>>
const SILENT: Dialogue = { pong: false, messages: [], messageCount: 0, closeEchoed: false, cut: false }

/** What was agreed on compression, from what was answered; a broken answer is a violation. */
function deflateOf(lines: readonly string[], offered: boolean): { readonly deflate?: Deflate; readonly violation?: string } {
  if (lines.length === 0) return {}
  try {
    const parsed = frames.extension.parse(lines.join(', '))
    const names = Object.keys(parsed)
    const alien = names.filter((name) => name !== 'permessage-deflate' || !offered)
    if (alien.length > 0) return { violation: `extension that was not offered: ${alien.join(', ').slice(0, 200)}` }
    const deflate = new frames.PerMessageDeflate({ maxPayload: MAX_MESSAGE_BYTES })
    deflate.accept(parsed['permessage-deflate'])
    return { deflate }
  } catch (error) {
    return { violation: `Sec-WebSocket-Extensions: ${(error as Error).message.slice(0, 200)}` }
  }
}

/** Talks behind the upgrade until everything asked was seen, the peer ended it, or a deadline came. Never throws for what the peer does. */
async function dialogue(socket: Socket, head: Head, request: WebSocketRequest, context: ProbeContext): Promise<Dialogue> {
  const { signal } = context
  const start = performance.now()
  const { deflate, violation: disagreement } = deflateOf(headerValues(head.headers, 'sec-websocket-extensions'), request.compression !== false)
  const receiver = new frames.Receiver({
    isServer: false,
    maxPayload: MAX_MESSAGE_BYTES,
    extensions: deflate === undefined ? {} : { 'permessage-deflate': deflate },
  })
  const messages: string[] = []
  let messageCount = 0
  let size = 0
  let serverPings = 0
  let matched = false
  let cut = false
  let violation = disagreement
  let closeCode: number | undefined
  let closedAfterMs: number | undefined
  let closing = false
  let closeEchoed = false
  let ended = false
  const pongs: string[] = []
  let pongAt: number | undefined
  /** Waiters look again whenever something has happened. */
  const waiters = new Set<() => void>()
  const wake = (): void => {
    for (const waiter of waiters) waiter()
  }

  const send = (opcode: number, payload: Buffer): void => {
    if (socket.destroyed || !socket.writable) return
    if (opcode === TEXT || opcode === PING) context.used?.({ frames: 1 })
    for (const part of frames.Sender.frame(payload, { fin: true, rsv1: false, opcode, mask: true, readOnly: true })) socket.write(part)
  }
  const finish = (code: number): void => {
    if (ended) return
    ended = true
    if (!closing) {
      closeCode ??= code
      closedAfterMs ??= round(performance.now() - start)
    }
    wake()
  }
  receiver.on('message', (data: Buffer) => {
    messageCount += 1
    const text = data.toString('utf8')
    if (request.expect !== undefined && text.includes(request.expect)) matched = true
    if (messages.length < MESSAGES) messages.push(text.slice(0, MESSAGE_BYTES))
    wake()
  })
  receiver.on('ping', (data: Buffer) => {
    serverPings += 1
    if (!closing && serverPings <= 100) send(PONG, data)
    wake()
  })
  receiver.on('pong', (data: Buffer) => {
    pongAt ??= performance.now()
    if (pongs.length < 100) pongs.push(data.toString('hex'))
    wake()
  })
  receiver.on('conclude', (code: number) => {
    if (closing) closeEchoed = true
    else send(CLOSE, code === 1005 ? Buffer.alloc(0) : Buffer.from([code >> 8, code & 255]))
    finish(code)
  })
  receiver.on('error', (error: Error & { code?: string }) => {
    // Too long for us is no fault of the peer.
    if (
      error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ||
      error.code === 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH' ||
      error.code?.startsWith('WS_ERR_TOO_MANY')
    )
      cut = true
    else violation ??= `${error.message} (${error.code ?? 'unknown'})`.slice(0, 200)
    ended = true
    wake()
  })
  const take = (chunk: Buffer): void => {
    if (ended) return
    size += chunk.length
    if (size > MAX_BYTES) {
      cut = true
      ended = true
      wake()
      return
    }
    receiver.write(chunk)
  }
  socket.on('data', take)
  socket.on('error', () => finish(1006))
  socket.on('end', () => finish(1006))
  socket.on('close', () => finish(1006))
  const onAbort = (): void => {
    ended = true
    wake()
  }
  signal.addEventListener('abort', onAbort, { once: true })

  const over = (): boolean => ended
  const until = async (reached: () => boolean, milliseconds: number): Promise<boolean> => {
    const deadline = performance.now() + milliseconds
    while (!reached() && !over()) {
      const left = deadline - performance.now()
      if (left <= 0) break
      await new Promise<void>((resolve) => {
        const again = (): void => {
          clearTimeout(timer)
          waiters.delete(again)
          resolve()
        }
        const timer = setTimeout(again, left)
        waiters.add(again)
      })
    }
    return reached()
  }
  const ping = async (): Promise<boolean> => {
    const payload = randomBytes(8)
    send(PING, payload)
    return await until(() => pongs.includes(payload.toString('hex')), ANSWER_MS)
  }

  try {
    if (head.rest.length > 0) take(head.rest)
    socket.resume()
    if (request.listenMs !== undefined) await until(() => messageCount > 0, request.listenMs)
    // Message and Ping go out together: a peer that answers neither costs one wait.
    if (request.send !== undefined) send(TEXT, Buffer.from(request.send))
    const pingedAt = performance.now()
    let pongMs: number | undefined
    const answering = request.expect === undefined ? Promise.resolve(true) : until(() => matched, ANSWER_MS)
    const pong = !ended && (await ping())
    if (pong) pongMs = round((pongAt ?? performance.now()) - pingedAt)
    await answering
    let idle: WebSocketObservation['idle']
    // Who does not answer a Ping now cannot prove by one that it is alive later.
    if (request.idleMs !== undefined && pong && !ended) {
      const idleFrom = performance.now()
      const pingsBefore = serverPings
      await until(() => false, request.idleMs)
      const survivedMs = round(performance.now() - idleFrom)
      const alive = !ended && (await ping())
      idle = { askedMs: request.idleMs, survivedMs, alive, serverPings: serverPings - pingsBefore }
    }
    if (!ended) {
      closing = true
      send(CLOSE, Buffer.from([1000 >> 8, 1000 & 255]))
      await until(() => closeEchoed, CLOSE_MS)
    }
    return {
      pong,
      ...(pongMs === undefined ? {} : { pongMs }),
      messages,
      messageCount,
      ...(request.expect === undefined ? {} : { matched }),
      ...(idle === undefined ? {} : { idle }),
      ...(closeCode === undefined ? {} : { closeCode }),
      ...(closedAfterMs === undefined ? {} : { closedAfterMs }),
      closeEchoed,
      ...(violation === undefined ? {} : { violation }),
      cut,
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    deflate?.cleanup()
    receiver.destroy()
  }
}

async function perform(context: ProbeContext, request: WebSocketRequest): Promise<WebSocketObservation> {
  const { host, path } = request
  const secure = request.scheme !== 'ws'
  const address = request.address ?? (await firstAddress(context, host))
  const key = randomBytes(16).toString('base64')
  const expectedAccept = createHash('sha1')
    .update(key + MAGIC)
    .digest('base64')
  const name = isIP(host) === 6 ? `[${host}]` : host
  const offered = request.subprotocols ?? []
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${name}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    `Sec-WebSocket-Version: ${request.version ?? '13'}`,
    `Sec-WebSocket-Key: ${key}`,
    ...(request.origin === undefined ? [] : [`Origin: ${request.origin}`]),
    ...(offered.length === 0 ? [] : [`Sec-WebSocket-Protocol: ${offered.join(', ')}`]),
    ...(request.compression === false ? [] : ['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits']),
    'User-Agent: postproof',
    ...(request.headers ?? []).map(([header, value]) => `${header}: ${value}`),
  ]
  if (lines.some((line) => /[\r\n]/.test(line))) throw new TypeError('a line of the handshake contains a line end')
  const at = new Date().toISOString()
  const opened = secure ? await connecting(context, 'probe', (near) => openTls(near, { address, servername: host, alpn: ['http/1.1'] })) : undefined
  const tcp = opened?.tcp ?? (await connecting(context, 'probe', (near) => openTcp(near, { address, port: 80 })))
  // The slot limits how many connections are being made at once; one that lies idle on purpose must not hold it.
  tcp.release()
  const socket: Socket = opened?.socket ?? tcp.socket
  const limitMs = probeMs(context.target)
  const url = `${secure ? 'wss' : 'ws'}://${name}${shownPath(path)}`
  const start = performance.now()
  socket.on('error', () => {})
  try {
    const coming = readHead(socket, tcp.peer, context.signal, limitMs)
    context.used?.({ sockets: 1 })
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
    const head = await coming
    const openMs = round(performance.now() - start)
    context.log(`${url} -> ${head.status} in ${openMs} ms from ${tcp.peer}`)
    const accept = headerValue(head.headers, 'sec-websocket-accept')
    const subprotocol = headerValue(head.headers, 'sec-websocket-protocol')
    const talk = head.status === 101 ? await dialogue(socket, head, request, context) : SILENT
    const body = head.status === 101 ? new Uint8Array(0) : await readBody(socket, head, Math.min(1_000, limitMs))
    return {
      url,
      peer: tcp.peer,
      status: head.status,
      headers: head.headers,
      ...(accept === undefined ? {} : { accept }),
      expectedAccept,
      acceptValid: accept === expectedAccept && headerValues(head.headers, 'sec-websocket-accept').length === 1,
      offered,
      ...(subprotocol === undefined ? {} : { subprotocol }),
      extensions: headerValues(head.headers, 'sec-websocket-extensions'),
      body,
      ...talk,
      openMs,
      at,
    }
  } finally {
    socket.destroy()
    tcp.socket.destroy()
  }
}

/**
 * One upgrade on a connection of its own; after a 101: the asked message, a Ping, the asked idle time, a Close. A refusal (any other status) is
 * an observation like a success.
 * @throws ProbeError of connecting and of the TLS handshake; `EOF`, `TIMEOUT`, `TOO_LARGE` (headers without end), `NO_HTTP` for the answer
 */
export function websocketHandshake(request: WebSocketRequest): Probe<WebSocketObservation> {
  const { host, path, scheme = 'wss', headers, idleMs = 0, listenMs = 0 } = request
  const cut = path.indexOf('?')
  const details = Object.entries({ ...request, host: undefined, path: undefined, scheme: undefined, headers: undefined, send: undefined, expect: undefined })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .sort()
  // Values of headers, messages and the query may carry tokens: only their digest is in the key.
  const hidden = JSON.stringify([cut === -1 ? '' : path.slice(cut), headers ?? [], request.send ?? '', request.expect ?? ''])
  return {
    kind: 'websocketHandshake',
    key: ['websocketHandshake', `${scheme}://${host}${cut === -1 ? path : path.slice(0, cut)}`, ...details, `#${hash('sha256', hidden).slice(0, 16)}`].join(
      ' ',
    ),
    impact: 'read',
    cost: { connections: 1, requests: 1, sockets: 1, frames: 1 + (request.send === undefined ? 0 : 1) + (request.idleMs === undefined ? 0 : 1) },
    host,
    waitsMs: idleMs + listenMs,
    // Every wait inside has its own bound (head, answer, pong, idle, close); this one is the backstop of their sum.
    timeoutMs: 30_000 + idleMs + listenMs + 2 * ANSWER_MS + CLOSE_MS,
    run: (context) => perform(context, request),
  }
}
