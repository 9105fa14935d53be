import { expect, test } from 'vitest'
import { type NameConstraints, nameOutside } from './name-constraints.ts'

const constraints = (more: Partial<NameConstraints>): NameConstraints => ({ excludedNames: [], excludedNetworks: [], ...more })
const names = (...dnsNames: readonly string[]) => ({ dnsNames, ipAddresses: [] })
const addresses = (...ipAddresses: readonly string[]) => ({ dnsNames: [], ipAddresses })

/** RFC 5280 §4.2.1.10: a name is within where zero or more labels before the constraint give it. */
const CASES: readonly (readonly [what: string, NameConstraints, Parameters<typeof nameOutside>[1], outside: string | undefined])[] = [
  ['nothing limited', constraints({}), names('a.example.com'), undefined],
  ['the name itself', constraints({ permittedNames: ['example.com'] }), names('example.com'), undefined],
  ['names below', constraints({ permittedNames: ['example.com'] }), names('a.example.com', 'a.b.example.com'), undefined],
  ['in other letters', constraints({ permittedNames: ['Example.COM'] }), names('A.eXample.com'), undefined],
  ['one that only ends alike', constraints({ permittedNames: ['example.com'] }), names('a.example.com', 'badexample.com'), 'badexample.com'],
  ['another domain', constraints({ permittedNames: ['example.net', 'lan'] }), names('a.lan', 'a.example.com'), 'a.example.com'],
  ['a wildcard', constraints({ permittedNames: ['example.com'] }), names('*.example.com'), undefined],
  ['a wildcard above', constraints({ permittedNames: ['a.example.com'] }), names('*.example.com'), '*.example.com'],
  ['a dot before it: below alone', constraints({ permittedNames: ['.example.com'] }), names('a.example.com', '*.example.com'), undefined],
  ['and not itself', constraints({ permittedNames: ['.example.com'] }), names('example.com'), 'example.com'],
  ['the empty one permits all', constraints({ permittedNames: [''] }), names('example.com'), undefined],
  ['excluded', constraints({ excludedNames: ['internal.example.com'] }), names('example.com', 'a.internal.example.com'), 'a.internal.example.com'],
  ['excluded within permitted', constraints({ permittedNames: ['example.com'], excludedNames: ['b.example.com'] }), names('b.example.com'), 'b.example.com'],
  ['all excluded', constraints({ excludedNames: [''] }), names('example.com'), 'example.com'],
  ['names limited, addresses not', constraints({ permittedNames: ['example.com'] }), addresses('192.0.2.1'), undefined],
  ['all addresses excluded', constraints({ excludedNetworks: ['0.0.0.0/0', '::/0'] }), addresses('192.0.2.1'), '192.0.2.1'],
  ['and those of IPv6', constraints({ excludedNetworks: ['0.0.0.0/0', '::/0'] }), addresses('2001:db8::1'), '2001:db8::1'],
  ['a network', constraints({ permittedNetworks: ['10.0.0.0/8'] }), addresses('10.1.2.3'), undefined],
  ['beside it', constraints({ permittedNetworks: ['10.0.0.0/8'] }), addresses('10.1.2.3', '192.168.0.1'), '192.168.0.1'],
]

test('names and addresses within and without', () => {
  expect(CASES.length).toBeGreaterThan(0)
  for (const [what, limits, certificate, outside] of CASES) expect(nameOutside(limits, certificate), what).toBe(outside)
})
