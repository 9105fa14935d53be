/**
 * Conversations with mail servers (RFC 5321, RFC 3207, RFC 4954): what is said before and after TLS, what is refused. DATA is never said. What breaks
 * off is an observation as far as it came; only a connection that never came about is a failure. Facts only.
 */
import { randomBytes } from 'node:crypto'
import { type Extensions, readExtensions, readReply, readReplyLine, type SmtpReply } from '../grammar/smtp-reply.ts'
import { matchServerName } from '../grammar/server-name.ts'
import { type Probe, type ProbeContext, ProbeError, type ProbeFailure } from '../probe.ts'
import { probeMs } from '../target.ts'
import { type MailTls, MailWire } from './mail-wire.ts'
import { firstAddress } from './tls.ts'

/** Who is talked to. `plain` begins in plain text, `tls` speaks TLS from the first byte. */
export interface SmtpPlace {
  readonly host: string
  /** @default the host's first address */
  readonly address?: string
  /** Logical port. */
  readonly port: number
  readonly mode: 'plain' | 'tls'
}
const placeKey = ({ host, address, port, mode }: SmtpPlace): string => `${host}${address === undefined ? '' : ` @${address}`} ${port} ${mode}`

/** Where a conversation broke off. */
export interface SmtpEnd {
  /** What had been said last, or was waited for. */
  readonly after: string
  readonly failure: ProbeFailure
}

const MOST_LINES = 200
/** Greylisting and tarpits let a stranger wait for the greeting (rules §11). */
const GREETING_MOST_MS = 60_000
const SIGN_IN_MOST_MS = 20_000
const WHOLE_MS = 120_000
export const MX_PORT = 25
/** Who we say we are. */
const nameOf = (context: ProbeContext): string => context.target.file.mail?.mx?.helo ?? 'postproof.invalid'

