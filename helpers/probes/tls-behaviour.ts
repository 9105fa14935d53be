/**
 * How a server takes hellos: long ones, unknown values in them, a client that falls back, and which groups it knows. What other looks have already shown costs nothing; a hello of its own is sent only where they leave something open. Facts only.
 */
import type { TlsHelloObservation, TlsObservation } from '../observations.ts'
import { type Observed, type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { isFullDepth } from '../target.ts'
import { otherKeyLook } from './other-key.ts'
import { type HelloProbe, tlsHello } from './tls-hello.ts'
import { type Asked, at, CLASSICAL_GROUPS, FALLBACK_SCSV, groupsAsked, keyOf, oldVersion, oldVersionLook, tls12Look, weakSuites } from './tls-plan.ts'
import { tlsHandshake } from './tls.ts'

const SIGNATURES = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0603, 0x0807, 0x0808, 0x0203, 0x0201] as const
const TLS13_SUITES = [0x1301, 0x1302, 0x1303] as const
const TLS12_SUITES = [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8] as const
/** Those, and what a server has that knows none of them: a refusal is about something else then. */
const ANY_SUITES = [...TLS12_SUITES, 0x009e, 0x009f, 0xc023, 0xc027, 0xc009, 0xc013, 0xc00a, 0xc014, 0x009c, 0x009d, 0x003c, 0x002f, 0x0035, 0x000a] as const

export const X25519MLKEM768 = 0x11ec
const OTHER_MLKEM = [0x11eb, 0x11ed] as const
/** X25519Kyber768Draft00: what browsers offered before the standard. */
const KYBER_DRAFT = 0x6399
export const X25519 = 0x001d

const ordinary = (asked: Asked): Probe<TlsObservation> => tlsHandshake(at(asked))
const groupIn = (seen: Observed<TlsHelloObservation>): number | undefined => (seen.ok ? seen.value.flight.hello?.group : undefined)

/** A look made of other looks; `connections`: the most that it opens beside those that stand for themselves. */
const look = <T>(kind: string, asked: Asked, connections: number, timeoutMs: number, run: (context: ProbeContext) => Promise<T>): Probe<T> => ({
  kind,
  key: `${kind} ${keyOf(asked)}`,
  impact: 'read',
  cost: { connections, requests: 0 },
  host: asked.host,
  timeoutMs,
  run,
})

/** Two kinds of a hello that both fit the same clients: the question is whether one arrives where the other does. */
const clientHello = (asked: Asked, ask: string, kind: { readonly large?: boolean; readonly grease?: boolean }): HelloProbe =>
  tlsHello({
    ...at(asked),
    ask,
    hello: {
      version: 0x0303,
      supportedVersions: [0x0304, 0x0303],
      suites: [...TLS13_SUITES, ...ANY_SUITES],
      groups: kind.large === true ? [X25519MLKEM768, ...CLASSICAL_GROUPS] : CLASSICAL_GROUPS,
      keyShares: [],
      signatureAlgorithms: SIGNATURES,
      alpn: ['h2', 'http/1.1'],
      extendedMasterSecret: true,
      renegotiationInfo: true,
      ...(kind.grease === true ? { grease: true } : {}),
      ...(kind.large === true ? { padTo: 1_700 } : {}),
    },
    ...(kind.large === true ? { cutAfter: 1_200 } : {}),
  })
export const largeHello = (asked: Asked, number = 1): HelloProbe => clientHello(asked, `large hello ${number}`, { large: true })
const smallHello = (asked: Asked, number = 1): HelloProbe => clientHello(asked, `small hello ${number}`, {})
export const greasedHello = (asked: Asked, number = 1): HelloProbe => clientHello(asked, `small hello with unknown values ${number}`, { grease: true })

/** What became of one hello. `lost`: reset, end of stream or silence after it was sent; anything said is `answered`, an alert too. */
export interface HelloSample {
  readonly what: string
  readonly result: 'answered' | 'lost'
  /** The answer, or the system's word for its absence. */
  readonly how: string
  /** Contains values that must be ignored. */
  readonly grease?: true
  readonly answerMs?: number
  readonly at: string
}
export interface HelloPair {
  readonly large: HelloSample
  readonly small: HelloSample
}
export interface HelloSizes {
  /** Hellos that do not fit one segment, and those that do, sent for other questions. */
  readonly large: readonly HelloSample[]
  readonly small: readonly HelloSample[]
  /** Some hello got its answer only at the second try. */
  readonly retried: readonly string[]
  /** Pairs of one large and one small hello, one after the other, unlike in nothing but the length; absent where nothing called for them. */
  readonly pairs?: readonly HelloPair[]
  readonly peer?: string
}

