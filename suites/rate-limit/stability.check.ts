import { defineCheck } from '../../helpers/check.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { fail, pass, type Verdict } from '../../helpers/verdict.ts'
import { curlMany, eachZone, evidenceOf, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/stability',
  title: 'Under the load that the limit meets, nothing breaks',
  failureTitle: 'Under the load that the limit meets, the target breaks',
  why: 'A limit is there to keep the application alive; if it falls over before the limit strikes, the limit is too high.',
  source: 'rising 5xx or answers five times as slow end the load at once',
  severity: 'high',
  codes: {
    'rate-limit.aborted': {
      meaning: 'The load was ended early: requests failed, or answers became far slower.',
      fix: 'Lower the limit below what the application can take, or give it more.',
    },
    'rate-limit.errors': {
      meaning: 'Some requests failed under the load that the limit lets through.',
      fix: 'Look at the logs of the application and the proxy for that minute.',
    },
  },
  options: {},
  subjects: eachZone(),
  unless: { skip: 'not-declared', reason: 'rateLimits are not declared' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }): Verdict => {
    const broken = look.samples.filter(({ fate }) => fate === 'broken')
    const kinds = [...new Set(broken.map(({ status, failure }) => failure ?? String(status)))]
    const told = evidenceOf(
      look,
      'every request is let through or refused, in good time',
      `${broken.length} of ${look.samples.length} failed${kinds.length === 0 ? '' : ` (${kinds.join(', ')})`}`,
    )
    if (look.aborted !== undefined) return fail('rate-limit.aborted', { ...told, received: `${look.aborted}; ended after ${look.sent} requests` })
    return broken.length === 0 && look.samples.length > 0 ? pass(told) : fail('rate-limit.errors', told)
  },
  reproduce: (subject, target) => curlMany(subject, target, zoneOf(subject).limit?.atOnce),
  covers: ['A37', 'C19'],
})
