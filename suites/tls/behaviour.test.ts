/** How servers take hellos, and old defects: what each observation means. A healthy one, one thing wrong per case, and what must not alarm. */
import { describe, expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import { suiteNamed } from '../../helpers/grammar/tls-names.ts'
import type { CertificateFacts, HttpObservation, ServerFlight, ServerHello, TlsHelloObservation, TlsObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import type { CompressionOracle } from '../../helpers/probes/compression-oracle.ts'
import type { EchLook } from '../../helpers/probes/ech.ts'
import type { Renegotiation, RenegotiationLook } from '../../helpers/probes/renegotiation.ts'
import type { FallbackLook, GroupsLook, HelloSample, HelloSizes, KeyExchangeLook, UnknownValues } from '../../helpers/probes/tls-behaviour.ts'
import type { CcsTry, HeartbleedTry, Padding, Reaction, RobotLook, RobotRound, TicketbleedLook } from '../../helpers/probes/tls-vulnerabilities.ts'
import { normaliseTarget, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import alpn from './alpn.check.ts'
import ccsInjection from './ccs-injection.check.ts'
import clientRenegotiation from './client-renegotiation.check.ts'
import ech from './ech.check.ts'
import fallbackScsv from './fallback-scsv.check.ts'
import groups from './groups.check.ts'
import heartbleed from './heartbleed.check.ts'
import httpCompression from './http-compression.check.ts'
import largeClientHello from './large-clienthello.check.ts'
import pqKex from './pq-kex.check.ts'
import robot from './robot.check.ts'
import ticketbleed from './ticketbleed.check.ts'
import versionIntolerance from './version-intolerance.check.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
const at = NOW.toISOString()
const peer = '192.0.2.1:443'

type HostDeclaration = NonNullable<TargetInput['hosts']>[string]
function judge(check: Check, looked: object, host: HostDeclaration = {}, options: object = {}): Verdict {
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { api: host } }), { sha256: '0' })
  const [only] = target.hosts
  if (only === undefined) throw new RangeError('no host')
  return check.judge(looked as never, { target, subject: { name: only.fqdn, host: only }, now: NOW, options: { ...check.options, ...options } })
}
const shown = (verdict: Verdict): string => (verdict.outcome === 'warn' || verdict.outcome === 'fail' ? `${verdict.outcome} ${verdict.code}` : verdict.outcome)

const seen = <T>(value: T, attempts = 1): Observed<T> => ({ ok: true, value, startedAt: at, durationMs: 1, attempts })
const failed = (code: string, phase: 'tls' | 'connect' | 'deadline' = 'tls', message = code.toLowerCase()): Observed<never> => ({
  ok: false,
  failure: { code, message, phase },
  startedAt: at,
  durationMs: 1,
  attempts: 2,
})
const RESET = failed('ECONNRESET')
const SILENT = failed('TIMEOUT')
const EOF = failed('EOF')

const id = (name: string): number => suiteNamed(name)?.id ?? Number.NaN
const ECDHE = id('ECDHE-RSA-AES128-GCM-SHA256')
const STATIC = id('AES128-GCM-SHA256')
const answer = (flight: Partial<ServerFlight>): TlsHelloObservation => ({
  peer,
  address: '192.0.2.1',
  answer: flight.hello === undefined ? 'alert' : flight.hello.retry ? 'hello-retry-request' : 'server-hello',
  flight: { certificates: [], certificateCount: 0, certificateBytes: 0, complete: true, ...flight },
  closed: 'open',
  helloBytes: 200,
  receivedBytes: 100,
  answerMs: 1,
  at,
})
const hello = (more: Partial<ServerHello> = {}): ServerHello => ({
  version: 0x0303,
  cipher: ECDHE,
  compression: 0,
  sessionId: new Uint8Array(),
  extensions: [],
  retry: false,
  ...more,
})
const says = (more: Partial<ServerHello> = {}): Observed<TlsHelloObservation> => seen(answer({ hello: hello(more) }))
const alert = (description: number): Observed<TlsHelloObservation> => seen(answer({ alert: { level: 2, description } }))
const retry = (group: number): Observed<TlsHelloObservation> => says({ version: 0x0304, cipher: 0x1301, retry: true, group })

