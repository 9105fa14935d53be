/**
 * The restore drill: the newest set of a backup, restored into servers that are made for it, asked what it holds, and removed. Touches nothing that it
 * did not make: there is no way to tell it of a live database.
 */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, statfs } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { ENCRYPTED, type UndigestedFacts } from '../artifact/facts.ts'
import { chosenSet } from '../artifact/sets.ts'
import { bootApplication, keysMatch, type Served } from '../drill/application.ts'
import type { Container } from '../drill/engines/container.ts'
import type { ServerKind } from '../drill/engines/docker.ts'
import { EngineError } from '../drill/engines/place.ts'
import { Lease, sweep } from '../drill/lease.ts'
import { migrationsOf } from '../drill/migrations.ts'
import { inspectMysql, mysqlAsk, mysqlFileRows, restoreMysql } from '../drill/mysql.ts'
import type {
  DrillObservation,
  DrillPhase,
  Migrations,
  NotRestored,
  PhaseName,
  ReferencedFiles,
  RestoredCertificate,
  RestoredConfig,
  RestoredApplication,
  RestoredDatabase,
  QueryAnswer,
} from '../drill/observation.ts'
import {
  allPaths,
  type Ask,
  dropLog,
  fileRows,
  type DeclaredFiles,
  type NamedFiles,
  inspectPostgres,
  type Piece,
  postgresAsk,
  restorePostgres,
} from '../drill/postgres.ts'
import { drillProgress } from '../drill/progress.ts'
import { postgresContents } from '../drill/contents.ts'
import { inspectRedis, refusal } from '../drill/redis.ts'
import { type Started, startFor } from '../drill/servers.ts'
import { inspectSqlite, restoreSqlite, sqliteAsk, sqliteContents, sqliteFileRows, sqliteVersion } from '../drill/sqlite.ts'
import { unpack, type UnpackedFile } from '../drill/unpack.ts'
import { pathMatches } from '../grammar/backup-name.ts'
import { type Probe, ProbeError } from '../probe.ts'
import type { BackupEntry, Target } from '../target.ts'
import type { DrillFile } from '../target/drill.ts'
import { artifactReading, backupFolder, isElsewhere, localCopy, type ReadArtifact } from './backups.ts'
import { withoutTrailing } from '../grammar/linear.ts'

const MINUTE = 60_000
/** Room beside what comes out of the artifact: a restored database is larger than its dump (restore-drills.md §3.5). */
const GROWTH = 2
const SPARE_BYTES = 256 * 1024 * 1024

const below = (path: string, target: Target): string => (isAbsolute(path) ? path : resolve(target.folder ?? '.', path))
const wholeness = (facts: UndigestedFacts): string | undefined => {
  if (facts.stream?.complete === false) return `it cannot be decompressed to its end (${facts.stream.error ?? 'cut'})`
  if (!facts.reading.complete) return `it is not whole (${facts.reading.error ?? 'cut'})`
  if (facts.dump?.open !== undefined) return `it ends inside ${facts.dump.open}`
  if (facts.format === 'pg-plain' && facts.dump?.endMark === false) return 'the closing comment of the dump is missing'
  if (facts.format === 'mysql-plain' && facts.dump?.endMark === false) return 'the closing comment of the dump is missing'
  if (facts.sqlite !== undefined && facts.sqlite.expectedBytes > 0 && facts.sqlite.expectedBytes !== facts.decodedBytes)
    return 'its length is not the one in its header'
  if (facts.redis?.checksum === 'wrong') return 'its checksum is wrong'
  return undefined
}
type Kind = 'postgres' | 'globals' | 'mysql' | 'sqlite' | 'redis' | 'archive'
function kindOf(facts: UndigestedFacts): Kind | undefined {
  switch (facts.format) {
    case 'pg-custom':
    case 'pg-directory':
    case 'pg-tar':
      return 'postgres'
    case 'pg-plain':
      return facts.dump?.scope === 'globals' ? 'globals' : 'postgres'
    case 'mysql-plain':
      return 'mysql'
    case 'sql':
      return facts.dump?.engine === 'postgres' ? 'postgres' : facts.dump?.engine === 'mysql' ? 'mysql' : undefined
    case 'sqlite':
      return 'sqlite'
    case 'rdb':
    case 'aof':
      return 'redis'
    case 'tar':
      return 'archive'
    case 'age':
    case 'openpgp':
    case 'openssl':
    case 'xz':
    case 'bzip2':
    case 'zip':
    case 'text':
    case 'empty':
    case 'unknown':
      return undefined
    default: {
      const never: never = facts.format
      throw new TypeError(`no such format ${String(never)}`)
    }
  }
}

