import { defineCheck } from '../../helpers/check.ts'
import { inconclusive } from '../../helpers/verdict.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { authGate } from '../../helpers/probes/auth.ts'
import { concluded, curlRoute, eachFlow, evidence, flowOf, hasLogin, isOneOf, noLogin, sameBody, succeeded, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/protected-401',
  title: 'Protected routes refuse whoever is not logged in',
  failureTitle: 'A protected route answers whoever is not logged in',
  why: 'One route without the guard gives away what all the others protect.',
  source: 'RFC 9110 §15.5.2; RFC 6750 §3; OWASP ASVS 8.2.1',
  severity: 'critical',
  codes: {
    'auth.protected.open': {
      meaning: 'A protected route gives its content without a login, with a made-up or with a changed one.',
      fix: 'Guard it where the others are guarded, in the router and not in the page.',
    },
    'auth.protected.error': {
      meaning: 'Without a login, or with a broken one, the route ends in a server error.',
      fix: 'Refuse with 401; an error shows that the token is used before it is checked.',
    },
    'auth.protected.status': { meaning: 'The route refuses in words, but with a status that says success.', fix: 'Answer 401 with WWW-Authenticate.' },
    'auth.protected.undeclared': { meaning: 'The route refuses with another status than declared.', fix: 'Correct the application, or protected[].anonymous.' },
    'auth.protected.no-challenge': {
      meaning: 'A route for bearer tokens answers 401 without WWW-Authenticate.',
      fix: 'Send WWW-Authenticate: Bearer, with error="invalid_token" where there was one.',
    },
    'auth.protected.refused': {
      meaning: 'The right login does not open a protected route.',
      fix: 'Look at what a proxy does with Authorization and Cookie on that route.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasLogin(flow) && flow.protected !== undefined),
  unless: undeclared('login with protected routes'),
  needs: (subject, target) => ({ seen: authGate(flowOf(subject), target) }),
  judge: ({ seen }, { subject }) => {
    const { flow } = flowOf(subject)
    const blind = noLogin(seen.login)
    if (blind !== undefined) return blind
    const findings = seen.routes.flatMap((one): Finding[] => {
      const { route, authorised, anonymous } = one
      const asked = [anonymous, one.garbled, one.tampered].filter(({ failure, obstacle }) => failure === undefined && obstacle === undefined)
      const reads = one.method === 'GET'
      const wanted = route.status ?? 200
      const expected = route.anonymous ?? [401, 403]
      const found = asked.map((answer): Finding => {
        if (succeeded(answer)) {
          const inWords = /error|unauthori|forbidden|denied|login/i.test(answer.shape)
          const open =
            !reads || sameBody(answer, authorised) || (!answer.html && !inWords && (!succeeded(authorised) || answer.mediaType === authorised.mediaType))
          return open
            ? { grade: 'fail', code: 'auth.protected.open', evidence: evidence(answer, 'refused') }
            : { grade: 'fail', code: 'auth.protected.status', evidence: evidence(answer, 'refused with 401'), severity: 'medium' }
        }
        if (answer.status >= 500) return { grade: 'fail', code: 'auth.protected.error', evidence: evidence(answer, '401'), severity: 'medium' }
        const redirected = answer.status >= 300 && answer.status < 400 && route.anonymous === undefined && flow.kind === 'session'
        if (!redirected && !isOneOf(expected, answer, []) && answer !== one.garbled && answer !== one.tampered)
          return { grade: 'warn', code: 'auth.protected.undeclared', evidence: evidence(answer, `refused with ${[expected].flat().join(', ')}`) }
        if (answer.status === 401 && flow.login?.accessToken?.startsWith('cookie:') === false && answer.wwwAuthenticate === undefined)
          return { grade: 'warn', code: 'auth.protected.no-challenge', evidence: evidence(answer, 'WWW-Authenticate', 'none'), severity: 'low' }
        return { grade: 'pass', evidence: evidence(answer, 'refused') }
      })
      if (reads && route.roles === undefined && authorised.failure === undefined && authorised.obstacle === undefined)
        found.push(
          isOneOf(wanted, authorised, [])
            ? { grade: 'pass', evidence: evidence(authorised, `status ${[wanted].flat().join(', ')}`, String(authorised.status)) }
            : { grade: 'fail', code: 'auth.protected.refused', evidence: evidence(authorised, `status ${[wanted].flat().join(', ')}`), severity: 'high' },
        )
      return found
    })
    return concluded(findings, inconclusive('unobserved', 'no protected route answered'))
  },
  reproduce: (subject, target) => curlRoute(target, subject, { bearer: false, cookie: false }),
  covers: ['A10', 'A51'],
})
