import { describe, expect, test } from 'vitest'
import { asksForName, expandMacros, hasMacro, hexOfIpv6, isSpf, macroAddress, readSpf, type SpfMacros } from './spf.ts'

describe('which texts are SPF', () => {
  test.each([
    ['v=spf1', true],
    ['v=spf1 -all', true],
    ['V=SPF1 -all', true],
    ['v=spf10 -all', false],
    ['v=spf1\t-all', false],
    [' v=spf1 -all', false],
    ['spf2.0/pra -all', false],
    ['', false],
  ])('%j', (text, wanted) => {
    expect(isSpf(text)).toBe(wanted)
  })
})

describe('records that read', () => {
  test.each([
    'v=spf1',
    'v=spf1 ',
    'v=spf1  a   -all  ',
    'v=spf1 +mx a:colo.example.com/28 -all',
    'v=spf1 a mx -all',
    'v=spf1 a/0 mx//0 a/24//64 mx:example.com/24//64',
    'v=spf1 ip4:192.0.2.1 ip4:192.0.2.129/25 ip4:0.0.0.0/0 -all',
    'v=spf1 ip6:2001:db8::/32 ip6:::ffff:192.0.2.1/128 IP6:Cafe:Babe:8000::/33 ip6:::/0',
    'v=spf1 INCLUDE:example.com ?All',
    'v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d} -all',
    'v=spf1 exists:%{ir}.%{v}.arpa.%{d2} exists:%{L2R/}',
    'v=spf1 ptr ptr:example.com redirect=_spf.example.com.',
    'v=spf1 redirect=%{d2} exp=explain.%{d}',
    'v=spf1 moo.cow-far_out=man:dog/cat unknown= a=b default=pass -all',
    'v=spf1 t=%{t}%{c}%{r}',
    'v=spf1 a:foo:bar/baz.example.com a:xn--zckzah a:example.xn--zckzah',
    'v=spf1 a:%%.%_.%-.example.com',
    'v=spf1 a:example.com-x.a-b',
  ])('%s', (text) => {
    const expected = text.includes('a:xn--zckzah ') ? { ok: false } : { ok: true }
    expect(readSpf(text)).toMatchObject(expected)
  })

  test('every part of a term is kept', () => {
    expect(readSpf('v=spf1 ~a:Mail.example.com/24//48 ?ip6:2001:DB8::/32 -all redirect=x.example.com exp=why.%{d} foo=bar')).toEqual({
      ok: true,
      value: {
        directives: [
          { text: '~a:Mail.example.com/24//48', qualifier: '~', mechanism: 'a', domain: 'Mail.example.com', cidr4: 24, cidr6: 48 },
          { text: '?ip6:2001:DB8::/32', qualifier: '?', mechanism: 'ip6', network: '2001:db8::', cidr4: 32, cidr6: 32 },
          { text: '-all', qualifier: '-', mechanism: 'all', cidr4: 32, cidr6: 128 },
        ],
        redirect: 'x.example.com',
        exp: 'why.%{d}',
        unknown: ['foo'],
      },
    })
  })
})

