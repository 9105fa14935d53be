/** Judgement of the suite: right cookies, then one thing wrong per case, and the traps that must not alarm. Plain objects, no sockets. */
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import type { HttpObservation, RawHeaders } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import type { CookieLooks, CookieSample } from '../../helpers/probes/cookies.ts'
import { normaliseTarget, type Target } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import { type CookieEntry, roleOf } from './shared.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
const HSTS: RawHeaders = [['Strict-Transport-Security', 'max-age=31536000']]
const PRIVATE: RawHeaders = [['Cache-Control', 'private, no-store']]

const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.check.ts'))
const checks = new Map<string, Check>()
for (const file of files) {
  const { default: check } = (await import(`./${file}`)) as { default: Check }
  checks.set(check.id.slice('cookies/'.length), check)
}

interface Scene {
  /** Set-Cookie lines of the document. */
  readonly set?: readonly string[]
  /** Further headers of the document. @default private, no-store */
  readonly headers?: RawHeaders
  readonly status?: number
  /** Set-Cookie lines of further answers, by path. */
  readonly also?: Readonly<Record<string, readonly string[]>>
  readonly alsoStatus?: number
  /** Set-Cookie lines of later visits of the document; the first visit sets `set`. */
  readonly later?: readonly (readonly string[])[]
  readonly laterHeaders?: RawHeaders
  /** What the made-up identifiers were, and the Set-Cookie lines they were answered with. */
  readonly chosen?: { readonly sent: Readonly<Record<string, string>>; readonly set: readonly string[]; readonly status?: number }
  readonly cookies?: readonly CookieEntry[]
  readonly allow?: readonly 'login'[]
  readonly body?: string
}
const observe = (path: string, set: readonly string[], headers: RawHeaders, status = 200, body = ''): HttpObservation => ({
  url: `https://app.example.com${path}`,
  method: 'GET',
  status,
  statusText: '',
  httpVersion: '1.1',
  headers: [...headers, ...set.map((line) => ['Set-Cookie', line] as const)],
  body: Buffer.from(body),
  wireBytes: 0,
  truncated: false,
  decodeFailed: false,
  peer: '192.0.2.1:443',
  reused: true,
  at: NOW.toISOString(),
  timings: { ttfbMs: 1, transferMs: 1, totalMs: 2, loopDelayMs: 0 },
})
function looked(scene: Scene): { readonly looks: CookieLooks; readonly samples: readonly CookieSample[] } {
  const headers = scene.headers ?? PRIVATE
  const document = observe('/', scene.set ?? [], headers, scene.status, scene.body)
  const others = Object.entries(scene.also ?? {}).map(([path, set]) => observe(path, set, PRIVATE, scene.alsoStatus))
  const later = scene.later ?? []
  return {
    looks: { document, responses: [document, ...others], silent: [] },
    samples:
      (scene.set ?? []).length === 0
        ? []
        : [
            {
              url: document.url,
              visits: [document, ...later.map((set) => observe('/', set, scene.laterHeaders ?? headers))],
              ...(scene.chosen === undefined
                ? {}
                : { chosen: { sent: scene.chosen.sent, answer: observe('/', scene.chosen.set, headers, scene.chosen.status) } }),
            },
          ],
  }
}
const targetOf = (cookies: readonly CookieEntry[] = [], allow: readonly 'login'[] = []): Target =>
  normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { app: {} }, allow: [...allow], ...(cookies.length === 0 ? {} : { cookies }) }), {
    sha256: '0',
  })
const seen = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: NOW.toISOString(), durationMs: 1, attempts: 1 })
function judge(name: string, scene: Scene): Verdict {
  const check = checks.get(name)
  if (check === undefined) throw new RangeError(`no check ${name}`)
  const target = targetOf(scene.cookies, scene.allow)
  const [subject] = check.subjects(target)
  if (subject === undefined) throw new RangeError(`${name} has no subject`)
  const observed = looked(scene)
  const needs = name === 'declared' ? { 'app.example.com': seen(observed.looks) } : observed
  return check.judge(needs as never, { target, subject, now: NOW, options: check.options })
}
const shown = (verdict: Verdict): string =>
  verdict.outcome === 'warn' || verdict.outcome === 'fail'
    ? `${verdict.outcome} ${verdict.code}${verdict.severity === undefined ? '' : ` ${verdict.severity}`}`
    : verdict.outcome

