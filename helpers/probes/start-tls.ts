/** What a mail server, or a proxy on the way, must be told before TLS begins (RFC 3207, RFC 2595, RFC 9110 §9.3.6). */
import type { Socket } from 'node:net'
import { type ProbeContext, ProbeError } from '../probe.ts'
import { probeMs } from '../target.ts'

/** `connect`: an HTTP proxy that tunnels to `to` (`host:port`). */
export type StartTls = { readonly protocol: 'smtp' | 'imap' | 'pop3'; readonly name?: string } | { readonly protocol: 'connect'; readonly to: string }

const MOST_TEXT = 64 * 1024

/**
 * Says the words and waits for consent.
 * @throws ProbeError `STARTTLS_REFUSED` (with what the peer said), `EOF`, `TIMEOUT`; `STARTTLS_EARLY_DATA` where the peer sent more before TLS
 * began, which a man in the middle could have added (CVE-2011-0411 and its kin)
 */
export async function startTls(context: ProbeContext, socket: Socket, how: StartTls): Promise<void> {
  const lines = new LineReader(context, socket)
  try {
    switch (how.protocol) {
      case 'smtp': {
        await lines.expect(smtpReply, /^220(?: |$)/, 'greeting')
        socket.write(`EHLO ${how.name ?? 'postproof.invalid'}\r\n`)
        await lines.expect(smtpReply, /^250/, 'answer to EHLO')
        socket.write('STARTTLS\r\n')
        await lines.expect(smtpReply, /^220(?: |$)/, 'answer to STARTTLS')
        break
      }
      case 'imap': {
        await lines.expect(() => true, /^\* OK/i, 'greeting')
        socket.write('a1 STARTTLS\r\n')
        await lines.expect((line) => line.startsWith('a1 '), /^a1 OK/i, 'answer to STARTTLS')
        break
      }
      case 'pop3': {
        await lines.expect(() => true, /^\+OK/, 'greeting')
        socket.write('STLS\r\n')
        await lines.expect(() => true, /^\+OK/, 'answer to STLS')
        break
      }
      case 'connect': {
        socket.write(`CONNECT ${how.to} HTTP/1.1\r\nHost: ${how.to}\r\n\r\n`)
        const status = await lines.next('answer to CONNECT')
        if (!/^HTTP\/1\.[01] 2\d\d(?: |$)/.test(status)) throw refused('answer to CONNECT', status)
        while ((await lines.next('header of the answer to CONNECT')) !== '');
        break
      }
      default:
    }
    if (lines.rest() > 0)
      throw new ProbeError({ code: 'STARTTLS_EARLY_DATA', message: 'the peer went on in plain text after it had agreed to TLS', phase: 'tls' })
  } finally {
    lines.stop()
  }
}

/** The last line of a reply has no hyphen after the code (RFC 5321 §4.2.1). */
const smtpReply = (line: string): boolean => /^\d{3}(?: |$)/.test(line)
const refused = (what: string, line: string): ProbeError =>
  new ProbeError({ code: 'STARTTLS_REFUSED', message: `${what}: ${JSON.stringify(line.slice(0, 200))}`, phase: 'tls' })

class LineReader {
  readonly #context: ProbeContext
  readonly #socket: Socket
  #text = ''
  #size = 0
  #ended: Error | undefined
  #wake: (() => void) | undefined
  readonly #timer: NodeJS.Timeout
  constructor(context: ProbeContext, socket: Socket) {
    this.#context = context
    this.#socket = socket
    socket.on('data', this.#onData)
    socket.once('end', this.#onEnd)
    socket.once('error', this.#onError)
    socket.once('close', this.#onEnd)
    context.signal.addEventListener('abort', this.#onAbort, { once: true })
    if (context.signal.aborted) this.#onAbort()
    this.#timer = setTimeout(
      () => this.#end(new ProbeError({ code: 'TIMEOUT', message: 'the plain text before TLS came too slowly', phase: 'tls' })),
      Math.min(6_000, probeMs(context.target) * 0.6),
    )
  }
  readonly #onData = (chunk: Buffer): void => {
    this.#size += chunk.length
    if (this.#size > MOST_TEXT) this.#end(new ProbeError({ code: 'UNREADABLE', message: 'endless plain text before TLS', phase: 'tls' }))
    else this.#text += chunk.toString('latin1')
    if (chunk.includes(0x0a)) this.#wake?.()
  }
  readonly #onEnd = (): void => this.#end(new ProbeError({ code: 'EOF', message: 'the peer closed the connection before TLS began', phase: 'tls' }))
  readonly #onError = (error: Error): void => this.#end(error)
  readonly #onAbort = (): void => this.#end(this.#context.signal.reason as Error)
  #end(error: Error): void {
    this.#ended ??= error
    this.#wake?.()
  }
  async next(what: string): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf('\n')
      if (end >= 0) {
        const line = this.#text.slice(0, end).replace(/\r$/, '')
        this.#text = this.#text.slice(end + 1)
        this.#context.log(`${what}: ${JSON.stringify(line.slice(0, 200))}`)
        return line
      }
      if (this.#ended !== undefined) throw this.#ended
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
  async expect(last: (line: string) => boolean, right: RegExp, what: string): Promise<void> {
    let line = await this.next(what)
    while (!last(line)) line = await this.next(what)
    if (!right.test(line)) throw refused(what, line)
  }
  /** Bytes that came and were not asked for. */
  rest(): number {
    return this.#text.length
  }
  stop(): void {
    clearTimeout(this.#timer)
    this.#context.signal.removeEventListener('abort', this.#onAbort)
    this.#socket.removeListener('data', this.#onData)
    this.#socket.removeListener('end', this.#onEnd)
    this.#socket.removeListener('close', this.#onEnd)
    this.#socket.removeListener('error', this.#onError)
    this.#socket.on('error', () => {})
  }
}
