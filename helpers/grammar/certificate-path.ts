/** Builds paths from a leaf to trust anchors out of given certificates (RFC 5280 §6, RFC 4158), every signature verified here. Dates and purposes are left to the judge. */
import { X509Certificate } from 'node:crypto'
import type { CertificateFacts } from '../observations.ts'
import { certificateLinks, parseCertificateCached } from './certificate.ts'

export interface Anchor {
  readonly facts: CertificateFacts
  readonly store: 'bundled' | 'declared'
}
export interface CertificatePath {
  /** Leaf first; the anchor is the last one. */
  readonly certificates: readonly CertificateFacts[]
  readonly anchor: 'bundled' | 'declared'
}
export interface PathFindings {
  /** Every path found, at most 8. */
  readonly paths: readonly CertificatePath[]
  /** Longest chain of verified signatures that starts at the leaf, whether it ends in an anchor or not. */
  readonly longest: readonly CertificateFacts[]
  /** The last one of {@link longest} signed itself. */
  readonly endsSelfSigned: boolean
}

const MOST_PATHS = 8
const MOST_DEPTH = 10
const MOST_VERIFICATIONS = 64

/** Anchors by subject, made once per trust store. */
export type AnchorIndex = ReadonlyMap<string, readonly Anchor[]>
export function indexAnchors(anchors: readonly { readonly raw: Uint8Array; readonly store: Anchor['store'] }[]): AnchorIndex {
  const index = new Map<string, Anchor[]>()
  for (const { raw, store } of anchors) {
    const read = parseCertificateCached(raw)
    const links = certificateLinks(raw)
    if (!read.ok || links === undefined) continue
    const known = index.get(links.subject)
    if (known === undefined) index.set(links.subject, [{ facts: read.value, store }])
    else known.push({ facts: read.value, store })
  }
  return index
}

const signatures = new Map<string, boolean>()
/** The issuer's key made this signature; remembered, because many hosts share their intermediates. */
export function signedBy(certificate: CertificateFacts, issuer: CertificateFacts): boolean {
  const key = `${certificate.sha256} ${issuer.sha256}`
  const known = signatures.get(key)
  if (known !== undefined) return known
  let verified = false
  try {
    verified = new X509Certificate(certificate.raw).verify(new X509Certificate(issuer.raw).publicKey)
  } catch {
    // A key or algorithm that the library cannot use verifies nothing.
    verified = false
  }
  if (signatures.size > 10_000) signatures.clear()
  signatures.set(key, verified)
  return verified
}

/** Subject equals issuer and the certificate's own key made the signature: names alone prove nothing. */
function isSelfSigned(certificate: CertificateFacts): boolean {
  const links = certificateLinks(certificate.raw)
  return links !== undefined && links.subject === links.issuer && signedBy(certificate, certificate)
}

/** @param others what was served beside the leaf (and what was fetched), in any order. */
export function findPaths(leaf: CertificateFacts, others: readonly CertificateFacts[], anchors: AnchorIndex): PathFindings {
  const paths: CertificatePath[] = []
  let longest: readonly CertificateFacts[] = [leaf]
  let verifications = 0
  const bySubject = new Map<string, CertificateFacts[]>()
  for (const one of others) {
    const subject = certificateLinks(one.raw)?.subject
    if (subject === undefined) continue
    const known = bySubject.get(subject)
    if (known === undefined) bySubject.set(subject, [one])
    else if (!known.some(({ sha256 }) => sha256 === one.sha256)) known.push(one)
  }
  const verify = (certificate: CertificateFacts, issuer: CertificateFacts): boolean => {
    verifications += 1
    return verifications <= MOST_VERIFICATIONS && signedBy(certificate, issuer)
  }
  const climb = (chain: readonly CertificateFacts[]): void => {
    if (paths.length >= MOST_PATHS) return
    if (chain.length > longest.length) longest = chain
    const last = chain.at(-1) as CertificateFacts
    const links = certificateLinks(last.raw)
    if (links === undefined) return
    const itself = anchors.get(links.subject)?.find(({ facts }) => facts.sha256 === last.sha256)
    if (itself !== undefined) {
      paths.push({ certificates: chain, anchor: itself.store })
      return
    }
    if (chain.length >= MOST_DEPTH) return
    const used = new Set(chain.map(({ sha256 }) => sha256))
    for (const { facts, store } of anchors.get(links.issuer) ?? []) {
      if (used.has(facts.sha256) || paths.length >= MOST_PATHS || !verify(last, facts)) continue
      const whole = [...chain, facts]
      if (whole.length > longest.length) longest = whole
      paths.push({ certificates: whole, anchor: store })
    }
    const ends = new Set((anchors.get(links.issuer) ?? []).map(({ facts }) => facts.sha256))
    for (const issuer of bySubject.get(links.issuer) ?? [])
      if (!used.has(issuer.sha256) && !ends.has(issuer.sha256) && verify(last, issuer)) climb([...chain, issuer])
  }
  climb([leaf])
  return { paths, longest, endsSelfSigned: isSelfSigned(longest.at(-1) as CertificateFacts) }
}
