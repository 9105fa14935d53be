import { defineCheck } from '../../helpers/check.ts'
import { listen } from '../../helpers/probes/live.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { channelOf, channels } from './shared.ts'
import { asked } from './used.ts'

/** Three heartbeats must be seen: two gaps. */
const BEATS = 3

export default defineCheck({
  id: 'websocket/event-heartbeat',
  title: 'A quiet event stream says that it lives',
  failureTitle: 'A quiet event stream says nothing',
  why: 'Proxies end streams that are silent, and clients cannot tell a quiet stream from a dead one.',
  source: 'HTML Living Standard §9.2.7; nginx proxy_read_timeout (60 s)',
  severity: 'medium',
  codes: {
    'websocket.sse.no-heartbeat': {
      meaning: 'The stream was silent for longer than declared.',
      fix: 'Send a comment line (": ok") every 15 s; nginx: proxy_buffering off.',
    },
    'websocket.sse.ended': { meaning: 'The stream was ended while we listened.', fix: 'Raise the timeout of the proxy, and look into the log of the service.' },
  },
  options: {},
  subjects: channels('sse', ({ heartbeatSeconds }) => heartbeatSeconds !== undefined),
  unless: { skip: 'not-declared', reason: 'no event stream declares a heartbeat (live.heartbeatSeconds)' },
  needs: (subject, target) => ({ seen: listen(asked(subject, target), (channelOf(subject).heartbeatSeconds ?? 15) * 1_000 * BEATS) }),
  judge: ({ seen }, { subject }) => {
    const seconds = channelOf(subject).heartbeatSeconds ?? 15
    const at = (what: string, expected: string, received: string) => ({ what, expected, received, where: `${subject.name} (${seen.peer})`, at: seen.at })
    if (seen.status === 401 || seen.status === 403)
      return skip('no-access', 'the stream needs a session (live.session)', at('status', '200', String(seen.status)))
    if (seen.status !== 200) return inconclusive('unobserved', 'there is no stream', at('status', '200', String(seen.status)))
    const marks = [0, ...seen.parts, ...(seen.ended ? [] : [seen.listenedMs])]
    const gap = Math.max(...marks.slice(1).map((one, index) => one - (marks[index] ?? 0)))
    const evidence = at(
      'longest silence',
      `≤ ${seconds} s (and half of it more)`,
      `${(gap / 1000).toFixed(2)} s in ${(seen.listenedMs / 1000).toFixed(1)} s, ${seen.parts.length} parts`,
    )
    if (seen.ended) return fail('websocket.sse.ended', at('the stream', 'open', `ended after ${Math.round(seen.listenedMs)} ms`))
    return gap <= seconds * 1_500 && seen.parts.length > 0 ? pass(evidence) : fail('websocket.sse.no-heartbeat', evidence)
  },
  reproduce: (subject, target) => curlFor(target, subject.name, { flags: ['-sS', '-i', '-N', '--max-time', '60'], headers: [['Accept', 'text/event-stream']] }),
})
