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
      url: `https://${host.fqdn}${path}`,
      seen: ok(observation({ 'content-type': 'text/javascript', ...headers }, { url: `https://${host.fqdn}${path}`, body: Buffer.from('') })),
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
    chainSource: 'library',
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
  const seen = { chain, tls: ok(tls), plain, others: looked, errors: looked, looked, assets: ok(assets), found: assets, repeated, page, seen: document }
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
const table = (rows: readonly Short[]): void => {
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
      },
      looked: [look('/api/x', { 'content-type': 'application/json' }, { status: 200, body: Buffer.from('{}') })],
      assets: { '/a.js': {} },
    }
    const verdict = judge(id.slice('headers/'.length), given)
    expect([id, verdict.outcome]).toEqual([id, id === 'headers/csp-nonce-fresh' || id === 'headers/csp-report-endpoint' ? 'skip' : 'pass'])
  }
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
    ['assets without', 'hsts-responses', { assets: { '/a.js': { 'strict-transport-security': null } } }, 'warn', 'headers.hsts.response'],
    [
      'the greeting redirect of the domain without',
      'hsts-responses',
      { name: '@', before: [observation({ 'strict-transport-security': null }, { status: 302, url: 'https://example.com/' })] },
      'fail',
      'headers.hsts.first-hop',
    ],
    [
      'a limiter in place of an error does not count',
      'hsts-responses',
      { looked: [look('/x', { 'strict-transport-security': null }, { status: 429 })] },
      'pass',
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
    ['one path on such a host', 'csp-script', csp("script-src 'self' https://ajax.googleapis.com/ajax/libs/jquery/3.7.1/jquery.min.js"), 'pass'],
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
    ['a script with an old nonce', 'csp-nonce-fresh', csp(nonced, { body: page('b2xk'), again: other, fresh: third }), 'fail', 'headers.csp.nonce-mismatch'],
    [
      'data with an old nonce runs nothing',
      'csp-nonce-fresh',
      csp(nonced, { body: html('<script type="application/json" nonce="b2xk">{}</script>'), again: other, fresh: third }),
      'pass',
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
