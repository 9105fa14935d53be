import { defineCheck } from '../../helpers/check.ts'
import { socketIo } from '../../helpers/probes/live.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { channels } from './shared.ts'
import { asked } from './used.ts'

export default defineCheck({
  id: 'websocket/socket-io',
  title: 'Socket.IO opens a session and finds it again',
  failureTitle: 'Socket.IO cannot hold a session',
  why: 'Clients begin with polling; where the next request reaches another process, the session is unknown there and the client starts over for ever.',
  source: 'Engine.IO protocol 4; socket.io/docs, using multiple nodes',
  severity: 'high',
  codes: {
    'websocket.socket-io.status': {
      meaning: 'The handshake is not answered with 200.',
      fix: 'Route the path (usually /socket.io/) to the service, with its query.',
    },
    'websocket.socket-io.page': {
      meaning: 'The handshake is answered with something else than Engine.IO.',
      fix: 'Route the path before the fallback of the frontend; look which version of the protocol (EIO) the server speaks.',
    },
    'websocket.socket-io.sticky': {
      meaning: 'The second request of a session is answered as unknown.',
      fix: 'Send the requests of one session to one process (nginx: ip_hash or hash $arg_sid), or run one process.',
    },
  },
  options: {},
  subjects: channels('socketio'),
  unless: { skip: 'not-declared', reason: 'the target declares no Socket.IO channel (live.mode: socketio)' },
  needs: (subject, target) => ({ look: socketIo(asked(subject, target)) }),
  judge: ({ look }, { subject }) => {
    const { polling, sid, secondPoll } = look
    const at = (what: string, expected: string, received: string) => ({
      what,
      expected,
      received,
      where: `${subject.name}${polling.peer === undefined ? '' : ` (${polling.peer})`}`,
      at: polling.at,
    })
    if (polling.failure !== undefined) return inconclusive('unobserved', `${polling.failure.message} (${polling.failure.code})`)
    const status = at('handshake by polling', '200', String(polling.status ?? 'no answer'))
    if (polling.status === 429 || polling.status === 503) return inconclusive('unobserved', 'a limiter or an overloaded gateway answered', status)
    if (polling.status !== 200) return worst([{ grade: 'fail', code: 'websocket.socket-io.status', evidence: status }])
    const open = at('its answer', 'an Engine.IO open packet with a sid', sid === undefined ? `${polling.type ?? 'no type'}, something else` : 'an open packet')
    const findings: Finding[] = [
      { grade: 'pass', evidence: status },
      { grade: sid === undefined ? 'fail' : 'pass', code: 'websocket.socket-io.page', evidence: open },
    ]
    if (secondPoll !== undefined) {
      const second = at('second request of the session', '200 ok', `${secondPoll.status ?? 'no answer'} ${secondPoll.body.slice(0, 100)}`)
      if (secondPoll.status === undefined || secondPoll.status === 429 || secondPoll.status >= 500)
        return inconclusive('unobserved', 'the second request got no usable answer', [second, status])
      findings.push({ grade: secondPoll.status === 200 ? 'pass' : 'fail', code: 'websocket.socket-io.sticky', evidence: second })
    }
    return worst(findings)
  },
  reproduce: (subject, target) => curlFor(target, `${subject.name.replace(/\/?$/, '/')}?EIO=4&transport=polling`, { flags: ['-sS', '-i'] }),
})
