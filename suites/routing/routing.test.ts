/** Judgement of the suite: a healthy observation, then one thing wrong per case, and the traps that must not alarm. Plain objects, no sockets. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import type { HttpChain, HttpObservation, RawHttpObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import { normaliseTarget, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import { edgeError, readMarker } from './shared.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
const PAGE = '<!doctype html><html><head><title>Gitea</title></head><body><div class="gitea-home">Welcome</div></body></html>'
const HTML = [['Content-Type', 'text/html; charset=utf-8']] as const
const JSON_TYPE = [['Content-Type', 'application/json']] as const

const page = (more: Partial<Omit<HttpObservation, 'body'>> & { body?: string } = {}): HttpObservation => {
  const { body = PAGE, ...rest } = more
  return {
    url: 'https://git.example.com/',
    method: 'GET',
    status: 200,
    statusText: '',
    httpVersion: '2',
    headers: HTML,
    body: Buffer.from(body),
    wireBytes: body.length,
    truncated: false,
    decodeFailed: false,
    peer: '192.0.2.1:443',
    reused: false,
    at: NOW.toISOString(),
    timings: { ttfbMs: 5, transferMs: 1, totalMs: 6, loopDelayMs: 0 },
    ...rest,
  }
}
const json = (value: unknown, more: Parameters<typeof page>[0] = {}): HttpObservation => page({ headers: JSON_TYPE, body: JSON.stringify(value), ...more })
const redirect = (location: string, status = 302): HttpObservation => page({ status, body: '', headers: [['Location', location]] })
const chain = (...hops: HttpObservation[]): HttpChain => ({ hops, end: 'final' })
const seen = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: NOW.toISOString(), durationMs: 1, attempts: 1 })
const failed = (code: string, phase: 'tls' | 'connect' | 'response' | 'deadline' | 'resolve' = 'connect'): Observed<never> => ({
  ok: false,
  failure: { code, message: code.toLowerCase(), phase },
  startedAt: NOW.toISOString(),
  durationMs: 1,
  attempts: 1,
})
const raw = (status: number | undefined, body = ''): Observed<RawHttpObservation> =>
  seen({
    peer: '192.0.2.1:443',
    ...(status === undefined ? {} : { status }),
    headers: HTML,
    body: Buffer.from(body),
    closed: 'fin',
    at: NOW.toISOString(),
  })

const NGINX_502 =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n'
const CHALLENGE = page({ status: 403, headers: [['cf-mitigated', 'challenge'], ...HTML], body: '<title>Just a moment...</title>' })
const LIMITED = page({ status: 429, body: 'slow down' })
const GITEA = { title: 'Gitea', body: 'class="gitea-home"' }

const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.check.ts'))
const checks = new Map<string, Check>()
for (const file of files) {
  const { default: check } = (await import(/* @vite-ignore */ `${import.meta.dirname}/${file}`)) as { default: Check }
  checks.set(check.id.slice('routing/'.length), check)
}

type HostDeclaration = NonNullable<TargetInput['hosts']>[string]
interface Described {
  readonly host?: HostDeclaration
  readonly file?: Omit<TargetInput, 'domain' | 'hosts'>
}
const targetOf = ({ host = {}, file = {} }: Described) =>
  normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { git: host }, ...file }), { sha256: '0' })
function judge(name: string, looked: object, described: Described = {}): Verdict {
  const check = checks.get(name)
  if (check === undefined) throw new RangeError(`no check ${name}`)
  const target = targetOf(described)
  const subject = check.subjects(target)[0]
  if (subject === undefined) throw new RangeError(`${name} has no subject in this target`)
  const nothing = name === 'address-parity' ? { documents: seen([]), plain: seen([]) } : {}
  return check.judge({ ...nothing, ...looked } as never, { target, subject, now: NOW, options: check.options })
}
/** `pass`, `fail routing.marker.missing`, `inconclusive unobserved`… */
const shown = (verdict: Verdict): string => {
  if (verdict.outcome === 'warn' || verdict.outcome === 'fail') return `${verdict.outcome} ${verdict.code}`
  return verdict.outcome === 'inconclusive' ? `inconclusive ${verdict.blame}` : verdict.outcome
}

