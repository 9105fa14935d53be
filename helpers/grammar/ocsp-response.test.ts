import { expect, test } from 'vitest'
import { intermediate, issueCertificate } from '../../fixtures/certificates.ts'
import { ocspAnswer, serialAsked } from '../../fixtures/revocation.ts'
import type { CertificateFacts } from '../observations.ts'
import { parseCertificateCached } from './certificate.ts'
import { signedBy } from './certificate-path.ts'
import { ocspRequest, ocspSigner, readOcspResponse, responseFor } from './ocsp-response.ts'

const facts = (raw: ArrayBuffer): CertificateFacts => {
  const read = parseCertificateCached(new Uint8Array(raw))
  if (!read.ok) throw new RangeError(read.error)
  return read.value
}
const { certificate: made } = await issueCertificate({ names: ['a.example.com'], serialHex: '4a5b6c7d8e9f00112233445566770010' })
const leaf = facts(made.rawData)
const issuer = facts((await intermediate()).certificate.rawData)

test('the question names issuer and serial number as the answer does', async () => {
  const question = ocspRequest(leaf, issuer)
  expect(question).toBeDefined()
  expect(serialAsked(question as Buffer)).toBe(leaf.serialHex)
  const read = readOcspResponse(await ocspAnswer(leaf.serialHex, { status: 'good' }))
  if (!read.ok) throw new RangeError(read.error)
  const [single] = read.value.responses
  expect(question?.toString('hex')).toContain(`${single?.issuerNameHash}0414${single?.issuerKeyHash}`)
  expect(responseFor(read.value, leaf, issuer)).toMatchObject({ status: 'good' })
  expect(ocspSigner(read.value, issuer, signedBy)).toEqual({ check: 'verified', by: 'issuer' })
})

test('revoked: when and why', async () => {
  const read = readOcspResponse(await ocspAnswer(leaf.serialHex, { status: 'revoked' }))
  const about = read.ok ? responseFor(read.value, leaf, issuer) : undefined
  expect(about).toMatchObject({ status: 'revoked', reason: 'keyCompromise' })
  expect(Date.parse(about?.revokedAt ?? '')).toBeLessThan(Date.now())
})

test('another serial number, another issuer, another key', async () => {
  const other = readOcspResponse(await ocspAnswer('4a5b6c7d8e9f00112233445566770011', { status: 'good' }))
  expect(other.ok && responseFor(other.value, leaf, issuer)).toBeUndefined()
  const same = readOcspResponse(await ocspAnswer(leaf.serialHex, { status: 'good' }))
  expect(same.ok && responseFor(same.value, leaf, leaf)).toBeUndefined()
  expect(same.ok && responseFor(same.value, leaf, undefined)).toMatchObject({ status: 'good' })
  const forged = readOcspResponse(await ocspAnswer(leaf.serialHex, { status: 'good', forged: true }))
  expect(forged.ok && ocspSigner(forged.value, issuer, signedBy).check).toBe('wrong')
})

test.each([
  ['tryLater', '30030a0103', { ok: true, value: { responseStatus: 3, responses: [], certificates: [] } }],
  ['successful and empty', '30030a0100', { ok: false }],
  ['no status', '3000', { ok: false }],
  ['nothing', '', { ok: false }],
  ['bytes behind', '30030a010300', { ok: false }],
])('%s', (_what, hex, expected) => {
  expect(readOcspResponse(Buffer.from(hex, 'hex'))).toMatchObject(expected)
})
