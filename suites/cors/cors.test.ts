/** Judgement of the suite: a right policy, then one thing wrong per case, and the traps that must not alarm. Plain objects, no sockets. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Check, Subject } from '../../helpers/check.ts'
import type { HttpObservation, RawHeaders } from '../../helpers/observations.ts'
import { normaliseTarget, type Target } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import { type CorsEntry, FOREIGN, lookAlikes, plainOrigins, subDomains, UNDECLARED_HEADER } from './shared.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
const APP = 'https://app.example.com'
const ORIGIN = 'Access-Control-Allow-Origin'
const CREDENTIALS = 'Access-Control-Allow-Credentials'

interface Asked {
  readonly method: 'GET' | 'OPTIONS'
  readonly origin?: string
  /** Method a preflight asks for. */
  readonly wants?: string
}
interface Answer {
  readonly status: number
  readonly headers: RawHeaders
  readonly body?: string
}
type Server = (asked: Asked) => Answer

const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.check.ts'))
const checks = new Map<string, Check>()
for (const file of files) {
  const { default: check } = (await import(`./${file}`)) as { default: Check }
  checks.set(check.id.slice('cors/'.length), check)
}

const DECLARED: CorsEntry = {
  host: 'api',
  path: '/v1',
  origins: ['https://app.{domain}'],
  refused: ['https://other.example.net'],
  credentials: true,
  methods: ['GET', 'PUT'],
  headers: ['Authorization', 'content-type'],
  expose: ['Retry-After'],
  maxAge: 600,
  errorPath: '/missing',
}
/** The declaration without some of its keys. */
const less = (...keys: (keyof CorsEntry)[]): CorsEntry =>
  Object.fromEntries(Object.entries(DECLARED).filter(([key]) => !keys.includes(key as keyof CorsEntry))) as CorsEntry
const OPEN: CorsEntry = { ...less('refused', 'credentials'), origins: ['*'], headers: ['content-type'] }

/** What the single-look needs of a check ask. */
const NAMED: Record<string, Asked> = {
  without: { method: 'GET' },
  declared: { method: 'GET', origin: APP },
  foreign: { method: 'GET', origin: FOREIGN },
  asked: { method: 'OPTIONS', origin: APP, wants: 'PUT' },
  answer: { method: 'GET', origin: APP },
  'max-age seen': { method: 'OPTIONS', origin: APP, wants: 'PUT' },
  'undeclared-method seen': { method: 'OPTIONS', origin: APP, wants: 'PATCH' },
  'undeclared-header seen': { method: 'OPTIONS', origin: APP, wants: 'GET' },
  'private-network seen': { method: 'OPTIONS', origin: FOREIGN, wants: 'GET' },
  'error-responses seen': { method: 'GET', origin: APP },
  'exposed-headers seen': { method: 'GET', origin: APP },
}
const observe = (asked: Asked, answer: Answer): HttpObservation => ({
  url: 'https://api.example.com/v1',
  method: asked.method,
  status: answer.status,
  statusText: '',
  httpVersion: '1.1',
  headers: answer.headers,
  body: Buffer.from(answer.body ?? ''),
  wireBytes: 0,
  truncated: false,
  decodeFailed: false,
  peer: '192.0.2.1:443',
  reused: true,
  at: NOW.toISOString(),
  timings: { ttfbMs: 1, transferMs: 1, totalMs: 2, loopDelayMs: 0 },
})
/** No policy is described: the document of the host is judged. */
const UNDECLARED = 'undeclared'
type Described = CorsEntry | typeof UNDECLARED
function subjectOf(check: Check, entry: Described): { target: Target; subject: Subject | undefined } {
  const target = normaliseTarget(
    targetSchema.parse({ domain: 'example.com', hosts: { api: { kind: 'api' } }, ...(entry === UNDECLARED ? {} : { cors: [entry] }) }),
    { sha256: '0' },
  )
  const name = `https://api.example.com${entry === UNDECLARED ? '/' : '/v1'}`
  return { target, subject: check.subjects(target).find((subject) => subject.name === name) }
}
function judge(name: string, server: Server, entry: Described = DECLARED): Verdict | 'no subject' {
  const check = checks.get(name)
  if (check === undefined) throw new RangeError(`no check ${name}`)
  const { target, subject } = subjectOf(check, entry)
  if (subject === undefined) return 'no subject'
  const seen = Object.fromEntries(
    Object.keys(check.needs(subject, target, check.options)).map((key) => {
      const parts = /^(GET|OPTIONS) (\S+)(?: (\S+))?$/.exec(key)
      const asked: Asked | undefined =
        parts === null
          ? (NAMED[key] ?? NAMED[`${name} ${key}`])
          : { method: parts[1] as 'GET' | 'OPTIONS', origin: parts[2] as string, ...(parts[3] === undefined ? {} : { wants: parts[3] }) }
      if (asked === undefined) throw new RangeError(`what does ${name} ask with ${key}?`)
      return [key, observe(asked, server(asked))]
    }),
  )
  return check.judge(seen as never, { target, subject, now: NOW, options: check.options })
}
const shown = (verdict: Verdict | 'no subject'): string =>
  verdict === 'no subject' ? verdict : verdict.outcome === 'warn' || verdict.outcome === 'fail' ? `${verdict.outcome} ${verdict.code}` : verdict.outcome

