/** What a restore drill saw: phases, and every restored database and file beside what the artifact promised. Plain data; names and counts, never the content of a row. */
import type { ObjectCounts, SnapshotKeys } from '../artifact/facts.ts'
import type { Contents } from './contents.ts'

/** In the order in which they happen. `usable` is the moment at which recovery is done; what follows only verifies. */
export type PhaseName = 'plan' | 'scan' | 'fetch' | 'unpack' | 'provision' | 'restore' | 'usable' | 'verify' | 'files' | 'boot' | 'cleanup'

export interface DrillPhase {
  readonly name: PhaseName
  /** What it worked on: a file, a server. */
  readonly detail: string
  /** Milliseconds since the drill began, of a monotonic clock. */
  readonly startMs: number
  readonly endMs: number
  readonly done: boolean
}

/** How far a measured time may be believed. Only `measured` proves an objective. */
export interface TimeBasis {
  readonly kind: 'measured' | 'optimistic'
  readonly why: string
}

/** A program that took part, as its own exit status tells. */
export interface StageExit {
  readonly tool: string
  readonly exit: number
}

/** Errors of one kind about one object; the words of the server without what they quote of rows. */
export interface RestoreError {
  readonly sqlstate: string
  readonly message: string
  readonly count: number
}

export interface RestoredTable {
  readonly name: string
  /** Rows that the artifact holds, exact; absent: it does not tell. */
  readonly expected?: number
  /** count(*) in the restored database; absent: there is no such table. */
  readonly rows?: number
}

/** A set of declarations as the artifact makes them, and as the restored database has them. One line each, without values. */
export interface Compared {
  readonly expected: number
  /** Promised and not there. */
  readonly missing: readonly string[]
  /** There and not promised. */
  readonly unexpected: readonly string[]
}

export interface QueryAnswer {
  readonly id: string
  readonly expected: string
  /** The one scalar, or the SQLSTATE with which it failed. Only the declared comparison and this scalar are kept. */
  readonly received: string
  readonly right: boolean
}

export interface ReferencedFiles {
  /** `uploads.path` and the role or member its files come from. */
  readonly name: string
  readonly from: string
  readonly rows: number
  /** Files that were looked for. */
  readonly sampled: number
  /** Rows whose file is not in the archive, made before the set. */
  readonly lost: number
  /** Rows whose file is not in the archive, made after the archive was. */
  readonly later: number
  readonly empty: number
  /** Size or SHA-256 stored in the row differs from the file's. */
  readonly differing: number
  /** Compared with a stored size or digest. */
  readonly compared: number
  /** Files below the root that no row names, and all of them. */
  readonly orphans: number
  readonly files: number
  /** Not readable by others than their owner where the archive says so; symbolic links that lead nowhere. */
  readonly unreadable: number
}

export interface PostgresFacts {
  /** User relations before the restore. */
  readonly relationsBefore: number
  /** Identifies the throw-away cluster. */
  readonly systemIdentifier: string
  readonly encoding: string
  readonly extensionsMissing: readonly string[]
  readonly extensions: readonly string[]
  /** Roles that the dump names and nothing in the set makes: made by the drill without rights to log in. */
  readonly rolesInvented: readonly string[]
  readonly objects: ObjectCounts
  /** What the artifact announces; absent: it does not tell. */
  readonly objectsExpected?: ObjectCounts
  readonly indexesInvalid: readonly string[]
  readonly constraintsNotValidated: Compared
  /** `checked` foreign keys and declared references; those with rows that point nowhere. */
  readonly references: {
    readonly checked: number
    readonly orphans: readonly { readonly name: string; readonly rows: number }[]
    readonly unread: readonly string[]
    /** Of large tables only a tenth was asked. */
    readonly sampled?: number
  }
  readonly sequences: readonly { readonly name: string; readonly column: string; readonly next: string; readonly highest: string; readonly ahead: boolean }[]
  readonly matviews: { readonly checked: number; readonly empty: readonly string[] }
  /** Partitioned tables by range over time; those into which a row of now would not fit. */
  readonly partitions: { readonly tables: readonly string[]; readonly homeless: readonly string[]; readonly gaps: readonly string[] }
  /** Absent where the artifact's own declarations could not be read. */
  readonly owners?: Compared
  readonly grants?: Compared
  readonly policies?: Compared
  readonly triggers?: Compared
  readonly definitions?: Compared
  readonly largeObjects: { readonly count: number; readonly dangling: number; readonly referencing: number }
  readonly text: { readonly columns: number; readonly invalid: readonly string[] }
  readonly btree: {
    readonly checked: number
    readonly damaged: readonly string[]
    readonly unavailable?: string /** Of large tables: the index in itself, not each row of the table in it. */
    readonly structureOnly?: number
  }
}

export interface SqliteRestored {
  readonly integrity: readonly string[]
  readonly foreignKeyProblems: number
  readonly wal: boolean
}
export interface RedisRestored {
  readonly keys: number
  /** Keys of the snapshot, by its structure. */
  readonly held?: SnapshotKeys
  /** Keys by the number of their database, where there are some. */
  readonly databases?: Readonly<Record<string, number>>
  /** Of a log: bytes that there were to load, and that were loaded (NaN: the server does not tell). */
  readonly log?: { readonly read: number; readonly loaded: number }
  readonly expiredAtLoad?: number
  readonly types: readonly string[]
}

