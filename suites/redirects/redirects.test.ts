/** Judgement of the suite: a healthy observation, then one thing wrong per case, and the traps that must not alarm. Plain objects, no sockets. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Check, Subject } from '../../helpers/check.ts'
import type { CertificateFacts, HttpChain, HttpObservation, RawHeaders, TlsObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import { normaliseTarget, type Target, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import { DEEP_PATH, excepted, expectedLocation, internalName, SILENCE } from './shared.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
const APP = 'app.example.com'
type More = Partial<Omit<HttpObservation, 'body' | 'headers'>> & { body?: string; headers?: RawHeaders }
const answer = (url: string, status: number, more: More = {}): HttpObservation => {
  const { body = '', headers = [], ...rest } = more
  return {
    url,
    method: 'GET',
    status,
    statusText: '',
    httpVersion: '1.1',
    headers,
    body: Buffer.from(body),
    wireBytes: body.length,
    truncated: false,
    decodeFailed: false,
    peer: '192.0.2.1:80',
    reused: false,
    at: NOW.toISOString(),
    timings: { ttfbMs: 5, transferMs: 1, totalMs: 6, loopDelayMs: 0 },
    ...rest,
  }
}
const seen = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: NOW.toISOString(), durationMs: 1, attempts: 1 })
const failed = (code: string, phase: 'tls' | 'connect' | 'response' | 'deadline' | 'resolve' = 'connect'): Observed<never> => ({
  ok: false,
  failure: { code, message: code.toLowerCase(), phase },
  startedAt: NOW.toISOString(),
  durationMs: 1,
  attempts: 1,
})
const CLOSED = failed('ECONNREFUSED')
const SILENT = failed('TIMEOUT', 'deadline')
const RESET = failed('ECONNRESET', 'response')

/** What plain http answered to `path`, as seen. */
const http = (status: number, location?: string | readonly string[], more: More & { path?: string } = {}): Observed<HttpObservation> => {
  const { path = '/', headers = [], ...rest } = more
  const locations = location === undefined ? [] : [location].flat()
  return seen(answer(`http://${APP}${path}`, status, { ...rest, headers: [...locations.map((one) => ['Location', one] as const), ...headers] }))
}
const GOOD = http(301, `https://${APP}/`)
const DEEP = http(301, `https://${APP}${DEEP_PATH}`, { path: DEEP_PATH })
const HTML = [['Content-Type', 'text/html']] as const
const PAGE = http(200, undefined, { headers: HTML, body: '<title>App</title>' })
const CHALLENGE = http(403, undefined, { headers: [['cf-mitigated', 'challenge']] })
const LIMITED = http(429)
const BUSY = http(503)
const FORBIDDEN = http(403)

/** `status url`, or `status url -> location`. */
const chain = (end: HttpChain['end'], reason: string | undefined, ...hops: readonly (string | HttpObservation)[]): Observed<HttpChain> =>
  seen({
    end,
    ...(reason === undefined ? {} : { reason }),
    hops: hops.map((hop) => {
      if (typeof hop !== 'string') return hop
      const [status = '', url = '', , location] = hop.split(' ')
      return answer(url, Number(status), { headers: location === undefined ? [] : [['Location', location]] })
    }),
  })
const toApp = (...more: readonly (string | HttpObservation)[]): Observed<HttpChain> =>
  chain('final', undefined, `301 http://${APP}/ -> https://${APP}/`, ...more)
const HTTPS = chain('final', undefined, `200 https://${APP}/`)

const leaf = (...dnsNames: string[]): CertificateFacts => ({ dnsNames, ipAddresses: [] }) as unknown as CertificateFacts
const tls = (authorized: boolean, ...dnsNames: string[]): Observed<TlsObservation> =>
  seen({ authorized, chain: [leaf(...dnsNames)] } as unknown as TlsObservation)
const certified = { apexTls: tls(true, 'example.com'), wwwTls: tls(true, 'www.example.com') }

const checks = new Map<string, Check>()
for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.check.ts'))) {
  const { default: check } = (await import(`./${file}`)) as { default: Check }
  checks.set(check.id.slice('redirects/'.length), check)
}

type HostDeclaration = NonNullable<TargetInput['hosts']>[string]
interface Setting {
  readonly host?: HostDeclaration
  readonly name?: string
  readonly file?: Partial<TargetInput>
}
const targetOf = ({ host = {}, name = 'app', file = {} }: Setting): Target =>
  normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { [name]: host }, ...file }), { sha256: '0' })
const checkNamed = (name: string): Check => {
  const check = checks.get(name)
  if (check === undefined) throw new RangeError(`no check ${name}`)
  return check
}
/** Subject and judgement as the run makes them; the first subject is judged. */
function judge(name: string, looked: object, setting: Setting = {}): Verdict {
  const check = checkNamed(name)
  const target = targetOf(setting)
  const subject = check.subjects(target)[0]
  if (subject === undefined) throw new RangeError(`${name} has no subject`)
  return check.judge(looked as never, { target, subject, now: NOW, options: check.options })
}
const shown = (verdict: Verdict): string => (verdict.outcome === 'warn' || verdict.outcome === 'fail' ? `${verdict.outcome} ${verdict.code}` : verdict.outcome)

type Case = readonly [what: string, looked: object, expected: string, setting?: Setting]
const DECLARED = { host: { redirect: { status: [301], to: 'https://{host}{request_uri}' } } } satisfies Setting
const EXCEPTION = { file: { redirects: { exceptions: [{ path: '/health', status: 200 }] } } } satisfies Setting
const CANONICAL = (canonical: 'apex' | 'www' | 'both'): Setting => ({ file: { redirects: { canonical } } })
const PORT = { file: { redirects: { alternativePorts: [8080] } } } satisfies Setting
const API = { name: 'api', host: { kind: 'api' } } satisfies Setting

