/** Judgement of the suite: a healthy observation, then one thing wrong per case, and the traps that must not alarm. Plain objects, no sockets. */
import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import { type DmarcFound, isDmarc, organisationalDomain, policyDomain, readDmarc, treeOf } from '../../helpers/grammar/dmarc.ts'
import type { CertificateFacts, DnsObservation, HttpObservation, TlsObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import type { DmarcStep, DmarcWalk, ReportReceiver } from '../../helpers/probes/dmarc.ts'
import type { MtaStsLook, ReverseLook } from '../../helpers/probes/mail-dns.ts'
import { type SpfAsk, type SpfEvaluation, type SpfTree, walkSpf } from '../../helpers/probes/spf.ts'
import { normaliseTarget, type Target, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import { eachMailDomain, eachSpfDomain, mailDomains, parkedOf, sendersOf, spfDomains } from './shared.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
const D = 'example.com'
const AT = NOW.toISOString()
const ok = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: AT, durationMs: 1, attempts: 1 })
const no = (code: string, phase: 'resolve' | 'connect' | 'tls' | 'response' = 'resolve'): Observed<never> => ({
  ok: false,
  failure: { code, message: `${code} it was`, phase },
  startedAt: AT,
  durationMs: 1,
  attempts: 1,
})
const dns = (
  name: string,
  type: string,
  values: readonly (string | readonly [type: string, value: string])[] = [],
  more: Partial<DnsObservation> = {},
): DnsObservation => {
  const answers = values.map((one) => (typeof one === 'string' ? { name, type, ttl: 300, value: one } : { name, type: one[0], ttl: 300, value: one[1] }))
  const rcode = more.rcode ?? 'NOERROR'
  return {
    name,
    type,
    server: '192.0.2.53',
    rcode,
    noData: rcode === 'NOERROR' && !answers.some((one) => one.type === type),
    answers,
    authority: [],
    authoritative: false,
    recursionAvailable: true,
    authenticated: false,
    transport: 'udp',
    truncated: false,
    durationMs: 1,
    at: AT,
    ...more,
  }
}
const rcode = (name: string, type: string, word: DnsObservation['rcode']): DnsObservation => dns(name, type, [], { rcode: word })

/** `name TYPE value` per line; `!CODE` is no answer. */
async function tree(text: string, domain = D): Promise<SpfTree> {
  const records = text
    .split('\n')
    .map((line) => /^\s*(\S+) ([A-Z]+) (.*)$/.exec(line))
    .flatMap((match) => (match === null ? [] : [{ name: match[1] ?? '', type: match[2] ?? '', value: match[3] ?? '' }]))
  const ask: SpfAsk = (name, type) => {
    const found = records.filter((one) => one.name === name && one.type === type).map(({ value }) => value)
    const failed = found.find((value) => value.startsWith('!'))
    if (failed !== undefined) return Promise.resolve({ status: 'error', values: [], code: failed.slice(1) })
    return Promise.resolve(found.length > 0 ? { status: 'found', values: found, code: 'NOERROR' } : { status: 'void', values: [], code: 'NXDOMAIN' })
  }
  const walked = await walkSpf(ask, domain)
  return {
    ...walked,
    seen: dns(
      domain,
      'TXT',
      records.filter((one) => one.name === domain && one.type === 'TXT').map(({ value }) => value),
    ),
  }
}
const spf = (terms: string, more = ''): Promise<SpfTree> => tree(`${D} TXT v=spf1 ${terms}\n${more}`)

/** What a walk finds where these texts stand; a text that begins with `!` is no answer. */
function walk(texts: Readonly<Record<string, readonly string[]>>, domain = D): DmarcWalk {
  const steps: DmarcStep[] = []
  const found: DmarcFound[] = []
  for (const name of treeOf(domain)) {
    const here = texts[name] ?? []
    const failed = here[0]?.startsWith('!') === true ? here[0].slice(1) : undefined
    const records = here.filter(isDmarc)
    const reading = records.length === 1 ? readDmarc(records[0] ?? '') : undefined
    const nearly = here.filter((one) => !isDmarc(one) && /v\s*=\s*dmarc/i.test(one))
    steps.push({
      domain: name,
      seen: failed === undefined ? ok(dns(`_dmarc.${name}`, 'TXT', here)) : no(failed),
      records,
      nearly,
      ...(reading === undefined ? {} : { reading }),
    })
    if (reading?.ok === true) found.push({ domain: name, record: reading.value })
  }
  const policy = policyDomain(domain, found)
  return {
    domain,
    steps,
    organisational: organisationalDomain(domain, found),
    ...(policy === undefined ? {} : { policy }),
    unanswered: steps.flatMap(({ domain: name, seen }) => (seen.ok ? [] : [`_dmarc.${name}: ${seen.failure.code}`])),
  }
}
const dmarc = (record: string): DmarcWalk => walk({ [D]: [`v=DMARC1; ${record}`] })
const REJECT = dmarc('p=reject')

/** Those of received mail and of mail servers have tables of their own (delivery.test.ts, servers.test.ts). */
const files = readdirSync(import.meta.dirname).filter(
  (name) =>
    name.endsWith('.check.ts') &&
    !/^(?:delivery|message|link|received|capture|banner|bimi|client-|dane-match|dnsbl|imap|mx-auth|mx-hosts|mx-resolvers|null-sender|open-relay|role-|server-version|starttls|submission|vrfy)/.test(
      name,
    ),
)
const modules = await Promise.all(files.map(async (name) => (await import(`./${name}`)) as { default: Check }))
const checks = new Map(modules.map((module) => [module.default.id, module.default]))
const checkOf = (id: string): Check => {
  const check = checks.get(id)
  if (check === undefined) throw new Error(`there is no check ${id}`)
  return check
}
const APP = { name: 'app', addresses: ['192.0.2.25'], dkim: ['s1'] }
const MAIL: NonNullable<TargetInput['mail']> = { senders: [APP], parked: ['parked.example'] }
const targetOf = (mail: TargetInput['mail'] = MAIL): Target => normaliseTarget(targetSchema.parse({ domain: D, mail }), { sha256: '0'.repeat(64) })

