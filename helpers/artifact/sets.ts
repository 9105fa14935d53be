/** What lies in a backup folder, grouped into the sets that were made together: plain data. */

export interface BackupFile {
  /** Its key in `files` of the target. */
  readonly role: string
  readonly name: string
  readonly path: string
  readonly bytes: number
  /** ISO 8601 UTC. */
  readonly modifiedAt: string
  /** Permission bits; 0 in a bucket, which has none. */
  readonly mode: number
  /** A dump in directory format is a folder of files. */
  readonly folder: boolean
  /** Its size or time changed while it was watched. */
  readonly growing: boolean
  /** `<name>.sha256`, `.sha1` or `.md5` beside it: the digest in it, lower case; absent: unreadable. */
  /** In a bucket: its tag. */
  readonly etag?: string
  readonly sidecar?: { readonly name: string; readonly algorithm: 'sha256' | 'sha1' | 'md5'; readonly digest?: string }
}

export interface BackupSet {
  /** Time in the names, or of the oldest file where they have none; ISO 8601 UTC. */
  readonly at: string
  readonly basis: 'name' | 'mtime'
  readonly files: readonly BackupFile[]
  /** Roles without a file. */
  readonly missing: readonly string[]
}

export interface BackupFolder {
  readonly dir: string
  /** It is a bucket: no permissions, and a file is there whole or not at all. */
  readonly bucket?: true
  readonly mode: number
  /** Newest first. */
  readonly sets: readonly BackupSet[]
  /** Temporary names that would be a backup without their ending: `.part`, `.tmp`. In a bucket: uploads of a backup that were begun and not ended; their size is not told. */
  readonly partial: readonly { readonly name: string; readonly bytes?: number; readonly modifiedAt: string }[]
  /** A bucket that does not tell of unfinished uploads, or not to this key. */
  readonly uploadsUnread?: true
  /** Names that match no pattern. */
  readonly others: number
  /** ISO 8601 UTC; what ages count from. */
  readonly at: string
}

/** A set that nobody is writing any more and that misses nothing. */
export const isWhole = (set: BackupSet): boolean => set.missing.length === 0 && set.files.every((file) => !file.growing)

/** What would be restored: the newest whole set, or the newest at all where none is whole. `back` goes further into the past. */
export const chosenSet = (folder: BackupFolder, back = 0): BackupSet | undefined => {
  const whole = folder.sets.filter(isWhole)
  return whole.length === 0 ? folder.sets[back] : whole[back]
}
