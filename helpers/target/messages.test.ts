/** What cannot be meant in a target, with its place: one case for each message of the schema, and for contradictions between its parts. */
import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { problemText, readYaml } from './problems.ts'
import { targetSchema } from './schema.ts'

/** Message, what stands in the file below its first line, place. */
const CASES: readonly (readonly [message: string, source: string, place: string])[] = [
  ['a domain name such as example.com (IDN as A-labels)', '', '1:9: domain'],
  ['an empty expectation would accept anything', 'edge: { kind: nginx, responseHeaders: { X-A: {} } }', '2:46: edge.responseHeaders.X-A'],
  ['a reference: env:NAME or file:/path', 'secrets: { pw: hunter2 }', '2:16: secrets.pw'],
  ['must be an https URL', 'defaults: { tls: { acmeDirectory: "http://ca.example.com/" } }', '2:35: defaults.tls.acmeDirectory'],
  ['a label below the domain (api, a.b), or "@" for the domain itself', 'hosts: { "-a": {} }', '2:10: hosts.-a'],
  ['a path that starts with "/"', 'hosts: { api: { path: home } }', '2:23: hosts.api.path'],
  ['an absolute http(s) URL', 'journeys: [{ id: a, steps: [{ name: a, url: /a }] }]', '2:45: journeys[0].steps[0].url'],
  ['a short name: auth_limit', 'rateLimits: [{ name: "a b" }]', '2:22: rateLimits[0].name'],
  ['a method in capitals', 'rateLimits: [{ name: a, methods: [get] }]', '2:35: rateLimits[0].methods[0]'],
  ['a rate such as 10/min, 10r/m or 100/s', 'rateLimits: [{ name: a, limit: often }]', '2:32: rateLimits[0].limit'],
  ['a span of time such as min, 60s or 500ms', 'rateLimits: [{ name: a, limit: { rate: 1, per: often } }]', '2:48: rateLimits[0].limit.per'],
  ['a header name', 'rateLimits: [{ name: a, key: header, keyHeader: "X A" }]', '2:49: rateLimits[0].keyHeader'],
  ['an empty marker would fit any answer', 'rateLimits: [{ name: a, rejection: {} }]', '2:36: rateLimits[0].rejection'],
  ['an address of this machine', 'rateLimits: [{ name: a, secondAddress: here }]', '2:40: rateLimits[0].secondAddress'],
  ['two addresses of one IPv6 /64 (or IPv4 /24)', 'rateLimits: [{ name: a, sameNetwork: [127.0.0.1, 127.0.1.1] }]', '2:38: rateLimits[0].sameNetwork'],
  ['an absolute http(s) or ws(s) URL', 'health: [{ url: /health }]', '2:17: health[0].url'],
  ['a short name in kebab-case', 'uploads: [{ id: A_B, url: "https://{domain}/u" }]', '2:17: uploads[0].id'],
  ['a media type such as image/png', 'uploads: [{ id: a, url: "https://{domain}/u", types: [png] }]', '2:55: uploads[0].types[0]'],
  [
    'a name in camelCase',
    'journeys: [{ id: a, steps: [{ name: a, url: "https://{domain}/", capture: { Id: { json: $.id } } }] }]',
    '2:77: journeys[0].steps[0].capture.Id',
  ],
  [
    'exactly one of json, header, cookie, regex',
    'journeys: [{ id: a, steps: [{ name: a, url: "https://{domain}/", capture: { id: { json: $.id, cookie: id } } }] }]',
    '2:81: journeys[0].steps[0].capture.id',
  ],
  ['a domain name in full, such as example.com', 'mail: { domains: [localhost] }', '2:19: mail.domains[0]'],
  ['an IPv4 or IPv6 address', 'mail: { senders: [{ name: a, addresses: [here] }] }', '2:42: mail.senders[0].addresses[0]'],
  ['a selector: the labels before ._domainkey', 'mail: { senders: [{ name: a, dkim: ["-"] }] }', '2:37: mail.senders[0].dkim[0]'],
  ['a name in full, such as mail.example.com', 'mail: { mx: { hosts: [mx] } }', '2:23: mail.mx.hosts[0]'],
  ['a mail address, such as app@example.com', 'mail: { mx: { foreign: nobody } }', '2:24: mail.mx.foreign'],
  ['the name of an entry of `secrets`', 'mail: { submission: [{ host: mail.example.com, user: a, password: "4 u" }] }', '2:67: mail.submission[0].password'],
  ['a server without any port cannot be looked at', 'mail: { imap: [{ host: mail.example.com, tls: false }] }', '2:47: mail.imap[0].tls'],
  ['say which selector, or that it is required', 'mail: { bimi: {} }', '2:15: mail.bimi'],
  [
    'a mail address; {token} may stand in it',
    'mail: { delivery: [{ name: a, to: "{token}", trigger: { submission: { host: mail.example.com, from: a@example.com } }, inbox: { receive: { port: 2525 } } }] }',
    '2:35: mail.delivery[0].to',
  ],
  [
    'exactly one of requests and submission',
    'mail: { delivery: [{ name: a, to: "p+{token}@example.com", trigger: {}, inbox: { receive: { port: 2525 } } }] }',
    '2:69: mail.delivery[0].trigger',
  ],
  [
    'exactly one of receive, imap and api',
    'mail: { delivery: [{ name: a, to: "p+{token}@example.com", trigger: { submission: { host: mail.example.com, from: a@example.com } }, inbox: {} }] }',
    '2:141: mail.delivery[0].inbox',
  ],
  ['a backup without files would accept anything', 'backups: [{ id: x, dir: b, files: {} }]', '2:35: backups[0].files'],
  ['a short name in kebab-case: database, uploads', 'backups: [{ id: x, dir: b, files: { DB: a.sql } }]', '2:37: backups[0].files.DB'],
  ['a file name; {stamp} or {YYYYMMDD-HHMMSS} stands where the time is', 'backups: [{ id: x, dir: b, files: { db: "*.sql" } }]', '2:41: backups[0].files.db'],
  ['a zone such as Europe/Berlin', 'backups: [{ id: x, dir: b, files: { db: "db-{stamp}.sql" }, timeZone: Mars/Base }]', '2:71: backups[0].timeZone'],
  ['a mode such as "750"', 'backups: [{ id: x, dir: b, files: { db: "db-{stamp}.sql" }, mode: rwx }]', '2:67: backups[0].mode'],
  [
    'a version such as "16" or "16.4"',
    'backups: [{ id: x, dir: b, files: { db: "db-{stamp}.sql" }, restoreVersion: newest }]',
    '2:77: backups[0].restoreVersion',
  ],
  [
    'nothing that differs provokes no failure',
    'backups: [{ id: x, dir: b, files: { db: "db-{stamp}.sql" }, notifications: { native: true, run: [a], failing: {} } }]',
    '2:111: backups[0].notifications.failing',
  ],
  ['such as 512m or 2g', 'backups: [{ id: x, dir: b, files: { db: "db-{stamp}.sql" }, drill: { memory: lots } }]', '2:78: backups[0].drill.memory'],
  [
    'a column such as orders.created_at or public.orders.created_at',
    'backups: [{ id: x, dir: b, files: { db: "db-{stamp}.sql" }, drill: { heartbeat: [created_at] } }]',
    '2:82: backups[0].drill.heartbeat[0]',
  ],
  [
    'a query without equals, min or max would accept anything',
    'backups: [{ id: x, dir: b, files: { db: "db-{stamp}.sql" }, drill: { queries: [{ id: a, sql: select 1 }] } }]',
    '2:80: backups[0].drill.queries[0]',
  ],
  [
    'a name such as DATABASE_URL',
    'backups: [{ id: x, dir: b, files: { db: "db-{stamp}.sql" }, drill: { application: { image: a, port: 1, env: { "A B": c } } } }]',
    '2:111',
  ],
  [
    'either `sql` or `command`',
    'secrets: { k: env:K }\nbackups: [{ id: x, dir: b, files: { db: "db-{stamp}.sql" }, drill: { secretsMatch: [{ id: a, secret: k }] } }]',
    '3:85: backups[0].drill.secretsMatch[0]',
  ],
  [
    'either `secret` (of `secrets`) or `backup` (of the restored .env)',
    'backups: [{ id: x, dir: b, files: { db: "db-{stamp}.sql" }, drill: { secretsMatch: [{ id: a, sql: select true }] } }]',
    '2:85: backups[0].drill.secretsMatch[0]',
  ],
  [
    'an SQLSTATE of five characters',
    'backups: [{ id: x, dir: b, files: { db: "db-{stamp}.sql" }, drill: { allowErrors: ["42"] } }]',
    '2:84: backups[0].drill.allowErrors[0]',
  ],
  [
    'a system identifier (pg_controldata)',
    'backups: [{ id: x, dir: b, files: { db: "db-{stamp}.sql" }, drill: { liveIdentifier: live } }]',
    '2:86: backups[0].drill.liveIdentifier',
  ],
  [
    'a baseline without report, rows, checksums or extensions says nothing',
    'backups: [{ id: x, dir: b, files: { db: "db-{stamp}.sql" }, drill: { baseline: {} } }]',
    '2:80: backups[0].drill.baseline',
  ],
  [
    'rows:sum, as the command beside the verdict prints it',
    'backups: [{ id: x, dir: b, files: { db: "db-{stamp}.sql" }, drill: { baseline: { checksums: { users: abc } } } }]',
    '2:102: backups[0].drill.baseline.checksums.users',
  ],
  [
    'a name such as APP_MODE',
    'rollback: { native: true, deploy: { steps: [{ name: a, run: [a] }], verify: [{ name: a, run: [a] }] }, env: { "A B": c }, levels: [{ level: full, steps: [{ name: a, run: [a] }], verify: [{ name: a, run: [a] }] }] }',
    '2:111',
  ],
  [
    'either `run` or `request`',
    'rollback: { native: true, deploy: { steps: [{ name: a, run: [a] }], verify: [{ name: a, run: [a] }] }, prepare: [{ name: a }], levels: [{ level: full, steps: [{ name: a, run: [a] }], verify: [{ name: a, run: [a] }] }] }',
    '2:114: rollback.prepare[0]',
  ],
  [
    'each level once',
    'rollback: { native: true, deploy: { steps: [{ name: a, run: [a] }], verify: [{ name: a, run: [a] }] }, levels: [{ level: full, steps: [{ name: a, run: [a] }], verify: [{ name: a, run: [a] }] }, { level: full, steps: [{ name: a, run: [a] }], verify: [{ name: a, run: [a] }] }] }',
    '2:112: rollback.levels',
  ],
  [
    'a place: $.path in the JSON answer, cookie:name or header:name',
    'secrets: { u: env:U, w: env:W }\nauth: { kind: jwt, login: { url: "https://{domain}/l", accessToken: token, cookie: c }, accounts: [{ username: u, password: w }] }',
    '3:69: auth.login.accessToken',
  ],
  [
    'a name in `secrets`',
    'secrets: { u: env:U, w: env:W }\nauth: { kind: session, accounts: [{ username: "4 u", password: w }] }',
    '3:47: auth.accounts[0].username',
  ],
  ['an IP address of this machine', 'auth: { kind: jwt, token: { canary: { address: localhost } } }', '2:48: auth.token.canary.address'],
]

