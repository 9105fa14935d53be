/** Judgement of the suite: a healthy observation, one thing wrong per case, and the traps that must not alarm. Plain objects, no sockets. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import type { HttpChain, HttpObservation, TlsObservation } from '../../helpers/observations.ts'
import type { Observed, ProbeFailure } from '../../helpers/probe.ts'
import { type Assets, readPage } from '../../helpers/probes/page.ts'
import { normaliseTarget, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import type { Looked, Repeated } from './probes.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
type HostInput = NonNullable<TargetInput['hosts']>[string]
type Values = Readonly<Record<string, string | readonly string[] | null>>

const HEALTHY: Values = {
  'content-type': 'text/html; charset=utf-8',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'content-security-policy': "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
  'x-frame-options': 'SAMEORIGIN',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'permissions-policy': 'camera=(), microphone=()',
  'cross-origin-opener-policy': 'same-origin',
  server: 'nginx',
}
const PAGE = '<!doctype html><html><head><title>x</title><script src="/a.js"></script></head><body><p>x</p></body></html>'

interface Case {
  /** Headers that replace or (null) remove the healthy ones. */
  readonly headers?: Values
  readonly body?: string
  readonly status?: number
  readonly url?: string
  readonly more?: Partial<HttpObservation>
  /** Hops before the document. */
  readonly before?: readonly HttpObservation[]
  readonly end?: HttpChain['end']
  readonly host?: HostInput
  readonly name?: string
  readonly target?: Partial<TargetInput>
  readonly tls?: Partial<TlsObservation>
  readonly plain?: Observed<HttpObservation>
  /** @default there is none */
  readonly robots?: Observed<HttpObservation>
  readonly looked?: readonly Looked[]
  readonly assets?: Readonly<Record<string, Values>>
  readonly again?: Values
  readonly fresh?: Values
  readonly options?: object
}

const list = (values: Values): [string, string][] =>
  Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [value].flat().map((one): [string, string] => [name, one])))
const observation = (headers: Values = {}, more: Partial<HttpObservation> = {}): HttpObservation => ({
  url: 'https://www.example.com/',
  method: 'GET',
  status: 200,
  statusText: '',
  httpVersion: '2',
  headers: list({ ...HEALTHY, ...headers }),
  body: Buffer.from(PAGE),
  wireBytes: 0,
  truncated: false,
  decodeFailed: false,
  peer: '192.0.2.1:443',
  reused: true,
  at: NOW.toISOString(),
  timings: { ttfbMs: 1, transferMs: 1, totalMs: 2, loopDelayMs: 0 },
  ...more,
})
const ok = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: NOW.toISOString(), durationMs: 1, attempts: 1 })
const failed = (code: string, phase: ProbeFailure['phase'] = 'connect'): Observed<never> => ({
  ok: false,
  failure: { code, phase, message: code },
  startedAt: NOW.toISOString(),
  durationMs: 1,
  attempts: 1,
})
const look = (path: string, headers: Values = {}, more: Partial<HttpObservation> = {}, method?: string): Looked => ({
  path,
  ...(method === undefined ? {} : { method }),
  seen: ok(observation(headers, { url: `https://www.example.com${path}`, status: 404, ...(method === undefined ? {} : { method }), ...more })),
})

const folder = import.meta.dirname
const checks = new Map<string, Check>()
for (const file of readdirSync(folder).filter((name) => name.endsWith('.check.ts'))) {
  const { default: check } = (await import(`${folder}/${file}`)) as { default: Check }
  checks.set(check.id, check)
}

function judge(id: string, given: Case = {}): Verdict {
  const check = checks.get(`headers/${id}`)
  if (check === undefined) throw new RangeError(id)
  const name = given.name ?? 'www'
  const file = targetSchema.parse({ domain: 'example.com', hosts: { [name]: given.host ?? {} }, ...given.target } satisfies TargetInput)
  const target = normaliseTarget(file, { sha256: '' })
  const host = target.hosts[0]
  if (host === undefined) throw new RangeError('no host')
  const [subject] = check.subjects(target)
  if (subject === undefined) return { outcome: 'skip', skip: check.unless.skip, reason: check.unless.reason, evidence: [] }
  const url = given.url ?? `https://${host.fqdn}/`
  const document = observation(given.headers, {
    url,
    ...(given.status === undefined ? {} : { status: given.status }),
    ...(given.body === undefined ? {} : { body: Buffer.from(given.body) }),
    ...given.more,
  })
  const chain: HttpChain = { hops: [...(given.before ?? []), document], end: given.end ?? 'final' }
  const page = readPage(document)
  const assets: Assets = {
    page,
    found: Object.keys(given.assets ?? {}).length,
    assets: Object.entries(given.assets ?? {}).map(([path, headers]) => ({
      reference: { tag: 'script', attribute: 'src', raw: path, rel: [] },
      url: `https://${host.fqdn}${path}`,
      seen: ok(observation({ 'content-type': 'text/javascript', ...headers }, { url: `https://${host.fqdn}${path}`, body: Buffer.from('1') })),
    })),
  }
  const tls = {
    peer: '192.0.2.1:443',
    address: '192.0.2.1',
    protocol: 'TLSv1.3',
    cipher: '',
    authorized: true,
    store: 'bundled',
    chain: [],
    handshakeMs: 1,
    connectMs: 1,
    loopDelayMs: 0,
    at: NOW.toISOString(),
    ...given.tls,
  } as const
  const repeated: Repeated = {
    first: document,
    again: ok(observation({ ...given.headers, ...given.again })),
    fresh: ok(observation({ ...given.headers, ...given.fresh })),
  }
  const looked = given.looked ?? [look('/postproof-3f9c0d1e')]
  const plain = given.plain ?? ok(observation({ location: `https://${host.fqdn}/` }, { url: `http://${host.fqdn}/`, status: 301 }))
  const seen = {
    chain,
    tls: ok(tls),
    plain,
    others: looked,
    errors: looked,
    looked,
    assets: ok(assets),
    found: assets,
    repeated,
    page,
    seen: document,
    robots: given.robots ?? ok(observation({}, { status: 404 })),
  }
  const verdict = check.judge(seen as never, { target, subject, now: NOW, options: { ...check.options, ...given.options } })
  if (verdict.outcome === 'warn' || verdict.outcome === 'fail') {
    expect(Object.keys(check.codes)).toContain(verdict.code)
    expect(verdict.evidence.length).toBeGreaterThan(0)
  }
  if (verdict.outcome === 'pass') expect(verdict.evidence.length).toBeGreaterThan(0)
  expect(check.reproduce(subject, target)).toContain(host.fqdn)
  return verdict
}

type Row = readonly [what: string, id: string, given: Case, outcome: Verdict['outcome'], code: string | undefined]
type Short = readonly [what: string, id: string, given: Case, outcome: Verdict['outcome'], code?: string]
const reached = new Set<string>()
const table = (rows: readonly Short[]): void => {
  for (const [, , , , code] of rows) if (code !== undefined) reached.add(code)
  test.each(rows.map(([what, id, given, outcome, code]): Row => [what, id, given, outcome, code]))('%s: %s', (_, id, given, outcome, code) => {
    const verdict = judge(id, given)
    expect([verdict.outcome, 'code' in verdict && verdict.outcome !== 'inconclusive' ? verdict.code : undefined]).toEqual([outcome, code])
  })
}
const hsts = (value: string | readonly string[] | null): Case => ({ headers: { 'strict-transport-security': value } })
const csp = (value: string | readonly string[] | null, more: Case = {}): Case => ({ ...more, headers: { 'content-security-policy': value, ...more.headers } })
const header = (name: string, value: string | readonly string[] | null): Case => ({ headers: { [name]: value } })
const html = (body: string): string => `<!doctype html><html><head></head><body>${body}</body></html>`

test('every check of the suite is green on the healthy page, or says why it has nothing to judge', () => {
  expect(checks.size).toBeGreaterThan(30)
  for (const id of checks.keys()) {
    const given: Case = {
      name: '@',
      host: {
        headers: { 'X-Frame-Options': 'SAMEORIGIN', 'Content-Security-Policy': { strict: true, frameAncestorsExclude: ['*'] } },
        apiPaths: ['/api/x'],
        robots: 'index',
      },
      looked: [look('/api/x', { 'content-type': 'application/json' }, { status: 200, body: Buffer.from('{}') })],
      assets: { '/a.js': {} },
    }
    const verdict = judge(id.slice('headers/'.length), given)
    expect([id, verdict.outcome]).toEqual([id, id === 'headers/csp-nonce-fresh' || id === 'headers/csp-report-endpoint' ? 'skip' : 'pass'])
  }
})

