/** What sign-in leads to beside sessions: forgotten and changed passwords, rules for passwords, forged forms, keys of programs, the provider's redirects. */
import { createHash } from 'node:crypto'
import { type Probe, type ProbeContext, ProbeError, type Undo } from '../../probe.ts'
import type { Target } from '../../target.ts'
import type { AuthCall } from '../../target/auth.ts'
import { splitUrl } from '../http.ts'
import { type Answer, send, Session, takeCookies, urlIn, valueAt } from './exchange.ts'
import {
  asking,
  factsOf,
  type Flowing,
  hostOfUrl,
  loginAsking,
  loginCost,
  mainLogin,
  observed,
  probeOf,
  random,
  readAsking,
  readWith,
  strangerOf,
  refreshWith,
  secretNamed,
  signIn,
  THROW_AWAY,
  type TokenFacts,
  usable,
} from './flow.ts'

export interface ForgotSeen {
  readonly known: readonly Answer[]
  readonly unknown: readonly Answer[]
  readonly stopped?: string
}

/** Asks for a new password, for an account and for names that nobody has, in turns. */
export function authForgot(one: Flowing, target: Target): Probe<ForgotSeen> {
  const { flow } = one
  const times = Math.min(flow.attempts ?? 2, 6)
  return probeOf(
    'authForgot',
    one,
    target,
    { requests: asking(flow.forgot, times * 2), mails: times },
    async (context) => {
      const account = flow.accounts?.[0]
      if (flow.forgot === undefined || account === undefined) throw new ProbeError({ code: 'NO_ACCESS', message: 'no account is declared', phase: 'request' })
      const username = secretNamed(context, account.username)
      const at = username.lastIndexOf('@')
      const seen: Record<'known' | 'unknown', Answer[]> = { known: [], unknown: [] }
      let stopped: string | undefined
      for (let turn = 0; turn < times && stopped === undefined; turn += 1) {
        for (const who of turn % 2 === 0 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const)) {
          const name = who === 'known' ? username : `nobody-${random().slice(0, 8)}${at > 0 ? username.slice(at) : ''}`
          if (who === 'known') context.used?.({ mails: 1 })
          const { answer } = await send(context, flow.forgot, {
            what: who === 'known' ? 'an account' : 'a name that nobody has',
            blanks: { username: name, random: random() },
          })
          seen[who].push(answer)
          stopped = answer.obstacle ?? answer.failure?.message
          if (stopped !== undefined) break
        }
      }
      return { ...seen, ...(stopped === undefined ? {} : { stopped }) }
    },
    { impact: 'mail', host: hostOfUrl(flow.forgot?.url ?? '', target) },
  )
}

export interface PasswordSample {
  /** What is wrong with it; undefined: nothing. */
  readonly breaks?: string
  readonly length: number
  readonly answer: Answer
}
export interface PolicySeen {
  readonly endpoints: readonly {
    readonly url: string
    /** It makes an account or a thing of its own every time, so that a good password may be tried. */
    readonly throwAway: boolean
    readonly samples: readonly PasswordSample[]
  }[]
  readonly removed: number
  readonly notRemoved: number
}

/** Passwords that break one rule each, and one that breaks none. */
function passwordSamples(policy: {
  readonly minLength?: number | undefined
  readonly lower?: boolean | undefined
  readonly upper?: boolean | undefined
  readonly digit?: boolean | undefined
  readonly symbol?: boolean | string | undefined
}): readonly { readonly breaks?: string; readonly password: string }[] {
  const symbol = typeof policy.symbol === 'string' ? (policy.symbol[0] ?? '!') : '!'
  const length = Math.max(policy.minLength ?? 8, 8)
  const lower = 'kqzvxwjr'
  const upper = 'KQZVXWJR'
  const digits = '84719365'
  const fill = (parts: readonly string[], size: number): string =>
    Array.from({ length: size }, (_, index) => parts[index % parts.length]?.[Math.floor(index / parts.length) % 8] ?? 'k').join('')
  const all = [lower, upper, digits, symbol.repeat(8)]
  const without = (part: string): string =>
    fill(
      all.filter((one) => one !== part),
      length + 2,
    )
  return [
    ...(policy.minLength === undefined ? [] : [{ breaks: `one character less than ${policy.minLength}`, password: fill(all, policy.minLength - 1) }]),
    ...(policy.lower === true ? [{ breaks: 'no lower-case letter', password: without(lower) }] : []),
    ...(policy.upper === true ? [{ breaks: 'no upper-case letter', password: without(upper) }] : []),
    ...(policy.digit === true ? [{ breaks: 'no digit', password: without(digits) }] : []),
    ...(policy.symbol === undefined || policy.symbol === false ? [] : [{ breaks: 'no symbol', password: without(all[3] as string) }]),
    ...(typeof policy.symbol === 'string'
      ? [
          {
            breaks: 'a symbol that does not count',
            password: `${fill([lower, upper, digits], length + 1)}${['~', '^', '_'].find((one) => !String(policy.symbol).includes(one)) ?? ' '}`,
          },
        ]
      : []),
    { password: fill(all, length) },
  ]
}

