import { defineCheck } from '../../helpers/check.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { contentCommand, few, judgeParts, look, mayHold, noBackups, say } from './shared.ts'

export default defineCheck({
  id: 'artifact/tar-safe',
  title: 'Nothing in the archive leaves the folder it is unpacked into',
  failureTitle: 'The archive would write outside the folder it is unpacked into',
  why: 'Absolute names, .. and links overwrite files of the machine that restores, with whatever rights the restore has.',
  source: 'GNU tar manual, Security: absolute file names, .., symbolic links, devices',
  severity: 'critical',
  codes: {
    'artifact.tar.climbs': {
      meaning: 'Names in the archive lead out of the folder.',
      fix: 'Make it with tar -C folder and relative names; do not unpack this one with -P.',
    },
    'artifact.tar.link': { meaning: 'A link in the archive leads out of the folder.', fix: 'Replace the link by the file (tar -h), or leave it out.' },
    'artifact.tar.device': { meaning: 'The archive holds devices or pipes.', fix: 'Leave them out: uploads have none.' },
  },
  options: {},
  subjects: mayHold(),
  unless: noBackups,
  needs: (subject) => ({ artifact: look(subject) }),
  judge: ({ artifact }, { subject }) =>
    judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const { tar } = part.facts
        if (tar === undefined) return []
        if (tar.hostileCount === 0) return [{ grade: 'pass', evidence: say(part, 'names and links', 'within the folder', `all ${tar.entries}`) }]
        const of = (code: string, ...kinds: readonly string[]): Finding[] => {
          const names = tar.hostile.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name)
          return names.length === 0 ? [] : [{ grade: 'fail', code, evidence: say(part, kinds.join(' or '), 'none', few(names)) }]
        }
        return [...of('artifact.tar.climbs', 'absolute', 'climbing'), ...of('artifact.tar.link', 'link'), ...of('artifact.tar.device', 'device')]
      },
      'it is no tar archive',
    ),
  reproduce: (subject, target) => `${contentCommand(subject, target)} | tar -tvPf - | grep -E ' /|\\.\\./|^[bcp]'`,
  covers: ['A150'],
})
