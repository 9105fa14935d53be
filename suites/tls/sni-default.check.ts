import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { withoutServerName } from './probes.ts'
import { leafOf, noHosts, openssl, ownName, proofOf, seenAt, tlsHosts } from './shared.ts'

const INTERNAL = /^(?:[^.]+|.*\.(?:local|localhost|internal|intranet|lan|corp|home|home\.arpa|localdomain))$/i

export default defineCheck({
  id: 'tls/sni-default',
  title: 'A client that names no host learns nothing of the inside',
  failureTitle: 'A client that names no host learns internal names',
  why: 'Scanners connect to addresses without a server name; the certificate they get tells what else lives there. Refusing them is fine: every browser sends the name.',
  source: 'RFC 6066 §3',
  severity: 'info',
  codes: {
    'tls.default.internal-names': {
      meaning: 'The default certificate carries internal names.',
      fix: 'Refuse unknown names (nginx: a default_server with ssl_reject_handshake on), or serve a neutral certificate.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ seen: attempt(withoutServerName(hostOf(subject))) }),
  judge: ({ seen }, { target }) => {
    const proof = proofOf(seen)
    if (!seen.ok) {
      const evidence = { what: 'handshake without a server name', expected: 'refused, or a certificate without internal names', received: proof.how }
      return proof.result === 'refused' ? pass(evidence) : inconclusive('unobserved', proof.how, evidence)
    }
    const leaf = leafOf(seen.value)
    const names = leaf?.dnsNames ?? []
    const inside = names.filter((name) => INTERNAL.test(name) && !ownName(name, target))
    const evidence = seenAt(
      seen.value,
      'certificate without a server name',
      'refused, or no internal names',
      names.length === 0 ? (leaf?.subject ?? 'none') : names.slice(0, 20).join(', '),
    )
    return inside.length === 0 ? pass(evidence) : warn('tls.default.internal-names', evidence, 'low')
  },
  reproduce: openssl(['-noservername']),
})
