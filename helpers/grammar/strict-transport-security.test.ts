import { describe, expect, test } from 'vitest'
import { readStrictTransportSecurity } from './strict-transport-security.ts'

const good = { ok: true, maxAge: 31_536_000, includeSubDomains: false, preload: false, unknown: [], quoted: false, leadingZero: false }

describe('RFC 6797 §6.2 and what servers send', () => {
  test.each([
    ['max-age=31536000', {}],
    ['max-age=15768000 ; includeSubDomains', { maxAge: 15_768_000, includeSubDomains: true }],
    ['max-age="31536000"', { quoted: true }],
    ['max-age=0', { maxAge: 0 }],
    ['max-age="0" ; includeSubDomains', { maxAge: 0, quoted: true, includeSubDomains: true }],
    ['MAX-AGE=31536000; INCLUDESUBDOMAINS; PreLoad', { includeSubDomains: true, preload: true }],
    ['includeSubDomains;max-age=31536000', { includeSubDomains: true }],
    [';; max-age=31536000 ;', {}],
    ['\tmax-age = 31536000', {}],
    ['max-age=031536000', { leadingZero: true }],
    ['max-age="3153\\6000"', { quoted: true }],
    ['max-age=31536000; foo=bar; x="a;b,c"', { unknown: ['foo', 'x'] }],
    ['max-age=31536000; preload=yes', { unknown: ['preload'] }],
    ['max-age=99999999999', { maxAge: 99_999_999_999 }],
    ['max-age=2147483648', { maxAge: 2_147_483_648 }],
  ])('%j', (value, more) => expect(readStrictTransportSecurity(value)).toEqual({ ...good, ...more }))
})

describe('broken values have no effect, so they are errors', () => {
  test.each([
    ['', 'max-age is missing'],
    ['   ', 'max-age is missing'],
    ['includeSubDomains; preload', 'max-age is missing'],
    ['max-age', 'max-age has no value'],
    ['max-age=', '"" is no value'],
    ['max-age=""', 'not a number'],
    ['max-age=banana', 'not a number'],
    ['max-age==1', 'is no value'],
    ['max-age=-1', 'not a number'],
    ['max-age=3.15e7', 'not a number'],
    ['max-age=1 2', 'is no value'],
    ["max-age='31536000'", 'not a number'],
    ['max-age=31536000; max-age=0', 'twice'],
    ['max-age=31536000; includeSubDomains; includesubdomains', 'twice'],
    ['max-age=31536000; includeSubDomains=true', 'takes no value'],
    ['max-age=31536000, includeSubDomains', 'a comma'],
    ['max-age=31536000, max-age=31536000', 'a comma'],
    ['includeSubDomains, max-age=31536000', 'a comma'],
    ['max-age="31536000', 'not closed'],
    ['max-age=31536000 includeSubDomains', 'is no value'],
    ['max-age=31536000; in clude', 'no directive name'],
    ['max-age=3153\u00006000', 'control'],
    ['max-age=31536000\r\nX: y', 'control'],
    ['max-age=３１', 'is no value'],
    [`max-age=${'1'.repeat(65_536)}`, 'characters'],
  ])('%j', (value, error) => expect(readStrictTransportSecurity(value)).toEqual({ ok: false, error: expect.stringContaining(error) }))

  test('long rubbish is read in proportion', () => {
    const started = performance.now()
    for (const value of ['"'.repeat(65_535), ';'.repeat(65_535), ' '.repeat(65_535), `"${'\\'.repeat(65_000)}`]) readStrictTransportSecurity(value)
    expect(performance.now() - started).toBeLessThan(500)
  })
})
