/**
 * The hellos of our own that one address is sent, in as few connections as tell everything: each answers several questions, and a further one is
 * sent only where an answer before it leaves something open. Facts only; what they mean is the checks' business.
 */
import type { ClientHelloSpec } from '../grammar/tls-client-hello.ts'
import { CIPHER_SUITES, REFUSING_ALERTS, type SuiteClass, suiteById, suiteClass, suiteClassOf } from '../grammar/tls-names.ts'
import { parseCertificateCached } from '../grammar/certificate.ts'
import type { CertificateFacts, TlsHelloObservation } from '../observations.ts'
import { type Observed, type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { isFullDepth } from '../target.ts'
import { type HelloProbe, tlsHello } from './tls-hello.ts'

export const idsOfSuites = (names: readonly string[]): readonly number[] => {
  const known = new Map(CIPHER_SUITES.map(({ openssl, id }) => [openssl, id]))
  return names.map((name) => {
    const id = known.get(name)
    if (id === undefined) throw new RangeError(`no suite is called ${name}`)
    return id
  })
}

/** What a client of today would take in TLS 1.2, best first, and after it what only servers of yesterday need: so that the chain is always seen. */
const TLS12_SUITES = idsOfSuites([
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'DHE-RSA-AES128-GCM-SHA256',
  'DHE-RSA-AES256-GCM-SHA384',
  'DHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA384',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA256',
  'AES128-SHA',
  'AES256-SHA',
  'DES-CBC3-SHA',
])
/** A hello of TLS 1.1 and below: what such servers speak, the one nobody wants last. */
const OLD_SUITES = idsOfSuites([
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'DHE-RSA-AES256-SHA',
  'DHE-RSA-AES128-SHA',
  'DHE-RSA-CAMELLIA256-SHA',
  'AES256-SHA',
  'AES128-SHA',
  'CAMELLIA256-SHA',
  'CAMELLIA128-SHA',
  'ECDHE-ECDSA-DES-CBC3-SHA',
  'ECDHE-RSA-DES-CBC3-SHA',
  'EDH-RSA-DES-CBC3-SHA',
  'DES-CBC3-SHA',
  'ECDHE-ECDSA-RC4-SHA',
  'ECDHE-RSA-RC4-SHA',
  'RC4-SHA',
  'RC4-MD5',
  'SEED-SHA',
  'IDEA-CBC-SHA',
  'DES-CBC-SHA',
])
/**
 * Everything that should be refused, worst first, as far as implementations ever spoke it: at most 64, because some servers do not read longer
 * lists (internet.nl #2031). Together with the rare ones they are offered only to those that have shown that they do.
 */
export const WEAK_SUITES = idsOfSuites(
  [
    'NULL-MD5 NULL-SHA NULL-SHA256 ECDHE-ECDSA-NULL-SHA ECDHE-RSA-NULL-SHA',
    'EXP-RC4-MD5 EXP-RC2-CBC-MD5 EXP-DES-CBC-SHA EXP-EDH-RSA-DES-CBC-SHA EXP-ADH-RC4-MD5 EXP1024-DES-CBC-SHA EXP1024-RC4-SHA',
    'AECDH-NULL-SHA AECDH-AES128-SHA AECDH-AES256-SHA AECDH-DES-CBC3-SHA AECDH-RC4-SHA ADH-AES128-SHA ADH-AES256-SHA',
    'ADH-AES128-GCM-SHA256 ADH-AES256-GCM-SHA384 ADH-DES-CBC3-SHA ADH-RC4-MD5',
    'RC4-MD5 RC4-SHA ECDHE-ECDSA-RC4-SHA ECDHE-RSA-RC4-SHA DES-CBC-SHA EDH-RSA-DES-CBC-SHA IDEA-CBC-SHA SEED-SHA DHE-RSA-SEED-SHA',
    'ECDHE-ECDSA-DES-CBC3-SHA ECDHE-RSA-DES-CBC3-SHA EDH-RSA-DES-CBC3-SHA DES-CBC3-SHA',
    'AES128-GCM-SHA256 AES256-GCM-SHA384 AES128-SHA256 AES256-SHA256 AES128-SHA AES256-SHA AES128-CCM CAMELLIA128-SHA CAMELLIA256-SHA',
    'DHE-RSA-AES128-GCM-SHA256 DHE-RSA-AES256-GCM-SHA384 DHE-RSA-CHACHA20-POLY1305 DHE-RSA-AES128-SHA256 DHE-RSA-AES256-SHA256',
    'DHE-RSA-AES128-SHA DHE-RSA-AES256-SHA DHE-DSS-AES128-SHA',
    'ECDHE-ECDSA-AES128-SHA ECDHE-RSA-AES128-SHA ECDHE-ECDSA-AES256-SHA ECDHE-RSA-AES256-SHA',
    'ECDHE-ECDSA-AES128-SHA256 ECDHE-RSA-AES128-SHA256 ECDHE-ECDSA-AES256-SHA384 ECDHE-RSA-AES256-SHA384',
  ].flatMap((row) => row.split(' ')),
)
/**
 * Camellia, ARIA, CCM, and what only drafts or one library ever had; the sound ones among them too, so that a list which does not name them needs no
 * further hello.
 */
const RARE_SUITES: readonly number[] = CIPHER_SUITES.filter(
  (suite) =>
    !WEAK_SUITES.includes(suite.id) &&
    suite.keyExchange !== 'any' &&
    (suiteClass(suite) !== 'strong' || !TLS12_SUITES.includes(suite.id)) &&
    // Such certificates are no longer made.
    suite.authentication !== 'DSS' &&
    (suite.authentication === 'anonymous' || (suite.keyExchange !== 'DH' && suite.keyExchange !== 'ECDH')),
).map(({ id }) => id)
/** Worst first, as far as common; then the rare ones. */
const WEAK_AND_RARE: readonly number[] = [...WEAK_SUITES, ...RARE_SUITES]
/**
 * Numbers that are assigned to no suite, more of them than the longest list of ours is long. A server that chooses one of those behind them has read so far.
 */
const UNASSIGNED: readonly number[] = Array.from({ length: WEAK_AND_RARE.length + 5 }, (_, index) => 0x6c00 + index)
/** A suite that means "I fell back": RFC 7507. */
export const FALLBACK_SCSV = 0x5600
export const RENEGOTIATION_SCSV = 0x00ff

const X25519 = 29
/** X25519, P-256, P-384, P-521, X448, ffdhe2048, ffdhe3072. */
export const CLASSICAL_GROUPS = [X25519, 23, 24, 25, 30, 256, 257] as const
/**
 * A hello of TLS 1.2 names no finite-field groups: a server that knows RFC 7919 would take one of those, and hide from us the parameters that
 * everybody else gets.
 */
const TLS12_GROUPS = CLASSICAL_GROUPS.filter((group) => group < 256)
/** ECDSA, RSA-PSS, EdDSA and RSA with SHA-2, best first; SHA-1 last, as clients of 2016 offered them. */
const SIGNATURES = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0603, 0x0806, 0x0601, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b, 0x0203, 0x0201] as const

