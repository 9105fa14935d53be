import { defineCheck } from '../../helpers/check.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { fail, pass, type Verdict } from '../../helpers/verdict.ts'
import { beforeRefusal, curlMany, eachZone, evidenceOf, unclear, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/not-too-early',
  title: 'What the limit admits is let through',
  failureTitle: 'Requests are refused before the limit is reached',
  why: 'A limit that strikes early turns visitors away, and one that is shared with others strikes at random.',
  source: 'rateLimits of the target; nine in ten of what it admits at once must get through',
  severity: 'medium',
  codes: {
    'rate-limit.too-early': {
      meaning: 'Fewer requests than the limit admits at once were let through.',
      fix: 'Raise burst to what was declared, or look who else uses the key.',
    },
    'rate-limit.in-use': {
      meaning: 'The limiter refused the very first request, after time enough to recover.',
      fix: 'Look who shares the key: behind a proxy all visitors have its address (set real_ip_header), and so has a runner behind a shared gateway.',
    },
  },
  options: { share: 0.9 },
  subjects: eachZone(({ limit }) => limit !== undefined),
  unless: { skip: 'not-declared', reason: 'no limit with a number is declared in rateLimits' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject, options }): Verdict => {
    const zone = zoneOf(subject)
    const nothing = unclear(look)
    if (look.used === true)
      return fail('rate-limit.in-use', evidenceOf(look, 'the first request is let through', 'refused, after a pause long enough to recover'))
    if (nothing !== undefined) return nothing
    const { admitted, refused } = beforeRefusal(look, zone)
    const least = Math.max(1, Math.ceil((zone.limit?.atOnce ?? Number.NaN) * options.share))
    const told = evidenceOf(
      look,
      `at least ${least} let through at once (${zone.limit?.text ?? ''})`,
      `${admitted} let through${refused ? ' before the first refusal' : ', none refused'}`,
    )
    return admitted >= least ? pass(told) : fail('rate-limit.too-early', told)
  },
  reproduce: (subject, target) => curlMany(subject, target, zoneOf(subject).limit?.atOnce),
  covers: ['A34', 'A35', 'A36', 'E13'],
})
