import { describe, expect, test } from 'vitest'
import { applied, type DmarcFound, type DmarcRecord, isAligned, isDmarc, organisationalDomain, policiesOf, policyDomain, readDmarc, treeOf } from './dmarc.ts'

const read = (text: string): DmarcRecord => {
  const reading = readDmarc(text)
  if (!reading.ok) throw new Error(reading.error)
  return reading.value
}

test.each([
  ['v=DMARC1', true],
  ['v=DMARC1; p=none', true],
  ['v = DMARC1 ;p=none', true],
  ['v=DMARC1;', true],
  ['v=dmarc1; p=none', false],
  ['v=DMARC2; p=none', false],
  ['v=DMARC1p=none', false],
  ['v=DMARC1 p=none', false],
  [' v=DMARC1; p=none', false],
  ['p=none; v=DMARC1', false],
  ['v=spf1 -all', false],
  ['', false],
])('%j is a record: %s', (text, wanted) => {
  expect(isDmarc(text)).toBe(wanted)
  expect(readDmarc(text).ok).toBe(wanted)
})

describe('records', () => {
  test('defaults', () => {
    expect(read('v=DMARC1')).toEqual({ testing: false, psd: 'u', adkim: 'r', aspf: 'r', rua: [], ruf: [], fo: '0', faults: [], historic: [], unknown: [] })
  })
  test('every tag', () => {
    expect(
      read(
        'v=DMARC1; p=reject; sp=Quarantine; np=none; t=y; psd=n; adkim=s; aspf=S; fo=1:d:s; rua=mailto:a@example.com, mailto:b@r.example.net!10m; ruf=mailto:f@example.com; x=1',
      ),
    ).toEqual({
      p: 'reject',
      sp: 'quarantine',
      np: 'none',
      testing: true,
      psd: 'n',
      adkim: 's',
      aspf: 's',
      fo: '1:d:s',
      rua: [
        { text: 'mailto:a@example.com', scheme: 'mailto', host: 'example.com' },
        { text: 'mailto:b@r.example.net!10m', scheme: 'mailto', host: 'r.example.net', size: '10m' },
      ],
      ruf: [{ text: 'mailto:f@example.com', scheme: 'mailto', host: 'example.com' }],
      faults: [],
      historic: [],
      unknown: ['x'],
    })
  })
  test.each([
    ['p=rejct', /^p=rejct is none of/],
    ['p=', /^p is empty/],
    ['p=none; p=reject', /^p stands there twice/],
    ['t=1', /^t=1/],
    ['psd=maybe', /^psd/],
    ['adkim=relaxed', /^adkim/],
    ['fo=0:1', /^fo/],
    ['fo=d:d', /^fo/],
    ['none', /"none" is no tag=value/],
    ['p none', /is no tag=value/],
    ['; p=none', /semicolon/],
    ['p=n\u00f6ne', /printable/],
    ['p\u0000=none', /no tag=value/],
  ])('a fault is told and the rest is read: %j', (text, fault) => {
    const record = read(`v=DMARC1; ${text}; rua=mailto:a@example.com`)
    expect(record.faults.join('; ')).toMatch(fault)
    expect(record.rua).toHaveLength(1)
  })
  test('tags of RFC 7489 are told apart from unknown ones', () => {
    expect(read('v=DMARC1;p=none;pct=50;rf=afrf;ri=86400;Zz=1;')).toMatchObject({
      historic: [
        { tag: 'pct', value: '50' },
        { tag: 'rf', value: 'afrf' },
        { tag: 'ri', value: '86400' },
      ],
      unknown: ['zz'],
      faults: [],
    })
  })
  test.each([
    ['mailto:a@example.com', undefined],
    ['MAILTO:a@Example.COM', undefined],
    ['mailto:a@example.com?subject=x', undefined],
    ['https://example.com/report', 'mailto alone'],
    ['a@example.com', 'no URI'],
    ['mailto:example.com', 'no mail address'],
    ['mailto:a@localhost', 'no mail address'],
    ['mailto:a b@example.com', 'letter'],
    ['', 'no URI'],
  ])('%j as a place for reports', (uri, fault) => {
    const [one] = read(`v=DMARC1; rua=${uri} ,mailto:x@example.com`).rua
    if (fault === undefined) expect(one).not.toHaveProperty('fault')
    else expect(one?.fault).toContain(fault)
  })
  test('64 kB', () => {
    expect(readDmarc(`v=DMARC1; ${'x=1;'.repeat(20_000)}`)).toMatchObject({ ok: false })
    expect(read(`v=DMARC1; ${'x'.repeat(60_000)}`).faults).toHaveLength(1)
  })
})