/** Longer than one segment of any path (an MSS of 1,460 bytes), as hellos with an ML-KEM share are. */
const LARGE = 1_600
const FIRST_SEGMENT = 1_200

const TLS12 = 0x0303
const PROTOCOL_VERSION = 70

export interface Asked {
  readonly host: string
  readonly address?: string
}
/** The place alone, whatever else was asked. */
export const at = ({ host, address }: Asked): Asked => ({ host, ...(address === undefined ? {} : { address }) })
/** For the key of a look. */
export const keyOf = ({ host, address }: Asked): string => (address === undefined ? host : `${host} @${address}`)

/** TLS 1.2 at most, with every extension that makes a server show something. */
export const tls12Spec = (suites: readonly number[], more: Partial<ClientHelloSpec> = {}): ClientHelloSpec => ({
  version: 0x0303,
  suites,
  groups: TLS12_GROUPS,
  signatureAlgorithms: SIGNATURES,
  alpn: ['h2', 'http/1.1'],
  extendedMasterSecret: true,
  renegotiationInfo: true,
  statusRequest: true,
  signedTimestamps: true,
  sessionTicket: new Uint8Array(0),
  ...more,
})

const tls12Large = (asked: Asked): HelloProbe =>
  tlsHello({
    ...at(asked),
    ask: 'TLS 1.2, large',
    hello: tls12Spec(TLS12_SUITES, { supportedVersions: [TLS12], unassignedSuites: UNASSIGNED, compression: [1, 0], grease: true, padTo: LARGE }),
    cutAfter: FIRST_SEGMENT,
  })
export const tls12Small = (asked: Asked): HelloProbe =>
  tlsHello({ ...at(asked), ask: 'TLS 1.2, small', hello: tls12Spec(TLS12_SUITES, { compression: [1, 0] }) })

