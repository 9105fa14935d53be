/** check_host() against what RFC 7208 says of it, section by section, over zones in memory; agreement is counted. Then the tree, and both over real sockets. */
import { describe, expect, test } from 'vitest'
import { evaluateSpf, reverseName, type SpfAnswer, type SpfAsk, type SpfResult, walkSpf } from './spf.ts'

/** `name TYPE value`, one per line; `name TYPE !CODE` is no answer, `name CNAME other` leads on. */
function zone(text: string): { readonly ask: SpfAsk; readonly asked: string[] } {
  const records = text
    .split('\n')
    .map((line) => /^\s*(\S+) ([A-Z]+) ?(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, name = '', type = '', value = '']) => ({ name: name.toLowerCase(), type, value }))
  const asked: string[] = []
  const find = (name: string, type: string, depth = 0): SpfAnswer => {
    const here = records.filter((record) => record.name === name)
    const found = here.filter((record) => record.type === type)
    const failed = found.find(({ value }) => value.startsWith('!'))
    if (failed !== undefined) return { status: 'error', values: [], code: failed.value.slice(1) }
    if (found.length > 0) return { status: 'found', values: found.map(({ value }) => value.replaceAll('\\r', '\r')), code: 'NOERROR' }
    const alias = here.find((record) => record.type === 'CNAME')
    if (alias !== undefined && depth < 8) return find(alias.value, type, depth + 1)
    return { status: 'void', values: [], code: here.length > 0 ? 'NODATA' : 'NXDOMAIN' }
  }
  return {
    asked,
    ask: (name, type) => {
      asked.push(`${name} ${type}`)
      return Promise.resolve(find(name, type))
    },
  }
}

const PLACES = `
  mail.example.org A 192.0.2.10
  mail.example.org AAAA 2001:db8::10
  four.example.org A 192.0.2.20
  six.example.org AAAA 2001:db8:5:6::1
  many.example.org A 198.51.100.1
  many.example.org A 192.0.2.30
  mx.example.org MX 10 mail.example.org
  mx.example.org MX 20 four.example.org
  nomail.example.org MX 0 .
  lost.example.org MX 10 gone.example.org
  broken.example.org A !SERVFAIL
  broken.example.org AAAA !SERVFAIL
  broken.example.org TXT !TIMEOUT
  broken.example.org MX !REFUSED
  eleven.example.org MX 1 a1.example.org
  ${Array.from({ length: 10 }, (_, index) => `eleven.example.org MX ${index} mail.example.org`).join('\n')}
  says-pass.example.org TXT v=spf1 ip4:192.0.2.0/24 -all
  says-fail.example.org TXT v=spf1 ip4:198.51.100.0/24 -all
  says-softfail.example.org TXT v=spf1 ~all
  says-neutral.example.org TXT v=spf1 ?all
  says-nothing.example.org TXT no policy here
  says-rubbish.example.org TXT v=spf1 rubbish
  says-temperror.example.org TXT v=spf1 a:broken.example.org -all
  says-loop.example.org TXT v=spf1 include:says-loop.example.org
  says-eight.example.org TXT v=spf1 a:x.many.example.org ${'a:four.example.org '.repeat(7)}
  costs-eight.example.org TXT v=spf1 ${'a:four.example.org '.repeat(8)}
  10.2.0.192.in-addr.arpa PTR mail.example.org
  10.2.0.192.in-addr.arpa PTR forged.example.com
  20.2.0.192.in-addr.arpa PTR four.sub.example.com
  four.sub.example.com A 192.0.2.20
  0.1.0.0.${'0.0.0.0.'.repeat(5)}8.b.d.0.1.0.0.2.ip6.arpa PTR mail.example.org
  30.2.0.192.in-addr.arpa PTR !SERVFAIL
  40.2.0.192.in-addr.arpa PTR round.example.org
  round.example.org CNAME round.example.org
  macro%percent%20.example.org A 192.0.2.10
  foo:bar/baz.example.org A 192.0.2.10
  shop.example.xn--zckzah A 192.0.2.10
  10.2.0.192.bob.user.example.com A 127.0.0.2
  robert.bob.list.example.com A 127.0.0.2
  mail.example.org.known.example.com A 127.0.0.2
  unknown.known.example.com A 127.0.0.2
  in-addr.family.example.com A 127.0.0.2
  helo.example.net.greeted.example.com A 127.0.0.2
`
const FOUR = '192.0.2.10'
const SIX = '2001:db8::10'

