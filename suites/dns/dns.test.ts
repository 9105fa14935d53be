/** Judgement of the suite: a healthy observation, then one thing wrong per case, and the traps that must not alarm. Plain objects, no sockets. */
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Check, Subject } from '../../helpers/check.ts'
import type { CertificateFacts, DnsObservation, DnsRecord, HttpChain, HttpObservation, TlsObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import type { ServerAnswer } from '../../helpers/probes/dns-zone.ts'
import { normaliseTarget, type Target, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import { caaDomainsOf } from './caa.ts'
import { providerOf } from './providers.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
const API = 'api.example.com'
const V4 = '93.184.216.34'
const V6 = '2606:2800:220:1::1'
const EDGE = 'edge.example.net'

const targetOf = (more: Partial<TargetInput> = {}): Target =>
  normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': {}, api: {} }, ...more }), { sha256: '0'.repeat(64) })

const record = (name: string, type: string, value: string, ttl = 300): DnsRecord => ({ name, type, ttl, value })
const ok = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: NOW.toISOString(), durationMs: 1, attempts: 1 })
const no = (code: string): Observed<never> => ({ ok: false, failure: { code, message: code, phase: 'resolve' }, startedAt: '', durationMs: 1, attempts: 1 })
/** An answer: records of the asked type by their values, or whole records. */
const dns = (name: string, type: string, answers: readonly (string | DnsRecord)[], more: Partial<DnsObservation> = {}): DnsObservation => {
  const records = answers.map((one) => (typeof one === 'string' ? record(name, type, one) : one))
  const rcode = more.rcode ?? 'NOERROR'
  return {
    name,
    type,
    server: '192.0.2.53',
    rcode,
    noData: rcode === 'NOERROR' && !records.some((one) => one.type === type),
    answers: records,
    authority: [],
    authoritative: false,
    recursionAvailable: true,
    authenticated: false,
    transport: 'udp',
    truncated: false,
    durationMs: 1,
    at: NOW.toISOString(),
    ...more,
  }
}
const A = (name: string, ...values: (string | DnsRecord)[]) => dns(name, 'A', values)
const AAAA = (name: string, ...values: (string | DnsRecord)[]) => dns(name, 'AAAA', values)
const rcode = (name: string, type: string, word: DnsObservation['rcode']) => dns(name, type, [], { rcode: word })
/** The same question to several servers. */
const servers = (...seen: (DnsObservation | string)[]): readonly ServerAnswer[] =>
  seen.map((one, index) => ({
    name: `ns${index + 1}.example.net`,
    server: `192.0.2.${index + 1}`,
    seen: typeof one === 'string' ? no(one) : ok({ ...one, server: `192.0.2.${index + 1}` }),
  }))
const authority = (seen: DnsObservation): DnsObservation => ({ ...seen, authoritative: true, recursionAvailable: false })
const alias = (from: string, to: string) => record(from, 'CNAME', to)

const certificate = (more: Partial<CertificateFacts> = {}): CertificateFacts => ({
  raw: Buffer.from('leaf'),
  sha256: createHash('sha256').update('leaf').digest('hex'),
  serialHex: '01',
  subject: `CN=${API}`,
  issuer: "O=Let's Encrypt, CN=E8",
  issuerOrganization: "Let's Encrypt",
  notBefore: '2026-10-01T00:00:00Z',
  notAfter: '2026-12-30T00:00:00Z',
  dnsNames: [API],
  ipAddresses: [],
  key: { type: 'ec', bits: 256 },
  signature: { oid: '', name: '', hash: '' },
  isCa: false,
  ocspUrls: [],
  caIssuerUrls: [],
  crlUrls: [],
  mustStaple: false,
  sctLogIds: [],
  unknownCriticalExtensions: [],
  ...more,
})
const tls = (leaf: Partial<CertificateFacts> = {}, more: Partial<TlsObservation> = {}): TlsObservation => ({
  peer: `${V4}:443`,
  address: V4,
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  alpn: 'h2',
  authorized: true,
  store: 'bundled',
  chain: [certificate(leaf), certificate({ raw: Buffer.from('above'), subject: 'CN=E8' })],
  handshakeMs: 1,
  connectMs: 1,
  loopDelayMs: 0,
  at: NOW.toISOString(),
  ...more,
})

const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.check.ts'))
const modules = await Promise.all(files.map(async (name) => (await import(`./${name}`)) as { default: Check }))
const checks = new Map(modules.map((module) => [module.default.id, module.default]))
const checkOf = (id: string): Check => {
  const check = checks.get(id)
  if (check === undefined) throw new Error(`there is no check ${id}`)
  return check
}
/** Judges the subject of this name, else the first. */
function judge(id: string, seen: object, more: Partial<TargetInput> = {}, name?: string): Verdict {
  const check = checkOf(id)
  const target = targetOf(more)
  const subjects = check.subjects(target)
  const subject = (name === undefined ? subjects.find((one) => one.name === API) : subjects.find((one) => one.name === name)) ?? subjects[0]
  if (subject === undefined) throw new Error(`${id} has no subject`)
  return check.judge(seen as never, { target, subject, now: NOW, options: { ...check.options, ...target.file.checks?.[id]?.options } })
}

/** What is wrong (or a trap), what is seen, the outcome and its code, the target, a part of the evidence. */
type Case = readonly [
  name: string,
  seen: object,
  wanted: `${Verdict['outcome']}${'' | ` ${string}`}`,
  target?: Partial<TargetInput>,
  received?: string | RegExp,
]
const judged = new Set<string>()
function table(id: string, cases: readonly Case[], subject?: string): void {
  judged.add(id)
  describe(id, () => {
    test.each(cases.map((one) => [one[0], one] as const))('%s', (_name, [, seen, wanted, target, received]) => {
      const verdict = judge(id, seen, target, subject)
      const code = 'code' in verdict && verdict.outcome !== 'inconclusive' ? ` ${verdict.code}` : 'skip' in verdict ? ` ${verdict.skip}` : ''
      expect(`${verdict.outcome}${code}`).toBe(wanted)
      if (verdict.outcome === 'pass' || verdict.outcome === 'fail' || verdict.outcome === 'warn') {
        expect(verdict.evidence.length).toBeGreaterThan(0)
        for (const one of verdict.evidence) for (const text of [one.what, one.expected, one.received]) expect(text).not.toBe('')
      }
      if (verdict.outcome === 'inconclusive') expect(verdict.reason).not.toBe('')
      if ('code' in verdict && verdict.outcome !== 'inconclusive') expect(Object.keys(checkOf(id).codes)).toContain(verdict.code)
      if (received !== undefined) expect(verdict.evidence[0]?.received).toMatch(received)
    })
    test('both directions are shown', () => {
      const outcomes = new Set(cases.map(([, , wanted]) => wanted.split(' ')[0]))
      expect(outcomes.has('pass')).toBe(true)
      expect(outcomes.has('fail') || outcomes.has('warn')).toBe(true)
    })
  })
}

const both = (a: DnsObservation | string, aaaa: DnsObservation | string) => ({
  a: typeof a === 'string' ? no(a) : ok(a),
  aaaa: typeof aaaa === 'string' ? no(aaaa) : ok(aaaa),
})
const none = (type: string, name = API) => dns(name, type, [])

table('dns/resolves', [
  ['both families', both(A(API, V4), AAAA(API, V6)), 'pass'],
  ['one family alone', both(A(API, V4), none('AAAA')), 'pass'],
  ['IPv6 alone', both(none('A'), AAAA(API, V6)), 'pass'],
  ['through a CNAME', both(A(API, alias(API, EDGE), record(EDGE, 'A', V4)), none('AAAA')), 'pass'],
  ['one family fails, the other answers', both(A(API, V4), 'TIMEOUT'), 'pass'],
  ['NXDOMAIN', both(rcode(API, 'A', 'NXDOMAIN'), rcode(API, 'AAAA', 'NXDOMAIN')), 'fail dns.nxdomain', {}, 'NXDOMAIN'],
  ['NODATA', both(none('A'), none('AAAA')), 'fail dns.nodata', {}, /NODATA/],
  [
    'a CNAME to nowhere',
    both(dns(API, 'A', [alias(API, EDGE)], { rcode: 'NXDOMAIN' }), dns(API, 'AAAA', [alias(API, EDGE)], { rcode: 'NXDOMAIN' })),
    'fail dns.nxdomain',
  ],
  ['SERVFAIL', both(rcode(API, 'A', 'SERVFAIL'), rcode(API, 'AAAA', 'SERVFAIL')), 'fail dns.servfail', {}, 'SERVFAIL'],
  ['SERVFAIL beside NXDOMAIN is a failure, not an absence', both(rcode(API, 'A', 'SERVFAIL'), rcode(API, 'AAAA', 'NXDOMAIN')), 'fail dns.servfail'],
  ['silence is never "does not exist"', both('TIMEOUT', 'TIMEOUT'), 'inconclusive'],
  ['our resolver refuses us', both(rcode(API, 'A', 'REFUSED'), rcode(API, 'AAAA', 'REFUSED')), 'inconclusive'],
  ['half an answer, empty', both(none('A'), 'TIMEOUT'), 'inconclusive'],
])

