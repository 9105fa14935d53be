/** The judgement of every exposure check, both ways, and what must not alarm: a site, ports and names as plain functions, no sockets. */
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import type { Check, Subject } from '../../helpers/check.ts'
import type { HttpObservation, RawHttpObservation, TcpObservation } from '../../helpers/observations.ts'
import type { Observed, Probe, ProbeContext } from '../../helpers/probe.ts'
import { ProbeError } from '../../helpers/probe.ts'
import { normaliseTarget, type Target, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import type { SshObservation } from '../../helpers/probes/ssh.ts'
import { siblingOf } from '../../helpers/probes/sweep.ts'
import { checksummed, findSecrets } from './secrets.ts'
import { sameAnswer } from './shared.ts'
import { findTraces, internalName, serverSignature } from './traces.ts'

interface Answer {
  readonly status?: number
  readonly type?: string
  readonly body?: string | Buffer
  readonly headers?: readonly (readonly [string, string])[]
  readonly truncated?: boolean
  /** Instead of an answer. */
  readonly failure?: string
}
interface World {
  /** Undefined: 404. */
  readonly site?: (path: string, method: string) => Answer | undefined
  readonly tcp?: (address: string, port: number) => Pick<TcpObservation, 'state'> & { readonly banner?: string | Buffer }
  readonly ssh?: (address: string) => Partial<SshObservation> | string
  readonly raw?: (bytes: string) => Partial<RawHttpObservation> | string
  readonly names?: Readonly<Record<string, readonly string[]>>
}

const AT = '2026-01-01T00:00:00.000Z'
const seen = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: AT, durationMs: 1, attempts: 1 })
const failed = (code: string): Observed<never> => ({
  ok: false,
  failure: { code, message: code, phase: code === 'ECONNREFUSED' ? 'connect' : code === 'NXDOMAIN' ? 'resolve' : 'response' },
  startedAt: AT,
  durationMs: 1,
  attempts: 1,
})

const TWO_ADDRESSES: World = { names: { 'example.com': ['127.0.0.1', '127.0.0.2'] } }
const NOT_FOUND: Answer = {
  status: 404,
  type: 'text/html',
  body: '<!doctype html><html><head><title>Not found</title></head><body><h1>Not found</h1></body></html>',
}
const observation = (url: string, method: string, answer: Answer): HttpObservation => ({
  url,
  method,
  status: answer.status ?? 200,
  statusText: '',
  httpVersion: '2',
  headers: [['content-type', answer.type ?? 'text/plain'], ...(answer.headers ?? [])],
  body: Buffer.from(answer.body ?? ''),
  wireBytes: Buffer.byteLength(answer.body ?? ''),
  truncated: answer.truncated ?? false,
  decodeFailed: false,
  peer: '127.0.0.1:443',
  reused: true,
  at: AT,
  timings: { ttfbMs: 1, transferMs: 1, totalMs: 2, loopDelayMs: 0 },
})

/** Runs a check's probes against functions and judges what they saw. */
async function judged(
  check: Check,
  world: World,
  target: Target,
  subject?: Subject,
): Promise<{ readonly verdict: Verdict; readonly requests: readonly string[] }> {
  const requests: string[] = []
  const resources = new Map<string, unknown>()
  const memo = new Map<string, Promise<Observed<unknown>>>()
  const look = async (probe: Probe<unknown>): Promise<Observed<unknown>> => {
    if (probe.kind === 'httpRequest') {
      const [, method = '', url = ''] = /^httpRequest (\S+) (\S+)/.exec(probe.key) ?? []
      requests.push(`${method} ${url}`)
      const answer = world.site?.(url.replace(/^https?:\/\/[^/]+/, ''), method) ?? NOT_FOUND
      return answer.failure === undefined ? seen(observation(url, method, answer)) : failed(answer.failure)
    }
    if (probe.kind === 'resolveHost') {
      const fqdn = probe.key.split(' ')[1] ?? ''
      const addresses = world.names?.[fqdn] ?? ['127.0.0.1']
      if (addresses.length === 0) return failed('NXDOMAIN')
      return seen({
        fqdn,
        source: 'dns',
        cnames: [],
        durationMs: 1,
        addresses: addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      })
    }
    if (probe.kind === 'tcpConnect') {
      const [, address = '', , port = ''] = probe.key.split(' ')
      requests.push(`tcp ${address} ${port}`)
      const { state, banner } = world.tcp?.(address, Number(port)) ?? { state: 'refused' as const }
      return seen<TcpObservation>({ address, port: Number(port), state, ...(banner === undefined ? {} : { banner: Buffer.from(banner) }), at: AT })
    }
    if (probe.kind === 'sshMethods') {
      const address = probe.key.split(' ')[1] ?? ''
      const answer = world.ssh?.(address) ?? 'EPROTO'
      return typeof answer === 'string'
        ? failed(answer)
        : seen<SshObservation>({ address, identification: 'SSH-2.0-x', methods: [], admitted: false, at: AT, ...answer })
    }
    if (probe.kind === 'rawHttp') {
      const answer = world.raw?.(probe.key) ?? { status: 400 }
      return typeof answer === 'string'
        ? failed(answer)
        : seen<RawHttpObservation>({ peer: '127.0.0.1:80', headers: [], body: Buffer.alloc(0), closed: 'fin', at: AT, ...answer })
    }
    try {
      return seen(await probe.run(context))
    } catch (error) {
      if (error instanceof ProbeError) return { ok: false, failure: error.failure, startedAt: AT, durationMs: 1, attempts: 1 }
      throw error
    }
  }
  const line = async ({ method, path, authority }: { readonly method: string; readonly path: string; readonly authority: string }): Promise<object> => {
    const url = `https://${authority}${path}`
    requests.push(`${method} ${url}`)
    const answer = world.site?.(path, method) ?? NOT_FOUND
    if (answer.failure !== undefined) throw new ProbeError({ code: answer.failure, message: answer.failure, phase: 'response' })
    const { status, headers, body, truncated } = observation(url, method, answer)
    return {
      status,
      headers,
      body: Buffer.from(body),
      cut: truncated,
      statusText: '',
      httpVersion: '2',
      peer: '127.0.0.1:443',
      reused: true,
      at: AT,
      ttfbMs: 1,
      transferMs: 1,
      totalMs: 2,
      loopDelayMs: 0,
    }
  }
  const context: ProbeContext = {
    target,
    signal: new AbortController().signal,
    observe: async <T>(probe: Probe<T>) => {
      const known = memo.get(probe.key) ?? look(probe)
      memo.set(probe.key, known)
      return (await known) as Observed<T>
    },
    connection: async () => ({ release: () => {} }),
    pace: () => ({ turn: () => Promise.resolve(), refused: () => false, accepted: () => {} }),
    log: () => {},
    resource: <R>(key: string, open: () => R): R => {
      // The line that a sweep would ask over.
      if (key.startsWith('http https://')) return { request: line } as R
      if (!resources.has(key)) resources.set(key, open())
      return resources.get(key) as R
    },
  }
  const one = subject ?? check.subjects(target)[0]
  if (one === undefined) throw new TypeError(`${check.id} has nothing to judge in this target`)
  const input: Record<string, unknown> = {}
  for (const [name, need] of Object.entries(check.needs(one, target, check.options))) {
    const observed = await context.observe('attempt' in need ? need.attempt : need)
    if ('attempt' in need) input[name] = observed
    else if (observed.ok) input[name] = observed.value
    else return { verdict: { outcome: 'inconclusive', code: 'run.unobserved', blame: 'unobserved', reason: observed.failure.code, evidence: [] }, requests }
  }
  return { verdict: check.judge(input as never, { target, subject: one, now: new Date(AT), options: check.options }), requests }
}

const here = dirname(fileURLToPath(import.meta.url))
const files = readdirSync(here).filter((file) => file.endsWith('.check.ts'))
const checks = new Map<string, Check>()
for (const file of files) {
  const check = ((await import(pathToFileURL(join(here, file)).href)) as { default: Check }).default
  checks.set(check.id.replace('exposure/', ''), check)
}
const checkNamed = (name: string): Check => {
  const check = checks.get(name)
  if (check === undefined) throw new TypeError(`there is no check ${name}`)
  return check
}

const targetOf = (more: Partial<TargetInput> = {}): Target =>
  normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': { title: 'Shop' } }, ...more }), { sha256: '0'.repeat(64) })
const TARGET = targetOf({
  hosts: { '@': { title: 'Shop', apiPaths: ['/api/items'], backend: 'shop:3000' } },
  exposure: {
    open: [80, 443],
    closed: [5432, 6379, 4000],
    closedOr403: [8881],
    notServed: ['/data/gantry.db', '/backups/'],
    adminPaths: ['/admin/'],
    captureSink: { host: '@' },
  },
})
const only =
  (wanted: string, answer: Answer) =>
  (path: string): Answer | undefined =>
    path === wanted ? answer : undefined
