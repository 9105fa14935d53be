/** What the artifact checks share: the newest file of each role, read through, and the artifacts within it. */
import { type ArtifactFacts, ENCRYPTED, type TableFacts } from '../../helpers/artifact/facts.ts'
import { backupRoles, readCommand, roleOf } from '../../helpers/artifact/subjects.ts'
import type { Subject } from '../../helpers/check.ts'
import { pathMatches } from '../../helpers/grammar/backup-name.ts'
import type { Probe } from '../../helpers/probe.ts'
import { backupArtifact, type SeenArtifact } from '../../helpers/probes/backups.ts'
import type { BackupEntry, Target } from '../../helpers/target.ts'
import { type Evidence, type Finding, inconclusive, skip, type Verdict, worst } from '../../helpers/verdict.ts'

type Declared = Exclude<BackupEntry['files'][string], string>
/** What a file, or a file within an archive, must be; nothing where only its name is declared. */
export type Content = Pick<Declared, 'kind' | 'database' | 'requiredTables' | 'nonEmpty' | 'withoutData' | 'largeObjects'>

export interface Part {
  /** `shop.sql.gz`, `full.tar.gz: db/shop.dump`. */
  readonly label: string
  readonly facts: ArtifactFacts
  readonly declared: Content
}

export const noBackups = { skip: 'not-declared', reason: '`backups` declares none' } as const
export const undeclared = (what: string): { readonly skip: 'not-declared'; readonly reason: string } => ({
  skip: 'not-declared',
  reason: `no file of \`backups\` ${what}`,
})

export const look = (subject: Subject, back = 0): Probe<SeenArtifact | undefined> => {
  const { entry, role } = roleOf(subject)
  return backupArtifact(entry, role, back)
}

type Kind = NonNullable<Content['kind']>
/** Files that may hold one of these: declared so, an archive that may hold them, or not declared at all. */
export const mayHold = (...kinds: readonly Kind[]): ReturnType<typeof backupRoles> =>
  backupRoles((entry, role) => {
    const file = entry.files[role]
    const kind = typeof file === 'object' ? file.kind : undefined
    return kind === undefined || kind === 'archive' || kinds.includes(kind)
  })

/** What is declared of a role and of the members of its archive. */
export const declaredContents = (entry: BackupEntry, role: string): readonly Content[] => {
  const file = entry.files[role]
  return typeof file === 'object' ? [file, ...Object.values(file.members ?? {}).flatMap((one) => (typeof one === 'string' ? [] : [one]))] : []
}

const within = (facts: ArtifactFacts, label: string, declared: Declared | undefined): readonly Part[] =>
  facts.members.flatMap((member) => {
    const match = Object.values(declared?.members ?? {}).find((one) => pathMatches(typeof one === 'string' ? one : one.path, member.name))
    const name = `${label}: ${member.name}`
    return [{ label: name, facts: member, declared: typeof match === 'object' ? match : {} }, ...within(member, name, undefined)]
  })

/** The file itself, then everything that was read inside it. */
export function parts(seen: SeenArtifact, { entry, role }: { readonly entry: BackupEntry; readonly role: string }): readonly Part[] {
  const file = entry.files[role]
  const declared = typeof file === 'object' ? file : undefined
  return [{ label: seen.file.name, facts: seen.facts, declared: declared ?? {} }, ...within(seen.facts, seen.file.name, declared)]
}

export const say = (part: Part, what: string, expected: string, received: string): Evidence => ({ what: `${part.label}: ${what}`, expected, received })

/** Compression around it was read to its end. */
export const streamWhole = (facts: ArtifactFacts): boolean => facts.stream?.complete !== false

/** Nobody can look inside; that is for backup/key-available to judge. */
export const closed = ({ file, facts }: SeenArtifact): Verdict =>
  inconclusive('unobserved', 'it cannot be opened (backup/key-available)', {
    what: file.name,
    expected: 'opens with the declared key',
    received: facts.sealed?.error ?? '',
  })

/**
 * Judges every part that is of the kind in question.
 * @param find its findings; empty: nothing of the kind is in this part
 * @param none why there is nothing to judge when no part is of the kind
 * @param dump false: the check is about files that are no dumps, so that a dump which is cut off hides nothing from it
 */
export function judgeParts(seen: SeenArtifact | undefined, subject: Subject, find: (part: Part) => readonly Finding[], none: string, dump = true): Verdict {
  if (seen === undefined) return inconclusive('unobserved', 'there is no backup to judge')
  if (seen.facts.sealed?.opened === false) return closed(seen)
  if (ENCRYPTED.has(seen.facts.format)) return skip('not-declared', 'it is encrypted, and no key is declared to look inside')
  if (!streamWhole(seen.facts))
    return inconclusive('unobserved', 'the file could not be read to its end (artifact/stream-decodes)', {
      what: seen.file.name,
      expected: 'readable to its end',
      received: seen.facts.stream?.error ?? '',
    })
  const findings = parts(seen, roleOf(subject)).flatMap((part) => (streamWhole(part.facts) ? find(part) : []))
  if (findings.length > 0) return worst(findings)
  const broken = dump ? parts(seen, roleOf(subject)).find((part) => isCut(part.facts)) : undefined
  return broken === undefined
    ? skip('not-applicable', none)
    : inconclusive('unobserved', 'the dump is not whole (artifact/plain-complete, artifact/archive-decodes)', say(broken, 'end', 'whole', 'cut off or damaged'))
}

/** Ends in the middle, so that what it lacks says nothing about the database. */
export const isCut = (facts: ArtifactFacts): boolean => facts.dump?.open !== undefined || (isArchive(facts) && !facts.reading.complete)

/** `users` and `public.users` mean the same table; `users` means it in any schema. */
export const sameTable = (declared: string, name: string): boolean => name === declared || (!declared.includes('.') && name.endsWith(`.${declared}`))
export const tablesOf = (facts: ArtifactFacts): readonly TableFacts[] => facts.dump?.tables ?? facts.sqlite?.integrity?.tables ?? []
export const major = (version: string | undefined): number => Number(/^\d+/.exec(version ?? '')?.[0] ?? Number.NaN)
export const few = (names: readonly string[]): string => `${names.slice(0, 10).join(', ')}${names.length > 10 ? ` and ${names.length - 10} more` : ''}`

export const isArchive = ({ format }: ArtifactFacts): boolean => format === 'pg-custom' || format === 'pg-directory' || format === 'pg-tar'
export const isStatements = ({ format }: ArtifactFacts): boolean => format === 'pg-plain' || format === 'mysql-plain' || format === 'sql'

export const contentCommand = (subject: Subject, target: Target): string => readCommand(roleOf(subject), target)
