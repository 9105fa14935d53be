import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { answered, at, channelOf, channels, guarded, handshake, noChannel, ordinary } from './shared.ts'

export default defineCheck({
  id: 'websocket/liveness',
  title: 'Frames flow behind the upgrade',
  failureTitle: 'No frames flow behind the upgrade',
  why: 'A proxy answers 101 also when the service behind it is dead or the frames are buffered; only an answer from the other end proves it.',
  source: 'RFC 6455 §5.5.2-3 (a Ping is answered with its payload), §5.1 (a server does not mask)',
  severity: 'high',
  codes: {
    'websocket.silent': {
      meaning: 'Neither a Ping was answered nor did an expected message come.',
      fix: 'nginx: proxy_buffering off for the path; look whether the service behind is alive.',
    },
    'websocket.message-missing': { meaning: 'The declared answer to the declared message did not come.', fix: 'Look at the service; the transport works.' },
    'websocket.pong-missing': { meaning: 'A Ping was not answered within 5 seconds.', fix: 'Use a WebSocket library that answers control frames.' },
    'websocket.dropped': {
      meaning: 'The connection was ended right after the upgrade.',
      fix: 'Look at the log of the service; nginx needs proxy_http_version 1.1.',
    },
    'websocket.violation': {
      meaning: 'The peer sent frames that a browser must refuse.',
      fix: 'Look what writes into the connection: another protocol, or a broken library.',
    },
  },
  options: {},
  subjects: channels('websocket', (channel) => !guarded(channel)),
  unless: noChannel,
  needs: (subject, target) => ({ seen: ordinary(subject, target) }),
  judge: ({ seen }, { subject }) => {
    if (seen.status !== 101)
      return inconclusive('unobserved', 'there was no upgrade', at(seen, 'answer to the upgrade', '101 Switching Protocols', answered(seen)))
    const { expect } = channelOf(subject)
    const findings: Finding[] = []
    if (seen.violation !== undefined)
      findings.push({ grade: 'fail', code: 'websocket.violation', evidence: at(seen, 'frames', 'as RFC 6455 §5 says', seen.violation) })
    if (expect !== undefined)
      findings.push({
        grade: seen.matched === true ? 'pass' : 'fail',
        code: seen.pong ? 'websocket.message-missing' : 'websocket.silent',
        evidence: at(
          seen,
          'answer to the message',
          `a message containing ${JSON.stringify(expect)}`,
          seen.matched === true ? 'came' : seen.messageCount === 0 ? 'no message' : seen.messages.map((one) => JSON.stringify(one.slice(0, 80))).join(', '),
        ),
      })
    const early = seen.closeCode !== undefined && !seen.pong
    if (seen.violation === undefined)
      findings.push({
        grade: seen.pong ? 'pass' : 'fail',
        code: early ? 'websocket.dropped' : expect === undefined ? 'websocket.silent' : 'websocket.pong-missing',
        evidence: at(
          seen,
          'Ping',
          'a Pong with the same payload within 5 s',
          seen.pong
            ? `after ${seen.pongMs} ms`
            : early
              ? `closed with ${seen.closeCode} after ${seen.closedAfterMs} ms`
              : seen.cut
                ? 'not seen in what was read'
                : 'none',
        ),
      })
    if (!seen.pong && seen.cut && seen.violation === undefined)
      return inconclusive(
        'unobserved',
        'the peer sent more than we read',
        findings.map((one) => one.evidence),
      )
    return worst(findings)
  },
  reproduce: handshake(),
  covers: ['A89', 'C16'],
})