export interface Tls12Look {
  /**
   * A hello of 1,600 bytes in two segments, with values that must be ignored (RFC 8701), more than a hundred suites that nobody knows before the real
   * ones, and TLS 1.2 named in a list of versions that lacks TLS 1.3, as every server must be prepared for (RFC 8446 §4.2.1).
   */
  readonly large: Observed<TlsHelloObservation>
  /** A hello that fits one segment, without all that; sent only where the large one got no ServerHello of TLS 1.2. */
  readonly small?: Observed<TlsHelloObservation>
  /** What to go by: a ServerHello where either got one, else the answer of the large one. */
  readonly best: TlsHelloObservation
  /** The large one was answered by a suite from the end of its list: longer lists than ours are read to the end. */
  readonly readsLongLists: boolean
  /** The large one was answered in TLS 1.2: a list of versions without TLS 1.3 is read as the standard says, or not at all. */
  readonly takesVersionLists: boolean
}

const isAlert = (seen: TlsHelloObservation, description: number): boolean => seen.answer === 'alert' && seen.flight.alert?.description === description

/** The server said no, by an alert that means it (rules G1). */
export const refuses = ({ answer, flight }: TlsHelloObservation): boolean =>
  answer === 'alert' && flight.alert !== undefined && REFUSING_ALERTS.has(flight.alert.description)
/** It chose from what was offered, and did not take it back by a fatal alert. */
export const agrees = ({ answer, flight, unoffered }: TlsHelloObservation): boolean =>
  answer === 'server-hello' && unoffered === undefined && flight.alert?.level !== 2

/**
 * The server's TLS 1.2 flight (or what it says instead): the served chain, key exchange, extensions, compression.
 * @throws ProbeError of the small hello where neither was answered
 */
export function tls12Look(asked: Asked): Probe<Tls12Look> {
  return {
    kind: 'tls12Look',
    key: `tls12Look ${keyOf(asked)}`,
    impact: 'read',
    cost: { connections: 2, requests: 0 },
    host: asked.host,
    timeoutMs: 40_000,
    async run(context) {
      const large = await context.observe(tls12Large(asked))
      const agreed = large.ok && large.value.answer === 'server-hello' && large.value.flight.alert?.level !== 2
      const readsLongLists = agreed && large.value.unoffered?.includes('suite') !== true
      if (large.ok && large.value.flight.hello?.version === TLS12) return { large, best: large.value, readsLongLists, takesVersionLists: agreed }
      // No connection, no second try: the address is dead, and that is another check's finding.
      if (!large.ok && large.failure.phase !== 'tls' && large.failure.phase !== 'deadline') throw new ProbeError(large.failure)
      const small = await context.observe(tls12Small(asked))
      const common = { large, small, readsLongLists, takesVersionLists: false }
      if (small.ok) return { ...common, best: large.ok && small.value.flight.hello === undefined ? large.value : small.value }
      if (large.ok) return { ...common, best: large.value }
      throw new ProbeError(small.failure)
    },
  }
}

/** Certificates of a flight, in the order served; those that cannot be read are counted. */
export function certificatesOf(seen: TlsHelloObservation): {
  readonly read: readonly CertificateFacts[]
  readonly unreadable: number
  /** The leaf is `read[0]`. */
  readonly firstReadable: boolean
} {
  const read = seen.flight.certificates.map(parseCertificateCached)
  return { read: read.flatMap((one) => (one.ok ? [one.value] : [])), unreadable: read.filter((one) => !one.ok).length, firstReadable: read[0]?.ok === true }
}

/** A hello of one old version: 0x0302 (TLS 1.1), 0x0301 (TLS 1.0), 0x0300 (SSL 3.0). A server picks the highest it knows up to it (RFC 5246 §E.1). */
export function oldVersion(asked: Asked, version: 0x0302 | 0x0301 | 0x0300, more: readonly number[] = []): HelloProbe {
  const ask = `${{ 0x0302: 'TLS 1.1', 0x0301: 'TLS 1.0', 0x0300: 'SSL 3.0' }[version]} at most${more.length === 0 ? '' : ' and more'}`
  const suites = version === 0x0300 ? OLD_SUITES.filter((id) => suiteById(id)?.keyExchange !== 'ECDHE') : OLD_SUITES
  const extensions: Partial<ClientHelloSpec> =
    version === 0x0300 ? {} : { groups: [X25519, 23, 24, 25], extendedMasterSecret: true, sessionTicket: new Uint8Array(0) }
  return tlsHello({ ...at(asked), ask, hello: { version, suites: [...suites, ...more, RENEGOTIATION_SCSV], ...extensions } })
}
export const ssl2 = (asked: Asked): HelloProbe => tlsHello({ ...at(asked), ask: 'SSL 2.0', hello: 'ssl2' })

