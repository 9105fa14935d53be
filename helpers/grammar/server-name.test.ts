import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isPartialWildcard, isPublicSuffixWildcard, matchServerName } from './server-name.ts'

const match = (reference: string, dnsNames: readonly string[], ipAddresses: readonly string[] = []): boolean | string => {
  const found = matchServerName(reference, { dnsNames, ipAddresses })
  return found.matches || found.reason
}

test.each<readonly [reference: string, names: readonly string[], expected: boolean | string]>([
  // RFC 9525 §6.3
  ['www.example.com', ['www.example.com'], true],
  ['WWW.Example.COM', ['www.example.com'], true],
  ['www.example.com.', ['www.example.com'], true],
  ['foo.example.com', ['*.example.com'], true],
  ['bar.foo.example.com', ['*.example.com'], 'deep-wildcard'],
  ['example.com', ['*.example.com'], 'no-match'],
  ['baz1.example.net', ['baz*.example.net'], 'partial-wildcard'],
  ['foobaz.example.net', ['*baz.example.net'], 'partial-wildcard'],
  ['buzz.example.net', ['b*z.example.net'], 'partial-wildcard'],
  ['www.foo.example.com', ['www.*.example.com'], 'partial-wildcard'],
  ['a.b.example.com', ['*.*.example.com'], 'partial-wildcard'],
  // Over a public suffix
  ['example.com', ['*.com'], 'public-suffix-wildcard'],
  ['example.co.uk', ['*.co.uk'], 'public-suffix-wildcard'],
  ['owner.github.io', ['*.github.io'], true],
  ['localhost', ['*'], 'partial-wildcard'],
  // International names
  ['bücher.example.com', ['xn--bcher-kva.example.com'], true],
  ['xn--bcher-kva.example.com', ['bücher.example.com'], 'no-match'],
  ['xn--bcher-kva.example.com', ['*.example.com'], true],
  // What must never match
  ['www.example.com', [], 'no-names'],
  ['www.example.com', [''], 'no-match'],
  ['www.example.com', [String.raw`www.example.com\x00.example.net`], 'no-match'],
  ['www.example.com', ['www.example.com.example.net'], 'no-match'],
  ['www.example.com', ['example.com'], 'no-match'],
  ['', ['*.example.com'], 'no-match'],
])('%s against %s: %s', (reference, names, expected) => {
  expect(match(reference, names)).toBe(expected)
})

test('an address is matched by iPAddress alone, whatever way it is written', () => {
  expect(match('192.0.2.1', [], ['192.0.2.1'])).toBe(true)
  expect(match('192.0.2.1', ['192.0.2.1'])).toBe('no-match')
  expect(match('192.0.2.1', ['*.0.2.1'])).toBe('no-match')
  expect(match('2001:db8:0:0::1', [], ['2001:db8::1'])).toBe(true)
  expect(match('2001:db8::2', [], ['2001:db8::1', '(5 bytes)'])).toBe('no-match')
  expect(match('host.example.com', [], ['192.0.2.1'])).toBe('no-match')
})

test('kinds of wildcards', () => {
  expect(['*.example.com', 'a*.example.com', '*a.example.com', 'a.*.com', '*', '*.*.com'].map(isPartialWildcard)).toEqual([false, true, true, true, true, true])
  expect(['*.com', '*.co.uk', '*.example.com', '*.github.io', 'com', '*.'].map(isPublicSuffixWildcard)).toEqual([true, true, false, false, false, true])
})

test('hostile names: an answer every time', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), fc.array(fc.string({ maxLength: 300 }), { maxLength: 5 }), (reference, names) => {
      expect(typeof matchServerName(reference, { dnsNames: names, ipAddresses: names }).matches).toBe('boolean')
    }),
    { numRuns: 2000 },
  )
})
