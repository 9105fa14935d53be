/** Pictures of what was seen: plain data beside the evidence of a verdict, drawn by the report. Texts may hold bytes of the target: hostile, capped by the run. */
import type { Outcome } from './verdict.ts'

/** Requests over time, each accepted or rejected, and the limiter that was fitted to them. */
export interface RequestsFigure {
  readonly kind: 'requests'
  readonly title: string
  /** Milliseconds since the first request, and what became of it. */
  readonly points: readonly { readonly atMs: number; readonly accepted: boolean; readonly label?: string }[]
  /** Most requests that the fitted limiter would have let through by then. */
  readonly model?: { readonly label: string; readonly line: readonly { readonly atMs: number; readonly total: number }[] }
}

/** Spans one below the other: phases of a drill, hops of a mail, messages of a channel. */
export interface TimelineFigure {
  readonly kind: 'timeline'
  readonly title: string
  readonly spans: readonly {
    readonly label: string
    /** Milliseconds since the beginning; equal for a moment. */
    readonly startMs: number
    readonly endMs: number
    readonly outcome: Outcome
    readonly note?: string
  }[]
}

/** A state machine and what became of each of its transitions. */
export interface StatesFigure {
  readonly kind: 'states'
  readonly title: string
  readonly transitions: readonly { readonly from: string; readonly to: string; readonly label: string; readonly outcome: Outcome; readonly note?: string }[]
}

export interface TableFigure {
  readonly kind: 'table'
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** One number from run to run, and what it may not go beyond. */
export interface SeriesFigure {
  readonly kind: 'series'
  readonly title: string
  readonly unit: string
  /** In the order of time, this run last. */
  readonly points: readonly { readonly label: string; readonly value: number }[]
  readonly limit?: { readonly label: string; readonly value: number }
}

export type Figure = RequestsFigure | TimelineFigure | StatesFigure | TableFigure | SeriesFigure

const MOST = 2_000
const MAX_TEXT = 300
const short = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text)
/** Evenly thinned, the last one kept. */
const thinned = <T>(items: readonly T[]): readonly T[] =>
  items.length <= MOST ? items : Array.from({ length: MOST }, (_, index) => items[Math.floor((index * (items.length - 1)) / (MOST - 1))] as T)

/** No more than a page can show, whatever the target sent. */
export function capFigure(figure: Figure): Figure {
  const title = short(figure.title)
  if (figure.kind === 'requests')
    return {
      ...figure,
      title,
      points: thinned(figure.points).map((point) => (point.label === undefined ? point : { ...point, label: short(point.label) })),
      ...(figure.model === undefined ? {} : { model: { label: short(figure.model.label), line: thinned(figure.model.line) } }),
    }
  if (figure.kind === 'timeline')
    return {
      ...figure,
      title,
      spans: thinned(figure.spans).map((span) => ({ ...span, label: short(span.label), ...(span.note === undefined ? {} : { note: short(span.note) }) })),
    }
  if (figure.kind === 'series')
    return {
      ...figure,
      title,
      unit: short(figure.unit),
      points: thinned(figure.points).map(({ label, value }) => ({ label: short(label), value })),
      ...(figure.limit === undefined ? {} : { limit: { label: short(figure.limit.label), value: figure.limit.value } }),
    }
  if (figure.kind === 'states')
    return {
      ...figure,
      title,
      transitions: thinned(figure.transitions).map((one) => ({
        ...one,
        from: short(one.from),
        to: short(one.to),
        label: short(one.label),
        ...(one.note === undefined ? {} : { note: short(one.note) }),
      })),
    }
  return { ...figure, title, columns: figure.columns.slice(0, 20).map(short), rows: thinned(figure.rows).map((row) => row.slice(0, 20).map(short)) }
}
