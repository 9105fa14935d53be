import { defineCheck, hostOf } from '../../helpers/check.ts'
import { tls12Look } from '../../helpers/probes/tls-plan.ts'
import { inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { noHosts, openssl, tlsHosts } from './shared.ts'
import { featureEvidence, noTls12, refusesTls12, tls12Hello } from './suites.ts'

const EXTENDED_MASTER_SECRET = 23
const SSL3 = 0x0300

export default defineCheck({
  id: 'tls/ems',
  title: 'The extended master secret is used',
  failureTitle: 'The extended master secret is not used',
  why: 'Without it two TLS 1.2 sessions can be given the same keys (triple handshake), and whatever is bound to a session can be moved to another. TLS 1.3 does not need it.',
  source: 'RFC 7627; RFC 9325 §3.5',
  severity: 'medium',
  codes: {
    'tls.ems.missing': {
      meaning: 'A ServerHello of TLS 1.2 does not return extended_master_secret though it was offered.',
      fix: 'Update the TLS library (OpenSSL 1.1.0, GnuTLS 3.4, Go 1.21, Java 8u161 and newer have it), or speak TLS 1.3 alone.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls12: tls12Look({ host: hostOf(subject).fqdn }) }),
  judge: ({ tls12: { best } }) => {
    const hello = tls12Hello(best)
    const evidence = (received: string) => featureEvidence(best, 'extension extended_master_secret (23) of ServerHello', 'present', received)
    if (refusesTls12(best)) return skip('not-applicable', 'TLS 1.2 is not spoken, and TLS 1.3 needs no such extension', evidence(noTls12(best)))
    if (hello === undefined) return inconclusive('unobserved', noTls12(best))
    if (hello.version === SSL3) return skip('not-applicable', 'SSL 3.0 has no extensions; see tls/ssl3', evidence('a ServerHello of SSL 3.0'))
    return hello.extensions.some(({ type }) => type === EXTENDED_MASTER_SECRET) ? pass(evidence('present')) : warn('tls.ems.missing', evidence('absent'))
  },
  // "Extended master secret: yes" or "no".
  reproduce: openssl(['-tls1_2']),
})