export function authPolicy(one: Flowing, target: Target): Probe<PolicySeen> {
  const { flow } = one
  const policy = flow.passwordPolicy
  const samples = policy === undefined ? [] : passwordSamples(policy)
  const endpoints = policy?.endpoints ?? []
  const removes = (endpoint: AuthCall): boolean => makesAccount(endpoint) && flow.remove !== undefined && flow.accounts !== undefined
  const madeBy = endpoints.filter(removes)
  return probeOf(
    'authPolicy',
    one,
    target,
    {
      requests: endpoints.flatMap((endpoint) => [
        ...asking(endpoint, samples.filter(({ breaks }) => breaks !== undefined || isThrowAway(endpoint)).length),
        ...(removes(endpoint) ? [...loginAsking(flow), ...asking(flow.remove)] : []),
      ]),
      logins: madeBy.length === 0 ? {} : { [THROW_AWAY]: madeBy.length },
      registrations: endpoints.filter(makesAccount).length,
      // A password that should have been refused leaves an account that has to go.
      unexpected: endpoints.filter(removes).length * samples.length * (loginAsking(flow).length + 1),
    },
    async (context) => {
      const session = await sessionOf(context, one, target)
      const seenAt: { url: string; throwAway: boolean; samples: PasswordSample[] }[] = []
      let [removed, notRemoved] = [0, 0]
      for (const endpoint of endpoints) {
        const seen: PasswordSample[] = []
        for (const { breaks, password } of samples) {
          if (breaks === undefined && !isThrowAway(endpoint)) continue
          const username = `postproof-${random()}@${target.domain}`
          const undo = makesAccount(endpoint) ? promiseRemoval(context, flow, { username, password }) : undefined
          const { answer } = await send(context, endpoint, {
            what: breaks ?? 'a password that follows every rule',
            blanks: { newPassword: password, password, username, random: random() },
            ...(session === undefined ? {} : { session }),
          })
          seen.push({ ...(breaks === undefined ? {} : { breaks }), length: password.length, answer })
          if (success(answer) && makesAccount(endpoint)) {
            context.used?.({ registrations: 1 })
            if (flow.remove !== undefined) {
              const gone = await removeAccount(context, flow, { username, password })
              if (gone) removed += 1
              else notRemoved += 1
            }
          }
          undo?.done()
          if (answer.obstacle !== undefined) break
        }
        seenAt.push({ url: urlIn(endpoint.url, target.domain), throwAway: isThrowAway(endpoint), samples: seen })
      }
      return { endpoints: seenAt, removed, notRemoved }
    },
    { impact: 'write', host: hostOfUrl(endpoints[0]?.url ?? '', target), ...loginAsked(one, target) },
  )
}

const blanksOf = (endpoint: AuthCall): string => JSON.stringify([endpoint.json, endpoint.form, endpoint.url])
/** Something new every time, so that a good password may be tried. */
const isThrowAway = (endpoint: AuthCall): boolean => /\{(?:random|username)\}/.test(blanksOf(endpoint))
const makesAccount = (endpoint: AuthCall): boolean => blanksOf(endpoint).includes('{username}')

/** From before an account is asked for until it is removed: should the run end in between, it is removed then. */
function promiseRemoval(context: ProbeContext, flow: Flowing['flow'], blanks: { readonly username: string; readonly password: string }): Undo | undefined {
  return context.undo?.(`the throw-away account ${blanks.username}`, (late) => removeAccount(late, flow, blanks))
}

async function removeAccount(context: ProbeContext, flow: Flowing['flow'], blanks: { readonly username: string; readonly password: string }): Promise<boolean> {
  if (flow.remove === undefined) return false
  const login = await signIn(context, flow, { what: 'the throw-away account', blanks, who: THROW_AWAY })
  if (!usable(login)) return false
  const { answer } = await send(context, flow.remove, { what: 'removing the throw-away account', session: login.session, blanks })
  return success(answer)
}

const success = ({ status }: Answer): boolean => status >= 200 && status < 300

