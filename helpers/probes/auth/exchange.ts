/**
 * Requests of somebody who signs in: blanks of the target's templates filled with secrets, what came back without them. Tokens, cookies and
 * passwords stay in a {@link Session}, which prints as nothing; an {@link Answer} is what may be shown.
 */
import { hash } from 'node:crypto'
import { readJsonPath, parseJsonPath } from '../../grammar/json-path.ts'
import { forgetsCookies, parseSetCookie, type SetCookie } from '../../grammar/set-cookie.ts'
import { bodyText, headerValue, headerValues, isChallenge, isHtml, mediaType } from '../../headers.ts'
import type { HttpObservation, RawHeaders } from '../../observations.ts'
import { type ProbeContext, ProbeError, type ProbeFailure } from '../../probe.ts'
import type { AuthCall } from '../../target/auth.ts'
import { Cookies } from '../exchange.ts'
import { perform, splitUrl } from '../http.ts'

/** A cookie as it was set, its value replaced by a digest. */
export interface SeenCookie {
  readonly name: string
  readonly cookie: SetCookie
  /** Of the value, to tell whether it changed. */
  readonly digest: string
  /** Characters of the value. */
  readonly length: number
}

/** What came back, without any secret in it. */
export interface Answer {
  /** What was asked, in words. */
  readonly what: string
  readonly method: string
  readonly url: string
  /** 0 where nothing came back. */
  readonly status: number
  readonly failure?: ProbeFailure
  readonly mediaType?: string
  readonly html: boolean
  /** Values of parameters cut out. */
  readonly location?: string
  /** Parameters of Location that hold a token, a session or a password. */
  readonly leaks: readonly string[]
  readonly wwwAuthenticate?: string
  readonly cacheControl: readonly string[]
  /** Clear-Site-Data tells browsers to forget every cookie of the site. */
  readonly clearsCookies?: true
  readonly allowOrigin: readonly string[]
  readonly allowCredentials?: string
  readonly cookies: readonly SeenCookie[]
  readonly bytes: number
  /** Of the body without what changes from answer to answer. */
  readonly bodyHash: string
  /** Of the body’s build alone: members of JSON, else its words without numbers. Equal where only values differ; absent where too little is left to tell. */
  readonly gist?: string
  /** The body without what changes and without secrets, its first characters. */
  readonly shape: string
  /** A limiter, a challenge or a lock instead of an answer of the application. */
  readonly obstacle?: string
  /** Until the first byte. */
  readonly ms: number
  readonly at: string
}

