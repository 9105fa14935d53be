/** Judgement of the suite: a healthy observation, then one thing wrong per case, and the traps that must not alarm. Plain objects, no sockets. */
import { readFile } from 'node:fs/promises'
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { mustStaple, ocspAt } from '../../fixtures/certificates.ts'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { outcomesOf } from '../../fixtures/proof.ts'
import { ocspAnswer } from '../../fixtures/revocation.ts'
import { published } from '../../fixtures/servers/authority.ts'
import type { Check } from '../../helpers/check.ts'
import type { CertificateFacts, RawHttpObservation, TlsObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import type { CertificatePaths } from '../../helpers/probes/certificate-path.ts'
import type { RevocationAnswer, RevocationLook } from '../../helpers/probes/revocation.ts'
import type { FoundName, Subdomains } from '../../helpers/probes/subdomains.ts'
import { normaliseTarget, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import { margins } from './expiry-margin.check.ts'
import { limitFor } from './lifetime-limit.check.ts'
import { ownName, proofOfFailure } from './shared.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
const DAY = 86_400_000
const day = (days: number): string => new Date(NOW.getTime() + days * DAY).toISOString()

const certificate = (name: string, more: Partial<CertificateFacts> = {}): CertificateFacts => ({
  raw: new Uint8Array(800),
  sha256: Buffer.from(name.padEnd(32, '.')).toString('hex'),
  serialHex: '4a5b6c7d8e9f0011',
  subject: `CN=${name}`,
  issuer: 'O=Good Authority, CN=E1',
  subjectCommonName: name,
  issuerCommonName: 'E1',
  issuerOrganization: 'Good Authority',
  notBefore: day(-30),
  notAfter: day(60),
  dnsNames: [name],
  ipAddresses: [],
  key: { type: 'ec', bits: 256, curve: 'P-256' },
  signature: { oid: '1.2.840.10045.4.3.2', name: 'ecdsa-with-SHA256', hash: 'SHA-256' },
  isCa: false,
  extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'],
  keyUsage: ['digitalSignature'],
  ocspUrls: [],
  caIssuerUrls: [],
  crlUrls: ['http://crl.example.net/e1.crl'],
  mustStaple: false,
  sctLogIds: ['aa', 'bb', 'cc'],
  unknownCriticalExtensions: [],
  ...more,
})
const permitting = (...permittedNames: readonly string[]) => ({ permittedNames, excludedNames: [], excludedNetworks: [] })
const leaf = (more: Partial<CertificateFacts> = {}): CertificateFacts => certificate('api.example.com', more)
const above: Partial<CertificateFacts> = {
  isCa: true,
  keyUsage: ['keyCertSign', 'cRLSign'],
  dnsNames: [],
  notBefore: day(-400),
  notAfter: day(1000),
  sctLogIds: [],
}
const intermediate = (more: Partial<CertificateFacts> = {}): CertificateFacts => certificate('E1', { ...above, issuer: 'CN=R1', ...more })
const root = (more: Partial<CertificateFacts> = {}): CertificateFacts => certificate('R1', { ...above, issuer: 'CN=R1', ...more })

const tls = (more: Partial<TlsObservation> = {}): TlsObservation => ({
  peer: '192.0.2.1:443',
  address: '192.0.2.1',
  servername: 'api.example.com',
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  group: 'X25519MLKEM768',
  alpn: 'h2',
  authorized: true,
  store: 'bundled',
  chain: [leaf(), intermediate()],
  ticketLifetimeSeconds: 7200,
  handshakeMs: 12,
  connectMs: 8,
  loopDelayMs: 0,
  at: NOW.toISOString(),
  ...more,
})
const paths = (more: Partial<CertificatePaths> & { leaf?: CertificateFacts } = {}): CertificatePaths => {
  const first = more.leaf ?? leaf()
  const whole = [first, intermediate(), root()]
  return {
    tls: tls({ chain: [first, intermediate()] }),
    served: [first, intermediate()],
    servedSource: 'wire',
    unreadable: 0,
    servedCount: 2,
    servedBytes: 2_000,
    paths: [{ certificates: whole, anchor: 'bundled' }],
    longest: whole,
    endsSelfSigned: true,
    ...more,
  }
}
const seen = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: NOW.toISOString(), durationMs: 1, attempts: 1 })
const failed = (code: string, phase: 'tls' | 'connect' | 'deadline' = 'tls'): Observed<never> => ({
  ok: false,
  failure: { code, message: code.toLowerCase(), phase },
  startedAt: NOW.toISOString(),
  durationMs: 1,
  attempts: 1,
})
const ALERT = failed('ALERT_HANDSHAKE_FAILURE')
const VERSION = failed('ALERT_PROTOCOL_VERSION')
const SILENT = failed('TIMEOUT', 'deadline')
const EOF = failed('EOF')

const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.check.ts'))
const checks = new Map<string, Check>()
for (const file of files) {
  const { default: check } = (await import(`./${file}`)) as { default: Check }
  checks.set(check.id.slice('tls/'.length), check)
}

type HostDeclaration = NonNullable<TargetInput['hosts']>[string]
function judge(name: string, looked: object, host: HostDeclaration = {}, options: object = {}): Verdict {
  const check = checks.get(name)
  if (check === undefined) throw new RangeError(`no check ${name}`)
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { api: host } }), { sha256: '0' })
  const [only] = target.hosts
  if (only === undefined) throw new RangeError('no host')
  const subject = { name: only.fqdn, host: only }
  const nothing = name === 'expiry-margin' ? { addresses: [] } : {}
  return check.judge({ ...nothing, ...looked } as never, { target, subject, now: NOW, options: { ...check.options, ...options } })
}
/** `pass`, `fail tls.expired`… */
const shown = (verdict: Verdict): string => (verdict.outcome === 'warn' || verdict.outcome === 'fail' ? `${verdict.outcome} ${verdict.code}` : verdict.outcome)

