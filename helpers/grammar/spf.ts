/** SPF records (RFC 7208 §12, the whole grammar) and the expansion of their macros (§7). One wrong term makes the whole record wrong (§4.6). */
import { isIPv4, isIPv6 } from 'node:net'

export type SpfQualifier = '+' | '-' | '~' | '?'
export type SpfMechanism = 'all' | 'include' | 'a' | 'mx' | 'ptr' | 'ip4' | 'ip6' | 'exists'

export interface SpfDirective {
  /** As written. */
  readonly text: string
  readonly qualifier: SpfQualifier
  readonly mechanism: SpfMechanism
  /** domain-spec as written, macros unexpanded; absent: the current domain. */
  readonly domain?: string
  /** Address of ip4 and ip6, without its length. */
  readonly network?: string
  /** Prefix lengths of a, mx, ip4 (`cidr4`) and a, mx, ip6 (`cidr6`). @default 32 and 128 */
  readonly cidr4: number
  readonly cidr6: number
}
export interface SpfRecord {
  readonly directives: readonly SpfDirective[]
  /** domain-spec of `redirect=`. */
  readonly redirect?: string
  readonly exp?: string
  /** Modifiers nobody knows: to be ignored (§6). */
  readonly unknown: readonly string[]
}
export type SpfReading = { readonly ok: true; readonly value: SpfRecord } | { readonly ok: false; readonly error: string; readonly term: string }

/** What a record set may hold at most; longer text is hostile. */
const MOST = 65_535
const QUALIFIERS: ReadonlySet<string> = new Set(['+', '-', '~', '?'])
const MECHANISMS: ReadonlySet<string> = new Set(['all', 'include', 'a', 'mx', 'ptr', 'ip4', 'ip6', 'exists'])

/** Letters c, r and t belong to explanation texts alone (§7.2). A digit transformer of zero is wrong (§7.1). */
const EXPAND = String.raw`%(?:\{[slodiphv](?:0*[1-9][0-9]*)?r?[.\-+,/_=]*\}|%|_|-)`
const EXPAND_ANY = String.raw`%(?:\{[slodiphvcrt](?:0*[1-9][0-9]*)?r?[.\-+,/_=]*\}|%|_|-)`
const MACRO_STRING = new RegExp(`^(?:${EXPAND}|[\\x21-\\x24\\x26-\\x7e])*$`, 'i')
const MACRO_STRING_ANY = new RegExp(`^(?:${EXPAND_ANY}|[\\x21-\\x24\\x26-\\x7e])*$`, 'i')
const ENDS_IN_MACRO = new RegExp(`${EXPAND}$`, 'i')
const TERM_NAME = /^([+\-~?]?)([a-z][a-z0-9\-_.]*)([\s\S]*)$/i
const MODIFIER = /^([a-z][a-z0-9\-_.]*)=([\s\S]*)$/i
const LENGTHS = /^([\s\S]*?)(?:\/(\d{1,5}))?(?:\/\/(\d{1,5}))?$/

/** A record is SPF when it begins with `v=spf1` and then ends or goes on with a blank (§4.5). */
export const isSpf = (text: string): boolean => /^v=spf1(?: |$)/i.test(text)

/** domain-spec (§7.1): ends in a macro, or in a dot and a label that is not all digits. */
function domainFault(text: string): string | undefined {
  if (text === '') return 'the domain is empty'
  if (!MACRO_STRING.test(text))
    return text.includes('%') ? 'a macro that does not exist, or a letter that no domain may have' : 'a letter that no domain may have'
  if (/[}%_-]$/.test(text) && ENDS_IN_MACRO.test(text.slice(-32))) return undefined
  const name = text.endsWith('.') ? text.slice(0, -1) : text
  const dot = name.lastIndexOf('.')
  const label = name.slice(dot + 1)
  if (dot < 0) return `${label.slice(0, 60)} is a single label`
  const ldh = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i.test(label)
  return ldh && !/^[0-9]+$/.test(label) ? undefined : `${JSON.stringify(label.slice(0, 60))} is no top-level domain`
}

