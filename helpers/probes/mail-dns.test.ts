/** Looks at mail over real sockets: name servers and a web server on loopback, healthy and not. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { replacePath, setRecords } from '../../fixtures/edit.ts'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { type DnsServers, startDns } from '../../fixtures/servers/dns.ts'
import { type RunningWorld, startWorld, type ZoneRecord } from '../../fixtures/world.ts'
import type { Probe } from '../probe.ts'
import { normaliseTarget, type Target } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { look, valueOf } from '../testing/look.ts'
import { dmarcWalk, reportReceivers } from './dmarc.ts'
import { mailTlsa, mtaSts, mtaStsUrl, reverseLook } from './mail-dns.ts'
import { spfCheckHost, spfTree } from './spf.ts'

const txt = (name: string, ...strings: readonly string[]): ZoneRecord => ({ name, type: 'TXT', data: strings })
const SOA = { mname: 'ns1.example.net', rname: 'hostmaster.example.net', serial: 1, refresh: 7200, retry: 900, expire: 1_209_600, minimum: 300 }
const RECORDS: readonly ZoneRecord[] = [
  { name: 'example.net', type: 'SOA', data: SOA },
  txt('example.net', 'v=spf1 a:mx.exam', 'ple.net include:_spf.example.net -all'),
  txt('_spf.example.net', 'v=spf1 include:slow.example.net ~all'),
  { name: 'mx.example.net', type: 'A', data: '192.0.2.1' },
  { name: 'mx.example.net', type: 'AAAA', data: '2001:db8::1' },
  { name: '1.2.0.192.in-addr.arpa', type: 'PTR', data: 'mx.example.net' },
  { name: `1.0.0.0.${'0.'.repeat(20)}8.b.d.0.1.0.0.2.ip6.arpa`, type: 'PTR', data: 'mx.example.net' },
  { name: '2.2.0.192.in-addr.arpa', type: 'PTR', data: 'mx.example.net' },
  txt('_dmarc.example.net', 'v=DMARC1; p=none; rua=mailto:a@sub.example.net,mailto:b@reports.example.org,https://example.net/'),
  txt('_dmarc.quoted.example.net', ' v=DMARC1; p=none'),
  txt('_dmarc.two.example.net', 'v=DMARC1; p=none'),
  txt('_dmarc.two.example.net', 'v=DMARC1; p=reject'),
  txt('example.net._report._dmarc.reports.example.org', 'v=DMARC1;'),
]

let servers: DnsServers
let target: Target
beforeAll(async () => {
  servers = await startDns({
    apexes: ['example.net'],
    records: [...RECORDS],
    answers: { 'slow.example.net TXT': 'SERVFAIL', '_dmarc.broken.example.net TXT': 'REFUSED' },
    servers: { resolver: { role: 'resolver' } },
    resolver: 'resolver',
    nameservers: [],
  })
  target = normaliseTarget(targetSchema.parse({ domain: 'example.net', network: { resolver: servers.servers['resolver'] } }), { sha256: '0'.repeat(64) })
})
afterAll(async () => await servers.stop())
const see = async <T>(probe: Probe<T>): Promise<T> => valueOf((await look(target, probe))[0])

describe('DNS', () => {
  test('the tree of SPF: strings joined, failures visible', async () => {
    const tree = await see(spfTree('Example.net'))
    expect(tree.seen?.name).toBe('example.net')
    expect(tree.lookups.map(({ term, outcome }) => `${term} ${outcome}`)).toEqual([
      'a:mx.example.net found',
      'include:_spf.example.net found',
      'include:slow.example.net error',
    ])
    expect(tree.nodes.at(-1)).toMatchObject({ domain: 'slow.example.net', from: '_spf.example.net', state: 'error', code: 'SERVFAIL' })
  })
  test('check_host() asks no more than it must, and each thing once', async () => {
    const before = servers.questions.length
    const asked = (address: string) => spfCheckHost({ address, domain: 'example.net', sender: 'a@example.net', helo: 'mx.example.net' })
    const [one, other, third] = await look(target, asked('192.0.2.1'), asked('2001:DB8::1'), asked('192.0.2.1'))
    expect([valueOf(one).result, valueOf(other).result, valueOf(third).result]).toEqual(['pass', 'pass', 'pass'])
    expect(
      servers.questions
        .slice(before)
        .map((line) => line.replace(/^\S+ /, ''))
        .sort(),
    ).toEqual(['example.net TXT', 'mx.example.net A', 'mx.example.net AAAA'])
    expect(await see(asked('192.0.2.9'))).toMatchObject({ result: 'temperror', reason: 'slow.example.net TXT: SERVFAIL' })
  })
  test('names of addresses', async () => {
    expect(await see(reverseLook('192.0.2.1', 'mx.example.net'))).toMatchObject({
      names: [{ name: 'mx.example.net', leadsBack: true }],
      greeting: { name: 'mx.example.net', seen: [{ ok: true }, { ok: true }] },
    })
    expect(await see(reverseLook('2001:0DB8:0::1'))).toMatchObject({ names: [{ leadsBack: true }] })
    expect(await see(reverseLook('192.0.2.2'))).toMatchObject({ names: [{ leadsBack: false }] })
    expect(await see(reverseLook('192.0.2.3'))).toMatchObject({ pointer: { rcode: 'NXDOMAIN' }, names: [] })
  })
  test('the walk, at most eight questions', async () => {
    const before = servers.questions.length
    const deep = await see(dmarcWalk('a.b.c.d.e.f.g.h.i.example.net'))
    expect(servers.questions.length - before).toBe(8)
    expect(deep).toMatchObject({ organisational: 'example.net', policy: { domain: 'example.net' }, unanswered: [] })
    expect(await see(dmarcWalk('two.example.net'))).toMatchObject({
      policy: { domain: 'example.net' },
      steps: [{ records: ['v=DMARC1; p=none', 'v=DMARC1; p=reject'] }, {}, {}],
    })
    expect(await see(dmarcWalk('quoted.example.net'))).toMatchObject({ steps: [{ records: [], nearly: [' v=DMARC1; p=none'] }, {}, {}] })
    expect(await see(dmarcWalk('broken.example.net'))).toMatchObject({ unanswered: ['_dmarc.broken.example.net: REFUSED'] })
  })
  test('who wants reports: the same organisation, another that agrees, no address', async () => {
    const { receivers } = await see(reportReceivers('example.net'))
    expect(receivers.map(({ kind, authorised }) => `${kind} ${authorised ?? ''}`.trim())).toEqual(['own', 'external true', 'unusable'])
  })
})

describe('HTTPS and TLSA', () => {
  const worlds: RunningWorld[] = []
  afterAll(async () => await Promise.all(worlds.map((world) => world.stop())))
  const running = async (change: (world: ReturnType<typeof healthyWorld>) => void = () => {}): Promise<RunningWorld> => {
    const spec = healthyWorld()
    change(spec)
    const world = await startWorld(spec)
    worlds.push(world)
    return world
  }
  test('a policy is fetched once, with its certificate', async () => {
    const world = await running()
    const [one, other] = await look(world.target, mtaSts('example.com'), mtaSts('example.com'))
    const { tls, policy } = valueOf(one)
    expect(valueOf(other)).toBe(valueOf(one))
    expect(valueOf(tls).authorized).toBe(true)
    expect(valueOf(policy)).toMatchObject({ status: 200, url: mtaStsUrl('example.com') })
    expect(world.requests.filter((line) => line.includes('mta-sts'))).toEqual(['GET https://mta-sts.example.com/.well-known/mta-sts.txt'])
    expect(world.connections['443 mta-sts.example.com']).toBe(1)
    const { servers: pinned } = valueOf((await look(world.target, mailTlsa('example.com')))[0])
    expect(pinned).toMatchObject([{ name: 'mx.example.net', tlsa: { ok: true, value: { authenticated: true } } }])
  })
  test('nothing is fetched where no record says that there is a policy', async () => {
    const world = await running((spec) => setRecords(spec, '_mta-sts.example.com', 'TXT', ['v=stsv1; id=1']))
    const seen = valueOf((await look(world.target, mtaSts('example.com')))[0])
    expect([seen.tls, seen.policy, world.requests.length]).toEqual([undefined, undefined, 0])
  })
  test('redirects are not followed, and a body without end is cut', async () => {
    const moved = await running((spec) =>
      replacePath(spec, 'mta-sts', '/.well-known/mta-sts.txt', () => ({ status: 301, headers: [['Location', 'https://www.example.com/']] })),
    )
    expect(valueOf(valueOf((await look(moved.target, mtaSts('example.com')))[0]).policy)).toMatchObject({ status: 301 })
    expect(moved.requests.some((line) => line.includes('www.'))).toBe(false)
    const large = await running((spec) =>
      replacePath(spec, 'mta-sts', '/.well-known/mta-sts.txt', (healthy) => ({ ...healthy, body: 'x: y\r\n'.repeat(200_000) })),
    )
    expect(valueOf(valueOf((await look(large.target, mtaSts('example.com')))[0]).policy).body.length).toBe(65_537)
  })
})
