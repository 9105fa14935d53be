import { defineCheck } from '../../helpers/check.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { statusesOf } from '../../helpers/rejection.ts'
import { fail, pass, type Verdict } from '../../helpers/verdict.ts'
import { curlMany, eachZone, evidenceOf, unclear, unrefused, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/status',
  title: 'Refusals carry the declared status',
  failureTitle: 'Refusals carry another status',
  why: 'Clients wait and try again on 429; on 503 they report an outage, on 200 they take the error for an answer. nginx says 503 unless it is told otherwise.',
  source: 'RFC 6585 §4; nginx limit_req_status; rateLimits of the target',
  severity: 'medium',
  codes: {
    'rate-limit.status': {
      meaning: 'Requests beyond the limit are refused with another status than declared.',
      fix: 'nginx: limit_req_status 429; limit_conn_status 429.',
    },
    'rate-limit.status-success': {
      meaning: 'Refusals carry a status of success.',
      fix: 'Answer 429; `error_page 429 = /429.html` turns it into 200 where `error_page 429 /429.html` does not.',
    },
  },
  options: {},
  subjects: eachZone(),
  unless: { skip: 'not-declared', reason: 'rateLimits are not declared' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject }): Verdict => {
    const nothing = look.bannedSeconds === undefined ? unrefused(look) : unclear(look)
    if (nothing !== undefined) return nothing
    const wanted = statusesOf(zoneOf(subject).declared)
    const seen = new Map<number, number>()
    for (const { fate, status } of look.samples) if (fate === 'refused') seen.set(status, (seen.get(status) ?? 0) + 1)
    const told = evidenceOf(look, `refused with ${wanted.join(' or ')}`, [...seen].map(([status, count]) => `${count} with ${status}`).join(', '))
    const wrong = [...seen.keys()].filter((status) => !wanted.includes(status))
    if (wrong.length === 0) return pass(told)
    return fail(wrong.some((status) => status < 400) ? 'rate-limit.status-success' : 'rate-limit.status', told)
  },
  reproduce: (subject, target) => curlMany(subject, target),
  covers: ['A34', 'C19', 'D17', 'E13'],
})
