import { defineCheck, hostOf } from '../../helpers/check.ts'
import { gatewayAnonymous } from '../../helpers/probes/forward-auth.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { curlHost, eachGuarded, evidence, guardedOf, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/api-401',
  title: 'Scripts are refused with a status',
  failureTitle: 'Scripts are answered with the login page',
  why: 'A script cannot follow a redirect to another origin, and a page in place of data is an error that nobody understands.',
  source: 'Fetch; OAuth2 Proxy: API routes',
  severity: 'medium',
  codes: {
    'forward-auth.api.redirect': {
      meaning: 'A script without a login is redirected.',
      fix: 'Answer 401 where Accept asks for JSON, or where X-Requested-With or Sec-Fetch-Mode say that a script asks.',
    },
    'forward-auth.api.page': { meaning: 'A script without a login gets a page with 200.', fix: 'Answer 401.' },
    'forward-auth.api.error': {
      meaning: 'A script without a login gets a server error.',
      fix: 'Look at what the guard does with the answer of the provider: nginx knows 2xx, 401 and 403 alone.',
    },
  },
  options: {},
  subjects: eachGuarded(),
  unless: undeclared('host behind a login'),
  needs: (subject, target) => ({ seen: gatewayAnonymous(guardedOf(subject), hostOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = unanswered(seen.api.map(({ answer }) => answer))
    if (blind !== undefined) return blind
    // Providers know a script by one sign or another: one that works is enough, none is not.
    const refused = seen.api.filter(({ answer }) => answer.status === 401 || answer.status === 403)
    return worst(
      seen.api.map(({ answer }): Finding => {
        const item = evidence(answer, '401')
        if (succeeded(answer)) return { grade: 'fail', code: 'forward-auth.api.page', evidence: item }
        if (answer.status >= 500) return { grade: 'fail', code: 'forward-auth.api.error', evidence: item }
        return refused.length > 0 || answer.status >= 400
          ? { grade: 'pass', evidence: item }
          : { grade: 'warn', code: 'forward-auth.api.redirect', evidence: item }
      }),
    )
  },
  reproduce: (subject, target) => curlHost(subject, target, { headers: [['Accept', 'application/json']] }),
})
