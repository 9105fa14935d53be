/** One login each, and what is done with it: protected routes, refused logins, refreshing, logging out. Facts only. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { MOST_TOKEN_BYTES, numericDate, readJsonWebToken } from '../../grammar/json-web-token.ts'
import type { Probe, ProbeContext, ProbeCost } from '../../probe.ts'
import { ProbeError } from '../../probe.ts'
import type { Target } from '../../target.ts'
import type { AuthCall, AuthFlow, AuthRoute } from '../../target/auth.ts'
import { sleep } from '../../sleep.ts'
import { type Asked, askedCost, ASKED_AGAIN, NOBODY } from '../asked.ts'
import { splitUrl } from '../http.ts'
import { type Answer, type Blanks, send, Session, takeCookies, urlIn, valueAt } from './exchange.ts'
import { KNOWN_SECRETS } from './known-secrets.ts'
import { tagsOf } from '../../grammar/linear.ts'

/** Every declared flow with the name that tells it from the others. */
export function flowsOf(target: Target): readonly { readonly name: string; readonly flow: AuthFlow }[] {
  const flows = target.file.auth === undefined ? [] : [target.file.auth].flat()
  const names = new Map<string, number>()
  return flows.map((flow) => {
    const name = flow.name ?? flow.kind
    const count = (names.get(name) ?? 0) + 1
    names.set(name, count)
    return { name: count === 1 ? name : `${name} ${count}`, flow }
  })
}

export const hostOfUrl = (url: string, target: Target): string => splitUrl(urlIn(url, target.domain))?.host ?? target.domain

/** A value behind a name of `secrets`. @throws ProbeError NO_ACCESS where this run was given none */
export function secretNamed(context: Pick<ProbeContext, 'target'>, name: string): string {
  const value = context.target.secrets?.get(name)
  if (value === undefined) throw new ProbeError({ code: 'NO_ACCESS', message: `this run was given no value for the secret ${name}`, phase: 'request' })
  return value
}

export const random = (): string => randomBytes(9).toString('hex')

/** What a token says of itself. No value of it is kept but times, issuer, audience and names. */
export interface TokenFacts {
  readonly form: 'jwt' | 'opaque' | 'encrypted' | 'malformed'
  readonly problem?: string
  readonly bytes: number
  readonly alg?: string
  readonly typ?: string
  readonly kid?: string
  /** Names in the header beside alg, typ, kid. */
  readonly headerNames: readonly string[]
  readonly claimNames: readonly string[]
  readonly exp?: number
  readonly iat?: number
  readonly nbf?: number
  readonly iss?: string
  readonly aud?: readonly string[]
  readonly hasSubject: boolean
  readonly hasId: boolean
  /** Names of claims whose value is an address of a person, or whose name is that of a secret. */
  readonly personal: readonly string[]
  readonly secret: readonly string[]
  /** An HMAC token whose key is one of those that examples and defaults come with. */
  readonly weakSecret?: boolean
  readonly knownSecretsTried: number
}

const SECRET_CLAIM = /(?:password|passwd|pwd|secret|private_?key|api_?key|ssn|card_?number|iban)/i
const PERSONAL = /^[^@\s]+@[^@\s]+\.[a-z]{2,}$|^\+\d{8,15}$/i

export function factsOf(token: string | undefined): TokenFacts | undefined {
  if (token === undefined) return undefined
  const none = { bytes: token.length, headerNames: [], claimNames: [], hasSubject: false, hasId: false, personal: [], secret: [], knownSecretsTried: 0 }
  const read = readJsonWebToken(token)
  if (!read.ok) {
    if (read.error === 'opaque') return { ...none, form: 'opaque' }
    if (read.error === 'encrypted') return { ...none, form: 'encrypted' }
    return { ...none, form: 'malformed', problem: read.error }
  }
  const { header, payload, segments } = read.token
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value.slice(0, 200) : undefined)
  const { alg } = header
  const bits = alg === 'HS256' ? 'sha256' : alg === 'HS384' ? 'sha384' : alg === 'HS512' ? 'sha512' : undefined
  const signature = Buffer.from(segments[2], 'base64url')
  const weak =
    bits !== undefined &&
    KNOWN_SECRETS.some((secret) => {
      const own = createHmac(bits, secret).update(`${segments[0]}.${segments[1]}`).digest()
      return own.length === signature.length && timingSafeEqual(own, signature)
    })
  const [exp, iat, nbf] = [numericDate(payload['exp']), numericDate(payload['iat']), numericDate(payload['nbf'])]
  const [algorithm, typ, kid, iss] = [text(alg), text(header['typ']), text(header['kid']), text(payload['iss'])]
  const aud = payload['aud'] === undefined ? undefined : [payload['aud']].flat().filter((one): one is string => typeof one === 'string')
  return {
    ...none,
    form: 'jwt',
    ...(algorithm === undefined ? {} : { alg: algorithm }),
    ...(typ === undefined ? {} : { typ }),
    ...(kid === undefined ? {} : { kid }),
    headerNames: Object.keys(header).filter((name) => !['alg', 'typ', 'kid'].includes(name)),
    claimNames: Object.keys(payload).slice(0, 60),
    ...(exp === undefined ? {} : { exp }),
    ...(iat === undefined ? {} : { iat }),
    ...(nbf === undefined ? {} : { nbf }),
    ...(iss === undefined ? {} : { iss }),
    ...(aud === undefined ? {} : { aud }),
    hasSubject: payload['sub'] !== undefined,
    hasId: payload['jti'] !== undefined,
    personal: Object.entries(payload).flatMap(([name, value]) => (typeof value === 'string' && PERSONAL.test(value) ? [name] : [])),
    secret: Object.keys(payload).filter((name) => SECRET_CLAIM.test(name)),
    ...(bits === undefined ? {} : { weakSecret: weak }),
    knownSecretsTried: bits === undefined ? 0 : KNOWN_SECRETS.length,
  }
}