const LOST: ReadonlySet<string> = new Set(['ECONNRESET', 'EOF', 'TIMEOUT', 'EPIPE'])
const word = ({ answer, flight }: TlsHelloObservation): string => (answer === 'alert' ? `alert ${flight.alert?.description ?? ''}` : answer)

/** Undefined: no statement about the hello (no connection came about, or rubbish was said). */
function sampleOf(what: string, seen: Observed<TlsHelloObservation>, grease = false): HelloSample | undefined {
  const common = { what, at: seen.startedAt, ...(grease ? { grease: true as const } : {}) }
  if (seen.ok) return { ...common, result: 'answered', how: word(seen.value), answerMs: seen.value.answerMs }
  return LOST.has(seen.failure.code) && (seen.failure.phase === 'tls' || seen.failure.phase === 'deadline')
    ? { ...common, result: 'lost', how: `${seen.failure.message} (${seen.failure.code})` }
    : undefined
}

const FEW_PAIRS = 6
const MANY_PAIRS = 30
/** Pairs that all ended alike say enough: an address that answers nothing is not asked sixty times. */
const GIVE_UP_AFTER = 3

/**
 * Do hellos that need more than one segment arrive as short ones do? One back end in six that loses them shows in a series only; it is sent where a
 * large hello was lost already and no small one was, and in full depth.
 * @throws ProbeError where no hello of either kind could be sent at all
 */
export function helloSizes(asked: Asked, depth: 'default' | 'full' = 'default'): Probe<HelloSizes> {
  return look('helloSizes', asked, 2 * (depth === 'full' ? MANY_PAIRS : FEW_PAIRS), 240_000, async (context) => {
    const tls = await context.observe(ordinary(asked))
    const tls12 = await context.observe(tls12Look(at(asked)))
    const others = await Promise.all([
      context.observe(oldVersionLook(at(asked), 0x0302)),
      context.observe(oldVersionLook(at(asked), 0x0301)),
      context.observe(otherKeyLook(at(asked))),
      context.observe(weakSuites(at(asked))),
    ])
    const large: HelloSample[] = []
    const small: HelloSample[] = []
    const retried: string[] = []
    const add = (list: HelloSample[], sample: HelloSample | undefined): void => {
      if (sample !== undefined) list.push(sample)
    }
    const first = 'the ordinary handshake'
    if (tls.ok) {
      const { at: when, handshakeMs, protocol, group, classicalOnly } = tls.value
      if (classicalOnly === true) {
        large.push({ what: first, result: 'lost', how: 'no answer', at: when })
        small.push({ what: `${first} with classical groups`, result: 'answered', how: protocol, at: when })
        // Without ML-KEM in the library the hello is short.
      } else (knowsMlKem ? large : small).push({ what: first, result: 'answered', how: `${protocol} ${group ?? ''}`.trim(), answerMs: handshakeMs, at: when })
    } else if (tls.failure.phase === 'tls' && LOST.has(tls.failure.code)) {
      large.push({ what: first, result: 'lost', how: tls.failure.message, at: tls.startedAt })
      small.push({ what: `${first} with classical groups`, result: 'lost', how: tls.failure.message, at: tls.startedAt })
    } else if (tls.failure.phase !== 'tls') throw new ProbeError(tls.failure)
    if (tls.attempts > 1 && tls.ok) retried.push(first)
    if (tls12.ok) {
      add(large, sampleOf('TLS 1.2, large', tls12.value.large, true))
      if (tls12.value.small !== undefined) add(small, sampleOf('TLS 1.2, small', tls12.value.small))
      if (tls12.value.large.ok && tls12.value.large.attempts > 1) retried.push('TLS 1.2, large')
    }
    const [tls11, tls10, otherKey, weak] = others
    add(small, sampleOf('TLS 1.1', tls11))
    // One hello may have answered both.
    if (!(tls10.ok && tls11.ok && tls10.value === tls11.value)) add(small, sampleOf('TLS 1.0', tls10))
    if (otherKey.ok) small.push({ what: 'the other kind of key', result: 'answered', how: word(otherKey.value.answer), at: otherKey.startedAt })
    if (weak.ok && weak.value.end !== undefined) add(small, sampleOf('weak suites', weak.value.end))
    const suspicion = retried.length > 0 || (large.some(({ result }) => result === 'lost') && !small.some(({ result }) => result === 'lost'))
    const peer = tls.ok ? { peer: tls.value.peer } : {}
    const most = isFullDepth(context.target) ? MANY_PAIRS : suspicion ? FEW_PAIRS : 0
    if (most === 0) return { large, small, retried, ...peer }
    const pairs: HelloPair[] = []
    while (pairs.length < most) {
      const number = pairs.length + 1
      const long = sampleOf(`large hello ${number}`, await direct(context, largeHello(at(asked), number)))
      const short = sampleOf(`small hello ${number}`, await direct(context, smallHello(at(asked), number)))
      if (long === undefined || short === undefined) break
      pairs.push({ large: long, small: short })
      if (pairs.length === GIVE_UP_AFTER && pairs.every((pair) => pair.large.result === 'lost')) break
    }
    return { large, small, retried, pairs, ...peer }
  })
}
/** Whether the library of this process offers ML-KEM by itself: OpenSSL 3.5. */
const [major = 0, minor = 0] = process.versions.openssl.split('.').map(Number)
const knowsMlKem = major > 3 || (major === 3 && minor >= 5)

