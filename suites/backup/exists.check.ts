import { defineCheck } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { GONE } from '../../helpers/probes/offsite.ts'
import { fail, pass } from '../../helpers/verdict.ts'
import { at, backups, listCommand, look, noBackups, unseen, whenOf } from './shared.ts'

export default defineCheck({
  id: 'backup/exists',
  title: 'There are backups where they are declared',
  failureTitle: 'There is no backup where it is declared',
  why: 'A schedule that never ran, a full disk or a moved folder leaves nothing behind, and nobody is told.',
  source: 'backups of the target; a name counts only when it fits its pattern from the first to the last letter',
  severity: 'critical',
  codes: {
    'backup.folder-missing': {
      meaning: 'The folder or bucket of the backups does not exist.',
      fix: 'Create it in the script (mkdir -p) and run the script once, or correct `dir`.',
    },
    'backup.none': {
      meaning: 'No file in the folder has the name of a backup.',
      fix: 'Look into the log of the job; compare the names in the folder with `files` of the target.',
    },
  },
  options: {},
  subjects: backups(),
  unless: noBackups,
  needs: (subject) => ({ folder: attempt(look(subject)) }),
  judge: ({ folder }) => {
    if (!folder.ok) {
      if (!GONE.has(folder.failure.code)) return unseen(folder)
      return fail('backup.folder-missing', { what: 'folder of the backups', expected: 'there', received: folder.failure.message, at: folder.startedAt })
    }
    const { sets, others } = folder.value
    const newest = sets[0]
    if (newest === undefined) return fail('backup.none', at(folder.value, 'backups', 'at least one', `none; ${others} other files`))
    return pass(at(folder.value, 'backups', 'at least one', `${sets.length} sets, the newest of ${whenOf(newest)}; ${others} other files`))
  },
  reproduce: listCommand,
  covers: ['A143', 'B72', 'C64', 'D64', 'E69', 'E70', 'E71'],
})
