import { defineCheck, hostOf } from '../../helpers/check.ts'
import { emptyHeartbeat, heartbeatHello, heartbleed } from '../../helpers/probes/tls-vulnerabilities.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { hostsInFullDepth, onlyInFullDepth, showBytes } from './depth.ts'
import { answerText } from './shared.ts'

const ENOUGH = 3

export default defineCheck({
  id: 'tls/heartbleed',
  title: 'Heartbeats bring back no memory of the server',
  failureTitle: 'Heartbeats bring back memory of the server (Heartbleed)',
  why: 'A heartbeat that claims more than it brings is answered with whatever lies next to it in memory: passwords, sessions, the private key. It leaves no trace.',
  source: 'CVE-2014-0160; RFC 6520 §4',
  severity: 'critical',
  codes: {
    'tls.heartbleed': {
      meaning: 'A heartbeat without content was answered with bytes that were never sent.',
      fix: 'Update OpenSSL (1.0.1g and later), then change the private key and every password and session that passed through.',
    },
  },
  options: {},
  subjects: hostsInFullDepth,
  unless: onlyInFullDepth,
  needs: (subject) => ({ tries: heartbleed({ host: hostOf(subject).fqdn }) }),
  judge: ({ tries }) => {
    const evidence = tries.map(({ hello, offered, empty, honest }) => ({
      what: 'heartbeat that claims 16,384 bytes and brings none',
      expected: 'heartbeats not agreed to, or no answer to this one',
      received: !offered
        ? `heartbeats not agreed to: ${answerText(hello)}`
        : (empty?.heartbeatBytes ?? 0) > 0
          ? `${empty?.heartbeatBytes} bytes (discarded)`
          : empty?.alerts.length !== 0 || empty.end !== 'open'
            ? `refused: ${empty?.alerts.length === 0 ? 'connection closed' : `alert ${empty?.alerts[0]}`}`
            : `no answer; an honest heartbeat ${(honest?.heartbeatBytes ?? 0) > 0 ? 'was answered' : 'got none either'}`,
      where: hello.peer,
      at: hello.at,
    }))
    const [first] = tries
    if (first === undefined) return inconclusive('defect', 'nothing was tried')
    const leaks = tries.filter(({ empty }) => (empty?.heartbeatBytes ?? 0) > 0).length
    if (leaks >= ENOUGH) return fail('tls.heartbleed', evidence)
    if (leaks > 0) return inconclusive('unobserved', `${leaks} of ${tries.length} heartbeats brought something back: not the same every time`, evidence)
    if (!first.offered) {
      if (first.hello.flight.hello !== undefined) return pass(evidence)
      return first.hello.flight.alert?.description === 70
        ? skip('not-applicable', 'TLS 1.2 is refused; no library that ever had this defect speaks TLS 1.3', evidence)
        : inconclusive('unobserved', `the hello was answered with ${answerText(first.hello)}`, evidence)
    }
    // Agreed to, and refused or ignored: where an honest one is answered at the same place, silence is what the standard asks for.
    if ((first.empty?.alerts.length ?? 0) > 0 || (first.honest?.heartbeatBytes ?? 0) > 0) return pass(evidence)
    return inconclusive('unobserved', 'heartbeats are agreed to, but none is answered before the handshake is complete', evidence)
  },
  reproduce: showBytes((host) => ({ request: heartbeatHello({ host }), after: emptyHeartbeat(), shown: 'count' })),
})
