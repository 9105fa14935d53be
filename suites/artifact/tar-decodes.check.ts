import { defineCheck } from '../../helpers/check.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { contentCommand, judgeParts, look, mayHold, noBackups, say } from './shared.ts'

export default defineCheck({
  id: 'artifact/tar-decodes',
  title: 'Tar archives are whole, and hold files',
  failureTitle: 'A tar archive is damaged, cut off or empty',
  why: 'tar notices a cut archive only when it gets there, in the middle of the restore.',
  source: 'POSIX.1-2017 pax, ustar interchange format: header checksums, two closing blocks of zeros',
  severity: 'critical',
  codes: {
    'artifact.tar.cut': { meaning: 'The archive ends too early.', fix: 'Make it again; look for a full disk or an interrupted transfer.' },
    'artifact.tar.corrupt': { meaning: 'A header in the archive is damaged: nothing after it can be unpacked.', fix: 'Take another copy.' },
    'artifact.tar.trailing': {
      meaning: 'Bytes follow after the end of the archive, which tar ignores.',
      fix: 'Look what appends to it; tar -A and cat do not join archives.',
    },
    'artifact.tar.empty': { meaning: 'There is no file in the archive.', fix: 'Look whether the folder was mounted when the job ran.' },
  },
  options: {},
  subjects: mayHold(),
  unless: noBackups,
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) =>
    judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const { tar, reading, format } = part.facts
        if (tar === undefined || format !== 'tar') return []
        const evidence = say(part, 'archive', 'whole, with files', reading.error ?? `${tar.files} files of ${tar.fileBytes} bytes`)
        if (!reading.complete) return [{ grade: 'fail', code: reading.kind === 'cut' ? 'artifact.tar.cut' : 'artifact.tar.corrupt', evidence }]
        if (reading.kind === 'trailing') return [{ grade: 'warn', code: 'artifact.tar.trailing', evidence }]
        return [{ grade: tar.files > 0 ? 'pass' : 'fail', code: 'artifact.tar.empty', evidence }]
      },
      'it is no tar archive',
    ),
  reproduce: (subject, target) => `${contentCommand(subject, target)} | tar -tf - | wc -l`,
  covers: ['A150', 'E70', 'E71'],
})
