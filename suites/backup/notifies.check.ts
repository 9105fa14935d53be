import { defineCheck } from '../../helpers/check.ts'
import { backupNotifications } from '../../helpers/probes/notifications.ts'
import { shellQuote } from '../../helpers/reproduce.ts'
import type { BackupEntry } from '../../helpers/target.ts'
import type { NotificationsFile } from '../../helpers/target/notifications.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'

const given = (entry: BackupEntry): NotificationsFile => {
  if (entry.notifications === undefined) throw new TypeError('a backup without notifications has none to judge')
  return entry.notifications
}

export default defineCheck({
  id: 'backup/notifies',
  title: 'The backup script tells success and failure, and ends accordingly',
  failureTitle: 'The backup script does not tell what became of it',
  why: 'A job that fails without a word is found on the day of the recovery. One that only tells failures is as silent when it no longer runs at all.',
  source: 'the script run in a place of its own, once as declared and once with `failing`: exit status and the requests to {notify}',
  severity: 'high',
  codes: {
    'backup.script-failed': {
      meaning: 'The script fails where it should succeed.',
      fix: 'Run it by hand in a copy of its folder, with the environment of notifications.env.',
    },
    'backup.success-untold': {
      meaning: 'The script ends well and tells nobody.',
      fix: 'Tell the end of every run (a heartbeat), so that a missing one is noticed.',
    },
    'backup.failure-ends-well': {
      meaning: 'With its source unreachable the script ends with status 0.',
      fix: 'set -euo pipefail, and no `|| true` behind the dump: cron and systemd see the exit status alone.',
    },
    'backup.failure-untold': { meaning: 'The script fails and tells nobody.', fix: "Tell failures in a trap (trap '… ' ERR), so that no exit passes by it." },
    'backup.failure-told-as-success': {
      meaning: 'The script tells a failure in the words of a success.',
      fix: 'Send another address or another text on failure; look at the exit status before telling.',
    },
  },
  options: {},
  subjects: (target) =>
    (target.file.backups ?? []).filter(({ notifications }) => notifications !== undefined).map((entry) => ({ name: entry.id, item: entry })),
  unless: { skip: 'not-declared', reason: 'no entry of `backups` declares `notifications`' },
  needs: (subject) => ({ told: backupNotifications(subject.item as BackupEntry, given(subject.item as BackupEntry)) }),
  judge: ({ told: { success, failure } }) => {
    const count = (messages: readonly string[]): string =>
      messages.length === 0 ? 'nothing' : `${messages.length} ${messages.length === 1 ? 'message' : 'messages'}`
    const finding = (right: boolean, code: string, what: string, expected: string, received: string): Finding => ({
      grade: right ? 'pass' : 'fail',
      code,
      evidence: { what, expected, received },
    })
    const known = new Set(success.messages)
    return worst([
      finding(success.exit === 0, 'backup.script-failed', 'the script as it is', 'exit 0', success.received),
      finding(success.messages.length > 0, 'backup.success-untold', 'what it tells then', 'at least one message', count(success.messages)),
      finding(
        failure.exit !== undefined && failure.exit !== 0,
        'backup.failure-ends-well',
        'the script with a failure provoked',
        'an exit status that is not 0',
        failure.received,
      ),
      finding(failure.messages.length > 0, 'backup.failure-untold', 'what it tells then', 'at least one message', count(failure.messages)),
      ...(failure.messages.length === 0 || success.messages.length === 0
        ? []
        : [
            finding(
              failure.messages.some((one) => !known.has(one)),
              'backup.failure-told-as-success',
              'its words on failure',
              'others than on success',
              failure.messages.some((one) => !known.has(one)) ? 'others' : 'the same',
            ),
          ]),
    ])
  },
  reproduce: (subject) => {
    const { run, failing } = given(subject.item as BackupEntry)
    return `env ${Object.entries(failing)
      .map(([name, value]) => shellQuote(`${name}=${value}`))
      .join(' ')} ${run.map(shellQuote).join(' ')}; echo "exit $?"`
  },
  covers: ['D68'],
})
