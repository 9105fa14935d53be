import { describe, expect, it } from 'vitest'
import { parseJsonPath, readJsonPath } from './json-path.ts'

const read = (document: unknown, path: string) => {
  const parsed = parseJsonPath(path)
  if (!parsed.ok) return parsed.error
  return readJsonPath(document, parsed.segments)
}

describe('json-path', () => {
  const document = { a: { b: [10, { c: null }] }, 'x y': 1, "it's": 2, 'memory-cache': 'ok', ü: 3, list: [1, 2], '': 4 }

  it.each([
    ['$', { found: true, value: document }],
    ['$.a.b[0]', { found: true, value: 10 }],
    ['$.a.b[1].c', { found: true, value: null }],
    ["$['x y']", { found: true, value: 1 }],
    ['$["it\'s"]', { found: true, value: 2 }],
    ["$['it\\'s']", { found: true, value: 2 }],
    ["$['\\u0061'].b[0]", { found: true, value: 10 }],
    ["$['memory-cache']", { found: true, value: 'ok' }],
    ['$.ü', { found: true, value: 3 }],
    ["$['']", { found: true, value: 4 }],
    ['$.a.missing', { found: false }],
    ['$.a.b[2]', { found: false }],
    ['$.list.length', { found: false }],
    ["$['list']['0']", { found: false }],
    ['$.a[0]', { found: false }],
    ['$.toString', { found: false }],
    ['$.__proto__', { found: false }],
    ['$.constructor', { found: false }],
  ])('%s', (path, expected) => {
    expect(read(document, path)).toEqual(expected)
  })

  it.each([
    '',
    'a.b',
    'status',
    '$.',
    '$..a',
    '$.*',
    '$[*]',
    '$[-1]',
    '$[01]',
    '$[1:2]',
    '$[?@.a]',
    '$.a-b',
    '$ .a',
    '$.a ',
    '$[a]',
    "$['a",
    "$['\\q']",
    '$.1a',
    '$[99999999999]',
    '$a',
  ])('refuses %j', (path) => {
    expect(parseJsonPath(path)).toMatchObject({ ok: false })
  })

  it('says what would be right and survives huge input', () => {
    expect(parseJsonPath('status')).toMatchObject({ error: expect.stringContaining('$.status') })
    expect(parseJsonPath(`$${'.a'.repeat(32_768)}`)).toMatchObject({ ok: false })
    expect(readJsonPath(undefined, ['a'])).toEqual({ found: false })
  })
})
