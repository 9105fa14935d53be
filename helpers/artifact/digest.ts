/** Comparing in large pieces: what every byte of a backup passes through must cost next to nothing. */
import { createHash } from 'node:crypto'
import { type Assembled, compile, constant, eachStep, get, leb, load, set } from './vectors.ts'

const BLOCK = 65_536
/** Sixteen sums of 32 bits, each over every sixteenth word: what one step of the loop takes. */
const SUMS = 16
const STEP = SUMS * 4
const VECTOR = 16
/** Of FNV-1a for 32 bits: a sum is one to one in each word, so no single change goes unseen. */
const START = 0x811c9dc5
const PRIME = 0x01000193
/** Where the sums lie in the memory: behind the block. */
const SUMS_AT = BLOCK

/** Over the memory from 0 to its argument, a multiple of {@link STEP}: `sum = (sum ^ word) * PRIME` for the sixteen sums behind the block. */
function assemble(): Assembled {
  const [END, HERE, PRIMES, FIRST] = [0, 1, 2, 3]
  const groups = Array.from({ length: STEP / VECTOR }, (_, index) => ({ sum: FIRST + index, offset: index * VECTOR }))
  const store = (offset: number): readonly number[] => [0xfd, 0x0b, 0, ...leb(offset)]
  const XOR = [0xfd, 0x51]
  const MULTIPLY = [0xfd, 0xb5, 0x01]
  const SPLAT = [0xfd, 0x11]
  const code = [
    ...constant(PRIME),
    ...SPLAT,
    ...set(PRIMES),
    ...groups.flatMap(({ sum, offset }) => [...constant(0), ...load(SUMS_AT + offset), ...set(sum)]),
    ...eachStep(
      HERE,
      END,
      STEP,
      groups.flatMap(({ sum, offset }) => [...get(HERE), ...load(offset), ...get(sum), ...XOR, ...get(PRIMES), ...MULTIPLY, ...set(sum)]),
    ),
    ...groups.flatMap(({ sum, offset }) => [...constant(0), ...get(sum), ...store(SUMS_AT + offset)]),
    ...constant(0),
  ]
  return { integers: 1, vectors: 1 + groups.length, code, pages: 2 }
}

/** The same, a word at a time. */
function sumByWords(memory: Uint8Array<ArrayBuffer>, end: number): void {
  const words = new Int32Array(memory.buffer)
  const sums = SUMS_AT / 4
  for (let index = 0; index < end / 4; index += 1) {
    const at = sums + (index % SUMS)
    words[at] = Math.imul((words[at] as number) ^ (words[index] as number), PRIME)
  }
}

export interface ContentDigest {
  update(bytes: Buffer): void
  end(): string
}
/**
 * Tells two contents apart, wherever their chunks end: SHA-256 over sixteen sums of the words. It finds what stood still, no forgery; for that there is the
 * SHA-256 of the file, which costs twenty times as much.
 * @param byWords as on a machine without vectors
 */
export function contentDigest(byWords = false): ContentDigest {
  const vectors = byWords ? undefined : compile(assemble())
  const memory = vectors?.memory ?? new Uint8Array(SUMS_AT + STEP)
  const sum = (end: number): void => void (vectors === undefined ? sumByWords(memory, end) : vectors.call(end))
  new Int32Array(memory.buffer, SUMS_AT, SUMS).fill(START)
  let filled = 0
  let total = 0
  return {
    update(bytes) {
      total += bytes.length
      for (let at = 0; at < bytes.length; ) {
        const copied = bytes.copy(memory, filled, at, at + BLOCK - filled)
        filled += copied
        at += copied
        if (filled < BLOCK) continue
        sum(BLOCK)
        filled = 0
      }
    },
    end() {
      const end = Math.ceil(filled / STEP) * STEP
      memory.fill(0, filled, end)
      sum(end)
      return createHash('sha256')
        .update(memory.subarray(SUMS_AT, SUMS_AT + STEP))
        .update(String(total))
        .digest('hex')
    },
  }
}
