/**
 * Certificate revocation lists (RFC 5280 §5), read strictly from DER. The entries are walked in place: a list of half a million makes half a
 * million steps and no objects. Never throws; hostile bytes give an error. Whether a list is fresh enough is for the judge.
 */
import { children, type DerNode, derOid, Malformed, need, readDer } from './der.ts'
import { revocationReason } from './revocation-reason.ts'
import type { SignatureParts } from './signed.ts'

export interface CrlFacts {
  /** The issuer's name as DER, hex: compared, not shown. */
  readonly issuerDer: string
  /** ISO 8601 UTC. */
  readonly thisUpdate: string
  /** RFC 5280 demands it; absent lists exist. */
  readonly nextUpdate?: string
  /** cRLNumber, hex. */
  readonly number?: string
  /** deltaCRLIndicator: this list holds only what changed since that number. */
  readonly deltaOf?: string
  /** issuingDistributionPoint, where there is one. */
  readonly scope?: CrlScope
  /** Critical extensions, of the list or of an entry, that change its meaning in a way not read here: then it tells nothing (§5.2, §5.3). */
  readonly unknownCritical: readonly string[]
  readonly sizeBytes: number
  readonly signature: SignatureParts
  /** Content of revokedCertificates; empty where nothing is revoked. */
  readonly revoked: Uint8Array
}
export interface CrlScope {
  /** URLs of its distribution point name; undefined where it names none. */
  readonly urls?: readonly string[]
  readonly onlyUserCertificates: boolean
  readonly onlyAuthorityCertificates: boolean
  readonly onlyAttributeCertificates: boolean
  readonly onlySomeReasons: boolean
  /** It lists certificates of other issuers too. */
  readonly indirect: boolean
}
export interface CrlEntry {
  readonly serialHex: string
  /** ISO 8601 UTC. */
  readonly revokedAt: string
  /** RFC 5280 §5.3.1; `unspecified` where the entry gives none. */
  readonly reason: string
  /** certificateIssuer in force for the entry (indirect lists), DER of the GeneralNames, hex. */
  readonly certificateIssuer?: string
}
export interface CrlLookup {
  readonly entries: number
  /** Every entry of that serial number; an indirect list may hold one for each issuer. */
  readonly found: readonly CrlEntry[]
  readonly unknownCritical: readonly string[]
}
export type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string }

const MOST_BYTES = 32 * 1024 * 1024
const SEQUENCE = 0x30
const INTEGER = 0x02

const inside = (bytes: Uint8Array, what: string): DerNode => {
  const read = readDer(bytes)
  if (!read.ok) throw new Malformed(`${what}: ${read.error}`)
  if (read.value.bytes.length !== bytes.length) throw new Malformed(`bytes after ${what}`)
  return read.value
}
const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
const latin = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

/** UTCTime or GeneralizedTime as RFC 5280 §5.1.2.4 wants them: seconds given, Z, no fraction. Undefined for anything else. */
function instant(tag: number, content: Uint8Array): string | undefined {
  const said = latin(content)
  const digits =
    tag === 0x17 && /^\d{12}Z$/.test(said)
      ? `${Number(said.slice(0, 2)) >= 50 ? '19' : '20'}${said}`
      : tag === 0x18 && /^\d{14}Z$/.test(said)
        ? said
        : undefined
  if (digits === undefined) return undefined
  const iso = `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}T${digits.slice(8, 10)}:${digits.slice(10, 12)}:${digits.slice(12, 14)}.000Z`
  const parsed = new Date(iso)
  return Number.isNaN(parsed.getTime()) || parsed.toISOString() !== iso ? undefined : iso
}
const timeOf = (node: DerNode, what: string): string => {
  const found = node.tagClass === 0 ? instant(node.tag, node.content) : undefined
  if (found === undefined) throw new Malformed(`${what} is no date`)
  return found
}

const flag = (node: DerNode): boolean => node.content.length === 1 && node.content[0] !== 0

function scopeOf(value: Uint8Array): CrlScope {
  const scope = { onlyUserCertificates: false, onlyAuthorityCertificates: false, onlyAttributeCertificates: false, onlySomeReasons: false, indirect: false }
  let urls: string[] | undefined
  for (const field of children(inside(value, 'issuingDistributionPoint'), 'issuingDistributionPoint')) {
    if (field.tagClass !== 2) throw new Malformed('issuingDistributionPoint holds something foreign')
    switch (field.tag) {
      case 0:
        urls = []
        for (const name of children(field, 'distributionPoint')) {
          if (name.tagClass !== 2 || name.tag !== 0 || !name.constructed) continue
          for (const one of children(name, 'fullName')) if (one.tagClass === 2 && one.tag === 6 && one.content.length <= 2048) urls.push(latin(one.content))
        }
        break
      case 1:
        scope.onlyUserCertificates = flag(field)
        break
      case 2:
        scope.onlyAuthorityCertificates = flag(field)
        break
      case 3:
        scope.onlySomeReasons = true
        break
      case 4:
        scope.indirect = flag(field)
        break
      case 5:
        scope.onlyAttributeCertificates = flag(field)
        break
      default:
        throw new Malformed('issuingDistributionPoint holds something foreign')
    }
  }
  return { ...scope, ...(urls === undefined ? {} : { urls }) }
}

