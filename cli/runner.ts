/**
 * Vitest as the runner, in a thread of its own: the probes are under way before it is imported, and its tests await the verdicts as they are judged here.
 * What vitest says is cross-checked with what the engine judged; any disagreement makes the run inconclusive (toolbox §1.4, §1.8).
 */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { LiveResult } from '../helpers/current-run.ts'
import type { Result, Run } from '../helpers/run.ts'
import type { RunnerData, RunnerProblem, RunnerSaid } from './runner-thread.ts'

export type { RunnerProblem } from './runner-thread.ts'
export interface RunnerReport {
  readonly tests: number
  readonly problems: readonly RunnerProblem[]
}

const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)))
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** What the runner must have said of a test that carries these verdicts. */
function expectedState(results: readonly Result[]): string {
  if (results.some((result) => result.outcome === 'fail' || result.outcome === 'inconclusive')) return 'failed'
  return results.every((result) => result.outcome === 'skip') ? 'skipped' : 'passed'
}

const liveResult = ({ check, subject, outcome, code, skip, reason }: Result): LiveResult => ({
  check,
  subject,
  outcome,
  ...(code === undefined ? {} : { code }),
  ...(skip === undefined ? {} : { skip }),
  ...(reason === undefined ? {} : { reason }),
})

/** Hands the thread each verdict once it is judged, several in one message where they come together. */
function deliver(run: Run, thread: Worker): void {
  let waiting: [number, LiveResult][] = []
  const send = (): void => {
    thread.postMessage(waiting, [])
    waiting = []
  }
  run.cases.forEach((_, index) => {
    void run.result(index).then((result) => {
      if (waiting.push([index, liveResult(result)]) === 1) setImmediate(send)
    })
  })
}

/**
 * Runs the live entry for a started run.
 * @param options.entry another test file in place of the live entry (our own tests of the traps)
 * @param options.deadlineMs after the run's own end, how long the runner may take to report
 */
export async function runUnderVitest(run: Run, options: { readonly entry?: string; readonly deadlineMs?: number } = {}): Promise<RunnerReport> {
  const data: RunnerData = {
    root: packageRoot,
    entry: options.entry ?? `suites/verify.test.${extension}`,
    target: { name: run.target.name, domain: run.target.domain },
    cases: run.cases.map(({ check, subject }) => ({
      check: check.id,
      suite: check.suite,
      subject: subject.name,
      ...(subject.host === undefined ? {} : { host: subject.host.fqdn }),
    })),
  }
  const problems: RunnerProblem[] = []
  // Nothing of what vitest and vite write to a stream of the process is for the reader of a run.
  const thread = new Worker(join(packageRoot, `cli/runner-thread.${extension}`), { workerData: data, stdout: true, stderr: true })
  thread.stdout.resume()
  thread.stderr.resume()
  let late: NodeJS.Timeout | undefined
  const ended = new Promise<RunnerSaid | undefined>((resolve) => {
    thread.once('message', resolve)
    thread.once('error', (error) => {
      problems.push({ subject: 'runner', reason: `the runner failed: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}` })
      resolve(undefined)
    })
    thread.once('exit', (code) => {
      problems.push({ subject: 'runner', reason: `the runner ended with code ${code} before it reported` })
      resolve(undefined)
    })
    void run.settled().then(() => {
      late = setTimeout(
        () => {
          problems.push({ subject: 'runner', reason: 'the runner did not end although every verdict was judged' })
          resolve(undefined)
        },
        options.deadlineMs ?? 20_000 + run.cases.length,
      )
    })
  })
  deliver(run, thread)
  const said = await ended
  clearTimeout(late)
  thread.removeAllListeners('exit')
  await thread.terminate()
  const tests = said?.tests ?? []
  problems.push(...(said?.problems ?? []))
  const reported = new Set(tests.flatMap(({ cases }) => cases))
  const missing = run.cases.length - reported.size
  if (missing > 0) problems.push({ subject: 'runner', reason: `${missing} of ${run.cases.length} planned verdicts were never reported by the runner` })
  for (const { name, state, cases } of tests) {
    const expected = expectedState(await Promise.all(cases.map((index) => run.result(index))))
    if (state !== expected) problems.push({ subject: name, reason: `the verdicts in it make it ${expected}, but the runner says ${state}` })
  }
  return { tests: tests.length, problems }
}
