import { backupRoles } from '../../helpers/artifact/subjects.ts'
import { defineCheck } from '../../helpers/check.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { contentCommand, declaredContents, isCut, judgeParts, look, say, undeclared } from './shared.ts'

export default defineCheck({
  id: 'artifact/large-objects',
  title: 'Large objects are in the dump',
  failureTitle: 'The dump lacks the large objects',
  why: 'With --no-blobs, or of single tables, pg_dump leaves them out: same tables, same rows, exit status 0, and no files behind the rows.',
  source: 'pg_dump(1), --large-objects; largeObjects of the target',
  severity: 'high',
  codes: {
    'artifact.no-large-objects': {
      meaning: 'The database holds large objects and the dump none.',
      fix: 'Add --large-objects (-b); remove --no-large-objects.',
    },
  },
  options: {},
  subjects: backupRoles((entry, role) => declaredContents(entry, role).some((one) => one.largeObjects === true)),
  unless: undeclared('says that there are large objects (largeObjects)'),
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) =>
    judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const { dump } = part.facts
        if (isCut(part.facts) || dump?.engine !== 'postgres' || part.declared.largeObjects !== true) return []
        const count = dump.objects.largeObjects
        return [{ grade: count > 0 ? 'pass' : 'fail', code: 'artifact.no-large-objects', evidence: say(part, 'large objects', '> 0', String(count)) }]
      },
      'it is no dump of PostgreSQL',
    ),
  reproduce: (subject, target) => `${contentCommand(subject, target)} | grep -a -c lo_create`,
  covers: ['A150'],
})
