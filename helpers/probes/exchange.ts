/**
 * One HTTP/1.1 exchange of a probe that acts (signs in, uploads, walks a journey): a connection of its own, bodies streamed both ways, an answer that
 * comes before the request is complete taken as it is. What is secret goes only over TLS that can be trusted, or to an address that is not public.
 */
import { createHash, randomBytes } from 'node:crypto'
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { isLoopback, isPrivateAddress } from '../grammar/address.ts'
import { parseSetCookie } from '../grammar/set-cookie.ts'
import { headerValue, headerValues } from '../headers.ts'
import type { RawHeaders } from '../observations.ts'
import { type ProbeContext, ProbeError } from '../probe.ts'
import { probeMs } from '../target.ts'
import { connectionFailure, openTcp, openTls, round, stillOpen, connecting } from './connection.ts'
import { decodeBody } from './http-message.ts'
import { splitUrl } from './http.ts'
import { firstAddress } from './tls.ts'

export interface ExchangeRequest {
  /** Absolute; logical port. */
  readonly url: string
  /** @default 'GET' */
  readonly method?: string
  readonly headers?: RawHeaders
  /** A stream is read as fast as the peer takes it. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>
  /** Length of a streamed body; left out, it goes in chunks. */
  readonly bodyBytes?: number
  /** Something in it is secret. */
  readonly secret?: boolean
  /** Of the answer, kept; the rest is read and counted. @default 262144 */
  readonly keepBytes?: number
  /** Of the answer, read; more is given up. @default 16 times what is kept */
  readonly mostBytes?: number
  /** SHA-256 of the whole answer. */
  readonly hashed?: boolean
  /** From the request to the end of the answer. @default limits.probeSeconds */
  readonly limitMs?: number
}

export interface ExchangeAnswer {
  readonly url: string
  readonly method: string
  readonly status: number
  readonly headers: RawHeaders
  /** Content-decoded, as much as was to be kept. */
  readonly body: Uint8Array
  /** Length of the answer on the wire, as far as it was read. */
  readonly bytes: number
  /** Not all of it was read. */
  readonly truncated: boolean
  readonly sha256?: string
  /** Bytes of the request's body that were sent. */
  readonly sentBytes: number
  /** The answer began before the request was complete. */
  readonly early: boolean
  /** When parts of the answer came: milliseconds since the request, at most 200. */
  readonly parts: readonly { readonly atMs: number; readonly bytes: number }[]
  readonly peer: string
  readonly ttfbMs: number
  readonly totalMs: number
  /** ISO 8601 UTC. */
  readonly at: string
}

const KEEP_BYTES = 256 * 1024
const PARTS = 200

/** @throws ProbeError `UNTRUSTED` where a secret would go over a connection that cannot be trusted */
async function openFor(
  context: ProbeContext,
  request: ExchangeRequest,
): Promise<{ socket: Socket; peer: string; release(): void; authority: string; path: string }> {
  const parts = splitUrl(request.url)
  if (parts === undefined) throw new TypeError(`${JSON.stringify(request.url.slice(0, 80))} is no http(s) URL`)
  const address = await firstAddress(context, parts.host)
  const name = isIP(parts.host) === 6 ? `[${parts.host}]` : parts.host
  const authority = parts.port === undefined ? name : `${name}:${parts.port}`
  await context.pace(address).turn()
  await context.zones?.turn({ host: parts.host, path: parts.path, method: request.method ?? 'GET' })
  if (parts.scheme === 'http') {
    if (request.secret === true && !isLoopback(address) && !isPrivateAddress(address))
      throw new ProbeError({ code: 'UNTRUSTED', message: `credentials are not sent in clear to ${parts.host}`, phase: 'request' })
    const tcp = await connecting(context, 'probe', (near) => openTcp(near, { address, port: parts.port ?? 80 }))
    return { socket: tcp.socket, peer: tcp.peer, release: tcp.release, authority, path: parts.path }
  }
  const opened = stillOpen(
    await connecting(context, 'probe', (near) => openTls(near, { address, port: parts.port ?? 443, servername: parts.host, alpn: ['http/1.1'] })),
  )
  const { observation, tcp } = opened
  if (request.secret === true && !observation.authorized) {
    opened.socket.destroy()
    tcp.release()
    throw new ProbeError({
      code: 'UNTRUSTED',
      message: `credentials are not sent to ${parts.host}: its certificate does not stand (${observation.authorizationError ?? 'unknown reason'})`,
      phase: 'request',
    })
  }
  return { socket: opened.socket, peer: tcp.peer, release: tcp.release, authority, path: parts.path }
}

