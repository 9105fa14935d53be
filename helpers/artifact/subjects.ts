/** The declared backups as subjects of checks, and how a doubter names their files in a shell. */
import { isAbsolute, join } from 'node:path'
import type { Subject } from '../check.ts'
import { patternOf } from '../probes/backups.ts'
import { shellQuote } from '../reproduce.ts'
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

/** A shell word for the newest file of a role. */
export function newestWord({ entry, role }: BackupRole, target: Target): string {
  const declared = entry.files[role]
  const parts = (declared === undefined ? '{stamp}' : patternOf(declared)).split(/\{[^}]*\}/)
  return `"$(ls -td ${shellQuote(`${folderPath(entry, target)}/`)}${parts.map((part) => (part === '' ? '' : shellQuote(part))).join('*')} | head -n 1)"`
}
