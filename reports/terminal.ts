/** What a person at a terminal sees: one live line per suite, the first failure at once, then a summary that fits 80×24. Pure: state in, text out. */
import { stripVTControlCharacters, styleText } from 'node:util'
import type { Outcome } from '../helpers/verdict.ts'
import { RANK, suitesLookedAt, worstFirst } from './order.ts'
import { leftBehind, type Report, type ReportResult } from './report.ts'
import { visible } from './sanitize.ts'

export interface Style {
  readonly colour: boolean
  /** Columns; texts are cut or wrapped to it. */
  readonly width: number
}

type Paint = Parameters<typeof styleText>[0]
const paint = (style: Style, how: Paint, text: string): string => (style.colour ? styleText(how, text, { validateStream: false }) : text)
const COLOURS: Readonly<Record<Outcome, Paint>> = { pass: 'green', warn: 'yellow', fail: 'red', inconclusive: 'magenta', skip: 'gray' }
const MARKS: Readonly<Record<Outcome, string>> = { pass: '✓', warn: '!', fail: '✗', inconclusive: '?', skip: '-' }

/** Width of a text in cells: combining marks none, East Asian wide and emoji two. */
export function cells(text: string): number {
  let width = 0
  for (const character of stripVTControlCharacters(text)) {
    const code = character.codePointAt(0) ?? 0
    if (/\p{Mark}/u.test(character)) continue
    width +=
      code >= 0x1100 &&
      (code <= 0x115f ||
        (code >= 0x2e80 && code <= 0xa4cf) ||
        (code >= 0xac00 && code <= 0xd7a3) ||
        (code >= 0xf900 && code <= 0xfaff) ||
        (code >= 0xfe30 && code <= 0xfe6f) ||
        (code >= 0xff00 && code <= 0xff60) ||
        (code >= 0x1f300 && code <= 0x1faff) ||
        (code >= 0x20000 && code <= 0x3fffd))
        ? 2
        : 1
  }
  return width
}
export function cut(text: string, width: number): string {
  if (width < 1) return ''
  if (cells(text) <= width) return text
  let out = ''
  for (const character of text) {
    if (cells(out) + cells(character) > width - 1) break
    out += character
  }
  return `${out}…`
}
const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - cells(text)))

export interface SuiteProgress {
  readonly suite: string
  readonly total: number
  readonly done: number
  readonly counts: Readonly<Record<Outcome, number>>
}

const tally = (style: Style, counts: Readonly<Record<Outcome, number>>): string =>
  (['fail', 'inconclusive', 'warn', 'pass', 'skip'] as const)
    .filter((outcome) => counts[outcome] > 0)
    .map((outcome) => paint(style, COLOURS[outcome], `${MARKS[outcome]}${counts[outcome]}`))
    .join(' ')

/** One line of the live view. */
export function suiteLine(style: Style, progress: SuiteProgress): string {
  const room = Math.max(8, Math.min(24, style.width - 50))
  // A verdict on the run itself comes on top of those that were planned.
  const filled = progress.total === 0 ? room : Math.min(room, Math.round((progress.done / progress.total) * room))
  const bad = progress.counts.fail > 0 ? 'fail' : progress.counts.inconclusive > 0 ? 'inconclusive' : progress.counts.warn > 0 ? 'warn' : 'pass'
  return `${pad(cut(progress.suite, 14), 14)} ${paint(style, COLOURS[bad], '━'.repeat(filled))}${paint(style, 'gray', '─'.repeat(room - filled))} ${pad(`${progress.done}/${Math.max(progress.total, progress.done)}`, 9)} ${tally(style, progress.counts)}`
}

/** How many items of evidence a finding shows. */
const MOST_EVIDENCE = 3

/**
 * Evidence of one result, failing side first, each item on its own lines; what is as it must be stands in the report.
 * @param also what is the same finding ({@link findingOf})
 */