/** One hello whose loss is the answer: sent here and now, so that no second try hides it. */
async function direct(context: ProbeContext, hello: HelloProbe): Promise<Observed<TlsHelloObservation>> {
  const startedAt = new Date().toISOString()
  const start = performance.now()
  const done = (): { startedAt: string; durationMs: number; attempts: number } => ({ startedAt, durationMs: performance.now() - start, attempts: 1 })
  try {
    return { ok: true, value: await hello.run(context), ...done() }
  } catch (error) {
    if (error instanceof ProbeError) return { ok: false, failure: error.failure, ...done() }
    throw error
  }
}

export interface UnknownValues {
  /** A hello with values that must be ignored (RFC 8701), and whether they were the only thing unusual about it. */
  readonly greased: Observed<TlsHelloObservation>
  /** The same without them, sent only where the greased one got no ServerHello. */
  readonly plain?: Observed<TlsHelloObservation>
}

/** A version, suites, groups and extensions that nobody knows: are they ignored, as every server must? */
export function unknownValues(asked: Asked): Probe<UnknownValues> {
  return look('unknownValues', asked, 2, 90_000, async (context) => {
    const tls12 = await context.observe(tls12Look(at(asked)))
    if (!tls12.ok) throw new ProbeError(tls12.failure)
    const { large } = tls12.value
    // The long hello of TLS 1.2 carried them already.
    if (!isFullDepth(context.target) && large.ok && large.value.flight.hello !== undefined) return { greased: large }
    const greased = await context.observe(greasedHello(at(asked)))
    if (greased.ok && greased.value.flight.hello !== undefined) return { greased }
    return { greased, plain: await context.observe(smallHello(at(asked))) }
  })
}

export interface KeyExchangeLook {
  readonly tls: TlsObservation
  /** The handshake offered X25519MLKEM768 first, with a share. */
  readonly offered: boolean
  /**
   * To a hello that knows X25519MLKEM768 alone, or to one with all groups of its kind where that decides; asked only where the handshake did not choose
   * it: where it could not, or where somebody wants to know why.
   */
  readonly alone?: Observed<TlsHelloObservation>
  /** To X25519MLKEM768 and X25519, without a share of either; asked where both are known and the handshake did not offer the choice. */
  readonly both?: Observed<TlsHelloObservation>
  /** To all groups with ML-KEM and the draft, where another one than X25519MLKEM768 was chosen. */
  readonly others?: Observed<TlsHelloObservation>
  /** The same without the draft, where the draft was chosen. */
  readonly withoutDraft?: Observed<TlsHelloObservation>
  /** Whether a client without ML-KEM gets through: the hello that shows it. */
  readonly classical?: Observed<TlsHelloObservation>
}

/**
 * Does the key exchange withstand a quantum computer, and can clients that know no such group still connect? `closely`: also why it does not, as in
 * full depth; else a handshake that could have chosen X25519MLKEM768 and did not says enough.
 * @throws ProbeError of the ordinary handshake
 */
