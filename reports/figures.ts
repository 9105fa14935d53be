/** Pictures of report.html: drawn from the figures of the verdicts as plain SVG, which needs no script and prints. */
import type { Figure, RequestsFigure, SeriesFigure, StatesFigure, TableFigure, TimelineFigure } from '../helpers/figure.ts'
import type { Outcome } from '../helpers/verdict.ts'
import { type Markup, markup } from './markup.ts'
import { NAMES, worstFirst } from './order.ts'
import type { Report } from './report.ts'

/** More pictures than a person looks at stand in report.json alone. */
const MOST = 60
const WIDTH = 760

const span = (ms: number): string => (ms >= 120_000 ? `${(ms / 60_000).toFixed(1)} min` : ms >= 1_000 ? `${(ms / 1_000).toFixed(1)} s` : `${ms.toFixed(0)} ms`)
const number = (value: number): string => (Number.isFinite(value) ? value.toFixed(1) : '0')
/** What a target sent may be no number; a picture of it must still be one. */
const finite = (value: number): number => (Number.isFinite(value) ? value : 0)

function requests({ title, points, model }: RequestsFigure): Markup {
  const height = 240
  const [left, right, top, bottom] = [44, 12, 10, 30]
  const accepted = points.filter((point) => point.accepted).length
  const lastMs = Math.max(1, ...points.map(({ atMs }) => finite(atMs)), ...(model?.line.map(({ atMs }) => finite(atMs)) ?? []))
  const highest = Math.max(1, accepted, ...(model?.line.map(({ total }) => finite(total)) ?? []))
  const x = (ms: number): string => number(left + (finite(ms) / lastMs) * (WIDTH - left - right))
  const y = (count: number): string => number(height - bottom - (finite(count) / highest) * (height - top - bottom))
  let so = 0
  const marks = [...points]
    .sort((a, b) => a.atMs - b.atMs)
    .map((point) => {
      if (point.accepted) so += 1
      const words = `${span(point.atMs)}: ${point.accepted ? 'accepted' : 'rejected'}${point.label === undefined ? '' : `, ${point.label}`}`
      return point.accepted
        ? markup`<circle class="ok" cx="${x(point.atMs)}" cy="${y(so)}" r="3"><title>${words}</title></circle>`
        : markup`<path class="no" d="M${x(point.atMs)} ${y(so)}m-3 -3l6 6m-6 0l6 -6"><title>${words}</title></path>`
    })
  const line =
    model === undefined || model.line.length < 2
      ? undefined
      : markup`<polyline class="model" points="${model.line.map(({ atMs, total }) => `${x(atMs)},${y(total)}`).join(' ')}"/>`
  const words = `${accepted} of ${points.length} requests accepted in ${span(lastMs)}${model === undefined ? '' : `; ${model.label}`}`
  return markup`<figcaption>${title}</figcaption><svg role="img" aria-label="${words}" viewBox="0 0 ${WIDTH} ${height}"><path class="axis" d="M${left} ${top}V${height - bottom}H${WIDTH - right}"/><text class="tick" x="${left - 6}" y="${y(highest)}" dy="6" text-anchor="end">${Math.round(highest)}</text><text class="tick" x="${left - 6}" y="${y(0)}" text-anchor="end">0</text><text class="tick" x="${WIDTH - right}" y="${height - 8}" text-anchor="end">${span(lastMs)}</text>${line}${marks}</svg><p class="dim"><span class="ok">●</span> accepted, <span class="no">✕</span> rejected: ${words}</p>`
}

