/** Sends one ClientHello of our own making and reads what the server says in plain text. Nothing is encrypted, completed or judged here. */
import { createHash } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import { type ClientHelloSpec, encodeClientHello, encodeSsl2ClientHello } from '../grammar/tls-client-hello.ts'
import { alertName, suiteName, versionName } from '../grammar/tls-names.ts'
import { FlightReader } from '../grammar/tls-records.ts'
import type { ServerFlight, TlsHelloObservation } from '../observations.ts'
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { probeMs } from '../target.ts'
import { connectionFailure, type OpenedTcp, openTcp, round } from './connection.ts'
import { startTls, type StartTls } from './start-tls.ts'
import { firstAddress } from './tls.ts'

export interface TlsHelloRequest {
  /** Fully qualified name, or an address. */
  readonly host: string
  /** @default the first address of the host */
  readonly address?: string
  /** Logical port. @default 443 */
  readonly port?: number
  /** What is asked, in a word or two; part of the key. */
  readonly ask: string
  /** `serverName` is the host's unless `withoutName`; SSL 2.0 has neither names nor settings. */
  readonly hello: ClientHelloSpec | 'ssl2'
  /** @default false */
  readonly withoutName?: boolean
  /** The hello leaves in two TCP segments, cut after so many bytes. */
  readonly cutAfter?: number
  /** What must be said before TLS begins. */
  readonly startTls?: StartTls
}

/** A look that is one hello; the hello can be shown, so that a doubter may send it. */
export interface HelloProbe extends Probe<TlsHelloObservation> {
  readonly request: TlsHelloRequest
}

/** The bytes that are sent. `random`: instead of one drawn for the occasion. */
export function helloBytes({ host, hello, withoutName }: TlsHelloRequest, random?: Uint8Array): Uint8Array {
  if (hello === 'ssl2') return encodeSsl2ClientHello(random?.subarray(0, 16))
  const name = withoutName === true || isIP(host) !== 0 || hello.version <= 0x0300 ? {} : { serverName: host }
  return encodeClientHello({ ...name, ...hello, ...(random === undefined ? {} : { random, sessionId: hello.sessionId ?? new Uint8Array(0) }) })
}

/** Silence after the hello: a share of the probe's deadline, so that the deadline itself is never what ends the reading. */
const silenceMs = (context: ProbeContext): number => Math.min(6_000, probeMs(context.target) * 0.6)
/** Between the two segments of a hello that is cut: long enough for the first to leave alone, however the kernel feels. */
const BETWEEN_SEGMENTS_MS = 10

export interface HelloConversation {
  readonly tcp: OpenedTcp
  readonly observation: TlsHelloObservation
}

/** Warnings that say nothing about the handshake: no_certificate, user_canceled, no_renegotiation, unrecognized_name. */
const REMARKS: ReadonlySet<number> = new Set([41, 90, 100, 112])

/** What the bytes leave to say: an answer, or the ProbeError that there was none. A polite close and a mere remark answer nothing. */
function answerOf(flight: ServerFlight): TlsHelloObservation['answer'] | undefined {
  if (flight.ssl2 !== undefined) return 'ssl2-server-hello'
  if (flight.hello !== undefined) return flight.hello.retry ? 'hello-retry-request' : 'server-hello'
  const { alert } = flight
  return alert === undefined || alert.description === 0 || (alert.level === 1 && REMARKS.has(alert.description)) ? undefined : 'alert'
}

/** Suites that only say something about the client (RFC 5746 §3.3, RFC 7507). */
const SIGNALS: ReadonlySet<number> = new Set([0x00ff, 0x5600])

/** What was chosen and had not been offered. A version below the highest is what every hello without supported_versions offers. */
function unofferedOf(asked: ClientHelloSpec | 'ssl2', { hello }: ServerFlight): TlsHelloObservation['unoffered'] {
  if (hello === undefined) return undefined
  if (asked === 'ssl2') return ['version', 'suite']
  const { version, supportedVersions, suites, compression = [0] } = asked
  const found = [
    (supportedVersions?.includes(hello.version) ?? hello.version <= version) ? [] : ['version' as const],
    suites.includes(hello.cipher) && !SIGNALS.has(hello.cipher) ? [] : ['suite' as const],
    compression.includes(hello.compression) ? [] : ['compression' as const],
  ].flat()
  return found.length === 0 ? undefined : found
}

const describe = (flight: ServerFlight): string => {
  const { hello, alert } = flight
  if (hello !== undefined) return `${hello.retry ? 'HelloRetryRequest' : 'ServerHello'} ${versionName(hello.version)} ${suiteName(hello.cipher)}`
  if (alert !== undefined) return `alert ${alertName(alert.description)} (${alert.description})`
  return flight.ssl2 === undefined ? 'nothing' : 'SSL 2.0 SERVER-HELLO'
}

