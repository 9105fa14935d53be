/**
 * Mail from trigger to arrival: the application is asked to send (or we send with a sender's access), then the inbox is looked at until the letter with
 * our mark is there. The mark is new in every run; a letter without it is never taken for ours, however new it is.
 */
import { randomBytes } from 'node:crypto'
import type SMTPTransport from 'nodemailer/lib/smtp-transport'
import { type MailContent, type MailNature, natureOf, readMail } from '../grammar/mail-content.ts'
import { type Probe, type ProbeContext, ProbeError, type ProbeFailure } from '../probe.ts'
import { realPort } from '../target.ts'
import type { MailDelivery } from '../target/mail-delivery.ts'
import { sleep } from '../sleep.ts'
import { perform, splitUrl } from './http.ts'
import { type Inbox, type Letter, type Mishap, openInbox, rootsOf, secretOf } from './mail-inbox.ts'
import { firstAddress } from './tls.ts'

export interface ReceivedMail extends Letter {
  /** From the trigger to when it was there. */
  readonly latencyMs: number
  readonly content: MailContent
}
export interface TriggerSeen {
  readonly kind: 'request' | 'submission'
  /** URL without its parameters, or server. */
  readonly where: string
  /** Of the last answer: status, or reply code of SMTP. */
  readonly code: number
  readonly taken: boolean
  readonly reply: string
  /** Tries that were put off (4xx at a recipient) before this one. */
  readonly deferred: number
}
export interface DeliveryObservation {
  readonly mark: string
  /** With the mark filled in. */
  readonly address: string
  readonly inbox: string
  readonly triggeredAt: string
  readonly trigger?: TriggerSeen
  /** `untriggered`: what should make it be sent was refused; `no-inbox`: the inbox could not be read (before or afterwards). */
  readonly state: 'arrived' | 'missing' | 'untriggered' | 'no-inbox'
  readonly failure?: ProbeFailure
  readonly withinMs: number
  readonly waitedMs: number
  /** Ours, in order of arrival, at most 5. */
  readonly mails: readonly ReceivedMail[]
  /** All of ours, kept or not. */
  readonly count: number
  /** Letters that have the mark and are not the one: bounces, answers. */
  readonly others: readonly { readonly nature: MailNature; readonly from: string; readonly subject: string; readonly excerpt: string }[]
  readonly mishaps: readonly Mishap[]
  readonly removed: number
}

const MOST_KEPT = 5
const MARGIN_MS = 90_000
const TELL_EVERY_MS = 5_000

const withinMsOf = (one: MailDelivery): number => Math.round((one.withinSeconds ?? 120) * 1000)
const waitMsOf = (one: MailDelivery): number => Math.round(one.waitSeconds === undefined ? withinMsOf(one) * 1.5 : one.waitSeconds * 1000)
const settleMsOf = (one: MailDelivery): number => Math.round((one.settleSeconds ?? 5) * 1000)

/** Fills blanks in every text of a value. */
function filled(value: unknown, blanks: (name: string) => string | undefined): unknown {
  if (typeof value === 'string') return value.replace(/\{([A-Za-z][A-Za-z0-9.:_-]*)\}/g, (all, name: string) => blanks(name) ?? all)
  if (Array.isArray(value)) return value.map((one) => filled(one, blanks))
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one, blanks)]))
  return value
}

