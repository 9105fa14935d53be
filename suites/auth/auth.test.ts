/** Judgement of the suite: a healthy look, then one thing wrong per case, and the traps that must not alarm. Plain objects, no sockets. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import { parseSetCookie } from '../../helpers/grammar/set-cookie.ts'
import { type Answer, type AttacksSeen, type CodeSeen, flowsOf, type LoginSeen, type RefreshSeen, type TokenFacts } from '../../helpers/probes/auth.ts'
import { gistOf } from '../../helpers/probes/auth/exchange.ts'
import { normaliseTarget, type Target, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
const SECONDS = NOW.getTime() / 1000
const checks = new Map<string, Check>()
for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.check.ts'))) {
  const { default: check } = (await import(`./${file}`)) as { default: Check }
  checks.set(check.id.slice('auth/'.length), check)
}

const flow = {
  kind: 'jwt' as const,
  login: { url: 'https://api.{domain}/login', json: { email: '{username}', password: '{password}' }, accessToken: '$.t', refreshToken: '$.r' },
  refresh: { url: 'https://api.{domain}/refresh', graceSeconds: 10 },
  logout: { url: 'https://api.{domain}/logout' },
  forgot: { url: 'https://api.{domain}/forgot' },
  accounts: [{ username: 'user', password: 'word' }],
  protected: [{ url: 'https://api.{domain}/orders' }],
}
function targetOf(auth: TargetInput['auth'] = flow): Target {
  return normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { api: {} }, secrets: { user: 'env:SHOP_USER', word: 'env:SHOP_WORD' }, auth }), {
    sha256: '0',
  })
}

const answer = (status: number, more: Partial<Answer> = {}): Answer => ({
  what: 'asking',
  method: 'GET',
  url: 'https://api.example.com/orders',
  status,
  mediaType: 'application/json',
  html: false,
  leaks: [],
  cacheControl: ['no-store'],
  allowOrigin: [],
  cookies: [],
  bytes: 20,
  bodyHash: `body of ${status}`,
  shape: `{"status":${status}}`,
  ms: 10,
  at: NOW.toISOString(),
  ...more,
})
const token = (more: Partial<TokenFacts> = {}): TokenFacts => ({
  form: 'jwt',
  bytes: 400,
  alg: 'ES256',
  kid: 'k1',
  headerNames: [],
  claimNames: ['iss', 'aud', 'sub', 'exp', 'iat', 'jti'],
  exp: SECONDS + 900,
  iat: SECONDS,
  iss: 'https://api.example.com',
  aud: ['shop'],
  hasSubject: true,
  hasId: true,
  personal: [],
  secret: [],
  knownSecretsTried: 0,
  ...more,
})
const login = (more: Partial<LoginSeen> = {}): LoginSeen =>
  ({
    answer: answer(200, { what: 'the right password', method: 'POST' }),
    accessToken: true,
    refreshToken: true,
    cookie: false,
    token: token(),
    session: {},
    before: {},
    ...more,
  }) as LoginSeen
const refused = answer(401)
const right = answer(200, { bodyHash: 'orders' })

function judged(id: string, seen: unknown, auth?: TargetInput['auth'], now = NOW): Verdict {
  const check = checks.get(id)
  if (check === undefined) throw new Error(`no check ${id}`)
  const target = targetOf(auth)
  const subject = check.subjects(target)[0] ?? { name: 'api.example.com jwt', item: flowsOf(target)[0] }
  const verdict = check.judge(seen as never, { target, subject, now, options: check.options })
  if ((verdict.outcome === 'fail' || verdict.outcome === 'warn') && !Object.hasOwn(check.codes, verdict.code))
    throw new Error(`undeclared code ${verdict.code}`)
  if (verdict.outcome !== 'inconclusive') expect(verdict.evidence.length).toBeGreaterThan(0)
  return verdict
}
const said = (verdict: Verdict): string => (verdict.outcome === 'fail' || verdict.outcome === 'warn' ? `${verdict.outcome} ${verdict.code}` : verdict.outcome)
const times = (...values: readonly number[]): readonly Answer[] => values.map((ms) => answer(401, { ms }))

const attacks = (group: string, ...answers: readonly Answer[]): AttacksSeen =>
  ({
    token: token(),
    before: right,
    after: right,
    without: refused,
    attacks: answers.map((one) => ({ group, what: 'forged', answer: one })),
    untried: {},
  }) as AttacksSeen
const refreshed = (more: Partial<RefreshSeen> = {}): RefreshSeen => ({
  login: login(),
  first: answer(200),
  firstWorks: true,
  accessChanged: true,
  refreshChanged: true,
  token: token(),
  opened: right,
  accessAsRefresh: refused,
  accessAsRefreshWorks: false,
  refreshAsAccess: refused,
  reuseAtOnce: refused,
  reuseAtOnceWorks: false,
  waitedSeconds: 0,
  family: refused,
  familyWorks: false,
  refreshExpiries: [SECONDS + 100, SECONDS + 100],
  ...more,
})
const gate = (more: object = {}) => ({
  login: login(),
  routes: [
    {
      route: flow.protected[0],
      url: 'https://api.example.com/orders',
      method: 'GET',
      anonymous: answer(401, { wwwAuthenticate: 'Bearer' }),
      garbled: answer(401, { wwwAuthenticate: 'Bearer' }),
      tampered: answer(401, { wwwAuthenticate: 'Bearer' }),
      authorised: right,
      variants: [],
      roles: [],
      ...more,
    },
  ],
})
const failures = (more: object = {}) => ({ wrong: [refused], wrongUsable: false, unknown: [refused], unknownUsable: false, inUrlUsable: false, ...more })

const page = (words: string): Answer => answer(200, { html: true, mediaType: 'text/html', bodyHash: words })
const strange = page('Log in')
const counted = (number: string): Answer => answer(200, { bodyHash: number, gist: 'account of a shopper' })
/** A browser session, before and after logging out. */
const left = (more: object): object => ({
  login: login({ accessToken: false, cookie: true }),
  opened: right,
  stranger: refused,
  answer: answer(204),
  replayed: refused,
  refreshedWorks: false,
  waitedSeconds: 0,
  ...more,
})

