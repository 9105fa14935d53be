/** Diffie-Hellman parameters: published primes by name, and what is wrong with rigged ones. */
import { createHash, generatePrimeSync, getDiffieHellman } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readDhParameters } from './dh-parameters.ts'

const TWO = new Uint8Array([2])
const KEY = new Uint8Array([7])
const bytes = (value: bigint): Buffer => {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}
const modp = (name: string): Buffer => getDiffieHellman(name).getPrime()
const value = (prime: Buffer): bigint => BigInt(`0x${prime.toString('hex')}`)

/** e as a fraction of two, to so many bits. */
function euler(bits: bigint): bigint {
  let sum = 0n
  for (let term = 1n << bits, index = 1n; term > 0n; term /= index, index += 1n) sum += term
  return sum
}
/** RFC 7919 appendix A: p = 2^b - 2^(b-64) + (floor(2^(b-130) e) + X) 2^64 - 1. */
const ffdhe = (bits: number, x: number): Buffer => {
  const size = BigInt(bits)
  return bytes((1n << size) - (1n << (size - 64n)) + ((euler(8_400n) >> (8_400n - (size - 130n))) + BigInt(x)) * (1n << 64n) - 1n)
}

describe('published primes are known by value', () => {
  test.each([
    [2048, 560_316],
    [3072, 2_625_351],
    [4096, 5_736_041],
    [6144, 15_705_020],
    [8192, 10_965_728],
  ])('ffdhe%i', (bits, x) => {
    expect(readDhParameters(ffdhe(bits, x), TWO, KEY)).toEqual({ bits, name: `ffdhe${bits}`, prime: 'safe', generator: 'good', trivialKey: false })
  })
  test.each([
    ['modp1', 768, 'RFC 2409 group 1'],
    ['modp2', 1024, 'RFC 2409 group 2'],
    ['modp5', 1536, 'RFC 3526 group 5'],
    ['modp14', 2048, 'RFC 3526 group 14'],
    ['modp15', 3072, 'RFC 3526 group 15'],
    ['modp16', 4096, 'RFC 3526 group 16'],
    ['modp17', 6144, 'RFC 3526 group 17'],
    ['modp18', 8192, 'RFC 3526 group 18'],
  ])('%s', (name, bits, called) => {
    expect(readDhParameters(modp(name), TWO, KEY)).toMatchObject({ bits, name: called, prime: 'safe' })
  })
  test('leading zeros change nothing', () => {
    expect(readDhParameters(Buffer.concat([Buffer.alloc(9), modp('modp2')]), Buffer.from([0, 2]), KEY)).toMatchObject({
      bits: 1024,
      name: 'RFC 2409 group 2',
      generator: 'good',
    })
  })
})

describe('primes nobody has published', () => {
  test('a safe one', () => {
    expect(readDhParameters(Buffer.from(generatePrimeSync(256, { safe: true })), TWO, KEY)).toEqual({
      bits: 256,
      prime: 'safe',
      generator: 'good',
      trivialKey: false,
    })
  })
  test('a prime that is not safe', () => {
    // One more than a multiple of eight: half of what comes before it is even.
    const prime = Buffer.from(generatePrimeSync(512, { add: 8n, rem: 1n }))
    expect(readDhParameters(prime, TWO, KEY)).toMatchObject({ bits: 512, prime: 'prime' })
  })
  test.each([
    ['a product of two primes', (): Buffer => bytes(generatePrimeSync(512, { bigint: true }) * generatePrimeSync(512, { bigint: true }))],
    ['an even number', (): Buffer => bytes(value(modp('modp14')) - 1n)],
    // 1,373,653 passes the test of Miller and Rabin for the bases 2 and 3.
    ['a pseudoprime', (): Buffer => bytes(1_373_653n)],
    ['a Carmichael number', (): Buffer => bytes(561n)],
    ['one', (): Buffer => Buffer.from([1])],
    ['zero', (): Buffer => Buffer.alloc(128)],
    ['nothing', (): Buffer => Buffer.alloc(0)],
  ])('%s is composite', (_what, make) => {
    expect(readDhParameters(make(), TWO, KEY).prime).toBe('composite')
  })
})

describe('generators and public values', () => {
  const p = value(modp('modp14'))
  test.each([
    ['0', new Uint8Array(0)],
    ['1', new Uint8Array([1])],
    ['p-1', bytes(p - 1n)],
    ['p', bytes(p)],
    ['more than p', bytes(p + 5n)],
  ])('%s generates nothing', (_what, generator) => {
    expect(readDhParameters(modp('modp14'), generator, KEY).generator).toBe('trivial')
  })
  test('a generator of small order', () => {
    const prime = generatePrimeSync(512, { add: 2n * 3n * 5n * 7n, rem: 1n, bigint: true })
    const power = (base: bigint, exponent: bigint): bigint =>
      exponent === 0n ? 1n : (power((base * base) % prime, exponent >> 1n) * ((exponent & 1n) === 1n ? base : 1n)) % prime
    const generator = [2n, 3n, 5n, 11n, 13n].map((base) => power(base, (prime - 1n) / 105n)).find((one) => one !== 1n && one !== prime - 1n) ?? 1n
    expect(readDhParameters(bytes(prime), bytes(generator), KEY).generator).toBe('smooth')
  })
  test('the public value is looked at every time', () => {
    expect(readDhParameters(modp('modp14'), TWO, KEY).trivialKey).toBe(false)
    expect(readDhParameters(modp('modp14'), TWO, new Uint8Array([1])).trivialKey).toBe(true)
    expect(readDhParameters(modp('modp14'), TWO, bytes(p - 1n)).trivialKey).toBe(true)
  })
})

test('what is larger than clients take is not tested, and costs nothing', () => {
  const started = performance.now()
  expect(readDhParameters(Buffer.alloc(65_535, 0xff), TWO, KEY)).toEqual({ bits: 524_280, prime: 'untested', generator: 'good', trivialKey: false })
  expect(performance.now() - started).toBeLessThan(100)
})

test('any bytes at all are answered', () => {
  for (let round = 0; round < 200; round += 1) {
    const noise = createHash('sha512')
      .update(String(round))
      .digest()
      .subarray(0, round % 64)
    expect(['safe', 'prime', 'composite']).toContain(readDhParameters(noise, noise.subarray(3), noise.subarray(1)).prime)
  }
})
