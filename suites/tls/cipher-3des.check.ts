import { defineCheck, hostOf } from '../../helpers/check.ts'
import { suiteById, suiteName, versionName } from '../../helpers/grammar/tls-names.ts'
import { attempt } from '../../helpers/probe.ts'
import { oldVersionLook, tls12Look, weakSuites } from '../../helpers/probes/tls-plan.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { helloEvidence, noHosts, showHello, tlsHosts } from './shared.ts'
import { bestOf, isClass, showWeak, suitesEvidence } from './suites.ts'

const isTripleDes = isClass('3des')
const TLS11 = 0x0302

export default defineCheck({
  id: 'tls/cipher-3des',
  title: '3DES is refused',
  failureTitle: '3DES is accepted',
  why: 'Blocks of 64 bits repeat after some gigabytes, and what a browser sends again and again can be read from that (SWEET32). Libraries of today cannot ask for it and so hide that a server accepts it.',
  source: 'CVE-2016-2183 (SWEET32); RFC 9325 §4.1; SSL Labs guide 2009r (C at TLS 1.1 and above)',
  severity: 'medium',
  codes: {
    'tls.cipher.3des-chosen': {
      meaning: 'A hello of TLS 1.1 or 1.2 that lists better suites first ends in 3DES.',
      fix: 'Allow ECDHE with AES-GCM or ChaCha20 (nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20).',
    },
    'tls.cipher.3des': {
      meaning: '3DES is accepted where nothing better is offered.',
      fix: 'Take it out of the list (nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20, or append :!3DES).',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => {
    const asked = { host: hostOf(subject).fqdn }
    return { tls12: attempt(tls12Look(asked)), tls11: attempt(oldVersionLook(asked, TLS11)), weak: attempt(weakSuites(asked)) }
  },
  judge: ({ tls12, tls11, weak }) => {
    for (const seen of [bestOf(tls12), tls11]) {
      const hello = seen.ok ? seen.value.flight.hello : undefined
      const suite = hello === undefined ? undefined : suiteById(hello.cipher)
      if (hello === undefined || suite === undefined || hello.version < TLS11 || !isTripleDes(suite)) continue
      const received = `${versionName(hello.version)} ${suiteName(hello.cipher)}`
      return fail('tls.cipher.3des-chosen', helloEvidence(seen, 'suite chosen by a hello that lists better ones first', 'not 3DES', received))
    }
    const { proof, evidence } = suitesEvidence(weak, isTripleDes, 'suites with 3DES')
    if (proof.result === 'unknown') return inconclusive('unobserved', `neither accepted nor refused: ${proof.how}`, evidence)
    return proof.result === 'refused' ? pass(evidence) : warn('tls.cipher.3des', evidence)
  },
  reproduce: showHello(showWeak('3des')),
  covers: ['C2', 'D1'],
})
