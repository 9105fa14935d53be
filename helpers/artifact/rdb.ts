/** Counts the keys of an RDB snapshot while its bytes come by: numbers alone, no key and no value (rdb.h and rdb.c of Redis 7 and Valkey 8). */
import type { SnapshotKeys } from './facts.ts'

/** So many bytes, of a negative number: to be passed over. */
type Want = number
type Walk = Generator<Want, void, Buffer>
/** What is read of bytes for which nothing is needed but their number. */
type Reading<T> = Generator<Want, T, Buffer>

/** A kind that we do not know: nothing tells where the next key begins. */
class Unknown extends Error {
  override readonly name = 'Unknown'
}

function* pass(bytes: number): Walk {
  if (bytes > 0) yield -bytes
}

const LZF = 3
/** A length, or how a string is encoded instead of one. */
function* length(): Reading<{ readonly value: number; readonly encoded: boolean }> {
  const first = (yield 1)[0] as number
  switch (first >> 6) {
    case 0:
      return { value: first & 0x3f, encoded: false }
    case 1:
      return { value: ((first & 0x3f) << 8) | ((yield 1)[0] as number), encoded: false }
    case 2:
      if (first === 0x80) return { value: (yield 4).readUInt32BE(), encoded: false }
      if (first === 0x81) return { value: Number((yield 8).readBigUInt64BE()), encoded: false }
      throw new Unknown()
    default:
      return { value: first & 0x3f, encoded: true }
  }
}
function* number(): Reading<number> {
  const { value, encoded } = yield* length()
  if (encoded) throw new Unknown()
  return value
}
function* text(): Walk {
  const { value, encoded } = yield* length()
  if (!encoded) yield* pass(value)
  else if (value < LZF) yield* pass(2 ** value)
  else if (value === LZF) {
    const compressed = yield* number()
    yield* number()
    yield* pass(compressed)
  } else throw new Unknown()
}
function* texts(count: number): Walk {
  for (let left = count; left > 0; left -= 1) yield* text()
}
function* numbers(count: number): Walk {
  for (let left = count; left > 0; left -= 1) yield* number()
}

/** What a module wrote says of each piece what it is (RDB_MODULE_OPCODE_*). */
function* module(): Walk {
  yield* number()
  for (;;) {
    const code = yield* number()
    if (code === 0) return
    if (code === 1 || code === 2) yield* number()
    else if (code === 3) yield* pass(4)
    else if (code === 4) yield* pass(8)
    else if (code === 5) yield* text()
    else throw new Unknown()
  }
}

const STREAM_ID = 16
const MOMENT = 8
/** @param level 1, 2 or 3: what later servers added */
function* stream(level: number): Walk {
  yield* texts(2 * (yield* number()))
  // How many it holds and the last of them; then the first, the last that was removed, and how many there ever were.
  yield* numbers(level >= 2 ? 8 : 3)
  const groups = yield* number()
  for (let group = 0; group < groups; group += 1) {
    yield* text()
    yield* numbers(level >= 2 ? 3 : 2)
    const pending = yield* number()
    for (let one = 0; one < pending; one += 1) {
      yield* pass(STREAM_ID + MOMENT)
      yield* number()
    }
    const consumers = yield* number()
    for (let one = 0; one < consumers; one += 1) {
      yield* text()
      yield* pass(level >= 3 ? 2 * MOMENT : MOMENT)
      yield* pass(STREAM_ID * (yield* number()))
    }
  }
}

