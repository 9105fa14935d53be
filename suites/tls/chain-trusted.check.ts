import { defineCheck, hostOf } from '../../helpers/check.ts'
import { certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { certificateLine, noHosts, openssl, seenAt, tlsHosts } from './shared.ts'

export default defineCheck({
  id: 'tls/chain-trusted',
  title: 'The certificate leads to a trusted root',
  failureTitle: 'The certificate leads to no trusted root',
  why: 'Without a trusted root nothing distinguishes the host from somebody in the middle, and every client warns or refuses.',
  source: 'RFC 5280 §6; Mozilla root store as bundled with the runtime, and network.trust of the target',
  severity: 'critical',
  codes: {
    'tls.chain.self-signed': {
      meaning: 'The leaf signed itself.',
      fix: 'Let an ACME client obtain a certificate; or declare it in network.trust if it is meant to be private.',
    },
    'tls.chain.untrusted': {
      meaning: 'The chain ends in a root that is not trusted here.',
      fix: 'Use a public CA, or declare the private root in network.trust.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ paths: certificatePaths(hostOf(subject).fqdn) }),
  judge: ({ paths }) => {
    const store = { bundled: 'a bundled root', declared: 'a root of network.trust', 'bundled+declared': 'a bundled root or one of network.trust' }[
      paths.tls.store
    ]
    const path = paths.paths[0]
    if (path !== undefined) {
      const root = path.certificates.at(-1)
      return pass(seenAt(paths.tls, 'end of the path', store, `${root === undefined ? '?' : certificateLine(root)} (${path.anchor})`))
    }
    const leaf = paths.longest[0]
    const last = paths.longest.at(-1)
    if (leaf === undefined || last === undefined) return inconclusive('unobserved', 'no certificate was served')
    if (paths.fetched?.result === 'completes') {
      return pass(
        seenAt(
          paths.tls,
          'end of the path',
          store,
          `reached with the missing issuer from ${paths.fetched.url} (${paths.fetched.detail}); see tls/chain-complete`,
        ),
      )
    }
    if (paths.endsSelfSigned && paths.longest.length === 1)
      return fail('tls.chain.self-signed', seenAt(paths.tls, 'the leaf', `leads to ${store}`, `${certificateLine(leaf)} signed itself`))
    const evidence = seenAt(paths.tls, 'end of the path', store, `${certificateLine(last)}, issued by ${last.issuer}`)
    if (paths.endsSelfSigned || last.isCa || paths.fetched?.result === 'does-not-help') return fail('tls.chain.untrusted', evidence)
    return inconclusive('unobserved', `the issuer ${last.issuer} was neither served nor could it be fetched: trusted or not cannot be told`, evidence)
  },
  reproduce: openssl(['-showcerts', '-verify_return_error']),
  covers: ['A14', 'B9', 'B10', 'E27', 'C4'],
})
