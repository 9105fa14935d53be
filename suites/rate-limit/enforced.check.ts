import { defineCheck } from '../../helpers/check.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { fail, illustrated, inconclusive, pass, type Verdict, warn } from '../../helpers/verdict.ts'
import { beforeRefusal, curlMany, eachZone, evidenceOf, figureOf, fitOf, fitText, unclear, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/enforced',
  title: 'The limit holds: more than it admits is refused',
  failureTitle: 'The limit does not hold',
  why: 'A limit that is written down and not at work protects nothing: passwords can be guessed and machines worn out at any pace.',
  source: 'rateLimits of the target; RFC 6585 §4; 10 % above the limit are let pass',
  severity: 'high',
  codes: {
    'rate-limit.not-enforced': {
      meaning: 'Far more requests than the limit admits were let through and none was refused.',
      fix: 'Look whether the limit stands in the location that answers: in nginx `return` and a more specific location go before limit_req.',
    },
    'rate-limit.too-late': {
      meaning: 'Requests are refused only long after the limit was passed.',
      fix: 'Compare burst and rate with what was declared.',
    },
    'rate-limit.per-process': {
      meaning: 'A whole multiple of the limit is let through: it is counted in each process by itself.',
      fix: 'Let the processes count together, in Redis or another shared store, or limit at the proxy.',
    },
    'rate-limit.slow-instead': {
      meaning: 'Nothing is refused, and answers are held back: the limit delays, which nobody declared.',
      fix: 'Add nodelay to limit_req, or declare `nodelay: false` if waiting is wanted.',
    },
  },
  options: { tolerance: 0.1 },
  subjects: eachZone(),
  unless: { skip: 'not-declared', reason: 'rateLimits are not declared' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject, options }): Verdict => {
    const zone = zoneOf(subject)
    const nothing = unclear(look)
    if (nothing !== undefined) return nothing
    const { limit } = zone
    const { admitted, afterMs, refused } = beforeRefusal(look, zone)
    const fit = fitOf(look, zone)
    const figure = figureOf(look, zone)
    const elsewhere = look.samples.filter((sample) => sample.fate === 'refused elsewhere').length
    const counts = `${admitted} let through ${refused ? `before the first refusal, ${Math.round(afterMs)} ms after the first request` : 'and none refused'}${elsewhere === 0 ? '' : ` (${elsewhere} refused by another layer)`}`
    if (limit === undefined) {
      const told = evidenceOf(look, `a refusal within ${look.samples.length} requests`, counts)
      return illustrated(refused ? pass(told) : fail('rate-limit.not-enforced', told), figure)
    }
    // What a window of unknown kind gives back meanwhile, and what comes in while we ask.
    const returned =
      limit.windowMs === undefined
        ? (afterMs * limit.perSecond) / 1_000
        : limit.kind === 'fixed' || limit.kind === 'sliding'
          ? 0
          : look.samples.filter(({ phase }) => phase === 'first').length
    const most = Math.floor(limit.atOnce * (1 + options.tolerance) + returned + 1)
    const told = evidenceOf(look, `a refusal after at most ${most} (${limit.text})`, counts)
    if (refused && admitted <= most) return illustrated(pass([told, evidenceOf(look, limit.text, fitText(fit), 'the limiter, by its answers')]), figure)
    if (!refused && fit.kind === 'delaying-bucket') {
      const held = evidenceOf(look, `a refusal after at most ${most} (${limit.text})`, `${counts}; ${fitText(fit)}`)
      // Whether waiting is wanted is another check's question where it is declared.
      return illustrated(limit.nodelay === undefined ? warn('rate-limit.slow-instead', held) : pass(held), figure)
    }
    // A window that ended while it was being filled let the next one begin: only what all requests say together tells the limit then.
    const windows = limit.windowMs === undefined ? 1 : 1 + Math.floor(afterMs / limit.windowMs)
    if (refused && windows > 1 && admitted <= Math.floor(limit.atOnce * windows * (1 + options.tolerance) + 1)) {
      const fits = fit.kind === limit.kind && (fit.atOnce?.value ?? Number.NaN) <= limit.atOnce * (1 + options.tolerance)
      const all = [told, evidenceOf(look, limit.text, fitText(fit), 'the limiter, by its answers')]
      return fits
        ? illustrated(pass(all), figure)
        : inconclusive('unobserved', `${admitted} requests took ${Math.round(afterMs)} ms, longer than the window: more than one of them was filled`, all)
    }
    if (refused) {
      const { workers } = zone.declared
      const times = admitted / limit.atOnce
      const whole = workers !== undefined && times > 1.5 && times <= workers * (1 + options.tolerance)
      return illustrated(fail(whole ? 'rate-limit.per-process' : 'rate-limit.too-late', told), figure)
    }
    if (admitted <= most) return inconclusive('unobserved', `only ${admitted} requests reached the limiter`, told)
    return illustrated(fail('rate-limit.not-enforced', told), figure)
  },
  reproduce: (subject, target) => curlMany(subject, target),
  covers: ['A34', 'A35', 'A36', 'A38', 'B39', 'C19', 'D13', 'D14', 'D15', 'D16', 'E13', 'E14'],
})