/** Everything of one run that its steps share. */
class Course {
  readonly began = performance.now()
  readonly startedAt = new Date()
  readonly phases: DrillPhase[] = []
  readonly databases: RestoredDatabase[] = []
  readonly notRestored: NotRestored[] = []
  readonly configs: RestoredConfig[] = []
  readonly certificates: RestoredCertificate[] = []
  readonly isolation: DrillObservation['isolation'][number][] = []
  readonly reached: string[] = []
  /** Servers that stay until the application was booted beside them. */
  readonly served: Served[] = []
  /** Values of the restored .env, for the application alone. */
  readonly values = new Map<string, string>()
  application: RestoredApplication | undefined
  readonly keys: QueryAnswer[] = []
  readonly archives = new Map<string, { readonly label: string; readonly files: readonly UnpackedFile[] }>()
  readonly entry: string
  constructor(entry: string) {
    this.entry = entry
  }
  at(): number {
    return performance.now() - this.began
  }
  async phase<T>(name: PhaseName, detail: string, work: () => Promise<T>): Promise<T> {
    const startMs = this.at()
    drillProgress({ entry: this.entry, phase: name, detail, state: 'begun', elapsedMs: startMs })
    let done = false
    try {
      const value = await work()
      done = true
      return value
    } finally {
      const endMs = this.at()
      this.phases.push({ name, detail, startMs, endMs, done })
      drillProgress({ entry: this.entry, phase: name, detail, state: 'ended', elapsedMs: endMs })
    }
  }
  lastMs(name: PhaseName, detail: string): number {
    const phase = this.phases.findLast((one) => one.name === name && one.detail === detail)
    return phase === undefined ? 0 : phase.endMs - phase.startMs
  }
}

interface Setting {
  readonly entry: BackupEntry
  readonly drill: DrillFile
  readonly target: Target
  readonly lease: Lease
  readonly course: Course
  readonly signal: AbortSignal
  readonly deadlineSeconds: number
  readonly setAt: string
  /** Kinds of all servers of the set. */
  readonly kinds: Set<ServerKind>
  /** Writes an artifact that is elsewhere or locked to a file of the drill. */
  readonly fetch: (seen: ReadArtifact, to: string) => Promise<void>
}

type Restored = Pick<Extract<Served, { readonly place: Started['place'] }>, 'kind' | 'role' | 'database'>
/** The server of a piece, which stays for the application where one is declared. */
async function serve(setting: Setting, kind: ServerKind, piece: Piece, label: string, files: readonly string[] = []): Promise<Started> {
  const { course, drill } = setting
  const listening = drill.application === undefined && drill.secretsMatch === undefined ? undefined : course.served.filter((one) => one.kind === kind).length
  const beside = course.served.find(({ container }) => container !== undefined)?.container
  // Redis loads the file while it starts: that is the restore.
  return await course.phase(kind === 'redis' ? 'restore' : 'provision', piece.label, () =>
    startFor(kind, piece, {
      ...setting,
      label,
      files,
      wanted: piece.facts.decodedBytes * GROWTH + SPARE_BYTES,
      ...(listening === undefined ? {} : { listening }),
      ...(beside === undefined ? {} : { beside }),
    }),
  )
}
/** It stays as long as something is to be done with the restored data, or is stopped. */
async function keepOrStop(setting: Setting, started: Started | undefined, served: Restored | undefined): Promise<void> {
  const { drill, course } = setting
  if (started !== undefined && served !== undefined && (drill.application !== undefined || drill.secretsMatch !== undefined))
    course.served.push({ ...served, ...started })
  else await started?.place.stop()
}

