/** What a report keeps of drills: the restored backups and the rehearsed rollbacks, with what they do not prove. */
import type { DrillObservation } from '../helpers/drill/observation.ts'
import type { DrillRecord, RollbackRecord } from '../helpers/drill/record.ts'
import type { PartSeen, Rehearsal } from '../helpers/drill/rehearsal.ts'
import type { RunResult } from '../helpers/run.ts'
import type { ReportResult } from './report.ts'
import { cleaned } from './sanitize.ts'

const JUDGING: ReadonlySet<string> = new Set(['artifact', 'backup', 'drill', 'recovery', 'restore', 'rollback'])
const MOST_LINES = 80
const hundredth = (value: number): number => Math.round(value * 100) / 100

/** Verdicts that could not be reached, and what nobody declared: of one backup, or of one level. */
function notProven(results: readonly ReportResult[], subject: string): readonly string[] {
  const own = results.filter(({ suite, subject: about }) => JUDGING.has(suite) && (about === subject || about.startsWith(`${subject} `)))
  const open = own.filter(({ outcome }) => outcome === 'inconclusive').map(({ check, reason }) => `${check}: could not be told: ${reason ?? ''}`)
  const skipped = Map.groupBy(
    own.filter(({ outcome }) => outcome === 'skip'),
    ({ reason }) => reason ?? '',
  )
  // What is declared of no backup at all is skipped for the whole target.
  const undeclared = Map.groupBy(
    results.filter(({ suite, outcome, skip }) => suite === 'restore' && outcome === 'skip' && skip === 'not-declared'),
    ({ reason }) => reason ?? '',
  )
  const lines = (groups: ReadonlyMap<string, readonly ReportResult[]>): readonly string[] =>
    [...groups].map(([reason, list]) => `${list.map(({ check }) => check).join(', ')}: ${reason}`)
  return [...new Set([...open, ...lines(skipped), ...lines(undeclared)])]
}

function recordOf(drill: DrillObservation, run: RunResult, results: readonly ReportResult[]): DrillRecord {
  const objectives = run.target.file.backups?.find(({ id }) => id === drill.entry)?.drill?.objectives
  const humanMinutes = objectives?.humanOverheadMinutes ?? 0
  const minutes = drill.usableMs === undefined ? undefined : drill.usableMs / 60_000 + humanMinutes
  const hours = (Date.parse(drill.startedAt) - Date.parse(drill.set.at)) / 3_600_000
  const weak = drill.databases.find(({ basis }) => basis.kind !== 'measured') ?? drill.databases[0]
  const optimistic = drill.databases.flatMap(({ label, basis }) =>
    basis.kind === 'optimistic' ? [`how long ${label} takes where it would run: ${basis.why}`] : [],
  )
  const unseen = drill.isolation.flatMap(({ label, unread }) => (unread === undefined ? [] : [`that ${label} could reach nothing: ${unread}`]))
  return {
    entry: drill.entry,
    runId: drill.runId,
    startedAt: drill.startedAt,
    recoveryPoint: drill.set,
    artifacts: drill.artifacts,
    databases: drill.databases.map((one) => ({
      label: one.label,
      kind: one.kind,
      engine: one.engine.name,
      version: one.engine.version,
      ...(one.engine.image === undefined ? {} : { image: one.engine.image }),
      basis: one.basis,
      bytes: one.bytes,
      decodedBytes: one.decodedBytes,
      restoreMs: one.restoreMs,
      tables: one.tables,
      digests: Object.fromEntries((one.contents?.digests ?? []).flatMap(({ table, digest }) => (digest === undefined ? [] : [[table, digest] as const]))),
      extensions: one.contents?.extensions ?? {},
    })),
    files: drill.databases.flatMap(({ references }) => references.map(({ name, from, rows, sampled, lost }) => ({ name, from, rows, sampled, lost }))),
    phases: drill.phases,
    rto: {
      ...(drill.usableMs === undefined ? {} : { usableMs: drill.usableMs }),
      humanMinutes,
      ...(objectives?.rtoMinutes === undefined ? {} : { objectiveMinutes: objectives.rtoMinutes }),
      ...(objectives?.rtoMinutes === undefined || minutes === undefined || minutes <= 0 ? {} : { headroom: hundredth(objectives.rtoMinutes / minutes) }),
      ...(weak === undefined ? {} : { basis: weak.basis }),
    },
    rpo: {
      hours: hundredth(hours),
      ...(objectives?.rpoHours === undefined
        ? {}
        : { objectiveHours: objectives.rpoHours, ...(hours > 0 ? { headroom: hundredth(objectives.rpoHours / hours) } : {}) }),
    },
    earlier: run.seen.earlier?.find(({ entry }) => entry === drill.entry)?.drills ?? [],
    notProven: [...optimistic, ...unseen, ...notProven(results, drill.entry)].slice(0, MOST_LINES),
    notRestored: drill.notRestored.map(({ label, why }) => `${label}: ${why}`),
    cleanup: { made: drill.cleanup.made.length, left: drill.cleanup.left, swept: drill.cleanup.swept },
  }
}

const DEFAULT_LIMIT_SECONDS = 300
function rollbackOf(rehearsal: Rehearsal, run: RunResult): RollbackRecord {
  const parts: readonly (readonly ['deploy' | 'rollback', PartSeen])[] = [
    ['deploy', rehearsal.deployed],
    ['rollback', rehearsal.rolledBack],
  ]
  const [deployGapMs, rollbackGapMs] = parts.map(([, { downtime }]) => downtime?.longestMs)
  return {
    level: rehearsal.level,
    startedAt: rehearsal.startedAt,
    deployMs: rehearsal.deployed.tookMs,
    rollbackMs: rehearsal.rolledBack.tookMs,
    limitSeconds: run.target.file.rollback?.levels.find(({ level }) => level === rehearsal.level)?.limitSeconds ?? DEFAULT_LIMIT_SECONDS,
    ...(deployGapMs === undefined ? {} : { deployGapMs }),
    ...(rollbackGapMs === undefined ? {} : { rollbackGapMs }),
    steps: parts.flatMap(([part, { steps }]) => steps.map(({ name, startMs, endMs, done, received }) => ({ part, name, startMs, endMs, done, received }))),
    proofs: parts.flatMap(([part, { proofs }]) => proofs.map(({ name, held }) => ({ part, name, held }))),
    leftOut: rehearsal.leftOut,
  }
}

/** @param text what every text of the target goes through */
export function drillRecords(
  run: RunResult,
  results: readonly ReportResult[],
  text: (value: string) => string,
): { readonly drills?: readonly DrillRecord[]; readonly rollbacks?: readonly RollbackRecord[] } {
  const { drills = [], rehearsals = [] } = run.seen
  return {
    ...(drills.length === 0
      ? {}
      : {
          drills: cleaned(
            drills.map((one) => recordOf(one, run, results)),
            text,
          ),
        }),
    ...(rehearsals.length === 0
      ? {}
      : {
          rollbacks: cleaned(
            rehearsals.map((one) => rollbackOf(one, run)),
            text,
          ),
        }),
  }
}