/** What every check says that judges one look at port 80 where there is nothing to judge. */
const nothingThere = (...keys: string[]): Case[] => {
  const all = (value: unknown): object => Object.fromEntries(keys.map((key) => [key, value]))
  return [
    ['closed', all(CLOSED), 'pass'],
    ['silence is no answer', all(SILENT), 'inconclusive'],
    ['a reset is no answer', all(RESET), 'inconclusive'],
    ['no such port for this vantage', all(failed('UNMAPPED')), 'inconclusive'],
    ['a resolver that refuses is no closed port', all(failed('ECONNREFUSED', 'resolve')), 'inconclusive'],
  ]
}
const obstacles = (...keys: string[]): Case[] =>
  [CHALLENGE, LIMITED, BUSY].map((one, index): Case => [`obstacle ${index + 1}`, Object.fromEntries(keys.map((key) => [key, one])), 'inconclusive'])
const exceptionLooks = (more: object): object => ({
  sibling: http(301, 'https://a.example/', { path: '/healthz-postproof' }),
  child: http(301, 'https://a.example/', { path: '/health/postproof' }),
  climb: http(301, 'https://a.example/', { path: '/health/../postproof-3f9c' }),
  control: DEEP,
  ...more,
})
const questions = (more: object = {}): object => ({
  'http //postproof-unknown.example/%2e%2e': GOOD,
  'https //postproof-unknown.example/%2e%2e': http(404),
  ...more,
})

