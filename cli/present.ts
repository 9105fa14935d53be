/** Where a run's progress goes: a live view on a terminal, plain lines elsewhere, one event per line with --json. */
import { relative } from 'node:path'
import type { Waiting } from '../helpers/probe.ts'
import type { Result, Run } from '../helpers/run.ts'
import type { Outcome } from '../helpers/verdict.ts'
import { redactor } from '../reports/redact.ts'
import type { Report } from '../reports/report.ts'
import { jsonLine, visible } from '../reports/sanitize.ts'
import { cut, findings, quiet, type Style, suiteLine, type SuiteProgress, summary } from '../reports/terminal.ts'

export interface Presenter {
  start(run: Run): void
  result(result: Result): void
  /** Something of the target is waited for; called as often as it is looked for. */
  wait(wait: Waiting): void
  end(report: Report, folder: string | undefined): void
}

interface Flags {
  readonly json?: boolean
  readonly quiet?: boolean
  readonly color: boolean
  /** Lines instead of a live view, also on a terminal. */
  readonly plain?: boolean
}

const style = (flags: Flags, stream: NodeJS.WriteStream): Style => ({
  colour: flags.color && process.env.NO_COLOR === undefined && (stream.isTTY || process.env.FORCE_COLOR !== undefined),
  width: Math.max(40, Math.min(stream.columns ?? 100, 160)),
})

export function presenter(flags: Flags, secrets: ReadonlyMap<string, string>): Presenter {
  if (flags.json === true) return events(secrets)
  const out = process.stdout
  const look = style(flags, out)
  if (flags.quiet === true) return { start: () => {}, result: () => {}, wait: () => {}, end: (report) => void out.write(`${quiet(look, report)}\n`) }
  return out.isTTY && flags.plain !== true ? live(look, secrets) : plain(look, secrets)
}

/** `--json`: `{"event":"start"}`, `{"event":"result"}`…, `{"event":"end"}`. */
function events(secrets: ReadonlyMap<string, string>): Presenter {
  const clean = redactor(secrets)
  const say = (event: object): void => void process.stdout.write(`${clean(jsonLine(event))}\n`)
  return {
    start: (run) =>
      say({ event: 'start', schemaVersion: 1, target: run.target.name, domain: run.target.domain, verdicts: run.cases.length, at: new Date().toISOString() }),
    result: (result) => say({ event: 'result', ...result }),
    wait: sometimes(1_000, (wait) => say({ event: 'wait', ...wait })),
    end: (report, folder) =>
      say({
        event: 'end',
        gate: report.gate,
        counts: report.counts,
        startedAt: report.startedAt,
        finishedAt: report.finishedAt,
        ...(folder === undefined ? {} : { report: folder }),
      }),
  }
}

