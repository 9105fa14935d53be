/** The one result object. Every format renders it and adds no fact. Its names are a contract: they may grow, never change (schemaVersion 1). */
import type { Check } from '../helpers/check.ts'
import type { DrillRecord, RollbackRecord } from '../helpers/drill/record.ts'
import type { Figure } from '../helpers/figure.ts'
import type { Gate } from '../helpers/gate.ts'
import type { CleanedUp, Used } from '../helpers/probe.ts'
import type { Result as Judged, RunResult, Stored } from '../helpers/run.ts'
import type { HostCertificate, HostTiming } from '../helpers/seen.ts'
import type { Blame, Evidence, Outcome, Severity, SkipReason } from '../helpers/verdict.ts'
import { drillRecords } from './drill-records.ts'
import { redactor } from './redact.ts'
import { cleaned, visible } from './sanitize.ts'

export interface ReportResult {
  readonly check: string
  readonly suite: string
  readonly subject: string
  readonly host?: string
  readonly outcome: Outcome
  readonly severity: Severity
  readonly code?: string
  readonly blame?: Blame
  readonly skip?: SkipReason
  readonly reason?: string
  /** The look whose failure blinded this and perhaps other verdicts. */
  readonly because?: string
  readonly title: string
  readonly evidence: readonly Evidence[]
  /** Pictures of what was seen. */
  readonly figures?: readonly Figure[]
  readonly why: string
  readonly fix: string
  readonly source: string
  readonly reproduce: string
  readonly requirements: readonly string[]
  readonly startedAt: string
  readonly durationMs: number
  readonly attempts: number
  readonly waiver?: { readonly reason: string; readonly owner: string; readonly expires: string }
  /** In memory only: evidence and reproduce are not here but there ({@link wholeFrom}). */
  readonly stored?: Stored
}

export interface Report {
  readonly schemaVersion: 1
  readonly tool: { readonly name: 'postproof'; readonly version: string; readonly node: string }
  readonly target: {
    readonly name: string
    readonly domain: string
    readonly environment: string
    readonly sha256: string
    readonly hosts: readonly string[]
    readonly discovered: boolean
  }
  readonly startedAt: string
  readonly finishedAt: string
  readonly vantage: Readonly<Record<string, unknown>>
  readonly gate: {
    readonly passed: boolean
    readonly exitCode: number
    readonly block: Severity
    readonly blocking: readonly string[]
    readonly reason?: string
    readonly interrupted?: boolean
  }
  readonly counts: Readonly<Record<Outcome, number>>
  readonly run: {
    readonly probes: number
    readonly connections: number
    readonly retries: number
    readonly checks: number
    readonly aborted?: string
    /** By what acts on the target. */
    readonly used?: Used
    /** What the run had to remove at its end, and whether it could. */
    readonly cleanedUp?: readonly CleanedUp[]
  }
  readonly selection?: Readonly<Record<string, readonly string[]>>
  /** Own requirement id → outcome of the worst verdict tied to it. */
  readonly requirements: readonly { readonly id: string; readonly outcome: Outcome; readonly checks: readonly string[] }[]
  readonly timings: readonly HostTiming[]
  readonly certificates: readonly HostCertificate[]
  /** Backups that were restored, and rollbacks that were rehearsed; absent: none. */
  readonly drills?: readonly DrillRecord[]
  readonly rollbacks?: readonly RollbackRecord[]
  readonly results: readonly ReportResult[]
}

export interface ReportMeta {
  readonly version: string
  readonly gate: Gate
  readonly exitCode: number
  readonly interrupted?: boolean
  readonly selection?: Readonly<Record<string, readonly string[]>>
  /** Resolved secrets: their values are replaced in every text, in every usual encoding. */
  readonly secrets?: ReadonlyMap<string, string>
  /** Reads back a result whose evidence is not held in memory. */
  readonly read?: (stored: Stored) => Judged
}

