/** What a message says: its fields that people see, its texts, links and files. MIME is read by postal-mime, bytes and charsets are looked at by ourselves. */
import PostalMime, { addressParser } from 'postal-mime'
import { type MailField, readHead, unfolded, valuesOf } from './mail-fields.ts'
import { withoutTrailing } from './linear.ts'

export interface Mailbox {
  readonly name: string
  readonly address: string
}
export interface MailContent {
  readonly fields: readonly MailField[]
  readonly from: readonly Mailbox[]
  readonly to: readonly Mailbox[]
  readonly replyTo: readonly Mailbox[]
  /** Addresses that say whom it was delivered to: Delivered-To, X-Original-To, Envelope-To. */
  readonly deliveredTo: readonly string[]
  readonly returnPath?: string
  /** Decoded. */
  readonly subject: string
  readonly messageId?: string
  readonly date?: string
  readonly text?: string
  readonly html?: string
  readonly attachments: readonly { readonly name: string; readonly type: string; readonly bytes: number }[]
  /** http and https URLs of text and HTML, each once, in order; and where they stand. */
  readonly links: readonly MailLinkFound[]
  /** What is wrong with its form: fields, nesting, charsets. */
  readonly faults: readonly string[]
}
export interface MailLinkFound {
  readonly url: string
  readonly where: 'text' | 'html' | 'image'
}

const MOST_TEXT = 512 * 1024
const MOST_LINKS = 200
/** Characters between the begin of a tag and the attribute with its address. */
const MOST_TAG = 4_096

const mailboxes = (values: readonly string[]): readonly Mailbox[] =>
  values
    .slice(0, 5)
    .flatMap((value) => addressParser(value.slice(0, 16_384), { flatten: true }))
    .flatMap((one) => (one.address === undefined || one.address === '' ? [] : [{ name: one.name, address: one.address.toLowerCase() }]))
    .slice(0, 100)

