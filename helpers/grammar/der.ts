/** A strict reader of DER (X.690) for hostile bytes: bounded, never throws, no indefinite lengths. */

export interface DerNode {
  /** 0 universal, 1 application, 2 context, 3 private. */
  readonly tagClass: number
  readonly constructed: boolean
  readonly tag: number
  readonly content: Uint8Array
  /** Header and content. */
  readonly bytes: Uint8Array
}
export type DerReading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string }

const wrong = (error: string): { readonly ok: false; readonly error: string } => ({ ok: false, error })

/** Reads one element at `at`; what follows it is the caller's to look at. */
export function readDer(bytes: Uint8Array, at = 0): DerReading<DerNode> {
  const first = bytes[at]
  if (first === undefined) return wrong('ends before a tag')
  const tag = first & 0x1f
  if (tag === 0x1f) return wrong('a tag number above 30')
  const lead = bytes[at + 1]
  if (lead === undefined) return wrong('ends before a length')
  let length = lead
  let header = 2
  if (lead === 0x80) return wrong('an indefinite length')
  if (lead > 0x80) {
    const count = lead & 0x7f
    if (count > 4) return wrong('a length of more than 4 bytes')
    length = 0
    for (let index = 0; index < count; index += 1) {
      const byte = bytes[at + 2 + index]
      if (byte === undefined) return wrong('ends inside a length')
      length = length * 256 + byte
    }
    header = 2 + count
    if (length < 0x80 || (count > 1 && bytes[at + 2] === 0)) return wrong('a length that is not minimal')
  }
  if (at + header + length > bytes.length) return wrong('ends inside an element')
  return {
    ok: true,
    value: {
      tagClass: first >> 6,
      constructed: (first & 0x20) !== 0,
      tag,
      content: bytes.subarray(at + header, at + header + length),
      bytes: bytes.subarray(at, at + header + length),
    },
  }
}

const MOST_CHILDREN = 20_000

/** The elements inside a constructed one; every byte must belong to one of them. */
export function derChildren(node: DerNode): DerReading<readonly DerNode[]> {
  if (!node.constructed) return wrong('a primitive element where a constructed one belongs')
  const children: DerNode[] = []
  let at = 0
  while (at < node.content.length) {
    if (children.length >= MOST_CHILDREN) return wrong('too many elements')
    const child = readDer(node.content, at)
    if (!child.ok) return child
    children.push(child.value)
    at += child.value.bytes.length
  }
  return { ok: true, value: children }
}

/** INTEGER (or ENUMERATED) of at most 64 bytes; undefined for anything else. */
export function derInteger(node: DerNode): bigint | undefined {
  if (node.tagClass !== 0 || (node.tag !== 2 && node.tag !== 10) || node.constructed || node.content.length === 0 || node.content.length > 64) return undefined
  const negative = ((node.content[0] as number) & 0x80) !== 0
  const value = BigInt(`0x${Buffer.from(node.content).toString('hex')}`)
  return negative ? value - (1n << BigInt(node.content.length * 8)) : value
}

/** Dotted form of an OBJECT IDENTIFIER; undefined for anything else or nonsense. */
export function derOid(node: DerNode): string | undefined {
  if (node.tagClass !== 0 || node.tag !== 6 || node.constructed || node.content.length === 0 || node.content.length > 64) return undefined
  const arcs: number[] = []
  let value = 0
  let open = false
  for (const byte of node.content) {
    if (value > 0xffff_ffff) return undefined
    value = value * 128 + (byte & 0x7f)
    open = (byte & 0x80) !== 0
    if (open) continue
    if (arcs.length === 0) {
      const root = value < 40 ? 0 : value < 80 ? 1 : 2
      arcs.push(root, value - root * 40)
    } else arcs.push(value)
    value = 0
  }
  return open ? undefined : arcs.join('.')
}

/** Bits of an unsigned big integer, leading zeros not counted. */
export function bitLength(integer: Uint8Array): number {
  const at = integer.findIndex((byte) => byte !== 0)
  return at < 0 ? 0 : (integer.length - at - 1) * 8 + (32 - Math.clz32(integer[at] as number))
}

/** For readers of whole structures, which throw it within themselves and make an error of it at their edge. */
export class Malformed extends Error {}
export const need = (node: DerNode | undefined, what: string): DerNode => {
  if (node === undefined) throw new Malformed(`${what} is missing`)
  return node
}
/** @throws Malformed */
export const children = (node: DerNode, what: string): readonly DerNode[] => {
  const read = derChildren(node)
  if (!read.ok) throw new Malformed(`${what}: ${read.error}`)
  return read.value
}