const HTML = 'text/html; charset=utf-8'
const page = (title: string, body: string): string => `<!doctype html><html><head><title>${title}</title></head><body>${body}</body></html>`
/** A document with one script of its own; the rest 404. */
const document =
  (body: string, script?: string, more: (path: string, method: string) => Answer | undefined = () => undefined) =>
  (path: string, method: string): Answer | undefined =>
    path === '/'
      ? { type: HTML, body: page('Shop', `${body}<script src="/assets/app.js"></script>`) }
      : path === '/assets/app.js'
        ? { type: 'text/javascript', body: script ?? 'export const a = 1\n' }
        : more(path, method)

const key = (...halves: string[]): string => halves.join('_')
const ENV = 'APP_NAME=shop\nDB_PASSWORD=hunter2hunter2\n'
const MAP = '{"version":3,"sources":["a.ts"],"sourcesContent":["export const a = 1"],"names":[],"mappings":"AAAA"}'

type Case = readonly [check: string, what: string, world: World, outcome: Verdict['outcome'], code?: string | undefined, target?: Target]
const site = (wanted: string, body: string | Buffer, type = 'text/plain', status = 200): World => ({ site: only(wanted, { status, type, body }) })

const FOUND: readonly Case[] = [
  ['git', 'HEAD', site('/.git/HEAD', 'ref: refs/heads/main\n'), 'fail', 'exposure.git'],
  ['git', 'detached HEAD', site('/.git/HEAD', `${'a'.repeat(40)}\n`), 'fail', 'exposure.git'],
  ['git', 'index as download', site('/.git/index', 'DIRC\0\0\0\x02', 'application/octet-stream'), 'fail', 'exposure.git'],
  ['env', 'with secrets', site('/.env', ENV), 'fail', 'exposure.env.secret'],
  ['env', 'as JavaScript by type only', site('/.env', ENV, 'application/octet-stream'), 'fail', 'exposure.env.secret'],
  ['every-address', 'an environment file', { ...site('/.env', ENV), ...TWO_ADDRESSES }, 'fail', 'exposure.address'],
  ['env', 'without secrets', site('/.env.local', 'A=1\nB=2\n'), 'fail', 'exposure.env'],
  [
    'env',
    'with a key over many lines',
    site('/.env', `NAME=shop\nPRIVATE_KEY="-----BEGIN PRIVATE KEY-----\n${'hunter2hunter2\n'.repeat(24)}-----END PRIVATE KEY-----"\nPORT=80\n`),
    'fail',
    'exposure.env.secret',
  ],
  ['env', 'with spaces and small letters', site('/.env', '\uFEFFapp_name = shop\ndb_password = hunter2hunter2\n'), 'fail', 'exposure.env.secret'],
  ['env', 'below the interface', site('/api/.env', ENV, 'text/plain'), 'fail', 'exposure.env.secret'],
  ['env', 'under text/html, but without a tag', site('/.env', ENV, HTML), 'fail', 'exposure.env.secret'],
  [
    'api-docs',
    'longer than what is read',
    { site: only('/openapi.json', { type: 'application/json', truncated: true, body: '{"openapi":"3.1.0","info":{},"paths":{"/a":{' }) },
    'fail',
    'exposure.api-docs',
  ],
  [
    'backup',
    'an archive whose coding was undone',
    site('/backup.tar.gz', Buffer.concat([Buffer.alloc(257), Buffer.from('ustar')]), 'application/x-tar'),
    'fail',
    'exposure.backup',
  ],
  [
    'capture-sink',
    'more mail than is read',
    { site: only('/api/v2/messages', { type: 'application/json', truncated: true, body: '{"total":9,"items":[{"a":' }) },
    'fail',
    'exposure.capture-sink.mail',
  ],
  ['secrets-files', 'AWS', site('/.aws/credentials', '[default]\naws_access_key_id = A\naws_secret_access_key = B\n'), 'fail', 'exposure.secrets-file'],
  ['secrets-files', 'password file', site('/.htpasswd', 'admin:$apr1$x$y\n'), 'fail', 'exposure.secrets-file'],
  ['secrets-files', 'password file of old', site('/.htpasswd', 'admin:rl.3StKT.4T8M\n'), 'fail', 'exposure.secrets-file'],
  ['secrets-files', 'what an editor left', site('/wp-config.php~', "<?php\ndefine( 'DB_PASSWORD', 'hunter2' );\n"), 'fail', 'exposure.secrets-file'],
  [
    'setup-wizard',
    'Gitea, at the root',
    site('/', page('Installation - Gitea', '<form><select name="db_type"></select></form>'), HTML),
    'fail',
    'exposure.setup-wizard',
  ],
  [
    'directory-listing',
    'IIS',
    site(
      '/backup/',
      '<html><head><title>example.com - /backup/</title></head><body><H1>example.com - /backup/</H1><hr>\r\n\r\n<pre><A HREF="/">[To Parent Directory]</A><br><br></pre>',
      HTML,
    ),
    'fail',
    'exposure.directory-listing',
  ],
  [
    'directory-listing',
    'Tomcat',
    site('/files/', '<html><head><title>Directory Listing For [/files/]</title></head><body><h1>Directory Listing For [/files/]</h1></body></html>', HTML),
    'fail',
    'exposure.directory-listing',
  ],
  [
    'directory-listing',
    'Go',
    site(
      '/static/',
      '<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n<a href="a.sql">a.sql</a>\n<a href="b/">b/</a>\n</pre>\n',
      HTML,
    ),
    'fail',
    'exposure.directory-listing',
  ],
  [
    'directory-listing',
    'nginx, as JSON',
    site('/uploads/', '[\n{ "name":"a.png", "type":"file", "mtime":"Sat, 21 Nov 2026 12:00:00 GMT", "size":1 }\n]', 'application/json'),
    'fail',
    'exposure.directory-listing',
  ],
  [
    'directory-listing',
    'lighttpd',
    site(
      '/uploads/',
      '<!DOCTYPE html>\n<html>\n<head>\n<title>Index of /uploads/</title>\n</head>\n<body>\n<h2>Index of /uploads/</h2>\n<div class="list">\n<table></table></div></body></html>',
      HTML,
    ),
    'fail',
    'exposure.directory-listing',
  ],
  [
    'directory-listing',
    'Apache, plain',
    site(
      '/static/',
      '<html><head><title>Index of /static</title></head><body>\n<h1>Index of /static</h1>\n<ul><li><a href="a.js"> a.js</a></li>\n</ul></body></html>',
      HTML,
    ),
    'fail',
    'exposure.directory-listing',
  ],
  [
    'capture-sink',
    'another catcher than the usual one',
    site('/api/v1/messages', '{"total":3,"messages":[]}', 'application/json'),
    'fail',
    'exposure.capture-sink.mail',
  ],
  [
    'not-served',
    'an open administration with a form for a new user',
    site('/data/gantry.db', page('Users', '<a href="/logout">Log out</a><form action="/users"><input name="a"><input type="password" name="b"></form>'), HTML),
    'fail',
    'exposure.not-served',
  ],
  [
    'not-served',
    'a form with more than a login asks for',
    site('/data/gantry.db', page('Users', '<form><input name="a"><input name="b"><input name="c"><input type="password"><input type="password"></form>'), HTML),
    'fail',
    'exposure.not-served',
  ],
  ['secrets-files', 'Docker', site('/.docker/config.json', '{"auths":{"r.example":{"auth":"eA=="}}}', 'application/json'), 'fail', 'exposure.secrets-file'],
  ['backup', 'zip of the host', site('/example.com.zip', Buffer.from('PK\x03\x04rest', 'latin1'), 'application/zip'), 'fail', 'exposure.backup'],
  ['backup', 'partial content', site('/backup.tar.gz', Buffer.from([0x1f, 0x8b, 8]), 'application/gzip', 206), 'fail', 'exposure.backup'],
  ['backup', 'dump', site('/dump.sql', '-- MySQL dump 10.13\nCREATE TABLE x (y int);\n'), 'fail', 'exposure.backup'],
  ['backup', 'SQLite', site('/db.sqlite3', 'SQLite format 3\0'), 'fail', 'exposure.backup'],
  ['backup', '.DS_Store', site('/.DS_Store', Buffer.from('\0\0\0\x01Bud1\0', 'latin1')), 'fail', 'exposure.backup.ds-store'],
  ['ai-config', 'servers', site('/.mcp.json', '{"mcpServers":{}}', 'application/json'), 'fail', 'exposure.ai-config'],
  [
    'ai-config',
    'instructions',
    site('/AGENTS.md', '# How to work here\n\nRun the tests with npm test before every commit, always.\n', 'text/markdown'),
    'fail',
    'exposure.ai-config.instructions',
  ],
  ['build-files', 'compose', site('/docker-compose.yml', 'services:\n  web:\n    image: x\n'), 'fail', 'exposure.build-file'],
  ['build-files', 'Dockerfile', site('/Dockerfile', '# syntax=docker/dockerfile:1\nFROM node:24\n'), 'fail', 'exposure.build-file'],
  [
    'build-files',
    'upload settings',
    site('/.vscode/sftp.json', '{"host":"h","remotePath":"/","password":"p"}', 'application/json'),
    'fail',
    'exposure.build-file.password',
  ],
  ['metrics', 'Prometheus', site('/metrics', '# HELP up Up.\n# TYPE up gauge\nup 1\n'), 'fail', 'exposure.metrics'],
  ['server-status', 'Apache', site('/server-status', page('Apache Status', '<h1>Apache Server Status for shop</h1>'), HTML), 'fail', 'exposure.server-status'],
  ['server-status', 'HAProxy', site('/haproxy?stats', page('Statistics Report for HAProxy', '<h1>HAProxy</h1>'), HTML), 'fail', 'exposure.server-status'],
  ['server-status', 'nginx', site('/stub_status', 'Active connections: 1 \nserver accepts handled requests\n 1 1 1 \n'), 'fail', 'exposure.server-status'],
  ['actuator-debug', 'env', site('/actuator/env', '{"propertySources":[]}', 'application/json'), 'fail', 'exposure.debug'],
  ['actuator-debug', 'heap dump', site('/actuator/heapdump', 'JAVA PROFILE 1.0.2\0', 'application/octet-stream'), 'fail', 'exposure.debug'],
  ['actuator-debug', 'console', site('/console', page('Console', '<script>var EVALEX = true, SECRET = "x";</script>'), HTML), 'fail', 'exposure.debug'],
  ['actuator-debug', 'index', site('/actuator', '{"_links":{"self":{}}}', 'application/json'), 'fail', 'exposure.debug.index'],
  ['api-docs', 'OpenAPI', site('/openapi.json', '{"openapi":"3.1.0","paths":{}}', 'application/json'), 'fail', 'exposure.api-docs'],
  ['api-docs', 'page', site('/docs', page('API', '<script>SwaggerUIBundle({url: "/openapi.json"})</script>'), HTML), 'fail', 'exposure.api-docs'],
  [
    'graphql',
    'introspection',
    {
      site: (path, method) =>
        path === '/graphql' && method === 'POST' ? { type: 'application/json', body: '{"data":{"__schema":{"queryType":{"name":"Query"}}}}' } : undefined,
    },
    'fail',
    'exposure.graphql.introspection',
  ],
  ['graphql', 'console', site('/graphiql', page('GraphiQL', ''), HTML), 'warn', 'exposure.graphql.console'],
  ['dev-mode', 'Vite', site('/@vite/client', 'export function createHotContext(o) {}', 'text/javascript'), 'fail', 'exposure.dev-mode'],
  ['dev-mode', 'webpack', site('/__webpack_hmr', 'data: {"action":"sync"}\n\n', 'text/event-stream'), 'fail', 'exposure.dev-mode'],
  [
    'directory-listing',
    'nginx',
    site('/uploads/', page('Index of /uploads/', '<h1>Index of /uploads/</h1><hr><pre><a href="../">../</a>'), HTML),
    'fail',
    'exposure.directory-listing',
  ],
  [
    'directory-listing',
    'bucket',
    site('/files/', '<?xml version="1.0"?><ListBucketResult xmlns="x"><Contents><Key>a</Key></Contents></ListBucketResult>', 'application/xml'),
    'fail',
    'exposure.directory-listing',
  ],
  [
    'directory-listing',
    'folder of an asset',
    { site: document('', undefined, only('/assets/', { type: HTML, body: page('Directory listing for /assets/', '') })) },
    'fail',
    'exposure.directory-listing',
  ],
  ['admin-panels', 'open', site('/solr/', page('Solr Admin', ''), HTML), 'fail', 'exposure.admin-panel.open'],
  [
    'admin-panels',
    'login',
    site('/wp-login.php', page('Log In', '<form id="loginform"><input name="wp-submit"></form>'), HTML),
    'warn',
    'exposure.admin-panel.login',
  ],
  ['admin-paths', 'members', site('/admin/', page('Members', '<table></table>'), HTML), 'fail', 'exposure.admin-path.open'],
  ['admin-paths', 'data', site('/admin/', '{"users":[]}', 'application/json'), 'fail', 'exposure.admin-path.open'],
  ['not-served', 'database', site('/data/gantry.db', 'SQLite format 3\0', 'application/octet-stream'), 'fail', 'exposure.not-served'],
  ['not-served', 'list', site('/backups/', page('Backups', '<a href="a.sql">'), HTML), 'fail', 'exposure.not-served'],
  ['capture-sink', 'mail', site('/api/v2/messages', '{"total":4,"items":[]}', 'application/json'), 'fail', 'exposure.capture-sink.mail'],
  ['capture-sink', 'list', site('/api/v2/messages', '[{"subject":"x"}]', 'application/json'), 'fail', 'exposure.capture-sink.mail'],
  ['capture-sink', 'empty', site('/api/v2/messages', '{"total":0,"items":[]}', 'application/json'), 'warn', 'exposure.capture-sink.open'],
  ['default-page', 'nginx', site('/', page('Welcome to nginx!', '<h1>Welcome to nginx!</h1>'), HTML), 'fail', 'exposure.default-page'],
  ['robots', 'behind an empty rule', site('/robots.txt', 'User-agent: *\nDisallow:\nDisallow: /secret-backup/\n'), 'warn', 'exposure.robots.telling'],
  ['robots', 'telling', site('/robots.txt', 'User-agent: *\nDisallow: /secret-backup/\n'), 'warn', 'exposure.robots.telling'],
  [
    'well-known',
    'policy',
    site('/clientaccesspolicy.xml', '<access-policy><domain uri="*"/></access-policy>', 'text/xml'),
    'fail',
    'exposure.well-known.policy',
  ],
  ['well-known', 'no JSON', site('/.well-known/assetlinks.json', 'soon', 'application/json'), 'warn', 'exposure.well-known.not-json'],
  ['open-service', 'Traefik', site('/api/rawdata', '{"routers":{},"services":{}}', 'application/json'), 'fail', 'exposure.open-service'],
  ['open-service', 'CouchDB', site('/_all_dbs', '["_users","shop"]', 'application/json'), 'fail', 'exposure.open-service'],
  [
    'setup-wizard',
    'Metabase',
    site('/api/session/properties', '{"has-user-setup":false,"setup-token":"x"}', 'application/json'),
    'fail',
    'exposure.setup-wizard',
  ],
  [
    'secrets-in-js',
    'key in a script',
    { site: document('', `const k = "${key('sk', 'live', '4eC39HqLyjWDarjtT1zdp7dcWq')}"`) },
    'fail',
    'exposure.secret-in-js',
  ],
  [
    'secrets-in-js',
    'connection string in the document',
    { site: document('<script>db="postgres://app:h4rdT0Guess@db.shop.internal/shop"</script>') },
    'fail',
    'exposure.secret-in-js',
  ],
  [
    'source-maps',
    'beside the script',
    { site: document('', undefined, only('/assets/app.js.map', { type: 'application/json', body: MAP })) },
    'fail',
    'exposure.source-map',
  ],
  [
    'source-maps',
    'named',
    { site: document('', 'a()\n//# sourceMappingURL=maps/x.map', only('/assets/maps/x.map', { type: 'text/plain', body: MAP })) },
    'fail',
    'exposure.source-map',
  ],
  [
    'source-maps',
    'inside the script',
    { site: document('', `a()\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(MAP).toString('base64')}`) },
    'fail',
    'exposure.source-map',
  ],
  [
    'source-maps',
    'without sources',
    {
      site: document(
        '',
        undefined,
        only('/assets/app.js.map', { type: 'application/json', body: '{"version":3,"sources":["a.ts"],"names":[],"mappings":""}' }),
      ),
    },
    'warn',
    'exposure.source-map.names',
  ],
  [
    'source-maps',
    'with a secret',
    {
      site: document(
        '',
        undefined,
        only('/assets/app.js.map', { type: 'application/json', body: MAP.replace('export', key('sk', 'live', '4eC39HqLyjWDarjtT1zdp7dcWq')) }),
      ),
    },
    'fail',
    'exposure.source-map.secret',
  ],
  ['stack-trace', 'JavaScript', site('/%ZZ', 'Error: x\n    at f (/srv/app.js:1:2)', 'text/plain', 500), 'fail', 'exposure.stack-trace'],
  [
    'stack-trace',
    'Express as HTML',
    site('/%ZZ', page('Error', '<pre>URIError: x<br> &nbsp; &nbsp;at decode (/srv/node_modules/express/lib/router/layer.js:172:13)</pre>'), HTML, 400),
    'fail',
    'exposure.stack-trace',
  ],
  [
    'stack-trace',
    'Python',
    site('/postproof-3f9c0d1e', 'Traceback (most recent call last):\n  File "/app/x.py", line 1', 'text/plain', 500),
    'fail',
    'exposure.stack-trace',
  ],
  [
    'stack-trace',
    'database, to a body that is no JSON',
    { site: (path, method) => (path === '/api/items' && method === 'POST' ? { status: 500, body: 'SQLSTATE[42P01]: undefined table' } : undefined) },
    'fail',
    'exposure.stack-trace',
  ],
  [
    'stack-trace',
    'debug page',
    { site: (_path, method) => (method === 'POSTPROOF' ? { status: 405, type: HTML, body: page('Whoops! There was an error.', '') } : undefined) },
    'fail',
    'exposure.stack-trace.debug-page',
  ],
  [
    'version-in-body',
    'signature',
    site('/postproof-3f9c0d1e', '<html><body><center><h1>404 Not Found</h1></center><hr><center>nginx/1.24.0 (Ubuntu)</center></body></html>', HTML, 404),
    'warn',
    'exposure.version.error-page',
  ],
  [
    'version-in-body',
    'Apache',
    site('/postproof-3f9c0d1e', '<address>Apache/2.4.57 (Debian) Server at shop Port 443</address>', HTML, 404),
    'warn',
    'exposure.version.error-page',
  ],
  ['version-in-body', 'generator', site('/', '<!doctype html><meta name="generator" content="WordPress 6.4.2">', HTML), 'warn', 'exposure.version.generator'],
  ['internal-names', 'address in an error', site('/postproof-3f9c0d1e', 'no route to 10.0.3.17', 'text/plain', 404), 'fail', 'exposure.internal.error'],
  [
    'internal-names',
    'declared backend in an error',
    site('/postproof-3f9c0d1e', 'upstream shop:3000 refused', 'text/plain', 404),
    'fail',
    'exposure.internal.error',
  ],
  ['internal-names', 'loads from inside', { site: document('<img src="https://files.prod.internal/a.png">') }, 'fail', 'exposure.internal.reference'],
  ['internal-names', 'comment', { site: document('<!-- from 192.168.4.4 -->') }, 'warn', 'exposure.internal.text'],
  ['internal-names', 'script', { site: document('', 'fetch("http://10.1.2.3:8080/api")') }, 'warn', 'exposure.internal.text'],
  ['open-proxy', 'fetches', { raw: () => ({ status: 200, body: Buffer.from('<title>Example Domain</title>') }) }, 'fail', 'exposure.open-proxy'],
  ['open-proxy', 'says yes to CONNECT', { raw: () => ({ status: 200, body: Buffer.from('own page') }) }, 'warn', 'exposure.open-proxy.connect'],
  [
    'alias-traversal',
    'step',
    { site: document('', undefined, only('/assets../assets/app.js', { type: 'text/javascript', body: 'export const a = 1\n' })) },
    'fail',
    'exposure.alias-traversal',
  ],
]

