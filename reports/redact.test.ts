import { expect, test } from 'vitest'
import { redactor } from './redact.ts'

const SECRETS = ['"abcdef', '\\"abcdef', 'abc\\\\def', '\\\\\\\\"x"', 'ab\ncd', '\nabcd', '\\\nabcd', 'a.b*c(d', 'ab""cd\\']
const quoted = (text: string, times: number): string => (times === 0 ? text : quoted(JSON.stringify(text).slice(1, -1), times - 1))

test.each(SECRETS.flatMap((secret) => [0, 1, 2].map((times) => [secret, times] as const)))('%j, quoted %i times, is taken out whole', (secret, times) => {
  expect(redactor(new Map([['s', secret]]))(`x ${quoted(secret, times)}.`)).toBe('x <secret>.')
})

test.each(SECRETS)('%j in a text of nothing but backslashes', (secret) => {
  const text = '\\'.repeat(256 * 1024)
  expect(redactor(new Map([['s', secret]]))(text) === text).toBe(true)
})
