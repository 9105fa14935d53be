import { describe, expect, test } from 'vitest'
import { findHosts } from './find-hosts.ts'
import type { Observed, Probe } from './probe.ts'
import { normaliseTarget } from './target.ts'
import { targetSchema } from './target/schema.ts'

const target = (domain = 'example.com') => normaliseTarget(targetSchema.parse({ domain }), { sha256: '0'.repeat(64), discovered: true })
const seen = (value: unknown): Observed<unknown> => ({ ok: true, value, startedAt: '', durationMs: 0, attempts: 1 })
const failed: Observed<unknown> = { ok: false, failure: { code: 'TIMEOUT', message: '', phase: 'resolve' }, startedAt: '', durationMs: 0, attempts: 1 }
const certificate = (...dnsNames: string[]): Observed<unknown> => seen({ chain: [{ dnsNames }] })
const answers = (...records: { name: string; type: string; value: string }[]): Observed<unknown> => seen({ rcode: 'NOERROR', answers: records })
const gone = seen({ rcode: 'NXDOMAIN', answers: [] })

/** What is there by probe key; anything else does not exist. Every name in `living` has an address. */
async function find(what: Record<string, Observed<unknown>>, living: readonly string[], domain?: string) {
  const asked: string[] = []
  const look = <T>(probe: Probe<T>): Promise<Observed<T>> => {
    asked.push(probe.key)
    const name = /^dnsQuery (\S+) A$/.exec(probe.key)?.[1]
    const given =
      what[probe.key] ??
      (name !== undefined && living.includes(name) ? answers({ name, type: 'A', value: '192.0.2.1' }) : probe.kind === 'tlsHandshake' ? failed : gone)
    return Promise.resolve(given as Observed<T>)
  }
  const result = await findHosts(target(domain), look)
  return { ...result, asked, names: result.found.map(({ fqdn }) => fqdn) }
}

describe('which hosts a domain has', () => {
  test('the domain itself is always one, whatever answers', async () => {
    const { names, target: described } = await find({ 'tlsHandshake example.com': failed }, [])
    expect(names).toEqual(['example.com'])
    expect(described.discovered).toBe(true)
    expect(described.hosts.map((host) => host.name)).toEqual(['@'])
  })
  test('www and the names of the certificate, where they resolve', async () => {
    const { found, target: described } = await find(
      { 'tlsHandshake example.com': certificate('example.com', 'API.example.com', 'gone.example.com', 'www.example.com') },
      ['www.example.com', 'api.example.com'],
    )
    expect(found).toEqual([
      { fqdn: 'example.com', from: 'asked for' },
      { fqdn: 'www.example.com', from: 'usual' },
      { fqdn: 'api.example.com', from: 'certificate of example.com' },
    ])
    expect(described.hosts.map((host) => host.fqdn).sort()).toEqual(['api.example.com', 'example.com', 'www.example.com'])
  })
  test('mail servers, name servers and CNAME targets below the domain', async () => {
    const { names } = await find(
      {
        'dnsQuery example.com MX': answers({ name: 'example.com', type: 'MX', value: '10 mx.example.com' }),
        'dnsQuery example.com NS': answers(
          { name: 'example.com', type: 'NS', value: 'ns1.example.com' },
          { name: 'example.com', type: 'NS', value: 'ns.other.net' },
        ),
        'dnsQuery www.example.com A': answers(
          { name: 'www.example.com', type: 'CNAME', value: 'edge.example.com' },
          { name: 'edge.example.com', type: 'A', value: '192.0.2.1' },
        ),
      },
      ['mx.example.com', 'ns1.example.com', 'edge.example.com'],
    )
    expect([...names].sort()).toEqual(['edge.example.com', 'example.com', 'mx.example.com', 'ns1.example.com', 'www.example.com'])
  })
  test('names of others, wildcards and rubbish are no hosts, and nobody is asked about them', async () => {
    const strange = ['*.example.com', 'example.net', 'notexample.com', 'example.com.evil.test', 'a b.example.com', '<x>.example.com', 'x\u0000.example.com']
    const { names, asked } = await find({ 'tlsHandshake example.com': certificate(...strange) }, strange)
    expect(names).toEqual(['example.com'])
    expect(asked.filter((key) => strange.some((name) => key.includes(` ${name} `)))).toEqual([])
  })
  test('a name whose question was not answered stays: silence is not absence', async () => {
    const { names } = await find({ 'tlsHandshake example.com': certificate('slow.example.com'), 'dnsQuery slow.example.com AAAA': failed }, [])
    expect(names).toContain('slow.example.com')
  })
  test('a certificate of thousands of names gives fifty hosts', async () => {
    const many = Array.from({ length: 3_000 }, (_, index) => `h${index}.example.com`)
    const { names } = await find({ 'tlsHandshake example.com': certificate(...many) }, many)
    expect(names.length).toBeLessThanOrEqual(50)
  })
  test('no name is guessed but www', async () => {
    const { asked } = await find({}, [])
    const names = new Set(asked.map((key) => key.split(' ')[1]))
    expect(names).toEqual(new Set(['example.com', 'www.example.com']))
  })
})
