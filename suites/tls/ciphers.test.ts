/** Judgement of versions, suites and handshake features: a healthy answer, then one thing wrong per case, and the traps that must not alarm. No sockets but in the last tests. */
import { generatePrimeSync, getDiffieHellman } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { answerHellos, isTls12, newestOffered } from '../../fixtures/hello.ts'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { outcomesOf } from '../../fixtures/proof.ts'
import { alert as alertBytes, serverFlight } from '../../fixtures/servers/server-flight.ts'
import type { WorldSpec } from '../../fixtures/world.ts'
import type { Check } from '../../helpers/check.ts'
import { suiteById, suiteClass, suiteNamed } from '../../helpers/grammar/tls-names.ts'
import type { CertificateFacts, ServerFlight, ServerHello, TlsHelloObservation, TlsObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import type { OtherKeyLook } from '../../helpers/probes/other-key.ts'
import { type SuiteLook, type Tls12Look, WEAK_SUITES } from '../../helpers/probes/tls-plan.ts'
import type { OutsideLook, SuiteOrderLook } from '../../helpers/probes/tls-suites.ts'
import type { SecondCertificate } from '../../helpers/probes/second-certificate.ts'
import { normaliseTarget, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import cipher3des from './cipher-3des.check.ts'
import cipherBroken from './cipher-broken.check.ts'
import cipherCbc from './cipher-cbc.check.ts'
import cipherEnumeration from './cipher-enumeration.check.ts'
import cipherList from './cipher-list.check.ts'
import cipherNullAnonExport from './cipher-null-anon-export.check.ts'
import cipherOrder from './cipher-order.check.ts'
import cipherStaticRsa from './cipher-static-rsa.check.ts'
import compression from './compression.check.ts'
import dheParams from './dhe-params.check.ts'
import dualCert from './dual-cert.check.ts'
import ems from './ems.check.ts'
import fsAead from './fs-aead.check.ts'
import protocolRange from './protocol-range.check.ts'
import secureRenegotiation from './secure-renegotiation.check.ts'
import skeSignature from './ske-signature.check.ts'
import ssl2 from './ssl2.check.ts'
import ssl3 from './ssl3.check.ts'
import { suiteMatches, suitesOutside } from './suites.ts'
import tls10 from './tls10.check.ts'
import tls11 from './tls11.check.ts'
import tls12 from './tls12.check.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
const day = (days: number): string => new Date(NOW.getTime() + days * 86_400_000).toISOString()

const seen = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: NOW.toISOString(), durationMs: 1, attempts: 1 })
const failed = (code: string, phase: 'tls' | 'connect' | 'deadline' = 'tls'): Observed<never> => ({
  ok: false,
  failure: { code, message: code.toLowerCase(), phase },
  startedAt: NOW.toISOString(),
  durationMs: 1,
  attempts: 1,
})
const SILENT = failed('TIMEOUT', 'deadline')
const RESET = failed('ECONNRESET')
const EOF = failed('EOF')
const NOT_TLS = failed('NOT_TLS')

const EMS = { type: 23, data: new Uint8Array(0) }
const RI = { type: 0xff01, data: new Uint8Array([0]) }
const id = (name: string): number => suiteNamed(name)?.id ?? -1
const GCM = 'ECDHE-ECDSA-AES128-GCM-SHA256'

const observed = (answer: TlsHelloObservation['answer'], flight: Partial<ServerFlight>): TlsHelloObservation => ({
  peer: '192.0.2.1:443',
  address: '192.0.2.1',
  answer,
  flight: { certificates: [], certificateCount: 0, certificateBytes: 0, complete: true, ...flight },
  closed: 'open',
  helloBytes: 300,
  receivedBytes: 900,
  answerMs: 3,
  at: NOW.toISOString(),
})
/** A ServerHello. */
const chose = (cipher: string | number, more: Partial<ServerHello> = {}, flight: Partial<ServerFlight> = {}): TlsHelloObservation =>
  observed('server-hello', {
    hello: {
      version: 0x0303,
      cipher: typeof cipher === 'number' ? cipher : id(cipher),
      compression: 0,
      sessionId: new Uint8Array(0),
      extensions: [EMS, RI],
      retry: false,
      ...more,
    },
    keyExchange: { kind: 'ecdhe', group: 29, signature: 0x0403 },
    ...flight,
  })
const alert = (description: number): TlsHelloObservation => observed('alert', { alert: { level: 2, description } })
const REFUSED = seen(alert(40))
const VERSION = seen(alert(70))

const look12 = (best: TlsHelloObservation): Tls12Look => ({ large: seen(best), best, readsLongLists: true, takesVersionLists: true })
const MODERN = seen(look12(chose(GCM)))
const ONLY13 = seen(look12(alert(70)))

const tls = (more: Partial<TlsObservation> = {}): Observed<TlsObservation> =>
  seen({
    peer: '192.0.2.1:443',
    address: '192.0.2.1',
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    authorized: true,
    store: 'bundled',
    chain: [],
    chainSource: 'library',
    handshakeMs: 12,
    connectMs: 8,
    loopDelayMs: 0,
    at: NOW.toISOString(),
    ...more,
  })
const at12 = (cipher: string): Observed<TlsObservation> => tls({ protocol: 'TLSv1.2', cipher })

/** The weak look of a server that takes these suites, each with its whole class, and answers the rest with `end`. */
function weak(accepted: readonly (string | TlsHelloObservation)[] = [], end: Observed<TlsHelloObservation> | undefined = REFUSED): Observed<SuiteLook> {
  const answers = accepted.map((one) => (typeof one === 'string' ? chose(one) : one))
  const classOf = (suite: number | undefined) => {
    const known = suite === undefined ? undefined : suiteById(suite)
    return known === undefined ? undefined : suiteClass(known)
  }
  const taken = new Set(answers.map(({ flight }) => classOf(flight.hello?.cipher)))
  const chosen = new Set(answers.map(({ flight }) => flight.hello?.cipher))
  return seen({
    offered: WEAK_SUITES,
    accepted: answers.map((answer) => ({ suite: answer.flight.hello?.cipher ?? -1, version: answer.flight.hello?.version ?? -1, answer })),
    unasked: WEAK_SUITES.filter((one) => taken.has(classOf(one)) && !chosen.has(one)),
    rest: WEAK_SUITES.filter((one) => !taken.has(classOf(one))),
    ...(end === undefined ? {} : { end }),
  })
}
const NONE = weak()
const WEAK_13 = weak([], VERSION)
/** An answer with a suite that was not in the hello. */
const STRAY = weak([], seen(chose(GCM)))

