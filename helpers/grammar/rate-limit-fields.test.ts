import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseQuotas } from './rate-limit-fields.ts'

type Fields = readonly (readonly [string, string])[]
const quotas = (fields: Fields): unknown => {
  const read = parseQuotas(fields)
  return read.ok ? read.quotas : read.error
}

describe('the draft', () => {
  test.each<[Fields, unknown]>([
    [[], []],
    [
      [
        ['RateLimit-Policy', '"burst";q=100;w=60,"daily";q=1000;w=86400'],
        ['RateLimit', '"burst";r=50;t=30'],
      ],
      [
        { form: 'draft', limit: 100, windowSeconds: 60, remaining: 50, resetSeconds: 30 },
        { form: 'draft', limit: 1000, windowSeconds: 86400 },
      ],
    ],
    [[['RateLimit', '"default";r=0;t=10']], [{ form: 'draft', remaining: 0, resetSeconds: 10 }]],
    [[['ratelimit-policy', '"peruser";q=100;w=60;pk=:cHsdsRa894==:']], [{ form: 'draft', limit: 100, windowSeconds: 60 }]],
    [[['RateLimit-Policy', 'default;q=10;w=1']], [{ form: 'draft', limit: 10, windowSeconds: 1 }]],
    [
      [
        ['RateLimit', '"a";r=1'],
        ['RateLimit', '"b";r=2'],
      ],
      [
        { form: 'draft', remaining: 1 },
        { form: 'draft', remaining: 2 },
      ],
    ],
    [
      [
        ['RateLimit', 'limit=100, remaining=50, reset=5'],
        ['RateLimit-Policy', '100;w=10'],
      ],
      [{ form: 'draft-7', limit: 100, remaining: 50, resetSeconds: 5, windowSeconds: 10 }],
    ],
    [
      [
        ['RateLimit-Limit', '100, 100;w=10'],
        ['RateLimit-Remaining', '9'],
        ['RateLimit-Reset', '4'],
      ],
      [{ form: 'draft-6', limit: 100, remaining: 9, resetSeconds: 4 }],
    ],
  ])('%j', (fields, wanted) => {
    expect(quotas(fields)).toEqual(wanted)
  })
})
describe('what came before', () => {
  test.each<[Fields, unknown]>([
    [
      [
        ['X-RateLimit-Limit', '60'],
        ['X-RateLimit-Remaining', '59'],
        ['X-RateLimit-Reset', '30'],
      ],
      [{ form: 'legacy', limit: 60, remaining: 59, resetSeconds: 30 }],
    ],
    [[['x-ratelimit-reset', '1767225600']], [{ form: 'legacy', epoch: true }]],
    [[['X-Rate-Limit-Limit', '5']], [{ form: 'legacy', limit: 5 }]],
    [[['X-RateLimit-Reset', '1767225600.123456']], [{ form: 'legacy', epoch: true }]],
    [
      [
        ['X-RateLimit-Limit', '60'],
        ['X-RateLimit-Limit', '60'],
      ],
      [{ form: 'legacy', limit: 60 }],
    ],
  ])('%j', (fields, wanted) => {
    expect(quotas(fields)).toEqual(wanted)
  })
})
describe('rubbish is a result', () => {
  test.each<[Fields]>([
    [[['RateLimit', '']]],
    [[['RateLimit', '"a"']]],
    [[['RateLimit', '"a";r=-1']]],
    [[['RateLimit', '"a";r=1.5']]],
    [[['RateLimit', '"a";r=ten']]],
    [[['RateLimit', '"a;r=1']]],
    [[['RateLimit', '"a";r=1,']]],
    [[['RateLimit-Policy', '"a";w=60']]],
    [[['RateLimit', 'limit=x, remaining=1']]],
    [[['RateLimit', 'limit=1, limit=1']]],
    [[['X-RateLimit-Limit', 'ten']]],
    [[['X-RateLimit-Remaining', '-1']]],
    [
      [
        ['X-RateLimit-Limit', '5'],
        ['X-RateLimit-Limit', '6'],
      ],
    ],
    [[['RateLimit', `"${'a'.repeat(65_536)}";r=1`]]],
    [[['RateLimit', '"a\u0000";r=1']]],
  ])('%#', (fields) => {
    expect(parseQuotas(fields).ok).toBe(false)
  })
  test('never throws', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('RateLimit', 'RateLimit-Policy', 'X-RateLimit-Limit', 'RateLimit-Reset'), fc.string())),
        (fields) => void parseQuotas(fields),
      ),
    )
  })
})
