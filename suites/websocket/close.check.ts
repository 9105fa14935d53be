import { defineCheck } from '../../helpers/check.ts'
import { inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { answered, at, channels, guarded, handshake, noChannel, ordinary } from './shared.ts'

export default defineCheck({
  id: 'websocket/close',
  title: 'A Close is answered with a Close',
  failureTitle: 'A Close is not answered',
  why: 'Without the closing handshake every client waits for its own timeout, and the proxy keeps the dead connection meanwhile.',
  source: 'RFC 6455 §5.5.1, §7.1.1',
  severity: 'low',
  codes: { 'websocket.close': { meaning: 'Our Close (1000) was not echoed within 2 seconds.', fix: 'Use a WebSocket library that answers control frames.' } },
  options: {},
  subjects: channels('websocket', (channel) => !guarded(channel)),
  unless: noChannel,
  needs: (subject, target) => ({ seen: ordinary(subject, target) }),
  judge: ({ seen }) => {
    const evidence = at(seen, 'Close 1000', 'echoed within 2 s', seen.closeEchoed ? 'echoed' : `${answered(seen)}, not echoed`)
    // Whatever ended the connection before our turn is judged by websocket/liveness and websocket/idle-survival.
    if (seen.status !== 101 || seen.closeCode !== undefined || seen.violation !== undefined || seen.cut)
      return inconclusive('unobserved', 'the connection was over before we could close it', evidence)
    return seen.closeEchoed ? pass(evidence) : warn('websocket.close', evidence)
  },
  reproduce: handshake(),
})