const dhe = (prime: Uint8Array, generator: Uint8Array = new Uint8Array([2]), publicValue: Uint8Array = Buffer.alloc(prime.length, 0x33)): TlsHelloObservation =>
  chose('DHE-RSA-AES128-GCM-SHA256', {}, { keyExchange: { kind: 'dhe', prime, generator, publicValue, signature: 0x0401 } })
const modp = (name: string): Buffer => getDiffieHellman(name).getPrime()
const composite = modp('modp14')
while (BigInt(`0x${composite.toString('hex')}`) % 3n !== 0n) composite[composite.length - 1] = ((composite.at(-1) ?? 0) + 2) | 1
const minusOne = (prime: Buffer): Buffer => Buffer.from((BigInt(`0x${prime.toString('hex')}`) - 1n).toString(16), 'hex')

const certificate = (more: Partial<CertificateFacts> = {}): CertificateFacts => ({
  raw: new Uint8Array(800),
  sha256: Buffer.from((more.subject ?? 'leaf').padEnd(32, '.')).toString('hex'),
  serialHex: '4a5b',
  subject: 'CN=api.example.com',
  issuer: 'CN=E1',
  notBefore: day(-30),
  notAfter: day(60),
  dnsNames: ['api.example.com'],
  ipAddresses: [],
  key: { type: 'rsa', bits: 2048 },
  signature: { oid: '1.2.840.113549.1.1.11', name: 'sha256WithRSAEncryption', hash: 'SHA-256' },
  isCa: false,
  ocspUrls: [],
  caIssuerUrls: [],
  crlUrls: [],
  mustStaple: false,
  sctLogIds: [],
  unknownCriticalExtensions: [],
  ...more,
})
const ISSUER = certificate({ subject: 'CN=E1', issuer: 'CN=R1', isCa: true, dnsNames: [] })
const ROOT = certificate({ subject: 'CN=R1', issuer: 'CN=R1', isCa: true, dnsNames: [], notAfter: day(-1), key: { type: 'rsa', bits: 1024 } })
const other = (sha1: boolean | undefined, more: Partial<OtherKeyLook> = {}): OtherKeyLook => ({
  first: 'ecdsa',
  answer: alert(40),
  ...(sha1 === undefined ? {} : { sha1 }),
  ...more,
})
function second(
  leaf: CertificateFacts,
  above: readonly CertificateFacts[] = [ISSUER, ROOT],
  more: Partial<NonNullable<SecondCertificate['second']>> = {},
): object {
  const chain = [leaf, ...above]
  const value: SecondCertificate = {
    look: other(false, { answer: chose('ECDHE-RSA-AES128-GCM-SHA256'), other: chain }),
    second: { leaf, served: chain, store: 'bundled', paths: [{ certificates: chain, anchor: 'bundled' }], longest: chain, endsSelfSigned: false, ...more },
  }
  return { tls12: look12(chose(GCM)), seen: seen(value) }
}
const outside = (more: Partial<OutsideLook> = {}): Observed<OutsideLook> =>
  seen({ weak: NONE.ok ? NONE.value : (undefined as never), more: [{ offered: [id('ECDHE-ECDSA-AES128-CCM')], seen: REFUSED }], left: [], ...more })
const order = (more: Partial<SuiteOrderLook> = {}): Observed<SuiteOrderLook> => seen({ first: chose(GCM), offered: [], ...more })
const ORDERED = [id('ECDHE-RSA-AES128-GCM-SHA256'), id(GCM)]
const every = (...looks: readonly Observed<SuiteLook>[]): object => ({ looks })

type HostDeclaration = NonNullable<TargetInput['hosts']>[string]
type Case = readonly [what: string, looked: object, expected: string, host?: HostDeclaration]
const LIST: HostDeclaration = { tls: { ciphersTls12: ['ECDHE-*-GCM-*'] } }
const CLIENT: HostDeclaration = { tls: { cipherOrder: 'client' } }
const SERVER: HostDeclaration = { tls: { cipherOrder: 'server' } }

/** What a class of suites is judged like. `taken` are suites of it. */
const byClass = (code: string, grade: 'fail' | 'warn', ...taken: readonly string[]): readonly Case[] => [
  ['all refused', { weak: NONE, tls: tls(), tls12: MODERN, tls11: VERSION }, 'pass'],
  ['TLS 1.3 only', { weak: WEAK_13, tls: tls(), tls12: ONLY13, tls11: VERSION }, 'pass'],
  ['refused as too weak', { weak: weak([], seen(alert(71))), tls: tls(), tls12: MODERN, tls11: VERSION }, 'pass'],
  ...taken.map((suite): Case => [`${suite} accepted`, { weak: weak([suite]), tls: tls(), tls12: MODERN, tls11: VERSION }, `${grade} ${code}`]),
  ...taken.map(
    (suite): Case => [`${suite} accepted, then silence`, { weak: weak([suite], SILENT), tls: tls(), tls12: MODERN, tls11: VERSION }, `${grade} ${code}`],
  ),
  ['silence is no refusal', { weak: weak([], SILENT), tls: tls(), tls12: MODERN, tls11: VERSION }, 'inconclusive'],
  ['a reset is no refusal', { weak: weak([], RESET), tls: tls(), tls12: MODERN, tls11: VERSION }, 'inconclusive'],
  ['an end of stream is no refusal', { weak: weak([], EOF), tls: tls(), tls12: MODERN, tls11: VERSION }, 'inconclusive'],
  ['an alert about something else', { weak: weak([], seen(alert(50))), tls: tls(), tls12: MODERN, tls11: VERSION }, 'inconclusive'],
  ['a suite that was not offered', { weak: STRAY, tls: tls(), tls12: MODERN, tls11: VERSION }, 'inconclusive'],
  ['the look itself failed', { weak: RESET, tls: tls(), tls12: MODERN, tls11: VERSION }, 'inconclusive'],
]
const oldVersion = (name: 'tls10' | 'tls11' | 'ssl3', version: number, below: number): readonly Case[] => [
  ['alert protocol_version', { seen: VERSION }, 'pass'],
  ['alert handshake_failure', { seen: REFUSED }, 'pass'],
  ['another version', { seen: seen(chose('AES128-SHA', { version: below })) }, 'pass'],
  ['accepted', { seen: seen(chose('AES128-SHA', { version })) }, `fail tls.${name}.accepted`],
  ['accepted with a suite that was not offered', { seen: seen(chose(GCM, { version })) }, `fail tls.${name}.accepted`],
  ['an alert about something else', { seen: seen(alert(80)) }, 'pass'],
  ['close_notify', { seen: seen(alert(0)) }, 'inconclusive'],
  ['silence is no refusal', { seen: SILENT }, 'inconclusive'],
  ['a reset is no refusal', { seen: RESET }, 'inconclusive'],
  ['an end of stream is no refusal', { seen: EOF }, 'inconclusive'],
  ['rubbish', { seen: NOT_TLS }, 'inconclusive'],
]