describe('search engines', () => {
  const hidden: HostInput = { robots: 'noindex' }
  const listed: HostInput = { robots: 'index' }
  const page = (meta: string): string => `<!doctype html><html><head>${meta}</head><body></body></html>`
  const file = (body: string, more: Partial<HttpObservation> = {}): Observed<HttpObservation> =>
    ok(observation({ 'content-type': 'text/plain' }, { body: Buffer.from(body), ...more }))
  table([
    ['declared noindex, and said', 'indexing', { ...header('x-robots-tag', 'noindex, nofollow'), host: hidden }, 'pass'],
    ['in a second header', 'indexing', { ...header('x-robots-tag', ['nofollow', 'none']), host: hidden }, 'pass'],
    ['in the page', 'indexing', { body: page('<META NAME="Robots" content="NOINDEX">'), host: hidden }, 'pass'],
    ['behind a login', 'indexing', { status: 401, host: hidden }, 'pass'],
    ['not said', 'indexing', { host: hidden }, 'fail', 'headers.indexing.open'],
    ['to one of them alone', 'indexing', { ...header('x-robots-tag', 'googlebot: noindex'), host: hidden }, 'fail', 'headers.indexing.open'],
    ['by robots.txt alone', 'indexing', { robots: file('User-agent: *\nDisallow: /'), host: hidden }, 'fail', 'headers.indexing.open'],
    ['in a text of the page', 'indexing', { body: page('<title>robots noindex</title>'), host: hidden }, 'fail', 'headers.indexing.open'],
    ['a challenge instead', 'indexing', { status: 503, host: hidden }, 'inconclusive'],
    ['declared index', 'indexing', { host: listed }, 'pass'],
    ['with a robots.txt', 'indexing', { robots: file('User-agent: *\nDisallow: /search'), host: listed }, 'pass'],
    ['with a page in the place of robots.txt', 'indexing', { robots: ok(observation()), host: listed }, 'pass'],
    ['closed by the header', 'indexing', { ...header('x-robots-tag', 'noindex'), host: listed }, 'fail', 'headers.indexing.closed'],
    ['closed by the page', 'indexing', { body: page('<meta name=robots content=none>'), host: listed }, 'fail', 'headers.indexing.closed'],
    ['closed by robots.txt', 'indexing', { robots: file('User-agent: *\nDisallow: /'), host: listed }, 'fail', 'headers.indexing.closed'],
    ['robots.txt out of reach', 'indexing', { robots: failed('ECONNRESET'), host: listed }, 'inconclusive'],
    ['robots.txt in trouble', 'indexing', { robots: file('', { status: 500 }), host: listed }, 'inconclusive'],
    ['nothing declared', 'indexing', {}, 'skip'],
  ])
})

describe('answers that are no basis for a verdict (rules G4, G5)', () => {
  const perDocument = ['csp-present', 'framing', 'nosniff', 'referrer-policy', 'content-type', 'mixed-content', 'sri', 'coop']
  table([
    ...perDocument.flatMap((id): Short[] => [
      ['a missing page', id, { status: 404, headers: { 'x-content-type-options': null, 'content-security-policy': null } }, 'inconclusive'],
      ['a broken gateway', id, { status: 502 }, 'inconclusive'],
      ['a limiter', id, { status: 429 }, 'inconclusive'],
      ['a challenge', id, { status: 403, headers: { 'cf-mitigated': 'challenge' } }, 'inconclusive'],
    ]),
    ['a loop', 'hsts', { end: 'loop', status: 302 }, 'inconclusive'],
    ['a limiter', 'hsts', { status: 429, headers: { 'strict-transport-security': null } }, 'inconclusive'],
    ['a status declared right', 'nosniff', { status: 404, host: { status: 404 } }, 'pass'],
    ['a login wall is judged', 'nosniff', { status: 401, headers: { 'x-content-type-options': null } }, 'fail', 'headers.nosniff.missing'],
    ['a redirect to another host is no document', 'framing', { status: 302, headers: { 'x-frame-options': null, 'content-security-policy': null } }, 'skip'],
    ['JSON is no page', 'framing', { headers: { 'content-type': 'application/json', 'x-frame-options': null, 'content-security-policy': null } }, 'skip'],
    ['errors met only a limiter', 'error-responses', { looked: [look('/x', {}, { status: 429 })] }, 'inconclusive'],
    ['errors could not be asked', 'error-responses', { looked: [{ path: '/x', seen: failed('ECONNRESET') }] }, 'inconclusive'],
  ])
})

const NONCE = 'MTIzNDU2Nzg5MDEyMzQ1Ng=='
const SHA256 = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
const REST = "; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"

