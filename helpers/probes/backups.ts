/** Looks at backups where they lie: the folder with its sets, and the newest artifact from its first byte to its last. Reads, changes nothing. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ByteReader, type Chunks } from '../artifact/bytes.ts'
import type { ArtifactFacts, Reading, UndigestedFacts } from '../artifact/facts.ts'
import { type ArtifactReading, readArtifact, scanChunks, type ScanOptions } from '../artifact/scan.ts'
import { type Keys, openAge } from '../artifact/unlock.ts'
import { type BackupFile, type BackupFolder, type BackupSet, chosenSet } from '../artifact/sets.ts'
import { backupName, pathMatches } from '../grammar/backup-name.ts'
import { type Probe, type ProbeContext, type ProbeCost, ProbeError } from '../probe.ts'
import type { BackupEntry, Target } from '../target.ts'
import { type BucketAccess, bucketOf } from '../target/storage.ts'
import type { ListedObject } from '../grammar/object-list.ts'
import { type Bucket, BODY_REQUESTS, LIST_REQUESTS, openBucket } from './bucket.ts'
import { withoutTrailing } from '../grammar/linear.ts'

/** Files of one run of a script whose names carry slightly different times. */
const SAME_RUN_MS = 10 * 60_000
/** A file that was written to so recently is watched for {@link WATCH_MS}. */
const FRESH_MS = 60_000
const WATCH_MS = 2_000
const NAMES = 200_000
const TEMPORARY = /(?:\.(?:part|partial|tmp|temp|incomplete|filepart|crdownload|swp|lock)|~)$/i
const SIDECAR = /\.(sha256|sha1|md5)(?:sum)?$/i
const SIDECARS = ['sha256', 'sha256sum', 'sha1', 'md5', 'md5sum'] as const
const DIGITS: Readonly<Record<string, number>> = { sha256: 64, sha1: 40, md5: 32 }
/** Bounded by what is read, not by the clock of a network look. */
export const LONG_MS = 12 * 3_600_000
/** Slowest reading that still counts as reading: a mounted bucket. */
const BYTES_PER_MS = 10_000

type Declared = BackupEntry['files'][string]
export const patternOf = (declared: Declared): string => (typeof declared === 'string' ? declared : declared.name)
export const placeOf = (dir: string, target: Target): string => (isAbsolute(dir) ? dir : resolve(target.folder ?? '.', dir))

export const systemError = (error: unknown, path: string): ProbeError => {
  const { code = 'EIO', message } = error as NodeJS.ErrnoException
  return new ProbeError(
    { code, message: `${path}: ${message.replace(/^[A-Z]+: /, '').replace(/, .*$/, '')}`, phase: code === 'ENOENT' ? 'resolve' : 'response' },
    { cause: error },
  )
}

const digestOfText = (text: string, algorithm: string): string | undefined =>
  new RegExp(`(?:^|[^0-9a-f])([0-9a-f]{${DIGITS[algorithm] ?? 0}})(?![0-9a-f])`, 'i').exec(text)?.[1]?.toLowerCase()

async function digestIn(path: string, algorithm: string): Promise<string | undefined> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0)
    return digestOfText(buffer.toString('latin1', 0, bytesRead), algorithm)
  } finally {
    await file.close()
  }
}

async function folderBytes(path: string): Promise<number> {
  let bytes = 0
  for (const one of await readdir(path, { withFileTypes: true })) if (one.isFile()) bytes += (await stat(join(path, one.name))).size
  return bytes
}

type Algorithm = 'sha256' | 'sha1' | 'md5'

interface Found {
  readonly role: string
  readonly stamp?: string
  readonly file: BackupFile
}

/** Groups files by the time in their names: those within ten minutes, each role once, are one set. */
function group(found: readonly Found[], roles: readonly string[]): readonly BackupSet[] {
  const timeOf = (one: Found): string => one.stamp ?? one.file.modifiedAt
  const sorted = [...found].sort((a, b) => Date.parse(timeOf(a)) - Date.parse(timeOf(b)))
  const groups: Found[][] = []
  for (const one of sorted) {
    const last = groups.at(-1)
    const first = last?.[0]
    if (
      last !== undefined &&
      first !== undefined &&
      Date.parse(timeOf(one)) - Date.parse(timeOf(first)) <= SAME_RUN_MS &&
      last.every(({ role }) => role !== one.role)
    )
      last.push(one)
    else groups.push([one])
  }
  return groups.reverse().map((members) => ({
    at: timeOf(members[0] as Found),
    basis: members[0]?.stamp === undefined ? 'mtime' : 'name',
    files: members.map(({ file }) => file).sort((a, b) => roles.indexOf(a.role) - roles.indexOf(b.role)),
    missing: roles.filter((role) => members.every((one) => one.role !== role)),
  }))
}

