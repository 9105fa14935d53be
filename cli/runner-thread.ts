/**
 * The thread of the runner (see runner.ts): vitest with one in-process worker, its tests awaiting verdicts that the main thread sends. A processor of its own for it, and nothing that
 * vitest does to signals, `process.exit` or the environment reaches the run.
 */
import { EventEmitter } from 'node:events'
import { enableCompileCache } from 'node:module'
import { Writable } from 'node:stream'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { type LiveResult, type LiveRun, setCurrentRun } from '../helpers/current-run.ts'

export interface RunnerProblem {
  readonly subject: string
  readonly reason: string
}
export interface RunnerData {
  /** The package's own folder, and the live entry in it. */
  readonly root: string
  readonly entry: string
  readonly target: LiveRun['target']
  readonly cases: LiveRun['cases']
}
/** To the thread: verdicts by the index of their case. */
export type RunnerVerdicts = readonly (readonly [index: number, result: LiveResult])[]
/** From the thread, once. */
export interface RunnerSaid {
  readonly problems: readonly RunnerProblem[]
  readonly tests: readonly { readonly name: string; readonly state: string; readonly cases: readonly number[] }[]
}

interface TestCaseLike {
  readonly fullName: string
  result(): { readonly state: string }
  meta(): { readonly cases?: readonly number[] }
}

const text = (error: unknown): string =>
  error instanceof Error
    ? `${error.name}: ${error.message}`
    : typeof error === 'object' && error !== null && 'message' in error
      ? String(error.message)
      : String(error)

function receive({ target, cases }: RunnerData, port: MessagePort): void {
  const results: Promise<LiveResult>[] = []
  const deliver: ((result: LiveResult) => void)[] = []
  for (const _ of cases) results.push(new Promise<LiveResult>((resolve) => void deliver.push(resolve)))
  port.on('message', (verdicts: RunnerVerdicts) => {
    for (const [index, result] of verdicts) deliver[index]?.(result)
  })
  setCurrentRun({ target, cases, result: (index) => results[index] as Promise<LiveResult> })
}

async function runVitest({ root, entry }: RunnerData): Promise<RunnerSaid> {
  const problems: RunnerProblem[] = []
  const tests: { readonly name: string; readonly state: string; readonly cases: readonly number[] }[] = []
  const known = new Set<number>()
  const unhandled = (error: unknown): void => void problems.push({ subject: 'process', reason: `an unhandled error: ${text(error)}` })
  process.on('unhandledRejection', unhandled)
  process.on('uncaughtException', unhandled)
  const reporter = {
    onTestCaseResult(test: TestCaseLike): void {
      const cases = test.meta().cases ?? []
      if (cases.length === 0) problems.push({ subject: test.fullName, reason: 'a test that carries no verdict' })
      if (cases.some((index) => known.has(index))) problems.push({ subject: test.fullName, reason: 'a verdict was reported twice' })
      for (const index of cases) known.add(index)
      tests.push({ name: test.fullName, state: test.result().state, cases })
    },
    onTestSuiteResult(suite: { fullName: string; errors(): readonly { message: string }[] }): void {
      for (const error of suite.errors()) problems.push({ subject: suite.fullName, reason: `a hook failed: ${error.message}` })
    },
    onTestModuleEnd(module: { moduleId: string; errors(): readonly { message: string }[] }): void {
      for (const error of module.errors()) problems.push({ subject: 'live entry', reason: `it could not be loaded: ${error.message}` })
    },
    onTestRunEnd(_modules: unknown, errors: readonly unknown[], end: string): void {
      for (const error of errors) problems.push({ subject: 'runner', reason: `an unhandled error: ${text(error)}` })
      if (end === 'interrupted') problems.push({ subject: 'runner', reason: 'the runner was interrupted' })
    },
  }
  const [{ createVitest }, { init, runBaseTests, setupEnvironment }] = await Promise.all([import('vitest/node'), import('vitest/worker')])
  const toWorker = new EventEmitter()
  const fromWorker = new EventEmitter()
  let started = false
  const createPoolWorker = (): object => ({
    name: 'in-process',
    on: (event: string, callback: (...values: unknown[]) => void) => fromWorker.on(event, callback),
    off: (event: string, callback: (...values: unknown[]) => void) => fromWorker.off(event, callback),
    // setImmediate, not a microtask: the two sides must not starve the verdicts that arrive.
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
  const output = new Writable({ write: (_chunk, _encoding, done) => done() })
  const vitest = await createVitest(
    { run: true, watch: false, config: false, root },
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
        include: [entry],
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
  const ended = await vitest.start()
  if (ended.testModules.length === 0) problems.push({ subject: 'runner', reason: 'the runner found no live entry' })
  await vitest.close()
  return { problems, tests }
}

enableCompileCache()
const port = parentPort as MessagePort
const data = workerData as RunnerData
receive(data, port)
const said = await runVitest(data).catch(
  (error: unknown): RunnerSaid => ({ problems: [{ subject: 'runner', reason: `the runner failed: ${text(error)}` }], tests: [] }),
)
port.postMessage(said satisfies RunnerSaid)
port.close()
