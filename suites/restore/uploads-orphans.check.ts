import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeFiles, where } from './shared.ts'

export default defineCheck({
  id: 'restore/uploads-orphans',
  title: 'Files that no row names are few',
  failureTitle: 'Many files belong to no row',
  why: 'Files without rows are a table that was not restored whole, or deletions that never deleted.',
  source: 'orphanShare of the target (default 0.1)',
  severity: 'low',
  codes: {
    'restore.files-orphaned': {
      meaning: 'More files than orphanShare are named by no row.',
      fix: 'Look whether the table is whole, and whether deleting a row deletes its file.',
    },
  },
  options: {},
  subjects: drilled((drill) => drill.files !== undefined),
  unless: notDeclared('files'),
  needs: looks,
  judge: ({ drill }, { subject }) =>
    judgeFiles(drill, declaredDrill(subject).files ?? [], (database, { name, from, orphans, files }) => {
      if (files === 0) return []
      const most = declaredDrill(subject).files?.find(({ table, path }) => `${table}.${path}` === name)?.orphanShare ?? 0.1
      return [
        {
          grade: orphans / files <= most ? ('pass' as const) : ('warn' as const),
          code: 'restore.files-orphaned',
          evidence: {
            what: `files in ${from} that ${name} does not name`,
            expected: `at most ${Math.round(most * 100)} %`,
            received: `${orphans} of ${files}`,
            where: where(database),
          },
        },
      ]
    }),
  reproduce: (subject, target) => restoreCommand(subject, target),
})
