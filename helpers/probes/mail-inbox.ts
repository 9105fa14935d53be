/**
 * Places where mail arrives that we may read: a receiving server of our own, an IMAP mailbox, a mail catcher. Only letters that carry our mark are
 * fetched, nothing else is read, and nothing else is ever removed.
 */
import type { SMTPServerDataStream, SMTPServerSession } from 'smtp-server'
import type { ImapFlow } from 'imapflow'
import { bodyText } from '../headers.ts'
import { type ProbeContext, ProbeError } from '../probe.ts'
import { realPort, type Target } from '../target.ts'
import type { MailDelivery, MailSink } from '../target/mail-delivery.ts'
import { perform, splitUrl } from './http.ts'
import { firstAddress } from './tls.ts'
import { withoutTrailing } from '../grammar/linear.ts'

/** What the sending server said of itself and its mail, where we were the server. */
export interface Envelope {
  readonly from: string
  readonly to: readonly string[]
  readonly address?: string
  readonly greeting?: string
  /** Absent: not known. */
  readonly tls?: string | false
}
export interface Letter {
  readonly id: string
  /** At most {@link MOST_BYTES}. */
  readonly raw: Uint8Array
  readonly sizeBytes: number
  /** There is more of it than was read. */
  readonly cut: boolean
  /** Milliseconds since 1970 when it was there, or first seen there. */
  readonly arrivedAt: number
  readonly folder?: string
  readonly envelope?: Envelope
}
/** A letter to us that did not come through whole. */
export interface Mishap {
  readonly kind: 'too-large' | 'broken-off'
  readonly detail: string
}
export interface Inbox {
  /** Letters with the mark that were not there yet at the last look. */
  look(): Promise<readonly Letter[]>
  /** Removes letters that {@link look} found. */
  remove(ids: readonly string[]): Promise<void>
  readonly mishaps: readonly Mishap[]
  /** Where it is, for evidence. */
  readonly where: string
  close(): Promise<void>
}

/** Longer letters are cut; more than this nobody sends to confirm an address. */
const MOST_BYTES = 8 * 1024 * 1024
const MOST_LETTERS = 20
/** What a catcher may answer to a search; one that lists everything it has is not read any further. */
const MOST_ANSWER = 48 * 1024 * 1024

const failure = (code: string, message: string, phase: ProbeError['failure']['phase'] = 'response'): ProbeError => new ProbeError({ code, message, phase })
/** @throws ProbeError with the code NO_SECRET */
export function secretOf(target: Target, name: string): string {
  const value = target.secrets?.get(name)
  if (value === undefined) throw failure('NO_SECRET', `secrets has no value for ${name}`, 'internal')
  return value
}
/** Roots to believe a mail server by: the declared ones, beside those everybody has. */
export const rootsOf = (target: Target): { readonly ca?: string[] } => (target.trust.length === 0 ? {} : { ca: [...target.trust] })

