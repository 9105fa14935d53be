import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { tls12Look } from '../../helpers/probes/tls-plan.ts'
import { modernTls12 } from '../../helpers/probes/tls-suites.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { ordinary } from './probes.ts'
import { helloEvidence, helloProof, noHosts, openssl, tlsHosts } from './shared.ts'
import { chosenSuites, FS_AEAD_SUITES, idsOf } from './suites.ts'

const MODERN = idsOf(FS_AEAD_SUITES)

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
  needs: (subject) => {
    const host = hostOf(subject)
    const asked = { host: host.fqdn }
    return {
      tls: attempt(ordinary(host)),
      tls12: attempt(tls12Look(asked)),
      modern: attempt(modernTls12({ ...asked, suites: MODERN, unless: ordinary(host) })),
    }
  },
  judge: ({ tls, tls12, modern }) => {
    // Our library's hello goes first; where it could not end, our own hello tells what the server would have chosen.
    const [chosen] = chosenSuites(tls, tls12)
    if (chosen === undefined) return inconclusive('unobserved', 'no hello of ours was answered with a suite that we know')
    const { suite, version, how, where, at } = chosen
    const evidence = { what: 'suite chosen by a modern hello', expected: 'TLS 1.3, or ECDHE with an AEAD', received: how, where, at }
    if (version === 0x0304 || MODERN.includes(suite.id)) return pass(evidence)
    const proof = helloProof(modern, (hello) => MODERN.includes(hello.cipher))
    const second = helloEvidence(modern, 'a hello of TLS 1.2 with modern suites', 'one of them is chosen', proof.how)
    if (proof.result === 'accepted') return warn('tls.cipher.not-modern', [evidence, second], 'medium')
    if (proof.result === 'refused') return fail('tls.cipher.no-modern', [evidence, second])
    return inconclusive('unobserved', proof.how, [evidence, second])
  },
  reproduce: openssl(),
  covers: ['C2', 'D1'],
})
