import { defineCheck, hostOf } from '../../helpers/check.ts'
import { certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { certificateLine, noHosts, openssl, seenAt, tlsHosts } from './shared.ts'

export default defineCheck({
  id: 'tls/chain-complete',
  title: 'The server sends every intermediate certificate',
  failureTitle: 'An intermediate certificate is not served',
  why: 'Browsers fetch or remember missing intermediates and hide the fault; curl, Java, Node, mobile apps and webhooks do not.',
  source: 'RFC 8446 §4.4.2; RFC 5246 §7.4.2',
  severity: 'high',
  codes: {
    'tls.chain.incomplete': {
      meaning: 'The served certificates do not link the leaf to a root; a certificate in between is missing.',
      fix: 'Serve the full chain (certbot: fullchain.pem, not cert.pem; nginx: ssl_certificate with the intermediates below the leaf).',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ paths: certificatePaths(hostOf(subject).fqdn) }),
  judge: ({ paths }) => {
    const what = `the ${paths.served.length} served certificates`
    const path = paths.paths[0]
    if (path !== undefined) {
      return pass(seenAt(paths.tls, what, 'link the leaf to a root', path.certificates.map(certificateLine).join(' ← ')))
    }
    const last = paths.longest.at(-1)
    if (last === undefined) return inconclusive('unobserved', 'no certificate was served')
    if (paths.endsSelfSigned)
      return pass(
        seenAt(
          paths.tls,
          what,
          'link the leaf to a self-signed certificate',
          `${certificateLine(last)} signed itself; whether it is trusted is tls/chain-trusted`,
        ),
      )
    const fetched = paths.fetched === undefined ? 'the certificate says nowhere where it could be fetched' : `${paths.fetched.url}: ${paths.fetched.detail}`
    const evidence = seenAt(paths.tls, what, `the certificate of ${last.issuer} among them`, `missing after ${certificateLine(last)}; ${fetched}`)
    if (paths.fetched?.result === 'completes' || !last.isCa) return fail('tls.chain.incomplete', evidence)
    return inconclusive(
      'unobserved',
      `${last.subject} was issued by ${last.issuer}, which is no root we know: a further intermediate may be missing, or the root is unknown`,
      evidence,
    )
  },
  reproduce: openssl(['-showcerts']),
  covers: ['A14', 'C3', 'C4'],
})
