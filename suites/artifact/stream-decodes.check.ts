import { backupRoles, roleOf } from '../../helpers/artifact/subjects.ts'
import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { closed, contentCommand, look, noBackups, parts, say } from './shared.ts'

const CODES = {
  cut: 'artifact.stream.cut',
  corrupt: 'artifact.stream.corrupt',
  trailing: 'artifact.stream.trailing',
  bomb: 'artifact.stream.bomb',
  unreadable: 'artifact.stream.unreadable',
} as const

export default defineCheck({
  id: 'artifact/stream-decodes',
  title: 'Compressed backups decompress to their last byte',
  failureTitle: 'A compressed backup does not decompress',
  why: 'A full disk, a broken transfer or a flipped bit leaves a file that begins well. Only reading it to its end shows it.',
  source: 'RFC 1952 §2.3.1 (CRC32, ISIZE), RFC 8878; at most 1100 bytes out of one',
  severity: 'critical',
  codes: {
    'artifact.stream.cut': { meaning: 'The compressed data end too early.', fix: 'Look for a full disk or an interrupted transfer; make the backup again.' },
    'artifact.stream.corrupt': {
      meaning: 'The compressed data are damaged: a checksum is wrong.',
      fix: 'Take another copy; look at the disk and at how files are transferred.',
    },
    'artifact.stream.trailing': {
      meaning: 'Bytes that belong to nothing come after the compressed data.',
      fix: 'Look what appends to the file: two jobs at once, or a log.',
    },
    'artifact.stream.bomb': { meaning: 'The file unpacks to far more than any backup does.', fix: 'Do not restore it; look where it comes from.' },
    'artifact.stream.unreadable': { meaning: 'The compression is nested too deep, or of a kind that is not read.', fix: 'Compress once, with gzip or zstd.' },
  },
  options: {},
  subjects: backupRoles(),
  unless: noBackups,
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) => {
    if (artifact === undefined) return inconclusive('unobserved', 'there is no backup to judge')
    if (artifact.facts.sealed?.opened === false) return closed(artifact)
    const findings = parts(artifact, roleOf(subject)).flatMap((part): Finding[] => {
      const { stream, layers, sealed, decodedBytes, bytes } = part.facts
      if (stream === undefined) return []
      const evidence = say(
        part,
        [...(sealed === undefined ? [] : [sealed.kind]), ...layers].join(' and '),
        'whole',
        stream.error ?? `${bytes} bytes into ${decodedBytes}`,
      )
      if (stream.kind === undefined) return [{ grade: stream.complete ? 'pass' : 'fail', code: CODES.corrupt, evidence }]
      return [{ grade: stream.kind === 'trailing' ? 'warn' : 'fail', code: CODES[stream.kind], evidence }]
    })
    return findings.length === 0 ? skip('not-applicable', 'it is neither compressed nor locked') : worst(findings)
  },
  reproduce: (subject, target) => `${contentCommand(subject, target)} | wc -c`,
  covers: ['A150', 'B73'],
})