const tls = (more: Partial<TlsObservation> = {}): TlsObservation => ({
  peer,
  address: '192.0.2.1',
  servername: 'api.example.com',
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  group: 'X25519MLKEM768',
  alpn: 'h2',
  authorized: true,
  store: 'bundled',
  chain: [],
  handshakeMs: 12,
  connectMs: 8,
  loopDelayMs: 0,
  at,
  ...more,
})
const withoutAlpn = (({ alpn: _none, ...rest }: TlsObservation): TlsObservation => rest)(tls())
const withoutGroup = (({ group: _none, ...rest }: TlsObservation): TlsObservation => rest)(tls())

type Case = readonly [what: string, looked: object, expected: string, host?: HostDeclaration, options?: object]

const kex = (more: Partial<KeyExchangeLook>): object => ({ look: { tls: tls(), offered: true, ...more } })
const X25519 = tls({ group: 'X25519' })
const PQ = 0x11ec
const DRAFT = 0x6399

const sample = (result: HelloSample['result'], more: Partial<HelloSample> = {}): HelloSample => ({
  what: 'a hello',
  result,
  how: result,
  answerMs: 20,
  at,
  ...more,
})
const GOOD = sample('answered')
const GONE = sample('lost', { how: 'read ECONNRESET (ECONNRESET)' })
const pairs = (count: number, large: (index: number) => HelloSample, small: (index: number) => HelloSample = () => GOOD): NonNullable<HelloSizes['pairs']> =>
  Array.from({ length: count }, (_, index) => ({ large: large(index), small: small(index) }))
const tolerant: Observed<UnknownValues> = seen({ greased: says() })
const allergic: Observed<UnknownValues> = seen({ greased: RESET, plain: says() })
const sizes = (more: Partial<HelloSizes>, unknown: Observed<UnknownValues> = tolerant): object => ({
  sizes: { large: [GOOD, GOOD], small: [GOOD, GOOD, GOOD], retried: [], peer, ...more },
  unknown,
})

const TLS12 = says()
const TLS11 = says({ version: 0x0302 })
const versions = (
  tls11: Observed<TlsHelloObservation>,
  tls10: Observed<TlsHelloObservation>,
  accepted: readonly number[],
  fallback?: FallbackLook['fallback'],
): object => ({
  look: {
    asked: [
      { version: 0x0303, seen: TLS12 },
      { version: 0x0302, seen: tls11 },
      { version: 0x0301, seen: tls10 },
    ],
    accepted,
    ...(fallback === undefined ? {} : { fallback }),
  },
})

const group = (number: number, version = 0x0304): GroupsLook['accepted'][number] => ({ group: number, version })
const NO_MORE: GroupsLook['ends'] = [
  { version: 'TLS 1.3', end: alert(40), rest: [] },
  { version: 'TLS 1.2', end: alert(40), rest: [] },
]
const look = (accepted: GroupsLook['accepted'], ends: GroupsLook['ends'] = NO_MORE): object => ({ groups: { accepted, ends, peer } })

const tried = (completed: number, end: Renegotiation['end'], asked = 1): Renegotiation => ({ peer, completed, asked, end, how: end, at })
const renegotiations = (...tries: readonly Renegotiation[]): { seen: Observed<RenegotiationLook> } => ({
  seen: seen({ handshake: tls({ protocol: 'TLSv1.2' }), tries }),
})

const reaction = (more: Partial<Reaction> = {}): Reaction => ({ alerts: [], heartbeatBytes: 0, end: 'open', ...more })
const heartbeats = says({ extensions: [{ type: 15, data: Buffer.from([1]) }] })
const valueOf = <T>(observed: Observed<T>): T => {
  if (!observed.ok) throw new TypeError('not observed')
  return observed.value
}
const beat = (more: Partial<HeartbleedTry> = {}): HeartbleedTry => ({ hello: valueOf(heartbeats), offered: true, ...more })
const LEAK = beat({ empty: reaction({ heartbeatBytes: 16_387 }) })
const QUIET = beat({ empty: reaction(), honest: reaction() })

const ccs = (first: Reaction | undefined, second?: Reaction): CcsTry => ({
  hello: valueOf(says()),
  before: reaction(),
  ...(first === undefined ? {} : { first }),
  ...(second === undefined ? {} : { second }),
})
const TOOK = ccs(reaction(), reaction({ alerts: [20] }))

