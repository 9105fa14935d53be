import { defineCheck } from '../../helpers/check.ts'
import type { Target } from '../../helpers/target.ts'
import { declaredSweep, hostsWith, judgeDeclared } from './declared.ts'
import { curlOf } from './shared.ts'

const pathsOf = (target: Target): readonly string[] => target.file.exposure?.adminPaths ?? []

export default defineCheck({
  id: 'exposure/admin-paths',
  title: 'Administration asks for a login',
  failureTitle: 'Administration is shown without login',
  why: 'An interface that only hides its links is open to whoever knows the address.',
  source: 'exposure.adminPaths of the target; OWASP WSTG-ATHZ-02',
  severity: 'critical',
  codes: {
    'exposure.admin-path.open': {
      meaning: 'A path of exposure.adminPaths is shown to an anonymous visitor.',
      fix: 'Check the login on the server for every request below it, or put forward authentication before it.',
    },
  },
  options: {},
  subjects: hostsWith(pathsOf),
  unless: { skip: 'not-declared', reason: 'exposure.adminPaths is not declared' },
  needs: (subject, target) => ({ sweep: declaredSweep(subject, 'admin-paths', pathsOf(target)) }),
  judge: ({ sweep }) => judgeDeclared(sweep, 'exposure.admin-path.open', '401, 403, 404, a redirect, a login, or the page that a program loads itself into'),
  reproduce: (subject, target, evidence) => curlOf(pathsOf(target)[0] ?? '/')(subject, target, evidence),
})