/** Splits an Extension into id, criticality and value. */
function extensionOf(node: DerNode): { readonly oid: string; readonly critical: boolean; readonly value: Uint8Array } {
  const parts = children(node, 'an extension')
  const oid = derOid(need(parts[0], 'an extension id'))
  const value = need(parts.at(-1), 'an extension value')
  if (oid === undefined || parts.length > 3 || parts.length < 2 || value.tag !== 4 || value.tagClass !== 0) throw new Malformed('an extension is malformed')
  const critical = parts.length === 3 && parts[1]?.tag === 1 && flag(parts[1])
  return { oid, critical, value: value.content }
}

/** Reads everything but the entries, whose bytes it hands on; {@link findInCrl} walks them. */
export function readCrl(bytes: Uint8Array): Reading<CrlFacts> {
  if (bytes.length > MOST_BYTES) return { ok: false, error: `larger than ${MOST_BYTES} bytes` }
  try {
    const outside = inside(bytes, 'the list')
    const [tbs, algorithm, bits, more] = children(outside, 'the list')
    const signed = need(tbs, 'tbsCertList')
    if (outside.bytes[0] !== SEQUENCE || signed.bytes[0] !== SEQUENCE) throw new Malformed('not a CertificateList')
    const value = need(bits, 'signatureValue')
    if (more !== undefined || value.tag !== 3 || value.content[0] !== 0) throw new Malformed('signatureValue is malformed')
    const fields = [...children(signed, 'tbsCertList')]
    if (fields[0]?.tagClass === 0 && fields[0].tag === 2) {
      // Version is there only for v2, and then it is 1.
      if (fields[0].content.length !== 1 || fields[0].content[0] !== 1) throw new Malformed('not version 2')
      fields.shift()
    }
    const inner = need(fields.shift(), 'signature')
    const outer = need(algorithm, 'signatureAlgorithm')
    if (hex(inner.bytes) !== hex(outer.bytes)) throw new Malformed('signature and signatureAlgorithm differ')
    const issuer = need(fields.shift(), 'issuer')
    if (issuer.bytes[0] !== SEQUENCE) throw new Malformed('issuer is no name')
    const thisUpdate = timeOf(need(fields.shift(), 'thisUpdate'), 'thisUpdate')
    const dated = fields[0]?.tagClass === 0 && (fields[0].tag === 0x17 || fields[0].tag === 0x18) ? fields.shift() : undefined
    const nextUpdate = dated === undefined ? undefined : timeOf(dated, 'nextUpdate')
    const listed = fields[0]?.bytes[0] === SEQUENCE ? fields.shift() : undefined
    const wrapped = fields[0]?.tagClass === 2 && fields[0].tag === 0 ? fields.shift() : undefined
    if (fields.length > 0) throw new Malformed('tbsCertList holds something foreign')
    let number: string | undefined
    let deltaOf: string | undefined
    let scope: CrlScope | undefined
    const unknownCritical: string[] = []
    for (const node of wrapped === undefined ? [] : children(inside(wrapped.content, 'crlExtensions'), 'crlExtensions')) {
      const { oid, critical, value: content } = extensionOf(node)
      if (oid === '2.5.29.20') number = hex(inside(content, 'cRLNumber').content)
      else if (oid === '2.5.29.27') deltaOf = hex(inside(content, 'deltaCRLIndicator').content)
      else if (oid === '2.5.29.28') scope = scopeOf(content)
      else if (critical && oid !== '2.5.29.35') unknownCritical.push(oid)
    }
    return {
      ok: true,
      value: {
        issuerDer: hex(issuer.bytes),
        thisUpdate,
        ...(nextUpdate === undefined ? {} : { nextUpdate }),
        ...(number === undefined ? {} : { number }),
        ...(deltaOf === undefined ? {} : { deltaOf }),
        ...(scope === undefined ? {} : { scope }),
        unknownCritical,
        sizeBytes: bytes.length,
        signature: { algorithm: outer.bytes, signed: signed.bytes, signature: value.content.subarray(1) },
        revoked: listed?.content ?? new Uint8Array(),
      },
    }
  } catch (error) {
    return { ok: false, error: error instanceof Malformed ? error.message : `unreadable: ${String(error).slice(0, 100)}` }
  }
}

/** Header of the element at `at`: where its content begins and ends; negative where it is malformed or leaves `end`. */
function contentStart(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at + 1]
  if (at + 2 > end || lead === undefined) return -1
  if (lead < 0x80) return at + 2 + lead > end ? -1 : at + 2
  const count = lead & 0x7f
  if (count === 0 || count > 3 || at + 2 + count > end) return -1
  let size = 0
  for (let index = 0; index < count; index += 1) size = size * 256 + (bytes[at + 2 + index] as number)
  if (size < 0x80 || (count > 1 && bytes[at + 2] === 0) || at + 2 + count + size > end) return -1
  return at + 2 + count
}
function contentEnd(bytes: Uint8Array, at: number, start: number): number {
  const lead = bytes[at + 1] as number
  if (lead < 0x80) return start + lead
  let size = 0
  for (let index = at + 2; index < start; index += 1) size = size * 256 + (bytes[index] as number)
  return start + size
}