describe('judgement', () => {
  test.each<[string, string, unknown, string]>([
    ['a login', 'login-ok', { login: login() }, 'pass'],
    [
      'a page of the application in place of a token',
      'login-ok',
      { login: login({ accessToken: false, answer: answer(200, { html: true, mediaType: 'text/html' }) }) },
      'fail auth.login.page',
    ],
    [
      'a redirect without a cookie',
      'login-ok',
      { login: login({ accessToken: false, answer: answer(302, { location: '/login' }) }) },
      'fail auth.login.refused',
    ],
    [
      'a token of a megabyte',
      'login-ok',
      { login: login({ accessToken: false, token: token({ form: 'malformed', problem: 'too-long', bytes: 1_000_000 }) }) },
      'fail auth.login.token-unusable',
    ],
    [
      'a limiter in place of the login',
      'login-ok',
      { login: login({ accessToken: false, answer: answer(429, { obstacle: 'a limiter (429)' }) }) },
      'inconclusive',
    ],
    [
      'a challenge in place of the login',
      'login-ok',
      { login: login({ accessToken: false, answer: answer(403, { obstacle: 'a challenge' }) }) },
      'inconclusive',
    ],
    [
      'no answer at all',
      'login-ok',
      { login: login({ accessToken: false, answer: answer(0, { failure: { code: 'ECONNRESET', message: 'closed', phase: 'response' } }) }) },
      'inconclusive',
    ],
    ['wrong passwords refused', 'login-wrong-rejected', { seen: failures() }, 'pass'],
    ['a wrong password that opens', 'login-wrong-rejected', { seen: failures({ wrongUsable: true, wrong: [answer(200)] }) }, 'fail auth.login.wrong-accepted'],
    [
      'a name that nobody has, opens',
      'login-wrong-rejected',
      { seen: failures({ unknownUsable: true, unknown: [answer(200)] }) },
      'fail auth.login.wrong-accepted',
    ],
    ['200 with an error, as GraphQL does', 'login-wrong-rejected', { seen: failures({ wrong: [answer(200)] }) }, 'fail auth.login.refusal-status'],
    [
      'a lock at the first wrong password',
      'login-wrong-rejected',
      { seen: failures({ wrong: [answer(423, { obstacle: 'a lock (423)' })], unknown: [] }) },
      'inconclusive',
    ],
    ['no difference', 'enumeration', { seen: failures() }, 'pass'],
    ['404 for unknown names', 'enumeration', { seen: failures({ unknown: [answer(404)] }) }, 'fail auth.enumeration.status'],
    ['other words', 'enumeration', { seen: failures({ unknown: [answer(401, { bodyHash: 'else' })] }) }, 'fail auth.enumeration.body'],
    [
      '100 ms slower for accounts',
      'enumeration',
      { seen: failures({ wrong: times(300, 110, 112, 111, 113, 110), unknown: times(200, 10, 11, 12, 10, 11) }) },
      'warn auth.enumeration.timing',
    ],
    ['30 ms slower: weather', 'enumeration', { seen: failures({ wrong: times(300, 40, 41, 42, 40, 41), unknown: times(200, 10, 11, 12, 10, 11) }) }, 'pass'],
    ['one slow answer among many', 'enumeration', { seen: failures({ wrong: times(9, 10, 900, 10, 11, 10), unknown: times(9, 10, 11, 12, 10, 11) }) }, 'pass'],
    [
      'times all over the place',
      'enumeration',
      { seen: failures({ wrong: times(9, 100, 400, 90, 600, 210), unknown: times(9, 10, 300, 20, 500, 90) }) },
      'inconclusive',
    ],
    ['two answers of each: not compared', 'enumeration', { seen: failures({ wrong: times(300, 310), unknown: times(10, 11) }) }, 'pass'],
    [
      'the first answer warms something up',
      'enumeration',
      { seen: failures({ wrong: times(2_000, 10, 11, 10, 12, 10), unknown: times(10, 10, 11, 10, 12, 10) }) },
      'pass',
    ],
    ['protected', 'protected-401', { seen: gate() }, 'pass'],
    ['open', 'protected-401', { seen: gate({ anonymous: right }) }, 'fail auth.protected.open'],
    ['open for anything that looks like a token', 'protected-401', { seen: gate({ garbled: right }) }, 'fail auth.protected.open'],
    [
      'the page of the application in place of data',
      'protected-401',
      { seen: gate({ anonymous: answer(200, { html: true, mediaType: 'text/html' }) }) },
      'fail auth.protected.status',
    ],
    ['a server error for a broken token', 'protected-401', { seen: gate({ garbled: answer(500) }) }, 'fail auth.protected.error'],
    ['401 without WWW-Authenticate', 'protected-401', { seen: gate({ anonymous: refused }) }, 'warn auth.protected.no-challenge'],
    ['the login does not open it', 'protected-401', { seen: gate({ authorised: answer(403) }) }, 'fail auth.protected.refused'],
    ['no login to compare with', 'protected-401', { seen: { ...gate(), login: login({ accessToken: false, answer: answer(500) }) } }, 'inconclusive'],
    ['spellings refused', 'method-path-bypass', { seen: gate({ variants: [answer(404), answer(401, { method: 'HEAD' })] }) }, 'pass'],
    [
      'a spelling that opens a page with other numbers',
      'method-path-bypass',
      { seen: gate({ authorised: counted('3'), variants: [counted('4')] }) },
      'fail auth.bypass.open',
    ],
    [
      'a route open to everybody, with other numbers each time',
      'protected-401',
      { seen: gate({ authorised: { ...counted('3'), html: true }, anonymous: { ...counted('4'), html: true } }) },
      'fail auth.protected.open',
    ],
    ['a spelling that opens', 'method-path-bypass', { seen: gate({ variants: [answer(200, { bodyHash: 'orders' })] }) }, 'fail auth.bypass.open'],
    [
      'a page that answers everything',
      'method-path-bypass',
      { seen: gate({ variants: [answer(200, { html: true, mediaType: 'text/html', bodyHash: 'page' })] }) },
      'pass',
    ],
    ['a route that is open anyway', 'method-path-bypass', { seen: gate({ anonymous: right, variants: [right] }) }, 'inconclusive'],
    ['no-store', 'token-response-nostore', { login: login() }, 'pass'],
    ['nothing said to caches', 'token-response-nostore', { login: login({ answer: answer(200, { cacheControl: [] }) }) }, 'fail auth.login.cacheable'],
    ['private', 'token-response-nostore', { login: login({ answer: answer(200, { cacheControl: ['private'] }) }) }, 'warn auth.login.private-cache'],
    [
      'a directive that only sounds like it',
      'token-response-nostore',
      { login: login({ answer: answer(200, { cacheControl: ['x-no-store'] }) }) },
      'fail auth.login.cacheable',
    ],
    ['forgeries refused', 'jwt-alg-none', { seen: attacks('alg-none', refused, answer(400)) }, 'pass'],
    ['a forgery that opens', 'jwt-alg-none', { seen: attacks('alg-none', refused, right) }, 'fail auth.jwt.alg-none'],
    ['a forgery answered 500', 'jwt-alg-none', { seen: attacks('alg-none', answer(500)) }, 'pass'],
    [
      'an API that refuses with 200',
      'jwt-alg-none',
      { seen: { ...attacks('alg-none', answer(200, { bodyHash: 'error' })), without: answer(200, { bodyHash: 'error' }) } },
      'pass',
    ],
    ['a route that nobody guards', 'jwt-alg-none', { seen: { ...attacks('alg-none', right), without: right } }, 'inconclusive'],
    ['the right token stopped working', 'jwt-alg-none', { seen: { ...attacks('alg-none', refused), after: refused } }, 'inconclusive'],
    ['the right token never worked', 'jwt-alg-none', { seen: { ...attacks('alg-none', refused), before: refused } }, 'inconclusive'],
    ['a limiter in between', 'jwt-alg-none', { seen: attacks('alg-none', refused, answer(429, { obstacle: 'a limiter (429)' })) }, 'inconclusive'],
    ['an opaque token', 'jwt-alg-none', { seen: { ...attacks('alg-none'), token: token({ form: 'opaque' }) } }, 'skip'],
    ['an HMAC token has no public key', 'jwt-alg-confusion', { seen: { ...attacks('confusion'), untried: { confusion: 'HS256' } } }, 'skip'],
    ['a kid that breaks a query', 'jwt-header-injection', { seen: attacks('injection', answer(500)) }, 'fail auth.jwt.header-error'],
    [
      'a known secret',
      'jwt-weak-secret',
      { login: login({ token: token({ alg: 'HS256', weakSecret: true, knownSecretsTried: 300 }) }) },
      'fail auth.jwt.known-secret',
    ],
    ['an unknown secret', 'jwt-weak-secret', { login: login({ token: token({ alg: 'HS256', weakSecret: false, knownSecretsTried: 300 }) }) }, 'pass'],
    ['claims', 'jwt-claims', { login: login() }, 'pass'],
    ['no exp', 'jwt-claims', { login: login({ token: token({ exp: undefined as never }) }) }, 'fail auth.jwt.no-exp'],
    ['eight hours', 'jwt-claims', { login: login({ token: token({ exp: SECONDS + 28_800 }) }) }, 'warn auth.jwt.long-lived'],
    ['thirty days', 'jwt-claims', { login: login({ token: token({ exp: SECONDS + 2_592_000 }) }) }, 'fail auth.jwt.long-lived'],
    ['nonsense as alg', 'jwt-claims', { login: login({ token: token({ alg: undefined as never }) }) }, 'fail auth.jwt.unreadable'],
    ['iat an hour ahead', 'jwt-claims', { login: login({ token: token({ iat: SECONDS + 3_600, exp: SECONDS + 4_000 }) }) }, 'fail auth.jwt.clock'],
    ['a password in the claims', 'jwt-claims', { login: login({ token: token({ secret: ['passwordHash'] }) }) }, 'fail auth.jwt.secret-inside'],
    ['an opaque token is nobody’s business', 'jwt-claims', { login: login({ token: token({ form: 'opaque' }) }) }, 'skip'],
    ['refreshing', 'refresh-works', { seen: refreshed() }, 'pass'],
    ['no new token', 'refresh-works', { seen: refreshed({ accessChanged: false }) }, 'fail auth.refresh.same-token'],
    ['refused', 'refresh-works', { seen: refreshed({ firstWorks: false, first: refused }) }, 'fail auth.refresh.failed'],
    ['the new one opens nothing', 'refresh-works', { seen: refreshed({ opened: refused }) }, 'fail auth.refresh.token-refused'],
    ['reuse refused', 'refresh-reuse-detected', { seen: refreshed() }, 'pass'],
    [
      'reuse within the grace',
      'refresh-reuse-detected',
      { seen: refreshed({ reuseAtOnce: answer(200), reuseAtOnceWorks: true, reuseLater: refused, reuseLaterWorks: false, waitedSeconds: 15 }) },
      'warn auth.refresh.grace',
    ],
    [
      'reuse after the grace',
      'refresh-reuse-detected',
      { seen: refreshed({ reuseAtOnceWorks: true, reuseLater: answer(200), reuseLaterWorks: true }) },
      'fail auth.refresh.reuse-accepted',
    ],
    ['not asked after the grace', 'refresh-reuse-detected', { seen: refreshed({ reuseAtOnceWorks: true }) }, 'inconclusive'],
    [
      'reuse answered by a limiter',
      'refresh-reuse-detected',
      { seen: refreshed({ reuseAtOnce: answer(429, { obstacle: 'a limiter (429)' }) }) },
      'inconclusive',
    ],
    ['no rotation, so no reuse', 'refresh-reuse-detected', { seen: refreshed({ refreshChanged: false }) }, 'skip'],
    ['the family goes on', 'refresh-family-revoked', { seen: refreshed({ familyWorks: true }) }, 'warn auth.refresh.family-alive'],
    [
      'nobody guards the family',
      'refresh-family-revoked',
      { seen: refreshed({ familyWorks: true, reuseAtOnceWorks: true, reuseLaterWorks: true }) },
      'fail auth.refresh.family-unguarded',
    ],
    ['one of four', 'refresh-concurrent', { seen: { answers: [answer(200), refused, refused, refused], winners: 1 } }, 'pass'],
    ['none of four', 'refresh-concurrent', { seen: { answers: [refused, refused], winners: 0 } }, 'inconclusive'],
    ['three within a declared grace', 'refresh-concurrent', { seen: { answers: [answer(200)], winners: 3 } }, 'skip'],
    ['the end stays', 'refresh-absolute-expiry', { seen: refreshed() }, 'pass'],
    ['the end moves', 'refresh-absolute-expiry', { seen: refreshed({ refreshExpiries: [SECONDS, SECONDS + 900] }) }, 'warn auth.refresh.slides'],
  ])('%s', (_name, id, seen, expected) => {
    expect(said(judged(id, seen))).toBe(expected)
  })

  test.each<[string, unknown, string]>([
    ['refused', { login: login(), opened: right, answer: answer(204), replayed: refused, refreshed: refused, refreshedWorks: false, waitedSeconds: 0 }, 'pass'],
    [
      'a token that ends by itself soon',
      { login: login(), opened: right, answer: answer(204), replayed: right, later: right, waitedSeconds: 5, refreshedWorks: false },
      'pass',
    ],
    [
      'a token that lives for a day',
      {
        login: login({ token: token({ exp: SECONDS + 86_400 }) }),
        opened: right,
        answer: answer(204),
        replayed: right,
        later: right,
        waitedSeconds: 5,
        refreshedWorks: false,
      },
      'fail auth.logout.token-alive',
    ],
    [
      'a session',
      { login: login({ accessToken: false, cookie: true }), opened: right, answer: answer(204), replayed: right, waitedSeconds: 0, refreshedWorks: false },
      'fail auth.logout.session-alive',
    ],
    [
      'the refresh token',
      { login: login(), opened: right, answer: answer(204), replayed: refused, refreshed: answer(200), refreshedWorks: true, waitedSeconds: 0 },
      'fail auth.logout.refresh-alive',
    ],
    ['nothing to see it by', { login: login(), answer: answer(204), refreshedWorks: false, waitedSeconds: 0 }, 'inconclusive'],
    ['a session whose page says something else each time', left({ replayed: answer(200, { bodyHash: 'other orders' }) }), 'fail auth.logout.session-alive'],
    [
      'a session whose page differs in numbers alone',
      left({ opened: counted('3'), replayed: counted('4'), stranger: strange }),
      'fail auth.logout.session-alive',
    ],
    ['the page that strangers see', left({ replayed: strange, stranger: strange }), 'pass'],
    ['a page that neither the session nor strangers saw', left({ replayed: page('Goodbye'), stranger: strange }), 'inconclusive'],
    ['a page in place of data, where strangers are refused', left({ replayed: page('Goodbye') }), 'inconclusive'],
    ['a limiter afterwards, the refresh token refused', left({ replayed: answer(429, { obstacle: 'a limiter (429)' }), refreshed: refused }), 'inconclusive'],
    ['a session that opened nothing, the refresh token refused', left({ opened: answer(403), replayed: answer(403), refreshed: refused }), 'inconclusive'],
  ])('after logging out: %s', (_name, seen, expected) => {
    expect(said(judged('session-logout-invalidates', { seen }))).toBe(expected)
  })

  const bySession = { ...flow, login: { url: 'https://app.{domain}/login', form: { name: '{username}', word: '{password}' }, page: '/login', cookie: 'sid' } }
  const to = (location: string, ...cookies: readonly string[]): Answer =>
    answer(303, {
      url: 'https://app.example.com/login',
      location,
      cookies: cookies.map((name) => ({ name, length: 32, digest: name, cookie: {} })) as unknown as Answer['cookies'],
    })
  const entered = (one: Answer): LoginSeen => login({ answer: one, accessToken: false, refreshToken: false, cookie: true, cookieBefore: 'a', cookieAfter: 'b' })
  const wrongly = (one: Answer): object => ({ ok: true, value: failures({ wrong: [one] }) })
  test.each<[string, LoginSeen, object | undefined, string]>([
    ['leads on', entered(to('/', 'sid')), wrongly(to('/login?error')), 'pass'],
    ['leads on, to where a wrong password leads too, but with a cookie of its own', entered(to('/', 'sid')), wrongly(to('/')), 'pass'],
    ['leads back to the form, as a wrong password does', entered(to('/login?error=1', 'sid')), wrongly(to('/login?error=2', 'sid')), 'fail auth.login.refused'],
    ['leads back to the form, where wrong passwords were not tried', entered(to('/login')), undefined, 'fail auth.login.refused'],
    ['leads to where a wrong password leads, with the same cookie', entered(to('/', 'sid')), wrongly(to('/', 'sid')), 'inconclusive'],
    ['shows the form again, as a wrong password does', entered(page('Log in')), wrongly(page('Log in')), 'inconclusive'],
    ['shows a page of its own', entered(page('Your account')), wrongly(page('Log in')), 'pass'],
    ['a limiter stopped the wrong ones', entered(to('/', 'sid')), wrongly(answer(429, { obstacle: 'a limiter (429)' })), 'pass'],
  ])('a form that %s', (_name, seen, wrong, expected) => {
    const check = checks.get('login-ok')
    const target = targetOf(bySession)
    const subject = check?.subjects(target)[0]
    if (check === undefined || subject === undefined) throw new Error('no subject')
    const verdict = check.judge({ login: seen, ...(wrong === undefined ? {} : { failures: wrong }) } as never, {
      target,
      subject,
      now: NOW,
      options: check.options,
    })
    expect(said(verdict)).toBe(expected)
  })

  const saved = answer(303, { location: '/settings/17?saved=1' })
  const forged = (good: Answer, ...tried: readonly Answer[]): object => ({ given: true, good, attacks: tried, sameSite: 'lax' })
  test.each<[string, object, string]>([
    ['is refused', forged(answer(200), answer(403), answer(403)), 'pass'],
    ['is taken', forged(answer(200, { bodyHash: 'saved' }), answer(200, { bodyHash: 'saved' })), 'fail auth.csrf.unchecked'],
    ['is taken, with an answer of other numbers', forged(counted('3'), counted('4')), 'fail auth.csrf.unchecked'],
    ['is taken, and leads on as the right one does', forged(saved, answer(303, { location: '/settings/18?saved=1' })), 'fail auth.csrf.unchecked'],
    ['is sent to the login', forged(saved, answer(302, { location: '/login' })), 'pass'],
    ['is refused in words', forged(answer(200), answer(200, { bodyHash: 'no', shape: '{"error":"CSRF token mismatch"}' })), 'pass'],
    ['is partly behind a limiter', forged(answer(200), answer(429, { obstacle: 'a limiter (429)' }), answer(403)), 'inconclusive'],
  ])('a forged request that %s', (_name, seen, expected) => {
    expect(
      said(
        judged(
          'csrf',
          { seen },
          {
            ...flow,
            csrf: { url: 'https://app.{domain}/settings', from: 'https://app.{domain}/token', token: '$.csrf', json: { csrf: '{csrf}' } },
          },
        ),
      ),
    ).toBe(expected)
  })

  test('what differs from answer to answer is left out of what a body is known by, and nothing else', () => {
    const json = (text: string): string | undefined => gistOf(text, text, 'application/json')
    expect(json('{"name":"a","visits":3,"open":true}')).toBe(json('{"open":true,"visits":4,"name":"b"}'))
    expect(json('{"name":"a","visits":3,"open":true}')).not.toBe(json('{"name":"a","visits":3,"open":false}'))
    expect(json('{"ok":true,"error":null,"data":{}}')).not.toBe(json('{"error":"Unauthorized","status":401,"path":"/"}'))
    expect(json('{"error":"x"}')).toBeUndefined()
    const html = (text: string): string | undefined => gistOf(text, text, 'text/html')
    const account = (time: string, count: string): string => `<h1>Your account</h1><p>Last seen ${time}, you have ${count} messages in your inbox</p>`
    expect(html(account('Sat, 21 Nov 2026 09:00:01 GMT', '3'))).toBe(html(account('Sun, 22 Nov 2026 10:30:00 GMT', '14')))
    expect(html(account('09:00', '3'))).not.toBe(html('<h1>Sign in</h1><p>Your name and your password, please, to see your messages</p>'))
    expect(html('<p>42</p>')).toBeUndefined()
  })

  test('confidential clients may keep their refresh token', () => {
    expect(said(judged('refresh-rotation', { seen: refreshed({ refreshChanged: false }) }))).toBe('fail auth.refresh.not-rotated')
    expect(said(judged('refresh-rotation', { seen: refreshed({ refreshChanged: false }) }, { ...flow, refresh: { ...flow.refresh, rotation: false } }))).toBe(
      'skip',
    )
  })
})

