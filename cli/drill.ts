/** `postproof drill`: backups judged and restored into what is thrown away afterwards: those that a target declares, or a file or folder as it lies there. */
import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { type DrillProgress, onDrillProgress } from '../helpers/drill/progress.ts'
import { loadTarget } from '../helpers/target/load.ts'
import { targetSchema } from '../helpers/target/schema.ts'
import { type BackupEntry, normaliseTarget, type Target } from '../helpers/target.ts'
import { jsonLine, visible } from '../reports/sanitize.ts'
import { knownIds } from './catalogue.ts'
import { type DrillFlags, EXIT_MISUSE } from './commands.ts'
import { printProblems } from './validate.ts'
import { verifyTarget } from './verify.ts'

/** What a drill judges, of the suites that there are. */
const SUITES: ReadonlySet<string> = new Set(['backup', 'artifact', 'restore', 'recovery', 'drill', 'rollback'])
const DESCRIPTIONS: ReadonlySet<string> = new Set(['.yaml', '.yml', '.ts', '.mts', '.js', '.mjs', '.json'])
const SIDECAR = /\.(?:sha256|sha256sum|sha1|md5|md5sum|sig|asc)$/i
const STAMP = /\d{4}[-_.]?\d{2}[-_.]?\d{2}(?:[-_.T ]?\d{2}[-_.:h]?\d{2}(?:[-_.:m]?\d{2})?(?:Z|[-_.]?UTC)?)?/

const misuse = (message: string): number => {
  process.stderr.write(`${message}; nothing was restored\n`)
  return EXIT_MISUSE
}
const kebab = (text: string): string => {
  const words = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  return words === '' ? 'backup' : words
}

/** One file (or the folder of a dump in directory format), or the newest set in a folder by the times in its names. */
async function entryFor(path: string): Promise<Pick<BackupEntry, 'id' | 'dir' | 'files'> | string> {
  const found = await stat(path)
  const names = found.isDirectory() ? await readdir(path) : []
  if (!found.isDirectory() || names.includes('toc.dat')) {
    const name = basename(path)
    return /[{}]/.test(name) ? `the name ${name} holds braces: rename it` : { id: kebab(name), dir: dirname(path), files: { artifact: name } }
  }
  const files: Record<string, string> = {}
  for (const name of names.sort()) {
    if (name.startsWith('.') || SIDECAR.test(name) || /\.(?:part|tmp)$/.test(name) || /[{}]/.test(name)) continue
    const pattern = name.replace(STAMP, '{stamp}')
    const role = kebab(name.replace(STAMP, '').replace(/(?:\.(?:gz|lz4|zst|sql|dump|tar|tgz|db|sqlite3?|rdb|aof))+$/i, ''))
    if (Object.values(files).includes(pattern)) continue
    let unique = role
    for (let number = 2; files[unique] !== undefined; number += 1) unique = `${role}-${number}`
    files[unique] = pattern
  }
  return Object.keys(files).length === 0 ? 'the folder holds no backup' : { id: kebab(basename(path)), dir: path, files }
}

async function targetFor(path: string, flags: DrillFlags): Promise<Target | string> {
  const entry = await entryFor(path)
  if (typeof entry === 'string') return entry
  // Roles are in a file of their own, which nobody gave.
  const alone = Object.keys(entry.files).length === 1 ? { checks: { 'artifact/globals': { severity: 'low' }, 'restore/roles-exist': { severity: 'low' } } } : {}
  const file = targetSchema.parse({
    ...alone,
    name: basename(path),
    domain: 'backup.invalid',
    environment: 'local',
    hosts: {},
    backups: [{ ...entry, ...versionOf(flags), drill: drillOf(flags) }],
  })
  return normaliseTarget(file, { folder: dirname(path), sha256: createHash('sha256').update(JSON.stringify(file)).digest('hex') })
}
const versionOf = (flags: DrillFlags): Pick<BackupEntry, 'restoreVersion'> => (flags.live === undefined ? {} : { restoreVersion: flags.live })

