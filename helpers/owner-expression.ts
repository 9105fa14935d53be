/**
 * Regular expressions of the owner on the target's bytes. The engine backtracks: `(a+)+$` takes for ever on a page that is made for it, or only unlucky, and
 * nothing else happens meanwhile. So they run under a deadline that the engine itself keeps.
 */
import { type Context, createContext, Script } from 'node:vm'
import { ProbeError } from './probe.ts'

/** Far above what an expression needs that does not explode: some milliseconds for 256 KiB. */
const DEADLINE_MS = 1_000

/** What stands in one expression: what was found, and its groups. */
type Match = readonly (string | undefined)[]
export type Search = { readonly ok: true; readonly match?: Match } | { readonly ok: false; readonly why: string }

/** Without repetition nothing is tried again and again. */
const REPEATS = /[*+{]/

let room: { readonly context: Context; readonly script: Script } | undefined

/** First match of an expression in a text. Never throws. */
export function search(expression: RegExp, text: string, deadlineMs = DEADLINE_MS): Search {
  const { source, flags } = expression
  if (!REPEATS.test(source)) {
    const match = new RegExp(source, flags).exec(text)
    return { ok: true, ...(match === null ? {} : { match: [...match] }) }
  }
  room ??= {
    context: createContext({ source: '', flags: '', text: '' }),
    script: new Script('((match) => match === null ? undefined : [...match])(new RegExp(source, flags).exec(text))'),
  }
  try {
    Object.assign(room.context, { source, flags, text })
    const match = room.script.runInContext(room.context, { timeout: deadlineMs }) as Match | undefined
    return { ok: true, ...(match === undefined ? {} : { match: [...match] }) }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const how = code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? `after ${deadlineMs / 1000} s` : `for another reason (${message})`
    return {
      ok: false,
      why: `/${source}/ was not done with ${text.length} characters ${how}; in a repetition write no other that matches the same, such as (a+)+ or (.*,)*`,
    }
  } finally {
    room.context['text'] = ''
  }
}

/** An expression that probes may use like one of their own; what takes too long is no answer. */
export interface Expression {
  test(text: string): boolean
  exec(text: string): Match | null
}

/** @throws SyntaxError for what is no regular expression; in use, ProbeError where it takes too long */
export function ownerExpression(source: string): Expression {
  const expression = new RegExp(source)
  const found = (text: string): Match | null => {
    const result = search(expression, text)
    if (!result.ok) throw new ProbeError({ code: 'EXPRESSION_TIMEOUT', message: result.why, phase: 'response' })
    return result.match ?? null
  }
  return { test: (text) => found(text) !== null, exec: found }
}
