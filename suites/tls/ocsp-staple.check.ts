import { defineCheck, hostOf } from '../../helpers/check.ts'
import { signedBy } from '../../helpers/grammar/certificate-path.ts'
import { ocspSigner, readOcspResponse, responseFor } from '../../helpers/grammar/ocsp-response.ts'
import { attempt } from '../../helpers/probe.ts'
import { certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { tlsStapled } from '../../helpers/probes/tls.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { certificateLine, datesHold, leafOf, noHosts, openssl, seenAt, tlsHosts, usedPath } from './shared.ts'

export default defineCheck({
  id: 'tls/ocsp-staple',
  title: 'A stapled OCSP answer is good and fresh where one is due',
  failureTitle: 'The stapled OCSP answer is missing, stale or bad',
  why: 'A certificate that demands a staple is refused without one; a stale or revoked staple is worse than none. Certificates without an OCSP location need none.',
  source: 'RFC 6066 §8; RFC 7633; RFC 6960 §4.2',
  severity: 'info',
  clockSensitive: true,
  codes: {
    'tls.staple.required': {
      meaning: 'The certificate demands a staple (must-staple) and none was sent.',
      fix: 'Turn stapling on (nginx: ssl_stapling on with a resolver), or issue the certificate without must-staple.',
    },
    'tls.staple.revoked': { meaning: 'The staple says that the certificate is revoked.', fix: 'Replace the certificate and its key.' },
    'tls.staple.not-signed': {
      meaning: 'The staple is not signed by the issuer or by a responder it appointed: clients refuse it.',
      fix: 'Let the server fetch its staple from the responder that the certificate names (nginx: no ssl_stapling_file left behind).',
    },
    'tls.staple.stale': {
      meaning: 'The staple is expired, not valid yet, unreadable, unsuccessful, unknown, or for another certificate.',
      fix: 'Look at why the server cannot refresh its staple: resolver, egress to the OCSP responder.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: tlsStapled(hostOf(subject).fqdn), paths: attempt(certificatePaths(hostOf(subject).fqdn)) }),
  judge: ({ tls, paths }, { now }) => {
    const leaf = leafOf(tls)
    if (leaf === undefined) return inconclusive('unobserved', 'the handshake brought no readable certificate')
    const what = `OCSP staple for ${certificateLine(leaf)}`
    if (tls.ocspStaple === undefined) {
      if (leaf.mustStaple) return fail('tls.staple.required', seenAt(tls, what, 'sent: the certificate demands it (RFC 7633)', 'none'), 'high')
      const reason = leaf.ocspUrls.length === 0 ? 'none, and the certificate names no OCSP responder' : 'none; the certificate does not demand one'
      return pass(seenAt(tls, what, 'not demanded, or sent', reason))
    }
    const read = readOcspResponse(tls.ocspStaple)
    const expected = 'successful, good, for this certificate, thisUpdate ≤ now ≤ nextUpdate'
    const severity = leaf.mustStaple ? ('high' as const) : ('low' as const)
    if (!read.ok) return warn('tls.staple.stale', seenAt(tls, what, expected, `unreadable: ${read.error}`), severity)
    // A server with two certificates may have shown the other one to the hello whose path this is.
    const path = paths.ok ? usedPath(paths.value, now) : []
    const issuer = path[0]?.sha256 === leaf.sha256 ? path[1] : tls.chain[1]
    const { responseStatus, responses } = read.value
    const about = responseFor(read.value, leaf, issuer)
    const shown = about ?? responses[0]
    // A lone leaf has no issuer here: then the signature cannot be told, and chain-complete speaks of it.
    const signer = issuer === undefined || responseStatus !== 0 ? undefined : ocspSigner(read.value, issuer, signedBy)
    const evidence = seenAt(
      tls,
      what,
      expected,
      `response status ${responseStatus}, ${shown?.status ?? 'no certificate status'}, serial ${shown?.serialHex ?? '?'}${about === undefined && shown !== undefined ? ' (another certificate or issuer)' : ''}, ${shown?.thisUpdate ?? '?'} to ${shown?.nextUpdate ?? 'open end'}, signature ${signer === undefined ? 'not judged' : `${signer.check}${signer.by === undefined ? '' : ` (${signer.by})`}`}`,
    )
    // What this runtime cannot verify is no proof against it.
    const genuine = signer?.check !== 'wrong'
    if (about?.status === 'revoked' && genuine) return fail('tls.staple.revoked', evidence, 'critical')
    const delegate = signer?.delegate
    const fresh =
      about !== undefined &&
      Date.parse(about.thisUpdate) <= now.getTime() + 300_000 &&
      (about.nextUpdate === undefined || now.getTime() <= Date.parse(about.nextUpdate)) &&
      (delegate === undefined || datesHold(delegate, now))
    if (about !== undefined && !genuine) return warn('tls.staple.not-signed', evidence, severity)
    return about?.status === 'good' && fresh ? pass(evidence) : warn('tls.staple.stale', evidence, severity)
  },
  reproduce: openssl(['-status']),
})
