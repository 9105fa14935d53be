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
