/** What a report keeps of a drill, and what a later drill reads of it again. Names may be added and never change. */
import { z } from 'zod'
import type { DrillPhase, TimeBasis } from './observation.ts'

export interface DrillRecord {
  readonly entry: string
  readonly runId: string
  /** ISO 8601 UTC. */
  readonly startedAt: string
  readonly recoveryPoint: { readonly at: string; readonly basis: 'name' | 'mtime' | 'dump' }
  readonly artifacts: readonly { readonly role: string; readonly name: string; readonly bytes: number; readonly sha256: string; readonly format: string }[]
  readonly databases: readonly {
    readonly label: string
    readonly kind: string
    readonly engine: string
    readonly version: string
    readonly image?: string
    readonly basis: TimeBasis
    readonly bytes: number
    readonly decodedBytes: number
    readonly restoreMs: number
    readonly tables: readonly { readonly name: string; readonly expected?: number; readonly rows?: number }[]
    readonly digests: Readonly<Record<string, string>>
    readonly extensions: Readonly<Record<string, string>>
  }[]
  readonly files: readonly { readonly name: string; readonly from: string; readonly rows: number; readonly sampled: number; readonly lost: number }[]
  readonly phases: readonly DrillPhase[]
  readonly rto: {
    /** Machines alone; absent: the set was not restored whole. */
    readonly usableMs?: number
    readonly humanMinutes: number
    readonly objectiveMinutes?: number
    /** Objective divided by what it took, people included. */
    readonly headroom?: number
    readonly basis?: TimeBasis
  }
  readonly rpo: { readonly hours: number; readonly objectiveHours?: number; readonly headroom?: number }
  /** Earlier drills of this backup that were at hand, oldest first. */
  readonly earlier: readonly EarlierDrill[]
  /** What this drill does not prove, one line each. */
  readonly notProven: readonly string[]
  readonly notRestored: readonly string[]
  readonly cleanup: { readonly made: number; readonly left: readonly string[]; readonly swept: readonly string[] }
}

/** One rehearsal of a rollback. */
export interface RollbackRecord {
  readonly level: string
  readonly startedAt: string
  readonly deployMs: number
  readonly rollbackMs: number
  readonly limitSeconds: number
  /** Longest time without a right answer, deploying and rolling back; absent: nobody asked, or it never came back. */
  readonly deployGapMs?: number
  readonly rollbackGapMs?: number
  readonly steps: readonly {
    readonly part: 'deploy' | 'rollback'
    readonly name: string
    readonly startMs: number
    readonly endMs: number
    readonly done: boolean
    readonly received: string
  }[]
  readonly proofs: readonly { readonly part: 'deploy' | 'rollback'; readonly name: string; readonly held: boolean }[]
  readonly leftOut: readonly string[]
}

const earlierSchema = z.object({
  entry: z.string(),
  startedAt: z.iso.datetime(),
  rto: z.object({
    usableMs: z.number().min(0).optional(),
    humanMinutes: z.number().min(0),
    basis: z.object({ kind: z.enum(['measured', 'optimistic']) }).optional(),
  }),
  rpo: z.object({ hours: z.number() }),
  databases: z.array(
    z.object({
      label: z.string(),
      version: z.string(),
      tables: z.array(z.object({ name: z.string(), rows: z.int().min(0).optional() })),
      digests: z.record(z.string(), z.string()),
      extensions: z.record(z.string(), z.string()),
    }),
  ),
})
const reportSchema = z.object({ schemaVersion: z.literal(1), target: z.object({ name: z.string() }), drills: z.array(earlierSchema) })

export interface EarlierDrill {
  readonly startedAt: string
  readonly usableMs?: number
  readonly humanMinutes: number
  readonly basis?: 'measured' | 'optimistic'
  readonly rpoHours: number
}
/** What an earlier drill found in the databases, taken together. */
export interface Baseline {
  readonly startedAt: string
  readonly rows: Readonly<Record<string, number>>
  readonly digests: Readonly<Record<string, string>>
  readonly extensions: Readonly<Record<string, string>>
}

/** @returns drills of one backup in the text of a report.json; or why there are none */
export function drillsIn(text: string, target: string, entry: string): readonly z.output<typeof earlierSchema>[] | string {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return 'it is no JSON'
  }
  const read = reportSchema.safeParse(json)
  if (!read.success) return 'it is no report with a drill in it'
  if (read.data.target.name !== target) return `it is a report of ${read.data.target.name}`
  const drills = read.data.drills.filter((one) => one.entry === entry)
  return drills.length === 0 ? `it has no drill of ${entry}` : drills
}
const receiptSchema = z.object({
  target: z.string(),
  drills: z.array(
    z.object({
      entry: z.string(),
      startedAt: z.iso.datetime(),
      usableMs: z.number().min(0).optional(),
      humanMinutes: z.number().min(0),
      basis: z.enum(['measured', 'optimistic']).optional(),
      rpoHours: z.number(),
    }),
  ),
})
/** Drills of one backup in a chain of receipts, one a line; other lines are passed over. */
export function drillsInReceipts(text: string, target: string, entry: string): readonly EarlierDrill[] {
  return text.split('\n').flatMap((line) => {
    let json: unknown
    try {
      json = JSON.parse(line)
    } catch {
      return []
    }
    const read = receiptSchema.safeParse(json)
    if (!read.success || read.data.target !== target) return []
    return read.data.drills
      .filter((one) => one.entry === entry)
      .map(({ startedAt, usableMs, humanMinutes, basis, rpoHours }) => ({
        startedAt,
        ...(usableMs === undefined ? {} : { usableMs }),
        humanMinutes,
        ...(basis === undefined ? {} : { basis }),
        rpoHours,
      }))
  })
}

type Read = z.output<typeof earlierSchema>
export const summaryOf = ({ startedAt, rto, rpo }: Read): EarlierDrill => ({
  startedAt,
  ...(rto.usableMs === undefined ? {} : { usableMs: rto.usableMs }),
  humanMinutes: rto.humanMinutes,
  ...(rto.basis === undefined ? {} : { basis: rto.basis.kind }),
  rpoHours: rpo.hours,
})
export const baselineOf = ({ startedAt, databases }: Read): Baseline => ({
  startedAt,
  rows: Object.fromEntries(databases.flatMap(({ tables }) => tables.flatMap(({ name, rows }) => (rows === undefined ? [] : [[name, rows] as const])))),
  digests: Object.assign({}, ...databases.map(({ digests }) => digests)) as Record<string, string>,
  extensions: Object.assign({}, ...databases.map(({ extensions }) => extensions)) as Record<string, string>,
})
