import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { enhancedCode, readExtensions, readReply, readReplyLine } from './smtp-reply.ts'

const reply = (...lines: string[]) => {
  const read = readReply(lines)
  if (!read.ok) throw new Error(read.error)
  return read.value
}

describe('lines of a reply', () => {
  test.each([
    ['250 OK', { code: 250, last: true, text: 'OK' }],
    ['250-First line', { code: 250, last: false, text: 'First line' }],
    ['250', { code: 250, last: true, text: '' }],
    ['250 ', { code: 250, last: true, text: '' }],
    ['250-', { code: 250, last: false, text: '' }],
    ['554 5.7.1 \u0000\u0007', { code: 554, last: true, text: '5.7.1 \u0000\u0007' }],
    ['299 x', { code: 299, last: true, text: 'x' }],
  ])('%j', (line, value) => expect(readReplyLine(line)).toEqual(value))
  test.each(['', ' 250 OK', '25 OK', '2500 OK', '150 preliminary', '650 no', '250_OK', '250\tOK', 'OK 250', '٢٥٠ OK', 'HTTP/1.1 400 Bad Request'])(
    '%j is none',
    (line) => expect(readReplyLine(line)).toBeUndefined(),
  )
})

describe('whole replies', () => {
  test('RFC 5321 §4.2.1: several lines of one code', () => {
    expect(reply('250-First line', '250-Second line', '250-234 Text beginning with numbers', '250 The last line')).toEqual({
      code: 250,
      lines: ['First line', 'Second line', '234 Text beginning with numbers', 'The last line'],
    })
  })
  test.each([
    [[], 'there is no line'],
    [['hello'], 'line 1 does not begin with a reply code'],
    [['250-one', '550 two'], 'line 2 has the code 550 in a reply of 250'],
    [['250 one', '250 two'], 'line 1 ends the reply, and more follows'],
    [['250-one'], 'the reply does not end'],
    [['250-one', 'two'], 'line 2 does not begin with a reply code'],
  ])('%j is refused', (lines, error) => expect(readReply(lines)).toEqual({ ok: false, error }))
  test('64 kB of one line are read as they are', () => expect(reply(`250 ${'x'.repeat(65_536)}`).lines[0]).toHaveLength(65_536))
})

describe('enhanced codes', () => {
  test.each([
    [554, '5.7.1 Relay access denied', '5.7.1'],
    [250, '2.1.5', '2.1.5'],
    [550, '5.1.10 no', '5.1.10'],
    [550, '2.1.5 of another class', undefined],
    [550, '5.7 half', undefined],
    [550, '5.07.1 leading zero', undefined],
    [550, '5.7.1000 too long', undefined],
    [550, '5.7.1x', undefined],
    [334, '3.0.0 there is no such class', undefined],
    [550, '', undefined],
  ])('%i %j', (code, text, value) => expect(enhancedCode(code, text)).toBe(value))
})

describe('what EHLO is answered', () => {
  test('RFC 4954 and RFC 1870, any case, duplicates', () => {
    expect(
      readExtensions(reply('250-mx.example.com hello', '250-auth plain LOGIN', '250-AUTH=LOGIN XOAUTH2', '250-Size 20971520', '250-STARTTLS', '250 8bitmime')),
    ).toEqual({
      name: 'mx.example.com',
      keywords: ['AUTH', 'SIZE', 'STARTTLS', '8BITMIME'],
      auth: ['PLAIN', 'LOGIN', 'XOAUTH2'],
      sizeBytes: 20_971_520,
    })
  })
  test.each([
    ['SIZE', 0],
    ['SIZE 0', 0],
    ['SIZE many', undefined],
    ['SIZE 1e9', undefined],
    ['SIZE -1', undefined],
    ['SIZE 9999999999999999999', undefined],
    ['SIZE  1000', 1000],
    ['SIZES 5', undefined],
  ])('%j', (word, size) => expect(readExtensions(reply('250-a', `250 ${word}`)).sizeBytes).toBe(size))
  test('AUTH without mechanisms is offered, and empty', () => expect(readExtensions(reply('250-a', '250 AUTH')).auth).toEqual([]))
  test('AUTHENTIC is no AUTH', () => expect(readExtensions(reply('250-a', '250 AUTHENTIC PLAIN')).auth).toBeUndefined())
  test('a single line offers nothing', () => expect(readExtensions(reply('250 AUTH'))).toEqual({ name: 'AUTH', keywords: [] }))
  test('a keyword in the first line is a name', () => expect(readExtensions(reply('250-STARTTLS', '250 SIZE')).keywords).toEqual(['SIZE']))
})

describe('whatever comes', () => {
  test('never throws, and what it accepts it can say again', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ maxLength: 40 }), fc.stringMatching(/^[0-9]{3}[ -].{0,20}$/)), { maxLength: 6 }), (lines) => {
        const read = readReply(lines)
        if (!read.ok) return
        const again = read.value.lines.map((text, index) => `${read.value.code}${index === lines.length - 1 ? ' ' : '-'}${text}`)
        expect(readReply(again)).toEqual(read)
        readExtensions(read.value)
      }),
      { numRuns: 3_000 },
    )
  })
})
