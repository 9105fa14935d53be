import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { ssl2, tls12Look } from '../../helpers/probes/tls-plan.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { hostsInFullDepth, onlyInFullDepth } from './depth.ts'
import { ordinary } from './probes.ts'
import { answerText, helloEvidence, showHello } from './shared.ts'

/** A server that knows no SSL 2.0 sees bytes that are no TLS record, and closes; with bytes of ours unread, its kernel says so by a reset. */
const CLOSING: ReadonlySet<string> = new Set(['EOF', 'ECONNRESET', 'EPIPE'])

export default defineCheck({
  id: 'tls/ssl2',
  title: 'SSL 2.0 is refused',
  failureTitle: 'SSL 2.0 is accepted',
  why: 'One server with SSL 2.0 and the same key, on any port, lets attackers read TLS sessions of all the others (DROWN).',
  source: 'RFC 6176; CVE-2016-0800 (DROWN)',
  severity: 'critical',
  codes: {
    'tls.ssl2.accepted': {
      meaning: 'The server answers a hello of SSL 2.0 with a SERVER-HELLO.',
      fix: 'Update the TLS library: since 2016 none has SSL 2.0. Change the key wherever it was shared.',
    },
  },
  options: {},
  subjects: hostsInFullDepth,
  unless: onlyInFullDepth,
  needs: (subject) => {
    const asked = { host: hostOf(subject).fqdn }
    return { seen: attempt(ssl2(asked)), tls: attempt(ordinary(hostOf(subject))), tls12: attempt(tls12Look(asked)) }
  },
  judge: ({ seen, tls, tls12 }) => {
    const what = 'a hello of SSL 2.0'
    const expected = 'no SERVER-HELLO of SSL 2.0: a TLS record, or the connection closed'
    if (seen.ok) {
      const { flight } = seen.value
      const evidence = helloEvidence(seen, what, expected, answerText(seen.value))
      return flight.ssl2 === undefined ? pass(evidence) : fail('tls.ssl2.accepted', evidence)
    }
    const { code, message } = seen.failure
    const evidence = helloEvidence(seen, what, expected, `${message} (${code})`)
    // Closing means something only where the same server answers TLS: otherwise it may be closing on everybody.
    if (CLOSING.has(code) && (tls.ok || tls12.ok)) return pass(evidence)
    return inconclusive('unobserved', `neither accepted nor refused: ${message} (${code})`, evidence)
  },
  reproduce: showHello(ssl2),
  covers: ['C1'],
})
