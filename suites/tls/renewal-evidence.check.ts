import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { renewalInformation } from '../../helpers/probes/renewal-information.ts'
import { fail, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { certificateLine, datesHold, seenAt, showCertificate } from './shared.ts'

export default defineCheck({
  id: 'tls/renewal-evidence',
  title: 'The certificate is not past the time its authority wants it renewed',
  failureTitle: 'The authority has been waiting for the renewal',
  why: 'The authority says for each certificate when it should be renewed, and moves that time forward before a mass revocation. A certificate past its window shows that renewal does not run, weeks before it expires.',
  source: 'RFC 9773 §4.2; tls.acmeDirectory of the target',
  severity: 'low',
  clockSensitive: true,
  codes: {
    'tls.renewal.overdue': {
      meaning: 'The suggested renewal window has passed and the old certificate is still served.',
      fix: 'Look at the renewal timer and its log, and at whether the server was reloaded after the renewal (certbot renew; caddy logs).',
    },
    'tls.renewal.urgent': {
      meaning: 'The authority wants the certificate replaced at once, long before it expires: it is about to be revoked.',
      fix: 'Renew now (certbot renew --force-renewal), and read the authority’s explanation.',
    },
  },
  options: {},
  subjects: eachHost((host) => host.tls.acmeDirectory !== undefined),
  unless: { skip: 'not-declared', reason: 'the target declares no tls.acmeDirectory' },
  needs: (subject) => {
    const { fqdn, tls } = hostOf(subject)
    return { seen: renewalInformation(fqdn, tls.acmeDirectory ?? '') }
  },
  judge: ({ seen }, { now }) => {
    const { tls, window, result, detail } = seen
    const leaf = tls.chain[0]
    if (leaf === undefined) return inconclusive('unobserved', 'the handshake brought no readable certificate')
    if (result === 'absent') return skip('not-applicable', detail)
    const evidence = seenAt(
      tls,
      `renewal window of ${certificateLine(leaf)} at ${seen.url ?? 'its authority'}`,
      `does not end before ${now.toISOString()}`,
      `${detail}${seen.explanationUrl === undefined ? '' : `; explanation: ${seen.explanationUrl}`}`,
    )
    if (window === undefined) return inconclusive('unobserved', 'the authority gave no renewal window for this certificate', evidence)
    if (Date.parse(window.end) >= now.getTime()) return pass(evidence)
    // Past certificates are judged by tls/validity. A window that ended in the first half of the lifetime is no ordinary one.
    const half = (Date.parse(leaf.notBefore) + Date.parse(leaf.notAfter)) / 2
    const early = datesHold(leaf, now) && Date.parse(window.end) < half
    return early ? fail('tls.renewal.urgent', evidence, 'high') : warn('tls.renewal.overdue', evidence)
  },
  reproduce: (subject, target) =>
    `curl -sS ${hostOf(subject).tls.acmeDirectory ?? ''} | grep renewalInfo; ${showCertificate(subject, target)} -serial -ext authorityKeyIdentifier`,
})