/** Writes a streamed body until it ends, the peer answers, or the connection does. */
async function pour(message: ClientRequest, body: AsyncIterable<Uint8Array>, over: () => boolean, sent: (bytes: number) => void): Promise<void> {
  for await (const chunk of body) {
    if (over()) break
    sent(chunk.length)
    if (!message.write(chunk)) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          message.off('drain', go)
          message.off('close', go)
          message.off('response', go)
          resolve()
        }
        message.once('drain', go)
        message.once('close', go)
        message.once('response', go)
        if (over()) go()
      })
    }
  }
}

/**
 * @throws ProbeError what ended it before an answer came: the system's code, `EOF`, `TIMEOUT`, `UNTRUSTED`, `NO_HTTP`. Headers and bodies never
 * stand in it, nor in the log.
 */
export async function exchange(context: ProbeContext, request: ExchangeRequest): Promise<ExchangeAnswer> {
  const method = request.method ?? 'GET'
  const keep = request.keepBytes ?? KEEP_BYTES
  const most = request.mostBytes ?? keep * 16
  const limitMs = request.limitMs ?? probeMs(context.target)
  const line = await openFor(context, request)
  const at = new Date().toISOString()
  const start = performance.now()
  const since = (): number => round(performance.now() - start)
  const { body } = request
  const streamed = body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)
  const length = streamed ? request.bodyBytes : body === undefined ? undefined : typeof body === 'string' ? Buffer.byteLength(body) : body.length
  const own = request.headers ?? []
  const named = new Set(own.map(([name]) => name.toLowerCase()))
  const headers: [string, string][] = [
    ['Host', line.authority],
    ...(named.has('user-agent') ? [] : [['User-Agent', 'postproof'] as [string, string]]),
    ...(named.has('accept') ? [] : [['Accept', '*/*'] as [string, string]]),
    ...own.map(([name, value]): [string, string] => [name, value]),
    ['Connection', 'close'],
    ...(length === undefined
      ? streamed
        ? [['Transfer-Encoding', 'chunked'] as [string, string]]
        : []
      : [['Content-Length', String(length)] as [string, string]]),
  ]
  let sentBytes = 0
  let complete = false
  let early = false
  let message: ClientRequest | undefined
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      let answered = false
      let timer: NodeJS.Timeout | undefined
      const fail = (error: unknown): void => {
        clearTimeout(timer)
        if (!answered) reject(error instanceof Error ? error : new Error(String(error)))
      }
      timer = setTimeout(
        () => fail(new ProbeError({ code: 'TIMEOUT', message: `${line.peer} did not answer ${method} within ${limitMs} ms`, phase: 'deadline' })),
        limitMs,
      )
      if (context.signal.aborted) return fail(context.signal.reason)
      context.signal.addEventListener('abort', () => fail(context.signal.reason), { once: true })
      message = httpRequest({
        method,
        path: line.path,
        headers: headers.flat(),
        setHost: false,
        createConnection: () => line.socket,
        maxHeaderSize: 256 * 1024,
      })
      message.on('response', (incoming: IncomingMessage) => {
        answered = true
        early = !complete
        clearTimeout(timer)
        resolve(incoming)
      })
      message.on('error', fail)
      message.on('close', () => fail(new ProbeError({ code: 'EOF', message: `${line.peer} closed without an answer`, phase: 'response' })))
      if (!streamed) {
        sentBytes = length ?? 0
        complete = true
        message.end(body)
        return
      }
      message.flushHeaders()
      pour(
        message,
        body,
        () => answered || message?.destroyed === true,
        (bytes) => {
          sentBytes += bytes
        },
      ).then(
        () => {
          if (answered) return
          complete = true
          message?.end()
        },
        (error: unknown) => fail(error),
      )
    })
    const ttfbMs = since()
    const headersSeen: [string, string][] = []
    for (let index = 0; index + 1 < response.rawHeaders.length; index += 2)
      headersSeen.push([response.rawHeaders[index] as string, response.rawHeaders[index + 1] as string])
    const chunks: Buffer[] = []
    const parts: { atMs: number; bytes: number }[] = []
    const digest = request.hashed === true ? createHash('sha256') : undefined
    let bytes = 0
    let kept = 0
    let whole = true
    await new Promise<void>((resolve) => {
      const timer = setTimeout(
        () => {
          whole = false
          resolve()
        },
        Math.max(1, limitMs - ttfbMs),
      )
      const done = (): void => {
        clearTimeout(timer)
        resolve()
      }
      context.signal.addEventListener('abort', done, { once: true })
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        digest?.update(chunk)
        if (parts.length < PARTS) parts.push({ atMs: since(), bytes: chunk.length })
        if (kept < keep) {
          const part = chunk.subarray(0, keep - kept)
          chunks.push(part)
          kept += part.length
        }
        if (bytes > most) {
          whole = false
          done()
        }
      })
      response.on('end', done)
      response.on('error', () => {
        whole = false
        done()
      })
      response.on('close', () => {
        if (!response.complete) whole = false
        done()
      })
    })
    const cut = !whole || kept < bytes
    const decoded = await decodeBody(headersSeen, Buffer.concat(chunks), keep, cut)
    const totalMs = since()
    context.log(`${method} on ${line.peer} -> ${response.statusCode ?? 0} (${sentBytes} bytes sent, ${bytes} received) in ${totalMs} ms`)
    return {
      url: request.url,
      method,
      status: response.statusCode ?? 0,
      headers: headersSeen,
      body: decoded.body,
      bytes,
      truncated: !whole,
      ...(digest === undefined || !whole ? {} : { sha256: digest.digest('hex') }),
      sentBytes,
      early,
      parts,
      peer: line.peer,
      ttfbMs,
      totalMs,
      at,
    }
  } catch (error) {
    if (error instanceof ProbeError) throw error
    const { code } = error as { code?: unknown }
    if (typeof code === 'string' && code.startsWith('HPE_'))
      throw new ProbeError({ code: 'NO_HTTP', message: `${line.peer} does not speak HTTP here (${code})`, phase: 'response' })
    if (code === 'ECONNRESET' && (error as { syscall?: string }).syscall === undefined)
      throw new ProbeError({ code: 'EOF', message: `${line.peer} closed without an answer (${sentBytes} bytes of the body were sent)`, phase: 'response' })
    const failure = connectionFailure(error, 'response')
    throw new ProbeError({ ...failure, message: `${line.peer}: ${failure.message} (${sentBytes} bytes of the body were sent)` }, { cause: error })
  } finally {
    if (streamed) context.used?.({ bytes: sentBytes })
    message?.on('error', () => {})
    message?.destroy()
    line.socket.on('error', () => {})
    line.socket.destroy()
    line.release()
  }
}

