import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { ticketbleed } from '../../helpers/probes/tls-vulnerabilities.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { hostsInFullDepth, onlyInFullDepth } from './depth.ts'
import { openssl } from './shared.ts'

const ENOUGH = 3

export default defineCheck({
  id: 'tls/ticketbleed',
  title: 'A resumed session brings back no memory of the server',
  failureTitle: 'A resumed session brings back memory of the server (Ticketbleed)',
  why: 'Some load balancers answer a short session id with a full one: the rest is memory, up to 31 bytes each time, without a trace.',
  source: 'CVE-2016-9244; RFC 5077 §3.4',
  severity: 'high',
  codes: {
    'tls.ticketbleed': {
      meaning: 'The session id that came back begins with ours and is longer.',
      fix: 'Update the load balancer (F5 K05121675), or switch session tickets off there.',
    },
  },
  options: {},
  subjects: hostsInFullDepth,
  unless: onlyInFullDepth,
  needs: (subject) => ({ seen: attempt(ticketbleed({ host: hostOf(subject).fqdn })) }),
  judge: ({ seen }) => {
    const what = 'session id that comes back when a ticket is shown with a short one'
    if (!seen.ok) {
      const evidence = { what, expected: 'the same bytes', received: `${seen.failure.message} (${seen.failure.code})`, at: seen.startedAt }
      return seen.failure.code === 'NO_TLS12' && /alert 70/.test(seen.failure.message)
        ? skip('not-applicable', 'TLS 1.2 is refused, and TLS 1.3 has no such session ids', evidence)
        : inconclusive('unobserved', seen.failure.message, evidence)
    }
    const { peer, ticket, tries, at } = seen.value
    const evidence = (
      tries.length === 0
        ? [ticket ? 'a ticket was given that could not be shown again' : 'no ticket was given, so nothing is resumed by one']
        : tries.map(({ sent, received, ours }) =>
            received === undefined
              ? 'no ServerHello'
              : ours
                ? received > sent
                  ? `our ${sent} bytes and ${received - sent} more (discarded)`
                  : `the ${sent} bytes sent`
                : `${received} bytes of its own: not resumed`,
          )
    ).map((received) => ({ what, expected: 'the same bytes, or a new id', received, where: peer, at }))
    const leaks = tries.filter(({ ours, received = 0, sent }) => ours && received > sent).length
    if (leaks >= ENOUGH) return fail('tls.ticketbleed', evidence)
    if (leaks > 0) return inconclusive('unobserved', `${leaks} of ${tries.length} answers brought more than was sent: not the same every time`, evidence)
    if (!ticket) return pass(evidence)
    if (tries.every(({ received }) => received === undefined)) return inconclusive('unobserved', 'no ServerHello to a hello with the ticket', evidence)
    return pass(evidence)
  },
  reproduce: openssl(['-tls1_2', '-reconnect']),
})
