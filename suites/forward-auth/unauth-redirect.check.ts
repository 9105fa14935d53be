import { defineCheck, hostOf } from '../../helpers/check.ts'
import { gatewayAnonymous } from '../../helpers/probes/forward-auth.ts'
import { fail, pass, warn } from '../../helpers/verdict.ts'
import { curlHost, eachGuarded, evidence, guardedOf, isLogin, logins, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/unauth-redirect',
  title: 'Visitors without a login are sent to it',
  failureTitle: 'Visitors without a login are not sent to it',
  why: 'A host that misses its forward_auth line looks the same to everybody who is logged in.',
  source: 'RFC 9110 §15.4; nginx ngx_http_auth_request_module',
  severity: 'critical',
  codes: {
    'forward-auth.open': {
      meaning: 'A protected host answers its content without a login.',
      fix: 'Put the guard into the block of that host: forward_auth, auth_request, or the middleware.',
    },
    'forward-auth.error': {
      meaning: 'Instead of the login there is a server error: nginx takes only 2xx, 401 and 403 of the provider.',
      fix: 'Let the provider answer 401 and redirect with error_page, or look at its log.',
    },
    'forward-auth.refused': {
      meaning: 'Visitors are refused without being sent to the login.',
      fix: 'Redirect to the login: error_page 401 with auth_request; the outpost path with forward_auth.',
    },
    'forward-auth.elsewhere': {
      meaning: 'Visitors are sent to another place than the declared login.',
      fix: 'Correct the external address of the provider, or forwardAuth.login.',
    },
    'forward-auth.page': {
      meaning: 'The login page is answered in place of the document, with 200.',
      fix: 'Redirect to the login: caches and scripts take 200 for the document.',
    },
  },
  options: {},
  subjects: eachGuarded(),
  unless: undeclared('host behind a login'),
  needs: (subject, target) => ({ seen: gatewayAnonymous(guardedOf(subject), hostOf(subject), target) }),
  judge: ({ seen }, { subject, target }) => {
    const guarded = guardedOf(subject)
    const { document } = seen
    const { answer } = document
    const blind = unanswered([answer])
    if (blind !== undefined) return blind
    const statuses = [guarded.gateway.status ?? [302, 303, 307]].flat()
    const item = evidence(answer, `${statuses.join(', ')} to ${logins(guarded, target)}`)
    if (succeeded(answer)) return document.loginPage ? warn('forward-auth.page', item) : fail('forward-auth.open', item)
    if (answer.status >= 500) return fail('forward-auth.error', item)
    if (answer.status >= 300 && answer.status < 400)
      return isLogin(document.location, guarded, target)
        ? statuses.includes(answer.status)
          ? pass(item)
          : warn('forward-auth.elsewhere', item)
        : fail('forward-auth.elsewhere', item)
    return answer.status === 401 && guarded.gateway.login.length === 0 ? pass(item) : warn('forward-auth.refused', item)
  },
  reproduce: (subject, target) => curlHost(subject, target),
  covers: ['B19'],
})