const CASES: Record<string, readonly Case[]> = {
  'http-to-https': [
    ['301', { plain: GOOD }, 'pass'],
    ['308', { plain: http(308, `https://${APP}/`) }, 'pass'],
    ['upper-case host and explicit port', { plain: http(301, 'HTTPS://APP.example.com:443/') }, 'pass'],
    ['302 is judged elsewhere', { plain: http(302, `https://${APP}/`) }, 'pass'],
    ['Location said twice alike', { plain: http(301, [`https://${APP}/`, `https://${APP}/`]) }, 'pass'],
    ['content', { plain: PAGE }, 'fail redirects.https.missing'],
    ['404', { plain: http(404) }, 'fail redirects.https.missing'],
    ['301 without Location', { plain: http(301) }, 'fail redirects.https.missing'],
    ['300 with Location', { plain: http(300, `https://${APP}/`) }, 'fail redirects.https.missing'],
    [
      'meta refresh',
      { plain: http(200, undefined, { headers: HTML, body: `<meta http-equiv="refresh" content="0;url=https://${APP}/">` }) },
      'fail redirects.https.by-markup',
    ],
    ['script', { plain: http(200, undefined, { headers: HTML, body: '<script>location.protocol = "https:"</script>' }) }, 'fail redirects.https.by-markup'],
    ['keeps http', { plain: http(301, `http://www.${APP}/`) }, 'fail redirects.https.keeps-http'],
    ['relative Location stays on http', { plain: http(301, '/start') }, 'fail redirects.https.keeps-http'],
    ['two slashes stay on http', { plain: http(301, `//${APP}/`) }, 'fail redirects.https.keeps-http'],
    ['Location is no URL', { plain: http(301, 'https://[') }, 'fail redirects.https.keeps-http'],
    ['another host', { plain: http(301, 'https://example.com/') }, 'fail redirects.https.other-host'],
    ['another port', { plain: http(301, `https://${APP}:8443/`) }, 'fail redirects.https.other-host'],
    ['two Locations', { plain: http(301, [`https://${APP}/`, 'https://other.example/']) }, 'fail redirects.https.ambiguous'],
    ['another host, declared', { plain: http(301, 'https://www.example.com/') }, 'pass', { host: { redirect: { to: 'www.example.com' } } }],
    ['domain to www, nothing declared', { plain: http(301, 'https://www.example.com/') }, 'pass', { name: '@' }],
    [
      'domain to www, same host declared',
      { plain: http(301, 'https://www.example.com/') },
      'fail redirects.https.other-host',
      { name: '@', host: { redirect: { to: 'https://{host}{request_uri}' } } },
    ],
    ['closed although a redirect is declared', { plain: CLOSED }, 'warn redirects.https.closed', DECLARED],
    ['closed and declared so', { plain: CLOSED }, 'pass', { host: { redirect: { status: [301, 'closed'] } } }],
    ['an interface may refuse', { plain: FORBIDDEN }, 'pass', API],
    ['an interface that should redirect', { plain: FORBIDDEN }, 'fail redirects.https.missing', { ...API, host: { kind: 'api', redirect: { status: [301] } } }],
    ['an interface that asks for credentials', { plain: http(401) }, 'fail redirects.https.missing', API],
    ...nothingThere('plain'),
    ...obstacles('plain'),
  ],
  status: [
    ['301', { plain: GOOD }, 'pass'],
    ['308', { plain: http(308, `https://${APP}/`) }, 'pass'],
    ['302', { plain: http(302, `https://${APP}/`) }, 'warn redirects.status.temporary'],
    ['307', { plain: http(307, `https://${APP}/`) }, 'warn redirects.status.temporary'],
    ['302, 301 declared', { plain: http(302, `https://${APP}/`) }, 'fail redirects.status.not-declared', DECLARED],
    ['308, 301 declared', { plain: http(308, `https://${APP}/`) }, 'fail redirects.status.not-declared', DECLARED],
    ['302 declared', { plain: http(302, `https://${APP}/`) }, 'pass', { host: { redirect: { status: [302] } } }],
    [
      'declared for all hosts',
      { plain: http(308, `https://${APP}/`) },
      'fail redirects.status.not-declared',
      { file: { defaults: { redirect: { status: [301] } } } },
    ],
    ['content is judged elsewhere', { plain: PAGE }, 'inconclusive'],
    ['an interface may refuse', { plain: FORBIDDEN }, 'skip', API],
    ...nothingThere('plain'),
    ...obstacles('plain'),
  ],
  'first-hop-https': [
    ['https', { plain: GOOD }, 'pass'],
    ['another host by https is judged elsewhere', { plain: http(301, 'https://example.com/') }, 'pass'],
    ['http on www', { plain: http(301, 'http://www.example.com/') }, 'fail redirects.first-hop.http'],
    ['relative', { plain: http(301, '/start') }, 'fail redirects.first-hop.http'],
    ['two Locations', { plain: http(301, ['https://a.example/', 'http://b.example/']) }, 'inconclusive'],
    ['no URL', { plain: http(301, 'https://[') }, 'inconclusive'],
    ['content', { plain: PAGE }, 'inconclusive'],
    ...nothingThere('plain'),
    ...obstacles('plain'),
  ],
  'off-host-first': [
    ['same host', { plain: GOOD }, 'pass'],
    ['same host in capitals', { plain: http(301, 'https://APP.EXAMPLE.COM/') }, 'pass'],
    ['www', { plain: http(301, 'https://www.example.com/') }, 'warn redirects.off-host', { name: '@' }],
    ['no URL', { plain: http(301, 'https://[') }, 'inconclusive'],
    ['content', { plain: PAGE }, 'inconclusive'],
    ...nothingThere('plain'),
    ...obstacles('plain'),
  ],
  'path-query-preserved': [
    ['byte for byte', { plain: DEEP, root: GOOD }, 'pass'],
    ['host in capitals', { plain: http(301, `https://APP.example.com${DEEP_PATH}`), root: GOOD }, 'pass'],
    ['on another host, kept all the same', { plain: http(301, `https://example.com${DEEP_PATH}`), root: GOOD }, 'pass'],
    ['front page', { plain: http(301, `https://${APP}/`), root: GOOD }, 'fail redirects.path.dropped'],
    ['no path at all', { plain: http(301, `https://${APP}`), root: GOOD }, 'fail redirects.path.dropped'],
    ['query dropped', { plain: http(301, `https://${APP}${DEEP_PATH.split('?')[0]}`), root: GOOD }, 'fail redirects.query.dropped'],
    ['query emptied', { plain: http(301, `https://${APP}${DEEP_PATH.split('?')[0]}?`), root: GOOD }, 'fail redirects.query.dropped'],
    ['encoded twice', { plain: http(301, `https://${APP}${DEEP_PATH.replaceAll('%', '%25')}`), root: GOOD }, 'fail redirects.path.altered'],
    ['decoded', { plain: http(301, `https://${APP}${DEEP_PATH.replace('%20', ' ')}`), root: GOOD }, 'fail redirects.path.altered'],
    ['escapes in lower case', { plain: http(301, `https://${APP}${DEEP_PATH.replace('%C3%A9', '%c3%a9').replace('%2F', '%2f')}`), root: GOOD }, 'pass'],
    [
      'decoded and not encoded again, as the bytes of UTF-8 stand in a header',
      { plain: http(301, `https://${APP}${DEEP_PATH.replace('%20', ' ').replace('%C3%A9', '\u00c3\u00a9')}`), root: GOOD },
      'fail redirects.path.altered',
    ],
    ['lower case', { plain: http(301, `https://${APP}${DEEP_PATH.toLowerCase()}`), root: GOOD }, 'fail redirects.path.altered'],
    ['broken escape', { plain: http(301, `https://${APP}/%`), root: GOOD }, 'fail redirects.path.dropped'],
    ['front page redirected, deep path served', { plain: PAGE, root: GOOD }, 'fail redirects.path.not-redirected'],
    ['front page redirected, deep path not found', { plain: http(404), root: GOOD }, 'fail redirects.path.not-redirected'],
    ['nothing redirected is judged elsewhere', { plain: PAGE, root: PAGE }, 'inconclusive'],
    ['an interface may refuse', { plain: FORBIDDEN, root: GOOD }, 'skip', API],
    [
      'declared to go to one page',
      { plain: http(301, 'https://www.example.com/moved'), root: GOOD },
      'pass',
      { host: { redirect: { to: 'https://www.example.com/moved' } } },
    ],
    ...nothingThere('plain', 'root'),
    ...obstacles('plain', 'root'),
  ],
  'internal-leak': [
    ['public', { root: http(200), deep: http(404), plain: GOOD, plainDeep: DEEP }, 'pass'],
    ['no redirect at all', { root: http(200), deep: http(404), plain: CLOSED, plainDeep: CLOSED }, 'pass'],
    [
      'to a login elsewhere on a port of its own',
      { root: http(302, 'https://login.example.net:8443/'), deep: http(404), plain: GOOD, plainDeep: DEEP },
      'pass',
    ],
    ['relative', { root: http(302, '/login'), deep: http(404), plain: GOOD, plainDeep: DEEP }, 'pass'],
    ['container', { root: http(302, 'https://nocodb:8080/'), deep: http(404), plain: GOOD, plainDeep: DEEP }, 'fail redirects.leak.name'],
    ['private address', { root: http(200), deep: http(301, 'https://10.0.0.3/'), plain: GOOD, plainDeep: DEEP }, 'fail redirects.leak.name'],
    ['private IPv6 address', { root: http(200), deep: http(301, 'https://[fd00::1]/'), plain: GOOD, plainDeep: DEEP }, 'fail redirects.leak.name'],
    ['localhost', { root: http(302, 'http://localhost:9000/'), deep: http(404), plain: GOOD, plainDeep: DEEP }, 'fail redirects.leak.name'],
    ['inner port', { root: http(200), deep: http(404), plain: http(301, `https://${APP}:8443/`), plainDeep: DEEP }, 'fail redirects.leak.port'],
    [
      'the port is the declared one',
      { root: http(200), deep: http(404), plain: http(301, `https://${APP}:8443/`), plainDeep: DEEP },
      'pass',
      { host: { redirect: { to: 'https://{host}:8443{request_uri}' } } },
    ],
    [
      'scheme',
      { root: seen(answer(`https://${APP}/`, 302, { headers: [['Location', `http://${APP}/login`]] })), deep: http(404), plain: GOOD, plainDeep: DEEP },
      'fail redirects.leak.scheme',
    ],
    [
      'a deployment that lives on an inner name',
      { root: http(302, 'https://app.shop.lan/login'), deep: http(404), plain: GOOD, plainDeep: DEEP },
      'pass',
      { file: { domain: 'shop.lan' } },
    ],
    ['nothing answered', { root: SILENT, deep: SILENT, plain: SILENT, plainDeep: SILENT }, 'inconclusive'],
  ],
  'loop-length': [
    ['one hop', { plain: toApp(`200 https://${APP}/`), secure: HTTPS }, 'pass'],
    ['on to a login elsewhere', { plain: toApp(`302 https://${APP}/ -> https://sso.example.net/`), secure: HTTPS }, 'pass'],
    ['port 80 closed', { plain: CLOSED, secure: HTTPS }, 'pass'],
    [
      'redirects of the application do not count against the way to https',
      { plain: toApp(`302 https://${APP}/ -> /login`, `200 https://${APP}/login`), secure: HTTPS },
      'pass',
    ],
    ['loop', { plain: toApp(), secure: chain('loop', 'asked before', `301 https://${APP}/ -> https://${APP}/`) }, 'fail redirects.loop'],
    ['endless', { plain: chain('too-many', 'more than 10 redirects', `301 http://${APP}/ -> /1`), secure: HTTPS }, 'fail redirects.endless'],
    [
      'dead end',
      { plain: chain('failed', 'https://x/: refused (ECONNREFUSED)', `301 http://${APP}/ -> https://x/`), secure: HTTPS },
      'fail redirects.dead-end',
    ],
    ['no Location', { plain: chain('unfollowable', 'status 301 without Location', `301 http://${APP}/`), secure: HTTPS }, 'fail redirects.dead-end'],
    [
      'silence behind the redirect is no dead end',
      { plain: chain('failed', 'https://x/: silent (TIMEOUT)', `301 http://${APP}/ -> https://x/`), secure: HTTPS },
      'inconclusive',
    ],
    [
      'seven hops',
      { plain: toApp(...Array.from({ length: 6 }, (_, step) => `302 https://${APP}/${step} -> /${step + 1}`), `200 https://${APP}/6`), secure: HTTPS },
      'fail redirects.too-many-hops',
    ],
    [
      'three hops to https',
      {
        plain: chain('final', undefined, `301 http://${APP}/ -> http://a/`, '301 http://a/ -> http://b/', '301 http://b/ -> https://b/', '200 https://b/'),
        secure: HTTPS,
      },
      'warn redirects.too-many-hops',
    ],
    ['nothing answered', { plain: SILENT, secure: SILENT }, 'inconclusive'],
    ['nothing listens', { plain: CLOSED, secure: CLOSED }, 'inconclusive'],
  ],
  'chain-secure': [
    ['stays on https', { plain: toApp(`200 https://${APP}/`), secure: HTTPS }, 'pass'],
    [
      'http to http is judged elsewhere',
      { plain: chain('final', undefined, `301 http://${APP}/ -> http://www.${APP}/`, `200 https://${APP}/`), secure: HTTPS },
      'pass',
    ],
    ['back to http', { plain: toApp(`302 https://${APP}/ -> http://${APP}/login`), secure: HTTPS }, 'fail redirects.downgrade'],
    ['back to http from https', { plain: CLOSED, secure: chain('final', undefined, `302 https://${APP}/ -> http://${APP}/login`) }, 'fail redirects.downgrade'],
    ['no https answer', { plain: chain('final', undefined, `200 http://${APP}/`), secure: SILENT }, 'inconclusive'],
  ],
  'api-http': [
    ['403', { plain: FORBIDDEN }, 'pass', API],
    ['426', { plain: http(426) }, 'pass', API],
    ['404', { plain: http(404) }, 'pass', API],
    ['redirected', { plain: GOOD }, 'warn redirects.api.redirected', API],
    ['served', { plain: http(200) }, 'fail redirects.api.served', API],
    ['asks for credentials in clear', { plain: http(401) }, 'fail redirects.api.served', API],
    ['gateway', { plain: http(502) }, 'inconclusive', API],
    ...nothingThere('plain').map(([what, looked, expected]): Case => [what, looked, expected, API]),
    ...obstacles('plain').map(([what, looked, expected]): Case => [what, looked, expected, API]),
  ],
  'cookie-on-http': [
    ['none', { plain: GOOD, deep: DEEP }, 'pass'],
    ['session', { plain: http(301, 'https://a/', { headers: [['Set-Cookie', 'connect.sid=s%3A1; Path=/']] }), deep: DEEP }, 'fail redirects.cookie.session'],
    [
      'session behind another',
      {
        plain: http(301, 'https://a/', {
          headers: [
            ['Set-Cookie', 'a=1'],
            ['set-cookie', 'PHPSESSID=2'],
          ],
        }),
        deep: DEEP,
      },
      'fail redirects.cookie.session',
    ],
    ['on a deep path', { plain: GOOD, deep: http(301, 'https://a/', { headers: [['Set-Cookie', 'auth_token=1']] }) }, 'fail redirects.cookie.session'],
    [
      'declared as session',
      { plain: http(301, 'https://a/', { headers: [['Set-Cookie', 'k=1']] }), deep: DEEP },
      'fail redirects.cookie.session',
      { file: { cookies: [{ name: 'k', session: true }] } },
    ],
    ['other', { plain: http(301, 'https://a/', { headers: [['Set-Cookie', 'theme=dark']] }), deep: DEEP }, 'warn redirects.cookie.other'],
    [
      'a name that only looks like it',
      { plain: http(301, 'https://a/', { headers: [['Set-Cookie', 'sidebar_author=left']] }), deep: DEEP },
      'warn redirects.cookie.other',
    ],
    [
      'a cookie on an obstacle is a cookie',
      { plain: http(429, undefined, { headers: [['Set-Cookie', 'session=1']] }), deep: LIMITED },
      'fail redirects.cookie.session',
    ],
    ['obstacles only', { plain: LIMITED, deep: BUSY }, 'inconclusive'],
    ['closed', { plain: CLOSED, deep: CLOSED }, 'pass'],
    ['silent', { plain: SILENT, deep: SILENT }, 'inconclusive'],
  ],
  'canonical-host': [
    [
      'www to the domain',
      {
        apex: chain('final', undefined, '200 https://example.com/'),
        www: chain('final', undefined, '301 https://www.example.com/ -> https://example.com/', '200 https://example.com/'),
        ...certified,
      },
      'pass',
      CANONICAL('apex'),
    ],
    [
      'www declared, domain is the end',
      { apex: chain('final', undefined, '200 https://example.com/'), www: chain('final', undefined, '200 https://example.com/'), ...certified },
      'fail redirects.canonical.other',
      CANONICAL('www'),
    ],
    [
      'both answer, one declared',
      { apex: chain('final', undefined, '200 https://example.com/'), www: chain('final', undefined, '200 https://www.example.com/'), ...certified },
      'fail redirects.canonical.other',
      CANONICAL('apex'),
    ],
    [
      'both answer, both declared',
      { apex: chain('final', undefined, '200 https://example.com/'), www: chain('final', undefined, '200 https://www.example.com/'), ...certified },
      'pass',
      CANONICAL('both'),
    ],
    [
      'both answer, nothing declared',
      { apex: chain('final', undefined, '200 https://example.com/'), www: chain('final', undefined, '200 https://www.example.com/'), ...certified },
      'warn redirects.canonical.both',
      { file: { hosts: { '@': {}, www: {} } } },
    ],
    [
      'both leave for the same site',
      {
        apex: chain('unfollowable', 'leaves the domain', '301 https://example.com/ -> https://example.net/'),
        www: chain('unfollowable', 'leaves the domain', '301 https://www.example.com/ -> https://example.net/'),
        ...certified,
      },
      'pass',
      { file: { hosts: { '@': {}, www: {} } } },
    ],
    [
      'www refuses',
      { apex: chain('final', undefined, '200 https://example.com/'), www: CLOSED, apexTls: tls(true, 'example.com'), wwwTls: CLOSED },
      'fail redirects.canonical.dead',
      CANONICAL('apex'),
    ],
    [
      'www answers with an alert',
      {
        apex: chain('final', undefined, '200 https://example.com/'),
        www: failed('ALERT_UNRECOGNIZED_NAME', 'tls'),
        apexTls: tls(true, 'example.com'),
        wwwTls: failed('ALERT_UNRECOGNIZED_NAME', 'tls'),
      },
      'fail redirects.canonical.dead',
      CANONICAL('apex'),
    ],
    [
      'www has no address',
      {
        apex: chain('final', undefined, '200 https://example.com/'),
        www: failed('NXDOMAIN', 'resolve'),
        apexTls: tls(true, 'example.com'),
        wwwTls: failed('NXDOMAIN', 'resolve'),
      },
      'warn redirects.canonical.no-name',
      CANONICAL('apex'),
    ],
    [
      'www is silent',
      { apex: chain('final', undefined, '200 https://example.com/'), www: SILENT, apexTls: tls(true, 'example.com'), wwwTls: SILENT },
      'inconclusive',
      CANONICAL('apex'),
    ],
    [
      'the resolver refuses',
      {
        apex: chain('final', undefined, '200 https://example.com/'),
        www: failed('ECONNREFUSED', 'resolve'),
        apexTls: tls(true, 'example.com'),
        wwwTls: failed('ECONNREFUSED', 'resolve'),
      },
      'inconclusive',
      CANONICAL('apex'),
    ],
    [
      'the resolver is silent',
      {
        apex: chain('final', undefined, '200 https://example.com/'),
        www: failed('SERVFAIL', 'resolve'),
        apexTls: tls(true, 'example.com'),
        wwwTls: failed('SERVFAIL', 'resolve'),
      },
      'inconclusive',
      CANONICAL('apex'),
    ],
    [
      'www under a certificate of the domain alone',
      {
        apex: chain('final', undefined, '200 https://example.com/'),
        www: chain('final', undefined, '200 https://example.com/'),
        ...certified,
        wwwTls: tls(true, 'example.com'),
      },
      'fail redirects.canonical.certificate',
      CANONICAL('apex'),
    ],
    [
      'www under an untrusted certificate',
      {
        apex: chain('final', undefined, '200 https://example.com/'),
        www: chain('final', undefined, '200 https://example.com/'),
        ...certified,
        wwwTls: tls(false, 'www.example.com'),
      },
      'fail redirects.canonical.certificate',
      CANONICAL('apex'),
    ],
    [
      'certificates of declared hosts are judged elsewhere',
      {
        apex: chain('final', undefined, '200 https://example.com/'),
        www: chain('final', undefined, '200 https://example.com/'),
        ...certified,
        wwwTls: tls(false),
      },
      'pass',
      { file: { hosts: { '@': {}, www: {} } } },
    ],
    ['neither answers', { apex: SILENT, www: SILENT, apexTls: SILENT, wwwTls: SILENT }, 'inconclusive', CANONICAL('apex')],
    [
      'a challenge at the end',
      { apex: chain('final', undefined, answer('https://example.com/', 503)), www: chain('final', undefined, '200 https://example.com/'), ...certified },
      'inconclusive',
      CANONICAL('apex'),
    ],
  ],
  'acme-challenge': [
    ['404', { chain: chain('final', undefined, `404 http://${APP}/x`) }, 'pass'],
    ['redirected to a 404', { chain: toApp(`404 https://${APP}/x`) }, 'pass'],
    ['closed', { chain: CLOSED }, 'pass'],
    [
      'the one page of an application',
      { chain: toApp(answer(`https://${APP}/x`, 200, { headers: HTML, body: '<div id="root">' })) },
      'pass',
      { host: { kind: 'spa' } },
    ],
    ['content', { chain: toApp(answer(`https://${APP}/x`, 200, { headers: HTML, body: '<h1>Welcome</h1>' })) }, 'warn redirects.acme.content'],
    ['login by address', { chain: toApp(`302 https://${APP}/x -> /login`, `200 https://${APP}/login?rd=x`) }, 'fail redirects.acme.login'],
    [
      'login by form, even of a single page',
      { chain: toApp(answer(`https://${APP}/x`, 200, { headers: HTML, body: '<input type="password">' })) },
      'fail redirects.acme.login',
      { host: { kind: 'spa' } },
    ],
    ['login by status', { chain: chain('final', undefined, `401 http://${APP}/x`) }, 'fail redirects.acme.login'],
    [
      'login on another site',
      { chain: chain('unfollowable', 'leaves the domain for sso.example.net: Location "https://sso.example.net/login"', `302 http://${APP}/x -> y`) },
      'fail redirects.acme.login',
    ],
    [
      'a central host for renewals',
      { chain: chain('unfollowable', 'leaves the domain for acme.example.net: Location "https://acme.example.net/x"', `302 http://${APP}/x -> y`) },
      'inconclusive',
    ],
    ['dead', { chain: chain('failed', 'https://x/: refused (ECONNREFUSED)', `301 http://${APP}/x -> https://x/`) }, 'fail redirects.acme.dead'],
    ['loop', { chain: chain('loop', 'asked before', `301 http://${APP}/x -> y`) }, 'fail redirects.acme.dead'],
    ['silence behind the redirect', { chain: chain('failed', 'https://x/: silent (TIMEOUT)', `301 http://${APP}/x -> https://x/`) }, 'inconclusive'],
    ['500', { chain: chain('final', undefined, `500 http://${APP}/x`) }, 'fail redirects.acme.error'],
    ['403', { chain: chain('final', undefined, `403 http://${APP}/x`) }, 'warn redirects.acme.refused'],
    ['503 says nothing', { chain: chain('final', undefined, `503 http://${APP}/x`) }, 'inconclusive'],
    ['silent', { chain: SILENT }, 'inconclusive'],
  ],
  'hsts-over-http': [
    ['absent', { plain: GOOD }, 'pass'],
    ['present', { plain: http(301, 'https://a/', { headers: [['strict-transport-security', 'max-age=1']] }) }, 'warn redirects.hsts-over-http'],
    ...nothingThere('plain'),
    ...obstacles('plain'),
  ],
  methods: [
    ['all redirected', { get: GOOD, head: http(301, 'https://a/', { method: 'HEAD' }), post: http(308, 'https://a/', { method: 'POST' }), deep: DEEP }, 'pass'],
    ['POST refused', { get: GOOD, head: http(301, 'https://a/', { method: 'HEAD' }), post: http(405, undefined, { method: 'POST' }), deep: DEEP }, 'pass'],
    [
      'POST served',
      { get: GOOD, head: http(301, 'https://a/', { method: 'HEAD' }), post: http(200, undefined, { method: 'POST' }), deep: DEEP },
      'fail redirects.method.served',
    ],
    ['HEAD served', { get: GOOD, head: http(200, undefined, { method: 'HEAD' }), post: GOOD, deep: DEEP }, 'fail redirects.method.served'],
    ['HEAD differs', { get: GOOD, head: http(405, undefined, { method: 'HEAD' }), post: GOOD, deep: DEEP }, 'warn redirects.method.head-differs'],
    ['deep path served', { get: GOOD, head: http(301, 'https://a/', { method: 'HEAD' }), post: GOOD, deep: PAGE }, 'fail redirects.method.served'],
    [
      'POST brings an error of what is behind',
      { get: GOOD, head: http(301, 'https://a/', { method: 'HEAD' }), post: http(502, undefined, { method: 'POST' }), deep: DEEP },
      'inconclusive',
    ],
    ['HEAD limited is no difference', { get: GOOD, head: http(429, undefined, { method: 'HEAD' }), post: GOOD, deep: DEEP }, 'inconclusive'],
    ['POST unanswered', { get: GOOD, head: http(301, 'https://a/', { method: 'HEAD' }), post: SILENT, deep: DEEP }, 'inconclusive'],
    ['GET is not redirected: judged elsewhere', { get: PAGE, head: PAGE, post: PAGE, deep: PAGE }, 'inconclusive'],
    ['an interface may refuse', { get: FORBIDDEN, head: FORBIDDEN, post: FORBIDDEN, deep: FORBIDDEN }, 'skip', API],
    ...nothingThere('get', 'head', 'post', 'deep'),
    ...obstacles('get', 'head', 'post', 'deep'),
  ],
  exceptions: [
    ['answers', { plain: http(200, undefined, { path: '/health' }) }, 'pass', EXCEPTION],
    ['redirected', { plain: GOOD }, 'fail redirects.exception.redirected', EXCEPTION],
    ['error', { plain: http(502) }, 'fail redirects.exception.status', EXCEPTION],
    ['closed', { plain: CLOSED }, 'fail redirects.exception.closed', EXCEPTION],
    ['the declared status is an odd one', { plain: BUSY }, 'pass', { file: { redirects: { exceptions: [{ path: '/health', status: [200, 503] }] } } }],
    ['limited', { plain: LIMITED }, 'inconclusive', EXCEPTION],
    ['silent', { plain: SILENT }, 'inconclusive', EXCEPTION],
  ],
  'exception-width': [
    ['everything beside it is redirected', exceptionLooks({}), 'pass', EXCEPTION],
    ['the path that climbs out is refused', exceptionLooks({ climb: http(400) }), 'pass', EXCEPTION],
    ['sibling served', exceptionLooks({ sibling: http(200, undefined, { path: '/healthz-postproof' }) }), 'fail redirects.exception.too-wide', EXCEPTION],
    [
      'sibling goes to what is behind and is not found there',
      exceptionLooks({ sibling: http(404, undefined, { path: '/healthz-postproof' }) }),
      'fail redirects.exception.too-wide',
      EXCEPTION,
    ],
    ['sibling not found where nothing is redirected', exceptionLooks({ sibling: http(404), control: http(404) }), 'pass', EXCEPTION],
    ['child served', exceptionLooks({ child: http(200, undefined, { path: '/health/postproof' }) }), 'fail redirects.exception.too-wide', EXCEPTION],
    ['climbs out', exceptionLooks({ climb: http(200, undefined, { path: '/health/../postproof-3f9c' }) }), 'fail redirects.exception.too-wide', EXCEPTION],
    ['the sibling limited', exceptionLooks({ sibling: LIMITED }), 'inconclusive', EXCEPTION],
    ['the child unanswered', exceptionLooks({ child: SILENT }), 'inconclusive', EXCEPTION],
    ['the path that climbs out is limited', exceptionLooks({ climb: LIMITED }), 'pass', EXCEPTION],
    ['the path that climbs out is hung up on', exceptionLooks({ climb: RESET }), 'pass', EXCEPTION],
    [
      'the sibling limited, the child served',
      exceptionLooks({ sibling: LIMITED, child: http(200, undefined, { path: '/health/postproof' }) }),
      'fail redirects.exception.too-wide',
      EXCEPTION,
    ],
    ['limited', exceptionLooks({ sibling: LIMITED, child: LIMITED, climb: LIMITED }), 'inconclusive', EXCEPTION],
    ['silent', { sibling: SILENT, child: SILENT, climb: SILENT, control: SILENT }, 'inconclusive', EXCEPTION],
    ['closed', { sibling: CLOSED, child: CLOSED, climb: CLOSED, control: CLOSED }, 'pass', EXCEPTION],
    [
      'another exception stands there',
      exceptionLooks({ sibling: http(200, undefined, { path: '/healthz-postproof' }) }),
      'pass',
      {
        file: {
          redirects: {
            exceptions: [
              { path: '/health', status: 200 },
              { path: '/healthz-postproof', status: 200 },
            ],
          },
        },
      },
    ],
  ],
  'alternative-ports': [
    ['closed', { plain: CLOSED, control: http(200) }, 'pass', PORT],
    ['filtered', { plain: SILENT, control: http(200) }, 'pass', PORT],
    ['all is silent', { plain: SILENT, control: SILENT }, 'inconclusive', PORT],
    ['redirects to https', { plain: GOOD, control: http(200) }, 'pass', PORT],
    ['speaks no HTTP', { plain: failed('HPE_INVALID_CONSTANT', 'response'), control: http(200) }, 'pass', PORT],
    ['hangs up', { plain: failed('UND_ERR_SOCKET', 'response'), control: http(200) }, 'pass', PORT],
    ['speaks TLS only', { plain: http(400, undefined, { body: 'The plain HTTP request was sent to HTTPS port' }), control: http(200) }, 'pass', PORT],
    ['serves', { plain: http(200), control: http(200) }, 'fail redirects.alternative-port', PORT],
    ['answers 404', { plain: http(404), control: http(200) }, 'fail redirects.alternative-port', PORT],
    ['redirects to http', { plain: http(301, `http://${APP}/`), control: http(200) }, 'fail redirects.alternative-port', PORT],
    ['reset', { plain: RESET, control: http(200) }, 'inconclusive', PORT],
    ['no such port for this vantage', { plain: failed('UNMAPPED'), control: http(200) }, 'inconclusive', PORT],
  ],
  'open-redirect': [
    ['nowhere', questions(), 'pass'],
    ['to its own host', questions({ 'https /login?next=x': http(302, '/https://postproof-unknown.example/') }), 'pass'],
    ['the name inside the path', questions({ 'https /login?next=x': http(302, `https://${APP}/login?next=//postproof-unknown.example`) }), 'pass'],
    ['a page that mentions it', questions({ 'https /login?next=x': http(200, 'https://postproof-unknown.example/') }), 'pass'],
    ['by path', questions({ 'https //postproof-unknown.example/%2e%2e': http(301, '//postproof-unknown.example/') }), 'fail redirects.open.path'],
    ['by backslash', questions({ 'https /login?next=x': http(302, '/\\postproof-unknown.example/') }), 'fail redirects.open.parameter'],
    ['by host', questions({ 'http / forged': http(301, 'https://postproof-unknown.example/') }), 'fail redirects.open.host'],
    ['to a name below it', questions({ 'http / forged': http(301, 'https://www.postproof-unknown.example/') }), 'fail redirects.open.host'],
    ['one question limited', questions({ 'https /login?next=x': LIMITED }), 'inconclusive'],
    ['one question unanswered', questions({ 'https /login?next=x': SILENT }), 'inconclusive'],
    ['port 80 closed', { 'http //postproof-unknown.example/%2e%2e': CLOSED, 'https //postproof-unknown.example/%2e%2e': http(404) }, 'pass'],
    ['nothing answered', { 'http /': SILENT }, 'inconclusive'],
  ],
}

