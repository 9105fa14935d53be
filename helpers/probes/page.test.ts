import { expect, test } from 'vitest'
import type { HttpObservation } from '../observations.ts'
import { ownAssets, readPage } from './page.ts'

const document = (body: string, more: Partial<HttpObservation> = {}): HttpObservation => ({
  url: 'https://app.example.com/start/',
  method: 'GET',
  status: 200,
  statusText: 'OK',
  httpVersion: '2',
  headers: [['Content-Type', 'text/html; charset=utf-8']],
  body: Buffer.from(body),
  wireBytes: body.length,
  truncated: false,
  decodeFailed: false,
  peer: '127.0.0.1:443',
  reused: true,
  at: '2026-11-21T12:00:00.000Z',
  timings: { ttfbMs: 1, transferMs: 1, totalMs: 2, loopDelayMs: 0 },
  ...more,
})
const urls = (body: string): readonly (string | undefined)[] => readPage(document(body)).references.map((one) => one.url)

test.each<[string, string, readonly (string | undefined)[]]>([
  ['relative to the document', '<script src="a.js"></script><img src=/b.png>', ['https://app.example.com/start/a.js', 'https://app.example.com/b.png']],
  ['relative to the first base', '<base href="/x/"><base href="/y/"><script src=a.js></script>', ['https://app.example.com/x/a.js']],
  ['a base that is no web address is ignored', '<base href="data:,x"><script src=a.js></script>', ['https://app.example.com/start/a.js']],
  ['protocol-relative', '<script src="//cdn.example.net/a.js"></script>', ['https://cdn.example.net/a.js']],
  ['plain http stays', '<iframe src="http://other.example/"></iframe>', ['http://other.example/']],
  ['no URL at all', '<img src="http://[">', [undefined]],
  ['data', '<img src="data:image/gif;base64,R0lGOD">', ['data:image/gif;base64,R0lGOD']],
  [
    'srcset',
    '<img srcset="a.png 1x, b.png 2x"><source srcset="c,d.png 100w, e.png">',
    ['a.png', 'b.png', 'c,d.png', 'e.png'].map((name) => `https://app.example.com/start/${name}`),
  ],
  ['forms and buttons', '<form action="/send"><button formaction="/other">', ['https://app.example.com/send', 'https://app.example.com/other']],
  ['nothing in comments, templates of scripts or noscript', '<!--<img src=a>--><script>"<img src=b>"</script><noscript><img src=c></noscript>', []],
])('references: %s', (_name, body, expected) => expect(urls(body)).toEqual(expected))

test('what a reference carries', () => {
  const page = readPage(
    document(
      '<script SRC="https://cdn.example.net/a.js" integrity="sha384-x" crossorigin nonce=n type=MODULE></script><link rel="Preload StyleSheet" href=a.css><meta http-equiv="Content-Security-Policy" content="default-src \'self\'"><meta name=robots content=noindex><script nonce=q>let x</script>',
    ),
  )
  expect(page.references).toEqual([
    {
      tag: 'script',
      attribute: 'src',
      raw: 'https://cdn.example.net/a.js',
      url: 'https://cdn.example.net/a.js',
      rel: [],
      integrity: 'sha384-x',
      crossorigin: '',
      nonce: 'n',
      type: 'module',
    },
    { tag: 'link', attribute: 'href', raw: 'a.css', url: 'https://app.example.com/start/a.css', rel: ['preload', 'stylesheet'] },
  ])
  expect(page.metas).toEqual([
    { httpEquiv: 'content-security-policy', content: "default-src 'self'" },
    { name: 'robots', content: 'noindex' },
  ])
  expect(page.inlineScripts).toEqual([{ text: 'let x', nonce: 'q' }])
})

test('what is no HTML has no references', () => {
  const page = readPage(document('<script src=a.js></script>', { headers: [['Content-Type', 'application/json']] }))
  expect(page).toMatchObject({ html: false, references: [], base: 'https://app.example.com/start/' })
})

test('a document full of references is cut', () => {
  const page = readPage(document('<img src=a>'.repeat(3000)))
  expect(page.references).toHaveLength(1000)
  expect(page.cut).toBe(true)
})

test('own assets: hosts of the target over https, each once, two of a kind', () => {
  const page = readPage(
    document(`<script src=1.js></script><script src=1.js#x></script><script src=2.js></script><script src=3.js></script>
<link rel=stylesheet href=https://static.example.com/a.css><link rel=canonical href=/c><link rel="shortcut icon" href=/i.ico>
<script src=https://cdn.example.net/x.js></script><script src=http://app.example.com/y.js></script><img src=data:,x><a href=/page>`),
  )
  const { chosen, found } = ownAssets(page, [{ fqdn: 'app.example.com' }, { fqdn: 'static.example.com' }])
  expect(chosen.map((one) => one.url)).toEqual([
    'https://app.example.com/start/1.js',
    'https://app.example.com/start/2.js',
    'https://static.example.com/a.css',
    'https://app.example.com/i.ico',
  ])
  expect(found).toBe(5)
})
