/**
 * Facts of an X.509 certificate from its DER (RFC 5280), read by structure and not by a library's opinion: what a TLS library refuses to load
 * must still be named. Never throws; hostile bytes give an error.
 */
import { createHash } from 'node:crypto'
import type { CertificateFacts } from '../observations.ts'
import type { NameConstraints } from './name-constraints.ts'
import { bitLength, children, derChildren, type DerNode, derInteger, derOid, Malformed, need, readDer } from './der.ts'

export type CertificateReading = { readonly ok: true; readonly value: CertificateFacts } | { readonly ok: false; readonly error: string }

const MOST_BYTES = 1024 * 1024
const MOST_NAMES = 20_000
const TEXT_LIMIT = 256

const ATTRIBUTES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
}

/** Signature algorithms: usual name and hash. */
const SIGNATURES: Readonly<Record<string, readonly [name: string, hash: string]>> = {
  '1.2.840.113549.1.1.2': ['md2WithRSAEncryption', 'MD2'],
  '1.2.840.113549.1.1.4': ['md5WithRSAEncryption', 'MD5'],
  '1.2.840.113549.1.1.5': ['sha1WithRSAEncryption', 'SHA-1'],
  '1.2.840.113549.1.1.14': ['sha224WithRSAEncryption', 'SHA-224'],
  '1.2.840.113549.1.1.11': ['sha256WithRSAEncryption', 'SHA-256'],
  '1.2.840.113549.1.1.12': ['sha384WithRSAEncryption', 'SHA-384'],
  '1.2.840.113549.1.1.13': ['sha512WithRSAEncryption', 'SHA-512'],
  '1.3.14.3.2.29': ['sha1WithRSASignature', 'SHA-1'],
  '1.2.840.10040.4.3': ['dsa-with-sha1', 'SHA-1'],
  '2.16.840.1.101.3.4.3.2': ['dsa-with-sha256', 'SHA-256'],
  '1.2.840.10045.4.1': ['ecdsa-with-SHA1', 'SHA-1'],
  '1.2.840.10045.4.3.1': ['ecdsa-with-SHA224', 'SHA-224'],
  '1.2.840.10045.4.3.2': ['ecdsa-with-SHA256', 'SHA-256'],
  '1.2.840.10045.4.3.3': ['ecdsa-with-SHA384', 'SHA-384'],
  '1.2.840.10045.4.3.4': ['ecdsa-with-SHA512', 'SHA-512'],
  '1.3.101.112': ['Ed25519', 'SHA-512'],
  '1.3.101.113': ['Ed448', 'SHAKE256'],
  '2.16.840.1.101.3.4.3.17': ['ML-DSA-44', 'SHAKE256'],
  '2.16.840.1.101.3.4.3.18': ['ML-DSA-65', 'SHAKE256'],
  '2.16.840.1.101.3.4.3.19': ['ML-DSA-87', 'SHAKE256'],
}
const RSA_PSS = '1.2.840.113549.1.1.10'
const HASHES: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'SHA-1',
  '1.2.840.113549.2.5': 'MD5',
  '2.16.840.1.101.3.4.2.4': 'SHA-224',
  '2.16.840.1.101.3.4.2.1': 'SHA-256',
  '2.16.840.1.101.3.4.2.2': 'SHA-384',
  '2.16.840.1.101.3.4.2.3': 'SHA-512',
}

const CURVES: Readonly<Record<string, readonly [name: string, bits: number]>> = {
  '1.2.840.10045.3.1.1': ['P-192', 192],
  '1.3.132.0.33': ['P-224', 224],
  '1.2.840.10045.3.1.7': ['P-256', 256],
  '1.3.132.0.34': ['P-384', 384],
  '1.3.132.0.35': ['P-521', 521],
  '1.3.132.0.10': ['secp256k1', 256],
  '1.3.36.3.3.2.8.1.1.7': ['brainpoolP256r1', 256],
  '1.3.36.3.3.2.8.1.1.11': ['brainpoolP384r1', 384],
  '1.3.36.3.3.2.8.1.1.13': ['brainpoolP512r1', 512],
  '1.3.132.0.31': ['secp192k1', 192],
  '1.3.132.0.8': ['secp160r1', 160],
}

