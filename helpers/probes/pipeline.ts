/**
 * Many GETs over one HTTP/1.1 connection without waiting for each answer (RFC 9112 §9.3.2). What it took is exact or it is nothing: every answer
 * is read strictly, the last one asked for says `Connection: close`, and the stream ends there. Whatever else happens, nothing of it counts.
 */
import type { Socket } from 'node:net'
import type { RawHeaders } from '../observations.ts'
import { withoutBlanks } from '../grammar/linear.ts'

export interface PipelinedAnswer {
  readonly status: number
  readonly statusText: string
  /** Equal blocks share one list. */
  readonly headers: RawHeaders
  /** Whole; equal bodies in a row share their bytes. */
  readonly body: Uint8Array
  /** ISO 8601 UTC of the sending. */
  readonly at: string
  readonly ttfbMs: number
}

const MAX_BLOCK_BYTES = 64 * 1024
/** A longer body holds up everybody behind it: such a host is asked one by one. */
const MAX_BODY_BYTES = 256 * 1024
const STATUS_LINE = /^HTTP\/1\.1 ([2-5]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/

interface Head {
  readonly status: number
  readonly statusText: string
  readonly headers: RawHeaders
  /** Of the body; undefined: chunked. */
  readonly length: number | undefined
  /** The answer says that it is the last. */
  readonly last: boolean
}

/** The head of an answer, or undefined for all that is not plainly well-formed: interim answers, old versions, bodies that only the end of the stream ends. */
function readHead(block: string): Head | undefined {
  const [first = '', ...lines] = block.split('\r\n')
  const match = STATUS_LINE.exec(first)
  if (match === null) return undefined
  const status = Number(match[1])
  const headers: [string, string][] = []
  let length: number | undefined
  let chunked = false
  let last = false
  for (const line of lines) {
    const field = FIELD.exec(line)
    if (field === null) return undefined
    const name = field[1] as string
    const value = withoutBlanks(field[2] as string)
    headers.push([name, value])
    switch (name.toLowerCase()) {
      case 'content-length':
        if (length !== undefined || !/^\d{1,9}$/.test(value)) return undefined
        length = Number(value)
        break
      case 'transfer-encoding':
        if (chunked || value.toLowerCase() !== 'chunked') return undefined
        chunked = true
        break
      case 'connection':
        for (const option of value.toLowerCase().split(',')) {
          const word = option.trim()
          if (word === 'close') last = true
          else if (word !== 'keep-alive' && word !== '') return undefined
        }
        break
      case 'upgrade':
      case 'trailer':
        return undefined
      default:
    }
  }
  if (chunked && length !== undefined) return undefined
  const empty = status === 204
  if (status === 304 || status === 205 || (empty && (chunked || (length ?? 0) > 0)) || (!empty && !chunked && length === undefined)) return undefined
  return { status, statusText: match[2] as string, headers, length: chunked ? undefined : (length ?? 0), last }
}

const NOTHING = Buffer.alloc(0)

/** Reads answers off a byte stream, one after the other. */
export class AnswerReader {
  #bytes: Buffer = NOTHING
  #head: Head | undefined
  #blockText = ''
  #block: Head | undefined
  #parts: Buffer[] = []
  #size = 0
  #body: Buffer = NOTHING
  /** Something came that is no plain answer: what was read before is worth nothing either. */
  broken: string | undefined
  /** The last answer said that it is the last. */
  ended = false

  /** Bytes that belong to no whole answer yet. */
  get pending(): boolean {
    return this.#bytes.length > 0 || this.#head !== undefined
  }

  /** Gives every answer that is whole by now to `take`. */
  read(chunk: Buffer, take: (answer: Pick<PipelinedAnswer, 'status' | 'statusText' | 'headers' | 'body'>) => void): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    while (this.broken === undefined && this.#bytes.length > 0) {
      if (this.ended) {
        this.broken = 'bytes behind the last answer'
        return
      }
      if (this.#head === undefined) {
        const end = this.#bytes.indexOf('\r\n\r\n')
        if (end === -1) {
          if (this.#bytes.length > MAX_BLOCK_BYTES) this.broken = 'a head without end'
          return
        }
        const text = this.#bytes.toString('latin1', 0, end)
        // Mostly the one before, word for word.
        if (text !== this.#blockText) {
          this.#block = end > MAX_BLOCK_BYTES ? undefined : readHead(text)
          this.#blockText = text
        }
        if (this.#block === undefined) {
          this.broken = `no plain answer: ${JSON.stringify(text.slice(0, 60))}`
          return
        }
        this.#head = this.#block
        this.#bytes = this.#bytes.subarray(end + 4)
      }
      const body = this.#head.length === undefined ? this.#chunked() : this.#counted(this.#head.length)
      if (body === undefined) return
      const { status, statusText, headers, last } = this.#head
      this.#head = undefined
      this.ended = last
      if (!body.equals(this.#body)) this.#body = Buffer.from(body)
      take({ status, statusText, headers, body: this.#body })
    }
  }

  #counted(length: number): Buffer | undefined {
    if (length > MAX_BODY_BYTES) this.broken = `a body of ${length} bytes`
    if (this.broken !== undefined || this.#bytes.length < length) return undefined
    const body = this.#bytes.subarray(0, length)
    this.#bytes = this.#bytes.subarray(length)
    return body
  }

  #chunked(): Buffer | undefined {
    for (;;) {
      const end = this.#bytes.indexOf('\r\n')
      if (end === -1) {
        if (this.#bytes.length > 16) this.broken = 'a chunk without size'
        return undefined
      }
      const text = this.#bytes.toString('latin1', 0, end)
      if (!/^[0-9A-Fa-f]{1,8}$/.test(text)) {
        this.broken = `the chunk size ${JSON.stringify(text.slice(0, 30))}`
        return undefined
      }
      const size = Number.parseInt(text, 16)
      if (this.#size + size > MAX_BODY_BYTES) {
        this.broken = 'a body too long'
        return undefined
      }
      // The empty line behind the last chunk: trailers are not taken.
      const whole = end + 2 + size + 2
      if (this.#bytes.length < whole) return undefined
      if (this.#bytes[whole - 2] !== 0x0d || this.#bytes[whole - 1] !== 0x0a) {
        this.broken = size === 0 ? 'a trailer' : 'a chunk of another size than it says'
        return undefined
      }
      const part = this.#bytes.subarray(end + 2, end + 2 + size)
      this.#bytes = this.#bytes.subarray(whole)
      if (size === 0) {
        const body = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts)
        this.#parts = []
        this.#size = 0
        return body
      }
      this.#parts.push(part)
      this.#size += size
    }
  }
}

export interface Pipelined {
  /** One for each request up to where the server ended the connection by its own word; empty when anything was not plain. */
  readonly answers: readonly PipelinedAnswer[]
  /** Why there are none. */
  readonly refused?: string
}

/**
 * Sends complete request heads in order, `window` of them unanswered at a time; the last must ask for `Connection: close`. Never rejects but for the
 * signal's reason; ends the socket.
 * @param turn waits until the address may be asked once more
 * @param quietMs give up when nothing comes for so long
 * @param more asked once, when all heads but the last are on their way and half of them are answered: what that makes worth asking before it
 */
export function pipeline(
  socket: Socket,
  given: readonly string[],
  options: {
    readonly window: number
    readonly quietMs: number
    readonly mostMs: number
    readonly signal: AbortSignal
    turn(): Promise<void>
    more?(answers: readonly PipelinedAnswer[]): readonly string[]
  },
): Promise<Pipelined> {
  return new Promise((resolve, reject) => {
    const { window, quietMs, mostMs, signal } = options
    const reader = new AnswerReader()
    const answers: PipelinedAnswer[] = []
    let heads = given
    let { more } = options
    const sentAt: number[] = []
    const sentIso: string[] = []
    const began = performance.now()
    let heard = began
    let sending = false
    const state = { over: false }
    const end = (refused: string | undefined): void => {
      if (state.over) return
      state.over = true
      clearInterval(clock)
      signal.removeEventListener('abort', abort)
      socket.destroy()
      resolve(refused === undefined ? { answers } : { answers: [], refused })
    }
    const abort = (): void => {
      if (state.over) return
      end('aborted')
      reject(signal.reason as Error)
    }
    const clock = setInterval(() => {
      // Behind the poll phase: what arrived while this process was busy is heard first.
      setImmediate(() => {
        const now = performance.now()
        if (now - heard > quietMs) end(`silence for ${Math.round(now - heard)} ms after ${answers.length} of ${heads.length} answers`)
        else if (now - began > mostMs) end(`${answers.length} of ${heads.length} answers in ${mostMs} ms`)
      })
    }, quietMs / 4)
    const send = async (): Promise<void> => {
      if (sending) return
      sending = true
      try {
        // Refilled when half of the window is free: fewer and fuller packets.
        let held = false
        while (!state.over && !reader.ended && !held && sentAt.length < heads.length && sentAt.length - answers.length <= window / 2) {
          let text = ''
          while (sentAt.length < heads.length && sentAt.length - answers.length < window) {
            if (more !== undefined && sentAt.length === heads.length - 1) {
              // Half of them tell what kind of host it is: until then the last waits.
              held = answers.length * 2 < sentAt.length
              if (held) break
              heads = [...heads.slice(0, -1), ...more(answers), ...heads.slice(-1)]
              more = undefined
            }
            const asked = performance.now()
            await options.turn()
            const now = performance.now()
            // Whoever is slowed down asks one by one.
            if (now - asked > 50) {
              end('the address wants to be asked more slowly')
              return
            }
            text += heads[sentAt.length] as string
            sentAt.push(now)
            sentIso.push(new Date().toISOString())
          }
          heard = performance.now()
          if (!state.over && text !== '') socket.write(text, 'latin1')
        }
      } catch (error) {
        end(error instanceof Error ? error.message : String(error))
      } finally {
        sending = false
      }
    }
    socket.on('data', (chunk: Buffer) => {
      if (state.over) return
      heard = performance.now()
      reader.read(chunk, (answer) => {
        const index = answers.length
        if (index >= sentAt.length) {
          reader.broken = 'an answer that nobody asked for'
          return
        }
        answers.push({ ...answer, at: sentIso[index] as string, ttfbMs: Math.round((heard - (sentAt[index] as number)) * 1000) / 1000 })
      })
      if (reader.broken !== undefined) end(reader.broken)
      else void send()
    })
    const closed = (how: string): void =>
      end(reader.ended && !reader.pending && how === 'end' ? undefined : `${how} after ${answers.length} of ${sentAt.length} answers`)
    socket.on('end', () => closed('end'))
    socket.on('error', (error: NodeJS.ErrnoException) => closed(error.code ?? 'error'))
    socket.on('close', () => closed('closed'))
    if (signal.aborted) abort()
    else {
      signal.addEventListener('abort', abort, { once: true })
      if (socket.destroyed) closed('closed')
      else void send()
    }
  })
}

/** The head of a GET, or undefined for what cannot be said in one line each. */
export function getHead(authority: string, path: string, headers: RawHeaders, last: boolean): string | undefined {
  if (!/^\/[\x21-\x7e]*$/.test(path)) return undefined
  let head = `GET ${path} HTTP/1.1\r\nhost: ${authority}\r\n`
  for (const [name, value] of headers) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || !/^[\x20-\x7e]*$/.test(value)) return undefined
    head += `${name}: ${value}\r\n`
  }
  return `${head}${last ? 'connection: close\r\n' : ''}\r\n`
}