export interface PasswordChangeSeen {
  readonly registered: Answer
  readonly changed?: Answer
  /** Another session of the same account, before and after. */
  readonly before?: Answer
  /** A session that nobody was given: how the route refuses. */
  readonly stranger?: Answer
  readonly after?: Answer
  readonly refreshed?: Answer
  readonly refreshedWorks: boolean
  /** The logins with either password after the change. */
  readonly logins?: readonly Answer[]
  /** The old password. */
  readonly oldWorks: boolean
  readonly newWorks: boolean
  readonly removed: boolean
}

/** A throw-away account: two sessions, a new password in one of them, and what that does to the other. */
export function authPasswordChange(one: Flowing, target: Target): Probe<PasswordChangeSeen> {
  const { flow } = one
  return probeOf(
    'authPasswordChange',
    one,
    target,
    {
      requests: [
        ...asking(flow.register),
        ...loginAsking(flow, 4),
        ...readAsking(flow, 3),
        ...asking(flow.changePassword),
        ...(flow.login?.refreshToken === undefined ? [] : asking(flow.refresh)),
        ...asking(flow.remove),
      ],
      logins: { [THROW_AWAY]: 4 },
      registrations: 1,
    },
    async (context) => {
      if (flow.register === undefined || flow.changePassword === undefined)
        throw new ProbeError({ code: 'NO_ACCESS', message: 'no registration and change of password are declared', phase: 'request' })
      const username = `postproof-${random()}@${target.domain}`
      const [password, newPassword] = [`Aq7!${random()}X`, `Bw8!${random()}Y`]
      context.used?.({ registrations: 1 })
      const undo = promiseRemoval(context, flow, { username, password })
      const registered = (
        await send(context, flow.register, {
          what: 'registering a throw-away account',
          blanks: { username, password, newPassword: password, random: random() },
        })
      ).answer
      const none = { registered, refreshedWorks: false, oldWorks: false, newWorks: false, removed: false }
      if (registered.status < 200 || registered.status >= 400) {
        undo?.done()
        return none
      }
      const first = await signIn(context, flow, { what: 'the throw-away account', blanks: { username, password }, who: THROW_AWAY })
      const second = await signIn(context, flow, { what: 'the throw-away account, elsewhere', blanks: { username, password }, who: THROW_AWAY })
      if (!usable(first) || !usable(second)) return none
      const before = await readWith(context, flow, second.session, 'with the other session')
      const stranger = await readWith(context, flow, strangerOf(flow), 'with a made-up session')
      undo?.done()
      // From here on either password may be the right one.
      const undoChanged =
        flow.remove === undefined
          ? undefined
          : context.undo?.(
              `the throw-away account ${username}`,
              async (late) =>
                (await removeAccount(late, flow, { username, password: newPassword })) || (await removeAccount(late, flow, { username, password })),
            )
      const changed = (
        await send(context, flow.changePassword, { what: 'changing the password', session: first.session, blanks: { username, password, newPassword } })
      ).answer
      const after = await readWith(context, flow, second.session, 'with the other session, after the change')
      const refreshed =
        flow.refresh === undefined || second.session.refreshToken === undefined
          ? undefined
          : await refreshWith(context, flow, second.session, 'the refresh token of the other session')
      const old = await signIn(context, flow, { what: 'the old password', blanks: { username, password }, who: THROW_AWAY })
      const fresh = await signIn(context, flow, { what: 'the new password', blanks: { username, password: newPassword }, who: THROW_AWAY })
      const removed =
        flow.remove !== undefined &&
        success((await send(context, flow.remove, { what: 'removing the throw-away account', session: usable(fresh) ? fresh.session : first.session })).answer)
      if (removed) undoChanged?.done()
      return {
        registered,
        changed,
        ...(before === undefined ? {} : { before }),
        ...(stranger === undefined ? {} : { stranger }),
        ...(after === undefined ? {} : { after }),
        ...(refreshed === undefined ? {} : { refreshed: refreshed.answer }),
        refreshedWorks: refreshed?.works ?? false,
        logins: [old.answer, fresh.answer],
        oldWorks: usable(old) && old.answer.status < 400,
        newWorks: usable(fresh) && fresh.answer.status < 400,
        removed,
      }
    },
    { impact: 'write', host: hostOfUrl(flow.register?.url ?? '', target) },
  )
}

export interface CsrfSeen {
  readonly given: boolean
  readonly good: Answer
  readonly attacks: readonly Answer[]
  /** SameSite of the session cookie, as it was set. */
  readonly sameSite: string
}

