/**
 * Vitest as the runner, inside this process: the probes are under way before it is imported, and its tests await the verdicts they share.
 * What vitest says is cross-checked with what the engine judged; any disagreement makes the run inconclusive (toolbox §1.4, §1.8).
 */
import { EventEmitter } from 'node:events'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Writable } from 'node:stream'
import { setCurrentRun } from '../helpers/current-run.ts'
import type { Result, Run } from '../helpers/run.ts'

export interface RunnerProblem {
  readonly subject: string
  readonly reason: string
}
export interface RunnerReport {
  readonly tests: number
  readonly problems: readonly RunnerProblem[]
}

interface TestCaseLike {
  readonly fullName: string
  result(): { readonly state: string; readonly errors?: readonly { readonly message: string }[] | undefined }
  meta(): { readonly cases?: readonly number[] }
}

const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)))
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** What the runner must have said of a test that carries these verdicts. */
function expectedState(results: readonly Result[]): string {
  if (results.some((result) => result.outcome === 'fail' || result.outcome === 'inconclusive')) return 'failed'
  return results.every((result) => result.outcome === 'skip') ? 'skipped' : 'passed'
}

/**
 * Runs the live entry for a started run.
 * @param options.entry another test file in place of the live entry (our own tests of the traps)
 * @param options.deadlineMs after the run's own end, how long the runner may take to report
 */
export async function runUnderVitest(run: Run, options: { readonly entry?: string; readonly deadlineMs?: number } = {}): Promise<RunnerReport> {
  setCurrentRun(run)
  const processExit = process.exit
  const environment = { ...process.env }
  const handlers = (['SIGINT', 'SIGTERM'] as const).map((signal) => [signal, process.listeners(signal)] as const)
  const problems: RunnerProblem[] = []
  const seen: { readonly name: string; readonly state: string; readonly cases: readonly number[] }[] = []
  const known = new Set<number>()
  let unhandled: readonly unknown[] = []
  let reason = 'not finished'
  const text = (error: unknown): string =>
    error instanceof Error
      ? `${error.name}: ${error.message}`
      : typeof error === 'object' && error !== null && 'message' in error
        ? String(error.message)
        : String(error)
  const reporter = {
    onTestCaseResult(test: TestCaseLike): void {
      const cases = test.meta().cases ?? []
      if (cases.length === 0) problems.push({ subject: test.fullName, reason: 'a test that carries no verdict' })
      if (cases.some((index) => known.has(index))) problems.push({ subject: test.fullName, reason: 'a verdict was reported twice' })
      for (const index of cases) known.add(index)
      seen.push({ name: test.fullName, state: test.result().state, cases })
    },
    onTestSuiteResult(suite: { fullName: string; errors(): readonly { message: string }[] }): void {
      for (const error of suite.errors()) problems.push({ subject: suite.fullName, reason: `a hook failed: ${error.message}` })
    },
    onTestModuleEnd(module: { moduleId: string; errors(): readonly { message: string }[] }): void {
      for (const error of module.errors()) problems.push({ subject: 'live entry', reason: `it could not be loaded: ${error.message}` })
    },
    onTestRunEnd(_modules: unknown, errors: readonly unknown[], end: string): void {
      unhandled = errors
      reason = end
    },
  }
  const output = new Writable({ write: (_chunk, _encoding, done) => done() })
  let late: NodeJS.Timeout | undefined
  try {
    const [{ createVitest }, { init, runBaseTests, setupEnvironment }] = await Promise.all([import('vitest/node'), import('vitest/worker')])
    const toWorker = new EventEmitter()
    const fromWorker = new EventEmitter()
    let started = false
    const createPoolWorker = (): object => ({
      name: 'in-process',
      on: (event: string, callback: (...values: unknown[]) => void) => fromWorker.on(event, callback),
      off: (event: string, callback: (...values: unknown[]) => void) => fromWorker.off(event, callback),
      // setImmediate, not a microtask: the two sides must not starve the sockets of the probes.
      send: (message: unknown) => setImmediate(() => toWorker.emit('message', message)),
      deserialize: (data: unknown) => data,
      start: async () => {
        if (started) return
        started = true
        init({
          // Cloned as over a real channel: both sides keep their own task objects and change them.
          post: (message: unknown) => {
            const copy = structuredClone(message)
            setImmediate(() => fromWorker.emit('message', copy))
          },
          on: (callback: (message: unknown) => void) => void toWorker.on('message', callback),
          off: (callback: (message: unknown) => void) => void toWorker.off('message', callback),
          runTests: (state: never, traces: never) => runBaseTests('run', state, traces),
          collectTests: (state: never, traces: never) => runBaseTests('collect', state, traces),
          setup: (context: never) => setupEnvironment(context),
        } as never)
      },
      stop: async () => {},
      canReuse: () => true,
    })
    // Until its signal handlers can be taken away, an interrupt must not let them end the process: `execute` ends the run and writes its report.
    process.exit = (() => undefined) as never
    const vitest = await createVitest(
      { run: true, watch: false, config: false, root: packageRoot },
      {
        configFile: false,
        envDir: false,
        logLevel: 'silent',
        test: {
          pool: { name: 'in-process', createPoolWorker } as never,
          isolate: false,
          fileParallelism: false,
          maxWorkers: 1,
          reporters: [reporter as never],
          include: [options.entry ?? `suites/verify.test.${extension}`],
          exclude: [],
          fsModuleCache: false,
          cache: false,
          allowOnly: false,
          passWithNoTests: false,
          testTimeout: 0,
          hookTimeout: 30_000,
          retry: 0,
        } as never,
      } as never,
      { stdout: output, stderr: output } as never,
    )
    // Vitest's own signal handlers would end the process before the report of what is known is written.
    for (const [signal, kept] of handlers) for (const listener of process.listeners(signal)) if (!kept.includes(listener)) process.off(signal, listener)
    process.exit = processExit
    const expired = new Promise<'expired'>((resolve) => {
      void run.settled().then(() => {
        late = setTimeout(() => resolve('expired'), options.deadlineMs ?? 20_000 + run.cases.length)
      })
    })
    const ended = await Promise.race([vitest.start(), expired])
    if (ended === 'expired') problems.push({ subject: 'runner', reason: 'the runner did not end although every verdict was judged' })
    else {
      if (ended.testModules.length === 0) problems.push({ subject: 'runner', reason: 'the runner found no live entry' })
      await vitest.close()
    }
  } catch (error) {
    problems.push({ subject: 'runner', reason: `the runner failed: ${text(error)}` })
  } finally {
    clearTimeout(late)
    setCurrentRun(undefined)
    process.exit = processExit
    // The exit code is computed from our own results alone; the runner's opinion and environment do not outlive it.
    process.exitCode = undefined
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name]
    Object.assign(process.env, environment)
  }
  for (const error of unhandled) problems.push({ subject: 'runner', reason: `an unhandled error: ${text(error)}` })
  if (reason === 'interrupted') problems.push({ subject: 'runner', reason: 'the runner was interrupted' })
  const reported = new Set(seen.flatMap(({ cases }) => cases))
  const missing = run.cases.length - reported.size
  if (missing > 0) problems.push({ subject: 'runner', reason: `${missing} of ${run.cases.length} planned verdicts were never reported by the runner` })
  for (const { name, state, cases } of seen) {
    const expected = expectedState(await Promise.all(cases.map((index) => run.result(index))))
    if (state !== expected) problems.push({ subject: name, reason: `the verdicts in it make it ${expected}, but the runner says ${state}` })
  }
  return { tests: seen.length, problems }
}
