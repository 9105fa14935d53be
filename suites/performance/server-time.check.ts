import { defineCheck, hostOf } from '../../helpers/check.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { documentSamples } from '../../helpers/probes/timing.ts'
import { inconclusive } from '../../helpers/verdict.ts'
import { budgetedHosts, budgetOf, curlTimes, looksOf, noBudget, samplesOf, seenAt, showsPages, unusable, withinBudget } from './shared.ts'

export default defineCheck({
  id: 'performance/server-time',
  title: 'The server answers within the declared time, distance taken off',
  failureTitle: 'The server itself takes too long',
  why: 'A budget for the server must not be spent by the distance of whoever measures.',
  source: 'performance.serverMs of the target; time to first byte less the TCP handshake, which is one round trip',
  severity: 'medium',
  codes: {
    'performance.server.slow': {
      meaning: 'The server takes longer than declared before it begins to answer, without the way there and back.',
      fix: 'Serve static files without the application; look at the log of upstream times of the proxy.',
    },
  },
  options: {},
  subjects: budgetedHosts('serverMs', showsPages),
  unless: noBudget('serverMs'),
  needs: (subject, target) => ({ samples: documentSamples(hostOf(subject), samplesOf(target)), tls: tlsHandshake({ host: hostOf(subject).fqdn }) }),
  judge: ({ samples, tls }, { subject, target }) => {
    const blocked = unusable(samples, hostOf(subject))
    if (blocked !== undefined) return blocked
    if (!Number.isFinite(tls.connectMs)) return inconclusive('unobserved', 'the round trip is not known')
    // Our own lateness lengthens the measured round trip: taken off whole it would forgive the server that much.
    const surely = Math.max(0, tls.connectMs - tls.loopDelayMs)
    const url = samples[0]?.hops[0]?.url ?? subject.name
    const judged = (roundTripMs: number) =>
      withinBudget(
        looksOf(samples, (hop, index) => (index === 0 ? Math.max(0, hop.timings.ttfbMs - roundTripMs) : 0)),
        budgetOf(target, 'serverMs'),
        {
          code: 'performance.server.slow',
          evidence: seenAt(samples, `time to first byte of ${url} less a round trip of ${roundTripMs.toFixed(1)} ms`),
        },
      )
    const strict = judged(surely)
    if (strict.outcome !== 'fail' || judged(tls.connectMs).outcome === 'fail') return strict
    return inconclusive('unobserved', `the round trip is only known to lie between ${surely.toFixed(1)} and ${tls.connectMs.toFixed(1)} ms`, strict.evidence)
  },
  reproduce: curlTimes,
  covers: ['C76'],
})