const id = (): string => randomBytes(24).toString('base64url')
const FLAGS = 'Path=/; Secure; HttpOnly; SameSite=Lax'
const GOOD = `__Host-session=${id()}; ${FLAGS}`
const GONE = 'sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT'
/** Four later visits with identifiers made anew. */
const visits = (make: (index: number) => string): Pick<Scene, 'set' | 'later'> => ({ set: [make(0)], later: [1, 2, 3, 4].map((index) => [make(index)]) })
const one = (line: string, more: Omit<Scene, 'set'> = {}): Scene => ({ set: [line], ...more })
const declared = (entry: Partial<CookieEntry>, ...lines: string[]): Scene => ({ set: lines, cookies: [{ name: 'sid', hosts: ['app'], ...entry }] })
const base64 = (text: string): string => Buffer.from(text).toString('base64url')

type Case = readonly [what: string, scene: Scene, expected: string]
/** For every check: a host without cookies, one that only clears a cookie, a broken gateway. */
const NOTHING: readonly Case[] = [
  ['no cookie at all', {}, 'skip'],
  ['a challenge instead of the document', { status: 403, body: '<div class="g-recaptcha">' }, 'inconclusive'],
  ['a broken gateway instead of the document', { status: 502 }, 'inconclusive'],
  ['a limiter instead of the document', { status: 429 }, 'inconclusive'],
]
const CASES: Record<string, readonly Case[]> = {
  secure: [
    ...NOTHING,
    ['Secure', one(GOOD), 'pass'],
    ['any case', one('sid=x; SECURE'), 'pass'],
    ['clearing one', one(GONE), 'skip'],
    ['a load balancer', one('AWSALB=x; Path=/'), 'skip'],
    ['a session without', one('PHPSESSID=x; Path=/; HttpOnly'), 'fail cookies.secure.session high'],
    ['a session without, HSTS or not', one('PHPSESSID=x', { headers: HSTS }), 'fail cookies.secure.session high'],
    ['the word in the path only', one('sid=x; Path=/secure'), 'fail cookies.secure.session high'],
    ['a setting without', one('theme=dark'), 'fail cookies.secure.other medium'],
    ['a setting without under HSTS', one('theme=dark', { headers: HSTS }), 'warn cookies.secure.hsts-only low'],
    ['HSTS switched off is none', one('theme=dark', { headers: [['Strict-Transport-Security', 'max-age=0']] }), 'fail cookies.secure.other medium'],
    ['by declaration a session', one('q=x', { headers: HSTS, cookies: [{ name: 'q', session: true }] }), 'fail cookies.secure.session high'],
    ['by declaration none', one('login_hint=ann', { headers: HSTS, cookies: [{ name: 'login_hint', session: false }] }), 'warn cookies.secure.hsts-only low'],
    ['on an error page only', { also: { '/postproof-3f9c0d1e': ['sid=x'] }, alsoStatus: 404 }, 'fail cookies.secure.session high'],
    ['a broken gateway hides no failure', one('sid=x', { status: 502 }), 'fail cookies.secure.session high'],
    ['a right cookie of a broken gateway is not all', one(GOOD, { status: 502 }), 'inconclusive'],
    ['the second copy is judged too', { set: [GOOD, '__Host-session=y; Path=/'] }, 'fail cookies.secure.session high'],
  ],
  httponly: [
    ...NOTHING,
    ['HttpOnly', one(GOOD), 'pass'],
    ['a setting', one('theme=dark'), 'skip'],
    ['double submit', one('XSRF-TOKEN=x; Secure; SameSite=Strict'), 'skip'],
    ['double submit with a prefix', one('__Host-csrf=x; Secure; Path=/'), 'skip'],
    ['names that only sound alike', { set: ['considered=1234567890', 'author=ann-of-green-gables', 'blog_index=1234567890'] }, 'skip'],
    ['a flag for scripts', one('logged_in=no'), 'skip'],
    ['readable as declared', one('auth_state=abcdefghij', { cookies: [{ name: 'auth_state', httpOnly: false }] }), 'pass'],
    ['an exception for all is none by name', one('auth_state=abcdefghij', { cookies: [{ name: '*', httpOnly: false }] }), 'fail cookies.httponly.missing'],
    ['a session without', one('connect.sid=abcdefghij; Secure'), 'fail cookies.httponly.missing'],
    ['a token without', one('access_token=abcdefghij; Secure'), 'fail cookies.httponly.missing'],
    ['the word in the value', one('sid=HttpOnly-value; Secure'), 'fail cookies.httponly.missing'],
  ],
  samesite: [
    ...NOTHING,
    ['Lax', one(GOOD), 'pass'],
    ['strict in lower case', one('sid=x; samesite=strict'), 'pass'],
    ['None for what is embedded', one('theme=dark; Secure; SameSite=None'), 'pass'],
    ['None as declared', one('sid=x; Secure; SameSite=None', { cookies: [{ name: 'sid', sameSite: ['None'] }] }), 'pass'],
    ['a load balancer', one('AWSALBCORS=x; SameSite=None'), 'skip'],
    ['clearing one', one(GONE), 'skip'],
    ['missing', one('sid=abcdefghij; Secure'), 'warn cookies.samesite.missing'],
    ['missing at a setting', one('theme=dark; Secure'), 'warn cookies.samesite.missing low'],
    ['missing at the token against forgery', one('csrftoken=abcdefghij; Secure'), 'fail cookies.samesite.csrf'],
    ['None without Secure', one('theme=dark; SameSite=None'), 'fail cookies.samesite.none-insecure'],
    ['None on a session', one('sid=abcdefghij; Secure; SameSite=None'), 'warn cookies.samesite.none'],
    ['True', one('theme=dark; Secure; SameSite=True'), 'fail cookies.samesite.invalid'],
    ['empty', one('theme=dark; Secure; SameSite='), 'fail cookies.samesite.invalid'],
  ],
  prefix: [
    ...NOTHING,
    ['__Host- kept', one(GOOD), 'pass'],
    ['__Secure- with Domain', one('__Secure-a=abcdefghij; Secure; Domain=example.com'), 'pass'],
    ['a setting without prefix', one('theme=dark'), 'skip'],
    ['a session of a declared name', one('sid=abcdefghij; Secure', { cookies: [{ name: 'sid', session: true }] }), 'pass'],
    ['a session without', one('sid=abcdefghij; Secure'), 'warn cookies.prefix.unused low'],
    ['__Host- with Domain', one('__Host-a=abcdefghij; Secure; Path=/; Domain=example.com'), 'fail cookies.prefix.broken'],
    ['__Host- without Path', one('__Host-a=abcdefghij; Secure'), 'fail cookies.prefix.broken'],
    ['__Secure- without Secure', one('__Secure-a=abcdefghij'), 'fail cookies.prefix.broken'],
    ['in lower case', one('__host-a=abcdefghij; Secure'), 'fail cookies.prefix.broken'],
    ['a deletion that deletes nothing', one('__Host-a=; Max-Age=0'), 'fail cookies.prefix.broken'],
    ['a deletion that does', one('__Host-a=; Max-Age=0; Secure; Path=/'), 'pass'],
  ],
  scope: [
    ...NOTHING,
    ['no Domain', one(GOOD), 'pass'],
    ['the host itself', one('sid=abcdefghij; Domain=app.example.com'), 'pass'],
    ['a setting for the domain', one('_ga=GA1.2.3; Domain=.example.com'), 'pass'],
    [
      'a session for the domain as declared',
      one('sso=abcdefghij; Domain=example.com', { cookies: [{ name: 'sso', session: true, domain: '.{domain}' }] }),
      'pass',
    ],
    ['partitioned', one('__Host-a=abcdefghij; Secure; Path=/; Partitioned'), 'pass'],
    ['a session for the domain', one('sid=abcdefghij; Domain=example.com'), 'warn cookies.scope.wide'],
    ['foreign', one('theme=dark; Domain=example.net'), 'fail cookies.scope.foreign'],
    ['a sibling', one('theme=dark; Domain=api.example.com'), 'fail cookies.scope.foreign'],
    ['public suffix', one('theme=dark; Domain=com'), 'fail cookies.scope.public-suffix'],
    ['partitioned without Secure', one('theme=dark; Partitioned'), 'fail cookies.scope.partitioned-insecure'],
    ['a path without a slash', one('theme=dark; Path=app'), 'warn cookies.scope.path-ignored low'],
    ['clearing a foreign one', one('theme=; Max-Age=0; Domain=example.net'), 'fail cookies.scope.foreign'],
    ['clearing an old one of the domain', one('sid=; Max-Age=0; Domain=example.com'), 'skip'],
  ],
  duplicates: [
    ...NOTHING,
    ['once', one(GOOD), 'pass'],
    ['once in every answer', { set: [GOOD], also: { '/robots.txt': [GOOD] } }, 'pass'],
    ['names differ in case', { set: ['a=1; Path=/', 'A=1; Path=/'] }, 'pass'],
    ['the old one is cleared beside the new', { set: [GOOD, '__Host-session=; Max-Age=0; Domain=example.com; Path=/'] }, 'pass'],
    ['moving to partitioned cookies', { set: ['w=1; Path=/; Secure; SameSite=Lax', 'w=1; Path=/; Secure; SameSite=None; Partitioned'] }, 'pass'],
    ['a load balancer', { set: ['AWSALB=1; Path=/', 'AWSALB=2; Path=/x'] }, 'skip'],
    ['twice the same', { set: [GOOD, GOOD] }, 'warn cookies.duplicate.same low'],
    ['twice with other flags', { set: [GOOD, '__Host-session=x; Path=/'] }, 'fail cookies.duplicate.flags'],
    ['the default path is the same place', { set: ['a=1; Path=/; Secure', 'a=1'] }, 'fail cookies.duplicate.flags'],
    ['two paths', { set: ['a=1; Path=/', 'a=1; Path=/x'] }, 'fail cookies.duplicate.scope'],
    ['two domains', { set: ['a=1; Path=/', 'a=1; Path=/; Domain=example.com'] }, 'fail cookies.duplicate.scope'],
    [
      'a session at two domains in two answers',
      { set: ['sid=abcdefghij; Path=/'], also: { '/x': ['sid=abcdefghij; Path=/; Domain=example.com'] } },
      'fail cookies.duplicate.scope',
    ],
    ['a setting at two paths in two answers', { set: ['a=1; Path=/'], also: { '/x': ['a=1; Path=/x'] } }, 'warn cookies.duplicate.scope'],
  ],
  lifetime: [
    ...NOTHING,
    ['browser session', one(GOOD), 'pass'],
    ['eight hours', one('sid=abcdefghij; Max-Age=28800'), 'pass'],
    ['thirty days', one('sid=abcdefghij; Max-Age=2592000'), 'pass'],
    ['a setting for 400 days', one('theme=dark; Max-Age=34560000'), 'pass'],
    ['400 days by date', one(`theme=dark; Expires=${new Date(NOW.getTime() + 400 * 86_400_000).toUTCString()}`), 'pass'],
    ['remembering is meant to last', one('remember_token=abcdefghij; Max-Age=31536000'), 'pass'],
    ['a year as declared', one('sid=abcdefghij; Max-Age=31536000', { cookies: [{ name: 'sid', maxAge: 31_536_000 }] }), 'pass'],
    ['clearing by Max-Age', one('sid=; Max-Age=0'), 'skip'],
    ['clearing by Expires', one(GONE), 'skip'],
    ['Max-Age wins over an old Expires', one('sid=abcdefghij; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT'), 'pass'],
    ['a session for 31 days', one('sid=abcdefghij; Max-Age=2678400'), 'fail cookies.lifetime.session'],
    ['a session until 9999', one('sid=abcdefghij; Expires=Fri, 31 Dec 9999 23:59:59 GMT'), 'fail cookies.lifetime.session'],
    ['a setting for ever', one('theme=dark; Max-Age=99999999999999999999'), 'warn cookies.lifetime.capped'],
    ['remembering for ever', one('remember_me=abcdefghij; Max-Age=63072000'), 'warn cookies.lifetime.capped'],
    ['Expires=0 clears nothing', one('theme=dark; Expires=0'), 'warn cookies.lifetime.ignored'],
    ['Max-Age in quotes', one('theme=dark; Max-Age="60"'), 'warn cookies.lifetime.ignored'],
  ],
  size: [
    ...NOTHING,
    ['small', one(GOOD), 'pass'],
    ['4096 octets', one(`a=${'x'.repeat(4095)}`), 'pass'],
    ['a long attribute is no long cookie', one(`a=x; Path=/${'x'.repeat(5000)}`), 'pass'],
    ['50 cookies', { set: Array.from({ length: 50 }, (_, index) => `a${index}=x`) }, 'pass'],
    ['one cookie set 60 times', { set: Array.from({ length: 60 }, () => 'a=x') }, 'pass'],
    ['4097 octets', one(`a=${'x'.repeat(4096)}`), 'fail cookies.size.dropped'],
    ['octets, not characters', one(`a=${'ü'.repeat(2048)}`), 'fail cookies.size.dropped'],
    ['a session of 5 kB', one(`sid=${'x'.repeat(5000)}`), 'fail cookies.size.dropped high'],
    ['51 cookies', { set: Array.from({ length: 51 }, (_, index) => `a${index}=x`) }, 'warn cookies.size.many'],
    ['more than a header holds', { set: ['a', 'b', 'c'].map((name) => `${name}=${'x'.repeat(3000)}`) }, 'warn cookies.size.header'],
  ],
  grammar: [
    ...NOTHING,
    ['right', one(GOOD), 'pass'],
    ['Expires holds a comma', one(GONE), 'pass'],
    ['a value in quotes', one('a="b c"; Path=/'), 'pass'],
    ['priority', one('a=b; Priority=High; Partitioned; Secure'), 'pass'],
    ['a control character', one('a=b\u0001; Secure'), 'fail cookies.grammar.unreadable'],
    ['empty', one('; Secure'), 'fail cookies.grammar.unreadable'],
    ['two in one line', one('a=b; Path=/, c=d; Path=/'), 'fail cookies.grammar.joined'],
    ['misspelled', one('a=b; Http-Only'), 'warn cookies.grammar.unknown'],
    ['twice Path', one('a=b; Path=/; Path=/x'), 'warn cookies.grammar.repeated'],
    ['no name', one('token; Secure'), 'warn cookies.grammar.nameless'],
    ['JSON in the open', one('a={"b":"c"}; Secure'), 'warn cookies.grammar.joined info'],
  ],
  declared: [
    [
      'as declared',
      declared({ secure: true, httpOnly: true, sameSite: ['Lax'], hostOnly: true, cookiePath: '/', maxAge: 28_800 }, `sid=x; ${FLAGS}; Max-Age=28800`),
      'pass',
    ],
    ['nothing but its name is declared', declared({}, 'sid=x'), 'pass'],
    ['Expires instead of Max-Age', declared({ maxAge: 3600 }, `sid=x; Expires=${new Date(NOW.getTime() + 3_600_000).toUTCString()}`), 'pass'],
    ['the default path is the path', declared({ cookiePath: '/' }, 'sid=x'), 'pass'],
    ['Secure where none is demanded', declared({ secure: false }, 'sid=x; Secure'), 'pass'],
    ['a dot before the domain', declared({ domain: '.{domain}' }, 'sid=x; Domain=example.com'), 'pass'],
    ['clearing it is not setting it', declared({ secure: true }, `sid=x; Secure`, GONE), 'pass'],
    ['all of the host', { set: [GOOD, 'AWSALB=x'], cookies: [{ name: '*', hosts: 'all', secure: true, httpOnly: true, sameSite: ['Lax', 'Strict'] }] }, 'pass'],
    [
      'an exception by name from what holds for all',
      {
        set: ['XSRF-TOKEN=x; Secure; SameSite=Lax'],
        cookies: [
          { name: '*', httpOnly: true, secure: true },
          { name: 'XSRF-TOKEN', httpOnly: false },
        ],
      },
      'pass',
    ],
    ['all of a host that sets none', { cookies: [{ name: '*', secure: true }] }, 'skip'],
    ['all of a host that cannot be seen', { status: 503, cookies: [{ name: '*', secure: true }] }, 'inconclusive'],
    ['a cookie that only a login sets, and none is allowed', declared({ secure: true }), 'skip'],
    ['a cookie that only a login sets is not green', { ...declared({ secure: true }), allow: ['login'] }, 'inconclusive'],
    ['a setting that nobody sets is not green', { cookies: [{ name: 'lang', hosts: ['app'] }] }, 'inconclusive'],
    ['any host may set it, none does', { cookies: [{ name: 'lang' }] }, 'inconclusive'],
    ['its path does not set it', { also: { '/login': [] }, cookies: [{ name: 'sid', hosts: ['app'], path: '/login' }] }, 'fail cookies.declared.missing'],
    ['its path is broken', { also: { '/login': [] }, alsoStatus: 500, cookies: [{ name: 'sid', hosts: ['app'], path: '/login' }] }, 'inconclusive'],
    ['no Secure', declared({ secure: true }, 'sid=x'), 'fail cookies.declared.secure'],
    ['the second copy has none', declared({ secure: true }, 'sid=x; Secure', 'sid=x'), 'fail cookies.declared.secure'],
    ['HttpOnly where scripts read it', declared({ httpOnly: false }, 'sid=x; HttpOnly'), 'fail cookies.declared.httponly medium'],
    ['Strict instead of Lax', declared({ sameSite: ['Lax'] }, 'sid=x; SameSite=Strict'), 'fail cookies.declared.samesite'],
    ['no SameSite', declared({ sameSite: ['Lax', 'Strict'] }, 'sid=x'), 'fail cookies.declared.samesite'],
    ['host-only instead of the domain', declared({ domain: 'example.com' }, 'sid=x'), 'fail cookies.declared.domain'],
    ['the domain instead of host-only', declared({ hostOnly: true }, 'sid=x; Domain=example.com'), 'fail cookies.declared.domain'],
    ['a day instead of eight hours', declared({ maxAge: 28_800 }, 'sid=x; Max-Age=86400'), 'fail cookies.declared.max-age medium'],
    ['no lifetime', declared({ maxAge: 28_800 }, 'sid=x'), 'fail cookies.declared.max-age medium'],
    ['another path', declared({ cookiePath: '/' }, 'sid=x; Path=/app'), 'fail cookies.declared.path medium'],
    ['one of the host without', { set: [GOOD, 'theme=dark'], cookies: [{ name: '*', secure: true }] }, 'fail cookies.declared.secure'],
  ],
  entropy: [
    ...NOTHING,
    ['random', visits(() => `sid=${id()}`), 'pass'],
    ['a random UUID', visits(() => `sid=${crypto.randomUUID()}`), 'pass'],
    ['signed data, the same for all', visits(() => `session=${base64('{"flash":{}}')}.Zx1yAA.${'A'.repeat(27)}`), 'pass'],
    ['unsigned data that names nobody', visits(() => `session=${base64('{"lang":"en","user":null}')}`), 'pass'],
    ['a setting is no identifier', visits(() => 'theme=dark'), 'skip'],
    ['a setting whose name sounds like one', visits(() => 'auth_method=password'), 'skip'],
    ['a token against forgery', visits(() => 'csrf_token=1'), 'skip'],
    ['seen twice only', { set: [`sid=${id()}`], later: [[`sid=${id()}`]] }, 'inconclusive'],
    ['set once, then never', { set: [`sid=${id()}`], later: [[], [], [], []] }, 'inconclusive'],
    ['constant', visits(() => 'sid=p7Qm2vXw9KcLr4TzB8nYd1Hs6JfGa3Ue'), 'fail cookies.entropy.constant'],
    [
      'one of five repeats',
      { set: ['sid=aaaaaaaaaaaaaaaaaaaa'], later: [[`sid=${id()}`], [`sid=${id()}`], [`sid=${id()}`], ['sid=aaaaaaaaaaaaaaaaaaaa']] },
      'fail cookies.entropy.constant',
    ],
    ['short but declared', { ...visits(() => 'k=1'), cookies: [{ name: 'k', session: true }] }, 'fail cookies.entropy.constant'],
    ['counting', visits((index) => `sid=${1000 + index}`), 'fail cookies.entropy.ordered'],
    ['the clock', visits((index) => `sid=${1_795_260_000_000 + index * 11}`), 'fail cookies.entropy.ordered'],
    ['32 bits', visits(() => `sid=${randomBytes(4).toString('hex')}`), 'fail cookies.entropy.short'],
    ['96 bits', visits(() => `sid=${randomBytes(12).toString('hex')}`), 'warn cookies.entropy.short'],
    ['unsigned data that names the visitor', visits(() => `session=${base64('{"user":"guest"}')}`), 'fail cookies.entropy.unsigned'],
  ],
  'no-secret': [
    ...NOTHING,
    ['opaque', one(GOOD), 'pass'],
    ['a secret of the middleware', one(`session=${base64('{"csrfSecret":"abcdefghijklmnop"}')}`), 'pass'],
    ['a version that looks like an address', one('build=1.10.1.2.3.4'), 'pass'],
    ['a public address', one('edge=203.0.113.7'), 'pass'],
    ['a word is no role', one('theme=admin'), 'pass'],
    ['BIG-IP', one('BIGipServerpool=1677787402.36895.0000'), 'warn cookies.secret.internal-address medium'],
    ['a private address', one('backend=192.168.3.4%3A8080'), 'warn cookies.secret.internal-address medium'],
    ['an e-mail address, packed', one(`u=${base64('{"mail":"ann@example.com"}')}`), 'warn cookies.secret.personal medium'],
    ['a role', one(`u=${base64('{"role":"editor"}')}`), 'warn cookies.secret.personal medium'],
    ['a role by name', one('is_admin=0'), 'warn cookies.secret.personal medium'],
    ['a password by name', one('password=hunter22'), 'fail cookies.secret.password high'],
    ['a password, packed', one(`u=${base64('user=ann&password=hunter22')}`), 'fail cookies.secret.password high'],
    ['a connection string', one(`u=${base64('postgres://app:hunter2@db/app')}`), 'fail cookies.secret.password high'],
  ],
  'cacheable-set-cookie': [
    ...NOTHING,
    ['private, no-store', one(GOOD), 'pass'],
    ['private', one(GOOD, { headers: [['Cache-Control', 'max-age=0, private']] }), 'pass'],
    [
      'two lines',
      one(GOOD, {
        headers: [
          ['Cache-Control', 'max-age=60'],
          ['Cache-Control', 'No-Store'],
        ],
      }),
      'pass',
    ],
    ['a redirect is not stored unasked', one(GOOD, { headers: [], status: 302 }), 'pass'],
    ['a setting and nothing said', one('theme=dark', { headers: [] }), 'pass'],
    ['a miss', one(GOOD, { headers: [...PRIVATE, ['X-Cache', 'MISS from edge'], ['Age', '0']] }), 'pass'],
    ['clearing one', one(GONE, { headers: [['Cache-Control', 'public, max-age=60']] }), 'skip'],
    ['set by the cache itself', one('__cf_bm=x', { headers: [['CF-Cache-Status', 'HIT']] }), 'skip'],
    ['nothing said', one(GOOD, { headers: [] }), 'warn cookies.cached.unsaid low'],
    ['no-cache may be stored', one(GOOD, { headers: [['Cache-Control', 'no-cache']] }), 'warn cookies.cached.unsaid low'],
    ['private for one field only', one(GOOD, { headers: [['Cache-Control', 'private="x-a", no-cache']] }), 'warn cookies.cached.unsaid low'],
    ['public', one(GOOD, { headers: [['Cache-Control', 'public']] }), 'fail cookies.cached.session'],
    ['s-maxage', one(GOOD, { headers: [['Cache-Control', 's-maxage=60']] }), 'fail cookies.cached.session'],
    ['max-age alone', one(GOOD, { headers: [['Cache-Control', 'max-age=60']] }), 'fail cookies.cached.session'],
    ['max-age for browsers, none for shared caches', one(GOOD, { headers: [['Cache-Control', 'max-age=60, s-maxage=0']] }), 'warn cookies.cached.unsaid low'],
    ['s-maxage, and none for browsers', one(GOOD, { headers: [['Cache-Control', 'max-age=0, s-maxage=60']] }), 'fail cookies.cached.session'],
    ['a time, and no-cache', one(GOOD, { headers: [['Cache-Control', 'no-cache, max-age=60']] }), 'warn cookies.cached.unsaid low'],
    ['a time, and no-cache for one field only', one(GOOD, { headers: [['Cache-Control', 'no-cache="x-a", max-age=60']] }), 'fail cookies.cached.session'],
    ['an own cache that may not keep it', one(GOOD, { headers: [...PRIVATE, ['CDN-Cache-Control', 'max-age=0']] }), 'pass'],
    ['from a cache, whatever was said', one(GOOD, { headers: [...PRIVATE, ['Age', '5']] }), 'fail cookies.cached.session'],
    ['private, but kept by the operator’s own cache', one(GOOD, { headers: [...PRIVATE, ['CDN-Cache-Control', 'max-age=60']] }), 'fail cookies.cached.session'],
    ['from the cache of Varnish', one(GOOD, { headers: [...PRIVATE, ['X-Varnish', '98307 5']] }), 'fail cookies.cached.session'],
    [
      'a hit on a later visit',
      { set: [GOOD], later: [[GOOD]], headers: PRIVATE, laterHeaders: [...PRIVATE, ['X-Cache', 'HIT']] },
      'fail cookies.cached.same-session critical',
    ],
    ['a setting on a public answer', one('theme=dark', { headers: [['Cache-Control', 'public, max-age=60']] }), 'warn cookies.cached.other low'],
  ],
  fixation: [
    ...NOTHING,
    ['replaced', one(GOOD, { chosen: { sent: { '__Host-session': 'made-up' }, set: [GOOD] } }), 'pass'],
    ['cleared', one('sid=abcdefghij', { chosen: { sent: { sid: 'made-up' }, set: [GONE] } }), 'pass'],
    ['a cookie that is not set on every visit', { set: [GOOD], later: [[]], chosen: { sent: { '__Host-session': 'made-up' }, set: [] } }, 'pass'],
    ['a setting that is kept', one('theme=dark', { chosen: { sent: { theme: 'krad' }, set: ['theme=krad'] } }), 'skip'],
    ['taken over', one('sid=abcdefghij', { chosen: { sent: { sid: 'made-up' }, set: ['sid=made-up; Path=/'] } }), 'fail cookies.fixation.adopted'],
    ['no new one', one('sid=abcdefghij', { chosen: { sent: { sid: 'made-up' }, set: [] } }), 'warn cookies.fixation.silent low'],
    ['no answer', one('sid=abcdefghij'), 'inconclusive'],
    ['a limiter', one('sid=abcdefghij', { chosen: { sent: { sid: 'made-up' }, set: [], status: 429 } }), 'inconclusive'],
  ],
}

