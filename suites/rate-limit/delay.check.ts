import { defineCheck } from '../../helpers/check.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { fail, illustrated, inconclusive, pass, type Verdict } from '../../helpers/verdict.ts'
import { curlMany, eachZone, evidenceOf, figureOf, unclear, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/delay',
  title: 'What is within the burst is answered at once or held back, as declared',
  failureTitle: 'What is within the burst is held back, or not, against what was declared',
  why: 'Without nodelay nginx lets the burst wait: a page of thirty files then takes seconds, and nothing in the log says why.',
  source: 'nginx limit_req nodelay; rateLimits.limit.nodelay of the target',
  severity: 'medium',
  codes: {
    'rate-limit.delayed': { meaning: 'Requests within the burst are held back although they should be answered at once.', fix: 'Add nodelay to limit_req.' },
    'rate-limit.undelayed': {
      meaning: 'Requests within the burst are answered at once although they should be held back.',
      fix: 'Take nodelay off limit_req, or declare nodelay: true.',
    },
  },
  options: { share: 0.5 },
  subjects: eachZone(({ limit }) => limit?.nodelay !== undefined && limit.atOnce > 2),
  unless: { skip: 'not-declared', reason: 'no limit with a burst and nodelay is declared in rateLimits' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject, options }): Verdict => {
    const nothing = unclear(look)
    if (nothing !== undefined) return nothing
    const zone = zoneOf(subject)
    const { atOnce = Number.NaN, perSecond = Number.NaN, nodelay } = zone.limit ?? {}
    const within = look.samples.filter(({ phase, fate }) => (phase === 'flood' || phase === 'more') && fate === 'admitted')
    const waited = within.map(({ sentMs, doneMs }) => doneMs - sentMs).sort((a, b) => a - b)
    const longest = waited.at(-1) ?? Number.NaN
    const most = ((atOnce - 1) * 1_000) / perSecond
    const told = evidenceOf(
      look,
      nodelay === true ? `answers within the burst at once (${look.baselineMs.toFixed(0)} ms)` : `answers held back, the last for about ${most.toFixed(0)} ms`,
      `${waited.length} let through, the slowest after ${longest.toFixed(0)} ms`,
    )
    if (waited.length < Math.min(3, atOnce - 1)) return inconclusive('unobserved', 'too few were let through to see whether they are held back', told)
    // A refusal is never held back: what it took is the busy machine's share. What an unused limiter let through took as long as the application does.
    const refusals = look.samples.filter(({ phase, fate }) => phase === 'flood' && fate === 'refused').map(({ sentMs, doneMs }) => doneMs - sentMs)
    const ordinary = Math.max(refusals.sort((a, b) => a - b)[Math.floor(refusals.length / 2)] ?? 0, look.baselineMs)
    const held = longest - ordinary >= options.share * most
    // A queue lets one go after the other; what a busy machine or a slow application held up comes all at once.
    const moments = within.map(({ doneMs }) => doneMs).sort((a, b) => a - b)
    const apart = moments.slice(1).filter((at, index) => at - (moments[index] as number) >= options.share * (1_000 / perSecond)).length
    if (held && apart < (moments.length - 1) / 2)
      return inconclusive('unobserved', 'answers were late together and not one after the other: nothing tells a limit from a machine that is busy', told)
    if (held === (nodelay !== true)) return illustrated(pass(told), figureOf(look, zone))
    return illustrated(fail(held ? 'rate-limit.delayed' : 'rate-limit.undelayed', told), figureOf(look, zone))
  },
  reproduce: (subject, target) => curlMany(subject, target).replaceAll('%{http_code} ', '%{http_code} %{time_total}s '),
  covers: ['D18'],
})
