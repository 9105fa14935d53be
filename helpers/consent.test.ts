import { describe, expect, test } from 'vitest'
import { consentFor, ownershipProof, ownershipToken, type OwnershipProof } from './consent.ts'
import type { DnsObservation, HttpObservation } from './observations.ts'
import { IMPACTS, type Observed, type Probe, type ProbeContext } from './probe.ts'
import { normaliseTarget, type Target, type TargetInput } from './target.ts'
import { targetSchema } from './target/schema.ts'

const targetOf = (more: Partial<TargetInput> = {}): Target =>
  normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': {} }, ...more }), { sha256: '0'.repeat(64) })
const proven: OwnershipProof = { proven: true, by: 'dns', looked: [] }
const unproven: OwnershipProof = { proven: false, looked: ['nothing'] }

describe('the token', () => {
  test('is the same for the same domain and words, in any order', () => {
    expect(ownershipToken(targetOf({ allow: ['load', 'login'] }))).toBe(ownershipToken(targetOf({ allow: ['login', 'load', 'load'] })))
    expect(ownershipToken(targetOf())).toMatch(/^postproof=[0-9a-f]{32}$/)
  })
  test('does not cover another domain, nor one more word', () => {
    const token = ownershipToken(targetOf({ allow: ['login'] }))
    expect(ownershipToken(targetOf({ allow: ['login'], domain: 'example.net' }))).not.toBe(token)
    expect(ownershipToken(targetOf({ allow: ['login', 'load'] }))).not.toBe(token)
    expect(ownershipToken(targetOf())).not.toBe(token)
  })
})

describe('consent', () => {
  const asking = IMPACTS.filter((impact) => impact !== 'read')
  test('reading needs none', () => {
    expect(consentFor('read', targetOf(), [], undefined).allowed).toBe(true)
  })
  test.each(asking)('%s without its word is refused everywhere, even with proof and on loopback', (impact) => {
    const others = asking.filter((one) => one !== impact)
    const verdict = consentFor(impact, targetOf({ allow: others }), ['127.0.0.1'], proven)
    expect(verdict.allowed).toBe(false)
    expect(verdict.reason).toContain(impact)
  })
  test.each<[string, readonly string[], OwnershipProof | undefined, boolean]>([
    ['loopback', ['127.0.0.1'], undefined, true],
    ['loopback, both families', ['127.0.0.1', '::1'], undefined, true],
    ['private', ['10.1.2.3', '192.168.0.1', 'fd00::1'], unproven, true],
    ['mapped loopback', ['::ffff:127.0.0.1'], undefined, true],
    ['public without proof', ['93.184.216.34'], undefined, false],
    ['public with a failed proof', ['93.184.216.34'], unproven, false],
    ['public with proof', ['93.184.216.34'], proven, true],
    ['one of several is public', ['127.0.0.1', '93.184.216.34'], undefined, false],
    ['no address known', [], undefined, false],
    ['no address known, but proven', [], proven, true],
    ['no address at all', ['localhost'], undefined, false],
    ['documentation addresses are nobody’s own', ['192.0.2.1'], undefined, false],
  ])('load, %s', (_name, addresses, proof, allowed) => {
    expect(consentFor('load', targetOf({ allow: ['load'] }), addresses, proof).allowed).toBe(allowed)
  })
  test('the refusal says what to publish, and where', () => {
    const target = targetOf({ allow: ['login'] })
    const { reason } = consentFor('login', target, ['93.184.216.34'], unproven)
    expect(reason).toContain(ownershipToken(target))
    expect(reason).toContain('_postproof.example.com')
    expect(reason).toContain('/.well-known/postproof.txt')
  })
})

describe('the proof', () => {
  const target = targetOf({ allow: ['login'] })
  const token = ownershipToken(target)
  const seen = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: '', durationMs: 0, attempts: 1 })
  const failed = (code: string): Observed<never> => ({
    ok: false,
    failure: { code, message: code, phase: 'resolve' },
    startedAt: '',
    durationMs: 0,
    attempts: 1,
  })
  const txt = (...values: string[]): Observed<Partial<DnsObservation>> =>
    seen({
      rcode: values.length === 0 ? ('NXDOMAIN' as const) : ('NOERROR' as const),
      answers: values.map((value) => ({ name: '', type: 'TXT', ttl: 1, value })),
    })
  const page = (status: number, body: string): Observed<Partial<HttpObservation>> =>
    seen({ status, body: Buffer.from(body), headers: [['Content-Type', 'text/plain']] })
  const prove = (dns: Observed<unknown>, http: Observed<unknown>): Promise<OwnershipProof> =>
    ownershipProof(target).run({
      target,
      observe: (probe: Probe<unknown>) => Promise.resolve(probe.kind === 'dnsQuery' ? dns : http),
    } as unknown as ProbeContext)

  test.each<[string, Observed<unknown>, Observed<unknown>, OwnershipProof['by'] | false]>([
    ['the record', txt(token), failed('ECONNREFUSED'), 'dns'],
    ['the record among others, with blanks around', txt('v=spf1 -all', ` ${token} `), failed('x'), 'dns'],
    ['the page', txt(), page(200, `${token}\n`), 'http'],
    ['the page, one line of several', failed('SERVFAIL'), page(200, `# ours\r\n  ${token}  \r\n`), 'http'],
    ['nothing', txt(), page(404, 'Not found'), false],
    ['the token on an error page', txt(), page(404, token), false],
    ['a page that repeats the token inside a sentence', txt(), page(200, `No such file: ${token}.`), false],
    ['an older token', txt(ownershipToken(targetOf())), page(200, ownershipToken(targetOf())), false],
    ['the token as a part of a longer one', txt(`${token}0`), page(200, `x${token}`), false],
    ['nobody answers', failed('TIMEOUT'), failed('ETIMEDOUT'), false],
  ])('%s', async (_name, dns, http, by) => {
    const proof = await prove(dns, http)
    expect(proof.proven).toBe(by !== false)
    if (by === false) expect(proof.looked).toHaveLength(2)
    else expect(proof.by).toBe(by)
  })
})