const told = (source: string): readonly string[] => readYaml(source, 'target.yaml').problems.map(problemText)

const at = (place: string): RegExp => new RegExp(`^target\\.yaml:${place.replaceAll(/[.[\]*]/g, '\\$&')}: `)

/** Every message that the schema gives itself. */
function messagesOf(schema: z.core.$ZodType, seen = new Set<unknown>(), found = new Set<string>()): ReadonlySet<string> {
  if (seen.has(schema)) return found
  seen.add(schema)
  const def = schema._zod.def as unknown as Record<string, unknown> & { readonly checks?: readonly z.core.$ZodCheck[] }
  const said = (error: unknown): void => {
    const message: unknown = typeof error === 'function' ? error({}) : undefined
    if (typeof message === 'string') found.add(message)
  }
  said(def['error'])
  for (const check of def.checks ?? []) said(check._zod.def.error)
  const parts = Object.values(def).flatMap((value): readonly unknown[] =>
    Array.isArray(value) ? value : typeof value === 'object' && value !== null && !('_zod' in value) ? Object.values(value) : [value],
  )
  for (const part of parts)
    if (typeof part === 'object' && part !== null && '_zod' in part && !('check' in (part._zod as object))) messagesOf(part as z.core.$ZodType, seen, found)
  return found
}

