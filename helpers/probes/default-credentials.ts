/**
 * Which product answers at a place, what of it stands open, and whether it takes passwords that everybody knows. A product is data: pages that prove
 * what it is, doors to sign in at. Facts only; passwords tried stand nowhere but in the request.
 */
import { hash, randomBytes } from 'node:crypto'
import { headerValue, isChallenge } from '../headers.ts'
import { isLoopback } from '../grammar/address.ts'
import type { RawHeaders } from '../observations.ts'
import type { Expression } from '../owner-expression.ts'
import { type Probe, type ProbeContext, type ProbeCost, ProbeError, type ProbeFailure } from '../probe.ts'
import { sleep } from '../sleep.ts'
import type { Target } from '../target.ts'
import { type Asked, askedCost, NOBODY } from './asked.ts'
import { Cookies, exchange, type ExchangeAnswer, type ExchangeRequest, locationOf, secretOf } from './exchange.ts'
import { splitUrl } from './http.ts'
import { firstAddress } from './tls.ts'
import { withoutTrailing } from '../grammar/linear.ts'

/** An answer is recognised by all that is given. */
export interface Sign {
  readonly status?: readonly number[]
  /** In the first 256 KiB of the body. */
  readonly body?: Expression
  readonly header?: readonly [name: string, value: RegExp]
  /** Not in the body. */
  readonly not?: RegExp
}
export interface Page extends Sign {
  /** Below the place, with a slash. */
  readonly path: string
}
export interface Door {
  /** `login form`, `API with basic authentication`. */
  readonly name: string
  /** Read first: its cookies are kept, and the first group found in it goes where `{found}` stands. */
  readonly before?: { readonly path: string; readonly find?: RegExp }
  /** What signs in; left out: basic authentication at the page of the proof. `{username}`, `{password}`, `{found}` are filled in. */
  readonly request?: { readonly path: string; readonly json?: Readonly<Record<string, string>>; readonly form?: Readonly<Record<string, string>> }
  /** Whatever was sent is answered with a redirect: only the page where it leads tells. */
  readonly follows?: true
  readonly accepted: Sign
  readonly refused: Sign
  /** First group found in the answer goes into this header for the proof, where `{token}` stands. */
  readonly token?: { readonly find: Expression; readonly header: string; readonly value: string }
  /** A page that only a session sees. */
  readonly proof: Page
}
export interface Product {
  readonly id: string
  readonly name: string
  /** Public documentation that the facts are from. */
  readonly source: string
  /** Any of them proves it. */
  readonly marks: readonly Page[]
  readonly doors?: readonly Door[]
  /** Passwords of its documentation, at most two. The doors behind the first one are tried with the first pair alone. */
  readonly pairs?: readonly (readonly [username: string, password: string])[]
  /** It locks an account after so many failures. */
  readonly lockAfter?: number
  /** What an installation shows that nobody has claimed, and what a claimed one shows. */
  readonly firstRun?: { readonly unclaimed: Page; readonly claimed?: Page }
  /** Where a stranger may open an account. */
  readonly registration?: { readonly open: Page; readonly closed?: Page }
  /** Content that nobody should read without a login, and the answer that keeps it. */
  readonly open?: { readonly page: Page; readonly kept?: Page }
}

/** A place where something answers HTTP. */
export interface Place {
  /** `https://git.example.com`, without a slash at the end. */
  readonly url: string
}

export interface PageLook {
  readonly path: string
  readonly matched: boolean
  readonly status?: number
  readonly failure?: ProbeFailure
  /** A limiter, a challenge or a broken gateway answered. */
  readonly obstacle: boolean
  readonly peer?: string
  readonly at?: string
}
export interface Identity {
  readonly url: string
  readonly product?: string
  /** The page that proved it. */
  readonly mark?: string
  readonly looks: readonly PageLook[]
  readonly unclaimed?: PageLook
  readonly claimed?: PageLook
  readonly registration?: PageLook
  readonly registrationClosed?: PageLook
  readonly open?: PageLook
  readonly kept?: PageLook
}

