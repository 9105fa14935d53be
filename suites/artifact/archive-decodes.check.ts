import { fileCommand, roleOf } from '../../helpers/artifact/subjects.ts'
import { defineCheck } from '../../helpers/check.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { isArchive, judgeParts, look, mayHold, noBackups, say } from './shared.ts'

const CODES = {
  cut: 'artifact.archive.cut',
  corrupt: 'artifact.archive.corrupt',
  unreadable: 'artifact.archive.unreadable',
  trailing: 'artifact.archive.corrupt',
  bomb: 'artifact.archive.corrupt',
} as const

export default defineCheck({
  id: 'artifact/archive-decodes',
  title: 'Every block of a pg_dump archive decompresses',
  failureTitle: 'A pg_dump archive is damaged or cut off',
  why: '`pg_restore --list` reads the table of contents alone and is content with most broken archives.',
  source: 'archive format of pg_dump 1.10 to 1.16; every data block inflated, every announced one there',
  severity: 'critical',
  codes: {
    'artifact.archive.cut': {
      meaning: 'The archive ends too early, or data that it announces are not there.',
      fix: 'Make the backup again; look for a full disk or an interrupted transfer.',
    },
    'artifact.archive.corrupt': { meaning: 'A block of the archive is damaged.', fix: 'Take another copy; look at the disk and at how files are transferred.' },
    'artifact.archive.unreadable': {
      meaning: 'The archive is of a version or compression that is not read here: nothing is known of its data.',
      fix: 'Prove it with pg_restore -f /dev/null, or dump with gzip or zstd.',
    },
  },
  options: {},
  subjects: mayHold('postgres'),
  unless: noBackups,
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) =>
    judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const { facts } = part
        if (!isArchive(facts)) return []
        const whole = facts.reading.complete
        const evidence = say(
          part,
          'archive',
          'every block whole',
          facts.reading.error ?? `${facts.dump?.tables.length ?? 0} tables, ${facts.dump?.rows ?? 0} rows`,
        )
        return [{ grade: whole ? 'pass' : 'fail', code: CODES[facts.reading.kind ?? 'corrupt'], evidence }]
      },
      'it is no archive of pg_dump',
    ),
  reproduce: (subject, target) => fileCommand('pg_restore -f /dev/null', roleOf(subject), target, ''),
  covers: ['A150', 'C68'],
})