const tickets = (more: Partial<TicketbleedLook>): object => ({ seen: seen({ peer, protocol: 'TLSv1.2', ticket: true, tries: [], at, ...more }) })
const LONGER = { sent: 8, received: 32, ours: true } as const
const SAME = { sent: 8, received: 8, ours: true } as const
const NEW = { sent: 8, received: 32, ours: false } as const

const ALIKE: Readonly<Record<Padding, Reaction>> = {
  right: reaction({ alerts: [20] }),
  'wrong first bytes': reaction({ alerts: [20] }),
  'zero in the wrong place': reaction({ alerts: [20] }),
  'no zero': reaction({ alerts: [20] }),
  'wrong version': reaction({ alerts: [20] }),
}
const round = (more: Partial<Record<Padding, Reaction>> = {}, flow: RobotRound['flow'] = 'whole'): RobotRound => ({ flow, reactions: { ...ALIKE, ...more } })
const all = (one: Reaction, flow: RobotRound['flow'] = 'whole'): RobotRound =>
  round({ right: one, 'wrong first bytes': one, 'zero in the wrong place': one, 'no zero': one, 'wrong version': one }, flow)
const ORACLE = round({ 'wrong first bytes': reaction({ alerts: [47] }) })
const weak = (accepted: boolean, end: Observed<TlsHelloObservation> = alert(40)): RobotLook['weak'] => ({
  offered: [STATIC],
  accepted: accepted ? [{ suite: STATIC, version: 0x0303, answer: valueOf(says({ cipher: STATIC })) }] : [],
  unasked: [],
  rest: accepted ? [] : [STATIC],
  end,
})
const rsa = (...rounds: readonly RobotRound[]): object => ({ look: { weak: weak(true), suite: STATIC, rounds, peer, at } })

const dns: EchLook['dns'] = {
  name: 'api.example.com',
  type: 'HTTPS',
  server: '192.0.2.53:53',
  rcode: 'NOERROR',
  noData: false,
  answers: [],
  authority: [],
  authoritative: false,
  recursionAvailable: true,
  authenticated: false,
  transport: 'udp',
  truncated: false,
  durationMs: 1,
  at,
}
const contents = {
  configId: 1,
  kem: 0x20,
  publicKeyBytes: 32,
  suites: [{ kdf: 1, aead: 1 }],
  maximumNameLength: 0,
  publicName: 'front.example.com',
  extensions: [],
}
const published = (reading: EchLook['published'][number]['reading']): EchLook['published'] => [{ text: '1 . ech=AAAA', reading, here: true }]
const USABLE = published({ ok: true, value: [{ version: 0xfe0d, contents }] })
const leaf = (name: string): CertificateFacts => ({ subject: `CN=${name}`, dnsNames: [name], ipAddresses: [] }) as unknown as CertificateFacts
const front = (more: Partial<TlsObservation> = {}): EchLook['publicNames'] => [
  { name: 'front.example.com', seen: seen(tls({ chain: [leaf('front.example.com')], ...more })) },
]
const echo = (more: Partial<EchLook>): object => ({ look: { dns, published: [], publicNames: [], ...more } })

const http = (more: Partial<HttpObservation> = {}): HttpObservation => ({
  url: 'https://api.example.com/',
  method: 'GET',
  status: 200,
  statusText: 'OK',
  httpVersion: '2',
  headers: [['content-type', 'text/html']],
  body: Buffer.from('<!doctype html>'),
  wireBytes: 15,
  truncated: false,
  decodeFailed: false,
  peer,
  reused: true,
  at,
  timings: { connectMs: 1, tlsMs: 1, ttfbMs: 1, totalMs: 2, loopDelayMs: 0 } as unknown as HttpObservation['timings'],
  ...more,
})
const page = (more: Partial<CompressionOracle>): object => ({ look: { document: http(), html: true, secrets: ['csrf_token'], ...more } })
const again = (coding: string | undefined, reflected: boolean, same: readonly string[], response = http()): NonNullable<CompressionOracle['again']> =>
  seen({ response, ...(coding === undefined ? {} : { coding }), reflected, same })
const blocked = http({ status: 403, headers: [['cf-mitigated', 'challenge']], body: Buffer.from('') })

