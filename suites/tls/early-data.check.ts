import { defineCheck, hostOf } from '../../helpers/check.ts'
import { fail, pass, warn } from '../../helpers/verdict.ts'
import { ordinary } from './probes.ts'
import { noHosts, openssl, seenAt, tlsHosts } from './shared.ts'

export default defineCheck({
  id: 'tls/early-data',
  title: 'No replayable early data',
  failureTitle: 'Early data that can be replayed is accepted',
  why: 'Requests in TLS 1.3 early data can be sent again by anybody who saw them; on an API or behind a login that repeats actions.',
  source: 'RFC 8446 §8; RFC 8470',
  severity: 'medium',
  codes: {
    'tls.early-data.offered': {
      meaning: 'Session tickets allow early data.',
      fix: 'nginx: ssl_early_data off; or make sure that the application answers 425 to unsafe requests with Early-Data: 1.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: ordinary(hostOf(subject)) }),
  judge: ({ tls }, { subject }) => {
    const host = hostOf(subject)
    const size = tls.maxEarlyData ?? 0
    const received = size > 0 ? `${size} bytes` : tls.ticketLifetimeSeconds === undefined ? 'no ticket was given, so none' : 'none'
    const evidence = seenAt(tls, 'early data allowed by the session ticket', 'none', received)
    if (size === 0) return pass(evidence)
    return host.kind === 'api' || host.access !== 'public' ? fail('tls.early-data.offered', evidence) : warn('tls.early-data.offered', evidence)
  },
  reproduce: openssl(['-tls1_3', '-msg']),
})
