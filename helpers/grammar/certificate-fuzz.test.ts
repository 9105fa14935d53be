/** Hostile bytes for every reader of certificates, lists and answers: no throw, no hang, and what is read stays within its limits. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crlAt, intermediate, issueCertificate, issuerAt, mustStaple, ocspAt, sctList, trustedRoot } from '../../fixtures/certificates.ts'
import { crl, ocspAnswer } from '../../fixtures/revocation.ts'
import type { CertificateFacts } from '../observations.ts'
import { certificateLinks, parseCertificateCached } from './certificate.ts'
import { findPaths, indexAnchors, signedBy } from './certificate-path.ts'
import { findInCrl, readCrl } from './crl.ts'
import { ocspRequest, ocspSigner, readOcspResponse, responseFor } from './ocsp-response.ts'
import { rsaModulus, rsaWeakness } from './rsa-key.ts'
import { checkSignature } from './signed.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 1500)
/** No single input may take longer, whatever it is. */
const MOST_MS = 2_000

const SERIAL = '4a5b6c7d8e9f00112233445566770020'
const copy = (bytes: ArrayBuffer | Uint8Array): Uint8Array => new Uint8Array(Buffer.from(new Uint8Array(bytes)))
const ders = (pem: string): Uint8Array[] =>
  [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END/g)].map((match) => copy(Buffer.from(match[1] ?? '', 'base64')))
const issued = await Promise.all([
  issueCertificate({ names: ['a.example.com', '*.b.example.com'], addresses: ['192.0.2.1', '2001:db8::1'], serialHex: SERIAL }),
  issueCertificate({ names: ['r.example.com'], key: 'rsa2048', organization: 'Acme' }),
  issueCertificate({ names: ['e.example.com'], key: 'ed25519', isCa: true }),
  issueCertificate({
    names: ['x.example.com'],
    extensions: [sctList(3), crlAt('http://a/1.crl'), mustStaple(), ocspAt('http://a/o'), issuerAt('http://a/i')],
    notAfterDays: 2_900_000,
  }),
])
/** Certificates of public authorities, as this runtime bundles them, beside our own. */
const { rootCertificates } = await import('node:tls')
const certificates = [...issued.map(({ certificate }) => copy(certificate.rawData)), ...ders(rootCertificates.slice(0, 40).join('\n'))]
const issuerRaw = copy((await intermediate()).certificate.rawData)
const lists = await Promise.all([
  crl({}),
  crl({ revoked: Array.from({ length: 40 }, (_, index) => ({ serialHex: (0x1000 + index).toString(16), reason: index % 11 })) }),
  crl({ delta: true, scope: { url: 'http://a/1.crl', only: 'user', someReasons: true, indirect: true }, unknownCritical: true }),
])
const answers = await Promise.all([
  ocspAnswer(SERIAL, { status: 'good' }),
  ocspAnswer(SERIAL, { status: 'revoked' }),
  ocspAnswer(SERIAL, { status: 'unknown', forged: true }),
])

type Change =
  | { readonly kind: 'set'; readonly at: number; readonly value: number }
  | { readonly kind: 'flip'; readonly at: number; readonly value: number }
  | { readonly kind: 'cut'; readonly at: number; readonly value: number }
  | { readonly kind: 'drop'; readonly at: number; readonly value: number }
  | { readonly kind: 'insert'; readonly at: number; readonly value: number }
  | { readonly kind: 'repeat'; readonly at: number; readonly value: number }
const change = fc.record({
  kind: fc.constantFrom('set', 'set', 'set', 'flip', 'flip', 'cut', 'drop', 'insert', 'repeat'),
  // Whole numbers: doubles would lie near nought, and every change in the first byte.
  at: fc.integer({ min: 0, max: 99_999 }).map((part) => part / 100_000),
  value: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff, 0x30, 0x31, 0xa0, 0xa3)),
}) as fc.Arbitrary<Change>
function mutated(original: Uint8Array, changes: readonly Change[]): Uint8Array {
  let bytes = Buffer.from(original)
  for (const { kind, at, value } of changes) {
    const place = Math.min(bytes.length - 1, Math.floor(at * bytes.length))
    if (place < 0) break
    if (kind === 'set') bytes[place] = value
    else if (kind === 'flip') bytes[place] = (bytes[place] ?? 0) ^ (1 << (value & 7))
    else if (kind === 'cut') bytes = bytes.subarray(0, place)
    else if (kind === 'drop') bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1 + (value & 31))])
    else if (kind === 'insert') bytes = Buffer.concat([bytes.subarray(0, place), Buffer.alloc(1 + (value & 15), value), bytes.subarray(place)])
    else bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place, place + 64), bytes.subarray(place)])
  }
  return copy(bytes)
}
const like = (originals: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(fc.constantFrom(...originals), fc.array(change, { minLength: 1, maxLength: 6 }))
        .map(([original, changes]) => mutated(original, changes)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 4096 }) },
    // Sequences in sequences, with lengths that lie.
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.integer({ min: 1, max: 400 }), fc.constantFrom(0x30, 0x31, 0xa0, 0x24), fc.integer({ min: 0, max: 255 }))
        .map(([depth, tag, length]) => copy(Buffer.from(Array.from({ length: depth * 2 }, (_, index) => (index % 2 === 0 ? tag : length))))),
    },
  )
