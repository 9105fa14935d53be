/**
 * RSA keys that are long enough and weak all the same (CA/Browser Forum BR §6.1.1.3): moduli of the ROCA library (CVE-2017-15361), primes that lie
 * too close together, small factors. Pure; only the public key is looked at. Debian's weak keys (CVE-2008-0166) need a list of some MB and are not.
 */
import { certificateLinks } from './certificate.ts'
import { derChildren, readDer } from './der.ts'

export type RsaWeakness = 'roca' | 'close-primes' | 'small-factor'

const PRIMES: readonly number[] = (() => {
  const found: number[] = []
  for (let candidate = 3; candidate <= 751; candidate += 2) if (found.every((prime) => candidate % prime !== 0)) found.push(candidate)
  return found
})()

/** Primes up to 167 whose residues ROCA moduli share: N mod p is always a power of 65537. All of them by chance: less than once in 2^27. */
const ROCA: readonly { readonly prime: bigint; readonly residues: ReadonlySet<bigint> }[] = PRIMES.filter((prime) => prime <= 167).map((small) => {
  const prime = BigInt(small)
  const residues = new Set<bigint>()
  for (let power = 1n; !residues.has(power); power = (power * 65_537n) % prime) residues.add(power)
  return { prime, residues }
})

const FERMAT_ROUNDS = 100
const MOST_BITS = 16_384

function squareRoot(value: bigint): bigint {
  let guess = 1n << BigInt((value.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (guess + value / guess) >> 1n
    if (next >= guess) return guess
    guess = next
  }
}

export function rsaWeakness(modulus: bigint): RsaWeakness | undefined {
  if (modulus < 9n || modulus.toString(16).length * 4 > MOST_BITS) return undefined
  if (modulus % 2n === 0n || PRIMES.some((prime) => modulus % BigInt(prime) === 0n)) return 'small-factor'
  if (ROCA.every(({ prime, residues }) => residues.has(modulus % prime))) return 'roca'
  // Fermat: N = a² − b² with a just above the root.
  let a = squareRoot(modulus)
  if (a * a < modulus) a += 1n
  for (let round = 0; round < FERMAT_ROUNDS; round += 1, a += 1n) {
    const rest = a * a - modulus
    // Squares end in few ways: most roots need not be drawn.
    if (![0n, 1n, 4n, 9n].includes(rest & 15n)) continue
    const b = squareRoot(rest)
    if (b * b === rest) return 'close-primes'
  }
  return undefined
}

/** Modulus of a certificate's key; undefined for other keys and where it cannot be read. */
export function rsaModulus(raw: Uint8Array): bigint | undefined {
  const spki = certificateLinks(raw)?.spki
  const outer = spki === undefined ? undefined : readDer(spki)
  const bits = outer?.ok === true ? derChildren(outer.value) : undefined
  const value = bits?.ok === true ? bits.value[1] : undefined
  const key = value === undefined ? undefined : readDer(value.content.subarray(1))
  const numbers = key?.ok === true ? derChildren(key.value) : undefined
  const modulus = numbers?.ok === true && numbers.value.length === 2 ? numbers.value[0] : undefined
  if (modulus === undefined || modulus.tag !== 2 || modulus.content.length > MOST_BITS / 8 + 1) return undefined
  return BigInt(`0x0${Buffer.from(modulus.content).toString('hex')}`)
}