/** What a look into a place costs its service at most; a folder costs nobody anything. */
export const costAt = ({ dir }: Pick<Place, 'dir'>, requests: number): ProbeCost =>
  bucketOf(dir) === undefined ? { connections: 0, requests: 0 } : { connections: 1, requests }

export interface Place {
  readonly dir: string
  readonly s3?: BucketAccess | undefined
}
/** The bucket of a place, opened once for the whole run. */
export async function bucketAt(context: ProbeContext, { dir, s3 }: Place): Promise<{ readonly bucket: Bucket; readonly prefix: string } | undefined> {
  const of = bucketOf(dir)
  if (of === undefined || s3 === undefined) return undefined
  const bucket = await context.resource(
    `bucket ${s3.endpoint} ${of.bucket} ${s3.accessKeyId}`,
    () => openBucket(context.target, s3, of.bucket),
    async (opened) => (await opened).close(),
  )
  return { bucket, prefix: of.prefix }
}

/** Digests beside files are a line; anything longer is none. */
const SIDECAR_BYTES = 4096

async function bucketFolder(
  context: ProbeContext,
  entry: BackupEntry,
  place: Place,
  at: NonNullable<Awaited<ReturnType<typeof bucketAt>>>,
): Promise<BackupFolder> {
  const roles = Object.keys(entry.files)
  const now = Date.now()
  const { bucket, prefix } = at
  const objects = new Map((await bucket.list(prefix, context.signal)).map((one) => [one.key.slice(prefix.length), one]))
  const patterns = roles.map((role) => ({ role, pattern: backupName(patternOf(entry.files[role] as Declared), entry.timeZone) }))
  const found: Found[] = []
  let others = 0
  for (const [name, one] of objects) {
    const match = patterns.flatMap(({ role, pattern }) => {
      const seen = pattern.matches(name)
      return seen === undefined ? [] : [{ role, ...seen }]
    })[0]
    if (match === undefined) {
      if (!SIDECAR.test(name) || !objects.has(name.replace(SIDECAR, ''))) others += 1
      continue
    }
    const beside = SIDECARS.map((ending) => objects.get(`${name}.${ending}`)).find((sidecar) => sidecar !== undefined)
    const file: BackupFile = {
      role: match.role,
      name,
      path: `${withoutTrailing(place.dir, '/')}/${name}`,
      bytes: one.bytes,
      modifiedAt: one.modifiedAt,
      mode: 0,
      folder: false,
      growing: false,
      etag: one.etag,
    }
    found.push({ ...match, file: beside === undefined ? file : { ...file, sidecar: await storedDigest(bucket, beside, prefix, context.signal) } })
  }
  const uploads = await bucket.unfinished(prefix, context.signal)
  const partial = (uploads ?? [])
    .map(({ key, begunAt }) => ({ name: key.slice(prefix.length), modifiedAt: begunAt }))
    .filter(({ name }) => patterns.some(({ pattern }) => pattern.matches(name) !== undefined))
  return {
    dir: place.dir,
    bucket: true,
    mode: 0,
    sets: group(found, roles),
    partial,
    ...(uploads === undefined ? { uploadsUnread: true } : {}),
    others,
    at: new Date(now).toISOString(),
  }
}

async function storedDigest(
  bucket: Bucket,
  { key, bytes, etag }: ListedObject,
  prefix: string,
  signal: AbortSignal,
): Promise<NonNullable<BackupFile['sidecar']>> {
  const algorithm = (SIDECAR.exec(key)?.[1] ?? '').toLowerCase() as Algorithm
  const parts: Buffer[] = []
  if (bytes <= SIDECAR_BYTES) for await (const part of bucket.read(key, bytes, etag, signal)) parts.push(part)
  const digest = digestOfText(Buffer.concat(parts).toString('latin1'), algorithm)
  return { name: key.slice(prefix.length), algorithm, ...(digest === undefined ? {} : { digest }) }
}

