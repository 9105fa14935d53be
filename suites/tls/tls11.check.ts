import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { oldVersionLook } from '../../helpers/probes/tls-plan.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { helloEvidence, helloProof, noHosts, openssl, tlsHosts } from './shared.ts'

export default defineCheck({
  id: 'tls/tls11',
  title: 'TLS 1.1 is refused',
  failureTitle: 'TLS 1.1 is accepted',
  why: 'TLS 1.1 is deprecated: it leans on SHA-1 and MD5, and no client of today needs it. Libraries of today refuse it themselves and so hide that a server accepts it.',
  source: 'RFC 8996',
  severity: 'high',
  codes: {
    'tls.tls11.accepted': {
      meaning: 'The server completes or agrees to a TLS 1.1 handshake.',
      fix: 'nginx: ssl_protocols TLSv1.2 TLSv1.3; Caddy: remove protocols tls1.x from the tls directive.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ seen: attempt(oldVersionLook({ host: hostOf(subject).fqdn }, 0x0302)) }),
  judge: ({ seen }, { subject }) => {
    const proof = helloProof(seen, (hello) => hello.version === 0x0302)
    const evidence = helloEvidence(seen, 'a hello with TLS 1.1 and nothing newer', 'refused by an alert or another version', proof.how)
    if (proof.result === 'unknown') return inconclusive('unobserved', `neither accepted nor refused: ${proof.how}`, evidence)
    if (proof.result === 'refused') return pass(evidence)
    // The owner has said that it may be accepted: still a deviation from RFC 8996, but not a surprise.
    const lowest = hostOf(subject).tls.minVersion
    return lowest === 'TLSv1' || lowest === 'TLSv1.1' ? warn('tls.tls11.accepted', evidence) : fail('tls.tls11.accepted', evidence)
  },
  reproduce: openssl(['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0']),
  covers: ['C1', 'D1', 'E24', 'B14'],
})
