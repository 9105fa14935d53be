/** The backups that are drilled as subjects of checks, what the checks look at, and how a doubter restores the same file by hand. */
import { givenWord } from '../reproduce.ts'
import { fileCommand, newestWord, readCommand } from '../artifact/subjects.ts'
import type { Subject } from '../check.ts'
import type { Probe } from '../probe.ts'
import { restoreDrill } from '../probes/drill.ts'
import type { BackupEntry, Target } from '../target.ts'
import type { DrillFile } from '../target/drill.ts'
import type { DrillObservation } from './observation.ts'

export const noDrill = { skip: 'not-declared', reason: 'no backup declares `drill`' } as const
export const notDeclared = (what: string): { readonly skip: 'not-declared'; readonly reason: string } => ({
  skip: 'not-declared',
  reason: `no backup that is drilled declares ${what}`,
})

/** One subject per backup that is drilled. */
export const drilled =
  (keep: (drill: DrillFile, entry: BackupEntry) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    (target.file.backups ?? []).filter((entry) => entry.drill !== undefined && keep(entry.drill, entry)).map((entry) => ({ name: entry.id, item: entry }))

export const entryOf = (subject: Subject): BackupEntry => subject.item as BackupEntry
export const declaredDrill = (subject: Subject): DrillFile => entryOf(subject).drill ?? {}
export const looks = (subject: Subject): { readonly drill: Probe<DrillObservation> } => ({ drill: restoreDrill(entryOf(subject)) })

/** Unset, it would be the database that carries the name of whoever pastes the line. */
const scratch = givenWord('SCRATCH', 'a database to throw away')
/** Restores the database of the set into a server that nobody needs (`$SCRATCH`), then asks it. */
export function restoreCommand(subject: Subject, target: Target, sql?: string): string {
  const entry = entryOf(subject)
  const roles = Object.entries(entry.files).map(([role, file]) => ({
    role,
    name: typeof file === 'string' ? file : file.name,
    kind: typeof file === 'string' ? undefined : file.kind,
  }))
  const database =
    roles.find(({ kind }) => kind === 'postgres' || kind === 'mysql' || kind === 'sqlite') ??
    roles.find(({ name }) => /\.(?:sql|dump|db)\b/.test(name)) ??
    roles[0]
  const word = newestWord({ entry, role: database?.role ?? '' }, target)
  const name = (database?.name ?? '').replace(/\.(?:age|gpg|pgp|asc)$/, '')
  const read = readCommand({ entry, role: database?.role ?? '' }, target)
  if (database?.kind === 'sqlite' || /\.(?:db|sqlite3?)\b/.test(name))
    return `${read} > /tmp/restored.db && sqlite3 /tmp/restored.db ${quote(sql ?? 'PRAGMA integrity_check')}`
  if (database?.kind === 'redis' || /\.(?:rdb|aof)\b/.test(name)) {
    const snapshot = /\.rdb\b/.test(name)
    const put = snapshot ? `${read} > "$d/dump.rdb"` : /\.aof\b/.test(name) ? `${read} > "$d/appendonly.aof"` : `cp -r ${word} "$d/appendonlydir"`
    return `d=$(mktemp -d) && ${put} && redis-server --port 0 --unixsocket "$d/s" --dir "$d" --save '' --appendonly ${snapshot ? 'no' : 'yes --aof-load-truncated no'} --daemonize yes && sleep 1 && redis-cli -s "$d/s" INFO keyspace`
  }
  if (/\.t(?:ar\.)?gz$|\.tar/.test(name)) return `${read} | tar -tvf -`
  if (database?.kind === 'mysql') return `${read} | mariadb -D ${scratch}`
  const load = /\.(?:dump|custom|pgdump)$/.test(name)
    ? fileCommand(`pg_restore --exit-on-error -d ${scratch}`, { entry, role: database?.role ?? '' }, target, '')
    : `${read} | psql -X -v ON_ERROR_STOP=1 -d ${scratch}`
  return sql === undefined ? load : `${load} && psql -X -d "$SCRATCH" -c ${quote(sql)}`
}
/** The same with the application beside it, which is told of the database that nobody needs. */
export function bootCommand(subject: Subject, target: Target, path?: string): string {
  const application = declaredDrill(subject).application
  if (application === undefined) return restoreCommand(subject, target)
  const names = Object.keys(application.env ?? {})
  const url = names.find((name) => /_URL$|_DSN$/.test(name)) ?? 'DATABASE_URL'
  return `${restoreCommand(subject, target)} && docker run --rm --detach --network host --env ${url}="$SCRATCH" ${quote(application.image)} && sleep 5 && curl -si ${quote(`http://127.0.0.1:${application.port}${path ?? application.health ?? '/'}`)}`
}
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
