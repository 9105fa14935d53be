/** The one run of this process, handed to the live entry that the runner loads (possibly through another copy of this module). */
import type { Run } from './run.ts'

const key = Symbol.for('postproof.current-run')

export function setCurrentRun(run: Run | undefined): void {
  ;(globalThis as Record<symbol, unknown>)[key] = run
}

/** @throws TypeError where no run was set: the live entry was started by something else than the command line. */
export function currentRun(): Run {
  const run = (globalThis as Record<symbol, unknown>)[key] as Run | undefined
  if (run === undefined) throw new TypeError('no run in this process: start it with `postproof verify`')
  return run
}