type Case = readonly [what: string, looked: object, expected: string, described?: Described]
const marked: Described = { host: { marker: GITEA } }
const paths = (more: object = {}): Described => ({
  host: { kind: 'api', paths: { '/api/health': { status: 200, contentType: 'application/json', marker: { json: { '$.service': 'express' } }, ...more } } },
})
const HEALTHY = json({ service: 'express' })
const errorPages = (more: object = {}): Described => ({
  file: { errorPages: [{ host: 'git', status: [502, 503], page: '/5xx.html', probe: '/broken/', marker: { body: 'Back soon' }, ...more }] },
})
const origin: Described = { host: { marker: GITEA }, file: { edge: { kind: 'cdn', origin: { address: '198.51.100.7', direct: 'refused' } } } }
const at = (address: string, one: Observed<HttpObservation>) => ({ address, seen: one })
const both = (one: HttpObservation, other: HttpObservation): object => ({ all: [at('192.0.2.1', seen(one)), at('192.0.2.2', seen(other))] })
const HSTS = 'Strict-Transport-Security: max-age=31536000'
const policy = (field: string, status = 200): HttpObservation => {
  const [name = '', ...rest] = field.split(': ')
  return page({ status, headers: [...HTML, [name, rest.join(': ')]] })
}
const behind = (one: HttpObservation, other: HttpObservation): object => ({
  ...both(redirect('/login'), redirect('/login')),
  documents: seen([at('192.0.2.1', seen(one)), at('192.0.2.2', seen(other))]),
})
const onPlain = (one: Observed<HttpObservation>, other: Observed<HttpObservation>): object => ({
  ...both(page(), page()),
  plain: seen([at('192.0.2.1', one), at('192.0.2.2', other)]),
})
const unknown = (more: object = {}): object => ({
  document: seen(chain(page())),
  host: seen(page({ status: 421, body: 'Misdirected' })),
  plain: seen(page({ status: 404, body: 'none' })),
  sni: failed('ALERT_UNRECOGNIZED_NAME', 'tls'),
  ...more,
})

