/**
 * The target file's shape: one zod schema, from which the JSON Schema for editors and the types are derived.
 * camelCase keys, every object strict, every key optional but `domain`. Each key says what it means and what follows when it is left out.
 */
import { drillSchema } from './drill.ts'
import { isIP } from 'node:net'
import { z } from 'zod'
import { mailDelivery, mailSinks } from './mail-delivery.ts'
import { auth, forwardAuth } from './auth.ts'
import { bimi, imap, mx, submission } from './mail-servers.ts'
import { notificationsSchema } from './notifications.ts'
import { rateLimits } from './rate-limit.ts'
import { rollbackSchema } from './rollback.ts'
import { bucketSchema, encryptionSchema, place } from './storage.ts'
import { matcher, text, list, status, port, hostName, absoluteUrl, webUrl, path, stated, NOT_STATED, secretReference } from './words.ts'
import { signIn } from './act.ts'
import { defaultCredentials } from './default-credentials.ts'
import { journeys } from './journeys.ts'
import { uploads } from './uploads.ts'

// One parse a run: compiling parsers first costs more than it saves.
z.config({ jitless: true })

/** How an answer is recognised as the right application's, by content and not by status alone. All given keys must hold. */
const marker = z
  .strictObject({
    body: text('text that the final body contains').optional(),
    bodyRegex: text('regular expression the final body matches').optional(),
    title: text('text of the HTML title').optional(),
    header: z.record(z.string(), matcher).meta({ description: 'response headers by name' }).optional(),
    json: z.record(z.string(), matcher).meta({ description: 'JSON fields by path ($.a.b)' }).optional(),
  })
  .refine(stated, NOT_STATED)

