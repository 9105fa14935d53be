/** What is found in a backup artifact by reading it once: plain data, no opinion. Counts and names only, never the content of a row. */

/** By its bytes, never by its name. */
export type ArtifactFormat =
  | 'pg-plain'
  | 'mysql-plain'
  | 'sql'
  | 'pg-custom'
  | 'pg-directory'
  | 'pg-tar'
  | 'tar'
  | 'sqlite'
  | 'rdb'
  | 'aof'
  | 'age'
  | 'openpgp'
  | 'openssl'
  | 'xz'
  | 'bzip2'
  | 'zip'
  | 'text'
  | 'empty'
  | 'unknown'

/** Compression around a file. */
export type Layer = 'gzip' | 'lz4' | 'zstd'

/** Containers whose content nobody reads without a key. */
export const ENCRYPTED: ReadonlySet<ArtifactFormat> = new Set(['age', 'openpgp', 'openssl'])

/** How the reading of a layer ended. */
export interface Reading {
  /** The end was reached and every checksum on the way was right. */
  readonly complete: boolean
  /** The reader's own word: `unexpected end of file`, `incorrect data check`, `ratio 1200`. */
  readonly error?: string
  /** `cut`: ends too early; `corrupt`: a checksum or a structure is wrong; `trailing`: all data came, then rubbish; `bomb`: our own limit. */
  readonly kind?: 'cut' | 'corrupt' | 'trailing' | 'bomb' | 'unreadable'
}

/** What a database holds, by kind of object. A fall to nothing between two backups is how a narrowed dump shows. */
export interface ObjectCounts {
  tables: number
  indexes: number
  primaryKeys: number
  foreignKeys: number
  sequences: number
  sequenceSets: number
  views: number
  triggers: number
  functions: number
  policies: number
  largeObjects: number
}

export const noObjects = (): ObjectCounts => ({
  tables: 0,
  indexes: 0,
  primaryKeys: 0,
  foreignKeys: 0,
  sequences: 0,
  sequenceSets: 0,
  views: 0,
  triggers: 0,
  functions: 0,
  policies: 0,
  largeObjects: 0,
})

export interface TableFacts {
  /** As written in the dump: `public.users`. */
  readonly name: string
  /** The dump makes the table. */
  defined: boolean
  /** The dump has a place for its data, be it empty. */
  data: boolean
  /** Rows of COPY blocks or of INSERT statements; undefined: there is no count without a restore. */
  rows: number | undefined
}

/** A statement that does more than put data back. */
export interface Danger {
  readonly kind: 'shell' | 'connect' | 'program' | 'server-setting' | 'drop-database' | 'subscription' | 'foreign-server' | 'job'
  /** Line of the decoded dump, from 1; absent for archives. */
  readonly line?: number
}

/** What a dump of PostgreSQL declares, by name. */
export interface Declarations {
  readonly owners: ReadonlySet<string>
  readonly grants: ReadonlySet<string>
  readonly policies: ReadonlySet<string>
  readonly triggers: ReadonlySet<string>
  readonly definitions: ReadonlySet<string>
  readonly notValid: ReadonlySet<string>
}

/** A database dump, be it statements or an archive of them. */
export interface DumpFacts {
  readonly engine: 'postgres' | 'mysql' | 'unknown'
  /** A whole cluster (pg_dumpall), or only its roles and tablespaces. */
  readonly scope: 'database' | 'cluster' | 'globals'
  /** Tool and version that the dump names: `pg_dump 15.18`. */
  readonly dumper?: string
  /** Version of the tool and of the server it read from: `15.18`. */
  readonly dumperVersion?: string
  readonly serverVersion?: string
  /** When the dump began, ISO 8601, where the dump says so. */
  readonly createdAt?: string
  readonly database?: string
  readonly databases: readonly string[]
  readonly tables: readonly TableFacts[]
  readonly rows: number
  /** Rows come in COPY blocks, so that an empty table has a place of its own too. */
  readonly copies: boolean
  readonly objects: ObjectCounts
  readonly extensions: readonly string[]
  readonly rolesCreated: readonly string[]
  readonly rolesNamed: readonly string[]
  readonly encoding?: string
  readonly rowSecurity?: 'on' | 'off'
  readonly dangers: readonly Danger[]
  /** Of statements of PostgreSQL; an archive is asked for its schema by its own tool. */
  readonly declarations?: Declarations
  /** The closing comment of the tool was seen, and nothing but comments came after it. Archives: every announced block came. */
  readonly endMark: boolean
  /** What stood open when the bytes ended: `COPY public.users`, `statement`, `quote`. */
  readonly open?: string
  /** `\restrict` was written; `closed` when `\unrestrict` gives the same word back. */
  readonly restrict?: { readonly closed: boolean }
  /** Digest of what is dumped, without what differs between two dumps of the same data (tokens, times): tells contents apart, proves no origin. */
  readonly contentDigest: string
}

