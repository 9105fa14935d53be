/** What the checks of versions and suites share: suites by class and pattern, and what a hello of our own was answered. */
import { CIPHER_SUITES, type CipherSuite, suiteById, suiteClass, suiteName, suiteNamed, versionName } from '../../helpers/grammar/tls-names.ts'
import type { ServerHello, TlsHelloObservation, TlsObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import type { HelloProbe } from '../../helpers/probes/tls-hello.ts'
import { type SuiteLook, suitesHello, type Tls12Look } from '../../helpers/probes/tls-plan.ts'
import type { Evidence } from '../../helpers/verdict.ts'
import { answerText, type Proof, suitesProof } from './shared.ts'

const TLS12 = 0x0303
const PROTOCOL_VERSION = 70

export const idsOf = (names: readonly string[]): readonly number[] => names.flatMap((name) => suiteNamed(name)?.id ?? [])

/** TLS 1.2 suites with forward secrecy and authenticated encryption, as clients of today know them. */
export const FS_AEAD_SUITES = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'DHE-RSA-AES128-GCM-SHA256',
  'DHE-RSA-AES256-GCM-SHA384',
  'DHE-RSA-CHACHA20-POLY1305',
] as const
export const CBC_SUITES = [
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA384',
] as const

/** A suite name against a pattern with `*`. */
export const suiteMatches = (pattern: string, suite: string): boolean => {
  const parts = pattern.toUpperCase().split('*')
  if (parts.length === 1) return parts[0] === suite.toUpperCase()
  const name = suite.toUpperCase()
  const first = parts[0] as string
  const last = parts.at(-1) as string
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at)
    if (found < 0 || found + part.length > name.length - last.length) return false
    at = found + part.length
  }
  return true
}
/** By its OpenSSL or its IANA name. */
export const isDeclared = (allowed: readonly string[], { openssl, name }: CipherSuite): boolean =>
  allowed.some((pattern) => suiteMatches(pattern, openssl) || suiteMatches(pattern, name))

/** Every suite up to TLS 1.2 that the target's `tls.ciphersTls12` does not allow. */
export function suitesOutside(allowed: readonly string[]): readonly number[] {
  let outside = outsideOf.get(allowed)
  if (outside === undefined) {
    outside = CIPHER_SUITES.filter((suite) => suite.keyExchange !== 'any' && !isDeclared(allowed, suite)).map(({ id }) => id)
    outsideOf.set(allowed, outside)
  }
  return outside
}
/** Hundreds of suites against every pattern, for every host: read once per list. */
const outsideOf = new WeakMap<readonly string[], readonly number[]>()

export const isClass =
  (...classes: readonly ReturnType<typeof suiteClass>[]) =>
  (suite: CipherSuite): boolean =>
    classes.includes(suiteClass(suite))

/** What a hello of TLS 1.2 with everything in it was answered. */
export const bestOf = (seen: Observed<Tls12Look>): Observed<TlsHelloObservation> => (seen.ok ? { ...seen, value: seen.value.best } : seen)
/** Nothing below TLS 1.3 is spoken, as far as a hello capped at TLS 1.2 tells: the alert that says so came. */
export const refusesTls12 = ({ flight }: TlsHelloObservation): boolean => flight.hello === undefined && flight.alert?.description === PROTOCOL_VERSION
/** The ServerHello of TLS 1.2 or below. */
export const tls12Hello = ({ flight, answer }: TlsHelloObservation): ServerHello | undefined =>
  answer === 'server-hello' && (flight.hello?.version ?? Number.POSITIVE_INFINITY) <= TLS12 ? flight.hello : undefined

export interface Chosen {
  readonly suite: CipherSuite
  /** 0x0304 for TLS 1.3. */
  readonly version: number
  readonly how: string
  readonly where: string
  readonly at: string
}
const VERSION_OF: Readonly<Record<string, number>> = { TLSv1: 0x0301, 'TLSv1.1': 0x0302, 'TLSv1.2': 0x0303, 'TLSv1.3': 0x0304 }

/** What hellos of today, which list the best suites first, ended in: that of our library, and our own capped at TLS 1.2. */
export function chosenSuites(ordinary: Observed<TlsObservation>, tls12: Observed<Tls12Look>): readonly Chosen[] {
  const chosen: Chosen[] = []
  if (ordinary.ok) {
    const { cipher, protocol, peer, at } = ordinary.value
    const suite = suiteNamed(cipher)
    if (suite !== undefined) chosen.push({ suite, version: VERSION_OF[protocol] ?? 0, how: `${protocol} ${cipher}`, where: peer, at })
  }
  if (tls12.ok) {
    const { best } = tls12.value
    const hello = tls12Hello(best)
    const suite = hello === undefined ? undefined : suiteById(hello.cipher)
    if (hello !== undefined && suite !== undefined)
      chosen.push({ suite, version: hello.version, how: `${versionName(hello.version)} ${suiteName(hello.cipher)}`, where: best.peer, at: best.at })
  }
  return chosen
}

/** Why there is no ServerHello of TLS 1.2 to look at. */
export const noTls12 = (seen: TlsHelloObservation): string => `no ServerHello of TLS 1.2 came: ${answerText(seen)}`

/** What the weak look proves about some of its suites, and the evidence of it. */
export function suitesEvidence(
  weak: Observed<SuiteLook>,
  of: (suite: CipherSuite) => boolean,
  what: string,
): { readonly proof: Proof; readonly evidence: Evidence } {
  const proof: Proof = weak.ok ? suitesProof(weak.value, of) : { result: 'unknown', how: `${weak.failure.message} (${weak.failure.code})` }
  const answer = weak.ok && weak.value.end?.ok === true ? weak.value.end.value : weak.ok ? weak.value.accepted[0]?.answer : undefined
  const where = answer === undefined ? {} : { where: answer.peer }
  return { proof, evidence: { what: `${what}, in hellos without better ones`, expected: 'refused', received: proof.how, ...where, at: weak.startedAt } }
}

/** Every suite of these classes, as one hello. */
export const showWeak =
  (...classes: readonly ReturnType<typeof suiteClass>[]) =>
  (asked: { readonly host: string }): HelloProbe =>
    suitesHello(
      asked,
      CIPHER_SUITES.filter(isClass(...classes)).map(({ id }) => id),
      classes.join(', '),
    )

/** Evidence of what the ServerHello of TLS 1.2 says. */
export const featureEvidence = ({ peer, at }: TlsHelloObservation, what: string, expected: string, received: string): Evidence => ({
  what,
  expected,
  received,
  where: peer,
  at,
})
