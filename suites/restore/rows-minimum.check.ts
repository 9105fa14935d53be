import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeRestored, sameTable, where } from './shared.ts'

export default defineCheck({
  id: 'restore/rows-minimum',
  title: 'Tables have at least the declared number of rows',
  failureTitle: 'A table has fewer rows than declared',
  why: 'A dump of the wrong moment or the wrong database is complete in itself; only somebody who knows the data can say how much there must be.',
  source: 'minRows of the target',
  severity: 'high',
  codes: {
    'restore.rows-below-minimum': {
      meaning: 'A table has fewer rows than minRows.',
      fix: 'Look whether the dump is of the right database and of a whole state, or lower minRows.',
    },
  },
  options: {},
  subjects: drilled((drill) => drill.minRows !== undefined),
  unless: notDeclared('minRows'),
  needs: looks,
  judge: ({ drill }, { subject }) => {
    const databases = drill.databases.filter(({ kind }) => kind !== 'redis')
    return judgeRestored(
      drill,
      ['postgres', 'mysql', 'sqlite'],
      (database) =>
        Object.entries(declaredDrill(subject).minRows ?? {}).flatMap(([table, least]) => {
          const found = database.tables.find(({ name }) => sameTable(table, name))
          // Of several databases each table is in one; what is in none is missed in the first.
          const elsewhere = databases.some(({ tables }) => tables.some(({ name }) => sameTable(table, name)))
          if (found === undefined && (elsewhere || database !== databases[0])) return []
          const rows = found?.rows
          return [
            {
              grade: rows !== undefined && rows >= least ? ('pass' as const) : ('fail' as const),
              code: 'restore.rows-below-minimum',
              evidence: {
                what: `rows of ${table} in ${database.label}`,
                expected: `at least ${least}`,
                received: rows === undefined ? 'there is no such table' : String(rows),
                where: where(database),
              },
            },
          ]
        }),
      'no database was restored',
    )
  },
  reproduce: (subject, target) => restoreCommand(subject, target),
  covers: ['D69', 'E76'],
})
