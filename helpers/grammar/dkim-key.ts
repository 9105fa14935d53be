/** DKIM key records (RFC 6376 §3.6.1, RFC 8463 for Ed25519). */
import { createPublicKey, type KeyObject } from 'node:crypto'

export interface DkimKey {
  readonly type: 'rsa' | 'ed25519'
  /** Of the modulus; 256 for Ed25519. Absent where the key is revoked. */
  readonly bits?: number
  /** `p=` is empty: the key is withdrawn. */
  readonly revoked: boolean
  /** `t=y`: receivers treat signatures as if there were none. */
  readonly testing: boolean
  /** `t=s`: i= must be of the very domain. */
  readonly sameDomain: boolean
  /** Hash algorithms of `h=`; empty: any. */
  readonly hashes: readonly string[]
  /** Is for mail: `s=` is absent, `*` or `email`. */
  readonly forMail: boolean
  readonly unknown: readonly string[]
}
export type DkimKeyReading = { readonly ok: true; readonly value: DkimKey } | { readonly ok: false; readonly error: string }

const MOST = 65_535
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** SubjectPublicKeyInfo, as everybody publishes it, or the bare RSAPublicKey of the RFC's text (erratum 3017). */
function rsaKey(der: Buffer): KeyObject | undefined {
  for (const type of ['spki', 'pkcs1'] as const) {
    try {
      return createPublicKey({ key: der, format: 'der', type })
    } catch {
      // The other form, or none.
    }
  }
  return undefined
}

/** One record. A tag that stands there twice, a version that is not first or another, make the whole list wrong (§3.2). Never throws. */
export function readDkimKey(text: string): DkimKeyReading {
  const wrong = (error: string): DkimKeyReading => ({ ok: false, error })
  if (text.length > MOST) return wrong(`${text.length} characters`)
  const tags = new Map<string, string>()
  const parts = text.split(';')
  if (parts.at(-1)?.trim() === '') parts.pop()
  for (const [index, part] of parts.entries()) {
    const [, name = '', value = ''] = /^\s*([A-Za-z][A-Za-z0-9_]*)\s*=([\s\S]*)$/.exec(part) ?? []
    if (name === '') return wrong(`${JSON.stringify(part.trim().slice(0, 60))} is no tag=value`)
    if (tags.has(name)) return wrong(`${name} stands there twice`)
    if (name === 'v' && index > 0) return wrong('v is not the first tag')
    // Notes may hold what they like.
    if (name !== 'n' && !/^[\t\r\n\x20-\x7e]*$/.test(value)) return wrong(`${name} is not of printable characters`)
    tags.set(name, value.trim())
  }
  const version = tags.get('v')
  if (version !== undefined && version !== 'DKIM1') return wrong(`v is ${JSON.stringify(version.slice(0, 40))}, not DKIM1`)
  const type = tags.get('k') ?? 'rsa'
  if (type !== 'rsa' && type !== 'ed25519') return wrong(`k is ${JSON.stringify(type.slice(0, 40))}, neither rsa nor ed25519`)
  const given = tags.get('p')
  if (given === undefined) return wrong('there is no p')
  const list = (tag: string): readonly string[] =>
    (tags.get(tag) ?? '')
      .split(':')
      .map((one) => one.trim().toLowerCase())
      .filter((one) => one !== '')
  const flags = list('t')
  const services = list('s')
  const base = {
    type,
    testing: flags.includes('y'),
    sameDomain: flags.includes('s'),
    hashes: list('h'),
    forMail: services.length === 0 || services.includes('*') || services.includes('email'),
    unknown: [...tags.keys()].filter((tag) => !['v', 'h', 'k', 'n', 'p', 's', 't'].includes(tag)),
  } as const
  const encoded = given.replace(/\s+/g, '')
  if (encoded === '') return { ok: true, value: { ...base, revoked: true } }
  if (!BASE64.test(encoded)) return wrong('p is not base64')
  const bytes = Buffer.from(encoded, 'base64')
  if (type === 'ed25519')
    return bytes.length === 32 ? { ok: true, value: { ...base, revoked: false, bits: 256 } } : wrong(`p holds ${bytes.length} bytes, an Ed25519 key has 32`)
  const key = rsaKey(bytes)
  const bits = key?.asymmetricKeyType === 'rsa' ? key.asymmetricKeyDetails?.modulusLength : undefined
  return bits === undefined ? wrong('p is no RSA key') : { ok: true, value: { ...base, revoked: false, bits } }
}