/** Each was or could be a false alarm of some scanner. */
const SPA = page('App', '<div id="root"></div>')
const QUIET: readonly Case[] = [
  [
    'env',
    'a manual that quotes one',
    site(
      '/.env',
      'To configure, write these lines:\n\nDB_HOST=localhost\nDB_PASSWORD=secret\n\nThen start the program and wait until it says so.\nIt takes a minute.\n',
    ),
    'pass',
  ],
  ['env', 'a page about it', site('/.env', page('Docs', '<pre>DB_PASSWORD=secret\nAPI_KEY=x</pre>'), HTML), 'pass'],
  ['env', 'a page as plain text', site('/.env', page('Docs', '\nDB_PASSWORD=secret\nAPI_KEY=x\n'), 'text/plain'), 'pass'],
  [
    'env',
    'the same for every dot file',
    { site: (path) => (/^\/(?:api\/)?\.[a-z]/.test(path) || path.includes('.postproof') ? { body: ENV } : undefined) },
    'pass',
  ],
  ['env', 'code with assignments', site('/.env', 'if (a == 1) {\n  b = 2;\n}\nreturn a === b\n'), 'pass'],
  ['directory-listing', 'a page that begins alike', site('/static/', page('Index of plants', '<pre><a href="a">a</a></pre>'), HTML), 'pass'],
  [
    'not-served',
    'a login',
    site(
      '/data/gantry.db',
      page(
        'Log in',
        '<form action="/in"><input type="hidden" name="c"><input name="a"><input type="password" name="b"><input type="checkbox" name="r"></form>',
      ),
      HTML,
    ),
    'pass',
  ],
  ['env', 'JavaScript', site('/.env', 'window.ENV={}\nconst A=1\n', 'text/javascript'), 'pass'],
  ['env', '403', site('/.env', ENV, 'text/plain', 403), 'pass'],
  ['git', 'a page', site('/.git/HEAD', page('App', 'ref: refs/heads/main'), HTML), 'pass'],
  ['git', 'plain OK', site('/.git/HEAD', 'ok\n'), 'pass'],
  ['backup', 'a page named like one', site('/backup.zip', SPA, 'application/zip'), 'pass'],
  ['backup', 'a gzip-coded page', site('/backup.tar.gz', SPA, 'application/octet-stream'), 'pass'],
  ['ai-config', 'short text', site('/CLAUDE.md', '# no\n'), 'pass'],
  ['metrics', 'an application’s own page', site('/metrics', page('Metrics', '# TYPE is a heading'), HTML), 'pass'],
  ['metrics', 'declared public', site('/metrics', '# TYPE up gauge\nup 1\n'), 'pass', undefined, targetOf({ exposure: { publicPaths: ['/metrics'] } })],
  ['server-status', 'a product’s status page', site('/status', '{"status":"ok"}', 'application/json'), 'pass'],
  [
    'api-docs',
    'declared public',
    site('/openapi.json', '{"openapi":"3.1.0","paths":{}}', 'application/json'),
    'pass',
    undefined,
    targetOf({ exposure: { publicPaths: ['/openapi.json'] } }),
  ],
  [
    'graphql',
    'introspection refused',
    {
      site: (path, method) =>
        path === '/graphql' && method === 'POST'
          ? { type: 'application/json', body: '{"errors":[{"message":"GraphQL introspection is not allowed, but the query contained __schema"}]}' }
          : undefined,
    },
    'pass',
  ],
  ['directory-listing', 'an article about it', site('/', page('Blog', 'How to switch off Index of / and its Parent Directory'), HTML), 'pass'],
  [
    'admin-panels',
    'the host is there for it',
    site('/grafana/login', page('Grafana', '<script>window.grafanaBootData = {}</script>'), HTML),
    'pass',
    undefined,
    targetOf({ hosts: { '@': { title: 'Grafana' } } }),
  ],
  [
    'admin-panels',
    'declared',
    site('/wp-login.php', '<form id="loginform"><input name="wp-submit"></form>', HTML),
    'pass',
    undefined,
    targetOf({ exposure: { adminPaths: ['/wp-login.php'] } }),
  ],
  ['admin-panels', '401', site('/solr/', page('Solr Admin', ''), HTML, 401), 'pass'],
  ['admin-paths', 'a login', site('/admin/', page('Sign in', '<form><input type="password"></form>'), HTML), 'pass'],
  ['admin-paths', 'a redirect', { site: only('/admin/', { status: 302, headers: [['location', '/login']] }) }, 'pass'],
  [
    'not-served',
    'the shell of a program with a fresh nonce',
    { site: (path) => ({ type: HTML, body: page('App', `<script nonce="${'n'.repeat(22)}${path.length}">1</script><p>${path}</p>`) }) },
    'pass',
  ],
  ['capture-sink', 'its login', site('/api/v2/messages', page('Sign in', ''), HTML), 'pass'],
  ['capture-sink', '401', site('/api/v2/messages', '{"error":"x"}', 'application/json', 401), 'pass'],
  ['capture-sink', 'gone', { site: only('/api/v2/messages', { failure: 'ECONNREFUSED' }) }, 'pass'],
  ['default-page', 'an article', site('/', page('Welcome', 'Welcome to nginx!'), HTML), 'pass'],
  ['robots', 'what WordPress lists', site('/robots.txt', 'User-agent: *\nDisallow: /wp-admin/\nAllow: /wp-admin/admin-ajax.php\n'), 'pass'],
  ['robots', 'empty rules before others', site('/robots.txt', 'User-agent: *\nDisallow:\nDisallow: /search\n'), 'pass'],
  ['robots', 'none', {}, 'pass'],
  [
    'well-known',
    'policy for one domain',
    site('/crossdomain.xml', '<cross-domain-policy><allow-access-from domain="*.example.com"/></cross-domain-policy>', 'text/xml'),
    'pass',
  ],
  ['open-service', 'an application’s own version', site('/version', '{"version":"1.2.3"}', 'application/json'), 'pass'],
  ['open-service', 'tags of a blog', site('/api/tags', '{"models":[],"tags":["a"]}', 'application/json'), 'pass'],
  ['setup-wizard', 'finished', site('/api/session/properties', '{"has-user-setup":true,"setup-token":null}', 'application/json'), 'pass'],
  [
    'secrets-in-js',
    'publishable keys',
    {
      site: document(
        '',
        `const a="${key('pk', 'live', '4eC39HqLyjWDarjtT1zdp7dcWq')}", b={apiKey:"AIzaSyA1234567890abcdefghijklmnopqrstuv"}, c="https://0123456789abcdef@o1.ingest.example/2"`,
      ),
    },
    'pass',
  ],
  [
    'secrets-in-js',
    'anonymous token',
    { site: document('', `const t="eyJhbGciOiJIUzI1NiJ9.${Buffer.from('{"role":"anon","iss":"supabase"}').toString('base64url')}.${'s'.repeat(43)}"`) },
    'pass',
  ],
  ['secrets-in-js', 'documentation', { site: document('<pre>DB_PASSWORD=secret AKIAIOSFODNN7EXAMPLE postgres://user:password@localhost/db</pre>') }, 'pass'],
  ['source-maps', 'a page in place of the map', { site: document('', undefined, only('/assets/app.js.map', { type: HTML, body: SPA })) }, 'pass'],
  [
    'source-maps',
    'open source',
    { site: document('', undefined, only('/assets/app.js.map', { type: 'application/json', body: MAP })) },
    'pass',
    undefined,
    targetOf({ exposure: { openSource: true } }),
  ],
  ['source-maps', 'a map on somebody else’s host', { site: document('', 'a()\n//# sourceMappingURL=https://cdn.other.example/x.map') }, 'pass'],
  ['stack-trace', 'a plain message', site('/%ZZ', 'Bad request at 10:30, error 400', 'text/plain', 400), 'pass'],
  ['stack-trace', 'a page that explains traces', { site: () => ({ type: HTML, body: page('Docs', '<pre>Error\n at f (/srv/app.js:1:2)</pre>') }) }, 'pass'],
  ['stack-trace', 'the line closed on rubbish', { site: (path) => (path.startsWith('/%') ? { failure: 'ECONNRESET' } : undefined) }, 'pass'],
  ['version-in-body', 'name without number', site('/postproof-3f9c0d1e', '<hr><center>nginx</center>', HTML, 404), 'pass'],
  ['version-in-body', 'generator without number', site('/', '<!doctype html><meta name="generator" content="Hugo">', HTML), 'pass'],
  ['version-in-body', 'an article about a version', site('/', page('Blog', 'nginx/1.24.0 is out'), HTML), 'pass'],
  [
    'internal-names',
    'a manual that speaks of private addresses',
    { site: document('<p>Set the router to 192.168.1.1 and open http://localhost:3000</p>') },
    'pass',
  ],
  ['internal-names', 'version numbers', { site: document('<!-- build 10.2.3 of 2026.10.0.1.5 -->', 'const v="10.0.0.1.2"') }, 'pass'],
  ['open-proxy', 'own page for a foreign URL', { raw: () => ({ status: 404, body: Buffer.from('no') }) }, 'pass'],
  ['open-proxy', 'port closed', { raw: () => 'ECONNREFUSED' }, 'pass'],
  [
    'alias-traversal',
    'the same answer for any folder',
    { site: (path) => (path === '/' ? document('')('/', 'GET') : path.endsWith('app.js') ? { type: 'text/javascript', body: 'same' } : undefined) },
    'pass',
  ],
]

