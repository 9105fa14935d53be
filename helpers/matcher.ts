/** Evaluates a `Matcher` of the target file against one value: a header, a JSON field, a text. */
import { search } from './owner-expression.ts'
import type { Matcher } from './target.ts'

export interface MatchResult {
  readonly ok: boolean
  /** What the matcher asks for, as text for evidence. */
  readonly expected: string
  /** The value as text for evidence: strings quoted, long values cut, absence said in words. */
  readonly received: string
  /** The matcher itself cannot be used (a regular expression that is invalid or takes for ever, no demand at all): the user's configuration, not the target's fault. */
  readonly misused?: string
}

export interface MatchOptions {
  /**
   * The value is text off the wire (a header): numbers of the matcher are compared with its decimal reading, booleans with `true`/`false`.
   * Without it types must be equal: `"1"` is not `1`.
   * @default false
   */
  readonly text?: boolean
  /** For a regular expression. @default 1000 */
  readonly deadlineMs?: number
}

/** User-written expressions meet hostile input: longer values do not match, they are reported as too long. */
export const REGEX_INPUT_LIMIT = 8192

const SHOWN = 160
const DECIMAL = /^[+-]?(?:[0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15})$/

type Scalar = string | number | boolean
type Demands = Exclude<Matcher, Scalar>

/** One value as evidence text: JSON, cut at 160 characters; `absent` where there is none. */
export function showValue(value: unknown): string {
  if (value === undefined) return 'absent'
  let text: string
  try {
    text = JSON.stringify(value)
  } catch {
    return 'no JSON value'
  }
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}… (${text.length} characters)` : text
}

function typeOf(value: unknown): NonNullable<Demands['type']> | 'absent' {
  if (value === undefined) return 'absent'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value as 'string' | 'number' | 'boolean'
    default:
      return 'object'
  }
}

/** The number a value stands for; undefined when it is none (never NaN, never 0 for rubbish). */
function numberOf(value: unknown, text: boolean): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (text && typeof value === 'string' && DECIMAL.test(value.trim())) return Number(value.trim())
  return undefined
}

function equal(value: unknown, wanted: Scalar, text: boolean): boolean {
  if (!text || typeof value !== 'string') return value === wanted
  if (typeof wanted === 'number') return numberOf(value, true) === wanted
  return value === String(wanted)
}

function compile(source: string): RegExp | string {
  try {
    return new RegExp(source, 'u')
  } catch {
    try {
      return new RegExp(source)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
}

/**
 * @param value the value; `undefined` means it is not there (JSON `null` is there).
 * All demands of the matcher must hold; the plain form is equality, letter for letter. A missing value fulfils only `absent: true` and
 * `present: false`. `regex` (unanchored, case-sensitive) and `contains` read strings; `contains` also finds an equal element of an array;
 * `min`/`max` read numbers. Never throws.
 */
export function matchValue(matcher: Matcher, value: unknown, options: MatchOptions = {}): MatchResult {
  const text = options.text ?? false
  const demands: Demands = typeof matcher === 'object' ? matcher : { equals: matcher }
  const expected: string[] = []
  let ok = true
  let misused: string | undefined
  let note = ''
  const demand = (said: string, holds: boolean): void => {
    expected.push(said)
    if (!holds) ok = false
  }

  if (demands.equals !== undefined) demand(showValue(demands.equals), equal(value, demands.equals, text))
  if (demands.oneOf !== undefined) {
    demand(
      `one of ${demands.oneOf.map(showValue).join(', ')}`,
      demands.oneOf.some((wanted) => equal(value, wanted, text)),
    )
  }
  const number = numberOf(value, text)
  if (demands.min !== undefined) demand(`≥ ${demands.min}`, number !== undefined && number >= demands.min)
  if (demands.max !== undefined) demand(`≤ ${demands.max}`, number !== undefined && number <= demands.max)
  if (demands.regex !== undefined) {
    const compiled = compile(demands.regex)
    if (typeof compiled === 'string') misused = `the regular expression ${JSON.stringify(demands.regex)} cannot be read: ${compiled}`
    const subject = typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
    const tooLong = subject !== undefined && subject.length > REGEX_INPUT_LIMIT
    if (tooLong) note = `, longer than the ${REGEX_INPUT_LIMIT} characters a regular expression is tried on`
    const found = typeof compiled === 'string' || subject === undefined || tooLong ? undefined : search(compiled, subject, options.deadlineMs)
    if (found?.ok === false) misused = found.why
    demand(`matching /${demands.regex}/`, found?.ok === true && found.match !== undefined)
  }
  if (demands.contains !== undefined) {
    const wanted = demands.contains
    demand(`containing ${showValue(wanted)}`, typeof value === 'string' ? value.includes(wanted) : Array.isArray(value) && value.includes(wanted))
  }
  if (demands.type !== undefined) demand(`of type ${demands.type}`, typeOf(value) === demands.type)
  if (demands.present !== undefined) demand(demands.present ? 'present' : 'absent', (value !== undefined) === demands.present)
  if (demands.absent !== undefined) demand(demands.absent ? 'absent' : 'present', (value === undefined) === demands.absent)

  if (expected.length === 0) {
    ok = false
    misused = 'an empty matcher asks for nothing'
  }
  return {
    ok: ok && misused === undefined,
    expected: expected.length === 0 ? 'something' : expected.join(' and '),
    received: `${showValue(value)}${note}`,
    ...(misused === undefined ? {} : { misused }),
  }
}
