/** Looks at backups where they lie: the folder with its sets, and the newest artifact from its first byte to its last. Reads, changes nothing. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { ArtifactFacts } from '../artifact/facts.ts'
import { scanArtifact } from '../artifact/scan.ts'
import { type BackupFile, type BackupFolder, type BackupSet, chosenSet } from '../artifact/sets.ts'
import { backupName, pathMatches } from '../grammar/backup-name.ts'
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import type { BackupEntry, Target } from '../target.ts'

/** Files of one run of a script whose names carry slightly different times. */
const SAME_RUN_MS = 10 * 60_000
/** A file that was written to so recently is watched for {@link WATCH_MS}. */
const FRESH_MS = 60_000
const WATCH_MS = 2_000
const NAMES = 200_000
const TEMPORARY = /(?:\.(?:part|partial|tmp|temp|incomplete|filepart|crdownload|swp|lock)|~)$/i
const SIDECAR = /\.(sha256|sha1|md5)(?:sum)?$/i
const DIGITS: Readonly<Record<string, number>> = { sha256: 64, sha1: 40, md5: 32 }
/** Slowest reading that still counts as reading: a mounted bucket. */
const BYTES_PER_MS = 10_000

type Declared = BackupEntry['files'][string]
export const patternOf = (declared: Declared): string => (typeof declared === 'string' ? declared : declared.name)
const placeOf = (dir: string, target: Target): string => (isAbsolute(dir) ? dir : resolve(target.folder ?? '.', dir))

const systemError = (error: unknown, path: string): ProbeError => {
  const { code = 'EIO', message } = error as NodeJS.ErrnoException
  return new ProbeError(
    { code, message: `${path}: ${message.replace(/^[A-Z]+: /, '').replace(/, .*$/, '')}`, phase: code === 'ENOENT' ? 'resolve' : 'response' },
    { cause: error },
  )
}

async function digestIn(path: string, algorithm: string): Promise<string | undefined> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0)
    return new RegExp(`(?:^|[^0-9a-f])([0-9a-f]{${DIGITS[algorithm] ?? 0}})(?![0-9a-f])`, 'i').exec(buffer.toString('latin1', 0, bytesRead))?.[1]?.toLowerCase()
  } finally {
    await file.close()
  }
}

async function folderBytes(path: string): Promise<number> {
  let bytes = 0
  for (const one of await readdir(path, { withFileTypes: true })) if (one.isFile()) bytes += (await stat(join(path, one.name))).size
  return bytes
}

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

/** The sets in a folder. A folder that is not there is a failure with `ENOENT`. */
export function backupFolder(entry: BackupEntry, dir: string = entry.dir): Probe<BackupFolder> {
  const roles = Object.keys(entry.files)
  return {
    kind: 'backupFolder',
    key: `backupFolder ${entry.id} ${dir}`,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    timeoutMs: 60_000,
    run: async (context) => {
      const place = placeOf(dir, context.target)
      const now = Date.now()
      let mode: number
      let names: readonly string[]
      try {
        mode = (await stat(place)).mode & 0o777
        names = (await readdir(place)).slice(0, NAMES)
      } catch (error) {
        throw systemError(error, place)
      }
      const present = new Set(names)
      const patterns = roles.map((role) => ({ role, pattern: backupName(patternOf(entry.files[role] as Declared), entry.timeZone) }))
      const found: Found[] = []
      const partial: BackupFolder['partial'][number][] = []
      let others = 0
      for (const name of names) {
        const path = join(place, name)
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
        const beside = ['sha256', 'sha256sum', 'sha1', 'md5', 'md5sum'].map((ending) => `${name}.${ending}`).find((one) => present.has(one))
        const algorithm = beside === undefined ? undefined : ((SIDECAR.exec(beside)?.[1] ?? '').toLowerCase() as 'sha256')
        const digest = beside === undefined || algorithm === undefined ? undefined : await digestIn(join(place, beside), algorithm).catch(() => undefined)
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
      return { dir: place, mode, sets: group(settled, roles), partial, others, at: new Date(now).toISOString() }
    },
  }
}

export interface SeenArtifact {
  readonly file: BackupFile
  readonly set: Pick<BackupSet, 'at' | 'basis'>
  readonly facts: ArtifactFacts
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
    cost: { connections: 0, requests: 0 },
    // Bounded by what is read, not by the clock of a network look.
    timeoutMs: 12 * 3_600_000,
    run: async (context) => {
      const seen = await context.observe(backupFolder(entry))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const set = chosenSet(seen.value, back)
      const file = set?.files.find((one) => one.role === role)
      if (set === undefined || file === undefined) return undefined
      const deadline = AbortSignal.timeout(Math.max(120_000, Math.ceil(file.bytes / BYTES_PER_MS)))
      const stop = new AbortController()
      const abort = (): void => stop.abort(context.signal.aborted ? context.signal.reason : deadline.reason)
      context.signal.addEventListener('abort', abort, { once: true })
      deadline.addEventListener('abort', abort, { once: true })
      const declared = entry.files[role]
      const members = typeof declared === 'object' ? Object.values(declared.members ?? {}).map((one) => (typeof one === 'string' ? one : one.path)) : []
      try {
        const facts = await scanArtifact(file.path, {
          signal: stop.signal,
          ...(members.length === 0 ? {} : { wants: (name: string) => members.some((glob) => pathMatches(glob, name)) }),
        })
        return { file, set: { at: set.at, basis: set.basis }, facts }
      } catch (error) {
        if (context.signal.aborted) throw context.signal.reason
        if (deadline.aborted) throw new ProbeError({ code: 'TIMEOUT', message: `${file.name} could not be read in time`, phase: 'deadline' }, { cause: error })
        throw systemError(error, file.name)
      } finally {
        context.signal.removeEventListener('abort', abort)
        deadline.removeEventListener('abort', abort)
      }
    },
  }
}