const declared = { dns: { addresses: [V4, V6] } }
table('dns/addresses', [
  ['as declared', { a: A(API, V4), aaaa: AAAA(API, V6) }, 'pass', declared],
  ['an AAAA made by DNS64 is not the zone’s', { a: A(API, V4), aaaa: AAAA(API, '64:ff9b::5db8:d822') }, 'pass', { dns: { addresses: [V4] } }],
  ['another form of the same IPv6 address', { a: A(API, V4), aaaa: AAAA(API, '2606:2800:0220:0001:0:0:0:1') }, 'pass', declared],
  ['within a declared network', { a: A(API, '93.184.216.99'), aaaa: none('AAAA') }, 'pass', { dns: { addresses: ['93.184.216.0/24'] } }],
  ['IPv6 absent: not asked here', { a: A(API, V4), aaaa: none('AAAA') }, 'pass', declared],
  ['an old A record', { a: A(API, '198.51.100.1'), aaaa: AAAA(API, V6) }, 'fail dns.addresses.unexpected', declared, /198\.51\.100\.1/],
  ['an old A beside the new one', { a: A(API, V4, '198.51.100.1'), aaaa: AAAA(API, V6) }, 'fail dns.addresses.unexpected', declared],
  ['an old AAAA while A is right', { a: A(API, V4), aaaa: AAAA(API, '2001:db8::dead') }, 'fail dns.addresses.unexpected', declared, /dead/],
  ['an AAAA though none is declared', { a: A(API, V4), aaaa: AAAA(API, V6) }, 'fail dns.addresses.unexpected', { dns: { addresses: [V4] } }],
  ['one of two servers is missing', { a: A(API, V4), aaaa: none('AAAA') }, 'warn dns.addresses.missing', { dns: { addresses: [V4, '93.184.216.35'] } }],
  ['a failure of the resolver', { a: rcode(API, 'A', 'SERVFAIL'), aaaa: AAAA(API, V6) }, 'inconclusive', declared],
  ['no address at all is no agreement', { a: none('A'), aaaa: none('AAAA') }, 'inconclusive', declared],
  ['rubbish in place of an address', { a: A(API, 'nonsense'), aaaa: none('AAAA') }, 'fail dns.addresses.unexpected', declared],
])

table('dns/ipv6', [
  ['required and there', { a: ok(A(API, V4)), aaaa: AAAA(API, V6) }, 'pass', { dns: { ipv6: 'required' } }],
  ['not said, absent', { a: ok(A(API, V4)), aaaa: none('AAAA') }, 'pass'],
  ['not said, there', { a: ok(A(API, V4)), aaaa: AAAA(API, V6) }, 'pass'],
  ['absent, but for what DNS64 makes', { a: ok(A(API, V4)), aaaa: AAAA(API, '64:ff9b::5db8:d822') }, 'pass', { dns: { ipv6: 'absent' } }],
  ['absent as declared', { a: ok(A(API, V4)), aaaa: none('AAAA') }, 'pass', { dns: { ipv6: 'absent' } }],
  ['required and missing', { a: ok(A(API, V4)), aaaa: none('AAAA') }, 'fail dns.ipv6.missing', { dns: { ipv6: 'required' } }, /NODATA/],
  ['there though declared as absent', { a: ok(A(API, V4)), aaaa: AAAA(API, V6) }, 'fail dns.ipv6.present', { dns: { ipv6: 'absent' } }],
  ['a failure is no absence', { a: ok(A(API, V4)), aaaa: rcode(API, 'AAAA', 'SERVFAIL') }, 'inconclusive', { dns: { ipv6: 'absent' } }],
  [
    'a name without any address is told elsewhere',
    { a: ok(rcode(API, 'A', 'NXDOMAIN')), aaaa: rcode(API, 'AAAA', 'NXDOMAIN') },
    'inconclusive',
    { dns: { ipv6: 'required' } },
  ],
])

const chained = (to: string, address: string, name = API) => A(name, alias(name, to), record(to, 'A', address))
const cnames = (a: DnsObservation, more: object = {}) => ({ a, aaaa: none('AAAA'), targetA: A(EDGE, V4), targetAaaa: none('AAAA', EDGE), ...more })
const toEdge = { dns: { cnameTarget: EDGE } }
table('dns/cname', [
  ['as declared', cnames(chained(EDGE, V4)), 'pass', toEdge],
  ['declared with a final dot and capitals', cnames(chained(EDGE, V4)), 'pass', { dns: { cnameTarget: 'Edge.Example.NET.' } }],
  ['by way of another name', cnames(A(API, alias(API, 'b.example.com'), alias('b.example.com', EDGE), record(EDGE, 'A', V4))), 'pass', toEdge],
  ['the host’s own target', cnames(chained('own.example.net', V4)), 'pass', { ...toEdge, hosts: { '@': {}, api: { cname: 'own.example.net' } } }],
  [
    'an edge that rotates its addresses',
    cnames(A(API, alias(API, EDGE), record(EDGE, 'A', '93.184.216.35')), { targetA: A(EDGE, V4, '93.184.216.35') }),
    'pass',
    toEdge,
  ],
  ['the old target', cnames(chained('old.example.net', V4)), 'fail dns.cname.other', toEdge, /old\.example\.net/],
  ['a name that only begins like it', cnames(chained(`${EDGE}.evil.example`, V4)), 'fail dns.cname.other', toEdge],
  ['straight to the right address', cnames(A(API, V4)), 'fail dns.cname.missing', toEdge],
  ['flattened by a declared CDN', cnames(A(API, V4)), 'pass', { ...toEdge, edge: { kind: 'cdn', addresses: ['93.184.216.0/24'] } }],
  [
    'not an address of that CDN',
    cnames(A(API, '198.51.100.1')),
    'fail dns.cname.missing',
    { ...toEdge, edge: { kind: 'cdn', addresses: ['93.184.216.0/24'] } },
  ],
  ['ends elsewhere than its target', cnames(chained(EDGE, '198.51.100.1')), 'fail dns.cname.addresses', toEdge],
  ['a failure', cnames(rcode(API, 'A', 'SERVFAIL')), 'inconclusive', toEdge],
  ['the target has no address', cnames(A(API, alias(API, EDGE)), { targetA: none('A', EDGE) }), 'inconclusive', toEdge],
  ['nothing at all', cnames(none('A')), 'inconclusive', toEdge],
])

const D = 'example.com'
const apex = (a: string[], aaaa: string[], more: object = {}) => ({
  a: A(D, ...a),
  aaaa: AAAA(D, ...aaaa),
  targetA: A(EDGE, V4),
  targetAaaa: AAAA(EDGE, V6),
  ...more,
})
const sameAsEdge = { dns: { cnameTarget: EDGE, apex: 'sameAddressesAsCnameTarget' as const } }
table('dns/apex', [
  ['the same addresses', apex([V4], [V6]), 'pass', sameAsEdge],
  ['one of several of the edge', apex([V4], [V6], { targetA: A(EDGE, V4, '93.184.216.35') }), 'pass', sameAsEdge],
  ['declared addresses', apex([V4], []), 'pass', { dns: { apex: 'addresses', addresses: [V4] } }],
  ['another address', apex(['198.51.100.1'], [V6]), 'fail dns.apex.elsewhere', sameAsEdge, /198\.51\.100\.1/],
  ['one right and one wrong', apex([V4, '198.51.100.1'], [V6]), 'fail dns.apex.elsewhere', sameAsEdge],
  ['an old AAAA', apex([V4], ['2001:db8::1']), 'fail dns.apex.elsewhere', sameAsEdge],
  ['no IPv6 where the edge has it', apex([V4], []), 'warn dns.apex.partial', sameAsEdge],
  ['no address', apex([], []), 'fail dns.apex.missing', sameAsEdge],
  ['a failure at the domain', { ...apex([V4], [V6]), a: rcode(D, 'A', 'SERVFAIL') }, 'inconclusive', sameAsEdge],
  ['a failure at the edge', apex([V4], [V6], { targetA: rcode(EDGE, 'A', 'SERVFAIL') }), 'inconclusive', sameAsEdge],
  ['nothing to compare with', apex([V4], [V6]), 'inconclusive', { dns: { apex: 'addresses' } }],
])

const behind = { edge: { kind: 'cdn' as const, addresses: ['93.184.216.0/24', '2606:2800::/32'], origin: { address: '198.51.100.7' } } }
table('dns/origin-disclosed', [
  ['within the edge', both(A(API, V4), AAAA(API, V6)), 'pass', behind],
  ['the origin itself', both(A(API, '198.51.100.7'), none('AAAA')), 'fail dns.origin.disclosed', behind, /198\.51\.100\.7/],
  ['the origin beside the edge', both(A(API, V4, '198.51.100.7'), none('AAAA')), 'fail dns.origin.disclosed', behind],
  ['AAAA outside the edge', both(A(API, V4), AAAA(API, '2001:db8::1')), 'fail dns.origin.outside-edge', behind],
  ['only an origin is declared', both(A(API, '192.0.2.9'), none('AAAA')), 'pass', { edge: { kind: 'cdn', origin: { address: '198.51.100.7' } } }],
  ['half an answer may hide the other half', both(A(API, V4), 'TIMEOUT'), 'inconclusive', behind],
  ['half an answer is enough to fail', both(A(API, '198.51.100.7'), 'TIMEOUT'), 'fail dns.origin.disclosed', behind],
  ['no address', both(none('A'), none('AAAA')), 'inconclusive', behind],
])

