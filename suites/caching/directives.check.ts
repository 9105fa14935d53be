import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readHttpDate } from '../../helpers/grammar/cache-control.ts'
import { headerValue, isObstacle } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { type Assets, firstPartyAssets } from '../../helpers/probes/page.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { at, curlHost, policyOf, showsPages } from './shared.ts'

/** Directives that say opposite things; each pair is told once. */
const OPPOSITES: readonly (readonly [string, string, 'warn' | 'fail'])[] = [
  ['public', 'private', 'fail'],
  // Here every cache takes the stricter one (RFC 9111 §5.2.2): untidy, and a sign of two authors.
  ['no-store', 'public', 'warn'],
  ['no-store', 'immutable', 'warn'],
  ['no-cache', 'immutable', 'warn'],
  ['private', 's-maxage', 'warn'],
  ['no-store', 's-maxage', 'warn'],
]

function findingsOf(seen: HttpObservation, toleranceSeconds: number): readonly Finding[] {
  const policy = policyOf(seen)
  const { control } = policy
  const findings: Finding[] = []
  const say = (grade: 'warn' | 'fail', code: string, received: string): void =>
    void findings.push({ grade, code, evidence: at(seen, 'Cache-Control', 'readable, without contradictions', `${received} (${policy.shown})`) })
  if (policy.error !== undefined) say('fail', 'caching.unreadable', policy.error)
  for (const problem of control.problems) say(problem.endsWith('is quoted') || problem.endsWith('takes no value') ? 'warn' : 'fail', 'caching.value', problem)
  for (const contradiction of control.contradictions) say('fail', 'caching.contradiction', contradiction)
  const names = new Set(control.directives.filter((one) => one.value === undefined || /^(?:max-age|s-maxage)$/.test(one.name)).map((one) => one.name))
  for (const [one, other, grade] of OPPOSITES) if (names.has(one) && names.has(other)) say(grade, 'caching.contradiction', `${one} and ${other}`)
  // `no-store, max-age=0` is a habit and harmless; a lifetime beside no-store or no-cache means that two places write the header.
  if ((control.noStore || control.noCache) && (control.maxAge ?? 0) > 0)
    say('warn', 'caching.mixed', `max-age=${control.maxAge} beside ${control.noStore ? 'no-store' : 'no-cache'}`)
  const expires = headerValue(seen.headers, 'expires')
  if (expires !== undefined && control.maxAge !== undefined && !control.noStore && !control.noCache) {
    const until = readHttpDate(expires)
    const date = readHttpDate(headerValue(seen.headers, 'date') ?? '')
    // With max-age every cache ignores Expires (RFC 9111 §5.3): a difference shows two authors, it does no harm by itself.
    const life = until === undefined ? 0 : date === undefined ? undefined : (until - date) / 1000
    if (life !== undefined && Math.abs(Math.max(0, life) - control.maxAge) > Math.max(toleranceSeconds, control.maxAge * 0.01))
      say('warn', 'caching.expires', `Expires is ${Math.round(life)} s after Date, max-age is ${control.maxAge} s`)
  }
  return findings.length > 0 ? findings : [{ grade: 'pass', evidence: at(seen, 'Cache-Control', 'readable, without contradictions', policy.shown) }]
}

export default defineCheck({
  id: 'caching/directives',
  title: 'Cache headers are readable and agree with each other',
  failureTitle: 'Cache headers contradict each other',
  why: 'Of contradictory or unreadable directives every cache picks its own; what was meant is then true for some visitors only.',
  source: 'RFC 9111 §4.2.1, §5.2, §5.3',
  severity: 'medium',
  codes: {
    'caching.unreadable': { meaning: 'Cache-Control breaks its grammar.', fix: 'Directives are separated by commas; values follow = without spaces.' },
    'caching.value': { meaning: 'A directive has a value that is none of its kind.', fix: 'Lifetimes are whole seconds without quotes.' },
    'caching.contradiction': {
      meaning: 'Directives say opposite things, or the same one twice with different values.',
      fix: 'Let one place write the header: proxy_hide_header Cache-Control before add_header, or leave it to the application.',
    },
    'caching.mixed': { meaning: 'A lifetime stands beside no-store or no-cache.', fix: 'Let one place write the header.' },
    'caching.expires': { meaning: 'Expires and max-age name different lifetimes.', fix: 'Drop Expires, or let nginx `expires` write both.' },
  },
  /** Clocks and slow answers may part Expires and max-age by so many seconds. */
  options: { toleranceSeconds: 60 },
  subjects: eachHost((host) => showsPages(host) || (host.declared.apiPaths ?? []).length > 0),
  unless: { skip: 'not-applicable', reason: 'no host shows pages or declares API paths' },
  needs: (subject): Record<string, Probe<unknown>> => {
    const host = hostOf(subject)
    return {
      ...(showsPages(host) ? { assets: firstPartyAssets(host) } : {}),
      ...Object.fromEntries((host.declared.apiPaths ?? []).map((path) => [path, httpRequest({ scheme: 'https', host: host.fqdn, path })])),
    }
  },
  judge: (seen, { options }) => {
    const { assets, ...rest } = seen as { assets?: Assets } & Record<string, unknown>
    const answers = [
      ...(assets === undefined ? [] : [assets.page.document, ...assets.assets.flatMap((one) => (one.seen.ok ? [one.seen.value] : []))]),
      ...(Object.values(rest) as HttpObservation[]),
    ].filter((one) => !isObstacle(one))
    if (answers.length === 0) return inconclusive('unobserved', 'nothing but obstacles answered')
    return worst(answers.flatMap((one) => findingsOf(one, options.toleranceSeconds)))
  },
  reproduce: curlHost(),
  covers: ['E45'],
})
