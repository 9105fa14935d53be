/** The words of a judgement: outcome, severity, blame, evidence, verdict. Everything else in the house builds on these. */
import type { Figure } from './figure.ts'

export const OUTCOMES = ['pass', 'warn', 'fail', 'inconclusive', 'skip'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** How much it matters; independent of the outcome. Highest first. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const
export type Severity = (typeof SEVERITIES)[number]

/** Who is to blame when we could not tell: the network or a silent target, our user's configuration, or our own bug. */
export type Blame = 'unobserved' | 'misused' | 'defect'

export type SkipReason = 'not-applicable' | 'not-declared' | 'not-authorised' | 'not-selected' | 'no-access'

/**
 * One thing that was looked at. `received` is what the wire showed (target bytes: hostile, capped by the run), `expected` what the rule or
 * the target file asks for, `what` names the object (header, certificate, path). `where` is the address or URL, `at` ISO 8601 UTC.
 */
export interface Evidence {
  readonly what: string
  readonly expected: string
  readonly received: string
  readonly where?: string
  readonly at?: string
  /** As it must be: shown beside what is not, to compare with. Only in a verdict that fails or warns. */
  readonly holds?: true
}

interface Shown {
  readonly evidence: readonly Evidence[]
  /** Pictures of what was seen. */
  readonly figures?: readonly Figure[]
}

export type Verdict =
  | ({ readonly outcome: 'pass' } & Shown)
  | ({ readonly outcome: 'warn'; readonly code: string; readonly severity?: Severity } & Shown)
  | ({ readonly outcome: 'fail'; readonly code: string; readonly severity?: Severity } & Shown)
  | ({ readonly outcome: 'inconclusive'; readonly code: string; readonly blame: Blame; readonly reason: string } & Shown)
  | ({ readonly outcome: 'skip'; readonly skip: SkipReason; readonly reason: string } & Shown)

/** The verdict with pictures beside its evidence. */
export const illustrated = <V extends Verdict>(verdict: V, ...figures: readonly Figure[]): V => ({
  ...verdict,
  figures: [...(verdict.figures ?? []), ...figures],
})

type Some = Evidence | readonly Evidence[]
const list = (evidence: Some): readonly Evidence[] => (Array.isArray(evidence) ? evidence : [evidence as Evidence])

/** A pass must carry evidence: with nothing looked at the run turns it into an inconclusive verdict. */
export const pass = (evidence: Some): Verdict => ({ outcome: 'pass', evidence: list(evidence) })

/** @param severity overrides the check's severity for this verdict, where the rule grades one check by what was found. */
export const warn = <Code extends string>(code: Code, evidence: Some, severity?: Severity): Verdict & { code: Code } =>
  severity === undefined ? { outcome: 'warn', code, evidence: list(evidence) } : { outcome: 'warn', code, evidence: list(evidence), severity }

export const fail = <Code extends string>(code: Code, evidence: Some, severity?: Severity): Verdict & { code: Code } =>
  severity === undefined ? { outcome: 'fail', code, evidence: list(evidence) } : { outcome: 'fail', code, evidence: list(evidence), severity }

export const inconclusive = (blame: Blame, reason: string, evidence: Some = []): Verdict => ({
  outcome: 'inconclusive',
  code: `run.${blame}`,
  blame,
  reason,
  evidence: list(evidence),
})

export const skip = (why: SkipReason, reason: string, evidence: Some = []): Verdict => ({ outcome: 'skip', skip: why, reason, evidence: list(evidence) })

/** One judged item of a verdict that covers many (paths, addresses, records): its grade and its evidence. */
export interface Finding<Code extends string = string> {
  readonly grade: 'pass' | 'warn' | 'fail'
  readonly code?: Code
  readonly evidence: Evidence
  readonly severity?: Severity
}

/** Of the check whose judge() is at work: what a finding without a severity of its own weighs. */
let own: Severity | undefined

/** Lets a judge() work, which is never asynchronous, for a check of this severity. */
export function judgingFor<T>(severity: Severity, judge: () => T): T {
  const before = own
  own = severity
  try {
    return judge()
  } finally {
    own = before
  }
}

/**
 * Folds findings into one verdict: the worst grade wins, failing evidence first, the code and severity are those of the first worst finding of
 * the highest severity; a finding without one weighs what its check does. No findings at all is `inconclusive: defect`: nothing judged is never green.
 */
export function worst(findings: readonly Finding[]): Verdict {
  if (findings.length === 0) return inconclusive('defect', 'the check judged nothing')
  const rank = { fail: 0, warn: 1, pass: 2 } as const
  const level = ({ severity = own }: Finding): number => (severity === undefined ? SEVERITIES.length : SEVERITIES.indexOf(severity))
  const sorted = [...findings].sort((a, b) => rank[a.grade] - rank[b.grade] || level(a) - level(b))
  const first = sorted[0] as Finding
  const evidence = sorted.map(({ grade, evidence: item }) => (grade === 'pass' && first.grade !== 'pass' ? { ...item, holds: true as const } : item))
  if (first.grade === 'pass') return pass(evidence)
  if (first.code === undefined) return inconclusive('defect', `a ${first.grade} finding carries no failure code`, evidence)
  return first.grade === 'fail' ? fail(first.code, evidence, first.severity) : warn(first.code, evidence, first.severity)
}