describe('keys that lie where a token says', () => {
  const canary = { ...flow, token: { canary: { address: '127.0.0.1' } } }
  const seen = (more: Partial<AttacksSeen>, ...answers: readonly Answer[]): AttacksSeen => ({ ...attacks('remote-key', ...answers), fetched: [], ...more })
  test.each<[string, AttacksSeen, string]>([
    ['refused, nobody asks', seen({}, refused, refused), 'pass'],
    ['accepted', seen({ fetched: ['GET for jku'] }, right, refused), 'fail auth.jwt.remote-key-accepted'],
    ['refused, but asked for', seen({ fetched: ['GET for x5u'] }, refused, refused), 'fail auth.jwt.remote-key-fetched'],
    [
      'asked for, and then no answer',
      seen({ fetched: ['GET for jku'] }, answer(0, { failure: { code: 'EOF', message: 'closed', phase: 'response' } })),
      'fail auth.jwt.remote-key-fetched',
    ],
    ['no answer, and nobody asks', seen({}, answer(0, { failure: { code: 'EOF', message: 'closed', phase: 'response' } })), 'inconclusive'],
    ['nobody could listen', { ...seen({}), untried: { 'remote-key': 'nobody can listen on 192.0.2.1 here: EADDRNOTAVAIL' } }, 'skip'],
    ['the right token opens nothing', seen({ before: refused, after: refused }, refused), 'inconclusive'],
    ['no JWT', seen({ token: token({ form: 'opaque' }) }), 'skip'],
  ])('%s', (_name, attacksSeen, expected) => {
    expect(said(judged('jwt-remote-key', { seen: attacksSeen }, canary))).toBe(expected)
  })
})