export interface Asked {
  readonly url: string
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly json?: unknown
  readonly form?: Readonly<Record<string, string>> | undefined
}
/** One request of the description with its blanks filled. @throws ProbeError what the network did */
export async function ask(context: ProbeContext, asked: Asked, blanks: (name: string) => string | undefined): ReturnType<typeof perform> {
  const known = (name: string): string | undefined => {
    if (name === 'domain') return context.target.domain
    if (name.startsWith('secret:')) return secretOf(context.target, name.slice(7))
    return blanks(name)
  }
  const parts = splitUrl(
    asked.url.replace(/\{([A-Za-z][A-Za-z0-9.:_-]*)\}/g, (all, name: string) =>
      name === 'domain' ? context.target.domain : encodeURIComponent(known(name) ?? all),
    ),
  )
  if (parts === undefined) throw new ProbeError({ code: 'BAD_URL', message: 'no http(s) URL', phase: 'internal' })
  const body =
    asked.json !== undefined
      ? JSON.stringify(filled(asked.json, known))
      : asked.form !== undefined
        ? new URLSearchParams(filled(asked.form, known) as Record<string, string>).toString()
        : undefined
  const type = asked.json !== undefined ? 'application/json' : 'application/x-www-form-urlencoded'
  return await perform(context, {
    ...parts,
    method: asked.method ?? 'POST',
    headers: [
      ...(body === undefined ? [] : ([['content-type', type]] as const)),
      ...Object.entries((filled(asked.headers ?? {}, known) as Record<string, string>) ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const),
    ],
    ...(body === undefined ? {} : { body }),
    maxBodyBytes: 64 * 1024,
  })
}

const fits = (status: number, wanted: number | readonly number[] | undefined): boolean =>
  wanted === undefined ? status >= 200 && status < 400 : [wanted].flat().includes(status)

async function byRequests(context: ProbeContext, delivery: MailDelivery, blanks: (name: string) => string | undefined): Promise<TriggerSeen> {
  let seen: TriggerSeen | undefined
  for (const one of delivery.trigger.requests ?? []) {
    const answer = await ask(context, one, blanks)
    const taken = fits(answer.status, one.status)
    seen = {
      kind: 'request',
      where: answer.url.split('?')[0] ?? '',
      code: answer.status,
      taken,
      reply: `${answer.status} ${answer.statusText}`.trim(),
      deferred: 0,
    }
    context.log(`${delivery.name}: ${one.method ?? 'POST'} ${seen.where} answered ${answer.status}`)
    if (!taken) return seen
  }
  if (seen === undefined) throw new TypeError(`the delivery ${delivery.name} has no trigger`)
  return seen
}

/** A logger that hears one level and says nothing. */
const listening = (hear: (meta: { readonly tnx?: string }, line: string) => void): NonNullable<SMTPTransport.Options['logger']> => {
  const silent = (): void => {}
  const debug = (meta: unknown, line?: unknown): void => hear(meta ?? {}, String(line))
  return { level: silent, trace: silent, debug, info: silent, warn: silent, error: silent, fatal: silent }
}

