import { defineCheck, hostOf } from '../../helpers/check.ts'
import { gatewayAnonymous } from '../../helpers/probes/forward-auth.ts'
import { concluded, curlHost, eachGuarded, guardedOf, kept, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/paths',
  title: 'Every path and method is behind the login',
  failureTitle: 'A path or a method is not behind the login',
  why: 'A guard on the start page alone keeps out whoever comes in by the front door.',
  source: 'WSTG-ATHZ-02',
  severity: 'critical',
  codes: {
    'forward-auth.path.open': { meaning: 'A path or a method answers without a login.', fix: 'Guard the whole host, and name what is public instead.' },
    'forward-auth.path.error': { meaning: 'A path or a method ends in a server error without a login.', fix: 'Look at what the provider answers for it.' },
  },
  options: {},
  subjects: eachGuarded(),
  unless: undeclared('host behind a login'),
  needs: (subject, target) => ({ seen: gatewayAnonymous(guardedOf(subject), hostOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = unanswered(seen.paths.map(({ answer }) => answer))
    if (blind !== undefined) return blind
    // Where the login page stands in place of the document, a head alone does not show whose it is.
    const methods = seen.tricks.filter(({ kind, answer }) => kind === 'method' && !(answer.method === 'HEAD' && seen.paths[0]?.loginPage === true))
    return concluded([
      ...kept(seen.paths, { open: 'forward-auth.path.open', error: 'forward-auth.path.error' }),
      ...kept(methods, { open: 'forward-auth.path.open' }),
    ])
  },
  reproduce: (subject, target) => curlHost(subject, target, { method: 'HEAD' }),
  covers: ['B27'],
})