/** RFC 9989 §4.7 and §4.10.1. */
test.each([
  ['p=reject', { p: 'reject', sp: 'reject', np: 'reject' }],
  ['p=reject; sp=none', { p: 'reject', sp: 'none', np: 'none' }],
  ['p=none; sp=quarantine; np=reject', { p: 'none', sp: 'quarantine', np: 'reject' }],
  ['rua=mailto:a@example.com', { p: 'none', sp: 'none', np: 'none' }],
  ['p=rejct; rua=mailto:a@example.com', { p: 'none', sp: 'none', np: 'none' }],
  ['p=reject; sp=rejct; rua=mailto:a@example.com', { p: 'none', sp: 'none', np: 'none' }],
  ['p=reject; np=', undefined],
  ['p=rejct', undefined],
  ['rua=a@example.com', undefined],
  ['', undefined],
] as const)('%j asks for %j', (text, wanted) => {
  expect(policiesOf(read(`v=DMARC1; ${text}`))).toEqual(wanted)
})
test('t=y asks for one level less', () => {
  expect((['reject', 'quarantine', 'none'] as const).map((policy) => [applied(policy, true), applied(policy, false)])).toEqual([
    ['quarantine', 'reject'],
    ['none', 'quarantine'],
    ['none', 'none'],
  ])
})

/** A walk over texts by domain; what was asked, what was found. */
function walk(
  domain: string,
  texts: Readonly<Record<string, readonly string[]>>,
): { readonly asked: readonly string[]; readonly found: readonly DmarcFound[] } {
  const asked: string[] = []
  const found: DmarcFound[] = []
  for (const name of treeOf(domain)) {
    asked.push(name)
    const records = (texts[name] ?? []).filter(isDmarc)
    if (records.length !== 1) continue
    const record = read(records[0] as string)
    found.push({ domain: name, record })
    if (record.psd !== 'u') break
  }
  return { asked, found }
}
const organisational = (domain: string, texts: Readonly<Record<string, readonly string[]>>): string => organisationalDomain(domain, walk(domain, texts).found)

