/** Reader of X-Frame-Options as browsers process it (HTML Living Standard §7.7.1): every value of every field, as one set. */
import { withoutBlanks } from './linear.ts'

export type FrameOptions =
  | { readonly kind: 'absent' }
  | { readonly kind: 'deny' | 'sameorigin' /** The same value came more than once. */; readonly repeated: boolean }
  /** DENY and SAMEORIGIN, or one of them beside something else: by the standard every frame is refused, which nobody who wrote SAMEORIGIN meant. */
  | { readonly kind: 'conflict'; readonly values: readonly string[] }
  /** Nothing browsers obey: the page may be framed by anybody. `allow-from` was dropped by all of them. */
  | { readonly kind: 'ignored'; readonly values: readonly string[]; readonly allowFrom: boolean }

const MOST = 65_536

/** Never throws. */
export function readFrameOptions(fields: readonly string[]): FrameOptions {
  const values = fields.flatMap((field) => field.slice(0, MOST).split(',')).map((value) => withoutBlanks(value).toLowerCase())
  if (fields.length === 0) return { kind: 'absent' }
  const distinct = [...new Set(values)]
  const [first] = distinct
  if (distinct.length === 1 && (first === 'deny' || first === 'sameorigin')) return { kind: first, repeated: values.length > 1 }
  if (distinct.length > 1 && distinct.some((value) => value === 'deny' || value === 'sameorigin' || value === 'allowall'))
    return { kind: 'conflict', values: distinct }
  return { kind: 'ignored', values: distinct, allowFrom: distinct.some((value) => value.startsWith('allow-from')) }
}
