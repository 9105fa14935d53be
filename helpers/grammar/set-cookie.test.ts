import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { brokenPrefixRules, domainScope, expiryOf, forgetsCookies, parseSetCookie, pathOfCookie, prefixOf, type SetCookie } from './set-cookie.ts'

const read = (field: string): SetCookie => {
  const parsed = parseSetCookie(field)
  if (!parsed.ok) throw new RangeError(`${field}: ${parsed.error}`)
  return parsed.cookie
}

describe('the pair', () => {
  it.each([
    ['SID=31d4d96e407aad42', 'SID', '31d4d96e407aad42'],
    ['lang=', 'lang', ''],
    [' a = b ; Secure', 'a', 'b'],
    ['\ta\t=\tb', 'a', 'b'],
    ['a=b=c', 'a', 'b=c'],
    ['a="q; Secure', 'a', '"q'],
    ['a="quoted"', 'a', '"quoted"'],
    ['bare', '', 'bare'],
    ['=bare', '', 'bare'],
    ['a=1, b=2', 'a', '1, b=2'],
    ['päth=ü', 'päth', 'ü'],
  ])('%j', (field, name, value) => expect(read(field)).toMatchObject({ name, value }))

  it.each([
    ['', 'empty'],
    ['=', 'empty'],
    [';Secure', 'empty'],
    ['  ; Secure', 'empty'],
    ['a=\u0000', 'control-character'],
    ['a=b; Path=/\u0001', 'control-character'],
    ['a=b\u007f', 'control-character'],
    ['a=b\r\nX: y', 'control-character'],
    [`a=${'x'.repeat(65_536)}`, 'too-long'],
  ])('%# is none', (field, error) => expect(parseSetCookie(field)).toMatchObject({ ok: false, error }))

  it('a tab is no control character here', () => expect(read('a=b\tc').value).toBe('b\tc'))
})

