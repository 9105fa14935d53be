import { defineCheck } from '../../helpers/check.ts'
import type { ChannelLook } from '../../helpers/probes/live.ts'
import { channelLimits } from '../../helpers/probes/live.ts'
import { type Finding, illustrated, inconclusive, worst } from '../../helpers/verdict.ts'
import { channelOf, channels, guarded, handshake } from './shared.ts'
import { asked, lives, told } from './used.ts'

export default defineCheck({
  id: 'websocket/limits',
  title: 'What a channel must not take ends the connection, and says why',
  failureTitle: 'The channel takes what it must not take',
  why: 'One client that sends messages without end, or bytes that are no text, should lose its own connection and nothing else.',
  source: 'RFC 6455 §5.1, §7.4.1, §8.1',
  severity: 'low',
  codes: {
    'websocket.limits.too-long': {
      meaning: 'A message above the declared length was taken.',
      fix: 'ws: maxPayload; Socket.IO: maxHttpBufferSize; uvicorn: --ws-max-size.',
    },
    'websocket.limits.too-short': {
      meaning: 'A message of the declared length ended the connection.',
      fix: 'Raise the limit, or declare the real one (live.maxMessageBytes).',
    },
    'websocket.limits.text': { meaning: 'Text that is no UTF-8 was taken.', fix: 'Check text before using it; end the connection with 1007.' },
    'websocket.limits.mask': { meaning: 'A frame without a mask was taken.', fix: 'A server must end such a connection (1002): use a library that does.' },
    'websocket.limits.code': {
      meaning: 'The connection was ended without the code that says why.',
      fix: 'Send Close with 1009, 1007 or 1002 before ending the connection.',
    },
    'websocket.limits.gone': {
      meaning: 'After what it must not take, the service answers nobody.',
      fix: 'Catch errors of single connections: one client must not end the process.',
    },
  },
  options: {},
  subjects: channels('websocket', (channel) => channel.maxMessageBytes !== undefined && (!guarded(channel) || channel.session !== undefined)),
  unless: { skip: 'not-declared', reason: 'no channel declares its longest message (live.maxMessageBytes)' },
  needs: (subject, target) => ({ look: channelLimits(asked(subject, target)) }),
  judge: ({ look }, { subject }) => {
    const { longest, tooLong, badText, unmasked, afterwards } = look
    if (longest === undefined || tooLong === undefined) return inconclusive('defect', 'no long message was sent')
    const all = [longest, tooLong, badText, unmasked]
    const shut = all.find((one) => one.status !== 101)
    if (shut !== undefined)
      return inconclusive(
        'unobserved',
        'not every connection was opened',
        all.map((one) => told(one, '101')),
      )
    const refusal = (one: ChannelLook, code: number, taken: 'websocket.limits.too-long' | 'websocket.limits.text' | 'websocket.limits.mask'): Finding => {
      const evidence = told(one, `ended with ${code}`)
      if (one.closeCode === undefined) return { grade: 'fail', code: taken, evidence }
      return one.closeCode === code ? { grade: 'pass', evidence } : { grade: 'warn', code: 'websocket.limits.code', evidence }
    }
    const findings: Finding[] = [
      {
        grade: longest.closeCode === undefined && longest.pong === true ? 'pass' : 'fail',
        code: 'websocket.limits.too-short',
        evidence: told(longest, `taken: the limit is ${channelOf(subject).maxMessageBytes ?? 0} bytes`),
      },
      refusal(tooLong, 1009, 'websocket.limits.too-long'),
      refusal(badText, 1007, 'websocket.limits.text'),
      refusal(unmasked, 1002, 'websocket.limits.mask'),
    ]
    const back = told(afterwards, '101, a Ping is answered')
    // A gateway without its service (502, 504) is what a dead service looks like.
    if (afterwards.status === 429 || afterwards.status === 503) return inconclusive('unobserved', 'a limiter or a broken gateway answered afterwards', back)
    findings.push({
      grade: afterwards.status === 101 && afterwards.pong === true ? 'pass' : 'fail',
      code: 'websocket.limits.gone',
      severity: 'high',
      evidence: back,
    })
    return illustrated(
      worst(findings),
      lives(
        'what the channel must not take',
        [longest, tooLong, badText, unmasked, afterwards].map((one, index) => [one, findings[index]?.grade ?? 'pass'] as const),
      ),
    )
  },
  reproduce: handshake(),
})
