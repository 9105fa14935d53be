import { defineCheck, hostOf } from '../../helpers/check.ts'
import { gatewayAnonymous } from '../../helpers/probes/forward-auth.ts'
import { type Finding } from '../../helpers/verdict.ts'
import { concluded, curlHost, eachGuarded, evidence, guardedOf, kept, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/skip-paths',
  title: 'No spelling of a path leads past the login',
  failureTitle: 'A spelling of a path leads past the login',
  why: 'Guard and application that read a path differently leave a gap; public folders are where it is looked for.',
  source: 'CWE-22; CWE-288',
  severity: 'high',
  codes: {
    'forward-auth.path.bypass': {
      meaning: 'Another spelling of a protected path answers without a login.',
      fix: 'Match the normalised path; guard everything and name the public paths exactly.',
    },
    'forward-auth.path.public-closed': {
      meaning: 'A declared public path asks for a login.',
      fix: 'Leave it out of the guard, or correct forwardAuth.publicPaths.',
    },
  },
  options: {},
  subjects: eachGuarded(),
  unless: undeclared('host behind a login'),
  needs: (subject, target) => ({ seen: gatewayAnonymous(guardedOf(subject), hostOf(subject), target) }),
  judge: ({ seen }) => {
    const spellings = seen.tricks.filter(({ kind }) => kind === 'spelling')
    const blind = unanswered(spellings.slice(0, 1).map(({ answer }) => answer))
    if (blind !== undefined) return blind
    const open = seen.open.map(({ answer }): Finding => {
      const item = evidence(answer, '2xx or 404 without a login')
      return succeeded(answer) || answer.status === 404
        ? { grade: 'pass', evidence: item }
        : { grade: 'fail', code: 'forward-auth.path.public-closed', evidence: item, severity: 'medium' }
    })
    return concluded([...kept(spellings, { open: 'forward-auth.path.bypass' }), ...open])
  },
  reproduce: (subject, target) => curlHost(subject, target, {}, '//admin'),
  covers: ['B27'],
})
