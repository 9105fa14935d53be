/** What a person at a terminal sees: one live line per suite, the first failure at once, then a summary that fits 80×24. Pure: state in, text out. */
import { stripVTControlCharacters, styleText } from 'node:util'
import type { Outcome } from '../helpers/verdict.ts'
import type { Report, ReportResult } from './report.ts'
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
  const filled = progress.total === 0 ? room : Math.round((progress.done / progress.total) * room)
  const bad = progress.counts.fail > 0 ? 'fail' : progress.counts.inconclusive > 0 ? 'inconclusive' : progress.counts.warn > 0 ? 'warn' : 'pass'
  return `${pad(cut(progress.suite, 14), 14)} ${paint(style, COLOURS[bad], '━'.repeat(filled))}${paint(style, 'gray', '─'.repeat(room - filled))} ${pad(`${progress.done}/${progress.total}`, 9)} ${tally(style, progress.counts)}`
}

/** Evidence of one result, failing side first, each item on its own lines. */
export function resultLines(style: Style, result: ReportResult, options: { readonly evidence?: number } = {}): readonly string[] {
  const inner = style.width - 4
  const lines = [
    cut(
      `${paint(style, COLOURS[result.outcome], `${MARKS[result.outcome]} ${result.outcome}`)}  ${result.check}  ${paint(style, 'bold', result.subject)}${result.code === undefined ? '' : `  ${result.code}`}  (${result.severity})`,
      style.width + (style.colour ? 30 : 0),
    ),
  ]
  lines.push(`    ${cut(result.title, inner)}`)
  if (result.waiver !== undefined) lines.push(`    ${cut(`waived until ${result.waiver.expires} by ${result.waiver.owner}: ${result.waiver.reason}`, inner)}`)
  if (result.reason !== undefined) lines.push(`    ${cut(result.reason, inner)}`)
  for (const item of result.evidence.slice(0, options.evidence ?? 3)) {
    lines.push(`    ${cut(`${item.what}${item.where === undefined ? '' : ` at ${item.where}`}`, inner)}`)
    lines.push(`      expected  ${cut(item.expected, inner - 12)}`)
    lines.push(`      received  ${cut(item.received, inner - 12)}`)
  }
  if (result.evidence.length > (options.evidence ?? 3)) lines.push(`    … ${result.evidence.length - (options.evidence ?? 3)} more in the report`)
  if (result.fix !== '') lines.push(...wrap(`fix: ${result.fix}`, inner).map((line) => `    ${line}`))
  lines.push(`    ${paint(style, 'gray', `$ ${result.reproduce}`)}`)
  return lines
}

export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line !== '' && cells(line) + 1 + cells(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines
}

const RANK: Readonly<Record<Outcome, number>> = { fail: 0, inconclusive: 1, warn: 2, pass: 3, skip: 4 }
const SEVERITY = { critical: 0, high: 1, medium: 2, low: 3, info: 4 } as const

/** Everything red, failures first; verdicts blinded by one cause are told once. */
export function findings(style: Style, report: Report, most = 40): string {
  const red = report.results
    .filter((result) => result.outcome === 'fail' || result.outcome === 'inconclusive')
    .sort((a, b) => RANK[a.outcome] - RANK[b.outcome] || SEVERITY[a.severity] - SEVERITY[b.severity])
  const lines: string[] = []
  const told = new Map<string, number>()
  let shown = 0
  for (const result of red) {
    if (result.because !== undefined) {
      const before = told.get(result.because) ?? 0
      told.set(result.because, before + 1)
      if (before > 0) continue
    }
    if (shown++ >= most) continue
    lines.push(...resultLines(style, result), '')
  }
  for (const [cause, count] of told) if (count > 1) lines.push(cut(`  ${count - 1} more verdicts are blind for the same cause: ${cause}`, style.width), '')
  if (shown > most) lines.push(`… ${shown - most} more in the report`, '')
  return lines.join('\n')
}

/** The last screen: verdict, hosts × suites, where the report is. At most 22 lines of at most `width` columns. */
export function summary(style: Style, report: Report, folder: string | undefined): string {
  const { gate } = report
  const verdict = gate.interrupted === true ? 'INTERRUPTED' : gate.passed ? 'PASSED' : gate.exitCode === 2 ? 'COULD NOT TELL' : 'FAILED'
  const lines: string[] = []
  const suites = [...new Set(report.results.map((result) => result.suite))].filter((suite) => suite !== 'run')
  const hosts = report.target.hosts
  const width = Math.min(24, Math.max(4, ...hosts.map((host) => host.length)))
  const columns = Math.max(1, Math.floor((style.width - width - 1) / 5))
  const shownSuites = suites.slice(0, columns)
  if (shownSuites.length > 0 && hosts.length > 0) {
    lines.push(`${' '.repeat(width)} ${shownSuites.map((suite) => pad(suite.slice(0, 4), 5)).join('')}`.trimEnd())
    const cellsOf = new Map<string, Outcome>()
    for (const result of report.results) {
      if (result.host === undefined) continue
      const key = `${result.host} ${result.suite}`
      const known = cellsOf.get(key)
      if (known === undefined || RANK[result.outcome] < RANK[known]) cellsOf.set(key, result.outcome)
    }
    const order = [...hosts].sort(
      (a, b) =>
        Math.min(...shownSuites.map((suite) => RANK[cellsOf.get(`${a} ${suite}`) ?? 'skip'])) -
        Math.min(...shownSuites.map((suite) => RANK[cellsOf.get(`${b} ${suite}`) ?? 'skip'])),
    )
    const most = 15
    for (const host of order.slice(0, most)) {
      lines.push(
        `${pad(cut(host, width), width)} ${shownSuites
          .map((suite) => {
            const outcome = cellsOf.get(`${host} ${suite}`)
            return outcome === undefined ? '     ' : `${paint(style, COLOURS[outcome], MARKS[outcome])}    `
          })
          .join('')}`.trimEnd(),
      )
    }
    if (hosts.length > most) lines.push(`… ${hosts.length - most} more hosts in the report`)
    lines.push('')
  }
  if (gate.reason !== undefined) lines.push(cut(gate.reason, style.width))
  if (gate.blocking.length > 0)
    lines.push(cut(`blocking: ${gate.blocking.slice(0, 3).join(', ')}${gate.blocking.length > 3 ? ` and ${gate.blocking.length - 3} more` : ''}`, style.width))
  const seconds = ((Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000).toFixed(1)
  lines.push(verdictLine(style, report, verdict, seconds))
  if (folder !== undefined) lines.push(cut(`report: ${visible(folder)}/report.html`, style.width))
  return lines.join('\n')
}

function verdictLine(style: Style, report: Report, verdict: string, seconds: string): string {
  const { counts } = report
  const parts = [`${counts.fail} failed`, `${counts.inconclusive} inconclusive`, `${counts.warn} warnings`, `${counts.pass} passed`, `${counts.skip} skipped`]
  const told = cut(`${verdict}  ${report.target.name}: ${parts.join(', ')} in ${seconds} s`, style.width)
  return paint(style, report.gate.passed ? ['bold', 'green'] : ['bold', 'red'], told)
}

/** The one line of `--quiet`. */
export const quiet = (style: Style, report: Report): string => {
  const verdict = report.gate.interrupted === true ? 'INTERRUPTED' : report.gate.passed ? 'PASSED' : report.gate.exitCode === 2 ? 'COULD NOT TELL' : 'FAILED'
  return verdictLine(style, report, verdict, ((Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000).toFixed(1))
}
