import { createHash, X509Certificate } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { issueCertificate } from '../../fixtures/certificates.ts'
import { readBimi } from './bimi.ts'
import { imapMechanisms, readImapCapabilities } from './imap-capability.ts'
import { readTlsa, tlsaNames } from './tlsa.ts'

describe('capabilities of IMAP', () => {
  test.each([
    ['* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED', ['IMAP4REV1', 'STARTTLS', 'LOGINDISABLED']],
    ['* capability imap4rev1  auth=plain auth=PLAIN', ['IMAP4REV1', 'AUTH=PLAIN']],
    ['* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready', ['IMAP4REV1', 'AUTH=PLAIN']],
    ['a1 OK [CAPABILITY IMAP4rev2] done', ['IMAP4REV2']],
    ['* PREAUTH [CAPABILITY IMAP4rev1] hello', ['IMAP4REV1']],
    ['* CAPABILITY ', []],
    ['* OK ready', undefined],
    ['* BYE [CAPABILITY IMAP4rev1]', undefined],
    ['', undefined],
    ['CAPABILITY IMAP4rev1', undefined],
  ])('%j', (line, value) => expect(readImapCapabilities(line)).toEqual(value))
  test('mechanisms', () => expect(imapMechanisms(['IMAP4REV1', 'AUTH=PLAIN', 'AUTH=', 'XAUTH=NO'])).toEqual(['PLAIN', '']))
})

describe('TLSA', () => {
  const hex = 'ab'.repeat(32)
  test.each([
    [`3 1 1 ${hex}`, { usage: 3, selector: 1, matchingType: 1, data: hex }],
    [`2 0 2 ${'CD'.repeat(64)}`, { usage: 2, selector: 0, matchingType: 2, data: 'cd'.repeat(64) }],
    [`3 1 1 ${hex.slice(0, 32)} ${hex.slice(32)}`, { usage: 3, selector: 1, matchingType: 1, data: hex }],
    ['3 1 0 30', { usage: 3, selector: 1, matchingType: 0, data: '30' }],
  ])('%j', (text, value) => expect(readTlsa(text)).toEqual({ ok: true, value }))
  test.each([
    '',
    '3 1 1',
    `4 1 1 ${hex}`,
    `3 2 1 ${hex}`,
    `3 1 3 ${hex}`,
    `3 1 1 ${hex.slice(2)}`,
    `3 1 2 ${hex}`,
    '3 1 0 abc',
    `3 1 1 ${'zz'.repeat(32)}`,
    `256 1 1 ${hex}`,
  ])('%j is none', (text) => expect(readTlsa(text).ok).toBe(false))
  test('names the certificate or the key, whole or by digest, and no other', async () => {
    const { leaf } = await issueCertificate({ names: ['mx.example.net'] })
    const other = await issueCertificate({ names: ['other.example.net'], key: 'p384' })
    const read = new X509Certificate(leaf)
    const raw = read.raw
    const key = read.publicKey.export({ type: 'spki', format: 'der' })
    const foreign = new X509Certificate(other.leaf).raw
    const digest = (bytes: Buffer, type: 0 | 1 | 2): string =>
      type === 0
        ? bytes.toString('hex')
        : createHash(type === 1 ? 'sha256' : 'sha512')
            .update(bytes)
            .digest('hex')
    for (const selector of [0, 1] as const) {
      for (const matchingType of [0, 1, 2] as const) {
        const record = { usage: 3, selector, matchingType, data: digest(selector === 0 ? raw : key, matchingType) }
        expect(tlsaNames(record, raw)).toBe(true)
        expect(tlsaNames(record, foreign)).toBe(false)
      }
    }
    expect(tlsaNames({ usage: 3, selector: 1, matchingType: 1, data: hex }, new Uint8Array([0x30, 0x80]))).toBe(false)
  })
})

describe('BIMI', () => {
  test.each([
    ['v=BIMI1; l=https://example.com/a.svg; a=https://example.com/a.pem', { logo: 'https://example.com/a.svg', authority: 'https://example.com/a.pem' }],
    ['v=BIMI1;l=https://example.com/a.svg;', { logo: 'https://example.com/a.svg' }],
    ['v=BIMI1; l=; a=;', { logo: '' }],
    ['V=bimi1; L=https://example.com/a.svg; a=self', { logo: 'https://example.com/a.svg', authority: 'self' }],
    ['v=BIMI1; l=https://example.com/a.svg; evp=https://example.com/x', { logo: 'https://example.com/a.svg' }],
  ])('%j', (text, value) => expect(readBimi(text)).toEqual({ ok: true, value }))
  test.each([
    '',
    'v=BIMI2; l=',
    'l=https://example.com/a.svg; v=BIMI1',
    'v=BIMI1',
    'v=BIMI1; l=http://example.com/a.svg',
    'v=BIMI1; l=https:///',
    'v=BIMI1; l=a; l=b',
    'v=BIMI1; l',
    'v=BIMI1; l=https://e.com/a; a=ftp://e',
  ])('%j is refused', (text) => expect(readBimi(text).ok).toBe(false))
})

test('whatever comes, nothing throws', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      readBimi(text)
      readBimi(`v=BIMI1;${text}`)
      readTlsa(text)
      readImapCapabilities(text)
      readImapCapabilities(`* CAPABILITY ${text}`)
    }),
    { numRuns: 2_000 },
  )
})
