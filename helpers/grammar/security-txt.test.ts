import { describe, expect, test } from 'vitest'
import { readExpires, readSecurityTxt } from './security-txt.ts'

describe('the file', () => {
  test('fields in order, names in any case, comments and blank lines left out', () => {
    const text = '\uFEFF# Our policy\r\nContact: mailto:security@example.com\r\n\r\nCONTACT:https://example.com/report\r\nExpires : 2027-01-01T00:00:00Z\r\n'
    expect(readSecurityTxt(text)).toEqual({
      fields: [
        { name: 'contact', value: 'mailto:security@example.com' },
        { name: 'contact', value: 'https://example.com/report' },
        { name: 'expires', value: '2027-01-01T00:00:00Z' },
      ],
      signed: false,
      rubbish: [],
    })
  })
  test('a clear-text signature is taken off (RFC 9116 §2.6)', () => {
    const text = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nContact: mailto:a@example.com\n- -x: y\n-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n`
    const read = readSecurityTxt(text)
    expect(read.signed).toBe(true)
    expect(read.fields).toEqual([{ name: 'contact', value: 'mailto:a@example.com' }])
  })
  test.each<[string, number]>([
    ['', 0],
    ['<!doctype html><title>x</title>', 0],
    ['x'.repeat(64_000), 0],
    [': empty name', 0],
    ['Contact', 0],
    ['Contact:', 1],
    ['\u0000\u0001', 0],
    ['a: b\n'.repeat(20_000), 2_000],
  ])('%.30s', (text, fields) => {
    expect(readSecurityTxt(text).fields).toHaveLength(fields)
  })
})

describe('Expires', () => {
  test.each(['2021-12-31T18:37:07z', '2026-11-21T00:00:00Z', '2026-11-21T00:00:00.123Z', '2026-11-21T00:00:00-07:00', '2026-06-30T23:59:60Z'])(
    '%s is read',
    (text) => {
      expect(readExpires(text)).toBeTypeOf('number')
    },
  )
  test.each([
    '',
    'tomorrow',
    '2026-11-21',
    '2026-11-21 00:00:00',
    '2026-11-21T00:00:00',
    '2026-13-01T00:00:00Z',
    '2026-11-21T25:00:00Z',
    'Thu, 31 Dec 2026 18:37:07 GMT',
    '2026-11-21T00:00:00Zx',
  ])('%s is no date of this form', (text) => {
    expect(readExpires(text)).toBeUndefined()
  })
})
