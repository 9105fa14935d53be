import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { tls12Look, weakSuites } from '../../helpers/probes/tls-plan.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { ordinary } from './probes.ts'
import { noHosts, openssl, tlsHosts } from './shared.ts'
import { chosenSuites, isClass, suitesEvidence } from './suites.ts'

const isStatic = isClass('static-rsa', 'static-dh')

export default defineCheck({
  id: 'tls/cipher-static-rsa',
  title: 'Key exchange has forward secrecy',
  failureTitle: 'Key exchange without forward secrecy is accepted',
  why: 'With static RSA whoever gets the key later can read every recorded session; it is also where Bleichenbacher-type attacks live.',
  source: 'RFC 9325 §4.1',
  severity: 'medium',
  codes: {
    'tls.cipher.static-rsa': {
      meaning: 'A static RSA suite is accepted when nothing better is offered, or chosen though better ones were offered.',
      fix: 'Allow ECDHE suites only (nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20).',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => {
    const asked = { host: hostOf(subject).fqdn }
    return { tls: attempt(ordinary(hostOf(subject))), tls12: attempt(tls12Look(asked)), weak: attempt(weakSuites(asked)) }
  },
  judge: ({ tls, tls12, weak }) => {
    const preferred = chosenSuites(tls, tls12).find(({ suite }) => isStatic(suite))
    if (preferred !== undefined) {
      const { how, where, at } = preferred
      return fail('tls.cipher.static-rsa', { what: 'suite chosen by a modern hello', expected: 'ECDHE', received: how, where, at }, 'high')
    }
    const { proof, evidence } = suitesEvidence(weak, isStatic, 'suites with static RSA key exchange')
    if (proof.result === 'unknown') return inconclusive('unobserved', `neither accepted nor refused: ${proof.how}`, evidence)
    return proof.result === 'refused' ? pass(evidence) : warn('tls.cipher.static-rsa', evidence)
  },
  reproduce: openssl(['-tls1_2', '-cipher', 'kRSA:@SECLEVEL=0']),
  covers: ['C2', 'D1'],
})