const CASES: Record<string, readonly Case[]> = {
  'address-parity': [
    ['two alike', { all: [at('192.0.2.1', seen(page())), at('192.0.2.2', seen(page()))] }, 'pass'],
    ['one address only', { all: [at('192.0.2.1', seen(page()))] }, 'pass'],
    ['one dead', { all: [at('192.0.2.1', seen(page())), at('192.0.2.2', failed('ECONNREFUSED'))] }, 'fail routing.address.dead'],
    ['the first dead', { all: [at('192.0.2.1', failed('TIMEOUT', 'deadline')), at('192.0.2.2', seen(page()))] }, 'fail routing.address.dead'],
    ['another status', { all: [at('192.0.2.1', seen(page())), at('192.0.2.2', seen(page({ status: 503 })))] }, 'fail routing.address.differs'],
    ['another title', { all: [at('192.0.2.1', seen(page())), at('192.0.2.2', seen(page({ body: '<title>Old</title>' })))] }, 'fail routing.address.differs'],
    [
      'the marker at one only',
      { all: [at('192.0.2.1', seen(page())), at('192.0.2.2', seen(page({ body: '<title>Gitea</title>' })))] },
      'fail routing.address.differs',
      marked,
    ],
    ['another body, alike in what counts', { all: [at('192.0.2.1', seen(page())), at('192.0.2.2', seen(page({ body: `${PAGE}<!-- 2 -->` })))] }, 'pass'],
    ['a family that this machine lacks', { all: [at('192.0.2.1', seen(page())), at('2001:db8::1', failed('ENETUNREACH'))] }, 'skip'],
    [
      'a family that this machine lacks, and two that differ',
      { all: [at('192.0.2.1', seen(page())), at('192.0.2.2', seen(page({ status: 503 }))), at('2001:db8::1', failed('ENETUNREACH'))] },
      'fail routing.address.differs',
    ],
    [
      'a family that this machine lacks, and a challenge',
      { all: [at('192.0.2.1', seen(page())), at('192.0.2.2', seen(CHALLENGE)), at('2001:db8::1', failed('ENETUNREACH'))] },
      'inconclusive unobserved',
    ],
    ['a challenge at one', { all: [at('192.0.2.1', seen(page())), at('192.0.2.2', seen(CHALLENGE))] }, 'inconclusive unobserved'],
    [
      'a challenge at one, another dead',
      { all: [at('192.0.2.1', seen(page())), at('192.0.2.2', seen(CHALLENGE)), at('192.0.2.3', failed('ECONNREFUSED'))] },
      'fail routing.address.dead',
    ],
    ['none answers', { all: [at('192.0.2.1', failed('ECONNREFUSED'))] }, 'inconclusive unobserved'],
    ['a limiter at the first', both(LIMITED, page()), 'inconclusive unobserved'],
    ['a limiter everywhere', both(LIMITED, LIMITED), 'inconclusive unobserved'],
    [
      'a limiter at the first, the others differ',
      { all: [at('192.0.2.1', seen(CHALLENGE)), at('192.0.2.2', seen(page())), at('192.0.2.3', seen(page({ status: 503 })))] },
      'fail routing.address.differs',
    ],
    ['a redirect to another place', both(redirect('https://www.example.com/'), redirect('https://www.example.org/')), 'fail routing.address.differs'],
    ['a redirect with a state of its own', both(redirect('/login?state=1'), redirect('/login?state=2')), 'pass'],
    ['headers of policy at one only', both(policy('X-Frame-Options: DENY'), page()), 'fail routing.address.headers'],
    ['headers of policy at the second only', both(page(), policy('X-Frame-Options: DENY')), 'fail routing.address.headers'],
    ['HSTS taken back at one', both(policy(HSTS), policy('Strict-Transport-Security: max-age=0')), 'fail routing.address.headers'],
    ['HSTS that is no HSTS at one', both(policy(HSTS), policy('Strict-Transport-Security: 31536000')), 'fail routing.address.headers'],
    ['HSTS for another time at one', both(policy(HSTS), policy('Strict-Transport-Security: max-age=300')), 'warn routing.address.headers'],
    ['HSTS written otherwise', both(policy(HSTS), policy('Strict-Transport-Security: Max-Age="31536000"')), 'pass'],
    [
      'another policy at one',
      both(policy("Content-Security-Policy: default-src 'self'"), policy('Content-Security-Policy: default-src *')),
      'warn routing.address.headers',
    ],
    [
      'a policy with what is made anew',
      both(
        policy("Content-Security-Policy: script-src 'nonce-YQ==' 'sha256-YQ=='; report-uri /r?1"),
        policy("Content-Security-Policy: script-src  'nonce-Yg=='; report-uri /r?2"),
      ),
      'pass',
    ],
    ['errors without headers of policy', both(policy(HSTS, 500), page({ status: 500 })), 'pass'],
    ['a cookie without Secure at one', both(policy('Set-Cookie: id=1; Secure'), policy('Set-Cookie: id=2')), 'fail routing.address.cookies'],
    ['a cookie without HttpOnly at the first', both(policy('Set-Cookie: id=1'), policy('Set-Cookie: id=2; HttpOnly')), 'fail routing.address.cookies'],
    [
      'a cookie with SameSite=None at one',
      both(policy('Set-Cookie: id=1; SameSite=Lax'), policy('Set-Cookie: id=2; SameSite=None')),
      'fail routing.address.cookies',
    ],
    ['a cookie taken back at one', both(policy('Set-Cookie: id=1; Secure'), policy('Set-Cookie: id=; Max-Age=0')), 'pass'],
    ['a cookie of one only', both(policy('Set-Cookie: node=1'), policy('Set-Cookie: other=2; Secure; HttpOnly')), 'pass'],
    ['the page behind a redirect without HSTS at one', behind(policy(HSTS), page()), 'fail routing.address.headers'],
    ['the page behind a redirect alike', behind(policy(HSTS), policy(HSTS)), 'pass'],
    ['another page behind a redirect, without what led there', behind(policy(HSTS), page({ status: 400 })), 'pass'],
    ['a challenge behind a redirect', behind(policy(HSTS), CHALLENGE), 'pass'],
    [
      'a challenge behind a redirect at the first, the others differ',
      {
        ...both(redirect('/login'), redirect('/login')),
        documents: seen([at('192.0.2.1', seen(CHALLENGE)), at('192.0.2.2', seen(policy(HSTS))), at('192.0.2.3', seen(page()))]),
      },
      'fail routing.address.headers',
    ],
    ['other headers at one only', both(page({ headers: [...HTML, ['X-Served-By', 'a']] }), page()), 'pass'],
    ['http alike', onPlain(seen(redirect('https://git.example.com/')), seen(redirect('https://git.example.com/'))), 'pass'],
    [
      'http to another place',
      onPlain(seen(redirect('https://git.example.com/')), seen(redirect('https://shop.example.com/'))),
      'fail routing.address.plain-differs',
    ],
    ['content over http at one', onPlain(seen(redirect('https://git.example.com/')), seen(page())), 'fail routing.address.plain-differs'],
    ['http closed at one', onPlain(seen(redirect('https://git.example.com/')), failed('ECONNREFUSED')), 'warn routing.address.plain-dead'],
    ['http closed at both', onPlain(failed('ECONNREFUSED'), failed('ECONNREFUSED')), 'pass'],
    ['http by a family that this machine lacks', onPlain(seen(redirect('https://git.example.com/')), failed('ENETUNREACH')), 'pass'],
    ['a limiter over http', onPlain(seen(redirect('https://git.example.com/')), seen(LIMITED)), 'pass'],
  ],
  'edge-error': [
    ['a document', { document: chain(page()) }, 'pass'],
    ['a document after a redirect', { document: chain(redirect('/login'), page()) }, 'pass'],
    ['502 of nginx', { document: chain(page({ status: 502, body: NGINX_502 })) }, 'fail routing.edge.status'],
    ['502 of nginx with status 200', { document: chain(page({ body: NGINX_502 })) }, 'fail routing.edge.error-page'],
    ['504 with an unknown page', { document: chain(page({ status: 504, body: 'late' })) }, 'fail routing.edge.status'],
    ['530 of a CDN', { document: chain(page({ status: 530, body: '<title>x</title>' })) }, 'fail routing.edge.status'],
    ['the default page', { document: chain(page({ body: '<title>Welcome to nginx!</title><h1>Welcome to nginx!</h1>' })) }, 'fail routing.edge.error-page'],
    [
      'no route',
      { document: chain(page({ status: 404, headers: [['Content-Type', 'text/plain']], body: '404 page not found\n' })) },
      'fail routing.edge.error-page',
    ],
    ['site not found with 200', { document: chain(page({ body: '<title>Oops</title><h1>Site not found</h1>' })) }, 'fail routing.edge.error-page'],
    ['an empty 200', { document: chain(page({ body: '' })) }, 'fail routing.edge.empty'],
    ['an empty 200 of an interface', { document: chain(page({ body: '' })) }, 'warn routing.edge.empty', { host: { kind: 'api' } }],
    [
      'an empty 200 that carries the declared header',
      { document: chain(page({ body: '', headers: [['X-Service', 'express']] })) },
      'pass',
      { host: { kind: 'api', marker: { header: { 'X-Service': 'express' } } } },
    ],
    [
      'a manual that explains the words',
      { document: chain(page({ body: `${PAGE}${'<p>text</p>'.repeat(60)}<p>When it says no such site, look at the tunnel.</p>` })) },
      'pass',
    ],
    [
      'an interface whose root is an honest 404',
      { document: chain(json({ error: 'Resource not found' }, { status: 404 })) },
      'pass',
      { host: { kind: 'api', status: 404 } },
    ],
    ['the marker is there', { document: chain(page({ body: `${PAGE}<h1>Welcome to nginx!</h1>` })) }, 'pass', marked],
    ['a redirect that leaves the host', { document: { hops: [redirect('https://auth.example.com/')], end: 'unfollowable' } }, 'pass'],
    ['the hop after the redirect was not seen', { document: { hops: [redirect('/login')], end: 'failed', reason: 'TIMEOUT' } }, 'inconclusive unobserved'],
    ['a challenge', { document: chain(CHALLENGE) }, 'inconclusive unobserved'],
    ['a limiter', { document: chain(LIMITED) }, 'inconclusive unobserved'],
  ],
  'edge-headers': [
    [
      'there',
      { answer: page({ headers: [['CF-Ray', '8f2-YUL']] }) },
      'pass',
      { file: { edge: { kind: 'cdn', responseHeaders: { 'cf-ray': { present: true } } } } },
    ],
    ['missing', { answer: page() }, 'fail routing.edge.header-missing', { file: { edge: { kind: 'cdn', responseHeaders: { 'cf-ray': { present: true } } } } }],
    [
      'other',
      { answer: page({ headers: [['Via', 'other']] }) },
      'fail routing.edge.header-missing',
      { file: { edge: { kind: 'cdn', responseHeaders: { via: 'edge' } } } },
    ],
    [
      'an unreadable expression',
      { answer: page({ headers: [['Via', 'x']] }) },
      'inconclusive misused',
      { file: { edge: { kind: 'cdn', responseHeaders: { via: { regex: '(' } } } } },
    ],
  ],
  'error-page-internal': [
    ['404', { answer: page({ status: 404 }), nowhere: seen(page({ status: 404 })) }, 'pass', errorPages()],
    ['403', { answer: page({ status: 403, body: 'no' }), nowhere: seen(page({ status: 404 })) }, 'pass', errorPages()],
    ['served', { answer: page({ body: 'Back soon' }), nowhere: seen(page({ status: 404 })) }, 'fail routing.error-page.reachable', errorPages()],
    [
      'served, while another page answers every path',
      { answer: page({ body: '<title>Back soon</title>' }), nowhere: seen(page()) },
      'fail routing.error-page.reachable',
      errorPages(),
    ],
    ['one page answers every path', { answer: page(), nowhere: seen(page()) }, 'pass', errorPages()],
    [
      'served, the control unseen',
      { answer: page({ body: 'Back soon' }), nowhere: failed('ECONNRESET', 'response') },
      'fail routing.error-page.reachable',
      errorPages(),
    ],
    [
      'one page answers every path, and a longer one here',
      { answer: page({ body: `${PAGE}${'x'.repeat(99)}` }), nowhere: seen(page()) },
      'fail routing.error-page.reachable',
      errorPages(),
    ],
    ['refused with 400', { answer: page({ status: 400 }), nowhere: seen(page({ status: 404 })) }, 'pass', errorPages()],
    ['an error of the server', { answer: page({ status: 500 }), nowhere: seen(page({ status: 404 })) }, 'warn routing.error-page.unclear', errorPages()],
    ['redirected', { answer: redirect('/'), nowhere: seen(page({ status: 404 })) }, 'warn routing.error-page.unclear', errorPages()],
    ['a challenge', { answer: CHALLENGE, nowhere: seen(CHALLENGE) }, 'inconclusive unobserved', errorPages()],
  ],
  'error-pages': [
    ['status and page', { answer: page({ status: 502, body: 'Back soon' }) }, 'pass', errorPages()],
    ['another of the statuses', { answer: page({ status: 503, body: 'Back soon' }) }, 'pass', errorPages()],
    ['turned into 200', { answer: page({ body: 'Back soon' }) }, 'fail routing.error-page.status', errorPages()],
    ['the bare page', { answer: page({ status: 502, body: NGINX_502 }) }, 'fail routing.error-page.content', errorPages()],
    ['another status', { answer: page({ status: 404 }) }, 'fail routing.error-page.status', errorPages()],
    ['a declared limit page is no obstacle', { answer: page({ status: 429, body: 'Back soon' }) }, 'pass', errorPages({ status: 429 })],
    ['an unreadable expression', { answer: page({ status: 502 }) }, 'inconclusive misused', errorPages({ marker: { bodyRegex: '(' } })],
  ],
  head: [
    ['alike', { get: page(), head: seen(page({ method: 'HEAD', body: '' })) }, 'pass'],
    ['alike where GET is refused', { get: page({ status: 401 }), head: seen(page({ method: 'HEAD', status: 401, body: '' })) }, 'pass'],
    ['refused', { get: page(), head: seen(page({ method: 'HEAD', status: 405, body: '' })) }, 'warn routing.head.differs'],
    ['an error', { get: page(), head: seen(page({ method: 'HEAD', status: 500, body: '' })) }, 'fail routing.head.error'],
    ['a limiter', { get: page(), head: seen(page({ method: 'HEAD', status: 429, body: '' })) }, 'inconclusive unobserved'],
    ['silence', { get: page(), head: failed('TIMEOUT', 'deadline') }, 'inconclusive unobserved'],
  ],
  'host-header': [
    ['a page without absolute links', { document: chain(page()) }, 'pass'],
    ['neither a redirect nor a page', { document: chain(json({})) }, 'pass'],
    ['a public redirect', { document: chain(redirect('https://git.example.com/login'), page()) }, 'pass'],
    ['a relative redirect', { document: chain(redirect('/login'), page()) }, 'pass'],
    ['a container name', { document: { hops: [redirect('http://gitea:3000/login')], end: 'unfollowable' } }, 'fail routing.host-header.redirect'],
    ['a private address', { document: { hops: [redirect('http://10.0.3.7/login')], end: 'unfollowable' } }, 'fail routing.host-header.redirect'],
    ['localhost', { document: { hops: [redirect('http://localhost:8080/')], end: 'unfollowable' } }, 'fail routing.host-header.redirect'],
    ['a private IPv6 address', { document: { hops: [redirect('http://[fd12::7]/login')], end: 'unfollowable' } }, 'fail routing.host-header.redirect'],
    ['a name of the house', { document: { hops: [redirect('http://gitea.intranet/')], end: 'unfollowable' } }, 'fail routing.host-header.redirect'],
    ['a public name that begins like a private address', { document: chain(redirect('https://10.example.net/'), page()) }, 'pass'],
    ['a public address', { document: chain(redirect('https://[2001:470::7]/'), page()) }, 'pass'],
    ['a Location that cannot be read', { document: { hops: [redirect('http://[/')], end: 'unfollowable' } }, 'pass'],
    ['links to other public names', { document: chain(page({ body: '<link rel="preconnect" href="https://10.cdn.example.net/">' })) }, 'pass'],
    ['text that is no page', { document: chain(page({ headers: [['Content-Type', 'text/plain']], body: '<base href="http://gitea/">' })) }, 'pass'],
    ['an inner canonical link', { document: chain(page({ body: '<link rel="canonical" href="http://gitea:3000/">' })) }, 'fail routing.host-header.link'],
    [
      'a form to an inner name',
      { document: chain(page({ body: '<form method="post" action="http://backend.internal/login">' })) },
      'fail routing.host-header.link',
    ],
    ['a public canonical link', { document: chain(page({ body: '<link rel="canonical" href="https://git.example.com/">' })) }, 'pass'],
    ['a manual that links to localhost', { document: chain(page({ body: '<p>Open <a href="http://localhost:3000">http://localhost:3000</a></p>' })) }, 'pass'],
    ['a domain below .lan', { document: chain(redirect('https://git.home.lan/login')) }, 'pass', { file: { domain: 'home.lan' } as never }],
    ['no hop at all', { document: chain() }, 'inconclusive defect'],
  ],
  marker: [
    ['found', { document: chain(page()) }, 'pass', marked],
    ['found after a redirect', { document: chain(redirect('/home'), page()) }, 'pass', marked],
    ['another application', { document: chain(page({ body: '<title>n8n</title>' })) }, 'fail routing.marker.missing', marked],
    ['title right, body another', { document: chain(page({ body: '<title>Gitea</title>' })) }, 'fail routing.marker.missing', marked],
    ['an empty 200', { document: chain(page({ body: '' })) }, 'fail routing.marker.missing', marked],
    ['an error', { document: chain(page({ status: 500, body: 'oops' })) }, 'fail routing.marker.error', marked],
    ['a challenge', { document: chain(CHALLENGE) }, 'inconclusive unobserved', marked],
    ['the chain broke off', { document: { hops: [redirect('/home')], end: 'failed', reason: 'ECONNRESET' } }, 'inconclusive unobserved', marked],
    ['an unreadable expression', { document: chain(page()) }, 'inconclusive misused', { host: { marker: { bodyRegex: '(' } } }],
  ],
  'origin-direct': [
    ['refused', { direct: failed('ECONNREFUSED'), document: seen(chain(page())) }, 'pass', origin],
    ['filtered while the edge answers', { direct: failed('TIMEOUT', 'deadline'), document: seen(chain(page())) }, 'pass', origin],
    ['silence everywhere', { direct: failed('TIMEOUT', 'deadline'), document: failed('TIMEOUT', 'deadline') }, 'inconclusive unobserved', origin],
    ['a port that is not mapped', { direct: failed('UNMAPPED'), document: seen(chain(page())) }, 'inconclusive misused', origin],
    ['forbidden', { direct: seen(page({ status: 403, body: 'no' })), document: seen(chain(page())) }, 'pass', origin],
    ['the application, with an error', { direct: seen(page({ status: 400 })), document: seen(chain(page())) }, 'fail routing.origin.reachable', origin],
    [
      'the error that the interface answers its root with',
      { direct: seen(json({ detail: 'Not Found' }, { status: 404 })), document: seen(chain(json({ detail: 'Not Found' }, { status: 404 }))) },
      'fail routing.origin.reachable',
      { file: { edge: { kind: 'cdn', origin: { address: '198.51.100.7', direct: 'refused' } } } },
    ],
    [
      'another error than that of the interface',
      { direct: seen(json({ error: 'forbidden' }, { status: 403 })), document: seen(chain(json({ detail: 'Not Found' }, { status: 404 }))) },
      'pass',
      { file: { edge: { kind: 'cdn', origin: { address: '198.51.100.7', direct: 'refused' } } } },
    ],
    [
      'the page of the server alone, the same at the edge',
      { direct: seen(page({ status: 404, body: 'Not Found' })), document: seen(chain(page({ status: 404, body: 'Not Found' }))) },
      'pass',
      { file: { edge: { kind: 'cdn', origin: { address: '198.51.100.7', direct: 'refused' } } } },
    ],
    ['a name that was not resolved', { direct: failed('ENOTFOUND', 'resolve'), document: seen(chain(page())) }, 'inconclusive unobserved', origin],
    [
      'a redirect of the same status to another place',
      { direct: seen(redirect('https://git.example.com/')), document: seen(chain(redirect('/login'), page())) },
      'pass',
      origin,
    ],
    ['the application', { direct: seen(page()), document: seen(chain(page())) }, 'fail routing.origin.reachable', origin],
    ['a default page', { direct: seen(page({ body: 'It works!' })), document: seen(chain(page())) }, 'warn routing.origin.answers', origin],
    ['sent back to the edge', { direct: seen(redirect('https://git.example.com/', 301)), document: seen(chain(page())) }, 'pass', origin],
    [
      'the redirect of the application itself',
      { direct: seen(redirect('/login')), document: seen(chain(redirect('/login'), page())) },
      'fail routing.origin.reachable',
      origin,
    ],
  ],
  'path-backends': [
    ['right', { answer: HEALTHY }, 'pass', paths()],
    ['404 of the wrong service', { answer: json({ error: 'no route' }, { status: 404 }) }, 'fail routing.path.status', paths()],
    ['another service', { answer: json({ service: 'media' }) }, 'fail routing.path.marker', paths()],
    ['a page', { answer: page() }, 'fail routing.path.content-type', paths()],
    ['rubbish instead of JSON', { answer: page({ headers: JSON_TYPE, body: '{' }) }, 'fail routing.path.marker', paths()],
    [
      'a parameter of the type does not matter',
      { answer: json({ service: 'express' }, { headers: [['Content-Type', 'Application/JSON; charset=utf-8']] }) },
      'pass',
      paths(),
    ],
    ['a limiter', { answer: LIMITED }, 'inconclusive unobserved', paths()],
    ['an unreadable path', { answer: HEALTHY }, 'inconclusive misused', paths({ marker: { json: { 'service..x': 1 } } })],
  ],
  prefix: [
    ['not doubled', { right: HEALTHY, doubled: json({ error: 'none' }, { status: 404 }), nowhere: seen(json({}, { status: 404 })) }, 'pass', paths()],
    ['doubled', { right: HEALTHY, doubled: HEALTHY, nowhere: seen(json({}, { status: 404 })) }, 'fail routing.prefix.doubled', paths()],
    [
      'stripped: only the doubled one works',
      { right: json({}, { status: 404 }), doubled: HEALTHY, nowhere: seen(json({}, { status: 404 })) },
      'fail routing.prefix.doubled',
      paths(),
    ],
    ['doubled, the control unseen', { right: HEALTHY, doubled: HEALTHY, nowhere: failed('ECONNRESET', 'response') }, 'fail routing.prefix.doubled', paths()],
    ['a service that answers everything so', { right: HEALTHY, doubled: HEALTHY, nowhere: seen(HEALTHY) }, 'pass', paths()],
    ['a limiter', { right: HEALTHY, doubled: LIMITED, nowhere: seen(HEALTHY) }, 'inconclusive unobserved', paths()],
    [
      'without a marker, nothing to compare with',
      { right: LIMITED, doubled: HEALTHY, nowhere: seen(json({}, { status: 404 })) },
      'inconclusive unobserved',
      { host: { paths: { '/api/health': { status: 200 } } } },
    ],
    [
      'without a marker, doubled',
      { right: HEALTHY, doubled: HEALTHY, nowhere: seen(json({}, { status: 404 })) },
      'fail routing.prefix.doubled',
      { host: { paths: { '/api/health': { status: 200 } } } },
    ],
    [
      'without a marker, another answer',
      { right: HEALTHY, doubled: json({ service: 'other' }), nowhere: seen(json({}, { status: 404 })) },
      'pass',
      { host: { paths: { '/api/health': { status: 200 } } } },
    ],
    [
      'with a marker a limiter on the right one hides nothing',
      { right: LIMITED, doubled: HEALTHY, nowhere: seen(json({}, { status: 404 })) },
      'fail routing.prefix.doubled',
      paths(),
    ],
  ],
  'spa-fallback': [
    ['404 in JSON', { answer: json({ error: 'no route' }, { status: 404 }) }, 'pass', paths()],
    ['401 before routing', { answer: json({}, { status: 401 }) }, 'pass', paths()],
    ['404 that is a page', { answer: page({ status: 404 }) }, 'pass', paths()],
    ['the page with 200', { answer: page() }, 'fail routing.fallback.page', paths()],
    ['JSON with 200', { answer: json({}) }, 'fail routing.fallback.success', paths()],
    ['a challenge', { answer: CHALLENGE }, 'inconclusive unobserved', paths()],
  ],
  status: [
    ['200', { answer: page() }, 'pass'],
    ['declared 302', { answer: redirect('/login') }, 'pass', { host: { status: [200, 302] } }],
    ['undeclared 302', { answer: redirect('/login') }, 'fail routing.status.not-declared'],
    ['502', { answer: page({ status: 502 }) }, 'fail routing.status.server-error'],
    ['404', { answer: page({ status: 404 }) }, 'fail routing.status.not-declared'],
    ['a challenge', { answer: CHALLENGE }, 'inconclusive unobserved'],
    ['a limiter', { answer: LIMITED }, 'inconclusive unobserved'],
    ['a declared 404 at the root of an interface', { answer: json({}, { status: 404 }) }, 'pass', { host: { kind: 'api', status: 404 } }],
  ],
  'unknown-host': [
    ['refused everywhere', unknown(), 'pass'],
    ['closed without an answer', unknown({ host: failed('ECONNRESET', 'response'), plain: failed('UND_ERR_SOCKET', 'response') }), 'pass'],
    ['no plain http at all', unknown({ plain: failed('TIMEOUT') }), 'pass'],
    ['an empty 200', unknown({ host: seen(page({ body: '' })) }), 'pass'],
    ['redirected to https', unknown({ plain: seen(redirect('https://postproof-unknown.example/', 301)) }), 'pass'],
    ['the application by Host', unknown({ host: seen(page()) }), 'fail routing.unknown-host.application'],
    ['the application by Host, its body differing', unknown({ host: seen(page({ body: `${PAGE} ` })) }), 'fail routing.unknown-host.application'],
    ['the application over http', unknown({ plain: seen(page()) }), 'fail routing.unknown-host.application', marked],
    ['the application by server name', unknown({ sni: raw(200, PAGE) }), 'fail routing.unknown-host.application', marked],
    ['a welcome page', unknown({ sni: raw(200, '<title>Welcome to nginx!</title>') }), 'fail routing.unknown-host.content'],
    ['some text', unknown({ host: seen(page({ headers: [['Content-Type', 'text/plain']], body: 'ok' })) }), 'warn routing.unknown-host.content'],
    ['a certificate and 421', unknown({ sni: raw(421, 'no') }), 'pass'],
    ['a handshake, then silence', unknown({ sni: raw(undefined) }), 'pass'],
    ['one question unanswered', unknown({ host: failed('TIMEOUT', 'response') }), 'inconclusive unobserved'],
    [
      'one question unanswered, another answered wrongly',
      unknown({ host: failed('TIMEOUT', 'response'), plain: seen(page()) }),
      'fail routing.unknown-host.application',
    ],
    ['the document itself unknown', unknown({ document: failed('TIMEOUT', 'response'), host: seen(page()) }), 'fail routing.unknown-host.content'],
  ],
}