interface Policy {
  /** Headers for an origin; undefined: it is not let in. */
  readonly grant?: (origin: string | undefined) => RawHeaders
  readonly preflight?: RawHeaders
  readonly more?: RawHeaders
  /** Headers that depend on who asks, in place of `more`. */
  readonly variant?: (asked: Asked) => RawHeaders
  readonly status?: (asked: Asked) => number
  readonly body?: string
  /** Requests of this method are let in by nothing. */
  readonly silent?: Asked['method']
}
const granted = (origin: string): RawHeaders => [
  [ORIGIN, origin],
  [CREDENTIALS, 'true'],
  ['Access-Control-Expose-Headers', 'Retry-After'],
]
const onlyApp = (origin: string | undefined): RawHeaders => (origin === APP ? granted(APP) : [])
const also =
  (let_in: (origin: string) => boolean, credentials = true) =>
  (origin: string | undefined): RawHeaders =>
    origin === APP ? granted(APP) : origin !== undefined && let_in(origin) ? [[ORIGIN, origin], ...(credentials ? ([[CREDENTIALS, 'true']] as const) : [])] : []
const PREFLIGHT: RawHeaders = [
  ['Access-Control-Allow-Methods', 'GET, PUT'],
  ['Access-Control-Allow-Headers', 'authorization, content-type'],
  ['Access-Control-Max-Age', '600'],
]
const server =
  ({ grant = onlyApp, preflight = PREFLIGHT, more = [['Vary', 'Origin']], variant, status, body = '', silent }: Policy = {}): Server =>
  (asked) => ({
    status: status?.(asked) ?? (asked.method === 'OPTIONS' ? 204 : 200),
    headers: [...(asked.method === silent ? [] : grant(asked.origin)), ...(asked.method === 'OPTIONS' ? preflight : []), ...(variant?.(asked) ?? more)],
    body,
  })
const preflightWith = (name: string, ...values: string[]): Policy => ({
  preflight: [...PREFLIGHT.filter(([key]) => key !== name), ...values.map((value) => [name, value] as const)],
})
const STAR: Policy = { grant: () => [[ORIGIN, '*']], more: [] }
const CHALLENGE: Policy = { status: () => 403, body: '<div class="g-recaptcha"></div>' }
const errors: Policy = { status: () => 404 }

