import { defineCheck, hostOf } from '../../helpers/check.ts'
import { documentSamples } from '../../helpers/probes/timing.ts'
import { budgetedHosts, budgetOf, curlTimes, looksOf, noBudget, samplesOf, seenAt, showsPages, unusable, withinBudget } from './shared.ts'

export default defineCheck({
  id: 'performance/ttfb',
  title: 'The first byte comes within the declared time',
  failureTitle: 'The first byte comes too late',
  why: 'Until then the visitor sees nothing; it is where slow queries, cold caches and starved workers show.',
  source: 'performance.ttfbMs of the target; from the end of the request to the first byte, median over an open connection',
  severity: 'medium',
  codes: {
    'performance.ttfb.slow': {
      meaning: 'The first byte comes later than declared, in most of the looks.',
      fix: 'Profile the route; cache what is the same for every visitor; look for a backend that sleeps or waits for workers.',
    },
  },
  options: {},
  subjects: budgetedHosts('ttfbMs', showsPages),
  unless: noBudget('ttfbMs'),
  needs: (subject, target) => ({ samples: documentSamples(hostOf(subject), samplesOf(target)) }),
  judge: ({ samples }, { subject, target }) => {
    const blocked = unusable(samples, hostOf(subject))
    if (blocked !== undefined) return blocked
    // Where the path redirects, the slowest of its hops is the one that keeps the visitor waiting.
    const looks = looksOf(samples, (hop) => hop.timings.ttfbMs).map((look, index) => ({
      ...look,
      ms: Number.isFinite(look.ms) ? Math.max(...(samples[index]?.hops ?? []).map((hop) => hop.timings.ttfbMs)) : look.ms,
    }))
    const url = samples[0]?.hops[0]?.url ?? subject.name
    return withinBudget(looks, budgetOf(target, 'ttfbMs'), { code: 'performance.ttfb.slow', evidence: seenAt(samples, `time to first byte of ${url}`) })
  },
  reproduce: curlTimes,
  covers: ['C76'],
})
