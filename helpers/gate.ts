/** From results to the one decision: does the gate pass, and with which exit code. Verdicts are never changed here, only weighed. */
import type { Result } from './run.ts'
import type { Target } from './target.ts'
import { SEVERITIES, type Severity } from './verdict.ts'

export interface Gate {
  readonly passed: boolean
  /** 0 passed, 1 failed, 2 could not tell (design §3). Misuse (3) and interruption (130) are the command line's to say. */
  readonly exitCode: 0 | 1 | 2
  /** Lowest severity that blocks. */
  readonly block: Severity
  /** `check subject` of every blocking verdict. */
  readonly blocking: readonly string[]
  /** Why it could not tell, where that is the reason. */
  readonly reason?: string
}

/** Attaches the waiver that covers a result. One that has expired covers nothing (and is a failure of `run/waivers`). */
export function withWaivers(results: readonly Result[], target: Target, now: Date): readonly Result[] {
  const waivers = (target.file.waivers ?? []).filter((waiver) => now.getTime() < Date.parse(waiver.expires) + 86_400_000)
  if (waivers.length === 0) return results
  return results.map((result) => {
    if (result.outcome !== 'fail' && result.outcome !== 'inconclusive') return result
    const waiver = waivers.find((one) => one.check === result.check && (one.subject === '*' || one.subject === result.subject))
    return waiver === undefined ? result : { ...result, waiver: { reason: waiver.reason, owner: waiver.owner, expires: waiver.expires } }
  })
}

/** @param results with waivers attached */
export const gateOf = (results: readonly Result[], target: Target): Gate => gateAt(target.file.gate?.block ?? 'high', results)

/** What a gate weighs of a result. */
export type Weighed = Pick<Result, 'check' | 'suite' | 'subject' | 'outcome' | 'severity' | 'waiver'>

/** @param block lowest severity that blocks */
export function gateAt(block: Severity, results: readonly Weighed[]): Gate {
  const weighs = (severity: Severity): boolean => SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(block)
  // Whatever the gate's level, the run's own incompleteness is never waved through.
  const blocks = results.filter(
    (result) => (result.outcome === 'fail' || result.outcome === 'inconclusive') && result.waiver === undefined && weighs(result.severity),
  )
  const blocking = blocks.map((result) => `${result.check} ${result.subject}`)
  const judged = results.filter((result) => result.suite !== 'run' && (result.outcome === 'pass' || result.outcome === 'warn' || result.outcome === 'fail'))
  if (blocks.some((result) => result.outcome === 'fail')) return { passed: false, exitCode: 1, block, blocking }
  if (blocks.length > 0)
    return {
      passed: false,
      exitCode: 2,
      block,
      blocking,
      reason: `${blocks.length} blocking ${blocks.length === 1 ? 'verdict is' : 'verdicts are'} inconclusive`,
    }
  if (judged.length === 0) return { passed: false, exitCode: 2, block, blocking, reason: 'nothing was judged' }
  return { passed: true, exitCode: 0, block, blocking }
}