export interface LoginSeen {
  /** The page with the form, where one is declared. */
  readonly page?: Answer
  /** Fields of a password on that page, and what they say of being filled in by themselves. */
  readonly fields?: readonly { readonly type: string; readonly autocomplete?: string }[]
  readonly answer: Answer
  /** The declared token or cookie was there. */
  readonly accessToken: boolean
  readonly refreshToken: boolean
  readonly cookie: boolean
  /** Digest of the session cookie's value before the login, where there was one. */
  readonly cookieBefore?: string
  readonly cookieAfter?: string
  readonly token?: TokenFacts
  readonly idToken?: TokenFacts
  readonly session: Session
  /** As it was before the login, for what must not work any more. */
  readonly before: Session
}

const digestOf = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : createHmac('sha256', 'digest').update(value).digest('hex').slice(0, 16)

export const usable = (seen: Pick<LoginSeen, 'accessToken' | 'cookie'>): boolean => seen.accessToken || seen.cookie

/** Signs in as an account. `as` replaces its name or password. */
export async function signIn(
  context: ProbeContext,
  flow: AuthFlow,
  options: {
    readonly account?: number
    readonly blanks?: Blanks
    /** Whose login it counts as, where the blanks are given. */
    readonly who?: string
    readonly what: string
    readonly visit?: boolean
    readonly origin?: string
  },
): Promise<LoginSeen> {
  const { login } = flow
  const account = flow.accounts?.[options.account ?? 0]
  if (login === undefined || account === undefined) throw new ProbeError({ code: 'NO_ACCESS', message: 'no login or no account is declared', phase: 'request' })
  const blanks: Blanks = options.blanks ?? { username: secretNamed(context, account.username), password: secretNamed(context, account.password) }
  const session = new Session()
  let page: Answer | undefined
  let fields: LoginSeen['fields']
  let form: Readonly<Record<string, string>> = {}
  if (login.page !== undefined && options.visit !== false) {
    const visited = await send(context, { url: new URL(login.page, urlIn(login.url, context.target.domain)).href }, { what: 'the login page', session })
    page = visited.answer
    takeCookies(session, visited.seen)
    if (visited.seen !== undefined) {
      const read = readForm(new TextDecoder().decode(visited.seen.body))
      fields = read.fields
      form = read.hidden
    }
  }
  const before = session.copy()
  context.used?.({ logins: { [options.who ?? account.username]: 1 } })
  const merged: AuthCall = login.form === undefined ? login : { ...login, form: { ...form, ...login.form } }
  const { answer, seen } = await send(context, merged, {
    what: options.what,
    blanks: { ...blanks, random: random() },
    session,
    ...(options.origin === undefined ? {} : { headers: [['origin', options.origin]] }),
  })
  takeCookies(session, seen)
  const given = valueAt(seen, login.accessToken)
  // No server takes a header of that size: sent on, it would only break the connection.
  session.accessToken = given !== undefined && given.length > MOST_TOKEN_BYTES ? undefined : given
  session.refreshToken = valueAt(seen, login.refreshToken)
  if (login.accessToken?.startsWith('cookie:') === true) session.tokenCookie = login.accessToken.slice('cookie:'.length)
  session.idToken = valueAt(seen, flow.token?.idToken)
  const cookieBefore = login.cookie === undefined ? undefined : digestOf(before.cookie(login.cookie))
  // A cookie that stood there before the login is a login only if the answer is one; who reads this decides.
  const cookieAfter = login.cookie === undefined ? undefined : digestOf(session.cookie(login.cookie))
  const [token, idToken] = [factsOf(given), factsOf(session.idToken)]
  return {
    ...(page === undefined ? {} : { page }),
    ...(fields === undefined ? {} : { fields }),
    answer,
    accessToken: session.accessToken !== undefined,
    refreshToken: session.refreshToken !== undefined,
    cookie: cookieAfter !== undefined,
    ...(cookieBefore === undefined ? {} : { cookieBefore }),
    ...(cookieAfter === undefined ? {} : { cookieAfter }),
    ...(token === undefined ? {} : { token }),
    ...(idToken === undefined ? {} : { idToken }),
    session,
    before,
  }
}

