/**
 * HTTP requests of the target's hosts: one kept-alive connection per (scheme, host, address, port), shared with the TLS look at the host.
 * URLs are canonical (logical ports). Redirects are never followed here unless a chain is asked for, and then by hand. No opinions.
 */
import { hash } from 'node:crypto'
import { isIP } from 'node:net'
import { isLoopback, isPrivateAddress, isPublic } from '../grammar/address.ts'
import { headerValue } from '../headers.ts'
import type { HttpChain, HttpObservation, RawHeaders, RawHttpObservation } from '../observations.ts'
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { probeMs, type Host } from '../target.ts'
import { connectionFailure, type OpenedTcp, openTcp, openTls, round, stillOpen, connecting } from './connection.ts'
import { decodeBody, readLeniently } from './http-message.ts'
import { type Answer, GrammarError, type Line, Transport } from './http-transport.ts'
import { resolveHost } from './resolve.ts'
import { firstAddress, takeTls } from './tls.ts'

const DEFAULT_BODY_BYTES = 256 * 1024
const DEFAULT_HEADERS: RawHeaders = [
  ['user-agent', 'postproof'],
  ['accept', '*/*'],
]

export interface HttpRequest {
  readonly scheme: 'https' | 'http'
  /** Fully qualified name, or an address. */
  readonly host: string
  /** Logical. @default 443 or 80 */
  readonly port?: number
  /** @default the first address of the host */
  readonly address?: string
  /** @default 'GET' */
  readonly method?: string
  /** Request target as sent, byte for byte. @default '/' */
  readonly path?: string
  /** Sent in order, beside User-Agent and Accept (which they replace). `host` overrides the Host header or `:authority`. */
  readonly headers?: RawHeaders
  readonly body?: string | Uint8Array
  /** Decoded and on the wire. @default 262144 */
  readonly maxBodyBytes?: number
  /** Take what came of the body so many milliseconds after its head (streams that never end). */
  readonly readMs?: number
  /** With `readMs`: earlier, as soon as this stands in the body as it came. */
  readonly readUntil?: RegExp
  /** Makes a distinct look: a second fetch of the same URL. */
  readonly tag?: string
  /** Another connection that offers only this one. */
  readonly protocol?: 'http/1.1' | 'h2'
  /** A connection of its own, closed afterwards. */
  readonly freshConnection?: boolean
  /** A kept-alive connection of this number, beside the ordinary one and not slowed down: for load that the owner allowed. */
  readonly line?: number
  /** It may change something though its method does not say so: never sent again behind a lost answer. */
  readonly once?: boolean
}

const DEFAULT_PORT = { https: 443, http: 80 } as const
const authorityOf = (request: Pick<HttpRequest, 'scheme' | 'host' | 'port'>): string => {
  const name = isIP(request.host) === 6 ? `[${request.host}]` : request.host
  const port = request.port ?? DEFAULT_PORT[request.scheme]
  return port === DEFAULT_PORT[request.scheme] ? name : `${name}:${port}`
}
/** Canonical URL of a request. */
const urlOf = (request: Pick<HttpRequest, 'scheme' | 'host' | 'port' | 'path'>): string => `${request.scheme}://${authorityOf(request)}${request.path ?? '/'}`

