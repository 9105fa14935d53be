import { defineCheck, hostOf } from '../../helpers/check.ts'
import { tlsEveryAddress } from '../../helpers/probes/tls.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { noHosts, openssl, tlsHosts } from './shared.ts'

export default defineCheck({
  id: 'tls/reachable',
  title: 'Every address completes a TLS handshake',
  failureTitle: 'An address does not complete a TLS handshake',
  why: 'A name with one dead address of several fails for a part of the visitors, and browsers that try the next address hide it from everybody else.',
  source: 'RFC 8446 §4; RFC 8305 (why it stays hidden)',
  severity: 'critical',
  codes: {
    'tls.unreachable': {
      meaning: 'An address of the host refused, closed or did not answer a TLS handshake.',
      fix: 'Look at the listener on that address (nginx: `listen [::]:443 ssl`), the firewall, and the DNS record; remove the record if nothing serves it.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ addresses: tlsEveryAddress(hostOf(subject).fqdn) }),
  judge: ({ addresses }) =>
    worst(
      addresses.map(
        ({ address, seen }): Finding =>
          seen.ok
            ? {
                grade: 'pass',
                evidence: {
                  what: `handshake with ${address}`,
                  expected: 'completes',
                  received: `${seen.value.protocol} ${seen.value.cipher} in ${seen.value.handshakeMs} ms`,
                  where: seen.value.peer,
                  at: seen.value.at,
                },
              }
            : {
                grade: 'fail',
                code: 'tls.unreachable',
                evidence: {
                  what: `handshake with ${address}`,
                  expected: 'completes',
                  received: `${seen.failure.phase}: ${seen.failure.message} (${seen.failure.code}), tries: ${seen.attempts}`,
                  where: address,
                  at: seen.startedAt,
                },
              },
      ),
    ),
  reproduce: openssl(),
  covers: ['A14', 'A18', 'B14'],
})
