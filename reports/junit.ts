/** junit.xml: a fail is a failure, an inconclusive an error, a skip carries its reason. */
import type { Report, ReportResult } from './report.ts'

// Characters that XML 1.0 forbids (production Char); `visible` has already escaped most of them.
const ILLEGAL = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu
const escaped = (text: string): string =>
  text
    .replaceAll(ILLEGAL, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\t', '&#9;')

const details = (result: ReportResult): string =>
  [
    ...(result.reason === undefined ? [] : [result.reason]),
    ...result.evidence.map(
      (item) =>
        `${item.what}${item.where === undefined ? '' : ` (${item.where})`}: expected ${item.expected}; received ${item.received}${item.holds === undefined ? '' : ' (as it must be)'}`,
    ),
    ...(result.fix === '' ? [] : [`fix: ${result.fix}`]),
    ...(result.reproduce === '' ? [] : [`reproduce: ${result.reproduce}`]),
  ].join('\n')

function inner(result: ReportResult): string {
  switch (result.outcome) {
    case 'pass':
      return ''
    case 'warn':
      return `<system-out>${escaped(`warning ${result.code ?? ''}\n${details(result)}`)}</system-out>`
    case 'fail':
      return `<failure type="${escaped(result.code ?? 'fail')}" message="${escaped(result.title)}">${escaped(details(result))}</failure>`
    case 'inconclusive':
      return `<error type="${escaped(result.code ?? 'inconclusive')}" message="${escaped(result.reason ?? result.title)}">${escaped(details(result))}</error>`
    case 'skip':
      return `<skipped message="${escaped(`${result.skip ?? ''}: ${result.reason ?? ''}`)}"/>`
    default:
      return result.outcome satisfies never
  }
}

export const junit = (report: Report): string => [...junitPieces(report)].join('')

export function* junitPieces(report: Report): Generator<string> {
  const suites = Map.groupBy(report.results, (result) => result.suite)
  const attributes = (results: readonly ReportResult[]): string => {
    const count = (outcome: string): number => results.reduce((sum, result) => sum + Number(result.outcome === outcome), 0)
    return `tests="${results.length}" failures="${count('fail')}" errors="${count('inconclusive')}" skipped="${count('skip')}" time="${(results.reduce((sum, result) => sum + result.durationMs, 0) / 1000).toFixed(3)}"`
  }
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${escaped(`postproof ${report.target.name}`)}" ${attributes(report.results)}>\n`
  for (const [suite, results] of suites) {
    yield `  <testsuite name="${escaped(suite)}" timestamp="${escaped(report.startedAt)}" ${attributes(results)}>\n`
    for (const result of results) {
      const open = `    <testcase classname="${escaped(result.check)}" name="${escaped(result.subject)}" time="${(result.durationMs / 1000).toFixed(3)}"`
      const body = inner(result)
      yield body === '' ? `${open}/>\n` : `${open}>${body}</testcase>\n`
    }
    yield '  </testsuite>\n'
  }
  yield '</testsuites>\n'
}
