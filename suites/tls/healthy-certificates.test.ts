/** Certificates that are unusual and right: not one check of the suite may say a word against them. */
import { expect, test } from 'vitest'
import { type CertificateSpec, crlAt, issueCertificate, sctList } from '../../fixtures/certificates.ts'
import { describeHost } from '../../fixtures/edit.ts'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { outcomesOf, productChecks } from '../../fixtures/proof.ts'
import { published } from '../../fixtures/servers/authority.ts'
import type { TlsSpec } from '../../fixtures/world.ts'

const checks = (await productChecks()).checks.filter(({ suite }) => suite === 'tls')

interface Scenario {
  readonly what: string
  readonly host: string
  readonly certificate: Partial<CertificateSpec>
  readonly tls?: Partial<TlsSpec>
  /** Checks that may say more than pass, and why. */
  readonly says?: Readonly<Record<string, string>>
}
const RSA_SUITES = 'TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384'
const many = (count: number, name: string): string[] => [name, ...Array.from({ length: count - 1 }, (_, index) => `h${index}.example.net`)]

const SCENARIOS: readonly Scenario[] = [
  { what: 'no subject, names alone', host: 'app', certificate: { commonName: null } },
  { what: 'no common name, an organisation alone', host: 'api', certificate: { commonName: null, organization: 'Changemaker' } },
  { what: '100 names', host: 'db', certificate: { names: many(100, 'db.example.com') } },
  {
    what: '1000 names',
    host: 'docs',
    certificate: { names: many(1000, 'docs.example.com') },
    says: { 'tls/chain-extras': 'a certificate this large takes another round trip' },
  },
  { what: 'SHA-384', host: 'code', certificate: { hash: 'SHA-384' } },
  { what: 'SHA-512', host: 'git', certificate: { hash: 'SHA-512' } },
  { what: 'P-384', host: 'n8n', certificate: { key: 'p384' } },
  { what: 'P-521', host: 'mail', certificate: { key: 'p521' } },
  { what: 'RSA 4096', host: 'qr', certificate: { key: 'rsa4096' }, tls: { ciphers: RSA_SUITES } },
  { what: 'RSA 3072', host: 'draw', certificate: { key: 'rsa3072' }, tls: { ciphers: RSA_SUITES } },
  { what: 'Ed25519 of a private authority', host: 'grafana', certificate: { key: 'ed25519' } },
  { what: 'an intermediate with P-384', host: 'home', certificate: { issuer: { commonName: 'Postproof Test Issuing E384', pathLength: 0, key: 'p384' } } },
  { what: 'public, a list and no responder', host: 'listmonk', certificate: {} },
]
const MORE: readonly Scenario[] = [
  {
    what: 'public, of six days, neither list nor responder',
    host: 'listmonk',
    certificate: { notBeforeDays: -2, notAfterDays: 4.6, extensions: [sctList(2)] },
  },
  { what: 'a wildcard', host: 'git', certificate: { names: ['*.example.com'] } },
  { what: 'the name in capitals, with a dot behind', host: 'qr', certificate: { names: ['QR.Example.COM.'] } },
  { what: 'an address beside the name', host: 'home', certificate: { addresses: ['127.0.0.1', '::1'] } },
  { what: 'until the year 9999, of a private authority', host: 'db', certificate: { notAfterDays: 2_900_000 } },
  { what: 'from the year 1950 on', host: 'docs', certificate: { notBeforeDays: -28_000 } },
  { what: 'straight from the root', host: 'grafana', certificate: { issuer: 'root' } },
  { what: 'a serial number of 20 bytes', host: 'draw', certificate: { serialHex: `7f${'a1'.repeat(19)}` } },
  { what: 'a list of a private authority', host: 'n8n', certificate: { extensions: [crlAt(published('/crl/current'))] } },
  {
    what: 'three levels of authorities',
    host: 'code',
    certificate: { issuer: { commonName: 'Postproof Test Sub E7', issuer: { commonName: 'Postproof Test Policy E7' } } },
  },
]

test.each([
  { part: 'keys, hashes, names', scenarios: SCENARIOS },
  { part: 'dates, places, paths', scenarios: MORE },
])('nothing is said against $part', { timeout: 60_000 }, async ({ scenarios }) => {
  expect(checks.length).toBeGreaterThan(40)
  const world = healthyWorld()
  for (const { host, certificate, tls } of scenarios) {
    const one = world.hosts[host]
    if (one === undefined) throw new RangeError(`no host ${host}`)
    one.certificate = { ...one.certificate, ...certificate }
    one.tls = { ...one.tls, ...tls }
    // Made beforehand: a key of 4096 bits takes a busy machine longer than a hello is waited for.
    await issueCertificate(one.certificate)
  }
  // Whoever has certificates of six days cannot ask for thirty.
  describeHost(world, 'listmonk', { tls: { trust: 'public', minDaysLeft: 2 } })
  const { byKey } = await outcomesOf(world, checks, { hosts: new Set(scenarios.map(({ host }) => host)) })
  const said: string[] = []
  for (const result of byKey.values()) {
    const scenario = scenarios.find(({ host }) => result.host === `${host}.example.com`)
    if (result.outcome === 'pass' || result.outcome === 'skip' || scenario?.says?.[result.check] !== undefined) continue
    said.push(`${scenario?.what ?? '?'}: ${result.check} ${result.outcome} ${result.code ?? ''} ${result.reason ?? ''} ${result.evidence[0]?.received ?? ''}`)
  }
  expect(said).toEqual([])
  // Each was really looked at.
  for (const { host } of scenarios)
    expect([...byKey.values()].filter((result) => result.host === `${host}.example.com` && result.outcome === 'pass').length).toBeGreaterThan(20)
})

test('ten thousand names: larger than our TLS library takes, and no fault of the server', { timeout: 60_000 }, async () => {
  const world = healthyWorld()
  const { qr } = world.hosts
  if (qr === undefined) throw new RangeError('no host')
  qr.certificate = { ...qr.certificate, names: many(10_000, 'qr.example.com') }
  await issueCertificate(qr.certificate)
  const { byKey } = await outcomesOf(world, checks, { hosts: new Set(['qr']) })
  const loud = [...byKey.values()]
    .filter(({ outcome }) => outcome === 'fail')
    .map(({ check, code, evidence }) => `${check} ${code ?? ''} ${evidence[0]?.received ?? ''}`)
  expect(loud).toEqual([])
  expect([...byKey.values()].filter(({ blame }) => blame === 'defect')).toEqual([])
})
