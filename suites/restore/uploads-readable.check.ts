import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeFiles, where } from './shared.ts'

export default defineCheck({
  id: 'restore/uploads-readable',
  title: 'Files can be read by somebody',
  failureTitle: 'Files of the archive can be read by nobody',
  why: 'Permissions come back with the archive: a file of mode 000 is restored and cannot be served.',
  source: 'permission bits in the archive',
  severity: 'medium',
  codes: {
    'restore.files-unreadable': {
      meaning: 'Files carry a mode that lets nobody read them.',
      fix: 'Repair the permissions where they are stored, then pack again.',
    },
  },
  options: {},
  subjects: drilled((drill) => drill.files !== undefined),
  unless: notDeclared('files'),
  needs: looks,
  judge: ({ drill }, { subject }) =>
    judgeFiles(drill, declaredDrill(subject).files ?? [], (database, { name, from, sampled, unreadable }) =>
      sampled === 0
        ? []
        : [
            {
              grade: unreadable === 0 ? ('pass' as const) : ('fail' as const),
              code: 'restore.files-unreadable',
              evidence: {
                what: `modes of the files of ${name} in ${from}`,
                expected: 'readable',
                received: unreadable === 0 ? 'all of them' : `${unreadable} without a right to read`,
                where: where(database),
              },
            },
          ],
    ),
  reproduce: (subject, target) => restoreCommand(subject, target),
})
