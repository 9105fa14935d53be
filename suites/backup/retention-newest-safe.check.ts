import { defineCheck } from '../../helpers/check.ts'
import { inOrder } from '../../helpers/grammar/linear.ts'
import { backupScript } from '../../helpers/probes/backups.ts'
import { type Finding, skip, worst } from '../../helpers/verdict.ts'
import { backups, commandLines, DUMP, entryOf, stopsOnFailure, undeclared } from './shared.ts'

/** Deletes by age alone: whatever is old goes, be it the last there is. */
const BY_AGE: readonly (readonly RegExp[])[] = [
  [/\bfind\b/, /-(?:mtime|mmin|ctime)\s+\+\d/, /-delete\b|-exec\s+rm\b/],
  [/\bfind\b/, /-(?:mtime|mmin|ctime)\s+\+\d/, /\|\s*xargs\b/, /\brm\b/],
  [/\btmpwatch\b/],
  [/\b--min-age\b/, /\bdelete\b/],
  [/\brclone\s+delete\b/, /--min-age\b/],
]
const deletesByAge = (line: string): boolean => BY_AGE.some((marks) => inOrder(line, ...marks))
const MAKES = new RegExp(`${DUMP.source}|\\b(?:tar|restic|borg)\\b`)

export default defineCheck({
  id: 'backup/retention-newest-safe',
  title: 'Old backups are deleted only after a new one was made',
  failureTitle: 'Old backups are deleted even if no new one was made',
  why: 'When the dump fails night after night, a clean-up by age goes on until the last good backup is gone too.',
  source: 'find(1), -mtime and -delete in the script of the backup; the order of its lines and set -e',
  severity: 'medium',
  codes: {
    'backup.prune.first': {
      meaning: 'The script deletes by age before it makes the new backup.',
      fix: 'Delete at the end of the script, after the new file is there and was checked.',
    },
    'backup.prune.regardless': {
      meaning: 'The script deletes by age although a failed dump does not stop it.',
      fix: 'set -e (and pipefail) at the top, or delete with && after the dump; better keep a number of files than an age.',
    },
  },
  options: {},
  subjects: backups((entry) => entry.script !== undefined),
  unless: undeclared('names its script'),
  needs: (subject) => ({ script: backupScript(entryOf(subject)) }),
  judge: ({ script }, { subject }) => {
    const where = entryOf(subject).script ?? ''
    const lines = commandLines(script)
    const made = lines.findIndex((line) => MAKES.test(line))
    const stops = stopsOnFailure(script, lines)
    const findings = lines.flatMap((line, index): Finding[] => {
      if (!deletesByAge(line)) return []
      const say = (expected: string, received: string) => ({ what: `line ${index + 1}`, expected, received, where })
      if (made === -1 || index < made)
        return [
          {
            grade: 'warn',
            code: 'backup.prune.first',
            evidence: say('deletes after the dump', made === -1 ? 'deletes, and makes no backup' : `deletes before line ${made + 1}`),
          },
        ]
      if (!stops && !/&&[^&]*\bfind\b/.test(line))
        return [{ grade: 'warn', code: 'backup.prune.regardless', evidence: say('reached only after a whole dump', 'reached after a failed one as well') }]
      return [{ grade: 'pass', evidence: say('reached only after a whole dump', `after line ${made + 1}, and a failure stops the script`) }]
    })
    return findings.length === 0 ? skip('not-applicable', 'the script deletes nothing by age') : worst(findings)
  },
  reproduce: (subject) => `grep -nE 'find .*-mtime|pg_dump|set -' '${entryOf(subject).script ?? ''}'`,
})