type Case = readonly [what: string, looked: object, expected: string, host?: HostDeclaration, options?: object]
/** Dates so many days long, both ends counted (RFC 5280: notAfter belongs to the lifetime). */
const exactly = (days: number, seconds = 0, notBefore = '2026-11-01T00:00:00.000Z') => ({
  notBefore,
  notAfter: new Date(Date.parse(notBefore) + days * DAY - 1000 + seconds * 1000).toISOString(),
})
const LIFETIME_90 = (left: number) => ({ notBefore: day(left - 90), notAfter: day(left) })
const one = (chain: CertificateFacts): object => ({ tls: tls({ chain: [chain, intermediate()] }) })
const elsewhere = (chain: CertificateFacts): object => ({ tls: tls(), addresses: [{ address: 'b', seen: seen(tls({ chain: [chain, intermediate()] })) }] })
const path = (first: CertificateFacts, ...rest: CertificateFacts[]): object => {
  const whole = [first, ...(rest.length > 0 ? rest : [intermediate(), root()])]
  return { paths: paths({ leaf: first, paths: [{ certificates: whole, anchor: 'bundled' }], longest: whole, served: whole.slice(0, -1) }) }
}
const timestampList = (data: Buffer): object => seen({ best: { flight: { hello: { extensions: [{ type: 18, data }] }, certificates: [] } } })
const timestamps = (...logs: string[]): object => {
  const list = Buffer.concat(logs.map((log) => Buffer.concat([Buffer.from([0, 47, 0]), Buffer.from(log.repeat(32), 'hex'), Buffer.alloc(14)])))
  return timestampList(Buffer.concat([Buffer.from([list.length >> 8, list.length & 255]), list]))
}
const SERVER = '1.3.6.1.5.5.7.3.1'
const CLIENT = '1.3.6.1.5.5.7.3.2'
const private_ = (more: { readonly extendedKeyUsage: readonly string[] | undefined }): object => {
  const { extendedKeyUsage: _none, ...plain } = leaf()
  const own: CertificateFacts = { ...plain, ...(more.extendedKeyUsage === undefined ? {} : { extendedKeyUsage: more.extendedKeyUsage }) }
  return { paths: paths({ leaf: own, paths: [{ certificates: [own, root()], anchor: 'declared' }] }) }
}
const REQUEST = { types: [1, 64], authorities: 1 }
const NGINX_400 = '<html><head><title>400 No required SSL certificate was sent</title></head>'
const httpAnswer = (status: number, body: string): object => ({ status, body: Buffer.from(body) })
/** @param flight null: nothing of TLS 1.2 could be read */
const mutual = (flight: object | null = {}, more: object = {}): object => ({
  flight: flight === null ? VERSION : seen({ best: { flight: { hello: {}, certificates: [], certificateCount: 2, complete: true, ...flight } } }),
  tls: seen(tls()),
  answer: seen(httpAnswer(200, 'ok')),
  ...more,
})
const COVERING = 'max-age=31536000; includeSubDomains'
const subdomainsOf = (found: readonly FoundName[], policy?: string): { readonly seen: Subdomains } => ({
  seen: { tls: tls(), inCertificate: found.length + 1, found, left: 0, ...(policy === undefined ? {} : { domainPolicy: seen([policy]) }) },
})
const other = (address = '192.0.2.7'): FoundName => ({
  name: 'old.example.com',
  resolved: seen({
    fqdn: 'old.example.com',
    source: 'dns' as const,
    addresses: [{ address, family: address.includes(':') ? (6 as const) : (4 as const) }],
    cnames: [],
    durationMs: 1,
  }),
  wildcard: false,
  inside: false,
  paths: seen(paths({ leaf: certificate('old.example.com') })),
})
const otherWith = (served: CertificateFacts, more: Partial<CertificatePaths> = {}): FoundName => ({ ...other(), paths: seen(paths({ leaf: served, ...more })) })
const SCOPE = { onlyUserCertificates: false, onlyAuthorityCertificates: false, onlyAttributeCertificates: false, onlySomeReasons: false, indirect: false }
const LIST = {
  by: 'crl',
  url: 'http://crl.example.net/e1.crl',
  result: 'read',
  signature: 'verified',
  sameIssuer: true,
  thisUpdate: day(-1),
  nextUpdate: day(6),
  delta: false,
  unknownCritical: [],
  entries: 3,
  sizeBytes: 400,
} as const
const ENTRY = { serialHex: '4a5b6c7d8e9f0011', revokedAt: day(-2), reason: 'keyCompromise' }
const RESPONSE = {
  by: 'ocsp',
  url: 'http://ocsp.example.net/',
  result: 'read',
  responseStatus: 0,
  signature: 'verified',
  signer: 'issuer',
  status: 'good',
  thisUpdate: day(-1),
  nextUpdate: day(6),
} as const
const revocationOf = (answers: readonly RevocationAnswer[]): { readonly look: RevocationLook } => ({
  look: { tls: tls(), certificates: [{ certificate: leaf(), issuer: intermediate(), answers }] },
})
const raw = (status: number | undefined, closed: RawHttpObservation['closed'] = 'fin'): Observed<RawHttpObservation> =>
  seen({ peer: '192.0.2.1:80', ...(status === undefined ? {} : { status }), headers: [], body: new Uint8Array(), closed, at: NOW.toISOString() })

