/** What an ACME server may say of a certificate's renewal, end to end; and clients that are asked for a certificate of their own. */
import { expect, test } from 'vitest'
import { describeHost } from '../../fixtures/edit.ts'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { outcomesOf } from '../../fixtures/proof.ts'
import { ACME_PORT, acmeDirectory } from '../../fixtures/servers/authority.ts'
import mtls from './mtls.check.ts'
import renewal from './renewal-evidence.check.ts'

test('renewal information', async () => {
  const world = healthyWorld()
  const kinds: readonly (readonly [host: string, directory: string, outcome: string, says: RegExp])[] = [
    ['app', acmeDirectory('current'), 'pass', /to/],
    ['api', acmeDirectory('current'), 'pass', /to/],
    ['db', acmeDirectory('unknown'), 'inconclusive', /does not know/],
    ['docs', acmeDirectory('garbled'), 'inconclusive', /without a suggestedWindow/],
    ['code', acmeDirectory('without'), 'skip', /offers no renewalInfo/],
    ['git', acmeDirectory('current').replace('directory', 'nothing'), 'inconclusive', /no directory/],
    // Somebody else answers under the authority's name.
    ['n8n', acmeDirectory('current').replace('acme.example.net', 'acme.example.org'), 'inconclusive', /names another host/],
    ['home', 'https://acme.example.com/directory', 'inconclusive', /alert|handshake/i],
  ]
  for (const [host, directory] of kinds) describeHost(world, host, { tls: { acmeDirectory: directory } })
  const { network } = world.target
  world.target = { ...world.target, network: { ...network, addresses: { ...network?.addresses, 'acme.example.org': '127.0.0.1' } } }
  const { byKey, connections } = await outcomesOf(world, [renewal], { hosts: new Set(kinds.map(([host]) => host)) })
  for (const [host, directory, outcome, says] of kinds) {
    const result = [...byKey.values()].find((one) => one.host === `${host}.example.com`)
    expect([directory, result?.outcome]).toEqual([directory, outcome])
    expect(`${result?.reason ?? ''} ${result?.evidence[0]?.received ?? ''}`).toMatch(says)
  }
  // Two looks at who it is, five directories (not one for each host), four windows.
  expect(connections[String(ACME_PORT)]).toBe(11)
})

test.each([
  ['TLS 1.2 and 1.3', {}],
  ['TLS 1.2 alone', { maxVersion: 'TLSv1.2' }],
] as const)('a client certificate that is demanded: %s', { timeout: 60_000 }, async (_what, versions) => {
  const world = healthyWorld()
  for (const [host, tls] of [
    ['qr', { requestClientCertificate: true, rejectUnauthorized: true }],
    ['draw', { requestClientCertificate: true, rejectUnauthorized: true }],
    ['docs', { requestClientCertificate: true, rejectUnauthorized: false }],
  ] as const) {
    const one = world.hosts[host]
    if (one === undefined) throw new RangeError('no host')
    one.tls = { ...one.tls, ...tls, ...versions }
  }
  describeHost(world, 'draw', { tls: { clientCertificate: 'required' } })
  describeHost(world, 'docs', { tls: { clientCertificate: 'optional' } })
  const { byKey } = await outcomesOf(world, [mtls], { hosts: new Set(['qr', 'draw', 'docs', 'git']) })
  const outcomes = Object.fromEntries([...byKey.values()].map(({ host, outcome, code }) => [host, code ?? outcome]))
  expect(outcomes).toEqual({
    'qr.example.com': 'tls.client-certificate.required',
    'draw.example.com': 'pass',
    'docs.example.com': 'pass',
    'git.example.com': 'pass',
  })
})
