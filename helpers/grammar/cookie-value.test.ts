import { createHash, randomBytes, randomUUID } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { bigIpAddress, contentOf, guessability } from './cookie-value.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64url')

describe('content', () => {
  it.each([
    [base64('{"user":"ann"}'), true, false],
    [`${base64('{"alg":"HS256"}')}.${base64('{"sub":"1"}')}.${randomBytes(32).toString('base64url')}`, true, true],
    ['j%3A%7B%22a%22%3A1%7D', true, false],
    ['%7B%22a%22%3A%221.2%22%7D', true, false],
    [encodeURIComponent('a:1:{s:4:"user";s:3:"ann";}'), true, false],
    [`${base64('{"flash":{}}')}--${'0'.repeat(40)}`, true, true],
    [`s%3A${randomBytes(24).toString('base64url')}.${randomBytes(32).toString('base64url')}`, false, true],
    [randomBytes(16).toString('hex'), false, false],
    [randomUUID(), false, false],
    ['', false, false],
    ['%E0%A4%A', false, false],
  ])('%s', (value, data, signed) => expect(contentOf(value)).toMatchObject({ data, signed }))

  it('random bytes are never taken for text', () => {
    for (let turn = 0; turn < 500; turn += 1) {
      expect(contentOf(randomBytes(24).toString('base64url')).texts).toHaveLength(1)
      expect(contentOf(randomBytes(16).toString('hex')).texts).toHaveLength(1)
    }
  })
  it('shows what is packed', () => {
    expect(contentOf(base64('mail=ann@example.com')).texts).toContain('mail=ann@example.com')
    expect(contentOf('a%40b').texts).toEqual(['a@b'])
  })
  it('survives 64 kB and rubbish', () => {
    expect(contentOf('.'.repeat(65_536)).data).toBe(false)
    expect(contentOf('{'.repeat(65_536)).data).toBe(false)
  })
})

describe('BIG-IP', () => {
  it.each([
    ['1677787402.36895.0000', '10.1.1.100:8080'],
    ['1677787402.36895.00001', undefined],
    ['9999999999.1.0000', undefined],
    ['1677787402.99999.0000', undefined],
    ['3f9c', undefined],
  ])('%s', (value, address) => expect(bigIpAddress(value)).toBe(address))
})

describe('guessability', () => {
  const five = (make: (index: number) => string): string[] => Array.from({ length: 5 }, (_, index) => make(index))
  it.each([
    ['192 random bits', five(() => randomBytes(24).toString('base64url'))],
    ['128 random bits in hex', five(() => randomBytes(16).toString('hex'))],
    ['a random UUID', five(() => randomUUID())],
    ['behind a fixed prefix', five(() => `sess_${randomBytes(20).toString('hex')}`)],
    ['signed', five(() => `s%3A${randomBytes(24).toString('base64url')}.${randomBytes(32).toString('base64url')}`)],
    ['the hash of a counter cannot be told from it', five((index) => createHash('sha256').update(String(index)).digest('hex'))],
  ])('%s', (_what, values) => {
    const seen = guessability(values)
    expect(seen.bits).toBeGreaterThanOrEqual(112)
    expect(seen).toMatchObject({ repeats: false, ordered: false })
  })
  it.each([
    ['a counter', five((index) => String(100_000 + index * 3))],
    ['counting down', five((index) => String(100_000 - index))],
    ['a counter with a prefix', five((index) => `user-session-${41 + index}`)],
    ['a counter in hex', five((index) => (0xfffffff0 + index).toString(16).padStart(32, '0'))],
    ['milliseconds', five((index) => String(1_795_260_000_000 + index * 7))],
    ['a time-based UUID', five((index) => `${(0x6ba7b810 + index * 99).toString(16)}-9dad-11d1-80b4-00c04fd430c8`)],
  ])('%s', (_what, values) => expect(guessability(values).ordered).toBe(true))
  it('one value for everybody', () => expect(guessability(five(() => 'a'.repeat(64)))).toMatchObject({ bits: 0, repeats: true }))
  it('short, and long only by what never changes', () => {
    expect(guessability(five(() => randomBytes(4).toString('hex'))).bits).toBeLessThanOrEqual(32)
    expect(guessability(five(() => `${'f'.repeat(64)}${randomBytes(4).toString('hex')}`)).bits).toBeLessThanOrEqual(32)
    expect(guessability(five(() => `s%3A${randomBytes(4).toString('hex')}.${randomBytes(32).toString('base64url')}`)).bits).toBeLessThanOrEqual(48)
  })
  it('random decimals are no counter', () => {
    for (let turn = 0; turn < 200; turn += 1) expect(guessability(five(() => BigInt(`0x${randomBytes(16).toString('hex')}`).toString())).ordered).toBe(false)
  })
  it('an empty value', () => expect(guessability(['', '']).bits).toBe(0))
})

test('whatever comes: an answer, no throw', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 60 }), { minLength: 2, maxLength: 5 }), (values) => {
      expect(contentOf(values[0] as string).texts.length).toBeGreaterThan(0)
      const { bits } = guessability(values)
      expect(Number.isFinite(bits) && bits >= 0).toBe(true)
    }),
    { numRuns: 1000 },
  )
})
