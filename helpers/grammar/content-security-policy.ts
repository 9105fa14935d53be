/** Reader of Content-Security-Policy (CSP Level 3 §2.2): policies, directives, source expressions, and what all policies together let in. */
import { withoutBlanks } from './linear.ts'

export interface ContentSecurityPolicy {
  /** The serialised policy as sent, trimmed. */
  readonly text: string
  /** Lower-case names in their order; of a repeated directive the first counts (§2.2.1 step 5). */
  readonly directives: ReadonlyMap<string, readonly string[]>
  /** Names that were repeated, and so ignored. */
  readonly repeated: readonly string[]
  /** Parts that browsers drop: not ASCII, or no directive name. */
  readonly dropped: readonly string[]
}

/** Directives of CSP3 and the specifications that extend it, as shipped by browsers. */
const KNOWN: ReadonlySet<string> = new Set([
  'child-src',
  'connect-src',
  'default-src',
  'font-src',
  'frame-src',
  'img-src',
  'manifest-src',
  'media-src',
  'object-src',
  'script-src',
  'script-src-elem',
  'script-src-attr',
  'style-src',
  'style-src-elem',
  'style-src-attr',
  'worker-src',
  'base-uri',
  'sandbox',
  'form-action',
  'frame-ancestors',
  'report-to',
  'report-uri',
  'upgrade-insecure-requests',
  'require-trusted-types-for',
  'trusted-types',
  'fenced-frame-src',
  'webrtc',
])
/** Were once standard or proposed; browsers ignore them today. */
const DEPRECATED: ReadonlySet<string> = new Set([
  'block-all-mixed-content',
  'plugin-types',
  'referrer',
  'reflected-xss',
  'require-sri-for',
  'prefetch-src',
  'navigate-to',
  'disown-opener',
])
export const isKnownDirective = (name: string): boolean => KNOWN.has(name)
export const isDeprecatedDirective = (name: string): boolean => DEPRECATED.has(name)

const MOST = 65_536
const SPACE = /[\t\n\f\r ]+/
/** Anything but visible ASCII and space cannot be part of a directive (§2.2.1 step 3.2). */
const ASCII = /^[\t\n\f\r\x20-\x7e]*$/
/** directive-name = 1*( ALPHA / DIGIT / "-" ) */
const NAME = /^[A-Za-z0-9-]+$/

function readOne(text: string): ContentSecurityPolicy {
  const directives = new Map<string, readonly string[]>()
  const repeated: string[] = []
  const dropped: string[] = []
  for (const part of text.split(';')) {
    const token = withoutBlanks(part, '\t\n\f\r ')
    if (token === '') continue
    const [name = '', ...values] = token.split(SPACE)
    if (!ASCII.test(token) || !NAME.test(name)) dropped.push(token)
    else if (directives.has(name.toLowerCase())) repeated.push(name.toLowerCase())
    else directives.set(name.toLowerCase(), values)
  }
  return { text: text.trim(), directives, repeated, dropped }
}

/**
 * Every policy of a response's fields: each field is a comma-separated list (§2.2.2). Policies without a single directive are left out as in
 * browsers, so an empty, blank or unreadable header gives an empty list. Never throws; a field beyond 64 KiB is read up to there.
 */
export const readContentSecurityPolicies = (fields: readonly string[]): readonly ContentSecurityPolicy[] =>
  fields
    .flatMap((field) => field.slice(0, MOST).split(','))
    .map(readOne)
    .filter((policy) => policy.directives.size > 0 || policy.dropped.length > 0)

/** Ignored in a `<meta>` policy (HTML §4.2.5.3, CSP3 §3.3). */
const NOT_IN_META: ReadonlySet<string> = new Set(['report-uri', 'frame-ancestors', 'sandbox'])
/** A policy of a meta element as browsers apply it: one policy per element, without the directives that only a header can carry. */
export function readMetaPolicy(content: string): ContentSecurityPolicy {
  const policy = readOne(content.slice(0, MOST))
  return { ...policy, directives: new Map([...policy.directives].filter(([name]) => !NOT_IN_META.has(name))) }
}

