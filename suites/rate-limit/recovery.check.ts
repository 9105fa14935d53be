import { defineCheck } from '../../helpers/check.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { fail, pass, type Verdict, warn } from '../../helpers/verdict.ts'
import { curlMany, eachZone, evidenceOf, unclear, unrefused, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/recovery',
  title: 'After its time the limit opens again',
  failureTitle: 'The limit does not open again when it should',
  why: 'A limit that starts anew with every refused request locks a busy client out for good; one that bans locks out everybody behind one address.',
  source: 'rateLimits of the target; RFC 9110 §10.2.3',
  severity: 'high',
  codes: {
    'rate-limit.never-recovers': {
      meaning: 'The limit still refuses after the time it needs to recover.',
      fix: 'Look at the expiry of its counter: INCR without EXPIRE counts for ever.',
    },
    'rate-limit.restarts': {
      meaning: 'Above its rate the limit opens after quiet alone: it counts what it refuses, or every refused request begins the wait anew.',
      fix: 'Do not count a refused request nor renew the expiry for it (HAProxy: deny by src_http_req_rate before track-sc0).',
    },
    'rate-limit.banned': {
      meaning: 'The first refusal says to stay away for far longer than the limit lasts.',
      fix: 'Shorten the ban, or declare it; this run asked nothing more of that limit, and the ban may still stand.',
    },
  },
  options: {},
  subjects: eachZone(({ limit }) => limit !== undefined),
  unless: { skip: 'not-declared', reason: 'no limit with a number is declared in rateLimits' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject }): Verdict => {
    const zone = zoneOf(subject)
    if (look.bannedSeconds !== undefined && look.aborted === undefined)
      return fail(
        'rate-limit.banned',
        evidenceOf(
          look,
          `at most ${((zone.limit?.recoveryMs ?? 0) / 1_000).toFixed(0)} s until it opens`,
          `${look.bannedSeconds} s after the first refusal; nothing more was asked`,
        ),
      )
    const nothing = look.aborted === undefined ? unrefused(look) : unclear(look)
    if (nothing !== undefined) return nothing
    const { recovery } = look
    const paced = look.samples.filter(({ phase }) => phase === 'paced')
    const back = paced.filter(({ fate }) => fate === 'admitted' || fate === 'refused elsewhere').length
    const spanMs = (paced.at(-1)?.sentMs ?? 0) - (look.samples.find(({ fate }) => fate === 'refused')?.sentMs ?? 0)
    const told = evidenceOf(
      look,
      `let through again (${zone.limit?.text ?? ''})`,
      `${back} of ${paced.length} let through within ${Math.round(spanMs)} ms of the first refusal${recovery === undefined ? '' : `; after ${Math.round(recovery.quietMs)} ms of quiet: ${recovery.status}`}`,
    )
    if (recovery !== undefined && recovery.fate !== 'admitted' && recovery.fate !== 'refused elsewhere')
      return back > 0 ? warn('rate-limit.never-recovers', told) : fail('rate-limit.never-recovers', told)
    if (back === 0) return fail('rate-limit.restarts', told)
    return pass(told)
  },
  reproduce: (subject, target) => {
    const seconds = Math.ceil((zoneOf(subject).limit?.recoveryMs ?? 60_000) / 1_000)
    return `${curlMany(subject, target)}; sleep ${seconds}; ${curlMany(subject, target, 1)}`
  },
  covers: ['A42'],
})
