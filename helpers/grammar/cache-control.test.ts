import { describe, expect, test } from 'vitest'
import { readAge, readCacheControl, readHttpDate, readVary } from './cache-control.ts'

const good = (...lines: string[]) => {
  const read = readCacheControl(lines)
  if (!read.ok) throw new Error(read.error)
  return read.value
}

describe('Cache-Control', () => {
  test.each<[string, string[], object]>([
    ['an absent header', [], { directives: [], noStore: false, public: false, problems: [], contradictions: [] }],
    ['an empty header', [''], { directives: [] }],
    ['empty elements', [' , ,no-store,, '], { noStore: true }],
    ['RFC 9111 §5.2: names in any case', ['No-Store, MAX-AGE=60'], { noStore: true, maxAge: 60 }],
    ['several lines', ['max-age=31536000', 'public, immutable'], { maxAge: 31_536_000, public: true, immutable: true, contradictions: [], problems: [] }],
    ['a qualified no-cache holds for those fields only', ['no-cache="set-cookie, x", private="y"'], { noCache: false, private: false, problems: [] }],
    ['an unqualified no-cache', ['no-cache, private, must-revalidate'], { noCache: true, private: true, mustRevalidate: true }],
    ['an extension', ['private, community="UCI"'], { private: true, problems: [] }],
    ['escapes in quotes', ['x="a\\"b, no-store"'], { noStore: false, directives: [{ name: 'x', value: 'a"b, no-store', quoted: true }] }],
    ['a quoted number is understood and told', ['max-age="60"'], { maxAge: 60, problems: ['max-age is quoted'] }],
    ['identical duplicates', ['max-age=60, max-age=60'], { maxAge: 60, contradictions: [] }],
    ['the first of differing duplicates', ['max-age=60', 'max-age=3600'], { maxAge: 60, contradictions: ['max-age: 60, 3600'] }],
    ['a number past 2^31', ['max-age=99999999999999999999'], { maxAge: 2 ** 31, problems: [] }],
    ['s-maxage and stale-while-revalidate', ['s-maxage=5, stale-while-revalidate=30'], { sMaxage: 5, staleWhileRevalidate: 30 }],
    ['text that only looks like a directive', ['x-no-store, no-storey'], { noStore: false }],
    ['max-age=banana', ['max-age=banana'], { problems: ['max-age is "banana", no number of seconds'] }],
    ['a negative number', ['max-age=-1'], { problems: ['max-age is "-1", no number of seconds'] }],
    ['a fraction', ['max-age=1.5'], { problems: ['max-age is "1.5", no number of seconds'] }],
    ['max-age without a value', ['max-age'], { problems: ['max-age has no value'] }],
    ['a flag with a value', ['no-store=1'], { noStore: true, problems: ['no-store takes no value'] }],
  ])('%s', (_name, lines, expected) => expect(good(...lines)).toMatchObject(expected))

  test('a value that is no number gives no lifetime', () => {
    for (const text of ['max-age=banana', 'max-age=', 'max-age= 60', 'max-age==60', 'max-age=6 0', 'max-age:60'])
      expect(readCacheControl([text]).value).not.toHaveProperty('maxAge')
  })

  test.each<[string, string]>([
    ['a space before the number', 'max-age= 60'],
    ['two equal signs', 'max-age==60'],
    ['words without commas', 'public max-age=60'],
    ['semicolons', 'public; max-age=60'],
    ['an open quote', 'x="abc'],
    ['a control character', 'no-\u0000store'],
    ['a line end inside', 'no-store\r\nx: y'],
    ['letters beyond ASCII', 'nö-store'],
  ])('refuses %s', (_name, text) => expect(readCacheControl([text]).ok).toBe(false))

  test('takes what is readable beside what is not', () => {
    expect(readCacheControl(['a b, no-store'])).toMatchObject({ ok: false, error: '"a b" is no directive', value: { noStore: true } })
    expect(readCacheControl(['"unclosed, no-store']).value.noStore).toBe(true)
  })

  test('64 kB and hostile repetition cost little', () => {
    const started = performance.now()
    for (const text of ['a'.repeat(70_000), 'a,'.repeat(40_000), '"'.repeat(70_000), ' '.repeat(70_000), 'a="'.repeat(20_000), `a="${'\\'.repeat(69_000)}`])
      expect(readCacheControl([text]).ok).toBe(false)
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

describe('dates', () => {
  const example = Date.UTC(1994, 10, 6, 8, 49, 37)
  test.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994', ' Sun, 06 Nov 1994 08:49:37 GMT '])(
    'RFC 9110 §5.6.7: %s',
    (text) => expect(readHttpDate(text)).toBe(example),
  )
  test.each([
    '0',
    '-1',
    '',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 31 Feb 2026 08:49:37 GMT',
    'Sun, 06 Nov 1994 25:49:37 GMT',
    '2026-11-21T12:00:00Z',
    'Sun, 06 NOV 1994',
  ])('no date: %j', (text) => expect(readHttpDate(text)).toBeUndefined())
  test('two-digit years from 70 belong to the last century', () => {
    expect(readHttpDate('Sunday, 06-Nov-70 00:00:00 GMT')).toBe(Date.UTC(1970, 10, 6))
    expect(readHttpDate('Sunday, 06-Nov-69 00:00:00 GMT')).toBe(Date.UTC(2069, 10, 6))
  })
})

test.each<[string[], number | undefined]>([
  [[], undefined],
  [['0'], 0],
  [[' 57 '], 57],
  [['-1'], undefined],
  [['1.5'], undefined],
  [['5, 6'], undefined],
  [['99999999999'], 2 ** 31],
])('Age %j', (lines, expected) => expect(readAge(lines)).toBe(expected))

test.each<[string[], string[]]>([
  [[], []],
  [['Accept-Encoding'], ['accept-encoding']],
  [
    ['Origin, accept-encoding', 'ORIGIN'],
    ['origin', 'accept-encoding'],
  ],
  [['*'], ['*']],
  [['a b, ,x'], ['x']],
])('Vary %j', (lines, expected) => expect(readVary(lines)).toEqual(expected))