/** As many as are kept, and octets of name and value together: a browser takes no longer ones (RFC 6265bis §5.5), and a server no longer header. */
const MOST_COOKIES = 100
const MOST_COOKIE_BYTES = 4_096

/** Cookies of a session, by name; what a server removes is gone. Paths and domains are not told apart. */
export class Cookies {
  readonly #values = new Map<string, string>()
  take(headers: RawHeaders): void {
    for (const line of headerValues(headers, 'set-cookie')) {
      const parsed = parseSetCookie(line)
      if (!parsed.ok) continue
      const { name, value, maxAge, expires, sizeBytes } = parsed.cookie
      const over = typeof maxAge === 'number' ? maxAge <= 0 : typeof expires === 'number' && expires <= Date.now()
      if (value === '' || over) this.#values.delete(name)
      else if (sizeBytes <= MOST_COOKIE_BYTES) this.set(name, value)
    }
  }
  set(name: string, value: string): void {
    if (this.#values.size < MOST_COOKIES || this.#values.has(name)) this.#values.set(name, value)
  }
  get(name: string): string | undefined {
    return this.#values.get(name)
  }
  get values(): readonly string[] {
    return [...this.#values.values()]
  }
  copy(): Cookies {
    const other = new Cookies()
    for (const [name, value] of this.#values) other.set(name, value)
    return other
  }
  /** The Cookie header with values that nobody gave out. */
  garbled(): string {
    return [...this.#values.keys()].map((name) => `${name}=${randomBytes(18).toString('base64url')}`).join('; ')
  }
  /** The Cookie header, or nothing. */
  get header(): RawHeaders {
    return this.#values.size === 0 ? [] : [['Cookie', [...this.#values].map(([name, value]) => `${name}=${value}`).join('; ')]]
  }
}

/** The value behind a secret's name. @throws ProbeError `NO_ACCESS` where it is not at hand */
export function secretOf(context: Pick<ProbeContext, 'target'>, name: string): string {
  const value = context.target.secrets?.get(name)
  if (value === undefined) throw new ProbeError({ code: 'NO_ACCESS', message: `the secret ${JSON.stringify(name)} is not at hand`, phase: 'request' })
  return value
}

/** Location of a redirect as an absolute URL; undefined where it leads nowhere. */
export function locationOf(answer: Pick<ExchangeAnswer, 'url' | 'headers' | 'status'>): string | undefined {
  if (answer.status < 300 || answer.status > 399) return undefined
  const value = headerValue(answer.headers, 'location')
  if (value === undefined || !URL.canParse(value, answer.url)) return undefined
  const url = new URL(value, answer.url)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined
}
