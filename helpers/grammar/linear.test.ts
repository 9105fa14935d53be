import { describe, expect, it } from 'vitest'
import { inOrder, tagsOf, withoutBlanks, withoutTags, withoutTrailing } from './linear.ts'

describe('withoutTrailing', () => {
  it.each([
    ['', '=', ''],
    ['abc', '=', 'abc'],
    ['abc==', '=', 'abc'],
    ['a=b=', '=', 'a=b'],
    ['==', '=', ''],
    ['a \t \t', ' \t', 'a'],
    [' a', ' ', ' a'],
    ['a.', '', 'a.'],
    ['a]\\', '\\]', 'a'],
  ])('%j without %j is %j', (text, characters, expected) => {
    expect(withoutTrailing(text, characters)).toBe(expected)
  })

  it('reads a long run that is not at the end once', () => {
    const text = `${'='.repeat(1 << 18)}a`
    expect(withoutTrailing(text, '=')).toBe(text)
    expect(withoutTrailing(`${text}${'='.repeat(1 << 18)}`, '=')).toBe(text)
  })
})

describe('inOrder', () => {
  it.each<[string, readonly RegExp[], boolean]>([
    ['', [], true],
    ['', [/a/], false],
    ['ab', [/a/, /b/], true],
    ['ba', [/a/, /b/], false],
    ['bab', [/a/, /b/], true],
    ['a\nb', [/a/, /b/], true],
    ['AbC', [/a/i, /B/i, /c/i], true],
    ['ac b', [/a/, /b/, /c/], false],
    // A match takes its text: the second pattern begins behind it.
    ['aa', [/a/, /a/], true],
    ['a', [/a/, /a/], false],
    ['aba', [/ab/, /ba/], false],
    ['ab', [/a/, /^b/], false],
    ['ab', [/a/, /\bb/], false],
    ['a\nb', [/a/, /^b/m], true],
  ])('%j, %j: %j', (text, patterns, expected) => {
    expect(inOrder(text, ...patterns)).toBe(expected)
  })

  it('reads a text full of the first pattern once', () => {
    expect(inOrder('<a '.repeat(1 << 18), /<a /, /<b>/)).toBe(false)
    expect(inOrder(`${'<a '.repeat(1 << 18)}<b>`, /<a /, /<b>/)).toBe(true)
  })
})

describe('withoutBlanks', () => {
  it.each<[string, string | undefined, string]>([
    ['', undefined, ''],
    [' \t ', undefined, ''],
    ['\t a b \t', undefined, 'a b'],
    ['\u00a0a\n', undefined, '\u00a0a\n'],
    [' a\n', '\n', ' a'],
  ])('%j without %j is %j', (text, blanks, expected) => {
    expect(withoutBlanks(text, blanks)).toBe(expected)
  })
})

describe('withoutTags and tagsOf', () => {
  it.each<[string, string, readonly string[]]>([
    ['', '', []],
    ['a', 'a', []],
    ['a<b>c</b>d', 'a c d', ['<b>']],
    ['<B x=">">', ' ">', ['<B x=">']],
    ['<b', '<b', []],
    ['<b x <b>1 < 2', ' 1 < 2', ['<b x <b>']],
    ['<body><b\nx>', '  ', ['<b\nx>']],
    ['1 < 2 <b> 3', '1   3', ['<b>']],
  ])('%j', (html, text, tags) => {
    expect(withoutTags(html, ' ')).toBe(text)
    expect(tagsOf(html, 'b')).toEqual(tags)
  })

  it('look once behind what nothing closes', () => {
    const html = '<b '.repeat(1 << 18)
    expect(withoutTags(html, ' ')).toBe(html)
    expect(tagsOf(html, 'b')).toEqual([])
    expect(tagsOf(`${html}>`, 'b')).toHaveLength(1)
  })
})
