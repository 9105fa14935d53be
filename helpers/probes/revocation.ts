/**
 * Is a certificate revoked? Asks where the certificates of the used path say: revocation lists first, OCSP only where no list answers. Facts only:
 * what was fetched, whose signature it carries, which dates it has, whether the serial number is in it.
 */
import { certificateLinks } from '../grammar/certificate.ts'
import { signedBy } from '../grammar/certificate-path.ts'
import { type CrlEntry, type CrlFacts, type CrlScope, findInCrl, type Reading, readCrl } from '../grammar/crl.ts'
import { ocspRequest, ocspSigner, readOcspResponse, responseFor } from '../grammar/ocsp-response.ts'
import { checkSignature, type SignatureCheck } from '../grammar/signed.ts'
import type { CertificateFacts, TlsObservation } from '../observations.ts'
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { certificatePaths } from './certificate-path.ts'
import { fetchPublished, type Published, type Reach, reachOf } from './published.ts'

/** What one place said of one certificate. */
export type RevocationAnswer =
  | { readonly by: 'crl' | 'ocsp'; readonly url: string; readonly result: 'no-answer' | 'unreadable'; readonly detail: string }
  | {
      readonly by: 'crl'
      readonly url: string
      readonly result: 'read'
      readonly signature: SignatureCheck
      /** The list's issuer is the certificate's. */
      readonly sameIssuer: boolean
      readonly thisUpdate: string
      readonly nextUpdate?: string
      readonly delta: boolean
      readonly scope?: CrlScope
      readonly unknownCritical: readonly string[]
      readonly entries: number
      readonly sizeBytes: number
      /** The certificate's own entry, where it is listed. */
      readonly entry?: CrlEntry
    }
  | {
      readonly by: 'ocsp'
      readonly url: string
      readonly result: 'read'
      readonly responseStatus: number
      readonly signature: SignatureCheck
      readonly signer?: 'issuer' | 'delegate'
      /** Dates of an appointed responder's certificate. */
      readonly signerDates?: { readonly notBefore: string; readonly notAfter: string }
      /** Undefined where the answer is about another certificate. */
      readonly status?: 'good' | 'revoked' | 'unknown'
      readonly thisUpdate?: string
      readonly nextUpdate?: string
      readonly revokedAt?: string
      readonly reason?: string
    }

export interface RevocationLook {
  readonly tls: TlsObservation
  /** Leaf first, then the intermediates of the path; roots are not asked about. */
  readonly certificates: readonly {
    readonly certificate: CertificateFacts
    /** Undefined where the issuer is not known: then nothing could be verified, and nothing was asked. */
    readonly issuer?: CertificateFacts
    readonly answers: readonly RevocationAnswer[]
  }[]
}

const CRL_LIMIT = 20 * 1024 * 1024
const CRL_MS = 30_000
const OCSP_LIMIT = 64 * 1024
const OCSP_MS = 8_000
/** Places asked about one certificate, per kind. */
const MOST_PLACES = 3
const MOST_CERTIFICATES = 4

type FetchedList = { readonly ok: true; readonly list: Reading<CrlFacts> } | Extract<Published, { ok: false }>

/** A list is fetched and read once per run, however many certificates it is asked about. PEM is taken where somebody serves it. */
function revocationList(url: string, reach: Reach): Probe<FetchedList> {
  return {
    kind: 'revocationList',
    key: `revocationList ${url}${reach === 'public' ? '' : ` ${reach}`}`,
    impact: 'read',
    cost: { connections: 1, requests: 1 },
    timeoutMs: CRL_MS + 5_000,
    async run(context) {
      const answer = await fetchPublished(context, { url, reach, limit: CRL_LIMIT, milliseconds: CRL_MS, accept: 'application/pkix-crl' })
      if (!answer.ok) return answer
      return { ok: true, list: readCrl(derOf(answer.body)) }
    },
  }
}
function derOf(body: Buffer): Buffer {
  if (!body.toString('latin1', 0, 64).includes('-----BEGIN X509 CRL-----')) return body
  const text = body.toString('latin1')
  const start = text.indexOf('CRL-----') + 8
  const end = text.indexOf('-----END X509 CRL-----', start)
  return Buffer.from(text.slice(start, end < 0 ? undefined : end), 'base64')
}

async function askList(context: ProbeContext, url: string, reach: Reach, certificate: CertificateFacts, issuer: CertificateFacts): Promise<RevocationAnswer> {
  const seen = await context.observe(revocationList(url, reach))
  if (!seen.ok) return { by: 'crl', url, result: 'no-answer', detail: seen.failure.message }
  if (!seen.value.ok) return { by: 'crl', url, result: 'no-answer', detail: seen.value.detail }
  const { list } = seen.value
  if (!list.ok) return { by: 'crl', url, result: 'unreadable', detail: list.error }
  const facts = list.value
  const lookup = findInCrl(facts, certificate.serialHex)
  if (!lookup.ok) return { by: 'crl', url, result: 'unreadable', detail: lookup.error }
  const links = certificateLinks(certificate.raw)
  const named = lookup.value.found.find((entry) =>
    // In an indirect list an entry belongs to the issuer named last before it, and to the list's own issuer until one is named.
    entry.certificateIssuer === undefined
      ? facts.scope?.indirect !== true || links?.issuer === facts.issuerDer
      : links !== undefined && entry.certificateIssuer.includes(links.issuer),
  )
  return {
    by: 'crl',
    url,
    result: 'read',
    signature: checkSignature(facts.signature, issuer),
    sameIssuer: links?.issuer === facts.issuerDer,
    thisUpdate: facts.thisUpdate,
    ...(facts.nextUpdate === undefined ? {} : { nextUpdate: facts.nextUpdate }),
    delta: facts.deltaOf !== undefined,
    ...(facts.scope === undefined ? {} : { scope: facts.scope }),
    unknownCritical: [...facts.unknownCritical, ...lookup.value.unknownCritical],
    entries: lookup.value.entries,
    sizeBytes: facts.sizeBytes,
    ...(named === undefined ? {} : { entry: named }),
  }
}

