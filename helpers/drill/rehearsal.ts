/** What the rehearsal of a rollback saw. Plain data: names, times and exit statuses; never what a program wrote. */

export interface StepSeen {
  readonly name: string
  /** Milliseconds since the rehearsal of its level began. */
  readonly startMs: number
  readonly endMs: number
  readonly done: boolean
  /** `exit 0`, `ended after 60 s`, `200`. */
  readonly received: string
  /** It works on the database, which was down when it began. */
  readonly databaseDown?: boolean
}

export interface ProofSeen {
  readonly name: string
  readonly held: boolean
  readonly expected: string
  /** Of the last try. */
  readonly received: string
  readonly afterMs: number
}

/** Steps in their order, until the first that failed, and what held afterwards. */
export interface PartSeen {
  readonly steps: readonly StepSeen[]
  /** Names of the steps that were not tried because one before them failed. */
  readonly untried: readonly string[]
  readonly proofs: readonly ProofSeen[]
  /** From the beginning of the first step to the last proof. */
  readonly tookMs: number
  /** Absent: nothing is asked all the time. */
  readonly downtime?: Downtime
}

export interface Downtime {
  readonly asked: number
  readonly right: number
  /** Longest time from one right answer to the next; Infinity is written as absent. Absent: no right answer came any more, or none had come before. */
  readonly longestMs?: number
  readonly beganMs?: number
  readonly missing?: 'before' | 'after'
}

/** A file that a rollback puts back: names of keys, never their values. */
export interface EnvironmentSeen {
  readonly file: string
  readonly exists: boolean
  readonly problems: readonly string[]
  readonly keys: number
  readonly missing: readonly string[]
  readonly empty: readonly string[]
}

export interface Rehearsal {
  readonly level: 'immediate' | 'database' | 'full'
  /** ISO 8601 UTC. */
  readonly startedAt: string
  /** Absent: nothing is declared to be prepared. */
  readonly prepared?: PartSeen
  readonly deployed: PartSeen
  readonly rolledBack: PartSeen
  readonly environment?: EnvironmentSeen
  /** Links of the folder that lead out of it: not copied. */
  readonly leftOut: readonly string[]
  readonly cleanup: { readonly made: readonly string[]; readonly left: readonly string[]; readonly swept: readonly string[] }
}