/** Hidden fields and password fields of a page: attributes by their own names only. */
function readForm(html: string): { readonly hidden: Readonly<Record<string, string>>; readonly fields: NonNullable<LoginSeen['fields']> } {
  const hidden: Record<string, string> = {}
  const fields: { type: string; autocomplete?: string }[] = []
  const forms = tagsOf(html, 'form')[0] ?? ''
  const whole = /\bautocomplete\s*=\s*["']?([\w-]+)/i.exec(forms)?.[1]
  for (const tag of tagsOf(html.slice(0, 262_144), 'input')) {
    const attribute = (name: string): string | undefined =>
      new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, 'i')
        .exec(tag)
        ?.slice(1)
        .find((part) => part !== undefined)
    const [type, name, value] = [attribute('type')?.toLowerCase() ?? 'text', attribute('name'), attribute('value')]
    if (type === 'hidden' && name !== undefined) hidden[name] = value ?? ''
    const autocomplete = attribute('autocomplete') ?? whole
    if (type === 'password' || type === 'text' || type === 'email') fields.push({ type, ...(autocomplete === undefined ? {} : { autocomplete }) })
  }
  return { hidden, fields }
}

/** Accounts that a look makes for itself, as they stand among the logins of plan and report. */
export const THROW_AWAY = '(throw-away accounts)'

/** Who logs in how often, by name of the account's secret. */
export const loginCost = (flow: AuthFlow, logins: number, account = 0): Readonly<Record<string, number>> => {
  const name = flow.accounts?.[account]?.username
  return name === undefined || logins === 0 ? {} : { [name]: logins }
}

export interface Flowing {
  readonly name: string
  readonly flow: AuthFlow
}

export interface Cost extends Omit<ProbeCost, 'connections' | 'requests' | 'zones'> {
  /** All that are sent if the target does as declared. */
  readonly requests: readonly Asked[]
}

const methodOf = (call: Pick<AuthCall, 'method' | 'json' | 'form'>): string =>
  call.method ?? (call.json === undefined && call.form === undefined ? 'GET' : 'POST')
/** A declared call, as it is sent. */
export const asking = (call: AuthCall | undefined, times = 1): readonly Asked[] =>
  call === undefined || times === 0 ? [] : [{ url: call.url, method: methodOf(call), times }]
/** What one login takes. */
export const loginAsking = ({ login }: AuthFlow, times = 1): readonly Asked[] =>
  login === undefined || times === 0 ? [] : [...(login.page === undefined ? [] : [{ url: login.url, path: login.page, times }]), ...asking(login, times)]
const readable = (flow: AuthFlow): AuthRoute | undefined => flow.protected?.find(({ method }) => method === undefined || method === 'GET')
/** So many times the protected route that can be read. */
export const readAsking = (flow: AuthFlow, times: number): readonly Asked[] => asking(readable(flow), times)

export function probeOf<T>(
  kind: string,
  { name, flow }: Flowing,
  target: Target,
  cost: Cost,
  run: (context: ProbeContext) => Promise<T>,
  more: { readonly impact?: Probe<T>['impact']; readonly timeoutMs?: number; readonly host?: string; readonly asks?: readonly Probe<unknown>[] } = {},
): Probe<T> {
  const url = flow.login?.url ?? flow.client?.tokenUrl ?? flow.protected?.[0]?.url ?? flow.forgot?.url ?? ''
  const sent = askedCost(target, cost.requests)
  return {
    kind,
    key: `${kind} ${name}`,
    impact: more.impact ?? 'login',
    cost: {
      ...cost,
      connections: 1,
      requests: sent.requests,
      zones: sent.zones,
      unexpected: (cost.unexpected ?? 0) + sent.readings * ASKED_AGAIN,
    },
    ...(more.asks === undefined ? {} : { asks: more.asks }),
    host: more.host ?? hostOfUrl(url, target),
    timeoutMs: more.timeoutMs ?? 120_000,
    run,
  }
}

/** The login that everything that leaves it as it was shares. */
export const mainLogin = (one: Flowing, target: Target): Probe<LoginSeen> =>
  probeOf('authLogin', one, target, { requests: loginAsking(one.flow), logins: loginCost(one.flow, 1) }, (context) =>
    signIn(context, one.flow, { what: 'the right password', ...(one.flow.login?.origin === undefined ? {} : { origin: one.flow.login.origin }) }),
  )

