/** Fields of a message (RFC 5322) byte by byte, and what a few of them say: Received, Authentication-Results, Message-ID, Date, List-Unsubscribe. */
import { isIP } from 'node:net'

/** One field as it stands there. Texts are bytes as Latin-1 letters. */
export interface MailField {
  readonly name: string
  /** Behind the colon, folding included, without the last line end. */
  readonly raw: string
}
export interface MailHead {
  readonly fields: readonly MailField[]
  /** Where the body begins. */
  readonly bodyAt: number
  /** Lines that are no field. */
  readonly faults: readonly string[]
}

const MOST_FIELDS = 1_000
const MOST_HEAD = 512 * 1024

/** @param bytes the message as Latin-1 letters. Line ends may be LF. Never throws. */
export function readHead(bytes: string): MailHead {
  const end = /\r?\n\r?\n/.exec(bytes.slice(0, MOST_HEAD))
  const first = /^\r?\n/.exec(bytes)
  const faults: string[] = []
  if (end === null && first === null) faults.push('there is no empty line behind the fields')
  const head = first !== null ? '' : bytes.slice(0, end?.index ?? Math.min(bytes.length, MOST_HEAD))
  const fields: { name: string; raw: string }[] = []
  for (const line of head === '' ? [] : head.split(/\r?\n/)) {
    const last = fields.at(-1)
    if (/^[ \t]/.test(line)) {
      if (last === undefined) faults.push('it begins with a folded line')
      else last.raw += `\r\n${line}`
      continue
    }
    const [, name, raw = ''] = /^([\x21-\x39\x3b-\x7e]+)[ \t]*:([\s\S]*)$/.exec(line) ?? []
    if (name === undefined) faults.push(`${JSON.stringify(line.slice(0, 60))} is no field`)
    else if (fields.length < MOST_FIELDS) fields.push({ name, raw })
  }
  return { fields, faults, bodyAt: first !== null ? first[0].length : end === null ? bytes.length : end.index + end[0].length }
}

/** Unfolded, trimmed; bytes above 127 read as UTF-8. */
export const unfolded = (raw: string): string =>
  Buffer.from(raw.replace(/\r?\n(?=[ \t])/g, ''), 'latin1')
    .toString('utf8')
    .trim()
/** Values of a field, unfolded, in order. */
export const valuesOf = (fields: readonly MailField[], name: string): readonly string[] =>
  fields.filter((field) => field.name.toLowerCase() === name).map((field) => unfolded(field.raw))

/** Comments (RFC 5322 §3.2.2), nested or not, cut out; inside quotes they are text. */
export function withoutComments(text: string): string {
  let depth = 0
  let quoted = false
  let rest = ''
  for (let index = 0; index < text.length; index += 1) {
    const letter = text[index] as string
    if (letter === '\\') {
      if (depth === 0) rest += letter + (text[index + 1] ?? '')
      index += 1
    } else if (quoted) {
      rest += letter
      quoted = letter !== '"'
    } else if (letter === '(') depth += 1
    else if (letter === ')' && depth > 0) depth -= 1
    else if (depth === 0) {
      rest += letter
      quoted = letter === '"'
    }
  }
  return rest
}

/** One hop (RFC 5321 §4.4). What is not there is not told. */
export interface Hop {
  /** Name that the sender greeted with. */
  readonly from?: string
  /** Address that it came from. */
  readonly address?: string
  readonly by?: string
  /** ESMTPS, LMTP, HTTP… upper case. */
  readonly protocol?: string
  /** It says that the hop was encrypted: by the protocol (RFC 3848) or by words such as `using TLSv1.3`. */
  readonly tls: boolean
  /** Version, where it is told. */
  readonly tlsVersion?: string
  /** Milliseconds since 1970. */
  readonly at?: number
}

const ENCRYPTED = /^(?:(?:UTF8)?(?:ESMTP|LMTP)SA?|HTTPS|SMTPS)$/

/** Reads one Received field. Never throws. */
export function readReceived(value: string): Hop {
  const text = value.slice(0, 4_096)
  const semicolon = withoutComments(text).includes(';') ? text.lastIndexOf(';') : -1
  const clauses = semicolon < 0 ? text : text.slice(0, semicolon)
  const at = semicolon < 0 ? Number.NaN : readDate(text.slice(semicolon + 1))
  const bare = withoutComments(clauses).replace(/\s+/g, ' ')
  const word = (name: string): string | undefined => new RegExp(`(?:^|\\s)${name}\\s+(\\S+)`, 'i').exec(bare)?.[1]?.toLowerCase()
  const from = word('from')
  const by = word('by')
  const protocol = word('with')?.toUpperCase()
  const origin = /^\s*from\s/i.test(clauses) ? (clauses.split(/\sby\s/i)[0] ?? '') : ''
  const address = [...origin.matchAll(/\[?(?:IPv6:)?([0-9a-fA-F.:]+)\]?/g)]
    .map((match) => (match[1] as string).replace(/^::ffff:(?=\d+\.)/i, '').toLowerCase())
    .filter((one) => isIP(one) !== 0)
    .at(-1)
  const version = /(?:using|version=)\s*(TLSv?\d(?:[._]\d)?|SSLv\d)/i.exec(clauses)?.[1]?.replace(/^TLSv?(\d)[._](\d)$/i, 'TLSv$1.$2')
  return {
    ...(from === undefined ? {} : { from }),
    ...(address === undefined ? {} : { address }),
    ...(by === undefined ? {} : { by }),
    ...(protocol === undefined ? {} : { protocol }),
    tls: version !== undefined || (protocol !== undefined && ENCRYPTED.test(protocol)),
    ...(version === undefined ? {} : { tlsVersion: version }),
    ...(Number.isNaN(at) ? {} : { at }),
  }
}