test('every check of the suite has cases in both directions', () => {
  expect(checks.size).toBeGreaterThan(15)
  expect(Object.keys(CASES).sort()).toEqual([...checks.keys()].sort())
  for (const [name, cases] of Object.entries(CASES)) {
    const outcomes = cases.map(([, , expected]) => expected)
    expect(outcomes, name).toContain('pass')
    expect(
      outcomes.some((one) => /^(?:warn|fail) /.test(one)),
      name,
    ).toBe(true)
    const shownCodes = new Set(outcomes.flatMap((one) => one.split(' ').slice(1)))
    expect([...shownCodes].sort(), name).toEqual(Object.keys(checkNamed(name).codes).sort())
  }
})

describe.each(Object.entries(CASES))('redirects/%s', (name, cases) => {
  test.each(cases.map((each) => ({ what: each[0], each })))('$what', ({ each: [, looked, expected, setting] }) => {
    const verdict = judge(name, looked, setting)
    expect(shown(verdict)).toBe(expected)
    if (verdict.outcome === 'pass' || verdict.outcome === 'warn' || verdict.outcome === 'fail') {
      expect(verdict.evidence.length).toBeGreaterThan(0)
      for (const item of verdict.evidence) expect([item.what, item.expected, item.received].every((text) => text.length > 0)).toBe(true)
    }
  })
})

