import { defineCheck } from '../../helpers/check.ts'
import { sidecarDigests } from '../../helpers/probes/backups.ts'
import { type Finding, skip, worst } from '../../helpers/verdict.ts'
import { backups, entryOf, listCommand, noBackups } from './shared.ts'

export default defineCheck({
  id: 'backup/sidecar-checksum',
  title: 'Files are what the digests beside them say',
  failureTitle: 'A file is not what the digest beside it says',
  why: 'A digest made when the backup was made shows every bit that changed since: on the disk, on the way, by hand.',
  source: 'digest files beside the newest set: .sha256, .sha1, .md5',
  severity: 'critical',
  codes: {
    'backup.digest-differs': {
      meaning: 'The digest of the file is another than the one beside it.',
      fix: 'The file changed after it was made: take another copy, and look at disk and transfer.',
    },
    'backup.digest-unreadable': { meaning: 'The file beside it holds no digest of its kind.', fix: 'Write it with sha256sum FILE > FILE.sha256.' },
  },
  options: {},
  subjects: backups(),
  unless: noBackups,
  needs: (subject) => ({ digests: sidecarDigests(entryOf(subject)) }),
  judge: ({ digests }) => {
    if (digests.length === 0) return skip('not-applicable', 'no digest stands beside the newest set')
    return worst(
      digests.map(({ file, actual }): Finding => {
        const written = file.sidecar?.digest
        const evidence = {
          what: file.name,
          expected: written ?? `a digest in ${file.sidecar?.name ?? 'the file beside it'}`,
          received: actual,
          where: file.path,
        }
        if (written === undefined) return { grade: 'warn', code: 'backup.digest-unreadable', evidence: { ...evidence, received: 'none' } }
        return { grade: written === actual ? 'pass' : 'fail', code: 'backup.digest-differs', evidence }
      }),
    )
  },
  reproduce: (subject, target) => `cd ${listCommand(subject, target).split(' ').slice(3).join(' ')} && sha256sum -c *.sha256`,
  covers: ['A150'],
})