/** Tokens and cookies of one login. Never serialised, never shown. */
export class Session {
  #cookies = new Cookies()
  accessToken: string | undefined
  refreshToken: string | undefined
  idToken: string | undefined
  /** The cookie that is the access token; no Authorization is sent then. */
  tokenCookie: string | undefined
  toJSON(): string {
    return '<session>'
  }
  cookie(name: string): string | undefined {
    return this.#cookies.get(name)
  }
  setCookie(name: string, value: string): void {
    this.#cookies.set(name, value)
  }
  /** As a browser would: deletions remove. */
  take(headers: RawHeaders): void {
    this.#cookies.take(headers)
  }
  get cookieHeader(): RawHeaders {
    return this.#cookies.header
  }
  get bearer(): RawHeaders {
    return this.accessToken === undefined || this.tokenCookie !== undefined ? [] : [['authorization', `Bearer ${this.accessToken}`]]
  }
  copy(): Session {
    const other = new Session()
    other.#cookies = this.#cookies.copy()
    other.accessToken = this.accessToken
    other.refreshToken = this.refreshToken
    other.idToken = this.idToken
    other.tokenCookie = this.tokenCookie
    return other
  }
  /** Another access token in its place. */
  withToken(token: string): Session {
    const other = this.copy()
    other.accessToken = token
    if (this.tokenCookie !== undefined) other.setCookie(this.tokenCookie, token)
    return other
  }
  get values(): readonly string[] {
    return [...this.#cookies.values, this.accessToken, this.refreshToken, this.idToken].filter((value) => value !== undefined && value.length >= 4) as string[]
  }
}

export type Blanks = Readonly<Record<string, string>>

const digest = (value: string): string => hash('sha256', value).slice(0, 16)

const filled = (template: unknown, blanks: Blanks): unknown =>
  typeof template === 'string'
    ? template.replace(/\{([A-Za-z]+)\}/g, (whole, name: string) => blanks[name] ?? whole)
    : Array.isArray(template)
      ? template.map((item) => filled(item, blanks))
      : typeof template === 'object' && template !== null
        ? Object.fromEntries(Object.entries(template).map(([key, value]) => [key, filled(value, blanks)]))
        : template

/** `{domain}` of the target's URLs. */
export const urlIn = (url: string, domain: string): string => url.replaceAll('{domain}', domain)

const LOCKED = /\b(?:account|user)\b[^.]{0,40}\b(?:locked|blocked|suspended|disabled temporarily)\b|too many (?:failed )?(?:attempts|requests|logins)/i

/** Cuts what changes from answer to answer, and every secret: two answers of one shape say the same. */
function shapeOf(text: string, secrets: readonly (readonly [string, string])[]): string {
  let shape = text
  for (const [value, word] of [...secrets].sort((a, b) => b[0].length - a[0].length)) if (value.length >= 4) shape = shape.replaceAll(value, word)
  return shape
    .replace(/eyJ[\w-]+((?:\.[\w-]*){1,4})?/g, (word, more: string | undefined) => (more === undefined ? word : '<token>'))
    .replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi, '<id>')
    .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?/g, '<time>')
    .replace(/[A-Za-z0-9_-]{24,}/g, '<id>')
    .replace(/\d{6,}/g, '<number>')
}

const MOST_MEMBERS = 400
/** Every member of a document with the kind of its value, whatever the order; elements of a list count as one. */
function membersOf(value: unknown, path: string, found: Set<string>): void {
  if (found.size >= MOST_MEMBERS) return
  if (Array.isArray(value)) for (const item of value.slice(0, 20)) membersOf(item, `${path}[]`, found)
  else if (typeof value === 'object' && value !== null) for (const [name, item] of Object.entries(value)) membersOf(item, `${path}.${name}`, found)
  // What refuses in words often differs in a flag alone.
  else found.add(`${path} ${typeof value === 'boolean' ? String(value) : typeof value}`)
}

