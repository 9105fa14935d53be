/** What only our own resolver or network explains is held against nobody, and clears nobody: the whole suite, against a world that answers no DNS. */
import { describe, expect, test } from 'vitest'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { outcomesOf, productChecks } from '../../fixtures/proof.ts'
import type { DnsServerSpec } from '../../fixtures/world.ts'

type DnsAnswer = NonNullable<DnsServerSpec['answers']>[string]

const { checks: all } = await productChecks()
/** security.txt is asked for over HTTP. */
const checks = all.filter(({ suite, id }) => suite === 'dns' && id !== 'dns/security-txt')
const RESOLVERS = ['resolver', 'second-resolver']
const OWN = ['ns1.example.net', 'ns2.example.net']

async function judge(servers: readonly string[], answer: DnsAnswer): Promise<readonly (readonly [outcome: string, verdict: string])[]> {
  const world = healthyWorld()
  const { '@': apex = {}, api = {} } = world.target.hosts ?? {}
  world.target = { ...world.target, hosts: { '@': apex, api } }
  for (const name of servers) world.zone.servers[name] = { ...(world.zone.servers[name] ?? { role: 'resolver' }), answers: { '* *': answer } }
  const { byKey } = await outcomesOf(world, checks)
  expect(byKey.size).toBeGreaterThan(checks.length)
  for (const result of byKey.values()) expect([result.check, result.blame]).not.toEqual([result.check, 'defect'])
  return [...byKey].map(([key, result]) => [result.outcome, `${key} ${result.code ?? ''} ${result.reason ?? ''}`] as const)
}

describe.concurrent('nothing is green and nothing is red', { timeout: 60_000 }, () => {
  test.each<[string, DnsAnswer]>([
    ['silent', 'timeout'],
    ['sending garbage', 'garbage'],
    ['cutting every answer short and dropping TCP', 'truncated'],
    ['refusing us', 'REFUSED'],
    ['not knowing any type', 'NOTIMP'],
  ])('with every server %s', async (_name, answer) => {
    const verdicts = await judge([...RESOLVERS, ...OWN, 'a.registry.example.net'], answer)
    expect(verdicts.filter(([outcome]) => outcome !== 'inconclusive' && outcome !== 'skip')).toEqual([])
  })
  test('with resolvers that are silent, though the zone answers', async () => {
    const verdicts = await judge(RESOLVERS, 'timeout')
    expect(verdicts.filter(([outcome]) => outcome !== 'inconclusive')).toEqual([])
  })
})

test('a network that lets no question through to the servers of the zone raises no alarm', { timeout: 60_000 }, async () => {
  const verdicts = await judge(OWN, 'timeout')
  expect(verdicts.filter(([outcome]) => outcome === 'fail' || outcome === 'warn')).toEqual([])
  expect(verdicts.filter(([outcome]) => outcome === 'pass').length).toBeGreaterThan(20)
})
