/** report.md: for a pull request or a ticket. Target text stands in code spans, so that it is never markup. */
import type { Figure } from '../helpers/figure.ts'
import { drillLines } from './drill-section.ts'
import { caveats, RANK, suitesLookedAt, worstFirst } from './order.ts'
import type { Signed } from './attestation/statement.ts'
import { comesFirst, scope, subjectsInWords, unseen } from './summary.ts'
import { type Report, type ReportResult, usedInWords } from './report.ts'

/** A code span that no content can leave: the fence is longer than any run of backticks inside. */
const code = (text: string): string => {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const pad = text.startsWith('`') || text.endsWith('`') || text === '' ? ' ' : ''
  return `${fence}${pad}${text.replaceAll(/[\r\n]+/g, ' ')}${pad}${fence}`
}
const cell = (text: string): string => code(text).replaceAll('|', '\\|')

const MARKS = { pass: '✅', warn: '⚠️', fail: '❌', inconclusive: '❔', skip: '⏭️' } as const

/** A picture as a table, for who has no screen for it. */
function inWords(figure: Figure): readonly string[] {
  const title = code(figure.title)
  const table = (columns: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => [
    title,
    '',
    `| ${columns.map(cell).join(' | ')} |`,
    `|${'---|'.repeat(columns.length)}`,
    ...rows.slice(0, 50).map((row) => `| ${row.map(cell).join(' | ')} |`),
    ...(rows.length > 50 ? [`| … ${rows.length - 50} more in report.json |`] : []),
  ]
  const ms = (value: number): string => `${value.toFixed(0)} ms`
  if (figure.kind === 'requests') {
    const accepted = figure.points.filter((point) => point.accepted).length
    return [`${title}: ${accepted} of ${figure.points.length} requests accepted${figure.model === undefined ? '' : `; ${code(figure.model.label)}`}`]
  }
  if (figure.kind === 'timeline')
    return table(
      ['what', 'from', 'to', 'outcome', 'note'],
      figure.spans.map((one) => [one.label, ms(one.startMs), ms(one.endMs), one.outcome, one.note ?? '']),
    )
  if (figure.kind === 'states')
    return table(
      ['from', 'to', 'by', 'outcome', 'note'],
      figure.transitions.map((one) => [one.from, one.to, one.label, one.outcome, one.note ?? '']),
    )
  if (figure.kind === 'series')
    return table(
      ['run', figure.unit],
      [
        ...figure.points.map(({ label, value }) => [label, value.toFixed(2)]),
        ...(figure.limit === undefined ? [] : [[figure.limit.label, figure.limit.value.toFixed(2)]]),
      ],
    )
  return table(figure.columns, figure.rows)
}

function detail(result: ReportResult): string {
  const lines = [
    `### ${MARKS[result.outcome]} ${code(`${result.check} ${result.subject}`)}`,
    '',
    `${result.title} · ${result.severity}${result.code === undefined ? '' : ` · ${code(result.code)}`}`,
    '',
  ]
  if (result.waiver !== undefined) lines.push(`Waived until ${result.waiver.expires} by ${code(result.waiver.owner)}: ${code(result.waiver.reason)}`, '')
  if (result.reason !== undefined) lines.push(`Reason: ${code(result.reason)}`, '')
  if (result.evidence.length > 0) {
    lines.push('| what | expected | received |', '|---|---|---|')
    for (const item of result.evidence.slice(0, 20))
      lines.push(
        `| ${cell(item.where === undefined ? item.what : `${item.what} (${item.where})`)} | ${cell(item.expected)} | ${cell(item.received)}${item.holds === undefined ? '' : ' as it must be'} |`,
      )
    if (result.evidence.length > 20) lines.push(`| … | | ${result.evidence.length - 20} more in report.json |`)
    lines.push('')
  }
  for (const figure of result.figures ?? []) lines.push(...inWords(figure), '')
  if (result.fix !== '') lines.push(`Fix: ${result.fix}`, '')
  if (result.reproduce !== '') lines.push('```sh', result.reproduce.replaceAll('```', "'''"), '```', '')
  return lines.join('\n')
}

/** What a reader with one minute must know. */
function brief(report: Report): readonly string[] {
  const { things, more } = comesFirst(report)
  const { seen, unseen: blind } = scope(report)
  return [
    ...(things.length === 0
      ? []
      : [
          'What comes first:',
          '',
          ...things.map(
            (one, index) =>
              `${index + 1}. ${one.title}: ${code(subjectsInWords(one.subjects))}. ${one.reason === undefined ? (one.fix ?? '') : code(one.reason)}`,
          ),
          '',
          ...(more === 0 ? [] : [`Then ${more} more that ${more === 1 ? 'blocks' : 'block'}.`, '']),
        ]),
    `${seen.length === 0 ? 'Nothing was looked at' : `Looked at: ${seen.join(', ')}`}.${blind.length === 0 ? '' : ` Nothing seen of: ${blind.join(', ')}.`}`,
    '',
  ]
}

export function markdown(report: Report, signed?: Signed): string {
  const { counts, gate } = report
  const verdict = gate.interrupted === true ? 'INTERRUPTED' : gate.passed ? 'PASSED' : gate.exitCode === 2 ? 'COULD NOT TELL' : 'FAILED'
  const suites = suitesLookedAt(report.results)
  const lines = [
    `# ${gate.passed ? '✅' : '❌'} ${code(report.target.name)}: ${verdict}`,
    '',
    `${code(report.target.domain)} · ${report.startedAt} · ${counts.fail} failed, ${counts.inconclusive} inconclusive, ${counts.warn} ${counts.warn === 1 ? 'warning' : 'warnings'}, ${counts.pass} passed, ${counts.skip} skipped`,
    '',
    ...brief(report),
    '| suite | pass | warn | fail | inconclusive | skip |',
    '|---|---:|---:|---:|---:|---:|',
    ...suites.map((suite) => {
      const own = report.results.filter((result) => result.suite === suite)
      const count = (outcome: string): number => own.filter((result) => result.outcome === outcome).length
      return `| ${suite} | ${count('pass')} | ${count('warn')} | ${count('fail')} | ${count('inconclusive')} | ${count('skip')} |`
    }),
    '',
  ]
  for (const line of caveats(report)) lines.push(code(line), '')
  if (gate.reason !== undefined) lines.push(`Reason: ${code(gate.reason)}`, '')
  if (gate.blocking.length > 0)
    lines.push(
      `What blocks the gate (${gate.block} and above):`,
      '',
      ...gate.blocking.slice(0, 50).map((line) => `- ${code(line)}`),
      ...(gate.blocking.length > 50 ? [`- … ${gate.blocking.length - 50} more`] : []),
      '',
    )
  if (report.run.used !== undefined && report.run.used.requests > 0) lines.push(`Used by what acts on the target: ${usedInWords(report.run.used)}.`, '')
  if (report.run.cleanedUp !== undefined)
    lines.push(
      '## Removed at the end',
      '',
      ...report.run.cleanedUp.map(({ what, removed, reason }) => `- ${code(what)}: ${removed ? 'removed' : `not removed (${code(reason ?? '')})`}`),
      '',
    )
  const shown = report.results.filter((result) => RANK[result.outcome] < RANK.pass).sort(worstFirst)
  if (shown.length > 0) lines.push('## What was found', '', ...shown.slice(0, 500).map(detail))
  if (shown.length > 500) lines.push(`${shown.length - 500} more in report.json`, '')
  const suitesUnseen = unseen(report)
  if (suitesUnseen.length > 0)
    lines.push(
      '## Not looked at',
      '',
      ...suitesUnseen.map((one) => `- ${one.suite}${one.whole ? ', nothing of it' : ''}: ${one.kinds}`),
      '',
      '<details><summary>Every reason</summary>',
      '',
      ...suitesUnseen.flatMap(({ reasons }) =>
        reasons.map(
          ({ reason, count, checks }) =>
            `- ${code(reason)}: ${count} (${checks.slice(0, 8).join(', ')}${checks.length > 8 ? ` and ${checks.length - 8} more` : ''})`,
        ),
      ),
      '',
      '</details>',
      '',
    )
  lines.push(...drillLines(report, code, cell))
  if (report.requirements.length > 0)
    lines.push('## Requirements', '', ...report.requirements.map((one) => `- ${MARKS[one.outcome]} ${code(one.id)}: ${one.checks.map(code).join(', ')}`), '')
  const blank = '                    '
  lines.push(
    '## Sign-off',
    '',
    '| performed by | reviewed by | decision | date |',
    '|---|---|---|---|',
    signed === undefined
      ? `| ${blank} | ${blank} | ${blank} | ${blank} |`
      : `| ${cell(signed.performedBy)} | ${signed.reviewedBy === undefined ? blank : cell(signed.reviewedBy)} | ${signed.decision} | ${signed.signedAt} |`,
    '',
  )
  if (signed?.note !== undefined) lines.push(code(signed.note), '')
  if (signed !== undefined) lines.push(`Signed with the key ${code(signed.keyid)}; \`postproof report verify\` proves it.`, '')
  return lines.join('\n')
}
