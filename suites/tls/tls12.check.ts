import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { tls12Look } from '../../helpers/probes/tls-plan.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { ordinary } from './probes.ts'
import { helloEvidence, helloProof, noHosts, openssl, proofOf, tlsHosts } from './shared.ts'
import { bestOf } from './suites.ts'

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
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ ordinary: attempt(ordinary(hostOf(subject))), capped: attempt(tls12Look({ host: hostOf(subject).fqdn })) }),
  judge: ({ ordinary: seen, capped }) => {
    const proof = proofOf(seen)
    const second = helloProof(bestOf(capped), (hello) => hello.version === 0x0303)
    const evidence = [
      { what: 'a hello with TLS 1.2 and 1.3', expected: 'one of them', received: proof.how, at: seen.startedAt },
      helloEvidence(bestOf(capped), 'a hello capped at TLS 1.2', 'TLS 1.2, or refused because only 1.3 is spoken', second.how),
    ]
    if (proof.result === 'accepted' || second.result === 'accepted') return pass(evidence)
    if (proof.result === 'refused') return fail('tls.version.too-old', evidence, 'critical')
    return inconclusive('unobserved', proof.how, evidence)
  },
  reproduce: openssl(['-tls1_2']),
  covers: ['C1', 'D1', 'E24', 'B14'],
})