/** Section, record of example.com (or a whole zone), address, wanted, MAIL FROM, EHLO. */
type Case = readonly [section: string, policy: string, address: string, wanted: SpfResult, sender?: string, helo?: string]
const CASES: readonly Case[] = [
  // §4.3 the domain that is asked about
  ['4.3 a single label', '-all', FOUR, 'none', 'bob@localhost'],
  ['4.3 an empty label', '-all', FOUR, 'none', 'bob@a..example.com'],
  ['4.3 a label of 64 octets', '-all', FOUR, 'none', `bob@${'a'.repeat(64)}.example.com`],
  ['4.3 a domain literal', '-all', FOUR, 'none', 'bob@[192.0.2.10]'],
  ['4.3 no local part means postmaster', 'exists:%{l}.list.example.com -all\npostmaster.list.example.com A 127.0.0.2', FOUR, 'pass', '@example.com'],
  // §4.4 and §4.5 the record
  ['4.4 no answer', '\nslow.example.com TXT !TIMEOUT', FOUR, 'temperror', 'bob@slow.example.com'],
  ['4.4 the server fails', '\nslow.example.com TXT !SERVFAIL', FOUR, 'temperror', 'bob@slow.example.com'],
  ['4.5 the domain does not exist', '-all', FOUR, 'none', 'bob@missing.example.com'],
  ['4.5 another version', '-all\nten.example.com TXT v=spf10 -all', FOUR, 'none', 'bob@ten.example.com'],
  ['4.5 strings joined without a blank', '-all\njoined.example.com TXT v=spf1mx', FOUR, 'none', 'bob@joined.example.com'],
  ['4.5 another text beside it', 'a:mail.example.org -all\nexample.com TXT verification=1', FOUR, 'pass'],
  ['4.5 two records', '-all\nexample.com TXT v=spf1 +all', FOUR, 'permerror'],
  ['4.5 two records, one in capitals', '-all\nexample.com TXT V=SPF1 +all', FOUR, 'permerror'],
  ['4.5 capitals', '\nbig.example.com TXT V=sPf1 IP4:192.0.2.10 -ALL', FOUR, 'pass', 'bob@big.example.com'],
  ['4.5 nothing but the version', '', FOUR, 'neutral'],
  // §4.6 terms
  ['4.6 a fault behind the match', 'ip4:192.0.2.10 -all moo', FOUR, 'permerror'],
  ['4.6 two blanks', 'a:mail.example.org  -all', '192.0.2.11', 'fail'],
  ['4.6 a blank at the end', 'a:mail.example.org -all ', '192.0.2.11', 'fail'],
  ['4.6 a carriage return', 'a:mail.example.org\\rptr -all', FOUR, 'permerror'],
  ['4.6 letters beyond ASCII', 'a:\u00efgarbage.example.org -all', FOUR, 'permerror'],
  ['4.6.2 + is the default', 'ip4:192.0.2.10', FOUR, 'pass'],
  ['4.6.2 softfail', '~ip4:192.0.2.10 -all', FOUR, 'softfail'],
  ['4.6.2 neutral', '?ip4:192.0.2.10 -all', FOUR, 'neutral'],
  ['4.6.2 fail', '-ip4:192.0.2.10 +all', FOUR, 'fail'],
  ['4.7 nothing matches', 'ip4:198.51.100.1', FOUR, 'neutral'],
  ['6 an unknown modifier', 'moo.cow-far_out=man:dog/cat ip4:192.0.2.10 -all', FOUR, 'pass'],
  ['6 a slash in its name', 'moo.cow/far_out=man:dog/cat ip4:192.0.2.10 -all', FOUR, 'permerror'],
  ['6 a colon in its name', 'moo.cow:far_out=man ip4:192.0.2.10 -all', FOUR, 'permerror'],
  ['6 default= is nothing', 'default=pass', FOUR, 'neutral'],
  ['6 a name that begins with a digit', '1up=foo -all', FOUR, 'permerror'],
  ['6 a macro that is none', '-all foo=%abc', FOUR, 'permerror'],
  // §4.6.4 limits
  ['4.6.4 ten lookups', `${'a:four.example.org '.repeat(10)}ip4:192.0.2.10 -all`, FOUR, 'pass'],
  ['4.6.4 eleven lookups', `${'a:four.example.org '.repeat(11)}ip4:192.0.2.10 -all`, FOUR, 'permerror'],
  ['4.6.4 ten with an include', 'a:four.example.org include:costs-eight.example.org ip4:192.0.2.10 -all', FOUR, 'pass'],
  ['4.6.4 eleven with an include', 'a:four.example.org include:costs-eight.example.org a:four.example.org ip4:192.0.2.10 -all', FOUR, 'permerror'],
  ['4.6.4 matched before the eleventh', `ip4:192.0.2.10 ${'a:four.example.org '.repeat(12)}`, FOUR, 'pass'],
  ['4.6.4 a record includes itself', 'include:says-loop.example.org -all', FOUR, 'permerror'],
  ['4.6.4 a record redirects to itself', 'redirect=example.com', FOUR, 'permerror'],
  ['4.6.4 eleven mail servers', 'mx:eleven.example.org -all', '203.0.113.1', 'permerror'],
  ['4.6.4 many addresses are one lookup', 'a:many.example.org -all', '192.0.2.30', 'pass'],
  ['4.6.4 two void lookups', 'a:n1.example.org exists:n2.example.org ?all', FOUR, 'neutral'],
  ['4.6.4 three void lookups', 'a:n1.example.org mx:n2.example.org exists:n3.example.org ?all', FOUR, 'permerror'],
  // §5.1
  ['5.1 all', 'all -all', FOUR, 'pass'],
  ['5.1 all with a dot', '-all.', FOUR, 'permerror'],
  ['5.1 all with an argument', '-all:foobar', FOUR, 'permerror'],
  ['5.1 all with a length', '-all/8', FOUR, 'permerror'],
  ['5.1 redirect beside all is ignored', 'redirect=says-rubbish.example.org ~all', FOUR, 'softfail'],
  // §5.2
  ['5.2 included pass', 'include:says-pass.example.org ~all', FOUR, 'pass'],
  ['5.2 included pass, negated', '-include:says-pass.example.org +all', FOUR, 'fail'],
  ['5.2 included fail', 'include:says-fail.example.org ~all', FOUR, 'softfail'],
  ['5.2 included softfail', 'include:says-softfail.example.org all', FOUR, 'pass'],
  ['5.2 included neutral', 'include:says-neutral.example.org -all', FOUR, 'fail'],
  ['5.2 included temperror', 'include:says-temperror.example.org -all', FOUR, 'temperror'],
  ['5.2 included permerror', 'include:says-rubbish.example.org -all', FOUR, 'permerror'],
  ['5.2 included none', 'include:says-nothing.example.org -all', FOUR, 'permerror'],
  ['5.2 included domain that does not exist', 'include:missing.example.org -all', FOUR, 'permerror'],
  ['5.2 no domain', 'include -all', FOUR, 'permerror'],
  ['5.2 an empty domain', 'include: -all', FOUR, 'permerror'],
  ['5.2 a length', 'include:says-pass.example.org/24 -all', FOUR, 'permerror'],
  // §5.3
  ['5.3 the domain itself', 'a -all\nexample.com A 192.0.2.10', FOUR, 'pass'],
  ['5.3 another domain', 'a:mail.example.org -all', FOUR, 'pass'],
  ['5.3 IPv6', 'a:mail.example.org -all', SIX, 'pass'],
  ['5.3 an IPv4-mapped address', 'a:mail.example.org -all', '::ffff:192.0.2.10', 'pass'],
  ['5.3 any of several addresses', 'a:many.example.org/24 -all', '192.0.2.99', 'pass'],
  ['5.3 length zero', 'a:four.example.org/0 -all', '203.0.113.9', 'pass'],
  ['5.3 length zero of a name without address', 'a:missing.example.org/0 -all', FOUR, 'fail'],
  ['5.3 IPv4 length does not count for IPv6', 'a:six.example.org/0 -all', '2001:db8:5:7::1', 'fail'],
  ['5.3 both lengths, IPv6', 'a:six.example.org/24//48 -all', '2001:db8:5:7::1', 'pass'],
  ['5.3 both lengths, IPv4', 'a:four.example.org/28//64 -all', '192.0.2.31', 'pass'],
  ['5.3 IPv6 length does not count for IPv4', 'a:mail.example.org//0 -all', '203.0.113.9', 'fail'],
  ['5.3 IPv6 length does not count for a mapped address', 'a:six.example.org//0 -all', '::ffff:192.0.2.10', 'fail'],
  ['5.3 length 33', 'a/33 -all', FOUR, 'permerror'],
  ['5.3 IPv6 length 33', 'a:four.example.org//33 -all', FOUR, 'fail'],
  ['5.3 IPv6 length 129', 'a//129 -all', FOUR, 'permerror'],
  ['5.3 one slash too few', 'a/24/64 -all', FOUR, 'permerror'],
  ['5.3 the server fails', 'a:broken.example.org -all', FOUR, 'temperror'],
  ['7.1 numbers for a top-level domain', 'a:111.222.33.44', FOUR, 'permerror'],
  ['7.1 a single label', 'a:museum', FOUR, 'permerror'],
  ['7.1 a single label and a dot', 'a:museum.', FOUR, 'permerror'],
  ['7.1 a top-level domain that begins with a dash', 'a:example.-com', FOUR, 'permerror'],
  ['7.1 a top-level domain with dashes', 'a:shop.example.xn--zckzah -all', FOUR, 'pass'],
  ['7.1 a port', 'a:example.org:8080', FOUR, 'permerror'],
  ['7.1 any visible letter may be in a name', 'a:foo:bar/baz.example.org -all', FOUR, 'pass'],
  ['7.1 a name with an empty label is none', 'a:mail.example...org -all', FOUR, 'fail'],
  ['7.1 a label of 64 octets is none', `a:${'a'.repeat(64)}.example.org -all`, FOUR, 'fail'],
  // §5.4
  ['5.4 a mail server', 'mx:mx.example.org -all', FOUR, 'pass'],
  ['5.4 the second mail server', 'mx:mx.example.org -all', '192.0.2.20', 'pass'],
  ['5.4 IPv6', 'mx:mx.example.org -all', SIX, 'pass'],
  ['5.4 a length', 'mx:mx.example.org/24 -all', '192.0.2.200', 'pass'],
  ['5.4 no mail server: the domain is not tried instead', 'mx:mail.example.org -all', FOUR, 'fail'],
  ['5.4 null MX', 'mx:nomail.example.org -all', FOUR, 'fail'],
  ['5.4 the server fails', 'mx:broken.example.org -all', FOUR, 'temperror'],
  ['5.4 an empty domain', 'mx:', FOUR, 'permerror'],
  ['5.4 length 33', 'mx/33 -all', FOUR, 'permerror'],
  ['5.4 length 129', 'mx//129 -all', FOUR, 'permerror'],
  // §5.5
  ['5.5 the name leads back', 'ptr:example.org -all', FOUR, 'pass'],
  ['5.5 IPv6', 'ptr:example.org -all', SIX, 'pass'],
  ['5.5 the name does not lead back', 'ptr -all', FOUR, 'fail'],
  ['5.5 a name below the domain', 'ptr -all', '192.0.2.20', 'pass'],
  ['5.5 capitals', 'ptr:Example.ORG -all', FOUR, 'pass'],
  ['5.5 a name that is an alias of itself', 'ptr', '192.0.2.40', 'neutral'],
  ['5.5 failures are no match', 'ptr:example.org -all', '192.0.2.30', 'fail'],
  ['5.5 a length', 'ptr/0 -all', FOUR, 'permerror'],
  ['5.5 an empty domain', 'ptr:', FOUR, 'permerror'],
  // §5.6
  ['5.6 a network', 'ip4:192.0.2.0/24 -all', FOUR, 'pass'],
  ['5.6 length zero', 'ip4:203.0.113.1/0 -all', FOUR, 'pass'],
  ['5.6 length 33', 'ip4:192.0.2.10/33 -all', FOUR, 'permerror'],
  ['5.6 a leading zero', 'ip4:192.0.2.10/032 -all', FOUR, 'permerror'],
  ['5.6 no address', 'ip4', FOUR, 'permerror'],
  ['5.6 two slashes', 'ip4:192.0.2.10//32', FOUR, 'permerror'],
  ['5.6 a port', 'ip4:192.0.2.10:25', FOUR, 'permerror'],
  ['5.6 three numbers', 'ip4:192.0.2', FOUR, 'permerror'],
  ['5.6 a mapped address is IPv4', '-ip4:192.0.2.10 ip6:::ffff:192.0.2.10', '::ffff:192.0.2.10', 'fail'],
  ['5.6 an IPv6 network', 'ip6:2001:DB8::/33', SIX, 'pass'],
  ['5.6 an IPv6 network says nothing of IPv4', 'ip6:::1.1.1.1/0', FOUR, 'neutral'],
  ['5.6 nor of a mapped address', 'ip6:::1.1.1.1/0', '::ffff:192.0.2.10', 'neutral'],
  ['5.6 all of IPv6', 'ip6:::1.1.1.1/0', SIX, 'pass'],
  ['5.6 IPv6 length 129', 'ip6:::1.1.1.1/129', FOUR, 'permerror'],
  ['5.6 IPv6 with two slashes', 'ip6:::1.1.1.1//33', FOUR, 'permerror'],
  ['5.6 no IPv6 address', '-all ip6', FOUR, 'permerror'],
  ['5.6 two gaps', 'ip6::CAFE::BABE', FOUR, 'permerror'],
  // §5.7
  ['5.7 it exists', 'exists:mail.example.org -all', '203.0.113.1', 'pass'],
  ['5.7 it is always A that is asked for', 'exists:six.example.org -all', SIX, 'fail'],
  ['5.7 it does not', 'exists:missing.example.org -all', FOUR, 'fail'],
  ['5.7 the server fails', 'exists:broken.example.org -all', FOUR, 'temperror'],
  ['5.7 no domain', 'exists -all', FOUR, 'permerror'],
  ['5.7 a length', 'exists:mail.example.org/24 -all', FOUR, 'permerror'],
  // §6
  ['6.1 redirect when nothing matched', 'ip4:198.51.100.1 redirect=says-pass.example.org', FOUR, 'pass'],
  ['6.1 redirect stands before the terms', 'redirect=says-fail.example.org ip4:192.0.2.10', FOUR, 'pass'],
  ['6.1 redirect takes the other domain', 'redirect=self.example.org\nself.example.org TXT v=spf1 a -all\nself.example.org A 192.0.2.10', FOUR, 'pass'],
  ['6.1 redirect to nothing', 'redirect=missing.example.org', FOUR, 'permerror'],
  ['6.1 redirect written as a mechanism', 'ip4:192.0.2.10 redirect:says-pass.example.org', FOUR, 'permerror'],
  ['6.1 an empty redirect', '?all redirect=', FOUR, 'permerror'],
  ['6.1 a redirect that is no domain', 'redirect=-all ?all', FOUR, 'permerror'],
  ['6 redirect twice', 'redirect=says-pass.example.org redirect=says-pass.example.org', FOUR, 'permerror'],
  ['6 exp twice', 'exp=a.example.org exp=b.example.org -all', FOUR, 'permerror'],
  ['6.2 exp without a domain', 'exp= -all', FOUR, 'permerror'],
  ['6.2 an explanation that is missing changes nothing', 'exp=missing.example.org -all', FOUR, 'fail'],
  // §7
  ['7.2 address reversed', 'exists:%{ir}.%{l}.user.%{d} -all', FOUR, 'pass', 'bob@example.com'],
  ['7.2 parts of the local part', 'exists:%{l2r+-}.list.%{d2} -all', FOUR, 'pass', 'bob-robert+zip@example.com'],
  ['7.2 the name of the address', 'exists:%{p}.known.%{d} -all', FOUR, 'pass'],
  ['7.3 no name of the address', 'exists:%{p}.known.%{d} -all', '192.0.2.99', 'pass'],
  ['7.2 the family', 'exists:%{v}.family.%{d} -all', FOUR, 'pass'],
  ['7.2 the greeting', 'exists:%{h}.greeted.%{d} -all', FOUR, 'pass', 'bob@example.com', 'helo.example.net'],
  ['7.2 a greeting that is no name', 'a:%{h} -all', FOUR, 'fail', 'bob@example.com', "JUMPIN' JUPITER"],
  ['7.1 percent signs', 'a:macro%%percent%-.example.org -all', FOUR, 'pass'],
  ['7.1 a macro in round brackets', '-exists:%(ir).sbl.example.org ?all', FOUR, 'permerror'],
  ['7.1 a lone percent sign', 'exists:foo%.sbl.example.org ?all', FOUR, 'permerror'],
  ['7.2 a letter that does not exist', 'a:%{a}.example.org -all', FOUR, 'permerror'],
  ['7.2 a letter of explanations', '-all exp=%{r}.example.org', FOUR, 'permerror'],
  ['7.1 a trailing dot', 'include:says-pass.example.org. -all', FOUR, 'pass'],
]

