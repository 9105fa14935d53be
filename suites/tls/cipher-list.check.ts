import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { undeclared, upToTls12 } from './probes.ts'
import { openssl, proofOf, suiteMatches, suitesOutside } from './shared.ts'

export default defineCheck({
  id: 'tls/cipher-list',
  title: 'TLS 1.2 accepts the declared suites and no other',
  failureTitle: 'TLS 1.2 accepts a suite that is not declared',
  why: 'The declared list is what was signed off. Suites that our own library no longer speaks (RC4, 3DES, export) are not offered here.',
  source: 'tls.ciphersTls12 of the target',
  severity: 'high',
  codes: {
    'tls.cipher.undeclared': {
      meaning: 'A TLS 1.2 suite outside the declared list is accepted.',
      fix: 'Set the list at the server that terminates TLS (nginx: ssl_ciphers), or declare the suite.',
    },
    'tls.cipher.none-declared': {
      meaning: 'The declared list allows nothing the server would speak: a TLS 1.2 client has no common suite.',
      fix: 'Match the list to the key of the certificate: ECDSA suites need an ECDSA certificate.',
    },
  },
  options: {},
  subjects: eachHost((host) => host.tls.ciphersTls12 !== undefined && host.tls.minVersion !== 'TLSv1.3'),
  unless: { skip: 'not-declared', reason: 'the target declares no tls.ciphersTls12' },
  needs: (subject) => {
    const host = hostOf(subject)
    return { tls12: attempt(upToTls12(host)), others: attempt(undeclared(host) ?? upToTls12(host)) }
  },
  judge: ({ tls12, others }, { subject }) => {
    const allowed = hostOf(subject).tls.ciphersTls12 ?? []
    const expected = allowed.join(', ')
    const outside = suitesOutside(allowed) ?? []
    const findings: Finding[] = []
    const unknown: string[] = []
    const chosen = proofOf(tls12)
    const first = { what: 'suite chosen in TLS 1.2', expected, received: tls12.ok ? tls12.value.cipher : chosen.how, at: tls12.startedAt }
    if (tls12.ok) {
      const fits = allowed.some((pattern) => suiteMatches(pattern, tls12.value.cipher))
      findings.push(fits ? { grade: 'pass', evidence: first } : { grade: 'fail', code: 'tls.cipher.undeclared', evidence: first })
    } else if (tls12.failure.code === 'ALERT_HANDSHAKE_FAILURE') findings.push({ grade: 'fail', code: 'tls.cipher.none-declared', evidence: first })
    else if (chosen.result === 'refused') findings.push({ grade: 'pass', evidence: { ...first, received: `${chosen.how}: TLS 1.2 is not spoken` } })
    else unknown.push(chosen.how)
    if (outside.length > 0) {
      const proof = proofOf(others)
      const evidence = { what: `a hello with the ${outside.length} other suites we can speak`, expected: 'refused', received: proof.how, at: others.startedAt }
      if (proof.result === 'accepted') findings.push({ grade: 'fail', code: 'tls.cipher.undeclared', evidence })
      else if (proof.result === 'refused') findings.push({ grade: 'pass', evidence })
      else unknown.push(proof.how)
    }
    const verdict = worst(findings)
    return unknown.length > 0 && verdict.outcome !== 'fail'
      ? inconclusive('unobserved', `neither accepted nor refused: ${unknown.join('; ')}`, verdict.evidence)
      : verdict
  },
  reproduce: (subject, target) =>
    openssl(['-tls1_2', '-cipher', `${(suitesOutside(hostOf(subject).tls.ciphersTls12) ?? ['ALL']).join(':')}:@SECLEVEL=0`])(subject, target),
  covers: ['C2', 'D1', 'E25'],
})