class SmtpTalk {
  readonly wire: MailWire
  readonly #waitMs: number
  readonly #context: ProbeContext
  last = 'the connection'
  constructor(context: ProbeContext, wire: MailWire) {
    this.#context = context
    this.wire = wire
    this.#waitMs = probeMs(context.target)
  }
  static async open(context: ProbeContext, place: SmtpPlace): Promise<SmtpTalk> {
    const address = place.address ?? (await firstAddress(context, place.host))
    return new SmtpTalk(context, await MailWire.open(context, { address, port: place.port }))
  }
  /** A whole reply, within the time of one. @throws ProbeError */
  async reply(waitMs = this.#waitMs): Promise<SmtpReply> {
    const until = performance.now() + waitMs
    const lines: string[] = []
    for (;;) {
      const line = await this.wire.line(Math.max(1, until - performance.now()))
      lines.push(line)
      const read = readReplyLine(line)
      if (read === undefined || read.last) break
      if (lines.length >= MOST_LINES)
        throw new ProbeError({ code: 'UNREADABLE', message: `${this.wire.peer}: a reply of more than ${MOST_LINES} lines`, phase: 'response' })
    }
    const read = readReply(lines)
    this.#context.log(`${this.last}: ${JSON.stringify(lines.at(-1)?.slice(0, 200))}`)
    if (!read.ok)
      throw new ProbeError({
        code: 'UNREADABLE',
        message: `${this.wire.peer}: ${read.error}: ${JSON.stringify(lines.at(-1)?.slice(0, 200))}`,
        phase: 'response',
      })
    return read.value
  }
  async greeting(patient: boolean): Promise<SmtpReply> {
    this.last = 'the connection'
    return await this.reply(patient ? Math.min(GREETING_MOST_MS, 6 * this.#waitMs) : this.#waitMs)
  }
  /** @param shown what evidence and logs say instead of the command, where it holds a secret */
  async ask(command: string, shown = command, waitMs = this.#waitMs): Promise<SmtpReply> {
    if (this.wire.waiting > 0)
      throw new ProbeError({ code: 'UNREADABLE', message: `${this.wire.peer} said more than it was asked, after ${this.last}`, phase: 'response' })
    this.last = shown
    this.wire.write(`${command}\r\n`)
    return await this.reply(waitMs)
  }
  async hello(): Promise<SmtpReply> {
    return await this.ask(`EHLO ${nameOf(this.#context)}`)
  }
  /** Servers let those wait who sign in after somebody from the same address failed (Dovecot: up to 15 s). */
  async askSlowly(command: string, shown: string): Promise<SmtpReply> {
    return await this.ask(command, shown, Math.max(this.#waitMs, Math.min(SIGN_IN_MOST_MS, 4 * this.#waitMs)))
  }
  async upgrade(servername: string, maxVersion?: 'TLSv1.1'): Promise<MailTls> {
    this.last = 'the TLS handshake'
    return await this.wire.upgrade({ servername, ...(maxVersion === undefined ? {} : { maxVersion }) }, this.#waitMs)
  }
  end(error: unknown): SmtpEnd {
    if (error instanceof ProbeError) return { after: this.last, failure: error.failure }
    throw error
  }
  /** Says goodbye and does not wait for the answer. */
  close(): void {
    this.wire.write('QUIT\r\n')
    this.wire.close()
  }
}

/** Runs a conversation; what it throws for the peer's sake becomes its end. */
async function converse<T extends object>(
  context: ProbeContext,
  place: SmtpPlace,
  seen: T & { ended?: SmtpEnd },
  talk: (talk: SmtpTalk) => Promise<void>,
): Promise<T & { peer: string; at: string; ended?: SmtpEnd }> {
  const at = new Date().toISOString()
  const opened = await SmtpTalk.open(context, place)
  try {
    await talk(opened)
  } catch (error) {
    seen.ended = opened.end(error)
  } finally {
    opened.close()
  }
  return { ...seen, peer: opened.wire.peer, at }
}

const isOk = (reply: SmtpReply): boolean => reply.code >= 200 && reply.code < 300

/** From the connection to the answer to EHLO. @returns whether to go on */
async function greet(talk: SmtpTalk, { port }: SmtpPlace, seen: { greeting?: SmtpReply; ehlo?: SmtpReply; extensions?: Extensions }): Promise<boolean> {
  // Only other servers are made to wait; clients that hand in mail are not.
  seen.greeting = await talk.greeting(port === MX_PORT)
  if (seen.greeting.code !== 220) return false
  seen.ehlo = await talk.hello()
  if (seen.ehlo.code === 250) seen.extensions = readExtensions(seen.ehlo)
  return seen.ehlo.code === 250
}

export interface SmtpLook {
  readonly place: SmtpPlace
  readonly peer: string
  readonly at: string
  readonly greeting?: SmtpReply
  /** Milliseconds until the greeting was there. */
  readonly greetingMs?: number
  /** The answer to EHLO as said on the connection's first layer: plain text, or TLS where the port begins with it. */
  readonly ehlo?: SmtpReply
  readonly extensions?: Extensions
  /** What AUTH in plain text was answered, without any credential; broken off with `*` where it was taken. */
  readonly plainAuth?: SmtpReply
  /** VRFY of postmaster and of a name made up, EXPN of postmaster; where asked for. */
  readonly vrfy?: { readonly postmaster: SmtpReply; readonly nobody: SmtpReply }
  readonly expn?: SmtpReply
  readonly startTls?: SmtpReply
  /** Octets that came in plain text behind the consent to TLS. */
  readonly plainLeft?: number
  readonly tls?: MailTls
  /** After STARTTLS. */
  readonly secureEhlo?: SmtpReply
  readonly secureExtensions?: Extensions
  readonly ended?: SmtpEnd
}
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** One conversation that looks at everything short of a transaction. @param options.vrfy asks VRFY and EXPN, too */
export function smtpLook(place: SmtpPlace, options: { readonly vrfy?: boolean } = {}): Probe<SmtpLook> {
  return {
    kind: 'smtpLook',
    key: `smtpLook ${placeKey(place)}${options.vrfy === true ? ' vrfy' : ''}`,
    impact: 'read',
    cost: { connections: 1, requests: options.vrfy === true ? 9 : 5 },
    host: place.host,
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const seen: Partial<Mutable<SmtpLook>> = {}
      const done = await converse(context, place, seen, async (talk) => {
        if (place.mode === 'tls') seen.tls = await talk.upgrade(place.host)
        const start = performance.now()
        const goOn = await greet(talk, place, seen)
        seen.greetingMs = Math.round(performance.now() - start)
        if (!goOn || place.mode === 'tls') return
        for (const mechanism of ['PLAIN', 'LOGIN']) {
          seen.plainAuth = await talk.ask(`AUTH ${mechanism}`)
          // 504: another mechanism might do.
          if (seen.plainAuth.code === 334) await talk.ask('*')
          if (seen.plainAuth.code !== 504) break
        }
        if (options.vrfy === true) {
          const postmaster = await talk.ask('VRFY postmaster')
          seen.vrfy = { postmaster, nobody: await talk.ask(`VRFY postproof-${randomBytes(6).toString('hex')}`) }
          seen.expn = await talk.ask('EXPN postmaster')
        }
        seen.startTls = await talk.ask('STARTTLS')
        if (seen.startTls.code !== 220) return
        seen.plainLeft = talk.wire.waiting
        seen.tls = await talk.upgrade(place.host)
        seen.secureEhlo = await talk.hello()
        if (seen.secureEhlo.code === 250) seen.secureExtensions = readExtensions(seen.secureEhlo)
      })
      return { ...done, place }
    },
  }
}

export interface SmtpOldTls {
  /** The version agreed to; undefined: `failure` says why not, or the server offers no TLS at all. */
  readonly protocol?: string
  readonly failure?: ProbeFailure
  readonly peer: string
  readonly at: string
}
/** Whether TLS 1.0 or 1.1 is agreed to. */
export function smtpOldTls(place: SmtpPlace): Probe<SmtpOldTls> {
  return {
    kind: 'smtpOldTls',
    key: `smtpOldTls ${placeKey(place)}`,
    impact: 'read',
    cost: { connections: 1, requests: 2 },
    host: place.host,
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const seen: { protocol?: string } = {}
      const { ended, ...done } = await converse(context, place, seen, async (talk) => {
        if (place.mode === 'plain') {
          if (!(await greet(talk, place, {}))) return
          if ((await talk.ask('STARTTLS')).code !== 220) return
        }
        seen.protocol = (await talk.upgrade(place.host, 'TLSv1.1')).protocol
      })
      return { ...done, ...(ended === undefined ? {} : { failure: ended.failure }) }
    },
  }
}

/** TLS from the first byte on a port that should begin in plain text, tried only where it did not greet. */
export function smtpTlsFirst(place: SmtpPlace): Probe<{ readonly peer: string; readonly at: string; readonly tls?: MailTls }> {
  return {
    kind: 'smtpTlsFirst',
    key: `smtpTlsFirst ${placeKey(place)}`,
    impact: 'read',
    cost: { connections: 1, requests: 0 },
    host: place.host,
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const first = await context.observe(smtpLook(place))
      if (!first.ok) throw new ProbeError(first.failure)
      if (first.value.greeting !== undefined) return { peer: first.value.peer, at: first.value.at }
      const seen: { tls?: MailTls } = {}
      return await converse(context, place, seen, async (talk) => {
        seen.tls = await talk.upgrade(place.host)
      })
    },
  }
}

export interface SmtpInjection {
  readonly startTls?: SmtpReply
  readonly tls?: MailTls
  /** Replies inside TLS to EHLO and QUIT, in order; one more than that answers a command that was said in plain text. */
  readonly replies: readonly SmtpReply[]
  readonly ended?: SmtpEnd
  readonly peer: string
  readonly at: string
}
/** STARTTLS with a NOOP in plain text right behind it, in one piece (CVE-2011-0411). */
export function smtpInjection(place: SmtpPlace): Probe<SmtpInjection> {
  return {
    kind: 'smtpInjection',
    key: `smtpInjection ${placeKey(place)}`,
    impact: 'read',
    cost: { connections: 1, requests: 5 },
    host: place.host,
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const replies: SmtpReply[] = []
      const seen: { startTls?: SmtpReply; tls?: MailTls } = {}
      const done = await converse(context, place, seen, async (talk) => {
        if (!(await greet(talk, place, {}))) return
        seen.startTls = await talk.ask('STARTTLS\r\nNOOP', 'STARTTLS and NOOP in one piece')
        if (seen.startTls.code !== 220) return
        seen.tls = await talk.upgrade(place.host)
        talk.last = 'EHLO and QUIT'
        talk.wire.write(`EHLO ${nameOf(context)}\r\n`)
        replies.push(await talk.reply())
        talk.wire.write('QUIT\r\n')
        while (replies.at(-1)?.code !== 221 && replies.length < 5) replies.push(await talk.reply())
      })
      return { ...done, replies }
    },
  }
}

/** What keeps a password from being sent over this connection; undefined: nothing. */
function distrust(tls: MailTls | undefined, host: string): string | undefined {
  if (tls === undefined) return 'the connection is not encrypted'
  const path = tls.paths[0]?.certificates
  if (path === undefined) return 'the certificate leads to no trusted root'
  const [leaf] = path
  if (leaf === undefined || !matchServerName(host, leaf).matches) return `the certificate does not name ${host}`
  const now = Date.now()
  return path.slice(0, -1).every((one) => Date.parse(one.notBefore) <= now && now <= Date.parse(one.notAfter)) ? undefined : 'the certificate is not in date'
}

export interface SmtpCredentials {
  readonly user: string
  /** Name of an entry of `secrets`; undefined: a password made up. */
  readonly password?: string
}
export interface SmtpLogin {
  readonly mechanism?: string
  /** What signing in was answered; undefined: it was not tried, or the connection ended. */
  readonly reply?: SmtpReply
  /** Why the password was not sent. */
  readonly withheld?: string
  readonly ended?: SmtpEnd
  readonly peer: string
  readonly at: string
}

/** Connection, EHLO, STARTTLS and EHLO again. @returns the extensions of the last layer */
async function secured(talk: SmtpTalk, place: SmtpPlace): Promise<Extensions | undefined> {
  const first: { extensions?: Extensions } = {}
  if (place.mode === 'tls') {
    await talk.upgrade(place.host)
    await greet(talk, place, first)
    return first.extensions
  }
  if (!(await greet(talk, place, first))) return undefined
  if ((await talk.ask('STARTTLS')).code !== 220) return undefined
  await talk.upgrade(place.host)
  const ehlo = await talk.hello()
  return ehlo.code === 250 ? readExtensions(ehlo) : undefined
}

/** Signs in with PLAIN or LOGIN, whichever is offered. */
async function signIn(
  context: ProbeContext,
  talk: SmtpTalk,
  place: SmtpPlace,
  credentials: SmtpCredentials,
  extensions: Extensions,
): Promise<Pick<SmtpLogin, 'mechanism' | 'reply' | 'withheld'>> {
  const { password: name, user } = credentials
  const mechanism = ['PLAIN', 'LOGIN'].find((one) => extensions.auth?.includes(one) === true)
  if (mechanism === undefined) return { withheld: 'neither PLAIN nor LOGIN is offered' }
  const password = name === undefined ? randomBytes(12).toString('base64url') : context.target.secrets?.get(name)
  if (password === undefined) return { mechanism, withheld: `secrets has no value for ${name ?? ''}` }
  const reason = name === undefined && talk.wire.tls !== undefined ? undefined : distrust(talk.wire.tls, place.host)
  if (reason !== undefined) return { mechanism, withheld: reason }
  const encoded = (text: string): string => Buffer.from(text, 'utf8').toString('base64')
  if (mechanism === 'PLAIN')
    return { mechanism, reply: await talk.askSlowly(`AUTH PLAIN ${encoded(`\0${user}\0${password}`)}`, 'AUTH PLAIN with user and password') }
  const first = await talk.ask('AUTH LOGIN')
  if (first.code !== 334) return { mechanism, reply: first }
  const second = await talk.ask(encoded(user), 'the user')
  return { mechanism, reply: second.code === 334 ? await talk.askSlowly(encoded(password), 'the password') : second }
}

/** One attempt at signing in. @param after done before it: a failed attempt lets every later one wait */
export function smtpLogin(place: SmtpPlace, credentials: SmtpCredentials, after: readonly Probe<unknown>[] = []): Probe<SmtpLogin> {
  return {
    kind: 'smtpLogin',
    key: `smtpLogin ${placeKey(place)} ${credentials.user} ${credentials.password ?? '(made up)'}`,
    impact: 'login',
    cost: { connections: 1, requests: 6 },
    host: place.host,
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      for (const one of after) await context.observe(one)
      const seen: Partial<Mutable<SmtpLogin>> = {}
      return await converse(context, place, seen, async (talk) => {
        const extensions = await secured(talk, place)
        if (extensions === undefined) seen.withheld = 'there was no TLS to say it in'
        else Object.assign(seen, await signIn(context, talk, place, credentials, extensions))
      })
    },
  }
}