/** Absent: none are declared, or they are those of another database. */
async function appliedMigrations({ drill: { migrations }, target }: Setting, { role }: Piece, ask: Ask): Promise<Migrations | undefined> {
  if (migrations === undefined || (migrations.database !== undefined && migrations.database !== role)) return undefined
  return await migrationsOf(migrations, migrations.dir === undefined ? undefined : below(migrations.dir, target), ask)
}

async function drillPostgres(setting: Setting, piece: Piece, globals: readonly Piece[], index: number): Promise<void> {
  const { course, drill, entry, signal } = setting
  let server: Started | undefined
  let served: Restored | undefined
  try {
    server = await serve(
      setting,
      'postgres',
      piece,
      `database-${index}`,
      globals.map(({ path }) => path),
    )
    const started = server.place
    const restored = await course.phase('restore', piece.label, () =>
      restorePostgres(started, piece, {
        globals,
        drill,
        roles: entry.roles ?? [],
        signal,
        onMove: (percent, etaSeconds) =>
          drillProgress({ entry: entry.id, phase: 'restore', detail: piece.label, state: 'moved', elapsedMs: course.at(), percent, etaSeconds }),
        ...(entry.encoding === undefined ? {} : { encoding: entry.encoding }),
      }),
    )
    course.reached.push(started.reached)
    const restoreMs = course.lastMs('restore', piece.label)
    await course.phase('usable', piece.label, () => postgresAsk(started, restored.database, signal)('select 1'))
    const removed = dropLog(started, signal)
    const { found, references, migrations, contents } = await course.phase('verify', piece.label, async () => ({
      found: await inspectPostgres(started, piece, restored, { drill, signal, now: course.startedAt.getTime() }),
      references: await referencedFiles(setting, piece, async (file) => {
        const rows = await fileRows(started, restored.database, file, signal)
        return typeof rows === 'string' ? rows : { rows, all: (await allPaths(started, restored.database, file, signal)) ?? new Set<string>() }
      }),
      migrations: await appliedMigrations(setting, piece, postgresAsk(started, restored.database, signal)),
      contents: await postgresContents(drill, postgresAsk(started, restored.database, signal)),
    }))
    await removed
    course.isolation.push({ label: piece.label, ...(await started.reach()) })
    course.databases.push({
      label: piece.label,
      role: piece.role,
      kind: 'postgres',
      engine: engineOf(server),
      basis: started.basis,
      bytes: piece.facts.bytes,
      decodedBytes: piece.facts.decodedBytes,
      restoreMs,
      stages: restored.stages,
      errors: restored.errors,
      extensionsExpected: piece.facts.dump?.extensions ?? [],
      contents,
      references,
      ...(migrations === undefined ? {} : { migrations }),
      ...found,
    })
    served = { kind: 'postgres', role: piece.role, database: restored.database }
  } finally {
    await keepOrStop(setting, server, served)
  }
}

async function drillSqlite(setting: Setting, piece: Piece, index: number): Promise<void> {
  const { course, drill, lease, signal } = setting
  const path = join(await lease.makeFolder(`sqlite-${index}`), 'restored.db')
  lease.made.push(`SQLite ${piece.label}`)
  await course.phase('restore', piece.label, () => restoreSqlite(piece, path, signal))
  const restoreMs = course.lastMs('restore', piece.label)
  await course.phase('usable', piece.label, () => sqliteAsk(path, signal)('select 1'))
  const { found, references, migrations, contents } = await course.phase('verify', piece.label, async () => ({
    found: await inspectSqlite(piece, path, drill, signal),
    references: await referencedFiles(setting, piece, (file) => sqliteFileRows(path, file, signal)),
    migrations: await appliedMigrations(setting, piece, sqliteAsk(path, signal)),
    contents: await sqliteContents(path, drill, signal),
  }))
  course.databases.push({
    label: piece.label,
    role: piece.role,
    kind: 'sqlite',
    engine: { name: 'sqlite', version: sqliteVersion() },
    basis: { kind: 'measured', why: 'a SQLite file is restored by being put in its place' },
    bytes: piece.facts.bytes,
    decodedBytes: piece.facts.decodedBytes,
    restoreMs,
    stages: [{ tool: 'copy', exit: 0 }],
    errors: [],
    references,
    contents,
    ...(migrations === undefined ? {} : { migrations }),
    ...found,
  })
  course.served.push({ kind: 'sqlite', role: piece.role, database: path })
}

