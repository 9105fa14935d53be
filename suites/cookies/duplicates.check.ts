import { defineCheck, hostOf } from '../../helpers/check.ts'
import type { SetCookie } from '../../helpers/grammar/set-cookie.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { conclude, cookiesOf, curl, everyHost, evidenceOf, type Found, looks, noHosts, pathOf, shown } from './shared.ts'

/** Browsers keep one cookie per name, domain, path and partition (RFC 6265bis §5.7 step 23; CHIPS). */
const placeOf = (found: Found, partitioned: boolean): string => [found.cookie.domain ?? '', pathOf(found), partitioned].join(' ')
const flagsOf = (cookie: SetCookie): string => [cookie.secure, cookie.httpOnly, cookie.sameSite].join(' ')

export default defineCheck({
  id: 'cookies/duplicates',
  title: 'Every cookie is set once',
  failureTitle: 'One cookie is set twice',
  why: 'Framework and proxy both set it: which one wins is chance, and the one without flags may be it.',
  source: 'RFC 6265bis §4.1.1, §5.7',
  severity: 'medium',
  codes: {
    'cookies.duplicate.flags': {
      meaning: 'One answer sets a cookie twice with different flags.',
      fix: 'Let one layer set it; add flags in the proxy with proxy_cookie_flags, not with a second Set-Cookie.',
    },
    'cookies.duplicate.scope': {
      meaning: 'Cookies of one name live side by side for different domains or paths; the application gets both.',
      fix: 'Use one Domain and one Path everywhere; clear the old one.',
    },
    'cookies.duplicate.same': { meaning: 'One answer sets the same cookie twice.', fix: 'Let one layer set it.' },
  },
  options: {},
  subjects: everyHost,
  unless: noHosts,
  needs: looks,
  judge: (seen, { subject, target }) => {
    const cookies = cookiesOf(seen.looks.responses, hostOf(subject), target).filter((one) => one.expiry.kind !== 'deletion' && one.role !== 'edge')
    const byName = Map.groupBy(cookies, (one) => one.cookie.name)
    const findings = [...byName.values()].flatMap((all): readonly Finding[] => {
      const first = all[0] as Found
      const together = [...Map.groupBy(all, (one) => one.seen).values()].find((some) => some.length > 1)
      const evidence = (some: readonly Found[]): Finding['evidence'] =>
        evidenceOf(first, 'set once, the same everywhere', some.map(shown).join(' | ').slice(0, 800))
      if (together !== undefined) {
        const places = [...Map.groupBy(together, (one) => placeOf(one, one.cookie.partitioned)).values()].filter((some) => some.length > 1)
        const differing = places.find((some) => new Set(some.map((one) => flagsOf(one.cookie))).size > 1)
        if (differing !== undefined) return [{ grade: 'fail', code: 'cookies.duplicate.flags', evidence: evidence(differing) }]
        if (places[0] !== undefined) return [{ grade: 'warn', code: 'cookies.duplicate.same', evidence: evidence(places[0]), severity: 'low' }]
        // With and without a partition side by side is how one moves to partitioned cookies (CHIPS).
        if (new Set(together.map((one) => placeOf(one, false))).size > 1)
          return [{ grade: 'fail', code: 'cookies.duplicate.scope', evidence: evidence(together) }]
      }
      // A default path differs by URL without anybody having meant it; only what is written is compared.
      const written = new Set(all.map((one) => `${one.cookie.domain ?? ''} ${one.cookie.path ?? '/'}`))
      return written.size > 1
        ? [{ grade: first.role === 'session' ? 'fail' : 'warn', code: 'cookies.duplicate.scope', evidence: evidence(all) }]
        : [{ grade: 'pass', evidence: evidence([first]) }]
    })
    return conclude(findings, seen.looks)
  },
  reproduce: curl,
  covers: ['E4'],
})