const JSON_ACCEPT = [['accept', 'application/json']] as const

export interface RouteSeen {
  readonly route: AuthRoute
  readonly url: string
  readonly method: string
  readonly anonymous: Answer
  readonly garbled: Answer
  /** A session cookie or token of the right form with one character changed. */
  readonly tampered: Answer
  readonly authorised: Answer
  /** Other spellings of path and method, without a login. */
  readonly variants: readonly Answer[]
  readonly roles: readonly { readonly role: string; readonly answer: Answer }[]
}

export interface GateSeen {
  readonly login: LoginSeen
  readonly routes: readonly RouteSeen[]
}

/** One character in the middle of the last part, changed: never the last, whose bits may be padding. */
export function tampered(value: string): string {
  const start = value.lastIndexOf('.') + 1
  const at = start + Math.floor((value.length - start) / 2)
  const old = value[at] ?? 'A'
  return `${value.slice(0, at)}${old === 'A' ? 'B' : 'A'}${value.slice(at + 1)}`
}

function tamperedSession(session: Session, flow: AuthFlow): Session {
  const other = session.copy()
  if (other.accessToken !== undefined) return other.withToken(tampered(other.accessToken))
  const name = flow.login?.cookie
  const value = name === undefined ? undefined : other.cookie(name)
  if (name !== undefined && value !== undefined) other.setCookie(name, tampered(value))
  return other
}

const MOST_ROUTES = 8
/** Of the routes that can be read. */
const ROUTES_IN_VARIANTS = 2

/** Spellings of a path, and requests that name it beside the request line. */
function variantsOf(
  path: string,
): readonly { readonly what: string; readonly path: string; readonly method?: string; readonly headers?: readonly (readonly [string, string])[] }[] {
  const [bare, query] = path.split('?', 2) as [string, string?]
  const tail = query === undefined ? '' : `?${query}`
  const last = bare.lastIndexOf('/')
  return [
    { what: 'HEAD', path, method: 'HEAD' },
    { what: 'a doubled slash', path: `/${bare}${tail}` },
    { what: 'a slash at the end', path: `${bare}/${tail}` },
    { what: 'another case', path: `${bare.toUpperCase()}${tail}` },
    { what: 'a path parameter', path: `${bare};a=b${tail}` },
    { what: 'a dot segment', path: `${bare.slice(0, last)}/%2e${bare.slice(last)}${tail}` },
    { what: 'an encoded letter', path: `${bare.slice(0, -1)}%${bare.charCodeAt(bare.length - 1).toString(16)}${tail}` },
    { what: 'X-Original-URL', path: '/', headers: [['x-original-url', path]] },
    { what: 'X-Rewrite-URL', path: '/', headers: [['x-rewrite-url', path]] },
    { what: 'X-HTTP-Method-Override', path, headers: [['x-http-method-override', 'GET']], method: 'POST' },
    {
      what: 'X-Forwarded-For',
      path,
      headers: [
        ['x-forwarded-for', '127.0.0.1'],
        ['x-real-ip', '127.0.0.1'],
      ],
    },
  ]
}