table('dns/private-ip', [
  ['public', both(A(API, V4), AAAA(API, V6)), 'pass'],
  ['RFC 1918', both(A(API, '10.0.0.5'), none('AAAA')), 'fail dns.private.address', {}, /10\.0\.0\.5 \(private network\)/],
  ['carrier NAT', both(A(API, '100.64.0.1'), none('AAAA')), 'fail dns.private.address'],
  ['link-local', both(A(API, '169.254.169.254'), none('AAAA')), 'fail dns.private.address'],
  ['unique local', both(A(API, V4), AAAA(API, 'fd12::1')), 'fail dns.private.address'],
  ['one private among public', both(A(API, V4, '192.168.1.1'), none('AAAA')), 'fail dns.private.address'],
  ['loopback', both(A(API, '127.0.0.1'), none('AAAA')), 'fail dns.private.loopback'],
  ['mapped loopback', both(none('A'), AAAA(API, '::ffff:127.0.0.1')), 'fail dns.private.loopback'],
  ['unspecified', both(A(API, '0.0.0.0'), none('AAAA')), 'fail dns.private.reserved'],
  ['documentation left in place', both(A(API, '192.0.2.1'), none('AAAA')), 'fail dns.private.reserved'],
  ['a documentation network that the target declares', both(A(API, '192.0.2.1'), none('AAAA')), 'pass', { dns: { addresses: ['192.0.2.0/24'] } }],
  ['a private address that the target declares', both(A(API, '10.0.0.5'), none('AAAA')), 'pass', { dns: { addresses: ['10.0.0.5'] } }],
  ['a host declared as internal', both(A(API, '10.0.0.5'), none('AAAA')), 'pass', { dns: { internalHosts: ['api'] } }],
  // Pins say how we get there; what DNS tells everybody is judged, and a pin to loopback is none of it.
  ['pinned to loopback, public in DNS', both(A(API, V4), none('AAAA')), 'pass', { dns: {}, network: { addresses: { '*.example.com': '127.0.0.1' } } }],
  ['private although half is unanswered', both(A(API, '10.0.0.5'), 'TIMEOUT'), 'fail dns.private.address'],
  ['half an answer clears nobody', both(A(API, V4), 'TIMEOUT'), 'inconclusive'],
  ['no address', both('NXDOMAIN', 'NXDOMAIN'), 'inconclusive'],
])

const zone = (...names: string[]) => ({ apex: D, servers: names.map((name) => ({ name, server: '192.0.2.1' })) })
const at = (name: string, a?: string, aaaa?: string) => ({
  name,
  a: ok(a === undefined ? rcode(name, 'A', 'NXDOMAIN') : A(name, a)),
  aaaa: ok(aaaa === undefined ? none('AAAA', name) : AAAA(name, aaaa)),
})
const targets = (...all: ReturnType<typeof at>[]) => ({ records: dns(D, 'NS', []), targets: all })
table('dns/ns', [
  ['two in two networks', { zone: zone('ns1', 'ns2'), where: targets(at('ns1', '192.0.2.1'), at('ns2', '198.51.100.1')) }, 'pass'],
  [
    'apart by IPv6 alone',
    { zone: zone('ns1', 'ns2'), where: targets(at('ns1', '192.0.2.1', '2001:db8:1::1'), at('ns2', '192.0.2.2', '2001:db8:2::1')) },
    'pass',
  ],
  ['one', { zone: zone('ns1'), where: targets(at('ns1', '192.0.2.1')) }, 'fail dns.ns.too-few', {}, 'ns1'],
  ['none', { zone: zone(), where: targets() }, 'fail dns.ns.too-few'],
  ['two in one /24', { zone: zone('ns1', 'ns2'), where: targets(at('ns1', '192.0.2.1'), at('ns2', '192.0.2.2')) }, 'warn dns.ns.one-network'],
  ['addresses unknown', { zone: zone('ns1', 'ns2'), where: targets(at('ns1'), at('ns2')) }, 'inconclusive'],
])

const SOA = (serial: number | string) => authority(dns(D, 'SOA', [`ns1.example.net hostmaster.example.com ${serial} 7200 900 1209600 300`]))
table('dns/ns-authoritative', [
  ['both', { all: servers(SOA(1), SOA(1)) }, 'pass'],
  ['one refuses', { all: servers(SOA(1), rcode(D, 'SOA', 'REFUSED')) }, 'fail dns.ns.lame', {}, /REFUSED/],
  ['one answers without authority', { all: servers(SOA(1), { ...SOA(1), authoritative: false }) }, 'fail dns.ns.lame', {}, /without aa/],
  ['one says that there is none', { all: servers(SOA(1), authority(rcode(D, 'SOA', 'NXDOMAIN'))) }, 'fail dns.ns.lame'],
  ['one is silent while the other answers', { all: servers(SOA(1), 'TIMEOUT') }, 'fail dns.ns.silent'],
  ['one is nowhere', { all: servers(SOA(1), 'NXDOMAIN') }, 'fail dns.ns.unresolvable'],
  ['all silent: it may be us', { all: servers('TIMEOUT', 'TIMEOUT') }, 'inconclusive'],
  [
    'all answer as a resolver does: somebody between here and there',
    { all: servers({ ...SOA(1), authoritative: false, recursionAvailable: true }, { ...SOA(1), authoritative: false, recursionAvailable: true }) },
    'inconclusive',
  ],
  ['one has no place in the map', { all: servers(SOA(1), 'UNMAPPED') }, 'inconclusive'],
  ['no server listed', { all: [] }, 'inconclusive'],
])
table('dns/ns-serial', [
  ['the same', { all: servers(SOA(2026010101), SOA(2026010101)) }, 'pass'],
  ['one behind', { all: servers(SOA(2026010101), SOA(2026010100)) }, 'warn dns.ns.serial-drift', {}, '2026010100'],
  ['a silent one is told elsewhere', { all: servers(SOA(1), 'TIMEOUT') }, 'pass'],
  ['none told', { all: servers('TIMEOUT', rcode(D, 'SOA', 'REFUSED')) }, 'inconclusive'],
  ['rubbish for a serial is none', { all: servers(SOA('NaN')) }, 'inconclusive'],
])
const parent = (...names: string[]) => ok({ apex: D, parent: 'com', from: 'a.registry.example', names, strangers: [] as readonly ServerAnswer[] })
const delegated = (...strangers: readonly ServerAnswer[]) => ({
  zone: zone('ns1', 'ns2'),
  parent: ok({ apex: D, parent: 'com', from: 'a.registry.example', names: ['ns1', 'ns2', 'ns3.example.net'], strangers }),
})
table('dns/delegation', [
  ['the same set in another order', { zone: zone('ns1', 'ns2'), parent: parent('ns2', 'ns1') }, 'pass'],
  ['one more at the parent', { zone: zone('ns1', 'ns2'), parent: parent('ns1', 'ns2', 'old') }, 'warn dns.delegation.differs', {}, /old/],
  ['one less at the parent', { zone: zone('ns1', 'ns2'), parent: parent('ns1') }, 'warn dns.delegation.differs'],
  ['the parent cannot be asked', { zone: zone('ns1', 'ns2'), parent: no('NOPARENT') }, 'inconclusive'],
  ['one more that serves the zone', delegated(...servers(authority(SOA(1)))), 'warn dns.delegation.differs'],
  ['one that refuses', delegated(...servers(rcode(D, 'SOA', 'REFUSED'))), 'fail dns.delegation.lame', {}, 'REFUSED'],
  ['one that refers elsewhere', delegated(...servers({ ...none('SOA', D), authoritative: false })), 'fail dns.delegation.lame'],
  ['one whose name does not exist', delegated(...servers('NXDOMAIN')), 'fail dns.delegation.lame', {}, /NXDOMAIN/],
  ['one that is silent', delegated(...servers('TIMEOUT')), 'warn dns.delegation.differs'],
])
table('dns/tcp-fallback', [
  ['both', { udp: servers(SOA(1), SOA(1)), tcp: servers(SOA(1), SOA(1)) }, 'pass'],
  ['one refuses', { udp: servers(SOA(1), SOA(1)), tcp: servers(SOA(1), 'ECONNREFUSED') }, 'fail dns.tcp.refused', {}, /ECONNREFUSED/],
  ['one drops it', { udp: servers(SOA(1), SOA(1)), tcp: servers(SOA(1), 'TIMEOUT') }, 'fail dns.tcp.refused'],
  ['all refuse', { udp: servers(SOA(1)), tcp: servers('ECONNREFUSED') }, 'fail dns.tcp.refused'],
  ['all drop it: a firewall of ours would too', { udp: servers(SOA(1), SOA(1)), tcp: servers('TIMEOUT', 'TIMEOUT') }, 'inconclusive'],
  ['another answer', { udp: servers(SOA(1)), tcp: servers(rcode(D, 'SOA', 'REFUSED')) }, 'fail dns.tcp.other'],
  ['silent over UDP too is told elsewhere', { udp: servers(SOA(1), 'TIMEOUT'), tcp: servers(SOA(1), 'TIMEOUT') }, 'pass'],
  ['nobody answers', { udp: servers('TIMEOUT'), tcp: servers('TIMEOUT') }, 'inconclusive'],
])
const echo = (seen: DnsObservation, echoedName = 'eXaMpLe.cOm') => ({ ...authority(seen), echoedName })
table('dns/case', [
  ['the same answer, the question as asked', { plain: servers(A(D, V4)), mixed: servers(echo(A(D, V4))) }, 'pass'],
  ['rotating addresses', { plain: servers(A(D, V4)), mixed: servers(echo(A(D, '93.184.216.35'))) }, 'pass'],
  ['NXDOMAIN for other letters', { plain: servers(A(D, V4)), mixed: servers(echo(rcode(D, 'A', 'NXDOMAIN'))) }, 'fail dns.case.other', {}, /NXDOMAIN/],
  ['no record for other letters', { plain: servers(A(D, V4)), mixed: servers(echo(none('A', D))) }, 'fail dns.case.other'],
  ['silence for other letters', { plain: servers(A(D, V4)), mixed: servers('TIMEOUT') }, 'fail dns.case.other'],
  ['the question in lower case', { plain: servers(A(D, V4)), mixed: servers(echo(A(D, V4), D)) }, 'warn dns.case.not-echoed'],
  ['nobody answers', { plain: servers('TIMEOUT'), mixed: servers('TIMEOUT') }, 'inconclusive'],
])
const noTransfer = { dns: { zoneTransfer: false } }
const AXFR = (...records: DnsRecord[]) => dns(D, 'AXFR', records, records.length === 0 ? { rcode: 'REFUSED' } : {})
table('dns/axfr', [
  ['refused', { all: servers(AXFR(), AXFR()) }, 'pass', noTransfer],
  ['NOTAUTH, NOTIMP, an empty NOERROR', { all: servers(rcode(D, 'AXFR', 'OTHER'), rcode(D, 'AXFR', 'NOTIMP'), dns(D, 'AXFR', [])) }, 'pass', noTransfer],
  ['the connection is closed or refused', { all: servers('EOF', 'ECONNRESET', 'ECONNREFUSED') }, 'pass', noTransfer],
  [
    'handed out by one',
    { all: servers(AXFR(), AXFR(record(D, 'SOA', 'x'), record('staging.example.com', 'A', V4))) },
    'fail dns.axfr.allowed',
    noTransfer,
    /staging/,
  ],
  ['handed out by one, the other silent', { all: servers('TIMEOUT', AXFR(record(D, 'SOA', 'x'))) }, 'fail dns.axfr.allowed', noTransfer],
  ['silence is no refusal', { all: servers(AXFR(), 'TIMEOUT') }, 'inconclusive', noTransfer],
  ['nobody to ask', { all: [] }, 'inconclusive', noTransfer],
])
const foreign = (more: Partial<DnsObservation> = {}, ...values: string[]) => dns('example.org', 'A', values, { recursionAvailable: false, ...more })
table('dns/open-resolver', [
  ['refused', { own: servers(SOA(1)), all: servers(foreign({ rcode: 'REFUSED' })) }, 'pass', noTransfer],
  ['a referral without an answer', { own: servers(SOA(1)), all: servers(foreign()) }, 'pass', noTransfer],
  ['RA without doing it', { own: servers(SOA(1)), all: servers(foreign({ rcode: 'REFUSED', recursionAvailable: true })) }, 'pass', noTransfer],
  ['a parking server that answers everything by itself', { own: servers(SOA(1)), all: servers(foreign({ authoritative: true }, V4)) }, 'pass', noTransfer],
  ['drops what it does not serve', { own: servers(SOA(1)), all: servers('TIMEOUT') }, 'pass', noTransfer],
  ['looked up', { own: servers(SOA(1)), all: servers(foreign({ recursionAvailable: true }, V4)) }, 'fail dns.recursion.open', noTransfer, /\(ra\)/],
  [
    'looked up, absent',
    { own: servers(SOA(1)), all: servers(foreign({ rcode: 'NXDOMAIN', recursionAvailable: true })) },
    'fail dns.recursion.open',
    noTransfer,
  ],
  [
    'all answer as a resolver does: somebody between here and there',
    { own: servers({ ...SOA(1), authoritative: false, recursionAvailable: true }), all: servers(foreign({ recursionAvailable: true }, V4)) },
    'inconclusive',
    noTransfer,
  ],
  ['silent altogether', { own: servers('TIMEOUT'), all: servers('TIMEOUT') }, 'inconclusive', noTransfer],
])