describe('the cases of the HTTP Observatory (rules §15), with our outcome', () => {
  table([
    ['CSP none with default-src none', 'csp-script', csp("default-src 'none'"), 'pass'],
    ['CSP no unsafe, else', 'csp-script', csp("default-src 'self'"), 'pass'],
    ['CSP default-src without a value', 'csp-script', csp('default-src'), 'pass'],
    ['CSP unsafe-inline only in style-src', 'csp-script', csp("default-src 'self'; style-src 'unsafe-inline'"), 'pass'],
    ['CSP unsafe-inline only in style-src', 'csp-hygiene', csp("default-src 'self'; style-src 'unsafe-inline'"), 'warn', 'headers.csp.style-inline'],
    ['CSP unsafe-inline scripts', 'csp-script', csp("script-src 'unsafe-inline'"), 'fail', 'headers.csp.unsafe-inline'],
    ['CSP unsafe-inline with a nonce', 'csp-script', csp(`script-src 'unsafe-inline' 'nonce-${NONCE}'`), 'pass'],
    ['CSP unsafe-inline with a hash', 'csp-script', csp(`script-src 'unsafe-inline' ${SHA256}`), 'pass'],
    ...['data:', 'http:', 'https:', '*', 'ftp:'].flatMap((source): Short[] => [
      [`CSP script-src ${source}`, 'csp-script', csp(`script-src ${source}`), 'fail', 'headers.csp.any-host'],
      [`CSP default-src ${source}`, 'csp-script', csp(`default-src ${source}`), 'fail', 'headers.csp.any-host'],
    ]),
    ['CSP object-src * beside none', 'csp-baseline', csp("default-src 'none'; script-src 'none'; object-src *"), 'fail', 'headers.csp.object-open'],
    ['CSP unsafe-eval', 'csp-script', csp("script-src 'self' 'unsafe-eval'"), 'warn', 'headers.csp.unsafe-eval'],
    ['CSP default-src of a plain http host', 'csp-hygiene', csp('default-src http://cdn.example.net'), 'fail', 'headers.csp.http-active'],
    ['CSP img-src of a plain http host', 'csp-hygiene', csp("default-src 'self'; img-src http://cdn.example.net"), 'warn', 'headers.csp.http-passive'],
    ['CSP img-src of plain http', 'csp-hygiene', csp("default-src 'self'; img-src http:"), 'warn', 'headers.csp.http-passive'],
    ['CSP font-src of a plain http host', 'csp-hygiene', csp("default-src 'self'; font-src http://cdn.example.net"), 'warn', 'headers.csp.http-passive'],
    ['CSP media-src of a plain http host', 'csp-hygiene', csp("default-src 'self'; media-src http://cdn.example.net"), 'warn', 'headers.csp.http-passive'],
    [
      'CSP in the document, too, with what works there',
      'csp-hygiene',
      { body: `<html><head><meta http-equiv="Content-Security-Policy" content="default-src 'self'"></head>` },
      'pass',
    ],
    ['CSP with inline styles, closed by another policy', 'csp-hygiene', csp(["default-src 'self'; style-src 'unsafe-inline'", "default-src 'self'"]), 'pass'],
    ['CSP empty beside one that works', 'csp-present', csp(['', "default-src 'self'"]), 'pass'],
    ['CSP empty', 'csp-present', csp(''), 'fail', 'headers.csp.empty'],
    ['CSP blanks', 'csp-present', csp('   '), 'fail', 'headers.csp.empty'],
    ['CSP defa', 'csp-present', csp('defa'), 'fail', 'headers.csp.empty'],
    ['CSP strict-dynamic without nonce or hash', 'csp-script', csp("script-src 'strict-dynamic'"), 'fail', 'headers.csp.strict-dynamic-alone'],
    ['CSP directive repeated', 'csp-hygiene', csp("default-src 'self'; default-src *"), 'warn', 'headers.csp.repeated'],
    ['CSP directive repeated: the first is judged', 'csp-script', csp("script-src 'self'; script-src *"), 'pass'],
    ['CSP directive repeated: the first is judged', 'csp-script', csp("script-src *; script-src 'self'"), 'fail', 'headers.csp.any-host'],
    ['CSP only upgrade-insecure-requests', 'csp-script', csp('upgrade-insecure-requests'), 'fail', 'headers.csp.unrestricted'],
    ['CSP only script-src none', 'csp-baseline', csp("script-src 'none'"), 'warn', 'headers.csp.object-missing'],
    [
      'CSP report-only',
      'csp-present',
      { headers: { 'content-security-policy': null, 'content-security-policy-report-only': "default-src 'self'" } },
      'warn',
      'headers.csp.report-only',
    ],
    [
      'meta-only frame-ancestors',
      'framing',
      csp(null, {
        headers: { 'x-frame-options': null },
        body: `<html><head><meta http-equiv="Content-Security-Policy" content="frame-ancestors 'none'"></head>`,
      }),
      'fail',
      'headers.framing.open',
    ],
    [
      'header http: and meta https: together are https:',
      'csp-script',
      csp('default-src http:', { body: '<html><head><meta http-equiv="content-security-policy" content="default-src https:"></head>' }),
      'fail',
      'headers.csp.any-host',
    ],
    [
      'three policies together',
      'csp-hygiene',
      csp(["default-src 'self'; style-src 'unsafe-inline' 'self'", "style-src 'self' cdn.example.net", "style-src 'self'"]),
      'pass',
    ],
    [
      'CSP report-uri and report-to',
      'csp-report-endpoint',
      csp("default-src 'self'; report-uri /r; report-to r", { headers: { 'reporting-endpoints': 'r="/r"' } }),
      'pass',
    ],
    ['HSTS absent', 'hsts', hsts(null), 'fail', 'headers.hsts.missing'],
    ['HSTS of a day', 'hsts', hsts('max-age=86400'), 'fail', 'headers.hsts.short'],
    ['HSTS of half a year', 'hsts', hsts('max-age=15768000'), 'warn', 'headers.hsts.short'],
    ['HSTS without max-age', 'hsts', hsts('includeSubDomains; preload'), 'fail', 'headers.hsts.invalid'],
    ['HSTS in two fields: the first counts', 'hsts', hsts(['max-age=31536000', 'max-age=0']), 'warn', 'headers.hsts.repeated'],
    ['HSTS in two fields: the first counts', 'hsts', hsts(['max-age=0', 'max-age=31536000']), 'fail', 'headers.hsts.zero'],
    ['HSTS in one comma-joined field', 'hsts', hsts('max-age=31536000, max-age=31536000'), 'fail', 'headers.hsts.invalid'],
    ['HSTS under an invalid certificate', 'hsts', { tls: { authorized: false, authorizationError: 'CERT_HAS_EXPIRED' } }, 'skip'],
    ['HSTS over http only', 'hsts', { headers: { 'strict-transport-security': null } }, 'fail', 'headers.hsts.missing'],
    ['HSTS as a quoted-string', 'hsts', hsts('max-age="31536000"'), 'pass'],
    [
      'HSTS as a quoted-string, with preload',
      'hsts-preload',
      { ...hsts('max-age="31536000"; includeSubDomains; preload'), name: '@' },
      'warn',
      'headers.hsts.preload',
    ],
    ['XFO DENY', 'framing', csp(null, header('x-frame-options', 'DENY')), 'pass'],
    ['XFO DENY beside frame-ancestors none', 'framing', csp("frame-ancestors 'none'", header('x-frame-options', 'DENY')), 'pass'],
    ['XFO none', 'framing', csp(null, header('x-frame-options', null)), 'fail', 'headers.framing.open'],
    ['XFO ALLOW-FROM', 'framing', csp(null, header('x-frame-options', 'ALLOW-FROM https://a.example.net')), 'fail', 'headers.framing.ignored'],
    ['XFO SAMEORIGIN twice in one field', 'framing', header('x-frame-options', 'SAMEORIGIN, SAMEORIGIN'), 'pass'],
    ['XFO SAMEORIGIN twice in one field', 'duplicates', header('x-frame-options', 'SAMEORIGIN, SAMEORIGIN'), 'warn', 'headers.duplicates.repeated'],
    ['XFO conflicting', 'framing', header('x-frame-options', ['DENY', 'SAMEORIGIN']), 'fail', 'headers.framing.conflict'],
    ['frame-ancestors *', 'framing', csp('frame-ancestors *'), 'fail', 'headers.framing.any'],
    ['frame-ancestors * beside one that closes', 'framing', csp(['frame-ancestors *', "frame-ancestors 'self'"], header('x-frame-options', null)), 'pass'],
    [
      'frame-ancestors of another site beside one that closes, and SAMEORIGIN',
      'framing',
      csp(['frame-ancestors https://a.example.net', "frame-ancestors 'none'"], header('x-frame-options', 'SAMEORIGIN')),
      'pass',
    ],
    [
      'frame-ancestors with a wildcard beside one without',
      'framing',
      csp(['frame-ancestors https://*.example.net', 'frame-ancestors https://a.example.net'], header('x-frame-options', null)),
      'pass',
    ],
    ['frame-ancestors * twice', 'framing', csp(['frame-ancestors *', 'frame-ancestors *']), 'fail', 'headers.framing.any'],
    ['nosniff', 'nosniff', {}, 'pass'],
    ['nosniff with a blank', 'nosniff', header('x-content-type-options', 'nosniff '), 'pass'],
    ['nosniff twice', 'nosniff', header('x-content-type-options', 'nosniff, nosniff'), 'pass'],
    ['nosniff twice', 'duplicates', header('x-content-type-options', 'nosniff, nosniff'), 'warn', 'headers.duplicates.repeated'],
    ['Referrer no-referrer, unsafe-url', 'referrer-policy', header('referrer-policy', 'no-referrer, unsafe-url'), 'fail', 'headers.referrer.leaks'],
    ['Referrer no-referrer, whimsy', 'referrer-policy', header('referrer-policy', 'no-referrer, whimsy'), 'pass'],
    ['Referrer whimsy', 'referrer-policy', header('referrer-policy', 'whimsy'), 'fail', 'headers.referrer.invalid'],
    ['Referrer none', 'referrer-policy', header('referrer-policy', null), 'pass'],
    ['COOP in upper case', 'coop', header('cross-origin-opener-policy', 'SAME-ORIGIN'), 'fail', 'headers.coop.malformed'],
    ['COOP quoted', 'coop', header('cross-origin-opener-policy', '"same-origin"'), 'fail', 'headers.coop.malformed'],
    ['COOP two values', 'coop', header('cross-origin-opener-policy', 'same-origin, same-origin'), 'fail', 'headers.coop.malformed'],
    ['COEP in upper case', 'coep', header('cross-origin-embedder-policy', 'REQUIRE-CORP'), 'fail', 'headers.coep.malformed'],
    ['CORP two values', 'corp', header('cross-origin-resource-policy', ['same-site', 'same-site']), 'fail', 'headers.corp.malformed'],
    ['SRI same-origin', 'sri', { body: html('<script src="/a.js"></script>') }, 'pass'],
    ['SRI https of another site without', 'sri', { body: html('<script src="https://cdn.example.net/a.js"></script>') }, 'warn', 'headers.sri.missing'],
    ['SRI http of another site without', 'sri', { body: html('<script src="http://cdn.example.net/a.js"></script>') }, 'fail', 'headers.sri.insecure'],
    ['SRI without a scheme', 'sri', { body: html('<script src="//cdn.example.net/a.js"></script>') }, 'warn', 'headers.sri.missing'],
    ['404 or 500 as the landing page', 'csp-present', { status: 500 }, 'inconclusive'],
  ])
})

describe('HSTS', () => {
  const strict: HostInput = { headers: { 'Strict-Transport-Security': { maxAgeMin: 31_536_000, includeSubDomains: true } } }
  const apex = (value: string, more: Case = {}): Case => ({ ...hsts(value), name: '@', ...more })
  const PRELOAD = 'max-age=31536000; includeSubDomains; preload'
  table([
    ['banana', 'hsts', hsts('max-age=banana'), 'fail', 'headers.hsts.invalid'],
    ['zero', 'hsts', hsts('max-age=0'), 'fail', 'headers.hsts.zero'],
    ['half a year where a year is declared', 'hsts', { ...hsts('max-age=15768000'), host: strict }, 'fail', 'headers.hsts.short'],
    ['a day where a day is declared', 'hsts', { ...hsts('max-age=86400'), host: { headers: { 'Strict-Transport-Security': { maxAgeMin: 86_400 } } } }, 'pass'],
    ['declared absent', 'hsts', { ...hsts(null), host: { headers: { 'Strict-Transport-Security': { absent: true } } } }, 'skip'],
    ['more than ten years', 'hsts', hsts('max-age=9999999999'), 'warn', 'headers.hsts.odd'],
    ['more than 32 bits is no overflow', 'hsts', hsts('max-age=63072000000'), 'warn', 'headers.hsts.odd'],
    ['a leading zero', 'hsts', hsts('max-age=031536000'), 'warn', 'headers.hsts.odd'],
    ['two years', 'hsts', hsts('max-age=63072000'), 'pass'],
    ['an unknown directive', 'hsts', hsts('max-age=31536000; x=y'), 'pass'],
    ['on a redirect to another host', 'hsts', { status: 301, headers: { location: 'https://example.com/' } }, 'pass'],
    ['missing on a redirect to another host', 'hsts', { status: 301, headers: { 'strict-transport-security': null } }, 'fail', 'headers.hsts.missing'],
    [
      'sent over http only, after a redirect back to it',
      'hsts',
      { before: [observation({ 'strict-transport-security': null }, { status: 302 })], url: 'http://www.example.com/' },
      'fail',
      'headers.hsts.missing',
    ],
    ['another threshold', 'hsts', { ...hsts('max-age=31536000'), options: { minSeconds: 63_072_000 } }, 'warn', 'headers.hsts.short'],
    ['subdomains not declared, not the domain itself', 'hsts-subdomains', hsts('max-age=31536000'), 'skip'],
    ['subdomains missing on the domain itself', 'hsts-subdomains', apex('max-age=31536000'), 'warn', 'headers.hsts.subdomains'],
    ['subdomains declared and missing', 'hsts-subdomains', { ...hsts('max-age=31536000'), host: strict }, 'fail', 'headers.hsts.subdomains'],
    ['subdomains in a broken value', 'hsts-subdomains', apex('includeSubDomains'), 'warn', 'headers.hsts.subdomains'],
    [
      'subdomains declared unwanted',
      'hsts-subdomains',
      { host: { headers: { 'Strict-Transport-Security': { includeSubDomains: false } } } },
      'fail',
      'headers.hsts.subdomains-unwanted',
    ],
    ['preload is never demanded', 'hsts-preload', apex('max-age=31536000'), 'pass'],
    ['preload on a name below says nothing', 'hsts-preload', hsts(PRELOAD), 'skip'],
    ['preload and all that the list asks', 'hsts-preload', apex(PRELOAD), 'pass'],
    ['preload with http closed', 'hsts-preload', apex(PRELOAD, { plain: failed('ECONNREFUSED') }), 'pass'],
    ['preload with http silent', 'hsts-preload', apex(PRELOAD, { plain: failed('TIMEOUT', 'deadline') }), 'inconclusive'],
    ['preload without subdomains', 'hsts-preload', apex('max-age=31536000; preload'), 'warn', 'headers.hsts.preload'],
    ['preload for half a year', 'hsts-preload', apex('max-age=15768000; includeSubDomains; preload'), 'warn', 'headers.hsts.preload'],
    ['preload with an invalid certificate', 'hsts-preload', apex(PRELOAD, { tls: { authorized: false } }), 'warn', 'headers.hsts.preload'],
    [
      'preload, http goes to another host first',
      'hsts-preload',
      apex(PRELOAD, { plain: ok(observation({ location: 'https://www.example.com/' }, { url: 'http://example.com/', status: 301 })) }),
      'warn',
      'headers.hsts.preload',
    ],
    [
      'preload declared and missing',
      'hsts-preload',
      { host: { headers: { 'Strict-Transport-Security': { preload: true } } } },
      'fail',
      'headers.hsts.preload-missing',
    ],
    ['errors without, not declared', 'hsts-responses', { looked: [look('/x', { 'strict-transport-security': null })] }, 'warn', 'headers.hsts.response'],
    [
      'errors without, declared',
      'hsts-responses',
      { host: strict, looked: [look('/x', { 'strict-transport-security': null })] },
      'fail',
      'headers.hsts.response',
    ],
    ['errors with max-age=0', 'hsts-responses', { looked: [look('/x', { 'strict-transport-security': 'max-age=0' })] }, 'warn', 'headers.hsts.response'],
    [
      'HEAD without',
      'hsts-responses',
      { looked: [look('/', { 'strict-transport-security': null }, { status: 200 }, 'HEAD')] },
      'warn',
      'headers.hsts.response',
    ],
    ['assets without', 'hsts-responses', { assets: { '/a.js': { 'strict-transport-security': null } } }, 'warn', 'headers.hsts.response'],
    [
      'the greeting redirect of the domain without',
      'hsts-responses',
      { name: '@', before: [observation({ 'strict-transport-security': null }, { status: 302, url: 'https://example.com/' })] },
      'fail',
      'headers.hsts.first-hop',
    ],
    [
      'a limiter in place of an error tells nothing',
      'hsts-responses',
      { looked: [look('/x', { 'strict-transport-security': null }, { status: 429 })] },
      'inconclusive',
    ],
    [
      'a limiter beside an error without',
      'hsts-responses',
      { looked: [look('/x', {}, { status: 429 }), look('/y', { 'strict-transport-security': null })] },
      'warn',
      'headers.hsts.response',
    ],
  ])
})

