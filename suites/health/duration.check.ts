import { defineCheck } from '../../helpers/check.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { at, curl, endpoints, entryOf, look, noHealth, statusesOf } from './shared.ts'

export default defineCheck({
  id: 'health/duration',
  title: 'Health answers within the declared time',
  failureTitle: 'Health answers too slowly',
  why: 'Load balancers give a health check little time; a slow one takes the instance out of service.',
  source: 'health.maxMs of the target; the faster of two calls, so that one hiccup is no verdict',
  severity: 'medium',
  codes: {
    'health.slow': {
      meaning: 'Both calls took longer than declared.',
      fix: 'Look at what the endpoint asks its dependencies; cache slow ones inside the service.',
    },
  },
  options: {},
  subjects: endpoints((entry) => entry.maxMs !== undefined),
  unless: noHealth,
  needs: (subject) => ({ first: look(subject), second: look(subject, 1) }),
  judge: ({ first, second }, { subject }) => {
    const entry = entryOf(subject)
    const most = entry.maxMs ?? Number.NaN
    if (![first, second].every((seen) => statusesOf(entry).includes(seen.status)))
      return inconclusive('unobserved', `the endpoint answered ${first.status} and ${second.status}`)
    // The connection may be older than the call: only the answer itself is timed.
    const times = [first, second].map((seen) => seen.timings.ttfbMs + seen.timings.transferMs)
    const best = Math.min(...times)
    const evidence = at(second, 'time from request to end of answer', `≤ ${most} ms`, `${times.map((ms) => ms.toFixed(0)).join(' ms and ')} ms`)
    if (best <= most) return pass(evidence)
    const noise = Math.max(first.timings.loopDelayMs, second.timings.loopDelayMs)
    return best - noise <= most
      ? inconclusive('unobserved', `this machine was busy for up to ${noise.toFixed(0)} ms meanwhile`, evidence)
      : fail('health.slow', evidence)
  },
  reproduce: curl,
  covers: ['C74'],
})