type Drill = NonNullable<BackupEntry['drill']>
/** What the flags say; objectives of the target stay where a flag says nothing. */
function drillOf(flags: DrillFlags, given: Drill = {}): Drill {
  const objectives = {
    ...given.objectives,
    ...(flags.rto === undefined ? {} : { rtoMinutes: flags.rto }),
    ...(flags.rpo === undefined ? {} : { rpoHours: flags.rpo }),
  }
  return {
    ...given,
    ...(flags.engine === undefined ? {} : { engine: flags.engine }),
    ...(flags.image === undefined ? {} : { image: flags.image }),
    ...(Object.keys(objectives).length === 0 ? {} : { objectives }),
  }
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`
/** One line per phase; while something is read, where it stands and when it will be done. */
function watch(flags: DrillFlags): () => void {
  const begun = new Map<string, number>()
  const terminal = process.stderr.isTTY
  return onDrillProgress((progress: DrillProgress) => {
    if (flags.json === true) {
      process.stdout.write(`${jsonLine({ event: 'phase', ...progress })}\n`)
      return
    }
    if (flags.quiet === true) return
    const { phase, state, elapsedMs, percent, etaSeconds } = progress
    const [entry, detail] = [visible(progress.entry), visible(progress.detail)]
    const key = `${entry} ${phase} ${detail}`
    switch (state) {
      case 'begun':
        begun.set(key, elapsedMs)
        break
      case 'moved':
        if (terminal) process.stderr.write(`\r\u001B[2K${entry}: ${phase} ${detail} ${Math.round(percent ?? 0)} %, ${etaSeconds ?? 0} s to go`)
        break
      case 'ended':
        process.stderr.write(`${terminal ? '\r\u001B[2K' : ''}${entry}: ${phase} ${detail} ${seconds(elapsedMs - (begun.get(key) ?? elapsedMs))}\n`)
        break
    }
  })
}

export async function drill(given: string, flags: DrillFlags): Promise<number> {
  const path = resolve(given)
  const found = await stat(path).catch((error: unknown) => error as NodeJS.ErrnoException)
  if (found instanceof Error) return misuse(`${given}: ${found.code === 'ENOENT' ? 'there is no such file or folder' : (found.code ?? found.message)}`)
  let target: Target
  let secrets: ReadonlyMap<string, string> = new Map()
  if (found.isFile() && DESCRIPTIONS.has(extname(path).toLowerCase())) {
    const loaded = await loadTarget(given)
    if (!loaded.ok) {
      printProblems(loaded.problems)
      return EXIT_MISUSE
    }
    const backups = loaded.target.file.backups ?? []
    if (backups.length === 0 && loaded.target.file.rollback === undefined)
      return misuse(`${given} declares no backups: name them in \`backups\`, or give a backup file or folder`)
    if (loaded.target.environment === 'production' && ![...(loaded.target.file.allow ?? []), ...(flags.allow ?? [])].includes('drill'))
      return misuse(`${given} is a production target: pass --allow drill, or add drill to \`allow\``)
    secrets = loaded.secrets
    target = {
      ...loaded.target,
      file: { ...loaded.target.file, backups: backups.map((entry) => ({ ...entry, ...versionOf(flags), drill: drillOf(flags, entry.drill) })) },
    }
  } else {
    const made = await targetFor(path, flags)
    if (typeof made === 'string') return misuse(`${given}: ${made}`)
    target = made
  }
  const { rollback } = target.file
  const rehearsals = rollback === undefined ? 0 : (rollback.deadlineMinutes ?? 15) * 60 * rollback.levels.length
  const deadline = (target.file.backups ?? []).reduce((sum, entry) => sum + (entry.drill?.deadlineMinutes ?? 60) * 60, rehearsals)
  target = { ...target, file: { ...target.file, limits: { runSeconds: Math.min(86_400, Math.max(deadline + 3600, 7200)), ...target.file.limits } } }
  const suites = [...new Set((await knownIds()).map((id) => id.slice(0, id.indexOf('/'))))].filter((suite) => SUITES.has(suite))
  const unwatch = watch(flags)
  try {
    return await verifyTarget(
      target,
      secrets,
      {
        ...flags,
        ...(flags.suite === undefined && flags.check === undefined ? { suite: suites } : {}),
        allow: [...new Set([...(flags.allow ?? []), 'drill'])],
        plain: true,
      },
      join(given),
    )
  } finally {
    unwatch()
  }
}
