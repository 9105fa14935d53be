import type { ArtifactFacts, ObjectCounts } from '../../helpers/artifact/facts.ts'
import { roleOf } from '../../helpers/artifact/subjects.ts'
import { defineCheck } from '../../helpers/check.ts'
import { type Finding, skip } from '../../helpers/verdict.ts'
import { contentCommand, few, isCut, judgeParts, look, mayHold, noBackups, parts, say } from './shared.ts'

const readable = (facts: ArtifactFacts | undefined): boolean => facts?.dump !== undefined && !isCut(facts)
const plainName = (label: string): string => label.replaceAll(/\d+/g, '#')

export default defineCheck({
  id: 'artifact/scope-complete',
  title: 'The dump covers what the one before it covered',
  failureTitle: 'The dump no longer covers what the one before it covered',
  why: 'One more option in the script (-t, -n, -a, -s, --exclude) leaves out tables, keys or triggers, and every run ends well.',
  source: 'objects in the dump by kind, compared with the whole set before it',
  severity: 'critical',
  codes: {
    'artifact.scope.kind-lost': {
      meaning: 'A whole kind of objects (indexes, foreign keys, triggers…) is no longer in the dump.',
      fix: 'Look for new options of the dump tool in the script.',
    },
    'artifact.scope.tables-lost': {
      meaning: 'Tables of the dump before are no longer in it.',
      fix: 'If no migration dropped them, look for -t, -n and --exclude in the script.',
    },
  },
  options: {},
  subjects: mayHold('postgres', 'globals', 'mysql'),
  unless: noBackups,
  needs: (subject) => ({ artifact: look(subject), previous: look(subject, 1) }),
  judge: ({ artifact, previous }, { subject }) => {
    if (artifact !== undefined && previous === undefined) return skip('not-applicable', 'there is no earlier set to compare with')
    const before = previous === undefined ? [] : parts(previous, roleOf(subject))
    return judgeParts(
      artifact,
      subject,
      (part): Finding[] => {
        const earlier = before.find((one) => plainName(one.label) === plainName(part.label))?.facts
        const then = earlier?.dump
        const now = part.facts.dump
        if (then === undefined || now === undefined || !readable(part.facts) || !readable(earlier)) return []
        const lost = (Object.keys(then.objects) as (keyof ObjectCounts)[]).filter((kind) => then.objects[kind] > 0 && now.objects[kind] === 0)
        const names = new Set(now.tables.filter(({ defined }) => defined).map(({ name }) => name))
        const gone = then.tables.filter(({ defined, name }) => defined && !names.has(name)).map(({ name }) => name)
        return [
          {
            grade: lost.length === 0 ? 'pass' : 'fail',
            code: 'artifact.scope.kind-lost',
            evidence: say(
              part,
              'kinds of objects',
              `those of ${previous?.file.name ?? 'the one before'}`,
              lost.length === 0 ? 'all there' : lost.map((kind) => `${kind}: ${then.objects[kind]} before, 0 now`).join('; '),
            ),
          },
          {
            grade: gone.length === 0 ? 'pass' : 'warn',
            code: 'artifact.scope.tables-lost',
            evidence: say(part, 'tables', `${then.objects.tables}, as before`, gone.length === 0 ? 'all there' : `without ${few(gone)}`),
          },
        ]
      },
      'it holds no dump to compare',
    )
  },
  reproduce: (subject, target) => `${contentCommand(subject, target)} | grep -a -c -E '^(CREATE|ALTER) '`,
  covers: ['A150', 'B77'],
})