export function keyExchangeLook(asked: Asked & { readonly closely: boolean }): Probe<KeyExchangeLook> {
  const { closely } = asked
  return look(closely ? 'keyExchangeLook closely' : 'keyExchangeLook', asked, 3, 90_000, async (context) => {
    const seen = await context.observe(ordinary(asked))
    if (!seen.ok) throw new ProbeError(seen.failure)
    const tls = seen.value
    const offered = knowsMlKem && tls.classicalOnly !== true
    if (tls.group === 'X25519MLKEM768') {
      const tls12 = await context.observe(tls12Look(at(asked)))
      // A TLS 1.2 flight is classical by itself.
      if (tls12.ok && tls12.value.best.flight.hello !== undefined) return { tls, offered, classical: { ...tls12, value: tls12.value.best } }
      return { tls, offered, classical: await context.observe(groupsAsked(at(asked), CLASSICAL_GROUPS, 'classical groups')) }
    }
    // TLS 1.3 was offered and not chosen: no group of this kind exists below it.
    if (tls.protocol !== 'TLSv1.3') return { tls, offered }
    if (offered && tls.group !== undefined && !closely && !isFullDepth(context.target)) return { tls, offered }
    // All of the kind at once: who knows none of them, as most that end here, is asked no more.
    const any = await context.observe(groupsAsked(at(asked), [X25519MLKEM768, ...OTHER_MLKEM, KYBER_DRAFT], 'groups with ML-KEM alone'))
    const chosen = groupIn(any)
    const elsewhere = chosen !== undefined && chosen !== X25519MLKEM768
    const alone = elsewhere ? await context.observe(groupsAsked(at(asked), [X25519MLKEM768], 'X25519MLKEM768 alone')) : any
    if (groupIn(alone) === X25519MLKEM768) {
      if (offered && tls.group !== undefined) return { tls, offered, alone }
      return { tls, offered, alone, both: await context.observe(groupsAsked(at(asked), [X25519MLKEM768, X25519], 'X25519MLKEM768 before X25519')) }
    }
    if (!elsewhere) return { tls, offered, alone }
    if (chosen !== KYBER_DRAFT) return { tls, offered, alone, others: any }
    return { tls, offered, alone, others: any, withoutDraft: await context.observe(groupsAsked(at(asked), OTHER_MLKEM, 'other groups with ML-KEM, no draft')) }
  })
}

/** Every group of TLS 1.3, and the curves that TLS 1.2 may still agree on. */
const TLS13_GROUPS = [X25519MLKEM768, ...OTHER_MLKEM, KYBER_DRAFT, ...CLASSICAL_GROUPS, 258, 259, 260] as const
const CERTIFICATE_CURVES: readonly number[] = [23, 24, 25]
const OLD_CURVES = Array.from({ length: 28 }, (_, index) => index + 1)

export interface GroupsLook {
  /** In the order in which the server preferred them among what was left. */
  readonly accepted: readonly { readonly group: number; readonly version: number }[]
  /** How each series ended: an answer without a further group, or the failure that leaves the rest unknown; `more`: it was broken off. */
  readonly ends: readonly { readonly version: 'TLS 1.3' | 'TLS 1.2'; readonly end: Observed<TlsHelloObservation> | 'more'; readonly rest: readonly number[] }[]
  readonly peer?: string
}