function resultLines(style: Style, result: ReportResult, also: readonly ReportResult[]): readonly string[] {
  const inner = style.width - 4
  const mark = `${MARKS[result.outcome]} ${result.outcome}`
  const name = `  ${result.check}  `
  const rest = `${result.code === undefined ? '' : `  ${result.code}`}  (${result.severity})`
  const subject = cut(result.subject, Math.max(12, style.width - cells(mark + name)))
  const room = style.width - cells(mark + name + subject)
  const lines = [`${paint(style, COLOURS[result.outcome], mark)}${name}${paint(style, 'bold', subject)}${cut(rest, room)}`]
  lines.push(`    ${cut(result.title, inner)}`)
  if (result.waiver !== undefined) lines.push(`    ${cut(`waived until ${result.waiver.expires} by ${result.waiver.owner}: ${result.waiver.reason}`, inner)}`)
  if (result.reason !== undefined) lines.push(`    ${cut(result.reason, inner)}`)
  const shown = result.evidence.filter((item) => item.holds === undefined).slice(0, MOST_EVIDENCE)
  for (const item of shown) {
    lines.push(`    ${cut(`${item.what}${item.where === undefined ? '' : ` at ${item.where}`}`, inner)}`)
    lines.push(`      expected  ${cut(item.expected, inner - 12)}`)
    lines.push(`      received  ${cut(item.received, inner - 12)}`)
  }
  if (result.evidence.length > shown.length) lines.push(`    … ${result.evidence.length - shown.length} more in the report`)
  if (result.fix !== '') lines.push(...wrap(`fix: ${result.fix}`, inner).map((line) => `    ${line}`))
  if (result.reproduce !== '') lines.push(`    ${paint(style, 'gray', `$ ${result.reproduce}`)}`)
  if (also.length > 0) lines.push(`    ${cut(alike(result, also, inner), inner)}`)
  return lines
}

/** What else the same was found of; of what is blind for one cause only the number tells. */
function alike(result: ReportResult, also: readonly ReportResult[], width: number): string {
  if (result.because !== undefined) return `and ${also.length} more ${also.length === 1 ? 'verdict is' : 'verdicts are'} blind for the same cause`
  let line = 'the same: '
  for (const [index, { subject }] of also.entries()) {
    const rest = also.length - index
    const next = `${line}${index === 0 ? '' : ', '}${subject}`
    if (index > 0 && cells(next) > width - 14) return `${line} and ${rest} more`
    line = next
  }
  return line
}

