/**
 * Looks over the rows of COPY blocks, which is where nearly every byte of a dump is: how many lines they have, and whether one may close the block. With the
 * vector instructions that WebAssembly has, from a function that is assembled here; four bytes at a time where there are none.
 */
import { type Assembled, compile, type Compiled, constant, eachStep, get, load, set } from './vectors.ts'

const LF = 0x0a

/** Line feeds from one place to before another, four bytes at a time: a zero byte of `word ^ 0a0a0a0a` sets the highest bit of its lane. */
export function feedsByWords(bytes: Buffer, from: number, to: number): number {
  let count = 0
  let at = from
  while (at < to && ((bytes.byteOffset + at) & 3) !== 0) {
    if (bytes[at] === LF) count += 1
    at += 1
  }
  const length = (to - at) >> 2
  if (length > 0) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, length)
    for (let index = 0; index < length; ) {
      // A lane counts to 255.
      const end = Math.min(length, index + 255)
      let lanes = 0
      for (; index < end; index += 1) {
        const word = (words[index] as number) ^ 0x0a0a0a0a
        lanes += ~(((word & 0x7f7f7f7f) + 0x7f7f7f7f) | word | 0x7f7f7f7f) >>> 7
      }
      count += (lanes & 255) + ((lanes >>> 8) & 255) + ((lanes >>> 16) & 255) + (lanes >>> 24)
    }
    at += length * 4
  }
  for (; at < to; at += 1) if (bytes[at] === LF) count += 1
  return count
}

/** Bytes that the function looks over in one call, and in one turn of its loop. */
const BLOCK = 64 * 1024
const STEP = 64
const VECTOR = 16

/**
 * Over the memory from 0 to its argument, a multiple of {@link STEP}; twice the number of line feeds, and one more where a line feed, a
 * backslash and a dot follow each other. It reads two bytes beyond `end`.
 */
function assemble(): Assembled {
  const [END, AT, COUNT, FEED, SLASH, DOT, FOUND, HERE] = [0, 1, 2, 3, 4, 5, 6, 7]
  const splat = (byte: number, local: number): readonly number[] => [...constant(byte), 0xfd, 0x0f, ...set(local)]
  /** i8x16.eq of v128.load with a local. */
  const equal = (offset: number, local: number): readonly number[] => [...get(AT), ...load(offset), ...get(local), 0xfd, 0x23]
  const tee = (local: number): readonly number[] => [0x22, local]
  const AND = [0xfd, 0x4e]
  const OR = [0xfd, 0x50]
  /** i8x16.bitmask, i32.popcnt, i32.add. */
  const POPULATION = [0xfd, 0x64, 0x69, 0x6a]
  /** i32.const 1, i32.shl. */
  const TWICE = [...constant(1), 0x74]
  /** v128.any_true, i32.add. */
  const ANY_TRUE_ADDED = [0xfd, 0x53, 0x6a]
  const vector = (offset: number): readonly number[] => [
    // COUNT += popcnt(bitmask(HERE = bytes = LF))
    ...get(COUNT),
    ...equal(offset, FEED),
    ...tee(HERE),
    ...POPULATION,
    ...set(COUNT),
    // FOUND |= HERE & the next are backslashes & the ones after are dots
    ...get(HERE),
    ...equal(offset + 1, SLASH),
    ...AND,
    ...equal(offset + 2, DOT),
    ...AND,
    ...get(FOUND),
    ...OR,
    ...set(FOUND),
  ]
  const offsets = Array.from({ length: STEP / VECTOR }, (_, index) => index * VECTOR)
  const code = [
    ...splat(LF, FEED),
    ...splat(0x5c, SLASH),
    ...splat(0x2e, DOT),
    ...eachStep(AT, END, STEP, offsets.flatMap(vector)),
    ...get(COUNT),
    ...TWICE,
    ...get(FOUND),
    ...ANY_TRUE_ADDED,
  ]
  return { integers: 2, vectors: 5, code, pages: 2 }
}
const vectors = compile(assemble())

/** Are there any? For whoever measures. */
export const vectorised = vectors !== undefined

/** The first look is short: of many small tables each block ends soon. */
const FIRST = 4096
const CLOSING = '\n\\.'

function feedsByVectors({ memory, call }: Compiled, bytes: Buffer, from: number, to: number, untilClosing: boolean): number | undefined {
  let feeds = 0
  let end = from
  for (let at = from; at < to; at = end) {
    end = Math.min(to, at + (untilClosing && at === from ? FIRST : BLOCK))
    // Two more, for a line that begins at the end of the block; after the last bytes zeros.
    const copied = bytes.copy(memory, 0, at, Math.min(to, end + 2))
    const steps = Math.ceil((end - at) / STEP) * STEP
    if (copied < steps + 2) memory.fill(0, copied, steps + 2)
    const seen = call(steps)
    if (untilClosing && (seen & 1) === 1) return undefined
    feeds += seen >>> 1
  }
  return feeds
}

/** Line feeds from one place to before another; undefined where a line feed, a backslash and a dot among them may be the end of a COPY block. */
export const feedsWithin = (bytes: Buffer, from: number, to: number): number | undefined =>
  vectors === undefined ? feedsWithinByWords(bytes, from, to) : feedsByVectors(vectors, bytes, from, to, true)
export const feedsWithinByWords = (bytes: Buffer, from: number, to: number): number | undefined =>
  bytes.subarray(from, to).includes(CLOSING) ? undefined : feedsByWords(bytes, from, to)

export const countLineFeeds = (bytes: Buffer, from: number, to: number): number =>
  (vectors === undefined || to - from < STEP ? undefined : feedsByVectors(vectors, bytes, from, to, false)) ?? feedsByWords(bytes, from, to)