/** Every group by name: what the server chooses is taken away, and the rest is offered again. */
export function everyGroup(asked: Asked): Probe<GroupsLook> {
  return look('everyGroup', asked, TLS13_GROUPS.length + OLD_CURVES.length + 2, 240_000, async (context) => {
    const accepted: { group: number; version: number }[] = []
    const ends: { version: 'TLS 1.3' | 'TLS 1.2'; end: Observed<TlsHelloObservation> | 'more'; rest: readonly number[] }[] = []
    let peer: string | undefined
    const series = async (
      version: 'TLS 1.3' | 'TLS 1.2',
      all: readonly number[],
      hello: (rest: readonly number[]) => HelloProbe,
      chosen: (seen: TlsHelloObservation) => number | undefined,
    ): Promise<void> => {
      let rest = all
      // In TLS 1.2 the curve of an ECDSA certificate must be offered, too (RFC 8422 §5.1): what was chosen first goes to the end before it goes away.
      const moved = new Set<number>()
      for (;;) {
        const seen = await context.observe(hello(rest))
        if (seen.ok) peer ??= seen.value.peer
        const group = seen.ok ? chosen(seen.value) : undefined
        if (group === undefined || !rest.includes(group)) {
          ends.push({ version, end: seen, rest })
          return
        }
        const number = version === 'TLS 1.3' ? 0x0304 : 0x0303
        if (!accepted.some((one) => one.group === group && one.version === number)) accepted.push({ group, version: number })
        rest = rest.filter((one) => one !== group)
        if (rest.length === 0) {
          ends.push({ version, end: 'more', rest })
          return
        }
        // Once each: a server that swings between two would be asked for ever.
        if (version === 'TLS 1.2' && CERTIFICATE_CURVES.includes(group) && !moved.has(group)) {
          moved.add(group)
          rest = [...rest, group]
        }
      }
    }
    await series(
      'TLS 1.3',
      TLS13_GROUPS,
      (rest) => groupsAsked(at(asked), rest, `${rest.length} groups of TLS 1.3`),
      ({ flight }) => flight.hello?.group,
    )
    await series(
      'TLS 1.2',
      OLD_CURVES,
      (rest) =>
        tlsHello({
          ...at(asked),
          ask: `${rest.length} curves`,
          hello: {
            version: 0x0303,
            suites: [...TLS12_SUITES, 0xc009, 0xc00a, 0xc013, 0xc014, 0xc023, 0xc027],
            groups: rest,
            signatureAlgorithms: SIGNATURES,
            extendedMasterSecret: true,
            renegotiationInfo: true,
          },
        }),
      ({ flight: { keyExchange } }) => (keyExchange?.kind === 'ecdhe' ? keyExchange.group : undefined),
    )
    return { accepted, ends, ...(peer === undefined ? {} : { peer }) }
  })
}

export interface FallbackLook {
  /** TLS 1.2, 1.1 and 1.0: what a hello of at most that version was answered. */
  readonly asked: readonly { readonly version: number; readonly seen: Observed<TlsHelloObservation> }[]
  /** Versions below TLS 1.3 that a ServerHello agreed to, highest first. */
  readonly accepted: readonly number[]
  /** A hello of the second of them that says it fell back (RFC 7507). */
  readonly fallback?: Observed<TlsHelloObservation>
}

/** Does a server that speaks several old versions notice that a client was made to fall back? Asked only where it does. */
export function fallbackLook(asked: Asked): Probe<FallbackLook> {
  return look('fallbackLook', asked, 1, 90_000, async (context) => {
    const tls12 = await context.observe(tls12Look(at(asked)))
    const looks = [
      { version: 0x0303, seen: tls12.ok ? { ...tls12, value: tls12.value.best } : tls12 },
      { version: 0x0302, seen: await context.observe(oldVersionLook(at(asked), 0x0302)) },
      { version: 0x0301, seen: await context.observe(oldVersionLook(at(asked), 0x0301)) },
    ] as const
    const versions = looks.flatMap(({ seen }) => (seen.ok && seen.value.flight.hello !== undefined ? [seen.value.flight.hello.version] : []))
    const accepted = [...new Set(versions)].filter((version) => version >= 0x0300 && version <= 0x0303).sort((a, b) => b - a)
    const lower = accepted[1]
    if (lower === undefined) return { asked: looks, accepted }
    const version = lower as 0x0302 | 0x0301 | 0x0300
    return { asked: looks, accepted, fallback: await context.observe(oldVersion(at(asked), version, [FALLBACK_SCSV])) }
  })
}

/** A hello that offers an application protocol that nobody speaks, in TLS 1.2, where the answer is in plain text. */
const unknownProtocol = (asked: Asked): HelloProbe =>
  tlsHello({
    ...at(asked),
    ask: 'an unknown application protocol',
    hello: {
      version: 0x0303,
      suites: ANY_SUITES,
      groups: CLASSICAL_GROUPS,
      signatureAlgorithms: SIGNATURES,
      alpn: ['postproof/0'],
      extendedMasterSecret: true,
      renegotiationInfo: true,
    },
  })

/**
 * Whether a protocol that nobody speaks is refused as it should be (RFC 7301 §3.2); asked in full depth alone, else empty. Where a hello that offers
 * known ones got no ServerHello, a refusal would prove nothing, and it is empty too.
 */
export const unknownProtocolLook = (asked: Asked): Probe<{ readonly seen?: Observed<TlsHelloObservation> }> =>
  look('unknownProtocolLook', asked, 1, 30_000, async (context) => {
    if (!isFullDepth(context.target)) return {}
    const known = await context.observe(tls12Look(at(asked)))
    return known.ok && known.value.best.flight.hello !== undefined ? { seen: await context.observe(unknownProtocol(at(asked))) } : {}
  })
