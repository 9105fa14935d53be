/** The only live entry: one test per verdict; above a hundred hosts one test carries a host's whole suite, above a few hundred all of it (docs: CONTRIBUTING, "The run"). */
import { describe, test } from 'vitest'
import { currentRun, type LiveResult } from '../helpers/current-run.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** Indexes into the run's cases: the identity of a verdict, since test names may repeat. */
    cases?: readonly number[]
  }
}

/** From here on, one test per verdict would cost more than the looking (measured: bench/verdicts.ts). */
const VERDICTS_ONE_BY_ONE = 12_000
/** From here on, one test carries all verdicts of a host. */
const VERDICTS_BY_SUITE = 50_000

/** Carries no stack: the place that matters is the target's, and it is in the report. */
class Judged extends Error {
  override readonly name = 'Judged'
  constructor(results: readonly LiveResult[]) {
    super(results.map((result) => `${result.outcome} ${result.check} ${result.subject}${result.code === undefined ? '' : ` (${result.code})`}`).join('\n'))
    this.stack = ''
  }
}

const red = (result: LiveResult): boolean => {
  switch (result.outcome) {
    case 'pass':
    case 'warn':
    case 'skip':
      return false
    case 'fail':
    case 'inconclusive':
      return true
    default:
      return result.outcome satisfies never
  }
}

const run = currentRun()
const groups = new Map<string, number[]>()
run.cases.forEach((one, index) => {
  const host = one.host ?? run.target.domain
  const { length } = run.cases
  const name = length > VERDICTS_BY_SUITE ? host : length > VERDICTS_ONE_BY_ONE ? `${one.suite} ${host}` : `${one.check} ${one.subject}`
  const known = groups.get(name)
  if (known === undefined) groups.set(name, [index])
  else known.push(index)
})

describe(run.target.name, () => {
  for (const [name, indexes] of groups) {
    test(name, { meta: { cases: indexes } }, async ({ skip }) => {
      const results = await Promise.all(indexes.map((index) => run.result(index)))
      const failed = results.filter(red)
      if (failed.length > 0) throw new Judged(failed)
      if (results.every((result) => result.outcome === 'skip')) skip(results.map((result) => `${result.skip ?? ''}: ${result.reason ?? ''}`).join('; '))
    })
  }
})