const CASES: readonly (readonly [Check, readonly Case[]])[] = [
  [
    ssl2,
    [
      ['an alert of TLS', { seen: VERSION, tls: tls(), tls12: MODERN }, 'pass'],
      ['any alert of TLS', { seen: seen(alert(10)), tls: tls(), tls12: MODERN }, 'pass'],
      ['closed, by a server that speaks TLS', { seen: EOF, tls: tls(), tls12: MODERN }, 'pass'],
      ['reset, by a server that speaks TLS', { seen: RESET, tls: tls(), tls12: SILENT }, 'pass'],
      ['closed, by a server that closes on everybody', { seen: EOF, tls: EOF, tls12: EOF }, 'inconclusive'],
      ['silence', { seen: SILENT, tls: tls(), tls12: MODERN }, 'inconclusive'],
      ['rubbish', { seen: NOT_TLS, tls: tls(), tls12: MODERN }, 'inconclusive'],
      ['half a SERVER-HELLO', { seen: failed('UNREADABLE'), tls: tls(), tls12: MODERN }, 'inconclusive'],
      [
        'SERVER-HELLO',
        { seen: seen(observed('ssl2-server-hello', { ssl2: { kinds: [0x010080], certificateBytes: 700 } })), tls: tls(), tls12: MODERN },
        'fail tls.ssl2.accepted',
      ],
      [
        'SERVER-HELLO without cipher kinds',
        { seen: seen(observed('ssl2-server-hello', { ssl2: { kinds: [], certificateBytes: 0 } })), tls: tls(), tls12: MODERN },
        'fail tls.ssl2.accepted',
      ],
    ],
  ],
  [ssl3, oldVersion('ssl3', 0x0300, 0x0301)],
  [
    tls10,
    [
      ...oldVersion('tls10', 0x0301, 0x0300),
      ['declared by the owner', { seen: seen(chose('AES128-SHA', { version: 0x0301 })) }, 'warn tls.tls10.accepted', { tls: { minVersion: 'TLSv1' } }],
    ],
  ],
  [
    tls11,
    [
      ...oldVersion('tls11', 0x0302, 0x0301),
      ['declared by the owner', { seen: seen(chose('AES128-SHA', { version: 0x0302 })) }, 'warn tls.tls11.accepted', { tls: { minVersion: 'TLSv1.1' } }],
    ],
  ],
  [
    tls12,
    [
      ['both', { ordinary: tls(), capped: MODERN }, 'pass'],
      ['1.3 only', { ordinary: tls(), capped: ONLY13 }, 'pass'],
      ['1.2 with suites that our library does not know', { ordinary: failed('ALERT_HANDSHAKE_FAILURE'), capped: seen(look12(chose('DES-CBC3-SHA'))) }, 'pass'],
      ['neither', { ordinary: failed('ALERT_PROTOCOL_VERSION'), capped: ONLY13 }, 'fail tls.version.too-old'],
      ['anonymous suites alone', { ordinary: failed('ALERT_HANDSHAKE_FAILURE'), capped: seen(look12(alert(40))) }, 'fail tls.version.nothing-in-common'],
      [
        'the library is refused, and our own hello not answered',
        { ordinary: failed('ALERT_HANDSHAKE_FAILURE'), capped: SILENT },
        'fail tls.version.nothing-in-common',
      ],
      [
        'another alert to the library, an old version to our own hello',
        { ordinary: failed('ALERT_HANDSHAKE_FAILURE'), capped: seen(look12(chose('AES128-SHA', { version: 0x0301 }))) },
        'fail tls.version.too-old',
      ],
      [
        '1.1 at most',
        { ordinary: failed('ERR_SSL_UNSUPPORTED_PROTOCOL'), capped: seen(look12(chose('AES128-SHA', { version: 0x0302 }))) },
        'fail tls.version.too-old',
      ],
      ['silent', { ordinary: SILENT, capped: SILENT }, 'inconclusive'],
    ],
  ],
  [
    protocolRange,
    [
      ['as declared', { tls: tlsValue(), tls12: MODERN, tls11: VERSION, tls10: VERSION }, 'pass', { tls: { minVersion: 'TLSv1.2' } }],
      [
        '1.1 accepted',
        { tls: tlsValue(), tls12: MODERN, tls11: seen(chose('AES128-SHA', { version: 0x0302 })), tls10: VERSION },
        'fail tls.version.outside-range',
        { tls: { minVersion: 'TLSv1.2' } },
      ],
      [
        '1.0 is the answer to 1.1',
        { tls: tlsValue(), tls12: MODERN, tls11: seen(chose('AES128-SHA', { version: 0x0301 })), tls10: seen(chose('AES128-SHA', { version: 0x0301 })) },
        'fail tls.version.outside-range',
        { tls: { minVersion: 'TLSv1.2' } },
      ],
      [
        '1.2 accepted',
        { tls: tlsValue(), tls12: MODERN, tls11: VERSION, tls10: VERSION },
        'fail tls.version.outside-range',
        { tls: { minVersion: 'TLSv1.3' } },
      ],
      ['1.2 refused as declared', { tls: tlsValue(), tls12: ONLY13, tls11: VERSION, tls10: VERSION }, 'pass', { tls: { minVersion: 'TLSv1.3' } }],
      ['1.3 chosen', { tls: tlsValue(), tls12: MODERN, tls11: VERSION, tls10: VERSION }, 'fail tls.version.outside-range', { tls: { maxVersion: 'TLSv1.2' } }],
      [
        'only 1.2 where 1.3 is declared',
        { tls: tlsValue({ protocol: 'TLSv1.2' }), tls12: ONLY13, tls11: VERSION, tls10: VERSION },
        'fail tls.version.not-accepted',
        { tls: { minVersion: 'TLSv1.3' } },
      ],
      ['silence to 1.0', { tls: tlsValue(), tls12: MODERN, tls11: VERSION, tls10: SILENT }, 'inconclusive', { tls: { minVersion: 'TLSv1.2' } }],
      ['a reset to 1.2', { tls: tlsValue(), tls12: RESET, tls11: VERSION, tls10: VERSION }, 'inconclusive', { tls: { minVersion: 'TLSv1.3' } }],
    ],
  ],
  [
    cipherNullAnonExport,
    [
      ...byClass('tls.cipher.null', 'fail', 'NULL-SHA256', 'ECDHE-ECDSA-NULL-SHA'),
      ...byClass('tls.cipher.export', 'fail', 'EXP-RC4-MD5', 'EXP1024-DES-CBC-SHA'),
      ...byClass('tls.cipher.anonymous', 'fail', 'ADH-AES128-GCM-SHA256', 'AECDH-RC4-SHA'),
      ['RC4 alone is not its business', { weak: weak(['RC4-SHA']) }, 'pass'],
    ],
  ],
  [
    cipherBroken,
    [
      ...byClass('tls.cipher.broken', 'fail', 'RC4-SHA', 'RC4-MD5', 'DES-CBC-SHA', 'IDEA-CBC-SHA', 'SEED-SHA'),
      ['3DES alone is not its business', { weak: weak(['DES-CBC3-SHA']) }, 'pass'],
    ],
  ],
  [
    cipher3des,
    [
      ...byClass('tls.cipher.3des', 'warn', 'DES-CBC3-SHA', 'ECDHE-RSA-DES-CBC3-SHA'),
      ['chosen in TLS 1.2', { weak: weak(['DES-CBC3-SHA']), tls12: seen(look12(chose('DES-CBC3-SHA'))), tls11: VERSION }, 'fail tls.cipher.3des-chosen'],
      ['chosen in TLS 1.1', { weak: NONE, tls12: MODERN, tls11: seen(chose('ECDHE-RSA-DES-CBC3-SHA', { version: 0x0302 })) }, 'fail tls.cipher.3des-chosen'],
      ['in TLS 1.0 it is not this', { weak: NONE, tls12: MODERN, tls11: seen(chose('DES-CBC3-SHA', { version: 0x0301 })) }, 'pass'],
    ],
  ],
  [
    cipherCbc,
    [
      ...byClass('tls.cipher.cbc', 'warn', 'ECDHE-RSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384'),
      ['chosen', { tls: at12('ECDHE-RSA-AES128-SHA256'), tls12: MODERN, weak: NONE }, 'fail tls.cipher.cbc-preferred'],
      ['chosen in TLS 1.2 beside TLS 1.3', { tls: tls(), tls12: seen(look12(chose('AES128-SHA'))), weak: NONE }, 'fail tls.cipher.cbc-preferred'],
      ['static RSA alone is not its business', { tls: tls(), tls12: MODERN, weak: weak(['AES128-SHA']) }, 'pass'],
      ['CCM_8 with static RSA is not its business', { tls: tls(), tls12: MODERN, weak: weak(['AES128-CCM8']) }, 'pass'],
      ['CCM_8', { tls: tls(), tls12: MODERN, weak: weak(['ECDHE-ECDSA-AES128-CCM8']) }, 'warn tls.cipher.short-tag'],
    ],
  ],
  [
    cipherStaticRsa,
    [
      ...byClass('tls.cipher.static-rsa', 'warn', 'AES128-SHA', 'AES256-GCM-SHA384'),
      ['chosen', { tls: at12('AES128-GCM-SHA256'), tls12: MODERN, weak: NONE }, 'fail tls.cipher.static-rsa'],
      ['chosen in TLS 1.2 beside TLS 1.3', { tls: tls(), tls12: seen(look12(chose('AES256-SHA'))), weak: NONE }, 'fail tls.cipher.static-rsa'],
      ['a key for RSA is not RSA key exchange', { tls: tls(), tls12: seen(look12(chose('ECDHE-RSA-AES128-GCM-SHA256'))), weak: NONE }, 'pass'],
    ],
  ],
  [
    cipherList,
    [
      ['as declared', { tls12: MODERN, outside: outside() }, 'pass', LIST],
      ['as declared, by IANA names', { tls12: MODERN, outside: outside() }, 'pass', { tls: { ciphersTls12: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'] } }],
      ['what is not asked is said', { tls12: MODERN, outside: outside({ left: [id('DHE-DSS-AES128-SHA')] }) }, 'pass', LIST],
      ['another chosen', { tls12: seen(look12(chose('AES128-SHA'))), outside: outside() }, 'fail tls.cipher.undeclared', LIST],
      ['a weak one accepted', { tls12: MODERN, outside: outside({ weak: valueOf(weak(['RC4-SHA'])), more: [] }) }, 'fail tls.cipher.undeclared', LIST],
      [
        'a sound one accepted',
        { tls12: MODERN, outside: outside({ more: [{ offered: [id('ECDHE-ECDSA-AES128-CCM')], seen: seen(chose('ECDHE-ECDSA-AES128-CCM')) }] }) },
        'fail tls.cipher.undeclared',
        LIST,
      ],
      [
        'a declared weak one accepted',
        { tls12: MODERN, outside: outside({ weak: valueOf(weak(['AES128-GCM-SHA256'])) }) },
        'pass',
        { tls: { ciphersTls12: ['ECDHE-*-GCM-*', 'AES*', 'CAMELLIA*'] } },
      ],
      [
        'one of the class of a declared one was not asked',
        { tls12: MODERN, outside: outside({ weak: valueOf(weak(['AES128-GCM-SHA256', 'RC4-SHA'], undefined)), more: [] }) },
        'fail tls.cipher.undeclared',
        { tls: { ciphersTls12: ['ECDHE-*-GCM-*', 'AES128-GCM-SHA256'] } },
      ],
      ['no common suite', { tls12: seen(look12(alert(40))), outside: outside() }, 'fail tls.cipher.none-declared', LIST],
      ['1.3 only', { tls12: ONLY13, outside: outside({ weak: valueOf(WEAK_13), more: [] }) }, 'pass', LIST],
      ['silence', { tls12: MODERN, outside: outside({ more: [{ offered: [id('ECDHE-ECDSA-AES128-CCM')], seen: SILENT }] }) }, 'inconclusive', LIST],
      [
        'a suite that was not offered',
        { tls12: MODERN, outside: outside({ more: [{ offered: [id('ECDHE-ECDSA-AES128-CCM')], seen: seen(chose(GCM)) }] }) },
        'inconclusive',
        LIST,
      ],
      ['a stray in the weak look', { tls12: MODERN, outside: outside({ weak: valueOf(STRAY) }) }, 'inconclusive', LIST],
      ['nothing was answered', { tls12: RESET, outside: RESET }, 'inconclusive', LIST],
      ['silence beside a finding', { tls12: seen(look12(chose('AES128-SHA'))), outside: SILENT }, 'fail tls.cipher.undeclared', LIST],
    ],
  ],
  [
    cipherOrder,
    [
      ['strong suites alone, nothing declared', { weak: NONE, order: order() }, 'pass'],
      ['strong suites alone, the client decides', { weak: NONE, order: order({ offered: ORDERED, last: seen(chose('ECDHE-RSA-AES128-GCM-SHA256')) }) }, 'pass'],
      ['DHE with GCM is not weak in this sense', { weak: weak(['DHE-RSA-AES256-GCM-SHA384']), order: order() }, 'pass'],
      ['weak ones, the server decides', { weak: weak(['AES128-SHA']), order: order({ offered: [id('AES128-SHA'), id(GCM)], last: seen(chose(GCM)) }) }, 'pass'],
      [
        'weak ones, the client decides',
        { weak: weak(['AES128-SHA']), order: order({ offered: [id('AES128-SHA'), id(GCM)], last: seen(chose('AES128-SHA')) }) },
        'warn tls.cipher.order-weak',
      ],
      ['weak ones, then a reset', { weak: weak(['AES128-SHA']), order: order({ offered: [id('AES128-SHA'), id(GCM)], last: RESET }) }, 'inconclusive'],
      ['one weak suite is all there is', { weak: weak(['AES128-SHA']), order: order({ first: chose('AES128-SHA') }) }, 'pass'],
      ['whether there are weak ones is not known', { weak: weak([], RESET), order: order() }, 'inconclusive'],
      ['the client decides', { weak: NONE, order: order({ offered: ORDERED, last: seen(chose('ECDHE-RSA-AES128-GCM-SHA256')) }) }, 'pass', CLIENT],
      [
        'the server decides',
        { weak: NONE, order: order({ offered: ORDERED, last: seen(chose(GCM)), without: seen(chose('ECDHE-RSA-AES128-GCM-SHA256')) }) },
        'pass',
        SERVER,
      ],
      ['one suite has no order', { weak: NONE, order: order({ offered: ORDERED, last: seen(chose(GCM)), without: REFUSED }) }, 'pass', CLIENT],
      [
        'the server decides, the client should',
        { weak: NONE, order: order({ offered: ORDERED, last: seen(chose(GCM)), without: seen(chose('ECDHE-RSA-AES128-GCM-SHA256')) }) },
        'fail tls.cipher.order',
        CLIENT,
      ],
      [
        'the client decides, the server should',
        { weak: NONE, order: order({ offered: ORDERED, last: seen(chose('ECDHE-RSA-AES128-GCM-SHA256')) }) },
        'fail tls.cipher.order',
        SERVER,
      ],
      [
        'whether there is another is unknown',
        { weak: NONE, order: order({ offered: ORDERED, last: seen(chose(GCM)), without: RESET }) },
        'inconclusive',
        CLIENT,
      ],
      ['a suite that was not offered', { weak: NONE, order: order({ offered: ORDERED, last: seen(chose('RC4-SHA')) }) }, 'inconclusive', CLIENT],
      ['TLS 1.3 only', { weak: WEAK_13, order: order({ first: alert(70) }) }, 'skip', CLIENT],
      ['silence', { weak: SILENT, order: SILENT }, 'inconclusive', CLIENT],
    ],
  ],
  [
    cipherEnumeration,
    [
      ['accepted and refused', every(weak(['AES128-SHA']), NONE), 'pass'],
      ['all refused', every(NONE), 'pass'],
      ['TLS 1.3 only', every(WEAK_13), 'pass'],
      ['a suite that was not offered', every(NONE, STRAY), 'warn tls.cipher.stray'],
      ['silence in the middle', every(NONE, weak(['AES128-SHA'], SILENT)), 'inconclusive'],
      ['nothing at all', every(RESET), 'inconclusive'],
    ],
  ],
  [
    fsAead,
    [
      ['TLS 1.3', { tls: tls(), tls12: SILENT, modern: SILENT }, 'pass'],
      ['TLS 1.2 modern', { tls: at12('ECDHE-RSA-AES128-GCM-SHA256'), tls12: MODERN, modern: REFUSED }, 'pass'],
      ['there, not chosen', { tls: at12('AES128-SHA'), tls12: MODERN, modern: seen(chose(GCM)) }, 'warn tls.cipher.not-modern'],
      ['not there', { tls: at12('AES128-SHA'), tls12: seen(look12(chose('AES128-SHA'))), modern: REFUSED }, 'fail tls.cipher.no-modern'],
      [
        'our library cannot speak what there is',
        { tls: failed('ALERT_HANDSHAKE_FAILURE'), tls12: seen(look12(chose('DES-CBC3-SHA'))), modern: REFUSED },
        'fail tls.cipher.no-modern',
      ],
      ['unknown', { tls: at12('AES128-SHA'), tls12: MODERN, modern: RESET }, 'inconclusive'],
      ['nothing was answered', { tls: SILENT, tls12: SILENT, modern: SILENT }, 'inconclusive'],
    ],
  ],
  [
    dheParams,
    [
      ['not offered', { tls12: MODERN, weak: NONE }, 'pass'],
      ['TLS 1.3 only', { tls12: ONLY13, weak: WEAK_13 }, 'pass'],
      ['2,048 bits, RFC 3526', { tls12: MODERN, weak: weak([dhe(modp('modp14'))]) }, 'warn tls.dhe.offered'],
      ['4,096 bits', { tls12: MODERN, weak: weak([dhe(modp('modp16'))]) }, 'warn tls.dhe.offered'],
      ['prime, not safe, 2,048 bits', { tls12: MODERN, weak: weak([dhe(Buffer.from(generatePrimeSync(2048, { add: 8n, rem: 1n })))]) }, 'warn tls.dhe.offered'],
      ['1,024 bits of its own', { tls12: MODERN, weak: weak([dhe(Buffer.from(generatePrimeSync(1024)))]) }, 'fail tls.dhe.short'],
      ['1,024 bits that everybody has', { tls12: MODERN, weak: weak([dhe(modp('modp2'))]) }, 'fail tls.dhe.common'],
      [
        'with leading zeros',
        { tls12: MODERN, weak: weak([dhe(Buffer.concat([Buffer.alloc(4), modp('modp2')]), new Uint8Array([2]), new Uint8Array([7]))]) },
        'fail tls.dhe.common',
      ],
      ['768 bits', { tls12: MODERN, weak: weak([dhe(modp('modp1'))]) }, 'fail tls.dhe.short'],
      ['composite', { tls12: MODERN, weak: weak([dhe(composite)]) }, 'fail tls.dhe.composite'],
      ['zero', { tls12: MODERN, weak: weak([dhe(Buffer.alloc(256))]) }, 'fail tls.dhe.composite'],
      ['generator 1', { tls12: MODERN, weak: weak([dhe(modp('modp14'), new Uint8Array([1]))]) }, 'fail tls.dhe.generator'],
      ['generator p-1', { tls12: MODERN, weak: weak([dhe(modp('modp14'), minusOne(modp('modp14')))]) }, 'fail tls.dhe.generator'],
      ['public value 1', { tls12: MODERN, weak: weak([dhe(modp('modp14'), new Uint8Array([2]), new Uint8Array([1]))]) }, 'fail tls.dhe.generator'],
      ['a modulus of 65,535 bytes costs nothing', { tls12: MODERN, weak: weak([dhe(Buffer.alloc(65_535, 0xff))]) }, 'warn tls.dhe.offered'],
      ['chosen by the hello of the plan', { tls12: seen(look12(dhe(modp('modp2')))), weak: SILENT }, 'fail tls.dhe.common'],
      [
        'accepted, parameters unread',
        { tls12: MODERN, weak: weak([chose('DHE-RSA-AES128-SHA', {}, { keyExchange: { kind: 'unread' } })]) },
        'warn tls.dhe.unread',
      ],
      ['silence', { tls12: MODERN, weak: weak([], SILENT) }, 'inconclusive'],
      ['a reset', { tls12: MODERN, weak: RESET }, 'inconclusive'],
    ],
  ],
  [
    ems,
    [
      ['present', { tls12: look12(chose(GCM)) }, 'pass'],
      ['absent', { tls12: look12(chose(GCM, { extensions: [RI] })) }, 'warn tls.ems.missing'],
      ['TLS 1.3 only', { tls12: look12(alert(70)) }, 'skip'],
      ['SSL 3.0 has none', { tls12: look12(chose('AES128-SHA', { version: 0x0300, extensions: [] })) }, 'skip'],
      ['refused for another reason', { tls12: look12(alert(40)) }, 'inconclusive'],
    ],
  ],
  [
    secureRenegotiation,
    [
      ['present', { tls12: look12(chose(GCM)) }, 'pass'],
      ['absent', { tls12: look12(chose(GCM, { extensions: [EMS] })) }, 'fail tls.renegotiation.insecure'],
      ['not empty', { tls12: look12(chose(GCM, { extensions: [{ type: 0xff01, data: new Uint8Array(13) }] })) }, 'fail tls.renegotiation.insecure'],
      ['TLS 1.3 only', { tls12: look12(alert(70)) }, 'skip'],
      ['refused for another reason', { tls12: look12(alert(40)) }, 'inconclusive'],
    ],
  ],
  [
    compression,
    [
      ['none', { tls12: look12(chose(GCM)) }, 'pass'],
      ['DEFLATE', { tls12: look12(chose(GCM, { compression: 1 })) }, 'fail tls.compression.used'],
      ['LZS', { tls12: look12(chose(GCM, { compression: 64 })) }, 'fail tls.compression.used'],
      ['TLS 1.3 only', { tls12: look12(alert(70)) }, 'skip'],
      ['refused for another reason', { tls12: look12(alert(40)) }, 'inconclusive'],
    ],
  ],
  [
    skeSignature,
    [
      ['refused', { tls12: look12(chose(GCM)), look: seen(other(false)) }, 'pass'],
      ['signed', { tls12: look12(chose(GCM)), look: seen(other(true, { answer: chose(GCM) })) }, 'fail tls.signature.sha1'],
      [
        'signed though better was offered',
        { tls12: look12(chose(GCM, {}, { keyExchange: { kind: 'ecdhe', group: 29, signature: 0x0201 } })), look: SILENT },
        'fail tls.signature.sha1',
      ],
      ['MD5', { tls12: look12(chose(GCM, {}, { keyExchange: { kind: 'ecdhe', group: 29, signature: 0x0101 } })), look: SILENT }, 'fail tls.signature.sha1'],
      [
        'SHA-224',
        { tls12: look12(chose(GCM, {}, { keyExchange: { kind: 'ecdhe', group: 29, signature: 0x0303 } })), look: seen(other(false)) },
        'warn tls.signature.sha224',
      ],
      [
        'RSA-PSS is not SHA-1',
        { tls12: look12(chose(GCM, {}, { keyExchange: { kind: 'ecdhe', group: 29, signature: 0x0804 } })), look: seen(other(false)) },
        'pass',
      ],
      ['not known', { tls12: look12(chose(GCM)), look: seen(other(undefined)) }, 'inconclusive'],
      ['silence', { tls12: look12(chose(GCM)), look: SILENT }, 'inconclusive'],
      ['TLS 1.3 only', { tls12: look12(alert(70)), look: failed('NO_TLS12') }, 'skip'],
      ['TLS 1.1 at most', { tls12: look12(chose('AES128-SHA', { version: 0x0302 })), look: failed('NO_TLS12') }, 'skip'],
      ['refused for another reason', { tls12: look12(alert(40)), look: failed('NO_TLS12') }, 'inconclusive'],
    ],
  ],
  [
    dualCert,
    [
      ['no second certificate', { tls12: look12(chose(GCM)), seen: seen({ look: other(false) }) }, 'pass'],
      ['a key for RSA alone', { tls12: look12(chose('ECDHE-RSA-AES128-GCM-SHA256')), seen: seen({ look: other(false, { first: 'rsa' }) }) }, 'pass'],
      ['a complaint of our bytes', { tls12: look12(chose(GCM)), seen: seen({ look: { first: 'rsa', answer: alert(50) } }) }, 'inconclusive'],
      ['a certificate nobody can read', { tls12: look12(chose(GCM)), seen: seen({ look: { first: 'rsa', answer: chose(GCM) } }) }, 'inconclusive'],
      ['a good one; what its old root is like does not matter', second(certificate()), 'pass'],
      ['expired', second(certificate({ notAfter: day(-1) })), 'fail tls.dual.dates'],
      ['not valid yet', second(certificate({ notBefore: day(1) })), 'fail tls.dual.dates'],
      ['a date that is none', second(certificate({ notAfter: 'rubbish' })), 'fail tls.dual.dates'],
      ['expired intermediate', second(certificate(), [certificate({ subject: 'CN=E1', notAfter: day(-1), isCa: true }), ROOT]), 'fail tls.dual.dates'],
      ['another host', second(certificate({ dnsNames: ['www.example.com'] })), 'fail tls.dual.name'],
      ['no path', second(certificate(), [], { paths: [] }), 'fail tls.dual.chain'],
      ['self-signed', second(certificate(), [], { paths: [], endsSelfSigned: true }), 'fail tls.dual.chain'],
      ['RSA 1024', second(certificate({ key: { type: 'rsa', bits: 1024 } })), 'fail tls.dual.weak'],
      ['SHA-1', second(certificate({ signature: { oid: '', name: 'sha1WithRSAEncryption', hash: 'SHA-1' } })), 'fail tls.dual.weak'],
      ['TLS 1.3 only', { tls12: look12(alert(70)), seen: failed('NO_TLS12') }, 'skip'],
      ['silence', { tls12: look12(chose(GCM)), seen: SILENT }, 'inconclusive'],
      ['refused for another reason', { tls12: look12(alert(40)), seen: failed('NO_TLS12') }, 'inconclusive'],
    ],
  ],
]

function tlsValue(more: Partial<TlsObservation> = {}): TlsObservation {
  return valueOf(tls(more))
}
function valueOf<T>(one: Observed<T>): T {
  if (!one.ok) throw new RangeError('nothing was seen')
  return one.value
}

function judge(check: Check, looked: object, host: HostDeclaration = {}): Verdict {
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { api: host } }), { sha256: '0' })
  const [only] = target.hosts
  if (only === undefined) throw new RangeError('no host')
  return check.judge(looked as never, { target, subject: { name: only.fqdn, host: only }, now: NOW, options: check.options })
}
const shown = (verdict: Verdict): string => (verdict.outcome === 'warn' || verdict.outcome === 'fail' ? `${verdict.outcome} ${verdict.code}` : verdict.outcome)