test('check_host() agrees with RFC 7208', async () => {
  const differing: string[] = []
  for (const [section, policy, address, wanted, sender = 'bob@example.com', helo = 'helo.example.net'] of CASES) {
    const { ask } = zone(`example.com TXT v=spf1 ${policy}\n${PLACES}`)
    const got = await evaluateSpf(ask, { address, domain: sender.slice(sender.lastIndexOf('@') + 1), sender, helo })
    if (got.result !== wanted) differing.push(`${section}: ${got.result} (${got.reason}) instead of ${wanted}`)
  }
  expect(differing).toEqual([])
  expect(new Set(CASES.map(([section]) => section)).size).toBe(CASES.length)
  expect(CASES.length).toBe(151)
})

/** RFC 7208 appendix A.1 to A.4: what its zone lets through. */
test('the extended examples of RFC 7208 agree', async () => {
  const EXAMPLES = `
    example.com MX 10 mail-a.example.com
    example.com MX 20 mail-b.example.com
    example.com A 192.0.2.10
    example.com A 192.0.2.11
    amy.example.com A 192.0.2.65
    bob.example.com A 192.0.2.66
    mail-a.example.com A 192.0.2.129
    mail-b.example.com A 192.0.2.130
    example.org MX 10 mail-c.example.org
    mail-c.example.org A 192.0.2.140
    10.2.0.192.in-addr.arpa PTR example.com
    65.2.0.192.in-addr.arpa PTR amy.example.com
    129.2.0.192.in-addr.arpa PTR mail-a.example.com
    140.2.0.192.in-addr.arpa PTR mail-c.example.org
    4.0.0.10.in-addr.arpa PTR bob.example.com
    _spf.example.com TXT v=spf1 mx -all
    bob.example.com._netblock.example.com A 127.0.0.2
    2.0.0.10.in-addr._spf.example.net A 127.0.0.2
  `
  const ALL = ['192.0.2.10', '192.0.2.65', '192.0.2.129', '192.0.2.140', '10.0.0.4', '203.0.113.9']
  const examples: readonly (readonly [policy: string, passing: readonly string[]])[] = [
    ['+all', ALL],
    ['a -all', ['192.0.2.10']],
    ['a:example.org -all', []],
    ['mx -all', ['192.0.2.129']],
    ['mx:example.org -all', ['192.0.2.140']],
    ['mx mx:example.org -all', ['192.0.2.129', '192.0.2.140']],
    ['mx/30 mx:example.org/30 -all', ['192.0.2.129', '192.0.2.140']],
    ['ptr -all', ['192.0.2.10', '192.0.2.65', '192.0.2.129']],
    ['ip4:192.0.2.128/28 -all', ['192.0.2.129', '192.0.2.140']],
    ['include:example.net -all', []],
    ['redirect=_spf.example.com', []],
    ['-exists:%{ir}.%{v}._spf.example.net mx -all', ['192.0.2.129']],
  ]
  let agreed = 0
  for (const [policy, passing] of examples) {
    const { ask } = zone(`example.com TXT v=spf1 ${policy}\n${EXAMPLES}\nexample.net TXT v=spf1 -all`)
    const passed: string[] = []
    for (const address of ALL)
      if ((await evaluateSpf(ask, { address, domain: 'example.com', sender: 'a@example.com', helo: 'h.example.com' })).result === 'pass') passed.push(address)
    expect(passed, policy).toEqual(passing)
    agreed += 1
  }
  expect(agreed).toBe(12)
})

