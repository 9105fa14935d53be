import { expect, test } from 'vitest'
import { readStartTags } from './html.ts'

const plain = (html: string) => readStartTags(html).tags.map((tag) => [tag.name, Object.fromEntries(tag.attributes)])

test.each([
  ['names in any case', '<!doctype html><HTML LANG=en>', [['html', { lang: 'en' }]]],
  ['quotes of both kinds, none, and no value', `<a b="1 > 2" c='3' d=4 e>`, [['a', { b: '1 > 2', c: '3', d: '4', e: '' }]]],
  ['the first of duplicates', '<img src="a" SRC="b">', [['img', { src: 'a' }]]],
  ['references', '<a href="?a=1&amp;b=2&#x26;c&#61;&quot;">', [['a', { href: '?a=1&b=2&c="' }]]],
  ['unknown references stay', '<a href="?a&nosuch;b&c=d">', [['a', { href: '?a&nosuch;b&c=d' }]]],
  ['nothing in comments', '<!-- <script src=x> --><b>', [['b', {}]]],
  ['comments that end with a mark of exclamation', '<!-- a --!><b>', [['b', {}]]],
  [
    'letters that grow when they are made small',
    '<title>İİİİİİİİ</title><script src=x></script>',
    [
      ['title', {}],
      ['script', { src: 'x' }],
    ],
  ],
  [
    'a tag in raw text that only looks like its end',
    '<title>İ</tİtle></title><p>',
    [
      ['title', {}],
      ['p', {}],
    ],
  ],
  [
    'comments that end at once',
    '<!--><b><!---><i>',
    [
      ['b', {}],
      ['i', {}],
    ],
  ],
  [
    'nothing in raw text',
    '<noscript><img src=x></noscript><title><b></title><textarea><i></textarea><p>',
    [
      ['noscript', {}],
      ['title', {}],
      ['textarea', {}],
      ['p', {}],
    ],
  ],
  [
    'a closing tag inside a string does close',
    `<script>'</script>'<b>`,
    [
      ['script', {}],
      ['b', {}],
    ],
  ],
  ['no tag after a bare less-than', '1 < 2 <b>', [['b', {}]]],
  [
    'self-closing',
    '<br/><img src=a/>',
    [
      ['br', {}],
      ['img', { src: 'a/' }],
    ],
  ],
  ['a slash between attributes', '<img/src="a"/alt="b">', [['img', { src: 'a', alt: 'b' }]]],
  ['an unfinished tag is none', '<b><img src="a', [['b', {}]]],
  ['nothing', '', []],
])('%s', (_, html, expected) => expect(plain(html)).toEqual(expected))

test('script text is kept, even when it is never closed', () => {
  expect(readStartTags('<script>let a = "</scripty>"</script >').tags[0]?.text).toBe('let a = "</scripty>"')
  expect(readStartTags('<script>open').tags[0]?.text).toBe('open')
})

test('hostile documents cost time in proportion', () => {
  const started = performance.now()
  for (const html of [
    '<'.repeat(100_000),
    '<a '.repeat(50_000),
    '<!--'.repeat(50_000),
    '<script>'.repeat(50_000),
    `<a ${'b '.repeat(100_000)}`,
    `<a b="${'x'.repeat(500_000)}`,
  ])
    readStartTags(html)
  expect(performance.now() - started).toBeLessThan(2000)
  expect(readStartTags('<b>'.repeat(30_000)).cut).toBe(true)
})
