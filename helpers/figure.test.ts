/** A picture holds no more than a page can show. */
import { expect, test } from 'vitest'
import { capFigure } from './figure.ts'

const LONG = 'x'.repeat(5_000)

test('points are thinned evenly, the first and the last stay', () => {
  const capped = capFigure({ kind: 'requests', title: LONG, points: Array.from({ length: 100_000 }, (_, atMs) => ({ atMs, accepted: true, label: LONG })) })
  if (capped.kind !== 'requests') throw new TypeError(capped.kind)
  expect(capped.points.length).toBe(2_000)
  expect(capped.points[0]?.atMs).toBe(0)
  expect(capped.points.at(-1)?.atMs).toBe(99_999)
  expect(capped.title.length).toBeLessThan(310)
  expect(capped.points[0]?.label?.length).toBeLessThan(310)
})

test('a small picture stays as it is', () => {
  const figure = { kind: 'table', title: 'a', columns: ['b', 'c'], rows: [['d', 'e']] } as const
  expect(capFigure(figure)).toEqual(figure)
})

test.each([
  capFigure({ kind: 'timeline', title: '', spans: Array.from({ length: 3_000 }, () => ({ label: LONG, startMs: 0, endMs: 1, outcome: 'pass', note: LONG })) }),
  capFigure({
    kind: 'states',
    title: '',
    transitions: Array.from({ length: 3_000 }, () => ({ from: LONG, to: LONG, label: LONG, outcome: 'fail', note: LONG })),
  }),
  capFigure({ kind: 'table', title: '', columns: Array.from({ length: 30 }, () => LONG), rows: Array.from({ length: 3_000 }, () => [LONG]) }),
])('texts and numbers are bounded: $kind', (figure) => {
  expect(JSON.stringify(figure).length).toBeLessThan(2_000 * 1_700)
  expect(JSON.stringify(figure)).not.toContain('x'.repeat(301))
})