const SSL3 = 0x0300
/**
 * All versions below TLS 1.2 in one list. A server that reads such lists picks from this one and looks at nothing else in the hello (RFC 8446 §4.2.1);
 * one that does not know them takes it for a hello of TLS 1.2, and cannot answer that this version is refused.
 */
const oldVersionsAtOnce = (asked: Asked): HelloProbe =>
  tlsHello({
    ...at(asked),
    ask: 'TLS 1.1, 1.0 and SSL 3.0',
    hello: {
      version: TLS12,
      supportedVersions: [0x0302, 0x0301, SSL3],
      suites: [...OLD_SUITES, RENEGOTIATION_SCSV],
      groups: [X25519, 23, 24, 25],
      signatureAlgorithms: SIGNATURES,
      extendedMasterSecret: true,
      sessionTicket: new Uint8Array(0),
    },
  })

/**
 * What that list was answered, where it settles the question about this version: none of the three is spoken, or just this one was chosen. Nothing
 * else does: an alert of another kind, TLS 1.2, silence. A server that has refused TLS 1.2 itself when a list named it may refuse all lists without
 * TLS 1.3, which would be no statement about this one.
 */
async function fromTheList(context: ProbeContext, asked: Asked, version: number): Promise<TlsHelloObservation | undefined> {
  if (isFullDepth(context.target)) return undefined
  const tls12 = await context.observe(tls12Look(asked))
  // Nobody is there.
  if (!tls12.ok && tls12.failure.phase === 'connect') throw new ProbeError(tls12.failure)
  if (!tls12.ok || !tls12.value.takesVersionLists) return undefined
  const seen = await context.observe(oldVersionsAtOnce(asked))
  if (!seen.ok) return undefined
  const { alert, hello } = seen.value.flight
  const settled = (isAlert(seen.value, PROTOCOL_VERSION) && alert?.level === 2) || (agrees(seen.value) && hello?.version === version)
  return settled ? seen.value : undefined
}

/**
 * TLS 1.1 or TLS 1.0: by a hello that offers all old versions at once where that settles it, else by one of its own; by one of its own in full depth.
 * @throws ProbeError as tlsHello
 */
export function oldVersionLook(asked: Asked, version: 0x0302 | 0x0301): Probe<TlsHelloObservation> {
  return {
    kind: 'oldVersionLook',
    key: `oldVersionLook ${keyOf(asked)} ${version.toString(16)}`,
    impact: 'read',
    cost: { connections: 2, requests: 0 },
    host: asked.host,
    timeoutMs: 40_000,
    async run(context) {
      const known = await fromTheList(context, asked, version)
      if (known !== undefined) return known
      const seen = await context.observe(oldVersion(asked, version))
      if (!seen.ok) throw new ProbeError(seen.failure)
      return seen.value
    },
  }
}

/**
 * SSL 3.0. A hello for TLS 1.0 at most that was answered `protocol_version` has been asked of every version below as well, as has one that lists all
 * old versions, and no connection is made.
 * @throws ProbeError as tlsHello
 */
export function ssl3Look(asked: Asked): Probe<TlsHelloObservation> {
  return {
    kind: 'ssl3Look',
    key: `ssl3Look ${keyOf(asked)}`,
    impact: 'read',
    cost: { connections: 1, requests: 0 },
    host: asked.host,
    timeoutMs: 40_000,
    async run(context) {
      const known = await fromTheList(context, asked, SSL3)
      if (known !== undefined) return known
      if (!isFullDepth(context.target)) {
        const tls10 = await context.observe(oldVersionLook(asked, 0x0301))
        if (tls10.ok && (isAlert(tls10.value, PROTOCOL_VERSION) || tls10.value.flight.hello?.version === SSL3)) return tls10.value
      }
      const seen = await context.observe(oldVersion(asked, SSL3))
      if (!seen.ok) throw new ProbeError(seen.failure)
      return seen.value
    },
  }
}

