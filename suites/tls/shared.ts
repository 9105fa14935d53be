/** What the checks of this suite share: who is judged, how evidence names a certificate, dates. */
import { eachHost, hostOf, type Subject } from '../../helpers/check.ts'
import { alertName, type CipherSuite, REFUSING_ALERTS, suiteById, suiteName, versionName } from '../../helpers/grammar/tls-names.ts'
import type { CertificateFacts, ServerHello, TlsHelloObservation, TlsObservation } from '../../helpers/observations.ts'
import type { Observed, ProbeFailure } from '../../helpers/probe.ts'
import type { CertificatePaths } from '../../helpers/probes/certificate-path.ts'
import type { SuiteLook } from '../../helpers/probes/tls-plan.ts'
import { type HelloProbe, helloBytes } from '../../helpers/probes/tls-hello.ts'
import { bytesFor, opensslFor } from '../../helpers/reproduce.ts'
import type { Host, Target } from '../../helpers/target.ts'
import type { Evidence } from '../../helpers/verdict.ts'

export const DAY_MS = 86_400_000
export const HOUR_MS = 3_600_000

/** Every host is reached over TLS. */
export const tlsHosts = eachHost()
export const noHosts = { skip: 'not-declared', reason: 'the target names no host' } as const

export const certificateLine = (certificate: CertificateFacts): string =>
  `${certificate.subject === '' ? '(empty subject)' : certificate.subject} [SHA-256 ${certificate.sha256.slice(0, 16)}…]`

/** Evidence about the handshake of a host: where and when come from the observation. */
export const seenAt = (tls: TlsObservation, what: string, expected: string, received: string): Evidence => ({
  what,
  expected,
  received,
  where: tls.peer,
  at: tls.at,
})

/** A deployment may itself live under a name that only means something inside (shop.lan); its own names give nothing away. */
export const ownName = (name: string, { domain }: Target): boolean => `.${name.toLowerCase()}`.endsWith(`.${domain}`)

export const leafOf = (tls: TlsObservation): CertificateFacts | undefined => tls.chain[0]

/** The path a client would use: one whose certificates are all in date now where there is one, else the first; without a trusted path, what could be verified. */
export function usedPath(paths: CertificatePaths, now: Date): readonly CertificateFacts[] {
  const inDate = paths.paths.find(({ certificates }) => certificates.slice(0, -1).every((one) => datesHold(one, now)))
  return (inDate ?? paths.paths[0])?.certificates ?? paths.longest
}
/** The used path without its trust anchor, whose own signature and dates no client looks at. */
export function judgedPath(paths: CertificatePaths, now: Date): readonly CertificateFacts[] {
  const path = usedPath(paths, now)
  return paths.paths.length > 0 && path.length > 1 ? path.slice(0, -1) : path
}

/** False for NaN as well. */
export const datesHold = (certificate: CertificateFacts, now: Date): boolean =>
  Date.parse(certificate.notBefore) <= now.getTime() && now.getTime() <= Date.parse(certificate.notAfter)

/** Lifetime in days, both ends counted (RFC 5280: notAfter is inclusive). */
export const lifetimeDays = (certificate: CertificateFacts): number => (Date.parse(certificate.notAfter) - Date.parse(certificate.notBefore) + 1000) / DAY_MS

/** Publicly trusted: its root is one of the bundled ones, or the target says so of this host. Rules of the browser programmes hold for these alone. */
export const isPublic = (paths: CertificatePaths, host: Host, target: Target): boolean =>
  paths.paths.some(({ anchor }) => anchor === 'bundled') ||
  host.declared.tls?.trust === 'public' ||
  (target.file.defaults?.tls?.trust === 'public' && host.declared.tls?.trust === undefined)

export const openssl =
  (flags: readonly string[] = []) =>
  (subject: Subject, target: Target): string =>
    opensslFor(target, hostOf(subject).fqdn, [...flags])
/** Shows the served certificates as text. */
export const showCertificate = (subject: Subject, target: Target): string =>
  `${opensslFor(target, hostOf(subject).fqdn, [])} 2>/dev/null | openssl x509 -noout -text`

/**
 * What an attempt at a handshake proves. `refused`: an alert, or an answer in another version. `accepted`: it completed, or our own library
 * refused to go on with what the server had already agreed to. `unknown`: silence, reset, end of stream, rubbish: neither (rules G1).
 */
export type Proof = { readonly result: 'accepted' | 'refused' | 'unknown'; readonly how: string }
const REFUSING = new Set([
  'ALERT_HANDSHAKE_FAILURE',
  'ALERT_ILLEGAL_PARAMETER',
  'ALERT_PROTOCOL_VERSION',
  'ALERT_INSUFFICIENT_SECURITY',
  'ALERT_INTERNAL_ERROR',
  'ALERT_INAPPROPRIATE_FALLBACK',
  'ALERT_UNRECOGNIZED_NAME',
  'ALERT_NO_APPLICATION_PROTOCOL',
])
/** Reasons by which OpenSSL leaves a handshake that the server had agreed to (rules §17). */
const OUR_REFUSAL =
  /LEGACY_SIGALG|DH_KEY_TOO_SMALL|DH_PARAM_SIZE|UNSAFE_LEGACY_RENEGOTIATION|EE_KEY_TOO_SMALL|CA_KEY_TOO_SMALL|CA_MD_TOO_WEAK|BAD_SIGNATURE|WRONG_SIGNATURE_TYPE/
