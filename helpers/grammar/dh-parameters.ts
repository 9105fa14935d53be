/** What can be told of finite-field Diffie-Hellman parameters from outside: size, whether the prime is one, whether the generator is good for anything. */
import { checkPrimeSync, createHash } from 'node:crypto'
import { bitLength } from './der.ts'

export interface DhParameters {
  readonly bits: number
  /** Where the prime is a published one: `ffdhe2048`, `RFC 3526 group 14`, `RFC 2409 group 2`. */
  readonly name?: string
  /** `safe`: (p-1)/2 is prime too, so that no subgroup is small. `untested`: larger than any client would take. */
  readonly prime: 'safe' | 'prime' | 'composite' | 'untested'
  /** `trivial`: 0, 1, p-1 or no element at all; `smooth`: its order has small factors only, so that logarithms are easy (Pohlig-Hellman). */
  readonly generator: 'good' | 'trivial' | 'smooth'
  /** The public value is 0, 1 or p-1: the secret is known to everybody. */
  readonly trivialKey: boolean
}

/** OpenSSL takes no larger ones; testing them would cost seconds. */
const MOST_BITS = 8_192
/** Each round lets a composite pass with less than 1 in 4. */
const ROUNDS = 12
const SMALL_PRIMES_BELOW = 65_536

/**
 * SHA-256 of the prime, big-endian without leading zeros. RFC 7919, 3526, 2409, 5114, and those of 1,024 bits and less that came with servers and
 * that very many share (Adrian et al., Imperfect Forward Secrecy, 2015, §4.1): breaking one breaks them all.
 */
const KNOWN: Readonly<Record<string, readonly [name: string, prime: 'safe' | 'prime']>> = {
  '9cd3b7f336872f46c09428d1bbc19877a4d440512cda8d1c1cf0cd6e33698966': ['ffdhe2048', 'safe'],
  '0eaf67db3a839156d5013494a5318a772b5697d270d721f37f092efc69ea5a17': ['ffdhe3072', 'safe'],
  '4648414224ac881b3d0dc59b466f96d06a558278776807797ecf1f66ff397b3e': ['ffdhe4096', 'safe'],
  '227ac9066b3ddd9e193670cda2388fa884f65ba0cf98b742d1fe77a6687c79c7': ['ffdhe6144', 'safe'],
  '770b14efaf6f049929c523113b3fa99a8d11dab1b18af3609590122075d19833': ['ffdhe8192', 'safe'],
  b52ba6a3026520a6c49d37e4587601801bee500123b3259b6bf03e7cecc3e63d: ['RFC 2409 group 1', 'safe'],
  '3f35a3f5f6c4376a744acad409bb22f8d897f949d2311d885adaa890981b67a0': ['RFC 2409 group 2', 'safe'],
  '64fcc83ec403930bf18393dbc883ccaa1fbb08ac876f77f7aa99748ca945019b': ['RFC 3526 group 5', 'safe'],
  d66436f79bbd6b2e38c0ffbd079be904d2641415e2e67140e09448be9a60890e: ['RFC 3526 group 14', 'safe'],
  '48cf8b092fbce4359d9871abf74f98e25b6163379eaa15cd9087e800c6d1c55c': ['RFC 3526 group 15', 'safe'],
  '4ee95187682bcb230ad26a95205f6920e84708f6251b3894329b09ec23919e33': ['RFC 3526 group 16', 'safe'],
  d1bfe6d0925ce7e4da262b62861514a7755e35831e429f343e7b864848657efd: ['RFC 3526 group 17', 'safe'],
  '39ab4feab950a3128fb71accb9fc3965d857012e081998a85996e3ea8b3c3bcf': ['RFC 3526 group 18', 'safe'],
  '44c55cfee5c075927cf682da5b681bdecbd5c3eb0784c14f5dce7610f0ef133d': ['RFC 5114 §2.1', 'prime'],
  bfe545862ca102ad1eeddb5fbfa5bf855ac4995c56a8b408ce3fe099dce93a9d: ['RFC 5114 §2.2', 'prime'],
  '0b7835722cb619827610c2549fdda5587421686c4409a13865e76225522ddcc9': ['RFC 5114 §2.3', 'prime'],
  bf910d9df4e0b2e76cda7443f592aa118e33ba2c224ebc27fb8978d873c8c2e3: ['that of Apache 2.2', 'safe'],
  '8ae47dca3d24e9b64640062686da234dcabada26b0da6f090c5449c1338d9a11': ['that of nginx before 1.11', 'safe'],
  cc21a33dd1a3edf40bf636b5496e4aede198a437a8548e0cc1a621424e42419b: ['that of Java', 'prime'],
  ee5483fe4b96caa10cb5b863ec409aab2762e6bf43af4a8a0a42817fef4dd7f3: ['that of Java, 768 bits', 'prime'],
  '66d0bf38b0bdfacf2fdae33f35102ab6079fd5ff0feff8e436a4063745c72739': ['that of OpenSSL s_server', 'safe'],
  ef627d8cc44144f36a075d8dd8511bbd278cb5cf438f1052bdbdabe715232c1e: ['that of Postfix', 'safe'],
}

