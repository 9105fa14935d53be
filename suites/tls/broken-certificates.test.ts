/** Certificates that are none: a verdict with evidence every time, never a crash, never a pass of what could not be read. */
import { expect, test } from 'vitest'
import { issueCertificate } from '../../fixtures/certificates.ts'
import { describeHost } from '../../fixtures/edit.ts'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { outcomesOf, productChecks } from '../../fixtures/proof.ts'

const checks = (await productChecks()).checks.filter(({ suite }) => suite === 'tls')
const uint = (value: number, bytes: number): Buffer => {
  const made = Buffer.alloc(bytes)
  made.writeUIntBE(value, 0, bytes)
  return made
}
const message = (type: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([type]), uint(body.length, 3), body])
const records = (bytes: Buffer): Buffer => {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += 16_384) {
    const part = bytes.subarray(at, at + 16_384)
    parts.push(Buffer.from([22, 3, 3]), uint(part.length, 2), part)
  }
  return Buffer.concat(parts)
}
/** ServerHello of TLS 1.2 with ECDHE-ECDSA-AES128-GCM-SHA256, these certificates, ServerHelloDone. */
function flight(certificates: readonly Buffer[]): Buffer {
  const hello = Buffer.concat([Buffer.from([3, 3]), Buffer.alloc(32, 7), Buffer.from([0, 0xc0, 0x2b, 0])])
  const list = Buffer.concat(certificates.map((one) => Buffer.concat([uint(one.length, 3), one])))
  return records(Buffer.concat([message(2, hello), message(11, Buffer.concat([uint(list.length, 3), list])), message(14, Buffer.alloc(0))]))
}

const good = Buffer.from(new Uint8Array((await issueCertificate({ names: ['qr.example.com'] })).certificate.rawData))
const changed = (change: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.from(good)
  change(bytes)
  return bytes
}
const SCENARIOS: readonly (readonly [what: string, certificates: readonly Buffer[]])[] = [
  ['no certificate at all', []],
  ['an empty one', [Buffer.alloc(0)]],
  ['rubbish', [Buffer.alloc(600, 0x5a)]],
  ['one cut off', [good.subarray(0, 200)]],
  ['one with bytes behind', [Buffer.concat([good, Buffer.alloc(9)])]],
  ['a length that lies', [changed((bytes) => bytes.writeUInt16BE(0xfff0, 2))]],
  ['a date that does not exist', [changed((bytes) => bytes.write('269999', bytes.indexOf(Buffer.from([0x17, 13])) + 2, 'latin1'))]],
  [
    'a key of no kind',
    [changed((bytes) => bytes.fill(0xff, bytes.indexOf(Buffer.from('2a8648ce3d0201', 'hex')), bytes.indexOf(Buffer.from('2a8648ce3d0201', 'hex')) + 7))],
  ],
  ['rubbish behind a good one', [good, Buffer.alloc(300, 0x30)]],
  ['a thousand of them', Array.from({ length: 1000 }, () => good)],
]
const hosts = ['app', 'api', 'db', 'docs', 'code', 'git', 'n8n', 'listmonk', 'mail', 'qr']
/** Checks that cannot be green without a certificate that was read. */
const OF_THE_CERTIFICATE = [
  'hostname-match',
  'san-present',
  'san-identity',
  'validity',
  'expiry-margin',
  'chain-complete',
  'chain-trusted',
  'key-strength',
  'signature-hash',
  'eku-ku',
  'cert-lint',
  'placeholder-cert',
  'known-bad-ca',
  'revoked',
  'issuer',
  'ocsp-staple',
  'subdomain-coverage',
]

test('broken certificates give verdicts', { timeout: 110_000 }, async () => {
  expect(SCENARIOS.length).toBe(hosts.length)
  const world = healthyWorld()
  for (const [index, [, certificates]] of SCENARIOS.entries()) {
    const host = world.hosts[hosts[index] as string]
    if (host === undefined) throw new RangeError('no host')
    const bytes = flight(certificates)
    host.tls = { ...host.tls, hello: () => bytes }
  }
  describeHost(world, 'listmonk', { tls: { trust: 'public' } })
  const { byKey } = await outcomesOf(world, checks, { hosts: new Set(hosts) })
  const results = [...byKey.values()]
  expect(results.length).toBeGreaterThan(300)
  expect(results.filter(({ blame }) => blame === 'defect')).toEqual([])
  for (const [index, [what]] of SCENARIOS.entries()) {
    const own = results.filter(({ host }) => host === `${hosts[index]}.example.com`)
    const green = own.filter(({ check, outcome }) => outcome === 'pass' && OF_THE_CERTIFICATE.includes(check.slice(4))).map(({ check }) => check)
    expect([what, green]).toEqual([what, []])
    const reachable = own.find(({ check }) => check === 'tls/reachable')
    expect([what, reachable?.outcome]).toEqual([what, expect.stringMatching(/^(?:fail|inconclusive)$/)])
    expect(reachable?.evidence[0]?.received.length ?? 0).toBeGreaterThan(5)
  }
})
