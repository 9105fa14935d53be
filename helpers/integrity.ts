/** The run judges itself: did everything that was planned happen, and did the runner see what the engine judged? */
import { type Check, defineCheck } from './check.ts'
import type { Result } from './run.ts'
import type { Evidence } from './verdict.ts'

export const integrity: Check = defineCheck({
  id: 'run/integrity',
  title: 'Every planned verdict was judged and reported',
  failureTitle: 'The run did not do all that was planned',
  why: 'A verdict that silently went missing would make the report greener than the deployment.',
  source: 'postproof: never green without looking',
  severity: 'critical',
  codes: {},
  options: {},
  subjects: () => [],
  unless: { skip: 'not-applicable', reason: 'judged at the end of every run' },
  needs: () => ({}),
  judge: () => {
    throw new TypeError('run/integrity is judged by the run itself')
  },
  reproduce: () => 'postproof verify … --debug',
})

/** @param problems what went wrong; none gives the passing result with `seen` as its evidence */
export function integrityResults(problems: readonly { readonly subject: string; readonly reason: string }[], seen: Evidence, at: string): readonly Result[] {
  const base = {
    check: integrity.id,
    suite: integrity.suite,
    severity: integrity.severity,
    reproduce: 'postproof verify --debug',
    startedAt: at,
    durationMs: 0,
    attempts: 1,
  } as const
  if (problems.length === 0) return [{ ...base, subject: 'run', outcome: 'pass', evidence: [seen] }]
  return problems.map(({ subject, reason }) => ({
    ...base,
    subject,
    outcome: 'inconclusive',
    code: 'run.defect',
    blame: 'defect',
    reason,
    evidence: [{ what: subject, expected: seen.expected, received: reason }],
  }))
}