test('every check has cases in both directions', () => {
  expect(checks.size).toBeGreaterThan(0)
  expect(Object.keys(CASES).sort()).toEqual([...checks.keys()].sort())
  for (const [name, cases] of Object.entries(CASES)) {
    const outcomes = cases.map(([, , expected]) => expected.split(' ', 1)[0])
    expect(outcomes, name).toContain('pass')
    expect(
      outcomes.some((outcome) => outcome === 'warn' || outcome === 'fail'),
      name,
    ).toBe(true)
  }
})

test('every code of the suite is shown by some case', () => {
  const codes = new Set(Object.values(CASES).flatMap((cases) => cases.map(([, , expected]) => expected.split(' ')[1])))
  for (const check of checks.values()) for (const code of Object.keys(check.codes)) expect(codes, code).toContain(code)
})

describe.each(Object.entries(CASES))('cookies/%s', (name, cases) => {
  test.each(cases.map((each) => ({ what: each[0], each })))('$what', ({ each: [, scene, expected] }) => {
    const verdict = judge(name, scene)
    expect(shown(verdict)).toBe(expected)
    if (verdict.outcome !== 'inconclusive') expect(verdict.evidence.length).toBeGreaterThan(0)
    for (const item of verdict.evidence) expect([item.what, item.expected, item.received].every((text) => text.length > 0)).toBe(true)
    if (verdict.outcome === 'warn' || verdict.outcome === 'fail') expect(Object.keys(checks.get(name)?.codes ?? {})).toContain(verdict.code)
  })
})

