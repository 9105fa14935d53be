import { roleOf } from '../../helpers/artifact/subjects.ts'
import { defineCheck } from '../../helpers/check.ts'
import { type Finding, skip } from '../../helpers/verdict.ts'
import { contentCommand, judgeParts, look, mayHold, say, undeclared } from './shared.ts'

/** First releases whose psql knows \restrict (CVE-2025-8714, August 2025). */
const SINCE: Readonly<Record<string, number>> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 }

export default defineCheck({
  id: 'artifact/restrict-compatible',
  title: 'The psql that restores it knows \\restrict',
  failureTitle: 'The psql that restores it does not know \\restrict',
  why: 'Dumps since August 2025 begin with \\restrict; an older psql takes it for an error and stops, or goes on unprotected.',
  source: 'PostgreSQL 13.22, 14.19, 15.14, 16.10 and 17.6 release notes; restoreVersion of the target',
  severity: 'high',
  codes: {
    'artifact.restrict-unknown': {
      meaning: 'The declared server brings a psql that does not know \\restrict.',
      fix: 'Update to the latest minor release; it is the same major version and needs no migration.',
    },
  },
  options: {},
  subjects: (target) => mayHold('postgres')(target).filter((subject) => roleOf(subject).entry.restoreVersion !== undefined),
  unless: undeclared('says which version it is restored into (restoreVersion)'),
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) => {
    const version = roleOf(subject).entry.restoreVersion ?? ''
    const [first = '', second] = version.split('.')
    const since = SINCE[first]
    if (since !== undefined && second === undefined) return skip('not-declared', `restoreVersion ${version} has no minor version`)
    return judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        if (part.facts.dump?.restrict === undefined) return []
        const knows = since === undefined ? Number(first) >= 18 : Number(second) >= since
        return [
          {
            grade: knows ? 'pass' : 'fail',
            code: 'artifact.restrict-unknown',
            evidence: say(part, '\\restrict', `psql ≥ ${since === undefined ? '13.22' : `${first}.${since}`}`, `psql ${version}`),
          },
        ]
      },
      'it has no \\restrict',
    )
  },
  reproduce: (subject, target) => `${contentCommand(subject, target)} | grep -a -m 1 -n '^.restrict '`,
  covers: ['A150', 'D69'],
})
