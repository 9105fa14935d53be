import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { weakSuites } from '../../helpers/probes/tls-plan.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { noHosts, showHello, tlsHosts } from './shared.ts'
import { isClass, showWeak, suitesEvidence } from './suites.ts'

const KINDS = [
  ['null', 'tls.cipher.null', 'suites without encryption'],
  ['export', 'tls.cipher.export', 'export suites of 40 and 56 bits'],
  ['anonymous', 'tls.cipher.anonymous', 'suites without a certificate'],
] as const

export default defineCheck({
  id: 'tls/cipher-null-anon-export',
  title: 'Suites without encryption, without a certificate, and for export are refused',
  failureTitle: 'A suite without encryption, without a certificate or for export is accepted',
  why: 'The first hides nothing, the second lets anybody in the middle answer, the third is broken within hours (FREAK, Logjam). Libraries of today cannot ask for them and so hide that a server accepts them.',
  source: 'RFC 9325 §4.1; SSL Labs guide 2009r (F); CVE-2015-0204 (FREAK)',
  severity: 'critical',
  codes: {
    'tls.cipher.null': {
      meaning: 'A suite without encryption is accepted.',
      fix: 'nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20 (never ALL, COMPLEMENTOFALL or eNULL).',
    },
    'tls.cipher.export': { meaning: 'An export suite is accepted.', fix: 'Update the TLS library, and nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20.' },
    'tls.cipher.anonymous': {
      meaning: 'A suite without a certificate is accepted.',
      fix: 'nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20 (or append :!aNULL).',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ weak: attempt(weakSuites({ host: hostOf(subject).fqdn })) }),
  judge: ({ weak }) => {
    const looks = KINDS.map(([kind, code, what]) => ({ code, ...suitesEvidence(weak, isClass(kind), what) }))
    const findings = looks.flatMap(({ code, proof, evidence }): Finding[] =>
      proof.result === 'unknown' ? [] : proof.result === 'accepted' ? [{ grade: 'fail', code, evidence }] : [{ grade: 'pass', evidence }],
    )
    const unknown = looks.filter(({ proof }) => proof.result === 'unknown')
    const failed = findings.some(({ grade }) => grade === 'fail')
    if (unknown.length > 0 && !failed)
      return inconclusive(
        'unobserved',
        `neither accepted nor refused: ${unknown.map(({ evidence, proof }) => `${evidence.what}: ${proof.how}`).join('; ')}`,
        unknown.map(({ evidence }) => evidence),
      )
    return worst(findings)
  },
  reproduce: showHello(showWeak('null', 'export', 'anonymous')),
  covers: ['C2', 'D1'],
})