test('no value of a cookie gets into evidence', () => {
  const canary = 'canary-3f9c0d1e7a'
  const lines = [`sid=${canary}`, `__Host-x=${canary}; Domain=example.net`, `theme=${canary}; SameSite=None; Partitioned`, `sid=${canary}; Path=/x`]
  for (const name of checks.keys()) {
    const scene: Scene = {
      set: lines,
      later: [lines, lines, lines, lines],
      headers: [['Cache-Control', 'public']],
      chosen: { sent: { sid: canary }, set: lines },
      cookies: [{ name: 'sid', hosts: ['app'], secure: true }],
    }
    expect(JSON.stringify(judge(name, scene)), name).not.toContain(canary)
  }
})

test.each([
  ['PHPSESSID', 'session'],
  ['JSESSIONID', 'session'],
  ['connect.sid', 'session'],
  ['laravel_session', 'session'],
  ['__Host-id', 'session'],
  ['authentik_proxy', 'session'],
  ['user_logged_in', 'session'],
  ['XSRF-TOKEN', 'csrf'],
  ['__Host-csrf', 'csrf'],
  ['heroku-session-affinity', 'edge'],
  ['BIGipServer~x', 'edge'],
  ['__cf_bm', 'edge'],
  ['theme', 'other'],
  ['aside', 'other'],
  ['residence', 'other'],
  ['author_name', 'other'],
  ['i_like_gitea', 'session'],
  ['.AspNetCore.Identity.Application', 'session'],
  ['.AspNetCore.Culture', 'other'],
])('%s is for %s', (name, role) => expect(roleOf(name, 'abcdefghij', [])).toBe(role))

