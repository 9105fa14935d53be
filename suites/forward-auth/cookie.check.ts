import { defineCheck } from '../../helpers/check.ts'
import { gatewaySession } from '../../helpers/probes/forward-auth.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { curlSignIn, eachGateway, evidence, guardedOf, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/cookie',
  title: 'The cookie of the login is out of reach of others',
  failureTitle: 'The cookie of the login is in reach of others',
  why: 'This one cookie opens every host behind the gateway.',
  source: 'OWASP ASVS 3.3; RFC 6265bis §5.7',
  severity: 'high',
  codes: {
    'forward-auth.cookie.not-secure': { meaning: 'The cookie has no Secure.', fix: 'Set Secure.' },
    'forward-auth.cookie.script': { meaning: 'The cookie has no HttpOnly.', fix: 'Set HttpOnly.' },
    'forward-auth.cookie.same-site': { meaning: 'The cookie has no SameSite.', fix: 'Set SameSite=Lax.' },
    'forward-auth.cookie.domain': { meaning: 'The cookie has another Domain than declared.', fix: 'Set the declared Domain.' },
  },
  options: {},
  subjects: eachGateway(({ gateway }) => gateway.signIn !== undefined),
  unless: undeclared('signIn'),
  needs: (subject, target) => ({ seen: gatewaySession(guardedOf(subject), target) }),
  judge: ({ seen }, { subject, target }) => {
    const blind = unanswered([seen.signIn])
    if (blind !== undefined) return blind
    const { cookie } = seen
    if (cookie === undefined)
      return inconclusive('unobserved', 'the login sets no such cookie: forward-auth/session says how', evidence(seen.signIn, 'a cookie'))
    const findings: Finding[] = []
    const say = (ok: boolean, code: string, expected: string, received: string, severity?: 'medium'): void => {
      const item = evidence(seen.signIn, expected, received)
      findings.push(ok ? { grade: 'pass', evidence: item } : { grade: 'fail', code, evidence: item, ...(severity === undefined ? {} : { severity }) })
    }
    say(cookie.secure, 'forward-auth.cookie.not-secure', 'Secure', cookie.secure ? 'Secure' : 'none')
    say(cookie.httpOnly, 'forward-auth.cookie.script', 'HttpOnly', cookie.httpOnly ? 'HttpOnly' : 'none')
    say(
      cookie.sameSite === 'lax' || cookie.sameSite === 'strict' || (cookie.sameSite === 'none' && cookie.secure),
      'forward-auth.cookie.same-site',
      'SameSite',
      cookie.sameSite,
      'medium',
    )
    const wanted = guardedOf(subject).gateway.signIn?.domain?.replaceAll('{domain}', target.domain).replace(/^\./, '')
    if (wanted !== undefined) say(cookie.domain === wanted, 'forward-auth.cookie.domain', `Domain ${wanted}`, cookie.domain ?? 'none')
    return worst(findings)
  },
  reproduce: curlSignIn,
  covers: ['B24'],
})
