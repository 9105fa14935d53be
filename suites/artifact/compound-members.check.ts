import { backupRoles, roleOf } from '../../helpers/artifact/subjects.ts'
import { defineCheck } from '../../helpers/check.ts'
import { pathMatches } from '../../helpers/grammar/backup-name.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { contentCommand, few, judgeParts, look, say, undeclared } from './shared.ts'

const membersOf = (entry: ReturnType<typeof roleOf>['entry'], role: string) => {
  const file = entry.files[role]
  return typeof file === 'object' ? Object.entries(file.members ?? {}) : []
}

export default defineCheck({
  id: 'artifact/compound-members',
  title: 'The archive holds everything that it must',
  failureTitle: 'Something is missing from the archive',
  why: 'Dump, roles, certificates, configuration and uploads are only together a restore.',
  source: 'members of the target: each matches exactly one file, which is not empty',
  severity: 'critical',
  codes: {
    'artifact.member-missing': {
      meaning: 'Nothing in the archive matches a declared member.',
      fix: 'Look which step of the script failed, or correct the path.',
    },
    'artifact.member-ambiguous': {
      meaning: 'Several files match one declared member: nobody knows which is meant.',
      fix: 'Make the path more exact, or look why an old file is in the archive.',
    },
    'artifact.member-empty': { meaning: 'A declared member has no bytes.', fix: 'Look which step of the script failed.' },
  },
  options: {},
  subjects: backupRoles((entry, role) => membersOf(entry, role).length > 0),
  unless: undeclared('says what its archive holds (members)'),
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) => {
    const { entry, role } = roleOf(subject)
    return judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const { tar } = part.facts
        if (tar === undefined || part.label !== artifact?.file.name) return []
        return membersOf(entry, role).map(([name, member]): Finding => {
          const path = typeof member === 'string' ? member : member.path
          const found = tar.names.filter((one) => pathMatches(path, one))
          const evidence = say(part, name, `one file ${path}`, found.length === 0 ? `none among ${tar.files} files` : few(found))
          if (found.length === 0) return { grade: 'fail', code: 'artifact.member-missing', evidence }
          if (found.length > 1) return { grade: 'fail', code: 'artifact.member-ambiguous', evidence }
          return tar.emptyNames.includes(found[0] as string)
            ? { grade: 'fail', code: 'artifact.member-empty', evidence: { ...evidence, received: `${found[0]}, of no bytes` } }
            : { grade: 'pass', evidence }
        })
      },
      'it is no tar archive',
    )
  },
  reproduce: (subject, target) => `${contentCommand(subject, target)} | tar -tvf -`,
  covers: ['C64', 'A151', 'B74'],
})