/** What is wrong (or a trap), what is seen, the outcome and its code, a part of the evidence, the target's mail. */
type Case = readonly [
  name: string,
  seen: object,
  wanted: `${Verdict['outcome']}${'' | ` ${string}`}`,
  received?: string | RegExp | undefined,
  mail?: TargetInput['mail'],
]
const judged = new Set<string>()
const outcomes = new Map<string, Set<string>>()
const seenCodes = new Set<string>()
function table(id: string, cases: readonly Case[]): void {
  judged.add(id)
  describe(id, () => {
    test.each(cases.map((one) => [one[0], one] as const))('%s', (_name, [, seen, wanted, received, mail]) => {
      const check = checkOf(id)
      const target = targetOf(mail)
      const [subject] = check.subjects(target)
      if (subject === undefined) throw new Error(`${id} has no subject`)
      const verdict = check.judge(seen as never, { target, subject, now: NOW, options: check.options })
      const code = 'code' in verdict && verdict.outcome !== 'inconclusive' ? ` ${verdict.code}` : 'skip' in verdict ? ` ${verdict.skip}` : ''
      expect(`${verdict.outcome}${code}`).toBe(wanted)
      outcomes.set(id, (outcomes.get(id) ?? new Set()).add(verdict.outcome))
      if ('code' in verdict && verdict.outcome !== 'inconclusive') {
        seenCodes.add(verdict.code)
        expect(Object.keys(check.codes)).toContain(verdict.code)
      }
      if (verdict.outcome === 'inconclusive') expect(verdict.reason).not.toBe('')
      else expect(verdict.evidence.length).toBeGreaterThan(0)
      for (const one of verdict.evidence) for (const text of [one.what, one.expected, one.received]) expect(text).not.toBe('')
      if (received !== undefined) expect(verdict.evidence.map((one) => one.received).join(' | ')).toMatch(received)
      expect(check.reproduce(subject, target)).toMatch(/^(?:dig|curl|for) /)
      expect(check.needs(subject, target, check.options)).not.toEqual({})
    })
  })
}

describe('whose mail is judged', () => {
  test('nobody declared any', () => {
    const bare = normaliseTarget(targetSchema.parse({ domain: D }), { sha256: '0'.repeat(64) })
    for (const check of checks.values()) expect(check.subjects(bare)).toEqual([])
    expect([...checks.values()].every((check) => check.unless.skip === 'not-declared')).toBe(true)
  })
  test('the domain itself, those of senders, none that is parked', () => {
    expect(mailDomains(targetOf({}))).toEqual([D])
    expect(mailDomains(targetOf({ parked: [D] }))).toEqual([])
    const senders = [{ name: 'a' }, { name: 'b', from: 'News.example.com', mailFrom: 'Bounces.example.com', dkimDomain: 'example.com' }]
    const target = targetOf({ domains: ['Example.com', 'example.org'], senders, parked: ['example.net', 'EXAMPLE.net'] })
    expect(mailDomains(target)).toEqual([D, 'example.org', 'news.example.com'])
    expect(eachMailDomain(target).map(({ name }) => name)).toEqual(mailDomains(target))
    expect(eachSpfDomain(target).map(({ name }) => name)).toEqual(spfDomains(target))
    expect(spfDomains(target)).toEqual([...mailDomains(target), 'bounces.example.com'])
    expect(parkedOf(target)).toEqual(['example.net'])
    expect(sendersOf(target)).toMatchObject([
      { from: D, mailFrom: D, dkimDomain: D },
      { from: 'news.example.com', mailFrom: 'bounces.example.com', dkimDomain: D },
    ])
  })
})

const MX = (...values: string[]): DnsObservation => dns(D, 'MX', values)
const server = (name: string, a: Observed<DnsObservation>, aaaa: Observed<DnsObservation> = ok(dns(name, 'AAAA'))) => ({ name, a, aaaa })
const good = server('mx.example.net', ok(dns('mx.example.net', 'A', ['93.184.216.34'])))
const nothing = { a: ok(dns(D, 'A')), aaaa: ok(dns(D, 'AAAA')) }
const closed = await spf('-all')
const lost = (name: string) => server(name, ok(rcode(name, 'A', 'NXDOMAIN')), ok(rcode(name, 'AAAA', 'NXDOMAIN')))
const mxSeen = (records: DnsObservation, targets: readonly object[], more: object = {}): object => ({
  mx: { records, targets },
  ...nothing,
  spf: closed,
  dmarc: REJECT,
  ...more,
})
table('mail/mx', [
  ['one server', mxSeen(MX('10 mx.example.net'), [good]), 'pass', '93.184.216.34'],
  [
    'IPv6 alone',
    mxSeen(MX('10 mx.example.net'), [server('mx.example.net', ok(dns('mx.example.net', 'A')), ok(dns('mx.example.net', 'AAAA', ['2606:2800:220:1::1'])))]),
    'pass',
  ],
  [
    'a private and a public address',
    mxSeen(MX('10 mx.example.net'), [server('mx.example.net', ok(dns('mx.example.net', 'A', ['10.0.0.1', '93.184.216.34'])))]),
    'pass',
  ],
  ['one of two is gone', mxSeen(MX('10 mx.example.net', '20 old.example.net'), [good, lost('old.example.net')]), 'fail mail.mx.missing', 'NXDOMAIN'],
  [
    'an alias',
    mxSeen(MX('10 mx.example.net'), [server('mx.example.net', ok(dns('mx.example.net', 'A', [['CNAME', 'a.example.net'], '93.184.216.34'])))]),
    'warn mail.mx.alias',
  ],
  ['an address as name', mxSeen(MX('10 192.0.2.1'), [lost('192.0.2.1')]), 'fail mail.mx.literal'],
  ['a private address', mxSeen(MX('10 mx.example.net'), [server('mx.example.net', ok(dns('mx.example.net', 'A', ['10.0.0.1'])))]), 'fail mail.mx.private'],
  ['a null MX beside another', mxSeen(MX('0 .', '10 mx.example.net'), [good]), 'fail mail.mx.null-beside'],
  ['a null MX, closed', mxSeen(MX('0 .'), []), 'pass', 'v=spf1 -all', {}],
  ['a null MX, SPF open', mxSeen(MX('0 .'), [], { spf: await spf('?all') }), 'fail mail.mx.null-open', undefined, {}],
  ['a null MX, DMARC open', mxSeen(MX('0 .'), [], { dmarc: dmarc('p=none') }), 'fail mail.mx.null-open', undefined, {}],
  ['a null MX, DMARC unknown', mxSeen(MX('0 .'), [], { dmarc: walk({ [D]: ['!TIMEOUT'] }) }), 'inconclusive', undefined, {}],
  ['a null MX, SPF unknown', mxSeen(MX('0 .'), [], { spf: await tree(`${D} TXT !SERVFAIL`) }), 'inconclusive', undefined, {}],
  ['a null MX of a sender', mxSeen(MX('0 .'), []), 'fail mail.mx.null-sends'],
  ['no MX, an address', mxSeen(MX(), [], { a: ok(dns(D, 'A', ['93.184.216.34'])) }), 'warn mail.mx.implicit'],
  ['neither MX nor address', mxSeen(MX(), []), 'fail mail.mx.none'],
  ['no MX, addresses unknown', mxSeen(MX(), [], { aaaa: no('TIMEOUT') }), 'inconclusive'],
  ['no answer about one server', mxSeen(MX('10 mx.example.net', '20 b.example.net'), [good, server('b.example.net', no('TIMEOUT'))]), 'inconclusive'],
  [
    'no answer about one, another gone',
    mxSeen(MX('10 a.example.net', '20 b.example.net'), [lost('a.example.net'), server('b.example.net', no('TIMEOUT'))]),
    'fail mail.mx.missing',
  ],
  ['the resolver fails', mxSeen(rcode(D, 'MX', 'SERVFAIL'), []), 'inconclusive'],
])

