import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { CIPHER_SUITES, suiteById, suiteName } from '../../helpers/grammar/tls-names.ts'
import { attempt } from '../../helpers/probe.ts'
import { suitesHello, tls12Look, WEAK_SUITES } from '../../helpers/probes/tls-plan.ts'
import { outsideSuites } from '../../helpers/probes/tls-suites.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { answerText, helloEvidence, helloProof, openssl, showHello, suitesProof } from './shared.ts'
import { bestOf, isDeclared, refusesTls12, suitesOutside, tls12Hello } from './suites.ts'

const HANDSHAKE_FAILURE = 40
const INSUFFICIENT_SECURITY = 71

export default defineCheck({
  id: 'tls/cipher-list',
  title: 'TLS 1.2 accepts the declared suites and no other',
  failureTitle: 'TLS 1.2 accepts a suite that is not declared',
  why: 'The declared list is what was signed off; whatever else is accepted, nobody decided on.',
  source: 'tls.ciphersTls12 of the target',
  severity: 'high',
  codes: {
    'tls.cipher.undeclared': {
      meaning: 'A suite outside the declared list is accepted up to TLS 1.2.',
      fix: 'Set the list at the server that terminates TLS (nginx: ssl_ciphers), or declare the suite.',
    },
    'tls.cipher.none-declared': {
      meaning: 'The server has no suite in common with a hello that offers all usual ones: no TLS 1.2 client can connect.',
      fix: 'Match the list to the key of the certificate: ECDSA suites need an ECDSA certificate.',
    },
  },
  options: {},
  subjects: eachHost((host) => host.tls.ciphersTls12 !== undefined && host.tls.minVersion !== 'TLSv1.3'),
  unless: { skip: 'not-declared', reason: 'the target declares no tls.ciphersTls12' },
  needs: (subject) => {
    const { fqdn: host, tls } = hostOf(subject)
    return { tls12: attempt(tls12Look({ host })), outside: attempt(outsideSuites({ host, suites: suitesOutside(tls.ciphersTls12 ?? []) })) }
  },
  judge: ({ tls12, outside }, { subject }) => {
    const allowed = hostOf(subject).tls.ciphersTls12 ?? []
    const expected = allowed.join(', ')
    const findings: Finding[] = []
    const unknown: string[] = []

    const best = bestOf(tls12)
    const first = (received: string) => helloEvidence(best, 'suite chosen in TLS 1.2', expected, received)
    if (!best.ok) unknown.push(`${best.failure.message} (${best.failure.code})`)
    else {
      const hello = tls12Hello(best.value)
      const suite = hello === undefined ? undefined : suiteById(hello.cipher)
      const alert = best.value.flight.alert?.description
      if (suite !== undefined)
        findings.push(
          isDeclared(allowed, suite)
            ? { grade: 'pass', evidence: first(suite.openssl) }
            : { grade: 'fail', code: 'tls.cipher.undeclared', evidence: first(answerText(best.value)) },
        )
      else if (refusesTls12(best.value)) findings.push({ grade: 'pass', evidence: first(`${answerText(best.value)}: TLS 1.2 is not spoken`) })
      else if (hello === undefined && (alert === HANDSHAKE_FAILURE || alert === INSUFFICIENT_SECURITY))
        findings.push({ grade: 'fail', code: 'tls.cipher.none-declared', evidence: first(answerText(best.value)) })
      else unknown.push(answerText(best.value))
    }

    if (!outside.ok) unknown.push(`${outside.failure.message} (${outside.failure.code})`)
    else {
      const { weak, more, left } = outside.value
      const undeclared = new Set(suitesOutside(allowed))
      const offered = more.flatMap((one) => one.offered)
      // What the look at weak suites told already.
      const shared = weak.offered.filter((id) => undeclared.has(id) && !offered.includes(id))
      if (shared.length > 0) {
        const proof = suitesProof(weak, ({ id }) => shared.includes(id))
        const evidence = { what: `${shared.length} suites outside the list`, expected: 'refused', received: proof.how, at: outside.startedAt }
        if (proof.result === 'accepted') findings.push({ grade: 'fail', code: 'tls.cipher.undeclared', evidence })
        else if (proof.result === 'refused') findings.push({ grade: 'pass', evidence })
        else unknown.push(proof.how)
      }
      for (const one of more) {
        const wasOffered = (cipher: number): boolean => one.offered.includes(cipher)
        const proof = helloProof(one.seen, (hello) => wasOffered(hello.cipher))
        const stray = one.seen.ok && one.seen.value.flight.hello !== undefined && !wasOffered(one.seen.value.flight.hello.cipher)
        const evidence = helloEvidence(one.seen, `a hello with ${one.offered.length} other suites outside the list`, 'refused', proof.how)
        if (proof.result === 'accepted') findings.push({ grade: 'fail', code: 'tls.cipher.undeclared', evidence })
        else if (proof.result === 'refused' && !stray) findings.push({ grade: 'pass', evidence })
        else unknown.push(stray ? `a suite that was not offered came back: ${proof.how}` : proof.how)
      }
      if (left.length > 0 && findings.every(({ grade }) => grade === 'pass'))
        findings.push({
          grade: 'pass',
          evidence: {
            what: `${left.length} suites for certificates with DSA or fixed Diffie-Hellman keys`,
            expected: 'asked only with --depth full',
            received: `not asked: ${left.slice(0, 3).map(suiteName).join(', ')}…`,
          },
        })
    }
    const verdict = worst(findings)
    return unknown.length > 0 && verdict.outcome !== 'fail'
      ? inconclusive('unobserved', `neither accepted nor refused: ${unknown.join('; ')}`, findings.length === 0 ? [] : verdict.evidence)
      : verdict
  },
  // First what OpenSSL of today can offer, then what it cannot.
  reproduce: (subject, target) => {
    const allowed = hostOf(subject).tls.ciphersTls12 ?? []
    const declared = CIPHER_SUITES.filter((suite) => suite.keyExchange !== 'any' && isDeclared(allowed, suite)).map((suite) => `!${suite.openssl}`)
    const weak = WEAK_SUITES.filter((id) => suitesOutside(allowed).includes(id))
    const known = openssl(['-tls1_2', '-cipher', ['ALL:COMPLEMENTOFALL', ...declared, '@SECLEVEL=0'].join(':')])(subject, target)
    return weak.length === 0 ? known : `${known}; ${showHello((asked) => suitesHello(asked, weak, 'outside the list'))(subject, target)}`
  },
  covers: ['C2', 'D1', 'E25'],
})
