import { defineCheck, hostOf } from '../../helpers/check.ts'
import { curl, everyHost, evidenceOf, looks, noHosts, perCookie } from './shared.ts'

export default defineCheck({
  id: 'cookies/samesite',
  title: 'Cookies say whether other sites may send them along',
  failureTitle: 'A cookie leaves open whether other sites may send it along',
  why: 'Chromium reads a missing SameSite as Lax, Firefox and Safari as none: forged requests then carry the session there.',
  source: 'RFC 6265bis §5.6.7; OWASP ASVS 3.3.2',
  severity: 'medium',
  codes: {
    'cookies.samesite.missing': { meaning: 'A cookie has no SameSite.', fix: 'Set SameSite=Lax, or Strict where no link from outside must arrive signed in.' },
    'cookies.samesite.csrf': { meaning: 'The token against forged requests has no SameSite itself.', fix: 'Set SameSite=Lax or Strict.' },
    'cookies.samesite.invalid': { meaning: 'SameSite is none of Strict, Lax and None: browsers ignore it.', fix: 'Write Strict, Lax or None.' },
    'cookies.samesite.none-insecure': { meaning: 'SameSite=None without Secure: browsers drop the cookie.', fix: 'Add Secure.' },
    'cookies.samesite.none': {
      meaning: 'A session cookie goes along with requests of every other site.',
      fix: 'Set Lax; where embedding or single sign-on needs None, declare it (sameSite: None).',
    },
  },
  options: {},
  subjects: everyHost,
  unless: noHosts,
  needs: looks,
  judge: (seen, { subject, target }) =>
    perCookie(seen.looks, hostOf(subject), target, (found) => {
      if (found.expiry.kind === 'deletion' || found.role === 'edge') return undefined
      const { sameSite, secure } = found.cookie
      const evidence = evidenceOf(found, 'SameSite=Lax or Strict')
      if (sameSite === 'strict' || sameSite === 'lax') return { grade: 'pass', evidence }
      if (sameSite === 'invalid') return { grade: 'fail', code: 'cookies.samesite.invalid', evidence }
      if (sameSite === 'absent') {
        if (found.role === 'csrf') return { grade: 'fail', code: 'cookies.samesite.csrf', evidence }
        return { grade: 'warn', code: 'cookies.samesite.missing', evidence, ...(found.role === 'session' ? {} : { severity: 'low' as const }) }
      }
      sameSite satisfies 'none'
      if (!secure) return { grade: 'fail', code: 'cookies.samesite.none-insecure', evidence }
      const wanted = found.declared.some((entry) => [entry.sameSite ?? []].flat().includes('None'))
      return found.role === 'session' && !wanted ? { grade: 'warn', code: 'cookies.samesite.none', evidence } : { grade: 'pass', evidence }
    }),
  reproduce: curl,
  covers: ['A52', 'B24', 'E4'],
})
