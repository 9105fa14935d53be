/**
 * One connection to a mail server, line by line: plain text, TLS from the first byte, or plain text that becomes TLS. Everything is bounded: bytes,
 * length of a line, lines of a reply, and the wait for each of them. The certificate is recorded and never obeyed; who sends a password asks first.
 */
import { constants } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import { findPaths, type PathFindings } from '../grammar/certificate-path.ts'
import { parseCertificateCached } from '../grammar/certificate.ts'
import type { CertificateFacts, TlsObservation } from '../observations.ts'
import { type ProbeContext, ProbeError, type ProbeFailure } from '../probe.ts'
import { anchorsOf } from './certificate-path.ts'
import { connectionFailure, openTcp, storeFor } from './connection.ts'

/** A reply line has at most 512 octets (RFC 5321 §4.5.3.1.5); longer ones are read with patience, endless ones are not. */
const MOST_LINE = 8_192
const MOST_BYTES = 256 * 1024

/** What the peer's TLS showed. */
export interface MailTls extends PathFindings {
  readonly protocol: string
  readonly cipher: string
  /** As served, leaf first; certificates that continue no path are dropped by the library. Never a root of ours. */
  readonly served: readonly CertificateFacts[]
  readonly store: TlsObservation['store']
  readonly servername?: string
  readonly at: string
}

export interface MailTlsSettings {
  readonly servername?: string
  readonly maxVersion?: 'TLSv1.1'
}

const secure = new Map<string, SecureContext>()
function contextOf({ maxVersion }: MailTlsSettings): SecureContext {
  const key = maxVersion ?? ''
  let made = secure.get(key)
  made ??= createSecureContext({
    // No roots: the library then adds none to what the peer served.
    ca: [],
    secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT,
    minVersion: maxVersion === undefined ? 'TLSv1.2' : 'TLSv1',
    ...(maxVersion === undefined ? {} : { maxVersion, ciphers: 'ALL:@SECLEVEL=0' }),
  })
  secure.set(key, made)
  return made
}

function servedBy(socket: TLSSocket): readonly CertificateFacts[] {
  const served: CertificateFacts[] = []
  let one: { readonly raw?: Buffer; readonly issuerCertificate?: unknown } | undefined = socket.getPeerCertificate(true)
  while (one?.raw !== undefined && served.length < 16) {
    const read = parseCertificateCached(one.raw)
    if (!read.ok || served.some(({ sha256 }) => sha256 === read.value.sha256)) break
    served.push(read.value)
    one = one.issuerCertificate as typeof one
  }
  return served
}

const failed = (code: string, message: string, phase: ProbeFailure['phase'] = 'response'): ProbeError => new ProbeError({ code, message, phase })

export class MailWire {
  readonly #context: ProbeContext
  #socket: Socket
  readonly #release: () => void
  readonly peer: string
  #text = ''
  #bytes = 0
  #ended: ProbeError | undefined
  #wake: (() => void) | undefined
  tls: MailTls | undefined