test('subjects: a host that is named, a cookie that any host may set, every host for all', () => {
  const check = checks.get('declared') as Check
  const cookies: CookieEntry[] = [
    { name: 'sid', hosts: ['app'] },
    { name: 'sid', hosts: ['app'], path: '/login' },
    { name: 'any', hosts: 'all' },
    { name: '*', hosts: 'all' },
  ]
  expect(check.subjects(targetOf(cookies)).map((subject) => subject.name)).toEqual([
    'app.example.com sid',
    'app.example.com sid (2)',
    'cookie any',
    'app.example.com *',
  ])
  expect(check.subjects(targetOf())).toEqual([])
})

test('a host that gave no answer is no reason to be green', () => {
  const check = checks.get('declared') as Check
  const target = targetOf([{ name: 'sid', hosts: ['app'] }])
  const [subject] = check.subjects(target)
  if (subject === undefined) throw new RangeError('no subject')
  const failed = {
    ok: false,
    failure: { code: 'ECONNREFUSED', message: 'refused', phase: 'connect' },
    startedAt: NOW.toISOString(),
    durationMs: 1,
    attempts: 1,
  }
  const verdict = check.judge({ 'app.example.com': failed } as never, { target, subject, now: NOW, options: {} })
  expect(verdict.outcome).toBe('inconclusive')
})

test('the command asks the path that sets the cookie', () => {
  const target = targetOf([{ name: 'sid', hosts: ['app'], path: '/login' }])
  for (const check of checks.values()) {
    const [subject] = check.subjects(target)
    if (subject === undefined) throw new RangeError(`${check.id} has no subject`)
    expect(check.reproduce(subject, target), check.id).toMatch(/^curl .*https:\/\/app\.example\.com\/login$/)
  }
})