function timeline({ title, spans }: TimelineFigure): Markup {
  const end = Math.max(1, ...spans.map(({ endMs }) => finite(endMs)))
  const row = (one: TimelineFigure['spans'][number]): Markup => {
    const start = (finite(one.startMs) / end) * 100
    const width = Math.max(0.4, ((finite(one.endMs) - finite(one.startMs)) / end) * 100)
    const words = `${span(finite(one.startMs))} to ${span(finite(one.endMs))}, ${NAMES[one.outcome]}`
    return markup`<tr><th scope="row">${one.label}</th><td><svg role="img" aria-label="${words}" width="100%" height="18" preserveAspectRatio="none"><rect class="bar-${one.outcome}" x="${number(Math.min(start, 99.6))}%" y="2" width="${number(Math.min(width, 100))}%" height="14"/></svg></td><td class="number">${one.endMs > one.startMs ? span(finite(one.endMs) - finite(one.startMs)) : `at ${span(finite(one.startMs))}`}</td><td>${one.note ?? ''}</td></tr>`
  }
  return markup`<figcaption>${title}</figcaption><div class="scroll" role="region" aria-label="${title}" tabindex="0"><table class="waterfall spans"><thead class="sr"><tr><th scope="col">What</th><th scope="col">When</th><th scope="col">How long</th><th scope="col">Note</th></tr></thead><tbody>${spans.map(row)}</tbody></table></div>`
}

/** As a sequence of arrows between the states, in the order they were tried. */
function states({ title, transitions }: StatesFigure): Markup {
  const names = [...new Set(transitions.flatMap(({ from, to }) => [from, to]))].slice(0, 12)
  const known = transitions.filter(({ from, to }) => names.includes(from) && names.includes(to))
  const step = 34
  const top = 34
  const height = top + known.length * step + 10
  const x = (name: string): number => ((names.indexOf(name) + 0.5) * WIDTH) / names.length
  const arrow = (one: StatesFigure['transitions'][number], index: number): Markup => {
    const y = top + (index + 0.7) * step
    const [from, to] = [x(one.from), x(one.to)]
    const same = from === to
    const tip = same ? from : to - Math.sign(to - from) * 8
    const path = same
      ? markup`<path d="M${number(from)} ${number(y - 6)}h26v12h-18"/><path d="M${number(from + 14)} ${number(y + 1)}l-8 5l8 5"/>`
      : markup`<path d="M${number(from)} ${number(y)}H${number(to)}"/><path d="M${number(tip)} ${number(y - 5)}L${number(to)} ${number(y)}L${number(tip)} ${number(y + 5)}"/>`
    const words = `${one.label}: ${NAMES[one.outcome]}${one.note === undefined ? '' : ` (${one.note})`}`
    return markup`<g class="arrow line-${one.outcome}">${path}<text x="${number(same ? from + 32 : (from + to) / 2)}" y="${number(y - 6)}" text-anchor="${same ? 'start' : 'middle'}">${one.label}</text><title>${words}</title></g>`
  }
  const list = transitions.map(
    (one) =>
      markup`<tr><th scope="row">${one.from} → ${one.to}</th><td>${one.label}</td><td><span class="badge ${one.outcome}">${NAMES[one.outcome]}</span></td><td>${one.note ?? ''}</td></tr>`,
  )
  return markup`<figcaption>${title}</figcaption><svg aria-hidden="true" viewBox="0 0 ${WIDTH} ${height}">${names.map((name) => markup`<text class="state" x="${number(x(name))}" y="18" text-anchor="middle">${name}</text><path class="life" d="M${number(x(name))} 26V${height - 4}"/>`)}${known.map(arrow)}</svg><details><summary>Its ${transitions.length} transitions in words</summary><div class="scroll" role="region" aria-label="${title}" tabindex="0"><table class="plain"><thead><tr><th scope="col">Transition</th><th scope="col">By</th><th scope="col">Verdict</th><th scope="col">Note</th></tr></thead><tbody>${list}</tbody></table></div></details>`
}

