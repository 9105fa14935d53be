import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { weakSuites } from '../../helpers/probes/tls-plan.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { noHosts, showHello, tlsHosts } from './shared.ts'
import { isClass, showWeak, suitesEvidence } from './suites.ts'

export default defineCheck({
  id: 'tls/cipher-broken',
  title: 'RC4, DES, RC2, IDEA, SEED and MD5 are refused',
  failureTitle: 'A broken suite is accepted',
  why: 'RC4 leaks plain text, DES is searched through in a day, the others have no use left. Libraries of today cannot ask for them and so hide that a server accepts them.',
  source: 'RFC 7465; RFC 5469; RFC 6151; RFC 9325 §4.1',
  severity: 'high',
  codes: {
    'tls.cipher.broken': {
      meaning: 'A suite with RC4, DES, RC2, IDEA, SEED or an MD5 MAC is accepted.',
      fix: 'nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20; update the TLS library.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ weak: attempt(weakSuites({ host: hostOf(subject).fqdn })) }),
  judge: ({ weak }) => {
    const { proof, evidence } = suitesEvidence(weak, isClass('broken'), 'suites with RC4, DES, IDEA, SEED or MD5')
    if (proof.result === 'unknown') return inconclusive('unobserved', `neither accepted nor refused: ${proof.how}`, evidence)
    return proof.result === 'refused' ? pass(evidence) : fail('tls.cipher.broken', evidence)
  },
  reproduce: showHello(showWeak('broken')),
  covers: ['C2', 'D1'],
})