/** The declared routes without a login, with a wrong and with the right one, as every role, and by other names. */
export function authGate(one: Flowing, target: Target): Probe<GateSeen> {
  const { flow } = one
  const routes = (flow.protected ?? []).slice(0, MOST_ROUTES)
  const others = (flow.accounts ?? []).flatMap((account, index) => (account.role !== undefined || index > 0 ? [{ account, index }] : []))
  const asRoles = routes.some(({ roles }) => roles !== undefined) ? others.filter(({ index }) => index > 0) : []
  const reading = routes.filter(({ method }) => method === undefined || method === 'GET')
  const requests = [
    ...asRoles.flatMap(() => loginAsking(flow)),
    ...routes.flatMap((route) =>
      asking(route, 3 + (reading.includes(route) || route.roles !== undefined ? 1 : 0) + (route.roles === undefined ? 0 : asRoles.length)),
    ),
    ...reading
      .slice(0, ROUTES_IN_VARIANTS)
      .flatMap(({ url }) =>
        variantsOf(splitUrl(urlIn(url, target.domain))?.path ?? '/').map(
          ({ path, method }): Asked => ({ url, path, ...(method === undefined ? {} : { method }) }),
        ),
      ),
  ]
  return probeOf(
    'authGate',
    one,
    target,
    { requests, logins: Object.assign({}, ...asRoles.map(({ index }) => loginCost(flow, 1, index))) as Record<string, number> },
    async (context) => {
      const login = await observed(context, mainLogin(one, target))
      const { session } = login
      const roles: { readonly role: string; readonly session: Session }[] = [{ role: flow.accounts?.[0]?.role ?? 'user', session }]
      for (const { account, index } of asRoles) {
        const other = await signIn(context, flow, { account: index, what: `the right password of ${account.role ?? 'another user'}` })
        roles.push({ role: account.role ?? 'user', session: other.session })
      }
      const seen: RouteSeen[] = []
      let readableSeen = 0
      for (const route of routes) {
        const call: AuthCall = {
          url: route.url,
          ...(route.method === undefined ? {} : { method: route.method }),
          ...(route.json === undefined ? {} : { json: route.json }),
        }
        const method = route.method ?? 'GET'
        const name = `${method} ${splitUrl(urlIn(route.url, target.domain))?.path ?? ''}`
        const reads = method === 'GET'
        const wrong = strangerOf(flow)
        const ask = async (what: string, own: Session | undefined, more: Partial<Parameters<typeof send>[2]> = {}): Promise<Answer> =>
          (await send(context, call, { what: `${name} ${what}`, headers: JSON_ACCEPT, ...(own === undefined ? {} : { session: own }), ...more })).answer
        const anonymous = await ask('without a login', undefined)
        const garbled = await ask('with a made-up login', wrong)
        const changed = await ask('with a changed login', tamperedSession(session, flow))
        // What changes something is asked for with a login only where the target says what a role may do.
        const authorised = reads || route.roles !== undefined ? await ask('with a login', session) : anonymous
        const variants: Answer[] = []
        if (reads && readableSeen++ < ROUTES_IN_VARIANTS) {
          const path = splitUrl(urlIn(route.url, target.domain))?.path ?? '/'
          for (const variant of variantsOf(path))
            variants.push(
              (
                await send(
                  context,
                  { url: route.url },
                  {
                    what: `${name} by ${variant.what}, without a login`,
                    path: variant.path,
                    ...(variant.method === undefined ? {} : { method: variant.method }),
                    headers: [...JSON_ACCEPT, ...(variant.headers ?? [])],
                  },
                )
              ).answer,
            )
        }
        const byRole = []
        if (route.roles !== undefined)
          for (const { role, session: own } of roles) byRole.push({ role, answer: own === session ? authorised : await ask(`as ${role}`, own) })
        seen.push({ route, url: urlIn(route.url, target.domain), method, anonymous, garbled, tampered: changed, authorised, variants, roles: byRole })
      }
      return { login, routes: seen }
    },
    { asks: [mainLogin(one, target)] },
  )
}

/** @throws ProbeError what the other look failed with */
export async function observed<T>(context: ProbeContext, probe: Probe<T>): Promise<T> {
  const seen = await context.observe(probe)
  if (!seen.ok) throw new ProbeError(seen.failure)
  return seen.value
}

export interface FailuresSeen {
  /** The known account with wrong passwords. */
  readonly wrong: readonly Answer[]
  readonly wrongUsable: boolean
  /** Names that nobody has. */
  readonly unknown: readonly Answer[]
  readonly unknownUsable: boolean
  /** The right name and password as parameters of a GET. */
  readonly inUrl?: Answer
  readonly inUrlUsable: boolean
  /** A name that nobody has, from a page of another origin. */
  readonly elsewhere?: Answer
  /** A lock or a limiter ended it early. */
  readonly stopped?: string
}