const BLIND: readonly Case[] = [
  [
    'env',
    'a challenge',
    { site: (path) => (path === '/' ? undefined : { status: 403, type: HTML, body: page('Just a moment...', ''), headers: [['cf-mitigated', 'challenge']] }) },
    'inconclusive',
  ],
  ['env', 'a dead backend below the interface', { site: only('/api/.env', { status: 502, type: HTML, body: '<h1>502 Bad Gateway</h1>' }) }, 'inconclusive'],
  ['git', 'a limiter', { site: (path) => (path === '/' ? undefined : { status: 429 }) }, 'inconclusive'],
  ['backup', 'no answer for one', { site: only('/dump.sql', { failure: 'ECONNRESET' }) }, 'inconclusive'],
  ['not-served', 'overloaded', { site: (path) => (path === '/' ? undefined : { status: 503 }) }, 'inconclusive'],
  ['well-known', 'a limiter', { site: (path) => (path === '/' ? undefined : { status: 429 }) }, 'inconclusive'],
  ['capture-sink', 'silence', { site: () => ({ failure: 'TIMEOUT' }) }, 'inconclusive'],
  ['capture-sink', 'gateway', { site: () => ({ status: 502 }) }, 'inconclusive'],
  ['robots', 'gateway', { site: () => ({ status: 502 }) }, 'inconclusive'],
  [
    'secrets-in-js',
    'a script that cannot be read',
    { site: (path) => (path === '/assets/app.js' ? { failure: 'TIMEOUT' } : document('')(path, 'GET')) },
    'inconclusive',
  ],
  [
    'secrets-in-js',
    'a script that cannot be read, beside half a key',
    {
      site: (path) =>
        path === '/assets/app.js' ? { failure: 'TIMEOUT' } : document(`<script>id="${['AKIA', 'QYLPMN5HHHFPZAM2'].join('')}"</script>`)(path, 'GET'),
    },
    'inconclusive',
  ],
  [
    'well-known',
    'a limiter on one, no JSON in another',
    {
      site: (path) => (path === '/crossdomain.xml' ? { status: 429 } : only('/.well-known/assetlinks.json', { type: 'application/json', body: 'soon' })(path)),
    },
    'inconclusive',
  ],
  ['source-maps', 'a map behind a limiter', { site: document('', undefined, only('/assets/app.js.map', { status: 429 })) }, 'inconclusive'],
  ['stack-trace', 'only obstacles', { site: () => ({ status: 503 }) }, 'inconclusive'],
  ['version-in-body', 'only obstacles', { site: () => ({ status: 429 }) }, 'inconclusive'],
  ['internal-names', 'only obstacles', { site: () => ({ status: 429 }) }, 'inconclusive'],
  ['open-proxy', 'silence', { raw: () => 'TIMEOUT' }, 'inconclusive'],
  ['alias-traversal', 'no asset in a folder', { site: only('/', { type: HTML, body: page('Shop', '') }) }, 'skip'],
  ['alias-traversal', 'a limiter', { site: document('', undefined, (path) => (path.startsWith('/assets..') ? { status: 429 } : undefined)) }, 'inconclusive'],
]