export interface Migrations {
  readonly tool: string
  readonly applied: number
  /** Begun and neither finished nor rolled back, by name. */
  readonly unfinished: readonly string[]
  /** In the repository and not applied here, and the reverse; absent: no folder is declared. */
  readonly compared?: Compared
  /** Names whose content differs from what was applied. */
  readonly changed: readonly string[]
  /** The table is not there or could not be read: why. */
  readonly unread?: string
}

export interface NewestRow {
  /** `orders.created_at`. */
  readonly column: string
  /** ISO 8601 UTC; absent: no row, or no such column. */
  readonly at?: string
  readonly unread?: string
}

export interface RestoredDatabase {
  /** `shop.sql.gz`, `full.tar.gz: db/shop.dump`. */
  readonly label: string
  readonly role: string
  readonly kind: 'postgres' | 'mysql' | 'sqlite' | 'redis'
  readonly engine: { readonly name: 'docker' | 'native' | 'embedded' | 'sqlite'; readonly version: string; readonly image?: string }
  readonly basis: TimeBasis
  /** Bytes of the artifact, stored and decoded. */
  readonly bytes: number
  readonly decodedBytes: number
  readonly restoreMs: number
  readonly stages: readonly StageExit[]
  /** At most 50 kinds. */
  readonly errors: readonly RestoreError[]
  readonly tables: readonly RestoredTable[]
  readonly queries: readonly QueryAnswer[]
  readonly writes: readonly QueryAnswer[]
  readonly newest: readonly NewestRow[]
  readonly migrations?: Migrations
  readonly references: readonly ReferencedFiles[]
  /** Digests of declared tables and versions of extensions; absent: nobody asks for them here. */
  readonly contents?: Contents
  /** Extensions that the artifact asks for. */
  readonly extensionsExpected?: readonly string[]
  readonly postgres?: PostgresFacts
  readonly sqlite?: SqliteRestored
  readonly redis?: RedisRestored
}

/** Configuration among the restored files: names of keys that are set, never their values. */
export interface RestoredConfig {
  readonly label: string
  readonly keysMissing: readonly string[]
  readonly keysRequired: number
}
export interface RestoredCertificate {
  readonly label: string
  readonly notAfter?: string
  readonly keyMatches?: boolean
  readonly error?: string
}

/** The application, booted on the restored data. */
export interface RestoredApplication {
  readonly image: string
  /** Path that tells whether it is ready. */
  readonly health: string
  /** Last answer of that path, or how its container ended. */
  readonly received: string
  /** From its start to the first healthy answer; absent: it never came to that. */
  readonly bootedMs?: number
  /** Exit status of its own look at migrations. */
  readonly migrations?: number
  readonly smoke: readonly QueryAnswer[]
  /** The last lines that it wrote, of a failure alone; bounded, without secrets. */
  readonly logs: readonly string[]
  /** It was not started. */
  readonly notBooted?: Omit<NotRestored, 'label'>
}

/** Something of the set that no engine at hand can restore, and why. */
export interface NotRestored {
  readonly label: string
  readonly why: string
  /** `misused`: the drill lacks something its user can give (engine, image, key); `artifact`: the artifact is not whole. */
  readonly blame: 'misused' | 'artifact'
}

export interface DrillObservation {
  readonly entry: string
  readonly runId: string
  /** ISO 8601 UTC. */
  readonly startedAt: string
  readonly set: { readonly at: string; readonly basis: 'name' | 'mtime' | 'dump' }
  readonly artifacts: readonly { readonly role: string; readonly name: string; readonly bytes: number; readonly sha256: string; readonly format: string }[]
  readonly phases: readonly DrillPhase[]
  /** Milliseconds from the beginning to the last restored part that answered its first query; absent: it never came to that. */
  readonly usableMs?: number
  readonly databases: readonly RestoredDatabase[]
  /** Absent: none is declared, or no database was restored that it could have used. */
  readonly application?: RestoredApplication
  /** Keys without which stored data cannot be read; those that could not be tried are not here. */
  readonly keys: readonly QueryAnswer[]
  readonly configs: readonly RestoredConfig[]
  readonly certificates: readonly RestoredCertificate[]
  readonly notRestored: readonly NotRestored[]
  /** What the restored servers could reach: network interfaces other than loopback, and routes; undefined: nobody could look. */
  readonly isolation: readonly { readonly label: string; readonly interfaces: readonly string[]; readonly routes: number; readonly unread?: string }[]
  /** How the drill talked to each server, all of which it made itself. The system identifier of the live cluster where it is declared. */
  readonly live: { readonly reached: readonly string[]; readonly identifier?: string }
  /** What was made, what of it was still there afterwards, and what earlier drills that were killed had left. */
  readonly cleanup: { readonly made: readonly string[]; readonly left: readonly string[]; readonly swept: readonly string[] }
}