/** Reads until the flight is there, the peer ends, or it has been silent for long. Rejects only where nothing at all was answered. */
function readFlight(
  context: ProbeContext,
  socket: Socket,
): Promise<{ readonly flight: ServerFlight; readonly received: number; readonly closed: TlsHelloObservation['closed'] }> {
  return new Promise((resolve, reject) => {
    const reader = new FlightReader()
    let received = 0
    // For the whole flight: a byte a second is no answer.
    const timer = setTimeout(() => end('silence'), silenceMs(context))
    const started = performance.now()
    const settle = (): void => {
      clearTimeout(timer)
      context.signal.removeEventListener('abort', onAbort)
      socket.removeListener('data', onData)
      socket.removeListener('end', onEnd)
      socket.removeListener('close', onClose)
      socket.removeListener('error', onError)
      socket.on('error', () => {})
    }
    const end = (how: 'answered' | 'fin' | 'reset' | 'silence', error?: Error): void => {
      settle()
      const reading = reader.reading()
      if (!reading.ok) {
        reject(new ProbeError({ code: reading.error === 'the answer is not TLS' ? 'NOT_TLS' : 'UNREADABLE', message: reading.error, phase: 'tls' }))
        return
      }
      if (answerOf(reading.value) !== undefined) {
        resolve({ flight: reading.value, received, closed: how === 'answered' ? 'open' : how })
        return
      }
      if (how === 'reset') reject(new ProbeError({ ...connectionFailure(error, 'tls'), phase: 'tls' }))
      else if (how === 'fin' || how === 'answered')
        reject(new ProbeError({ code: 'EOF', message: 'the peer closed the connection without an answer to the hello', phase: 'tls' }))
      else
        reject(
          new ProbeError({ code: 'TIMEOUT', message: `no answer to the hello within ${Math.round((performance.now() - started) / 100) / 10} s`, phase: 'tls' }),
        )
    }
    const onData = (chunk: Buffer): void => {
      received += chunk.length
      reader.add(chunk)
      if (reader.done) end('answered')
    }
    const onEnd = (): void => end('fin')
    const onClose = (): void => end('fin')
    const onError = (error: Error): void => end('reset', error)
    const onAbort = (): void => {
      settle()
      reject(context.signal.reason as Error)
    }
    if (context.signal.aborted) {
      onAbort()
      return
    }
    context.signal.addEventListener('abort', onAbort, { once: true })
    socket.on('data', onData)
    socket.once('end', onEnd)
    socket.once('close', onClose)
    socket.once('error', onError)
  })
}

/**
 * Opens a connection, says the hello, reads the first flight, and leaves the connection open: the caller destroys `tcp.socket`.
 * @throws ProbeError as {@link tlsHello}
 */
export async function sayHello(context: ProbeContext, request: TlsHelloRequest): Promise<HelloConversation> {
  const address = request.address ?? (await firstAddress(context, request.host))
  const at = new Date().toISOString()
  const bytes = helloBytes(request)
  const tcp = await openTcp(context, { address, port: request.port ?? 443 })
  try {
    if (request.startTls !== undefined) await startTls(context, tcp.socket, request.startTls)
    const start = performance.now()
    const reading = readFlight(context, tcp.socket)
    if (request.cutAfter !== undefined && request.cutAfter < bytes.length) {
      const { cutAfter } = request
      tcp.socket.write(bytes.subarray(0, cutAfter))
      setTimeout(() => {
        if (!tcp.socket.destroyed) tcp.socket.write(bytes.subarray(cutAfter))
      }, BETWEEN_SEGMENTS_MS).unref()
    } else tcp.socket.write(bytes)
    const { flight, received, closed } = await reading
    const answer = answerOf(flight) as TlsHelloObservation['answer']
    const unoffered = unofferedOf(request.hello, flight)
    context.log(`${request.ask}: ${describe(flight)} from ${tcp.peer}`)
    return {
      tcp,
      observation: {
        peer: tcp.peer,
        address,
        at,
        helloBytes: bytes.length,
        receivedBytes: received,
        answerMs: round(performance.now() - start),
        answer,
        flight,
        ...(unoffered === undefined ? {} : { unoffered }),
        closed,
      },
    }
  } catch (error) {
    tcp.socket.destroy()
    tcp.release()
    const failure = connectionFailure(error, 'tls')
    throw new ProbeError({ ...failure, message: `${tcp.peer}: ${failure.message}` }, { cause: error })
  }
}

/**
 * One hello to one address, and the answer. An alert is an answer; so is a ServerHello in another version.
 * @throws ProbeError where there was none (rules G1): `EOF` (closed without a word), `ECONNRESET`, `TIMEOUT` (silence), `NOT_TLS`, `UNREADABLE`
 * (broken or endless messages), or why no connection came about
 */
export function tlsHello(request: TlsHelloRequest): HelloProbe {
  const { host, address, port, ask, hello, withoutName, cutAfter } = request
  const digest = createHash('sha256')
    .update(
      JSON.stringify({ hello, withoutName, cutAfter, startTls: request.startTls }, (_, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
      ),
    )
    .digest('base64url')
    .slice(0, 10)
  return {
    request,
    kind: 'tlsHello',
    key: ['tlsHello', host, ...(address === undefined ? [] : [`@${address}`]), ...(port === undefined ? [] : [`:${port}`]), ask, digest].join(' '),
    impact: 'read',
    cost: { connections: 1, requests: 0 },
    host,
    async run(context) {
      const { tcp, observation } = await sayHello(context, request)
      tcp.socket.destroy()
      return observation
    },
  }
}