describe('codes of a provider', () => {
  const provider = {
    kind: 'oauth2' as const,
    client: {
      tokenUrl: 'https://id.{domain}/token',
      id: 'user',
      authorizeUrl: 'https://id.{domain}/authorize',
      redirectUri: 'https://app.{domain}/callback',
      login: { url: 'https://id.{domain}/login', form: { login: '{username}' } },
    },
    accounts: [{ username: 'user', password: 'word' }],
    protected: [{ url: 'https://id.{domain}/reports' }],
  }
  const grant = answer(400, { shape: 'invalid_grant' })
  const healthy: CodeSeen = {
    login: answer(303),
    authorized: answer(302),
    given: true,
    redeemed: answer(200),
    redeemedWorks: true,
    opened: right,
    without: refused,
    again: grant,
    againWorks: false,
    openedAfter: refused,
    wrong: [
      { kind: 'verifier', answer: grant, works: false },
      { kind: 'redirect', answer: grant, works: false },
    ],
  }
  const withWrong = (kind: 'verifier' | 'redirect'): CodeSeen => ({
    ...healthy,
    wrong: healthy.wrong.map((one) => (one.kind === kind ? { kind, answer: answer(200), works: true } : one)),
  })
  const { opened: _opened, openedAfter: _after, without: _without, ...unread } = healthy
  const { redeemed: _redeemed, again: _again, ...ungiven } = unread
  test.each<[string, CodeSeen, string]>([
    ['worth one token', healthy, 'pass'],
    ['redeemed twice', { ...healthy, again: answer(200), againWorks: true }, 'fail auth.oauth.code-reusable'],
    ['its token stays', { ...healthy, openedAfter: right }, 'warn auth.oauth.code-reuse-unnoticed'],
    ['a token that opened nothing before says nothing afterwards', { ...healthy, opened: refused, openedAfter: refused }, 'pass'],
    ['no route to read', unread, 'pass'],
    ['any verifier', withWrong('verifier'), 'fail auth.oauth.verifier-unchecked'],
    ['any place', withWrong('redirect'), 'fail auth.oauth.redirect-unchecked'],
    ['a right code is refused', { ...healthy, redeemed: grant, redeemedWorks: false }, 'fail auth.oauth.code-refused'],
    ['no code', { ...ungiven, given: false, redeemedWorks: false, wrong: [] }, 'inconclusive'],
    ['only one further code', { ...healthy, wrong: healthy.wrong.slice(0, 1) }, 'inconclusive'],
    ['a limiter', { ...healthy, again: answer(429, { obstacle: 'a limiter (429)' }) }, 'inconclusive'],
  ])('%s', (_name, seen, expected) => {
    expect(said(judged('oauth-code', { seen }, provider))).toBe(expected)
  })
})

const route = 'https://api.example.com/admin'
const throughRoles = (roles: Readonly<Record<string, number>>, ...seen: readonly (readonly [string, Answer])[]): object => ({
  login: login(),
  routes: [{ route: { url: route, roles }, roles: seen.map(([role, one]) => ({ role, answer: one })) }],
})
const limited = answer(429, { obstacle: 'a limiter (429)' })
const unheard = answer(0, { failure: { code: 'ECONNRESET', message: 'closed', phase: 'response' } })
const forbidden = answer(403)
const keyed = (...more: readonly object[]): object => ({
  routes: more.map((one) => ({ right, without: refused, wrong: [refused, forbidden], inQuery: refused, ...one })),
})
const changing = (more: object = {}): object => ({
  registered: answer(201),
  changed: answer(204),
  before: right,
  stranger: refused,
  after: refused,
  refreshed: refused,
  refreshedWorks: false,
  logins: [refused, answer(200)],
  oldWorks: false,
  newWorks: true,
  removed: true,
  ...more,
})
const cookieOf = (line: string): Answer['cookies'][number] => {
  const parsed = parseSetCookie(line)
  if (!parsed.ok) throw new Error(line)
  return { name: parsed.cookie.name, cookie: parsed.cookie, digest: `digest of ${parsed.cookie.value}`, length: parsed.cookie.value.length }
}
const APP = 'https://app.example.com'
const loggedInBy = (path: string, ...lines: readonly string[]): LoginSeen =>
  login({ accessToken: false, cookie: true, answer: answer(303, { url: `${APP}${path}`, cookies: lines.map(cookieOf) }) })
