/** From the served leaf to a root: which paths the served certificates alone give, and whether a missing issuer can be fetched. Facts only. */
import { getCACertificates } from 'node:tls'
import { parseCertificateCached } from '../grammar/certificate.ts'
import { alertName } from '../grammar/tls-names.ts'
import { type AnchorIndex, findPaths, indexAnchors, type PathFindings } from '../grammar/certificate-path.ts'
import type { CertificateFacts, TlsObservation } from '../observations.ts'
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { fetchPublished, reachOf } from './published.ts'
import { tlsHandshake } from './tls.ts'
import { certificatesOf, tls12Look } from './tls-plan.ts'

export interface CertificatePaths extends PathFindings {
  /** The host's ordinary handshake. */
  readonly tls: TlsObservation
  /** As served, leaf first; `library` where the certificates were encrypted (a TLS 1.3-only server): order and extras are then unknown. */
  readonly served: readonly CertificateFacts[]
  readonly servedSource: 'wire' | 'library'
  /** Of the served list: certificates that nobody could read, how many there were in all, and bytes of the whole message (0: not known). */
  readonly unreadable: number
  readonly servedCount: number
  readonly servedBytes: number
  /** Why the wire could not be read, where it could not. */
  readonly wireFailure?: string
  /** Where no path was found: what fetching the missing issuer (authorityInfoAccess) brought. */
  readonly fetched?: {
    readonly url: string
    readonly result: 'completes' | 'does-not-help' | 'not-fetched'
    readonly subject?: string
    readonly detail: string
  }
}

const FETCH_LIMIT = 64 * 1024
const MOST_PLACES = 2
const FETCH_MS = 5_000

const indexes = new Map<string, AnchorIndex>()
let bundled: readonly { readonly raw: Uint8Array; readonly store: 'bundled' }[] | undefined
const pemBlocks = (pem: string): Uint8Array[] =>
  [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)].map((match) => Buffer.from(match[1] ?? '', 'base64'))
/** Roots of a store, by subject. @param trust PEM of network.trust */
export function anchorsOf(store: TlsObservation['store'], trust: readonly string[]): AnchorIndex {
  const key = JSON.stringify([store, trust])
  const known = indexes.get(key)
  if (known !== undefined) return known
  bundled ??= getCACertificates('bundled').flatMap((pem) => pemBlocks(pem).map((raw) => ({ raw, store: 'bundled' as const })))
  const declared = store === 'bundled' ? [] : trust.flatMap((pem) => pemBlocks(pem).map((raw) => ({ raw, store: 'declared' as const })))
  const made = indexAnchors([...declared, ...(store === 'declared' ? [] : bundled)])
  if (indexes.size > 16) indexes.clear()
  indexes.set(key, made)
  return made
}

/** DER, PEM, or the certificates of a PKCS #7 bundle, found by structure: a certificate starts with two nested sequences. */
function certificatesIn(body: Buffer): CertificateFacts[] {
  const text = body.toString('latin1')
  const candidates = text.includes('-----BEGIN CERTIFICATE-----') ? pemBlocks(text) : [body]
  const found = candidates.flatMap((raw) => {
    const read = parseCertificateCached(raw)
    return read.ok ? [read.value] : []
  })
  if (found.length > 0) return found
  for (let at = 0; at + 8 < body.length && found.length < 16; at += 1) {
    if (body[at] !== 0x30 || body[at + 1] !== 0x82) continue
    const size = 4 + body.readUInt16BE(at + 2)
    if (at + size > body.length) continue
    const read = parseCertificateCached(body.subarray(at, at + size))
    if (!read.ok) continue
    found.push(read.value)
    at += size - 1
  }
  return found
}