const CASES: readonly (readonly [check: Check, cases: readonly Case[]])[] = [
  [
    pqKex,
    [
      ['hybrid, and classical clients get through', kex({ classical: says() }), 'pass'],
      ['hybrid with TLS 1.3 alone, classical group asked for', kex({ classical: retry(29) }), 'pass'],
      ['hybrid, whether classical is accepted is unknown', kex({ classical: SILENT }), 'pass'],
      ['hybrid alone', kex({ classical: alert(40) }), 'warn tls.pq.only'],
      ['offered first, and a classical group chosen', kex({ tls: X25519 }), 'warn tls.pq.not-chosen'],
      ['offered first, and a classical group chosen, required', kex({ tls: X25519 }), 'fail tls.pq.not-chosen', {}, { required: true }],
      ['classical', kex({ tls: X25519, alone: alert(40), others: alert(40) }), 'warn tls.pq.missing'],
      ['classical, required', kex({ tls: X25519, alone: alert(40), others: alert(40) }), 'fail tls.pq.missing', {}, { required: true }],
      ['classical, the others silent', kex({ tls: X25519, alone: alert(40), others: SILENT }), 'warn tls.pq.missing'],
      ['TLS 1.2', kex({ tls: tls({ protocol: 'TLSv1.2', group: 'X25519' }) }), 'warn tls.pq.missing'],
      ['supported, not preferred', kex({ tls: X25519, alone: retry(PQ) }), 'warn tls.pq.not-preferred'],
      ['not offered by us, preferred when it is', kex({ tls: X25519, offered: false, alone: retry(PQ), both: retry(PQ) }), 'pass'],
      ['not offered by us, not preferred', kex({ tls: X25519, offered: false, alone: retry(PQ), both: retry(29) }), 'warn tls.pq.not-preferred'],
      ['not offered by us, preference unknown', kex({ tls: X25519, offered: false, alone: retry(PQ), both: RESET }), 'inconclusive'],
      ['the runtime does not say, the server asks for it', kex({ tls: withoutGroup, alone: retry(PQ), both: retry(PQ) }), 'pass'],
      ['another hybrid', kex({ tls: X25519, alone: alert(40), others: retry(0x11eb) }), 'warn tls.pq.other-group'],
      ['the draft alone', kex({ tls: X25519, alone: alert(40), others: retry(DRAFT), withoutDraft: alert(40) }), 'warn tls.pq.draft'],
      ['the draft before another hybrid', kex({ tls: X25519, alone: alert(40), others: retry(DRAFT), withoutDraft: retry(0x11ed) }), 'warn tls.pq.other-group'],
      ['silence to it alone', kex({ tls: X25519, alone: SILENT, others: SILENT }), 'inconclusive'],
      ['closed on it alone', kex({ tls: X25519, alone: EOF, others: alert(40) }), 'inconclusive'],
    ],
  ],
  [
    groups,
    [
      ['ordinary', look([group(PQ), group(29), group(23), group(24), group(23, 0x0303)]), 'pass'],
      ['many strong ones are no fault', look([group(29), group(23), group(25), group(30), group(256), group(257), group(26), group(7, 0x0303)]), 'pass'],
      ['224 bits are not below 224', look([group(29), group(21, 0x0303)]), 'pass'],
      ['sect163k1', look([group(29), group(1, 0x0303)]), 'fail tls.groups.weak'],
      ['secp192r1', look([group(29), group(19, 0x0303)]), 'fail tls.groups.weak'],
      ['weak, though the other series broke off', look([group(1, 0x0303)], [{ version: 'TLS 1.3', end: RESET, rest: [29] }]), 'fail tls.groups.weak'],
      ['none that clients know', look([group(25)]), 'warn tls.groups.unusual'],
      ['TLS 1.2 alone', look([group(23, 0x0303)], [{ version: 'TLS 1.3', end: alert(70), rest: [29] }, ...NO_MORE.slice(1)]), 'pass'],
      ['a series broken off', look([group(29)], [{ version: 'TLS 1.2', end: SILENT, rest: [1] }]), 'inconclusive'],
      ['no group at all', look([]), 'skip'],
    ],
  ],
  [
    fallbackScsv,
    [
      ['one version below 1.3', versions(alert(70), alert(70), [0x0303]), 'pass'],
      ['two, noticed', versions(TLS11, TLS11, [0x0303, 0x0302], alert(86)), 'pass'],
      ['two, not noticed', versions(TLS11, TLS11, [0x0303, 0x0302], TLS11), 'warn tls.fallback.accepted'],
      ['two, another alert', versions(TLS11, TLS11, [0x0303, 0x0302], alert(40)), 'inconclusive'],
      ['two, closed: a middlebox, perhaps', versions(TLS11, TLS11, [0x0303, 0x0302], EOF), 'inconclusive'],
      ['silence to TLS 1.1', versions(SILENT, alert(70), [0x0303]), 'inconclusive'],
    ],
  ],
  [
    largeClientHello,
    [
      ['two samples, nothing lost', sizes({}), 'pass'],
      ['thirty pairs, nothing lost', sizes({ pairs: pairs(30, () => GOOD) }), 'pass'],
      ['every long one lost', sizes({ large: [GONE, GONE], pairs: pairs(3, () => GONE) }), 'fail tls.hello.large-lost'],
      ['one back end of six', sizes({ pairs: pairs(30, (index) => (index % 6 === 5 ? GONE : GOOD)) }), 'fail tls.hello.large-lost'],
      [
        'one loss before, one in the series',
        sizes({ large: [GOOD, GONE], pairs: pairs(6, (index) => (index === 4 ? GONE : GOOD)) }),
        'fail tls.hello.large-lost',
      ],
      ['one loss before, none in the series', sizes({ large: [GOOD, GONE], pairs: pairs(6, () => GOOD) }), 'warn tls.hello.large-lost-once'],
      ['a bad line loses short ones too', sizes({ large: [GOOD, GONE], small: [GOOD, GONE] }), 'inconclusive'],
      [
        'both kinds lost in the series',
        sizes({
          pairs: pairs(
            30,
            (index) => (index === 3 ? GONE : GOOD),
            (index) => (index === 9 ? GONE : GOOD),
          ),
        }),
        'inconclusive',
      ],
      ['nothing answers', sizes({ large: [GONE], small: [GONE] }), 'inconclusive'],
      ['a loss and no series', sizes({ large: [GONE], small: [GOOD] }), 'inconclusive'],
      ['second try, series fine', sizes({ retried: ['the ordinary handshake'], pairs: pairs(6, () => GOOD) }), 'pass'],
      ['second try and no series', sizes({ retried: ['the ordinary handshake'] }), 'inconclusive'],
      [
        'lost for the unknown values in it, not for its length',
        sizes({ large: [GOOD, sample('lost', { grease: true })], pairs: pairs(6, () => GOOD) }, allergic),
        'pass',
      ],
      [
        'both: unknown values, and length',
        sizes({ large: [GONE, sample('lost', { grease: true })], pairs: pairs(6, () => GONE) }, allergic),
        'fail tls.hello.large-lost',
      ],
      ['slow', sizes({ pairs: pairs(6, () => sample('answered', { answerMs: 900 })) }), 'warn tls.hello.large-slow'],
      ['twice a moment is a moment', sizes({ pairs: pairs(6, () => sample('answered', { answerMs: 60 })) }), 'pass'],
      ['no long hello', sizes({ large: [] }), 'inconclusive'],
      ['a series of which nothing could be sent', sizes({ pairs: [] }), 'inconclusive'],
    ],
  ],
  [
    versionIntolerance,
    [
      ['ignored', { look: { greased: says() } }, 'pass'],
      ['ignored, TLS 1.3 alone', { look: { greased: retry(29) } }, 'pass'],
      ['refused', { look: { greased: alert(47), plain: says() } }, 'fail tls.hello.unknown-values'],
      ['reset both times', { look: { greased: RESET, plain: retry(29) } }, 'fail tls.hello.unknown-values'],
      ['both refused: another check tells why', { look: { greased: alert(40), plain: alert(40) } }, 'inconclusive'],
      ['both lost', { look: { greased: SILENT, plain: SILENT } }, 'inconclusive'],
    ],
  ],
  [
    clientRenegotiation,
    [
      ['refused', renegotiations(tried(0, 'alert')), 'pass'],
      ['closed is no refusal', renegotiations(tried(0, 'closed')), 'inconclusive'],
      ['silence', renegotiations(tried(0, 'silence')), 'inconclusive'],
      ['completed twice', renegotiations(tried(1, 'done'), tried(1, 'done')), 'warn tls.renegotiation.accepted'],
      ['completed once', renegotiations(tried(1, 'done'), tried(0, 'alert')), 'inconclusive'],
      ['two of two', renegotiations(tried(2, 'done', 2)), 'warn tls.renegotiation.accepted'],
      ['one of two, and on the next again', renegotiations(tried(1, 'alert', 2), tried(1, 'alert', 2)), 'warn tls.renegotiation.accepted'],
      ['one of two, and none on the next', renegotiations(tried(1, 'closed', 2), tried(0, 'alert', 2)), 'inconclusive'],
      ['one of two, and no second connection', renegotiations(tried(1, 'closed', 2)), 'inconclusive'],
      ['three of eleven', renegotiations(tried(3, 'closed', 11), tried(3, 'closed', 11)), 'warn tls.renegotiation.accepted'],
      ['ten of eleven', renegotiations(tried(10, 'closed', 11), tried(10, 'closed', 11)), 'warn tls.renegotiation.accepted'],
      ['eleven of eleven', renegotiations(tried(11, 'done', 11), tried(11, 'done', 11)), 'fail tls.renegotiation.unlimited'],
      ['TLS 1.3 alone', { seen: failed('NO_TLS12', 'tls', 'TLS 1.2 was answered with alert 70') }, 'skip'],
      ['TLS 1.2 refused for another reason', { seen: failed('NO_TLS12', 'tls', 'TLS 1.2 was answered with alert 40') }, 'inconclusive'],
      ['no connection', { seen: RESET }, 'inconclusive'],
    ],
  ],
  [
    heartbleed,
    [
      ['not agreed to', { tries: [beat({ hello: valueOf(says()), offered: false })] }, 'pass'],
      ['silence, and an honest one is answered', { tries: [beat({ empty: reaction(), honest: reaction({ heartbeatBytes: 35 }) })] }, 'pass'],
      ['refused with an alert', { tries: [beat({ empty: reaction({ alerts: [10] }) })] }, 'pass'],
      ['silence to both', { tries: [QUIET] }, 'inconclusive'],
      ['closed', { tries: [beat({ empty: reaction({ end: 'fin' }) })] }, 'inconclusive'],
      ['memory three times', { tries: [LEAK, LEAK, LEAK] }, 'fail tls.heartbleed'],
      ['memory once', { tries: [LEAK, QUIET, QUIET] }, 'inconclusive'],
      ['TLS 1.3 alone', { tries: [beat({ hello: valueOf(alert(70)), offered: false })] }, 'skip'],
      ['refused', { tries: [beat({ hello: valueOf(alert(40)), offered: false })] }, 'inconclusive'],
    ],
  ],
  [
    ccsInjection,
    [
      ['unexpected_message', { tries: [ccs(reaction({ alerts: [10] }))] }, 'pass'],
      ['closed at once, after having waited', { tries: [ccs(reaction({ end: 'fin' }))] }, 'pass'],
      ['unexpected_message to the second', { tries: [ccs(reaction(), reaction({ alerts: [10] }))] }, 'pass'],
      ['decrypts the second, three times', { tries: [TOOK, TOOK, TOOK] }, 'fail tls.ccs-injection'],
      ['decrypts the second, once', { tries: [TOOK, ccs(reaction({ alerts: [10] })), TOOK] }, 'inconclusive'],
      ['silence to both', { tries: [ccs(reaction(), reaction())] }, 'inconclusive'],
      ['closed on the second', { tries: [ccs(reaction(), reaction({ end: 'fin' }))] }, 'inconclusive'],
      ['gone before anything was sent', { tries: [{ hello: valueOf(says()), before: reaction({ end: 'fin' }) }] }, 'inconclusive'],
      ['TLS 1.3 alone', { tries: [{ hello: valueOf(alert(70)) }] }, 'skip'],
    ],
  ],
  [
    ticketbleed,
    [
      ['what was sent', tickets({ tries: [SAME] }), 'pass'],
      ['a full handshake with an id of its own', tickets({ tries: [NEW, NEW, NEW] }), 'pass'],
      ['no ticket', tickets({ ticket: false }), 'pass'],
      ['more than was sent, three times', tickets({ tries: [LONGER, LONGER, LONGER] }), 'fail tls.ticketbleed'],
      ['more than was sent, once', tickets({ tries: [LONGER, SAME] }), 'inconclusive'],
      ['no ServerHello', tickets({ tries: [{ sent: 8, ours: false }] }), 'inconclusive'],
      ['TLS 1.3 alone', { seen: failed('NO_TLS12', 'tls', 'TLS 1.2 was answered with alert 70') }, 'skip'],
      ['no connection', { seen: SILENT }, 'inconclusive'],
    ],
  ],
  [
    robot,
    [
      ['no RSA key exchange', { look: { weak: weak(false), rounds: [], at } }, 'pass'],
      ['whether there is one is unknown', { look: { weak: weak(false, SILENT), rounds: [], at } }, 'inconclusive'],
      ['all alike', rsa(round(), all(reaction(), 'short')), 'pass'],
      ['all closed alike', rsa(all(reaction({ end: 'fin' })), all(reaction(), 'short')), 'pass'],
      ['another alert, three times', rsa(ORACLE, ORACLE, ORACLE), 'fail tls.robot'],
      [
        'silence tells as much as an alert',
        rsa(round(), round({ right: reaction() }, 'short'), round({ right: reaction() }, 'short'), round({ right: reaction() }, 'short')),
        'fail tls.robot',
      ],
      ['another alert, not every time', rsa(ORACLE, round(), ORACLE), 'inconclusive'],
      ['another alert to something else every time', rsa(ORACLE, round({ 'no zero': reaction({ alerts: [47] }) }), ORACLE), 'inconclusive'],
      [
        'how a connection ends is chance',
        rsa(
          all(reaction({ end: 'fin' })),
          round({ ...all(reaction({ end: 'fin' })).reactions, right: reaction({ end: 'reset' }) }, 'short'),
          round({ ...all(reaction({ end: 'fin' })).reactions, 'no zero': reaction({ end: 'reset' }) }, 'short'),
          all(reaction({ end: 'fin' }), 'short'),
        ),
        'pass',
      ],
      ['nothing is answered', rsa(all(reaction()), all(reaction(), 'short')), 'inconclusive'],
    ],
  ],
  [
    alpn,
    [
      ['h2', { tls: tls(), look: {} }, 'pass'],
      ['declared h2, got http/1.1', { tls: tls({ alpn: 'http/1.1' }), look: {} }, 'fail tls.alpn.not-as-declared', { tls: { alpn: ['h2', 'http/1.1'] } }],
      ['http/1.1 where nothing is declared', { tls: tls({ alpn: 'http/1.1' }), look: {} }, 'pass'],
      ['none', { tls: withoutAlpn, look: {} }, 'warn tls.alpn.absent'],
      ['unknown protocol: alert 120', { tls: tls(), look: { seen: alert(120) } }, 'pass'],
      ['unknown protocol: none chosen', { tls: tls(), look: { seen: says() } }, 'pass'],
      ['unknown protocol: TLS 1.3 alone', { tls: tls(), look: { seen: alert(70) } }, 'pass'],
      ['unknown protocol: another alert', { tls: tls(), look: { seen: alert(40) } }, 'fail tls.alpn.wrong-alert'],
      ['unknown protocol: chosen', { tls: tls(), look: { seen: says({ extensions: [{ type: 16, data: Buffer.alloc(3) }] }) } }, 'fail tls.alpn.unknown-chosen'],
      [
        'unknown protocol: http/1.1, as Apache says it',
        { tls: tls(), look: { seen: says({ extensions: [{ type: 16, data: Buffer.from('\0\x09\x08http/1.1', 'latin1') }] }) } },
        'pass',
      ],
      ['unknown protocol: silence', { tls: tls(), look: { seen: SILENT } }, 'inconclusive'],
    ],
  ],
  [
    ech,
    [
      ['nothing published', echo({}), 'skip'],
      ['well-formed, with a certificate', echo({ published: USABLE, publicNames: front() }), 'pass'],
      ['malformed', echo({ published: published({ ok: false, error: 'the list is cut' }) }), 'fail tls.ech.malformed'],
      ['versions of drafts alone', echo({ published: published({ ok: true, value: [{ version: 0xfe0a }] }) }), 'warn tls.ech.no-version'],
      ['a certificate for another name', echo({ published: USABLE, publicNames: front({ chain: [leaf('api.example.com')] }) }), 'warn tls.ech.public-name'],
      ['a certificate that is not trusted', echo({ published: USABLE, publicNames: front({ authorized: false }) }), 'warn tls.ech.public-name'],
      [
        'the public name is refused',
        echo({ published: USABLE, publicNames: [{ name: 'front.example.com', seen: failed('ALERT_UNRECOGNIZED_NAME') }] }),
        'warn tls.ech.public-name',
      ],
      ['no answer under the public name', echo({ published: USABLE, publicNames: [{ name: 'front.example.com', seen: RESET }] }), 'inconclusive'],
      ['the resolver fails', echo({ dns: { ...dns, rcode: 'SERVFAIL' } }), 'inconclusive'],
    ],
  ],
  [
    httpCompression,
    [
      ['no secret', page({ secrets: [] }), 'pass'],
      ['no HTML, and so no page', page({ html: false, secrets: [] }), 'pass'],
      ['no document', page({ document: http({ status: 404, body: Buffer.from('') }), html: false, secrets: [] }), 'skip'],
      ['all three', page({ again: again('gzip', true, ['csrf_token']) }), 'warn tls.breach.potential'],
      ['all three, with Brotli', page({ again: again('br', true, ['csrf_token']) }), 'warn tls.breach.potential'],
      ['not compressed', page({ again: again(undefined, true, ['csrf_token']) }), 'pass'],
      ['not repeated', page({ again: again('gzip', false, ['csrf_token']) }), 'pass'],
      ['masked anew in every answer', page({ again: again('gzip', true, []) }), 'pass'],
      ['the second look failed', page({ again: RESET }), 'inconclusive'],
      ['a challenge', page({ document: blocked, secrets: [] }), 'inconclusive'],
      ['a challenge to the second look', page({ again: again('gzip', true, [], blocked) }), 'inconclusive'],
    ],
  ],
]