export type TryOutcome = 'accepted' | 'refused' | 'locked' | 'closed' | 'unclear' | 'failed'
export interface Try {
  /** The control carries a name and a password that nobody has. */
  readonly kind: 'control' | 'known'
  readonly username: string
  readonly outcome: TryOutcome
  readonly detail: string
}
export interface DoorLook {
  readonly door: string
  /** The page of the proof is read without any login. */
  readonly anonymous: boolean
  readonly proof: string
  readonly tries: readonly Try[]
  readonly peer?: string
  readonly at?: string
}
export interface LoginLook {
  readonly url: string
  readonly product?: string
  readonly identity: Identity
  readonly doors: readonly DoorLook[]
  /** Why nothing more was tried. */
  readonly stopped?: string
}

const LOCKED =
  /too many (?:failed |login |incorrect |unsuccessful )*(?:attempts|requests|tries|logins)|account (?:has been |is )?(?:temporarily )?(?:locked|disabled|blocked)|locked out|(?:solve|complete|enter) the captcha|g-recaptcha|h-captcha|cf-turnstile/i
const CLOSED: ReadonlySet<number> = new Set([404, 405, 410, 501])

const text = (answer: Pick<ExchangeAnswer, 'body'>): string => new TextDecoder().decode(answer.body)
function matches(sign: Sign, answer: ExchangeAnswer): boolean {
  if (sign.status !== undefined && !sign.status.includes(answer.status)) return false
  if (sign.header !== undefined && !sign.header[1].test(headerValue(answer.headers, sign.header[0]) ?? '')) return false
  const body = sign.body === undefined && sign.not === undefined ? '' : text(answer)
  if (sign.body !== undefined && !sign.body.test(body)) return false
  return sign.not === undefined || !sign.not.test(body)
}
const isObstacle = (answer: ExchangeAnswer): boolean => answer.status === 429 || answer.status >= 500 || isChallenge(answer)

/** Follows redirects within the place, as a browser would, at most three. */
async function read(context: ProbeContext, request: ExchangeRequest, cookies?: Cookies): Promise<ExchangeAnswer> {
  let answer = await exchange(context, { ...request, headers: [...(request.headers ?? []), ...(cookies?.header ?? [])] })
  cookies?.take(answer.headers)
  for (let hops = 0; hops < 3; hops += 1) {
    const next = locationOf(answer)
    if (next === undefined || new URL(next).origin !== new URL(request.url).origin) break
    answer = await exchange(context, { ...request, url: next, headers: [...(request.headers ?? []), ...(cookies?.header ?? [])] })
    cookies?.take(answer.headers)
  }
  return answer
}

async function look(context: ProbeContext, place: Place, page: Page, answers: Map<string, ExchangeAnswer | ProbeFailure>): Promise<PageLook> {
  let seen = answers.get(page.path)
  if (seen === undefined) {
    try {
      seen = await read(context, { url: `${place.url}${page.path}` })
    } catch (error) {
      if (!(error instanceof ProbeError)) throw error
      seen = error.failure
    }
    answers.set(page.path, seen)
  }
  if ('phase' in seen) return { path: page.path, matched: false, failure: seen, obstacle: false }
  return { path: page.path, matched: matches(page, seen), status: seen.status, obstacle: isObstacle(seen), peer: seen.peer, at: seen.at }
}

const placeOf = (url: string): Place => ({ url: withoutTrailing(url, '/') })
const hostIn = (url: string): string => splitUrl(url)?.host ?? ''
const products = (list: readonly Product[]): string => hash('sha256', list.map(({ id }) => id).join()).slice(0, 8)

/**
 * What answers at a place: the pages that prove products, read once each, and of the product found the pages that tell whether it stands open.
 * Without `expected`, only marks on the start page are looked at: a stranger's host is not asked for fifty paths.
 */
