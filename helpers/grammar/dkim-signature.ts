/** DKIM signatures of a message: what they say, and whether they hold (RFC 6376, RFC 8301, RFC 8463). Also for ARC-Message-Signature (RFC 8617 §4.1.2). */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { readDkimKey } from './dkim-key.ts'
import { type MailField, readHead } from './mail-fields.ts'

export interface DkimSignature {
  /** rsa-sha256, ed25519-sha256, rsa-sha1. */
  readonly algorithm: string
  readonly domain: string
  readonly selector: string
  /** Identity; default `@` and the domain. */
  readonly identity: string
  /** Names of signed fields, lower case, as often as they are named. */
  readonly signed: readonly string[]
  readonly canonical: { readonly head: 'simple' | 'relaxed'; readonly body: 'simple' | 'relaxed' }
  readonly bodyHash: string
  readonly signature: string
  /** Bytes of the body that are signed, where it says so. */
  readonly length?: number
  /** Seconds since 1970. */
  readonly signedAt?: number
  readonly expiresAt?: number
}
export type DkimSignatureReading = { readonly ok: true; readonly value: DkimSignature } | { readonly ok: false; readonly error: string }

const NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?)*$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const NUMBER = /^\d{1,12}$/

/** @param raw the field's value as it stands there. @param arc i= is a number and v= is absent. Never throws. */
export function readDkimSignature(raw: string, arc = false): DkimSignatureReading {
  const wrong = (error: string): DkimSignatureReading => ({ ok: false, error })
  if (raw.length > 65_535) return wrong(`${raw.length} characters`)
  const tags = new Map<string, string>()
  for (const part of raw.replace(/\r?\n(?=[ \t])/g, '').split(';')) {
    if (part.trim() === '') continue
    const [, name, value = ''] = /^\s*([A-Za-z][A-Za-z0-9_]*)\s*=([\s\S]*)$/.exec(part) ?? []
    if (name === undefined) return wrong(`${JSON.stringify(part.trim().slice(0, 60))} is no tag=value`)
    if (tags.has(name)) return wrong(`${name} stands there twice`)
    tags.set(name, value.trim())
  }
  const missing = [...(arc ? ['i'] : ['v']), 'a', 'b', 'bh', 'd', 'h', 's'].filter((name) => (tags.get(name) ?? '') === '')
  if (missing.length > 0) return wrong(`without ${missing.join(', ')}`)
  const get = (name: string): string => tags.get(name) ?? ''
  if (!arc && get('v') !== '1') return wrong(`v is ${JSON.stringify(get('v').slice(0, 20))}, not 1`)
  const [head = 'simple', body = 'simple'] = (tags.get('c') ?? 'simple/simple').toLowerCase().split('/')
  if ((head !== 'simple' && head !== 'relaxed') || (body !== 'simple' && body !== 'relaxed')) return wrong(`c=${get('c').slice(0, 40)} is no canonicalisation`)
  const domain = get('d').toLowerCase()
  const selector = get('s').toLowerCase()
  if (!NAME.test(domain) || !NAME.test(selector)) return wrong('d or s is no name')
  const bodyHash = get('bh').replace(/\s+/g, '')
  const signature = get('b').replace(/\s+/g, '')
  if (!BASE64.test(bodyHash) || !BASE64.test(signature)) return wrong('b or bh is not base64')
  const signed = get('h')
    .split(':')
    .map((one) => one.trim().toLowerCase())
    .filter((one) => one !== '')
  for (const name of ['l', 't', 'x']) if (tags.has(name) && !NUMBER.test(get(name))) return wrong(`${name} is no number`)
  const identity = arc ? `@${domain}` : (tags.get('i') ?? `@${domain}`).toLowerCase()
  const below = identity.slice(identity.lastIndexOf('@') + 1)
  if (below !== domain && !below.endsWith(`.${domain}`)) return wrong(`i=${identity.slice(0, 60)} is not below d=${domain}`)
  if (!signed.includes('from')) return wrong('From is not among the signed fields (h=)')
  return {
    ok: true,
    value: {
      algorithm: get('a').toLowerCase(),
      domain,
      selector,
      identity,
      signed,
      canonical: { head, body },
      bodyHash,
      signature,
      ...(tags.has('l') ? { length: Number(get('l')) } : {}),
      ...(tags.has('t') ? { signedAt: Number(get('t')) } : {}),
      ...(tags.has('x') ? { expiresAt: Number(get('x')) } : {}),
    },
  }
}