/** The sets in a folder or bucket. A folder that is not there is a failure with `ENOENT`, a bucket one with `NoSuchBucket`. */
export function backupFolder(entry: BackupEntry, place: Place = entry): Probe<BackupFolder> {
  const { dir } = place
  const roles = Object.keys(entry.files)
  return {
    kind: 'backupFolder',
    key: `backupFolder ${entry.id} ${dir}`,
    impact: 'read',
    cost: costAt(place, LIST_REQUESTS),
    timeoutMs: 60_000,
    run: async (context) => {
      const bucket = await bucketAt(context, place)
      if (bucket !== undefined) return await bucketFolder(context, entry, place, bucket)
      const folder = placeOf(dir, context.target)
      const now = Date.now()
      let mode: number
      let names: readonly string[]
      try {
        mode = (await stat(folder)).mode & 0o777
        names = (await readdir(folder)).slice(0, NAMES)
      } catch (error) {
        throw systemError(error, folder)
      }
      const present = new Set(names)
      const patterns = roles.map((role) => ({ role, pattern: backupName(patternOf(entry.files[role] as Declared), entry.timeZone) }))
      const found: Found[] = []
      const partial: BackupFolder['partial'][number][] = []
      let others = 0
      for (const name of names) {
        const path = join(folder, name)
        const temporary = name.replace(TEMPORARY, '').replace(/^\./, '')
        const half = temporary !== name && patterns.some(({ pattern }) => pattern.matches(temporary) !== undefined)
        const match = patterns.flatMap(({ role, pattern }) => {
          const seen = pattern.matches(name)
          return seen === undefined ? [] : [{ role, ...seen }]
        })[0]
        if (match === undefined && !half) {
          if (!SIDECAR.test(name) || !present.has(name.replace(SIDECAR, ''))) others += 1
          continue
        }
        const facts = await stat(path).catch((error: NodeJS.ErrnoException) => error)
        // Between the listing and the look it was renamed: whoever writes it is done, and the next run sees it.
        if (facts instanceof Error) continue
        const modifiedAt = facts.mtime.toISOString()
        if (match === undefined) {
          partial.push({ name, bytes: facts.size, modifiedAt })
          continue
        }
        const beside = SIDECARS.map((ending) => `${name}.${ending}`).find((one) => present.has(one))
        const algorithm = beside === undefined ? undefined : ((SIDECAR.exec(beside)?.[1] ?? '').toLowerCase() as 'sha256')
        const digest = beside === undefined || algorithm === undefined ? undefined : await digestIn(join(folder, beside), algorithm).catch(() => undefined)
        const busy = present.has(`${name}.lock`) || present.has(`.${name}.lock`)
        found.push({
          ...match,
          file: {
            role: match.role,
            name,
            path,
            bytes: facts.isDirectory() ? await folderBytes(path) : facts.size,
            modifiedAt,
            mode: facts.mode & 0o777,
            folder: facts.isDirectory(),
            growing: busy,
            ...(beside === undefined || algorithm === undefined ? {} : { sidecar: { name: beside, algorithm, ...(digest === undefined ? {} : { digest }) } }),
          },
        })
      }
      const watched = found.filter(({ file }) => Math.abs(now - Date.parse(file.modifiedAt)) < FRESH_MS)
      const moving = new Set<string>()
      if (watched.length > 0) {
        await wait(WATCH_MS, undefined, { signal: context.signal })
        for (const { file } of watched) {
          const later = await stat(file.path).catch(() => undefined)
          const bytes = later?.isDirectory() === true ? await folderBytes(file.path).catch(() => -1) : later?.size
          if (later === undefined || bytes !== file.bytes || later.mtime.toISOString() !== file.modifiedAt) moving.add(file.path)
        }
      }
      const settled = found.map((one) => (moving.has(one.file.path) ? { ...one, file: { ...one.file, growing: true } } : one))
      return { dir: folder, mode, sets: group(settled, roles), partial, others, at: new Date(now).toISOString() }
    },
  }
}

/** What the files of a backup open with; nothing where nothing is declared. */
function keysOf({ encryption }: BackupEntry, target: Target): { readonly keys?: Keys } {
  if (typeof encryption !== 'object' || (encryption.identity === undefined && encryption.passphrase === undefined)) return {}
  const value = (name: string | undefined): string | undefined => {
    const found = name === undefined ? undefined : target.secrets?.get(name)
    if (name !== undefined && (found === undefined || found === ''))
      throw new ProbeError({ code: 'NO_KEY', message: `the secret ${name} has no value`, phase: 'internal' })
    return found
  }
  const [identity, passphrase] = [value(encryption.identity), value(encryption.passphrase)]
  return { keys: { ...(identity === undefined ? {} : { identity }), ...(passphrase === undefined ? {} : { passphrase }) } }
}

/** All that is known of an artifact before its digest is. */
export interface ReadArtifact {
  readonly file: BackupFile
  readonly set: Pick<BackupSet, 'at' | 'basis'>
  readonly facts: UndigestedFacts
}
export interface SeenArtifact extends ReadArtifact {
  readonly facts: ArtifactFacts
}