const MOST_UNKNOWN = 16
/** id-ce (2.5.29), DER content without the last arc. */
const isIdCe = (bytes: Uint8Array, at: number): boolean => bytes[at] === 0x06 && bytes[at + 1] === 3 && bytes[at + 2] === 0x55 && bytes[at + 3] === 0x1d
/** Reason, hold instruction, invalidity date, certificate issuer. */
const ENTRY_EXTENSIONS: ReadonlySet<number> = new Set([21, 23, 24, 29])

/**
 * Walks every entry; one malformed entry makes the whole list unreadable.
 * @param serialHex content of the serial number's INTEGER, as in CertificateFacts
 */
export function findInCrl(crl: Pick<CrlFacts, 'revoked'>, serialHex: string): Reading<CrlLookup> {
  const bytes = crl.revoked
  const wanted = Buffer.from(serialHex, 'hex')
  const found: CrlEntry[] = []
  const unknown = new Set<string>()
  let entries = 0
  let certificateIssuer: string | undefined
  const malformed = (what: string): Reading<CrlLookup> => ({ ok: false, error: `entry ${entries + 1}: ${what}` })
  let at = 0
  while (at < bytes.length) {
    const start = bytes[at] === SEQUENCE ? contentStart(bytes, at, bytes.length) : -1
    if (start < 0) return malformed('no sequence')
    const end = contentEnd(bytes, at, start)
    const serial = bytes[start] === INTEGER ? contentStart(bytes, start, end) : -1
    if (serial < 0) return malformed('no serial number')
    const serialEnd = contentEnd(bytes, start, serial)
    const date = contentStart(bytes, serialEnd, end)
    if (date < 0 || (bytes[serialEnd] !== 0x17 && bytes[serialEnd] !== 0x18)) return malformed('no date')
    const dateEnd = contentEnd(bytes, serialEnd, date)
    if (dateEnd - date !== (bytes[serialEnd] === 0x17 ? 13 : 15)) return malformed('its date is none')
    let reason = 0
    if (dateEnd < end) {
      const list = bytes[dateEnd] === SEQUENCE ? contentStart(bytes, dateEnd, end) : -1
      if (list < 0 || contentEnd(bytes, dateEnd, list) !== end) return malformed('its extensions are malformed')
      let next = list
      while (next < end) {
        const inner = bytes[next] === SEQUENCE ? contentStart(bytes, next, end) : -1
        if (inner < 0) return malformed('an extension is malformed')
        const after = contentEnd(bytes, next, inner)
        const arc = isIdCe(bytes, inner) && inner + 5 <= after ? (bytes[inner + 4] as number) : undefined
        const known = arc !== undefined && ENTRY_EXTENSIONS.has(arc)
        // Id and content, seldom a criticality between them.
        const id = contentStart(bytes, inner, after)
        if (bytes[inner] !== 0x06 || id < 0) return malformed('an extension has no id')
        let place = contentEnd(bytes, inner, id)
        const critical = bytes[place] === 0x01 && bytes[place + 1] === 1 && bytes[place + 2] !== 0
        if (bytes[place] === 0x01) place += 3
        const value = bytes[place] === 0x04 ? contentStart(bytes, place, after) : -1
        if (value < 0 || contentEnd(bytes, place, value) !== after) return malformed('an extension has no value')
        if (critical && !known && unknown.size < MOST_UNKNOWN) unknown.add(oidShown(bytes.subarray(inner, contentEnd(bytes, inner, id))))
        if (arc === 21) {
          if (after - value !== 3 || bytes[value] !== 0x0a || bytes[value + 1] !== 1) return malformed('its reason is malformed')
          reason = bytes[value + 2] as number
        }
        if (arc === 29) certificateIssuer = hex(bytes.subarray(value, after))
        next = after
      }
    }
    if (serialEnd - serial === wanted.length && same(bytes, serial, wanted) && found.length < 64) {
      const revokedAt = instant(bytes[serialEnd] ?? 0, bytes.subarray(date, dateEnd))
      if (revokedAt === undefined) return malformed('its date is none')
      found.push({ serialHex, revokedAt, reason: revocationReason(reason), ...(certificateIssuer === undefined ? {} : { certificateIssuer }) })
    }
    entries += 1
    at = end
  }
  return { ok: true, value: { entries, found, unknownCritical: [...unknown] } }
}

function same(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index += 1) if (bytes[at + index] !== wanted[index]) return false
  return true
}
function oidShown(bytes: Uint8Array): string {
  const read = readDer(bytes)
  return (read.ok ? derOid(read.value) : undefined) ?? '?'
}