const CALENDAR =
  /\b(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b/gi
/** What two answers of one page share when times, counts and short-lived names in them differ; undefined: too little to tell pages apart by. */
export function gistOf(text: string, shape: string, type: string | undefined): string | undefined {
  if (type !== undefined && /[/+]json$/.test(type)) {
    try {
      const found = new Set<string>()
      membersOf(JSON.parse(text), '', found)
      if (found.size >= 3) return digest([...found].sort().join('\n'))
    } catch {
      // Cut, or no JSON: words tell.
    }
  }
  const words = shape
    .replace(CALENDAR, '')
    .replace(/[\w-]+/g, (word) => (/\d/.test(word) ? '' : word))
    .replace(/[^\p{L}]+/gu, ' ')
    .trim()
  return words.length < 40 ? undefined : digest(words)
}

const TOKEN_PARAMETER = /^(?:access_?token|id_?token|refresh_?token|token|jwt|session(?:_?id)?|sid|password|passwd|pwd)$/i

/** Without values of parameters that carry secrets. */
function cutLocation(location: string, secrets: readonly string[]): { readonly shown: string; readonly leaks: readonly string[] } {
  const leaks = new Set<string>()
  const shown = location.replace(/([?&#])([^=&#]+)(?:=([^&#]*))?/g, (whole, mark: string, name: string, value: string | undefined) => {
    if (value === undefined) return whole
    let plain = value
    try {
      plain = decodeURIComponent(value)
    } catch {
      // As it stands.
    }
    if (TOKEN_PARAMETER.test(name) || secrets.some((secret) => plain.includes(secret))) {
      if (value !== '') leaks.add(name)
      return `${mark}${name}=<secret>`
    }
    return plain.length > 200 ? `${mark}${name}=${value.slice(0, 40)}…` : whole
  })
  return { shown: shown.slice(0, 600), leaks: [...leaks] }
}

export interface Sent {
  readonly answer: Answer
  /** Undefined where nothing came back. */
  readonly seen?: HttpObservation
}

export interface SendOptions {
  /** What is asked, in words. */
  readonly what: string
  readonly method?: string
  /** Replaces path and query of the URL, byte for byte. */
  readonly path?: string
  readonly headers?: RawHeaders
  readonly blanks?: Blanks
  readonly session?: Session
  /** Its values are cut out as well. */
  readonly hide?: readonly string[]
  /** Sends neither bearer nor cookies of the session, which then is only for hiding. */
  readonly anonymous?: boolean
}

/** A token of a megabyte is to be seen as one. */
const MOST_BODY = 1_500_000

/** One request, one answer, redirects not followed; what the network did is an answer with `failure`. */
export async function send(context: ProbeContext, call: AuthCall, options: SendOptions): Promise<Sent> {
  const url = urlIn(call.url, context.target.domain)
  const parts = splitUrl(url)
  if (parts === undefined) throw new TypeError(`${JSON.stringify(url)} is no http(s) URL`)
  const method = options.method ?? call.method ?? (call.json === undefined && call.form === undefined ? 'GET' : 'POST')
  const blanks = options.blanks ?? {}
  const bodiless = method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
  const json = call.json === undefined || bodiless ? undefined : JSON.stringify(filled(call.json, blanks))
  const form = call.form === undefined || bodiless ? undefined : new URLSearchParams(filled(call.form, blanks) as Record<string, string>).toString()
  const own: RawHeaders = [
    ...(json !== undefined
      ? ([['content-type', 'application/json']] as const)
      : form !== undefined
        ? ([['content-type', 'application/x-www-form-urlencoded']] as const)
        : []),
    ...Object.entries(filled(call.headers ?? {}, blanks) as Record<string, string>),
    ...(options.anonymous === true ? [] : [...(options.session?.bearer ?? []), ...(options.session?.cookieHeader ?? [])]),
  ]
  const replaced = new Set((options.headers ?? []).map(([name]) => name.toLowerCase()))
  const headers = [...own.filter(([name]) => !replaced.has(name.toLowerCase())), ...(options.headers ?? [])]
  const path =
    options.path ?? (filled(parts.path, Object.fromEntries(Object.entries(blanks).map(([name, value]) => [name, encodeURIComponent(value)]))) as string)
  const body = json ?? form
  const shownUrl =
    options.path === undefined
      ? url
      : `${parts.scheme}://${parts.host}${parts.port === undefined ? '' : `:${parts.port}`}${cutLocation(options.path, []).shown}`
  const hidden: [string, string][] = [
    ...Object.entries(blanks).map(([name, value]): [string, string] => [value, `{${name}}`]),
    ...(options.session?.values ?? []).map((value): [string, string] => [value, '<session>']),
    ...(options.hide ?? []).map((value): [string, string] => [value, '<secret>']),
  ]
  const empty = {
    what: options.what,
    method,
    url: shownUrl,
    html: false,
    leaks: [],
    cacheControl: [],
    allowOrigin: [],
    cookies: [],
    bytes: 0,
    bodyHash: '',
    shape: '',
  }
  let seen: HttpObservation
  try {
    // What is sent in a URL would stand in the wire log.
    const log = (line: string): void =>
      context.log(
        hidden.reduce((text, [value, name]) => (value.length < 4 ? text : text.replaceAll(value, name).replaceAll(encodeURIComponent(value), name)), line),
      )
    seen = await perform({ ...context, log }, { ...parts, method, path, headers, ...(body === undefined ? {} : { body }), maxBodyBytes: MOST_BODY })
  } catch (error) {
    if (!(error instanceof ProbeError) || context.signal.aborted) throw error
    return { answer: { ...empty, status: 0, failure: error.failure, ms: 0, at: new Date().toISOString() } }
  }
  const text = bodyText(seen)
  const cookies = headerValues(seen.headers, 'set-cookie').flatMap((line): SeenCookie[] => {
    const parsed = parseSetCookie(line)
    if (!parsed.ok) return []
    const { cookie } = parsed
    return [{ name: cookie.name, cookie: { ...cookie, value: '' }, digest: digest(cookie.value), length: cookie.value.length }]
  })
  const values = headerValues(seen.headers, 'set-cookie').flatMap((line): [string, string][] => {
    const parsed = parseSetCookie(line)
    return parsed.ok && parsed.cookie.value.length >= 8 ? [[parsed.cookie.value, '<cookie>']] : []
  })
  const secrets = [...hidden, ...values]
  const location = headerValue(seen.headers, 'location')
  const cut =
    location === undefined
      ? undefined
      : cutLocation(
          location,
          secrets.flatMap(([value, word]) => (value.length >= 8 && word !== '{username}' ? [value] : [])),
        )
  const shape = shapeOf(text.slice(0, 65_536), secrets)
  const type = mediaType(seen.headers)
  const gist = gistOf(text, shape, type)
  const authenticate = headerValue(seen.headers, 'www-authenticate')
  const credentials = headerValue(seen.headers, 'access-control-allow-credentials')
  const clears = forgetsCookies(headerValues(seen.headers, 'clear-site-data'))
  const obstacle = isChallenge(seen)
    ? 'a challenge'
    : seen.status === 429
      ? 'a limiter (429)'
      : seen.status === 423
        ? 'a lock (423)'
        : seen.status >= 400 && seen.status < 500 && LOCKED.test(text.slice(0, 4096))
          ? 'a lock'
          : undefined
  return {
    seen,
    answer: {
      ...empty,
      status: seen.status,
      ...(type === undefined ? {} : { mediaType: type }),
      html: isHtml(seen),
      ...(cut === undefined ? {} : { location: shapeOf(cut.shown, secrets).slice(0, 300), leaks: cut.leaks }),
      ...(authenticate === undefined ? {} : { wwwAuthenticate: authenticate.slice(0, 300) }),
      cacheControl: headerValues(seen.headers, 'cache-control'),
      ...(clears && parts.scheme === 'https' ? { clearsCookies: true as const } : {}),
      allowOrigin: headerValues(seen.headers, 'access-control-allow-origin'),
      ...(credentials === undefined ? {} : { allowCredentials: credentials }),
      cookies,
      bytes: seen.body.length,
      bodyHash: digest(shape),
      ...(gist === undefined ? {} : { gist }),
      shape: shape.replace(/\s+/g, ' ').slice(0, 160),
      ...(obstacle === undefined ? {} : { obstacle }),
      ms: seen.timings.ttfbMs,
      at: seen.at,
    },
  }
}

/** A value of an answer, by its place; undefined where there is none. Longer than 64 KiB counts as none. */
export function valueAt(seen: HttpObservation | undefined, place: string | undefined): string | undefined {
  if (seen === undefined || place === undefined) return undefined
  const [kind, rest] = place.startsWith('$') ? ['$', ''] : [place.slice(0, place.indexOf(':')), place.slice(place.indexOf(':') + 1)]
  switch (kind) {
    case 'cookie': {
      for (const line of headerValues(seen.headers, 'set-cookie').toReversed()) {
        const parsed = parseSetCookie(line)
        if (parsed.ok && parsed.cookie.name === rest && parsed.cookie.value !== '') return parsed.cookie.value
      }
      return undefined
    }
    case 'header':
      return headerValue(seen.headers, rest ?? '')
    default: {
      const path = parseJsonPath(place)
      if (!path.ok) return undefined
      let document: unknown
      try {
        document = JSON.parse(bodyText(seen))
      } catch {
        return undefined
      }
      const found = readJsonPath(document, path.segments)
      return found.found && typeof found.value === 'string' && found.value !== '' ? found.value : undefined
    }
  }
}

/** Takes the cookies of an answer into the session; none where nothing came back. */
export const takeCookies = (session: Session, seen: HttpObservation | undefined): void => session.take(seen?.headers ?? [])