const timed = <T>(act: () => T): T => {
  const start = performance.now()
  const value = act()
  expect(performance.now() - start).toBeLessThan(MOST_MS)
  return value
}
const readable = { certificates: 0, lists: 0, answers: 0 }

describe('hostile bytes', { timeout: 120_000 }, () => {
  test('certificates', () => {
    fc.assert(
      fc.property(like(certificates), (raw) => {
        const read = timed(() => parseCertificateCached(raw))
        timed(() => certificateLinks(raw))
        if (!read.ok) {
          expect(read.error.length).toBeGreaterThan(0)
          return
        }
        readable.certificates += 1
        const { value } = read
        for (const date of [value.notBefore, value.notAfter]) expect(new Date(date).toISOString()).toBe(date)
        expect(value.dnsNames.length + value.ipAddresses.length).toBeLessThanOrEqual(20_000)
        for (const name of [...value.dnsNames, value.subject.slice(0, 200)]) expect(name).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
        expect(value.oddities?.length ?? 0).toBeLessThanOrEqual(20)
        const modulus = timed(() => rsaModulus(raw))
        if (modulus !== undefined) timed(() => rsaWeakness(modulus))
      }),
      { numRuns: RUNS },
    )
    // Else nothing but refusals would have been tried.
    expect(readable.certificates).toBeGreaterThan(RUNS / 25)
  })

  test('revocation lists', () => {
    fc.assert(
      fc.property(like(lists), fc.constantFrom('1001', '1027', '', 'ff'), (raw, serial) => {
        const read = timed(() => readCrl(raw))
        if (!read.ok) return
        readable.lists += 1
        timed(() => checkSignature(read.value.signature, { raw: issuerRaw }))
        const found = timed(() => findInCrl(read.value, serial))
        if (found.ok) expect(found.value.found.length).toBeLessThanOrEqual(64)
      }),
      { numRuns: RUNS },
    )
    expect(readable.lists).toBeGreaterThan(RUNS / 25)
  })

  test('a changed list never verifies', () => {
    fc.assert(
      fc.property(fc.constantFrom(...lists), fc.array(change, { minLength: 1, maxLength: 4 }), (original, changes) => {
        const raw = mutated(original, changes)
        const read = readCrl(raw)
        if (!read.ok || Buffer.compare(raw, original) === 0) return
        // What is signed may be untouched: then the change was in the signature's own wrapping, or behind.
        const signedAlike = Buffer.from(original).includes(Buffer.from(read.value.signature.signed))
        if (!signedAlike) expect(checkSignature(read.value.signature, { raw: issuerRaw })).not.toBe('verified')
      }),
      { numRuns: RUNS },
    )
  })

  test('entries of a list', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4096 }), (revoked) => {
        timed(() => findInCrl({ revoked }, '01'))
      }),
      { numRuns: RUNS },
    )
  })

  test('OCSP answers', () => {
    const leaf = factsOf(certificates[0] as Uint8Array)
    const issuer = factsOf(issuerRaw)
    fc.assert(
      fc.property(like(answers), (raw) => {
        const read = timed(() => readOcspResponse(raw))
        if (!read.ok) return
        readable.answers += 1
        expect(read.value.responses.length).toBeLessThanOrEqual(100)
        timed(() => responseFor(read.value, leaf, issuer))
        timed(() => ocspSigner(read.value, issuer, signedBy))
      }),
      { numRuns: RUNS },
    )
    expect(readable.answers).toBeGreaterThan(RUNS / 25)
  })

  test('paths of changed certificates', async () => {
    const [rootRaw] = ders(await trustedRoot())
    const anchors = indexAnchors([{ raw: rootRaw as Uint8Array, store: 'declared' }])
    const chain = [certificates[0] as Uint8Array, issuerRaw, rootRaw as Uint8Array]
    fc.assert(
      fc.property(fc.array(like(chain), { minLength: 1, maxLength: 8 }), fc.array(fc.constantFrom(...chain), { maxLength: 4 }), (changed, whole) => {
        const read = [...changed, ...whole].flatMap((raw) => {
          const one = parseCertificateCached(raw)
          return one.ok ? [one.value] : []
        })
        const [leaf] = read
        if (leaf === undefined) return
        const found = timed(() => findPaths(leaf, read.slice(1), anchors))
        expect(found.paths.length).toBeLessThanOrEqual(8)
        expect(found.longest.length).toBeLessThanOrEqual(11)
        // Whatever was changed, a path that is found is one whose every signature holds.
        for (const { certificates: path } of found.paths)
          for (const [index, one] of path.slice(0, -1).entries()) expect(signedBy(one, path[index + 1] as CertificateFacts)).toBe(true)
        timed(() => ocspRequest(leaf, leaf))
      }),
      { numRuns: Math.ceil(RUNS / 5) },
    )
  })
})

function factsOf(raw: Uint8Array): CertificateFacts {
  const read = parseCertificateCached(raw)
  if (!read.ok) throw new RangeError(read.error)
  return read.value
}
