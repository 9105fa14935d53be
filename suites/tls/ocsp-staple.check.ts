import { defineCheck, hostOf } from '../../helpers/check.ts'
import { readOcspResponse } from '../../helpers/grammar/ocsp-response.ts'
import { tlsStapled } from '../../helpers/probes/tls.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { certificateLine, leafOf, noHosts, openssl, seenAt, tlsHosts } from './shared.ts'

const bare = (hex: string): string => hex.toLowerCase().replace(/^(?:00)+(?=..)/, '')

export default defineCheck({
  id: 'tls/ocsp-staple',
  title: 'A stapled OCSP answer is good and fresh where one is due',
  failureTitle: 'The stapled OCSP answer is missing, stale or bad',
  why: 'A certificate that demands a staple is refused without one; a stale or revoked staple is worse than none. Certificates without an OCSP location need none.',
  source: 'RFC 6066 §8; RFC 7633; RFC 6960 §4.2. The signature of the staple is not verified here.',
  severity: 'info',
  clockSensitive: true,
  codes: {
    'tls.staple.required': {
      meaning: 'The certificate demands a staple (must-staple) and none was sent.',
      fix: 'Turn stapling on (nginx: ssl_stapling on with a resolver), or issue the certificate without must-staple.',
    },
    'tls.staple.revoked': { meaning: 'The staple says that the certificate is revoked.', fix: 'Replace the certificate and its key.' },
    'tls.staple.stale': {
      meaning: 'The staple is expired, not valid yet, unreadable, unsuccessful, unknown, or for another certificate.',
      fix: 'Look at why the server cannot refresh its staple: resolver, egress to the OCSP responder.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: tlsStapled(hostOf(subject).fqdn) }),
  judge: ({ tls }, { now }) => {
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
    const { responseStatus, status, serialHex, thisUpdate, nextUpdate } = read.value
    const evidence = seenAt(
      tls,
      what,
      expected,
      `response status ${responseStatus}, ${status ?? 'no certificate status'}, serial ${serialHex ?? '?'}, ${thisUpdate ?? '?'} to ${nextUpdate ?? 'open end'}`,
    )
    const same = serialHex !== undefined && bare(serialHex) === bare(leaf.serialHex)
    if (status === 'revoked' && same) return fail('tls.staple.revoked', evidence, 'critical')
    const fresh =
      thisUpdate !== undefined && Date.parse(thisUpdate) <= now.getTime() + 300_000 && (nextUpdate === undefined || now.getTime() <= Date.parse(nextUpdate))
    return responseStatus === 0 && status === 'good' && same && fresh ? pass(evidence) : warn('tls.staple.stale', evidence, severity)
  },
  reproduce: openssl(['-status']),
})