export interface TarFacts {
  /** Entries of every kind; only regular files count as files. */
  readonly entries: number
  readonly files: number
  readonly fileBytes: number
  /** Two blocks of zeros close the archive. */
  readonly endBlocks: boolean
  /** Entries that leave the folder they are unpacked into, or are devices; at most 100 names. */
  readonly hostile: readonly { readonly name: string; readonly kind: 'absolute' | 'climbing' | 'link' | 'device' }[]
  readonly hostileCount: number
  /** The first 10 000 regular files. */
  readonly names: readonly string[]
  /** Regular files of no bytes, among {@link names}. */
  readonly emptyNames: readonly string[]
}

export interface SqliteFacts {
  readonly pageSize: number
  readonly pages: number
  /** Bytes by the header. */
  readonly expectedBytes: number
  /** Write-ahead logging is on (file format version 2): committed rows may live in the `-wal` file alone. */
  readonly wal: boolean
  readonly walBeside?: boolean
  /** PRAGMA integrity_check on a copy; absent: not asked (too big, or the file is not whole). */
  readonly integrity?: { readonly ok: boolean; readonly problems: number; readonly tables: readonly TableFacts[]; readonly foreignKeyProblems: number }
  readonly integrityError?: string
}

/** Keys of a snapshot. */
export interface SnapshotKeys {
  readonly total: number
  /** Those among them that end by themselves: a server that loads the file later leaves out what has ended. */
  readonly expiring: number
}

export interface RedisFacts {
  readonly kind: 'rdb' | 'aof'
  readonly version?: number
  /** RDB: the closing checksum is right (`off`: the server writes none). AOF: every command is whole. */
  readonly checksum: 'right' | 'wrong' | 'off' | 'absent'
  /** Of a snapshot; absent: it was not read to its end, or holds what only later servers know. */
  readonly keys?: SnapshotKeys
  /** AOF commands. */
  readonly commands?: number
  /** A log in several files (Redis 7, appendonlydir): the snapshot that its commands come after. */
  readonly after?: 'rdb'
}

export interface ArtifactFacts {
  /** File name, or path inside the archive. */
  readonly name: string
  /** Bytes as stored. */
  readonly bytes: number
  /** Compression around it, outermost first. */
  readonly layers: readonly Layer[]
  readonly decodedBytes: number
  readonly format: ArtifactFormat
  /** SHA-256 of the bytes as stored. */
  readonly sha256: string
  /** A bomb is not read to its end: the digest is that of what was read. */
  readonly partly?: true
  /** It is locked, and a key was at hand: everything else here is of what is inside, once {@link sealed.opened}. */
  readonly sealed?: { readonly kind: 'age'; readonly opened: boolean; readonly error?: string }
  /** How the innermost structure read; worth nothing where {@link stream} is not whole. */
  readonly reading: Reading
  /** How the compression and the lock around it read; absent where there is neither. */
  readonly stream?: Reading
  readonly dump?: DumpFacts
  readonly tar?: TarFacts
  readonly sqlite?: SqliteFacts
  readonly redis?: RedisFacts
  /** Artifacts inside an archive that were read too. */
  readonly members: readonly ArtifactFacts[]
}

/** All that is known before the digest is. */
export type UndigestedFacts = Omit<ArtifactFacts, 'sha256'>
