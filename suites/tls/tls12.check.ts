import { defineCheck, hostOf } from '../../helpers/check.ts'
import type { TlsObservation } from '../../helpers/observations.ts'
import { attempt, type Observed } from '../../helpers/probe.ts'
import { type Tls12Look, tls12Look } from '../../helpers/probes/tls-plan.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { ordinary } from './probes.ts'
import { helloEvidence, helloProof, noHosts, openssl, proofOf, tlsHosts } from './shared.ts'
import { bestOf, refusesTls12 } from './suites.ts'

const TLS12 = 0x0303

/** Of two refusals: either says that it is the version, by its alert or by answering in an older one. */
const isForVersion = (library: Observed<TlsObservation>, capped: Observed<Tls12Look>): boolean =>
  (!library.ok && /PROTOCOL|VERSION/.test(library.failure.code)) ||
  (capped.ok && (refusesTls12(capped.value.best) || (capped.value.best.flight.hello?.version ?? TLS12) < TLS12))

export default defineCheck({
  id: 'tls/tls12',
  title: 'TLS 1.2 or 1.3 is spoken',
  failureTitle: 'Neither TLS 1.2 nor TLS 1.3 is spoken',
  why: 'Clients of today speak TLS 1.2 and 1.3 and nothing else.',
  source: 'RFC 8996; RFC 9325 §3.1',
  severity: 'low',
  codes: {
    'tls.version.too-old': {
      meaning: 'A hello with TLS 1.2 and 1.3 was refused for its version.',
      fix: 'nginx: ssl_protocols TLSv1.2 TLSv1.3; update the TLS library of the server.',
    },
    'tls.version.nothing-in-common': {
      meaning: 'Hellos with TLS 1.2 and 1.3 were refused, yet not for their version: none of the suites that clients of today offer is accepted.',
      fix: 'Offer suites with a certificate and encryption (nginx: leave ssl_ciphers at its default); see tls/cipher-null-anon-export for what is accepted.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ ordinary: attempt(ordinary(hostOf(subject))), capped: attempt(tls12Look({ host: hostOf(subject).fqdn })) }),
  judge: ({ ordinary: seen, capped }) => {
    const proof = proofOf(seen)
    const second = helloProof(bestOf(capped), (hello) => hello.version === TLS12)
    const evidence = [
      { what: 'a hello with TLS 1.2 and 1.3', expected: 'one of them', received: proof.how, at: seen.startedAt },
      helloEvidence(bestOf(capped), 'a hello capped at TLS 1.2', 'TLS 1.2, or refused because only 1.3 is spoken', second.how),
    ]
    if (proof.result === 'accepted' || second.result === 'accepted') return pass(evidence)
    if (proof.result === 'refused') return fail(isForVersion(seen, capped) ? 'tls.version.too-old' : 'tls.version.nothing-in-common', evidence, 'critical')
    return inconclusive('unobserved', proof.how, evidence)
  },
  reproduce: openssl(['-tls1_2']),
  covers: ['C1', 'D1', 'E24', 'B14'],
})