describe('every check of the suite is judged here, in both directions', () => {
  test('the table names exactly the checks there are', () => {
    expect(files.length).toBeGreaterThan(0)
    expect(Object.keys(CASES).sort()).toEqual([...checks.keys()].sort())
    for (const cases of Object.values(CASES)) {
      expect(cases.some(([, , expected]) => expected === 'pass')).toBe(true)
      expect(cases.some(([, , expected]) => /^(?:warn|fail) /.test(expected))).toBe(true)
    }
  })
})

for (const [name, cases] of Object.entries(CASES)) {
  describe(`routing/${name}`, () => {
    test.each(cases.map(([what, looked, expected, described]) => ({ what, looked, expected, described })))('$what', ({ looked, expected, described }) => {
      const verdict = judge(name, looked, described)
      expect(shown(verdict)).toBe(expected)
      if (verdict.outcome === 'pass' || verdict.outcome === 'fail') expect(verdict.evidence.length).toBeGreaterThan(0)
      if (verdict.outcome === 'warn' || verdict.outcome === 'fail') expect(Object.keys(checks.get(name)?.codes ?? {})).toContain(verdict.code)
    })
  })
}

describe('what the checks are about', () => {
  const names = (check: string, described: Described): readonly string[] =>
    checks
      .get(check)
      ?.subjects(targetOf(described))
      .map((one) => one.name) ?? []
  test('a marker behind a login is not asked for without one', () => {
    expect(names('marker', marked)).toEqual(['git.example.com'])
    expect(names('marker', { host: { marker: GITEA, access: 'forwardAuth' } })).toEqual([])
  })
  test('fallbacks are looked for where interfaces are declared, never among pages', () => {
    expect(names('spa-fallback', { host: { kind: 'api' } })).toEqual(['https://git.example.com/api/'])
    expect(names('spa-fallback', { host: { apiPaths: ['/v1/things', '/v1/others'] } })).toEqual(['https://git.example.com/v1/'])
    expect(names('spa-fallback', { host: { kind: 'spa', paths: { '/app/login': { marker: { title: 'Sign in' } } } } })).toEqual([])
    expect(names('spa-fallback', {})).toEqual([])
  })
  test('the origin is left alone where it may be asked', () => {
    expect(names('origin-direct', { file: { edge: { kind: 'cdn', origin: { address: '198.51.100.7', direct: 'allowed' } } } })).toEqual([])
  })
  test('error pages without a path that provokes them are only asked for directly', () => {
    const file = { errorPages: [{ host: 'git', status: 429, page: '/429.html' }] }
    expect(names('error-pages', { file })).toEqual([])
    expect(names('error-page-internal', { file })).toEqual(['https://git.example.com/429.html'])
  })
  test('a path without a folder has no prefix to double', () => {
    expect(names('prefix', { host: { paths: { '/health': { status: 200 } } } })).toEqual([])
  })
})