const own = (...seen: (DnsObservation | string)[]) => servers(...seen.map((one) => (typeof one === 'string' ? one : authority(one))))
table('dns/authoritative-agreement', [
  ['the same', { a: own(A(API, V4), A(API, V4)), aaaa: own(none('AAAA'), none('AAAA')) }, 'pass'],
  ['the same in another order', { a: own(A(API, V4, '93.184.216.35'), A(API, '93.184.216.35', V4)), aaaa: own(none('AAAA')) }, 'pass'],
  ['the same CNAME, its end looked up by one only', { a: own(A(API, alias(API, EDGE)), chained(EDGE, V4)), aaaa: own(none('AAAA')) }, 'pass'],
  ['one has the old address', { a: own(A(API, V4), A(API, '198.51.100.1')), aaaa: own(none('AAAA')) }, 'fail dns.authoritative.disagree', {}, new RegExp(V4)],
  ['one has the old AAAA', { a: own(A(API, V4)), aaaa: own(AAAA(API, V6), none('AAAA')) }, 'fail dns.authoritative.disagree'],
  ['one does not have the name', { a: own(A(API, V4), rcode(API, 'A', 'NXDOMAIN')), aaaa: own(none('AAAA')) }, 'fail dns.authoritative.disagree'],
  [
    'answers by place, all of them declared',
    { a: own(A(API, V4), A(API, '93.184.216.35')), aaaa: own(none('AAAA')) },
    'pass',
    { dns: { addresses: ['93.184.216.0/24'] } },
  ],
  ['a silent or lame one is told elsewhere', { a: own(A(API, V4), 'TIMEOUT', rcode(API, 'A', 'REFUSED')), aaaa: own(none('AAAA')) }, 'pass'],
  ['nobody answers', { a: own('TIMEOUT'), aaaa: own('TIMEOUT') }, 'inconclusive'],
])
const agreement = (a: readonly ServerAnswer[], zoneA: readonly ServerAnswer[] | string = own(A(API, V4))) => ({
  a,
  aaaa: servers(none('AAAA')),
  zoneA: typeof zoneA === 'string' ? no(zoneA) : ok(zoneA),
  zoneAaaa: ok(own(none('AAAA'))),
})
table('dns/resolver-agreement', [
  ['all as the zone', agreement(servers(A(API, V4), A(API, V4))), 'pass'],
  ['one resolver alone', { ...agreement(servers(A(API, V4)), 'TIMEOUT'), zoneAaaa: no('TIMEOUT') }, 'skip no-access'],
  ['one resolver beside the zone', agreement(servers(A(API, V4))), 'pass'],
  ['an edge that rotates', agreement(servers(chained(EDGE, V4), chained(EDGE, '198.51.100.1')), own(A(API, alias(API, EDGE)))), 'pass'],
  ['by place, all declared', agreement(servers(A(API, '93.184.216.35'), A(API, V4))), 'pass', { dns: { addresses: ['93.184.216.0/24'] } }],
  ['nowhere an address, everywhere the same', agreement(servers(none('A'), none('A')), own(none('A'))), 'pass'],
  ['an old answer within its TTL', agreement(servers(A(API, V4), A(API, '198.51.100.1'))), 'warn dns.resolver.propagating', {}, /198\.51\.100\.1/],
  [
    'an address though every server of the zone denies the name',
    { a: servers(A(API, V4)), aaaa: servers(none('AAAA')), zoneA: ok(own(rcode(API, 'A', 'NXDOMAIN'))), zoneAaaa: ok(own(rcode(API, 'AAAA', 'NXDOMAIN'))) },
    'fail dns.resolver.denied',
  ],
  ['a remembered absence', agreement(servers(A(API, V4), rcode(API, 'A', 'NXDOMAIN'))), 'fail dns.resolver.absent'],
  ['a failure at one', agreement(servers(A(API, V4), rcode(API, 'A', 'SERVFAIL'))), 'fail dns.resolver.absent'],
  ['absent at the only resolver, there in the zone', agreement(servers(rcode(API, 'A', 'NXDOMAIN'))), 'fail dns.resolver.absent'],
  ['nothing in common, and the zone cannot be asked', agreement(servers(A(API, V4), A(API, '198.51.100.1')), 'TIMEOUT'), 'fail dns.resolver.differs'],
  [
    'all refuse us',
    { ...agreement(servers(rcode(API, 'A', 'REFUSED')), 'TIMEOUT'), aaaa: servers(rcode(API, 'AAAA', 'REFUSED')), zoneAaaa: no('TIMEOUT') },
    'inconclusive',
  ],
  [
    'all fail alike',
    { ...agreement(servers(rcode(API, 'A', 'SERVFAIL')), 'TIMEOUT'), aaaa: servers(rcode(API, 'AAAA', 'SERVFAIL')), zoneAaaa: no('TIMEOUT') },
    'inconclusive',
  ],
  ['one refuses us', agreement(servers(A(API, V4), rcode(API, 'A', 'REFUSED'))), 'inconclusive'],
  ['one is silent', agreement(servers(A(API, V4), 'TIMEOUT')), 'inconclusive'],
  ['all are silent', { ...agreement(servers('TIMEOUT')), aaaa: servers('TIMEOUT') }, 'inconclusive'],
])
table('dns/family-rcode', [
  ['NOERROR for both', { a: own(A(API, V4)), aaaa: own(AAAA(API, V6)) }, 'pass'],
  ['NODATA for one', { a: own(A(API, V4)), aaaa: own(none('AAAA')) }, 'pass'],
  ['absent for both', { a: own(rcode(API, 'A', 'NXDOMAIN')), aaaa: own(rcode(API, 'AAAA', 'NXDOMAIN')) }, 'pass'],
  ['NXDOMAIN for one', { a: own(A(API, V4)), aaaa: own(rcode(API, 'AAAA', 'NXDOMAIN')) }, 'fail dns.family.rcode', {}, 'NXDOMAIN'],
  ['NOTIMP for one', { a: own(A(API, V4)), aaaa: own(rcode(API, 'AAAA', 'NOTIMP')) }, 'fail dns.family.rcode'],
  ['silence for one', { a: own(A(API, V4)), aaaa: own('TIMEOUT') }, 'fail dns.family.rcode', {}, /TIMEOUT/],
  ['silence for both', { a: own('TIMEOUT'), aaaa: own('TIMEOUT') }, 'inconclusive'],
  ['refused for both is lame, told elsewhere', { a: own(rcode(API, 'A', 'REFUSED')), aaaa: own(rcode(API, 'AAAA', 'REFUSED')) }, 'inconclusive'],
])