describe('Content-Security-Policy', () => {
  const strict: HostInput = { headers: { 'Content-Security-Policy': { strict: true } } }
  const nonced = `script-src 'nonce-${NONCE}'${REST}`
  const page = (nonce: string): string => html(`<script nonce="${nonce}">1</script>`)
  const other = { 'content-security-policy': "script-src 'nonce-YW5vdGhlciBub25jZSBoZXJl'" }
  const third = { 'content-security-policy': "script-src 'nonce-dGhlIHRoaXJkIG5vbmNlISE='" }
  table([
    ['missing', 'csp-present', csp(null), 'fail', 'headers.csp.missing'],
    ['declared absent', 'csp-present', csp(null, { host: { headers: { 'Content-Security-Policy': { present: false } } } }), 'skip'],
    [
      'in the document only',
      'csp-present',
      csp(null, { body: `<html><head><meta http-equiv="Content-Security-Policy" content="default-src 'self'"></head>` }),
      'warn',
      'headers.csp.meta-only',
    ],
    [
      'in the body it has no effect',
      'csp-present',
      csp(null, { body: html(`<meta http-equiv="Content-Security-Policy" content="default-src 'self'">`) }),
      'fail',
      'headers.csp.missing',
    ],
    [
      'in a comment it has no effect',
      'csp-present',
      csp(null, { body: `<html><head><!-- <meta http-equiv="Content-Security-Policy" content="default-src 'self'"> --></head>` }),
      'fail',
      'headers.csp.missing',
    ],
    ['not ASCII', 'csp-present', csp('default-src “self”'), 'fail', 'headers.csp.empty'],
    ['beside report-only', 'csp-present', { headers: { 'content-security-policy-report-only': "default-src 'none'" } }, 'pass'],
    ['none enforced', 'csp-script', csp(null), 'skip'],
    ['only frame-ancestors is no policy for scripts', 'csp-script', csp("frame-ancestors 'self'"), 'fail', 'headers.csp.unrestricted'],
    ['eval, declared strict', 'csp-script', csp("script-src 'self' 'unsafe-eval'", { host: strict }), 'fail', 'headers.csp.unsafe-eval'],
    ['eval for WebAssembly alone', 'csp-script', csp("script-src 'self' 'wasm-unsafe-eval'", { host: strict }), 'pass'],
    ['eval that a second policy withholds', 'csp-script', csp(["script-src 'self' 'unsafe-eval'", "script-src 'self'"]), 'pass'],
    ['inline that a second policy withholds', 'csp-script', csp("script-src 'self' 'unsafe-inline', script-src 'self'"), 'pass'],
    ['keywords in any case', 'csp-script', csp("SCRIPT-SRC 'Unsafe-Inline'"), 'fail', 'headers.csp.unsafe-inline'],
    ['handlers only', 'csp-script', csp("script-src 'self'; script-src-attr 'unsafe-inline'"), 'fail', 'headers.csp.unsafe-inline'],
    ['the compatible strict policy', 'csp-script', csp(`script-src 'strict-dynamic' 'nonce-${NONCE}' https: 'unsafe-inline'`), 'pass'],
    ['a short nonce', 'csp-script', csp("script-src 'nonce-MTIzNDU2Nzg='"), 'warn', 'headers.csp.weak-nonce'],
    ['a nonce of 16 bytes', 'csp-script', csp(nonced), 'pass'],
    ['an address', 'csp-script', csp("script-src 'self' 203.0.113.7"), 'warn', 'headers.csp.ip-source'],
    ['unsafe-hashes', 'csp-script', csp(`script-src 'unsafe-hashes' ${SHA256}`), 'warn', 'headers.csp.unsafe-hashes'],
    ['a host with old Angular', 'csp-script', csp("script-src 'self' ajax.googleapis.com"), 'warn', 'headers.csp.bypass'],
    ['such a host beside strict-dynamic, which switches it off', 'csp-script', csp(`script-src 'strict-dynamic' 'nonce-${NONCE}' ajax.googleapis.com`), 'pass'],
    ['one path on such a host', 'csp-script', csp("script-src 'self' https://ajax.googleapis.com/ajax/libs/jquery/3.7.1/jquery.min.js"), 'pass'],
    ['blob: is made by scripts that run already', 'csp-script', csp("script-src 'self' blob:"), 'pass'],
    ['an extension of the visitor', 'csp-script', csp("script-src 'self' chrome-extension:"), 'pass'],
    ['blob: beside data:', 'csp-script', csp("script-src 'self' blob: data:"), 'fail', 'headers.csp.any-host'],
    [
      'blob: for plugins (PDF in the page)',
      'csp-baseline',
      csp("default-src 'self'; object-src 'self' blob:; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"),
      'pass',
    ],
    [
      'base-uri that lets all in',
      'csp-baseline',
      csp("default-src 'self'; base-uri *; form-action 'self'; frame-ancestors 'self'"),
      'warn',
      'headers.csp.base-open',
    ],
    [
      'form-action that lets all in',
      'csp-baseline',
      csp("default-src 'self'; base-uri 'self'; form-action 'self' https:; frame-ancestors 'self'"),
      'warn',
      'headers.csp.form-open',
    ],
    [
      'and a second policy that does not',
      'csp-baseline',
      csp(["default-src 'self'; base-uri *; form-action 'self'; frame-ancestors 'self'", "base-uri 'none'"]),
      'pass',
    ],
    ['an empty base-uri lets nothing in', 'csp-baseline', csp("default-src 'self'; base-uri; form-action 'self'; frame-ancestors 'self'"), 'pass'],
    ['names that anybody can have', 'csp-script', csp("script-src 'self' https://*.github.io"), 'warn', 'headers.csp.shared-wildcard'],
    ['a whole registry', 'csp-script', csp("script-src 'self' *.com"), 'warn', 'headers.csp.shared-wildcard'],
    ['which a second policy withholds', 'csp-script', csp(["script-src 'self' *.com", "script-src 'self'"]), 'pass'],
    ['a wildcard of one owner', 'csp-script', csp("script-src 'self' *.example.org"), 'pass'],
    ['such a name beside strict-dynamic', 'csp-script', csp(`script-src 'strict-dynamic' 'nonce-${NONCE}' *.github.io`), 'pass'],
    ['a program of the visitor over http', 'csp-hygiene', csp("default-src 'self'; connect-src 'self' http://127.0.0.1:8080 ws://localhost:*"), 'pass'],
    ['a host of its own', 'csp-script', csp("script-src 'self' https://static.example.com"), 'pass'],
    ['base-uri missing', 'csp-baseline', csp("default-src 'self'; form-action 'self'; frame-ancestors 'self'"), 'warn', 'headers.csp.base-missing'],
    ['form-action missing', 'csp-baseline', csp("default-src 'self'; base-uri 'self'; frame-ancestors 'self'"), 'warn', 'headers.csp.form-missing'],
    ['frame-ancestors missing', 'csp-baseline', csp("default-src 'self'; base-uri 'self'; form-action 'self'"), 'warn', 'headers.csp.ancestors-missing'],
    ['default-src covers plugins', 'csp-baseline', csp("default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"), 'pass'],
    ['parts in two policies', 'csp-baseline', csp(["default-src 'self'", "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"]), 'pass'],
    ['a semicolon forgotten', 'csp-hygiene', csp("default-src 'self' img-src 'self'"), 'warn', 'headers.csp.syntax'],
    ['quotes forgotten', 'csp-hygiene', csp('default-src self'), 'warn', 'headers.csp.syntax'],
    ['none beside others', 'csp-hygiene', csp("default-src 'none' example.com"), 'warn', 'headers.csp.syntax'],
    ['a misspelt keyword', 'csp-hygiene', csp("default-src 'self' 'unsafe-inlin'"), 'warn', 'headers.csp.syntax'],
    ['an unknown directive', 'csp-hygiene', csp("default-src 'self'; image-src 'self'"), 'warn', 'headers.csp.syntax'],
    ['block-all-mixed-content', 'csp-hygiene', csp("default-src 'self'; block-all-mixed-content"), 'warn', 'headers.csp.deprecated'],
    [
      'plain http host that is upgraded',
      'csp-hygiene',
      csp("default-src 'self' http://cdn.example.net; upgrade-insecure-requests"),
      'warn',
      'headers.csp.http-passive',
    ],
    ['unsafe-inline styles that a nonce switches off', 'csp-hygiene', csp(`default-src 'self'; style-src 'unsafe-inline' 'nonce-${NONCE}'`), 'pass'],
    ['no word of styles', 'csp-hygiene', csp("script-src 'self'"), 'pass'],
    [
      'modern directives are known',
      'csp-hygiene',
      csp("default-src 'self'; require-trusted-types-for 'script'; trusted-types default 'allow-duplicates'; sandbox allow-scripts; worker-src blob:"),
      'pass',
    ],
    [
      'frame-ancestors in the document',
      'csp-hygiene',
      { body: `<html><head><meta http-equiv="Content-Security-Policy" content="frame-ancestors 'none'"></head>` },
      'warn',
      'headers.csp.meta-ignored',
    ],
    ['no nonce', 'csp-nonce-fresh', {}, 'skip'],
    ['another nonce each time', 'csp-nonce-fresh', csp(nonced, { body: page(NONCE), again: other, fresh: third }), 'pass'],
    ['the same nonce always', 'csp-nonce-fresh', csp(nonced, { body: page(NONCE) }), 'fail', 'headers.csp.nonce-constant'],
    ['the same nonce from a cache', 'csp-nonce-fresh', csp(nonced, { body: page(NONCE), fresh: third }), 'fail', 'headers.csp.nonce-cached'],
    [
      'no nonce to compare with',
      'csp-nonce-fresh',
      csp(nonced, { body: page(NONCE), again: { 'content-security-policy': null }, fresh: { 'content-security-policy': null } }),
      'inconclusive',
    ],
    ['a script with an old nonce', 'csp-nonce-fresh', csp(nonced, { body: page('b2xk'), again: other, fresh: third }), 'fail', 'headers.csp.nonce-mismatch'],
    [
      'data with an old nonce runs nothing',
      'csp-nonce-fresh',
      csp(nonced, { body: html('<script type="application/json" nonce="b2xk">{}</script>'), again: other, fresh: third }),
      'pass',
    ],
    ['a nonce of its own each time is steady', 'steadiness', csp(nonced, { again: other, fresh: third }), 'pass'],
    ['no policy the second time', 'steadiness', { again: { 'content-security-policy': null } }, 'fail', 'headers.steadiness.differs'],
    [
      'HSTS the second time alone',
      'steadiness',
      { headers: { 'strict-transport-security': null }, again: { 'strict-transport-security': 'max-age=1' } },
      'fail',
      'headers.steadiness.differs',
    ],
    ['another value', 'steadiness', { again: { 'x-frame-options': 'DENY' } }, 'fail', 'headers.steadiness.differs'],
    ['past the cache alone', 'steadiness', { fresh: { 'referrer-policy': null } }, 'warn', 'headers.steadiness.by-query'],
    ['headers that are no policy', 'steadiness', { again: { server: 'nginx-2' } }, 'pass'],
    [
      'nothing of policy, every time',
      'steadiness',
      { headers: Object.fromEntries(Object.keys(HEALTHY).map((name) => [name, name === 'content-type' ? 'text/html' : null])) },
      'pass',
    ],
    [
      'another page the second time',
      'steadiness',
      { again: { 'content-type': 'application/json' }, fresh: { 'content-type': 'application/json' } },
      'inconclusive',
    ],
    ['no reports asked for', 'csp-report-endpoint', {}, 'skip'],
    ['report-to without endpoint', 'csp-report-endpoint', csp("default-src 'self'; report-to csp"), 'warn', 'headers.csp.report-dangling'],
    [
      'report-to with another endpoint',
      'csp-report-endpoint',
      csp("default-src 'self'; report-to csp", header('reporting-endpoints', 'default="/r"')),
      'warn',
      'headers.csp.report-dangling',
    ],
    [
      'report-to with the older header',
      'csp-report-endpoint',
      csp("default-src 'self'; report-to csp", header('report-to', '{"group":"csp","max_age":1,"endpoints":[{"url":"https://r.example.com"}]}')),
      'pass',
    ],
    ['reports over plain http', 'csp-report-endpoint', csp("default-src 'self'; report-uri http://r.example.com/"), 'warn', 'headers.csp.report-insecure'],
  ])
})