/** `&amp;` and its numeric forms are what HTML writes for letters of URLs. */
const plainText = (value: string): string =>
  value
    .replace(/&(?:amp|#38|#x26);/gi, '&')
    .replace(/&(?:#61|#x3d|equals);/gi, '=')
    .replace(/&(?:quot|#34);/gi, '"')

/** Of each tag the first attribute with an address and its value: what lies between a tag's begin and its attribute is read once, however often tags begin. */
function addressesIn(html: string): readonly (readonly [string, string])[] {
  const found: (readonly [string, string])[] = []
  const mark = /<[a-z]|>|\s(href|src|action)\s*=\s*/gi
  const value = /"([^"]*)"|'([^']*)'|([^\s>]+)/y
  /** Behind the last begin of a tag that has neither ended nor given an address. */
  let begun: number | undefined
  for (let match = mark.exec(html); match !== null; match = mark.exec(html)) {
    if (match[1] === undefined) {
      begun = match[0] === '>' ? undefined : mark.lastIndex
      continue
    }
    if (begun === undefined || match.index - begun > MOST_TAG) continue
    value.lastIndex = mark.lastIndex
    const read = value.exec(html)
    if (read === null) continue
    found.push([match[1].toLowerCase(), read[1] ?? read[2] ?? read[3] ?? ''])
    mark.lastIndex = value.lastIndex
    begun = undefined
  }
  return found
}

function linksOf(text: string | undefined, html: string | undefined): readonly MailLinkFound[] {
  const found = new Map<string, MailLinkFound>()
  const add = (url: string, where: MailLinkFound['where']): void => {
    if (found.size < MOST_LINKS && !found.has(url)) found.set(url, { url: url.slice(0, 4_096), where })
  }
  for (const [name, value] of addressesIn(html ?? '')) {
    const url = plainText(value).trim()
    if (/^https?:/i.test(url)) add(url, name === 'src' ? 'image' : 'html')
  }
  for (const match of (text ?? '').matchAll(/https?:\/\/[^\s<>"'\u0000-\u0020]+/gi)) add(withoutTrailing(match[0], '.,;:!?)]'), 'text')
  return [...found.values()]
}

/** UTF-8 that was read as Windows-1252 or Latin-1: `Ã¼`, `â€™`. */
const MOJIBAKE = /Ã[\u0080-\u00bf\u2018-\u2022\u0152-\u0192€™]|â€[\u0080-\u00bf\u2018-\u2122™œ]|Â[\u00a0-\u00bf]/
const CHARSET = /charset\s*=\s*(?:"([^"]{1,60})"|([^\s;"]{1,60}))/gi

const isKnown = (label: string): boolean => {
  try {
    return new TextDecoder(label).encoding !== ''
  } catch {
    return false
  }
}

function charsetFaults(bytes: string, decoded: readonly (readonly [string, string])[]): readonly string[] {
  const faults: string[] = []
  for (const label of new Set(
    [...bytes.matchAll(/^content-type:(?:[^\r\n]|\r?\n[ \t]){0,2000}/gim)].flatMap(([field]) =>
      [...field.matchAll(CHARSET)].map((match) => (match[1] ?? match[2] ?? '').toLowerCase()),
    ),
  )) {
    if (!isKnown(label)) faults.push(`charset ${JSON.stringify(label)} is unknown`)
  }
  for (const [where, text] of decoded) {
    const odd = text.indexOf('\ufffd')
    if (odd >= 0) faults.push(`${where} has bytes that are not of its charset, at ${JSON.stringify(text.slice(Math.max(0, odd - 20), odd + 10))}`)
    const broken = MOJIBAKE.exec(text)
    if (broken !== null)
      faults.push(
        `${where} was decoded with the wrong charset before it was sent, at ${JSON.stringify(text.slice(Math.max(0, broken.index - 20), broken.index + 10))}`,
      )
  }
  return faults
}

/** @param raw the message as it came, or its beginning. Never throws. */
export async function readMail(raw: Uint8Array): Promise<MailContent> {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('latin1')
  const head = readHead(bytes)
  const faults = [...head.faults]
  const values = (name: string): readonly string[] => valuesOf(head.fields, name)
  let parsed: Awaited<ReturnType<typeof PostalMime.parse>> | undefined
  try {
    parsed = await PostalMime.parse(raw, { maxNestingDepth: 50, maxHeadersSize: 256 * 1024, maxRfc822NestingDepth: 2 })
  } catch (error) {
    faults.push(`its parts cannot be read: ${error instanceof Error ? error.message.slice(0, 200) : 'unknown'}`)
  }
  // postal-mime makes a text of an HTML part that stands alone; only what was sent counts.
  const text = parsed?.text?.slice(0, MOST_TEXT)
  const html = parsed?.html?.slice(0, MOST_TEXT)
  const subject = parsed?.subject ?? values('subject')[0] ?? ''
  const decoded: (readonly [string, string])[] = [['the subject', subject]]
  if (text !== undefined) decoded.push(['the text', text])
  if (html !== undefined) decoded.push(['the HTML', html])
  faults.push(...charsetFaults(bytes, decoded))
  for (const name of ['subject', 'from', 'to', 'reply-to'])
    if (
      head.fields.some(
        (field) => field.name.toLowerCase() === name && /[\x80-\xff]/.test(field.raw) && Buffer.from(field.raw, 'latin1').toString('utf8').includes('\ufffd'),
      )
    )
      faults.push(`${name} has raw bytes above 127 that are not UTF-8`)
  const [messageId] = values('message-id')
  const [date] = values('date')
  const returnPath = values('return-path')[0]
  return {
    fields: head.fields,
    from: mailboxes(head.fields.filter(({ name }) => name.toLowerCase() === 'from').map(({ raw: value }) => unfolded(value))),
    to: mailboxes([...values('to'), ...values('cc')]),
    replyTo: mailboxes(values('reply-to')),
    deliveredTo: ['delivered-to', 'x-original-to', 'envelope-to', 'x-forwarded-to'].flatMap(values).map((one) => one.replace(/^<|>$/g, '').toLowerCase()),
    ...(returnPath === undefined ? {} : { returnPath: returnPath.replace(/^<|>$/g, '').toLowerCase() }),
    subject,
    ...(messageId === undefined ? {} : { messageId }),
    ...(date === undefined ? {} : { date }),
    ...(text === undefined ? {} : { text }),
    ...(html === undefined ? {} : { html }),
    attachments: (parsed?.attachments ?? [])
      .filter(({ related, disposition, contentId }) => related !== true && (disposition !== 'inline' || contentId === undefined))
      .slice(0, 50)
      .map((one) => ({ name: one.filename ?? '', type: one.mimeType, bytes: typeof one.content === 'string' ? one.content.length : one.content.byteLength })),
    links: linksOf(text, html),
    faults,
  }
}

/** What it is to somebody who waits for one: the mail itself, or one that only speaks of it. */
export type MailNature = 'own' | 'bounce' | 'reply' | 'automatic' | 'foreign'

/** Lines that quote somebody (`> …`), and all behind `On … wrote:` or `-----Original Message-----`, are not the sender's. */
const unquoted = (text: string): string =>
  (text.split(/^(?:-{2,}\s*(?:Original|Forwarded|Ursprüngliche)[^\n]*|On [^\n]{5,200} wrote:|Am [^\n]{5,200} schrieb[^\n]*)$/im)[0] ?? '')
    .split('\n')
    .filter((line) => !/^\s*[>|]/.test(line))
    .join('\n')

/**
 * @param mark our token
 * @param carrier where the token must stand: in the address it was sent to, or in subject or text
 * @param recipients of the envelope, where they are known
 */
export function natureOf(mail: MailContent, mark: string, carrier: 'address' | 'text', recipients: readonly string[] = []): MailNature {
  const token = mark.toLowerCase()
  const has = (value: string | undefined): boolean => value?.toLowerCase().includes(token) === true
  const value = (name: string): string => valuesOf(mail.fields, name).join(' ').toLowerCase()
  const addressed = [...recipients, ...mail.deliveredTo, ...mail.to.map(({ address }) => address)].some(has)
  const told = has(mail.subject) || has(unquoted(mail.text ?? '')) || has((mail.html ?? '').replace(/<blockquote[\s\S]*?(?:<\/blockquote>|$)/gi, ''))
  const anywhere = addressed || told || has(mail.text) || has(mail.html) || mail.fields.some(({ raw }) => has(raw))
  const type = value('content-type')
  if (/multipart\/report|message\/delivery-status/.test(type) || /^(?:mailer-daemon|postmaster)@/.test(mail.from[0]?.address ?? ''))
    return anywhere ? 'bounce' : 'foreign'
  if (/auto-replied/.test(value('auto-submitted')) || value('x-autoreply') !== '' || value('x-autorespond') !== '') return anywhere ? 'automatic' : 'foreign'
  const answers = value('in-reply-to') !== '' || value('references') !== ''
  if (answers && /^\s*(?:re|aw|fwd?|wg|sv|antw)\s*:/i.test(mail.subject)) return anywhere ? 'reply' : 'foreign'
  if (carrier === 'address' ? addressed : told) return 'own'
  return anywhere ? 'reply' : 'foreign'
}
