import { describe, expect, it } from 'vitest'
import { matchValue, REGEX_INPUT_LIMIT, showValue } from './matcher.ts'
import type { Matcher } from './target.ts'

describe('matcher', () => {
  it.each<[Matcher, unknown, boolean]>([
    ['healthy', 'healthy', true],
    ['healthy', 'Healthy', false],
    ['healthy', 'healthy ', false],
    ['healthy', undefined, false],
    ['healthy', ['healthy'], false],
    [1, 1, true],
    [1, '1', false],
    [0, '', false],
    [0, null, false],
    [true, true, true],
    [true, 'true', false],
    [false, 0, false],
    [{ equals: '' }, '', true],
    [{ oneOf: ['ok', 1] }, 1, true],
    [{ oneOf: ['ok', 1] }, '1', false],
    [{ min: 1 }, 1, true],
    [{ min: 1 }, 0.99, false],
    [{ min: 1 }, Number.NaN, false],
    [{ min: 1 }, Number.POSITIVE_INFINITY, false],
    [{ min: 1 }, '5', false],
    [{ max: 5 }, undefined, false],
    [{ min: 1, max: 3 }, 2, true],
    [{ min: 1, max: 3 }, 4, false],
    [{ regex: '^v1\\.' }, 'v1.2', true],
    [{ regex: '^v1\\.' }, 'v2', false],
    [{ regex: '^[0-9]+$' }, 42, true],
    [{ regex: '.' }, {}, false],
    [{ regex: '.' }, undefined, false],
    [{ contains: 'sql' }, 'postgresql', true],
    [{ contains: 'a' }, ['a', 'b'], true],
    [{ contains: 'a' }, ['ab'], false],
    [{ contains: 'a' }, { a: 1 }, false],
    [{ type: 'object' }, {}, true],
    [{ type: 'object' }, [], false],
    [{ type: 'object' }, null, false],
    [{ type: 'null' }, null, true],
    [{ type: 'array' }, [], true],
    [{ type: 'string' }, undefined, false],
    [{ present: true }, null, true],
    [{ present: true }, undefined, false],
    [{ present: false }, undefined, true],
    [{ absent: true }, undefined, true],
    [{ absent: true }, '', false],
    [{ absent: false }, 'x', true],
    [{ present: true, contains: 'x' }, 'yx', true],
    [{ present: true, contains: 'x' }, 'y', false],
  ])('%j on %j: %s', (matcher, value, ok) => {
    const result = matchValue(matcher, value)
    expect(result.ok).toBe(ok)
    expect(result.expected).not.toBe('')
    expect(result.received).not.toBe('')
    expect(result.misused).toBeUndefined()
  })

  it.each<[Matcher, string, boolean]>([
    [31536000, '31536000', true],
    [31536000, '31536000x', false],
    [0, '', false],
    [0, ' ', false],
    [{ min: 1 }, '0x10', false],
    [{ min: 1 }, ' 2 ', true],
    [{ max: 5 }, '1e1', false],
    [true, 'true', true],
    [true, 'True', false],
    ['nosniff', 'nosniff', true],
  ])('as text: %j on %j: %s', (matcher, value, ok) => {
    expect(matchValue(matcher, value, { text: true }).ok).toBe(ok)
  })

  it('says what was wanted and what came', () => {
    expect(matchValue({ min: 1, regex: 'x' }, 'abc')).toMatchObject({ ok: false, expected: '≥ 1 and matching /x/', received: '"abc"' })
    expect(matchValue('a', undefined)).toMatchObject({ expected: '"a"', received: 'absent' })
  })

  it('blames the configuration for what cannot be evaluated', () => {
    expect(matchValue({ regex: '(' }, 'x')).toMatchObject({ ok: false, misused: expect.stringContaining('(') })
    expect(matchValue({}, 'x')).toMatchObject({ ok: false, misused: expect.any(String) })
  })

  it('caps what a regular expression sees and what evidence shows', () => {
    expect(matchValue({ regex: '^(a+)+$' }, `${'a'.repeat(REGEX_INPUT_LIMIT)}!`)).toMatchObject({ ok: false, received: expect.stringContaining('longer than') })
    expect(matchValue({ regex: '^(a+)+$' }, `${'a'.repeat(4_000)}!`, { deadlineMs: 20 })).toMatchObject({
      ok: false,
      misused: expect.stringContaining('was not done with 4001 characters'),
    })
    expect(matchValue({ contains: 'z' }, `${'a'.repeat(65_536)}z`)).toMatchObject({ ok: true })
    expect(showValue('a'.repeat(65_536)).length).toBeLessThan(250)
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    expect(showValue(loop)).toBe('no JSON value')
  })
})