describe('frames', () => {
  const APP = 'https://app.example.com'
  const embed = (csp_: object): HostInput => ({ headers: { 'Content-Security-Policy': csp_ as { strict: boolean } } })
  const declared = embed({ frameAncestorsInclude: [APP], frameAncestorsExclude: ['*'] })
  const both = (ancestors: string, options: string | null, host: HostInput = declared): Case =>
    csp(`default-src 'self'; frame-ancestors ${ancestors}`, { headers: { 'x-frame-options': options }, host })
  table([
    ['named origins', 'framing', both(`'self' ${APP}`, null), 'pass'],
    ['named origins beside DENY, declared', 'framing', both(`'self' ${APP}`, 'DENY'), 'fail', 'headers.framing.contradiction'],
    ['named origins beside SAMEORIGIN, not declared', 'framing', both(`'self' ${APP}`, 'SAMEORIGIN', {}), 'warn', 'headers.framing.contradiction'],
    ['self beside SAMEORIGIN', 'framing', both("'self'", 'SAMEORIGIN', {}), 'pass'],
    ['none beside SAMEORIGIN', 'framing', both("'none'", 'SAMEORIGIN', {}), 'pass'],
    ['https:', 'framing', both('https:', null, {}), 'fail', 'headers.framing.any'],
    ['every name below', 'framing', both('https://*.example.com', null, {}), 'warn', 'headers.framing.wildcard'],
    ['ALLOW-FROM beside named origins', 'framing', both(APP, `ALLOW-FROM ${APP}`, {}), 'warn', 'headers.framing.ignored'],
    ['identical duplicates', 'framing', csp(null, header('x-frame-options', ['DENY', 'DENY'])), 'pass'],
    ['exactly the declared', 'embedding', both(`'self' ${APP}`, null), 'pass'],
    ['by a name pattern', 'embedding', both('https://*.example.com', null), 'pass'],
    ['the declared one is missing', 'embedding', both("'self'", null), 'fail', 'headers.embedding.blocked'],
    ['the declared one over http only', 'embedding', both('http://app.example.com:8080', null), 'fail', 'headers.embedding.blocked'],
    [
      'a second policy keeps it out',
      'embedding',
      { ...both(APP, null), headers: { 'content-security-policy': [`frame-ancestors ${APP}`, "frame-ancestors 'self'"], 'x-frame-options': null } },
      'fail',
      'headers.embedding.blocked',
    ],
    ['a wildcard', 'embedding', both('*', null), 'fail', 'headers.embedding.open'],
    ['a whole scheme', 'embedding', both(`${APP} https:`, null), 'fail', 'headers.embedding.open'],
    [
      'an excluded origin by a pattern',
      'embedding',
      both('https://*.example.com', null, embed({ frameAncestorsExclude: ['https://old.example.com'] })),
      'fail',
      'headers.embedding.open',
    ],
    ['an excluded origin kept out', 'embedding', both(APP, null, embed({ frameAncestorsExclude: ['https://old.example.com'] })), 'pass'],
    ['nothing restricts it', 'embedding', csp(null, { headers: { 'x-frame-options': null }, host: declared }), 'fail', 'headers.embedding.unrestricted'],
    [
      'X-Frame-Options alone keeps it out',
      'embedding',
      csp(null, { headers: { 'x-frame-options': 'SAMEORIGIN' }, host: declared }),
      'fail',
      'headers.embedding.blocked',
    ],
    ['X-Frame-Options is overruled', 'embedding', both(APP, 'DENY'), 'pass'],
    ['nothing declared', 'embedding', {}, 'skip'],
  ])
})