export function identify(url: string, known: readonly Product[], expected?: string): Probe<Identity> {
  const place = placeOf(url)
  return {
    kind: 'identifyProduct',
    key: `identifyProduct ${place.url} ${expected ?? '?'} ${products(known)}`,
    impact: 'read',
    cost: { connections: 6, requests: 6 },
    host: hostIn(url),
    timeoutMs: 60_000,
    run: async (context) => {
      const answers = new Map<string, ExchangeAnswer | ProbeFailure>()
      const looks: PageLook[] = []
      let found: { readonly product: Product; readonly page: Page } | undefined
      for (const product of known) {
        if (expected !== undefined && product.id !== expected) continue
        for (const page of product.marks) {
          if (expected === undefined && page.path !== '/') continue
          const seen = await look(context, place, page, answers)
          if (!looks.some(({ path }) => path === page.path)) looks.push(seen)
          if (seen.matched) {
            found = { product, page }
            break
          }
        }
        if (found !== undefined) break
      }
      const base = { url: place.url, looks }
      if (found === undefined) {
        const first = looks[0]
        if (first?.failure !== undefined && looks.every(({ failure }) => failure !== undefined)) throw new ProbeError(first.failure)
        return base
      }
      const { product, page } = found
      const see = async (one: Page | undefined): Promise<PageLook | undefined> => (one === undefined ? undefined : await look(context, place, one, answers))
      const pages = {
        unclaimed: await see(product.firstRun?.unclaimed),
        claimed: await see(product.firstRun?.claimed),
        registration: await see(product.registration?.open),
        registrationClosed: await see(product.registration?.closed),
        open: await see(product.open?.page),
        kept: await see(product.open?.kept),
      }
      return {
        ...base,
        product: product.id,
        mark: page.path,
        ...Object.fromEntries(Object.entries(pages).filter(([, one]) => one !== undefined)),
      }
    },
  }
}

interface Pair {
  readonly username: string
  readonly password: string
}
const fill = (template: string, pair: Pair, found: string, encode: (value: string) => string): string =>
  template.replace(/\{(username|password|found)\}/g, (_whole, name: string) => encode(name === 'found' ? found : pair[name as keyof Pair]))

