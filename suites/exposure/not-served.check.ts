import { defineCheck } from '../../helpers/check.ts'
import type { Target } from '../../helpers/target.ts'
import { declaredSweep, hostsWith, judgeDeclared } from './declared.ts'
import { curlOf } from './shared.ts'

const pathsOf = (target: Target): readonly string[] => target.file.exposure?.notServed ?? []

export default defineCheck({
  id: 'exposure/not-served',
  title: 'Paths that must not be served are not',
  failureTitle: 'A path that must not be served is served',
  why: 'The owner named these paths because their content is for nobody outside.',
  source: 'exposure.notServed of the target',
  severity: 'high',
  codes: {
    'exposure.not-served': {
      meaning: 'A path of exposure.notServed is answered with content of its own.',
      fix: 'nginx: location = /path { return 404; }; keep the file outside the document root.',
    },
  },
  options: {},
  subjects: hostsWith(pathsOf),
  unless: { skip: 'not-declared', reason: 'exposure.notServed is not declared' },
  needs: (subject, target) => ({ sweep: declaredSweep(subject, 'not-served', pathsOf(target)) }),
  judge: ({ sweep }) => judgeDeclared(sweep, 'exposure.not-served', 'a refusal (404, 403, 401), or what the host answers to any path'),
  reproduce: (subject, target, evidence) => curlOf(pathsOf(target)[0] ?? '/')(subject, target, evidence),
  covers: ['E31', 'E57'],
})