describe('attributes', () => {
  it('RFC 6265 §3.1', () => {
    expect(read('SID=31d4d96e407aad42; Path=/; Secure; HttpOnly')).toMatchObject({ secure: true, httpOnly: true, path: '/', sameSite: 'absent' })
    expect(read('lang=en-US; Expires=Wed, 09 Jun 2021 10:18:14 GMT').expires).toBe(Date.UTC(2021, 5, 9, 10, 18, 14))
    expect(read('SID=x; Path=/; Domain=example.com').domain).toBe('example.com')
  })
  it('any case, in any order, with blanks', () => {
    expect(read('a=b;HTTPONLY ; sEcUrE;samesite = LAX;PARTITIONED; max-AGE=5')).toMatchObject({
      httpOnly: true,
      secure: true,
      sameSite: 'lax',
      partitioned: true,
      maxAge: 5,
    })
  })
  it('a word inside another attribute is no attribute', () => {
    expect(read('a=b; Path=/secure')).toMatchObject({ secure: false, path: '/secure' })
    expect(read('a=Secure; Path=/httponly; Domain=secure.example.com')).toMatchObject({ secure: false, httpOnly: false })
    expect(read('a=b; NotSecure; Secured')).toMatchObject({ secure: false, unknown: ['NotSecure', 'Secured'] })
  })
  it('Secure=false is Secure', () => expect(read('a=b; Secure=false; HttpOnly=0')).toMatchObject({ secure: true, httpOnly: true }))
  it('the last one counts, and repetition is kept', () => {
    expect(read('a=b; Path=/x; Path=/; SameSite=None; SameSite=Strict')).toMatchObject({ path: '/', sameSite: 'strict', repeated: ['path', 'samesite'] })
    expect(read('a=b; Domain=example.com; Domain=').domain).toBeUndefined()
    expect(read('a=b; Path=/x; Path=').path).toBeUndefined()
    expect(read('a=b; Max-Age=5; Max-Age=x').maxAge).toBe(5)
  })
  it.each([
    ['SameSite=True', 'invalid'],
    ['SameSite', 'invalid'],
    ['SameSite=', 'invalid'],
    ['SameSite="Lax"', 'invalid'],
    ['SameSite=none', 'none'],
    ['SameSite=STRICT', 'strict'],
  ])('%s', (attribute, sameSite) => expect(read(`a=b; ${attribute}`).sameSite).toBe(sameSite))
  it.each([
    ['Max-Age=0', 0],
    ['Max-Age=-1', -1],
    ['Max-Age=00060', 60],
    ['Max-Age=1e3', 'invalid'],
    ['Max-Age=+5', 'invalid'],
    ['Max-Age=5.5', 'invalid'],
    ['Max-Age=', 'invalid'],
    ['Max-Age="60"', 'invalid'],
    ['Max-Age=NaN', 'invalid'],
  ])('%s', (attribute, maxAge) => expect(read(`a=b; ${attribute}`).maxAge).toBe(maxAge))
  it.each([
    ['Wed, 09-Jun-21 10:18:14 GMT', true],
    ['Wed Jun  9 10:18:14 2021', true],
    ['Fri, 31 Dec 9999 23:59:59 GMT', true],
    ['0', false],
    ['-1', false],
    ['2021-06-09T10:18:14Z', false],
    ['Wed, 31 Feb 2021 10:18:14 GMT', false],
    ['', false],
  ])('Expires=%s', (date, valid) => expect(typeof read(`a=b; Expires=${date}`).expires === 'number').toBe(valid))
  it('one leading dot is not part of a domain', () => {
    expect(read('a=b; Domain=.Example.COM').domain).toBe('example.com')
    expect(read('a=b; Domain=..example.com').domain).toBe('.example.com')
    expect(read('a=b; Domain').domain).toBeUndefined()
  })
  it('a path without a slash and an attribute above 1024 octets are ignored, and said so', () => {
    expect(read('a=b; Path=x').ignored).toHaveLength(1)
    expect(read(`a=b; Path=/${'x'.repeat(1024)}`)).toMatchObject({ ignored: [expect.stringContaining('1024')] })
    expect(read(`a=b; Path=/${'x'.repeat(1024)}`).path).toBeUndefined()
  })
  it('counts octets, not characters', () => expect(read('ä=ü').sizeBytes).toBe(4))
  it('survives 64 kB of attributes', () => expect(read(`a=b${';x'.repeat(32_000)}`).unknown).toHaveLength(32_000))
})

describe('expiry', () => {
  const at = Date.UTC(2026, 10, 21)
  it.each([
    ['a=b', { kind: 'session' }],
    ['a=b; Max-Age=60', { kind: 'persistent', seconds: 60 }],
    ['a=b; Max-Age=0', { kind: 'deletion' }],
    ['a=b; Max-Age=-5', { kind: 'deletion' }],
    ['a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT', { kind: 'deletion' }],
    ['a=b; Expires=Sun, 22 Nov 2026 00:00:00 GMT', { kind: 'persistent', seconds: 86_400 }],
    ['a=b; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', { kind: 'persistent', seconds: 60 }],
    ['a=b; Expires=0', { kind: 'session' }],
    ['a=b; Max-Age=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT', { kind: 'deletion' }],
  ])('%s', (field, expected) => expect(expiryOf(read(field), at)).toEqual(expected))
})

describe('what a deletion must reach', () => {
  it.each([
    ['a=b; Path=/shop', 'https://example.com/login', '/shop'],
    ['a=b', 'https://example.com/login', '/'],
    ['a=b', 'https://example.com', '/'],
    ['a=b', 'https://example.com/api/auth/login?next=/x/y', '/api/auth'],
    ['a=b', 'https://example.com/api/', '/api'],
  ])('%s from %s: %s', (field, url, path) => expect(pathOfCookie(read(field), url)).toBe(path))
  it.each([
    [['"cookies"'], true],
    [['"cache", "cookies"'], true],
    [['"cache"', '"cookies"'], true],
    [['"*"'], true],
    [['cookies'], false],
    [['"Cookies"'], false],
    [['"cache","storage"'], false],
    [['"x-cookies"'], false],
    [[], false],
  ])('Clear-Site-Data %j: %s', (values, forgets) => expect(forgetsCookies(values)).toBe(forgets))
})