const canonicalField = ({ name, raw }: MailField, how: 'simple' | 'relaxed'): string =>
  how === 'simple'
    ? `${name}:${raw}`
    : `${name.toLowerCase()}:${raw
        .replace(/\r?\n/g, '')
        .replace(/[ \t]+/g, ' ')
        .trim()}`

/** Line ends are CRLF when they are sent (§3.3): what was stored with LF is read as it was sent. */
function canonicalBody(body: string, how: 'simple' | 'relaxed'): string {
  const lines = body.replace(/\r?\n/g, '\r\n').split('\r\n')
  const read = how === 'simple' ? lines : lines.map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''))
  while (read.length > 0 && read.at(-1) === '') read.pop()
  if (read.length === 0) return how === 'simple' ? '\r\n' : ''
  return `${read.join('\r\n')}\r\n`
}

export interface DkimVerification {
  readonly result: 'pass' | 'fail' | 'permerror'
  readonly reason: string
  /** Bytes of the canonical body, and of it signed. */
  readonly bodyBytes: number
  readonly signedBytes: number
}

function keyOf(record: string, { algorithm, identity, domain }: DkimSignature): KeyObject | string {
  const read = readDkimKey(record)
  if (!read.ok) return read.error
  if (read.value.revoked) return 'the key is withdrawn'
  if (read.value.sameDomain && !identity.endsWith(`@${domain}`)) return 'the key is for its very domain (t=s), the identity (i=) is below it'
  if (!read.value.forMail) return 'the key is not for mail (s=)'
  if (`${read.value.type}-sha256` !== algorithm) return `the key is ${read.value.type}, the signature ${algorithm}`
  if (read.value.hashes.length > 0 && !read.value.hashes.includes('sha256')) return 'the key allows no SHA-256 (h=)'
  if (read.value.type === 'rsa' && !((read.value.bits ?? 0) >= 1024)) return `the RSA key has ${read.value.bits ?? 0} bits, less than 1024`
  const der = Buffer.from((/(?:^|;)\s*p\s*=([^;]*)/.exec(record)?.[1] ?? '').replace(/\s+/g, ''), 'base64')
  if (read.value.type === 'ed25519') return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: der.toString('base64url') }, format: 'jwk' })
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' })
  } catch {
    return createPublicKey({ key: der, format: 'der', type: 'pkcs1' })
  }
}

/**
 * Does the signature hold? Expiry is not regarded: it is a fact of its own.
 * @param bytes the whole message as Latin-1 letters
 * @param field the signature's field, one of the message's
 * @param record the key's TXT record
 */
export function verifyDkim(bytes: string, field: MailField, signature: DkimSignature, record: string): DkimVerification {
  const { fields, bodyAt } = readHead(bytes)
  const body = canonicalBody(bytes.slice(bodyAt), signature.canonical.body)
  const signedBytes = Math.min(signature.length ?? body.length, body.length)
  const said = (result: DkimVerification['result'], reason: string): DkimVerification => ({ result, reason, bodyBytes: body.length, signedBytes })
  if (signature.algorithm === 'rsa-sha1') return said('permerror', 'rsa-sha1 must not be accepted (RFC 8301 §3.1)')
  if (signature.algorithm !== 'rsa-sha256' && signature.algorithm !== 'ed25519-sha256') return said('permerror', `a=${signature.algorithm} is unknown`)
  if (signature.length !== undefined && signature.length > body.length)
    return said('permerror', `l=${signature.length} is more than the body's ${body.length} bytes`)
  const key = keyOf(record, signature)
  if (typeof key === 'string') return said('permerror', key)
  const hash = createHash('sha256').update(body.slice(0, signedBytes), 'latin1').digest('base64')
  if (hash !== signature.bodyHash) return said('fail', 'the body is not the one that was signed (body hash)')
  const left = new Map<string, MailField[]>()
  for (const one of fields) {
    const name = one.name.toLowerCase()
    left.set(name, [...(left.get(name) ?? []), one])
  }
  let text = ''
  for (const name of signature.signed) {
    const next = left.get(name)?.pop()
    if (next !== undefined) text += `${canonicalField(next, signature.canonical.head)}\r\n`
  }
  const own = { name: field.name, raw: field.raw.replace(/(^|;)([ \t\r\n]*b[ \t\r\n]*=)[^;]*/, '$1$2') }
  const data = Buffer.from(text + canonicalField(own, signature.canonical.head), 'latin1')
  const proof = Buffer.from(signature.signature, 'base64')
  const holds = signature.algorithm === 'rsa-sha256' ? verify('sha256', data, key, proof) : verify(null, createHash('sha256').update(data).digest(), key, proof)
  return holds ? said('pass', 'the signature holds') : said('fail', 'the signed fields are not the ones that were signed')
}
