import { describe, expect, it } from 'vitest'
import { suiteNamed } from '../../helpers/grammar/tls-names.ts'
import type { CertificateFacts, HttpChain, TlsHelloObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import { normaliseTarget } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import grade, { gradeOf } from './grade.check.ts'
import { type PostureSeen, postureOf } from './posture.ts'
import profile from './profile.check.ts'

const NOW = new Date('2026-11-01T00:00:00Z')
const FQDN = 'api.example.com'
const observed = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: NOW.toISOString(), durationMs: 1, attempts: 1 })
const silent: Observed<never> = {
  ok: false,
  failure: { code: 'TIMEOUT', message: 'no answer to the hello within 6 s', phase: 'tls' },
  startedAt: NOW.toISOString(),
  durationMs: 1,
  attempts: 2,
}
const certificate = (more: Partial<CertificateFacts> = {}): CertificateFacts => ({
  raw: new Uint8Array([1]),
  sha256: 'aa',
  serialHex: '0102030405060708',
  subject: 'CN=api',
  issuer: 'CN=ca',
  notBefore: '2026-10-01T00:00:00.000Z',
  notAfter: '2026-12-29T00:00:00.000Z',
  dnsNames: [FQDN],
  ipAddresses: [],
  key: { type: 'ec', bits: 256, curve: 'P-256' },
  signature: { oid: '1', name: 'ecdsa', hash: 'SHA-256' },
  isCa: false,
  ocspUrls: [],
  caIssuerUrls: [],
  crlUrls: [],
  mustStaple: false,
  sctLogIds: [],
  unknownCriticalExtensions: [],
  ...more,
})
const id = (name: string): number => suiteNamed(name)?.id ?? Number.NaN
const hello = (version: number, suite: string, more: Partial<TlsHelloObservation['flight']> = {}, compression = 0): TlsHelloObservation => ({
  peer: '127.0.0.1:443',
  address: '127.0.0.1',
  answer: 'server-hello',
  flight: {
    hello: { version, cipher: id(suite), compression, sessionId: new Uint8Array(), extensions: [{ type: 0xff01, data: new Uint8Array([0]) }], retry: false },
    certificates: [],
    certificateCount: 0,
    certificateBytes: 0,
    complete: true,
    ...more,
  },
  closed: 'open',
  helloBytes: 300,
  receivedBytes: 900,
  answerMs: 1,
  at: NOW.toISOString(),
})
const alert = (description: number): TlsHelloObservation => ({
  ...hello(0x0303, 'AES128-SHA'),
  answer: 'alert',
  flight: { certificates: [], certificateCount: 0, certificateBytes: 0, complete: false, alert: { level: 2, description } },
})
const weak = (...accepted: readonly TlsHelloObservation[]): PostureSeen['weak'] =>
  observed({
    offered: [id('AES128-SHA')],
    accepted: accepted.map((answer) => ({ suite: answer.flight.hello?.cipher ?? 0, version: answer.flight.hello?.version ?? 0, answer })),
    unasked: [],
    rest: [id('RC4-SHA')],
    end: observed(alert(40)),
  })
const document = (hsts?: string): Observed<HttpChain> =>
  observed({ hops: [{ headers: hsts === undefined ? [] : [['Strict-Transport-Security', hsts]] } as never], end: 'final' })

const tls12 = (answer: TlsHelloObservation): PostureSeen['tls12'] =>
  observed({ large: observed(answer), best: answer, readsLongLists: true, takesVersionLists: true })
const seen = (more: Partial<PostureSeen> & { leaf?: CertificateFacts } = {}): PostureSeen => {
  const leaf = more.leaf ?? certificate()
  const root = certificate({ sha256: 'cc', subject: 'CN=ca', isCa: true, dnsNames: [] })
  return {
    tls: {
      peer: '127.0.0.1:443',
      address: '127.0.0.1',
      protocol: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      group: 'X25519MLKEM768',
      authorized: true,
      store: 'bundled',
      chain: [leaf],
      handshakeMs: 1,
      connectMs: 1,
      loopDelayMs: 0,
      at: NOW.toISOString(),
    },
    paths: {
      tls: undefined as never,
      served: [leaf],
      servedSource: 'wire',
      unreadable: 0,
      servedCount: 1,
      servedBytes: 900,
      paths: [{ certificates: [leaf, root], anchor: 'bundled' }],
      longest: [leaf, root],
      endsSelfSigned: true,
    },
    tls12: tls12(hello(0x0303, 'ECDHE-ECDSA-AES256-GCM-SHA384')),
    tls11: observed(alert(70)),
    tls10: observed(alert(70)),
    ssl3: observed(alert(70)),
    weak: weak(),
    document: document(),
    ...more,
  }
}
const graded = (one: PostureSeen): string => gradeOf(one, postureOf(one), FQDN, NOW).grade
const noPath = { paths: [], longest: [certificate()], endsSelfSigned: false }

