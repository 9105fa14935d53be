/** What the live entry, which the runner loads in a thread of its own, is told of the run: its cases as plain words, and each one's verdict when it is there. */
import type { Result } from './run.ts'

/** A planned verdict: `host` and `subject` are names. */
export interface LiveCase {
  readonly check: string
  readonly suite: string
  readonly subject: string
  readonly host?: string
}
/** Of a verdict, what decides whether its test passes, and says why. */
export type LiveResult = Pick<Result, 'check' | 'subject' | 'outcome' | 'code' | 'skip' | 'reason'>

export interface LiveRun {
  readonly target: { readonly name: string; readonly domain: string }
  readonly cases: readonly LiveCase[]
  /** Of case `index`; never rejects. */
  result(index: number): Promise<LiveResult>
}

// The runner may load another copy of this module.
const key = Symbol.for('postproof.current-run')

export function setCurrentRun(run: LiveRun): void {
  ;(globalThis as Record<symbol, unknown>)[key] = run
}

/** @throws TypeError where no run was set: the live entry was started by something else than the command line. */
export function currentRun(): LiveRun {
  const run = (globalThis as Record<symbol, unknown>)[key] as LiveRun | undefined
  if (run === undefined) throw new TypeError('no run in this process: start it with `postproof verify`')
  return run
}
