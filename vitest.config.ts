import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Our own tests, offline. The live entry (suites/verify.test.ts) is started by the CLI with its own configuration (cli/runner.ts).

/** What takes longest, longest first: begun first, so that no worker is left alone with it at the end. */
const LONG = [
  'fixtures/matrix/part-',
  'fixtures/matrix/forward-auth.test.ts',
  'fixtures/matrix/drill-shop.test.ts',
  'fixtures/real/real.test.ts',
  'fixtures/matrix/auth.test.ts',
  'cli/drill.test.ts',
  'cli/cli.test.ts',
  'fixtures/real/drill-docker.test.ts',
  'fixtures/matrix/mail-delivery.test.ts',
  'fixtures/matrix/drill-archive.test.ts',
  'fixtures/blind-stages.test.ts',
  'fixtures/real/tls/',
  'fixtures/matrix/',
  'fixtures/real/',
  'fixtures/',
  'cli/',
]
const place = ({ moduleId }: TestSpecification): number => {
  const path = relative(import.meta.dirname, moduleId).replaceAll('\\', '/')
  const found = LONG.findIndex((start) => path.startsWith(start))
  return found === -1 ? LONG.length : found
}
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => place(a) - place(b))
  }
}

/** Judged by when requests arrive and answers leave: two at a time, so that each has a core of its own. */
const TIMED = [
  'fixtures/matrix/rate-limit.test.ts',
  'fixtures/real/rate-limit{,-haproxy,-layers}.test.ts',
  'fixtures/matrix/live.test.ts',
  'helpers/inference/**/*.test.ts',
  'helpers/probes/{paced,timing}.test.ts',
  'helpers/{pace,zones}.test.ts',
  'suites/rate-limit/**/*.test.ts',
]
/** One deployment after the other in the same process: what they share is loaded once for all of them, and nothing of one is kept for the next. */
const MATRIX = ['fixtures/matrix/**/*.test.ts']
/** Judgement and grammar: pure functions and plain objects, which nothing needs to be kept apart for. */
const PURE = ['helpers/grammar/**/*.test.ts', 'suites/**/*.test.ts']
const NEVER = ['**/node_modules/**', '**/dist/**', 'suites/verify.test.ts']

const common = {
  // A machine that is busy with something else is slow, not wrong.
  testTimeout: 90_000,
  hookTimeout: 90_000,
  // Node reads the sources by itself, as it does for the command.
  experimental: { viteModuleRunner: false },
  // What was read once is not read again, neither by the next worker nor by a command that a test starts, wherever its temporary folder is.
  env: { NODE_COMPILE_CACHE: join(tmpdir(), 'postproof-compile-cache') },
}
// Most of the others wait most of the time: three of them keep two cores busy.
const timed = { sequence: { groupOrder: 1 }, maxWorkers: 2 }
const waiting = { sequence: { groupOrder: 2 }, maxWorkers: 3 }

export default defineConfig({
  test: {
    projects: [
      { test: { ...common, ...timed, name: 'timed', include: TIMED, exclude: NEVER } },
      { test: { ...common, ...waiting, name: 'matrix', include: MATRIX, exclude: [...NEVER, ...TIMED], isolate: false } },
      { test: { ...common, ...waiting, name: 'pure', include: PURE, exclude: [...NEVER, ...TIMED], isolate: false } },
      { test: { ...common, ...waiting, name: 'self', include: ['**/*.test.ts'], exclude: [...NEVER, ...TIMED, ...MATRIX, ...PURE] } },
    ],
    sequence: { sequencer: LongestFirst },
    fsModuleCache: false,
  },
})
