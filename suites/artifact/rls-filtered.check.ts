import { defineCheck } from '../../helpers/check.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { contentCommand, judgeParts, look, mayHold, noBackups, say } from './shared.ts'

export default defineCheck({
  id: 'artifact/rls-filtered',
  title: 'No row was hidden from the dump by row security',
  failureTitle: 'Row security was on while the dump was made: rows may be missing',
  why: 'With --enable-row-security pg_dump writes only the rows that its user may see, and says nothing of the others.',
  source: 'SET row_security at the head of the dump; pg_dump(1), --enable-row-security',
  severity: 'critical',
  codes: {
    'artifact.row-security': { meaning: 'The dump was made with row security on.', fix: 'Dump as a role with BYPASSRLS, without --enable-row-security.' },
  },
  options: {},
  subjects: mayHold('postgres'),
  unless: noBackups,
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) =>
    judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const security = part.facts.dump?.rowSecurity
        return security === undefined
          ? []
          : [{ grade: security === 'off' ? 'pass' : 'fail', code: 'artifact.row-security', evidence: say(part, 'row_security', 'off', security) }]
      },
      'nothing in it says whether row security was on',
    ),
  reproduce: (subject, target) => `${contentCommand(subject, target)} | grep -a -m 1 row_security`,
  covers: ['A150'],
})
