/** How many connections the whole suite opens to a host in default depth, counted at the server. */
import { expect, test } from 'vitest'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { outcomesOf, productChecks } from '../../fixtures/proof.ts'
import type { WorldSpec } from '../../fixtures/world.ts'

const checks = (await productChecks()).checks.filter(({ suite }) => suite === 'tls')

/** To one host by name, and to the address by none. */
async function counted(change: (world: WorldSpec) => void): Promise<{ readonly named: number; readonly unnamed: number; readonly bad: readonly string[] }> {
  const world = healthyWorld()
  change(world)
  const { byKey, connections } = await outcomesOf(world, checks, { hosts: new Set(['home']) })
  const results = [...byKey.values()].filter(({ subject }) => subject === 'home.example.com')
  expect(results.length).toBeGreaterThan(50)
  return {
    named: connections['443 home.example.com'] ?? 0,
    unnamed: connections['443 -'] ?? 0,
    bad: results.filter(({ outcome }) => outcome !== 'pass' && outcome !== 'skip').map(({ check, outcome }) => `${check} ${outcome}`),
  }
}
const settings = (world: WorldSpec, tls: object): void => {
  const { home } = world.hosts
  if (home === undefined) throw new RangeError('no host')
  home.tls = { ...home.tls, ...tls }
}

test('nothing amiss', async () => {
  expect(await counted(() => {})).toEqual({ named: 6, unnamed: 1, bad: [] })
})
test('classical groups alone', async () => {
  expect(await counted((world) => settings(world, { groups: 'X25519:prime256v1' }))).toEqual({ named: 6, unnamed: 1, bad: ['tls/pq-kex warn'] })
})
test('two certificates, the second to whoever prefers its kind', async () => {
  const seen = await counted((world) => {
    const { home } = world.hosts
    if (home !== undefined) home.secondCertificate = { ...home.certificate, key: 'rsa2048' }
    settings(world, { honorCipherOrder: false, ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256' })
  })
  expect(seen).toEqual({ named: 6, unnamed: 1, bad: [] })
})
test('two certificates', async () => {
  const seen = await counted((world) => {
    const { home } = world.hosts
    if (home !== undefined) home.secondCertificate = { ...home.certificate, key: 'rsa2048' }
  })
  // A server that decides itself shows the same first to everybody, and is asked for the other.
  expect(seen).toEqual({ named: 7, unnamed: 1, bad: [] })
})
