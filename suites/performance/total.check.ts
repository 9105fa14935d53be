import { defineCheck, hostOf } from '../../helpers/check.ts'
import { resolveHost } from '../../helpers/probes/resolve.ts'
import { documentSamples } from '../../helpers/probes/timing.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { budgetedHosts, budgetOf, curlTimes, looksOf, noBudget, samplesOf, seenAt, showsPages, unusable, withinBudget } from './shared.ts'

export default defineCheck({
  id: 'performance/total',
  title: 'A first visit gets the document within the declared time',
  failureTitle: 'A first visit waits too long for the document',
  why: 'Each phase may be tolerable and the sum not: name, connection, TLS, redirects, answer and transfer are paid one after the other.',
  source: 'performance.totalMs of the target; the phases of connecting once, then every hop to the last byte of the document, median',
  severity: 'medium',
  codes: {
    'performance.total.slow': {
      meaning: 'From the name to the last byte of the document it takes longer than declared.',
      fix: 'Look at which phase is the long one; drop redirects on the way; compress and cut the document.',
    },
  },
  options: {},
  subjects: budgetedHosts('totalMs', showsPages),
  unless: noBudget('totalMs'),
  needs: (subject, target) => ({
    samples: documentSamples(hostOf(subject), samplesOf(target)),
    tls: tlsHandshake({ host: hostOf(subject).fqdn }),
    resolved: resolveHost(hostOf(subject).fqdn),
  }),
  judge: ({ samples, tls, resolved }, { subject, target }) => {
    const blocked = unusable(samples, hostOf(subject))
    if (blocked !== undefined) return blocked
    const dnsMs = resolved.source === 'dns' ? resolved.durationMs : 0
    const opening = dnsMs + tls.connectMs + tls.handshakeMs
    const looks = looksOf(samples, (hop) => hop.timings.ttfbMs + hop.timings.transferMs).map((look) => ({
      ms: opening + look.ms,
      loopDelayMs: look.loopDelayMs + tls.loopDelayMs,
    }))
    const parts = `name ${dnsMs.toFixed(0)}, connection ${tls.connectMs.toFixed(0)}, TLS ${tls.handshakeMs.toFixed(0)} ms, then ${samples[0]?.hops.length ?? 0} answers`
    return withinBudget(looks, budgetOf(target, 'totalMs'), {
      code: 'performance.total.slow',
      evidence: seenAt(samples, `first visit of https://${subject.name}${hostOf(subject).path} (${parts})`),
    })
  },
  reproduce: curlTimes,
  covers: [],
})
