import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { judgeFiles, where } from './shared.ts'

export default defineCheck({
  id: 'restore/uploads-present',
  title: 'Every file that a row names is in the archive',
  failureTitle: 'Files that rows name are not in the archive',
  why: 'The database says there is a picture and the picture is gone: backups of uploads run on another schedule, or not at all.',
  source: 'rows of `files` beside the unpacked archive',
  severity: 'critical',
  codes: {
    'restore.files-lost': {
      meaning: 'Rows from before the archive name files that are not in it.',
      fix: 'Look at the job that packs the uploads: its folder, its excludes, dotfiles, and that it runs after the dump.',
    },
    'restore.files-later': {
      meaning: 'Rows that are newer than the archive name files that are not in it.',
      fix: 'Pack the uploads after the dump, so that the archive is never older than the rows.',
    },
  },
  options: {},
  subjects: drilled((drill) => drill.files !== undefined),
  unless: notDeclared('files'),
  needs: looks,
  judge: ({ drill }, { subject }) =>
    judgeFiles(drill, declaredDrill(subject).files ?? [], (database, { name, from, sampled, lost, later }) => [
      {
        grade: lost === 0 ? ('pass' as const) : ('fail' as const),
        code: 'restore.files-lost',
        evidence: {
          what: `files of ${name} in ${from}`,
          expected: `each of ${sampled} rows finds its file`,
          received: lost === 0 ? (later === 0 ? 'all of them' : `all but ${later} that are newer than the archive`) : `${lost} missing`,
          where: where(database),
        },
      },
      ...(later === 0
        ? []
        : [
            {
              grade: 'warn' as const,
              code: 'restore.files-later',
              evidence: {
                what: `files of ${name} in ${from}`,
                expected: 'no row newer than the archive',
                received: `${later} rows`,
                where: where(database),
              },
              severity: 'low' as const,
            },
          ]),
    ]),
  reproduce: (subject, target) => restoreCommand(subject, target),
  covers: ['E77', 'A152', 'A155'],
})
