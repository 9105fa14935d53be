import { defineCheck, hostOf } from '../../helpers/check.ts'
import { sharedHit, targetedControls, targetedSeconds } from '../../helpers/grammar/shared-cache.ts'
import { headerValues } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { conclude, cookiesOf, curl, everyHost, evidenceOf, type Found, noHosts, samples } from './shared.ts'

/** RFC 9110 §15.1: without any word about it these may be stored. */
const HEURISTIC: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501])

/** Directives in lower case; those with a field list (`private="x"`, `no-cache="x"`) protect that field only and count as `name=…`. */
const directivesOf = (seen: HttpObservation): readonly string[] =>
  headerValues(seen.headers, 'cache-control')
    .flatMap((line) => line.match(/[^\s,="]+(?:\s*=\s*(?:"[^"]*"|[^\s,"]*))?/g) ?? [])
    .map((one) => one.replace(/\s/g, '').toLowerCase())
const positive = (directives: readonly string[], name: string): boolean => directives.some((one) => new RegExp(`^${name}="?0*[1-9]`).test(one))

/** What a shared cache may do with the answer: `kept` it did already. */
function storage(seen: HttpObservation): 'kept' | 'invited' | 'forbidden' | 'unsaid' {
  if (sharedHit(seen.headers) !== undefined) return 'kept'
  if (targetedControls(seen.headers).some(({ control }) => targetedSeconds(control) > 0)) return 'invited'
  const directives = directivesOf(seen)
  if (directives.includes('no-store') || directives.includes('private')) return 'forbidden'
  // Shared caches go by s-maxage where it is there (RFC 9111 §5.2.2.10), and take nothing again unasked that says no-cache.
  const life = directives.some((one) => one.startsWith('s-maxage=')) ? 's-maxage' : 'max-age'
  if (directives.includes('public') || (positive(directives, life) && !directives.includes('no-cache'))) return 'invited'
  return HEURISTIC.has(seen.status) || directives.length > 0 ? 'unsaid' : 'forbidden'
}

export default defineCheck({
  id: 'cookies/cacheable-set-cookie',
  title: 'Answers that set a cookie stay out of shared caches',
  failureTitle: 'A shared cache may hand one visitor’s cookie to another',
  why: 'A cache that keeps Set-Cookie signs every visitor in as the first one.',
  source: 'RFC 9111 §7.3; OWASP ASVS 14.3.2',
  severity: 'high',
  codes: {
    'cookies.cached.same-session': {
      meaning: 'Two fresh visitors got one session from an answer that caches may keep.',
      fix: 'Empty the cache; send Cache-Control: private, no-store with Set-Cookie; let the cache pass such answers by.',
    },
    'cookies.cached.session': {
      meaning: 'An answer that shared caches keep or may keep sets a session cookie.',
      fix: 'Send Cache-Control: private, no-store with it.',
    },
    'cookies.cached.unsaid': {
      meaning: 'An answer sets a session cookie and does not say that caches must not keep it.',
      fix: 'Send Cache-Control: private, no-store with it.',
    },
    'cookies.cached.other': {
      meaning: 'An answer that shared caches are invited to keep sets a cookie.',
      fix: 'Do not set cookies on public answers, or send private.',
    },
  },
  options: {},
  subjects: everyHost,
  unless: noHosts,
  needs: samples,
  judge: (seen, { subject, target }) => {
    const host = hostOf(subject)
    const judgeOne = (found: Found): Finding | undefined => {
      if (found.expiry.kind === 'deletion' || found.role === 'edge') return undefined
      const kept = storage(found.seen)
      const said = headerValues(found.seen.headers, 'cache-control').join(', ') || 'no Cache-Control'
      const evidence = evidenceOf(found, 'private or no-store', `${found.cookie.name} with ${said}${kept === 'kept' ? ', answered from a cache' : ''}`)
      if (kept === 'forbidden') return { grade: 'pass', evidence }
      if (found.role !== 'session')
        return kept === 'unsaid' ? { grade: 'pass', evidence } : { grade: 'warn', code: 'cookies.cached.other', evidence, severity: 'low' }
      if (kept === 'unsaid') return { grade: 'warn', code: 'cookies.cached.unsaid', evidence, severity: 'low' }
      const visits = seen.samples.find((sample) => sample.url === found.seen.url)?.visits ?? []
      const same = cookiesOf(visits, host, target).filter((one) => one.cookie.name === found.cookie.name && one.cookie.value === found.cookie.value)
      return new Set(same.map((one) => one.seen)).size > 1
        ? { grade: 'fail', code: 'cookies.cached.same-session', evidence, severity: 'critical' }
        : { grade: 'fail', code: 'cookies.cached.session', evidence }
    }
    // Later visits count too: the first may be the one that filled the cache.
    const responses = [...new Set([...seen.looks.responses, ...seen.samples.flatMap((sample) => sample.visits)])]
    const worstOfName = new Map<string, Finding>()
    const rank = { fail: 0, warn: 1, pass: 2 } as const
    for (const found of cookiesOf(responses, host, target)) {
      const finding = judgeOne(found)
      const key = `${found.seen.url} ${found.cookie.name}`
      const before = worstOfName.get(key)
      if (finding !== undefined && (before === undefined || rank[finding.grade] < rank[before.grade])) worstOfName.set(key, finding)
    }
    return conclude([...worstOfName.values()], seen.looks)
  },
  reproduce: curl,
})
