import { defineCheck, hostOf } from '../../helpers/check.ts'
import { tls12Look } from '../../helpers/probes/tls-plan.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { noHosts, openssl, tlsHosts } from './shared.ts'
import { featureEvidence, noTls12, refusesTls12, tls12Hello } from './suites.ts'

const RENEGOTIATION_INFO = 0xff01

export default defineCheck({
  id: 'tls/secure-renegotiation',
  title: 'Renegotiation is bound to its connection',
  failureTitle: 'Secure renegotiation is not supported',
  why: "Without it somebody in the middle can put his own request in front of a victim's. A server says so even where it never renegotiates. TLS 1.3 has no renegotiation.",
  source: 'RFC 5746 §3.6, §4.3; CVE-2009-3555',
  severity: 'high',
  codes: {
    'tls.renegotiation.insecure': {
      meaning: 'A ServerHello of TLS 1.2 does not return renegotiation_info though it was offered, or not an empty one.',
      fix: 'Update the TLS library (every one since 2010 has it); nothing needs to be switched on.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls12: tls12Look({ host: hostOf(subject).fqdn }) }),
  judge: ({ tls12: { best } }) => {
    const hello = tls12Hello(best)
    const evidence = (received: string) => featureEvidence(best, 'extension renegotiation_info (65281) of ServerHello', 'present and empty', received)
    if (refusesTls12(best)) return skip('not-applicable', 'TLS 1.2 is not spoken, and TLS 1.3 has no renegotiation', evidence(noTls12(best)))
    if (hello === undefined) return inconclusive('unobserved', noTls12(best))
    const found = hello.extensions.find(({ type }) => type === RENEGOTIATION_INFO)
    if (found === undefined) return fail('tls.renegotiation.insecure', evidence('absent'))
    // In a first handshake the list of former values is empty: one zero byte (RFC 5746 §3.4).
    const empty = found.data.length === 1 && found.data[0] === 0
    return empty ? pass(evidence('present and empty')) : fail('tls.renegotiation.insecure', evidence(`present, with ${found.data.length} bytes in it`))
  },
  // "Secure Renegotiation IS supported" or "IS NOT supported".
  reproduce: openssl(['-tls1_2']),
  covers: ['C3'],
})