const ID = 'c2Vzc2lvbi1pZC1vZi1hLXNob3BwZXI'
const outBy = (path: string, lines: readonly string[], more: Partial<Answer> = {}, set = `sid=${ID}; Path=/; Secure; HttpOnly`): object => ({
  ...left({}),
  login: loggedInBy('/api/auth/login', set),
  answer: answer(303, { url: `${APP}${path}`, cookies: lines.map(cookieOf), ...more }),
})
const visit = (more: Record<string, string | undefined> = {}, one: Answer = answer(302)) => ({
  answer: one,
  parameters: { response_type: 'code', scope: 'openid', state: 's1', nonce: 'n1', code_challenge: 'c1', ...more },
})
const again = { state: 's2', nonce: 'n2', code_challenge: 'c2' }
const begun = (first: Record<string, string | undefined> = {}, second: Record<string, string | undefined> = {}): object => ({
  visits: [visit(first), visit({ ...again, ...second })],
})
const authorize = (more: object = {}): object => ({
  good: answer(302, { location: '/login' }),
  redirects: [{ uri: 'https://other.example.net/callback', answer: answer(400), goes: 'no' }],
  unknownClient: answer(400),
  ...more,
})
const published = (more: object = {}): object => ({
  url: 'https://id.example.com/jwks',
  status: 200,
  mediaType: 'application/json',
  cacheControl: ['max-age=3600'],
  keys: [{ kty: 'EC', kid: 'k1', curve: 'P-256', bits: 256, privateMembers: [] }],
  ...more,
})
const rsa = (bits: number, kid = 'k1') => ({ kty: 'RSA', kid, bits, privateMembers: [] })
const expiry = (more: object = {}): object => ({
  before: right,
  stranger: refused,
  token: token(),
  cookieSeconds: 5,
  late: [
    { afterSeconds: 0.2, answer: right },
    { afterSeconds: 60.5, answer: refused },
  ],
  ...more,
})
const PASSWORDS = { endpoints: [{ url: 'https://api.{domain}/register', json: { password: '{password}' } }], minLength: 12 }
const sample = (breaks: string | undefined, one: Answer) => ({ ...(breaks === undefined ? {} : { breaks }), answer: one, length: 12 })
const policy = (...samples: readonly object[]): object => ({ endpoints: [{ url: route, samples, throwAway: true }], notRemoved: 0 })