test('every check has cases in all directions', () => {
  expect(CASES.length).toBe(21)
  for (const [check, cases] of CASES) {
    const outcomes = cases.map(([, , expected]) => expected.split(' ')[0])
    expect([check.id, outcomes.includes('pass'), outcomes.some((one) => one === 'warn' || one === 'fail'), outcomes.includes('inconclusive')]).toEqual([
      check.id,
      true,
      true,
      true,
    ])
    // Every code is proven by a case.
    expect(Object.keys(check.codes).filter((code) => !cases.some(([, , expected]) => expected.endsWith(` ${code}`)))).toEqual([])
  }
})

describe.each(CASES.map(([check, cases]) => ({ id: check.id, check, cases })))('$id', ({ check, cases }) => {
  test.each(cases.map((each) => ({ what: each[0], each })))('$what', ({ each: [, looked, expected, host] }) => {
    const verdict = judge(check, looked, host)
    expect(shown(verdict)).toBe(expected)
    if (verdict.outcome === 'inconclusive') {
      expect(verdict.blame).toBe('unobserved')
      return
    }
    expect(verdict.evidence.length).toBeGreaterThan(0)
    for (const item of verdict.evidence) expect([item.what, item.expected, item.received].every((text) => text.length > 0)).toBe(true)
    if (verdict.outcome === 'warn' || verdict.outcome === 'fail') expect(Object.keys(check.codes)).toContain(verdict.code)
  })
})