/** The body of a sign-in request and its type. */
function bodyOf(request: NonNullable<Door['request']>, pair: Pair, found: string): { readonly type: string; readonly body: string } {
  if (request.form !== undefined)
    return {
      type: 'application/x-www-form-urlencoded',
      body: Object.entries(request.form)
        .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(fill(value, pair, found, (one) => one))}`)
        .join('&'),
    }
  const filled = Object.fromEntries(Object.entries(request.json ?? {}).map(([name, value]) => [name, fill(value, pair, found, (one) => one)]))
  return { type: 'application/json', body: JSON.stringify(filled) }
}

/** One sign-in at one door with fresh cookies. Says nothing of the password. */
async function signIn(
  context: ProbeContext,
  place: Place,
  door: Door,
  pair: Pair,
  secret: boolean,
): Promise<{ readonly outcome: TryOutcome; readonly detail: string; readonly answer?: ExchangeAnswer }> {
  const cookies = new Cookies()
  const basic: RawHeaders = [['Authorization', `Basic ${Buffer.from(`${pair.username}:${pair.password}`).toString('base64')}`]]
  const locked = (answer: ExchangeAnswer): boolean =>
    answer.status === 429 || answer.status === 423 || isChallenge(answer) || LOCKED.test(text(answer).slice(0, 65_536))
  let answer: ExchangeAnswer
  let headers: RawHeaders = []
  if (door.request === undefined) {
    answer = await exchange(context, { url: `${place.url}${door.proof.path}`, headers: basic, secret })
    headers = basic
  } else {
    let found = ''
    if (door.before !== undefined) {
      const before = await read(context, { url: `${place.url}${door.before.path}` }, cookies)
      if (locked(before) && before.status !== 200) return { outcome: 'locked', detail: `${before.status} at ${door.before.path}`, answer: before }
      if (CLOSED.has(before.status)) return { outcome: 'closed', detail: `${before.status} at ${door.before.path}`, answer: before }
      if (door.before.find !== undefined) {
        const value = door.before.find.exec(text(before))?.[1]
        if (value === undefined)
          return { outcome: 'unclear', detail: `nothing to sign in with found at ${door.before.path} (${before.status})`, answer: before }
        found = value.replaceAll('&#43;', '+').replaceAll('&#x2B;', '+').replaceAll('&#61;', '=').replaceAll('&amp;', '&')
      }
    }
    const { type, body } = bodyOf(door.request, pair, found)
    answer = await exchange(context, {
      url: `${place.url}${door.request.path}`,
      method: 'POST',
      headers: [['Content-Type', type], ['Origin', new URL(place.url).origin], ['Referer', `${place.url}${door.before?.path ?? '/'}`], ...cookies.header],
      body,
      secret,
    })
    cookies.take(answer.headers)
    const next = door.follows === true ? locationOf(answer) : undefined
    if (next !== undefined && new URL(next).origin === new URL(place.url).origin) answer = await read(context, { url: next, secret }, cookies)
  }
  if (locked(answer)) return { outcome: 'locked', detail: `${answer.status}: a limiter, a lock or a captcha answered`, answer }
  if (CLOSED.has(answer.status)) return { outcome: 'closed', detail: `${answer.status}: this way to sign in is not there`, answer }
  if (!matches(door.accepted, answer))
    return matches(door.refused, answer)
      ? { outcome: 'refused', detail: `${answer.status}, as the product refuses`, answer }
      : { outcome: 'unclear', detail: `${answer.status}, neither what the product answers to a right password nor to a wrong one`, answer }
  // An answer that looks like success proves nothing: only a page that needs the session does.
  if (door.token !== undefined) {
    const token = door.token.find.exec(text(answer))?.[1]
    if (token === undefined) return { outcome: 'unclear', detail: `${answer.status}, but without a token`, answer }
    headers = [...headers, [door.token.header, door.token.value.replaceAll('{token}', token)]]
  }
  const proof = door.request === undefined ? answer : await read(context, { url: `${place.url}${door.proof.path}`, headers, secret: true }, cookies)
  return matches(door.proof, proof)
    ? { outcome: 'accepted', detail: `signed in: ${door.proof.path} shows what only a session sees (${proof.status})`, answer }
    : { outcome: 'unclear', detail: `${answer.status} looks like success, but ${door.proof.path} does not show a session (${proof.status})`, answer }
}

const PAUSE_MS = 2_000
const random = (): string => randomBytes(9).toString('base64url').replaceAll(/[-_]/g, 'x')

/** The most that the doors of one of these products take: a session is looked at only where one is given. */
function tryingCost(place: Place, known: readonly Product[], expected: string | undefined, tried: Tried, target: Target): ProbeCost {
  const costs = known
    .filter(({ id }) => expected === undefined || id === expected)
    .map((product) => {
      const pairs = tried.kind === 'seed' ? [tried.username] : (product.pairs ?? []).map(([username]) => username)
      const logins: Record<string, number> = {}
      const asked: Asked[] = []
      for (const [index, door] of (pairs.length === 0 ? [] : (product.doors ?? [])).entries()) {
        const names = [NOBODY, ...(index === 0 ? pairs : pairs.slice(0, 1))]
        for (const name of names) logins[name] = (logins[name] ?? 0) + 1
        const at = (path: string, times: number, method?: string): Asked => ({ url: `${place.url}${path}`, times, ...(method === undefined ? {} : { method }) })
        asked.push(at(door.proof.path, 1 + names.length))
        if (door.before !== undefined) asked.push(at(door.before.path, names.length))
        if (door.request !== undefined) asked.push(at(door.request.path, names.length, 'POST'))
        if (door.follows === true) asked.push(at(door.proof.path, names.length))
      }
      return { logins, ...askedCost(target, asked) }
    })
  const most = (tables: readonly Readonly<Record<string, number>>[]): Record<string, number> => {
    const found: Record<string, number> = {}
    for (const table of tables) for (const [name, count] of Object.entries(table)) found[name] = Math.max(found[name] ?? 0, count)
    return found
  }
  const requests = Math.max(0, ...costs.map((one) => one.requests))
  return { connections: requests, requests, zones: most(costs.map(({ zones }) => zones)), logins: most(costs.map(({ logins }) => logins)), atMost: true }
}

/** Pairs to try: those of the product, or one that the owner named. */
export type Tried = { readonly kind: 'product' } | { readonly kind: 'seed'; readonly username: string; readonly secret: string }

/**
 * Signs in at the doors of the product that answers: first with an account that cannot exist, which must be refused as the product refuses, then with
 * what the documentation names, at least 2 s apart, each door with connections of its own. Ends at the first sign of a lock, a limiter or a captcha.
 */
export function tryLogins(url: string, known: readonly Product[], expected: string | undefined, tried: Tried, target: Target): Probe<LoginLook> {
  const place = placeOf(url)
  const subject = tried.kind === 'seed' ? ` seed ${tried.username}` : ''
  return {
    kind: 'tryLogins',
    key: `tryLogins ${place.url} ${expected ?? '?'} ${products(known)}${subject}`,
    impact: 'login',
    cost: tryingCost(place, known, expected, tried, target),
    asks: [identify(url, known, expected)],
    host: hostIn(url),
    timeoutMs: 180_000,
    run: async (context) => {
      const identified = await context.observe(identify(url, known, expected))
      if (!identified.ok) throw new ProbeError(identified.failure)
      const identity = identified.value
      const product = known.find(({ id }) => id === identity.product)
      if (product === undefined) return { url: place.url, identity, doors: [] }
      const near = isLoopback(await firstAddress(context, hostIn(url)))
      const pause = async (): Promise<void> => {
        if (!near) await sleep(PAUSE_MS, context.signal)
      }
      const doors: DoorLook[] = []
      let stopped: string | undefined
      const all: readonly Pair[] =
        tried.kind === 'seed'
          ? [{ username: tried.username, password: secretOf(context, tried.secret) }]
          : (product.pairs ?? []).map(([username, password]) => ({ username, password }))
      for (const [index, door] of (product.doors ?? []).entries()) {
        if (stopped !== undefined || all.length === 0) break
        const tries: Try[] = []
        const proofUrl = `${place.url}${door.proof.path}`
        let peer: string | undefined
        let at: string | undefined
        let anonymous = false
        const once = async (kind: Try['kind'], pair: Pair, secret: boolean): Promise<TryOutcome> => {
          let outcome: TryOutcome
          let detail: string
          context.used?.({ logins: { [kind === 'control' ? NOBODY : pair.username]: 1 } })
          try {
            const signed = await signIn(context, place, door, pair, secret)
            outcome = signed.outcome
            detail = signed.detail
            peer ??= signed.answer?.peer
            at ??= signed.answer?.at
          } catch (error) {
            if (!(error instanceof ProbeError)) throw error
            outcome = 'failed'
            detail = `${error.failure.message} (${error.failure.code})`
          }
          tries.push({ kind, username: pair.username, outcome, detail })
          if (outcome === 'locked' || outcome === 'failed' || outcome === 'unclear') stopped = `${door.name}: ${detail}`
          return outcome
        }
        try {
          const before = await read(context, { url: proofUrl })
          anonymous = matches(door.proof, before)
          peer = before.peer
          at = before.at
        } catch (error) {
          if (!(error instanceof ProbeError)) throw error
        }
        if (anonymous) stopped = `${door.proof.path} is read without a login`
        else {
          const control = await once('control', { username: `nobody-${random()}`, password: random() }, false)
          if (control === 'accepted') stopped = `${door.name}: an account that cannot exist is let in`
          if (control === 'refused') {
            for (const pair of index === 0 ? all : all.slice(0, 1)) {
              if (stopped !== undefined) break
              await pause()
              if ((await once('known', pair, tried.kind === 'seed')) === 'accepted') stopped = 'one was accepted'
            }
          }
        }
        doors.push({ door: door.name, anonymous, proof: door.proof.path, tries, ...(peer === undefined ? {} : { peer }), ...(at === undefined ? {} : { at }) })
        await pause()
      }
      return { url: place.url, product: product.id, identity, doors, ...(stopped === undefined ? {} : { stopped }) }
    },
  }
}
