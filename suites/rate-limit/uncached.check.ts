import { defineCheck } from '../../helpers/check.ts'
import { headerValue } from '../../helpers/headers.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { fail, pass, type Verdict } from '../../helpers/verdict.ts'
import { curlMany, eachZone, evidenceOf, unrefused, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/uncached',
  title: 'Refusals are kept in no cache',
  failureTitle: 'Refusals may be kept in caches',
  why: 'A cache between hands the refusal of one client to all others, and to the same one long after the limit has opened.',
  source: 'RFC 6585 §4: responses with the 429 status code MUST NOT be stored by a cache',
  severity: 'medium',
  codes: {
    'rate-limit.cacheable': {
      meaning: 'A refusal may be stored by caches, or came out of one.',
      fix: 'Send Cache-Control: no-store with it; do not let the rules of the page apply to its errors.',
    },
  },
  options: {},
  subjects: eachZone(),
  unless: { skip: 'not-declared', reason: 'rateLimits are not declared' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }): Verdict => {
    const nothing = unrefused(look)
    if (nothing !== undefined) return nothing
    const refused = look.samples.filter(({ fate }) => fate === 'refused')
    const stored = refused.find(({ headers }) => {
      const control = (headerValue(headers, 'cache-control') ?? '').toLowerCase()
      const age = headerValue(headers, 'age')?.trim() ?? ''
      return (!/\b(?:no-store|no-cache|private)\b/.test(control) && /\b(?:s-maxage|max-age)\s*=\s*"?[1-9]/.test(control)) || /^[1-9]\d*$/.test(age)
    })
    const show = stored ?? refused[0]
    const told = evidenceOf(
      look,
      'no-store, or nothing that lets it be kept',
      `Cache-Control: ${headerValue(show?.headers ?? [], 'cache-control') ?? 'absent'}, Age: ${headerValue(show?.headers ?? [], 'age') ?? 'absent'} on ${show?.status ?? 0}`,
    )
    return stored === undefined ? pass(told) : fail('rate-limit.cacheable', told)
  },
  reproduce: (subject, target) => curlMany(subject, target).replace('-o /dev/null', '-D - -o /dev/null'),
})
