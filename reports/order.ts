/** What a reader meets first, the same in every format. */
import type { Outcome, Severity } from '../helpers/verdict.ts'
import type { Report, ReportResult } from './report.ts'

/** Worst first. */
export const RANK: Readonly<Record<Outcome, number>> = { fail: 0, inconclusive: 1, warn: 2, pass: 3, skip: 4 }
/** Outcomes as a person says them. */
export const NAMES: Readonly<Record<Outcome, string>> = { pass: 'pass', warn: 'warning', fail: 'failure', inconclusive: 'inconclusive', skip: 'not looked at' }
const WEIGHT: Readonly<Record<Severity, number>> = { critical: 0, high: 1, medium: 2, low: 3, info: 4 }

/** Suites that looked at something or should have: not those of which nothing was declared. In the order of the report. */
export const suitesLookedAt = (results: readonly ReportResult[]): readonly string[] => {
  const looked = new Set(results.filter(({ outcome, host }) => outcome !== 'skip' || host !== undefined).map(({ suite }) => suite))
  const suites = new Set(results.map(({ suite }) => suite))
  return [...suites].filter((suite) => looked.size === 0 || looked.has(suite))
}

const NAMED = 8
/** Names while they are few enough to be read. */
const few = (names: readonly string[]): string =>
  names.length <= NAMED ? names.join(', ') : `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`

/** What a signer must not overlook: a run that was narrowed, and failures that the gate let through. */
export function caveats({ selection, gate, counts }: Report): readonly string[] {
  const narrowed = Object.entries(selection ?? {}).filter(([, names]) => names.length > 0)
  const through = gate.passed ? counts.fail + counts.inconclusive : 0
  return [
    ...(narrowed.length === 0 ? [] : [`Narrowed: only ${narrowed.map(([kind, names]) => `${kind} ${few(names)}`).join('; ')} were asked for`]),
    ...(through === 0 ? [] : [`${through} ${through === 1 ? 'verdict that is' : 'verdicts that are'} not green did not block: below ${gate.block}, or waived`]),
  ]
}

/** Worst outcome, then what nobody has waived, then weight, then the check's name. */
export const worstFirst = (a: ReportResult, b: ReportResult): number =>
  RANK[a.outcome] - RANK[b.outcome] ||
  Number(a.waiver !== undefined) - Number(b.waiver !== undefined) ||
  WEIGHT[a.severity] - WEIGHT[b.severity] ||
  (a.check < b.check ? -1 : a.check > b.check ? 1 : 0)