describe('further answers of the host', () => {
  const declared: HostInput = { headers: { 'X-Frame-Options': 'DENY', 'X-Content-Type-Options': 'nosniff' } }
  const DENY = { 'x-frame-options': 'DENY' }
  const on = (looked: Looked, more: Case = {}): Case => ({ ...more, headers: { ...DENY, ...more.headers }, looked: [looked] })
  const api: HostInput = { ...declared, apiPaths: ['/api/x'] }
  const data = (headers: Values): Looked =>
    look('/api/x', { ...DENY, 'content-type': 'application/json', ...headers }, { status: 200, body: Buffer.from('{}') })
  table([
    ['an error with everything', 'error-responses', on(look('/x', DENY), { host: declared }), 'pass'],
    [
      'an error without a declared header',
      'error-responses',
      on(look('/x', { 'x-frame-options': null }), { host: declared }),
      'fail',
      'headers.errors.declared',
    ],
    [
      'an error with another value',
      'error-responses',
      on(look('/x', { 'x-frame-options': 'SAMEORIGIN' }), { host: declared }),
      'fail',
      'headers.errors.declared',
    ],
    ['an error without a header of the document', 'error-responses', on(look('/x', { 'content-security-policy': null })), 'warn', 'headers.errors.lost'],
    [
      'an error without a header that the document lacks too',
      'error-responses',
      { headers: { 'content-security-policy': null }, looked: [look('/x', { 'content-security-policy': null })] },
      'pass',
    ],
    [
      'an error in JSON needs no policy',
      'error-responses',
      on(look('/x', { 'content-type': 'application/json', 'content-security-policy': null, 'referrer-policy': null, 'x-frame-options': null })),
      'pass',
    ],
    [
      'an error in JSON without nosniff',
      'error-responses',
      on(look('/x', { 'content-type': 'application/json', 'x-content-type-options': null })),
      'warn',
      'headers.errors.lost',
    ],
    [
      'a redirect needs no policy that is not declared',
      'error-responses',
      on(look('/x', { 'content-security-policy': null, 'x-frame-options': null }, { status: 302 })),
      'pass',
    ],
    [
      'a redirect before the document without a declared header',
      'error-responses',
      {
        ...on(look('/x', DENY), { host: declared }),
        before: [observation({ 'x-content-type-options': null }, { status: 302, url: 'https://www.example.com/' })],
      },
      'fail',
      'headers.errors.declared',
    ],
    [
      'declared absent is not asked for',
      'error-responses',
      { host: { headers: { 'X-Frame-Options': { absent: true } } }, headers: { 'x-frame-options': null }, looked: [look('/x', { 'x-frame-options': null })] },
      'pass',
    ],
    [
      'a 503 that is declared is judged',
      'error-responses',
      { looked: [{ ...look('/x', { 'x-content-type-options': null }, { status: 503 }), right: [503] }] },
      'warn',
      'headers.errors.lost',
    ],
    ['assets with everything', 'assets', { headers: DENY, host: declared, assets: { '/a.js': DENY } }, 'pass'],
    [
      'assets without a declared header',
      'assets',
      { headers: DENY, host: declared, assets: { '/a.js': { 'x-frame-options': null } } },
      'fail',
      'headers.assets.declared',
    ],
    ['assets without nosniff', 'assets', { assets: { '/a.js': { 'x-content-type-options': null } } }, 'warn', 'headers.assets.lost'],
    [
      'assets need no policy that is not declared',
      'assets',
      { assets: { '/a.js': { 'content-security-policy': null, 'x-frame-options': null, 'referrer-policy': null } } },
      'pass',
    ],
    ['no assets', 'assets', {}, 'skip'],
    ['another backend with everything', 'paths', { headers: DENY, host: api, looked: [data({})] }, 'pass'],
    [
      'another backend without a declared header',
      'paths',
      { headers: DENY, host: api, looked: [data({ 'x-frame-options': null })] },
      'fail',
      'headers.paths.declared',
    ],
    [
      'another backend without nosniff, not declared',
      'paths',
      { host: { apiPaths: ['/api/x'] }, looked: [data({ 'x-content-type-options': null })] },
      'warn',
      'headers.paths.lost',
    ],
    [
      'a header declared for the path',
      'paths',
      { host: { paths: { '/api/x': { headers: { 'Cache-Control': 'no-store' } } } }, looked: [data({})] },
      'fail',
      'headers.paths.declared',
    ],
    [
      'a header declared for the path, sent',
      'paths',
      { host: { paths: { '/api/x': { headers: { 'Cache-Control': 'no-store' } } } }, looked: [data({ 'cache-control': 'no-store' })] },
      'pass',
    ],
    ['no other backend could be asked', 'paths', { host: api, looked: [{ path: '/api/x', seen: failed('ECONNRESET') }] }, 'inconclusive'],
    ['HEAD like GET', 'methods', on(look('/', DENY, { status: 200, body: Buffer.from('') }, 'HEAD'), { host: declared }), 'pass'],
    [
      'HEAD without a declared header',
      'methods',
      on(look('/', { 'x-frame-options': null }, { status: 200, body: Buffer.from('') }, 'HEAD'), { host: declared }),
      'fail',
      'headers.methods.declared',
    ],
    [
      'HEAD without the policy of GET',
      'methods',
      on(look('/', { 'content-security-policy': null }, { status: 200, body: Buffer.from('') }, 'HEAD')),
      'warn',
      'headers.methods.lost',
    ],
    [
      'OPTIONS without a body needs nothing that is not declared',
      'methods',
      on(
        look('/', { 'content-type': null, 'content-security-policy': null, 'x-content-type-options': null }, { status: 204, body: Buffer.from('') }, 'OPTIONS'),
      ),
      'pass',
    ],
    [
      'OPTIONS without a declared header',
      'methods',
      on(look('/', { 'x-content-type-options': null }, { status: 204, body: Buffer.from('') }, 'OPTIONS'), { host: declared }),
      'fail',
      'headers.methods.declared',
    ],
    [
      'HEAD without nosniff',
      'methods',
      on(look('/', { 'x-content-type-options': null }, { status: 200, body: Buffer.from('') }, 'HEAD')),
      'warn',
      'headers.methods.lost',
    ],
    [
      'only one of two methods was answered',
      'methods',
      { looked: [look('/', {}, { status: 200 }, 'HEAD'), { path: '/', method: 'OPTIONS', seen: failed('ECONNRESET') }] },
      'inconclusive',
    ],
    ['only one of two errors could be judged', 'error-responses', { looked: [look('/x'), look('/y', {}, { status: 503 })] }, 'inconclusive'],
    [
      'only one of two backends answered',
      'paths',
      { host: { apiPaths: ['/api/x', '/api/y'] }, looked: [data({}), look('/api/y', {}, { status: 503 })] },
      'inconclusive',
    ],
    ['no other method was answered', 'methods', { looked: [{ path: '/', method: 'HEAD', seen: failed('TIMEOUT', 'deadline') }] }, 'inconclusive'],
  ])
})

describe('the declared profile', () => {
  const host = (headers: NonNullable<HostInput['headers']>): Case => ({ host: { headers } })
  table([
    ['exact values', 'profile', host({ 'X-Frame-Options': 'SAMEORIGIN', 'Referrer-Policy': { present: true }, Server: { regex: '^nginx$' } }), 'pass'],
    ['names in any case', 'profile', host({ 'x-FRAME-options': 'SAMEORIGIN' }), 'pass'],
    ['another value', 'profile', host({ 'X-Frame-Options': 'DENY' }), 'fail', 'headers.profile.differs'],
    ['not sent', 'profile', host({ 'X-XSS-Protection': '1; mode=block' }), 'fail', 'headers.profile.missing'],
    ['declared absent, sent', 'profile', host({ Server: { absent: true } }), 'fail', 'headers.profile.forbidden'],
    ['an exact HSTS', 'profile', host({ 'Strict-Transport-Security': { equals: 'max-age=31536000; includeSubDomains', maxAgeMin: 1 } }), 'pass'],
    ['an exact policy that differs', 'profile', host({ 'Content-Security-Policy': { equals: "default-src 'none'" } }), 'fail', 'headers.profile.differs'],
    [
      'the same value twice is not another value',
      'profile',
      { ...host({ 'X-Frame-Options': 'DENY' }), ...header('x-frame-options', ['DENY', 'DENY']) },
      'pass',
    ],
    [
      'two values are never the declared one',
      'profile',
      { ...host({ 'X-Frame-Options': 'DENY' }), ...header('x-frame-options', ['DENY', 'SAMEORIGIN']) },
      'fail',
      'headers.profile.differs',
    ],
    ['an expression that cannot be read', 'profile', host({ Server: { regex: '(' } }), 'inconclusive'],
    ['nothing exact declared', 'profile', host({ 'Strict-Transport-Security': { maxAgeMin: 1 } }), 'skip'],
  ])
})