const nobody = `postproof-${'0'.repeat(12)}.example.com`
const wild = (a: DnsObservation | string, aaaa: DnsObservation | string, zoneA: Observed<unknown> = no('TIMEOUT')) => ({ ...both(a, aaaa), zone: zoneA })
const forbidden = { dns: { wildcard: 'forbidden' as const } }
table('dns/wildcard', [
  ['absent', wild(rcode(nobody, 'A', 'NXDOMAIN'), rcode(nobody, 'AAAA', 'NXDOMAIN')), 'pass', forbidden],
  ['NODATA, as some servers deny', wild(none('A', nobody), none('AAAA', nobody)), 'pass', forbidden],
  ['an address', wild(A(nobody, V4), none('AAAA', nobody)), 'fail dns.wildcard.present', forbidden, new RegExp(V4)],
  [
    'a CNAME that ends nowhere',
    wild(dns(nobody, 'A', [alias(nobody, EDGE)], { rcode: 'NXDOMAIN' }), rcode(nobody, 'AAAA', 'NXDOMAIN')),
    'fail dns.wildcard.present',
    forbidden,
  ],
  ['IPv6 alone', wild(none('A', nobody), AAAA(nobody, V6)), 'fail dns.wildcard.present', forbidden],
  ['the zone has it too', wild(A(nobody, V4), none('AAAA', nobody), ok(own(A(nobody, V4)))), 'fail dns.wildcard.present', forbidden],
  [
    'a resolver that makes up answers, the zone denies the name',
    wild(A(nobody, V4), none('AAAA', nobody), ok(own(rcode(nobody, 'A', 'NXDOMAIN')))),
    'inconclusive',
    forbidden,
  ],
  ['allowed', wild(A(nobody, V4), none('AAAA', nobody)), 'pass', { dns: { wildcard: 'allowed' } }],
  ['not said', wild(A(nobody, V4), none('AAAA', nobody)), 'pass'],
  ['silence is no absence', wild('TIMEOUT', rcode(nobody, 'AAAA', 'NXDOMAIN')), 'inconclusive', forbidden],
  ['a failure is no absence', wild(rcode(nobody, 'A', 'SERVFAIL'), rcode(nobody, 'AAAA', 'SERVFAIL')), 'inconclusive', forbidden],
])
const ttl = (seconds: number) => ({ seen: A(API, record(API, 'A', V4, Math.min(seconds, 60))), zone: ok(own(A(API, record(API, 'A', V4, seconds)))) })
table('dns/ttl', [
  ['short', ttl(300), 'pass', { dns: { maxTtlSeconds: 3600 } }],
  ['exactly as declared', ttl(3600), 'pass', { dns: { maxTtlSeconds: 3600 } }],
  ['longer than declared, though the resolver’s rest is short', ttl(3601), 'fail dns.ttl.long', { dns: { maxTtlSeconds: 3600 } }, /3601/],
  ['two days, nothing declared', ttl(172_800), 'warn dns.ttl.long'],
  ['a day, nothing declared', ttl(86_400), 'pass'],
  ['zero', ttl(0), 'warn dns.ttl.zero'],
  ['zero left at the resolver is no zero', { seen: A(API, record(API, 'A', V4, 0)), zone: no('TIMEOUT') }, 'pass'],
  [
    'what the resolver has left is too long already',
    { seen: A(API, record(API, 'A', V4, 7200)), zone: no('TIMEOUT') },
    'fail dns.ttl.long',
    { dns: { maxTtlSeconds: 3600 } },
  ],
  ['a long TTL of somebody else’s record', { seen: A(API, record(API, 'CNAME', EDGE, 60), record(EDGE, 'A', V4, 172_800)), zone: no('TIMEOUT') }, 'pass'],
  ['not a number', ttl(Number.NaN), 'warn dns.ttl.long'],
  ['nothing there', { seen: none('A'), zone: no('TIMEOUT') }, 'inconclusive'],
])

const chain = (hops: string[], last: DnsObservation | string = A('x', V4), more: object = {}) => ({
  hops,
  end: 'end',
  last: typeof last === 'string' ? no(last) : ok(last),
  ...more,
})
table('dns/cname-chain', [
  ['none', { chain: chain([]) }, 'pass'],
  ['eight steps', { chain: chain(Array.from({ length: 8 }, (_, index) => `n${index}`)) }, 'pass'],
  ['nine', { chain: chain(Array.from({ length: 9 }, (_, index) => `n${index}`)) }, 'warn dns.cname.long'],
  ['a loop', { chain: { hops: ['b'], end: 'loop', reason: 'b points to api.example.com again' } }, 'fail dns.cname.loop', {}, /again/],
  ['no end', { chain: { hops: Array.from({ length: 16 }, (_, index) => `n${index}`), end: 'too-long' } }, 'fail dns.cname.long'],
  ['two at one name', { chain: chain(['b'], undefined, { several: 'api.example.com: b, c' }) }, 'fail dns.cname.several'],
  ['a step without an answer', { chain: { hops: ['b'], end: 'failed', reason: 'b CNAME: SERVFAIL' } }, 'inconclusive'],
])
const alone = (more: object = {}) => ({
  cname: own(none('CNAME')),
  a: own(A(API, V4)),
  txt: own(none('TXT')),
  mx: own(none('MX')),
  ns: own(none('NS')),
  soa: own(none('SOA')),
  ...more,
})
const isAlias = own(dns(API, 'CNAME', [EDGE]))
table('dns/cname-alone', [
  ['no CNAME', alone(), 'pass'],
  [
    'alone, every other type answered with it',
    alone({ cname: isAlias, a: own(A(API, alias(API, EDGE))), txt: own(dns(API, 'TXT', [alias(API, EDGE)])) }),
    'pass',
  ],
  [
    'the target’s own records come along',
    alone({ cname: isAlias, a: own(chained(EDGE, V4)), txt: own(dns(API, 'TXT', [alias(API, EDGE), record(EDGE, 'TXT', 'x')])) }),
    'pass',
  ],
  [
    'beside a text',
    alone({ cname: isAlias, a: own(A(API, alias(API, EDGE))), txt: own(dns(API, 'TXT', ['proof=1'])) }),
    'fail dns.cname.beside',
    {},
    /proof=1/,
  ],
  ['beside an address', alone({ cname: isAlias, a: own(A(API, V4)) }), 'fail dns.cname.beside'],
  ['at the apex', alone({ cname: isAlias, a: own(A(API, alias(API, EDGE))), soa: own(dns(API, 'SOA', ['a b 1 1 1 1 1'])) }), 'fail dns.cname.at-apex'],
  ['nobody answers', alone({ cname: own('TIMEOUT') }), 'inconclusive'],
])
const site = (body: string, status = 200): Partial<HttpObservation> => ({
  status,
  headers: [['Content-Type', 'text/html']],
  body: Buffer.from(body),
  url: `https://${API}/`,
  peer: V4,
  at: NOW.toISOString(),
})
const dangling = (hops: string[], last: DnsObservation | string, document: Observed<unknown> = ok(site('Hello'))) => ({
  chain: chain(hops, last),
  a: ok(A(API, V4)),
  document,
})
const UNCLAIMED = "<p>There isn't a GitHub Pages site here.</p>"
table('dns/dangling', [
  ['no CNAME', dangling([], A(API, V4)), 'pass'],
  ['a target that exists', dangling([EDGE], A(EDGE, V4)), 'pass'],
  ['a claimed site at a provider', dangling(['me.github.io'], A('me.github.io', V4)), 'pass'],
  ['the words of a provider, without its name in the chain', dangling([EDGE], A(EDGE, V4), ok(site(UNCLAIMED))), 'pass'],
  ['a name that only ends alike', dangling(['notgithub.io'], A('notgithub.io', V4), ok(site(UNCLAIMED))), 'pass'],
  ['gone at a provider', dangling(['me.github.io'], rcode('me.github.io', 'A', 'NXDOMAIN')), 'fail dns.dangling.claimable', {}, /me\.github\.io: NXDOMAIN/],
  ['gone elsewhere', dangling([EDGE], rcode(EDGE, 'A', 'NXDOMAIN')), 'fail dns.dangling.nxdomain'],
  ['gone in the own zone, where nobody else can create it', dangling(['b.example.com'], rcode('b.example.com', 'A', 'NXDOMAIN')), 'warn dns.dangling.nxdomain'],
  ['unclaimed', dangling(['me.github.io'], A('me.github.io', V4), ok(site(UNCLAIMED, 404))), 'fail dns.dangling.unclaimed'],
  ['no page to look at', dangling(['me.github.io'], A('me.github.io', V4), no('ECONNREFUSED')), 'inconclusive'],
  ['the end is not answered', dangling([EDGE], 'TIMEOUT'), 'inconclusive'],
  ['the end fails', dangling([EDGE], rcode(EDGE, 'A', 'SERVFAIL')), 'inconclusive'],
])
table('dns/dangling-servers', [
  ['all there', { ns: targets(at('ns1', V4), at('ns2', undefined, V6)), mx: ok(targets(at('mx', V4))) }, 'pass'],
  ['no mail server is named', { ns: targets(at('ns1', V4)), mx: ok(targets()) }, 'pass'],
  ['a name server is gone', { ns: targets(at('ns1', V4), at('ns2')), mx: ok(targets()) }, 'fail dns.server.missing', {}, /NXDOMAIN/],
  ['a mail server is gone', { ns: targets(at('ns1', V4)), mx: ok(targets(at('mx'))) }, 'fail dns.server.missing'],
  [
    'a mail server is an alias',
    { ns: targets(at('ns1', V4)), mx: ok(targets({ name: 'mx', a: ok(chained(EDGE, V4, 'mx')), aaaa: ok(none('AAAA', 'mx')) })) },
    'warn dns.server.alias',
  ],
  [
    'a failure is no absence',
    { ns: targets({ name: 'ns1', a: ok(rcode('ns1', 'A', 'SERVFAIL')), aaaa: ok(none('AAAA', 'ns1')) }), mx: ok(targets()) },
    'inconclusive',
  ],
  ['MX not answered', { ns: targets(at('ns1', V4)), mx: no('TIMEOUT') }, 'inconclusive'],
])

