/** What the restore checks share: the restored databases of a set, and what follows where there are none. */
import type { Compared, DrillObservation, ReferencedFiles, RestoredDatabase } from '../../helpers/drill/observation.ts'
import type { DrillFile } from '../../helpers/target/drill.ts'
import { type Finding, inconclusive, skip, type Verdict, worst } from '../../helpers/verdict.ts'

type Kind = RestoredDatabase['kind']
export const few = (names: readonly string[]): string => `${names.slice(0, 8).join(', ')}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`
export const where = (database: RestoredDatabase): string =>
  `${database.label}, restored into ${database.kind} ${database.engine.version} (${database.engine.name})`

/** What was not restored makes nothing green: it is said where no restored database is left to judge. */
export function judgeRestored(
  drill: DrillObservation,
  kinds: readonly Kind[],
  find: (database: RestoredDatabase) => readonly Finding[],
  none: string,
): Verdict {
  const findings = drill.databases.filter(({ kind }) => kinds.includes(kind)).flatMap(find)
  if (findings.length > 0) {
    const verdict = worst(findings)
    const lacking = drill.databases.flatMap(({ postgres }) => postgres?.extensionsMissing ?? [])
    // A place that lacks an extension of the dump says nothing of the backup: what failed may have failed for want of it.
    return verdict.outcome === 'fail' && lacking.length > 0
      ? inconclusive('misused', `${few(lacking)} is not where it was restored: declare an image that has it`, verdict.evidence)
      : verdict
  }
  const first = drill.notRestored[0]
  if (first === undefined) return skip('not-applicable', none)
  return inconclusive(first.blame === 'misused' ? 'misused' : 'unobserved', `${first.label} was not restored: ${first.why}`, {
    what: first.label,
    expected: 'restored',
    received: first.why,
  })
}

/** Files that rows name. A table that is declared and was found in no restored database leaves its files unseen: that is said, whatever the others show. */
export function judgeFiles(
  drill: DrillObservation,
  declared: NonNullable<DrillFile['files']>,
  find: (database: RestoredDatabase, reference: ReferencedFiles) => readonly Finding[],
): Verdict {
  const verdict = judgeRestored(
    drill,
    ['postgres', 'mysql', 'sqlite'],
    (database) => database.references.flatMap((reference) => find(database, reference)),
    'no row of the restored tables names a file',
  )
  const seen = new Set(drill.databases.flatMap(({ references }) => references.map(({ name }) => name)))
  const unseen = declared.map(({ table, path }) => `${table}.${path}`).filter((name) => !seen.has(name))
  if (unseen.length === 0 || verdict.outcome === 'fail' || verdict.outcome === 'inconclusive') return verdict
  const first = drill.notRestored[0]
  const [blame, why] =
    first === undefined
      ? (['misused', 'no restored database has that table and these columns, or the set has no such archive'] as const)
      : ([first.blame === 'misused' ? 'misused' : 'unobserved', `${first.label} was not restored: ${first.why}`] as const)
  return inconclusive(blame, `files of ${few(unseen)} were not looked for: ${why}`, verdict.evidence)
}

/** The application was not started: why, and whose fault that is. */
export function notUsed(drill: DrillObservation): Verdict {
  const { application } = drill
  if (application?.notBooted !== undefined) {
    const { why, blame } = application.notBooted
    return inconclusive(blame === 'misused' ? 'misused' : 'unobserved', `the application was not started: ${why}`, {
      what: application.image,
      expected: 'started on the restored data',
      received: why,
    })
  }
  if (application !== undefined) return inconclusive('unobserved', `the application did not come up: ${application.received}`)
  const first = drill.notRestored[0]
  return inconclusive(
    first?.blame === 'misused' ? 'misused' : 'unobserved',
    first === undefined ? 'no database was restored' : `${first.label} was not restored: ${first.why}`,
  )
}

/** Declarations of each restored dump beside those of the artifact. Where the schema cannot be read back, nobody says that it is as it was. */
export function judgeDeclarations(
  drill: DrillObservation,
  pick: (facts: NonNullable<RestoredDatabase['postgres']>) => Compared | undefined,
  words: { readonly what: string; readonly code: string; readonly exact?: true },
): Verdict {
  const unread = drill.databases.find(({ postgres }) => postgres !== undefined && pick(postgres) === undefined)
  if (unread !== undefined)
    return inconclusive('misused', `the schema of ${unread.label} could not be read back: pg_dump here does not fit PostgreSQL ${unread.engine.version}`, {
      what: `${words.what} of ${unread.label}`,
      expected: 'read back with pg_dump',
      received: 'it could not be',
      where: where(unread),
    })
  return judgeRestored(
    drill,
    ['postgres'],
    (database) => comparedFinding(database, database.postgres === undefined ? undefined : pick(database.postgres), words),
    `no dump of the set declares ${words.what}`,
  )
}

/** Declarations that were promised and are not there, or are there and were not promised. */
function comparedFinding(
  database: RestoredDatabase,
  compared: Compared | undefined,
  words: { readonly what: string; readonly code: string; readonly exact?: true },
): readonly Finding[] {
  if (compared === undefined || compared.expected === 0) return []
  const added = words.exact === true ? compared.unexpected : []
  return [
    {
      grade: compared.missing.length + added.length === 0 ? 'pass' : 'fail',
      code: words.code,
      evidence: {
        what: `${words.what} of ${database.label}`,
        expected: `the ${compared.expected} that the dump declares`,
        received: compared.missing.length > 0 ? `missing: ${few(compared.missing)}` : added.length > 0 ? `besides: ${few(added)}` : 'all of them',
        where: where(database),
      },
    },
  ]
}

/** `users` and `public.users` mean the same table. */
export const sameTable = (declared: string, name: string): boolean => name === declared || (!declared.includes('.') && name.endsWith(`.${declared}`))