/** "0", or digits without a leading zero, at most `most`. */
const prefix = (digits: string | undefined, most: number): number | undefined =>
  digits === undefined ? most : /^(?:0|[1-9]\d*)$/.test(digits) && Number(digits) <= most ? Number(digits) : undefined

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string }
const no = (error: string): { readonly ok: false; readonly error: string } => ({ ok: false, error })

function readDirective(text: string): Read<SpfDirective> {
  const [, sign = '', word = '', rest = ''] = TERM_NAME.exec(text) ?? []
  const mechanism = word.toLowerCase()
  if (!MECHANISMS.has(mechanism)) return no(word === '' ? 'neither a mechanism nor a modifier' : `${word.slice(0, 40)} is no mechanism`)
  const base = {
    text,
    qualifier: (QUALIFIERS.has(sign) ? sign : '+') as SpfQualifier,
    mechanism: mechanism as SpfMechanism,
    cidr4: 32,
    cidr6: 128,
  }
  switch (base.mechanism) {
    case 'all':
      return rest === '' ? { ok: true, value: base } : no('all takes nothing')
    case 'include':
    case 'exists':
    case 'ptr': {
      if (rest === '' && base.mechanism === 'ptr') return { ok: true, value: base }
      if (!rest.startsWith(':')) return no(`${mechanism} needs a colon and a domain`)
      const fault = domainFault(rest.slice(1))
      return fault === undefined ? { ok: true, value: { ...base, domain: rest.slice(1) } } : no(fault)
    }
    case 'a':
    case 'mx': {
      const [, head = '', four, six] = LENGTHS.exec(rest) ?? []
      const cidr4 = prefix(four, 32)
      const cidr6 = prefix(six, 128)
      if (cidr4 === undefined || cidr6 === undefined) return no('a prefix length that does not exist')
      if (head === '') return { ok: true, value: { ...base, cidr4, cidr6 } }
      if (!head.startsWith(':')) return no(`${JSON.stringify(head.slice(0, 40))} is neither a domain nor a prefix length`)
      const fault = domainFault(head.slice(1))
      return fault === undefined ? { ok: true, value: { ...base, domain: head.slice(1), cidr4, cidr6 } } : no(fault)
    }
    case 'ip4':
    case 'ip6': {
      if (!rest.startsWith(':')) return no(`${mechanism} needs a colon and an address`)
      const slash = rest.indexOf('/')
      const network = slash < 0 ? rest.slice(1) : rest.slice(1, slash)
      const four = base.mechanism === 'ip4'
      // A zone index (fe80::1%eth0) is nothing that a record could mean.
      if (!(four ? isIPv4(network) : isIPv6(network) && !network.includes('%')))
        return no(`${JSON.stringify(network.slice(0, 60))} is no ${four ? 'IPv4' : 'IPv6'} address`)
      const length = prefix(slash < 0 ? undefined : rest.slice(slash + 1), four ? 32 : 128)
      if (length === undefined) return no('a prefix length that does not exist')
      return { ok: true, value: { ...base, network: network.toLowerCase(), ...(four ? { cidr4: length } : { cidr6: length }) } }
    }
    default:
      return base.mechanism satisfies never
  }
}