describe('types, repetitions, grammar, size', () => {
  const type = (value: string | readonly string[] | null, more: Case = {}): Case => ({ ...more, headers: { 'content-type': value } })
  const api: HostInput = { kind: 'api' }
  table([
    ['missing', 'content-type', type(null), 'fail', 'headers.content-type.missing'],
    ['missing on an empty body', 'content-type', type(null, { body: '', status: 204 }), 'pass'],
    ['no media type', 'content-type', type('html'), 'fail', 'headers.content-type.invalid'],
    ['no charset', 'content-type', type('text/html'), 'warn', 'headers.content-type.charset-missing'],
    ['charset in any case', 'content-type', type('text/html;CHARSET="UTF-8"'), 'pass'],
    ['an unknown charset', 'content-type', type('text/html; charset=utf-9'), 'warn', 'headers.content-type.charset-unknown'],
    ['another known charset', 'content-type', type('text/html; charset=iso-8859-1'), 'pass'],
    ['a broken parameter', 'content-type', type('text/html; charset=utf-8; charset=utf-8'), 'warn', 'headers.content-type.flawed'],
    ['JSON needs no charset', 'content-type', type('application/json', { body: '{"a":1}', host: api }), 'pass'],
    ['JSON called a page', 'content-type', type('text/html; charset=utf-8', { body: '{"a":"<b>"}' }), 'fail', 'headers.content-type.html-for-data'],
    ['a page about the interface at its entry', 'content-type', type('text/html; charset=utf-8', { host: api }), 'pass'],
    [
      'a page on a path declared as JSON',
      'content-type',
      { host: { paths: { '/api/x': { contentType: 'application/json' } } }, looked: [look('/api/x', {}, { status: 200 })] },
      'fail',
      'headers.content-type.html-for-data',
    ],
    ['a page on another declared path', 'content-type', { host: { paths: { '/docs': {} } }, looked: [look('/docs', {}, { status: 200 })] }, 'pass'],
    ['a page called JSON', 'content-type', type('application/json', { host: api }), 'fail', 'headers.content-type.data-for-html'],
    [
      'a page fallback on an API path',
      'content-type',
      { host: { apiPaths: ['/api/x'] }, looked: [look('/api/x', {}, { status: 200 })] },
      'fail',
      'headers.content-type.html-for-data',
    ],
    ['an error page on an API path', 'content-type', { host: { apiPaths: ['/api/x'] }, looked: [look('/api/x', {}, { status: 404 })] }, 'pass'],
    ['a script called plain text', 'content-type', { assets: { '/a.js': { 'content-type': 'text/plain' } } }, 'fail', 'headers.content-type.asset'],
    ['a script without a type', 'content-type', { assets: { '/a.js': { 'content-type': null } } }, 'fail', 'headers.content-type.asset'],
    ['a script of the old type', 'content-type', { assets: { '/a.js': { 'content-type': 'application/x-javascript; charset=utf-8' } } }, 'pass'],
    [
      'a script called plain text without nosniff still loads',
      'content-type',
      { assets: { '/a.js': { 'content-type': 'text/plain', 'x-content-type-options': null } } },
      'pass',
    ],
    ['once each', 'duplicates', {}, 'pass'],
    ['the same twice', 'duplicates', header('x-content-type-options', ['nosniff', 'nosniff']), 'warn', 'headers.duplicates.repeated'],
    ['two HSTS', 'duplicates', hsts(['max-age=31536000', 'max-age=600']), 'fail', 'headers.duplicates.conflict'],
    ['two types', 'duplicates', header('content-type', ['text/html; charset=utf-8', 'text/plain']), 'fail', 'headers.duplicates.conflict'],
    ['twice on errors only', 'duplicates', { looked: [look('/x', { 'x-frame-options': ['DENY', 'SAMEORIGIN'] })] }, 'fail', 'headers.duplicates.conflict'],
    ['several policies are allowed', 'duplicates', csp(["default-src 'self'", "frame-ancestors 'self'"]), 'pass'],
    ['the same policy twice', 'duplicates', csp(["default-src 'self'", "default-src 'self'"]), 'warn', 'headers.duplicates.repeated'],
    [
      'lists may come in parts',
      'duplicates',
      { headers: { vary: ['Origin', 'Accept'], 'set-cookie': ['a=1', 'b=2'], link: ['<a>', '<b>'], 'cache-control': ['no-cache', 'private'] } },
      'pass',
    ],
    ['a fallback list of referrer policies', 'duplicates', header('referrer-policy', 'no-referrer, strict-origin-when-cross-origin'), 'pass'],
    ['a comma in a date', 'duplicates', { headers: { 'last-modified': 'Sat, 21 Nov 2026 12:00:00 GMT' } }, 'pass'],
    ['the old filter', 'deprecated', header('x-xss-protection', '1; mode=block'), 'warn', 'headers.deprecated.xss-filter'],
    ['the old filter off', 'deprecated', header('x-xss-protection', '0'), 'pass'],
    [
      'the old filter, declared',
      'deprecated',
      { ...header('x-xss-protection', '1; mode=block'), host: { headers: { 'X-XSS-Protection': '1; mode=block' } } },
      'pass',
    ],
    ['Expect-CT', 'deprecated', header('expect-ct', 'max-age=1'), 'warn', 'headers.deprecated.present'],
    ['pins', 'deprecated', header('public-key-pins', 'max-age=1'), 'warn', 'headers.deprecated.present'],
    ['what must not be missed: nothing', 'deprecated', header('x-permitted-cross-domain-policies', 'none'), 'pass'],
    ['a message that breaks the grammar', 'malformed', { more: { malformed: 'a space before the colon' } }, 'fail', 'headers.malformed.message'],
    ['a control character', 'malformed', header('x-a', 'a\u0000b'), 'fail', 'headers.malformed.field'],
    ['a name that is no token', 'malformed', header('x a', 'b'), 'fail', 'headers.malformed.field'],
    ['bytes beyond ASCII', 'malformed', header('x-a', 'é'), 'warn', 'headers.malformed.non-ascii'],
    ['a tab', 'malformed', header('x-a', 'a\tb'), 'pass'],
    ['a large policy', 'size', header('x-a', 'a'.repeat(9000)), 'warn', 'headers.size.large'],
    ['beyond what clients take', 'size', header('x-a', 'a'.repeat(17_000)), 'fail', 'headers.size.too-large'],
    ['another limit', 'size', { options: { warnBytes: 10 } }, 'warn', 'headers.size.large'],
  ])
})

test('a policy for frames alone weighs as much as none', () => {
  const severityOf = (id: string, value: string | null): string | undefined => {
    const verdict = judge(id, { headers: { 'content-security-policy': value } })
    return verdict.outcome === 'fail' ? (verdict.severity ?? checks.get(`headers/${id}`)?.severity) : undefined
  }
  expect(severityOf('csp-script', "frame-ancestors 'self'; object-src 'none'")).toBe('medium')
  expect(severityOf('csp-present', null)).toBe('medium')
  expect(severityOf('csp-script', "script-src 'unsafe-inline'")).toBe('high')
})

describe('what headers tell', () => {
  const version = (name: string, value: string): Short => [`${name}: ${value}`, 'version-disclosure', header(name, value), 'warn', 'headers.version']
  const quiet = (name: string, value: string): Short => [`${name}: ${value}`, 'version-disclosure', header(name, value), 'pass']
  table([
    version('server', 'nginx/1.24.0'),
    version('server', 'Apache/2.4.58 (Debian) OpenSSL/3.0.11'),
    version('x-powered-by', 'PHP/8.2.7'),
    version('x-powered-by', 'Next.js 14.2'),
    version('x-aspnet-version', '4.0.30319'),
    version('x-generator', 'Drupal 10.1 (https://www.drupal.org)'),
    version('x-generator', 'Drupal 10 (https://www.drupal.org)'),
    version('via', '1.1 varnish (Varnish/6.0)'),
    version('via', `${'a'.repeat(65_536)} varnish/6.0`),
    quiet('via', `1.1 ${'a'.repeat(65_536)}`),
    quiet('x-powered-by', 'WP Engine'),
    quiet('x-generator', 'Drupal'),
    quiet('x-powered-by', 'Studio 3T'),
    quiet('server', 'nginx'),
    quiet('server', 'cloudflare'),
    quiet('server', 'GitHub.com'),
    quiet('x-powered-by', 'Express'),
    quiet('via', '1.1 Caddy'),
    quiet('via', '2 edge-3.example.net, HTTP/1.1 proxy'),
    ['on errors only', 'version-disclosure', { looked: [look('/x', { server: 'nginx/1.24.0' })] }, 'warn', 'headers.version'],
    ['declared', 'version-disclosure', { ...header('server', 'nginx/1.24.0'), host: { headers: { Server: 'nginx/1.24.0' } } }, 'pass'],
    ['a backend', 'internal-leak', header('x-backend-server', 'web-3'), 'warn', 'headers.internal.names'],
    ['a mesh', 'internal-leak', header('x-envoy-upstream-service-time', '3'), 'warn', 'headers.internal.names'],
    ['a debugger', 'internal-leak', header('x-debug-token-link', '/_profiler/1'), 'warn', 'headers.internal.debug'],
    ['a source map', 'internal-leak', header('sourcemap', '/a.js.map'), 'warn', 'headers.internal.debug'],
    ['a private address', 'internal-leak', header('x-served-by', 'http://172.20.0.3:3000'), 'warn', 'headers.internal.address'],
    ['a public address', 'internal-leak', header('x-served-by', '203.0.113.7'), 'pass'],
    ['four numbers that are no private address', 'internal-leak', header('x-build', '110.10.1.1.2'), 'pass'],
    ['an address in a policy', 'internal-leak', csp("default-src 'self' 10.0.0.1"), 'pass'],
    ['a request id', 'internal-leak', { headers: { 'x-request-id': 'b1946ac92492d234', traceparent: '00-0af7651916cd43dd-b7ad6b7169203331-01' } }, 'pass'],
    ['TRACE that echoes', 'trace-method', { body: 'TRACE / HTTP/1.1\r\nx-postproof: postproof-echo-3f9c0d1e\r\n' }, 'fail', 'headers.trace.echo'],
    ['TRACE refused', 'trace-method', { status: 405, body: '' }, 'pass'],
    ['TRACE refused as not implemented', 'trace-method', { status: 501, body: '' }, 'pass'],
    ['TRACE answered with the page', 'trace-method', {}, 'pass'],
    ['TRACE met a limiter', 'trace-method', { status: 429, body: '' }, 'inconclusive'],
  ])
})