const reverse = (names: readonly (readonly [name: string, back: boolean | string])[], more: Partial<ReverseLook> = {}): object => ({
  reverse: {
    address: '192.0.2.25',
    pointer: dns(
      '25.2.0.192.in-addr.arpa',
      'PTR',
      names.map(([name]) => name),
    ),
    names: names.map(([name, back]) => ({
      name,
      seen: typeof back === 'string' ? no(back) : ok(dns(name, 'A', [back ? '192.0.2.25' : '192.0.2.26'])),
      leadsBack: back === true,
    })),
    ...more,
  } satisfies ReverseLook,
})
const greeting = (...seen: Observed<DnsObservation>[]): Partial<ReverseLook> => ({ greeting: { name: 'helo.example.com', seen } })
table('mail/ptr-fcrdns', [
  ['a name that leads back', reverse([['mail.example.com', true]]), 'pass', 'mail.example.com'],
  [
    'one of two leads back',
    reverse([
      ['old.example.com', false],
      ['mail.example.com', true],
    ]),
    'pass',
  ],
  ['the greeting has an address', reverse([['mail.example.com', true]], greeting(ok(dns('helo.example.com', 'A', ['192.0.2.25'])), no('TIMEOUT'))), 'pass'],
  ['numbers that are not the address', reverse([['mail-192-0-2-99.example.com', true]]), 'pass'],
  ['words that only begin alike', reverse([['clients.poolside.example.com', true]]), 'pass'],
  ['no name', reverse([]), 'fail mail.ptr.missing', 'NODATA'],
  ['no way back', reverse([['mail.example.com', false]]), 'fail mail.ptr.no-way-back', '192.0.2.26'],
  ['the way back is unknown', reverse([['mail.example.com', 'SERVFAIL']]), 'inconclusive'],
  ['a name made of the address', reverse([['192-0-2-25.example.net', true]]), 'warn mail.ptr.generic'],
  ['made of it, backwards', reverse([['host25.2.0.192.example.net', true]]), 'warn mail.ptr.generic'],
  ['a customer line', reverse([['abc.dsl.example.net', true]]), 'warn mail.ptr.generic'],
  ['a dynamic line', reverse([['a-dynamic-17.example.net', true]]), 'warn mail.ptr.generic'],
  [
    'the greeting is nobody',
    reverse([['mail.example.com', true]], greeting(ok(rcode('helo.example.com', 'A', 'NXDOMAIN')), ok(rcode('helo.example.com', 'AAAA', 'NXDOMAIN')))),
    'warn mail.ptr.helo',
    'NXDOMAIN',
  ],
  ['the greeting is unknown', reverse([['mail.example.com', true]], greeting(no('TIMEOUT'), no('TIMEOUT'))), 'inconclusive'],
  ['the resolver fails', reverse([], { pointer: rcode('25.2.0.192.in-addr.arpa', 'PTR', 'SERVFAIL') }), 'inconclusive'],
])

table('mail/spf-exists', [
  ['one record', { spf: closed }, 'pass', 'v=spf1 -all'],
  ['capitals, other texts', { spf: await tree(`${D} TXT V=SPF1 -all\n${D} TXT verification=1`) }, 'pass'],
  ['none', { spf: await tree(`${D} TXT verification=1`) }, 'fail mail.spf.none', 'verification=1'],
  ['nothing at all', { spf: await tree('') }, 'fail mail.spf.none', 'NODATA'],
  ['two', { spf: await tree(`${D} TXT v=spf1 -all\n${D} TXT v=spf1 ~all`) }, 'fail mail.spf.several', '~all'],
  ['another version', { spf: await tree(`${D} TXT v=spf10 -all`) }, 'fail mail.spf.not-recognised'],
  ['a blank in front', { spf: await tree(`${D} TXT  v=spf1 -all`) }, 'fail mail.spf.not-recognised', '" v=spf1 -all"'],
  ['quotes beside it', { spf: await tree(`${D} TXT v=spf1 -all\n${D} TXT "v=spf1 mx"`) }, 'warn mail.spf.nearly'],
  ['no answer', { spf: await tree(`${D} TXT !TIMEOUT`) }, 'inconclusive'],
])