describe.each(CASES.map(([check, cases]) => ({ id: check.id, check, cases })))('$id', ({ check, cases }) => {
  test('has cases in both directions', () => {
    expect(cases.some(([, , expected]) => expected === 'pass')).toBe(true)
    const alarms = new Set(cases.flatMap(([, , expected]) => (/^(?:warn|fail) /.test(expected) ? [expected.replace(/^\w+ /, '')] : [])))
    expect([...alarms].sort()).toEqual(Object.keys(check.codes).sort())
  })
  test.each(cases.map((each) => ({ what: each[0], each })))('$what', ({ each: [, looked, expected, host, options] }) => {
    const verdict = judge(check, looked, host, options)
    expect(shown(verdict)).toBe(expected)
    if (verdict.outcome === 'pass' || verdict.outcome === 'warn' || verdict.outcome === 'fail') {
      expect(verdict.evidence.length).toBeGreaterThan(0)
      for (const item of verdict.evidence) expect([item.what, item.expected, item.received].every((text) => text.length > 0)).toBe(true)
    }
  })
})

test('how many hellos each arm had is said', () => {
  expect(judge(largeClientHello, sizes({})).evidence[0]?.received).toBe(
    'long: 2 sent, none lost; short: 3 sent, none lost; no loss, so no series; 2 long hellos would not show one broken back end of many (--depth full sends 30 pairs)',
  )
  expect(judge(largeClientHello, sizes({ pairs: pairs(30, (index) => (index === 5 ? GONE : GOOD)) })).evidence[0]?.received).toMatch(
    /^long: 32 sent, 1 lost .*; short: 33 sent, none lost; 30 pairs/,
  )
})

test('a curve of 163 bits weighs more than one of 192', () => {
  expect(judge(groups, look([group(1, 0x0303)]))).toMatchObject({ severity: 'medium' })
  expect(judge(groups, look([group(19, 0x0303)]))).toMatchObject({ severity: 'low' })
})

test('no value of a secret and no byte of memory is shown', () => {
  const texts = [judge(heartbleed, { tries: [LEAK, LEAK, LEAK] }), judge(ticketbleed, tickets({ tries: [LONGER, LONGER, LONGER] }))].flatMap(({ evidence }) =>
    evidence.map(({ received }) => received),
  )
  expect(texts.every((text) => /discarded/.test(text))).toBe(true)
})
