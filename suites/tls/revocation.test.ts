/** Revocation end to end: what an authority may publish, good and bad, and what the suite makes of it. Nothing but a proven entry may alarm. */
import { expect, test } from 'vitest'
import { crlAt, ocspAt } from '../../fixtures/certificates.ts'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { outcomesOf } from '../../fixtures/proof.ts'
import { ocspAnswer } from '../../fixtures/revocation.ts'
import { AUTHORITY_PORT, published } from '../../fixtures/servers/authority.ts'
import staple from './ocsp-staple.check.ts'
import revoked from './revoked.check.ts'

type Extensions = ReturnType<typeof crlAt>[]
const list = (path: string): Extensions => [crlAt(published(path))]
const responder = (path: string): Extensions => [ocspAt(published(path))]

const SCENARIOS: readonly (readonly [what: string, extensions: Extensions, outcome: string, says: RegExp])[] = [
  ['current list', list('/crl/current'), 'pass', /not listed \(1 entries/],
  ['stale list', list('/crl/stale'), 'inconclusive', /stale: the next one was due/],
  ['list from the future', list('/crl/future'), 'inconclusive', /lies ahead/],
  ['list signed by somebody else', list('/crl/forged'), 'inconclusive', /signature is not the issuer/],
  ['list of changes', list('/crl/delta'), 'inconclusive', /delta/],
  ['list for authorities', list('/crl/authorities-only'), 'inconclusive', /another kind/],
  ['list of another shard', list('/crl/other-shard'), 'inconclusive', /shard/],
  ['list of some reasons', list('/crl/some-reasons'), 'inconclusive', /some reasons/],
  ['list with a critical extension that nobody knows', list('/crl/unknown-critical'), 'inconclusive', /1\.3\.6\.1\.4\.1/],
  ['list without an end', list('/crl/without-end'), 'inconclusive', /when the next one comes/],
  ['web page for a list', list('/crl/page'), 'inconclusive', /unreadable/],
  ['rubbish for a list', list('/crl/rubbish'), 'inconclusive', /unreadable/],
  ['no list there', list('/crl/none'), 'inconclusive', /answered 404/],
  ['stale list, and a responder that says good', [...list('/crl/stale'), ...responder('/ocsp/good')], 'pass', /good/],
  ['responder says good', responder('/ocsp/good'), 'pass', /good/],
  ['responder does not know it', responder('/ocsp/unknown'), 'inconclusive', /does not know/],
  ['stale answer', responder('/ocsp/stale'), 'inconclusive', /stale/],
  ['forged answer that says revoked', responder('/ocsp/forged'), 'inconclusive', /not signed/],
  ['answer about another certificate', responder('/ocsp/other'), 'inconclusive', /another certificate/],
  ['a name that nobody pinned, from loopback', [crlAt('http://crl.example.org/1.crl')], 'inconclusive', /not asked: the target is not public/],
  ['an address of the inside', [crlAt('http://10.0.0.1/1.crl')], 'inconclusive', /not asked/],
  ['a file', [crlAt('file:///etc/passwd')], 'inconclusive', /not a plain http URL/],
  ['LDAP', [crlAt('ldap://ldap.example.net/cn=list')], 'inconclusive', /not a plain http URL/],
  ['a list that never comes', list('/crl/silence'), 'inconclusive', /no whole answer in time|deadline/],
]

const names = Object.keys(healthyWorld().target.hosts ?? {}).filter((name) => name !== '@')
const batches = Array.from({ length: Math.ceil(SCENARIOS.length / names.length) }, (_, batch) =>
  SCENARIOS.slice(batch * names.length, (batch + 1) * names.length),
)

test.each(batches.map((scenarios, batch) => ({ batch, scenarios })))('what authorities publish, part $batch', { timeout: 60_000 }, async ({ scenarios }) => {
  expect(scenarios.length).toBeGreaterThan(3)
  const world = healthyWorld()
  const used = names.slice(0, scenarios.length)
  for (const [index, [, extensions]] of scenarios.entries()) {
    const host = world.hosts[used[index] as string]
    if (host === undefined) throw new RangeError('no host')
    host.certificate = { ...host.certificate, extensions }
  }
  const { byKey } = await outcomesOf(world, [revoked], { hosts: new Set(used) })
  const results = [...byKey.values()]
  for (const [index, [what, , outcome, says]] of scenarios.entries()) {
    const result = results.find(({ host }) => host === `${used[index]}.example.com`)
    expect([what, result?.outcome]).toEqual([what, outcome])
    expect(result?.evidence[0]?.received).toMatch(says)
  }
})

test('a list is fetched once per run, however many certificates point to it', async () => {
  const world = healthyWorld()
  for (const name of names) {
    const host = world.hosts[name]
    if (host === undefined) throw new RangeError('no host')
    host.certificate = { ...host.certificate, extensions: list('/crl/current') }
  }
  const { byKey, connections } = await outcomesOf(world, [revoked], { hosts: new Set(names) })
  expect([...byKey.values()].map(({ outcome }) => outcome)).toEqual(names.map(() => 'pass'))
  expect(connections[String(AUTHORITY_PORT)]).toBe(1)
})

test('two certificates: the staple of the one that was shown is judged with the issuer of that one', async () => {
  const world = healthyWorld()
  const serial = '4a5b6c7d8e9f00112233445566770030'
  const host = world.hosts['git']
  if (host === undefined) throw new RangeError('no host')
  host.certificate = { ...host.certificate, serialHex: serial, extensions: responder('/ocsp/good') }
  host.secondCertificate = { names: ['git.example.com'], key: 'rsa2048', issuer: { commonName: 'Postproof Test Issuing R9', pathLength: 0, key: 'rsa2048' } }
  host.tls = { ...host.tls, ocspStaple: () => ocspAnswer(serial, { status: 'good' }) }
  const { byKey } = await outcomesOf(world, [staple, revoked], { hosts: new Set(['git']) })
  expect([...byKey.values()].map(({ check, outcome }) => [check, outcome])).toEqual([
    ['tls/ocsp-staple', 'pass'],
    ['tls/revoked', 'pass'],
  ])
})
