import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, entryOf, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { earlierDrills } from '../../helpers/probes/earlier-drills.ts'
import { type Finding, inconclusive } from '../../helpers/verdict.ts'
import { judgeRestored, where } from './shared.ts'

export default defineCheck({
  id: 'restore/extensions-match',
  title: 'Extensions have the versions of the source',
  failureTitle: 'Extensions are missing or have other versions than at the source',
  why: 'A dump says CREATE EXTENSION without a version: what is restored has the one that the machine brings. Index formats and functions differ between them.',
  source: 'pg_extension.extversion beside baseline.extensions, or those of baseline.report',
  severity: 'low',
  codes: {
    'restore.extension-version': {
      meaning: 'An extension has another version than at the source.',
      fix: 'Restore with the image that runs live; after an update of the source correct the baseline.',
    },
    'restore.extension-absent': {
      meaning: 'An extension of the source is not in the restored database.',
      fix: 'Look whether the dump holds its CREATE EXTENSION, and whether it is still used.',
    },
  },
  options: {},
  subjects: drilled((drill) => drill.baseline?.extensions !== undefined || drill.baseline?.report !== undefined),
  unless: notDeclared('baseline.extensions or baseline.report'),
  needs: (subject) => ({ ...looks(subject), earlier: earlierDrills(entryOf(subject)) }),
  judge: ({ drill, earlier }, { subject }) => {
    const declared = declaredDrill(subject).baseline?.extensions
    const found = earlier.baseline
    if (declared === undefined && found !== undefined && 'unread' in found) return inconclusive('misused', `nothing to compare with: ${found.unread}`)
    const before = found === undefined || 'unread' in found ? undefined : found
    const wanted = Object.entries({ ...before?.extensions, ...declared })
    const everywhere: Readonly<Record<string, string>> = Object.assign({}, ...drill.databases.map(({ contents }) => contents?.extensions ?? {})) as Record<
      string,
      string
    >
    const first = drill.databases.find(({ kind }) => kind === 'postgres')
    return judgeRestored(
      drill,
      ['postgres'],
      (database) =>
        wanted.flatMap(([name, version]): readonly Finding[] => {
          const received = database.contents?.extensions[name]
          if (received === undefined && (everywhere[name] !== undefined || database !== first)) return []
          return [
            {
              grade: received === version ? 'pass' : 'fail',
              code: received === undefined ? 'restore.extension-absent' : 'restore.extension-version',
              evidence: {
                what: `extension ${name} of ${database.label}`,
                expected: `${version}${declared?.[name] === undefined ? `, as in the drill of ${before?.startedAt ?? ''}` : ''}`,
                received: received ?? 'not installed',
                where: where(database),
              },
            },
          ]
        }),
      wanted.length === 0 ? 'the baseline has no extensions' : 'no PostgreSQL database was restored',
    )
  },
  reproduce: (subject, target) => restoreCommand(subject, target, 'select extname, extversion from pg_extension'),
})
