/** DSSE envelopes (secure-systems-lab/dsse v1.0.2) signed with Ed25519: what is signed is the payload and its type, never their JSON form. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { z } from 'zod'

const PAYLOAD_TYPE = 'application/vnd.in-toto+json'

export const envelopeSchema = z.object({
  payloadType: z.string(),
  payload: z.base64(),
  signatures: z.array(z.object({ keyid: z.string(), sig: z.base64() })).min(1),
})
export type Envelope = z.output<typeof envelopeSchema>

/** Pre-authentication encoding: lengths are of bytes. */
export const preAuthentication = (type: string, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload])

/** SHA-256 of the public key's SubjectPublicKeyInfo, hex. */
export const keyId = (key: KeyObject): string =>
  createHash('sha256')
    .update((key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' }))
    .digest('hex')

/** @throws RangeError naming what the text is instead of an Ed25519 key of that kind */
export function readKey(pem: string, kind: 'private' | 'public'): KeyObject {
  let key: KeyObject
  try {
    key = kind === 'private' ? createPrivateKey(pem) : createPublicKey(pem)
  } catch {
    throw new RangeError(`is no ${kind} key in PEM form (${kind === 'private' ? 'an unencrypted PKCS #8' : 'a SubjectPublicKeyInfo'})`)
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new RangeError(`is a key of type ${key.asymmetricKeyType ?? 'unknown'}; Ed25519 is what reports are signed with`)
  return key
}

/** A new pair, PEM. */
export function newKeyPair(): { readonly privateKey: string; readonly publicKey: string } {
  const pair = generateKeyPairSync('ed25519')
  return {
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

export function seal(payload: Buffer, key: KeyObject): Envelope {
  const sig = sign(null, preAuthentication(PAYLOAD_TYPE, payload), key).toString('base64')
  return { payloadType: PAYLOAD_TYPE, payload: payload.toString('base64'), signatures: [{ keyid: keyId(key), sig }] }
}

/** @returns the payload, or undefined where no signature of it is by this key */
export function unseal({ payloadType, payload, signatures }: Envelope, key: KeyObject): Buffer | undefined {
  const bytes = Buffer.from(payload, 'base64')
  const signed = preAuthentication(payloadType, bytes)
  // A keyid is a hint only (DSSE §3): the signature decides.
  return signatures.some(({ sig }) => verify(null, signed, key, Buffer.from(sig, 'base64'))) ? bytes : undefined
}