const OTHER_VERSION = /UNSUPPORTED_PROTOCOL|WRONG_SSL_VERSION|UNKNOWN_PROTOCOL|TLS_DOWNGRADE/

export function proofOf(seen: Observed<TlsObservation>): Proof {
  if (seen.ok) return { result: 'accepted', how: `handshake completed: ${seen.value.protocol} ${seen.value.cipher}` }
  return proofOfFailure(seen.failure)
}
export function proofOfFailure({ code, message }: ProbeFailure): Proof {
  if (REFUSING.has(code)) return { result: 'refused', how: message }
  if (OUR_REFUSAL.test(code)) return { result: 'accepted', how: `the server agreed; only our own library would not go on (${code})` }
  if (OTHER_VERSION.test(code)) return { result: 'refused', how: `answered in another version (${code})` }
  return { result: 'unknown', how: `${message} (${code})` }
}

/** A hello of ours as a line for the shell, its random the same every time. */
export const showHello =
  (make: (asked: { readonly host: string }) => HelloProbe, address?: string) =>
  (subject: Subject, target: Target): string => {
    const { request } = make({ host: hostOf(subject).fqdn })
    return bytesFor(target, request.host, helloBytes(request, new Uint8Array(32).fill(0x70)), request.port ?? 443, address)
  }

const PROTOCOL_VERSION = 70

/** The answer to a hello of our own in words: `ServerHello TLSv1.2 ECDHE-RSA-AES128-SHA`, `alert handshake_failure (40)`. */
export function answerText({ answer, flight: { hello, alert, ssl2 } }: TlsHelloObservation): string {
  if (hello !== undefined)
    return `${answer === 'hello-retry-request' ? 'HelloRetryRequest' : 'ServerHello'} ${versionName(hello.version)} ${suiteName(hello.cipher)}`
  if (ssl2 !== undefined) return `SSL 2.0 SERVER-HELLO with ${ssl2.kinds.length} cipher kinds`
  return alert === undefined ? 'nothing' : `alert ${alertName(alert.description)} (${alert.description})`
}

/**
 * What the answer to a hello of our own proves: `accepted` where the ServerHello agrees to what was asked (`agrees`), `refused` where it chose
 * otherwise or a refusing alert came, else `unknown`: silence, reset, end of stream and rubbish are no refusal (rules G1), and a suite that was not
 * offered or a ServerHello that a fatal alert took back is no consent.
 */
export function helloProof(seen: Observed<TlsHelloObservation>, agrees: (hello: ServerHello) => boolean): Proof {
  if (!seen.ok) return { result: 'unknown', how: `${seen.failure.message} (${seen.failure.code})` }
  const { unoffered = [] } = seen.value
  const { hello, alert } = seen.value.flight
  const how = answerText(seen.value)
  if (hello !== undefined) {
    if (unoffered.includes('suite') || unoffered.includes('compression')) return { result: 'unknown', how: `${how}, which was not offered` }
    if (!agrees(hello)) return { result: 'refused', how }
    return alert?.level === 2 ? { result: 'unknown', how: `${how}, then alert ${alertName(alert.description)}` } : { result: 'accepted', how }
  }
  return { result: alert !== undefined && REFUSING_ALERTS.has(alert.description) ? 'refused' : 'unknown', how }
}

/** Evidence about one hello of our own. */
export const helloEvidence = (seen: Observed<TlsHelloObservation>, what: string, expected: string, received: string): Evidence => ({
  what,
  expected,
  received,
  ...(seen.ok ? { where: seen.value.peer } : {}),
  at: seen.startedAt,
})

/** What a look at many suites proves about those of one class (or about any chosen by `of`). */
export function suitesProof(look: SuiteLook, of: (suite: CipherSuite) => boolean): Proof & { readonly suites: readonly number[] } {
  const chosen = (id: number): boolean => {
    const suite = suiteById(id)
    return suite !== undefined && of(suite)
  }
  const accepted = look.accepted.filter(({ suite }) => chosen(suite))
  const names = accepted.map(({ suite, version }) => `${suiteName(suite)} (${versionName(version)})`).join(', ')
  if (accepted.length > 0) return { result: 'accepted', how: `accepted: ${names}`, suites: accepted.map(({ suite }) => suite) }
  const { end } = look
  const asked = look.rest.filter(chosen)
  if (asked.length === 0) return { result: 'unknown', how: 'none of these suites was asked to the end', suites: [] }
  if (end === undefined) return { result: 'unknown', how: 'more was accepted than is asked in one run', suites: [] }
  const proof = helloProof(end, (hello) => look.rest.includes(hello.cipher))
  // A suite that was never offered is no refusal of those that were, nor is one that was chosen and taken back.
  if (end.ok && end.value.flight.hello !== undefined) return { result: 'unknown', how: `no answer to what was offered: ${proof.how}`, suites: [] }
  // Then these suites were not even offered: the version that has them is refused.
  const version = end.ok && end.value.flight.alert?.description === PROTOCOL_VERSION
  return { result: proof.result, how: `${proof.how}, ${version ? 'to the version itself' : `to a hello with ${asked.length} such suites`}`, suites: [] }
}
