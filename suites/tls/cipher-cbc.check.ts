import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { tls12Look, weakSuites } from '../../helpers/probes/tls-plan.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { ordinary } from './probes.ts'
import { noHosts, openssl, tlsHosts } from './shared.ts'
import { CBC_SUITES, chosenSuites, isClass, suitesEvidence } from './suites.ts'

/** What is wrong with the others, graver than their mode, other checks say. */
const isModernOtherwise = isClass('cbc', 'dhe', 'static-rsa', 'static-dh')

export default defineCheck({
  id: 'tls/cipher-cbc',
  title: 'No CBC suites',
  failureTitle: 'A CBC suite is accepted',
  why: 'CBC suites of TLS have a long history of padding attacks and no use for any client that is still maintained.',
  source: 'RFC 9325 §4.2; TLSRef 6.0 intermediate; NCSC-NL TLS 2025-05 (phase out)',
  severity: 'low',
  codes: {
    'tls.cipher.cbc': {
      meaning: 'A suite with ephemeral keys, but in CBC mode, is accepted up to TLS 1.2.',
      fix: 'Allow AEAD suites only (nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20).',
    },
    'tls.cipher.short-tag': {
      meaning: 'A CCM_8 suite is accepted, whose tag is half as long as it should be.',
      fix: 'Allow AES-GCM and ChaCha20 only (nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20).',
    },
    'tls.cipher.cbc-preferred': { meaning: 'A modern hello ends in a CBC suite.', fix: 'Put AEAD suites first, or allow nothing else.' },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => {
    const asked = { host: hostOf(subject).fqdn }
    return { tls: attempt(ordinary(hostOf(subject))), tls12: attempt(tls12Look(asked)), weak: attempt(weakSuites(asked)) }
  },
  judge: ({ tls, tls12, weak }) => {
    const preferred = chosenSuites(tls, tls12).find(({ suite }) => suite.mode === 'cbc' && isModernOtherwise(suite))
    if (preferred !== undefined) {
      const { how, where, at } = preferred
      return fail('tls.cipher.cbc-preferred', { what: 'suite chosen by a modern hello', expected: 'an AEAD suite', received: how, where, at })
    }
    const { proof, evidence } = suitesEvidence(weak, isClass('cbc'), 'suites with ephemeral keys in CBC mode')
    if (proof.result === 'unknown') return inconclusive('unobserved', `neither accepted nor refused: ${proof.how}`, evidence)
    if (proof.result === 'accepted') return warn('tls.cipher.cbc', evidence)
    const short = suitesEvidence(
      weak,
      (suite) => suite.encryption.endsWith('CCM_8') && isClass('strong')(suite),
      'suites with ephemeral keys whose tag has 64 bits',
    )
    return short.proof.result === 'accepted' ? warn('tls.cipher.short-tag', [short.evidence, evidence]) : pass(evidence)
  },
  reproduce: openssl(['-tls1_2', '-cipher', `${CBC_SUITES.join(':')}:@SECLEVEL=0`]),
  covers: ['C2', 'D1'],
})