/** Where a fetch directive falls back to, in this order (§6.8.3); the others fall back to nothing. */
const FALLBACK: Readonly<Record<string, readonly string[]>> = {
  'script-src-elem': ['script-src-elem', 'script-src', 'default-src'],
  'script-src-attr': ['script-src-attr', 'script-src', 'default-src'],
  'script-src': ['script-src', 'default-src'],
  'style-src-elem': ['style-src-elem', 'style-src', 'default-src'],
  'style-src-attr': ['style-src-attr', 'style-src', 'default-src'],
  'worker-src': ['worker-src', 'child-src', 'script-src', 'default-src'],
  'frame-src': ['frame-src', 'child-src', 'default-src'],
}
const ALONE: ReadonlySet<string> = new Set(['base-uri', 'form-action', 'frame-ancestors', 'sandbox', 'report-to', 'report-uri'])

/** The list that governs a directive after fallback, with the name it was found under; undefined: the policy does not restrict it. */
export function effectiveList(policy: ContentSecurityPolicy, name: string): { readonly from: string; readonly sources: readonly string[] } | undefined {
  const chain = FALLBACK[name] ?? (ALONE.has(name) ? [name] : [name, 'default-src'])
  for (const one of chain) {
    const sources = policy.directives.get(one)
    if (sources !== undefined) return { from: one, sources }
  }
  return undefined
}

export type SourceExpression =
  | { readonly kind: 'none' | 'self' | 'any' }
  | { readonly kind: 'keyword'; readonly keyword: string }
  | { readonly kind: 'nonce'; readonly value: string; readonly bits: number }
  | { readonly kind: 'hash'; readonly algorithm: string }
  /** `https:` */
  | { readonly kind: 'scheme'; readonly scheme: string }
  | { readonly kind: 'host'; readonly scheme?: string; readonly host: string; readonly port?: string; readonly path?: string }
  /** Matches nothing in a browser. */
  | { readonly kind: 'invalid' }