describe('records that do not', () => {
  test.each([
    ['v=spf1 all.', 'no mechanism'],
    ['v=spf1 all:example.com', 'nothing'],
    ['v=spf1 all/8', 'nothing'],
    ['v=spf1 -all;', 'nothing'],
    ['v=spf1 ipv4:192.0.2.1', 'no mechanism'],
    ['v=spf1 include', 'colon'],
    ['v=spf1 include:', 'empty'],
    ['v=spf1 include:example.com/24', 'top-level'],
    ['v=spf1 a:', 'empty'],
    ['v=spf1 a/33', 'prefix'],
    ['v=spf1 a//129', 'prefix'],
    ['v=spf1 a/024', 'prefix'],
    ['v=spf1 a/', 'neither'],
    ['v=spf1 mx:example.com/abc', 'top-level'],
    ['v=spf1 a:111.222.33.44', 'top-level'],
    ['v=spf1 a:museum', 'single label'],
    ['v=spf1 a:museum.', 'single label'],
    ['v=spf1 a:example.-com', 'top-level'],
    ['v=spf1 a:example.com:8080', 'top-level'],
    ['v=spf1 ip4', 'colon'],
    ['v=spf1 ip4:', 'no IPv4'],
    ['v=spf1 ip4:192.0.2', 'no IPv4'],
    ['v=spf1 ip4:192.0.2.1/33', 'prefix'],
    ['v=spf1 ip4:192.0.2.1/', 'prefix'],
    ['v=spf1 ip4:192.0.2.1//32', 'prefix'],
    ['v=spf1 ip4:192.0.2.1:25', 'no IPv4'],
    ['v=spf1 ip4:192.0.2.01', 'no IPv4'],
    ['v=spf1 ip4:2001:db8::1', 'no IPv4'],
    ['v=spf1 ip6:192.0.2.1', 'no IPv6'],
    ['v=spf1 ip6:fe80::1%eth0', 'no IPv6'],
    ['v=spf1 ip6:2001:db8::/129', 'prefix'],
    ['v=spf1 ip6:2001:db8::1//33', 'prefix'],
    ['v=spf1 ptr:', 'empty'],
    ['v=spf1 ptr/24', 'colon'],
    ['v=spf1 exists', 'colon'],
    ['v=spf1 exists:%{a}.example.com', 'macro'],
    ['v=spf1 exists:%{t}.example.com', 'macro'],
    ['v=spf1 exists:%{d0}.example.com', 'macro'],
    ['v=spf1 exists:%(ir).example.com', 'macro'],
    ['v=spf1 exists:%{d', 'macro'],
    ['v=spf1 exists:100%', 'macro'],
    ['v=spf1 redirect=', 'empty'],
    ['v=spf1 redirect=a.example redirect=b.example', 'twice'],
    ['v=spf1 exp=a.example exp=b.example', 'twice'],
    ['v=spf1 exp=', 'empty'],
    ['v=spf1 redirect:example.com', 'no mechanism'],
    ['v=spf1 foo=%x', 'macro'],
    ['v=spf1 =pass', 'neither'],
    ['v=spf1 -', 'neither'],
    ['v=spf1 --all', 'neither'],
    ['v=spf1 - all', 'neither'],
    ['v=spf1 a\tmx', 'neither'],
    ['v=spf1 a:ex\u00e4mple.com', 'letter'],
    ['v=spf1 a\u0000', 'neither'],
    ['v=spf1 include:_spf.a.exampleinclude:_spf.b.example -all foo:', 'no mechanism'],
    [`v=spf1 ${'a '.repeat(40_000)}`, 'characters'],
    ['spf1 -all', 'begin'],
  ])('%j', (text, error) => {
    expect(readSpf(text)).toMatchObject({ ok: false, error: expect.stringContaining(error) as string })
  })
  test('large hostile text is read in time', () => {
    const start = performance.now()
    for (const text of [
      `a:${'a.'.repeat(30_000)}`,
      `a:${'-'.repeat(60_000)}`,
      `a:${'%{d}'.repeat(15_000)}x`,
      `a${'/1'.repeat(30_000)}`,
      `exists:%{d${'-'.repeat(60_000)}`,
    ])
      readSpf(`v=spf1 ${text}`)
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})

/** The examples of RFC 7208 §7.4. */
describe('macros', () => {
  const values: SpfMacros = {
    s: 'strong-bad@email.example.com',
    l: 'strong-bad',
    o: 'email.example.com',
    d: 'email.example.com',
    i: '192.0.2.3',
    p: 'mx.example.org',
    h: 'mail.example.net',
    v: 'in-addr',
  }
  test.each([
    ['%{s}', 'strong-bad@email.example.com'],
    ['%{o}', 'email.example.com'],
    ['%{d}', 'email.example.com'],
    ['%{d4}', 'email.example.com'],
    ['%{d3}', 'email.example.com'],
    ['%{d2}', 'example.com'],
    ['%{d1}', 'com'],
    ['%{dr}', 'com.example.email'],
    ['%{d2r}', 'example.email'],
    ['%{l}', 'strong-bad'],
    ['%{l-}', 'strong.bad'],
    ['%{lr}', 'strong-bad'],
    ['%{lr-}', 'bad.strong'],
    ['%{l1r-}', 'strong'],
    ['%{ir}.%{v}._spf.%{d2}', '3.2.0.192.in-addr._spf.example.com'],
    ['%{lr-}.lp._spf.%{d2}', 'bad.strong.lp._spf.example.com'],
    ['%{lr-}.lp.%{ir}.%{v}._spf.%{d2}', 'bad.strong.lp.3.2.0.192.in-addr._spf.example.com'],
    ['%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}', '3.2.0.192.in-addr.strong.lp._spf.example.com'],
    ['%{d2}.trusted-domains.example.net', 'example.com.trusted-domains.example.net'],
    ['%{p}.%{h}.x.', 'mx.example.org.mail.example.net.x'],
    ['%%%_%-', '% %20'],
    ['%{S}', 'strong-bad%40email.example.com'],
  ])('%s', (text, wanted) => {
    expect(expandMacros(text, values)).toBe(wanted)
  })
  test('an IPv6 address is its nibbles (§7.4)', () => {
    const six = { ...values, i: macroAddress('2001:db8::cb01'), v: 'ip6' }
    expect(expandMacros('%{ir}.%{v}._spf.%{d2}', six)).toBe('1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com')
    expect(hexOfIpv6('::ffff:192.0.2.1')).toBe('00000000000000000000ffffc0000201')
    expect(hexOfIpv6('1:2:3:4:5:6:7:8')).toBe('00010002000300040005000600070008')
    expect(macroAddress('192.0.2.3')).toBe('192.0.2.3')
  })
  test('names beyond 253 characters lose labels on the left', () => {
    const long = Array.from({ length: 40 }, (_, index) => `label${index}`).join('.')
    const name = expandMacros('%{d}.example.com', { ...values, d: long })
    expect(name.length).toBeLessThanOrEqual(253)
    expect(name).toMatch(/^label\d+\..*\.label39\.example\.com$/)
  })
  test('what depends on the message', () => {
    expect([hasMacro('%{d}'), hasMacro('a%%b.example'), asksForName('%{P}.x'), asksForName('%{d}.x')]).toEqual([true, false, true, false])
  })
})