/** MAIL and RCPT, then RSET. */
export interface Envelope {
  /** Kebab-case, unique in its list. */
  readonly label: string
  /** Empty: the null sender. */
  readonly from: string
  /** Between the angle brackets; `{nobody}` becomes a local part that surely does not exist. */
  readonly to: string
}
export interface EnvelopeSeen {
  readonly label: string
  readonly from: string
  readonly to: string
  readonly mail?: SmtpReply
  readonly rcpt?: SmtpReply
  /** The conversation ended before it was answered. */
  readonly ended?: SmtpEnd
}
export interface SmtpEnvelopes {
  readonly envelopes: readonly EnvelopeSeen[]
  readonly login?: Pick<SmtpLogin, 'mechanism' | 'reply' | 'withheld'>
  /** Why nothing was asked. */
  readonly without?: string
  readonly peer: string
  readonly at: string
}
const MOST_CONNECTIONS = 3

/**
 * Which envelopes are accepted; a message is never sent. A connection that ends is opened again, at most twice.
 * @param options.tls after STARTTLS (or on a port with TLS), where there is such @param options.login signs in first
 */
export function smtpEnvelopes(
  place: SmtpPlace,
  asked: readonly Envelope[],
  options: { readonly tls: 'never' | 'where-offered' | 'always'; readonly login?: SmtpCredentials },
): Probe<SmtpEnvelopes> {
  return {
    kind: 'smtpEnvelopes',
    key: `smtpEnvelopes ${placeKey(place)} ${options.tls} ${JSON.stringify(asked)}${options.login === undefined ? '' : ` as ${options.login.user}`}`,
    impact: 'mail',
    cost: { connections: MOST_CONNECTIONS, requests: 6 + 3 * asked.length },
    host: place.host,
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const nobody = `postproof-${randomBytes(6).toString('hex')}`
      const envelopes = asked.map((one): Mutable<EnvelopeSeen> => ({ ...one, to: one.to.replace('{nobody}', nobody) }))
      const answered = (one: EnvelopeSeen): boolean => one.rcpt !== undefined || (one.mail !== undefined && !isOk(one.mail))
      let shown: { login?: Pick<SmtpLogin, 'mechanism' | 'reply' | 'withheld'>; without?: string } = {}
      let last: { readonly peer: string; readonly at: string; readonly ended?: SmtpEnd } | undefined
      for (let turn = 0; turn < MOST_CONNECTIONS && envelopes.some((one) => !answered(one)); turn += 1) {
        const here: typeof shown & { ended?: SmtpEnd } = {}
        const before = envelopes.filter(answered).length
        last = await converse(context, place, here, async (talk) => {
          const first: { extensions?: Extensions; greeting?: SmtpReply; ehlo?: SmtpReply } = {}
          let extensions: Extensions | undefined
          if (place.mode === 'tls' || options.tls === 'always') extensions = await secured(talk, place)
          else if (await greet(talk, place, first)) {
            extensions = first.extensions
            if (options.tls === 'where-offered' && extensions?.keywords.includes('STARTTLS') === true && (await talk.ask('STARTTLS')).code === 220) {
              await talk.upgrade(place.host)
              const again = await talk.hello()
              extensions = again.code === 250 ? readExtensions(again) : undefined
            }
          }
          if (extensions === undefined) {
            const [reply] = [first.ehlo ?? first.greeting]
            here.without =
              reply === undefined ? 'the server came to no EHLO that was answered with 250' : `the server answered ${reply.code} ${reply.lines.join(' ')}`
            return
          }
          if (options.login !== undefined) {
            here.login = await signIn(context, talk, place, options.login, extensions)
            if (here.login.reply?.code !== 235) {
              here.without = here.login.withheld ?? `signing in was answered ${here.login.reply?.code ?? 0}`
              return
            }
          }
          for (const one of envelopes) {
            if (answered(one)) continue
            one.mail = await talk.ask(`MAIL FROM:<${one.from}>`)
            if (isOk(one.mail)) {
              one.rcpt = await talk.ask(`RCPT TO:<${one.to}>`)
              // 421 says that the server goes away; what follows is asked again on another connection.
              if (one.rcpt.code === 421) delete one.rcpt
            }
            await talk.ask('RSET')
          }
        })
        shown = { ...(here.login === undefined ? {} : { login: here.login }), ...(here.without === undefined ? {} : { without: here.without }) }
        // A server that lets nobody through now, or says nothing, does not do otherwise a moment later.
        if (
          here.without !== undefined ||
          last.ended?.failure.code === 'TIMEOUT' ||
          (last.ended !== undefined && envelopes.filter(answered).length === before && turn > 0)
        )
          break
      }
      const ended = last?.ended ?? { after: 'RCPT', failure: { code: 'EOF', message: 'the server went away', phase: 'response' as const } }
      return {
        ...shown,
        peer: last?.peer ?? '',
        at: last?.at ?? '',
        envelopes: envelopes.map((one) => (answered(one) || shown.without !== undefined ? one : { ...one, ended })),
      }
    },
  }
}
