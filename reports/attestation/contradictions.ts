/** A report read again: its decision follows from its verdicts, or it is not believed. */
import { gateAt } from '../../helpers/gate.ts'
import type { Report } from '../report.ts'

const RECOVERY: ReadonlySet<string> = new Set(['fetch', 'unpack', 'provision', 'restore', 'usable'])
/** Facts of drills that the verdicts about them contradict. */
function drillContradictions({ drills = [], rollbacks = [], results }: Report): readonly string[] {
  const found: string[] = []
  const passes = (check: string, subject: string): boolean => results.some((one) => one.check === check && one.subject === subject && one.outcome === 'pass')
  for (const { entry, rto, rpo, phases, databases, cleanup, notRestored } of drills) {
    const minutes = rto.usableMs === undefined ? undefined : rto.usableMs / 60_000 + rto.humanMinutes
    if (rto.usableMs !== undefined) {
      const measured = phases.filter(({ name }) => RECOVERY.has(name)).reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)
      // Other phases may count towards it one day; none of these may be left out of it.
      if (measured > rto.usableMs + 1) found.push(`the drill of ${entry} took longer until usable data than it says`)
    }
    if (passes('recovery/rto', entry)) {
      if (minutes === undefined || rto.objectiveMinutes === undefined || minutes > rto.objectiveMinutes)
        found.push(`recovery/rto ${entry} passes beyond its objective`)
      if (databases.some(({ basis }) => basis.kind !== 'measured')) found.push(`recovery/rto ${entry} passes on an optimistic time`)
    }
    // The record has two digits behind the point.
    if (passes('recovery/rpo-now', entry) && (rpo.objectiveHours === undefined || rpo.hours > rpo.objectiveHours + 0.01))
      found.push(`recovery/rpo-now ${entry} passes beyond its objective`)
    if (
      passes('restore/rows-match-artifact', entry) &&
      databases.some(({ tables }) => tables.some(({ expected, rows }) => expected !== undefined && rows !== expected))
    )
      found.push(`restore/rows-match-artifact ${entry} passes with other rows than the artifact holds`)
    if (passes('restore/complete', entry) && notRestored.length > 0) found.push(`restore/complete ${entry} passes without ${notRestored[0] ?? ''}`)
    if (passes('drill/cleanup', entry) && cleanup.left.length > 0) found.push(`drill/cleanup ${entry} passes with something left`)
  }
  for (const { level, rollbackMs, limitSeconds, steps, proofs } of rollbacks) {
    const subject = `rollback ${level}`
    if (passes('rollback/in-time', subject) && rollbackMs > limitSeconds * 1000) found.push(`rollback/in-time ${subject} passes beyond its time`)
    if (passes('rollback/steps-succeed', subject) && steps.some(({ part, done }) => part === 'rollback' && !done))
      found.push(`rollback/steps-succeed ${subject} passes with a step that failed`)
    if (passes('rollback/verified', subject) && proofs.some(({ part, held }) => part === 'rollback' && !held))
      found.push(`rollback/verified ${subject} passes with a proof that did not hold`)
  }
  return found
}

/** What the report says of itself that its own verdicts contradict, one line each. */
export function contradictions(report: Report): readonly string[] {
  const found: string[] = []
  const { gate, results } = report
  const again = gateAt(gate.block, results)
  if (gate.passed && !again.passed)
    found.push(
      `it says that the gate passed, but ${again.reason ?? `${again.blocking.length} of its verdicts block it, the first: ${again.blocking[0] ?? ''}`}`,
    )
  if (gate.passed !== (gate.exitCode === 0)) found.push(`it says exit ${gate.exitCode} and that the gate ${gate.passed ? 'passed' : 'did not pass'}`)
  const listed = new Set(gate.blocking)
  const missing = again.blocking.filter((line) => !listed.has(line))
  if (missing.length > 0) found.push(`it does not list among what blocks: ${missing.slice(0, 3).join(', ')}`)
  for (const outcome of ['pass', 'warn', 'fail', 'inconclusive', 'skip'] as const) {
    const counted = results.filter((result) => result.outcome === outcome).length
    if (counted !== report.counts[outcome]) found.push(`it counts ${report.counts[outcome]} ${outcome}, and holds ${counted}`)
  }
  const keys = new Set<string>()
  const ended = Date.parse(report.finishedAt)
  for (const { check, subject, outcome, evidence, code, waiver } of results) {
    const key = `${check} ${subject}`
    if (keys.has(key)) found.push(`it judges ${key} twice`)
    keys.add(key)
    if (outcome === 'pass' && evidence.length === 0) found.push(`${key} passes without evidence`)
    if (outcome !== 'pass' && outcome !== 'skip' && code === undefined) found.push(`${key} is ${outcome} without a failure code`)
    if (waiver !== undefined && Date.parse(waiver.expires) + 86_400_000 <= ended)
      found.push(`${key} is waived by a waiver that had expired (${waiver.expires})`)
  }
  if (ended < Date.parse(report.startedAt)) found.push('it ended before it began')
  found.push(...drillContradictions(report))
  return found
}