const engineOf = ({ place }: Started): RestoredDatabase['engine'] => ({
  name: place.name,
  version: place.version,
  ...(place.image === undefined ? {} : { image: place.image }),
})

async function drillRedis(setting: Setting, piece: Piece, index: number): Promise<void> {
  const { course, signal } = setting
  const common = {
    label: piece.label,
    role: piece.role,
    kind: 'redis',
    bytes: piece.facts.bytes,
    decodedBytes: piece.facts.decodedBytes,
    tables: [],
    queries: [],
    writes: [],
    newest: [],
    references: [],
  } as const
  let server: Started | undefined
  let done: Restored | undefined
  try {
    const started = (server = await serve(setting, 'redis', piece, `redis-${index}`))
    const held = piece.facts.redis?.keys
    const redis = {
      ...(await course.phase('usable', piece.label, () => inspectRedis(started.place, started.logBytes, signal))),
      ...(held === undefined ? {} : { held }),
    }
    course.reached.push(started.place.reached)
    course.isolation.push({ label: piece.label, ...(await started.place.reach()) })
    course.databases.push({
      ...common,
      engine: engineOf(started),
      basis: started.place.basis,
      restoreMs: course.lastMs('restore', piece.label),
      stages: [{ tool: 'redis-server', exit: 0 }],
      errors: [],
      redis,
    })
    done = { kind: 'redis', role: piece.role, database: '0' }
  } catch (error) {
    const why = error instanceof EngineError ? refusal(error) : undefined
    if (why === undefined) throw error
    course.isolation.push({ label: piece.label, interfaces: [], routes: 0, unread: 'the server ended' })
    course.databases.push({
      ...common,
      engine: { name: 'native', version: '' },
      basis: { kind: 'optimistic', why: 'it never came up' },
      restoreMs: course.lastMs('restore', piece.label),
      stages: [{ tool: 'redis-server', exit: 1 }],
      errors: [{ sqlstate: 'REDIS', message: why, count: 1 }],
      redis: { keys: 0, types: [] },
    })
  } finally {
    await keepOrStop(setting, server, done)
  }
}

async function drillMysql(setting: Setting, piece: Piece, index: number): Promise<void> {
  const { course, drill, signal } = setting
  let server: Started | undefined
  let done: Restored | undefined
  try {
    const started = (server = await serve(setting, 'mysql', piece, `mysql-${index}`))
    const restored = await course.phase('restore', piece.label, () => restoreMysql(started.place, piece, signal))
    const { database } = restored
    const { found, references, migrations } = await course.phase('verify', piece.label, async () => ({
      found: await inspectMysql(started.place, piece, database, drill, signal),
      references: await referencedFiles(setting, piece, (file) => mysqlFileRows(started.place, database, file, signal)),
      migrations: await appliedMigrations(setting, piece, mysqlAsk(started.place, database, signal)),
    }))
    course.reached.push(started.place.reached)
    course.isolation.push({ label: piece.label, ...(await started.place.reach()) })
    course.databases.push({
      label: piece.label,
      role: piece.role,
      kind: 'mysql',
      engine: engineOf(started),
      basis: started.place.basis,
      bytes: piece.facts.bytes,
      decodedBytes: piece.facts.decodedBytes,
      restoreMs: course.lastMs('restore', piece.label),
      stages: restored.stages,
      errors: restored.errors,
      writes: [],
      newest: [],
      references,
      ...(migrations === undefined ? {} : { migrations }),
      ...found,
    })
    done = { kind: 'mysql', role: piece.role, database }
  } finally {
    await keepOrStop(setting, server, done)
  }
}

