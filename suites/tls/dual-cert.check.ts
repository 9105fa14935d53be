import { defineCheck, hostOf } from '../../helpers/check.ts'
import { matchServerName } from '../../helpers/grammar/server-name.ts'
import { attempt } from '../../helpers/probe.ts'
import { secondCertificate } from '../../helpers/probes/second-certificate.ts'
import { certificatesOf, refuses, tls12Look } from '../../helpers/probes/tls-plan.ts'
import { type Finding, inconclusive, pass, skip, worst } from '../../helpers/verdict.ts'
import { answerText, certificateLine, datesHold, noHosts, openssl, tlsHosts } from './shared.ts'
import { featureEvidence, noTls12, refusesTls12, tls12Hello } from './suites.ts'

const KINDS = { rsa: 'RSA', ecdsa: 'ECDSA' } as const
const other = { rsa: 'ecdsa', ecdsa: 'rsa' } as const
/** CA/Browser Forum Baseline Requirements §6.1.5. */
const LEAST_RSA_BITS = 2_048

export default defineCheck({
  id: 'tls/dual-cert',
  title: 'A second certificate, for the other kind of key, is as good as the first',
  failureTitle: 'The second certificate, for the other kind of key, is bad',
  why: 'Servers with an ECDSA and an RSA certificate show the second one to few clients, and its renewal breaks without anybody noticing.',
  source: 'RFC 5280 §6; RFC 9525 §6.3; RFC 9325 §4.2',
  severity: 'info',
  codes: {
    'tls.dual.name': {
      meaning: 'The second certificate does not name the host.',
      fix: 'Issue it for the same names as the first, or serve one certificate only.',
    },
    'tls.dual.dates': {
      meaning: 'The second certificate, or one above it, is not valid now.',
      fix: 'Renew both certificates in the same job, and reload the server.',
    },
    'tls.dual.chain': {
      meaning: 'No path leads from the second certificate to a root with what is served beside it.',
      fix: 'Let the second certificate file hold its intermediates too (each ssl_certificate of nginx is a whole chain).',
    },
    'tls.dual.weak': { meaning: 'The second certificate has a short RSA key or a SHA-1 signature.', fix: 'Issue it anew, with RSA 2048 or more and SHA-256.' },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  clockSensitive: true,
  needs: (subject) => {
    const asked = { host: hostOf(subject).fqdn }
    return { tls12: tls12Look(asked), seen: attempt(secondCertificate(asked)) }
  },
  judge: ({ tls12: { best }, seen }, { subject, now }) => {
    const { fqdn } = hostOf(subject)
    const what = 'certificate served to clients that know the other kind of key alone'
    if (refusesTls12(best))
      return skip(
        'no-access',
        'TLS 1.3 alone is spoken, where certificates travel encrypted: whether there is a second one was not seen',
        featureEvidence(best, what, 'as good as the first', noTls12(best)),
      )
    if (tls12Hello(best) === undefined) return inconclusive('unobserved', noTls12(best))
    if (!seen.ok) return inconclusive('unobserved', `${seen.failure.message} (${seen.failure.code})`)
    const { look, second } = seen.value
    const { answer, first } = look
    const kind = KINDS[other[first]]
    // A complaint of our bytes, a suite never offered or a certificate that nobody can read tells of no certificate, and not of none (rules G1).
    if (second === undefined && !refuses(answer) && (answer.unoffered !== undefined || !certificatesOf(answer).firstReadable))
      return inconclusive('unobserved', `whether there is a second certificate is not known: ${answerText(answer)}`, [
        featureEvidence(answer, what, `none, or as good as the ${KINDS[first]} one`, 'not known'),
      ])
    if (second === undefined)
      return pass(featureEvidence(answer, what, `none, or as good as the ${KINDS[first]} one`, `no ${kind} certificate: ${answerText(answer)}`))

    const { leaf, paths, longest, endsSelfSigned } = second
    const evidence = (expected: string, received: string) => featureEvidence(answer, `${kind} certificate ${certificateLine(leaf)}`, expected, received)
    const grade = (good: boolean, code: string, expected: string, received: string): Finding =>
      good ? { grade: 'pass', evidence: evidence(expected, received) } : { grade: 'fail', code, severity: 'high', evidence: evidence(expected, received) }
    const match = matchServerName(fqdn, leaf)
    const names = [...leaf.dnsNames, ...leaf.ipAddresses].slice(0, 20).join(', ')
    const used = paths.find(({ certificates }) => certificates.every((one) => datesHold(one, now))) ?? paths[0]
    // The root's own dates and signature are looked at by no client.
    const judged = used === undefined ? [leaf] : used.certificates.length > 1 ? used.certificates.slice(0, -1) : used.certificates
    const outOfDate = judged.find((one) => !datesHold(one, now))
    const weak = judged.find(({ key, signature }) => (key.type === 'rsa' && !(key.bits >= LEAST_RSA_BITS)) || /SHA-?1$|MD[25]/i.test(signature.hash))
    const end = longest.at(-1) ?? leaf
    const broken = endsSelfSigned ? `ends in ${certificateLine(end)}, which is no root we know` : `stops at ${certificateLine(end)}, issued by ${end.issuer}`
    return worst([
      grade(match.matches, 'tls.dual.name', `names ${fqdn}`, match.matches ? `${match.by} matches` : names || '(no names)'),
      grade(
        outOfDate === undefined,
        'tls.dual.dates',
        `valid at ${now.toISOString()}`,
        `${certificateLine(outOfDate ?? leaf)}: ${(outOfDate ?? leaf).notBefore} to ${(outOfDate ?? leaf).notAfter}`,
      ),
      grade(paths.length > 0, 'tls.dual.chain', 'a path to a root', used === undefined ? broken : used.certificates.map(certificateLine).join(' ← ')),
      grade(
        weak === undefined,
        'tls.dual.weak',
        `RSA of ${LEAST_RSA_BITS} bits or more, SHA-2`,
        weak === undefined ? 'so it is' : `${certificateLine(weak)}: ${weak.key.type} ${weak.key.bits}, ${weak.signature.name}`,
      ),
    ])
  },
  reproduce: openssl(['-tls1_2', '-showcerts', '-sigalgs', 'RSA+SHA256:RSA-PSS+SHA256', '-cipher', 'aRSA']),
})
