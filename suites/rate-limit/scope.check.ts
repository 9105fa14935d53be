import { defineCheck } from '../../helpers/check.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { zoneRequest } from '../../helpers/rejection.ts'
import type { Target } from '../../helpers/target.ts'
import { type Finding, inconclusive, type Verdict, worst } from '../../helpers/verdict.ts'
import { type Zone, zonesOf } from '../../helpers/zones.ts'
import { curlMany, eachZone, evidenceOf, onlyConcurrent, subjectOf, unrefused, zoneOf } from './shared.ts'

/** Something on the same host that the limit must leave alone. */
const leaves = (zone: Zone, target: Target): boolean => {
  const own = zoneRequest(zone.declared, target)
  return (
    (zone.declared.exempt ?? []).some((path) => !path.endsWith('*')) ||
    zonesOf(target).some((other) => {
      if (other === zone || other.declared.concurrency !== undefined) return false
      const place = zoneRequest(other.declared, target)
      return place.host === own.host && !zone.matches(place) && !other.matches(own)
    })
  )
}

export default defineCheck({
  id: 'rate-limit/scope',
  title: 'An exhausted limit leaves everything else alone',
  failureTitle: 'An exhausted limit takes other things with it',
  why: 'Health checks that are refused take a healthy machine out of service, and a search that is used too much must not stop bookings.',
  source: 'rateLimits.exempt and the other zones of the same host, with the limit exhausted',
  severity: 'medium',
  codes: {
    'rate-limit.exempt-refused': {
      meaning: 'A path that is declared exempt is refused while the limit is exhausted.',
      fix: 'Take health checks out of the limit: a location of their own without limit_req.',
    },
    'rate-limit.zones-shared': { meaning: 'Exhausting one limit exhausts another.', fix: 'Give each its own limit_req_zone, or its own key in the store.' },
  },
  options: {},
  subjects: (target) => [...eachZone((zone) => leaves(zone, target))(target)],
  unless: { skip: 'not-declared', reason: 'neither exempt paths nor a second zone on one host are declared in rateLimits' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }): Verdict => {
    const nothing = unrefused(look)
    if (nothing !== undefined) return nothing
    const tried = look.tried.filter(({ kind }) => kind === 'exempt' || kind === 'zone')
    if (tried.length === 0) return inconclusive('unobserved', 'the look ended before it was tried')
    if (tried.every(({ fate }) => fate === 'broken')) return inconclusive('unobserved', 'nothing else answered')
    return worst(
      tried
        .filter(({ fate }) => fate !== 'broken')
        .map(({ kind, name, fate, answer }): Finding => {
          const evidence = evidenceOf(look, 'let through while the limit is exhausted', `${fate}: ${answer.status}`, kind === 'zone' ? `zone ${name}` : name)
          return fate === 'refused'
            ? {
                grade: 'fail',
                code: kind === 'zone' ? 'rate-limit.zones-shared' : 'rate-limit.exempt-refused',
                evidence,
                ...(kind === 'zone' ? {} : { severity: 'high' as const }),
              }
            : { grade: 'pass', evidence }
        }),
    )
  },
  reproduce: (subject, target) => {
    const zone = zoneOf(subject)
    const other = zonesOf(target).find((one) => one !== zone && !onlyConcurrent(one))
    return `${curlMany(subject, target)}; ${curlMany(other === undefined ? subject : subjectOf(other, target), target, 1)}`
  },
  covers: ['A42', 'C13', 'D20'],
})