/** One plain GET of an issuer certificate (helpers/probes/published.ts guards the way). */
async function fetchIssuer(context: ProbeContext, url: string, from: string): Promise<{ readonly certificates: CertificateFacts[]; readonly detail: string }> {
  const answer = await fetchPublished(context, {
    url,
    // Nobody we trust has vouched for the certificate yet.
    reach: reachOf(from),
    limit: FETCH_LIMIT,
    milliseconds: FETCH_MS,
    accept: 'application/pkix-cert, application/pkcs7-mime',
  })
  if (!answer.ok) return { certificates: [], detail: answer.detail }
  const certificates = certificatesIn(answer.body)
  if (certificates.length > 0) return { certificates, detail: `holds ${certificates.map(({ subject }) => subject).join('; ')}` }
  const page = /^\s*<(?:!doctype|html)/i.test(answer.body.toString('latin1', 0, 200)) || /html/i.test(answer.contentType)
  return { certificates, detail: page ? 'answered a web page, no certificate' : 'holds no certificate' }
}

/**
 * The served certificates of a host and the paths they give. Composes the ordinary handshake with a TLS 1.2 hello of our own, to which
 * the certificates come in plain text; opens a third connection only to fetch a missing issuer (at most 3 certificates up, 2 places each, 64 KiB, 5 s).
 */
export function certificatePaths(host: string): Probe<CertificatePaths> {
  return {
    kind: 'certificatePaths',
    key: `certificatePaths ${host}`,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    host,
    timeoutMs: 40_000,
    async run(context) {
      const [seen, wire] = await Promise.all([context.observe(tlsHandshake({ host })), context.observe(tls12Look({ host }))])
      if (!seen.ok) throw new ProbeError(seen.failure)
      const tls = seen.value
      const flight = wire.ok ? wire.value.best.flight : undefined
      const onWire = wire.ok ? certificatesOf(wire.value.best) : undefined
      // Where the first certificate itself cannot be read, what the library made of it is all there is.
      const read = onWire !== undefined && onWire.firstReadable
      const served = read ? onWire.read : tls.chain
      const wireFailure = wire.ok
        ? flight?.alert === undefined
          ? 'no certificate'
          : `ALERT_${alertName(flight.alert.description).toUpperCase()}`
        : wire.failure.code
      const leaf = served[0]
      if (leaf === undefined) throw new ProbeError({ code: 'NO_CERTIFICATE', message: 'the handshake brought no readable certificate', phase: 'tls' })
      const anchors = anchorsOf(tls.store, context.target.trust)
      let found = findPaths(leaf, served.slice(1), anchors)
      const base = {
        tls,
        served,
        servedSource: read ? ('wire' as const) : ('library' as const),
        ...(read ? {} : { wireFailure }),
        unreadable: onWire?.unreadable ?? 0,
        servedCount: flight?.certificateCount ?? served.length,
        servedBytes: flight?.certificateBytes ?? 0,
      }
      if (found.paths.length > 0 || found.endsSelfSigned) return { ...base, ...found }
      const extra: CertificateFacts[] = []
      let fetched: CertificatePaths['fetched']
      for (let turn = 0; turn < 3; turn += 1) {
        const last = found.longest.at(-1) as CertificateFacts
        // An authority may name several places: the first that has a certificate counts.
        let answer: Awaited<ReturnType<typeof fetchIssuer>> | undefined
        let url = ''
        for (const place of last.caIssuerUrls.filter((one) => one.startsWith('http://')).slice(0, MOST_PLACES)) {
          url = place
          answer = await fetchIssuer(context, place, tls.address)
          if (answer.certificates.length > 0) break
          fetched ??= { url, result: 'not-fetched', detail: answer.detail }
        }
        if (answer === undefined || answer.certificates.length === 0) break
        extra.push(...answer.certificates)
        const again = findPaths(leaf, [...served.slice(1), ...extra], anchors)
        fetched = { url, result: again.paths.length > 0 ? 'completes' : 'does-not-help', subject: answer.certificates[0]?.subject ?? '', detail: answer.detail }
        if (again.paths.length > 0 || again.longest.length <= found.longest.length) break
        found = { ...found, longest: again.longest }
      }
      const own = findPaths(leaf, served.slice(1), anchors)
      return { ...base, ...own, ...(fetched === undefined ? {} : { fetched }) }
    },
  }
}
