import { expect, test } from 'vitest'
import { type CertificateSpec, der, issueCertificate, issuerAt, mustStaple, ocspAt, sctList } from '../../fixtures/certificates.ts'
import { certificateLinks, parseCertificateCached } from './certificate.ts'

const read = async (spec: CertificateSpec) => {
  const { certificate } = await issueCertificate(spec)
  const reading = parseCertificateCached(new Uint8Array(certificate.rawData))
  if (!reading.ok) throw new RangeError(reading.error)
  return reading.value
}
const rawOf = async (spec: CertificateSpec): Promise<Buffer> => Buffer.from(new Uint8Array((await issueCertificate(spec)).certificate.rawData))
/** The same certificate with some bytes of it changed in place; its signature no longer fits, which a reader does not mind. */
async function changed(spec: CertificateSpec, from: string | Buffer, to: string | Buffer): Promise<ReturnType<typeof parseCertificateCached>> {
  const raw = await rawOf(spec)
  const [what, by] = [Buffer.from(from), Buffer.from(to)]
  const at = raw.indexOf(what)
  if (at < 0 || what.length !== by.length) throw new RangeError('nothing to change')
  by.copy(raw, at)
  return parseCertificateCached(raw)
}
const NAME = 'a.example.com'

test('an ordinary certificate', async () => {
  const one = await read({ names: [NAME, '*.b.example.com'], addresses: ['192.0.2.1', '2001:db8::1'], organization: 'Acme', serialHex: '4a5b6c7d8e9f0011' })
  expect(one).toMatchObject({
    subjectCommonName: NAME,
    serialHex: '4a5b6c7d8e9f0011',
    dnsNames: [NAME, '*.b.example.com'],
    ipAddresses: ['192.0.2.1', '2001:db8::1'],
    key: { type: 'ec', bits: 256, curve: 'P-256' },
    signature: { name: 'ecdsa-with-SHA256', hash: 'SHA-256' },
    isCa: false,
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'],
    keyUsage: ['digitalSignature'],
    mustStaple: false,
    unknownCriticalExtensions: [],
  })
  expect(one.oddities).toBeUndefined()
  expect(one.authorityKeyId).toMatch(/^[0-9a-f]{40}$/)
})

test('places and demands', async () => {
  const extensions = [ocspAt('http://ocsp.example.net/'), mustStaple(), sctList(3)]
  expect(await read({ names: [NAME], extensions })).toMatchObject({ ocspUrls: ['http://ocsp.example.net/'], mustStaple: true })
  expect((await read({ names: [NAME], extensions })).sctLogIds).toHaveLength(3)
  expect(await read({ names: [NAME], extensions: [issuerAt('http://ca.example.net/i.crt')] })).toMatchObject({ caIssuerUrls: ['http://ca.example.net/i.crt'] })
})

test.each([
  ['a year before 2050 stands in UTCTime', { notBeforeDays: -28_000 }, /^19[5-9]\d-/, /^20\d\d-/],
  ['a year after it in GeneralizedTime', { notAfterDays: 2_900_000 }, /^20\d\d-/, /^99\d\d-/],
])('%s', async (_what, dates, from, to) => {
  const one = await read({ names: [NAME], ...dates })
  expect(one.notBefore).toMatch(from)
  expect(one.notAfter).toMatch(to)
})

test('a date that does not exist makes it unreadable', async () => {
  const raw = await rawOf({ names: [NAME] })
  const at = raw.indexOf(Buffer.from([0x17, 13]))
  raw.write('261332', at + 2, 'latin1')
  expect(parseCertificateCached(raw)).toEqual({ ok: false, error: 'a date that does not exist' })
})

test('names that clients read differently are shown and told', async () => {
  const one = await read({ names: [NAME, `${NAME}\u0000.example.net`, 'bücher.example.com', ''] })
  expect(one.dnsNames[1]).toBe(String.raw`a.example.com\x00.example.net`)
  expect(one.oddities).toEqual([
    'a name in subjectAltName holds a NUL',
    'a name in subjectAltName is not ASCII: international names must be A-labels (xn--)',
    'a name in subjectAltName is empty',
  ])
})

test('a BMPString is read, and told', async () => {
  const plain = der(0x13, Buffer.from('abcdefgh'))
  const bmp = der(0x1e, Buffer.from('00610062 00630064'.replaceAll(' ', ''), 'hex'))
  const one = await changed({ names: [NAME], organization: 'abcdefgh' }, plain, bmp)
  expect(one).toMatchObject({ ok: true, value: { subject: expect.stringContaining('O=abcd'), oddities: ['O of subject is a BMPString'] } })
})

test('an extension that stands twice is told', async () => {
  const keyUsage = Buffer.from('0603551d0f', 'hex')
  const eku = Buffer.from('0603551d25', 'hex')
  // One of another kind takes the place of extKeyUsage; what is in it is then nonsense for keyUsage, and is not looked into.
  const raw = await rawOf({ names: [NAME] })
  keyUsage.copy(raw, raw.indexOf(eku))
  expect(parseCertificateCached(raw)).toMatchObject({ ok: true, value: { oddities: ['the extension 2.5.29.15 stands twice'] } })
})

test('a thousand and ten thousand names', async () => {
  for (const count of [1_000, 10_000]) {
    const one = await read({ names: Array.from({ length: count }, (_, index) => `h${index}.example.com`) })
    expect(one.dnsNames).toHaveLength(count)
  }
})

test.each([
  ['nothing', Buffer.alloc(0)],
  ['text', Buffer.from('-----BEGIN CERTIFICATE-----')],
  ['an empty sequence', Buffer.from('3000', 'hex')],
  ['sequences all the way down', Buffer.concat(Array.from({ length: 200 }, (_, index) => Buffer.from([0x30, Math.max(0, 127 - index)])))],
  ['too much', Buffer.alloc(1024 * 1024 + 1)],
])('%s is no certificate', (_what, bytes) => {
  expect(parseCertificateCached(bytes).ok).toBe(false)
})

test('cut off anywhere, or with something behind, it is unreadable', async () => {
  const raw = await rawOf({ names: [NAME] })
  for (let size = 0; size < raw.length; size += 1) expect(parseCertificateCached(raw.subarray(0, size)).ok).toBe(false)
  expect(parseCertificateCached(Buffer.concat([raw, Buffer.from([0])])).ok).toBe(false)
  expect(certificateLinks(raw.subarray(0, 40))).toBeUndefined()
})
