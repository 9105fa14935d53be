import { defineCheck } from '../../helpers/check.ts'
import { headerValues } from '../../helpers/headers.ts'
import type { WebSocketObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { answered, at, channelOf, channels, guarded, handshake, noChannel, ordinary, variant } from './shared.ts'

const ALIEN = 'postproof.undeclared.v0'

export default defineCheck({
  id: 'websocket/subprotocol',
  title: 'The subprotocol is chosen among those offered',
  failureTitle: 'The subprotocol is not chosen among those offered',
  why: 'A browser closes the connection when its offer is ignored or when something comes back that it did not offer.',
  source: 'RFC 6455 §4.1, §4.2.2, §11.3.4',
  severity: 'medium',
  codes: {
    'websocket.subprotocol.unoffered': {
      meaning: 'A subprotocol came back that was not offered.',
      fix: 'Choose from Sec-WebSocket-Protocol of the request, or send none.',
    },
    'websocket.subprotocol.ignored': {
      meaning: 'None of the declared subprotocols was chosen.',
      fix: 'Let the proxy pass Sec-WebSocket-Protocol on, both ways; look which names the service knows.',
    },
    'websocket.subprotocol.malformed': { meaning: 'More than one subprotocol was answered.', fix: 'Send Sec-WebSocket-Protocol once, with one name.' },
    'websocket.subprotocol.blind': {
      meaning: 'A subprotocol that nobody declared was chosen: whatever is offered is echoed.',
      fix: 'Choose from the names that the service speaks (ws: handleProtocols).',
    },
  },
  options: {},
  subjects: channels('websocket', (channel) => !guarded(channel)),
  unless: noChannel,
  needs: (subject, target): Record<string, Probe<WebSocketObservation>> => ({
    seen: ordinary(subject, target),
    ...((channelOf(subject).subprotocols?.length ?? 0) === 0 ? {} : { alien: variant(subject, target, { subprotocols: [ALIEN] }) }),
  }),
  judge: (looks) => {
    const { seen, alien } = looks as { seen: WebSocketObservation; alien?: WebSocketObservation }
    if (seen.status !== 101)
      return inconclusive('unobserved', 'there was no upgrade', at(seen, 'answer to the upgrade', '101 Switching Protocols', answered(seen)))
    const findings: Finding[] = []
    for (const one of alien?.status === 101 ? [seen, alien] : [seen]) {
      const chosen = headerValues(one.headers, 'sec-websocket-protocol').map((value) => value.trim())
      const name = chosen[0] ?? ''
      const offer = one.offered.length === 0 ? 'nothing offered' : `${one.offered.join(', ')} offered`
      const evidence = at(
        one,
        `Sec-WebSocket-Protocol, ${offer}`,
        one === alien || one.offered.length === 0 ? 'none' : one.offered.join(' or '),
        chosen.join(' and ') || 'none',
      )
      const [grade, code] =
        chosen.length > 1 || name.includes(',')
          ? (['fail', 'websocket.subprotocol.malformed'] as const)
          : chosen.length === 1 && !one.offered.includes(name)
            ? (['fail', 'websocket.subprotocol.unoffered'] as const)
            : one === alien
              ? ([chosen.length === 1 ? 'warn' : 'pass', 'websocket.subprotocol.blind'] as const)
              : ([one.offered.length > 0 && chosen.length === 0 ? 'fail' : 'pass', 'websocket.subprotocol.ignored'] as const)
      findings.push({ grade, code, evidence })
    }
    if (alien !== undefined && alien.status !== 101)
      findings.push({ grade: 'pass', evidence: at(alien, `upgrade that offers only ${ALIEN}`, 'refused, or accepted without it', answered(alien)) })
    return worst(findings)
  },
  reproduce: handshake((subject) => ((channelOf(subject).subprotocols?.length ?? 0) === 0 ? {} : { subprotocol: ALIEN })),
})