/** Reads a text that {@link isSpf}. Never throws; nothing is repaired. */
export function readSpf(text: string): SpfReading {
  if (!isSpf(text)) return { ok: false, error: 'does not begin with v=spf1', term: text.slice(0, 40) }
  if (text.length > MOST) return { ok: false, error: `${text.length} characters`, term: '' }
  const directives: SpfDirective[] = []
  const unknown: string[] = []
  let redirect: string | undefined
  let exp: string | undefined
  for (const term of text.slice(6).split(' ')) {
    if (term === '') continue
    const [, name, value = ''] = MODIFIER.exec(term) ?? []
    if (name === undefined) {
      const read = readDirective(term)
      if (!read.ok) return { ok: false, error: read.error, term: term.slice(0, 200) }
      directives.push(read.value)
      continue
    }
    const word = name.toLowerCase()
    const known = word === 'redirect' || word === 'exp'
    const fault = known
      ? (word === 'redirect' ? redirect : exp) === undefined
        ? domainFault(value)
        : `${word} stands there twice`
      : MACRO_STRING_ANY.test(value)
        ? undefined
        : 'a modifier with a macro that does not exist, or a letter that none may have'
    if (fault !== undefined) return { ok: false, error: fault, term: term.slice(0, 200) }
    if (word === 'redirect') redirect = value
    else if (word === 'exp') exp = value
    else unknown.push(name)
  }
  return { ok: true, value: { directives, unknown, ...(redirect === undefined ? {} : { redirect }), ...(exp === undefined ? {} : { exp }) } }
}

export interface SpfMacros {
  /** The sender, its local part and its domain. */
  readonly s: string
  readonly l: string
  readonly o: string
  /** The current domain. */
  readonly d: string
  /** Address as {@link macroAddress} writes it. */
  readonly i: string
  /** Validated name of the address, or `unknown`. */
  readonly p: string
  readonly h: string
  /** `in-addr` or `ip6`. */
  readonly v: string
}

/** All sixteen bytes of an IPv6 address, as 32 hexadecimal digits. */
export function hexOfIpv6(address: string): string {
  const tail = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  const hex = (a = '0', b = '0'): string => (Number(a) * 256 + Number(b)).toString(16)
  const text = tail === null ? address : `${tail[1]}${hex(tail[2], tail[3])}:${hex(tail[4], tail[5])}`
  const [before = '', after] = text.split('::')
  const words = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const left = words(before)
  const right = after === undefined ? [] : words(after)
  const middle = after === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  return [...left, ...middle, ...right]
    .map((word) => word.padStart(4, '0'))
    .join('')
    .toLowerCase()
}
/** The form of `%{i}` (§7.3): dotted quad, or the 32 nibbles of an IPv6 address between dots. */
export const macroAddress = (address: string): string => (address.includes(':') ? hexOfIpv6(address).split('').join('.') : address)

const MACRO = /%(?:\{([a-z])(\d*)(r?)([.\-+,/_=]*)\}|([%_-]))/gi
const escaped = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)

/** Whether anything in it depends on the message. */
export const hasMacro = (domain: string): boolean => domain.includes('%{')
/** Whether `%{p}` is in it, which costs lookups of its own. */
export const asksForName = (domain: string): boolean => /%\{p/i.test(domain)

/** Expands the macros of a domain-spec that was read without fault; a result longer than 253 characters loses labels on its left (§7.3). */
export function expandMacros(domain: string, values: SpfMacros): string {
  const expanded = domain.replace(
    MACRO,
    (_all, letter: string | undefined, digits: string, reverse: string, delimiters: string, literal: string | undefined) => {
      if (letter === undefined) return literal === '_' ? ' ' : literal === '-' ? '%20' : '%'
      const value = values[letter.toLowerCase() as keyof SpfMacros]
      let parts = value.split(delimiters === '' ? '.' : new RegExp(`[${delimiters.replace(/[\\\]^-]/g, '\\$&')}]`))
      if (reverse !== '') parts = parts.toReversed()
      if (digits !== '') parts = parts.slice(-Math.min(parts.length, Number(digits)))
      const text = parts.join('.')
      return letter === letter.toLowerCase() ? text : escaped(text)
    },
  )
  let name = expanded.replace(/\.$/, '')
  while (name.length > 253 && name.includes('.')) name = name.slice(name.indexOf('.') + 1)
  return name
}
