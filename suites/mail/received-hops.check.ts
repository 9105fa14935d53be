import { defineCheck } from '../../helpers/check.ts'
import type { TimelineFigure } from '../../helpers/figure.ts'
import { isLoopback, isPrivateAddress } from '../../helpers/grammar/address.ts'
import type { Hop } from '../../helpers/grammar/mail-fields.ts'
import { type Authentication, mailAuthentication } from '../../helpers/probes/mail-authentication.ts'
import { type Finding, illustrated, worst } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, letterLine, noDelivery, nothingArrived, seconds, seenIn } from './delivery.ts'

/** From one process or container to the next: nobody listens in between. */
const isInside = ({ address, protocol, from }: Hop): boolean =>
  from === undefined ||
  /^(?:LMTPS?A?|LOCAL|HTTPS?|UTF8LMTP)$/.test(protocol ?? '') ||
  (address !== undefined && (isLoopback(address) || isPrivateAddress(address)))

function timelineOf(name: string, { hops, mail }: Authentication, triggeredAt: number): TimelineFigure {
  let last = triggeredAt
  const first = hops.toReversed()
  const spans = first.map((hop, index) => {
    const at = hop.at ?? last
    const startMs = Math.max(0, last - triggeredAt)
    const endMs = Math.max(startMs, at - triggeredAt)
    last = Math.max(last, at)
    return {
      label: `${index + 1}. ${hop.from ?? hop.address ?? 'here'} → ${hop.by ?? '?'}`,
      startMs,
      endMs,
      outcome: hop.tls || isInside(hop) ? ('pass' as const) : ('warn' as const),
      note: `${hop.protocol ?? 'unknown protocol'}${hop.tlsVersion === undefined ? '' : `, ${hop.tlsVersion}`}${hop.at === undefined ? ', no time' : ''}`,
    }
  })
  const { envelope } = mail
  const startMs = Math.max(0, last - triggeredAt)
  const end = { label: `${first.length + 1}. ${envelope?.greeting ?? 'last server'} → inbox`, startMs, endMs: Math.max(startMs, mail.latencyMs) }
  return {
    kind: 'timeline',
    title: `Hops of ${name}`,
    spans: [
      ...spans,
      {
        ...end,
        outcome: envelope?.tls === false ? 'warn' : 'pass',
        note: envelope?.tls === undefined ? 'seen there' : envelope.tls === false ? 'no TLS' : envelope.tls,
      },
    ],
  }
}

export default defineCheck({
  id: 'mail/received-hops',
  title: 'Every hop of the mail was encrypted and quick',
  failureTitle: 'A hop of the mail was not encrypted, or slow',
  why: 'Reset links travel through every hop in plain text where one of them has no TLS; a hop that takes minutes is where the mail waits.',
  source: 'RFC 3848 (protocol names of Received), RFC 5321 §4.4; RFC 3207',
  severity: 'low',
  codes: {
    'mail.hop.plain': {
      meaning: 'A hop between machines was not encrypted.',
      fix: 'Switch STARTTLS on where that server sends (Postfix: smtp_tls_security_level = may) and where it receives.',
    },
    'mail.hop.slow': {
      meaning: 'A hop took most of the time that the whole delivery may take.',
      fix: 'Look at the queue of the server that the evidence names, and at greylisting.',
    },
    'mail.hop.clock': { meaning: 'A hop is dated before the one before it: a clock is wrong.', fix: 'Keep the clock of that server right (NTP).' },
  },
  options: { secondsAskew: 120 },
  subjects: eachDelivery(),
  unless: noDelivery,
  needs: (subject) => ({ letter: mailAuthentication(deliveryOf(subject)) }),
  judge: ({ letter: { delivery, seen } }, { subject, options }) => {
    if (seen === undefined) return nothingArrived(delivery)
    const at = seenIn(delivery, seen.mail)
    const { envelope } = seen.mail
    const findings: Finding[] = []
    const hops = seen.hops.toReversed()
    hops.forEach((hop, index) => {
      const before = hops[index - 1]?.at
      const took = hop.at === undefined || before === undefined ? undefined : hop.at - before
      const evidence = {
        what: `hop ${index + 1}: ${hop.from ?? hop.address ?? 'here'} to ${hop.by ?? 'unnamed'}`,
        expected: 'encrypted, or inside one machine or network',
        received: `${hop.protocol ?? 'unknown protocol'}${hop.tlsVersion === undefined ? '' : `, ${hop.tlsVersion}`}${hop.tls ? '' : ', no TLS'}${took === undefined ? '' : `, after ${seconds(took)}`}`,
        ...at,
      }
      if (!hop.tls && !isInside(hop)) findings.push({ grade: 'warn', code: 'mail.hop.plain', severity: 'medium', evidence })
      else if (took !== undefined && took > delivery.withinMs / 2 && took > 5_000) findings.push({ grade: 'warn', code: 'mail.hop.slow', evidence })
      else if (took !== undefined && took < -options.secondsAskew * 1000) findings.push({ grade: 'warn', code: 'mail.hop.clock', evidence })
      else findings.push({ grade: 'pass', evidence })
    })
    if (envelope?.tls !== undefined) {
      const evidence = {
        what: `last hop: ${envelope.greeting ?? envelope.address ?? ''} to the inbox`,
        expected: 'encrypted',
        received: envelope.tls === false ? 'no TLS, although STARTTLS was offered' : envelope.tls,
        ...at,
      }
      findings.push(envelope.tls === false ? { grade: 'warn', code: 'mail.hop.plain', severity: 'medium', evidence } : { grade: 'pass', evidence })
    }
    if (findings.length === 0) findings.push({ grade: 'pass', evidence: { what: 'Received', expected: 'hops', received: 'none told', ...at } })
    return illustrated(worst(findings), timelineOf(subject.name, seen, Date.parse(delivery.triggeredAt)))
  },
  reproduce: letterLine('every Received field, from the last to the first'),
})
