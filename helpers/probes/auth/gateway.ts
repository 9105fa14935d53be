/** A login in front of hosts: what visitors without one get, by every name a path has; one login, what it opens, and its end. Facts only. */
import type { HttpObservation, RawHeaders } from '../../observations.ts'
import { isRefused, type Probe, type ProbeContext, type ProbeCost, ProbeError } from '../../probe.ts'
import type { Host, Target } from '../../target.ts'
import type { Gateway } from '../../target/auth.ts'
import { type Asked, askedCost, ASKED_AGAIN } from '../asked.ts'
import { httpRequest, splitUrl } from '../http.ts'
import { websocketHandshake } from '../websocket.ts'
import { type Answer, send, type Sent, Session, takeCookies, urlIn } from './exchange.ts'
import { asking, hostOfUrl, random, secretNamed, tampered } from './flow.ts'
import { tagsOf } from '../../grammar/linear.ts'

export interface Guarded {
  readonly gateway: Gateway
  /** In the order of the target. */
  readonly index: number
  readonly hosts: readonly Host[]
}

/** Every declared login with its hosts; hosts with access forwardAuth that no entry names belong to the first one that names none, or to one of their own. */
export function gatewaysOf(target: Target): readonly Guarded[] {
  const declared = target.file.forwardAuth === undefined ? [] : [target.file.forwardAuth].flat()
  const named = new Set(declared.flatMap(({ hosts }) => hosts ?? []))
  const rest = target.hosts.filter((host) => host.access === 'forwardAuth' && !named.has(host.name))
  const found = declared.map(
    (gateway, index): Guarded => ({
      gateway,
      index,
      hosts: gateway.hosts === undefined ? rest : target.hosts.filter(({ name }) => gateway.hosts?.includes(name) === true),
    }),
  )
  return rest.length > 0 && declared.every(({ hosts }) => hosts !== undefined)
    ? [...found, { gateway: { login: [] }, index: found.length, hosts: rest }]
    : found
}

/** Where visitors are sent, as it stands in Location: parameters whole, since they say where the way back leads. */
export interface Sending {
  readonly answer: Answer
  /** Absolute; undefined where there is none or it is no URL. */
  readonly location?: string
  /** The declared login in place of the document: a password field, and a form that goes to the login. An application's own login page is the application. */
  readonly loginPage: boolean
}

