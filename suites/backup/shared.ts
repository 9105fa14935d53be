/** What the backup checks share: the declared backups as subjects, and the looks at their folders. */
import { secretWord, shellQuote } from '../../helpers/reproduce.ts'
import { folderPath } from '../../helpers/artifact/subjects.ts'
import type { BackupFile, BackupFolder, BackupSet } from '../../helpers/artifact/sets.ts'
import type { Subject } from '../../helpers/check.ts'
import { withoutTrailing } from '../../helpers/grammar/linear.ts'
import type { Observed, Probe } from '../../helpers/probe.ts'
import { backupFolder } from '../../helpers/probes/backups.ts'
import type { BackupEntry, Target } from '../../helpers/target.ts'
import { type Evidence, inconclusive, type SkipReason, type Verdict } from '../../helpers/verdict.ts'

export const HOUR = 3_600_000
export const DAY = 24 * HOUR

/** One subject per declared backup, named by its id. */
export const backups =
  (keep: (entry: BackupEntry) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    (target.file.backups ?? []).filter(keep).map((entry) => ({ name: entry.id, item: entry }))

export const entryOf = (subject: Subject): BackupEntry => subject.item as BackupEntry
export const look = (subject: Subject): Probe<BackupFolder> => backupFolder(entryOf(subject))

export const undeclared = (what: string): { readonly skip: SkipReason; readonly reason: string } => ({
  skip: 'not-declared',
  reason: `no entry of \`backups\` ${what}`,
})
export const noBackups = { skip: 'not-declared', reason: '`backups` declares none' } as const

export const at = (folder: BackupFolder, what: string, expected: string, received: string): Evidence => ({
  what,
  expected,
  received,
  where: folder.dir,
  at: folder.at,
})

/** Nothing there to judge: said by backup/exists, so no verdict here. */
export const nothing = (folder: BackupFolder): Verdict =>
  inconclusive('unobserved', 'there is no backup to judge', at(folder, 'backups in the folder', 'at least one', 'none'))

export const hours = (milliseconds: number): string => {
  const value = milliseconds / HOUR
  return Math.abs(value) < 72 ? `${value.toFixed(1)} h` : `${(value / 24).toFixed(1)} days`
}
export const whenOf = (set: BackupSet): string => `${set.at} (by ${set.basis === 'name' ? 'the name' : 'the time of the file'})`
export const sizeOf = (file: Pick<BackupFile, 'bytes'>): string => `${file.bytes} bytes`

/** The folder itself could not be looked at. */
export const unseen = (seen: Observed<unknown> & { readonly ok: false }): Verdict =>
  inconclusive('unobserved', seen.failure.message, { what: 'folder of the backup', expected: 'readable', received: seen.failure.code, at: seen.startedAt })

type Stored = Pick<BackupEntry, 'dir' | 's3'>
/** The tool of Amazon, for any service that speaks the protocol; its key comes from the environment. */
const aws = (target: Target, { s3 }: Stored, words: string): string =>
  `AWS_ACCESS_KEY_ID=${secretWord(target, s3?.accessKeyId, 'AWS_ACCESS_KEY_ID')} AWS_SECRET_ACCESS_KEY=${secretWord(target, s3?.secretAccessKey, 'AWS_SECRET_ACCESS_KEY')} aws --endpoint-url ${shellQuote(s3?.endpoint ?? '')} --region ${shellQuote(s3?.region ?? 'us-east-1')} s3 ${words}`

export const listCommand = (subject: Subject, target: Target): string => {
  const entry = entryOf(subject)
  return entry.s3 === undefined
    ? `ls -la --time-style=full-iso ${shellQuote(folderPath(entry, target))}`
    : aws(target, entry, `ls ${shellQuote(`${withoutTrailing(entry.dir, '/')}/`)}`)
}

/** Both places beside each other. */
export const copyCommand = (subject: Subject, target: Target): string => {
  const entry = entryOf(subject)
  const { offsite } = entry
  if (offsite === undefined) return listCommand(subject, target)
  return offsite.s3 === undefined
    ? `diff -rq ${shellQuote(entry.dir)} ${shellQuote(offsite.dir)}`
    : aws(target, { dir: offsite.dir, s3: offsite.s3 }, `sync --dryrun ${shellQuote(folderPath(entry, target))} ${shellQuote(offsite.dir)}`)
}

/** Every file of it must be locked. */
export const mustBeLocked = ({ encryption }: BackupEntry): boolean =>
  encryption === 'required' || (typeof encryption === 'object' && encryption.required !== false)

export const DUMP = /\b(?:pg_dump|pg_dumpall|mysqldump|mariadb-dump|mongodump|sqlite3)\b/
/** The lines of a script: a backslash at the end joins two, comments are no commands. */
export const commandLines = (script: string): readonly string[] =>
  script
    .replaceAll(/\\\r?\n/g, '  ')
    .split(/\r?\n/)
    .map((line) => line.replace(/(?:^|\s)#.*$/, ''))
/** `set -e` in any of its forms. */
export const stopsOnFailure = (script: string, lines: readonly string[]): boolean =>
  lines.some((line) => /^\s*set\s(?:.*\s)?(?:-[a-z]{0,20}e[a-z]{0,20}\b|-o\s+errexit\b)/.test(line)) || /^#!\S+\s+-[a-z]*e/.test(script)
