/** What an OCSPResponse (RFC 6960 §4.2.1) says, and who signed it, read strictly from DER. Never throws; dates are left to the judge. */
import { createHash } from 'node:crypto'
import type { CertificateFacts } from '../observations.ts'
import { certificateLinks, parseCertificateCached } from './certificate.ts'
import { type DerNode, derChildren, derInteger, derOid, readDer } from './der.ts'
import { revocationReason } from './revocation-reason.ts'
import { checkSignature, type SignatureCheck, type SignatureParts } from './signed.ts'

export interface OcspSingle {
  readonly status: 'good' | 'revoked' | 'unknown'
  /** Content of the serial number's INTEGER, hex. */
  readonly serialHex: string
  /** Hashes that name the issuer, hex, with the OID of their algorithm. */
  readonly hash: string
  readonly issuerNameHash: string
  readonly issuerKeyHash: string
  /** ISO 8601 UTC. */
  readonly thisUpdate: string
  readonly nextUpdate?: string
  readonly revokedAt?: string
  readonly reason?: string
}
export interface OcspFacts {
  /** responseStatus; 0 is successful. Otherwise nothing follows. */
  readonly responseStatus: number
  readonly producedAt?: string
  readonly responses: readonly OcspSingle[]
  readonly signature?: SignatureParts
  /** DER of the certificates that came with it. */
  readonly certificates: readonly Uint8Array[]
}
export type OcspReading = { readonly ok: true; readonly value: OcspFacts } | { readonly ok: false; readonly error: string }

const MOST_RESPONSES = 100
const MOST_CERTIFICATES = 8
const wrong = (error: string): OcspReading => ({ ok: false, error })
const children = (node: DerNode | undefined): readonly DerNode[] | undefined => {
  const list = node === undefined ? undefined : derChildren(node)
  return list?.ok === true ? list.value : undefined
}
const inner = (bytes: Uint8Array | undefined): readonly DerNode[] | undefined => {
  const node = bytes === undefined ? undefined : readDer(bytes)
  return node?.ok === true ? children(node.value) : undefined
}
const hex = (node: DerNode): string => Buffer.from(node.content).toString('hex')
const instant = (node: DerNode | undefined): string | undefined => {
  if (node === undefined || node.tagClass !== 0 || node.tag !== 24) return undefined
  const found = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(Buffer.from(node.content).toString('latin1'))
  if (found === null) return undefined
  const iso = `${found[1]}-${found[2]}-${found[3]}T${found[4]}:${found[5]}:${found[6]}.000Z`
  const at = new Date(iso)
  return Number.isNaN(at.getTime()) || at.toISOString() !== iso ? undefined : iso
}
const STATUS = ['good', 'revoked', 'unknown'] as const

function singleOf(node: DerNode): OcspSingle | undefined {
  const [id, said, updated, ...rest] = children(node) ?? []
  const [algorithm, nameHash, keyHash, serial] = children(id) ?? []
  const oid = children(algorithm)?.[0]
  const hash = oid === undefined ? undefined : derOid(oid)
  const status = said?.tagClass === 2 ? STATUS[said.tag] : undefined
  const thisUpdate = instant(updated)
  if (hash === undefined || nameHash?.tag !== 4 || keyHash?.tag !== 4 || serial?.tag !== 2) return undefined
  if (said === undefined || status === undefined || thisUpdate === undefined) return undefined
  const next = rest.find((one) => one.tagClass === 2 && one.tag === 0)
  const nextUpdate = instant(children(next)?.[0])
  if (next !== undefined && nextUpdate === undefined) return undefined
  let revoked: { readonly revokedAt?: string; readonly reason?: string } = {}
  if (status === 'revoked') {
    const [time, wrapped] = children(said) ?? []
    const revokedAt = instant(time)
    const value = children(wrapped)?.[0]
    const number = value === undefined ? undefined : derInteger(value)
    revoked = {
      ...(revokedAt === undefined ? {} : { revokedAt }),
      reason: number === undefined ? 'unspecified' : revocationReason(number),
    }
  }
  return {
    status,
    serialHex: hex(serial),
    hash,
    issuerNameHash: hex(nameHash),
    issuerKeyHash: hex(keyHash),
    thisUpdate,
    ...(nextUpdate === undefined ? {} : { nextUpdate }),
    ...revoked,
  }
}