/** A value, by its kind (RDB_TYPE_*). */
function* content(type: number): Walk {
  switch (type) {
    case 0: // string
    case 9: // hash, list, set, sorted set and hash as one piece
    case 10:
    case 11:
    case 12:
    case 13:
    case 16: // the same as listpacks
    case 17:
    case 20:
      yield* text()
      return
    case 1: // list, set, list of ziplists
    case 2:
    case 14:
      yield* texts(yield* number())
      return
    case 4: // hash
      yield* texts(2 * (yield* number()))
      return
    case 3: {
      // sorted set, each score written out behind its length; three lengths stand for what is no number
      const count = yield* number()
      for (let one = 0; one < count; one += 1) {
        yield* text()
        const digits = (yield 1)[0] as number
        if (digits < 253) yield* pass(digits)
      }
      return
    }
    case 5: {
      // sorted set, each score in eight bytes
      const count = yield* number()
      for (let one = 0; one < count; one += 1) {
        yield* text()
        yield* pass(8)
      }
      return
    }
    case 7:
      yield* module()
      return
    case 15:
      yield* stream(1)
      return
    case 19:
      yield* stream(2)
      return
    case 21:
      yield* stream(3)
      return
    case 18: {
      // list of listpacks, each behind what it is
      const count = yield* number()
      for (let one = 0; one < count; one += 1) {
        yield* number()
        yield* text()
      }
      return
    }
    case 24: {
      // hash whose fields end by themselves
      yield* pass(MOMENT)
      const count = yield* number()
      for (let one = 0; one < count; one += 1) {
        yield* number()
        yield* texts(2)
      }
      return
    }
    case 25:
      yield* pass(MOMENT)
      yield* text()
      return
    default:
      throw new Unknown()
  }
}

function* snapshot(count: { total: number; expiring: number }): Walk {
  yield* pass(9)
  let ends = false
  for (;;) {
    const code = (yield 1)[0] as number
    switch (code) {
      case 0xff:
        return
      case 0xfe: // which database
        yield* number()
        break
      case 0xfd:
        yield* pass(4)
        ends = true
        break
      case 0xfc:
        yield* pass(MOMENT)
        ends = true
        break
      case 0xfb: // sizes of its tables
        yield* numbers(2)
        break
      case 0xfa: // about the file
        yield* texts(2)
        break
      case 0xf9: // how often and how lately a key was used
        yield* pass(1)
        break
      case 0xf8:
        yield* number()
        break
      case 0xf7:
        yield* module()
        break
      case 0xf5: // functions
        yield* text()
        break
      case 0xf4: // sizes of a slot
        yield* numbers(3)
        break
      default:
        yield* text()
        yield* content(code)
        count.total += 1
        if (ends) count.expiring += 1
        ends = false
    }
  }
}

const NOTHING = Buffer.alloc(0)

/** Takes the bytes of a snapshot, from its first one on, in pieces of any size. */
export class KeyCount {
  readonly #count = { total: 0, expiring: 0 }
  readonly #walk = snapshot(this.#count)
  #want: Want = 0
  #held: Buffer = NOTHING
  #state: 'walking' | 'ended' | 'unknown' = 'walking'

  constructor() {
    this.#go(NOTHING)
  }
  #go(bytes: Buffer): void {
    try {
      const next = this.#walk.next(bytes)
      if (next.done === true) this.#state = 'ended'
      else this.#want = next.value
    } catch (error) {
      if (!(error instanceof Unknown)) throw error
      this.#state = 'unknown'
    }
  }
  push(chunk: Buffer): void {
    let at = 0
    while (this.#state === 'walking' && at < chunk.length) {
      if (this.#want < 0) {
        const passed = Math.min(-this.#want, chunk.length - at)
        at += passed
        this.#want += passed
        if (this.#want === 0) this.#go(NOTHING)
        continue
      }
      const taken = Math.min(this.#want - this.#held.length, chunk.length - at)
      const bytes = chunk.subarray(at, at + taken)
      at += taken
      this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
      if (this.#held.length < this.#want) {
        // What is lent may be written over.
        this.#held = Buffer.from(this.#held)
        return
      }
      const whole = this.#held
      this.#held = NOTHING
      this.#go(whole)
    }
  }
  /** undefined: the snapshot did not end, or holds what only later servers know. */
  get keys(): SnapshotKeys | undefined {
    return this.#state === 'ended' ? { ...this.#count } : undefined
  }
}