const INPUT = /<input\b[^>]*/gi
const PASSWORD = /\btype\s*=\s*["']?password/i
const asksForPassword = (body: string): boolean => [...body.matchAll(INPUT)].some(([tag]) => PASSWORD.test(tag))
const ACTION = /\baction\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i

/** @param login patterns of the target: a URL or a path, with * behind its beginning */
export function isLoginPage(body: string, url: string, login: readonly string[], domain: string): boolean {
  if (!asksForPassword(body)) return false
  const page = new URL(url)
  const bases = login.flatMap((pattern) => URL.parse(urlIn(pattern, domain).replace(/\*$/, ''), url) ?? [])
  return tagsOf(body, 'form').some((tag) => {
    const [, quoted, single, bare] = ACTION.exec(tag) ?? []
    const action = URL.parse((quoted ?? single ?? bare ?? '').replaceAll('&amp;', '&'), url)
    // Of a login on a host of its own, any form there; of one beside the application, its own paths alone.
    return bases.some((base) => action?.origin === base.origin && (base.origin !== page.origin || action.pathname.startsWith(base.pathname)))
  })
}

function sendingOf({ answer, seen }: Sent, login: readonly string[], domain: string): Sending {
  const raw = seen?.headers.find(([name]) => name.toLowerCase() === 'location')?.[1]
  let location: string | undefined
  try {
    if (raw !== undefined) location = new URL(raw, answer.url).href
  } catch {
    // As it stands in the answer.
  }
  return {
    answer,
    ...(location === undefined ? {} : { location }),
    loginPage: seen !== undefined && isLoginPage(new TextDecoder().decode(seen.body.subarray(0, 65_536)), answer.url, login, domain),
  }
}

const HTML: RawHeaders = [['accept', 'text/html,application/xhtml+xml']]

export interface GatewaySeen {
  /** The document, as a browser asks for it, with a query that must come back. */
  readonly document: Sending
  readonly asked: string
  /** The same as a script asks for it. */
  readonly api: readonly Sending[]
  readonly paths: readonly Sending[]
  /** Other spellings, methods and headers, each without a login. */
  readonly tricks: readonly (Sending & { readonly kind: 'spelling' | 'method' | 'identity' | 'forwarded' })[]
  /** The declared public paths. */
  readonly open: readonly Sending[]
  /** Identity headers sent to a public path that shows them: the values that came back. */
  readonly echoed: readonly { readonly name: string; readonly answer: Answer; readonly shown: boolean }[]
  /** Status of an upgrade without a login; 0 where nothing came back. */
  readonly websocket?: { readonly status: number; readonly location?: string }
}

const IDENTITY = [
  'Remote-User',
  'X-Forwarded-User',
  'X-Forwarded-Email',
  'X-Auth-Request-User',
  'X-Auth-Request-Email',
  'X-Auth-Request-Groups',
  'X-WEBAUTH-USER',
  'X-authentik-username',
  'X-authentik-groups',
  'Cf-Access-Authenticated-User-Email',
]
const SPELLINGS = 3
const spellingsOf = (name: string): readonly string[] => [name, name.toLowerCase(), name.replaceAll('-', '_')]
const identityNames = (gateway: Gateway): readonly string[] => [...new Set([...(gateway.identityHeaders ?? []), ...IDENTITY])]

/** A host behind the login, as anybody sees it: reads, and headers that nobody should believe. */
export function gatewayAnonymous(guarded: Guarded, host: Host, target: Target): Probe<GatewaySeen> {
  const { gateway } = guarded
  const openPaths = gateway.publicPaths?.length ?? 0
  const channel = gateway.websocket ?? host.live.find(({ mode }) => mode === 'websocket')?.path
  const upgrade = channel === undefined ? undefined : websocketHandshake({ host: host.fqdn, path: channel, origin: `https://${host.fqdn}` })
  return {
    kind: 'gatewayAnonymous',
    key: `gatewayAnonymous ${guarded.index} ${host.fqdn}`,
    impact: 'read',
    cost: {
      connections: 2,
      requests: 26 + (gateway.paths?.length ?? 0) + openPaths + Math.min(2, openPaths) * (4 + SPELLINGS * (gateway.identityHeaders?.length ?? 0)),
    },
    ...(upgrade === undefined ? {} : { asks: [upgrade] }),
    host: host.fqdn,
    timeoutMs: 120_000,
    async run(context): Promise<GatewaySeen> {
      const base = `https://${host.fqdn}`
      const ask = async (what: string, path: string, more: { readonly method?: string; readonly headers?: RawHeaders } = {}): Promise<Sending> =>
        sendingOf(
          await send(
            context,
            { url: `${base}/` },
            { what, path, headers: more.headers ?? HTML, ...(more.method === undefined ? {} : { method: more.method }) },
          ),
          gateway.login,
          target.domain,
        )
      const bare = host.path.split('?', 1)[0] ?? '/'
      const asked = `${bare}${bare.endsWith('/') ? '' : '/'}postproof?view=1&back=2`
      const document = await ask('the document', asked)
      const api = [
        await ask('as a script asks (Accept: application/json)', bare, { headers: [['accept', 'application/json']] }),
        await ask('as a script asks (X-Requested-With)', bare, {
          headers: [
            ['accept', '*/*'],
            ['x-requested-with', 'XMLHttpRequest'],
          ],
        }),
        await ask('as a script asks (fetch metadata)', bare, {
          headers: [
            ['accept', '*/*'],
            ['sec-fetch-mode', 'cors'],
            ['sec-fetch-dest', 'empty'],
            ['sec-fetch-site', 'same-origin'],
          ],
        }),
      ]
      const inner = gateway.paths ?? []
      const paths = [await ask(`the document ${bare}`, bare)]
      for (const path of inner) paths.push(await ask(path, path))
      const tricks: (Sending & { kind: 'spelling' | 'method' | 'identity' | 'forwarded' })[] = []
      const trick = async (
        kind: 'spelling' | 'method' | 'identity' | 'forwarded',
        what: string,
        path: string,
        more: { readonly method?: string; readonly headers?: RawHeaders } = {},
      ): Promise<void> => {
        tricks.push({ ...(await ask(what, path, more)), kind })
      }
      for (const method of ['HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE']) await trick('method', `${method} ${bare}`, bare, { method })
      const deep = inner[0] ?? (bare === '/' ? '/postproof' : bare)
      for (const [what, path] of [
        ['a doubled slash', `/${deep}`],
        ['a path parameter', `${deep};.css`],
        ['a dot segment', `/postproof/..${deep}`],
        ['an encoded dot segment', `/%2e${deep}`],
        ['another case', deep.toUpperCase()],
        ['the ending of a static file', `${deep}/postproof.css`],
        ['an encoded slash', `/%2f${deep.slice(1)}`],
      ] as const)
        await trick('spelling', `${what}: ${path}`, path)
      for (const open of (gateway.publicPaths ?? []).slice(0, 2)) {
        const [folder] = open.split('?')
        for (const [what, path] of [
          ['out of a public path', `${folder ?? ''}/..${deep}`],
          ['out of a public path, encoded', `${folder ?? ''}/%2e%2e${deep}`],
          ['out of a public path, its slash encoded', `${folder ?? ''}%2f..%2f${deep.slice(1)}`],
          ['behind a parameter of a public path', `${deep}?${folder ?? ''}`],
        ] as const)
          await trick('spelling', `${what}: ${path}`, path)
      }
      const names = identityNames(gateway)
      const user = `postproof-${random().slice(0, 8)}`
      const claims = (change: (name: string) => string): RawHeaders => [...HTML, ...names.map((name) => [change(name), user] as const)]
      await trick('identity', 'with every identity header', bare, { headers: claims((name) => name) })
      await trick('identity', 'with every identity header, in lower case', bare, { headers: claims((name) => name.toLowerCase()) })
      await trick('identity', 'with every identity header, with underscores', bare, { headers: claims((name) => name.replaceAll('-', '_')) })
      const publicPath = gateway.publicPaths?.[0] ?? '/favicon.ico'
      for (const [name, value] of [
        ['X-Forwarded-Uri', publicPath],
        ['X-Original-URL', publicPath],
        ['X-Rewrite-URL', publicPath],
        ['X-Forwarded-Method', 'OPTIONS'],
        ['X-Forwarded-Host', target.domain],
        ['X-Forwarded-For', '127.0.0.1'],
      ] as const)
        await trick('forwarded', `with ${name}: ${value}`, bare, { headers: [...HTML, [name, value]] })
      const opened = []
      for (const path of gateway.publicPaths ?? []) opened.push(await ask(path, path))
      const echoed = []
      for (const path of (gateway.publicPaths ?? []).slice(0, 2))
        for (const name of gateway.identityHeaders ?? [])
          for (const spelling of spellingsOf(name)) {
            const sent = await send(
              context,
              { url: `${base}/` },
              { what: `${spelling} on the public path ${path}`, path, headers: [...HTML, [spelling, user]] },
            )
            echoed.push({ name: spelling, answer: sent.answer, shown: sent.seen !== undefined && new TextDecoder().decode(sent.seen.body).includes(user) })
          }
      let websocket: GatewaySeen['websocket']
      if (upgrade !== undefined) {
        const seen = await context.observe(upgrade)
        const location = seen.ok ? seen.value.headers.find(([name]) => name.toLowerCase() === 'location')?.[1] : undefined
        websocket = { status: seen.ok ? seen.value.status : 0, ...(location === undefined ? {} : { location: location.slice(0, 200) }) }
      }
      return { document, asked: `${base}${asked}`, api, paths, tricks, open: opened, echoed, ...(websocket === undefined ? {} : { websocket }) }
    },
  }
}

export interface Opened {
  readonly host: string
  readonly answer: Answer
  /** Identity headers that the application shows, by name: whether there is a value, and whether it is ours. */
  readonly identity?: readonly { readonly name: string; readonly value: 'the account' | 'another' | 'none'; readonly placeholder: boolean }[]
}

export interface GatewaySession {
  readonly anonymous: readonly { readonly host: string; readonly answer: Answer }[]
  readonly signIn: Answer
  readonly cookie?: { readonly secure: boolean; readonly httpOnly: boolean; readonly sameSite: string; readonly domain?: string; readonly path?: string }
  readonly signedIn: boolean
  /** Where the login sends the browser that came from a host. */
  readonly back?: string
  readonly wanted: string
  readonly opened: readonly Opened[]
  /** With a session, headers of ours beside it. */
  readonly spoofed: readonly { readonly name: string; readonly answer: Answer; readonly shown: boolean }[]
  /** The document again without a session, right after the session saw it. */
  readonly afterwards?: Answer
  readonly forged: readonly Answer[]
  readonly redirects: readonly { readonly value: string; readonly answer: Answer; readonly location?: string }[]
  readonly outsider?: { readonly signedIn: boolean; readonly answers: readonly Answer[] }
  readonly signOut?: Answer
  readonly after: readonly { readonly host: string; readonly answer: Answer }[]
}

const FOREIGN = 'other.example.net'
/** Values of a return parameter that lead elsewhere. */
const foreignReturns = (host: string): readonly string[] => [
  `https://${FOREIGN}/`,
  `//${FOREIGN}/`,
  `/\\${FOREIGN}/`,
  `https://${host}.${FOREIGN}/`,
  `https://${host}@${FOREIGN}/`,
  `https:${FOREIGN}`,
  `/%09/${FOREIGN}/`,
  `\t//${FOREIGN}/`,
]

/** Whether a browser that is told this goes to the foreign host. */
export function leadsAway(location: string | undefined, base: string): boolean {
  if (location === undefined) return false
  try {
    const { hostname } = new URL(location, base)
    return hostname === FOREIGN || hostname.endsWith(`.${FOREIGN}`)
  } catch {
    return false
  }
}

async function enter(
  context: ProbeContext,
  gateway: Gateway,
  target: Target,
  who: { readonly username: string; readonly password: string },
  what: string,
  parameter?: string,
): Promise<{ readonly session: Session; readonly sent: Sent; readonly signedIn: boolean }> {
  const { signIn } = gateway
  if (signIn === undefined) throw new TypeError('no signIn is declared')
  const session = new Session()
  const blanks = { username: secretNamed(context, who.username), password: secretNamed(context, who.password), random: random() }
  const parts = splitUrl(urlIn(signIn.url, target.domain))
  const path = parts?.path ?? '/'
  const full = parameter === undefined ? path : `${path}${path.includes('?') ? '&' : '?'}${gateway.returnParameter ?? 'rd'}=${encodeURIComponent(parameter)}`
  context.used?.({ logins: { [who.username]: 1 } })
  const page = await send(context, { url: signIn.url }, { what: 'the login page', method: 'GET', path: full })
  takeCookies(session, page.seen)
  const sent = await send(context, signIn, { what, path: full, session, blanks })
  takeCookies(session, sent.seen)
  return { session, sent, signedIn: session.cookie(signIn.cookie) !== undefined && (sent.answer.status < 400 || sent.answer.status === 0) }
}

const locationOf = (seen: HttpObservation | undefined): string | undefined => seen?.headers.find(([name]) => name.toLowerCase() === 'location')?.[1]

/** Cookies that nobody gave out: made up, changed, cut, empty. */
const FORGED_COOKIES = 4

function sessionCost({ gateway, hosts }: Guarded, target: Target): ProbeCost {
  const { signIn, signOut, outsider, echo } = gateway
  const first = hosts[0]
  if (signIn === undefined || first === undefined) return { connections: 0, requests: 0 }
  const each = (times: number, path?: string): readonly Asked[] => hosts.map((host) => ({ url: `https://${host.fqdn}/`, path: path ?? host.path, times }))
  const at = (path: string, times: number): Asked => ({ url: `https://${first.fqdn}/`, path, times })
  const entered = outsider === undefined ? 1 : 2
  const { requests, zones, readings } = askedCost(target, [
    ...each(2 + (outsider === undefined ? 0 : 1) + (signOut === undefined ? 0 : 1)),
    { url: signIn.url, times: entered + foreignReturns(first.fqdn).length },
    ...asking(signIn, entered),
    at(first.path, 1 + FORGED_COOKIES),
    ...(echo === undefined ? [] : [...each(1, echo), at(echo, (gateway.identityHeaders?.length ?? 0) * SPELLINGS)]),
    ...asking(signOut),
  ])
  return {
    connections: hosts.length,
    requests,
    zones,
    logins: { [signIn.account.username]: 1, ...(outsider === undefined ? {} : { [outsider.username]: 1 }) },
    unexpected: readings * ASKED_AGAIN,
  }
}

/** One login for all hosts, and everything that it opens; then its end. */
export function gatewaySession(guarded: Guarded, target: Target): Probe<GatewaySession> {
  const { gateway, hosts } = guarded
  return {
    kind: 'gatewaySession',
    key: `gatewaySession ${guarded.index}`,
    impact: 'login',
    cost: sessionCost(guarded, target),
    host: hostOfUrl(gateway.signIn?.url ?? '', target),
    timeoutMs: 120_000,
    async run(context): Promise<GatewaySession> {
      const { signIn } = gateway
      const first = hosts[0]
      if (signIn === undefined || first === undefined)
        throw new ProbeError({ code: 'NO_ACCESS', message: 'no login of the gateway is declared', phase: 'request' })
      const visit = async (host: Host, what: string, session?: Session, more: { readonly path?: string; readonly headers?: RawHeaders } = {}): Promise<Sent> =>
        await send(
          context,
          { url: `https://${host.fqdn}/` },
          { what, path: more.path ?? host.path, headers: more.headers ?? HTML, ...(session === undefined ? {} : { session }) },
        )
      const anonymous = []
      for (const host of hosts) anonymous.push({ host: host.fqdn, answer: (await visit(host, `${host.fqdn} without a login`)).answer })
      const wanted = `https://${first.fqdn}${first.path}?from=postproof&n=1`
      const { session, sent, signedIn } = await enter(context, gateway, target, signIn.account, 'signing in', wanted)
      const cookie = sent.answer.cookies.findLast((one) => one.name === signIn.cookie)?.cookie
      const back = locationOf(sent.seen)
      const account = secretNamed(context, signIn.account.username)
      const opened: Opened[] = []
      for (const host of hosts) {
        const { answer } = await visit(host, `${host.fqdn} with the login`, session)
        let identity: Opened['identity']
        if (gateway.echo !== undefined) {
          const { seen } = await visit(host, 'the identity headers that arrive', session, { path: gateway.echo })
          identity = (gateway.identityHeaders ?? []).map((header) => {
            const value = valueOf(seen, header)
            return {
              name: header,
              value: value === undefined || value === '' ? 'none' : value.includes(account) ? 'the account' : 'another',
              placeholder: value !== undefined && /\{[\w.-]+\}/.test(value),
            }
          })
        }
        opened.push({ host: host.fqdn, answer, ...(identity === undefined ? {} : { identity }) })
      }
      const afterwards = signedIn ? (await visit(first, 'without a login, after the login saw it')).answer : undefined
      const spoofed = []
      const user = `postproof-${random().slice(0, 8)}`
      if (gateway.echo !== undefined && signedIn)
        // Those that the application reads: another may pass, nobody listens to it.
        for (const header of gateway.identityHeaders ?? [])
          for (const spelling of spellingsOf(header)) {
            const echo = await visit(first, `${spelling} beside the login`, session, { path: gateway.echo, headers: [...HTML, [spelling, user]] })
            spoofed.push({ name: spelling, answer: echo.answer, shown: echo.seen !== undefined && valueOf(echo.seen, header)?.includes(user) === true })
          }
      const forged: Answer[] = []
      const value = session.cookie(signIn.cookie)
      for (const [what, made] of [
        ['a made-up cookie', random() + random()],
        ...(value === undefined
          ? []
          : ([
              ['the cookie with one character changed', tampered(value)],
              ['the cookie cut in half', value.slice(0, Math.floor(value.length / 2))],
            ] as const)),
        ['an empty cookie', ''],
      ] as const) {
        const other = new Session()
        other.setCookie(signIn.cookie, made)
        forged.push((await visit(first, what, other)).answer)
      }
      const redirects = []
      if (signedIn)
        for (const foreign of foreignReturns(first.fqdn)) {
          const path = splitUrl(urlIn(signIn.url, target.domain))?.path ?? '/'
          const seen = await send(
            context,
            { url: signIn.url },
            {
              what: `back to ${foreign}`,
              method: 'GET',
              path: `${path}${path.includes('?') ? '&' : '?'}${gateway.returnParameter ?? 'rd'}=${encodeURIComponent(foreign)}`,
              session,
              headers: HTML,
            },
          )
          const location = locationOf(seen.seen)
          redirects.push({ value: foreign, answer: seen.answer, ...(location === undefined ? {} : { location: location.slice(0, 200) }) })
        }
      let outsider: GatewaySession['outsider']
      if (gateway.outsider !== undefined) {
        const other = await enter(context, gateway, target, gateway.outsider, 'signing in as an account without the group')
        const answers = []
        for (const host of hosts) answers.push((await visit(host, `${host.fqdn} with an account without the group`, other.session)).answer)
        outsider = { signedIn: other.signedIn, answers }
      }
      let signOut: Answer | undefined
      const after = []
      if (gateway.signOut !== undefined && signedIn) {
        signOut = (await send(context, gateway.signOut, { what: 'signing out', session: session.copy() })).answer
        // The cookie as it was: a browser forgets it, a thief does not.
        for (const host of hosts)
          after.push({ host: host.fqdn, answer: (await visit(host, `${host.fqdn} with the old login, after signing out`, session)).answer })
      }
      return {
        anonymous,
        signIn: sent.answer,
        ...(cookie === undefined
          ? {}
          : {
              cookie: {
                secure: cookie.secure,
                httpOnly: cookie.httpOnly,
                sameSite: cookie.sameSite,
                ...(cookie.domain === undefined ? {} : { domain: cookie.domain }),
                ...(cookie.path === undefined ? {} : { path: cookie.path }),
              },
            }),
        signedIn,
        ...(back === undefined ? {} : { back: back.slice(0, 400) }),
        wanted,
        opened,
        spoofed,
        ...(afterwards === undefined ? {} : { afterwards }),
        forged,
        redirects,
        ...(outsider === undefined ? {} : { outsider }),
        ...(signOut === undefined ? {} : { signOut }),
        after,
      }
    },
  }
}

/** A header as an application shows it: a member of a JSON document, or the rest of a line `Name: value`. */
function valueOf(seen: HttpObservation | undefined, header: string): string | undefined {
  if (seen === undefined || seen.status >= 300) return undefined
  const text = new TextDecoder().decode(seen.body)
  const wanted = header.toLowerCase()
  try {
    const walk = (value: unknown): string | undefined => {
      if (typeof value !== 'object' || value === null) return undefined
      for (const [name, item] of Object.entries(value)) {
        if (name.toLowerCase().replaceAll('_', '-') === wanted) return [item].flat().map(String).join(', ')
        const inside = walk(item)
        if (inside !== undefined) return inside
      }
      return undefined
    }
    return walk(JSON.parse(text))
  } catch {
    const line = text.split(/\r?\n/).find((one) => one.toLowerCase().replaceAll('_', '-').startsWith(`${wanted}:`))
    return line?.slice(header.length + 1).trim()
  }
}

export interface ProviderSeen {
  readonly closed: readonly Answer[]
  readonly discovery?: Answer
  /** Of the discovery document: members that are URLs, and issuer. */
  readonly endpoints?: Readonly<Record<string, string>>
}

const MEMBERS = ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri', 'userinfo_endpoint', 'end_session_endpoint'] as const

/** The provider's own pages: those that must be closed, and its discovery document. */
export function gatewayProvider(guarded: Guarded, target: Target): Probe<ProviderSeen> {
  const { gateway } = guarded
  return {
    kind: 'gatewayProvider',
    key: `gatewayProvider ${guarded.index}`,
    impact: 'read',
    cost: { connections: 1, requests: (gateway.closed?.length ?? 0) + (gateway.discovery === undefined ? 0 : 1) },
    host: hostOfUrl(gateway.discovery ?? gateway.closed?.[0] ?? '', target),
    async run(context): Promise<ProviderSeen> {
      const closed = []
      for (const url of gateway.closed ?? []) closed.push((await send(context, { url }, { what: 'the set-up page', headers: HTML })).answer)
      if (gateway.discovery === undefined) return { closed }
      const { answer, seen } = await send(context, { url: gateway.discovery }, { what: 'the discovery document' })
      let endpoints: Record<string, string> | undefined
      try {
        const document = JSON.parse(new TextDecoder().decode(seen?.body ?? new Uint8Array())) as Record<string, unknown>
        endpoints = Object.fromEntries(MEMBERS.flatMap((name) => (typeof document[name] === 'string' ? [[name, document[name].slice(0, 300)]] : [])))
      } catch {
        // No JSON: there are no end points.
      }
      return { closed, discovery: answer, ...(endpoints === undefined ? {} : { endpoints }) }
    },
  }
}

export interface DirectSeen {
  readonly address: string
  readonly port: number
  readonly refused: boolean
  readonly failure?: string
  readonly answer?: { readonly status: number; readonly location?: string; readonly loginPage: boolean; readonly bytes: number }
}

/** An application behind the login, asked at its own address. */
export function gatewayUpstream(upstream: NonNullable<Gateway['upstreams']>[number], host: Host): Probe<DirectSeen> {
  return {
    kind: 'gatewayUpstream',
    key: `gatewayUpstream ${host.fqdn} ${upstream.address}:${upstream.port}`,
    impact: 'read',
    cost: { connections: 1, requests: 1 },
    host: host.fqdn,
    async run(context): Promise<DirectSeen> {
      const { address, port } = upstream
      const seen = await context.observe(
        httpRequest({ scheme: 'http', host: host.fqdn, address, port, path: host.path, headers: [...HTML, ['host', host.fqdn]], tag: 'upstream' }),
      )
      if (!seen.ok) return { address, port, refused: isRefused(seen), failure: `${seen.failure.code}: ${seen.failure.message}` }
      const location = locationOf(seen.value)
      return {
        address,
        port,
        refused: false,
        answer: {
          status: seen.value.status,
          ...(location === undefined ? {} : { location: location.slice(0, 200) }),
          loginPage: asksForPassword(new TextDecoder().decode(seen.value.body.subarray(0, 65_536))),
          bytes: seen.value.body.length,
        },
      }
    },
  }
}