type Case = readonly [what: string, policy: Policy, expected: string, entry?: Described]
const CASES: Record<string, readonly Case[]> = {
  'declared-origin-works': [
    ['as declared', {}, 'pass'],
    ['200 instead of 204', { status: () => 200 }, 'pass'],
    ['a protected route answers 401 with the policy', { status: (asked) => (asked.method === 'GET' ? 401 : 204) }, 'pass'],
    ['more than declared in the lists', preflightWith('Access-Control-Allow-Methods', 'GET', 'PUT, DELETE'), 'pass'],
    ['names in other case', preflightWith('Access-Control-Allow-Headers', 'AUTHORIZATION, Content-Type'), 'pass'],
    ['an asterisk without credentials', { ...STAR, preflight: PREFLIGHT }, 'pass', { ...less('credentials') }],
    ['open and open', STAR, 'pass', OPEN],
    ['open with credentials declared: browsers refuse the asterisk', STAR, 'fail cors.origin-other', { ...OPEN, credentials: true }],
    ['open declared, but closed', {}, 'fail cors.origin-missing', OPEN],
    [
      'any header is declared and echoed',
      preflightWith('Access-Control-Allow-Headers', `${UNDECLARED_HEADER}, authorization`),
      'pass',
      { ...DECLARED, headers: ['*'] },
    ],
    ['any header is declared, a list is served', {}, 'fail cors.header-missing', { ...DECLARED, headers: ['*'] }],
    ['no policy', { grant: () => [] }, 'fail cors.origin-missing'],
    ['another origin', { grant: () => granted('https://www.example.com') }, 'fail cors.origin-other'],
    ['a slash behind the origin', { grant: () => granted(`${APP}/`) }, 'fail cors.origin-other'],
    ['twice', { grant: () => [...granted(APP), [ORIGIN, APP]] }, 'fail cors.origin-duplicated'],
    ['asterisk and name', { grant: () => [...granted(APP), [ORIGIN, '*']] }, 'fail cors.origin-duplicated'],
    ['a list in one line', { grant: () => granted(`${APP}, https://b.example`) }, 'fail cors.origin-duplicated'],
    ['a list in one line, with blanks', { grant: () => granted(`${APP} https://b.example`) }, 'fail cors.origin-duplicated'],
    ['an asterisk for methods, nothing said about credentials', preflightWith('Access-Control-Allow-Methods', '*'), 'pass', less('credentials')],
    ['no origin is declared', {}, 'no subject', { ...DECLARED, origins: [] }],
    ['no method is declared: GET', {}, 'pass', { ...DECLARED, methods: [] }],
    ['asterisk where credentials are declared', STAR, 'fail cors.origin-other'],
    ['no credentials', { grant: () => [[ORIGIN, APP]] }, 'fail cors.credentials-missing'],
    [
      'True',
      {
        grant: () => [
          [ORIGIN, APP],
          [CREDENTIALS, 'True'],
        ],
      },
      'fail cors.credentials-missing',
    ],
    ['credentials declared off', {}, 'fail cors.credentials-undeclared', { ...DECLARED, credentials: false }],
    ['nothing said about credentials', {}, 'pass', less('credentials')],
    ['preflight redirected', { status: (asked) => (asked.method === 'OPTIONS' ? 301 : 200) }, 'fail cors.preflight-status'],
    ['preflight needs a login', { status: (asked) => (asked.method === 'OPTIONS' ? 401 : 200) }, 'fail cors.preflight-status'],
    ['preflight fails', { status: (asked) => (asked.method === 'OPTIONS' ? 502 : 200) }, 'fail cors.preflight-status'],
    ['method missing', preflightWith('Access-Control-Allow-Methods', 'GET'), 'fail cors.method-missing'],
    ['method in lower case', preflightWith('Access-Control-Allow-Methods', 'put'), 'fail cors.method-missing'],
    ['method by asterisk with credentials', preflightWith('Access-Control-Allow-Methods', '*'), 'fail cors.method-missing'],
    ['no method list: GET needs none', preflightWith('Access-Control-Allow-Methods'), 'pass', { ...DECLARED, methods: ['GET', 'POST'] }],
    ['header missing', preflightWith('Access-Control-Allow-Headers', 'content-type'), 'fail cors.header-missing'],
    [
      'asterisk for Authorization',
      {
        ...STAR,
        preflight: [
          ['Access-Control-Allow-Headers', '*'],
          ['Access-Control-Allow-Methods', '*'],
        ],
      },
      'fail cors.header-missing',
      less('credentials'),
    ],
    ['list with rubbish', preflightWith('Access-Control-Allow-Methods', 'GET, PUT, DE LETE'), 'fail cors.list-malformed'],
    ['a limiter', { status: () => 429 }, 'inconclusive'],
    ['the route is broken', { status: (asked) => (asked.method === 'GET' ? 503 : 204) }, 'inconclusive'],
    ['a challenge', CHALLENGE, 'inconclusive'],
    ['a limiter hides no failure', { status: (asked) => (asked.method === 'GET' ? 429 : 301) }, 'fail cors.preflight-status'],
  ],
  'reflect-credentials': [
    ['only the declared', {}, 'pass'],
    ['one fixed name for everybody', { grant: () => granted(APP) }, 'pass'],
    ['refused with 400, as frameworks do', { status: (asked) => (asked.origin === APP ? 200 : 400) }, 'pass'],
    ['everything echoed', { grant: also(() => true) }, 'fail cors.reflected-with-credentials'],
    ['echoed without credentials', { grant: also((origin) => origin === FOREIGN, false) }, 'warn cors.reflected'],
    [
      'echoed with True',
      {
        grant: (origin) =>
          origin === FOREIGN
            ? [
                [ORIGIN, origin],
                [CREDENTIALS, 'True'],
              ]
            : [],
      },
      'warn cors.reflected',
    ],
    ['foreign origin in a list', { grant: () => granted(`${APP} ${FOREIGN}`) }, 'fail cors.reflected-with-credentials'],
    ['asterisk', STAR, 'warn cors.any-origin'],
    ['asterisk with credentials', { grant: () => granted('*') }, 'warn cors.wildcard-with-credentials'],
    ['asterisk twice with credentials', { grant: () => [...granted('*'), [ORIGIN, '*']] }, 'warn cors.wildcard-with-credentials'],
    ['open by declaration', STAR, 'pass', OPEN],
    ['open by echo without credentials', { grant: (origin) => (origin === undefined ? [] : [[ORIGIN, origin]]) }, 'pass', OPEN],
    ['open by echo with credentials', { grant: also(() => true) }, 'fail cors.reflected-with-credentials', OPEN],
    ['open with credentials', { grant: () => granted('*') }, 'warn cors.wildcard-with-credentials', OPEN],
    ['refused by declaration, let in', { grant: also((origin) => origin === 'https://other.example.net') }, 'fail cors.refused-origin-allowed'],
    ['any sub-domain', { grant: also((origin) => origin.endsWith('.example.com')) }, 'warn cors.undeclared-subdomain'],
    ['any sub-domain without credentials', { grant: also((origin) => origin.endsWith('.example.com'), false) }, 'warn cors.undeclared-subdomain'],
    [
      'a declared http origin is judged elsewhere',
      { grant: also((origin) => origin === 'http://old.example.net') },
      'pass',
      { ...DECLARED, refused: ['http://old.example.net'] },
    ],
    ['undeclared: no policy', { grant: () => [] }, 'pass', UNDECLARED],
    ['undeclared: open without credentials is public data', STAR, 'pass', UNDECLARED],
    ['undeclared: OPTIONS is not known', { grant: () => [], status: (asked) => (asked.method === 'OPTIONS' ? 501 : 200) }, 'pass', UNDECLARED],
    ['undeclared: echoed without credentials', { grant: also(() => true, false) }, 'warn cors.reflected', UNDECLARED],
    ['undeclared: echoed with credentials', { grant: also(() => true) }, 'fail cors.reflected-with-credentials', UNDECLARED],
    ['undeclared: open with credentials', { grant: () => granted('*') }, 'warn cors.wildcard-with-credentials', UNDECLARED],
    ['undeclared: a broken gateway', { status: () => 502 }, 'inconclusive', UNDECLARED],
    ['null is judged elsewhere', { grant: also((origin) => origin === 'null') }, 'pass'],
    ['a limiter', { status: () => 429 }, 'inconclusive'],
    [
      'a limiter on some hides no failure',
      { grant: also(() => true), status: (asked) => (asked.method === 'GET' ? 429 : 204) },
      'fail cors.reflected-with-credentials',
    ],
    ['a limiter on some is no pass', { status: (asked) => (asked.method === 'GET' ? 429 : 204) }, 'inconclusive'],
  ],
  'null-origin': [
    ['not let in', {}, 'pass'],
    ['let in', { grant: also((origin) => origin === 'null') }, 'fail cors.null-allowed'],
    ['without credentials', { grant: also((origin) => origin === 'null', false) }, 'warn cors.null-allowed'],
    ['the word None', { grant: also(() => false) }, 'pass'],
    ['an asterisk is another matter', STAR, 'pass'],
    ['undeclared', {}, 'pass', UNDECLARED],
    ['undeclared, let in', { grant: also((origin) => origin === 'null') }, 'fail cors.null-allowed', UNDECLARED],
    ['null is declared', {}, 'no subject', { ...DECLARED, origins: ['null'] }],
    ['what a limiter says is no policy', { grant: also(() => true), status: () => 429 }, 'inconclusive'],
    ['a challenge', CHALLENGE, 'inconclusive'],
  ],
  'http-origin': [
    ['not let in', {}, 'pass'],
    ['let in', { grant: also((origin) => origin === 'http://app.example.com') }, 'fail cors.http-origin-allowed'],
    ['the host itself', { grant: also((origin) => origin === 'http://api.example.com') }, 'fail cors.http-origin-allowed'],
    ['without credentials', { grant: also((origin) => origin.startsWith('http:'), false) }, 'warn cors.http-origin-allowed'],
    [
      'declared refused',
      { grant: also((origin) => origin === 'http://old.example.net') },
      'fail cors.http-origin-allowed',
      { ...DECLARED, refused: ['http://old.example.net'] },
    ],
    ['declared to work', { grant: also((origin) => origin === 'http://app.example.com') }, 'pass', { ...DECLARED, origins: [APP, 'http://app.example.com'] }],
    ['a limiter', { status: () => 429 }, 'inconclusive'],
  ],
  'regex-bypass': [
    ['not let in', {}, 'pass'],
    ['prefix', { grant: also((origin) => origin.startsWith(APP)) }, 'fail cors.look-alike-allowed'],
    ['prefix without credentials', { grant: also((origin) => origin.startsWith(APP), false) }, 'fail cors.look-alike-allowed'],
    ['suffix without a dot', { grant: also((origin) => origin.endsWith('example.com')) }, 'fail cors.look-alike-allowed'],
    ['dot as wildcard', { grant: also((origin) => /^https:\/\/app.example.com$/.test(origin)) }, 'fail cors.look-alike-allowed'],
    ['contains', { grant: also((origin) => origin.includes('example.com')) }, 'fail cors.look-alike-allowed'],
    ['suffix with its dot lets in names of the owner only', { grant: also((origin) => origin.endsWith('.example.com')) }, 'pass'],
    ['everything echoed', { grant: also(() => true) }, 'fail cors.look-alike-allowed'],
    ['everything echoed without credentials', { grant: also(() => true, false) }, 'warn cors.look-alike-allowed'],
    [
      'everything echoed by the application, nothing by what answers preflights',
      { grant: also(() => true, false), silent: 'OPTIONS' },
      'warn cors.look-alike-allowed',
    ],
    ['an asterisk', STAR, 'pass'],
    ['open', STAR, 'no subject', OPEN],
    ['a broken gateway', { status: () => 502 }, 'inconclusive'],
  ],
  'error-responses': [
    ['with the policy', errors, 'pass'],
    ['a limiter with the policy', { status: () => 429 }, 'pass'],
    ['without', { ...errors, grant: () => [] }, 'warn cors.error-without-policy'],
    ['another origin', { ...errors, grant: () => granted('https://www.example.com') }, 'warn cors.error-without-policy'],
    ['a limiter without', { status: () => 429, grant: () => [] }, 'warn cors.error-without-policy'],
    ['an asterisk where credentials are declared', { ...STAR, ...errors }, 'warn cors.error-without-policy'],
    ['twice', { ...errors, grant: () => [...granted(APP), [ORIGIN, APP]] }, 'fail cors.error-duplicated'],
    ['open', { ...STAR, ...errors }, 'pass', OPEN],
    ['no error', {}, 'inconclusive'],
    ['a challenge', CHALLENGE, 'inconclusive'],
    ['no path declared', errors, 'no subject', less('errorPath')],
  ],
  'vary-origin': [
    ['said', {}, 'pass'],
    ['said among others', { more: [['Vary', 'Accept-Encoding, origin']] }, 'pass'],
    ['Vary: *', { more: [['Vary', '*']] }, 'pass'],
    ['the policy does not vary', { grant: () => granted(APP), more: [] }, 'pass'],
    ['an asterisk', STAR, 'pass', OPEN],
    ['missing', { more: [] }, 'fail cors.vary-missing'],
    ['another Vary', { more: [['Vary', 'Accept-Encoding']] }, 'fail cors.vary-missing'],
    ['missing, private cache', { more: [['Cache-Control', 'private, max-age=1']] }, 'fail cors.vary-missing'],
    ['missing, never stored', { more: [['Cache-Control', 'private, No-Store']] }, 'warn cors.vary-missing.uncached'],
    [
      'the default is the declared origin, a foreign one gets nothing',
      { grant: (origin) => (origin === FOREIGN ? [] : granted(APP)), more: [] },
      'fail cors.vary-missing',
    ],
    ['a directive that only looks like it', { more: [['Cache-Control', 'x-no-store-x']] }, 'fail cors.vary-missing'],
    ['missing where no origin asks', { variant: (asked) => (asked.origin === undefined ? [] : [['Vary', 'Origin']]) }, 'fail cors.vary-missing'],
    [
      'what does not say so is never stored',
      { variant: (asked) => (asked.origin === undefined ? [['Cache-Control', 'no-store']] : [['Vary', 'Origin']]) },
      'warn cors.vary-missing.uncached',
    ],
    [
      'never stored, but for one that does not say so',
      { variant: (asked) => (asked.origin === FOREIGN ? [] : [['Cache-Control', 'no-store']]) },
      'fail cors.vary-missing',
    ],
    ['no origin is declared', {}, 'no subject', { ...DECLARED, origins: [] }],
    ['a limiter', { status: () => 429 }, 'inconclusive'],
  ],
  'max-age': [
    ['as declared', {}, 'pass'],
    ['absent and nothing declared', preflightWith('Access-Control-Max-Age'), 'pass', less('maxAge')],
    ['other', preflightWith('Access-Control-Max-Age', '601'), 'fail cors.max-age.other'],
    ['absent', preflightWith('Access-Control-Max-Age'), 'fail cors.max-age.other'],
    ['a day', preflightWith('Access-Control-Max-Age', '86400'), 'warn cors.max-age.capped', less('maxAge')],
    ['exactly two hours', preflightWith('Access-Control-Max-Age', '7200'), 'pass', less('maxAge')],
    ['no number', preflightWith('Access-Control-Max-Age', '10m'), 'warn cors.max-age.capped', less('maxAge')],
    ['no origin is declared', {}, 'no subject', { ...DECLARED, origins: [] }],
    ['a limiter', { status: () => 429 }, 'inconclusive'],
  ],
  'headers-wildcard': [
    ['names', {}, 'pass'],
    ['asterisk without credentials', { ...STAR, preflight: [['Access-Control-Allow-Headers', '*']] }, 'pass', OPEN],
    ['asterisk with credentials', preflightWith('Access-Control-Allow-Headers', '*'), 'warn cors.wildcard-literal'],
    ['methods', preflightWith('Access-Control-Allow-Methods', '*'), 'warn cors.wildcard-literal'],
    ['exposed', { more: [['Access-Control-Expose-Headers', '*']] }, 'warn cors.wildcard-literal'],
    [
      'Authorization is not covered',
      { ...STAR, preflight: [['Access-Control-Allow-Headers', '*']] },
      'warn cors.wildcard-authorization',
      { ...OPEN, headers: ['Authorization'] },
    ],
    [
      'Authorization named beside it',
      { ...STAR, preflight: [['Access-Control-Allow-Headers', '*, Authorization']] },
      'pass',
      { ...OPEN, headers: ['Authorization'] },
    ],
    [
      'Authorization is one of those that are needed',
      { ...STAR, preflight: [['Access-Control-Allow-Headers', '*']] },
      'warn cors.wildcard-authorization',
      { ...OPEN, headers: ['content-type', 'Authorization'] },
    ],
    [
      'any method may be, Authorization is named',
      {
        ...STAR,
        preflight: [
          ['Access-Control-Allow-Methods', '*'],
          ['Access-Control-Allow-Headers', 'Authorization'],
        ],
      },
      'pass',
      { ...OPEN, headers: ['Authorization'] },
    ],
    ['no origin is declared', {}, 'no subject', { ...DECLARED, origins: [] }],
    ['a broken gateway', { status: () => 502 }, 'inconclusive'],
  ],
  'exposed-headers': [
    ['named', {}, 'pass'],
    ['safelisted needs no name', { grant: () => [[ORIGIN, APP]] }, 'pass', { ...DECLARED, expose: ['Content-Type'] }],
    ['asterisk without credentials', { ...STAR, more: [['Access-Control-Expose-Headers', '*']] }, 'pass', { ...OPEN, expose: ['ETag'] }],
    ['missing', {}, 'fail cors.header-not-exposed', { ...DECLARED, expose: ['Retry-After', 'X-Total'] }],
    [
      'asterisk with credentials',
      {
        grant: () => [
          [ORIGIN, APP],
          [CREDENTIALS, 'true'],
          ['Access-Control-Expose-Headers', '*'],
        ],
      },
      'fail cors.header-not-exposed',
    ],
    ['nothing declared', {}, 'no subject', less('expose')],
    [
      'an asterisk where credentials are declared',
      {
        grant: () => [
          [ORIGIN, APP],
          ['Access-Control-Expose-Headers', '*'],
        ],
      },
      'fail cors.header-not-exposed',
    ],
    ['an empty list', {}, 'no subject', { ...DECLARED, expose: [] }],
    ['a limiter', { status: () => 429 }, 'inconclusive'],
  ],
  'undeclared-method': [
    ['the declared', {}, 'pass'],
    ['refused with 400', { ...preflightWith('Access-Control-Allow-Methods'), status: () => 400 }, 'pass'],
    ['safelisted ones beside', preflightWith('Access-Control-Allow-Methods', 'GET, HEAD, POST, OPTIONS, PUT'), 'pass'],
    ['PATCH', preflightWith('Access-Control-Allow-Methods', 'GET, PUT, PATCH'), 'fail cors.method-undeclared'],
    ['a literal asterisk allows nothing', preflightWith('Access-Control-Allow-Methods', '*'), 'pass'],
    ['an asterisk', { ...STAR, preflight: [['Access-Control-Allow-Methods', '*']] }, 'fail cors.method-wildcard', less('credentials')],
    ['nothing declared', {}, 'no subject', less('methods')],
    ['a limiter', { status: () => 429 }, 'inconclusive'],
  ],
  'undeclared-header': [
    ['the declared', {}, 'pass'],
    ['refused with 400', { ...preflightWith('Access-Control-Allow-Headers'), status: () => 400 }, 'pass'],
    ['echoed', preflightWith('Access-Control-Allow-Headers', `authorization, ${UNDECLARED_HEADER}`), 'warn cors.header-undeclared'],
    ['an asterisk', { ...STAR, preflight: [['Access-Control-Allow-Headers', '*']] }, 'warn cors.header-undeclared', less('credentials')],
    ['a literal asterisk allows nothing', preflightWith('Access-Control-Allow-Headers', '*'), 'pass'],
    ['any is declared', {}, 'no subject', { ...DECLARED, headers: ['*'] }],
    ['no origin is declared', {}, 'no subject', { ...DECLARED, origins: [] }],
    ['a limiter', { status: () => 429 }, 'inconclusive'],
  ],
  'private-network': [
    ['silent', {}, 'pass'],
    ['false', { more: [['Access-Control-Allow-Private-Network', 'false']] }, 'pass'],
    ['granted, origin refused', { more: [['Access-Control-Allow-Private-Network', 'true']] }, 'warn cors.private-network.alone'],
    ['granted, origin echoed', { grant: also(() => true), more: [['Access-Control-Allow-Private-Network', 'true']] }, 'fail cors.private-network'],
    ['granted to everybody', { ...STAR, more: [['Access-Control-Allow-Private-Network', 'true']] }, 'fail cors.private-network'],
    ['a limiter', { status: () => 429 }, 'inconclusive'],
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
  const shownCodes = new Set(Object.values(CASES).flatMap((cases) => cases.map(([, , expected]) => expected.split(' ')[1])))
  for (const check of checks.values()) for (const code of Object.keys(check.codes)) expect(shownCodes, code).toContain(code)
})