/** Logins that must be refused: at most the declared attempts on the known account, names that nobody has as often, in turns. */
export function authFailures(one: Flowing, target: Target): Probe<FailuresSeen> {
  const { flow } = one
  const attempts = flow.attempts ?? 2
  const elsewhereAsked = flow.login?.origin !== undefined
  const fields = flow.login?.form ?? flow.login?.json
  return probeOf(
    'authFailures',
    one,
    target,
    {
      requests: [
        ...loginAsking(flow, attempts * 2),
        ...(elsewhereAsked ? asking(flow.login) : []),
        ...(fields === undefined || flow.login === undefined ? [] : [{ url: flow.login.url }]),
        // A page that gives everybody a cookie is no login yet: what the cookie opens is asked.
        ...(fields === undefined || flow.login?.cookie === undefined ? [] : readAsking(flow, 2)),
      ],
      ...(flow.login?.cookie === undefined ? {} : { atMost: true as const }),
      logins: { ...loginCost(flow, attempts + (fields === undefined ? 0 : 1)), [NOBODY]: attempts + (elsewhereAsked ? 1 : 0) },
      // A refused login that sets a cookie is tried at a route.
      unexpected: (attempts * 2 + 1) * 2,
    },
    async (context) => {
      const account = flow.accounts?.[0]
      if (account === undefined) throw new ProbeError({ code: 'NO_ACCESS', message: 'no account is declared', phase: 'request' })
      const username = secretNamed(context, account.username)
      const wrong: Answer[] = []
      const unknown: Answer[] = []
      let [wrongUsable, unknownUsable] = [false, false]
      let stopped: string | undefined
      const at = username.lastIndexOf('@')
      for (let turn = 0; turn < attempts && stopped === undefined; turn += 1) {
        const stranger = at > 0 ? `nobody-${random().slice(0, 8)}${username.slice(at)}` : `nobody-${random().slice(0, 8)}`
        // In turns, and each first as often: what the server does over time touches both alike.
        for (const known of turn % 2 === 0 ? [true, false] : [false, true]) {
          const seen = await signIn(context, flow, {
            what: known ? 'a wrong password' : 'a name that nobody has',
            who: known ? account.username : NOBODY,
            blanks: { username: known ? username : stranger, password: `Wrong-${random()}-1!` },
            visit: turn === 0 || flow.login?.page !== undefined,
          })
          const works = seen.accessToken || (seen.cookie && seen.cookieAfter !== seen.cookieBefore && (await opens(context, flow, seen.session)))
          if (known) {
            wrong.push(seen.answer)
            wrongUsable ||= works
          } else {
            unknown.push(seen.answer)
            unknownUsable ||= works
          }
          if (seen.answer.obstacle !== undefined) stopped = seen.answer.obstacle
          if (seen.answer.failure !== undefined) stopped = seen.answer.failure.message
          if (stopped !== undefined) break
        }
      }
      let elsewhere: Answer | undefined
      if (stopped === undefined && elsewhereAsked)
        elsewhere = (
          await signIn(context, flow, {
            what: 'a login from a page of another origin',
            who: NOBODY,
            blanks: { username: `nobody-${random().slice(0, 8)}${at > 0 ? username.slice(at) : ''}`, password: `Wrong-${random()}-1!` },
            visit: false,
            origin: 'https://other.example.net',
          })
        ).answer
      let inUrl: Answer | undefined
      let inUrlUsable = false
      if (stopped === undefined && flow.login !== undefined && fields !== undefined) {
        const blanks = { username, password: secretNamed(context, account.password) }
        const query = new URLSearchParams(
          Object.entries(fields).flatMap(([name, value]): [string, string][] =>
            typeof value === 'string' ? [[name, value.replace(/\{(\w+)\}/g, (whole, word: string) => (blanks as Record<string, string>)[word] ?? whole)]] : [],
          ),
        ).toString()
        const path = splitUrl(urlIn(flow.login.url, target.domain))?.path ?? '/'
        context.used?.({ logins: { [account.username]: 1 } })
        const sent = await send(
          context,
          { url: flow.login.url },
          {
            what: 'name and password in the URL',
            method: 'GET',
            path: `${path}${path.includes('?') ? '&' : '?'}${query}`,
            blanks,
            hide: Object.values(blanks),
          },
        )
        inUrl = { ...sent.answer, url: urlIn(flow.login.url, target.domain) }
        const session = new Session()
        takeCookies(session, sent.seen)
        session.accessToken = valueAt(sent.seen, flow.login.accessToken)
        inUrlUsable =
          session.accessToken !== undefined ||
          (flow.login.cookie !== undefined && session.cookie(flow.login.cookie) !== undefined && (await opens(context, flow, session)))
      }
      return {
        wrong,
        wrongUsable,
        unknown,
        unknownUsable,
        ...(inUrl === undefined ? {} : { inUrl }),
        inUrlUsable,
        ...(elsewhere === undefined ? {} : { elsewhere }),
        ...(stopped === undefined ? {} : { stopped }),
      }
    },
  )
}

/** A session opens the first protected route that can be read; without one to ask, no. */
async function opens(context: ProbeContext, flow: AuthFlow, session: Session): Promise<boolean> {
  const answer = await readWith(context, flow, session, 'with that session')
  const anonymous = await readWith(context, flow, undefined, 'without a login')
  return answer !== undefined && anonymous !== undefined && answer.status >= 200 && answer.status < 300 && answer.bodyHash !== anonymous.bodyHash
}

/** The first protected route that can be read, with a session; undefined where none is declared. */
export async function readWith(context: ProbeContext, flow: AuthFlow, session: Session | undefined, what: string): Promise<Answer | undefined> {
  const route = readable(flow)
  if (route === undefined) return undefined
  return (await send(context, { url: route.url }, { what, headers: JSON_ACCEPT, ...(session === undefined ? {} : { session }) })).answer
}

/** A session that nobody was given. */
export function strangerOf(flow: AuthFlow): Session {
  const stranger = new Session()
  if (flow.login?.cookie !== undefined) stranger.setCookie(flow.login.cookie, random())
  if (flow.login?.accessToken !== undefined) stranger.accessToken = `postproof.${random()}.wrong`
  return stranger
}

interface Refreshed {
  readonly answer: Answer
  /** A new access token came back. */
  readonly works: boolean
  readonly session: Session
}