  private constructor(context: ProbeContext, socket: Socket, peer: string, release: () => void) {
    this.#context = context
    this.#socket = socket
    this.#release = release
    this.peer = peer
    context.signal.addEventListener('abort', this.#onAbort, { once: true })
    this.#listen()
  }

  /** @throws ProbeError as `openTcp` does */
  static async open(context: ProbeContext, to: { readonly address: string; readonly port: number }): Promise<MailWire> {
    const tcp = await openTcp(context, to)
    return new MailWire(context, tcp.socket, tcp.peer, () => tcp.release())
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes += chunk.length
    if (this.#bytes > MOST_BYTES) this.#end(failed('UNREADABLE', `${this.peer} does not stop talking: more than ${MOST_BYTES / 1024} KiB`))
    else this.#text += chunk.toString('latin1')
    this.#wake?.()
  }
  readonly #onEnd = (): void => this.#end(failed('EOF', `${this.peer} closed the connection`))
  readonly #onError = (error: Error): void => this.#end(new ProbeError(connectionFailure(error, 'response')))
  readonly #onAbort = (): void => this.#end(new ProbeError(connectionFailure(this.#context.signal.reason, 'deadline')))
  #end(error: ProbeError): void {
    this.#ended ??= error
    this.#wake?.()
  }
  #listen(): void {
    this.#socket.on('data', this.#onData)
    this.#socket.on('end', this.#onEnd)
    this.#socket.on('close', this.#onEnd)
    this.#socket.on('error', this.#onError)
  }
  #unlisten(): void {
    this.#socket.removeListener('data', this.#onData)
    this.#socket.removeListener('end', this.#onEnd)
    this.#socket.removeListener('close', this.#onEnd)
    this.#socket.removeListener('error', this.#onError)
  }

  /** Bytes that came and were not read as lines. */
  get waiting(): number {
    return this.#text.length
  }

  write(text: string): void {
    if (this.#ended === undefined && this.#socket.writable) this.#socket.write(text, 'latin1')
  }

  /**
   * The next line without its end. @param waitMs for a whole line
   * @throws ProbeError `TIMEOUT`, `EOF`, `UNREADABLE` (a line without an end, or too much in all), the system's code
   */
  async line(waitMs: number): Promise<string> {
    let late = false
    const timer = setTimeout(() => {
      late = true
      this.#wake?.()
    }, waitMs)
    try {
      for (;;) {
        const end = this.#text.indexOf('\n')
        if (end > MOST_LINE || (end < 0 && this.#text.length > MOST_LINE))
          throw failed('UNREADABLE', `${this.peer} sends a line of more than ${MOST_LINE} octets`)
        if (end >= 0) {
          const line = this.#text.slice(0, end).replace(/\r$/, '')
          this.#text = this.#text.slice(end + 1)
          return line
        }
        if (this.#ended !== undefined) throw this.#ended
        if (late) throw failed('TIMEOUT', `${this.peer} said nothing for ${Math.round(waitMs / 100) / 10} s`)
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * TLS on this connection. What came in plain text and was not read is thrown away, as RFC 3207 §4.2 asks.
   * @throws ProbeError phase `tls`, codes of `connectionFailure`
   */
  async upgrade(settings: MailTlsSettings, waitMs: number): Promise<MailTls> {
    this.#unlisten()
    if (this.#ended !== undefined) throw this.#ended
    this.#text = ''
    const servername = settings.servername === undefined || isIP(settings.servername) !== 0 ? undefined : settings.servername
    const plain = this.#socket
    plain.on('error', () => {})
    const socket = connectTls({
      socket: plain,
      secureContext: contextOf(settings),
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(servername === undefined ? {} : { servername }),
    })
    let timer: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(() => reject(failed('TIMEOUT', `${this.peer}: no TLS handshake within ${Math.round(waitMs / 100) / 10} s`, 'tls')), waitMs)
        const abort = (): void => reject(this.#context.signal.reason as Error)
        if (this.#context.signal.aborted) abort()
        this.#context.signal.addEventListener('abort', abort, { once: true })
        socket.once('error', reject)
        socket.once('close', () => reject(Object.assign(new Error('closed during the handshake'), { code: 'EOF' })))
        socket.once('secureConnect', resolve)
      })
    } catch (error) {
      socket.on('error', () => {})
      socket.destroy()
      const failure = connectionFailure(error, 'tls')
      this.#ended = new ProbeError({ ...failure, message: failure.message.startsWith(this.peer) ? failure.message : `${this.peer}: ${failure.message}` })
      throw this.#ended
    } finally {
      clearTimeout(timer)
    }
    this.#socket = socket
    const at = new Date().toISOString()
    const protocol = socket.getProtocol() ?? 'unknown'
    const cipher = (socket.getCipher() as { readonly name: string } | undefined)?.name ?? 'unknown'
    const served = servedBy(socket)
    this.#listen()
    const { target } = this.#context
    const store = storeFor(target, undefined)
    const [leaf, ...others] = served
    const found: PathFindings = leaf === undefined ? { paths: [], longest: [], endsSelfSigned: false } : findPaths(leaf, others, anchorsOf(store, target.trust))
    this.tls = { ...found, protocol, cipher, served, store, at, ...(servername === undefined ? {} : { servername }) }
    this.#context.log(`${protocol} ${cipher} with ${this.peer}`)
    return this.tls
  }

  close(): void {
    this.#context.signal.removeEventListener('abort', this.#onAbort)
    this.#unlisten()
    this.#socket.on('error', () => {})
    this.#socket.destroy()
    this.#release()
  }
}