const X = 'x.example.com A 192.0.2.1'
table('mail/spf-lookups', [
  ['none', { spf: await spf('ip4:192.0.2.1 -all') }, 'pass', '0: none'],
  ['eight', { spf: await spf(`${'a:x.example.com '.repeat(8)}-all`, X) }, 'pass', /^8: a:x\.example\.com/],
  ['what stands behind all costs nothing', { spf: await spf(`-all ${'a:x.example.com '.repeat(20)}`, X) }, 'pass'],
  ['exists with a macro costs one', { spf: await spf('exists:%{i}.example.com -all') }, 'pass', /^1: exists/],
  ['nine', { spf: await spf(`${'a:x.example.com '.repeat(9)}-all`, X) }, 'warn mail.spf.lookups-near'],
  [
    'eleven in an include',
    { spf: await spf('include:i.example.com -all', `i.example.com TXT v=spf1 ${'a:x.example.com '.repeat(10)}-all\n${X}`) },
    'fail mail.spf.lookups',
    /^11/,
  ],
  ['a loop', { spf: await spf('include:i.example.com -all', `i.example.com TXT v=spf1 include:${D} -all`) }, 'fail mail.spf.loop', `leads back to ${D}`],
  ['a loop by redirect', { spf: await spf(`redirect=${D}`) }, 'fail mail.spf.loop'],
  [
    'eleven mail servers',
    { spf: await spf('mx -all', Array.from({ length: 11 }, (_, index) => `${D} MX ${index} m${index}.example.com`).join('\n')) },
    'fail mail.spf.mx-names',
    '11 MX records',
  ],
  ['an include that depends on the message', { spf: await spf('include:%{l}.example.com -all') }, 'inconclusive'],
  ['an include without answer', { spf: await spf('include:i.example.com -all', 'i.example.com TXT !TIMEOUT') }, 'inconclusive'],
  [
    'without answer, but already too many',
    { spf: await spf(`${'a:x.example.com '.repeat(11)}include:i.example.com -all`, `${X}\ni.example.com TXT !TIMEOUT`) },
    'fail mail.spf.lookups',
  ],
  ['no record', { spf: await tree('') }, 'skip not-applicable'],
  ['a record that does not read', { spf: await spf('moo') }, 'skip not-applicable'],
  ['no answer', { spf: await tree(`${D} TXT !TIMEOUT`) }, 'inconclusive'],
])
table('mail/spf-void', [
  ['all found', { spf: await spf('a:x.example.com -all', X) }, 'pass', '0 of 1'],
  ['one gone', { spf: await spf('a:gone.example.com -all') }, 'pass', '1 of 1'],
  [
    'an address of the other family is something',
    { spf: await spf('a:six.example.com a:six.example.com a:six.example.com -all', 'six.example.com AAAA 2001:db8::1') },
    'pass',
  ],
  ['two gone', { spf: await spf('a:gone.example.com mx:gone.example.com -all') }, 'warn mail.spf.void-near', 'mx:gone'],
  ['three gone', { spf: await spf('a:gone.example.com mx:gone.example.com exists:gone.example.com -all') }, 'fail mail.spf.void', 'NXDOMAIN'],
  [
    'a failing server is not nothing',
    { spf: await spf('a:broken.example.com a:gone.example.com a:gone.example.com -all', 'broken.example.com A !SERVFAIL\nbroken.example.com AAAA !SERVFAIL') },
    'inconclusive',
  ],
  [
    'a failing server beside three gone',
    { spf: await spf('a:broken.example.com a:g1.example.com a:g2.example.com a:g3.example.com -all', 'broken.example.com A !SERVFAIL') },
    'fail mail.spf.void',
  ],
  ['no record', { spf: await tree('') }, 'skip not-applicable'],
])
const NONE = dmarc('p=none')
table('mail/spf-all', [
  ['-all', { spf: closed, dmarc: NONE }, 'pass', '-all'],
  ['~all with reject', { spf: await spf('~all'), dmarc: REJECT }, 'pass', 'p=reject'],
  ['by redirect', { spf: await spf('redirect=r.example.com', 'r.example.com TXT v=spf1 -all'), dmarc: NONE }, 'pass', 'ends at r.example.com'],
  ['small networks', { spf: await spf('ip4:192.0.0.0/9 ip6:2001:db8::/32 a:x.example.com/24 -ip4:0.0.0.0/0'), dmarc: NONE }, 'warn mail.spf.all.missing'],
  ['a wide network that is refused', { spf: await spf('-ip4:10.0.0.0/8 -all'), dmarc: NONE }, 'pass'],
  ['~all with a policy in test', { spf: await spf('~all'), dmarc: dmarc('p=quarantine; t=y') }, 'warn mail.spf.all.softfail'],
  ['~all without DMARC', { spf: await spf('~all'), dmarc: walk({}) }, 'warn mail.spf.all.softfail'],
  ['~all, DMARC unknown', { spf: await spf('~all'), dmarc: walk({ [D]: ['!TIMEOUT'] }) }, 'inconclusive'],
  ['?all', { spf: await spf('mx ?all'), dmarc: REJECT }, 'warn mail.spf.all.neutral'],
  ['no end', { spf: await spf('mx'), dmarc: REJECT }, 'warn mail.spf.all.missing'],
  ['+all', { spf: await spf('+all'), dmarc: REJECT }, 'fail mail.spf.all.pass'],
  ['all', { spf: await spf('mx all'), dmarc: REJECT }, 'fail mail.spf.all.pass'],
  ['+all by redirect', { spf: await spf('redirect=r.example.com', 'r.example.com TXT v=spf1 all'), dmarc: REJECT }, 'fail mail.spf.all.pass'],
  [
    '+all in an include',
    { spf: await spf('include:i.example.com -all', 'i.example.com TXT v=spf1 ip4:192.0.2.1 all'), dmarc: REJECT },
    'fail mail.spf.all.pass',
    'by include:i.example.com',
  ],
  ['+all in an include that refuses', { spf: await spf('-include:i.example.com -all', 'i.example.com TXT v=spf1 +all'), dmarc: REJECT }, 'pass'],
  [
    '~all in an include, as providers have it',
    { spf: await spf('include:i.example.com -all', 'i.example.com TXT v=spf1 ip4:192.0.2.1 ~all'), dmarc: REJECT },
    'pass',
  ],
  ['a name that is always there', { spf: await spf('exists:x.example.com -all', X), dmarc: REJECT }, 'fail mail.spf.all.pass', 'every address'],
  ['a name for each address', { spf: await spf('exists:%{i}.x.example.com -all', X), dmarc: REJECT }, 'pass'],
  ['all of IPv4', { spf: await spf('ip4:0.0.0.0/0 -all'), dmarc: REJECT }, 'fail mail.spf.all.range', 'ip4:0.0.0.0/0'],
  [
    'all of IPv6 in an include',
    { spf: await spf('include:i.example.com -all', 'i.example.com TXT v=spf1 ip6:::/0 -all'), dmarc: REJECT },
    'fail mail.spf.all.range',
  ],
  ['everything near a host', { spf: await spf('a:x.example.com/0 -all', X), dmarc: REJECT }, 'fail mail.spf.all.range', 'near x.example.com'],
  ['terms behind all', { spf: await spf('-all mx'), dmarc: REJECT }, 'warn mail.spf.all.ignored', 'mx'],
  ['redirect beside all', { spf: await spf('-all redirect=r.example.com'), dmarc: REJECT }, 'warn mail.spf.all.ignored', 'redirect='],
  ['a redirect without answer', { spf: await spf('redirect=r.example.com', 'r.example.com TXT !TIMEOUT'), dmarc: REJECT }, 'inconclusive'],
  ['no record', { spf: await tree(''), dmarc: REJECT }, 'skip not-applicable'],
])
table('mail/spf-syntax', [
  ['reads', { spf: await spf('include:i.example.com unknown=1 -all', 'i.example.com TXT v=spf1 -all') }, 'pass', 'unknown=1'],
  ['ptr of a provider is its own business', { spf: await spf('include:i.example.com -all', 'i.example.com TXT v=spf1 ptr -all') }, 'pass'],
  ['an include that depends on the message', { spf: await spf('include:%{l}.example.com -all') }, 'pass'],
  ['a misspelt mechanism', { spf: await spf('ipv4:192.0.2.1 -all') }, 'fail mail.spf.syntax', 'ipv4'],
  ['a length that does not exist', { spf: await spf('ip4:192.0.2.1/33 -all') }, 'fail mail.spf.syntax', 'prefix length'],
  ['strings without a blank between', { spf: await spf('ip4:192.0.2.1include:i.example.com -all') }, 'fail mail.spf.syntax'],
  ['a fault in an include', { spf: await spf('include:i.example.com -all', 'i.example.com TXT v=spf1 moo') }, 'fail mail.spf.syntax', 'moo'],
  ['an include of nothing', { spf: await spf('include:i.example.com -all') }, 'fail mail.spf.include-dead', 'none'],
  [
    'an include of two',
    { spf: await spf('include:i.example.com -all', 'i.example.com TXT v=spf1 -all\ni.example.com TXT v=spf1 ~all') },
    'fail mail.spf.include-dead',
  ],
  ['ptr', { spf: await spf('ptr -all') }, 'warn mail.spf.ptr'],
  ['long', { spf: await spf(`${'ip4:192.0.2.1 '.repeat(40)}-all`) }, 'warn mail.spf.long', 'octets'],
  ['an include without answer', { spf: await spf('include:i.example.com -all', 'i.example.com TXT !SERVFAIL') }, 'inconclusive'],
  [
    'a fault beside an include without answer',
    { spf: await spf('include:i.example.com include:j.example.com -all', 'i.example.com TXT !SERVFAIL') },
    'fail mail.spf.include-dead',
  ],
  ['no record', { spf: await tree('') }, 'skip not-applicable'],
  ['no answer', { spf: await tree(`${D} TXT !TIMEOUT`) }, 'inconclusive'],
])
const result = (word: SpfEvaluation['result']): object => ({ spf: { result: word, reason: 'it stands there', lookups: 1, voids: 0 } satisfies SpfEvaluation })
table('mail/spf-sender-authorised', [
  ['pass', result('pass'), 'pass', 'pass: it stands there'],
  ['softfail', result('softfail'), 'warn mail.spf.sender.softfail'],
  ['neutral', result('neutral'), 'fail mail.spf.sender.neutral'],
  ['none', result('none'), 'fail mail.spf.sender.none'],
  ['fail', result('fail'), 'fail mail.spf.sender.fail'],
  ['permerror', result('permerror'), 'fail mail.spf.sender.permerror'],
  ['temperror', result('temperror'), 'inconclusive'],
])