/** A harmless change of state with the token, and without: as a page of somebody else would send it. */
export function authCsrf(one: Flowing, target: Target): Probe<CsrfSeen> {
  const { flow } = one
  return probeOf(
    'authCsrf',
    one,
    target,
    {
      requests: [
        ...loginAsking(flow),
        ...(flow.csrf === undefined ? [] : [{ url: flow.csrf.from, times: 2 }]),
        ...asking(flow.csrf === undefined ? undefined : { ...flow.csrf, method: flow.csrf.method ?? 'POST' }, flow.csrf?.form === undefined ? 5 : 6),
      ],
      logins: loginCost(flow, 1),
    },
    async (context) => {
      const { csrf } = flow
      if (csrf === undefined) throw new TypeError('no csrf is declared')
      const login = await observed(context, mainLogin(one, target))
      const other = await signIn(context, flow, { what: 'another login' })
      const origin = new URL(urlIn(csrf.url, target.domain)).origin
      const tokenOf = async (session: Session): Promise<string | undefined> => {
        const { seen } = await send(context, { url: csrf.from }, { what: 'the page with the token', session })
        takeCookies(session, seen)
        return valueAt(seen, csrf.token) ?? (csrf.token.startsWith('cookie:') ? session.cookie(csrf.token.slice(7)) : undefined)
      }
      const session = login.session.copy()
      const token = await tokenOf(session)
      const foreign = await tokenOf(other.session.copy())
      const call: AuthCall = {
        url: csrf.url,
        method: csrf.method ?? 'POST',
        ...(csrf.json === undefined ? {} : { json: csrf.json }),
        ...(csrf.form === undefined ? {} : { form: csrf.form }),
      }
      const ask = async (what: string, value: string | undefined, from: string, more: Partial<AuthCall> = {}): Promise<Answer> => {
        const field = csrf.field !== undefined && value !== undefined ? { [csrf.field]: value } : {}
        const filledIn = { ...call, ...more }
        const body: AuthCall = {
          ...filledIn,
          ...(filledIn.form === undefined ? {} : { form: { ...filledIn.form, ...field } }),
          ...(filledIn.json === undefined ? {} : { json: { ...filledIn.json, ...field } }),
        }
        const headers = [['origin', from] as const, ...(csrf.header !== undefined && value !== undefined ? [[csrf.header, value] as const] : [])]
        return (await send(context, body, { what, session, headers, hide: [token ?? '', foreign ?? ''].filter(({ length }) => length > 3) })).answer
      }
      const good = await ask('with the token, from its own origin', token, origin)
      const elsewhere = `https://other-${random().slice(0, 6)}.example.net`
      const attacks = [
        await ask('without the token, from another origin', undefined, elsewhere),
        await ask('with a wrong token, from another origin', random() + random(), elsewhere),
        await ask('with an empty token, from another origin', '', elsewhere),
        ...(foreign === undefined ? [] : [await ask('with the token of another session, from another origin', foreign, elsewhere)]),
        ...(csrf.form === undefined
          ? []
          : [await ask('as JSON without the token, from another origin', undefined, elsewhere, { form: undefined, json: csrf.form })]),
      ]
      const sameSite = login.answer.cookies.findLast(({ name }) => name === flow.login?.cookie)?.cookie.sameSite ?? 'absent'
      return { given: token !== undefined, good, attacks, sameSite }
    },
    { impact: 'write', host: hostOfUrl(flow.csrf?.url ?? '', target), asks: [mainLogin(one, target)] },
  )
}

export interface PlainSeen {
  readonly answers: readonly Answer[]
}

/** The session of the shared login, where there is one to have. */
const sessionOf = async (context: ProbeContext, one: Flowing, target: Target): Promise<Session | undefined> =>
  canSignIn(one) ? (await observed(context, mainLogin(one, target))).session : undefined
const canSignIn = ({ flow }: Flowing): boolean => flow.login !== undefined && flow.accounts !== undefined
const loginAsked = (one: Flowing, target: Target): { readonly asks?: readonly Probe<unknown>[] } => (canSignIn(one) ? { asks: [mainLogin(one, target)] } : {})

/** Malformed requests, as declared. */
export const authInvalid = (one: Flowing, target: Target): Probe<PlainSeen> =>
  probeOf(
    'authInvalid',
    one,
    target,
    { requests: (one.flow.invalid ?? []).flatMap((call) => asking(call)) },
    async (context) => {
      const session = await sessionOf(context, one, target)
      const answers: Answer[] = []
      for (const [index, call] of (one.flow.invalid ?? []).entries())
        answers.push(
          (await send(context, call, { what: `malformed request ${index + 1}`, ...(session === undefined ? {} : { session }), blanks: { random: random() } }))
            .answer,
        )
      return { answers }
    },
    loginAsked(one, target),
  )

const FORGED = ['x-forwarded-for', 'x-real-ip', 'x-client-ip', 'true-client-ip', 'cf-connecting-ip', 'x-original-forwarded-for'] as const