/** A space that no line is broken at. */
const HARD_SPACE = '\u00a0'

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/[ \t\r\n]+/)) {
    if (line !== '' && cells(line) + 1 + cells(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines.map((one) => one.replaceAll(HARD_SPACE, ' '))
}

const MOST_WARNINGS = 12

function warningLine(style: Style, result: ReportResult, also: number): string {
  const first = result.evidence[0]
  const seen = first === undefined ? '' : `: ${first.what}: expected ${first.expected}, received ${first.received}`
  return paint(style, COLOURS.warn, cut(`${MARKS.warn} warn  ${result.check}  ${result.subject}${also === 0 ? '' : ` and ${also} more`}${seen}`, style.width))
}

/** What is one finding to a person: the same check with the same evidence, or everything that the same answer (or none) has blinded. */
function findingOf(result: ReportResult): string {
  if (result.because !== undefined) return `blind\n${result.reason ?? result.because}`
  const seen = result.evidence.filter((item) => item.holds === undefined).map(({ what, expected, received }) => `${what}\n${expected}\n${received}`)
  return [result.check, result.outcome, result.severity, result.code, result.waiver === undefined, result.reason, ...seen.sort()].join('\n')
}

/** Everything red, failures first; what is the same of many subjects is told once; then the warnings, a line for each check. */
export function findings(style: Style, report: Report, most = 40): string {
  const red = report.results.filter((result) => result.outcome === 'fail' || result.outcome === 'inconclusive').sort(worstFirst)
  const lines: string[] = []
  const groups = [...Map.groupBy(red, findingOf).values()]
  for (const [first, ...also] of groups.slice(0, most)) if (first !== undefined) lines.push(...resultLines(style, first, also), '')
  if (groups.length > most) lines.push(`… ${groups.slice(most).flat().length} more in the report`, '')
  const warnings = [
    ...Map.groupBy(
      report.results.filter((result) => result.outcome === 'warn'),
      (result) => `${result.check}\n${result.code ?? ''}`,
    ).values(),
  ]
  for (const [first, ...also] of warnings.slice(0, MOST_WARNINGS)) if (first !== undefined) lines.push(warningLine(style, first, also.length))
  const untold = warnings.slice(MOST_WARNINGS).flat().length
  if (untold > 0) lines.push(`… ${untold} more ${untold === 1 ? 'warning' : 'warnings'} in the report`)
  if (warnings.length > 0) lines.push('')
  return lines.join('\n')
}

/** `check subject` of each that blocks; of a check with several only how many. */
const blocks = (blocking: readonly string[]): string =>
  [...Map.groupBy(blocking, (line) => line.split(' ', 1)[0] ?? '')]
    .map(([check, lines]) => (lines.length === 1 ? lines[0] : `${check} (${lines.length})`))
    .join(', ')

/** The last screen: verdict, hosts × suites, where the report is. At most 22 lines of at most `width` columns. */
export function summary(style: Style, report: Report, folder: string | undefined): string {
  const { gate } = report
  const verdict = gate.interrupted === true ? 'INTERRUPTED' : gate.passed ? 'PASSED' : gate.exitCode === 2 ? 'COULD NOT TELL' : 'FAILED'
  const lines: string[] = []
  const suites = suitesLookedAt(report.results).filter((suite) => suite !== 'run')
  const hosts = report.target.hosts
  const cellsOf = new Map<string, Outcome>()
  const note = (key: string, outcome: Outcome): void => {
    const known = cellsOf.get(key)
    if (known === undefined || RANK[outcome] < RANK[known]) cellsOf.set(key, outcome)
  }
  // A suite that judges no host (backups, mail) has no column; what it said stands below.
  const ofHosts = new Set<string>()
  for (const { host, suite, outcome } of report.results) {
    if (host === undefined) note(suite, outcome)
    else {
      ofHosts.add(suite)
      note(`${host} ${suite}`, outcome)
    }
  }
  const columns = suites.filter((suite) => ofHosts.has(suite))
  const width = Math.min(24, Math.max(4, ...hosts.map((host) => host.length)))
  // Four letters of a suite and a gap; three where the screen is too narrow for all of them.
  const room = style.width - width
  const step = columns.length * 5 <= room ? 5 : 4
  const shownSuites = columns.slice(0, Math.max(1, Math.floor(room / step)))
  if (shownSuites.length > 0 && hosts.length > 0) {
    lines.push(`${' '.repeat(width)} ${shownSuites.map((suite) => pad(suite.slice(0, step - 1), step)).join('')}`.trimEnd())
    const order = [...hosts].sort(
      (a, b) =>
        Math.min(...shownSuites.map((suite) => RANK[cellsOf.get(`${a} ${suite}`) ?? 'skip'])) -
        Math.min(...shownSuites.map((suite) => RANK[cellsOf.get(`${b} ${suite}`) ?? 'skip'])),
    )
    const most = hosts.length > 15 ? 13 : 15
    for (const host of order.slice(0, most)) {
      lines.push(
        `${pad(cut(host, width), width)} ${shownSuites
          .map((suite) => {
            const outcome = cellsOf.get(`${host} ${suite}`)
            return outcome === undefined ? ' '.repeat(step) : `${paint(style, COLOURS[outcome], MARKS[outcome])}${' '.repeat(step - 1)}`
          })
          .join('')}`.trimEnd(),
      )
    }
    if (hosts.length > most) lines.push(`… ${hosts.length - most} more hosts in the report`)
    const cutOff = columns.slice(shownSuites.length)
    if (cutOff.length > 0) lines.push(cut(`… also judged: ${cutOff.join(', ')}`, style.width))
    const others = suites.filter((suite) => !ofHosts.has(suite)).map((suite) => `${suite} ${MARKS[cellsOf.get(suite) ?? 'skip']}`)
    if (others.length > 0) lines.push(cut(`besides the hosts: ${others.join('  ')}`, style.width))
    lines.push('')
  }
  if (gate.reason !== undefined) lines.push(cut(gate.reason, style.width))
  if (gate.blocking.length > 0) lines.push(cut(`blocking: ${blocks(gate.blocking)}`, style.width))
  const left = leftBehind(report)
  if (left.length > 0) lines.push(cut(`not removed: ${left[0]}${left.length > 1 ? `, and ${left.length - 1} more in the report` : ''}`, style.width))
  const seconds = ((Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000).toFixed(1)
  lines.push(verdictLine(style, report, verdict, seconds))
  if (folder !== undefined) lines.push(cut(`report: ${visible(folder)}/report.html`, style.width))
  return lines.join('\n')
}

function verdictLine(style: Style, report: Report, verdict: string, seconds: string): string {
  const { counts } = report
  const parts = [
    `${counts.fail} failed`,
    `${counts.inconclusive} inconclusive`,
    `${counts.warn} ${counts.warn === 1 ? 'warning' : 'warnings'}`,
    `${counts.pass} passed`,
    `${counts.skip} skipped`,
  ]
  const indent = verdict.length + 2
  const told = wrap(`${report.target.name}: ${parts.join(', ')} in ${seconds}${HARD_SPACE}s`, style.width - indent)
  const lines = told.map((line, index) => `${pad(index === 0 ? verdict : '', indent)}${cut(line, style.width - indent)}`)
  return paint(style, report.gate.passed ? ['bold', 'green'] : ['bold', 'red'], lines.join('\n'))
}

/** The one line of `--quiet`. */
export const quiet = (style: Style, report: Report): string => {
  const verdict = report.gate.interrupted === true ? 'INTERRUPTED' : report.gate.passed ? 'PASSED' : report.gate.exitCode === 2 ? 'COULD NOT TELL' : 'FAILED'
  return verdictLine(
    { ...style, width: Number.POSITIVE_INFINITY },
    report,
    verdict,
    ((Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000).toFixed(1),
  )
}
