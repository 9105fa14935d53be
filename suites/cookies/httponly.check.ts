import { defineCheck, hostOf } from '../../helpers/check.ts'
import { curl, everyHost, evidenceOf, looks, noHosts, perCookie } from './shared.ts'

export default defineCheck({
  id: 'cookies/httponly',
  title: 'Scripts cannot read session cookies',
  failureTitle: 'Scripts can read a session cookie',
  why: 'One injected script, also of a third party, then takes the session with it.',
  source: 'RFC 6265bis §5.6.6; OWASP ASVS 3.3.4',
  severity: 'high',
  codes: {
    'cookies.httponly.missing': {
      meaning: 'A session cookie lacks HttpOnly.',
      fix: 'Set HttpOnly; a cookie that scripts must read by design is declared with httpOnly: false.',
    },
  },
  options: {},
  subjects: everyHost,
  unless: noHosts,
  needs: looks,
  judge: (seen, { subject, target }) =>
    perCookie(seen.looks, hostOf(subject), target, (found) => {
      if (found.expiry.kind === 'deletion' || found.role !== 'session') return undefined
      const readable = found.declared.some((entry) => entry.name === found.cookie.name && entry.httpOnly === false)
      return {
        grade: found.cookie.httpOnly || readable ? 'pass' : 'fail',
        code: 'cookies.httponly.missing',
        evidence: evidenceOf(found, readable ? 'readable, as declared' : 'HttpOnly'),
      }
    }),
  reproduce: curl,
  covers: ['A52', 'B24', 'E4'],
})