/** Routes for listed addresses, asked as we are and with addresses that are not ours. */
export const authAllowList = (one: Flowing, target: Target): Probe<PlainSeen> =>
  probeOf(
    'authAllowList',
    one,
    target,
    { requests: (one.flow.allowList ?? []).map(({ url }) => ({ url, times: FORGED.length + 2 })) },
    async (context) => {
      const session = await sessionOf(context, one, target)
      const answers: Answer[] = []
      for (const { url } of one.flow.allowList ?? []) {
        const own = session === undefined ? {} : { session }
        answers.push((await send(context, { url }, { what: 'from here', ...own })).answer)
        for (const name of FORGED)
          answers.push((await send(context, { url }, { what: `from here, with ${name}: 127.0.0.1`, ...own, headers: [[name, '127.0.0.1']] })).answer)
        answers.push(
          (await send(context, { url }, { what: 'from here, with Forwarded: for=10.0.0.1', ...own, headers: [['forwarded', 'for=10.0.0.1']] })).answer,
        )
      }
      return { answers }
    },
    loginAsked(one, target),
  )

/** Credentials that must be dead, at the declared routes, each beside no credentials at all. */
export const authDead = (
  one: Flowing,
  target: Target,
): Probe<{ readonly pairs: readonly { readonly name: string; readonly without: Answer; readonly answer: Answer }[] }> =>
  probeOf(
    'authDead',
    one,
    target,
    { requests: (one.flow.dead ?? []).map(({ url }) => ({ url, times: 2 })) },
    async (context) => {
      const pairs = []
      for (const { key, header, url } of one.flow.dead ?? []) {
        const value = secretNamed(context, key)
        const without = (await send(context, { url }, { what: 'without credentials' })).answer
        const headers = [[header ?? 'authorization', header === undefined ? `Bearer ${value}` : value]] as const
        pairs.push({ name: key, without, answer: (await send(context, { url }, { what: `with ${key}`, headers, hide: [value] })).answer })
      }
      return { pairs }
    },
    { host: hostOfUrl(one.flow.dead?.[0]?.url ?? '', target) },
  )

export interface ApiKeySeen {
  readonly routes: readonly {
    readonly url: string
    readonly without: Answer
    readonly right: Answer
    readonly wrong: readonly Answer[]
    readonly inQuery: Answer
  }[]
}

export const authApiKey = (one: Flowing, target: Target): Probe<ApiKeySeen> =>
  probeOf(
    'authApiKey',
    one,
    target,
    { requests: (one.flow.protected ?? []).flatMap((route) => asking({ url: route.url, ...(route.method === undefined ? {} : { method: route.method }) }, 8)) },
    async (context) => {
      const { apiKey } = one.flow
      if (apiKey === undefined) throw new TypeError('no apiKey is declared')
      const key = secretNamed(context, apiKey.key)
      const name = (apiKey.header ?? 'X-Api-Key').toLowerCase()
      const value = (given: string): string => (apiKey.scheme === undefined ? given : `${apiKey.scheme} ${given}`)
      const swapped = key === key.toUpperCase() ? key.toLowerCase() : key.toUpperCase()
      const other = swapped === key ? { what: 'the key backwards', key: key.split('').reverse().join('') } : { what: 'the key in another case', key: swapped }
      const routes = []
      for (const { url, method } of one.flow.protected ?? []) {
        const call: AuthCall = { url, ...(method === undefined ? {} : { method }) }
        const ask = async (what: string, given: string | undefined): Promise<Answer> =>
          (await send(context, call, { what, hide: [key, other.key], ...(given === undefined ? {} : { headers: [[name, value(given)]] }) })).answer
        const path = splitUrl(urlIn(url, target.domain))?.path ?? '/'
        const parameter = apiKey.parameter ?? 'api_key'
        const inQuery = await send(context, call, {
          what: 'the key as a query parameter',
          path: `${path}${path.includes('?') ? '&' : '?'}${parameter}=${encodeURIComponent(key)}`,
          hide: [key],
        })
        routes.push({
          url: urlIn(url, target.domain),
          without: await ask('no key', undefined),
          right: await ask('the key', key),
          wrong: [
            await ask('a key of ours', random()),
            await ask('an empty key', ''),
            await ask(other.what, other.key),
            await ask('the key without its last character', key.slice(0, -1)),
            await ask('the key with a character more', `${key}a`),
          ],
          inQuery: { ...inQuery.answer, url: urlIn(url, target.domain) },
        })
      }
      return { routes }
    },
  )

export interface ClientSeen {
  readonly good: Answer
  readonly token?: TokenFacts
  readonly opened?: Answer
  readonly without?: Answer
  readonly wrong: Answer
  readonly wrongWorks: boolean
}

