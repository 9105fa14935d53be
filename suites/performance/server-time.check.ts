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
    const roundTripMs = tls.connectMs
    if (!Number.isFinite(roundTripMs)) return inconclusive('unobserved', 'the round trip is not known')
    const looks = looksOf(samples, (hop, index) => (index === 0 ? Math.max(0, hop.timings.ttfbMs - roundTripMs) : 0))
    const url = samples[0]?.hops[0]?.url ?? subject.name
    return withinBudget(looks, budgetOf(target, 'serverMs'), {
      code: 'performance.server.slow',
      evidence: seenAt(samples, `time to first byte of ${url} less a round trip of ${roundTripMs.toFixed(1)} ms`),
    })
  },
  reproduce: curlTimes,
  covers: ['C76'],
})
