import { defineCheck, hostOf } from '../../helpers/check.ts'
import { bodyText, headerValue, headerValues, isObstacle, mediaType } from '../../helpers/headers.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { channelOf, channels, guarded } from './shared.ts'

/** How long the stream is read at most; a declared event must have come by then. */
const READ_MS = 2_000
/** A whole line of an event stream: what tells that something of it came. */
const FIELD = /(?:^|[\r\n])(?:data|event|id|retry)?:[^\r\n]*[\r\n]/
const awaited = (expect: string | undefined): RegExp => (expect === undefined ? FIELD : new RegExp(expect.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')))

export default defineCheck({
  id: 'websocket/event-stream',
  title: 'The event stream flows',
  failureTitle: 'The event stream does not flow',
  why: 'A proxy that buffers delivers all events at the end, which for a live stream means never.',
  source: 'HTML Living Standard §9.2 (server-sent events); nginx proxy_buffering',
  severity: 'high',
  codes: {
    'websocket.sse.status': { meaning: 'The stream is not answered with 200.', fix: 'Look at the route of the proxy and at the service.' },
    'websocket.sse.type': {
      meaning: 'The answer is no event stream; EventSource refuses it.',
      fix: 'Answer with Content-Type: text/event-stream; route the path before the fallback of the frontend.',
    },
    'websocket.sse.buffered': {
      meaning: 'The declared event did not arrive although the head did.',
      fix: 'nginx: proxy_buffering off, or X-Accel-Buffering: no from the service; gzip off for this type.',
    },
    'websocket.sse.open': {
      meaning: 'The stream needs credentials, and opens without them.',
      fix: 'Check the session before the first event; nginx: auth_request in the location of the stream too.',
    },
    'websocket.sse.silent': {
      meaning: 'Nothing of the stream arrived while we listened: it may be quiet, or buffered by a proxy.',
      fix: 'Declare live.expect (an event that comes at once), or let the service send a comment when the stream opens.',
    },
    'websocket.sse.cacheable': { meaning: 'Caches may store the stream.', fix: 'Send Cache-Control: no-store (or no-cache).' },
  },
  options: {},
  subjects: channels('sse'),
  unless: { skip: 'not-declared', reason: 'the target declares no event stream (live.mode: sse)' },
  needs: (subject) => ({
    seen: httpRequest({
      scheme: 'https',
      host: hostOf(subject).fqdn,
      path: channelOf(subject).path,
      // Browsers offer compression, and a proxy that compresses events holds them back.
      headers: [
        ['accept', 'text/event-stream'],
        ['accept-encoding', 'gzip'],
      ],
      readMs: READ_MS,
      readUntil: awaited(channelOf(subject).expect),
    }),
  }),
  judge: ({ seen }, { subject }) => {
    const at = (what: string, expected: string, received: string) => ({ what, expected, received, where: `${seen.url} (${seen.peer})`, at: seen.at })
    const status = at('status', '200', String(seen.status))
    if (isObstacle(seen) && seen.status !== 502 && seen.status !== 504) return inconclusive('unobserved', 'an obstacle answered instead of the stream', status)
    if (guarded(channelOf(subject)) && (seen.status === 401 || seen.status === 403))
      return skip('no-access', 'the stream needs a session, which is not at hand', status)
    if (seen.status !== 200) return worst([{ grade: 'fail', code: 'websocket.sse.status', evidence: status }])
    const type = mediaType(seen.headers) ?? 'absent'
    const right = type === 'text/event-stream'
    const findings: Finding[] = [
      { grade: 'pass', evidence: status },
      { grade: right ? 'pass' : 'fail', code: 'websocket.sse.type', evidence: at('Content-Type', 'text/event-stream', type) },
    ]
    if (right && guarded(channelOf(subject)))
      findings.push({
        grade: 'fail',
        code: 'websocket.sse.open',
        evidence: at('the stream without credentials', '401 or 403', `${seen.status}, ${seen.wireBytes} bytes of the stream`),
      })
    if (right) {
      const field = /(?:^|\r\n|\n|\r)(?:data|event|id|retry)?:/.test(`\n${bodyText(seen)}`)
      const expect = channelOf(subject).expect
      const found = expect === undefined ? field : bodyText(seen).includes(expect)
      findings.push({
        // A stream may rightly be quiet for a while; only a declared event that stays away proves something.
        grade: found ? 'pass' : expect === undefined ? 'warn' : 'fail',
        code: expect === undefined ? 'websocket.sse.silent' : 'websocket.sse.buffered',
        evidence: at(
          `first ${READ_MS / 1000} s of the stream`,
          expect === undefined ? 'an event or a comment' : `an event containing ${JSON.stringify(expect)}`,
          `${seen.wireBytes} bytes${found ? '' : ', nothing of it'}`,
        ),
      })
      const control = headerValues(seen.headers, 'cache-control').join(', ')
      const coded = headerValue(seen.headers, 'content-encoding')
      findings.push({
        grade: /(?:^|[\s,])(?:no-store|no-cache)(?:$|[\s,=])/i.test(control) ? 'pass' : 'warn',
        code: 'websocket.sse.cacheable',
        evidence: at(
          'Cache-Control',
          'no-store or no-cache',
          `${control === '' ? 'absent' : control}${coded === undefined ? '' : `; Content-Encoding ${coded}`}`,
        ),
      })
    }
    return worst(findings)
  },
  reproduce: (subject, target) =>
    curlFor(target, subject.name, { flags: ['-sS', '-i', '-N', '--compressed', '--max-time', '5'], headers: [['Accept', 'text/event-stream']] }),
  covers: ['A90'],
})
