/** What a reader meets first, the same in every format. */
import type { Outcome, Severity } from '../helpers/verdict.ts'
import type { ReportResult } from './report.ts'

/** Worst first. */
export const RANK: Readonly<Record<Outcome, number>> = { fail: 0, inconclusive: 1, warn: 2, pass: 3, skip: 4 }
/** Outcomes as a person says them. */
export const NAMES: Readonly<Record<Outcome, string>> = { pass: 'pass', warn: 'warning', fail: 'failure', inconclusive: 'inconclusive', skip: 'not looked at' }
const WEIGHT: Readonly<Record<Severity, number>> = { critical: 0, high: 1, medium: 2, low: 3, info: 4 }

/** Worst outcome, then what nobody has waived, then weight, then the check's name. */
export const worstFirst = (a: ReportResult, b: ReportResult): number =>
  RANK[a.outcome] - RANK[b.outcome] ||
  Number(a.waiver !== undefined) - Number(b.waiver !== undefined) ||
  WEIGHT[a.severity] - WEIGHT[b.severity] ||
  (a.check < b.check ? -1 : a.check > b.check ? 1 : 0)
