/** The second place of a backup: is the same there, byte for byte, since when, and could whoever holds the first place destroy it? Reads, changes nothing. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type BackupFile, type BackupSet, chosenSet } from '../artifact/sets.ts'
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import type { BackupEntry } from '../target.ts'
import { backupFolder, bucketAt, costAt, digestOf, LONG_MS, type Place, placeOf, systemError } from './backups.ts'
import type { StoredObject } from './bucket.ts'

/** How the two copies were compared. */
export type ComparedBy = 'read' | 'checksum' | 'tag' | 'tag of parts'

export interface OffsiteCopies {
  /** Newest first set there; undefined: nothing is there. */
  readonly set?: BackupSet
  readonly compared: readonly {
    readonly name: string
    readonly there: { readonly bytes: number; readonly sha256: string }
    readonly here?: { readonly bytes: number; readonly sha256: string }
    /** @default 'read': every byte there was read */
    readonly by?: ComparedBy
  }[]
  /** Every set there, newest first: the recovery point of the set and when its last file came. `upload`: the bucket's own time; `mtime`: may be older, where copies keep times. */
  readonly arrivals?: readonly { readonly at: string; readonly arrivedAt: string; readonly basis: 'upload' | 'mtime'; readonly whole: boolean }[]
  readonly at: string
}

/** The place itself does not exist. */
export const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'NoSuchBucket'])
const MIB = 1024 * 1024
/** Part sizes that upload tools use (aws 8, rclone 5, s3cmd 15, restic and MinIO 16 to 128 MiB). */
const PARTS = [5, 8, 10, 15, 16, 20, 25, 32, 50, 64, 100, 128, 256, 512].map((size) => size * MIB)

/** The tag of an object that was uploaded in parts: MD5 of the MD5s of its parts. */
async function tagOfParts(path: string, size: number, signal: AbortSignal): Promise<string> {
  const all = createHash('md5')
  let part = createHash('md5')
  let filled = 0
  let parts = 0
  const close = (): void => {
    all.update(part.digest())
    part = createHash('md5')
    filled = 0
    parts += 1
  }
  for await (const chunk of createReadStream(path, { highWaterMark: MIB, signal }) as AsyncIterable<Buffer>)
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + size - filled)
      part.update(piece)
      filled += piece.length
      at += piece.length
      if (filled === size) close()
    }
  if (filled > 0) close()
  return `${all.digest('hex')}-${parts}`
}

type Compared = OffsiteCopies['compared'][number]

/** Compares by what the service keeps of the object, and reads it only where that does not prove them equal. */
async function byTag(
  context: ProbeContext,
  entry: BackupEntry,
  stored: StoredObject,
  same: BackupFile,
  chosen: BackupSet | undefined,
): Promise<ComparedBy | undefined> {
  if (stored.tagIsNoDigest || stored.bytes !== same.bytes || same.etag !== undefined) return undefined
  if (/^[0-9a-f]{32}$/.test(stored.etag)) return (await digestOf(context, entry, same, 'md5', chosen)).digest === stored.etag ? 'tag' : undefined
  const count = Number(/^[0-9a-f]{32}-(\d{1,5})$/.exec(stored.etag)?.[1] ?? 0)
  if (count === 0) return undefined
  const even = Math.ceil(stored.bytes / count / MIB) * MIB
  for (const size of new Set([...PARTS, even]))
    if (Math.ceil(stored.bytes / size) === count && (await tagOfParts(same.path, size, context.signal)) === stored.etag) return 'tag of parts'
  return undefined
}