const rsa = (bits: number): string => generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
const P = rsa(2048)
const key = (...texts: (string | readonly [string, string])[]): object => ({ key: dns(`s1._domainkey.${D}`, 'TXT', texts) })
table('mail/dkim-selector', [
  ['RSA of 2048 bits', key(`v=DKIM1; k=rsa; p=${P}`), 'pass', 'RSA, 2048 bits'],
  ['by a CNAME, for this domain alone', key(['CNAME', 'k.example.net'], `p=${P}; t=s`), 'pass'],
  ['Ed25519', key('k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='), 'pass', 'Ed25519'],
  ['missing', { key: rcode(`s1._domainkey.${D}`, 'TXT', 'NXDOMAIN') }, 'fail mail.dkim.missing', 'NXDOMAIN'],
  ['two', key(`p=${P}`, `p=${P}`), 'fail mail.dkim.several'],
  ['rubbish', key('hello'), 'fail mail.dkim.malformed'],
  ['another kind', key(`k=dsa; p=${P}`), 'fail mail.dkim.malformed', 'dsa'],
  ['revoked', key('v=DKIM1; p='), 'fail mail.dkim.revoked'],
  ['512 bits', key(`p=${rsa(512)}`), 'fail mail.dkim.weak'],
  ['1024 bits', key(`p=${rsa(1024)}`), 'warn mail.dkim.short'],
  ['testing', key(`t=y; p=${P}`), 'warn mail.dkim.testing'],
  ['for another service', key(`s=tlsrpt; p=${P}`), 'fail mail.dkim.not-for-mail'],
  ['SHA-1 alone', key(`h=sha1; p=${P}`), 'fail mail.dkim.hash'],
  ['SHA-1 and SHA-256', key(`h=sha1:sha256; p=${P}`), 'pass'],
  ['the resolver fails', { key: rcode(`s1._domainkey.${D}`, 'TXT', 'SERVFAIL') }, 'inconclusive'],
])

