/** Reader of X-Content-Type-Options (Fetch §3.6, "determine nosniff"): the first value of the list decides. */
import { withoutBlanks } from './linear.ts'

export interface ContentTypeOptions {
  /** A browser will not guess types. */
  readonly nosniff: boolean
  /** Every value, trimmed; more than one is a sign of two writers. */
  readonly values: readonly string[]
}

const MOST = 65_536

/** Never throws; no field gives no values. Quotes and semicolons belong to the value: `nosniff;` is not nosniff. */
export function readContentTypeOptions(fields: readonly string[]): ContentTypeOptions {
  const values = fields.flatMap((field) => field.slice(0, MOST).split(',')).map((value) => withoutBlanks(value, '\t\n\r '))
  return { nosniff: values[0]?.toLowerCase() === 'nosniff', values }
}