/** The artifact of one role in the set that would be restored, as soon as it is read: its digest may come later. @param back as of {@link backupArtifact} */
export function artifactReading(entry: BackupEntry, role: string, back = 0): Probe<(ReadArtifact & { readonly sha256: Promise<string> }) | undefined> {
  const key = `artifactReading ${entry.id} ${role} ${back}`
  return {
    kind: 'artifactReading',
    key,
    impact: 'read',
    cost: costAt(entry, BODY_REQUESTS),
    timeoutMs: LONG_MS,
    run: async (context) => {
      const seen = await context.observe(backupFolder(entry))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const set = chosenSet(seen.value, back)
      const file = set?.files.find((one) => one.role === role)
      if (set === undefined || file === undefined) return undefined
      const deadline = AbortSignal.timeout(Math.max(120_000, Math.ceil(file.bytes / BYTES_PER_MS)))
      // The digest is taken when this look is over: it ends with the run, whatever ends that.
      const stop = context.resource(
        key,
        () => new AbortController(),
        (one) => one.abort(new ProbeError({ code: 'ABORTED', message: 'the run ended', phase: 'deadline' })),
      )
      const abort = (): void => stop.abort(context.signal.aborted ? context.signal.reason : deadline.reason)
      context.signal.addEventListener('abort', abort, { once: true })
      deadline.addEventListener('abort', abort, { once: true })
      const declared = entry.files[role]
      const members = typeof declared === 'object' ? Object.values(declared.members ?? {}).map((one) => (typeof one === 'string' ? one : one.path)) : []
      const over = (): void => {
        context.signal.removeEventListener('abort', abort)
        deadline.removeEventListener('abort', abort)
      }
      const known = (error: unknown): unknown => {
        over()
        if (context.signal.aborted) return context.signal.reason
        if (deadline.aborted) return new ProbeError({ code: 'TIMEOUT', message: `${file.name} could not be read in time`, phase: 'deadline' }, { cause: error })
        return error instanceof ProbeError ? error : systemError(error, file.name)
      }
      try {
        const options: ScanOptions = {
          signal: stop.signal,
          ...keysOf(entry, context.target),
          ...(members.length === 0 ? {} : { wants: (name: string) => members.some((glob) => pathMatches(glob, name)) }),
        }
        const at = await bucketAt(context, entry)
        const { facts, sha256 } = await (at === undefined
          ? readArtifact(file.path, options)
          : inBucket(scanChunks(file.name, file.bytes, at.bucket.read(`${at.prefix}${file.name}`, file.bytes, file.etag ?? '', stop.signal), options)))
        const digest = sha256.then(
          (value) => {
            over()
            return value
          },
          (error: unknown) => {
            throw known(error)
          },
        )
        digest.catch(() => {})
        return { file, set: { at: set.at, basis: set.basis }, facts, sha256: digest }
      } catch (error) {
        throw known(error)
      }
    },
  }
}

async function inBucket(scan: Promise<ArtifactFacts>): Promise<ArtifactReading> {
  const { sha256, ...facts } = await scan
  return { facts, sha256: Promise.resolve(sha256) }
}

/**
 * The artifact of one role in the set that would be restored.
 * @param back 1: in the whole set before it, 2: before that; undefined where there is none
 */
export function backupArtifact(entry: BackupEntry, role: string, back = 0): Probe<SeenArtifact | undefined> {
  return {
    kind: 'backupArtifact',
    key: `backupArtifact ${entry.id} ${role} ${back}`,
    impact: 'read',
    cost: costAt(entry, BODY_REQUESTS),
    timeoutMs: LONG_MS,
    run: async (context) => {
      const read = await context.observe(artifactReading(entry, role, back))
      if (!read.ok) throw new ProbeError(read.failure)
      if (read.value === undefined) return undefined
      const { file, set, facts, sha256 } = read.value
      return { file, set, facts: { ...facts, sha256: await sha256 } }
    },
  }
}

export interface FileDigest {
  readonly bytes: number
  readonly digest: string
}

/** The bytes of a file, be it in a folder or in a bucket. */
async function* bytesOf(context: ProbeContext, place: Place, file: BackupFile): AsyncGenerator<Buffer, void, undefined> {
  const at = await bucketAt(context, place)
  if (at !== undefined) yield* at.bucket.read(`${at.prefix}${file.name}`, file.bytes, file.etag ?? '', context.signal)
  else
    try {
      yield* createReadStream(file.path, { highWaterMark: 1024 * 1024, signal: context.signal }) as AsyncIterable<Buffer>
    } catch (error) {
      if (context.signal.aborted) throw context.signal.reason
      throw systemError(error, file.path)
    }
}

