/** Cookies of a session, as a browser keeps them, whatever a server sends. */
import { expect, test } from 'vitest'
import { Cookies } from './exchange.ts'

const kept = (...lines: readonly string[]): string | undefined => {
  const cookies = new Cookies()
  cookies.take(lines.map((line): [string, string] => ['Set-Cookie', line]))
  return cookies.header[0]?.[1]
}

test.each<[string, readonly string[], string | undefined]>([
  ['a pair, its attributes left away', ['sid=abc; Path=/; HttpOnly; Secure'], 'sid=abc'],
  ['the last one of a name', ['sid=abc', 'sid=def'], 'sid=def'],
  ['names are told apart by case', ['sid=abc', 'SID=def'], 'sid=abc; SID=def'],
  ['a sign in the value', ['sid=a=b==; Path=/'], 'sid=a=b=='],
  ['deleted by Max-Age', ['sid=abc', 'sid=x; Max-Age=0'], undefined],
  ['deleted by a negative Max-Age', ['sid=abc', 'sid=x; max-age=-1'], undefined],
  ['deleted by any date that is over', ['sid=abc', 'sid=x; Expires=Wed, 01 Jan 2020 00:00:00 GMT'], undefined],
  ['Max-Age counts more than Expires', ['sid=abc; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], 'sid=abc'],
  ['a Max-Age that is no number does not count', ['sid=abc; Max-Age=0x0'], 'sid=abc'],
  ['deleted by an empty value', ['sid=abc', 'sid='], undefined],
  ['as long as a browser takes it', [`sid=${'x'.repeat(4_093)}`], `sid=${'x'.repeat(4_093)}`],
  ['longer than a browser takes it', [`sid=${'x'.repeat(4_094)}`], undefined],
  ['a megabyte', [`sid=${'x'.repeat(1_000_000)}`, 'other=1'], 'other=1'],
  ['a line that would begin another header', ['sid=abc\r\nX-Injected: yes', 'other=1'], 'other=1'],
  ['a control character', ['sid=a\u0000b', 'other=1'], 'other=1'],
  ['nothing but signs', [';;;', '=', ''], undefined],
])('%s', (_name, lines, expected) => {
  expect(kept(...lines)).toBe(expected)
})
test('ten thousand cookies are not all kept', () => {
  const lines = Array.from({ length: 10_000 }, (_, index) => `c${index}=${index}`)
  const header = kept('sid=abc', ...lines, 'sid=def') ?? ''
  expect(header.split('; ')).toHaveLength(100)
  expect(header).toContain('sid=def')
})
test('a copy is one of its own', () => {
  const cookies = new Cookies()
  cookies.set('sid', 'abc')
  const copy = cookies.copy()
  copy.set('sid', 'def')
  expect([cookies.get('sid'), copy.get('sid')]).toEqual(['abc', 'def'])
  expect(copy.garbled()).toMatch(/^sid=(?!def).+/)
})
