/**
 * Do we say of a TLS server what is true of it, and what do testssl.sh and sslscan say? Every real server of fixtures/real/tls is looked at by each
 * tool through a relay that counts connections; what each says is held against what is true by construction.
 *
 * `node bench/tls-agreement.ts [--only name,…] [--tools ours,sslscan,testssl] [--cache folder]`
 * Needs Debian's testssl.sh and sslscan. testssl.sh takes a minute or two for each server: with `--cache`, what a tool said is kept and not asked again.
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttp } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { trustedRoot } from '../fixtures/certificates.ts'
import { installed } from '../fixtures/real/process.ts'
import { benchConfigurations, FACTS, type Fact, type TlsConfiguration, tlsConfigurations } from '../fixtures/real/tls/configurations.ts'
import { startJsse } from '../fixtures/real/tls/jsse.ts'
import { TLS_NAME } from '../fixtures/real/tls/server.ts'
import { tlsServers } from '../fixtures/real/tls/servers.ts'
import { median, run } from './measure.ts'

const TOOLS = ['ours', 'sslscan', 'testssl'] as const
type Tool = (typeof TOOLS)[number]
/** What a tool says of a fact; undefined: nothing, or that it could not tell. */
type Said = Partial<Record<Fact, boolean>>

interface Look {
  readonly raw: string
  readonly connections: number
  readonly wallMs: number
  readonly exitCode: number | null
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { values: flags } = parseArgs({ options: { only: { type: 'string' }, tools: { type: 'string' }, cache: { type: 'string' } } })
const tools = flags.tools === undefined ? TOOLS : TOOLS.filter((tool) => (flags.tools as string).split(',').includes(tool))
const only = flags.only?.split(',')
const chosen = [...tlsConfigurations, ...(installed('java') ? benchConfigurations : [])].filter(
  ({ name }) => only?.some((one) => name === one || (one.endsWith('*') && name.startsWith(one.slice(0, -1)))) ?? true,
)
if (tools.length === 0 || chosen.length === 0) throw new RangeError('nothing to compare: --tools or --only names nothing that exists')
const cache = flags.cache
if (cache !== undefined) await mkdir(cache, { recursive: true })

/** Passes everything on and counts. */
async function relayTo(port: number) {
  let connections = 0
  const open = new Set<Socket>()
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    connections += 1
    const behind = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    for (const socket of [client, behind]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => open.delete(socket))
    }
    client.pipe(behind)
    behind.pipe(client)
    client.once('close', () => behind.destroy())
    behind.once('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    connections: () => connections,
    stop: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What redirects to https, for the checks that look at port 80. */
async function plainServer() {
  const server = createHttp((request, reply) => reply.writeHead(301, { Location: `https://${TLS_NAME}${request.url ?? '/'}` }).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as { port: number }).port, stop: () => void server.close() }
}

const work = await mkdtemp(join(tmpdir(), 'postproof-agreement-'))
await writeFile(join(work, 'root.pem'), await trustedRoot())
const plain = await plainServer()

const looks: Record<Tool, (port: number) => Promise<Omit<Look, 'connections'>>> = {
  ours: async (port) => {
    const target = {
      domain: 'example.com',
      hosts: { app: {} },
      network: { addresses: { [TLS_NAME]: '127.0.0.1' }, ports: { http: plain.port, https: port }, trust: ['root.pem'] },
    }
    await writeFile(join(work, 'target.json'), JSON.stringify(target))
    await rm(join(work, 'report'), { recursive: true, force: true })
    const done = await run(process.execPath, [
      join(root, 'cli/main.ts'),
      'verify',
      join(work, 'target.json'),
      '--suite',
      'tls',
      '--quiet',
      '--report',
      join(work, 'report'),
    ])
    if (!existsSync(join(work, 'report', 'report.json'))) throw new Error(`exit ${done.exitCode}: ${done.stderr.slice(0, 500)} ${done.stdout.slice(-500)}`)
    return { raw: await readFile(join(work, 'report', 'report.json'), 'utf8'), wallMs: done.wallMs, exitCode: done.exitCode }
  },
  sslscan: async (port) => {
    const done = await run('sslscan', ['--xml=-', `--sni-name=${TLS_NAME}`, `127.0.0.1:${port}`], { timeoutMs: 60_000 })
    return { raw: done.stdout, wallMs: done.wallMs, exitCode: done.exitCode }
  },
  testssl: async (port) => {
    const file = join(work, 'testssl.json')
    await rm(file, { force: true })
    const done = await run(
      'testssl',
      [
        '--quiet --color 0 --warnings batch --nodns none --ip 127.0.0.1 --add-ca'.split(' '),
        [join(work, 'root.pem'), '--jsonfile', file, `${TLS_NAME}:${port}`],
      ].flat(),
      { timeoutMs: 600_000 },
    )
    return { raw: existsSync(file) ? await readFile(file, 'utf8') : '[]', wallMs: done.wallMs, exitCode: done.exitCode }
  },
}

async function look(tool: Tool, configuration: TlsConfiguration): Promise<Look> {
  const file = cache === undefined ? undefined : join(cache, `${configuration.name}.${tool}.json`)
  if (file !== undefined && existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as Look
  const server = await (configuration.server === 'jsse' ? startJsse : tlsServers[configuration.server].start)(configuration)
  const relay = await relayTo(server.port)
  try {
    const done = await looks[tool](relay.port)
    const seen: Look = { ...done, connections: relay.connections() }
    if (file !== undefined) await writeFile(file, JSON.stringify(seen))
    return seen
  } finally {
    await relay.stop()
    await server.stop()
  }
}

const AEAD = /GCM|CCM|CHACHA|POLY1305/
const FORWARD = /^(?:TLS_)?(?:ECDHE|DHE|EDH|AES|CHACHA20)[-_]/

const CLASSES: readonly (readonly [Fact, RegExp])[] = [
  ['null', /NULL/],
  ['export', /EXP/],
  ['anonymous', /^(?:ADH|AECDH)|anon/i],
  ['broken', /RC4|RC2|IDEA|SEED|MD5|DES-CBC-|DES40|WITH_DES_/],
  ['3des', /3DES|CBC3/],
  ['static-rsa', /^(?:AES|CAMELLIA|ARIA)[-\d]|^(?:TLS|SSL)_RSA_/],
]
/** What names of suites up to TLS 1.2 tell, IANA's or OpenSSL's; each suite counts in its gravest class. */
function suiteFacts(names: readonly string[]): Said {
  const classes = names.map((name) => CLASSES.find(([, test]) => test.test(name))?.[0] ?? (AEAD.test(name) ? undefined : 'cbc'))
  const found = new Set(classes)
  return {
    ...Object.fromEntries([...CLASSES.map(([fact]) => fact), 'cbc' as const].map((fact) => [fact, found.has(fact)])),
    dhe: names.some((name) => /^(?:TLS_|SSL_)?(?:DHE|EDH)[-_]/.test(name)),
  }
}

function readSslscan(raw: string): Said {
  const enabled = (type: string, version: string): boolean | undefined => {
    const found = new RegExp(`<protocol type="${type}" version="${version}" enabled="([01])"`).exec(raw)?.[1]
    return found === undefined ? undefined : found === '1'
  }
  const suites = [...raw.matchAll(/<cipher status="(\w+)" sslversion="([^"]+)" bits="\d+" cipher="([^"]+)"[^>]*?(?:dhebits="(\d+)")?[^>]*\/>/g)]
  const tls12 = suites.filter(([, , version]) => version !== 'TLSv1.3')
  const best = suites.find(([, status, version]) => status === 'preferred' && version === (enabled('tls', '1.3') === true ? 'TLSv1.3' : 'TLSv1.2'))?.[3]
  // Of suites with a certificate: who is anonymous has worse troubles.
  const finite = [...raw.matchAll(/cipher="DHE-[^>]* dhebits="(\d+)"/g)].map(([, bits]) => Number(bits))
  const certificate = /<certificate type="short">[\s\S]*?<\/certificate>/.exec(raw)?.[0] ?? ''
  const text = (tag: string): string | undefined => new RegExp(`<${tag}[^>]*>(?:<!\\[CDATA\\[)?([^<\\]]*)`).exec(certificate)?.[1]
  const expired = text('expired')
  const early = text('not-yet-valid')
  const signature = text('signature-algorithm')
  const key = /<pk error="false" type="(\w+)" bits="(\d+)"/.exec(certificate)
  const names = text('altnames')
  const renegotiation = /<renegotiation supported="([01])" secure="([01])"/.exec(raw)
  const fallback = /<fallback supported="([01])"/.exec(raw)?.[1]
  return {
    ssl3: enabled('ssl', '3'),
    tls10: enabled('tls', '1.0'),
    tls11: enabled('tls', '1.1'),
    tls12: enabled('tls', '1.2'),
    tls13: enabled('tls', '1.3'),
    ...(suites.length === 0 ? {} : suiteFacts(tls12.map(([, , , name]) => name as string))),
    'dhe-weak': suites.length === 0 ? undefined : finite.some((bits) => bits < 2048),
    'not-modern': best === undefined ? undefined : !(FORWARD.test(best) || /^TLS_(?:AES|CHACHA)/.test(best)) || !AEAD.test(best),
    'insecure-renegotiation': renegotiation === null ? undefined : renegotiation[1] === '1' && renegotiation[2] === '0',
    'no-fallback-scsv': fallback === undefined ? undefined : fallback === '0',
    expired: expired === undefined ? undefined : expired === 'true',
    'not-yet-valid': early === undefined ? undefined : early === 'true',
    'sha1-certificate': signature === undefined ? undefined : /sha1/i.test(signature),
    'weak-key': key === null ? undefined : key[1] === 'RSA' && Number(key[2]) < 2048,
    'no-san': certificate === '' ? undefined : names === undefined,
    ...(names === undefined ? {} : { 'wrong-name': !names.includes(TLS_NAME) }),
  } as Said
}

function readTestssl(raw: string): Said {
  const entries = JSON.parse(raw) as readonly { readonly id: string; readonly severity: string; readonly finding: string }[]
  const finding = (id: string): string | undefined =>
    entries.find((one) => one.id === id || one.id === `${id} <cert#1>` || one.id === `${id} <hostCert#1>`)?.finding
  const offered = (id: string): boolean | undefined => {
    const text = finding(id)
    return text === undefined ? undefined : /^(?:likely )?offered|^supported/.test(text)
  }
  const matched = (id: string, test: RegExp): boolean | undefined => {
    const text = finding(id)
    return text === undefined ? undefined : test.test(text)
  }
  const suites = entries.filter(({ id }) => id.startsWith('cipher_x')).map((one) => one.finding)
  const names = suites.map((text) => text.trim().split(/\s+/)[1] ?? '').filter((name) => !name.startsWith('TLS_'))
  const bits = suites
    .filter((text) => /\sDHE-/.test(text))
    .flatMap((text) => /\sDH (\d+)/.exec(text)?.[1] ?? [])
    .map(Number)
  const negotiated = finding('cipher_negotiated')
  const ticket = /valid for (\d+) seconds/.exec(finding('TLS_session_ticket') ?? '')?.[1]
  const trust = finding('cert_chain_of_trust')
  const second = entries.filter(({ id }) => id.endsWith('<cert#2>') || id.endsWith('<hostCert#2>'))
  const severe = (id: string): boolean | undefined => {
    const entry = entries.find((one) => one.id === id || one.id === `${id} <cert#1>`)
    return entry === undefined ? undefined : /HIGH|CRITICAL/.test(entry.severity)
  }
  const classes = suites.length === 0 ? {} : suiteFacts(names)
  return {
    ...classes,
    ssl3: offered('SSLv3'),
    tls10: offered('TLS1'),
    tls11: offered('TLS1_1'),
    tls12: offered('TLS1_2'),
    tls13: offered('TLS1_3'),
    null: offered('cipherlist_NULL'),
    anonymous: offered('cipherlist_aNULL'),
    export: offered('cipherlist_EXPORT'),
    'dhe-weak': suites.length === 0 ? undefined : bits.some((one) => one < 2048),
    'not-modern':
      negotiated === undefined
        ? undefined
        : !FORWARD.test(negotiated.replace(/^.*?(?=TLS_|[A-Z0-9]+-)/, '')) && !/TLS_(?:AES|CHACHA)/.test(negotiated)
          ? true
          : !AEAD.test(negotiated),
    'insecure-renegotiation':
      finding('secure_renego') === undefined || matched('secure_renego', /didn't succeed/) === true
        ? undefined
        : !/^supported|not applicable/i.test(finding('secure_renego') as string),
    'client-renegotiation': matched('secure_client_renego', /VULNERABLE|DoS/),
    'no-extended-master-secret':
      finding('TLS_extensions') === undefined || offered('TLS1_2') !== true ? undefined : !/extended master secret/.test(finding('TLS_extensions') as string),
    'no-fallback-scsv': matched('fallback_SCSV', /failed/i) === true ? undefined : matched('fallback_SCSV', /not supported/i),
    'server-order': matched('cipher_order', /^server/),
    h2: finding('ALPN_HTTP2') !== undefined ? true : matched('ALPN', /h2/),
    'long-ticket': finding('TLS_session_ticket') === undefined ? undefined : Number(ticket ?? 0) > 86_400,
    'chain-incomplete': trust === undefined ? undefined : /incomplete/i.test(trust),
    untrusted: trust === undefined ? undefined : !/passed|incomplete|expired/i.test(trust),
    'chain-unordered': matched('certs_list_ordering_problem', /^yes/),
    expired: second.length === 0 ? matched('cert_expirationStatus', /^expired/) : undefined,
    'wrong-name': matched('cert_trust', /does not match/i),
    'no-san': matched('cert_subjectAltName', /No SAN/i),
    'weak-key': severe('cert_keySize'),
    'sha1-certificate': matched('cert_signatureAlgorithm', /SHA1/),
    'client-certificate': matched('clientAuth', /optional|required/i),
    ...(second.length === 0
      ? {}
      : {
          'second-certificate-bad':
            second.some(({ id, finding: text }) => id.includes('expirationStatus') && text.startsWith('expired')) ||
            matched('cert_expirationStatus', /^expired/),
        }),
  } as Said
}

interface OurResult {
  readonly check: string
  readonly outcome: 'pass' | 'warn' | 'fail' | 'inconclusive' | 'skip'
  readonly code?: string
  readonly evidence: readonly { readonly what: string; readonly received: string }[]
}

/** Which check speaks of a fact; a code narrows it where the check speaks of more than one. */
const SPEAKS: Partial<Record<Fact, { readonly check: string; readonly code?: RegExp }>> = {
  ssl3: { check: 'tls/ssl3' },
  tls10: { check: 'tls/tls10' },
  tls11: { check: 'tls/tls11' },
  null: { check: 'tls/cipher-null-anon-export', code: /cipher\.null|NULL-/ },
  anonymous: { check: 'tls/cipher-null-anon-export', code: /cipher\.anon|ADH-|AECDH-/ },
  export: { check: 'tls/cipher-null-anon-export', code: /cipher\.export|EXP/ },
  broken: { check: 'tls/cipher-broken' },
  '3des': { check: 'tls/cipher-3des' },
  'static-rsa': { check: 'tls/cipher-static-rsa' },
  // Preferred CBC may be that of a graver class.
  cbc: { check: 'tls/cipher-cbc', code: /\.cbc |preferred .*DHE-/ },
  // Who is anonymous has worse troubles.
  dhe: { check: 'tls/dhe-params', code: /\b(?:DHE|EDH)-/ },
  'dhe-weak': { check: 'tls/dhe-params', code: /weak|short|small|composite|common/ },
  'not-modern': { check: 'tls/fs-aead' },
  'insecure-renegotiation': { check: 'tls/secure-renegotiation' },
  'client-renegotiation': { check: 'tls/client-renegotiation' },
  'no-extended-master-secret': { check: 'tls/ems' },
  'no-fallback-scsv': { check: 'tls/fallback-scsv' },
  'sha1-key-exchange': { check: 'tls/ske-signature' },
  'long-ticket': { check: 'tls/ticket-lifetime' },
  'early-data': { check: 'tls/early-data' },
  'chain-incomplete': { check: 'tls/chain-complete' },
  'chain-unordered': { check: 'tls/chain-order' },
  untrusted: { check: 'tls/chain-trusted' },
  expired: { check: 'tls/validity', code: /expired/ },
  'not-yet-valid': { check: 'tls/validity', code: /not-yet/ },
  'wrong-name': { check: 'tls/hostname-match' },
  'no-san': { check: 'tls/san-present' },
  'weak-key': { check: 'tls/key-strength' },
  'sha1-certificate': { check: 'tls/signature-hash' },
  'second-certificate-bad': { check: 'tls/dual-cert' },
  'client-certificate': { check: 'tls/mtls' },
}

function readOurs(raw: string): Said {
  const { results } = JSON.parse(raw) as { readonly results: readonly OurResult[] }
  const of = (id: string): OurResult | undefined => results.find(({ check }) => check === id)
  const said: Said = {}
  for (const [fact, { check, code }] of Object.entries(SPEAKS) as [Fact, { check: string; code?: RegExp }][]) {
    const result = of(check)
    if (result === undefined || result.outcome === 'inconclusive') continue
    const bad = result.outcome === 'fail' || result.outcome === 'warn'
    // What one code says of one fact leaves the others of the same check unsaid.
    if (bad && code !== undefined && !code.test(`${result.code} ${result.evidence.map(({ what, received }) => `${what} ${received}`).join(' ')}`)) continue
    said[fact] = bad
  }
  const passes = (id: string): boolean | undefined => {
    const outcome = of(id)?.outcome
    return outcome === 'pass' ? true : outcome === 'warn' || outcome === 'fail' ? false : undefined
  }
  const put = (fact: Fact, value: boolean | undefined): void => {
    if (value !== undefined) said[fact] = value
  }
  put('tls13', passes('tls/tls13'))
  put('post-quantum', passes('tls/pq-kex'))
  const alpn = of('tls/alpn')?.evidence[0]?.received
  if (alpn !== undefined) said.h2 = /\bh2\b/.test(alpn)
  return said
}

const read: Record<Tool, (raw: string) => Said> = { ours: readOurs, sslscan: readSslscan, testssl: readTestssl }

const totals = Object.fromEntries(
  TOOLS.map((tool) => [
    tool,
    { right: 0, missed: 0, alarms: 0, silent: 0, connections: [] as number[], wallMs: [] as number[], byName: new Map<string, Look>() },
  ]),
) as Record<Tool, { right: number; missed: number; alarms: number; silent: number; connections: number[]; wallMs: number[]; byName: Map<string, Look> }>
const rows: string[] = []
try {
  for (const configuration of chosen) {
    const { name, truth } = configuration
    const said: Partial<Record<Tool, Said>> = {}
    for (const tool of tools) {
      const seen = await look(tool, configuration)
      const total = totals[tool]
      total.connections.push(seen.connections)
      total.wallMs.push(seen.wallMs)
      total.byName.set(name, seen)
      said[tool] = read[tool](seen.raw)
      process.stderr.write(`${name} ${tool}: ${seen.connections} connections, ${(seen.wallMs / 1000).toFixed(1)} s\n`)
    }
    for (const fact of FACTS) {
      const is = truth.includes(fact)
      const views = tools.map((tool) => [tool, said[tool]?.[fact]] as const)
      for (const [tool, view] of views) {
        if (view === undefined) totals[tool].silent += 1
        else if (view === is) totals[tool].right += 1
        else if (is) totals[tool].missed += 1
        else totals[tool].alarms += 1
      }
      if (
        views.some(([, view]) => view !== undefined && view !== is) ||
        (is && tools.includes('ours') && said.ours?.[fact] === undefined && SPEAKS[fact] !== undefined)
      ) {
        rows.push(
          `${name.padEnd(44)} ${fact.padEnd(26)} ${is ? 'yes' : 'no '}  ${views.map(([, view]) => (view === undefined ? '?' : `${view ? 'yes' : 'no'}${view === is ? '' : ' ✗'}`).padEnd(9)).join(' ')}`,
        )
      }
    }
  }
} finally {
  plain.stop()
  await rm(work, { recursive: true, force: true })
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)
print(
  `Where they differ (✗: wrong by construction; ?: says nothing)\n\n${'configuration'.padEnd(44)} ${'fact'.padEnd(26)} is   ${tools.map((tool) => tool.padEnd(9)).join(' ')}`,
)
for (const row of rows) print(row)
print(
  `\n${'tool'.padEnd(10)}${['right', 'missed', 'false alarm', 'silent', 'connections', 'seconds'].map((title) => title.padStart(13)).join('')}   (medians of ${chosen.length} servers)`,
)
for (const tool of tools) {
  const { right, missed, alarms, silent, connections, wallMs } = totals[tool]
  print(
    `${tool.padEnd(10)}${[right, missed, alarms, silent, median(connections), (median(wallMs) / 1000).toFixed(2)].map((value) => String(value).padStart(13)).join('')}`,
  )
}
for (const other of tools.filter((tool) => tool !== 'ours' && tools.includes('ours'))) {
  const pairs = chosen.flatMap(({ name }) => {
    const ours = totals.ours.byName.get(name)
    const theirs = totals[other].byName.get(name)
    return ours === undefined || theirs === undefined ? [] : [{ connections: theirs.connections / ours.connections, wall: theirs.wallMs / ours.wallMs }]
  })
  print(
    `${other}: ${median(pairs.map((pair) => pair.connections)).toFixed(1)} times our connections, ${median(pairs.map((pair) => pair.wall)).toFixed(1)} times our time`,
  )
}