describe('what a session, a key and a provider are worth', () => {
  const sid = { ...flow, login: { url: 'https://app.{domain}/login', form: { name: '{username}' }, cookie: 'sid' } }
  const provided = {
    ...flow,
    client: {
      tokenUrl: 'https://id.{domain}/token',
      id: 'user',
      secret: 'word',
      authorizeUrl: 'https://id.{domain}/authorize',
      redirectUri: 'https://app.{domain}/callback',
      start: 'https://app.{domain}/start',
    },
  }
  const { secret: _secret, ...publicly } = provided.client
  const open = { ...flow, client: publicly }
  const pkce = (more: object = {}): object => ({
    good: answer(302, { location: '/login' }),
    withoutChallenge: answer(400),
    withoutChallengeGoesOn: false,
    plainChallenge: answer(400),
    plainChallengeGoesOn: false,
    ...more,
  })
  const listed = { ...flow, allowList: [{ url: 'https://api.{domain}/orders' }] }
  const ORIGIN = 'https://app.example.com'
  const crossOrigin = { ...flow, login: { ...flow.login, origin: ORIGIN } }
  const allowing = (...allowOrigin: readonly string[]): LoginSeen => login({ answer: answer(200, { allowOrigin }) })
  const paged = { ...flow, login: { ...flow.login, page: '/login' } }
  const field = (type: string, autocomplete?: string) => ({ type, ...(autocomplete === undefined ? {} : { autocomplete }) })
  const begins = (more: object = {}, fixed: object = {}): object => ({
    ...left({}),
    login: login({ accessToken: false, cookie: true, cookieBefore: 'a', cookieAfter: 'b', ...more }),
    fixed: refused,
    ...fixed,
  })
  const cases: [string, string, unknown, string, TargetInput['auth']?][] = [
    ['each role as declared', 'roles', { seen: throughRoles({ user: 403, admin: 200 }, ['user', forbidden], ['admin', right]) }, 'pass'],
    ['open for a user', 'roles', { seen: throughRoles({ user: 403, admin: 200 }, ['user', right], ['admin', right]) }, 'fail auth.roles.open'],
    ['closed for its role', 'roles', { seen: throughRoles({ user: 403, admin: 200 }, ['user', forbidden], ['admin', forbidden]) }, 'fail auth.roles.refused'],
    ['refused, but otherwise', 'roles', { seen: throughRoles({ user: 403 }, ['user', answer(404)]) }, 'warn auth.roles.status'],
    ['opened, but otherwise', 'roles', { seen: throughRoles({ admin: 200 }, ['admin', answer(204)]) }, 'warn auth.roles.status'],
    ['a limiter in place of one role', 'roles', { seen: throughRoles({ user: 403, admin: 200 }, ['user', limited], ['admin', right]) }, 'inconclusive'],
    ['one role unheard, another open', 'roles', { seen: throughRoles({ user: 403, guest: 403 }, ['user', unheard], ['guest', right]) }, 'fail auth.roles.open'],
    ['a role that no account has', 'roles', { seen: throughRoles({ user: 403, admin: 200 }, ['admin', right]) }, 'inconclusive'],
    ['no account with any role', 'roles', { seen: throughRoles({ admin: 200 }) }, 'inconclusive'],

    ['the key and no other', 'api-key', { seen: keyed({}) }, 'pass'],
    ['open without a key', 'api-key', { seen: keyed({ without: right }) }, 'fail auth.key.open'],
    ['another key', 'api-key', { seen: keyed({ wrong: [refused, right] }) }, 'fail auth.key.wrong-accepted'],
    ['the key in the address', 'api-key', { seen: keyed({ inQuery: right }) }, 'fail auth.key.in-query'],
    ['the right key refused', 'api-key', { seen: keyed({ right: refused }) }, 'fail auth.key.refused'],
    ['an error for a wrong key', 'api-key', { seen: keyed({ wrong: [answer(500)] }) }, 'fail auth.key.error'],
    ['a limiter at the second route', 'api-key', { seen: keyed({}, { right: limited }) }, 'inconclusive'],
    ['a limiter at the second route, the first open', 'api-key', { seen: keyed({ without: right }, { right: limited }) }, 'fail auth.key.open'],
    ['no answer to the key in the address', 'api-key', { seen: keyed({ inQuery: unheard }) }, 'inconclusive'],
    ['no route', 'api-key', { seen: keyed() }, 'inconclusive'],

    ['a new session', 'session-fixation', { seen: begins() }, 'pass'],
    ['the session from before', 'session-fixation', { seen: begins({ cookieAfter: 'a' }) }, 'fail auth.session.fixed'],
    ['no session before', 'session-fixation', { seen: begins({ cookieBefore: undefined }) }, 'skip'],
    ['both sessions', 'session-fixation', { seen: begins({}, { fixed: right }) }, 'fail auth.session.old-lives'],
    ['a limiter for the old one', 'session-fixation', { seen: begins({}, { fixed: limited }) }, 'inconclusive'],
    ['no answer for the old one', 'session-fixation', { seen: begins({}, { fixed: unheard }) }, 'inconclusive'],
    ['a page for the old one that nobody saw before', 'session-fixation', { seen: begins({}, { fixed: page('Hello'), stranger: strange }) }, 'inconclusive'],
    ['no route to see the old one by', 'session-fixation', { seen: begins({}, { fixed: undefined, opened: undefined }) }, 'pass'],

    ['a new password ends the others', 'session-password-change', { seen: changing() }, 'pass', sid],
    ['the other session lives', 'session-password-change', { seen: changing({ after: right }) }, 'fail auth.change.session-alive', sid],
    ['the other token lives on', 'session-password-change', { seen: changing({ after: right }) }, 'pass'],
    [
      'the other refresh token lives',
      'session-password-change',
      { seen: changing({ refreshed: right, refreshedWorks: true }) },
      'fail auth.change.session-alive',
    ],
    ['the old password lives', 'session-password-change', { seen: changing({ oldWorks: true }) }, 'fail auth.change.old-password'],
    ['the new password does not', 'session-password-change', { seen: changing({ newWorks: false }) }, 'fail auth.change.old-password'],
    ['a limiter for the last logins', 'session-password-change', { seen: changing({ newWorks: false, logins: [limited, limited] }) }, 'inconclusive'],
    ['a limiter for the refresh token', 'session-password-change', { seen: changing({ refreshed: limited }) }, 'inconclusive'],
    [
      'a limiter, and the other session lives',
      'session-password-change',
      { seen: changing({ after: right, newWorks: false, logins: [refused, limited] }) },
      'fail auth.change.session-alive',
      sid,
    ],
    ['a change refused', 'session-password-change', { seen: changing({ changed: answer(400) }) }, 'fail auth.change.refused'],
    [
      'an account that was not made',
      'session-password-change',
      { seen: changing({ registered: answer(400), changed: undefined }) },
      'fail auth.change.refused',
    ],
    ['an account that cannot log in', 'session-password-change', { seen: changing({ changed: undefined }) }, 'inconclusive'],
    ['the other session opened nothing before', 'session-password-change', { seen: changing({ before: refused }) }, 'inconclusive'],

    ['the cookie deleted', 'logout-cookie', { seen: outBy('/logout', ['sid=; Path=/; Max-Age=0']) }, 'pass', sid],
    [
      'the cookie deleted by a day long gone',
      'logout-cookie',
      { seen: outBy('/logout', ['sid=x; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT']) },
      'pass',
      sid,
    ],
    ['another session in its place', 'logout-cookie', { seen: outBy('/logout', ['sid=bmV3; Path=/']) }, 'pass', sid],
    ['an empty value in its place', 'logout-cookie', { seen: outBy('/logout', ['sid=; Path=/']) }, 'pass', sid],
    ['nothing about the cookie', 'logout-cookie', { seen: outBy('/logout', []) }, 'fail auth.logout.cookie-kept', sid],
    ['the cookie once more', 'logout-cookie', { seen: outBy('/logout', [`sid=${ID}; Path=/`]) }, 'fail auth.logout.cookie-kept', sid],
    [
      'a day long gone, but a Max-Age that wins',
      'logout-cookie',
      { seen: outBy('/logout', [`sid=${ID}; Path=/; Max-Age=3600; Expires=Thu, 01 Jan 1970 00:00:00 GMT`]) },
      'fail auth.logout.cookie-kept',
      sid,
    ],
    ['every cookie of the site deleted', 'logout-cookie', { seen: outBy('/logout', [], { clearsCookies: true }) }, 'pass', sid],
    ['another path', 'logout-cookie', { seen: outBy('/logout', ['sid=; Path=/api; Max-Age=0']) }, 'fail auth.logout.cookie-elsewhere', sid],
    ['another Domain', 'logout-cookie', { seen: outBy('/logout', ['sid=; Path=/; Domain=example.com; Max-Age=0']) }, 'fail auth.logout.cookie-elsewhere', sid],
    ['no Path, at the top', 'logout-cookie', { seen: outBy('/logout', ['sid=; Max-Age=0']) }, 'pass', sid],
    [
      'no Path, neither when set nor when deleted, in other folders',
      'logout-cookie',
      { seen: outBy('/logout', ['sid=; Max-Age=0'], {}, `sid=${ID}`) },
      'fail auth.logout.cookie-elsewhere',
      sid,
    ],
    ['deleted wherever it may lie', 'logout-cookie', { seen: outBy('/logout', ['sid=; Path=/; Max-Age=0', 'sid=; Path=/api; Max-Age=0']) }, 'pass', sid],
    [
      'deleted, and set again',
      'logout-cookie',
      { seen: outBy('/logout', ['sid=; Path=/; Max-Age=0', `sid=${ID}; Path=/`]) },
      'fail auth.logout.cookie-kept',
      sid,
    ],
    ['a logout that fails', 'logout-cookie', { seen: outBy('/logout', [], { status: 500 }) }, 'inconclusive', sid],
    ['a limiter', 'logout-cookie', { seen: outBy('/logout', [], limited) }, 'inconclusive', sid],

    ['a good cookie', 'login-cookie', { login: loggedInBy('/login', `sid=${ID}; Secure; HttpOnly; SameSite=Lax`) }, 'pass', sid],
    ['no Secure', 'login-cookie', { login: loggedInBy('/login', `sid=${ID}; HttpOnly; SameSite=Lax`) }, 'fail auth.cookie.not-secure', sid],
    ['no HttpOnly', 'login-cookie', { login: loggedInBy('/login', `sid=${ID}; Secure; SameSite=Lax`) }, 'fail auth.cookie.script', sid],
    ['no SameSite', 'login-cookie', { login: loggedInBy('/login', `sid=${ID}; Secure; HttpOnly`) }, 'warn auth.cookie.same-site', sid],
    ['21 characters', 'login-cookie', { login: loggedInBy('/login', `sid=${ID.slice(0, 21)}; Secure; HttpOnly; SameSite=Lax`) }, 'fail auth.cookie.short', sid],
    ['22 characters', 'login-cookie', { login: loggedInBy('/login', `sid=${ID.slice(0, 22)}; Secure; HttpOnly; SameSite=Lax`) }, 'pass', sid],
    [
      'the one from before taken back beside it',
      'login-cookie',
      { login: loggedInBy('/login', 'sid=deleted; Max-Age=0', `sid=${ID}; Secure; HttpOnly; SameSite=Lax`) },
      'pass',
      sid,
    ],
    [
      'twice, not alike',
      'login-cookie',
      { login: loggedInBy('/login', `sid=${ID}; Secure; HttpOnly; SameSite=Lax`, `sid=${ID}; Secure; HttpOnly; SameSite=Strict`) },
      'fail auth.cookie.twice',
      sid,
    ],
    ['another cookie', 'login-cookie', { login: loggedInBy('/login', `id=${ID}`) }, 'inconclusive', sid],

    ['a session that ended', 'session-expiry', { seen: expiry() }, 'pass', sid],
    ['a session that goes on', 'session-expiry', { seen: expiry({ late: [{ afterSeconds: 1, answer: right }] }) }, 'fail auth.session.outlives', sid],
    ['a session too long to wait for', 'session-expiry', { seen: expiry({ unwaited: 'it ends in a day' }) }, 'skip', sid],
    ['a limiter afterwards', 'session-expiry', { seen: expiry({ late: [{ afterSeconds: 1, answer: limited }] }) }, 'inconclusive', sid],
    ['a session that opened nothing', 'session-expiry', { seen: expiry({ before: refused }) }, 'inconclusive', sid],
    ['nobody asked afterwards', 'session-expiry', { seen: expiry({ late: [] }) }, 'inconclusive', sid],
    ['a token that ended', 'jwt-exp-enforced', { waited: expiry() }, 'pass'],
    ['a token that goes on', 'jwt-exp-enforced', { waited: expiry({ late: [{ afterSeconds: 300.5, answer: right }] }) }, 'fail auth.jwt.expired-accepted'],
    ['a token that may go on', 'jwt-exp-enforced', { waited: expiry({ late: [{ afterSeconds: 60.5, answer: right }] }) }, 'inconclusive'],
    [
      'a token that ends within a minute',
      'jwt-exp-enforced',
      {
        waited: expiry({
          late: [
            { afterSeconds: 0.2, answer: right },
            { afterSeconds: 60.5, answer: refused },
          ],
        }),
      },
      'pass',
    ],
    [
      'a token that ends within five minutes',
      'jwt-exp-enforced',
      {
        waited: expiry({
          late: [
            { afterSeconds: 60.5, answer: right },
            { afterSeconds: 300.5, answer: refused },
          ],
        }),
      },
      'warn auth.jwt.expired-late',
    ],
    ['a token without an end', 'jwt-exp-enforced', { waited: expiry({ token: token({ exp: undefined as never }) }) }, 'skip'],
    ['a token too long to wait for', 'jwt-exp-enforced', { waited: expiry({ unwaited: 'it ends in a day' }) }, 'skip'],
    ['a token from long ago refused', 'jwt-exp-enforced', { waited: expiry({ unwaited: 'it ends in a day' }), seen: attacks('expired', refused) }, 'pass'],
    ['a token from long ago', 'jwt-exp-enforced', { waited: expiry(), seen: attacks('expired', right) }, 'fail auth.jwt.expired-accepted'],

    ['keys', 'jwt-jwks', { keys: published(), login: login() }, 'pass'],
    ['a page', 'jwt-jwks', { keys: published({ problem: 'no JSON', keys: [] }), login: login() }, 'fail auth.jwks.unusable'],
    ['no key', 'jwt-jwks', { keys: published({ keys: [] }), login: login() }, 'fail auth.jwks.unusable'],
    ['503', 'jwt-jwks', { keys: published({ status: 503 }), login: login() }, 'inconclusive'],
    ['a limiter for the keys', 'jwt-jwks', { keys: published({ status: 429 }), login: login() }, 'inconclusive'],
    ['the private one', 'jwt-jwks', { keys: published({ keys: [{ ...rsa(2048), privateMembers: ['d'] }] }), login: login() }, 'fail auth.jwks.private'],
    ['RSA of 2040 bits', 'jwt-jwks', { keys: published({ keys: [rsa(2040)] }), login: login() }, 'fail auth.jwks.weak'],
    ['RSA of 2048 bits', 'jwt-jwks', { keys: published({ keys: [rsa(2048)] }), login: login() }, 'pass'],
    ['one name twice', 'jwt-jwks', { keys: published({ keys: [rsa(2048), rsa(3072)] }), login: login() }, 'fail auth.jwks.kid'],
    ['two keys', 'jwt-jwks', { keys: published({ keys: [rsa(2048), rsa(3072, 'k2')] }), login: login() }, 'pass'],
    ['the key of the token missing', 'jwt-jwks', { keys: published({ keys: [rsa(2048, 'k2')] }), login: login() }, 'fail auth.jwks.kid'],
    ['not for caches', 'jwt-jwks', { keys: published({ cacheControl: ['no-cache'] }), login: login() }, 'warn auth.jwks.cache'],

    ['bound to its browser', 'oauth-state-nonce', { seen: begun() }, 'pass', provided],
    ['by state alone', 'oauth-state-nonce', { seen: begun({ code_challenge: undefined }, { code_challenge: undefined }) }, 'pass', provided],
    ['by PKCE alone', 'oauth-state-nonce', { seen: begun({ state: undefined }, { state: undefined }) }, 'pass', provided],
    ['the same state twice', 'oauth-state-nonce', { seen: begun({}, { state: 's1' }) }, 'fail auth.oauth.unbound', provided],
    [
      'neither',
      'oauth-state-nonce',
      { seen: begun({ state: undefined, code_challenge: undefined }, { state: undefined, code_challenge: undefined }) },
      'fail auth.oauth.unbound',
      provided,
    ],
    ['no nonce', 'oauth-state-nonce', { seen: begun({ nonce: undefined }, { nonce: undefined }) }, 'warn auth.oauth.nonce', provided],
    ['the same nonce twice', 'oauth-state-nonce', { seen: begun({}, { nonce: 'n1' }) }, 'fail auth.oauth.nonce', provided],
    [
      'no nonce, but no ID token either',
      'oauth-state-nonce',
      { seen: begun({ nonce: undefined, scope: 'read write' }, { nonce: undefined, scope: 'read write' }) },
      'pass',
      provided,
    ],
    ['tokens in the URL', 'oauth-state-nonce', { seen: begun({ response_type: 'code token' }) }, 'warn auth.oauth.implicit', provided],
    ['a page', 'oauth-state-nonce', { seen: { visits: [visit({}, answer(200)), visit(again, answer(200))] } }, 'fail auth.oauth.start', provided],
    [
      'an error at the second visit',
      'oauth-state-nonce',
      { seen: { visits: [visit(), visit({ response_type: undefined }, answer(500))] } },
      'fail auth.oauth.start',
      provided,
    ],
    [
      'pushed to the provider beforehand',
      'oauth-state-nonce',
      { seen: { visits: ['a', 'b'].map((name) => ({ answer: answer(302), parameters: { request_uri: `urn:ietf:params:oauth:request_uri:${name}` } })) } },
      'skip',
      provided,
    ],

    ['nobody sent elsewhere', 'oauth-redirect-uri', { seen: authorize() }, 'pass', provided],
    [
      'sent elsewhere',
      'oauth-redirect-uri',
      { seen: authorize({ redirects: [{ uri: 'https://other.example.net', answer: answer(302), goes: 'there' }] }) },
      'fail auth.oauth.redirect-open',
      provided,
    ],
    [
      'sent to the login first',
      'oauth-redirect-uri',
      { seen: authorize({ redirects: [{ uri: 'https://other.example.net', answer: answer(302), goes: 'onwards' }] }) },
      'warn auth.oauth.redirect-late',
      provided,
    ],
    [
      'any client',
      'oauth-redirect-uri',
      { seen: authorize({ unknownClient: answer(302, { location: '/login' }) }) },
      'fail auth.oauth.client-unknown',
      provided,
    ],
    [
      'an error for unknown clients',
      'oauth-redirect-uri',
      { seen: authorize({ unknownClient: answer(302, { location: '/e?error=invalid_client' }) }) },
      'pass',
      provided,
    ],
    ['a page of its own for unknown clients', 'oauth-redirect-uri', { seen: authorize({ unknownClient: page('Unknown client') }) }, 'pass', provided],
    ['no answer to an unknown client', 'oauth-redirect-uri', { seen: authorize({ unknownClient: unheard }) }, 'inconclusive', provided],
    ['the right request refused', 'oauth-redirect-uri', { seen: authorize({ good: answer(400) }) }, 'inconclusive', provided],

    [
      'a policy kept',
      'password-policy',
      { seen: policy(sample(undefined, answer(201)), sample('too short', answer(422))) },
      'pass',
      { ...flow, passwordPolicy: PASSWORDS },
    ],
    [
      'a weak one taken',
      'password-policy',
      { seen: policy(sample(undefined, answer(201)), sample('too short', answer(201))) },
      'fail auth.policy.weak-accepted',
      { ...flow, passwordPolicy: PASSWORDS },
    ],
    [
      'a good one refused',
      'password-policy',
      { seen: policy(sample(undefined, answer(422)), sample('too short', answer(422))) },
      'fail auth.policy.good-refused',
      { ...flow, passwordPolicy: PASSWORDS },
    ],
    [
      'an error for a weak one',
      'password-policy',
      { seen: policy(sample(undefined, answer(201)), sample('too short', answer(500))) },
      'fail auth.policy.error',
      { ...flow, passwordPolicy: PASSWORDS },
    ],
    [
      'a limiter for a weak one',
      'password-policy',
      { seen: policy(sample(undefined, answer(201)), sample('too short', limited)) },
      'inconclusive',
      { ...flow, passwordPolicy: PASSWORDS },
    ],
    [
      'an account left behind',
      'password-policy',
      { seen: { ...policy(sample(undefined, answer(201)), sample('too short', answer(400))), notRemoved: 1 } },
      'warn auth.policy.left-behind',
      { ...flow, passwordPolicy: PASSWORDS },
    ],

    ['asked for a password alike', 'forgot-password', { seen: { known: [answer(202)], unknown: [answer(202)] } }, 'pass'],
    ['other for nobody', 'forgot-password', { seen: { known: [answer(202)], unknown: [answer(404)] } }, 'fail auth.forgot.status'],
    ['other words for nobody', 'forgot-password', { seen: { known: [answer(200)], unknown: [answer(200, { bodyHash: 'else' })] } }, 'fail auth.forgot.body'],
    ['refused altogether', 'forgot-password', { seen: { known: [answer(400)], unknown: [answer(400)] } }, 'fail auth.forgot.refused'],
    ['a limiter for both', 'forgot-password', { seen: { known: [limited], unknown: [limited] } }, 'inconclusive'],
    ['a limiter for nobody', 'forgot-password', { seen: { known: [answer(202)], unknown: [limited] } }, 'inconclusive'],

    [
      'a client',
      'client-credentials',
      { seen: { good: answer(200, { cacheControl: ['no-store'] }), token: token(), wrong: refused, opened: right, wrongWorks: false } },
      'pass',
      provided,
    ],
    ['a client that is refused', 'client-credentials', { seen: { good: refused, wrong: refused, wrongWorks: false } }, 'fail auth.client.refused', provided],
    [
      'any secret',
      'client-credentials',
      { seen: { good: answer(200, { cacheControl: ['no-store'] }), token: token(), wrong: answer(200), wrongWorks: true } },
      'fail auth.client.wrong-accepted',
      provided,
    ],
    [
      'a token that caches keep',
      'client-credentials',
      { seen: { good: answer(200, { cacheControl: [] }), token: token(), wrong: refused, wrongWorks: false } },
      'fail auth.client.cacheable',
      provided,
    ],
    [
      'a wrong secret answered otherwise',
      'client-credentials',
      { seen: { good: answer(200, { cacheControl: ['no-store'] }), token: token(), wrong: forbidden, wrongWorks: false } },
      'warn auth.client.status',
      provided,
    ],

    ['claims without an audience', 'jwt-claims', { login: login({ token: token({ aud: undefined as never }) }) }, 'warn auth.jwt.claims-missing'],
    ['claims without an issuer', 'jwt-claims', { login: login({ token: token({ iss: undefined as never }) }) }, 'warn auth.jwt.claims-missing'],
    ['claims without a subject', 'jwt-claims', { login: login({ token: token({ hasSubject: false }) }) }, 'warn auth.jwt.claims-missing'],
    ['claims with an address', 'jwt-claims', { login: login({ token: token({ personal: ['email'] }) }) }, 'warn auth.jwt.personal'],
    ['a declared claim that is not there', 'jwt-claims', { login: login() }, 'fail auth.jwt.claims-missing', { ...flow, token: { claims: ['tenant'] } }],
    ['declared claims', 'jwt-claims', { login: login() }, 'pass', { ...flow, token: { claims: ['jti'], issuer: 'https://api.example.com', audience: 'shop' } }],
    ['another issuer', 'jwt-claims', { login: login() }, 'fail auth.jwt.issuer', { ...flow, token: { issuer: 'https://id.example.com' } }],
    ['another audience', 'jwt-claims', { login: login() }, 'fail auth.jwt.issuer', { ...flow, token: { audience: 'admin' } }],
    ['an encrypted token', 'jwt-claims', { login: login({ token: token({ form: 'encrypted' }) }) }, 'skip'],
    ['a limiter before the claims', 'jwt-claims', { login: login({ answer: limited }) }, 'inconclusive'],

    ['only with a challenge', 'oauth-pkce-code', { seen: pkce() }, 'pass', open],
    ['without a challenge', 'oauth-pkce-code', { seen: pkce({ withoutChallengeGoesOn: true }) }, 'fail auth.oauth.no-pkce', open],
    ['with a plain challenge', 'oauth-pkce-code', { seen: pkce({ plainChallengeGoesOn: true }) }, 'fail auth.oauth.plain-pkce', open],
    ['without a challenge, but with a secret', 'oauth-pkce-code', { seen: pkce({ withoutChallengeGoesOn: true }) }, 'warn auth.oauth.no-pkce', provided],
    ['the right request refused too', 'oauth-pkce-code', { seen: pkce({ good: answer(400) }) }, 'inconclusive', open],
    ['the right request led to an error', 'oauth-pkce-code', { seen: pkce({ good: answer(302, { location: '/cb?error=x' }) }) }, 'inconclusive', open],

    [
      'every origin',
      'login-cors',
      { login: allowing(ORIGIN), seen: { elsewhere: answer(401, { allowOrigin: ['*'] }) } },
      'fail auth.login.cors-any',
      crossOrigin,
    ],
    ['an address that is not on the list', 'admin-address', { seen: { answers: [forbidden, answer(404)] } }, 'pass', listed],
    ['an address that is let in', 'admin-address', { seen: { answers: [answer(200, { what: 'from here' }), forbidden] } }, 'fail auth.address.open', listed],
    ['an address from a header', 'admin-address', { seen: { answers: [forbidden, answer(200, { what: 'X-Real-IP' })] } }, 'fail auth.address.forged', listed],
    ['a login for those who are not on the list', 'admin-address', { seen: { answers: [answer(302)] } }, 'warn auth.address.status', listed],
    ['a challenge before the list', 'admin-address', { seen: { answers: [answer(403, { obstacle: 'a challenge' })] } }, 'inconclusive', listed],

    ['dead ones refused', 'dead-credentials', { seen: { pairs: [{ answer: refused, without: refused }] } }, 'pass'],
    ['a dead one alive', 'dead-credentials', { seen: { pairs: [{ answer: right, without: refused }] } }, 'fail auth.dead.alive'],
    ['a route open to all', 'dead-credentials', { seen: { pairs: [{ answer: right, without: right }] } }, 'fail auth.dead.open'],
    ['a limiter for the dead', 'dead-credentials', { seen: { pairs: [{ answer: limited, without: refused }] } }, 'inconclusive'],

    ['nonsense refused', 'input-validation', { seen: { answers: [answer(422), answer(400)] }, login: login() }, 'pass'],
    ['nonsense taken', 'input-validation', { seen: { answers: [answer(201)] }, login: login() }, 'fail auth.input.accepted'],
    ['an error for nonsense', 'input-validation', { seen: { answers: [answer(500)] }, login: login() }, 'fail auth.input.error'],
    ['nonsense refused otherwise', 'input-validation', { seen: { answers: [answer(404)] }, login: login() }, 'warn auth.input.status'],
    [
      'nonsense in the page',
      'input-validation',
      { seen: { answers: [answer(422, { html: true, shape: 'no <script>postproof' })] }, login: login() },
      'fail auth.input.echoed',
    ],
    [
      'nonsense without a login',
      'input-validation',
      { seen: { answers: [answer(401)] }, login: login({ accessToken: false, answer: answer(500) }) },
      'inconclusive',
    ],

    ['its own origin', 'login-cors', { login: allowing(ORIGIN), seen: { elsewhere: answer(401) } }, 'pass', crossOrigin],
    ['no origin', 'login-cors', { login: allowing(), seen: { elsewhere: answer(401) } }, 'fail auth.login.cors-missing', crossOrigin],
    ['two origins', 'login-cors', { login: allowing(ORIGIN, ORIGIN), seen: { elsewhere: answer(401) } }, 'fail auth.login.cors-missing', crossOrigin],
    [
      'any origin',
      'login-cors',
      { login: allowing(ORIGIN), seen: { elsewhere: answer(401, { allowOrigin: ['https://other.example.net'] }) } },
      'fail auth.login.cors-any',
      crossOrigin,
    ],
    [
      'the own origin told to others',
      'login-cors',
      { login: allowing(ORIGIN), seen: { elsewhere: answer(401, { allowOrigin: [ORIGIN] }) } },
      'pass',
      crossOrigin,
    ],
    ['a limiter for others', 'login-cors', { login: allowing(ORIGIN), seen: { elsewhere: limited } }, 'inconclusive', crossOrigin],

    ['a form', 'login-form', { login: login({ page: strange, fields: [field('text', 'username'), field('password', 'current-password')] }) }, 'pass', paged],
    [
      'a silent form',
      'login-form',
      { login: login({ page: strange, fields: [field('text', 'username'), field('password')] }) },
      'warn auth.form.autocomplete',
      paged,
    ],
    ['a form made by a script', 'login-form', { login: login({ page: strange, fields: [] }) }, 'inconclusive', paged],
    ['a limiter in place of the form', 'login-form', { login: login({ page: limited, fields: [] }) }, 'inconclusive', paged],
  ]
  test.each(cases)('%s (%s)', (_name, id, seen, expected, auth) => {
    expect(said(judged(id, seen, auth))).toBe(expected)
  })
})

describe('every check', () => {
  test.each([...checks])('%s says nothing where nothing is declared, and shows no secret in its command', (_id, check) => {
    expect(check.subjects(normaliseTarget(targetSchema.parse({ domain: 'example.com' }), { sha256: '0' }))).toEqual([])
    for (const subject of check.subjects(targetOf())) {
      const command = check.reproduce(subject, targetOf())
      expect(command).toMatch(/^curl /)
      if (command.includes('SHOP_WORD')) expect(command).toContain('"$SHOP_WORD"')
    }
  })
})