table('mail/dmarc-exists', [
  ['its own', { walk: REJECT }, 'pass', 'p=reject'],
  ['its own, the domain above does not answer', { walk: walk({ [D]: ['v=DMARC1; p=none'], com: ['!TIMEOUT'] }) }, 'pass'],
  ['its own beside another text', { walk: walk({ [D]: ['hello', 'v=DMARC1; p=none'] }) }, 'pass'],
  ['none', { walk: walk({}) }, 'fail mail.dmarc.none', '_dmarc.com'],
  ['two', { walk: walk({ [D]: ['v=DMARC1; p=none', 'v=DMARC1; p=reject'] }) }, 'fail mail.dmarc.several'],
  ['small letters', { walk: walk({ [D]: ['v=dmarc1; p=none'] }) }, 'fail mail.dmarc.not-recognised'],
  ['above', { walk: walk({ com: ['v=DMARC1; p=reject; psd=y'] }) }, 'warn mail.dmarc.inherited'],
  ['no answer', { walk: walk({ [D]: ['!SERVFAIL'] }) }, 'inconclusive'],
  ['none, and no answer above', { walk: walk({ com: ['!TIMEOUT'] }) }, 'inconclusive'],
])
table('mail/dmarc-policy', [
  ['reject', { walk: REJECT }, 'pass', 'reject is applied'],
  ['quarantine, stricter below', { walk: dmarc('p=quarantine; sp=reject; np=reject') }, 'pass'],
  ['unknown tags', { walk: dmarc('p=reject; something=else') }, 'pass'],
  ['sp of the domain above', { walk: walk({ com: ['v=DMARC1; p=none; sp=reject; psd=y'] }) }, 'pass'],
  ['none', { walk: NONE }, 'warn mail.dmarc.policy-none'],
  ['none in test', { walk: dmarc('p=none; t=y') }, 'warn mail.dmarc.policy-none'],
  ['reject in test', { walk: dmarc('p=reject; t=y') }, 'warn mail.dmarc.testing', 'quarantine'],
  ['quarantine in test', { walk: dmarc('p=quarantine; t=y') }, 'warn mail.dmarc.testing', 'none'],
  ['none below', { walk: dmarc('p=reject; sp=none') }, 'warn mail.dmarc.subdomains-weaker'],
  ['none for what does not exist', { walk: dmarc('p=reject; np=none') }, 'warn mail.dmarc.subdomains-weaker'],
  ['sp=none above', { walk: walk({ com: ['v=DMARC1; p=reject; sp=none; psd=y'] }) }, 'warn mail.dmarc.policy-none'],
  ['pct', { walk: dmarc('p=reject; pct=100') }, 'warn mail.dmarc.historic', 'pct=100'],
  ['a misspelt tag', { walk: dmarc('p=reject; aspf=strict') }, 'warn mail.dmarc.faults', 'aspf=strict'],
  ['sp twice: the first one counts', { walk: dmarc('p=reject; sp=reject; sp=none') }, 'warn mail.dmarc.faults', 'twice'],
  ['no p, with reports', { walk: dmarc('rua=mailto:a@example.com') }, 'warn mail.dmarc.invalid', 'p is missing'],
  ['a misspelt sp, with reports', { walk: dmarc('p=reject; sp=rejct; rua=mailto:a@example.com') }, 'warn mail.dmarc.invalid'],
  ['a misspelt p without reports', { walk: dmarc('p=rejct') }, 'fail mail.dmarc.no-effect', 'p=rejct'],
  ['a sender without DKIM', { walk: REJECT }, 'warn mail.dmarc.spf-alone', 'no DKIM selector of app', { senders: [{ name: 'app' }] }],
  ['a sender without DKIM under quarantine', { walk: dmarc('p=quarantine') }, 'pass', undefined, { senders: [{ name: 'app' }] }],
  ['no record', { walk: walk({}) }, 'skip not-applicable'],
  ['no answer', { walk: walk({ [D]: ['!SERVFAIL'] }) }, 'inconclusive'],
])
const receivers = (record: string, ...kinds: (readonly [ReportReceiver['kind'], (Observed<DnsObservation> | undefined)?, boolean?])[]): object => {
  const walked = dmarc(record)
  const rua = walked.policy?.record.rua ?? []
  return {
    reports: {
      walk: walked,
      receivers: kinds.map(([kind, seen, authorised], index) => ({
        uri: rua[index] ?? { text: '', scheme: '' },
        kind,
        ...(seen === undefined ? {} : { seen }),
        ...(authorised === undefined ? {} : { authorised }),
      })),
    },
  }
}
const report = `${D}._report._dmarc.r.example.net`
table('mail/dmarc-rua', [
  ['its own', receivers('p=none; rua=mailto:a@example.com', ['own']), 'pass', 'same organisation'],
  ['elsewhere, agreed', receivers('p=none; rua=mailto:a@r.example.net', ['external', ok(dns(report, 'TXT', ['v=DMARC1'])), true]), 'pass'],
  [
    'elsewhere, not agreed',
    receivers('p=none; rua=mailto:a@r.example.net', ['external', ok(rcode(report, 'TXT', 'NXDOMAIN')), false]),
    'fail mail.dmarc.rua-unauthorised',
    'NXDOMAIN',
  ],
  ['elsewhere, no answer', receivers('p=none; rua=mailto:a@r.example.net', ['external', no('TIMEOUT'), false]), 'inconclusive'],
  ['none', receivers('p=none'), 'warn mail.dmarc.rua-missing'],
  ['no address', receivers('p=none; rua=a@example.com', ['unusable']), 'fail mail.dmarc.rua-invalid', 'no URI'],
  ['one of two is no address', receivers('p=none; rua=mailto:a@example.com,b@example.com', ['own'], ['unusable']), 'warn mail.dmarc.rua-invalid'],
  ['a size', receivers('p=none; rua=mailto:a@example.com!10m', ['own']), 'warn mail.dmarc.rua-size', '!10m'],
  ['no record', { reports: { walk: walk({}), receivers: [] } }, 'skip not-applicable'],
  ['no answer', { reports: { walk: walk({ [D]: ['!TIMEOUT'] }), receivers: [] } }, 'inconclusive'],
])

const STS = dns(`_mta-sts.${D}`, 'TXT', ['v=STSv1; id=1'])
const sts = (...texts: string[]): object => ({ sts: { record: dns(`_mta-sts.${D}`, 'TXT', texts) }, mx: ok(MX('10 mx.example.net')) })
table('mail/mta-sts-record', [
  ['one record', sts('v=STSv1; id=20260101'), 'pass', 'id=20260101'],
  ['beside another text', sts('hello', 'v=STSv1; id=1'), 'pass'],
  ['none', sts(), 'warn mail.mta-sts.none'],
  ['two', sts('v=STSv1; id=1', 'v=STSv1; id=2'), 'fail mail.mta-sts.several'],
  ['a bad id', sts('v=STSv1; id=2026-01-01'), 'fail mail.mta-sts.malformed', 'letters and digits'],
  ['small letters', sts('v=stsv1; id=1'), 'fail mail.mta-sts.malformed'],
  ['null MX', { ...sts(), mx: ok(MX('0 .')) }, 'skip not-applicable'],
  ['the resolver fails', { sts: { record: rcode(`_mta-sts.${D}`, 'TXT', 'SERVFAIL') }, mx: ok(MX()) }, 'inconclusive'],
])
const tls = (more: Partial<TlsObservation> = {}, names: readonly string[] = [`mta-sts.${D}`]): Observed<TlsObservation> =>
  ok({
    peer: '192.0.2.1:443',
    store: 'bundled',
    authorized: true,
    at: AT,
    chain: [{ subject: 'CN=x', dnsNames: names, ipAddresses: [] } as unknown as CertificateFacts],
    ...more,
  } as TlsObservation)
const POLICY = ['version: STSv1', 'mode: enforce', 'mx: *.example.net', 'max_age: 604800', '']
const http = (body: string, more: Partial<HttpObservation> = {}): Observed<HttpObservation> =>
  ok({
    url: `https://mta-sts.${D}/`,
    method: 'GET',
    status: 200,
    statusText: '',
    httpVersion: '2',
    headers: [['content-type', 'text/plain']],
    body: Buffer.from(body),
    at: AT,
    ...more,
  } as HttpObservation)
