/** The declared backups as subjects of checks, and how a doubter names their files in a shell. */
import { isAbsolute, join } from 'node:path'
import type { Subject } from '../check.ts'
import { patternOf } from '../probes/backups.ts'
import { secretWord, shellQuote } from '../reproduce.ts'
import type { BackupEntry, Target } from '../target.ts'

export interface BackupRole {
  readonly entry: BackupEntry
  readonly role: string
}

/** One subject per file of a set: `nightly/database`. */
export const backupRoles =
  (keep: (entry: BackupEntry, role: string) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    (target.file.backups ?? []).flatMap((entry) =>
      Object.keys(entry.files)
        .filter((role) => keep(entry, role))
        .map((role) => ({ name: `${entry.id}/${role}`, item: { entry, role } satisfies BackupRole })),
    )

export const roleOf = (subject: Subject): BackupRole => subject.item as BackupRole

export const folderPath = (entry: BackupEntry, target: Target): string => (isAbsolute(entry.dir) ? entry.dir : join(target.folder ?? '.', entry.dir))

/** The bytes of the newest file of a role, opened and decompressed on the way where its name says so. */
export function readCommand(role: BackupRole, target: Target): string {
  const declared = role.entry.files[role.role]
  const locked = declared === undefined ? '' : patternOf(declared)
  const word = newestWord(role, target)
  const { encryption } = role.entry
  const key = typeof encryption === 'object' && encryption.identity !== undefined ? ` -i <(echo ${secretWord(target, encryption.identity, 'IDENTITY')})` : ''
  const opened = locked.endsWith('.age') ? `age -d${key} ${word}` : /\.(?:gpg|pgp|asc)$/.test(locked) ? `gpg -d ${word}` : undefined
  const name = opened === undefined ? locked : locked.replace(/\.[a-z]+$/, '')
  const tool = /\.t?gz$/.test(name) ? 'gzip -dc' : name.endsWith('.zst') ? 'zstd -dc' : undefined
  if (opened === undefined) return `${tool ?? 'cat'} ${word}`
  return tool === undefined ? opened : `${opened} | ${tool}`
}

/** A program that reads a file of its own, such as `sqlite3`, on the newest file of a role: straight where its name says that it is neither locked nor packed. */
export function fileCommand(program: string, role: BackupRole, target: Target, words: string): string {
  const read = readCommand(role, target)
  return read.startsWith('cat ')
    ? `${program} ${read.slice('cat '.length)} ${words}`.trim()
    : `f="$(mktemp)" && ${read} > "$f" && ${program} "$f" ${words}`.trim()
}

/** A shell word for the newest file of a role. */
export function newestWord({ entry, role }: BackupRole, target: Target): string {
  const declared = entry.files[role]
  const parts = (declared === undefined ? '{stamp}' : patternOf(declared)).split(/\{[^}]*\}/)
  return `"$(ls -td ${shellQuote(`${folderPath(entry, target)}/`)}${parts.map((part) => (part === '' ? '' : shellQuote(part))).join('*')} | head -n 1)"`
}
