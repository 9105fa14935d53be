import { defineCheck } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { GONE, offsiteCopies } from '../../helpers/probes/offsite.ts'
import { fail, type Finding, worst } from '../../helpers/verdict.ts'
import { backups, copyCommand, entryOf, HOUR, hours, undeclared, unseen, whenOf } from './shared.ts'

export default defineCheck({
  id: 'backup/offsite-copy',
  title: 'The second place holds the same backup, byte for byte',
  failureTitle: 'The second place does not hold the same backup',
  why: 'Fire, ransom and a wrong rm take the machine with its backups. A copy that nobody compared may be half of one.',
  source: 'backups.offsite of the target; SHA-256 of both copies of the newest set there',
  severity: 'critical',
  clockSensitive: true,
  codes: {
    'backup.offsite.missing': {
      meaning: 'Nothing, or not the whole set, is at the second place.',
      fix: 'Look into the log of the upload; let a failed upload fail the job.',
    },
    'backup.offsite.differs': {
      meaning: 'A copy has other bytes than the original.',
      fix: 'Upload again, and let the tool verify checksums (rclone check, aws s3 with checksum).',
    },
    'backup.offsite.stale': { meaning: 'The newest copy is older than declared.', fix: 'Look why newer sets were not copied.' },
  },
  options: {},
  subjects: backups((entry) => entry.offsite !== undefined),
  unless: undeclared('has a second place (offsite)'),
  needs: (subject) => ({ copies: attempt(offsiteCopies(entryOf(subject))) }),
  judge: ({ copies }, { subject }) => {
    const entry = entryOf(subject)
    const where = entry.offsite?.dir ?? ''
    if (!copies.ok) {
      if (!GONE.has(copies.failure.code)) return unseen(copies)
      return fail('backup.offsite.missing', { what: 'second place', expected: 'there', received: copies.failure.message, at: copies.startedAt })
    }
    const { set, compared, at } = copies.value
    const say = (what: string, expected: string, received: string) => ({ what, expected, received, where, at })
    if (set === undefined) return fail('backup.offsite.missing', say('backups at the second place', 'the newest set', 'none'))
    const most = (entry.offsite?.maxAgeHours ?? entry.maxAgeHours ?? Number.POSITIVE_INFINITY) * HOUR
    const age = Date.parse(at) - Date.parse(set.at)
    const findings: Finding[] = [
      {
        grade: age <= most ? 'pass' : 'fail',
        code: 'backup.offsite.stale',
        evidence: say('newest set there', most === Number.POSITIVE_INFINITY ? 'any age' : `≤ ${hours(most)} old`, `${hours(age)} old: ${whenOf(set)}`),
      },
      ...set.missing.map(
        (role): Finding => ({ grade: 'fail', code: 'backup.offsite.missing', evidence: say(`${role} of the newest set there`, 'there', 'missing') }),
      ),
      ...compared.map(({ name, there, here, by }): Finding => {
        const same = here !== undefined && here.sha256 === there.sha256
        const of = (one: { bytes: number; sha256: string }): string => `${one.bytes} bytes, ${one.sha256.slice(0, 16)}…`
        const how = by === undefined || by === 'read' ? '' : ` (by its ${by})`
        return {
          grade: here === undefined || same ? 'pass' : 'fail',
          code: 'backup.offsite.differs',
          evidence: say(name, here === undefined ? 'any bytes: the original is gone' : of(here), `${of(there)}${how}`),
        }
      }),
    ]
    return worst(findings)
  },
  reproduce: copyCommand,
  covers: ['A149', 'C67', 'D67', 'E74', 'B75'],
})
