import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { clientRenegotiation, MOST_RENEGOTIATIONS } from '../../helpers/probes/renegotiation.ts'
import { fail, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { noHosts, openssl, tlsHosts } from './shared.ts'

/** NCSC and internet.nl tolerate so many on one connection. */
const TOLERATED = 10

export default defineCheck({
  id: 'tls/client-renegotiation',
  title: 'Clients cannot ask for one handshake after another',
  failureTitle: 'Clients can ask for one handshake after another',
  why: 'A handshake costs the server far more than the client; one that lets clients repeat it on an open connection can be kept busy by few machines.',
  source: 'CVE-2011-1473; RFC 5746; NCSC 2025-05 and internet.nl (at most ten)',
  severity: 'low',
  codes: {
    'tls.renegotiation.accepted': {
      meaning: 'A second handshake that the client asked for was completed.',
      fix: 'Refuse it (nginx, Caddy and Apache of today do), or update the TLS library; TLS 1.3 has none.',
    },
    'tls.renegotiation.unlimited': {
      meaning: 'More than ten handshakes that the client asked for were completed on one connection.',
      fix: 'Refuse client-initiated renegotiation, or limit it to ten on one connection.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ seen: attempt(clientRenegotiation({ host: hostOf(subject).fqdn })) }),
  judge: ({ seen }) => {
    const what = 'second handshake on a TLS 1.2 connection, asked for by the client'
    const expected = 'refused with an alert'
    if (!seen.ok) {
      const evidence = { what, expected, received: `${seen.failure.message} (${seen.failure.code})`, at: seen.startedAt }
      return seen.failure.code === 'NO_TLS12' && /alert 70/.test(seen.failure.message)
        ? skip('not-applicable', 'TLS 1.2 is refused, and TLS 1.3 has no second handshake', evidence)
        : inconclusive('unobserved', seen.failure.message, evidence)
    }
    const { tries } = seen.value
    const evidence = tries.map(({ peer, completed, asked, end, how, at }) => ({
      what,
      expected,
      received: `${completed} of ${asked} completed${end === 'done' ? '' : `; then ${how}`}`,
      where: peer,
      at,
    }))
    const [first, second] = tries
    if (first === undefined) return inconclusive('defect', 'nothing was tried')
    if (first.completed === 0) {
      // A server that only closes may be closing for any reason (rules G1).
      return first.end === 'alert' ? pass(evidence) : inconclusive('unobserved', `neither completed nor refused: ${first.how}`, evidence)
    }
    if (second === undefined ? first.completed === 1 : second.completed === 0)
      return inconclusive('unobserved', 'completed on one connection and not on the next', evidence)
    return Math.min(first.completed, second?.completed ?? first.completed) > TOLERATED
      ? fail('tls.renegotiation.unlimited', evidence, 'medium')
      : warn('tls.renegotiation.accepted', [
          ...evidence,
          ...(first.asked > TOLERATED
            ? []
            : [
                {
                  what: 'how many would be completed',
                  expected: `at most ${TOLERATED}`,
                  received: `not asked (--depth full asks ${MOST_RENEGOTIATIONS} times)`,
                },
              ]),
        ])
  },
  // The line R asks for it; five seconds are for the answer.
  reproduce: (subject, target) => `(sleep 1; echo R; sleep 5) | ${openssl(['-tls1_2'])(subject, target).replace(/ <\/dev\/null$/, '')}`,
  covers: ['C3'],
})
