/** How an IMAP server greets and what it can do, before and after TLS (RFC 9051, RFC 8314). Nobody signs in. Facts only. */
import { readImapCapabilities } from '../grammar/imap-capability.ts'
import { type Probe, ProbeError } from '../probe.ts'
import { probeMs } from '../target.ts'
import { type MailTls, MailWire } from './mail-wire.ts'
import type { SmtpEnd, SmtpPlace } from './smtp.ts'
import { firstAddress } from './tls.ts'

export interface ImapLook {
  readonly place: SmtpPlace
  readonly peer: string
  readonly at: string
  /** First line. */
  readonly greeting?: string
  /** On the connection's first layer. */
  readonly capabilities?: readonly string[]
  /** What AUTHENTICATE in plain text was answered, without any credential; broken off with `*` where it was taken. */
  readonly plainAuth?: string
  readonly startTls?: string
  /** Replies inside TLS to a command that was said in plain text behind STARTTLS. */
  readonly injected?: string
  readonly tls?: MailTls
  /** After STARTTLS. */
  readonly secureCapabilities?: readonly string[]
  readonly ended?: SmtpEnd
}
type Mutable<T> = { -readonly [K in keyof T]: T[K] }
const MOST_UNTAGGED = 100
const WHOLE_MS = 60_000

/** @param options.inject says a NOOP in plain text right behind STARTTLS, in one piece */
export function imapLook(place: SmtpPlace, options: { readonly inject?: boolean } = {}): Probe<ImapLook> {
  return {
    kind: 'imapLook',
    key: `imapLook ${place.host}${place.address === undefined ? '' : ` @${place.address}`} ${place.port} ${place.mode}${options.inject === true ? ' inject' : ''}`,
    impact: 'read',
    cost: { connections: 1, requests: 4 },
    host: place.host,
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const at = new Date().toISOString()
      const waitMs = probeMs(context.target)
      const wire = await MailWire.open(context, { address: place.address ?? (await firstAddress(context, place.host)), port: place.port })
      const seen: Partial<Mutable<ImapLook>> = {}
      let last = 'the connection'
      /** Lines until the tagged one (or, where asked for, a continuation), the untagged ones before it. */
      const answerTo = async (tag: string, continuation = false): Promise<readonly string[]> => {
        const until = performance.now() + waitMs
        const lines: string[] = []
        for (;;) {
          const line = await wire.line(Math.max(1, until - performance.now()))
          lines.push(line)
          if (line.startsWith(`${tag} `) || (continuation && line.startsWith('+'))) return lines
          if (lines.length > MOST_UNTAGGED || !line.startsWith('* '))
            throw new ProbeError({
              code: 'UNREADABLE',
              message: `${wire.peer}: ${JSON.stringify(line.slice(0, 200))} is no answer to ${last}`,
              phase: 'response',
            })
        }
      }
      const ask = async (tag: string, command: string, continuation = false): Promise<readonly string[]> => {
        last = command.split('\r', 1)[0] as string
        wire.write(`${tag} ${command}\r\n`)
        return await answerTo(tag, continuation)
      }
      const capabilitiesOf = async (tag: string): Promise<readonly string[] | undefined> => {
        const lines = await ask(tag, 'CAPABILITY')
        return lines.map(readImapCapabilities).find((one) => one !== undefined)
      }
      const keep = (name: 'capabilities' | 'secureCapabilities', value: readonly string[] | undefined): void => {
        if (value !== undefined) seen[name] = value
      }
      try {
        if (place.mode === 'tls') {
          last = 'the TLS handshake'
          seen.tls = await wire.upgrade({ servername: place.host }, waitMs)
          last = 'the connection'
        }
        seen.greeting = await wire.line(waitMs)
        if (/^\* (?:OK|PREAUTH)\b/i.test(seen.greeting)) {
          keep('capabilities', await capabilitiesOf('a1'))
          if (place.mode === 'plain') {
            if (options.inject !== true) {
              seen.plainAuth = (await ask('a2', 'AUTHENTICATE PLAIN', true)).at(-1) ?? ''
              if (seen.plainAuth.startsWith('+')) {
                wire.write('*\r\n')
                await answerTo('a2')
              }
            }
            seen.startTls = (await ask('a3', options.inject === true ? 'STARTTLS\r\na4 NOOP' : 'STARTTLS')).at(-1) ?? ''
            if (/^a3 OK\b/i.test(seen.startTls)) {
              last = 'the TLS handshake'
              seen.tls = await wire.upgrade({ servername: place.host }, waitMs)
              last = 'CAPABILITY'
              wire.write('a5 CAPABILITY\r\n')
              const lines: string[] = []
              while (lines.length < MOST_UNTAGGED && !(lines.at(-1) ?? '').startsWith('a5 ')) lines.push(await wire.line(waitMs))
              const injected = lines.find((line) => line.startsWith('a4 '))
              if (injected !== undefined) seen.injected = injected
              keep(
                'secureCapabilities',
                lines.map(readImapCapabilities).find((one) => one !== undefined),
              )
            }
          }
        }
      } catch (error) {
        if (!(error instanceof ProbeError)) throw error
        seen.ended = { after: last, failure: error.failure }
      } finally {
        wire.write('a9 LOGOUT\r\n')
        wire.close()
      }
      return { ...seen, place, peer: wire.peer, at }
    },
  }
}
