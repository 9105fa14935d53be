import { defineCheck } from '../../helpers/check.ts'
import { heartbeatWaitMs, socketIo } from '../../helpers/probes/live.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { type Finding, illustrated, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { channels } from './shared.ts'
import { asked, lives, lived } from './used.ts'

export default defineCheck({
  id: 'websocket/socket-io-upgrade',
  title: 'Socket.IO goes over to WebSocket',
  failureTitle: 'Socket.IO stays with polling',
  why: 'Where the upgrade fails, everything seems to work, with many requests a second for each open page.',
  source: 'Engine.IO protocol 4 (upgrade, heartbeat)',
  severity: 'medium',
  codes: {
    'websocket.socket-io.upgrade': {
      meaning: 'The session could not be moved from polling to WebSocket.',
      fix: 'nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade.',
    },
    'websocket.socket-io.direct': {
      meaning: 'A connection that begins with WebSocket does not work.',
      fix: 'Look at the route for upgrades, and at `transports` and `allowRequest` of the server.',
    },
    'websocket.socket-io.heartbeat': {
      meaning: 'The heartbeat that the server announced did not come.',
      fix: 'Look for a proxy that holds frames back, and for a blocked event loop.',
    },
    'websocket.socket-io.not-offered': { meaning: 'The server offers no upgrade.', fix: 'Allow the transport websocket in the server (`transports`).' },
  },
  options: {},
  subjects: channels('socketio'),
  unless: { skip: 'not-declared', reason: 'the target declares no Socket.IO channel (live.mode: socketio)' },
  needs: (subject, target) => ({ look: socketIo(asked(subject, target)) }),
  judge: ({ look }, { subject }) => {
    const { sid, upgrades = [], upgrade, direct, pingIntervalMs, secondPoll } = look
    if (sid === undefined || direct === undefined) return inconclusive('unobserved', 'there is no session that could go over')
    const at = (what: string, expected: string, received: string) => ({ what, expected, received, where: subject.name, at: direct.channel.at })
    const limited = [upgrade?.channel, direct.channel].find((one) => one?.status === 429 || one?.status === 503)
    if (limited !== undefined) return inconclusive('unobserved', 'a limiter or an overloaded gateway answered', at(limited.what, '101', lived(limited)))
    const findings: Finding[] = []
    if (upgrade === undefined)
      findings.push({
        grade: 'warn',
        code: 'websocket.socket-io.not-offered',
        evidence: at('upgrades that the server offers', 'websocket', upgrades.join(', ') || 'none'),
      })
    // A session that the next process does not know cannot be moved; that is told by the check of the session.
    else if (secondPoll?.status !== 200) return skip('not-applicable', 'the session is not found again, so it cannot be moved')
    else
      findings.push({
        grade: upgrade.probed ? 'pass' : 'fail',
        code: 'websocket.socket-io.upgrade',
        evidence: at(upgrade.channel.what, '101, 2probe answered with 3probe', `${lived(upgrade.channel)}${upgrade.probed ? ', answered' : ', not answered'}`),
      })
    findings.push({
      grade: direct.opened && direct.connected ? 'pass' : 'fail',
      code: 'websocket.socket-io.direct',
      evidence: at(
        direct.channel.what,
        '101, an open packet, a connection to the namespace',
        `${lived(direct.channel)}${direct.opened ? ', opened' : ''}${direct.connected ? ', connected' : ''}`,
      ),
    })
    if (direct.connected && pingIntervalMs !== undefined && pingIntervalMs <= 30_000)
      findings.push({
        grade: direct.heartbeat ? 'pass' : 'fail',
        code: 'websocket.socket-io.heartbeat',
        evidence: at(
          'heartbeat of the server',
          `within ${heartbeatWaitMs(pingIntervalMs)} ms`,
          direct.heartbeat ? `came within ${Math.round(direct.waitedMs)} ms` : `none in ${Math.round(direct.waitedMs)} ms`,
        ),
      })
    return illustrated(
      worst(findings),
      lives('Socket.IO by WebSocket', [
        ...(upgrade === undefined ? [] : [[upgrade.channel, upgrade.probed ? 'pass' : 'fail'] as const]),
        [direct.channel, direct.connected ? 'pass' : 'fail'],
      ]),
    )
  },
  reproduce: (subject, target) =>
    curlFor(target, `${subject.name.replace(/\/?$/, '/')}?EIO=4&transport=websocket`, {
      flags: ['-sS', '-i', '-N', '--http1.1', '--max-time', '5'],
      headers: [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
        ['Sec-WebSocket-Version', '13'],
        ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ],
    }),
})
