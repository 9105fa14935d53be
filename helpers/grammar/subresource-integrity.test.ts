import { expect, test } from 'vitest'
import { readIntegrity } from './subresource-integrity.ts'

const SHA256 = 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
const SHA384 = `sha384-${Buffer.alloc(48).toString('base64')}`

test.each([
  [SHA256, [['sha256', true]], 0],
  [
    `${SHA384} ${SHA256}`,
    [
      ['sha384', true],
      ['sha256', true],
    ],
    0,
  ],
  [`\n ${SHA384}\t`, [['sha384', true]], 0],
  [`${SHA384}?ct=text/javascript`, [['sha384', true]], 0],
  ['SHA256-47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU', [['sha256', true]], 0],
  ['sha256-abc=', [['sha256', false]], 0],
  [`sha384${SHA256.slice(6)}`, [['sha384', false]], 0],
  ['md5-abc', [], 1],
  ['sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=', [], 1],
  ['sha256', [], 1],
  ['', [], 0],
])('%j', (value, hashes, unknown) => {
  const read = readIntegrity(value)
  expect(read.hashes.map(({ algorithm, wellFormed }) => [algorithm, wellFormed])).toEqual(hashes)
  expect(read.unknown).toHaveLength(unknown)
})
