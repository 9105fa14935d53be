import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { cbcOnly, ordinary } from './probes.ts'
import { CBC_SUITES, isCbc, noHosts, openssl, proofOf, seenAt, tlsHosts } from './shared.ts'

export default defineCheck({
  id: 'tls/cipher-cbc',
  title: 'No CBC suites',
  failureTitle: 'A CBC suite is accepted',
  why: 'CBC suites of TLS have a long history of padding attacks and no use for any client that is still maintained.',
  source: 'RFC 9325 §4.2; TLSRef 6.0 intermediate; NCSC-NL TLS 2025-05 (phase out)',
  severity: 'low',
  codes: {
    'tls.cipher.cbc': { meaning: 'A CBC suite is accepted in TLS 1.2.', fix: 'Allow AEAD suites only (nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20).' },
    'tls.cipher.cbc-preferred': { meaning: 'A modern hello ends in a CBC suite.', fix: 'Put AEAD suites first, or allow nothing else.' },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: ordinary(hostOf(subject)), seen: attempt(cbcOnly(hostOf(subject))) }),
  judge: ({ tls, seen }) => {
    if (isCbc(tls.cipher)) return fail('tls.cipher.cbc-preferred', seenAt(tls, 'suite chosen by a modern hello', 'an AEAD suite', tls.cipher))
    const proof = proofOf(seen)
    const evidence = seenAt(tls, 'a hello with ECDHE CBC suites alone', 'refused', proof.how)
    if (proof.result === 'unknown') return inconclusive('unobserved', `neither accepted nor refused: ${proof.how}`, evidence)
    return proof.result === 'refused' ? pass(evidence) : warn('tls.cipher.cbc', evidence)
  },
  reproduce: openssl(['-tls1_2', '-cipher', `${CBC_SUITES.join(':')}:@SECLEVEL=0`]),
  covers: ['C2', 'D1'],
})
