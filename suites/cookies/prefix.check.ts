import { defineCheck, hostOf } from '../../helpers/check.ts'
import { brokenPrefixRules, prefixOf } from '../../helpers/grammar/set-cookie.ts'
import { curl, everyHost, evidenceOf, looks, noHosts, perCookie } from './shared.ts'

export default defineCheck({
  id: 'cookies/prefix',
  title: 'Cookie name prefixes keep their promise',
  failureTitle: 'A cookie breaks the promise of its name',
  why: 'Browsers drop a __Host- or __Secure- cookie that breaks its rules: the login fails. Without a prefix a sibling host can plant a session.',
  source: 'RFC 6265bis §4.1.3, §5.7; OWASP ASVS 3.3.1, 3.3.3',
  severity: 'medium',
  codes: {
    'cookies.prefix.broken': {
      meaning: 'A prefixed cookie breaks the rules of its prefix: browsers drop it.',
      fix: '__Secure-: Secure. __Host-: Secure, Path=/ and no Domain. __Http-: Secure and HttpOnly.',
    },
    'cookies.prefix.unused': { meaning: 'No session cookie has a prefix.', fix: 'Name it __Host-…, or declare the cookie by its name.' },
  },
  options: {},
  subjects: everyHost,
  unless: noHosts,
  needs: looks,
  judge: (seen, { subject, target }) =>
    perCookie(seen.looks, hostOf(subject), target, (found) => {
      const broken = brokenPrefixRules(found.cookie)
      // A deletion that browsers drop deletes nothing.
      if (broken.length > 0)
        return {
          grade: 'fail',
          code: 'cookies.prefix.broken',
          evidence: evidenceOf(found, 'the rules of the prefix', `${broken.join(', ')}: ${found.cookie.name}`),
        }
      if (prefixOf(found.cookie.name) !== undefined) return { grade: 'pass', evidence: evidenceOf(found, 'the rules of the prefix') }
      if (found.role !== 'session' || found.expiry.kind === 'deletion') return undefined
      const named = found.declared.some((entry) => entry.name === found.cookie.name)
      return named
        ? { grade: 'pass', evidence: evidenceOf(found, 'a prefix, or the declared name') }
        : { grade: 'warn', code: 'cookies.prefix.unused', evidence: evidenceOf(found, '__Host- or __Secure-'), severity: 'low' }
    }),
  reproduce: curl,
  covers: ['E4'],
})