/** A text made to keep an expression busy: what begins a match, again and again. */
const over = (piece: string, before = '', length = 262_144): string => before + piece.repeat(Math.ceil(length / piece.length))
/** What a hostile host answers to one path: the verdict is that of any other text, and does not take minutes. */
const BUSY: readonly (readonly [name: string, path: string, body: string, more?: Answer, outcome?: Verdict['outcome']])[] = [
  ['actuator-debug', '/_profiler', over('Symfony Profiler', '<title>'), { type: HTML }],
  ['actuator-debug', '/telescope', over('<title>Telescope</title>'), { type: HTML }],
  ['actuator-debug', '/elmah.axd', over('Powered by <a'), { type: HTML }],
  ['actuator-debug', '/rails/info/routes', over('<h2>Routes</h2>'), { type: HTML }],
  ['actuator-debug', '/rails/info/routes', over('<h2'), { type: HTML }],
  ['admin-panels', '/wp-login.php', over('id="loginform"'), { type: HTML }],
  ['admin-panels', '/grafana/login', over('<title>Grafana</title>'), { type: HTML }],
  ['api-docs', '/openapi.json', over('"openapi":"3",', '{'), { type: 'application/json', truncated: true }],
  ['backup', '/backup.sql', over('\n')],
  ['build-files', '/Dockerfile', over('\n')],
  ['build-files', '/Dockerfile', over('# \n')],
  ['build-files', '/requirements.txt', over('a', 'a==1')],
  ['build-files', '/requirements.txt', over(' ', 'a==1')],
  ['build-files', '/docker-compose.yml', over('services:\n')],
  ['build-files', '/docker-compose.yml', over('\n', 'services:')],
  ['build-files', '/.gitlab-ci.yml', over('\n')],
  ['build-files', '/.github/workflows/deploy.yml', over('on:\n')],
  ['build-files', '/web.config', over('<configuration ')],
  ['directory-listing', '/uploads/', over('<title>Index of /</title>'), { type: HTML }],
  ['directory-listing', '/uploads/', over(' - /', '<title>'), { type: HTML }],
  ['directory-listing', '/uploads/', over('<ListBucketResult ')],
  ['env', '/.env', over('KEY', 'A=b\n')],
  ['env', '/.env', over('A="\n'), {}, 'fail'],
  ['git', '/.git/config', over('[core]\n')],
  ['git', '/.git/config', over('\n')],
  ['git', '/.git/HEAD', over('<!---->')],
  ['git', '/.git/HEAD', over('<a'), { type: HTML }],
  ['internal-names', '/', over('<!--'), { type: HTML }],
  ['not-served', '/data/gantry.db', over('<form', '<html>'), {}, 'fail'],
  ['not-served', '/data/gantry.db', over('<input type=type=', '<html>'), {}, 'fail'],
  ['open-service', '/_cat/indices?format=json', over('"index":', '[{')],
  ['open-service', '/api/rawdata', over('"routers":{', '{'), { truncated: true }],
  ['open-service', '/api/tags', over('"models":[', '{'), { truncated: true }],
  ['robots', '/robots.txt', over('\n')],
  ['secrets-files', '/.aws/credentials', over('[a]\n')],
  ['secrets-files', '/.kube/config', over('clusters:\n')],
  ['secrets-files', '/wp-config.php~', over('<?php ')],
  ['secrets-files', '/application.yml', over('\n', 'spring:')],
  ['server-status', '/server-info', over('<title>Server Information</title>'), { type: HTML }],
  ['setup-wizard', '/install', over('<title>Installation '), { type: HTML }],
  ['setup-wizard', '/finish-installation/register', over('class="wizard"'), { type: HTML }],
  ['version-in-body', '/postproof', over('<center'), { type: HTML }],
  ['well-known', '/crossdomain.xml', over('<domain ')],
]

