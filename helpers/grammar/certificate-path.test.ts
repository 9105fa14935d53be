import { expect, test } from 'vitest'
import { type AuthoritySpec, type CertificateSpec, issueCertificate, otherRoot, trustedRoot } from '../../fixtures/certificates.ts'
import type { CertificateFacts } from '../observations.ts'
import { parseCertificateCached } from './certificate.ts'
import { findPaths, indexAnchors } from './certificate-path.ts'

const ders = (pem: string): Uint8Array[] =>
  [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END/g)].map((match) => new Uint8Array(Buffer.from(match[1] ?? '', 'base64')))
const factsOf = (raw: Uint8Array): CertificateFacts => {
  const read = parseCertificateCached(raw)
  if (!read.ok) throw new RangeError(read.error)
  return read.value
}
const [rootRaw] = ders(await trustedRoot())
const anchors = indexAnchors([{ raw: rootRaw as Uint8Array, store: 'declared' }])
const served = async (spec: Partial<CertificateSpec>): Promise<readonly CertificateFacts[]> =>
  ders((await issueCertificate({ names: ['a.example.com'], ...spec })).chain).map(factsOf)
const names = (certificates: readonly CertificateFacts[]): string[] => certificates.map(({ subjectCommonName }) => subjectCommonName ?? '')
const find = (chain: readonly CertificateFacts[]) => findPaths(chain[0] as CertificateFacts, chain.slice(1), anchors)

test('leaf, intermediate, root', async () => {
  const found = find(await served({}))
  expect(found.paths.map(({ certificates }) => names(certificates))).toEqual([['a.example.com', 'Postproof Test Issuing E1', 'Postproof Test Root R1']])
  expect(find(await served({ serveRoot: true })).paths).toHaveLength(1)
})

test('the leaf alone: nothing but itself, and not of its own making', async () => {
  expect(find(await served({ serveIntermediate: false }))).toMatchObject({ paths: [], endsSelfSigned: false })
})

test('self-signed, and a root that nobody trusts', async () => {
  const own = find(await served({ issuer: 'self' }))
  expect([own.paths.length, own.longest.length, own.endsSelfSigned]).toEqual([0, 1, true])
  const unknown = find(await served({ issuer: 'otherRoot', serveRoot: true }))
  expect([unknown.paths.length, unknown.longest.length, unknown.endsSelfSigned]).toEqual([0, 2, true])
})

test('a root of the same name with another key is another root', async () => {
  const twin: AuthoritySpec = { commonName: 'Postproof Test Root R1', keyOf: 'somebody else', issuer: 'self' }
  const found = find(await served({ issuer: { commonName: 'Sub of the twin', issuer: twin }, serveRoot: true }))
  expect(found.paths).toEqual([])
  expect(found.endsSelfSigned).toBe(true)
})

test('an expired twin of the intermediate gives a second path, and the judge chooses', async () => {
  const chain = await served({ serveToo: [{ commonName: 'Postproof Test Issuing E1', pathLength: 0, notBeforeDays: -800, notAfterDays: -10 }] })
  expect(find(chain).paths).toHaveLength(2)
  expect(find([chain[0] as CertificateFacts, ...chain.slice(1).reverse()]).paths).toHaveLength(2)
})

test('authorities that signed one another in a ring come to an end', async () => {
  const a: AuthoritySpec = { commonName: 'Ring A', issuer: 'self' }
  const b: AuthoritySpec = { commonName: 'Ring B', issuer: a }
  // A again, signed by B: the same name and key.
  const aByB: AuthoritySpec = { commonName: 'Ring A', keyOf: 'Ring A', issuer: b }
  const chain = await served({ issuer: b, serveToo: [aByB] })
  const found = find(chain)
  expect(found.paths).toEqual([])
  expect(found.longest.length).toBeGreaterThan(1)
})

test('a thousand certificates of one name are looked at in bounded time', async () => {
  const [leaf] = await served({})
  const { certificate } = await otherRoot()
  const many: CertificateFacts[] = []
  for (let index = 0; index < 1000; index += 1) {
    // Copies that differ in one byte of the signature: the name fits, the signature never does.
    const raw = new Uint8Array(certificate.rawData)
    raw[raw.length - 1] = index & 0xff
    raw[raw.length - 2] = index >> 8
    many.push({ ...factsOf(raw), subject: leaf?.issuer ?? '' })
  }
  const start = performance.now()
  expect(findPaths(leaf as CertificateFacts, many, anchors).paths).toEqual([])
  expect(performance.now() - start).toBeLessThan(2_000)
})