const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const

/** Extensions a TLS client of today understands; any other that is critical must make it refuse (RFC 5280 §4.2). */
const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set([
  '2.5.29.14',
  '2.5.29.15',
  '2.5.29.17',
  '2.5.29.18',
  '2.5.29.19',
  '2.5.29.30',
  '2.5.29.31',
  '2.5.29.32',
  '2.5.29.33',
  '2.5.29.35',
  '2.5.29.36',
  '2.5.29.37',
  '2.5.29.54',
  '1.3.6.1.5.5.7.1.1',
  '1.3.6.1.5.5.7.1.24',
  '1.3.6.1.4.1.11129.2.4.2',
])

const inside = (bytes: Uint8Array, what: string): DerNode => {
  const read = readDer(bytes)
  if (!read.ok) throw new Malformed(`${what}: ${read.error}`)
  return read.value
}

const clean = (raw: string): string => {
  const shown = raw.replace(/[\u0000-\u001f\u007f-\u009f]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return shown.length > TEXT_LIMIT ? `${shown.slice(0, TEXT_LIMIT)}…` : shown
}
const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

function text(node: DerNode): string {
  const { content, tag } = node
  if (tag === 30 && content.length % 2 === 0) return clean(Buffer.from(content).swap16().toString('utf16le'))
  return clean(Buffer.from(content).toString(tag === 12 ? 'utf8' : 'latin1'))
}

/** String types whose text differs from client to client. TeletexString is as old, but public authorities used it for plain ASCII. */
const OLD_STRINGS: Readonly<Record<number, string>> = { 28: 'UniversalString', 30: 'BMPString' }
const MOST_ODDITIES = 20

interface Name {
  readonly shown: string
  readonly first: (type: string) => string | undefined
}
function nameOf(node: DerNode, what: string, odd: string[]): Name {
  const parts: (readonly [string, string])[] = []
  for (const set of children(node, what)) {
    for (const pair of children(set, what)) {
      const [type, value] = children(pair, what)
      const oid = derOid(need(type, `a type of ${what}`)) ?? '?'
      const said = need(value, `a value of ${what}`)
      parts.push([ATTRIBUTES[oid] ?? oid, text(said)])
      const old = said.tagClass === 0 ? OLD_STRINGS[said.tag] : undefined
      if (old !== undefined) odd.push(`${ATTRIBUTES[oid] ?? oid} of ${what} is a ${old}`)
      if (said.content.includes(0) && said.tag !== 30 && said.tag !== 28) odd.push(`${ATTRIBUTES[oid] ?? oid} of ${what} holds a NUL`)
      if (parts.length > 200) throw new Malformed(`${what} has too many parts`)
    }
  }
  return { shown: parts.map(([type, value]) => `${type}=${value}`).join(', '), first: (type) => parts.find(([name]) => name === type)?.[1] }
}

function time(node: DerNode): string {
  const said = latin(node.content)
  const short = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(said)
  const long = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(said)
  const found = node.tag === 23 ? short : node.tag === 24 ? long : null
  if (found === null) throw new Malformed('a date is not UTCTime or GeneralizedTime')
  const [year = '', month = '', day = '', hour = '', minute = '', second = ''] = found.slice(1)
  // RFC 5280 §4.1.2.5.1: two digits from 50 on belong to 19xx.
  const full = year.length === 4 ? year : Number(year) >= 50 ? `19${year}` : `20${year}`
  const iso = `${full}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const parsed = new Date(iso)
  if (Number.isNaN(parsed.getTime()) || parsed.toISOString() !== iso) throw new Malformed('a date that does not exist')
  return iso
}

function addressOf(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) return undefined
  const groups = Array.from({ length: 8 }, (_, index) => (((bytes[index * 2] as number) << 8) | (bytes[index * 2 + 1] as number)).toString(16))
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
}

function keyOf(node: DerNode): CertificateFacts['key'] {
  const [algorithm, bitString] = children(node, 'subjectPublicKeyInfo')
  const [type, parameters] = children(need(algorithm, 'the key algorithm'), 'the key algorithm')
  const oid = derOid(need(type, 'the key algorithm'))
  const bits = need(bitString, 'the public key').content
  switch (oid) {
    case '1.2.840.113549.1.1.1':
    case RSA_PSS: {
      const [modulus, exponent] = children(inside(bits.subarray(1), 'the RSA key'), 'the RSA key')
      const value = need(exponent, 'the RSA exponent').content
      return {
        type: 'rsa',
        bits: bitLength(need(modulus, 'the RSA modulus').content),
        exponent: value.length > 32 ? `(${value.length} bytes)` : BigInt(`0x0${Buffer.from(value).toString('hex')}`).toString(),
      }
    }
    case '1.2.840.10045.2.1': {
      const curve = parameters === undefined ? undefined : derOid(parameters)
      const known = curve === undefined ? undefined : CURVES[curve]
      // An unnamed curve shows its size by the point: 04, x, y.
      return { type: 'ec', bits: known?.[1] ?? Math.max(0, Math.floor((bits.length - 2) / 2) * 8), curve: known?.[0] ?? curve ?? 'explicit' }
    }
    case '1.3.101.112':
      return { type: 'ed25519', bits: 256 }
    case '1.3.101.113':
      return { type: 'ed448', bits: 456 }
    case '1.2.840.10040.4.1': {
      const p = parameters?.constructed === true ? children(parameters, 'the DSA parameters')[0] : undefined
      return { type: 'dsa', bits: p === undefined ? 0 : bitLength(p.content) }
    }
    default:
      return { type: 'other', bits: 0, curve: oid ?? '?' }
  }
}

function signatureOf(node: DerNode): CertificateFacts['signature'] {
  const [type, parameters] = children(node, 'signatureAlgorithm')
  const oid = derOid(need(type, 'signatureAlgorithm')) ?? '?'
  if (oid === RSA_PSS) {
    let hash = 'SHA-1'
    for (const field of parameters?.constructed === true ? children(parameters, 'the PSS parameters') : []) {
      if (field.tagClass !== 2 || field.tag !== 0) continue
      const named = derOid(need(children(inside(field.content, 'the PSS hash'), 'the PSS hash')[0], 'the PSS hash'))
      hash = (named === undefined ? undefined : HASHES[named]) ?? named ?? '?'
    }
    return { oid, name: 'rsassaPss', hash }
  }
  const known = SIGNATURES[oid]
  return { oid, name: known?.[0] ?? oid, hash: known?.[1] ?? 'unknown' }
}

const urlsOf = (nodes: readonly DerNode[]): string[] =>
  nodes.filter((one) => one.tagClass === 2 && one.tag === 6 && one.content.length <= 2048).map((one) => latin(one.content))

/** Log ids of a SignedCertificateTimestampList (RFC 6962 §3.3), hex. */
function logIds(list: Uint8Array): string[] {
  const view = Buffer.from(list.buffer, list.byteOffset, list.byteLength)
  if (view.length < 2 || view.readUInt16BE(0) !== view.length - 2) throw new Malformed('the SCT list has another length than it says')
  const found: string[] = []
  let at = 2
  while (at < view.length) {
    if (at + 2 > view.length) throw new Malformed('the SCT list ends inside a length')
    const size = view.readUInt16BE(at)
    if (size < 33 || at + 2 + size > view.length) throw new Malformed('an SCT is cut off')
    if (view[at + 2] === 0) found.push(view.toString('hex', at + 3, at + 35))
    at += 2 + size
  }
  return found
}

/** Log ids (hex) of a timestamp list that came in the handshake (RFC 6962 §3.3.1); undefined where it is malformed. */
export function readTimestampList(list: Uint8Array): readonly string[] | undefined {
  try {
    return logIds(list)
  } catch {
    return undefined
  }
}

interface Extensions {
  dnsNames: string[]
  ipAddresses: string[]
  isCa: boolean
  pathLength?: number
  extendedKeyUsage?: string[]
  keyUsage?: string[]
  ocspUrls: string[]
  caIssuerUrls: string[]
  crlUrls: string[]
  mustStaple: boolean
  sctLogIds: string[]
  unknownCriticalExtensions: string[]
  authorityKeyId?: string
  nameConstraints?: NameConstraints
}

/** `10.0.0.0/8` of address and mask; undefined for a mask with holes. */
function networkOf(bytes: Uint8Array): string | undefined {
  const half = bytes.length / 2
  const address = half === 4 || half === 16 ? addressOf(bytes.subarray(0, half)) : undefined
  const mask = [...bytes.subarray(half)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return address === undefined || !/^1*0*$/.test(mask) ? undefined : `${address}/${mask.lastIndexOf('1') + 1}`
}
function constraintsOf(node: DerNode): NameConstraints {
  const names: Record<number, string[] | undefined> = {}
  const networks: Record<number, string[] | undefined> = {}
  for (const list of children(node, 'nameConstraints')) {
    if (list.tagClass !== 2 || (list.tag !== 0 && list.tag !== 1)) continue
    for (const subtree of children(list, 'nameConstraints')) {
      const base = need(children(subtree, 'nameConstraints')[0], 'a base of nameConstraints')
      if (base.tagClass !== 2) continue
      if (base.tag === 2) (names[list.tag] ??= []).push(clean(latin(base.content)))
      const network = base.tag === 7 ? networkOf(base.content) : undefined
      if (network !== undefined) (networks[list.tag] ??= []).push(network)
    }
  }
  return {
    ...(names[0] === undefined ? {} : { permittedNames: names[0] }),
    excludedNames: names[1] ?? [],
    ...(networks[0] === undefined ? {} : { permittedNetworks: networks[0] }),
    excludedNetworks: networks[1] ?? [],
  }
}

/** What departs from RFC 5280 §4.2.1.6 in a dNSName; the name itself stays as it is. */
function oddName(content: Uint8Array): string | undefined {
  if (content.includes(0)) return 'a name in subjectAltName holds a NUL'
  if (content.some((byte) => byte > 127)) return 'a name in subjectAltName is not ASCII: international names must be A-labels (xn--)'
  if (content.length === 0) return 'a name in subjectAltName is empty'
  return content.some((byte) => byte <= 32 || byte === 127) ? 'a name in subjectAltName holds a space or a control character' : undefined
}

function readExtension(into: Extensions, oid: string, value: Uint8Array, odd: string[]): void {
  switch (oid) {
    case '2.5.29.17': {
      for (const name of children(inside(value, 'subjectAltName'), 'subjectAltName')) {
        if (into.dnsNames.length + into.ipAddresses.length >= MOST_NAMES) throw new Malformed('too many names')
        if (name.tagClass !== 2) continue
        if (name.tag === 2) {
          into.dnsNames.push(clean(latin(name.content)))
          const wrong = oddName(name.content)
          if (wrong !== undefined && !odd.includes(wrong)) odd.push(wrong)
        }
        if (name.tag === 7) into.ipAddresses.push(addressOf(name.content) ?? `(${name.content.length} bytes)`)
      }
      return
    }
    case '2.5.29.19': {
      for (const field of children(inside(value, 'basicConstraints'), 'basicConstraints')) {
        if (field.tag === 1) into.isCa = field.content[0] !== undefined && field.content[0] !== 0
        const depth = derInteger(field)
        if (depth !== undefined) into.pathLength = Number(depth)
      }
      return
    }
    case '2.5.29.37':
      into.extendedKeyUsage = children(inside(value, 'extKeyUsage'), 'extKeyUsage').map((one) => derOid(one) ?? '?')
      return
    case '2.5.29.30':
      into.nameConstraints = constraintsOf(inside(value, 'nameConstraints'))
      return
    case '2.5.29.15': {
      const bits = inside(value, 'keyUsage').content
      into.keyUsage = KEY_USAGES.filter((_, index) => ((bits[1 + (index >> 3)] ?? 0) & (0x80 >> (index & 7))) !== 0)
      return
    }
    case '1.3.6.1.5.5.7.1.1':
      for (const description of children(inside(value, 'authorityInfoAccess'), 'authorityInfoAccess')) {
        const [method, location] = children(description, 'authorityInfoAccess')
        const name = method === undefined ? undefined : derOid(method)
        if (location === undefined) continue
        if (name === '1.3.6.1.5.5.7.48.1') into.ocspUrls.push(...urlsOf([location]))
        if (name === '1.3.6.1.5.5.7.48.2') into.caIssuerUrls.push(...urlsOf([location]))
      }
      return
    case '2.5.29.31':
      for (const point of children(inside(value, 'cRLDistributionPoints'), 'cRLDistributionPoints')) {
        for (const field of children(point, 'a distribution point')) {
          if (field.tagClass !== 2 || field.tag !== 0) continue
          for (const name of children(field, 'a distribution point name')) if (name.constructed) into.crlUrls.push(...urlsOf(children(name, 'fullName')))
        }
      }
      return
    case '2.5.29.35': {
      const id = children(inside(value, 'authorityKeyIdentifier'), 'authorityKeyIdentifier').find((one) => one.tagClass === 2 && one.tag === 0)
      if (id !== undefined && id.content.length <= 256) into.authorityKeyId = Buffer.from(id.content).toString('hex')
      return
    }
    case '1.3.6.1.5.5.7.1.24':
      into.mustStaple = children(inside(value, 'tlsfeature'), 'tlsfeature').some((one) => derInteger(one) === 5n)
      return
    case '1.3.6.1.4.1.11129.2.4.2':
      into.sctLogIds = logIds(inside(value, 'the SCT list').content)
      return
    default:
  }
}

/** Reads one certificate; bytes after it are an error. */
function parseCertificate(raw: Uint8Array): CertificateReading {
  if (raw.length > MOST_BYTES) return { ok: false, error: 'larger than 1 MiB' }
  try {
    const outer = inside(raw, 'the certificate')
    if (outer.bytes.length !== raw.length) return { ok: false, error: 'bytes after the certificate' }
    const [tbs, algorithm] = children(outer, 'the certificate')
    if (outer.bytes[0] !== 0x30 || tbs?.bytes[0] !== 0x30) return { ok: false, error: 'not a certificate' }
    const fields = [...children(need(tbs, 'tbsCertificate'), 'tbsCertificate')]
    const version = fields[0]?.tagClass === 2 ? fields.shift() : undefined
    const odd: string[] = []
    const [serial, inner, issuer, validity, subject, key, ...rest] = fields
    const serialNode = need(serial, 'serialNumber')
    if (serialNode.tag !== 2 || serialNode.content.length > 1024) throw new Malformed('serialNumber is not an integer')
    const [notBefore, notAfter] = children(need(validity, 'validity'), 'validity')
    const issuerName = nameOf(need(issuer, 'issuer'), 'issuer', odd)
    const subjectName = nameOf(need(subject, 'subject'), 'subject', odd)
    const extensions: Extensions = {
      dnsNames: [],
      ipAddresses: [],
      isCa: false,
      ocspUrls: [],
      caIssuerUrls: [],
      crlUrls: [],
      mustStaple: false,
      sctLogIds: [],
      unknownCriticalExtensions: [],
    }
    const list = rest.find((one) => one.tagClass === 2 && one.tag === 3)
    if (Buffer.compare(need(inner, 'signature').bytes, need(algorithm, 'signatureAlgorithm').bytes) !== 0)
      odd.push('the signed signature algorithm is not the one outside')
    if (list !== undefined && (version === undefined || derInteger(inside(version.content, 'version')) !== 2n))
      odd.push('extensions in a certificate that is not of version 3')
    if (list !== undefined) {
      const ids = new Set<string>()
      for (const extension of children(inside(list.content, 'extensions'), 'extensions')) {
        const parts = children(extension, 'an extension')
        const oid = derOid(need(parts[0], 'an extension id')) ?? '?'
        const critical = parts.length === 3 && parts[1]?.tag === 1 && parts[1].content[0] !== 0
        if (critical && !KNOWN_EXTENSIONS.has(oid)) extensions.unknownCriticalExtensions.push(oid)
        if (ids.has(oid)) odd.push(`the extension ${oid} stands twice`)
        ids.add(oid)
        readExtension(extensions, oid, need(parts.at(-1), 'an extension value').content, odd)
      }
    }
    const subjectCommonName = subjectName.first('CN')
    const issuerCommonName = issuerName.first('CN')
    const issuerOrganization = issuerName.first('O')
    return {
      ok: true,
      value: {
        raw,
        sha256: createHash('sha256').update(raw).digest('hex'),
        serialHex: Buffer.from(serialNode.content).toString('hex'),
        subject: subjectName.shown,
        issuer: issuerName.shown,
        ...(subjectCommonName === undefined ? {} : { subjectCommonName }),
        ...(issuerCommonName === undefined ? {} : { issuerCommonName }),
        ...(issuerOrganization === undefined ? {} : { issuerOrganization }),
        notBefore: time(need(notBefore, 'notBefore')),
        notAfter: time(need(notAfter, 'notAfter')),
        key: keyOf(need(key, 'subjectPublicKeyInfo')),
        signature: signatureOf(need(algorithm, 'signatureAlgorithm')),
        ...extensions,
        ...(odd.length === 0 ? {} : { oddities: odd.slice(0, MOST_ODDITIES) }),
      },
    }
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, error: error.message }
    return { ok: false, error: `unreadable: ${String(error).slice(0, 100)}` }
  }
}

/** Issuer and subject as DER, hex, and the key as DER: what a path is built of. Undefined where they cannot be read. */
export function certificateLinks(raw: Uint8Array): { readonly issuer: string; readonly subject: string; readonly spki: Uint8Array } | undefined {
  const outer = readDer(raw)
  const parts = outer.ok ? derChildren(outer.value) : outer
  const tbs = parts.ok ? parts.value[0] : undefined
  const read = tbs === undefined ? undefined : derChildren(tbs)
  if (read?.ok !== true) return undefined
  const fields = read.value[0]?.tagClass === 2 ? read.value.slice(1) : read.value
  const [, , issuer, , subject, spki] = fields
  if (issuer === undefined || subject === undefined || spki === undefined) return undefined
  return { issuer: Buffer.from(issuer.bytes).toString('hex'), subject: Buffer.from(subject.bytes).toString('hex'), spki: spki.bytes }
}

const cache = new Map<string, CertificateReading>()
/** {@link parseCertificate} with a memory of 2,000 certificates: most hosts of a deployment share their chain. */
export function parseCertificateCached(raw: Uint8Array): CertificateReading {
  const key = createHash('sha256').update(raw).digest('base64')
  const known = cache.get(key)
  if (known !== undefined) return known
  const read = parseCertificate(Uint8Array.from(raw))
  if (cache.size >= 2000) cache.clear()
  cache.set(key, read)
  return read
}
