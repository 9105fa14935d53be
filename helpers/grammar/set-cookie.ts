/**
 * Reads one Set-Cookie header field as browsers do (draft-ietf-httpbis-rfc6265bis §5.6 and §5.7, CHIPS for Partitioned), keeping what a lenient
 * reader throws away: the attribute list in order, repeated and unknown attributes, values that are ignored.
 */
import { isIP } from 'node:net'
import { getPublicSuffix } from 'tldts'
import { domainMatch, parseDate } from 'tough-cookie'
import { withoutBlanks } from './linear.ts'

interface CookieAttribute {
  /** As sent, trimmed. */
  readonly name: string
  /** Undefined where there is no equals sign. */
  readonly value?: string
}

export interface SetCookie {
  /** Case-sensitive; may be empty (`=value` or `value`). */
  readonly name: string
  readonly value: string
  /** Everything behind the pair, in the order sent. Empty parts (`;;`) are left out. */
  readonly attributes: readonly CookieAttribute[]
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly partitioned: boolean
  /** `absent` and `invalid` both mean the browser's default: Lax in Chromium, none elsewhere. */
  readonly sameSite: 'strict' | 'lax' | 'none' | 'absent' | 'invalid'
  /** Lower case without one leading dot; undefined: host-only. */
  readonly domain?: string
  /** Undefined: the default path. */
  readonly path?: string
  /** Seconds, may be negative. `invalid`: browsers ignore the attribute. The last valid one counts. */
  readonly maxAge?: number | 'invalid'
  /** Milliseconds since 1970. `invalid`: browsers ignore the attribute. */
  readonly expires?: number | 'invalid'
  /** Octets of name and value together. */
  readonly sizeBytes: number
  /** Names of known attributes, lower case, that stand there more than once. */
  readonly repeated: readonly string[]
  /** Attributes that no browser knows, as sent. */
  readonly unknown: readonly string[]
  /** Attributes whose value is ignored, and why. */
  readonly ignored: readonly string[]
}

type ParsedSetCookie =
  | { readonly ok: true; readonly cookie: SetCookie }
  | { readonly ok: false; readonly error: 'control-character' | 'empty' | 'too-long'; readonly name: string }

/** Above this a field is not read at all; browsers give up far earlier. */
const MOST_BYTES = 65_536
/** RFC 6265bis §5.6: name and value together. */
export const MOST_COOKIE_BYTES = 4_096
/** RFC 6265bis §5.6: an attribute's value above this is ignored. */
const MOST_ATTRIBUTE_BYTES = 1_024
const KNOWN: ReadonlySet<string> = new Set(['expires', 'max-age', 'domain', 'path', 'secure', 'httponly', 'samesite', 'partitioned', 'priority'])
const SAME_SITE: Readonly<Record<string, 'strict' | 'lax' | 'none'>> = { strict: 'strict', lax: 'lax', none: 'none' }

const octets = (text: string): number => Buffer.byteLength(text)
const hasControl = (text: string): boolean => {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true
  }
  return false
}

/** Name and value of `a=b`, trimmed; without an equals sign the whole is the value (RFC 6265bis §5.6 step 3). */
function pairOf(text: string): { readonly name: string; readonly value: string } {
  const equals = text.indexOf('=')
  return equals < 0 ? { name: '', value: withoutBlanks(text) } : { name: withoutBlanks(text.slice(0, equals)), value: withoutBlanks(text.slice(equals + 1)) }
}

/** Never throws. Sizes do not make it fail: an oversize cookie is read, `sizeBytes` tells. */
export function parseSetCookie(field: string): ParsedSetCookie {
  const [first = '', ...rest] = field.length > MOST_BYTES ? [field.slice(0, MOST_BYTES)] : field.split(';')
  const { name, value } = pairOf(first)
  if (field.length > MOST_BYTES) return { ok: false, error: 'too-long', name: name.slice(0, 80) }
  if (hasControl(field)) return { ok: false, error: 'control-character', name: name.slice(0, 80) }
  if (name === '' && value === '') return { ok: false, error: 'empty', name: '' }

  const attributes = rest.flatMap((part): CookieAttribute[] => {
    const text = withoutBlanks(part)
    if (text === '') return []
    const equals = text.indexOf('=')
    return [equals < 0 ? { name: text } : { name: withoutBlanks(text.slice(0, equals)), value: withoutBlanks(text.slice(equals + 1)) }]
  })
  const counts = new Map<string, number>()
  const ignored: string[] = []
  const unknown: string[] = []
  let read: Pick<SetCookie, 'secure' | 'httpOnly' | 'partitioned' | 'sameSite' | 'domain' | 'path' | 'maxAge' | 'expires'> = {
    secure: false,
    httpOnly: false,
    partitioned: false,
    sameSite: 'absent',
  }
  for (const attribute of attributes) {
    const key = attribute.name.toLowerCase()
    const given = attribute.value ?? ''
    if (!KNOWN.has(key)) {
      unknown.push(attribute.name.slice(0, 80))
      continue
    }
    counts.set(key, (counts.get(key) ?? 0) + 1)
    if (octets(given) > MOST_ATTRIBUTE_BYTES) {
      ignored.push(`${attribute.name}: longer than ${MOST_ATTRIBUTE_BYTES} octets`)
      continue
    }
    switch (key) {
      case 'secure':
        read = { ...read, secure: true }
        break
      case 'httponly':
        read = { ...read, httpOnly: true }
        break
      case 'partitioned':
        read = { ...read, partitioned: true }
        break
      case 'samesite': {
        const known = SAME_SITE[given.toLowerCase()]
        if (known === undefined) ignored.push(`SameSite: ${JSON.stringify(given.slice(0, 40))} is not Strict, Lax or None`)
        read = { ...read, sameSite: known ?? 'invalid' }
        break
      }
      case 'domain': {
        const { domain: _before, ...others } = read
        const domain = given.replace(/^\./, '').toLowerCase()
        if (domain === '') ignored.push('Domain: empty')
        read = domain === '' ? others : { ...others, domain }
        break
      }
      case 'path': {
        const { path: _before, ...others } = read
        if (!given.startsWith('/')) ignored.push(`Path: ${JSON.stringify(given.slice(0, 40))} does not begin with a slash`)
        read = given.startsWith('/') ? { ...others, path: given } : others
        break
      }
      case 'max-age':
        if (/^-?[0-9]+$/.test(given)) read = { ...read, maxAge: Number(given) }
        else {
          ignored.push(`Max-Age: ${JSON.stringify(given.slice(0, 40))} is no number`)
          read = { maxAge: 'invalid', ...read }
        }
        break
      case 'expires': {
        const date = parseDate(given)
        if (date === undefined) {
          ignored.push(`Expires: ${JSON.stringify(given.slice(0, 40))} is no date`)
          read = { expires: 'invalid', ...read }
        } else read = { ...read, expires: date.getTime() }
        break
      }
    }
  }
  return {
    ok: true,
    cookie: {
      name,
      value,
      attributes,
      ...read,
      sizeBytes: octets(name) + octets(value),
      repeated: [...counts].filter(([, count]) => count > 1).map(([key]) => key),
      unknown,
      ignored,
    },
  }
}