test('lookups and void lookups are counted, and what decided is named', async () => {
  const { ask } = zone(
    `example.com TXT v=spf1 a:gone.example.com include:_spf.example.com ~all\n_spf.example.com TXT v=spf1 mx ip4:192.0.2.10 -all\n_spf.example.com MX 1 mx.example.com\nmx.example.com A 192.0.2.1`,
  )
  expect(await evaluateSpf(ask, { address: '192.0.2.10', domain: 'example.com', sender: 'a@example.com', helo: 'h.example.com' })).toEqual({
    result: 'pass',
    reason: 'include:_spf.example.com of example.com',
    lookups: 3,
    voids: 1,
  })
  expect(await evaluateSpf(ask, { address: '192.0.2.9', domain: 'example.com', sender: 'a@example.com', helo: 'h.example.com' })).toMatchObject({
    result: 'softfail',
    reason: '~all of example.com',
  })
})
test('names of addresses', () => {
  expect(reverseName('192.0.2.1')).toBe('1.2.0.192.in-addr.arpa')
  expect(reverseName('2001:db8::cb01')).toBe(`1.0.b.c.${'0.'.repeat(20)}8.b.d.0.1.0.0.2.ip6.arpa`)
})

describe('the tree', () => {
  const walk = async (text: string, domain = 'example.com') => await walkSpf(zone(text).ask, domain)
  test('every term that costs a lookup is counted once for every time it stands there, none behind all', async () => {
    const tree = await walk(`
      example.com TXT v=spf1 a:web.example.com mx include:_a.example.com include:_b.example.com ip4:192.0.2.1 ~all a:never.example.com
      example.com MX 10 mx.example.com
      mx.example.com A 192.0.2.2
      web.example.com AAAA 2001:db8::1
      _a.example.com TXT v=spf1 include:_b.example.com exists:%{i}.list.example.com -all
      _b.example.com TXT v=spf1 redirect=_c.example.com
      _c.example.com TXT v=spf1 ptr -all`)
    expect(tree.lookups.map(({ term, outcome }) => `${term} ${outcome}`)).toEqual([
      'a:web.example.com found',
      'mx found',
      'include:_a.example.com found',
      'include:_b.example.com found',
      'redirect=_c.example.com found',
      'ptr message',
      'exists:%{i}.list.example.com message',
      'include:_b.example.com found',
      'redirect=_c.example.com found',
      'ptr message',
    ])
    expect(tree).toMatchObject({ cut: false, nodes: [{ domain: 'example.com', state: 'record' }, {}, {}, {}, {}, {}] })
  })
  test('what is empty, what fails, what cannot be known', async () => {
    const tree = await walk(`
      example.com TXT v=spf1 a:gone.example.com mx:lost.example.com a:broken.example.com include:none.example.com include:%{l}.example.com include:x.%{d} -all
      lost.example.com MX 1 gone.example.com
      broken.example.com A !SERVFAIL
      none.example.com TXT hello
      x.example.com TXT v=spf1 -all`)
    expect(tree.lookups.map(({ outcome, detail }) => `${outcome} ${detail}`)).toEqual([
      'void gone.example.com: NXDOMAIN',
      'void gone.example.com: NXDOMAIN',
      'error broken.example.com: SERVFAIL',
      'found none.example.com TXT: found',
      'message which domain is meant depends on the message',
      'found x.example.com TXT: found',
    ])
    expect(tree.nodes.map(({ domain, state }) => `${domain} ${state}`)).toEqual([
      'example.com record',
      'none.example.com none',
      '%{l}.example.com message',
      'x.example.com record',
    ])
  })
  test('loops end, and so does what has no end', async () => {
    const loop = await walk('example.com TXT v=spf1 include:b.example.com -all\nb.example.com TXT v=spf1 include:example.com -all')
    expect(loop.nodes.map(({ state }) => state)).toEqual(['record', 'record', 'loop'])
    const endless = await walk(
      Array.from({ length: 80 }, (_, index) => `n${index}.example.com TXT v=spf1 include:n${index + 1}.example.com a:n.example.com -all`).join('\n'),
      'n0.example.com',
    )
    expect(endless.cut).toBe(true)
    expect(endless.lookups.length).toBeLessThan(60)
    const wide = await walk(`example.com TXT v=spf1 ${'a:x.example.com '.repeat(500)}-all`)
    expect([wide.cut, wide.lookups.length]).toEqual([true, 48])
  })
  test('records that are nearly SPF are told', async () => {
    const tree = await walk('example.com TXT  v=spf1 -all\nexample.com TXT "v=spf1 -all"\nexample.com TXT v=spf2.0/pra\nexample.com TXT V = spf1 -all')
    expect(tree.nodes[0]).toMatchObject({
      state: 'none',
      nearly: [' v=spf1 -all', '"v=spf1 -all"', 'V = spf1 -all'].map((one) => expect.stringContaining(one.trim()) as string),
    })
    expect((await walk('example.com TXT v=spf1 -all\nexample.com TXT v=spf1 ~all')).nodes[0]).toMatchObject({ state: 'several' })
    expect((await walk('example.com TXT !SERVFAIL')).nodes[0]).toMatchObject({ state: 'error', code: 'SERVFAIL' })
  })
})