const lines = (change: (text: string) => string = (text) => text): string => change(POLICY.join('\r\n'))
const look = (policy: Observed<HttpObservation>, handshake: Observed<TlsObservation> = tls()): { sts: MtaStsLook } => ({
  sts: { record: STS, tls: handshake, policy },
})
const CHALLENGE = http('<title>Just a moment...</title>', {
  status: 403,
  headers: [
    ['cf-mitigated', 'challenge'],
    ['content-type', 'text/html'],
  ],
})
table('mail/mta-sts-policy', [
  ['as it should be', look(http(lines())), 'pass', 'mode: enforce'],
  ['with a charset', look(http(lines(), { headers: [['Content-Type', 'text/plain; charset=utf-8']] })), 'pass'],
  ['a year', look(http(lines((text) => text.replace('604800', '31557600')))), 'pass'],
  ['more than a year', look(http(lines((text) => text.replace('604800', '31557601')))), 'fail mail.mta-sts.max-age'],
  ['an hour', look(http(lines((text) => text.replace('604800', '3600')))), 'warn mail.mta-sts.max-age-short'],
  ['testing', look(http(lines((text) => text.replace('enforce', 'testing')))), 'warn mail.mta-sts.testing'],
  ['none', look(http(lines((text) => text.replace('enforce', 'none')))), 'warn mail.mta-sts.opted-out'],
  ['LF', look(http(lines((text) => text.replaceAll('\r', '')))), 'warn mail.mta-sts.line-ends'],
  ['another type', look(http(lines(), { headers: [['content-type', 'text/html']] })), 'warn mail.mta-sts.type', 'text/html'],
  ['no type', look(http(lines(), { headers: [] })), 'warn mail.mta-sts.type'],
  ['a page', look(http('<!doctype html>', { headers: [['content-type', 'text/html']] })), 'fail mail.mta-sts.unreadable'],
  ['empty', look(http('')), 'fail mail.mta-sts.unreadable'],
  ['64 kB', look(http(`${lines()}${'x: y\r\n'.repeat(12_000)}`)), 'fail mail.mta-sts.unreadable', 'more than'],
  ['a redirect', look(http('', { status: 302, headers: [['location', 'https://example.com/']] })), 'fail mail.mta-sts.redirect', 'https://example.com/'],
  ['not found', look(http('', { status: 404 })), 'fail mail.mta-sts.missing', '404'],
  ['a challenge', look(CHALLENGE), 'inconclusive'],
  ['a broken gateway', look(http('', { status: 502 })), 'inconclusive'],
  [
    'an untrusted certificate',
    look(http(lines()), tls({ authorized: false, authorizationError: 'CERT_HAS_EXPIRED' })),
    'fail mail.mta-sts.certificate',
    'CERT_HAS_EXPIRED',
  ],
  ['a certificate for another name', look(http(lines()), tls({}, ['example.com'])), 'fail mail.mta-sts.certificate'],
  ['no host', look(no('NXDOMAIN'), no('NXDOMAIN')), 'fail mail.mta-sts.no-host'],
  ['refused', look(no('ECONNREFUSED', 'connect'), no('ECONNREFUSED', 'connect')), 'fail mail.mta-sts.unreachable'],
  ['an alert', look(no('ALERT_UNRECOGNIZED_NAME', 'tls'), no('ALERT_UNRECOGNIZED_NAME', 'tls')), 'fail mail.mta-sts.unreachable'],
  ['silence', look(no('TIMEOUT', 'connect'), no('TIMEOUT', 'connect')), 'inconclusive'],
  ['a name without answer', look(no('SERVFAIL'), no('SERVFAIL')), 'inconclusive'],
  ['silence behind the handshake', look(no('TIMEOUT', 'response')), 'inconclusive'],
  ['no record', { sts: { record: dns(`_mta-sts.${D}`, 'TXT') } }, 'skip not-applicable'],
  ['the resolver fails', { sts: { record: rcode(`_mta-sts.${D}`, 'TXT', 'SERVFAIL') } }, 'inconclusive'],
])
const matching = (servers: readonly string[], policy = lines()): object => ({ ...look(http(policy)), mx: MX(...servers) })
table('mail/mta-sts-mx-match', [
  ['one label', matching(['10 mx.example.net']), 'pass', 'named by *.example.net'],
  ['two labels', matching(['10 a.mx.example.net']), 'fail mail.mta-sts.mx-unmatched'],
  ['one of two', matching(['10 mx.example.net', '20 mx.example.org']), 'fail mail.mta-sts.mx-unmatched', 'named by none'],
  [
    'one of two while testing',
    matching(
      ['10 mx.example.net', '20 mx.example.org'],
      lines((text) => text.replace('enforce', 'testing')),
    ),
    'warn mail.mta-sts.mx-unmatched',
  ],
  [
    'withdrawn',
    matching(
      ['10 mx.example.org'],
      lines((text) => text.replace('enforce', 'none')),
    ),
    'skip not-applicable',
  ],
  ['no policy', { ...look(http('', { status: 404 })), mx: MX('10 mx.example.net') }, 'skip not-applicable'],
  ['null MX', matching(['0 .']), 'skip not-applicable'],
  ['no MX', matching([]), 'skip not-applicable'],
  ['the resolver fails', { ...look(http(lines())), mx: rcode(D, 'MX', 'SERVFAIL') }, 'inconclusive'],
])