const records = (type: string, value: string | string[]) => ({ dns: { records: [{ name: '@', type: type as 'MX', value }] } })
table(
  'dns/records',
  [
    ['MX as declared', { seen: dns(D, 'MX', ['10 mx.example.net']) }, 'pass', records('MX', '10 MX.example.net.')],
    ['a null MX as declared', { seen: dns(D, 'MX', ['0 .']) }, 'pass', records('MX', '0 .')],
    ['NS in another order', { seen: dns(D, 'NS', ['b.example', 'a.example']) }, 'pass', records('NS', ['a.example', 'b.example'])],
    ['a declared text among others', { seen: dns(D, 'TXT', ['proof=1', 'v=spf1 -all']) }, 'pass', records('TXT', 'v=spf1 -all')],
    ['CAA without quotes', { seen: dns(D, 'CAA', ['0 issue "ca.example"']) }, 'pass', records('CAA', '0 issue ca.example')],
    ['texts are compared letter by letter', { seen: dns(D, 'TXT', ['V=SPF1 -all']) }, 'fail dns.records.missing', records('TXT', 'v=spf1 -all')],
    ['another priority', { seen: dns(D, 'MX', ['20 mx.example.net']) }, 'fail dns.records.missing', records('MX', '10 mx.example.net'), '20 mx.example.net'],
    ['none', { seen: none('MX', D) }, 'fail dns.records.missing', records('MX', '10 mx.example.net')],
    [
      'one more than declared',
      { seen: dns(D, 'MX', ['10 mx.example.net', '20 old.example.net']) },
      'fail dns.records.unexpected',
      records('MX', '10 mx.example.net'),
    ],
    ['a failure', { seen: rcode(D, 'MX', 'SERVFAIL') }, 'inconclusive', records('MX', '10 mx.example.net')],
  ],
  'example.com MX',
)

const mail = (mx: DnsObservation, a: Observed<DnsObservation> = ok(A(D, V4))) => ({ mx, a, aaaa: ok(none('AAAA', D)) })
table('dns/null-mx', [
  ['a mail server', mail(dns(D, 'MX', ['10 mx.example.net'])), 'pass'],
  ['a null MX alone', mail(dns(D, 'MX', ['0 .'])), 'pass'],
  ['neither MX nor address', mail(none('MX', D), ok(none('A', D))), 'pass'],
  ['a null MX beside another', mail(dns(D, 'MX', ['0 .', '10 mx.example.net'])), 'fail dns.mx.null-beside'],
  ['no MX while there is an address', mail(none('MX', D)), 'warn dns.mx.implicit', {}, /NODATA/],
  ['a failure', mail(rcode(D, 'MX', 'SERVFAIL')), 'inconclusive'],
  ['no MX, addresses unknown', mail(none('MX', D), no('TIMEOUT')), 'inconclusive'],
])
const names = (...all: { name: string; a: Observed<DnsObservation>; aaaa: Observed<DnsObservation> }[]) => ({
  seen: { tls: tls({ dnsNames: all.map(({ name }) => name) }), names: all },
})
table('dns/certificate-names', [
  ['its own name', names(at(API, V4)), 'pass'],
  ['a wildcard alone', { seen: { tls: tls({ dnsNames: ['*.example.com'] }), names: [] } }, 'pass'],
  ['a name without a record', names(at(API, V4), at('www.example.com')), 'fail dns.certificate.unresolved', {}, /NXDOMAIN/],
  ['a name that nobody declared', names(at(API, V4), at('old.example.com', V4)), 'warn dns.certificate.undeclared'],
  ['not answered', names(at(API, V4), { name: 'www.example.com', a: no('TIMEOUT'), aaaa: no('TIMEOUT') }), 'inconclusive'],
])
const www = (apexA: DnsObservation | string, wwwA: DnsObservation | string, leaf: string[] = [D]) => ({
  apexA: typeof apexA === 'string' ? no(apexA) : ok(apexA),
  apexAaaa: ok(none('AAAA', D)),
  wwwA: typeof wwwA === 'string' ? no(wwwA) : ok(wwwA),
  wwwAaaa: ok(none('AAAA', `www.${D}`)),
  tls: ok(tls({ dnsNames: leaf })),
})
const W = 'www.example.com'
table('dns/www-apex', [
  ['both', www(A(D, V4), A(W, V4)), 'pass'],
  ['no www, and nothing promises it', www(A(D, V4), rcode(W, 'A', 'NXDOMAIN')), 'pass'],
  ['no apex, and nothing promises it', www(none('A', D), rcode(W, 'A', 'NXDOMAIN')), 'pass', { hosts: { api: {} } }],
  ['no www though the certificate names it', www(A(D, V4), rcode(W, 'A', 'NXDOMAIN'), [D, 'WWW.example.com']), 'fail dns.www.missing', {}, 'NXDOMAIN'],
  ['no www though the redirect names it', www(A(D, V4), rcode(W, 'A', 'NXDOMAIN')), 'fail dns.www.missing', { redirects: { canonical: 'www' } }],
  ['no www though it is a host', www(A(D, V4), rcode(W, 'A', 'NXDOMAIN')), 'fail dns.www.missing', { hosts: { '@': {}, www: {} } }],
  ['no apex', www(none('A', D), A(W, V4)), 'fail dns.www.apex-missing'],
  ['www not answered', www(A(D, V4), 'TIMEOUT', [D, W]), 'inconclusive'],
  ['www fails', www(A(D, V4), rcode(W, 'A', 'SERVFAIL'), [D, W]), 'inconclusive'],
])

const climb = (...sets: (string[] | DnsObservation['rcode'] | 'TIMEOUT')[]) =>
  sets.map((set, index) => {
    const name = [API, D, 'com'][index] ?? ''
    return { name, seen: set === 'TIMEOUT' ? no('TIMEOUT') : ok(typeof set === 'string' ? rcode(name, 'CAA', set) : dns(name, 'CAA', set)) }
  })
