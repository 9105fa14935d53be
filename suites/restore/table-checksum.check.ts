import { defineCheck } from '../../helpers/check.ts'
import { digestSql } from '../../helpers/drill/contents.ts'
import { declaredDrill, drilled, entryOf, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { earlierDrills } from '../../helpers/probes/earlier-drills.ts'
import { type Finding, inconclusive } from '../../helpers/verdict.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/table-checksum',
  title: 'Tables that do not change hold what they held at the source',
  failureTitle: 'A table that does not change holds something else than at the source',
  why: 'Counts match when a price list of another year is restored, or text in another encoding. A digest of the content does not.',
  source: 'sum of 60 bits of the MD5 of each row, in any order, of the tables in `checksum`; baseline.checksums, or those of baseline.report',
  severity: 'high',
  codes: {
    'restore.content-differs': {
      meaning: 'The digest of a table is not that of the source.',
      fix: 'If the table was changed on purpose take a new digest at the source (the command below, against a replica); if not, find out since when it differs.',
    },
    'restore.content-unread': {
      meaning: 'A table whose content should be digested could not be read.',
      fix: 'Look whether the table is in the backup and how its name is written.',
    },
  },
  options: {},
  subjects: drilled((drill) => drill.baseline?.checksums !== undefined || (drill.checksum !== undefined && drill.baseline?.report !== undefined)),
  unless: notDeclared('baseline.checksums, or checksum and baseline.report'),
  needs: (subject) => ({ ...looks(subject), earlier: earlierDrills(entryOf(subject)) }),
  judge: ({ drill, earlier }, { subject }) => {
    const baseline = declaredDrill(subject).baseline ?? {}
    const found = earlier.baseline
    const before = found === undefined || 'unread' in found ? undefined : found
    const wanted: Readonly<Record<string, string>> = { ...before?.digests, ...baseline.checksums }
    const asked = [...new Set(drill.databases.flatMap(({ contents }) => contents?.digests.map(({ table }) => table) ?? []))]
    const unknown = asked.filter((table) => wanted[table] === undefined)
    if (asked.length > 0 && unknown.length === asked.length)
      return inconclusive(
        'misused',
        found !== undefined && 'unread' in found ? `nothing to compare with: ${found.unread}` : `the baseline has no digest of ${unknown.join(', ')}`,
      )
    const readable = new Set(
      drill.databases.flatMap(({ contents }) => contents?.digests.flatMap(({ table, digest }) => (digest === undefined ? [] : [table])) ?? []),
    )
    const verdict = judgeRestored(
      drill,
      ['postgres', 'sqlite'],
      (database) =>
        (database.contents?.digests ?? []).flatMap(({ table, digest, unread }): readonly Finding[] => {
          const expected = wanted[table]
          // Another database of the set has that table.
          if (expected === undefined || (digest === undefined && readable.has(table))) return []
          return [
            {
              grade: digest === expected ? 'pass' : 'fail',
              code: digest === undefined ? 'restore.content-unread' : 'restore.content-differs',
              evidence: {
                what: `content of ${table} in ${database.label}`,
                expected: `${expected}${baseline.checksums?.[table] === undefined ? `, as in the drill of ${before?.startedAt ?? ''}` : ''}`,
                received: digest ?? `it could not be read (${unread ?? ''})`,
                where: where(database),
              },
            },
          ]
        }),
      'no database with tables was restored',
    )
    return unknown.length > 0 && verdict.outcome === 'pass'
      ? inconclusive('misused', `the baseline has no digest of ${unknown.join(', ')}`, verdict.evidence)
      : verdict
  },
  reproduce: (subject, target) =>
    restoreCommand(subject, target, digestSql(declaredDrill(subject).checksum?.[0] ?? Object.keys(declaredDrill(subject).baseline?.checksums ?? {})[0] ?? '')),
})