describe('referrers, permissions, isolation, types not guessed', () => {
  const meta = (content: string): string => `<html><head><meta name="referrer" content="${content}"></head>`
  table([
    ['origin-when-cross-origin', 'referrer-policy', header('referrer-policy', 'origin-when-cross-origin'), 'warn', 'headers.referrer.leaks'],
    ['origin', 'referrer-policy', header('referrer-policy', 'origin'), 'fail', 'headers.referrer.leaks'],
    ['no-referrer-when-downgrade', 'referrer-policy', header('referrer-policy', 'no-referrer-when-downgrade'), 'fail', 'headers.referrer.leaks'],
    ['the last of several fields', 'referrer-policy', header('referrer-policy', ['unsafe-url', 'same-origin']), 'pass'],
    ['the document overrules the header', 'referrer-policy', { body: meta('unsafe-url') }, 'fail', 'headers.referrer.leaks'],
    ['the document overrules the header, for better', 'referrer-policy', { ...header('referrer-policy', 'unsafe-url'), body: meta('no-referrer') }, 'pass'],
    ['nonsense in the document does not count', 'referrer-policy', { body: meta('whatever') }, 'pass'],
    ['a semicolon belongs to the value', 'nosniff', header('x-content-type-options', 'nosniff;'), 'fail', 'headers.nosniff.invalid'],
    ['quotes too', 'nosniff', header('x-content-type-options', '"nosniff"'), 'fail', 'headers.nosniff.invalid'],
    ['the first value decides', 'nosniff', header('x-content-type-options', ['none', 'nosniff']), 'fail', 'headers.nosniff.invalid'],
    ['in any case', 'nosniff', header('x-content-type-options', 'NoSniff'), 'pass'],
    ['absent', 'permissions-policy', header('permissions-policy', null), 'pass'],
    ['in the old syntax', 'permissions-policy', header('permissions-policy', "camera 'none'"), 'fail', 'headers.permissions.invalid'],
    ['camera for everybody', 'permissions-policy', header('permissions-policy', 'camera=*'), 'warn', 'headers.permissions.any'],
    ['fullscreen for everybody', 'permissions-policy', header('permissions-policy', 'fullscreen=*'), 'pass'],
    ['a value of another kind', 'permissions-policy', header('permissions-policy', 'camera=1'), 'warn', 'headers.permissions.flawed'],
    [
      'only the old header',
      'permissions-policy',
      { headers: { 'permissions-policy': null, 'feature-policy': "camera 'none'" } },
      'warn',
      'headers.permissions.old-only',
    ],
    ['COOP absent', 'coop', header('cross-origin-opener-policy', null), 'pass'],
    ['COOP for popups', 'coop', header('cross-origin-opener-policy', 'same-origin-allow-popups; report-to="x"'), 'pass'],
    ['COOP off in so many words', 'coop', header('cross-origin-opener-policy', 'unsafe-none'), 'warn', 'headers.coop.open'],
    [
      'COOP off, declared',
      'coop',
      { ...header('cross-origin-opener-policy', 'unsafe-none'), host: { headers: { 'Cross-Origin-Opener-Policy': 'unsafe-none' } } },
      'pass',
    ],
    ['COEP absent', 'coep', {}, 'pass'],
    ['COEP credentialless', 'coep', header('cross-origin-embedder-policy', 'credentialless'), 'pass'],
    ['COEP off in so many words', 'coep', header('cross-origin-embedder-policy', 'unsafe-none'), 'warn', 'headers.coep.open'],
    ['CORP same-site', 'corp', header('cross-origin-resource-policy', 'same-site'), 'pass'],
    ['CORP open in so many words', 'corp', header('cross-origin-resource-policy', 'cross-origin'), 'warn', 'headers.corp.open'],
  ])
})

describe('what the page loads', () => {
  const body = (markup: string, more: Case = {}): Case => ({ ...more, body: html(markup) })
  const HASH = `sha384-${Buffer.alloc(48, 7).toString('base64')}`
  const CDN = 'https://cdn.example.net/a.js'
  table([
    ['nothing over http', 'mixed-content', body('<img src="/a.png"><a href="http://example.net/">x</a>'), 'pass'],
    ['a picture', 'mixed-content', body('<img src="http://example.net/a.png">'), 'warn', 'headers.mixed-content.passive'],
    ['an icon', 'mixed-content', { body: '<html><head><link rel="icon" href="http://example.net/a.ico"></head>' }, 'warn', 'headers.mixed-content.passive'],
    ['a script', 'mixed-content', body('<script src="http://example.net/a.js"></script>'), 'fail', 'headers.mixed-content.active'],
    ['a style', 'mixed-content', body('<link rel="stylesheet" href="http://example.net/a.css">'), 'fail', 'headers.mixed-content.active'],
    ['a frame', 'mixed-content', body('<iframe src="http://example.net/"></iframe>'), 'fail', 'headers.mixed-content.active'],
    ['a form', 'mixed-content', body('<form action="http://www.example.com/login"></form>'), 'fail', 'headers.mixed-content.form'],
    [
      'through the base of the page',
      'mixed-content',
      { body: '<html><head><base href="http://example.net/"><script src="a.js"></script></head>' },
      'fail',
      'headers.mixed-content.active',
    ],
    [
      'links that load nothing',
      'mixed-content',
      body('<link rel="canonical" href="http://www.example.com/"><link rel="preconnect" href="http://example.net/">'),
      'pass',
    ],
    ['in a comment', 'mixed-content', body('<!-- <script src="http://example.net/a.js"></script> -->'), 'pass'],
    ['in the text of a script', 'mixed-content', body('<script>document.write(\'<img src="http://example.net/a.png">\')</script>'), 'pass'],
    [
      'upgraded by the policy',
      'mixed-content',
      csp("default-src 'self'; upgrade-insecure-requests", body('<script src="http://example.net/a.js"></script>')),
      'pass',
    ],
    ['a page too large to be read', 'mixed-content', { more: { truncated: true } }, 'inconclusive'],
    [
      'a page too large to be read, with a script over http',
      'mixed-content',
      body('<script src="http://example.net/a.js"></script>', { more: { truncated: true } }),
      'fail',
      'headers.mixed-content.active',
    ],
    ['a page too large to be read', 'sri', { more: { truncated: true } }, 'inconclusive'],
    ['with hash and crossorigin', 'sri', body(`<script src="${CDN}" integrity="${HASH}" crossorigin></script>`), 'pass'],
    ['without', 'sri', body(`<script src="${CDN}"></script>`), 'warn', 'headers.sri.missing'],
    ['a script that stands in its own address', 'sri', body('<script src="data:text/javascript,1"></script>'), 'pass'],
    ['a link that is no style', 'sri', body(`<link rel="preconnect" href="https://cdn.example.net/">`), 'pass'],
    ['a style without', 'sri', body('<link rel="stylesheet" href="https://cdn.example.net/a.css">'), 'warn', 'headers.sri.missing'],
    ['a hash without crossorigin', 'sri', body(`<script src="${CDN}" integrity="${HASH}"></script>`), 'fail', 'headers.sri.crossorigin'],
    ['an unknown algorithm', 'sri', body(`<script src="${CDN}" integrity="md5-abc" crossorigin></script>`), 'fail', 'headers.sri.useless'],
    ['a hash that cannot match, on its own file', 'sri', body('<script src="/a.js" integrity="sha384-abc"></script>'), 'fail', 'headers.sri.useless'],
    ['a script that changes daily', 'sri', body('<script src="https://js.stripe.com/v3/"></script>'), 'pass'],
    [
      'another host of the target',
      'sri',
      body('<script src="https://static.example.com/a.js"></script>', { target: { hosts: { www: {}, static: {} } } }),
      'pass',
    ],
    ['a picture of another site', 'sri', body('<img src="https://cdn.example.net/a.png">'), 'pass'],
    ['inline', 'sri', body('<script>1</script>'), 'pass'],
  ])
})

test('every code of the suite is reached by a case, and belongs to one check', () => {
  const codes = [...checks.values()].flatMap((check) => Object.keys(check.codes))
  expect(new Set(codes).size).toBe(codes.length)
  expect(codes.filter((code) => !reached.has(code))).toEqual([])
})
