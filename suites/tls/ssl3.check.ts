import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { oldVersion, ssl3Look } from '../../helpers/probes/tls-plan.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { helloEvidence, helloProof, noHosts, showHello, tlsHosts } from './shared.ts'

const SSL3 = 0x0300

export default defineCheck({
  id: 'tls/ssl3',
  title: 'SSL 3.0 is refused',
  failureTitle: 'SSL 3.0 is accepted',
  why: 'SSL 3.0 cannot be used safely at all: POODLE reads its CBC suites, RC4 is broken. No library of today can even ask for it, so nobody notices that it is still on.',
  source: 'RFC 7568; CVE-2014-3566 (POODLE)',
  severity: 'critical',
  codes: {
    'tls.ssl3.accepted': {
      meaning: 'The server answers a hello with SSL 3.0.',
      fix: 'nginx: ssl_protocols TLSv1.2 TLSv1.3; Apache: SSLProtocol -all +TLSv1.2 +TLSv1.3.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ seen: attempt(ssl3Look({ host: hostOf(subject).fqdn })) }),
  judge: ({ seen }) => {
    const proof = helloProof(seen, ({ version }) => version === SSL3)
    const what = 'a hello for SSL 3.0, or one for old versions that offers it too'
    const evidence = helloEvidence(seen, what, 'refused by an alert or another version', proof.how)
    if (proof.result === 'unknown') return inconclusive('unobserved', `neither accepted nor refused: ${proof.how}`, evidence)
    return proof.result === 'accepted' ? fail('tls.ssl3.accepted', evidence) : pass(evidence)
  },
  reproduce: showHello((asked) => oldVersion(asked, SSL3)),
  covers: ['C1'],
})