const KEYWORDS: ReadonlySet<string> = new Set([
  'unsafe-inline',
  'unsafe-eval',
  'strict-dynamic',
  'unsafe-hashes',
  'report-sample',
  'wasm-unsafe-eval',
  'unsafe-allow-redirects',
  'inline-speculation-rules',
  'trusted-types-eval',
  'report-sha256',
  'report-sha384',
  'report-sha512',
  'allow-duplicates',
  'script',
])
const NONCE = /^'nonce-([A-Za-z0-9+/_-]+={0,2})'$/i
const HASH = /^'(sha256|sha384|sha512)-[A-Za-z0-9+/_-]+={0,2}'$/i
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):$/
const HOST = /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?(\*|(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])(?::(\*|[0-9]{1,5}))?(\/[^?#]*)?$/

/** One source expression (§2.3.1). Keywords are case-insensitive, nonces and hashes are not in their value. */
export function readSource(expression: string): SourceExpression {
  const lower = expression.toLowerCase()
  if (lower === "'none'") return { kind: 'none' }
  if (lower === "'self'") return { kind: 'self' }
  if (expression === '*') return { kind: 'any' }
  if (lower.startsWith("'") && lower.endsWith("'") && KEYWORDS.has(lower.slice(1, -1))) return { kind: 'keyword', keyword: lower.slice(1, -1) }
  const nonce = NONCE.exec(expression)?.[1]
  // Six bits a character is the most that the text can hold, whatever it encodes.
  if (nonce !== undefined) return { kind: 'nonce', value: nonce, bits: Math.floor(nonce.replace(/={1,2}$/, '').length * 6) }
  const hash = HASH.exec(expression)?.[1]
  if (hash !== undefined) return { kind: 'hash', algorithm: hash.toLowerCase() }
  const scheme = SCHEME.exec(expression)?.[1]
  if (scheme !== undefined) return { kind: 'scheme', scheme: scheme.toLowerCase() }
  const host = HOST.exec(expression)
  if (host === null) return { kind: 'invalid' }
  return {
    kind: 'host',
    host: (host[2] as string).toLowerCase().replace(/\.$/, ''),
    ...(host[1] === undefined ? {} : { scheme: host[1].toLowerCase() }),
    ...(host[3] === undefined ? {} : { port: host[3] }),
    ...(host[4] === undefined ? {} : { path: host[4] }),
  }
}

/**
 * Schemes by which whoever can inject markup brings a script or a plugin along. `blob:` and `filesystem:` URLs are made by scripts that run already,
 * and those of extensions by what the visitor installed.
 */
const INJECTABLE: ReadonlySet<string> = new Set(['http', 'https', 'ws', 'wss', 'ftp', 'data'])
export const isInjectable = (scheme: string): boolean => INJECTABLE.has(scheme)

/** Broad openings of one list for scripts or plugins: schemes under which any host is let in. `undefined` list: all of them. */
const EVERY_SCHEME: readonly string[] = ['http', 'https', 'ws', 'wss', 'ftp', 'data', 'blob', 'filesystem']
const NETWORK: readonly string[] = ['http', 'https', 'ws', 'wss', 'ftp']
/** A scheme source also matches its secure upgrade (§6.7.2.8): `http:` lets `https:` in. */
const UPGRADES: Readonly<Record<string, readonly string[]>> = { http: ['http', 'https'], ws: ['ws', 'wss', 'http', 'https'], wss: ['wss', 'https'] }

/** Schemes of which a source list lets in any resource whatever its host. */
export function broadSchemes(sources: readonly string[] | undefined): ReadonlySet<string> {
  if (sources === undefined) return new Set(EVERY_SCHEME)
  const open = new Set<string>()
  for (const text of sources) {
    const source = readSource(text)
    if (source.kind === 'any' || (source.kind === 'host' && source.host === '*' && source.scheme === undefined)) for (const one of NETWORK) open.add(one)
    else if (source.kind === 'scheme') for (const one of UPGRADES[source.scheme] ?? [source.scheme]) open.add(one)
    else if (source.kind === 'host' && source.host === '*' && source.scheme !== undefined)
      for (const one of UPGRADES[source.scheme] ?? [source.scheme]) open.add(one)
  }
  return open
}

export interface ScriptOpenings {
  /** Any inline script or handler runs. */
  readonly inline: boolean
  readonly eval: boolean
  /** Scripts of any host load, under these schemes; only those that injected markup can make use of. */
  readonly schemes: readonly string[]
  /** `'unsafe-hashes'`: hashed text runs as a handler too. */
  readonly unsafeHashes: boolean
  /** `'strict-dynamic'` without a nonce or hash: every script of the page is blocked. */
  readonly blocked: boolean
  /** No policy restricts scripts at all. */
  readonly unrestricted: boolean
  /** A nonce or hash decides what runs. */
  readonly trusted: boolean
}

interface ListOpenings {
  readonly restricted: boolean
  readonly inline: boolean
  readonly eval: boolean
  readonly schemes: ReadonlySet<string>
  readonly unsafeHashes: boolean
  readonly blocked: boolean
  readonly trusted: boolean
}

function openingsOf(policy: ContentSecurityPolicy): ListOpenings {
  const element = effectiveList(policy, 'script-src-elem')?.sources
  const attribute = effectiveList(policy, 'script-src-attr')?.sources
  const general = effectiveList(policy, 'script-src')?.sources
  const read = (sources: readonly string[] | undefined) => {
    const parsed = (sources ?? []).map(readSource)
    const has = (keyword: string): boolean => parsed.some((one) => one.kind === 'keyword' && one.keyword === keyword)
    const trusted = parsed.some((one) => one.kind === 'nonce' || one.kind === 'hash')
    const dynamic = has('strict-dynamic')
    // §6.7.3.2: a nonce, a hash or strict-dynamic switches unsafe-inline off.
    return { has, trusted, dynamic, inline: sources === undefined || (has('unsafe-inline') && !trusted && !dynamic) }
  }
  const elements = read(element)
  const attributes = read(attribute)
  const whole = read(general)
  return {
    restricted: element !== undefined,
    inline: elements.inline || attributes.inline,
    eval: general === undefined || whole.has('unsafe-eval'),
    // strict-dynamic switches hosts and schemes off (§8.2).
    schemes: elements.dynamic ? new Set() : broadSchemes(element),
    unsafeHashes: elements.has('unsafe-hashes') || attributes.has('unsafe-hashes'),
    blocked: elements.dynamic && !elements.trusted,
    trusted: elements.trusted,
  }
}

/** What the policies together let scripts do: something happens only where every one of them allows it (§4.1.2). No policy allows everything. */
export function scriptOpenings(policies: readonly ContentSecurityPolicy[]): ScriptOpenings {
  const each = policies.map(openingsOf)
  return {
    inline: each.every((one) => one.inline),
    eval: each.every((one) => one.eval),
    schemes: EVERY_SCHEME.concat(...each.map((one) => [...one.schemes])).filter(
      (scheme, index, all) => INJECTABLE.has(scheme) && all.indexOf(scheme) === index && each.every((one) => one.schemes.has(scheme)),
    ),
    unsafeHashes: each.length > 0 && each.every((one) => !one.restricted || one.unsafeHashes) && each.some((one) => one.unsafeHashes),
    blocked: each.some((one) => one.blocked),
    unrestricted: each.every((one) => !one.restricted),
    trusted: each.some((one) => one.trusted),
  }
}

/** Nonces of the script lists of the policies, without repetition. */
export const scriptNonces = (policies: readonly ContentSecurityPolicy[]): readonly { readonly value: string; readonly bits: number }[] => {
  const found = new Map<string, number>()
  for (const policy of policies)
    for (const name of ['script-src-elem', 'script-src', 'default-src'])
      for (const text of policy.directives.get(name) ?? []) {
        const source = readSource(text)
        if (source.kind === 'nonce') found.set(source.value, source.bits)
      }
  return [...found].map(([value, bits]) => ({ value, bits }))
}

/** The ancestors that every policy lets frame the page, or undefined where no policy says. Browsers apply each policy on its own (§6.4.2). */
export function frameAncestors(policies: readonly ContentSecurityPolicy[]): readonly (readonly string[])[] | undefined {
  const lists = policies.map((policy) => policy.directives.get('frame-ancestors')).filter((list) => list !== undefined)
  return lists.length === 0 ? undefined : lists
}

/**
 * Whether an origin (`https://app.example.com`) may frame a page of `self` by one list of ancestors (§6.7.2.7, URL part without path).
 * An unreadable expression matches nothing.
 */
export function ancestorAllowed(sources: readonly string[], origin: string, self: string): boolean {
  if (!URL.canParse(origin) || !URL.canParse(self)) return false
  const asked = new URL(origin)
  const own = new URL(self)
  return sources.some((text) => {
    const source = readSource(text)
    switch (source.kind) {
      case 'self':
        return asked.hostname === own.hostname && (asked.origin === own.origin || (own.protocol === 'http:' && asked.protocol === 'https:'))
      case 'any':
        return ['http:', 'https:', 'ws:', 'wss:'].includes(asked.protocol) || asked.protocol === own.protocol
      case 'scheme':
        return (UPGRADES[source.scheme] ?? [source.scheme]).includes(asked.protocol.slice(0, -1))
      case 'host': {
        const schemes =
          source.scheme === undefined ? (UPGRADES[own.protocol.slice(0, -1)] ?? [own.protocol.slice(0, -1)]) : (UPGRADES[source.scheme] ?? [source.scheme])
        if (!schemes.includes(asked.protocol.slice(0, -1))) return false
        const hosts = source.host === '*' || (source.host.startsWith('*.') ? asked.hostname.endsWith(source.host.slice(1)) : asked.hostname === source.host)
        if (!hosts) return false
        const standard = asked.protocol === 'https:' ? '443' : '80'
        const port = asked.port === '' ? standard : asked.port
        if (source.port === '*') return true
        return source.port === undefined ? port === standard : source.port === port || (source.port === '80' && port === '443')
      }
      case 'none':
      case 'keyword':
      case 'nonce':
      case 'hash':
      case 'invalid':
        return false
      default:
        return source satisfies never
    }
  })
}