/** The client credentials grant (RFC 6749 §4.4), with the right and with a wrong secret. */
export const authClient = (one: Flowing, target: Target): Probe<ClientSeen> =>
  probeOf(
    'authClient',
    one,
    target,
    { requests: [...(one.flow.client === undefined ? [] : [{ url: one.flow.client.tokenUrl, method: 'POST', times: 2 }]), ...readAsking(one.flow, 2)] },
    async (context) => {
      const { client } = one.flow
      if (client === undefined) throw new TypeError('no client is declared')
      const [id, secret] = [secretNamed(context, client.id), client.secret === undefined ? '' : secretNamed(context, client.secret)]
      const ask = async (what: string, given: string) =>
        await send(
          context,
          { url: client.tokenUrl, method: 'POST', form: { grant_type: 'client_credentials', ...(client.scope === undefined ? {} : { scope: client.scope }) } },
          {
            what,
            headers: [['authorization', `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(given)}`).toString('base64')}`]],
            hide: [secret, given].filter(({ length }) => length > 3),
          },
        )
      const good = await ask('the right secret', secret)
      const session = new Session()
      session.accessToken = valueAt(good.seen, '$.access_token')
      const token = factsOf(session.accessToken)
      const opened = session.accessToken === undefined ? undefined : await readWith(context, one.flow, session, 'with the token of the client')
      const without = await readWith(context, one.flow, undefined, 'without a token')
      const wrong = await ask('a wrong secret', `wrong-${random()}`)
      return {
        good: good.answer,
        ...(token === undefined ? {} : { token }),
        ...(opened === undefined ? {} : { opened }),
        ...(without === undefined ? {} : { without }),
        wrong: wrong.answer,
        wrongWorks: valueAt(wrong.seen, '$.access_token') !== undefined,
      }
    },
    { host: hostOfUrl(one.flow.client?.tokenUrl ?? '', target) },
  )

export interface AuthorizeSeen {
  readonly redirectUri: string
  /** The request as the client makes it. */
  readonly good: Answer
  /** Other places to go back to. */
  readonly redirects: readonly { readonly uri: string; readonly answer: Answer; readonly goes: 'there' | 'onwards' | 'no' }[]
  readonly withoutChallenge: Answer
  readonly withoutChallengeGoesOn: boolean
  readonly plainChallenge: Answer
  readonly plainChallengeGoesOn: boolean
  readonly unknownClient: Answer
}

/** Places that are not the registered one, however alike. */
function redirectsFrom(redirectUri: string): readonly string[] {
  const base = URL.canParse(redirectUri) ? new URL(redirectUri) : undefined
  if (base === undefined) return []
  return [
    `${redirectUri}/postproof`,
    `${redirectUri}/../postproof`,
    `${redirectUri}?postproof=1`,
    redirectUri.replace(base.host, `postproof.${base.host}`),
    redirectUri.replace('https:', 'http:'),
    redirectUri.replace(base.host, `${base.host}@other.example.net`),
    redirectUri.replace(base.host, `${base.host}.`),
    redirectUri.replace(base.host, `${base.host}.example.net`),
    'https://other.example.net/callback',
  ].filter((uri) => uri !== redirectUri)
}

/** What an authorization end point does with requests that are not as registered. Nobody logs in; only Location is read. */
export const authAuthorize = (one: Flowing, target: Target): Probe<AuthorizeSeen> =>
  probeOf(
    'authAuthorize',
    one,
    target,
    { requests: [{ url: one.flow.client?.authorizeUrl ?? '', times: 4 + redirectsFrom(urlIn(one.flow.client?.redirectUri ?? '', target.domain)).length }] },
    async (context) => {
      const { client } = one.flow
      if (client?.authorizeUrl === undefined || client.redirectUri === undefined) throw new TypeError('no authorization end point is declared')
      const id = secretNamed(context, client.id)
      const redirectUri = urlIn(client.redirectUri, target.domain)
      const url = urlIn(client.authorizeUrl, target.domain)
      const ask = async (what: string, own: Readonly<Record<string, string | undefined>>): Promise<{ answer: Answer; location: string }> => {
        const values: Record<string, string | undefined> = {
          response_type: 'code',
          client_id: id,
          redirect_uri: redirectUri,
          scope: client.scope ?? 'openid',
          state: random(),
          nonce: random(),
          code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
          code_challenge_method: 'S256',
          ...own,
        }
        const query = new URLSearchParams(Object.entries(values).filter((pair): pair is [string, string] => pair[1] !== undefined)).toString()
        const path = splitUrl(url)?.path ?? '/'
        const sent = await send(context, { url }, { what, path: `${path}${path.includes('?') ? '&' : '?'}${query}`, hide: [id] })
        const location = sent.seen?.headers.find(([name]) => name.toLowerCase() === 'location')?.[1] ?? ''
        return { answer: { ...sent.answer, url }, location }
      }
      const good = await ask('as registered', {})
      const redirects = []
      for (const uri of redirectsFrom(redirectUri)) {
        const { answer, location } = await ask(`redirect_uri ${uri}`, { redirect_uri: uri })
        redirects.push({ uri, answer, goes: goesTo(location, uri) })
      }
      const onwards = ({ answer, location }: { answer: Answer; location: string }): boolean =>
        !/[?&#]error=/.test(location) && answer.status < 400 && answer.status > 0
      const withoutChallenge = await ask('without code_challenge', { code_challenge: undefined, code_challenge_method: undefined })
      const plainChallenge = await ask('with code_challenge_method plain', { code_challenge_method: 'plain' })
      const unknownClient = await ask('as a client that nobody registered', { client_id: `nobody-${random()}` })
      return {
        redirectUri,
        good: good.answer,
        redirects,
        withoutChallenge: withoutChallenge.answer,
        withoutChallengeGoesOn: onwards(withoutChallenge),
        plainChallenge: plainChallenge.answer,
        plainChallengeGoesOn: onwards(plainChallenge),
        unknownClient: unknownClient.answer,
      }
    },
    { host: hostOfUrl(one.flow.client?.authorizeUrl ?? '', target) },
  )

/** A Location that begins with the URI sends the browser there; one that carries it goes on to the login. */
const goesTo = (location: string, uri: string): 'there' | 'onwards' | 'no' => {
  if (location === '') return 'no'
  if (location.startsWith(uri)) return 'there'
  try {
    const values = [...new URL(location, 'https://login.invalid/').searchParams.values()]
    return values.some((value) => value.startsWith(uri) || value.includes(`redirect_uri=${encodeURIComponent(uri)}`)) ? 'onwards' : 'no'
  } catch {
    return 'no'
  }
}

export interface StartSeen {
  readonly visits: readonly {
    readonly answer: Answer
    readonly parameters: Readonly<
      Record<'state' | 'nonce' | 'code_challenge' | 'code_challenge_method' | 'response_type' | 'response_mode' | 'scope' | 'request_uri', string | undefined>
    >
  }[]
}

/** Where the application begins a login, twice: what it sends along. Values of state and nonce are kept as digests by whoever shows them. */
export const authStart = (one: Flowing, target: Target): Probe<StartSeen> =>
  probeOf(
    'authStart',
    one,
    target,
    { requests: [{ url: one.flow.client?.start ?? '', times: 2 }] },
    async (context) => {
      const visits = []
      const hide = one.flow.client === undefined ? [] : [secretNamed(context, one.flow.client.id)]
      for (const turn of ['first', 'second']) {
        const sent = await send(context, { url: one.flow.client?.start ?? '' }, { what: `the ${turn} visit`, hide })
        const location = sent.seen?.headers.find(([name]) => name.toLowerCase() === 'location')?.[1] ?? ''
        let parameters = new URLSearchParams()
        try {
          parameters = new URL(location, urlIn(one.flow.client?.start ?? '', target.domain)).searchParams
        } catch {
          // No Location: nothing is sent along.
        }
        const value = (name: string): string | undefined => parameters.get(name) ?? undefined
        visits.push({
          answer: sent.answer,
          parameters: {
            state: value('state'),
            nonce: value('nonce'),
            code_challenge: value('code_challenge'),
            code_challenge_method: value('code_challenge_method'),
            response_type: value('response_type'),
            response_mode: value('response_mode'),
            scope: value('scope'),
            request_uri: value('request_uri'),
          },
        })
      }
      return { visits }
    },
    { host: hostOfUrl(one.flow.client?.start ?? '', target) },
  )

export interface CodeSeen {
  readonly login: Answer
  /** Of the authorization end point, signed in; what Location holds is cut out. */
  readonly authorized: Answer
  /** A code came back to the registered place. */
  readonly given: boolean
  readonly redeemed?: Answer
  readonly redeemedWorks: boolean
  /** The token of the first redemption at a protected route: before the code is used again, and after. */
  readonly opened?: Answer
  readonly without?: Answer
  readonly again?: Answer
  readonly againWorks: boolean
  readonly openedAfter?: Answer
  /** Codes of their own, redeemed with what is not theirs. */
  readonly wrong: readonly { readonly kind: 'verifier' | 'redirect'; readonly answer: Answer; readonly works: boolean }[]
}

/** Signs in at the provider and redeems codes: once, twice, with another verifier, for another place (RFC 6749 §4.1.3, RFC 7636 §4.6). */
export function authCode(one: Flowing, target: Target): Probe<CodeSeen> {
  const { flow } = one
  const { client } = flow
  return probeOf(
    'authCode',
    one,
    target,
    {
      requests: [
        ...asking(client?.login),
        { url: client?.authorizeUrl ?? '', times: 3 },
        { url: client?.tokenUrl ?? '', method: 'POST', times: 4 },
        ...readAsking(flow, 3),
      ],
      logins: loginCost(flow, 1),
    },
    async (context): Promise<CodeSeen> => {
      const account = flow.accounts?.[0]
      if (client?.login === undefined || client.authorizeUrl === undefined || client.redirectUri === undefined || account === undefined)
        throw new ProbeError({ code: 'NO_ACCESS', message: 'no sign-in at the provider is declared', phase: 'request' })
      const [id, secret] = [secretNamed(context, client.id), client.secret === undefined ? undefined : secretNamed(context, client.secret)]
      const redirectUri = urlIn(client.redirectUri, target.domain)
      const url = urlIn(client.authorizeUrl, target.domain)
      const session = new Session()
      context.used?.({ logins: { [account.username]: 1 } })
      const entered = await send(context, client.login, {
        what: 'signing in at the provider',
        session,
        blanks: { username: secretNamed(context, account.username), password: secretNamed(context, account.password), random: random() },
      })
      takeCookies(session, entered.seen)
      const code = async (): Promise<{ readonly answer: Answer; readonly code?: string; readonly verifier: string }> => {
        const verifier = random() + random() + random()
        const query = new URLSearchParams({
          response_type: 'code',
          client_id: id,
          redirect_uri: redirectUri,
          scope: client.scope ?? 'openid',
          state: random(),
          nonce: random(),
          code_challenge: createHash('sha256').update(verifier).digest('base64url'),
          code_challenge_method: 'S256',
        }).toString()
        const path = splitUrl(url)?.path ?? '/'
        const sent = await send(
          context,
          { url },
          { what: 'the authorization, signed in', path: `${path}${path.includes('?') ? '&' : '?'}${query}`, session, hide: [id] },
        )
        const location = sent.seen?.headers.find(([name]) => name.toLowerCase() === 'location')?.[1] ?? ''
        const { location: _location, ...answer } = sent.answer
        const found = location.startsWith(redirectUri) && URL.canParse(location) ? new URL(location).searchParams.get('code') : null
        return { answer: { ...answer, url }, verifier, ...(found === null || found === '' ? {} : { code: found }) }
      }
      const redeem = async (what: string, given: string, verifier: string, to = redirectUri) => {
        const sent = await send(
          context,
          {
            url: client.tokenUrl,
            method: 'POST',
            form: {
              grant_type: 'authorization_code',
              code: given,
              redirect_uri: to,
              code_verifier: verifier,
              ...(secret === undefined ? { client_id: id } : {}),
            },
          },
          {
            what,
            hide: [given, verifier, ...(secret === undefined ? [] : [secret])],
            ...(secret === undefined
              ? {}
              : { headers: [['authorization', `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`]] }),
          },
        )
        const token = valueAt(sent.seen, '$.access_token')
        return { answer: sent.answer, works: success(sent.answer) && token !== undefined, token }
      }
      const first = await code()
      const none = { login: entered.answer, authorized: first.answer, given: false, redeemedWorks: false, againWorks: false, wrong: [] }
      if (first.code === undefined) return none
      const redeemed = await redeem('a code', first.code, first.verifier)
      const base = { ...none, given: true, redeemed: redeemed.answer, redeemedWorks: redeemed.works }
      if (!redeemed.works) return base
      const holder = new Session()
      holder.accessToken = redeemed.token
      const opened = await readWith(context, flow, holder, 'with the token of the code')
      const without = await readWith(context, flow, undefined, 'without a token')
      const again = await redeem('the same code again', first.code, first.verifier)
      const openedAfter = await readWith(context, flow, holder, 'with the token of the code, after the code was used again')
      const wrong: CodeSeen['wrong'][number][] = []
      for (const kind of ['verifier', 'redirect'] as const) {
        const other = await code()
        if (other.code === undefined) continue
        const tried =
          kind === 'verifier'
            ? await redeem('a code with another verifier', other.code, random() + random() + random())
            : await redeem('a code for another place', other.code, other.verifier, `${redirectUri}/postproof`)
        wrong.push({ kind, answer: tried.answer, works: tried.works })
      }
      return {
        ...base,
        ...(opened === undefined ? {} : { opened }),
        ...(without === undefined ? {} : { without }),
        again: again.answer,
        againWorks: again.works,
        ...(openedAfter === undefined ? {} : { openedAfter }),
        wrong,
      }
    },
    { host: hostOfUrl(client?.authorizeUrl ?? '', target) },
  )
}
