/** Judgement of the suite: a healthy look, then one thing wrong per case, and the traps that must not alarm. Plain objects, no sockets. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import type { gatewayAnonymous, gatewayProvider, gatewaySession, gatewayUpstream, Answer, Sending } from '../../helpers/probes/forward-auth.ts'
import type { Probe } from '../../helpers/probe.ts'
import { normaliseTarget, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'

type SeenBy<F extends (...given: never[]) => unknown> = ReturnType<F> extends Probe<infer T> ? T : never
type Anonymous = SeenBy<typeof gatewayAnonymous>
type Session = SeenBy<typeof gatewaySession>
type Provider = SeenBy<typeof gatewayProvider>
type Direct = SeenBy<typeof gatewayUpstream>

const checks = new Map<string, Check>()
for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.check.ts'))) {
  const { default: check } = (await import(`./${file}`)) as { default: Check }
  checks.set(check.id.slice('forward-auth/'.length), check)
}

const HOST = 'app.example.com'
const gateway = {
  login: ['https://auth.{domain}/login'],
  paths: ['/admin'],
  publicPaths: ['/public'],
  identityHeaders: ['Remote-User'],
  echo: '/whoami',
  websocket: '/live',
  signIn: {
    url: 'https://auth.{domain}/login',
    form: { name: '{username}', password: '{password}' },
    account: { username: 'user', password: 'word' },
    cookie: 'sso',
    domain: '{domain}',
  },
  signOut: { url: 'https://auth.{domain}/logout', method: 'POST' },
  outsider: { username: 'user', password: 'word' },
  closed: ['https://auth.{domain}/setup'],
  discovery: 'https://auth.{domain}/.well-known/openid-configuration',
  upstreams: [{ host: 'app', address: '127.0.0.1', port: 3000 }],
} satisfies NonNullable<Exclude<TargetInput['forwardAuth'], readonly unknown[]>>

const answer = (status: number, more: Partial<Answer> = {}): Answer => ({
  what: 'asking',
  method: 'GET',
  url: `https://${HOST}/`,
  status,
  html: false,
  leaks: [],
  cacheControl: [],
  allowOrigin: [],
  cookies: [],
  bytes: 20,
  bodyHash: `body of ${status}`,
  shape: '',
  ms: 5,
  at: '2026-11-21T12:00:00.000Z',
  ...more,
})
const silent = answer(0, { failure: { code: 'EOF', message: 'closed', phase: 'response' } })
const limited = answer(429, { obstacle: 'a limiter (429)' })
const page = answer(200, { bodyHash: 'application', html: true })
const counted = (number: string): Answer => answer(200, { html: true, bodyHash: number, gist: 'the application' })
const ASKED = `https://${HOST}/postproof?view=1&back=2`
const LOGIN = `https://auth.example.com/login?rd=${encodeURIComponent(ASKED)}`
const sending = (one: Answer, location?: string, loginPage = false): Sending => ({ answer: one, ...(location === undefined ? {} : { location }), loginPage })
const away = sending(answer(302), LOGIN)
const open = sending(page)
const loginPage = sending(answer(200, { bodyHash: 'login page' }), undefined, true)

const anonymous: Anonymous = {
  document: away,
  asked: ASKED,
  api: [sending(answer(401)), sending(answer(401)), sending(answer(401))],
  paths: [away, away],
  tricks: (['spelling', 'method', 'identity', 'forwarded'] as const).map((kind) => ({ ...away, kind })),
  open: [open],
  echoed: [{ name: 'Remote-User', answer: page, shown: false }],
  websocket: { status: 401 },
}
const trick = (kind: Anonymous['tricks'][number]['kind'], one: Sending): Anonymous => ({
  ...anonymous,
  tricks: anonymous.tricks.map((each) => (each.kind === kind ? { ...one, kind } : each)),
})
const { websocket: _websocket, ...withoutChannel } = anonymous

const session: Session = {
  anonymous: [
    { host: HOST, answer: answer(302) },
    { host: 'wiki.example.com', answer: answer(302) },
  ],
  signIn: answer(303, { url: 'https://auth.example.com/login' }),
  cookie: { secure: true, httpOnly: true, sameSite: 'lax', domain: 'example.com', path: '/' },
  signedIn: true,
  back: `https://${HOST}/?from=postproof&n=1`,
  wanted: `https://${HOST}/?from=postproof&n=1`,
  opened: [
    { host: HOST, answer: page, identity: [{ name: 'Remote-User', value: 'the account', placeholder: false }] },
    { host: 'wiki.example.com', answer: page, identity: [{ name: 'Remote-User', value: 'the account', placeholder: false }] },
  ],
  spoofed: [{ name: 'Remote-User', answer: page, shown: false }],
  afterwards: answer(302),
  forged: [answer(302), answer(302)],
  redirects: [{ value: '//other.example.net/', answer: answer(302), location: '/' }],
  outsider: { signedIn: true, answers: [answer(403), answer(403)] },
  signOut: answer(200),
  after: [
    { host: HOST, answer: answer(302) },
    { host: 'wiki.example.com', answer: answer(302) },
  ],
}
const openedWith = (more: Partial<Session['opened'][number]>): Session => ({
  ...session,
  opened: session.opened.map((one, index) => (index === 0 ? { ...one, ...more } : one)),
})
const cookie = (more: Partial<NonNullable<Session['cookie']>>): Session => ({
  ...session,
  ...(session.cookie === undefined ? {} : { cookie: { ...session.cookie, ...more } }),
})
const { cookie: _cookie, ...cookieless } = session

const provider: Provider = {
  closed: [answer(404)],
  discovery: answer(200),
  endpoints: {
    issuer: 'https://auth.example.com',
    authorization_endpoint: 'https://auth.example.com/authorize',
    token_endpoint: 'https://auth.example.com/token',
    jwks_uri: 'https://auth.example.com/jwks',
  },
}
const { endpoints: _endpoints, ...unreadable } = provider
const direct: Direct = { address: '127.0.0.1', port: 3000, refused: true, failure: 'ECONNREFUSED: refused' }

function judged(id: string, seen: Readonly<Record<string, unknown>>, more: Partial<typeof gateway> & { readonly providerStopped?: boolean } = {}): Verdict {
  const check = checks.get(id)
  if (check === undefined) throw new Error(`no check ${id}`)
  const target = normaliseTarget(
    targetSchema.parse({
      domain: 'example.com',
      hosts: { app: { access: 'forwardAuth' }, wiki: { access: 'forwardAuth' }, auth: {} },
      secrets: { user: 'env:USER_NAME', word: 'env:USER_WORD' },
      forwardAuth: { ...gateway, ...more },
    }),
    { sha256: '0' },
  )
  const subject = check.subjects(target)[0]
  if (subject === undefined) throw new Error(`${id} has no subject`)
  const verdict = check.judge(seen as never, { target, subject, now: new Date('2026-11-21T12:00:00.000Z'), options: check.options })
  if (verdict.outcome === 'fail' || verdict.outcome === 'warn') expect(Object.keys(check.codes)).toContain(verdict.code)
  if (verdict.outcome !== 'inconclusive' && verdict.outcome !== 'skip') expect(verdict.evidence.length).toBeGreaterThan(0)
  expect(check.reproduce(subject, target)).toContain('curl')
  return verdict
}
const said = (verdict: Verdict): string => (verdict.outcome === 'fail' || verdict.outcome === 'warn' ? `${verdict.outcome} ${verdict.code}` : verdict.outcome)

describe('what visitors without a login get', () => {
  test.each<[check: string, what: string, seen: Anonymous, expected: string]>([
    ['unauth-redirect', 'sent to the login', anonymous, 'pass'],
    ['unauth-redirect', 'the application', { ...anonymous, document: open }, 'fail forward-auth.open'],
    ['unauth-redirect', 'an error', { ...anonymous, document: sending(answer(500)) }, 'fail forward-auth.error'],
    ['unauth-redirect', 'sent elsewhere', { ...anonymous, document: sending(answer(302), 'https://other.example.net/') }, 'fail forward-auth.elsewhere'],
    ['unauth-redirect', 'sent there for good', { ...anonymous, document: sending(answer(301), LOGIN) }, 'warn forward-auth.elsewhere'],
    [
      'unauth-redirect',
      'a host whose name only begins like the login',
      { ...anonymous, document: sending(answer(302), 'https://auth.example.com.other.example.net/login') },
      'fail forward-auth.elsewhere',
    ],
    ['unauth-redirect', 'the login in its place', { ...anonymous, document: loginPage }, 'warn forward-auth.page'],
    ['unauth-redirect', 'forbidden', { ...anonymous, document: sending(answer(403)) }, 'warn forward-auth.refused'],
    ['unauth-redirect', 'a limiter', { ...anonymous, document: sending(limited) }, 'inconclusive'],
    ['unauth-redirect', 'nothing', { ...anonymous, document: sending(silent) }, 'inconclusive'],
    ['redirect-target', 'the way back is named', anonymous, 'pass'],
    [
      'redirect-target',
      'kept in the state of the provider',
      { ...anonymous, document: sending(answer(302), 'https://auth.example.com/login?client_id=a&state=b') },
      'pass',
    ],
    [
      'redirect-target',
      'over plain http',
      { ...anonymous, document: sending(answer(302), LOGIN.replace('rd=https', 'rd=http')) },
      'fail forward-auth.return.scheme',
    ],
    [
      'redirect-target',
      'the query is lost',
      { ...anonymous, document: sending(answer(302), `https://auth.example.com/login?rd=${encodeURIComponent(`https://${HOST}/postproof`)}`) },
      'fail forward-auth.return.lost',
    ],
    ['redirect-target', 'to itself', { ...anonymous, document: sending(answer(302), ASKED) }, 'fail forward-auth.return.loop'],
    ['redirect-target', 'to an inner address', { ...anonymous, document: sending(answer(302), 'https://172.18.0.4/login') }, 'fail forward-auth.return.host'],
    [
      'redirect-target',
      'back to an inner host',
      { ...anonymous, document: sending(answer(302), `https://auth.example.com/login?rd=${encodeURIComponent('https://app:3000/')}`) },
      'fail forward-auth.return.host',
    ],
    [
      'redirect-target',
      'back to no address at all',
      { ...anonymous, document: sending(answer(302), 'https://auth.example.com/login?rd=https%3A%2F%2F') },
      'fail forward-auth.return.lost',
    ],
    ['redirect-target', 'no redirect', { ...anonymous, document: open }, 'skip'],
    ['api-401', 'refused', anonymous, 'pass'],
    ['api-401', 'one sign of a script is enough', { ...anonymous, api: [away, sending(answer(401)), away] }, 'pass'],
    ['api-401', 'redirected', { ...anonymous, api: [away, away, away] }, 'warn forward-auth.api.redirect'],
    ['api-401', 'the page', { ...anonymous, api: [loginPage, sending(answer(401))] }, 'fail forward-auth.api.page'],
    ['api-401', 'an error', { ...anonymous, api: [sending(answer(500)), sending(answer(401))] }, 'fail forward-auth.api.error'],
    ['api-401', 'a limiter', { ...anonymous, api: [sending(limited)] }, 'inconclusive'],
    ['paths', 'kept out', anonymous, 'pass'],
    ['paths', 'an open path', { ...anonymous, paths: [away, open] }, 'fail forward-auth.path.open'],
    ['paths', 'a path that breaks', { ...anonymous, paths: [away, sending(answer(502))] }, 'fail forward-auth.path.error'],
    ['paths', 'another method', trick('method', open), 'fail forward-auth.path.open'],
    ['paths', 'an empty answer to OPTIONS', trick('method', sending(answer(204, { method: 'OPTIONS', bytes: 0 }))), 'pass'],
    ['paths', 'HEAD where the login stands in place', { ...trick('method', sending(answer(200, { method: 'HEAD', bytes: 0 }))), paths: [loginPage] }, 'pass'],
    ['paths', 'nothing', { ...anonymous, paths: [sending(silent)] }, 'inconclusive'],
    ['skip-paths', 'public paths alone', anonymous, 'pass'],
    ['skip-paths', 'a spelling opens', trick('spelling', open), 'fail forward-auth.path.bypass'],
    ['skip-paths', 'a spelling is an error', trick('spelling', sending(answer(400))), 'pass'],
    ['skip-paths', 'a public path is closed', { ...anonymous, open: [away] }, 'fail forward-auth.path.public-closed'],
    ['skip-paths', 'a public path is not there', { ...anonymous, open: [sending(answer(404))] }, 'pass'],
    ['skip-paths', 'a limiter', trick('spelling', sending(limited)), 'inconclusive'],
    ['header-spoof', 'not believed', anonymous, 'pass'],
    ['header-spoof', 'believed', trick('identity', open), 'fail forward-auth.identity.login'],
    [
      'header-spoof',
      'shown on a public path',
      { ...anonymous, echoed: [{ name: 'Remote_User', answer: page, shown: true }] },
      'fail forward-auth.identity.public',
    ],
    ['header-spoof', 'the host is open anyway', { ...trick('identity', open), paths: [open] }, 'inconclusive'],
    ['header-spoof', 'the login stands in place, with headers too', { ...trick('identity', loginPage), paths: [loginPage] }, 'pass'],
    ['header-spoof', 'nothing', trick('identity', sending(silent)), 'inconclusive'],
    ['forwarded-uri-bypass', 'not believed', anonymous, 'pass'],
    ['forwarded-uri-bypass', 'believed', trick('forwarded', open), 'fail forward-auth.forwarded.believed'],
    ['forwarded-uri-bypass', 'the host is open anyway', { ...trick('forwarded', open), paths: [open] }, 'inconclusive'],
    ['forwarded-uri-bypass', 'a limiter', trick('forwarded', sending(limited)), 'inconclusive'],
    ['websocket', 'refused', anonymous, 'pass'],
    ['websocket', 'opened', { ...anonymous, websocket: { status: 101 } }, 'fail forward-auth.websocket.open'],
    ['websocket', 'redirected', { ...anonymous, websocket: { status: 302, location: LOGIN } }, 'warn forward-auth.websocket.redirect'],
    ['websocket', 'an ordinary page', { ...anonymous, websocket: { status: 200 } }, 'inconclusive'],
    ['websocket', 'no answer', { ...anonymous, websocket: { status: 0 } }, 'inconclusive'],
    ['websocket', 'none', withoutChannel, 'skip'],
  ])('%s: %s', (id, _what, seen, expected) => {
    expect(said(judged(id, { seen }))).toBe(expected)
  })
  test.each<[string, Anonymous, string]>([
    ['an error', { ...anonymous, document: sending(answer(502)), paths: [sending(answer(503))] }, 'pass'],
    ['the login all the same', anonymous, 'pass'],
    ['the application', { ...anonymous, document: sending(answer(502)), paths: [open] }, 'fail forward-auth.fails-open'],
    ['nothing at all', { ...anonymous, document: sending(silent), paths: [sending(silent)] }, 'inconclusive'],
    ['one silence, one error', { ...anonymous, document: sending(silent), paths: [sending(answer(502))] }, 'pass'],
  ])('with the provider stopped: %s', (_what, seen, expected) => {
    expect(said(judged('fail-closed', { seen }, { providerStopped: true }))).toBe(expected)
  })
})

describe('what one login opens', () => {
  test.each<[check: string, what: string, seen: Session, expected: string]>([
    ['session', 'all hosts, and back', session, 'pass'],
    ['session', 'refused', { ...session, signedIn: false }, 'fail forward-auth.session.refused'],
    ['session', 'a host stays closed', openedWith({ answer: answer(302) }), 'fail forward-auth.session.closed'],
    [
      'session',
      'no header arrives',
      openedWith({ identity: [{ name: 'Remote-User', value: 'none', placeholder: false }] }),
      'fail forward-auth.session.identity',
    ],
    [
      'session',
      'a placeholder arrives',
      openedWith({ identity: [{ name: 'Remote-User', value: 'another', placeholder: true }] }),
      'fail forward-auth.session.identity',
    ],
    [
      'session',
      'somebody else arrives',
      openedWith({ identity: [{ name: 'Remote-User', value: 'another', placeholder: false }] }),
      'fail forward-auth.session.identity',
    ],
    [
      'session',
      'a group beside the account',
      openedWith({
        identity: [
          { name: 'Remote-User', value: 'the account', placeholder: false },
          { name: 'Remote-Groups', value: 'another', placeholder: false },
        ],
      }),
      'pass',
    ],
    ['session', 'back to another page', { ...session, back: `https://${HOST}/` }, 'fail forward-auth.session.back'],
    ['session', 'the answer is kept for everybody', { ...session, afterwards: page }, 'fail forward-auth.session.cached'],
    ['session', 'a host does not answer', openedWith({ answer: silent }), 'inconclusive'],
    ['session', 'a limiter', { ...session, signIn: limited }, 'inconclusive'],
    ['cookie', 'as it should be', session, 'pass'],
    ['cookie', 'strict', cookie({ sameSite: 'strict' }), 'pass'],
    ['cookie', 'none, but Secure', cookie({ sameSite: 'none' }), 'pass'],
    ['cookie', 'not Secure', cookie({ secure: false }), 'fail forward-auth.cookie.not-secure'],
    ['cookie', 'for scripts', cookie({ httpOnly: false }), 'fail forward-auth.cookie.script'],
    ['cookie', 'without SameSite', cookie({ sameSite: 'absent' }), 'fail forward-auth.cookie.same-site'],
    ['cookie', 'another Domain', cookie({ domain: 'auth.example.com' }), 'fail forward-auth.cookie.domain'],
    ['cookie', 'none at all', cookieless, 'inconclusive'],
    ['sso', 'one for all', session, 'pass'],
    ['sso', 'a host asks again', openedWith({ answer: answer(302) }), 'fail forward-auth.sso.again'],
    [
      'sso',
      'the cookie stays with one host',
      { ...session, ...(session.cookie === undefined ? {} : { cookie: { secure: true, httpOnly: true, sameSite: 'lax' } }) },
      'fail forward-auth.sso.again',
    ],
    ['sso', 'nobody could sign in', { ...session, signedIn: false }, 'inconclusive'],
    ['sso', 'a host does not answer', openedWith({ answer: silent }), 'inconclusive'],
    ['forged-cookie', 'refused', session, 'pass'],
    ['forged-cookie', 'opens', { ...session, forged: [answer(302), page] }, 'fail forward-auth.cookie.forged'],
    [
      'forged-cookie',
      'opens the application, with other numbers in it',
      { ...openedWith({ answer: counted('3') }), forged: [counted('4')] },
      'fail forward-auth.cookie.forged',
    ],
    [
      'logout',
      'the application goes on, with other numbers in it',
      { ...openedWith({ answer: counted('3') }), after: [{ host: HOST, answer: counted('4') }] },
      'fail forward-auth.logout.alive',
    ],
    [
      'session',
      'the answer is kept, with other numbers in it',
      { ...openedWith({ answer: counted('3') }), afterwards: counted('4') },
      'fail forward-auth.session.cached',
    ],
    ['forged-cookie', 'another page than the application', { ...session, forged: [answer(200, { bodyHash: 'login page' })] }, 'pass'],
    ['forged-cookie', 'the right one opens nothing', openedWith({ answer: answer(302) }), 'inconclusive'],
    ['forged-cookie', 'nothing', { ...session, forged: [silent] }, 'inconclusive'],
    ['identity-beside-login', 'the value of the provider', session, 'pass'],
    ['identity-beside-login', 'our value', { ...session, spoofed: [{ name: 'Remote_User', answer: page, shown: true }] }, 'fail forward-auth.identity.beside'],
    [
      'identity-beside-login',
      'the path does not answer',
      { ...session, spoofed: [{ name: 'Remote-User', answer: answer(404), shown: false }] },
      'inconclusive',
    ],
    ['open-redirect', 'stays within', session, 'pass'],
    [
      'open-redirect',
      'leads away',
      { ...session, redirects: [{ value: '//other.example.net/', answer: answer(302), location: '//other.example.net/' }] },
      'fail forward-auth.return.foreign',
    ],
    [
      'open-redirect',
      'leads away by a backslash',
      { ...session, redirects: [{ value: '/\\other.example.net/', answer: answer(302), location: '/\\other.example.net/' }] },
      'fail forward-auth.return.foreign',
    ],
    [
      'open-redirect',
      'carries the value along',
      { ...session, redirects: [{ value: '//other.example.net/', answer: answer(302), location: '/login?rd=%2F%2Fother.example.net%2F' }] },
      'pass',
    ],
    ['open-redirect', 'nobody could sign in', { ...session, signedIn: false }, 'inconclusive'],
    ['open-redirect', 'nothing', { ...session, redirects: [{ value: '//other.example.net/', answer: silent }] }, 'inconclusive'],
    ['group', 'forbidden', session, 'pass'],
    ['group', 'let in', { ...session, outsider: { signedIn: true, answers: [page] } }, 'fail forward-auth.group.open'],
    ['group', 'sent to the login again', { ...session, outsider: { signedIn: true, answers: [answer(302)] } }, 'warn forward-auth.group.status'],
    ['group', 'cannot sign in', { ...session, outsider: { signedIn: false, answers: [] } }, 'inconclusive'],
    ['logout', 'ends everywhere', session, 'pass'],
    ['logout', 'stays at one host', { ...session, after: [{ host: HOST, answer: page }] }, 'fail forward-auth.logout.alive'],
    ['logout', 'fails', { ...session, signOut: answer(500) }, 'fail forward-auth.logout.failed'],
    ['logout', 'a page that says so', { ...session, after: [{ host: HOST, answer: answer(200, { bodyHash: 'signed out' }) }] }, 'pass'],
    ['logout', 'silence afterwards is no end', { ...session, after: [{ host: HOST, answer: silent }] }, 'inconclusive'],
    ['logout', 'nobody could sign in', { ...session, signedIn: false }, 'inconclusive'],
  ])('%s: %s', (id, _what, seen, expected) => {
    expect(said(judged(id, { seen }))).toBe(expected)
  })
})

describe('the provider and what lies behind', () => {
  test.each<[check: string, what: string, seen: Provider, expected: string]>([
    ['setup-closed', 'gone', provider, 'pass'],
    ['setup-closed', 'there', { ...provider, closed: [answer(200)] }, 'fail forward-auth.setup.open'],
    ['setup-closed', 'sent to the login', { ...provider, closed: [answer(302)] }, 'pass'],
    ['setup-closed', 'nothing', { ...provider, closed: [silent] }, 'inconclusive'],
    ['discovery', 'its own', provider, 'pass'],
    ['discovery', 'a page', unreadable, 'fail forward-auth.discovery.unreadable'],
    [
      'discovery',
      'another issuer',
      { ...provider, endpoints: { ...provider.endpoints, issuer: 'http://provider:9000' } },
      'fail forward-auth.discovery.issuer',
    ],
    ['discovery', 'a slash behind the issuer', { ...provider, endpoints: { ...provider.endpoints, issuer: 'https://auth.example.com/' } }, 'pass'],
    [
      'discovery',
      'over plain http',
      { ...provider, endpoints: { ...provider.endpoints, token_endpoint: 'http://auth.example.com/token' } },
      'fail forward-auth.discovery.endpoints',
    ],
    ['discovery', 'a limiter', { ...provider, discovery: limited }, 'inconclusive'],
  ])('%s: %s', (id, _what, seen, expected) => {
    expect(said(judged(id, { seen }))).toBe(expected)
  })
  test.each<[string, Direct, string]>([
    ['refused', direct, 'pass'],
    ['silent', { ...direct, refused: false, failure: 'TIMEOUT: no answer' }, 'pass'],
    ['open', { address: '127.0.0.1', port: 3000, refused: false, answer: { status: 200, loginPage: false, bytes: 900 } }, 'fail forward-auth.direct.open'],
    [
      'open, with a login of its own',
      { address: '127.0.0.1', port: 3000, refused: false, answer: { status: 200, loginPage: true, bytes: 900 } },
      'warn forward-auth.direct.reachable',
    ],
    [
      'reached, and closed',
      { address: '127.0.0.1', port: 3000, refused: false, answer: { status: 302, location: '/login', loginPage: false, bytes: 0 } },
      'warn forward-auth.direct.reachable',
    ],
    ['something that is no HTTP', { ...direct, refused: false, failure: 'NO_HTTP: gibberish' }, 'inconclusive'],
  ])('the application at its own address: %s', (_what, seen, expected) => {
    expect(said(judged('origin-direct', { at0: seen }))).toBe(expected)
  })
})

test('every check of the suite stands in a table', () => {
  expect([...checks.keys()].sort()).toEqual(
    [
      'unauth-redirect',
      'redirect-target',
      'api-401',
      'paths',
      'skip-paths',
      'header-spoof',
      'forwarded-uri-bypass',
      'websocket',
      'fail-closed',
      'session',
      'cookie',
      'sso',
      'forged-cookie',
      'identity-beside-login',
      'open-redirect',
      'group',
      'logout',
      'setup-closed',
      'discovery',
      'origin-direct',
    ].sort(),
  )
})