test('severities follow what was found', () => {
  const severityOf = (check: Check, looked: object): string | undefined => {
    const verdict = judge(check, looked)
    return verdict.outcome === 'fail' || verdict.outcome === 'warn' ? (verdict.severity ?? check.severity) : undefined
  }
  expect(severityOf(dheParams, { tls12: MODERN, weak: weak([dhe(modp('modp1'))]) })).toBe('critical')
  expect(severityOf(dheParams, { tls12: MODERN, weak: weak([dhe(modp('modp2'))]) })).toBe('critical')
  expect(severityOf(dheParams, { tls12: MODERN, weak: weak([dhe(Buffer.from(generatePrimeSync(1024)))]) })).toBe('medium')
  expect(severityOf(dheParams, { tls12: MODERN, weak: weak([dhe(modp('modp16'))]) })).toBe('low')
  expect(severityOf(secureRenegotiation, { tls12: look12(chose(GCM, { extensions: [] })) })).toBe('high')
  expect(severityOf(dualCert, second(certificate({ notAfter: day(-1) })))).toBe('high')
  expect(severityOf(cipherNullAnonExport, { weak: weak(['NULL-SHA']) })).toBe('critical')
  expect(severityOf(fsAead, { tls: at12('AES128-SHA'), tls12: MODERN, modern: seen(chose(GCM)) })).toBe('medium')
})