describe('agreement with RFC 9989', () => {
  type Zone = Readonly<Record<string, readonly string[]>>
  /** Section, Author Domain, the other domain, mode, records, aligned, Organizational Domains of both, whose policy. */
  const RELAXED: Zone = { 'example.com': ['v=DMARC1; p=reject'] }
  const STRICT: Zone = { 'example.com': ['v=DMARC1; p=reject; adkim=s; aspf=s'] }
  const SIGNING: Zone = { 'example.com': ['v=DMARC1; p=reject'], 'signing.example.com': ['v=DMARC1; p=none'] }
  const BANK: Zone = { 'bank.example': ['v=DMARC1; p=reject; psd=y'], 'giant.bank.example': ['v=DMARC1; p=quarantine'] }
  const CASES: readonly (readonly [
    section: string,
    from: string,
    other: string,
    zone: Zone,
    aligned: boolean,
    organisations: string,
    policy: string | undefined,
  ])[] = [
    ['B.1.1 1: identical', 'example.com', 'example.com', RELAXED, true, 'example.com example.com', 'example.com'],
    ['B.1.1 1: identical, strict', 'example.com', 'example.com', STRICT, true, 'example.com example.com', 'example.com'],
    ['B.1.1 2: sender below', 'example.com', 'child.example.com', RELAXED, true, 'example.com example.com', 'example.com'],
    ['B.1.1 2: sender below, strict', 'example.com', 'child.example.com', STRICT, false, 'example.com example.com', 'example.com'],
    ['B.1.1 3: unrelated', 'child.example.com', 'example.net', RELAXED, false, 'example.com example.net', 'example.com'],
    ['B.1.1 3: unrelated, strict', 'child.example.com', 'example.net', STRICT, false, 'example.com example.net', 'example.com'],
    ['B.1.2 2: signed by the parent', 'child.example.com', 'example.com', RELAXED, true, 'example.com example.com', 'example.com'],
    ['B.1.2 2: signed by the parent, strict', 'child.example.com', 'example.com', STRICT, false, 'example.com example.com', 'example.com'],
    ['B.4.1 the highest record wins', 'example.com', 'signing.example.com', SIGNING, true, 'example.com example.com', 'example.com'],
    ['B.4.2 a deep name', 'a.b.c.d.e.f.g.h.i.j.k.example.com', 'signing.example.com', SIGNING, true, 'example.com example.com', 'example.com'],
    ['B.4.3 below a public suffix', 'giant.bank.example', 'mail.giant.bank.example', BANK, true, 'giant.bank.example giant.bank.example', 'giant.bank.example'],
    ['B.4.3 another below it', 'giant.bank.example', 'mail.mega.bank.example', BANK, false, 'giant.bank.example mega.bank.example', 'giant.bank.example'],
    ['4.10.1 the suffix stands in', 'mail.mega.bank.example', 'mega.bank.example', BANK, true, 'mega.bank.example mega.bank.example', 'bank.example'],
    [
      '4.10.2 psd=n',
      'a.faculty.example.edu',
      'b.example.edu',
      { 'faculty.example.edu': ['v=DMARC1; p=none; psd=n'], 'example.edu': ['v=DMARC1; p=reject'] },
      false,
      'faculty.example.edu example.edu',
      'faculty.example.edu',
    ],
    [
      '4.10 step 2: two records are none',
      'example.com',
      'example.com',
      { 'example.com': ['v=DMARC1; p=none', 'v=DMARC1; p=reject'] },
      true,
      'example.com example.com',
      undefined,
    ],
    ['4.10 step 2: other texts are none', 'example.com', 'example.com', { 'example.com': ['v=spf1 -all'] }, true, 'example.com example.com', undefined],
    [
      '4.10 step 2: other versions are none',
      'example.com',
      'example.com',
      { 'example.com': ['v=DMARC2; p=reject'] },
      true,
      'example.com example.com',
      undefined,
    ],
    [
      '4.10 step 2: beside other texts',
      'example.com',
      'example.com',
      { 'example.com': ['hello', 'v=DMARC1; p=none'] },
      true,
      'example.com example.com',
      'example.com',
    ],
    ['4.10.1 the domain before its organisation', 'signing.example.com', 'example.com', SIGNING, true, 'example.com example.com', 'signing.example.com'],
    ['4.10.2 psd=y at the domain itself', 'bank.example', 'bank.example', BANK, true, 'bank.example bank.example', 'bank.example'],
  ]
  test.each(CASES)('%s', (_section, from, other, zone, aligned, organisations, policy) => {
    const author = walk(from, zone)
    const chosen = policyDomain(from, author.found)
    const sides = [from, other].map((domain) => ({ domain, organisational: organisational(domain, zone) })) as [
      { domain: string; organisational: string },
      { domain: string; organisational: string },
    ]
    expect(sides.map((side) => side.organisational).join(' ')).toBe(organisations)
    expect(chosen?.domain).toBe(policy)
    expect(isAligned(chosen?.record.aspf ?? 'r', ...sides)).toBe(aligned)
  })
  test('the eight questions of §4.10 and B.4.2', () => {
    expect(walk('a.b.c.d.e.f.g.h.i.j.mail.example.com', {}).asked).toEqual([
      'a.b.c.d.e.f.g.h.i.j.mail.example.com',
      'g.h.i.j.mail.example.com',
      'h.i.j.mail.example.com',
      'i.j.mail.example.com',
      'j.mail.example.com',
      'mail.example.com',
      'example.com',
      'com',
    ])
    expect(treeOf('a.b.c.d.e.f.g.h.i.j.k.example.com')).toHaveLength(8)
    expect(treeOf('a.b.c.d.e.f.example.com')).toEqual(['a.b.c.d.e.f.example.com', ...treeOf('b.c.d.e.f.example.com')])
    expect(treeOf('a.b.c.d.e.example.com')).toHaveLength(7)
    expect(treeOf('Example.COM.')).toEqual(['example.com', 'com'])
    expect(treeOf('com')).toEqual(['com'])
  })
  test('psd ends the walk', () => {
    expect(walk('mail.giant.bank.example', { 'bank.example': BANK['bank.example'] ?? [], example: ['v=DMARC1; p=none'] }).asked).toEqual([
      'mail.giant.bank.example',
      'giant.bank.example',
      'bank.example',
    ])
  })
  test('so many cases', () => {
    expect(CASES).toHaveLength(20)
  })
})

/** RFC 9989 appendix B.2. */
test.each([
  ['v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com', { p: 'none' }, 1, 0],
  ['v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com; ruf=mailto:auth-reports@example.com', { p: 'none' }, 1, 1],
  ['v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com; ruf=mailto:auth-reports@thirdparty.example.net', { p: 'none' }, 1, 1],
  ['v=DMARC1; p=quarantine; rua=mailto:dmarc-feedback@example.com,mailto:tld-test@thirdparty.example.net; t=y', { p: 'quarantine', testing: true }, 2, 0],
  ['v=DMARC1; p=reject; rua=mailto:dmarc-feedback@example.com,mailto:tld-test@thirdparty.example.net', { p: 'reject', testing: false }, 2, 0],
])('%s', (text, wanted, rua, ruf) => {
  const record = read(text)
  expect(record).toMatchObject({ ...wanted, faults: [], unknown: [], historic: [] })
  expect([record.rua.length, record.ruf.length]).toEqual([rua, ruf])
  expect([...record.rua, ...record.ruf].every(({ fault }) => fault === undefined)).toBe(true)
})