const ORDER: readonly Outcome[] = ['fail', 'inconclusive', 'warn', 'pass', 'skip']

/** Own requirement ids that a result answers: `requirements` of the target names check ids, or `check subject`. */
function requirementsOf(result: Judged, declared: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return Object.entries(declared)
    .filter(([, list]) => list.some((entry) => entry === result.check || entry === `${result.check} ${result.subject}`))
    .map(([id]) => id)
}

const NONE: readonly Evidence[] = []
const shown = (item: Evidence, text: (value: string) => string): Evidence => ({
  what: text(item.what),
  expected: text(item.expected),
  received: text(item.received),
  ...(item.where === undefined ? {} : { where: text(item.where) }),
  ...(item.at === undefined ? {} : { at: item.at }),
  ...(item.holds === undefined ? {} : { holds: item.holds }),
})

const figuresOf = (figures: readonly Figure[] | undefined, text: (value: string) => string): { readonly figures?: readonly Figure[] } =>
  figures === undefined ? {} : { figures: figures.map((figure) => cleaned(figure, text)) }

function readBack(result: Judged, read: ReportMeta['read']): Judged {
  if (result.stored === undefined || read === undefined) return result
  try {
    return read(result.stored)
  } catch {
    // The log's failure is told where the report is written; the verdict stands without its evidence.
    return result
  }
}

/** Gives a result of {@link toReport} with the evidence that is not held in memory. */
export type Whole = (result: ReportResult) => ReportResult

/** @param read reads a result back, until the report is written */
export function wholeFrom(read: (stored: Stored) => Judged, secrets: ReadonlyMap<string, string>): Whole {
  const clean = redactor(secrets)
  const text = (value: string): string => visible(clean(value))
  return ({ stored, ...held }) => {
    if (stored === undefined) return held
    const { evidence, figures, reproduce } = read(stored)
    return { ...held, evidence: evidence.map((item) => shown(item, text)), ...figuresOf(figures, text), reproduce: text(reproduce) }
  }
}