async function bySubmission(context: ProbeContext, delivery: MailDelivery, address: string, mark: string): Promise<TriggerSeen> {
  const asked = delivery.trigger.submission
  if (asked === undefined) throw new TypeError(`the delivery ${delivery.name} has no submission`)
  const { target, signal } = context
  const security = asked.security ?? 'starttls'
  const logical = asked.port ?? (security === 'tls' ? 465 : 587)
  const port = realPort(target, logical)
  if (port === undefined) throw new ProbeError({ code: 'UNMAPPED', message: `port ${logical} of ${asked.host}`, phase: 'connect' })
  const password = asked.password === undefined ? undefined : secretOf(target, asked.password)
  // An error alone does not tell whether the letter was on its way.
  let letterGoes = false
  // Loaded where letters are sent: no other run waits for it.
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({
    host: await firstAddress(context, asked.host),
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { servername: asked.host, ...rootsOf(target) },
    ...(asked.user === undefined || password === undefined ? {} : { auth: { user: asked.user, pass: password } }),
    connectionTimeout: 15_000,
    greetingTimeout: 15_000,
    socketTimeout: 60_000,
    disableFileAccess: true,
    disableUrlAccess: true,
    transactionLog: true,
    logger: listening((meta, line) => {
      if (meta.tnx === 'server' && line.startsWith('354')) letterGoes = true
    }),
  })
  const abort = (): void => transport.close()
  signal.addEventListener('abort', abort, { once: true })
  const where = `${asked.host}:${logical}`
  const blanks = (name: string): string | undefined => (name === 'token' ? mark : name === 'address' ? address : undefined)
  const from = filled(asked.from, blanks) as string
  const until = performance.now() + withinMsOf(delivery)
  try {
    for (let deferred = 0; ; deferred += 1) {
      try {
        const sent = await transport.sendMail({
          from,
          to: address,
          subject: filled(asked.subject ?? 'Delivery check {token}', blanks) as string,
          text: filled(asked.text ?? 'This letter shows that mail is delivered. Nobody needs to answer it. {token}\n', blanks) as string,
        })
        return { kind: 'submission', where, code: 250, taken: true, reply: sent.response.slice(0, 300), deferred }
      } catch (error) {
        if (signal.aborted) throw signal.reason
        const { responseCode = 0, code = '', message = '' } = error as { responseCode?: number; code?: string; message?: string }
        // Put off before any of it was sent (greylisting): senders try again, and so do we, as long as it could still be in time.
        const after = Math.min(5_000, withinMsOf(delivery) / 8)
        if (responseCode >= 400 && responseCode < 500 && !letterGoes && performance.now() + after < until) {
          context.log(`${delivery.name}: ${where} put it off (${responseCode}), once more in ${Math.round(after)} ms`)
          await sleep(after, signal)
          continue
        }
        if (responseCode > 0) return { kind: 'submission', where, code: responseCode, taken: false, reply: message.slice(0, 300), deferred }
        // The connection ended while the letter was on its way: it may have been taken, so it is not sent again but waited for.
        if (letterGoes)
          return { kind: 'submission', where, code: 0, taken: true, reply: `the connection ended before the letter was confirmed (${code})`, deferred }
        throw new ProbeError({ code: code || 'SMTP', message: `${where}: ${message.slice(0, 200)}`, phase: 'connect' })
      }
    }
  } finally {
    signal.removeEventListener('abort', abort)
    transport.close()
  }
}

const excerptOf = (content: MailContent): string => {
  const text = content.text ?? ''
  return (/^(?:Status|Diagnostic-Code|Action):.*$/im.exec(text)?.[0] ?? /\b[45]\d\d[ -][^\n]{0,160}/.exec(text)?.[0] ?? text.slice(0, 160)).trim()
}

/** Never retried. Costs the target what its own trigger costs, and one letter. */
export function mailDelivery(delivery: MailDelivery): Probe<DeliveryObservation> {
  const requests = delivery.trigger.requests ?? []
  const url = requests.at(-1)?.url
  const host = url === undefined || url.includes('{domain}') ? undefined : splitUrl(url)?.host
  const wait = waitMsOf(delivery)
  return {
    kind: 'mailDelivery',
    key: `mailDelivery ${delivery.name}`,
    impact: 'mail',
    cost: { connections: 2, requests: Math.max(1, requests.length), mails: 1 },
    ...(host === undefined ? {} : { host }),
    timeoutMs: wait + settleMsOf(delivery) + withinMsOf(delivery) + MARGIN_MS,
    run: (context) => deliver(context, delivery, wait),
  }
}