export async function refreshWith(context: ProbeContext, flow: AuthFlow, session: Session, what: string): Promise<Refreshed> {
  const { refresh, login } = flow
  if (refresh === undefined) throw new TypeError('no refresh is declared')
  const byCookie = login?.refreshToken?.startsWith('cookie:') === true
  const own = session.copy()
  own.accessToken = undefined
  if (byCookie && session.refreshToken !== undefined) own.setCookie((login?.refreshToken ?? '').slice('cookie:'.length), session.refreshToken)
  const { answer, seen } = await send(context, refresh, {
    what,
    session: own,
    blanks: { refreshToken: session.refreshToken ?? '', accessToken: session.accessToken ?? '' },
    hide: session.values,
  })
  const next = session.copy()
  takeCookies(next, seen)
  const accessToken = valueAt(seen, refresh.accessToken ?? login?.accessToken)
  next.accessToken = accessToken
  next.refreshToken = valueAt(seen, refresh.refreshToken ?? login?.refreshToken) ?? session.refreshToken
  return { answer, works: answer.status >= 200 && answer.status < 300 && accessToken !== undefined, session: next }
}

export interface RefreshSeen {
  readonly login: LoginSeen
  readonly first: Answer
  readonly firstWorks: boolean
  /** The access token differs from that of the login. */
  readonly accessChanged: boolean
  readonly refreshChanged: boolean
  readonly token?: TokenFacts
  /** The new access token at a protected route. */
  readonly opened?: Answer
  /** An access token where a refresh token belongs. */
  readonly accessAsRefresh: Answer
  readonly accessAsRefreshWorks: boolean
  /** A refresh token where an access token belongs. */
  readonly refreshAsAccess?: Answer
  readonly reuseAtOnce: Answer
  readonly reuseAtOnceWorks: boolean
  /** Undefined where it was refused at once. */
  readonly reuseLater?: Answer
  readonly reuseLaterWorks?: boolean
  readonly waitedSeconds: number
  /** The successor, after its predecessor was used again. */
  readonly family: Answer
  readonly familyWorks: boolean
  /** The exp of the refresh tokens, where they are JWTs. */
  readonly refreshExpiries: readonly number[]
}

/** A login of its own, since what is asked here ends it: refresh, wrong kinds of token, the used token again at once and after the grace, its successor. */
export function authRefresh(one: Flowing, target: Target): Probe<RefreshSeen> {
  const { flow } = one
  const wait = (flow.refresh?.graceSeconds ?? 60) + (flow.refresh?.marginSeconds ?? 5)
  return probeOf(
    'authRefresh',
    one,
    target,
    { requests: [...loginAsking(flow), ...asking(flow.refresh, 4), ...readAsking(flow, 2)], logins: loginCost(flow, 1), unexpected: 2 },
    async (context) => {
      const login = await signIn(context, flow, { what: 'a login to refresh' })
      if (login.session.refreshToken === undefined)
        throw new ProbeError({ code: 'NO_REFRESH_TOKEN', message: `the login answered ${login.answer.status} without a refresh token`, phase: 'response' })
      const swapped = login.session.copy()
      swapped.refreshToken = login.session.accessToken
      const accessAsRefresh = await refreshWith(context, flow, swapped, 'an access token as refresh token')
      const reversed = new Session()
      reversed.accessToken = login.session.refreshToken
      const refreshAsAccess = await readWith(context, flow, reversed, 'a refresh token as access token')
      let first = await refreshWith(context, flow, login.session, 'the refresh token')
      let before = login.session
      if (first.works && first.session.accessToken === login.session.accessToken) {
        // One second, one iat, one token: asked again in the next second.
        await sleep(1_100, context.signal)
        before = first.session
        first = await refreshWith(context, flow, first.session, 'the refresh token, a second later')
      }
      const opened = await readWith(context, flow, bearerOf(first.session), 'with the refreshed token')
      const used = before
      const again = await refreshWith(context, flow, used, 'the used refresh token, at once')
      const rotates = first.session.refreshToken !== used.refreshToken
      let later: Refreshed | undefined
      if (again.works && rotates) {
        await sleep(wait * 1000, context.signal)
        later = await refreshWith(context, flow, used, `the used refresh token, ${wait} s later`)
      }
      const family = await refreshWith(context, flow, first.session, 'the successor, after its predecessor was used again')
      const token = factsOf(first.session.accessToken)
      const expiries = [login.session, first.session].flatMap(({ refreshToken }) => factsOf(refreshToken)?.exp ?? [])
      return {
        login,
        first: first.answer,
        firstWorks: first.works,
        accessChanged: first.session.accessToken !== before.accessToken,
        refreshChanged: rotates,
        ...(token === undefined ? {} : { token }),
        ...(opened === undefined ? {} : { opened }),
        accessAsRefresh: accessAsRefresh.answer,
        accessAsRefreshWorks: accessAsRefresh.works,
        ...(refreshAsAccess === undefined ? {} : { refreshAsAccess }),
        reuseAtOnce: again.answer,
        reuseAtOnceWorks: again.works,
        ...(later === undefined ? {} : { reuseLater: later.answer, reuseLaterWorks: later.works }),
        waitedSeconds: later === undefined ? 0 : wait,
        family: family.answer,
        familyWorks: family.works,
        refreshExpiries: expiries,
      }
    },
    { timeoutMs: 120_000 + wait * 1000 },
  )
}

