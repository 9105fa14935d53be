/** Further questions about the suites of TLS 1.2, asked only where what was seen before leaves something open. Facts only. */
import { CIPHER_SUITES, suiteById } from '../grammar/tls-names.ts'
import type { TlsHelloObservation, TlsObservation } from '../observations.ts'
import { type Observed, type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { isFullDepth } from '../target.ts'
import { tlsHello } from './tls-hello.ts'
import { acceptedSuites, type Asked, at, CLASSICAL_GROUPS, keyOf, refuses, type SuiteLook, suitesHello, tls12Look, weakSuites } from './tls-plan.ts'

const hex = (suites: readonly number[]): string => suites.map((id) => id.toString(16)).join(',')

/** Of one hello: some servers do not read longer lists (internet.nl #2031). */
const MOST_SUITES = 64
/** Leaves room for the signalling suite. */
const CHUNK = 60

/** Every suite up to TLS 1.2. */
const EVERY_SUITE = CIPHER_SUITES.filter(({ keyExchange }) => keyExchange !== 'any').map(({ id }) => id)
/** Needs a certificate with a DSA key or a fixed Diffie-Hellman key, which no authority of today makes; asked for in full depth alone. */
const EXTINCT: ReadonlySet<number> = new Set(
  CIPHER_SUITES.filter(
    ({ authentication, keyExchange }) => authentication === 'DSS' || (authentication !== 'anonymous' && (keyExchange === 'DH' || keyExchange === 'ECDH')),
  ).map(({ id }) => id),
)

const TLS13 = 0x0304
const SUITES_OF_TLS13 = CIPHER_SUITES.filter(({ keyExchange }) => keyExchange === 'any').map(({ id }) => id)
/** ECDSA, RSA-PSS, EdDSA. */
const TLS13_SIGNATURES = [0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b] as const

const chunksOf = (list: readonly number[], size: number): readonly (readonly number[])[] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size))

const refusedWhole = ({ end }: SuiteLook): boolean => end?.ok === true && refuses(end.value)

export interface OutsideLook {
  readonly weak: SuiteLook
  /** Hellos with what the weak look left open, the last one being the first that was accepted. */
  readonly more: readonly { readonly offered: readonly number[]; readonly seen: Observed<TlsHelloObservation> }[]
  /** Not offered in this depth. */
  readonly left: readonly number[]
}

/**
 * Are these suites (all that a list does not name) refused? What the weak look was refused to the last is not asked again; nothing more is asked
 * once one of them has been accepted. In default depth suites for kinds of certificates that are no longer made are left out.
 * @throws ProbeError as weakSuites
 */
export function outsideSuites(asked: Asked & { readonly suites: readonly number[] }): Probe<OutsideLook> {
  const { suites } = asked
  return {
    kind: 'outsideSuites',
    key: `outsideSuites ${keyOf(asked)} ${hex(suites)}`,
    impact: 'read',
    cost: { connections: 2, requests: 0 },
    host: asked.host,
    timeoutMs: 120_000,
    async run(context) {
      const seen = await context.observe(weakSuites(at(asked)))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const weak = seen.value
      if (weak.accepted.some(({ suite }) => suites.includes(suite))) return { weak, more: [], left: [] }
      const tls12 = await context.observe(tls12Look(at(asked)))
      const { best } = tls12.ok ? tls12.value : { best: undefined }
      // No suite of TLS 1.2 is accepted where the version itself is refused.
      if (best?.answer === 'alert' && best.flight.alert?.description === 70) return { weak, more: [], left: [] }
      const refused = new Set(refusedWhole(weak) ? weak.rest : [])
      const open = suites.filter((id) => !refused.has(id))
      const left = isFullDepth(context.target) ? [] : open.filter((id) => EXTINCT.has(id))
      const more: { offered: readonly number[]; seen: Observed<TlsHelloObservation> }[] = []
      for (const offered of chunksOf(
        open.filter((id) => !left.includes(id)),
        MOST_SUITES,
      )) {
        const one = await context.observe(suitesHello(at(asked), offered, 'suites outside the list'))
        more.push({ offered, seen: one })
        if (!one.ok || one.value.flight.hello !== undefined) break
      }
      return { weak, more, left }
    },
  }
}

export interface SuiteOrderLook {
  /** The answer to the TLS 1.2 hello of the plan, which lists strong suites first. */
  readonly first: TlsHelloObservation
  /** What was on offer the second time, the suite chosen at first last; empty where there was nothing to ask. */
  readonly offered: readonly number[]
  readonly last?: Observed<TlsHelloObservation>
  /** Where the same was chosen again: what came when it was not offered at all. */
  readonly without?: Observed<TlsHelloObservation>
}

/**
 * Servers that decide themselves still heed whether a client begins with AES-GCM: one that does not is taken for one without the hardware for it, and
 * gets ChaCha20 (OpenSSL: PrioritizeChaCha; Go always).
 */
function turnOf(id: number): number {
  const { encryption = '' } = suiteById(id) ?? {}
  return encryption.endsWith('GCM') ? 0 : encryption.startsWith('CHACHA') ? 2 : 1
}

/**
 * Who decides which suite is used in TLS 1.2? What the plan's hello ended in is offered again, last. `suites`: beside it are offered these; without
 * them, what the weak look saw accepted, and nothing is asked where that is nothing.
 * @throws ProbeError as tls12Look, weakSuites
 */