test('what a server says is in the evidence', () => {
  const received = (check: Check, looked: object, host?: HostDeclaration): string =>
    judge(check, looked, host)
      .evidence.map((one) => one.received)
      .join(' | ')
  expect(received(cipherBroken, { weak: weak(['RC4-SHA']) })).toBe('accepted: RC4-SHA (TLSv1.2)')
  expect(received(cipherBroken, { weak: WEAK_13 })).toContain('to the version itself')
  expect(received(cipherEnumeration, every(weak(['AES128-SHA'])))).toContain('1 accepted: AES128-SHA (TLSv1.2)')
  expect(received(dheParams, { tls12: MODERN, weak: weak([dhe(modp('modp2'))]) })).toContain('1024 bits, RFC 2409 group 2')
  expect(received(tls10, { seen: seen(chose('AES128-SHA', { version: 0x0301 })) })).toBe('ServerHello TLSv1 AES128-SHA')
})

test('checks of full depth say why they do not ask', () => {
  const target = (depth: 'default' | 'full') => normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { api: {} }, depth }), { sha256: '0' })
  for (const check of [ssl2, cipherEnumeration]) {
    expect(check.subjects(target('default'))).toEqual([])
    expect(check.unless.reason).toContain('--depth full')
    expect(check.subjects(target('full')).length).toBeGreaterThan(0)
  }
})

