import { defineCheck, hostOf } from '../../helpers/check.ts'
import { readStrictTransportSecurity } from '../../helpers/grammar/strict-transport-security.ts'
import { headerValue } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { curl, everyHost, evidenceOf, looks, noHosts, perCookie } from './shared.ts'

/** The answer itself keeps browsers off plain http. */
function hasHsts(seen: HttpObservation): boolean {
  const field = headerValue(seen.headers, 'strict-transport-security')
  if (field === undefined) return false
  const read = readStrictTransportSecurity(field)
  return read.ok && read.maxAge > 0
}

export default defineCheck({
  id: 'cookies/secure',
  title: 'Cookies are sent over https only',
  failureTitle: 'A cookie is sent over plain http too',
  why: 'Without Secure any http request to the host, even one that an attacker provokes, carries the cookie in clear.',
  source: 'RFC 6265bis §5.6.5; OWASP ASVS 3.3.1',
  severity: 'high',
  codes: {
    'cookies.secure.session': {
      meaning: 'A session cookie lacks Secure.',
      fix: 'Set Secure in the application (behind a proxy: let it trust X-Forwarded-Proto); nginx: proxy_cookie_flags ~ secure.',
    },
    'cookies.secure.other': { meaning: 'A cookie lacks Secure, and no HSTS keeps browsers off http.', fix: 'Set Secure; serve Strict-Transport-Security.' },
    'cookies.secure.hsts-only': { meaning: 'A cookie lacks Secure; only HSTS protects it.', fix: 'Set Secure.' },
  },
  options: {},
  subjects: everyHost,
  unless: noHosts,
  needs: looks,
  judge: (seen, { subject, target }) =>
    perCookie(seen.looks, hostOf(subject), target, (found) => {
      if (found.expiry.kind === 'deletion' || found.role === 'edge') return undefined
      const evidence = evidenceOf(found, 'Secure')
      if (found.cookie.secure) return { grade: 'pass', evidence }
      if (found.role === 'session') return { grade: 'fail', code: 'cookies.secure.session', evidence, severity: 'high' }
      return hasHsts(found.seen)
        ? { grade: 'warn', code: 'cookies.secure.hsts-only', evidence, severity: 'low' }
        : { grade: 'fail', code: 'cookies.secure.other', evidence, severity: 'medium' }
    }),
  reproduce: curl,
  covers: ['A52', 'B24', 'E4'],
})
