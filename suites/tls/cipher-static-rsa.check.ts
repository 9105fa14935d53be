import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { ordinary, staticRsaOnly } from './probes.ts'
import { isStaticRsa, noHosts, openssl, proofOf, seenAt, STATIC_RSA_SUITES, tlsHosts } from './shared.ts'

export default defineCheck({
  id: 'tls/cipher-static-rsa',
  title: 'Key exchange has forward secrecy',
  failureTitle: 'Key exchange without forward secrecy is accepted',
  why: 'With static RSA whoever gets the key later can read every recorded session; it is also where Bleichenbacher-type attacks live.',
  source: 'RFC 9325 §4.1',
  severity: 'medium',
  codes: {
    'tls.cipher.static-rsa': {
      meaning: 'A static RSA suite is accepted when offered alone, or chosen though better ones were offered.',
      fix: 'Allow ECDHE suites only (nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20).',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: ordinary(hostOf(subject)), seen: attempt(staticRsaOnly(hostOf(subject))) }),
  judge: ({ tls, seen }) => {
    if (isStaticRsa(tls.cipher)) {
      return fail('tls.cipher.static-rsa', seenAt(tls, 'suite chosen by a modern hello', 'ECDHE', tls.cipher), 'high')
    }
    const proof = proofOf(seen)
    const evidence = seenAt(tls, 'a hello with static RSA suites alone', 'refused', proof.how)
    if (proof.result === 'unknown') return inconclusive('unobserved', `neither accepted nor refused: ${proof.how}`, evidence)
    return proof.result === 'refused' ? pass(evidence) : warn('tls.cipher.static-rsa', evidence)
  },
  reproduce: openssl(['-tls1_2', '-cipher', `${STATIC_RSA_SUITES.join(':')}:@SECLEVEL=0`]),
  covers: ['C2', 'D1'],
})