const CASES: Record<string, readonly Case[]> = {
  reachable: [
    ['one address', { addresses: [{ address: '192.0.2.1', seen: seen(tls()) }] }, 'pass'],
    [
      'one of two dead',
      {
        addresses: [
          { address: '192.0.2.1', seen: seen(tls()) },
          { address: '2001:db8::1', seen: SILENT },
        ],
      },
      'fail tls.unreachable',
    ],
    ['no address at all is never green', { addresses: [] }, 'inconclusive'],
    [
      'no IPv6 here',
      {
        addresses: [
          { address: '192.0.2.1', seen: seen(tls()) },
          { address: '2001:db8::1', seen: failed('ENETUNREACH', 'connect') },
        ],
      },
      'skip',
    ],
    [
      'no IPv6 here, and IPv4 is dead',
      {
        addresses: [
          { address: '192.0.2.1', seen: failed('ECONNREFUSED', 'connect') },
          { address: '2001:db8::1', seen: failed('ENETUNREACH', 'connect') },
        ],
      },
      'fail tls.unreachable',
    ],
    ['no network here at all', { addresses: [{ address: '192.0.2.1', seen: failed('ENETUNREACH', 'connect') }] }, 'inconclusive'],
    ['an IPv4 router that says no', { addresses: [{ address: '192.0.2.1', seen: failed('EHOSTUNREACH', 'connect') }] }, 'fail tls.unreachable'],
    ['more certificates than our library takes', { addresses: [{ address: '192.0.2.1', seen: failed('ERR_SSL_EXCESSIVE_MESSAGE_SIZE') }] }, 'inconclusive'],
    ['no such port for this vantage', { addresses: [{ address: '192.0.2.1', seen: failed('UNMAPPED', 'connect') }] }, 'inconclusive'],
  ],
  'hostname-match': [
    ['the name', { tls: tls() }, 'pass'],
    ['a wildcard', one(leaf({ dnsNames: ['*.example.com'] })), 'pass'],
    ['case and trailing dot', one(leaf({ dnsNames: ['API.Example.COM.'] })), 'pass'],
    ['no subject and no common name', one(leaf({ subject: '' })), 'pass'],
    ['another name', one(leaf({ dnsNames: ['example.com'] })), 'fail tls.hostname.mismatch'],
    ['common name alone', one(leaf({ dnsNames: [] })), 'fail tls.hostname.mismatch'],
    ['a wildcard covers one label, not none', one(leaf({ dnsNames: ['*.api.example.com'] })), 'fail tls.hostname.mismatch'],
    ['a wildcard covers one label, not two', one(leaf({ dnsNames: ['*.com'] })), 'fail tls.hostname.mismatch'],
    ['a name with an embedded NUL', one(leaf({ dnsNames: ['api.example.com\0.example.net'] })), 'fail tls.hostname.mismatch'],
    ['its address alone is not its name', one(leaf({ dnsNames: [], ipAddresses: ['192.0.2.1'] })), 'fail tls.hostname.mismatch'],
    ['partial wildcard', one(leaf({ dnsNames: ['a*.example.com'] })), 'fail tls.hostname.mismatch'],
    ['expired and wrong: the name is still judged', one(leaf({ dnsNames: ['x.example.com'], notAfter: day(-1) })), 'fail tls.hostname.mismatch'],
    ['no certificate', { tls: tls({ chain: [] }) }, 'inconclusive'],
  ],
  'san-present': [
    ['a name', { tls: tls() }, 'pass'],
    ['an address only', one(leaf({ dnsNames: [], ipAddresses: ['192.0.2.1'] })), 'pass'],
    ['common name only', one(leaf({ dnsNames: [] })), 'fail tls.san.missing'],
  ],
  'san-identity': [
    ['a name', { tls: tls() }, 'pass'],
    ['an ordinary wildcard', one(leaf({ dnsNames: ['*.example.com'] })), 'pass'],
    ['a thousand names', one(leaf({ dnsNames: Array.from({ length: 1000 }, (_, index) => `h${index}.example.com`) })), 'pass'],
    ['partial wildcard', one(leaf({ dnsNames: ['f*.example.com'] })), 'warn tls.san.partial-wildcard'],
    ['public suffix', one(leaf({ dnsNames: ['*.co.uk'] })), 'warn tls.san.public-suffix'],
    ['internal', one(leaf({ dnsNames: ['api.example.com', 'db.internal'] })), 'warn tls.san.internal-name'],
    ['localhost', one(leaf({ dnsNames: ['api.example.com', 'localhost'] })), 'warn tls.san.internal-name'],
    ['an address as a name', one(leaf({ dnsNames: ['api.example.com', '192.0.2.1'] })), 'warn tls.san.address-as-name'],
    ['an IPv6 address as a name', one(leaf({ dnsNames: ['2001:db8::1'] })), 'warn tls.san.address-as-name'],
    ['ten thousand names', one(leaf({ dnsNames: Array.from({ length: 10_000 }, (_, index) => `h${index}.example.com`) })), 'pass'],
    ['an international name', one(leaf({ dnsNames: ['xn--bcher-kva.example.com'] })), 'pass'],
  ],
  validity: [
    ['inside', path(leaf()), 'pass'],
    ['expired a second ago', path(leaf({ notAfter: new Date(NOW.getTime() - 1000).toISOString() })), 'fail tls.expired'],
    ['not yet valid', path(leaf({ notBefore: day(1) })), 'fail tls.not-yet-valid'],
    ['rubbish dates', path(leaf({ notAfter: 'rubbish' })), 'fail tls.expired'],
    ['issued half an hour ago', path(leaf({ notBefore: day(-0.02) })), 'warn tls.just-issued'],
    ['expired intermediate', path(leaf(), intermediate({ notAfter: day(-1) }), root()), 'fail tls.expired'],
    ['intermediate expires soon', path(leaf(), intermediate({ notAfter: day(39) }), root()), 'warn tls.intermediate-expiring'],
    ['an expired root of the bundle', path(leaf(), intermediate(), root({ notAfter: day(-1) })), 'warn tls.root-expired'],
    [
      'an expired root of one’s own',
      { paths: paths({ paths: [{ certificates: [leaf(), intermediate(), root({ notAfter: day(-1) })], anchor: 'declared' }] }) },
      'fail tls.root-expired',
    ],
    [
      'an expired root with another path beside it',
      {
        paths: paths({
          paths: [
            { certificates: [leaf(), intermediate(), root({ notAfter: day(-1) })], anchor: 'declared' },
            { certificates: [leaf(), intermediate(), certificate('R2', above)], anchor: 'bundled' },
          ],
        }),
      },
      'pass',
    ],
    [
      'expired cross-sign with a valid path beside it',
      {
        paths: paths({
          paths: [
            { certificates: [leaf(), certificate('X1', { ...above, notAfter: day(-5) }), root()], anchor: 'bundled' },
            { certificates: [leaf(), intermediate(), root()], anchor: 'bundled' },
          ],
        }),
      },
      'pass',
    ],
  ],
  'expiry-margin': [
    ['60 of 90 days', { tls: tls() }, 'pass'],
    ['22 of 90 days', one(leaf(LIFETIME_90(22))), 'warn tls.renewal-missed'],
    ['23 of 90 days', one(leaf(LIFETIME_90(23))), 'pass'],
    ['8 of 90 days', one(leaf(LIFETIME_90(8))), 'fail tls.expiring'],
    ['declared 30, 29 left', one(leaf(LIFETIME_90(29))), 'warn tls.renewal-missed', { tls: { minDaysLeft: 30 } }],
    ['declared 30, exactly 30 left', one(leaf(LIFETIME_90(30))), 'pass', { tls: { minDaysLeft: 30 } }],
    ['declared 5, 6 of 90 left', one(leaf(LIFETIME_90(6))), 'pass', { tls: { minDaysLeft: 5 } }],
    ['declared 5, 4 of 90 left', one(leaf(LIFETIME_90(4))), 'fail tls.expiring', { tls: { minDaysLeft: 5 } }],
    ['six-day certificate with three days left', one(leaf({ notBefore: day(-3.6), notAfter: day(3) })), 'pass'],
    ['six-day certificate past its renewal', one(leaf({ notBefore: day(-4.6), notAfter: day(2) })), 'warn tls.renewal-missed'],
    ['six-day certificate with twenty hours left', one(leaf({ notBefore: day(-5.8), notAfter: day(20 / 24) })), 'fail tls.expiring'],
    ['160 hours, 54 left', one(leaf({ notBefore: day((54 - 160) / 24), notAfter: day(54 / 24) })), 'pass'],
    ['160 hours, 53 left', one(leaf({ notBefore: day((53 - 160) / 24), notAfter: day(53 / 24) })), 'warn tls.renewal-missed'],
    ['160 hours, 25 left', one(leaf({ notBefore: day((25 - 160) / 24), notAfter: day(25 / 24) })), 'warn tls.renewal-missed'],
    ['47 hours, 6 left', one(leaf({ notBefore: day(-41 / 24), notAfter: day(6 / 24) })), 'warn tls.renewal-missed'],
    ['47 hours, 4 left', one(leaf({ notBefore: day(-43 / 24), notAfter: day(4 / 24) })), 'fail tls.expiring'],
    ['200 days, 31 left', one(leaf({ notBefore: day(31 - 200), notAfter: day(31) })), 'pass'],
    ['200 days, 13 left', one(leaf({ notBefore: day(13 - 200), notAfter: day(13) })), 'fail tls.expiring'],
    ['45 days, 11 left', one(leaf({ notBefore: day(11 - 45), notAfter: day(11) })), 'warn tls.renewal-missed'],
    ['45 days, 4 left', one(leaf({ notBefore: day(4 - 45), notAfter: day(4) })), 'fail tls.expiring'],
    ['45 days, 12 left', one(leaf({ notBefore: day(12 - 45), notAfter: day(12) })), 'pass'],
    ['398 days, 29 left', one(leaf({ notBefore: day(29 - 398), notAfter: day(29) })), 'warn tls.renewal-missed'],
    ['rubbish date', one(leaf({ notAfter: 'rubbish' })), 'fail tls.expiring'],
    ['the second address past its renewal', elsewhere(leaf({ ...LIFETIME_90(20), sha256: 'ff' })), 'warn tls.renewal-missed'],
    ['the second address hardly valid', elsewhere(leaf({ ...LIFETIME_90(5), sha256: 'ff' })), 'fail tls.expiring'],
    ['the second address renewed a week later', elsewhere(leaf({ ...LIFETIME_90(67), sha256: 'ff' })), 'pass'],
    ['the same leaf everywhere', elsewhere(leaf()), 'pass'],
    ['the second address silent', { tls: tls(), addresses: [{ address: 'b', seen: failed('ECONNREFUSED') }] }, 'pass'],
  ],
  'lifetime-limit': [
    ['90 days', path(leaf()), 'pass'],
    ['398 days, issued before the limit came down', path(leaf({ notBefore: '2026-03-01T00:00:00.000Z', notAfter: '2027-04-01T00:00:00.000Z' })), 'pass'],
    ['398 days, issued after it', path(leaf({ notBefore: '2026-03-16T00:00:00.000Z', notAfter: '2027-04-16T00:00:00.000Z' })), 'fail tls.lifetime.too-long'],
    ['201 days', path(leaf({ notBefore: day(-1), notAfter: day(200) })), 'fail tls.lifetime.too-long'],
    ['exactly 200 days, the last second counted', path(leaf(exactly(200))), 'warn tls.lifetime.at-limit'],
    ['200 days and a second', path(leaf(exactly(200, 1))), 'fail tls.lifetime.too-long'],
    ['exactly 199 days', path(leaf(exactly(199))), 'pass'],
    ['398 days, issued in the last second before', path(leaf(exactly(398, 0, '2026-03-14T23:59:59.000Z'))), 'warn tls.lifetime.at-limit'],
    ['200 days, issued when 100 hold', path(leaf(exactly(200, 0, '2027-03-15T00:00:00.000Z'))), 'fail tls.lifetime.too-long'],
    ['100 days and a second, issued then', path(leaf(exactly(100, 1, '2027-03-15T00:00:00.000Z'))), 'fail tls.lifetime.too-long'],
    ['48 days, issued when 47 hold', path(leaf(exactly(48, 0, '2029-03-15T00:00:00.000Z'))), 'fail tls.lifetime.too-long'],
    ['until the year 9999', path(leaf({ notAfter: '9999-12-31T23:59:59.000Z' })), 'fail tls.lifetime.too-long'],
    ['rubbish dates', path(leaf({ notAfter: 'rubbish' })), 'fail tls.lifetime.too-long'],
    ['199.5 days', path(leaf({ notBefore: day(0), notAfter: day(199.5) })), 'warn tls.lifetime.at-limit'],
    ['private CA', { paths: paths({ paths: [{ certificates: [leaf({ notAfter: day(3000) }), root()], anchor: 'declared' }] }) }, 'skip'],
  ],
  'chain-complete': [
    ['complete', { paths: paths() }, 'pass'],
    ['leaf alone', { paths: paths({ served: [leaf()], paths: [], longest: [leaf()], endsSelfSigned: false }) }, 'fail tls.chain.incomplete'],
    [
      'fetched and complete',
      {
        paths: paths({
          served: [leaf()],
          paths: [],
          longest: [leaf()],
          endsSelfSigned: false,
          fetched: { url: 'http://a.example/i.crt', result: 'completes', detail: 'holds CN=E1' },
        }),
      },
      'fail tls.chain.incomplete',
    ],
    ['self-signed is untrusted, not incomplete', { paths: paths({ paths: [], longest: [leaf()], endsSelfSigned: true }) }, 'pass'],
    ['ends at an unknown CA', { paths: paths({ paths: [], longest: [leaf(), intermediate()], endsSelfSigned: false }) }, 'inconclusive'],
  ],
  'chain-trusted': [
    ['trusted', { paths: paths() }, 'pass'],
    ['self-signed', { paths: paths({ paths: [], longest: [leaf()], endsSelfSigned: true }) }, 'fail tls.chain.self-signed'],
    ['unknown root', { paths: paths({ paths: [], longest: [leaf(), root()], endsSelfSigned: true }) }, 'fail tls.chain.untrusted'],
    ['unknown CA', { paths: paths({ paths: [], longest: [leaf(), intermediate()], endsSelfSigned: false }) }, 'fail tls.chain.untrusted'],
    ['leaf alone, nothing to tell by', { paths: paths({ paths: [], longest: [leaf()], endsSelfSigned: false }) }, 'inconclusive'],
    [
      'incomplete, yet trusted',
      { paths: paths({ paths: [], longest: [leaf()], endsSelfSigned: false, fetched: { url: 'http://a/i', result: 'completes', detail: '' } }) },
      'pass',
    ],
  ],
  'chain-order': [
    ['in order', { paths: paths() }, 'pass'],
    ['reversed above the leaf', { paths: paths({ served: [leaf(), root(), intermediate()] }) }, 'warn tls.chain.unordered'],
    ['an extra cross-sign is no disorder', { paths: paths({ served: [leaf(), certificate('X'), intermediate()] }) }, 'pass'],
    ['leaf last', { paths: paths({ served: [intermediate(), leaf()] }) }, 'fail tls.chain.leaf-not-first'],
    ['TLS 1.3 only', { paths: paths({ servedSource: 'library', wireFailure: 'ALERT_PROTOCOL_VERSION' }) }, 'skip'],
    ['the wire could not be read', { paths: paths({ servedSource: 'library', wireFailure: 'TIMEOUT' }) }, 'inconclusive'],
  ],
  'chain-extras': [
    ['nothing extra', { paths: paths() }, 'pass'],
    ['root served', { paths: paths({ served: [leaf(), intermediate(), root()] }) }, 'warn tls.chain.root-served'],
    ['twice', { paths: paths({ served: [leaf(), intermediate(), intermediate()] }) }, 'warn tls.chain.duplicate'],
    ['unrelated', { paths: paths({ served: [leaf(), intermediate(), certificate('X')] }) }, 'warn tls.chain.unrelated'],
    ['large', { paths: paths({ servedBytes: 11_000 }) }, 'warn tls.chain.large'],
    ['rubbish among them', { paths: paths({ unreadable: 1, servedCount: 3 }) }, 'warn tls.chain.unreadable'],
    ['TLS 1.3 only', { paths: paths({ servedSource: 'library' }) }, 'inconclusive'],
  ],
  'placeholder-cert': [
    ['real', { tls: tls() }, 'pass'],
    ...['CN=TRAEFIK DEFAULT CERT', 'O=Acme Co, CN=Kubernetes Ingress Controller Fake Certificate', 'CN=localhost'].map(
      (subject): Case => [subject, one(leaf({ subject })), 'fail tls.placeholder'],
    ),
    ...[
      "O=(STAGING) Let's Encrypt, CN=(STAGING) Pretend Pear X1",
      'CN=Caddy Local Authority - ECC Intermediate',
      'O=CloudFlare, Inc., OU=CloudFlare Origin SSL Certificate Authority',
    ].map((issuer): Case => [issuer, one(leaf({ issuer })), 'fail tls.placeholder']),
    ['a host that is called localhost-something', one(leaf({ subject: 'CN=localhost-docs.example.com' })), 'pass'],
    ...['unifi', 'plesk', 'pfsense', 'synology', 'snakeoil'].map(
      (name): Case => [`a host that is called ${name}`, one(leaf({ subject: `CN=${name}.example.com` })), 'pass'],
    ),
    ...[
      'O=Ubiquiti Inc., CN=unifi.local',
      'CN=UniFi',
      'O=pfSense webConfigurator Self-Signed Certificate, CN=pfSense-5f3',
      'CN=Plesk',
      'CN=localhost.localdomain',
    ].map((subject): Case => [subject, one(leaf({ subject })), 'fail tls.placeholder']),
  ],
  'known-bad-ca': [
    ['good', { tls: tls() }, 'pass'],
    ['Superfish', one(leaf({ issuer: 'O=Superfish, Inc., CN=Superfish, Inc.' })), 'fail tls.ca.known-bad'],
    ['interception', one(leaf({ issuer: 'O=Zscaler Inc., CN=Zscaler Intermediate' })), 'fail tls.ca.known-bad'],
  ],
  'key-strength': [
    ['P-256', path(leaf()), 'pass'],
    ['RSA 2048', path(leaf({ key: { type: 'rsa', bits: 2048, exponent: '65537' } })), 'pass'],
    ['RSA 8192', path(leaf({ key: { type: 'rsa', bits: 8192, exponent: '65537' } })), 'pass'],
    ['Ed25519', path(leaf({ key: { type: 'ed25519', bits: 256 } })), 'pass'],
    ['P-384', path(leaf({ key: { type: 'ec', bits: 384, curve: 'P-384' } })), 'pass'],
    ['P-521', path(leaf({ key: { type: 'ec', bits: 521, curve: 'P-521' } })), 'pass'],
    ['even exponent', path(leaf({ key: { type: 'rsa', bits: 2048, exponent: '65536' } })), 'fail tls.key.weak'],
    ['RSA 1024', path(leaf({ key: { type: 'rsa', bits: 1024, exponent: '65537' } })), 'fail tls.key.weak'],
    ['exponent 1', path(leaf({ key: { type: 'rsa', bits: 2048, exponent: '1' } })), 'fail tls.key.weak'],
    ['P-224', path(leaf({ key: { type: 'ec', bits: 224 } })), 'warn tls.key.short'],
    ['P-192', path(leaf({ key: { type: 'ec', bits: 192 } })), 'fail tls.key.weak'],
    ['DSA', path(leaf({ key: { type: 'dsa', bits: 2048 } })), 'fail tls.key.weak'],
    ['weak intermediate', path(leaf(), intermediate({ key: { type: 'rsa', bits: 1024, exponent: '3' } }), root()), 'fail tls.key.weak'],
    ['the size of the root is not ours to judge', path(leaf(), intermediate(), root({ key: { type: 'rsa', bits: 1024, exponent: '3' } })), 'pass'],
  ],
  'signature-hash': [
    ['SHA-256', path(leaf()), 'pass'],
    ['SHA-1', path(leaf({ signature: { oid: '1', name: 'sha1WithRSAEncryption', hash: 'SHA-1' } })), 'fail tls.signature.weak'],
    ['MD5', path(leaf({ signature: { oid: '1', name: 'md5WithRSAEncryption', hash: 'MD5' } })), 'fail tls.signature.weak'],
    ['SHA-1 intermediate', path(leaf(), intermediate({ signature: { oid: '1', name: 's', hash: 'SHA-1' } }), root()), 'fail tls.signature.weak'],
    ['SHA-1 root is irrelevant', path(leaf(), intermediate(), root({ signature: { oid: '1', name: 's', hash: 'SHA-1' } })), 'pass'],
    ['unknown', path(leaf({ signature: { oid: '1.2.3', name: '1.2.3', hash: 'unknown' } })), 'warn tls.signature.unknown'],
  ],
  'eku-ku': [
    ['serverAuth', path(leaf()), 'pass'],
    ['clientAuth only', path(leaf({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'] })), 'fail tls.eku.no-server-auth'],
    ['no EKU', path((({ extendedKeyUsage: _none, ...rest }: CertificateFacts): CertificateFacts => rest)(leaf())), 'warn tls.eku.absent'],
    ['leaf is a CA', path(leaf({ isCa: true })), 'warn tls.ca.leaf-is-ca'],
    ['issuer is no CA', path(leaf(), intermediate({ isCa: false }), root()), 'fail tls.ca.issuer-not-ca'],
    ['pathlen 0 with one intermediate below', path(leaf(), intermediate(), certificate('E0', { ...above, pathLength: 0 }), root()), 'fail tls.ca.path-length'],
    ['pathlen 0 right above the leaf', path(leaf(), intermediate({ pathLength: 0 }), root()), 'pass'],
    ['no keyUsage', path((({ keyUsage: _none, ...rest }: CertificateFacts): CertificateFacts => rest)(leaf())), 'pass'],
    ['keyUsage for encryption alone', path(leaf({ keyUsage: ['keyEncipherment', 'dataEncipherment'] })), 'fail tls.ku.no-signature'],
    ['signing beside encryption', path(leaf({ keyUsage: ['digitalSignature', 'keyEncipherment'] })), 'pass'],
    ['an intermediate for clients', path(leaf(), intermediate({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'] }), root()), 'fail tls.ca.no-server-auth'],
    ['an intermediate for servers', path(leaf(), intermediate({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'] }), root()), 'pass'],
    ['an intermediate for anything', path(leaf(), intermediate({ extendedKeyUsage: ['2.5.29.37.0'] }), root()), 'pass'],
    ['what a root says of itself', path(leaf(), intermediate(), root({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.4'] })), 'pass'],
    ['names as constrained', path(leaf(), intermediate({ nameConstraints: permitting('example.com') }), root()), 'pass'],
    ['names of another domain', path(leaf(), intermediate({ nameConstraints: permitting('example.net') }), root()), 'fail tls.ca.name-outside'],
    ['and by the root', path(leaf(), intermediate(), root({ nameConstraints: permitting('lan') })), 'fail tls.ca.name-outside'],
  ],
  'cert-lint': [
    ['well made', { tls: tls() }, 'pass'],
    ['leading zero of a positive number', one(leaf({ serialHex: '00ff112233445566778899' })), 'pass'],
    ['short', one(leaf({ serialHex: '01' })), 'warn tls.serial.short'],
    ['negative', one(leaf({ serialHex: 'ff11223344556677' })), 'warn tls.serial.invalid'],
    ['zero', one(leaf({ serialHex: '00' })), 'warn tls.serial.invalid'],
    ['unknown critical extension', one(leaf({ unknownCriticalExtensions: ['1.2.3'] })), 'fail tls.extension.unknown-critical'],
    [
      'unknown critical extension of an intermediate',
      { tls: tls({ chain: [leaf(), intermediate({ unknownCriticalExtensions: ['1.2.3'] })] }) },
      'fail tls.extension.unknown-critical',
    ],
    ['and of a root', { tls: tls({ chain: [leaf(), intermediate(), root({ subject: 'CN=R1', unknownCriticalExtensions: ['1.2.3'] })] }) }, 'pass'],
    ['twenty bytes', one(leaf({ serialHex: '7f'.repeat(20) })), 'pass'],
    ['twenty bytes behind a zero', one(leaf({ serialHex: `00${'ff'.repeat(20)}` })), 'pass'],
    ['twenty-one bytes', one(leaf({ serialHex: '7f'.repeat(21) })), 'warn tls.serial.invalid'],
    ['eight bytes', one(leaf({ serialHex: '7f'.repeat(8) })), 'pass'],
    ['no serial number', one(leaf({ serialHex: '' })), 'warn tls.serial.invalid'],
    ['a NUL in a name', one(leaf({ oddities: ['a name in subjectAltName holds a NUL'] })), 'warn tls.certificate.malformed'],
  ],
  issuer: [
    ['declared', { tls: tls() }, 'pass', { tls: { issuers: ["Let's Encrypt", 'good authority'] } }],
    ['another', one(leaf({ issuerOrganization: '(STAGING) Bad' })), 'fail tls.issuer.unexpected', { tls: { issuers: ['Good'] } }],
  ],
  'revocation-info': [
    ['CRL, no OCSP', path(leaf()), 'pass'],
    ['OCSP, no CRL', path(leaf({ crlUrls: [], ocspUrls: ['http://ocsp.example.net'] })), 'pass'],
    ['eight days is not short-lived any more', path(leaf({ crlUrls: [], notBefore: day(-3), notAfter: day(5) })), 'warn tls.revocation.none'],
    ['nine days, issued when ten were short', path(leaf({ crlUrls: [], notBefore: '2025-11-01T00:00:00.000Z', notAfter: '2025-11-09T23:59:59.000Z' })), 'pass'],
    [
      'six days, issued before there was such a rule',
      path(leaf({ crlUrls: [], notBefore: '2023-11-01T00:00:00.000Z', notAfter: '2023-11-06T23:59:59.000Z' })),
      'warn tls.revocation.none',
    ],
    ['seven days to the second', path(leaf({ crlUrls: [], ...exactly(7) })), 'pass'],
    ['seven days and a second', path(leaf({ crlUrls: [], ...exactly(7, 1) })), 'warn tls.revocation.none'],
    ['short-lived with neither', path(leaf({ crlUrls: [], notBefore: day(-3), notAfter: day(3.5) })), 'pass'],
    ['neither', path(leaf({ crlUrls: [] })), 'warn tls.revocation.none'],
    ['private', { paths: paths({ paths: [{ certificates: [leaf(), root()], anchor: 'declared' }] }) }, 'skip'],
  ],
  sct: (
    [
      ['three logs', path(leaf()), 'pass'],
      ['three logs, 190 days', path(leaf({ notBefore: day(-10), notAfter: day(180) })), 'pass'],
      ['two logs, 90 days', path(leaf({ sctLogIds: ['aa', 'bb'] })), 'pass'],
      ['two logs, 190 days', path(leaf({ sctLogIds: ['aa', 'bb'], notBefore: day(-10), notAfter: day(180) })), 'fail tls.sct.too-few'],
      ['one log twice', path(leaf({ sctLogIds: ['aa', 'aa'] })), 'fail tls.sct.too-few'],
      ['private root', { paths: paths({ paths: [{ certificates: [leaf({ sctLogIds: [] }), root()], anchor: 'declared' }] }) }, 'skip'],
      [
        'declared public',
        { paths: paths({ leaf: leaf({ sctLogIds: [] }), paths: [{ certificates: [leaf(), root()], anchor: 'declared' }] }) },
        'fail tls.sct.too-few',
        { tls: { trust: 'public' } },
      ],
      ['too few embedded, two in the handshake', { ...path(leaf({ sctLogIds: [] })), flight: timestamps('aa', 'bb') }, 'pass'],
      ['too few embedded, one in the handshake', { ...path(leaf({ sctLogIds: ['cc'] })), flight: timestamps('aa', 'aa') }, 'fail tls.sct.too-few'],
      ['rubbish in the handshake', { ...path(leaf({ sctLogIds: [] })), flight: timestampList(Buffer.from([0, 9, 1])) }, 'fail tls.sct.too-few'],
    ] as readonly Case[]
  ).map(([what, looked, ...rest]): Case => [what, { flight: VERSION, ...looked }, ...rest]),
  'ocsp-staple': [
    ['none, none due', { tls: tls() }, 'pass'],
    ['none though it could', one(leaf({ ocspUrls: ['http://ocsp.example.net'] })), 'pass'],
    ['must-staple without', one(leaf({ mustStaple: true })), 'fail tls.staple.required'],
    ['rubbish', { tls: tls({ ocspStaple: new Uint8Array([1, 2, 3]) }) }, 'warn tls.staple.stale'],
    ['tryLater', { tls: tls({ ocspStaple: new Uint8Array([0x30, 3, 0x0a, 1, 3]) }), paths: seen(paths()) }, 'warn tls.staple.stale'],
  ],
  mtls: [
    ['not asked for', mutual(), 'pass'],
    ['asked for, and goes on', mutual({ certificateRequest: REQUEST }), 'warn tls.client-certificate.requested'],
    ['asked for as declared', mutual({ certificateRequest: REQUEST }), 'pass', { tls: { clientCertificate: 'optional' } }],
    ['declared optional, not asked for', mutual(), 'warn tls.client-certificate.not-requested', { tls: { clientCertificate: 'optional' } }],
    ['declared required, not asked for', mutual(), 'fail tls.client-certificate.not-required', { tls: { clientCertificate: 'required' } }],
    [
      'declared required, asked for in vain',
      mutual({ certificateRequest: REQUEST }),
      'fail tls.client-certificate.not-required',
      { tls: { clientCertificate: 'required' } },
    ],
    [
      'refused without one',
      mutual({ certificateRequest: REQUEST }, { tls: ALERT, answer: failed('ALERT_CERTIFICATE_REQUIRED') }),
      'fail tls.client-certificate.required',
    ],
    [
      'refused without one, as declared',
      mutual({ certificateRequest: REQUEST }, { tls: ALERT, answer: failed('ALERT_CERTIFICATE_REQUIRED') }),
      'pass',
      { tls: { clientCertificate: 'required' } },
    ],
    ['nginx says so in HTTP', mutual({ certificateRequest: REQUEST }, { answer: seen(httpAnswer(400, NGINX_400)) }), 'fail tls.client-certificate.required'],
    ['another 400', mutual({}, { answer: seen(httpAnswer(400, 'Bad request')) }), 'pass'],
    ['asked for, and then silence', mutual({ certificateRequest: REQUEST }, { answer: SILENT }), 'inconclusive'],
    ['not asked for, and then silence', mutual({}, { answer: SILENT }), 'pass'],
    ['TLS 1.3 alone, and lets us in', mutual(null, {}), 'pass'],
    ['TLS 1.3 alone, declared optional', mutual(null, {}), 'inconclusive', { tls: { clientCertificate: 'optional' } }],
    ['TLS 1.3 alone, declared required', mutual(null, {}), 'fail tls.client-certificate.not-required', { tls: { clientCertificate: 'required' } }],
    ['nothing answers', mutual(null, { tls: SILENT, answer: SILENT }), 'inconclusive'],
  ],
  'clientauth-eku': [
    ['carries it', private_({ extendedKeyUsage: [SERVER, CLIENT] }), 'pass'],
    ['no usage at all', private_({ extendedKeyUsage: undefined }), 'pass'],
    ['for servers only', private_({ extendedKeyUsage: [SERVER] }), 'warn tls.client-auth.absent'],
    ['of a public authority', path(leaf({ extendedKeyUsage: [SERVER, CLIENT] })), 'warn tls.client-auth.ending'],
  ],
  'renewal-evidence': [
    ['window ahead', { seen: { tls: tls(), result: 'read', detail: 'x', window: { start: day(20), end: day(22) } } }, 'pass'],
    ['window open', { seen: { tls: tls(), result: 'read', detail: 'x', window: { start: day(-1), end: day(1) } } }, 'pass'],
    [
      'window over',
      { seen: { tls: tls({ chain: [leaf(LIFETIME_90(20))] }), result: 'read', detail: 'x', window: { start: day(-3), end: day(-1) } } },
      'warn tls.renewal.overdue',
    ],
    ['window in the first half', { seen: { tls: tls(), result: 'read', detail: 'x', window: { start: day(-29), end: day(-28) } } }, 'fail tls.renewal.urgent'],
    ['no such service', { seen: { tls: tls(), result: 'absent', detail: 'no renewalInfo' } }, 'skip'],
    ['certificate unknown there', { seen: { tls: tls(), result: 'unknown', detail: 'answered 404' } }, 'inconclusive'],
    ['no answer', { seen: { tls: tls(), result: 'no-answer', detail: 'timeout' } }, 'inconclusive'],
    ['garbled', { seen: { tls: tls(), result: 'unreadable', detail: 'answered 200' } }, 'inconclusive'],
  ],
  'subdomain-coverage': [
    ['nothing undeclared', subdomainsOf([]), 'pass'],
    ['served as well', subdomainsOf([other()]), 'pass'],
    ['does not resolve', subdomainsOf([{ name: 'old.example.com', resolved: failed('NXDOMAIN'), wildcard: false, inside: false }]), 'pass'],
    ['resolver does not answer', subdomainsOf([{ name: 'old.example.com', resolved: SILENT, wildcard: false, inside: false }]), 'inconclusive'],
    ['resolves as any name does', subdomainsOf([{ ...other(), wildcard: true }]), 'pass'],
    ['leads inside', subdomainsOf([{ ...other(), inside: true }]), 'pass'],
    ['nothing listens', subdomainsOf([{ ...other(), paths: failed('ECONNREFUSED', 'connect') }]), 'warn tls.subdomain.silent'],
    ['no IPv6 here', subdomainsOf([{ ...other('2001:db8::1'), paths: failed('ENETUNREACH', 'connect') }]), 'inconclusive'],
    ['expired', subdomainsOf([otherWith(certificate('old.example.com', { notAfter: day(-1) }))]), 'warn tls.subdomain.invalid'],
    ['expired under HSTS', subdomainsOf([otherWith(certificate('old.example.com', { notAfter: day(-1) }))], COVERING), 'fail tls.subdomain.invalid-under-hsts'],
    ['wrong name under HSTS', subdomainsOf([otherWith(leaf())], COVERING), 'fail tls.subdomain.invalid-under-hsts'],
    ['wrong name, HSTS for the domain alone', subdomainsOf([otherWith(leaf())], 'max-age=31536000'), 'warn tls.subdomain.invalid'],
    ['wrong name, HSTS ended', subdomainsOf([otherWith(leaf())], 'max-age=0; includeSubDomains'), 'warn tls.subdomain.invalid'],
    ['untrusted under HSTS', subdomainsOf([otherWith(certificate('old.example.com'), { paths: [] })], COVERING), 'fail tls.subdomain.invalid-under-hsts'],
    ['no address', subdomainsOf([{ name: 'old.example.com', resolved: failed('NODATA'), wildcard: false, inside: false }]), 'pass'],
  ],
  revoked: [
    ['not listed', revocationOf([LIST]), 'pass'],
    ['listed', revocationOf([{ ...LIST, entry: ENTRY }]), 'fail tls.revoked'],
    ['listed in a list that is old', revocationOf([{ ...LIST, nextUpdate: day(-9), entry: ENTRY }]), 'fail tls.revoked'],
    ['on hold is revoked', revocationOf([{ ...LIST, entry: { ...ENTRY, reason: 'certificateHold' } }]), 'fail tls.revoked'],
    ['listed in a forged list', revocationOf([{ ...LIST, signature: 'wrong', entry: ENTRY }]), 'inconclusive'],
    ['taken off by a list of changes', revocationOf([{ ...LIST, delta: true, entry: { ...ENTRY, reason: 'removeFromCRL' } }]), 'inconclusive'],
    ['a list of changes alone', revocationOf([{ ...LIST, delta: true }]), 'inconclusive'],
    ['stale', revocationOf([{ ...LIST, nextUpdate: day(-1) }]), 'inconclusive'],
    ['from the future', revocationOf([{ ...LIST, thisUpdate: day(1) }]), 'inconclusive'],
    ['rubbish date', revocationOf([{ ...LIST, thisUpdate: 'rubbish' }]), 'inconclusive'],
    ['without an end', revocationOf([(({ nextUpdate: _none, ...rest }: typeof LIST): RevocationAnswer => rest)(LIST)]), 'inconclusive'],
    ['of another issuer', revocationOf([{ ...LIST, sameIssuer: false }]), 'inconclusive'],
    ['an extension nobody reads', revocationOf([{ ...LIST, unknownCritical: ['1.2.3'], entry: ENTRY }]), 'inconclusive'],
    ['for authorities only', revocationOf([{ ...LIST, scope: { ...SCOPE, onlyAuthorityCertificates: true } }]), 'inconclusive'],
    ['some reasons only', revocationOf([{ ...LIST, scope: { ...SCOPE, onlySomeReasons: true } }]), 'inconclusive'],
    ['for users only, and that it is', revocationOf([{ ...LIST, scope: { ...SCOPE, onlyUserCertificates: true } }]), 'pass'],
    ['another shard', revocationOf([{ ...LIST, scope: { ...SCOPE, urls: ['http://crl.example.net/7.crl'] } }]), 'inconclusive'],
    ['its own shard', revocationOf([{ ...LIST, scope: { ...SCOPE, urls: ['http://crl.example.net/e1.crl'] } }]), 'pass'],
    ['no answer', revocationOf([{ by: 'crl', url: 'http://a/', result: 'no-answer', detail: 'no answer in time' }]), 'inconclusive'],
    ['a page', revocationOf([{ by: 'crl', url: 'http://a/', result: 'unreadable', detail: 'no list' }]), 'inconclusive'],
    ['stale list, good responder', revocationOf([{ ...LIST, nextUpdate: day(-1) }, RESPONSE]), 'pass'],
    ['responder says revoked', revocationOf([{ ...RESPONSE, status: 'revoked', revokedAt: day(-3), reason: 'superseded' }]), 'fail tls.revoked'],
    ['forged answer says revoked', revocationOf([{ ...RESPONSE, status: 'revoked', signature: 'wrong' }]), 'inconclusive'],
    ['responder does not know', revocationOf([{ ...RESPONSE, status: 'unknown' }]), 'inconclusive'],
    ['old answer', revocationOf([{ ...RESPONSE, nextUpdate: day(-1) }]), 'inconclusive'],
    ['responder tired', revocationOf([{ ...RESPONSE, responseStatus: 3 }]), 'inconclusive'],
    ['responder out of date', revocationOf([{ ...RESPONSE, signerDates: { notBefore: day(-9), notAfter: day(-1) } }]), 'inconclusive'],
    ['responder in date', revocationOf([{ ...RESPONSE, signer: 'delegate', signerDates: { notBefore: day(-9), notAfter: day(1) } }]), 'pass'],
    ['about another certificate', revocationOf([(({ status: _none, ...rest }: typeof RESPONSE): RevocationAnswer => rest)(RESPONSE)]), 'inconclusive'],
    ['nowhere to ask', { look: { tls: tls(), certificates: [{ certificate: leaf({ crlUrls: [] }), issuer: intermediate(), answers: [] }] } }, 'skip'],
    ['issuer unknown', { look: { tls: tls(), certificates: [{ certificate: leaf(), answers: [] }] } }, 'inconclusive'],
    ['no certificate', { look: { tls: tls(), certificates: [] } }, 'inconclusive'],
    [
      'intermediate revoked',
      {
        look: {
          tls: tls(),
          certificates: [
            { certificate: leaf(), issuer: intermediate(), answers: [LIST] },
            { certificate: intermediate(), issuer: root(), answers: [{ ...LIST, entry: ENTRY }] },
          ],
        },
      },
      'fail tls.revoked',
    ],
  ],
  'ip-consistency': [
    [
      'alike',
      {
        addresses: [
          { address: 'a', seen: seen(tls()) },
          { address: 'b', seen: seen(tls()) },
        ],
      },
      'pass',
    ],
    [
      'same issuer, other leaf',
      {
        addresses: [
          { address: 'a', seen: seen(tls()) },
          { address: 'b', seen: seen(tls({ chain: [leaf({ sha256: 'ff' })] })) },
        ],
      },
      'pass',
    ],
    [
      'other issuer',
      {
        addresses: [
          { address: 'a', seen: seen(tls()) },
          { address: 'b', seen: seen(tls({ chain: [leaf({ sha256: 'ff', issuer: 'CN=Z' })] })) },
        ],
      },
      'warn tls.addresses.differ',
    ],
    [
      'default certificate on one',
      {
        addresses: [
          { address: 'a', seen: seen(tls()) },
          { address: 'b', seen: seen(tls({ chain: [leaf({ dnsNames: ['x.example'] })] })) },
        ],
      },
      'fail tls.addresses.invalid',
    ],
    [
      'made at home on one',
      {
        addresses: [
          { address: 'a', seen: seen(tls()) },
          { address: 'b', seen: seen(tls({ authorized: false, authorizationError: 'DEPTH_ZERO_SELF_SIGNED_CERT' })) },
        ],
      },
      'fail tls.addresses.invalid',
    ],
    [
      'the library dislikes one for its own policy',
      {
        addresses: [
          { address: 'a', seen: seen(tls()) },
          { address: 'b', seen: seen(tls({ authorized: false, authorizationError: 'UNSPECIFIED' })) },
        ],
      },
      'pass',
    ],
    [
      'private authority on both, which the library does not know',
      {
        addresses: ['a', 'b'].map((address) => ({ address, seen: seen(tls({ authorized: false, authorizationError: 'SELF_SIGNED_CERT_IN_CHAIN' })) })),
      },
      'pass',
    ],
    [
      'expired on the first',
      {
        addresses: [
          { address: 'a', seen: seen(tls({ chain: [leaf({ notAfter: day(-1) })] })) },
          { address: 'b', seen: seen(tls()) },
        ],
      },
      'fail tls.addresses.invalid',
    ],
    [
      'one silent',
      {
        addresses: [
          { address: 'a', seen: seen(tls()) },
          { address: 'b', seen: SILENT },
        ],
      },
      'inconclusive',
    ],
    ['one address', { addresses: [{ address: 'a', seen: seen(tls()) }] }, 'skip'],
  ],
  'sni-default': [
    ['a neutral certificate', { seen: seen(tls()) }, 'pass'],
    ['refused', { seen: failed('ALERT_UNRECOGNIZED_NAME') }, 'pass'],
    ['internal names', { seen: seen(tls({ chain: [leaf({ dnsNames: ['git.lan'] })] })) }, 'warn tls.default.internal-names'],
    ['closed without a word', { seen: EOF }, 'inconclusive'],
  ],
  tls13: [
    ['1.3', { tls: tls() }, 'pass'],
    ['1.2', { tls: tls({ protocol: 'TLSv1.2' }) }, 'warn tls.tls13.missing'],
  ],
  'early-data': [
    ['none', { tls: tls() }, 'pass'],
    ['on a page', { tls: tls({ maxEarlyData: 16_384 }) }, 'warn tls.early-data.offered'],
    ['on an API', { tls: tls({ maxEarlyData: 16_384 }) }, 'fail tls.early-data.offered', { kind: 'api' }],
    ['behind a login', { tls: tls({ maxEarlyData: 16_384 }) }, 'fail tls.early-data.offered', { access: 'forwardAuth' }],
  ],
  'ticket-lifetime': [
    ['two hours', { tls: tls() }, 'pass'],
    ['no ticket', { tls: (({ ticketLifetimeSeconds: _none, ...rest }: TlsObservation): TlsObservation => rest)(tls()) }, 'pass'],
    ['seven days', { tls: tls({ ticketLifetimeSeconds: 604_800 }) }, 'warn tls.ticket.long'],
    ['eight days', { tls: tls({ ticketLifetimeSeconds: 691_200 }) }, 'fail tls.ticket.too-long'],
  ],
  opossum: [
    ['200', { seen: raw(200) }, 'pass'],
    ['closed port', { seen: failed('ECONNREFUSED', 'connect') }, 'pass'],
    ['101', { seen: raw(101) }, 'fail tls.opossum'],
    ['silence', { seen: raw(undefined, 'kept-open') }, 'inconclusive'],
    ['timeout', { seen: SILENT }, 'inconclusive'],
  ],
}

/** Checks that are judged by a test file of their own, beside this one. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  grade: 'grade.test.ts',
  'ip-protocols': 'addresses.test.ts',
  profile: 'grade.test.ts',
  'pq-kex': 'behaviour.test.ts',
  alpn: 'behaviour.test.ts',
  groups: 'behaviour.test.ts',
  'fallback-scsv': 'behaviour.test.ts',
  'large-clienthello': 'behaviour.test.ts',
  'version-intolerance': 'behaviour.test.ts',
  'client-renegotiation': 'behaviour.test.ts',
  heartbleed: 'behaviour.test.ts',
  'ccs-injection': 'behaviour.test.ts',
  ticketbleed: 'behaviour.test.ts',
  robot: 'behaviour.test.ts',
  ech: 'behaviour.test.ts',
  'http-compression': 'behaviour.test.ts',
  'cipher-3des': 'ciphers.test.ts',
  'cipher-broken': 'ciphers.test.ts',
  'cipher-cbc': 'ciphers.test.ts',
  'cipher-enumeration': 'ciphers.test.ts',
  'cipher-list': 'ciphers.test.ts',
  'cipher-null-anon-export': 'ciphers.test.ts',
  'cipher-order': 'ciphers.test.ts',
  'cipher-static-rsa': 'ciphers.test.ts',
  compression: 'ciphers.test.ts',
  'dhe-params': 'ciphers.test.ts',
  'dual-cert': 'ciphers.test.ts',
  ems: 'ciphers.test.ts',
  'fs-aead': 'ciphers.test.ts',
  'protocol-range': 'ciphers.test.ts',
  'secure-renegotiation': 'ciphers.test.ts',
  'ske-signature': 'ciphers.test.ts',
  ssl2: 'ciphers.test.ts',
  ssl3: 'ciphers.test.ts',
  tls10: 'ciphers.test.ts',
  tls11: 'ciphers.test.ts',
  tls12: 'ciphers.test.ts',
}

test('every check of the suite has cases in both directions', async () => {
  expect(checks.size).toBeGreaterThan(30)
  expect([...Object.keys(CASES), ...Object.keys(ELSEWHERE)].sort()).toEqual([...checks.keys()].sort())
  for (const [name, file] of Object.entries(ELSEWHERE)) {
    expect(await readFile(new URL(file, import.meta.url), 'utf8')).toContain(`./${name}.check.ts`)
  }
  for (const [name, cases] of Object.entries(CASES)) {
    expect(
      cases.some(([, , expected]) => expected === 'pass'),
      name,
    ).toBe(true)
    expect(
      cases.some(([, , expected]) => /^(?:warn|fail) /.test(expected)),
      name,
    ).toBe(true)
  }
})

describe.each(Object.entries(CASES))('tls/%s', (name, cases) => {
  test.each(cases.map((each) => ({ what: each[0], each })))('$what', ({ each: [, looked, expected, host, options] }) => {
    const verdict = judge(name, looked, host, options)
    expect(shown(verdict)).toBe(expected)
    if (verdict.outcome === 'pass' || verdict.outcome === 'warn' || verdict.outcome === 'fail') {
      expect(verdict.evidence.length).toBeGreaterThan(0)
      for (const item of verdict.evidence) expect([item.what, item.expected, item.received].every((text) => text.length > 0)).toBe(true)
    }
    if (verdict.outcome === 'warn' || verdict.outcome === 'fail') expect(Object.keys(checks.get(name)?.codes ?? {})).toContain(verdict.code)
  })
})

test('evidence names the certificate and the reason', () => {
  const verdict = judge('hostname-match', one(leaf({ dnsNames: ['example.com'] })))
  expect(verdict.evidence[0]?.received).toContain('example.com: no name in it is this one')
  expect(judge('validity', path(leaf(), intermediate({ notAfter: day(-1) }), root())).evidence[0]?.what).toContain('intermediate CN=E1')
})

test('a certificate that browsers refuse at one address of several weighs as much as at the only one', () => {
  const stale = tls({ chain: [leaf({ ...LIFETIME_90(-1), sha256: 'ff' })] })
  const looked = { addresses: [tls(), stale].map((seenThere, at) => ({ address: `192.0.2.${at}`, seen: seen(seenThere) })) }
  expect(judge('ip-consistency', looked)).toMatchObject({ code: 'tls.addresses.invalid', severity: 'high' })
})

test('a deployment under an inner name gives nothing away by its own names', () => {
  const target = normaliseTarget(targetSchema.parse({ domain: 'shop.lan', hosts: { api: {} } }), { sha256: '0' })
  expect(['api.shop.lan', 'SHOP.lan', '*.shop.lan'].every((name) => ownName(name, target))).toBe(true)
  expect(['git.lan', 'workshop.lan', 'localhost'].some((name) => ownName(name, target))).toBe(false)
})

test('margins follow the lifetime', () => {
  expect(margins(90)).toEqual({ warnAt: 22.5, failAt: 9 })
  expect(margins(45)).toEqual({ warnAt: 11.25, failAt: 4.5 })
  expect(margins(398)).toEqual({ warnAt: 30, failAt: 14 })
  expect(margins(6).failAt).toBe(1)
  expect(margins(2).failAt).toBeCloseTo(0.2)
})

test('lifetime limits go by the day of issue', () => {
  expect(limitFor('2025-01-01T00:00:00Z')).toBe(398)
  expect(limitFor('2026-03-15T00:00:00Z')).toBe(200)
  expect(limitFor('2027-03-14T23:59:59Z')).toBe(200)
  expect(limitFor('2029-03-15T00:00:00Z')).toBe(47)
})

test('every alert that proves a refusal, and nothing else, is one', () => {
  expect(proofOfFailure({ code: 'ALERT_ACCESS_DENIED', message: '', phase: 'tls' }).result).toBe('unknown')
  expect(proofOfFailure({ code: 'ECONNREFUSED', message: '', phase: 'connect' }).result).toBe('unknown')
  expect(proofOfFailure({ code: 'ALERT_INSUFFICIENT_SECURITY', message: '', phase: 'tls' }).result).toBe('refused')
})

test('a staple that is there at the second asking is no alarm', async () => {
  const world = healthyWorld()
  const serial = '4a5b6c7d8e9f00112233445566778899'
  let asked = 0
  const { git } = world.hosts
  if (git === undefined) throw new RangeError('no host')
  git.certificate = { ...git.certificate, serialHex: serial, extensions: [mustStaple(), ocspAt(published('/ocsp/good'))] }
  git.tls = { ...git.tls, ocspStaple: () => (asked++ === 0 ? Buffer.alloc(0) : ocspAnswer(serial, { status: 'good', from: -1, to: 24 })) }
  const check = checks.get('ocsp-staple')
  if (check === undefined) throw new RangeError('no check')
  const outcomes = await outcomesOf(world, [check], { hosts: new Set(['git']) })
  expect([...outcomes.byKey.values()].map(({ outcome, evidence }) => [outcome, evidence[0]?.received.split(',', 2).join(',')])).toEqual([
    ['pass', 'response status 0, good'],
  ])
  // The look, the handshake that reads the chain off the wire, and the look after three seconds.
  expect(asked).toBe(3)
})
