import { expect, test } from 'vitest'
import { readDotenv } from './dotenv.ts'

const names = (text: string): readonly string[] | string => {
  const read = readDotenv(text)
  return read.ok ? read.entries.map(({ name, empty }) => (empty ? `${name} empty` : name)) : read.error
}

test.each<[string, string, readonly string[]]>([
  ['plain', 'A=1\nB=two words\n', ['A', 'B']],
  ['windows line ends and a byte order mark', '\uFEFFA=1\r\nB=2\r\n', ['A', 'B']],
  ['comments and blank lines', '# top\n\nA=1 # why\n  # more\n', ['A']],
  ['export and spaces', 'export A = 1\n  B=2', ['A', 'B']],
  ['quotes', 'A="x # y"\nB=\'it is\' # said\n', ['A', 'B']],
  ['a quoted value over lines', 'KEY="-----BEGIN\nabc=\n-----END"\nB=1', ['KEY', 'B']],
  ['an escaped quote', 'A="say \\"yes\\""\nB=1', ['A', 'B']],
  ['values with equals signs', 'URL=postgres://u:p@h/db?x=y\n', ['URL']],
  ['nothing as value', 'A=\nB=""\nC=\'\'\nD= # later', ['A empty', 'B empty', 'C empty', 'D empty']],
])('%s', (_name, text, expected) => {
  expect(names(text)).toEqual(expected)
})

test.each<[string, string, RegExp]>([
  ['empty', '', /sets nothing/],
  ['comments alone', '# nothing\n', /sets nothing/],
  ['an error page', '<html>\n', /line 1 is no NAME=value/],
  ['a merge conflict', 'A=1\n<<<<<<< HEAD\nB=1\n', /line 2 is no NAME=value/],
  ['a name that is none', '1A=x', /line 1/],
  ['the same name twice', 'A=1\nB=2\nA=3', /A stands in line 1 and in line 3/],
  ['quotes never closed', 'A="x\nB=1\n', /quotes of A in line 1 are never closed/],
  ['more after quotes', 'A="x"y', /after the quotes of A/],
  ['bytes', 'A=1\0', /NUL/],
  ['two megabytes', `A=${'x'.repeat(2 ** 21)}`, /1 MiB/],
])('not: %s', (_name, text, expected) => {
  expect(names(text)).toMatch(expected)
})

test('64 kB of values and control characters are read in no time', () => {
  const text = Array.from({ length: 4000 }, (_, index) => `K${index}=\u0001value ${index}`).join('\n')
  expect(names(text)).toHaveLength(4000)
})