const bearerOf = (session: Session): Session => {
  const own = new Session()
  own.accessToken = session.accessToken
  return own
}

export interface ConcurrentSeen {
  readonly answers: readonly Answer[]
  readonly winners: number
}
const AT_ONCE = 4

/** One refresh token used by several at the same moment, over connections of their own. */
export function authConcurrent(one: Flowing, target: Target): Probe<ConcurrentSeen> {
  return probeOf(
    'authConcurrent',
    one,
    target,
    { requests: [...loginAsking(one.flow), ...asking(one.flow.refresh, AT_ONCE)], logins: loginCost(one.flow, 1) },
    async (context) => {
      const login = await signIn(context, one.flow, { what: 'a login to refresh' })
      const seen = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, index) => refreshWith(context, one.flow, login.session, `refresh ${index + 1} of ${AT_ONCE} at once`)),
      )
      return { answers: seen.map(({ answer }) => answer), winners: seen.filter(({ works }) => works).length }
    },
  )
}

export interface LogoutSeen {
  readonly login: LoginSeen
  readonly opened?: Answer
  /** The same with a session that nobody was given: how the route refuses. */
  readonly stranger?: Answer
  readonly answer: Answer
  /** The session as it was, at once and after the declared time. */
  readonly replayed?: Answer
  readonly later?: Answer
  readonly waitedSeconds: number
  readonly refreshed?: Answer
  readonly refreshedWorks: boolean
  /** The cookie from before the login, with which nobody logged in. */
  readonly fixed?: Answer
}

/** A login of its own: what the session opens, logging out, and the same session again. */
export function authLogout(one: Flowing, target: Target): Probe<LogoutSeen> {
  const { flow } = one
  // Only an answer can tell whether there is a cookie before the login, which is then tried.
  const fixes = flow.login?.page !== undefined && flow.login.cookie !== undefined
  const cost: Cost = {
    requests: [
      ...loginAsking(flow),
      ...readAsking(flow, fixes ? 4 : 3),
      ...asking(flow.logout),
      ...(flow.login?.refreshToken === undefined ? [] : asking(flow.refresh)),
    ],
    logins: loginCost(flow, 1),
    unexpected: 1,
    ...(fixes ? { atMost: true } : {}),
  }
  return probeOf('authLogout', one, target, cost, async (context) => {
    const login = await signIn(context, flow, { what: 'a login to end' })
    const opened = await readWith(context, flow, login.session, 'with the session')
    const stranger = await readWith(context, flow, strangerOf(flow), 'with a made-up session')
    const fixed = login.cookieBefore === undefined ? undefined : await readWith(context, flow, login.before, 'with the cookie from before the login')
    if (flow.logout === undefined) throw new ProbeError({ code: 'NO_ACCESS', message: 'no logout is declared', phase: 'request' })
    const { answer } = await send(context, flow.logout, {
      what: 'logging out',
      session: login.session,
      blanks: { refreshToken: login.session.refreshToken ?? '', accessToken: login.session.accessToken ?? '' },
    })
    const replayed = await readWith(context, flow, login.session, 'with the session, after logging out')
    let later: Answer | undefined
    const wait = flow.logout.within ?? 5
    if (replayed !== undefined && replayed.status >= 200 && replayed.status < 300 && replayed.bodyHash !== stranger?.bodyHash && wait > 0) {
      await sleep(wait * 1000, context.signal)
      later = await readWith(context, flow, login.session, `with the session, ${wait} s after logging out`)
    }
    const refreshed =
      flow.refresh === undefined || login.session.refreshToken === undefined
        ? undefined
        : await refreshWith(context, flow, login.session, 'the refresh token, after logging out')
    return {
      login,
      ...(opened === undefined ? {} : { opened }),
      ...(stranger === undefined ? {} : { stranger }),
      answer,
      ...(replayed === undefined ? {} : { replayed }),
      ...(later === undefined ? {} : { later }),
      waitedSeconds: later === undefined ? 0 : wait,
      ...(refreshed === undefined ? {} : { refreshed: refreshed.answer }),
      refreshedWorks: refreshed?.works ?? false,
      ...(fixed === undefined ? {} : { fixed }),
    }
  })
}