test('suite patterns', () => {
  expect(suiteMatches('ECDHE-*-GCM-*', 'ECDHE-RSA-AES128-GCM-SHA256')).toBe(true)
  expect(suiteMatches('ECDHE-*-GCM-*', 'DHE-RSA-AES128-GCM-SHA256')).toBe(false)
  expect(suiteMatches('AES128-SHA', 'AES128-SHA256')).toBe(false)
  expect(suiteMatches('A*A', 'A')).toBe(false)
  expect(suitesOutside(['*'])).toEqual([])
  expect(suitesOutside([]).length).toBeGreaterThan(170)
  expect(suitesOutside(['ECDHE-*-GCM-*'])).not.toContain(id(GCM))
})

/** The checks of this file on one host of a world that is unusual, and right. */
async function unusual(
  change: (world: WorldSpec) => void | Promise<void>,
): Promise<{ readonly outcomes: Record<string, string>; readonly connections: number }> {
  const world = healthyWorld()
  await change(world)
  const { byKey, connections } = await outcomesOf(
    world,
    CASES.map(([check]) => check),
    { hosts: new Set(['home']) },
  )
  const outcomes = Object.fromEntries([...byKey.values()].filter(({ subject }) => subject === 'home.example.com').map(({ check, outcome }) => [check, outcome]))
  return { outcomes, connections: connections['443 home.example.com'] ?? 0 }
}
const notPassed = (outcomes: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(outcomes).filter(([, outcome]) => outcome !== 'pass'))
const setTls = (world: WorldSpec, change: object): void => {
  const { home } = world.hosts
  if (home === undefined) throw new RangeError('no host')
  home.tls = { ...home.tls, ...change }
}