const PORT_CHECKS = new Set(['ssh-login', 'declared-closed', 'declared-open', 'closed-or-403', 'database-port', 'admin-port'])

test('every check of the suite is judged both ways here', () => {
  expect(files.length).toBeGreaterThan(30)
  const found = new Set(FOUND.map(([name]) => name))
  for (const name of checks.keys()) if (!PORT_CHECKS.has(name)) expect(found, name).toContain(name)
})

test.for<Case>(FOUND)('%s: %s', async ([name, , world, outcome, code, target]) => {
  const check = checkNamed(name)
  const { verdict } = await judged(check, world, target ?? TARGET)
  expect(verdict).toMatchObject({ outcome, code })
  expect(Object.keys(check.codes)).toContain(code)
  expect(verdict.evidence.length).toBeGreaterThan(0)
  // Nothing of the content may be shown.
  expect(JSON.stringify(verdict)).not.toMatch(/hunter2|h4rdT0Guess|4eC39|propertySources":|\$apr1/)
})

test.for<Case>(QUIET)('%s does not alarm: %s', async ([name, , world, outcome, , target]) => {
  const { verdict } = await judged(checkNamed(name), world, target ?? TARGET)
  expect(verdict, JSON.stringify(verdict.evidence)).toMatchObject({ outcome })
  expect(verdict.evidence.length).toBeGreaterThan(0)
})

test.for<Case>(BLIND)('%s cannot tell: %s', async ([name, , world, outcome]) => {
  expect((await judged(checkNamed(name), world, TARGET)).verdict).toMatchObject({ outcome })
})

test.for(BUSY)('%s is not kept busy by %s', async ([name, path, body, more = {}, outcome = 'pass']) => {
  const { verdict } = await judged(checkNamed(name), { site: only(path, { ...more, body }) }, TARGET)
  expect(verdict, JSON.stringify(verdict.evidence).slice(0, 2_000)).toMatchObject({ outcome })
})

test('what comes behind a text made to keep an expression busy is seen all the same', async () => {
  const behind = async (name: string, path: string, body: string): Promise<string> =>
    (await judged(checkNamed(name), { site: only(path, { body }) }, TARGET)).verdict.outcome
  expect(await behind('build-files', '/Dockerfile', `${over('\n', '', 60_000)}FROM node:24\n`)).toBe('fail')
  expect(await behind('build-files', '/docker-compose.yml', `${over('services:\n', '', 60_000)}  web:\n    image: web\n`)).toBe('fail')
  expect(await behind('secrets-files', '/application.yml', `${over('\n', 'spring:', 60_000)}  datasource:\n`)).toBe('fail')
  expect(await behind('git', '/.git/config', `${over('\n', '', 60_000)}[core]\n\trepositoryformatversion = 0\n`)).toBe('fail')
})

test.each([
  ['<title>', ''],
  ['Ignition', '<title>'],
  ['(404 ', '<title>'],
  ['<title>(500 a)</title>', ''],
  ['<title></title><b>Source File:</b>', ''],
  ['java.', ''],
  ['java.a', ''],
  ['at aaa(Aa', ''],
  ['System.', ''],
  ['Notice: ', ''],
  ['Notice: in /a.php on line', ''],
  ['Notice: a in <b>/a.p', ''],
  ['/', ''],
  ['/a.rb:1', ''],
  ['/a.go:1 ', ''],
  [' (/a:1:', 'at a'],
])('no trace in %s over and over', (piece, before) => {
  expect(findTraces(over(piece, before))).toEqual([])
})
test.each(['<center', '<center>', '<p>nginx/', 'aaa ', 'Jetty'])('no version in %s over and over', (piece) => {
  expect(serverSignature(over(piece))).toBeUndefined()
})
test.each(['aaa.', 'a.', 'a-', '10.', '10.1.1.', 'internal'])('nothing internal in %s over and over', (piece) => {
  expect(internalName(over(piece))).toBeUndefined()
})
test.each([
  ['java.lang.IllegalStateException: x', 'a stack trace of Java'],
  ['System.Data.SqlClient.SqlException: x', 'a stack trace of .NET'],
  ['<b>Warning</b>: include(x) failed in <b>/srv/a.php</b> on line <b>12</b>', 'an error message of PHP'],
  ['/srv/app/main.go:12 +0x1d', 'a stack trace of Go'],
  ["/srv/app/main.rb:12:in `call'", 'a stack trace of Ruby'],
  ['<title>x (500 Internal Server Error)</title> Symfony Exception', 'the debug page of Symfony'],
  ['Microsoft.AspNetCore.Diagnostics.DeveloperExceptionPage <title>x</title> <b> Source File: </b> <b> Line: </b>', 'the debug page of ASP.NET'],
])('a trace in %s, known once', (text, what) => {
  expect(findTraces(text).map((one) => one.what)).toEqual([what])
  expect(findTraces(`${'Notice: /'.repeat(20_000)} ${text}`).map((one) => one.what)).toContain(what)
})

test.each([...checks.keys()].filter((name) => !PORT_CHECKS.has(name)))('%s is quiet on a host that answers every path with its page', async (name) => {
  const world: World = {
    site: () => ({ type: HTML, body: SPA }),
    raw: () => ({ status: 200, body: Buffer.from(SPA) }),
    ...(name === 'every-address' ? TWO_ADDRESSES : {}),
  }
  const { verdict } = await judged(checkNamed(name), world, TARGET)
  // A page as the answer to CONNECT is odd, and says so; nothing else alarms.
  expect(verdict.outcome).toBe(name === 'open-proxy' ? 'warn' : name === 'alias-traversal' ? 'skip' : 'pass')
})

test.each([...checks.keys()].filter((name) => !PORT_CHECKS.has(name)))('%s does not pass on a host that cannot be reached', async (name) => {
  const world: World = { site: () => ({ failure: 'TIMEOUT' }), raw: () => 'TIMEOUT', ...(name === 'every-address' ? TWO_ADDRESSES : {}) }
  expect((await judged(checkNamed(name), world, TARGET)).verdict.outcome).toBe('inconclusive')
})

const portSubject = (check: Check, port: number, target: Target): Subject => {
  const subject = check.subjects(target).find((one) => one.item === port)
  if (subject === undefined) throw new TypeError(`${check.id} does not judge port ${port}`)
  return subject
}
type Port = ReturnType<NonNullable<World['tcp']>>
const every = (port: number, at: Port, rest: Port = { state: 'refused' }): World => ({ tcp: (_address, asked) => (asked === port ? at : rest) })
const http = (status: number, body: string, headers = ''): string => `HTTP/1.1 ${status} X\r\n${headers}\r\n${body}`
const CDN = targetOf({ edge: { kind: 'cdn' }, exposure: { open: [443], closed: [8080, 6379, 4000] } })
const CDN_WITH_ORIGIN = targetOf({ edge: { kind: 'cdn', origin: { address: '198.51.100.7' } }, exposure: { open: [443], closed: [4000] } })
const TWO: World['names'] = { 'example.com': ['192.0.2.1', '2001:db8::1'] }

test.for<readonly [check: string, port: number, what: string, world: World, outcome: Verdict['outcome'], code?: string | undefined, target?: Target]>([
  ['declared-closed', 4000, 'refused', {}, 'pass'],
  ['declared-closed', 4000, 'open', every(4000, { state: 'open', banner: http(200, '') }), 'fail', 'exposure.port.open'],
  ['declared-closed', 4000, 'open and silent', every(4000, { state: 'open' }), 'fail', 'exposure.port.open'],
  ['declared-closed', 4000, 'filtered while the web port answers', every(4000, { state: 'filtered' }, { state: 'open' }), 'pass'],
  ['declared-closed', 4000, 'silence everywhere: locked out, not closed', every(4000, { state: 'filtered' }, { state: 'filtered' }), 'inconclusive'],
  ['declared-closed', 4000, 'something in between accepts everything', every(4000, { state: 'open' }, { state: 'open' }), 'inconclusive'],
  [
    'declared-closed',
    4000,
    'open over IPv6 only',
    { names: TWO, tcp: (address, port) => ({ state: port === 4000 && address.includes(':') ? 'open' : 'refused' }) },
    'fail',
    'exposure.port.open-ipv6',
  ],
  [
    'declared-closed',
    4000,
    'this machine has no IPv6',
    { names: TWO, tcp: (address) => ({ state: address.includes(':') ? 'unreachable' : 'refused' }) },
    'pass',
  ],
  ['declared-closed', 4000, 'unreachable', every(4000, { state: 'unreachable' }, { state: 'unreachable' }), 'inconclusive'],
  ['declared-closed', 4000, 'no address', { names: { 'example.com': [] } }, 'inconclusive'],
  ['declared-closed', 8080, 'a port that the edge answers by itself', every(8080, { state: 'open', banner: http(400, 'edge') }), 'skip', undefined, CDN],
  [
    'declared-closed',
    6379,
    'what only the origin can say, through the edge',
    every(6379, { state: 'open', banner: '+PONG\r\n' }),
    'fail',
    'exposure.port.open',
    CDN,
  ],
  [
    'declared-closed',
    4000,
    'the edge answers, the origin refuses',
    { tcp: (address) => ({ state: address === '198.51.100.7' ? 'refused' : 'open' }) },
    'pass',
    undefined,
    CDN_WITH_ORIGIN,
  ],
  [
    'declared-closed',
    4000,
    'the origin is open behind the edge',
    { tcp: (address, port) => ({ state: port === 4000 && address === '198.51.100.7' ? 'open' : 'refused' }) },
    'fail',
    'exposure.port.open',
    CDN_WITH_ORIGIN,
  ],
  ['declared-open', 443, 'open', every(443, { state: 'open' }), 'pass'],
  ['declared-open', 443, 'refused', {}, 'fail', 'exposure.port.closed'],
  [
    'declared-open',
    443,
    'refused at one address',
    { names: TWO, tcp: (address) => ({ state: address.includes(':') ? 'refused' : 'open' }) },
    'fail',
    'exposure.port.closed',
  ],
  ['declared-open', 443, 'silence everywhere', every(443, { state: 'filtered' }, { state: 'filtered' }), 'inconclusive'],
  [
    'declared-open',
    443,
    'the origin refuses strangers, as it should',
    { tcp: (address) => ({ state: address === '198.51.100.7' ? 'refused' : 'open' }) },
    'pass',
    undefined,
    CDN_WITH_ORIGIN,
  ],
  ['closed-or-403', 8881, 'refused', {}, 'pass'],
  ['closed-or-403', 8881, '403', every(8881, { state: 'open', banner: http(403, 'no') }), 'pass'],
  ['closed-or-403', 8881, '200', every(8881, { state: 'open', banner: http(200, 'app') }), 'fail', 'exposure.port.serves'],
  ['closed-or-403', 8881, 'a redirect', every(8881, { state: 'open', banner: http(302, '', 'Location: /login\r\n') }), 'fail', 'exposure.port.serves'],
  ['closed-or-403', 8881, '401', every(8881, { state: 'open', banner: http(401, '') }), 'warn', 'exposure.port.serves'],
  ['closed-or-403', 8881, 'no HTTP', every(8881, { state: 'open', banner: 'hello' }), 'fail', 'exposure.port.no-http'],
  ['closed-or-403', 8881, 'silence everywhere', every(8881, { state: 'filtered' }, { state: 'filtered' }), 'inconclusive'],
  ['database-port', 6379, 'refused', {}, 'pass'],
  ['database-port', 6379, 'PONG', every(6379, { state: 'open', banner: '+PONG\r\n' }), 'fail', 'exposure.database.open'],
  ['database-port', 6379, 'NOAUTH', every(6379, { state: 'open', banner: '-NOAUTH Authentication required.\r\n' }), 'fail', 'exposure.database.reachable'],
  [
    'database-port',
    6379,
    'protected mode',
    every(6379, { state: 'open', banner: '-DENIED Redis is running in protected mode\r\n' }),
    'fail',
    'exposure.database.reachable',
  ],
  ['database-port', 5432, 'S to SSLRequest', every(5432, { state: 'open', banner: 'S' }), 'fail', 'exposure.database.reachable'],
  ['database-port', 5432, 'an HTTP server on a declared port is another check’s matter', every(5432, { state: 'open', banner: http(400, '') }), 'pass'],
  [
    'database-port',
    3306,
    'greeting',
    every(3306, { state: 'open', banner: Buffer.from('\x4a\0\0\0\x0a8.4.0\0', 'latin1') }),
    'fail',
    'exposure.database.reachable',
  ],
  [
    'database-port',
    3306,
    'a refusal of this host',
    every(3306, { state: 'open', banner: Buffer.from("\x45\0\0\0\xff\x6a\x04Host 'x' is not allowed to connect", 'latin1') }),
    'fail',
    'exposure.database.reachable',
  ],
  [
    'database-port',
    9200,
    'tagline',
    every(9200, { state: 'open', banner: http(200, '{"tagline" : "You Know, for Search"}') }),
    'fail',
    'exposure.database.open',
  ],
  [
    'database-port',
    9200,
    'login',
    every(9200, { state: 'open', banner: http(401, '{"error":{"type":"security_exception"}}') }),
    'fail',
    'exposure.database.reachable',
  ],
  ['database-port', 11_211, 'version', every(11_211, { state: 'open', banner: 'VERSION 1.6.21\r\n' }), 'fail', 'exposure.database.open'],
  [
    'database-port',
    4222,
    'NATS with login',
    every(4222, { state: 'open', banner: 'INFO {"server_id":"x","auth_required":true}\r\n' }),
    'fail',
    'exposure.database.reachable',
  ],
  [
    'database-port',
    27_017,
    'something else',
    every(27_017, { state: 'open', banner: 'It looks like you are trying to access MongoDB over HTTP' }),
    'warn',
    'exposure.database.unknown',
  ],
  ['database-port', 27_017, 'silence', every(27_017, { state: 'open' }), 'warn', 'exposure.database.unknown'],
  ['database-port', 6379, 'locked out', every(6379, { state: 'filtered' }, { state: 'filtered' }), 'inconclusive'],
  [
    'database-port',
    8123,
    'a server that shows what it was asked',
    every(8123, { state: 'open', banner: http(200, 'GET /?query=SELECT%20%27postproof%27 HTTP/1.1\nUser-Agent: postproof\n') }),
    'warn',
    'exposure.database.unknown',
  ],
  ['database-port', 8123, 'ClickHouse', every(8123, { state: 'open', banner: http(200, 'a\r\npostproof\n\r\n0\r\n\r\n') }), 'fail', 'exposure.database.open'],
  [
    'database-port',
    5984,
    'a page with brackets',
    every(5984, { state: 'open', banner: http(200, '<script>a=["b"]</script>') }),
    'warn',
    'exposure.database.unknown',
  ],
  ['database-port', 5984, 'CouchDB', every(5984, { state: 'open', banner: http(200, '["_replicator","_users","shop"]\n') }), 'fail', 'exposure.database.open'],
  ['admin-port', 8500, 'a page with empty attributes', every(8500, { state: 'open', banner: http(200, '<a href="">x</a>') }), 'warn', 'exposure.admin.unknown'],
  ['admin-port', 8500, 'Consul', every(8500, { state: 'open', banner: http(200, '"10.1.10.12:8300"') }), 'fail', 'exposure.admin.open'],
  ['admin-port', 2375, 'refused', {}, 'pass'],
  ['admin-port', 2375, 'Docker', every(2375, { state: 'open', banner: http(200, '{"ApiVersion":"1.48"}') }), 'fail', 'exposure.admin.open'],
  ['admin-port', 5900, 'VNC', every(5900, { state: 'open', banner: 'RFB 003.008\n' }), 'fail', 'exposure.admin.reachable'],
  ['admin-port', 8200, 'Vault, sealed', every(8200, { state: 'open', banner: http(503, '{"sealed":true}') }), 'fail', 'exposure.admin.reachable'],
  ['admin-port', 10_250, 'unknown', every(10_250, { state: 'open' }), 'warn', 'exposure.admin.unknown'],
])('%s %i: %s', async ([name, port, , world, outcome, code, target]) => {
  const of = target ?? TARGET
  const check = checkNamed(name)
  const { verdict } = await judged(check, world, of, portSubject(check, port, of))
  expect(verdict, JSON.stringify(verdict.evidence)).toMatchObject({ outcome, ...(code === undefined ? {} : { code }) })
  if (code !== undefined) expect(Object.keys(check.codes)).toContain(code)
})

test('ports are not tried unasked, nor where a vantage maps them elsewhere, nor where they are meant', () => {
  expect(checkNamed('database-port').subjects(targetOf())).toEqual([])
  expect(
    checkNamed('admin-port')
      .subjects(targetOf({ exposure: {}, network: { ports: { https: 8443, '2375': 9999 } } }))
      .map((one) => one.item),
  ).toEqual([2375])
  expect(
    checkNamed('database-port')
      .subjects(targetOf({ exposure: { optionalOpen: [6379] } }))
      .some((one) => one.item === 6379),
  ).toBe(false)
})

test('a sweep stops after three refusals in a row, and no other sweep of the host goes on', async () => {
  const { verdict, requests } = await judged(
    checkNamed('backup'),
    { site: (path) => (path === '/' ? undefined : { status: 429 }) },
    targetOf({ limits: { requestsPerSecond: 200 } }),
  )
  expect(verdict).toMatchObject({ outcome: 'inconclusive' })
  expect(requests.length).toBeLessThan(13)
})

test('a ban in the middle of a sweep makes nothing of it closed', async () => {
  let asked = 0
  const { verdict, requests } = await judged(
    checkNamed('secrets-files'),
    { site: () => ((asked += 1) < 6 ? undefined : { status: 403, body: 'Forbidden' }) },
    TARGET,
  )
  expect(verdict).toMatchObject({ outcome: 'inconclusive', reason: expect.stringContaining('refuses this machine by now') })
  expect(requests.at(-1)).toBe('GET https://example.com/')
  // Dot files alone are forbidden: the document is still there.
  const closed = await judged(checkNamed('env'), { site: (path) => (path.includes('/.') ? { status: 403, body: 'Forbidden' } : undefined) }, TARGET)
  expect(closed.verdict).toMatchObject({ outcome: 'pass' })
})

test('more scripts than are read are not passed over', async () => {
  const scripts = Array.from({ length: 60 }, (_, index) => `<script src="/assets/${index}.js"></script>`).join('')
  const world: World = {
    site: (path) =>
      path === '/' ? { type: HTML, body: page('Shop', scripts) } : /^\/assets\/\d+\.js$/.test(path) ? { type: 'text/javascript', body: 'a\n' } : undefined,
  }
  for (const name of ['secrets-in-js', 'source-maps'])
    expect((await judged(checkNamed(name), world, TARGET)).verdict).toMatchObject({ outcome: 'inconclusive' })
})

test.each([
  ['one long word', 'a'],
  ['the beginning of a token without end', 'eyJabcdEFGH0123'],
  ['beginnings of tokens', '-eyJ'],
  ['dots and beginnings of tokens', '.eyJ'],
  ['halves of tokens', '.eyJabcdEFGH0123'],
  ['a key without end', 'abcdEFGH0123', '-----BEGIN PRIVATE KEY-----'],
  ['beginnings of keys', 'sk-proj-'],
  ['addresses without end', 'postgres://a:'],
])('eight megabytes of %s hold no secret, and say so', (_what, piece, before = '') => {
  expect(findSecrets(before + piece.repeat((8 * 1024 * 1024) / piece.length)).map(({ what }) => what)).toEqual(before === '' ? [] : ['a private key'])
})

test('an unreadable host costs one request', async () => {
  const { requests } = await judged(checkNamed('secrets-files'), { site: () => ({ failure: 'ECONNREFUSED' }) }, TARGET)
  expect(requests).toEqual(['GET https://example.com/'])
})

test('a healthy host is asked at most 150 paths by all checks together', async () => {
  const paths = new Set<string>()
  for (const [name, check] of checks) {
    if (PORT_CHECKS.has(name)) continue
    for (const request of (await judged(check, {}, TARGET)).requests) paths.add(request)
  }
  expect(paths.size).toBeGreaterThan(100)
  expect(paths.size).toBeLessThanOrEqual(150)
})

test.each([
  ['/', '/postproof-3f9c0d1e/'],
  ['/.env', '/.postproof-3f9c0d1e'],
  ['/.env.local', '/.postproof-3f9c0d1e.local'],
  ['/.git/HEAD', '/.git/postproof-3f9c0d1e'],
  ['/a/backup.tar.gz', '/a/postproof-3f9c0d1e.tar.gz'],
  ['/uploads/', '/postproof-3f9c0d1e/'],
  ['/server-status?auto', '/postproof-3f9c0d1e?auto'],
])('beside %s lies %s', (path, sibling) => {
  expect(siblingOf(path)).toBe(sibling)
})

test('two renderings of one page are the same answer, two pages are not', () => {
  const at = (path: string, body: string, type = HTML): HttpObservation => observation(`https://example.com${path}`, 'GET', { type, body })
  expect(
    sameAnswer(
      at('/a1b2', page('x', `<i nonce="${'q'.repeat(24)}">/a1b2 at 10:31</i>`)),
      at('/zzzz', page('x', `<i nonce="${'w'.repeat(24)}">/zzzz at 10:32</i>`)),
    ),
  ).toBe(true)
  expect(sameAnswer(at('/a', page('x', 'one')), at('/b', page('y', 'quite another page')))).toBe(false)
  expect(sameAnswer(at('/a', 'A=1', 'text/plain'), at('/b', page('x', ''), HTML))).toBe(false)
  expect(sameAnswer(at('/a', 'PK\x03\x04aaaa', 'application/zip'), at('/b', 'PK\x03\x04bbbb', 'application/zip'))).toBe(false)
})

test('keys are known by their checksum and randomness, and never shown', () => {
  const body = 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5'
  expect(checksummed(`ghp_${body}000000`)).toBe(false)
  const awsId = ['AKIA', 'QYLPMN5HHHFPZAM2'].join('')
  const random = 'wJa1rXUtnFEMIK7MDENGbPxRfiCYzz9qT3vBs8Lk'
  expect(findSecrets(`id="${awsId}" secret="${random}"`).map((one) => [one.what, one.half])).toEqual([['an access key of AWS with its secret', false]])
  expect(findSecrets(`id="${awsId}"`).map((one) => one.half)).toEqual([true])
  expect(findSecrets('AKIAIOSFODNN7EXAMPLE')).toEqual([])
  const service = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from('{"role":"service_role"}').toString('base64url')}.${'s'.repeat(43)}`
  expect(findSecrets(service).map((one) => one.what)).toEqual(['a token of the service role'])
  const pem = `${['-----BEGIN', 'PRIVATE KEY-----'].join(' ')}\\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC'.repeat(5)}\\n`
  expect(JSON.stringify(findSecrets(pem))).toMatch(/private key/)
  expect(JSON.stringify(findSecrets(pem))).not.toContain('MIIE')
  expect(findSecrets('-----BEGIN PRIVATE KEY----- is how such a file begins')).toEqual([])
})