async function askResponder(
  context: ProbeContext,
  url: string,
  reach: Reach,
  certificate: CertificateFacts,
  issuer: CertificateFacts,
): Promise<RevocationAnswer> {
  const body = ocspRequest(certificate, issuer)
  if (body === undefined) return { by: 'ocsp', url, result: 'unreadable', detail: 'no question can be made for this certificate' }
  const answer = await fetchPublished(context, {
    url,
    reach,
    limit: OCSP_LIMIT,
    milliseconds: OCSP_MS,
    accept: 'application/ocsp-response',
    post: { type: 'application/ocsp-request', body },
  })
  if (!answer.ok) return { by: 'ocsp', url, result: 'no-answer', detail: answer.detail }
  const read = readOcspResponse(answer.body)
  if (!read.ok) return { by: 'ocsp', url, result: 'unreadable', detail: read.error }
  const signer = read.value.responseStatus === 0 ? ocspSigner(read.value, issuer, signedBy) : { check: 'unsupported' as const }
  const about = responseFor(read.value, certificate, issuer)
  return {
    by: 'ocsp',
    url,
    result: 'read',
    responseStatus: read.value.responseStatus,
    signature: signer.check,
    ...('by' in signer && signer.by !== undefined ? { signer: signer.by } : {}),
    ...('delegate' in signer && signer.delegate !== undefined
      ? { signerDates: { notBefore: signer.delegate.notBefore, notAfter: signer.delegate.notAfter } }
      : {}),
    ...(about === undefined
      ? {}
      : {
          status: about.status,
          thisUpdate: about.thisUpdate,
          ...(about.nextUpdate === undefined ? {} : { nextUpdate: about.nextUpdate }),
          ...(about.revokedAt === undefined ? {} : { revokedAt: about.revokedAt }),
          ...(about.reason === undefined ? {} : { reason: about.reason }),
        }),
  }
}

/** An answer that leaves no wish: then no further place is asked. Freshness is for the judge, so an old list does not end the asking. */
const settles = (answer: RevocationAnswer, now: number): boolean =>
  answer.result === 'read' &&
  answer.signature === 'verified' &&
  (answer.by === 'crl'
    ? answer.entry !== undefined || (answer.nextUpdate !== undefined && Date.parse(answer.nextUpdate) >= now && !answer.delta)
    : answer.status !== undefined)

const inDate = ({ notBefore, notAfter }: CertificateFacts): boolean => Date.parse(notBefore) <= Date.now() && Date.now() <= Date.parse(notAfter)

/**
 * What lists and responders say of the leaf and of the intermediates of the used path: the lists of one certificate one after the other until one
 * answers, at most 3; responders only where none did. A list of more than 20 MB or of more than 30 s is not read.
 */
export function revocation(host: string): Probe<RevocationLook> {
  return {
    kind: 'revocation',
    key: `revocation ${host}`,
    impact: 'read',
    cost: { connections: 2, requests: 2 },
    host,
    timeoutMs: 120_000,
    async run(context) {
      const seen = await context.observe(certificatePaths(host))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const { tls, paths, longest } = seen.value
      const path = (paths.find(({ certificates }) => certificates.slice(0, -1).every(inDate)) ?? paths[0])?.certificates ?? longest
      const reach = reachOf(tls.address, paths[0]?.anchor)
      // The anchor of a path is trusted by decision; where there is none, the last one's issuer is unknown.
      const asked = (paths.length > 0 && path.length > 1 ? path.slice(0, -1) : path).slice(0, MOST_CERTIFICATES)
      const certificates = await Promise.all(
        asked.map(async (certificate, index) => {
          const issuer = path[index + 1]
          const answers: RevocationAnswer[] = []
          if (issuer === undefined) return { certificate, answers }
          for (const url of certificate.crlUrls.slice(0, MOST_PLACES)) {
            const answer = await askList(context, url, reach, certificate, issuer)
            answers.push(answer)
            if (settles(answer, Date.now())) return { certificate, issuer, answers }
          }
          for (const url of certificate.ocspUrls.slice(0, MOST_PLACES)) {
            const answer = await askResponder(context, url, reach, certificate, issuer)
            answers.push(answer)
            if (settles(answer, Date.now())) break
          }
          return { certificate, issuer, answers }
        }),
      )
      return { tls, certificates }
    },
  }
}