describe('who is judged', () => {
  const names = (check: string, setting: Setting): readonly string[] =>
    checkNamed(check)
      .subjects(targetOf(setting))
      .map((subject: Subject) => subject.name)

  test('a host that is sent elsewhere on purpose is not asked to stay on its name', () => {
    expect(names('off-host-first', { host: { redirect: { to: 'www.example.com' } } })).toEqual([])
    expect(names('first-hop-https', {})).toEqual([APP])
  })
  test('a front page that is declared to answer over http is not asked to redirect', () => {
    const file = { redirects: { exceptions: [{ path: '/', status: 200 }] } }
    for (const check of ['http-to-https', 'status', 'first-hop-https', 'off-host-first', 'path-query-preserved', 'methods'])
      expect(names(check, { file }), check).toEqual([])
  })
  test('an interface path that is declared to answer over http is none of api-http', () => {
    const host = { apiPaths: ['/api/health', '/api/users'] }
    expect(names('api-http', { host, file: { redirects: { exceptions: [{ path: '/api/health', status: 200 }] } } })).toEqual([`http://${APP}/api/users`])
  })
  test('an exception that is declared to be a prefix has no width to judge', () => {
    expect(names('exception-width', { file: { redirects: { exceptions: [{ path: '/health', status: 200, exact: false }] } } })).toEqual([])
  })
  test('an exception of one host is none of another', () => {
    const file = { hosts: { app: {}, api: {} }, redirects: { exceptions: [{ path: '/health', status: 200, hosts: ['api'] }] } }
    expect(names('exceptions', { file })).toEqual(['http://api.example.com/health'])
  })
})

