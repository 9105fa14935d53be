import { defineCheck, hostOf } from '../../helpers/check.ts'
import { handshakeLooks } from '../../helpers/probes/timing.ts'
import { budgetedHosts, budgetOf, curlTimes, noBudget, withinBudget } from './shared.ts'

export default defineCheck({
  id: 'performance/tls-handshake',
  title: 'The TLS handshake ends within the declared time',
  failureTitle: 'The TLS handshake takes too long',
  why: 'Every first visit pays it before the first byte; large chains, slow keys and a busy edge show here first.',
  source: 'performance.tlsHandshakeMs of the target; the median where the first was slow',
  severity: 'medium',
  codes: {
    'performance.tls.slow': {
      meaning: 'The handshake took longer than declared, and again when tried anew.',
      fix: 'Offer TLS 1.3, an ECDSA certificate and a short chain; look at the CPU of the edge.',
    },
  },
  options: {},
  subjects: budgetedHosts('tlsHandshakeMs'),
  unless: noBudget('tlsHandshakeMs'),
  needs: (subject, target) => ({
    looks: handshakeLooks(hostOf(subject).fqdn, {
      connectMs: target.file.performance?.connectMs ?? Number.POSITIVE_INFINITY,
      tlsMs: budgetOf(target, 'tlsHandshakeMs'),
    }),
  }),
  judge: ({ looks }, { target, subject }) =>
    withinBudget(
      looks.map((look) => ({ ms: look.handshakeMs, loopDelayMs: look.loopDelayMs })),
      budgetOf(target, 'tlsHandshakeMs'),
      {
        code: 'performance.tls.slow',
        evidence: { what: `TLS handshake with ${subject.name}`, ...(looks[0] === undefined ? {} : { where: looks[0].peer, at: looks[0].at }) },
      },
    ),
  reproduce: curlTimes,
  covers: ['C76'],
})
