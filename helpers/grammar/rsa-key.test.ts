import { generateKeyPairSync, generatePrimeSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { rsaWeakness } from './rsa-key.ts'

const big = (hex: string): bigint => BigInt(`0x${hex}`)
const modulus = (bits: number): bigint => {
  const { n } = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' })
  return big(Buffer.from(n ?? '', 'base64url').toString('hex'))
}

test('ordinary keys are not weak', () => {
  for (let round = 0; round < 10; round += 1) expect(rsaWeakness(modulus(1024))).toBeUndefined()
  expect(rsaWeakness(modulus(2048))).toBeUndefined()
})

test('a modulus of the ROCA library: both primes are powers of 65537 modulo the product of small primes', () => {
  const small: bigint[] = []
  for (let candidate = 2n; candidate <= 167n; candidate += 1n) if (small.every((prime) => candidate % prime !== 0n)) small.push(candidate)
  const product = small.reduce((all, prime) => all * prime, 1n)
  // k·M + (65537^a mod M), as the library made its primes; whether they are prime changes nothing in the marks, as long as no small factor is there.
  const power = (exponent: bigint): bigint => {
    let result = 1n
    for (let index = 0n; index < exponent; index += 1n) result = (result * 65_537n) % product
    return result
  }
  const p = 0x1234_5678_9abc_def1n * product + power(4711n)
  const q = 0x1fed_cba9_8765_4321n * product + power(815n)
  const n = p * q
  const tiny = [...Array(751).keys()].map(BigInt).filter((one) => one > 167n)
  const clean = tiny.every((one) => n % one !== 0n)
  expect(rsaWeakness(n)).toBe(clean ? 'roca' : 'small-factor')
  expect(rsaWeakness(n + 2n)).not.toBe('roca')
})

test('primes close together, and a small factor', () => {
  const p = generatePrimeSync(512, { bigint: true })
  let q = p + 2n
  while (q % 3n === 0n || q % 5n === 0n || q % 7n === 0n || q % 11n === 0n || q % 13n === 0n) q += 2n
  expect(['close-primes', 'small-factor']).toContain(rsaWeakness(p * q))
  expect(rsaWeakness(p * 3n)).toBe('small-factor')
  expect(rsaWeakness(p * 2n)).toBe('small-factor')
})

test('what is no modulus has no weakness, and rubbish ends at once', () => {
  for (const value of [0n, 1n, 8n, 1n << 20_000n]) expect(rsaWeakness(value)).toBeUndefined()
})

test('a hundred rounds of an 8192-bit modulus take no time worth speaking of', () => {
  const n = generatePrimeSync(1024, { bigint: true }) ** 8n - 2n
  const start = performance.now()
  rsaWeakness(n)
  expect(performance.now() - start).toBeLessThan(1500)
})
