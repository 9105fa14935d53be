import { defineCheck } from '../../helpers/check.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { contentCommand, isStatements, judgeParts, look, mayHold, noBackups, say } from './shared.ts'

export default defineCheck({
  id: 'artifact/plain-complete',
  title: 'A dump of statements is whole',
  failureTitle: 'A dump of statements ends too early',
  why: 'psql loads a dump that is cut inside a COPY without an error and exits 0: the tables are there, half of their rows, no index, no key.',
  source: 'closing comment of pg_dump, pg_dumpall and mysqldump; every COPY closed by \\. ; \\unrestrict gives back the word of \\restrict',
  severity: 'critical',
  codes: {
    'artifact.dump.cut': {
      meaning: 'The dump ends in the middle of a statement, a value or a COPY block.',
      fix: 'Make the backup again; look for a full disk, a timeout or a lost connection in its log.',
    },
    'artifact.dump.unfinished': {
      meaning: 'The closing comment of the tool is missing: it ended before it was done.',
      fix: 'Look into the log of the dump; do not run it with --compact or strip comments.',
    },
    'artifact.dump.restrict': {
      meaning: '\\restrict is never lifted by the same word: something is missing or was pasted together.',
      fix: 'Make the backup again, in one run into one file.',
    },
  },
  options: {},
  subjects: mayHold('postgres', 'globals', 'mysql'),
  unless: noBackups,
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) =>
    judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const { facts } = part
        const { dump } = facts
        if (dump === undefined || !isStatements(facts)) return []
        if (dump.open !== undefined) return [{ grade: 'fail', code: 'artifact.dump.cut', evidence: say(part, 'end', 'nothing open', `inside ${dump.open}`) }]
        // Other tools have no closing mark; what can be known of them ends here.
        if (dump.engine === 'unknown') return [{ grade: 'pass', evidence: say(part, 'end', 'nothing open', 'nothing open; this tool writes no closing mark') }]
        if (dump.restrict?.closed === false)
          return [{ grade: 'fail', code: 'artifact.dump.restrict', evidence: say(part, '\\restrict', 'lifted by the same word', 'not lifted') }]
        return [
          {
            grade: dump.endMark ? 'pass' : 'fail',
            code: 'artifact.dump.unfinished',
            evidence: say(part, 'closing comment', 'there, with nothing after it', dump.endMark ? `there, after ${dump.rows} rows` : 'not there'),
          },
        ]
      },
      'it is no dump of statements',
    ),
  reproduce: (subject, target) => `${contentCommand(subject, target)} | tail -n 6`,
  covers: ['A150', 'C68', 'A153'],
})