describe('deployments that are right raise no word', () => {
  test('the usual one, in six connections', async () => {
    const { outcomes, connections } = await unusual(() => {})
    expect(notPassed(outcomes)).toEqual({})
    // The ordinary handshake, TLS 1.2, old versions, weak suites, a handshake that prefers the other kind of key, a hello for that kind alone.
    expect(connections).toBe(6)
  })
  test('TLS 1.3 alone: features of TLS 1.2 are skipped, nothing more is asked', async () => {
    const { outcomes, connections } = await unusual((world) => setTls(world, { minVersion: 'TLSv1.3' }))
    expect(notPassed(outcomes)).toEqual({
      'tls/cipher-order': 'skip',
      'tls/compression': 'skip',
      'tls/dual-cert': 'skip',
      'tls/ems': 'skip',
      'tls/secure-renegotiation': 'skip',
      'tls/ske-signature': 'skip',
    })
    // The ordinary handshake, TLS 1.2 in a list and without one, TLS 1.1, TLS 1.0.
    expect(connections).toBe(5)
  })
  test('a key for RSA', async () => {
    const { outcomes } = await unusual((world) => {
      const { home } = world.hosts
      if (home !== undefined) home.certificate = { ...home.certificate, key: 'rsa2048' }
    })
    expect(notPassed(outcomes)).toEqual({})
  })
  test('two certificates that are both good', async () => {
    const { outcomes } = await unusual((world) => {
      const { home } = world.hosts
      if (home !== undefined) home.secondCertificate = { ...home.certificate, key: 'rsa2048' }
    })
    expect(notPassed(outcomes)).toEqual({})
  })
  test('the client decides among strong suites', async () => {
    const { outcomes } = await unusual((world) => setTls(world, { honorCipherOrder: false }))
    expect(notPassed(outcomes)).toEqual({})
  })
})

describe('what is not an answer is no verdict', () => {
  const SUITES = [
    'tls/cipher-3des',
    'tls/cipher-broken',
    'tls/cipher-cbc',
    'tls/cipher-list',
    'tls/cipher-null-anon-export',
    'tls/cipher-order',
    'tls/cipher-static-rsa',
    'tls/dhe-params',
  ]
  const inconclusive = (ids: readonly string[]) => Object.fromEntries(ids.map((one) => [one, 'inconclusive']))
  const isModern = (ciphers: readonly number[]): boolean => ciphers.includes(0xc02b)
  test.each(['close', 'reset'] as const)('%s instead of an alert, to weak suites', async (how) => {
    const { outcomes } = await unusual((world) => answerHellos(world, 'home', (hello) => (isTls12(hello) && !isModern(hello.ciphers) ? how : undefined)))
    expect(notPassed(outcomes)).toEqual(inconclusive(SUITES))
  })
  test.each(['close', 'reset'] as const)('%s instead of an alert, to old versions', async (how) => {
    const { outcomes } = await unusual((world) => answerHellos(world, 'home', (hello) => (newestOffered(hello) < 0x0303 ? how : undefined)))
    expect(notPassed(outcomes)).toMatchObject(inconclusive(['tls/protocol-range', 'tls/tls10', 'tls/tls11']))
  })
  test('a suite that was not offered', async () => {
    const { outcomes } = await unusual((world) =>
      answerHellos(world, 'home', (hello, certificates) =>
        isTls12(hello) && !isModern(hello.ciphers)
          ? serverFlight({ version: 0x0303, cipher: 0xc02b, certificates, keyExchange: { kind: 'ecdhe', signature: 0x0403 } })
          : undefined,
      ),
    )
    expect(notPassed(outcomes)).toEqual(inconclusive(SUITES))
  })
  test('a warning before the ServerHello is no refusal', async () => {
    const { outcomes } = await unusual((world) =>
      answerHellos(world, 'home', (hello, certificates) =>
        isTls12(hello) && hello.ciphers.includes(0x0005) && !isModern(hello.ciphers)
          ? Buffer.concat([alertBytes(112, { level: 1 }), serverFlight({ version: 0x0303, cipher: 0x0005, certificates })])
          : undefined,
      ),
    )
    expect(outcomes['tls/cipher-broken']).toBe('fail')
  })
})
