import { chosenSet } from '../../helpers/artifact/sets.ts'
import { defineCheck } from '../../helpers/check.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { at, backups, entryOf, listCommand, look, noBackups, nothing, sizeOf } from './shared.ts'

/** Digests of no bytes at all. */
const OF_NOTHING: ReadonlySet<string> = new Set([
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  'd41d8cd98f00b204e9800998ecf8427e',
])

export default defineCheck({
  id: 'backup/size-floor',
  title: 'No file of the newest backup is next to nothing',
  failureTitle: 'A file of the newest backup is next to nothing',
  why: '`pg_dump | gzip` of a database that does not answer ends well and leaves a valid gzip file of 20 bytes.',
  source: 'databacker/mysql-backup 47 and nfrastack/db-backup 114; minBytes of the target, default 1024',
  severity: 'critical',
  codes: {
    'backup.empty': {
      meaning: 'A file has no bytes, or is the compressed form of none.',
      fix: 'Use set -o pipefail in the script, and look into its log for the real error.',
    },
    'backup.too-small': {
      meaning: 'A file is smaller than any real backup of that kind.',
      fix: 'Look into the file; if it is right, declare minBytes for it.',
    },
    'backup.digest-of-nothing': {
      meaning: 'The digest beside a file is that of no bytes.',
      fix: 'The dump was empty when the digest was made: run the backup again.',
    },
  },
  options: { minBytes: 1024 },
  subjects: backups(),
  unless: noBackups,
  needs: (subject) => ({ folder: look(subject) }),
  judge: ({ folder }, { subject, options }) => {
    const entry = entryOf(subject)
    const set = chosenSet(folder)
    if (set === undefined) return nothing(folder)
    return worst(
      set.files.map((file): Finding => {
        const declared = entry.files[file.role]
        const least = (typeof declared === 'object' ? declared.minBytes : undefined) ?? options.minBytes
        const evidence = at(folder, file.name, `≥ ${least} bytes`, sizeOf(file))
        if (file.sidecar?.digest !== undefined && OF_NOTHING.has(file.sidecar.digest))
          return {
            grade: 'fail',
            code: 'backup.digest-of-nothing',
            evidence: at(folder, file.sidecar.name, 'the digest of a backup', 'the digest of no bytes'),
          }
        // 20 bytes: an empty gzip member. A folder has its size from the files in it.
        if (file.bytes <= 20) return { grade: 'fail', code: 'backup.empty', evidence }
        return file.bytes >= least ? { grade: 'pass', evidence } : { grade: 'fail', code: 'backup.too-small', evidence }
      }),
    )
  },
  reproduce: listCommand,
  covers: ['A150', 'B73'],
})