test.for<readonly [what: string, world: World, outcome: Verdict['outcome'], code?: string]>([
  ['keys only', { tcp: () => ({ state: 'open' }), ssh: () => ({ methods: ['publickey'] }) }, 'pass'],
  ['closed', {}, 'pass'],
  ['filtered', every(22, { state: 'filtered' }, { state: 'open' }), 'pass'],
  ['passwords', every(22, { state: 'open' }), 'inconclusive'],
  ['passwords', { ...every(22, { state: 'open' }), ssh: () => ({ methods: ['publickey', 'password'] }) }, 'warn', 'exposure.ssh.password'],
  ['passwords by dialogue', { ...every(22, { state: 'open' }), ssh: () => ({ methods: ['keyboard-interactive'] }) }, 'warn', 'exposure.ssh.password'],
  ['everybody', { ...every(22, { state: 'open' }), ssh: () => ({ admitted: true }) }, 'fail', 'exposure.ssh.open'],
  [
    'passwords at one of two addresses',
    { names: TWO, ...every(22, { state: 'open' }), ssh: (address) => ({ methods: address.includes(':') ? ['password'] : ['publickey'] }) },
    'warn',
    'exposure.ssh.password',
  ],
  [
    'passwords at one of two addresses, no word from the other',
    { names: TWO, ...every(22, { state: 'open' }), ssh: (address) => (address.includes(':') ? { methods: ['password'] } : 'NO_COMMON_ALGORITHM') },
    'inconclusive',
  ],
  ['no algorithm in common', { ...every(22, { state: 'open' }), ssh: () => 'NO_COMMON_ALGORITHM' }, 'inconclusive'],
])('ssh-login: %s', async ([, world, outcome, code]) => {
  // Nothing listens on the control port.
  const tcp: World['tcp'] =
    world.tcp === undefined
      ? undefined
      : (address, port) => (port === 22 || port === 443 || port === 80 ? (world.tcp?.(address, port) ?? { state: 'refused' }) : { state: 'refused' })
  const { verdict } = await judged(checkNamed('ssh-login'), { ...world, ...(tcp === undefined ? {} : { tcp }) }, TARGET)
  expect(verdict, JSON.stringify(verdict.evidence)).toMatchObject({ outcome, ...(code === undefined ? {} : { code }) })
})