export function readOcspResponse(bytes: Uint8Array): OcspReading {
  const whole = readDer(bytes)
  if (whole.ok && whole.value.bytes.length !== bytes.length) return wrong('bytes after the OCSPResponse')
  const outer = inner(bytes)
  const status = outer?.[0] === undefined ? undefined : derInteger(outer[0])
  if (outer === undefined || status === undefined) return wrong('not an OCSPResponse')
  if (status !== 0n) return { ok: true, value: { responseStatus: Number(status), responses: [], certificates: [] } }
  const responseBytes = children(children(outer[1])?.[0])
  const [data, algorithm, bits, certs] = inner(responseBytes?.[1]?.content) ?? []
  const fields = children(data)
  if (data === undefined || fields === undefined) return wrong('no basic response inside')
  const at = fields.findIndex((one) => one.tagClass === 0 && one.tag === 24)
  const list = children(fields[at + 1])
  if (at < 0 || list === undefined || list.length === 0) return wrong('no single response inside')
  if (list.length > MOST_RESPONSES) return wrong('too many single responses')
  const responses: OcspSingle[] = []
  for (const one of list) {
    const single = singleOf(one)
    if (single === undefined) return wrong('a single response is malformed')
    responses.push(single)
  }
  const producedAt = instant(fields[at])
  const signed = algorithm !== undefined && bits?.tag === 3 && bits.content[0] === 0
  return {
    ok: true,
    value: {
      responseStatus: 0,
      ...(producedAt === undefined ? {} : { producedAt }),
      responses,
      ...(signed ? { signature: { algorithm: algorithm.bytes, signed: data.bytes, signature: bits.content.subarray(1) } } : {}),
      certificates: (children(children(certs)?.[0]) ?? []).slice(0, MOST_CERTIFICATES).map((one) => one.bytes),
    },
  }
}

const bare = (serialHex: string): string => serialHex.toLowerCase().replace(/^(?:00)+(?=..)/, '')
const HASHES: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

/** Key of an issuer as a CertID hashes it: the bits of the BIT STRING alone. */
function issuerHashes(issuer: Pick<CertificateFacts, 'raw'>, hash: string): { readonly name: string; readonly key: string } | undefined {
  const links = certificateLinks(issuer.raw)
  const bits = links === undefined ? undefined : inner(links.spki)?.[1]
  if (links === undefined || bits === undefined) return undefined
  const digest = (bytes: Uint8Array): string => createHash(hash).update(bytes).digest('hex')
  return { name: digest(Buffer.from(links.subject, 'hex')), key: digest(bits.content.subarray(1)) }
}

/** The single response about this certificate: same serial number, and hashes of this issuer where it is known. */
export function responseFor(facts: OcspFacts, certificate: CertificateFacts, issuer: CertificateFacts | undefined): OcspSingle | undefined {
  return facts.responses.find((one) => {
    if (bare(one.serialHex) !== bare(certificate.serialHex)) return false
    const hash = HASHES[one.hash]
    if (issuer === undefined) return true
    const own = hash === undefined ? undefined : issuerHashes(issuer, hash)
    return own !== undefined && own.name === one.issuerNameHash && own.key === one.issuerKeyHash
  })
}

export interface OcspSigner {
  readonly check: SignatureCheck
  /** Who signed: the issuer itself, or a responder it has appointed (RFC 6960 §4.2.2.2). */
  readonly by?: 'issuer' | 'delegate'
  /** The appointed one's certificate: its dates are the judge's. */
  readonly delegate?: CertificateFacts
}
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'

/** Whose signature is it? A certificate that came along counts only where the issuer signed it for OCSP signing. */
export function ocspSigner(
  facts: OcspFacts,
  issuer: CertificateFacts,
  signedBy: (certificate: CertificateFacts, issuer: CertificateFacts) => boolean,
): OcspSigner {
  if (facts.signature === undefined) return { check: 'unsupported' }
  const direct = checkSignature(facts.signature, issuer)
  if (direct === 'verified') return { check: 'verified', by: 'issuer' }
  for (const raw of facts.certificates) {
    const read = parseCertificateCached(raw)
    if (!read.ok || read.value.extendedKeyUsage?.includes(OCSP_SIGNING) !== true) continue
    if (checkSignature(facts.signature, read.value) !== 'verified') continue
    const same = certificateLinks(raw)?.issuer === certificateLinks(issuer.raw)?.subject
    if (same && signedBy(read.value, issuer)) return { check: 'verified', by: 'delegate', delegate: read.value }
  }
  return { check: direct }
}

const length = (size: number): number[] => (size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff])
const wrap = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, ...length(content.length)]), content])
}
/** AlgorithmIdentifier of SHA-1: what every responder knows (RFC 5019 §2.1.1). It names the issuer and protects nothing. */
const SHA1 = Buffer.from('300906052b0e03021a0500', 'hex')

/** An OCSPRequest for one certificate, without nonce (RFC 5019); undefined where the issuer cannot be read. */
export function ocspRequest(certificate: CertificateFacts, issuer: CertificateFacts): Buffer | undefined {
  const hashes = issuerHashes(issuer, 'sha1')
  const serial = Buffer.from(certificate.serialHex, 'hex')
  if (hashes === undefined || serial.length === 0 || serial.length > 64) return undefined
  const id = wrap(0x30, SHA1, wrap(4, Buffer.from(hashes.name, 'hex')), wrap(4, Buffer.from(hashes.key, 'hex')), wrap(2, serial))
  return wrap(0x30, wrap(0x30, wrap(0x30, wrap(0x30, id))))
}