export interface SuiteLook {
  readonly offered: readonly number[]
  /** What was chosen, in the order it came, each from what was left. */
  readonly accepted: readonly { readonly suite: number; readonly version: number; readonly answer: TlsHelloObservation }[]
  /** Not offered any more once something of their class was accepted: nothing is known of them. */
  readonly unasked: readonly number[]
  /** Offered to the last, and the answer: where it is a refusal, all of these are refused. */
  readonly rest: readonly number[]
  readonly end?: Observed<TlsHelloObservation>
}

const MOST_ROUNDS = 12

/**
 * Which of these suites does the server accept, up to TLS 1.2? What it chooses is taken away and the rest is offered again: with its whole class
 * (N classes in N + 1 connections, rules P8), or alone (`by: 'suite'`, every suite by name). Where the TLS 1.2 look was answered
 * `protocol_version`, no suite of TLS 1.2 is accepted and no connection is made.
 */
export function acceptedSuites(
  asked: Asked & {
    readonly suites: readonly number[]
    readonly ask: string
    readonly by?: 'class' | 'suite'
    /** Highest version offered. @default 0x0303 */
    readonly version?: number
  },
): Probe<SuiteLook> {
  const { suites, ask, by = 'class', version = TLS12 } = asked
  return {
    kind: 'acceptedSuites',
    key: `acceptedSuites ${keyOf(asked)} ${ask} ${by} ${version.toString(16)} ${suites.map((id) => id.toString(16)).join(',')}`,
    impact: 'read',
    cost: { connections: (by === 'class' ? MOST_ROUNDS : suites.length) + 1, requests: 0 },
    host: asked.host,
    timeoutMs: 120_000,
    async run(context) {
      const tls12 = await context.observe(tls12Look(asked))
      if (tls12.ok && isAlert(tls12.value.best, PROTOCOL_VERSION)) {
        const { large, small } = tls12.value
        return { offered: suites, accepted: [], unasked: [], rest: suites, end: small ?? large }
      }
      if (!tls12.ok) throw new ProbeError(tls12.failure)
      const accepted: { suite: number; version: number; answer: TlsHelloObservation }[] = []
      const unasked: number[] = []
      let rest = suites
      let end: Observed<TlsHelloObservation> | undefined
      const most = by === 'class' ? MOST_ROUNDS : suites.length + 1
      while (rest.length > 0 && accepted.length < most) {
        end = await context.observe(suitesHello(asked, rest, ask, version))
        const hello = end.ok && agrees(end.value) ? end.value.flight.hello : undefined
        if (!end.ok || hello === undefined || !rest.includes(hello.cipher)) break
        accepted.push({ suite: hello.cipher, version: hello.version, answer: end.value })
        const taken = suiteClassOf(hello.cipher)
        const gone = (id: number): boolean => id === hello.cipher || (by === 'class' && suiteClassOf(id) === taken)
        unasked.push(...rest.filter((id) => gone(id) && id !== hello.cipher))
        rest = rest.filter((id) => !gone(id))
        end = undefined
      }
      return { offered: suites, accepted, unasked, rest, ...(end === undefined ? {} : { end }) }
    },
  }
}

/** A hello of TLS 1.2 at most (or of an older `version`) with these suites and no other. */
export const suitesHello = (asked: Asked, suites: readonly number[], ask: string, version: number = TLS12): HelloProbe =>
  tlsHello({ ...at(asked), ask: `${ask}: ${suites.length} suites`, hello: tls12Spec([...suites, RENEGOTIATION_SCSV], { alpn: [], version }) })

const isRefusal = ({ end }: SuiteLook): boolean => end?.ok === true && refuses(end.value)

/** Two looks in a row as one; where either was not refused in the end, the whole was not. */
function joined(first: SuiteLook, second: SuiteLook): SuiteLook {
  const found = new Set(second.accepted.map(({ suite }) => suiteClassOf(suite)))
  const unfinished = [first, second].find((look) => look.rest.length > 0 && !isRefusal(look))
  const { end } = unfinished ?? (second.rest.length > 0 ? second : first)
  const offered = [...new Set([...first.offered, ...second.offered])]
  const rest = [...new Set([...first.rest, ...second.rest])].filter((id) => !found.has(suiteClassOf(id)))
  const accepted = [...first.accepted, ...second.accepted]
  const told = new Set([...rest, ...accepted.map(({ suite }) => suite)])
  return { offered, accepted, unasked: offered.filter((id) => !told.has(id)), rest, ...(end === undefined ? {} : { end }) }
}
/** These have no place in newer versions (RFC 4346 §A.5, RFC 5246 §A.5), and strict servers do not choose them there. */
const OF_OLD_VERSIONS: ReadonlySet<SuiteClass | undefined> = new Set<SuiteClass>(['null', 'export', 'anonymous', 'broken'])