export type CookieExpiry = { readonly kind: 'session' } | { readonly kind: 'deletion' } | { readonly kind: 'persistent'; readonly seconds: number }

/**
 * How long it lives: Max-Age wins over Expires, an ignored attribute counts as absent; what is over already is a deletion.
 * @param at when it was received, milliseconds since 1970
 */
export function expiryOf(cookie: SetCookie, at: number): CookieExpiry {
  const seconds = typeof cookie.maxAge === 'number' ? cookie.maxAge : typeof cookie.expires === 'number' ? Math.round((cookie.expires - at) / 1000) : undefined
  if (seconds === undefined) return { kind: 'session' }
  return seconds <= 0 ? { kind: 'deletion' } : { kind: 'persistent', seconds }
}

/** The path a cookie holds for: its own, or the default path of the URL that set it (RFC 6265bis §5.1.4). */
export function pathOfCookie({ path }: Pick<SetCookie, 'path'>, url: string): string {
  if (path !== undefined) return path
  const { pathname } = new URL(url)
  return pathname.lastIndexOf('/') <= 0 ? '/' : pathname.slice(0, pathname.lastIndexOf('/'))
}

/** Clear-Site-Data makes the browser forget every cookie of the site: quoted words alone, in their own case (W3C Clear Site Data §3.1). */
export const forgetsCookies = (values: readonly string[]): boolean => values.some((value) => /(?:^|,)[ \t]*"(?:cookies|\*)"[ \t]*(?:,|$)/.test(value))

/** Rules that a name puts on itself (RFC 6265bis §4.1.3 and §5.7; `__Http-` and `__Host-Http-` of its later drafts). Prefixes count in any case. */
export function prefixOf(name: string): '__Host-' | '__Secure-' | '__Http-' | '__Host-Http-' | undefined {
  const lower = name.toLowerCase()
  for (const prefix of ['__Host-Http-', '__Host-', '__Secure-', '__Http-'] as const) if (lower.startsWith(prefix.toLowerCase())) return prefix
  return undefined
}

/** What of its prefix's rules a cookie breaks; browsers drop it then. */
export function brokenPrefixRules(cookie: SetCookie): readonly string[] {
  // A nameless cookie is sent as its bare value: one that begins with a prefix would come back as such a cookie.
  if (cookie.name === '') return prefixOf(cookie.value) === undefined ? [] : ['a nameless cookie imitates a prefix']
  const prefix = prefixOf(cookie.name)
  if (prefix === undefined) return []
  const broken: string[] = []
  if (!cookie.secure) broken.push('Secure is missing')
  if (prefix.endsWith('Http-') && !cookie.httpOnly) broken.push('HttpOnly is missing')
  if (prefix.startsWith('__Host-')) {
    if (cookie.path !== '/') broken.push('Path is not /')
    // An empty Domain is host-only for browsers, but the rule forbids the attribute as such.
    if (cookie.attributes.some((one) => one.name.toLowerCase() === 'domain' && (one.value ?? '') !== '')) broken.push('Domain is present')
  }
  return broken
}

type DomainScope = 'host-only' | 'host' | 'parent' | 'public-suffix' | 'foreign'

/**
 * Whom Domain lets have the cookie that `host` set: `host-only` no attribute; `host` the host and names below it; `parent` a domain above it and
 * everything below that; the last two make browsers drop it (RFC 6265bis §5.7 steps 8 to 10). Suffixes of private owners count, as in browsers.
 */
export function domainScope(cookie: SetCookie, host: string): DomainScope {
  if (cookie.domain === undefined) return 'host-only'
  const name = host.toLowerCase()
  if (cookie.domain === name) return getPublicSuffix(name, { allowPrivateDomains: true }) === name ? 'host-only' : 'host'
  if (isIP(name) !== 0 || domainMatch(name, cookie.domain, false) !== true) return 'foreign'
  return getPublicSuffix(cookie.domain, { allowPrivateDomains: true }) === cookie.domain ? 'public-suffix' : 'parent'
}
