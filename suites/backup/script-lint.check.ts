import { defineCheck } from '../../helpers/check.ts'
import { inOrder } from '../../helpers/grammar/linear.ts'
import { backupScript } from '../../helpers/probes/backups.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { backups, commandLines, DUMP, entryOf, stopsOnFailure, undeclared } from './shared.ts'

export default defineCheck({
  id: 'backup/script-lint',
  title: 'The script notices when a step of it fails',
  failureTitle: 'The script hides failures, or leaves something out',
  why: 'A pipe ends as its last command does: a dump that fails before gzip leaves an empty file and exit status 0.',
  source: 'bash(1), pipefail; pg_dump(1): roles are in no dump of a single database',
  severity: 'medium',
  codes: {
    'backup.script.pipefail': {
      meaning: 'A dump is piped on without pipefail: its failure is not seen.',
      fix: 'set -o pipefail at the top of the script (bash).',
    },
    'backup.script.errors-discarded': { meaning: 'The errors of a dump are thrown away.', fix: 'Remove 2>/dev/null; send errors to the log.' },
    'backup.script.goes-on': { meaning: 'The script goes on after a failed step.', fix: 'set -e at the top, or check each status.' },
    'backup.script.dotfiles': { meaning: 'tar is given dir/*, which leaves out names that begin with a dot.', fix: 'tar -C dir . instead of dir/*.' },
    'backup.script.roles': { meaning: 'PostgreSQL is dumped without its roles.', fix: 'Add pg_dumpall --globals-only.' },
    'backup.script.empty': { meaning: 'The script makes no dump and no archive.', fix: 'Declare the script that makes this backup.' },
  },
  options: {},
  subjects: backups((entry) => entry.script !== undefined),
  unless: undeclared('names its script'),
  needs: (subject) => ({ script: backupScript(entryOf(subject)) }),
  judge: ({ script }, { subject }) => {
    const where = entryOf(subject).script ?? ''
    const lines = commandLines(script)
    const pipefail = lines.some((line) => /^\s*set\s.*\bpipefail\b/.test(line))
    const stops = stopsOnFailure(script, lines)
    const findings: Finding[] = []
    const finding = (code: string, line: number, expected: string, received: string): void =>
      void findings.push({ grade: 'warn', code, evidence: { what: `line ${line}`, expected, received, where } })
    lines.forEach((line, index) => {
      const dumps = DUMP.test(line)
      if (dumps && /[^|]\|[^|]/.test(line) && !pipefail) finding('backup.script.pipefail', index + 1, 'set -o pipefail', 'a dump is piped on without it')
      if (dumps && /(?:2|&)>\s*\/dev\/null/.test(line)) finding('backup.script.errors-discarded', index + 1, 'errors kept', 'errors go to /dev/null')
      if (inOrder(line, /\btar\s/, /\S\/\*(?:\s|$)/)) finding('backup.script.dotfiles', index + 1, 'tar of a folder', 'tar of dir/*')
    })
    const uses = lines.some((line) => DUMP.test(line) || /\b(?:tar|cp|rsync|restic|borg)\b/.test(line))
    if (!uses) finding('backup.script.empty', 1, 'a command that makes a backup', 'none')
    if (uses && !stops && !lines.some((line) => /\|\|\s*(?:exit|die|fail)|\bif\s+!/.test(line)))
      finding('backup.script.goes-on', 1, 'set -e, or each status checked', 'neither')
    const dumpsOne = lines.findIndex((line) => /\bpg_dump\b/.test(line))
    if (dumpsOne !== -1 && !lines.some((line) => /\bpg_dumpall\b/.test(line)))
      finding('backup.script.roles', dumpsOne + 1, 'pg_dumpall --globals-only beside pg_dump', 'pg_dump alone')
    if (findings.length === 0)
      findings.push({ grade: 'pass', evidence: { what: `${lines.length} lines`, expected: 'no step whose failure is hidden', received: 'none', where } })
    return worst(findings)
  },
  reproduce: (subject) => `shellcheck '${entryOf(subject).script ?? ''}'`,
  covers: ['B73', 'E73', 'A143'],
})
