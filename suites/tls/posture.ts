/** Everything the looks of this suite say about versions, suites and keys of one host, put together once: for the profile and the grade. */
import { bitLength } from '../../helpers/grammar/der.ts'
import { type CipherSuite, suiteById, suiteClass, suiteNamed, versionName } from '../../helpers/grammar/tls-names.ts'
import type { HttpChain, TlsHelloObservation, TlsObservation } from '../../helpers/observations.ts'
import { attempt, type Observed } from '../../helpers/probe.ts'
import { type CertificatePaths, certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { oldVersionLook, ssl3Look, type SuiteLook, type Tls12Look, tls12Look, weakSuites } from '../../helpers/probes/tls-plan.ts'
import type { Host } from '../../helpers/target.ts'
import { helloProof, type Proof, suitesProof } from './shared.ts'

export const postureNeeds = (host: Host) => {
  const asked = { host: host.fqdn }
  return {
    tls: tlsHandshake(asked),
    paths: certificatePaths(host.fqdn),
    tls12: attempt(tls12Look(asked)),
    tls11: attempt(oldVersionLook(asked, 0x0302)),
    tls10: attempt(oldVersionLook(asked, 0x0301)),
    ssl3: attempt(ssl3Look(asked)),
    weak: attempt(weakSuites(asked)),
    document: attempt(documentOf(host)),
  }
}
export interface PostureSeen {
  readonly tls: TlsObservation
  readonly paths: CertificatePaths
  readonly tls12: Observed<Tls12Look>
  readonly tls11: Observed<TlsHelloObservation>
  readonly tls10: Observed<TlsHelloObservation>
  readonly ssl3: Observed<TlsHelloObservation>
  readonly weak: Observed<SuiteLook>
  readonly document: Observed<HttpChain>
}

export interface Posture {
  /** Accepted versions, lowest first: 0x0300 to 0x0304. */
  readonly versions: readonly number[]
  /** Accepted suites that were seen; of a weak class one is enough to be named. */
  readonly suites: readonly CipherSuite[]
  /** The smallest finite-field Diffie-Hellman prime seen, in bits. */
  readonly dhBits?: number
  readonly deflate: boolean
  /** RFC 5746, where TLS 1.2 was seen. */
  readonly secureRenegotiation?: boolean
  /** What could not be told, in words; a grade is then no more than a guess. */
  readonly unknown: readonly string[]
}

export function postureOf(seen: PostureSeen): Posture {
  const versions = new Set<number>()
  const suites = new Map<number, CipherSuite>()
  const unknown: string[] = []
  const take = (id: number | undefined): void => {
    const suite = id === undefined ? undefined : suiteById(id)
    if (suite !== undefined) suites.set(suite.id, suite)
  }
  const settle = (version: number, proof: Proof): void => {
    if (proof.result === 'accepted') versions.add(version)
    else if (proof.result === 'unknown') unknown.push(`${versionName(version)}: ${proof.how}`)
  }
  if (seen.tls.protocol === 'TLSv1.3') versions.add(0x0304)
  else if (seen.tls.protocol === 'TLSv1.2') versions.add(0x0303)
  take(suiteNamed(seen.tls.cipher)?.id)
  const best: Observed<TlsHelloObservation> = seen.tls12.ok ? { ...seen.tls12, value: seen.tls12.value.best } : seen.tls12
  settle(
    0x0303,
    helloProof(best, ({ version }) => version === 0x0303),
  )
  settle(
    0x0302,
    helloProof(seen.tls11, ({ version }) => version === 0x0302),
  )
  settle(
    0x0301,
    helloProof(seen.tls10, ({ version }) => version === 0x0301),
  )
  settle(
    0x0300,
    helloProof(seen.ssl3, ({ version }) => version === 0x0300),
  )
  const flights = [best, seen.tls11, seen.tls10, seen.ssl3].flatMap((one) => (one.ok ? [one.value.flight] : []))
  if (seen.weak.ok) {
    flights.push(...seen.weak.value.accepted.map(({ answer }) => answer.flight))
    const rest = suitesProof({ ...seen.weak.value, accepted: [] }, () => true)
    if (rest.result === 'unknown' && seen.weak.value.rest.length > 0) unknown.push(`weak suites: ${rest.how}`)
  } else unknown.push(`weak suites: ${seen.weak.failure.message}`)
  for (const { hello } of flights) take(hello?.cipher)
  const primes = flights.flatMap(({ keyExchange }) => (keyExchange?.kind === 'dhe' ? [bitLength(keyExchange.prime)] : []))
  const hello12 = best.ok ? best.value.flight.hello : undefined
  return {
    versions: [...versions].sort((a, b) => a - b),
    suites: [...suites.values()],
    ...(primes.length === 0 ? {} : { dhBits: Math.min(...primes) }),
    deflate: flights.some(({ hello }) => hello?.compression === 1),
    ...(hello12 === undefined ? {} : { secureRenegotiation: hello12.extensions.some(({ type }) => type === 0xff01) }),
    unknown,
  }
}

/** Suites that are not ephemeral elliptic curves with AEAD. */
export const weakOf = (posture: Posture): readonly CipherSuite[] => posture.suites.filter((suite) => suiteClass(suite) !== 'strong')
