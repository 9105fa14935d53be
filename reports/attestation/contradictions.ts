/** A report read again: its decision follows from its verdicts, or it is not believed. */
import { gateAt } from '../../helpers/gate.ts'
import type { Report } from '../report.ts'

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
  return found
}