test('an exception stands for its path alone unless it says otherwise', () => {
  const target = targetOf({
    file: {
      redirects: {
        exceptions: [
          { path: '/a', status: 200 },
          { path: '/b', status: 200, exact: false },
        ],
      },
    },
  })
  const [host] = target.hosts
  if (host === undefined) throw new RangeError('no host')
  expect(['/a', '/a/c', '/b', '/b/c'].map((path) => excepted(target, host, path))).toEqual([true, false, true, true])
})

test('where http should lead', () => {
  const [host] = targetOf({}).hosts
  const [other] = targetOf({ host: { redirect: { to: 'www.example.com' } } }).hosts
  if (host === undefined || other === undefined) throw new RangeError('no host')
  expect(expectedLocation(host, '/a?b')).toBe(`https://${APP}/a?b`)
  expect(expectedLocation(other, '/a?b')).toBe('https://www.example.com/a?b')
})

test('names that only mean something inside', () => {
  for (const name of [
    'nocodb',
    'localhost',
    'db.internal',
    'app.svc.cluster.local',
    '10.1.2.3',
    '172.16.0.1',
    '169.254.1.1',
    '[::1]',
    '[fe80::1]',
    '[fd12::1]',
  ])
    expect(internalName(name), name).toBeDefined()
  for (const name of [
    '10.example.com',
    '192.168.example.com',
    '127.example.com',
    '[2606:4700::1]',
    'fd.example.com',
    'example.com',
    '172.32.0.1',
    '192.0.2.1',
    '11.0.0.1',
    '[2001:db8::1]',
    'local.example.com',
    'internal.example.com',
  ])
    expect(internalName(name), name).toBeUndefined()
})

test('silence is told from an end', () => {
  expect(SILENCE.test('https://a/: no answer (TIMEOUT)')).toBe(true)
  expect(SILENCE.test('https://a/: refused (ECONNREFUSED)')).toBe(false)
  expect(SILENCE.test('https://a/: alert (ALERT_UNRECOGNIZED_NAME)')).toBe(false)
})