async function referencedFiles(
  setting: Setting,
  { role }: Piece,
  ask: (file: DeclaredFiles) => Promise<NamedFiles | string>,
): Promise<readonly ReferencedFiles[]> {
  const found: ReferencedFiles[] = []
  for (const file of setting.drill.files ?? []) {
    const archive = setting.course.archives.get(file.from)
    if (archive === undefined || (file.database !== undefined && file.database !== role)) continue
    const answer = await ask(file)
    // Another database of the set has that table; a check misses it where none has.
    if (typeof answer === 'string') continue
    const root = file.root === undefined ? '' : `${withoutTrailing(file.root, '/')}/`
    const held = new Map(
      archive.files.filter(({ name }) => name.replace(/^\.\//, '').startsWith(root)).map((one) => [one.name.replace(/^\.\//, '').slice(root.length), one]),
    )
    const plain = (path: string): string => path.replace(/^\/+/, '')
    const madeAt = Date.parse(setting.setAt) / 1000
    let [lost, later, empty, differing, compared, unreadable] = [0, 0, 0, 0, 0, 0]
    for (const [path, bytes, sha256, seconds] of answer.rows) {
      const one = held.get(plain(path))
      if (one === undefined) {
        if (seconds !== null && seconds > madeAt) later += 1
        else lost += 1
        continue
      }
      if ((one.mode & 0o444) === 0) unreadable += 1
      if (one.bytes === 0 && bytes !== '0') empty += 1
      if (bytes === null && sha256 === null) continue
      compared += 1
      if ((bytes !== null && Number(bytes) !== one.bytes) || (sha256 !== null && sha256.toLowerCase() !== one.sha256)) differing += 1
    }
    const named = new Set([...answer.all].map(plain))
    found.push({
      name: `${file.table}.${file.path}`,
      from: archive.label,
      rows: answer.all.size,
      sampled: answer.rows.length,
      lost,
      later,
      empty,
      differing,
      compared,
      orphans: [...held.keys()].filter((name) => !named.has(name)).length,
      files: held.size,
      unreadable,
    })
  }
  return found
}

/** Names of keys only; the values are for the application of the drill and leave in nothing that is told. */
async function readConfig(label: string, path: string, required: readonly string[], values: Map<string, string>): Promise<RestoredConfig> {
  const set = new Set<string>()
  for (const line of (await readFile(path, 'utf8')).split(/\r?\n/)) {
    const match = /^(?:export\s+)?([A-Za-z_][\w.]*)\s*[=:]\s*(?!\s)(.*)$/.exec(line.trim())
    if (match !== null && !/^(?:""|''|)$/.test(match[2] as string)) {
      set.add(match[1] as string)
      values.set(match[1] as string, (match[2] as string).replace(/^(["'])(.*)\1$/, '$2'))
    }
  }
  return { label, keysMissing: required.filter((key) => !set.has(key)), keysRequired: required.length }
}
async function readCertificate(label: string, path: string, keys: readonly string[]): Promise<RestoredCertificate | undefined> {
  const text = await readFile(path, 'utf8')
  if (!text.includes('-----BEGIN CERTIFICATE-----')) return undefined
  try {
    const certificate = new X509Certificate(text)
    let keyMatches: boolean | undefined
    for (const key of [text, ...(await Promise.all(keys.map((one) => readFile(one, 'utf8'))))]) {
      if (!/-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(key)) continue
      try {
        keyMatches = keyMatches === true || certificate.checkPrivateKey(createPrivateKey(key))
      } catch {
        keyMatches ??= false
      }
    }
    return { label, notAfter: new Date(certificate.validTo).toISOString(), ...(keyMatches === undefined ? {} : { keyMatches }) }
  } catch {
    return { label, error: 'it cannot be read as a certificate' }
  }
}

/** Members of an archive that are databases, configuration or certificates. */
async function openArchive(setting: Setting, role: string, seen: ReadArtifact, pieces: Piece[]): Promise<void> {
  const { course, drill, entry, lease, signal } = setting
  await room(setting, seen.facts.decodedBytes)
  const folder = await lease.makeFolder(`archive-${course.archives.size}`)
  lease.made.push(`unpacked ${seen.file.name}`)
  const files = await course.phase('unpack', seen.file.name, () => unpack(seen.file.path, seen.facts.layers, folder, seen.facts.decodedBytes, signal))
  course.archives.set(role, { label: seen.file.name, files })
  const declared = entry.files[role]
  const members = typeof declared === 'object' ? Object.entries(declared.members ?? {}) : []
  for (const [name, member] of members) {
    const glob = typeof member === 'string' ? member : member.path
    course.archives.set(name, { label: `${seen.file.name}: ${glob}`, files: files.filter((file) => pathMatches(glob, file.name)) })
  }
  const memberOf = (path: string): string => members.find(([, member]) => pathMatches(typeof member === 'string' ? member : member.path, path))?.[0] ?? role
  for (const facts of seen.facts.members) {
    const file = files.find(({ name }) => name === facts.name)
    if (file === undefined) continue
    const member = memberOf(facts.name)
    if (kindOf(facts) === 'archive') {
      const inner = await lease.makeFolder(`archive-${course.archives.size}`)
      const unpacked = await course.phase('unpack', facts.name, () => unpack(file.path, facts.layers, inner, facts.decodedBytes, signal))
      course.archives.set(member, { label: `${seen.file.name}: ${facts.name}`, files: unpacked })
    } else pieces.push({ label: `${seen.file.name}: ${facts.name}`, role: member, path: file.path, facts })
  }
  for (const file of files) {
    const label = `${seen.file.name}: ${file.name}`
    if (/(?:^|\/)\.env[^/]*$|\.env$/.test(file.name) && (drill.requiredKeys ?? drill.application ?? drill.secretsMatch) !== undefined) {
      const config = await readConfig(label, file.path, drill.requiredKeys ?? [], course.values)
      if (drill.requiredKeys !== undefined) course.configs.push(config)
    }
    if (/\.(?:pem|crt|cer)$/.test(file.name) && file.bytes < 1024 * 1024) {
      const stem = file.name.replace(/\.[^.]*$/, '').replace(/fullchain|cert(?!s\/)|chain/g, '')
      const keys = files.filter(
        ({ name, bytes }) =>
          /(?:\.key|privkey[^/]*\.pem|-key\.pem)$/.test(name) &&
          bytes < 1024 * 1024 &&
          name.slice(0, name.lastIndexOf('/')) === stem.slice(0, stem.lastIndexOf('/')),
      )
      const certificate = await readCertificate(
        label,
        file.path,
        keys.map(({ path }) => path),
      )
      if (certificate !== undefined) course.certificates.push(certificate)
    }
  }
}

/** What lies in a bucket or is locked comes into the drill's own folder, open; what is on this machine stays where it is. */
async function atHand(setting: Setting, seen: ReadArtifact): Promise<ReadArtifact> {
  if (!isElsewhere(seen)) return seen
  const { course, lease } = setting
  await room(setting, seen.facts.decodedBytes)
  const folder = await lease.makeFolder(`fetched-${lease.made.length}`)
  lease.made.push(`fetched ${seen.file.name}`)
  const path = join(folder, seen.facts.name)
  await course.phase('fetch', seen.file.name, () => setting.fetch(seen, path))
  return { ...seen, file: { ...seen.file, path } }
}

/** @throws EngineError where so much does not fit where the drill works */
async function room({ lease }: Setting, bytes: number): Promise<void> {
  const wanted = bytes + SPARE_BYTES
  const { bavail, bsize } = await statfs(lease.folder)
  if (bavail * bsize < wanted)
    throw new EngineError(
      'missing',
      `${Math.round((bavail * bsize) / 1024 ** 2)} MiB are free where the drill works (TMPDIR), and it may need ${Math.round(wanted / 1024 ** 2)} MiB`,
    )
}
/** The disk ran full although there was room before: of the place, not of the backup. */
const known = (error: unknown): unknown =>
  /^(?:ENOSPC|EDQUOT)$/.test((error as NodeJS.ErrnoException | undefined)?.code ?? '')
    ? new EngineError('missing', 'no room is left where the drill works (TMPDIR): give it a larger disk', { cause: error })
    : error

async function restoreSet(setting: Setting, seen: ReadonlyMap<string, ReadArtifact>): Promise<void> {
  const { course } = setting
  const pieces: Piece[] = []
  const refuse = (label: string, why: string, blame: NotRestored['blame']): void => void course.notRestored.push({ label, why, blame })
  for (const [role, kept] of seen) {
    if (kept.facts.sealed?.opened === false) {
      refuse(kept.file.name, `it cannot be opened: ${kept.facts.sealed.error ?? ''}`, 'artifact')
      continue
    }
    const one = await atHand(setting, kept)
    if (ENCRYPTED.has(one.facts.format)) refuse(one.file.name, `it is encrypted (${one.facts.format}), and no key is declared`, 'misused')
    else if (kindOf(one.facts) !== 'archive') pieces.push({ label: one.file.name, role, path: one.file.path, facts: one.facts })
    else if (wholeness(one.facts) !== undefined) refuse(one.file.name, wholeness(one.facts) ?? '', 'artifact')
    else if ((one.facts.tar?.hostileCount ?? 0) > 0) refuse(one.file.name, 'entries of the archive lead out of its folder', 'artifact')
    else await openArchive(setting, role, one, pieces)
  }
  const whole = pieces.filter((piece) => {
    const why = wholeness(piece.facts)
    if (why !== undefined) refuse(piece.label, why, 'artifact')
    return why === undefined
  })
  for (const { facts } of whole) {
    const kind = kindOf(facts)
    if (kind === 'postgres' || kind === 'mysql' || kind === 'redis') setting.kinds.add(kind)
  }
  const globals = whole.filter(({ facts }) => kindOf(facts) === 'globals')
  await room(
    setting,
    whole.reduce((sum, { facts }) => Math.max(sum, facts.decodedBytes * GROWTH), 0),
  )
  for (const [index, piece] of whole.entries()) {
    setting.signal.throwIfAborted()
    try {
      switch (kindOf(piece.facts)) {
        case 'postgres':
          await drillPostgres(setting, piece, globals, index)
          break
        case 'sqlite':
          await drillSqlite(setting, piece, index)
          break
        case 'redis':
          await drillRedis(setting, piece, index)
          break
        case 'mysql':
          await drillMysql(setting, piece, index)
          break
        case 'globals':
        case 'archive':
          break
        case undefined:
          if (!setting.course.archives.has(piece.role) && !/\.(?:env|pem|crt|key|ya?ml|json|conf)$/.test(piece.path))
            refuse(piece.label, `it is no backup that can be restored (${piece.facts.format})`, 'artifact')
          break
      }
    } catch (thrown) {
      if (setting.signal.aborted) throw setting.signal.reason
      const error = known(thrown)
      if (!(error instanceof EngineError)) throw error
      refuse(piece.label, error.message, 'misused')
    }
  }
  await useRestored(setting)
}

/** What is done with restored databases while they still run. */
async function useRestored(setting: Setting): Promise<void> {
  const { course, drill, target, lease, deadlineSeconds, signal } = setting
  if (course.served.length === 0) return
  const around = { drill, served: course.served, secrets: target.secrets ?? new Map<string, string>(), values: course.values, lease, deadlineSeconds, signal }
  let asked = false
  const askKeys = async (container?: Container): Promise<void> => {
    if (asked) return
    asked = true
    course.keys.push(...(await keysMatch(around, container)))
  }
  const { application } = drill
  if (application !== undefined) {
    const { reach, ...seen } = await course.phase('boot', application.image, () => bootApplication(application, around, askKeys))
    course.application = seen
    if (reach !== undefined) course.isolation.push({ label: application.image, ...reach })
  }
  await askKeys()
  for (const one of course.served) if (one.kind !== 'sqlite') await one.place.stop()
}

const sha = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)
const drillOf = (entry: BackupEntry): DrillFile => entry.drill ?? {}

/** Restores the newest whole set of a backup. Never fails for what the data are. */
export function restoreDrill(entry: BackupEntry): Probe<DrillObservation> {
  const drill = drillOf(entry)
  const deadlineMs = (drill.deadlineMinutes ?? 60) * MINUTE
  return {
    kind: 'restoreDrill',
    key: `restoreDrill ${entry.id} ${sha(JSON.stringify(entry))}`,
    impact: 'drill',
    cost: { connections: 0, requests: 0 },
    timeoutMs: deadlineMs + 2 * MINUTE,
    run: async (context) => {
      const progress = new Course(entry.id)
      const swept = await sweep()
      const lease = await Lease.take()
      // Whatever becomes of this look, what it made ends with the run.
      context.resource(
        `drill ${lease.runId}`,
        () => lease,
        async (one) => void (await one.end()),
      )
      const seen = new Map<string, ReadArtifact & { readonly sha256: Promise<string> }>()
      const folder = await context.observe(backupFolder(entry))
      if (!folder.ok) throw new ProbeError(folder.failure)
      const set = chosenSet(folder.value)
      if (set === undefined) throw new ProbeError({ code: 'ENOENT', message: `there is no backup of ${entry.id} to restore`, phase: 'resolve' })
      await progress.phase('scan', entry.id, async () => {
        for (const role of Object.keys(entry.files)) {
          const one = await context.observe(artifactReading(entry, role))
          if (!one.ok) throw new ProbeError(one.failure)
          if (one.value !== undefined) seen.set(role, one.value)
        }
      })
      const deadline = AbortSignal.timeout(deadlineMs)
      const stop = new AbortController()
      const abort = (): void =>
        stop.abort(
          context.signal.aborted
            ? context.signal.reason
            : new ProbeError({ code: 'TIMEOUT', message: `the drill was not done within ${drill.deadlineMinutes ?? 60} minutes`, phase: 'deadline' }),
        )
      context.signal.addEventListener('abort', abort, { once: true })
      deadline.addEventListener('abort', abort, { once: true })
      const created = [...seen.values()].flatMap(({ facts }) => [facts, ...facts.members]).flatMap(({ dump }) => dump?.createdAt ?? [])[0]
      try {
        await restoreSet(
          {
            entry,
            drill,
            target: context.target,
            lease,
            course: progress,
            signal: stop.signal,
            deadlineSeconds: deadlineMs / 1000 + 60,
            setAt: created ?? set.at,
            kinds: new Set<ServerKind>(),
            fetch: (one, to) => localCopy(context, entry, one, to, stop.signal),
          },
          seen,
        )
      } catch (thrown) {
        if (thrown instanceof ProbeError) throw thrown
        if (context.signal.aborted) throw context.signal.reason
        const error = known(thrown)
        if (error instanceof EngineError)
          throw new ProbeError({ code: error.kind === 'missing' ? 'NO_ENGINE' : 'ENGINE_DIED', message: error.message, phase: 'request' }, { cause: error })
        const { code } = error as NodeJS.ErrnoException
        if (typeof code === 'string') throw new ProbeError({ code, message: `the drill could not go on (${code})`, phase: 'request' }, { cause: error })
        throw error
      } finally {
        context.signal.removeEventListener('abort', abort)
        deadline.removeEventListener('abort', abort)
        await progress.phase('cleanup', entry.id, () => lease.end())
      }
      const recovery = progress.phases.filter(
        ({ name }) => name === 'fetch' || name === 'unpack' || name === 'provision' || name === 'restore' || name === 'usable' || name === 'boot',
      )
      const artifacts = await Promise.all(
        [...seen].map(async ([role, { file, facts, sha256 }]) => ({ role, name: file.name, bytes: facts.bytes, sha256: await sha256, format: facts.format })),
      )
      const usable =
        progress.databases.length > 0 &&
        progress.databases.every(({ stages }) => stages.length > 0) &&
        (drill.application === undefined || progress.application?.bootedMs !== undefined)
      return {
        entry: entry.id,
        runId: lease.runId,
        startedAt: progress.startedAt.toISOString(),
        set: created === undefined ? { at: set.at, basis: set.basis } : { at: created, basis: 'dump' },
        artifacts,
        phases: progress.phases,
        ...(usable ? { usableMs: recovery.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0) } : {}),
        databases: progress.databases,
        ...(progress.application === undefined ? {} : { application: progress.application }),
        keys: progress.keys,
        configs: progress.configs,
        certificates: progress.certificates,
        notRestored: progress.notRestored,
        isolation: progress.isolation,
        live: { reached: [...new Set(progress.reached)], ...(drill.liveIdentifier === undefined ? {} : { identifier: drill.liveIdentifier }) },
        cleanup: { made: [...lease.made], left: await lease.end(), swept: [...swept, ...lease.swept] },
      }
    },
  }
}
