import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { modernTls12, ordinary } from './probes.ts'
import { FS_AEAD_SUITES, noHosts, openssl, proofOf, seenAt, tlsHosts } from './shared.ts'

const MODERN: ReadonlySet<string> = new Set(FS_AEAD_SUITES)

export default defineCheck({
  id: 'tls/fs-aead',
  title: 'Forward secrecy and authenticated encryption are negotiated',
  failureTitle: 'Forward secrecy or authenticated encryption is not negotiated',
  why: 'Both together are the floor for any traffic that should stay private; a server may have them and still choose something worse.',
  source: 'RFC 9325 §4.2; SSL Labs guide 2009r',
  severity: 'high',
  codes: {
    'tls.cipher.not-modern': {
      meaning: 'A modern hello ended in another suite, though a modern one is available.',
      fix: 'Let modern suites come first (nginx: ssl_prefer_server_ciphers off, or reorder ssl_ciphers).',
    },
    'tls.cipher.no-modern': { meaning: 'No suite with forward secrecy and AEAD is available.', fix: 'Allow ECDHE with AES-GCM or ChaCha20, or speak TLS 1.3.' },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: ordinary(hostOf(subject)), modern: attempt(modernTls12(hostOf(subject))) }),
  judge: ({ tls, modern }) => {
    const evidence = seenAt(tls, 'suite chosen by a modern hello', 'TLS 1.3, or ECDHE with an AEAD', `${tls.protocol} ${tls.cipher}`)
    if (tls.protocol === 'TLSv1.3' || MODERN.has(tls.cipher)) return pass(evidence)
    const proof = proofOf(modern)
    const second = seenAt(tls, 'a hello with modern suites alone', 'accepted', proof.how)
    if (proof.result === 'accepted') return warn('tls.cipher.not-modern', [evidence, second], 'medium')
    if (proof.result === 'refused') return fail('tls.cipher.no-modern', [evidence, second])
    return inconclusive('unobserved', proof.how, [evidence, second])
  },
  reproduce: openssl(),
  covers: ['C2', 'D1'],
})
