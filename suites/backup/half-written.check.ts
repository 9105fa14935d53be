import { isWhole } from '../../helpers/artifact/sets.ts'
import { defineCheck } from '../../helpers/check.ts'
import { pass, warn } from '../../helpers/verdict.ts'
import { at, backups, listCommand, look, noBackups } from './shared.ts'

export default defineCheck({
  id: 'backup/half-written',
  title: 'No half-written backup stands in for the newest one',
  failureTitle: 'The newest backup is still being written, or was never finished',
  why: 'Whoever restores in a hurry takes the newest name. A job that died half-way leaves a file that looks like a backup.',
  source:
    'size and time watched for two seconds; names that end in .part, .tmp and the like; in a bucket the uploads that were begun and not ended (Amazon S3 API Reference, ListMultipartUploads)',
  severity: 'medium',
  clockSensitive: true,
  codes: {
    'backup.growing': {
      meaning: 'The newest file changes while it is looked at; the one before it was judged instead.',
      fix: 'Write under a temporary name and rename when done (mv is atomic), so that a backup is whole or absent.',
    },
    'backup.unfinished': {
      meaning: 'A temporary file, or an upload that was not ended, is newer than the newest whole backup.',
      fix: 'If the job is not running now, it died: look into its log, then remove the file, or abort the upload, which is paid for until then.',
    },
  },
  options: {},
  subjects: backups(),
  unless: noBackups,
  needs: (subject) => ({ folder: look(subject) }),
  judge: ({ folder }) => {
    const growing = folder.sets.flatMap(({ files }) => files).filter((file) => file.growing)
    if (growing.length > 0)
      return warn(
        'backup.growing',
        growing.map((file) => at(folder, file.name, 'finished', `changing, ${file.bytes} bytes so far`)),
      )
    const newest = folder.sets.find(isWhole)
    const since = newest === undefined ? Number.NEGATIVE_INFINITY : Date.parse(newest.at)
    const unfinished = folder.partial.filter((one) => Date.parse(one.modifiedAt) > since)
    if (unfinished.length > 0)
      return warn(
        'backup.unfinished',
        unfinished.map((one) =>
          one.bytes === undefined
            ? at(folder, one.name, 'no unfinished upload newer than the newest backup', `begun ${one.modifiedAt}, not ended`)
            : at(folder, one.name, 'no temporary file newer than the newest backup', `${one.bytes} bytes of ${one.modifiedAt}`),
        ),
      )
    if (folder.bucket === true) {
      const none =
        folder.uploadsUnread === true ? 'not told to this key; an object itself is there whole or not at all' : `none; ${folder.partial.length} old ones`
      return pass(at(folder, 'unfinished uploads', 'none', none))
    }
    return pass(at(folder, 'files that are being written', 'none', `none; ${folder.partial.length} old temporary files`))
  },
  reproduce: listCommand,
  covers: ['A150'],
})
