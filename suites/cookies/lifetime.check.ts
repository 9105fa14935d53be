import { defineCheck, hostOf } from '../../helpers/check.ts'
import { curl, everyHost, evidenceOf, looks, noHosts, perCookie, shown } from './shared.ts'

const DAY = 86_400

export default defineCheck({
  id: 'cookies/lifetime',
  title: 'Cookies live no longer than they should',
  failureTitle: 'A cookie lives too long',
  why: 'A session that a lost device keeps for a year is a key left in the door; browsers cut everything at 400 days.',
  source: 'RFC 6265bis §5.5 (400 days); OWASP ASVS 7.3',
  severity: 'low',
  codes: {
    'cookies.lifetime.capped': { meaning: 'A cookie asks for more than 400 days: browsers cut it.', fix: 'Set Max-Age to 34560000 at most.' },
    'cookies.lifetime.session': {
      meaning: 'A session cookie lives longer than 30 days.',
      fix: 'Shorten Max-Age and renew it on use, or declare maxAge of the cookie.',
    },
    'cookies.lifetime.ignored': {
      meaning: 'Max-Age or Expires cannot be read: the cookie ends with the browser session.',
      fix: 'Write Max-Age with digits only, Expires as an HTTP date.',
    },
  },
  options: { sessionDays: 30, capDays: 400 },
  subjects: everyHost,
  unless: noHosts,
  needs: looks,
  judge: (seen, { subject, target, options }) =>
    perCookie(seen.looks, hostOf(subject), target, (found) => {
      const { cookie, expiry } = found
      if (expiry.kind === 'deletion') return undefined
      const expected = `at most ${found.role === 'session' ? options.sessionDays : options.capDays} days`
      if (expiry.kind === 'session') {
        const unread = cookie.maxAge === 'invalid' || cookie.expires === 'invalid'
        return unread
          ? {
              grade: 'warn',
              code: 'cookies.lifetime.ignored',
              evidence: evidenceOf(found, 'a time that browsers can read', `${cookie.name}: ${cookie.ignored.join('; ')}`),
            }
          : { grade: 'pass', evidence: evidenceOf(found, expected, `${shown(found)}: ends with the browser session`) }
      }
      const days = expiry.seconds / DAY
      const evidence = evidenceOf(found, expected, `${cookie.name}: ${days.toFixed(1)} days`)
      const declared = found.declared.some((entry) => entry.maxAge !== undefined && expiry.seconds <= entry.maxAge + 60)
      // What is for remembering is meant to last.
      const keeps = /remember/i.test(cookie.name)
      if (found.role === 'session' && !declared && !keeps && !(days <= options.sessionDays))
        return { grade: 'fail', code: 'cookies.lifetime.session', evidence }
      // Expires of exactly 400 days is a little less or more by the second it took.
      return days <= options.capDays + 0.01 ? { grade: 'pass', evidence } : { grade: 'warn', code: 'cookies.lifetime.capped', evidence }
    }),
  reproduce: curl,
  covers: ['E3'],
})