/** A bar per run, the limit as a line across them. */
function series({ title, unit, points, limit }: SeriesFigure): Markup {
  const height = 190
  const [left, right, top, bottom] = [58, 14, 16, 34]
  const values = points.map(({ value }) => finite(value))
  const highest = Math.max(...values, finite(limit?.value ?? 0), Number.MIN_VALUE)
  const wide = (WIDTH - left - right) / Math.max(1, points.length)
  const y = (value: number): number => height - bottom - (Math.max(0, finite(value)) / highest) * (height - top - bottom)
  const short = (label: string): string => (/^\d{4}-\d\d-\d\dT/.test(label) ? label.slice(0, 10) : label)
  const bars = points.map(({ label, value }, index) => {
    const state = limit !== undefined && !(value <= limit.value) ? 'bar-fail' : index === points.length - 1 ? 'bar-pass' : 'bar-earlier'
    const at = y(value)
    return markup`<rect class="${state}" x="${number(left + (index + 0.15) * wide)}" y="${number(Math.min(at, height - bottom - 1))}" width="${number(Math.max(1, Math.min(wide * 0.7, 60)))}" height="${number(Math.max(1, height - bottom - at))}"><title>${label}: ${finite(value).toFixed(2)} ${unit}</title></rect>`
  })
  const line = limit === undefined ? undefined : markup`<path class="model" d="M${left} ${number(y(limit.value))}H${WIDTH - right}"/>`
  const [first, last] = [points[0], points.at(-1)]
  const words = `${points.length} runs, ${finite(first?.value ?? 0).toFixed(2)} to ${finite(last?.value ?? 0).toFixed(2)} ${unit}${limit === undefined ? '' : `, ${limit.label} ${limit.value} ${unit}`}`
  const list = points.map(({ label, value }) => markup`<tr><th scope="row">${label}</th><td class="number">${finite(value).toFixed(2)} ${unit}</td></tr>`)
  return markup`<figcaption>${title}</figcaption><svg role="img" aria-label="${words}" viewBox="0 0 ${WIDTH} ${height}"><path class="axis" d="M${left} ${top}V${height - bottom}H${WIDTH - right}"/><text class="tick" x="${left - 6}" y="${top}" dy="6" text-anchor="end">${highest >= 100 ? Math.round(highest) : highest.toFixed(1)} ${unit}</text><text class="tick" x="${left - 6}" y="${height - bottom}" text-anchor="end">0</text><text class="tick" x="${left}" y="${height - 10}">${short(first?.label ?? '')}</text><text class="tick" x="${WIDTH - right}" y="${height - 10}" text-anchor="end">${short(last?.label ?? '')}</text>${bars}${line}</svg><p class="dim">${words}</p><details><summary>Its ${points.length} runs in numbers</summary><div class="scroll" role="region" aria-label="${title}" tabindex="0"><table class="plain"><thead><tr><th scope="col">Run</th><th scope="col">${unit}</th></tr></thead><tbody>${list}</tbody></table></div></details>`
}

const table = ({ title, columns, rows }: TableFigure): Markup =>
  markup`<figcaption>${title}</figcaption><div class="scroll" role="region" aria-label="${title}" tabindex="0"><table class="plain"><thead><tr>${columns.map((column) => markup`<th scope="col">${column}</th>`)}</tr></thead><tbody>${rows.slice(0, 200).map((row) => markup`<tr>${row.map((cell) => markup`<td>${cell}</td>`)}</tr>`)}</tbody></table></div>`

function draw(figure: Figure): Markup {
  if (figure.kind === 'requests') return requests(figure)
  if (figure.kind === 'timeline') return timeline(figure)
  if (figure.kind === 'states') return states(figure)
  if (figure.kind === 'series') return series(figure)
  return table(figure)
}

/** The pictures of a report, those of the worst verdicts first; undefined where there is none. */
export function figures(report: Report): Markup | undefined {
  const all = [...report.results].sort(worstFirst).flatMap((result) => (result.figures ?? []).map((figure) => ({ result, figure })))
  if (all.length === 0) return undefined
  const badge = (outcome: Outcome): Markup => markup`<span class="badge ${outcome}">${NAMES[outcome]}</span>`
  return markup`<section aria-labelledby="pictures"><h2 id="pictures">What was seen, drawn</h2>${all
    .slice(0, MOST)
    .map(
      ({ result, figure }) =>
        markup`<figure>${draw(figure)}<p class="dim">${badge(result.outcome)} <span class="check">${result.check}</span> <span class="subject">${result.subject}</span></p></figure>`,
    )}${all.length > MOST ? markup`<p class="dim">${all.length - MOST} more in report.json</p>` : undefined}</section>`
}
