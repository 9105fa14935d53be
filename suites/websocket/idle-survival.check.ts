import { defineCheck } from '../../helpers/check.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { answered, at, channelOf, channels, guarded, handshake, ordinary } from './shared.ts'

export default defineCheck({
  id: 'websocket/idle-survival',
  title: 'An idle connection survives as long as declared',
  failureTitle: 'An idle connection is cut',
  why: 'A proxy cuts silent connections after its own timeout (nginx 60 s); live views then freeze without anyone noticing.',
  source: 'nginx proxy_read_timeout (60 s); live.idleSeconds of the target',
  severity: 'medium',
  codes: {
    'websocket.idle.cut': {
      meaning: 'The silent connection was ended early.',
      fix: 'nginx: proxy_read_timeout above the interval of the pings; or let the service ping every 30 s.',
    },
    'websocket.idle.short': {
      meaning: 'The silent connection lived at least 30 s, but not as long as declared.',
      fix: 'nginx: proxy_read_timeout above the declared time.',
    },
    'websocket.idle.dead': {
      meaning: 'After the silence the connection is open but answers nothing.',
      fix: 'Look whether the proxy still holds its side to the service.',
    },
  },
  options: { leastSeconds: 30 },
  subjects: channels('websocket', (channel) => !guarded(channel) && channel.idleSeconds !== undefined),
  unless: { skip: 'not-declared', reason: 'no channel declares how long an idle connection must live (live.idleSeconds)' },
  needs: (subject, target) => ({ seen: ordinary(subject, target) }),
  judge: ({ seen }, { subject, options }) => {
    const wanted = channelOf(subject).idleSeconds ?? 0
    if (seen.idle === undefined)
      return inconclusive('unobserved', 'there was no connection that could have been idle', at(seen, 'upgrade', '101, open', answered(seen)))
    const { survivedMs, alive, serverPings } = seen.idle
    const seconds = (survivedMs / 1000).toFixed(1)
    const cut = seen.closeCode !== undefined
    const evidence = at(
      seen,
      'silence on our side',
      `open and answering after ${wanted} s`,
      `${cut ? `ended after ${seconds} s (${seen.closeCode})` : `open after ${seconds} s, ${alive ? 'a Ping was answered' : 'a Ping was not answered'}`}${serverPings > 0 ? `; the peer sent ${serverPings} pings` : ''}`,
    )
    if (alive && survivedMs >= wanted * 1000 - 50) return pass(evidence)
    if (!cut)
      return seen.cut || seen.violation !== undefined
        ? inconclusive('unobserved', 'the look ended for another reason', evidence)
        : fail('websocket.idle.dead', evidence)
    return survivedMs >= options.leastSeconds * 1000 ? warn('websocket.idle.short', evidence) : fail('websocket.idle.cut', evidence)
  },
  reproduce: handshake(),
})