const URL_PARTS = /^(https?):\/\/(?:[^/?#@]*@)?(\[[0-9A-Fa-f:.]+\]|[^/?#:]+)(?::(\d{1,5}))?([^#]*)/i
/** Splits an absolute http(s) URL without normalising its path; undefined for anything else. */
export function splitUrl(url: string): { readonly scheme: 'https' | 'http'; readonly host: string; readonly port?: number; readonly path: string } | undefined {
  const parts = URL_PARTS.exec(url)
  if (parts === null) return undefined
  const scheme = (parts[1] as string).toLowerCase() as 'https' | 'http'
  const port = parts[3] === undefined ? undefined : Number(parts[3])
  const rest = parts[4] as string
  return {
    scheme,
    host: (parts[2] as string).replace(/^\[|\]$/g, '').toLowerCase(),
    ...(port === undefined || port === DEFAULT_PORT[scheme] ? {} : { port }),
    path: rest.startsWith('/') ? rest : `/${rest}`,
  }
}

/** For keys and logs: values of headers and bodies never appear, parameters that carry tokens are cut out of URLs. */
const secretless = (url: string): string =>
  !url.includes('?') && !url.includes('&')
    ? url
    : url.replace(/([?&](?:access_token|id_token|refresh_token|token|password|secret|api_?key|code)=)[^&#]+/gi, '$1<secret>')
const digest = (value: string | Uint8Array): string => hash('sha256', value).slice(0, 16)

/** Address for requests without one, looked up once per host and run. */
function addressOf(context: ProbeContext, host: string): Promise<{ readonly address: string; readonly dnsMs?: number }> {
  return context.resource(
    `http-address ${host}`,
    async () => {
      if (isIP(host) !== 0) return { address: host }
      const seen = await context.observe(resolveHost(host))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const first = seen.value.addresses[0]
      if (first === undefined) throw new ProbeError({ code: 'NODATA', message: `${host} has no address`, phase: 'resolve' })
      return seen.value.source === 'dns' ? { address: first.address, dnsMs: seen.value.durationMs } : { address: first.address }
    },
    () => {},
  )
}

const lineOfTcp = (tcp: OpenedTcp): Line => {
  // The slot limits how many connections are being made at once; a kept-alive one that waits for requests must not hold it.
  tcp.release()
  return { socket: tcp.socket, h2: false, peer: tcp.peer, connectMs: tcp.connectMs }
}

/** Opens the connection that a request needs. The first plain one of a host goes on with the connection of its TLS look. */
async function openLine(context: ProbeContext, request: HttpRequest, address: string, first: boolean): Promise<Line> {
  const port = request.port ?? DEFAULT_PORT[request.scheme]
  if (request.scheme === 'http') return lineOfTcp(await openTcp(context, { address, port }))
  if (first && port === 443 && request.protocol === undefined && request.freshConnection !== true && request.line === undefined) {
    const plain = isIP(request.host) === 0 && address === (await addressOf(context, request.host)).address
    const { socket, observation } = await takeTls(context, request.host, plain ? undefined : address)
    return {
      socket,
      h2: socket.alpnProtocol === 'h2',
      peer: observation.peer,
      connectMs: observation.connectMs,
      tlsMs: observation.handshakeMs,
    }
  }
  const opened = stillOpen(
    await openTls(context, { address, port, servername: request.host, ...(request.protocol === undefined ? {} : { alpn: [request.protocol] }) }),
  )
  opened.tcp.release()
  if (request.protocol === 'h2' && opened.socket.alpnProtocol !== 'h2') {
    opened.socket.destroy()
    throw new ProbeError({ code: 'NO_H2', message: `${opened.tcp.peer} does not speak HTTP/2`, phase: 'tls' })
  }
  return {
    socket: opened.socket,
    h2: opened.socket.alpnProtocol === 'h2',
    peer: opened.tcp.peer,
    connectMs: opened.tcp.connectMs,
    tlsMs: opened.observation.handshakeMs,
  }
}

function transportOf(context: ProbeContext, request: HttpRequest, address: string): Transport {
  const origin = `${request.scheme}://${authorityOf(request)}`
  const make = (): Transport =>
    new Transport(origin, (again) =>
      connecting(context, request.freshConnection === true ? 'probe' : 'run', (near) => openLine(near, request, address, !again)),
    )
  if (request.freshConnection === true) return make()
  return context.resource(`http ${origin} ${address} ${request.protocol ?? ''} ${request.line ?? ''}`, make, (transport) => transport.close())
}

const timeoutFailure = (error: unknown): unknown =>
  error instanceof DOMException && error.name === 'TimeoutError'
    ? new ProbeError({ code: 'TIMEOUT', message: 'no connection within the probe deadline', phase: 'deadline' }, { cause: error })
    : error

/** The headers of a request as they are sent, but for `host`. */
export function sentHeaders({ headers: own }: { readonly headers?: RawHeaders | undefined }): RawHeaders {
  if (own === undefined || own.length === 0) return DEFAULT_HEADERS
  const named = new Set(own.map(([name]) => name.toLowerCase()))
  return [...DEFAULT_HEADERS.filter(([name]) => !named.has(name)), ...own]
}

/** Of a request that is answered with 429. */
const MOST_TRIES = 3
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
/** What Retry-After says (RFC 9110 §10.2.3, seconds or a date), between 1 s, which is also the default, and 10 s. */
function retryAfterMs(headers: RawHeaders): number {
  const value = headerValue(headers, 'retry-after')?.trim() ?? ''
  const said = /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now()
  return Math.min(10_000, Math.max(1_000, Number.isNaN(said) ? 0 : said))
}

/** Of a probe that must ask the same thing several times, or with what may not stand in a key: no memo, no look of its own. */
export async function perform(context: ProbeContext, request: HttpRequest): Promise<HttpObservation> {
  const method = request.method ?? 'GET'
  const most = request.maxBodyBytes ?? DEFAULT_BODY_BYTES
  const first = request.address === undefined ? await addressOf(context, request.host) : { address: request.address }
  const transport = transportOf(context, request, first.address)
  const url = urlOf(request)
  const pace = context.pace(first.address)
  let sentAt = 0
  const exchange = async (): Promise<Answer> => {
    // Load that the owner allowed has its own pace.
    if (request.line === undefined) {
      await pace.turn()
      await context.zones?.turn({ host: request.host, path: request.path ?? '/', method })
    } else context.zones?.note({ host: request.host, path: request.path ?? '/', method })
    sentAt = performance.now()
    return await transport.request({
      method,
      path: request.path ?? '/',
      headers: sentHeaders(request),
      authority: authorityOf(request),
      ...(request.body === undefined ? {} : { body: request.body }),
      maxBodyBytes: most,
      ...(request.readMs === undefined ? {} : { readMs: request.readMs }),
      ...(request.readUntil === undefined ? {} : { readUntil: request.readUntil }),
      limitMs: probeMs(context.target),
      signal: context.signal,
      ...(request.once === undefined ? {} : { once: request.once }),
    })
  }
  try {
    let answer = await exchange()
    if (
      answer.status === 429 &&
      request.line === undefined &&
      (await context.zones?.recovered({ host: request.host, path: request.path ?? '/', method }, sentAt)) === true
    ) {
      context.log(`${method} ${secretless(url)} -> 429 from ${answer.peer}: asked again, now that its zone has recovered`)
      answer = await exchange()
    }
    // A limiter that stumbled over us says nothing about the page: we ask less, and once more.
    for (let tries = 1; answer.status === 429 && tries < MOST_TRIES && request.line === undefined && REPEATABLE.has(method); tries += 1) {
      const waitMs = retryAfterMs(answer.headers)
      if (!pace.refused(waitMs)) break
      context.log(`${method} ${secretless(url)} -> 429 from ${answer.peer}: asked again, more slowly, in ${waitMs} ms`)
      answer = await exchange()
    }
    if (answer.status !== 429) pace.accepted()
    const decoded = await decodeBody(answer.headers, answer.body, most, answer.cut)
    context.log(
      `${method} ${secretless(url)} -> ${answer.status} (${answer.headers.length} headers, ${answer.body.length} bytes) in ${answer.totalMs} ms from ${answer.peer}`,
    )
    return {
      url,
      method,
      status: answer.status,
      statusText: answer.statusText,
      httpVersion: answer.httpVersion,
      headers: answer.headers,
      ...decoded,
      wireBytes: answer.body.length,
      peer: answer.peer,
      reused: answer.reused,
      at: answer.at,
      timings: timingsOf(answer, first.dnsMs),
    }
  } catch (error) {
    if (error instanceof GrammarError) return await performLeniently(context, request, first.address, error)
    if (brokenHttp2(request, error)) return await performBesideHttp2(context, request, first.address, error)
    throw timeoutFailure(error)
  } finally {
    if (request.freshConnection === true) await transport.close()
  }
}

const timingsOf = (answer: Answer, dnsMs: number | undefined): HttpObservation['timings'] => {
  const dns = answer.reused ? undefined : dnsMs
  return {
    ...(dns === undefined ? {} : { dnsMs: dns }),
    ...(answer.connectMs === undefined ? {} : { connectMs: answer.connectMs }),
    ...(answer.tlsMs === undefined ? {} : { tlsMs: answer.tlsMs }),
    ttfbMs: answer.ttfbMs,
    transferMs: answer.transferMs,
    totalMs: round(answer.totalMs + (dns ?? 0) + (answer.connectMs ?? 0) + (answer.tlsMs ?? 0)),
    loopDelayMs: answer.loopDelayMs,
  }
}

interface RawExchange {
  readonly bytes: Buffer
  readonly closed: RawHttpObservation['closed']
  readonly peer: string
  readonly at: string
  readonly connectMs: number
  readonly tlsMs?: number
  readonly ttfbMs: number
  readonly transferMs: number
}

/** Writes bytes on a connection of its own and reads until the answer is complete, the peer ends, silence, or the cap. Never throws for what the peer does after connecting. */
async function exchangeRaw(
  context: ProbeContext,
  to: {
    readonly scheme: 'https' | 'http'
    readonly host: string
    readonly address: string
    readonly port?: number
    readonly servername?: string | false
    readonly bytes: Uint8Array
    readonly method: string
    readonly most: number
    readonly quietMs: number
  },
): Promise<RawExchange> {
  const port = to.port ?? DEFAULT_PORT[to.scheme]
  const opened =
    to.scheme === 'https' ? await openTls(context, { address: to.address, port, servername: to.servername ?? to.host, alpn: ['http/1.1'] }) : undefined
  const tcp = opened?.tcp ?? (await openTcp(context, { address: to.address, port }))
  const socket = opened?.socket ?? tcp.socket
  const at = new Date().toISOString()
  const start = performance.now()
  const chunks: Buffer[] = []
  let size = 0
  let firstAt = 0
  let timer: NodeJS.Timeout | undefined
  let whole: NodeJS.Timeout | undefined
  try {
    const closed = await new Promise<RawHttpObservation['closed']>((resolve) => {
      timer = setTimeout(() => resolve('kept-open'), Math.max(to.quietMs, 5_000))
      // Silence alone does not end somebody who sends a byte now and then.
      whole = setTimeout(() => resolve('kept-open'), probeMs(context.target))
      let checked = 0
      socket.on('data', (chunk: Buffer) => {
        if (firstAt === 0) firstAt = performance.now()
        chunks.push(chunk)
        size += chunk.length
        clearTimeout(timer)
        timer = setTimeout(() => resolve('kept-open'), to.quietMs)
        if (size >= to.most) {
          resolve('kept-open')
          return
        }
        // Reading the message anew for every chunk would be quadratic: only when it grew by a tenth, or is small.
        if (size < 65_536 || size > checked * 1.1) {
          checked = size
          if (readLeniently(Buffer.concat(chunks), to.method).complete) setTimeout(() => resolve('kept-open'), 5)
        }
      })
      socket.on('end', () => resolve('fin'))
      socket.on('close', () => resolve('fin'))
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'reset' : 'fin'))
      context.signal.addEventListener('abort', () => resolve('kept-open'), { once: true })
      socket.write(to.bytes)
    })
    const now = performance.now()
    context.log(`${to.bytes.length} raw bytes to ${tcp.peer} -> ${size} bytes, ${closed}`)
    return {
      bytes: Buffer.concat(chunks).subarray(0, to.most),
      closed,
      peer: tcp.peer,
      at,
      connectMs: tcp.connectMs,
      ...(opened === undefined ? {} : { tlsMs: opened.observation.handshakeMs }),
      ttfbMs: round(firstAt === 0 ? now - start : firstAt - start),
      transferMs: round(firstAt === 0 ? 0 : now - firstAt),
    }
  } catch (error) {
    throw new ProbeError(connectionFailure(error, 'response'), { cause: error })
  } finally {
    clearTimeout(timer)
    clearTimeout(whole)
    socket.destroy()
  }
}

/** The same request once more over a raw socket, read leniently: what the strict parser refused is an observation with `malformed`. */
async function performLeniently(context: ProbeContext, request: HttpRequest, address: string, refused: GrammarError): Promise<HttpObservation> {
  const method = request.method ?? 'GET'
  const most = request.maxBodyBytes ?? DEFAULT_BODY_BYTES
  const headers = sentHeaders(request)
  const body = request.body === undefined ? undefined : Buffer.from(request.body)
  const lines = [
    `${method} ${request.path ?? '/'} HTTP/1.1`,
    ...(headers.some(([name]) => name.toLowerCase() === 'host') ? [] : [`Host: ${authorityOf(request)}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : [`Content-Length: ${body.length}`]),
    'Connection: close',
  ]
  const bytes = Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body ?? Buffer.alloc(0)])
  const raw = await exchangeRaw(context, { ...request, address, bytes, method, most: most + 2 * 1024 * 1024, quietMs: 2_000 })
  const read = readLeniently(raw.bytes, method)
  const malformed = [refused.code, ...new Set(read.faults)].slice(0, 6).join('; ')
  if (read.status === undefined)
    throw new ProbeError({ code: refused.code, message: `${raw.peer} answered what is no HTTP: ${malformed}`, phase: 'response' }, { cause: refused })
  const decoded = await decodeBody(read.headers, read.body, most, false)
  return {
    url: urlOf(request),
    method,
    status: read.status,
    statusText: read.statusText,
    httpVersion: read.httpVersion,
    headers: read.headers,
    ...decoded,
    wireBytes: read.body.length,
    peer: raw.peer,
    reused: false,
    at: raw.at,
    timings: {
      connectMs: raw.connectMs,
      ...(raw.tlsMs === undefined ? {} : { tlsMs: raw.tlsMs }),
      ttfbMs: raw.ttfbMs,
      transferMs: raw.transferMs,
      totalMs: round(raw.connectMs + (raw.tlsMs ?? 0) + raw.ttfbMs + raw.transferMs),
      loopDelayMs: 0,
    },
    malformed,
  }
}

/** A stream that was given up for a breach of HTTP/2, by whomever: only what may be asked twice, and of the host itself (nginx ends streams for foreign names so). */
const brokenHttp2 = (request: HttpRequest, error: unknown): error is ProbeError =>
  error instanceof ProbeError &&
  error.failure.code === 'ERR_HTTP2_STREAM_ERROR' &&
  error.failure.message.includes('NGHTTP2_PROTOCOL_ERROR') &&
  request.protocol === undefined &&
  request.freshConnection !== true &&
  request.once !== true &&
  request.headers?.some(([name]) => name.toLowerCase() === 'host') !== true &&
  ['GET', 'HEAD', 'OPTIONS'].includes(request.method ?? 'GET')

/**
 * A proxy that passes `Upgrade` on into HTTP/2 (nginx before Apache or a WebSocket application) breaks the answer for browsers. HTTP/1.1 shows
 * the field; where it does not, nothing is known but that the stream was given up.
 */
async function performBesideHttp2(context: ProbeContext, request: HttpRequest, address: string, refused: ProbeError): Promise<HttpObservation> {
  const seen = await performLeniently(context, request, address, new GrammarError(refused.failure.code, { cause: refused })).catch(() => undefined)
  const field = seen?.headers.find(([name]) => name.toLowerCase() === 'upgrade' || name.toLowerCase() === 'proxy-connection')
  if (seen === undefined || field === undefined) throw refused
  return {
    ...seen,
    malformed: `given up over HTTP/2 (NGHTTP2_PROTOCOL_ERROR): it carries ${field[0]}: ${field[1].slice(0, 80)}, which RFC 9113 §8.2.2 forbids there`,
  }
}

/** Requests wait their turn on a host's one connection; the deadline of each starts when it is sent ({@link perform}), so this one is only a backstop. */
const BACKSTOP_MS = 120_000

/**
 * One request, one answer; redirects are not followed. Interim answers are skipped. What breaks HTTP's grammar is read again leniently.
 * @throws ProbeError: resolver's words, system codes of connecting, `TIMEOUT` (nothing, or not all, within limits.probeSeconds),
 * `UNMAPPED` (no such port in network.ports), `UND_ERR_SOCKET` or `ECONNRESET` (closed instead of answering)
 */
export function httpRequest(request: HttpRequest): Probe<HttpObservation> {
  const method = request.method ?? 'GET'
  let key = `httpRequest ${method} ${secretless(urlOf(request))}`
  if (key.includes('<secret>')) key += ` url=${digest(urlOf(request))}`
  if (request.address !== undefined) key += ` @${request.address}`
  if (request.headers !== undefined && request.headers.length > 0)
    key += ` ${request.headers.map(([name]) => name.toLowerCase()).join(',')}#${digest(JSON.stringify(request.headers))}`
  if (request.body !== undefined) key += ` body#${digest(request.body)}`
  if (request.maxBodyBytes !== undefined) key += ` max=${request.maxBodyBytes}`
  if (request.readMs !== undefined) key += ` read=${request.readMs}`
  if (request.readUntil !== undefined) key += ` until#${digest(String(request.readUntil))}`
  if (request.protocol !== undefined) key += ` ${request.protocol}`
  if (request.freshConnection === true) key += ' fresh'
  if (request.line !== undefined) key += ` line=${request.line}`
  if (request.tag !== undefined) key += ` [${request.tag}]`
  return {
    kind: 'httpRequest',
    key,
    impact: 'read',
    cost: { connections: request.freshConnection === true || request.protocol !== undefined || request.line !== undefined ? 1 : 0, requests: 1 },
    host: request.host,
    ...(request.readMs === undefined ? {} : { waitsMs: request.readMs }),
    timeoutMs: BACKSTOP_MS,
    run: (context) => perform(context, request),
  }
}

/** GET of a canonical URL; the path is sent byte for byte. Throws TypeError for what is no http(s) URL. */
export function httpGet(url: string, more: Omit<HttpRequest, 'scheme' | 'host' | 'port' | 'path'> = {}): Probe<HttpObservation> {
  const parts = splitUrl(url)
  if (parts === undefined) throw new TypeError(`${JSON.stringify(url)} is no http(s) URL`)
  return httpRequest({ ...parts, ...more })
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

async function registrable(name: string): Promise<string | null> {
  const { getDomain } = await import('tldts')
  return getDomain(name, { allowPrivateDomains: true })
}

/** Why a chain must not go on to this URL, or undefined when it may. */
async function refusal(context: ProbeContext, from: URL, to: URL, sameHost: boolean): Promise<string | undefined> {
  if (to.protocol !== 'http:' && to.protocol !== 'https:') return `the scheme ${to.protocol} is not followed`
  const host = to.hostname.replace(/^\[|\]$/g, '')
  const before = from.hostname.replace(/^\[|\]$/g, '')
  if (host === before) return undefined
  if (sameHost) return `leaves the host for ${to.host}`
  const { domain } = context.target
  const own = host === domain || host.endsWith(`.${domain}`)
  if (!own && isIP(host) === 0 && ((await registrable(host)) ?? host) !== ((await registrable(domain)) ?? domain)) return `leaves the domain for ${to.host}`
  if (isIP(host) !== 0) return !isPublic(host) ? `goes to the private address ${host}` : `leaves the domain for ${to.host}`
  try {
    const [here, there] = await Promise.all([addressOf(context, before), firstAddress(context, host)])
    const inside = isLoopback(here.address) || isPrivateAddress(here.address)
    if (!inside && !isPublic(there)) return `goes from a public name to ${host} at the private address ${there}`
  } catch (error) {
    if (error instanceof ProbeError) return `${host} cannot be resolved (${error.failure.code})`
    throw error
  }
  return undefined
}

export interface ChainOptions {
  /** @default 10 */
  readonly maxHops?: number
  readonly headers?: RawHeaders
  /** Follow within the same host only. @default false */
  readonly sameHost?: boolean
}

/**
 * GET, redirects followed hop by hop: at most 10, only http and https, only below the target's domain or its registrable domain, never from a
 * public name to a private address. Each hop is a look of its own, shared with every other question about that URL.
 * @throws ProbeError what the first hop failed with; a later hop's failure is the chain's end
 */
export function httpChain(url: string, more: ChainOptions = {}): Probe<HttpChain> {
  const parts = splitUrl(url)
  if (parts === undefined) throw new TypeError(`${JSON.stringify(url)} is no http(s) URL`)
  const { headers, sameHost = false } = more
  const maxHops = Math.min(10, more.maxHops ?? 10)
  return {
    kind: 'httpChain',
    key: `httpChain ${secretless(urlOf(parts))}${maxHops === 10 ? '' : ` hops=${maxHops}`}${headers === undefined ? '' : ` #${digest(JSON.stringify(headers))}`}${sameHost ? ' same-host' : ''}${secretless(url) === url ? '' : ` url=${digest(url)}`}`,
    impact: 'read',
    cost: { connections: 0, requests: 2 },
    host: parts.host,
    timeoutMs: BACKSTOP_MS,
    async run(context): Promise<HttpChain> {
      const hops: HttpObservation[] = []
      const asked = new Set<string>()
      let next = parts
      for (;;) {
        const here = urlOf(next)
        asked.add(here)
        const seen = await context.observe(httpRequest({ ...next, ...(headers === undefined ? {} : { headers }) }))
        if (!seen.ok) {
          if (hops.length === 0) throw new ProbeError(seen.failure)
          return { hops, end: 'failed', reason: `${here}: ${seen.failure.message} (${seen.failure.code})` }
        }
        hops.push(seen.value)
        const location = headerValue(seen.value.headers, 'location')
        if (!REDIRECTS.has(seen.value.status)) return { hops, end: 'final' }
        if (location === undefined) return { hops, end: 'unfollowable', reason: `status ${seen.value.status} without Location` }
        let base: URL
        let to: URL
        try {
          base = new URL(here)
          to = new URL(location, base)
        } catch {
          return { hops, end: 'unfollowable', reason: `Location ${JSON.stringify(location.slice(0, 200))} is no URL` }
        }
        const why = await refusal(context, base, to, sameHost)
        if (why !== undefined) return { hops, end: 'unfollowable', reason: `${why}: Location ${JSON.stringify(location.slice(0, 200))}` }
        const split = splitUrl(to.href)
        if (split === undefined) return { hops, end: 'unfollowable', reason: `Location ${JSON.stringify(location.slice(0, 200))} is no http URL` }
        if (asked.has(urlOf(split))) return { hops, end: 'loop', reason: `${urlOf(split)} was asked before` }
        if (hops.length > maxHops) return { hops, end: 'too-many', reason: `more than ${maxHops} redirects` }
        next = split
      }
    },
  }
}

/** The document of a host: GET https://fqdn/path, redirects followed within the host; the last hop is the document. */
export const documentOf = (host: Host): Probe<HttpChain> => httpChain(`https://${host.fqdn}${host.path}`, { sameHost: true })

export interface RawHttpRequest {
  readonly scheme: 'https' | 'http'
  readonly host: string
  /** Logical. @default 443 or 80 */
  readonly port?: number
  readonly address?: string
  /** Written exactly. */
  readonly bytes: string | Uint8Array
  /** false: none. @default host */
  readonly servername?: string | false
  /** Give up after so much silence behind the first byte. @default 1500 */
  readonly quietMs?: number
}

/**
 * Bytes out, bytes in, on a connection of its own. A peer that says nothing within 5 s gives an observation without status.
 * @throws ProbeError of connecting and of the TLS handshake
 */
export function rawHttp(request: RawHttpRequest): Probe<RawHttpObservation> {
  const bytes = typeof request.bytes === 'string' ? Buffer.from(request.bytes, 'latin1') : request.bytes
  const { scheme, host, port, address, servername } = request
  const name = servername === undefined ? '' : servername === false ? ' servername=none' : ` servername=${servername}`
  return {
    kind: 'rawHttp',
    key: `rawHttp ${scheme}://${authorityOf(request)}${address === undefined ? '' : ` @${address}`}${name} ${bytes.length} bytes#${digest(bytes)}`,
    impact: 'read',
    cost: { connections: 1, requests: 1 },
    host,
    async run(context): Promise<RawHttpObservation> {
      const raw = await exchangeRaw(context, {
        scheme,
        host,
        address: address ?? (await addressOf(context, host)).address,
        ...(port === undefined ? {} : { port }),
        ...(servername === undefined ? {} : { servername }),
        bytes,
        method: /^[A-Z]+/.exec(Buffer.from(bytes).toString('latin1', 0, 16))?.[0] ?? 'GET',
        most: 2 * 64 * 1024,
        quietMs: request.quietMs ?? 1_500,
      })
      const read = readLeniently(raw.bytes)
      return {
        peer: raw.peer,
        ...(read.status === undefined ? {} : { status: read.status }),
        headers: read.headers,
        body: read.body.subarray(0, 64 * 1024),
        closed: raw.closed,
        at: raw.at,
      }
    },
  }
}
