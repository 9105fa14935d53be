import { defineCheck } from '../../helpers/check.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { fail, illustrated, inconclusive, pass, type Verdict, warn } from '../../helpers/verdict.ts'
import { curlMany, eachZone, evidenceOf, figureOf, fitOf, fitText, unrefused, zoneOf } from './shared.ts'

/** A rate between bounds that are further apart is not known. */
const WIDE = 1.5

export default defineCheck({
  id: 'rate-limit/rate',
  title: 'In the long run the limit lets through what was declared',
  failureTitle: 'In the long run the limit lets through more or less than was declared',
  why: 'Ten a minute and ten a second look alike for the first ten requests.',
  source: 'rateLimits of the target; rate and kind from the moments at which requests were let through, within 10 %',
  severity: 'medium',
  codes: {
    'rate-limit.rate-high': {
      meaning: 'More requests than declared are let through in the long run.',
      fix: 'Compare the rate of the zone with the declared one: r/s and r/m are one letter apart.',
    },
    'rate-limit.rate-low': {
      meaning: 'Fewer requests than declared are let through in the long run.',
      fix: 'Compare the rate of the zone with the declared one.',
    },
    'rate-limit.kind': {
      meaning: 'The limiter is of another kind than declared.',
      fix: 'Declare the kind that is in use: what one kind lets through at once another spreads over the window.',
    },
  },
  options: { tolerance: 0.1 },
  subjects: eachZone(({ limit }) => limit !== undefined),
  unless: { skip: 'not-declared', reason: 'no limit with a number is declared in rateLimits' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject, options }): Verdict => {
    const zone = zoneOf(subject)
    const nothing = unrefused(look)
    if (nothing !== undefined) return nothing
    const limit = zone.limit
    if (limit === undefined) return inconclusive('defect', 'a zone without a limit')
    const fit = fitOf(look, zone)
    const figure = figureOf(look, zone)
    const told = evidenceOf(look, limit.text, `${fitText(fit)}; ${fit.misfits} of ${fit.requests} requests unexplained`, 'the limiter, by its answers')
    const rate = fit.perSecond
    if (rate === undefined || fit.kind === 'unknown' || fit.kind === 'never-recovers')
      return inconclusive('unobserved', 'it did not open again while it was watched, so its rate is not known', told)
    if (fit.misfits > Math.max(2, 0.05 * fit.requests)) return inconclusive('unobserved', 'no limiter that we know answers like this', told)
    // Held back on their way, requests say little of the moment at which the limiter met them.
    const waits = look.samples.filter(({ phase, fate }) => phase === 'paced' && fate === 'admitted').map(({ sentMs, doneMs }) => doneMs - sentMs)
    const median = waits.sort((a, b) => a - b)[Math.floor(waits.length / 2)] ?? 0
    // Refusals waver only as much as the way does.
    const ways = look.samples
      .filter(({ fate }) => fate === 'refused')
      .map(({ sentMs, doneMs }) => doneMs - sentMs)
      .sort((a, b) => a - b)
    const waver = (ways[Math.floor(ways.length / 2)] ?? 0) - (ways[0] ?? 0)
    if (limit.nodelay === true && median > look.baselineMs + waver + Math.max(15, 500 / limit.perSecond))
      return inconclusive('unobserved', `answers took ${median.toFixed(0)} ms, too long to time a limit by them`, told)
    const { value, low, high } = rate
    const within = Math.abs(value / limit.perSecond - 1) <= options.tolerance || (low <= limit.perSecond && limit.perSecond <= high)
    // Whoever sends and hears too late to tell one turn from the next must not blame the limiter.
    const late = look.samples.filter(({ phase }) => phase === 'paced').map(({ dueMs, doneMs }) => doneMs - dueMs)
    const lateness = late.sort((a, b) => a - b)[Math.floor(late.length / 2)] ?? Number.POSITIVE_INFINITY
    if (!within && lateness > look.baselineMs + Math.max(10, 400 / limit.perSecond))
      return inconclusive('unobserved', `requests were ${lateness.toFixed(0)} ms late: this machine was too busy to time a limit`, told)
    // So wide that the declared rate is among many says nothing of it.
    if (within && high > WIDE * low && Math.abs(value / limit.perSecond - 1) > options.tolerance)
      return inconclusive('unobserved', `its rate lies somewhere between ${low.toPrecision(3)} and ${high.toPrecision(3)} a second`, told)
    if (!within) return illustrated(fail(value > limit.perSecond ? 'rate-limit.rate-high' : 'rate-limit.rate-low', told), figure)
    const kinds = [fit.kind === 'delaying-bucket' ? 'bucket' : fit.kind, ...fit.alsoPossible]
    if (limit.kind !== 'window' && !kinds.includes(limit.kind)) return illustrated(warn('rate-limit.kind', told), figure)
    return illustrated(pass(told), figure)
  },
  reproduce: (subject, target) => curlMany(subject, target),
  covers: ['A35', 'A36', 'D13', 'D14', 'D15', 'D16'],
})