export function toReport(run: RunResult, meta: ReportMeta): Report {
  const { target } = run
  const clean = redactor(meta.secrets ?? new Map())
  const text = (value: string): string => visible(clean(value))
  const checks = new Map<string, Check>(run.checks.map((check) => [check.id, check]))
  const declared = target.file.requirements ?? {}
  const evidenceOf = ({ evidence }: Judged): readonly Evidence[] => (evidence.length === 0 ? NONE : evidence.map((item) => shown(item, text)))
  const results = run.results.map((result): ReportResult => {
    const check = checks.get(result.check)
    const code = result.code === undefined ? undefined : check?.codes[result.code]
    const failing = result.outcome === 'fail' || result.outcome === 'warn'
    // What is shown in every format is read back at once; passes and skips stand with all they have only where they are written out whole.
    const away = result.stored !== undefined && (result.outcome === 'pass' || result.outcome === 'skip')
    const held = result.stored === undefined || away ? result : readBack(result, meta.read)
    return {
      check: result.check,
      suite: result.suite,
      subject: text(result.subject),
      ...(result.host === undefined ? {} : { host: result.host }),
      outcome: result.outcome,
      severity: result.severity,
      ...(result.code === undefined ? {} : { code: result.code }),
      ...(result.blame === undefined ? {} : { blame: result.blame }),
      ...(result.skip === undefined ? {} : { skip: result.skip }),
      ...(result.reason === undefined ? {} : { reason: text(result.reason) }),
      ...(result.because === undefined ? {} : { because: text(result.because) }),
      title: (failing ? check?.failureTitle : check?.title) ?? result.check,
      evidence: evidenceOf(held),
      ...figuresOf(held.figures, text),
      why: code === undefined ? (check?.why ?? '') : `${code.meaning} ${check?.why ?? ''}`.trim(),
      fix: code?.fix ?? '',
      source: check?.source ?? '',
      reproduce: text(held.reproduce),
      requirements: requirementsOf(result, declared),
      startedAt: result.startedAt,
      durationMs: result.durationMs,
      attempts: result.attempts,
      ...(result.waiver === undefined
        ? {}
        : { waiver: { reason: text(result.waiver.reason), owner: text(result.waiver.owner), expires: result.waiver.expires } }),
      ...(away && result.stored !== undefined ? { stored: result.stored } : {}),
    }
  })
  const counts = { pass: 0, warn: 0, fail: 0, inconclusive: 0, skip: 0 }
  for (const result of results) counts[result.outcome] += 1
  const requirements = Object.entries(declared).map(([id, list]) => {
    const own = results.filter((result) => result.requirements.includes(id))
    return { id, outcome: ORDER.find((outcome) => own.some((result) => result.outcome === outcome)) ?? 'inconclusive', checks: list }
  })
  return {
    schemaVersion: 1,
    tool: { name: 'postproof', version: meta.version, node: process.versions.node },
    target: {
      name: text(target.name),
      domain: target.domain,
      environment: target.environment,
      sha256: target.sha256,
      hosts: target.hosts.map((host) => host.fqdn),
      discovered: target.discovered,
    },
    startedAt: run.facts.startedAt,
    finishedAt: run.facts.finishedAt,
    vantage: { ...run.vantage },
    gate: {
      passed: meta.gate.passed && meta.interrupted !== true,
      exitCode: meta.exitCode,
      block: meta.gate.block,
      blocking: meta.gate.blocking.map(text),
      ...(meta.gate.reason === undefined ? {} : { reason: meta.gate.reason }),
      ...(meta.interrupted === true ? { interrupted: true } : {}),
    },
    counts,
    run: {
      probes: run.facts.probes,
      connections: run.facts.connections,
      retries: run.facts.retries,
      checks: new Set(results.map((result) => result.check)).size,
      ...(run.facts.aborted === undefined ? {} : { aborted: run.facts.aborted }),
      ...(run.facts.used === undefined
        ? {}
        : { used: { ...run.facts.used, logins: Object.fromEntries(Object.entries(run.facts.used.logins).map(([account, times]) => [text(account), times])) } }),
      ...(run.facts.cleanedUp === undefined
        ? {}
        : {
            cleanedUp: run.facts.cleanedUp.map((one) => ({ ...one, what: text(one.what), ...(one.reason === undefined ? {} : { reason: text(one.reason) }) })),
          }),
    },
    ...(meta.selection === undefined || Object.keys(meta.selection).length === 0 ? {} : { selection: meta.selection }),
    requirements,
    timings: run.seen.timings.map((one) => ({ ...one, url: text(one.url) })),
    certificates: run.seen.certificates.map((one) => ({ ...one, subject: text(one.subject), issuer: text(one.issuer) })),
    ...drillRecords(run, results, text),
    results,
  }
}

/** Something that the run made and could not remove, one line each. */
export const leftBehind = ({ run }: Pick<Report, 'run'>): readonly string[] =>
  (run.cleanedUp ?? []).flatMap(({ what, host, removed, reason }) =>
    removed ? [] : [`${what}${host === undefined ? '' : ` on ${host}`}: ${reason ?? 'not removed'}`],
  )

/** What acted on the target, in words. */
export function usedInWords({ requests, logins, registrations, mails, bytes, sockets, frames }: Used): string {
  const attempts = Object.values(logins).reduce((sum, times) => sum + times, 0)
  const parts = [
    [requests, 'requests'],
    [attempts, 'attempts to log in'],
    [registrations, 'throw-away accounts'],
    [mails, 'mails asked for'],
    [bytes, 'bytes of files'],
    [sockets, 'WebSockets'],
    [frames, 'messages and Pings over them'],
  ] as const
  // A report of before a number was counted lacks it.
  return parts.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : [])).join(', ')
}
