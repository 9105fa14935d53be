/**
 * One function of WebAssembly with its own memory, assembled here: for the vector instructions of the processor, which JavaScript has not. Opcodes:
 * WebAssembly Core §5.4, vectors §5.4.8.
 */

export interface Assembled {
  /** Locals of i32 beside the argument (0), and behind them of v128. */
  readonly integers: number
  readonly vectors: number
  /** What the function does, without its end. It takes one i32 and gives one. */
  readonly code: readonly number[]
  /** Of memory, 64 KiB each. */
  readonly pages: number
}
export interface Compiled {
  readonly memory: Uint8Array<ArrayBuffer>
  readonly call: (argument: number) => number
}

/** Unsigned LEB128 (§5.2.2). */
export const leb = (value: number): readonly number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)])
/** i32.const: its LEB128 is signed, so a set sixth bit of the last group asks for one group more. */
export const constant = (value: number): readonly number[] => {
  const groups = leb(value)
  const last = groups.at(-1) ?? 0
  return [0x41, ...((last & 0x40) === 0 ? groups : [...groups.slice(0, -1), last | 0x80, 0])]
}
/** local.get, local.set. */
export const get = (local: number): readonly number[] => [0x20, local]
export const set = (local: number): readonly number[] => [0x21, local]
/** v128.load at an address of the stack, so many bytes further on. */
export const load = (offset: number): readonly number[] => [0xfd, 0, 0, ...leb(offset)]
/** A block around a loop, which is left when the stack's `i32.ge_u` says so. */
const LOOP = [0x02, 0x40, 0x03, 0x40]
const LEAVE_UNLESS_LESS = [0x4f, 0x0d, 1]
/** br to the loop, and the ends of both. */
const AGAIN = [0x0c, 0, 0x0b, 0x0b]
/** Does something at `at`, at `at + step` and so on, as long as that is less than `end`: both are locals of i32. */
export const eachStep = (at: number, end: number, step: number, body: readonly number[]): readonly number[] => [
  ...LOOP,
  ...get(at),
  ...get(end),
  ...LEAVE_UNLESS_LESS,
  ...body,
  ...get(at),
  ...constant(step),
  0x6a,
  ...set(at),
  ...AGAIN,
]
const section = (id: number, content: readonly number[]): readonly number[] => [id, ...leb(content.length), ...content]

function moduleOf({ integers, vectors, code, pages }: Assembled): Uint8Array<ArrayBuffer> {
  const MAGIC = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  const body = [2, integers, 0x7f, vectors, 0x7b, ...code, 0x0b]
  return new Uint8Array([
    ...MAGIC,
    // Type (i32) -> i32, the function, its memory, exported as m and f.
    ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7f]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, ...leb(pages)]),
    ...section(7, [2, 1, 0x6d, 2, 0, 1, 0x66, 0, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ])
}

/** As far as it is needed here: the types of Node leave it out. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (module: object) => { readonly exports: { readonly m: { readonly buffer: ArrayBuffer }; readonly f: (argument: number) => number } }
}

/** undefined: this machine has no vectors, or nothing may be compiled here. */
export function compile(assembled: Assembled): Compiled | undefined {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleOf(assembled)))
    return { memory: new Uint8Array(exports.m.buffer), call: exports.f }
  } catch {
    return undefined
  }
}
