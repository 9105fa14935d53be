import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { headerValues } from '../../helpers/headers.ts'
import { attempt } from '../../helpers/probe.ts'
import { fail, inconclusive, pass, type Verdict, warn } from '../../helpers/verdict.ts'
import { curlPlain, DEEP_PATH, evidenceOf, isClosed, noHosts, obstacle, plainRequest } from './shared.ts'

/** Names by which frameworks call what carries a login: PHPSESSID, connect.sid, laravel_session, auth_token. */
const SENSITIVE = /sess|(?:^|[^a-z])sid(?![a-z])|auth(?!or)|token|jwt|login|remember|csrf|xsrf/i

export default defineCheck({
  id: 'redirects/cookie-on-http',
  title: 'No cookie is set over plain http',
  failureTitle: 'A cookie is set over plain http',
  why: 'Whoever listens has it, and whoever is on the way can plant one of his own before the login.',
  source: 'RFC 6265bis §8.3 (weak confidentiality)',
  severity: 'high',
  codes: {
    'redirects.cookie.session': {
      meaning: 'A cookie whose name speaks of a session or login is set over http.',
      fix: 'Set cookies only over https: let the redirect be made before the application.',
    },
    'redirects.cookie.other': { meaning: 'A cookie is set over http.', fix: 'Let the proxy redirect without asking the application.' },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ plain: attempt(plainRequest(hostOf(subject))), deep: attempt(plainRequest(hostOf(subject), DEEP_PATH)) }),
  judge: ({ plain, deep }, { subject, target }) => {
    if (isClosed(plain)) return pass({ what: `port 80 of ${subject.name}`, expected: 'no Set-Cookie', received: 'connection refused' })
    const seen = [plain, deep].flatMap((one) => (one.ok ? [one.value] : []))
    if (seen.length === 0) return inconclusive('unobserved', 'port 80 gave no answer')
    const cookies = seen.flatMap((one) => headerValues(one.headers, 'set-cookie').map((cookie) => ({ one, name: cookie.split(/[=;]/, 1)[0]?.trim() ?? '' })))
    const first = seen[0] as (typeof seen)[number]
    if (cookies.length === 0 && seen.every((one) => obstacle(one) !== undefined)) return obstacle(first) as Verdict
    if (cookies.length === 0) return pass(evidenceOf(first, 'no Set-Cookie', 'none', `Set-Cookie of ${seen.map((one) => one.url).join(', ')}`))
    const evidence = cookies.map(({ one, name }) => evidenceOf(one, 'no Set-Cookie', `cookie ${name}`, `Set-Cookie of ${one.url}`))
    const carriesLogin = cookies.some(
      ({ name }) => SENSITIVE.test(name) || (target.file.cookies ?? []).some((cookie) => cookie.session === true && cookie.name === name),
    )
    return carriesLogin ? fail('redirects.cookie.session', evidence) : warn('redirects.cookie.other', evidence, 'medium')
  },
  reproduce: curlPlain(),
})
