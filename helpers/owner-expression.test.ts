import { describe, expect, it } from 'vitest'
import { ownerExpression, search } from './owner-expression.ts'

const EXPLODES = '^(a+)+$'
const MADE_FOR_IT = `${'a'.repeat(4_000)}!`

describe('expressions of the owner', () => {
  it('find what stands there, and its groups', () => {
    expect(search(/t=(\w+)(;)?/, 'x t=abc y')).toEqual({ ok: true, match: ['t=abc', 'abc', undefined] })
    expect(search(/a(b)/, 'ab')).toEqual({ ok: true, match: ['ab', 'b'] })
    expect(search(/^\p{L}+$/u, 'é')).toEqual({ ok: true, match: ['é'] })
    expect(search(/x+/, 'y')).toEqual({ ok: true })
    expect(search(/x/, 'y')).toEqual({ ok: true })
  })
  it('are stopped where they would take for ever, and work again afterwards', () => {
    expect(search(new RegExp(EXPLODES), MADE_FOR_IT, 20)).toMatchObject({
      ok: false,
      why: expect.stringMatching(/^\/\^\(a\+\)\+\$\/ was not done with 4001 characters after 0\.02 s; /),
    })
    expect(search(new RegExp(EXPLODES), 'aaa')).toMatchObject({ ok: true, match: ['aaa', 'aaa'] })
  })
  it('are used by probes like their own', () => {
    const token = ownerExpression('token=([a-z]+)')
    expect([token.test('token=abc'), token.test('none'), token.exec('token=abc')?.[1], token.exec('none')]).toEqual([true, false, 'abc', null])
  })
})