describe('what the schema says', () => {
  test('has a case for each message', () => {
    const messages = [...messagesOf(targetSchema)]
    expect(messages.length).toBeGreaterThan(50)
    expect(messages.filter((message) => !CASES.some(([covered]) => covered === message))).toEqual([])
  })
  test.each(CASES)('%s', (message, source, place) => {
    const problems = told(source === '' ? 'domain: localhost\n' : `domain: example.com\n${source}\n`)
    // What may be a secret is also told as that.
    expect(problems.length).toBeLessThanOrEqual(2)
    expect(problems[0]).toMatch(at(place))
    // A value among the secrets is told in words of its own.
    expect(problems[0]).toContain(place.endsWith('secrets.pw') ? 'reference it: env:NAME or file:/' : message)
  })
})

const SUBMISSION = (more: string): string => `mail: { submission: [{ host: mail.example.com, ${more} }] }`
const HOSTED = 'trigger: { submission: { host: mail.example.com, from: a@example.com } }'
const CAUGHT = 'inbox: { receive: { port: 2525 } }'
const DELIVERY = (more: string, beside = ''): string => `secrets: { pw: env:PW }\nmail: { delivery: [{ name: a, ${more} }]${beside} }`
const MARKED = 'to: "p+{token}@example.com"'

/** What is the matter, what stands below the first line, place, message, what would be right. */
test.each<[what: string, source: string, place: string, message: string, right?: string]>([
  [
    'versions the wrong way round',
    'hosts: { api: { tls: { minVersion: TLSv1.3, maxVersion: TLSv1.2 } } }',
    '2:36: hosts.api.tls.minVersion',
    'tls.minVersion TLSv1.3 is above tls.maxVersion TLSv1.2',
    'or a lower minVersion',
  ],
  [
    'a highest version below that of all hosts',
    'defaults: { tls: { minVersion: TLSv1.3 } }\nhosts: { api: { tls: { maxVersion: TLSv1.2 } } }',
    '3:36: hosts.api.tls.maxVersion',
    'tls.minVersion TLSv1.3 is above tls.maxVersion TLSv1.2',
    'a maxVersion of TLSv1.3 or above',
  ],
  [
    'an origin on both lists',
    'hosts: { api: {} }\ncors: [{ host: api, origins: ["https://a.example"], refused: ["https://a.example"] }]',
    '3:62: cors[0].refused',
    'https://a.example is both allowed and refused',
    'keep it in `origins` or in `refused`',
  ],
  [
    'cookies of no host',
    'hosts: { api: {} }\ncookies: [{ name: s, hosts: [apii] }]',
    '3:30: cookies[0].hosts[0]',
    'no host is named "apii"',
    'did you mean "api"?',
  ],
  [
    'an exception of no host',
    'hosts: { api: {} }\nredirects: { exceptions: [{ hosts: [apii], path: /x, status: 302 }] }',
    '3:37: redirects.exceptions[0].hosts[0]',
    'no host is named "apii"',
    'did you mean "api"?',
  ],
  [
    'an error page of no host',
    'hosts: { api: {} }\nerrorPages: [{ host: shop, page: /x, status: 404 }]',
    '3:22: errorPages[0].host',
    'no host is named "shop"',
    'declared hosts: api',
  ],
  [
    'a catcher on no host',
    'hosts: { api: {} }\nexposure: { captureSink: { host: apii } }',
    '3:34: exposure.captureSink.host',
    'no host is named "apii"',
    'did you mean "api"?',
  ],
  [
    'a guarded server of no host',
    'hosts: { app: {} }\nforwardAuth: { login: ["https://auth.{domain}/*"], upstreams: [{ host: aap, address: 127.0.0.1, port: 1 }] }',
    '3:72: forwardAuth.upstreams[0].host',
    'no host is named "aap"',
    'did you mean "app"?',
  ],
  [
    'IPv6 that is not here',
    'dns: { ipv6: required }\nnetwork: { ipv6: false }',
    '2:14: dns.ipv6',
    'IPv6 is required, but network.ipv6 says',
    'run it where IPv6 is reached',
  ],
  ['a logical port that is none', 'network: { ports: { ftp: 21 } }', '2:21: network.ports.ftp', 'unknown logical port "ftp"', 'smtps, imaps or a number'],
  [
    'a resolver that is no address',
    'network: { resolver: dns.example.com }',
    '2:22: network.resolver',
    '"dns.example.com" is not address[:port]',
    '127.0.0.1:5353 or [::1]:53',
  ],
  [
    'a resolver among others',
    'network: { resolvers: [127.0.0.1, "localhost:53"] }',
    '2:35: network.resolvers[1]',
    '"localhost:53" is not address[:port]',
    '127.0.0.1:5353',
  ],
  [
    'an answer of a channel that gives none',
    'hosts: { api.v2: { live: { mode: longpoll, path: /p, expect: x } } }',
    '2:62: hosts.api.v2.live.expect',
    '`expect` needs mode websocket or sse',
    'correct `mode`',
  ],
  [
    'the same among other channels',
    'hosts: { api: { live: [{ mode: sse, path: /s }, { mode: longpoll, path: /p, expect: x }] } }',
    '2:85: hosts.api.live[1].expect',
    '`expect` needs mode websocket or sse',
  ],
  [
    'a login in two forms',
    'defaultCredentials: { services: [{ url: "https://{domain}", login: { path: /l, json: { u: "{username}" }, form: { u: "{username}" }, accepted: { status: 302 }, refused: { status: 200 }, proof: { path: /me, status: 200 } } }] }',
    '2:113: defaultCredentials.services[0].login.form',
    'a login is sent as `json` or as `form`, not as both',
    'keep one of them',
  ],
  [
    'two journeys of one name',
    'journeys: [{ id: a, steps: [{ name: a, url: "https://{domain}/" }] }, { id: a, steps: [{ name: a, url: "https://{domain}/" }] }]',
    '2:77: journeys[1].id',
    'two journeys are named a',
  ],
  [
    'an id from nowhere',
    'uploads: [{ id: a, url: "https://{domain}/u", delete: { url: "https://{domain}/u/{id}" } }]',
    '2:62: uploads[0].delete.url',
    '{id} needs `idPath`',
    'idPath: $.id',
  ],
  [
    'a page without a request',
    'journeys: [{ id: a, steps: [{ name: a, maxRequests: 0, browser: [{ open: "https://{domain}/" }] }] }]',
    '2:53: journeys[0].steps[0].maxRequests',
    '',
    'at least 1',
  ],
  [
    'text without quotes',
    'backups: [{ id: x, dir: b, files: { db: a.sql }, drill: { allowErrors: [42601] } }]',
    '2:73: backups[0].drill.allowErrors[0]',
    '',
    'expected text, in quotes',
  ],
  ['a server without a port', SUBMISSION('startTls: false'), '2:58: mail.submission[0].startTls', 'a server without any port cannot be looked at'],
  ['one port for two ways', SUBMISSION('tls: 587'), '2:53: mail.submission[0].tls', 'one port cannot both begin in plain text and speak TLS'],
  [
    'a password of nobody',
    `secrets: { pw: env:PW }\n${SUBMISSION('password: pw')}`,
    '3:58: mail.submission[0].password',
    'a password without a user cannot sign in',
  ],
  [
    'senders who do not sign in',
    SUBMISSION('senders: [a@example.com]'),
    '2:57: mail.submission[0].senders',
    'who sends must sign in: user and password are missing',
  ],
  [
    'a stranger who does not sign in',
    SUBMISSION('foreignSender: a@example.com'),
    '2:63: mail.submission[0].foreignSender',
    'who sends must sign in: user and password are missing',
  ],
  [
    'a stranger who is none',
    `secrets: { pw: env:PW }\n${SUBMISSION('user: u, password: pw, senders: [a@example.com], foreignSender: a@example.com')}`,
    '3:112: mail.submission[0].foreignSender',
    'a@example.com is one of the senders as well',
  ],
  [
    'a password that nearly has that name',
    `secrets: { word: env:PW }\n${SUBMISSION('user: u, password: wrod')}`,
    '3:67: mail.submission[0].password',
    'secrets has no "wrod"',
    'did you mean "word"?',
  ],
  [
    'two deliveries of one name',
    DELIVERY(`${MARKED}, ${HOSTED}, ${CAUGHT} }, { name: a, ${MARKED}, ${HOSTED}, ${CAUGHT}`),
    '3:180: mail.delivery[1].name',
    'two deliveries are named a',
  ],
  [
    'mail like any other',
    DELIVERY(`to: "p@example.com", ${HOSTED}, ${CAUGHT}`),
    '3:35: mail.delivery[0].to',
    'nothing carries {token}',
    'Put it into the address',
  ],
  [
    'mail to nowhere',
    DELIVERY(`${MARKED}, trigger: { requests: [{ url: "https://{domain}/x" }] }, ${CAUGHT}`),
    '3:81: mail.delivery[0].trigger.requests',
    'no request carries {address}',
  ],
  [
    'waiting less than allowed',
    DELIVERY(`${MARKED}, ${HOSTED}, ${CAUGHT}, withinSeconds: 100, waitSeconds: 50`),
    '3:203: mail.delivery[0].waitSeconds',
    'waitSeconds is shorter than withinSeconds',
  ],
  [
    'a password in plain text',
    DELIVERY(`${MARKED}, trigger: { submission: { host: mail.example.com, from: a@example.com, security: none, user: u, password: pw } }, ${CAUGHT}`),
    '3:140: mail.delivery[0].trigger.submission.security',
    'without TLS the password would go in plain text',
  ],
  [
    'the password of an inbox in plain text',
    DELIVERY(`${MARKED}, ${HOSTED}, inbox: { imap: { host: mail.example.com, user: u, password: pw, security: none } }`),
    '3:208: mail.delivery[0].inbox.imap.security',
    'without TLS the password would go in plain text',
  ],
  [
    'a user alone',
    DELIVERY(`${MARKED}, trigger: { submission: { host: mail.example.com, from: a@example.com, user: u } }, ${CAUGHT}`),
    '3:83: mail.delivery[0].trigger.submission',
    'user and password go together',
  ],
  [
    'an inbox that must stay empty',
    DELIVERY(
      `${MARKED}, ${HOSTED}, inbox: { api: { product: mailpit, url: "http://c.example" } }`,
      ', sinks: [{ product: mailpit, url: "http://c.example/" }]',
    ),
    '3:173: mail.delivery[0].inbox.api.url',
    'it is the inbox and, in mail.sinks, a catcher that must stay empty',
    'take it out of one of them',
  ],
  [
    'a key that nobody declared',
    'auth: { kind: apiKey, apiKey: { key: nobody } }',
    '2:38: auth.apiKey.key',
    'secrets has no entry of that name',
    'declare it in secrets',
  ],
])('%s', (_what, source, place, message, right = '') => {
  const problems = told(`domain: example.com\n${source}\n`).filter((one) => one.includes(message) && one.includes(right))
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(at(place))
})