const PIN = `3 1 1 ${'ab'.repeat(32)}`
const NEXT = `2 1 1 ${'cd'.repeat(32)}`
const secure = (name: string, type: string, values: readonly string[]): Observed<DnsObservation> => ok(dns(name, type, values, { authenticated: true }))
const pinned = (
  values: readonly string[] | Observed<DnsObservation>,
  more: { readonly name?: string; readonly unchecked?: Observed<DnsObservation>; readonly insecure?: boolean } = {},
) => {
  const name = more.name ?? 'mx.example.net'
  const tlsa = 'ok' in values ? values : secure(`_25._tcp.${name}`, 'TLSA', values)
  const addresses = [more.insecure === true ? ok(dns(name, 'A', ['192.0.2.1'])) : secure(name, 'A', ['192.0.2.1'])]
  return { name, tlsa, addresses, ...(more.unchecked === undefined ? {} : { unchecked: more.unchecked }) }
}
const tlsaLook = (servers: readonly object[], mx: DnsObservation = dns(D, 'MX', ['10 mx.example.net'], { authenticated: true })): object => ({
  look: { mx, servers },
})
table('mail/dane-tlsa', [
  ['two', tlsaLook([pinned([PIN, NEXT])]), 'pass', 'secured by DNSSEC'],
  ['SHA-512', tlsaLook([pinned([PIN, `3 1 2 ${'ab'.repeat(64)}`])]), 'pass'],
  ['one alone', tlsaLook([pinned([PIN])]), 'warn mail.dane.no-rollover'],
  ['insecure', tlsaLook([pinned([PIN, NEXT])], MX('10 mx.example.net')), 'warn mail.dane.insecure', 'ad of MX no'],
  ['an insecure address', tlsaLook([pinned([PIN, NEXT], { insecure: true })]), 'warn mail.dane.insecure'],
  ['usages 0 and 1', tlsaLook([pinned([`1 1 1 ${'ab'.repeat(32)}`, `0 1 1 ${'ab'.repeat(32)}`])]), 'fail mail.dane.unusable'],
  ['usage 1 beside', tlsaLook([pinned([PIN, `1 1 1 ${'ab'.repeat(32)}`])]), 'warn mail.dane.usage'],
  ['a digest cut off', tlsaLook([pinned([PIN, '3 1 1 abcd'])]), 'fail mail.dane.malformed', '3 1 1 abcd'],
  ['rubbish', tlsaLook([pinned(['3 1 1 '])]), 'fail mail.dane.malformed'],
  ['bogus', tlsaLook([pinned(ok(rcode('x', 'TLSA', 'SERVFAIL')), { unchecked: ok(dns('x', 'TLSA', [PIN])) })]), 'fail mail.dane.bogus'],
  ['bogus denial', tlsaLook([pinned(ok(rcode('x', 'TLSA', 'SERVFAIL')), { unchecked: ok(rcode('x', 'TLSA', 'NXDOMAIN')) })]), 'fail mail.dane.bogus'],
  ['a failing server', tlsaLook([pinned(ok(rcode('x', 'TLSA', 'SERVFAIL')), { unchecked: ok(rcode('x', 'TLSA', 'SERVFAIL')) })]), 'inconclusive'],
  ['one of two servers', tlsaLook([pinned([PIN, NEXT]), pinned([], { name: 'b.example.net' })]), 'warn mail.dane.partial'],
  ['none', tlsaLook([pinned([])]), 'skip not-applicable'],
  ['null MX', tlsaLook([], MX('0 .')), 'skip not-applicable'],
  ['no MX', tlsaLook([], MX()), 'skip not-applicable'],
  ['the resolver fails', tlsaLook([], rcode(D, 'MX', 'SERVFAIL')), 'inconclusive'],
])
const TLSA = tlsaLook([pinned([PIN])]) as { look: object }
const BARE = tlsaLook([pinned([])]) as { look: object }
const rpt = (texts: readonly string[], more: object = {}): object => ({
  record: dns(`_smtp._tls.${D}`, 'TXT', texts),
  sts: ok({ record: dns('x', 'TXT') }),
  tlsa: ok(BARE.look),
  ...more,
})
table('mail/tls-rpt', [
  ['one record', rpt(['v=TLSRPTv1; rua=mailto:a@example.com']), 'pass', 'mailto:a@example.com'],
  ['beside another text', rpt(['hello', 'v=TLSRPTv1;rua=https://r.example.com/']), 'pass'],
  ['none, nothing to report', rpt([]), 'skip not-applicable'],
  ['none with MTA-STS', rpt([], { sts: ok({ record: STS }) }), 'warn mail.tls-rpt.missing', 'MTA-STS'],
  ['none with DANE', rpt([], { tlsa: ok(TLSA.look) }), 'warn mail.tls-rpt.missing', 'DANE'],
  ['none, the rest unknown', rpt([], { sts: no('TIMEOUT') }), 'inconclusive'],
  ['two', rpt(['v=TLSRPTv1; rua=mailto:a@example.com', 'v=TLSRPTv1; rua=mailto:b@example.com']), 'fail mail.tls-rpt.several'],
  ['no scheme', rpt(['v=TLSRPTv1; rua=a@example.com']), 'fail mail.tls-rpt.malformed'],
  ['small letters', rpt(['v=tlsrptv1; rua=mailto:a@example.com']), 'fail mail.tls-rpt.malformed'],
  ['null MX', rpt([], { tlsa: ok({ mx: MX('0 .'), servers: [] }) }), 'skip not-applicable'],
  ['the resolver fails', { ...rpt([]), record: rcode(`_smtp._tls.${D}`, 'TXT', 'SERVFAIL') }, 'inconclusive'],
])

const Q = 'parked.example'
const parkedSeen = async (more: object = {}): Promise<object> => ({
  mx: dns(Q, 'MX', ['0 .']),
  a: ok(dns(Q, 'A', ['192.0.2.1'])),
  aaaa: ok(dns(Q, 'AAAA')),
  spf: await tree(`${Q} TXT v=spf1 -all`, Q),
  dmarc: walk({ [Q]: ['v=DMARC1; p=reject'] }, Q),
  ...more,
})
table('mail/parked', [
  ['said three times', await parkedSeen(), 'pass', 'v=spf1 -all'],
  ['no address, so no null MX is needed', await parkedSeen({ mx: dns(Q, 'MX'), a: ok(dns(Q, 'A')) }), 'pass'],
  ['reject by the domain above', await parkedSeen({ dmarc: walk({ example: ['v=DMARC1; p=none; sp=reject; psd=y'] }, Q) }), 'pass'],
  ['no null MX', await parkedSeen({ mx: dns(Q, 'MX') }), 'warn mail.parked.partial'],
  ['a mail server', await parkedSeen({ mx: dns(Q, 'MX', ['10 mx.example.net']) }), 'warn mail.parked.partial'],
  ['~all', await parkedSeen({ spf: await tree(`${Q} TXT v=spf1 ~all`, Q) }), 'warn mail.parked.partial'],
  ['a sender in SPF', await parkedSeen({ spf: await tree(`${Q} TXT v=spf1 mx -all`, Q) }), 'warn mail.parked.partial'],
  ['quarantine', await parkedSeen({ dmarc: walk({ [Q]: ['v=DMARC1; p=quarantine'] }, Q) }), 'warn mail.parked.partial'],
  ['nothing', await parkedSeen({ mx: dns(Q, 'MX'), spf: await tree('', Q), dmarc: walk({}, Q) }), 'fail mail.parked.open'],
  ['SPF without answer', await parkedSeen({ spf: await tree(`${Q} TXT !TIMEOUT`, Q) }), 'inconclusive'],
  ['DMARC without answer', await parkedSeen({ dmarc: walk({ [Q]: ['!TIMEOUT'] }, Q) }), 'inconclusive'],
  ['MX without answer', await parkedSeen({ mx: rcode(Q, 'MX', 'SERVFAIL') }), 'inconclusive'],
  ['no MX, addresses without answer', await parkedSeen({ mx: dns(Q, 'MX'), a: no('TIMEOUT') }), 'inconclusive'],
])

test('every check is judged here, green and red, and every code is reached', () => {
  expect([...judged].sort()).toEqual([...checks.keys()].sort())
  for (const [id, seen] of outcomes) {
    expect(seen, id).toContain('pass')
    expect(seen.has('fail') || seen.has('warn'), id).toBe(true)
    expect(seen, id).toContain('inconclusive')
  }
  const all = [...checks.values()].flatMap((check) => Object.keys(check.codes))
  expect(all.filter((code) => !seenCodes.has(code))).toEqual([])
  expect(new Set(all).size).toBe(all.length)
})
test('every check that is not judged here is judged beside', () => {
  const beside = ['delivery.test.ts', 'servers.test.ts'].map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')).join('')
  const others = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.check.ts') && !files.includes(name))
  expect(others.length).toBeGreaterThan(40)
  expect(others.map((name) => name.replace('.check.ts', '')).filter((name) => !beside.includes(`'${name}'`) && !beside.includes(`'mail/${name}'`))).toEqual([])
})
