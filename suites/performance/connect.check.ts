import { defineCheck, hostOf } from '../../helpers/check.ts'
import { handshakeLooks } from '../../helpers/probes/timing.ts'
import { budgetedHosts, budgetOf, curlTimes, noBudget, withinBudget } from './shared.ts'

export default defineCheck({
  id: 'performance/connect',
  title: 'The connection stands within the declared time',
  failureTitle: 'Connecting takes too long',
  why: 'It is one round trip: more means a far or overloaded edge, or packets that are lost and sent again.',
  source: 'performance.connectMs of the target; TCP handshake, the median where the first was slow',
  severity: 'low',
  codes: {
    'performance.connect.slow': {
      meaning: 'Connecting took longer than declared, and again when tried anew.',
      fix: 'Serve from nearer; look for a full backlog, lost packets and rules that drop the first SYN.',
    },
  },
  options: {},
  subjects: budgetedHosts('connectMs'),
  unless: noBudget('connectMs'),
  needs: (subject, target) => ({
    looks: handshakeLooks(hostOf(subject).fqdn, {
      connectMs: budgetOf(target, 'connectMs'),
      tlsMs: target.file.performance?.tlsHandshakeMs ?? Number.POSITIVE_INFINITY,
    }),
  }),
  judge: ({ looks }, { target, subject }) =>
    withinBudget(
      looks.map((look) => ({ ms: look.connectMs, loopDelayMs: look.loopDelayMs })),
      budgetOf(target, 'connectMs'),
      {
        code: 'performance.connect.slow',
        evidence: { what: `TCP handshake with ${subject.name}`, ...(looks[0] === undefined ? {} : { where: looks[0].peer, at: looks[0].at }) },
      },
    ),
  reproduce: curlTimes,
  covers: [],
})
