/** report.json: the result object itself, written piece by piece so that tens of thousands of verdicts never stand in memory as one text. */
import type { Report, Whole } from './report.ts'

/** @param whole gives the evidence that is not held in memory */
export function* jsonPieces(report: Report, whole: Whole = (result) => result): Generator<string> {
  const { results, ...head } = report
  const opened = JSON.stringify(head, null, 1)
  yield `${opened.slice(0, -2)},\n "results": [`
  let first = true
  for (const result of results) {
    yield `${first ? '' : ','}\n  ${JSON.stringify(whole(result))}`
    first = false
  }
  yield `\n ]\n}\n`
}