/** A server that takes mail for one address, and nothing for anybody else. */
async function receiving(context: ProbeContext, asked: NonNullable<MailDelivery['inbox']['receive']>, address: string): Promise<Inbox> {
  const wanted = address.toLowerCase()
  const letters: Letter[] = []
  const mishaps: Mishap[] = []
  let given = 0
  // Loaded where letters are received: no other run waits for it.
  const { SMTPServer } = await import('smtp-server')
  const server = new SMTPServer({
    name: asked.name ?? wanted.slice(wanted.lastIndexOf('@') + 1),
    banner: 'postproof',
    authOptional: true,
    disabledCommands: ['AUTH'],
    disableReverseLookup: true,
    size: MOST_BYTES,
    // Announced, a larger one would be given up before it says whom it is for.
    hideSize: true,
    closeTimeout: 200,
    socketTimeout: 120_000,
    maxClients: 32,
    logger: false,
    onRcptTo: ({ address: to }, _session, done) => {
      if (to.toLowerCase() === wanted) return done()
      done(Object.assign(new Error('No such user here'), { responseCode: 550 }))
    },
    onData: (stream: SMTPServerDataStream, session: SMTPServerSession, done) => {
      const parts: Buffer[] = []
      let bytes = 0
      stream.on('data', (part: Buffer) => {
        bytes += part.length
        if (bytes <= MOST_BYTES && letters.length < MOST_LETTERS) parts.push(part)
        else parts.length = 0
      })
      let ended = false
      stream.on('close', () => {
        if (!ended && mishaps.length < MOST_LETTERS) mishaps.push({ kind: 'broken-off', detail: `the connection ended after ${bytes} bytes of the message` })
      })
      stream.on('error', () => {})
      stream.on('end', () => {
        ended = true
        if (stream.sizeExceeded || bytes > MOST_BYTES) {
          mishaps.push({ kind: 'too-large', detail: `${bytes} bytes, more than the ${MOST_BYTES} that are taken` })
          return done(Object.assign(new Error('Message too large'), { responseCode: 552 }))
        }
        const { mailFrom, rcptTo } = session.envelope
        const cipher = session.tlsOptions as { version?: string; name?: string } | false
        if (letters.length < MOST_LETTERS)
          letters.push({
            id: String(letters.length),
            raw: Buffer.concat(parts),
            sizeBytes: bytes,
            cut: false,
            arrivedAt: Date.now(),
            envelope: {
              from: mailFrom === false ? '' : mailFrom.address,
              to: rcptTo.map((one) => one.address),
              address: session.remoteAddress.replace(/^::ffff:/i, ''),
              greeting: session.hostNameAppearsAs,
              tls: cipher === false || cipher === undefined ? false : `${cipher.version ?? ''} ${cipher.name ?? ''}`.trim(),
            },
          })
        done()
      })
    },
  })
  server.on('error', (error: Error) => context.log(`receiving server: ${error.message}`))
  const host = asked.address ?? '127.0.0.1'
  await new Promise<void>((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void =>
      reject(failure(error.code ?? 'LISTEN', `cannot listen on ${host}:${asked.port}: ${error.message}`, 'internal'))
    server.server.once('error', refused)
    server.listen(asked.port, host, () => {
      server.server.removeListener('error', refused)
      resolve()
    })
  })
  return {
    where: `${host}:${asked.port}`,
    mishaps,
    look: () => Promise.resolve(letters.slice(given, (given = letters.length))),
    remove: () => Promise.resolve(),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

const MOST_DROPS = 3

/** An IMAP mailbox: what came after we began, and carries the mark. */
async function imap(context: ProbeContext, asked: NonNullable<MailDelivery['inbox']['imap']>, mark: string): Promise<Inbox> {
  const { target } = context
  const security = asked.security ?? 'tls'
  const logical = asked.port ?? (security === 'tls' ? 993 : 143)
  const port = realPort(target, logical)
  if (port === undefined) throw failure('UNMAPPED', `port ${logical} of ${asked.host}`, 'connect')
  const password = secretOf(target, asked.password)
  const library = await import('imapflow').catch(() => undefined)
  if (library === undefined) throw failure('NOT_INSTALLED', 'reading an IMAP mailbox needs the package imapflow', 'internal')
  const address = await firstAddress(context, asked.host)
  const where = `${asked.host}:${logical}`
  let client: ImapFlow | undefined
  const connect = async (): Promise<ImapFlow> => {
    if (client?.usable === true) return client
    const fresh = new library.ImapFlow({
      host: address,
      port,
      secure: security === 'tls',
      ...(security === 'starttls' ? { doSTARTTLS: true } : security === 'none' ? { doSTARTTLS: false } : {}),
      servername: asked.host,
      tls: { servername: asked.host, ...rootsOf(target) },
      auth: { user: asked.user, pass: password },
      logger: false,
      disableAutoIdle: true,
      connectionTimeout: 15_000,
      greetingTimeout: 15_000,
      socketTimeout: 60_000,
    })
    // What ends the connection is told by the command that it cuts short.
    fresh.on('error', (error: Error) => context.log(`${where}: ${error.message}`))
    const abort = (): void => fresh.close()
    context.signal.addEventListener('abort', abort, { once: true })
    try {
      await fresh.connect()
    } catch (error) {
      fresh.close()
      const { authenticationFailed, code, message } = error as { authenticationFailed?: boolean; code?: string; message?: string }
      throw authenticationFailed === true
        ? failure('LOGIN_REFUSED', `${where} does not let ${asked.user} in`, 'request')
        : failure(code ?? 'IMAP', `${where}: ${String(message).slice(0, 200)}`, 'connect')
    }
    client = fresh
    return fresh
  }
  const first = await connect()
  const junk = (await first.list()).filter(({ specialUse }) => specialUse === '\\Junk').map(({ path }) => path)
  const folders = asked.folders ?? ['INBOX', ...junk]
  const begin = new Map<string, { readonly next: number; readonly validity: bigint }>()
  for (const folder of folders) {
    const state = await first.status(folder, { uidNext: true, uidValidity: true }).catch(() => undefined)
    if (state === undefined || state === false) throw failure('NO_FOLDER', `${where} has no folder ${folder}`)
    begin.set(folder, { next: state.uidNext ?? 1, validity: state.uidValidity ?? 0n })
  }
  const known = new Map<string, { readonly folder: string; readonly uid: number }>()
  let drops = 0
  const each = async (act: (client: ImapFlow, folder: string) => Promise<void>): Promise<void> => {
    try {
      const one = await connect()
      for (const folder of folders) {
        const lock = await one.getMailboxLock(folder)
        try {
          await act(one, folder)
        } finally {
          lock.release()
        }
      }
      drops = 0
    } catch (error) {
      client?.close()
      client = undefined
      if (error instanceof ProbeError && error.failure.code === 'LOGIN_REFUSED') throw error
      drops += 1
      const message = error instanceof Error ? error.message : String(error)
      context.log(`${where}: ${message}; ${drops} times in a row`)
      if (drops >= MOST_DROPS) throw error instanceof ProbeError ? error : failure('IMAP', `${where}: ${message.slice(0, 200)}`)
    }
  }
  return {
    where,
    mishaps: [],
    look: async () => {
      const found: Letter[] = []
      await each(async (one, folder) => {
        const { next = 1, validity } = begin.get(folder) ?? {}
        if (one.mailbox !== false && one.mailbox.uidValidity !== validity) throw failure('UIDVALIDITY', `${where}: ${folder} was made anew meanwhile`)
        const uids = (await one.search({ uid: `${next}:*`, text: mark }, { uid: true })) || []
        for (const uid of uids) {
          const id = `${folder}/${uid}`
          // `n:*` also names the last letter where all are older.
          if (uid < next || known.has(id) || known.size >= MOST_LETTERS) continue
          const letter = await one.fetchOne(String(uid), { uid: true, size: true, source: { maxLength: MOST_BYTES } }, { uid: true })
          if (letter === false || letter?.source === undefined) continue
          known.set(id, { folder, uid })
          const sizeBytes = letter.size ?? letter.source.length
          found.push({ id, raw: letter.source, sizeBytes, cut: sizeBytes > letter.source.length, arrivedAt: Date.now(), folder })
        }
      })
      return found
    },
    remove: async (ids) => {
      await each(async (one, folder) => {
        const uids = ids.flatMap((id) => (known.get(id)?.folder === folder ? [known.get(id)?.uid ?? 0] : [])).filter((uid) => uid > 0)
        if (uids.length === 0) return
        // Without UIDPLUS an EXPUNGE takes along whatever else somebody marked.
        if (one.capabilities.has('UIDPLUS')) await one.messageDelete(uids.join(','), { uid: true })
        else await one.messageFlagsAdd(uids.join(','), ['\\Deleted'], { uid: true })
      })
    },
    close: async () => {
      const last = client
      client = undefined
      if (last === undefined) return
      const timer = setTimeout(() => last.close(), 2_000)
      await last.logout().catch(() => {})
      clearTimeout(timer)
      last.close()
    },
  }
}

export interface Caught {
  readonly id: string
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
const at = (value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined =>
  path.reduce<Json | undefined>((one, key) => (typeof one === 'object' && one !== null ? (one as Record<string | number, Json>)[key] : undefined), value)
const items = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : [])
const word = (value: Json | undefined): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

/** The API of a mail catcher. */
export interface Catcher {
  readonly where: string
  /** Letters that have the mark anywhere. @throws ProbeError NOT_JSON where something else answers, LOGIN_REFUSED, HTTP_<status> */
  search(mark: string): Promise<readonly Caught[]>
  source(id: string): Promise<Uint8Array>
  remove(id: string): Promise<void>
}

export function catcherOf(context: ProbeContext, asked: MailSink): Catcher {
  const { target } = context
  const base = withoutTrailing(asked.url.replaceAll('{domain}', target.domain), '/')
  const login =
    asked.user === undefined || asked.password === undefined
      ? []
      : ([['authorization', `Basic ${Buffer.from(`${asked.user}:${secretOf(target, asked.password)}`).toString('base64')}`]] as const)
  const ask = async (path: string, more: { readonly method?: string; readonly json?: unknown; readonly most?: number } = {}): ReturnType<typeof perform> => {
    const parts = splitUrl(`${base}${path}`)
    if (parts === undefined) throw failure('BAD_URL', `${base} is no http(s) URL`, 'internal')
    const seen = await perform(context, {
      ...parts,
      ...(more.method === undefined ? {} : { method: more.method }),
      headers: [...login, ...(more.json === undefined ? [] : ([['content-type', 'application/json']] as const))],
      ...(more.json === undefined ? {} : { body: JSON.stringify(more.json) }),
      maxBodyBytes: more.most ?? MOST_ANSWER,
    })
    if (seen.status === 401 || seen.status === 403) throw failure('LOGIN_REFUSED', `${base} answers ${seen.status}`)
    if (seen.status !== 200) throw failure(`HTTP_${seen.status}`, `${base}${path.split('?')[0]} answers ${seen.status}`)
    return seen
  }
  const json = async (path: string): Promise<Json> => {
    const seen = await ask(path)
    if (seen.truncated) throw failure('TOO_MUCH', `${base} lists more than ${MOST_ANSWER} bytes of mail`)
    try {
      const value = JSON.parse(bodyText(seen)) as Json
      if (typeof value === 'object' && value !== null) return value
    } catch {
      // Told below.
    }
    throw failure('NOT_JSON', `${base} answers with something else than ${asked.product} does`)
  }
  /** What a list must look like: anything else is no list without letters. */
  const listed = (value: Json | undefined): readonly Json[] => {
    if (!Array.isArray(value)) throw failure('NOT_JSON', `${base} answers with something else than ${asked.product} does`)
    return items(value as Json)
  }
  const gone = async (path: string, method: string, body?: unknown): Promise<void> => {
    await ask(path, { method, ...(body === undefined ? {} : { json: body }) })
  }
  switch (asked.product) {
    case 'mailpit':
      return {
        where: base,
        search: async (mark) =>
          listed(at(await json(`/api/v1/search?query=${encodeURIComponent(`"${mark}"`)}&limit=50`), 'messages')).map((one) => ({
            id: word(at(one, 'ID')),
            from: word(at(one, 'From', 'Address')),
            to: items(at(one, 'To')).map((to) => word(at(to, 'Address'))),
            subject: word(at(one, 'Subject')),
          })),
        source: async (id) => (await ask(`/api/v1/message/${encodeURIComponent(id)}/raw`, { most: MOST_BYTES })).body,
        remove: (id) => gone('/api/v1/messages', 'DELETE', { IDs: [id] }),
      }
    case 'mailhog': {
      const cache = new Map<string, string>()
      return {
        where: base,
        search: async (mark) => {
          const found = new Map<string, Caught>()
          for (const kind of ['to', 'containing']) {
            for (const one of listed(at(await json(`/api/v2/search?kind=${kind}&query=${encodeURIComponent(mark)}&limit=50`), 'items'))) {
              const id = word(at(one, 'ID'))
              cache.set(id, word(at(one, 'Raw', 'Data')))
              found.set(id, {
                id,
                from: word(at(one, 'Raw', 'From')),
                to: items(at(one, 'Raw', 'To')).map(word),
                subject: word(at(one, 'Content', 'Headers', 'Subject', 0)),
              })
            }
          }
          return [...found.values()]
        },
        // Go wrote its bytes as the letters of a JSON text: UTF-8.
        source: (id) => Promise.resolve(Buffer.from(cache.get(id) ?? '', 'utf8')),
        remove: (id) => gone(`/api/v1/messages/${encodeURIComponent(id)}`, 'DELETE'),
      }
    }
    case 'maildev':
      return {
        where: base,
        // It has no search for parts of texts: what it lists is looked through here.
        search: async (mark) =>
          listed(await json('/email'))
            .filter((one) => JSON.stringify(one).toLowerCase().includes(mark.toLowerCase()))
            .slice(0, 50)
            .map((one) => ({
              id: word(at(one, 'id')),
              from: word(at(one, 'envelope', 'from', 'address')),
              to: items(at(one, 'envelope', 'to')).map((to) => word(at(to, 'address'))),
              subject: word(at(one, 'subject')),
            })),
        source: async (id) => (await ask(`/email/${encodeURIComponent(id)}/source`, { most: MOST_BYTES })).body,
        remove: (id) => gone(`/email/${encodeURIComponent(id)}`, 'DELETE'),
      }
    default:
      return asked.product satisfies never
  }
}

async function catching(context: ProbeContext, asked: MailSink, mark: string): Promise<Inbox> {
  const catcher = catcherOf(context, asked)
  const known = new Set<string>()
  // Before anything is sent: does it answer at all?
  for (const { id } of await catcher.search(mark)) known.add(id)
  return {
    where: catcher.where,
    mishaps: [],
    look: async () => {
      const letters: Letter[] = []
      for (const one of await catcher.search(mark)) {
        if (known.has(one.id) || one.id === '' || known.size >= MOST_LETTERS) continue
        const raw = await catcher.source(one.id)
        known.add(one.id)
        letters.push({
          id: one.id,
          raw,
          sizeBytes: raw.length,
          cut: raw.length >= MOST_BYTES,
          arrivedAt: Date.now(),
          ...(one.from === '' && one.to.length === 0 ? {} : { envelope: { from: one.from, to: one.to } }),
        })
      }
      return letters
    },
    remove: async (ids) => {
      for (const id of ids) await catcher.remove(id)
    },
    close: () => Promise.resolve(),
  }
}

/**
 * Opens the inbox of a delivery before anything is sent.
 * @throws ProbeError LOGIN_REFUSED, NOT_INSTALLED, NO_SECRET, NO_FOLDER, NOT_JSON, and what the network did
 */
export async function openInbox(context: ProbeContext, delivery: MailDelivery, address: string, mark: string): Promise<Inbox> {
  const { receive, imap: mailbox, api } = delivery.inbox
  if (receive !== undefined) return await receiving(context, receive, address)
  if (mailbox !== undefined) return await imap(context, mailbox, mark)
  if (api !== undefined) return await catching(context, api, mark)
  throw new TypeError(`the delivery ${delivery.name} has no inbox`)
}