const numberOf = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`))

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  let square = base % modulus
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

let small: readonly bigint[] | undefined
function smallPrimes(): readonly bigint[] {
  if (small !== undefined) return small
  const sieve = new Uint8Array(SMALL_PRIMES_BELOW)
  const found: bigint[] = []
  for (let at = 2; at < SMALL_PRIMES_BELOW; at += 1) {
    if (sieve[at] === 1) continue
    found.push(BigInt(at))
    for (let multiple = at * at; multiple < SMALL_PRIMES_BELOW; multiple += at) sieve[multiple] = 1
  }
  small = found
  return found
}
/** The product of all small prime powers in a number. */
function smoothPart(value: bigint): bigint {
  let part = 1n
  let rest = value
  for (const prime of smallPrimes()) {
    while (rest % prime === 0n) {
      rest /= prime
      part *= prime
    }
  }
  return part
}

const judged = new Map<string, DhParameters>()

/** Bytes as ServerKeyExchange has them (RFC 5246 §7.4.3), big-endian. Never throws; the tests for primes are remembered by value. */
export function readDhParameters(prime: Uint8Array, generator: Uint8Array, publicValue: Uint8Array): DhParameters {
  const bits = bitLength(prime)
  if (bits > MOST_BITS) return { bits, prime: 'untested', generator: 'good', trivialKey: false }
  const p = numberOf(prime)
  const g = numberOf(generator)
  const trivial = (value: bigint): boolean => value <= 1n || value >= p - 1n
  const digest = createHash('sha256')
    .update(prime.subarray(prime.length - Math.ceil(bits / 8)))
    .digest('hex')
  const key = `${digest} ${g.toString(16)}`
  const remembered = judged.get(key)
  if (remembered !== undefined) return { ...remembered, trivialKey: trivial(numberOf(publicValue)) }
  const known = KNOWN[digest]
  const kind = known?.[1] ?? kindOf(p)
  const smooth = (): boolean => kind !== 'safe' && kind !== 'composite' && power(g, smoothPart(p - 1n), p) === 1n
  const made: DhParameters = {
    bits,
    ...(known === undefined ? {} : { name: known[0] }),
    prime: kind,
    generator: trivial(g) ? 'trivial' : smooth() ? 'smooth' : 'good',
    trivialKey: trivial(numberOf(publicValue)),
  }
  if (judged.size > 256) judged.clear()
  judged.set(key, made)
  return made
}

function kindOf(p: bigint): 'safe' | 'prime' | 'composite' {
  if (p < 5n || !checkPrimeSync(p, { checks: ROUNDS })) return 'composite'
  return checkPrimeSync((p - 1n) / 2n, { checks: ROUNDS }) ? 'safe' : 'prime'
}
