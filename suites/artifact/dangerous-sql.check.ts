import { defineCheck } from '../../helpers/check.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { contentCommand, judgeParts, look, mayHold, noBackups, say } from './shared.ts'

export default defineCheck({
  id: 'artifact/dangerous-sql',
  title: 'The dump does nothing but put data back',
  failureTitle: 'The dump would do more than put data back',
  why: 'A dump is a program: whoever could write into it runs commands on the machine that restores it.',
  source: 'psql(1), meta-commands; COPY … PROGRAM, ALTER SYSTEM, subscriptions, foreign servers, scheduled jobs',
  severity: 'high',
  codes: {
    'artifact.runs-commands': {
      meaning: 'The dump runs programs on the machine that restores it.',
      fix: 'Do not restore it. Look who can write to the backups.',
    },
    'artifact.reaches-out': {
      meaning: 'The restored database would change its server or talk to others: settings, subscriptions, foreign servers, jobs.',
      fix: 'Restore it only where it has no network; disable these objects first.',
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
        const { dump } = part.facts
        if (dump === undefined) return []
        // Changing the database is what a dump with its own CREATE DATABASE does.
        const found = dump.dangers.filter(({ kind }) => kind !== 'connect')
        if (found.length === 0) return [{ grade: 'pass', evidence: say(part, 'statements beyond data and definitions', 'none', 'none') }]
        return found.slice(0, 20).map(({ kind, line }): Finding => {
          const evidence = say(part, line === undefined ? 'in the table of contents' : `line ${line}`, 'data and definitions', kind)
          return kind === 'shell' || kind === 'program'
            ? { grade: 'fail', code: 'artifact.runs-commands', evidence }
            : { grade: 'warn', code: 'artifact.reaches-out', evidence, severity: 'low' }
        })
      },
      'it is no dump',
    ),
  reproduce: (subject, target) => `${contentCommand(subject, target)} | grep -a -n -E '^(.!|.copy |ALTER SYSTEM|CREATE (SUBSCRIPTION|SERVER)|COPY .* PROGRAM)'`,
  covers: ['A150'],
})
