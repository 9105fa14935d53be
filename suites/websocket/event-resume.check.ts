import { defineCheck } from '../../helpers/check.ts'
import { resumeStream } from '../../helpers/probes/live.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { channels } from './shared.ts'
import { asked } from './used.ts'

export default defineCheck({
  id: 'websocket/event-resume',
  title: 'The event stream goes on where it was left',
  failureTitle: 'Events are lost when the stream is opened again',
  why: 'Browsers open a broken stream again and say which event they saw last; a service that does not look loses everything in between, or repeats it.',
  source: 'HTML Living Standard §9.2.4 (Last-Event-ID)',
  severity: 'medium',
  codes: {
    'websocket.sse.without-ids': { meaning: 'The events carry no ids.', fix: 'Send an id line with every event.' },
    'websocket.sse.lost': {
      meaning: 'After opening again, the next event was not the one that followed.',
      fix: 'Keep recent events and start behind Last-Event-ID.',
    },
    'websocket.sse.resume-refused': {
      meaning: 'The stream cannot be opened again with Last-Event-ID.',
      fix: 'Accept ids you no longer know: start with what there is.',
    },
  },
  options: { listenMs: 1_500 },
  subjects: channels('sse', ({ resume }) => resume === true),
  unless: { skip: 'not-declared', reason: 'no event stream declares that it goes on (live.resume)' },
  needs: (subject, target, options) => ({ look: resumeStream(asked(subject, target), options.listenMs) }),
  judge: ({ look }, { subject }) => {
    const { first, second, after } = look
    const at = (what: string, expected: string, received: string) => ({ what, expected, received, where: `${subject.name} (${first.peer})`, at: first.at })
    if (first.status === 401 || first.status === 403)
      return skip('no-access', 'the stream needs a session (live.session)', at('status', '200', String(first.status)))
    if (first.status !== 200) return inconclusive('unobserved', 'there is no stream', at('status', '200', String(first.status)))
    if (after === undefined || second === undefined)
      return first.bytes === 0
        ? inconclusive('unobserved', 'no event came while we listened', at('events', 'some', 'none'))
        : fail('websocket.sse.without-ids', at('ids of the events', 'one each', 'none'))
    if (second.status === 429 || second.status === 503)
      return inconclusive('unobserved', 'a limiter or an overloaded gateway answered', at('status', '200', String(second.status)))
    if (second.status !== 200) return fail('websocket.sse.resume-refused', at(`status with Last-Event-ID: ${after.slice(0, 40)}`, '200', String(second.status)))
    const next = first.ids[1]
    const evidence = at(
      'first event after Last-Event-ID',
      next === undefined ? 'another than the one that was seen' : JSON.stringify(next),
      second.ids[0] === undefined ? 'none' : JSON.stringify(second.ids[0]),
    )
    if (second.ids[0] === undefined) return inconclusive('unobserved', 'no event came after opening again', evidence)
    const right = next === undefined ? second.ids[0] !== after : second.ids[0] === next
    return right ? pass(evidence) : fail('websocket.sse.lost', evidence)
  },
  reproduce: (subject, target) =>
    curlFor(target, subject.name, {
      flags: ['-sS', '-i', '-N', '--max-time', '5'],
      headers: [
        ['Accept', 'text/event-stream'],
        ['Last-Event-ID', '1'],
      ],
    }),
})