async function compare(
  context: ProbeContext,
  entry: BackupEntry,
  place: Place,
  file: BackupFile,
  same: BackupFile | undefined,
  chosen: BackupSet | undefined,
): Promise<Compared> {
  const sha256Of = async (one: BackupFile, where: Place, of?: BackupSet): Promise<{ readonly bytes: number; readonly sha256: string }> => {
    const { bytes, digest } = await digestOf(context, entry, one, 'sha256', of, where)
    return { bytes, sha256: digest }
  }
  const here = same === undefined ? undefined : await sha256Of(same, entry, chosen)
  const result = (there: { readonly bytes: number; readonly sha256: string }, by: ComparedBy): Compared => ({
    name: file.name,
    there,
    ...(here === undefined ? {} : { here }),
    by,
  })
  const at = await bucketAt(context, place)
  if (at !== undefined && here !== undefined && same !== undefined) {
    const stored = await at.bucket.head(`${at.prefix}${file.name}`, context.signal)
    if (stored.sha256 !== undefined) return result({ bytes: stored.bytes, sha256: stored.sha256 }, 'checksum')
    const by = await byTag(context, entry, stored, same, chosen)
    if (by !== undefined) return result({ bytes: stored.bytes, sha256: here.sha256 }, by)
  }
  return result(await sha256Of(file, place), 'read')
}

/** The newest set at the second place, byte for byte beside the first. A place that is not there is a failure with `ENOENT` or `NoSuchBucket`. */
export function offsiteCopies(entry: BackupEntry): Probe<OffsiteCopies> {
  const place: Place = entry.offsite ?? entry
  return {
    kind: 'offsiteCopies',
    key: `offsiteCopies ${entry.id} ${place.dir}`,
    impact: 'read',
    cost: costAt(place, Object.keys(entry.files).length),
    timeoutMs: LONG_MS,
    run: async (context) => {
      const here = await context.observe(backupFolder(entry))
      const there = await context.observe(backupFolder(entry, place))
      if (!there.ok) throw new ProbeError(there.failure)
      // The first place may be gone: that is what the second is for.
      if (!here.ok && !GONE.has(here.failure.code)) throw new ProbeError({ ...here.failure, code: `FIRST_PLACE_${here.failure.code}` })
      const set = there.value.sets[0]
      const compared: Compared[] = []
      const chosen = here.ok ? chosenSet(here.value) : undefined
      const local = here.ok ? here.value.sets.flatMap(({ files }) => files) : []
      for (const file of set?.files ?? []) {
        if (file.folder) continue
        compared.push(
          await compare(
            context,
            entry,
            place,
            file,
            local.find(({ name }) => name === file.name),
            chosen,
          ),
        )
      }
      const arrivals = there.value.sets.map(({ at, files, missing }) => ({
        at,
        arrivedAt:
          files
            .map(({ modifiedAt }) => modifiedAt)
            .sort()
            .at(-1) ?? at,
        basis: there.value.bucket === true ? ('upload' as const) : ('mtime' as const),
        whole: missing.length === 0,
      }))
      return { ...(set === undefined ? {} : { set }), compared, arrivals, at: there.value.at }
    },
  }
}

export interface Independence {
  /** Both places are folders of one file system. */
  readonly sameDisk?: boolean
  /** Both buckets are reached with one key id. */
  readonly sameKey?: boolean
  /** The bucket keeps earlier versions, or locks what is in it; absent: this key may not ask. */
  readonly versioned?: boolean
  readonly locked?: boolean
}

/** What would be left of the second place if somebody had everything on this machine. */
export function offsiteIndependence(entry: BackupEntry): Probe<Independence> {
  const place: Place = entry.offsite ?? entry
  return {
    kind: 'offsiteIndependence',
    key: `offsiteIndependence ${entry.id} ${place.dir}`,
    impact: 'read',
    cost: costAt(place, 2),
    timeoutMs: 60_000,
    run: async (context) => {
      const at = await bucketAt(context, place)
      if (at !== undefined) {
        const value = (name: string | undefined): string | undefined => (name === undefined ? undefined : context.target.secrets?.get(name))
        const first = value(entry.s3?.accessKeyId)
        return { ...(await at.bucket.protection(context.signal)), ...(first === undefined ? {} : { sameKey: first === value(place.s3?.accessKeyId) }) }
      }
      if ((await bucketAt(context, entry)) !== undefined) return { sameDisk: false }
      const [one, other] = [placeOf(entry.dir, context.target), placeOf(place.dir, context.target)]
      try {
        return { sameDisk: (await stat(one)).dev === (await stat(other)).dev }
      } catch (error) {
        throw systemError(error, other)
      }
    },
  }
}
