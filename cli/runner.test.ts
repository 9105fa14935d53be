/** No trap of the runner can turn a run green: each one ends with exit 2 and a reason. */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const here = dirname(fileURLToPath(import.meta.url))
interface Said {
  readonly exitCode: number
  readonly results: readonly { readonly check: string; readonly subject: string; readonly outcome: string; readonly reason?: string }[]
}
function harness(entry?: string): { readonly status: number | null; readonly said: Said } {
  const child = spawnSync(process.execPath, [join(here, 'traps/harness.ts'), ...(entry === undefined ? [] : [`cli/traps/${entry}.trap.ts`])], {
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  const line = child.stdout.trim().split('\n').at(-1) ?? ''
  if (!line.startsWith('{')) throw new Error(`no result: ${child.stdout}\n${child.stderr}`)
  return { status: child.status, said: JSON.parse(line) as Said }
}

test('without a trap the run is green', () => {
  const { status, said } = harness()
  expect(said.results.map((result) => result.outcome)).toEqual(['pass', 'pass', 'pass'])
  expect(status).toBe(0)
})

describe('cannot turn green', () => {
  test.each<[string, RegExp]>([
    ['failed-hook', /a hook failed|the runner says|never reported/],
    ['unhandled-rejection', /an unhandled error: .*nobody waits for me/],
    ['no-tests', /never reported|could not be loaded|no live entry/],
    ['import-throws', /thrown at import/],
    ['import-hangs', /did not end/],
    ['skips-all', /never reported/],
    ['one-missing', /1 of 2 planned verdicts were never reported/],
    ['exits', /the runner says failed|unhandled|process\.exit/],
    ['without-verdict', /carries no verdict/],
    ['no-such-entry', /no live entry|never reported/],
  ])(
    '%s',
    (entry, reason) => {
      const { status, said } = harness(entry)
      expect(status).toBe(2)
      const problems = said.results.filter((result) => result.check === 'run/integrity')
      expect(problems.length).toBeGreaterThan(0)
      for (const problem of problems) expect(problem.outcome).toBe('inconclusive')
      expect(problems.map((problem) => problem.reason).join('\n')).toMatch(reason)
    },
    70_000,
  )
})
