import { defineCheck } from '../../helpers/check.ts'
import { bodyText, headerValue, headerValues } from '../../helpers/headers.ts'
import { showValue } from '../../helpers/matcher.ts'
import { laterIfSame } from '../../helpers/probes/later.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { at, blocked, curl, endpoints, entryOf, jsonOf, look, noHealth, statusesOf, valueAt } from './shared.ts'

const CACHES = [
  'x-cache',
  'cf-cache-status',
  'x-cache-status',
  'cache-status',
  'x-proxy-cache',
  'x-fastcgi-cache',
  'x-nginx-cache',
  'x-litespeed-cache',
  'x-varnish-cache',
  'x-vercel-cache',
  'x-nextjs-cache',
  'x-drupal-cache',
]
/** A stored answer, stale ones too (nginx: STALE, UPDATING); Squid writes TCP_HIT, CloudFront RefreshHit for one that was asked after. */
const HIT = /(?:^|[^a-z])(?:hit|stale|updating)(?![a-z]|=\?0)/i

export default defineCheck({
  id: 'health/freshness',
  title: 'Health is answered afresh',
  failureTitle: 'Health comes out of a cache',
  why: 'A cached answer says "healthy" for as long as the cache lives, also when the service is gone.',
  source: 'RFC 9111 §5.1 (Age), §5.2; health.fresh of the target',
  severity: 'medium',
  codes: {
    'health.cached': {
      meaning: 'A cache answered (Age above zero, or a cache status of hit).',
      fix: 'Send Cache-Control: no-store on the health path and bypass it at the edge.',
    },
    'health.stale': {
      meaning: 'The value that must differ between two calls is the same.',
      fix: 'Find the cache in front of the service, or the constant in it.',
    },
    'health.cacheable': { meaning: 'The answer may be stored by shared caches.', fix: 'Send Cache-Control: no-store on the health path.' },
  },
  options: {},
  subjects: endpoints((entry) => entry.method !== 'HEAD'),
  unless: noHealth,
  needs: (subject) => {
    const [first, second] = [look(subject), look(subject, 1)]
    const asked = entryOf(subject).fresh !== undefined
    return { first, second, later: asked ? laterIfSame(first, second, look(subject, 'a second later')) : second }
  },
  judge: ({ first, second, later }, { subject }) => {
    const entry = entryOf(subject)
    for (const seen of [first, second, later])
      if (blocked(seen) || !statusesOf(entry).includes(seen.status))
        return inconclusive('unobserved', `the endpoint answered ${seen.status}, no health to compare`)
    const findings: Finding[] = []
    for (const seen of [first, second]) {
      const age = headerValue(seen.headers, 'age')?.trim()
      const hit =
        CACHES.flatMap((name) => headerValues(seen.headers, name)).find((value) => HIT.test(value)) ??
        // Varnish names the request that filled its cache behind this one.
        headerValues(seen.headers, 'x-varnish').find((value) => /^\d+\s+\d+$/.test(value.trim()))
      const cached = (age !== undefined && /^[0-9]+$/.test(age) && Number(age) > 0) || hit !== undefined
      findings.push({
        grade: cached ? 'fail' : 'pass',
        code: 'health.cached',
        evidence: at(
          seen,
          'Age and cache status',
          'answered by the service',
          cached ? `Age ${age ?? 'absent'}, cache status ${hit ?? 'absent'}` : 'no sign of a cache',
        ),
      })
    }
    const control = headerValues(first.headers, 'cache-control').join(', ').toLowerCase()
    const lifetime = /(?:^|[\s,])(?:s-maxage|max-age)\s*=\s*"?0*[1-9]/.test(control) && !/(?:^|[\s,])(?:no-store|private|no-cache)(?:$|[\s,=])/.test(control)
    findings.push({
      grade: lifetime ? 'warn' : 'pass',
      code: 'health.cacheable',
      evidence: at(first, 'Cache-Control', 'no lifetime in shared caches', control === '' ? 'absent' : control),
    })
    if (entry.fresh !== undefined) {
      const values = []
      for (const seen of [first, later]) {
        const document = jsonOf(bodyText(seen))
        if (document === undefined) return inconclusive('unobserved', 'the answer is no JSON')
        const read = valueAt(document.value, entry.fresh)
        if ('misused' in read) return inconclusive('misused', `health.fresh: ${read.misused}`)
        values.push(read.value)
      }
      const same = values[0] === undefined || values[1] === undefined || JSON.stringify(values[0]) === JSON.stringify(values[1])
      findings.push({
        grade: same ? 'fail' : 'pass',
        code: 'health.stale',
        evidence: at(
          later,
          `${entry.fresh} of two calls, up to a second apart`,
          'two different values',
          `${showValue(values[0])}, then ${showValue(values[1])}`,
        ),
      })
    }
    return worst(findings)
  },
  reproduce: curl,
})