async function deliver(context: ProbeContext, delivery: MailDelivery, wait: number): Promise<DeliveryObservation> {
  const mark = `pp${randomBytes(7).toString('hex')}`
  const address = delivery.to.replaceAll('{token}', mark)
  const carrier = delivery.to.includes('{token}') ? 'address' : 'text'
  const blanks = (name: string): string | undefined => (name === 'token' ? mark : name === 'address' ? address : undefined)
  const withinMs = withinMsOf(delivery)
  const mails: ReceivedMail[] = []
  const others: { nature: MailNature; from: string; subject: string; excerpt: string }[] = []
  const own: string[] = []
  const seen: { inbox: string; triggeredAt: number; trigger?: TriggerSeen; mishaps: readonly Mishap[]; removed: number } = {
    inbox: '',
    triggeredAt: Date.now(),
    mishaps: [],
    removed: 0,
  }
  const start = performance.now()
  let waitedFrom = start
  const result = (state: DeliveryObservation['state'], failure?: ProbeFailure): DeliveryObservation => ({
    mark,
    address,
    inbox: seen.inbox,
    triggeredAt: new Date(seen.triggeredAt).toISOString(),
    ...(seen.trigger === undefined ? {} : { trigger: seen.trigger }),
    state,
    ...(failure === undefined ? {} : { failure }),
    withinMs,
    waitedMs: Math.round(performance.now() - waitedFrom),
    mails,
    count: own.length,
    others,
    mishaps: seen.mishaps,
    removed: seen.removed,
  })
  let inbox: Inbox
  try {
    inbox = await openInbox(context, delivery, address, mark)
  } catch (error) {
    if (context.signal.aborted || !(error instanceof ProbeError)) throw error
    return result('no-inbox', error.failure)
  }
  const end = (): void => void inbox.close().catch(() => {})
  context.signal.addEventListener('abort', end, { once: true })
  seen.inbox = inbox.where
  seen.mishaps = inbox.mishaps
  try {
    seen.triggeredAt = Date.now()
    waitedFrom = performance.now()
    try {
      seen.trigger =
        delivery.trigger.submission === undefined ? await byRequests(context, delivery, blanks) : await bySubmission(context, delivery, address, mark)
    } catch (error) {
      if (context.signal.aborted || !(error instanceof ProbeError)) throw error
      return result('untriggered', error.failure)
    }
    if (!seen.trigger.taken) return result('untriggered')
    context.used?.({ mails: 1 })
    const pollMs = Math.min(2_000, Math.max(25, withinMs / 100))
    let until = waitedFrom + wait
    let told = performance.now()
    for (;;) {
      for (const letter of await inbox.look()) {
        const content = await readMail(letter.raw)
        const nature = natureOf(content, mark, carrier, letter.envelope?.to ?? [])
        if (nature === 'own') {
          own.push(letter.id)
          const latencyMs = Math.max(0, letter.arrivedAt - seen.triggeredAt)
          context.log(`${delivery.name}: arrived after ${latencyMs} ms`)
          if (mails.length < MOST_KEPT) mails.push({ ...letter, latencyMs, content })
          // A second copy comes soon after the first one, or never.
          if (own.length === 1) until = Math.min(Math.max(until, performance.now()), performance.now() + settleMsOf(delivery))
        } else if (nature !== 'foreign' && others.length < MOST_KEPT) {
          others.push({ nature, from: content.from[0]?.address ?? '', subject: content.subject.slice(0, 200), excerpt: excerptOf(content).slice(0, 300) })
          if (nature === 'bounce' && own.length === 0) until = Math.min(until, performance.now() + settleMsOf(delivery))
        }
      }
      const now = performance.now()
      if (now >= until) break
      if (now - told >= TELL_EVERY_MS) {
        told = now
        context.log(`${delivery.name}: waiting, ${Math.round((now - waitedFrom) / 1000)} s of ${Math.round(wait / 1000)} s`)
      }
      context.waiting?.({ what: `mail of ${delivery.name}`, sinceMs: now - waitedFrom, mostMs: wait })
      await sleep(Math.min(pollMs, Math.max(1, until - now)), context.signal)
    }
    if (own.length > 0) {
      await inbox
        .remove(own)
        .then(() => {
          seen.removed = own.length
        })
        .catch((error: unknown) => context.log(`${delivery.name}: what we received could not be removed: ${String(error)}`))
    }
    return result(own.length > 0 ? 'arrived' : 'missing')
  } catch (error) {
    if (context.signal.aborted || !(error instanceof ProbeError)) throw error
    return result(own.length > 0 ? 'arrived' : 'no-inbox', error.failure)
  } finally {
    context.signal.removeEventListener('abort', end)
    await inbox.close().catch(() => {})
  }
}