describe.each(Object.entries(CASES))('cors/%s', (name, cases) => {
  test.each(cases.map((each) => ({ what: each[0], each })))('$what', ({ each: [, policy, expected, entry] }) => {
    const verdict = judge(name, server(policy), entry)
    expect(shown(verdict)).toBe(expected)
    if (verdict === 'no subject') return
    if (verdict.outcome !== 'inconclusive') expect(verdict.evidence.length).toBeGreaterThan(0)
    for (const item of verdict.evidence) expect([item.what, item.expected, item.received].every((text) => text.length > 0)).toBe(true)
    if (verdict.outcome === 'warn' || verdict.outcome === 'fail') expect(Object.keys(checks.get(name)?.codes ?? {})).toContain(verdict.code)
  })
})

test('without a declaration only what is wrong under every policy is judged, on documents and API paths', () => {
  const target = normaliseTarget(
    targetSchema.parse({
      domain: 'example.com',
      hosts: { '@': {}, www: { kind: 'redirect' }, api: { apiPaths: ['/v1', '/v2'] } },
      cors: [{ host: 'api', path: '/v2', origins: ['*'] }],
    }),
    { sha256: '0' },
  )
  const names = ['/v2', '/', '/v1'].map((path) => `https://api.example.com${path}`)
  const [declared, ...rest] = names
  expect(
    checks
      .get('reflect-credentials')
      ?.subjects(target)
      .map((subject) => subject.name),
  ).toEqual([declared, 'https://example.com/', ...rest])
  expect(
    checks
      .get('null-origin')
      ?.subjects(target)
      .map((subject) => subject.name),
  ).toEqual(['https://example.com/', ...rest])
  const bare = normaliseTarget(targetSchema.parse({ domain: 'example.com' }), { sha256: '0' })
  const judged = [...checks.values()].filter((check) => check.subjects(bare).length > 0).map((check) => check.id)
  expect(judged.sort()).toEqual(['cors/null-origin', 'cors/reflect-credentials'])
})

test('the origins tried', () => {
  const check = checks.get('regex-bypass') as Check
  const { target, subject } = subjectOf(check, DECLARED)
  if (subject === undefined) throw new RangeError('no subject')
  const tried = lookAlikes(subject, target)
  for (const one of ['https://app.example.com.evil.test', 'https://evilexample.com', 'https://appxexample.com', 'https://app.example.com_.evil.test'])
    expect(tried).toContain(one)
  // A name below the domain belongs to the owner: that is no look-alike but a sub-domain.
  expect(tried).not.toContain('https://evilapp.example.com')
  expect(tried).not.toContain(APP)
  expect(subDomains(subject, target)).toEqual(['https://postproof-x7.example.com', 'https://postproof-x7.app.example.com'])
  expect(plainOrigins(subject, target)).toEqual(['http://app.example.com', 'http://api.example.com'])
})

test('the command names the origin that was tried', () => {
  for (const check of checks.values()) {
    const { target, subject } = subjectOf(check, DECLARED)
    if (subject === undefined) throw new RangeError(`${check.id} has no subject`)
    expect(check.reproduce(subject, target), check.id).toMatch(/^curl .*'Origin: \S+'.* https:\/\/api\.example\.com\//)
  }
})
