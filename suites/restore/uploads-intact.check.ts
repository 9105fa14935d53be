import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeFiles, where } from './shared.ts'

export default defineCheck({
  id: 'restore/uploads-intact',
  title: 'Files are as their rows say',
  failureTitle: 'Files differ from what their rows say',
  why: 'A file of no bytes, or cut in the middle, is there and useless.',
  source: 'size and SHA-256 stored in the row; else that there are bytes',
  severity: 'high',
  codes: {
    'restore.files-differ': {
      meaning: 'Files differ in size or digest from what is stored in the row.',
      fix: 'Look for copies that were cut (full disk), and for files that are written while they are packed.',
    },
    'restore.files-empty': { meaning: 'Files of no bytes that their rows call otherwise.', fix: 'Look for a full disk when the file was stored or packed.' },
  },
  options: {},
  subjects: drilled((drill) => drill.files !== undefined),
  unless: notDeclared('files'),
  needs: looks,
  judge: ({ drill }, { subject }) =>
    judgeFiles(drill, declaredDrill(subject).files ?? [], (database, { name, from, sampled, empty, differing, compared }) =>
      sampled === 0
        ? []
        : [
            {
              grade: differing === 0 ? ('pass' as const) : ('fail' as const),
              code: 'restore.files-differ',
              evidence: {
                what: `files of ${name} in ${from}`,
                expected: 'as their rows say',
                received: `${differing} of ${compared} that could be compared differ`,
                where: where(database),
              },
            },
            {
              grade: empty === 0 ? ('pass' as const) : ('fail' as const),
              code: 'restore.files-empty',
              evidence: { what: `files of ${name} in ${from}`, expected: 'none of no bytes', received: String(empty), where: where(database) },
            },
          ],
    ),
  reproduce: (subject, target) => restoreCommand(subject, target),
})