const DATE =
  /^\s*(?:[A-Za-z]{3}\s*,\s*)?(\d{1,2})\s+(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+(\d{2,4})\s+(\d{2}):(\d{2})(?::(\d{2}))?\s*([+-]\d{4}|[A-Z]{1,5})\s*$/i
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
/** Hours of the zones with a name (RFC 5322 §4.3); what else has letters says nothing about the zone. */
const ZONES: Readonly<Record<string, number>> = { GMT: 0, UT: 0, UTC: 0, Z: 0, EST: -5, EDT: -4, CST: -6, CDT: -5, MST: -7, MDT: -6, PST: -8, PDT: -7 }

/** A date of RFC 5322 §3.3, milliseconds since 1970; NaN for anything else. */
export function readDate(value: string): number {
  const match = DATE.exec(withoutComments(value).replace(/\s+/g, ' '))
  if (match === null) return Number.NaN
  const [day, year, hour, minute, second] = [match[1], match[3], match[4], match[5], match[6] ?? '0'].map(Number) as [number, number, number, number, number]
  const month = MONTHS.indexOf((match[2] as string).toLowerCase())
  const full = year < 50 ? year + 2000 : year < 1000 ? year + 1900 : year
  const zone = match[7] as string
  const minutes = /^[+-]/.test(zone)
    ? (zone.startsWith('-') ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3)))
    : (ZONES[zone.toUpperCase()] ?? Number.NaN) * 60
  if (hour > 23 || minute > 59 || second > 60 || day < 1 || new Date(Date.UTC(full, month, day)).getUTCDate() !== day) return Number.NaN
  return Date.UTC(full, month, day, hour, minute, Math.min(second, 59)) - minutes * 60_000
}

/** One method of an Authentication-Results field (RFC 8601 §2.2). */
export interface AuthMethod {
  /** spf, dkim, dmarc, arc, iprev… */
  readonly method: string
  readonly result: string
  /** `header.d` and so on, lower case, to value. */
  readonly properties: Readonly<Record<string, string>>
}
export type AuthResultsReading =
  | { readonly ok: true; readonly value: { readonly server: string; readonly methods: readonly AuthMethod[] } }
  | { readonly ok: false; readonly error: string }

/** Never throws. */
export function readAuthResults(value: string): AuthResultsReading {
  const [head = '', ...rest] = withoutComments(value.slice(0, 16_384)).split(';')
  const server = /^\s*"?([^\s";=]+)"?(?:\s+\d+)?\s*$/.exec(head)?.[1]?.toLowerCase()
  if (server === undefined) return { ok: false, error: `${JSON.stringify(head.trim().slice(0, 60))} is no name of a server` }
  const methods: AuthMethod[] = []
  for (const part of rest) {
    if (part.trim() === '' || /^\s*none\s*$/i.test(part)) continue
    const [, method, result, more = ''] = /^\s*([A-Za-z0-9-]+)(?:\s*\/\s*\d+)?\s*=\s*([A-Za-z]+)([\s\S]*)$/.exec(part) ?? []
    if (method === undefined || result === undefined) return { ok: false, error: `${JSON.stringify(part.trim().slice(0, 60))} is no result` }
    const properties: Record<string, string> = {}
    for (const match of more.matchAll(/([A-Za-z][A-Za-z0-9.-]*)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]+))?/g)) {
      if (match[2] === undefined) continue
      const name = (match[1] as string).toLowerCase()
      if (!Object.hasOwn(properties, name)) properties[name] = match[2].replace(/^"|"$/g, '')
    }
    methods.push({ method: method.toLowerCase(), result: result.toLowerCase(), properties })
  }
  return { ok: true, value: { server, methods } }
}

/** `<left@right>` with one @ (RFC 5322 §3.6.4); its right side, lower case, or undefined. */
export const messageIdDomain = (value: string): string | undefined => /^<[^\s<>@]+@(\[?[^\s<>@]+?\]?)>$/.exec(value.trim())?.[1]?.toLowerCase()

/** URIs in angle brackets (RFC 2369 §2), at most 20. */
export const listUris = (value: string): readonly string[] =>
  [...withoutComments(value).matchAll(/<([^<>]*)>/g)].slice(0, 20).map((match) => (match[1] as string).replace(/\s+/g, ''))