/**
 * Weak suites by class, each question about the classes of which nothing was accepted so far: all in one list where a longer one was read to its end;
 * else, or where that list is not refused as it should be, the common ones, and where those are refused, the rare ones; and where an old version is
 * accepted, the worst ones again in that.
 * @throws ProbeError as acceptedSuites
 */
export function weakSuites(asked: Asked): Probe<SuiteLook> {
  return {
    kind: 'weakSuites',
    key: `weakSuites ${keyOf(asked)}`,
    impact: 'read',
    cost: { connections: MOST_ROUNDS + 5, requests: 0 },
    host: asked.host,
    timeoutMs: 120_000,
    async run(context) {
      const ask = async (suites: readonly number[], what: string, version: number = TLS12): Promise<SuiteLook> => {
        const seen = await context.observe(acceptedSuites({ ...at(asked), suites, ask: what, version }))
        if (!seen.ok) throw new ProbeError(seen.failure)
        return seen.value
      }
      const tls12 = await context.observe(tls12Look(asked))
      if (!tls12.ok) throw new ProbeError(tls12.failure)
      const noTls12 = isAlert(tls12.value.best, PROTOCOL_VERSION)
      const both = noTls12 || tls12.value.readsLongLists ? await ask(WEAK_AND_RARE, 'weak suites, the rare ones too') : undefined
      if (noTls12 && both !== undefined) return both
      const { look, answered } = both !== undefined && (isRefusal(both) || both.rest.length === 0) ? { look: both, answered: true } : await oneByOne(ask, both)
      // Further hellos would fare no better.
      if (!answered) return look
      const [tls11, tls10] = await Promise.all([context.observe(oldVersionLook(asked, 0x0302)), context.observe(oldVersionLook(asked, 0x0301))])
      const versions = [tls10, tls11].flatMap((seen) => (seen.ok && agrees(seen.value) ? (seen.value.flight.hello?.version ?? []) : []))
      // SSL 3.0 has a look of its own.
      const old = versions.find((version) => version > SSL3)
      const worst = open(
        look,
        WEAK_AND_RARE.filter((id) => OF_OLD_VERSIONS.has(suiteClassOf(id))),
      )
      // Where the hellos above ended in that version, this was the question.
      if (old === undefined || worst.length === 0 || tls12.value.best.flight.hello?.version === old) return look
      return joined(look, await ask(worst, 'the worst suites in an old version', old))
    },
  }
}
/** Those of whose class nothing was accepted so far. */
const open = (look: SuiteLook, suites: readonly number[]): readonly number[] => {
  const known = new Set(look.accepted.map(({ suite }) => suiteClassOf(suite)))
  return suites.filter((id) => !known.has(suiteClassOf(id)))
}
/** The common ones, then the rare ones; what the one list brought is kept. `answered`: where the common ones were refused in the end. */
async function oneByOne(
  ask: (suites: readonly number[], what: string) => Promise<SuiteLook>,
  both: SuiteLook | undefined,
): Promise<{ readonly look: SuiteLook; readonly answered: boolean }> {
  const begun: SuiteLook = { offered: both?.offered ?? [], accepted: both?.accepted ?? [], unasked: [], rest: [] }
  const common = joined(begun, await ask(open(begun, WEAK_SUITES), 'weak suites'))
  const rare = open(common, RARE_SUITES)
  if (!isRefusal(common) && common.rest.length > 0)
    return { look: joined(common, { offered: RARE_SUITES, accepted: [], unasked: [], rest: rare }), answered: false }
  return { look: rare.length === 0 ? common : joined(common, await ask(rare, 'rare weak suites')), answered: true }
}

/**
 * A TLS 1.3 hello that knows these groups and brings no share of any: a server that knows one asks for it by HelloRetryRequest, and no key is ever
 * made (rules P3).
 */
export const groupsAsked = (asked: Asked, groups: readonly number[], ask: string): HelloProbe =>
  tlsHello({
    ...at(asked),
    ask,
    hello: {
      version: 0x0303,
      supportedVersions: [0x0304],
      suites: [0x1301, 0x1302, 0x1303],
      groups,
      keyShares: [],
      signatureAlgorithms: SIGNATURES.filter((scheme) => scheme >= 0x0401),
      alpn: ['h2', 'http/1.1'],
    },
  })