describe('the grade follows the guide', () => {
  it.each<readonly [string, PostureSeen, string]>([
    ['TLS 1.2 and 1.3, strong suites only', seen(), 'A'],
    ['the same with HSTS for half a year', seen({ document: document('max-age=15552000') }), 'A+'],
    ['HSTS a second too short', seen({ document: document('max-age=15551999') }), 'A'],
    ['HSTS that no browser reads', seen({ document: document('max-age=banana') }), 'A'],
    ['TLS 1.3 alone', seen({ tls12: tls12(alert(70)) }), 'A'],
    ['no TLS 1.3', seen({ tls: { ...seen().tls, protocol: 'TLSv1.2', cipher: 'ECDHE-ECDSA-AES256-GCM-SHA384' } }), 'A-'],
    ['TLS 1.1', seen({ tls11: observed(hello(0x0302, 'ECDHE-ECDSA-AES256-SHA')) }), 'B'],
    ['TLS 1.0', seen({ tls10: observed(hello(0x0301, 'ECDHE-ECDSA-AES256-SHA')) }), 'B'],
    ['a TLS 1.0 hello answered in SSL 3.0 is not TLS 1.0', seen({ tls10: observed(hello(0x0300, 'AES256-SHA')) }), 'A'],
    ['SSL 3.0', seen({ ssl3: observed(hello(0x0300, 'AES256-SHA')) }), 'C'],
    ['RC4 in TLS 1.2', seen({ weak: weak(hello(0x0303, 'RC4-SHA')) }), 'C'],
    ['3DES in TLS 1.2', seen({ weak: weak(hello(0x0303, 'DES-CBC3-SHA')) }), 'C'],
    ['static RSA costs nothing by itself', seen({ weak: weak(hello(0x0303, 'AES256-SHA')) }), 'A'],
    ['an export suite', seen({ weak: weak(hello(0x0303, 'EXP-RC4-MD5')) }), 'F'],
    ['no encryption', seen({ weak: weak(hello(0x0303, 'NULL-SHA')) }), 'F'],
    ['no authentication', seen({ weak: weak(hello(0x0303, 'ADH-AES256-SHA')) }), 'F'],
    ['DES', seen({ weak: weak(hello(0x0303, 'DES-CBC-SHA')) }), 'F'],
    ['DEFLATE', seen({ tls12: tls12(hello(0x0303, 'ECDHE-ECDSA-AES256-GCM-SHA384', {}, 1)) }), 'C'],
    [
      'a Diffie-Hellman prime of 1,024 bits',
      seen({
        weak: weak(
          hello(0x0303, 'DHE-RSA-AES256-SHA', {
            keyExchange: { kind: 'dhe', prime: new Uint8Array(128).fill(0xff), generator: new Uint8Array([2]), publicValue: new Uint8Array([3]) },
          }),
        ),
      }),
      'B',
    ],
    ['another name', seen({ leaf: certificate({ dnsNames: ['www.example.com'] }) }), 'M'],
    ['out of date', seen({ leaf: certificate({ notAfter: '2026-10-31T23:59:59.000Z' }) }), 'T'],
    ['no trusted root', seen({ paths: { ...seen().paths, ...noPath } }), 'T'],
    [
      'an incomplete chain that can be completed',
      seen({ paths: { ...seen().paths, ...noPath, fetched: { url: 'http://ca.example/', result: 'completes', detail: '' } } }),
      'B',
    ],
    ['RSA of 1,024 bits', seen({ leaf: certificate({ key: { type: 'rsa', bits: 1024, exponent: '65537' } }) }), 'B'],
    ['an MD5 signature', seen({ leaf: certificate({ signature: { oid: '1', name: 'md5', hash: 'MD5' } }) }), 'F'],
  ])('%s', (_, one, expected) => {
    expect(graded(one)).toBe(expected)
  })
})

const subjectWith = (tls: object) => {
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { api: { tls } } }), { sha256: '0'.repeat(64) })
  return { target, subject: { name: FQDN, host: target.hosts[0] as never }, now: NOW, options: {} }
}
const judged = (check: typeof grade, one: PostureSeen, tls: object) => check.judge(one as never, subjectWith(tls))

describe('grade and profile are judged where they are declared', () => {
  it('undeclared: information, never green', () => {
    for (const check of [grade, profile]) {
      const verdict = judged(check, seen(), {})
      expect(verdict).toMatchObject({ outcome: 'skip', skip: 'not-declared' })
      expect(verdict.evidence).toHaveLength(1)
    }
    expect(judged(grade, seen({ weak: weak(hello(0x0303, 'RC4-SHA')) }), {}).evidence[0]?.received).toMatch(/^C: /)
  })
  it('as good as declared, or better', () => {
    expect(judged(grade, seen(), { grade: 'A' }).outcome).toBe('pass')
    expect(judged(grade, seen({ document: document('max-age=63072000') }), { grade: 'A' }).outcome).toBe('pass')
    expect(judged(profile, seen(), { profile: 'intermediate' }).outcome).toBe('pass')
  })
  it('worse than declared', () => {
    expect(judged(grade, seen(), { grade: 'A+' })).toMatchObject({ outcome: 'fail', code: 'tls.grade.below' })
    expect(judged(profile, seen(), { profile: 'modern' })).toMatchObject({ outcome: 'fail', code: 'tls.profile.weaker' })
    expect(judged(profile, seen({ weak: weak(hello(0x0303, 'AES128-SHA')) }), { profile: 'intermediate' }).evidence[0]?.received).toMatch(/AES128-SHA/)
  })
  it('stronger or fewer is no deviation', () => {
    const modern = seen({ tls12: tls12(alert(70)) })
    expect(judged(profile, modern, { profile: 'intermediate' }).outcome).toBe('pass')
    const classical = seen({ tls: { ...seen().tls, group: 'X25519' } })
    expect(judged(profile, classical, { profile: 'intermediate' }).outcome).toBe('pass')
  })
  it('what could not be told is not green', () => {
    for (const [check, tls] of [
      [grade, { grade: 'A' }],
      [profile, { profile: 'intermediate' }],
    ] as const) {
      expect(judged(check, seen({ tls10: silent }), tls).outcome).toBe('inconclusive')
      expect(judged(check, seen({ weak: silent }), tls).outcome).toBe('inconclusive')
    }
  })
})
