import { defineCheck, hostOf, type Subject } from '../../helpers/check.ts'
import type { WebSocketObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { foreignOrigin } from '../../helpers/probes/live.ts'
import type { Target } from '../../helpers/target.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { answered, at, channelOf, channels, denied, guarded, handshake, ordinary, variant } from './shared.ts'

const lookAlike = (subject: Subject): string => foreignOrigin(hostOf(subject).fqdn)
/** Ends as the domain does, without being below it: finds comparisons that look at the end only. */
const endsAlike = (target: Target): string => `https://postproof${target.domain}`
const declared = (subject: Subject, target: Target): readonly string[] =>
  (channelOf(subject).origins ?? []).map((one) => one.replaceAll('{domain}', target.domain))
/** How long a peer that accepted may take to close because of the origin. */
const LISTEN_MS = 2_000

export default defineCheck({
  id: 'websocket/origin-check',
  title: 'Foreign origins may not connect',
  failureTitle: 'A foreign origin may connect',
  why: 'The same-origin policy does not hold for WebSockets: with a cookie session any page the user visits can open the channel in his name.',
  source: 'OWASP ASVS 4.4.2, WSTG-CLNT-10; RFC 6455 §10.2',
  severity: 'high',
  codes: {
    'websocket.origin.accepted': { meaning: 'A foreign origin got the upgrade.', fix: 'Compare Origin with a list, exactly, before the upgrade; answer 403.' },
    'websocket.origin.token-only': {
      meaning: 'A foreign origin got the upgrade; the channel is declared to need a token, which that page does not have.',
      fix: 'Compare Origin with a list all the same: it costs nothing.',
    },
  },
  options: {},
  subjects: channels('websocket', (channel) => channel.auth === 'cookie' || (channel.origins?.length ?? 0) > 0),
  unless: { skip: 'not-declared', reason: 'no channel declares its origins or a cookie session (live.origins, live.auth: cookie)' },
  needs: (subject, target): Record<string, Probe<WebSocketObservation>> => ({
    own: ordinary(subject, target),
    ...Object.fromEntries(
      [lookAlike(subject), endsAlike(target), 'null']
        .filter((origin) => !declared(subject, target).includes(origin))
        .map((origin) => [origin, variant(subject, target, { origin, listenMs: LISTEN_MS })]),
    ),
  }),
  judge: (seen, { subject }) => {
    const { own, ...foreign } = seen as Record<string, WebSocketObservation> & { own: WebSocketObservation }
    const channel = channelOf(subject)
    const mine = at(own, 'upgrade with an origin of the deployment', guarded(channel) ? '101, or 401 without a session' : '101', answered(own))
    const findings: Finding[] = []
    let telling = false
    for (const [origin, answer] of Object.entries(foreign)) {
      const evidence = at(answer, `upgrade with Origin: ${origin}`, 'refused (403, or Close 1008)', answered(answer))
      if (answer.status === 101 && !denied(answer))
        findings.push({
          grade: channel.auth === 'token' ? 'warn' : 'fail',
          code: channel.auth === 'token' ? 'websocket.origin.token-only' : 'websocket.origin.accepted',
          evidence,
        })
      else if (answer.status === 429 || answer.status >= 500) return inconclusive('unobserved', 'an obstacle answered instead of the service', [evidence, mine])
      else {
        telling ||= own.status === 101 || own.status !== answer.status
        findings.push({ grade: 'pass', evidence })
      }
    }
    if (findings.some((one) => one.grade !== 'pass')) return worst([...findings, { grade: 'pass', evidence: mine }])
    const evidence = [...findings.map((one) => one.evidence), mine]
    // Refused with any origin: nothing was learnt about the origin.
    if (own.status !== 101 && own.status !== 401 && own.status !== 403)
      return inconclusive('unobserved', 'the upgrade fails with a right origin too, so the refusal of a foreign one says nothing', evidence)
    if (!telling) return skip('no-access', 'without a session every origin is refused alike; the check of the origin cannot be seen from here', evidence)
    return worst([...findings, { grade: 'pass', evidence: mine }])
  },
  reproduce: handshake((subject) => ({ origin: lookAlike(subject) })),
  covers: ['A91'],
})