describe('readMarker', () => {
  test('every demand must hold and gives evidence, failing ones first', () => {
    const read = readMarker({ title: 'Gitea', body: 'absent' }, page())
    expect(read.ok).toBe(false)
    expect(read.evidence.map((one) => one.what)).toEqual(['body of https://git.example.com/', 'title of https://git.example.com/'])
  })
  test('an expression finds text far inside a long body, across the pieces it is tried on', () => {
    const body = `${'x'.repeat(8190)}gitea-home${'x'.repeat(20_000)}`
    expect(readMarker({ bodyRegex: 'gitea-home' }, page({ body })).ok).toBe(true)
    expect(readMarker({ bodyRegex: 'forgejo' }, page({ body })).ok).toBe(false)
  })
  test('every value of a repeated header must match', () => {
    const headers = [
      ['X-Service', 'express'],
      ['X-Service', 'media'],
    ] as const
    expect(readMarker({ header: { 'x-service': 'express' } }, page({ headers })).ok).toBe(false)
    expect(readMarker({ header: { 'x-service': 'express' } }, page({ headers: headers.slice(0, 1) })).ok).toBe(true)
    expect(readMarker({ header: { 'x-service': 'express' } }, page()).ok).toBe(false)
  })
  test('a JSON field that is not there fulfils only a demand for absence', () => {
    expect(readMarker({ json: { '$.a.b': 1 } }, json({ a: {} })).ok).toBe(false)
    expect(readMarker({ json: { '$.a.b': { absent: true } } }, json({ a: {} })).ok).toBe(true)
    expect(readMarker({ json: { '$.__proto__.x': { present: true } } }, json({})).ok).toBe(false)
  })
})

describe('edgeError', () => {
  test.each([
    ['openresty', '<center><h1>503 Service Temporarily Unavailable</h1></center>\n<hr><center>openresty</center>'],
    ['Apache', '<title>Apache2 Ubuntu Default Page: It works</title>'],
    ['Traefik', 'no available server\n'],
    ['a CDN', '<title>git.example.com | 522: Connection timed out</title>'],
    ['a tunnel', '<title>Tunnel not found</title>'],
  ])('%s', (_who, body) => {
    expect(edgeError(page({ body }))).toBeDefined()
  })
  test.each([
    ['an ordinary page', PAGE],
    ['words in a script', `<title>App</title><script>const text = 'Site not found'</script><p>${'Hello. '.repeat(80)}</p>`],
    ['an article about gateways', `<title>How to read a 502</title><p>${'Bad Gateway means this. '.repeat(30)}</p>`],
    ['65 kB of tags', '<'.repeat(65_536)],
  ])('not %s', (_who, body) => {
    expect(edgeError(page({ body }))).toBeUndefined()
  })
  test('JSON that says not found is an interface, no edge', () => {
    expect(edgeError(json({ error: 'Resource not found' }, { status: 404 }))).toBeUndefined()
  })
})