const tls = z.strictObject({
  minVersion: z.enum(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']).meta({ description: 'lowest protocol that may be accepted; default TLSv1.2' }).optional(),
  maxVersion: z.enum(['TLSv1.2', 'TLSv1.3']).meta({ description: 'highest protocol that may be accepted; default none' }).optional(),
  alpn: z
    .array(z.enum(['h2', 'http/1.1']))
    .meta({ description: 'protocols that must be negotiable; the first one must be chosen' })
    .optional(),
  minDaysLeft: z.number().min(0).meta({ description: 'days of certificate validity that must remain; default relative to its lifetime' }).optional(),
  issuers: z.array(z.string()).min(1).meta({ description: 'allowed issuers: text contained in the issuer organisation or common name' }).optional(),
  trust: z
    .enum(['public', 'private'])
    .meta({
      description: 'public: a chain to a public root is demanded; private: network.trust decides. Default public, or private where network.trust is given',
    })
    .optional(),
  cipherOrder: z
    .enum(['client', 'server'])
    .meta({ description: 'whose order decides between TLS 1.2 suites: client (ssl_prefer_server_ciphers off) or server' })
    .optional(),
  profile: z
    .enum(['intermediate', 'modern'])
    .meta({ description: 'TLSRef 6.0 profile that nothing may go beyond; fewer versions and stronger suites are fine' })
    .optional(),
  grade: z.enum(['A+', 'A', 'A-', 'B', 'C']).meta({ description: 'lowest SSL-Labs-style grade that is good enough' }).optional(),
  ciphersTls12: z.array(z.string()).meta({ description: 'the only TLS 1.2 suites that may be accepted (OpenSSL names, * allowed)' }).optional(),
  acmeDirectory: z
    .string()
    .regex(/^https:\/\/[^/?#@]+(?:\/[^?#]*)?$/, 'must be an https URL')
    .meta({ description: 'ACME directory of the issuing authority; its renewal information (RFC 9773) then says when the certificate should be renewed' })
    .optional(),
  clientCertificate: z
    .enum(['required', 'optional', 'none'])
    .meta({ description: 'whether clients must show a certificate of their own; default none' })
    .optional(),
  clientUse: z.boolean().meta({ description: 'the certificate is also shown as a client: outgoing mail, XMPP, mutual TLS' }).optional(),
})

const redirect = z.strictObject({
  from: z.literal('http').meta({ description: 'where it is redirected from' }).optional(),
  status: z
    .array(z.union([z.int().min(300).max(399), z.literal('closed')]))
    .min(1)
    .meta({ description: 'allowed answers on port 80; "closed" allows no listener. Default [301, 308]' })
    .optional(),
  to: text('where http goes: https://{host}{request_uri} (default), or another host').optional(),
  maxHops: z.int().min(1).max(10).meta({ description: 'redirects that may follow one another; default 2' }).optional(),
})

const cspExpectation = z
  .strictObject({
    frameAncestorsInclude: z.array(z.string()).meta({ description: 'origins that may frame it' }).optional(),
    frameAncestorsExclude: z.array(z.string()).meta({ description: 'origins that must not be able to frame it' }).optional(),
    strict: z.boolean().meta({ description: 'no unsafe-inline, unsafe-eval, wildcard or data: for scripts' }).optional(),
    contains: z.string().meta({ description: 'text that the value contains' }).optional(),
    equals: z.string().meta({ description: 'the value itself' }).optional(),
    present: z.boolean().meta({ description: 'true: it must be there, whatever it says' }).optional(),
  })
  .refine(stated, NOT_STATED)
const hstsExpectation = z
  .strictObject({
    maxAgeMin: z.int().min(0).meta({ description: 'seconds that browsers must keep to HTTPS at least' }).optional(),
    includeSubDomains: z.boolean().meta({ description: 'whether the directive must be there' }).optional(),
    preload: z.boolean().meta({ description: 'whether the directive must be there' }).optional(),
    equals: z.string().meta({ description: 'the value itself' }).optional(),
    present: z.boolean().meta({ description: 'true: it must be there, whatever it says' }).optional(),
    absent: z.boolean().meta({ description: 'true: it must not be there' }).optional(),
  })
  .refine(stated, NOT_STATED)
/** Response headers by name; names are case-insensitive. */
const headers = z
  .record(z.string(), z.union([matcher, cspExpectation, hstsExpectation]))
  .meta({ description: 'headers that must be as declared on every response of the host, by name' })

const live = z.strictObject({
  mode: z.enum(['websocket', 'sse', 'longpoll', 'socketio']).meta({ description: 'what kind of live channel it is' }),
  path: path,
  auth: z
    .enum(['none', 'required', 'cookie', 'token'])
    .meta({ description: 'required: without credentials the upgrade must be refused; cookie adds the cross-origin check' })
    .optional(),
  origins: z.array(z.string()).meta({ description: 'origins that may connect; any other must be refused' }).optional(),
  subprotocols: z.array(z.string()).meta({ description: 'subprotocols that are offered, of which one must be chosen' }).optional(),
  send: z.string().meta({ description: 'message sent after the upgrade' }).optional(),
  expect: z.string().meta({ description: 'text that an answer contains' }).optional(),
  idleSeconds: z.number().positive().max(900).meta({ description: 'how long an idle connection must survive; unset: not tested' }).optional(),
  session: signIn.optional(),
  logout: z
    .strictObject({ url: webUrl, method: z.enum(['GET', 'POST', 'DELETE']).meta({ description: 'default POST' }).optional() })
    .meta({ description: 'how the session ends; open channels must end with it' })
    .optional(),
  sessionSeconds: z.number().positive().max(3600).meta({ description: 'the session ends by itself after so long; open channels must end with it' }).optional(),
  expiredTokenFrom: text('name in secrets: a bearer token that has expired, which must be refused').optional(),
  maxMessageBytes: z
    .int()
    .min(64)
    .max(16 * 1024 * 1024)
    .meta({ description: 'longest message that is taken; a longer one must end the connection with 1009' })
    .optional(),
  connections: z.int().min(2).max(200).meta({ description: 'so many connections at once must be possible' }).optional(),
  heartbeatSeconds: z.number().positive().max(120).meta({ description: 'a quiet event stream says something at least so often' }).optional(),
  resume: z.boolean().meta({ description: 'the event stream goes on where Last-Event-ID says' }).optional(),
})

const expectations = {
  tls: tls.meta({ description: 'what TLS must be like' }).optional(),
  redirect: redirect.meta({ description: 'what port 80 answers' }).optional(),
  headers: headers.optional(),
}

const host = z.strictObject({
  ...expectations,
  kind: z
    .enum(['page', 'spa', 'api', 'redirect', 'static'])
    .meta({ description: 'what lives there: page (default), spa (one page answers every path), api (JSON), redirect (answers only redirects), static' })
    .optional(),
  title: text('what the host is, for the report').optional(),
  backend: text('what is behind it, for the report').optional(),
  profile: text('a name in headerProfiles').optional(),
  status: status.meta({ description: 'statuses of GET / that are right; default 200' }).optional(),
  path: path.meta({ description: 'path of the document to judge; default /' }).optional(),
  marker: marker.meta({ description: 'how its answer is told from that of anything else' }).optional(),
  paths: z
    .record(
      path,
      z.strictObject({
        backend: z.string().meta({ description: 'what is behind it, for the report' }).optional(),
        status: status.optional(),
        marker: marker.meta({ description: 'how its answer is told from that of anything else' }).optional(),
        contentType: z.string().meta({ description: 'media type of the answer, such as application/json' }).optional(),
        headers: headers.optional(),
      }),
    )
    .meta({ description: 'sub-paths that another backend answers, each proven by its own marker' })
    .optional(),
  access: z.enum(['public', 'forwardAuth', 'private']).meta({ description: 'who may read it; forwardAuth: anonymous visitors are sent to a login' }).optional(),
  cname: z.string().meta({ description: 'CNAME target; overrides dns.cnameTarget' }).optional(),
  live: list(live).meta({ description: 'a live channel (WebSocket, events), or several' }).optional(),
  robots: z.enum(['index', 'noindex']).meta({ description: 'whether search engines may list it' }).optional(),
  sensitivePaths: z.array(path).meta({ description: 'paths whose answers must not be stored by caches' }).optional(),
  assets: z.array(path).meta({ description: 'static assets to judge; default those the document names' }).optional(),
  apiPaths: z.array(path).meta({ description: 'API routes for CORS, caching and content-type checks' }).optional(),
  redirectParams: z.array(z.string()).meta({ description: 'paths with an open-redirect candidate parameter, e.g. /login?next=' }).optional(),
  release: z
    .strictObject({
      path: path,
      json: z.string().meta({ description: 'JSON path of it in the answer' }).optional(),
      expect: text('version or commit under sign-off'),
    })
    .meta({ description: 'where the host tells its version, and which one it must be' })
    .optional(),
  tags: z.array(z.string()).meta({ description: 'words that runs may be limited to (--tag)' }).optional(),
})

const cors = z.strictObject({
  host: hostName,
  path: path.optional(),
  origins: z.array(z.string()).meta({ description: 'origins that must work' }),
  refused: z.array(z.string()).meta({ description: 'more origins that must be refused' }).optional(),
  credentials: z.boolean().meta({ description: 'whether browsers may send cookies along' }).optional(),
  methods: z.array(z.string()).meta({ description: 'methods that the preflight must allow' }).optional(),
  headers: z.array(z.string()).meta({ description: 'request headers the preflight asks for; * means any' }).optional(),
  expose: z.array(z.string()).meta({ description: 'response headers that scripts must be able to read' }).optional(),
  maxAge: z.int().meta({ description: 'seconds' }).optional(),
  errorPath: path.meta({ description: 'a path that answers 4xx or 5xx and must carry the CORS headers too' }).optional(),
})

const cookie = z.strictObject({
  name: text('name of the cookie, or * for every cookie of the hosts'),
  hosts: z
    .union([z.literal('all'), z.array(hostName)])
    .meta({ description: 'hosts that set it; default all' })
    .optional(),
  path: path.meta({ description: 'path whose answer sets it' }).optional(),
  session: z.boolean().meta({ description: 'it carries a login' }).optional(),
  secure: z.boolean().meta({ description: 'whether it must have Secure' }).optional(),
  httpOnly: z.boolean().meta({ description: 'whether it must have HttpOnly' }).optional(),
  sameSite: list(z.enum(['Strict', 'Lax', 'None']))
    .meta({ description: 'what SameSite may say' })
    .optional(),
  domain: z.string().meta({ description: 'what Domain must say' }).optional(),
  hostOnly: z.boolean().meta({ description: 'true: without Domain' }).optional(),
  maxAge: z.int().meta({ description: 'seconds' }).optional(),
  cookiePath: z.string().meta({ description: 'what Path must say' }).optional(),
})

const healthEndpoint = z.strictObject({
  url: absoluteUrl.meta({ description: '{domain} is replaced by the domain' }),
  kind: z.enum(['liveness', 'readiness', 'database', 'other']).meta({ description: 'what it tells; for the report' }).optional(),
  method: z.enum(['GET', 'HEAD']).meta({ description: 'default GET' }).optional(),
  status: status.optional(),
  json: z.record(z.string(), matcher).meta({ description: 'JSON fields of the answer by path ($.a.b)' }).optional(),
  body: z.string().meta({ description: 'text that the answer contains' }).optional(),
  contentType: z.string().meta({ description: 'media type of the answer, such as application/json' }).optional(),
  maxMs: z.number().positive().meta({ description: 'milliseconds that the answer may take' }).optional(),
  fresh: z.string().meta({ description: 'JSON path of a value that must differ between two calls' }).optional(),
  websocket: z.string().meta({ description: 'JSON path that claims a live WebSocket; compared with the real one' }).optional(),
  samples: z.int().min(1).max(20).meta({ description: 'how often it is asked' }).optional(),
})

const record = z.strictObject({
  name: hostName.meta({ description: 'name of the record below the domain' }),
  type: z.enum(['A', 'AAAA', 'CNAME', 'MX', 'NS', 'TXT', 'CAA', 'TLSA', 'HTTPS']).meta({ description: 'type of the record' }),
  value: list(z.string()).meta({ description: 'its value, or all its values' }),
})

const domainName = z
  .string()
  .regex(
    /^(?=.{1,253}$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$/,
    'a domain name in full, such as example.com',
  )
const sender = z.strictObject({
  name: text('what sends: application, newsletter, monitoring'),
  from: domainName.meta({ description: 'domain of the addresses in From; default the domain of the target' }).optional(),
  mailFrom: domainName.meta({ description: 'domain of the envelope sender, where bounces go; default that of from' }).optional(),
  addresses: z
    .array(z.string().refine((address) => isIP(address) !== 0, 'an IPv4 or IPv6 address'))
    .min(1)
    .meta({ description: 'addresses its mail leaves from: each must pass SPF and have a name that leads back to it' })
    .optional(),
  helo: domainName.meta({ description: 'name it greets with; default the name of the address' }).optional(),
  dkim: z
    .array(z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,100}[A-Za-z0-9])?$/, 'a selector: the labels before ._domainkey'))
    .min(1)
    .meta({ description: 'selectors that it signs with: each must have a usable key' })
    .optional(),
  dkimDomain: domainName.meta({ description: 'domain that its signatures are of (d=); default that of from' }).optional(),
})
const mail = z
  .strictObject({
    domains: z
      .array(domainName)
      .min(1)
      .meta({ description: 'domains of the mail addresses; default the domain of the target and those of the senders' })
      .optional(),
    senders: z.array(sender).min(1).meta({ description: 'everything that sends mail for these domains, each judged by itself' }).optional(),
    parked: z.array(domainName).min(1).meta({ description: 'domains that neither send nor receive mail, and must say so' }).optional(),
    mx: mx.optional(),
    submission: submission.optional(),
    imap: imap.optional(),
    bimi: bimi.optional(),
    delivery: mailDelivery.optional(),
    sinks: mailSinks.optional(),
  })
  .superRefine(({ domains, senders, parked }, context) => {
    const names = (senders ?? []).map(({ name }) => name)
    names.forEach((name, index) => {
      if (names.indexOf(name) !== index) context.addIssue({ code: 'custom', path: ['senders', index, 'name'], message: `two senders are named ${name}` })
    })
    const used = new Set([...(domains ?? []), ...(senders ?? []).flatMap(({ from, mailFrom }) => [from, mailFrom])].map((one) => one?.toLowerCase()))
    ;(parked ?? []).forEach((name, index) => {
      if (used.has(name.toLowerCase())) context.addIssue({ code: 'custom', path: ['parked', index], message: `${name} is parked and has mail all the same` })
    })
  })
  .meta({ description: 'mail of the domain: DNS and HTTPS say who may send it and where it goes. {} judges the domain itself; left out: not judged' })

const waiver = z.strictObject({
  check: text('check id'),
  subject: z.string().meta({ description: "the verdict's subject; * for every subject of the check" }),
  reason: text('why it may pass the gate'),
  owner: text('who answers for it'),
  expires: z.iso.date().meta({ description: 'last day it holds (UTC); an expired waiver is a failure' }),
})

const isZone = (zone: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
/** A name with stamps: `app-{stamp}.sql.gz`, `shop-{YYYYMMDD-HHMMSS}.db`, `{YYYYMMDD_HHMMSS}.tar.gz`. */
const stampedName = z
  .string()
  .regex(/^(?:[^/{}*?]|\{(?:stamp|[YMDHS_.T-]+)\})+$/, 'a file name; {stamp} or {YYYYMMDD-HHMMSS} stands where the time is')
  .meta({ description: 'file name; {stamp} or {YYYYMMDD-HHMMSS} stands where the time is' })
const version = z.string().regex(/^\d+(?:\.\d+)*$/, 'a version such as "16" or "16.4"')

const backupContent = {
  kind: z
    .enum(['postgres', 'globals', 'mysql', 'sqlite', 'redis', 'archive', 'encrypted', 'other'])
    .meta({ description: 'what it must be by its bytes; default: whatever it is' })
    .optional(),
  database: text('name of the database that must be in it').optional(),
  requiredTables: z.array(z.string()).meta({ description: 'tables that must be in the dump: users or public.users' }).optional(),
  nonEmpty: z.array(z.string()).meta({ description: 'tables that must have rows' }).optional(),
  withoutData: z.array(z.string()).meta({ description: 'tables whose data are left out on purpose' }).optional(),
  largeObjects: z.boolean().meta({ description: 'the database holds large objects' }).optional(),
} as const

const backup = z.strictObject({
  id: text('name of the backup, for the report'),
  dir: place('folder it is kept in'),
  s3: bucketSchema.optional(),
  files: z
    .record(
      z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'a short name in kebab-case: database, uploads'),
      z.union([
        stampedName,
        z.strictObject({
          name: stampedName,
          ...backupContent,
          minBytes: z.int().min(1).meta({ description: 'smallest believable size; default 1024' }).optional(),
          members: z
            .record(z.string(), z.union([z.string(), z.strictObject({ path: text('its path in the archive'), ...backupContent })]))
            .meta({ description: 'what an archive must hold: name -> path, * within a folder, ** across folders; each must match exactly one file' })
            .optional(),
        }),
      ]),
    )
    .refine(stated, 'a backup without files would accept anything')
    .meta({ description: 'the files of one set, by what they are: database, globals, uploads, certificates, config' }),
  timeZone: z.string().refine(isZone, 'a zone such as Europe/Berlin').meta({ description: 'zone of the time in file names; default UTC' }).optional(),
  everyHours: z.number().positive().meta({ description: 'how often a set must appear' }).optional(),
  toleranceMinutes: z.number().min(0).meta({ description: 'how late one may be; default 60' }).optional(),
  lookbackDays: z
    .number()
    .positive()
    .meta({ description: 'how far back gaps are looked for; default 14, never beyond the oldest set that retention keeps' })
    .optional(),
  maxAgeHours: z.number().positive().meta({ description: 'recovery point objective: the newest set may be so old' }).optional(),
  retention: z
    .strictObject({
      min: z.int().min(1).meta({ description: 'sets that must be there' }).optional(),
      days: z.number().positive().meta({ description: 'the oldest set must reach back so far' }).optional(),
      maxDays: z.number().positive().meta({ description: 'no set may be older' }).optional(),
    })
    .meta({ description: 'how many sets are kept' })
    .optional(),
  offsite: z
    .strictObject({
      dir: place('folder where the copies are mounted'),
      s3: bucketSchema.optional(),
      maxAgeHours: z.number().positive().meta({ description: 'the newest copy may be so old' }).optional(),
      maxLossHours: z
        .number()
        .positive()
        .meta({ description: 'hours that may be lost even just before the next copy lands: nightly with an hour of dump and upload is 25' })
        .optional(),
      independent: z
        .boolean()
        .meta({ description: 'the copies must survive whoever gets hold of this machine: other credentials, earlier versions kept' })
        .optional(),
    })
    .meta({ description: 'a second place that must hold the same bytes' })
    .optional(),
  encryption: encryptionSchema.meta({ description: 'whether the files are locked, and with what they open' }).optional(),
  mode: z
    .string()
    .regex(/^[0-7]{3}$/, 'a mode such as "750"')
    .meta({ description: 'permissions of the folder that may not be exceeded' })
    .optional(),
  expectWrites: z.boolean().meta({ description: 'the data change between two backups; three equal ones are then an error' }).optional(),
  restoreVersion: version.meta({ description: 'version of the database server that it would be restored into, the live one' }).optional(),
  encoding: text('encoding of the live database, such as UTF8').optional(),
  roles: z.array(z.string()).meta({ description: 'roles that exist wherever it is restored' }).optional(),
  script: text('the script that makes it, relative to this file').optional(),
  notifications: notificationsSchema.optional(),
  drill: drillSchema.optional(),
})

export const targetSchema = z.strictObject({
  $schema: z.string().meta({ description: 'where the JSON Schema of this file is, for editors' }).optional(),
  name: text('name of the deployment, for the report; default the domain').optional(),
  domain: z
    .string()
    .regex(
      /^(?=.{1,253}$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$/,
      'a domain name such as example.com (IDN as A-labels)',
    )
    .meta({ description: 'the domain of the deployment; everything else is told by names below it' }),
  environment: z
    .enum(['production', 'staging', 'local'])
    .meta({ description: 'production refuses drills and load unless allowed by name. Default production' })
    .optional(),
  depth: z
    .enum(['default', 'full'])
    .meta({ description: 'full also asks what takes many connections or odd bytes: old TLS vulnerabilities, every suite by name (--depth full)' })
    .optional(),
  edge: z
    .strictObject({
      kind: z.enum(['direct', 'nginx', 'caddy', 'cdn', 'tunnel', 'other']).meta({ description: 'what stands in front' }),
      product: z.string().meta({ description: 'its name, for the report' }).optional(),
      responseHeaders: z.record(z.string(), matcher).meta({ description: 'headers that prove a request went through the edge (CDN)' }).optional(),
      addresses: z.array(z.string()).meta({ description: 'addresses or networks (CIDR) of the edge; names must resolve into them' }).optional(),
      origin: z
        .strictObject({
          address: z.string().meta({ description: 'address of the origin' }),
          direct: z.enum(['refused', 'allowed']).meta({ description: 'what it must answer when it is asked directly; default refused' }).optional(),
        })
        .meta({ description: 'address behind the edge; asked directly with the right name it must refuse' })
        .optional(),
    })
    .meta({ description: 'what stands in front of the hosts' })
    .optional(),
  network: z
    .strictObject({
      resolver: z.string().meta({ description: "DNS server to ask, address[:port]; default the system's" }).optional(),
      resolvers: z.array(z.string()).meta({ description: 'further resolvers whose answers must agree, address[:port]' }).optional(),
      nameservers: z.record(z.string(), z.string()).meta({ description: 'where the authoritative servers really are: name -> address[:port]' }).optional(),
      addresses: z.record(z.string(), list(z.string())).meta({ description: 'name or *.name -> address, like curl --resolve' }).optional(),
      ports: z
        .record(z.string(), port)
        .meta({
          description:
            'where the logical ports really are: http (80), https (443), or a number -> port. When given, a port without an entry counts as not reachable',
        })
        .optional(),
      trust: z.array(z.string()).meta({ description: 'PEM files of extra roots, relative to this file' }).optional(),
      ipv6: z.boolean().meta({ description: 'false: this vantage has no IPv6; AAAA observations are skipped' }).optional(),
    })
    .meta({ description: 'how this machine gets there: resolvers, pinned addresses, ports, extra roots' })
    .optional(),
  allow: z
    .array(z.enum(['load', 'login', 'write', 'mail', 'drill']))
    .meta({ description: "owner's consent by name to what is more than reading" })
    .optional(),
  secrets: z.record(z.string(), secretReference).meta({ description: 'secrets by name, each a reference: env:NAME or file:/path' }).optional(),
  limits: z
    .strictObject({
      connectionsPerAddress: z.int().min(1).max(64).meta({ description: 'connections to one address at a time; default 16' }).optional(),
      connections: z.int().min(1).max(1024).meta({ description: 'connections at a time in all; default 64' }).optional(),
      requestsPerSecond: z
        .number()
        .positive()
        .meta({
          description:
            'per address, all hosts there together; default 20 on public addresses, unlimited on loopback and private ones; halved whenever an answer is 429',
        })
        .optional(),
      probeSeconds: z.number().positive().max(300).meta({ description: 'patience of one look; default 10' }).optional(),
      runSeconds: z.number().positive().max(86400).meta({ description: 'the run ends then; default 300, or 20 for each host' }).optional(),
    })
    .meta({ description: 'how much is asked at a time, and for how long' })
    .optional(),
  gate: z
    .strictObject({
      block: z
        .enum(['critical', 'high', 'medium', 'low', 'info'])
        .meta({ description: 'a fail or inconclusive of this severity or above blocks. Default high' })
        .optional(),
    })
    .meta({ description: 'what makes the run fail' })
    .optional(),
  waivers: z.array(waiver).meta({ description: 'what may fail until a day, each with its reason and who answers for it' }).optional(),
  requirements: z.record(z.string(), z.array(z.string()).min(1)).meta({ description: 'own id -> check ids, or "check-id subject"' }).optional(),
  checks: z
    .record(
      z.string(),
      z.strictObject({
        severity: z.enum(['critical', 'high', 'medium', 'low', 'info']).meta({ description: 'how grave its failures are here' }).optional(),
        options: z.record(z.string(), z.unknown()).meta({ description: 'its thresholds, by name (postproof explain)' }).optional(),
        off: z.string().min(1).meta({ description: 'why the check is not wanted; it is then reported as skip: not-selected' }).optional(),
      }),
    )
    .meta({ description: 'per check id: another severity, other thresholds' })
    .optional(),
  defaults: z.strictObject(expectations).meta({ description: 'expectations for every host; each host may override them' }).optional(),
  headerProfiles: z.record(z.string(), headers).meta({ description: 'sets of headers by name, for `profile` of hosts' }).optional(),
  hosts: z.record(hostName, host).meta({ description: 'hosts below the domain; "@" is the domain itself. Left out: what can be found' }).optional(),
  dns: z
    .strictObject({
      cnameTarget: z.string().meta({ description: 'name that the CNAME records of the hosts lead to' }).optional(),
      apex: z
        .enum(['sameAddressesAsCnameTarget', 'addresses'])
        .meta({ description: 'where the domain itself leads: to the addresses of cnameTarget, or to dns.addresses' })
        .optional(),
      addresses: z.array(z.string()).meta({ description: 'addresses the names must resolve to' }).optional(),
      ipv6: z.enum(['required', 'absent', 'optional']).meta({ description: 'whether hosts have AAAA records' }).optional(),
      wildcard: z.enum(['forbidden', 'allowed']).meta({ description: 'whether names that nobody declared may resolve' }).optional(),
      records: z.array(record).meta({ description: 'records that must be there' }).optional(),
      dnssec: z.enum(['required', 'optional']).meta({ description: 'whether the zone must be signed' }).optional(),
      internalHosts: z.array(hostName).meta({ description: 'names that may resolve to private addresses' }).optional(),
      zoneTransfer: z.boolean().meta({ description: 'false: the name servers must refuse AXFR' }).optional(),
      caa: z.array(z.string()).meta({ description: 'CA domains that may issue' }).optional(),
      maxTtlSeconds: z.int().meta({ description: 'longest time that addresses may be kept' }).optional(),
      securityTxt: z
        .enum(['required', 'optional'])
        .meta({ description: 'whether /.well-known/security.txt must be there; where it is, it must be right' })
        .optional(),
    })
    .meta({ description: 'what DNS must say. Left out: what names need to be reached' })
    .optional(),
  redirects: z
    .strictObject({
      exceptions: z
        .array(
          z.strictObject({
            path: path,
            status: status,
            hosts: z
              .union([z.literal('all'), z.array(hostName)])
              .meta({ description: 'hosts that answer there; default all' })
              .optional(),
            exact: z.boolean().meta({ description: 'false: what is below it as well. Default true' }).optional(),
          }),
        )
        .meta({ description: 'paths that answer over plain http instead of redirecting' })
        .optional(),
      maxHops: z.int().min(1).max(10).meta({ description: 'redirects that may follow one another; default 2' }).optional(),
      canonical: z
        .enum(['apex', 'www', 'both'])
        .meta({ description: 'which of example.com and www.example.com answers; the other one redirects to it' })
        .optional(),
      alternativePorts: z.array(port).meta({ description: 'ports that must not speak plain http' }).optional(),
    })
    .meta({ description: 'what redirects, and where to' })
    .optional(),
  errorPages: z
    .array(
      z.strictObject({
        host: hostName.optional(),
        status: status,
        page: path.meta({ description: 'internal page; asked directly it must be 404' }),
        probe: path.meta({ description: 'a path that provokes the status' }).optional(),
        marker: marker.meta({ description: 'how its answer is told from that of anything else' }).optional(),
      }),
    )
    .meta({ description: 'error pages of the proxy, and what they must show' })
    .optional(),
  rateLimits: rateLimits.optional(),
  cors: z.array(cors).meta({ description: 'who may ask across origins' }).optional(),
  cookies: z.array(cookie).meta({ description: 'cookies that are set, and how' }).optional(),
  health: z.array(healthEndpoint).meta({ description: 'end points that tell whether it lives' }).optional(),
  exposure: z
    .strictObject({
      open: z.array(port).meta({ description: 'ports that must be open' }).optional(),
      optionalOpen: z.array(port).meta({ description: 'ports that may be open' }).optional(),
      closed: z.array(port).meta({ description: 'ports that must be closed from outside' }).optional(),
      closedOr403: z.array(port).meta({ description: 'ports that must be closed, or answer 403' }).optional(),
      notServed: z.array(path).meta({ description: 'paths that must not be answered with content of their own' }).optional(),
      publicPaths: z.array(path).meta({ description: 'paths that are public on purpose: metrics, docs, source maps' }).optional(),
      captureSink: z
        .strictObject({
          host: hostName,
          product: z.enum(['mailhog', 'mailpit', 'maildev']).meta({ description: 'what it is' }).optional(),
          api: path.meta({ description: 'path of its API' }).optional(),
        })
        .meta({ description: 'a mail catcher that must not show mail to the public' })
        .optional(),
      adminPaths: z.array(path).meta({ description: 'paths that strangers must not be shown' }).optional(),
      openSource: z.boolean().meta({ description: 'the sources are public anyway: source maps are no leak' }).optional(),
    })
    .meta({ description: 'what may be seen from outside: ports, paths, catchers' })
    .optional(),
  defaultCredentials: defaultCredentials.optional(),
  uploads: uploads.optional(),
  journeys: journeys.optional(),
  mail: mail.optional(),
  performance: z
    .strictObject({
      dnsMs: z.number().positive().meta({ description: 'milliseconds of resolving the name' }).optional(),
      connectMs: z.number().positive().meta({ description: 'milliseconds of connecting' }).optional(),
      tlsHandshakeMs: z.number().positive().meta({ description: 'milliseconds of the TLS handshake' }).optional(),
      ttfbMs: z.number().positive().meta({ description: 'milliseconds until the first byte of the answer' }).optional(),
      serverMs: z.number().positive().meta({ description: 'time to first byte less one network round trip' }).optional(),
      totalMs: z.number().positive().meta({ description: 'milliseconds until the last byte of the answer' }).optional(),
      bodyBytes: z.int().positive().meta({ description: 'bytes of the body' }).optional(),
      pageBytes: z.int().positive().meta({ description: 'bytes on the wire of the document and all its markup loads from the same host' }).optional(),
      throttled: z
        .strictObject({
          loadMs: z.number().positive().meta({ description: 'within this time the page must be able to load on the line described here' }),
          bytesPerSecond: z.int().positive().meta({ description: 'default 204800 (1.6 Mbit/s)' }).optional(),
          roundTripMs: z.number().positive().meta({ description: 'default 150' }).optional(),
        })
        .meta({ description: 'how the page must load on a slow line' })
        .optional(),
      samples: z.int().min(1).max(20).meta({ description: 'looks of which the median is judged; default 3, never fewer than 2' }).optional(),
      urls: z
        .array(
          z.strictObject({
            url: webUrl.meta({ description: '{domain} is replaced by the domain' }),
            p95Ms: z.number().positive().meta({ description: 'the 19th of 20 answers in order of time' }).optional(),
            totalMs: z.number().positive().meta({ description: 'milliseconds until the last byte of the answer' }).optional(),
            bodyBytes: z.int().positive().meta({ description: 'bytes of the body' }).optional(),
          }),
        )
        .meta({ description: 'budgets of single addresses' })
        .optional(),
      load: z
        .array(
          z.strictObject({
            url: webUrl.meta({ description: 'asked under load, with the consent `load`; must be exempt from rate limits or below them' }),
            requests: z.int().min(20).max(10_000).meta({ description: 'how many are sent' }).optional(),
            concurrency: z.int().min(1).max(64).meta({ description: 'how many are under way at once' }).optional(),
            perSecond: z.number().positive().meta({ description: 'answers per second that must be reached' }).optional(),
            meanMs: z.number().positive().meta({ description: 'milliseconds that an answer may take on average' }).optional(),
          }),
        )
        .meta({ description: 'answers under load, with the consent `load`' })
        .optional(),
    })
    .meta({ description: 'budgets; a budget that is missed is measured again before it fails' })
    .optional(),
  backups: z.array(backup).meta({ description: 'backups that this machine can read: judged by their files and what is in them, without restoring' }).optional(),
  rollback: rollbackSchema.optional(),
  auth: auth.meta({ description: 'how people and programs sign in; everything of it needs the consent `login`' }).optional(),
  forwardAuth: forwardAuth.meta({ description: 'a login in front of hosts' }).optional(),
  caching: z
    .strictObject({
      static: z
        .strictObject({
          maxAge: z.int().positive().meta({ description: 'seconds that static assets must be kept at least' }),
          directives: z.array(z.string()).meta({ description: 'further directives of Cache-Control that must be there, such as immutable' }).optional(),
          extensions: z.array(z.string()).meta({ description: 'endings of file names that count as static' }).optional(),
          exact: z.boolean().meta({ description: 'true: these seconds and no more' }).optional(),
        })
        .meta({ description: 'assets whose name changes with their content' })
        .optional(),
      html: z.enum(['noLongCache', 'noStore', 'any']).meta({ description: 'how pages may be kept' }).optional(),
      compression: z
        .union([
          z.boolean(),
          z.strictObject({
            minimumSize: z.int().positive().meta({ description: 'bytes from which an answer must be compressed' }).optional(),
            types: z.array(z.string()).meta({ description: 'media types that must be compressed' }).optional(),
          }),
        ])
        .meta({ description: 'whether answers are compressed, and from which size and of which types' })
        .optional(),
      conditional: z
        .boolean()
        .meta({ description: 'whether unchanged pages are answered with 304: true makes it a failure where they are not, false is not judged' })
        .optional(),
    })
    .meta({ description: 'how long what may be kept' })
    .optional(),
})
export type { Matcher } from './words.ts'
export type TargetInput = z.input<typeof targetSchema>
export type TargetFile = z.output<typeof targetSchema>
export type LiveChannel = z.output<typeof live>
export type Marker = z.output<typeof marker>
export type BackupEntry = z.output<typeof backup>
export type HostFile = z.output<typeof host>
