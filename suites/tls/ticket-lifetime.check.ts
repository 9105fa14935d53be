import { defineCheck, hostOf } from '../../helpers/check.ts'
import { fail, pass, warn } from '../../helpers/verdict.ts'
import { ordinary } from './probes.ts'
import { noHosts, openssl, seenAt, tlsHosts } from './shared.ts'

/** RFC 8446 §4.6.1: never longer than seven days. */
const LIMIT_SECONDS = 604_800

export default defineCheck({
  id: 'tls/ticket-lifetime',
  title: 'Session tickets live no longer than a day',
  failureTitle: 'Session tickets live longer than a day',
  why: 'Whoever steals the ticket key can read every session that may still be resumed; long tickets also let visitors be followed.',
  source: 'RFC 8446 §4.6.1 (at most 7 days); one day as testssl.sh',
  severity: 'low',
  codes: {
    'tls.ticket.long': { meaning: 'Tickets are valid for more than a day.', fix: 'nginx: ssl_session_timeout 1d; or ssl_session_tickets off.' },
    'tls.ticket.too-long': {
      meaning: 'Tickets are valid for more than the seven days that TLS 1.3 allows.',
      fix: 'nginx: ssl_session_timeout 1d; or ssl_session_tickets off.',
    },
  },
  options: { maxSeconds: 86_400 },
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: ordinary(hostOf(subject)) }),
  judge: ({ tls }, { options }) => {
    const seconds = tls.ticketLifetimeSeconds
    const evidence = seenAt(tls, 'lifetime of the session ticket', `≤ ${options.maxSeconds} s`, seconds === undefined ? 'no ticket was given' : `${seconds} s`)
    if (seconds === undefined || seconds <= options.maxSeconds) return pass(evidence)
    return seconds > LIMIT_SECONDS ? fail('tls.ticket.too-long', evidence) : warn('tls.ticket.long', evidence)
  },
  reproduce: openssl(),
})
