import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { certificateLine, isPublic, seenAt, showCertificate } from './shared.ts'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const ANY = '2.5.29.37.0'

export default defineCheck({
  id: 'tls/clientauth-eku',
  title: 'A certificate that is also shown as a client may be shown as a client',
  failureTitle: 'A certificate that is also shown as a client was not made for it',
  why: 'Mail servers, XMPP servers and mutual TLS show their server certificate as clients. Public authorities no longer put clientAuth into it: such connections break with the next renewal.',
  source: 'RFC 5280 §4.2.1.12; Chrome Root Program policy 1.6 (clientAuth ends 2026-06-15); tls.clientUse of the target',
  severity: 'info',
  codes: {
    'tls.client-auth.absent': {
      meaning: 'The certificate is shown as a client too, and its extKeyUsage lacks clientAuth: peers that verify it refuse.',
      fix: 'Use a certificate of a private authority for the client side, or peers that do not demand clientAuth.',
    },
    'tls.client-auth.ending': {
      meaning: 'The certificate still carries clientAuth, and its public authority will not put it into the next one.',
      fix: 'Move the client side to a certificate of a private authority before the next renewal.',
    },
  },
  options: {},
  subjects: eachHost((host) => host.tls.clientUse === true),
  unless: { skip: 'not-declared', reason: 'the target declares no tls.clientUse' },
  needs: (subject) => ({ paths: certificatePaths(hostOf(subject).fqdn) }),
  judge: ({ paths }, { subject, target }) => {
    const leaf = paths.served[0]
    if (leaf === undefined) return inconclusive('unobserved', 'no certificate was served')
    const usages = leaf.extendedKeyUsage
    const evidence = seenAt(paths.tls, `extKeyUsage of ${certificateLine(leaf)}`, `clientAuth (${CLIENT_AUTH}), or none at all`, usages?.join(', ') ?? 'absent')
    if (usages !== undefined && !usages.includes(CLIENT_AUTH) && !usages.includes(ANY)) return warn('tls.client-auth.absent', evidence)
    return isPublic(paths, hostOf(subject), target) ? warn('tls.client-auth.ending', evidence) : pass(evidence)
  },
  reproduce: showCertificate,
})
