/** Signatures over DER made by a certificate's key: revocation lists and OCSP answers (RFC 5280 §5.1.1.3, RFC 6960 §4.2.1). Pure; never throws. */
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { CertificateFacts } from '../observations.ts'
import { certificateLinks } from './certificate.ts'
import { type DerNode, derChildren, derInteger, derOid, readDer } from './der.ts'

/** `unsupported`: an algorithm or key that this runtime cannot use; it verifies nothing. */
export type SignatureCheck = 'verified' | 'wrong' | 'unsupported'

export interface SignatureParts {
  /** AlgorithmIdentifier, DER. */
  readonly algorithm: Uint8Array
  /** The bytes that were signed. */
  readonly signed: Uint8Array
  /** The signature without the count of unused bits. */
  readonly signature: Uint8Array
}

const RSA_PSS = '1.2.840.113549.1.1.10'
/** OID to hash; null: the algorithm has its own. */
const HASHES: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.4': 'md5',
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.14': 'sha224',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.1': 'sha224',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
  '1.3.101.113': null,
}
const PSS_HASHES: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

const childrenOf = (node: DerNode | undefined): readonly DerNode[] => {
  if (node?.constructed !== true) return []
  const read = derChildren(node)
  return read.ok ? read.value : []
}
const inside = (node: DerNode | undefined): DerNode | undefined => {
  const read = node === undefined ? undefined : readDer(node.content)
  return read?.ok === true ? read.value : undefined
}

function pss(parameters: DerNode | undefined): { readonly hash: string; readonly saltLength: number } | undefined {
  let hash = 'sha1'
  let saltLength = 20
  for (const field of childrenOf(parameters)) {
    if (field.tagClass !== 2) continue
    if (field.tag === 0) {
      const oid = childrenOf(inside(field))[0]
      const known = PSS_HASHES[(oid === undefined ? undefined : derOid(oid)) ?? '']
      if (known === undefined) return undefined
      hash = known
    }
    if (field.tag === 2) {
      const value = inside(field)
      const salt = value === undefined ? undefined : derInteger(value)
      if (salt === undefined || salt < 0n || salt > 512n) return undefined
      saltLength = Number(salt)
    }
  }
  return { hash, saltLength }
}

/** Did the key of this certificate make the signature? */
export function checkSignature(parts: SignatureParts, signer: Pick<CertificateFacts, 'raw'>): SignatureCheck {
  const read = readDer(parts.algorithm)
  const [type, parameters] = read.ok ? childrenOf(read.value) : []
  const oid = type === undefined ? undefined : derOid(type)
  const spki = certificateLinks(signer.raw)?.spki
  if (oid === undefined || spki === undefined) return 'unsupported'
  let key: KeyObject
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    return 'unsupported'
  }
  try {
    if (oid === RSA_PSS) {
      const settings = pss(parameters)
      if (settings === undefined) return 'unsupported'
      const { hash, saltLength } = settings
      return verify(hash, parts.signed, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, parts.signature) ? 'verified' : 'wrong'
    }
    const hash = HASHES[oid]
    if (hash === undefined) return 'unsupported'
    // Key and algorithm must belong together: an RSA algorithm says nothing of an EC key.
    const family = oid.startsWith('1.2.840.113549.') ? 'rsa' : oid.startsWith('1.2.840.10045.') ? 'ec' : oid === '1.3.101.112' ? 'ed25519' : 'ed448'
    if (key.asymmetricKeyType !== family) return 'wrong'
    return verify(hash, parts.signed, key, parts.signature) ? 'verified' : 'wrong'
  } catch {
    return 'unsupported'
  }
}