export function suiteOrder(asked: Asked & { readonly suites?: readonly number[] }): Probe<SuiteOrderLook> {
  const { suites } = asked
  return {
    kind: 'suiteOrder',
    key: `suiteOrder ${keyOf(asked)} ${suites === undefined ? 'accepted' : hex(suites)}`,
    impact: 'read',
    cost: { connections: 3, requests: 0 },
    host: asked.host,
    timeoutMs: 120_000,
    async run(context) {
      const tls12 = await context.observe(tls12Look(at(asked)))
      if (!tls12.ok) throw new ProbeError(tls12.failure)
      const first = tls12.value.best
      const chosen = first.flight.hello?.cipher
      if (chosen === undefined) return { first, offered: [] }
      let among = suites
      if (among === undefined) {
        const weak = await context.observe(weakSuites(at(asked)))
        if (!weak.ok) throw new ProbeError(weak.failure)
        among = weak.value.accepted.map(({ suite }) => suite)
      }
      const others = among.filter((id) => id !== chosen)
      if (others.length === 0) return { first, offered: [] }
      const offered = [...others.toReversed().sort((a, b) => turnOf(a) - turnOf(b)), chosen]
      const last = await context.observe(suitesHello(at(asked), offered, 'the chosen suite last'))
      const again = last.ok && last.value.flight.hello?.cipher === chosen
      if (!again || suites === undefined) return { first, offered, last }
      return { first, offered, last, without: await context.observe(suitesHello(at(asked), others, 'without the chosen suite')) }
    },
  }
}

/**
 * A hello of TLS 1.2 with these suites alone. Where the plan's own hello, or the handshake in `unless`, chose one of them already, or TLS 1.3, nothing
 * more is asked, and that hello's answer is returned.
 * @throws ProbeError as tls12Look, tlsHello
 */
export function modernTls12(asked: Asked & { readonly suites: readonly number[]; readonly unless: Probe<TlsObservation> }): Probe<TlsHelloObservation> {
  const { suites, unless } = asked
  return {
    kind: 'modernTls12',
    key: `modernTls12 ${keyOf(asked)} ${hex(suites)} ${unless.key}`,
    impact: 'read',
    cost: { connections: 1, requests: 0 },
    host: asked.host,
    timeoutMs: 60_000,
    async run(context) {
      const [seen, tls12] = await Promise.all([context.observe(unless), context.observe(tls12Look(at(asked)))])
      if (!tls12.ok) throw new ProbeError(tls12.failure)
      const { best } = tls12.value
      const known = best.flight.hello?.cipher
      if ((seen.ok && seen.value.protocol === 'TLSv1.3') || (known !== undefined && suites.includes(known))) return best
      const alone = await context.observe(suitesHello(at(asked), suites, 'modern suites alone'))
      if (!alone.ok) throw new ProbeError(alone.failure)
      return alone.value
    },
  }
}

/** Of TLS 1.3, by name: a server asks for a share of a group of ours and names the suite it will use (RFC 8446 §4.1.4). */
async function suitesOfTls13(context: ProbeContext, asked: Asked): Promise<SuiteLook> {
  const accepted: { suite: number; version: number; answer: TlsHelloObservation }[] = []
  let rest: readonly number[] = SUITES_OF_TLS13
  let end: Observed<TlsHelloObservation> | undefined
  while (rest.length > 0) {
    const ask = `${rest.length} suites of TLS 1.3`
    const hello = { version: 0x0303, supportedVersions: [TLS13], suites: rest, groups: CLASSICAL_GROUPS, keyShares: [], signatureAlgorithms: TLS13_SIGNATURES }
    end = await context.observe(tlsHello({ ...at(asked), ask, hello }))
    const chosen = end.ok && end.value.flight.hello?.version === TLS13 ? end.value.flight.hello.cipher : undefined
    if (!end.ok || chosen === undefined || !rest.includes(chosen)) break
    accepted.push({ suite: chosen, version: TLS13, answer: end.value })
    rest = rest.filter((id) => id !== chosen)
    end = undefined
  }
  return { offered: SUITES_OF_TLS13, accepted, unasked: [], rest, ...(end === undefined ? {} : { end }) }
}

/** Every suite by name: up to TLS 1.2 in chunks, then those of TLS 1.3. Each suite that is accepted costs a connection, and each chunk one more. */
export function everySuite(asked: Asked): Probe<readonly Observed<SuiteLook>[]> {
  return {
    kind: 'everySuite',
    key: `everySuite ${keyOf(asked)}`,
    impact: 'read',
    cost: { connections: CIPHER_SUITES.length, requests: 0 },
    host: asked.host,
    timeoutMs: 300_000,
    async run(context) {
      const looks: Observed<SuiteLook>[] = []
      for (const suites of chunksOf(EVERY_SUITE, CHUNK)) {
        looks.push(await context.observe(acceptedSuites({ ...at(asked), suites, ask: 'every suite', by: 'suite' })))
      }
      const started = performance.now()
      const startedAt = new Date().toISOString()
      const value = await suitesOfTls13(context, asked)
      looks.push({ ok: true, value, startedAt, durationMs: performance.now() - started, attempts: 1 })
      return looks
    },
  }
}
