import { describe, expect, it } from 'vitest'
import { allowsHeader, allowsMethod, exposesHeader, originGrant, readCors } from './cors.ts'

const O = 'https://app.example.com'
const acao = (...values: string[]) => readCors(values.map((value) => ['Access-Control-Allow-Origin', value] as const))

describe('cors', () => {
  it.each([
    [acao(O), 'exact'],
    [acao(` ${O} `), 'exact'],
    [acao('*'), 'any'],
    [acao(), 'none'],
    [acao(''), 'none'],
    [acao(`${O}/`), 'none'],
    [acao(O.toUpperCase()), 'none'],
    [acao(O, O), 'list'],
    [acao(`${O}, https://b.example`), 'list'],
    [acao(`${O} https://b.example`), 'list'],
    [acao('*, *'), 'list'],
    [acao('*', O), 'list'],
    [acao('https://app.example.com.evil.test'), 'none'],
  ])('grants %#', (cors, grant) => expect(originGrant(cors, O)).toBe(grant))

  it.each([
    [['true'], true],
    [['True'], false],
    [['TRUE'], false],
    [['1'], false],
    [['true', 'true'], false],
    [['true, true'], false],
    [[], false],
  ])('credentials %j', (values, granted) => {
    expect(readCors(values.map((value) => ['access-control-allow-credentials', value] as const)).credentials).toBe(granted)
  })

  it('reads lists over lines, methods by case, names in any case', () => {
    const cors = readCors([
      ['Access-Control-Allow-Methods', 'PUT, patch,,'],
      ['access-control-allow-methods', 'DELETE'],
      ['Access-Control-Allow-Headers', 'X-A, Content-Type'],
      ['Vary', 'Accept-Encoding, ORIGIN'],
      ['Access-Control-Max-Age', '600'],
    ])
    expect(cors.methods).toEqual(['PUT', 'patch', 'DELETE'])
    expect(allowsMethod(cors, 'PATCH', false)).toBe(false)
    expect(allowsMethod(cors, 'POST', true)).toBe(true)
    expect(allowsHeader(cors, 'x-a', true)).toBe(true)
    expect(allowsHeader(cors, 'authorization', true)).toBe(false)
    expect(cors.vary).toEqual(['accept-encoding', 'origin'])
    expect(cors.maxAge).toBe(600)
  })

  it('a wildcard is literal with credentials and never covers Authorization', () => {
    const cors = readCors([
      ['Access-Control-Allow-Methods', '*'],
      ['Access-Control-Allow-Headers', '*'],
    ])
    expect([allowsMethod(cors, 'PUT', false), allowsMethod(cors, 'PUT', true)]).toEqual([true, false])
    expect([allowsHeader(cors, 'x-a', false), allowsHeader(cors, 'x-a', true), allowsHeader(cors, 'Authorization', false)]).toEqual([true, false, false])
  })

  it('exposes safelisted names always, others by name, all by * without credentials', () => {
    const named = readCors([['Access-Control-Expose-Headers', 'X-Total, retry-after']])
    expect([exposesHeader(named, 'x-total', true), exposesHeader(named, 'Content-Type', true), exposesHeader(named, 'etag', true)]).toEqual([true, true, false])
    const star = readCors([['Access-Control-Expose-Headers', '*']])
    expect([exposesHeader(star, 'etag', false), exposesHeader(star, 'etag', true)]).toEqual([true, false])
    expect(readCors([]).exposed).toBeUndefined()
  })

  it.each([
    [['true'], true],
    [['TRUE'], false],
    [['true', 'true'], false],
    [[], false],
  ])('private network %j', (values, granted) => {
    expect(readCors(values.map((value) => ['Access-Control-Allow-Private-Network', value] as const)).privateNetwork).toBe(granted)
  })

  it('survives rubbish', () => {
    expect(readCors([['access-control-max-age', '-1']]).maxAge).toBe('invalid')
    expect(readCors([['access-control-max-age', '1e3']]).maxAge).toBe('invalid')
    expect(readCors([['access-control-allow-methods', 'GE T,\u0001']]).malformed).toHaveLength(2)
    expect(readCors([['access-control-allow-headers', 'a,'.repeat(32_768)]]).headers).toHaveLength(256)
  })
})