/** It lies in a bucket, or is locked: nothing on this machine reads it where it is. */
export const isElsewhere = ({ file, facts }: ReadArtifact): boolean => facts.sealed?.opened === true || file.path.startsWith('s3://')

/** Writes an artifact to a file of its own, readable by its owner alone, with the lock around it taken off. */
export async function localCopy(context: ProbeContext, entry: BackupEntry, { file, facts }: ReadArtifact, to: string, signal: AbortSignal): Promise<void> {
  const result: { reading: Reading } = { reading: { complete: true } }
  let chunks: Chunks = bytesOf(context, entry, file)
  if (facts.sealed !== undefined) {
    const opened = await openAge(new ByteReader(chunks), keysOf(entry, context.target).keys ?? {})
    if (!opened.ok) throw new ProbeError({ code: 'NO_KEY', message: `${file.name}: ${opened.error}`, phase: 'internal' })
    chunks = opened.content(result)
  }
  const handle = await open(to, 'wx', 0o600)
  try {
    for await (const chunk of chunks) {
      signal.throwIfAborted()
      await handle.writeFile(chunk)
    }
  } finally {
    await handle.close()
  }
  if (!result.reading.complete) throw new ProbeError({ code: 'EIO', message: `${file.name}: ${result.reading.error ?? 'it is not whole'}`, phase: 'response' })
}

/** One digest of a file, in one reading: for what stands beside it, and for its copy elsewhere. */
function fileDigest(place: Place, file: BackupFile, algorithm: Algorithm): Probe<FileDigest> {
  return {
    kind: 'fileDigest',
    key: `fileDigest ${algorithm} ${file.path}`,
    impact: 'read',
    cost: costAt(place, BODY_REQUESTS),
    timeoutMs: LONG_MS,
    run: async (context) => {
      const hash = createHash(algorithm)
      let bytes = 0
      for await (const chunk of bytesOf(context, place, file)) {
        bytes += chunk.length
        hash.update(chunk)
      }
      return { bytes, digest: hash.digest('hex') }
    },
  }
}

/**
 * The digest of a file of this backup. The file that would be restored is read anyway, and its SHA-256 comes with that.
 * @param chosen the set that would be restored, where the file may be of it
 */
export async function digestOf(
  context: ProbeContext,
  entry: BackupEntry,
  file: BackupFile,
  algorithm: Algorithm,
  chosen: BackupSet | undefined,
  place: Place = entry,
): Promise<FileDigest> {
  if (algorithm === 'sha256' && chosen?.files.some(({ path }) => path === file.path) === true) {
    const seen = await context.observe(backupArtifact(entry, file.role))
    if (seen.ok && seen.value?.file.path === file.path && seen.value.facts.partly !== true)
      return { bytes: seen.value.facts.bytes, digest: seen.value.facts.sha256 }
  }
  const digest = await context.observe(fileDigest(place, file, algorithm))
  if (!digest.ok) throw new ProbeError(digest.failure)
  return digest.value
}

/** Files of the chosen set that have a digest beside them, with what they really are. */
export function sidecarDigests(entry: BackupEntry): Probe<readonly { readonly file: BackupFile; readonly actual: string }[]> {
  return {
    kind: 'sidecarDigests',
    key: `sidecarDigests ${entry.id}`,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    timeoutMs: LONG_MS,
    run: async (context) => {
      const seen = await context.observe(backupFolder(entry))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const result: { readonly file: BackupFile; readonly actual: string }[] = []
      const chosen = chosenSet(seen.value)
      for (const file of chosen?.files ?? []) {
        if (file.sidecar === undefined || file.folder) continue
        result.push({ file, actual: (await digestOf(context, entry, file, file.sidecar.algorithm, chosen)).digest })
      }
      return result
    },
  }
}

/** The text of the script that makes a backup, at most 1 MiB. */
export function backupScript(entry: BackupEntry): Probe<string> {
  return {
    kind: 'backupScript',
    key: `backupScript ${entry.id} ${entry.script ?? ''}`,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    run: async (context) => {
      const path = placeOf(entry.script ?? '', context.target)
      try {
        const file = await open(path, 'r')
        try {
          const { buffer, bytesRead } = await file.read(Buffer.alloc(1024 * 1024), 0, 1024 * 1024, 0)
          return buffer.toString('utf8', 0, bytesRead)
        } finally {
          await file.close()
        }
      } catch (error) {
        throw systemError(error, path)
      }
    },
  }
}
