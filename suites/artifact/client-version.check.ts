import { roleOf } from '../../helpers/artifact/subjects.ts'
import { defineCheck } from '../../helpers/check.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { contentCommand, judgeParts, look, major, mayHold, say, undeclared } from './shared.ts'

export default defineCheck({
  id: 'artifact/client-version',
  title: 'The dump was not written by a newer tool than the server it goes back to',
  failureTitle: 'The dump was written by a newer tool than the server it goes back to',
  why: 'A newer pg_dump writes settings that the older server does not know (transaction_timeout since 17): it cannot be loaded there.',
  source: 'pg_dump(1), Notes; restoreVersion of the target',
  severity: 'high',
  codes: {
    'artifact.newer-tool': {
      meaning: 'The tool is of a later major version than the server.',
      fix: 'Dump with the tools of the server’s own image (docker exec db pg_dump …).',
    },
  },
  options: {},
  subjects: (target) => mayHold('postgres')(target).filter((subject) => roleOf(subject).entry.restoreVersion !== undefined),
  unless: undeclared('says which version it is restored into (restoreVersion)'),
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) => {
    const server = roleOf(subject).entry.restoreVersion
    return judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const { dump } = part.facts
        if (dump?.engine !== 'postgres' || dump.dumperVersion === undefined) return []
        return [
          {
            grade: major(dump.dumperVersion) <= major(server) ? 'pass' : 'fail',
            code: 'artifact.newer-tool',
            evidence: say(
              part,
              'version of the tool',
              `≤ ${major(server)}`,
              `${dump.dumperVersion}, from a server of ${dump.serverVersion ?? 'unknown version'}`,
            ),
          },
        ]
      },
      'nothing in it names the version of pg_dump',
    )
  },
  reproduce: (subject, target) => `${contentCommand(subject, target)} | grep -a -m 1 'Dumped by'`,
  covers: ['A150', 'B77'],
})