table('dns/caa-present', [
  ['issue', { climb: climb(['0 issue "letsencrypt.org"']) }, 'pass'],
  ['further up', { climb: climb([], ['0 issue "letsencrypt.org"']) }, 'pass'],
  ['nobody may issue', { climb: climb(['0 issue ";"']) }, 'pass'],
  ['none', { climb: climb([], [], []) }, 'warn dns.caa.absent'],
  ['a contact alone', { climb: climb(['0 iodef "mailto:a@example.com"']) }, 'warn dns.caa.absent'],
  ['wildcards alone', { climb: climb(['0 issuewild ";"']) }, 'warn dns.caa.absent'],
  [
    'not declared',
    { climb: climb(['0 issue "letsencrypt.org"', '0 issue "other.example"']) },
    'warn dns.caa.undeclared',
    { dns: { caa: ['letsencrypt.org'] } },
  ],
  ['malformed', { climb: climb(['0 issue "ca.example; x"']) }, 'fail dns.caa.malformed', {}, /tag=value/],
  ['an unknown property that is critical', { climb: climb(['0 issue "letsencrypt.org"', '128 future "x"']) }, 'fail dns.caa.critical'],
  ['an unknown property that is not', { climb: climb(['0 issue "letsencrypt.org"', '0 future "x"']) }, 'pass'],
  ['a failure is no absence', { climb: climb('SERVFAIL') }, 'inconclusive'],
  ['silence is no absence', { climb: climb('TIMEOUT') }, 'inconclusive'],
])
const permits = (sets: Parameters<typeof climb>, leaf: Partial<CertificateFacts> = {}) => ({
  climb: climb(...sets),
  // The records above the name begin one step further, or are those of the name where it has none of its own.
  over: climb(...sets).length > 1 ? climb(...sets).slice(1) : climb(...sets),
  tls: ok(tls(leaf)),
})
table('dns/caa-permits-issuer', [
  ['its authority', permits([['0 issue "letsencrypt.org"']]), 'pass'],
  ['no CAA: anybody', permits([[], [], []]), 'pass'],
  ['another brand of the authority', permits([['0 issue "comodoca.com"']], { issuerOrganization: 'Sectigo Limited' }), 'pass'],
  ['narrowed to an account', permits([['0 issue "letsencrypt.org; accounturi=https://x/1; validationmethods=dns-01"']]), 'pass'],
  ['a wildcard by issue', permits([['0 issue "letsencrypt.org"']], { dnsNames: ['*.example.com'] }), 'pass'],
  ['another authority', permits([['0 issue "digicert.com"']]), 'fail dns.caa.forbids-issuer', {}, /letsencrypt\.org/],
  ['nobody', permits([['0 issue ";"']]), 'fail dns.caa.forbids-issuer'],
  [
    'a wildcard that issuewild forbids',
    permits([['0 issue "letsencrypt.org"', '0 issuewild ";"']], { dnsNames: ['*.example.com'] }),
    'fail dns.caa.forbids-issuer',
  ],
  [
    'a wildcard beside the name in one certificate, which issuewild forbids',
    permits([['0 issue "letsencrypt.org"', '0 issuewild ";"']], { dnsNames: ['api.example.com', '*.API.example.com'] }),
    'fail dns.caa.forbids-issuer',
  ],
  [
    'a wildcard goes by the set above, not by that of the name',
    permits([['0 issue ";"'], ['0 issue "letsencrypt.org"']], { dnsNames: ['*.example.com'] }),
    'pass',
  ],
  ['names in capitals', permits([['0 issue "letsencrypt.org"', '0 issuewild ";"']], { dnsNames: ['API.example.com'] }), 'pass'],
  ['issuewild does not concern a plain name', permits([['0 issue "letsencrypt.org"', '0 issuewild ";"']]), 'pass'],
  [
    'a declared authority is left out',
    permits([['0 issue "letsencrypt.org"']]),
    'fail dns.caa.forbids-declared',
    { dns: { caa: ['letsencrypt.org', 'pki.goog'] } },
  ],
  ['an unknown authority', permits([['0 issue "x.example"']], { issuerOrganization: 'Small Authority' }), 'inconclusive'],
  ['an unknown authority, declared', permits([['0 issue "x.example"']], { issuerOrganization: 'Small Authority' }), 'pass', { dns: { caa: ['x.example'] } }],
  [
    'a private authority',
    permits([['0 issue "x.example"']], { issuerOrganization: 'Home' }),
    'skip not-applicable',
    { hosts: { api: { tls: { trust: 'private' } } } },
  ],
  ['CAA fails', permits(['SERVFAIL']), 'inconclusive'],
  ['no certificate', { ...permits([['0 issue "x.example"']]), tls: no('ECONNREFUSED') }, 'inconclusive'],
])
const caaLookups = (steps: ReturnType<typeof climb>, zoneSeen: readonly ServerAnswer[] = own(none('CAA')), a: Observed<DnsObservation> = ok(A(API, V4))) => ({
  climb: steps,
  a,
  zone: ok(zoneSeen),
  zoneA: ok(own(A(API, V4), A(API, V4))),
})
table('dns/caa-dnssec-failure', [
  ['answered', caaLookups(climb([], ['0 issue "x.example"'])), 'pass'],
  ['NXDOMAIN is an answer', caaLookups(climb('NXDOMAIN')), 'pass'],
  ['SERVFAIL', caaLookups(climb('SERVFAIL')), 'fail dns.caa.lookup-failed', {}, 'SERVFAIL'],
  ['SERVFAIL above the name', caaLookups(climb([], 'SERVFAIL')), 'fail dns.caa.lookup-failed'],
  ['silence from a resolver that answers otherwise', caaLookups(climb('TIMEOUT')), 'fail dns.caa.lookup-failed'],
  ['silence from a resolver that answers nothing', caaLookups(climb('TIMEOUT'), own('TIMEOUT'), no('TIMEOUT')), 'fail dns.caa.lookup-failed'],
  ['a name server does not know the type', caaLookups(climb([]), own(none('CAA'), rcode(API, 'CAA', 'NOTIMP'))), 'fail dns.caa.lookup-failed'],
  ['a resolver that knows no type at all', { ...caaLookups(climb('NOTIMP'), own(none('CAA')), ok(rcode(API, 'A', 'NOTIMP'))) }, 'inconclusive'],
  ['SERVFAIL for every type is the zone’s', caaLookups(climb('SERVFAIL'), own(none('CAA')), ok(rcode(API, 'A', 'SERVFAIL'))), 'fail dns.caa.lookup-failed'],
  ['our resolver refuses', caaLookups(climb('REFUSED')), 'inconclusive'],
  ['all is silent', { ...caaLookups(climb('TIMEOUT'), own('TIMEOUT'), no('TIMEOUT')), zoneA: no('TIMEOUT') }, 'inconclusive'],
])

const https = (text: string | undefined, seen: Observed<TlsObservation> = ok(tls())) => ({
  https: dns(API, 'HTTPS', text === undefined ? [] : [text]),
  a: ok(A(API, V4)),
  aaaa: ok(AAAA(API, V6)),
  tls: seen,
})
table('dns/https-rr', [
  ['alpn and hints as they are', https(`1 . alpn=h2,http/1.1 ipv4hint=${V4} ipv6hint=2606:2800:220:1:0:0:0:1`), 'pass'],
  ['HTTP/3 is not looked at', https('1 . alpn=h3,h2'), 'pass'],
  ['the server can do more', https('1 . alpn=http/1.1'), 'pass'],
  ['an alias', https(`0 ${EDGE}`), 'pass'],
  ['no parameters', https('1 .'), 'pass'],
  ['hints for another name are that name’s', https(`1 ${EDGE} alpn=h2 ipv4hint=198.51.100.1`), 'pass'],
  ['h2 promised, not served', https('1 . alpn=h2', ok(tls({}, { alpn: 'http/1.1' }))), 'fail dns.https.alpn', {}, /alpn=h2/],
  ['an old hint', https('1 . ipv4hint=198.51.100.1'), 'fail dns.https.hint'],
  ['one of two hints is old', https(`1 . alpn=h2 ipv4hint=${V4},198.51.100.1`), 'fail dns.https.hint'],
  ['no HTTP/1.1', https('1 . alpn=h2 no-default-alpn'), 'warn dns.https.no-default'],
  ['another port', https('1 . alpn=h2 port=8443'), 'warn dns.https.port'],
  ['malformed', https('malformed: a parameter is cut'), 'fail dns.https.malformed'],
  ['none', https(undefined), 'skip not-applicable'],
  ['no handshake', https('1 . alpn=h2', no('ECONNREFUSED')), 'inconclusive'],
  ['a failure', { ...https(undefined), https: rcode(API, 'HTTPS', 'SERVFAIL') }, 'inconclusive'],
])
const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
const tlsa = (values: string[], more: Partial<DnsObservation> = {}) => ({
  tlsa: dns(`_443._tcp.${API}`, 'TLSA', values, { authenticated: true, ...more }),
  tls: ok(tls()),
})
table('dns/tlsa', [
  ['the leaf', tlsa([`3 0 1 ${hash('leaf')}`]), 'pass'],
  ['the whole certificate', tlsa([`3 0 0 ${Buffer.from('leaf').toString('hex')}`]), 'pass'],
  ['SHA-512', tlsa([`3 0 2 ${createHash('sha512').update('leaf').digest('hex')}`]), 'pass'],
  ['the issuer', tlsa([`2 0 1 ${hash('above')}`]), 'pass'],
  ['one matches, one is for the next certificate', tlsa([`3 0 1 ${hash('next')}`, `3 0 1 ${hash('leaf')}`]), 'pass'],
  ['none matches', tlsa([`3 0 1 ${hash('old')}`]), 'fail dns.tlsa.mismatch', {}, /secured/],
  ['usage 3 does not look above the leaf', tlsa([`3 0 1 ${hash('above')}`]), 'fail dns.tlsa.mismatch'],
  ['rubbish', tlsa(['9 9 9 zz']), 'fail dns.tlsa.malformed'],
  ['not secured', tlsa([`3 0 1 ${hash('leaf')}`], { authenticated: false }), 'warn dns.tlsa.insecure'],
  ['none', tlsa([]), 'skip not-applicable'],
  ['no handshake', { ...tlsa([`3 0 1 ${hash('leaf')}`]), tls: no('ECONNREFUSED') }, 'inconclusive'],
  ['a failure', tlsa([], { rcode: 'SERVFAIL' }), 'inconclusive'],
])
const required = { dns: { dnssec: 'required' as const } }
const secondsIn = (days: number): number => Math.floor(NOW.getTime() / 1000) + days * 86_400
const signed = (days = 14, more: Partial<DnsObservation> = {}) =>
  dns(D, 'SOA', ['a b 1 1 1 1 1', record(D, 'RRSIG', `SOA 13 2 3600 ${secondsIn(days)} 1 4711 ${D}`)], { authenticated: true, ...more })
