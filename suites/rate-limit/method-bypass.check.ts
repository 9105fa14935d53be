import { defineCheck } from '../../helpers/check.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { inconclusive, type Verdict } from '../../helpers/verdict.ts'
import { bypassVerdict } from './bypass.ts'
import { curlMany, curlOne, eachZone, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/method-bypass',
  title: 'Another method does not get around the limit',
  failureTitle: 'Another method, or a header that names one, gets around the limit',
  why: 'A limit that counts POST alone is none where the application takes X-HTTP-Method-Override, and HEAD costs as much as GET.',
  source:
    'HEAD for GET; GET and another method with X-HTTP-Method-Override and its kin for the rest, with the limit exhausted; OWASP WSTG-BUSL-05, WSTG-CONF-06',
  severity: 'medium',
  codes: {
    'rate-limit.method-bypass': {
      meaning: 'The same answer is let through under another method, while the limit refuses.',
      fix: 'Limit the path and not the method; switch method overriding off (methodOverride in Express, Rack::MethodOverride) or run it before the limiter.',
    },
  },
  options: {},
  subjects: eachZone(({ declared }) => {
    const method = declared.request?.method ?? declared.methods?.[0] ?? 'GET'
    return method === 'GET' ? declared.methods?.includes('HEAD') !== false : method !== 'HEAD' && method !== 'OPTIONS'
  }),
  unless: { skip: 'not-declared', reason: 'no limit in rateLimits is declared for a request that another method may stand for' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject }): Verdict =>
    look.tried.some(({ kind, name }) => kind === 'method' && name === 'HEAD') &&
    look.samples.some(({ fate, status }) => fate === 'refused' && status === look.usual)
      ? inconclusive('unobserved', `refusals carry the status of what is let through (${look.usual ?? ''}), and an answer to HEAD has no body to tell them by`)
      : bypassVerdict(look, zoneOf(subject), ['method'], 'rate-limit.method-bypass'),
  reproduce: (subject, target) => {
    const method = zoneOf(subject).declared.request?.method ?? zoneOf(subject).declared.methods?.[0] ?? 'GET'
    const one = curlOne(subject, target)
    const other = method === 'GET' ? one.replace('curl ', 'curl -I ') : one.replace(`-X ${method}`, `-X GET -H 'X-HTTP-Method-Override: ${method}'`)
    return `${curlMany(subject, target)}; ${other}`
  },
  covers: ['A41'],
})
