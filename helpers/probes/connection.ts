/**
 * Opens TCP and TLS connections for every probe: one address, one attempt, one deadline. Looks first and judges later: a bad certificate never
 * ends a connection here. Never sends credentials.
 */
import { constants } from 'node:crypto'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, createSecureContext, type SecureContext, getCACertificates, type TLSSocket } from 'node:tls'
import { parseCertificateCached } from '../grammar/certificate.ts'
import { alertName } from '../grammar/tls-names.ts'
import { readTlsSession } from '../grammar/tls-session.ts'
import type { CertificateFacts, TlsObservation } from '../observations.ts'
import { type ProbeContext, ProbeError, type ProbeFailure } from '../probe.ts'
import { probeMs, realPort, type Host, type Target } from '../target.ts'

/** Event-loop lateness, sampled while connections are timed: a slow own process must not look like a slow target. */
const SAMPLE_MS = 20
const KEEP_MS = 60_000
const late: { readonly at: number; readonly ms: number }[] = []
let lastTick = 0
let sampler: NodeJS.Timeout | undefined
function sample(): void {
  if (sampler !== undefined) return
  lastTick = performance.now()
  sampler = setInterval(() => {
    const now = performance.now()
    const ms = now - lastTick - SAMPLE_MS
    lastTick = now
    if (ms > 1) late.push({ at: now, ms })
    while (late[0] !== undefined && late[0].at < now - KEEP_MS) late.shift()
  }, SAMPLE_MS)
  sampler.unref()
}
/** Worst event-loop delay since `since` (performance.now()), in milliseconds. Call once with no result needed to start the sampling. */
export function loopDelaySince(since: number): number {
  sample()
  let worst = Math.max(0, performance.now() - lastTick - SAMPLE_MS)
  // From the latest backwards: a busy minute leaves thousands.
  for (let index = late.length - 1; index >= 0; index -= 1) {
    const { at, ms } = late[index] as (typeof late)[number]
    if (at < since) break
    if (ms > worst) worst = ms
  }
  return Math.round(worst * 1000) / 1000
}

