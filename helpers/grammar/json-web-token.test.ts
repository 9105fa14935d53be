import { describe, expect, test } from 'vitest'
import { MOST_TOKEN_BYTES, numericDate, readJsonWebToken } from './json-web-token.ts'

const part = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

describe('tokens', () => {
  test('the example of RFC 7519 §3.1', () => {
    const read = readJsonWebToken(
      'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    )
    expect(read.ok && read.token.header).toEqual({ typ: 'JWT', alg: 'HS256' })
    expect(read.ok && read.token.payload).toEqual({ iss: 'joe', exp: 1300819380, 'http://example.com/is_root': true })
  })
  test.each([
    ['an opaque token', 'b0a9c3', 'opaque'],
    ['nothing', '', 'opaque'],
    ['two segments', `${part({ alg: 'none' })}.${part({})}`, 'opaque'],
    ['encrypted', `${part({ alg: 'dir', enc: 'A256GCM' })}....`, 'encrypted'],
    ['dots in an opaque token', 'v4.local.abc', 'opaque'],
    ['padding', `${part({ alg: 'x' })}==.${part({})}.aa`, 'not-base64url'],
    ['a length no base64url has', `${part({ alg: 'x' })}.${part({})}.aaaaa`, 'not-base64url'],
    ['a header that is no object', `${part('ey')}.x.`, 'opaque'],
    ['a list', `eyJ.${part([])}.`, 'not-json'],
    ['control characters', `${part('{"a":"\u0000"}')}.${part({})}.`, 'not-json'],
    ['bytes that are no text', `${part({ alg: 'x' })}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.`, 'not-json'],
    ['more than anybody sends', `${part({ alg: 'x' })}.${'a'.repeat(MOST_TOKEN_BYTES)}.`, 'too-long'],
    ['a megabyte', 'e'.repeat(1_000_000), 'too-long'],
  ])('%s', (_name, text, error) => {
    expect(readJsonWebToken(text)).toEqual({ ok: false, error })
  })
  test('a signature may be empty: that is what some servers accept', () => {
    expect(readJsonWebToken(`${part({ alg: 'none' })}.${part({})}.`).ok).toBe(true)
  })
  test('nonsense as alg is read as it stands', () => {
    for (const alg of ['', 7, null, ['HS256'], { a: 1 }, 'x'.repeat(999)]) {
      const read = readJsonWebToken(`${part({ alg })}.${part({})}.aa`)
      expect(read.ok && read.token.header['alg']).toEqual(alg)
    }
  })
})

test.each([
  [1300819380, 1300819380],
  [1300819380.5, 1300819380.5],
  ['1300819380', undefined],
  [Number.NaN, undefined],
  [-1, undefined],
  [1e15, undefined],
  [null, undefined],
])('a date %j', (value, expected) => {
  expect(numericDate(value)).toBe(expected)
})