/** Passes on the first of each, and then one in so many milliseconds. */
function sometimes(everyMs: number, tell: (wait: Waiting) => void): (wait: Waiting) => void {
  const told = new Map<string, number>()
  return (wait) => {
    const now = performance.now()
    if (now - (told.get(wait.what) ?? Number.NEGATIVE_INFINITY) < everyMs) return
    told.set(wait.what, now)
    tell(wait)
  }
}
const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`
const waitLine = (look: Style, clean: (text: string) => string, { what, sinceMs, mostMs }: Waiting): string =>
  cut(`waiting for ${visible(clean(what))}: ${seconds(sinceMs)} of at most ${seconds(mostMs)}`, look.width)

const firstFailure = (look: Style, clean: (text: string) => string, result: Result): string => {
  const first = result.evidence[0]
  const seen = first === undefined ? (result.reason ?? '') : `${first.what}: expected ${first.expected}, received ${first.received}`
  return cut(`first ${result.outcome}: ${result.check} ${visible(clean(result.subject))}: ${visible(clean(seen))}`, look.width)
}

const opening = (run: Run): string => {
  const [verdicts, hosts] = [run.cases.length, run.target.hosts.length]
  return `${run.target.name}: ${verdicts} ${verdicts === 1 ? 'verdict' : 'verdicts'} on ${hosts} ${hosts === 1 ? 'host' : 'hosts'}\n`
}

function tallies(run: Run): Map<string, { total: number; done: number; counts: Record<Outcome, number> }> {
  const suites = new Map<string, { total: number; done: number; counts: Record<Outcome, number> }>()
  // What nobody declared is told by the report; a line for each such suite would fill the screen.
  const undeclared = new Set(run.cases.map(({ check }) => check.suite))
  for (const { check, settled } of run.cases) if (settled?.outcome !== 'skip') undeclared.delete(check.suite)
  for (const one of run.cases) {
    if (undeclared.has(one.check.suite)) continue
    const known = suites.get(one.check.suite)
    if (known === undefined) suites.set(one.check.suite, { total: 1, done: 0, counts: { pass: 0, warn: 0, fail: 0, inconclusive: 0, skip: 0 } })
    else known.total += 1
  }
  return suites
}

const ending = (look: Style, report: Report, folder: string | undefined): string =>
  `\n${findings(look, report)}\n${summary(look, report, folder === undefined ? undefined : relative(process.cwd(), folder) || '.')}\n`

function plain(look: Style, secrets: ReadonlyMap<string, string>): Presenter {
  const clean = redactor(secrets)
  let suites = new Map<string, { total: number; done: number; counts: Record<Outcome, number> }>()
  let failed = false
  return {
    start: (run) => {
      suites = tallies(run)
      process.stdout.write(opening(run))
    },
    result: (result) => {
      const suite = suites.get(result.suite)
      if (!failed && (result.outcome === 'fail' || result.outcome === 'inconclusive')) {
        failed = true
        process.stdout.write(`${firstFailure(look, clean, result)}\n`)
      }
      if (suite === undefined) return
      suite.done += 1
      suite.counts[result.outcome] += 1
      if (suite.done === suite.total) process.stdout.write(`${suiteLine(look, { suite: result.suite, ...suite })}\n`)
    },
    wait: sometimes(10_000, (wait) => void process.stdout.write(`${waitLine(look, clean, wait)}\n`)),
    end: (report, folder) => void process.stdout.write(ending(look, report, folder)),
  }
}

function live(look: Style, secrets: ReadonlyMap<string, string>): Presenter {
  const clean = redactor(secrets)
  const out = process.stdout
  let suites = new Map<string, { total: number; done: number; counts: Record<Outcome, number> }>()
  let drawn = 0
  let first: string | undefined
  let timer: NodeJS.Timeout | undefined
  let dirty = true
  let waits: { readonly line: string; readonly at: number } | undefined
  const draw = (): void => {
    if (waits !== undefined && performance.now() - waits.at > 3_000) {
      waits = undefined
      dirty = true
    }
    if (!dirty) return
    dirty = false
    const lines = [...suites].map(([suite, progress]) => suiteLine(look, { suite, ...progress } satisfies SuiteProgress))
    if (first !== undefined) lines.push(first)
    if (waits !== undefined) lines.push(waits.line)
    // Never taller than the screen: lines that scrolled away cannot be drawn over.
    const room = Math.max(1, (out.rows ?? 24) - 1)
    const shown = lines.length > room ? lines.slice(lines.length - room) : lines
    out.write(`${drawn > 0 ? `\u001b[${drawn}F` : ''}${shown.map((line) => `\u001b[K${line}\n`).join('')}\u001b[J`)
    drawn = shown.length
  }
  return {
    start: (run) => {
      suites = tallies(run)
      out.write(opening(run))
      draw()
      timer = setInterval(draw, 100)
      timer.unref()
    },
    result: (result) => {
      const suite = suites.get(result.suite)
      if (first === undefined && (result.outcome === 'fail' || result.outcome === 'inconclusive')) first = firstFailure(look, clean, result)
      if (suite !== undefined) {
        suite.done += 1
        suite.counts[result.outcome] += 1
      }
      dirty = true
    },
    wait: (wait) => {
      waits = { line: waitLine(look, clean, wait), at: performance.now() }
      dirty = true
    },
    end: (report, folder) => {
      clearInterval(timer)
      waits = undefined
      dirty = true
      draw()
      out.write(ending(look, report, folder))
    },
  }
}