type Algorithm = 'sha256' | 'sha1' | 'md5'
interface FileDigest {
  readonly bytes: number
  readonly digest: string
}

/** One digest of a file, in one reading: for what stands beside it, and for its copy elsewhere. */
function fileDigest(path: string, algorithm: Algorithm): Probe<FileDigest> {
  return {
    kind: 'fileDigest',
    key: `fileDigest ${algorithm} ${path}`,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    timeoutMs: 12 * 3_600_000,
    run: async (context) => {
      const hash = createHash(algorithm)
      let bytes = 0
      try {
        for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, signal: context.signal })) {
          bytes += (chunk as Buffer).length
          hash.update(chunk as Buffer)
        }
      } catch (error) {
        if (context.signal.aborted) throw context.signal.reason
        throw systemError(error, path)
      }
      return { bytes, digest: hash.digest('hex') }
    },
  }
}

/** The digest of a file of this backup. The file that would be restored is read anyway, and its SHA-256 comes with that. */
async function digestOf(context: ProbeContext, entry: BackupEntry, file: BackupFile, algorithm: Algorithm, chosen: BackupSet | undefined): Promise<FileDigest> {
  if (algorithm === 'sha256' && chosen?.files.some(({ path }) => path === file.path) === true) {
    const seen = await context.observe(backupArtifact(entry, file.role))
    if (seen.ok && seen.value?.file.path === file.path && seen.value.facts.partly !== true)
      return { bytes: seen.value.facts.bytes, digest: seen.value.facts.sha256 }
  }
  const digest = await context.observe(fileDigest(file.path, algorithm))
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
    timeoutMs: 12 * 3_600_000,
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

export interface OffsiteCopies {
  /** Newest first set there; undefined: nothing is there. */
  readonly set?: BackupSet
  readonly compared: readonly {
    readonly name: string
    readonly there: { readonly bytes: number; readonly sha256: string }
    readonly here?: { readonly bytes: number; readonly sha256: string }
  }[]
  readonly at: string
}

/** The newest set at the second place, byte for byte beside the first. A folder that is not there is a failure with `ENOENT`. */
export function offsiteCopies(entry: BackupEntry): Probe<OffsiteCopies> {
  const dir = entry.offsite?.dir ?? entry.dir
  return {
    kind: 'offsiteCopies',
    key: `offsiteCopies ${entry.id} ${dir}`,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    timeoutMs: 12 * 3_600_000,
    run: async (context) => {
      const here = await context.observe(backupFolder(entry))
      const there = await context.observe(backupFolder(entry, dir))
      if (!there.ok) throw new ProbeError(there.failure)
      if (!here.ok) throw new ProbeError(here.failure)
      const set = there.value.sets[0]
      const compared: OffsiteCopies['compared'][number][] = []
      const chosen = chosenSet(here.value)
      const sha256Of = async (file: BackupFile, of?: BackupSet): Promise<{ readonly bytes: number; readonly sha256: string }> => {
        const { bytes, digest } = await digestOf(context, entry, file, 'sha256', of)
        return { bytes, sha256: digest }
      }
      const local = here.value.sets.flatMap(({ files }) => files)
      for (const file of set?.files ?? []) {
        if (file.folder) continue
        const same = local.find(({ name }) => name === file.name)
        compared.push({ name: file.name, there: await sha256Of(file), ...(same === undefined ? {} : { here: await sha256Of(same, chosen) }) })
      }
      return { ...(set === undefined ? {} : { set }), compared, at: there.value.at }
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
