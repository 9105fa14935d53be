/** One run from target to weighed results: probes first, runner beside them, signals and unhandled errors accounted for. */
import type { Check } from '../helpers/check.ts'
import type { BrokenCheck } from '../helpers/discover.ts'
import { type Gate, gateOf, withWaivers } from '../helpers/gate.ts'
import { integrityResults } from '../helpers/integrity.ts'
import type { Observed, Probe, Waiting } from '../helpers/probe.ts'
import { type Result, Run, type RunResult, type Selection } from '../helpers/run.ts'
import type { Target } from '../helpers/target.ts'
import { Interrupt } from './interrupt.ts'
import { type RunnerProblem, runUnderVitest } from './runner.ts'

export interface ExecuteOptions extends Selection {
  readonly catalogue: readonly Check[]
  readonly broken?: readonly BrokenCheck[]
  readonly now?: Date
  readonly onStart?: (run: Run) => void
  readonly onResult?: (result: Result) => void
  /** What of a result stays in memory until the end. @default all of it */
  readonly keep?: (result: Result) => Result
  readonly onLog?: (probe: string, line: string) => void
  readonly onWait?: (wait: Waiting) => void
  readonly onObservation?: (probe: Probe<unknown>, observed: Observed<unknown>) => void
  /** Listening already. @default from here on */
  readonly interrupt?: Interrupt
  /** Another live entry, for the tests of the runner's traps. */
  readonly entry?: string
  /** How long the runner may take to report after every verdict is judged. @default 20 s and 1 ms a verdict */
  readonly runnerDeadlineMs?: number
}

export interface Executed {
  readonly run: RunResult
  readonly gate: Gate
  /** 0, 1, 2 of the gate; 130 when it was interrupted. */
  readonly exitCode: number
  readonly interrupted: boolean
}

/** Never rejects for what target, network, runner or a check did; the results say it. */
export async function execute(target: Target, options: ExecuteOptions): Promise<Executed> {
  const problems: RunnerProblem[] = (options.broken ?? []).map(({ file, message }) => ({ subject: file, reason: `this check could not be loaded: ${message}` }))
  const unhandled = (error: unknown): void => {
    problems.push({ subject: 'process', reason: `an unhandled error: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}` })
  }
  const interrupt = options.interrupt ?? new Interrupt()
  process.on('unhandledRejection', unhandled)
  process.on('uncaughtException', unhandled)
  try {
    const now = options.now ?? new Date()
    const run = new Run(target, { ...options, now, signal: interrupt.signal })
    options.onStart?.(run)
    // Under way before the runner is even imported: importing it takes longer than most targets take to answer.
    run.start()
    const runner = await runUnderVitest(run, {
      ...(options.entry === undefined ? {} : { entry: options.entry }),
      ...(options.runnerDeadlineMs === undefined ? {} : { deadlineMs: options.runnerDeadlineMs }),
    })
    const finished = await run.finish()
    problems.push(...runner.problems)
    const integrity = integrityResults(
      problems,
      {
        what: 'verdicts planned, judged and reported',
        expected: `${run.cases.length} verdicts, none missing, no unhandled error`,
        received: `${finished.results.length} verdicts in ${runner.tests} tests`,
      },
      finished.facts.finishedAt,
    )
    const kept = integrity.map((result) => {
      options.onResult?.(result)
      return options.keep?.(result) ?? result
    })
    const results = withWaivers([...finished.results, ...kept], target, now)
    const gate = gateOf(results, target)
    return { run: { ...finished, results }, gate, exitCode: interrupt.interrupted ? 130 : gate.exitCode, interrupted: interrupt.interrupted }
  } finally {
    // One that was handed in listens on, until the report is written.
    if (options.interrupt === undefined) interrupt.stop()
    process.off('unhandledRejection', unhandled)
    process.off('uncaughtException', unhandled)
  }
}