export const round = (ms: number): number => Math.round(ms * 1000) / 1000
/** `192.0.2.1:443`, `[2001:db8::1]:443`. */
const peerOf = (address: string, port: number): string => (isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`)

/** Where a logical port really is; throws the ProbeError `UNMAPPED` where the target maps ports and this one has no entry. */
function mappedPort(target: Target, logical: number): number {
  const port = realPort(target, logical)
  if (port === undefined) throw new ProbeError({ code: 'UNMAPPED', message: `port ${logical} is not in network.ports`, phase: 'connect' })
  return port
}

/**
 * Names what ended a connection: `ALERT_<NAME>` (a TLS alert came in), `ECONNRESET` (a real reset), `EOF` (the peer closed without a word),
 * `TIMEOUT`, OpenSSL's own `ERR_SSL_…` code for what it would not go on with, or the system's code.
 */
export function connectionFailure(error: unknown, phase: ProbeFailure['phase']): ProbeFailure {
  if (error instanceof ProbeError) return error.failure
  const { message, syscall } = error as { message?: string; syscall?: string }
  // An aborted signal's own reason is a DOMException, whose code is a number.
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return { code: 'TIMEOUT', message: 'no answer within the probe deadline', phase: 'deadline' }
  const told = (error as { code?: unknown }).code
  const code = typeof told === 'string' ? told : undefined
  const text = String(message ?? error).slice(0, 300)
  const alert = /SSL alert number (\d{1,3})/.exec(text)
  if (alert !== null) {
    const number = Number(alert[1])
    const name = alertName(number)
    return { code: `ALERT_${name.toUpperCase()}`, message: `the peer sent the TLS alert ${name} (${number})`, phase: 'tls' }
  }
  // Node says ECONNRESET for a plain end of stream during the handshake too; only the system call tells a reset.
  if (code === 'ECONNRESET' && syscall === undefined) return { code: 'EOF', message: 'the peer closed the connection before the handshake was complete', phase }
  if (code?.startsWith('ERR_SSL_') === true) return { code, message: text.replace(/^[0-9A-F]+:error:[0-9A-F]+:/, '').slice(0, 200), phase }
  return { code: code ?? 'UNKNOWN', message: text, phase }
}

/**
 * For opening what must outlive the probe that happens to be first, or what belongs to a probe that may last longer than one look: a deadline of
 * limits.probeSeconds that begins when a connection slot is free. What we keep waiting ourselves says nothing about the host.
 * @param belongs a connection of one probe alone ends with it; one of the run goes on for whoever asks next
 */
export async function connecting<T>(context: ProbeContext, belongs: 'run' | 'probe', open: (near: ProbeContext) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const timers: NodeJS.Timeout[] = []
  const end = (): void => controller.abort(context.signal.reason)
  if (belongs === 'probe') {
    if (context.signal.aborted) end()
    else context.signal.addEventListener('abort', end, { once: true })
  }
  const connection: ProbeContext['connection'] = async (address) => {
    const slot = await context.connection(address)
    const error = new ProbeError({ code: 'TIMEOUT', message: 'no connection within the probe deadline', phase: 'deadline' })
    timers.push(setTimeout(() => controller.abort(error), probeMs(context.target)).unref())
    return slot
  }
  try {
    return await open({ ...context, signal: controller.signal, connection })
  } finally {
    for (const timer of timers) clearTimeout(timer)
    context.signal.removeEventListener('abort', end)
  }
}

export interface OpenedTcp {
  readonly socket: Socket
  readonly address: string
  /** Real port. */
  readonly port: number
  readonly peer: string
  readonly connectMs: number
  /** Gives the connection slot back; happens by itself when the socket closes. */
  release(): void
}

/**
 * Connects to one address; waits for a connection slot first. `port` is logical (443) and mapped by the target.
 * @throws ProbeError with the system's code, phase `connect` (or `deadline`); `UNMAPPED`
 */
export async function openTcp(
  context: ProbeContext,
  to: { readonly address: string; readonly port: number; readonly signal?: AbortSignal; readonly localAddress?: string },
): Promise<OpenedTcp> {
  const port = mappedPort(context.target, to.port)
  const signal = to.signal ?? context.signal
  const slot = await context.connection(to.address)
  const peer = peerOf(to.address, port)
  const start = performance.now()
  sample()
  try {
    const socket = await new Promise<Socket>((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error)
        return
      }
      const opening = connectTcp({
        host: to.address,
        port,
        autoSelectFamily: false,
        noDelay: true,
        ...(to.localAddress === undefined ? {} : { localAddress: to.localAddress }),
      })
      const abort = (): void => {
        opening.destroy()
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', abort, { once: true })
      opening.once('error', (error) => {
        signal.removeEventListener('abort', abort)
        reject(error)
      })
      opening.once('connect', () => {
        signal.removeEventListener('abort', abort)
        opening.removeAllListeners('error')
        opening.on('error', () => {})
        resolve(opening)
      })
    })
    socket.once('close', slot.release)
    const connectMs = round(performance.now() - start)
    context.log(`connected to ${peer} in ${connectMs} ms`)
    return { socket, address: to.address, port, peer, connectMs, release: slot.release }
  } catch (error) {
    slot.release()
    const failure = connectionFailure(error, 'connect')
    throw new ProbeError({ ...failure, message: `${peer}: ${failure.message}` }, { cause: error })
  }
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
export interface TlsParameters {
  /** false: no server name is sent. An address is never sent as one. */
  readonly servername: string | false
  readonly minVersion?: TlsVersion
  readonly maxVersion?: TlsVersion
  /** OpenSSL cipher string. */
  readonly ciphers?: string
  /** OpenSSL group list. @default the library's own, ML-KEM first where it knows it; only classical ones where that hello got lost */
  readonly groups?: string
  /** @default h2, http/1.1; empty: no ALPN */
  readonly alpn?: readonly string[]
  readonly store?: TlsObservation['store']
}

/** Which roots judge a host: `network.trust` beside the bundled ones; alone only where the host says `trust: private` itself. */
export function storeFor(target: Target, host: Host | undefined): TlsObservation['store'] {
  if (target.trust.length === 0) return 'bundled'
  const said = host?.declared.tls?.trust ?? target.file.defaults?.tls?.trust
  return said === 'private' ? 'declared' : 'bundled+declared'
}

/** Trust is judged at ordinary handshakes; one with settings of its own asks something else, and reading all roots again for it costs more than it. */
const rootsFor = (target: Target, { store, minVersion, maxVersion, ciphers }: TlsParameters): TlsObservation['store'] =>
  minVersion === undefined && maxVersion === undefined && ciphers === undefined ? (store ?? storeFor(target, undefined)) : 'bundled'

/** A context is made once per settings: parsing the roots for every connection would cost more than the handshake. */
const contexts = new Map<string, SecureContext>()
function secureContext(target: Target, parameters: TlsParameters): SecureContext {
  const store = rootsFor(target, parameters)
  const { minVersion, maxVersion, ciphers, groups } = parameters
  const key = JSON.stringify([store, store === 'bundled' ? [] : target.trust, minVersion, maxVersion, ciphers, groups])
  const known = contexts.get(key)
  if (known !== undefined) return known
  if (contexts.size > 64) contexts.clear()
  const made = createSecureContext({
    // Policy is computed from parsed data, never left to a level of the library; yet the default level stays for ordinary handshakes.
    ...(store === 'bundled' ? {} : { ca: store === 'declared' ? [...target.trust] : [...getCACertificates('bundled'), ...target.trust] }),
    minVersion: minVersion ?? 'TLSv1.2',
    // A server without RFC 5746 is a finding of its own; refusing it here would leave everything else about it unseen.
    secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT,
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(groups === undefined ? {} : { ecdhCurve: groups }),
  })
  contexts.set(key, made)
  return made
}

export interface OpenedTls {
  readonly socket: TLSSocket
  readonly tcp: OpenedTcp
  readonly observation: TlsObservation
  /** The peer ended it as soon as the handshake was complete, and how: TLS 1.3 refuses a missing client certificate only then. */
  readonly ended?: ProbeFailure
}
/** For whoever wants to talk on the connection. @throws ProbeError what ended it */
export function stillOpen(opened: OpenedTls): OpenedTls {
  if (opened.ended !== undefined) throw new ProbeError({ ...opened.ended, message: `${opened.tcp.peer}: after the handshake: ${opened.ended.message}` })
  return opened
}

/** Longest wait for a TLS 1.3 ticket after the handshake, beyond two round trips: it rides on the server's first flight of data. */
const TICKET_EXTRA_MS = 30
const TICKET_MOST_MS = 300

/** DER of the certificates the library kept, leaf first, each once. */
function libraryChain(socket: TLSSocket): readonly CertificateFacts[] {
  const chain: CertificateFacts[] = []
  const seen = new Set<string>()
  // getPeerCertificate must be the first look: getPeerX509Certificate changes what it returns afterwards.
  let one: ReturnType<TLSSocket['getPeerCertificate']> | undefined = socket.getPeerCertificate(true)
  while (one?.raw !== undefined && chain.length < 16) {
    const read = parseCertificateCached(one.raw)
    if (!read.ok || seen.has(read.value.sha256)) break
    seen.add(read.value.sha256)
    chain.push(read.value)
    one = (one as { issuerCertificate?: typeof one }).issuerCertificate
  }
  return chain
}

interface TlsDestination extends TlsParameters {
  readonly address: string
  /** Address of this machine to come from. */
  readonly localAddress?: string
  readonly port?: number
  readonly signal?: AbortSignal
}

const CLASSICAL = 'X25519:prime256v1:secp384r1:secp521r1'
/** Longest wait for a hello with ML-KEM: a share of the deadline, so that a classical one can still be tried. */
const LARGE_HELLO_SHARE = 0.6
/** A hello that got no answer at all (rules §17): one with ML-KEM does not fit one segment, and some servers and boxes before them lose it. */
const isLost = ({ code, phase }: ProbeFailure): boolean =>
  phase === 'tls' && (code === 'ECONNRESET' || code === 'EOF' || code === 'EPIPE' || code === 'TIMEOUT')
/** Where only classical hellos arrive, by target: `<server name> <address> <port>`. */
const classical = new WeakMap<Target, Set<string>>()

/**
 * Opens a TLS connection and takes all facts of it once. The handshake is completed whatever the certificate is; what the library's
 * verification said is recorded in the observation and obeyed by nobody. Where the ordinary hello is lost (reset, end, silence), one with
 * classical groups alone is tried, and `classicalOnly` says so.
 * @throws ProbeError: see {@link connectionFailure} for its codes; phase `connect` or `tls`
 */
export async function openTls(context: ProbeContext, to: TlsDestination): Promise<OpenedTls> {
  if (to.groups !== undefined || to.ciphers !== undefined || (to.maxVersion !== undefined && to.maxVersion !== 'TLSv1.3')) return await openTlsOnce(context, to)
  const place = `${to.servername} ${to.address} ${to.port ?? 443}`
  const known = classical.get(context.target) ?? new Set()
  classical.set(context.target, known)
  const smaller = async (): Promise<OpenedTls> => {
    const opened = await openTlsOnce(context, { ...to, groups: CLASSICAL })
    known.add(place)
    return { ...opened, observation: { ...opened.observation, classicalOnly: true } }
  }
  if (known.has(place)) return await smaller()
  try {
    return await openTlsOnce(context, to, probeMs(context.target) * LARGE_HELLO_SHARE)
  } catch (error) {
    if (!(error instanceof ProbeError) || !isLost(error.failure) || (to.signal ?? context.signal).aborted) throw error
    context.log(`${error.failure.message}; once more with classical groups only`)
    return await smaller().catch((second: unknown) => {
      throw second instanceof ProbeError && second.failure.code.startsWith('ALERT_') ? second : error
    })
  }
}

async function openTlsOnce(context: ProbeContext, to: TlsDestination, answerMs?: number): Promise<OpenedTls> {
  const signal = to.signal ?? context.signal
  const at = new Date().toISOString()
  const began = performance.now()
  const store = rootsFor(context.target, to)
  const secure = secureContext(context.target, { ...to, store })
  const tcp = await openTcp(context, {
    address: to.address,
    port: to.port ?? 443,
    signal,
    ...(to.localAddress === undefined ? {} : { localAddress: to.localAddress }),
  })
  const servername = to.servername === false || isIP(to.servername) !== 0 ? undefined : to.servername
  const alpn = to.alpn ?? ['h2', 'http/1.1']
  const start = performance.now()
  let staple: Buffer | undefined
  let session: Buffer | undefined
  try {
    const options: ConnectionOptions = {
      socket: tcp.socket,
      secureContext: secure,
      rejectUnauthorized: false,
      requestOCSP: true,
      // Names are judged by our own reader; `authorized` then speaks of the chain alone.
      checkServerIdentity: () => undefined,
      ...(servername === undefined ? {} : { servername }),
      ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
    }
    const socket = connectTls(options)
    // Node would copy the whole chain into objects only to hand it to checkServerIdentity, which is told to look at nothing.
    socket.getPeerCertificate = () => ({}) as never
    let ended: Error | undefined
    socket.on('session', (der: Buffer) => {
      session ??= der
    })
    socket.once('OCSPResponse', (response: Buffer | null) => {
      if (response !== null && response.length > 0) staple = response
    })
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        socket.destroy()
        reject(signal.reason as Error)
      }
      if (signal.aborted) {
        abort()
        return
      }
      signal.addEventListener('abort', abort, { once: true })
      const timer =
        answerMs === undefined
          ? undefined
          : setTimeout(() => {
              socket.destroy()
              const message = `no answer to the hello within ${Math.round(answerMs / 100) / 10} s`
              done(() => reject(new ProbeError({ code: 'TIMEOUT', message, phase: 'tls' })))
            }, answerMs).unref()
      const done = (act: () => void): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        act()
      }
      socket.once('error', (error) => done(() => reject(error)))
      socket.once('close', () => done(() => reject(Object.assign(new Error('closed during the handshake'), { code: 'EOF' }))))
      socket.once('secureConnect', () =>
        done(() => {
          Reflect.deleteProperty(socket, 'getPeerCertificate')
          socket.removeAllListeners('error')
          socket.removeAllListeners('close')
          socket.on('error', (error) => {
            ended ??= error
          })
          resolve()
        }),
      )
    })
    socket.once('close', tcp.release)
    const tlsMs = round(performance.now() - start)
    const loopDelayMs = loopDelaySince(began)
    const library = libraryChain(socket)
    const protocol = socket.getProtocol() ?? 'unknown'
    const ephemeral = socket.getEphemeralKeyInfo() as { type?: string; name?: string; size?: number } | null
    // Asked before the wait: a closed connection has no suite any more.
    const cipher = socket.getCipher() as ReturnType<TLSSocket['getCipher']> | undefined
    if (session === undefined && protocol === 'TLSv1.3') await ticket(socket, Math.min(TICKET_MOST_MS, 2 * tlsMs + TICKET_EXTRA_MS))
    const resumable = session ?? (protocol === 'TLSv1.3' ? undefined : socket.getSession())
    const facts = resumable === undefined ? undefined : readTlsSession(resumable)
    const authorizationError = socket.authorizationError as unknown as Error | string | null | undefined
    const observation: TlsObservation = {
      peer: tcp.peer,
      address: to.address,
      ...(servername === undefined ? {} : { servername }),
      protocol,
      cipher: cipher?.name ?? 'unknown',
      ...(ephemeral?.name === undefined ? {} : { group: ephemeral.name }),
      ...(ephemeral?.type === 'DH' && ephemeral.size !== undefined ? { dhBits: ephemeral.size } : {}),
      ...(typeof socket.alpnProtocol === 'string' ? { alpn: socket.alpnProtocol } : {}),
      authorized: socket.authorized,
      ...(socket.authorized || authorizationError === undefined || authorizationError === null
        ? {}
        : { authorizationError: typeof authorizationError === 'string' ? authorizationError : ((authorizationError as { code?: string }).code ?? 'UNKNOWN') }),
      store,
      chain: library,
      ...(staple === undefined ? {} : { ocspStaple: staple }),
      ...(facts?.ok === true && facts.value.lifetimeHintSeconds !== undefined ? { ticketLifetimeSeconds: facts.value.lifetimeHintSeconds } : {}),
      ...(facts?.ok === true && facts.value.maxEarlyData !== undefined ? { maxEarlyData: facts.value.maxEarlyData } : {}),
      handshakeMs: tlsMs,
      connectMs: tcp.connectMs,
      loopDelayMs,
      at,
    }
    context.log(`${observation.protocol} ${observation.cipher} ${observation.group ?? ''} with ${tcp.peer} in ${tlsMs} ms`)
    if (!socket.destroyed) return { socket, tcp, observation }
    return { socket, tcp, observation, ended: connectionFailure(ended ?? Object.assign(new Error('closed after the handshake'), { code: 'EOF' }), 'tls') }
  } catch (error) {
    tcp.socket.destroy()
    tcp.release()
    const failure = connectionFailure(error, 'tls')
    throw new ProbeError({ ...failure, message: `${tcp.peer}: ${failure.message}` }, { cause: error })
  }
}

/** Waits for the first session ticket, at most `ms`. */
function ticket(socket: TLSSocket, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done(): void {
      clearTimeout(timer)
      socket.removeListener('session', done)
      socket.removeListener('close', done)
      // 'session' is emitted inside OpenSSL's callback: what is written to the socket before the stack has unwound never leaves.
      setImmediate(resolve)
    }
    socket.once('session', done)
    socket.once('close', done)
  })
}
