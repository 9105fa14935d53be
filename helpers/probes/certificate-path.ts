/** From the served leaf to a root: which paths the served certificates alone give, and whether a missing issuer can be fetched. Facts only. */
import { isIP } from 'node:net'
import { getCACertificates } from 'node:tls'
import { isPublic } from '../grammar/address.ts'
import { parseCertificateCached } from '../grammar/certificate.ts'
import { type AnchorIndex, findPaths, indexAnchors, type PathFindings } from '../grammar/certificate-path.ts'
import type { CertificateFacts, TlsObservation } from '../observations.ts'
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { pinnedAddresses } from '../target.ts'
import { openTcp } from './connection.ts'
import { resolveHost } from './resolve.ts'
import { tlsHandshake } from './tls.ts'

export interface CertificatePaths extends PathFindings {
  /** The host's ordinary handshake. */
  readonly tls: TlsObservation
  /** As served, leaf first; `library` where the certificates were encrypted (a TLS 1.3-only server): order and extras are then unknown. */
  readonly served: readonly CertificateFacts[]
  readonly servedSource: TlsObservation['chainSource']
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
const FETCH_MS = 5_000

const indexes = new Map<string, AnchorIndex>()
let bundled: readonly { readonly raw: Uint8Array; readonly store: 'bundled' }[] | undefined
const pemBlocks = (pem: string): Uint8Array[] =>
  [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)].map((match) => Buffer.from(match[1] ?? '', 'base64'))
function anchorsOf(store: TlsObservation['store'], trust: readonly string[]): AnchorIndex {
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

/** One plain GET of an issuer certificate. It goes to a pinned address, or from a public target to a public address; never from loopback to the world. */
async function fetchIssuer(context: ProbeContext, url: string, from: string): Promise<{ readonly certificates: CertificateFacts[]; readonly detail: string }> {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    return { certificates: [], detail: 'not a URL' }
  }
  if (parsed.protocol !== 'http:' || (parsed.port !== '' && parsed.port !== '80')) return { certificates: [], detail: 'not a plain http URL on port 80' }
  const host = parsed.hostname.replace(/^\[|\]$/g, '')
  const pinned = isIP(host) !== 0 ? undefined : pinnedAddresses(context.target, host)?.[0]
  if (pinned === undefined && !isPublic(from))
    return { certificates: [], detail: 'not asked: the target is not public and the URL is not pinned to an address' }
  let address = pinned
  if (address === undefined) {
    const resolved = isIP(host) === 0 ? await context.observe(resolveHost(host)) : undefined
    address = resolved === undefined ? host : resolved.ok ? resolved.value.addresses[0]?.address : undefined
    if (address === undefined || !isPublic(address)) return { certificates: [], detail: `not asked: ${host} has no public address` }
  }
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(FETCH_MS)])
  try {
    const tcp = await openTcp(context, { address, port: 80, signal })
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const chunks: Buffer[] = []
      let size = 0
      const abort = (): void => {
        tcp.socket.destroy()
        reject(new ProbeError({ code: 'TIMEOUT', message: 'no answer in time', phase: 'response' }))
      }
      signal.addEventListener('abort', abort, { once: true })
      tcp.socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size > FETCH_LIMIT) tcp.socket.destroy()
      })
      tcp.socket.once('close', () => {
        signal.removeEventListener('abort', abort)
        resolve(Buffer.concat(chunks))
      })
      tcp.socket.end(`GET ${parsed.pathname}${parsed.search} HTTP/1.0\r\nHost: ${parsed.host}\r\nAccept: application/pkix-cert, application/pkcs7-mime\r\n\r\n`)
    })
    const head = answer.indexOf('\r\n\r\n')
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer.toString('latin1', 0, 15))?.[1]
    if (status !== '200' || head < 0) return { certificates: [], detail: `answered ${status ?? 'no HTTP'}` }
    const certificates = certificatesIn(answer.subarray(head + 4))
    return { certificates, detail: certificates.length === 0 ? 'holds no certificate' : `holds ${certificates.map(({ subject }) => subject).join('; ')}` }
  } catch (error) {
    if (error instanceof ProbeError) return { certificates: [], detail: error.failure.message }
    throw error
  }
}

/**
 * The served certificates of a host and the paths they give. Composes the ordinary handshake with one more that is capped at TLS 1.2, where
 * the certificates are in plain text; opens a third connection only to fetch a missing issuer (at most 3 fetches, 64 KiB, 5 s each).
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
      const [seen, wire] = await Promise.all([context.observe(tlsHandshake({ host })), context.observe(tlsHandshake({ host, wireChain: true }))])
      if (!seen.ok) throw new ProbeError(seen.failure)
      const tls = seen.value
      const read = wire.ok && wire.value.chainSource === 'wire' && wire.value.chain.length > 0
      const served = read ? wire.value.chain : tls.chain
      const leaf = served[0]
      if (leaf === undefined) throw new ProbeError({ code: 'NO_CERTIFICATE', message: 'the handshake brought no readable certificate', phase: 'tls' })
      const anchors = anchorsOf(tls.store, context.target.trust)
      let found = findPaths(leaf, served.slice(1), anchors)
      const base = {
        tls,
        served,
        servedSource: read ? ('wire' as const) : ('library' as const),
        ...(wire.ok ? {} : { wireFailure: wire.failure.code }),
      }
      if (found.paths.length > 0 || found.endsSelfSigned) return { ...base, ...found }
      const extra: CertificateFacts[] = []
      let fetched: CertificatePaths['fetched']
      for (let turn = 0; turn < 3; turn += 1) {
        const last = found.longest.at(-1) as CertificateFacts
        const url = last.caIssuerUrls.find((one) => one.startsWith('http://'))
        if (url === undefined) break
        const answer = await fetchIssuer(context, url, tls.address)
        if (answer.certificates.length === 0) {
          fetched ??= { url, result: 'not-fetched', detail: answer.detail }
          break
        }
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
