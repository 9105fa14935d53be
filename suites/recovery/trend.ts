/** Earlier drills beside this one: where recovery is heading. */
import type { EarlierDrill } from '../../helpers/drill/record.ts'
import type { Figure } from '../../helpers/figure.ts'
import { inconclusive, illustrated, pass, skip, type Verdict, warn } from '../../helpers/verdict.ts'

/** Fewer say nothing of a direction. */
const FEWEST = 4
const MOST = 24

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** The line of Theil and Sen: the median of all slopes, which no single odd drill turns. */
export function lineThrough(values: readonly number[]): { readonly slope: number; at(index: number): number } {
  const slopes = values.flatMap((a, i) => values.slice(i + 1).map((b, j) => (b - a) / (j + 1)))
  const slope = slopes.length === 0 ? 0 : median(slopes)
  const start = median(values.map((value, index) => value - slope * index))
  return { slope, at: (index) => start + slope * index }
}

export interface Course {
  readonly what: string
  readonly unit: 'min' | 'h'
  readonly limit: number
  readonly code: string
  /** In the order of time, this drill last. */
  readonly points: readonly { readonly startedAt: string; readonly value: number }[]
  /** So many drills ahead. */
  readonly ahead: number
}

export function judgeTrend({ what, unit, limit, code, points, ahead }: Course): Verdict {
  const used = points.slice(-MOST)
  if (used.some(({ value }) => !Number.isFinite(value))) return inconclusive('unobserved', 'a drill has no usable time')
  if (used.length < FEWEST) return skip('not-applicable', `${used.length} drills that can be compared show no direction; ${FEWEST} do`)
  if ((used.at(-1)?.value ?? 0) > limit) return skip('not-applicable', 'the objective is missed already')
  const line = lineThrough(used.map(({ value }) => value))
  const then = line.at(used.length - 1 + ahead)
  const evidence = {
    what: `${what}, ${used.length} drills since ${used[0]?.startedAt ?? ''}`,
    expected: `at most ${limit} ${unit} in the next ${ahead} drills`,
    received: `${used.at(-1)?.value.toFixed(2) ?? ''} ${unit} now, ${line.slope >= 0 ? '+' : ''}${line.slope.toFixed(2)} ${unit} a drill: ${then.toFixed(2)} ${unit} then`,
  }
  const figure: Figure = {
    kind: 'series',
    title: what,
    unit,
    points: used.map(({ startedAt, value }) => ({ label: startedAt, value })),
    limit: { label: 'objective', value: limit },
  }
  return illustrated(line.slope > 0 && then > limit ? warn(code, evidence) : pass(evidence), figure)
}

const minutes = (ms: number | undefined, people: number): string => (ms === undefined ? 'not restored whole' : `${(ms / 60_000 + people).toFixed(2)} min`)
/** The drills before this one, as a table; undefined: there are none. */
export const earlierFigure = (entry: string, drills: readonly EarlierDrill[]): Figure | undefined =>
  drills.length === 0
    ? undefined
    : {
        kind: 'table',
        title: `Earlier drills of ${entry}`,
        columns: ['when', 'time to usable data', 'basis', 'data that would have been lost'],
        rows: drills
          .slice(-MOST)
          .map(({ startedAt, usableMs, humanMinutes, basis, rpoHours }) => [
            startedAt,
            minutes(usableMs, humanMinutes),
            basis ?? '',
            `${rpoHours.toFixed(1)} h`,
          ]),
      }