describe('prefixes', () => {
  it.each([
    ['__Host-a=b; Secure; Path=/', 0],
    ['__host-a=b; Secure; Path=/', 0],
    ['__Secure-a=b; Secure; Domain=example.com', 0],
    ['__Http-a=b; Secure; HttpOnly', 0],
    ['__Host-Http-a=b; Secure; HttpOnly; Path=/', 0],
    ['__Host-a=b; Secure; Path=/; Domain=', 0],
    ['_Host-a=b', 0],
    ['a=__Host-b', 0],
    ['__Secure-a=b', 1],
    ['__SECURE-a=b', 1],
    ['__Host-a=b; Secure', 1],
    ['__Host-a=b; Secure; Path=/x', 1],
    ['__Host-a=b; Secure; Path=/; Domain=example.com', 1],
    ['__Host-a=b', 2],
    ['__Http-a=b; Secure', 1],
    ['__Host-Http-a=b; Secure; Path=/', 1],
    ['=__Host-a', 1],
  ])('%s breaks %i rules', (field, broken) => expect(brokenPrefixRules(read(field))).toHaveLength(broken))
  test('the longest prefix counts', () =>
    expect([prefixOf('__Host-Http-a'), prefixOf('__Host-a'), prefixOf('x__Host-')]).toEqual(['__Host-Http-', '__Host-', undefined]))
})

describe('domain scope', () => {
  it.each([
    ['a=b', 'api.example.com', 'host-only'],
    ['a=b; Domain=', 'api.example.com', 'host-only'],
    ['a=b; Domain=api.example.com', 'api.example.com', 'host'],
    ['a=b; Domain=.API.example.com', 'api.example.com', 'host'],
    ['a=b; Domain=example.com', 'api.example.com', 'parent'],
    ['a=b; Domain=com', 'api.example.com', 'public-suffix'],
    ['a=b; Domain=co.uk', 'shop.example.co.uk', 'public-suffix'],
    ['a=b; Domain=github.io', 'me.github.io', 'public-suffix'],
    ['a=b; Domain=github.io', 'github.io', 'host-only'],
    ['a=b; Domain=other.com', 'api.example.com', 'foreign'],
    ['a=b; Domain=sub.api.example.com', 'api.example.com', 'foreign'],
    ['a=b; Domain=pi.example.com', 'api.example.com', 'foreign'],
    ['a=b; Domain=..example.com', 'api.example.com', 'foreign'],
    ['a=b; Domain=2.3.4', '1.2.3.4', 'foreign'],
    ['a=b; Domain=1.2.3.4', '1.2.3.4', 'host'],
  ])('%s from %s', (field, host, scope) => expect(domainScope(read(field), host)).toBe(scope))
})

test('whatever comes: an answer, no throw, and flags only from attributes of that name', () => {
  const pieces = fc.array(
    fc.constantFrom('a', '=', ';', ' ', '\t', 'Secure', 'secure', 'HttpOnly', 'Path=/', 'Domain=.x', 'Max-Age=', '1', '"', ',', 'ü', '\u0001'),
    { maxLength: 24 },
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 80 }),
        pieces.map((parts) => parts.join('')),
      ),
      (field) => {
        const parsed = parseSetCookie(field)
        if (!parsed.ok) return
        const names = field
          .split(';')
          .slice(1)
          .map((part) => (part.split('=', 1)[0] ?? '').trim().toLowerCase())
        expect(parsed.cookie.secure).toBe(names.includes('secure'))
        expect(parsed.cookie.httpOnly).toBe(names.includes('httponly'))
        domainScope(parsed.cookie, 'api.example.com')
        brokenPrefixRules(parsed.cookie)
        expiryOf(parsed.cookie, 0)
      },
    ),
    { numRuns: 2000 },
  )
})