const secured = (checked: readonly ServerAnswer[], more: object = {}) => ({
  checked,
  unchecked: servers(signed(14, { authenticated: false })),
  ds: ok(dns(D, 'DS', ['4711 13 2 abcd'])),
  keys: ok(none('DNSKEY', D)),
  zone: ok(zone('ns1')),
  ...more,
})
const unsigned = dns(D, 'SOA', ['a b 1 1 1 1 1'])
table('dns/dnssec', [
  ['signed', secured(servers(signed())), 'pass', required],
  ['unsigned, and nothing asks for it', secured(servers(unsigned), { ds: ok(none('DS', D)) }), 'pass'],
  ['a resolver that does not validate beside one that does', secured(servers(signed(), unsigned)), 'pass', required],
  ['one weak algorithm beside a strong one, in a roll-over', secured(servers(signed()), { ds: ok(dns(D, 'DS', ['1 8 2 ab', '2 5 2 cd'])) }), 'pass'],
  ['SHA-1 beside SHA-256', secured(servers(signed()), { ds: ok(dns(D, 'DS', ['1 13 1 ab', '1 13 2 cd'])) }), 'pass'],
  ['bogus', secured(servers(rcode(D, 'SOA', 'SERVFAIL'))), 'fail dns.dnssec.bogus', {}, 'SERVFAIL'],
  ['bogus at one, secure at the other', secured(servers(rcode(D, 'SOA', 'SERVFAIL'), signed())), 'warn dns.dnssec.bogus'],
  [
    'SERVFAIL without validation too is no DNSSEC fault',
    secured(servers(rcode(D, 'SOA', 'SERVFAIL')), { unchecked: servers(rcode(D, 'SOA', 'SERVFAIL')) }),
    'inconclusive',
  ],
  ['unsigned though required', secured(servers(unsigned), { ds: ok(none('DS', D)) }), 'fail dns.dnssec.unsigned', required],
  ['signed, and nobody validates', secured(servers(unsigned)), 'inconclusive', required],
  ['a signature that ends in two days', secured(servers(signed(2))), 'warn dns.dnssec.expiring', {}, /2\.0 days/],
  ['a weak algorithm', secured(servers(signed()), { ds: ok(dns(D, 'DS', ['1 5 2 ab'])) }), 'warn dns.dnssec.algorithm'],
  ['SHA-1 alone', secured(servers(signed()), { ds: ok(dns(D, 'DS', ['1 13 1 ab'])) }), 'warn dns.dnssec.digest'],
  ['nobody answers', secured(servers('TIMEOUT')), 'inconclusive'],
  [
    'unsigned by a resolver that does not validate, for a name inside a zone',
    secured(servers(unsigned), { ds: ok(none('DS', D)), zone: ok({ apex: 'com', servers: [] }) }),
    'inconclusive',
    required,
  ],
  ['DS not answered', secured(servers(unsigned), { ds: no('TIMEOUT') }), 'inconclusive'],
])

const FILE = 'Contact: mailto:security@example.com\nExpires: 2027-05-01T00:00:00Z\nCanonical: https://example.com/.well-known/security.txt\n'
const WELL_KNOWN = 'https://example.com/.well-known/security.txt'
const file = (body: string, more: Partial<HttpObservation> = {}, end: HttpChain['end'] = 'final') => ({
  chain: { end, hops: [{ ...site(body), url: WELL_KNOWN, headers: [['Content-Type', 'text/plain; charset=utf-8']], ...more }] },
})
table(
  'dns/security-txt',
  [
    ['right', file(FILE), 'pass', {}, /text\/plain/],
    ['signed', file(`-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${FILE}-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n`), 'pass'],
    ['without Canonical', file('Contact: https://example.com/report\nExpires: 2027-05-01T00:00:00Z\n'), 'pass'],
    ['absent, optional', file('Not found', { status: 404 }), 'pass', { dns: { securityTxt: 'optional' } }],
    ['absent, not said', file('Not found', { status: 404 }), 'warn dns.security-txt.absent'],
    ['absent, required', file('Not found', { status: 404 }), 'fail dns.security-txt.absent', { dns: { securityTxt: 'required' } }],
    ['a page of the application', file('<!doctype html><title>x</title>', { headers: [['Content-Type', 'text/html']] }), 'fail dns.security-txt.html'],
    ['a page that calls itself text', file('<!DOCTYPE html><title>x</title>'), 'fail dns.security-txt.html'],
    ['another type', file(FILE, { headers: [['Content-Type', 'application/octet-stream']] }), 'warn dns.security-txt.type'],
    ['no contact', file('Expires: 2027-05-01T00:00:00Z\n'), 'fail dns.security-txt.contact'],
    ['a contact that is no URI', file('Contact: security@example.com\nExpires: 2027-05-01T00:00:00Z\n'), 'fail dns.security-txt.contact'],
    ['no Expires', file('Contact: mailto:a@example.com\n'), 'fail dns.security-txt.expires'],
    ['past', file('Contact: mailto:a@example.com\nExpires: 2026-11-21T11:59:59Z\n'), 'fail dns.security-txt.expires', {}, /11:59:59Z/],
    ['twice', file(`${FILE}Expires: 2027-05-02T00:00:00Z\n`), 'fail dns.security-txt.expires'],
    ['unreadable', file('Contact: mailto:a@example.com\nExpires: next year\n'), 'fail dns.security-txt.expires'],
    ['far', file('Contact: mailto:a@example.com\nExpires: 2029-01-01T00:00:00Z\n'), 'warn dns.security-txt.far'],
    ['another Canonical', file(FILE.replace('https://example.com', 'https://www.example.com')), 'fail dns.security-txt.canonical'],
    ['a challenge is no basis', file('Just a moment', { status: 403, headers: [['cf-mitigated', 'challenge']] }), 'inconclusive'],
    ['too many requests', file('slow down', { status: 429 }), 'inconclusive'],
    ['an error of the server', file('oops', { status: 502 }), 'inconclusive'],
    ['no answer', file('', {}, 'failed'), 'inconclusive'],
  ],
  WELL_KNOWN,
)

test('every check of the suite is judged here', () => {
  expect(files.length).toBeGreaterThan(30)
  expect([...judged].sort()).toEqual(files.map((name) => `dns/${name.replace('.check.ts', '')}`).sort())
  expect(new Set(checks.keys())).toEqual(judged)
})

describe('who is judged', () => {
  const subjects = (id: string, more: Partial<TargetInput>): readonly string[] =>
    checkOf(id)
      .subjects(targetOf(more))
      .map((subject: Subject) => subject.name)
  test('names that are pinned, in a target that says nothing of DNS, are nobody’s to ask', () => {
    const pins = { addresses: { 'example.com': '127.0.0.1', '*.example.com': '127.0.0.1' } }
    for (const [id, check] of checks) {
      if (id === 'dns/security-txt') continue
      expect([id, subjects(id, { network: pins })]).toEqual([id, []])
      expect(check.unless.reason).not.toBe('')
    }
    expect(subjects('dns/resolves', { network: { ...pins, resolver: '127.0.0.1:53' } })).toEqual(['example.com', API])
    expect(subjects('dns/resolves', { network: pins, dns: {} })).toEqual(['example.com', API])
    expect(subjects('dns/resolves', { network: { addresses: { 'example.com': '127.0.0.1' } } })).toEqual([API])
  })
  test('strange questions go to declared servers only', () => {
    expect(subjects('dns/axfr', {})).toEqual([])
    expect(subjects('dns/axfr', { dns: { zoneTransfer: true } })).toEqual([])
    expect(subjects('dns/axfr', noTransfer)).toEqual(['example.com'])
    expect(subjects('dns/open-resolver', {})).toEqual([])
  })
  test('nothing is compared with what nobody declared', () => {
    for (const id of ['dns/addresses', 'dns/cname', 'dns/apex', 'dns/origin-disclosed', 'dns/records']) expect([id, subjects(id, {})]).toEqual([id, []])
  })
  test('the apex is asked for no CNAME unless it is declared to be one', () => {
    expect(subjects('dns/cname', toEdge)).toEqual([API])
  })
  test('internal hosts are not held against public addresses', () => {
    expect(subjects('dns/addresses', { dns: { addresses: [V4], internalHosts: ['api'] } })).toEqual(['example.com'])
  })
})

describe('lists', () => {
  test.each<[string, string | undefined]>([
    ["Let's Encrypt", 'letsencrypt.org'],
    ['Google Trust Services', 'pki.goog'],
    ['Sectigo Limited', 'sectigo.com'],
    ['ZeroSSL', 'sectigo.com'],
    ['DigiCert Inc', 'digicert.com'],
    ['Amazon', 'amazon.com'],
    ['Not Amazon At All', undefined],
    ['', undefined],
    ['My Own Root', undefined],
  ])('the authority %s goes by %s', (organisation, domain) => {
    expect(caaDomainsOf(organisation)?.[0]).toBe(domain)
  })
  test.each<[string, string | undefined]>([
    ['me.github.io', 'GitHub Pages'],
    ['github.io', undefined],
    ['me.github.io.example.com', undefined],
    ['bucket.s3.eu-west-1.amazonaws.com', 'Amazon S3'],
    ['app.azurewebsites.net', 'Microsoft Azure'],
  ])('%s is at %s', (name, provider) => {
    expect(providerOf(name)?.name).toBe(provider)
  })
})
